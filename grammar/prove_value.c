/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditions that are decided before they are asked.
 *
 * Each flow is gone through along its statements with what its conditions have told so far: inside
 * an arm that it holds, after an arm that leaves that it does not. What may have another value by
 * then is forgotten: a slot when something is put into it or it is cleared, the facts and the slots
 * of session and customer wherever the bot waits or another flow runs, and everything at a `mark`
 * (a `back` may have led there). A condition that the rest decides is reported with the line that
 * decides it: one of its branches is never taken. */
#include "grammar/assume.h"
#include "grammar/flowgraph.h"

struct values {
    struct pl_graph *g;
    struct pl_graph_flow *flow;
    struct pl_assumed known;
};

/* Gives whether a way leads out of its end. */
static bool body(struct values *v, const struct pl_ast_block *b);

/* ---- conditions ---- */

static struct pl_tx *typed(struct values *v, struct pl_ast_expr *e) {
    struct pl_known none = {0};
    struct pl_where w = {.g = v->g, .flow = v->flow, .known = &none};
    pl_grammar__mute(v->g);
    struct pl_tx *x = pl_grammar__condition(&w, e);
    pl_grammar__speak(v->g);
    return x;
}

static struct pl_tx *condition(struct values *v, struct pl_ast_expr *e) {
    struct pl_tx *x = typed(v, e);
    enum pl_truth t = pl_grammar__read(&v->known, x);
    if (t == PL_OPEN) return x;
    struct pl_diag *d = pl_diag1(v->g->diags, PL_D_DECIDED, e->span,
                                 t == PL_TRUE ? PL_STR("true") : PL_STR("false"));
    if (v->known.because.end > v->known.because.start)
        pl_diag_note(v->g->diags, d, v->known.because, "decided by this: %.*s",
                     PL_STR_ARG(pl_grammar__words_at(v->g, v->known.because)));
    return x;
}

static void line_condition(struct values *v, struct pl_ast_expr *e) {
    if (e) condition(v, e);
}

static void parts(struct values *v, const struct pl_ast_parts *list) {
    for (size_t i = 0; i < list->n; i++) {
        const struct pl_ast_part *p = list->v[i];
        line_condition(v, p->cond);
        if (p->kind == PL_PART_CARD) parts(v, &p->card);
        if (p->kind == PL_PART_EACH || p->kind == PL_PART_CARDS) {
            pl_grammar__unsuppose(&v->known, p->each.each.var.s);
            parts(v, &p->each.parts);
        }
    }
}

static void prompt(struct values *v, const struct pl_ast_prompt *p) {
    for (size_t i = 0; i < p->says.n; i++) {
        line_condition(v, p->says.v[i].line.cond);
        parts(v, &p->says.v[i].parts);
    }
}

/* ---- what changes ---- */

static void changed(struct values *v, const struct pl_ast_path *slot) {
    if (slot->n) pl_grammar__unsuppose(&v->known, slot->s);
}

static void time_passes(struct values *v) {
    static const char *const names[] = {
        "session.",
        "customer.",
#define FACT(name, word, kind, optional) word,
#include "runtime/program/fact.def"
#undef FACT
    };
    for (size_t i = 0; i < PL_LEN(names); i++) pl_grammar__unsuppose(&v->known, pl_str_c(names[i]));
}

/* A block on a way of its own: what it assumed is forgotten, what it changed is not. */
static bool branch(struct values *v, const struct pl_ast_block *b) {
    size_t mark = v->known.v.n;
    bool on = !b || body(v, b);
    v->known.v.n = mark;
    return on;
}

/* ---- statements ---- */

static bool repair(struct values *v, const struct pl_ast_repair *r) {
    bool on = r->otherwise && branch(v, r->otherwise);
    return (r->else_block && branch(v, r->else_block)) || on;
}

static bool choices(struct values *v, const struct pl_ast_choices *list) {
    bool on = false;
    for (size_t i = 0; i < list->n; i++) {
        const struct pl_ast_choice *o = list->v[i];
        size_t mark = v->known.v.n;
        if (o->kind == PL_CHOICE_EACH) {
            pl_grammar__unsuppose(&v->known, o->each.each.var.s);
            on |= choices(v, &o->each.choices);
        } else {
            line_condition(v, o->option.cond);
            if (o->option.target.kind != PL_TARGET_FLOW) on |= branch(v, o->option.body);
        }
        v->known.v.n = mark;
    }
    return on;
}

static bool ask(struct values *v, const struct pl_ast_ask *a) {
    for (size_t i = 0; i < a->prompts.n; i++) prompt(v, &a->prompts.v[i]);
    choices(v, &a->choices);
    time_passes(v);
    changed(v, &a->slot);
    repair(v, &a->repair);
    return true;
}

static bool confirm(struct values *v, const struct pl_ast_confirm *k) {
    parts(v, &k->parts);
    time_passes(v);
    if (k->no) branch(v, k->no);
    repair(v, &k->repair);
    return true;
}

static bool choose(struct values *v, const struct pl_ast_choose *k) {
    parts(v, &k->parts);
    time_passes(v);
    bool on = choices(v, &k->choices);
    return repair(v, &k->repair) || on;
}

static bool call(struct values *v, const struct pl_ast_call *k) {
    if (!pl_grammar__find(&v->g->hooks, k->callee.s)) time_passes(v);
    changed(v, &k->result);
    for (size_t i = 0; i < k->failures.n; i++) branch(v, k->failures.v[i].block);
    return true;
}

/* An arm that leaves tells the rest that its condition does not hold. */
static bool if_arms(struct values *v, const struct pl_ast_if *k) {
    size_t before = v->known.v.n;
    bool on = false, all_leave = true;
    for (size_t i = 0; i < k->arms.n; i++) {
        struct pl_tx *x = condition(v, k->arms.v[i].cond);
        size_t mark = v->known.v.n;
        pl_grammar__suppose(&v->known, x, true);
        bool arm = body(v, k->arms.v[i].block);
        v->known.v.n = mark;
        pl_grammar__suppose(&v->known, x, false);
        on |= arm;
        all_leave = all_leave && !arm;
    }
    bool rest = !k->else_block || body(v, k->else_block);
    if (!all_leave) v->known.v.n = before;
    return on || rest;
}

/* As a comparison: the value is one of the arm's names. */
static struct pl_tx *arm_condition(struct values *v, const struct pl_ast_match *k,
                                   const struct pl_ast_name *name) {
    struct pl_ast_expr *member = PL_NEW(v->g->arena, struct pl_ast_expr);
    struct pl_ast_expr *is = PL_NEW(v->g->arena, struct pl_ast_expr);
    struct pl_ast_name *part = PL_NEW(v->g->arena, struct pl_ast_name);
    bool yes = pl_str_is(name->s, "true"), no = pl_str_is(name->s, "false");
    *part = *name;
    member->kind = yes || no ? PL_EXPR_BOOL : PL_EXPR_PATH;
    member->span = is->span = name->span;
    if (yes || no)
        member->yes = yes;
    else
        member->path = (struct pl_ast_path){name->span, name->s, part, 1};
    is->kind = PL_EXPR_BINARY;
    is->binary.op = PL_AST_OP_IS;
    is->binary.op_span = name->span;
    is->binary.left = k->expr;
    is->binary.right = member;
    return typed(v, is);
}

static bool match(struct values *v, const struct pl_ast_match *k) {
    bool on = false;
    for (size_t i = 0; i < k->arms.n; i++) {
        const struct pl_ast_names *names = &k->arms.v[i].names;
        size_t mark = v->known.v.n;
        for (size_t n = 0; n < names->n; n++) {
            struct pl_tx *x = arm_condition(v, k, &names->v[n]);
            if (pl_grammar__read(&v->known, x) == PL_FALSE) {
                struct pl_diag *d =
                    pl_diag1(v->g->diags, PL_D_DECIDED, names->v[n].span, PL_STR("false"));
                pl_diag_note(v->g->diags, d, v->known.because, "decided by this: %.*s",
                             PL_STR_ARG(pl_grammar__words_at(v->g, v->known.because)));
            }
            if (names->n == 1) pl_grammar__suppose(&v->known, x, true);
        }
        on |= body(v, k->arms.v[i].block);
        v->known.v.n = mark;
    }
    return (k->else_block && branch(v, k->else_block)) || on;
}

static bool handoff(struct values *v, const struct pl_ast_handoff *h) {
    bool offer = h->mode == PL_AST_HANDOFF_OFFER;
    if (offer) time_passes(v);
    if (h->closed) branch(v, h->closed);
    if (h->declined) return branch(v, h->declined);
    return offer || h->mode == PL_AST_HANDOFF_CALLBACK || h->mode == PL_AST_HANDOFF_MESSAGE;
}

static bool set(struct values *v, const struct pl_ast_stmt *s) {
    changed(v, &s->set.slot);
    return true;
}

static bool experiment(struct values *v, const struct pl_ast_experiment *e) {
    bool on = false;
    for (size_t i = 0; i < e->variants.n; i++) on |= branch(v, e->variants.v[i].block);
    return on;
}

static bool wait(struct values *v, const struct pl_ast_wait *w) {
    time_passes(v);
    for (size_t i = 0; i < w->params.n; i++) pl_grammar__unsuppose(&v->known, w->params.v[i].s);
    if (w->else_block) branch(v, w->else_block);
    return true;
}

static bool model(struct values *v, const struct pl_ast_stmt *s) {
    if (s->kind == PL_STMT_DECIDE) {
        changed(v, &s->decide.slot);
        if (s->decide.none) branch(v, s->decide.none);
    } else {
        if (s->answer.unsure) branch(v, s->answer.unsure);
        if (s->answer.down) branch(v, s->answer.down);
    }
    return true;
}

static bool statement(struct values *v, const struct pl_ast_stmt *s) {
    switch (s->kind) {
    case PL_STMT_SAY:
        line_condition(v, s->say.line.cond);
        parts(v, &s->say.parts);
        return true;
    case PL_STMT_ANY_OF: prompt(v, &s->any_of); return true;
    case PL_STMT_ASK: return ask(v, &s->ask);
    case PL_STMT_CONFIRM: return confirm(v, &s->confirm);
    case PL_STMT_CHOOSE: return choose(v, &s->choose);
    case PL_STMT_CALL: return call(v, &s->call);
    case PL_STMT_ANSWER:
    case PL_STMT_DECIDE: return model(v, s);
    case PL_STMT_IF: return if_arms(v, &s->if_);
    case PL_STMT_MATCH: return match(v, &s->match);
    case PL_STMT_EXPERIMENT: return experiment(v, &s->experiment);
    case PL_STMT_HANDOFF: return handoff(v, &s->handoff);
    case PL_STMT_SET: return set(v, s);
    case PL_STMT_CLEAR:
        for (size_t i = 0; i < s->clear.n; i++) changed(v, &s->clear.v[i]);
        return true;
    case PL_STMT_MARK:
        for (size_t i = 0; i < v->known.v.n; i++)
            v->known.v.v[i].dead |= v->known.v.v[i].span.end > 0;
        return true;
    case PL_STMT_WAIT: return wait(v, &s->wait);
    case PL_STMT_BACK:
        if (s->back.else_block) branch(v, s->back.else_block);
        return false;
    case PL_STMT_CHANGE:
        if (s->change.else_block) branch(v, s->change.else_block);
        return false;
    case PL_STMT_GOTO:
    case PL_STMT_END:
    case PL_STMT_RETURN:
    case PL_STMT_PASS: return false;
    default: return true;
    }
}

static bool body(struct values *v, const struct pl_ast_block *b) {
    for (size_t i = 0; i < b->n; i++)
        if (!statement(v, b->v[i])) return false;
    return true;
}

void pl_grammar__prove_values(struct pl_graph *g) {
    struct values v = {.g = g};
    pl_grammar__assumed_init(&v.known, g);
    size_t facts = v.known.v.n;
    for (size_t i = 0; i < g->flow.n; i++) {
        v.flow = &g->flow.v[i];
        v.known.v.n = facts;
        if (v.flow->decl->flow.body) body(&v, v.flow->decl->flow.body);
    }
}
