/* SPDX-License-Identifier: Apache-2.0
 *
 * Tools of a thread, locale ids and open locales.
 */
#include "runtime/locale/locale_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <unicode/uenum.h>
#include <unicode/uloc.h>

#define MOST_LOCALES 256

struct pl_locale_tools *pl_locale_tools_new(void) {
    struct pl_locale_tools *t = calloc(1, sizeof(*t));
    pl_assert(t != NULL);
    UErrorCode err = U_ZERO_ERROR;
    t->nfc = unorm2_getNFCInstance(&err);
    t->nfd = unorm2_getNFDInstance(&err);
    t->nfkc_fold = unorm2_getNFKCCasefoldInstance(&err);
    t->words = ubrk_open(UBRK_WORD, "", NULL, 0, &err);
    t->clusters = ubrk_open(UBRK_CHARACTER, "", NULL, 0, &err);
    pl_assert(U_SUCCESS(err)); /* ICU's data is part of the installation */
    pl_locale__fold_table(t);
    return t;
}

void pl_locale_tools_free(struct pl_locale_tools **t) {
    struct pl_locale_tools *x = *t;
    if (x == NULL) return;
    for (size_t i = 0; i < x->locales.n; i++) pl_locale__close(x->locales.v[i]);
    for (size_t i = 0; i < x->zones.n; i++) ucal_close(x->zones.v[i].cal);
    for (size_t i = 0; i < x->stemmers.n; i++) sb_stemmer_delete(x->stemmers.v[i].s);
    for (size_t i = 0; i < x->kept.n; i++) x->kept.v[i].drop(x->kept.v[i].p);
    PL_VEC_FREE(&x->kept);
    PL_VEC_FREE(&x->locales);
    PL_VEC_FREE(&x->zones);
    PL_VEC_FREE(&x->stemmers);
    ubrk_close(x->words);
    ubrk_close(x->clusters);
    if (x->sentences != NULL) ubrk_close(x->sentences);
    free(x);
    *t = NULL;
}

void *pl_locale_kept(const struct pl_locale_tools *t, struct pl_str key) {
    for (size_t i = 0; i < t->kept.n; i++)
        if (pl_str_is(key, t->kept.v[i].key)) return t->kept.v[i].p;
    return NULL;
}

void pl_locale_keep(struct pl_locale_tools *t, struct pl_str key, void *p, void (*drop)(void *p)) {
    struct pl_locale_kept x = {.p = p, .drop = drop};
    pl_assert(key.n < sizeof x.key);
    memcpy(x.key, key.p, key.n);
    PL_PUSH(&t->kept, x);
}

/* ---- ids ---- */

static char fold_id(char c) {
    if (c >= 'A' && c <= 'Z') return (char)(c + 32);
    return c == '_' ? '-' : c;
}

static bool same_id(struct pl_str a, struct pl_str b) {
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (fold_id(a.p[i]) != fold_id(b.p[i])) return false;
    return true;
}

static bool available(const char *icu) {
    UErrorCode err = U_ZERO_ERROR;
    UEnumeration *e = uloc_openAvailableByType(ULOC_AVAILABLE_WITH_LEGACY_ALIASES, &err);
    if (U_FAILURE(err)) return false;
    bool found = false;
    const char *name;
    while (!found && (name = uenum_next(e, NULL, &err)) != NULL) found = strcmp(name, icu) == 0;
    uenum_close(e);
    return found;
}

bool pl_locale__icu_id(struct pl_str id, char *out, size_t size) {
    char tag[64];
    if (id.n < 2 || id.n >= sizeof(tag)) return false;
    memcpy(tag, id.p, id.n);
    tag[id.n] = 0;
    if (strlen(tag) != id.n) return false;
    UErrorCode err = U_ZERO_ERROR;
    int32_t parsed = 0;
    int32_t n = uloc_forLanguageTag(tag, out, (int32_t)size, &parsed, &err);
    if (U_FAILURE(err) || n <= 0 || (size_t)n >= size || (size_t)parsed != id.n) return false;
    return available(out);
}

bool pl_locale_known(struct pl_str id) {
    char icu[64];
    return pl_locale__icu_id(id, icu, sizeof(icu));
}

struct pl_str pl_locale_fallback(struct pl_str id) {
    for (size_t i = id.n; i-- > 0;)
        if (id.p[i] == '-' || id.p[i] == '_') return (struct pl_str){id.p, i};
    return (struct pl_str){id.p, 0};
}

struct pl_str pl_locale_language(struct pl_str id) {
    size_t n = 0;
    while (n < id.n && id.p[n] != '-' && id.p[n] != '_') n++;
    return (struct pl_str){id.p, n};
}

size_t pl_locale_best(struct pl_str want, const struct pl_str *have, size_t n, size_t otherwise) {
    for (struct pl_str id = want; id.n > 0; id = pl_locale_fallback(id))
        for (size_t i = 0; i < n; i++)
            if (same_id(id, have[i])) return i;
    for (size_t i = 0; i < n && want.n > 0; i++)
        if (same_id(pl_locale_language(want), pl_locale_language(have[i]))) return i;
    return otherwise;
}

bool pl_locale_rtl(struct pl_str id) {
    char icu[64];
    return pl_locale__icu_id(id, icu, sizeof(icu)) && uloc_isRightToLeft(icu);
}

/* ---- open locales ---- */

static bool copy_name(char *out, size_t size, struct pl_str s, const char *otherwise) {
    if (s.n == 0) s = pl_str_c(otherwise);
    if (s.n >= size) return false;
    memcpy(out, s.p, s.n);
    out[s.n] = 0;
    return true;
}

static struct pl_locale *find(struct pl_locale_tools *t, const struct pl_locale *like) {
    for (size_t i = 0; i < t->locales.n; i++) {
        struct pl_locale *l = t->locales.v[i];
        if (strcmp(l->id, like->id) == 0 && strcmp(l->zone, like->zone) == 0 &&
            strcmp(l->currency, like->currency) == 0)
            return l;
    }
    return NULL;
}

enum pl_err pl_locale_open(struct pl_locale_tools *t, struct pl_str id, struct pl_str zone,
                           struct pl_str currency, struct pl_locale **out) {
    struct pl_locale like = {.tools = t};
    if (!copy_name(like.id, sizeof(like.id), id, "en-US")) return PL_NOT_FOUND;
    if (!copy_name(like.zone, sizeof(like.zone), zone, "Etc/UTC")) return PL_NOT_FOUND;
    if (!copy_name(like.currency, sizeof(like.currency), currency, "USD")) return PL_NOT_FOUND;
    *out = find(t, &like);
    if (*out != NULL) return PL_OK;
    if (t->locales.n >= MOST_LOCALES) return PL_LIMIT;
    if (!pl_locale__icu_id(pl_str_c(like.id), like.icu, 64)) return PL_NOT_FOUND;
    if (!pl_locale_zone_known(pl_str_c(like.zone))) return PL_NOT_FOUND;
    like.rtl = uloc_isRightToLeft(like.icu);
    /* Parcels arrive on Gregorian days everywhere, whatever calendar a region prefers. */
    UErrorCode err = U_ZERO_ERROR;
    uloc_setKeywordValue("calendar", "gregorian", like.icu, sizeof(like.icu), &err);
    like.result = unumf_openResult(&err);
    if (U_FAILURE(err)) return PL_NOMEM;
    struct pl_locale *l = malloc(sizeof(*l));
    if (l == NULL) return unumf_closeResult(like.result), PL_NOMEM;
    *l = like;
    PL_PUSH(&t->locales, l);
    *out = l;
    return PL_OK;
}

void pl_locale__close(struct pl_locale *l) {
    if (l->number != NULL) unumf_close(l->number);
    if (l->percent != NULL) unumf_close(l->percent);
    for (size_t i = 0; i < PL_LOCALE_UNITS; i++)
        if (l->unit[i] != NULL) unumf_close(l->unit[i]);
    for (size_t i = 0; i < l->nmoney; i++) unumf_close(l->money[i].f);
    unumf_closeResult(l->result);
    if (l->ordinal != NULL) unum_close(l->ordinal);
    for (size_t i = 0; i < 2 * PL_LOCALE_DATES; i++)
        if (l->dates[i / PL_LOCALE_DATES][i % PL_LOCALE_DATES] != NULL)
            udat_close(l->dates[i / PL_LOCALE_DATES][i % PL_LOCALE_DATES]);
    if (l->relative != NULL) ureldatefmt_close(l->relative);
    if (l->list != NULL) ulistfmt_close(l->list);
    if (l->units != NULL) ulistfmt_close(l->units);
    for (size_t i = 0; i < 2; i++)
        if (l->plurals[i] != NULL) uplrules_close(l->plurals[i]);
    free(l->said);
    free(l);
}
