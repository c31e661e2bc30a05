/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an image; what loads is run: an opening, then events that follow from the bytes.
 * Whatever its code does, a step ends, gives a state that can be read, and the same one again. */
#include "tests/fuzz/fuzz_play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 12 };

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
    struct fuzz_play play = {.p = pl_image_program(image), .now_ms = 1795338000000};
    struct pl_arena a;
    pl_arena_init(&a, 0);
    pl_rand_seed(&play.rand, seed);
    struct pl_str state = pl_vm_begin(&a, image, play.now_ms);
    for (int i = 0; i < STEPS; i++) {
        struct pl_vm_event e = fuzz_event(&play, i == 0, seed);
        step(vm, image, &a, &state, &e, &play.view);
    }
    pl_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t hash[32];
    struct pl_image *image = NULL;
    char why[256];
    if (pl_image_load((struct pl_str){(const char *)data, size}, hash, &image, why) != PL_OK)
        return 0;
    struct pl_vm *vm = pl_vm_create((struct pl_vm_env){.matches = fuzz_matches});
    run(vm, image, pl_fnv(PL_FNV, data, size));
    pl_vm_destroy(&vm);
    pl_image_unref(&image);
    return 0;
}
