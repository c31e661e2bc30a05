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

void pl_grammar__check_givens(struct pl_check *c, const struct pl_ast_givens *givens) {
    for (size_t i = 0; i < givens->n; i++)
        pl_grammar__check_leak(c, pl_grammar__path_expr(&c->where, &givens->v[i].path), "a model");
}

/* What a tool gives is read by the model. */
void pl_grammar__check_tool(struct pl_check *c, const struct pl_ast_path *path) {
    struct pl_graph *g = c->g;
    struct pl_symbol *hook = pl_grammar__need(g, &g->hooks, path->s, path->span);
    if (!hook || !hook->decl->hook.result) return;
    pl_grammar__mute(g);
    struct pl_type t = pl_grammar__type(g, hook->decl->hook.result, hook->name);
    if (c->aloud) pl_grammar__speak(g);
    if (t.kind == PL_KIND_LIST) t = pl_grammar__item(g, t);
    if (t.kind != PL_KIND_RECORD) return;
    const struct pl_graph_def *def = &g->defs.v[t.def];
    for (uint32_t i = 0; i < def->row.nfields; i++) {
        uint8_t quals = def->fields[i].type.quals;
        if (!(quals & (PL_PRIVATE | PL_SECRET))) continue;
        struct pl_str name = pl_grammar__str(g, "%.*s of %.*s", PL_STR_ARG(def->fields[i].name),
                                             PL_STR_ARG(hook->name));
        pl_diag3(g->diags, PL_D_LEAK, path->span, name,
                 quals & PL_SECRET ? PL_STR("secret") : PL_STR("private"), PL_STR("a model"));
        return;
    }
}
