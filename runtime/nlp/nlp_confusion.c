/* SPDX-License-Identifier: Apache-2.0
 *
 * Which intents are taken for one another: the examples as a model reads them that learned from
 * them, and as one does that did not.
 */
#include "runtime/nlp/nlp_priv.h"

#define FOLDS 5

struct judge {
    struct pl_nlp_model *model;
    struct pl_nlp *nlp;
    struct pl_arena scratch; /* an example's */
};

static enum pl_err judge_open(struct judge *j, struct pl_locale_tools *t, struct pl_str section) {
    *j = (struct judge){0};
    pl_arena_init(&j->scratch, 0);
    enum pl_err err = pl_nlp_open(section, &j->model);
    return err == PL_OK ? pl_nlp_new(j->model, t, &j->nlp) : err;
}

static void judge_close(struct judge *j) {
    pl_nlp_free(&j->nlp);
    pl_nlp_close(&j->model);
    pl_arena_free(&j->scratch);
}

/* The intent with the best score; PL_NLP_NO_INTENT when nothing can be told. */
static uint32_t best_of(struct judge *j, const struct pl_nlp_example *e) {
    if (j->model->linear.nrows == 0) return PL_NLP_NO_INTENT;
    pl_arena_reset(&j->scratch);
    struct pl_nlp_terms terms = pl_nlp__example_terms(j->nlp, &j->scratch, e->lang, e->text);
    if (terms.n == 0) return PL_NLP_NO_INTENT;
    pl_nlp__score(j->nlp, &terms);
    uint32_t best = 0;
    for (uint32_t c = 1; c < j->model->nintents; c++)
        if (j->nlp->scores[c] > j->nlp->scores[best]) best = c;
    return best;
}

size_t pl_nlp_confusions(struct pl_locale_tools *t, const struct pl_nlp_source *src,
                         struct pl_str section, struct pl_nlp_confusion *out, size_t max) {
    struct judge j;
    size_t count = 0;
    if (judge_open(&j, t, section) == PL_OK)
        for (uint32_t i = 0; i < src->nexamples; i++) {
            if (src->examples[i].intent == PL_NLP_NO_INTENT) continue;
            uint32_t best = best_of(&j, &src->examples[i]);
            if (best == PL_NLP_NO_INTENT || best == src->examples[i].intent) continue;
            if (count < max) out[count] = (struct pl_nlp_confusion){i, best};
            count++;
        }
    judge_close(&j);
    return count;
}

/* ---- read by a model of the others ---- */

/* Every FOLDS-th of an intent's examples is in the same fold: none loses many at once. */
static uint8_t *folds_of(struct pl_arena *a, const struct pl_nlp_source *src) {
    uint8_t *fold = PL_NEW_ARRAY(a, uint8_t, (size_t)src->nexamples + 1);
    uint32_t *next = PL_NEW_ARRAY(a, uint32_t, (size_t)src->nintents + 1);
    for (uint32_t i = 0; i < src->nexamples; i++) {
        uint32_t of = src->examples[i].intent;
        fold[i] = (uint8_t)(next[of == PL_NLP_NO_INTENT ? src->nintents : of]++ % FOLDS);
    }
    return fold;
}

/* What it is read as in a conversation: no intent when the best one is too unsure. */
static uint32_t taken_as(struct judge *j, const struct pl_nlp_example *e) {
    const struct pl_nlp_model *m = j->model;
    uint32_t best = best_of(j, e);
    if (best == PL_NLP_NO_INTENT) return best;
    pl_nlp__confidences(&m->linear, j->nlp->scores, m->nintents, j->nlp->confidences);
    return j->nlp->confidences[best] < (double)m->linear.reject ? PL_NLP_NO_INTENT : best;
}

static enum pl_err read_fold(struct pl_locale_tools *t, struct pl_arena *a,
                             const struct pl_nlp_source *src, const uint8_t *folds, uint32_t fold,
                             uint32_t *read_as) {
    struct pl_nlp_source others = *src;
    struct pl_nlp_example *kept = PL_NEW_ARRAY(a, struct pl_nlp_example, src->nexamples + 1);
    struct pl_buf section = {0};
    struct pl_str why;
    struct judge j = {0};
    others.cache = NULL; /* nobody asks for these again */
    others.examples = kept;
    others.nexamples = 0;
    for (uint32_t i = 0; i < src->nexamples; i++)
        if (folds[i] != fold) kept[others.nexamples++] = src->examples[i];
    enum pl_err err = pl_nlp_build(t, a, &others, &section, &why);
    if (err == PL_OK) err = judge_open(&j, t, pl_buf_slice(&section));
    for (uint32_t i = 0; i < src->nexamples && err == PL_OK; i++)
        if (folds[i] == fold) read_as[i] = taken_as(&j, &src->examples[i]);
    judge_close(&j);
    pl_buf_free(&section);
    return err;
}

enum pl_err pl_nlp_crossed(struct pl_locale_tools *t, struct pl_arena *a,
                           const struct pl_nlp_source *src, uint32_t *read_as) {
    struct pl_arena scratch;
    enum pl_err err = PL_OK;
    const uint8_t *folds = folds_of(a, src);
    pl_arena_init(&scratch, 0);
    for (uint32_t fold = 0; fold < FOLDS && err == PL_OK; fold++) {
        err = read_fold(t, &scratch, src, folds, fold, read_as);
        pl_arena_reset(&scratch);
    }
    pl_arena_free(&scratch);
    return err;
}
