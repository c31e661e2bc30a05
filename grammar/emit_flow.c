/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows: statements to code. Where the language leaves something out (an `else`, a branch for
 * `unavailable`, an offer's question) it is written out here, so that the VM has no defaults. */
#include "grammar/emit_priv.h"

#define HERE(x) pl_grammar__here(x)
#define PUT     pl_grammar__put

static uint32_t prelude_flow(struct pl_graph *g, const char *name) {
    struct pl_symbol *s = pl_grammar__find(&g->flows, pl_str_c(name));
    pl_assert(s);
    return s->index;
}

/* ---- hand-over ---- */

static struct pl_p_handoff handoff_row(struct pl_emit *x, const struct pl_ast_handoff *h) {
    struct pl_graph *g = x->g;
    struct pl_p_handoff row = {.mode = PL_HANDOFF_NOW,
                               .queue = PL_NOWHERE,
                               .queue_slot = PL_NOWHERE,
                               .priority = h->priority.s,
                               .because = PL_NOWHERE,
                               .closed = PL_NOWHERE};
    if (h->mode == PL_AST_HANDOFF_CALLBACK) row.mode = PL_HANDOFF_CALLBACK;
    if (h->mode == PL_AST_HANDOFF_MESSAGE) row.mode = PL_HANDOFF_MESSAGE;
    if (!h->to.s.n) return row;
    uint32_t slot = pl_grammar__slot(&x->flow->slots, h->to.s);
    struct pl_symbol *queue = pl_grammar__find(&g->queues, h->to.s);
    if (slot != PL_NOWHERE && x->flow->slots.v[slot].type.kind == PL_KIND_QUEUE)
        row.queue_slot = PL_SLOT(PL_SCOPE_LOCAL, slot);
    else if (queue)
        row.queue = queue->index;
    return row;
}

static uint32_t put_handoff_row(struct pl_emit *x, const struct pl_ast_handoff *h) {
    struct pl_graph *g = x->g;
    struct pl_p_handoff row = handoff_row(x, h);
    if (h->because) {
        /* a note for the agent: not translated */
        row.because = pl_grammar__text(&x->where, PL_STR(""), h->because);
        g->texts.v[row.because].words = false;
        for (size_t i = 0; i < g->texts.v[row.because].args.n; i++)
            pl_grammar__put_expr(x, g->texts.v[row.because].args.v[i].expr, NULL);
    }
    PL_AST_ADD(g->arena, &g->handoffs, row);
    uint32_t index = (uint32_t)g->handoffs.n - 1;
    PUT(x, PL_OP_HANDOFF, index);
    return index;
}

/* `offer` asks by the prelude's flow; who declines goes on. */
static void put_offer(struct pl_emit *x, const struct pl_ast_handoff *h) {
    uint32_t call = pl_grammar__flow_call(x, prelude_flow(x->g, "offer_person"), 0, PL_NOWHERE);
    PUT(x, PL_OP_CALL_VALUE, call);
    uint32_t declined = PUT(x, PL_OP_JUMP_FALSE, 0);
    put_handoff_row(x, h);
    pl_grammar__land(x, declined);
    if (!h->declined) return;
    pl_grammar__way_into(x, h->declined, "declined");
    pl_grammar__put_block(x, h->declined);
}

static void put_handoff(struct pl_emit *x, const struct pl_ast_handoff *h) {
    if (h->mode == PL_AST_HANDOFF_OFFER) {
        put_offer(x, h);
        return;
    }
    uint32_t row = put_handoff_row(x, h);
    if (!h->closed) return;
    x->g->handoffs.v[row].closed = HERE(x);
    pl_grammar__way_into(x, h->closed, "closed");
    pl_grammar__put_block(x, h->closed);
    PUT(x, PL_OP_END, 1); /* handed over or not, it leaves */
}

/* ---- what values are made from ---- */

static void note_sources(struct pl_emit *x, uint32_t to, const struct pl_tx *tx) {
    if (!tx || to == PL_NOWHERE) return;
    if (tx->kind == PL_TX_SLOT)
        PL_AST_ADD(x->g->arena, &x->sources, ((struct pl_emit_source){to, tx->ref}));
    note_sources(x, to, tx->a);
    note_sources(x, to, tx->b);
    for (uint32_t i = 0; i < tx->nitems; i++) note_sources(x, to, tx->items[i]);
}

static void note_source(struct pl_emit *x, uint32_t to, struct pl_ast_expr *e) {
    note_sources(x, to, pl_grammar__expr(&x->where, e, NULL));
}

static void note_arguments(struct pl_emit *x, uint32_t to, const struct pl_ast_args *args) {
    for (size_t i = 0; i < args->n; i++) note_source(x, to, args->v[i]);
}

static void note_loops(struct pl_emit *x, uint32_t to, const struct pl_ast_choices *choices) {
    for (size_t i = 0; i < choices->n; i++) {
        if (choices->v[i]->kind != PL_CHOICE_EACH) continue;
        note_source(x, to, choices->v[i]->each.each.list);
        note_loops(x, to, &choices->v[i]->each.choices);
    }
}

/* A call stands among the slots by a number that none of them has. */
static uint32_t call_number(uint32_t call) {
    return UINT32_C(0xff) << 24 | call;
}

static bool add_slot(uint32_t *v, uint32_t *n, uint32_t slot) {
    for (uint32_t i = 0; i < *n; i++)
        if (v[i] == slot) return false;
    v[(*n)++] = slot;
    return true;
}

static bool is_asked(const struct pl_emit *x, uint32_t slot) {
    for (size_t i = 0; i < x->g->waits.n; i++)
        if (x->g->waits.v[i].flow == x->index && x->g->waits.v[i].kind == PL_WAIT_ASK &&
            x->g->waits.v[i].slot == slot)
            return true;
    return false;
}

/* The asked slots from which a write's arguments come, over calls and `set`. */
static void close_slots(struct pl_emit *x, uint32_t call) {
    struct pl_graph *g = x->g;
    uint32_t *all = PL_NEW_ARRAY(g->arena, uint32_t, x->sources.n + 2), n = 1, nasked = 0;
    uint32_t *asked = PL_NEW_ARRAY(g->arena, uint32_t, x->sources.n + 1);
    all[0] = call_number(call);
    for (uint32_t k = 0; k < n; k++)
        for (size_t i = 0; i < x->sources.n; i++)
            if (x->sources.v[i].to == all[k]) add_slot(all, &n, x->sources.v[i].from);
    for (uint32_t k = 1; k < n; k++)
        if (is_asked(x, all[k])) asked[nasked++] = all[k];
    g->calls.v[call].slots = asked;
    g->calls.v[call].nslots = nasked;
}

/* ---- questions ---- */

/* A flow that itself offers a person cannot offer one when its question fails. */
static bool offers_itself(const struct pl_emit *x) {
    struct pl_str name = x->flow->decl->name.s;
    return x->flow->result.kind != PL_KIND_NONE || pl_str_is(name, "offer_person") ||
           pl_str_is(name, "agent_unavailable");
}

static uint32_t default_else(struct pl_emit *x) {
    if (x->default_else != PL_NOWHERE) return x->default_else;
    x->default_else = HERE(x);
    if (offers_itself(x)) {
        PUT(x, PL_OP_RETURN, 0);
        return x->default_else;
    }
    const struct pl_ast_handoff offer = {.mode = PL_AST_HANDOFF_OFFER};
    put_offer(x, &offer);
    PUT(x, PL_OP_END, 1);
    return x->default_else;
}

uint32_t pl_grammar__put_code(struct pl_emit *x, const struct pl_ast_block *b, uint32_t join) {
    uint32_t at = HERE(x);
    pl_grammar__put_block(x, b);
    PUT(x, PL_OP_JUMP, join);
    return at;
}

struct pl_str pl_grammar__wait_id(struct pl_emit *x, struct pl_str id, struct pl_str otherwise) {
    if (id.n) return pl_grammar__count_id(x, id);
    return pl_grammar__count_id(x, pl_grammar__str(x->g, "%.*s.%.*s",
                                                   PL_STR_ARG(x->flow->decl->name.s),
                                                   PL_STR_ARG(otherwise)));
}

/* The row, and the words that stand at it: op, then a jump over what belongs to it. */
uint32_t pl_grammar__begin_wait(struct pl_emit *x, enum pl_op op, enum pl_wait_kind kind,
                                struct pl_str id) {
    struct pl_graph *g = x->g;
    struct pl_p_wait w = {.kind = (uint8_t)kind, .id = id, .flow = x->index, .tries = 3};
    w.slot = w.entity = w.prompt = w.els = w.no = w.otherwise = PL_NOWHERE;
    w.at = PUT(x, op, (uint32_t)g->waits.n);
    w.next = HERE(x);
    if (kind != PL_WAIT_SLEEP) PUT(x, PL_OP_JUMP, 0);
    PL_AST_ADD(g->arena, &g->waits, w);
    PL_AST_ADD(g->arena, &g->wait_spans, x->span);
    return (uint32_t)g->waits.n - 1;
}

static void put_again(struct pl_emit *x, uint32_t wait, const struct pl_ast_repair *r) {
    uint32_t *again = PL_NEW_ARRAY(x->g->arena, uint32_t, r->again.n + 1);
    for (size_t i = 0; i < r->again.n; i++) again[i] = pl_grammar__line_block(x, &r->again.v[i]);
    struct pl_p_wait *w = &x->g->waits.v[wait];
    w->again = again;
    w->nagain = (uint32_t)r->again.n;
    if (r->tries) w->tries = (uint32_t)r->tries->n.m;
}

void pl_grammar__end_wait(struct pl_emit *x, uint32_t wait, const struct pl_ast_repair *r) {
    uint32_t next = x->g->waits.v[wait].next, at;
    if (r->otherwise) {
        pl_grammar__way_into(x, r->otherwise, "otherwise");
        at = pl_grammar__put_code(x, r->otherwise, next);
        x->g->waits.v[wait].otherwise = at;
    }
    pl_grammar__way_into(x, r->else_block, "else");
    at = r->else_block ? pl_grammar__put_code(x, r->else_block, next) : default_else(x);
    x->g->waits.v[wait].els = at;
    pl_grammar__land(x, next);
}

static void put_checks(struct pl_emit *x, uint32_t wait, const struct pl_ast_ask *a) {
    struct pl_p_check *checks = PL_NEW_ARRAY(x->g->arena, struct pl_p_check, a->checks.n + 1);
    for (size_t i = 0; i < a->checks.n; i++) {
        checks[i].cond = HERE(x);
        pl_grammar__put_condition(x, a->checks.v[i].cond);
        PUT(x, PL_OP_DONE, 0);
        pl_grammar__way(x, a->checks.v[i].span, "check refused");
        checks[i].refuse = pl_grammar__line_block(x, &a->checks.v[i].otherwise);
    }
    x->g->waits.v[wait].checks = checks;
    x->g->waits.v[wait].nchecks = (uint32_t)a->checks.n;
}

static struct pl_str prompt_id(const struct pl_ast_ask *a) {
    for (size_t i = a->prompts.n; i > 0; i--)
        if (a->prompts.v[i - 1].says.n && a->prompts.v[i - 1].says.v[0].line.id.s.n)
            return a->prompts.v[i - 1].says.v[0].line.id.s;
    return PL_STR("");
}

static const struct pl_str *accepted(struct pl_emit *x, const struct pl_ast_names *names,
                                     uint32_t *n) {
    struct pl_str *v = PL_NEW_ARRAY(x->g->arena, struct pl_str, names->n + 1);
    for (size_t i = 0; i < names->n; i++) v[i] = names->v[i].s;
    *n = (uint32_t)names->n;
    return v;
}

static void put_ask(struct pl_emit *x, const struct pl_ast_ask *a) {
    struct pl_graph *g = x->g;
    size_t parts;
    uint32_t slot = pl_grammar__slot_ref(g, x->flow, &a->slot, &parts), at;
    struct pl_type type = pl_grammar__slot_at(g, x->flow, slot)->type;
    uint32_t wait = pl_grammar__begin_wait(x, PL_OP_ASK, PL_WAIT_ASK,
                                           pl_grammar__wait_id(x, prompt_id(a), a->slot.s));
    struct pl_p_wait *w = &g->waits.v[wait];
    w->slot = slot;
    w->type = type;
    w->optional = a->optional;
    w->confirm_corrections = a->confirm_corrections;
    struct pl_type item = type.kind == PL_KIND_LIST ? pl_grammar__item(g, type) : type;
    w->listed = a->choices.n > 0;
    w->has_options = w->listed || pl_grammar__is_enum(g, item) ||
                     (type.kind == PL_KIND_BOOL && pl_grammar__yes_no(g) != PL_NOWHERE);
    if (pl_grammar__def(g, item)) w->entity = g->defs.v[item.def].entity;
    w->accept = accepted(x, &a->accept, &w->naccept);
    note_loops(x, slot, &a->choices);
    at = pl_grammar__ask_prompt(x, a, wait);
    g->waits.v[wait].prompt = at;
    put_again(x, wait, &a->repair);
    put_checks(x, wait, a);
    pl_grammar__end_wait(x, wait, &a->repair);
}

/* ---- confirm: which slots it shows ---- */

static void show_tx(struct pl_graph *g, struct pl_p_wait *w, const struct pl_tx *tx) {
    for (; tx->kind == PL_TX_FIELD; tx = tx->a) continue;
    if (tx->kind != PL_TX_SLOT) return;
    for (uint32_t i = 0; i < w->shown; i++)
        if (w->shows[i] == tx->ref) return;
    uint32_t *shows = PL_NEW_ARRAY(g->arena, uint32_t, (size_t)w->shown + 1);
    for (uint32_t i = 0; i < w->shown; i++) shows[i] = w->shows[i];
    shows[w->shown++] = tx->ref;
    w->shows = shows;
}

/* All texts that were made since `from` belong to the question. */
static void note_shown(struct pl_emit *x, uint32_t wait, size_t from) {
    struct pl_graph *g = x->g;
    for (size_t i = from; i < g->texts.n; i++)
        for (size_t k = 0; k < g->texts.v[i].args.n; k++)
            show_tx(g, &g->waits.v[wait],
                    pl_grammar__expr(&x->where, g->texts.v[i].args.v[k].expr, NULL));
}

static void put_confirm(struct pl_emit *x, const struct pl_ast_confirm *c) {
    struct pl_graph *g = x->g;
    uint32_t wait = pl_grammar__begin_wait(x, PL_OP_CONFIRM, PL_WAIT_CONFIRM,
                                           pl_grammar__wait_id(x, c->line.id.s, PL_STR("confirm")));
    size_t texts = g->texts.n;
    uint32_t at = pl_grammar__confirm_prompt(x, c, wait);
    g->waits.v[wait].has_options = pl_grammar__yes_no(g) != PL_NOWHERE;
    g->waits.v[wait].prompt = at;
    note_shown(x, wait, texts);
    put_again(x, wait, &c->repair);
    pl_grammar__way_into(x, c->no, "no");
    at = pl_grammar__put_code(x, c->no, g->waits.v[wait].next);
    g->waits.v[wait].no = at;
    pl_grammar__end_wait(x, wait, &c->repair);
}

/* ---- choose ---- */

static void put_option_code(struct pl_emit *x, const struct pl_ast_choice *c, uint32_t join) {
    struct pl_graph *g = x->g;
    const struct pl_ast_target *t = &c->option.target;
    uint32_t at = HERE(x), row = PL_NOWHERE;
    for (size_t i = 0; i < x->options.n; i++)
        if (x->options.v[i].choice == c) row = x->options.v[i].row;
    if (g->options.v[row].kind != PL_OPT_BLOCK) return;
    if (t->kind == PL_TARGET_FLOW) {
        uint32_t n, flow = pl_grammar__find(&g->flows, t->flow.s)->index;
        const struct pl_type *params = pl_grammar__params(g, flow, &n);
        pl_grammar__put_args(x, &t->args, params, n);
        PUT(x, PL_OP_GOTO_FLOW, pl_grammar__flow_call(x, flow, n, PL_NOWHERE));
    } else {
        if (c->option.body) pl_grammar__put_block(x, c->option.body);
        PUT(x, PL_OP_JUMP, join);
    }
    g->options.v[row].code = at;
}

static void put_option_codes(struct pl_emit *x, const struct pl_ast_choices *choices,
                             uint32_t join) {
    for (size_t i = 0; i < choices->n; i++) {
        if (choices->v[i]->kind == PL_CHOICE_EACH)
            put_option_codes(x, &choices->v[i]->each.choices, join);
        else
            put_option_code(x, choices->v[i], join);
    }
}

static void put_choose(struct pl_emit *x, const struct pl_ast_choose *c) {
    struct pl_graph *g = x->g;
    uint32_t wait = pl_grammar__begin_wait(x, PL_OP_CHOOSE, PL_WAIT_CHOOSE,
                                           pl_grammar__wait_id(x, c->line.id.s, PL_STR("choose")));
    uint32_t at = pl_grammar__choose_prompt(x, c, wait);
    g->waits.v[wait].prompt = at;
    put_again(x, wait, &c->repair);
    put_option_codes(x, &c->choices, g->waits.v[wait].next);
    pl_grammar__end_wait(x, wait, &c->repair);
}

static const struct pl_p_bind *binds(struct pl_emit *x, const struct pl_ast_wait *w,
                                     const struct pl_symbol *event) {
    const struct pl_ast_params *params = &event->decl->event.params;
    struct pl_p_bind *rows = PL_NEW_ARRAY(x->g->arena, struct pl_p_bind, w->params.n + 1);
    for (size_t i = 0; i < w->params.n; i++) {
        for (uint32_t k = 0; k < params->n; k++)
            if (pl_str_eq(params->v[k].name.s, w->params.v[i].s)) rows[i].param = k;
        rows[i].slot = PL_SLOT(PL_SCOPE_LOCAL, pl_grammar__slot(&x->flow->slots, w->params.v[i].s));
    }
    return rows;
}

static void put_wait_for(struct pl_emit *x, const struct pl_ast_wait *w) {
    struct pl_graph *g = x->g;
    struct pl_value most = {.kind = PL_KIND_DURATION, .duration = w->duration.ms};
    const struct pl_symbol *event = pl_grammar__find(&g->events, w->event.s);
    PUT(x, PL_OP_CONST, pl_grammar__const(g, most));
    uint32_t wait = pl_grammar__begin_wait(x, PL_OP_AWAIT, PL_WAIT_AWAIT,
                                           pl_grammar__wait_id(x, w->id.s, PL_STR("wait")));
    uint32_t next = g->waits.v[wait].next, late = next;
    pl_grammar__way_into(x, w->else_block, "else");
    if (w->else_block) late = pl_grammar__put_code(x, w->else_block, next);
    g->waits.v[wait].event = event->index;
    g->waits.v[wait].binds = binds(x, w, event);
    g->waits.v[wait].nbinds = (uint32_t)w->params.n;
    g->waits.v[wait].els = late;
    pl_grammar__land(x, next);
}

static void put_wait(struct pl_emit *x, const struct pl_ast_wait *w) {
    if (w->kind == PL_WAIT_EVENT) {
        put_wait_for(x, w);
        return;
    }
    if (w->kind == PL_WAIT_DURATION) {
        struct pl_value v = {.kind = PL_KIND_DURATION, .duration = w->duration.ms};
        PUT(x, PL_OP_CONST, pl_grammar__const(x->g, v));
    } else {
        pl_grammar__put_expr(x, w->until, NULL);
    }
    pl_grammar__begin_wait(x, PL_OP_SLEEP, PL_WAIT_SLEEP,
                           pl_grammar__wait_id(x, w->id.s, PL_STR("wait")));
}

/* ---- calls ---- */

static uint32_t result_slot(struct pl_emit *x, const struct pl_ast_call *c) {
    size_t parts;
    return c->result.n ? pl_grammar__slot_ref(x->g, x->flow, &c->result, &parts) : PL_NOWHERE;
}

static struct pl_symbol *called_hook(struct pl_graph *g, const struct pl_ast_call *c) {
    return pl_grammar__find(&g->hooks, c->callee.s);
}

static void put_call_flow(struct pl_emit *x, const struct pl_ast_call *c) {
    uint32_t n, flow = pl_grammar__find(&x->g->flows, c->callee.s)->index;
    const struct pl_type *params = pl_grammar__params(x->g, flow, &n);
    pl_grammar__put_args(x, &c->args, params, n);
    note_arguments(x, result_slot(x, c), &c->args);
    PUT(x, PL_OP_CALL_FLOW, pl_grammar__flow_call(x, flow, n, result_slot(x, c)));
}

static void put_goto(struct pl_emit *x, struct pl_str name, const struct pl_ast_args *args) {
    uint32_t n, flow = pl_grammar__find(&x->g->flows, name)->index;
    const struct pl_type *params = pl_grammar__params(x->g, flow, &n);
    pl_grammar__put_args(x, args, params, n);
    PUT(x, PL_OP_GOTO_FLOW, pl_grammar__flow_call(x, flow, n, PL_NOWHERE));
}

/* As it is written: "not_found, closed". */
static const char *arm_name(struct pl_graph *g, const struct pl_ast_arm *arm) {
    struct pl_str s = arm->names.v[0].s;
    for (size_t i = 1; i < arm->names.n; i++)
        s = pl_grammar__str(g, "%.*s, %.*s", PL_STR_ARG(s), PL_STR_ARG(arm->names.v[i].s));
    return pl_grammar__str(g, "%.*s", PL_STR_ARG(s)).p;
}

/* Every failure of the hook by name, and where it goes on. */
static void put_failures(struct pl_emit *x, const struct pl_ast_call *c, uint32_t call, bool pure) {
    struct pl_graph *g = x->g;
    size_t n = 1;
    for (size_t i = 0; i < c->failures.n; i++) n += c->failures.v[i].names.n;
    struct pl_p_failure *rows = PL_NEW_ARRAY(g->arena, struct pl_p_failure, n);
    uint32_t count = 0, next = g->calls.v[call].next;
    bool unavailable = false;
    for (size_t i = 0; i < c->failures.n; i++) {
        const struct pl_ast_arm *arm = &c->failures.v[i];
        pl_grammar__way(x, arm->span, arm_name(g, arm));
        uint32_t code = pl_grammar__put_code(x, arm->block, next);
        for (size_t k = 0; k < arm->names.n; k++) {
            rows[count++] = (struct pl_p_failure){arm->names.v[k].s, code};
            unavailable |= pl_str_is(arm->names.v[k].s, "unavailable");
        }
    }
    if (!unavailable && !pure) {
        const struct pl_ast_args none = {0};
        rows[count++] = (struct pl_p_failure){PL_STR("unavailable"), HERE(x)};
        put_goto(x, PL_STR("system_down"), &none);
    }
    g->calls.v[call].failures = rows;
    g->calls.v[call].nfailures = count;
}

static void put_call_hook(struct pl_emit *x, const struct pl_ast_call *c, struct pl_symbol *hook) {
    struct pl_graph *g = x->g;
    const struct pl_ast_hook *h = &hook->decl->hook;
    uint32_t n = (uint32_t)h->params.n;
    struct pl_type *params = PL_NEW_ARRAY(g->arena, struct pl_type, n + 1);
    for (uint32_t i = 0; i < n; i++)
        params[i] = pl_grammar__type(g, &h->params.v[i].type,
                                     pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(hook->name),
                                                     PL_STR_ARG(h->params.v[i].name.s)));
    pl_grammar__put_args(x, &c->args, params, n);
    struct pl_p_call row = {.callee = hook->index, .nargs = n, .result = result_slot(x, c)};
    row.id = pl_grammar__count_id(x, hook->name);
    PL_AST_ADD(g->arena, &g->calls, row);
    uint32_t call = (uint32_t)g->calls.n - 1;
    note_arguments(x, row.result, &c->args);
    if (h->effect == PL_EFFECT_WRITE_ONCE) {
        note_arguments(x, call_number(call), &c->args);
        PL_AST_ADD(g->arena, &x->writes, call);
    }
    PUT(x, PL_OP_CALL_HOOK, call);
    uint32_t next = PUT(x, PL_OP_JUMP, 0);
    g->calls.v[call].next = next;
    put_failures(x, c, call, h->effect == PL_EFFECT_PURE);
    pl_grammar__land(x, next);
}

static void put_call(struct pl_emit *x, const struct pl_ast_call *c) {
    struct pl_symbol *hook = called_hook(x->g, c);
    if (hook)
        put_call_hook(x, c, hook);
    else
        put_call_flow(x, c);
}

static void put_track(struct pl_emit *x, struct pl_str name, const struct pl_ast_args *args) {
    struct pl_p_call row = {.id = name, .callee = PL_NOWHERE, .result = PL_NOWHERE};
    row.nargs = (uint32_t)args->n;
    for (size_t i = 0; i < args->n; i++) pl_grammar__put_expr(x, args->v[i], NULL);
    PL_AST_ADD(x->g->arena, &x->g->calls, row);
    PUT(x, PL_OP_TRACK, (uint32_t)x->g->calls.n - 1);
}

/* ---- branches ---- */

static void put_if(struct pl_emit *x, const struct pl_ast_if *s) {
    uint32_t *ends = PL_NEW_ARRAY(x->g->arena, uint32_t, s->arms.n + 1), skip = 0;
    for (size_t i = 0; i < s->arms.n; i++) {
        skip = pl_grammar__guard(x, s->arms.v[i].cond);
        pl_grammar__put_block(x, s->arms.v[i].block);
        ends[i] = PUT(x, PL_OP_JUMP, 0);
        pl_grammar__land(x, skip);
    }
    if (s->else_block)
        pl_grammar__way_from(x, s->else_block->v[0]->span, skip, "else");
    else
        pl_grammar__way_from(x, s->arms.v[s->arms.n - 1].cond->span, skip, "if not");
    pl_grammar__put_block(x, s->else_block);
    for (size_t i = 0; i < s->arms.n; i++) pl_grammar__land(x, ends[i]);
}

static void put_arm_test(struct pl_emit *x, const struct pl_tx *on, struct pl_str name) {
    pl_grammar__put_tx(x, on);
    struct pl_value v = pl_bool(pl_str_is(name, "true"));
    if (on->type.kind != PL_KIND_BOOL) {
        v = (struct pl_value){.kind = PL_KIND_ENUM};
        v.e.type = PL_STR("intent");
        if (pl_grammar__def(x->g, on->type))
            v.e.type = pl_grammar__def(x->g, on->type)->name;
        else if (on->type.def != PL_NOWHERE)
            v.e.type = PL_STR("flow");
        v.e.member = name;
    }
    PUT(x, PL_OP_CONST, pl_grammar__const(x->g, v));
    PUT(x, PL_OP_EQ, 0);
}

static void put_match(struct pl_emit *x, const struct pl_ast_match *s) {
    const struct pl_tx *on = pl_grammar__expr(&x->where, s->expr, NULL);
    uint32_t *ends = PL_NEW_ARRAY(x->g->arena, uint32_t, s->arms.n + 1), miss = 0;
    for (size_t i = 0; i < s->arms.n; i++) {
        const struct pl_ast_arm *arm = &s->arms.v[i];
        uint32_t *hits = PL_NEW_ARRAY(x->g->arena, uint32_t, arm->names.n + 1);
        for (size_t k = 0; k < arm->names.n; k++) {
            put_arm_test(x, on, arm->names.v[k].s);
            hits[k] = PUT(x, PL_OP_JUMP_TRUE, 0);
        }
        miss = PUT(x, PL_OP_JUMP, 0);
        for (size_t k = 0; k < arm->names.n; k++) pl_grammar__land(x, hits[k]);
        pl_grammar__way(x, arm->span, arm_name(x->g, arm));
        pl_grammar__put_block(x, arm->block);
        ends[i] = PUT(x, PL_OP_JUMP, 0);
        pl_grammar__land(x, miss);
    }
    if (s->else_block) pl_grammar__way_from(x, s->else_block->v[0]->span, miss, "else");
    pl_grammar__put_block(x, s->else_block);
    for (size_t i = 0; i < s->arms.n; i++) pl_grammar__land(x, ends[i]);
}

static void put_experiment(struct pl_emit *x, const struct pl_ast_experiment *e) {
    uint32_t n = (uint32_t)e->variants.n;
    uint32_t *ends = PL_NEW_ARRAY(x->g->arena, uint32_t, n + 1);
    PUT(x, PL_OP_CONST, pl_grammar__name(x->g, e->name.s));
    uint32_t at = PUT(x, PL_OP_EXPERIMENT, n);
    for (uint32_t i = 0; i < n; i++) {
        pl_grammar__word(x, 0);
        pl_grammar__word(x, (uint32_t)e->variants.v[i].percent.n.m);
        pl_grammar__word(x, pl_grammar__name(x->g, e->variants.v[i].name.s));
    }
    for (uint32_t i = 0; i < n; i++) {
        x->g->code.v[at + 1 + 3 * i] = HERE(x);
        pl_grammar__way(
            x, e->variants.v[i].span,
            pl_grammar__str(x->g, "variant %.*s", PL_STR_ARG(e->variants.v[i].name.s)).p);
        pl_grammar__put_block(x, e->variants.v[i].block);
        ends[i] = PUT(x, PL_OP_JUMP, 0);
    }
    for (uint32_t i = 0; i < n; i++) pl_grammar__land(x, ends[i]);
}

static void put_back(struct pl_emit *x, const struct pl_ast_back *b) {
    struct pl_p_back row = {.most = (uint32_t)b->most.n.m};
    for (size_t i = 0; i < x->marks.n; i++)
        if (pl_str_eq(x->marks.v[i].name, b->mark.s)) row.to = x->marks.v[i].at;
    PL_AST_ADD(x->g->arena, &x->g->backs, row);
    uint32_t index = (uint32_t)x->g->backs.n - 1;
    PUT(x, PL_OP_BACK, index);
    x->g->backs.v[index].els = HERE(x);
    pl_grammar__way_into(x, b->else_block, "else");
    pl_grammar__put_block(x, b->else_block);
}

/* The questions of this flow, so far, for the slots. */
static void change_waits(struct pl_emit *x, const struct pl_ast_paths *slots,
                         struct pl_p_back *row) {
    struct pl_graph *g = x->g;
    uint32_t *waits = PL_NEW_ARRAY(g->arena, uint32_t, g->waits.n + 1);
    for (size_t i = 0; i < slots->n; i++) {
        size_t parts;
        uint32_t ref = pl_grammar__slot_ref(g, x->flow, &slots->v[i], &parts);
        for (uint32_t w = 0; w < g->waits.n; w++)
            if (g->waits.v[w].flow == x->index && g->waits.v[w].kind == PL_WAIT_ASK &&
                g->waits.v[w].slot == ref)
                waits[row->nwaits++] = w;
    }
    row->waits = waits;
}

static void put_change(struct pl_emit *x, const struct pl_ast_change *c) {
    struct pl_p_back row = {.to = HERE(x), .most = (uint32_t)c->most.n.m};
    change_waits(x, &c->slots, &row);
    PL_AST_ADD(x->g->arena, &x->g->backs, row);
    uint32_t index = (uint32_t)x->g->backs.n - 1;
    PUT(x, PL_OP_CHANGE, index);
    PUT(x, PL_OP_CHANGED, index);
    x->g->backs.v[index].els = HERE(x);
    pl_grammar__way_into(x, c->else_block, "else");
    pl_grammar__put_block(x, c->else_block);
}

static void put_mark(struct pl_emit *x, const struct pl_ast_name *name) {
    struct pl_emit_mark m = {.name = name->s};
    m.at = PUT(x, PL_OP_MARK, pl_grammar__name(x->g, name->s));
    PL_AST_ADD(x->g->arena, &x->marks, m);
}

static void put_set(struct pl_emit *x, const struct pl_ast_path *slot, struct pl_ast_expr *value) {
    size_t parts;
    uint32_t ref = pl_grammar__slot_ref(x->g, x->flow, slot, &parts);
    struct pl_type type = pl_grammar__slot_at(x->g, x->flow, ref)->type;
    pl_grammar__put_expr(x, value, &type);
    note_source(x, ref, value);
    PUT(x, PL_OP_STORE, ref);
}

static void put_clear(struct pl_emit *x, const struct pl_ast_paths *paths) {
    size_t parts;
    for (size_t i = 0; i < paths->n; i++)
        PUT(x, PL_OP_CLEAR, pl_grammar__slot_ref(x->g, x->flow, &paths->v[i], &parts));
}

static void put_return(struct pl_emit *x, struct pl_ast_expr *value) {
    if (value) pl_grammar__put_expr(x, value, &x->flow->result);
    PUT(x, PL_OP_RETURN, value != NULL);
}

static void put_statement(struct pl_emit *x, const struct pl_ast_stmt *s) {
    pl_grammar__line(x, s->span);
    pl_grammar__point(x, PL_POINT_STEP, s->span, PL_NOWHERE, HERE(x), PL_STR(""));
    x->span = s->head;
    switch (s->kind) {
    case PL_STMT_SAY: pl_grammar__put_say(x, &s->say); break;
    case PL_STMT_ANY_OF: pl_grammar__put_any(x, &s->any_of); break;
    case PL_STMT_ASK: put_ask(x, &s->ask); break;
    case PL_STMT_CONFIRM: put_confirm(x, &s->confirm); break;
    case PL_STMT_CHOOSE: put_choose(x, &s->choose); break;
    case PL_STMT_CALL: put_call(x, &s->call); break;
    case PL_STMT_ANSWER: pl_grammar__put_answer(x, &s->answer); break;
    case PL_STMT_DECIDE: pl_grammar__put_decide(x, &s->decide); break;
    case PL_STMT_IF: put_if(x, &s->if_); break;
    case PL_STMT_MATCH: put_match(x, &s->match); break;
    case PL_STMT_EXPERIMENT: put_experiment(x, &s->experiment); break;
    case PL_STMT_HANDOFF: put_handoff(x, &s->handoff); break;
    case PL_STMT_GOTO: put_goto(x, s->goto_.flow.s, &s->goto_.args); break;
    case PL_STMT_SET: put_set(x, &s->set.slot, s->set.value); break;
    case PL_STMT_CLEAR: put_clear(x, &s->clear); break;
    case PL_STMT_MARK: put_mark(x, &s->mark); break;
    case PL_STMT_BACK: put_back(x, &s->back); break;
    case PL_STMT_CHANGE: put_change(x, &s->change); break;
    case PL_STMT_WAIT: put_wait(x, &s->wait); break;
    case PL_STMT_GOAL: PUT(x, PL_OP_GOAL, pl_grammar__name(x->g, s->goal.s)); break;
    case PL_STMT_NOTE:
        x->g->texts.v[pl_grammar__put_text(x, PL_STR(""), s->note)].words = false;
        PUT(x, PL_OP_NOTE, 0);
        break;
    case PL_STMT_TRACK: put_track(x, s->track.name.s, &s->track.args); break;
    case PL_STMT_END: PUT(x, PL_OP_END, s->end); break;
    case PL_STMT_RETURN: put_return(x, s->value); break;
    case PL_STMT_PASS: PUT(x, PL_OP_PASS, 0); break;
    }
}

void pl_grammar__put_block(struct pl_emit *x, const struct pl_ast_block *b) {
    for (size_t i = 0; b && i < b->n; i++) put_statement(x, b->v[i]);
}

/* ---- a flow ---- */

static uint32_t title_text(struct pl_emit *x, const struct pl_ast_line *line) {
    return line ? pl_grammar__text(&x->where, line->id.s, line->text) : PL_NOWHERE;
}

static const struct pl_p_slot *slot_rows(struct pl_emit *x) {
    struct pl_graph_slots *slots = &x->flow->slots;
    struct pl_p_slot *rows = PL_NEW_ARRAY(x->g->arena, struct pl_p_slot, slots->n + 1);
    for (size_t i = 0; i < slots->n; i++) {
        rows[i].name = slots->v[i].name;
        rows[i].type = slots->v[i].type;
        rows[i].title = title_text(x, slots->v[i].title);
        if (rows[i].title == PL_NOWHERE) rows[i].title = pl_grammar__def_title(x->g, rows[i].type);
    }
    return rows;
}

void pl_grammar__emit_flow(struct pl_graph *g, struct pl_graph_flow *f, struct pl_p_flow *row) {
    struct pl_emit x = {.g = g,
                        .flow = f,
                        .index = f->symbol->index,
                        .where = {.g = g, .flow = f},
                        .default_else = PL_NOWHERE};
    const struct pl_ast_flow *a = &f->decl->flow;
    *row = (struct pl_p_flow){.name = f->decl->name.s, .entry = HERE(&x), .result = f->result};
    row->title = title_text(&x, a->title);
    row->resume = title_text(&x, a->resume);
    row->nparams = (uint32_t)a->params.n;
    row->nslots = (uint32_t)f->slots.n;
    row->slots = slot_rows(&x);
    row->interrupt = a->interrupt == PL_AST_INTERRUPT_AFTER_ANSWER ? PL_INTERRUPT_AFTER_ANSWER
                     : a->interrupt == PL_AST_INTERRUPT_NEVER      ? PL_INTERRUPT_NEVER
                                                                   : PL_INTERRUPT_ALLOW;
    row->on_change = a->on_change == PL_AST_CHANGE_RESTART ? PL_CHANGE_RESTART
                     : a->on_change == PL_AST_CHANGE_MOVE  ? PL_CHANGE_MOVE
                                                           : PL_CHANGE_FINISH;
    row->regulated = a->regulated;
    row->verified = a->verified;
    row->prelude = f->prelude;
    pl_grammar__put_block(&x, a->body);
    PUT(&x, PL_OP_RETURN, 0);
    row->end = HERE(&x);
    for (size_t i = 0; i < x.writes.n; i++) close_slots(&x, x.writes.v[i]);
}
