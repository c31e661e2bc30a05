/* SPDX-License-Identifier: Apache-2.0
 *
 * `on change move` against the program that runs now: a conversation that stands where the new one
 * has nothing any more cannot move. */
#include "grammar/check_priv.h"

static void gone(struct pl_graph *g, const struct pl_ast_decl *d, struct pl_str what) {
    pl_diag2(g->diags, PL_D_MOVE_LOST, d->flow.on_change_at, d->name.s, what);
}

static bool has_wait(const struct pl_program *p, uint32_t flow, const struct pl_p_wait *w,
                     uint32_t *at) {
    for (uint32_t i = 0; i < p->nwaits; i++) {
        *at = i;
        if (p->waits[i].flow == flow && p->waits[i].kind == w->kind &&
            pl_str_eq(p->waits[i].id, w->id))
            return true;
    }
    return false;
}

static bool has_option(const struct pl_program *p, uint32_t wait, struct pl_str id) {
    for (uint32_t i = 0; i < p->noptions; i++)
        if (p->options[i].wait == wait && pl_str_eq(p->options[i].id, id)) return true;
    return false;
}

static void compare_waits(struct pl_graph *g, const struct pl_ast_decl *d,
                          const struct pl_program *old, uint32_t from, const struct pl_program *p,
                          uint32_t flow) {
    for (uint32_t i = 0; i < old->nwaits; i++) {
        const struct pl_p_wait *w = &old->waits[i];
        uint32_t now;
        if (w->flow != from) continue;
        if (!has_wait(p, flow, w, &now)) {
            gone(g, d, pl_grammar__str(g, "@%.*s", PL_STR_ARG(w->id)));
            continue;
        }
        for (uint32_t k = 0; k < old->noptions; k++)
            if (old->options[k].wait == i && !has_option(p, now, old->options[k].id))
                gone(g, d, pl_grammar__str(g, "@%.*s", PL_STR_ARG(old->options[k].id)));
    }
}

static bool has_mark(const struct pl_program *p, const struct pl_p_flow *f, struct pl_str name) {
    for (uint32_t at = f->entry; at < f->end; at += 1 + pl_op_extra(p->code[at]))
        if (PL_WORD_OP(p->code[at]) == PL_OP_MARK &&
            pl_str_eq(p->consts[PL_WORD_ARG(p->code[at])].s, name))
            return true;
    return false;
}

static void compare_marks(struct pl_graph *g, const struct pl_ast_decl *d,
                          const struct pl_program *old, const struct pl_p_flow *was,
                          const struct pl_program *p, const struct pl_p_flow *f) {
    for (uint32_t at = was->entry; at < was->end; at += 1 + pl_op_extra(old->code[at])) {
        if (PL_WORD_OP(old->code[at]) != PL_OP_MARK) continue;
        struct pl_str name = old->consts[PL_WORD_ARG(old->code[at])].s;
        if (!has_mark(p, f, name))
            gone(g, d, pl_grammar__str(g, "the mark %.*s", PL_STR_ARG(name)));
    }
}

void pl_grammar__check_change(struct pl_graph *g, const struct pl_program *p) {
    const struct pl_program *old = g->input->previous;
    for (uint32_t k = 0; old && k < old->nflows; k++)
        for (uint32_t i = 0; i < p->nflows; i++) {
            if (!pl_str_eq(p->flows[i].name, old->flows[k].name)) continue;
            if (p->flows[i].on_change != PL_CHANGE_MOVE) continue;
            const struct pl_ast_decl *d = g->flow.v[i].decl;
            compare_waits(g, d, old, k, p, i);
            compare_marks(g, d, old, &old->flows[k], p, &p->flows[i]);
        }
}
