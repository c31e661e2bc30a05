/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as two articles that link to each other: mistakes within the files, or an index that
 * opens.
 */
#include "runtime/locale/locale.h"
#include "tools/compile/compile_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct pl_sources *s, pl_compile_articles *v, const char *path,
                struct pl_str text) {
    struct pl_compile_article a = {.locale = PL_STR("en"), .path = pl_str_c(path)};
    a.id = (struct pl_str){a.path.p, a.path.n - 3};
    a.file = pl_sources_add(s, a.path, text);
    PL_PUSH(v, a);
}

static void check_spans(const struct pl_diags *d, const struct pl_sources *s) {
    for (size_t i = 0; i < d->n; i++) {
        struct pl_span at = d->v[i]->span;
        pl_assert(at.file < s->n && at.start <= at.end && at.end <= s->v[at.file].text.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct pl_locale_tools *tools; /* opened once: it takes milliseconds */
    static const struct pl_str locales[] = {{"en-US", 5}, {"ar-SA", 5}};
    struct pl_arena a;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_buf section = {0};
    struct pl_kb *kb = NULL;
    pl_compile_articles articles = {0};
    size_t half = size / 2;
    if (tools == NULL) tools = pl_locale_tools_new();
    pl_arena_init(&a, 0);
    pl_sources_init(&sources, &a);
    pl_diags_init(&diags, &a, &sources);
    add(&sources, &articles, "a.md", (struct pl_str){(const char *)data, size});
    add(&sources, &articles, "b/c.md", (struct pl_str){(const char *)data + half, size - half});
    pl_compile__knowledge(&a, tools, &sources, &articles, locales, 2, &diags, &section);
    pl_diags_finish(&diags, true);
    check_spans(&diags, &sources);
    pl_assert(diags.errors || section.n);
    if (section.n) pl_assert(pl_kb_open(pl_buf_slice(&section), &kb) == PL_OK);
    pl_kb_close(&kb);
    for (size_t i = 0; i < articles.n; i++) pl_compile__article_free(&articles.v[i]);
    PL_VEC_FREE(&articles);
    pl_buf_free(&section);
    pl_arena_free(&a);
    return 0;
}
