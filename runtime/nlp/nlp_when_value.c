/* SPDX-License-Identifier: Apache-2.0
 *
 * What a moment is, counted from the one in which the message came: days, seconds, spans.
 */
#include "runtime/nlp/nlp_when_priv.h"

#define DAY_MS   INT64_C(86400000)
#define MOST_DAY 2900000 /* before and after 1970: within the years that dates are written in */

int64_t pl_nlp__unit_ms(int32_t unit) {
    static const int64_t ms[] = {1000,        60000,         3600000,       DAY_MS,
                                 7 * DAY_MS,  30 * DAY_MS,   365 * DAY_MS,  2 * DAY_MS,
                                 91 * DAY_MS, 3650 * DAY_MS, 36500 * DAY_MS};
    return unit >= 0 && unit < (int32_t)PL_LEN(ms) ? ms[unit] : 0;
}

static int32_t add_months(int32_t day, int32_t months) {
    int y, mo, d;
    int32_t out;
    pl_date_split(day, &y, &mo, &d);
    int64_t all = (int64_t)y * 12 + mo - 1 + months;
    y = (int)(all / 12), mo = (int)(all % 12) + 1;
    while (d > 28 && !pl_date_make(y, mo, d, &out)) d--;
    return pl_date_make(y, mo, d, &out) ? out : day;
}

/* The day and month that is nearest, before or after. */
static int32_t nearest_year(const struct when_context *c, int32_t month, int32_t day) {
    int y, mo, d;
    int32_t best = c->today, found;
    bool any = false;
    pl_date_split(c->today, &y, &mo, &d);
    for (int k = -1; k <= 1; k++) {
        if (!pl_date_make(y + k, month, day, &found)) continue;
        int32_t far = found > c->today ? found - c->today : c->today - found;
        int32_t was = best > c->today ? best - c->today : c->today - best;
        if (!any || far < was) best = found;
        any = true;
    }
    return best;
}

/* The unit that is `units` from the one today is in: its first day, and the one behind it. */
static void span_of(const struct when_context *c, int32_t unit, int32_t units,
                    struct pl_nlp_time *w) {
    int y, mo, d;
    int32_t first = c->today, wday = pl_date_weekday(c->today);
    pl_date_split(c->today, &y, &mo, &d);
    switch (unit) {
    case 4: first += 7 * units - wday, w->last_day = first + 7; break;
    case 7: first += 7 * units + 5 - wday, w->last_day = first + 2; break;
    case 5:
        first = add_months(c->today - d + 1, units);
        w->last_day = add_months(first, 1);
        break;
    case 6:
        (void)pl_date_make(y + units, 1, 1, &first);
        w->last_day = add_months(first, 12);
        break;
    default:
        first += units * (int32_t)(pl_nlp__unit_ms(unit) / DAY_MS), w->last_day = first + 1;
        break;
    }
    w->day = first;
}

static void say_month(const struct when_context *c, const struct when_moment *m,
                      struct pl_nlp_time *w) {
    int y, mo, d;
    pl_date_split(c->today, &y, &mo, &d);
    if (m->unit == 6) y += m->units;
    if (m->day != PL_NLP_OPEN && m->year == PL_NLP_OPEN && m->unit != 6) {
        w->day = nearest_year(c, m->month, m->day);
        return;
    }
    if (m->year != PL_NLP_OPEN) y = m->year;
    if (pl_date_make(y, m->month, m->day == PL_NLP_OPEN ? 1 : m->day, &w->day) &&
        m->day == PL_NLP_OPEN)
        w->last_day = add_months(w->day, 1);
}

static void say_weekday(const struct when_context *c, const struct when_moment *m,
                        struct pl_nlp_time *w) {
    int32_t ahead = (m->weekday - pl_date_weekday(c->today) + 7) % 7;
    if (ahead == 0 && m->step != 0) ahead = 7;
    if (m->unit == 4) /* next week's Monday */
        ahead = m->weekday - pl_date_weekday(c->today) + 7 * m->units;
    else if (m->step == -1)
        ahead -= 7;
    w->day = c->today + ahead;
}

static void say_day(const struct when_context *c, const struct when_moment *m,
                    struct pl_nlp_time *w) {
    if (m->month != PL_NLP_OPEN) {
        say_month(c, m, w);
    } else if (m->away != PL_NLP_OPEN) {
        w->day = c->today + m->away;
    } else if (m->day != PL_NLP_OPEN) {
        w->day = c->today;
        for (int k = 0; k < 31; k++) {
            int y, mo, d;
            pl_date_split(c->today + k, &y, &mo, &d);
            if (d == m->day) w->day = c->today + k;
        }
    } else if (m->weekday != PL_NLP_OPEN) {
        say_weekday(c, m, w);
    } else if (m->feast > 0) {
        int32_t day;
        w->day = nearest_year(c, m->feast / 100, m->feast % 100);
        if (m->year != PL_NLP_OPEN && pl_date_make(m->year, m->feast / 100, m->feast % 100, &day))
            w->day = day;
    } else if (m->year != PL_NLP_OPEN && m->season == PL_NLP_OPEN) {
        if (pl_date_make(m->year, 1, 1, &w->day)) w->last_day = add_months(w->day, 12);
    } else if (m->season != PL_NLP_OPEN) {
        int y, mo, d;
        pl_date_split(c->today, &y, &mo, &d);
        if (pl_date_make(m->year != PL_NLP_OPEN ? m->year : y, m->season, 1, &w->day))
            w->last_day = add_months(w->day, 3);
    }
}

/* So many units before or after now. */
static void say_shift(const struct when_context *c, const struct when_moment *m,
                      struct pl_nlp_time *w) {
    if (m->unit == 5 || m->unit == 6) {
        w->day = add_months(c->today, m->units * (m->unit == 6 ? 12 : 1));
        return;
    }
    int64_t at = (int64_t)c->today * 86400 + c->now + m->shift_ms / 1000;
    w->day = (int32_t)(at >= 0 ? at / 86400 : (at - 86399) / 86400);
    if (m->unit < 3) w->second = (int32_t)(at - (int64_t)w->day * 86400);
}

static void say_last_of(const struct when_context *c, const struct when_moment *m,
                        struct pl_nlp_time *w) {
    int64_t days = m->units * pl_nlp__unit_ms(m->unit) / DAY_MS;
    bool months = m->unit == 5 || m->unit == 6;
    int32_t other = months ? add_months(c->today, m->units * (m->unit == 6 ? 12 : 1))
                           : c->today + (int32_t)days;
    w->day = other < c->today ? other : c->today;
    w->last_day = other < c->today ? c->today : other;
}

static bool is_span(const struct pl_nlp_time *w) {
    return w->last_day != PL_NLP_OPEN || w->last_second != PL_NLP_OPEN;
}

uint8_t pl_nlp__when_kind(const struct pl_nlp_time *w) {
    bool date = w->day != PL_NLP_OPEN, time = w->second != PL_NLP_OPEN;
    if (is_span(w))
        return date && time ? PL_NLP_IS_DATETIMES : date ? PL_NLP_IS_DATES : PL_NLP_IS_TIMES;
    return date && time ? PL_NLP_IS_DATETIME : date ? PL_NLP_IS_DATE : PL_NLP_IS_TIME;
}

static bool is_far(int32_t day) {
    return day < -MOST_DAY || day > MOST_DAY;
}

struct pl_nlp_time pl_nlp__when_value(const struct when_context *c, const struct when_moment *m) {
    struct pl_nlp_time w = {.day = PL_NLP_OPEN,
                            .second = PL_NLP_OPEN,
                            .last_day = PL_NLP_OPEN,
                            .last_second = PL_NLP_OPEN};
    if (m->now) w.now = true, w.day = c->today, w.second = c->now;
    if (m->shifted)
        say_shift(c, m, &w);
    else if (m->last_of)
        say_last_of(c, m, &w);
    else if (m->unit != PL_NLP_OPEN)
        span_of(c, m->unit, m->units, &w);
    if (!m->shifted && !m->last_of &&
        (m->unit == PL_NLP_OPEN || m->weekday != PL_NLP_OPEN || m->month != PL_NLP_OPEN)) {
        if (m->unit != PL_NLP_OPEN) w.last_day = PL_NLP_OPEN;
        say_day(c, m, &w);
    }
    if (m->second != PL_NLP_OPEN) {
        w.second = m->second;
        if (m->part != PL_NLP_OPEN && m->part / 100 >= 12 && w.second < 12 * 3600)
            w.second += 12 * 3600;
        w.last_day = PL_NLP_OPEN;
    } else if (m->part != PL_NLP_OPEN) {
        w.second = m->part / 100 * 3600;
        w.last_second = m->part % 100 * 3600;
        if (w.day != PL_NLP_OPEN) w.last_day = w.last_second == 86400 ? w.day + 1 : w.day;
        w.last_second %= 86400;
    }
    if (is_far(w.day)) w.day = PL_NLP_OPEN;
    if (is_far(w.last_day)) w.last_day = PL_NLP_OPEN;
    bool when = w.day != PL_NLP_OPEN || w.second != PL_NLP_OPEN; /* Easter: some day */
    w.kind = m->set ? PL_NLP_IS_SET : when ? pl_nlp__when_kind(&w) : PL_NLP_IS_DATES;
    return w;
}
