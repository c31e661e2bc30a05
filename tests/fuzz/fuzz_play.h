/* SPDX-License-Identifier: Apache-2.0 */
/* Plays a program by chance: events that follow from a number, each fit for what is waited for. */
#ifndef TEST_FUZZ_PLAY_H
#define TEST_FUZZ_PLAY_H

#include "runtime/vm/vm.h"

enum { FUZZ_ENTITIES = 2 };

struct fuzz_play {
    const struct pl_program *p;
    struct pl_rand rand;
    int64_t now_ms;
    struct pl_vm_view view; /* after the last step; mode 0 before the first */
    struct pl_vm_entity entities[FUZZ_ENTITIES];
    struct pl_vm_intent intent;
    struct pl_field fields[2], of[2]; /* of what a model says, and of where it has it from */
    struct pl_value source;
    char says[512]; /* bits of phrases */
};

static inline bool fuzz_matches(void *ctx, const struct pl_image *image, uint32_t regex,
                                struct pl_str text) {
    (void)ctx;
    (void)image;
    return (regex + text.n) % 2;
}

static inline void fuzz_entities(struct fuzz_play *f, struct pl_vm_reading *r) {
    r->entities = f->entities;
    r->nentities = (uint32_t)pl_rand_below(&f->rand, FUZZ_ENTITIES + 1);
    for (uint32_t i = 0; i < FUZZ_ENTITIES; i++) {
        f->entities[i] = (struct pl_vm_entity){.entity = PL_NOWHERE, .kind = PL_KIND_NUMBER};
        f->entities[i].value = pl_int(7);
        if (f->p->nentities && pl_rand_below(&f->rand, 2)) {
            f->entities[i].entity = (uint32_t)pl_rand_below(&f->rand, f->p->nentities);
            f->entities[i].value = pl_text(PL_STR("ORDER7"));
        }
    }
}

/* A value of a built-in kind, of an entity its text. */
static inline struct pl_value fuzz_value(uint8_t kind) {
    struct pl_value v = {.kind = kind};
    switch (kind) {
    case PL_KIND_BOOL: v.b = true; break;
    case PL_KIND_NUMBER:
    case PL_KIND_PERCENT: v.n = (struct pl_dec){3, 0}; break;
    case PL_KIND_DATE: v.date = 20800; break;
    case PL_KIND_TIME: v.time = 36000; break;
    case PL_KIND_DATETIME: v.datetime = 1797120000000; break;
    case PL_KIND_DURATION: v.duration = 60000; break;
    case PL_KIND_URL: v.s = PL_STR("https://shop.example/a"); break;
    case PL_KIND_EMAIL: v.s = PL_STR("a@shop.example"); break;
    case PL_KIND_LANGUAGE: v.s = PL_STR("es"); break;
    case PL_KIND_MONEY:
        v.money.amount = (struct pl_dec){1250, 2};
        memcpy(v.money.currency, "USD", 4);
        break;
    default: v = pl_text(PL_STR("ORDER7")); break;
    }
    return v;
}

/* What the open question asks for, and nothing else. */
static inline void fuzz_answer(struct fuzz_play *f, struct pl_vm_event *e) {
    const struct pl_p_wait *w = &f->p->waits[f->view.wait];
    struct pl_vm_reading *r = &e->reading;
    *r = (struct pl_vm_reading){.text = PL_STR("4711"), .command = PL_NOWHERE, .yes_no = 1};
    if (w->type.kind == PL_KIND_FILE)
        r->upload = (struct pl_vm_upload){PL_STR("u1"), PL_STR("a.png"), PL_STR("image/png"), 100};
    f->entities[0] = (struct pl_vm_entity){.entity = w->entity, .kind = w->type.kind};
    f->entities[0].value = fuzz_value(w->type.kind);
    r->entities = f->entities;
    r->nentities = w->type.kind != PL_KIND_NONE && w->type.kind != PL_KIND_FILE;
    e->target = e->rule = PL_NOWHERE;
}

/* Some flow's own words. */
static inline void fuzz_trigger(struct fuzz_play *f, struct pl_vm_event *e) {
    const struct pl_p_trigger *t = &f->p->triggers[pl_rand_below(&f->rand, f->p->ntriggers)];
    struct pl_vm_reading *r = &e->reading;
    *r = (struct pl_vm_reading){.text = PL_STR("some words"), .command = PL_NOWHERE};
    e->target = e->rule = PL_NOWHERE;
    if (t->kind == PL_ON_INTENT) {
        f->intent = (struct pl_vm_intent){t->arg, 0.9f};
        r->intents = &f->intent;
        r->nintents = 1;
    }
    if (t->kind != PL_ON_SAYS || t->arg / 8 >= sizeof f->says) return;
    memset(f->says, 0, sizeof f->says);
    f->says[t->arg / 8] = (char)(1u << t->arg % 8);
    r->says = (struct pl_str){f->says, sizeof f->says};
}

static inline void fuzz_message(struct fuzz_play *f, struct pl_vm_event *e) {
    struct pl_vm_reading *r = &e->reading;
    struct pl_rand *rand = &f->rand;
    r->text = PL_STR("some words");
    r->folded_hash = pl_rand_below(rand, 3);
    r->command = pl_rand_below(rand, 4) ? PL_NOWHERE : (uint32_t)pl_rand_below(rand, 4);
    r->yes_no = (int8_t)(pl_rand_below(rand, 3) - 1);
    r->choice = (uint32_t)pl_rand_below(rand, 4);
    r->change_word = pl_rand_below(rand, 2);
    f->intent = (struct pl_vm_intent){.confidence = 0.9f};
    f->intent.intent = (uint32_t)pl_rand_below(rand, f->p->nintents);
    r->intents = &f->intent;
    r->nintents = pl_rand_below(rand, 2) && f->p->nintents;
    fuzz_entities(f, r);
    if (f->p->ntargets && pl_rand_below(rand, 8) == 0)
        e->target = (uint32_t)pl_rand_below(rand, f->p->ntargets);
    if (f->p->nrules && pl_rand_below(rand, 8) == 0)
        e->rule = (uint32_t)pl_rand_below(rand, f->p->nrules);
}

/* What a model says, or not. */
static inline void fuzz_model(struct fuzz_play *f, struct pl_vm_event *e) {
    f->fields[0] = (struct pl_field){PL_STR("text"), pl_text(PL_STR("Within 30 days."))};
    f->fields[1].name = PL_STR("sources");
    f->fields[1].value = (struct pl_value){.kind = PL_KIND_LIST, .list = {&f->source, 1}};
    f->of[0] = (struct pl_field){PL_STR("title"), pl_text(PL_STR("Returns"))};
    f->of[1] = (struct pl_field){PL_STR("url"), pl_text(PL_STR("kb/returns"))};
    f->source = (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f->of, 2}};
    e->kind = PL_EVENT_MODEL;
    e->value = (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f->fields, 2}};
    if (pl_rand_below(&f->rand, 3) == 0) e->value = pl_bool(true);
}

/* The next event; the first opens the conversation. */
static inline struct pl_vm_event fuzz_event(struct fuzz_play *f, bool first, uint64_t seed) {
    struct pl_vm_event e = {.kind = PL_EVENT_OPEN, .rule = PL_NOWHERE, .target = PL_NOWHERE};
    e.reading.command = PL_NOWHERE;
    e.now_ms = f->now_ms += 1000;
    e.seed = seed;
    if (seed % 2) e.locale = PL_STR("ar-SA");
    if (!first) e.kind = PL_EVENT_MESSAGE;
    if (f->view.mode == PL_VM_BUSY) e.kind = PL_EVENT_HOOK;
    if (f->view.deadline_ms && pl_rand_below(&f->rand, 3) == 0) {
        e.kind = PL_EVENT_TIMER;
        if (f->view.deadline_ms > f->now_ms) e.now_ms = f->now_ms = f->view.deadline_ms;
    }
    if (e.kind == PL_EVENT_MESSAGE) fuzz_message(f, &e);
    bool asked = e.kind == PL_EVENT_MESSAGE && f->view.mode == PL_VM_ASKING;
    if (e.kind == PL_EVENT_MESSAGE && !asked && f->p->ntriggers && pl_rand_below(&f->rand, 2))
        fuzz_trigger(f, &e);
    if (asked && f->view.wait < f->p->nwaits && pl_rand_below(&f->rand, 2)) fuzz_answer(f, &e);
    if (e.kind == PL_EVENT_HOOK && f->p->nmodels && pl_rand_below(&f->rand, 2)) fuzz_model(f, &e);
    e.effect = f->view.effect;
    if (pl_rand_below(&f->rand, 2)) e.failure = PL_STR("unavailable");
    return e;
}

#endif
