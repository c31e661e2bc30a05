/* SPDX-License-Identifier: Apache-2.0 */
/* Text slices and UTF-8. */
#include <string.h>

#include "runtime/base/base.h"

int pl_str_cmp(struct pl_str a, struct pl_str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order) return order < 0 ? -1 : 1;
    return (a.n > b.n) - (a.n < b.n);
}

bool pl_str_starts(struct pl_str s, struct pl_str prefix) {
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool pl_str_ends(struct pl_str s, struct pl_str suffix) {
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0);
}

size_t pl_str_find(struct pl_str s, struct pl_str needle) {
    if (needle.n == 0) return 0;
    if (s.n < needle.n) return SIZE_MAX;
    const char *at = memmem(s.p, s.n, needle.p, needle.n);
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

static bool blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct pl_str pl_str_trim(struct pl_str s) {
    while (s.n && blank(s.p[0])) s.p++, s.n--;
    while (s.n && blank(s.p[s.n - 1])) s.n--;
    return s;
}

/* Eight bytes a step: multiply, then fold the high half down, where the mixing went. */
uint64_t pl_str_hash(struct pl_str s) {
    const uint64_t k = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t h = s.n * k;
    while (s.n >= 8) {
        uint64_t w;
        memcpy(&w, s.p, 8);
        h = (h ^ w) * k;
        h ^= h >> 32;
        s.p += 8, s.n -= 8;
    }
    uint64_t w = 0;
    if (s.n) memcpy(&w, s.p, s.n);
    h = (h ^ w) * k;
    return h ^ (h >> 29);
}

bool pl_str_i64(struct pl_str s, int64_t *out) {
    bool minus = s.n && s.p[0] == '-';
    size_t i = minus ? 1 : 0;
    if (i == s.n || s.n - i > 19) return false;
    uint64_t v = 0; /* 19 digits fit */
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    if (v > (uint64_t)INT64_MAX + (minus ? 1 : 0)) return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* Length of the well-formed sequence at p (Unicode table 3-7), 0 for an ill-formed one. */
static size_t sequence(const uint8_t *p, size_t left) {
    uint8_t a = p[0];
    if (a < 0x80) return 1;
    if (a < 0xC2 || a > 0xF4) return 0;
    size_t n = a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
    if (left < n) return 0;
    uint8_t low = a == 0xE0 ? 0xA0 : a == 0xF0 ? 0x90 : 0x80;
    uint8_t high = a == 0xED ? 0x9F : a == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
    }
    return n;
}

bool pl_utf8_valid(struct pl_str s) {
    const uint8_t *p = (const uint8_t *)s.p;
    size_t i = 0;
    while (i < s.n) {
        uint64_t w;
        while (s.n - i >= 8 && (memcpy(&w, p + i, 8), (w & UINT64_C(0x8080808080808080)) == 0))
            i += 8;
        if (i == s.n) break;
        size_t n = sequence(p + i, s.n - i);
        if (n == 0) return false;
        i += n;
    }
    return true;
}

uint32_t pl_utf8_next_long(struct pl_str s, size_t *at) {
    pl_assert(*at < s.n);
    const uint8_t *p = (const uint8_t *)s.p + *at;
    size_t n = sequence(p, s.n - *at);
    *at += n ? n : 1;
    switch (n) {
    case 1: return p[0];
    case 2: return (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    case 3: return (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    case 4:
        return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 |
               (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
    default: return 0xFFFD;
    }
}

size_t pl_utf8_put(uint32_t cp, char out[4]) {
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000)) cp = 0xFFFD;
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (cp & 0x3F));
        cp >>= 6;
    }
    out[0] = (char)(lead[n] | cp);
    return n;
}

/* ---- plain text ---- */

static bool is_mark(uint32_t cp) {
    return cp == 0x200e || cp == 0x200f || cp == 0x061c || cp == 0xfeff ||
           (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

static bool is_blank(uint32_t cp) {
    return cp == 0xa0 || cp == 0x202f || (cp >= 0x2000 && cp <= 0x200a);
}

static bool is_plain(struct pl_str s) {
    for (size_t at = 0; at < s.n;) {
        uint32_t cp = pl_utf8_next(s, &at);
        if (is_mark(cp) || is_blank(cp) || cp == 0xfffd) return false;
    }
    return true;
}

struct pl_str pl_str_plain(struct pl_arena *a, struct pl_str s) {
    if (is_plain(s)) return s;
    char *p = pl_arena_alloc(a, s.n * 3 + 1); /* an ill-formed byte becomes three */
    size_t n = 0;
    for (size_t at = 0; at < s.n;) {
        uint32_t cp = pl_utf8_next(s, &at);
        if (is_mark(cp)) continue;
        n += pl_utf8_put(is_blank(cp) ? ' ' : cp, p + n);
    }
    return (struct pl_str){p, n};
}
