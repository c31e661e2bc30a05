/* SPDX-License-Identifier: Apache-2.0
 *
 * What every match of an expression begins with, as far as it is plain: sets of characters, one
 * after another. Most messages have nothing that fits, and the expression is not tried on them.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

static void put(uint64_t set[2], uint8_t from, uint8_t to) {
    for (unsigned c = from; c <= to; c++) set[c / 64] |= UINT64_C(1) << (c % 64);
}

static bool has(const uint64_t set[2], uint8_t c) {
    return set[c / 64] >> (c % 64) & 1;
}

/* \d, \w or a sign; false for what means more. */
static bool escape(char c, uint64_t set[2]) {
    if (c == 'd' || c == 'w') put(set, '0', '9');
    if (c == 'w') put(set, 'a', 'z'), put(set, 'A', 'Z'), put(set, '_', '_');
    if (c == 'd' || c == 'w') return true;
    bool sign =
        c > ' ' && c < 0x7f && !((c | 32) >= 'a' && (c | 32) <= 'z') && (c < '0' || c > '9');
    if (sign) put(set, (uint8_t)c, (uint8_t)c);
    return sign;
}

/* [A-Z0-9.-]; false for one that is turned, nested or holds names. */
static bool class_of(struct pl_str p, size_t *at, uint64_t set[2]) {
    size_t i = *at + 1;
    if (i < p.n && p.p[i] == ']') return false; /* a bracket of its own */
    for (; i < p.n && p.p[i] != ']'; i++) {
        uint8_t from = (uint8_t)p.p[i], to = from;
        if (from >= 0x80 || from == '[' || from == '&' || from == '^') return false;
        if (from == '\\') {
            if (++i == p.n || !escape(p.p[i], set)) return false;
            if (i + 1 < p.n && p.p[i + 1] == '-') return false;
            continue;
        }
        if (i + 2 < p.n && p.p[i + 1] == '-' && p.p[i + 2] != ']') {
            to = (uint8_t)p.p[i + 2];
            if (to >= 0x80 || to < from || to == '\\' || to == '[') return false;
            i += 2;
        }
        put(set, from, to);
    }
    *at = i + 1;
    return i < p.n;
}

static bool atom(struct pl_str p, size_t *at, uint64_t set[2]) {
    char c = p.p[*at];
    if (c == '[') return class_of(p, at, set);
    if (c == '\\') {
        *at += 2;
        return *at <= p.n && escape(p.p[*at - 1], set);
    }
    if ((uint8_t)c >= 0x80 || strchr("().^$|*+?{}", c)) return false;
    put(set, (uint8_t)c, (uint8_t)c);
    (*at)++;
    return true;
}

/* How often the atom stands there at least, and whether that is how often it does. */
static uint32_t times(struct pl_str p, size_t *at, bool *exactly) {
    uint32_t n = 0;
    char c = *at < p.n ? p.p[*at] : 'x';
    *exactly = false;
    if (c == '?' || c == '*') return 0;
    if (c == '+') return 1;
    *exactly = c != '{';
    if (*exactly) return 1;
    for ((*at)++; *at < p.n && p.p[*at] >= '0' && p.p[*at] <= '9' && n < 1000; (*at)++)
        n = n * 10 + (uint32_t)(p.p[*at] - '0');
    *exactly = *at + 1 < p.n && p.p[*at] == '}' && !strchr("?+*{", p.p[*at + 1]);
    (*at)++;
    return n;
}

static bool is_look(struct pl_str p, size_t at) {
    struct pl_str s = {p.p + at, p.n - at};
    return pl_str_starts(s, PL_STR("(?=")) || pl_str_starts(s, PL_STR("(?!"));
}

static void fold(uint64_t set[2]) {
    for (uint8_t c = 'a'; c <= 'z'; c++) {
        uint8_t upper = (uint8_t)(c - 32);
        if (has(set, c) || has(set, upper)) put(set, c, c), put(set, upper, upper);
    }
}

struct pl_nlp_prefix pl_nlp__prefix(struct pl_str pattern, struct pl_str flags) {
    struct pl_nlp_prefix out = {.n = 0};
    bool more = !pl_nlp__is_alternation(pattern);
    for (size_t at = 0; more && at < pattern.n && out.n < PL_NLP_PREFIX;) {
        uint64_t set[2] = {0, 0};
        if (is_look(pattern, at)) { /* takes no room */
            at = pl_nlp__skip_group(pattern, at);
            continue;
        }
        if (!atom(pattern, &at, set)) break;
        if (flags.n) fold(set);
        for (uint32_t n = times(pattern, &at, &more); n > 0 && out.n < PL_NLP_PREFIX; n--)
            memcpy(out.set[out.n++], set, sizeof set);
    }
    return out;
}

/* Letters beyond ASCII may be written for others, one for two: they fit whatever follows. */
static bool fits(const struct pl_nlp_prefix *p, const uint8_t *text) {
    for (uint32_t i = 0; i < p->n && text[i] < 0x80; i++)
        if (!has(p->set[i], text[i])) return false;
    return true;
}

size_t pl_nlp__begin(const struct pl_nlp_prefix *p, struct pl_str text, size_t at) {
    const uint8_t *bytes = (const uint8_t *)text.p;
    if (p->n == 0) return at;
    for (size_t i = at; i < text.n; i++) {
        if (bytes[i] >= 0x80) return i;
        if (!has(p->set[0], bytes[i])) continue;
        if (i + p->n > text.n ? !pl_locale_ascii((struct pl_str){text.p + i, text.n - i})
                              : fits(p, bytes + i))
            return i;
    }
    return SIZE_MAX;
}
