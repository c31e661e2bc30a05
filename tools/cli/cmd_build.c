/* SPDX-License-Identifier: Apache-2.0
 *
 * build, lint, fmt; and compiling for the commands that need an image.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grammar/grammar.h"
#include "runtime/crypto/crypto.h"
#include "tools/cli/cli_priv.h"
#include "tools/compile/compile.h"

#define IMAGE_MOST ((size_t)256 << 20)
#define FILE_MOST  ((size_t)1 << 20)

/* ---- images ---- */

static const char *or_null(const char *folder) {
    return folder && folder[0] ? folder : NULL;
}

static void print_diags(const struct pl_diags *d, bool json) {
    struct pl_buf b = {0};
    if (json)
        pl_diags_print_json(&b, d);
    else
        pl_diags_print(&b, d, isatty(STDERR_FILENO));
    fwrite(b.p, 1, b.n, json ? stdout : stderr);
    pl_buf_free(&b);
}

static int compile(const char *flows, const struct pl_compile_options *options,
                   struct pl_compiled *out) {
    enum pl_err err = pl_compile_folder(flows, options, out);
    if (err == PL_OK || err == PL_MALFORMED) return err == PL_OK ? CLI_OK : CLI_FOUND;
    if (err == PL_NOT_FOUND) return pl_cli__failure("there are no *.flow files in '%s'", flows);
    return pl_cli__failure("reading '%s': %s", flows, pl_err_text(err));
}

int pl_cli__compile(const char *flows, const char *translations, const char *hooks, bool json,
                    bool quiet, struct cli_image *out) {
    struct pl_compile_options options = {or_null(translations), or_null(hooks), false};
    struct pl_compiled c;
    int code = compile(flows, &options, &c);
    /* a server's start is no place for warnings; errors always show */
    if (code == CLI_FOUND || (code == CLI_OK && !quiet && c.diags.n)) print_diags(&c.diags, json);
    if (code == CLI_OK) {
        pl_arena_init(&out->arena, 0);
        out->bytes = pl_arena_str(&out->arena, c.image);
        pl_crypto_sha256(out->bytes, out->hash);
        pl_hex(out->hash, sizeof out->hash, out->hex);
    }
    pl_compiled_free(&c);
    return code;
}

void pl_cli__image_free(struct cli_image *i) {
    pl_arena_free(&i->arena);
}

enum pl_err pl_cli__image_write(const char *data, const struct cli_image *i) {
    char path[4096];
    snprintf(path, sizeof path, "%s/images", data);
    enum pl_err err = pl_mkdirs(path);
    if (err != PL_OK) return err;
    snprintf(path, sizeof path, "%s/images/%s", data, i->hex);
    if (access(path, R_OK) == 0) return PL_OK; /* its name is its content */
    return pl_file_replace(path, i->bytes);
}

enum pl_err pl_cli__image_load(const char *data, const char *hex, struct pl_image **out,
                               char why[256]) {
    char path[4096], found[65];
    uint8_t hash[32];
    struct pl_arena a;
    struct pl_str bytes;
    pl_arena_init(&a, 0);
    snprintf(path, sizeof path, "%s/images/%.64s", data, hex);
    enum pl_err err = pl_file_read(&a, path, IMAGE_MOST, &bytes);
    if (err != PL_OK)
        snprintf(why, 256, "the image %.12s cannot be read: %s", hex, pl_err_text(err));
    if (err == PL_OK) {
        pl_crypto_sha256(bytes, hash);
        pl_hex(hash, sizeof hash, found);
        if (strncmp(found, hex, 64) != 0) {
            snprintf(why, 256, "the image %.12s is damaged: its content has another hash", hex);
            err = PL_MALFORMED;
        }
    }
    if (err == PL_OK) err = pl_image_load(bytes, hash, out, why);
    pl_arena_free(&a);
    return err;
}

/* ---- build and lint ---- */

int pl_cli__build(struct cli_args args) {
    const char *to = pl_cli__option(&args, "-o"), *i18n = pl_cli__option(&args, "--translations"),
               *lua = pl_cli__option(&args, "--hooks");
    bool dump = pl_cli__flag(&args, "--dump"), json = pl_cli__flag(&args, "--json");
    struct pl_compile_options options = {i18n, lua, false};
    struct pl_compiled c;
    if (pl_cli__strange("build", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("build", "name one folder of flows");
    int code = compile(args.argv[0], &options, &c);
    if (code != CLI_FAILED && (c.diags.n || json)) print_diags(&c.diags, json);
    if (code == CLI_OK && dump) {
        struct pl_buf b = {0};
        pl_program_dump(&c.program, &b);
        fwrite(b.p, 1, b.n, stdout);
        pl_buf_free(&b);
    }
    if (code == CLI_OK && to) {
        enum pl_err err = pl_file_replace(to, c.image);
        if (err != PL_OK) code = pl_cli__failure("writing %s: %s", to, pl_err_text(err));
    }
    if (code == CLI_OK && !dump && !json)
        fprintf(stderr, "%u flows, %u texts in %u locales, %zu bytes\n", c.program.nflows,
                c.program.ntexts, c.program.nlocales, c.image.n);
    pl_compiled_free(&c);
    return code;
}

int pl_cli__lint(struct cli_args args) {
    const char *i18n = pl_cli__option(&args, "--translations"),
               *lua = pl_cli__option(&args, "--hooks");
    bool json = pl_cli__flag(&args, "--json");
    struct pl_compile_options options = {i18n, lua, false};
    struct pl_compiled c;
    if (pl_cli__strange("lint", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("lint", "name one folder of flows");
    int code = compile(args.argv[0], &options, &c);
    if (code != CLI_FAILED && (c.diags.n || json)) print_diags(&c.diags, json);
    if (code == CLI_OK && !c.diags.n && !json) fprintf(stderr, "no mistakes\n");
    pl_compiled_free(&c);
    return code;
}

/* ---- fmt ---- */

struct fmt {
    bool check;
    size_t changed, broken;
};

static int fmt_file(const char *path, struct fmt *f) {
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
        print_diags(&diags, false);
        f->broken++;
        code = CLI_FOUND;
    } else if (!pl_str_eq(text, pl_buf_slice(&out))) {
        f->changed++;
        printf("%s %s\n", f->check ? "not laid out:" : "laid out", path);
        if (f->check)
            code = CLI_FOUND;
        else if ((err = pl_file_replace(path, pl_buf_slice(&out))) != PL_OK)
            code = pl_cli__failure("writing %s: %s", path, pl_err_text(err));
    }
    pl_buf_free(&out);
    pl_arena_free(&a);
    return code;
}

static int fmt_folder(const char *folder, const char *suffix, struct fmt *f) {
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
        const struct pl_diag_edit *fix = &d->fixes[0].edits[0];
        pl_buf_add(out, text.p + at, fix->span.start - at);
        pl_buf_str(out, fix->text);
        at = fix->span.end;
        n++;
    }
    pl_buf_add(out, text.p + at, text.n - at);
    return n;
}

/* Sources are named from the folder's own name on: "flows/orders.flow". */
static int write_ids(const char *folder, const struct pl_compiled *c, uint32_t file, size_t *n) {
    struct pl_buf out = {0};
    char path[4096];
    size_t added = insert_ids(c, file, &out),
           slash = pl_str_find(c->sources.v[file].name, PL_STR("/"));
    int code = CLI_OK;
    if (added && slash != SIZE_MAX) {
        struct pl_str name = c->sources.v[file].name;
        snprintf(path, sizeof path, "%s/%.*s", folder, (int)(name.n - slash - 1),
                 name.p + slash + 1);
        enum pl_err err = pl_file_replace(path, pl_buf_slice(&out));
        if (err != PL_OK) code = pl_cli__failure("writing %s: %s", path, pl_err_text(err));
        printf("%zu ids in %s\n", added, path);
    }
    *n += added;
    pl_buf_free(&out);
    return code;
}

/* Once more while diagnostics were too many to be kept. */
static int fmt_ids(const char *folder) {
    static const struct pl_compile_options check = {.check_only = true};
    size_t n;
    bool more;
    int code;
    do {
        struct pl_compiled c;
        n = 0;
        code = compile(folder, &check, &c);
        if (code == CLI_FOUND) print_diags(&c.diags, false);
        for (uint32_t i = 0; code == CLI_OK && i < c.sources.n; i++)
            code = write_ids(folder, &c, i, &n);
        more = c.diags.dropped > 0;
        pl_compiled_free(&c);
    } while (code == CLI_OK && n && more);
    return code;
}

int pl_cli__fmt(struct cli_args args) {
    struct fmt f = {.check = pl_cli__flag(&args, "--check")};
    bool ids = pl_cli__flag(&args, "--ids");
    int worst = CLI_OK;
    if (pl_cli__strange("fmt", &args)) return CLI_FAILED;
    if (args.argc == 0) return pl_cli__usage("fmt", "name files or folders");
    if (ids && (f.check || args.argc != 1))
        return pl_cli__usage("fmt", "--ids takes one folder of flows, and no --check");
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
