/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an image; what loads is run: an opening, then events that follow from the bytes.
 * Whatever its code does, a step ends, gives a state that can be read, and the same one again. */
#include "runtime/vm/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 12, ENTITIES = 2 };

static bool matches(void *ctx, const struct pl_image *image, uint32_t regex, struct pl_str text) {
    (void)ctx;
    (void)image;
    return (regex + text.n) % 2;
}

static void message(struct pl_vm_event *e, const struct pl_program *p, struct pl_rand *rand,
                    struct pl_vm_entity *entities, struct pl_vm_intent *intent) {
    struct pl_vm_reading *r = &e->reading;
    r->text = PL_STR("some words");
    r->folded_hash = pl_rand_below(rand, 3);
    r->command = pl_rand_below(rand, 4) ? PL_NOWHERE : (uint32_t)pl_rand_below(rand, 4);
    r->yes_no = (int8_t)(pl_rand_below(rand, 3) - 1);
    r->choice = (uint32_t)pl_rand_below(rand, 4);
    r->change_word = pl_rand_below(rand, 2);
    r->intents = intent;
    r->nintents = pl_rand_below(rand, 2) && p->nintents;
    intent->intent = (uint32_t)pl_rand_below(rand, p->nintents);
    r->entities = entities;
    r->nentities = (uint32_t)pl_rand_below(rand, ENTITIES + 1);
    for (uint32_t i = 0; i < ENTITIES; i++) {
        entities[i] = (struct pl_vm_entity){.entity = PL_NOWHERE, .kind = PL_KIND_NUMBER};
        entities[i].value = pl_int(7);
        if (p->nentities && pl_rand_below(rand, 2)) {
            entities[i].entity = (uint32_t)pl_rand_below(rand, p->nentities);
            entities[i].value = pl_text(PL_STR("ORDER7"));
        }
    }
    if (p->ntargets && pl_rand_below(rand, 8) == 0)
        e->target = (uint32_t)pl_rand_below(rand, p->ntargets);
    if (p->nrules && pl_rand_below(rand, 8) == 0)
        e->rule = (uint32_t)pl_rand_below(rand, p->nrules);
}

static void step(struct pl_vm *vm, const struct pl_image *image, struct pl_arena *a,
                 struct pl_str *state, const struct pl_vm_event *e, struct pl_vm_view *view) {
    struct pl_vm_result r, again;
    pl_assert(pl_vm_step(vm, image, *state, e, a, &r) == PL_OK);
    pl_assert(pl_vm_step(vm, image, *state, e, a, &again) == PL_OK);
    pl_assert(r.hash == again.hash && pl_str_eq(r.state, again.state));
    pl_assert(pl_vm_look(vm, image, r.state, a, view) == PL_OK);
    *state = r.state;
}

static void run(struct pl_vm *vm, const struct pl_image *image, uint64_t seed) {
    const struct pl_program *p = pl_image_program(image);
    struct pl_arena a;
    struct pl_rand rand;
    struct pl_vm_view view = {0};
    struct pl_vm_entity entities[ENTITIES];
    struct pl_vm_intent intent = {.confidence = 0.9f};
    int64_t now = 1795338000000;
    pl_arena_init(&a, 0);
    pl_rand_seed(&rand, seed);
    struct pl_str state = pl_vm_begin(&a, image, now);
    for (int i = 0; i < STEPS; i++) {
        struct pl_vm_event e = {.kind = PL_EVENT_OPEN, .rule = PL_NOWHERE, .target = PL_NOWHERE};
        e.reading.command = PL_NOWHERE;
        e.now_ms = now += 1000;
        e.seed = seed;
        if (i) e.kind = PL_EVENT_MESSAGE;
        if (view.mode == PL_VM_BUSY) e.kind = PL_EVENT_HOOK;
        if (view.deadline_ms && pl_rand_below(&rand, 3) == 0) {
            e.kind = PL_EVENT_TIMER;
            if (view.deadline_ms > now) e.now_ms = now = view.deadline_ms;
        }
        if (e.kind == PL_EVENT_MESSAGE) message(&e, p, &rand, entities, &intent);
        e.effect = view.effect;
        if (pl_rand_below(&rand, 2)) e.failure = PL_STR("unavailable");
        step(vm, image, &a, &state, &e, &view);
    }
    pl_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t hash[32];
    struct pl_image *image = NULL;
    char why[256];
    if (pl_image_load((struct pl_str){(const char *)data, size}, hash, &image, why) != PL_OK)
        return 0;
    struct pl_vm *vm = pl_vm_create((struct pl_vm_env){.matches = matches});
    run(vm, image, pl_fnv(PL_FNV, data, size));
    pl_vm_destroy(&vm);
    pl_image_unref(&image);
    return 0;
}
