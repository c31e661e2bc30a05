/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts, fields of opaque values, and the closed list of functions.
 */
#include "runtime/vm/vm_priv.h"

struct pl_value pl_vm__name_value(enum pl_kind kind, struct pl_str name) {
    return (struct pl_value){.kind = (uint8_t)kind, .s = name};
}

static struct pl_value duration(int64_t ms) {
    return (struct pl_value){.kind = PL_KIND_DURATION, .duration = ms};
}

static struct pl_value datetime(int64_t ms) {
    return (struct pl_value){.kind = PL_KIND_DATETIME, .datetime = ms};
}

static struct pl_value label(const char *type, struct pl_str member) {
    return (struct pl_value){.kind = PL_KIND_ENUM, .e = {.type = pl_str_c(type), .member = member}};
}

/* Facts are rounded to a thousandth, so that a float's last bit is never journaled. */
static struct pl_value real(float x) {
    double scaled = x > -1000 && x < 1000 ? (double)x * 1000 : 0; /* not a number: 0 */
    int64_t m = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    struct pl_dec d = {.m = m, .scale = 3};
    while (d.scale && d.m % 10 == 0) {
        d.m /= 10;
        d.scale--;
    }
    return (struct pl_value){.kind = PL_KIND_NUMBER, .n = d};
}

static struct pl_value intent_fact(const struct vm_machine *m) {
    const struct pl_vm_reading *r = &m->e->reading;
    if (r->command < m->p->nintents) return label("intent", m->p->intents[r->command]);
    if (r->nintents == 0 || r->intents[0].intent >= m->p->nintents) return PL_NONE;
    return label("intent", m->p->intents[r->intents[0].intent]);
}

static struct pl_value flow_fact(const struct vm_machine *m) {
    uint32_t flow = pl_vm__task_flow(m->s);
    return flow == PL_NOWHERE ? PL_NONE : label("flow", m->p->flows[flow].name);
}

/* What came back of a hook or a model goes on with the turn that the message began. */
static struct pl_str message_fact(const struct vm_machine *m) {
    bool later = m->e->kind == PL_EVENT_HOOK || m->e->kind == PL_EVENT_MODEL;
    return later ? m->s->message : m->e->reading.text;
}

struct pl_value pl_vm__fact(struct vm_machine *m, enum pl_fact fact) {
    const struct pl_vm_reading *r = &m->e->reading;
    bool button = r->choice != 0 || m->e->target != PL_NOWHERE;
    switch (fact) {
    case PL_FACT_SENTIMENT: return button ? pl_int(0) : real(r->sentiment);
    case PL_FACT_UNCERTAINTY:
        if (button || r->command != PL_NOWHERE || pl_vm__is_about_done(m)) return pl_int(0);
        return pl_vm__is_answer(m) || pl_vm__is_phrase(m) ? pl_int(0) : real(r->uncertainty);
    case PL_FACT_REPEATS: return pl_int(m->s->repeats);
    case PL_FACT_FAILURES: return pl_int(m->s->failures);
    case PL_FACT_ELAPSED: return duration(m->e->now_ms - m->s->started_ms);
    case PL_FACT_TURNS: return pl_int(m->s->turns);
    case PL_FACT_INTENT: return intent_fact(m);
    case PL_FACT_MESSAGE: return pl_text(message_fact(m));
    case PL_FACT_LANGUAGE:
        if (r->language.n == 0) return PL_NONE;
        return pl_vm__name_value(PL_KIND_LANGUAGE, r->language);
    case PL_FACT_FLOW: return flow_fact(m);
    case PL_FACT_VERIFIED: return pl_bool(m->s->verified);
    case PL_FACT_NOW: return datetime(m->e->now_ms);
    case PL_FACT_TODAY: return (struct pl_value){.kind = PL_KIND_DATE, .date = m->e->today};
    case PL_FACTS: break;
    }
    return PL_NONE;
}

static struct pl_value queue_field(struct vm_machine *m, struct pl_str queue, struct pl_str name) {
    uint32_t q = pl_image_queue(m->image, queue);
    if (q == PL_NOWHERE) return PL_NONE;
    const struct pl_vm_queue_fact *f = q < m->e->nqueues ? &m->e->queues[q] : NULL;
    const struct pl_p_queue *row = &m->p->queues[q];
    if (pl_str_is(name, "title")) return label("queue", queue);
    if (pl_str_is(name, "open")) return pl_bool(f && f->open);
    if (pl_str_is(name, "opens")) return datetime(f ? f->opens_ms : m->e->now_ms);
    if (pl_str_is(name, "wait")) return duration(f ? f->wait_ms : 0);
    if (pl_str_is(name, "answer_within"))
        return row->within_ms ? duration(row->within_ms) : PL_NONE;
    if (pl_str_is(name, "callback_within")) {
        uint32_t ms = row->callback_ms ? row->callback_ms : m->p->callback_ms;
        return duration(ms ? ms : 24 * 3600 * 1000);
    }
    return PL_NONE;
}

/* A slot's name is "flow.slot" for locals, "session.x" or "customer.x" else. */
static struct pl_value slot_field(struct vm_machine *m, struct pl_str slot, struct pl_str name) {
    const struct vm_frame *top = pl_vm__top(m->s);
    if (pl_str_is(name, "confirm_corrections"))
        return pl_bool(top && top->role == VM_CORRECTING &&
                       m->p->waits[top->arg].confirm_corrections);
    if (!pl_str_is(name, "title")) return PL_NONE;
    size_t dot = pl_str_find(slot, PL_STR("."));
    if (dot == SIZE_MAX) return PL_NONE;
    struct pl_str scope = {slot.p, dot}, rest = {slot.p + dot + 1, slot.n - dot - 1};
    struct pl_value v = {.kind = PL_KIND_ENUM};
    v.e.member = rest;
    v.e.type = scope;
    if (!pl_str_is(scope, "session") && !pl_str_is(scope, "customer"))
        v.e.type = pl_arena_printf(m->a, "slot.%.*s", PL_STR_ARG(scope));
    return v;
}

struct pl_value pl_vm__field(struct vm_machine *m, struct pl_value of, struct pl_str name) {
    switch (of.kind) {
    case PL_KIND_RECORD: return pl_rec_get(of, name);
    case PL_KIND_FLOW: return pl_str_is(name, "title") ? label("flow", of.s) : PL_NONE;
    case PL_KIND_QUEUE: return queue_field(m, of.s, name);
    case PL_KIND_SLOT: return slot_field(m, of.s, name);
    default: return PL_NONE;
    }
}

static struct pl_value sum(struct pl_value list, bool *ok) {
    if (list.list.n == 0) return pl_int(0);
    struct pl_value total = list.list.v[0];
    for (uint32_t i = 1; i < list.list.n; i++)
        if (pl_value_arith('+', total, list.list.v[i], &total) != PL_OK) *ok = false;
    return total;
}

struct pl_value pl_vm__func(struct vm_machine *m, enum pl_func func, struct pl_value v, bool *ok) {
    (void)m;
    bool list = v.kind == PL_KIND_LIST;
    switch (func) {
    case PL_FUNC_DAYS: return v.kind == PL_KIND_DURATION ? pl_int(v.duration / 86400000) : PL_NONE;
    case PL_FUNC_HOURS: return v.kind == PL_KIND_DURATION ? pl_int(v.duration / 3600000) : PL_NONE;
    case PL_FUNC_ROUND:
        if (v.kind == PL_KIND_MONEY)
            v.money.amount = pl_dec_round(v.money.amount, 0);
        else if (v.kind == PL_KIND_NUMBER || v.kind == PL_KIND_PERCENT)
            v.n = pl_dec_round(v.n, 0);
        else
            *ok = v.kind == PL_KIND_NONE;
        return v;
    case PL_FUNC_COUNT: return pl_int(list ? v.list.n : 0);
    case PL_FUNC_FIRST: return list && v.list.n ? v.list.v[0] : PL_NONE;
    case PL_FUNC_LAST: return list && v.list.n ? v.list.v[v.list.n - 1] : PL_NONE;
    case PL_FUNC_SUM: return list ? sum(v, ok) : pl_int(0);
    case PL_FUNCS: break;
    }
    return PL_NONE;
}

struct pl_value pl_vm__facts_record(struct vm_machine *m) {
    static const struct {
        const char *word;
        enum pl_fact fact;
    } shown[] = {
#define FACT(name, word, kind, optional) {word, PL_FACT_##name},
#include "runtime/program/fact.def"
#undef FACT
    };
    struct pl_field *f = PL_NEW_ARRAY(m->a, struct pl_field, PL_LEN(shown));
    uint32_t n = 0;
    for (size_t i = 0; i < PL_LEN(shown); i++) {
        if (shown[i].fact == PL_FACT_MESSAGE) continue; /* the transcript has it */
        struct pl_value v = pl_vm__fact(m, shown[i].fact);
        if (v.kind == PL_KIND_NONE) continue;
        f[n++] = (struct pl_field){pl_str_c(shown[i].word), v};
    }
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = n}};
}

/* What was asked: the intent with the values in it, so that another order is another question. */
static uint64_t question_hash(struct vm_machine *m) {
    const struct pl_vm_reading *r = &m->e->reading;
    struct pl_value intent = intent_fact(m);
    if (intent.kind == PL_KIND_NONE) return 0;
    uint64_t h = pl_fnv(PL_FNV, intent.e.member.p, intent.e.member.n);
    for (uint32_t i = 0; i < r->nentities; i++) {
        uint64_t v = pl_vm__hash_values(m, &r->entities[i].value, 1);
        h = pl_fnv(h, &v, sizeof v);
    }
    return h;
}

/* Turns, repeats: counted before rules look, so that a rule's facts include this message. */
void pl_vm__count_message(struct vm_machine *m, bool answer) {
    struct vm_state *s = m->s;
    const struct pl_vm_reading *r = &m->e->reading;
    s->turns++;
    s->message = r->text;
    if (answer) return;
    /* a button is not read: its label tells which it is */
    uint64_t question = question_hash(m);
    uint64_t text = r->folded_hash ? r->folded_hash : pl_fnv(PL_FNV, r->text.p, r->text.n);
    bool same = (question && question == s->last_intent) || text == s->last_text;
    s->repeats = same ? s->repeats + 1 : 1;
    s->last_intent = question;
    s->last_text = text;
}
