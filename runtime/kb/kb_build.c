/* SPDX-License-Identifier: Apache-2.0
 *
 * Articles made into a section. A shelf is gathered in the order of its articles' ids, its terms
 * are put in the order of their keys at the end; so the bytes depend on the articles alone. */
#include "runtime/kb/kb_priv.h"

#include <stdlib.h>
#include <string.h>

/* Keys that were seen, each with a number. */
struct keys {
    uint64_t *v;
    uint32_t *slots; /* number + 1 */
    uint32_t n, cap, nslots;
};

/* A term in a unit, so many times. */
struct entry {
    uint32_t term, unit, tf;
};

struct shelf {
    struct pl_locale_tools *tools;
    struct pl_arena arena; /* of the unit under way */
    struct pl_str locale, language;
    struct pl_buf *texts;
    struct pl_buf table[PL_KB__NTABLES];
    uint32_t rows[PL_KB__NTABLES], npassages;
    struct keys terms, words;
    PL_VEC(uint8_t) kind;      /* of each term */
    PL_VEC(uint32_t) df, last; /* of each term; the unit it was last seen in + 1 */
    PL_VEC(struct entry) entries;
    PL_VEC(uint32_t) tokens, grams; /* of each unit */
};

/* ---- keys ---- */

static void grow_keys(struct keys *k) {
    uint32_t nslots = k->nslots ? k->nslots * 2 : 1024;
    k->cap = nslots / 2;
    k->v = realloc(k->v, k->cap * sizeof *k->v);
    free(k->slots);
    k->slots = calloc(nslots, sizeof *k->slots);
    pl_assert(k->v && k->slots);
    k->nslots = nslots;
    for (uint32_t i = 0; i < k->n; i++) {
        uint32_t at = (uint32_t)(k->v[i] >> 7) & (nslots - 1);
        while (k->slots[at]) at = (at + 1) & (nslots - 1);
        k->slots[at] = i + 1;
    }
}

/* The key's number; a new one is k->n - 1. */
static uint32_t number_of(struct keys *k, uint64_t key, bool *fresh) {
    if (k->n >= k->cap) grow_keys(k);
    uint32_t at = (uint32_t)(key >> 7) & (k->nslots - 1);
    while (k->slots[at] && k->v[k->slots[at] - 1] != key) at = (at + 1) & (k->nslots - 1);
    *fresh = !k->slots[at];
    if (!*fresh) return k->slots[at] - 1;
    k->v[k->n] = key;
    k->slots[at] = ++k->n;
    return k->n - 1;
}

static void free_keys(struct keys *k) {
    free(k->v);
    free(k->slots);
}

static uint32_t term_of(struct shelf *s, enum pl_kb__kind kind, uint64_t key) {
    bool fresh;
    uint32_t term = number_of(&s->terms, key, &fresh);
    if (!fresh) return term;
    PL_PUSH(&s->kind, (uint8_t)kind);
    PL_PUSH(&s->df, 0u);
    PL_PUSH(&s->last, 0u);
    return term;
}

/* ---- rows ---- */

static uint32_t add_row(struct shelf *s, enum pl_kb__table t, const uint32_t *v) {
    for (uint32_t i = 0; i < pl_kb__row[t]; i++) pl_buf_u32(&s->table[t], v[i]);
    return s->rows[t]++;
}

/* Keeps a text and writes where it is. */
static void put_text(struct shelf *s, struct pl_str text, uint32_t at[2]) {
    at[0] = (uint32_t)s->texts->n;
    at[1] = (uint32_t)text.n;
    pl_buf_str(s->texts, text);
}

static uint32_t table_number(const struct shelf *s, enum pl_kb__table t, uint32_t row,
                             uint32_t column) {
    return pl_kb__load(s->table[t].p + ((size_t)row * pl_kb__row[t] + column) * 4);
}

/* The word's number in the shelf: words are the same when all their terms are. */
static uint32_t word_of(struct shelf *s, const struct pl_kb__word *w) {
    bool fresh;
    uint32_t grams = w->ngrams + w->nshorts;
    uint64_t key = pl_fnv(w->key[PL_KB__FORM], w->grams, grams * sizeof *w->grams);
    uint32_t word = number_of(&s->words, key, &fresh);
    if (!fresh) return word;
    uint32_t row[6];
    for (int k = 0; k < PL_KB__GRAM; k++) row[k] = term_of(s, (enum pl_kb__kind)k, w->key[k]);
    row[PL_KB__W_GRAM] = s->rows[PL_KB__T_GRAMS];
    row[PL_KB__W_GRAMS] = w->ngrams;
    row[PL_KB__W_SHORTS] = w->nshorts;
    for (uint32_t i = 0; i < grams; i++) {
        uint32_t gram = term_of(s, i < w->ngrams ? PL_KB__GRAM : PL_KB__SHORT, w->grams[i]);
        add_row(s, PL_KB__T_GRAMS, &gram);
    }
    return add_row(s, PL_KB__T_WORDS, row);
}

/* ---- units ---- */

struct unit {
    uint32_t number, tokens, grams;
    PL_VEC(uint32_t) terms; /* stems and grams, each as often as it stands there */
};

static void see(struct shelf *s, struct unit *u, uint32_t term) {
    if (s->last.v[term] != u->number + 1) s->df.v[term]++;
    s->last.v[term] = u->number + 1;
    if (s->kind.v[term] == PL_KB__STEM || s->kind.v[term] == PL_KB__GRAM) PL_PUSH(&u->terms, term);
}

/* The words of a text as tokens; `shown`: places in the unit's own text are kept. */
static void add_tokens(struct shelf *s, struct unit *u, struct pl_str text, bool shown) {
    struct pl_kb__words w = pl_kb__words(s->tools, &s->arena, text, s->language);
    for (uint32_t i = 0; i < w.n && u->tokens < PL_KB__TOKENS; i++) {
        uint32_t word = word_of(s, &w.v[i]);
        uint32_t place = w.v[i].start << 16 | (w.v[i].end - w.v[i].start);
        uint32_t token[2] = {word, shown ? place : PL_KB__NONE};
        add_row(s, PL_KB__T_TOKENS, token);
        u->tokens++;
        u->grams += w.v[i].ngrams;
        for (int k = 0; k < PL_KB__GRAM; k++)
            see(s, u, table_number(s, PL_KB__T_WORDS, word, (uint32_t)k));
        uint32_t first = table_number(s, PL_KB__T_WORDS, word, PL_KB__W_GRAM);
        for (uint32_t g = 0; g < w.v[i].ngrams + w.v[i].nshorts; g++)
            see(s, u, table_number(s, PL_KB__T_GRAMS, first + g, 0));
    }
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void keep_entries(struct shelf *s, struct unit *u) {
    if (u->terms.n) qsort(u->terms.v, u->terms.n, sizeof *u->terms.v, by_number);
    for (size_t i = 0, k; i < u->terms.n; i = k) {
        for (k = i; k < u->terms.n && u->terms.v[k] == u->terms.v[i];) k++;
        PL_PUSH(&s->entries, ((struct entry){u->terms.v[i], u->number, (uint32_t)(k - i)}));
    }
    PL_PUSH(&s->tokens, u->tokens);
    PL_PUSH(&s->grams, u->grams);
    PL_VEC_FREE(&u->terms);
    pl_arena_reset(&s->arena);
}

/* Where the number of a list's line ends that begins at `at` ("12. "); `at` when none does. */
static size_t list_number(struct pl_str text, size_t at) {
    size_t end = at;
    if (at && text.p[at - 1] != '\n') return at;
    while (end < text.n && text.p[end] >= '0' && text.p[end] <= '9') end++;
    return end > at && end + 1 < text.n && text.p[end] == '.' && text.p[end + 1] == ' ' ? end + 2
                                                                                        : at;
}

/* Is this no end, but a place within a list? A list belongs to the sentence before it. */
static bool within_list(struct pl_str text, size_t from, size_t end) {
    struct pl_str rest = {text.p + end, text.n - end};
    if (pl_str_starts(rest, PL_STR("\u2022 ")) || list_number(text, end) > end) return true;
    size_t line = end;
    while (line > from && text.p[line - 1] != '\n') line--;
    return list_number(text, line) >= end;
}

static void add_sentences(struct shelf *s, struct pl_str text, uint32_t row[12]) {
    uint32_t n = 0, left = PL_KB__SENTENCES;
    const uint32_t *ends = pl_locale_sentences(s->tools, &s->arena, text, &n);
    row[PL_KB__U_SENTENCE] = s->rows[PL_KB__T_SENTENCES];
    for (uint32_t i = 0; i < n; i++) {
        if (i + 1 < n && (left == 1 || within_list(text, i ? ends[i - 1] : 0, ends[i]))) continue;
        add_row(s, PL_KB__T_SENTENCES, &ends[i]);
        row[PL_KB__U_SENTENCES]++;
        left--;
    }
}

static void add_passage(struct shelf *s, const struct pl_kb_article *a, uint32_t article,
                        const struct pl_kb_passage *p) {
    uint32_t row[12] = {article};
    struct unit u = {.number = s->rows[PL_KB__T_UNITS]};
    row[PL_KB__U_TOKEN] = s->rows[PL_KB__T_TOKENS];
    add_tokens(s, &u, a->title, false);
    add_tokens(s, &u, p->heading, false);
    add_tokens(s, &u, p->text, true);
    row[PL_KB__U_TOKENS] = u.tokens;
    row[PL_KB__U_GRAMS] = u.grams;
    put_text(s, p->heading, row + PL_KB__U_HEADING);
    put_text(s, p->anchor, row + PL_KB__U_ANCHOR);
    put_text(s, p->text, row + PL_KB__U_TEXT);
    add_sentences(s, p->text, row);
    add_row(s, PL_KB__T_UNITS, row);
    keep_entries(s, &u);
}

static void add_article(struct shelf *s, const struct pl_kb_article *a) {
    uint32_t row[8];
    put_text(s, a->id, row + PL_KB__A_ID);
    put_text(s, a->title, row + PL_KB__A_TITLE);
    put_text(s, a->url, row + PL_KB__A_URL);
    row[PL_KB__A_FIRST] = s->rows[PL_KB__T_UNITS];
    row[PL_KB__A_N] = a->npassages;
    uint32_t article = add_row(s, PL_KB__T_ARTICLES, row);
    for (uint32_t i = 0; i < a->npassages; i++) add_passage(s, a, article, &a->passages[i]);
}

/* What else the article is asked with: one card for each wording. */
static void add_cards(struct shelf *s, const struct pl_kb_article *a, uint32_t article) {
    for (uint32_t i = 0; i < a->nasked; i++) {
        uint32_t row[12] = {article};
        struct unit u = {.number = s->rows[PL_KB__T_UNITS]};
        row[PL_KB__U_TOKEN] = s->rows[PL_KB__T_TOKENS];
        add_tokens(s, &u, a->asked[i], false);
        row[PL_KB__U_TOKENS] = u.tokens;
        row[PL_KB__U_GRAMS] = u.grams;
        add_row(s, PL_KB__T_UNITS, row);
        keep_entries(s, &u);
    }
}

/* ---- terms and postings ---- */

/* Weightiest first, then by unit. */
static int by_weight(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if ((x & 255) != (y & 255)) return (x & 255) > (y & 255) ? -1 : 1;
    return x < y ? -1 : x > y;
}

static double mean(const uint32_t *v, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += v[i];
    return n ? sum / (double)n : 0;
}

/* All postings, term by term in the order of numbers; from[t] is where those of t begin. */
static uint32_t *postings(const struct shelf *s, uint32_t *from) {
    uint32_t *v = malloc((s->entries.n + 1) * sizeof *v);
    double tokens = mean(s->tokens.v, s->tokens.n), grams = mean(s->grams.v, s->grams.n);
    pl_assert(v);
    for (size_t i = 0; i < s->entries.n; i++) from[s->entries.v[i].term + 1]++;
    for (uint32_t t = 0; t < s->terms.n; t++) from[t + 1] += from[t];
    uint32_t *at = malloc((s->terms.n + 1) * sizeof *at);
    pl_assert(at);
    memcpy(at, from, s->terms.n * sizeof *at);
    for (size_t i = 0; i < s->entries.n; i++) {
        const struct entry *e = &s->entries.v[i];
        bool gram = s->kind.v[e->term] == PL_KB__GRAM;
        double w = pl_kb__weight(e->tf, gram ? s->grams.v[e->unit] / grams
                                             : s->tokens.v[e->unit] / tokens);
        v[at[e->term]++] = e->unit << 8 | (uint32_t)(1 + w * 254);
    }
    free(at);
    return v;
}

struct order {
    uint64_t key;
    uint32_t term;
};
static int by_key(const void *a, const void *b) {
    uint64_t x = ((const struct order *)a)->key, y = ((const struct order *)b)->key;
    return x < y ? -1 : x > y;
}

static void add_term(struct shelf *s, const struct order *o, uint32_t *v, uint32_t n) {
    uint32_t row[5] = {(uint32_t)o->key, (uint32_t)(o->key >> 32), s->df.v[o->term],
                       s->rows[PL_KB__T_POSTS], n};
    if (n) qsort(v, n, sizeof *v, by_weight);
    if (n > PL_KB__POSTINGS) row[PL_KB__TERM_POSTS] = n = PL_KB__POSTINGS;
    for (uint32_t i = 0; i < n; i++) add_row(s, PL_KB__T_POSTS, &v[i]);
    add_row(s, PL_KB__T_TERMS, row);
}

/* Terms get the numbers that the order of their keys gives them. */
static void renumber(struct pl_buf *table, uint32_t row, uint32_t columns, const uint32_t *now) {
    for (size_t at = 0; at < table->n; at += (size_t)row * 4)
        for (uint32_t c = 0; c < columns; c++) {
            char *p = table->p + at + (size_t)c * 4;
            pl_kb__store(p, now[pl_kb__load(p)]);
        }
}

static void finish(struct shelf *s) {
    uint32_t n = s->terms.n;
    struct order *order = malloc((n + 1) * sizeof *order);
    uint32_t *from = calloc((size_t)n + 2, sizeof *from), *now = malloc((n + 1) * sizeof *now);
    pl_assert(order && from && now);
    uint32_t *v = postings(s, from);
    for (uint32_t i = 0; i < n; i++) order[i] = (struct order){s->terms.v[i], i};
    qsort(order, n, sizeof *order, by_key);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t t = order[i].term;
        now[t] = i;
        add_term(s, &order[i], v + from[t], from[t + 1] - from[t]);
    }
    renumber(&s->table[PL_KB__T_WORDS], pl_kb__row[PL_KB__T_WORDS], PL_KB__GRAM, now);
    renumber(&s->table[PL_KB__T_GRAMS], 1, 1, now);
    free(order);
    free(from);
    free(now);
    free(v);
}

static void free_shelf(struct shelf *s) {
    for (int t = 0; t < PL_KB__NTABLES; t++) pl_buf_free(&s->table[t]);
    free_keys(&s->terms);
    free_keys(&s->words);
    PL_VEC_FREE(&s->kind);
    PL_VEC_FREE(&s->df);
    PL_VEC_FREE(&s->last);
    PL_VEC_FREE(&s->entries);
    PL_VEC_FREE(&s->tokens);
    PL_VEC_FREE(&s->grams);
    pl_arena_free(&s->arena);
}

/* ---- the section ---- */

static int by_place(const void *a, const void *b) {
    const struct pl_kb_article *x = *(const struct pl_kb_article *const *)a;
    const struct pl_kb_article *y = *(const struct pl_kb_article *const *)b;
    int c = pl_str_cmp(x->locale, y->locale);
    return c ? c : pl_str_cmp(x->id, y->id);
}

static bool fine(struct pl_str s, size_t most, enum pl_err *err) {
    if (s.n > most)
        *err = PL_LIMIT;
    else if (!pl_utf8_valid(s))
        *err = PL_MALFORMED;
    return *err == PL_OK;
}

static enum pl_err check_article(const struct pl_kb_article *a) {
    enum pl_err err = PL_OK;
    bool good = fine(a->locale, 64, &err) && fine(a->id, PL_KB_MOST_NAME, &err) &&
                fine(a->title, PL_KB_MOST_NAME, &err) && fine(a->url, PL_KB_MOST_NAME, &err);
    for (uint32_t i = 0; good && i < a->nasked; i++)
        good = fine(a->asked[i], PL_KB_MOST_NAME, &err);
    for (uint32_t i = 0; good && i < a->npassages; i++)
        good = fine(a->passages[i].heading, PL_KB_MOST_NAME, &err) &&
               fine(a->passages[i].anchor, PL_KB_MOST_NAME, &err) &&
               fine(a->passages[i].text, PL_KB_MOST_TEXT, &err);
    return err;
}

/* In order, by locale and id; NULL when they are too many or one is wrong. */
static const struct pl_kb_article **in_order(const struct pl_kb_article *articles, uint32_t n,
                                             enum pl_err *err) {
    size_t units = 0;
    if (n > PL_KB_MOST_ARTICLES) *err = PL_LIMIT;
    for (uint32_t i = 0; i < n && *err == PL_OK; i++) {
        *err = check_article(&articles[i]);
        units += (size_t)articles[i].npassages + articles[i].nasked;
        if (units > PL_KB_MOST_PASSAGES) *err = PL_LIMIT;
    }
    if (*err != PL_OK) return NULL;
    const struct pl_kb_article **v = malloc((n + 1) * sizeof *v);
    pl_assert(v);
    for (uint32_t i = 0; i < n; i++) v[i] = &articles[i];
    qsort(v, n, sizeof *v, by_place);
    for (uint32_t i = 1; i < n && *err == PL_OK; i++)
        if (by_place(&v[i - 1], &v[i]) == 0) *err = PL_MALFORMED;
    return v;
}

/* The shelf's tables behind `out`, its description to `head`. */
static void write_shelf(struct shelf *s, struct pl_buf *head, struct pl_buf *out, size_t base) {
    uint32_t locale[2];
    put_text(s, s->locale, locale);
    pl_buf_u32(head, locale[0]);
    pl_buf_u32(head, locale[1]);
    pl_buf_u32(head, s->npassages);
    for (int t = 0; t < PL_KB__NTABLES; t++) {
        pl_buf_u32(head, (uint32_t)(base + out->n));
        pl_buf_u32(head, s->rows[t]);
        pl_buf_str(out, pl_buf_slice(&s->table[t]));
    }
}

static void build_shelf(struct pl_locale_tools *t, const struct pl_kb_article **v, uint32_t n,
                        struct pl_buf *texts, struct pl_buf *head, struct pl_buf *out,
                        size_t base) {
    struct shelf s = {.tools = t, .locale = v[0]->locale, .texts = texts};
    s.language = pl_locale_language(s.locale);
    pl_arena_init(&s.arena, 0);
    for (uint32_t i = 0; i < n; i++) add_article(&s, v[i]);
    s.npassages = s.rows[PL_KB__T_UNITS];
    for (uint32_t i = 0; i < n; i++) add_cards(&s, v[i], i);
    finish(&s);
    write_shelf(&s, head, out, base);
    free_shelf(&s);
}

static uint32_t count_shelves(const struct pl_kb_article **v, uint32_t n) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) count += i == 0 || !pl_str_eq(v[i]->locale, v[i - 1]->locale);
    return count;
}

static enum pl_err write_all(struct pl_locale_tools *t, const struct pl_kb_article **v, uint32_t n,
                             struct pl_buf *section) {
    struct pl_buf head = {0}, tables = {0}, texts = {0};
    uint32_t shelves = count_shelves(v, n);
    size_t base = (PL_KB__HEADER + (size_t)shelves * PL_KB__SHELF) * 4;
    for (uint32_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && pl_str_eq(v[k]->locale, v[i]->locale);) k++;
        build_shelf(t, v + i, k - i, &texts, &head, &tables, base);
    }
    bool failed = head.failed || tables.failed || texts.failed;
    enum pl_err err = failed ? PL_NOMEM : PL_OK;
    if (base + tables.n + texts.n > UINT32_MAX) err = PL_LIMIT;
    if (err == PL_OK) {
        pl_buf_u32(section, PL_KB__MAGIC);
        pl_buf_u32(section, PL_KB__VERSION);
        pl_buf_u32(section, shelves);
        pl_buf_u32(section, (uint32_t)(base + tables.n));
        pl_buf_str(section, pl_buf_slice(&head));
        pl_buf_str(section, pl_buf_slice(&tables));
        pl_buf_str(section, pl_buf_slice(&texts));
        if (section->failed) err = PL_NOMEM;
    }
    pl_buf_free(&head);
    pl_buf_free(&tables);
    pl_buf_free(&texts);
    return err;
}

enum pl_err pl_kb_build(struct pl_locale_tools *t, const struct pl_kb_article *articles,
                        uint32_t narticles, struct pl_buf *section) {
    enum pl_err err = PL_OK;
    const struct pl_kb_article **v = in_order(articles, narticles, &err);
    if (err == PL_OK) err = write_all(t, v, narticles, section);
    free(v);
    return err;
}
