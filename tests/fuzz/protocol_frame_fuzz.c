/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes give between 1 and 32 frames, each whole or refused with a reason; a whole one has
 * kept its limits. */
#include <string.h>

#include "runtime/protocol/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_arena a;
    struct pl_frame frames[PL_PROTOCOL_MAX_BATCH];
    if (size > PL_PROTOCOL_MAX_BYTES) return 0;
    pl_arena_init(&a, 0);
    size_t n = pl_protocol_parse(&a, (struct pl_str){(const char *)data, size}, frames);
    pl_assert(n >= 1 && n <= PL_PROTOCOL_MAX_BATCH);
    for (size_t i = 0; i < n; i++) {
        const struct pl_frame *f = &frames[i];
        pl_assert((f->code == PL_CODE_OK) == (f->message.n == 0));
        pl_assert(pl_utf8_valid(f->text) && f->text.n <= 16000);
        pl_assert(f->code != PL_CODE_OK || f->kind != PL_FRAME_SEND || f->cid.counter > 0);
        struct pl_buf b = {0};
        if (f->code != PL_CODE_OK) pl_print_error(&b, f->code, f->message, f->cid);
        pl_assert(pl_utf8_valid(pl_buf_slice(&b)));
        pl_buf_free(&b);
    }
    pl_arena_free(&a);
    return 0;
}
