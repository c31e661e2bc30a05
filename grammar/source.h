/* SPDX-License-Identifier: Apache-2.0
 *
 * source (private to the room grammar): the files of a program as text, and places in them.
 *
 * A source set owns copies of names and texts in its arena; slices and spans stay valid as long as
 * it does. A text is kept byte for byte as it was read (BOM and CRLF too), so that a span is a pair
 * of byte offsets into what an editor holds. Threads: one owner.
 */
#ifndef PL_GRAMMAR_SOURCE_H
#define PL_GRAMMAR_SOURCE_H

#include "runtime/base/base.h"

/* A place: bytes [start, end) of one file. */
struct pl_span {
    uint32_t file; /* index in the source set */
    uint32_t start, end;
};

/* A place for people: both from 1, columns counted in code points. */
struct pl_pos {
    uint32_t line, column;
};

struct pl_source {
    struct pl_str name; /* as shown to people: "flows/track.flow" */
    struct pl_str text;
    const uint32_t *lines; /* offset of each line's first byte */
    uint32_t nlines;       /* at least 1 */
    bool talk;             /* named *.talk: holds talks, not declarations */
};

struct pl_sources {
    struct pl_arena *arena;
    struct pl_source *v;
    uint32_t n, cap;
};

void pl_sources_init(struct pl_sources *s, struct pl_arena *arena);
/* Copies both; gives the file's index. Offsets are 32 bits wide, so a text of more than 1 GiB is a
 * bug of the caller (the lexer refuses far smaller ones). */
uint32_t pl_sources_add(struct pl_sources *s, struct pl_str name, struct pl_str text);

struct pl_pos pl_source_pos(const struct pl_source *s, uint32_t offset);
/* The line's bytes without its line end; line from 1. */
struct pl_str pl_source_line(const struct pl_source *s, uint32_t line);
/* The bytes of a span. */
struct pl_str pl_span_text(const struct pl_sources *s, struct pl_span span);
/* The whole lines of a span, with their line ends. */
struct pl_span pl_source_lines(const struct pl_sources *s, struct pl_span span);
/* From the start of a to the end of b. */
struct pl_span pl_span_join(struct pl_span a, struct pl_span b);

#endif
