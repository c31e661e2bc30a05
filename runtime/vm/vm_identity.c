/* SPDX-License-Identifier: Apache-2.0
 *
 * Who the customer is: verification before flows that require it, and what is remembered of him.
 *
 *   a flow that requires it begins -> verify_identity runs over its frame, which waits at its entry
 *       true:  the conversation is verified from now on, the flow begins
 *       false: the flow never begins; its task ends unresolved
 */
#include "runtime/vm/vm_priv.h"

/* ---- verification ---- */

void pl_vm__guard(struct vm_machine *m, uint32_t flow) {
    if (!m->p->flows[flow].verified || m->s->verified) return;
    struct vm_frame *f =
        pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_VERIFY_IDENTITY], VM_CALLED, NULL, 0);
    if (f) f->verifies = true;
}

void pl_vm__guarded(struct vm_machine *m, bool verified) {
    pl_vm__leave(m);
    m->nstack = m->ntexts = 0;
    if (verified)
        pl_vm__verified(m);
    else
        pl_vm__end_task(m, 1);
}

bool pl_vm__skip_guard(struct vm_machine *m) {
    struct vm_state *s = m->s;
    for (uint32_t i = s->nframes; s->verified && i > 1 && s->frames[i - 1].role == VM_CALLED; i--) {
        if (!s->frames[i - 1].verifies) continue;
        s->nframes = i - 1;
        return true;
    }
    return false;
}

/* ---- what is remembered ---- */

static bool is_private(const struct vm_machine *m, uint32_t i) {
    return m->p->customer[i].type.quals & PL_PRIVATE;
}

static bool is_secret(const struct vm_machine *m, uint32_t i) {
    return m->p->customer[i].type.quals & PL_SECRET;
}

/* His word about models: it needs no consent, and is not forgotten when all else is. */
static bool is_lasting(const struct vm_machine *m, uint32_t i) {
    return i == pl_program_no_model(m->p);
}

bool pl_vm__refuses_models(const struct pl_program *p, const struct vm_state *s) {
    uint32_t i = pl_program_no_model(p);
    return i != PL_NOWHERE && s->customer[i].kind == PL_KIND_BOOL && s->customer[i].b;
}

/* What was said in this conversation is newer than what is remembered. */
static void recall(struct vm_machine *m, bool private) {
    for (uint32_t i = 0; i < m->p->ncustomer; i++)
        if (m->s->customer[i].kind == PL_KIND_NONE && is_private(m, i) == private)
            m->s->customer[i] = m->s->memory[i];
}

void pl_vm__verified(struct vm_machine *m) {
    if (m->s->verified) return;
    m->s->verified = true;
    recall(m, true);
}

/* Who refused models once has refused them: here, or in what is remembered. */
static void recall_refusal(struct vm_machine *m) {
    uint32_t i = pl_program_no_model(m->p);
    if (i != PL_NOWHERE && m->s->memory[i].kind == PL_KIND_BOOL && m->s->memory[i].b)
        m->s->customer[i] = m->s->memory[i];
}

void pl_vm__no_model(struct vm_machine *m) {
    uint32_t i = pl_program_no_model(m->p);
    if (i != PL_NOWHERE && m->e->value.kind == PL_KIND_BOOL) {
        m->s->customer[i] = m->e->value;
        if (m->e->remembered) m->s->memory[i] = m->e->value;
    }
    pl_vm__go(m);
}

/* Something is remembered of him, and nothing has begun yet. */
static void welcome_back(struct vm_machine *m) {
    uint32_t flow = m->p->prelude[PL_PRELUDE_WELCOME_BACK];
    bool remembered = m->e->customer.kind == PL_KIND_RECORD && m->e->customer.rec.n > 0;
    if (flow != PL_NOWHERE && remembered && m->s->nframes == 0 && !m->s->with_agent)
        pl_vm__begin_flow(m, flow, VM_QUIET, NULL, 0);
}

void pl_vm__identity(struct vm_machine *m) {
    struct vm_state *s = m->s;
    bool first = !s->known;
    s->known = true;
    s->consent = m->e->consent > 0 ? 1 : m->e->consent < 0 ? -1 : 0;
    for (uint32_t i = 0; i < m->p->ncustomer; i++)
        if (m->e->customer.kind == PL_KIND_RECORD && !is_secret(m, i))
            s->memory[i] = pl_rec_get(m->e->customer, m->p->customer[i].name);
    recall(m, false);
    recall_refusal(m);
    if (s->verified) recall(m, true);
    if (first && s->consent == 1) welcome_back(m);
    pl_vm__go(m);
}

/* Set, or cleared after it had been called to mind. */
static bool has_changed(const struct vm_machine *m, uint32_t i) {
    struct pl_value now = m->s->customer[i], kept = m->s->memory[i];
    bool unseen = is_private(m, i) && !m->s->verified;
    if (is_secret(m, i)) return false;
    return now.kind == PL_KIND_NONE ? kept.kind != PL_KIND_NONE && !unseen
                                    : !pl_value_eq(now, kept);
}

bool pl_vm__ask_consent(struct vm_machine *m) {
    struct vm_state *s = m->s;
    uint32_t flow = m->p->prelude[PL_PRELUDE_CONSENT];
    bool changed = false;
    for (uint32_t i = 0; i < m->p->ncustomer; i++)
        changed |= !is_lasting(m, i) && has_changed(m, i);
    if (!changed || !s->known || s->consent || flow == PL_NOWHERE) return false;
    s->consent = -1; /* until he says yes; he is not asked twice */
    return pl_vm__begin_flow(m, flow, VM_CONSENT, NULL, 0) != NULL;
}

void pl_vm__forget(struct vm_machine *m) {
    struct vm_state *s = m->s;
    for (uint32_t i = 0; i < m->p->ncustomer; i++)
        if (!is_lasting(m, i)) s->customer[i] = s->memory[i] = PL_NONE;
    if (!s->known) return;
    s->consent = -1;
    pl_vm__effect(m, PL_EFFECT_REMEMBER)->facts.kind = PL_KIND_RECORD;
}

static struct pl_field keep(struct vm_machine *m, uint32_t i) {
    m->s->memory[i] = m->s->customer[i];
    return (struct pl_field){m->p->customer[i].name,
                             pl_value_unmarked(m->a, &m->p->types, m->p->customer[i].type,
                                               m->s->customer[i], PL_SECRET)};
}

static struct pl_vm_effect *remember(struct vm_machine *m, struct pl_field *f, uint32_t n) {
    struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_REMEMBER);
    e->facts = (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = n}};
    return e;
}

/* At the end of a step: what has changed of the customer's slots, if he agreed. */
void pl_vm__remember(struct vm_machine *m) {
    struct pl_field *f = PL_NEW_ARRAY(m->a, struct pl_field, m->p->ncustomer + 1);
    uint32_t n = 0, lasting = pl_program_no_model(m->p);
    if (!m->s->known) return;
    if (lasting != PL_NOWHERE && has_changed(m, lasting)) {
        struct pl_field *word = PL_NEW(m->a, struct pl_field);
        *word = keep(m, lasting);
        remember(m, word, 1)->lasting = true;
    }
    if (m->s->consent != 1) return;
    for (uint32_t i = 0; i < m->p->ncustomer; i++)
        if (has_changed(m, i)) f[n++] = keep(m, i);
    if (n > 0) remember(m, f, n)->consent = true;
}
