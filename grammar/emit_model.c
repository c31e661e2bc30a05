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

/* ---- tools that write ---- */

struct ways { /* addresses */
    uint32_t next, down, again;
};

static uint32_t put_told(struct pl_emit *x, const char *flow, uint32_t to) {
    uint32_t at = pl_grammar__here(x);
    pl_grammar__put_speak(x, flow);
    pl_grammar__put(x, PL_OP_JUMP, to);
    return at;
}

/* Whatever it fails with is said by the prelude, then the model has the name of it; what it cannot
 * help with leads to `down`. */
static void put_failures(struct pl_emit *x, const struct pl_graph_action *k, uint32_t call,
                         const struct ways *to) {
    struct pl_graph *g = x->g;
    const struct pl_ast_names *fails = &k->hook->decl->hook.fails;
    struct pl_p_failure *rows = PL_NEW_ARRAY(g->arena, struct pl_p_failure, fails->n + 2);
    uint32_t n = 0;
    if (fails->n) pl_grammar__way(x, k->at, "it fails");
    uint32_t failed = fails->n ? put_told(x, "action_failed", to->again) : PL_NOWHERE;
    for (size_t i = 0; i < fails->n; i++) rows[n++] = (struct pl_p_failure){fails->v[i].s, failed};
    pl_grammar__way(x, k->at, "unavailable");
    rows[n++] =
        (struct pl_p_failure){PL_STR("unavailable"), put_told(x, "action_failed", to->down)};
    pl_grammar__way(x, k->at, "unconfirmed");
    rows[n++] =
        (struct pl_p_failure){PL_STR("unconfirmed"), put_told(x, "action_unconfirmed", to->next)};
    g->calls.v[call].failures = rows;
    g->calls.v[call].nfailures = n;
}

static uint32_t local(const struct pl_emit *x, struct pl_str name) {
    return PL_SLOT(PL_SCOPE_LOCAL, pl_grammar__slot(&x->flow->slots, name));
}

/* The question; what is put next is done when the answer is yes. */
static void put_question(struct pl_emit *x, const struct pl_graph_action *k, struct pl_str id,
                         const struct ways *to) {
    static const struct pl_ast_repair usual = {0};
    struct pl_graph *g = x->g;
    uint32_t wait = pl_grammar__begin_wait(
        x, PL_OP_CONFIRM, PL_WAIT_CONFIRM,
        pl_grammar__count_id(
            x, pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(id), PL_STR_ARG(k->hook->name))));
    uint32_t at = pl_grammar__action_prompt(x, k, wait);
    g->waits.v[wait].has_options = pl_grammar__yes_no(g) != PL_NOWHERE;
    g->waits.v[wait].prompt = at;
    pl_grammar__way(x, k->at, "no");
    g->waits.v[wait].no = put_told(x, "action_declined", to->next);
    pl_grammar__end_wait(x, wait, &usual);
}

static void put_action(struct pl_emit *x, const struct pl_graph_action *k, struct pl_str id,
                       const struct ways *to, struct pl_p_action *row) {
    struct pl_graph *g = x->g;
    const struct pl_ast_hook *h = &k->hook->decl->hook;
    uint32_t n = (uint32_t)h->params.n;
    uint32_t *slots = PL_NEW_ARRAY(g->arena, uint32_t, n + 1);
    *row = (struct pl_p_action){.hook = k->hook->index, .nslots = n, .slots = slots};
    pl_grammar__way(x, k->at, "proposed");
    row->code = pl_grammar__here(x);
    put_question(x, k, id, to);
    for (uint32_t i = 0; i < n; i++) {
        slots[i] = local(x, k->args[i]);
        pl_grammar__put(x, PL_OP_LOAD, slots[i]);
    }
    struct pl_p_call call = {.callee = k->hook->index, .nargs = n, .result = PL_NOWHERE};
    if (k->result.n) call.result = local(x, k->result);
    call.id = pl_grammar__count_id(x, k->hook->name);
    PL_AST_ADD(g->arena, &g->calls, call);
    row->call = (uint32_t)g->calls.n - 1;
    pl_grammar__put(x, PL_OP_CALL_HOOK, row->call);
    g->calls.v[row->call].next = put_told(x, "action_done", to->again);
    put_failures(x, k, row->call, to);
}

/* The turn's second question is asked here, for all of its tools. */
static void put_actions(struct pl_emit *x, const struct pl_ast_answer *a, uint32_t model,
                        uint32_t down) {
    struct pl_graph *g = x->g;
    uint32_t n = 0;
    while (pl_grammar__action(g, a, n)) n++;
    if (n == 0) return;
    struct pl_p_action *rows = PL_NEW_ARRAY(g->arena, struct pl_p_action, n);
    struct ways to = {.next = g->models.v[model].next, .down = down, .again = pl_grammar__here(x)};
    put_givens(x, &a->given);
    g->models.v[model].again = pl_grammar__put(x, PL_OP_MODEL_AGAIN, model);
    pl_grammar__put(x, PL_OP_JUMP, to.next);
    for (uint32_t i = 0; i < n; i++)
        put_action(x, pl_grammar__action(g, a, i), g->models.v[model].id, &to, &rows[i]);
    g->models.v[model].actions = rows;
    g->models.v[model].nactions = n;
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
    put_actions(x, a, index, down);
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
