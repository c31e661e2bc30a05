/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers in digits of any script, and decimal arithmetic for what is made of them.
 */
#include "runtime/nlp/nlp_number_priv.h"

#include <string.h>

int pl_nlp__digit(uint32_t c) {
    static const uint32_t zeros[] = {'0', 0x660, 0x6f0, 0x966, 0xff10};
    if (c < 0x80) return c >= '0' && c <= '9' ? (int)c - '0' : -1;
    for (size_t i = 1; i < PL_LEN(zeros); i++)
        if (c >= zeros[i] && c < zeros[i] + 10) return (int)(c - zeros[i]);
    return -1;
}

bool pl_nlp__comma_decimal(struct pl_str locale) {
    static const char *const langs[] = {"es", "de", "fr", "it", "pt", "nl", "ru", "tr", "pl"};
    static const char *const others[] = {"es-MX", "es-US", "es-GT", "es-PA", "de-CH"};
    for (size_t i = 0; i < PL_LEN(others); i++)
        if (pl_str_is(locale, others[i])) return false;
    for (size_t i = 0; i < PL_LEN(langs); i++)
        if (pl_str_is(pl_locale_language(locale), langs[i])) return true;
    return false;
}

/* '.' or ',' of any script; 0: neither. Marks that cannot be seen are nothing by themselves. */
static char mark_of(uint32_t c) {
    switch (c) {
    case '.':
    case 0x66b:
    case 0xff0e:
    case 0x30fb: return '.';
    case ',':
    case 0x66c:
    case 0x60c:
    case 0xff0c:
    case 0x3001: return ',';
    default: return 0;
    }
}

static bool is_hidden(uint32_t c) {
    return c >= 0x202a && c <= 0x202e;
}

struct digits {
    char b[40]; /* digits and marks */
    size_t n;
    uint32_t end;
    bool more; /* than fit */
};

/* Digits from `at` on, with single marks between them. */
static void take_run(struct pl_str s, uint32_t at, struct digits *d) {
    char mark = 0;
    for (size_t i = at; i < s.n;) {
        uint32_t c = pl_utf8_next(s, &i);
        int digit = pl_nlp__digit(c);
        if (is_hidden(c)) continue;
        if (digit < 0) {
            if (mark != 0 || mark_of(c) == 0) return;
            mark = mark_of(c);
            continue;
        }
        if (d->n + 2 > sizeof d->b) {
            d->more = true;
            return;
        }
        if (mark != 0) d->b[d->n++] = mark;
        d->b[d->n++] = (char)('0' + digit);
        d->end = (uint32_t)i;
        mark = 0;
    }
}

/* Three digits and no more at `at`, behind one blank; gives where they end. */
static uint32_t group_at(struct pl_str s, size_t at, char out[3]) {
    size_t i = at;
    if (at >= s.n) return 0;
    uint32_t c = pl_utf8_next(s, &i);
    if (c != ' ' && c != 0xa0 && c != 0x202f) return 0;
    for (int k = 0; k < 3; k++) {
        int digit = i < s.n ? pl_nlp__digit(pl_utf8_next(s, &i)) : -1;
        if (digit < 0) return 0;
        out[k] = (char)('0' + digit);
    }
    size_t next = i;
    return next < s.n && pl_nlp__digit(pl_utf8_next(s, &next)) >= 0 ? 0 : (uint32_t)i;
}

/* "10 000" where it is written so, "1 234 567" everywhere. */
static void take_groups(struct pl_str s, bool spaced, struct digits *d) {
    char more[12];
    size_t n = 0;
    uint32_t end = d->end, next;
    if (d->n > 3 || d->b[0] == '0') return;
    for (size_t i = 0; i < d->n; i++)
        if (d->b[i] < '0') return;
    while (n + 3 <= sizeof more && (next = group_at(s, end, more + n)) != 0) n += 3, end = next;
    if (n == 0 || (n == 3 && !spaced) || (n == 6 && d->n == 3 && !spaced)) return;
    memcpy(d->b + d->n, more, n);
    d->n += n;
    d->end = end;
    struct digits rest = {.end = end};
    size_t at = end;
    if (at < s.n && mark_of(pl_utf8_next(s, &at)) != 0 && at < s.n)
        take_run(s, (uint32_t)at, &rest);
    if (rest.n == 0 || d->n + rest.n + 1 > sizeof d->b) return;
    d->b[d->n++] = s.p[end] == '.' ? '.' : ',';
    memcpy(d->b + d->n, rest.b, rest.n);
    d->n += rest.n;
    d->end = rest.end;
}

/* The byte that is the decimal mark among points and commas; 0: none is. */
static char decimal_mark(struct pl_str s, bool comma) {
    size_t points = 0, commas = 0, last = 0;
    for (size_t i = 0; i < s.n; i++) {
        points += s.p[i] == '.';
        commas += s.p[i] == ',';
        if (s.p[i] == '.' || s.p[i] == ',') last = i;
    }
    if (points + commas == 0) return 0;
    if (points > 0 && commas > 0) return s.p[last]; /* the other one groups */
    if (points + commas > 1) return 0;              /* 1.234.567 */
    bool groups =
        s.n - last - 1 == 3 && s.p[last] == (comma ? '.' : ',') && last <= 3 && s.p[0] != '0';
    return groups ? 0 : s.p[last];
}

/* "203.0.113.77", "1.2.3": no number. */
static bool is_version(struct pl_str s, char mark) {
    size_t run = 0, marks = 0;
    bool uneven = false;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (!digit && marks > 0 && s.p[i] != mark) uneven |= run < 2 || run > 3;
        if (!digit && marks++ == 0) uneven |= run > 3;
        run = digit ? run + 1 : 0;
    }
    return marks > 1 && mark == 0 && (uneven || run != 3);
}

static bool number_of(struct pl_str s, bool comma, struct pl_dec *out) {
    char b[42];
    size_t n = 0, zeros = 0;
    char mark = decimal_mark(s, comma);
    if (is_version(s, mark)) return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9')
            b[n++] = s.p[i];
        else if (s.p[i] == mark)
            b[n++] = '.';
    while (zeros + 1 < n && b[zeros] == '0' && b[zeros + 1] != '.') zeros++; /* a code's */
    return n > 0 && pl_dec_parse((struct pl_str){b + zeros, n - zeros}, out);
}

/* "e13", "^-1", "x10^6" behind the number: how many bytes, 0 for none. */
static uint32_t power_at(struct pl_str s, uint32_t at, int *exponent) {
    size_t i = at;
    int sign = 1, v = 0, digits = 0;
    if (pl_str_starts((struct pl_str){s.p + at, s.n - at}, PL_STR("x10^")))
        i += 4;
    else if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E'))
        i++;
    else
        return 0;
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+')) sign = s.p[i++] == '-' ? -1 : 1;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && digits < 3; i++, digits++)
        v = v * 10 + (s.p[i] - '0');
    *exponent = sign * v;
    bool whole = i == s.n || !((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z');
    return digits > 0 && whole ? (uint32_t)(i - at) : 0;
}

static bool raise(struct pl_dec *d, int exponent) {
    struct pl_dec ten = {10, 0};
    for (; exponent > 0; exponent--)
        if (!pl_nlp__calculate('*', *d, ten, d)) return false;
    for (; exponent < 0; exponent++)
        if (!pl_nlp__calculate('/', *d, ten, d)) return false;
    return true;
}

uint32_t pl_nlp__digits(struct pl_str text, uint32_t at, bool comma, bool spaced,
                        struct pl_dec *out) {
    struct digits d = {.end = at};
    size_t i = at;
    int exponent = 0;
    bool bare = at < text.n && mark_of(pl_utf8_next(text, &i)) != 0; /* ".5" */
    if (bare) d.b[d.n++] = '0', d.b[d.n++] = '.';
    take_run(text, bare ? (uint32_t)i : at, &d);
    if (d.end == at || d.more) return at;
    if (!bare) take_groups(text, spaced, &d);
    if (!number_of((struct pl_str){d.b, d.n}, comma, out)) return at;
    uint32_t power = power_at(text, d.end, &exponent);
    struct pl_dec raised = *out;
    if (power > 0 && raise(&raised, exponent)) {
        *out = raised;
        d.end += power;
    }
    return d.end;
}

bool pl_nlp__calculate(char op, struct pl_dec a, struct pl_dec b, struct pl_dec *out) {
    struct pl_value x = {.kind = PL_KIND_NUMBER, .n = a}, y = {.kind = PL_KIND_NUMBER, .n = b};
    if (pl_value_arith(op, x, y, &x) != PL_OK) return false;
    *out = x.n;
    return true;
}
