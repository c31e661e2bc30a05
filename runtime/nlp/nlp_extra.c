/* SPDX-License-Identifier: Apache-2.0
 *
 * What a message has besides values for slots: web addresses that no question asked for, and words
 * of yes and no among others.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

/* At the beginning, or behind a mark. */
static bool is_opening(const struct pl_words *w, uint32_t i) {
    for (uint32_t at = i > 0 ? w->v[i - 1].end : 0; i > 0 && at < w->v[i].start; at++)
        if (w->text.p[at] != ' ') return true;
    return i == 0;
}

static void find_answers(struct pl_nlp_turn *t) {
    const struct pl_words *w = &t->r->words;
    for (uint32_t i = 0; i < w->n;) {
        uint32_t n = 0;
        bool yes = false;
        if (is_opening(w, i) &&
            pl_nlp__may_be(&w->v[i], PL_NLP_TAG_YES | PL_NLP_TAG_NO | PL_NLP_TAG_OKAY))
            n = pl_nlp__answer_at(w, i, &yes);
        if (n > 0)
            pl_nlp__add_extra(t, w->v[i].start, w->v[i + n - 1].end, PL_NLP_IS_YES_NO,
                              pl_bool(yes));
        i += n > 0 ? n : 1;
    }
}

void pl_nlp__extras(struct pl_nlp_turn *t) {
    find_answers(t);
    if (memchr(t->text.p, '.', t->text.n) != NULL ||
        pl_str_find(t->text, PL_STR("://")) != SIZE_MAX)
        pl_nlp__urls(t);
}
