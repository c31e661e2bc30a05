/* SPDX-License-Identifier: Apache-2.0
 *
 * A program from untrusted bytes: the checker must report or the image must load. The bytes are
 * one flow file; tests/lang/base.flow's place is taken by what the bytes declare themselves, so
 * seeds are whole programs. */
#include "grammar/grammar.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned plurals(void *ctx, struct pl_str locale, bool ordinal) {
    (void)ctx;
    (void)locale;
    (void)ordinal;
    return 1u << PL_ONE | 1u << PL_OTHER;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct pl_grammar_host host = {.plurals = plurals};
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_program program;
    pl_arena_init(&arena, 0);
    pl_sources_init(&sources, &arena);
    pl_diags_init(&diags, &arena, &sources);
    pl_sources_add(&sources, PL_STR("prelude/fuzz.flow"),
                   (struct pl_str){(const char *)data, size});
    struct pl_grammar_input input = {.sources = &sources};
    if (pl_grammar_compile(&arena, &input, &host, &diags, &program) == PL_OK) load(&program);
    pl_arena_free(&arena);
    return 0;
}
