/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of talks: read by type, written back as a talk writes them.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

#define DAY_MS 86400000
#define DEPTH  16

/* ---- types in words ---- */

static struct pl_str type_word(struct sim_types *t, struct pl_type type) {
    const struct pl_types *types = &t->program->types;
    switch (type.kind) {
    case PL_KIND_ENUM:
    case PL_KIND_RECORD:
    case PL_KIND_ENTITY: return types->defs[type.def].name;
    case PL_KIND_LIST:
        return pl_arena_printf(t->a, "list of %.*s",
                               PL_STR_ARG(type_word(t, types->types[type.def])));
    default: return pl_str_c(pl_kind_word((enum pl_kind)type.kind));
    }
}

static bool wrong(struct sim_types *t, struct pl_type type, struct pl_str *why) {
    struct pl_str word = type_word(t, type);
    if (type.kind == PL_KIND_NONE)
        *why = PL_STR("the hook gives no value: write = none");
    else
        *why = pl_arena_printf(t->a, "expected %.*s", PL_STR_ARG(word));
    return false;
}

static bool inside(struct sim_types *t, struct pl_str name, struct pl_str *why) {
    *why = pl_arena_printf(t->a, "%.*s: %.*s", PL_STR_ARG(name), PL_STR_ARG(*why));
    return false;
}

/* ---- times ---- */

bool pl_sim__time(struct sim_types *t, struct pl_str s, int64_t *ms) {
    struct pl_local at = {0};
    int64_t utc;
    int year, month, day;
    if (pl_str_find(s, PL_STR("T")) != SIZE_MAX) return pl_datetime_parse(s, 0, ms);
    if (!pl_datetime_parse(s, 0, &utc)) return false;
    int64_t days = utc / DAY_MS - (utc % DAY_MS < 0), rest = utc - days * DAY_MS;
    pl_date_split((int32_t)days, &year, &month, &day);
    at.year = (int16_t)year;
    at.month = (uint8_t)month;
    at.day = (uint8_t)day;
    at.hour = (uint8_t)(rest / 3600000);
    at.minute = (uint8_t)(rest / 60000 % 60);
    at.second = (uint8_t)(rest / 1000 % 60);
    *ms = pl_locale_local_to_utc(t->tools, t->program->zone, at);
    return true;
}

/* ---- reading ---- */

static bool read_value(struct sim_types *t, struct pl_type type, const struct pl_talk_value *v,
                       int depth, struct pl_value *out, struct pl_str *why);

static bool read_text(struct sim_types *t, uint8_t kind, struct pl_str s, struct pl_value *out) {
    out->kind = kind;
    switch (kind) {
    case PL_KIND_DATE: return pl_date_parse(s, &out->date);
    case PL_KIND_TIME: return pl_time_parse(s, &out->time);
    case PL_KIND_DATETIME: return pl_sim__time(t, s, &out->datetime);
    case PL_KIND_TEXT:
    case PL_KIND_EMAIL:
    case PL_KIND_PHONE:
    case PL_KIND_URL:
    case PL_KIND_LANGUAGE:
    case PL_KIND_FILE:
    case PL_KIND_CARD: out->s = s; return true;
    default: return false;
    }
}

/* A value of a built-in kind. */
static bool read_simple(struct sim_types *t, uint8_t kind, const struct pl_talk_value *v,
                        struct pl_value *out) {
    *out = (struct pl_value){.kind = kind};
    switch ((enum pl_talk_value_kind)v->kind) {
    case PL_TALK_V_TEXT: return read_text(t, kind, v->s, out);
    case PL_TALK_V_NUMBER: out->n = v->n; return kind == PL_KIND_NUMBER;
    case PL_TALK_V_PERCENT: out->n = v->n; return kind == PL_KIND_PERCENT;
    case PL_TALK_V_DURATION: out->duration = v->ms; return kind == PL_KIND_DURATION;
    case PL_TALK_V_MONEY: *out = pl_money(v->n, v->currency); return kind == PL_KIND_MONEY;
    case PL_TALK_V_BOOL: out->b = v->yes; return kind == PL_KIND_BOOL;
    default: return false;
    }
}

static bool read_member(struct sim_types *t, const struct pl_typedef *def,
                        const struct pl_talk_value *v, struct pl_value *out, struct pl_str *why) {
    struct pl_str names[64];
    size_t n = def->nfields < PL_LEN(names) ? def->nfields : PL_LEN(names);
    for (uint32_t i = 0; i < def->nfields; i++) {
        if (!pl_str_eq(def->fields[i].name, v->s)) continue;
        *out = (struct pl_value){.kind = PL_KIND_ENUM};
        out->e.type = def->name;
        out->e.member = def->fields[i].name;
        return true;
    }
    for (size_t i = 0; i < n; i++) names[i] = def->fields[i].name;
    *why = pl_arena_printf(t->a, "%.*s is no %.*s%.*s", PL_STR_ARG(v->s), PL_STR_ARG(def->name),
                           PL_STR_ARG(pl_sim__near(t->a, v->s, names, n)));
    return false;
}

static bool read_list(struct sim_types *t, struct pl_type item, const struct pl_talk_value *v,
                      int depth, struct pl_value *out, struct pl_str *why) {
    struct pl_value *items = PL_NEW_ARRAY(t->a, struct pl_value, v->nv + 1);
    for (size_t i = 0; i < v->nv; i++)
        if (!read_value(t, item, &v->v[i], depth, &items[i], why))
            return inside(t, pl_arena_printf(t->a, "item %zu", i + 1), why);
    *out = (struct pl_value){.kind = PL_KIND_LIST};
    out->list.v = items;
    out->list.n = (uint32_t)v->nv;
    return true;
}

/* A field that the type does not have is a slip of the pen. */
static bool known_fields(struct sim_types *t, const struct pl_typedef *def,
                         const struct pl_talk_value *v, struct pl_str *why) {
    struct pl_str *names = PL_NEW_ARRAY(t->a, struct pl_str, def->nfields + 1);
    for (uint32_t i = 0; i < def->nfields; i++) names[i] = def->fields[i].name;
    for (size_t k = 0; k < v->nv; k++) {
        uint32_t i = 0;
        while (i < def->nfields && !pl_str_eq(names[i], v->names[k])) i++;
        if (i < def->nfields) continue;
        *why = pl_arena_printf(t->a, "%.*s has no field %.*s%.*s", PL_STR_ARG(def->name),
                               PL_STR_ARG(v->names[k]),
                               PL_STR_ARG(pl_sim__near(t->a, v->names[k], names, def->nfields)));
        return false;
    }
    return true;
}

static bool read_record(struct sim_types *t, const struct pl_typedef *def,
                        const struct pl_talk_value *v, int depth, struct pl_value *out,
                        struct pl_str *why) {
    struct pl_field *fields = PL_NEW_ARRAY(t->a, struct pl_field, def->nfields + 1);
    if (!known_fields(t, def, v, why)) return false;
    for (uint32_t i = 0; i < def->nfields; i++) {
        const struct pl_typedef_field *f = &def->fields[i];
        size_t k = 0;
        while (k < v->nv && !pl_str_eq(v->names[k], f->name)) k++;
        fields[i] = (struct pl_field){f->name, PL_NONE};
        if (k == v->nv && f->type.optional) continue;
        if (k == v->nv) {
            *why = pl_arena_printf(t->a, "the field %.*s is missing", PL_STR_ARG(f->name));
            return false;
        }
        if (!read_value(t, f->type, &v->v[k], depth, &fields[i].value, why))
            return inside(t, f->name, why);
    }
    *out = (struct pl_value){.kind = PL_KIND_RECORD};
    out->rec.f = fields;
    out->rec.n = def->nfields;
    return true;
}

static bool read_value(struct sim_types *t, struct pl_type type, const struct pl_talk_value *v,
                       int depth, struct pl_value *out, struct pl_str *why) {
    const struct pl_types *types = &t->program->types;
    bool named = v->kind == PL_TALK_V_NAME;
    *out = PL_NONE;
    if (depth > DEPTH) return wrong(t, type, why);
    if (named && pl_str_is(v->s, "none") && (type.optional || type.kind == PL_KIND_NONE))
        return true;
    const struct pl_typedef *def =
        type.kind == PL_KIND_ENUM || type.kind == PL_KIND_RECORD || type.kind == PL_KIND_ENTITY
            ? &types->defs[type.def]
            : NULL;
    bool members =
        type.kind == PL_KIND_ENUM || (type.kind == PL_KIND_ENTITY && def->base == PL_KIND_ENUM);
    if (members && named) return read_member(t, def, v, out, why);
    if (members) return wrong(t, type, why);
    if (type.kind == PL_KIND_RECORD && v->kind == PL_TALK_V_RECORD)
        return read_record(t, def, v, depth + 1, out, why);
    if (type.kind == PL_KIND_LIST && v->kind == PL_TALK_V_LIST)
        return read_list(t, types->types[type.def], v, depth + 1, out, why);
    uint8_t kind = type.kind == PL_KIND_ENTITY ? def->base : type.kind;
    return read_simple(t, kind, v, out) || wrong(t, type, why);
}

bool pl_sim__value(struct sim_types *t, struct pl_type type, const struct pl_talk_value *v,
                   struct pl_value *out, struct pl_str *why) {
    return read_value(t, type, v, 0, out, why);
}

/* ---- writing ---- */

void pl_sim__quote(struct pl_buf *b, struct pl_str s) {
    pl_buf_byte(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (memchr("\"\\{}#", s.p[i], 5)) pl_buf_byte(b, '\\');
        if (s.p[i] == '\n')
            pl_buf_c(b, "\\n");
        else
            pl_buf_byte(b, (uint8_t)s.p[i]);
    }
    pl_buf_byte(b, '"');
}

static void print_duration(struct pl_buf *b, int64_t ms) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", DAY_MS}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t i = 0;
    while (ms % units[i].ms) i++;
    pl_buf_printf(b, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
}

static void print_datetime(struct sim_types *t, struct pl_buf *b, int64_t ms) {
    struct pl_local l = pl_locale_to_local(t->tools, t->program->zone, ms);
    pl_buf_printf(b, "\"%04d-%02d-%02d %02d:%02d", l.year, l.month, l.day, l.hour, l.minute);
    if (l.second) pl_buf_printf(b, ":%02d", l.second);
    pl_buf_byte(b, '"');
}

static void print_items(struct sim_types *t, struct pl_buf *b, struct pl_value v) {
    bool list = v.kind == PL_KIND_LIST;
    uint32_t n = list ? v.list.n : v.rec.n;
    pl_buf_c(b, list ? "[" : "{ ");
    for (uint32_t i = 0; i < n; i++) {
        if (i) pl_buf_c(b, ", ");
        if (!list) pl_buf_printf(b, "%.*s: ", PL_STR_ARG(v.rec.f[i].name));
        pl_sim__print(t, b, list ? v.list.v[i] : v.rec.f[i].value);
    }
    pl_buf_c(b, list ? "]" : " }");
}

void pl_sim__print(struct sim_types *t, struct pl_buf *b, struct pl_value v) {
    char digits[32];
    int year, month, day;
    switch (v.kind) {
    case PL_KIND_NONE: pl_buf_c(b, "none"); break;
    case PL_KIND_BOOL: pl_buf_c(b, v.b ? "true" : "false"); break;
    case PL_KIND_NUMBER:
    case PL_KIND_PERCENT:
        pl_buf_add(b, digits, pl_dec_print(v.n, digits));
        if (v.kind == PL_KIND_PERCENT) pl_buf_byte(b, '%');
        break;
    case PL_KIND_MONEY:
        pl_buf_add(b, digits, pl_dec_print(v.money.amount, digits));
        pl_buf_printf(b, " %.3s", v.money.currency);
        break;
    case PL_KIND_DATE:
        pl_date_split(v.date, &year, &month, &day);
        pl_buf_printf(b, "\"%04d-%02d-%02d\"", year, month, day);
        break;
    case PL_KIND_TIME: pl_buf_printf(b, "\"%02d:%02d\"", v.time / 3600, v.time / 60 % 60); break;
    case PL_KIND_DATETIME: print_datetime(t, b, v.datetime); break;
    case PL_KIND_DURATION: print_duration(b, v.duration); break;
    case PL_KIND_ENUM: pl_buf_str(b, v.e.member); break;
    case PL_KIND_LIST:
    case PL_KIND_RECORD: print_items(t, b, v); break;
    default: pl_sim__quote(b, v.s); break;
    }
}

static void sample_record(struct sim_types *t, struct pl_buf *b, const struct pl_typedef *def) {
    bool comma = false;
    pl_buf_c(b, "{ ");
    for (uint32_t i = 0; i < def->nfields; i++) {
        if (comma) pl_buf_c(b, ", ");
        comma = true;
        pl_buf_printf(b, "%.*s: ", PL_STR_ARG(def->fields[i].name));
        pl_sim__print_sample(t, b, def->fields[i].type);
    }
    pl_buf_c(b, " }");
}

void pl_sim__print_sample(struct sim_types *t, struct pl_buf *b, struct pl_type type) {
    const struct pl_typedef *def =
        type.kind == PL_KIND_ENUM || type.kind == PL_KIND_RECORD || type.kind == PL_KIND_ENTITY
            ? &t->program->types.defs[type.def]
            : NULL;
    if (type.optional || type.kind == PL_KIND_NONE) {
        pl_buf_c(b, "none");
        return;
    }
    switch (def && type.kind == PL_KIND_ENTITY ? def->base : type.kind) {
    case PL_KIND_RECORD: sample_record(t, b, def); break;
    case PL_KIND_ENUM: pl_buf_str(b, def->nfields ? def->fields[0].name : PL_STR("none")); break;
    case PL_KIND_LIST: pl_buf_c(b, "[]"); break;
    case PL_KIND_BOOL: pl_buf_c(b, "true"); break;
    case PL_KIND_NUMBER: pl_buf_c(b, "1"); break;
    case PL_KIND_PERCENT: pl_buf_c(b, "10%"); break;
    case PL_KIND_MONEY: pl_buf_printf(b, "10 %.3s", t->program->currency); break;
    case PL_KIND_DATE: pl_buf_c(b, "\"2026-12-01\""); break;
    case PL_KIND_TIME: pl_buf_c(b, "\"09:00\""); break;
    case PL_KIND_DATETIME: pl_buf_c(b, "\"2026-12-01 09:00\""); break;
    case PL_KIND_DURATION: pl_buf_c(b, "1h"); break;
    case PL_KIND_URL: pl_buf_c(b, "\"https://shop.example/\""); break;
    default: pl_buf_c(b, "\"…\""); break;
    }
}

/* ---- as written ---- */

bool pl_sim__value_is(struct sim_types *t, const struct pl_talk_value *v, struct pl_value got) {
    struct pl_type type = {.kind = got.kind};
    struct pl_value want;
    struct pl_str why;
    if (v->kind == PL_TALK_V_NAME && got.kind == PL_KIND_ENUM) return pl_str_eq(v->s, got.e.member);
    if (v->kind == PL_TALK_V_LIST && got.kind == PL_KIND_LIST) {
        bool same = v->nv == got.list.n;
        for (uint32_t i = 0; same && i < got.list.n; i++)
            same = pl_sim__value_is(t, &v->v[i], got.list.v[i]);
        return same;
    }
    bool whole = got.kind == PL_KIND_ENUM || got.kind == PL_KIND_LIST || got.kind == PL_KIND_RECORD;
    return !whole && pl_sim__value(t, type, v, &want, &why) && pl_value_eq(got, want);
}

bool pl_sim__written_same(const struct pl_talk_value *x, const struct pl_talk_value *y) {
    if (x->kind != y->kind || x->nv != y->nv) return false;
    for (size_t i = 0; i < x->nv; i++) {
        if (x->kind == PL_TALK_V_RECORD && !pl_str_eq(x->names[i], y->names[i])) return false;
        if (!pl_sim__written_same(&x->v[i], &y->v[i])) return false;
    }
    switch ((enum pl_talk_value_kind)x->kind) {
    case PL_TALK_V_NAME:
    case PL_TALK_V_TEXT: return pl_str_eq(x->s, y->s);
    case PL_TALK_V_NUMBER:
    case PL_TALK_V_PERCENT:
    case PL_TALK_V_MONEY:
        return pl_dec_cmp(x->n, y->n) == 0 && memcmp(x->currency, y->currency, 4) == 0;
    case PL_TALK_V_DURATION: return x->ms == y->ms;
    case PL_TALK_V_BOOL: return x->yes == y->yes;
    default: return x->kind != PL_TALK_V_OTHER;
    }
}
