/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a flow or talk file: no crash; what has no mistake has a layout that says the same
 * words, and that a second pass leaves alone; what is reported can be printed.
 */
#include "grammar/grammar.h"
#include "grammar/lex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_buf out;
    enum pl_err err;
};

static void run_start(struct run *r, const char *name, struct pl_str text) {
    *r = (struct run){0};
    pl_arena_init(&r->arena, 0);
    pl_sources_init(&r->sources, &r->arena);
    pl_diags_init(&r->diags, &r->arena, &r->sources);
    pl_sources_add(&r->sources, pl_str_c(name), text);
    r->err = pl_grammar_format(&r->sources, 0, &r->diags, &r->out);
    pl_diags_finish(&r->diags, true);
}

static void run_end(struct run *r) {
    pl_buf_free(&r->out);
    pl_arena_free(&r->arena);
}

/* The tokens of both, but for the spaces in money and in texts of several lines. */
static void same_words(struct run *a, struct run *b) {
    struct pl_tokens x, y;
    pl_lex(&a->arena, &a->sources, 0, &a->diags, &x);
    pl_lex(&b->arena, &b->sources, 0, &b->diags, &y);
    pl_assert(x.n == y.n && x.comments.n == y.comments.n);
    for (size_t i = 0; i < x.n; i++) {
        struct pl_token s = x.v[i], t = y.v[i];
        pl_assert(s.kind == t.kind && s.comments == t.comments);
        if (s.kind == PL_TOKEN_MONEY || s.kind == PL_TOKEN_TEXT) continue;
        struct pl_str p = {a->sources.v[0].text.p + s.start, s.end - s.start};
        struct pl_str q = {b->sources.v[0].text.p + t.start, t.end - t.start};
        pl_assert(pl_str_eq(p, q));
    }
}

static void try_name(const char *name, struct pl_str text) {
    struct run first, second;
    struct pl_buf shown = {0};
    run_start(&first, name, text);
    pl_diags_print(&shown, &first.diags, true);
    pl_diags_print_json(&shown, &first.diags);
    pl_assert((first.err == PL_OK) == (first.diags.errors == 0));
    if (first.err == PL_OK) {
        run_start(&second, name, pl_buf_slice(&first.out));
        pl_assert(second.err == PL_OK);
        pl_assert(pl_str_eq(pl_buf_slice(&first.out), pl_buf_slice(&second.out)));
        same_words(&first, &second);
        run_end(&second);
    }
    pl_buf_free(&shown);
    run_end(&first);
}

/* The talks as plain data, or mistakes. */
static void try_talks(struct pl_str text) {
    struct run r = {0};
    const struct pl_talk *talks;
    size_t n;
    pl_arena_init(&r.arena, 0);
    pl_sources_init(&r.sources, &r.arena);
    pl_diags_init(&r.diags, &r.arena, &r.sources);
    pl_sources_add(&r.sources, PL_STR("fuzz.talk"), text);
    r.err = pl_grammar_talks(&r.arena, &r.sources, 0, &r.diags, &talks, &n);
    pl_assert((r.err == PL_OK) == (r.diags.errors == 0));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < talks[i].nlines; k++) pl_assert(talks[i].lines[k].source.n > 0);
    run_end(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_str text = {(const char *)data, size};
    try_name("fuzz.flow", text);
    try_name("fuzz.talk", text);
    try_talks(text);
    return 0;
}
