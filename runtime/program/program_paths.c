/* SPDX-License-Identifier: Apache-2.0
 *
 * A flow as the steps it can take: from one place that has a name (a message, a question, a hook
 * …) to the next, whatever stands between. Two versions of a flow are compared by them, since code
 * addresses say nothing to anybody.
 */
#include <string.h>

#include "runtime/program/program_priv.h"

struct stop { /* a place whose ways on are still to be walked */
    struct pl_str from, how;
    uint32_t at;
};

struct walk {
    struct pl_arena *a;
    const struct pl_program *p;
    const struct pl_p_flow *flow;
    uint8_t *seen;   /* by word of the flow: by this way */
    uint8_t *walked; /* places whose ways on were taken up */
    struct pl_str from, how;
    struct pl_buf between; /* what is worked out and decided on the way */
    PL_VEC(struct stop) stops;
    PL_VEC(uint32_t) todo;
    PL_VEC(struct pl_path) out;
};

/* ---- words as text ---- */

static void say_slot(const struct walk *x, struct pl_buf *b, uint32_t ref) {
    uint32_t i = PL_SLOT_INDEX(ref), scope = PL_SLOT_SCOPE(ref);
    const struct pl_program *p = x->p;
    const struct pl_p_slot *slot = NULL;
    if (scope == PL_SCOPE_SESSION && i < p->nsession) slot = &p->session[i];
    if (scope == PL_SCOPE_CUSTOMER && i < p->ncustomer) slot = &p->customer[i];
    if (scope == PL_SCOPE_LOCAL && x->flow && i < x->flow->nslots) slot = &x->flow->slots[i];
    if (slot) pl_buf_str(b, slot->name);
}

static void say_mention(struct pl_buf *b, const struct pl_p_mention *m) {
    for (uint32_t i = 0; i < m->n; i++)
        pl_buf_printf(b, " %.*s:%.*s", PL_STR_ARG(m->words[i].lang),
                      PL_STR_ARG(m->words[i].phrase));
}

/* By names, never by rows: they differ between versions. */
static void say_operand(const struct walk *x, struct pl_buf *b, uint32_t word) {
    const struct pl_program *p = x->p;
    uint32_t arg = PL_WORD_ARG(word);
    switch ((enum pl_operand)pl_program__ops[PL_WORD_OP(word)].operand) {
    case OPERAND_CONST:
    case OPERAND_NAME: pl_value_to_json(b, p->consts[arg]); return;
    case OPERAND_SLOT: say_slot(x, b, arg); return;
    case OPERAND_TEXT: pl_buf_str(b, p->texts[arg].id); return;
    case OPERAND_REGEX: pl_buf_str(b, p->regexes[arg]); return;
    case OPERAND_MENTION: say_mention(b, &p->mentions[arg]); return;
    case OPERAND_HOURS: pl_buf_str(b, p->hours[arg].name); return;
    case OPERAND_QUEUE: pl_buf_str(b, p->queues[arg].name); return;
    case OPERAND_FLOW: pl_buf_str(b, p->flows[arg].name); return;
    case OPERAND_TARGET: pl_buf_str(b, p->targets[arg].id); return;
    case OPERAND_CALL: pl_buf_str(b, p->calls[arg].id); return;
    case OPERAND_FACT:
    case OPERAND_COUNT:
    case OPERAND_FUNC: pl_buf_printf(b, "%u", arg); return;
    default: return; /* addresses, and rows of places that have a name of their own */
    }
}

static void say_word(const struct walk *x, struct pl_buf *b, uint32_t word) {
    pl_buf_printf(b, "%s ", pl_op_name((enum pl_op)PL_WORD_OP(word)));
    say_operand(x, b, word);
    pl_buf_byte(b, '\n');
}

void pl_program__block_say(const struct pl_program *p, const struct pl_p_flow *flow, uint32_t at,
                           struct pl_buf *out) {
    struct walk x = {.p = p, .flow = flow};
    for (; at < p->ncode && PL_WORD_OP(p->code[at]) != PL_OP_DONE;
         at += 1 + pl_op_extra(p->code[at]))
        say_word(&x, out, p->code[at]);
}

/* ---- places ---- */

static struct pl_str named(struct walk *x, const char *what, struct pl_str name) {
    return pl_arena_printf(x->a, "%s %.*s", what, PL_STR_ARG(name));
}

static struct pl_str back_name(struct walk *x, uint32_t row) {
    uint32_t to = x->p->backs[row].to;
    bool mark = to < x->p->ncode && PL_WORD_OP(x->p->code[to]) == PL_OP_MARK;
    return mark ? named(x, "back to", x->p->consts[PL_WORD_ARG(x->p->code[to])].s) : PL_STR("back");
}

static struct pl_str handoff_name(struct walk *x, const struct pl_p_handoff *h) {
    static const char *const modes[] = {"a person", "the offer of a person", "a call-back",
                                        "a message to the agents"};
    if (h->queue >= x->p->nqueues) return pl_arena_str(x->a, pl_str_c(modes[h->mode]));
    return pl_arena_printf(x->a, "%s of %.*s", modes[h->mode],
                           PL_STR_ARG(x->p->queues[h->queue].name));
}

static struct pl_str wait_name(struct walk *x, const struct pl_p_wait *w) {
    if (w->kind == PL_WAIT_SLEEP) return named(x, "pause", w->id);
    if (w->kind == PL_WAIT_AWAIT) return named(x, "wait for", x->p->events[w->event].name);
    return named(x, "question", w->id);
}

/* Empty: a word that has no name of its own. */
static struct pl_str place(struct walk *x, uint32_t at) {
    static const char *const ends[] = {"the end, resolved", "the end, unresolved",
                                       "the end of the conversation"};
    const struct pl_program *p = x->p;
    uint32_t w = p->code[at], arg = PL_WORD_ARG(w);
    switch ((enum pl_op)PL_WORD_OP(w)) {
    case PL_OP_TEXT:
        if (at + 1 >= x->flow->end || PL_WORD_OP(p->code[at + 1]) != PL_OP_SAY) break;
        return p->texts[arg].id.n ? named(x, "message", p->texts[arg].id) : PL_STR("a message");
    case PL_OP_ASK:
    case PL_OP_CONFIRM:
    case PL_OP_CHOOSE:
    case PL_OP_SLEEP:
    case PL_OP_AWAIT: return wait_name(x, &p->waits[arg]);
    case PL_OP_CALL_HOOK: return named(x, "hook", p->hooks[p->calls[arg].callee].name);
    case PL_OP_CALL_FLOW:
    case PL_OP_CALL_VALUE: return named(x, "flow", p->flows[p->calls[arg].callee].name);
    case PL_OP_GOTO_FLOW: return named(x, "leaving for", p->flows[p->calls[arg].callee].name);
    case PL_OP_SPEAK: return named(x, "flow", p->flows[arg].name);
    case PL_OP_MODEL: return named(x, "model", p->models[arg].id);
    case PL_OP_MODEL_AGAIN: return named(x, "model again", p->models[arg].id);
    case PL_OP_HANDOFF: return handoff_name(x, &p->handoffs[arg]);
    case PL_OP_MARK: return named(x, "mark", p->consts[arg].s);
    case PL_OP_GOAL: return named(x, "goal", p->consts[arg].s);
    case PL_OP_BACK: return back_name(x, arg);
    case PL_OP_RETURN: return PL_STR("the end of the flow");
    case PL_OP_END: return pl_str_c(ends[arg < PL_LEN(ends) ? arg : 0]);
    case PL_OP_PASS: return PL_STR("another flow");
    case PL_OP_EXPERIMENT: return PL_STR("an experiment");
    default: break;
    }
    return (struct pl_str){0};
}

/* ---- ways on ---- */

static void way(struct walk *x, struct pl_str from, struct pl_str how, uint32_t at) {
    struct stop s = {from, how, at};
    if (at != PL_NOWHERE) PL_PUSH(&x->stops, s);
}

static void ways_of_wait(struct walk *x, struct pl_str from, uint32_t row) {
    const struct pl_p_wait *w = &x->p->waits[row];
    for (uint32_t i = 0; i < x->p->noptions; i++)
        if (x->p->options[i].wait == row && x->p->options[i].kind == PL_OPT_BLOCK)
            way(x, from, named(x, "option", x->p->options[i].id), x->p->options[i].code);
    if (w->kind == PL_WAIT_SLEEP) {
        way(x, from, PL_STR(""), w->next);
        return;
    }
    if (w->kind != PL_WAIT_CHOOSE)
        way(x, from, w->kind == PL_WAIT_CONFIRM ? PL_STR("yes") : PL_STR("answered"), w->next);
    if (w->kind == PL_WAIT_CONFIRM) way(x, from, PL_STR("no"), w->no);
    if (w->kind != PL_WAIT_AWAIT) way(x, from, PL_STR("otherwise"), w->otherwise);
    way(x, from, w->kind == PL_WAIT_AWAIT ? PL_STR("in vain") : PL_STR("not answered"), w->els);
}

static void ways_of_hook(struct walk *x, struct pl_str from, const struct pl_p_call *call) {
    way(x, from, PL_STR(""), call->next);
    for (uint32_t i = 0; i < call->nfailures; i++)
        way(x, from, call->failures[i].name, call->failures[i].code);
}

static void ways_of_model(struct walk *x, struct pl_str from, const struct pl_p_model *m) {
    way(x, from, PL_STR(""), m->next);
    way(x, from, PL_STR("unsure"), m->unsure);
    way(x, from, PL_STR("down"), m->down);
    for (uint32_t i = 0; i < m->nactions; i++)
        way(x, from, named(x, "proposes", x->p->hooks[m->actions[i].hook].name),
            m->actions[i].code);
}

static void ways_of_experiment(struct walk *x, struct pl_str from, uint32_t at) {
    const uint32_t *code = x->p->code;
    for (uint32_t i = 0; i < PL_WORD_ARG(code[at]); i++)
        way(x, from, named(x, "variant", x->p->consts[code[at + 3 + 3 * i]].s),
            code[at + 1 + 3 * i]);
}

static void ways(struct walk *x, struct pl_str from, uint32_t at) {
    const struct pl_program *p = x->p;
    uint32_t w = p->code[at], arg = PL_WORD_ARG(w);
    if (x->walked[at - x->flow->entry]++) return;
    switch ((enum pl_op)PL_WORD_OP(w)) {
    case PL_OP_ASK:
    case PL_OP_CONFIRM:
    case PL_OP_CHOOSE:
    case PL_OP_SLEEP:
    case PL_OP_AWAIT: ways_of_wait(x, from, arg); return;
    case PL_OP_CALL_HOOK: ways_of_hook(x, from, &p->calls[arg]); return;
    case PL_OP_MODEL:
    case PL_OP_MODEL_AGAIN: ways_of_model(x, from, &p->models[arg]); return;
    case PL_OP_BACK: way(x, from, PL_STR("too often"), p->backs[arg].els); return;
    case PL_OP_EXPERIMENT: ways_of_experiment(x, from, at); return;
    case PL_OP_GOTO_FLOW:
    case PL_OP_RETURN:
    case PL_OP_END:
    case PL_OP_PASS: return;
    case PL_OP_HANDOFF:
        if (p->handoffs[arg].mode == PL_HANDOFF_NOW) {
            way(x, from, PL_STR("nobody there"), p->handoffs[arg].closed);
            return;
        }
        break;
    default: break;
    }
    way(x, from, PL_STR(""), at + 1 + pl_op_extra(w));
}

/* ---- the walk ---- */

static void go(struct walk *x, uint32_t at) {
    const struct pl_p_flow *f = x->flow;
    if (at < f->entry || at >= f->end || x->seen[at - f->entry]++) return;
    PL_PUSH(&x->todo, at);
}

static void step(struct walk *x, uint32_t at) {
    const uint32_t *code = x->p->code;
    uint32_t w = code[at], arg = PL_WORD_ARG(w);
    struct pl_str to = place(x, at);
    if (to.n) {
        struct pl_path path = {.flow = x->flow->name, .from = x->from, .how = x->how, .to = to};
        PL_PUSH(&x->out, path);
        ways(x, to, at);
        return;
    }
    enum pl_op op = (enum pl_op)PL_WORD_OP(w);
    if (op != PL_OP_JUMP) say_word(x, &x->between, w);
    if (op != PL_OP_JUMP && op != PL_OP_PICK && op != PL_OP_CHANGED) go(x, at + 1 + pl_op_extra(w));
    if (pl_program__ops[op].operand == OPERAND_ADDR) go(x, arg);
    if (op == PL_OP_ITER_NEXT) go(x, code[at + 1]);
    for (uint32_t i = 0; op == PL_OP_PICK && i < arg; i++) go(x, code[at + 1 + i]);
    if (op != PL_OP_CHANGED) return;
    const struct pl_p_back *back = &x->p->backs[arg];
    for (uint32_t i = 0; i < back->nwaits; i++) go(x, x->p->waits[back->waits[i]].at);
    go(x, back->els);
}

static void walk_on(struct walk *x, const struct stop *s) {
    size_t first = x->out.n;
    memset(x->seen, 0, x->flow->end - x->flow->entry);
    x->from = s->from;
    x->how = s->how;
    x->between.n = 0;
    go(x, s->at);
    while (x->todo.n) step(x, x->todo.v[--x->todo.n]);
    struct pl_str between = pl_arena_str(x->a, pl_buf_slice(&x->between));
    for (size_t i = first; i < x->out.n; i++) x->out.v[i].between = between;
}

size_t pl_program_paths(struct pl_arena *a, const struct pl_program *p,
                        const struct pl_path **out) {
    struct walk x = {.a = a, .p = p};
    for (uint32_t i = 0; i < p->nflows; i++) {
        x.flow = &p->flows[i];
        x.seen = PL_NEW_ARRAY(a, uint8_t, x.flow->end - x.flow->entry + 1);
        x.walked = PL_NEW_ARRAY(a, uint8_t, x.flow->end - x.flow->entry + 1);
        way(&x, PL_STR("the beginning"), PL_STR(""), x.flow->entry);
        while (x.stops.n) {
            struct stop s = x.stops.v[--x.stops.n];
            walk_on(&x, &s);
        }
    }
    struct pl_path *v = PL_NEW_ARRAY(a, struct pl_path, x.out.n + 1);
    if (x.out.n) memcpy(v, x.out.v, x.out.n * sizeof *v);
    size_t n = x.out.n;
    PL_VEC_FREE(&x.out);
    PL_VEC_FREE(&x.stops);
    PL_VEC_FREE(&x.todo);
    pl_buf_free(&x.between);
    *out = v;
    return n;
}
