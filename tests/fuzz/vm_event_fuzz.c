/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an event's journal form: refused, or it can be written and read again, and a
 * conversation of a small program can take it. */
#include "tests/fuzz/fuzz_play.h"
#include "tests/fuzz/small_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(const struct pl_vm_event *e, struct pl_arena *a) {
    const struct pl_image *image = small_image(false);
    struct pl_vm *vm = pl_vm_create((struct pl_vm_env){.matches = fuzz_matches});
    struct pl_vm_event open = {.kind = PL_EVENT_OPEN, .rule = PL_NOWHERE, .target = PL_NOWHERE};
    struct pl_vm_result r;
    struct pl_str state = pl_vm_begin(a, image, e->now_ms);
    open.reading.command = PL_NOWHERE;
    open.now_ms = e->now_ms;
    pl_assert(pl_vm_step(vm, image, state, e, a, &r) == PL_OK);
    pl_assert(pl_vm_step(vm, image, state, &open, a, &r) == PL_OK); /* a question is open */
    for (int i = 0; i < 3; i++) pl_assert(pl_vm_step(vm, image, r.state, e, a, &r) == PL_OK);
    pl_vm_destroy(&vm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_arena a;
    struct pl_vm_event e, again;
    pl_arena_init(&a, 0);
    if (pl_vm_event_read((struct pl_str){(const char *)data, size}, &a, &e) == PL_OK) {
        struct pl_buf b = {0}, c = {0};
        pl_vm_event_write(&b, &e);
        pl_assert(pl_vm_event_read(pl_buf_slice(&b), &a, &again) == PL_OK);
        pl_vm_event_write(&c, &again);
        pl_assert(pl_str_eq(pl_buf_slice(&b), pl_buf_slice(&c)));
        take(&e, &a);
        pl_buf_free(&b);
        pl_buf_free(&c);
    }
    pl_arena_free(&a);
    return 0;
}
