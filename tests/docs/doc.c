/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/docs/doc.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- lines and words ---- */

struct pl_str doc_take_line(struct pl_str *rest) {
    size_t n = pl_str_find(*rest, PL_STR("\n"));
    struct pl_str line = {rest->p, n == SIZE_MAX ? rest->n : n};
    size_t used = n == SIZE_MAX ? rest->n : n + 1;
    *rest = (struct pl_str){rest->p + used, rest->n - used};
    return line;
}

struct pl_str doc_take_word(struct pl_str *rest) {
    *rest = pl_str_trim(*rest);
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ') n++;
    struct pl_str word = {rest->p, n};
    *rest = (struct pl_str){rest->p + n, rest->n - n};
    return word;
}

struct pl_str doc_after(struct pl_str s, const char *prefix) {
    size_t n = strlen(prefix);
    if (!pl_str_starts(s, pl_str_c(prefix))) return (struct pl_str){0};
    return (struct pl_str){s.p + n, s.n - n};
}

/* ---- putting a program together ---- */

static const char *const declarations[] = {
    "parlance", "assistant", "intent", "entity", "more", "type", "session",  "customer",
    "hook",     "event",     "hours",  "queue",  "rule", "flow", "override",
};

static bool is_declaration(struct pl_str line) {
    struct pl_str word = doc_take_word(&line);
    for (size_t i = 0; i < PL_LEN(declarations); i++)
        if (pl_str_is(word, declarations[i])) return true;
    return false;
}

static struct pl_str first_code(struct pl_str body) {
    while (body.n) {
        struct pl_str line = doc_take_line(&body);
        if (line.n && line.p[0] != '#') return line;
    }
    return (struct pl_str){0};
}

struct pl_str doc_whole(struct pl_arena *a, struct pl_str body) {
    struct pl_str first = first_code(body);
    if (pl_str_starts(first, PL_STR("parlance"))) return body;
    if (is_declaration(first)) return pl_arena_printf(a, "parlance 1\n\n%.*s", PL_STR_ARG(body));
    struct pl_buf out = {0};
    pl_buf_c(&out, "parlance 1\n\nflow example\n");
    while (body.n) {
        struct pl_str line = doc_take_line(&body);
        pl_buf_printf(&out, line.n ? "  %.*s\n" : "%.*s\n", PL_STR_ARG(line));
    }
    struct pl_str text = pl_arena_str(a, pl_buf_slice(&out));
    pl_buf_free(&out);
    return text;
}

/* What a line declares: "entity order_id", "assistant"; empty for a line of a block. */
static struct pl_str declared(struct pl_str line) {
    struct pl_str rest = line, word;
    if (!line.n || line.p[0] == ' ' || line.p[0] == '#') return (struct pl_str){0};
    word = doc_take_word(&rest);
    if (!pl_str_is(word, "assistant") && !pl_str_is(word, "session")) word = doc_take_word(&rest);
    while (word.n && strchr(":(", word.p[word.n - 1])) word.n--;
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] == '(') word.n = i;
    return (struct pl_str){line.p, (size_t)(word.p + word.n - line.p)};
}

static bool declares(struct pl_str text, struct pl_str what) {
    while (text.n)
        if (pl_str_eq(declared(doc_take_line(&text)), what)) return true;
    return false;
}

/* base.flow without what the example declares itself. */
void doc_base(struct pl_buf *out, struct pl_str base, struct pl_str text) {
    bool keep = true;
    while (base.n) {
        struct pl_str line = doc_take_line(&base), what = declared(line);
        if (what.n) keep = pl_str_eq(line, PL_STR("parlance 1")) || !declares(text, what);
        if (keep) pl_buf_printf(out, "%.*s\n", PL_STR_ARG(line));
    }
}

/* ---- files ---- */

void doc_put(const struct doc_root *r, const char *name, struct pl_str text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", r->root, name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    if (pl_mkdirs(path) != PL_OK) abort();
    *slash = '/';
    if (pl_file_replace(path, text) != PL_OK) abort();
}

void doc_drop(const struct doc_root *r, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", r->root, name);
    remove(path);
}

static bool copy_prelude(struct pl_arena *a, const struct doc_root *r, const char *from) {
    struct pl_str *names, text;
    size_t n = 0;
    if (pl_files_under(a, from, ".flow", 100, &names, &n) != PL_OK || !n) return false;
    for (size_t i = 0; i < n; i++) {
        struct pl_str path = pl_arena_printf(a, "%s/%.*s", from, PL_STR_ARG(names[i]));
        if (pl_file_read(a, path.p, DOC_PAGE_MOST, &text) != PL_OK) return false;
        doc_put(r, pl_arena_printf(a, "prelude/%.*s", PL_STR_ARG(names[i])).p, text);
    }
    return true;
}

bool doc_open(struct doc_root *r, struct pl_arena *a, const char *base, const char *prelude) {
    static const char *const folders[] = {"prelude", "i18n", "lua"};
    char path[128];
    snprintf(r->top, sizeof r->top, "/tmp/parlance-docs-XXXXXX");
    if (!mkdtemp(r->top) || pl_file_read(a, base, DOC_PAGE_MOST, &r->base) != PL_OK) return false;
    snprintf(r->root, sizeof r->root, "%s/flows", r->top);
    for (size_t i = 0; i < PL_LEN(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", r->root, folders[i]);
        if (pl_mkdirs(path) != PL_OK) return false;
    }
    return copy_prelude(a, r, prelude);
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where) {
    (void)s, (void)kind, (void)where;
    return remove(path);
}

void doc_close(struct doc_root *r) {
    nftw(r->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
