/* SPDX-License-Identifier: Apache-2.0
 *
 * Places: bytes here, lines and UTF-16 units there. */
#include <string.h>

#include "tools/lsp/lsp_priv.h"

static size_t line_start(struct pl_str text, int64_t line) {
    size_t at = 0;
    for (; line > 0 && at < text.n; at++) line -= text.p[at] == '\n';
    return line > 0 ? text.n : at;
}

size_t pl_lsp__offset(const struct lsp *l, struct pl_str text, struct lsp_pos pos) {
    size_t at = line_start(text, pos.line);
    int64_t left = pos.character;
    while (left > 0 && at < text.n && text.p[at] != '\n') {
        size_t before = at;
        uint32_t cp = pl_utf8_next(text, &at);
        left -= l->utf8 ? (int64_t)(at - before) : cp > 0xFFFF ? 2 : 1;
    }
    return at;
}

struct lsp_pos pl_lsp__position(const struct lsp *l, struct pl_str text, size_t offset) {
    struct lsp_pos pos = {0, 0};
    size_t at = 0;
    for (size_t i = 0; i < offset && i < text.n; i++)
        if (text.p[i] == '\n') {
            pos.line++;
            at = i + 1;
        }
    while (at < offset && at < text.n) {
        size_t before = at;
        uint32_t cp = pl_utf8_next(text, &at);
        pos.character += l->utf8 ? (int64_t)(at - before) : cp > 0xFFFF ? 2 : 1;
    }
    return pos;
}

static bool number(const struct pl_json *j, const char *name, int64_t *out) {
    const struct pl_json *v = j && j->kind == PL_JOBJECT ? pl_json_get(j, name) : NULL;
    return v && v->kind == PL_JNUMBER && pl_str_i64(v->s, out) && *out >= 0;
}

bool pl_lsp__pos_of(const struct pl_json *j, struct lsp_pos *out) {
    return number(j, "line", &out->line) && number(j, "character", &out->character);
}

void pl_lsp__write_pos(struct pl_jw *w, struct lsp_pos at) {
    pl_jw_open(w, '{');
    pl_jw_int_member(w, "line", at.line);
    pl_jw_int_member(w, "character", at.character);
    pl_jw_close(w, '}');
}

/* By the table of lines that the source has. */
static struct lsp_pos place(const struct lsp *l, uint32_t file, uint32_t offset) {
    const struct pl_source *s = &l->compiled.sources.v[file];
    uint32_t line = pl_source_pos(s, offset).line, start = s->lines[line - 1];
    struct pl_str rest = {s->text.p + start, s->text.n - start};
    struct lsp_pos pos = pl_lsp__position(l, rest, offset - start);
    pos.line += line - 1;
    return pos;
}

void pl_lsp__write_range(const struct lsp *l, struct pl_jw *w, struct pl_span span) {
    pl_jw_open(w, '{');
    pl_jw_name(w, "start");
    pl_lsp__write_pos(w, place(l, span.file, span.start));
    pl_jw_name(w, "end");
    pl_lsp__write_pos(w, place(l, span.file, span.end));
    pl_jw_close(w, '}');
}

void pl_lsp__write_edit(const struct lsp *l, struct pl_jw *w, struct pl_span span,
                        struct pl_str text) {
    pl_jw_open(w, '{');
    pl_jw_name(w, "range");
    pl_lsp__write_range(l, w, span);
    pl_jw_text_member(w, "newText", text);
    pl_jw_close(w, '}');
}

void pl_lsp__write_location(const struct lsp *l, struct pl_jw *w, struct pl_span span) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "uri", l->uris[span.file]);
    pl_jw_name(w, "range");
    pl_lsp__write_range(l, w, span);
    pl_jw_close(w, '}');
}

/* ---- URIs ---- */

static bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("/-._~", c));
}

struct pl_str pl_lsp__uri(struct pl_arena *a, struct pl_str path) {
    struct pl_buf b = {0};
    pl_buf_str(&b, PL_STR("file://"));
    for (size_t i = 0; i < path.n; i++)
        if (plain(path.p[i]))
            pl_buf_byte(&b, (uint8_t)path.p[i]);
        else
            pl_buf_printf(&b, "%%%02X", (unsigned char)path.p[i]);
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

struct pl_str pl_lsp__path(struct pl_arena *a, struct pl_str uri) {
    struct pl_buf b = {0};
    uint8_t byte;
    if (!pl_str_starts(uri, PL_STR("file:///"))) return (struct pl_str){0};
    for (size_t i = 7; i < uri.n; i++) {
        bool coded = uri.p[i] == '%' && i + 2 < uri.n &&
                     pl_unhex((struct pl_str){uri.p + i + 1, 2}, &byte, 1);
        pl_buf_byte(&b, coded ? byte : (uint8_t)uri.p[i]);
        if (coded) i += 2;
    }
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}
