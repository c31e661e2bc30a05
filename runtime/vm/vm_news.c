/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes from outside: events of the shop or the page, late outcomes, offers of rules. None of
 * it breaks into an open question: it is held back until the turn that closes the question has come
 * to its next wait or its end, or until nothing was heard for a while.
 *
 *   event -> a `wait for` it that it answers
 *         -> else held back, then the first flow `on event` whose condition holds
 */
#include "runtime/vm/vm_priv.h"

/* ---- events ---- */

/* The event as the image declares it, its arguments in that order; PL_NOWHERE when it declares no
 * such event, or others. */
static uint32_t declared(struct vm_machine *m, struct pl_str name, struct pl_value given,
                         const struct pl_value **args) {
    uint32_t event = pl_image_event(m->image, name);
    if (event == PL_NOWHERE || given.kind != PL_KIND_RECORD) return PL_NOWHERE;
    const struct pl_p_event *row = &m->p->events[event];
    struct pl_value *v = PL_NEW_ARRAY(m->a, struct pl_value, row->nparams + 1);
    for (uint32_t i = 0; i < row->nparams; i++) {
        v[i] = pl_rec_get(given, row->params[i].name);
        if (!pl_value_is(&m->p->types, row->params[i].type, v[i])) return PL_NOWHERE;
    }
    *args = v;
    return event;
}

/* What the waiting flow knows already must be what the event says. */
static bool answers(struct vm_machine *m, struct vm_frame *f, uint32_t event,
                    const struct pl_value *args) {
    if (f->waiting != VM_AWAIT) return false;
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    if (w->event != event) return false;
    for (uint32_t i = 0; i < w->nbinds; i++) {
        const struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->binds[i].slot);
        if (!slot) return false;
        if (slot->kind != PL_KIND_NONE && !pl_value_eq(*slot, args[w->binds[i].param]))
            return false;
    }
    return true;
}

/* Every flow that waited for it goes on, the one on top at once. */
static bool resume(struct vm_machine *m, uint32_t event, const struct pl_value *args) {
    bool any = false;
    for (uint32_t k = 0; k < m->s->nframes; k++) {
        struct vm_frame *f = &m->s->frames[k];
        if (!answers(m, f, event, args)) continue;
        const struct pl_p_wait *w = &m->p->waits[f->wait];
        for (uint32_t i = 0; i < w->nbinds; i++)
            *pl_vm__slot(m->p, m->s, f, w->binds[i].slot) = args[w->binds[i].param];
        pl_vm__trace(m, PL_TRACE_ANSWERED, f->wait);
        f->waiting = VM_RUNS;
        f->pc = w->next;
        any = true;
    }
    return any;
}

/* The event's arguments as the flow's parameters. */
static const struct pl_value *parameters(struct vm_machine *m, uint32_t flow, uint32_t event,
                                         const struct pl_value *args) {
    const struct pl_p_flow *f = &m->p->flows[flow];
    const struct pl_p_event *e = &m->p->events[event];
    struct pl_value *v = PL_NEW_ARRAY(m->a, struct pl_value, f->nslots + 1);
    for (uint32_t i = 0; i < f->nparams; i++)
        for (uint32_t k = 0; k < e->nparams; k++)
            if (pl_str_eq(f->slots[i].name, e->params[k].name)) v[i] = args[k];
    return v;
}

/* The first flow that the event triggers; its parameters in *params. */
static uint32_t triggered(struct vm_machine *m, uint32_t event, const struct pl_value *args,
                          const struct pl_value **params) {
    for (uint32_t i = 0; i < m->p->ntriggers; i++) {
        const struct pl_p_trigger *t = &m->p->triggers[i];
        if (t->kind != PL_ON_EVENT || t->arg != event) continue;
        *params = parameters(m, t->flow, event, args);
        struct vm_frame f = {.flow = t->flow, .slots = (struct pl_value *)(uintptr_t)*params};
        if (pl_vm__condition(m, &f, t->cond)) return t->flow;
    }
    return PL_NOWHERE;
}

static bool has_trigger(const struct vm_machine *m, uint32_t event) {
    for (uint32_t i = 0; i < m->p->ntriggers; i++)
        if (m->p->triggers[i].kind == PL_ON_EVENT && m->p->triggers[i].arg == event) return true;
    return false;
}

void pl_vm__happened(struct vm_machine *m) {
    const struct pl_value *args = NULL;
    uint32_t event = declared(m, m->e->name, m->e->value, &args);
    if (event != PL_NOWHERE && resume(m, event, args)) {
        m->moved = true;
    } else if (event != PL_NOWHERE && has_trigger(m, event) && m->s->held.n < PL_VM_HELD) {
        VM_PUSH(m->a, &m->s->held, ((struct vm_held){m->e->name, m->e->value}));
        m->s->closed = false; /* news open it again */
    }
    pl_vm__go(m);
}

bool pl_vm_awaits(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                  struct pl_arena *a, struct pl_str name, struct pl_value args) {
    const struct pl_value *v = NULL;
    struct vm_machine *m = PL_NEW(a, struct vm_machine);
    m->vm = vm;
    m->image = image;
    m->p = pl_image_program(image);
    m->a = a;
    if (pl_vm__decode(a, image, state, &m->s) != PL_OK) return false;
    uint32_t event = declared(m, name, args, &v);
    for (uint32_t k = 0; event != PL_NOWHERE && k < m->s->nframes; k++)
        if (answers(m, &m->s->frames[k], event, v)) return true;
    return false;
}

/* ---- what was held back ---- */

/* The oldest event whose flow wants it; those that none wants are forgotten. */
static bool tell_event(struct vm_machine *m) {
    while (m->s->held.n) {
        const struct pl_value *args = NULL, *params = NULL;
        struct vm_held h = m->s->held.v[0];
        m->s->held.n--;
        for (size_t i = 0; i < m->s->held.n; i++) m->s->held.v[i] = m->s->held.v[i + 1];
        uint32_t event = declared(m, h.name, h.args, &args);
        uint32_t flow = event == PL_NOWHERE ? event : triggered(m, event, args, &params);
        if (flow == PL_NOWHERE) continue;
        pl_vm__begin_flow(m, flow, VM_QUIET, params, m->p->flows[flow].nparams);
        return true;
    }
    return false;
}

static bool report_outcome(struct vm_machine *m) {
    for (size_t i = 0; i < m->s->pending.n; i++) {
        struct vm_pending p = m->s->pending.v[i];
        if (p.outcome == 0) continue;
        m->s->pending.v[i] = m->s->pending.v[--m->s->pending.n];
        struct pl_value args[] = {pl_vm__name_value(PL_KIND_FLOW, m->p->flows[p.flow].name),
                                  pl_bool(p.outcome > 0)};
        pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_UNCONFIRMED], VM_REPORT, args, 2);
        return true;
    }
    return false;
}

static bool make_offer(struct vm_machine *m) {
    uint32_t rule = m->s->offer_rule;
    m->s->offer_rule = PL_NOWHERE;
    for (uint32_t i = 0; i < m->s->nframes; i++)
        if (m->s->frames[i].role == VM_OFFER) return false;
    struct vm_frame *f =
        pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_OFFER_PERSON], VM_OFFER, NULL, 0);
    if (!f) return false;
    f->arg = rule;
    f->carried = m->s->offer_facts;
    m->s->offer_facts = PL_NONE;
    return true;
}

static bool begin_kept(struct vm_machine *m) {
    uint32_t flow = m->s->kept_flow;
    m->s->kept_flow = PL_NOWHERE;
    struct vm_frame *f = pl_vm__begin_flow(m, flow, VM_TASK, NULL, 0);
    if (!f) return false;
    m->found = m->s->kept; /* as if its message came now */
    m->nfound = m->s->nkept;
    m->heard = m->s->kept_said;
    m->used = 0;
    m->marked = true; /* slots of marks that did not count were not kept */
    pl_vm__fill(m, f, true);
    m->marked = false;
    m->nfound = 0;
    m->heard = (struct pl_str){0};
    return true;
}

/* Is this the question that the step came to rest at first? Those that news then ask are not. */
static bool in_gap(struct vm_machine *m, const struct vm_frame *f) {
    if (m->gap == 0) m->gap = f->run;
    return m->gap == f->run;
}

/* At a wait or at the end: an offer, news, a kept digression. True when something began. */
bool pl_vm__held_back(struct vm_machine *m) {
    struct vm_state *s = m->s;
    const struct vm_frame *f = pl_vm__top(s);
    if (s->with_agent || s->closed || m->passed) return false;
    bool effect = f && (f->waiting == VM_EFFECT || f->waiting == VM_MODEL);
    if (effect || (f && f->waiting == VM_NAMING)) return false;
    bool question = f && f->waiting == VM_QUESTION, first = !question || in_gap(m, f);
    bool moved = !question || (m->moved && first), may = moved || (m->silent && first);
    bool offer = may || (m->e->kind == PL_EVENT_MESSAGE && first);
    if (s->offer_rule != PL_NOWHERE && offer && make_offer(m)) return true;
    if (may && (report_outcome(m) || tell_event(m))) return true;
    return s->kept_flow != PL_NOWHERE && moved && begin_kept(m);
}
