/* SPDX-License-Identifier: Apache-2.0
 *
 * What differs between two programs, by name: for those who decide whether the new one may take
 * over from the old.
 */
#include <string.h>

#include "runtime/program/program.h"

struct thing { /* of one kind, in one program */
    struct pl_str flow, name;
    struct pl_str words; /* what tells one of the same name from another; may be empty */
    struct pl_type type;
};

struct comparison {
    struct pl_arena *a;
    const struct pl_program *old, *new;
    PL_VEC(struct pl_change) out;
};

typedef uint32_t things_of(struct pl_arena *a, const struct pl_program *p, struct thing *out);

static void add(struct comparison *x, enum pl_change_kind kind, const struct thing *t) {
    struct pl_change c = {kind, t->flow, t->name};
    PL_PUSH(&x->out, c);
}

static struct pl_str key_of(struct pl_arena *a, const struct thing *t) {
    return pl_arena_printf(a, "%.*s\n%.*s", PL_STR_ARG(t->flow), PL_STR_ARG(t->name));
}

/* kinds: what to say of one that is new, gone, of another type, of other words; PL_CHANGES: none.
 */
static void compare(struct comparison *x, things_of *of, const enum pl_change_kind kinds[4]) {
    uint32_t nold = of(x->a, x->old, NULL), nnew = of(x->a, x->new, NULL);
    struct thing *old = PL_NEW_ARRAY(x->a, struct thing, nold + 1);
    struct thing *new = PL_NEW_ARRAY(x->a, struct thing, nnew + 1);
    struct pl_map was = {0}, is = {0};
    of(x->a, x->old, old);
    of(x->a, x->new, new);
    for (uint32_t i = 0; i < nold; i++) pl_map_put(&was, key_of(x->a, &old[i]), &old[i]);
    for (uint32_t i = 0; i < nnew; i++) {
        struct pl_str key = key_of(x->a, &new[i]);
        const struct thing *o = pl_map_get(&was, key);
        if (pl_map_put(&is, key, &new[i])) continue; /* said already */
        if (!o)
            add(x, kinds[0], &new[i]);
        else if (kinds[2] != PL_CHANGES &&
                 !pl_type_alike(&x->old->types, o->type, &x->new->types, new[i].type))
            add(x, kinds[2], &new[i]);
        else if (kinds[3] != PL_CHANGES && !pl_str_eq(o->words, new[i].words))
            add(x, kinds[3], &new[i]);
    }
    for (uint32_t i = 0; i < nold; i++)
        if (!pl_map_get(&is, key_of(x->a, &old[i]))) add(x, kinds[1], &old[i]);
    pl_map_free(&was);
    pl_map_free(&is);
}

/* ---- the kinds ---- */

static const struct pl_str policies[] = {
    {"finish", 6},
    {"restart", 7},
    {"move", 4},
};

static uint32_t flows(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nflows; i++)
        out[i] = (struct thing){.name = p->flows[i].name, .words = policies[p->flows[i].on_change]};
    return p->nflows;
}

static uint32_t waits(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nwaits; i++) {
        const struct pl_p_wait *w = &p->waits[i];
        out[i] = (struct thing){p->flows[w->flow].name, w->id, {0}, w->type};
        if (w->kind != PL_WAIT_ASK) out[i].type = (struct pl_type){0};
    }
    return p->nwaits;
}

static uint32_t options(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->noptions; i++) {
        const struct pl_p_wait *w = &p->waits[p->options[i].wait];
        out[i] = (struct thing){.flow = p->flows[w->flow].name, .name = p->options[i].id};
    }
    return p->noptions;
}

static uint32_t put_slots(struct thing *out, uint32_t n, struct pl_str flow,
                          const struct pl_p_slot *slots, uint32_t nslots) {
    for (uint32_t i = 0; out && i < nslots; i++)
        out[n + i] = (struct thing){flow, slots[i].name, {0}, slots[i].type};
    return n + nslots;
}

static uint32_t slots(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    uint32_t n = put_slots(out, 0, PL_STR(""), p->session, p->nsession);
    (void)a;
    n = put_slots(out, n, PL_STR(""), p->customer, p->ncustomer);
    for (uint32_t i = 0; i < p->nflows; i++)
        n = put_slots(out, n, p->flows[i].name, p->flows[i].slots, p->flows[i].nslots);
    return n;
}

/* Its codes, one behind the other: each locale's by its name, since their order may differ. */
static struct pl_str words_of(struct pl_arena *a, const struct pl_program *p,
                              const struct pl_p_text *t) {
    struct pl_buf b = {0};
    for (uint32_t i = 0; i < p->nlocales; i++) {
        pl_buf_text(&b, p->locales[i]);
        pl_buf_text(&b, t->code[i]);
    }
    struct pl_str words = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return words;
}

static uint32_t texts(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->ntexts; i++) {
        if (p->texts[i].id.n == 0) continue;
        if (out)
            out[n] = (struct thing){.name = p->texts[i].id, .words = words_of(a, p, &p->texts[i])};
        n++;
    }
    return n;
}

static uint32_t hooks(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nhooks; i++)
        out[i] = (struct thing){.name = p->hooks[i].name};
    return p->nhooks;
}

static uint32_t intents(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nintents; i++)
        out[i] = (struct thing){.name = p->intents[i]};
    return p->nintents;
}

static uint32_t events(struct pl_arena *a, const struct pl_program *p, struct thing *out) {
    (void)a;
    for (uint32_t i = 0; out && i < p->nevents; i++)
        out[i] = (struct thing){.name = p->events[i].name};
    return p->nevents;
}

size_t pl_program_compare(struct pl_arena *a, const struct pl_program *old,
                          const struct pl_program *new, const struct pl_change **out) {
    static const struct {
        things_of *of;
        enum pl_change_kind kinds[4];
    } tables[] = {
        {flows, {PL_CHANGE_FLOW_NEW, PL_CHANGE_FLOW_GONE, PL_CHANGES, PL_CHANGE_FLOW_POLICY}},
        {waits, {PL_CHANGE_WAIT_NEW, PL_CHANGE_WAIT_GONE, PL_CHANGE_WAIT_TYPE, PL_CHANGES}},
        {options, {PL_CHANGE_OPTION_NEW, PL_CHANGE_OPTION_GONE, PL_CHANGES, PL_CHANGES}},
        {slots, {PL_CHANGE_SLOT_NEW, PL_CHANGE_SLOT_GONE, PL_CHANGE_SLOT_TYPE, PL_CHANGES}},
        {texts, {PL_CHANGE_TEXT_NEW, PL_CHANGE_TEXT_GONE, PL_CHANGES, PL_CHANGE_TEXT_WORDS}},
        {hooks, {PL_CHANGE_HOOK_NEW, PL_CHANGE_HOOK_GONE, PL_CHANGES, PL_CHANGES}},
        {intents, {PL_CHANGE_INTENT_NEW, PL_CHANGE_INTENT_GONE, PL_CHANGES, PL_CHANGES}},
        {events, {PL_CHANGE_EVENT_NEW, PL_CHANGE_EVENT_GONE, PL_CHANGES, PL_CHANGES}},
    };
    struct comparison x = {.a = a, .old = old, .new = new};
    for (size_t i = 0; i < PL_LEN(tables); i++) compare(&x, tables[i].of, tables[i].kinds);
    struct pl_change *v = PL_NEW_ARRAY(a, struct pl_change, x.out.n + 1);
    if (x.out.n) memcpy(v, x.out.v, x.out.n * sizeof *v);
    size_t n = x.out.n;
    PL_VEC_FREE(&x.out);
    *out = v;
    return n;
}

void pl_change_say(struct pl_buf *b, const struct pl_change *c) {
    static const struct {
        const char *thing, *what;
    } words[] = {
#define CHANGE(name, thing, what) {thing, what},
#include "runtime/program/change.def"
#undef CHANGE
    };
    pl_buf_printf(b, "%s %.*s%s%.*s: %s", words[c->kind].thing, PL_STR_ARG(c->flow),
                  c->flow.n ? " " : "", PL_STR_ARG(c->name), words[c->kind].what);
}
