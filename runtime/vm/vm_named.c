/* SPDX-License-Identifier: Apache-2.0
 *
 * "Send the kettle back": the list that the kettle is in is only known when the flow has fetched
 * it. So the words of a run's messages are kept until a question offers records of a list; then
 * the state waits for a NAMED event, which says which of the options they name.
 *
 *   one named -> it is the answer    several -> asked among these    none -> asked
 */
#include "runtime/vm/vm_priv.h"

#include <string.h>

#define SAID_MOST 1000 /* bytes of messages that are kept for one run */

/* What is recognised by itself is filled ahead by its own kind. */
static bool names_records(const struct vm_machine *m, const struct pl_p_wait *w) {
    uint8_t kind =
        w->type.kind == PL_KIND_LIST ? m->p->types.types[w->type.def].kind : w->type.kind;
    return w->kind == PL_WAIT_ASK && w->listed && kind == PL_KIND_RECORD;
}

static bool will_ask(const struct vm_machine *m, uint32_t flow) {
    for (uint32_t i = 0; i < m->p->nwaits; i++)
        if (m->p->waits[i].flow == flow && names_records(m, &m->p->waits[i])) return true;
    return false;
}

void pl_vm__hear(struct vm_machine *m, struct vm_frame *f) {
    struct pl_str text = pl_str_trim(m->heard);
    if (text.n == 0 || text.n > SAID_MOST || !will_ask(m, f->flow)) return;
    bool joins = f->said.n && f->said.n + 1 + text.n <= SAID_MOST;
    f->said =
        joins ? pl_arena_printf(m->a, "%.*s\n%.*s", PL_STR_ARG(f->said), PL_STR_ARG(text)) : text;
}

bool pl_vm__name_options(struct vm_machine *m, struct vm_frame *f) {
    if (f->said.n == 0 || !names_records(m, &m->p->waits[f->wait])) return false;
    if (!pl_vm__look_up_offers(m, f) || f->noffers == 0) return false;
    f->waiting = VM_NAMING;
    return true;
}

/* Is one of the record's fields a value that was found in the messages? */
static bool has_value(const struct vm_machine *m, struct pl_value record) {
    const struct pl_vm_reading *r = &m->e->reading;
    for (uint32_t i = 0; record.kind == PL_KIND_RECORD && i < record.rec.n; i++)
        for (uint32_t k = 0; k < r->nentities; k++)
            if (r->entities[k].entity != PL_NOWHERE &&
                pl_value_eq(record.rec.f[i].value, r->entities[k].value))
                return true;
    return false;
}

static uint32_t count(const bool *v, uint32_t n) {
    uint32_t c = 0;
    for (uint32_t i = 0; i < n; i++) c += v[i];
    return c;
}

/* Those whose label was named and that have a value that was; else whose label was; else that have
 * such a value, if not all do. Gives how many. */
static uint32_t find_named(struct vm_machine *m, const struct vm_frame *f, bool *named) {
    const struct pl_vm_reading *r = &m->e->reading;
    uint32_t n = f->noffers;
    bool *label = PL_NEW_ARRAY(m->a, bool, n + 1), *value = PL_NEW_ARRAY(m->a, bool, n + 1);
    for (uint32_t i = 0; i < r->npicks; i++)
        if (r->picks[i] && r->picks[i] <= n) label[r->picks[i] - 1] = true;
    for (uint32_t i = 0; i < n; i++) {
        value[i] = has_value(m, f->offer_items[i]);
        named[i] = label[i] && value[i];
    }
    if (count(named, n)) return count(named, n);
    bool by_value = count(label, n) == 0 && count(value, n) < n;
    if (n) memcpy(named, by_value ? value : label, n * sizeof *named);
    return count(named, n);
}

static struct pl_value value_of(struct vm_machine *m, const struct vm_frame *f, const bool *named,
                                uint32_t n) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    struct pl_value *v = PL_NEW_ARRAY(m->a, struct pl_value, n + 1);
    uint32_t k = 0;
    for (uint32_t i = 0; i < f->noffers; i++)
        if (named[i]) v[k++] = pl_vm__option_value(m, f->offers, f->offer_items, i);
    if (w->type.kind != PL_KIND_LIST) return v[0];
    return (struct pl_value){.kind = PL_KIND_LIST, .list = {.v = v, .n = k}};
}

static void take_named(struct vm_machine *m, struct vm_frame *f) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot);
    bool *named = PL_NEW_ARRAY(m->a, bool, f->noffers + 1);
    uint32_t n = find_named(m, f, named);
    f->waiting = VM_RUNS;
    if (n) f->said = (struct pl_str){0}; /* it names one thing, for one question */
    if (slot && (n == 1 || (n && w->type.kind == PL_KIND_LIST))) {
        *slot = value_of(m, f, named, n);
        pl_vm__begin_wait(m, f, f->wait);
        return;
    }
    pl_vm__pass(m, f, f->wait, true);
    if (n)
        pl_vm__ask_among(m, f, named);
    else
        pl_vm__ask(m, f);
}

void pl_vm__named(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    if (f && f->waiting == VM_NAMING) {
        m->moved = true;
        take_named(m, f);
    }
    pl_vm__go(m);
}
