/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the room kb: what a word is to the index, and the index as it lies in its section.
 *
 * A section is 32-bit little-endian numbers and one blob of texts behind them. Each locale has a
 * shelf: an index of its own. Its units are what is ranked: all passages, and behind them one card
 * for each article that says what else it is asked with. A unit is a row of tokens; a token is a
 * word of the shelf; a word has terms: its stem, its form, its root and its grams, each with the
 * count of units it is in. Stems and grams also have postings, the weightiest first.
 */
#ifndef PL_KB_PRIV_H
#define PL_KB_PRIV_H

#include "runtime/kb/kb.h"

#define PL_KB__MAGIC   UINT32_C(0x31424b50) /* "PKB1" */
#define PL_KB__VERSION 2

#define PL_KB__NONE       UINT32_MAX
#define PL_KB__GRAMS      24               /* of a word; letters behind them are not seen */
#define PL_KB__TOKENS     1536             /* of a unit: the words of title, heading and text */
#define PL_KB__SENTENCES  256              /* of a passage */
#define PL_KB__POSTINGS   1536             /* of a term; lighter ones are found by other terms */
#define PL_KB__MOST_UNITS ((1u << 24) - 1) /* a posting has 24 bits for one */

enum pl_kb__kind {
    PL_KB__FORM, /* the word as it is written, capitals apart: tells "ma" from "mà" */
    PL_KB__STEM,
    PL_KB__ROOT, /* first letters, or consonants of an Arabic word without its clitics */
    PL_KB__GRAM,
    PL_KB__SHORT, /* a shorter gram: Arabic and Turkish words change within four letters */
    PL_KB__KINDS
};

/* ---- words of a text ---- */

struct pl_kb__word {
    uint64_t key[PL_KB__GRAM]; /* hashes that name its terms: FORM, STEM, ROOT */
    const uint64_t *grams;     /* the short ones behind the others */
    uint32_t ngrams, nshorts;
    uint32_t start, end; /* bytes in the text */
    bool common;         /* it says little by itself */
    bool number;         /* it has a digit */
};
struct pl_kb__words {
    struct pl_kb__word *v;
    uint32_t n;
};
struct pl_kb__words pl_kb__words(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                                 struct pl_str language);

/* ---- the section ---- */

/* Tables of a shelf: TABLE(NAME, numbers of a row). */
#define PL_KB__TABLES(TABLE)                                                                       \
    TABLE(ARTICLES, 8)  /* id, title, url: at and length each; first passage, passages */          \
    TABLE(UNITS, 12)    /* article; heading, anchor, text; first token, tokens, grams; first       \
                           sentence, sentences */                                                  \
    TABLE(TOKENS, 2)    /* word; place in the text: start << 16 | length, or NONE */               \
    TABLE(SENTENCES, 1) /* end in the text */                                                      \
    TABLE(WORDS, 6)     /* terms FORM, STEM, ROOT; first gram, grams, short ones behind them */    \
    TABLE(GRAMS, 1)     /* term */                                                                 \
    TABLE(TERMS, 5)     /* key, low and high; units it is in; first posting, postings */           \
    TABLE(POSTS, 1)     /* unit << 8 | weight */

enum pl_kb__table {
#define TABLE(name, row) PL_KB__T_##name,
    PL_KB__TABLES(TABLE)
#undef TABLE
        PL_KB__NTABLES
};
static const uint32_t pl_kb__row[PL_KB__NTABLES] = {
#define TABLE(name, row) row,
    PL_KB__TABLES(TABLE)
#undef TABLE
};

/* Header: magic, version, shelves, where texts begin; then the shelves, each: locale's place and
 * length among the texts, its passages, then where each table begins and its rows. */
#define PL_KB__HEADER 4
#define PL_KB__SHELF  (3 + 2 * PL_KB__NTABLES)

struct pl_kb__shelf {
    struct pl_str locale, language;
    struct pl_str texts;
    const uint8_t *table[PL_KB__NTABLES];
    uint32_t rows[PL_KB__NTABLES];
    uint32_t npassages;             /* the first units */
    uint32_t article, passage;      /* numbers of its first ones within the kb */
    double mean_tokens, mean_grams; /* of a unit */
    double chance;                  /* of its language: kb_answer.c */
};

struct pl_kb {
    struct pl_kb__shelf *shelves;
    struct pl_str *locales;
    uint32_t nshelves, narticles, npassages;
};

static inline uint32_t pl_kb__load(const void *at) {
    const uint8_t *p = at;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline void pl_kb__store(void *at, uint32_t v) {
    for (uint8_t *p = at, i = 0; i < 4; i++) p[i] = (uint8_t)(v >> 8 * i);
}
/* Number `column` of a row. The section may lie at any address. */
static inline uint32_t pl_kb__at(const struct pl_kb__shelf *s, enum pl_kb__table t, uint32_t row,
                                 uint32_t column) {
    return pl_kb__load(s->table[t] + ((size_t)row * pl_kb__row[t] + column) * 4);
}
/* The text whose place and length are these two numbers of a row. */
static inline struct pl_str pl_kb__text(const struct pl_kb__shelf *s, enum pl_kb__table t,
                                        uint32_t row, uint32_t column) {
    return (struct pl_str){s->texts.p + pl_kb__at(s, t, row, column),
                           pl_kb__at(s, t, row, column + 1)};
}

/* Columns of the tables. */
enum { PL_KB__A_ID = 0, PL_KB__A_TITLE = 2, PL_KB__A_URL = 4, PL_KB__A_FIRST = 6, PL_KB__A_N = 7 };
enum {
    PL_KB__U_ARTICLE = 0,
    PL_KB__U_HEADING = 1,
    PL_KB__U_ANCHOR = 3,
    PL_KB__U_TEXT = 5,
    PL_KB__U_TOKEN = 7,
    PL_KB__U_TOKENS = 8,
    PL_KB__U_GRAMS = 9,
    PL_KB__U_SENTENCE = 10,
    PL_KB__U_SENTENCES = 11
};
enum { PL_KB__W_GRAM = 3, PL_KB__W_GRAMS = 4, PL_KB__W_SHORTS = 5 };
enum { PL_KB__TERM_KEY = 0, PL_KB__TERM_DF = 2, PL_KB__TERM_POST = 3, PL_KB__TERM_POSTS = 4 };

static inline uint64_t pl_kb__key(const struct pl_kb__shelf *s, uint32_t term) {
    return pl_kb__at(s, PL_KB__T_TERMS, term, PL_KB__TERM_KEY) |
           (uint64_t)pl_kb__at(s, PL_KB__T_TERMS, term, PL_KB__TERM_KEY + 1) << 32;
}
/* A passage without what a search adds to it. */
void pl_kb__hit(const struct pl_kb__shelf *s, uint32_t unit, struct pl_kb_hit *out);

/* ---- ranking ---- */

/* What the frequency of a term in a unit is worth, 0..1 (BM25's part without idf), its length being
 * so many times the mean. */
static inline double pl_kb__weight(double tf, double length) {
    return tf / (tf + 1.2 * (0.25 + 0.75 * length));
}
/* The same, where once is nearly as good as often. */
static inline double pl_kb__once(double tf, double length) {
    return tf / (tf + 0.5 * (0.6 + 0.4 * length));
}

/* How well a unit fits a question: shares, 0..1, of what the question's terms weigh together. */
enum pl_kb__feature {
    PL_KB__F_FORM, /* BM25 of forms, stems, roots, grams, short grams */
    PL_KB__F_STEM,
    PL_KB__F_ROOT,
    PL_KB__F_GRAM,
    PL_KB__F_SHORT,
    PL_KB__F_STEM_ONCE, /* the same, where once is nearly as good as often */
    PL_KB__F_SHORT_ONCE,
    PL_KB__F_PAIR,     /* stems that stand side by side in both */
    PL_KB__F_NEAR,     /* grams within 10 words of the unit, at best */
    PL_KB__F_ABOUT,    /* within 24 */
    PL_KB__F_WIDE,     /* within 40 */
    PL_KB__F_SENTENCE, /* roots within one sentence, at best */
    PL_KB__F_NUMBER,   /* the question's numbers, each counting as one */
    PL_KB__F_LENGTH,   /* no share: the logarithm of its length, of the mean */
    PL_KB__FEATURES
};
/* What the decision to answer looks at. */
enum pl_kb__sign {
    PL_KB__S_SCORE, /* of the best unit */
    PL_KB__S_FORM,  /* its features */
    PL_KB__S_STEM,
    PL_KB__S_GRAM,
    PL_KB__S_NEAR,
    PL_KB__S_PAIR,
    PL_KB__S_GAP,  /* how far the best unit of another article is behind, as a share of the score,
                      by NEAR: one rare word alone leaves all others behind and says little */
    PL_KB__S_MASS, /* what was found weighs, on a scale that ends at 1 */
    PL_KB__S_UNKNOWN, /* share of the question's weight in stems that no article has */
    PL_KB__S_TOP,     /* share of the weightiest stems that the best unit has */
    PL_KB__SIGNS
};

/* What a search looked at, for those who measure and learn the weights. */
struct pl_kb__seen {
    uint32_t shelf;
    uint32_t units[32]; /* candidates, best first */
    double features[32][PL_KB__FEATURES];
    uint32_t n;
    double signs[PL_KB__SIGNS];
    bool enough; /* without it no confidence is enough */
};
const struct pl_kb__seen *pl_kb__seen(const struct pl_kb_scratch *s);

#endif
