/* SPDX-License-Identifier: Apache-2.0
 *
 * A reading, in the order in which its parts need one another: words, language, stems, entities,
 * bits, yes and no, sentiment, intents.
 */
#include "runtime/nlp/nlp_priv.h"

#include <stdlib.h>
#include <string.h>

#define OPEN  "\u27e8"
#define CLOSE "\u27e9"

/* ---- terms: what intents are read from ---- */

static bool has_digit(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9') return true;
    return false;
}

/* Does the entity stand in the place of its words? Codes and names do; words that mean
 * something by themselves ("too small") stay, with the entity beside them. */
static bool replaces(const struct pl_nlp_found *f, const struct pl_words *w, uint32_t i) {
    if (f->needs_after || f->how == PL_NLP_BY_WORD) return false;
    return f->how == PL_NLP_BY_HOOK || f->how == PL_NLP_BY_OTHERS || has_digit(w->v[i].folded) ||
           f->value.kind == PL_KIND_EMAIL;
}

/* The found value that covers word i and counts most: an entity before a built-in kind, then the
 * longest. */
static const struct pl_nlp_found *covering(const struct pl_nlp_reading *r, uint32_t i) {
    const struct pl_nlp_found *best = NULL;
    for (uint32_t j = 0; j < r->nfound; j++) {
        const struct pl_nlp_found *f = &r->found[j];
        const struct pl_word *w = &r->words.v[i];
        if (f->start > w->start || f->end < w->end || f->needs_after) continue;
        if (f->entity == PL_NLP_BUILTIN && !has_digit(w->folded) && f->value.kind != PL_KIND_EMAIL)
            continue;
        if (best == NULL || (best->entity == PL_NLP_BUILTIN && f->entity != PL_NLP_BUILTIN))
            best = f;
    }
    return best;
}

static struct pl_nlp_term placeholder(struct pl_arena *a, struct pl_str name) {
    struct pl_str s = pl_arena_printf(a, OPEN "%.*s" CLOSE, PL_STR_ARG(name));
    return (struct pl_nlp_term){s, s, true};
}

static void push_terms(struct pl_arena *a, const struct pl_nlp_reading *r,
                       struct pl_nlp_terms *out) {
    const struct pl_nlp_found *last = NULL;
    for (uint32_t i = 0; i < r->words.n; i++) {
        const struct pl_nlp_found *f = covering(r, i);
        bool instead = f != NULL && replaces(f, &r->words, i);
        if (!instead)
            out->v[out->n++] =
                (struct pl_nlp_term){r->words.v[i].folded, r->words.v[i].stem, false};
        bool ends = f != NULL && f->end <= r->words.v[i].end;
        if (f != NULL && f != last && (instead || (f->how == PL_NLP_BY_WORD && ends))) {
            out->v[out->n++] = placeholder(a, f->name);
            last = f;
        }
    }
}

struct pl_nlp_terms pl_nlp__terms(struct pl_nlp_turn *t) {
    struct pl_nlp_terms out = {PL_NEW_ARRAY(t->a, struct pl_nlp_term, 2 * t->r->words.n + 1), 0};
    if (out.v != NULL) push_terms(t->a, t->r, &out);
    return out;
}

/* ---- parts ---- */

static void start(struct pl_nlp_turn *t, struct pl_str lang) {
    t->r->words = pl_locale_words(t->nlp->tools, t->a, t->text, PL_STR(""));
    pl_nlp__tag(t->nlp->tags, &t->r->words);
    if (lang.n > 0)
        t->r->language = lang;
    else
        pl_nlp__language(t);
    pl_locale_stems(t->nlp->tools, t->a, &t->r->words, t->r->language);
    t->subject = pl_locale_subject(t->a, t->text);
}

static void recognise(struct pl_nlp_turn *t) {
    pl_nlp__entities(t);
    pl_nlp__builtins(t);
    pl_nlp__sort_found(t);
}

static uint8_t *bits(struct pl_arena *a, uint32_t n) {
    return PL_NEW_ARRAY(a, uint8_t, n / 8 + 1);
}

static void set_bits(struct pl_nlp_turn *t) {
    const struct pl_nlp_model *m = t->nlp->model;
    struct pl_nlp_reading *r = t->r;
    r->mentions = bits(t->a, m->nmentions);
    r->says = bits(t->a, m->nmentions);
    r->matches = bits(t->a, m->nmatches);
    if (r->mentions == NULL || r->says == NULL || r->matches == NULL) return;
    r->nmentions = m->nmentions;
    r->nmatches = m->nmatches;
    for (uint32_t i = 0; i < t->hits.n; i++) {
        const struct pl_nlp_row *row = t->hits.v[i].row;
        if (row->use != PL_NLP_USE_MENTION) continue;
        uint8_t bit = (uint8_t)(1u << (row->owner % 8));
        r->mentions[row->owner / 8] |= bit;
        if (row->ntokens == r->words.n) r->says[row->owner / 8] |= bit;
    }
    const struct pl_locale_subject *whole = NULL;
    for (uint32_t i = 0; i < m->nmatches; i++) {
        if ((m->matches[i].needs & PL_NLP_NEEDS_DIGIT) && !t->digits) continue;
        if (whole == NULL) whole = pl_locale_subject(t->a, pl_str_trim(t->text));
        if (pl_locale_regex_is(t->nlp->matches[i], whole))
            r->matches[i / 8] |= (uint8_t)(1u << (i % 8));
    }
}

static uint64_t folded_hash(const struct pl_words *w) {
    uint64_t h = PL_FNV;
    for (uint32_t i = 0; i < w->n; i++) {
        h = pl_fnv(h, w->v[i].folded.p, w->v[i].folded.n);
        h = pl_fnv(h, " ", 1);
    }
    return w->n > 0 ? h : pl_fnv(h, w->text.p, w->text.n);
}

void pl_nlp_read(struct pl_nlp *n, struct pl_arena *a, struct pl_str masked,
                 const struct pl_nlp_context *ctx, struct pl_nlp_reading *out) {
    static const struct pl_nlp_context none;
    *out = (struct pl_nlp_reading){0};
    struct pl_nlp_turn t = {
        .nlp = n, .a = a, .text = masked, .ctx = ctx != NULL ? ctx : &none, .r = out};
    start(&t, PL_STR(""));
    recognise(&t);
    set_bits(&t);
    pl_nlp__answer(&t);
    pl_nlp__sentiment(&t);
    pl_nlp__intents(&t);
    pl_nlp__marks(&t);
    out->folded_hash = folded_hash(&out->words);
}

/* ---- why ---- */

static int by_weight(const void *a, const void *b) {
    const struct pl_nlp_reason *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return pl_str_cmp(x->token, y->token);
}

/* The score of an intent without the term at `without`, or with all of them. */
static double score_without(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_terms *all,
                            uint32_t without, uint32_t intent) {
    struct pl_nlp_terms rest = {PL_NEW_ARRAY(a, struct pl_nlp_term, all->n + 1), 0};
    for (uint32_t i = 0; i < all->n; i++)
        if (i != without) rest.v[rest.n++] = all->v[i];
    pl_nlp__score(n, &rest);
    return (double)n->scores[intent];
}

uint32_t pl_nlp_why(struct pl_nlp *n, struct pl_arena *a, struct pl_str masked,
                    const struct pl_nlp_context *ctx, uint32_t intent, struct pl_nlp_reason *out,
                    uint32_t max) {
    struct pl_nlp_reading r = {0};
    struct pl_nlp_turn t = {.nlp = n, .a = a, .text = masked, .ctx = ctx, .r = &r};
    if (n->model->linear.nrows == 0 || intent >= n->model->nintents) return 0;
    start(&t, PL_STR(""));
    recognise(&t);
    struct pl_nlp_terms terms = pl_nlp__terms(&t);
    double whole = score_without(n, a, &terms, UINT32_MAX, intent);
    struct pl_nlp_reason *v = PL_NEW_ARRAY(a, struct pl_nlp_reason, terms.n + 1);
    for (uint32_t i = 0; i < terms.n; i++)
        v[i] = (struct pl_nlp_reason){terms.v[i].folded,
                                      whole - score_without(n, a, &terms, i, intent)};
    qsort(v, terms.n, sizeof *v, by_weight);
    uint32_t count = terms.n < max ? terms.n : max;
    memcpy(out, v, count * sizeof *v);
    return count;
}

bool pl_nlp_matches(struct pl_nlp *n, struct pl_arena *a, uint32_t match, struct pl_str text) {
    if (match >= n->nmatches) return false;
    return pl_locale_regex_is(n->matches[match], pl_locale_subject(a, pl_str_trim(text)));
}

/* ---- examples ---- */

static void push_part(struct pl_nlp *n, struct pl_arena *a, struct pl_str lang, struct pl_str part,
                      struct pl_nlp_terms *out) {
    static const struct pl_nlp_context none;
    struct pl_nlp_reading r = {0};
    struct pl_nlp_turn t = {.nlp = n, .a = a, .text = part, .ctx = &none, .r = &r};
    start(&t, lang);
    recognise(&t);
    push_terms(a, &r, out);
}

struct pl_nlp_terms pl_nlp__example_terms(struct pl_nlp *n, struct pl_arena *a, struct pl_str lang,
                                          struct pl_str text) {
    struct pl_nlp_terms out = {PL_NEW_ARRAY(a, struct pl_nlp_term, 2 * text.n + 2), 0};
    lang = pl_locale_language(lang);
    struct pl_str words, mark, slot, name;
    while (text.n > 0) {
        bool marked = pl_nlp__mark_next(&text, &words, &mark);
        push_part(n, a, lang, words, &out);
        if (!marked) break;
        pl_nlp__mark_split(mark, &slot, &name);
        if (!pl_nlp__is_plain(name)) out.v[out.n++] = placeholder(a, name);
    }
    return out;
}
