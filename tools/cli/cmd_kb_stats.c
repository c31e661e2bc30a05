/* SPDX-License-Identifier: Apache-2.0
 *
 * kb stats: what customers made of the articles, from a running server or its folder.
 */
#include <stdlib.h>
#include <unistd.h>

#include "tools/cli/cli_kb_priv.h"

struct row {
    struct pl_str article;
    int64_t views, helpful, unhelpful;
};

static int64_t number(const struct pl_json *j, const char *name) {
    const struct pl_json *v = pl_json_get(j, name);
    int64_t n = 0;
    return v && pl_str_i64(v->s, &n) ? n : 0;
}

/* What helped least first, then what was read most. */
static int by_need(const void *x, const void *y) {
    const struct row *a = x, *b = y;
    int64_t p = a->unhelpful - a->helpful, q = b->unhelpful - b->helpful;
    if (p != q) return p > q ? -1 : 1;
    if (a->views != b->views) return a->views > b->views ? -1 : 1;
    return pl_str_cmp(a->article, b->article);
}

static void print_rows(const struct pl_json *list, struct pl_arena *a) {
    size_t n = list ? list->n : 0;
    struct row *v = PL_NEW_ARRAY(a, struct row, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct pl_json *j = &list->m[i].value;
        v[i] = (struct row){pl_json_text(j, "article"), number(j, "views"), number(j, "helpful"),
                            number(j, "not_helpful")};
    }
    qsort(v, n, sizeof *v, by_need);
    if (n == 0) printf("Nobody has opened an article or voted on one yet.\n");
    if (n) printf("  opened  helped     not  article\n");
    for (size_t i = 0; i < n; i++)
        printf("%8lld%8lld%8lld  %.*s\n", (long long)v[i].views, (long long)v[i].helpful,
               (long long)v[i].unhelpful, PL_STR_ARG(v[i].article));
}

static void print_json(const struct pl_json *list) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    pl_jw_open(&w, '{');
    pl_jw_name(&w, "articles");
    pl_jw_open(&w, '[');
    for (size_t i = 0; list && i < list->n; i++) {
        const struct pl_json *j = &list->m[i].value;
        pl_jw_open(&w, '{');
        pl_jw_text_member(&w, "article", pl_json_text(j, "article"));
        static const char *const names[] = {"views", "helpful", "not_helpful"};
        for (size_t k = 0; k < PL_LEN(names); k++) {
            pl_jw_int_member(&w, names[k], number(j, names[k]));
        }
        pl_jw_close(&w, '}');
    }
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    printf("%.*s\n", (int)b.n, b.p);
    pl_buf_free(&b);
}

int pl_cli__kb_stats(const char *data, bool json) {
    struct pl_arena a;
    struct pl_json answer;
    if (access(data, F_OK) != 0)
        return pl_cli__failure("there is no data folder %s; --data names it", data);
    pl_arena_init(&a, 0);
    int code = pl_cli__request(data, &a, PL_STR("{\"cmd\":\"kb-stats\"}"), &answer);
    const struct pl_json *list = code == CLI_OK ? pl_json_get(&answer, "articles") : NULL;
    if (code == CLI_OK && json) print_json(list);
    if (code == CLI_OK && !json) print_rows(list, &a);
    pl_arena_free(&a);
    return code;
}
