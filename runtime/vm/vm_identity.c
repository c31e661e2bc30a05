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
    m->s->nframes--;
    m->nstack = m->ntexts = 0;
    if (verified)
        m->s->verified = true;
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

/* What was said in this conversation is newer than what is remembered. */
static void recall(struct vm_machine *m) {
    for (uint32_t i = 0; i < m->p->ncustomer; i++) {
        if (m->s->customer[i].kind != PL_KIND_NONE) continue;
        m->s->customer[i] = pl_rec_get(m->e->customer, m->p->customer[i].name);
    }
}

void pl_vm__identity(struct vm_machine *m) {
    m->s->known = true;
    m->s->consent = m->e->consent;
    if (m->e->customer.kind == PL_KIND_RECORD) recall(m);
    pl_vm__go(m);
}

bool pl_vm__ask_consent(struct vm_machine *m) {
    struct vm_state *s = m->s;
    uint32_t flow = m->p->prelude[PL_PRELUDE_CONSENT];
    if (!s->remember || !s->known || s->consent || flow == PL_NOWHERE) return false;
    s->consent = -1; /* until he says yes; he is not asked twice */
    return pl_vm__begin_flow(m, flow, VM_CONSENT, NULL, 0) != NULL;
}

static bool is_kept(const struct vm_machine *m, uint32_t i) {
    return m->s->customer[i].kind != PL_KIND_NONE && !(m->p->customer[i].type.quals & PL_SECRET);
}

uint64_t pl_vm__customer_hash(struct vm_machine *m) {
    struct pl_buf *b = &m->vm->buf;
    pl_buf_clear(b);
    for (uint32_t i = 0; i < m->p->ncustomer; i++) {
        if (!is_kept(m, i)) continue;
        pl_buf_var(b, i);
        pl_value_write(b, m->s->customer[i]);
    }
    return pl_fnv(PL_FNV, b->p, b->n);
}

static struct pl_value kept(struct vm_machine *m) {
    struct pl_field *f = PL_NEW_ARRAY(m->a, struct pl_field, m->p->ncustomer + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->p->ncustomer; i++)
        if (is_kept(m, i)) f[n++] = (struct pl_field){m->p->customer[i].name, m->s->customer[i]};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = n}};
}

/* At the end of a step: the customer's slots as they are now, if they changed and he agreed. */
void pl_vm__remember(struct vm_machine *m, uint64_t before) {
    bool loaded = m->e->kind == PL_EVENT_IDENTITY;
    if (!loaded && pl_vm__customer_hash(m) != before) m->s->remember = true;
    if (!m->s->remember || !m->s->known || m->s->consent != 1) return;
    struct pl_value slots = kept(m);
    struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_REMEMBER);
    e->facts = slots;
    e->consent = true;
    m->s->remember = false;
}
