/* SPDX-License-Identifier: Apache-2.0 */
/* Making, copying and comparing values. */
#include <string.h>

#include "runtime/value/value_priv.h"

const char *pl_kind_word(enum pl_kind kind) {
    static const char *const words[] = {
#define KIND(name, word) [PL_KIND_##name] = word,
#include "runtime/value/kind.def"
#undef KIND
    };
    return (size_t)kind < PL_LEN(words) ? words[kind] : "unknown";
}

enum pl_shape pl_value__shape(uint8_t kind) {
    switch ((enum pl_kind)kind) {
    case PL_KIND_BOOL: return PL_SHAPE_BOOL;
    case PL_KIND_NUMBER:
    case PL_KIND_PERCENT: return PL_SHAPE_DEC;
    case PL_KIND_MONEY: return PL_SHAPE_MONEY;
    case PL_KIND_DATE: return PL_SHAPE_DATE;
    case PL_KIND_TIME: return PL_SHAPE_TIME;
    case PL_KIND_DATETIME: return PL_SHAPE_DATETIME;
    case PL_KIND_DURATION: return PL_SHAPE_DURATION;
    case PL_KIND_TEXT:
    case PL_KIND_EMAIL:
    case PL_KIND_PHONE:
    case PL_KIND_URL:
    case PL_KIND_LANGUAGE:
    case PL_KIND_FILE:
    case PL_KIND_CARD:
    case PL_KIND_ENTITY:
    case PL_KIND_FLOW:
    case PL_KIND_SLOT:
    case PL_KIND_QUEUE: return PL_SHAPE_TEXT;
    case PL_KIND_ENUM: return PL_SHAPE_ENUM;
    case PL_KIND_LIST: return PL_SHAPE_LIST;
    case PL_KIND_RECORD: return PL_SHAPE_RECORD;
    case PL_KIND_NONE:
    case PL_KIND_ANY: break;
    }
    return PL_SHAPE_NOTHING;
}

struct pl_value pl_bool(bool b) {
    return (struct pl_value){.kind = PL_KIND_BOOL, .b = b};
}

struct pl_value pl_text(struct pl_str s) {
    return (struct pl_value){.kind = PL_KIND_TEXT, .s = s};
}

struct pl_value pl_int(int64_t n) {
    return (struct pl_value){.kind = PL_KIND_NUMBER, .n = {n, 0}};
}

struct pl_value pl_money(struct pl_dec amount, const char currency[4]) {
    struct pl_value v = {.kind = PL_KIND_MONEY};
    v.money.amount = amount;
    memcpy(v.money.currency, currency, 3);
    v.money.currency[3] = '\0';
    return v;
}

bool pl_value__currency(struct pl_str s) {
    if (s.n != 3) return false;
    for (size_t i = 0; i < 3; i++) {
        if (s.p[i] < 'A' || s.p[i] > 'Z') return false;
    }
    return true;
}

struct pl_value pl_rec_get(struct pl_value rec, struct pl_str name) {
    if (rec.kind != PL_KIND_RECORD) return PL_NONE;
    for (uint32_t i = 0; i < rec.rec.n; i++) {
        if (pl_str_eq(rec.rec.f[i].name, name)) return rec.rec.f[i].value;
    }
    return PL_NONE;
}

static struct pl_value copy_list(struct pl_arena *a, struct pl_value v) {
    struct pl_value *items = PL_NEW_ARRAY(a, struct pl_value, v.list.n);
    if (!items) return PL_NONE;
    for (uint32_t i = 0; i < v.list.n; i++) items[i] = pl_value_copy(a, v.list.v[i]);
    v.list.v = items;
    return v;
}

static struct pl_value copy_record(struct pl_arena *a, struct pl_value v) {
    struct pl_field *fields = PL_NEW_ARRAY(a, struct pl_field, v.rec.n);
    if (!fields) return PL_NONE;
    for (uint32_t i = 0; i < v.rec.n; i++) {
        fields[i].name = pl_arena_str(a, v.rec.f[i].name);
        fields[i].value = pl_value_copy(a, v.rec.f[i].value);
    }
    v.rec.f = fields;
    return v;
}

struct pl_value pl_value_copy(struct pl_arena *a, struct pl_value v) {
    switch (pl_value__shape(v.kind)) {
    case PL_SHAPE_TEXT: v.s = pl_arena_str(a, v.s); return v;
    case PL_SHAPE_ENUM:
        v.e.type = pl_arena_str(a, v.e.type);
        v.e.member = pl_arena_str(a, v.e.member);
        return v;
    case PL_SHAPE_LIST: return copy_list(a, v);
    case PL_SHAPE_RECORD: return copy_record(a, v);
    default: return v;
    }
}

static bool lists_eq(struct pl_value a, struct pl_value b) {
    if (a.list.n != b.list.n) return false;
    for (uint32_t i = 0; i < a.list.n; i++) {
        if (!pl_value_eq(a.list.v[i], b.list.v[i])) return false;
    }
    return true;
}

static bool records_eq(struct pl_value a, struct pl_value b) {
    if (a.rec.n != b.rec.n) return false;
    for (uint32_t i = 0; i < a.rec.n; i++) {
        if (!pl_str_eq(a.rec.f[i].name, b.rec.f[i].name)) return false;
        if (!pl_value_eq(a.rec.f[i].value, b.rec.f[i].value)) return false;
    }
    return true;
}

bool pl_value_eq(struct pl_value a, struct pl_value b) {
    if (a.kind != b.kind) return false;
    switch (pl_value__shape(a.kind)) {
    case PL_SHAPE_NOTHING: return true;
    case PL_SHAPE_BOOL: return a.b == b.b;
    case PL_SHAPE_TEXT: return pl_str_eq(a.s, b.s);
    case PL_SHAPE_ENUM: return pl_str_eq(a.e.type, b.e.type) && pl_str_eq(a.e.member, b.e.member);
    case PL_SHAPE_LIST: return lists_eq(a, b);
    case PL_SHAPE_RECORD: return records_eq(a, b);
    default: break;
    }
    int order;
    return pl_value_cmp(a, b, &order) == PL_OK && order == 0;
}

static int order_of(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

enum pl_err pl_value_cmp(struct pl_value a, struct pl_value b, int *out) {
    if (a.kind != b.kind) return PL_TYPE;
    switch (pl_value__shape(a.kind)) {
    case PL_SHAPE_DEC: *out = pl_dec_cmp(a.n, b.n); return PL_OK;
    case PL_SHAPE_MONEY:
        if (memcmp(a.money.currency, b.money.currency, 3) != 0) return PL_TYPE;
        *out = pl_dec_cmp(a.money.amount, b.money.amount);
        return PL_OK;
    case PL_SHAPE_DATE: *out = order_of(a.date, b.date); return PL_OK;
    case PL_SHAPE_TIME: *out = order_of(a.time, b.time); return PL_OK;
    case PL_SHAPE_DATETIME: *out = order_of(a.datetime, b.datetime); return PL_OK;
    case PL_SHAPE_DURATION: *out = order_of(a.duration, b.duration); return PL_OK;
    default: return PL_TYPE;
    }
}
