/* SPDX-License-Identifier: Apache-2.0 */
/* Values from JSON by their type, and back. */
#include <string.h>

#include "runtime/value/value_priv.h"

/* Where the reading stands: a chain on the C stack, printed only when something is wrong. */
struct place {
    const struct place *up;
    struct pl_str field; /* empty: an item */
    size_t item;
};

struct typed {
    struct pl_arena *a;
    const struct pl_types *types;
    enum pl_err err;
    struct pl_str where;
};

static struct pl_str path(struct typed *t, const struct place *at) {
    if (!at->up) return at->field;
    struct pl_str up = path(t, at->up);
    if (at->field.n)
        return pl_arena_printf(t->a, "%.*s.%.*s", PL_STR_ARG(up), PL_STR_ARG(at->field));
    return pl_arena_printf(t->a, "%.*s[%zu]", PL_STR_ARG(up), at->item);
}

static bool wrong(struct typed *t, const struct place *at, const char *what, struct pl_str more) {
    if (t->err != PL_OK) return false;
    struct pl_str place = path(t, at);
    t->err = PL_TYPE;
    t->where = pl_arena_printf(t->a, "%.*s: %s%.*s", PL_STR_ARG(place), what, PL_STR_ARG(more));
    return false;
}

static bool expected(struct typed *t, const struct place *at, uint8_t kind) {
    return wrong(t, at, "expected ", pl_str_c(pl_kind_word((enum pl_kind)kind)));
}

static bool no_memory(struct typed *t) {
    if (t->err == PL_OK) t->err = PL_NOMEM;
    return false;
}

/* ---- one function a shape: false when the JSON does not fit ---- */

static bool read_money_text(struct pl_str s, struct pl_value *out) {
    struct pl_dec amount;
    if (s.n < 5 || s.p[s.n - 4] != ' ') return false;
    struct pl_str currency = {s.p + s.n - 3, 3};
    if (!pl_value__currency(currency)) return false;
    if (!pl_dec_parse((struct pl_str){s.p, s.n - 4}, &amount)) return false;
    *out = pl_money(amount, currency.p);
    return true;
}

static bool read_money(const struct pl_json *j, struct pl_value *out) {
    if (j->kind == PL_JTEXT) return read_money_text(j->s, out);
    const struct pl_json *amount = pl_json_get(j, "amount");
    struct pl_str currency = pl_json_text(j, "currency");
    struct pl_dec d;
    if (!amount || !pl_value__currency(currency)) return false;
    if (amount->kind != PL_JTEXT && amount->kind != PL_JNUMBER) return false;
    bool ok =
        amount->kind == PL_JTEXT ? pl_dec_parse(amount->s, &d) : pl_value__number(amount->s, &d);
    if (ok) *out = pl_money(d, currency.p);
    return ok;
}

static bool read_integer(const struct pl_json *j, int64_t least, int64_t most, int64_t *out) {
    struct pl_dec d;
    if (j->kind != PL_JNUMBER || !pl_value__number(j->s, &d) || d.scale) return false;
    *out = d.m;
    return d.m >= least && d.m <= most;
}

static bool read_datetime(const struct pl_json *j, int64_t *out) {
    if (j->kind == PL_JTEXT) return pl_datetime_parse(j->s, 0, out);
    return read_integer(j, PL_DATETIME_MIN, PL_DATETIME_MAX, out);
}

static bool read_duration(const struct pl_json *j, int64_t *out) {
    if (j->kind == PL_JTEXT) return pl_duration_parse(j->s, out);
    return read_integer(j, -PL_DURATION_MAX, PL_DURATION_MAX, out);
}

static bool read_simple(const struct pl_json *j, uint8_t kind, struct pl_value *v) {
    v->kind = kind;
    bool text = j->kind == PL_JTEXT;
    switch (pl_value__shape(kind)) {
    case PL_SHAPE_BOOL: v->b = j->b; return j->kind == PL_JBOOL;
    case PL_SHAPE_DEC: return j->kind == PL_JNUMBER && pl_value__number(j->s, &v->n);
    case PL_SHAPE_MONEY: return read_money(j, v);
    case PL_SHAPE_DATE: return text && pl_date_parse(j->s, &v->date);
    case PL_SHAPE_TIME: return text && pl_time_parse(j->s, &v->time);
    case PL_SHAPE_DATETIME: return read_datetime(j, &v->datetime);
    case PL_SHAPE_DURATION: return read_duration(j, &v->duration);
    case PL_SHAPE_TEXT: v->s = j->s; return text;
    default: return false;
    }
}

static bool read_enum(struct typed *t, const struct pl_typedef *def, const struct pl_json *j,
                      const struct place *at, struct pl_value *out) {
    if (j->kind != PL_JTEXT) return wrong(t, at, "expected one of ", def->name);
    for (uint32_t i = 0; i < def->nfields; i++) {
        if (!pl_str_eq(def->fields[i].name, j->s)) continue;
        *out = (struct pl_value){.kind = PL_KIND_ENUM};
        out->e.type = def->name;
        out->e.member = def->fields[i].name;
        return true;
    }
    return wrong(t, at, "expected one of ", def->name);
}

static bool read_type(struct typed *t, struct pl_type type, const struct pl_json *j,
                      const struct place *at, int depth, struct pl_value *out);

static bool read_list(struct typed *t, struct pl_type item, const struct pl_json *j,
                      const struct place *at, int depth, struct pl_value *out) {
    if (j->kind != PL_JARRAY) return expected(t, at, PL_KIND_LIST);
    if (depth > PL_VALUE_DEPTH || j->n > UINT32_MAX)
        return wrong(t, at, "nested too deep", PL_STR(""));
    struct pl_value *items = PL_NEW_ARRAY(t->a, struct pl_value, j->n);
    if (!items) return no_memory(t);
    for (size_t i = 0; i < j->n; i++) {
        struct place here = {at, {"", 0}, i};
        if (!read_type(t, item, &j->m[i].value, &here, depth, &items[i])) return false;
    }
    *out = (struct pl_value){.kind = PL_KIND_LIST};
    out->list.v = items;
    out->list.n = (uint32_t)j->n;
    return true;
}

static const struct pl_json *member(const struct pl_json *j, struct pl_str name) {
    for (size_t i = 0; i < j->n; i++) {
        if (pl_str_eq(j->m[i].name, name)) return &j->m[i].value;
    }
    return NULL;
}

static bool read_record(struct typed *t, const struct pl_typedef *def, const struct pl_json *j,
                        const struct place *at, int depth, struct pl_value *out) {
    static const struct pl_json absent = {.kind = PL_JNULL};
    if (j->kind != PL_JOBJECT) return wrong(t, at, "expected ", def->name);
    if (depth > PL_VALUE_DEPTH) return wrong(t, at, "nested too deep", PL_STR(""));
    struct pl_field *fields = PL_NEW_ARRAY(t->a, struct pl_field, def->nfields);
    if (!fields) return no_memory(t);
    for (uint32_t i = 0; i < def->nfields; i++) {
        const struct pl_typedef_field *f = &def->fields[i];
        const struct pl_json *found = member(j, f->name);
        struct place here = {at, f->name, 0};
        fields[i].name = f->name;
        if (!read_type(t, f->type, found ? found : &absent, &here, depth, &fields[i].value))
            return false;
    }
    *out = (struct pl_value){.kind = PL_KIND_RECORD};
    out->rec.f = fields;
    out->rec.n = def->nfields;
    return true;
}

/* ---- values of no declared type ---- */

static bool read_any(struct typed *t, const struct pl_json *j, const struct place *at, int depth,
                     struct pl_value *out);

static bool read_any_record(struct typed *t, const struct pl_json *j, const struct place *at,
                            int depth, struct pl_value *out) {
    if (depth > PL_VALUE_DEPTH || j->n > UINT32_MAX)
        return wrong(t, at, "nested too deep", PL_STR(""));
    struct pl_field *fields = PL_NEW_ARRAY(t->a, struct pl_field, j->n);
    if (!fields) return no_memory(t);
    for (size_t i = 0; i < j->n; i++) {
        struct place here = {at, j->m[i].name, 0};
        fields[i].name = j->m[i].name;
        if (!read_any(t, &j->m[i].value, &here, depth, &fields[i].value)) return false;
    }
    *out = (struct pl_value){.kind = PL_KIND_RECORD};
    out->rec.f = fields;
    out->rec.n = (uint32_t)j->n;
    return true;
}

static bool read_any(struct typed *t, const struct pl_json *j, const struct place *at, int depth,
                     struct pl_value *out) {
    static const uint8_t kinds[] = {
        [PL_JBOOL] = PL_KIND_BOOL, [PL_JNUMBER] = PL_KIND_NUMBER, [PL_JTEXT] = PL_KIND_TEXT};
    const struct pl_type any = {.kind = PL_KIND_ANY, .optional = true};
    switch (j->kind) {
    case PL_JNULL: *out = PL_NONE; return true;
    case PL_JARRAY: return read_list(t, any, j, at, depth + 1, out);
    case PL_JOBJECT: return read_any_record(t, j, at, depth + 1, out);
    default: return read_simple(j, kinds[j->kind], out) || expected(t, at, kinds[j->kind]);
    }
}

/* ---- any type ---- */

static bool read_def(struct typed *t, struct pl_type type, const struct pl_json *j,
                     const struct place *at, int depth, struct pl_value *out) {
    pl_assert(type.def < t->types->ndefs);
    const struct pl_typedef *def = &t->types->defs[type.def];
    if (type.kind == PL_KIND_RECORD) return read_record(t, def, j, at, depth + 1, out);
    if (type.kind == PL_KIND_ENUM || def->base == PL_KIND_ENUM)
        return read_enum(t, def, j, at, out);
    if (read_simple(j, def->base, out)) return true;
    return wrong(t, at, "expected ", def->name);
}

static bool read_type(struct typed *t, struct pl_type type, const struct pl_json *j,
                      const struct place *at, int depth, struct pl_value *out) {
    *out = PL_NONE;
    if (type.kind == PL_KIND_ANY) return read_any(t, j, at, depth, out);
    if (j->kind == PL_JNULL && (type.optional || type.kind == PL_KIND_NONE)) return true;
    if (j->kind == PL_JNULL) return wrong(t, at, "missing", PL_STR(""));
    switch (type.kind) {
    case PL_KIND_LIST:
        pl_assert(type.def < t->types->ntypes);
        return read_list(t, t->types->types[type.def], j, at, depth + 1, out);
    case PL_KIND_RECORD:
    case PL_KIND_ENUM:
    case PL_KIND_ENTITY: return read_def(t, type, j, at, depth, out);
    default: return read_simple(j, type.kind, out) || expected(t, at, type.kind);
    }
}

enum pl_err pl_value_from_json(struct pl_arena *a, const struct pl_types *types,
                               struct pl_type type, const struct pl_json *json,
                               struct pl_value *out, struct pl_str *where) {
    struct typed t = {.a = a, .types = types, .where = {"", 0}};
    struct place root = {.field = PL_STR("value")};
    bool named =
        type.kind == PL_KIND_RECORD || type.kind == PL_KIND_ENUM || type.kind == PL_KIND_ENTITY;
    if (named) {
        pl_assert(types && type.def < types->ndefs);
        root.field = types->defs[type.def].name;
    }
    if (!read_type(&t, type, json, &root, 0, out)) *out = PL_NONE;
    *where = t.where;
    return t.err;
}

/* ---- back to JSON ---- */

static void quote_clock(struct pl_buf *b, int32_t time) {
    pl_buf_printf(b, "\"%02d:%02d:%02d\"", time / 3600, time / 60 % 60, time % 60);
}

static void quote_date(struct pl_buf *b, int32_t date) {
    int year, month, day;
    pl_date_split(date, &year, &month, &day);
    pl_buf_printf(b, "\"%04d-%02d-%02d\"", year, month, day);
}

static void write_money(struct pl_buf *b, struct pl_value v) {
    char digits[32];
    (void)pl_dec_print(v.money.amount, digits);
    pl_buf_printf(b, "{\"amount\":\"%s\",\"currency\":\"%.3s\"}", digits, v.money.currency);
}

static void write_list(struct pl_buf *b, struct pl_value v) {
    pl_buf_byte(b, '[');
    for (uint32_t i = 0; i < v.list.n; i++) {
        if (i) pl_buf_byte(b, ',');
        pl_value_to_json(b, v.list.v[i]);
    }
    pl_buf_byte(b, ']');
}

/* Absent fields are left out, which reads back as absent. */
static void write_record(struct pl_buf *b, struct pl_value v) {
    bool comma = false;
    pl_buf_byte(b, '{');
    for (uint32_t i = 0; i < v.rec.n; i++) {
        if (v.rec.f[i].value.kind == PL_KIND_NONE) continue;
        if (comma) pl_buf_byte(b, ',');
        pl_json_quote(b, v.rec.f[i].name);
        pl_buf_byte(b, ':');
        pl_value_to_json(b, v.rec.f[i].value);
        comma = true;
    }
    pl_buf_byte(b, '}');
}

void pl_value_to_json(struct pl_buf *b, struct pl_value v) {
    char digits[32];
    switch (pl_value__shape(v.kind)) {
    case PL_SHAPE_NOTHING: pl_buf_c(b, "null"); break;
    case PL_SHAPE_BOOL: pl_buf_c(b, v.b ? "true" : "false"); break;
    case PL_SHAPE_DEC: pl_buf_add(b, digits, pl_dec_print(v.n, digits)); break;
    case PL_SHAPE_MONEY: write_money(b, v); break;
    case PL_SHAPE_DATE: quote_date(b, v.date); break;
    case PL_SHAPE_TIME: quote_clock(b, v.time); break;
    case PL_SHAPE_DATETIME:
        pl_datetime_print(v.datetime, digits);
        pl_json_quote(b, pl_str_c(digits));
        break;
    case PL_SHAPE_DURATION:
        pl_buf_add(b, digits, pl_dec_print((struct pl_dec){v.duration, 0}, digits));
        break;
    case PL_SHAPE_TEXT: pl_json_quote(b, v.s); break;
    case PL_SHAPE_ENUM: pl_json_quote(b, v.e.member); break;
    case PL_SHAPE_LIST: write_list(b, v); break;
    case PL_SHAPE_RECORD: write_record(b, v); break;
    }
}
