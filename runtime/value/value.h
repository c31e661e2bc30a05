/* SPDX-License-Identifier: Apache-2.0
 *
 * value: the typed values that flows, hooks, readings and journals exchange, their types, exact
 * arithmetic on them, a binary form (journal, snapshots, images) and JSON (hooks, API, frames).
 *
 * A value is a small struct by copy; texts, lists and records point into an arena that the maker
 * names. Values are immutable once made. Two values of an enum are equal by type and member name,
 * so they survive a new image. Threads: plain data, no sharing rules beyond the arena's.
 *
 * Also here, because grammar writes it and locale runs it and neither may see the other: the
 * message code (message.def), the compiled form of a text with placeholders.
 */
#ifndef PL_VALUE_H
#define PL_VALUE_H

#include "runtime/base/base.h"

/* ---- kinds ---- */

/* KIND(NAME, "word in the language", own recogniser?) */
enum pl_kind {
#define KIND(name, word) PL_KIND_##name,
#include "runtime/value/kind.def"
#undef KIND
};
const char *pl_kind_word(enum pl_kind kind);

/* An exact decimal: m * 10^-scale, scale 0..18, no trailing zeros in normal form. */
struct pl_dec {
    int64_t m;
    uint8_t scale;
};

/* ---- what dates and durations can be ---- */

/* Years 1 to 9999. */
#define PL_DATE_MIN     (-719162)
#define PL_DATE_MAX     2932896
#define PL_DAY_MS       INT64_C(86400000)
#define PL_DATETIME_MIN (PL_DATE_MIN * PL_DAY_MS)
#define PL_DATETIME_MAX (PL_DATE_MAX * PL_DAY_MS + PL_DAY_MS - 1)
/* Some 31,000 years: any two moments differ by less. */
#define PL_DURATION_MAX INT64_C(1000000000000000)

struct pl_value {
    uint8_t kind; /* enum pl_kind; PL_KIND_NONE is the absent value */
    union {
        bool b;
        struct pl_dec n; /* number, percent (15% is 15) */
        struct {
            struct pl_dec amount;
            char currency[4]; /* ISO 4217, NUL-terminated */
        } money;
        int32_t date;     /* days since 1970-01-01 */
        int32_t time;     /* seconds since midnight */
        int64_t datetime; /* ms since 1970-01-01 UTC */
        int64_t duration; /* ms */
        struct pl_str s;  /* text, email, phone, url, language, file, payment_card (masked) */
        struct {
            struct pl_str type, member; /* "order.status", "shipped" */
        } e;
        struct {
            const struct pl_value *v;
            uint32_t n;
        } list;
        struct {
            const struct pl_field *f; /* in the type's order */
            uint32_t n;
        } rec;
    };
};

struct pl_field {
    struct pl_str name;
    struct pl_value value;
};

#define PL_NONE ((struct pl_value){.kind = PL_KIND_NONE})
struct pl_value pl_bool(bool b);
struct pl_value pl_text(struct pl_str s);
struct pl_value pl_int(int64_t n);
struct pl_value pl_money(struct pl_dec amount, const char currency[4]);
/* The field's value, PL_NONE when there is none. */
struct pl_value pl_rec_get(struct pl_value rec, struct pl_str name);
/* A deep copy into the arena. */
struct pl_value pl_value_copy(struct pl_arena *a, struct pl_value v);
bool pl_value_eq(struct pl_value a, struct pl_value b);
/* -1, 0, 1 in *out. PL_TYPE for kinds that have no order (only numbers, percents, money, dates,
 * times, datetimes and durations do), two kinds, or two currencies. */
enum pl_err pl_value_cmp(struct pl_value a, struct pl_value b, int *out);
/* op is one of + - * / on numbers, percents, money, durations, dates and datetimes; the table in
 * value_arith.c says which pairs. A percent times a number or money is that share of it. A date
 * moved by a duration is the date of its midnight moved. PL_TYPE: not defined for these kinds or
 * two currencies; PL_RANGE: overflow or division by zero. Results round half to even at 18
 * significant digits; money keeps its currency. */
enum pl_err pl_value_arith(char op, struct pl_value a, struct pl_value b, struct pl_value *out);

/* "12", "-0.5", at most 18 digits; the whole slice. */
bool pl_dec_parse(struct pl_str s, struct pl_dec *out);
size_t pl_dec_print(struct pl_dec d, char out[32]); /* gives the length, NUL-terminated */
int pl_dec_cmp(struct pl_dec a, struct pl_dec b);
struct pl_dec pl_dec_round(struct pl_dec d, uint8_t scale); /* half to even */

/* Proleptic Gregorian; false for a date that is none. */
bool pl_date_make(int year, int month, int day, int32_t *out);
void pl_date_split(int32_t date, int *year, int *month, int *day);
int pl_date_weekday(int32_t date); /* 0 Monday .. 6 Sunday */
/* RFC 3339 as "2026-11-22T09:00:00.120Z" into out[25+1]. */
void pl_datetime_print(int64_t ms, char out[26]);
bool pl_date_parse(struct pl_str s, int32_t *out); /* YYYY-MM-DD */
/* RFC 3339, or "YYYY-MM-DD HH:MM[:SS]" read as UTC + offset_minutes. */
bool pl_datetime_parse(struct pl_str s, int offset_minutes, int64_t *out);
bool pl_time_parse(struct pl_str s, int32_t *out);     /* HH:MM[:SS], seconds since midnight */
bool pl_duration_parse(struct pl_str s, int64_t *out); /* 200ms 4s 10m 2h 7d, in ms */

/* ---- types ---- */

enum pl_qual { PL_PRIVATE = 1, PL_SECRET = 2 };

/* One type of a program. Built-in kinds need no row in the table of types. */
struct pl_type {
    uint8_t kind; /* enum pl_kind: ENUM, RECORD, LIST, ENTITY, or a built-in */
    bool optional;
    uint8_t quals; /* enum pl_qual bits */
    uint32_t def;  /* ENUM, RECORD, ENTITY: index in pl_types.defs; LIST: index of the item's
                      type in pl_types.types */
};

struct pl_typedef_field {
    struct pl_str name;
    struct pl_type type;
    uint32_t title; /* text index + 1, 0 none: enum member label, field title */
};

struct pl_typedef {
    struct pl_str name;
    uint8_t kind; /* RECORD, ENUM or ENTITY */
    uint8_t base; /* ENTITY: the kind it refines (text, or ENUM for `one of`) */
    uint32_t nfields;
    const struct pl_typedef_field *fields; /* RECORD: fields; ENUM: members (type unused) */
};

struct pl_types {
    const struct pl_typedef *defs;
    uint32_t ndefs;
    const struct pl_type *types; /* item types of lists */
    uint32_t ntypes;
};

/* Is a value of the type, or a part of it, marked with one of these (enum pl_qual bits)? */
bool pl_type_marked(const struct pl_types *types, struct pl_type type, uint8_t quals);
/* Are types of two programs the same by their names, whatever their fields and members? */
bool pl_type_alike(const struct pl_types *types, struct pl_type type, const struct pl_types *others,
                   struct pl_type other);
/* The value without the parts that are marked so; absent when it is marked itself. */
struct pl_value pl_value_unmarked(struct pl_arena *a, const struct pl_types *types,
                                  struct pl_type type, struct pl_value v, uint8_t quals);

/* ---- binary form: versioned by its container ---- */

void pl_value_write(struct pl_buf *b, struct pl_value v);
/* Texts point into the input; lists and records into the arena. Depth 16 at most. Malformed sets
 * r->bad and gives PL_NONE. */
struct pl_value pl_value_read(struct pl_reader *r, struct pl_arena *a);

/* ---- JSON ---- */

/* A parsed document, owned by nobody but the arena. Depth 64, size as given by the caller. */
struct pl_json {
    enum { PL_JNULL, PL_JBOOL, PL_JNUMBER, PL_JTEXT, PL_JARRAY, PL_JOBJECT } kind;
    bool b;
    struct pl_str s;          /* text; for numbers the digits as written */
    struct pl_json_member *m; /* array items have an empty name */
    size_t n;
};
struct pl_json_member {
    struct pl_str name;
    struct pl_json value;
};
/* PL_MALFORMED with *at at the byte where it stopped; PL_LIMIT when too deep. Duplicate names in
 * one object and ill-formed UTF-8 are malformed. */
enum pl_err pl_json_parse(struct pl_arena *a, struct pl_str text, struct pl_json *out, size_t *at);
const struct pl_json *pl_json_get(const struct pl_json *object, const char *name); /* or NULL */
/* The text of a member, or the empty slice when absent or of another kind. */
struct pl_str pl_json_text(const struct pl_json *object, const char *name);

/* Typed: a JSON value read as `type`. Money is {"amount":"12.30"|12.3,"currency":"USD"} or
 * "12.30 USD"; dates "YYYY-MM-DD"; datetimes RFC 3339 or ms; durations ms or "30d"/"200ms";
 * percents 15; enums by member name; records by field, unknown fields ignored, absent ones only
 * where optional. On PL_TYPE *where names the place ("order.items[2].price: expected money"). */
enum pl_err pl_value_from_json(struct pl_arena *a, const struct pl_types *types,
                               struct pl_type type, const struct pl_json *json,
                               struct pl_value *out, struct pl_str *where);
/* Whether a value is one of the type; the absent value is one where the type is optional. */
bool pl_value_is(const struct pl_types *types, struct pl_type type, struct pl_value v);
/* The canonical JSON of a value, the inverse of the above. */
void pl_value_to_json(struct pl_buf *b, struct pl_value v);

/* Writing JSON by hand: commas are kept by the writer. */
struct pl_jw {
    struct pl_buf *b;
    bool comma;
};
void pl_jw_open(struct pl_jw *w, char bracket);  /* '{' or '[' */
void pl_jw_close(struct pl_jw *w, char bracket); /* '}' or ']' */
void pl_jw_name(struct pl_jw *w, const char *name);
void pl_jw_text(struct pl_jw *w, struct pl_str s);
void pl_jw_int(struct pl_jw *w, int64_t n);
void pl_jw_bool(struct pl_jw *w, bool b);
void pl_jw_null(struct pl_jw *w);
/* A name and its value. */
void pl_jw_text_member(struct pl_jw *w, const char *name, struct pl_str s);
void pl_jw_int_member(struct pl_jw *w, const char *name, int64_t n);
void pl_jw_raw(struct pl_jw *w, struct pl_str json); /* already JSON */
void pl_json_quote(struct pl_buf *b, struct pl_str s);

/* ---- message code ---- */

/* A text with placeholders, compiled for one locale: a byte string of these, to its end.
 * Numbers are LEB128 (pl_buf_var); "code" is a length-prefixed message code (pl_buf_text). */
enum pl_msg_op {
#define MSG(name, byte, operands, meaning) PL_MSG_##name = byte,
#include "runtime/value/message.def"
#undef MSG
};
/* Styles of PL_MSG_ARG. */
enum pl_msg_style {
#define STYLE(name, word, kinds) PL_STYLE_##name,
#include "runtime/value/style.def"
#undef STYLE
};
/* CLDR plural categories, in this order in PL_MSG_PLURAL branches. */
enum pl_plural { PL_ZERO, PL_ONE, PL_TWO, PL_FEW, PL_MANY, PL_OTHER };
/* Checks that bytes are well-formed message code using arguments below nargs; depth 8. */
bool pl_msg_check(struct pl_str code, uint32_t nargs);
/* Appends checked code for people to read: "{1}" for an argument, "{an item|# items}" for words
 * that one decides about. */
void pl_msg_say(struct pl_buf *b, struct pl_str code);

#endif
