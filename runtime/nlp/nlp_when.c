/* SPDX-License-Identifier: Apache-2.0
 *
 * Times in a text, by one small grammar over the tokens of all languages:
 *
 *   moment   pieces of a date and of a day's time, in any order, each once
 *   span     from .. to .., between .. and .., since, until, .. - ..
 *   amount   "3 days", "an hour and a half": a duration; with "in", "ago" a moment
 *
 * Languages differ in their words (when.def), hardly in what may stand beside what.
 */
#include "runtime/nlp/nlp_when_priv.h"

#include <string.h>

#define MOST 10000 /* of anything counted: what is more is no time of a customer's */

struct parse {
    const struct when_token *t;
    uint32_t n;
    const struct when_context *ctx;
};

/* ---- tokens ---- */

static bool is(const struct parse *p, uint32_t i, uint8_t class, int32_t *value) {
    if (i >= p->n) return false;
    const struct when_token *t = &p->t[i];
    for (uint8_t k = 0; k < t->nalts; k++)
        if (t->alt[k].class == class) {
            if (value != NULL) *value = t->alt[k].value;
            return true;
        }
    return false;
}

static bool mark(const struct parse *p, uint32_t i, const char *marks) {
    int32_t c;
    return is(p, i, WHEN_SEP, &c) && c > 0 && c < 0x80 && strchr(marks, c) != NULL;
}

static bool number(const struct parse *p, uint32_t i, int32_t low, int32_t high, int32_t *value) {
    return is(p, i, WHEN_NUM, value) && *value >= low && *value <= high;
}

static bool glued(const struct parse *p, uint32_t i) {
    return i < p->n && p->t[i].glued;
}

/* Behind "of", "the" and the like. */
static uint32_t skip(const struct parse *p, uint32_t i, uint8_t class, uint32_t most) {
    for (uint32_t k = 0; k < most && is(p, i, class, NULL); k++) i++;
    return i;
}

/* ---- amounts ---- */

struct amount {
    int64_t ms;
    int32_t unit, units; /* of the last unit; units only when it is whole */
};

/* "3", "1.5", "half an", "a few", in thousandths. */
static uint32_t quantity(const struct parse *p, uint32_t i, int64_t *out) {
    int32_t v, part;
    if (is(p, i, WHEN_NUM, &v) && v <= MOST) {
        *out = (int64_t)v * 1000;
        if (mark(p, i + 1, ".,") && glued(p, i + 1) && glued(p, i + 2) &&
            number(p, i + 2, 0, 99, &part)) {
            *out += p->t[i + 2].width == 1 ? part * 100 : part * 10;
            return i + 3;
        }
        if (is(p, i + 1, WHEN_HALFQ, &part)) {
            *out += part * 1000 / 60;
            return i + 2;
        }
        uint32_t half = skip(p, i + 2, WHEN_ONE, 1); /* "one and a half hours" */
        if (is(p, i + 1, WHEN_AND, NULL) && is(p, half, WHEN_HALFQ, &part) &&
            is(p, half + 1, WHEN_UNIT, NULL)) {
            *out += part * 1000 / 60;
            return half + 1;
        }
        return i + 1;
    }
    if (is(p, i, WHEN_HALFQ, &v)) {
        *out = v * 1000 / 60;
        return is(p, i + 1, WHEN_ONE, NULL) ? i + 2 : i + 1;
    }
    if (is(p, i, WHEN_ONE, NULL)) {
        *out = 1000;
        if (is(p, i + 1, WHEN_ONE, NULL)) i++;
        return is(p, i + 1, WHEN_LINK, NULL) && is(p, i + 2, WHEN_UNIT, NULL) ? i + 2 : i + 1;
    }
    return i;
}

static uint32_t one_amount(const struct parse *p, uint32_t i, struct amount *a) {
    int64_t thousandths;
    int32_t unit;
    uint32_t next = quantity(p, i, &thousandths);
    if (next == i && p->ctx->how_long && is(p, i, WHEN_UNIT, NULL))
        thousandths = 1000;
    else if (next == i)
        return i;
    if (mark(p, next, "-") && is(p, next + 1, WHEN_UNIT, NULL)) next++; /* "3-day" */
    if (is(p, next, WHEN_ONE, NULL) && is(p, next + 1, WHEN_UNIT, NULL)) next++;
    if (!is(p, next, WHEN_UNIT, &unit)) return i;
    a->ms += thousandths * (pl_nlp__unit_ms(unit) / 1000);
    a->unit = unit;
    a->units = (int32_t)(thousandths / 1000);
    return next + 1;
}

/* "2 hours and 30 minutes", "an hour and a half". */
static uint32_t amount(const struct parse *p, uint32_t i, struct amount *a) {
    *a = (struct amount){0};
    uint32_t at = one_amount(p, i, a);
    if (at == i) return i;
    for (int k = 0; k < 5; k++) {
        struct amount more = {0};
        uint32_t from = at;
        if (is(p, from, WHEN_AND, NULL) || mark(p, from, ",")) from++;
        uint32_t next = one_amount(p, from, &more);
        int32_t part;
        if (next > from && more.unit < a->unit) {
            a->ms += more.ms;
            a->unit = more.unit;
            a->units = 0;
            at = next;
            continue;
        }
        uint32_t half = is(p, from, WHEN_ONE, NULL) ? from + 1 : from;
        if (is(p, half, WHEN_HALFQ, &part) && !is(p, half + 1, WHEN_UNIT, NULL)) {
            a->ms += pl_nlp__unit_ms(a->unit) * part / 60;
            return half + 1;
        }
        return at;
    }
    return at;
}

/* ---- pieces of a date ---- */

static bool year_of(const struct parse *p, uint32_t i, int32_t *year) {
    if (!is(p, i, WHEN_NUM, year) || i >= p->n) return false;
    return p->t[i].width == 4 && *year >= 1200 && *year <= 2200;
}

static int32_t full_year(int32_t y, uint8_t width) {
    return width > 2 ? y : y < 50 ? 2000 + y : 1900 + y;
}

/* Part of a longer row of numbers, "1.2.3.4". */
static bool in_row(const struct parse *p, uint32_t from, uint32_t to) {
    int32_t v;
    bool before =
        from > 1 && glued(p, from) && mark(p, from - 1, "/.") && is(p, from - 2, WHEN_NUM, &v);
    bool behind =
        mark(p, to, "/.") && glued(p, to) && glued(p, to + 1) && is(p, to + 1, WHEN_NUM, &v);
    return before || behind;
}

/* "27. 11.", "27. 11. 2026" */
static uint32_t spaced_date(const struct parse *p, uint32_t i, struct when_moment *m) {
    int32_t day, month, year = PL_NLP_OPEN;
    bool row = i > 1 && mark(p, i - 1, ".") && is(p, i - 2, WHEN_NUM, NULL);
    if (row || !number(p, i, 1, 31, &day) || !number(p, i + 2, 1, 12, &month)) return i;
    bool more = is(p, i + 4, WHEN_NUM, NULL);
    if (more && !year_of(p, i + 4, &year)) return i;
    m->day = day, m->month = month;
    if (more) m->year = year;
    return more ? i + 5 : i + 4;
}

/* 2026-11-22, 22/11/26, 22.11., 3/4. */
static uint32_t written_date(const struct parse *p, uint32_t i, struct when_moment *m) {
    int32_t a, b, c, sep = 0, other = 0;
    if (m->day != PL_NLP_OPEN || m->month != PL_NLP_OPEN || !number(p, i, 0, 2200, &a) ||
        !is(p, i + 1, WHEN_SEP, &sep) || !mark(p, i + 1, "-/.") || !glued(p, i + 1) ||
        !number(p, i + 2, 1, 31, &b) || p->t[i].width == 0 ||
        (!glued(p, i + 2) && !(sep == '.' && mark(p, i + 3, ".") && glued(p, i + 3))))
        return i;
    if (!glued(p, i + 2)) return spaced_date(p, i, m);
    bool three = is(p, i + 3, WHEN_SEP, &other) && other == sep && glued(p, i + 3) &&
                 glued(p, i + 4) && number(p, i + 4, 0, 2200, &c);
    if (in_row(p, i, i + (three ? 5 : 3))) return i;
    if (three && p->t[i].width == 4 && b <= 12 && c >= 1 && c <= 31) {
        m->year = a, m->month = b, m->day = c;
        return i + 5;
    }
    bool dots = sep == '.' &&
                (three || (p->t[i].width == 2 && p->t[i + 2].width == 2) || mark(p, i + 3, "."));
    if (p->t[i].width > 2 || a < 1 || a > 31 || (!three && sep != '/' && !dots)) return i;
    if (three && (p->t[i + 4].width == 3 || p->t[i + 4].width > 4)) return i;
    bool month = p->ctx->month_first && sep != '.' ? a <= 12 : b > 12;
    m->month = month ? a : b;
    m->day = month ? b : a;
    if (m->month > 12) return m->month = m->day = PL_NLP_OPEN, i;
    if (three) m->year = full_year(c, p->t[i + 4].width);
    return i + (three ? 5 : 3);
}

/* The year behind day and month: "2026", ", 2026", "of 2026", "'26". */
static uint32_t year_behind(const struct parse *p, uint32_t i, struct when_moment *m) {
    uint32_t at = mark(p, i, ",.") ? i + 1 : i;
    at = skip(p, at, WHEN_LINK, 2);
    int32_t y;
    if (year_of(p, at, &y)) {
        m->year = y;
        at++;
        return is(p, at, WHEN_YEARMARK, NULL) ? at + 1 : at;
    }
    if (mark(p, i, "'") && number(p, i + 1, 0, 99, &y) && glued(p, i + 1)) {
        m->year = full_year(y, 2);
        return i + 2;
    }
    return i;
}

static uint32_t month_at(const struct parse *p, uint32_t i, int32_t *month) {
    if (!is(p, i, WHEN_MONTH, month)) return i;
    bool brief = p->t[i].end - p->t[i].start <= 4 || is(p, i + 2, WHEN_NUM, NULL);
    return brief && mark(p, i + 1, ".") && glued(p, i + 1) ? i + 2 : i + 1;
}

/* A day of the month: "5", "5th", "fifth", "5.". */
static uint32_t day_number(const struct parse *p, uint32_t i, int32_t *day) {
    if (is(p, i, WHEN_ORD, day) && *day >= 1 && *day <= 31) return i + 1;
    if (!number(p, i, 1, 31, day) || p->t[i].width > 2) return i;
    if (is(p, i + 1, WHEN_SUFFIX, NULL) && glued(p, i + 1)) return i + 2;
    if (mark(p, i + 1, ".") && glued(p, i + 1) &&
        (!glued(p, i + 2) || is(p, i + 2, WHEN_MONTH, NULL)))
        return i + 2;
    return i + 1;
}

/* "5 March 2026", "March 5th, 2026", "March 2026", "March". */
static uint32_t named_date(const struct parse *p, uint32_t i, struct when_moment *m) {
    int32_t day, month, year;
    if (m->month != PL_NLP_OPEN || m->away != PL_NLP_OPEN) return i;
    uint32_t at = day_number(p, i, &day);
    if (at > i && m->day == PL_NLP_OPEN) {
        uint32_t next = skip(p, at, WHEN_LINK, 2);
        if (next == at && mark(p, at, "-/") && glued(p, at)) next++;
        uint32_t end = month_at(p, next, &month);
        if (end > next) {
            m->day = day, m->month = month;
            return year_behind(p, mark(p, end, "-/") && glued(p, end) ? end + 1 : end, m);
        }
    }
    uint32_t behind = i; /* "2026 April", "2026-Apr" */
    if (m->year == PL_NLP_OPEN && m->day == PL_NLP_OPEN && year_of(p, i, &year)) {
        behind = mark(p, i + 1, "-,") ? i + 2 : skip(p, i + 1, WHEN_LINK, 1);
        if (month_at(p, behind, &month) == behind) return i;
        m->year = year;
    }
    at = month_at(p, behind, &month);
    if (at == behind) return i;
    m->month = month;
    if (m->day != PL_NLP_OPEN) return year_behind(p, at, m);
    if (mark(p, at, ",/") && year_of(p, at + 1, &year)) return m->year = year, at + 2;
    uint32_t from = skip(p, mark(p, at, "-") ? at + 1 : at, WHEN_LINK, 1);
    if (year_of(p, from, &year)) return m->year = year, from + 1;
    uint32_t end = day_number(p, from, &day);
    if (end > from && !is(p, end, WHEN_UNIT, NULL) && !mark(p, end, ":") &&
        !is(p, end, WHEN_OCLOCK, NULL) && !is(p, end, WHEN_HALF, NULL)) {
        m->day = day;
        return year_behind(p, end, m);
    }
    return at;
}

/* 2026年11月22日, and parts of it. */
static uint32_t marked_date(const struct parse *p, uint32_t i, struct when_moment *m) {
    int32_t v;
    uint32_t at = i;
    if (m->year == PL_NLP_OPEN && m->month == PL_NLP_OPEN && number(p, at, 0, 2200, &v) &&
        p->t[at].width >= 2 && is(p, at + 1, WHEN_YEARMARK, NULL) &&
        (p->t[at].width == 4 || is(p, at + 2, WHEN_NUM, NULL))) {
        m->year = full_year(v, p->t[at].width);
        at += 2;
        if (is(p, at, WHEN_LINK, NULL) && is(p, at + 1, WHEN_NUM, NULL)) at++;
    }
    if (m->month == PL_NLP_OPEN && number(p, at, 1, 12, &v) &&
        is(p, at + 1, WHEN_MONTHMARK, NULL)) {
        m->month = v;
        at += 2;
        if (is(p, at, WHEN_LINK, NULL) && is(p, at + 1, WHEN_NUM, NULL)) at++;
    }
    if (m->day == PL_NLP_OPEN && number(p, at, 1, 31, &v) && is(p, at + 1, WHEN_DAYMARK, NULL) &&
        (m->month != PL_NLP_OPEN ||
         (!is(p, at + 2, WHEN_BACK, NULL) && !is(p, at + 2, WHEN_ON, NULL)))) {
        m->day = v;
        at += 2;
    } else if (at > i && m->month != PL_NLP_OPEN && m->day == PL_NLP_OPEN &&
               number(p, at, 1, 31, &v) && !is(p, at + 1, WHEN_OCLOCK, NULL)) {
        m->day = v;
        at++;
    }
    return at;
}

static uint32_t weekday(const struct parse *p, uint32_t i, struct when_moment *m) {
    int32_t step, day;
    if (m->weekday != PL_NLP_OPEN) return i;
    if (is(p, i, WHEN_MOD, &step) || is(p, i, WHEN_RELWEEK, &step)) {
        uint32_t at = skip(p, i + 1, WHEN_LINK, 1);
        if (!is(p, at, WHEN_WDAY, &day)) return i;
        m->weekday = day, m->step = step;
        return at + 1;
    }
    if (!is(p, i, WHEN_WDAY, &day)) return i;
    m->weekday = day;
    uint32_t at = mark(p, i + 1, ".") && is(p, i + 2, WHEN_NUM, NULL) ? i + 2 : i + 1;
    if (is(p, at, WHEN_MOD, &step) && !is(p, at + 1, WHEN_UNIT, NULL) &&
        !is(p, at + 1, WHEN_MONTH, NULL))
        return m->step = step, at + 1;
    return at;
}

/* "next week", "week-end prochain", "来年", "this month", "last May". */
static uint32_t stepped(const struct parse *p, uint32_t i, struct when_moment *m) {
    int32_t step, unit, month;
    if (m->unit != PL_NLP_OPEN) return i;
    const uint8_t relatives[][2] = {{WHEN_RELYEAR, 6}, {WHEN_RELMONTH, 5}, {WHEN_RELWEEK, 4}};
    for (size_t k = 0; k < PL_LEN(relatives); k++)
        if (is(p, i, relatives[k][0], &step)) {
            m->unit = relatives[k][1], m->units = step;
            return is(p, i + 1, WHEN_PART0, NULL) ? i + 2 : skip(p, i + 1, WHEN_LINK, 1);
        }
    if (is(p, i, WHEN_MOD, &step)) {
        if (is(p, i + 1, WHEN_UNIT, &unit)) {
            m->unit = unit, m->units = step;
            return i + 2;
        }
        uint32_t at = month_at(p, i + 1, &month);
        if (at > i + 1 && m->month == PL_NLP_OPEN) return m->month = month, at;
        struct amount a;
        at = amount(p, i + 1, &a);
        if (at > i + 1) {
            m->unit = a.unit, m->units = step < 0 ? -a.units : a.units;
            m->last_of = true;
            return at;
        }
        int32_t season;
        if (is(p, i + 1, WHEN_SEASON, &season)) return m->season = season, i + 2;
    }
    if (is(p, i, WHEN_UNIT, &unit) && unit >= 3 && is(p, i + 1, WHEN_MOD, &step)) {
        m->unit = unit, m->units = step;
        return i + 2;
    }
    if (is(p, i, WHEN_UNIT, &unit) && unit == 7) { /* the weekend */
        m->unit = unit, m->units = 0;
        return i + 1;
    }
    int64_t quantity_of;
    uint32_t at = quantity(p, i, &quantity_of);
    if (at > i && is(p, at, WHEN_MOD, &step) && is(p, at + 1, WHEN_UNIT, &unit)) {
        m->unit = unit, m->units = (int32_t)(quantity_of / 1000) * (step < 0 ? -1 : 1);
        m->last_of = true;
        return at + 2;
    }
    return i;
}

/* "in 3 days", "3 days ago", "hace 3 dias", "3 days later". */
static uint32_t shifted(const struct parse *p, uint32_t i, struct when_moment *m) {
    struct amount a;
    int32_t sign = 0, unit;
    if (m->shifted) return i;
    bool ago = is(p, i, WHEN_AGO, NULL), in = is(p, i, WHEN_IN, NULL);
    uint32_t from = ago || in ? i + 1 : i, at = amount(p, from, &a);
    if (at == from && (ago || in) && is(p, from, WHEN_UNIT, &unit)) { /* duals: "ساعتين" */
        a = (struct amount){pl_nlp__unit_ms(unit), unit, 1};
        at = from + 1;
    }
    if (at == from) return i;
    if (is(p, at, WHEN_BACK, NULL))
        sign = -1, at++;
    else if (is(p, at, WHEN_ON, NULL))
        sign = 1, at++;
    else if (ago || in)
        sign = ago ? -1 : 1;
    if (sign == 0) return i;
    m->shifted = true;
    m->shift_ms = sign * a.ms;
    m->unit = a.unit;
    m->units = sign * a.units;
    return at;
}

static uint32_t date_piece(const struct parse *p, uint32_t i, struct when_moment *m) {
    int32_t v;
    uint32_t at;
    if ((at = written_date(p, i, m)) > i || (at = marked_date(p, i, m)) > i ||
        (at = named_date(p, i, m)) > i || (at = weekday(p, i, m)) > i ||
        (at = shifted(p, i, m)) > i || (at = stepped(p, i, m)) > i)
        return at;
    if (m->day == PL_NLP_OPEN && m->month == PL_NLP_OPEN && is(p, i, WHEN_DAYOF, NULL) &&
        number(p, i + 1, 1, 31, &v) && p->t[i + 1].width <= 2 && !is(p, i + 2, WHEN_UNIT, NULL))
        return m->day = v, i + 2; /* "el dia 18" */
    if (m->away == PL_NLP_OPEN && m->month == PL_NLP_OPEN && is(p, i, WHEN_DAY, &v))
        return m->away = v, i + 1;
    if (m->away == PL_NLP_OPEN && is(p, i, WHEN_NIGHT, NULL)) {
        m->away = 0, m->part = 2024;
        return i + 1;
    }
    if (m->season == PL_NLP_OPEN && is(p, i, WHEN_SEASON, &v)) {
        m->season = v;
        return year_behind(p, i + 1, m);
    }
    if (m->feast == PL_NLP_OPEN && is(p, i, WHEN_FEAST, &v)) {
        m->feast = v;
        return year_behind(p, i + 1, m);
    }
    if (!m->now && !m->dated && is(p, i, WHEN_NOW, NULL)) return m->now = true, i + 1;
    /* "the 5th": a day alone must look like one, and stand at no noun but a weekday. */
    if (m->day == PL_NLP_OPEN && m->month == PL_NLP_OPEN && number(p, i, 1, 31, &v) &&
        is(p, i + 1, WHEN_SUFFIX, NULL) && glued(p, i + 1))
        return m->day = v, i + 2;
    if (m->day == PL_NLP_OPEN && m->weekday != PL_NLP_OPEN && m->month == PL_NLP_OPEN &&
        (at = day_number(p, i, &v)) > i && !mark(p, at, ":") && !is(p, at, WHEN_HALF, NULL) &&
        !is(p, at, WHEN_OCLOCK, NULL) && !is(p, at, WHEN_UNIT, NULL) && !mark(p, at, "-"))
        return m->day = v, at;
    return i;
}

/* ---- pieces of a day's time ---- */

/* Which half of the day the hour is in: its mark behind, "pm", "in the evening". */
static uint32_t half_behind(const struct parse *p, uint32_t i, int32_t *second, bool *sure) {
    int32_t half;
    uint32_t at = skip(p, i, WHEN_LINK, 1);
    if (is(p, i, WHEN_HALF, &half))
        at = i;
    else if (!is(p, at, WHEN_HALF, &half)) {
        if (!is(p, i, WHEN_PART, &half)) return i;
        at = i;
        half = half / 100 >= 12;
    }
    *sure = true;
    bool dotted = p->t[at].end - p->t[at].start == 3 && mark(p, at + 1, ".") && glued(p, at + 1);
    if (dotted) at++; /* "p.m." */
    if (half == 1 && *second < 12 * 3600) *second += 12 * 3600;
    if (half == 0 && *second >= 12 * 3600 && *second < 13 * 3600) *second -= 12 * 3600;
    return at + 1;
}

/* What follows an hour: minutes by a mark, "o'clock 30", "and a half". sure: it is a time. */
static uint32_t minutes_behind(const struct parse *p, uint32_t i, int32_t *second, bool *sure) {
    int32_t v;
    uint32_t at = i;
    if (mark(p, at, ":.") && glued(p, at) && glued(p, at + 1) && number(p, at + 1, 0, 59, &v) &&
        p->t[at + 1].width == 2) {
        *sure = mark(p, at, ":") || (*sure && !mark(p, at + 2, "%$€"));
        *second += v * 60;
        at += 2;
        if (mark(p, at, ":.") && glued(p, at) && number(p, at + 1, 0, 59, &v) && glued(p, at + 1) &&
            p->t[at + 1].width == 2) {
            *second += v;
            at += 2;
        }
        if (is(p, at, WHEN_OCLOCK, NULL)) *sure = true, at++;
        return at;
    }
    if (is(p, at, WHEN_OCLOCK, NULL)) {
        *sure = true;
        at++;
        uint32_t from = is(p, at, WHEN_PAST, NULL) || is(p, at, WHEN_AND, NULL) ? at + 1 : at;
        if (is(p, from, WHEN_HALFQ, &v)) return *second += v * 60, from + 1;
        if (number(p, from, 0, 59, &v) && p->t[from].width <= 2 &&
            !is(p, from + 1, WHEN_UNIT, NULL) && !is(p, from + 1, WHEN_OCLOCK, NULL)) {
            *second += v * 60;
            return from + 1;
        }
        if (number(p, from, 0, 59, &v) && is(p, from + 1, WHEN_MINUTE, NULL)) {
            *second += v * 60;
            at = from + 2;
            if (number(p, at, 0, 59, &v) && is(p, at + 1, WHEN_SECOND, NULL)) at += 2;
            return at;
        }
        return at;
    }
    if (*sure && is(p, at, WHEN_AND, NULL) && number(p, at + 1, 20, 59, &v) &&
        p->t[at + 1].width == 0 && !is(p, at + 2, WHEN_UNIT, NULL)) {
        *second += v * 60; /* "a las once y cuarenta" */
        return at + 2;
    }
    if (is(p, at, WHEN_PAST, NULL) || is(p, at, WHEN_HALFQ, NULL)) {
        uint32_t from = is(p, at, WHEN_PAST, NULL) ? at + 1 : at;
        if (is(p, from, WHEN_HALFQ, &v) && !is(p, from + 1, WHEN_UNIT, NULL)) {
            *second += v * 60;
            *sure = true;
            return from + 1;
        }
    }
    return at;
}

/* "quarter to five", "20 past 5", "halb sechs". */
static uint32_t turned_time(const struct parse *p, uint32_t i, int32_t *second) {
    int32_t minutes, hour;
    if (is(p, i, WHEN_PLUS, &minutes) && number(p, i + 1, 1, 12, &hour) &&
        is(p, i + 2, WHEN_OCLOCK, NULL))
        return *second = hour * 3600 + minutes * 60, i + 3;
    if (is(p, i, WHEN_HALFTO, NULL) && number(p, i + 1, 1, 24, &hour))
        return *second = hour * 3600 - 1800, i + 2;
    uint32_t at = i;
    if (is(p, at, WHEN_HALFQ, &minutes) || number(p, at, 1, 59, &minutes)) at++;
    if (at == i) return i;
    if (is(p, at, WHEN_UNIT, NULL)) at++; /* "20 minutes past" */
    bool past = is(p, at, WHEN_PAST, NULL);
    if ((!past && !is(p, at, WHEN_UNTO, NULL)) || !number(p, at + 1, 1, 12, &hour) ||
        is(p, at + 2, WHEN_UNIT, NULL) || is(p, at + 2, WHEN_MONTH, NULL) || mark(p, at + 2, ":"))
        return i;
    *second = hour * 3600 + (past ? minutes : -minutes) * 60;
    return at + 2;
}

/* at: a word before the number says that it is an hour. */
static uint32_t clock_at(const struct parse *p, uint32_t i, bool at, struct when_moment *m) {
    int32_t second, hour, half = -1;
    bool sure = at;
    uint32_t from = i;
    if (number(p, i, 12, 12, &hour) && is(p, i + 1, WHEN_CLOCK, NULL)) i++; /* "12 noon" */
    if (is(p, i, WHEN_CLOCK, &hour)) return m->second = hour * 3600, i + 1;
    if (is(p, from, WHEN_HALF, &half) && is(p, from + 1, WHEN_NUM, NULL) &&
        (is(p, from + 2, WHEN_OCLOCK, NULL) || mark(p, from + 2, ":")))
        from++, sure = true;
    if (is(p, from, WHEN_CLOCKMARK, NULL) && is(p, from + 1, WHEN_NUM, NULL)) from++, sure = true;
    uint32_t next = turned_time(p, from, &second);
    if (next == from) {
        if (!number(p, from, 0, 24, &hour) || p->t[from].width > 2) return i;
        second = hour * 3600;
        next = minutes_behind(p, from + 1, &second, &sure);
        if (next == from + 1 &&
            (is(p, next, WHEN_UNIT, NULL) || is(p, next, WHEN_MONTH, NULL) ||
             mark(p, next, "/%$€") || is(p, next, WHEN_SUFFIX, NULL) ||
             (is(p, next, WHEN_LINK, NULL) && is(p, next + 1, WHEN_MONTH, NULL))))
            return i;
    } else {
        sure = true;
    }
    next = half_behind(p, next, &second, &sure);
    if (half == 1 && second < 12 * 3600) second += 12 * 3600;
    if (!sure) return i;
    m->second = second % 86400;
    return next;
}

static uint32_t time_piece(const struct parse *p, uint32_t i, bool at, struct when_moment *m) {
    int32_t part, step;
    if (m->second != PL_NLP_OPEN) return i;
    uint32_t next = clock_at(p, i, at, m);
    if (next > i) return next;
    if (m->part != PL_NLP_OPEN) return i;
    if (is(p, i, WHEN_MOD, &step) && is(p, i + 1, WHEN_PART, &part)) {
        if (m->away == PL_NLP_OPEN && m->weekday == PL_NLP_OPEN) m->away = step;
        return m->part = part, i + 2;
    }
    if (is(p, i, WHEN_PART, &part)) return m->part = part, i + 1;
    return i;
}

/* ---- moments ---- */

static const struct when_moment nothing = {.year = PL_NLP_OPEN,
                                           .month = PL_NLP_OPEN,
                                           .day = PL_NLP_OPEN,
                                           .weekday = PL_NLP_OPEN,
                                           .step = PL_NLP_OPEN,
                                           .away = PL_NLP_OPEN,
                                           .unit = PL_NLP_OPEN,
                                           .second = PL_NLP_OPEN,
                                           .part = PL_NLP_OPEN,
                                           .season = PL_NLP_OPEN,
                                           .feast = PL_NLP_OPEN};

/* The longer of a date's piece and a time's; of two as long the time when an hour was announced. */
static uint32_t piece(const struct parse *p, uint32_t i, bool at, struct when_moment *m) {
    struct when_moment date = *m, time = *m;
    uint32_t day = date_piece(p, i, &date), hour = time_piece(p, i, at, &time);
    if (day == i && hour == i) return i;
    bool is_time = hour > day || (at && hour == day);
    *m = is_time ? time : date;
    if (!is_time) m->dated = true;
    return is_time ? hour : day;
}

/* "5'te", "2018'den": an ending glued by an apostrophe says nothing. */
static uint32_t skip_ending(const struct parse *p, uint32_t i) {
    bool ending = mark(p, i, "'") && glued(p, i) && glued(p, i + 1) && i + 1 < p->n &&
                  !is(p, i + 1, WHEN_NUM, NULL);
    return ending ? i + 2 : i;
}

/* Behind what may stand between two pieces; at: it announces an hour. */
static uint32_t between(const struct parse *p, uint32_t i, bool *at) {
    *at = false;
    i = skip_ending(p, i);
    if (mark(p, i, ",") || (mark(p, i, "-") && !glued(p, i))) i++;
    if (mark(p, i, "@")) {
        *at = true;
        return i + 1;
    }
    for (int k = 0; k < 3; k++) {
        if (is(p, i, WHEN_AT, NULL)) {
            *at = true;
            i++;
        } else if (is(p, i, WHEN_LINK, NULL)) {
            i++;
        } else {
            break;
        }
    }
    return i;
}

/* A word before it makes the number a year: "in 2026", "between 2026 and 2027". */
static bool led_to(const struct parse *p, uint32_t i) {
    static const uint8_t leads[] = {WHEN_IN,   WHEN_LINK, WHEN_SINCE,   WHEN_UNTIL,
                                    WHEN_FROM, WHEN_TO,   WHEN_BETWEEN, WHEN_MOD};
    int32_t y;
    for (size_t k = 0; i > 0 && k < PL_LEN(leads); k++)
        if (is(p, i - 1, leads[k], NULL)) return true;
    return i > 1 && (is(p, i - 1, WHEN_AND, NULL) || mark(p, i - 1, "-")) && year_of(p, i - 2, &y);
}

/* "2026 to 2027" */
static bool range_of_years(const struct parse *p, uint32_t i) {
    int32_t y;
    return (is(p, i + 1, WHEN_TO, NULL) || (mark(p, i + 1, "-") && !glued(p, i + 1))) &&
           year_of(p, i + 2, &y);
}

/* What leads to a moment: "end of the", "around". Gives where the moment begins; *first: where its
 * place in the text does. */
static uint32_t lead(const struct parse *p, uint32_t i, uint32_t *first) {
    int32_t kept = 0, year;
    uint32_t from = i;
    *first = i;
    if (is(p, i, WHEN_PART0, NULL)) {
        from = i + 1;
        for (int k = 0; k < 2 && is(p, from, WHEN_LINK, NULL) &&
                        (!is(p, from, WHEN_UNIT, NULL) || year_of(p, from + 1, &year));
             k++)
            from++;
        return is(p, from, WHEN_AT, NULL) ? from + 1 : from;
    }
    struct when_moment m = nothing;
    bool step = is(p, i + 1, WHEN_MOD, NULL) || is(p, i + 1, WHEN_UNIT, NULL);
    if (step && is(p, i, WHEN_LINK, &kept) && kept > 0 && stepped(p, i + 1, &m) > i + 1 &&
        (kept == 2 || !m.last_of))
        return i + 1; /* "la semana pasada" */
    kept = 0;
    if (!is(p, from, WHEN_AT, &kept)) return from;
    from = kept == 1 ? skip(p, from + 1, WHEN_LINK, 1) : from + 1;
    if (kept != 1) *first = from;
    return from;
}

static uint32_t moment(const struct parse *p, uint32_t i, struct when_moment *m) {
    bool at = is(p, i, WHEN_AT, NULL) || is(p, i, WHEN_CLOCKMARK, NULL);
    bool part = is(p, i, WHEN_PART0, NULL);
    int32_t unit;
    *m = nothing;
    uint32_t from = lead(p, i, &m->first);
    uint32_t end = piece(p, from, at, m);
    if (end == from && part && is(p, from, WHEN_UNIT, &unit) && unit >= 3) {
        m->unit = unit, m->units = 0, m->dated = true;
        end = from + 1;
    }
    if (end == from) {
        int32_t y; /* a year by itself, when something leads to it */
        if (!year_of(p, from, &y) || !(from > i || led_to(p, i) || range_of_years(p, i))) return i;
        m->year = y, m->dated = true;
        return from + 1;
    }
    for (int k = 0; k < 6; k++) {
        uint32_t next = between(p, end, &at), more;
        at |= next == end && is(p, end - 1, WHEN_PART, NULL) && is(p, end - 1, WHEN_HALF, NULL);
        if (is(p, next, WHEN_PART0, NULL)) next++;
        more = piece(p, next, at, m);
        if (more == next) break;
        end = more;
    }
    int32_t about = 0; /* "5時ごろ" */
    if (is(p, end, WHEN_PART0, &about) && (m->dated || about == 1)) end++;
    return end;
}

/* A moment, or an hour that the word before announces: "dalle 9 alle 10". */
static uint32_t announced(const struct parse *p, uint32_t i, struct when_moment *m) {
    uint32_t end = moment(p, i, m);
    if (end > i || i == 0 || !is(p, i - 1, WHEN_AT, NULL)) return end;
    end = moment(p, i - 1, m);
    return end > i ? end : i;
}

/* ---- expressions ---- */

static struct pl_nlp_time value_of(const struct parse *p, uint32_t from, uint32_t to,
                                   const struct when_moment *m) {
    struct pl_nlp_time w = pl_nlp__when_value(p->ctx, m);
    w.start = p->t[from].start;
    w.end = p->t[to - 1].end;
    return w;
}

static struct pl_nlp_time span(const struct pl_nlp_time *a, const struct pl_nlp_time *b) {
    struct pl_nlp_time w = *a;
    w.end = b->end;
    w.last_day = b->last_day != PL_NLP_OPEN ? b->last_day : b->day;
    w.last_second = b->last_second != PL_NLP_OPEN ? b->last_second : b->second;
    if (w.last_day == PL_NLP_OPEN) w.last_day = w.day; /* on the same day */
    if (w.last_day != PL_NLP_OPEN && w.last_second == PL_NLP_OPEN && b->last_day == PL_NLP_OPEN)
        w.last_day++;
    w.kind = pl_nlp__when_kind(&w);
    return w;
}

/* "10-12 March", "March 10 to 12", "3-5pm": the first number has what the second says. */
static uint32_t shared(const struct parse *p, uint32_t i, struct pl_nlp_time *out) {
    int32_t first, month, day;
    struct when_moment a = nothing, b;
    uint32_t at = i, end;
    if (is(p, at, WHEN_FROM, NULL) || is(p, at, WHEN_BETWEEN, NULL)) at++;
    at = skip(p, at, WHEN_LINK, 1);
    if (is(p, at, WHEN_AT, NULL)) at++;
    uint32_t lead = month_at(p, at, &month);
    uint32_t next = day_number(p, skip(p, lead, WHEN_LINK, 1), &first);
    if (next == lead) return i;
    if (!is(p, next, WHEN_TO, NULL) && !is(p, next, WHEN_AND, NULL) && !mark(p, next, "-"))
        return i;
    next = skip(p, next + 1, WHEN_LINK, 1);
    if (lead > at) {
        end = day_number(p, next, &day);
        if (end == next || is(p, end, WHEN_MONTH, NULL) || mark(p, end, ":")) return i;
        b = nothing;
        b.month = month, b.day = day;
        end = year_behind(p, end, &b);
    } else {
        end = announced(p, next, &b);
        if (end == next) return i;
    }
    end = skip(p, end, WHEN_BETWEENP, 1);
    if (b.day != PL_NLP_OPEN && b.month != PL_NLP_OPEN) {
        a = b;
        a.day = first;
    } else if (b.second != PL_NLP_OPEN && first <= 24) {
        a = b;
        a.second = first * 3600;
        if (b.second >= 12 * 3600 && first < 12 && first * 3600 + 12 * 3600 <= b.second)
            a.second += 12 * 3600;
    } else {
        return i;
    }
    struct pl_nlp_time x = value_of(p, i, end, &a), y = value_of(p, i, end, &b);
    *out = span(&x, &y);
    return end;
}

static uint32_t joined(const struct parse *p, uint32_t i, const struct when_moment *a,
                       uint32_t from, uint32_t next, struct pl_nlp_time *out) {
    struct when_moment b;
    uint32_t to = skip(p, next, WHEN_LINK, 1), end = announced(p, to, &b);
    if (end == to) return i;
    struct when_moment first = *a;
    if (first.second != PL_NLP_OPEN && !first.dated) { /* "3 to 5 pm tomorrow" */
        struct when_moment whole = b;
        whole.second = first.second;
        first = whole;
    }
    struct pl_nlp_time x = value_of(p, from, next, &first), y = value_of(p, to, end, &b);
    if (is(p, end, WHEN_BETWEENP, NULL)) end++;
    *out = span(&x, &y);
    out->end = p->t[end - 1].end;
    return end;
}

/* "from .. to ..", ".. - ..", "between .. and ..". */
static uint32_t range(const struct parse *p, uint32_t i, struct pl_nlp_time *out) {
    struct when_moment a;
    uint32_t at = shared(p, i, out);
    if (at > i) return at;
    bool opened = is(p, i, WHEN_FROM, NULL) || is(p, i, WHEN_BETWEEN, NULL);
    uint32_t from = opened ? skip(p, i + 1, WHEN_LINK, 1) : i, next = moment(p, from, &a);
    if (next == from) return i;
    uint32_t link = mark(p, next, ",") ? next + 1 : skip_ending(p, next);
    bool until =
        link > next && moment(p, link, &(struct when_moment){0}) > link; /* "-den .. -e kadar" */
    if (until) {
        uint32_t end = joined(p, i, &a, a.first, link, out);
        uint32_t last = skip_ending(p, end);
        if (end > i && is(p, last, WHEN_UNTILP, NULL)) {
            out->end = p->t[last].end;
            return last + 1;
        }
    }
    bool to = is(p, link, WHEN_TO, NULL) || mark(p, link, "-");
    bool and = is(p, link, WHEN_AND, NULL) && (opened || is(p, link, WHEN_TO, NULL));
    if (!to && !and) return i;
    return joined(p, i, &a, opened ? i : a.first, link + 1, out);
}

/* "since Monday", "before 5pm", "Pazartesiden beri". */
static uint32_t bounded(const struct parse *p, uint32_t i, struct pl_nlp_time *out) {
    struct when_moment m;
    bool since = is(p, i, WHEN_SINCE, NULL), until = is(p, i, WHEN_UNTIL, NULL);
    uint32_t from = i;
    if (since || until)
        for (from++;
             from < i + 3 && is(p, from, WHEN_LINK, NULL) && !is(p, from, WHEN_DAYOF, NULL);)
            from++;
    uint32_t end = moment(p, from, &m);
    if (end == from) return i;
    if (!since && !until) {
        i = m.first;
        end = skip_ending(p, end);
        since = is(p, end, WHEN_SINCEP, NULL);
        until = !since && is(p, end, WHEN_UNTILP, NULL);
        if (!since && !until) return from;
        end++;
    }
    struct pl_nlp_time w = value_of(p, i, end, &m);
    *out = w;
    if (since) {
        out->last_day = out->last_second = PL_NLP_OPEN;
    } else {
        out->last_day = w.day, out->last_second = w.second;
        out->day = out->second = PL_NLP_OPEN;
    }
    out->kind = w.second == PL_NLP_OPEN ? PL_NLP_IS_DATES
                : w.day == PL_NLP_OPEN  ? PL_NLP_IS_TIMES
                                        : PL_NLP_IS_DATETIMES;
    return end;
}

/* "every Monday", "every 2 weeks", "daily". */
static uint32_t repeated(const struct parse *p, uint32_t i, struct pl_nlp_time *out) {
    struct when_moment m = nothing;
    struct amount a;
    uint32_t end = i;
    if (is(p, i, WHEN_SET, NULL)) {
        end = i + 1;
    } else if (is(p, i, WHEN_EVERY, NULL)) {
        uint32_t at = i + 1;
        if (is(p, at, WHEN_ORD, NULL)) at++;
        end = amount(p, at, &a);
        if (end == at && is(p, at, WHEN_UNIT, NULL)) end = at + 1;
        if (end == at) end = moment(p, at, &m);
        if (end == at) return i;
    }
    if (end == i) return i;
    bool at;
    uint32_t next = between(p, end, &at), more = piece(p, next, at, &m);
    if (more > next) end = more;
    m.set = true;
    *out = value_of(p, i, end, &m);
    return end;
}

/* "6-8", "between 3 and 5": hours, beside a day that says so. */
static uint32_t bare_hours(const struct parse *p, uint32_t i, int32_t *a, int32_t *b) {
    bool opened = is(p, i, WHEN_FROM, NULL) || is(p, i, WHEN_BETWEEN, NULL);
    uint32_t at = skip(p, opened ? i + 1 : i, WHEN_AT, 1);
    if (!number(p, at, 0, 24, a) || p->t[at].width > 2) return i;
    bool hyphen = mark(p, at + 1, "-") && glued(p, at + 1) && glued(p, at + 2);
    if (!hyphen && !(opened && (is(p, at + 1, WHEN_TO, NULL) || is(p, at + 1, WHEN_AND, NULL))))
        return i;
    if (!hyphen && !opened) return i;
    at = skip(p, at + 2, WHEN_AT, 1);
    if (!number(p, at, 1, 24, b) || p->t[at].width > 2 || mark(p, at + 1, "-/.:%$€") ||
        is(p, at + 1, WHEN_UNIT, NULL) || is(p, at + 1, WHEN_MONTH, NULL) ||
        is(p, at + 1, WHEN_DAYMARK, NULL) || is(p, at + 1, WHEN_SUFFIX, NULL))
        return i;
    if (*b <= *a && *a >= 9 && *a <= 12) *b += 12; /* "10-4" */
    return *a < *b ? at + 1 : i;
}

static void set_hours(struct pl_nlp_time *w, int32_t a, int32_t b) {
    w->second = a * 3600;
    w->last_day = b == 24 ? w->day + 1 : w->day;
    w->last_second = b % 24 * 3600;
    w->kind = PL_NLP_IS_DATETIMES;
}

/* "6-8 next Monday", "between 3 and 5 tomorrow". */
static uint32_t hours_of_day(const struct parse *p, uint32_t i, struct pl_nlp_time *out) {
    struct when_moment m;
    int32_t a, b;
    bool at;
    uint32_t next = bare_hours(p, i, &a, &b);
    if (next == i) return i;
    uint32_t from = between(p, next, &at), end = moment(p, from, &m);
    if (end == from || at || !m.dated || m.second != PL_NLP_OPEN || m.month != PL_NLP_OPEN ||
        m.day != PL_NLP_OPEN || (m.weekday == PL_NLP_OPEN && m.away == PL_NLP_OPEN))
        return i;
    *out = value_of(p, i, end, &m);
    if (out->kind != PL_NLP_IS_DATE) return i;
    set_hours(out, a, b);
    return end;
}

/* A day, and a span of its hours: "Monday from 10 to 12", "today before 4pm". */
static uint32_t with_span(const struct parse *p, uint32_t end, struct pl_nlp_time *w) {
    struct pl_nlp_time hours;
    if (w->day == PL_NLP_OPEN || w->kind == PL_NLP_IS_DATETIME) return end;
    int32_t a, b;
    uint32_t from = mark(p, end, ",") ? end + 1 : end, next = range(p, from, &hours);
    uint32_t bare = next == from && w->kind == PL_NLP_IS_DATE ? bare_hours(p, from, &a, &b) : from;
    if (bare > from) {
        bare = skip(p, bare, WHEN_BETWEENP, 1);
        w->end = p->t[bare - 1].end;
        set_hours(w, a, b);
        return bare;
    }
    if (next == from) next = bounded(p, from, &hours);
    if (next == from || hours.kind != PL_NLP_IS_TIMES) return end;
    w->end = hours.end;
    w->second = hours.second;
    w->last_day = w->day;
    w->last_second = hours.last_second;
    w->kind = PL_NLP_IS_DATETIMES;
    return next;
}

/* "may", "sat", "sun" alone are words of other kinds more often. */
static bool is_doubtful(const struct parse *p, uint32_t from, uint32_t to) {
    bool name = is(p, from, WHEN_MONTH, NULL) || is(p, from, WHEN_WDAY, NULL);
    return name && to == from + 1 && p->t[from].end - p->t[from].start <= 3 && !led_to(p, from);
}

static uint32_t expression(const struct parse *p, uint32_t i, struct pl_nlp_time *out) {
    struct when_moment m;
    struct amount a;
    uint32_t at;
    if ((at = repeated(p, i, out)) > i || (at = hours_of_day(p, i, out)) > i ||
        (at = range(p, i, out)) > i || (at = bounded(p, i, out)) > i)
        return at;
    at = moment(p, i, &m);
    uint32_t end = amount(p, i, &a);
    bool longer = at > end || (at == end && !p->ctx->how_long);
    if (at > i && longer && !is_doubtful(p, m.first, at)) {
        *out = value_of(p, m.first, at, &m);
        return with_span(p, at, out);
    }
    if (end == i) return i;
    *out = (struct pl_nlp_time){.start = p->t[i].start,
                                .end = p->t[end - 1].end,
                                .kind = PL_NLP_IS_DURATION,
                                .day = PL_NLP_OPEN,
                                .second = PL_NLP_OPEN,
                                .last_day = PL_NLP_OPEN,
                                .last_second = PL_NLP_OPEN,
                                .ms = a.ms};
    return end;
}

uint32_t pl_nlp__when(const struct when_tokens *t, const struct when_context *ctx,
                      struct pl_nlp_time *out, uint32_t most) {
    const struct parse p = {t->v, t->n, ctx};
    uint32_t n = 0;
    for (uint32_t i = 0; t->any && i < p.n && n < most;) {
        uint32_t end = expression(&p, i, &out[n]);
        n += end > i;
        i = end > i ? end : i + 1;
    }
    return n;
}
