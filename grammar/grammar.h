/* SPDX-License-Identifier: Apache-2.0
 *
 * grammar: the flow language. From source files to diagnostics, canonical layout and a program
 * image.
 *
 * The caller owns the arena in which sources, trees and diagnostics live. Nothing here reads
 * files, knows a clock or keeps state between calls. Threads: one owner per arena.
 */
#ifndef PL_GRAMMAR_H
#define PL_GRAMMAR_H

#include "grammar/diag.h"
#include "grammar/source.h"

/* The canonical layout of one file of the set, appended to `out`: two spaces, LF, aligned columns,
 * every comment kept. PL_MALFORMED when the file has mistakes of layout or syntax: they are in
 * `diags`, and `out` is as it was. Formatting what was formatted changes nothing. */
enum pl_err pl_grammar_format(struct pl_sources *sources, uint32_t file, struct pl_diags *diags,
                              struct pl_buf *out);

#endif
