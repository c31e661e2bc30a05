/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of an entry's header and of a head row. Header: version 1, kind 1, flags 1, stream 17,
 * check 4, little-endian (of all else in the header, the commit and the body's length), then
 * LEB128: n, first seq, events (last seq - first seq + 1), at (zigzag), commit - prev (0: there is
 * none before). Bodies carry their own seal.
 */
#include <string.h>
#include "runtime/store/store_priv.h"

static void put_u64(uint8_t *p, uint64_t v) {
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get_u64(const uint8_t *p) {
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) v = v << 8 | p[i];
    return v;
}

enum { CHECK_AT = 20, NUMBERS_AT = 24 };

/* Catches what a bad disk or a stray hand does, not an attacker: that is the seal's work. */
static uint32_t check_of(const uint8_t *header, size_t n, uint64_t commit, size_t body) {
    uint8_t tail[16];
    put_u64(tail, commit);
    put_u64(tail + 8, body);
    uint64_t h = pl_fnv(PL_FNV, header, CHECK_AT);
    h = pl_fnv(h, header + NUMBERS_AT, n - NUMBERS_AT);
    h = pl_fnv(h, tail, sizeof tail);
    return (uint32_t)(h ^ h >> 32);
}

static size_t put_var(uint8_t *p, uint64_t v) {
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) p[n++] = (uint8_t)(v | 0x80);
    p[n++] = (uint8_t)v;
    return n;
}

size_t pl_store__header_put(uint8_t out[PL_STORE__HEADER], const struct pl_store_entry *e) {
    uint64_t at = (uint64_t)e->at_ms << 1 ^ (uint64_t)(e->at_ms >> 63);
    size_t n = NUMBERS_AT;
    out[0] = PL_STORE_VERSION;
    out[1] = e->kind;
    out[2] = e->flags;
    memcpy(out + 3, e->stream.id, PL_STORE_STREAM);
    n += put_var(out + n, e->n);
    n += put_var(out + n, e->first_seq);
    n += put_var(out + n, e->last_seq + 1 - e->first_seq);
    n += put_var(out + n, at);
    n += put_var(out + n, e->prev ? e->commit - e->prev : 0);
    uint32_t check = check_of(out, n, e->commit, e->body.n);
    for (int i = 0; i < 4; i++) out[CHECK_AT + i] = (uint8_t)(check >> (8 * i));
    return n;
}

static uint32_t get_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

enum pl_err pl_store__entry_get(struct pl_str value, uint64_t commit, struct pl_store_entry *e) {
    const uint8_t *p = (const uint8_t *)value.p;
    if (value.n < NUMBERS_AT) return PL_MALFORMED;
    if (p[0] != PL_STORE_VERSION) return PL_VERSION;
    struct pl_reader r = pl_reader_of((struct pl_str){value.p + NUMBERS_AT, value.n - NUMBERS_AT});
    *e = (struct pl_store_entry){.commit = commit, .kind = p[1], .flags = p[2]};
    memcpy(e->stream.id, p + 3, PL_STORE_STREAM);
    e->n = pl_read_var(&r);
    e->first_seq = pl_read_var(&r);
    e->last_seq = e->first_seq + pl_read_var(&r) - 1;
    e->at_ms = pl_read_zig(&r);
    uint64_t back = pl_read_var(&r);
    size_t body = pl_read_left(&r), header = value.n - body;
    if (r.bad || body > PL_STORE_BODY_MAX) return PL_MALFORMED;
    if (get_u32(p + CHECK_AT) != check_of(p, header, commit, body)) return PL_MALFORMED;
    e->body = (struct pl_str){value.p + header, body};
    e->prev = back && back < commit ? commit - back : 0;
    bool linked = e->n == 1 ? back == 0 : e->prev != 0;
    return e->n == 0 || !linked ? PL_MALFORMED : PL_OK;
}

size_t pl_store__mark_put(uint8_t out[PL_STORE__MARK_MAX], const struct pl_store__mark *m) {
    out[0] = PL_STORE_VERSION;
    put_u64(out + 1, m->n);
    put_u64(out + 9, m->commit);
    put_u64(out + 17, m->last_seq);
    return 25;
}

enum pl_err pl_store__mark_get(struct pl_str value, struct pl_store__mark *m) {
    const uint8_t *p = (const uint8_t *)value.p;
    if (value.n < 1) return PL_MALFORMED;
    if (p[0] != PL_STORE_VERSION) return PL_VERSION;
    if (value.n != 25) return PL_MALFORMED;
    *m = (struct pl_store__mark){get_u64(p + 1), get_u64(p + 9), get_u64(p + 17)};
    return m->n == 0 || m->commit < m->n ? PL_MALFORMED : PL_OK;
}
