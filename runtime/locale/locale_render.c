/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs message code: a text with placeholders, plurals and choices, compiled for one locale.
 */
#include "runtime/locale/locale_priv.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/uenum.h>
#include <unicode/utf16.h>

#define MOST_DEPTH 8

struct run {
    struct pl_locale *l;
    const struct pl_value *args;
    uint32_t nargs;
    const struct pl_locale_env *env;
    struct pl_buf *out;
    size_t start; /* of this text in out */
};

static void run_code(const struct run *r, struct pl_str code, const struct pl_dec *hash, int depth);

static struct pl_value arg_of(const struct run *r, uint64_t i) {
    return i < r->nargs ? r->args[i] : PL_NONE;
}

/* Key of a plural branch: 6 and above are exact numbers. */
#define EXACT 6

static bool is_exact(uint64_t key, struct pl_dec n) {
    return key >= EXACT && n.scale == 0 && n.m >= 0 && (uint64_t)n.m == (key - EXACT) / 2;
}

/* "1st", for an ordinal without branches. */
static void put_ordinal(struct pl_locale *l, struct pl_dec n, struct pl_buf *out) {
    UErrorCode err = U_ZERO_ERROR;
    UChar u[128];
    if (l->ordinal == NULL) l->ordinal = unum_open(UNUM_ORDINAL, NULL, 0, l->icu, NULL, &err);
    int32_t len = unum_formatInt64(l->ordinal, pl_dec_round(n, 0).m, u, PL_LEN(u), NULL, &err);
    if (U_SUCCESS(err)) pl_locale__put(out, u, len);
}

static void run_plural(const struct run *r, struct pl_reader *in, bool ordinal, int depth) {
    struct pl_value v = arg_of(r, pl_read_var(in));
    uint64_t n = pl_read_var(in);
    struct pl_dec number =
        v.kind == PL_KIND_NUMBER || v.kind == PL_KIND_PERCENT ? v.n : (struct pl_dec){0};
    if (n == 0) return put_ordinal(r->l, number, r->out);
    enum pl_plural rule = pl_locale_plural(r->l, number, ordinal);
    struct pl_str best = {0};
    int rank = 0; /* 1: other, 2: by rule, 3: exact */
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        uint64_t key = pl_read_var(in);
        struct pl_str code = pl_read_text(in);
        int now = is_exact(key, number) ? 3 : key == rule ? 2 : key == PL_OTHER ? 1 : 0;
        if (now <= rank) continue;
        rank = now;
        best = code;
    }
    run_code(r, best, &number, depth + 1);
}

static struct pl_str select_key(struct pl_value v) {
    if (v.kind == PL_KIND_ENUM) return v.e.member;
    if (v.kind == PL_KIND_BOOL) return v.b ? PL_STR("true") : PL_STR("false");
    return v.kind == PL_KIND_NONE ? PL_STR("none") : PL_STR("other");
}

static void run_select(const struct run *r, struct pl_reader *in, const struct pl_dec *hash,
                       int depth) {
    struct pl_str want = select_key(arg_of(r, pl_read_var(in)));
    uint64_t n = pl_read_var(in);
    struct pl_str best = {0};
    bool fits = false;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        struct pl_str key = pl_read_text(in), code = pl_read_text(in);
        if (fits || !(pl_str_eq(key, want) || pl_str_is(key, "other"))) continue;
        fits = pl_str_eq(key, want);
        best = code;
    }
    run_code(r, best, hash, depth + 1);
}

/* "today" and "in 5 hours" are printed for the middle of a sentence. */
static bool is_calendar_word(uint64_t style) {
    return style == PL_STYLE_DAY || style == PL_STYLE_RELATIVE || style == PL_STYLE_FROMNOW;
}

/* The text so far gets a capital at its beginning. */
static void begin_large(const struct run *r) {
    struct pl_str text = {r->out->p + r->start, r->out->n - r->start};
    size_t at = 0;
    if (text.n == 0) return;
    UChar32 first = (UChar32)pl_utf8_next(text, &at);
    UChar small[2], large[8];
    int32_t nsmall = 0;
    UErrorCode err = U_ZERO_ERROR;
    U16_APPEND_UNSAFE(small, nsmall, first);
    int32_t nlarge = u_strToUpper(large, PL_LEN(large), small, nsmall, r->l->icu, &err);
    struct pl_buf rest = {0};
    pl_buf_add(&rest, text.p + at, text.n - at);
    if (U_SUCCESS(err) && !rest.failed) {
        r->out->n = r->start;
        pl_locale__put(r->out, large, nlarge);
        pl_buf_str(r->out, pl_buf_slice(&rest));
    }
    pl_buf_free(&rest);
}

static void run_code(const struct run *r, struct pl_str code, const struct pl_dec *hash,
                     int depth) {
    if (depth > MOST_DEPTH) return;
    struct pl_reader in = pl_reader_of(code);
    while (pl_read_left(&in) > 0 && !in.bad) {
        switch (pl_read_u8(&in)) {
        case PL_MSG_TEXT: pl_buf_str(r->out, pl_read_text(&in)); break;
        case PL_MSG_ARG: {
            struct pl_value v = arg_of(r, pl_read_var(&in));
            uint64_t style = pl_read_var(&in);
            bool first = r->out->n == r->start;
            pl_locale_format(r->l, v, style, r->env, r->out);
            if (first && is_calendar_word(style)) begin_large(r);
            break;
        }
        case PL_MSG_HASH:
            if (hash != NULL) pl_locale__number(r->l, *hash, r->out);
            break;
        case PL_MSG_PLURAL: run_plural(r, &in, false, depth); break;
        case PL_MSG_ORDINAL: run_plural(r, &in, true, depth); break;
        case PL_MSG_SELECT: run_select(r, &in, hash, depth); break;
        default: return;
        }
    }
}

bool pl_locale_plain(struct pl_str code, struct pl_str *text) {
    struct pl_reader in = pl_reader_of(code);
    if (pl_read_u8(&in) != PL_MSG_TEXT) return false;
    *text = pl_read_text(&in);
    return !in.bad && pl_read_left(&in) == 0;
}

void pl_locale_render(struct pl_locale *l, struct pl_str code, const struct pl_value *args,
                      uint32_t nargs, const struct pl_locale_env *env, struct pl_buf *out) {
    static const struct pl_locale_env none;
    struct run r = {l, args, nargs, env != NULL ? env : &none, out, out->n};
    run_code(&r, code, NULL, 0);
}

enum pl_err pl_locale_plural_categories(struct pl_str id, bool ordinal, unsigned *bits) {
    static const char *const names[] = {"zero", "one", "two", "few", "many", "other"};
    char icu[64];
    if (!pl_locale__icu_id(id, icu, sizeof(icu))) return PL_NOT_FOUND;
    UErrorCode err = U_ZERO_ERROR;
    UPluralRules *rules =
        uplrules_openForType(icu, ordinal ? UPLURAL_TYPE_ORDINAL : UPLURAL_TYPE_CARDINAL, &err);
    UEnumeration *words = uplrules_getKeywords(rules, &err);
    *bits = 1u << PL_OTHER;
    const char *word;
    while (U_SUCCESS(err) && (word = uenum_next(words, NULL, &err)) != NULL)
        for (unsigned i = 0; i < PL_LEN(names); i++)
            if (strcmp(word, names[i]) == 0) *bits |= 1u << i;
    uenum_close(words);
    uplrules_close(rules);
    return U_SUCCESS(err) ? PL_OK : PL_NOT_FOUND;
}
