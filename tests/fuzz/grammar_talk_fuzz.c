/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a talk file: mistakes, or talks as plain data in which every line has its source. */
#include "tests/fuzz/fuzz_file.h"

static void look(const struct fuzz_file *f, const struct pl_talk *t) {
    pl_assert(t->name.n <= f->sources.v[0].text.n);
    for (size_t k = 0; k < t->nlines; k++) {
        pl_assert(t->lines[k].source.n > 0);
        fuzz_in_file(&f->sources, t->lines[k].span);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_file f;
    const struct pl_talk *talks;
    size_t n;
    fuzz_file_open(&f, "fuzz.talk", (struct pl_str){(const char *)data, size});
    enum pl_err err = pl_grammar_talks(&f.arena, &f.sources, 0, &f.diags, &talks, &n);
    pl_assert((err == PL_OK) == (f.diags.errors == 0));
    for (size_t i = 0; err == PL_OK && i < n; i++) look(&f, &talks[i]);
    pl_diags_finish(&f.diags, true);
    fuzz_reports(&f.diags);
    fuzz_file_close(&f);
    return 0;
}
