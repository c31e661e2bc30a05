/* SPDX-License-Identifier: Apache-2.0
 *
 * locale: everything that depends on languages, scripts, regions and time zones, by ICU and
 * Snowball: folding, words, stems, regular expressions with limits, plural rules, formats, wall
 * clock time, and rendering of message code.
 *
 * `struct pl_locale_tools` is one thread's set of open ICU objects. It owns the locales, zones,
 * stemmers and formatters opened through it until it is freed; they are opened at first use and
 * kept, so a warm turn opens nothing. Texts are given in the arena named, or point into the input.
 * Invariants: results depend on the input and on ICU's data alone, never on the environment's
 * locale or zone.
 * Threads: a tools object, and all that came from it, belongs to one thread.
 */
#ifndef PL_LOCALE_H
#define PL_LOCALE_H

#include "runtime/value/value.h"

struct pl_locale_tools;

struct pl_locale_tools *pl_locale_tools_new(void);
void pl_locale_tools_free(struct pl_locale_tools **t);

/* What somebody else made with these tools and is worth as long a life ("numbers-ru"): kept under a
 * key of at most 15 bytes, dropped when the tools are freed. NULL: nothing is. */
void *pl_locale_kept(const struct pl_locale_tools *t, struct pl_str key);
void pl_locale_keep(struct pl_locale_tools *t, struct pl_str key, void *p, void (*drop)(void *p));

/* ---- locales ---- */

/* One open locale: id, zone, currency and the formatters of them. Owned by its tools. */
struct pl_locale;

/* Is this the id of a locale that CLDR has data for ("en-US", "es", "ar-SA", "zh-Hans-CN")? */
bool pl_locale_known(struct pl_str id);
/* The next locale to try: "es-MX" gives "es", "es" the empty slice. Points into the input. */
struct pl_str pl_locale_fallback(struct pl_str id);
/* The best of `have` for `want`: the same id; else one of the chain of fallbacks; else the first
 * of the same language (es-MX takes es-ES); else `otherwise`. Case and '_' do not matter. */
size_t pl_locale_best(struct pl_str want, const struct pl_str *have, size_t n, size_t otherwise);
/* The language alone: "es-MX" gives "es". Points into the input. */
struct pl_str pl_locale_language(struct pl_str id);
bool pl_locale_rtl(struct pl_str id);

/* The locale, opened at first use. PL_NOT_FOUND: unknown id or zone; PL_LIMIT: over 256 of them.
 * The zone is an IANA name ("Europe/Berlin"), the currency ISO 4217, both as the assistant or the
 * customer's profile has them; an empty zone is UTC, an empty currency USD. */
enum pl_err pl_locale_open(struct pl_locale_tools *t, struct pl_str id, struct pl_str zone,
                           struct pl_str currency, struct pl_locale **out);

/* ---- text ---- */

bool pl_locale_ascii(struct pl_str s);
/* NFC. Gives the input itself when it is normal already. Ill-formed bytes become U+FFFD. */
struct pl_str pl_locale_nfc(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s);
/* For comparing: compatibility forms and case folded, diacritics, Arabic harakat and tatweel
 * gone, alef, ya and ta marbuta of one form, digits of all scripts as 0-9. White space stays. */
struct pl_str pl_locale_fold(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s);
/* Case folded and NFC, nothing else: what is left of a word but its capitals. */
struct pl_str pl_locale_lower(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s);
/* Count of user-perceived characters (grapheme clusters). */
size_t pl_locale_graphemes(struct pl_locale_tools *t, struct pl_str s);

struct pl_word {
    uint32_t start, end; /* bytes in the text */
    struct pl_str folded;
    struct pl_str stem; /* Snowball's, of the folded word; the folded word in other languages */
    uint32_t tags;      /* of whoever reads the words, 0 at first */
};
/* The words of a text, split once per message and used by every recogniser. */
struct pl_words {
    struct pl_str text;
    struct pl_word *v;
    uint32_t n;
};
/* Runs of letters and digits, apostrophes between letters ("don't") and points and commas between
 * digits ("4.8") included; Han, kana, Thai, Lao, Khmer and Burmese runs by ICU's dictionaries. At
 * most PL_WORDS_MAX words, the rest is not seen. `language` may be empty: no stems. */
#define PL_WORDS_MAX 1024
struct pl_words pl_locale_words(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                                struct pl_str language);
/* Stems words that were split without, or for another language. */
void pl_locale_stems(struct pl_locale_tools *t, struct pl_arena *a, struct pl_words *w,
                     struct pl_str language);
/* The stem of one folded word. */
struct pl_str pl_locale_stem(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str word,
                             struct pl_str language);

/* Where the sentences of a text end, as bytes, the last one at its end: *n of them in the arena, 0
 * for an empty text or a full arena. White space behind a sentence belongs to it. */
const uint32_t *pl_locale_sentences(struct pl_locale_tools *t, struct pl_arena *a,
                                    struct pl_str text, uint32_t *n);

/* A character behind which a sentence may end: what ends one, or a line. */
bool pl_locale_ends_sentence(uint32_t c);

/* A word of at most 60 bytes among those of a list: " one two ", a blank at both ends of each. */
bool pl_locale_among(const char *words, struct pl_str word);
/* A folded word that says little by itself ("do", "the", "please"): words of one or two Latin
 * letters and those of a list, in en es de fr it pt ar; false in other languages. */
bool pl_locale_is_stop(struct pl_str language, struct pl_str folded);

/* ---- words that say a number or a day ---- */

enum pl_said {
    PL_SAID_NOTHING,
    PL_SAID_NUMBER,
    PL_SAID_MONTH,
    PL_SAID_WEEKDAY,
    PL_SAID_DAY,
    PL_SAID_UNIT,
    PL_SAID_ORDINAL /* of pl_locale_sayings alone */
};
/* What a folded word says in the locale's language: "thirty" NUMBER 30 (2 to 20, tens, 100, 1000),
 * "march" MONTH 3, "monday" WEEKDAY 0, "tomorrow" DAY 1, "weeks" UNIT 4 (second, minute, hour, day,
 * week, month, year from 0). From CLDR, looked up in a table that is
 * made at the first call. */
enum pl_said pl_locale_said(struct pl_locale *l, struct pl_str folded, int32_t *value);
/* All of what CLDR has: numbers to 100 and ordinals to 31 spelled out, months and weekdays, the
 * days around today, units. brief: a short form, "Sept". The text lives while `say` runs. */
typedef void pl_locale_say(void *ctx, struct pl_str text, enum pl_said kind, int32_t value,
                           bool brief);
void pl_locale_sayings(struct pl_locale *l, pl_locale_say *say, void *ctx);

/* Numbers (0 to 99, hundreds, 1000), what multiplies one ("thousand", "thousands"), ordinals and
 * the names of currencies (value: the three letters of the code, eight bits each, the first
 * highest) in all the forms that CLDR has. dense: the language writes no blanks between words. The
 * text lives while `say` runs. */
enum pl_spelled { PL_SPELLED_CARDINAL, PL_SPELLED_SCALE, PL_SPELLED_ORDINAL, PL_SPELLED_CURRENCY };
typedef void pl_locale_spell(void *ctx, struct pl_str text, enum pl_spelled kind, int64_t value);
void pl_locale_spellings(struct pl_locale *l, bool dense, pl_locale_spell *say, void *ctx);

/* ---- regular expressions (ICU's dialect) ---- */

/* A compiled expression, owned by the caller, of one thread. */
struct pl_locale_regex;

/* flags: "i" or empty. PL_MALFORMED with *at at the offending byte of the pattern (may be NULL);
 * PL_LIMIT for a pattern over 1 KiB. */
enum pl_err pl_locale_regex_new(struct pl_str pattern, struct pl_str flags,
                                struct pl_locale_regex **out, size_t *at);
void pl_locale_regex_free(struct pl_locale_regex **re);

/* A text made ready for regular expressions: UTF-16, digits of all scripts as 0-9, with a map back
 * to bytes. In the arena. Over 4 KiB only the first 4 KiB are seen. */
struct pl_locale_subject;
const struct pl_locale_subject *pl_locale_subject(struct pl_arena *a, struct pl_str text);

/* The first match at or after byte `from`, as bytes [*start, *end). A match that needs too many
 * steps counts as none (the same number of steps on every machine). */
bool pl_locale_regex_find(struct pl_locale_regex *re, const struct pl_locale_subject *s,
                          size_t from, size_t *start, size_t *end);
/* Does it match the whole text? */
bool pl_locale_regex_is(struct pl_locale_regex *re, const struct pl_locale_subject *s);

/* ---- plurals ---- */

/* The categories that whole numbers or decimals can fall into, as bits 1 << enum pl_plural. OTHER
 * is always there. PL_NOT_FOUND: unknown locale. */
enum pl_err pl_locale_plural_categories(struct pl_str id, bool ordinal, unsigned *bits);
enum pl_plural pl_locale_plural(struct pl_locale *l, struct pl_dec n, bool ordinal);

/* ---- wall clock ---- */

struct pl_local {
    int16_t year;
    uint8_t month, day; /* from 1 */
    uint8_t hour, minute, second;
    uint8_t weekday;        /* 0 Monday .. 6 Sunday */
    int32_t offset_minutes; /* from UTC, out only */
};
bool pl_locale_zone_known(struct pl_str zone);
/* Unknown zones are UTC. A wall time that occurs twice is the first one; one that is skipped is
 * the first valid one after it. */
struct pl_local pl_locale_to_local(struct pl_locale_tools *t, struct pl_str zone, int64_t ms);
int64_t pl_locale_local_to_utc(struct pl_locale_tools *t, struct pl_str zone, struct pl_local w);

/* ---- formats ---- */

/* What rendering needs from outside. All may be zero, and so may the pointer to it. */
struct pl_locale_env {
    int64_t now_ms; /* for relative styles */
    /* The message code of the label of an enum's member, in this locale. false: none, and the
     * member's name is printed. */
    bool (*label)(void *ctx, struct pl_str type, struct pl_str member, struct pl_str *code);
    void *ctx;
};

/* A value by its kind and the style (enum pl_msg_style). Numbers, money and dates in the locale's
 * digits; texts as they are, between U+2068 and U+2069 where their direction is not the locale's.
 * Booleans, records and absent values print nothing: the compiler lets none of them through. */
void pl_locale_format(struct pl_locale *l, struct pl_value v, uint64_t style,
                      const struct pl_locale_env *env, struct pl_buf *out);

/* Runs message code (value.h). Trusts code that pl_msg_check has passed; other code ends early.
 * Out of memory is out->failed. An argument out of range prints nothing. */
void pl_locale_render(struct pl_locale *l, struct pl_str code, const struct pl_value *args,
                      uint32_t nargs, const struct pl_locale_env *env, struct pl_buf *out);
/* Message code that is one text, whatever the locale and the arguments: most are. */
bool pl_locale_plain(struct pl_str code, struct pl_str *text);

#endif
