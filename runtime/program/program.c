/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading an image, its look-up tables, its users.
 */
#include "runtime/program/program_priv.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct pl_image {
    _Atomic uint32_t users;
    uint8_t hash[32];
    struct pl_arena arena;
    struct pl_program p;
    struct pl_map flows, hooks, intents, queues, options, locales, sections, events;
    struct pl_map labels; /* "type\0member" to text + 1 */
    uint8_t *runs;        /* per word of code: a frame may stand there */
    bool *timed;          /* per rule */
    uint32_t *fallback;   /* per locale: the next to try, PL_NOWHERE at the end */
};

const char *pl_op_name(enum pl_op op) {
    return op < PL_OPS ? pl_program__ops[op].name : "?";
}

/* ---- look-up tables ---- */

static void *as_pointer(uint32_t index) {
    return (void *)((uintptr_t)index + 1);
}

static uint32_t find(const struct pl_map *m, struct pl_str name) {
    uintptr_t v = (uintptr_t)pl_map_get(m, name);
    return v ? (uint32_t)(v - 1) : PL_NOWHERE;
}

static struct pl_str label_key(struct pl_arena *a, struct pl_str type, struct pl_str member) {
    struct pl_str key = {.n = type.n + 1 + member.n};
    char *p = pl_arena_alloc(a, key.n + 1);
    memcpy(p, type.p, type.n);
    p[type.n] = 0;
    memcpy(p + type.n + 1, member.p, member.n);
    key.p = p;
    return key;
}

static void label_add(struct pl_image *i, struct pl_str type, struct pl_str member, uint32_t text) {
    if (text == PL_NOWHERE || text >= i->p.ntexts) return;
    pl_map_put(&i->labels, label_key(&i->arena, type, member), as_pointer(text));
}

static void slot_labels(struct pl_image *i, struct pl_str type, const struct pl_p_slot *slots,
                        uint32_t n) {
    for (uint32_t k = 0; k < n; k++) {
        struct pl_str name = slots[k].name;
        size_t dot = pl_str_find(name, PL_STR("."));
        if (dot != SIZE_MAX) name = (struct pl_str){name.p + dot + 1, name.n - dot - 1};
        label_add(i, type, name, slots[k].title);
    }
}

static void index_labels(struct pl_image *i) {
    const struct pl_program *p = &i->p;
    for (uint32_t d = 0; d < p->types.ndefs; d++)
        for (uint32_t k = 0; k < p->types.defs[d].nfields; k++)
            label_add(i, p->types.defs[d].name, p->types.defs[d].fields[k].name,
                      p->types.defs[d].fields[k].title - 1); /* 0, none, becomes PL_NOWHERE */
    for (uint32_t f = 0; f < p->nflows; f++) {
        label_add(i, PL_STR("flow"), p->flows[f].name, p->flows[f].title);
        struct pl_str type = pl_arena_printf(&i->arena, "slot.%.*s", PL_STR_ARG(p->flows[f].name));
        slot_labels(i, type, p->flows[f].slots, p->flows[f].nslots);
    }
    for (uint32_t q = 0; q < p->nqueues; q++)
        label_add(i, PL_STR("queue"), p->queues[q].name, p->queues[q].title);
    for (uint32_t e = 0; e < p->nentities; e++)
        label_add(i, PL_STR("entity"), p->entities[e].name, p->entities[e].title);
    slot_labels(i, PL_STR("session"), p->session, p->nsession);
    slot_labels(i, PL_STR("customer"), p->customer, p->ncustomer);
}

#define INDEX(map, table, count, name)                                                             \
    for (uint32_t k = 0; k < (count); k++) pl_map_put((map), (table)[k] name, as_pointer(k))

static void index_names(struct pl_image *i) {
    const struct pl_program *p = &i->p;
    INDEX(&i->flows, p->flows, p->nflows, .name);
    INDEX(&i->hooks, p->hooks, p->nhooks, .name);
    INDEX(&i->intents, p->intents, p->nintents, );
    INDEX(&i->queues, p->queues, p->nqueues, .name);
    INDEX(&i->options, p->options, p->noptions, .id);
    INDEX(&i->locales, p->locales, p->nlocales, );
    INDEX(&i->sections, p->sections, p->nsections, .name);
    INDEX(&i->events, p->events, p->nevents, .name);
    index_labels(i);
}

static bool same_language(struct pl_str a, struct pl_str b) {
    size_t na = pl_str_find(a, PL_STR("-")), nb = pl_str_find(b, PL_STR("-"));
    struct pl_str la = {a.p, na == SIZE_MAX ? a.n : na}, lb = {b.p, nb == SIZE_MAX ? b.n : nb};
    return pl_str_eq(la, lb);
}

/* es-MX falls back to the first other locale of its language, then to the source. */
static void index_fallbacks(struct pl_image *i) {
    const struct pl_program *p = &i->p;
    i->fallback = PL_NEW_ARRAY(&i->arena, uint32_t, p->nlocales);
    for (uint32_t l = 0; l < p->nlocales; l++) {
        i->fallback[l] = l == 0 ? PL_NOWHERE : 0;
        for (uint32_t k = 1; k < l; k++)
            if (same_language(p->locales[k], p->locales[l])) {
                i->fallback[l] = k;
                break;
            }
    }
}

/* Of a fact or an opcode: it changes by itself, or only with a message. */
static void time_of(uint32_t word, bool *clock, bool *message) {
    uint32_t arg = PL_WORD_ARG(word);
    switch ((enum pl_op)PL_WORD_OP(word)) {
    case PL_OP_OPEN:
    case PL_OP_QUEUE_WAIT: *clock = true; break;
    case PL_OP_MENTIONS: *message = true; break;
    case PL_OP_FACT:
        *clock |= arg == PL_FACT_ELAPSED || arg == PL_FACT_NOW || arg == PL_FACT_TODAY;
        *message |= arg == PL_FACT_SENTIMENT || arg == PL_FACT_UNCERTAINTY ||
                    arg == PL_FACT_INTENT || arg == PL_FACT_MESSAGE || arg == PL_FACT_LANGUAGE;
        break;
    default: break;
    }
}

/* A condition stands in one piece, up to its DONE. */
static void index_timed(struct pl_image *i) {
    const struct pl_program *p = &i->p;
    i->timed = PL_NEW_ARRAY(&i->arena, bool, (size_t)p->nrules + 1);
    for (uint32_t k = 0; k < p->nrules; k++) {
        bool clock = false, message = false;
        for (uint32_t at = p->rules[k].cond; at < p->ncode && PL_WORD_OP(p->code[at]) != PL_OP_DONE;
             at += 1 + pl_op_extra(p->code[at]))
            time_of(p->code[at], &clock, &message);
        i->timed[k] = clock && !message;
    }
}

/* ---- loading ---- */

static void destroy(struct pl_image *i) {
    struct pl_map *maps[] = {&i->flows,   &i->hooks,    &i->intents, &i->queues, &i->options,
                             &i->locales, &i->sections, &i->labels,  &i->events};
    for (size_t k = 0; k < PL_LEN(maps); k++) pl_map_free(maps[k]);
    pl_arena_free(&i->arena);
    free(i);
}

enum pl_err pl_image_load(struct pl_str bytes, const uint8_t hash[32], struct pl_image **out,
                          char why[256]) {
    struct pl_image *i = calloc(1, sizeof *i);
    if (!i) return PL_NOMEM;
    pl_arena_init(&i->arena, PL_IMAGE_ARENA + bytes.n);
    i->users = 1;
    memcpy(i->hash, hash, sizeof i->hash);
    struct pl_str copy = pl_arena_str(&i->arena, bytes);
    enum pl_err err = pl_program__read(copy, &i->arena, &i->p);
    if (err == PL_VERSION)
        snprintf(why, 256, "an image of another format version");
    else if (err != PL_OK)
        snprintf(why, 256, "not an image, or cut short");
    struct pl_arena scratch;
    pl_arena_init(&scratch, PL_IMAGE_ARENA);
    if (err == PL_OK) i->runs = PL_NEW_ARRAY(&i->arena, uint8_t, (size_t)i->p.ncode + 1);
    if (err == PL_OK && !i->runs) {
        snprintf(why, 256, "out of memory");
        err = PL_NOMEM;
    }
    if (err == PL_OK && !pl_program__verify(&i->p, i->runs, &scratch, why)) err = PL_MALFORMED;
    pl_arena_free(&scratch);
    if (err != PL_OK) {
        destroy(i);
        return err;
    }
    index_names(i);
    index_fallbacks(i);
    index_timed(i);
    *out = i;
    return PL_OK;
}

struct pl_image *pl_image_ref(struct pl_image *i) {
    atomic_fetch_add_explicit(&i->users, 1, memory_order_relaxed);
    return i;
}

void pl_image_unref(struct pl_image **i) {
    struct pl_image *old = *i;
    *i = NULL;
    if (old && atomic_fetch_sub_explicit(&old->users, 1, memory_order_acq_rel) == 1) destroy(old);
}

/* ---- asking ---- */

const struct pl_program *pl_image_program(const struct pl_image *i) {
    return &i->p;
}

const uint8_t *pl_image_hash(const struct pl_image *i) {
    return i->hash;
}

struct pl_str pl_image_section(const struct pl_image *i, const char *name) {
    uint32_t k = find(&i->sections, pl_str_c(name));
    return k == PL_NOWHERE ? (struct pl_str){0} : i->p.sections[k].bytes;
}

uint32_t pl_image_flow(const struct pl_image *i, struct pl_str name) {
    return find(&i->flows, name);
}

uint32_t pl_image_hook(const struct pl_image *i, struct pl_str name) {
    return find(&i->hooks, name);
}

uint32_t pl_image_intent(const struct pl_image *i, struct pl_str name) {
    return find(&i->intents, name);
}

uint32_t pl_image_queue(const struct pl_image *i, struct pl_str name) {
    return find(&i->queues, name);
}

uint32_t pl_image_event(const struct pl_image *i, struct pl_str name) {
    return find(&i->events, name);
}

uint32_t pl_program_no_model(const struct pl_program *p) {
    for (uint32_t i = 0; i < p->ncustomer; i++)
        if (pl_str_is(p->customer[i].name, PL_NO_MODEL) && p->customer[i].type.kind == PL_KIND_BOOL)
            return i;
    return PL_NOWHERE;
}

bool pl_image_timed(const struct pl_image *i, uint32_t rule) {
    return rule < i->p.nrules && i->timed[rule];
}

uint32_t pl_image_option(const struct pl_image *i, struct pl_str id) {
    return find(&i->options, id);
}

uint32_t pl_image_locale(const struct pl_image *i, struct pl_str locale) {
    uint32_t l = find(&i->locales, locale);
    for (uint32_t k = 0; l == PL_NOWHERE && k < i->p.nlocales; k++)
        if (same_language(i->p.locales[k], locale)) l = k;
    return l;
}

uint32_t pl_image_label(const struct pl_image *i, struct pl_str type, struct pl_str member) {
    char key[256];
    if (type.n + 1 + member.n > sizeof key) return PL_NOWHERE;
    memcpy(key, type.p, type.n);
    key[type.n] = 0;
    memcpy(key + type.n + 1, member.p, member.n);
    return find(&i->labels, (struct pl_str){key, type.n + 1 + member.n});
}

void pl_image_line(const struct pl_image *i, uint32_t at, struct pl_str *file, uint32_t *line) {
    const struct pl_program *p = &i->p;
    uint32_t low = 0, high = p->nlines;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (p->lines[mid].at <= at)
            low = mid + 1;
        else
            high = mid;
    }
    *file = low ? p->consts[p->lines[low - 1].file].s : PL_STR("?");
    *line = low ? p->lines[low - 1].line : 0;
}

bool pl_image_runs(const struct pl_image *i, uint32_t at) {
    return at < i->p.ncode && i->runs[at];
}

struct pl_str pl_image_text(const struct pl_image *i, uint32_t text, uint32_t locale) {
    if (text >= i->p.ntexts) return (struct pl_str){0};
    if (locale >= i->p.nlocales) locale = 0;
    while (i->p.texts[text].code[locale].n == 0 && i->fallback[locale] != PL_NOWHERE)
        locale = i->fallback[locale];
    return i->p.texts[text].code[locale];
}
