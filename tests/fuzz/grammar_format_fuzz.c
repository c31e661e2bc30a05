/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a flow or talk file: what has no mistake has a layout that parses, says the same
 * words, keeps every comment, and that a second pass leaves alone. */
#include "grammar/lex.h"
#include "tests/fuzz/fuzz_file.h"

struct run {
    struct fuzz_file f;
    struct pl_buf out;
    enum pl_err err;
};

static void run_start(struct run *r, const char *name, struct pl_str text) {
    *r = (struct run){0};
    fuzz_file_open(&r->f, name, text);
    r->err = pl_grammar_format(&r->f.sources, 0, &r->f.diags, &r->out);
    pl_assert((r->err == PL_OK) == (r->f.diags.errors == 0));
    pl_assert(r->err == PL_OK || r->out.n == 0);
}

static void run_end(struct run *r) {
    pl_buf_free(&r->out);
    fuzz_file_close(&r->f);
}

static struct pl_str words(const struct run *r, struct pl_span at) {
    return pl_str_trim(pl_span_text(&r->f.sources, at));
}

static void same_comments(const struct run *a, const struct pl_tokens *x, const struct run *b,
                          const struct pl_tokens *y) {
    pl_assert(x->comments.n == y->comments.n);
    for (size_t i = 0; i < x->comments.n; i++)
        pl_assert(pl_str_eq(words(a, x->comments.v[i].span), words(b, y->comments.v[i].span)));
}

/* The tokens of both, but for the spaces in money and in texts of several lines. */
static void same_words(struct run *a, struct run *b) {
    struct pl_tokens x, y;
    pl_lex(&a->f.arena, &a->f.sources, 0, &a->f.diags, &x);
    pl_lex(&b->f.arena, &b->f.sources, 0, &b->f.diags, &y);
    same_comments(a, &x, b, &y);
    pl_assert(x.n == y.n);
    for (size_t i = 0; i < x.n; i++) {
        struct pl_token s = x.v[i], t = y.v[i];
        pl_assert(s.kind == t.kind && s.comments == t.comments);
        if (s.kind == PL_TOKEN_MONEY || s.kind == PL_TOKEN_TEXT) continue;
        pl_assert(pl_str_eq(words(a, (struct pl_span){0, s.start, s.end}),
                            words(b, (struct pl_span){0, t.start, t.end})));
    }
}

static void try_name(const char *name, struct pl_str text) {
    struct run first, second;
    run_start(&first, name, text);
    if (first.err == PL_OK) {
        run_start(&second, name, pl_buf_slice(&first.out));
        pl_assert(second.err == PL_OK);
        pl_assert(pl_str_eq(pl_buf_slice(&first.out), pl_buf_slice(&second.out)));
        same_words(&first, &second);
        run_end(&second);
    }
    run_end(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_str text = {(const char *)data, size};
    try_name("fuzz.flow", text);
    try_name("fuzz.talk", text);
    return 0;
}
