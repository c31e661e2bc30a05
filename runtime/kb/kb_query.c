/* SPDX-License-Identifier: Apache-2.0
 *
 * A question taken apart for one shelf: its terms, what each weighs, and where in the shelf each
 * is. */
#include "runtime/kb/kb_search_priv.h"

#include <math.h>
#include <stdlib.h>

/* BM25's: what a term is worth that so many of all units have. */
static double idf(double units, double df) {
    return log(1 + (units - df + 0.5) / (df + 0.5));
}

/* The term with this key, NONE when the shelf has none. */
static uint32_t find_term(const struct pl_kb__shelf *s, uint64_t key) {
    uint32_t lo = 0, hi = s->rows[PL_KB__T_TERMS];
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

/* The number of the question's term with this key; it is added when it is new. */
static uint32_t take_term(struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                          enum pl_kb__kind kind, uint64_t key) {
    uint32_t term = find_term(s, key);
    if (term != PL_KB__NONE && q->slot[term]) return q->slot[term] - 1u;
    for (uint32_t i = 0; term == PL_KB__NONE && i < q->nterms; i++)
        if (q->terms[i].key == key) return i;
    if (q->nterms == PL_KB__QUERY_TERMS) return PL_KB__NONE;
    struct pl_kb__term *t = &q->terms[q->nterms];
    *t = (struct pl_kb__term){.key = key, .term = term, .kind = (uint8_t)kind};
    if (term != PL_KB__NONE) {
        q->slot[term] = (uint16_t)(q->nterms + 1);
        t->df = pl_kb__at(s, PL_KB__T_TERMS, term, PL_KB__TERM_DF);
        t->post = pl_kb__at(s, PL_KB__T_TERMS, term, PL_KB__TERM_POST);
        t->nposts = pl_kb__at(s, PL_KB__T_TERMS, term, PL_KB__TERM_POSTS);
    }
    t->idf = idf(s->rows[PL_KB__T_UNITS], t->df);
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

static void *grown(void *p, uint32_t *have, uint32_t want, size_t size) {
    if (want <= *have) return p;
    free(p);
    *have = want + want / 4;
    p = calloc(*have, size);
    pl_assert(p);
    return p;
}

/* All slots and sums are zero between searches. */
static void make_room(struct pl_kb_scratch *q, const struct pl_kb__shelf *s) {
    uint32_t units = s->rows[PL_KB__T_UNITS] + 1;
    q->slot = grown(q->slot, &q->nslots, s->rows[PL_KB__T_TERMS] + 1, sizeof *q->slot);
    if (units <= q->nunits) return;
    free(q->touched);
    q->sum = grown(q->sum, &q->nunits, units, sizeof *q->sum);
    q->touched = calloc(q->nunits, sizeof *q->touched);
    pl_assert(q->touched);
}

void pl_kb__take_question(struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                          struct pl_str text) {
    uint32_t before = PL_KB__NONE;
    make_room(q, s);
    q->nterms = q->npairs = q->nwords = 0;
    q->pair_mass = 0;
    for (int k = 0; k < PL_KB__KINDS; k++) q->mass[k] = 0;
    pl_arena_reset(&q->arena);
    struct pl_kb__words w = pl_kb__words(q->tools, &q->arena, text, s->language);
    for (uint32_t i = 0; i < w.n && i < PL_KB__QUERY_WORDS; i++) {
        uint32_t stem = take_term(q, s, PL_KB__STEM, w.v[i].key[PL_KB__STEM]);
        take_term(q, s, PL_KB__FORM, w.v[i].key[PL_KB__FORM]);
        take_term(q, s, PL_KB__ROOT, w.v[i].key[PL_KB__ROOT]);
        for (uint32_t g = 0; g < w.v[i].ngrams; g++) take_term(q, s, PL_KB__GRAM, w.v[i].grams[g]);
        take_pair(q, before, stem);
        before = stem;
        q->nwords++;
    }
}

void pl_kb__drop_question(struct pl_kb_scratch *q) {
    for (uint32_t i = 0; i < q->nterms; i++)
        if (q->terms[i].term != PL_KB__NONE) q->slot[q->terms[i].term] = 0;
}
