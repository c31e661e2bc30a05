/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known to be personal: every private or secret text, e-mail address and phone number that
 * a slot of this conversation held. A slot goes with its flow; what it held can be said again, and
 * must still be recognised where it may not go.
 */
#include "runtime/vm/vm_priv.h"

#define MOST_DEPTH 8

static bool is_text(struct pl_value v) {
    return v.kind == PL_KIND_TEXT || v.kind == PL_KIND_EMAIL || v.kind == PL_KIND_PHONE;
}

/* The newest last; the oldest gives way. */
static void keep(struct vm_machine *m, struct vm_known k) {
    struct vm_state *s = m->s;
    if (k.text.n == 0 || k.text.n > VM_KNOWN_TEXT) return;
    for (size_t i = 0; i < s->told.n; i++)
        if (s->told.v[i].secret == k.secret && pl_str_eq(s->told.v[i].text, k.text) &&
            pl_str_eq(s->told.v[i].name, k.name))
            return;
    if (s->told.n == VM_KNOWN) {
        for (size_t i = 1; i < s->told.n; i++) s->told.v[i - 1] = s->told.v[i];
        s->told.n--;
    }
    VM_PUSH(m->a, &s->told, k);
}

static void learn(struct vm_machine *m, struct pl_str name, struct pl_type type, struct pl_value v,
                  uint8_t quals, int depth) {
    const struct pl_types *types = &m->p->types;
    if (depth > MOST_DEPTH || v.kind == PL_KIND_NONE) return;
    quals |= type.quals & (PL_PRIVATE | PL_SECRET);
    if (v.kind == PL_KIND_LIST && type.kind == PL_KIND_LIST)
        for (uint32_t i = 0; i < v.list.n; i++)
            learn(m, name, types->types[type.def], v.list.v[i], quals, depth + 1);
    if (v.kind == PL_KIND_RECORD && type.kind == PL_KIND_RECORD) {
        const struct pl_typedef *d = &types->defs[type.def];
        for (uint32_t i = 0; i < d->nfields; i++)
            learn(m, d->fields[i].name, d->fields[i].type, pl_rec_get(v, d->fields[i].name), quals,
                  depth + 1);
    }
    bool personal = quals != 0 || v.kind == PL_KIND_EMAIL || v.kind == PL_KIND_PHONE;
    if (is_text(v) && personal) keep(m, (struct vm_known){name, v.s, (quals & PL_SECRET) != 0});
}

static void learn_all(struct vm_machine *m, const struct pl_p_slot *slots, uint32_t n,
                      const struct pl_value *values) {
    for (uint32_t i = 0; values && i < n; i++)
        learn(m, slots[i].name, slots[i].type, values[i], 0, 0);
}

static void learn_frame(struct vm_machine *m, const struct vm_frame *f) {
    learn_all(m, m->p->flows[f->flow].slots, m->p->flows[f->flow].nslots, f->slots);
}

void pl_vm__leave(struct vm_machine *m) {
    learn_frame(m, pl_vm__top(m->s));
    m->s->nframes--;
}

void pl_vm__learn(struct vm_machine *m) {
    learn_all(m, m->p->session, m->p->nsession, m->s->session);
    learn_all(m, m->p->customer, m->p->ncustomer, m->s->customer);
    for (uint32_t i = 0; i < m->s->nframes; i++) learn_frame(m, &m->s->frames[i]);
}

uint32_t pl_vm_known(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                     struct pl_arena *a, const struct pl_vm_known **out) {
    struct vm_state *s;
    (void)vm;
    *out = NULL;
    if (pl_vm__decode(a, image, state, &s) != PL_OK) return 0;
    struct pl_vm_known *v = PL_NEW_ARRAY(a, struct pl_vm_known, s->told.n + 1);
    for (size_t i = 0; i < s->told.n; i++)
        v[i] = (struct pl_vm_known){s->told.v[i].name, s->told.v[i].text, s->told.v[i].secret};
    *out = v;
    return (uint32_t)s->told.n;
}
