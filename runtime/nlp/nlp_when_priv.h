/* SPDX-License-Identifier: Apache-2.0
 *
 * What a text says of time, in its tokens (nlp_when_words.c) and as values (nlp_when.c).
 */
#ifndef PL_NLP_WHEN_PRIV_H
#define PL_NLP_WHEN_PRIV_H

#include "runtime/nlp/nlp_priv.h"

/* What a token may be; when.def says what each is. SEP: a mark, in `value`. BREAK: the end of a
 * sentence or a clause. */
enum when_class {
    WHEN_NONE,
    WHEN_NUM,
    WHEN_SEP,
    WHEN_BREAK,
    WHEN_MONTH,
    WHEN_WDAY,
    WHEN_ORD,
    WHEN_DAY,
    WHEN_NIGHT,
    WHEN_NOW,
    WHEN_UNIT,
    WHEN_PART,
    WHEN_CLOCK,
    WHEN_HALF,
    WHEN_OCLOCK,
    WHEN_CLOCKMARK,
    WHEN_MINUTE,
    WHEN_SECOND,
    WHEN_PAST,
    WHEN_UNTO,
    WHEN_HALFTO,
    WHEN_PLUS,
    WHEN_HALFQ,
    WHEN_MOD,
    WHEN_PART0,
    WHEN_BACK,
    WHEN_AGO,
    WHEN_ON,
    WHEN_IN,
    WHEN_SINCE,
    WHEN_SINCEP,
    WHEN_UNTIL,
    WHEN_UNTILP,
    WHEN_FROM,
    WHEN_TO,
    WHEN_BETWEEN,
    WHEN_BETWEENP,
    WHEN_AND,
    WHEN_ONE,
    WHEN_LINK,
    WHEN_AT,
    WHEN_EVERY,
    WHEN_SET,
    WHEN_SEASON,
    WHEN_FEAST,
    WHEN_SUFFIX,
    WHEN_DAYMARK,
    WHEN_DAYOF,
    WHEN_MORE,
    WHEN_MONTHMARK,
    WHEN_YEARMARK,
    WHEN_RELYEAR,
    WHEN_RELMONTH,
    WHEN_RELWEEK,
    WHEN_CLASSES
};

#define WHEN_ALTS   10
#define WHEN_TOKENS 512 /* of one text; what is behind is not looked at */

struct when_alt {
    uint8_t class;
    int32_t value;
};
struct when_token {
    uint32_t start, end; /* bytes of the text */
    bool glued;          /* to the token before */
    bool ending;         /* behind it an ending was cut off: "Mart'tan" */
    uint8_t width;       /* NUM: how many digits; 0: a word */
    uint8_t nalts;
    struct when_alt alt[WHEN_ALTS];
};

/* The words of one language, made once. NULL for a language without a table. */
struct when_words;
const struct when_words *pl_nlp__when_words(struct pl_nlp *n, struct pl_locale_tools *tools,
                                            struct pl_str lang);

struct when_tokens {
    struct when_token *v; /* in the arena */
    uint32_t n;
    bool any; /* something in it may tell a time; else the tokens need not be looked at */
};
struct when_tokens pl_nlp__when_tokens(const struct when_words *w, struct pl_arena *a,
                                       const struct pl_words *words);

/* ---- what the tokens say ---- */

struct when_context {
    int32_t today, now; /* day and second */
    bool month_first;   /* 3/4 is in March */
    bool how_long;      /* is asked: "hour" alone is one of them, and "2h" is no time of day */
};

/* What is said so far; PL_NLP_OPEN where nothing is. */
struct when_moment {
    int32_t year, month, day, weekday, step; /* step: next 1, this 0, last -1, of the weekday */
    int32_t away;                            /* days from today */
    int32_t unit, units;                     /* so many units from now */
    int64_t shift_ms;                        /* the like, an amount */
    int32_t second, part;                    /* of the day; part as in when.def */
    int32_t season, feast;
    bool shifted, now, set, dated;
    uint32_t first; /* token: behind a word that only leads to it */
    bool last_of;   /* a span of units up to now, or from now on: "the last 3 days" */
};

/* ---- nlp_when_value.c ---- */

int64_t pl_nlp__unit_ms(int32_t unit);
/* Without its place in the text. */
struct pl_nlp_time pl_nlp__when_value(const struct when_context *c, const struct when_moment *m);
/* By the ends that are said. */
uint8_t pl_nlp__when_kind(const struct pl_nlp_time *w);

/* ---- nlp_when.c ---- */

/* Appends to out, at most `most`; gives how many there are. */
uint32_t pl_nlp__when(const struct when_tokens *t, const struct when_context *ctx,
                      struct pl_nlp_time *out, uint32_t most);
#endif
