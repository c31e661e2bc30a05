/* SPDX-License-Identifier: Apache-2.0
 *
 * The index, from the names that were declared and the lookups that were made. A lookup is a use
 * where the name that was looked up lies in a source. */
#include <stdlib.h>

#include "grammar/graph.h"

struct maker {
    struct pl_graph *g;
    struct pl_index *out;
    uint32_t first[PL_INDEX_SLOT]; /* by kind: the name of its first symbol */
    uint32_t *flow_slots;          /* by flow: the name of its first slot */
    uint32_t session, customer;
    uint32_t *members; /* by type: the name of its first member */
};

/* ---- names ---- */

static uint32_t add_name(struct maker *m, struct pl_index_name n) {
    struct pl_index *x = m->out;
    n.of_prelude = n.at.end && pl_grammar__in_prelude(m->g, n.at);
    pl_ast_grow(m->g->arena, (void **)&x->names, &x->names_cap, x->nnames, sizeof n);
    x->names[x->nnames] = n;
    return (uint32_t)x->nnames++;
}

/* The name within a span that begins with it, or holds it. */
static struct pl_span name_in(const struct pl_graph *g, struct pl_span span, struct pl_str name) {
    size_t at = pl_str_find(pl_span_text(g->input->sources, span), name);
    if (at == SIZE_MAX) return span;
    uint32_t start = span.start + (uint32_t)at;
    return (struct pl_span){span.file, start, start + (uint32_t)name.n};
}

static struct pl_str head_line(const struct pl_graph *g, const struct pl_ast_decl *d) {
    struct pl_str s = pl_span_text(g->input->sources, d->head);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\n') s.n = i;
    return pl_str_trim(s);
}

static void take_failures(struct pl_graph *g, const struct pl_ast_decl *d,
                          struct pl_index_name *n) {
    const struct pl_ast_names *fails = &d->hook.fails;
    struct pl_str *words = PL_NEW_ARRAY(g->arena, struct pl_str, fails->n + 1);
    for (size_t i = 0; i < fails->n; i++) words[i] = fails->v[i].s;
    n->words = words;
    n->nwords = (uint32_t)fails->n;
}

static void add_symbols(struct maker *m) {
    struct pl_graph *g = m->g;
    const struct pl_symbols *all[] = {
        [PL_INDEX_INTENT] = &g->intents, [PL_INDEX_ENTITY] = &g->entities,
        [PL_INDEX_TYPE] = &g->types,     [PL_INDEX_HOOK] = &g->hooks,
        [PL_INDEX_EVENT] = &g->events,   [PL_INDEX_HOURS] = &g->hours,
        [PL_INDEX_QUEUE] = &g->queues,   [PL_INDEX_RULE] = &g->rules,
        [PL_INDEX_FLOW] = &g->flows,
    };
    for (uint8_t kind = 0; kind < PL_LEN(all); kind++) {
        m->first[kind] = (uint32_t)m->out->nnames;
        for (size_t i = 0; i < all[kind]->n; i++) {
            const struct pl_ast_decl *d = all[kind]->v[i]->decl;
            struct pl_index_name n = {.kind = kind,
                                      .name = all[kind]->v[i]->name,
                                      .at = d->name.span,
                                      .whole = d->span,
                                      .detail = head_line(g, d),
                                      .doc = d->doc};
            if (kind == PL_INDEX_HOOK) take_failures(g, d, &n);
            add_name(m, n);
        }
    }
}

/* `prefix`: how they are written, "session." */
static uint32_t add_slots(struct maker *m, const struct pl_graph_slots *slots, struct pl_str owner,
                          const char *prefix) {
    struct pl_graph *g = m->g;
    uint32_t first = (uint32_t)m->out->nnames;
    for (size_t i = 0; i < slots->n; i++) {
        const struct pl_graph_slot *s = &slots->v[i];
        struct pl_str name = s->name, type = pl_grammar__type_name(g, s->type);
        size_t dot = pl_str_find(name, PL_STR("."));
        if (dot != SIZE_MAX) name = (struct pl_str){name.p + dot + 1, name.n - dot - 1};
        struct pl_index_name n = {.kind = PL_INDEX_SLOT,
                                  .name = name,
                                  .owner = owner,
                                  .at = name_in(g, s->span, name),
                                  .whole = s->span};
        n.detail = pl_grammar__str(g, "%s%.*s: %.*s", prefix, PL_STR_ARG(name), PL_STR_ARG(type));
        add_name(m, n);
    }
    return first;
}

static void add_members(struct maker *m, uint32_t def) {
    struct pl_graph *g = m->g;
    const struct pl_graph_def *d = &g->defs.v[def];
    m->members[def] = (uint32_t)m->out->nnames;
    for (size_t i = 0; d->members && i < d->members->n; i++) {
        const struct pl_ast_member *k = &d->members->v[i];
        struct pl_index_name n = {.kind = PL_INDEX_MEMBER,
                                  .name = k->name.s,
                                  .owner = d->row.name,
                                  .at = k->name.span,
                                  .whole = k->span,
                                  .doc = k->doc};
        n.detail = k->label ? k->label->raw : k->name.s;
        add_name(m, n);
    }
}

/* A type, or a word list, with its members. */
static void name_members(struct maker *m, uint32_t def) {
    const struct pl_graph_def *d = &m->g->defs.v[def];
    if (!d->symbol || !d->members) return;
    bool entity = d->symbol->decl->kind == PL_DECL_ENTITY;
    struct pl_index_name *n =
        &m->out->names[m->first[entity ? PL_INDEX_ENTITY : PL_INDEX_TYPE] + d->symbol->index];
    struct pl_str *words = PL_NEW_ARRAY(m->g->arena, struct pl_str, d->members->n + 1);
    for (size_t i = 0; i < d->members->n; i++) words[i] = d->members->v[i].name.s;
    n->words = words;
    n->nwords = (uint32_t)d->members->n;
}

static void add_names(struct maker *m) {
    struct pl_graph *g = m->g;
    m->flow_slots = PL_NEW_ARRAY(g->arena, uint32_t, g->flow.n + 1);
    m->members = PL_NEW_ARRAY(g->arena, uint32_t, g->defs.n + 1);
    add_symbols(m);
    m->session = add_slots(m, &g->session, PL_STR("session"), "session.");
    m->customer = add_slots(m, &g->customer, PL_STR("customer"), "customer.");
    for (size_t i = 0; i < g->flow.n; i++)
        m->flow_slots[i] = add_slots(m, &g->flow.v[i].slots, g->flow.v[i].symbol->name, "");
    for (uint32_t i = 0; i < g->defs.n; i++) {
        add_members(m, i);
        name_members(m, i);
    }
}

/* ---- uses ---- */

/* The place of bytes that lie in a source; false for any others. */
static bool place(const struct pl_sources *s, struct pl_str name, struct pl_span *out) {
    uintptr_t at = (uintptr_t)name.p;
    for (uint32_t i = 0; i < s->n; i++) {
        uintptr_t from = (uintptr_t)s->v[i].text.p;
        if (at < from || at + name.n > from + s->v[i].text.n) continue;
        uint32_t start = (uint32_t)(at - from);
        *out = (struct pl_span){i, start, start + (uint32_t)name.n};
        return true;
    }
    return false;
}

static uint32_t name_of(const struct maker *m, const struct pl_lookup *l) {
    const struct pl_graph *g = m->g;
    if (l->kind == PL_INDEX_MEMBER) return m->members[l->ref];
    if (l->kind != PL_INDEX_SLOT) return m->first[l->kind] + l->symbol->index;
    uint32_t i = PL_SLOT_INDEX(l->ref);
    switch (PL_SLOT_SCOPE(l->ref)) {
    case PL_SCOPE_SESSION: return m->session + i;
    case PL_SCOPE_CUSTOMER: return m->customer + i;
    default: return l->symbol->index < g->flow.n ? m->flow_slots[l->symbol->index] + i : PL_NOWHERE;
    }
}

static void add_use(struct maker *m, struct pl_span at, uint32_t name) {
    struct pl_index *x = m->out;
    struct pl_index_use u = {at, name};
    pl_ast_grow(m->g->arena, (void **)&x->uses, &x->uses_cap, x->nuses, sizeof u);
    x->uses[x->nuses++] = u;
}

/* A member's lookup names its type: the member is the one called so. */
static uint32_t member_called(const struct maker *m, uint32_t first, struct pl_str name) {
    for (uint32_t i = first; i < m->out->nnames; i++) {
        const struct pl_index_name *n = &m->out->names[i];
        if (n->kind != PL_INDEX_MEMBER || !pl_str_eq(n->owner, m->out->names[first].owner)) break;
        if (pl_str_eq(n->name, name)) return i;
    }
    return PL_NOWHERE;
}

static void add_uses(struct maker *m) {
    const struct pl_lookups *l = &m->g->lookups;
    struct pl_span at;
    for (uint32_t i = 0; i < m->out->nnames; i++) add_use(m, m->out->names[i].at, i);
    for (size_t i = 0; i < l->n; i++) {
        uint32_t name = name_of(m, &l->v[i]);
        if (name < m->out->nnames && l->v[i].kind == PL_INDEX_MEMBER)
            name = member_called(m, name, l->v[i].name);
        if (name < m->out->nnames && place(m->g->input->sources, l->v[i].name, &at))
            add_use(m, at, name);
    }
}

static int by_place(const void *a, const void *b) {
    const struct pl_index_use *x = a, *y = b;
    if (x->at.file != y->at.file) return x->at.file < y->at.file ? -1 : 1;
    if (x->at.start != y->at.start) return x->at.start < y->at.start ? -1 : 1;
    if (x->at.end != y->at.end) return x->at.end < y->at.end ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

/* Many lookups are made of one use. */
static void sort_uses(struct pl_index *x) {
    size_t kept = 0;
    if (x->nuses) qsort(x->uses, x->nuses, sizeof *x->uses, by_place);
    for (size_t i = 0; i < x->nuses; i++) {
        const struct pl_index_use *u = &x->uses[i], *last = kept ? &x->uses[kept - 1] : NULL;
        if (last && last->at.file == u->at.file && last->at.start == u->at.start) continue;
        x->uses[kept++] = *u;
    }
    x->nuses = kept;
}

void pl_grammar__index(struct pl_graph *g) {
    struct maker m = {.g = g, .out = g->input->index};
    if (!m.out || !g->assistant) return;
    add_names(&m);
    add_uses(&m);
    sort_uses(m.out);
}
