/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of `answer` and `decide`: what the model is given and may call, and what it may cost. */
#include "grammar/check_priv.h"

/* ---- the budget ---- */

static struct pl_dec whole(int64_t n) {
    return (struct pl_dec){.m = n};
}

static void out_of_range(struct pl_check *c, const struct pl_ast_limit *l, const char *range) {
    pl_diag1(c->g->diags, PL_D_BUDGET_RANGE, l->span, pl_str_c(range));
}

static bool is_between(struct pl_dec d, int64_t least, int64_t most) {
    return pl_dec_cmp(d, whole(least)) >= 0 && pl_dec_cmp(d, whole(most)) <= 0 && d.scale == 0;
}

/* Of money only the ceiling is known: what a token costs is the provider's. */
static void check_money(struct pl_check *c, const struct pl_ast_limit *l) {
    struct pl_str own = c->g->assistant->assistant.currency.s;
    struct pl_str has = {l->currency, 3};
    if (l->amount.m <= 0 || l->amount.scale > 6 || pl_dec_cmp(l->amount, whole(100)) > 0)
        out_of_range(c, l, "0.000001 to 100 of the currency");
    else if (!pl_str_eq(own.n ? own : PL_STR("USD"), has))
        pl_diag2(c->g->diags, PL_D_BUDGET_CURRENCY, l->span, pl_grammar__str(c->g, "%.3s", has.p),
                 own.n ? own : PL_STR("USD"));
}

static void check_limit(struct pl_check *c, const struct pl_ast_limit *l) {
    switch (l->kind) {
    case PL_LIMIT_CALLS:
        if (!is_between(l->amount, 1, 20)) out_of_range(c, l, "1 to 20 calls");
        break;
    case PL_LIMIT_TOKENS:
        if (!is_between(l->amount, 1, 1000000)) out_of_range(c, l, "1 to 1000000 tokens");
        break;
    case PL_LIMIT_TIME:
        if (l->ms < 100 || l->ms > 60000) out_of_range(c, l, "100ms to 60s");
        break;
    case PL_LIMIT_MONEY: check_money(c, l); break;
    }
}

void pl_grammar__check_budget(struct pl_check *c, const struct pl_ast_limits *budget) {
    for (size_t i = 0; i < budget->n; i++) {
        const struct pl_ast_limit *l = &budget->v[i];
        bool twice = false;
        for (size_t k = 0; k < i; k++) twice = twice || budget->v[k].kind == l->kind;
        if (twice)
            out_of_range(c, l, "each kind of limit once");
        else
            check_limit(c, l);
    }
}

/* ---- what it is told ---- */

/* A text that goes to the model as it is written. */
void pl_grammar__check_plain(struct pl_graph *g, const struct pl_ast_text *text,
                             const char *where) {
    for (size_t i = 0; text && i < text->pieces.n; i++)
        if (text->pieces.v[i].kind != PL_PIECE_TEXT) {
            pl_diag1(g->diags, PL_D_TEXT_PLAIN, text->span, pl_str_c(where));
            return;
        }
}

void pl_grammar__check_givens(struct pl_check *c, const struct pl_ast_givens *givens) {
    for (size_t i = 0; i < givens->n; i++)
        pl_grammar__check_leak(c, pl_grammar__path_expr(&c->where, &givens->v[i].path), "a model");
}

void pl_grammar__check_never(struct pl_check *c, const struct pl_ast_texts *never) {
    for (size_t i = 0; i < never->n; i++) pl_grammar__check_plain(c->g, never->v[i], "`never`");
}

/* Without any article at all: said once, at the first. */
static void check_articles(struct pl_check *c, const struct pl_ast_number *top) {
    struct pl_graph *g = c->g;
    if (!c->aloud || g->articles_missed || g->input->articles || !g->host->knowledge) return;
    g->articles_missed = true;
    pl_diag(g->diags, PL_D_KB_NOTHING, top->span);
}

void pl_grammar__check_top(struct pl_check *c, const struct pl_ast_number *top) {
    if (top) check_articles(c, top);
    if (top && !is_between(top->n, 1, 10))
        pl_diag1(c->g->diags, PL_D_BUDGET_RANGE, top->span, PL_STR("1 to 10 passages"));
}

/* ---- tools ---- */

/* What a tool gives is read by the model. */
static void check_result(struct pl_check *c, const struct pl_symbol *hook,
                         const struct pl_ast_path *path) {
    struct pl_graph *g = c->g;
    if (!hook->decl->hook.result) return;
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

/* What only the customer or the shop knows is not the model's to fill in. */
static void check_params(struct pl_check *c, const struct pl_symbol *hook,
                         const struct pl_ast_path *path) {
    const struct pl_ast_params *params = &hook->decl->hook.params;
    for (size_t i = 0; i < params->n; i++) {
        if (!(params->v[i].type.quals & PL_SECRET)) continue;
        pl_diag2(c->g->diags, PL_D_TOOL_SECRET, path->span, hook->name, params->v[i].name.s);
        return;
    }
}

/* Can it stand in the question whether the tool is to be run? */
static bool is_shown(const struct pl_graph *g, struct pl_type t) {
    switch (pl_grammar__base(g, t)) {
    case PL_KIND_BOOL:
    case PL_KIND_RECORD:
    case PL_KIND_LIST:
    case PL_KIND_FILE:
    case PL_KIND_CARD:
    case PL_KIND_FLOW:
    case PL_KIND_SLOT:
    case PL_KIND_QUEUE: return false;
    default: return true;
    }
}

static void check_param(struct pl_check *c, const struct pl_symbol *hook,
                        const struct pl_ast_field *param, const struct pl_ast_path *path) {
    struct pl_graph *g = c->g;
    pl_grammar__mute(g);
    struct pl_type t = pl_grammar__type(g, &param->type, hook->name);
    if (c->aloud) pl_grammar__speak(g);
    struct pl_diag *d = NULL;
    if (!is_shown(g, t))
        d = pl_diag3(g->diags, PL_D_TOOL_UNSHOWN, path->span, hook->name, param->name.s,
                     pl_grammar__type_name(g, t));
    else if (!pl_grammar__param_title(g, param, t))
        d = pl_diag2(g->diags, PL_D_TOOL_PARAM_TITLE, path->span, hook->name, param->name.s);
    if (d) pl_diag_note(g->diags, d, param->span, "the parameter is here");
}

static struct pl_str in_words(struct pl_graph *g, struct pl_str name) {
    char *words = (char *)pl_grammar__str(g, "%.*s", PL_STR_ARG(name)).p;
    for (size_t i = 0; words[i]; i++)
        if (words[i] == '_' || words[i] == '.') words[i] = ' ';
    return pl_str_c(words);
}

/* The customer is asked before it writes: by its title and everything that it is given. */
static void check_action(struct pl_check *c, const struct pl_symbol *hook,
                         const struct pl_ast_path *path) {
    static const char *const flows[] = {"confirm_action", "action_declined", "action_done",
                                        "action_failed", "action_unconfirmed"};
    struct pl_graph *g = c->g;
    const struct pl_ast_hook *h = &hook->decl->hook;
    if (!h->title) {
        struct pl_str words = in_words(g, hook->name);
        struct pl_diag *d = pl_diag1(g->diags, PL_D_TOOL_TITLE, path->span, hook->name);
        pl_diag_note(g->diags, d, hook->decl->head, "the hook is here");
        pl_diag_fix_below(g->diags, d, PL_FIX_UNSAFE, hook->decl->head,
                          pl_grammar__str(g, "title \"%.*s\"", PL_STR_ARG(words)),
                          "add: title \"%.*s\"", PL_STR_ARG(words));
    }
    for (size_t i = 0; i < h->params.n; i++)
        if (!(h->params.v[i].type.quals & PL_SECRET)) check_param(c, hook, &h->params.v[i], path);
    for (size_t i = 0; h->title && i < PL_LEN(flows); i++) {
        if (pl_grammar__find(&g->flows, pl_str_c(flows[i]))) continue;
        pl_diag1(g->diags, PL_D_PRELUDE_MISSING, path->span, pl_str_c(flows[i]));
        return;
    }
}

void pl_grammar__check_tool(struct pl_check *c, const struct pl_ast_path *path) {
    struct pl_symbol *hook = pl_grammar__need(c->g, &c->g->hooks, path->s, path->span);
    if (!hook) return;
    if (hook->decl->hook.effect == PL_EFFECT_WRITE_ONCE) check_action(c, hook, path);
    check_params(c, hook, path);
    check_result(c, hook, path);
}

/* ---- decisions ---- */

static bool is_closed_set(const struct pl_graph *g, struct pl_type t) {
    return t.kind == PL_KIND_NONE || t.kind == PL_KIND_BOOL || pl_grammar__is_enum(g, t);
}

void pl_grammar__check_decided(struct pl_check *c, const struct pl_ast_decide *d,
                               const struct pl_graph_slot *slot) {
    if (slot && !is_closed_set(c->g, slot->type))
        pl_diag1(c->g->diags, PL_D_DECIDE_OPEN, d->type.span,
                 pl_grammar__type_name(c->g, slot->type));
}
