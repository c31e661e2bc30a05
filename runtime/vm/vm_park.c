/* SPDX-License-Identifier: Apache-2.0
 *
 * A conversation made up: it stands at a wait as if real ones had brought it there.
 */
#include "runtime/vm/vm_priv.h"

struct parking {
    struct pl_arena *a;
    const struct pl_program *p;
    struct vm_state *s;
};

static struct pl_value sample(const struct parking *k, struct pl_type type, int depth);

static struct pl_value sample_record(const struct parking *k, const struct pl_typedef *def,
                                     int depth) {
    struct pl_field *f = PL_NEW_ARRAY(k->a, struct pl_field, def->nfields + 1);
    for (uint32_t i = 0; i < def->nfields; i++)
        f[i] = (struct pl_field){def->fields[i].name, sample(k, def->fields[i].type, depth + 1)};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f, def->nfields}};
}

/* Some value of the type. */
static struct pl_value sample(const struct parking *k, struct pl_type type, int depth) {
    const struct pl_types *types = &k->p->types;
    bool named =
        type.kind == PL_KIND_ENUM || type.kind == PL_KIND_RECORD || type.kind == PL_KIND_ENTITY;
    const struct pl_typedef *def = named ? &types->defs[type.def] : NULL;
    struct pl_value v = {.kind = type.kind == PL_KIND_ENTITY ? def->base : type.kind};
    if (depth > VM_NEST) return PL_NONE;
    if (v.kind == PL_KIND_RECORD) return sample_record(k, def, depth);
    if (v.kind == PL_KIND_ENUM && def->nfields) {
        v.e.type = def->name;
        v.e.member = def->fields[0].name;
    } else if (v.kind == PL_KIND_MONEY) {
        memcpy(v.money.currency, k->p->currency, sizeof v.money.currency);
    }
    return v;
}

/* The flow whose code has this call, and where; PL_NOWHERE: none has. */
static uint32_t flow_with(const struct pl_program *p, uint32_t call, uint32_t *at) {
    for (uint32_t i = 0; i < p->nflows; i++)
        for (*at = p->flows[i].entry; *at < p->flows[i].end; *at += 1 + pl_op_extra(p->code[*at])) {
            uint32_t w = p->code[*at];
            bool calls = PL_WORD_OP(w) == PL_OP_CALL_FLOW || PL_WORD_OP(w) == PL_OP_CALL_VALUE;
            if (calls && PL_WORD_ARG(w) == call) return i;
        }
    return PL_NOWHERE;
}

/* What the option's button says: the text before it. */
static uint32_t label_of(const struct pl_program *p, const struct pl_p_flow *f, uint32_t option) {
    uint32_t text = PL_NOWHERE;
    for (uint32_t at = f->entry; at < f->end; at += 1 + pl_op_extra(p->code[at])) {
        uint32_t w = p->code[at];
        if (PL_WORD_OP(w) == PL_OP_TEXT) text = PL_WORD_ARG(w);
        if (PL_WORD_OP(w) == PL_OP_OPTION && PL_WORD_ARG(w) == option) return text;
    }
    return PL_NOWHERE;
}

static void offer(const struct parking *k, const struct pl_vm_park *at, struct vm_frame *f) {
    const struct pl_program *p = k->p;
    f->offers = PL_NEW_ARRAY(k->a, struct pl_vm_choice, at->noptions + 1);
    f->offer_items = PL_NEW_ARRAY(k->a, struct pl_value, at->noptions + 1);
    for (uint32_t i = 0; i < at->noptions; i++) {
        uint32_t row = at->options[i];
        struct pl_vm_choice c = {.option = row};
        if (row >= p->noptions || p->options[row].wait != f->wait) continue;
        c.id = p->options[row].id;
        c.label.text = label_of(p, &p->flows[f->flow], row);
        f->offers[f->noffers++] = c;
    }
}

static struct vm_frame *begin(const struct parking *k, uint32_t flow, uint32_t pc) {
    const struct pl_p_flow *row = &k->p->flows[flow];
    struct vm_frame *f = &k->s->frames[k->s->nframes];
    *f = (struct vm_frame){.flow = flow,
                           .pc = pc,
                           .run = k->s->next_run++,
                           .role = k->s->nframes ? VM_CALLED : VM_TASK,
                           .call = PL_NOWHERE,
                           .arg = PL_NOWHERE,
                           .wait = PL_NOWHERE,
                           .hook_call = PL_NOWHERE,
                           .action.model = PL_NOWHERE};
    k->s->nframes++;
    f->slots = PL_NEW_ARRAY(k->a, struct pl_value, row->nslots + 1);
    for (uint32_t i = 0; i < row->nparams; i++) f->slots[i] = sample(k, row->slots[i].type, 0);
    return f;
}

static void stand(const struct parking *k, const struct pl_vm_park *at, struct vm_frame *f) {
    const struct pl_p_wait *w = &k->p->waits[at->wait];
    f->wait = at->wait;
    f->waiting = w->kind == PL_WAIT_SLEEP   ? VM_SLEEP
                 : w->kind == PL_WAIT_AWAIT ? VM_AWAIT
                                            : VM_QUESTION;
    if (f->waiting == VM_QUESTION)
        offer(k, at, f);
    else
        f->deadline = 1;
}

enum pl_err pl_vm_parked(struct pl_vm *vm, const struct pl_image *image,
                         const struct pl_vm_park *at, struct pl_arena *a, struct pl_str *out) {
    const struct pl_program *p = pl_image_program(image);
    struct parking k = {a, p, pl_vm__state(a, p)};
    struct vm_state *s = k.s, *check;
    struct vm_frame *f = NULL;
    uint32_t call = PL_NOWHERE;
    if (at->ncalls >= VM_FRAMES || at->wait >= p->nwaits) return PL_CONFLICT;
    s->next_run = s->next_effect = 1;
    s->offer_rule = s->kept_flow = s->done.flow = PL_NOWHERE;
    s->verified = at->verified;
    for (uint32_t i = 0; i <= at->ncalls; i++) {
        uint32_t pc = p->waits[at->wait].next, flow = p->waits[at->wait].flow;
        if (i < at->ncalls) flow = flow_with(p, at->calls[i], &pc);
        if (flow == PL_NOWHERE || (f && p->calls[call].callee != flow)) return PL_CONFLICT;
        bool value = f && PL_WORD_OP(p->code[f->pc - 1]) == PL_OP_CALL_VALUE;
        f = begin(&k, flow, i < at->ncalls ? pc + 1 : pc);
        f->call = call;
        f->value_on_stack = value;
        call = i < at->ncalls ? at->calls[i] : PL_NOWHERE;
    }
    stand(&k, at, f);
    *out = pl_vm__encode(&vm->buf, a, p, s);
    return pl_vm__decode(a, image, *out, &check) == PL_OK ? PL_OK : PL_CONFLICT;
}
