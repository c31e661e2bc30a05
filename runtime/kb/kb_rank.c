/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranking in two looks. The first adds up postings, rare terms first and no more than there is time
 * for, and keeps a few candidates. The second reads the candidates word by word and weighs what it
 * finds there exactly. */
#include "runtime/kb/kb_search_priv.h"

#include <math.h>
#include <string.h>

#define POSTINGS_MOST 16000 /* that the first look adds up */
#define NEAR          10
#define ABOUT         24
#define WIDE          40
#define HITS_MOST     4096 /* grams found in a unit; later ones do not count as near */

/* Learned by tests/kb on one half of its data (tools/kb-report.sh --learn). */
static const double weights[PL_KB__FEATURES] = {
    [PL_KB__F_FORM] = 0.329,       [PL_KB__F_STEM] = 0.313,   [PL_KB__F_ROOT] = 0.211,
    [PL_KB__F_GRAM] = 0.353,       [PL_KB__F_SHORT] = 0.351,  [PL_KB__F_STEM_ONCE] = 0.331,
    [PL_KB__F_SHORT_ONCE] = 0.291, [PL_KB__F_PAIR] = 0.190,   [PL_KB__F_NEAR] = 0.131,
    [PL_KB__F_ABOUT] = 0.239,      [PL_KB__F_WIDE] = 0.339,   [PL_KB__F_SENTENCE] = 0.322,
    [PL_KB__F_NUMBER] = 0.243,     [PL_KB__F_LENGTH] = -0.078};

/* ---- first look ---- */

static double worth(const struct pl_kb_scratch *q, const struct pl_kb__term *t) {
    double share = t->idf / (q->mass[t->kind] > 0 ? q->mass[t->kind] : 1);
    return share * (t->kind == PL_KB__GRAM ? 1.5 : 1.0) / 255;
}

/* Stems and grams that the shelf has, rarest first: units it is in << 16 | place in the question.
 */
static uint32_t by_rarity(const struct pl_kb_scratch *q, uint64_t order[PL_KB__QUERY_TERMS]) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->nterms; i++) {
        uint64_t key = (uint64_t)q->terms[i].df << 16 | i;
        uint32_t lo = 0, hi = n;
        if (!q->terms[i].nposts) continue;
        while (lo < hi) {
            uint32_t mid = (lo + hi) / 2;
            if (order[mid] < key)
                lo = mid + 1;
            else
                hi = mid;
        }
        memmove(order + lo + 1, order + lo, (n++ - lo) * sizeof *order);
        order[lo] = key;
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
    uint64_t order[PL_KB__QUERY_TERMS];
    uint32_t n = by_rarity(q, order), left = POSTINGS_MOST;
    q->ncandidates = 0;
    for (uint32_t i = 0; i < n && left; i++) {
        const struct pl_kb__term *t = &q->terms[order[i] & UINT16_MAX];
        uint32_t take = t->nposts < left ? t->nposts : left;
        add_postings(q, s, t, take);
        left -= take;
    }
    float least = 0; /* of what gets among the candidates */
    for (uint32_t unit = 0; unit < s->rows[PL_KB__T_UNITS]; unit++) {
        if (q->sum[unit] <= least) continue;
        insert(q, (struct pl_kb__candidate){.unit = unit, .score = (double)q->sum[unit]});
        if (q->ncandidates == PL_KB__CANDIDATES)
            least = (float)q->candidates[q->ncandidates - 1].score;
    }
    memset(q->sum, 0, s->rows[PL_KB__T_UNITS] * sizeof *q->sum);
}

/* ---- second look ---- */

struct place {
    uint16_t token, term;
};
struct reading {
    struct place places[HITS_MOST]; /* grams of the question, in the order of tokens */
    uint32_t nplaces;
    bool paired[PL_KB__QUERY_WORDS];
    uint16_t sentence[PL_KB__QUERY_TERMS]; /* the last one that each root was in */
    double roots, most_roots;              /* what they weigh in this sentence, in the best */
    uint32_t first_sentence, nsentences;
};

static void see_pair(const struct pl_kb_scratch *q, struct reading *r, uint32_t a, uint32_t b) {
    for (uint32_t i = 0; i < q->npairs; i++)
        if (q->pairs[i].a == a && q->pairs[i].b == b) r->paired[i] = true;
}

/* Most are not asked for, and a passage has hundreds: the loop looks at a bit of each. How many are
 * asked for. */
static uint32_t see_grams(struct pl_kb_scratch *q, const struct pl_kb__shelf *s, struct reading *r,
                          uint32_t token, uint32_t word) {
    uint32_t n = pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAMS);
    uint32_t shorts = pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_SHORTS);
    const uint8_t *p =
        s->table[PL_KB__T_GRAMS] + (size_t)pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAM) * 4;
    const uint8_t *end = p + (size_t)n * 4, *last = end + (size_t)shorts * 4;
    const uint64_t *asked = q->asked;
    uint32_t found = 0;
    for (; p < last; p += 4) {
        uint32_t term = pl_kb__load(p);
        if (!(asked[term / 64] >> term % 64 & 1)) continue;
        found++;
        uint16_t at = (uint16_t)(q->slot[term] - 1);
        q->tf[at]++;
        if (p < end && r->nplaces < HITS_MOST)
            r->places[r->nplaces++] = (struct place){(uint16_t)token, at};
    }
    return found;
}

/* A token's sentence, 1 for the first; 0 for the title and the heading. */
static uint32_t sentence_of(const struct pl_kb__shelf *s, const struct reading *r, uint32_t token,
                            uint32_t last) {
    uint32_t place = pl_kb__at(s, PL_KB__T_TOKENS, token, 1);
    if (place == PL_KB__NONE) return 0;
    if (!last) last = 1;
    while (last < r->nsentences &&
           pl_kb__at(s, PL_KB__T_SENTENCES, r->first_sentence + last - 1, 0) <= place >> 16)
        last++;
    return last;
}

/* A root that is asked for; the last one was in `sentence`. Gives its own. */
static uint32_t see_root(const struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                         struct reading *r, uint32_t token, uint32_t root, uint32_t sentence) {
    uint32_t now = sentence_of(s, r, token, sentence);
    if (now != sentence) r->roots = 0;
    if (!now || r->sentence[root] == now) return now;
    r->sentence[root] = (uint16_t)now;
    r->roots += q->terms[root].idf;
    if (r->roots > r->most_roots) r->most_roots = r->roots;
    return now;
}

/* Asks the memory for a word that is read soon, and then for its grams. */
static void fetch_word(const struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t word) {
    if (pl_kb__dull(q, word)) return;
    __builtin_prefetch(s->table[PL_KB__T_WORDS] + (size_t)word * pl_kb__row[PL_KB__T_WORDS] * 4);
}

static void fetch_grams(const struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                        uint32_t word) {
    if (pl_kb__dull(q, word)) return;
    __builtin_prefetch(s->table[PL_KB__T_GRAMS] +
                       (size_t)pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAM) * 4);
}

static void read_unit(struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t unit,
                      struct reading *r) {
    uint32_t first = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_TOKEN), last = 0, sentence = 0;
    uint32_t n = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_TOKENS);
    memset(q->tf, 0, q->nterms * sizeof *q->tf);
    memset(r->paired, 0, sizeof r->paired);
    memset(r->sentence, 0, q->nterms * sizeof *r->sentence);
    r->nplaces = 0;
    r->roots = r->most_roots = 0;
    r->first_sentence = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_SENTENCE);
    r->nsentences = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_SENTENCES);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t word = pl_kb__at(s, PL_KB__T_TOKENS, first + i, 0), at[PL_KB__GRAM];
        if (i + 8 < n) fetch_word(q, s, pl_kb__at(s, PL_KB__T_TOKENS, first + i + 8, 0));
        if (i + 4 < n) fetch_grams(q, s, pl_kb__at(s, PL_KB__T_TOKENS, first + i + 4, 0));
        if (pl_kb__dull(q, word)) {
            last = 0;
            continue;
        }
        uint32_t found = 0;
        for (uint32_t k = 0; k < PL_KB__GRAM; k++) {
            at[k] = pl_kb__slot(q, pl_kb__at(s, PL_KB__T_WORDS, word, k));
            if (at[k]) q->tf[at[k] - 1]++;
            found += at[k];
        }
        found += see_grams(q, s, r, i, word);
        if (!found) q->dull[word / 64] |= UINT64_C(1) << word % 64;
        if (at[PL_KB__ROOT]) sentence = see_root(q, s, r, first + i, at[PL_KB__ROOT] - 1, sentence);
        if (last && at[PL_KB__STEM]) see_pair(q, r, last - 1, at[PL_KB__STEM] - 1);
        last = at[PL_KB__STEM];
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

/* Its sums of one term's worth, by kind. */
struct sums {
    double often[PL_KB__KINDS], once[PL_KB__KINDS];
    uint32_t numbers;
};

static void add_up(const struct pl_kb_scratch *q, double tokens, double grams, struct sums *out) {
    for (uint32_t i = 0; i < q->nterms; i++) {
        const struct pl_kb__term *t = &q->terms[i];
        if (!q->tf[i]) continue;
        double length = t->kind >= PL_KB__GRAM ? grams : tokens, whole = q->mass[t->kind];
        out->often[t->kind] += share(t->idf, whole) * pl_kb__weight(q->tf[i], length);
        out->once[t->kind] += share(t->idf, whole) * pl_kb__once(q->tf[i], length);
        out->numbers += t->number;
    }
}

static double pairs_of(const struct pl_kb_scratch *q, const struct reading *r) {
    double sum = 0;
    for (uint32_t i = 0; i < q->npairs; i++)
        if (r->paired[i]) sum += q->pairs[i].weight;
    return share(sum, q->pair_mass);
}

static void weigh(struct pl_kb_scratch *q, const struct pl_kb__shelf *s,
                  struct pl_kb__candidate *c) {
    struct reading r;
    struct sums x = {0};
    double *f = c->features, grams = q->mass[PL_KB__GRAM];
    double length = pl_kb__at(s, PL_KB__T_UNITS, c->unit, PL_KB__U_TOKENS);
    read_unit(q, s, c->unit, &r);
    add_up(q, share(length, s->mean_tokens),
           share(pl_kb__at(s, PL_KB__T_UNITS, c->unit, PL_KB__U_GRAMS), s->mean_grams), &x);
    f[PL_KB__F_FORM] = x.often[PL_KB__FORM];
    f[PL_KB__F_STEM] = x.often[PL_KB__STEM];
    f[PL_KB__F_ROOT] = x.often[PL_KB__ROOT];
    f[PL_KB__F_GRAM] = x.often[PL_KB__GRAM];
    f[PL_KB__F_SHORT] = x.often[PL_KB__SHORT];
    f[PL_KB__F_STEM_ONCE] = x.once[PL_KB__STEM];
    f[PL_KB__F_SHORT_ONCE] = x.once[PL_KB__SHORT];
    f[PL_KB__F_PAIR] = pairs_of(q, &r);
    f[PL_KB__F_NEAR] = share(nearest(q, &r, NEAR), grams);
    f[PL_KB__F_ABOUT] = share(nearest(q, &r, ABOUT), grams);
    f[PL_KB__F_WIDE] = share(nearest(q, &r, WIDE), grams);
    f[PL_KB__F_SENTENCE] = share(r.most_roots, q->mass[PL_KB__ROOT]);
    f[PL_KB__F_NUMBER] = share(x.numbers, q->nnumbers);
    f[PL_KB__F_LENGTH] = log((length + 1) / (s->mean_tokens + 1));
    c->score = 0;
    for (int i = 0; i < PL_KB__FEATURES; i++) c->score += weights[i] * f[i];
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
