/* SPDX-License-Identifier: Apache-2.0
 *
 * A question taken apart for one shelf: its terms, what each weighs, and where in the shelf each
 * is. */
#include "runtime/kb/kb_search_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COMMON                                                                                     \
    0.15 /* of what a word's rarity says, when it says little by itself: in a few dozen            \
            articles "tell" and "about" are rare too */

/* BM25's: what a term is worth that so many of all units have. */
static double idf(double units, double df) {
    return log(1 + (units - df + 0.5) / (df + 0.5));
}

/* Keys are hashes, so that a key's own value tells nearly where its term is. */
static uint32_t guess_of(const struct pl_kb__shelf *s, uint64_t key) {
    return (uint32_t)((key >> 32) * s->rows[PL_KB__T_TERMS] >> 32);
}

/* The term with this key, NONE when the shelf has none. */
static uint32_t find_term(const struct pl_kb__shelf *s, uint64_t key) {
    const uint32_t n = s->rows[PL_KB__T_TERMS];
    uint32_t guess = guess_of(s, key), step = 16, lo, hi;
    for (lo = hi = guess; lo && pl_kb__key(s, lo) > key; step *= 2) lo = lo > step ? lo - step : 0;
    for (step = 16; hi < n && pl_kb__key(s, hi) <= key; step *= 2)
        hi = n - hi > step ? hi + step : n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        uint64_t k = pl_kb__key(s, mid);
        if (k == key) return mid;
        if (k < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return PL_KB__NONE;
}

/* Asks the memory for where the terms of a word may be, while those of the words before it are
 * looked up. */
static void fetch(const struct pl_kb__shelf *s, const struct pl_kb__word *w) {
    for (uint32_t g = 0; g < w->ngrams + w->nshorts; g++)
        __builtin_prefetch(s->table[PL_KB__T_TERMS] +
                           (size_t)guess_of(s, w->grams[g]) * pl_kb__row[PL_KB__T_TERMS] * 4);
}

/* The number of the question's term with this key; it is added when it is new. */
static uint32_t take_term(struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                          enum pl_kb__kind kind, uint64_t key, double worth) {
    uint32_t term = find_term(s, key);
    if (term != PL_KB__NONE && pl_kb__slot(q, term)) return pl_kb__slot(q, term) - 1;
    for (uint32_t i = 0; term == PL_KB__NONE && i < q->nterms; i++)
        if (q->terms[i].key == key) return i;
    if (q->nterms == PL_KB__QUERY_TERMS) return PL_KB__NONE;
    struct pl_kb__term *t = &q->terms[q->nterms];
    *t = (struct pl_kb__term){.key = key, .term = term, .kind = (uint8_t)kind};
    if (term != PL_KB__NONE) {
        q->slot[term] = (uint16_t)(q->nterms + 1);
        q->asked[term / 64] |= UINT64_C(1) << term % 64;
        t->df = pl_kb__at(s, PL_KB__T_TERMS, term, PL_KB__TERM_DF);
        t->post = pl_kb__at(s, PL_KB__T_TERMS, term, PL_KB__TERM_POST);
        t->nposts = pl_kb__at(s, PL_KB__T_TERMS, term, PL_KB__TERM_POSTS);
    }
    t->idf = worth * idf(s->rows[PL_KB__T_UNITS], t->df);
    q->mass[kind] += t->idf;
    return q->nterms++;
}

/* Stems that follow one another in the question. */
static void take_pair(struct pl_kb_scratch *q, uint32_t a, uint32_t b) {
    if (a == PL_KB__NONE || b == PL_KB__NONE || a == b || q->npairs == PL_KB__QUERY_WORDS) return;
    double weight = q->terms[a].idf + q->terms[b].idf;
    q->pairs[q->npairs++] = (struct pl_kb__pair){a, b, weight};
    q->pair_mass += weight;
}

/* Room for so many items, all zero. Nothing is kept: rooms are zero between searches. */
static void *roomy(void *p, size_t n, size_t size) {
    free(p);
    p = calloc(n, size);
    pl_assert(p);
    return p;
}

static void make_room(struct pl_kb_scratch *q, const struct pl_kb__shelf *s) {
    uint32_t units = s->rows[PL_KB__T_UNITS] + 1, terms = s->rows[PL_KB__T_TERMS] + 1;
    if (terms > q->nslots) {
        q->nslots = terms;
        q->slot = roomy(q->slot, terms, sizeof *q->slot);
        q->asked = roomy(q->asked, (size_t)terms / 64 + 1, sizeof *q->asked);
    }
    uint32_t words = s->rows[PL_KB__T_WORDS] + 1;
    if (words > q->nwords) {
        q->nwords = words;
        q->dull = roomy(q->dull, (size_t)words / 64 + 1, sizeof *q->dull);
    }
    if (units > q->nunits) {
        q->nunits = units;
        q->sum = roomy(q->sum, units, sizeof *q->sum);
    }
}

void pl_kb__take_question(struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                          struct pl_str text) {
    uint32_t before = PL_KB__NONE;
    make_room(q, s);
    q->nterms = q->npairs = q->nnumbers = 0;
    q->pair_mass = 0;
    for (int k = 0; k < PL_KB__KINDS; k++) q->mass[k] = 0;
    pl_arena_reset(&q->arena);
    struct pl_kb__words w = pl_kb__words(q->tools, &q->arena, text, s->language);
    for (uint32_t i = 0; i < w.n && i < PL_KB__QUERY_WORDS; i++) {
        double worth = w.v[i].common ? COMMON : 1;
        if (i + 1 < w.n) fetch(s, &w.v[i + 1]);
        uint32_t stem = take_term(q, s, PL_KB__STEM, w.v[i].key[PL_KB__STEM], worth);
        take_term(q, s, PL_KB__FORM, w.v[i].key[PL_KB__FORM], worth);
        take_term(q, s, PL_KB__ROOT, w.v[i].key[PL_KB__ROOT], worth);
        for (uint32_t g = 0; g < w.v[i].ngrams + w.v[i].nshorts; g++)
            take_term(q, s, g < w.v[i].ngrams ? PL_KB__GRAM : PL_KB__SHORT, w.v[i].grams[g], worth);
        take_pair(q, before, stem);
        before = stem;
        if (stem == PL_KB__NONE || !w.v[i].number || q->terms[stem].number) continue;
        q->terms[stem].number = true;
        q->nnumbers++;
    }
}

void pl_kb__drop_question(struct pl_kb_scratch *q, const struct pl_kb__shelf *s) {
    for (uint32_t i = 0; i < q->nterms; i++) {
        uint32_t term = q->terms[i].term;
        if (term == PL_KB__NONE) continue;
        q->slot[term] = 0;
        q->asked[term / 64] = 0;
    }
    memset(q->dull, 0, ((size_t)s->rows[PL_KB__T_WORDS] / 64 + 1) * sizeof *q->dull);
}
