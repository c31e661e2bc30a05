/* SPDX-License-Identifier: Apache-2.0
 *
 * The knowledge base of a project: what its articles say of one another, and their index. */
#include "tools/compile/compile_priv.h"

#include <stdlib.h>

struct checker {
    struct pl_arena *a;
    pl_compile_articles *all;
    const struct pl_str *locales; /* the program's */
    uint32_t nlocales;
    struct pl_diags *diags;
};

/* ---- links ---- */

/* "returns/how.md" and "../shipping/costs.md" are "shipping/costs.md"; empty when it leaves kb/. */
static struct pl_str resolve(struct pl_arena *a, struct pl_str from, struct pl_str target) {
    struct pl_str dir = from;
    while (dir.n && dir.p[dir.n - 1] != '/') dir.n--;
    while (target.n) {
        if (pl_str_starts(target, PL_STR("./"))) {
            target = (struct pl_str){target.p + 2, target.n - 2};
        } else if (pl_str_starts(target, PL_STR("../"))) {
            if (!dir.n) return PL_STR("");
            dir.n--;
            while (dir.n && dir.p[dir.n - 1] != '/') dir.n--;
            target = (struct pl_str){target.p + 3, target.n - 3};
        } else {
            break;
        }
    }
    return pl_arena_printf(a, "%.*s%.*s", PL_STR_ARG(dir), PL_STR_ARG(target));
}

static const struct pl_compile_article *find(const struct checker *c, struct pl_str locale,
                                             struct pl_str path) {
    for (size_t i = 0; i < c->all->n; i++)
        if (pl_str_eq(c->all->v[i].locale, locale) && pl_str_eq(c->all->v[i].path, path))
            return &c->all->v[i];
    return NULL;
}

/* What a link from `from` to this one would be written as. */
static struct pl_str written(struct pl_arena *a, struct pl_str from, struct pl_str to) {
    size_t shared = 0;
    for (size_t i = 0; i < from.n && i < to.n && from.p[i] == to.p[i]; i++)
        if (from.p[i] == '/') shared = i + 1;
    struct pl_buf b = {0};
    for (size_t i = shared; i < from.n; i++)
        if (from.p[i] == '/') pl_buf_c(&b, "../");
    pl_buf_add(&b, to.p + shared, to.n - shared);
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

static void no_article(const struct checker *c, const struct pl_compile_article *from,
                       const struct pl_compile_link *l, struct pl_str target) {
    struct pl_str *names = PL_NEW_ARRAY(c->a, struct pl_str, c->all->n + 1);
    struct pl_span at = {l->at.file, l->at.start, l->at.start + (uint32_t)target.n};
    size_t n = 0;
    for (size_t i = 0; i < c->all->n; i++)
        if (pl_str_eq(c->all->v[i].locale, from->locale))
            names[n++] = written(c->a, from->path, c->all->v[i].path);
    struct pl_diag *d = pl_diag2(c->diags, PL_D_ARTICLE_LINK, at, PL_STR("article"), target);
    pl_diag_nearest(c->diags, d, at, target, names, n);
}

static void check_link(const struct checker *c, const struct pl_compile_article *from,
                       const struct pl_compile_link *l) {
    size_t hash = pl_str_find(l->target, PL_STR("#"));
    struct pl_str path = {l->target.p, hash == SIZE_MAX ? l->target.n : hash};
    const struct pl_compile_article *to = from;
    if (path.n) to = find(c, from->locale, resolve(c->a, from->path, path));
    if (!to) no_article(c, from, l, path);
    if (!to || hash == SIZE_MAX) return;
    struct pl_str anchor = {l->target.p + hash + 1, l->target.n - hash - 1};
    for (size_t i = 0; i < to->anchors.n; i++)
        if (pl_str_eq(to->anchors.v[i], anchor)) return;
    struct pl_span at = {l->at.file, l->at.start + (uint32_t)hash + 1, l->at.end};
    struct pl_diag *d = pl_diag2(c->diags, PL_D_ARTICLE_LINK, at, PL_STR("heading"), anchor);
    pl_diag_nearest(c->diags, d, at, anchor, to->anchors.v, to->anchors.n);
}

/* ---- twice ---- */

static void check_twice(const struct checker *c, size_t i) {
    const struct pl_compile_article *x = &c->all->v[i];
    for (size_t k = 0; k < i; k++) {
        const struct pl_compile_article *y = &c->all->v[k];
        struct pl_diag *d = NULL;
        if (!pl_str_eq(x->locale, y->locale)) continue;
        if (pl_str_eq(x->id, y->id))
            d = pl_diag2(c->diags, PL_D_ARTICLE_TWICE, x->id_at, x->locale, x->id);
        else if (x->title.n && pl_str_eq(x->title, y->title))
            d = pl_diag1(c->diags, PL_D_ARTICLE_TITLE_TWICE, x->title_at, x->locale);
        if (!d) continue;
        pl_diag_note(c->diags, d, y->title_at, "the other one");
        return;
    }
}

/* ---- locales ---- */

/* Does a customer of the locale read articles of this folder? */
static bool reads(struct pl_str locale, struct pl_str folder) {
    return pl_str_eq(pl_locale_language(locale), pl_locale_language(folder));
}

static void check_locale(const struct checker *c, size_t i) {
    const struct pl_compile_article *x = &c->all->v[i];
    for (size_t k = 0; k < i; k++) /* one message a folder */
        if (pl_str_eq(c->all->v[k].locale, x->locale)) return;
    for (uint32_t k = 0; k < c->nlocales; k++)
        if (reads(c->locales[k], x->locale)) return;
    pl_diag1(c->diags, PL_D_ARTICLE_LOCALE, x->title_at,
             x->locale.n ? x->locale : PL_STR("no folder"));
}

/* The language of locale k, empty when an earlier locale has it too. */
static struct pl_str new_language(const struct checker *c, uint32_t k) {
    struct pl_str language = pl_locale_language(c->locales[k]);
    for (uint32_t i = 0; i < k; i++)
        if (pl_str_eq(pl_locale_language(c->locales[i]), language)) return PL_STR("");
    return language;
}

static bool is_there(const struct checker *c, struct pl_str language, struct pl_str id) {
    for (size_t i = 0; i < c->all->n; i++)
        if (reads(c->all->v[i].locale, language) && pl_str_eq(c->all->v[i].id, id)) return true;
    return false;
}

static void add_name(struct pl_buf *b, struct pl_str name) {
    pl_buf_printf(b, "%s`%.*s`", b->n ? ", " : "", PL_STR_ARG(name));
}

/* An article that is translated into some of the languages is expected in all. */
static void check_translated(const struct checker *c, size_t i) {
    const struct pl_compile_article *x = &c->all->v[i];
    struct pl_buf there = {0}, missing = {0};
    uint32_t n = 0;
    bool first = true;
    for (size_t k = 0; k < i && first; k++) first = !pl_str_eq(c->all->v[k].id, x->id);
    for (uint32_t k = 0; first && k < c->nlocales; k++) {
        struct pl_str language = new_language(c, k);
        if (!language.n) continue;
        bool has = is_there(c, language, x->id);
        n += has;
        add_name(has ? &there : &missing, language);
    }
    bool alone = n == 1 && reads(c->locales[0], x->locale); /* in the source's language only */
    if (n && !alone && missing.n)
        pl_diag3(c->diags, PL_D_ARTICLE_UNTRANSLATED, x->title_at, x->id, pl_buf_slice(&missing),
                 pl_buf_slice(&there));
    pl_buf_free(&there);
    pl_buf_free(&missing);
}

/* ---- the index ---- */

static void build(const struct checker *c, struct pl_locale_tools *t, struct pl_buf *section) {
    struct pl_kb_article *v = PL_NEW_ARRAY(c->a, struct pl_kb_article, c->all->n + 1);
    for (size_t i = 0; i < c->all->n; i++) {
        const struct pl_compile_article *x = &c->all->v[i];
        v[i] = (struct pl_kb_article){.locale = x->locale,
                                      .id = x->id,
                                      .title = x->title,
                                      .url = x->url,
                                      .asked = x->asked.v,
                                      .nasked = (uint32_t)x->asked.n,
                                      .passages = x->passages.v,
                                      .npassages = (uint32_t)x->passages.n};
    }
    enum pl_err err = pl_kb_build(t, v, (uint32_t)c->all->n, section);
    if (err == PL_OK) return;
    /* what single articles can have wrong was said; so there are too many of them */
    pl_diag2(c->diags, PL_D_ARTICLE_LONG, c->all->v[0].title_at, PL_STR("the knowledge base"),
             PL_STR("20,000 articles, or 100,000 passages"));
}

void pl_compile__knowledge(struct pl_arena *a, struct pl_locale_tools *t,
                           const struct pl_sources *sources, pl_compile_articles *articles,
                           const struct pl_str *locales, uint32_t nlocales, struct pl_diags *diags,
                           struct pl_buf *section) {
    struct checker c = {a, articles, locales, nlocales, diags};
    size_t errors = diags->errors;
    for (size_t i = 0; i < articles->n; i++)
        pl_compile__article(a, t, sources, diags, &articles->v[i]);
    for (size_t i = 0; i < articles->n; i++) {
        const struct pl_compile_article *x = &articles->v[i];
        for (size_t k = 0; k < x->links.n; k++) check_link(&c, x, &x->links.v[k]);
        check_twice(&c, i);
        if (nlocales) check_locale(&c, i);
        if (nlocales) check_translated(&c, i);
    }
    if (articles->n && section && diags->errors == errors) build(&c, t, section);
}
