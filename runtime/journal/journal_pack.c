/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain bytes in fewer, before they are sealed. What was said before in the same bytes, or stands
 * in the words below, is named by its place.
 *
 *   packed: length of the plain bytes (LEB128), then pieces until they are all there:
 *     token: literals << 4 | (match - 4), 15 in either: more of it follows as LEB128
 *     the literals
 *     distance back into words + plain bytes so far, 2 bytes, unless all is there already
 *
 * One look at a table for each place, no search: it must cost less than sealing what it spares.
 */
#include <string.h>
#include "runtime/journal/journal_priv.h"

/* What messages of the protocol have in common. A part of the format: another text is another
 * PL_ENTRY_VERSION. */
static const char words[] =
    "{\"kind\":\"card_seen\"}{\"kind\":\"handoff\",\"queue\":\"\",\"priority\":\"\",\"position\":"
    "\"wait_ms\":true,false,null,\"from\":\"agent\",\"name\":\"{\"kind\":\"closed\",\"how\":\""
    "\"from\":\"customer\",\"cid\":\"\"email\"phone\"address\"date\"amount\"total\"price\"currency"
    "\"USD\"EUR\"GBP\"quantity\"items\"status\"delivered\"shipped\"place\"tracking\"order\"product"
    "\"name\"size\"photo\"image\"https://http://127.0.0.1:/images/.svg.png.jpg.example/"
    "\"sources\":[{\"title\":\"\",\"article\":\"\",\"locale\":\"en-US\",\"passage\":[\""
    "{\"type\":\"image\",\"url\":\"\",\"alt\":\"{\"type\":\"link\",\"label\":\"\",\"url\":\""
    "{\"type\":\"file\",\"url\":\"{\"type\":\"steps\",\"steps\":[{\"type\":\"cards\",\"cards\":["
    "{\"type\":\"card\",\"title\":\"\",\"text\":\"\",\"parts\":[{\"type\":\"answer\",\"text\":\""
    " please  could you  your order  the  you  and  is  to  number  tracking  email  thank you "
    "Would you like Is there anything else I can help you with?\"}]}"
    "{\"type\":\"button\",\"id\":\"b0\",\"label\":\"\"},{\"type\":\"button\",\"id\":\"b1\","
    "\"label\":"
    "\"\"},{\"type\":\"fact\",\"label\":\"\",\"value\":\"\"},{\"type\":\"fact\",\"label\":"
    "\"Status\","
    "\"value\":\"\"}],\"choices\":[{\"id\":\".yes\",\"label\":\"Yes, please\"},{\"id\":\".no\","
    "\"label\":\"No, thanks\"}]}"
    "{\"kind\":\"message\",\"from\":\"bot\",\"id\":\"prelude.\",\"parts\":[{\"type\":\"text\","
    "\"text\":\"";

enum { WORDS = sizeof words - 1, LEAST = 4, FAR = 65535 };

static uint32_t at4(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t slot_of(uint32_t v) {
    return v * 2654435761u >> (32 - PL_JOURNAL__PACK_BITS);
}

void pl_journal__pack_open(struct pl_journal__pack *k) {
    memset(k->places, 0, sizeof k->places);
    for (uint32_t i = 0; i + LEAST <= WORDS; i++)
        k->places[slot_of(at4((const uint8_t *)words + i))] = i + 1;
}

/* The byte at a place of words + plain. */
static const uint8_t *byte_at(const uint8_t *plain, size_t place) {
    return place < WORDS ? (const uint8_t *)words + place : plain + (place - WORDS);
}

/* How far the bytes at `place` go on like those at `at`. A match may run from the words into the
 * plain bytes, and on into itself. */
static size_t match(const uint8_t *plain, size_t n, size_t place, size_t at) {
    size_t k = 0;
    while (at + k < n && *byte_at(plain, place + k) == plain[at + k]) k++;
    return k;
}

static void put_piece(struct pl_buf *b, const uint8_t *literals, size_t nliterals, size_t length,
                      size_t distance) {
    size_t more = length ? length - LEAST : 0;
    pl_buf_byte(b, (uint8_t)((nliterals < 15 ? nliterals : 15) << 4 | (more < 15 ? more : 15)));
    if (nliterals >= 15) pl_buf_var(b, nliterals - 15);
    if (more >= 15) pl_buf_var(b, more - 15);
    pl_buf_add(b, literals, nliterals);
    if (length) pl_buf_u16(b, (uint16_t)distance);
}

void pl_journal__pack(struct pl_journal__pack *k, struct pl_str bytes, struct pl_buf *b) {
    const uint8_t *plain = (const uint8_t *)bytes.p;
    size_t from = 0, at = 0;
    uint32_t *places = k->now;
    memcpy(places, k->places, sizeof k->now);
    pl_buf_var(b, bytes.n);
    while (at + LEAST <= bytes.n) {
        uint32_t *place = &places[slot_of(at4(plain + at))];
        size_t old = *place, here = WORDS + at;
        *place = (uint32_t)here + 1;
        size_t length = 0;
        if (old && here - (old - 1) <= FAR) length = match(plain, bytes.n, old - 1, at);
        if (length < LEAST) {
            at++;
            continue;
        }
        put_piece(b, plain + from, at - from, length, here - (old - 1));
        for (size_t i = at + 1; i < at + length && i + LEAST <= bytes.n; i += 2)
            places[slot_of(at4(plain + i))] = (uint32_t)(WORDS + i) + 1;
        from = at += length;
    }
    if (from < bytes.n) put_piece(b, plain + from, bytes.n - from, 0, 0);
}

static bool put_match(struct pl_reader *r, uint8_t *out, size_t n, size_t *at, size_t length) {
    size_t distance = pl_read_u16(r), here = WORDS + *at;
    if (r->bad || distance == 0 || distance > here || length > n - *at) return false;
    for (size_t i = 0; i < length; i++) out[*at + i] = *byte_at(out, here - distance + i);
    *at += length;
    return true;
}

enum pl_err pl_journal__unpack(struct pl_str packed, size_t most, struct pl_arena *a,
                               struct pl_str *plain) {
    struct pl_reader r = pl_reader_of(packed);
    uint64_t n = pl_read_var(&r);
    if (r.bad || n > most) return PL_MALFORMED;
    uint8_t *out = pl_arena_alloc(a, n + 1);
    if (!out) return PL_NOMEM;
    size_t at = 0;
    while (at < n) {
        uint8_t token = pl_read_u8(&r);
        uint64_t literals = token >> 4, more = token & 15;
        if (literals == 15) literals += pl_read_var(&r);
        if (more == 15) more += pl_read_var(&r);
        if (r.bad || literals > n - at || more > n) return PL_MALFORMED;
        struct pl_str s = pl_read_bytes(&r, literals);
        if (r.bad) return PL_MALFORMED;
        if (s.n) memcpy(out + at, s.p, s.n);
        at += literals;
        if (at < n && !put_match(&r, out, n, &at, (size_t)more + LEAST)) return PL_MALFORMED;
    }
    if (r.bad || pl_read_left(&r)) return PL_MALFORMED;
    *plain = (struct pl_str){(char *)out, (size_t)n};
    return PL_OK;
}
