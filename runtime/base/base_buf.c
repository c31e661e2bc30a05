/* SPDX-License-Identifier: Apache-2.0 */
/* Growing buffers, the reader of what they hold, and vectors. */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/base.h"

void pl_buf_free(struct pl_buf *b) {
    free(b->p);
    *b = (struct pl_buf){0};
}

void pl_buf_clear(struct pl_buf *b) {
    b->n = 0;
    b->failed = false;
}

bool pl_buf_grow(struct pl_buf *b, size_t more) {
    size_t need;
    if (b->failed || __builtin_add_overflow(b->n, more, &need) || need > SIZE_MAX / 4) {
        b->failed = true;
        return false;
    }
    size_t cap = b->cap ? b->cap * 2 : 64;
    if (cap < need) cap = need;
    char *p = realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void pl_buf_markup(struct pl_buf *b, struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<': pl_buf_c(b, "&lt;"); break;
        case '>': pl_buf_c(b, "&gt;"); break;
        case '&': pl_buf_c(b, "&amp;"); break;
        case '"': pl_buf_c(b, "&quot;"); break;
        default: pl_buf_byte(b, (uint8_t)s.p[i]);
        }
    }
}

void pl_buf_printf(struct pl_buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t room = b->cap - b->n;
    int n = vsnprintf(room ? b->p + b->n : NULL, room, format, args);
    va_end(args);
    pl_assert(n >= 0);
    if ((size_t)n >= room) {
        if (!pl_buf_reserve(b, (size_t)n + 1)) return;
        va_start(args, format);
        (void)vsnprintf(b->p + b->n, (size_t)n + 1, format, args);
        va_end(args);
    }
    if (!b->failed) b->n += (size_t)n;
}

struct pl_str pl_buf_slice(const struct pl_buf *b) {
    return (struct pl_str){b->p ? b->p : "", b->n};
}

static void put(struct pl_buf *b, uint64_t v, size_t n) {
    if (!pl_buf_reserve(b, n)) return;
    for (size_t i = 0; i < n; i++) b->p[b->n + i] = (char)(uint8_t)(v >> (8 * i));
    b->n += n;
}

void pl_buf_u16(struct pl_buf *b, uint16_t v) {
    put(b, v, 2);
}

void pl_buf_u32(struct pl_buf *b, uint32_t v) {
    put(b, v, 4);
}

void pl_buf_u64(struct pl_buf *b, uint64_t v) {
    put(b, v, 8);
}

void pl_buf_var_long(struct pl_buf *b, uint64_t v) {
    if (!pl_buf_reserve(b, 10)) return;
    while (v >= 0x80) {
        b->p[b->n++] = (char)(uint8_t)(v | 0x80);
        v >>= 7;
    }
    b->p[b->n++] = (char)v;
}

void pl_buf_zig(struct pl_buf *b, int64_t v) {
    pl_buf_var(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

/* ---- reader ---- */

struct pl_reader pl_reader_of(struct pl_str s) {
    const uint8_t *p = (const uint8_t *)(s.p ? s.p : "");
    return (struct pl_reader){p, p + s.n, false};
}

static uint64_t get(struct pl_reader *r, size_t n) {
    if (pl_read_left(r) < n) {
        r->bad = true;
        return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v |= (uint64_t)r->p[i] << (8 * i);
    r->p += n;
    return v;
}

uint16_t pl_read_u16(struct pl_reader *r) {
    return (uint16_t)get(r, 2);
}

uint32_t pl_read_u32(struct pl_reader *r) {
    return (uint32_t)get(r, 4);
}

uint64_t pl_read_u64(struct pl_reader *r) {
    return get(r, 8);
}

/* One number has one spelling: a last byte of zero, or bits over 64, is bad. */
uint64_t pl_read_var_long(struct pl_reader *r) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && pl_read_left(r) > 0; shift += 7) {
        uint8_t byte = *r->p++;
        if (shift == 63 && byte > 1) break;
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte & 0x80) continue;
        if (byte == 0 && shift > 0) break;
        return v;
    }
    r->bad = true;
    return 0;
}

int64_t pl_read_zig(struct pl_reader *r) {
    uint64_t v = pl_read_var(r);
    return (int64_t)((v >> 1) ^ (0 - (v & 1)));
}

struct pl_str pl_read_bytes(struct pl_reader *r, size_t n) {
    if (pl_read_left(r) < n) {
        r->bad = true;
        return (struct pl_str){"", 0};
    }
    struct pl_str s = {(const char *)r->p, n};
    r->p += n;
    return s;
}

struct pl_str pl_read_text(struct pl_reader *r) {
    uint64_t n = pl_read_var(r);
    return pl_read_bytes(r, (size_t)n);
}

/* ---- vectors ---- */

void pl_vec_grow(void **v, size_t *cap, size_t n, size_t size) {
    if (n < *cap) return;
    size_t more = *cap ? *cap * 2 : 8;
    size_t bytes;
    pl_assert(!__builtin_mul_overflow(more, size, &bytes));
    void *p = realloc(*v, bytes);
    pl_assert(p);
    *v = p;
    *cap = more;
}

void pl_vec_free(void **v, size_t *n, size_t *cap) {
    free(*v);
    *v = NULL;
    *n = *cap = 0;
}
