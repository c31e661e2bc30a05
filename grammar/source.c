/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/source.h"

void pl_sources_init(struct pl_sources *s, struct pl_arena *arena) {
    *s = (struct pl_sources){.arena = arena};
}

static uint32_t count_lines(struct pl_str text) {
    uint32_t n = 1;
    for (size_t i = 0; i < text.n; i++) n += text.p[i] == '\n';
    return n;
}

static void index_lines(struct pl_arena *arena, struct pl_source *s) {
    s->nlines = count_lines(s->text);
    uint32_t *lines = PL_NEW_ARRAY(arena, uint32_t, s->nlines);
    uint32_t at = 1;
    for (size_t i = 0; i < s->text.n; i++)
        if (s->text.p[i] == '\n') lines[at++] = (uint32_t)(i + 1);
    s->lines = lines;
}

uint32_t pl_sources_add(struct pl_sources *s, struct pl_str name, struct pl_str text) {
    pl_assert(text.n <= 1u << 30);
    if (s->n == s->cap) {
        uint32_t cap = s->cap ? s->cap * 2 : 8;
        struct pl_source *v = PL_NEW_ARRAY(s->arena, struct pl_source, cap);
        for (uint32_t i = 0; i < s->n; i++) v[i] = s->v[i];
        s->v = v;
        s->cap = cap;
    }
    struct pl_source *file = &s->v[s->n];
    *file = (struct pl_source){
        .name = pl_arena_str(s->arena, name),
        .text = pl_arena_str(s->arena, text),
        .talk = pl_str_ends(name, PL_STR(".talk")),
    };
    index_lines(s->arena, file);
    return s->n++;
}

/* The line, from 0, that holds an offset. */
static uint32_t line_of(const struct pl_source *s, uint32_t offset) {
    uint32_t low = 0, high = s->nlines;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (s->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct pl_pos pl_source_pos(const struct pl_source *s, uint32_t offset) {
    if (offset > s->text.n) offset = (uint32_t)s->text.n;
    uint32_t line = line_of(s, offset);
    size_t at = s->lines[line];
    if (line == 0 && pl_str_starts(s->text, PL_STR("\xEF\xBB\xBF"))) at = 3;
    uint32_t column = 1;
    while (at < offset) {
        pl_utf8_next(s->text, &at);
        column++;
    }
    return (struct pl_pos){line + 1, column};
}

struct pl_str pl_source_line(const struct pl_source *s, uint32_t line) {
    pl_assert(line >= 1 && line <= s->nlines);
    size_t start = s->lines[line - 1];
    size_t end = line < s->nlines ? s->lines[line] - 1 : s->text.n;
    if (end > start && s->text.p[end - 1] == '\r') end--;
    if (line == 1 && pl_str_starts(s->text, PL_STR("\xEF\xBB\xBF"))) start = 3;
    return (struct pl_str){s->text.p + start, end - start};
}

struct pl_str pl_span_text(const struct pl_sources *s, struct pl_span span) {
    pl_assert(span.file < s->n);
    struct pl_str text = s->v[span.file].text;
    pl_assert(span.start <= span.end && span.end <= text.n);
    return (struct pl_str){text.p + span.start, span.end - span.start};
}

struct pl_span pl_source_lines(const struct pl_sources *s, struct pl_span span) {
    struct pl_str text = s->v[span.file].text;
    while (span.start > 0 && text.p[span.start - 1] != '\n') span.start--;
    while (span.end < text.n && text.p[span.end] != '\n') span.end++;
    if (span.end < text.n) span.end++;
    return span;
}

struct pl_span pl_span_join(struct pl_span a, struct pl_span b) {
    pl_assert(a.file == b.file);
    return (struct pl_span){a.file, a.start, b.end};
}
