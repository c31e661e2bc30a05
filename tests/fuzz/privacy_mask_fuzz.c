/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes: masking ends and stays within bounds.
 */
#include "runtime/privacy/privacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_str text = {(const char *)data, size};
    struct pl_masked once = pl_privacy_mask(&a, text);
    pl_assert(once.card_seen || once.s.p == text.p);
    pl_privacy_log(&a, text);
    pl_privacy_log_line(&a, text);
    pl_arena_free(&a);
    return 0;
}
