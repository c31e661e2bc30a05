/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the language server.
 */
#ifndef PL_LSP_PRIV_H
#define PL_LSP_PRIV_H

#include "grammar/grammar.h"
#include "tools/compile/compile.h"
#include "tools/lsp/lsp.h"

/* A text that is open in the editor. */
struct lsp_doc {
    struct pl_arena arena; /* uri and path */
    struct pl_str uri, path;
    struct pl_buf text;
};

struct lsp {
    int in, out;
    struct pl_buf read;    /* bytes of messages not yet handled */
    struct pl_arena arena; /* of one message */
    PL_VEC(struct lsp_doc) docs;
    char folder[4096]; /* of the flows; empty: none found */
    bool utf8;         /* offsets are bytes, not UTF-16 */
    bool initialized, shut, done;

    bool dirty; /* texts changed since the compilation */
    bool built;
    struct pl_compiled compiled;
    struct pl_arena memory; /* of the one before */
    struct pl_parses *parses;
    struct pl_index index;
    struct pl_str *uris; /* of each source; empty for what is part of the program */
    PL_VEC(char *) told; /* files that have diagnostics in the editor */
};

/* ---- lsp_wire.c ---- */

/* Waits for a whole message; false at the end of the input, or when it is no message. */
bool pl_lsp__read(struct lsp *l, struct pl_str *out);
/* Is there more to read at once? */
bool pl_lsp__more(struct lsp *l);
void pl_lsp__send(struct lsp *l, struct pl_str json);
/* A result, its JSON written by `w`'s owner; an empty one is null. */
void pl_lsp__reply(struct lsp *l, const struct pl_json *id, struct pl_str result);
void pl_lsp__fail(struct lsp *l, const struct pl_json *id, int code, const char *why);

/* ---- lsp_text.c ---- */

struct lsp_pos {
    int64_t line, character;
};
/* The byte of a position; one past the end of its line where the line is shorter. */
size_t pl_lsp__offset(const struct lsp *l, struct pl_str text, struct lsp_pos at);
struct lsp_pos pl_lsp__position(const struct lsp *l, struct pl_str text, size_t offset);
bool pl_lsp__pos_of(const struct pl_json *j, struct lsp_pos *out);
void pl_lsp__write_pos(struct pl_jw *w, struct lsp_pos at);
void pl_lsp__write_range(const struct lsp *l, struct pl_jw *w, struct pl_span span);
/* {"range", "newText"} */
void pl_lsp__write_edit(const struct lsp *l, struct pl_jw *w, struct pl_span span,
                        struct pl_str text);
/* {"uri", "range"} */
void pl_lsp__write_location(const struct lsp *l, struct pl_jw *w, struct pl_span span);
struct pl_str pl_lsp__uri(struct pl_arena *a, struct pl_str path);
/* The path of a file: URI, percent decoded; empty for others. */
struct pl_str pl_lsp__path(struct pl_arena *a, struct pl_str uri);

/* ---- lsp_project.c ---- */

void pl_lsp__open(struct lsp *l, struct pl_str uri, struct pl_str text);
/* One change of a didChange; false when it is none. */
bool pl_lsp__change(struct lsp *l, struct pl_str uri, const struct pl_json *change);
void pl_lsp__close(struct lsp *l, struct pl_str uri);
struct lsp_doc *pl_lsp__doc(struct lsp *l, struct pl_str uri);
/* Compiles when something changed; false when there is no project. */
bool pl_lsp__build(struct lsp *l);
/* Forgets the compilation. */
void pl_lsp__forget(struct lsp *l);
/* The source of the document; false when it is none of the project's. */
bool pl_lsp__source(struct lsp *l, struct pl_str uri, uint32_t *file);
/* The source and byte that a request's params name. */
bool pl_lsp__place(struct lsp *l, const struct pl_json *params, uint32_t *file, size_t *offset);
/* The use at the place, or NULL. */
const struct pl_index_use *pl_lsp__use_at(const struct lsp *l, uint32_t file, size_t offset);

/* ---- the answers: each appends its result ---- */

typedef void lsp_answer(struct lsp *l, const struct pl_json *params, struct pl_jw *w);
/* lsp_diag.c */
void pl_lsp__publish(struct lsp *l);
lsp_answer pl_lsp__code_action;
/* lsp_name.c */
extern const char *const pl_lsp__kind_words[]; /* by enum pl_index_kind */
lsp_answer pl_lsp__hover, pl_lsp__definition, pl_lsp__references, pl_lsp__highlight,
    pl_lsp__prepare_rename, pl_lsp__rename;
/* lsp_outline.c */
lsp_answer pl_lsp__document_symbol, pl_lsp__workspace_symbol, pl_lsp__folding, pl_lsp__tokens,
    pl_lsp__formatting, pl_lsp__inlay;
/* Writes the kinds of tokens that pl_lsp__tokens gives, in their order. */
void pl_lsp__write_legend(struct pl_jw *w);
/* lsp_complete.c */
lsp_answer pl_lsp__completion;

#endif
