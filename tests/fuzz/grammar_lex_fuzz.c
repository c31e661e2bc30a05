/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes to tokens: they follow one another inside the file, blocks that open close, a text has
 * its content between its quotes, and what stands in its placeholders ends where it says. */
#include "grammar/lex.h"
#include "tests/fuzz/fuzz_file.h"

static void look_inside(struct fuzz_file *f, const struct pl_token *t) {
    struct pl_lex_view view = {.bytes = f->sources.v[0].text, .diags = &f->diags};
    struct pl_str s = {view.bytes.p + t->start, t->end - t->start};
    struct pl_text_shape shape = pl_text_shape(s);
    pl_assert(shape.from <= shape.to && shape.to <= s.n);
    for (size_t at = shape.from; at < shape.to; at++) {
        struct pl_tokens inner;
        if (s.p[at] != '{') continue;
        size_t end = t->start + at + 1;
        pl_lex_inline(&f->arena, &view, &end, t->start + shape.to, &inner);
        pl_assert(end > t->start + at && end <= t->start + shape.to);
        pl_assert(inner.n && inner.v[inner.n - 1].kind == PL_TOKEN_END);
    }
}

static void look(struct fuzz_file *f, const struct pl_tokens *t) {
    uint32_t at = 0;
    long depth = 0;
    pl_assert(t->n && t->v[t->n - 1].kind == PL_TOKEN_END);
    for (size_t i = 0; i < t->n; i++) {
        const struct pl_token *k = &t->v[i];
        pl_assert(k->start <= k->end && k->end <= f->sources.v[0].text.n && k->start >= at);
        pl_assert(k->comments <= t->comments.n);
        at = k->end;
        depth += (k->kind == PL_TOKEN_INDENT) - (k->kind == PL_TOKEN_DEDENT);
        pl_assert(depth >= 0 && depth <= PL_LEX_DEPTH_MOST);
        if (k->kind == PL_TOKEN_TEXT) look_inside(f, k);
    }
    pl_assert(depth == 0);
    for (size_t i = 0; i < t->comments.n; i++) fuzz_in_file(&f->sources, t->comments.v[i].span);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_file f;
    struct pl_tokens tokens;
    fuzz_file_open(&f, "fuzz.flow", (struct pl_str){(const char *)data, size});
    pl_lex(&f.arena, &f.sources, 0, &f.diags, &tokens);
    pl_assert(tokens.broken == (f.diags.errors > 0));
    look(&f, &tokens);
    pl_diags_finish(&f.diags, true);
    fuzz_reports(&f.diags);
    fuzz_file_close(&f);
    return 0;
}
