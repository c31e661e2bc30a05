/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes the section. The recognisers come first; the intent model is trained on the examples as
 * these very recognisers see them.
 *
 * Section: u32 magic, u16 version, languages, intents, entities, matches, number of mentions,
 * patterns, phrases, recogniser part ends; then exact examples and the linear model.
 */
#include "runtime/nlp/nlp_priv.h"

#include <stdlib.h>
#include <string.h>

static void put_texts(struct pl_buf *b, const struct pl_str *v, uint32_t n) {
    pl_buf_var(b, n);
    for (uint32_t i = 0; i < n; i++) pl_buf_text(b, v[i]);
}

static void put_regexes(struct pl_buf *b, const struct pl_nlp_regex *v, uint32_t n) {
    pl_buf_var(b, n);
    for (uint32_t i = 0; i < n; i++) {
        pl_buf_text(b, v[i].pattern);
        pl_buf_text(b, v[i].flags);
        pl_buf_byte(b, pl_nlp__needs(v[i].pattern));
    }
}

static void put_entities(struct pl_buf *b, const struct pl_nlp_source *src) {
    pl_buf_var(b, src->nentities);
    for (uint32_t i = 0; i < src->nentities; i++) {
        const struct pl_nlp_entity *e = &src->entities[i];
        pl_buf_text(b, e->name);
        pl_buf_byte(b, e->kind);
        pl_buf_byte(b, e->flags);
        pl_buf_byte(b, e->nafter > 0);
        put_regexes(b, e->regexes, e->nregexes);
    }
}

struct phrases {
    struct pl_locale_tools *t;
    struct pl_arena *a;
    struct pl_buf b;
    uint32_t n;
};

/* ---- phrases with marks ---- */

struct patterns {
    struct phrases p; /* the rows by which those of mentions are found come later */
    const struct pl_nlp_source *src;
    struct pl_nlp_pattern *v; /* of mentions, for the rows */
    uint32_t first, n;        /* number of the first of them */
};

static void put_element(struct pl_buf *b, const struct pl_nlp_element *e) {
    pl_buf_byte(b, e->mark);
    if (!e->mark) {
        pl_buf_text(b, e->word.folded);
        pl_buf_text(b, e->word.stem);
        return;
    }
    pl_buf_text(b, e->slot);
    pl_buf_var(b, (uint32_t)(e->entity + 1)); /* PL_NLP_BUILTIN wraps to 0 */
    pl_buf_byte(b, e->kind);
}

/* Gives whether it is one: too long a phrase tells nothing. */
static bool put_pattern(struct phrases *p, const struct pl_nlp_source *src,
                        enum pl_nlp_marked_by by, uint32_t of, struct pl_str lang,
                        struct pl_str text, struct pl_nlp_pattern *out) {
    *out = pl_nlp__pattern(p->t, p->a, src, lang, text);
    if (out->n == 0 || out->n > PL_NLP_ELEMENTS) return false;
    pl_buf_byte(&p->b, (uint8_t)by);
    pl_buf_var(&p->b, of);
    pl_buf_text(&p->b, out->lang);
    pl_buf_var(&p->b, out->n);
    for (uint32_t i = 0; i < out->n; i++) put_element(&p->b, &out->v[i]);
    p->n++;
    return true;
}

static void put_intent_patterns(struct patterns *x) {
    const struct pl_nlp_source *src = x->src;
    struct pl_nlp_pattern ignored;
    for (uint32_t of = 0; of < src->nintents; of++)
        for (uint32_t i = 0; i < src->nexamples; i++)
            if (src->examples[i].intent == of && pl_nlp__has_slots(src->examples[i].text))
                put_pattern(&x->p, src, PL_NLP_MARKED_INTENT, of, src->examples[i].lang,
                            src->examples[i].text, &ignored);
    x->first = x->p.n;
}

static void put_mention_patterns(struct patterns *x) {
    const struct pl_nlp_source *src = x->src;
    uint32_t most = 0;
    for (uint32_t i = 0; i < src->nmentions; i++) most += src->mentions[i].n;
    x->v = PL_NEW_ARRAY(x->p.a, struct pl_nlp_pattern, (size_t)most + 1);
    for (uint32_t i = 0; i < src->nmentions; i++)
        for (uint32_t k = 0; k < src->mentions[i].n; k++) {
            const struct pl_nlp_phrase *one = &src->mentions[i].phrases[k];
            if (pl_nlp__has_slots(one->text))
                x->n += put_pattern(&x->p, src, PL_NLP_MARKED_SAYS, i, one->lang, one->text,
                                    &x->v[x->n]);
        }
}

static void put_patterns(struct patterns *x, struct pl_buf *b) {
    put_intent_patterns(x);
    put_mention_patterns(x);
    pl_buf_var(b, x->p.n);
    pl_buf_str(b, pl_buf_slice(&x->p.b));
    b->failed |= x->p.b.failed;
    pl_buf_free(&x->p.b);
}

/* ---- phrases of words ---- */

static void put_tokens(struct phrases *p, const struct pl_nlp_row *row) {
    pl_buf_byte(&p->b, row->use);
    pl_buf_byte(&p->b, row->arabic);
    pl_buf_var(&p->b, row->owner);
    pl_buf_text(&p->b, row->member);
    pl_buf_var(&p->b, row->ntokens);
    for (uint32_t i = 0; i < row->ntokens; i++) {
        pl_buf_text(&p->b, row->tokens[i].folded);
        pl_buf_text(&p->b, row->tokens[i].stem);
    }
    p->n++;
}

static void put_phrase(struct phrases *p, enum pl_nlp_use use, uint32_t owner, struct pl_str member,
                       struct pl_str lang, struct pl_str text) {
    struct pl_nlp_row row = pl_nlp__row(p->t, p->a, use, owner, member, lang, text);
    if (row.ntokens > 0) put_tokens(p, &row);
}

/* A phrase with marks is found by its longest run of words. */
static void put_run(struct phrases *p, const struct pl_nlp_pattern *pattern, uint32_t number) {
    uint32_t from, n = pl_nlp__pattern_run(pattern, &from);
    struct pl_nlp_token *tokens = PL_NEW_ARRAY(p->a, struct pl_nlp_token, (size_t)n + 1);
    for (uint32_t i = 0; i < n; i++) tokens[i] = pattern->v[from + i].word;
    struct pl_nlp_row row = {.use = PL_NLP_USE_MARKED,
                             .arabic = n > 0 && pl_nlp__is_arabic(tokens[0].folded),
                             .owner = number,
                             .tokens = tokens,
                             .ntokens = n};
    if (n > 0) put_tokens(p, &row);
}

static void put_phrases(struct pl_locale_tools *t, struct pl_arena *a, struct pl_buf *b,
                        const struct pl_nlp_source *src, const struct patterns *marked) {
    struct phrases p = {.t = t, .a = a};
    for (uint32_t i = 0; i < src->nentities; i++) {
        const struct pl_nlp_entity *e = &src->entities[i];
        for (uint32_t j = 0; j < e->nwords; j++)
            put_phrase(&p, PL_NLP_USE_WORD, i, e->words[j].member, e->words[j].lang,
                       e->words[j].text);
        for (uint32_t j = 0; j < e->nafter; j++)
            put_phrase(&p, PL_NLP_USE_AFTER, i, PL_STR(""), e->after[j].lang, e->after[j].text);
    }
    for (uint32_t i = 0; i < src->nmentions; i++)
        for (uint32_t j = 0; j < src->mentions[i].n; j++)
            if (!pl_nlp__has_slots(src->mentions[i].phrases[j].text))
                put_phrase(&p, PL_NLP_USE_MENTION, i, PL_STR(""), src->mentions[i].phrases[j].lang,
                           src->mentions[i].phrases[j].text);
    for (uint32_t i = 0; i < marked->n; i++) put_run(&p, &marked->v[i], marked->first + i);
    pl_buf_var(b, p.n);
    pl_buf_str(b, pl_buf_slice(&p.b));
    b->failed |= p.b.failed;
    pl_buf_free(&p.b);
}

static enum pl_err check_regexes(struct pl_arena *a, const struct pl_nlp_regex *v, uint32_t n,
                                 struct pl_str *why) {
    for (uint32_t i = 0; i < n; i++) {
        struct pl_locale_regex *re = NULL;
        size_t at = 0;
        enum pl_err err = pl_locale_regex_new(v[i].pattern, v[i].flags, &re, &at);
        pl_locale_regex_free(&re);
        if (err == PL_OK) continue;
        *why = pl_arena_printf(a, "/%.*s/ does not compile, at byte %zu", PL_STR_ARG(v[i].pattern),
                               at);
        return PL_MALFORMED;
    }
    return PL_OK;
}

static bool is_intent(const struct pl_nlp_source *src, uint32_t intent) {
    return intent < src->nintents || intent == PL_NLP_NO_INTENT;
}

static enum pl_err check_source(struct pl_arena *a, const struct pl_nlp_source *src,
                                struct pl_str *why) {
    *why = PL_STR("too many intents, examples, entities, mentions or expressions");
    if (src->nintents > PL_NLP_MOST || src->nentities > PL_NLP_MOST ||
        src->nmentions > PL_NLP_MOST || src->nmatches > PL_NLP_MOST ||
        src->nexamples > PL_NLP_MOST_EXAMPLES || src->nheld > PL_NLP_MOST_EXAMPLES)
        return PL_LIMIT;
    *why = PL_STR("an example names an intent that is not there");
    for (uint32_t i = 0; i < src->nexamples; i++)
        if (!is_intent(src, src->examples[i].intent)) return PL_MALFORMED;
    for (uint32_t i = 0; i < src->nheld; i++)
        if (!is_intent(src, src->held[i].intent)) return PL_MALFORMED;
    enum pl_err err = check_regexes(a, src->matches, src->nmatches, why);
    for (uint32_t i = 0; i < src->nentities && err == PL_OK; i++)
        err = check_regexes(a, src->entities[i].regexes, src->entities[i].nregexes, why);
    return err;
}

static int by_hash(const void *a, const void *b) {
    const struct pl_nlp_exact *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->intent < y->intent ? -1 : x->intent > y->intent;
}

/* Examples that stand under two intents decide nothing and are left out. */
static void put_exact(struct pl_nlp *n, struct pl_arena *a, const struct pl_nlp_source *src,
                      struct pl_buf *b) {
    struct pl_nlp_exact *v = PL_NEW_ARRAY(a, struct pl_nlp_exact, src->nexamples + 1);
    uint32_t count = 0, kept = 0;
    struct pl_arena scratch;
    pl_arena_init(&scratch, 0);
    for (uint32_t i = 0; i < src->nexamples; i++) {
        if (src->examples[i].intent == PL_NLP_NO_INTENT) continue;
        struct pl_nlp_terms t =
            pl_nlp__example_terms(n, &scratch, src->examples[i].lang, src->examples[i].text);
        uint32_t words = 0;
        for (uint32_t j = 0; j < t.n; j++) words += !t.v[j].placeholder;
        if (words > 0)
            v[count++] = (struct pl_nlp_exact){pl_nlp__terms_hash(&t), src->examples[i].intent};
        pl_arena_reset(&scratch);
    }
    pl_arena_free(&scratch);
    qsort(v, count, sizeof(*v), by_hash);
    for (uint32_t i = 0; i < count;) {
        uint32_t end = i;
        bool same = true;
        for (; end < count && v[end].hash == v[i].hash; end++) same &= v[end].intent == v[i].intent;
        if (same) v[kept++] = v[i];
        i = end;
    }
    pl_buf_var(b, kept);
    for (uint32_t i = 0; i < kept; i++) {
        pl_buf_u64(b, v[i].hash);
        pl_buf_var(b, v[i].intent);
    }
}

static void put_recognisers(struct pl_locale_tools *t, struct pl_arena *a,
                            const struct pl_nlp_source *src, struct pl_buf *b) {
    pl_buf_u32(b, PL_NLP_MAGIC);
    pl_buf_u16(b, PL_NLP_VERSION);
    pl_buf_var(b, src->nlangs);
    for (uint32_t i = 0; i < src->nlangs; i++) pl_buf_text(b, pl_locale_language(src->langs[i]));
    put_texts(b, src->intents, src->nintents);
    put_entities(b, src);
    put_regexes(b, src->matches, src->nmatches);
    pl_buf_var(b, src->nmentions);
    struct patterns marked = {.p = {.t = t, .a = a}, .src = src};
    put_patterns(&marked, b);
    put_phrases(t, a, b, src, &marked);
}

/* The intents part, learned through a model that has only the recognisers. */
static enum pl_err put_intents(struct pl_locale_tools *t, struct pl_arena *a,
                               const struct pl_nlp_source *src, struct pl_buf *b) {
    struct pl_buf part = {0};
    struct pl_nlp_linear empty = {0};
    pl_buf_str(&part, pl_buf_slice(b));
    pl_buf_var(&part, 0); /* no exact examples */
    pl_nlp__write_linear(&part, &empty);
    struct pl_nlp_model *m = NULL;
    struct pl_nlp *n = NULL;
    enum pl_err err = part.failed ? PL_NOMEM : pl_nlp_open(pl_buf_slice(&part), &m);
    if (err == PL_OK) err = pl_nlp_new(m, t, &n);
    if (err == PL_OK) {
        put_exact(n, a, src, b);
        err = pl_nlp__train(n, a, src, b);
    }
    pl_nlp_free(&n);
    pl_nlp_close(&m);
    pl_buf_free(&part);
    return err;
}

enum pl_err pl_nlp_build(struct pl_locale_tools *t, struct pl_arena *a,
                         const struct pl_nlp_source *src, struct pl_buf *section,
                         struct pl_str *why) {
    struct pl_buf b = {0};
    enum pl_err err = check_source(a, src, why);
    if (err == PL_OK) {
        *why = PL_STR("");
        put_recognisers(t, a, src, &b);
        err = put_intents(t, a, src, &b);
    }
    if (err == PL_OK) pl_buf_str(section, pl_buf_slice(&b));
    if (b.failed || section->failed) err = PL_NOMEM;
    pl_buf_free(&b);
    return err;
}
