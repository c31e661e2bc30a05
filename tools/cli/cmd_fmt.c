/* SPDX-License-Identifier: Apache-2.0
 *
 * fmt: the canonical layout, and ids for the lines without one.
 */
#include <string.h>
#include <sys/stat.h>

#include "grammar/grammar.h"
#include "tools/cli/cli_priv.h"
#include "tools/compile/compile.h"

#define FILE_MOST ((size_t)1 << 20)

static const struct cli_report report = {.format = CLI_TEXT};

/* ---- layout ---- */

struct fmt {
    bool check, diff; /* only tell: the names, the differences */
};

static void show_diff(const char *path, struct pl_str before, struct pl_str after) {
    struct pl_buf out = {0};
    pl_cli__text_diff(&out, path, before, after);
    fwrite(out.p, 1, out.n, stdout);
    pl_buf_free(&out);
}

/* The file's layout is another one. */
static int fmt_changed(const char *path, const struct fmt *f, struct pl_str before,
                       struct pl_str after) {
    if (f->check) printf("not laid out: %s\n", path);
    if (f->diff) show_diff(path, before, after);
    if (f->check || f->diff) return CLI_FOUND;
    printf("laid out %s\n", path);
    enum pl_err err = pl_file_replace(path, after);
    return err == PL_OK ? CLI_OK : pl_cli__failure("writing %s: %s", path, pl_err_text(err));
}

static int fmt_file(const char *path, const struct fmt *f) {
    struct pl_arena a;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_str text;
    struct pl_buf out = {0};
    int code = CLI_OK;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_file_read(&a, path, FILE_MOST, &text);
    if (err != PL_OK) {
        pl_arena_free(&a);
        return pl_cli__failure("reading %s: %s", path, pl_err_text(err));
    }
    pl_sources_init(&sources, &a);
    pl_diags_init(&diags, &a, &sources);
    uint32_t file = pl_sources_add(&sources, pl_str_c(path), text);
    if (pl_grammar_format(&sources, file, &diags, &out) != PL_OK) {
        pl_diags_finish(&diags, false);
        code = pl_cli__report(&report, &diags, CLI_FOUND);
    } else if (!pl_str_eq(text, pl_buf_slice(&out))) {
        code = fmt_changed(path, f, text, pl_buf_slice(&out));
    }
    pl_buf_free(&out);
    pl_arena_free(&a);
    return code;
}

static int fmt_folder(const char *folder, const char *suffix, const struct fmt *f) {
    struct pl_arena a;
    struct pl_str *paths;
    size_t n = 0;
    char path[4096];
    int worst = CLI_OK;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_files_under(&a, folder, suffix, 100000, &paths, &n);
    if (err != PL_OK) worst = pl_cli__failure("reading %s: %s", folder, pl_err_text(err));
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%.*s", folder, PL_STR_ARG(paths[i]));
        int code = fmt_file(path, f);
        if (code > worst) worst = code;
    }
    pl_arena_free(&a);
    return worst;
}

/* ---- fmt --ids ---- */

/* The file with the ids that the checker proposes for its lines; gives how many. */
static size_t insert_ids(const struct pl_compiled *c, uint32_t file, struct pl_buf *out) {
    struct pl_str text = c->sources.v[file].text;
    size_t at = 0, n = 0;
    for (size_t i = 0; i < c->diags.n; i++) { /* in the order of the file */
        const struct pl_diag *d = c->diags.v[i];
        if (d->code != PL_D_ID_MISSING || d->span.file != file || !d->nfixes) continue;
        const struct pl_diag_edit *edit = &d->fixes[0].edits[0];
        pl_buf_add(out, text.p + at, edit->span.start - at);
        pl_buf_str(out, edit->text);
        at = edit->span.end;
        n++;
    }
    pl_buf_add(out, text.p + at, text.n - at);
    return n;
}

static int write_ids(const struct pl_compiled *c, uint32_t file, size_t *n) {
    struct pl_buf out = {0};
    if (!c->paths[file].n) return CLI_OK; /* part of the program */
    size_t added = insert_ids(c, file, &out);
    int code = CLI_OK;
    if (added) {
        enum pl_err err = pl_file_replace(c->paths[file].p, pl_buf_slice(&out));
        if (err != PL_OK)
            code = pl_cli__failure("writing %s: %s", c->paths[file].p, pl_err_text(err));
        printf("%zu ids in %s\n", added, c->paths[file].p);
    }
    *n += added;
    pl_buf_free(&out);
    return code;
}

/* The warnings are what this command is to mend. */
static void keep_errors(struct pl_diags *d) {
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (d->v[i]->severity == PL_SEVERITY_ERROR) d->v[n++] = d->v[i];
    d->n = n;
    d->dropped = d->errors > n ? d->errors - n : 0;
    d->warnings = 0;
}

/* Once more while diagnostics were too many to be kept. */
static int fmt_ids(const char *folder) {
    static const struct pl_compile_options check = {.check_only = true, .without_talks = true};
    size_t n;
    bool more;
    int code;
    do {
        struct pl_compiled c;
        n = 0;
        code = pl_cli__compile_folder(folder, &check, &c);
        if (code == CLI_FOUND) {
            keep_errors(&c.diags);
            pl_cli__report(&report, &c.diags, code);
            fprintf(stderr, "no ids are written while there are errors\n");
        }
        for (uint32_t i = 0; code == CLI_OK && i < c.sources.n; i++) code = write_ids(&c, i, &n);
        more = c.diags.dropped > 0;
        pl_compiled_free(&c);
    } while (code == CLI_OK && n && more);
    return code;
}

int pl_cli__fmt(struct cli_args args) {
    struct fmt f = {.check = pl_cli__flag(&args, "--check"), .diff = pl_cli__flag(&args, "--diff")};
    bool ids = pl_cli__flag(&args, "--ids");
    int worst = CLI_OK;
    if (pl_cli__strange("fmt", &args)) return CLI_FAILED;
    if (args.argc == 0) return pl_cli__usage("fmt", "name files or folders");
    if (ids && (f.check || f.diff || args.argc != 1))
        return pl_cli__usage("fmt", "--ids takes one folder of flows, and no --check or --diff");
    if (ids && (worst = fmt_ids(args.argv[0])) != CLI_OK) return worst;
    for (int i = 0; i < args.argc; i++) {
        struct stat st;
        int code;
        if (stat(args.argv[i], &st) == 0 && S_ISDIR(st.st_mode)) {
            code = fmt_folder(args.argv[i], ".flow", &f);
            int talks = fmt_folder(args.argv[i], ".talk", &f);
            if (talks > code) code = talks;
        } else {
            code = fmt_file(args.argv[i], &f);
        }
        if (code > worst) worst = code;
    }
    return worst;
}
