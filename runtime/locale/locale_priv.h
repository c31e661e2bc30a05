/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the room locale: what a thread's tools and an open locale hold.
 */
#ifndef PL_LOCALE_PRIV_H
#define PL_LOCALE_PRIV_H

#include "runtime/locale/locale.h"

#include <libstemmer.h>
#include <unicode/ubrk.h>
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/ulistformatter.h>
#include <unicode/unorm2.h>
#include <unicode/unum.h>
#include <unicode/unumberformatter.h>
#include <unicode/upluralrules.h>
#include <unicode/ureldatefmt.h>
#include <unicode/ustring.h>

/* Code points below this are folded one by one from a table: Latin, Greek, Cyrillic, Hebrew and
 * Arabic. None of them combines with a neighbour once its marks are gone. */
#define PL_LOCALE_FOLDED 0x700

struct pl_locale_cell {
    uint8_t n; /* bytes of the folded form; 0: the code point vanishes */
    char b[11];
};

struct pl_locale_zone {
    char name[64];
    UCalendar *cal; /* Gregorian */
};

struct pl_locale_stemmer {
    char lang[4];
    struct sb_stemmer *s; /* NULL: Snowball has no such language */
};

/* The last words that were stemmed, each at the place of its hash. */
#define PL_LOCALE_STEMS 1024
struct pl_locale_stem {
    const struct sb_stemmer *by;
    uint8_t n, stem_n;
    char word[30], stem[30];
};

struct pl_locale_kept {
    char key[16];
    void *p;
    void (*drop)(void *p);
};

struct pl_locale_tools {
    const UNormalizer2 *nfc, *nfd, *nfkc_fold;    /* ICU's own, never closed */
    UBreakIterator *words, *clusters, *sentences; /* the last opened at first use */
    struct pl_locale_cell fold[PL_LOCALE_FOLDED];
    PL_VEC(struct pl_locale *) locales;
    PL_VEC(struct pl_locale_zone) zones;
    PL_VEC(struct pl_locale_stemmer) stemmers;
    PL_VEC(struct pl_locale_kept) kept;
    struct pl_locale_stem stems[PL_LOCALE_STEMS];
};

/* Date formatters of a locale, each in two forms: for instants in the locale's zone, and for dates
 * and times of day, which have none. */
enum pl_locale_date {
    PL_LOCALE_MEDIUM,
    PL_LOCALE_LONG,
    PL_LOCALE_SHORT,
    PL_LOCALE_TIME,
    PL_LOCALE_DATETIME,
    PL_LOCALE_WEEKDAY,
    PL_LOCALE_DATES
};

enum pl_locale_unit {
    PL_LOCALE_DAY,
    PL_LOCALE_HOUR,
    PL_LOCALE_MINUTE,
    PL_LOCALE_SECOND,
    PL_LOCALE_UNITS
};

#define PL_LOCALE_CURRENCIES 8

/* A word that says a number or a day. */
struct pl_locale_saying {
    char word[40]; /* folded */
    uint8_t kind;  /* enum pl_said */
    int32_t value;
};

struct pl_locale {
    struct pl_locale_tools *tools;
    char id[64];  /* as asked for, "es-MX" */
    char icu[96]; /* as ICU writes it, "es_MX@calendar=gregorian" */
    char zone[64], currency[4];
    bool rtl;
    /* Opened at first use, NULL before. */
    UNumberFormatter *number, *percent, *unit[PL_LOCALE_UNITS];
    struct {
        char currency[4];
        UNumberFormatter *f;
    } money[PL_LOCALE_CURRENCIES];
    uint32_t nmoney;
    UFormattedNumber *result;
    UNumberFormat *ordinal;
    UDateFormat *dates[2][PL_LOCALE_DATES];
    URelativeDateTimeFormatter *relative;
    UListFormatter *list, *units;
    UPluralRules *plurals[2];
    struct pl_locale_saying *said; /* sorted by word */
    uint32_t nsaid;
};

void pl_locale__close(struct pl_locale *l);

/* Appends UTF-16 as UTF-8. */
void pl_locale__put(struct pl_buf *out, const UChar *u, int32_t n);
/* UTF-8 as UTF-16 in the arena, U+FFFD for ill-formed bytes; NULL when the arena is full. */
UChar *pl_locale__utf16(struct pl_arena *a, struct pl_str s, int32_t *n);
/* The like the other way; the empty slice when the arena is full. */
struct pl_str pl_locale__utf8(struct pl_arena *a, const UChar *u, int32_t n);
/* An id in ICU's spelling. false: not an id, or CLDR knows no such locale. */
bool pl_locale__icu_id(struct pl_str id, char *out, size_t size);
/* Fills t->fold. */
void pl_locale__fold_table(struct pl_locale_tools *t);
/* The calendar of a zone, UTC when unknown. */
UCalendar *pl_locale__calendar(struct pl_locale_tools *t, struct pl_str zone);
void pl_locale__number(struct pl_locale *l, struct pl_dec n, struct pl_buf *out);

#endif
