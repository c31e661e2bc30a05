/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiles every project of a folder as `parlance lint` does, with its catalogs, hooks, files of
 * holidays and the prelude, and compares what is reported with the `# expect` lines of its
 * main.flow; see program_test.c. With a line `# train` the recognisers are made as well.
 * Usage: lang_project FOLDER
 */
#include "tests/lang/expect.h"
#include "tools/compile/compile.h"

enum { FILES_MOST = 1000, SIZE_MOST = 1 << 20 };

static bool check_project(struct pl_arena *a, const char *folder, struct pl_str name) {
    struct pl_str text, path = pl_arena_printf(a, "%s/%.*s", folder, PL_STR_ARG(name));
    struct pl_compiled c;
    if (pl_file_read(a, path.p, SIZE_MOST, &text) != PL_OK) return false;
    bool train = pl_str_find(text, PL_STR("\n# train\n")) != SIZE_MAX;
    struct pl_compile_options options = {.check_only = !train, .cache = ""};
    struct pl_str root = pl_arena_str(a, (struct pl_str){path.p, path.n - 10});
    enum pl_err err = pl_compile_folder(root.p, &options, &c);
    bool good =
        (err == PL_OK || err == PL_MALFORMED) && expect_compare(&c.sources, &c.diags, name, text);
    pl_compiled_free(&c);
    return good;
}

int main(int argc, char **argv) {
    struct pl_arena arena;
    struct pl_str *names;
    size_t n = 0, projects = 0, bad = 0;
    if (argc != 2) return fprintf(stderr, "usage: lang_project FOLDER\n"), 2;
    pl_arena_init(&arena, 0);
    if (pl_files_under(&arena, argv[1], ".flow", FILES_MOST, &names, &n) != PL_OK) n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!pl_str_ends(names[i], PL_STR("/main.flow"))) continue;
        projects++;
        bad += !check_project(&arena, argv[1], names[i]);
    }
    printf("%zu projects, %zu wrong\n", projects, bad);
    pl_arena_free(&arena);
    return projects && !bad ? 0 : 1;
}
