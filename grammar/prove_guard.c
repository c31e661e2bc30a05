/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows that guard something: what a regulated flow calls writes only where it is regulated too,
 * and verification does not leave for what requires it. */
#include "grammar/flowgraph.h"

struct guard {
    struct pl_graph *g;
    struct pl_flowgraph *fg;
    bool *seen; /* by flow */
    bool *told; /* the like */
    uint32_t *todo, ntodo;
};

static const struct pl_ast_flow *head(const struct guard *d, uint32_t flow) {
    return &d->g->flow.v[flow].decl->flow;
}

/* The entries of all flows come first, then one body after the other. */
static uint32_t body(const struct guard *d, uint32_t flow) {
    return flow ? d->fg->last[flow - 1] : 3 * (uint32_t)d->g->flow.n;
}

static void come_to(struct guard *d, uint32_t flow) {
    if (flow == PL_NOWHERE || d->seen[flow]) return;
    d->seen[flow] = true;
    d->todo[d->ntodo++] = flow;
}

/* All flows that are called from `flow`, itself included. */
static void find_called(struct guard *d, uint32_t flow) {
    for (size_t i = 0; i < d->g->flow.n; i++) d->seen[i] = false;
    d->ntodo = 0;
    come_to(d, flow);
    while (d->ntodo) {
        uint32_t at = d->todo[--d->ntodo];
        for (uint32_t i = body(d, at); i < d->fg->last[at]; i++) {
            const struct pl_ast_stmt *s = d->fg->nodes.v[i].stmt;
            if (s && s->kind == PL_STMT_CALL) come_to(d, d->fg->nodes.v[i].callee);
        }
    }
}

static const struct pl_fnode *first_write(const struct guard *d, uint32_t flow) {
    for (uint32_t i = body(d, flow); i < d->fg->last[flow]; i++) {
        const struct pl_fnode *n = &d->fg->nodes.v[i];
        if (n->hook && n->hook->decl->hook.effect == PL_EFFECT_WRITE_ONCE) return n;
    }
    return NULL;
}

static void check_regulated(struct guard *d, uint32_t regulated) {
    find_called(d, regulated);
    for (uint32_t i = 0; i < d->g->flow.n; i++) {
        const struct pl_fnode *write = d->seen[i] ? first_write(d, i) : NULL;
        if (!write || d->told[i] || head(d, i)->regulated) continue;
        d->told[i] = true;
        const struct pl_graph_flow *f = &d->g->flow.v[i];
        struct pl_diag *diag =
            pl_diag1(d->g->diags, PL_D_REGULATED_CALL, f->decl->name.span, f->decl->name.s);
        pl_diag_note(d->g->diags, diag, write->span, "this writes");
        pl_diag_note(d->g->diags, diag, d->g->flow.v[regulated].decl->name.span,
                     "this is regulated");
    }
}

/* An entry that was come to by leaving another flow. */
static bool left_for(const struct guard *d, const struct pl_walk *walk, uint32_t node) {
    uint32_t came = walk->came[node];
    if (d->fg->nodes.v[node].kind != PL_FNODE_ENTRY || came == UINT32_MAX) return false;
    return d->fg->edges.v[came - 1].kind == PL_FEDGE_GOTO;
}

/* A call back to itself is an endless one, and reported as such. */
static void check_verification(struct guard *d, uint32_t verify) {
    struct pl_walk walk;
    pl_grammar__walk_init(&walk, d->g);
    pl_grammar__walk_from(&walk, d->fg->entry[verify]);
    for (uint32_t at; (at = pl_grammar__walk_next(&walk)) != PL_NOWHERE;) {
        const struct pl_fnode *n = &d->fg->nodes.v[at];
        for (uint32_t i = 0; i < n->nout; i++) {
            uint32_t edge = d->fg->outs[n->out + i];
            if (pl_grammar__edge_open(d->fg, &d->fg->edges.v[edge]))
                pl_grammar__walk_edge(&walk, edge);
        }
        if (!left_for(d, &walk, at) || !head(d, n->flow)->verified) continue;
        struct pl_diag *diag =
            pl_diag1(d->g->diags, PL_D_VERIFY_LOOP, d->g->flow.v[verify].decl->name.span,
                     d->g->flow.v[n->flow].decl->name.s);
        pl_grammar__walk_notes(&walk, d->g, diag, at);
        return;
    }
}

void pl_grammar__prove_guards(struct pl_graph *g) {
    struct guard d = {.g = g, .fg = g->flowgraph};
    d.seen = PL_NEW_ARRAY(g->arena, bool, g->flow.n + 1);
    d.told = PL_NEW_ARRAY(g->arena, bool, g->flow.n + 1);
    d.todo = PL_NEW_ARRAY(g->arena, uint32_t, g->flow.n + 1);
    for (uint32_t i = 0; i < g->flow.n; i++)
        if (head(&d, i)->regulated) check_regulated(&d, i);
    const struct pl_symbol *verify = pl_grammar__find(&g->flows, PL_STR("verify_identity"));
    if (verify) check_verification(&d, verify->index);
}
