/* SPDX-License-Identifier: Apache-2.0
 *
 * Trains the intent model with liblinear: one logistic regression per intent against the rest, and
 * against a background of sentences that no shop's intents mean. The primal solver uses no
 * randomness, so the same examples give the same model.
 */
#include "runtime/nlp/nlp_priv.h"

#include <linear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VERSION    1 /* of the training: raise it with any change that gives other weights */
#define COST       8.0
#define OWN_WEIGHT 3.0 /* an intent's own examples against the many others */

static const struct {
    const char *lang, *text;
} background[] = {
#define B(lang, text) {lang, text},
#include "runtime/nlp/data/background.inc"
#undef B
};

struct sample {
    struct pl_nlp_feature *f;
    uint32_t n, class;
};

struct trainer {
    struct pl_nlp *nlp;
    struct pl_arena *a;
    const struct pl_nlp_source *src;
    struct sample *samples;
    uint32_t nsamples;
    struct pl_nlp_linear l;
};

static void add_sample(struct trainer *t, struct pl_str lang, struct pl_str text, uint32_t class) {
    struct pl_nlp_terms terms = pl_nlp__example_terms(t->nlp, t->a, lang, text);
    if (terms.n == 0) return;
    pl_nlp__features(&terms, &t->nlp->features);
    struct sample *s = &t->samples[t->nsamples++];
    *s = (struct sample){PL_NEW_ARRAY(t->a, struct pl_nlp_feature, t->nlp->features.n),
                         t->nlp->features.n, class};
    memcpy(s->f, t->nlp->features.v, s->n * sizeof(*s->f));
}

static void collect(struct trainer *t) {
    const struct pl_nlp_source *src = t->src;
    size_t most = src->nexamples + PL_LEN(background);
    t->samples = PL_NEW_ARRAY(t->a, struct sample, most + 1);
    for (uint32_t i = 0; i < src->nexamples; i++)
        add_sample(t, src->examples[i].lang, src->examples[i].text,
                   src->examples[i].intent == PL_NLP_NO_INTENT ? src->nintents
                                                               : src->examples[i].intent);
    for (size_t i = 0; i < PL_LEN(background) && !src->bare; i++)
        for (uint32_t j = 0; j < src->nlangs; j++)
            if (pl_str_is(pl_locale_language(src->langs[j]), background[i].lang))
                add_sample(t, pl_str_c(background[i].lang), pl_str_c(background[i].text),
                           src->nintents);
}

static int by_key(const void *a, const void *b) {
    uint32_t x = ((const struct pl_nlp_feature *)a)->key,
             y = ((const struct pl_nlp_feature *)b)->key;
    return x < y ? -1 : x > y;
}

/* All features of the samples by key, each with its inverse document frequency. */
static void weigh(struct trainer *t) {
    size_t total = 0, at = 0;
    for (uint32_t i = 0; i < t->nsamples; i++) total += t->samples[i].n;
    struct pl_nlp_feature *all = PL_NEW_ARRAY(t->a, struct pl_nlp_feature, total + 1);
    for (uint32_t i = 0; i < t->nsamples; i++) {
        memcpy(all + at, t->samples[i].f, t->samples[i].n * sizeof(*all));
        at += t->samples[i].n;
    }
    qsort(all, total, sizeof(*all), by_key);
    t->l.keys = PL_NEW_ARRAY(t->a, uint32_t, total + 1);
    t->l.idf = PL_NEW_ARRAY(t->a, float, total + 1);
    for (size_t i = 0; i < total;) {
        size_t end = i;
        while (end < total && all[end].key == all[i].key) end++;
        t->l.keys[t->l.nrows] = all[i].key;
        t->l.idf[t->l.nrows++] = (float)(log((1.0 + t->nsamples) / (1.0 + (double)(end - i))) + 1);
        i = end;
    }
    /* an unknown feature weighs less than a rare one: people have many ways to say a thing */
    t->l.unseen[0] = t->l.unseen[1] = (float)(0.45 * (log(1.0 + t->nsamples) + 1));
}

static uint32_t row_of(const struct pl_nlp_linear *l, uint32_t key) {
    uint32_t lo = 0, hi = l->nrows;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (l->keys[mid] < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int by_index(const void *a, const void *b) {
    return ((const struct feature_node *)a)->index - ((const struct feature_node *)b)->index;
}

static struct feature_node *vector(struct trainer *t, const struct sample *s) {
    struct feature_node *x = PL_NEW_ARRAY(t->a, struct feature_node, s->n + 2);
    double squares[2] = {1e-9, 1e-9};
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t row = row_of(&t->l, s->f[i].key);
        squares[s->f[i].block] += (double)t->l.idf[row] * (double)t->l.idf[row];
        x[i].index = (int)row + 1;
    }
    for (uint32_t i = 0; i < s->n; i++)
        x[i].value = (double)t->l.idf[x[i].index - 1] / sqrt(squares[s->f[i].block]);
    qsort(x, s->n, sizeof(*x), by_index);
    x[s->n] = (struct feature_node){(int)t->l.nrows + 1, 1.0}; /* bias */
    x[s->n + 1] = (struct feature_node){-1, 0};
    return x;
}

static void quiet(const char *s) {
    (void)s;
}

/* One class against the rest; its weights go to column `class`. */
static void fit(struct trainer *t, const struct problem *p, uint32_t class, double *column) {
    int labels[] = {1, -1};
    double weights[] = {class < t->src->nintents ? OWN_WEIGHT : 1, 1};
    struct parameter param = {.solver_type = L2R_LR,
                              .eps = 0.01,
                              .C = COST,
                              .nr_weight = 2,
                              .weight_label = labels,
                              .weight = weights};
    uint32_t own = 0;
    for (uint32_t i = 0; i < t->nsamples; i++) {
        p->y[i] = t->samples[i].class == class ? 1 : -1;
        own += t->samples[i].class == class;
    }
    memset(column, 0, (t->l.nrows + 1) * sizeof(double));
    if (own == 0) {
        column[t->l.nrows] = -8; /* an intent without examples never wins */
        return;
    }
    if (own == t->nsamples) return;
    struct model *m = train(p, &param);
    double sign = m->label[0] == 1 ? 1 : -1;
    for (uint32_t i = 0; i <= t->l.nrows; i++) column[i] = sign * m->w[i];
    free_and_destroy_model(&m);
}

static void quantise(struct pl_nlp_linear *l, const double *column, uint32_t class) {
    double most = 1e-6;
    for (uint32_t i = 0; i < l->nrows; i++)
        if (fabs(column[i]) > most) most = fabs(column[i]);
    l->scale[class] = (float)(most / 127);
    l->bias[class] = (float)column[l->nrows];
    for (uint32_t i = 0; i < l->nrows; i++)
        l->w[(size_t)i * l->stride + class] = (int8_t)lround(column[i] * 127 / most);
}

/* All that the weights depend on: the samples' features and classes, twice hashed. */
static void key_of(const struct trainer *t, uint8_t key[16]) {
    uint64_t h[2] = {PL_FNV, ~PL_FNV};
    uint32_t head[] = {VERSION, t->src->nintents, t->nsamples};
    for (int i = 0; i < 2; i++) {
        h[i] = pl_fnv(h[i], head, sizeof head);
        for (uint32_t k = 0; k < t->nsamples; k++) {
            const struct sample *s = &t->samples[k];
            h[i] = pl_fnv(h[i], &s->class, sizeof s->class);
            for (uint32_t f = 0; f < s->n; f++) {
                uint32_t feature[] = {s->f[f].key, s->f[f].block};
                h[i] = pl_fnv(h[i], feature, sizeof feature);
            }
        }
    }
    memcpy(key, h, 16);
}

static void train_all(struct trainer *t, struct pl_buf *section) {
    weigh(t);
    t->l.nclasses = t->l.stride = t->src->nintents + 1;
    t->l.bias = PL_NEW_ARRAY(t->a, float, t->l.nclasses);
    t->l.scale = PL_NEW_ARRAY(t->a, float, t->l.nclasses);
    t->l.w = PL_NEW_ARRAY(t->a, int8_t, (size_t)t->l.nrows * t->l.stride + 1);
    struct problem p = {.l = (int)t->nsamples, .n = (int)t->l.nrows + 1, .bias = 1};
    p.y = PL_NEW_ARRAY(t->a, double, t->nsamples);
    p.x = PL_NEW_ARRAY(t->a, struct feature_node *, t->nsamples);
    for (uint32_t i = 0; i < t->nsamples; i++) p.x[i] = vector(t, &t->samples[i]);
    double *column = PL_NEW_ARRAY(t->a, double, t->l.nrows + 1);
    set_print_string_function(quiet);
    for (uint32_t c = 0; c < t->l.nclasses; c++) {
        fit(t, &p, c, column);
        quantise(&t->l, column, c);
    }
    pl_nlp__write_linear(section, &t->l);
}

enum pl_err pl_nlp__train(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_source *src,
                          struct pl_buf *section) {
    struct trainer t = {.nlp = n, .a = a, .src = src};
    if (src->nexamples > 0) collect(&t);
    if (t.nsamples == 0) {
        pl_nlp__write_linear(section, &t.l);
        return PL_OK;
    }
    const struct pl_nlp_cache *cache = src->cache;
    uint8_t key[16];
    key_of(&t, key);
    if (cache && cache->get(cache->ctx, key, section)) return PL_OK;
    size_t from = section->n;
    train_all(&t, section);
    if (cache && !section->failed)
        cache->put(cache->ctx, key, (struct pl_str){(char *)section->p + from, section->n - from});
    return section->failed ? PL_NOMEM : PL_OK;
}
