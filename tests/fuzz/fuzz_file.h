/* SPDX-License-Identifier: Apache-2.0 */
/* One file of untrusted bytes in a source set of its own, and what is said about it. */
#ifndef TEST_FUZZ_FILE_H
#define TEST_FUZZ_FILE_H

#include "grammar/grammar.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_file {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
};

static inline void fuzz_file_open(struct fuzz_file *f, const char *name, struct pl_str text) {
    *f = (struct fuzz_file){0};
    pl_arena_init(&f->arena, 0);
    pl_sources_init(&f->sources, &f->arena);
    pl_diags_init(&f->diags, &f->arena, &f->sources);
    pl_sources_add(&f->sources, pl_str_c(name), text);
}

static inline void fuzz_file_close(struct fuzz_file *f) {
    pl_arena_free(&f->arena);
}

static inline void fuzz_in_file(const struct pl_sources *s, struct pl_span at) {
    pl_assert(at.file < s->n && at.start <= at.end && at.end <= s->v[at.file].text.n);
}

/* Finished reports are about places that there are, and can be printed in every form. */
static inline void fuzz_reports(const struct pl_diags *d) {
    struct pl_buf out = {0};
    for (size_t i = 0; i < d->n; i++) {
        fuzz_in_file(d->sources, d->v[i]->span);
        for (size_t k = 0; k < d->v[i]->nnotes; k++)
            fuzz_in_file(d->sources, d->v[i]->notes[k].span);
        for (size_t k = 0; k < d->v[i]->nfixes; k++)
            for (size_t e = 0; e < d->v[i]->fixes[k].nedits; e++)
                fuzz_in_file(d->sources, d->v[i]->fixes[k].edits[e].span);
    }
    pl_diags_print(&out, d, true);
    pl_diags_print_json(&out, d);
    if (d->sources->v[0].text.n % 8 == 0) pl_diags_print_sarif(&out, d); /* it is long */
    pl_buf_free(&out);
}

#endif
