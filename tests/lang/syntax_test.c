/* SPDX-License-Identifier: Apache-2.0
 *
 * Parses every *.flow and *.talk under a folder and compares what is reported with what the file
 * itself expects, in order:
 *
 *     # expect error P0100: expected a name, found a text
 *     # expect error P0100 at 5:7: expected a name, found a text
 *
 *     # expect error P0100 at 5:7: expected a statement, found `aks` | did you mean `ask`?
 *
 * The place and the hint are optional. A file without expectations must parse without a word.
 * Usage: lang_syntax FOLDER, or lang_syntax --show FILE to print what is reported.
 */
#include "grammar/grammar.h"
#include "grammar/parse.h"

#include <string.h>

enum { FILES_MOST = 1000, SIZE_MOST = 4 << 20 };

struct run {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
};

static void run_start(struct run *r, struct pl_str name, struct pl_str text) {
    *r = (struct run){0};
    pl_arena_init(&r->arena, 0);
    pl_sources_init(&r->sources, &r->arena);
    pl_diags_init(&r->diags, &r->arena, &r->sources);
    pl_sources_add(&r->sources, name, text);
    struct pl_ast_file *file = pl_parse(&r->arena, &r->sources, 0, &r->diags);
    pl_assert(file->broken == (r->diags.errors > 0));
    pl_diags_finish(&r->diags, false);
}

/* "error P0100 at 5:7: message | hint" */
static void describe(struct pl_buf *out, const struct run *r, const struct pl_diag *d, bool place,
                     bool hint) {
    struct pl_pos pos = pl_source_pos(&r->sources.v[0], d->span.start);
    pl_buf_printf(out, "%s P%04u", pl_severity_word(d->severity), (unsigned)d->code);
    if (place) pl_buf_printf(out, " at %u:%u", (unsigned)pos.line, (unsigned)pos.column);
    pl_buf_c(out, ": ");
    pl_diag_message(out, d);
    if (hint) pl_buf_printf(out, " | %.*s", PL_STR_ARG(d->hint));
}

/* The next expectation from *at; false when there is none. */
static bool next_expectation(struct pl_str text, size_t *at, struct pl_str *out) {
    const struct pl_str mark = PL_STR("# expect ");
    struct pl_str rest = {text.p + *at, text.n - *at};
    size_t found = pl_str_find(rest, mark);
    if (found == SIZE_MAX) return false;
    size_t from = *at + found + mark.n, to = from;
    while (to < text.n && text.p[to] != '\n' && text.p[to] != '\r') to++;
    *out = pl_str_trim((struct pl_str){text.p + from, to - from});
    *at = to;
    return true;
}

static bool same(struct pl_str want, const struct run *r, const struct pl_diag *d) {
    bool equal = false;
    for (int i = 0; i < 4 && !equal; i++) {
        struct pl_buf got = {0};
        describe(&got, r, d, i & 1, i & 2);
        equal = pl_str_eq(want, pl_buf_slice(&got));
        pl_buf_free(&got);
    }
    return equal;
}

static bool compare(const struct run *r, struct pl_str name, struct pl_str text) {
    size_t at = 0, i = 0;
    struct pl_str want;
    bool good = true;
    for (; next_expectation(text, &at, &want); i++) {
        if (i < r->diags.n && same(want, r, r->diags.v[i])) continue;
        printf("%.*s: expected   %.*s\n", PL_STR_ARG(name), PL_STR_ARG(want));
        good = false;
    }
    good = good && i == r->diags.n;
    for (size_t k = 0; !good && k < r->diags.n; k++) {
        struct pl_buf got = {0};
        describe(&got, r, r->diags.v[k], true, r->diags.v[k]->hint.n > 0);
        printf("%.*s: reported   %.*s\n", PL_STR_ARG(name), PL_STR_ARG(pl_buf_slice(&got)));
        pl_buf_free(&got);
    }
    return good;
}

static bool check_file(const char *folder, struct pl_str name) {
    struct pl_arena arena;
    struct pl_str text, path;
    struct run r;
    pl_arena_init(&arena, 0);
    path = pl_arena_printf(&arena, "%s/%.*s", folder, PL_STR_ARG(name));
    bool good = pl_file_read(&arena, path.p, SIZE_MOST, &text) == PL_OK;
    if (good) {
        run_start(&r, name, text);
        good = compare(&r, name, text);
        pl_arena_free(&r.arena);
    }
    pl_arena_free(&arena);
    return good;
}

static int check_folder(const char *folder) {
    static const char *const suffixes[] = {".flow", ".talk"};
    size_t bad = 0, all = 0;
    for (size_t s = 0; s < PL_LEN(suffixes); s++) {
        struct pl_arena arena;
        struct pl_str *names;
        size_t n = 0;
        pl_arena_init(&arena, 0);
        if (pl_files_under(&arena, folder, suffixes[s], FILES_MOST, &names, &n) != PL_OK) n = 0;
        for (size_t i = 0; i < n; i++) bad += !check_file(folder, names[i]);
        all += n;
        pl_arena_free(&arena);
    }
    printf("%zu files, %zu wrong\n", all, bad);
    return all && !bad ? 0 : 1;
}

static int show(const char *path, bool json) {
    struct pl_arena arena;
    struct pl_str text;
    struct pl_buf out = {0};
    struct run r;
    pl_arena_init(&arena, 0);
    if (pl_file_read(&arena, path, SIZE_MOST, &text) != PL_OK) return 2;
    run_start(&r, pl_str_c(path), text);
    if (json)
        pl_diags_print_json(&out, &r.diags);
    else
        pl_diags_print(&out, &r.diags, false);
    if (out.n) fwrite(out.p, 1, out.n, stdout);
    pl_buf_free(&out);
    pl_arena_free(&r.arena);
    pl_arena_free(&arena);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--show") == 0) return show(argv[2], false);
    if (argc == 3 && strcmp(argv[1], "--json") == 0) return show(argv[2], true);
    if (argc == 2) return check_folder(argv[1]);
    fprintf(stderr, "usage: lang_syntax FOLDER | --show FILE | --json FILE\n");
    return 2;
}
