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
#include "runtime/nlp/nlp_when_parse.h"

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
static uint32_t piece(const struct when_parse *p, uint32_t i, bool at, struct when_moment *m) {
    struct when_moment date = *m, time = *m;
    uint32_t day = pl_nlp__when_date_piece(p, i, &date),
             hour = pl_nlp__when_time_piece(p, i, at, &time);
    if (day == i && hour == i) return i;
    bool is_time = hour > day || (at && hour == day);
    *m = is_time ? time : date;
    if (!is_time) m->dated = true;
    return is_time ? hour : day;
}

/* "5'te", "2018'den": an ending glued by an apostrophe says nothing. */
static uint32_t skip_ending(const struct when_parse *p, uint32_t i) {
    bool ending = mark(p, i, "'") && glued(p, i) && glued(p, i + 1) && i + 1 < p->n &&
                  !is(p, i + 1, WHEN_NUM, NULL);
    return ending ? i + 2 : i;
}

/* Behind what may stand between two pieces; at: it announces an hour. */
static uint32_t between(const struct when_parse *p, uint32_t i, bool *at) {
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
static bool led_to(const struct when_parse *p, uint32_t i) {
    static const uint8_t leads[] = {WHEN_IN,   WHEN_LINK, WHEN_SINCE,   WHEN_UNTIL,
                                    WHEN_FROM, WHEN_TO,   WHEN_BETWEEN, WHEN_MOD};
    int32_t y;
    for (size_t k = 0; i > 0 && k < PL_LEN(leads); k++)
        if (is(p, i - 1, leads[k], NULL)) return true;
    return i > 1 && (is(p, i - 1, WHEN_AND, NULL) || mark(p, i - 1, "-")) &&
           pl_nlp__when_year_of(p, i - 2, &y);
}

/* "2026 to 2027" */
static bool range_of_years(const struct when_parse *p, uint32_t i) {
    int32_t y;
    return (is(p, i + 1, WHEN_TO, NULL) || (mark(p, i + 1, "-") && !glued(p, i + 1))) &&
           pl_nlp__when_year_of(p, i + 2, &y);
}

/* What leads to a moment: "end of the", "around". Gives where the moment begins; *first: where its
 * place in the text does. */
static uint32_t lead(const struct when_parse *p, uint32_t i, uint32_t *first) {
    int32_t kept = 0, year;
    uint32_t from = i;
    *first = i;
    if (is(p, i, WHEN_PART0, NULL)) {
        from = i + 1;
        for (int k = 0; k < 2 && is(p, from, WHEN_LINK, NULL) &&
                        (!is(p, from, WHEN_UNIT, NULL) || pl_nlp__when_year_of(p, from + 1, &year));
             k++)
            from++;
        return is(p, from, WHEN_AT, NULL) ? from + 1 : from;
    }
    struct when_moment m = nothing;
    bool step = is(p, i + 1, WHEN_MOD, NULL) || is(p, i + 1, WHEN_UNIT, NULL);
    if (step && is(p, i, WHEN_LINK, &kept) && kept > 0 &&
        pl_nlp__when_stepped(p, i + 1, &m) > i + 1 && (kept == 2 || !m.last_of))
        return i + 1; /* "la semana pasada" */
    kept = 0;
    if (!is(p, from, WHEN_AT, &kept)) return from;
    from = kept == 1 ? skip(p, from + 1, WHEN_LINK, 1) : from + 1;
    if (kept != 1) *first = from;
    return from;
}

static uint32_t moment(const struct when_parse *p, uint32_t i, struct when_moment *m) {
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
        if (!pl_nlp__when_year_of(p, from, &y) ||
            !(from > i || led_to(p, i) || range_of_years(p, i)))
            return i;
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
static uint32_t announced(const struct when_parse *p, uint32_t i, struct when_moment *m) {
    uint32_t end = moment(p, i, m);
    if (end > i || i == 0 || !is(p, i - 1, WHEN_AT, NULL)) return end;
    end = moment(p, i - 1, m);
    return end > i ? end : i;
}

/* ---- expressions ---- */

static struct pl_nlp_time value_of(const struct when_parse *p, uint32_t from, uint32_t to,
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
static uint32_t shared(const struct when_parse *p, uint32_t i, struct pl_nlp_time *out) {
    int32_t first, month, day;
    struct when_moment a = nothing, b;
    uint32_t at = i, end;
    if (is(p, at, WHEN_FROM, NULL) || is(p, at, WHEN_BETWEEN, NULL)) at++;
    at = skip(p, at, WHEN_LINK, 1);
    if (is(p, at, WHEN_AT, NULL)) at++;
    uint32_t lead = pl_nlp__when_month_at(p, at, &month);
    uint32_t next = pl_nlp__when_day_number(p, skip(p, lead, WHEN_LINK, 1), &first);
    if (next == lead) return i;
    if (!is(p, next, WHEN_TO, NULL) && !is(p, next, WHEN_AND, NULL) && !mark(p, next, "-"))
        return i;
    next = skip(p, next + 1, WHEN_LINK, 1);
    if (lead > at) {
        end = pl_nlp__when_day_number(p, next, &day);
        if (end == next || is(p, end, WHEN_MONTH, NULL) || mark(p, end, ":")) return i;
        b = nothing;
        b.month = month, b.day = day;
        end = pl_nlp__when_year_behind(p, end, &b);
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

static uint32_t joined(const struct when_parse *p, uint32_t i, const struct when_moment *a,
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
static uint32_t range(const struct when_parse *p, uint32_t i, struct pl_nlp_time *out) {
    struct when_moment a;
    uint32_t at = shared(p, i, out);
    if (at > i) return at;
    bool opened = is(p, i, WHEN_FROM, NULL) || is(p, i, WHEN_BETWEEN, NULL);
    uint32_t from = opened ? skip(p, i + 1, WHEN_LINK, 1) : i, next = moment(p, from, &a);
    if (next == from) return i;
    uint32_t link = mark(p, next, ",") ? next + 1 : skip_ending(p, next);
    bool ending = link > next || p->t[next - 1].ending; /* "-den .. -e kadar" */
    bool until = ending && moment(p, link, &(struct when_moment){0}) > link;
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
static uint32_t bounded(const struct when_parse *p, uint32_t i, struct pl_nlp_time *out) {
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
static uint32_t repeated(const struct when_parse *p, uint32_t i, struct pl_nlp_time *out) {
    struct when_moment m = nothing;
    struct when_amount a;
    uint32_t end = i;
    if (is(p, i, WHEN_SET, NULL)) {
        end = i + 1;
    } else if (is(p, i, WHEN_EVERY, NULL)) {
        uint32_t at = i + 1;
        if (is(p, at, WHEN_ORD, NULL)) at++;
        end = pl_nlp__when_amount(p, at, &a);
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
static uint32_t bare_hours(const struct when_parse *p, uint32_t i, int32_t *a, int32_t *b) {
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
static uint32_t hours_of_day(const struct when_parse *p, uint32_t i, struct pl_nlp_time *out) {
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
static uint32_t with_span(const struct when_parse *p, uint32_t end, struct pl_nlp_time *w) {
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
static bool is_doubtful(const struct when_parse *p, uint32_t from, uint32_t to) {
    bool name = is(p, from, WHEN_MONTH, NULL) || is(p, from, WHEN_WDAY, NULL);
    return name && to == from + 1 && p->t[from].end - p->t[from].start <= 3 && !led_to(p, from);
}

static uint32_t expression(const struct when_parse *p, uint32_t i, struct pl_nlp_time *out) {
    struct when_moment m;
    struct when_amount a;
    uint32_t at;
    if ((at = repeated(p, i, out)) > i || (at = hours_of_day(p, i, out)) > i ||
        (at = range(p, i, out)) > i || (at = bounded(p, i, out)) > i)
        return at;
    at = moment(p, i, &m);
    uint32_t end = pl_nlp__when_amount(p, i, &a);
    bool longer = at > end || (at == end && !p->ctx->how_long);
    if (at > i && longer && !is_doubtful(p, m.first, at)) {
        *out = value_of(p, m.first, at, &m);
        return with_span(p, at, out);
    }
    if (end == i) return i;
    end = skip(p, end, WHEN_MORE, 1); /* "4 gunden fazla" */
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
    const struct when_parse p = {t->v, t->n, ctx};
    uint32_t n = 0;
    for (uint32_t i = 0; t->any && i < p.n && n < most;) {
        uint32_t end = expression(&p, i, &out[n]);
        n += end > i;
        i = end > i ? end : i + 1;
    }
    return n;
}
