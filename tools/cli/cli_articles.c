/* SPDX-License-Identifier: Apache-2.0
 *
 * The articles of the active image as pages, for customers who want to read where an answer comes
 * from. Taken from the admin thread, shown on the gateway's.
 */
#include <pthread.h>
#include <stdlib.h>

#include "runtime/kb/kb.h"
#include "runtime/locale/locale.h"
#include "runtime/program/program.h"
#include "runtime/store/store.h"
#include "tools/cli/cli_priv.h"

struct cli_articles {
    pthread_mutex_t lock;
    struct pl_image *image;
    struct pl_kb *kb; /* of the image's bytes; NULL: it has none that can be read */
};

struct cli_articles *pl_cli__articles_new(void) {
    struct cli_articles *a = calloc(1, sizeof *a);
    if (a) pthread_mutex_init(&a->lock, NULL);
    return a;
}

void pl_cli__articles_take(struct cli_articles *a, struct pl_image *image) {
    struct pl_kb *kb = NULL, *old;
    struct pl_image *was;
    if (image) (void)pl_kb_open(pl_image_section(image, "kb.index"), &kb);
    pthread_mutex_lock(&a->lock); /* pages wait no longer than for this */
    old = a->kb;
    was = a->image;
    a->kb = kb;
    a->image = image ? pl_image_ref(image) : NULL;
    pthread_mutex_unlock(&a->lock);
    if (old) pl_kb_close(&old);
    if (was) pl_image_unref(&was);
}

void pl_cli__articles_free(struct cli_articles **out) {
    struct cli_articles *a = *out;
    if (!a) return;
    *out = NULL;
    pl_cli__articles_take(a, NULL);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* ---- which ---- */

/* The locale itself, its language, the source's language, any. */
static int nearness(struct pl_str has, struct pl_str wanted, struct pl_str source) {
    struct pl_str language = pl_locale_language(has);
    if (pl_str_eq(has, wanted)) return 4;
    if (pl_str_eq(language, pl_locale_language(wanted))) return 3;
    return pl_str_eq(language, pl_locale_language(source)) ? 2 : 1;
}

/* Its first and last + 1 passage. */
static bool find(const struct cli_articles *a, struct pl_str locale, struct pl_str id,
                 uint32_t *first, uint32_t *end) {
    struct pl_str source = pl_image_program(a->image)->source_locale;
    struct pl_kb_hit hit;
    int best = 0;
    for (uint32_t i = 0; i < pl_kb_narticles(a->kb); i++) {
        uint32_t from, to;
        pl_kb_article_passages(a->kb, i, &from, &to);
        if (from == to || !pl_kb_passage(a->kb, from, &hit) || !pl_str_eq(hit.id, id)) continue;
        int near = nearness(hit.locale, locale, source);
        if (near <= best) continue;
        best = near;
        *first = from;
        *end = to;
    }
    return best > 0;
}

/* ---- the page ---- */

static void element(struct pl_buf *b, const char *tag, struct pl_str s) {
    if (s.n == 0) return;
    pl_buf_printf(b, "<%s>", tag);
    pl_buf_markup(b, s);
    pl_buf_printf(b, "</%s>\n", tag);
}

static void head(struct pl_buf *b, const struct pl_kb_hit *h) {
    pl_buf_c(b, "<!doctype html>\n<html lang=\"");
    pl_buf_markup(b, h->locale);
    pl_buf_printf(b, "\" dir=\"%s\">\n<meta charset=\"utf-8\">\n",
                  pl_locale_rtl(h->locale) ? "rtl" : "ltr");
    pl_buf_c(b, "<meta name=\"viewport\" content=\"width=device-width\">\n"
                "<link rel=\"stylesheet\" href=\"/kb/style.css\">\n");
    element(b, "title", h->title);
    pl_buf_c(b, "<main>\n");
    element(b, "h1", h->title);
}

bool pl_cli__articles_page(struct cli_articles *a, struct pl_str locale, struct pl_str id,
                           struct pl_buf *out, struct pl_buf *name) {
    uint32_t first = 0, end = 0;
    struct pl_kb_hit h;
    pthread_mutex_lock(&a->lock);
    bool found = a->kb && find(a, locale, id, &first, &end);
    for (uint32_t i = first; found && i < end && pl_kb_passage(a->kb, i, &h); i++) {
        if (i == first) head(out, &h);
        if (i == first) pl_buf_printf(name, "%.*s/%.*s", PL_STR_ARG(h.locale), PL_STR_ARG(h.id));
        element(out, "h2", h.heading);
        element(out, "p", h.text);
    }
    pthread_mutex_unlock(&a->lock);
    if (found) pl_buf_c(out, "</main>\n");
    return found;
}

/* Signs that need no language. */
void pl_cli__articles_tally(struct pl_store *store, struct pl_str name, struct pl_buf *out) {
    struct pl_arena a;
    struct pl_engine_tally t;
    pl_arena_init(&a, 0);
    if (pl_engine_tally(store, &a, name, &t))
        pl_buf_printf(out,
                      "<footer><span>\U0001F441 %llu</span> <span>\U0001F44D %llu</span> "
                      "<span>\U0001F44E %llu</span></footer>\n",
                      (unsigned long long)t.views, (unsigned long long)t.helpful,
                      (unsigned long long)t.unhelpful);
    pl_arena_free(&a);
}

enum pl_err pl_cli__articles_stats(struct pl_store *store, struct pl_jw *w) {
    struct pl_arena a;
    struct pl_engine_tally *v = NULL;
    size_t n = 0;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_engine_tallies(store, &a, &v, &n);
    pl_jw_name(w, "articles");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "article", v[i].article);
        pl_jw_int_member(w, "views", (int64_t)v[i].views);
        pl_jw_int_member(w, "helpful", (int64_t)v[i].helpful);
        pl_jw_int_member(w, "not_helpful", (int64_t)v[i].unhelpful);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
    pl_arena_free(&a);
    return err;
}
