/* SPDX-License-Identifier: Apache-2.0
 *
 * Folding, words and stems. Most messages are ASCII: they are lower-cased without ICU. Most others
 * are Latin, Cyrillic or Arabic: they are folded code point by code point from a table that ICU
 * filled once. Only the rest goes through ICU's normalisers.
 */
#include "runtime/locale/locale_priv.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/utf16.h>

/* ---- UTF-8 and UTF-16 ---- */

UChar *pl_locale__utf16(struct pl_arena *a, struct pl_str s, int32_t *n) {
    *n = 0;
    if (s.n > INT32_MAX / 4) return NULL;
    UChar *u = PL_NEW_ARRAY(a, UChar, s.n + 1); /* never more units than bytes */
    if (u == NULL) return NULL;
    UErrorCode err = U_ZERO_ERROR;
    u_strFromUTF8WithSub(u, (int32_t)s.n + 1, n, s.p, (int32_t)s.n, 0xfffd, NULL, &err);
    return U_FAILURE(err) ? NULL : u;
}

struct pl_str pl_locale__utf8(struct pl_arena *a, const UChar *u, int32_t n) {
    char *p = pl_arena_alloc(a, (size_t)n * 3 + 1);
    if (p == NULL) return (struct pl_str){0};
    UErrorCode err = U_ZERO_ERROR;
    int32_t len = 0;
    u_strToUTF8WithSub(p, n * 3 + 1, &len, u, n, 0xfffd, NULL, &err);
    return U_FAILURE(err) ? (struct pl_str){0} : (struct pl_str){p, (size_t)len};
}

void pl_locale__put(struct pl_buf *out, const UChar *u, int32_t n) {
    size_t need = (size_t)n * 3 + 1;
    if (n <= 0 || !pl_buf_reserve(out, need)) return;
    UErrorCode err = U_ZERO_ERROR;
    int32_t len = 0;
    u_strToUTF8WithSub(out->p + out->n, (int32_t)need, &len, u, n, 0xfffd, NULL, &err);
    if (U_SUCCESS(err)) out->n += (size_t)len;
}

bool pl_locale_ascii(struct pl_str s) {
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++) any |= (uint8_t)s.p[i];
    return any < 0x80;
}

static UChar *normalise(const UNormalizer2 *form, struct pl_arena *a, const UChar *u, int32_t n,
                        int32_t *out) {
    /* NFKC grows a unit to at most 18; a message is short, so take the room at once. */
    int32_t room = n < 64 ? n * 18 + 1 : n * 4 + 1024;
    for (int i = 0; i < 2; i++) {
        UChar *p = PL_NEW_ARRAY(a, UChar, (size_t)room);
        if (p == NULL) return NULL;
        UErrorCode err = U_ZERO_ERROR;
        *out = unorm2_normalize(form, u, n, p, room, &err);
        if (U_SUCCESS(err)) return p;
        room = *out + 1;
    }
    return NULL;
}

struct pl_str pl_locale_nfc(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s) {
    if (pl_locale_ascii(s)) return s;
    int32_t n = 0, m = 0;
    UChar *u = pl_locale__utf16(a, s, &n);
    if (u == NULL) return (struct pl_str){0};
    UErrorCode err = U_ZERO_ERROR;
    if (unorm2_spanQuickCheckYes(t->nfc, u, n, &err) == n && pl_utf8_valid(s)) return s;
    u = normalise(t->nfc, a, u, n, &m);
    return u == NULL ? (struct pl_str){0} : pl_locale__utf8(a, u, m);
}

/* ---- folding ---- */

/* Letters that Unicode keeps apart and people write for one another. */
static UChar32 one_form(UChar32 c) {
    switch (c) {
    case 0x0671: return 0x0627; /* alef wasla: alef */
    case 0x0649:                /* alef maqsura, Persian yeh: yeh */
    case 0x06cc: return 0x064a;
    case 0x06a9: return 0x0643; /* keheh: kaf */
    case 0x0629: return 0x0647; /* ta marbuta: heh */
    case 0x0640:                /* tatweel */
    case 0x200c:                /* joiners */
    case 0x200d: return -1;
    case 0x2019: /* apostrophes */
    case 0x02bc: return '\'';
    case 0x00f8: return 'o';
    case 0x0142: return 'l';
    case 0x0131: return 'i';
    }
    if (u_charType(c) == U_NON_SPACING_MARK) {
        uint8_t ccc = u_getCombiningClass(c);
        /* Marks that spell: vowels of Indic scripts, nukta, kana voicing, virama. */
        return ccc == 0 || (ccc >= 7 && ccc <= 9) ? c : -1;
    }
    int32_t digit = u_charType(c) == U_DECIMAL_DIGIT_NUMBER ? u_charDigitValue(c) : -1;
    return digit >= 0 ? '0' + digit : c;
}

/* Decomposed text without what folding drops, in place. */
static int32_t strip(UChar *u, int32_t n) {
    int32_t w = 0;
    for (int32_t i = 0; i < n;) {
        UChar32 c = u[i++];
        if ((c & 0xfc00) == 0xd800 && i < n) /* normalised text has no lone surrogates */
            c = 0x10000 + ((c - 0xd800) << 10) + (u[i++] - 0xdc00);
        c = one_form(c);
        if (c >= 0) U16_APPEND_UNSAFE(u, w, c);
    }
    return w;
}

static struct pl_str fold_slowly(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s) {
    int32_t n = 0;
    UChar *u = pl_locale__utf16(a, s, &n);
    if (u != NULL) u = normalise(t->nfkc_fold, a, u, n, &n);
    if (u != NULL) u = normalise(t->nfd, a, u, n, &n);
    if (u == NULL) return (struct pl_str){0};
    n = strip(u, n);
    u = normalise(t->nfc, a, u, n, &n);
    return u == NULL ? (struct pl_str){0} : pl_locale__utf8(a, u, n);
}

void pl_locale__fold_table(struct pl_locale_tools *t) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (uint32_t cp = 0; cp < PL_LOCALE_FOLDED; cp++) {
        char b[4];
        struct pl_str s = fold_slowly(t, &a, (struct pl_str){b, pl_utf8_put(cp, b)});
        pl_assert(s.n <= sizeof(t->fold[cp].b));
        t->fold[cp].n = (uint8_t)s.n;
        memcpy(t->fold[cp].b, s.p, s.n);
        pl_arena_reset(&a);
    }
    pl_arena_free(&a);
}

static struct pl_str fold_ascii(struct pl_arena *a, struct pl_str s) {
    size_t i = 0;
    while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z')) i++;
    if (i == s.n) return s;
    char *p = pl_arena_alloc(a, s.n + 1);
    if (p == NULL) return (struct pl_str){0};
    for (i = 0; i < s.n; i++) p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
    return (struct pl_str){p, s.n};
}

struct pl_str pl_locale_fold(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s) {
    if (pl_locale_ascii(s)) return fold_ascii(a, s);
    char *p = pl_arena_alloc(a, s.n * 6 + 12); /* 11 bytes at most for a code point of 2 */
    if (p == NULL) return (struct pl_str){0};
    size_t n = 0;
    for (size_t at = 0; at < s.n;) {
        uint32_t cp = pl_utf8_next(s, &at);
        if (cp == 0x2019) cp = '\'';
        if (cp >= PL_LOCALE_FOLDED) return fold_slowly(t, a, s);
        memcpy(p + n, t->fold[cp].b, t->fold[cp].n);
        n += t->fold[cp].n;
    }
    return (struct pl_str){p, n};
}

size_t pl_locale_graphemes(struct pl_locale_tools *t, struct pl_str s) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    int32_t n = 0;
    UChar *u = pl_locale__utf16(&a, s, &n);
    UErrorCode err = U_ZERO_ERROR;
    size_t count = 0;
    if (u != NULL) ubrk_setText(t->clusters, u, n, &err);
    if (u != NULL && U_SUCCESS(err))
        while (ubrk_next(t->clusters) != UBRK_DONE) count++;
    pl_arena_free(&a);
    return count;
}

struct pl_str pl_locale_lower(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s) {
    if (pl_locale_ascii(s)) return fold_ascii(a, s);
    int32_t n = 0;
    UChar *u = pl_locale__utf16(a, s, &n);
    UChar *p = u == NULL ? NULL : PL_NEW_ARRAY(a, UChar, (size_t)n * 3 + 1);
    UErrorCode err = U_ZERO_ERROR;
    if (p == NULL) return (struct pl_str){0};
    n = u_strFoldCase(p, n * 3 + 1, u, n, U_FOLD_CASE_DEFAULT, &err);
    if (U_FAILURE(err)) return (struct pl_str){0};
    p = normalise(t->nfc, a, p, n, &n);
    return p == NULL ? (struct pl_str){0} : pl_locale__utf8(a, p, n);
}

/* ---- words ---- */

enum class { OTHER, LETTER, DIGIT, IDEOGRAPH };

/* Scripts that write no spaces between words. */
static bool is_unspaced(uint32_t c) {
    return (c >= 0xe00 && c < 0xf00) || (c >= 0x1000 && c < 0x10a0) ||
           (c >= 0x1780 && c < 0x1800) || (c >= 0x3040 && c < 0x3100) ||
           (c >= 0x3400 && c < 0x4dc0) || (c >= 0x4e00 && c < 0xa000) ||
           (c >= 0xf900 && c < 0xfb00) || (c >= 0x20000 && c < 0x40000);
}

static enum class class_of(uint32_t c) {
    if (c < 0x80){if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return LETTER;
                  return c >= '0' && c <= '9' ? DIGIT : OTHER;}
if (c == 0x200c || c == 0x200d) return LETTER;
uint32_t kind = U_GET_GC_MASK((UChar32)c);
if (kind & U_GC_ND_MASK) return DIGIT;
if (!(kind & (U_GC_L_MASK | U_GC_M_MASK))) return OTHER;
return is_unspaced(c) ? IDEOGRAPH : LETTER;
}

static bool joins(uint32_t c, enum class before, enum class after) {
    if (c == '\'' || c == 0x2019) return before == LETTER && after == LETTER;
    return (c == '.' || c == ',' || c == 0x66b) && before == DIGIT && after == DIGIT;
}

/* The end of the run that starts at `at` with class `first`. */
static size_t run_end(struct pl_str s, size_t at, enum class first) {
    enum class last = first;
    size_t end = at;
    pl_utf8_next(s, &end);
    while (end < s.n) {
        size_t next = end;
        uint32_t cp = pl_utf8_next(s, &next);
        enum class c = class_of(cp);
        if (c == OTHER && next < s.n) {
            size_t after = next;
            enum class d = class_of(pl_utf8_next(s, &after));
            if (!joins(cp, last, d)) break;
            next = after;
            c = d;
        }
        if (c == OTHER || (c == IDEOGRAPH) != (first == IDEOGRAPH)) break;
        last = c;
        end = next;
    }
    return end;
}

static void add_word(struct pl_locale_tools *t, struct pl_arena *a, struct pl_words *w,
                     size_t start, size_t end) {
    if (w->n >= PL_WORDS_MAX) return;
    struct pl_str raw = {w->text.p + start, end - start};
    struct pl_str folded = pl_locale_fold(t, a, raw);
    if (folded.n == 0) return;
    w->v[w->n++] = (struct pl_word){(uint32_t)start, (uint32_t)end, folded, folded, 0};
}

/* Splits a run of an unspaced script by ICU's dictionaries. */
static void add_run(struct pl_locale_tools *t, struct pl_arena *a, struct pl_words *w, size_t start,
                    size_t end) {
    int32_t n = 0;
    struct pl_str run = {w->text.p + start, end - start};
    UChar *u = pl_locale__utf16(a, run, &n);
    UErrorCode err = U_ZERO_ERROR;
    if (u != NULL) ubrk_setText(t->words, u, n, &err);
    if (u == NULL || U_FAILURE(err)) return;
    size_t at = start;
    int32_t from = 0, to;
    while ((to = ubrk_next(t->words)) != UBRK_DONE) {
        size_t next = at;
        while (from < to) {
            uint32_t cp = pl_utf8_next(w->text, &next);
            from += cp > 0xffff ? 2 : 1;
        }
        add_word(t, a, w, at, next);
        at = next;
    }
}

static size_t most_words(struct pl_str s) {
    size_t n = s.n + 1;
    return n < PL_WORDS_MAX ? n : PL_WORDS_MAX;
}

struct pl_words pl_locale_words(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                                struct pl_str language) {
    struct pl_words w = {.text = text};
    w.v = PL_NEW_ARRAY(a, struct pl_word, most_words(text));
    if (w.v == NULL || text.n >= UINT32_MAX) return (struct pl_words){.text = text};
    for (size_t at = 0; at < text.n && w.n < PL_WORDS_MAX;) {
        size_t next = at;
        enum class c = class_of(pl_utf8_next(text, &next));
        if (c == OTHER) {
            at = next;
            continue;
        }
        size_t end = run_end(text, at, c);
        if (c == IDEOGRAPH)
            add_run(t, a, &w, at, end);
        else
            add_word(t, a, &w, at, end);
        at = end;
    }
    if (language.n > 0) pl_locale_stems(t, a, &w, language);
    return w;
}

/* ---- stems ---- */

static struct sb_stemmer *stemmer_of(struct pl_locale_tools *t, struct pl_str language) {
    struct pl_locale_stemmer x = {0};
    if (language.n == 0 || language.n >= sizeof(x.lang)) return NULL;
    memcpy(x.lang, language.p, language.n);
    for (size_t i = 0; i < t->stemmers.n; i++)
        if (strcmp(t->stemmers.v[i].lang, x.lang) == 0) return t->stemmers.v[i].s;
    if (t->stemmers.n >= 64) return NULL;
    x.s = sb_stemmer_new(x.lang, NULL);
    PL_PUSH(&t->stemmers, x);
    return x.s;
}

/* As text of the arena, or of the word where it begins so. */
static struct pl_str stem_text(struct pl_arena *a, struct pl_str word, struct pl_str stem) {
    if (stem.n == 0) return word;
    if (pl_str_starts(word, stem)) return (struct pl_str){word.p, stem.n};
    return pl_arena_str(a, stem);
}

static struct pl_str stem_slowly(struct sb_stemmer *s, struct pl_str word) {
    const sb_symbol *r = sb_stemmer_stem(s, (const sb_symbol *)word.p, (int)word.n);
    if (r == NULL) return word;
    return (struct pl_str){(const char *)r, (size_t)sb_stemmer_length(s)};
}

static struct pl_str stem(struct pl_locale_tools *t, struct sb_stemmer *s, struct pl_arena *a,
                          struct pl_str word) {
    if (s == NULL || word.n == 0 || word.n > 64) return word;
    struct pl_locale_stem *k = &t->stems[pl_mix(PL_FNV, word.p, word.n) % PL_LOCALE_STEMS];
    if (k->by == s && pl_str_eq((struct pl_str){k->word, k->n}, word))
        return stem_text(a, word, (struct pl_str){k->stem, k->stem_n});
    struct pl_str out = stem_slowly(s, word);
    if (word.n <= sizeof k->word && out.n <= sizeof k->stem) {
        *k = (struct pl_locale_stem){.by = s, .n = (uint8_t)word.n, .stem_n = (uint8_t)out.n};
        memcpy(k->word, word.p, word.n);
        memcpy(k->stem, out.p, out.n);
    }
    return stem_text(a, word, out);
}

struct pl_str pl_locale_stem(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str word,
                             struct pl_str language) {
    return stem(t, stemmer_of(t, language), a, word);
}

void pl_locale_stems(struct pl_locale_tools *t, struct pl_arena *a, struct pl_words *w,
                     struct pl_str language) {
    struct sb_stemmer *s = stemmer_of(t, language);
    for (uint32_t i = 0; i < w->n; i++) w->v[i].stem = stem(t, s, a, w->v[i].folded);
}
