/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of what is private or secret: it is put only into what is marked alike, and reaches no
 * model, no statistics and no reason. marks.c follows it through a flow's own slots. */
#include "grammar/check_priv.h"

/* What is marked is put only into what is marked alike; locals take the mark. */
void pl_grammar__check_kept(struct pl_check *c, uint8_t quals, struct pl_span at,
                            struct pl_str name, const struct pl_ast_path *path,
                            const struct pl_graph_slot *slot) {
    uint8_t has = slot->type.quals, lost = quals & (uint8_t)~has;
    if (has & PL_SECRET) lost &= (uint8_t)~PL_PRIVATE;
    if (lost & (PL_PRIVATE | PL_SECRET))
        pl_diag3(c->g->diags, PL_D_MARK_LOST, at, name.n ? name : PL_STR("this value"),
                 lost & PL_SECRET ? PL_STR("secret") : PL_STR("private"), path->s);
}

/* What is marked must not reach `where`. */
void pl_grammar__check_leak(struct pl_check *c, const struct pl_tx *x, const char *where) {
    uint8_t quals = x->type.quals;
    if (x->kind == PL_TX_BAD || !(quals & (PL_PRIVATE | PL_SECRET))) return;
    pl_diag3(c->g->diags, PL_D_LEAK, x->span, x->name.n ? x->name : PL_STR("this value"),
             quals & PL_SECRET ? PL_STR("secret") : PL_STR("private"), pl_str_c(where));
}

void pl_grammar__check_inside(struct pl_check *c, const struct pl_ast_text *text) {
    c->where.agents = true;
    pl_grammar__check_text(&c->where, text);
    c->where.agents = false;
}

/* The values that a text prints. A secret one is reported as that by the check of the text. */
void pl_grammar__check_text_leak(struct pl_check *c, const struct pl_ast_pieces *pieces,
                                 const char *where) {
    for (size_t i = 0; i < pieces->n; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        for (size_t k = 0; k < p->branches.n; k++)
            pl_grammar__check_text_leak(c, &p->branches.v[k].pieces, where);
        if (p->kind != PL_PIECE_VALUE) continue;
        pl_grammar__mute(c->g);
        struct pl_tx *x = pl_grammar__expr(&c->where, p->expr, NULL);
        if (c->aloud) pl_grammar__speak(c->g);
        if (!(x->type.quals & PL_SECRET)) pl_grammar__check_leak(c, x, where);
    }
}
