/* SPDX-License-Identifier: Apache-2.0
 *
 * A message, in the order that docs/LANGUAGE.md gives: rules (escalate's finding is in the event),
 * commands and corrections, an answer to the open question, another flow's trigger, `otherwise`,
 * `again` and `else`.
 */
#include "runtime/vm/vm_priv.h"

/* ---- candidates for a slot ---- */

static bool unused(const struct vm_machine *m, uint32_t i) {
    return i >= 64 || !(m->used >> i & 1);
}

static void use(struct vm_machine *m, uint32_t i) {
    if (i < 64) m->used |= UINT64_C(1) << i;
}

static bool own_recogniser(const struct pl_p_wait *w) {
    return w->entity != PL_NOWHERE || w->type.kind == PL_KIND_EMAIL ||
           w->type.kind == PL_KIND_PHONE;
}

static bool fits(const struct pl_p_wait *w, const struct pl_vm_entity *e) {
    if (w->entity != PL_NOWHERE) return e->entity == w->entity;
    return e->entity == PL_NOWHERE && e->kind == w->type.kind;
}

/* The first unused entity of the reading that fits, or PL_NOWHERE. */
static uint32_t find_entity(const struct vm_machine *m, const struct pl_p_wait *w, bool own) {
    const struct pl_vm_reading *r = &m->e->reading;
    for (uint32_t i = 0; i < r->nentities; i++)
        if (unused(m, i) && fits(w, &r->entities[i]) && (own || !r->entities[i].needs_after))
            return i;
    return PL_NOWHERE;
}

static struct pl_value as_type(struct vm_machine *m, const struct pl_p_wait *w, struct pl_value v) {
    if (w->type.kind != PL_KIND_LIST) return v;
    struct pl_value *one = PL_NEW(m->a, struct pl_value);
    *one = v;
    return (struct pl_value){.kind = PL_KIND_LIST, .list = {.v = one, .n = 1}};
}

static bool chosen_value(struct vm_machine *m, const struct vm_frame *f, struct pl_value *out) {
    uint32_t choice = m->e->reading.choice;
    if (choice == 0 || choice > f->noffers) return false;
    const struct pl_p_option *o = &m->p->options[f->offers[choice - 1].option];
    if (o->kind != PL_OPT_VALUE) return false;
    struct pl_value item = f->offer_items[choice - 1];
    *out = item.kind == PL_KIND_NONE ? o->value : item;
    return true;
}

/* What the message says to an open `ask`, if it does. */
static bool ask_value(struct vm_machine *m, const struct vm_frame *f, struct pl_value *out) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    const struct pl_vm_reading *r = &m->e->reading;
    if (chosen_value(m, f, out)) return true;
    uint32_t i = find_entity(m, w, true);
    if (i != PL_NOWHERE) {
        use(m, i);
        *out = r->entities[i].value;
        return true;
    }
    if (w->type.kind == PL_KIND_BOOL && r->yes_no) {
        *out = pl_bool(r->yes_no > 0);
        return true;
    }
    if (w->type.kind == PL_KIND_TEXT && w->entity == PL_NOWHERE && !w->has_options) {
        bool secret = w->type.quals & PL_SECRET && r->secret.n;
        struct pl_str t = pl_str_trim(secret ? r->secret : r->text);
        *out = pl_text(t);
        return t.n > 0;
    }
    return false;
}

static bool command_is(const struct vm_machine *m, const char *name) {
    uint32_t c = m->e->reading.command;
    return c < m->p->nintents && pl_str_is(m->p->intents[c], name);
}

static bool skips(const struct vm_machine *m, const struct pl_p_wait *w) {
    bool no = m->e->reading.yes_no < 0 && w->type.kind != PL_KIND_BOOL; /* there it is a value */
    return w->kind == PL_WAIT_ASK && w->optional && (no || command_is(m, "skip"));
}

bool pl_vm__is_answer(struct vm_machine *m) {
    const struct vm_frame *f = pl_vm__top(m->s);
    if (m->e->kind != PL_EVENT_MESSAGE || !f || f->waiting != VM_QUESTION) return false;
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    const struct pl_vm_reading *r = &m->e->reading;
    struct pl_value v;
    uint64_t used = m->used;
    if (w->kind == PL_WAIT_CONFIRM) return r->yes_no != 0;
    if (w->kind == PL_WAIT_CHOOSE) return r->choice > 0 && r->choice <= f->noffers;
    if (skips(m, w)) return true;
    if (r->command != PL_NOWHERE && r->choice == 0) return false;
    bool answer = ask_value(m, f, &v);
    m->used = used;
    return answer;
}

static bool is_fillable(const struct vm_machine *m, const struct vm_frame *f,
                        const struct pl_p_wait *w, bool trigger) {
    if (w->flow != f->flow || w->kind != PL_WAIT_ASK) return false;
    const struct pl_value *slot = pl_vm__slot(m->p, m->s, (struct vm_frame *)f, w->slot);
    if (!slot) return false;
    return slot->kind == PL_KIND_NONE || (trigger && PL_SLOT_SCOPE(w->slot) != PL_SCOPE_LOCAL);
}

/* A mark of the trigger's examples names the slot: any type may be filled by it. */
static void fill_marked(struct vm_machine *m, struct vm_frame *f) {
    const struct pl_vm_reading *r = &m->e->reading;
    const struct pl_p_flow *flow = &m->p->flows[f->flow];
    for (uint32_t i = 0; i < r->nentities; i++) {
        if (r->entities[i].slot.n == 0 || !unused(m, i)) continue;
        for (uint32_t s = 0; s < flow->nslots; s++) {
            if (!pl_str_eq(flow->slots[s].name, r->entities[i].slot)) continue;
            f->slots[s] = r->entities[i].value;
            use(m, i);
        }
    }
}

void pl_vm__fill(struct vm_machine *m, struct vm_frame *f, bool trigger) {
    uint64_t before = m->used;
    if (trigger) fill_marked(m, f);
    for (uint32_t i = 0; i < m->p->nwaits; i++) {
        const struct pl_p_wait *w = &m->p->waits[i];
        if (!own_recogniser(w) || !is_fillable(m, f, w, trigger)) continue;
        /* one value of a type a message: one that filled another slot of this type counts */
        uint32_t e = find_entity(m, w, false);
        if (e == PL_NOWHERE || (e < 64 && before >> e & 1)) continue;
        *pl_vm__slot(m->p, m->s, f, w->slot) = as_type(m, w, m->e->reading.entities[e].value);
        for (uint32_t k = 0; k < m->e->reading.nentities; k++)
            if (fits(w, &m->e->reading.entities[k])) use(m, k);
    }
}

/* ---- commands ---- */

static bool run_prelude(struct vm_machine *m, enum pl_prelude which) {
    uint32_t flow = m->p->prelude[which];
    return flow != PL_NOWHERE && pl_vm__begin_flow(m, flow, VM_TASK, NULL, 0);
}

static bool restart(struct vm_machine *m) {
    uint32_t flow = pl_vm__task_flow(m->s);
    if (flow == PL_NOWHERE) return false;
    const struct pl_p_flow *row = &m->p->flows[flow];
    if (row->nparams) return false;
    for (uint32_t i = 0; i < m->p->nwaits; i++) { /* what it asks is asked anew */
        const struct pl_p_wait *w = &m->p->waits[i];
        struct pl_value *slot = w->kind == PL_WAIT_ASK && w->flow == flow
                                    ? pl_vm__slot(m->p, m->s, NULL, w->slot)
                                    : NULL;
        if (slot) *slot = PL_NONE;
    }
    pl_vm__pop_task(m, "cancelled");
    pl_vm__begin_flow(m, flow, VM_TASK, NULL, 0);
    return true;
}

/* True when the message was a command and is dealt with. */
static bool command(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    bool question = f && f->waiting == VM_QUESTION;
    if (command_is(m, "cancel") && f) {
        if (question) pl_vm__trace(m, PL_TRACE_CANCELLED, f->wait);
        pl_vm__pop_task(m, "cancelled");
        return run_prelude(m, PL_PRELUDE_CANCEL);
    }
    if (command_is(m, "repeat") && question) {
        pl_vm__trace(m, PL_TRACE_REPEATED, f->wait);
        pl_vm__ask(m, f);
        return true;
    }
    if (command_is(m, "restart") && f) return restart(m);
    return false;
}

/* ---- corrections ---- */

static bool shows(const struct pl_p_wait *confirm, uint32_t slot) {
    for (uint32_t i = 0; i < confirm->shown; i++)
        if (confirm->shows[i] == slot) return true;
    return false;
}

/* The last ask of this run whose slot the message gives another value. */
static uint32_t corrected_wait(struct vm_machine *m, struct vm_frame *f, uint32_t *entity) {
    const struct pl_p_wait *open = f->waiting == VM_QUESTION ? &m->p->waits[f->wait] : NULL;
    const struct pl_vm_reading *r = &m->e->reading;
    for (size_t i = f->asked.n; i > 0; i--) {
        const struct pl_p_wait *w = &m->p->waits[f->asked.v[i - 1]];
        if (!own_recogniser(w) || w == open) continue;
        struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot);
        *entity = find_entity(m, w, false);
        if (!slot || slot->kind == PL_KIND_NONE || *entity == PL_NOWHERE) continue;
        if (pl_value_eq(*slot, r->entities[*entity].value)) continue;
        if (r->change_word) return f->asked.v[i - 1];
        if (open && open->kind == PL_WAIT_CONFIRM && shows(open, w->slot)) return f->asked.v[i - 1];
    }
    return PL_NOWHERE;
}

static struct pl_value slot_name(struct vm_machine *m, const struct vm_frame *f, uint32_t ref) {
    uint32_t i = PL_SLOT_INDEX(ref);
    struct pl_str name = {0};
    if (PL_SLOT_SCOPE(ref) == PL_SCOPE_LOCAL)
        name = pl_arena_printf(m->a, "%.*s.%.*s", PL_STR_ARG(m->p->flows[f->flow].name),
                               PL_STR_ARG(m->p->flows[f->flow].slots[i].name));
    else if (PL_SLOT_SCOPE(ref) == PL_SCOPE_SESSION)
        name = m->p->session[i].name;
    else
        name = m->p->customer[i].name;
    return pl_vm__name_value(PL_KIND_SLOT, name);
}

static bool may_become(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w,
                       struct pl_value value) {
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot), before = *slot;
    *slot = value;
    bool ok = pl_vm__checks_pass(m, f, w);
    *slot = before;
    return ok;
}

static bool correction(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    uint32_t flow = m->p->prelude[PL_PRELUDE_CORRECTION], entity = 0;
    if (!f || f->waiting != VM_QUESTION || flow == PL_NOWHERE) return false;
    uint32_t wait = corrected_wait(m, f, &entity);
    if (wait == PL_NOWHERE) return false;
    if (f->writes.n && m->p->prelude[PL_PRELUDE_TOO_LATE_TO_CHANGE] != PL_NOWHERE)
        return run_prelude(m, PL_PRELUDE_TOO_LATE_TO_CHANGE);
    struct pl_value value = m->e->reading.entities[entity].value;
    if (!may_become(m, f, &m->p->waits[wait], value)) {
        pl_vm__ask(m, f); /* it said why not; the open question stands */
        return true;
    }
    pl_vm__trace(m, PL_TRACE_CORRECTED, wait);
    struct pl_value args[] = {slot_name(m, f, m->p->waits[wait].slot), value};
    struct vm_frame *c = pl_vm__begin_flow(m, flow, VM_CORRECTING, args, 2);
    if (!c) return true;
    c->arg = wait;
    c->corrected = value;
    return true;
}

/* ---- answers ---- */

static void miss(struct vm_machine *m, struct vm_frame *f, bool say_again) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    m->s->failures++;
    f->tries++;
    pl_vm__trace(m, f->tries >= w->tries ? PL_TRACE_ELSE : PL_TRACE_MISSED, f->wait);
    if (f->tries >= w->tries) {
        f->waiting = VM_RUNS;
        f->pc = w->els;
    } else if (!say_again) {
        return;
    } else if (w->nagain) {
        uint32_t n = f->tries <= w->nagain ? f->tries : w->nagain;
        pl_vm__again(m, f, w->again[n - 1]);
    } else {
        pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_NOT_UNDERSTOOD], VM_CALLED, NULL, 0);
    }
}

static void go_on(struct vm_machine *m, struct vm_frame *f, uint32_t pc) {
    m->s->failures = 0;
    m->moved = true;
    f->waiting = VM_RUNS;
    f->noffers = 0;
    f->pc = pc;
}

bool pl_vm__checks_pass(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w) {
    for (uint32_t i = 0; i < w->nchecks; i++) {
        if (pl_vm__condition(m, f, w->checks[i].cond) || m->failed) continue;
        pl_vm__again(m, f, w->checks[i].refuse);
        return false;
    }
    return true;
}

static bool answer_ask(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w) {
    struct pl_value v = PL_NONE, *slot = pl_vm__slot(m->p, m->s, f, w->slot);
    if (skips(m, w)) {
        VM_PUSH(m->a, &f->skipped, f->wait);
        pl_vm__trace(m, PL_TRACE_SKIPPED, f->wait);
        go_on(m, f, w->next);
        return true;
    }
    if (!slot || !ask_value(m, f, &v)) return false;
    struct pl_value before = *slot;
    *slot = as_type(m, w, v);
    if (!pl_vm__checks_pass(m, f, w)) {
        *slot = before;
        miss(m, f, false);
        return true;
    }
    if (m->e->reading.choice && m->e->reading.choice <= f->noffers)
        pl_vm__trace(m, PL_TRACE_CHOSE, f->offers[m->e->reading.choice - 1].option);
    pl_vm__trace(m, PL_TRACE_ANSWERED, f->wait);
    pl_vm__fill(m, f, false);
    go_on(m, f, w->next);
    return true;
}

static bool answer_choose(struct vm_machine *m, struct vm_frame *f) {
    uint32_t choice = m->e->reading.choice;
    if (choice == 0 || choice > f->noffers) return false;
    const struct pl_p_option *o = &m->p->options[f->offers[choice - 1].option];
    struct pl_value item = f->offer_items[choice - 1];
    uint32_t flow = o->flow;
    pl_vm__trace(m, PL_TRACE_CHOSE, f->offers[choice - 1].option);
    if (o->kind != PL_OPT_OPEN) pl_vm__trace(m, PL_TRACE_ANSWERED, f->wait);
    switch (o->kind) {
    case PL_OPT_OPEN: return true; /* a page was opened; the question stays open */
    case PL_OPT_FLOW:
        if (flow == PL_NOWHERE && item.kind == PL_KIND_FLOW) flow = pl_image_flow(m->image, item.s);
        go_on(m, f, f->pc);
        pl_vm__pop_task(m, "left");
        f = pl_vm__begin_flow(m, flow, VM_TASK, NULL, 0);
        if (f) pl_vm__fill(m, f, true);
        return true;
    default:
        if (o->item != PL_NOWHERE) {
            struct pl_value *slot = pl_vm__slot(m->p, m->s, f, o->item);
            if (slot) *slot = item;
        }
        go_on(m, f, o->code);
        return true;
    }
}

static bool answer(struct vm_machine *m, struct vm_frame *f) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    switch (w->kind) {
    case PL_WAIT_CONFIRM:
        if (m->e->reading.yes_no == 0) return false;
        pl_vm__trace(m, PL_TRACE_ANSWERED, f->wait);
        go_on(m, f, m->e->reading.yes_no > 0 ? w->next : w->no);
        return true;
    case PL_WAIT_CHOOSE: return answer_choose(m, f);
    default: return answer_ask(m, f, w);
    }
}

/* ---- triggers ---- */

static uint32_t intent_flow(struct vm_machine *m, uint32_t intent) {
    for (uint32_t i = 0; i < m->p->ntriggers; i++) {
        const struct pl_p_trigger *t = &m->p->triggers[i];
        if (t->kind == PL_ON_INTENT && t->arg == intent && pl_vm__condition(m, NULL, t->cond))
            return t->flow;
    }
    return PL_NOWHERE;
}

static uint32_t says_flow(struct vm_machine *m) {
    const struct pl_vm_reading *r = &m->e->reading;
    for (uint32_t i = 0; i < m->p->ntriggers; i++) {
        const struct pl_p_trigger *t = &m->p->triggers[i];
        if (t->kind != PL_ON_SAYS || t->arg / 8 >= r->says.n) continue;
        if (!((uint8_t)r->says.p[t->arg / 8] >> (t->arg % 8) & 1)) continue;
        if (pl_vm__condition(m, NULL, t->cond)) return t->flow;
    }
    return PL_NOWHERE;
}

bool pl_vm__is_phrase(struct vm_machine *m) {
    return says_flow(m) != PL_NOWHERE;
}

static uint32_t otherwise_flow(struct vm_machine *m) {
    for (uint32_t i = 0; i < m->p->ntriggers; i++) {
        const struct pl_p_trigger *t = &m->p->triggers[i];
        if (t->kind == PL_ON_OTHERWISE && pl_vm__condition(m, NULL, t->cond)) return t->flow;
    }
    return PL_NOWHERE;
}

/* The flow that the message triggers; *other: a second one within the margin. */
static uint32_t triggered(struct vm_machine *m, uint32_t *other) {
    const struct pl_vm_reading *r = &m->e->reading;
    *other = PL_NOWHERE;
    if (r->command < m->p->nintents) return intent_flow(m, r->command);
    uint32_t flow = says_flow(m);
    if (flow != PL_NOWHERE || r->nintents == 0) return flow;
    flow = intent_flow(m, r->intents[0].intent);
    if (r->ambiguous && r->nintents > 1) *other = intent_flow(m, r->intents[1].intent);
    if (*other == flow) *other = PL_NOWHERE;
    if (flow == PL_NOWHERE) {
        flow = *other;
        *other = PL_NOWHERE;
    }
    return flow;
}

static void start(struct vm_machine *m, uint32_t flow, uint32_t other) {
    m->s->failures = 0;
    m->moved = true;
    if (other != PL_NOWHERE) {
        struct pl_value *two = PL_NEW_ARRAY(m->a, struct pl_value, 2);
        two[0] = pl_vm__name_value(PL_KIND_FLOW, m->p->flows[flow].name);
        two[1] = pl_vm__name_value(PL_KIND_FLOW, m->p->flows[other].name);
        struct pl_value list = {.kind = PL_KIND_LIST, .list = {.v = two, .n = 2}};
        pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_CLARIFICATION], VM_TASK, &list, 1);
        return;
    }
    struct vm_frame *f = pl_vm__begin_flow(m, flow, VM_TASK, NULL, 0);
    if (f) pl_vm__fill(m, f, true);
}

/* A digression from an open question; true when the message is dealt with. */
static bool digress(struct vm_machine *m, struct vm_frame *f) {
    uint32_t other, flow = triggered(m, &other);
    if (flow == PL_NOWHERE) return false;
    if (flow == f->flow || flow == pl_vm__task_flow(m->s)) return false;
    if (m->p->flows[f->flow].interrupt == PL_INTERRUPT_NEVER) return false;
    pl_vm__trace(m, PL_TRACE_DIGRESSED, f->wait);
    switch (m->p->flows[f->flow].interrupt) {
    case PL_INTERRUPT_AFTER_ANSWER:
        m->s->kept_flow = flow;
        pl_vm__ask(m, f);
        return true;
    default: start(m, flow, other); return true;
    }
}

/* No question is open, or it let the message go. */
static void fresh(struct vm_machine *m) {
    uint32_t other, flow = triggered(m, &other);
    if (flow == PL_NOWHERE) flow = otherwise_flow(m);
    if (flow != PL_NOWHERE) {
        start(m, flow, other);
        return;
    }
    if (m->s->offer_rule != PL_NOWHERE) return;
    m->s->failures++;
    pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_NOT_UNDERSTOOD], VM_TASK, NULL, 0);
}

static void asked(struct vm_machine *m, struct vm_frame *f) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    if ((m->e->reading.command == PL_NOWHERE || skips(m, w)) && answer(m, f)) return;
    if (digress(m, f)) return;
    if (w->otherwise != PL_NOWHERE) {
        f->waiting = VM_RUNS;
        f->pc = w->otherwise;
    } else if (m->s->offer_rule == PL_NOWHERE) {
        miss(m, f, true);
    }
}

static void dispatch(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    bool question = f && f->waiting == VM_QUESTION;
    if (command(m) || correction(m)) return;
    if (f && f->waiting == VM_RUNS) { /* it begins again under another image */
        pl_vm__fill(m, f, true);
        m->moved = true;
        return;
    }
    if (question)
        asked(m, f);
    else
        fresh(m);
}

/* ---- rules and buttons ---- */

static void remember_rules(struct vm_machine *m) {
    for (uint32_t i = 0; i < m->e->nrules && i < m->p->nrules; i++) {
        if (m->e->kind == PL_EVENT_RULE && !pl_image_timed(m->image, i)) continue;
        bool held = m->e->rules_true[i / 8] >> (i % 8) & 1;
        struct vm_rule_state *r = pl_vm__rule(m->a, m->s, m->p->rules[i].name, held);
        if (!r) continue;
        r->held = held;
        if (!held) r->fired_ms = 0; /* false in between: it may fire again */
        if (m->e->rule == i) r->fired_ms = m->e->now_ms;
    }
}

void pl_vm__end_silence(struct vm_state *s) {
    for (uint32_t root = s->nframes; root > 0; root--) {
        const struct vm_frame *f = &s->frames[root - 1];
        if (f->role == VM_CALLED) continue;
        if (!f->idle) return;
        s->nframes = root - 1;
    }
}

/* True when the rule takes the conversation. */
bool pl_vm__apply_rule(struct vm_machine *m) {
    remember_rules(m);
    if (m->e->rule >= m->p->nrules) return false;
    const struct pl_p_rule *rule = &m->p->rules[m->e->rule];
    if (rule->handoff.mode == PL_HANDOFF_OFFER) {
        m->s->offer_rule = m->e->rule;
        return false;
    }
    struct pl_vm_text because = {.text = rule->handoff.because};
    pl_vm__hand_over(m, &rule->handoff, rule->handoff.queue, because, m->e->rule);
    return true;
}

static bool pressed(struct vm_machine *m) {
    if (m->e->target >= m->p->ntargets) return false;
    const struct pl_p_target *t = &m->p->targets[m->e->target];
    if (t->open || t->flow >= m->p->nflows) return false;
    const struct vm_frame *f = pl_vm__top(m->s);
    if (f && f->waiting == VM_QUESTION) pl_vm__trace(m, PL_TRACE_DIGRESSED, f->wait);
    pl_vm__begin_flow(m, t->flow, VM_TASK, m->e->target_args, m->e->ntarget_args);
    return true;
}

void pl_vm__message(struct vm_machine *m) {
    struct vm_state *s = m->s;
    s->quiet_ms = m->e->now_ms;
    s->idle_ms = 0;
    if (s->with_agent) return;
    s->closed = false;
    pl_vm__end_silence(s);
    pl_vm__count_message(m, pl_vm__is_answer(m));
    if (!pl_vm__apply_rule(m) && !pressed(m)) dispatch(m);
    pl_vm__go(m);
    while (m->passed) { /* each time by one flow less */
        struct vm_frame *f = pl_vm__top(s);
        m->passed = false;
        if (f && f->waiting == VM_QUESTION)
            asked(m, f);
        else
            fresh(m);
        pl_vm__go(m);
    }
}
