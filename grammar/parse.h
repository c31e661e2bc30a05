/* SPDX-License-Identifier: Apache-2.0
 *
 * parse (private to the room grammar): a file's text to its tree.
 */
#ifndef PL_GRAMMAR_PARSE_H
#define PL_GRAMMAR_PARSE_H

#include "grammar/ast.h"
#include "grammar/diag.h"
#include "grammar/grammar.h"

/* The tree of one file of the set; never NULL. Mistakes are reported to `diags` and set `broken`;
 * what could be read is in the tree all the same. */
struct pl_ast_file *pl_parse(struct pl_arena *arena, const struct pl_sources *sources,
                             uint32_t file, struct pl_diags *diags);

/* The like, or the tree of an earlier call when the text is as it was; good until the next call for
 * the file. The set takes the text that the tree points to: places of names are told by it. */
struct pl_ast_file *pl_parses_get(struct pl_parses *p, struct pl_sources *sources, uint32_t file,
                                  struct pl_diags *diags);

/* A text on its own, such as a translation in a catalog: `span` is where its decoded bytes `s`
 * stand, for messages; places inside it are reported as that whole span. Gives NULL when it has a
 * mistake, which is reported. */
struct pl_ast_text *pl_parse_text(struct pl_arena *arena, struct pl_str s, struct pl_span span,
                                  struct pl_diags *diags);

#endif
