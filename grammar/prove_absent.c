/* SPDX-License-Identifier: Apache-2.0
 *
 * On which way a value is unset, told to what was reported of it.
 *
 * The check of a flow proves that a value is set on all ways to where it is used, or reports it;
 * here the shortest way is found on which it is not: backward from that place, along edges that
 * neither set it nor test it, to where it was forgotten, was skipped, came absent, or to the start
 * of the flow. */
#include "grammar/flowgraph.h"

struct absent {
    struct pl_graph *g;
    struct pl_flowgraph *fg;
    struct pl_graph_flow *flow;
    struct pl_str name, root; /* "order.place", "order" */
    bool field;               /* a part of the slot that may be absent by itself */
    uint32_t *came, *todo, head, n;
};

/* ---- what an edge does to the value ---- */

enum doing { NOTHING, SETS, UNSETS };

static bool is_root(const struct absent *a, const struct pl_ast_path *slot) {
    return slot->n && pl_str_eq(slot->s, a->root);
}

static bool tested(struct absent *a, struct pl_ast_expr *cond, bool truth) {
    struct pl_known none = {0}, k = {0};
    struct pl_where w = {.g = a->g, .flow = a->flow, .known = &none};
    pl_grammar__mute(a->g);
    pl_grammar__narrow(a->g, &k, pl_grammar__condition(&w, cond), truth);
    pl_grammar__speak(a->g);
    return pl_grammar__known_has(&k, pl_grammar__path(a->g, a->name));
}

/* A slot that is filled: a part of it may still be absent. */
static enum doing filled(const struct absent *a) {
    return a->field ? UNSETS : SETS;
}

static enum doing done_by(const struct absent *a, const struct pl_ast_stmt *s, uint8_t edge) {
    bool on = edge == PL_FEDGE_GO || edge == PL_FEDGE_AFTER;
    switch (s->kind) {
    case PL_STMT_ASK:
        if (!is_root(a, &s->ask.slot) || edge != PL_FEDGE_ANSWER) return NOTHING;
        return s->ask.optional ? UNSETS : filled(a);
    case PL_STMT_CALL:
        if (!is_root(a, &s->call.result)) return NOTHING;
        return on ? filled(a) : UNSETS;
    case PL_STMT_SET: return is_root(a, &s->set.slot) ? filled(a) : NOTHING;
    case PL_STMT_DECIDE:
        if (!is_root(a, &s->decide.slot)) return NOTHING;
        return on ? filled(a) : UNSETS;
    case PL_STMT_WAIT:
        for (size_t i = 0; i < s->wait.params.n; i++)
            if (pl_str_eq(s->wait.params.v[i].s, a->root)) return on ? filled(a) : UNSETS;
        return NOTHING;
    case PL_STMT_CLEAR:
        for (size_t i = 0; i < s->clear.n; i++)
            if (is_root(a, &s->clear.v[i])) return UNSETS;
        return NOTHING;
    default: return NOTHING;
    }
}

static enum doing doing(struct absent *a, const struct pl_fedge *e) {
    const struct pl_fnode *from = &a->fg->nodes.v[e->from];
    if (e->cond) return tested(a, e->cond, e->kind == PL_FEDGE_TRUE) ? SETS : NOTHING;
    if (!from->stmt) return NOTHING;
    if (from->stmt->kind == PL_STMT_MATCH && e->kind == PL_FEDGE_ARM)
        return tested(a, from->stmt->match.expr, true) ? SETS : NOTHING;
    return done_by(a, from->stmt, e->kind);
}

/* ---- the way ---- */

static void note_origin(struct absent *a, struct pl_diag *d, uint32_t node, uint32_t edge) {
    const struct pl_fnode *n = &a->fg->nodes.v[node];
    struct pl_str name = a->name;
    const char *how = "`%.*s` is not set when the flow begins";
    if (edge != PL_NOWHERE) {
        const struct pl_fedge *e = &a->fg->edges.v[edge];
        bool on = e->kind == PL_FEDGE_GO || e->kind == PL_FEDGE_AFTER;
        how = "`%.*s` is not set on this way";
        if (a->field && on) how = "`%.*s` may be absent in what comes here";
        if (n->stmt->kind == PL_STMT_ASK) how = "`%.*s` may be skipped here";
        if (n->stmt->kind == PL_STMT_CLEAR) how = "`%.*s` is forgotten here";
        if (e->span.end > e->span.start) {
            pl_diag_note(a->g->diags, d, e->span, how, PL_STR_ARG(name));
            return;
        }
    }
    pl_diag_note(a->g->diags, d, n->span, how, PL_STR_ARG(name));
}

/* From the origin forward, by the edges of the backward search. */
static void note_way(struct absent *a, struct pl_diag *d, uint32_t from, uint32_t to) {
    enum { MOST = 10 };
    for (uint32_t at = from, n = 0; at != to && n < MOST; n++) {
        const struct pl_fedge *e = &a->fg->edges.v[a->came[at] - 1];
        bool tells = e->kind != PL_FEDGE_GO && e->kind != PL_FEDGE_AFTER;
        if (tells) pl_grammar__step_note(a->g, d, e);
        n -= !tells;
        at = e->to;
    }
}

/* Goes back over one edge; true: the value is unset there. */
static bool back_over(struct absent *a, struct pl_diag *d, uint32_t edge, uint32_t use) {
    const struct pl_fedge *e = &a->fg->edges.v[edge];
    enum doing what = doing(a, e);
    if (what == UNSETS) {
        note_origin(a, d, e->from, edge);
        note_way(a, d, e->to, use);
        return true;
    }
    if (what == SETS || a->came[e->from]) return false;
    a->came[e->from] = edge + 1;
    a->todo[a->n++] = e->from;
    return false;
}

static void find(struct absent *a, struct pl_diag *d, uint32_t use) {
    a->came[use] = UINT32_MAX;
    a->todo[a->n++] = use;
    while (a->head < a->n) {
        uint32_t at = a->todo[a->head++];
        const struct pl_fnode *n = &a->fg->nodes.v[at];
        if (n->kind == PL_FNODE_ENTRY) {
            note_origin(a, d, at, PL_NOWHERE);
            note_way(a, d, at, use);
            return;
        }
        for (uint32_t i = 0; i < n->nin; i++) {
            uint32_t edge = a->fg->ins[n->in + i];
            const struct pl_fedge *e = &a->fg->edges.v[edge];
            bool here = a->fg->nodes.v[e->from].flow == n->flow && a->fg->nodes.v[e->from].live;
            if (here && pl_grammar__edge_open(a->fg, e) && back_over(a, d, edge, use)) return;
        }
    }
}

/* "session.order_id.x": the slot is two names long there. */
static struct pl_str slot_of(struct pl_str name) {
    struct pl_str rest = name;
    bool scoped =
        pl_str_starts(name, PL_STR("session.")) || pl_str_starts(name, PL_STR("customer."));
    size_t skip = scoped ? pl_str_find(name, PL_STR(".")) + 1 : 0;
    rest = (struct pl_str){name.p + skip, name.n - skip};
    size_t dot = pl_str_find(rest, PL_STR("."));
    return dot == SIZE_MAX ? name : (struct pl_str){name.p, skip + dot};
}

static void explain(struct pl_graph *g, struct pl_diag *d, struct absent *a) {
    uint32_t use = pl_grammar__node_at(g, d->span);
    if (use == PL_NOWHERE) return;
    for (uint32_t i = 0; i < a->n; i++) a->came[a->todo[i]] = 0;
    a->head = a->n = 0;
    a->flow = &g->flow.v[a->fg->nodes.v[use].flow];
    /* the record is told of when it may be absent itself */
    a->name = d->args[1].n ? d->args[1] : d->args[0];
    a->root = slot_of(a->name);
    a->field = !pl_str_eq(a->name, a->root);
    find(a, d, use);
}

void pl_grammar__explain_absent(struct pl_graph *g) {
    struct absent a = {.g = g, .fg = g->flowgraph};
    a.came = PL_NEW_ARRAY(g->arena, uint32_t, a.fg->nodes.n + 1);
    a.todo = PL_NEW_ARRAY(g->arena, uint32_t, a.fg->nodes.n + 1);
    for (size_t i = 0; i < g->said->n; i++) {
        struct pl_diag *d = g->said->v[i];
        if (d->code == PL_D_MAYBE_ABSENT || d->code == PL_D_PRINT_ABSENT) explain(g, d, &a);
    }
}
