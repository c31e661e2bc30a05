/* SPDX-License-Identifier: Apache-2.0
 *
 * Sentences, and the words that say a number or a day: what has to be looked at when a text must
 * not state what is not so.
 */
#include "runtime/locale/locale_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- sentences ---- */

/* From the byte at *at, where the UTF-16 unit is *unit, to the byte of the unit `to`. */
static void walk(struct pl_str s, size_t *at, int32_t *unit, int32_t to) {
    while (*unit < to && *at < s.n) *unit += pl_utf8_next(s, at) > 0xffff ? 2 : 1;
}

const uint32_t *pl_locale_sentences(struct pl_locale_tools *t, struct pl_arena *a,
                                    struct pl_str text, uint32_t *n) {
    *n = 0;
    UErrorCode err = U_ZERO_ERROR;
    if (t->sentences == NULL) t->sentences = ubrk_open(UBRK_SENTENCE, "", NULL, 0, &err);
    int32_t len = 0;
    UChar *u = text.n == 0 || text.n >= UINT32_MAX ? NULL : pl_locale__utf16(a, text, &len);
    if (u != NULL && U_SUCCESS(err)) ubrk_setText(t->sentences, u, len, &err);
    if (u == NULL || U_FAILURE(err)) return NULL;
    uint32_t count = 0;
    while (ubrk_next(t->sentences) != UBRK_DONE) count++;
    uint32_t *ends = PL_NEW_ARRAY(a, uint32_t, count + 1);
    if (ends == NULL) return NULL;
    size_t at = 0;
    int32_t unit = 0, to;
    for (ubrk_first(t->sentences); (to = ubrk_next(t->sentences)) != UBRK_DONE;) {
        walk(text, &at, &unit, to);
        ends[(*n)++] = (uint32_t)at;
    }
    return ends;
}

bool pl_locale_ends_sentence(uint32_t c) {
    switch (u_getIntPropertyValue((UChar32)c, UCHAR_SENTENCE_BREAK)) {
    case U_SB_ATERM:
    case U_SB_STERM:
    case U_SB_SEP:
    case U_SB_CR:
    case U_SB_LF: return true;
    default: return false;
    }
}

/* ---- words ---- */

struct sayings {
    struct pl_locale *l;
    struct pl_arena a;
    pl_locale_say *say;
    void *ctx;
};

static void put(struct sayings *t, const UChar *u, int32_t n, enum pl_said kind, int32_t value,
                bool brief) {
    struct pl_str s = pl_locale__utf8(&t->a, u, n);
    if (s.n > 0) t->say(t->ctx, s, kind, value, brief);
}

/* rules: a set of the spelling's, NULL for its own. */
static bool put_spelled(struct sayings *t, const char *rules, enum pl_said kind, int32_t from,
                        int32_t to) {
    UErrorCode err = U_ZERO_ERROR;
    UChar u[128];
    UNumberFormat *f = unum_open(UNUM_SPELLOUT, NULL, 0, t->l->icu, NULL, &err);
    if (rules != NULL) {
        u_charsToUChars(rules, u, (int32_t)strlen(rules) + 1);
        unum_setTextAttribute(f, UNUM_DEFAULT_RULESET, u, -1, &err);
    }
    bool known = U_SUCCESS(err);
    for (int32_t v = from; known && v <= to; v++) {
        err = U_ZERO_ERROR;
        int32_t n = unum_format(f, v, u, PL_LEN(u), NULL, &err);
        if (U_SUCCESS(err)) put(t, u, n, kind, v, false);
    }
    if (f != NULL) unum_close(f);
    return known;
}

static void put_numbers(struct sayings *t) {
    static const char *const ordinals[] = {"%spellout-ordinal", "%spellout-ordinal-masculine",
                                           "%spellout-ordinal-feminine",
                                           "%spellout-ordinal-masculine-adjective"};
    (void)put_spelled(t, NULL, PL_SAID_NUMBER, 0, 100);
    (void)put_spelled(t, NULL, PL_SAID_NUMBER, 1000, 1000);
    for (size_t i = 0; i < PL_LEN(ordinals); i++)
        (void)put_spelled(t, ordinals[i], PL_SAID_ORDINAL, 1, 31);
}

static void put_symbols(struct sayings *t, UDateFormat *f, UDateFormatSymbolType type,
                        enum pl_said kind, bool brief) {
    UErrorCode err = U_ZERO_ERROR;
    UChar u[128];
    int32_t first = kind == PL_SAID_WEEKDAY ? 1 : 0, n = udat_countSymbols(f, type);
    for (int32_t i = first; i < n; i++) {
        err = U_ZERO_ERROR;
        int32_t len = udat_getSymbols(f, type, i, u, PL_LEN(u), &err);
        /* ICU counts weekdays from Sunday, 1. */
        int32_t value = kind == PL_SAID_WEEKDAY ? (i + 5) % 7 : i + 1;
        if (U_SUCCESS(err)) put(t, u, len, kind, value, brief);
    }
}

static void put_dates(struct sayings *t) {
    UErrorCode err = U_ZERO_ERROR;
    UDateFormat *f = udat_open(UDAT_LONG, UDAT_LONG, t->l->icu, NULL, 0, NULL, 0, &err);
    if (U_FAILURE(err)) return;
    put_symbols(t, f, UDAT_MONTHS, PL_SAID_MONTH, false);
    put_symbols(t, f, UDAT_STANDALONE_MONTHS, PL_SAID_MONTH, false);
    put_symbols(t, f, UDAT_WEEKDAYS, PL_SAID_WEEKDAY, false);
    put_symbols(t, f, UDAT_STANDALONE_WEEKDAYS, PL_SAID_WEEKDAY, false);
    put_symbols(t, f, UDAT_SHORT_MONTHS, PL_SAID_MONTH, true);
    put_symbols(t, f, UDAT_STANDALONE_SHORT_MONTHS, PL_SAID_MONTH, true);
    put_symbols(t, f, UDAT_SHORT_WEEKDAYS, PL_SAID_WEEKDAY, true);
    put_symbols(t, f, UDAT_STANDALONE_SHORT_WEEKDAYS, PL_SAID_WEEKDAY, true);
    udat_close(f);
}

static void put_days(struct sayings *t) {
    UErrorCode err = U_ZERO_ERROR;
    UChar u[128];
    URelativeDateTimeFormatter *f =
        ureldatefmt_open(t->l->icu, NULL, UDAT_STYLE_LONG, UDISPCTX_CAPITALIZATION_NONE, &err);
    if (U_FAILURE(err)) return;
    for (int32_t day = -2; day <= 2; day++) {
        err = U_ZERO_ERROR;
        int32_t n = ureldatefmt_format(f, day, UDAT_REL_UNIT_DAY, u, PL_LEN(u), &err);
        if (U_SUCCESS(err)) put(t, u, n, PL_SAID_DAY, day, false);
    }
    ureldatefmt_close(f);
}

/* "2 weeks": the word that is no number. */
static void put_unit(struct sayings *t, UNumberFormatter *f, int32_t n, int32_t unit) {
    UErrorCode err = U_ZERO_ERROR;
    UChar u[128];
    UFormattedNumber *result = unumf_openResult(&err);
    unumf_formatInt(f, n, result, &err);
    int32_t len = U_SUCCESS(err) ? unumf_resultToString(result, u, PL_LEN(u), &err) : 0;
    unumf_closeResult(result);
    if (U_FAILURE(err)) return;
    int32_t from = 0, to = len;
    while (from < to && !u_isalpha(u[from])) from++;
    while (to > from && !u_isalpha(u[to - 1])) to--;
    put(t, u + from, to - from, PL_SAID_UNIT, unit, false);
}

static void put_units(struct sayings *t) {
    static const char *const units[] = {"second", "minute", "hour", "day", "week", "month", "year"};
    static const int32_t counts[] = {1, 2, 5, 100};
    for (size_t i = 0; i < PL_LEN(units); i++) {
        UErrorCode err = U_ZERO_ERROR;
        char ascii[96];
        UChar skeleton[96];
        snprintf(ascii, sizeof ascii, "measure-unit/duration-%s unit-width-full-name", units[i]);
        u_charsToUChars(ascii, skeleton, (int32_t)strlen(ascii) + 1);
        UNumberFormatter *f = unumf_openForSkeletonAndLocale(skeleton, -1, t->l->icu, &err);
        for (size_t k = 0; U_SUCCESS(err) && k < PL_LEN(counts); k++)
            put_unit(t, f, counts[k], (int32_t)i);
        if (f != NULL) unumf_close(f);
    }
}

void pl_locale_sayings(struct pl_locale *l, pl_locale_say *say, void *ctx) {
    struct sayings t = {.l = l, .say = say, .ctx = ctx};
    pl_arena_init(&t.a, 0);
    put_numbers(&t);
    put_dates(&t);
    put_days(&t);
    put_units(&t);
    pl_arena_free(&t.a);
}

/* ---- the table of single words ---- */

struct table {
    struct pl_locale *l;
    struct pl_arena a;
    struct pl_locale_saying v[128];
    uint32_t n;
};

/* Of numbers those that stand alone in most languages: the others are made of them. */
static bool is_single(enum pl_said kind, int32_t value) {
    if (kind != PL_SAID_NUMBER) return kind != PL_SAID_ORDINAL;
    return value >= 2 && (value <= 20 || value % 10 == 0);
}

static void keep(void *ctx, struct pl_str text, enum pl_said kind, int32_t value, bool brief) {
    struct table *t = ctx;
    if (brief || !is_single(kind, value) || t->n == PL_LEN(t->v)) return;
    struct pl_words w = pl_locale_words(t->l->tools, &t->a, text, (struct pl_str){0});
    if (w.n != 1) return;
    struct pl_locale_saying *x = &t->v[t->n];
    struct pl_str f = w.v[0].folded;
    if (f.n >= sizeof x->word || (f.n > 0 && f.p[0] >= '0' && f.p[0] <= '9')) return;
    *x = (struct pl_locale_saying){.kind = (uint8_t)kind, .value = value};
    memcpy(x->word, f.p, f.n);
    t->n++;
}

static int by_word(const void *a, const void *b) {
    const struct pl_locale_saying *x = a, *y = b;
    int c = strcmp(x->word, y->word);
    return c != 0 ? c : x->kind - y->kind;
}

static void make_table(struct pl_locale *l) {
    struct table *t = calloc(1, sizeof *t);
    pl_assert(t != NULL);
    t->l = l;
    pl_arena_init(&t->a, 0);
    pl_locale_sayings(l, keep, t);
    qsort(t->v, t->n, sizeof *t->v, by_word);
    l->said = malloc((t->n + 1) * sizeof *t->v);
    pl_assert(l->said != NULL);
    memcpy(l->said, t->v, t->n * sizeof *t->v);
    l->nsaid = t->n;
    pl_arena_free(&t->a);
    free(t);
}

enum pl_said pl_locale_said(struct pl_locale *l, struct pl_str folded, int32_t *value) {
    if (l->said == NULL) make_table(l);
    uint32_t lo = 0, hi = l->nsaid;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (pl_str_cmp(pl_str_c(l->said[mid].word), folded) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == l->nsaid || !pl_str_is(folded, l->said[lo].word)) return PL_SAID_NOTHING;
    *value = l->said[lo].value;
    return l->said[lo].kind;
}
