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
    const uint32_t tags = PL_NLP_TAG_YES | PL_NLP_TAG_NO | PL_NLP_TAG_OKAY;
    const struct pl_words *w = &t->r->words;
    for (uint32_t i = 0, n; i<w->n; i += n> 0 ? n : 1) {
        bool yes = false;
        n = 0;
        if (!pl_nlp__may_be(&w->v[i], tags) || !is_opening(w, i)) continue;
        n = pl_nlp__answer_at(w, i, &yes);
        if (n > 0)
            pl_nlp__add_extra(t, w->v[i].start, w->v[i + n - 1].end, PL_NLP_IS_YES_NO,
                              pl_bool(yes));
    }
}

/* A point or a colon inside of a word: "example.com", "http://". */
static bool has_host(struct pl_str s) {
    const char *end = s.p + s.n;
    for (const char *p = s.p; (p = memchr(p, '.', (size_t)(end - p))) != NULL; p++)
        if (p + 1 < end && p[1] > ' ' && p[1] != '.') return true;
    for (const char *p = s.p; (p = memchr(p, ':', (size_t)(end - p))) != NULL; p++)
        if (end - p > 2 && p[1] == '/' && p[2] == '/') return true;
    return false;
}

void pl_nlp__extras(struct pl_nlp_turn *t) {
    find_answers(t);
    if (t->text.n > 0 && has_host(t->text)) pl_nlp__urls(t);
}
