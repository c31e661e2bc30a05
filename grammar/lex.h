/* SPDX-License-Identifier: Apache-2.0
 *
 * lex (private to the room grammar): a file's text to tokens, with its layout.
 *
 * NEWLINE, INDENT and DEDENT come from layout. Blank lines and comments give no token. Inside
 * brackets, and after a comma that ends its line, a line goes on in the next one, which must be
 * indented deeper than the line that began (or start with the closing bracket): so a forgotten
 * bracket costs one message, not a file.
 * Tokens live in the arena. Threads: one owner.
 */
#ifndef PL_GRAMMAR_LEX_H
#define PL_GRAMMAR_LEX_H

#include "grammar/ast.h"
#include "grammar/diag.h"

#define PL_LEX_FILE_MOST  (1u << 20)
#define PL_LEX_LINE_MOST  (64u << 10)
#define PL_LEX_TEXT_MOST  (16u << 10)
#define PL_LEX_DEPTH_MOST 64 /* of blocks, and of brackets */

enum pl_token_kind {
#define TOKEN(name, words) PL_TOKEN_##name,
#include "grammar/token.def"
#undef TOKEN
};
const char *pl_token_words(enum pl_token_kind kind);

struct pl_token {
    uint8_t kind;   /* enum pl_token_kind */
    uint32_t start; /* bytes of the source; layout tokens are empty */
    uint32_t end;
    uint32_t comments; /* how many comments stand before it in the file */
};

struct pl_tokens {
    PL_AST_LIST(struct pl_token); /* ends with END */
    PL_AST_LIST(struct pl_ast_comment) comments;
    bool broken;   /* something was reported */
    bool ragged;   /* indentation was reported: later surprises of layout are not */
    bool hopeless; /* the layout cannot be trusted: do not parse */
};

void pl_lex(struct pl_arena *arena, const struct pl_sources *sources, uint32_t file,
            struct pl_diags *diags, struct pl_tokens *out);

/* What a text token is made of, its quotes taken off. */
struct pl_text_shape {
    uint32_t from, to; /* of the content, relative to the given bytes */
    bool block;        /* three quotes */
    uint32_t strip;    /* block: spaces that every line but the first begins with and loses */
};
struct pl_text_shape pl_text_shape(struct pl_str token);

/* Where places inside a piece of text are: at their own offset, or (a text from a catalog, whose
 * bytes are not those of a file) all at one span. */
struct pl_lex_view {
    struct pl_str bytes;
    uint32_t file;
    bool fixed;
    struct pl_span at; /* fixed: the place of everything */
    struct pl_diags *diags;
};
struct pl_span pl_lex_span(const struct pl_lex_view *view, size_t start, size_t end);

/* The tokens of an expression inside a text, from *at to the `,` `:` or `}` that ends it, where *at
 * is left; ends with END. False when something was reported. */
bool pl_lex_inline(struct pl_arena *arena, const struct pl_lex_view *view, size_t *at, size_t end,
                   struct pl_tokens *out);

#endif
