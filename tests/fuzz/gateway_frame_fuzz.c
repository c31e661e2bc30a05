/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes from a socket are whole frames, then a part of one or a mistake; a frame is no frame
 * before its last byte has come, and a close frame has an answer. The same bytes as the head of a
 * request only say whether they ask for a WebSocket. */
#include <stdlib.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reading unmasks in place, so each try has bytes of its own, and no more than it is told of. */
static enum pl_gateway__found try_read(const uint8_t *p, size_t n, struct pl_gateway__frame *f,
                                       uint8_t **own) {
    *own = malloc(n ? n : 1);
    pl_assert(*own);
    if (n) memcpy(*own, p, n);
    return pl_gateway__frame_read(*own, n, f);
}

static void check_frame(const struct pl_gateway__frame *f, size_t left) {
    uint8_t head[10];
    pl_assert(f->whole <= left && f->payload.n < f->whole);
    pl_assert(f->payload.n <= PL_PROTOCOL_MAX_BYTES);
    pl_assert(pl_gateway__frame_head(PL_GATEWAY__TEXT, f->payload.n, head) <= sizeof head);
    if (f->opcode != PL_GATEWAY__CLOSE) return;
    int code = pl_gateway__frame_closes(f->payload);
    pl_assert(code >= 1000 && code <= 4999);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_gateway__frame f, less;
    for (size_t at = 0; at <= size;) {
        uint8_t *own, *again;
        enum pl_gateway__found found = try_read(data + at, size - at, &f, &own);
        if (found == PL_GATEWAY__WHOLE) {
            check_frame(&f, size - at);
            pl_assert(try_read(data + at, f.whole - 1, &less, &again) == PL_GATEWAY__PART);
            free(again);
        }
        free(own);
        if (found != PL_GATEWAY__WHOLE) break;
        at += f.whole;
    }
    pl_gateway__upgrades((struct pl_str){(const char *)data, size});
    return 0;
}
