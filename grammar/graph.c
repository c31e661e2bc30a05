/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "grammar/graph.h"

enum { LISTED_MOST = 6, PART_LEAST = 4 };

struct pl_str pl_grammar__str(struct pl_graph *g, const char *format, ...) {
    va_list args, again;
    char first[256]; /* nearly all fit: they are formatted once */
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(first, sizeof first, format, args);
    pl_assert(n >= 0);
    char *text = pl_arena_alloc(g->arena, (size_t)n + 1);
    if ((size_t)n < sizeof first)
        memcpy(text, first, (size_t)n + 1);
    else
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return (struct pl_str){text, (size_t)n};
}

struct pl_str pl_grammar__joined(struct pl_graph *g, struct pl_str a, char by, struct pl_str b) {
    char *text = pl_arena_raw(g->arena, a.n + b.n + 2);
    if (a.n) memcpy(text, a.p, a.n);
    text[a.n] = by;
    if (b.n) memcpy(text + a.n + 1, b.p, b.n);
    text[a.n + 1 + b.n] = '\0';
    return (struct pl_str){text, a.n + 1 + b.n};
}

void pl_grammar__mute(struct pl_graph *g) {
    g->diags = &g->mute;
}

void pl_grammar__speak(struct pl_graph *g) {
    g->diags = g->said;
}

void pl_grammar__looked_up(const struct pl_lookups *l, struct pl_lookup found) {
    struct pl_lookups *all = (struct pl_lookups *)(uintptr_t)l; /* a note, not a change */
    if (all && all->arena) PL_AST_ADD(all->arena, all, found);
}

struct pl_symbol *pl_grammar__find(const struct pl_symbols *s, struct pl_str name) {
    struct pl_symbol *found = pl_map_get(&s->by_name, name);
    if (found)
        pl_grammar__looked_up(s->lookups, (struct pl_lookup){(uint8_t)s->kind, name, found, 0});
    return found;
}

void pl_grammar__forget_names(struct pl_graph *g) {
    struct pl_symbols *all[] = {&g->intents, &g->entities, &g->types, &g->hooks, &g->events,
                                &g->hours,   &g->queues,   &g->rules, &g->flows};
    for (size_t i = 0; i < PL_LEN(all); i++) pl_map_free(&all[i]->by_name);
    pl_map_free(&g->ids);
    pl_map_free(&g->proposed);
    pl_map_free(&g->path_numbers);
    pl_map_free(&g->seen_ids);
    pl_map_free(&g->taken);
    pl_map_free(&g->text_ids);
}

/* "order_id" for "session.order_id" rather than "returns" for "returns_desk"; SIZE_MAX: none. */
static size_t part_of(struct pl_str a, const struct pl_str *names, size_t n) {
    size_t best = SIZE_MAX;
    for (size_t i = n; i-- > 0 && a.n >= PART_LEAST;) {
        if (pl_str_ends(names[i], a)) return i;
        if (names[i].n < PART_LEAST) continue;
        if (pl_str_starts(a, names[i]) || pl_str_starts(names[i], a)) best = i;
    }
    return best;
}

static struct pl_str listed(struct pl_graph *g, const struct pl_str *names, size_t n) {
    struct pl_str list = {0};
    for (size_t i = 0; i < n; i++)
        list =
            pl_grammar__str(g, "%.*s%s%.*s", PL_STR_ARG(list), i ? ", " : "", PL_STR_ARG(names[i]));
    return list;
}

/* `if not_found`: a failure is no value. */
static bool is_failure(const struct pl_graph *g, struct pl_str name) {
    bool is = pl_str_is(name, "unavailable") || pl_str_is(name, "unconfirmed");
    for (size_t i = 0; i < g->hooks.n && !is; i++) {
        const struct pl_ast_names *fails = &g->hooks.v[i]->decl->hook.fails;
        for (size_t k = 0; k < fails->n && !is; k++) is = pl_str_eq(fails->v[k].s, name);
    }
    return is;
}

/* Nothing is near: what it is a part of, or all there is when that is little. */
static void suggest(struct pl_graph *g, struct pl_diag *d, const char *what, struct pl_str name,
                    const struct pl_str *names, size_t n) {
    size_t part = part_of(name, names, n);
    if (pl_str_is(pl_str_c(what), "slot or fact") && is_failure(g, name)) {
        pl_diag_hint(g->diags, d, "a failure is a block below its `call`, indented: `%.*s`",
                     PL_STR_ARG(name));
    } else if (part != SIZE_MAX) {
        pl_diag_hint(g->diags, d, "did you mean `%.*s`?", PL_STR_ARG(names[part]));
        pl_diag_fix(g->diags, d, PL_FIX_UNSAFE, d->span, names[part], "write `%.*s`",
                    PL_STR_ARG(names[part]));
    } else if (n && n <= LISTED_MOST)
        pl_diag_hint(g->diags, d, "there is no other %s than %.*s", what,
                     PL_STR_ARG(listed(g, names, n)));
}

void pl_grammar__unknown(struct pl_graph *g, const char *what, struct pl_str name,
                         struct pl_span at, const struct pl_str *names, size_t n) {
    struct pl_diag *d = pl_diag2(g->diags, PL_D_UNKNOWN, at, pl_str_c(what), name);
    if (!pl_diag_nearest(g->diags, d, at, name, names, n)) suggest(g, d, what, name, names, n);
}

struct pl_symbol *pl_grammar__need(struct pl_graph *g, struct pl_symbols *s, struct pl_str name,
                                   struct pl_span at) {
    struct pl_symbol *found = pl_grammar__find(s, name);
    if (found) {
        found->used = true;
        return found;
    }
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, s->n + 1);
    for (size_t i = 0; i < s->n; i++) names[i] = s->v[i]->name;
    pl_grammar__unknown(g, s->what, name, at, names, s->n);
    return NULL;
}

/* The folder `prelude`, or the file prelude.flow. */
bool pl_grammar_is_prelude(struct pl_str name) {
    if (pl_str_eq(name, PL_STR("prelude.flow")) || pl_str_ends(name, PL_STR("/prelude.flow")))
        return true;
    if (pl_str_starts(name, PL_STR("prelude/"))) return true;
    return pl_str_find(name, PL_STR("/prelude/")) != SIZE_MAX;
}

bool pl_grammar__in_prelude(const struct pl_graph *g, struct pl_span at) {
    return pl_grammar_is_prelude(g->input->sources->v[at.file].name);
}

static struct pl_symbol *add(struct pl_graph *g, struct pl_symbols *s, struct pl_ast_decl *d) {
    struct pl_symbol *sym = PL_NEW(g->arena, struct pl_symbol);
    sym->name = d->name.s;
    sym->decl = d;
    sym->index = (uint32_t)s->n;
    PL_AST_ADD(g->arena, s, sym);
    pl_map_put(&s->by_name, sym->name, sym);
    return sym;
}

/* The prelude was there first, whatever the files are called. */
static void replaces_prelude(struct pl_graph *g, struct pl_diag *diag,
                             const struct pl_ast_decl *d) {
    struct pl_span start = {d->head.file, d->head.start, d->head.start};
    pl_diag_hint(g->diags, diag, "to replace the prelude's, write `override flow %.*s`",
                 PL_STR_ARG(d->name.s));
    pl_diag_fix(g->diags, diag, PL_FIX_UNSAFE, start, PL_STR("override "),
                "write `override flow %.*s`", PL_STR_ARG(d->name.s));
}

static void twice(struct pl_graph *g, struct pl_symbols *s, const struct pl_ast_decl *d,
                  const struct pl_ast_decl *first) {
    if (pl_grammar__in_prelude(g, d->name.span) && !pl_grammar__in_prelude(g, first->name.span)) {
        const struct pl_ast_decl *swap = d;
        d = first;
        first = swap;
    }
    struct pl_diag *diag =
        pl_diag2(g->diags, PL_D_DECLARED_TWICE, d->name.span, pl_str_c(s->what), d->name.s);
    pl_diag_note(g->diags, diag, first->name.span, "first declared here");
    if (d->kind == PL_DECL_FLOW && pl_grammar__in_prelude(g, first->name.span))
        replaces_prelude(g, diag, d);
}

static void declare(struct pl_graph *g, struct pl_symbols *s, struct pl_ast_decl *d) {
    struct pl_symbol *old = pl_grammar__find(s, d->name.s);
    if (old)
        twice(g, s, d, old->decl);
    else
        add(g, s, d);
}

/* `more intent x`: x may be declared in any file, so these come after all others. */
static void declare_more(struct pl_graph *g, struct pl_symbols *s, struct pl_ast_decl *d) {
    struct pl_symbol *sym = pl_grammar__need(g, s, d->name.s, d->name.span);
    if (sym) PL_AST_ADD(g->arena, &sym->more, d);
}

/* An override takes the place of the flow it replaces. */
static void declare_override(struct pl_graph *g, struct pl_ast_decl *d) {
    struct pl_symbol *sym = pl_grammar__find(&g->flows, d->name.s);
    if (!sym) {
        pl_grammar__need(g, &g->flows, d->name.s, d->name.span);
        return;
    }
    if (sym->decl->override) {
        twice(g, &g->flows, d, sym->decl);
        return;
    }
    PL_AST_ADD(g->arena, &g->replaced, sym->decl);
    sym->decl = d;
}

static struct pl_symbols *table(struct pl_graph *g, enum pl_decl_kind kind) {
    switch (kind) {
    case PL_DECL_INTENT: return &g->intents;
    case PL_DECL_ENTITY: return &g->entities;
    case PL_DECL_TYPE: return &g->types;
    case PL_DECL_HOOK: return &g->hooks;
    case PL_DECL_EVENT: return &g->events;
    case PL_DECL_HOURS: return &g->hours;
    case PL_DECL_QUEUE: return &g->queues;
    case PL_DECL_RULE: return &g->rules;
    case PL_DECL_FLOW: return &g->flows;
    default: return NULL;
    }
}

static void declare_assistant(struct pl_graph *g, struct pl_ast_decl *d) {
    if (g->assistant) {
        struct pl_diag *diag = pl_diag(g->diags, PL_D_ASSISTANT_TWICE, d->head);
        pl_diag_note(g->diags, diag, g->assistant->head, "the first one is here");
        return;
    }
    g->assistant = d;
}

static void first_pass(struct pl_graph *g, struct pl_ast_decl *d) {
    struct pl_symbols *s = table(g, d->kind);
    if (d->kind == PL_DECL_ASSISTANT)
        declare_assistant(g, d);
    else if (s && !d->more && !d->override)
        declare(g, s, d);
}

static void second_pass(struct pl_graph *g, struct pl_ast_decl *d) {
    if (d->more)
        declare_more(g, table(g, d->kind), d);
    else if (d->override)
        declare_override(g, d);
}

static void each_decl(struct pl_graph *g, void (*visit)(struct pl_graph *, struct pl_ast_decl *)) {
    for (size_t i = 0; i < g->files.n; i++)
        for (size_t k = 0; k < g->files.v[i]->decls.n; k++) visit(g, g->files.v[i]->decls.v[k]);
}

/* A type and an entity are both written where a type may stand. */
static void check_type_names(struct pl_graph *g) {
    for (size_t i = 0; i < g->entities.n; i++) {
        struct pl_symbol *type = pl_grammar__find(&g->types, g->entities.v[i]->name);
        if (type) twice(g, &g->types, g->entities.v[i]->decl, type->decl);
    }
}

static void add_flows(struct pl_graph *g) {
    for (size_t i = 0; i < g->flows.n; i++) {
        struct pl_symbol *s = g->flows.v[i];
        struct pl_graph_flow f = {.symbol = s, .decl = s->decl};
        f.prelude = pl_grammar__in_prelude(g, s->decl->span) || s->decl->override;
        PL_AST_ADD(g->arena, &g->flow, f);
    }
}

void pl_grammar__collect(struct pl_graph *g) {
    struct pl_symbols *tables[] = {&g->intents, &g->entities, &g->types, &g->hooks, &g->events,
                                   &g->hours,   &g->queues,   &g->rules, &g->flows};
    static const char *const words[] = {
#define NAME(kind, word) word,
        PL_INDEX_KINDS(NAME)
#undef NAME
    };
    if (g->input->index) g->lookups.arena = g->arena;
    for (size_t i = 0; i < PL_LEN(tables); i++) {
        tables[i]->what = words[i];
        tables[i]->kind = (enum pl_index_kind)i;
        tables[i]->lookups = &g->lookups;
    }
    each_decl(g, first_pass);
    each_decl(g, second_pass);
    check_type_names(g);
    add_flows(g);
}
