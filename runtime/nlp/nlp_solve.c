/* SPDX-License-Identifier: Apache-2.0
 *
 * The two solvers of the intent model: one class against the rest, by dual coordinate descent.
 * An example at a time is looked at and its share in the weights made what is best when all others
 * stay. The order is shuffled by a generator of its own, so the same examples give the same
 * weights.
 *
 * Margin: support vectors with squared loss (Hsieh et al., "A Dual Coordinate Descent Method for
 * Large-scale Linear SVM", 2008). Logistic: Yu, Huang, Lin, "Dual Coordinate Descent Methods for
 * Logistic Regression and Maximum Entropy Models", 2011.
 */
#include "runtime/nlp/nlp_priv.h"

#include <math.h>

#define MARGIN_PASSES   100
#define MARGIN_NEAR     0.1 /* the gradients' spread at which it is good enough */
#define LOGISTIC_PASSES 10
#define LOGISTIC_NEAR   0.3 /* the largest gradient at which it is */
#define NEWTON_STEPS    20

struct solver {
    const struct pl_nlp_problem *p;
    struct pl_nlp_cost cost;
    uint32_t class;
    double *share; /* of an example: alpha */
    uint32_t *order;
    float *w;
    double bias;
    uint32_t random;
};

static double sign(const struct solver *s, uint32_t i) {
    return s->p->class[i] == s->class ? 1 : -1;
}

static double cost_of(const struct solver *s, uint32_t i) {
    return s->p->class[i] == s->class ? s->cost.cost * s->cost.own : s->cost.cost;
}

static double score(const struct solver *s, uint32_t i) {
    const struct pl_nlp_problem *p = s->p;
    float sum[2] = {0, 0}; /* two at a time wait less for each other */
    uint32_t k = p->from[i], end = p->from[i + 1];
    for (; k + 1 < end; k += 2) {
        sum[0] += s->w[p->row[k]] * p->x[k];
        sum[1] += s->w[p->row[k + 1]] * p->x[k + 1];
    }
    if (k < end) sum[0] += s->w[p->row[k]] * p->x[k];
    return s->bias + (double)(sum[0] + sum[1]);
}

static void move(struct solver *s, uint32_t i, double by) {
    const struct pl_nlp_problem *p = s->p;
    float f = (float)by;
    for (uint32_t k = p->from[i]; k < p->from[i + 1]; k++) s->w[p->row[k]] += f * p->x[k];
    s->bias += by;
}

/* The square of an example's length, that of the bias included. */
static double square(const struct solver *s, uint32_t i) {
    double sum = 1;
    for (uint32_t k = s->p->from[i]; k < s->p->from[i + 1]; k++)
        sum += (double)(s->p->x[k] * s->p->x[k]);
    return sum;
}

static void shuffle(struct solver *s, uint32_t n) {
    for (uint32_t i = 0; i + 1 < n; i++) {
        s->random = s->random * UINT32_C(1664525) + UINT32_C(1013904223);
        uint32_t j = i + (s->random >> 8) % (n - i), t = s->order[i];
        s->order[i] = s->order[j];
        s->order[j] = t;
    }
}

static struct solver begin(const struct pl_nlp_problem *p, uint32_t class, struct pl_nlp_cost cost,
                           struct pl_arena *a, float *w) {
    struct solver s = {.p = p, .cost = cost, .class = class, .w = w, .random = 12345};
    s.share = PL_NEW_ARRAY(a, double, 2 * (size_t)p->n + 1);
    s.order = PL_NEW_ARRAY(a, uint32_t, (size_t)p->n + 1);
    for (uint32_t i = 0; i < p->n; i++) s.order[i] = i;
    return s;
}

/* ---- margin ---- */

/* Examples far on their right side are left out until the others are settled (`active` of them are
 * not): they rarely come back. */
struct margin {
    double most, least; /* of the gradients in this pass */
    double bound;       /* beyond which an example without a share is left out */
    uint32_t active;
};

/* false: the example was left out. */
static bool margin_step(struct solver *s, struct margin *m, uint32_t i, double length) {
    double y = sign(s, i), soft = 0.5 / cost_of(s, i), old = s->share[i];
    double gradient = y * score(s, i) - 1 + soft * old, pulled = gradient;
    if (old <= 0) {
        if (gradient > m->bound) return false;
        if (gradient > 0) pulled = 0;
    }
    m->most = fmax(m->most, pulled);
    m->least = fmin(m->least, pulled);
    if (fabs(pulled) < 1e-12) return true;
    s->share[i] = fmax(old - gradient / (length + soft), 0);
    move(s, i, (s->share[i] - old) * y);
    return true;
}

static void margin_pass(struct solver *s, struct margin *m, const double *lengths) {
    m->most = -INFINITY;
    m->least = INFINITY;
    shuffle(s, m->active);
    for (uint32_t k = 0; k < m->active;) {
        uint32_t i = s->order[k];
        if (margin_step(s, m, i, lengths[i])) {
            k++;
        } else {
            s->order[k] = s->order[--m->active];
            s->order[m->active] = i;
        }
    }
}

float pl_nlp__solve_margin(const struct pl_nlp_problem *p, uint32_t class, struct pl_nlp_cost cost,
                           struct pl_arena *a, float *w) {
    struct solver s = begin(p, class, cost, a, w);
    struct margin m = {.bound = INFINITY, .active = p->n};
    double *lengths = s.share + p->n;
    for (uint32_t i = 0; i < p->n; i++) lengths[i] = square(&s, i);
    for (int pass = 0; pass < MARGIN_PASSES; pass++) {
        margin_pass(&s, &m, lengths);
        if (m.most - m.least > MARGIN_NEAR) {
            m.bound = m.most <= 0 ? INFINITY : m.most;
            continue;
        }
        if (m.active == p->n) break;
        m.active = p->n;
        m.bound = INFINITY;
    }
    return (float)s.bias;
}

/* ---- logistic ---- */

/* One example: its share z of its cost c is where z's logarithm against what is left of c balances
 * the margin; found by Newton's steps. Gives the gradient before. */
static double logistic_step(struct solver *s, uint32_t i, double length, double near) {
    double c = cost_of(s, i), y = sign(s, i), old = s->share[i], margin = y * score(s, i);
    /* the smaller of share and rest is moved, for its logarithm's sake */
    bool rest = length * (0.5 * c - old) + margin < 0;
    double from = rest ? c - old : old, z = from, side = rest ? -1 : 1;
    if (c - z < 0.5 * c) z *= 0.1;
    double gradient = length * (z - from) + side * margin + log(z / (c - z)), first = gradient;
    if (fabs(first) < near) return fabs(first);
    for (int step = 0; step < NEWTON_STEPS && fabs(gradient) >= near; step++) {
        double next = z - gradient / (length + c / (c - z) / z);
        z = next <= 0 ? z * 0.1 : fmin(next, c * (1 - 1e-9));
        gradient = length * (z - from) + side * margin + log(z / (c - z));
    }
    s->share[i] = rest ? c - z : z;
    move(s, i, (s->share[i] - old) * y);
    return fabs(first);
}

float pl_nlp__solve_logistic(const struct pl_nlp_problem *p, uint32_t class,
                             struct pl_nlp_cost cost, struct pl_arena *a, float *w) {
    struct solver s = begin(p, class, cost, a, w);
    double *lengths = s.share + p->n;
    for (uint32_t i = 0; i < p->n; i++) {
        lengths[i] = square(&s, i);
        s.share[i] = fmin(0.001 * cost_of(&s, i), 1e-8);
        move(&s, i, s.share[i] * sign(&s, i));
    }
    for (int pass = 0; pass < LOGISTIC_PASSES; pass++) {
        double most = 0;
        shuffle(&s, p->n);
        for (uint32_t k = 0; k < p->n; k++)
            most =
                fmax(most, logistic_step(&s, s.order[k], lengths[s.order[k]], LOGISTIC_NEAR / 3));
        if (most < LOGISTIC_NEAR) break;
    }
    return (float)s.bias;
}
