/* SPDX-License-Identifier: Apache-2.0
 *
 * The question as a vector, where the image has vectors of its passages: asked of the model that
 * made those, without personal data, and not waited for longer than a moment.
 */
#include "runtime/answer/answer_priv.h"

#include <stdlib.h>
#include <string.h>

#define MOMENT_MS    300
#define SHARE        3 /* of what is left of the turn, at most one part */
#define LETTERS_MOST 2000

struct pl_answer_image *pl_answer__known(const struct pl_answer *a, const struct pl_image *image) {
    for (size_t i = 0; i < a->images.n; i++)
        if (a->images.v[i]->image == image) return a->images.v[i];
    return NULL;
}

static const struct pl_kb_vectors *vectors_of(const struct turn *t) {
    const struct pl_answer_image *k = pl_answer__known(t->owner, t->in.image);
    return k != NULL && k->vectors.dims > 0 ? &k->vectors : NULL;
}

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct asked *asked = ctx;
    struct turn *t = asked->turn;
    const struct pl_kb_vectors *v = t != NULL ? vectors_of(t) : NULL;
    if (v != NULL && e->kind == PL_LLM_VECTOR && e->vector.n == v->dims) {
        int8_t *row = PL_NEW_ARRAY(&t->a, int8_t, v->dims);
        if (row != NULL && pl_kb_vector_row(e->vector.v, v->dims, row) == PL_OK) t->question = row;
    }
    if (e->kind != PL_LLM_DONE) return;
    free(asked);
    if (t == NULL) return;
    t->embedding = NULL;
    t->ask = 0;
    t->tokens += e->done.usage.input + e->done.usage.cached;
    t->micro += e->done.micro;
    pl_answer__count(t->owner,
                     t->question != NULL ? PL_ANSWER_COUNT_EMBEDDED : PL_ANSWER_COUNT_EMBED_FAILED);
    pl_answer__search(t);
}

bool pl_answer__embed(struct turn *t) {
    const struct pl_answer_model *m = &t->owner->config.model;
    const struct pl_kb_vectors *v = vectors_of(t);
    struct pl_str text = t->in.text;
    int64_t ms = (t->until_us - pl_loop_now_us(t->in.loop)) / 1000 / SHARE;
    pl_assert(!t->in.no_model);
    if (v == NULL || t->spec->passages == 0 || ms <= 0) return false;
    if (text.n > LETTERS_MOST) text.n = LETTERS_MOST;
    while (text.n > 0 && text.n < t->in.text.n && ((uint8_t)text.p[text.n] & 0xc0) == 0x80)
        text.n--;
    if (pl_veil_hide(t->veil, text, &text) != PL_OK) return false;
    struct pl_llm_request r = {
        .embed = &text,
        .nembed = 1,
        .embed_model = v->model,
        .deadline_ms = ms < MOMENT_MS ? ms : MOMENT_MS,
        .budget = {.attempts = 1, .tokens = t->spec->tokens, .micro = t->spec->micro},
        /* Without it an equal question would find other passages when no provider is there, and so
         * make another prompt than the one whose answer is kept. */
        .cache_ms = PL_LLM_CACHE_AS_SET,
        .personal = pl_str_find(text, PL_STR("\u27e6")) != SIZE_MAX,
        .loop = t->in.loop,
        .on_event = on_event};
    struct asked *asked = calloc(1, sizeof *asked);
    pl_assert(asked != NULL);
    asked->turn = t;
    r.ctx = asked;
    memcpy(r.conversation, t->in.conversation, sizeof r.conversation);
    t->ask = m->ask(m->ctx, &r);
    if (t->ask == 0) {
        free(asked);
        return false;
    }
    t->embedding = asked;
    return true;
}
