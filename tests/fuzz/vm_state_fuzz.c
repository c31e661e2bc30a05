/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a state of a small program's conversation: refused, or every kind of event can be
 * taken and gives a state that can be read. */
#include "tests/fuzz/fuzz_play.h"
#include "tests/fuzz/small_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void move(struct pl_vm *vm, struct pl_arena *a, struct pl_str state) {
    struct pl_vm_view view;
    struct pl_str moved;
    if (pl_vm_move(vm, small_image(false), state, small_image(true), a, &moved) != PL_OK) return;
    pl_assert(pl_vm_look(vm, small_image(true), moved, a, &view) == PL_OK);
}

static void take(struct pl_vm *vm, struct pl_arena *a, struct pl_str state, uint8_t kind,
                 const struct pl_vm_view *view) {
    struct pl_vm_entity order = {.kind = PL_KIND_TEXT, .value = pl_text(PL_STR("ORDER7"))};
    struct pl_vm_event e = {.kind = kind, .rule = PL_NOWHERE, .target = PL_NOWHERE};
    struct pl_vm_result r;
    struct pl_vm_view after;
    e.now_ms = 1795338000000;
    if (view->deadline_ms > e.now_ms && view->deadline_ms < 2 * e.now_ms)
        e.now_ms = view->deadline_ms;
    e.effect = view->effect;
    e.reading.command = PL_NOWHERE;
    for (int i = 0; i < 4; i++) {
        e.reading.yes_no = (int8_t)(i - 1);
        e.reading.choice = (uint32_t)i;
        e.reading.change_word = i == 2;
        e.reading.entities = &order;
        e.reading.nentities = i % 2 ? 1 : 0;
        e.failure = i % 2 ? PL_STR("unavailable") : PL_STR("");
        pl_assert(pl_vm_step(vm, small_image(false), state, &e, a, &r) == PL_OK);
        pl_assert(pl_vm_look(vm, small_image(false), r.state, a, &after) == PL_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_arena a;
    struct pl_vm_view view;
    struct pl_str state = {(const char *)data, size};
    struct pl_vm *vm = pl_vm_create((struct pl_vm_env){.matches = fuzz_matches});
    pl_arena_init(&a, 0);
    if (pl_vm_look(vm, small_image(false), state, &a, &view) == PL_OK) {
        (void)pl_vm_slots(vm, small_image(false), state, &a);
        move(vm, &a, state);
        for (uint8_t kind = 0; kind <= PL_EVENT_NAMED; kind++) take(vm, &a, state, kind, &view);
    }
    pl_vm_destroy(&vm);
    pl_arena_free(&a);
    return 0;
}
