/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an entry's fields: first the kind, then the fields. What is read can be written and
 * read again.
 */
#include "runtime/journal/journal_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct pl_str bytes = {(const char *)data + 1, size - 1}, prefix, box;
    struct pl_arena a;
    struct pl_entry e = {0}, again = {0};
    struct pl_key_id id;
    pl_arena_init(&a, 1 << 20);
    (void)pl_journal__split(bytes, &id, &prefix, &box);
    if (pl_entry_read(data[0], bytes, &a, &e) == PL_OK) {
        struct pl_buf b = {0};
        pl_entry_write(&b, &e);
        pl_assert(pl_entry_read(data[0], pl_buf_slice(&b), &a, &again) == PL_OK);
        pl_assert(again.noutputs == e.noutputs);
        pl_buf_free(&b);
    }
    pl_arena_free(&a);
    return 0;
}
