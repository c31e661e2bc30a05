/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON. */
#include "runtime/value/value_priv.h"

static void escape(struct pl_buf *b, unsigned char c) {
    switch (c) {
    case '"': pl_buf_add(b, "\\\"", 2); break;
    case '\\': pl_buf_add(b, "\\\\", 2); break;
    case '\n': pl_buf_add(b, "\\n", 2); break;
    case '\t': pl_buf_add(b, "\\t", 2); break;
    case '\r': pl_buf_add(b, "\\r", 2); break;
    default: pl_buf_printf(b, "\\u%04x", c); break;
    }
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Is none of eight bytes below a blank, a quote or a backslash? May take another for one behind
 * it. */
static bool plain(const char *p) {
    uint64_t w, quotes, slashes;
    memcpy(&w, p, sizeof w);
    quotes = w ^ EACH('"');
    slashes = w ^ EACH('\\');
    uint64_t found =
        ((w - EACH(0x20)) & ~w) | ((quotes - EACH(1)) & ~quotes) | ((slashes - EACH(1)) & ~slashes);
    return (found & EACH(0x80)) == 0;
}

static bool is_plain(char c) {
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* How many bytes from `i` on stand as they are. */
static size_t run_of(struct pl_str s, size_t i) {
    size_t from = i;
    while (i + 8 <= s.n && plain(s.p + i)) i += 8;
    while (i < s.n && is_plain(s.p[i])) i++;
    return i - from;
}

void pl_json_quote(struct pl_buf *b, struct pl_str s) {
    if (!pl_buf_reserve(b, s.n + 2)) return;
    b->p[b->n++] = '"';
    for (size_t i = 0; i < s.n; i++) { /* each time by a run, and what ended it */
        size_t n = run_of(s, i);
        if (n) pl_buf_add(b, s.p + i, n);
        i += n;
        if (i < s.n) escape(b, (unsigned char)s.p[i]);
    }
    pl_buf_byte(b, '"');
}

static void begin(struct pl_jw *w) {
    if (w->comma) pl_buf_byte(w->b, ',');
    w->comma = true;
}

void pl_jw_open(struct pl_jw *w, char bracket) {
    begin(w);
    pl_buf_byte(w->b, (uint8_t)bracket);
    w->comma = false;
}

void pl_jw_close(struct pl_jw *w, char bracket) {
    pl_buf_byte(w->b, (uint8_t)bracket);
    w->comma = true;
}

void pl_jw_name(struct pl_jw *w, const char *name) {
    begin(w);
    pl_json_quote(w->b, pl_str_c(name));
    pl_buf_byte(w->b, ':');
    w->comma = false;
}

void pl_jw_text(struct pl_jw *w, struct pl_str s) {
    begin(w);
    pl_json_quote(w->b, s);
}

void pl_jw_int(struct pl_jw *w, int64_t n) {
    char digits[32];
    begin(w);
    pl_buf_add(w->b, digits, pl_dec_print((struct pl_dec){n, 0}, digits));
}

void pl_jw_text_member(struct pl_jw *w, const char *name, struct pl_str s) {
    pl_jw_name(w, name);
    pl_jw_text(w, s);
}

void pl_jw_int_member(struct pl_jw *w, const char *name, int64_t n) {
    pl_jw_name(w, name);
    pl_jw_int(w, n);
}

void pl_jw_bool(struct pl_jw *w, bool b) {
    begin(w);
    pl_buf_c(w->b, b ? "true" : "false");
}

void pl_jw_null(struct pl_jw *w) {
    begin(w);
    pl_buf_c(w->b, "null");
}

void pl_jw_raw(struct pl_jw *w, struct pl_str json) {
    begin(w);
    pl_buf_str(w->b, json);
}
