/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes to a tree: it is there, mistakes or not, its declarations lie in the file, in order,
 * and what is reported can be shown. The same bytes as a text from a catalog are a text or a
 * mistake. */
#include "grammar/parse.h"
#include "tests/fuzz/fuzz_file.h"

static void try_file(struct pl_str text) {
    struct fuzz_file f;
    uint32_t at = 0;
    fuzz_file_open(&f, "fuzz.flow", text);
    const struct pl_ast_file *tree = pl_parse(&f.arena, &f.sources, 0, &f.diags);
    pl_assert(tree && tree->broken == (f.diags.errors > 0));
    for (size_t i = 0; i < tree->decls.n; i++) {
        struct pl_span s = tree->decls.v[i]->span;
        fuzz_in_file(&f.sources, s);
        pl_assert(s.start >= at);
        at = s.end;
    }
    pl_diags_finish(&f.diags, true);
    fuzz_reports(&f.diags);
    fuzz_file_close(&f);
}

static void try_text(struct pl_str text) {
    struct fuzz_file f;
    fuzz_file_open(&f, "fuzz.arb", text);
    struct pl_span all = {0, 0, (uint32_t)text.n};
    const struct pl_ast_text *t = pl_parse_text(&f.arena, text, all, &f.diags);
    pl_assert((t != NULL) == (f.diags.errors == 0));
    pl_diags_finish(&f.diags, true);
    fuzz_reports(&f.diags);
    fuzz_file_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_str text = {(const char *)data, size};
    try_file(text);
    try_text(text);
    return 0;
}
