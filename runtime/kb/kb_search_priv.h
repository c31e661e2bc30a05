/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the room kb: a search under way.
 */
#ifndef PL_KB_SEARCH_PRIV_H
#define PL_KB_SEARCH_PRIV_H

#include "runtime/kb/kb_priv.h"

#define PL_KB__QUERY_WORDS 48
#define PL_KB__QUERY_TERMS 768 /* of all kinds */
#define PL_KB__CANDIDATES  8

struct pl_kb__term {
    uint64_t key;
    uint32_t term; /* of the shelf, or NONE */
    uint32_t df, post, nposts;
    double idf;
    uint8_t kind;
    bool number; /* the stem of a word with a digit */
};
struct pl_kb__pair {
    uint32_t a, b; /* terms of the question */
    double weight;
};
struct pl_kb__candidate {
    uint32_t unit;
    double score;
    double features[PL_KB__FEATURES];
};

struct pl_kb_scratch {
    struct pl_locale_tools *tools;
    struct pl_arena arena;
    /* the question in the shelf that is searched */
    struct pl_kb__term terms[PL_KB__QUERY_TERMS];
    struct pl_kb__pair pairs[PL_KB__QUERY_WORDS];
    uint32_t nterms, npairs, nnumbers;
    double mass[PL_KB__KINDS], pair_mass; /* idf of all its terms */
    uint16_t *slot;                       /* of each term of the shelf: the question's + 1 */
    uint64_t *asked;                      /* a bit of each, small enough to stay at hand */
    uint32_t nslots;
    uint64_t *dull; /* a bit of each word of the shelf: it was read, and nothing of it is asked */
    uint32_t nwords;
    /* first look: all units that share a term */
    float *sum;
    uint32_t nunits;
    /* second look */
    struct pl_kb__candidate candidates[PL_KB__CANDIDATES];
    uint32_t ncandidates;
    uint32_t tf[PL_KB__QUERY_TERMS];
    double signs[PL_KB__SIGNS];
    uint32_t told;  /* words that say something, which the best has */
    double rare;    /* share of the weightiest stems or roots that the best unit has */
    bool by_chance; /* the best shares one word of several that say something, in its text alone:
                       "the capital of France", and a number in capital letters */
    struct pl_kb_range marks[2][PL_KB_MOST_HITS][PL_KB_MOST_MARKS]; /* own locale, fallback */
    struct pl_kb_result second;
    struct pl_kb__seen seen;
};

/* The question's number of a term of the shelf, + 1; 0: it has not asked for it. */
static inline uint32_t pl_kb__slot(const struct pl_kb_scratch *q, uint32_t term) {
    return q->asked[term / 64] >> term % 64 & 1 ? q->slot[term] : 0u;
}

/* Was the word read, and nothing of it asked for? */
static inline bool pl_kb__dull(const struct pl_kb_scratch *q, uint32_t word) {
    return q->dull[word / 64] >> word % 64 & 1;
}

/* Takes the question apart; slots are set until _drop. */
void pl_kb__take_question(struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                          struct pl_str text);
void pl_kb__drop_question(struct pl_kb_scratch *q, const struct pl_kb__shelf *s);

/* Fills q->candidates, best first. */
void pl_kb__rank(struct pl_kb_scratch *q, const struct pl_kb__shelf *s);

/* How sure it is that the best candidate answers, 0..1; fills q->signs. */
double pl_kb__confidence(struct pl_kb_scratch *q, const struct pl_kb__shelf *s);

/* What is added for a language that much more, or less, of a question is found in than in others
 * when no article answers it. */
double pl_kb__chance(struct pl_str language);

/* Which words of the passage were found, into `marks`, and which sentences answer. */
void pl_kb__point_out(const struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t unit,
                      struct pl_kb_range *marks, struct pl_kb_hit *hit);

#endif
