/* SPDX-License-Identifier: Apache-2.0
 *
 * Learns from the articles for learning: what each feature of a passage weighs in its rank, so that
 * the right one of the candidates comes first (softmax over candidates, gradient descent), and how
 * signs make a confidence (logistic regression), with the threshold that leaves alone the wanted
 * share of questions that no article answers. The same data give the same numbers. */
#include "tests/kb/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS    3000
#define SHARPNESS 10.0 /* of the softmax */
#define ALONE     0.99

/* ---- ranking ---- */

struct race {
    double features[24][PL_KB__FEATURES];
    uint32_t n, right;
};
static PL_VEC(struct race) races;

static void add_race(const struct pl_kb__seen *x, uint32_t right) {
    struct race r = {.n = x->n < 24 ? x->n : 24, .right = UINT32_MAX};
    for (uint32_t i = 0; i < r.n; i++) {
        memcpy(r.features[i], x->features[i], sizeof r.features[i]);
        if (x->units[i] == right) r.right = i;
    }
    if (r.right != UINT32_MAX) PL_PUSH(&races, r);
}

/* Units are in the order of ids. */
static uint32_t unit_of(const struct pl_kb *kb, struct pl_str id) {
    struct pl_kb_hit hit;
    for (uint32_t i = 0; pl_kb_passage(kb, i, &hit); i++)
        if (pl_str_eq(hit.id, id)) return i;
    return UINT32_MAX;
}

static void gather_races(struct pl_locale_tools *t, const struct corpus *c) {
    static struct pl_kb_result result;
    struct pl_kb_scratch *s = pl_kb_scratch_new(t);
    struct index x;
    index_open(&x, t, c, is_for_learning, 0);
    for (uint32_t i = 0; i < c->nasks; i++) {
        const struct doc *d = &c->docs[c->asks[i].doc];
        struct pl_kb_query q = {c->asks[i].text, pl_str_c(c->language), PL_STR(""), 1};
        if (!is_for_learning(d->article, 0)) continue;
        pl_kb_search(s, x.kb, &q, &result);
        add_race(pl_kb__seen(s), unit_of(x.kb, d->id));
    }
    index_close(&x);
    pl_kb_scratch_free(&s);
}

static void add_slope(const struct race *r, const double *w, double *slope) {
    double p[24], sum = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        double score = 0;
        for (int f = 0; f < PL_KB__FEATURES; f++) score += w[f] * r->features[i][f];
        sum += p[i] = exp(SHARPNESS * score);
    }
    for (uint32_t i = 0; i < r->n; i++)
        for (int f = 0; f < PL_KB__FEATURES; f++)
            slope[f] += (p[i] / sum - (i == r->right)) * r->features[i][f];
}

static void learn_weights(void) {
    static const char *const names[] = {"FORM",      "STEM",       "ROOT",   "GRAM",  "SHORT",
                                        "STEM_ONCE", "SHORT_ONCE", "PAIR",   "NEAR",  "ABOUT",
                                        "WIDE",      "SENTENCE",   "NUMBER", "LENGTH"};
    double w[PL_KB__FEATURES], speed[PL_KB__FEATURES] = {0};
    for (int f = 0; f < PL_KB__FEATURES; f++) w[f] = 0.5;
    for (int round = 0; round < ROUNDS; round++) {
        double slope[PL_KB__FEATURES] = {0};
        for (size_t i = 0; i < races.n; i++) add_slope(&races.v[i], w, slope);
        for (int f = 0; f < PL_KB__FEATURES; f++) {
            speed[f] = 0.9 * speed[f] - 0.3 * (slope[f] / (double)races.n + 0.001 * w[f]);
            w[f] += speed[f];
        }
    }
    printf("weights, of %zu questions:\n", races.n);
    for (int f = 0; f < PL_KB__FEATURES; f++) printf("    [PL_KB__F_%s] = %.3f,\n", names[f], w[f]);
}

/* ---- confidence ---- */

#define KNOWN (PL_KB__SIGNS + 1 + LANGUAGES) /* of each sign, of all, of each language */

struct trial {
    double signs[PL_KB__SIGNS];
    size_t language;
    bool answers, enough;
};
static PL_VEC(struct trial) trials;

/* One half of the articles is there. What has its article there and is not found teaches nothing.
 */
static void gather_trials(struct pl_locale_tools *t, const struct corpus *c, size_t language,
                          uint32_t part) {
    static struct pl_kb_result result;
    struct pl_kb_scratch *s = pl_kb_scratch_new(t);
    struct index x;
    index_open(&x, t, c, is_half_for_learning, part);
    for (uint32_t i = 0; i < c->nasks; i++) {
        const struct doc *d = &c->docs[c->asks[i].doc];
        struct pl_kb_query q = {c->asks[i].text, pl_str_c(c->language), PL_STR(""), 1};
        if (!is_for_learning(d->article, 0)) continue;
        pl_kb_search(s, x.kb, &q, &result);
        struct trial y = {.language = language};
        y.answers = is_half_for_learning(d->article, part);
        if (y.answers && !(result.n && pl_str_eq(result.hits[0].id, d->id))) continue;
        memcpy(y.signs, pl_kb__seen(s)->signs, sizeof y.signs);
        y.enough = pl_kb__seen(s)->enough;
        PL_PUSH(&trials, y);
    }
    index_close(&x);
    pl_kb_scratch_free(&s);
}

static double confidence(const struct trial *y, const double *w) {
    double sum = w[PL_KB__SIGNS] + w[PL_KB__SIGNS + 1 + y->language];
    for (int i = 0; i < PL_KB__SIGNS; i++) sum += w[i] * y->signs[i];
    return 1 / (1 + exp(-sum));
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The confidence that so many of the unanswerable stay under. */
static double threshold(const double *w) {
    double *v = calloc(trials.n + 1, sizeof *v);
    size_t n = 0;
    pl_assert(v);
    for (size_t i = 0; i < trials.n; i++)
        if (!trials.v[i].answers) v[n++] = trials.v[i].enough ? confidence(&trials.v[i], w) : 0;
    qsort(v, n, sizeof *v, by_size);
    double at = n ? v[(size_t)((double)n * ALONE)] : 0;
    free(v);
    return at;
}

/* Of the languages, which others are taken to be like. */
static double middle(const double *chances) {
    double v[LANGUAGES];
    memcpy(v, chances, sizeof v);
    qsort(v, LANGUAGES, sizeof *v, by_size);
    return (v[LANGUAGES / 2 - 1] + v[LANGUAGES / 2]) / 2;
}

static void learn_signs(void) {
    static const char *const names[] = {"SCORE", "FORM", "STEM", "GRAM",    "NEAR",
                                        "PAIR",  "GAP",  "MASS", "UNKNOWN", "TOP"};
    double w[KNOWN] = {0}, speed[KNOWN] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        double slope[KNOWN] = {0};
        for (size_t i = 0; i < trials.n; i++) {
            double d = confidence(&trials.v[i], w) - trials.v[i].answers;
            for (int k = 0; k < PL_KB__SIGNS; k++) slope[k] += d * trials.v[i].signs[k];
            slope[PL_KB__SIGNS] += d;
            slope[PL_KB__SIGNS + 1 + trials.v[i].language] += d;
        }
        for (int k = 0; k < KNOWN; k++) {
            double hold = k > PL_KB__SIGNS ? 0.00003 : 0.0001;
            speed[k] = 0.9 * speed[k] - 0.5 * (slope[k] / (double)trials.n + hold * w[k]);
            w[k] += speed[k];
        }
    }
    double at = threshold(w);
    size_t taken = 0, n = 0;
    for (size_t i = 0; i < trials.n; i++) {
        if (!trials.v[i].answers) continue;
        n++;
        taken += trials.v[i].enough && confidence(&trials.v[i], w) >= at;
    }
    printf("signs, of %zu questions; answers %.1f %% of %zu:\n", trials.n,
           100.0 * (double)taken / (double)n, n);
    for (int k = 0; k < PL_KB__SIGNS; k++) printf("    [PL_KB__S_%s] = %.3f,\n", names[k], w[k]);
    double usual = middle(w + PL_KB__SIGNS + 1);
    for (size_t l = 0; l < LANGUAGES; l++)
        printf("    {\"%s\", %.2f},\n", languages[l], w[PL_KB__SIGNS + 1 + l] - usual);
    printf("bias = %.3f\nSURE = %.3f\n", w[PL_KB__SIGNS] + usual, at);
}

int learn(struct pl_locale_tools *t, const char *folder) {
    static struct corpus c;
    for (size_t l = 0; l < LANGUAGES; l++) {
        if (!corpus_read(&c, folder, languages[l])) return 2;
        gather_races(t, &c);
        for (uint32_t part = 0; part < 2; part++) gather_trials(t, &c, l, part);
        corpus_free(&c);
    }
    learn_weights();
    learn_signs();
    PL_VEC_FREE(&races);
    PL_VEC_FREE(&trials);
    return 0;
}
