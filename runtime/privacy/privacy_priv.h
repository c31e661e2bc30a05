/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the room privacy: a text seen as its digits.
 */
#ifndef PL_PRIVACY_PRIV_H
#define PL_PRIVACY_PRIV_H

#include "runtime/privacy/privacy.h"

#define PL_PRIVACY_LEAST       12 /* digits of the shortest card */
#define PL_PRIVACY_LEAST_PHONE 7

/* What stands between a digit and the one before it. */
enum pl_privacy_link {
    PL_PRIVACY_CLOSE,  /* nothing, or nothing that can be seen */
    PL_PRIVACY_SPACED, /* spaces and marks */
    PL_PRIVACY_BROKEN, /* letters, or too much */
};

enum { PL_PRIVACY_COVERED = 1, PL_PRIVACY_LAST = 2, PL_PRIVACY_FIRST = 4 };

struct pl_privacy_digit {
    uint32_t start, end; /* bytes */
    uint32_t mark;       /* SPACED: the first visible code point between */
    uint8_t value;
    uint8_t link;     /* enum pl_privacy_link */
    bool attached;    /* follows a Latin letter or an underscore: part of an order number */
    bool after_point; /* a point or comma, and a digit before that */
    uint8_t card;     /* COVERED by a card, LAST digit of one */
    bool taken;       /* part of what was found otherwise */
    bool code;        /* part of a security code */
};

struct pl_privacy_text {
    struct pl_str s;
    struct pl_privacy_digit *d;
    size_t n;
};

/* Digits of all scripts, counted generously (a text without them costs one look at each byte). */
size_t pl_privacy__count_digits(struct pl_str s);
/* false: the arena is full. */
bool pl_privacy__scan(struct pl_arena *a, struct pl_str s, struct pl_privacy_text *out);
int pl_privacy__digit(uint32_t c);      /* of any script: 0..9, or -1 */
bool pl_privacy__is_letter(uint32_t c); /* Latin, ASCII */
/* Bytes of an at sign, also the wide one of Chinese and Japanese keyboards; 0: none. */
size_t pl_privacy__at_sign(struct pl_str s, size_t at);
/* The e-mail address around the at sign at `at`, as bytes [*from, *to); it begins at `least` at the
 * earliest. */
bool pl_privacy__email(struct pl_str s, size_t at, size_t least, size_t *from, size_t *to);
/* The first digit after a number whose digits are linked, starting at `i`. */
size_t pl_privacy__number_end(const struct pl_privacy_text *t, size_t i);
/* Marks the digits of all payment cards; gives whether there is one. */
bool pl_privacy__mark_cards(struct pl_privacy_text *t);
/* A letter or digit of any width or script as ASCII; ' ' for what may stand between groups; a
 * slash; 0. */
uint8_t pl_privacy__sign(uint32_t c);
bool pl_privacy__sign_ends(struct pl_str s, size_t at); /* no letter or digit of those is next */
/* The end of the longest national id that begins at `at`, or `at`. */
size_t pl_privacy__id_end(struct pl_str text, size_t at);
/* Contains the word, ASCII letters in any case. */
bool pl_privacy__contains(struct pl_str s, const char *word);

#endif
