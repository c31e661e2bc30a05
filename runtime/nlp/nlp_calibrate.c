/* SPDX-License-Identifier: Apache-2.0
 *
 * How sure a score is, learned from examples that the model did not learn from: how sharply the
 * scores tell intents apart, how high "none of them" stands, and below which confidence a message
 * means none.
 */
#include "runtime/nlp/nlp_priv.h"

#include <math.h>
#include <stdlib.h>

#define LEAST_OUT       5    /* out of scope among them: fewer tell nothing of "none" */
#define USUAL_SHARPNESS 4.0f /* what is taken then */
#define USUAL_NONE      -0.7f
#define USUAL_REJECT    0.35f
#define OUT_WORTH       0.2 /* a text out of scope told against an intent told: its share's worth */
#define MOST_LOST       0.005 /* of right guesses, when no text out of scope is known */

/* The mean surprise at what the examples mean. */
static double surprise(const struct pl_nlp_linear *l, const struct pl_nlp_trial *t, bool out,
                       double *confidences) {
    double sum = 0;
    uint32_t nintents = t->nclasses - 1, n = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        double none = 1;
        if (t->class[i] == nintents && !out) continue;
        pl_nlp__confidences(l, t->scores + (size_t)i * t->nclasses, nintents, confidences);
        for (uint32_t c = 0; c < nintents; c++) none -= confidences[c];
        sum -= log(fmax(t->class[i] == nintents ? none : confidences[t->class[i]], 1e-4));
        n++;
    }
    return n > 0 ? sum / n : 0;
}

/* The least surprising sharpness and, when texts out of scope are known, place of "none". */
static void learn_scale(struct pl_nlp_linear *l, const struct pl_nlp_trial *t, bool out,
                        double *confidences) {
    struct pl_nlp_linear best = *l;
    double least = INFINITY;
    for (float none = -1.1f; none < 0.3f; none += 0.1f) {
        if (!out && fabsf(none - USUAL_NONE) > 0.05f) continue;
        for (float sharpness = 2; sharpness < 13; sharpness *= 1.15f) {
            l->sharpness = sharpness;
            l->none = none;
            double s = surprise(l, t, out, confidences);
            if (s >= least) continue;
            least = s;
            best = *l;
        }
    }
    *l = best;
}

struct judged { /* an example's best guess */
    double confidence;
    bool right, out;
};

static int by_confidence(const void *a, const void *b) {
    double x = ((const struct judged *)a)->confidence, y = ((const struct judged *)b)->confidence;
    return x < y ? -1 : x > y;
}

/* Above which confidence guesses are taken: v is by confidence, the least first. */
static double learn_reject(const struct judged *v, uint32_t n, uint32_t nout) {
    double best = 0, most = -INFINITY;
    uint32_t right = 0, lost = 0, told = 0;
    for (uint32_t i = 0; i < n; i++) right += v[i].right;
    for (uint32_t i = 0; i <= n; i++) {
        double worth = nout == 0 ? (lost <= MOST_LOST * right ? (double)i : -1)
                                 : (double)(right - lost) / (n - nout) + OUT_WORTH * told / nout;
        if (worth > most) {
            most = worth;
            best = i == 0 ? 0 : i == n ? 1 : (v[i - 1].confidence + v[i].confidence) / 2;
        }
        if (i == n) break;
        lost += v[i].right;
        told += v[i].out;
    }
    return best;
}

static struct judged judge(const struct pl_nlp_linear *l, const struct pl_nlp_trial *t, uint32_t i,
                           double *confidences) {
    uint32_t nintents = t->nclasses - 1, best = 0;
    pl_nlp__confidences(l, t->scores + (size_t)i * t->nclasses, nintents, confidences);
    for (uint32_t c = 1; c < nintents; c++)
        if (confidences[c] > confidences[best]) best = c;
    uint32_t meant = t->class[i];
    return (struct judged){confidences[best], best == meant, meant == nintents};
}

void pl_nlp__calibrate(struct pl_nlp_linear *l, const struct pl_nlp_trial *t) {
    uint32_t nout = 0;
    l->sharpness = USUAL_SHARPNESS;
    l->none = USUAL_NONE;
    l->reject = USUAL_REJECT;
    if (t->n < PL_NLP_LEAST_TRIALS || t->nclasses < 3) return;
    for (uint32_t i = 0; i < t->n; i++) nout += t->class[i] == t->nclasses - 1;
    if (nout < LEAST_OUT || t->n - nout < PL_NLP_LEAST_TRIALS) nout = 0;
    double *confidences = calloc(t->nclasses, sizeof(double));
    struct judged *v = calloc(t->n, sizeof(*v));
    if (confidences && v) {
        uint32_t n = 0;
        learn_scale(l, t, nout > 0, confidences);
        for (uint32_t i = 0; i < t->n; i++) {
            v[n] = judge(l, t, i, confidences);
            n += nout > 0 || !v[n].out;
        }
        qsort(v, n, sizeof(*v), by_confidence);
        double reject = learn_reject(v, n, nout);
        l->reject = (float)(nout > 0 ? reject : fmin(reject, (double)USUAL_REJECT));
    }
    free(confidences);
    free(v);
}
