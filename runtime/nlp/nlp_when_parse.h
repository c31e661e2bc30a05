/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the grammar of times share: a text's tokens, and how they are looked at. Each
 * reader below begins at token i and gives the token behind what it read; i when it read nothing.
 */
#ifndef PL_NLP_WHEN_PARSE_H
#define PL_NLP_WHEN_PARSE_H

#include "runtime/nlp/nlp_when_priv.h"

#include <string.h>

struct when_parse {
    const struct when_token *t;
    uint32_t n;
    const struct when_context *ctx;
};

static inline bool is(const struct when_parse *p, uint32_t i, uint8_t class, int32_t *value) {
    if (i >= p->n) return false;
    const struct when_token *t = &p->t[i];
    for (uint8_t k = 0; k < t->nalts; k++)
        if (t->alt[k].class == class) {
            if (value != NULL) *value = t->alt[k].value;
            return true;
        }
    return false;
}

static inline bool mark(const struct when_parse *p, uint32_t i, const char *marks) {
    int32_t c;
    return is(p, i, WHEN_SEP, &c) && c > 0 && c < 0x80 && strchr(marks, c) != NULL;
}

static inline bool number(const struct when_parse *p, uint32_t i, int32_t low, int32_t high,
                          int32_t *value) {
    return is(p, i, WHEN_NUM, value) && *value >= low && *value <= high;
}

static inline bool glued(const struct when_parse *p, uint32_t i) {
    return i < p->n && p->t[i].glued;
}

/* Behind "of", "the" and the like. */
static inline uint32_t skip(const struct when_parse *p, uint32_t i, uint8_t class, uint32_t most) {
    for (uint32_t k = 0; k < most && is(p, i, class, NULL); k++) i++;
    return i;
}

struct when_amount {
    int64_t ms;
    int32_t unit, units; /* of the last unit; units only when it is whole */
};

/* ---- nlp_when_date.c ---- */

/* "3 days", "2 hours and 30 minutes". */
uint32_t pl_nlp__when_amount(const struct when_parse *p, uint32_t i, struct when_amount *a);
/* A year in four digits. */
bool pl_nlp__when_year_of(const struct when_parse *p, uint32_t i, int32_t *year);
/* The year behind day and month. */
uint32_t pl_nlp__when_year_behind(const struct when_parse *p, uint32_t i, struct when_moment *m);
uint32_t pl_nlp__when_month_at(const struct when_parse *p, uint32_t i, int32_t *month);
/* A day of the month. */
uint32_t pl_nlp__when_day_number(const struct when_parse *p, uint32_t i, int32_t *day);
/* "next week" and the like. */
uint32_t pl_nlp__when_stepped(const struct when_parse *p, uint32_t i, struct when_moment *m);
/* A piece of a date that m does not have yet. */
uint32_t pl_nlp__when_date_piece(const struct when_parse *p, uint32_t i, struct when_moment *m);

/* ---- nlp_when_clock.c ---- */

/* A piece of a day's time that m does not have yet; at: a word before it announces an hour. */
uint32_t pl_nlp__when_time_piece(const struct when_parse *p, uint32_t i, bool at,
                                 struct when_moment *m);
#endif
