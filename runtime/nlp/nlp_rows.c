/* SPDX-License-Identifier: Apache-2.0
 *
 * What a phrase may say, by its hash: the tables of the words of times and of numbers, one for each
 * language.
 */
#include "runtime/nlp/nlp_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 2048

static void place_row(struct pl_nlp_rows *r, struct pl_nlp_phrase_row row) {
    uint32_t at = (uint32_t)row.hash & (r->size - 1);
    while (r->v[at].hash != 0) at = (at + 1) & (r->size - 1);
    r->v[at] = row;
}

static void grow(struct pl_nlp_rows *r) {
    struct pl_nlp_rows old = *r;
    r->size = old.size ? old.size * 2 : FIRST;
    r->v = calloc(r->size, sizeof *r->v);
    pl_assert(r->v != NULL);
    for (uint32_t i = 0; i < old.size; i++)
        if (old.v[i].hash != 0) place_row(r, old.v[i]);
    free(old.v);
}

void pl_nlp__rows_put(struct pl_nlp_rows *r, uint64_t hash, uint8_t class, int64_t value) {
    struct pl_nlp_phrase_row row;
    if (2 * r->n >= r->size) grow(r);
    for (uint32_t at = 0; pl_nlp__rows_next(r, hash, &at, &row);)
        if (row.class == class) return;
    place_row(r, (struct pl_nlp_phrase_row){hash, value, class});
    r->n++;
}

void pl_nlp__rows_free(struct pl_nlp_rows *r) {
    free(r->v);
    *r = (struct pl_nlp_rows){0};
}

/* ---- of languages ---- */

static void release(void *p) {
    struct pl_nlp_made *m = p;
    if (--m->uses == 0) m->drop(m);
}

/* One for the tools, and a use more. */
static struct pl_nlp_made *shared(struct pl_locale_tools *tools, const char *kind,
                                  pl_nlp_make *make, struct pl_str lang) {
    char b[16];
    struct pl_str key = {b, (size_t)snprintf(b, sizeof b, "%s-%.*s", kind, PL_STR_ARG(lang))};
    struct pl_nlp_made *m = pl_locale_kept(tools, key);
    if (m == NULL && (m = make(tools, lang)) != NULL) {
        m->uses = 1;
        pl_locale_keep(tools, key, m, release);
    }
    if (m != NULL) m->uses++;
    return m;
}

struct pl_nlp_made *pl_nlp__made(struct pl_nlp_mades *m, struct pl_locale_tools *tools,
                                 const char *kind, pl_nlp_make *make, struct pl_str lang) {
    for (uint32_t i = 0; i < m->n; i++)
        if (pl_str_is(lang, m->v[i].code)) return m->v[i].made;
    if (lang.n == 0 || lang.n >= sizeof m->v->code || m->n == PL_NLP_MADE) return NULL;
    memcpy(m->v[m->n].code, lang.p, lang.n);
    m->v[m->n].made = shared(tools, kind, make, lang);
    return m->v[m->n++].made;
}

void pl_nlp__mades_free(struct pl_nlp_mades *m) {
    for (uint32_t i = 0; i < m->n; i++)
        if (m->v[i].made != NULL) release(m->v[i].made);
    *m = (struct pl_nlp_mades){0};
}

uint32_t pl_nlp__place(struct pl_str text, const struct pl_word *w, size_t k) {
    struct pl_str raw = {text.p + w->start, w->end - w->start};
    if (raw.n == w->folded.n) return w->start + (uint32_t)k;
    size_t at = 0, folded = 0;
    while (folded < k && at < raw.n) {
        (void)pl_utf8_next(w->folded, &folded);
        (void)pl_utf8_next(raw, &at);
    }
    return w->start + (uint32_t)at;
}
