/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of questions: what can be asked for, what options give, and the flows of the prelude that
 * the runtime lets speak for a question. */
#include "grammar/check_priv.h"

/* ---- what can be asked for ---- */

/* Kinds of which a message can hold several that are told apart. */
static bool recognised(const struct pl_graph *g, struct pl_type type) {
    if (pl_grammar__def(g, type)) return type.kind != PL_KIND_RECORD;
    switch (type.kind) {
    case PL_KIND_BOOL:
    case PL_KIND_TEXT:
    case PL_KIND_FILE:
    case PL_KIND_CARD: return false;
    default: return true;
    }
}

static void check_accept(struct pl_check *c, const struct pl_ast_ask *a, bool file) {
    static const struct pl_str kinds[] = {
        {"image", 5}, {"pdf", 3}, {"audio", 5}, {"video", 5}, {"text", 4}};
    if (a->accept.n && !file) pl_diag(c->g->diags, PL_D_ACCEPT_FILE, a->accept.v[0].span);
    for (size_t i = 0; i < a->accept.n && file; i++) {
        const struct pl_ast_name *name = &a->accept.v[i];
        bool known = false;
        for (size_t k = 0; k < PL_LEN(kinds); k++) known |= pl_str_eq(kinds[k], name->s);
        if (known) continue;
        struct pl_diag *d = pl_diag1(c->g->diags, PL_D_ACCEPT_KIND, name->span, name->s);
        pl_diag_nearest(c->g->diags, d, name->span, name->s, kinds, PL_LEN(kinds));
    }
}

static bool is_opposite(const struct pl_ast_expr *a, const struct pl_ast_expr *b) {
    return a && b && a->kind == PL_EXPR_NOT && pl_grammar__expr_eq(a->operand, b);
}

/* Some line of the question has no condition, or two have opposite ones. */
static bool surely_speaks(const struct pl_ast_ask *a) {
    for (size_t i = 0; i < a->prompts.n; i++) {
        const struct pl_ast_expr *cond = a->prompts.v[i].says.v[0].line.cond;
        for (size_t k = 0; k < a->prompts.v[i].says.n; k++)
            if (!a->prompts.v[i].says.v[k].line.cond) return true;
        for (size_t k = 0; k < a->prompts.n; k++)
            if (is_opposite(a->prompts.v[k].says.v[0].line.cond, cond)) return true;
    }
    return false;
}

static void check_prompts(struct pl_check *c, const struct pl_ast_ask *a, struct pl_span head) {
    if (!a->prompts.n && !pl_grammar__find(&c->g->flows, PL_STR("ask_for")))
        pl_diag(c->g->diags, PL_D_NO_PROMPT, head);
    if (a->prompts.n && !surely_speaks(a)) pl_diag(c->g->diags, PL_D_SILENT_ASK, head);
}

void pl_grammar__check_askable(struct pl_check *c, const struct pl_ast_ask *a, struct pl_type type,
                               struct pl_span head) {
    struct pl_graph *g = c->g;
    enum pl_kind k = pl_grammar__base(g, type);
    check_prompts(c, a, head);
    if (k == PL_KIND_NONE) return;
    check_accept(c, a, k == PL_KIND_FILE);
    if (a->choices.n) return;
    if (k == PL_KIND_LIST && !recognised(g, pl_grammar__item(g, type)))
        pl_diag1(g->diags, PL_D_LIST_ITEM, a->slot.span,
                 pl_grammar__type_name(g, pl_grammar__item(g, type)));
    if (k == PL_KIND_RECORD || k == PL_KIND_SLOT || k == PL_KIND_FLOW || k == PL_KIND_QUEUE ||
        k == PL_KIND_ANY)
        pl_diag2(g->diags, PL_D_TYPE, a->slot.span, PL_STR("a value that can be said"),
                 pl_grammar__type_name(g, type));
}

/* ---- options ---- */

void pl_grammar__check_value_option(struct pl_check *c, const struct pl_ast_choice *o,
                                    struct pl_type type, bool in_loop) {
    struct pl_value v;
    pl_grammar__check_text(&c->where, o->option.label);
    pl_grammar__check_label(c, o->option.label);
    pl_grammar__check_id(c, &o->option.id, pl_grammar__has_words(o->option.label));
    if (o->option.body || o->option.target.kind != PL_TARGET_NONE)
        pl_diag(c->g->diags, PL_D_ASK_LOOP_BODY, o->span);
    else if (!in_loop && type.kind != PL_KIND_NONE &&
             !pl_grammar__option_value(c->g, type, o->option.label, &v))
        pl_diag1(c->g->diags, PL_D_OPTION_VALUE, o->option.label->span,
                 pl_grammar__type_name(c->g, type));
}

/* ---- flows that only speak ---- */

static void check_spoken(struct pl_graph *g, struct pl_str flow, const struct pl_ast_block *b) {
    for (size_t i = 0; b && i < b->n; i++) {
        const struct pl_ast_stmt *s = b->v[i];
        switch (s->kind) {
        case PL_STMT_SAY:
        case PL_STMT_ANY_OF:
        case PL_STMT_NOTE: break;
        case PL_STMT_IF:
            for (size_t k = 0; k < s->if_.arms.n; k++)
                check_spoken(g, flow, s->if_.arms.v[k].block);
            check_spoken(g, flow, s->if_.else_block);
            break;
        case PL_STMT_MATCH:
            for (size_t k = 0; k < s->match.arms.n; k++)
                check_spoken(g, flow, s->match.arms.v[k].block);
            check_spoken(g, flow, s->match.else_block);
            break;
        default: pl_diag1(g->diags, PL_D_SPEAKS_ONLY, s->head, flow); break;
        }
    }
}

void pl_grammar__check_spoken(struct pl_graph *g) {
    static const char *const names[] = {"ask_for",           "card_seen",   "confirm_action",
                                        "action_declined",   "action_done", "action_failed",
                                        "action_unconfirmed"};
    for (size_t i = 0; i < PL_LEN(names); i++) {
        struct pl_symbol *s = pl_grammar__find(&g->flows, pl_str_c(names[i]));
        if (s) check_spoken(g, s->name, s->decl->flow.body);
    }
    struct pl_symbol *which = pl_grammar__find(&g->flows, PL_STR("change_which"));
    if (which && g->flow.v[which->index].result.kind != PL_KIND_SLOT)
        pl_diag(g->diags, PL_D_CHANGE_RESULT, which->decl->name.span);
}
