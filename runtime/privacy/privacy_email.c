/* SPDX-License-Identifier: Apache-2.0
 *
 * E-mail addresses around their at sign. Mistyped ones are taken too: what is hidden need not
 * arrive.
 */
#include "runtime/privacy/privacy_priv.h"

#include <string.h>

#define MOST_FOREIGN 2
#define MOST_QUOTED  66

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Latin letters with diacritics are part of an address, letters of other scripts only where it is
 * all of such: "我的邮箱是ana@example.com谢谢" has one of three words. */
static bool is_latin(struct pl_str s, size_t at) {
    uint32_t c = pl_utf8_next(s, &at);
    return c >= 0xc0 && c < 0x250;
}

static bool is_local(uint8_t c) {
    return pl_privacy__is_letter(c) || is_digit(c) ||
           (c != 0 && c < 0x80 && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static bool is_domain(uint8_t c) {
    return pl_privacy__is_letter(c) || is_digit(c) || c == '.' || c == '-';
}

static size_t before(struct pl_str s, size_t at) {
    do at--;
    while (at > 0 && ((uint8_t)s.p[at] & 0xc0) == 0x80);
    return at;
}

static size_t after(struct pl_str s, size_t at) {
    pl_utf8_next(s, &at);
    return at;
}

size_t pl_privacy__at_sign(struct pl_str s, size_t at) {
    if (s.p[at] == '@') return 1;
    return pl_str_starts((struct pl_str){s.p + at, s.n - at}, PL_STR("\uff20")) ? 3 : 0;
}

/* Beyond Latin, and neither a blank nor a mark. */
static bool is_foreign(struct pl_str s, size_t at) {
    uint32_t c = pl_utf8_next(s, &at);
    return c >= 0x370 && (c < 0x2000 || c > 0x206f) && (c < 0x3000 || c > 0x303f) && c < 0xff00;
}

/* A few foreign letters within Latin ones: "hans.m端ller". Behind them `from` stands, and a
 * Latin sign is before them; gives where they begin, or `from`. */
static size_t within(struct pl_str s, size_t from, size_t least) {
    size_t b = from;
    for (int k = 0; k < MOST_FOREIGN && b > least; k++) {
        size_t next = before(s, b);
        if (next < least || ((uint8_t)s.p[next] >= 0x80 && !is_foreign(s, next))) break;
        if ((uint8_t)s.p[next] < 0x80) return k > 0 && is_local((uint8_t)s.p[next]) ? b : from;
        b = next;
    }
    return b > least && b < from && is_local((uint8_t)s.p[b - 1]) ? b : from;
}

/* Where the quotation that ends at `end` begins: "\"ana b\"@example.com"; `end` when there is none.
 */
static size_t quotation(struct pl_str s, size_t end, size_t least) {
    size_t from = end - 1, most = end > MOST_QUOTED ? end - MOST_QUOTED : 0;
    if (s.p[from] != '"') return end;
    while (from > least && from > most) {
        from--;
        if (s.p[from] == '"') return from;
        if (s.p[from] == '\n' || s.p[from] == '@') break;
    }
    return end;
}

static size_t local_start(struct pl_str s, size_t at, size_t least) {
    if (at == least) return at;
    size_t from = quotation(s, at, least);
    if (from < at) return from;
    bool foreign = (uint8_t)s.p[at - 1] >= 0x80 && !is_latin(s, before(s, at));
    while (from > least) {
        size_t b = before(s, from);
        if (b < least) break;
        uint8_t c = (uint8_t)s.p[b];
        if (!(c < 0x80 ? is_local(c) : foreign || is_latin(s, b))) {
            b = within(s, from, least);
            if (b == from || from == at) break;
        }
        from = b;
    }
    return from;
}

/* Behind a dot no foreign letters are within others: "ana@example.com或bob@example.com" has
 * two addresses. */
static size_t domain_end(struct pl_str s, size_t to) {
    size_t start = to;
    bool dot = false, foreign = to < s.n && (uint8_t)s.p[to] >= 0x80 && !is_latin(s, to);
    while (to < s.n) {
        uint8_t c = (uint8_t)s.p[to];
        size_t next = after(s, to);
        if (!(c < 0x80 ? is_domain(c) : foreign || is_latin(s, to))) {
            bool inner = is_foreign(s, to) && !dot && to > start && next < s.n &&
                         pl_privacy__is_letter((uint8_t)s.p[next]);
            if (!inner) break;
        }
        dot |= c == '.';
        to = next;
    }
    return to;
}

bool pl_privacy__email(struct pl_str s, size_t at, size_t least, size_t *from, size_t *to) {
    size_t sign = pl_privacy__at_sign(s, at);
    *from = local_start(s, at, least);
    *to = domain_end(s, at + sign);
    return *from<at && * to> at + sign;
}
