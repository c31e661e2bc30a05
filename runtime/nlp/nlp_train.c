/* SPDX-License-Identifier: Apache-2.0
 *
 * Trains the intent model: each intent against the rest, and against a background of sentences that
 * no shop's intents mean. An intent's weights are the sum of two linear models' (nlp_solve.c),
 * which err apart. How scores become confidences is learned from examples that were held back.
 */
#include "runtime/nlp/nlp_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VERSION      5    /* of the training: raise it with any change that gives other weights */
#define RARITY       0.6  /* power of the inverse document frequency */
#define PAIRS        0.7  /* pairs of words weigh less than words */
#define MIX          0.3  /* of the logistic model's weights beside the margin's */
#define MANY         5000 /* examples from which an unknown feature counts whole in a length */
#define UNSEEN       0.4  /* what it counts with few */
#define FEW          300  /* examples up to which all take their turn in being held back */
#define FOLDS        5
#define ALONE        3 /* one in so many is held back where it is done once */
#define MOST_TRIALS  3000
#define NO_EXAMPLES  -8.0f /* the score of an intent without examples: it never wins */
#define MOST_OF_NAME 200   /* bytes of an intent's name that are read */

static const struct pl_nlp_cost margin_cost = {.cost = 1, .own = 10},
                                logistic_cost = {.cost = 8, .own = 3};

static const struct {
    const char *lang, *text;
} background[] = {
#define B(lang, text) {lang, text},
#include "runtime/nlp/data/background.inc"
#undef B
};

struct sample {
    uint32_t *f;
    uint32_t n, class;
};

struct samples {
    struct sample *v;
    uint32_t n;
};

struct trainer {
    struct pl_nlp *nlp;
    struct pl_arena *a;
    const struct pl_nlp_source *src;
    struct samples own, held;
    struct pl_nlp_linear l;
    struct pl_nlp_problem p; /* own, then held */
    struct pl_arena scratch; /* an example's, then a solver's */
};

/* ---- samples ---- */

static void add_sample(struct trainer *t, struct samples *to, struct pl_str lang,
                       struct pl_str text, uint32_t class) {
    pl_arena_reset(&t->scratch);
    struct pl_nlp_terms terms = pl_nlp__example_terms(t->nlp, &t->scratch, lang, text);
    if (terms.n == 0) return;
    pl_nlp__features(&terms, &t->nlp->features);
    struct sample *s = &to->v[to->n++];
    *s = (struct sample){PL_NEW_ARRAY(t->a, uint32_t, t->nlp->features.n), t->nlp->features.n,
                         class};
    memcpy(s->f, t->nlp->features.v, s->n * sizeof(*s->f));
}

static void add_examples(struct trainer *t, struct samples *to, const struct pl_nlp_example *v,
                         uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        add_sample(t, to, v[i].lang, v[i].text,
                   v[i].intent == PL_NLP_NO_INTENT ? t->src->nintents : v[i].intent);
}

/* "order.trackParcel" says what it is about, too. */
static void add_names(struct trainer *t) {
    const struct pl_nlp_source *src = t->src;
    bool *used = PL_NEW_ARRAY(t->a, bool, (size_t)src->nintents + 2);
    for (uint32_t i = 0; i < t->own.n; i++) used[t->own.v[i].class] = true;
    for (uint32_t i = 0; i < src->nintents; i++) {
        char b[2 * MOST_OF_NAME];
        struct pl_str name = src->intents[i];
        size_t n = 0;
        for (size_t k = 0; k < name.n && k < MOST_OF_NAME; k++) {
            bool upper = name.p[k] >= 'A' && name.p[k] <= 'Z';
            if (upper && k > 0 && name.p[k - 1] >= 'a' && name.p[k - 1] <= 'z') b[n++] = ' ';
            b[n++] = strchr("_-./:", name.p[k]) ? ' ' : name.p[k];
        }
        if (used[i])
            add_sample(t, &t->own, src->nlangs > 0 ? src->langs[0] : PL_STR(""),
                       (struct pl_str){b, n}, i);
    }
}

static void collect(struct trainer *t) {
    const struct pl_nlp_source *src = t->src;
    size_t most = (size_t)src->nexamples + src->nintents + PL_LEN(background);
    t->own.v = PL_NEW_ARRAY(t->a, struct sample, most + 1);
    t->held.v = PL_NEW_ARRAY(t->a, struct sample, (size_t)src->nheld + 1);
    add_examples(t, &t->own, src->examples, src->nexamples);
    add_examples(t, &t->held, src->held, src->nheld);
    add_names(t);
    for (size_t i = 0; i < PL_LEN(background) && !src->bare; i++)
        for (uint32_t j = 0; j < src->nlangs; j++)
            if (pl_str_is(pl_locale_language(src->langs[j]), background[i].lang))
                add_sample(t, &t->own, pl_str_c(background[i].lang), pl_str_c(background[i].text),
                           src->nintents);
}

/* ---- features' weights ---- */

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Of a feature that `n` of the examples have. */
static float rarity(const struct trainer *t, uint32_t key, uint32_t n) {
    double idf = log((1.0 + t->own.n) / (1.0 + n)) + 1;
    return (float)(pow(idf, RARITY) * (pl_nlp__block(key) == PL_NLP_PAIRS ? PAIRS : 1));
}

/* All features of the samples by key, each with its weight. */
static void weigh(struct trainer *t) {
    size_t total = 0, at = 0;
    for (uint32_t i = 0; i < t->own.n; i++) total += t->own.v[i].n;
    uint32_t *all = PL_NEW_ARRAY(t->a, uint32_t, total + 1);
    for (uint32_t i = 0; i < t->own.n; i++) {
        memcpy(all + at, t->own.v[i].f, t->own.v[i].n * sizeof(*all));
        at += t->own.v[i].n;
    }
    qsort(all, total, sizeof(*all), by_number);
    t->l.keys = PL_NEW_ARRAY(t->a, uint32_t, total + 1);
    t->l.idf = PL_NEW_ARRAY(t->a, float, total + 1);
    for (size_t i = 0; i < total;) {
        size_t end = i;
        while (end < total && all[end] == all[i]) end++;
        t->l.keys[t->l.nrows] = all[i];
        t->l.idf[t->l.nrows++] = rarity(t, all[i], (uint32_t)(end - i));
        i = end;
    }
    /* the more was seen, the more it says that something never was */
    double told = t->own.n < MANY ? UNSEEN + (1 - UNSEEN) * t->own.n / MANY : 1;
    for (uint32_t b = 0; b < PL_NLP_BLOCKS; b++)
        t->l.unseen[b] = (float)(told * (double)rarity(t, b, 0));
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
    return lo < l->nrows && l->keys[lo] == key ? lo : UINT32_MAX;
}

/* ---- the examples as numbers ---- */

struct rows {
    uint32_t *from, *row, *class;
    float *x;
};

/* Words with their pairs, and letters, have the length one each. */
static void put_vector(struct trainer *t, struct rows *r, uint32_t at, const struct sample *s) {
    float squares[2] = {1e-9f, 1e-9f};
    uint32_t n = r->from[at], first = n;
    r->class[at] = s->class;
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t row = row_of(&t->l, s->f[i]), letters = pl_nlp__is_letters(s->f[i]);
        float x = row == UINT32_MAX ? t->l.unseen[pl_nlp__block(s->f[i])] : t->l.idf[row];
        squares[letters] += x * x;
        if (row == UINT32_MAX) continue;
        r->row[n] = row;
        r->x[n++] = x;
    }
    for (uint32_t i = first; i < n; i++)
        r->x[i] /= sqrtf(squares[pl_nlp__is_letters(t->l.keys[r->row[i]])]);
    r->from[at + 1] = n;
}

static void vectors(struct trainer *t) {
    size_t total = 0, n = (size_t)t->own.n + t->held.n;
    for (uint32_t i = 0; i < t->own.n; i++) total += t->own.v[i].n;
    for (uint32_t i = 0; i < t->held.n; i++) total += t->held.v[i].n;
    struct rows r = {PL_NEW_ARRAY(t->a, uint32_t, n + 1), PL_NEW_ARRAY(t->a, uint32_t, total + 1),
                     PL_NEW_ARRAY(t->a, uint32_t, n + 1), PL_NEW_ARRAY(t->a, float, total + 1)};
    for (uint32_t i = 0; i < t->own.n; i++) put_vector(t, &r, i, &t->own.v[i]);
    for (uint32_t i = 0; i < t->held.n; i++) put_vector(t, &r, t->own.n + i, &t->held.v[i]);
    t->p = (struct pl_nlp_problem){(uint32_t)n, r.from, r.row, r.class, r.x};
}

/* Some of the examples: their places in the problem. */
struct part {
    uint32_t *v;
    uint32_t n;
};

static struct pl_nlp_problem part_of(struct trainer *t, const struct part *part) {
    size_t total = 0, at = 0;
    for (uint32_t i = 0; i < part->n; i++)
        total += t->p.from[part->v[i] + 1] - t->p.from[part->v[i]];
    struct rows r = {
        PL_NEW_ARRAY(t->a, uint32_t, part->n + 1), PL_NEW_ARRAY(t->a, uint32_t, total + 1),
        PL_NEW_ARRAY(t->a, uint32_t, part->n + 1), PL_NEW_ARRAY(t->a, float, total + 1)};
    for (uint32_t i = 0; i < part->n; i++) {
        uint32_t from = t->p.from[part->v[i]], n = t->p.from[part->v[i] + 1] - from;
        memcpy(r.row + at, t->p.row + from, n * sizeof(*r.row));
        memcpy(r.x + at, t->p.x + from, n * sizeof(*r.x));
        r.class[i] = t->p.class[part->v[i]];
        r.from[i + 1] = (uint32_t)(at += n);
    }
    return (struct pl_nlp_problem){part->n, r.from, r.row, r.class, r.x};
}

/* ---- fitting ---- */

/* One class against the rest: the weights of all features, `extra` for the logistic model's. */
static float fit(struct trainer *t, const struct pl_nlp_problem *p, uint32_t class, float *w,
                 float *extra) {
    uint32_t own = 0;
    size_t size = t->l.nrows * sizeof(float);
    for (uint32_t i = 0; i < p->n; i++) own += p->class[i] == class;
    memset(w, 0, size);
    memset(extra, 0, size);
    if (own == 0) return NO_EXAMPLES;
    if (own == p->n) return 0;
    pl_arena_reset(&t->scratch);
    float bias = pl_nlp__solve_margin(p, class, margin_cost, &t->scratch, w);
    bias += (float)MIX * pl_nlp__solve_logistic(p, class, logistic_cost, &t->scratch, extra);
    for (uint32_t i = 0; i < t->l.nrows; i++) w[i] += (float)MIX * extra[i];
    return bias;
}

static void quantise(struct pl_nlp_linear *l, const float *w, float bias, uint32_t class) {
    float most = 1e-6f;
    for (uint32_t i = 0; i < l->nrows; i++) most = fmaxf(most, fabsf(w[i]));
    l->scale[class] = most / 127;
    l->bias[class] = bias;
    for (uint32_t i = 0; i < l->nrows; i++)
        l->w[(size_t)i * l->stride + class] = (int8_t)lroundf(w[i] * 127 / most);
}

/* ---- trials: examples that a model did not learn from ---- */

struct trials {
    float *scores;
    uint32_t *class;
    uint32_t n;
};

static void try_one(const struct trainer *t, struct trials *r, uint32_t at, uint32_t example,
                    uint32_t class, const float *w, float bias) {
    float sum = bias;
    for (uint32_t k = t->p.from[example]; k < t->p.from[example + 1]; k++)
        sum += w[t->p.row[k]] * t->p.x[k];
    r->scores[(size_t)at * t->l.nclasses + class] = sum;
    r->class[at] = t->p.class[example];
}

static void learn_and_try(struct trainer *t, const struct part *learn, const struct part *trial,
                          struct trials *r, bool keep) {
    struct pl_nlp_problem p = part_of(t, learn);
    float *w = PL_NEW_ARRAY(t->a, float, (size_t)t->l.nrows + 1);
    float *extra = PL_NEW_ARRAY(t->a, float, (size_t)t->l.nrows + 1);
    for (uint32_t c = 0; c < t->l.nclasses; c++) {
        float bias = fit(t, &p, c, w, extra);
        for (uint32_t i = 0; i < trial->n; i++) try_one(t, r, r->n + i, trial->v[i], c, w, bias);
        if (keep) quantise(&t->l, w, bias, c);
    }
    r->n += trial->n;
}

/* Every example whose number is `fold` among FOLDS is held back, but no more than there is room
 * for; where one fold is all there will be, every second one of those that mean no intent. */
static void split(struct trainer *t, uint32_t fold, bool alone, struct part *learn,
                  struct part *trial) {
    uint32_t apart = alone ? ALONE : FOLDS, none = 0;
    while (t->own.n / apart > MOST_TRIALS / 2) apart++;
    learn->n = trial->n = 0;
    for (uint32_t i = 0; i < t->own.n; i++) {
        bool out = alone && t->own.v[i].class == t->src->nintents;
        if (trial->n < MOST_TRIALS && (out ? none++ % 2 == 0 : i % apart == fold))
            trial->v[trial->n++] = i;
        else
            learn->v[learn->n++] = i;
    }
}

static bool tells_none(const struct trainer *t) {
    for (uint32_t i = 0; i < t->held.n; i++)
        if (t->held.v[i].class == t->src->nintents) return true;
    return false;
}

/* Learns from all examples; what the source held back calibrates, and, when that has nothing out of
 * scope, what is held back here. */
static void train_all(struct trainer *t) {
    uint32_t nfolds = t->own.n <= FEW ? FOLDS : 1;
    if (tells_none(t) || t->own.n + t->held.n < PL_NLP_LEAST_TRIALS) nfolds = 0;
    size_t most = (size_t)FOLDS * MOST_TRIALS + t->held.n;
    if (most > (size_t)t->own.n + t->held.n) most = (size_t)t->own.n + t->held.n;
    struct trials r = {PL_NEW_ARRAY(t->a, float, (most + 1) * t->l.nclasses),
                       PL_NEW_ARRAY(t->a, uint32_t, most + 1), 0};
    struct part learn = {PL_NEW_ARRAY(t->a, uint32_t, (size_t)t->own.n + 1), 0};
    struct part trial = {PL_NEW_ARRAY(t->a, uint32_t, most + 1), 0};
    for (uint32_t fold = 0; fold < nfolds; fold++) {
        split(t, fold, nfolds == 1, &learn, &trial);
        learn_and_try(t, &learn, &trial, &r, false);
    }
    for (learn.n = 0; learn.n < t->own.n; learn.n++) learn.v[learn.n] = learn.n;
    for (trial.n = 0; trial.n < t->held.n && trial.n < MOST_TRIALS; trial.n++)
        trial.v[trial.n] = t->own.n + trial.n;
    learn_and_try(t, &learn, &trial, &r, true);
    pl_nlp__calibrate(&t->l, &(struct pl_nlp_trial){r.scores, r.class, r.n, t->l.nclasses});
}

/* ---- all of it ---- */

static void hash_samples(uint64_t *h, const struct samples *v) {
    *h = pl_fnv(*h, &v->n, sizeof v->n);
    for (uint32_t k = 0; k < v->n; k++) {
        const struct sample *s = &v->v[k];
        *h = pl_fnv(*h, &s->class, sizeof s->class);
        *h = pl_fnv(*h, s->f, s->n * sizeof(*s->f));
    }
}

/* All that the weights depend on: the samples' features and classes, twice hashed. */
static void key_of(const struct trainer *t, uint8_t key[16]) {
    uint64_t h[2] = {PL_FNV, ~PL_FNV};
    uint32_t head[] = {VERSION, t->src->nintents};
    for (int i = 0; i < 2; i++) {
        h[i] = pl_fnv(h[i], head, sizeof head);
        hash_samples(&h[i], &t->own);
        hash_samples(&h[i], &t->held);
    }
    memcpy(key, h, 16);
}

static void train(struct trainer *t, struct pl_buf *section) {
    weigh(t);
    t->l.nclasses = t->l.stride = t->src->nintents + 1;
    t->l.bias = PL_NEW_ARRAY(t->a, float, t->l.nclasses);
    t->l.scale = PL_NEW_ARRAY(t->a, float, t->l.nclasses);
    t->l.w = PL_NEW_ARRAY(t->a, int8_t, (size_t)t->l.nrows * t->l.stride + 1);
    vectors(t);
    train_all(t);
    pl_nlp__write_linear(section, &t->l);
}

/* Is what the cache gave a model of these intents? */
static bool is_model(const struct trainer *t, struct pl_str bytes) {
    struct pl_arena a;
    struct pl_nlp_linear l = {0};
    struct pl_reader r = pl_reader_of(bytes);
    pl_arena_init(&a, 0);
    bool good = pl_nlp__read_linear(&r, &a, t->src->nintents, &l) && !r.bad && r.p == r.end;
    pl_arena_free(&a);
    return good;
}

static enum pl_err learn(struct trainer *t, struct pl_buf *section) {
    if (t->src->nexamples > 0) collect(t);
    if (t->own.n == 0) {
        pl_nlp__write_linear(section, &t->l);
        return PL_OK;
    }
    const struct pl_nlp_cache *cache = t->src->cache;
    uint8_t key[16];
    key_of(t, key);
    size_t from = section->n;
    if (cache && cache->get(cache->ctx, key, section)) {
        if (is_model(t, (struct pl_str){(char *)section->p + from, section->n - from}))
            return PL_OK;
        section->n = from; /* another program's, or damaged: learned anew */
    }
    train(t, section);
    if (cache && !section->failed)
        cache->put(cache->ctx, key, (struct pl_str){(char *)section->p + from, section->n - from});
    return section->failed ? PL_NOMEM : PL_OK;
}

enum pl_err pl_nlp__train(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_source *src,
                          struct pl_buf *section) {
    struct trainer t = {.nlp = n, .a = a, .src = src};
    pl_arena_init(&t.scratch, 0);
    enum pl_err err = learn(&t, section);
    pl_arena_free(&t.scratch);
    return err;
}
