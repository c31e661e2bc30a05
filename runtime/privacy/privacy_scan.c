/* SPDX-License-Identifier: Apache-2.0
 *
 * Sees a text as its digits, of any script, however they are separated.
 */
#include "runtime/privacy/privacy_priv.h"

#include <string.h>

#define MOST_VISIBLE   3 /* separators between two digits of one card, "4111 - 1111" */
#define MOST_INVISIBLE 16

/* The zero of every decimal script of Unicode 15 that has its ten digits in order. */
static const uint32_t zeros[] = {
    0x0660,  0x06f0,  0x07c0,  0x0966,  0x09e6,  0x0a66,  0x0ae6,  0x0b66,  0x0be6,  0x0c66,
    0x0ce6,  0x0d66,  0x0de6,  0x0e50,  0x0ed0,  0x0f20,  0x1040,  0x1090,  0x17e0,  0x1810,
    0x1946,  0x19d0,  0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,
    0xa900,  0xa9d0,  0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x11066, 0x110f0,
    0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x1fbf0};

int pl_privacy__digit(uint32_t c) {
    if (c < 0x80) return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
    size_t lo = 0, hi = PL_LEN(zeros);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (zeros[mid] + 9 < c)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < PL_LEN(zeros) && c >= zeros[lo] ? (int)(c - zeros[lo]) : -1;
}

bool pl_privacy__is_letter(uint32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

enum mark { INVISIBLE, VISIBLE, WALL };

/* What a code point between two digits does to them. */
static enum mark mark_of(uint32_t c) {
    if (c < 0x80) {
        if (c < 0x20) return VISIBLE;
        return pl_privacy__is_letter(c) || strchr("+=$%@&<>", (int)c) != NULL ? WALL : VISIBLE;
    }
    if (c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
        (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff ||
        c == 0x20e3 || (c >= 0x300 && c < 0x370) || c == 0x34f || c == 0x61c || c == 0x180e)
        return INVISIBLE;
    bool separator = c == 0xa0 || c == 0xb7 || c == 0xa6 || c == 0xb0 || c == 0x60c || c == 0x66b ||
                     c == 0x66c || c == 0x640 || (c >= 0x2000 && c < 0x2070) || c == 0x2212 ||
                     (c >= 0x2500 && c < 0x25a0) || (c >= 0x3000 && c <= 0x3003) || c == 0x30fb ||
                     c == 0x30fc || (c >= 0xff01 && c <= 0xff0f) || c == 0xff3f || c == 0xfe63;
    return separator ? VISIBLE : WALL;
}

size_t pl_privacy__count_digits(struct pl_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        n += (c >= '0' && c <= '9') ||
             c >= 0xc0; /* the latter starts a code point that may be one */
    }
    return n;
}

/* "card4111…" means the card and "tel0171…" a phone, "RET4111…" an order. */
static bool follows_its_word(struct pl_str s, size_t end) {
    static const char *const words[] = {
        "card", "visa",     "mastercard", "amex", "cc",   "pan",   "tarjeta", "number",
        "tel",  "telefon",  "phone",      "fon",  "fax",  "mobil", "movil",   "cel",
        "gsm",  "whatsapp", "handy",      "nr",   "kart", "karte"};
    size_t from = end;
    while (from > 0 && pl_privacy__is_letter((uint8_t)s.p[from - 1])) from--;
    struct pl_str word = {s.p + from, end - from};
    for (size_t i = 0; i < PL_LEN(words); i++)
        if (word.n == strlen(words[i]) && pl_privacy__contains(word, words[i])) return true;
    return false;
}

/* What the scan has seen since the last digit. */
struct gap {
    uint32_t visible, invisible, mark, last;
    bool wall;
};

static void see(struct gap *g, uint32_t c) {
    enum mark m = mark_of(c);
    g->last = c;
    g->wall |= m == WALL;
    g->invisible += m == INVISIBLE;
    if (m == VISIBLE && g->visible++ == 0) g->mark = c;
}

static uint8_t link_of(const struct gap *g) {
    if (g->wall || g->visible > MOST_VISIBLE || g->invisible > MOST_INVISIBLE)
        return PL_PRIVACY_BROKEN;
    return g->visible == 0 ? PL_PRIVACY_CLOSE : PL_PRIVACY_SPACED;
}

bool pl_privacy__scan(struct pl_arena *a, struct pl_str s, struct pl_privacy_text *out) {
    size_t room = pl_privacy__count_digits(s);
    *out = (struct pl_privacy_text){.s = s};
    if (s.n >= UINT32_MAX) return false;
    out->d = PL_NEW_ARRAY(a, struct pl_privacy_digit, room + 1);
    if (out->d == NULL) return false;
    struct gap g = {.wall = true};
    for (size_t at = 0; at < s.n;) {
        size_t start = at;
        uint32_t c = pl_utf8_next(s, &at);
        int value = pl_privacy__digit(c);
        if (value < 0) {
            see(&g, c);
            continue;
        }
        bool first = out->n == 0;
        bool joined = pl_privacy__is_letter(g.last) || g.last == '_';
        bool point = g.visible == 1 && (g.last == '.' || g.last == ',' || g.last == 0x66b);
        out->d[out->n++] = (struct pl_privacy_digit){
            .start = (uint32_t)start,
            .end = (uint32_t)at,
            .mark = g.mark,
            .value = (uint8_t)value,
            .link = link_of(&g),
            .attached = joined && !follows_its_word(s, start),
            .after_point = !first && point && !g.wall,
        };
        g = (struct gap){0};
    }
    return true;
}

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool pl_privacy__contains(struct pl_str s, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= s.n; i++) {
        size_t j = 0;
        while (j < n && lower(s.p[i + j]) == word[j]) j++;
        if (j == n) return true;
    }
    return false;
}
