/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranking in two looks. The first adds up postings, rare terms first and no more than there is time
 * for, and keeps a few candidates. The second reads the candidates word by word and weighs what it
 * finds there exactly. */
#include "runtime/kb/kb_search_priv.h"

#include <string.h>

#define POSTINGS_MOST 16000 /* that the first look adds up */
#define NEAR          10
#define ABOUT         24
#define HITS_MOST     4096 /* grams found in a unit; later ones do not count as near */

/* Learned by tests/kb on one half of its data (tools/kb-report.sh --learn). */
static const double weights[PL_KB__FEATURES] = {
    [PL_KB__F_FORM] = 0.389,  [PL_KB__F_STEM] = 0.780, [PL_KB__F_ROOT] = 0.801,
    [PL_KB__F_GRAM] = 0.814,  [PL_KB__F_PAIR] = 0.199, [PL_KB__F_NEAR] = 0.114,
    [PL_KB__F_ABOUT] = 0.801,
};

/* ---- first look ---- */

static double worth(const struct pl_kb_scratch *q, const struct pl_kb__term *t) {
    double share = t->idf / (q->mass[t->kind] > 0 ? q->mass[t->kind] : 1);
    return share * (t->kind == PL_KB__GRAM ? 1.5 : 1.0) / 255;
}

/* Stems and grams that the shelf has, rarest first. */
static uint32_t by_rarity(const struct pl_kb_scratch *q, uint16_t order[PL_KB__QUERY_TERMS]) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->nterms; i++) {
        const struct pl_kb__term *t = &q->terms[i];
        if (!t->nposts) continue;
        uint32_t k = n++;
        for (; k && q->terms[order[k - 1]].df > t->df; k--) order[k] = order[k - 1];
        order[k] = (uint16_t)i;
    }
    return n;
}

static void add_postings(struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                         const struct pl_kb__term *t, uint32_t n) {
    float w = (float)worth(q, t);
    const uint8_t *p = s->table[PL_KB__T_POSTS] + (size_t)t->post * 4;
    for (uint32_t i = 0; i < n; i++, p += 4) {
        uint32_t posting = pl_kb__load(p);
        q->sum[posting >> 8] += w * (float)((posting & 255) + 1);
    }
}

/* Better sum first, then the earlier unit. */
static bool before(const struct pl_kb__candidate *a, const struct pl_kb__candidate *b) {
    return a->score > b->score || (a->score == b->score && a->unit < b->unit);
}

static void insert(struct pl_kb_scratch *q, struct pl_kb__candidate c) {
    uint32_t k = q->ncandidates;
    if (k == PL_KB__CANDIDATES && !before(&c, &q->candidates[k - 1])) return;
    if (k < PL_KB__CANDIDATES)
        q->ncandidates++;
    else
        k--;
    for (; k && before(&c, &q->candidates[k - 1]); k--) q->candidates[k] = q->candidates[k - 1];
    q->candidates[k] = c;
}

static void look_once(struct pl_kb_scratch *q, const struct pl_kb__shelf *s) {
    uint16_t order[PL_KB__QUERY_TERMS];
    uint32_t n = by_rarity(q, order), left = POSTINGS_MOST;
    q->ncandidates = 0;
    for (uint32_t i = 0; i < n && left; i++) {
        const struct pl_kb__term *t = &q->terms[order[i]];
        uint32_t take = t->nposts < left ? t->nposts : left;
        add_postings(q, s, t, take);
        left -= take;
    }
    float least = 0; /* of what gets among the candidates */
    for (uint32_t unit = 0; unit < s->rows[PL_KB__T_UNITS]; unit++) {
        float sum = q->sum[unit];
        q->sum[unit] = 0;
        if (sum <= least) continue;
        insert(q, (struct pl_kb__candidate){.unit = unit, .score = (double)sum});
        if (q->ncandidates == PL_KB__CANDIDATES)
            least = (float)q->candidates[q->ncandidates - 1].score;
    }
}

/* ---- second look ---- */

struct place {
    uint16_t token, term;
};
struct reading {
    struct place places[HITS_MOST]; /* grams of the question, in the order of tokens */
    uint32_t nplaces;
    bool paired[PL_KB__QUERY_WORDS];
};

static void see_pair(const struct pl_kb_scratch *q, struct reading *r, uint32_t a, uint32_t b) {
    for (uint32_t i = 0; i < q->npairs; i++)
        if (q->pairs[i].a == a && q->pairs[i].b == b) r->paired[i] = true;
}

static void see_grams(struct pl_kb_scratch *q, const struct pl_kb__shelf *s, struct reading *r,
                      uint32_t token, uint32_t word) {
    uint32_t first = pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAM);
    uint32_t n = pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAMS);
    for (uint32_t g = first; g < first + n; g++) {
        uint32_t at = pl_kb__slot(q, pl_kb__at(s, PL_KB__T_GRAMS, g, 0));
        if (!at) continue;
        q->tf[at - 1]++;
        if (r->nplaces < HITS_MOST)
            r->places[r->nplaces++] = (struct place){(uint16_t)token, (uint16_t)(at - 1)};
    }
}

static void read_unit(struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t unit,
                      struct reading *r) {
    uint32_t first = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_TOKEN), last = 0;
    uint32_t n = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_TOKENS);
    memset(q->tf, 0, q->nterms * sizeof *q->tf);
    memset(r->paired, 0, sizeof r->paired);
    r->nplaces = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t word = pl_kb__at(s, PL_KB__T_TOKENS, first + i, 0), stem = 0;
        for (uint32_t k = 0; k < PL_KB__GRAM; k++) {
            uint32_t at = pl_kb__slot(q, pl_kb__at(s, PL_KB__T_WORDS, word, k));
            if (at) q->tf[at - 1]++;
            if (k == PL_KB__STEM) stem = at;
        }
        see_grams(q, s, r, i, word);
        if (last && stem) see_pair(q, r, last - 1, stem - 1);
        last = stem;
    }
}

/* The most that different grams weigh together within so many words. */
static double nearest(struct pl_kb_scratch *q, const struct reading *r, uint32_t words) {
    double sum = 0, best = 0;
    uint32_t tail = 0;
    memset(q->tf, 0, q->nterms * sizeof *q->tf);
    for (uint32_t i = 0; i < r->nplaces; i++) {
        const struct place *p = &r->places[i];
        for (; r->places[tail].token + words <= p->token; tail++)
            if (--q->tf[r->places[tail].term] == 0) sum -= q->terms[r->places[tail].term].idf;
        if (q->tf[p->term]++ == 0) sum += q->terms[p->term].idf;
        if (sum > best) best = sum;
    }
    return best;
}

static double share(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

static void weigh(struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                  struct pl_kb__candidate *c) {
    static const uint8_t feature[PL_KB__KINDS] = {[PL_KB__FORM] = PL_KB__F_FORM,
                                                  [PL_KB__STEM] = PL_KB__F_STEM,
                                                  [PL_KB__ROOT] = PL_KB__F_ROOT,
                                                  [PL_KB__GRAM] = PL_KB__F_GRAM};
    struct reading r;
    double sum[PL_KB__KINDS] = {0}, pairs = 0;
    double tokens = pl_kb__at(s, PL_KB__T_UNITS, c->unit, PL_KB__U_TOKENS);
    double grams = pl_kb__at(s, PL_KB__T_UNITS, c->unit, PL_KB__U_GRAMS);
    read_unit(q, s, c->unit, &r);
    for (uint32_t i = 0; i < q->nterms; i++) {
        const struct pl_kb__term *t = &q->terms[i];
        if (!q->tf[i]) continue;
        bool gram = t->kind == PL_KB__GRAM;
        sum[t->kind] += t->idf * pl_kb__weight(q->tf[i], gram ? grams : tokens,
                                               gram ? s->mean_grams : s->mean_tokens);
    }
    for (uint32_t i = 0; i < q->npairs; i++)
        if (r.paired[i]) pairs += q->pairs[i].weight;
    for (int k = 0; k < PL_KB__KINDS; k++) c->features[feature[k]] = share(sum[k], q->mass[k]);
    c->features[PL_KB__F_PAIR] = share(pairs, q->pair_mass);
    c->features[PL_KB__F_NEAR] = share(nearest(q, &r, NEAR), q->mass[PL_KB__GRAM]);
    c->features[PL_KB__F_ABOUT] = share(nearest(q, &r, ABOUT), q->mass[PL_KB__GRAM]);
    c->score = 0;
    for (int f = 0; f < PL_KB__FEATURES; f++) c->score += weights[f] * c->features[f];
}

void pl_kb__rank(struct pl_kb_scratch *q, const struct pl_kb__shelf *s) {
    look_once(q, s);
    for (uint32_t i = 0; i < q->ncandidates; i++) {
        struct pl_kb__candidate c = q->candidates[i];
        weigh(q, s, &c);
        uint32_t k = i;
        for (; k && before(&c, &q->candidates[k - 1]); k--) q->candidates[k] = q->candidates[k - 1];
        q->candidates[k] = c;
    }
}
