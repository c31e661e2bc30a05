/* SPDX-License-Identifier: Apache-2.0
 *
 * A section opened: checked once, so that a search can trust every number in it. */
#include "runtime/kb/kb_search_priv.h"

#include <stdlib.h>

struct checker {
    struct pl_str section;
    size_t texts; /* where they begin */
};

/* ---- one shelf ---- */

static bool text_in(const struct pl_kb__shelf *s, enum pl_kb__table t, uint32_t row,
                    uint32_t column, size_t most) {
    size_t at = pl_kb__at(s, t, row, column), n = pl_kb__at(s, t, row, column + 1);
    return at <= s->texts.n && n <= s->texts.n - at && n <= most &&
           pl_utf8_valid((struct pl_str){s->texts.p + at, n});
}

/* Rows [first, first + n) of a table that has so many. */
static bool rows_in(uint32_t first, uint32_t n, uint32_t rows, uint32_t most) {
    return n <= most && first <= rows && n <= rows - first;
}

/* Tells units of passages to whom they belong: articles have them one after another. */
static bool articles_fit(const struct pl_kb__shelf *s) {
    uint32_t next = 0;
    for (uint32_t i = 0; i < s->rows[PL_KB__T_ARTICLES]; i++) {
        for (uint32_t c = 0; c < PL_KB__A_FIRST; c += 2)
            if (!text_in(s, PL_KB__T_ARTICLES, i, c, PL_KB_MOST_NAME)) return false;
        uint32_t n = pl_kb__at(s, PL_KB__T_ARTICLES, i, PL_KB__A_N);
        if (pl_kb__at(s, PL_KB__T_ARTICLES, i, PL_KB__A_FIRST) != next) return false;
        if (!rows_in(next, n, s->npassages, PL_KB_MOST_PASSAGES)) return false;
        for (uint32_t u = next; u < next + n; u++)
            if (pl_kb__at(s, PL_KB__T_UNITS, u, PL_KB__U_ARTICLE) != i) return false;
        next += n;
    }
    return next == s->npassages;
}

static bool at_letter(struct pl_str text, size_t at) {
    return at == text.n || ((uint8_t)text.p[at] & 0xc0) != 0x80;
}

static bool tokens_fit(const struct pl_kb__shelf *s, uint32_t first, uint32_t n,
                       struct pl_str text) {
    for (uint32_t i = first; i < first + n; i++) {
        uint32_t place = pl_kb__at(s, PL_KB__T_TOKENS, i, 1);
        uint32_t start = place >> 16, end = start + (place & 0xffff);
        if (pl_kb__at(s, PL_KB__T_TOKENS, i, 0) >= s->rows[PL_KB__T_WORDS]) return false;
        if (place == PL_KB__NONE) continue;
        if (end > text.n || !at_letter(text, start) || !at_letter(text, end)) return false;
    }
    return true;
}

static bool sentences_fit(const struct pl_kb__shelf *s, uint32_t first, uint32_t n,
                          struct pl_str text) {
    uint32_t last = 0;
    for (uint32_t i = first; i < first + n; i++) {
        uint32_t end = pl_kb__at(s, PL_KB__T_SENTENCES, i, 0);
        if (end < last || end > text.n || !at_letter(text, end)) return false;
        last = end;
    }
    return true;
}

/* Units have their tokens one after another, so that all of them together are looked at once. */
static bool units_fit(const struct pl_kb__shelf *s) {
    uint32_t next = 0, sentence = 0;
    for (uint32_t i = 0; i < s->rows[PL_KB__T_UNITS]; i++) {
        const enum pl_kb__table t = PL_KB__T_UNITS;
        if (pl_kb__at(s, t, i, PL_KB__U_ARTICLE) >= s->rows[PL_KB__T_ARTICLES]) return false;
        if (!text_in(s, t, i, PL_KB__U_HEADING, PL_KB_MOST_NAME) ||
            !text_in(s, t, i, PL_KB__U_ANCHOR, PL_KB_MOST_NAME) ||
            !text_in(s, t, i, PL_KB__U_TEXT, PL_KB_MOST_TEXT))
            return false;
        struct pl_str text = pl_kb__text(s, t, i, PL_KB__U_TEXT);
        uint32_t n = pl_kb__at(s, t, i, PL_KB__U_TOKENS);
        uint32_t m = pl_kb__at(s, t, i, PL_KB__U_SENTENCES);
        if (pl_kb__at(s, t, i, PL_KB__U_TOKEN) != next ||
            !rows_in(next, n, s->rows[PL_KB__T_TOKENS], PL_KB__TOKENS) ||
            !tokens_fit(s, next, n, text))
            return false;
        if (m && pl_kb__at(s, t, i, PL_KB__U_SENTENCE) != sentence) return false;
        if (!rows_in(sentence, m, s->rows[PL_KB__T_SENTENCES], PL_KB__SENTENCES) ||
            !sentences_fit(s, sentence, m, text))
            return false;
        next += n;
        sentence += m;
    }
    return true;
}

static bool words_fit(const struct pl_kb__shelf *s) {
    const uint32_t terms = s->rows[PL_KB__T_TERMS];
    for (uint32_t i = 0; i < s->rows[PL_KB__T_WORDS]; i++) {
        for (uint32_t k = 0; k < PL_KB__GRAM; k++)
            if (pl_kb__at(s, PL_KB__T_WORDS, i, k) >= terms) return false;
        uint32_t grams = pl_kb__at(s, PL_KB__T_WORDS, i, PL_KB__W_GRAMS);
        uint32_t shorts = pl_kb__at(s, PL_KB__T_WORDS, i, PL_KB__W_SHORTS);
        if (grams > PL_KB__GRAMS || shorts > PL_KB__GRAMS ||
            !rows_in(pl_kb__at(s, PL_KB__T_WORDS, i, PL_KB__W_GRAM), grams + shorts,
                     s->rows[PL_KB__T_GRAMS], 2 * PL_KB__GRAMS))
            return false;
    }
    for (uint32_t i = 0; i < s->rows[PL_KB__T_GRAMS]; i++)
        if (pl_kb__at(s, PL_KB__T_GRAMS, i, 0) >= terms) return false;
    return true;
}

static bool terms_fit(const struct pl_kb__shelf *s) {
    const uint32_t units = s->rows[PL_KB__T_UNITS];
    uint64_t last = 0;
    for (uint32_t i = 0; i < s->rows[PL_KB__T_TERMS]; i++) {
        uint64_t key = pl_kb__key(s, i);
        uint32_t df = pl_kb__at(s, PL_KB__T_TERMS, i, PL_KB__TERM_DF);
        if ((i && key <= last) || df == 0 || df > units) return false;
        if (!rows_in(pl_kb__at(s, PL_KB__T_TERMS, i, PL_KB__TERM_POST),
                     pl_kb__at(s, PL_KB__T_TERMS, i, PL_KB__TERM_POSTS), s->rows[PL_KB__T_POSTS],
                     PL_KB__POSTINGS))
            return false;
        last = key;
    }
    for (uint32_t i = 0; i < s->rows[PL_KB__T_POSTS]; i++)
        if (pl_kb__at(s, PL_KB__T_POSTS, i, 0) >> 8 >= units) return false;
    return true;
}

static void measure(struct pl_kb__shelf *s) {
    double tokens = 0, grams = 0, n = s->rows[PL_KB__T_UNITS] ? s->rows[PL_KB__T_UNITS] : 1;
    for (uint32_t i = 0; i < s->rows[PL_KB__T_UNITS]; i++) {
        tokens += pl_kb__at(s, PL_KB__T_UNITS, i, PL_KB__U_TOKENS);
        grams += pl_kb__at(s, PL_KB__T_UNITS, i, PL_KB__U_GRAMS);
    }
    s->mean_tokens = tokens / n;
    s->mean_grams = grams / n;
    s->chance = pl_kb__chance(s->language);
}

/* ---- the section ---- */

static uint32_t number(struct pl_str s, size_t i) {
    return pl_kb__load(s.p + i * 4);
}

/* Tables follow one another without gaps from `*next` on. */
static bool read_shelf(const struct checker *c, uint32_t i, size_t *next,
                       struct pl_kb__shelf *out) {
    size_t at = PL_KB__HEADER + (size_t)i * PL_KB__SHELF;
    size_t name = number(c->section, at), n = number(c->section, at + 1);
    out->texts = (struct pl_str){c->section.p + c->texts, c->section.n - c->texts};
    if (name > out->texts.n || n > out->texts.n - name || n > 64) return false;
    out->locale = (struct pl_str){out->texts.p + name, n};
    if (!pl_utf8_valid(out->locale)) return false;
    out->language = pl_locale_language(out->locale);
    out->npassages = number(c->section, at + 2);
    for (uint32_t t = 0; t < PL_KB__NTABLES; t++) {
        size_t from = number(c->section, at + 3 + 2 * t);
        size_t rows = number(c->section, at + 4 + 2 * t), size = rows * pl_kb__row[t] * 4;
        if (from != *next || from > c->texts || size > c->texts - from) return false;
        out->table[t] = (const uint8_t *)c->section.p + from;
        out->rows[t] = (uint32_t)rows;
        *next = from + size;
    }
    return out->rows[PL_KB__T_ARTICLES] <= PL_KB_MOST_ARTICLES &&
           out->rows[PL_KB__T_UNITS] <= PL_KB__MOST_UNITS &&
           out->npassages <= out->rows[PL_KB__T_UNITS];
}

static bool shelf_fits(const struct pl_kb__shelf *s, const struct pl_kb__shelf *before) {
    if (before && pl_str_cmp(before->locale, s->locale) >= 0) return false;
    return articles_fit(s) && units_fit(s) && words_fit(s) && terms_fit(s);
}

static bool read_shelves(const struct checker *c, struct pl_kb *kb) {
    size_t next = (PL_KB__HEADER + (size_t)kb->nshelves * PL_KB__SHELF) * 4;
    for (uint32_t i = 0; i < kb->nshelves; i++) {
        struct pl_kb__shelf *s = &kb->shelves[i];
        if (!read_shelf(c, i, &next, s) || !shelf_fits(s, i ? s - 1 : NULL)) return false;
        measure(s);
        s->article = kb->narticles;
        s->passage = kb->npassages;
        kb->narticles += s->rows[PL_KB__T_ARTICLES];
        kb->npassages += s->npassages;
        kb->locales[i] = s->locale;
    }
    return next == c->texts;
}

static enum pl_err read_section(struct pl_str section, struct pl_kb *kb) {
    struct checker c = {.section = section};
    if (section.n == 0) return PL_OK;
    if (section.n < PL_KB__HEADER * 4 || section.n > UINT32_MAX) return PL_MALFORMED;
    if (number(section, 0) != PL_KB__MAGIC) return PL_MALFORMED;
    if (number(section, 1) != PL_KB__VERSION) return PL_VERSION;
    kb->nshelves = number(section, 2);
    c.texts = number(section, 3);
    if (kb->nshelves > 1000 || c.texts > section.n ||
        c.texts < (PL_KB__HEADER + (size_t)kb->nshelves * PL_KB__SHELF) * 4)
        return PL_MALFORMED;
    kb->shelves = calloc((size_t)kb->nshelves + 1, sizeof *kb->shelves);
    kb->locales = calloc((size_t)kb->nshelves + 1, sizeof *kb->locales);
    if (!kb->shelves || !kb->locales) return PL_NOMEM;
    return read_shelves(&c, kb) ? PL_OK : PL_MALFORMED;
}

enum pl_err pl_kb_open(struct pl_str section, struct pl_kb **out) {
    struct pl_kb *kb = calloc(1, sizeof *kb);
    if (!kb) return PL_NOMEM;
    enum pl_err err = read_section(section, kb);
    if (err == PL_OK)
        *out = kb;
    else
        pl_kb_close(&kb);
    return err;
}

void pl_kb_close(struct pl_kb **kb) {
    if (!*kb) return;
    free((*kb)->shelves);
    free((*kb)->locales);
    free(*kb);
    *kb = NULL;
}

/* ---- what is in it ---- */

uint32_t pl_kb_narticles(const struct pl_kb *kb) {
    return kb->narticles;
}

uint32_t pl_kb_nlocales(const struct pl_kb *kb) {
    return kb->nshelves;
}

struct pl_str pl_kb_locale(const struct pl_kb *kb, uint32_t locale) {
    pl_assert(locale < kb->nshelves);
    return kb->locales[locale];
}

void pl_kb__hit(const struct pl_kb__shelf *s, uint32_t unit, struct pl_kb_hit *out) {
    uint32_t article = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_ARTICLE);
    *out = (struct pl_kb_hit){.article = s->article + article,
                              .passage = s->passage + unit,
                              .id = pl_kb__text(s, PL_KB__T_ARTICLES, article, PL_KB__A_ID),
                              .locale = s->locale,
                              .title = pl_kb__text(s, PL_KB__T_ARTICLES, article, PL_KB__A_TITLE),
                              .url = pl_kb__text(s, PL_KB__T_ARTICLES, article, PL_KB__A_URL),
                              .heading = pl_kb__text(s, PL_KB__T_UNITS, unit, PL_KB__U_HEADING),
                              .anchor = pl_kb__text(s, PL_KB__T_UNITS, unit, PL_KB__U_ANCHOR),
                              .text = pl_kb__text(s, PL_KB__T_UNITS, unit, PL_KB__U_TEXT)};
    out->answer.end = (uint32_t)out->text.n;
}

bool pl_kb_passage(const struct pl_kb *kb, uint32_t passage, struct pl_kb_hit *out) {
    for (uint32_t i = 0; i < kb->nshelves; i++) {
        const struct pl_kb__shelf *s = &kb->shelves[i];
        if (passage - s->passage >= s->npassages) continue;
        pl_kb__hit(s, passage - s->passage, out);
        return true;
    }
    return false;
}

void pl_kb_article_passages(const struct pl_kb *kb, uint32_t article, uint32_t *first,
                            uint32_t *end) {
    *first = *end = 0;
    for (uint32_t i = 0; i < kb->nshelves; i++) {
        const struct pl_kb__shelf *s = &kb->shelves[i];
        uint32_t row = article - s->article;
        if (row >= s->rows[PL_KB__T_ARTICLES]) continue;
        *first = s->passage + pl_kb__at(s, PL_KB__T_ARTICLES, row, PL_KB__A_FIRST);
        *end = *first + pl_kb__at(s, PL_KB__T_ARTICLES, row, PL_KB__A_N);
        return;
    }
}
