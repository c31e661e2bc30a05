/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of one language that say numbers and what stands beside them: CLDR's and number.def's,
 * by the hash of a phrase, made once.
 */
#include "runtime/nlp/nlp_number_priv.h"

#include <stdlib.h>
#include <string.h>

#define BEGINNINGS 4096 /* a power of two */

struct number_words {
    struct pl_nlp_made made;
    struct pl_nlp_rows rows;
    uint64_t begins[BEGINNINGS / 64], goes_on[BEGINNINGS / 64];
    struct number_traits is;
};
static const struct {
    const char *lang;
    struct number_traits is;
} languages[] = {
    {"en", {.plural_s = true}},
    {"es", {.glued = true, .fractions = true}},
    {"fr", {.spaced = true}},
    {"de", {.glued = true, .ones_first = true, .dotted = true}},
    {"it", {.glued = true, .fractions = true}},
    {"pt", {.plural_s = true, .fractions = true}},
    {"nl", {.glued = true, .ones_first = true}},
    {"pl", {.spaced = true, .dotted = true}},
    {"ru", {.spaced = true}},
    {"tr", {.glued = true}},
    {"hi", {.hindi = true}},
    {"ar", {.ones_first = true, .conjoined = true}},
    {"zh", {.dense = true, .trailing = true}},
    {"ja", {.dense = true}},
    {"ko", {.dense = true, .korean = true}},
    {"xx", {0}}, /* any other: digits and signs */
};

static const struct {
    const char *lang;
    uint8_t class;
    int64_t value;
    const char *words;
} rows[] = {
#define ISO(s)                         ((int64_t)(s)[0] << 16 | (int64_t)(s)[1] << 8 | (int64_t)(s)[2])
#define NUM(lang, class, value, words) {#lang, NUMBER_##class, value, words},
#include "runtime/nlp/number.def"
};

/* ---- the table ---- */

static void put(struct number_words *w, uint64_t hash, struct number_alt is) {
    pl_nlp__rows_put(&w->rows, hash, is.class, is.value);
}

bool pl_nlp__number_next(const struct number_words *w, uint64_t hash, uint32_t *at,
                         struct number_alt *out) {
    struct pl_nlp_phrase_row row;
    if (!pl_nlp__rows_next(&w->rows, hash, at, &row)) return false;
    *out = (struct number_alt){row.class, row.value};
    return true;
}

/* By its first two bytes, which are one letter outside of Latin; of dense text three. */
static uint32_t beginning(const struct number_words *w, struct pl_str s) {
    uint32_t b[3] = {(uint8_t)s.p[0], s.n > 1 ? (uint8_t)s.p[1] : 0,
                     w->is.dense && s.n > 2 ? (uint8_t)s.p[2] : 0};
    return (b[0] * 61 + b[1] * 67 + b[2]) & (BEGINNINGS - 1);
}

bool pl_nlp__number_begins(const struct number_words *w, struct pl_str text) {
    uint32_t bit = beginning(w, text);
    return w->begins[bit / 64] >> (bit % 64) & 1;
}

/* By its first letter, or the first byte of one that is ASCII. */
static uint32_t sign(struct pl_str s) {
    bool ascii = (uint8_t)s.p[0] < 0x80;
    uint32_t b[3] = {(uint8_t)s.p[0], !ascii && s.n > 1 ? (uint8_t)s.p[1] : 0,
                     (uint8_t)s.p[0] >= 0xe0 && s.n > 2 ? (uint8_t)s.p[2] : 0};
    return (b[0] * 61 + b[1] * 67 + b[2]) & (BEGINNINGS - 1);
}

bool pl_nlp__number_goes_on(const struct number_words *w, struct pl_str text) {
    uint32_t bit = sign(text);
    return w->goes_on[bit / 64] >> (bit % 64) & 1;
}

const struct number_traits *pl_nlp__number_traits(const struct number_words *w) {
    return &w->is;
}

/* ---- making it ---- */

struct making {
    struct number_words *w;
    struct pl_locale_tools *tools;
    struct pl_arena a;
};

static void note_beginning(struct making *m, struct pl_str s, uint8_t class) {
    uint32_t bit = class < NUMBER_STARTS ? beginning(m->w, s) : sign(s);
    uint64_t *bits = class < NUMBER_STARTS ? m->w->begins : m->w->goes_on;
    bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* Blanks are none where words are not told apart. */
static void add_dense(struct making *m, struct pl_str s, struct number_alt is) {
    char b[NUMBER_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < sizeof b; i++)
        if (s.p[i] != ' ') b[n++] = s.p[i];
    put(m->w, pl_nlp__rows_hash(PL_FNV, (struct pl_str){b, n}), is);
    note_beginning(m, (struct pl_str){b, n}, is.class);
}

static bool has_sign(struct pl_str s) {
    for (size_t at = 0; at < s.n;) {
        uint32_t c = pl_utf8_next(s, &at);
        if (c == '$' || c == 0xa3 || c == 0xa5 || c == 0xaa || c == 0xba || c == 0x20ac)
            return true;
    }
    return false;
}

static void add(struct making *m, struct pl_str phrase, struct number_alt is) {
    if (m->w->is.dense) {
        add_dense(m, phrase, is);
        return;
    }
    struct pl_words words = pl_locale_words(m->tools, &m->a, phrase, (struct pl_str){0});
    uint64_t hash = PL_FNV;
    if (words.n > NUMBER_PHRASE) return;
    if (words.n == 0 || has_sign(phrase)) {
        add_dense(m, phrase, is);
        return;
    }
    for (uint32_t i = 0; i < words.n; i++) {
        if (i > 0) put(m->w, hash, (struct number_alt){NUMBER_MORE, 0});
        hash = pl_nlp__rows_hash(hash, words.v[i].folded);
    }
    put(m->w, hash, is);
    note_beginning(m, words.v[0].folded, is.class);
}

/* "one hundred" is a number and a hundred: its words say so. */
static bool is_sum(const struct making *m, struct pl_str text, int64_t value) {
    return !m->w->is.dense && value >= 100 && memchr(text.p, ' ', text.n) != NULL;
}

/* "fuenf" for "fünf". */
static void add_spelled_out(struct making *m, struct pl_str text, struct number_alt is) {
    char b[96];
    size_t n = 0;
    if (!m->w->is.glued || text.n > sizeof b / 2) return;
    for (size_t i = 0; i < text.n; i++) {
        bool u = i + 1 < text.n && (uint8_t)text.p[i] == 0xc3 && (uint8_t)text.p[i + 1] == 0xbc;
        bool o = i + 1 < text.n && (uint8_t)text.p[i] == 0xc3 && (uint8_t)text.p[i + 1] == 0xb6;
        b[n++] = u ? 'u' : o ? 'o' : text.p[i];
        if (u || o) b[n++] = 'e', i++;
    }
    if (n > 0 && memchr(text.p, '\xc3', text.n) != NULL) add(m, (struct pl_str){b, n}, is);
}

/* Each ordinal with all endings; CLDR has two of them. */
static void add_hindi(struct making *m, struct pl_str text, struct number_alt is) {
    static const char *const endings[] = {"वां", "वीं", "वें", "वा", "वी", "वे"};
    struct pl_str end = PL_STR("वाँ");
    if (!pl_str_ends(text, end)) return;
    for (size_t i = 0; i < PL_LEN(endings); i++)
        add(m, pl_arena_printf(&m->a, "%.*s%s", (int)(text.n - end.n), text.p, endings[i]), is);
}

static void spelled(void *ctx, struct pl_str text, enum pl_spelled kind, int64_t value) {
    static const uint8_t classes[] = {[PL_SPELLED_CARDINAL] = NUMBER_CARD,
                                      [PL_SPELLED_SCALE] = NUMBER_SCALE,
                                      [PL_SPELLED_ORDINAL] = NUMBER_ORD,
                                      [PL_SPELLED_CURRENCY] = NUMBER_MONEY};
    struct making *m = ctx;
    if (pl_nlp__digit((uint8_t)text.p[0]) >= 0) return;
    if (kind == PL_SPELLED_CARDINAL && is_sum(m, text, value)) return;
    if (m->w->is.dense && kind == PL_SPELLED_CARDINAL && value > 10 && !m->w->is.korean) return;
    if (m->w->is.dense && !m->w->is.korean && kind == PL_SPELLED_ORDINAL) return;
    struct number_alt is = {classes[kind], value};
    add(m, text, is);
    add_spelled_out(m, text, is);
    if (kind == PL_SPELLED_ORDINAL && m->w->is.hindi) add_hindi(m, text, is);
    bool plural = text.n > 2 && (text.p[text.n - 1] == 's' || text.p[text.n - 1] == 'i');
    if (kind == PL_SPELLED_ORDINAL && value > 2 && plural && m->w->is.fractions)
        add(m, text, (struct number_alt){NUMBER_PART, value});
    if (kind != PL_SPELLED_ORDINAL || value < 3 || !m->w->is.plural_s) return;
    is.class = NUMBER_PART; /* "fifths" */
    add(m, pl_arena_printf(&m->a, "%.*ss", PL_STR_ARG(text)), is);
}

/* Words of a row, '|' between. */
static void add_row(struct making *m, const char *words, struct number_alt is) {
    while (*words) {
        size_t n = strcspn(words, "|");
        add(m, (struct pl_str){words, n}, is);
        words += n + (words[n] == '|');
    }
}

static void drop(struct pl_nlp_made *made) {
    struct number_words *w = (struct number_words *)made;
    pl_nlp__rows_free(&w->rows);
    free(w);
}

static struct pl_nlp_made *make(struct pl_locale_tools *tools, struct pl_str lang) {
    struct pl_locale *l = NULL;
    size_t k = 0;
    while (k < PL_LEN(languages) && !pl_str_is(lang, languages[k].lang)) k++;
    if (k == PL_LEN(languages)) return NULL;
    struct number_words *w = calloc(1, sizeof *w);
    struct making m = {.w = w, .tools = tools};
    pl_assert(w != NULL);
    w->made.drop = drop;
    w->is = languages[k].is;
    pl_arena_init(&m.a, 0);
    for (size_t i = 0; i < PL_LEN(rows); i++)
        if (pl_str_is(lang, rows[i].lang) || strcmp(rows[i].lang, "xx") == 0)
            add_row(&m, rows[i].words, (struct number_alt){rows[i].class, rows[i].value});
    if (!pl_str_is(lang, "xx") &&
        pl_locale_open(tools, lang, (struct pl_str){0}, (struct pl_str){0}, &l) == PL_OK)
        pl_locale_spellings(l, w->is.dense, spelled, &m);
    pl_arena_free(&m.a);
    return &w->made;
}

const struct number_words *pl_nlp__number_words(struct pl_nlp *n, struct pl_locale_tools *tools,
                                                struct pl_str lang) {
    return (const struct number_words *)pl_nlp__made(&n->numbers, tools, "numbers", make, lang);
}
