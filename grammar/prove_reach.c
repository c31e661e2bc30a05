/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be reached, proved on the flow graph.
 *
 * People: from every question (of flows outside the prelude) some way leads to a hand-over of any
 * kind: by its answers, its `else`, its `otherwise`, by what follows, by flows that are left for,
 * called or returned to. A message that is a command, and rules, are not counted.
 * At every hour: from `human_request`, while every queue that keeps hours is closed, some way
 * leads to a call-back, a message, or a queue that is always open.
 * Ends: from the entry of every flow some way leads to its return, to an end or to a person. A
 * flow that is left for (`goto`) ends the one that left; one that is called does not.
 * Leads to: what follows the call of a flow that never returns is not reached; a flow is of use
 * when a trigger, the runtime, or a flow that is itself of use leads there.
 *
 * Conditions are taken as open both ways: what needs reasoning about values is not seen here. */
#include "grammar/flowgraph.h"

/* A backward search: everything from where some way leads to what was put in. */
struct upstream {
    struct pl_flowgraph *fg;
    bool *in;
    uint32_t *todo, n;
};

static struct upstream upstream_new(struct pl_graph *g) {
    size_t n = g->flowgraph->nodes.n + 1;
    return (struct upstream){g->flowgraph, PL_NEW_ARRAY(g->arena, bool, n),
                             PL_NEW_ARRAY(g->arena, uint32_t, n), 0};
}

static void put(struct upstream *u, uint32_t node) {
    if (u->in[node]) return;
    u->in[node] = true;
    u->todo[u->n++] = node;
}

static bool next(struct upstream *u, uint32_t *node) {
    if (!u->n) return false;
    *node = u->todo[--u->n];
    return true;
}

static const struct pl_fedge *edge_in(const struct pl_flowgraph *fg, uint32_t node, uint32_t i) {
    return &fg->edges.v[fg->ins[fg->nodes.v[node].in + i]];
}

static bool is_question(const struct pl_fnode *n) {
    return n->kind == PL_FNODE_STMT &&
           (n->stmt->kind == PL_STMT_ASK || n->stmt->kind == PL_STMT_CONFIRM ||
            n->stmt->kind == PL_STMT_CHOOSE);
}

/* ---- people ---- */

/* Where a caller goes on, the called flow's return leads. */
static struct upstream near_people(struct pl_graph *g) {
    struct upstream u = upstream_new(g);
    uint32_t at;
    for (uint32_t i = 0; i < u.fg->nodes.n; i++)
        if (u.fg->nodes.v[i].human && u.fg->nodes.v[i].live) put(&u, i);
    while (next(&u, &at))
        for (uint32_t i = 0; i < u.fg->nodes.v[at].nin; i++) {
            const struct pl_fedge *e = edge_in(u.fg, at, i);
            uint32_t callee = u.fg->nodes.v[e->from].callee;
            if (!pl_grammar__edge_open(u.fg, e)) continue;
            put(&u, e->from);
            if (e->kind == PL_FEDGE_AFTER && callee != PL_NOWHERE) put(&u, u.fg->entry[callee] + 1);
        }
    return u;
}

/* Over a flow that comes back, not into it: its return is no end. */
static void walk_out(struct pl_walk *w, uint32_t node, bool only_else) {
    const struct pl_fnode *n = &w->fg->nodes.v[node];
    for (uint32_t i = 0; i < n->nout; i++) {
        uint32_t k = w->fg->outs[n->out + i];
        const struct pl_fedge *e = &w->fg->edges.v[k];
        bool over = e->kind == PL_FEDGE_CALL && w->fg->returns[n->callee];
        bool wanted = e->kind == PL_FEDGE_ELSE || !only_else;
        if (wanted && !over && pl_grammar__edge_open(w->fg, e)) pl_grammar__walk_edge(w, k);
    }
}

/* The nearest end, by the question's own `else` when it has one. */
static void note_dead_end(struct pl_walk *w, struct pl_graph *g, struct pl_diag *d, uint32_t node) {
    uint32_t at;
    pl_grammar__walk_from(w, node);
    pl_grammar__walk_next(w);
    walk_out(w, node, true);
    for (bool more = false;; more = true) {
        while ((at = pl_grammar__walk_next(w)) != PL_NOWHERE) {
            uint8_t kind = w->fg->nodes.v[at].kind;
            if (kind == PL_FNODE_END || kind == PL_FNODE_RETURN) {
                pl_grammar__walk_notes(w, g, d, at);
                return;
            }
            walk_out(w, at, false);
        }
        if (more) return;
        walk_out(w, node, false);
    }
}

/* A flow that never ends was reported as that. */
static void check_people(struct pl_graph *g, struct pl_walk *w, const bool *endless) {
    struct upstream u = near_people(g);
    for (uint32_t i = 0; i < u.fg->nodes.n; i++) {
        const struct pl_fnode *n = &u.fg->nodes.v[i];
        if (u.in[i] || !n->live || !is_question(n)) continue;
        if (g->flow.v[n->flow].prelude || endless[n->flow]) continue;
        struct pl_diag *d = pl_diag(g->diags, PL_D_NO_HUMAN, n->stmt->head);
        note_dead_end(w, g, d, i);
    }
}

/* ---- people at every hour ---- */

/* A hand-over to no queue in particular goes by language, else to the first: each must be open. */
static bool always_open(const struct pl_graph *g, const struct pl_ast_handoff *h) {
    bool any = !g->queues.n;
    for (size_t i = 0; i < g->queues.n; i++) {
        const struct pl_ast_queue *q = &g->queues.v[i]->decl->queue;
        bool named = h->to.s.n && pl_str_eq(g->queues.v[i]->name, h->to.s);
        if (!named && (h->to.s.n || (i > 0 && !q->languages.n))) continue;
        if (q->open.s.n) return false;
        any = true;
    }
    return any;
}

/* Does it help while every queue with hours is closed? */
static bool helps_closed(const struct pl_graph *g, const struct pl_fnode *n) {
    if (!n->human) return false;
    static const struct pl_ast_handoff any = {0};
    const struct pl_ast_handoff *h = n->stmt ? &n->stmt->handoff : &any;
    if (h->mode == PL_AST_HANDOFF_CALLBACK || h->mode == PL_AST_HANDOFF_MESSAGE) return true;
    return always_open(g, h);
}

static void check_hours(struct pl_graph *g, struct pl_walk *w) {
    struct pl_symbol *flow = pl_grammar__find(&g->flows, PL_STR("human_request"));
    uint32_t at, end = PL_NOWHERE;
    if (!flow) return;
    pl_grammar__walk_from(w, w->fg->entry[flow->index]);
    while ((at = pl_grammar__walk_next(w)) != PL_NOWHERE) {
        const struct pl_fnode *n = &w->fg->nodes.v[at];
        if (helps_closed(g, n)) return;
        if (end == PL_NOWHERE && (n->kind == PL_FNODE_END || n->kind == PL_FNODE_RETURN)) end = at;
        for (uint32_t i = 0; i < n->nout; i++) {
            uint32_t e = w->fg->outs[n->out + i];
            bool over = n->human && w->fg->edges.v[e].kind == PL_FEDGE_LEAVE; /* somebody came */
            if (!over && pl_grammar__edge_open(w->fg, &w->fg->edges.v[e]))
                pl_grammar__walk_edge(w, e);
        }
    }
    struct pl_diag *d = pl_diag(g->diags, PL_D_HUMAN_CLOSED, flow->decl->name.span);
    if (end != PL_NOWHERE) pl_grammar__walk_notes(w, g, d, end);
}

/* ---- ends ---- */

/* Leads it into another flow for good? */
static bool leaves_for(const struct pl_flowgraph *fg, const struct pl_fedge *e) {
    return fg->nodes.v[e->to].kind == PL_FNODE_ENTRY && e->kind != PL_FEDGE_CALL &&
           e->kind != PL_FEDGE_OFFERS;
}

/* `home`: some way leads to the flow's own return. */
static struct upstream near_return(struct pl_graph *g) {
    struct upstream u = upstream_new(g);
    uint32_t at;
    for (uint32_t i = 0; i < g->flow.n; i++)
        if (u.fg->returns[i]) put(&u, u.fg->entry[i] + 1);
    while (next(&u, &at))
        for (uint32_t i = 0; i < u.fg->nodes.v[at].nin; i++) {
            const struct pl_fedge *e = edge_in(u.fg, at, i);
            bool own = u.fg->nodes.v[e->from].flow == u.fg->nodes.v[at].flow;
            if (own && pl_grammar__edge_open(u.fg, e) && !leaves_for(u.fg, e)) put(&u, e->from);
        }
    return u;
}

static struct upstream near_end(struct pl_graph *g, const struct upstream *home) {
    struct upstream u = upstream_new(g);
    uint32_t at;
    for (uint32_t i = 0; i < g->flow.n; i++)
        if (u.fg->nodes.v[u.fg->entry[i] + 2].live) put(&u, u.fg->entry[i] + 2);
    for (uint32_t i = 0; i < u.fg->edges.n; i++) {
        const struct pl_fedge *e = &u.fg->edges.v[i];
        if (leaves_for(u.fg, e) && home->in[e->to]) put(&u, e->from);
    }
    while (next(&u, &at))
        for (uint32_t i = 0; i < u.fg->nodes.v[at].nin; i++) {
            const struct pl_fedge *e = edge_in(u.fg, at, i);
            if (pl_grammar__edge_open(u.fg, e)) put(&u, e->from);
        }
    return u;
}

/* An edge that leads back to where the way to it came from. */
static uint32_t closing_edge(const struct pl_walk *w, uint32_t node) {
    const struct pl_fnode *n = &w->fg->nodes.v[node];
    for (uint32_t i = 0; i < n->nout; i++) {
        uint32_t e = w->fg->outs[n->out + i], to = w->fg->edges.v[e].to, at = node;
        if (!pl_grammar__edge_open(w->fg, &w->fg->edges.v[e]) || !w->came[to]) continue;
        for (; at != to && at != w->start; at = w->fg->edges.v[w->came[at] - 1].from) continue;
        if (at == to) return e;
    }
    return PL_NOWHERE;
}

static void note_round(struct pl_walk *w, struct pl_graph *g, struct pl_diag *d, uint32_t entry) {
    uint32_t at, e;
    pl_grammar__walk_from(w, entry);
    while ((at = pl_grammar__walk_next(w)) != PL_NOWHERE) {
        if ((e = closing_edge(w, at)) != PL_NOWHERE) {
            pl_grammar__round_notes(w, g, d, e);
            return;
        }
        walk_out(w, at, false);
    }
}

static void check_ends(struct pl_graph *g, struct pl_walk *w, bool *endless) {
    struct upstream home = near_return(g), end = near_end(g, &home);
    for (uint32_t i = 0; i < g->flow.n; i++) {
        uint32_t entry = w->fg->entry[i];
        endless[i] = !home.in[entry] && !end.in[entry];
        if (!endless[i]) continue;
        struct pl_ast_name *name = &g->flow.v[i].decl->name;
        struct pl_diag *d = pl_diag1(g->diags, PL_D_NEVER_ENDS, name->span, name->s);
        note_round(w, g, d, entry);
    }
}

/* ---- what leads nowhere ---- */

static void check_after_calls(struct pl_graph *g) {
    const struct pl_flowgraph *fg = g->flowgraph;
    for (uint32_t i = 0; i < fg->edges.n; i++) {
        const struct pl_fedge *e = &fg->edges.v[i];
        const struct pl_fnode *from = &fg->nodes.v[e->from], *to = &fg->nodes.v[e->to];
        if (e->kind != PL_FEDGE_AFTER || pl_grammar__edge_open(fg, e)) continue;
        if (!from->live || to->live || to->kind != PL_FNODE_STMT) continue;
        if (to->stmt->kind == PL_STMT_END || to->stmt->kind == PL_STMT_RETURN) continue;
        const struct pl_ast_name *flow = &g->flow.v[from->callee].decl->name;
        struct pl_diag *d = pl_diag1(g->diags, PL_D_NEVER_BACK, to->stmt->head, flow->s);
        pl_diag_note(g->diags, d, from->span, "`%.*s` is called here", PL_STR_ARG(flow->s));
        pl_diag_note(g->diags, d, flow->span, "no way through it leads to its end or a `return`");
    }
}

/* The runtime calls them by name, or the project may. */
static bool is_root(const struct pl_graph *g, const struct pl_graph_flow *f) {
    struct pl_str start = g->assistant->assistant.start.s;
    return f->prelude || f->decl->flow.triggers.n ||
           pl_str_eq(f->decl->name.s, start.n ? start : PL_STR("welcome"));
}

static void check_flows_used(struct pl_graph *g, struct pl_walk *w) {
    const struct pl_flowgraph *fg = w->fg;
    bool *seen = PL_NEW_ARRAY(g->arena, bool, g->flow.n + 1);
    uint32_t *todo = PL_NEW_ARRAY(g->arena, uint32_t, g->flow.n + 1), n = 0;
    for (uint32_t i = 0; i < g->flow.n; i++)
        if (is_root(g, &g->flow.v[i])) seen[todo[n++] = i] = true;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t from = todo[k] ? fg->last[todo[k] - 1] : (uint32_t)g->flow.n * 3;
        for (uint32_t i = fg->entry[todo[k]]; i != PL_NOWHERE;) {
            const struct pl_fnode *node = &fg->nodes.v[i];
            for (uint32_t e = 0; e < node->nout && node->live; e++) {
                uint32_t flow = fg->nodes.v[fg->edges.v[fg->outs[node->out + e]].to].flow;
                if (!seen[flow]) seen[todo[n++] = flow] = true;
            }
            i = i == fg->entry[todo[k]] ? from : i + 1;
            if (i >= fg->last[todo[k]]) break;
        }
    }
    for (uint32_t i = 0; i < g->flow.n; i++) {
        const struct pl_fnode *entry = &fg->nodes.v[fg->entry[i]];
        if (seen[i] || !entry->nin || !g->flow.v[i].symbol->used) continue;
        struct pl_ast_name *name = &g->flow.v[i].decl->name;
        struct pl_diag *d = pl_diag1(g->diags, PL_D_FLOW_UNREACHED, name->span, name->s);
        for (uint32_t e = 0; e < entry->nin && e < 3; e++)
            pl_grammar__step_note(g, d, edge_in(fg, fg->entry[i], e));
    }
}

void pl_grammar__prove_reach(struct pl_graph *g) {
    struct pl_walk w;
    bool *endless = PL_NEW_ARRAY(g->arena, bool, g->flow.n + 1);
    pl_grammar__walk_init(&w, g);
    check_ends(g, &w, endless);
    check_people(g, &w, endless);
    check_hours(g, &w);
    check_after_calls(g);
    check_flows_used(g, &w);
}
