/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers, ordinals, percents and amounts: the words of a language (nlp_number_words.c), a message
 * as tokens of them (nlp_number_lex.c), what these say (nlp_number.c), and what stands beside a
 * number (nlp_amount.c).
 */
#ifndef PL_NLP_NUMBER_PRIV_H
#define PL_NLP_NUMBER_PRIV_H

#include "runtime/nlp/nlp_priv.h"

/* number.def says what each is. */
enum number_class {
    NUMBER_DIGITS, /* a number written in digits */
    NUMBER_CARD,
    NUMBER_SCALE,
    NUMBER_ORD,
    NUMBER_MINUS,
    NUMBER_HALF,
    NUMBER_HALF_OF,
    NUMBER_PART,
    NUMBER_ORDBEFORE,
    NUMBER_PERBEFORE,
    NUMBER_ONE,
    NUMBER_NOT,
    NUMBER_STARTS, /* with those before a number may begin */
    NUMBER_AND = NUMBER_STARTS,
    NUMBER_POINT,
    NUMBER_OVER,
    NUMBER_UNDER,
    NUMBER_ORDAFTER,
    NUMBER_PERCENT,
    NUMBER_MONEY,
    NUMBER_CENT,
    NUMBER_OF,
    NUMBER_COUNTER,
    NUMBER_MORE, /* a longer phrase begins so */
    NUMBER_CLASSES
};

struct number_alt {
    uint8_t class;
    int64_t value;
};

/* One language's, made once; "xx" has what is none's. NULL for any other that is not known. */
struct number_words;
const struct number_words *pl_nlp__number_words(struct pl_nlp *n, struct pl_locale_tools *tools,
                                                struct pl_str lang);

struct number_traits {
    bool dense;      /* no blanks between words: keys are text as it is written */
    bool korean;     /* blanks between words, none inside a number */
    bool glued;      /* a word may be several of the table's: "einundzwanzig" */
    bool ones_first; /* "one and twenty" */
    bool trailing;   /* 一百五 is 150 */
    bool conjoined;  /* "and" is a letter in front of its word */
    bool spaced;     /* "10 000" */
    bool plural_s;   /* "fifths" */
    bool fractions;  /* the plural of an ordinal is the lower number of a fraction */
    bool dotted;     /* "3." may be an ordinal */
    bool hindi;      /* endings of ordinals */
};
const struct number_traits *pl_nlp__number_traits(const struct number_words *w);

/* Rows of the phrase whose hash it is, from *at on; false behind the last. */
bool pl_nlp__number_next(const struct number_words *w, uint64_t hash, uint32_t *at,
                         struct number_alt *out);
static inline bool pl_nlp__number_is(const struct number_words *w, uint64_t hash, uint8_t class,
                                     int64_t *value) {
    struct number_alt a;
    for (uint32_t at = 0; pl_nlp__number_next(w, hash, &at, &a);)
        if (a.class == class) return *value = a.value, true;
    return false;
}
/* May a number begin with this? */
bool pl_nlp__number_begins(const struct number_words *w, struct pl_str text);
/* May what stands behind a number? */
bool pl_nlp__number_goes_on(const struct number_words *w, struct pl_str text);

/* ---- tokens ---- */

#define NUMBER_ALTS   6
#define NUMBER_TOKENS 256
#define NUMBER_BYTES  48 /* of a phrase where there are no blanks */
#define NUMBER_PHRASE 6  /* words */

struct number_token {
    uint32_t start, end; /* bytes of the text */
    uint8_t nalts;
    bool plain; /* DIGITS: nothing but digits, points and commas */
    struct number_alt alt[NUMBER_ALTS];
    struct pl_dec dec; /* DIGITS */
};
struct number_text {
    struct pl_nlp_turn *t;
    const struct number_words *w;
    const struct number_traits *is;
    struct number_token *v;
    uint32_t n;
    struct pl_str locale; /* whose decimal mark it is */
    uint32_t taken;       /* up to here numbers belong to an amount */
};
void pl_nlp__number_lex(struct number_text *x);
bool pl_nlp__token_is(const struct number_token *t, uint8_t class, int64_t *value);
/* Blanks alone, or a hyphen, or nothing between the two? */
bool pl_nlp__number_near(struct pl_str text, uint32_t from, uint32_t to);

/* The longest phrase of one of the classes (a bit each) that begins at the byte, blanks skipped;
 * gives where it ends, 0: there is none. */
uint32_t pl_nlp__number_after(const struct number_text *x, uint32_t at, uint32_t classes,
                              struct number_alt *out);
/* The like that ends at the byte; gives where it begins, UINT32_MAX: there is none. */
uint32_t pl_nlp__number_before(const struct number_text *x, uint32_t at, uint32_t classes,
                               struct number_alt *out);

/* ---- values ---- */

struct number {
    uint32_t start, end; /* bytes */
    uint32_t next;       /* the token behind it */
    struct pl_dec value;
    bool digits; /* nothing but digits */
    bool weak;   /* says a number only where one is expected: "a", a half, a fraction */
    bool ordinal;
    bool single; /* one word, or one character */
    bool scaled; /* ends with "million" and the like */
};
/* The number that begins at token k. */
bool pl_nlp__number_at(const struct number_text *x, uint32_t k, struct number *out);
/* Amounts and percents of a number found. */
void pl_nlp__amounts(struct number_text *x, const struct number *n);
/* ---- digits (nlp_digits.c) ---- */

/* 0 to 9 of any script; -1: none. */
int pl_nlp__digit(uint32_t c);
/* A number in digits at the byte: grouped, with a fraction, an exponent. Gives where it ends, `at`
 * when there is none. */
uint32_t pl_nlp__digits(struct pl_str text, uint32_t at, bool comma, bool spaced,
                        struct pl_dec *out);
/* Languages that write 1.234,50. */
bool pl_nlp__comma_decimal(struct pl_str locale);
/* "+-*" and "/"; false: too large. */
bool pl_nlp__calculate(char op, struct pl_dec a, struct pl_dec b, struct pl_dec *out);

#endif
