/* SPDX-License-Identifier: Apache-2.0
 *
 * A search: which shelf, its candidates, and the result that is made of them. */
#include "runtime/kb/kb_search_priv.h"

#include <stdlib.h>

/* Learned by tests/kb on one half of its data (tools/kb-report.sh --learn): where 99 in 100
 * questions that no article answers are left alone. */
#define SURE 0.612
/* Of a question with words that no article has, the best passage has at least this share of the
 * rare stems or roots: in a small knowledge base common words alone can look like an answer. */
#define RARE 0.26

struct pl_kb_scratch *pl_kb_scratch_new(struct pl_locale_tools *t) {
    struct pl_kb_scratch *s = calloc(1, sizeof *s);
    pl_assert(s);
    s->tools = t;
    pl_arena_init(&s->arena, 0);
    return s;
}

void pl_kb_scratch_free(struct pl_kb_scratch **s) {
    if (!*s) return;
    free((*s)->slot);
    free((*s)->sum);
    free((*s)->asked);
    free((*s)->dull);
    pl_arena_free(&(*s)->arena);
    free(*s);
    *s = NULL;
}

/* ---- hits ---- */

/* The passage that a candidate shows: its own; for a card the article's beginning. */
static uint32_t passage_of(const struct pl_kb__shelf *s, uint32_t unit) {
    if (unit < s->npassages) return unit;
    uint32_t article = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_ARTICLE);
    if (!pl_kb__at(s, PL_KB__T_ARTICLES, article, PL_KB__A_N)) return PL_KB__NONE;
    return pl_kb__at(s, PL_KB__T_ARTICLES, article, PL_KB__A_FIRST);
}

static bool has_article(const struct pl_kb_result *r, uint32_t article) {
    for (uint32_t i = 0; i < r->n; i++)
        if (r->hits[i].article == article) return true;
    return false;
}

/* Does the best say enough of what was asked, whatever its confidence? */
static bool enough(const struct pl_kb_scratch *q) {
    return (q->rare >= RARE || q->signs[PL_KB__S_UNKNOWN] <= 0) && !q->by_chance;
}

static void make_hits(struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t top,
                      double confidence, struct pl_kb_range (*marks)[PL_KB_MOST_MARKS],
                      struct pl_kb_result *out) {
    double best = q->ncandidates ? q->candidates[0].score : 0;
    for (uint32_t i = 0; i < q->ncandidates && out->n < top; i++) {
        const struct pl_kb__candidate *c = &q->candidates[i];
        uint32_t article = pl_kb__at(s, PL_KB__T_UNITS, c->unit, PL_KB__U_ARTICLE);
        uint32_t unit = passage_of(s, c->unit);
        if (unit == PL_KB__NONE || has_article(out, s->article + article)) continue;
        struct pl_kb_hit *hit = &out->hits[out->n];
        pl_kb__hit(s, unit, hit);
        hit->score = c->score;
        hit->confidence = best > 0 ? confidence * c->score / best : 0;
        pl_kb__point_out(q, s, unit, marks[out->n], hit);
        out->n++;
    }
    out->told = q->told;
    out->sure = out->n && out->hits[0].confidence >= SURE && enough(q);
}

/* ---- one shelf ---- */

static void keep_seen(struct pl_kb_scratch *q, uint32_t shelf) {
    struct pl_kb__seen *x = &q->seen;
    x->shelf = shelf;
    x->n = q->ncandidates;
    for (uint32_t i = 0; i < x->n; i++) {
        x->units[i] = q->candidates[i].unit;
        for (int f = 0; f < PL_KB__FEATURES; f++) x->features[i][f] = q->candidates[i].features[f];
    }
    for (int i = 0; i < PL_KB__SIGNS; i++) x->signs[i] = q->signs[i];
    x->enough = enough(q);
}

const struct pl_kb__seen *pl_kb__seen(const struct pl_kb_scratch *s) {
    return &s->seen;
}

static void search_shelf(struct pl_kb_scratch *q, const struct pl_kb *kb, uint32_t shelf,
                         struct pl_str text, uint32_t top, int which, struct pl_kb_result *out) {
    const struct pl_kb__shelf *s = &kb->shelves[shelf];
    pl_kb__take_question(q, s, text);
    pl_kb__rank(q, s);
    double confidence = pl_kb__confidence(q, s);
    keep_seen(q, shelf);
    make_hits(q, s, top, confidence, q->marks[which], out);
    pl_kb__drop_question(q, s);
}

/* ---- search ---- */

static struct pl_str beginning(struct pl_str s) {
    if (s.n <= PL_KB_MOST_QUERY) return s;
    s.n = PL_KB_MOST_QUERY;
    while (s.n && ((uint8_t)s.p[s.n] & 0xc0) == 0x80) s.n--;
    return s;
}

void pl_kb_search(struct pl_kb_scratch *s, const struct pl_kb *kb, const struct pl_kb_query *q,
                  struct pl_kb_result *out) {
    struct pl_str text = beginning(q->text);
    uint32_t top = q->top < 1 ? 1 : q->top > PL_KB_MOST_HITS ? PL_KB_MOST_HITS : q->top;
    size_t own = pl_locale_best(q->locale, kb->locales, kb->nshelves, SIZE_MAX);
    size_t other = pl_locale_best(q->fallback, kb->locales, kb->nshelves, SIZE_MAX);
    out->n = out->told = 0;
    out->sure = out->fallback = false;
    if (own != SIZE_MAX) search_shelf(s, kb, (uint32_t)own, text, top, 0, out);
    if (out->sure || other == SIZE_MAX || other == own) return;
    struct pl_kb_result *second = &s->second;
    second->n = 0;
    search_shelf(s, kb, (uint32_t)other, text, top, 1, second);
    if (!second->sure && out->n) return;
    *out = *second;
    out->fallback = true;
}
