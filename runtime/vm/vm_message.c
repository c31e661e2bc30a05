/* SPDX-License-Identifier: Apache-2.0
 *
 * A message, in the order that docs/LANGUAGE.md gives: rules (escalate's finding is in the event),
 * commands and corrections, an answer to the open question, another flow's trigger, `otherwise`,
 * `again` and `else`.
 */
#include "runtime/vm/vm_priv.h"

/* ---- commands ---- */

static bool run_prelude(struct vm_machine *m, enum pl_prelude which) {
    uint32_t flow = m->p->prelude[which];
    return flow != PL_NOWHERE && pl_vm__begin_flow(m, flow, VM_TASK, NULL, 0);
}

static bool restart(struct vm_machine *m) {
    const struct vm_frame *root = pl_vm__task_root(m->s);
    if (!root) return false;
    uint32_t flow = root->flow;
    const struct pl_p_flow *row = &m->p->flows[flow];
    bool asks_for_another =
        root->role == VM_OFFER || root->role == VM_CONSENT; /* that waits for it */
    if (row->nparams || asks_for_another) return false;
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

static void too_late(struct vm_machine *m, struct vm_frame *f) {
    if (!run_prelude(m, PL_PRELUDE_TOO_LATE_TO_CHANGE)) pl_vm__ask(m, f);
}

/* What only an open question understands; true when it is dealt with. */
static bool command_here(struct vm_machine *m, struct vm_frame *f) {
    uint32_t wait = f->wait;
    if (pl_vm__command_is(m, "repeat")) {
        pl_vm__trace(m, PL_TRACE_REPEATED, wait);
        pl_vm__ask(m, f);
        return true;
    }
    if (!pl_vm__command_is(m, "back")) return false;
    switch (pl_vm__go_back(m)) {
    case VM_WENT_BACK: pl_vm__trace(m, PL_TRACE_WENT_BACK, wait); return true;
    case VM_TOO_LATE: too_late(m, f); return true;
    default: return false;
    }
}

static uint32_t intent_flow(struct vm_machine *m, uint32_t intent);
static void start(struct vm_machine *m, uint32_t flow, uint32_t other);

/* A command whose flow says what there is to say, whatever `interrupt` is: it is no digression. */
static bool command_flow(struct vm_machine *m, struct vm_frame *question) {
    uint32_t flow = intent_flow(m, m->e->reading.command);
    if (flow != PL_NOWHERE && flow != pl_vm__task_flow(m->s))
        start(m, flow, PL_NOWHERE);
    else if (question)
        pl_vm__ask(m, question);
    else
        return false;
    return true;
}

/* True when the message was a command and is dealt with. */
static bool command(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    bool question = f && f->waiting == VM_QUESTION;
    if (m->e->reading.command >= m->p->nintents) return false;
    if (pl_vm__command_is(m, "cancel") && f) {
        if (question) pl_vm__trace(m, PL_TRACE_CANCELLED, f->wait);
        pl_vm__pop_task(m, "cancelled");
        return run_prelude(m, PL_PRELUDE_CANCEL);
    }
    if (pl_vm__command_is(m, "restart") && f && restart(m)) return true;
    if (question && pl_vm__skips(m, &m->p->waits[f->wait])) return false; /* that is its answer */
    if (question && command_here(m, f)) return true;
    return command_flow(m, question ? f : NULL);
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

/* The trigger whose phrase the message is, or PL_NOWHERE. */
static uint32_t says_trigger(struct vm_machine *m) {
    const struct pl_vm_reading *r = &m->e->reading;
    for (uint32_t i = 0; i < m->p->ntriggers; i++) {
        const struct pl_p_trigger *t = &m->p->triggers[i];
        if (t->kind != PL_ON_SAYS || t->arg / 8 >= r->says.n) continue;
        if (!((uint8_t)r->says.p[t->arg / 8] >> (t->arg % 8) & 1)) continue;
        if (pl_vm__condition(m, NULL, t->cond)) return i;
    }
    return PL_NOWHERE;
}

bool pl_vm__is_phrase(struct vm_machine *m) {
    return says_trigger(m) != PL_NOWHERE;
}

static uint32_t otherwise_flow(struct vm_machine *m) {
    for (uint32_t i = 0; i < m->p->ntriggers; i++) {
        const struct pl_p_trigger *t = &m->p->triggers[i];
        if (t->kind == PL_ON_OTHERWISE && pl_vm__condition(m, NULL, t->cond)) return t->flow;
    }
    return PL_NOWHERE;
}

/* The flow of a phrase that the message is; its marks count. */
static uint32_t said_flow(struct vm_machine *m) {
    uint32_t i = says_trigger(m);
    if (i == PL_NOWHERE) return i;
    m->marked = pl_vm__marks_of(m, PL_VM_MARKS_SAYS, m->p->triggers[i].arg);
    return m->p->triggers[i].flow;
}

/* The like of an intent. */
static uint32_t meant_flow(struct vm_machine *m, uint32_t intent) {
    uint32_t flow = intent_flow(m, intent);
    if (flow != PL_NOWHERE) m->marked = pl_vm__marks_of(m, PL_VM_MARKS_INTENT, intent);
    return flow;
}

/* The flow that the message triggers; *other: a second one within the margin. */
static uint32_t triggered(struct vm_machine *m, uint32_t *other) {
    const struct pl_vm_reading *r = &m->e->reading;
    *other = PL_NOWHERE;
    m->marked = false;
    if (r->command < m->p->nintents) return meant_flow(m, r->command);
    uint32_t flow = said_flow(m);
    if (flow != PL_NOWHERE || r->nintents == 0) return flow;
    flow = meant_flow(m, r->intents[0].intent);
    if (!r->ambiguous || r->nintents < 2) return flow;
    if (flow == PL_NOWHERE) return meant_flow(m, r->intents[1].intent);
    *other = intent_flow(m, r->intents[1].intent);
    if (*other == flow) *other = PL_NOWHERE;
    return flow;
}

static void start(struct vm_machine *m, uint32_t flow, uint32_t other) {
    m->s->failures = 0;
    m->moved = true;
    if (other != PL_NOWHERE) {
        m->s->offer_rule = PL_NOWHERE; /* what it means is being asked already */
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

/* How the task may be interrupted: a flow of the prelude that it called leaves that to it. */
uint8_t pl_vm__interrupt_of(const struct vm_machine *m) {
    uint32_t i = m->s->nframes - 1;
    while (i > 0 && m->s->frames[i].role == VM_CALLED && m->p->flows[m->s->frames[i].flow].prelude)
        i--;
    return m->p->flows[m->s->frames[i].flow].interrupt;
}

bool pl_vm__names_other(struct vm_machine *m, uint32_t flow) {
    uint32_t other, named = m->e->reading.named ? triggered(m, &other) : PL_NOWHERE;
    return named != PL_NOWHERE && named != flow && !m->p->flows[named].prelude;
}

static void keep(struct vm_machine *m, uint32_t flow) {
    struct pl_vm_entity *v = PL_NEW_ARRAY(m->a, struct pl_vm_entity, m->nfound + 1);
    for (uint32_t i = 0; i < m->nfound; i++) {
        v[i] = m->found[i];
        if (!m->marked) v[i].slot = (struct pl_str){0};
    }
    m->s->kept_flow = flow;
    m->s->kept = v;
    m->s->nkept = m->nfound;
    m->s->kept_said = m->e->reading.text;
}

/* ---- a flow that runs already ---- */

static struct vm_frame *running(struct vm_state *s, uint32_t flow) {
    for (uint32_t i = s->nframes; i > 0; i--)
        if (s->frames[i - 1].role == VM_TASK && s->frames[i - 1].flow == flow)
            return &s->frames[i - 1];
    return NULL;
}

/* Does the message give one of its slots another value? */
static bool brings_other(struct vm_machine *m, struct vm_frame *f) {
    for (uint32_t i = 0; i < m->p->nwaits; i++) {
        const struct pl_p_wait *w = &m->p->waits[i];
        struct pl_value v;
        if (w->flow != f->flow || w->kind != PL_WAIT_ASK) continue;
        const struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot);
        if (!slot || slot->kind == PL_KIND_NONE) continue;
        bool own = pl_vm__own_recogniser(m, w);
        if (!pl_vm__marked_value(m, w, &v) && !(own && pl_vm__entity_value(m, w, false, &v)))
            continue;
        if (!pl_value_eq(*slot, v)) return true;
    }
    return false;
}

/* No flow is a digression from itself: what was begun since is left, and it begins anew when it is
 * asked for with other values, or else shows its question again. */
static void come_back(struct vm_machine *m, struct vm_frame *root, bool anew,
                      const struct pl_value *args, uint32_t nargs) {
    uint32_t flow = root->flow;
    while (pl_vm__task_root(m->s) != root) pl_vm__pop_task(m, "left");
    m->nstack = m->ntexts = 0;
    m->moved = true;
    struct vm_frame *top = pl_vm__top(m->s);
    if (!anew) {
        pl_vm__resume(m);
        if (top->waiting == VM_QUESTION) pl_vm__ask_on(m, top);
        return;
    }
    pl_vm__pop_task(m, "left");
    struct vm_frame *f = pl_vm__begin_flow(m, flow, VM_TASK, args, nargs);
    if (f && !nargs) pl_vm__fill(m, f, true);
}

/* A digression from an open question; true when the message is dealt with. */
static bool digress(struct vm_machine *m, struct vm_frame *f) {
    uint32_t other, flow = triggered(m, &other);
    uint8_t interrupt = pl_vm__interrupt_of(m);
    if (flow == PL_NOWHERE || interrupt == PL_INTERRUPT_NEVER) return false;
    struct vm_frame *root = other == PL_NOWHERE ? running(m->s, flow) : NULL;
    bool anew = root && brings_other(m, root);
    if (!anew && (flow == f->flow || flow == pl_vm__task_flow(m->s))) return false;
    pl_vm__trace(m, PL_TRACE_DIGRESSED, f->wait);
    if (interrupt == PL_INTERRUPT_AFTER_ANSWER) {
        keep(m, flow);
        pl_vm__ask(m, f);
    } else if (root) {
        come_back(m, root, anew, NULL, 0);
    } else {
        start(m, flow, other);
    }
    return true;
}

/* In a language that no locale of the program is for. */
static bool is_foreign(const struct vm_machine *m) {
    struct pl_str lang = m->e->reading.language;
    for (uint32_t i = 0; i < m->p->nlocales; i++)
        if (pl_str_starts(m->p->locales[i], lang)) return false;
    return lang.n > 0;
}

/* No question is open, or it let the message go. said: something was said to it already. */
static void fresh(struct vm_machine *m, bool said) {
    uint32_t other, flow = triggered(m, &other);
    if (flow == PL_NOWHERE && pl_vm__follow_up(m)) return;
    if (flow == PL_NOWHERE && is_foreign(m) && run_prelude(m, PL_PRELUDE_UNSUPPORTED_LANGUAGE)) {
        m->s->failures++;
        return;
    }
    if (flow == PL_NOWHERE) flow = otherwise_flow(m);
    if (flow != PL_NOWHERE) {
        start(m, flow, other);
        return;
    }
    if (m->s->offer_rule != PL_NOWHERE || said) return;
    m->s->failures++;
    pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_NOT_UNDERSTOOD], VM_TASK, NULL, 0);
}

/* ---- what comes with a message ---- */

static bool asks_for(const struct vm_machine *m, const struct vm_frame *f, enum pl_kind kind) {
    if (!f || f->waiting != VM_QUESTION) return false;
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    return w->kind == PL_WAIT_ASK && w->type.kind == kind;
}

/* Says what it has to say; the open question is asked again after it. */
static void put_in(struct vm_machine *m, const struct vm_frame *f, uint32_t flow) {
    bool question = f && f->waiting == VM_QUESTION;
    pl_vm__begin_flow(m, flow, question ? VM_CALLED : VM_TASK, NULL, 0);
}

/* A file that nobody asked for; true when it is dealt with. */
static bool stray_file(struct vm_machine *m, struct vm_frame *f) {
    uint32_t flow = m->p->prelude[PL_PRELUDE_UNSUPPORTED_FILE];
    if (m->e->reading.upload.ref.n == 0 || flow == PL_NOWHERE || asks_for(m, f, PL_KIND_FILE))
        return false;
    put_in(m, f, flow);
    return true;
}

/* More than is read, whatever is open: nothing of it is an answer. */
static bool too_long(struct vm_machine *m, struct vm_frame *f) {
    uint32_t flow = m->p->prelude[PL_PRELUDE_TOO_LONG];
    if (!m->e->reading.too_long) return false;
    put_in(m, f, flow == PL_NOWHERE ? m->p->prelude[PL_PRELUDE_NOT_UNDERSTOOD] : flow);
    return true;
}

/* A card number that nobody asked for: the rest of the message is read as ever. */
static bool stray_card(struct vm_machine *m, struct vm_frame *f) {
    uint32_t flow = m->p->prelude[PL_PRELUDE_CARD_SEEN];
    if (!m->e->reading.card || flow == PL_NOWHERE || asks_for(m, f, PL_KIND_CARD)) return false;
    pl_vm__speak(m, flow, NULL, 0);
    return true;
}

/* ---- the order ---- */

/* A value that the question below the digression waits for: kept for it, this one is asked again.
 */
static bool answer_below(struct vm_machine *m, struct vm_frame *f, bool whole) {
    if (!pl_vm__answer_below(m, whole)) return false;
    m->s->failures = 0;
    pl_vm__ask(m, f);
    return true;
}

/* The message is of no use to the open question. */
static void no_answer(struct vm_machine *m, struct vm_frame *f, bool card) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    if (w->otherwise != PL_NOWHERE) {
        f->waiting = VM_RUNS;
        f->pc = w->otherwise;
    } else if (answer_below(m, f, false)) {
        return;
    } else if (card) {
        pl_vm__ask(m, f);
    } else if (m->s->offer_rule == PL_NOWHERE) {
        pl_vm__miss(m, f, true);
    }
}

static void asked(struct vm_machine *m, struct vm_frame *f, bool card) {
    m->marked = false;
    bool own = m->p->waits[f->wait].otherwise != PL_NOWHERE; /* it says what becomes of others */
    if (pl_vm__answer(m, f) || (!own && answer_below(m, f, true))) return;
    if (!digress(m, f)) no_answer(m, f, card);
}

static void dispatch(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    bool question = f && f->waiting == VM_QUESTION;
    if (command(m) || stray_file(m, f)) return;
    bool card = stray_card(m, f);
    if (m->failed || too_long(m, f) || pl_vm__correction(m)) return;
    if (f && f->waiting == VM_RUNS) { /* it begins again under another image */
        pl_vm__fill(m, f, true);
        m->moved = true;
        return;
    }
    if (question)
        asked(m, f, card);
    else if (!pl_vm__correct_done(m))
        fresh(m, card);
}

/* ---- rules and buttons ---- */

static void remember_rules(struct vm_machine *m) {
    for (uint32_t i = 0; i < m->e->nrules && i < m->p->nrules; i++) {
        if (i % 8 == 0 && m->e->rules_true[i / 8] == 0 && m->s->rules.n == 0) {
            i += 7; /* none of eight holds, and none is remembered: nearly always */
            continue;
        }
        if (m->e->kind == PL_EVENT_RULE && !pl_image_timed(m->image, i)) continue;
        bool held = m->e->rules_true[i / 8] >> (i % 8) & 1;
        struct vm_rule_state *r = pl_vm__rule(m->a, m->s, m->p->rules[i].name, held);
        if (!r) continue;
        r->held = held;
        if (!held) r->fired_ms = 0; /* false in between: it may fire again */
        if (m->e->rule == i) r->fired_ms = m->e->now_ms;
    }
}

void pl_vm__end_silence(struct vm_machine *m) {
    for (uint32_t root = m->s->nframes; root > 0; root--) {
        const struct vm_frame *f = &m->s->frames[root - 1];
        if (f->role == VM_CALLED) continue;
        if (!f->idle) return;
        m->s->nframes = root - 1;
        pl_vm__resume(m);
    }
}

/* True when the rule takes the conversation. */
bool pl_vm__apply_rule(struct vm_machine *m) {
    remember_rules(m);
    if (m->e->rule >= m->p->nrules) return false;
    const struct pl_p_rule *rule = &m->p->rules[m->e->rule];
    if (rule->handoff.mode == PL_HANDOFF_OFFER) {
        m->s->offer_rule = m->e->rule;
        m->s->offer_facts = pl_vm__facts_record(m);
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
    bool question = f && f->waiting == VM_QUESTION;
    if (question) pl_vm__trace(m, PL_TRACE_DIGRESSED, f->wait);
    struct vm_frame *root = question ? running(m->s, t->flow) : NULL;
    if (root)
        come_back(m, root, m->e->ntarget_args > 0, m->e->target_args, m->e->ntarget_args);
    else
        pl_vm__begin_flow(m, t->flow, VM_TASK, m->e->target_args, m->e->ntarget_args);
    return true;
}

void pl_vm__message(struct vm_machine *m) {
    struct vm_state *s = m->s;
    s->quiet_ms = m->e->now_ms;
    s->idle_ms = 0;
    if (s->with_agent) return;
    s->closed = false;
    pl_vm__end_silence(m);
    pl_vm__count_message(m, pl_vm__is_answer(m));
    s->route = (uint8_t)pl_vm_rank(m->e->route);
    if (!pl_vm__apply_rule(m) && !pressed(m)) dispatch(m);
    pl_vm__go(m);
    while (m->passed) { /* each time by one flow less */
        struct vm_frame *f = pl_vm__top(s);
        m->passed = false;
        if (f && f->waiting == VM_QUESTION)
            asked(m, f, false);
        else
            fresh(m, false);
        pl_vm__go(m);
    }
}
