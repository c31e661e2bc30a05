/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of an entry's header and of a head row. Header, little-endian:
 * 0 version, 1 kind, 2 flags, 3 stream[17], 20 n, 28 first seq, 36 last seq, 44 at, 52 prev,
 * 60 check (of the 60 bytes, the commit and the body's length). Bodies carry their own seal.
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

/* Catches what a bad disk or a stray hand does, not an attacker: that is the seal's work. */
static uint32_t check_of(const uint8_t *header, uint64_t commit, size_t body) {
    uint8_t tail[16];
    put_u64(tail, commit);
    put_u64(tail + 8, body);
    uint64_t h = pl_fnv(pl_fnv(PL_FNV, header, 60), tail, sizeof tail);
    return (uint32_t)(h ^ h >> 32);
}

void pl_store__header_put(uint8_t out[PL_STORE__HEADER], const struct pl_store_entry *e) {
    out[0] = PL_STORE_VERSION;
    out[1] = e->kind;
    out[2] = e->flags;
    memcpy(out + 3, e->stream.id, PL_STORE_STREAM);
    put_u64(out + 20, e->n);
    put_u64(out + 28, e->first_seq);
    put_u64(out + 36, e->last_seq);
    put_u64(out + 44, (uint64_t)e->at_ms);
    put_u64(out + 52, e->prev);
    uint32_t check = check_of(out, e->commit, e->body.n);
    for (int i = 0; i < 4; i++) out[60 + i] = (uint8_t)(check >> (8 * i));
}

enum pl_err pl_store__entry_get(struct pl_str value, uint64_t commit, struct pl_store_entry *e) {
    const uint8_t *p = (const uint8_t *)value.p;
    if (value.n < PL_STORE__HEADER || value.n > PL_STORE__HEADER + PL_STORE_BODY_MAX) {
        return PL_MALFORMED;
    }
    if (p[0] != PL_STORE_VERSION) return PL_VERSION;
    size_t body = value.n - PL_STORE__HEADER;
    uint32_t check =
        (uint32_t)p[60] | (uint32_t)p[61] << 8 | (uint32_t)p[62] << 16 | (uint32_t)p[63] << 24;
    if (check != check_of(p, commit, body)) return PL_MALFORMED;
    *e = (struct pl_store_entry){.n = get_u64(p + 20),
                                 .commit = commit,
                                 .prev = get_u64(p + 52),
                                 .kind = p[1],
                                 .flags = p[2],
                                 .first_seq = get_u64(p + 28),
                                 .last_seq = get_u64(p + 36),
                                 .at_ms = (int64_t)get_u64(p + 44),
                                 .body = {value.p + PL_STORE__HEADER, body}};
    memcpy(e->stream.id, p + 3, PL_STORE_STREAM);
    bool linked = e->n == 1 ? e->prev == 0 : e->prev != 0 && e->prev < commit;
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
