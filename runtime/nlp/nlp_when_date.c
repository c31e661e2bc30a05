/* SPDX-License-Identifier: Apache-2.0
 *
 * Amounts of time, and the pieces of a date: written, named, counted from today.
 */
#include "runtime/nlp/nlp_when_parse.h"

#define MOST 10000 /* of anything counted: what is more is no time of a customer's */

/* ---- amounts ---- */

/* "3", "1.5", "half an", "a few", in thousandths. */
static uint32_t quantity(const struct when_parse *p, uint32_t i, int64_t *out) {
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

static uint32_t one_amount(const struct when_parse *p, uint32_t i, struct when_amount *a) {
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
uint32_t pl_nlp__when_amount(const struct when_parse *p, uint32_t i, struct when_amount *a) {
    *a = (struct when_amount){0};
    uint32_t at = one_amount(p, i, a);
    if (at == i) return i;
    for (int k = 0; k < 5; k++) {
        struct when_amount more = {0};
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

bool pl_nlp__when_year_of(const struct when_parse *p, uint32_t i, int32_t *year) {
    if (!is(p, i, WHEN_NUM, year) || i >= p->n) return false;
    return p->t[i].width == 4 && *year >= 1200 && *year <= 2200;
}

static int32_t full_year(int32_t y, uint8_t width) {
    return width > 2 ? y : y < 50 ? 2000 + y : 1900 + y;
}

/* Part of a longer row of numbers, "1.2.3.4". */
static bool in_row(const struct when_parse *p, uint32_t from, uint32_t to) {
    int32_t v;
    bool before =
        from > 1 && glued(p, from) && mark(p, from - 1, "/.") && is(p, from - 2, WHEN_NUM, &v);
    bool behind =
        mark(p, to, "/.") && glued(p, to) && glued(p, to + 1) && is(p, to + 1, WHEN_NUM, &v);
    return before || behind;
}

/* "27. 11.", "27. 11. 2026" */
static uint32_t spaced_date(const struct when_parse *p, uint32_t i, struct when_moment *m) {
    int32_t day, month, year = PL_NLP_OPEN;
    bool row = i > 1 && mark(p, i - 1, ".") && is(p, i - 2, WHEN_NUM, NULL);
    if (row || !number(p, i, 1, 31, &day) || !number(p, i + 2, 1, 12, &month)) return i;
    bool more = is(p, i + 4, WHEN_NUM, NULL);
    if (more && !pl_nlp__when_year_of(p, i + 4, &year)) return i;
    m->day = day, m->month = month;
    if (more) m->year = year;
    return more ? i + 5 : i + 4;
}

/* 2026-11-22, 22/11/26, 22.11., 3/4. */
static uint32_t written_date(const struct when_parse *p, uint32_t i, struct when_moment *m) {
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
uint32_t pl_nlp__when_year_behind(const struct when_parse *p, uint32_t i, struct when_moment *m) {
    uint32_t at = mark(p, i, ",.") ? i + 1 : i;
    at = skip(p, at, WHEN_LINK, 2);
    int32_t y;
    if (pl_nlp__when_year_of(p, at, &y)) {
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

uint32_t pl_nlp__when_month_at(const struct when_parse *p, uint32_t i, int32_t *month) {
    if (!is(p, i, WHEN_MONTH, month)) return i;
    bool brief = p->t[i].end - p->t[i].start <= 4 || is(p, i + 2, WHEN_NUM, NULL);
    return brief && mark(p, i + 1, ".") && glued(p, i + 1) ? i + 2 : i + 1;
}

/* A day of the month: "5", "5th", "fifth", "5.". */
uint32_t pl_nlp__when_day_number(const struct when_parse *p, uint32_t i, int32_t *day) {
    if (is(p, i, WHEN_ORD, day) && *day >= 1 && *day <= 31) return i + 1;
    if (!number(p, i, 1, 31, day) || p->t[i].width > 2) return i;
    if (is(p, i + 1, WHEN_SUFFIX, NULL) && glued(p, i + 1)) return i + 2;
    if (mark(p, i + 1, ".") && glued(p, i + 1) &&
        (!glued(p, i + 2) || is(p, i + 2, WHEN_MONTH, NULL)))
        return i + 2;
    return i + 1;
}

/* "5 March 2026", "March 5th, 2026", "March 2026", "March". */
static uint32_t named_date(const struct when_parse *p, uint32_t i, struct when_moment *m) {
    int32_t day, month, year;
    if (m->month != PL_NLP_OPEN || m->away != PL_NLP_OPEN) return i;
    uint32_t at = pl_nlp__when_day_number(p, i, &day);
    if (at > i && m->day == PL_NLP_OPEN) {
        uint32_t next = skip(p, at, WHEN_LINK, 2);
        if (next == at && mark(p, at, "-/") && glued(p, at)) next++;
        uint32_t end = pl_nlp__when_month_at(p, next, &month);
        if (end > next) {
            m->day = day, m->month = month;
            return pl_nlp__when_year_behind(p, mark(p, end, "-/") && glued(p, end) ? end + 1 : end,
                                            m);
        }
    }
    uint32_t behind = i; /* "2026 April", "2026-Apr" */
    if (m->year == PL_NLP_OPEN && m->day == PL_NLP_OPEN && pl_nlp__when_year_of(p, i, &year)) {
        behind = mark(p, i + 1, "-,") ? i + 2 : skip(p, i + 1, WHEN_LINK, 1);
        if (pl_nlp__when_month_at(p, behind, &month) == behind) return i;
        m->year = year;
    }
    at = pl_nlp__when_month_at(p, behind, &month);
    if (at == behind) return i;
    m->month = month;
    if (m->day != PL_NLP_OPEN) return pl_nlp__when_year_behind(p, at, m);
    if (mark(p, at, ",/") && pl_nlp__when_year_of(p, at + 1, &year)) return m->year = year, at + 2;
    uint32_t from = skip(p, mark(p, at, "-") ? at + 1 : at, WHEN_LINK, 1);
    if (pl_nlp__when_year_of(p, from, &year)) return m->year = year, from + 1;
    uint32_t end = pl_nlp__when_day_number(p, from, &day);
    if (end > from && !is(p, end, WHEN_UNIT, NULL) && !mark(p, end, ":") &&
        !is(p, end, WHEN_OCLOCK, NULL) && !is(p, end, WHEN_HALF, NULL)) {
        m->day = day;
        return pl_nlp__when_year_behind(p, end, m);
    }
    return at;
}

/* 2026年11月22日, and parts of it. */
static uint32_t marked_date(const struct when_parse *p, uint32_t i, struct when_moment *m) {
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

static uint32_t weekday(const struct when_parse *p, uint32_t i, struct when_moment *m) {
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
uint32_t pl_nlp__when_stepped(const struct when_parse *p, uint32_t i, struct when_moment *m) {
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
        uint32_t at = pl_nlp__when_month_at(p, i + 1, &month);
        if (at > i + 1 && m->month == PL_NLP_OPEN) return m->month = month, at;
        struct when_amount a;
        at = pl_nlp__when_amount(p, i + 1, &a);
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
static uint32_t shifted(const struct when_parse *p, uint32_t i, struct when_moment *m) {
    struct when_amount a;
    int32_t sign = 0, unit;
    if (m->shifted) return i;
    bool ago = is(p, i, WHEN_AGO, NULL), in = is(p, i, WHEN_IN, NULL);
    uint32_t from = ago || in ? i + 1 : i, at = pl_nlp__when_amount(p, from, &a);
    if (at == from && (ago || in) && is(p, from, WHEN_UNIT, &unit)) { /* duals: "ساعتين" */
        a = (struct when_amount){pl_nlp__unit_ms(unit), unit, 1};
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

uint32_t pl_nlp__when_date_piece(const struct when_parse *p, uint32_t i, struct when_moment *m) {
    int32_t v;
    uint32_t at;
    if ((at = written_date(p, i, m)) > i || (at = marked_date(p, i, m)) > i ||
        (at = named_date(p, i, m)) > i || (at = weekday(p, i, m)) > i ||
        (at = shifted(p, i, m)) > i || (at = pl_nlp__when_stepped(p, i, m)) > i)
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
        return pl_nlp__when_year_behind(p, i + 1, m);
    }
    if (m->feast == PL_NLP_OPEN && is(p, i, WHEN_FEAST, &v)) {
        m->feast = v;
        return pl_nlp__when_year_behind(p, i + 1, m);
    }
    if (!m->now && !m->dated && is(p, i, WHEN_NOW, NULL)) return m->now = true, i + 1;
    /* "the 5th": a day alone must look like one, and stand at no noun but a weekday. */
    if (m->day == PL_NLP_OPEN && m->month == PL_NLP_OPEN && number(p, i, 1, 31, &v) &&
        is(p, i + 1, WHEN_SUFFIX, NULL) && glued(p, i + 1))
        return m->day = v, i + 2;
    if (m->day == PL_NLP_OPEN && m->weekday != PL_NLP_OPEN && m->month == PL_NLP_OPEN &&
        (at = pl_nlp__when_day_number(p, i, &v)) > i && !mark(p, at, ":") &&
        !is(p, at, WHEN_HALF, NULL) && !is(p, at, WHEN_OCLOCK, NULL) &&
        !is(p, at, WHEN_UNIT, NULL) && !mark(p, at, "-"))
        return m->day = v, at;
    return i;
}
