/* SPDX-License-Identifier: Apache-2.0
 *
 * Articles before weak guesses: where a flow answers what no other flow was made for, an article
 * that surely answers is worth more than an intent that is only guessed. It is part of reading a
 * message, a pure function of image and text, and is journaled with the reading: wherever the
 * message is read (live, in talks, played again) the same comes of it.
 */
#include "runtime/engine/engine_priv.h"

#include <string.h>

/* tests/kb/shop.tsv and examples that were left out of the training say so. */
#define CLEAR 0.60 /* a guess of so much is not doubted */
#define SURE  0.95 /* an article of less does not doubt it */
#define OTHER 0.90 /* nor one beside which another one is so sure */
#define TOLD  2    /* nor one that has a single word of the question: "no way", "I want it" */

/* The flow that gets what nothing else takes has an answer from the articles in it. */
static bool open_turn(const struct pl_program *p) {
    uint32_t flow = PL_NOWHERE;
    for (uint32_t i = 0; i < p->ntriggers && flow == PL_NOWHERE; i++)
        if (p->triggers[i].kind == PL_ON_OTHERWISE) {
            if (p->triggers[i].cond != PL_NOWHERE) return false; /* not always */
            flow = p->triggers[i].flow;
        }
    for (uint32_t i = 0; i < p->nmodels; i++)
        if (p->models[i].flow == flow && p->models[i].kind == PL_MODEL_ANSWER &&
            p->models[i].passages > 0)
            return true;
    return false;
}

void pl_engine__articles_open(const struct pl_image *image, struct pl_locale_tools *tools,
                              struct eng_articles *out) {
    struct pl_str index = pl_image_section(image, "kb.index");
    *out = (struct eng_articles){0};
    if (!open_turn(pl_image_program(image)) || pl_kb_open(index, &out->kb) != PL_OK) return;
    if (pl_kb_narticles(out->kb))
        out->scratch = pl_kb_scratch_new(tools);
    else
        pl_kb_close(&out->kb);
}

void pl_engine__articles_close(struct eng_articles *articles) {
    if (!articles->kb) return;
    pl_kb_scratch_free(&articles->scratch);
    pl_kb_close(&articles->kb);
}

/* Would the message, if no intent were found in it, come to the flow for all else? */
static bool comes_to_it(const struct pl_program *p, const struct pl_vm_view *view) {
    if (view->mode == PL_VM_IDLE) return true;
    if (view->mode != PL_VM_ASKING) return false;
    uint32_t otherwise = p->waits[view->wait].otherwise;
    return otherwise < p->ncode && PL_WORD_OP(p->code[otherwise]) == PL_OP_PASS;
}

/* Surer than for an answer that nothing else competes with: two words of the question say what the
 * article is about, and no other article is as good. */
static bool is_sure(const struct pl_kb_result *r) {
    return r->sure && r->told >= TOLD && r->hits[0].confidence >= SURE &&
           (r->n < 2 || r->hits[1].confidence < OTHER);
}

/* A value of the program's own in it: the message is about that one thing, "return ORDER2". */
static bool names_a_thing(const struct pl_vm_reading *r) {
    for (uint32_t i = 0; i < r->nentities; i++)
        if (r->entities[i].entity != PL_NOWHERE) return true;
    return false;
}

/* Is the first intent but a guess, and one that an article may take the place of? */
static bool is_guess(const struct pl_program *p, const struct pl_nlp_reading *r,
                     const struct pl_vm_reading *out) {
    bool doubtful = out->nintents > 0 && !out->ambiguous && !r->exact && !out->choice &&
                    out->npicks == 0 && r->guesses[0].confidence < CLEAR;
    return doubtful && !pl_engine__commands(p, out->intents[0].intent) && !names_a_thing(out);
}

void pl_engine__article_first(struct pl_engine *e, struct eng_conv *c,
                              const struct pl_vm_view *view, const struct pl_nlp_reading *r,
                              struct pl_vm_reading *out) {
    const struct pl_program *p = pl_image_program(c->image->image);
    const struct eng_articles *articles = &c->image->articles;
    struct pl_kb_result found;
    if (!articles->kb || !is_guess(p, r, out) || !comes_to_it(p, view)) return;
    struct pl_kb_query q = {.text = out->text, .locale = c->locale, .top = 2};
    pl_kb_search(articles->scratch, articles->kb, &q, &found);
    if (!is_sure(&found)) return;
    pl_engine__trace(e, "article %.*s %.2f before intent %.*s %.2f", PL_STR_ARG(found.hits[0].id),
                     found.hits[0].confidence, PL_STR_ARG(p->intents[out->intents[0].intent]),
                     (double)out->intents[0].confidence);
    out->nintents = 0;
}
