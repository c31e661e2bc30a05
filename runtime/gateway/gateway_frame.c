/* SPDX-License-Identifier: Apache-2.0
 *
 * The frames of RFC 6455, as a server reads and writes them. No input or output here.
 */
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

/* What its first byte says: reserved bits and opcodes mean nothing, control frames are whole. */
static bool good_first(uint8_t first) {
    unsigned opcode = first & 0x0f;
    if (first & 0x70) return false;
    if (opcode > PL_GATEWAY__PONG || (opcode > PL_GATEWAY__BINARY && opcode < PL_GATEWAY__CLOSE))
        return false;
    return opcode < PL_GATEWAY__CLOSE || first & 0x80;
}

/* Its length, in as few bytes as it takes; false: it breaks the rules. */
static bool length_of(const uint8_t *p, size_t wide, uint64_t *len) {
    *len = wide > 0 ? 0 : p[1] & 0x7f;
    for (size_t i = 0; i < wide; i++) *len = *len << 8 | p[2 + i];
    if (wide == 8 && p[2] & 0x80) return false;
    return *len >= (wide == 8 ? 65536 : wide == 2 ? 126 : 0);
}

static void unmask(uint8_t *p, size_t n, const uint8_t mask[4]) {
    uint64_t eight, word;
    size_t i = 0;
    memcpy(&eight, mask, 4);
    memcpy((uint8_t *)&eight + 4, mask, 4);
    for (; n - i >= 8; i += 8) {
        memcpy(&word, p + i, 8);
        word ^= eight;
        memcpy(p + i, &word, 8);
    }
    for (; i < n; i++) p[i] ^= mask[i % 4];
}

enum pl_gateway__found pl_gateway__frame_read(uint8_t *p, size_t n, struct pl_gateway__frame *f) {
    uint64_t len;
    if (n == 0) return PL_GATEWAY__PART;
    if (!good_first(p[0])) return PL_GATEWAY__WRONG;
    if (n == 1) return PL_GATEWAY__PART;
    f->final = p[0] & 0x80;
    f->opcode = p[0] & 0x0f;
    if (!(p[1] & 0x80)) return PL_GATEWAY__WRONG; /* a client masks */
    size_t wide = (p[1] & 0x7f) == 126 ? 2 : (p[1] & 0x7f) == 127 ? 8 : 0;
    if (wide > 0 && f->opcode >= PL_GATEWAY__CLOSE) return PL_GATEWAY__WRONG;
    if (n < 2 + wide) return PL_GATEWAY__PART;
    if (!length_of(p, wide, &len)) return PL_GATEWAY__WRONG;
    if (len > PL_PROTOCOL_MAX_BYTES) return PL_GATEWAY__LARGE;
    size_t head = 2 + wide + 4;
    f->whole = head + (size_t)len;
    if (n < f->whole) return PL_GATEWAY__PART;
    f->payload = (struct pl_str){(const char *)p + head, (size_t)len};
    unmask(p + head, (size_t)len, p + head - 4);
    return PL_GATEWAY__WHOLE;
}

size_t pl_gateway__frame_head(enum pl_gateway__opcode opcode, size_t n, uint8_t out[10]) {
    out[0] = (uint8_t)(0x80 | opcode);
    if (n < 126) {
        out[1] = (uint8_t)n;
        return 2;
    }
    size_t wide = n < 65536 ? 2 : 8;
    out[1] = wide == 2 ? 126 : 127;
    for (size_t i = 0; i < wide; i++) out[1 + wide - i] = (uint8_t)((uint64_t)n >> 8 * i);
    return 2 + wide;
}

/* Which ones may be sent: those of the protocol itself, registered ones, private ones. */
static bool good_code(unsigned code) {
    if (code >= 3000) return code <= 4999;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

int pl_gateway__frame_closes(struct pl_str payload) {
    if (payload.n == 0) return PL_CLOSE_NORMAL;
    if (payload.n == 1) return PL_CLOSE_PROTOCOL;
    unsigned code = (unsigned)(uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1];
    if (!good_code(code)) return PL_CLOSE_PROTOCOL;
    struct pl_str reason = {payload.p + 2, payload.n - 2};
    return pl_utf8_valid(reason) ? (int)code : PL_CLOSE_BAD_UTF8;
}
