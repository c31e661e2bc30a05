/* SPDX-License-Identifier: Apache-2.0 */
/* The binary form: kind byte, then what its shape needs. The reader trusts nothing. */
#include <string.h>

#include "runtime/value/value_priv.h"

static void write_dec(struct pl_buf *b, struct pl_dec d) {
    pl_buf_zig(b, d.m);
    pl_buf_byte(b, d.scale);
}

static void write_value(struct pl_buf *b, struct pl_value v, int depth);

static void write_list(struct pl_buf *b, struct pl_value v, int depth) {
    pl_buf_var(b, v.list.n);
    for (uint32_t i = 0; i < v.list.n; i++) write_value(b, v.list.v[i], depth);
}

static void write_record(struct pl_buf *b, struct pl_value v, int depth) {
    pl_buf_var(b, v.rec.n);
    for (uint32_t i = 0; i < v.rec.n; i++) {
        pl_buf_text(b, v.rec.f[i].name);
        write_value(b, v.rec.f[i].value, depth);
    }
}

static void write_value(struct pl_buf *b, struct pl_value v, int depth) {
    pl_assert(depth <= PL_VALUE_DEPTH);
    pl_buf_byte(b, v.kind);
    switch (pl_value__shape(v.kind)) {
    case PL_SHAPE_NOTHING: break;
    case PL_SHAPE_BOOL: pl_buf_byte(b, v.b ? 1 : 0); break;
    case PL_SHAPE_DEC: write_dec(b, v.n); break;
    case PL_SHAPE_MONEY:
        write_dec(b, v.money.amount);
        pl_buf_add(b, v.money.currency, 3);
        break;
    case PL_SHAPE_DATE: pl_buf_zig(b, v.date); break;
    case PL_SHAPE_TIME: pl_buf_zig(b, v.time); break;
    case PL_SHAPE_DATETIME: pl_buf_zig(b, v.datetime); break;
    case PL_SHAPE_DURATION: pl_buf_zig(b, v.duration); break;
    case PL_SHAPE_TEXT: pl_buf_text(b, v.s); break;
    case PL_SHAPE_ENUM:
        pl_buf_text(b, v.e.type);
        pl_buf_text(b, v.e.member);
        break;
    case PL_SHAPE_LIST: write_list(b, v, depth + 1); break;
    case PL_SHAPE_RECORD: write_record(b, v, depth + 1); break;
    }
}

void pl_value_write(struct pl_buf *b, struct pl_value v) {
    write_value(b, v, 0);
}

/* ---- reading ---- */

static struct pl_dec read_dec(struct pl_reader *r) {
    struct pl_dec d = {pl_read_zig(r), pl_read_u8(r)};
    if (d.scale > 18) {
        r->bad = true;
        return (struct pl_dec){0, 0};
    }
    return d;
}

static int64_t read_within(struct pl_reader *r, int64_t least, int64_t most) {
    int64_t v = pl_read_zig(r);
    if (v < least || v > most) r->bad = true;
    return v;
}

static struct pl_str read_utf8(struct pl_reader *r) {
    struct pl_str s = pl_read_text(r);
    if (!pl_utf8_valid(s)) r->bad = true;
    return s;
}

static void read_money(struct pl_reader *r, struct pl_value *v) {
    v->money.amount = read_dec(r);
    struct pl_str currency = pl_read_bytes(r, 3);
    if (pl_value__currency(currency))
        memcpy(v->money.currency, currency.p, 3);
    else
        r->bad = true;
}

/* A count of things of at least `each` bytes: more than are left would be a lie. */
static uint32_t read_count(struct pl_reader *r, size_t each) {
    uint64_t n = pl_read_var(r);
    if (n > pl_read_left(r) / each) {
        r->bad = true;
        return 0;
    }
    return (uint32_t)n;
}

static struct pl_value read_value(struct pl_reader *r, struct pl_arena *a, int depth);

static void read_list(struct pl_reader *r, struct pl_arena *a, struct pl_value *v, int depth) {
    uint32_t n = read_count(r, 1);
    struct pl_value *items = PL_NEW_ARRAY(a, struct pl_value, n);
    if (!items || depth > PL_VALUE_DEPTH) {
        r->bad = true;
        return;
    }
    for (uint32_t i = 0; i < n && !r->bad; i++) items[i] = read_value(r, a, depth);
    v->list.v = items;
    v->list.n = n;
}

static void read_record(struct pl_reader *r, struct pl_arena *a, struct pl_value *v, int depth) {
    uint32_t n = read_count(r, 2);
    struct pl_field *fields = PL_NEW_ARRAY(a, struct pl_field, n);
    if (!fields || depth > PL_VALUE_DEPTH) {
        r->bad = true;
        return;
    }
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        fields[i].name = read_utf8(r);
        fields[i].value = read_value(r, a, depth);
    }
    v->rec.f = fields;
    v->rec.n = n;
}

static struct pl_value read_value(struct pl_reader *r, struct pl_arena *a, int depth) {
    struct pl_value v = {.kind = pl_read_u8(r)};
    switch (pl_value__shape(v.kind)) {
    case PL_SHAPE_NOTHING:
        if (v.kind != PL_KIND_NONE) r->bad = true;
        break;
    case PL_SHAPE_BOOL: {
        uint8_t b = pl_read_u8(r);
        if (b > 1) r->bad = true;
        v.b = b == 1;
        break;
    }
    case PL_SHAPE_DEC: v.n = read_dec(r); break;
    case PL_SHAPE_MONEY: read_money(r, &v); break;
    case PL_SHAPE_DATE: v.date = (int32_t)read_within(r, PL_DATE_MIN, PL_DATE_MAX); break;
    case PL_SHAPE_TIME: v.time = (int32_t)read_within(r, 0, 86399); break;
    case PL_SHAPE_DATETIME: v.datetime = read_within(r, PL_DATETIME_MIN, PL_DATETIME_MAX); break;
    case PL_SHAPE_DURATION: v.duration = read_within(r, -PL_DURATION_MAX, PL_DURATION_MAX); break;
    case PL_SHAPE_TEXT: v.s = read_utf8(r); break;
    case PL_SHAPE_ENUM:
        v.e.type = read_utf8(r);
        v.e.member = read_utf8(r);
        break;
    case PL_SHAPE_LIST: read_list(r, a, &v, depth + 1); break;
    case PL_SHAPE_RECORD: read_record(r, a, &v, depth + 1); break;
    }
    return r->bad ? PL_NONE : v;
}

struct pl_value pl_value_read(struct pl_reader *r, struct pl_arena *a) {
    return read_value(r, a, 0);
}
