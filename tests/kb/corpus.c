/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kb/report.h"

#include <stdlib.h>

const char *const languages[LANGUAGES] = {"ar", "de", "el", "en", "es", "hi",
                                          "ro", "ru", "th", "tr", "vi", "zh"};

/* ---- reading ---- */

static bool next_line(struct pl_arena *a, struct pl_str *rest, struct pl_json *out) {
    while (rest->n) {
        size_t n = pl_str_find(*rest, PL_STR("\n")), at;
        if (n == SIZE_MAX) n = rest->n;
        struct pl_str line = pl_str_trim((struct pl_str){rest->p, n});
        n += n < rest->n;
        *rest = (struct pl_str){rest->p + n, rest->n - n};
        if (line.n) return pl_json_parse(a, line, out, &at) == PL_OK;
    }
    return false;
}

static uint32_t find_doc(const struct corpus *c, struct pl_str id) {
    for (uint32_t i = 0; i < c->ndocs; i++)
        if (pl_str_eq(c->docs[i].id, id)) return i;
    return UINT32_MAX;
}

static void add_doc(struct corpus *c, const struct pl_json *j) {
    struct doc *d = &c->docs[c->ndocs];
    *d = (struct doc){pl_json_text(j, "doc"), pl_json_text(j, "title"), pl_json_text(j, "text"), 0};
    if (c->ndocs) d->article = d[-1].article + !pl_str_eq(d[-1].title, d->title);
    c->ndocs++;
}

static bool read_file(struct corpus *c, const char *folder, const char *what, struct pl_str *text) {
    struct pl_str path = pl_arena_printf(&c->arena, "%s/%s_%s.jsonl", folder, c->language, what);
    enum pl_err err = pl_file_read(&c->arena, path.p, 64u << 20, text);
    if (err != PL_OK) fprintf(stderr, "%s: %s\n", path.p, pl_err_text(err));
    return err == PL_OK;
}

bool corpus_read(struct corpus *c, const char *folder, const char *language) {
    struct pl_str text;
    struct pl_json j;
    pl_arena_init(&c->arena, 0);
    c->language = language;
    c->ndocs = c->nasks = 0;
    if (!read_file(c, folder, "docs", &text)) return false;
    while (c->ndocs < DOCS_MOST && next_line(&c->arena, &text, &j)) add_doc(c, &j);
    if (!read_file(c, folder, "queries", &text)) return false;
    while (c->nasks < ASKS_MOST && next_line(&c->arena, &text, &j)) {
        uint32_t doc = find_doc(c, pl_json_text(&j, "doc"));
        if (doc != UINT32_MAX) c->asks[c->nasks++] = (struct ask){pl_json_text(&j, "text"), doc};
    }
    return true;
}

void corpus_free(struct corpus *c) {
    pl_arena_free(&c->arena);
}

/* ---- dividing ---- */

bool is_any(uint32_t article, uint32_t part) {
    (void)article;
    (void)part;
    return true;
}
bool is_for_learning(uint32_t article, uint32_t part) {
    (void)part;
    return article % 2 == 0;
}
bool is_held_out(uint32_t article, uint32_t part) {
    return !is_for_learning(article, part);
}
bool is_half_for_learning(uint32_t article, uint32_t part) {
    return is_for_learning(article, 0) && article / 2 % 2 == part;
}
bool is_half_held_out(uint32_t article, uint32_t part) {
    return is_held_out(article, 0) && article / 2 % 2 == part;
}

/* ---- indexing ---- */

/* "Super_Bowl_50" as people write it. */
static struct pl_str plain(struct pl_arena *a, struct pl_str title) {
    char *p = pl_arena_alloc(a, title.n + 1);
    for (size_t i = 0; i < title.n; i++) p[i] = title.p[i];
    for (size_t i = 0; i < title.n; i++)
        if (p[i] == '_') p[i] = ' ';
    return (struct pl_str){p, title.n};
}

void index_open(struct index *x, struct pl_locale_tools *t, const struct corpus *c, chosen *in,
                uint32_t part) {
    static struct pl_kb_article articles[DOCS_MOST];
    static struct pl_kb_passage passages[DOCS_MOST];
    struct pl_arena a;
    uint32_t n = 0;
    pl_arena_init(&a, 0);
    for (uint32_t i = 0; i < c->ndocs; i++) {
        if (!in(c->docs[i].article, part)) continue;
        passages[n] = (struct pl_kb_passage){.text = c->docs[i].text};
        articles[n] = (struct pl_kb_article){.locale = pl_str_c(c->language),
                                             .id = c->docs[i].id,
                                             .title = plain(&a, c->docs[i].title),
                                             .passages = &passages[n],
                                             .npassages = 1};
        n++;
    }
    *x = (struct index){0};
    enum pl_err err = pl_kb_build(t, articles, n, &x->section);
    if (err == PL_OK) err = pl_kb_open(pl_buf_slice(&x->section), &x->kb);
    if (err != PL_OK) fprintf(stderr, "%s: %s\n", c->language, pl_err_text(err));
    if (err != PL_OK) exit(2);
    pl_arena_free(&a);
}

void index_close(struct index *x) {
    pl_kb_close(&x->kb);
    pl_buf_free(&x->section);
}
