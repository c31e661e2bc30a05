/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on values: a table of which pairs mean what, and one function for each meaning. */
#include <string.h>

#include "runtime/value/value_priv.h"

typedef enum pl_err operation(char op, struct pl_value a, struct pl_value b, struct pl_value *out);

static enum pl_err number_of(struct pl_dec a, char op, struct pl_dec b, uint8_t kind,
                             struct pl_value *out) {
    struct pl_value v = {.kind = kind};
    if (!pl_value__dec_op(op, a, b, &v.n)) return PL_RANGE;
    *out = v;
    return PL_OK;
}

static enum pl_err money_of(struct pl_value money, char op, struct pl_dec by,
                            struct pl_value *out) {
    if (!pl_value__dec_op(op, money.money.amount, by, &money.money.amount)) return PL_RANGE;
    *out = money;
    return PL_OK;
}

static enum pl_err duration_of(int64_t ms, struct pl_value *out) {
    if (ms < -PL_DURATION_MAX || ms > PL_DURATION_MAX) return PL_RANGE;
    *out = (struct pl_value){.kind = PL_KIND_DURATION, .duration = ms};
    return PL_OK;
}

static bool share_of(struct pl_dec whole, struct pl_dec percent, struct pl_dec *out) {
    const struct pl_dec hundred = {100, 0};
    return pl_value__dec_op('/', percent, hundred, &percent) &&
           pl_value__dec_op('*', whole, percent, out);
}

static enum pl_err numbers(char op, struct pl_value a, struct pl_value b, struct pl_value *out) {
    return number_of(a.n, op, b.n, PL_KIND_NUMBER, out);
}

static enum pl_err percents(char op, struct pl_value a, struct pl_value b, struct pl_value *out) {
    return number_of(a.n, op, b.n, op == '/' ? PL_KIND_NUMBER : PL_KIND_PERCENT, out);
}

static enum pl_err percent_by_number(char op, struct pl_value a, struct pl_value b,
                                     struct pl_value *out) {
    return number_of(a.n, op, b.n, PL_KIND_PERCENT, out);
}

static enum pl_err share_of_number(char op, struct pl_value a, struct pl_value b,
                                   struct pl_value *out) {
    (void)op;
    bool first = a.kind == PL_KIND_PERCENT;
    struct pl_value v = {.kind = PL_KIND_NUMBER};
    if (!share_of(first ? b.n : a.n, first ? a.n : b.n, &v.n)) return PL_RANGE;
    *out = v;
    return PL_OK;
}

static enum pl_err share_of_money(char op, struct pl_value a, struct pl_value b,
                                  struct pl_value *out) {
    (void)op;
    struct pl_value money = a.kind == PL_KIND_MONEY ? a : b;
    struct pl_dec percent = a.kind == PL_KIND_MONEY ? b.n : a.n;
    if (!share_of(money.money.amount, percent, &money.money.amount)) return PL_RANGE;
    *out = money;
    return PL_OK;
}

static enum pl_err moneys(char op, struct pl_value a, struct pl_value b, struct pl_value *out) {
    if (memcmp(a.money.currency, b.money.currency, 3) != 0) return PL_TYPE;
    if (op == '/') return number_of(a.money.amount, op, b.money.amount, PL_KIND_NUMBER, out);
    return money_of(a, op, b.money.amount, out);
}

static enum pl_err money_by_number(char op, struct pl_value a, struct pl_value b,
                                   struct pl_value *out) {
    return a.kind == PL_KIND_MONEY ? money_of(a, op, b.n, out) : money_of(b, op, a.n, out);
}

static enum pl_err durations(char op, struct pl_value a, struct pl_value b, struct pl_value *out) {
    if (op == '/') {
        struct pl_dec x = {a.duration, 0}, y = {b.duration, 0};
        return number_of(x, op, y, PL_KIND_NUMBER, out);
    }
    int64_t ms;
    bool over = op == '+' ? __builtin_add_overflow(a.duration, b.duration, &ms)
                          : __builtin_sub_overflow(a.duration, b.duration, &ms);
    return over ? PL_RANGE : duration_of(ms, out);
}

static enum pl_err duration_by_number(char op, struct pl_value a, struct pl_value b,
                                      struct pl_value *out) {
    bool first = a.kind == PL_KIND_DURATION;
    struct pl_dec d = {first ? a.duration : b.duration, 0};
    if (!pl_value__dec_op(op, d, first ? b.n : a.n, &d)) return PL_RANGE;
    return duration_of(pl_dec_round(d, 0).m, out);
}

static enum pl_err move_date(char op, struct pl_value a, struct pl_value b, struct pl_value *out) {
    int64_t ms = a.date * PL_DAY_MS;
    bool over = op == '+' ? __builtin_add_overflow(ms, b.duration, &ms)
                          : __builtin_sub_overflow(ms, b.duration, &ms);
    if (over || ms < PL_DATETIME_MIN || ms > PL_DATETIME_MAX) return PL_RANGE;
    int64_t date = ms / PL_DAY_MS;
    if (ms % PL_DAY_MS < 0) date--;
    *out = (struct pl_value){.kind = PL_KIND_DATE, .date = (int32_t)date};
    return PL_OK;
}

static enum pl_err move_datetime(char op, struct pl_value a, struct pl_value b,
                                 struct pl_value *out) {
    int64_t ms;
    bool over = op == '+' ? __builtin_add_overflow(a.datetime, b.duration, &ms)
                          : __builtin_sub_overflow(a.datetime, b.duration, &ms);
    if (over || ms < PL_DATETIME_MIN || ms > PL_DATETIME_MAX) return PL_RANGE;
    *out = (struct pl_value){.kind = PL_KIND_DATETIME, .datetime = ms};
    return PL_OK;
}

static enum pl_err between_dates(char op, struct pl_value a, struct pl_value b,
                                 struct pl_value *out) {
    (void)op;
    return duration_of(((int64_t)a.date - b.date) * PL_DAY_MS, out);
}

static enum pl_err between_datetimes(char op, struct pl_value a, struct pl_value b,
                                     struct pl_value *out) {
    (void)op;
    int64_t ms;
    if (__builtin_sub_overflow(a.datetime, b.datetime, &ms)) return PL_RANGE;
    return duration_of(ms, out);
}

#define N   PL_KIND_NUMBER
#define P   PL_KIND_PERCENT
#define M   PL_KIND_MONEY
#define DUR PL_KIND_DURATION

/* What is not here is not defined. */
static const struct {
    const char *ops;
    uint8_t a, b;
    operation *run;
} table[] = {
    {"+-*/", N, N, numbers},
    {"+-/", P, P, percents},
    {"/", P, N, percent_by_number},
    {"*", P, N, share_of_number},
    {"*", N, P, share_of_number},
    {"+-/", M, M, moneys},
    {"*/", M, N, money_by_number},
    {"*", N, M, money_by_number},
    {"*", M, P, share_of_money},
    {"*", P, M, share_of_money},
    {"+-/", DUR, DUR, durations},
    {"*/", DUR, N, duration_by_number},
    {"*", N, DUR, duration_by_number},
    {"+-", PL_KIND_DATE, DUR, move_date},
    {"+-", PL_KIND_DATETIME, DUR, move_datetime},
    {"-", PL_KIND_DATE, PL_KIND_DATE, between_dates},
    {"-", PL_KIND_DATETIME, PL_KIND_DATETIME, between_datetimes},
};

enum pl_err pl_value_arith(char op, struct pl_value a, struct pl_value b, struct pl_value *out) {
    for (size_t i = 0; i < PL_LEN(table); i++) {
        if (table[i].a == a.kind && table[i].b == b.kind && op && strchr(table[i].ops, op))
            return table[i].run(op, a, b, out);
    }
    return PL_TYPE;
}
