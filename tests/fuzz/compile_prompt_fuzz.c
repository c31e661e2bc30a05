/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a prompt of a project: mistakes within the file, or a text that an image takes.
 */
#include "tools/compile/compile_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_spans(const struct pl_diags *d, const struct pl_sources *s) {
    for (size_t i = 0; i < d->n; i++) {
        struct pl_span at = d->v[i]->span;
        pl_assert(at.file < s->n && at.start <= at.end && at.end <= s->v[at.file].text.n);
    }
}

/* What the verifier of images asks for. */
static void check_good(const struct pl_grammar_prompt *p) {
    enum pl_prompt_piece kind;
    struct pl_str rest = p->text, s;
    pl_assert(p->version > 0 && p->text.n > 0 && p->text.n <= PL_PROMPT_MOST);
    pl_assert(pl_utf8_valid(p->text) && p->kind <= PL_MODEL_DECIDE);
    while (pl_prompt_next(&rest, &kind, &s)) pl_assert(kind != PL_PROMPT_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_arena a;
    struct pl_sources sources;
    struct pl_diags diags;
    pl_compile_prompts all = {0};
    struct pl_grammar_prompt p = {.name = PL_STR("brisk")};
    pl_arena_init(&a, 0);
    pl_sources_init(&sources, &a);
    pl_diags_init(&diags, &a, &sources);
    p.at.file = pl_sources_add(&sources, PL_STR("prompts/brisk.md"),
                               (struct pl_str){(const char *)data, size});
    PL_PUSH(&all, p);
    pl_compile__prompts(&sources, &diags, 1, &all);
    pl_diags_finish(&diags, true);
    check_spans(&diags, &sources);
    pl_assert(all.v[0].broken == (diags.errors > 0));
    if (!all.v[0].broken) check_good(&all.v[0]);
    PL_VEC_FREE(&all);
    pl_arena_free(&a);
    return 0;
}
