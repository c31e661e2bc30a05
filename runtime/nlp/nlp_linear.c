/* SPDX-License-Identifier: Apache-2.0
 *
 * Intents by a linear model: one row of small weights per feature, added up over the features of
 * the message. A message's length counts all its features, known or not, so that a text that
 * shares little with the examples scores near nothing.
 */
#include "runtime/nlp/nlp_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES  16
#define MARGIN 0.25 /* two guesses nearer than this are ambiguous */
#define NAMED  0.5  /* words that alone are as sure as this name an intent */
#define SUREST 0.99 /* what is no example is never quite sure */

/* ---- section ---- */

static void put_floats(struct pl_buf *b, const float *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t u;
        memcpy(&u, &v[i], sizeof(u));
        pl_buf_u32(b, u);
    }
}

static void get_floats(struct pl_reader *r, float *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t u = pl_read_u32(r);
        memcpy(&v[i], &u, sizeof(u));
        if (!isfinite(v[i]) || fabsf(v[i]) > 1e6f) r->bad = true;
    }
}

void pl_nlp__write_linear(struct pl_buf *b, const struct pl_nlp_linear *l) {
    pl_buf_var(b, l->nclasses);
    pl_buf_var(b, l->nrows);
    if (l->nclasses == 0) return; /* no model */
    put_floats(b, l->unseen, PL_NLP_BLOCKS);
    put_floats(b, (float[]){l->sharpness, l->none, l->reject}, 3);
    put_floats(b, l->bias, l->nclasses);
    put_floats(b, l->scale, l->nclasses);
    for (uint32_t i = 0; i < l->nrows; i++) pl_buf_u32(b, l->keys[i]);
    put_floats(b, l->idf, l->nrows);
    for (uint32_t i = 0; i < l->nrows; i++)
        pl_buf_add(b, l->w + (size_t)i * l->stride, l->nclasses);
}

static bool fill_slots(struct pl_arena *a, struct pl_nlp_linear *l) {
    uint32_t size = 16;
    while (size < l->nrows * 2) size *= 2;
    l->slots = PL_NEW_ARRAY(a, uint32_t, size);
    if (l->slots == NULL) return false;
    l->mask = size - 1;
    for (uint32_t i = 0; i < l->nrows; i++) {
        uint32_t at = (l->keys[i] * UINT32_C(2654435761)) & l->mask;
        while (l->slots[at] != 0) at = (at + 1) & l->mask;
        l->slots[at] = i + 1;
    }
    return true;
}

bool pl_nlp__read_linear(struct pl_reader *r, struct pl_arena *a, uint32_t nintents,
                         struct pl_nlp_linear *l) {
    uint64_t nclasses = pl_read_var(r), nrows = pl_read_var(r);
    if (nclasses == 0 && nrows == 0) return !r->bad;
    if (r->bad || nclasses != (uint64_t)nintents + 1) return false;
    if (nrows > pl_read_left(r) / (8 + nclasses)) return false;
    l->nclasses = (uint32_t)nclasses;
    l->nrows = (uint32_t)nrows;
    l->stride = (l->nclasses + LANES - 1) / LANES * LANES;
    l->bias = PL_NEW_ARRAY(a, float, l->stride);
    l->scale = PL_NEW_ARRAY(a, float, l->stride);
    l->keys = PL_NEW_ARRAY(a, uint32_t, l->nrows + 1);
    l->idf = PL_NEW_ARRAY(a, float, l->nrows + 1);
    l->w = PL_NEW_ARRAY(a, int8_t, (size_t)l->nrows * l->stride + 1);
    if (!l->bias || !l->scale || !l->keys || !l->idf || !l->w) return false;
    float cut[3];
    get_floats(r, l->unseen, PL_NLP_BLOCKS);
    get_floats(r, cut, 3);
    l->sharpness = cut[0];
    l->none = cut[1];
    l->reject = cut[2];
    get_floats(r, l->bias, l->nclasses);
    get_floats(r, l->scale, l->nclasses);
    for (uint32_t i = 0; i < l->nrows; i++) l->keys[i] = pl_read_u32(r);
    get_floats(r, l->idf, l->nrows);
    for (uint32_t i = 0; i < l->nrows; i++) {
        struct pl_str row = pl_read_bytes(r, l->nclasses);
        if (row.n == l->nclasses) memcpy(l->w + (size_t)i * l->stride, row.p, row.n);
    }
    return !r->bad && fill_slots(a, l);
}

/* ---- scores ---- */

struct share { /* of a feature in the sums */
    uint32_t row;
    float x;
    size_t at; /* of the row's weights */
};

static uint32_t row_of(const struct pl_nlp_linear *l, uint32_t key) {
    uint32_t at = (key * UINT32_C(2654435761)) & l->mask;
    while (l->slots[at] != 0) {
        if (l->keys[l->slots[at] - 1] == key) return l->slots[at] - 1;
        at = (at + 1) & l->mask;
    }
    return UINT32_MAX;
}

/* The processor's widest lanes, chosen when the program starts. The sums are the same on every one:
 * a lane is a class, and no multiplication is fused with its addition. */
#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&                \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#define SOME 8 /* classes at once */
typedef int8_t lane_weights __attribute__((vector_size(LANES)));
typedef int16_t lane_shorts __attribute__((vector_size(LANES * sizeof(int16_t))));
typedef int16_t some_shorts __attribute__((vector_size(SOME * sizeof(int16_t))));
typedef int32_t some_ints __attribute__((vector_size(SOME * sizeof(int32_t))));
typedef float some_sums __attribute__((vector_size(SOME * sizeof(float))));

/* Bytes become floats by way of shorts and ints: the compiler has one instruction for each step of
 * a whole vector, and takes bytes straight to floats one by one. */
static inline __attribute__((always_inline)) void add_some(some_sums *sums, const void *shorts,
                                                           float x) {
    some_shorts v;
    memcpy(&v, shorts, sizeof v);
    *sums += x * __builtin_convertvector(__builtin_convertvector(v, some_ints), some_sums);
}

/* Adds up the rows, each by its factor; a row is `stride` weights, a multiple of LANES. */
WIDE static void add_rows(float *acc, const int8_t *w, uint32_t stride, const struct share *shares,
                          uint32_t n) {
    for (uint32_t i = 0; i < stride; i += LANES) {
        some_sums a = {0}, b = {0};
        for (uint32_t k = 0; k < n; k++) {
            lane_weights bytes;
            memcpy(&bytes, w + shares[k].at + i, sizeof bytes);
            lane_shorts shorts = __builtin_convertvector(bytes, lane_shorts);
            add_some(&a, &shorts, shares[k].x);
            add_some(&b, (const int16_t *)&shorts + SOME, shares[k].x);
        }
        memcpy(acc + i, &a, sizeof a);
        memcpy(acc + i + SOME, &b, sizeof b);
    }
}

void pl_nlp__score(struct pl_nlp *n, const struct pl_nlp_terms *terms) {
    const struct pl_nlp_linear *l = &n->model->linear;
    struct share shares[PL_NLP_FEATURES]; /* of known features; x is its block at first */
    uint32_t known = 0;
    float squares[2] = {0, 0};
    pl_nlp__features(terms, &n->features);
    for (uint32_t i = 0; i < n->features.n; i++) {
        uint32_t key = n->features.v[i], row = row_of(l, key);
        uint32_t known_row = row != UINT32_MAX, letters = pl_nlp__is_letters(key);
        float idf = known_row ? l->idf[row] : l->unseen[pl_nlp__block(key)];
        squares[letters] += idf * idf;
        if (known_row)
            shares[known++] = (struct share){row, (float)letters, (size_t)row * l->stride};
    }
    float length[2] = {sqrtf(squares[0] + 1e-9f), sqrtf(squares[1] + 1e-9f)};
    for (uint32_t i = 0; i < known; i++)
        shares[i].x = l->idf[shares[i].row] / length[(int)shares[i].x];
    add_rows(n->scores, l->w, l->stride, shares, known);
    for (uint32_t i = 0; i < l->nclasses; i++)
        n->scores[i] = n->scores[i] * l->scale[i] + l->bias[i];
}

/* ---- guesses ---- */

static void keep(struct pl_nlp_reading *r, struct pl_nlp_guess g) {
    uint32_t at = r->nguesses < PL_NLP_GUESSES ? r->nguesses++ : PL_NLP_GUESSES;
    while (at > 0 && r->guesses[at - 1].confidence < g.confidence) {
        if (at < PL_NLP_GUESSES) r->guesses[at] = r->guesses[at - 1];
        at--;
    }
    if (at < PL_NLP_GUESSES) r->guesses[at] = g;
}

/* "None of them" counts as the class of everything else scores, but `none` at least. */
void pl_nlp__confidences(const struct pl_nlp_linear *l, const float *scores, uint32_t nintents,
                         double *out) {
    double none = fmax((double)l->none, (double)scores[nintents]);
    double sum = exp((double)l->sharpness * none);
    for (uint32_t i = 0; i < nintents; i++) {
        out[i] = exp((double)l->sharpness * (double)scores[i]);
        sum += out[i];
    }
    for (uint32_t i = 0; i < nintents; i++) out[i] /= sum;
}

static void guess(struct pl_nlp_turn *t, const struct pl_nlp_terms *terms) {
    const struct pl_nlp_model *m = t->nlp->model;
    if (m->linear.nrows == 0 || terms->n == 0) return;
    pl_nlp__score(t->nlp, terms);
    pl_nlp__confidences(&m->linear, t->nlp->scores, m->nintents, t->nlp->confidences);
    for (uint32_t i = 0; i < m->nintents; i++) {
        double c = fmin(t->nlp->confidences[i], SUREST);
        if (c >= 0.01) keep(t->r, (struct pl_nlp_guess){i, c});
    }
}

static int by_exact(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = ((const struct pl_nlp_exact *)b)->hash;
    return x < y ? -1 : x > y;
}

/* The whole message is an example: that decides. */
static void take_exact(struct pl_nlp_turn *t, const struct pl_nlp_terms *terms) {
    const struct pl_nlp_model *m = t->nlp->model;
    struct pl_nlp_reading *r = t->r;
    uint64_t hash = pl_nlp__terms_hash(terms);
    const struct pl_nlp_exact *x =
        terms->n == 0 || m->nexact == 0
            ? NULL
            : bsearch(&hash, m->exact, m->nexact, sizeof(*m->exact), by_exact);
    if (x == NULL) return;
    struct pl_nlp_guess rest[PL_NLP_GUESSES];
    uint32_t n = r->nguesses;
    memcpy(rest, r->guesses, sizeof(rest));
    r->guesses[0] = (struct pl_nlp_guess){x->intent, 1};
    r->nguesses = 1;
    for (uint32_t i = 0; i < n && r->nguesses < PL_NLP_GUESSES; i++) {
        if (rest[i].intent == x->intent) continue;
        if (rest[i].confidence > 0.2) rest[i].confidence = 0.2;
        r->guesses[r->nguesses++] = rest[i];
    }
    r->exact = true;
}

/* Do the words alone say what the message is about, without the values in it? */
static bool is_named(struct pl_nlp_turn *t, const struct pl_nlp_terms *terms) {
    struct pl_nlp_reading words = {0};
    struct pl_nlp_turn u = {.nlp = t->nlp, .a = t->a, .r = &words};
    struct pl_nlp_terms rest = {PL_NEW_ARRAY(t->a, struct pl_nlp_term, terms->n + 1), 0};
    for (uint32_t i = 0; rest.v && i < terms->n; i++)
        if (!terms->v[i].placeholder) rest.v[rest.n++] = terms->v[i];
    if (rest.n == terms->n || t->r->nguesses == 0) return t->r->nguesses > 0;
    guess(&u, &rest);
    take_exact(&u, &rest);
    return words.nguesses > 0 && words.guesses[0].intent == t->r->guesses[0].intent &&
           words.guesses[0].confidence >= NAMED;
}

static double uncertainty(const struct pl_nlp_reading *r) {
    double first = r->nguesses > 0 ? r->guesses[0].confidence : 0;
    double second = r->nguesses > 1 ? r->guesses[1].confidence : 0;
    double near = first - second < 0.3 && second > 0.1 ? 0.3 - (first - second) : 0;
    double u = 1 - first + near;
    return u < 1 ? u : 1;
}

/* Nothing is said but values, yes or no: nothing to be unsure about. */
static bool says_no_more(const struct pl_nlp_reading *r) {
    if (r->answer != PL_NLP_NEITHER || r->words.n == 0) return true;
    for (uint32_t i = 0; i < r->words.n; i++) {
        bool covered = false;
        for (uint32_t j = 0; j < r->nfound && !covered; j++)
            covered = r->found[j].start <= r->words.v[i].start &&
                      r->found[j].end >= r->words.v[i].end && !r->found[j].needs_after;
        if (!covered) return false;
    }
    return true;
}

void pl_nlp__intents(struct pl_nlp_turn *t) {
    struct pl_nlp_reading *r = t->r;
    struct pl_nlp_terms terms = pl_nlp__terms(t);
    guess(t, &terms);
    take_exact(t, &terms);
    r->rejected =
        r->nguesses == 0 || r->guesses[0].confidence < (double)t->nlp->model->linear.reject;
    r->ambiguous = !r->exact && r->nguesses > 1 && r->guesses[0].confidence >= 0.3 &&
                   r->guesses[0].confidence - r->guesses[1].confidence < MARGIN;
    r->named = is_named(t, &terms);
    r->uncertainty = says_no_more(r) && !r->exact ? 0 : uncertainty(r);
}
