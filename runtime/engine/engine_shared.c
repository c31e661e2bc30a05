/* SPDX-License-Identifier: Apache-2.0
 *
 * What engines of one thread, one after the other, have in common: ICU's objects and the
 * recognisers of images, which take longer to open than a short conversation takes to play.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct pl_image *image; /* the model points into it */
    struct pl_nlp_model *model;
    struct pl_nlp *nlp;
    struct eng_articles articles;
};
struct pl_engine_shared {
    struct pl_locale_tools *tools;
    PL_VEC(struct reader) readers;
};

static void reader_free(struct reader *r) {
    pl_engine__articles_close(&r->articles);
    if (r->nlp) pl_nlp_free(&r->nlp);
    if (r->model) pl_nlp_close(&r->model);
    pl_image_unref(&r->image);
}

static enum pl_err reader_open(struct pl_image *image, struct pl_locale_tools *tools,
                               struct reader *out) {
    *out = (struct reader){.image = pl_image_ref(image)};
    enum pl_err err = pl_nlp_open(pl_image_section(image, "nlp.model"), &out->model);
    if (err == PL_OK) err = pl_nlp_new(out->model, tools, &out->nlp);
    if (err == PL_OK) pl_engine__articles_open(image, tools, &out->articles);
    if (err != PL_OK) reader_free(out);
    return err;
}

struct pl_engine_shared *pl_engine_shared_new(void) {
    struct pl_engine_shared *s = calloc(1, sizeof *s);
    if (s) s->tools = pl_locale_tools_new();
    if (s && !s->tools) pl_engine_shared_free(&s);
    return s;
}

void pl_engine_shared_free(struct pl_engine_shared **shared) {
    struct pl_engine_shared *s = *shared;
    if (!s) return;
    for (size_t i = 0; i < s->readers.n; i++) reader_free(&s->readers.v[i]);
    PL_VEC_FREE(&s->readers);
    if (s->tools) pl_locale_tools_free(&s->tools);
    free(s);
    *shared = NULL;
}

struct pl_locale_tools *pl_engine__tools(const struct pl_engine_config *config) {
    return config->shared ? config->shared->tools : pl_locale_tools_new();
}

void pl_engine__tools_free(struct pl_engine *e) {
    if (e->tools && !e->config.shared) pl_locale_tools_free(&e->tools);
    e->tools = NULL;
}

enum pl_err pl_engine__reader(struct pl_engine *e, struct eng_image *i) {
    struct pl_engine_shared *s = e->config.shared;
    struct reader r;
    for (size_t k = 0; s && k < s->readers.n; k++) {
        if (s->readers.v[k].image != i->image) continue;
        i->model = s->readers.v[k].model;
        i->nlp = s->readers.v[k].nlp;
        i->articles = s->readers.v[k].articles;
        return PL_OK;
    }
    enum pl_err err = reader_open(i->image, e->tools, &r);
    if (err != PL_OK) return err;
    i->model = r.model;
    i->nlp = r.nlp;
    i->articles = r.articles;
    if (s)
        PL_PUSH(&s->readers, r);
    else
        pl_image_unref(&r.image); /* the caller has one */
    return PL_OK;
}

void pl_engine__reader_free(struct pl_engine *e, struct eng_image *i) {
    if (e->config.shared) return;
    pl_engine__articles_close(&i->articles);
    if (i->nlp) pl_nlp_free(&i->nlp);
    if (i->model) pl_nlp_close(&i->model);
}
