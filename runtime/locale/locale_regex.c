/* SPDX-License-Identifier: Apache-2.0
 *
 * Regular expressions by ICU, which backtracks: every match has a budget of steps and of stack,
 * and sees a bounded subject.
 */
#include "runtime/locale/locale_priv.h"

#include <stdlib.h>

#include <unicode/uchar.h>
#include <unicode/uregex.h>
#include <unicode/utf16.h>

#define MOST_PATTERN 1200 /* 1 KiB, and what callers put around it */
#define MOST_SUBJECT 4096
#define STEPS        4 /* of 10,000 saved states each: some milliseconds */
#define STACK        (256 * 1024)

struct pl_locale_regex {
    URegularExpression *re;
};

struct pl_locale_subject {
    const UChar *u;
    int32_t n;
    const uint32_t *at; /* byte of each unit, n + 1 of them */
};

static size_t byte_of(struct pl_str s, int32_t units) {
    size_t at = 0;
    while (units > 0 && at < s.n) units -= pl_utf8_next(s, &at) > 0xffff ? 2 : 1;
    return at;
}

enum pl_err pl_locale_regex_new(struct pl_str pattern, struct pl_str flags,
                                struct pl_locale_regex **out, size_t *at) {
    *out = NULL;
    if (at != NULL) *at = 0;
    if (pattern.n > MOST_PATTERN) return PL_LIMIT;
    if (flags.n > 0 && !pl_str_is(flags, "i")) return PL_MALFORMED;
    UChar u[MOST_PATTERN + 1];
    int32_t n = 0;
    UErrorCode err = U_ZERO_ERROR;
    u_strFromUTF8(u, PL_LEN(u), &n, pattern.p, (int32_t)pattern.n, &err);
    UParseError where = {0};
    uint32_t f = flags.n > 0 ? UREGEX_CASE_INSENSITIVE : 0;
    URegularExpression *re = n > 0 ? uregex_open(u, n, f, &where, &err) : NULL;
    if (re == NULL || U_FAILURE(err)) {
        if (at != NULL) *at = byte_of(pattern, where.offset);
        return PL_MALFORMED;
    }
    uregex_setTimeLimit(re, STEPS, &err);
    uregex_setStackLimit(re, STACK, &err);
    struct pl_locale_regex *x = malloc(sizeof(*x));
    if (x == NULL) return uregex_close(re), PL_NOMEM;
    x->re = re;
    *out = x;
    return PL_OK;
}

void pl_locale_regex_free(struct pl_locale_regex **re) {
    if (*re == NULL) return;
    uregex_close((*re)->re);
    free(*re);
    *re = NULL;
}

const struct pl_locale_subject *pl_locale_subject(struct pl_arena *a, struct pl_str text) {
    if (text.n > MOST_SUBJECT) text.n = MOST_SUBJECT;
    struct pl_locale_subject *s = PL_NEW(a, struct pl_locale_subject);
    UChar *u = PL_NEW_ARRAY(a, UChar, text.n + 1);
    uint32_t *map = PL_NEW_ARRAY(a, uint32_t, text.n + 1);
    if (s == NULL || u == NULL || map == NULL) return NULL;
    int32_t n = 0;
    for (size_t at = 0; at < text.n;) {
        uint32_t start = (uint32_t)at;
        UChar32 c = (UChar32)pl_utf8_next(text, &at);
        if (c >= 0x80 && u_charType(c) == U_DECIMAL_DIGIT_NUMBER) c = '0' + u_charDigitValue(c);
        map[n] = start;
        if (c > 0xffff) map[n + 1] = start;
        U16_APPEND_UNSAFE(u, n, c);
    }
    map[n] = (uint32_t)text.n;
    *s = (struct pl_locale_subject){u, n, map};
    return s;
}

/* The first unit at or after a byte. */
static int32_t unit_of(const struct pl_locale_subject *s, size_t byte) {
    int32_t lo = 0, hi = s->n;
    while (lo < hi) {
        int32_t mid = lo + (hi - lo) / 2;
        if (s->at[mid] < byte)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool pl_locale_regex_find(struct pl_locale_regex *re, const struct pl_locale_subject *s,
                          size_t from, size_t *start, size_t *end) {
    if (s == NULL || from > s->at[s->n]) return false;
    UErrorCode err = U_ZERO_ERROR;
    uregex_setText(re->re, s->u, s->n, &err);
    if (!uregex_find(re->re, unit_of(s, from), &err) || U_FAILURE(err)) return false;
    int32_t b = uregex_start(re->re, 0, &err), e = uregex_end(re->re, 0, &err);
    if (U_FAILURE(err)) return false;
    *start = s->at[b];
    *end = s->at[e];
    return true;
}

bool pl_locale_regex_is(struct pl_locale_regex *re, const struct pl_locale_subject *s) {
    if (s == NULL) return false;
    UErrorCode err = U_ZERO_ERROR;
    uregex_setText(re->re, s->u, s->n, &err);
    return uregex_matches(re->re, 0, &err) && U_SUCCESS(err);
}
