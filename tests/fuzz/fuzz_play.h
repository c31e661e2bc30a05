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
    if (e.kind == PL_EVENT_HOOK && f->p->nmodels && pl_rand_below(&f->rand, 2)) fuzz_model(f, &e);
    e.effect = f->view.effect;
    if (pl_rand_below(&f->rand, 2)) e.failure = PL_STR("unavailable");
    return e;
}

#endif
