/* SPDX-License-Identifier: Apache-2.0
 *
 * A project of untrusted bytes, on what tests/lang/base.flow declares: mistakes that can be shown,
 * or, after every check and proof, an image that loads.
 *
 * The bytes are a flow file; a line `# file the.talk` (or `x.flow`, or `before.flow`, the project
 * as it was before) begins another one, a line `# catalog es-ES {…}` is a catalog, as in
 * tests/lang/program. */
#include "tests/fuzz/fuzz_file.h"

enum { CATALOGS = 2, BASE_MOST = 1 << 16 };

/* ---- the host: its answers follow from what it is asked ---- */

static unsigned plurals(void *ctx, struct pl_str locale, bool ordinal) {
    (void)ctx;
    (void)ordinal;
    return pl_str_starts(locale, PL_STR("ar")) ? 0x3f : 1u << PL_ONE | 1u << PL_OTHER;
}

static bool locale(void *ctx, struct pl_str id) {
    (void)ctx;
    return id.n == 5;
}

static bool zone(void *ctx, struct pl_str name) {
    (void)ctx;
    return pl_str_find(name, PL_STR("/")) != SIZE_MAX;
}

static bool regex(void *ctx, struct pl_str pattern, struct pl_str flags, size_t *at) {
    (void)ctx, (void)flags;
    *at = pl_str_find(pattern, PL_STR("**"));
    return *at == SIZE_MAX;
}

static bool matches(void *ctx, struct pl_str pattern, struct pl_str flags, struct pl_str text) {
    (void)ctx, (void)flags;
    return (pattern.n + text.n) % 8;
}

static struct pl_str same(void *ctx, struct pl_arena *a, struct pl_str s) {
    (void)ctx, (void)a;
    return s;
}

static struct pl_str stems(void *ctx, struct pl_arena *a, struct pl_str language, struct pl_str s) {
    (void)language;
    return same(ctx, a, s);
}

static size_t graphemes(void *ctx, struct pl_str s) {
    (void)ctx;
    return s.n;
}

static bool train(void *ctx, struct pl_arena *a, const struct pl_grammar_training *t,
                  struct pl_buf *section, struct pl_str *why) {
    (void)ctx, (void)a, (void)why;
    pl_buf_printf(section, "%u %u", (unsigned)t->nexamples, (unsigned)t->nentities);
    return true;
}

static size_t confusions(void *ctx, struct pl_arena *a, const struct pl_grammar_training *t,
                         struct pl_str section, struct pl_grammar_confusion *out, size_t max) {
    (void)ctx, (void)a, (void)section;
    if (!max || t->nexamples < 2 || t->nintents < 2) return 0;
    *out = (struct pl_grammar_confusion){1, t->examples[1].intent ? 0 : 1};
    return 1;
}

static bool holidays(void *ctx, struct pl_arena *a, struct pl_str flow_file, struct pl_str path,
                     struct pl_str *out) {
    (void)ctx, (void)a, (void)flow_file;
    *out = path;
    return path.n % 2;
}

static const struct pl_grammar_host host = {.locale = locale,
                                            .zone = zone,
                                            .plurals = plurals,
                                            .regex = regex,
                                            .matches = matches,
                                            .fold = same,
                                            .stems = stems,
                                            .graphemes = graphemes,
                                            .train = train,
                                            .confusions = confusions,
                                            .read = holidays};

/* ---- the project ---- */

static struct pl_str base(void) {
    static char bytes[BASE_MOST]; /* one for all inputs */
    static size_t n;
    if (n) return (struct pl_str){bytes, n};
    FILE *f = fopen(FUZZ_BASE, "rb");
    pl_assert(f);
    n = fread(bytes, 1, sizeof(bytes), f);
    (void)fclose(f);
    pl_assert(n && n < sizeof(bytes));
    return (struct pl_str){bytes, n};
}

/* Everything up to the line that begins another file, which is left at *at. */
static struct pl_str section(struct pl_str text, size_t *at) {
    struct pl_str rest = {text.p + *at, text.n - *at};
    size_t end = pl_str_find(rest, PL_STR("\n# file "));
    if (end == SIZE_MAX) end = rest.n;
    *at += end < rest.n ? end + 8 : end;
    return (struct pl_str){rest.p, end};
}

static size_t catalogs(struct fuzz_file *f, struct pl_str text, struct pl_grammar_catalog *out) {
    size_t n = 0;
    while (n < CATALOGS) {
        size_t at = pl_str_find(text, PL_STR("# catalog "));
        if (at == SIZE_MAX || text.n - at < 16) break;
        text = (struct pl_str){text.p + at + 10, text.n - at - 10};
        size_t end = pl_str_find(text, PL_STR("\n"));
        if (end == SIZE_MAX) end = text.n;
        if (end < 6) continue;
        out[n].locale = (struct pl_str){text.p, 5};
        struct pl_str json = {text.p + 5, end - 5};
        out[n++].file = pl_sources_add(&f->sources, PL_STR("i18n/fuzz.arb"), json);
    }
    return n;
}

static enum pl_err compile(struct fuzz_file *f, struct pl_grammar_input *input,
                           struct pl_program *out) {
    pl_sources_add(&f->sources, PL_STR("prelude/base.flow"), base());
    input->sources = &f->sources;
    enum pl_err err = pl_grammar_compile(&f->arena, input, &host, &f->diags, out);
    pl_assert((err == PL_OK) == (f->diags.errors == 0));
    fuzz_reports(&f->diags);
    return err;
}

static void load(const struct pl_program *program) {
    static const uint8_t hash[32];
    struct pl_buf bytes = {0};
    struct pl_image *image = NULL;
    char why[256] = "";
    pl_program_write(program, &bytes);
    enum pl_err err = pl_image_load(pl_buf_slice(&bytes), hash, &image, why);
    if (err != PL_OK) fprintf(stderr, "does not load: %s\n", why);
    pl_assert(err == PL_OK);
    pl_image_unref(&image);
    pl_buf_free(&bytes);
}

/* Adds the file whose name is the section's first line; one of the project before is compiled. */
static void add_section(struct fuzz_file *f, struct pl_str s, struct fuzz_file *old,
                        struct pl_program *before, struct pl_grammar_input *input) {
    size_t end = pl_str_find(s, PL_STR("\n"));
    if (end == SIZE_MAX) return;
    struct pl_str name = {s.p, end}, text = {s.p + end + 1, s.n - end - 1};
    if (!pl_str_eq(name, PL_STR("before.flow"))) {
        pl_sources_add(&f->sources,
                       pl_str_ends(name, PL_STR(".talk")) ? PL_STR("the.talk") : PL_STR("y.flow"),
                       text);
        return;
    }
    struct pl_grammar_input was = {0};
    if (old->sources.arena) return;
    fuzz_file_open(old, "before.flow", text);
    if (compile(old, &was, before) == PL_OK) input->previous = before;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_str text = {(const char *)data, size};
    struct fuzz_file f, old = {0};
    struct pl_program program, before;
    struct pl_grammar_catalog catalog[CATALOGS] = {0};
    size_t at = 0;
    fuzz_file_open(&f, "x.flow", section(text, &at));
    struct pl_grammar_input input = {.catalogs = catalog, .verbose = size % 2};
    input.ncatalogs = catalogs(&f, text, catalog);
    while (at < text.n) add_section(&f, section(text, &at), &old, &before, &input);
    if (compile(&f, &input, &program) == PL_OK) load(&program);
    fuzz_file_close(&f);
    if (old.sources.arena) fuzz_file_close(&old);
    return 0;
}
