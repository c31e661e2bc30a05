/* SPDX-License-Identifier: Apache-2.0
 *
 * Every loop waits or is bounded, proved on the flow graph.
 *
 * Rounds: a way that comes back to where it was, within one turn, passes a `back` or a `change`
 * (both are counted) or a wait. Only `goto`, `call` and what stands for them can close any other
 * round. An `ask` is a wait unless its slot is one of `session` or `customer`: these may hold a
 * value already, and the question is passed over; it is a wait again when the round clears the
 * slot.
 * Depth: no flow calls itself, directly or through others, whether or not it waits between: every
 * round would keep one more unfinished run. A `goto` forgets the callers, so it adds none. */
#include "grammar/flowgraph.h"

struct rounds {
    struct pl_graph *g;
    struct pl_flowgraph *fg;
    bool *quick; /* by flow: may return without waiting */
    bool *stops; /* by node: it waits, sure enough */
    uint32_t *part;
    struct pl_walk walk;
};

static bool shared_ask(const struct pl_fnode *n) {
    return n->kind == PL_FNODE_STMT && n->stmt->kind == PL_STMT_ASK && n->stmt->ask.slot.n > 1;
}

/* ---- rounds ---- */

static bool without_wait(void *ctx, uint32_t edge) {
    const struct rounds *r = ctx;
    const struct pl_fedge *e = &r->fg->edges.v[edge];
    if (r->stops[e->from] || e->kind == PL_FEDGE_BACK || e->kind == PL_FEDGE_OFFERS) return false;
    return !shared_ask(&r->fg->nodes.v[e->from]) || e->kind == PL_FEDGE_ANSWER;
}

static bool in_one_turn(void *ctx, uint32_t edge) {
    const struct rounds *r = ctx;
    const struct pl_fedge *e = &r->fg->edges.v[edge];
    uint32_t callee = r->fg->nodes.v[e->from].callee;
    if (!without_wait(ctx, edge)) return false;
    return e->kind != PL_FEDGE_AFTER || callee == PL_NOWHERE || r->quick[callee];
}

static bool clears(const struct pl_fnode *n, struct pl_str slot) {
    if (n->kind != PL_FNODE_STMT || n->stmt->kind != PL_STMT_CLEAR) return false;
    for (size_t i = 0; i < n->stmt->clear.n; i++)
        if (pl_str_eq(n->stmt->clear.v[i].s, slot)) return true;
    return false;
}

/* Is the question's slot cleared in the round it stands in? */
static bool cleared_in_round(const struct rounds *r, uint32_t node) {
    struct pl_str slot = r->fg->nodes.v[node].stmt->ask.slot.s;
    uint32_t flow = r->fg->nodes.v[node].flow;
    uint32_t from = flow ? r->fg->last[flow - 1] : (uint32_t)r->g->flow.n * 3;
    for (uint32_t i = from; i < r->fg->last[flow]; i++)
        if (r->part[i] == r->part[node] && clears(&r->fg->nodes.v[i], slot)) return true;
    return false;
}

static bool goes_round(struct rounds *r, uint32_t edge) {
    const struct pl_fedge *e = &r->fg->edges.v[edge];
    return in_one_turn(r, edge) && r->part[e->from] == r->part[e->to] &&
           r->fg->nodes.v[e->from].live;
}

/* The way from the edge's target back to its start, then the edge. */
static void note_round(struct rounds *r, struct pl_diag *d, uint32_t edge) {
    const struct pl_fedge *e = &r->fg->edges.v[edge];
    struct pl_walk *w = &r->walk;
    uint32_t at;
    pl_grammar__walk_from(w, e->to);
    while ((at = pl_grammar__walk_next(w)) != PL_NOWHERE && at != e->from) {
        const struct pl_fnode *n = &r->fg->nodes.v[at];
        for (uint32_t i = 0; i < n->nout; i++)
            if (goes_round(r, r->fg->outs[n->out + i]))
                pl_grammar__walk_edge(w, r->fg->outs[n->out + i]);
    }
    pl_grammar__round_notes(w, r->g, d, edge);
}

static uint32_t find_parts(struct rounds *r) {
    bool *seen = PL_NEW_ARRAY(r->g->arena, bool, r->fg->nodes.n + 1);
    r->quick = PL_NEW_ARRAY(r->g->arena, bool, r->g->flow.n + 1);
    pl_grammar__returning(r->g, without_wait, r, r->quick, seen);
    return pl_grammar__parts(r->g, in_one_turn, r, r->part);
}

static void check_rounds(struct rounds *r) {
    uint32_t parts = find_parts(r);
    bool again = false;
    for (uint32_t i = 0; i < r->fg->nodes.n; i++)
        if (shared_ask(&r->fg->nodes.v[i]) && cleared_in_round(r, i)) r->stops[i] = again = true;
    if (again) parts = find_parts(r);
    bool *told = PL_NEW_ARRAY(r->g->arena, bool, (size_t)parts + 1);
    for (uint32_t i = 0; i < r->fg->edges.n; i++) {
        const struct pl_fedge *e = &r->fg->edges.v[i];
        bool enters = r->fg->nodes.v[e->to].kind == PL_FNODE_ENTRY;
        if (!enters || told[r->part[e->from]] || !goes_round(r, i)) continue;
        told[r->part[e->from]] = true;
        struct pl_span at = e->span.end > e->span.start ? e->span : r->fg->nodes.v[e->from].span;
        struct pl_diag *d = pl_diag1(r->g->diags, PL_D_ROUND_ENDLESS, at,
                                     r->g->flow.v[r->fg->nodes.v[e->to].flow].decl->name.s);
        note_round(r, d, i);
    }
}

/* ---- depth ---- */

/* A part of this graph is a circle of calls: within a flow every node leads to its return, and
 * nothing leads from there, so only calls can close one. */
static bool in_one_stack(void *ctx, uint32_t edge) {
    const struct rounds *r = ctx;
    const struct pl_fedge *e = &r->fg->edges.v[edge];
    if (e->kind == PL_FEDGE_OFFERS || e->kind == PL_FEDGE_BACK) return false;
    if (e->kind == PL_FEDGE_CALL) return true;
    return r->fg->nodes.v[e->to].kind != PL_FNODE_ENTRY && pl_grammar__edge_open(r->fg, e);
}

static void note_depth(struct rounds *r, struct pl_diag *d, uint32_t edge) {
    const struct pl_fedge *e = &r->fg->edges.v[edge];
    struct pl_walk *w = &r->walk;
    uint32_t at;
    pl_grammar__walk_from(w, e->to);
    while ((at = pl_grammar__walk_next(w)) != PL_NOWHERE && at != e->from) {
        const struct pl_fnode *n = &r->fg->nodes.v[at];
        for (uint32_t i = 0; i < n->nout; i++) {
            uint32_t k = r->fg->outs[n->out + i];
            if (in_one_stack(r, k) && r->part[r->fg->edges.v[k].to] == r->part[e->from])
                pl_grammar__walk_edge(w, k);
        }
    }
    pl_grammar__round_notes(w, r->g, d, edge);
}

/* What goes round within a turn was reported as that. */
static void check_depth(struct rounds *r) {
    uint32_t *rounds = r->part;
    r->part = PL_NEW_ARRAY(r->g->arena, uint32_t, r->fg->nodes.n + 1);
    uint32_t parts = pl_grammar__parts(r->g, in_one_stack, r, r->part);
    bool *told = PL_NEW_ARRAY(r->g->arena, bool, (size_t)parts + 1);
    for (uint32_t i = 0; i < r->fg->edges.n; i++) {
        const struct pl_fedge *e = &r->fg->edges.v[i];
        if (e->kind != PL_FEDGE_CALL || !r->fg->nodes.v[e->from].live) continue;
        if (r->part[e->from] != r->part[e->to] || told[r->part[e->from]]) continue;
        told[r->part[e->from]] = true;
        if (rounds[e->from] == rounds[e->to]) continue;
        struct pl_diag *d = pl_diag1(r->g->diags, PL_D_RECURSION, e->span,
                                     r->g->flow.v[r->fg->nodes.v[e->to].flow].decl->name.s);
        note_depth(r, d, i);
    }
}

void pl_grammar__prove_loops(struct pl_graph *g) {
    struct rounds r = {.g = g, .fg = g->flowgraph};
    size_t n = r.fg->nodes.n + 1;
    r.stops = PL_NEW_ARRAY(g->arena, bool, n);
    r.part = PL_NEW_ARRAY(g->arena, uint32_t, n);
    for (uint32_t i = 0; i + 1 < n; i++)
        r.stops[i] = r.fg->nodes.v[i].wait && !shared_ask(&r.fg->nodes.v[i]);
    pl_grammar__walk_init(&r.walk, g);
    check_rounds(&r);
    check_depth(&r);
}
