/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/graph.h"

static const struct {
    const char *word;
    enum pl_kind kind;
} kinds[] = {
#define KIND(name, word) {word, PL_KIND_##name},
#include "runtime/value/kind.def"
#undef KIND
};

struct pl_type pl_grammar__kind(enum pl_kind kind) {
    return (struct pl_type){.kind = (uint8_t)kind};
}

/* The kinds whose names may be written, the opaque ones of the prelude apart. */
static bool plain_kind(enum pl_kind k) {
    return k >= PL_KIND_BOOL && k <= PL_KIND_CARD;
}

static bool opaque_kind(enum pl_kind k) {
    return k == PL_KIND_FLOW || k == PL_KIND_SLOT || k == PL_KIND_QUEUE || k == PL_KIND_ANY;
}

static uint32_t def_named(const struct pl_graph *g, struct pl_str name) {
    for (uint32_t i = 0; i < g->defs.n; i++)
        if (pl_str_eq(g->defs.v[i].row.name, name)) return i;
    return PL_NOWHERE;
}

struct pl_type pl_grammar__type_named(struct pl_graph *g, struct pl_str name) {
    for (size_t i = 0; i < PL_LEN(kinds); i++)
        if (pl_str_is(name, kinds[i].word) &&
            (plain_kind(kinds[i].kind) || opaque_kind(kinds[i].kind)))
            return pl_grammar__kind(kinds[i].kind);
    uint32_t def = def_named(g, name);
    if (def == PL_NOWHERE) return pl_grammar__kind(PL_KIND_NONE);
    if (g->defs.v[def].symbol) g->defs.v[def].symbol->used = true;
    return (struct pl_type){.kind = g->defs.v[def].row.kind, .def = def};
}

static void unknown_type(struct pl_graph *g, const struct pl_ast_name *name) {
    size_t n = 0;
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, g->defs.n + PL_LEN(kinds));
    for (size_t i = 0; i < PL_LEN(kinds); i++)
        if (plain_kind(kinds[i].kind)) names[n++] = pl_str_c(kinds[i].word);
    for (size_t i = 0; i < g->defs.n; i++) names[n++] = g->defs.v[i].row.name;
    pl_grammar__unknown(g, "type", name->s, name->span, names, n);
}

/* What replaces a flow of the prelude has its parameters. */
static bool in_override(const struct pl_graph *g, struct pl_span at) {
    for (size_t i = 0; i < g->flows.n; i++) {
        const struct pl_ast_decl *d = g->flows.v[i]->decl;
        if (d->override && d->span.file == at.file && d->span.start <= at.start &&
            at.end <= d->span.end)
            return true;
    }
    return false;
}

static struct pl_type named(struct pl_graph *g, const struct pl_ast_name *name) {
    struct pl_type t = pl_grammar__type_named(g, name->s);
    if (t.kind == PL_KIND_NONE)
        unknown_type(g, name);
    else if (opaque_kind((enum pl_kind)t.kind) && !pl_grammar__in_prelude(g, name->span) &&
             !in_override(g, name->span))
        pl_diag1(g->diags, PL_D_OPAQUE_TYPE, name->span, name->s);
    return t;
}

struct pl_type pl_grammar__list_of(struct pl_graph *g, struct pl_type item) {
    for (uint32_t i = 0; i < g->items.n; i++)
        if (pl_grammar__same(g, g->items.v[i], item))
            return (struct pl_type){.kind = PL_KIND_LIST, .def = i};
    PL_AST_ADD(g->arena, &g->items, item);
    return (struct pl_type){.kind = PL_KIND_LIST, .def = (uint32_t)g->items.n - 1};
}

struct pl_type pl_grammar__item(const struct pl_graph *g, struct pl_type list) {
    pl_assert(list.kind == PL_KIND_LIST && list.def < g->items.n);
    return g->items.v[list.def];
}

static uint32_t add_def(struct pl_graph *g, struct pl_graph_def def) {
    def.entity = def.title = PL_NOWHERE;
    PL_AST_ADD(g->arena, &g->defs, def);
    return (uint32_t)g->defs.n - 1;
}

/* Members of an enum or a word list as the fields of its row. */
static void fill_members(struct pl_graph *g, struct pl_graph_def *d,
                         const struct pl_ast_members *m) {
    d->members = m;
    d->fields = PL_NEW_ARRAY(g->arena, struct pl_typedef_field, m->n);
    for (size_t i = 0; i < m->n; i++) {
        struct pl_str name = m->v[i].name.s;
        for (size_t k = 0; k < i; k++)
            if (pl_str_eq(d->fields[k].name, name))
                pl_diag2(g->diags, PL_D_DECLARED_TWICE, m->v[i].name.span, PL_STR("member"), name);
        if (pl_str_is(name, "title") || pl_str_is(name, "none") || pl_str_is(name, "other"))
            pl_diag1(g->diags, PL_D_MEMBER_NAME, m->v[i].name.span, name);
        d->fields[i].name = name;
    }
    d->row.fields = d->fields;
    d->row.nfields = (uint32_t)m->n;
}

static struct pl_type enum_in_place(struct pl_graph *g, const struct pl_ast_type *type,
                                    struct pl_str name) {
    uint32_t i = def_named(g, name);
    if (i == PL_NOWHERE) {
        struct pl_graph_def d = {.row = {.name = name, .kind = PL_KIND_ENUM}, .span = type->span};
        i = add_def(g, d);
        fill_members(g, &g->defs.v[i], &type->members);
    }
    return (struct pl_type){.kind = PL_KIND_ENUM, .def = i};
}

struct pl_type pl_grammar__type(struct pl_graph *g, const struct pl_ast_type *type,
                                struct pl_str name) {
    struct pl_type t;
    if (type->form == PL_TYPE_ENUM) {
        t = enum_in_place(g, type, name);
    } else {
        t = named(g, &type->name);
        if (type->form == PL_TYPE_LIST && t.kind != PL_KIND_NONE) t = pl_grammar__list_of(g, t);
    }
    t.optional = type->optional;
    t.quals = type->quals;
    if (t.kind == PL_KIND_CARD) t.quals |= PL_SECRET;
    return t;
}

/* ---- the rows of types and entities ---- */

static void add_type_row(struct pl_graph *g, struct pl_symbol *s) {
    const struct pl_ast_type_decl *t = &s->decl->type;
    struct pl_graph_def d = {
        .row = {.name = s->name, .kind = t->is_enum ? PL_KIND_ENUM : PL_KIND_RECORD},
        .symbol = s,
        .span = s->decl->span,
    };
    uint32_t i = add_def(g, d);
    if (t->is_enum) fill_members(g, &g->defs.v[i], &t->type.members);
}

static enum pl_kind entity_base(struct pl_graph *g, const struct pl_ast_entity *e) {
    if (e->one_of) return PL_KIND_ENUM;
    for (size_t i = 0; i < PL_LEN(kinds); i++)
        if (pl_str_is(e->type.name.s, kinds[i].word) && plain_kind(kinds[i].kind) &&
            e->type.form == PL_TYPE_NAMED && kinds[i].kind != PL_KIND_BOOL)
            return kinds[i].kind;
    pl_diag1(g->diags, PL_D_ENTITY_BASE, e->type.span, e->type.name.s);
    return PL_KIND_TEXT;
}

static void add_entity_row(struct pl_graph *g, struct pl_symbol *s) {
    struct pl_graph_def d = {
        .row = {.name = s->name, .kind = PL_KIND_ENTITY},
        .symbol = s,
        .span = s->decl->span,
    };
    d.row.base = (uint8_t)entity_base(g, &s->decl->entity);
    uint32_t i = add_def(g, d);
    g->defs.v[i].entity = s->index;
    if (s->decl->entity.one_of) fill_members(g, &g->defs.v[i], &s->decl->entity.members);
}

static void add_fields(struct pl_graph *g, uint32_t def) {
    const struct pl_ast_fields *fields = &g->defs.v[def].symbol->decl->type.fields;
    struct pl_str record = g->defs.v[def].row.name;
    struct pl_typedef_field *f = PL_NEW_ARRAY(g->arena, struct pl_typedef_field, fields->n);
    for (size_t i = 0; i < fields->n; i++) {
        const struct pl_ast_field *from = &fields->v[i];
        for (size_t k = 0; k < i; k++)
            if (pl_str_eq(f[k].name, from->name.s))
                pl_diag2(g->diags, PL_D_DECLARED_TWICE, from->name.span, PL_STR("field"),
                         from->name.s);
        f[i].name = from->name.s;
        f[i].type = pl_grammar__type(
            g, &from->type,
            pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(record), PL_STR_ARG(from->name.s)));
    }
    struct pl_graph_def *d = &g->defs.v[def];
    d->fields = f;
    d->row.fields = f;
    d->row.nfields = (uint32_t)fields->n;
}

/* A record that holds itself, other than in a list or where absent, would have no end. */
static bool holds(const struct pl_graph *g, uint32_t record, uint32_t inner, unsigned depth) {
    const struct pl_graph_def *d = &g->defs.v[inner];
    for (uint32_t i = 0; i < d->row.nfields && depth < 64; i++) {
        struct pl_type t = d->fields[i].type;
        if (t.kind != PL_KIND_RECORD || t.optional) continue;
        if (t.def == record || holds(g, record, t.def, depth + 1)) return true;
    }
    return depth >= 64;
}

static void add_scope(struct pl_graph *g, const struct pl_ast_decl *d) {
    bool session = d->kind == PL_DECL_SESSION;
    struct pl_graph_slots *scope = session ? &g->session : &g->customer;
    for (size_t i = 0; i < d->type.fields.n; i++) {
        const struct pl_ast_field *f = &d->type.fields.v[i];
        uint32_t old = pl_grammar__slot(scope, f->name.s);
        if (old != PL_NOWHERE) {
            struct pl_diag *diag =
                pl_diag2(g->diags, PL_D_DECLARED_TWICE, f->name.span,
                         session ? PL_STR("session slot") : PL_STR("customer slot"), f->name.s);
            pl_diag_note(g->diags, diag, scope->v[old].span, "first declared here");
            continue;
        }
        struct pl_graph_slot s = {.name = f->name.s, .span = f->name.span, .title = f->title};
        s.type = pl_grammar__type(
            g, &f->type,
            pl_grammar__str(g, "%s.%.*s", session ? "session" : "customer", PL_STR_ARG(f->name.s)));
        s.title_text = PL_NOWHERE;
        PL_AST_ADD(g->arena, scope, s);
    }
}

static void add_scopes(struct pl_graph *g) {
    for (size_t i = 0; i < g->files.n; i++)
        for (size_t k = 0; k < g->files.v[i]->decls.n; k++) {
            const struct pl_ast_decl *d = g->files.v[i]->decls.v[k];
            if (d->kind == PL_DECL_SESSION || d->kind == PL_DECL_CUSTOMER) add_scope(g, d);
        }
}

void pl_grammar__types(struct pl_graph *g) {
    for (size_t i = 0; i < g->entities.n; i++) add_entity_row(g, g->entities.v[i]);
    for (size_t i = 0; i < g->types.n; i++) add_type_row(g, g->types.v[i]);
    uint32_t n = (uint32_t)g->defs.n; /* enums in place are added behind */
    for (uint32_t i = 0; i < n; i++)
        if (g->defs.v[i].row.kind == PL_KIND_RECORD) add_fields(g, i);
    for (uint32_t i = 0; i < n; i++)
        if (g->defs.v[i].row.kind == PL_KIND_RECORD && holds(g, i, i, 0))
            pl_diag1(g->diags, PL_D_RECORD_ENDLESS, g->defs.v[i].symbol->decl->name.span,
                     g->defs.v[i].row.name);
    add_scopes(g);
}

/* ---- questions about types ---- */

const struct pl_typedef *pl_grammar__def(const struct pl_graph *g, struct pl_type t) {
    bool has = t.kind == PL_KIND_RECORD || t.kind == PL_KIND_ENUM || t.kind == PL_KIND_ENTITY;
    return has && t.def < g->defs.n ? &g->defs.v[t.def].row : NULL;
}

/* intent and flow are enums without a row: their members are the program's names. */
static const struct pl_symbols *open_enum(const struct pl_graph *g, struct pl_type t) {
    if (t.kind != PL_KIND_ENUM) return NULL;
    if (t.def == PL_NOWHERE) return &g->intents;
    return t.def == PL_NOWHERE - 1 ? &g->flows : NULL;
}

struct pl_str pl_grammar__type_name(struct pl_graph *g, struct pl_type t) {
    struct pl_str name;
    if (t.kind == PL_KIND_LIST)
        name = pl_grammar__str(g, "list of %.*s",
                               PL_STR_ARG(pl_grammar__type_name(g, pl_grammar__item(g, t))));
    else if (open_enum(g, t))
        name = pl_str_c(open_enum(g, t)->what);
    else if (pl_grammar__def(g, t))
        name = pl_grammar__def(g, t)->name;
    else
        name = pl_str_c(kinds[t.kind].word);
    return t.optional ? pl_grammar__str(g, "%.*s?", PL_STR_ARG(name)) : name;
}

enum pl_kind pl_grammar__base(const struct pl_graph *g, struct pl_type t) {
    if (t.kind == PL_KIND_ENTITY) return (enum pl_kind)pl_grammar__def(g, t)->base;
    return (enum pl_kind)t.kind;
}

bool pl_grammar__same(const struct pl_graph *g, struct pl_type a, struct pl_type b) {
    if (a.kind != b.kind) return false;
    if (a.kind == PL_KIND_LIST)
        return a.def == b.def ||
               pl_grammar__same(g, pl_grammar__item(g, a), pl_grammar__item(g, b));
    bool has_def = a.kind == PL_KIND_ENUM || a.kind == PL_KIND_RECORD || a.kind == PL_KIND_ENTITY;
    return !has_def || a.def == b.def;
}

static bool textual(enum pl_kind k) {
    return k == PL_KIND_TEXT || k == PL_KIND_EMAIL || k == PL_KIND_PHONE || k == PL_KIND_URL ||
           k == PL_KIND_LANGUAGE;
}

bool pl_grammar__fits(const struct pl_graph *g, struct pl_type from, struct pl_type to) {
    if (to.kind == PL_KIND_ANY || from.kind == PL_KIND_NONE) return true;
    if (pl_grammar__same(g, from, to)) return true;
    if (from.kind == PL_KIND_LIST && to.kind == PL_KIND_LIST)
        return pl_grammar__fits(g, pl_grammar__item(g, from), pl_grammar__item(g, to));
    if (to.kind == PL_KIND_ENTITY) return false;
    enum pl_kind base = pl_grammar__base(g, from);
    if (base == PL_KIND_ENUM) return false;
    return base == (enum pl_kind)to.kind || (to.kind == PL_KIND_TEXT && textual(base));
}

bool pl_grammar__is_enum(const struct pl_graph *g, struct pl_type t) {
    return pl_grammar__base(g, t) == PL_KIND_ENUM;
}

const struct pl_typedef_field *pl_grammar__member(const struct pl_graph *g, struct pl_type t,
                                                  struct pl_str name) {
    const struct pl_typedef *d = pl_grammar__is_enum(g, t) ? pl_grammar__def(g, t) : NULL;
    for (uint32_t i = 0; d && i < d->nfields; i++)
        if (pl_str_eq(d->fields[i].name, name)) {
            struct pl_lookup found = {PL_INDEX_MEMBER, name, NULL, t.def};
            pl_grammar__looked_up(&g->lookups, found);
            return &d->fields[i];
        }
    return NULL;
}

/* What flows may ask of the opaque kinds of the prelude. */
static const struct {
    enum pl_kind of;
    const char *name;
    enum pl_kind kind;
} opaque_fields[] = {
    {PL_KIND_FLOW, "title", PL_KIND_TEXT},
    {PL_KIND_SLOT, "title", PL_KIND_TEXT},
    {PL_KIND_SLOT, "confirm_corrections", PL_KIND_BOOL},
    {PL_KIND_QUEUE, "title", PL_KIND_TEXT},
    {PL_KIND_QUEUE, "open", PL_KIND_BOOL},
    {PL_KIND_QUEUE, "opens", PL_KIND_DATETIME},
    {PL_KIND_QUEUE, "callback_within", PL_KIND_DURATION},
    {PL_KIND_QUEUE, "wait", PL_KIND_DURATION},
};

struct pl_type pl_grammar__field(const struct pl_graph *g, struct pl_type t, struct pl_str name) {
    for (size_t i = 0; i < PL_LEN(opaque_fields); i++)
        if ((enum pl_kind)t.kind == opaque_fields[i].of && pl_str_is(name, opaque_fields[i].name))
            return pl_grammar__kind(opaque_fields[i].kind);
    const struct pl_typedef *d = t.kind == PL_KIND_RECORD ? pl_grammar__def(g, t) : NULL;
    for (uint32_t i = 0; d && i < d->nfields; i++)
        if (pl_str_eq(d->fields[i].name, name)) return d->fields[i].type;
    return pl_grammar__kind(PL_KIND_NONE);
}

size_t pl_grammar__names(struct pl_graph *g, struct pl_type t, struct pl_str **names) {
    const struct pl_symbols *open = open_enum(g, t);
    const struct pl_typedef *d = pl_grammar__def(g, t);
    size_t most = (open ? open->n : 0) + (d ? d->nfields : 0) + PL_LEN(opaque_fields), n = 0;
    *names = PL_NEW_ARRAY(g->arena, struct pl_str, most);
    for (size_t i = 0; open && i < open->n; i++) (*names)[n++] = open->v[i]->name;
    for (uint32_t i = 0; d && i < d->nfields; i++) (*names)[n++] = d->fields[i].name;
    for (size_t i = 0; i < PL_LEN(opaque_fields); i++)
        if ((enum pl_kind)t.kind == opaque_fields[i].of)
            (*names)[n++] = pl_str_c(opaque_fields[i].name);
    return n;
}

/* ---- what options stand for ---- */

uint32_t pl_grammar__yes_no(const struct pl_graph *g) {
    uint32_t def = def_named(g, PL_STR("yes_no"));
    if (def == PL_NOWHERE || g->defs.v[def].row.kind != PL_KIND_ENUM) return PL_NOWHERE;
    const struct pl_typedef *row = &g->defs.v[def].row;
    bool ok = row->nfields == 2 && pl_str_is(row->fields[0].name, "yes") &&
              pl_str_is(row->fields[1].name, "no");
    return ok ? def : PL_NOWHERE;
}

static bool member_called(const struct pl_graph *g, struct pl_type type, struct pl_str label,
                          struct pl_value *out) {
    const struct pl_graph_def *d = &g->defs.v[type.def];
    for (size_t i = 0; i < d->members->n; i++) {
        const struct pl_ast_member *m = &d->members->v[i];
        if (!pl_str_eq(m->name.s, label) && !(m->label && pl_str_eq(m->label->s, label))) continue;
        *out = (struct pl_value){.kind = PL_KIND_ENUM, .e = {d->row.name, m->name.s}};
        return true;
    }
    return false;
}

bool pl_grammar__option_value(struct pl_graph *g, struct pl_type type,
                              const struct pl_ast_text *label, struct pl_value *out) {
    if (type.kind == PL_KIND_LIST) type = pl_grammar__item(g, type);
    for (size_t i = 0; i < label->pieces.n; i++)
        if (label->pieces.v[i].kind != PL_PIECE_TEXT) return false;
    if (pl_grammar__is_enum(g, type)) return member_called(g, type, label->s, out);
    *out = pl_text(label->s);
    if (pl_grammar__base(g, type) == PL_KIND_TEXT) return true;
    *out = (struct pl_value){.kind = PL_KIND_NUMBER};
    return type.kind == PL_KIND_NUMBER && pl_dec_parse(label->s, &out->n);
}
