/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiles every *.flow of a folder, each as a program of its own on top of base.flow, and compares
 * what is reported with what the file itself expects, in order:
 *
 *     # expect error P0200: there is no flow `trak`
 *     # expect warning P0208 at 5:7: this line has no @id
 *     # expect error P0200 at 9:3: there is no flow `trak` | did you mean `track`?
 *
 *     # note 4:1: first written here
 *
 * Lines `# note` tell the notes of the report above them, all of them or none.
 *
 * A file without expectations must compile without a word. `# catalog es-ES {"a.b": "…"}` gives it
 * a catalog; with `# refuse training: …` the recognisers cannot be made. A file of the same name
 * and the ending .talk is checked with it. What compiles must be an image that loads. With one of
 * the ending .before, it is compiled to follow on that program; with a file of the same name and
 * the ending .dump beside it, its tables and code must be those
 * (`--dump FILE` prints them).
 */
#include "grammar/grammar.h"
#include "runtime/program/program.h"
#include "tests/lang/expect.h"

#include <string.h>

enum { FILES_MOST = 1000, SIZE_MOST = 4 << 20, CATALOGS_MOST = 4 };

struct run {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_program program;
    enum pl_err err;
};

static unsigned plurals(void *ctx, struct pl_str locale, bool ordinal) {
    (void)ctx;
    (void)ordinal;
    if (pl_str_starts(locale, PL_STR("ar"))) return 0x3f;
    return 1u << PL_ONE | 1u << PL_OTHER;
}

static bool zone(void *ctx, struct pl_str name) {
    (void)ctx;
    return pl_str_find(name, PL_STR("/")) != SIZE_MAX;
}

/* Refuses, for the reason that the file gives. */
static bool train(void *ctx, struct pl_arena *a, const struct pl_grammar_training *t,
                  struct pl_buf *section, struct pl_str *why) {
    (void)a;
    (void)t;
    (void)section;
    *why = *(const struct pl_str *)ctx;
    return false;
}

static size_t add_catalogs(struct run *r, struct pl_str text, struct pl_grammar_catalog *out) {
    size_t at = 0, n = 0;
    struct pl_str line;
    while (n < CATALOGS_MOST && (line = expect_line_after(text, &at, PL_STR("# catalog "))).n) {
        size_t space = pl_str_find(line, PL_STR(" "));
        pl_assert(space != SIZE_MAX);
        out[n].locale = (struct pl_str){line.p, space};
        struct pl_str json = {line.p + space, line.n - space};
        struct pl_str name = pl_arena_printf(&r->arena, "i18n/%.*s.arb", PL_STR_ARG(out[n].locale));
        out[n++].file = pl_sources_add(&r->sources, name, json);
    }
    return n;
}

static void add_talk(struct run *r, struct pl_str path) {
    struct pl_str text;
    struct pl_str talk = pl_arena_printf(&r->arena, "%.*s.talk", (int)(path.n - 5), path.p);
    if (pl_file_read(&r->arena, talk.p, SIZE_MOST, &text) == PL_OK)
        pl_sources_add(&r->sources, PL_STR("the.talk"), text);
}

/* The program that a file of the same name and the ending .before makes; NULL: there is none. */
static const struct pl_program *before(struct run *r, const struct pl_grammar_host *host,
                                       struct pl_str base, struct pl_str path) {
    struct pl_str text;
    struct pl_str old = pl_arena_printf(&r->arena, "%.*s.before", (int)(path.n - 5), path.p);
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_program *p = PL_NEW(&r->arena, struct pl_program);
    if (pl_file_read(&r->arena, old.p, SIZE_MOST, &text) != PL_OK) return NULL;
    pl_sources_init(&sources, &r->arena);
    pl_diags_init(&diags, &r->arena, &sources);
    pl_sources_add(&sources, PL_STR("before.flow"), text);
    pl_sources_add(&sources, PL_STR("prelude/base.flow"), base);
    struct pl_grammar_input input = {.sources = &sources};
    enum pl_err err = pl_grammar_compile(&r->arena, &input, host, &diags, p);
    pl_assert(err == PL_OK);
    return p;
}

static void run_start(struct run *r, struct pl_str base, struct pl_str path, struct pl_str name,
                      struct pl_str text) {
    size_t at = 0;
    struct pl_str refusal = expect_line_after(text, &at, PL_STR("# refuse training: "));
    struct pl_grammar_host host = {
        .ctx = &refusal, .plurals = plurals, .zone = zone, .train = refusal.n ? train : NULL};
    struct pl_grammar_catalog catalogs[CATALOGS_MOST] = {0};
    *r = (struct run){0};
    pl_arena_init(&r->arena, 0);
    pl_sources_init(&r->sources, &r->arena);
    pl_diags_init(&r->diags, &r->arena, &r->sources);
    pl_sources_add(&r->sources, name, text);
    pl_sources_add(&r->sources, PL_STR("prelude/base.flow"), base);
    add_talk(r, path);
    struct pl_grammar_input input = {.sources = &r->sources, .catalogs = catalogs};
    input.ncatalogs = add_catalogs(r, text, catalogs);
    input.previous = before(r, &host, base, path);
    r->err = pl_grammar_compile(&r->arena, &input, &host, &r->diags, &r->program);
}

/* What was compiled must pass the image's own verifier. */
static bool loads(const struct run *r, struct pl_str name) {
    static const uint8_t hash[32];
    struct pl_buf bytes = {0};
    struct pl_image *image = NULL;
    char why[256] = "";
    pl_program_write(&r->program, &bytes);
    bool good = pl_image_load(pl_buf_slice(&bytes), hash, &image, why) == PL_OK;
    if (good)
        pl_image_unref(&image);
    else
        printf("%.*s: the image does not load: %s\n", PL_STR_ARG(name), why);
    pl_buf_free(&bytes);
    return good;
}

static bool dump_is(const struct run *r, struct pl_str path) {
    struct pl_arena arena;
    struct pl_str want;
    struct pl_buf got = {0};
    pl_arena_init(&arena, 0);
    struct pl_str file = pl_arena_printf(&arena, "%.*s.dump", (int)(path.n - 5), path.p);
    bool good = true;
    if (pl_file_read(&arena, file.p, SIZE_MOST, &want) == PL_OK) {
        pl_program_dump(&r->program, &got);
        good = pl_str_eq(want, pl_buf_slice(&got));
        if (!good) printf("%.*s: is not what is compiled\n", PL_STR_ARG(file));
    }
    pl_buf_free(&got);
    pl_arena_free(&arena);
    return good;
}

static bool check_file(const char *folder, struct pl_str base, struct pl_str name) {
    struct pl_arena arena;
    struct pl_str text, path;
    struct run r;
    pl_arena_init(&arena, 0);
    path = pl_arena_printf(&arena, "%s/%.*s", folder, PL_STR_ARG(name));
    bool good = pl_file_read(&arena, path.p, SIZE_MOST, &text) == PL_OK;
    if (good) {
        run_start(&r, base, path, name, text);
        good = expect_compare(&r.sources, &r.diags, name, text);
        if (r.err == PL_OK) good = loads(&r, name) && dump_is(&r, path) && good;
        pl_arena_free(&r.arena);
    }
    pl_arena_free(&arena);
    return good;
}

static int check_folder(const char *folder, struct pl_str base) {
    struct pl_arena arena;
    struct pl_str *names;
    size_t n = 0, bad = 0;
    pl_arena_init(&arena, 0);
    if (pl_files_under(&arena, folder, ".flow", FILES_MOST, &names, &n) != PL_OK) n = 0;
    for (size_t i = 0; i < n; i++) bad += !check_file(folder, base, names[i]);
    printf("%zu files, %zu wrong\n", n, bad);
    pl_arena_free(&arena);
    return n && !bad ? 0 : 1;
}

static int show(struct pl_str base, const char *path, bool dump) {
    struct pl_arena arena;
    struct pl_str text;
    struct pl_buf out = {0};
    struct run r;
    pl_arena_init(&arena, 0);
    if (pl_file_read(&arena, path, SIZE_MOST, &text) != PL_OK) return 2;
    const char *slash = strrchr(path, '/');
    run_start(&r, base, pl_str_c(path), pl_str_c(slash ? slash + 1 : path), text);
    if (!dump)
        pl_diags_print(&out, &r.diags, false);
    else if (r.err == PL_OK)
        pl_program_dump(&r.program, &out);
    if (out.n) fwrite(out.p, 1, out.n, stdout);
    pl_buf_free(&out);
    pl_arena_free(&r.arena);
    pl_arena_free(&arena);
    return r.err == PL_OK ? 0 : 1;
}

int main(int argc, char **argv) {
    struct pl_arena arena;
    struct pl_str base;
    int result = 2;
    pl_arena_init(&arena, 0);
    if (argc < 3 || pl_file_read(&arena, argv[1], SIZE_MOST, &base) != PL_OK)
        fprintf(stderr, "usage: lang_program BASE FOLDER | BASE --show FILE | BASE --dump FILE\n");
    else if (argc == 4)
        result = show(base, argv[3], strcmp(argv[2], "--dump") == 0);
    else
        result = check_folder(argv[2], base);
    pl_arena_free(&arena);
    return result;
}
