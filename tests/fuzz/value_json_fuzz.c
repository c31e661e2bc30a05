/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: whatever is read as a value of any type is written as JSON that reads back the same. */
#include "runtime/value/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pl_type any = {.kind = PL_KIND_ANY, .optional = true};

static bool read_any(struct pl_arena *a, struct pl_str text, struct pl_value *out) {
    struct pl_json j;
    struct pl_str where;
    size_t at;
    enum pl_err err = pl_json_parse(a, text, &j, &at);
    pl_assert(at <= text.n);
    return err == PL_OK && pl_value_from_json(a, NULL, any, &j, out, &where) == PL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_arena a;
    struct pl_buf first = {0}, second = {0};
    struct pl_value v, back;
    pl_arena_init(&a, 64 << 20);
    if (read_any(&a, (struct pl_str){(const char *)data, size}, &v)) {
        pl_value_to_json(&first, v);
        pl_assert(read_any(&a, pl_buf_slice(&first), &back));
        pl_value_to_json(&second, back);
        pl_assert(pl_str_eq(pl_buf_slice(&first), pl_buf_slice(&second)));
    }
    pl_buf_free(&first);
    pl_buf_free(&second);
    pl_arena_free(&a);
    return 0;
}
