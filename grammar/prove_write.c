/* SPDX-License-Identifier: Apache-2.0
 *
 * No `write once` hook writes the same thing twice unless the customer wants it so.
 *
 * The runtime makes a write at most once for each conversation, run of a flow, place of the call
 * and values of the arguments. So two writes are the same to the shop, and not to the runtime,
 * when another place, or another run of the flow, calls the hook with the same values. Proved is:
 * from where a write was done, or may have been done (`unconfirmed`), no way leads to a call of the
 * same hook with the same arguments, unless on the way an argument was given another value or the
 * customer agreed (a `confirm` answered yes, or an option that was chosen). Ways go into flows that
 * are called or left for, and back to callers, four flows deep; an argument is followed through
 * parameters that take it as it is. What cannot be followed counts as another value.
 *
 * A second statement: a `back` or `change` that leads from a write that was done to the same call
 * with the same arguments does nothing: the runtime gives the first result again. That is a
 * warning. */
#include "grammar/flowgraph.h"

enum { DEEP = 4, ARGS_MOST = 16, CALLERS_MOST = 32 };

/* Arguments in the words of one flow. */
struct args {
    uint32_t n;
    const struct pl_ast_expr *v[ARGS_MOST];
};
/* The search within one run of a flow. */
struct frame {
    struct pl_walk walk;
    struct args args;
    uint32_t exit;  /* the node at which the next frame begins */
    uint32_t round; /* 1 + the edge by which the call that it began at is come to again; 0: none */
};
struct writes {
    struct pl_graph *g;
    struct pl_flowgraph *fg;
    uint32_t write; /* the node that is looked at */
    struct frame frame[DEEP];
    bool found;
};

static const struct pl_ast_call *call_at(const struct pl_fnode *n) {
    return n->kind == PL_FNODE_STMT && n->stmt->kind == PL_STMT_CALL ? &n->stmt->call : NULL;
}

static bool is_write(const struct pl_fnode *n) {
    return n->hook && n->live && n->hook->decl->hook.effect == PL_EFFECT_WRITE_ONCE &&
           n->stmt->call.args.n <= ARGS_MOST;
}

static bool same_args(const struct args *a, const struct pl_ast_args *b) {
    if (a->n != b->n) return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!pl_grammar__expr_eq(a->v[i], b->v[i])) return false;
    return true;
}

/* ---- values that change ---- */

/* Does a value of the expression hang on this slot? */
static bool hangs_on(const struct pl_ast_expr *e, const struct pl_ast_path *slot) {
    switch (e->kind) {
    case PL_EXPR_PATH:
        return pl_str_starts(e->path.s, slot->s) &&
               (e->path.s.n == slot->s.n || e->path.s.p[slot->s.n] == '.');
    case PL_EXPR_BINARY: return hangs_on(e->binary.left, slot) || hangs_on(e->binary.right, slot);
    case PL_EXPR_NOT: return hangs_on(e->operand, slot);
    case PL_EXPR_EMPTY: return hangs_on(e->empty.operand, slot);
    case PL_EXPR_MATCHES: return hangs_on(e->matches.operand, slot);
    case PL_EXPR_CALL:
    case PL_EXPR_LIST: break;
    default: return false;
    }
    const struct pl_ast_args *list = e->kind == PL_EXPR_CALL ? &e->call.args : &e->list;
    for (size_t i = 0; i < list->n; i++)
        if (hangs_on(list->v[i], slot)) return true;
    return false;
}

static bool touches(const struct args *a, const struct pl_ast_path *slot) {
    for (uint32_t i = 0; slot->n && i < a->n; i++)
        if (hangs_on(a->v[i], slot)) return true;
    return false;
}

static bool touches_any(const struct args *a, const struct pl_ast_paths *slots) {
    for (size_t i = 0; i < slots->n; i++)
        if (touches(a, &slots->v[i])) return true;
    return false;
}

/* An `ask` gives no other value by itself: it is passed over while its slot is filled. */
static bool changes(const struct args *a, const struct pl_fnode *n) {
    if (n->kind != PL_FNODE_STMT) return false;
    switch (n->stmt->kind) {
    case PL_STMT_SET: return touches(a, &n->stmt->set.slot);
    case PL_STMT_CALL: return touches(a, &n->stmt->call.result);
    case PL_STMT_DECIDE: return touches(a, &n->stmt->decide.slot);
    case PL_STMT_CLEAR: return touches_any(a, &n->stmt->clear);
    case PL_STMT_CHANGE: return touches_any(a, &n->stmt->change.slots);
    default: return false;
    }
}

/* ---- arguments from one flow to another ---- */

static bool everywhere(const struct pl_ast_expr *e) {
    if (e->kind != PL_EXPR_PATH) return e->kind >= PL_EXPR_NUMBER && e->kind <= PL_EXPR_BOOL;
    return e->path.n > 1 &&
           (pl_str_is(e->path.part[0].s, "session") || pl_str_is(e->path.part[0].s, "customer"));
}

static const struct pl_ast_expr *name_of(struct writes *w, const struct pl_ast_field *param) {
    struct pl_ast_expr *e = PL_NEW(w->g->arena, struct pl_ast_expr);
    struct pl_ast_name *part = PL_NEW(w->g->arena, struct pl_ast_name);
    *part = param->name;
    e->kind = PL_EXPR_PATH;
    e->span = param->name.span;
    e->path = (struct pl_ast_path){param->name.span, param->name.s, part, 1};
    return e;
}

/* Into a flow that takes `given`; false: a value cannot be followed. */
static bool into(struct writes *w, const struct args *a, const struct pl_ast_args *given,
                 uint32_t flow, struct args *out) {
    const struct pl_ast_params *params = &w->g->flow.v[flow].decl->flow.params;
    out->n = a->n;
    for (uint32_t i = 0; i < a->n; i++) {
        out->v[i] = everywhere(a->v[i]) ? a->v[i] : NULL;
        for (size_t k = 0; given && !out->v[i] && k < given->n && k < params->n; k++)
            if (pl_grammar__expr_eq(given->v[k], a->v[i])) out->v[i] = name_of(w, &params->v[k]);
        if (!out->v[i]) return false;
    }
    return true;
}

/* Back to a caller that gave `given`. */
static bool out_of(struct writes *w, const struct args *a, const struct pl_ast_args *given,
                   uint32_t flow, struct args *out) {
    const struct pl_ast_params *params = &w->g->flow.v[flow].decl->flow.params;
    out->n = a->n;
    for (uint32_t i = 0; i < a->n; i++) {
        out->v[i] = everywhere(a->v[i]) ? a->v[i] : NULL;
        for (size_t k = 0; !out->v[i] && k < given->n && k < params->n; k++)
            if (a->v[i]->kind == PL_EXPR_PATH && pl_str_eq(a->v[i]->path.s, params->v[k].name.s))
                out->v[i] = given->v[k];
        if (!out->v[i]) return false;
    }
    return true;
}

/* ---- the search ---- */

static void explore(struct writes *w, uint32_t depth);

static bool done_by(const struct pl_fedge *e) {
    if (e->kind == PL_FEDGE_GO) return true;
    return e->kind == PL_FEDGE_FAILURE && pl_str_find(e->word, PL_STR("unconfirmed")) != SIZE_MAX;
}

static bool agreed(const struct pl_fedge *e) {
    return e->kind == PL_FEDGE_YES || e->kind == PL_FEDGE_OPTION;
}

static void report(struct writes *w, uint32_t depth, uint32_t node) {
    const struct pl_fnode *first = &w->fg->nodes.v[w->write], *n = &w->fg->nodes.v[node];
    struct pl_diag *d = pl_diag1(w->g->diags, PL_D_WRITE_TWICE, n->stmt->head, first->hook->name);
    pl_grammar__node_note(w->g, d, w->write, "done or perhaps done here");
    for (uint32_t i = 0; i < depth; i++) {
        if (w->frame[i].round)
            pl_grammar__round_notes(&w->frame[i].walk, w->g, d, w->frame[i].round - 1);
        pl_grammar__walk_notes(&w->frame[i].walk, w->g, d, w->frame[i].exit);
    }
    pl_grammar__walk_notes(&w->frame[depth].walk, w->g, d, node);
    w->found = true;
}

/* Goes on in another flow; the notes of this frame end at the node where that begins. */
static void enter(struct writes *w, uint32_t depth, uint32_t edge, const struct args *a) {
    if (depth + 1 >= DEEP) return;
    struct frame *next = &w->frame[depth + 1];
    next->args = *a;
    next->round = 0;
    pl_grammar__walk_edge(&w->frame[depth].walk, edge);
    w->frame[depth].exit = w->fg->edges.v[edge].to;
    pl_grammar__walk_from(&next->walk, w->fg->edges.v[edge].to);
    explore(w, depth + 1);
}

static void to_callers(struct writes *w, uint32_t depth, uint32_t flow) {
    const struct pl_fnode *entry = &w->fg->nodes.v[w->fg->entry[flow]];
    for (uint32_t i = 0; i < entry->nin && i < CALLERS_MOST && !w->found; i++) {
        const struct pl_fedge *e = &w->fg->edges.v[w->fg->ins[entry->in + i]];
        const struct pl_fnode *from = &w->fg->nodes.v[e->from];
        const struct pl_ast_call *call = call_at(from);
        struct args a;
        if (e->kind != PL_FEDGE_CALL || !from->live || !call || depth + 1 >= DEEP) continue;
        if (!out_of(w, &w->frame[depth].args, &call->args, flow, &a) || changes(&a, from)) continue;
        struct frame *next = &w->frame[depth + 1];
        next->args = a;
        next->round = 0;
        w->frame[depth].exit = w->fg->entry[flow] + 1;
        pl_grammar__walk_from(&next->walk, e->from);
        pl_grammar__walk_next(&next->walk);
        for (uint32_t k = 0; k < from->nout; k++)
            if (w->fg->edges.v[w->fg->outs[from->out + k]].kind == PL_FEDGE_AFTER)
                pl_grammar__walk_edge(&next->walk, w->fg->outs[from->out + k]);
        explore(w, depth + 1);
    }
}

static void cross(struct writes *w, uint32_t depth, uint32_t edge) {
    const struct pl_fedge *e = &w->fg->edges.v[edge];
    const struct pl_fnode *from = &w->fg->nodes.v[e->from];
    const struct pl_ast_args *given = NULL;
    struct args a;
    if (call_at(from) && e->kind == PL_FEDGE_CALL) given = &from->stmt->call.args;
    if (e->kind == PL_FEDGE_GOTO) given = &from->stmt->goto_.args;
    if (into(w, &w->frame[depth].args, given, w->fg->nodes.v[e->to].flow, &a))
        enter(w, depth, edge, &a);
}

/* A call that is come to again is another run of the flow. */
static void call_again(struct writes *w, uint32_t depth, uint32_t edge) {
    struct frame *f = &w->frame[depth];
    const struct pl_fnode *n = &w->fg->nodes.v[f->walk.start];
    f->round = edge + 1;
    for (uint32_t i = 0; i < n->nout && !w->found; i++)
        if (w->fg->edges.v[w->fg->outs[n->out + i]].kind == PL_FEDGE_CALL)
            cross(w, depth, w->fg->outs[n->out + i]);
    if (!w->found) f->round = 0;
}

static void step(struct writes *w, uint32_t depth, uint32_t node) {
    const struct pl_fnode *n = &w->fg->nodes.v[node];
    for (uint32_t i = 0; i < n->nout && !w->found; i++) {
        uint32_t k = w->fg->outs[n->out + i];
        const struct pl_fedge *e = &w->fg->edges.v[k];
        if (agreed(e) || !pl_grammar__edge_open(w->fg, e)) continue;
        if (w->fg->nodes.v[e->to].kind == PL_FNODE_ENTRY)
            cross(w, depth, k);
        else if (depth && e->to == w->frame[depth].walk.start)
            call_again(w, depth, k);
        else
            pl_grammar__walk_edge(&w->frame[depth].walk, k);
    }
}

/* Everything from the frame's start on, in the frame's flow and those that it leads to. */
static void explore(struct writes *w, uint32_t depth) {
    struct frame *f = &w->frame[depth];
    uint32_t at;
    while (!w->found && (at = pl_grammar__walk_next(&f->walk)) != PL_NOWHERE) {
        const struct pl_fnode *n = &w->fg->nodes.v[at];
        bool same = is_write(n) && n->hook == w->fg->nodes.v[w->write].hook &&
                    same_args(&f->args, &n->stmt->call.args);
        if (same && (at != w->write || depth)) report(w, depth, at);
        if (n->kind == PL_FNODE_RETURN && f->walk.start != at) to_callers(w, depth, n->flow);
        if (!same && !changes(&f->args, n)) step(w, depth, at);
    }
}

static void begin(struct writes *w, uint32_t node) {
    const struct pl_fnode *n = &w->fg->nodes.v[node];
    struct frame *f = &w->frame[0];
    w->write = node;
    w->found = false;
    f->round = 0;
    f->args.n = (uint32_t)n->stmt->call.args.n;
    for (uint32_t i = 0; i < f->args.n; i++) f->args.v[i] = n->stmt->call.args.v[i];
    pl_grammar__walk_from(&f->walk, node);
    pl_grammar__walk_next(&f->walk);
    for (uint32_t i = 0; i < n->nout; i++)
        if (done_by(&w->fg->edges.v[w->fg->outs[n->out + i]]))
            pl_grammar__walk_edge(&f->walk, w->fg->outs[n->out + i]);
}

/* ---- going back to what was done ---- */

static void check_back(struct writes *w, uint32_t node) {
    struct frame *f = &w->frame[0];
    uint32_t at;
    begin(w, node);
    while ((at = pl_grammar__walk_next(&f->walk)) != PL_NOWHERE) {
        const struct pl_fnode *n = &w->fg->nodes.v[at];
        if (changes(&f->args, n)) continue;
        for (uint32_t i = 0; i < n->nout; i++) {
            uint32_t k = w->fg->outs[n->out + i];
            const struct pl_fedge *e = &w->fg->edges.v[k];
            bool leaves = w->fg->nodes.v[e->to].flow != n->flow ||
                          w->fg->nodes.v[e->to].kind == PL_FNODE_ENTRY;
            if (leaves || !pl_grammar__edge_open(w->fg, e)) continue;
            if (e->to != node) {
                pl_grammar__walk_edge(&f->walk, k);
                continue;
            }
            struct pl_diag *d =
                pl_diag1(w->g->diags, PL_D_WRITE_SAME, w->fg->nodes.v[node].stmt->head,
                         w->fg->nodes.v[node].hook->name);
            pl_grammar__round_notes(&f->walk, w->g, d, k);
            return;
        }
    }
}

void pl_grammar__prove_writes(struct pl_graph *g) {
    struct writes w = {.g = g, .fg = g->flowgraph};
    for (unsigned i = 0; i < DEEP; i++) pl_grammar__walk_init(&w.frame[i].walk, g);
    for (uint32_t i = 0; i < w.fg->nodes.n; i++) {
        if (!is_write(&w.fg->nodes.v[i])) continue;
        begin(&w, i);
        explore(&w, 0);
        check_back(&w, i);
    }
}
