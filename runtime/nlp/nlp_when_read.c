/* SPDX-License-Identifier: Apache-2.0
 *
 * Times of a message: the words of its language, made when it is first met, and what they say.
 */
#include "runtime/nlp/nlp_when_priv.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

void pl_nlp_warm(struct pl_nlp *n, struct pl_locale_tools *tools) {
    for (uint32_t i = 0; i < n->model->nlangs; i++) {
        struct pl_str lang = pl_locale_language(n->model->langs[i]);
        (void)pl_nlp__when_words(n, tools, lang);
        pl_nlp__numbers_warm(n, tools, lang);
    }
}

static bool month_first(struct pl_str locale) {
    return locale.n == 0 || pl_str_is(locale, "en-US") || pl_str_is(locale, "en") ||
           pl_str_is(locale, "en-PH");
}

static struct when_context context_of(const struct pl_nlp_turn *t) {
    struct pl_local l = pl_locale_to_local(t->nlp->tools, t->ctx->zone, t->ctx->now_ms);
    int64_t ms = t->ctx->now_ms + (int64_t)l.offset_minutes * 60000;
    int64_t day = ms >= 0 ? ms / DAY_MS : (ms - DAY_MS + 1) / DAY_MS;
    return (struct when_context){.today = (int32_t)day,
                                 .now = (int32_t)((ms - day * DAY_MS) / 1000),
                                 .month_first = month_first(t->ctx->locale),
                                 .how_long = t->ctx->asked == PL_KIND_DURATION};
}

static void read_in(struct pl_nlp_turn *t, struct pl_str language) {
    const struct when_words *w = pl_nlp__when_words(t->nlp, t->nlp->tools, language);
    if (w == NULL) return;
    struct when_tokens tokens = pl_nlp__when_tokens(w, t->a, &t->r->words);
    if (!tokens.any) return;
    struct when_context ctx = context_of(t);
    t->r->times = PL_NEW_ARRAY(t->a, struct pl_nlp_time, PL_NLP_TIMES);
    if (t->r->times == NULL) return;
    t->r->ntimes = pl_nlp__when(&tokens, &ctx, t->r->times, PL_NLP_TIMES);
}

static bool asks_time(uint8_t kind) {
    return kind == PL_KIND_DATE || kind == PL_KIND_TIME || kind == PL_KIND_DATETIME ||
           kind == PL_KIND_DURATION;
}

/* In the message's language; else in the conversation's, which of a short message is the surer; to
 * a question for a time in any of the project's. Of a language without words: what is written in
 * digits, by those of English. */
void pl_nlp__times(struct pl_nlp_turn *t) {
    const struct pl_nlp_model *m = t->nlp->model;
    struct pl_str own = pl_locale_language(t->r->language);
    struct pl_str other =
        pl_locale_language(t->ctx->language.n ? t->ctx->language : t->ctx->locale);
    read_in(t, own);
    if (t->r->ntimes == 0 && !pl_str_eq(own, other)) read_in(t, other);
    for (uint32_t i = 0; t->r->ntimes == 0 && asks_time(t->ctx->asked) && i < m->nlangs; i++)
        read_in(t, m->langs[i]);
    if (t->r->ntimes == 0 && pl_nlp__when_words(t->nlp, t->nlp->tools, own) == NULL)
        read_in(t, PL_STR("en"));
}
