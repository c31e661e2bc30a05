/* SPDX-License-Identifier: Apache-2.0
 *
 * The formatter. For each NAME.flow or NAME.talk of a folder: what is written equals the file
 * beside it with `.expected` added, and formatting that again changes nothing. With --stable,
 * only the latter is asked, of files that have no expectation beside them. With --comments, a
 * comment is written above and behind every line, so in every place of every construct that the
 * folder's files have: none of them is lost, and none stands twice. Files with mistakes are passed
 * over there.
 * Usage: golden_format [--stable | --comments] FOLDER, or golden_format --print FILE.
 */
#include "grammar/grammar.h"

#include <string.h>

enum { FILES_MOST = 1000, SIZE_MOST = 4 << 20 };

/* Appends the layout of a text, or what is wrong with it. */
static enum pl_err format_text(struct pl_str name, struct pl_str text, struct pl_buf *out) {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    pl_arena_init(&arena, 0);
    pl_sources_init(&sources, &arena);
    pl_diags_init(&diags, &arena, &sources);
    pl_sources_add(&sources, name, text);
    enum pl_err err = pl_grammar_format(&sources, 0, &diags, out);
    if (err) pl_diags_print(out, &diags, false);
    pl_arena_free(&arena);
    return err;
}

static size_t first_difference(struct pl_str a, struct pl_str b) {
    size_t line = 1;
    for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++) line += a.p[i] == '\n';
    return line;
}

static bool equal(struct pl_str name, const char *what, struct pl_str want, struct pl_str got) {
    if (pl_str_eq(want, got)) return true;
    printf("%.*s: %s, from line %zu:\n%.*s\n", PL_STR_ARG(name), what, first_difference(want, got),
           PL_STR_ARG(got));
    return false;
}

static bool check_file(const char *folder, struct pl_str name, bool stable) {
    struct pl_arena arena;
    struct pl_str text, want = {0};
    struct pl_buf once = {0}, twice = {0};
    pl_arena_init(&arena, 0);
    struct pl_str path = pl_arena_printf(&arena, "%s/%.*s", folder, PL_STR_ARG(name));
    struct pl_str expected = pl_arena_printf(&arena, "%.*s.expected", PL_STR_ARG(path));
    bool good = pl_file_read(&arena, path.p, SIZE_MOST, &text) == PL_OK;
    if (!stable) good = good && pl_file_read(&arena, expected.p, SIZE_MOST, &want) == PL_OK;
    if (!good) printf("%.*s: it or its .expected cannot be read\n", PL_STR_ARG(name));
    good = good && format_text(name, text, &once) == PL_OK;
    good = good && (stable || equal(name, "differs", want, pl_buf_slice(&once)));
    if (good) format_text(name, pl_buf_slice(&once), &twice);
    good = good && equal(name, "a second pass differs", pl_buf_slice(&once), pl_buf_slice(&twice));
    pl_buf_free(&once);
    pl_buf_free(&twice);
    pl_arena_free(&arena);
    return good;
}

/* ---- comments everywhere ---- */

static size_t spaces_before(struct pl_str line) {
    size_t n = 0;
    while (n < line.n && line.p[n] == ' ') n++;
    return n;
}

/* Does the line open or close a text of several lines? */
static bool turns(struct pl_str line) {
    size_t n = 0;
    for (size_t i = 0; i + 3 <= line.n; i++)
        if (line.p[i] == '"' && line.p[i + 1] == '"' && line.p[i + 2] == '"') n++, i += 2;
    return n % 2 == 1;
}

/* Writes `#<n>#` above and behind every line that is not inside a text; gives how many. */
static size_t strew(struct pl_str text, struct pl_buf *out) {
    bool inside = false;
    size_t n = 0;
    while (text.n) {
        size_t end = pl_str_find(text, PL_STR("\n"));
        struct pl_str line = {text.p, end == SIZE_MAX ? text.n : end};
        text = end == SIZE_MAX ? (struct pl_str){0}
                               : (struct pl_str){text.p + end + 1, text.n - end - 1};
        bool turn = turns(line), blank = !pl_str_trim(line).n;
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        if (!inside && !blank) pl_buf_printf(out, "%*s#%zu#\n", (int)spaces_before(line), "", n++);
        pl_buf_str(out, line);
        inside ^= turn;
        if (!inside && !blank) pl_buf_printf(out, " #%zu#", n++);
        pl_buf_byte(out, '\n');
    }
    return n;
}

static size_t times(struct pl_str text, struct pl_str what) {
    size_t n = 0, at;
    while ((at = pl_str_find(text, what)) != SIZE_MAX) {
        n++;
        text = (struct pl_str){text.p + at + 1, text.n - at - 1};
    }
    return n;
}

static bool all_there(struct pl_str name, struct pl_str text, size_t n) {
    bool good = true;
    char mark[24];
    for (size_t i = 0; i < n; i++) {
        snprintf(mark, sizeof mark, "#%zu#", i);
        size_t found = times(text, pl_str_c(mark));
        if (found != 1)
            printf("%.*s: the comment %s stands %zu times\n", PL_STR_ARG(name), mark, found);
        good = good && found == 1;
    }
    return good;
}

static bool check_comments(const char *folder, struct pl_str name) {
    struct pl_arena arena;
    struct pl_str text = {0};
    struct pl_buf plain = {0}, strewn = {0}, once = {0}, twice = {0};
    pl_arena_init(&arena, 0);
    struct pl_str path = pl_arena_printf(&arena, "%s/%.*s", folder, PL_STR_ARG(name));
    bool good = pl_file_read(&arena, path.p, SIZE_MOST, &text) == PL_OK;
    if (good && format_text(name, text, &plain) == PL_OK) {
        size_t n = strew(text, &strewn);
        good = format_text(name, pl_buf_slice(&strewn), &once) == PL_OK;
        if (!good) printf("%.*s\n", PL_STR_ARG(pl_buf_slice(&once)));
        good = good && all_there(name, pl_buf_slice(&once), n);
        if (good) format_text(name, pl_buf_slice(&once), &twice);
        good =
            good && equal(name, "a second pass differs", pl_buf_slice(&once), pl_buf_slice(&twice));
    }
    pl_buf_free(&plain);
    pl_buf_free(&strewn);
    pl_buf_free(&once);
    pl_buf_free(&twice);
    pl_arena_free(&arena);
    return good;
}

/* ---- folders ---- */

enum mode { EXPECTED, STABLE, COMMENTS };

static int check_folder(const char *folder, enum mode mode) {
    static const char *const suffixes[] = {".flow", ".talk"};
    size_t bad = 0, all = 0;
    for (size_t s = 0; s < PL_LEN(suffixes); s++) {
        struct pl_arena arena;
        struct pl_str *names;
        size_t n = 0;
        pl_arena_init(&arena, 0);
        if (pl_files_under(&arena, folder, suffixes[s], FILES_MOST, &names, &n) != PL_OK) n = 0;
        for (size_t i = 0; i < n; i++)
            bad += mode == COMMENTS ? !check_comments(folder, names[i])
                                    : !check_file(folder, names[i], mode == STABLE);
        all += n;
        pl_arena_free(&arena);
    }
    printf("%zu files, %zu wrong\n", all, bad);
    return all && !bad ? 0 : 1;
}

static int print(const char *path) {
    struct pl_arena arena;
    struct pl_str text;
    struct pl_buf out = {0};
    pl_arena_init(&arena, 0);
    if (pl_file_read(&arena, path, SIZE_MOST, &text) != PL_OK) return 2;
    enum pl_err err = format_text(pl_str_c(path), text, &out);
    if (out.n) fwrite(out.p, 1, out.n, stdout);
    pl_buf_free(&out);
    pl_arena_free(&arena);
    return err ? 1 : 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--print") == 0) return print(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--stable") == 0) return check_folder(argv[2], STABLE);
    if (argc == 3 && strcmp(argv[1], "--comments") == 0) return check_folder(argv[2], COMMENTS);
    if (argc == 2) return check_folder(argv[1], EXPECTED);
    fprintf(stderr, "usage: golden_format [--stable | --comments] FOLDER | --print FILE\n");
    return 2;
}
