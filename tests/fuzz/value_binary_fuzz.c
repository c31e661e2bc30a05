/* SPDX-License-Identifier: Apache-2.0 */
/* Binary values and message code: whatever is read is written as bytes that read back equal. */
#include "runtime/value/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_str input = {(const char *)data, size};
    struct pl_arena a;
    struct pl_buf b = {0}, json = {0};
    pl_arena_init(&a, 64 << 20);
    (void)pl_msg_check(input, 4);
    struct pl_reader r = pl_reader_of(input);
    struct pl_value v = pl_value_read(&r, &a);
    if (!r.bad) {
        pl_value_write(&b, v);
        r = pl_reader_of(pl_buf_slice(&b));
        pl_assert(pl_value_eq(v, pl_value_read(&r, &a)) && !r.bad);
        pl_value_to_json(&json, v);
    }
    pl_buf_free(&json);
    pl_buf_free(&b);
    pl_arena_free(&a);
    return 0;
}
