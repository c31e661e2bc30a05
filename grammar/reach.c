/* SPDX-License-Identifier: Apache-2.0
 *
 * Does every wait leave a way to a person? Proved on the code: from the wait, over all it can do
 * next, to a hand-over. Flows of the prelude are exempt; what a called flow's caller does then is
 * the caller's business. */
#include "grammar/graph.h"

struct reach {
    struct pl_graph *g;
    const struct pl_program *p;
    bool *human;    /* by flow: its code may hand over */
    bool *called;   /* by flow: somebody waits for its return */
    uint32_t *seen; /* by address: the walk that came by last */
    uint32_t walk;
    uint32_t *todo;
    uint32_t ntodo;
    uint32_t flow; /* whose code is walked */
};

static void visit(struct reach *r, uint32_t at) {
    if (at >= r->p->ncode || r->seen[at] == r->walk) return;
    r->seen[at] = r->walk;
    r->todo[r->ntodo++] = at;
}

static bool visit_options(struct reach *r, uint32_t wait) {
    for (uint32_t i = 0; i < r->p->noptions; i++) {
        const struct pl_p_option *o = &r->p->options[i];
        if (o->wait != wait) continue;
        if (o->kind == PL_OPT_BLOCK) visit(r, o->code);
        if (o->kind == PL_OPT_FLOW && (o->flow == PL_NOWHERE || r->human[o->flow])) return true;
    }
    return false;
}

static bool visit_wait(struct reach *r, uint32_t wait) {
    const struct pl_p_wait *w = &r->p->waits[wait];
    visit(r, w->next);
    visit(r, w->els);
    visit(r, w->no);
    visit(r, w->otherwise);
    return visit_options(r, wait);
}

static void visit_hook(struct reach *r, const struct pl_p_call *c) {
    visit(r, c->next);
    for (uint32_t i = 0; i < c->nfailures; i++) visit(r, c->failures[i].code);
}

static void visit_table(struct reach *r, uint32_t at, uint32_t n, uint32_t step) {
    for (uint32_t i = 0; i < n; i++) visit(r, r->p->code[at + 1 + i * step]);
}

/* What follows a word; true when a person does. */
static bool follow(struct reach *r, uint32_t at) {
    uint32_t word = r->p->code[at], arg = PL_WORD_ARG(word);
    switch ((enum pl_op)PL_WORD_OP(word)) {
    case PL_OP_HANDOFF: return true;
    case PL_OP_DONE:
    case PL_OP_END:
    case PL_OP_PASS: return false;
    case PL_OP_RETURN: return r->called[r->flow];
    case PL_OP_GOTO_FLOW: return r->human[r->p->calls[arg].callee];
    case PL_OP_CALL_FLOW:
    case PL_OP_CALL_VALUE: visit(r, at + 1); return r->human[r->p->calls[arg].callee];
    case PL_OP_CALL_HOOK: visit_hook(r, &r->p->calls[arg]); return false;
    case PL_OP_ASK:
    case PL_OP_CONFIRM:
    case PL_OP_CHOOSE: return visit_wait(r, arg);
    case PL_OP_BACK:
        visit(r, r->p->backs[arg].to);
        visit(r, r->p->backs[arg].els);
        return false;
    case PL_OP_JUMP: visit(r, arg); return false;
    case PL_OP_PICK: visit_table(r, at, arg, 1); return false;
    case PL_OP_EXPERIMENT: visit_table(r, at, arg, 2); return false;
    case PL_OP_ITER_NEXT:
        visit(r, r->p->code[at + 1]);
        visit(r, at + 2);
        return false;
    case PL_OP_JUMP_FALSE:
    case PL_OP_JUMP_TRUE:
    case PL_OP_AND:
    case PL_OP_OR: visit(r, arg); break;
    default: break;
    }
    visit(r, at + 1);
    return false;
}

static bool walk(struct reach *r, uint32_t flow, uint32_t from) {
    r->walk++;
    r->ntodo = 0;
    r->flow = flow;
    visit(r, from);
    while (r->ntodo)
        if (follow(r, r->todo[--r->ntodo])) return true;
    return false;
}

static void note_calls(struct reach *r) {
    for (uint32_t i = 0; i < r->p->nflows; i++)
        for (uint32_t at = r->p->flows[i].entry; at < r->p->flows[i].end; at++) {
            uint32_t word = r->p->code[at];
            if (PL_WORD_OP(word) == PL_OP_CALL_FLOW && PL_WORD_ARG(word) < r->p->ncalls &&
                r->p->calls[PL_WORD_ARG(word)].callee < r->p->nflows)
                r->called[r->p->calls[PL_WORD_ARG(word)].callee] = true;
        }
}

static void find_humans(struct reach *r) {
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < r->p->nflows; i++) {
            if (r->human[i] || !walk(r, i, r->p->flows[i].entry)) continue;
            r->human[i] = more = true;
        }
    }
}

void pl_grammar__reach(struct pl_graph *g, const struct pl_program *p) {
    struct reach r = {.g = g, .p = p};
    r.human = PL_NEW_ARRAY(g->arena, bool, (size_t)p->nflows + 1);
    r.called = PL_NEW_ARRAY(g->arena, bool, (size_t)p->nflows + 1);
    r.seen = PL_NEW_ARRAY(g->arena, uint32_t, (size_t)p->ncode + 1);
    r.todo = PL_NEW_ARRAY(g->arena, uint32_t, (size_t)p->ncode + 1);
    note_calls(&r);
    bool *called = r.called; /* who returns proves nothing about himself */
    r.called = PL_NEW_ARRAY(g->arena, bool, (size_t)p->nflows + 1);
    find_humans(&r);
    r.called = called;
    for (uint32_t i = 0; i < p->nwaits; i++) {
        const struct pl_p_wait *w = &p->waits[i];
        if (w->kind == PL_WAIT_SLEEP || p->flows[w->flow].prelude) continue;
        if (!walk(&r, w->flow, w->at)) pl_diag(g->diags, PL_D_NO_HUMAN, g->wait_spans.v[i]);
    }
}
