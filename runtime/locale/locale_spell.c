/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers, ordinals and currencies in words, as CLDR has them for a language.
 */
#include "runtime/locale/locale_priv.h"

#include <string.h>
#include <unicode/ucurr.h>

#define RULES    4096 /* of a spelling's sets of rules, in UTF-16 */
#define SPELLED  256
#define MOST_SET 10 /* sets whose every number is spelled; of the others those that are no sums */

struct spelling {
    struct pl_locale *l;
    UNumberFormat *f;
    struct pl_arena a;
    pl_locale_spell *say;
    void *ctx;
};

static void put(struct spelling *t, const UChar *u, int32_t n, enum pl_spelled kind,
                int64_t value) {
    UChar clean[SPELLED];
    int32_t len = 0;
    for (int32_t i = 0; i < n && len < SPELLED; i++)
        if (u[i] != 0xad) clean[len++] = u[i];
    struct pl_str s = pl_str_trim(pl_locale__utf8(&t->a, clean, len));
    if (s.n > 0) t->say(t->ctx, s, kind, value);
}

static int32_t spell(struct spelling *t, int64_t value, UChar u[SPELLED]) {
    UErrorCode err = U_ZERO_ERROR;
    int32_t n = unum_formatInt64(t->f, value, u, SPELLED, NULL, &err);
    return U_SUCCESS(err) ? n : 0;
}

static void put_range(struct spelling *t, enum pl_spelled kind, int64_t from, int64_t to,
                      int64_t step) {
    UChar u[SPELLED];
    for (int64_t v = from; v <= to; v += step) put(t, u, spell(t, v, u), kind, v);
}

static bool is_blank(UChar c) {
    return c == ' ' || c == 0xa0 || c == 0xad;
}

/* What stands behind "two" in "two thousand" is a thousand, when the two are told apart or the
 * language writes no blanks. */
static void put_scale(struct spelling *t, int64_t scale, int32_t times, bool dense, bool ordinal) {
    UChar one[SPELLED], all[SPELLED];
    int32_t m = spell(t, times * scale, all);
    if (ordinal) {
        if (scale >= 1000000) put(t, all, m, PL_SPELLED_ORDINAL, times * scale);
        return;
    }
    int32_t n = spell(t, times, one);
    if (n == 0 || m <= n || u_memcmp(one, all, n) != 0) return;
    if (dense || is_blank(all[n])) put(t, all + n, m - n, PL_SPELLED_SCALE, scale);
}

/* brief: 1,000 and a million alone. */
static void put_scales(struct spelling *t, bool dense, bool ordinal, bool brief) {
    static const int64_t scales[] = {100,      1000,      10000,      100000,      1000000,
                                     10000000, 100000000, 1000000000, 10000000000, 1000000000000};
    static const int32_t times[] = {1, 2, 5};
    for (size_t i = 0; i < PL_LEN(scales); i++)
        for (size_t k = 0; k < PL_LEN(times); k++)
            if (!brief || scales[i] == 1000 || scales[i] == 1000000)
                put_scale(t, scales[i], times[k], dense, ordinal);
}

/* One set of rules: "%spellout-cardinal-feminine". */
static void put_set(struct spelling *t, const char *name, bool all, bool dense) {
    bool ordinal = strstr(name, "ordinal") != NULL;
    enum pl_spelled kind = ordinal ? PL_SPELLED_ORDINAL : PL_SPELLED_CARDINAL;
    if (strstr(name, "year") || strstr(name, "days")) return;
    put_range(t, kind, ordinal ? 1 : 0, all ? 99 : 19, 1);
    if (!all) put_range(t, kind, 20, 90, 10);
    put_range(t, kind, 100, 900, 100);
    put_range(t, kind, 1000, 1000, 1);
    if (all || !ordinal) put_scales(t, dense, ordinal, !all);
}

static void put_numbers(struct spelling *t, bool dense) {
    UErrorCode err = U_ZERO_ERROR;
    UChar rules[RULES], name[SPELLED];
    char ascii[SPELLED];
    t->f = unum_open(UNUM_SPELLOUT, NULL, 0, t->l->icu, NULL, &err);
    int32_t n =
        U_SUCCESS(err) ? unum_getTextAttribute(t->f, UNUM_PUBLIC_RULESETS, rules, RULES, &err) : 0;
    int sets[2] = {0, 0};
    for (int32_t at = 0, end; U_SUCCESS(err) && at < n; at = end + 1) {
        for (end = at; end < n && rules[end] != ';';) end++;
        if (end - at >= SPELLED) continue;
        u_memcpy(name, rules + at, end - at);
        name[end - at] = 0;
        u_UCharsToChars(name, ascii, end - at + 1);
        unum_setTextAttribute(t->f, UNUM_DEFAULT_RULESET, name, -1, &err);
        bool ordinal = strstr(ascii, "ordinal") != NULL;
        if (U_SUCCESS(err)) put_set(t, ascii, sets[ordinal]++ < MOST_SET, dense);
        err = U_ZERO_ERROR;
    }
    if (t->f != NULL) unum_close(t->f);
}

/* "euro", "euros" and the like, without a number. */
static void put_currency(struct spelling *t, const char *iso) {
    static const char *const counts[] = {"one", "few", "many", "other"};
    UChar code[4], last[SPELLED];
    int32_t before = 0;
    int64_t value = (int64_t)iso[0] << 16 | (int64_t)iso[1] << 8 | (int64_t)iso[2];
    u_charsToUChars(iso, code, 4);
    for (size_t i = 0; i < PL_LEN(counts); i++) {
        UErrorCode err = U_ZERO_ERROR;
        int32_t n = 0;
        const UChar *u = ucurr_getPluralName(code, t->l->icu, NULL, counts[i], &n, &err);
        if (U_FAILURE(err) || n <= 3 || n >= SPELLED) continue;
        if (n == before && u_memcmp(u, last, n) == 0) continue;
        u_memcpy(last, u, n);
        before = n;
        put(t, u, n, PL_SPELLED_CURRENCY, value);
    }
}

void pl_locale_spellings(struct pl_locale *l, bool dense, pl_locale_spell *say, void *ctx) {
    struct spelling t = {.l = l, .say = say, .ctx = ctx};
    UErrorCode err = U_ZERO_ERROR;
    pl_arena_init(&t.a, 0);
    put_numbers(&t, dense);
    UEnumeration *all = ucurr_openISOCurrencies(UCURR_COMMON | UCURR_NON_DEPRECATED, &err);
    const char *iso;
    while (U_SUCCESS(err) && (iso = uenum_next(all, NULL, &err)) != NULL) put_currency(&t, iso);
    uenum_close(all);
    pl_arena_free(&t.a);
}
