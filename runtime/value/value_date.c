/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar: Howard Hinnant's days_from_civil and civil_from_days, years from 1 March. */
#include "runtime/value/value_priv.h"

static int64_t floor_div(int64_t a, int64_t b) {
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

static int month_days(int year, int month) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

bool pl_date_make(int year, int month, int day, int32_t *out) {
    if (year < 1 || year > 9999 || month < 1 || month > 12) return false;
    if (day < 1 || day > month_days(year, month)) return false;
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400; /* y is never below zero */
    int of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    *out = era * 146097 + days - 719468;
    return true;
}

void pl_date_split(int32_t date, int *year, int *month, int *day) {
    int64_t z = (int64_t)date + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t days = z - era * 146097;
    int64_t of_era = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    int64_t of_year = days - (365 * of_era + of_era / 4 - of_era / 100);
    int64_t mp = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

int pl_date_weekday(int32_t date) {
    int64_t z = (int64_t)date + 3; /* 1970-01-01 was a Thursday */
    return (int)(z - floor_div(z, 7) * 7);
}

static char *put(char *p, int v, int width) {
    for (int i = width - 1; i >= 0; i--) {
        p[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return p + width;
}

void pl_datetime_print(int64_t ms, char out[26]) {
    if (ms < PL_DATETIME_MIN) ms = PL_DATETIME_MIN;
    if (ms > PL_DATETIME_MAX) ms = PL_DATETIME_MAX;
    int64_t date = floor_div(ms, PL_DAY_MS);
    int rest = (int)(ms - date * PL_DAY_MS);
    int year, month, day;
    pl_date_split((int32_t)date, &year, &month, &day);
    char *p = put(out, year, 4);
    *p++ = '-';
    p = put(p, month, 2);
    *p++ = '-';
    p = put(p, day, 2);
    *p++ = 'T';
    p = put(p, rest / 3600000, 2);
    *p++ = ':';
    p = put(p, rest / 60000 % 60, 2);
    *p++ = ':';
    p = put(p, rest / 1000 % 60, 2);
    *p++ = '.';
    p = put(p, rest % 1000, 3);
    *p++ = 'Z';
    *p = '\0';
}

/* ---- reading: each step takes from the front of *s ---- */

static bool take_char(struct pl_str *s, char c) {
    if (s->n == 0 || s->p[0] != c) return false;
    s->p++, s->n--;
    return true;
}

static bool take_digits(struct pl_str *s, size_t width, int *out) {
    if (s->n < width) return false;
    int v = 0;
    for (size_t i = 0; i < width; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') return false;
        v = v * 10 + (s->p[i] - '0');
    }
    s->p += width, s->n -= width;
    *out = v;
    return true;
}

static bool take_date(struct pl_str *s, int32_t *out) {
    int year, month, day;
    return take_digits(s, 4, &year) && take_char(s, '-') && take_digits(s, 2, &month) &&
           take_char(s, '-') && take_digits(s, 2, &day) && pl_date_make(year, month, day, out);
}

/* HH:MM[:SS[.fraction]], in ms; *full says whether seconds were there. */
static bool take_time(struct pl_str *s, int64_t *ms, bool *full) {
    int hour, minute, second = 0, milli = 0;
    if (!take_digits(s, 2, &hour) || !take_char(s, ':') || !take_digits(s, 2, &minute))
        return false;
    *full = take_char(s, ':');
    if (*full && !take_digits(s, 2, &second)) return false;
    if (*full && take_char(s, '.')) {
        int digit, weight = 100;
        if (!take_digits(s, 1, &digit)) return false;
        do {
            milli += digit * weight;
            weight /= 10; /* what is finer than a millisecond is cut off */
        } while (take_digits(s, 1, &digit));
    }
    if (hour > 23 || minute > 59 || second > 59) return false;
    *ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + milli;
    return true;
}

static bool take_zone(struct pl_str *s, int *minutes) {
    if (take_char(s, 'Z') || take_char(s, 'z')) {
        *minutes = 0;
        return true;
    }
    bool west = take_char(s, '-');
    int hour, minute;
    if (!west && !take_char(s, '+')) return false;
    if (!take_digits(s, 2, &hour) || !take_char(s, ':') || !take_digits(s, 2, &minute))
        return false;
    if (hour > 23 || minute > 59) return false;
    *minutes = (hour * 60 + minute) * (west ? -1 : 1);
    return true;
}

bool pl_date_parse(struct pl_str s, int32_t *out) {
    return take_date(&s, out) && s.n == 0;
}

bool pl_datetime_parse(struct pl_str s, int offset_minutes, int64_t *out) {
    int32_t date;
    int64_t ms;
    bool full;
    if (!take_date(&s, &date)) return false;
    if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' ')) return false;
    if (!take_time(&s, &ms, &full)) return false;
    if (s.n && (!full || !take_zone(&s, &offset_minutes))) return false;
    if (s.n) return false;
    int64_t at = date * PL_DAY_MS + ms - (int64_t)offset_minutes * 60000;
    if (at < PL_DATETIME_MIN || at > PL_DATETIME_MAX) return false;
    *out = at;
    return true;
}

bool pl_time_parse(struct pl_str s, int32_t *out) {
    int64_t ms;
    bool full;
    if (!take_time(&s, &ms, &full) || s.n) return false;
    *out = (int32_t)(ms / 1000);
    return true;
}

bool pl_duration_parse(struct pl_str s, int64_t *out) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", PL_DAY_MS}};
    size_t n = s.n && s.p[0] == '-' ? 1 : 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9') n++;
    int64_t count, ms;
    if (!pl_str_i64((struct pl_str){s.p, n}, &count)) return false;
    for (size_t i = 0; i < PL_LEN(units); i++) {
        if (!pl_str_is((struct pl_str){s.p + n, s.n - n}, units[i].unit)) continue;
        if (__builtin_mul_overflow(count, units[i].ms, &ms)) return false;
        if (ms < -PL_DURATION_MAX || ms > PL_DURATION_MAX) return false;
        *out = ms;
        return true;
    }
    return false;
}
