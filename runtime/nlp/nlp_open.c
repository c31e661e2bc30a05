/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens a section, which may be anything: every count is checked against the bytes left before
 * memory is taken for it.
 */
#include "runtime/nlp/nlp_priv.h"

#include <stdlib.h>
#include <string.h>

/* A count of things that take at least `size` bytes each. */
static uint32_t count_of(struct pl_reader *r, size_t size, uint32_t most) {
    uint64_t n = pl_read_var(r);
    if (n > most || n > pl_read_left(r) / size) r->bad = true;
    return r->bad ? 0 : (uint32_t)n;
}

static struct pl_str *read_texts(struct pl_reader *r, struct pl_arena *a, uint32_t *n) {
    *n = count_of(r, 1, PL_NLP_MOST);
    struct pl_str *v = PL_NEW_ARRAY(a, struct pl_str, *n + 1);
    for (uint32_t i = 0; i < *n; i++) v[i] = pl_read_text(r);
    return v;
}

static struct pl_nlp_expression *read_regexes(struct pl_reader *r, struct pl_arena *a,
                                              uint32_t *n) {
    *n = count_of(r, 3, PL_NLP_MOST);
    struct pl_nlp_expression *v = PL_NEW_ARRAY(a, struct pl_nlp_expression, *n + 1);
    for (uint32_t i = 0; i < *n; i++) {
        v[i].pattern = pl_read_text(r);
        v[i].flags = pl_read_text(r);
        v[i].needs = pl_read_u8(r);
    }
    return v;
}

static void read_entities(struct pl_reader *r, struct pl_nlp_model *m) {
    m->nentities = count_of(r, 5, PL_NLP_MOST);
    m->entities = PL_NEW_ARRAY(&m->arena, struct pl_nlp_entity_row, m->nentities + 1);
    for (uint32_t i = 0; i < m->nentities; i++) {
        struct pl_nlp_entity_row *e = &m->entities[i];
        e->name = pl_read_text(r);
        e->kind = pl_read_u8(r);
        e->flags = pl_read_u8(r);
        e->after = pl_read_u8(r) != 0;
        e->regexes = read_regexes(r, &m->arena, &e->nregexes);
    }
}

/* ---- phrases with marks ---- */

static void read_element(struct pl_reader *r, const struct pl_nlp_model *m,
                         struct pl_nlp_element *e) {
    e->mark = pl_read_u8(r) != 0;
    if (!e->mark) {
        e->word.folded = pl_read_text(r);
        e->word.stem = pl_read_text(r);
        e->arabic = pl_nlp__is_arabic(e->word.folded);
        return;
    }
    e->slot = pl_read_text(r);
    uint64_t entity = pl_read_var(r);
    e->kind = pl_read_u8(r);
    if (entity > m->nentities || e->kind > PL_KIND_LANGUAGE || e->slot.n == 0) r->bad = true;
    e->entity = (uint32_t)entity - 1; /* 0: PL_NLP_BUILTIN */
}

static void read_pattern(struct pl_reader *r, struct pl_nlp_model *m, struct pl_nlp_pattern *p) {
    p->by = pl_read_u8(r);
    uint64_t of = pl_read_var(r);
    bool intent = p->by == PL_NLP_MARKED_INTENT;
    if (p->by > PL_NLP_MARKED_SAYS || of >= (intent ? m->nintents : m->nmentions)) r->bad = true;
    p->of = (uint32_t)of;
    p->lang = pl_read_text(r);
    p->n = count_of(r, 3, PL_NLP_ELEMENTS);
    p->v = PL_NEW_ARRAY(&m->arena, struct pl_nlp_element, p->n + 1);
    for (uint32_t i = 0; i < p->n && !r->bad; i++) read_element(r, m, &p->v[i]);
}

/* Those of intents come first and by intent, so that each has a range. */
static bool in_order(const struct pl_nlp_pattern *a, const struct pl_nlp_pattern *b) {
    return a->by != b->by ? a->by < b->by : a->of <= b->of;
}

static void read_patterns(struct pl_reader *r, struct pl_nlp_model *m) {
    m->npatterns = count_of(r, 4, PL_NLP_MOST_EXAMPLES);
    m->patterns = PL_NEW_ARRAY(&m->arena, struct pl_nlp_pattern, m->npatterns + 1);
    m->intent_patterns = PL_NEW_ARRAY(&m->arena, uint32_t, m->nintents + 2);
    m->wordless = PL_NEW_ARRAY(&m->arena, uint32_t, m->npatterns + 1);
    for (uint32_t i = 0; i < m->npatterns && !r->bad; i++) {
        struct pl_nlp_pattern *p = &m->patterns[i];
        uint32_t from;
        read_pattern(r, m, p);
        if (i > 0 && !in_order(p - 1, p)) r->bad = true;
        if (r->bad) return;
        if (p->by == PL_NLP_MARKED_INTENT)
            m->intent_patterns[p->of + 1]++;
        else if (pl_nlp__pattern_run(p, &from) == 0)
            m->wordless[m->nwordless++] = i;
    }
    for (uint32_t i = 0; i < m->nintents; i++) m->intent_patterns[i + 1] += m->intent_patterns[i];
}

/* ---- phrases of words ---- */

static uint32_t owners(const struct pl_nlp_model *m, uint8_t use) {
    switch (use) {
    case PL_NLP_USE_MENTION: return m->nmentions;
    case PL_NLP_USE_MARKED: return m->npatterns;
    default: return m->nentities;
    }
}

static void read_row(struct pl_reader *r, struct pl_nlp_model *m, struct pl_nlp_row *row) {
    row->use = pl_read_u8(r);
    row->arabic = pl_read_u8(r) != 0;
    uint64_t owner = pl_read_var(r);
    if (row->use >= PL_NLP_USES || owner >= owners(m, row->use)) r->bad = true;
    if (!r->bad && row->use == PL_NLP_USE_MARKED && m->patterns[owner].by != PL_NLP_MARKED_SAYS)
        r->bad = true;
    row->owner = (uint32_t)owner;
    row->member = pl_read_text(r);
    row->ntokens = count_of(r, 2, PL_WORDS_MAX);
    if (row->ntokens == 0) r->bad = true;
    struct pl_nlp_token *v = PL_NEW_ARRAY(&m->arena, struct pl_nlp_token, row->ntokens + 1);
    for (uint32_t i = 0; i < row->ntokens; i++) {
        v[i].folded = pl_read_text(r);
        v[i].stem = pl_read_text(r);
    }
    row->tokens = v;
}

static void read_phrases(struct pl_reader *r, struct pl_nlp_model *m) {
    uint32_t n = count_of(r, 7, UINT32_MAX - 1);
    struct pl_nlp_row *rows = PL_NEW_ARRAY(&m->arena, struct pl_nlp_row, (size_t)n + 1);
    for (uint32_t i = 0; i < n && !r->bad; i++) read_row(r, m, &rows[i]);
    if (!r->bad) pl_nlp__index(&m->arena, rows, n, &m->index);
}

static void read_exact(struct pl_reader *r, struct pl_nlp_model *m) {
    m->nexact = count_of(r, 9, PL_NLP_MOST_EXAMPLES);
    m->exact = PL_NEW_ARRAY(&m->arena, struct pl_nlp_exact, m->nexact + 1);
    for (uint32_t i = 0; i < m->nexact; i++) {
        m->exact[i].hash = pl_read_u64(r);
        uint64_t intent = pl_read_var(r);
        bool sorted = i == 0 || m->exact[i].hash > m->exact[i - 1].hash;
        if (intent >= m->nintents || !sorted) r->bad = true;
        m->exact[i].intent = (uint32_t)intent;
    }
}

enum pl_err pl_nlp_open(struct pl_str section, struct pl_nlp_model **out) {
    struct pl_reader r = pl_reader_of(section);
    *out = NULL;
    if (pl_read_u32(&r) != PL_NLP_MAGIC || r.bad) return PL_MALFORMED;
    if (pl_read_u16(&r) != PL_NLP_VERSION) return r.bad ? PL_MALFORMED : PL_VERSION;
    struct pl_nlp_model *m = calloc(1, sizeof(*m));
    if (m == NULL) return PL_NOMEM;
    pl_arena_init(&m->arena, 0);
    m->langs = read_texts(&r, &m->arena, &m->nlangs);
    m->intents = read_texts(&r, &m->arena, &m->nintents);
    read_entities(&r, m);
    m->matches = read_regexes(&r, &m->arena, &m->nmatches);
    m->nmentions = (uint32_t)pl_read_var(&r);
    if (m->nmentions > PL_NLP_MOST) r.bad = true;
    if (!r.bad) read_patterns(&r, m);
    if (!r.bad) read_phrases(&r, m);
    if (!r.bad) read_exact(&r, m);
    bool good = !r.bad && pl_nlp__read_linear(&r, &m->arena, m->nintents, &m->linear);
    if (!good || r.bad || pl_read_left(&r) > 0) {
        pl_nlp_close(&m);
        return PL_MALFORMED;
    }
    *out = m;
    return PL_OK;
}

void pl_nlp_close(struct pl_nlp_model **m) {
    if (*m == NULL) return;
    pl_arena_free(&(*m)->arena);
    free(*m);
    *m = NULL;
}

uint32_t pl_nlp_nintents(const struct pl_nlp_model *m) {
    return m->nintents;
}

struct pl_str pl_nlp_intent_name(const struct pl_nlp_model *m, uint32_t intent) {
    return intent < m->nintents ? m->intents[intent] : (struct pl_str){0};
}

uint32_t pl_nlp_nentities(const struct pl_nlp_model *m) {
    return m->nentities;
}

uint32_t pl_nlp_entity_index(const struct pl_nlp_model *m, struct pl_str name) {
    for (uint32_t i = 0; i < m->nentities; i++)
        if ((m->entities[i].flags & PL_NLP_FROM_HOOK) && pl_str_eq(m->entities[i].name, name))
            return i;
    return UINT32_MAX;
}

/* ---- a thread's scratch ---- */

/* Entities' expressions find whole words only: then the longest branch that is one wins. Letters
 * are letters in either case: without (?-i) ICU looks up the other case of each of them. */
static enum pl_err compile_whole(const struct pl_nlp_expression *e, struct pl_locale_regex **out) {
    static const char before[] = "(?-i:(?<![\\p{L}\\p{N}_]|\\p{L}['’]))(?:",
                      after[] = ")(?-i:(?![\\p{L}\\p{N}_]))";
    struct pl_buf b = {0};
    pl_buf_c(&b, before);
    pl_buf_str(&b, e->pattern);
    pl_buf_c(&b, after);
    enum pl_err err =
        b.failed ? PL_NOMEM : pl_locale_regex_new(pl_buf_slice(&b), e->flags, out, NULL);
    pl_buf_free(&b);
    return err;
}

static enum pl_err compile_all(struct pl_nlp *n) {
    const struct pl_nlp_model *m = n->model;
    enum pl_err err = PL_OK;
    uint32_t total = 0;
    for (uint32_t i = 0; i < m->nentities; i++) total += m->entities[i].nregexes;
    n->entities = calloc(total + 1, sizeof(*n->entities));
    n->prefixes = calloc(total + 1, sizeof(*n->prefixes));
    n->matches = calloc(m->nmatches + 1, sizeof(*n->matches));
    if (n->entities == NULL || n->prefixes == NULL || n->matches == NULL) return PL_NOMEM;
    for (uint32_t i = 0; i < m->nentities; i++)
        for (uint32_t j = 0; j < m->entities[i].nregexes && err == PL_OK; j++) {
            const struct pl_nlp_expression *e = &m->entities[i].regexes[j];
            n->prefixes[n->nentities] = pl_nlp__prefix(e->pattern, e->flags);
            err = compile_whole(e, &n->entities[n->nentities++]);
        }
    for (uint32_t i = 0; i < m->nmatches && err == PL_OK; i++)
        err = pl_locale_regex_new(m->matches[i].pattern, m->matches[i].flags,
                                  &n->matches[n->nmatches++], NULL);
    return err;
}

enum pl_err pl_nlp_new(const struct pl_nlp_model *m, struct pl_locale_tools *t,
                       struct pl_nlp **out) {
    struct pl_nlp *n = calloc(1, sizeof(*n));
    *out = NULL;
    if (n == NULL) return PL_NOMEM;
    n->model = m;
    n->tools = t;
    n->scores = calloc(m->linear.stride + 1, sizeof *n->scores);
    n->confidences = calloc(m->linear.stride + 1, sizeof *n->confidences);
    n->tags = pl_nlp__tags_new();
    pl_assert(pl_nlp__tongues_of(pl_nlp__language_bytes(), &n->tongues));
    enum pl_err err = n->scores && n->confidences && n->tags ? compile_all(n) : PL_NOMEM;
    if (err != PL_OK) {
        pl_nlp_free(&n);
        return err == PL_LIMIT ? PL_MALFORMED : err;
    }
    *out = n;
    return PL_OK;
}

void pl_nlp_free(struct pl_nlp **n) {
    if (*n == NULL) return;
    for (uint32_t i = 0; i < (*n)->nentities; i++) pl_locale_regex_free(&(*n)->entities[i]);
    for (uint32_t i = 0; i < (*n)->nmatches; i++) pl_locale_regex_free(&(*n)->matches[i]);
    free((*n)->entities);
    free((*n)->matches);
    free((*n)->prefixes);
    free((*n)->scores);
    free((*n)->confidences);
    pl_nlp__tags_free(&(*n)->tags);
    pl_nlp__mades_free(&(*n)->times);
    pl_nlp__mades_free(&(*n)->numbers);
    free(*n);
    *n = NULL;
}
