/* SPDX-License-Identifier: Apache-2.0
 *
 * The pieces of a day's time: "5:30", "quarter to five", "in the evening".
 */
#include "runtime/nlp/nlp_when_parse.h"

/* Which half of the day the hour is in: its mark behind, "pm", "in the evening". */
static uint32_t half_behind(const struct when_parse *p, uint32_t i, int32_t *second, bool *sure) {
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

/* "once y cuarenta", "oito e quarenta e cinco", "5 e 45": more than an hour could be. */
static uint32_t minutes_said(const struct when_parse *p, uint32_t i, int32_t *second) {
    int32_t v, more;
    if (!is(p, i, WHEN_AND, NULL) || !number(p, i + 1, 20, 59, &v)) return i;
    if (p->t[i + 1].width != 0 && (v <= 24 || p->t[i + 1].width != 2)) return i;
    uint32_t end = i + 2;
    if (v % 10 == 0 && is(p, end, WHEN_AND, NULL) && number(p, end + 1, 1, 9, &more) &&
        p->t[end + 1].width == 0)
        v += more, end += 2;
    if (is(p, end, WHEN_UNIT, NULL) || is(p, end, WHEN_MONTH, NULL)) return i;
    *second += v * 60;
    return end;
}

/* What follows an hour: minutes by a mark, "o'clock 30", "and a half". sure: it is a time. */
static uint32_t minutes_behind(const struct when_parse *p, uint32_t i, int32_t *second,
                               bool *sure) {
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
    uint32_t said = *sure ? minutes_said(p, at, second) : at;
    if (said > at) return said;
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
static uint32_t turned_time(const struct when_parse *p, uint32_t i, int32_t *second) {
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
static uint32_t clock_at(const struct when_parse *p, uint32_t i, bool at, struct when_moment *m) {
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

uint32_t pl_nlp__when_time_piece(const struct when_parse *p, uint32_t i, bool at,
                                 struct when_moment *m) {
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
