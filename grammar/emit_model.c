/* SPDX-License-Identifier: Apache-2.0
 *
 * `answer` and `decide` to code: the row that says what the model gets, the values it is given, the
 * word that asks it, and the ways on. */
#include <string.h>

#include "grammar/emit_priv.h"

#define CALLS                                                                                      \
    2 /* where the budget names none: an answer, and what it takes to look something up            \
       */

/* ---- the row ---- */

static uint32_t millionths(struct pl_dec d) {
    int64_t m = d.m;
    for (unsigned i = d.scale; i < 6; i++) m *= 10;
    return (uint32_t)m;
}

static void budget(struct pl_p_model *row, const struct pl_ast_limits *limits) {
    row->calls = CALLS;
    row->within_ms = PL_MODEL_WITHIN_MS;
    for (size_t i = 0; i < limits->n; i++) {
        const struct pl_ast_limit *l = &limits->v[i];
        switch (l->kind) {
        case PL_LIMIT_CALLS: row->calls = (uint32_t)l->amount.m; break;
        case PL_LIMIT_TOKENS: row->tokens = (uint32_t)l->amount.m; break;
        case PL_LIMIT_TIME: row->within_ms = (uint32_t)l->ms; break;
        case PL_LIMIT_MONEY:
            row->micro = millionths(l->amount);
            memcpy(row->currency, l->currency, sizeof row->currency);
            break;
        }
    }
}

static const uint32_t *tools(struct pl_emit *x, const struct pl_ast_paths *paths) {
    uint32_t *rows = PL_NEW_ARRAY(x->g->arena, uint32_t, paths->n + 1);
    for (size_t i = 0; i < paths->n; i++)
        rows[i] = pl_grammar__find(&x->g->hooks, paths->v[i].s)->index;
    return rows;
}

static const struct pl_str *never(struct pl_emit *x, const struct pl_ast_texts *texts) {
    struct pl_str *rows = PL_NEW_ARRAY(x->g->arena, struct pl_str, texts->n + 1);
    for (size_t i = 0; i < texts->n; i++) rows[i] = texts->v[i]->s;
    return rows;
}

static uint32_t prompt(struct pl_emit *x, const struct pl_ast_name *name, enum pl_model_kind kind) {
    return pl_grammar__prompt_row(x->g, pl_grammar__prompt(x->g, name, kind));
}

/* ---- code ---- */

static uint32_t put_about(struct pl_emit *x, struct pl_ast_text *text) {
    struct pl_graph *g = x->g;
    uint32_t row = pl_grammar__text(&x->where, PL_STR(""), text);
    g->texts.v[row].words = false; /* for the model: not translated */
    for (size_t i = 0; i < g->texts.v[row].args.n; i++)
        pl_grammar__put_expr(x, g->texts.v[row].args.v[i].expr, NULL);
    return row;
}

static const struct pl_p_given *put_givens(struct pl_emit *x, const struct pl_ast_givens *givens) {
    struct pl_p_given *rows = PL_NEW_ARRAY(x->g->arena, struct pl_p_given, givens->n + 1);
    for (size_t i = 0; i < givens->n; i++) {
        const struct pl_tx *tx = pl_grammar__path_expr(&x->where, &givens->v[i].path);
        rows[i] = (struct pl_p_given){givens->v[i].path.s, tx->type};
        pl_grammar__put_tx(x, tx);
    }
    return rows;
}

/* The word that asks, then a jump over the branches; gives the row's number. */
static uint32_t put_model(struct pl_emit *x, struct pl_p_model row) {
    struct pl_graph *g = x->g;
    uint32_t index = (uint32_t)g->models.n;
    row.flow = x->index;
    row.at = pl_grammar__put(x, PL_OP_MODEL, index);
    row.next = pl_grammar__put(x, PL_OP_JUMP, 0);
    PL_AST_ADD(g->arena, &g->models, row);
    return index;
}

static uint32_t put_branch(struct pl_emit *x, const struct pl_ast_block *b, uint32_t next,
                           const char *name) {
    pl_grammar__way_into(x, b, name);
    return pl_grammar__put_code(x, b, next);
}

void pl_grammar__put_answer(struct pl_emit *x, const struct pl_ast_answer *a) {
    struct pl_p_model row = {.kind = PL_MODEL_ANSWER,
                             .passages = a->top ? (uint32_t)a->top->n.m : 0,
                             .about = PL_NOWHERE,
                             .ngiven = (uint32_t)a->given.n,
                             .ntools = (uint32_t)a->tools.n,
                             .tools = tools(x, &a->tools),
                             .nnever = (uint32_t)a->never.n,
                             .never = never(x, &a->never),
                             .slot = PL_NOWHERE};
    row.id = pl_grammar__wait_id(x, a->id.s, PL_STR("answer"));
    budget(&row, &a->budget);
    row.prompt = prompt(x, &a->prompt, PL_MODEL_ANSWER);
    row.given = put_givens(x, &a->given);
    uint32_t index = put_model(x, row), next = x->g->models.v[index].next;
    uint32_t unsure = put_branch(x, a->unsure, next, "unsure");
    uint32_t down = put_branch(x, a->down, next, "down");
    x->g->models.v[index].unsure = unsure;
    x->g->models.v[index].down = down;
    pl_grammar__land(x, next);
}

void pl_grammar__put_decide(struct pl_emit *x, const struct pl_ast_decide *d) {
    size_t parts;
    struct pl_p_model row = {.kind = PL_MODEL_DECIDE, .ngiven = (uint32_t)d->from.n};
    row.slot = pl_grammar__slot_ref(x->g, x->flow, &d->slot, &parts);
    row.type = pl_grammar__slot_at(x->g, x->flow, row.slot)->type;
    row.type.optional = false;
    row.id = pl_grammar__wait_id(x, PL_STR(""), d->slot.s);
    budget(&row, &d->budget);
    row.prompt = prompt(x, &d->prompt, PL_MODEL_DECIDE);
    row.about = put_about(x, d->about);
    row.given = put_givens(x, &d->from);
    uint32_t index = put_model(x, row), next = x->g->models.v[index].next;
    uint32_t none = put_branch(x, d->none, next, "none");
    x->g->models.v[index].unsure = x->g->models.v[index].down = none;
    pl_grammar__land(x, next);
}
