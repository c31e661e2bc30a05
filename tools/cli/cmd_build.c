/* SPDX-License-Identifier: Apache-2.0
 *
 * build; and compiling for the commands that need an image.
 */
#include <string.h>
#include <unistd.h>

#include "grammar/grammar.h"
#include "runtime/crypto/crypto.h"
#include "tools/cli/cli_priv.h"
#include "tools/compile/compile.h"

#define IMAGE_MOST ((size_t)256 << 20)

/* ---- images ---- */

int pl_cli__compile_folder(const char *flows, const struct pl_compile_options *options,
                           struct pl_compiled *out) {
    enum pl_err err = pl_compile_folder(flows, options, out);
    if (err == PL_OK || err == PL_MALFORMED) return err == PL_OK ? CLI_OK : CLI_FOUND;
    if (err == PL_NOT_FOUND) return pl_cli__failure("there are no *.flow files in '%s'", flows);
    return pl_cli__failure("reading '%s': %s", flows, pl_err_text(err));
}

static const char *or_null(const char *folder) {
    return folder && folder[0] ? folder : NULL;
}

/* The warnings of what a change does: what cannot move, a prompt that changed and kept its version.
 */
static void warn_of_moves(const struct pl_diags *all) {
    struct pl_diag *v[64];
    struct pl_diags some = *all;
    struct pl_buf b = {0};
    some.v = v;
    some.n = some.errors = some.dropped = 0;
    for (size_t i = 0; i < all->n && some.n < PL_LEN(v); i++)
        if (all->v[i]->code == PL_D_MOVE_LOST || all->v[i]->code == PL_D_PROMPT_VERSION)
            v[some.n++] = all->v[i];
    some.warnings = some.n;
    if (some.n) pl_diags_print(&b, &some, pl_cli__colour(STDERR_FILENO));
    if (b.n) fwrite(b.p, 1, b.n, stderr);
    pl_buf_free(&b);
}

int pl_cli__compile(const struct pl_config *config, const struct pl_program *previous,
                    struct cli_image *out) {
    static const struct cli_report report = {.format = CLI_TEXT};
    struct pl_compile_options options = {.i18n = or_null(config->translations),
                                         .lua = or_null(config->hooks),
                                         .vectors = config->models[0] ? pl_cli__vectors : NULL,
                                         .vectors_ctx = (void *)(uintptr_t)config->models,
                                         .previous = previous,
                                         .without_talks = true};
    struct pl_compiled c;
    int code = pl_cli__compile_folder(config->flows, &options, &c);
    /* a server's start is no place for warnings; errors always show */
    if (code == CLI_FOUND) pl_cli__report(&report, &c.diags, code);
    if (code == CLI_OK) {
        warn_of_moves(&c.diags);
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

/* A file that was damaged is written anew. */
static bool holds(const char *path, struct pl_str bytes) {
    struct pl_arena a;
    struct pl_str found;
    pl_arena_init(&a, 0);
    bool same = pl_file_read(&a, path, IMAGE_MOST, &found) == PL_OK && pl_str_eq(found, bytes);
    pl_arena_free(&a);
    return same;
}

enum pl_err pl_cli__image_write(const char *data, struct cli_image *i) {
    char folder[4096], path[4096 + 80];
    snprintf(folder, sizeof folder, "%s/images", data);
    enum pl_err err = pl_mkdirs(folder);
    if (err != PL_OK) return err;
    snprintf(path, sizeof path, "%s/images/%s", data, i->hex);
    i->known = holds(path, i->bytes);
    if (i->known) return pl_sync(folder); /* its writer may have died before that */
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

struct pl_image *pl_cli__image_find(const char *data, const uint8_t prefix[8]) {
    struct pl_arena a;
    struct pl_str *paths;
    size_t n = 0;
    char folder[4096], hex[17], why[256];
    struct pl_image *image = NULL;
    pl_arena_init(&a, 0);
    pl_hex(prefix, 8, hex);
    snprintf(folder, sizeof folder, "%s/images", data);
    if (pl_files_under(&a, folder, "", 100000, &paths, &n) == PL_OK)
        for (size_t i = 0; i < n && !image; i++)
            if (paths[i].n == 64 && pl_str_starts(paths[i], pl_str_c(hex)))
                pl_cli__image_load(data, paths[i].p, &image, why);
    pl_arena_free(&a);
    return image;
}

/* ---- build ---- */

static void print_dump(const struct pl_compiled *c) {
    struct pl_buf b = {0};
    pl_program_dump(&c->program, &b);
    fwrite(b.p, 1, b.n, stdout);
    pl_buf_free(&b);
}

static int build(const char *folder, const struct pl_compile_options *options,
                 const struct cli_report *report, bool dump, const char *to) {
    struct pl_compiled c;
    int code = pl_cli__compile_folder(folder, options, &c);
    if (code != CLI_FAILED) code = pl_cli__report(report, &c.diags, code);
    if (code == CLI_OK && dump) print_dump(&c);
    if (code == CLI_OK && to) {
        enum pl_err err = pl_file_replace(to, c.image);
        if (err != PL_OK) code = pl_cli__failure("writing %s: %s", to, pl_err_text(err));
    }
    if (code == CLI_OK && !dump && report->format == CLI_TEXT)
        fprintf(stderr, "%u flows, %u texts in %u locales, %zu bytes\n", c.program.nflows,
                c.program.ntexts, c.program.nlocales, c.image.n);
    pl_compiled_free(&c);
    return code;
}

int pl_cli__build(struct cli_args args) {
    struct pl_compile_options options = {.without_talks = true};
    struct cli_report report;
    struct cli_previous previous;
    const char *to = pl_cli__option(&args, "-o"), *before = pl_cli__option(&args, "--previous");
    options.i18n = pl_cli__option(&args, "--translations");
    options.lua = pl_cli__option(&args, "--hooks");
    options.vectors_ctx = (void *)(uintptr_t)pl_cli__option(&args, "--models");
    if (options.vectors_ctx) options.vectors = pl_cli__vectors;
    bool dump = pl_cli__flag(&args, "--dump");
    if (!pl_cli__report_options(&args, &report) || (dump && report.format != CLI_TEXT))
        return pl_cli__usage("build", "only one of --dump, --json and --sarif");
    if (pl_cli__strange("build", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("build", "name one folder of flows");
    int code = pl_cli__previous_open(before, &previous);
    options.previous = previous.program;
    if (code == CLI_OK) code = build(args.argv[0], &options, &report, dump, to);
    pl_cli__previous_close(&previous);
    return code;
}
