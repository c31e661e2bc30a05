/* SPDX-License-Identifier: Apache-2.0
 *
 * Built-in kinds that are looked for only when a question asks for them, since their words stand in
 * many a message that means something else: times of day, points in time, durations, web addresses,
 * names of languages.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

#define DAY_MS    INT64_C(86400000)
#define MOST_MS   (INT64_C(3660) * DAY_MS) /* of a duration: ten years */
#define NO_TIME   INT32_MIN
#define HALF_NEAR 4 /* words behind a time that may say which half of the day it is */

static const struct {
    int64_t ms;
    const char *words;
} units[] = {
#define UNIT(ms, words) {ms, words},
#include "runtime/nlp/builtin.def"
};
static const struct {
    int32_t seconds;
    const char *words;
} clocks[] = {
#define CLOCK(seconds, words) {seconds, words},
#include "runtime/nlp/builtin.def"
};
static const struct {
    bool later;
    const char *words;
} halves[] = {
#define HALF(later, words) {later, words},
#include "runtime/nlp/builtin.def"
};
static const struct {
    const char *code, *words;
} tongues[] = {
#define TONGUE(code, words) {code, words},
#include "runtime/nlp/builtin.def"
};

static struct pl_str folded(const struct pl_nlp_turn *t, uint32_t i) {
    return i < t->r->words.n ? t->r->words.v[i].folded : (struct pl_str){0};
}

/* Digits at the front of s, at most three; what follows them in *rest. */
static int digits(struct pl_str s, struct pl_str *rest) {
    int n = 0;
    size_t i = 0;
    while (i < s.n && i < 3 && s.p[i] >= '0' && s.p[i] <= '9') n = n * 10 + (s.p[i++] - '0');
    *rest = (struct pl_str){s.p + i, s.n - i};
    return i ? n : -1;
}

/* ---- times of day ---- */

struct at {               /* a time in the text */
    uint32_t first, last; /* words */
    int32_t seconds;      /* NO_TIME: none */
    bool sure;            /* it says minutes or which half, so it is no mere number */
};

/* "30" behind "14:", "14.30", "14h30", "2pm", "2": the hour is read, minutes and what follows are
 * left. */
static int32_t read_clock(const struct pl_nlp_turn *t, struct at *a, struct pl_str *rest) {
    int minutes = 0, hour = digits(folded(t, a->first), rest);
    if (hour < 0 || hour > 24) return NO_TIME;
    const struct pl_words *w = &t->r->words;
    bool mark = rest->n && (rest->p[0] == '.' || rest->p[0] == 'h');
    if (mark && rest->n > 1) {
        struct pl_str more = {rest->p + 1, rest->n - 1};
        minutes = digits(more, rest);
        a->sure = true;
    } else if (mark) {
        *rest = (struct pl_str){0};
        a->sure = true;
    } else if (rest->n == 0 && a->first + 1 < w->n && t->text.p[w->v[a->first].end] == ':' &&
               w->v[a->first + 1].start == w->v[a->first].end + 1) {
        minutes = digits(folded(t, ++a->last), rest);
        a->sure = true;
    }
    if (minutes < 0 || minutes > 59 || (hour == 24 && minutes)) return NO_TIME;
    return (hour % 24) * 3600 + minutes * 60;
}

/* 1 later, 0 earlier, -1 the word does not say. */
static int half_of(struct pl_str word) {
    for (size_t i = 0; i < PL_LEN(halves); i++)
        if (word.n && pl_nlp__in_list(halves[i].words, word)) return halves[i].later;
    return -1;
}

static int find_half(const struct pl_nlp_turn *t, struct at *a, struct pl_str rest) {
    int half = half_of(rest);
    for (uint32_t i = a->last + 1; half < 0 && i <= a->last + HALF_NEAR && i < t->r->words.n; i++) {
        half = half_of(folded(t, i));
        if (half >= 0) a->last = i;
    }
    return half;
}

static struct at time_from(const struct pl_nlp_turn *t, uint32_t i) {
    struct at a = {.first = i, .last = i, .seconds = NO_TIME};
    struct pl_str rest = {0}, word = folded(t, i);
    uint32_t start = t->r->words.v[i].start;
    if (start && t->text.p[start - 1] == ':') return a; /* minutes */
    for (size_t k = 0; k < PL_LEN(clocks); k++)
        if (pl_nlp__in_list(clocks[k].words, word)) {
            a.seconds = clocks[k].seconds;
            a.sure = true;
            return a;
        }
    struct pl_dec n;
    int32_t seconds = read_clock(t, &a, &rest);
    if (seconds == NO_TIME && pl_nlp__word_number(word, &n) && n.scale == 0 && n.m >= 1 &&
        n.m <= 12)
        seconds = (int32_t)n.m * 3600;
    if (seconds == NO_TIME) return a;
    int half = find_half(t, &a, rest);
    if (half < 0 && rest.n) return a; /* "2nd", "4you" */
    if (half >= 0) {
        if (seconds >= 13 * 3600 && half == 0) return a;
        if (half == 1 && seconds < 12 * 3600) seconds += 12 * 3600;
        if (half == 0 && seconds >= 12 * 3600) seconds -= 12 * 3600;
        a.sure = true;
    }
    a.seconds = seconds;
    return a;
}

/* The first that surely is one; else the first number that may be. */
static struct at find_time(const struct pl_nlp_turn *t, uint32_t not_from, uint32_t not_to) {
    struct at found = {.seconds = NO_TIME};
    for (uint32_t i = 0; i < t->r->words.n; i++) {
        uint32_t start = t->r->words.v[i].start;
        if (start >= not_from && start < not_to) continue; /* part of a date */
        struct at a = time_from(t, i);
        if (a.seconds == NO_TIME) continue;
        if (a.sure) return a;
        if (found.seconds == NO_TIME) found = a;
    }
    return found;
}

static void find_times(struct pl_nlp_turn *t) {
    struct at a = find_time(t, 0, 0);
    const struct pl_words *w = &t->r->words;
    if (a.seconds == NO_TIME) return;
    pl_nlp__add_builtin(t, w->v[a.first].start, w->v[a.last].end,
                        (struct pl_value){.kind = PL_KIND_TIME, .time = a.seconds});
}

/* ---- points in time ---- */

static int64_t point(const struct pl_nlp_turn *t, int32_t date, int32_t seconds) {
    int year, month, day;
    pl_date_split(date, &year, &month, &day);
    struct pl_local l = {.year = (int16_t)year,
                         .month = (uint8_t)month,
                         .day = (uint8_t)day,
                         .hour = (uint8_t)(seconds / 3600),
                         .minute = (uint8_t)(seconds / 60 % 60)};
    return pl_locale_local_to_utc(t->nlp->tools, t->ctx->zone, l);
}

/* A date that was found and a time; a time alone is the next one that comes. */
static void find_points(struct pl_nlp_turn *t) {
    const struct pl_nlp_found *date = NULL;
    for (uint32_t i = 0; i < t->r->nfound && !date; i++)
        if (t->r->found[i].value.kind == PL_KIND_DATE) date = &t->r->found[i];
    uint32_t from = date ? date->start : 0, to = date ? date->end : 0;
    struct at a = find_time(t, from, to);
    const struct pl_words *w = &t->r->words;
    if (a.seconds == NO_TIME) return;
    struct pl_value v = {.kind = PL_KIND_DATETIME};
    uint32_t start = w->v[a.first].start, end = w->v[a.last].end;
    if (date) {
        v.datetime = point(t, date->value.date, a.seconds);
        start = start < from ? start : from;
        end = end > to ? end : to;
    } else {
        struct pl_local l = pl_locale_to_local(t->nlp->tools, t->ctx->zone, t->ctx->now_ms);
        int32_t today;
        if (!pl_date_make(l.year, l.month, l.day, &today)) return;
        v.datetime = point(t, today, a.seconds);
        if (v.datetime <= t->ctx->now_ms) v.datetime = point(t, today + 1, a.seconds);
    }
    pl_nlp__add_builtin(t, start, end, v);
}

/* ---- durations ---- */

static int64_t unit_of(struct pl_str word) {
    for (size_t i = 0; i < PL_LEN(units); i++)
        if (word.n && pl_nlp__in_list(units[i].words, word)) return units[i].ms;
    return 0;
}

static bool is_half(struct pl_str word) {
    return pl_nlp__in_list(" half medio media نصف ", word);
}

/* In halves: "2" is 4, "half" is 1, "an" is 2. */
static int64_t halves_of(struct pl_str word, struct pl_str *rest) {
    struct pl_dec n;
    *rest = (struct pl_str){0};
    if (is_half(word)) return 1;
    if (pl_nlp__in_list(" a an ", word)) return 2;
    int whole = digits(word, rest);
    if (whole >= 0 && rest->n > 1 && (rest->p[0] == '.' || rest->p[0] == ',')) {
        bool half = rest->p[1] == '5' && rest->n == 2;
        *rest = (struct pl_str){0};
        return half ? whole * 2 + 1 : -1;
    }
    if (whole >= 0) return whole * 2;
    *rest = (struct pl_str){0};
    return pl_nlp__word_number(word, &n) && n.scale == 0 ? n.m * 2 : -1;
}

/* How many half units the words before word i say; where they begin. */
static int64_t amount_before(const struct pl_nlp_turn *t, uint32_t i, uint32_t *first) {
    struct pl_str rest;
    *first = i;
    if (i == 0) return 2; /* "minutes": one of them, as in "ساعة" */
    int64_t n = halves_of(folded(t, i - 1), &rest);
    if (n >= 0 && rest.n == 0) *first = i - 1;
    if (n == 2 && i > 1 && is_half(folded(t, i - 2))) { /* half an hour */
        *first = i - 2;
        return 1;
    }
    return n >= 0 && rest.n == 0 ? n : 2;
}

static void find_durations(struct pl_nlp_turn *t) {
    const struct pl_words *w = &t->r->words;
    int64_t ms = 0, last = 0;
    uint32_t start = 0, end = 0, first;
    for (uint32_t i = 0; i < w->n && ms <= MOST_MS; i++) {
        struct pl_str rest;
        int64_t n = halves_of(folded(t, i), &rest), unit = unit_of(rest); /* "2h" */
        first = i;
        if (!unit) {
            unit = unit_of(folded(t, i));
            n = unit ? amount_before(t, i, &first) : 0;
        }
        if (!unit) {
            bool and = last && is_half(folded(t, i)); /* an hour and a half */
            ms += and? last / 2 : 0;
            if (and) end = w->v[i].end;
            continue;
        }
        if (end == 0) start = w->v[first].start;
        end = w->v[i].end;
        ms += n * unit / 2;
        last = unit;
    }
    if (ms > 0 && ms <= MOST_MS)
        pl_nlp__add_builtin(t, start, end,
                            (struct pl_value){.kind = PL_KIND_DURATION, .duration = ms});
}

/* ---- web addresses ---- */

static bool is_blank(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Letters, digits, dots and hyphens up to the path, with a dot inside. */
static bool good_host(struct pl_str s) {
    size_t n = 0, dot = 0;
    for (; n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#' && s.p[n] != ':'; n++) {
        uint8_t c = (uint8_t)s.p[n];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c < 0x80) return false;
        if (c == '.') dot = n;
    }
    return dot > 0 && dot + 2 < n;
}

static void take_url(struct pl_nlp_turn *t, size_t start, size_t end) {
    struct pl_str s = {t->text.p + start, end - start}, host = s;
    bool scheme = false;
    if (pl_str_starts(s, PL_STR("https://"))) host = (struct pl_str){s.p + 8, s.n - 8};
    if (pl_str_starts(s, PL_STR("http://"))) host = (struct pl_str){s.p + 7, s.n - 7};
    scheme = host.n != s.n;
    if (!good_host(host) || pl_str_find(s, PL_STR("@")) != SIZE_MAX) return;
    struct pl_value v = pl_text(scheme ? s : pl_arena_printf(t->a, "https://%.*s", PL_STR_ARG(s)));
    v.kind = PL_KIND_URL;
    pl_nlp__add_builtin(t, start, end, v);
}

static void find_urls(struct pl_nlp_turn *t) {
    for (size_t i = 0; i < t->text.n; i++) {
        size_t start = i;
        while (i < t->text.n && !is_blank(t->text.p[i])) i++;
        size_t end = i;
        while (end > start && strchr(".,;:!?)>\"'", t->text.p[end - 1])) end--;
        while (start < end && strchr("(<\"'", t->text.p[start])) start++;
        if (end > start) take_url(t, start, end);
    }
}

/* ---- languages ---- */

static void find_tongues(struct pl_nlp_turn *t) {
    const struct pl_words *w = &t->r->words;
    for (uint32_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < PL_LEN(tongues); k++) {
            if (!pl_nlp__in_list(tongues[k].words, w->v[i].folded)) continue;
            struct pl_value v = pl_text(pl_str_c(tongues[k].code));
            v.kind = PL_KIND_LANGUAGE;
            pl_nlp__add_builtin(t, w->v[i].start, w->v[i].end, v);
        }
}

/* The first time of the kind, where the words above have found none: other languages, other ways
 * to say it. */
static void take_told(struct pl_nlp_turn *t, uint8_t told) {
    for (uint32_t i = 0; i < t->r->nfound; i++)
        if (t->r->found[i].value.kind == t->ctx->asked) return;
    for (uint32_t i = 0; i < t->r->ntimes; i++) {
        const struct pl_nlp_time *w = &t->r->times[i];
        if (w->kind != told) continue;
        struct pl_value v = {.kind = t->ctx->asked};
        if (told == PL_NLP_IS_TIME) v.time = w->second;
        if (told == PL_NLP_IS_DATETIME) v.datetime = point(t, w->day, w->second);
        if (told == PL_NLP_IS_DURATION) v.duration = w->ms;
        if (told == PL_NLP_IS_DURATION && (w->ms <= 0 || w->ms > MOST_MS)) continue;
        pl_nlp__add_builtin(t, w->start, w->end, v);
        return;
    }
}

void pl_nlp__asked(struct pl_nlp_turn *t) {
    switch (t->ctx->asked) {
    case PL_KIND_TIME: find_times(t), take_told(t, PL_NLP_IS_TIME); break;
    case PL_KIND_DATETIME: find_points(t), take_told(t, PL_NLP_IS_DATETIME); break;
    case PL_KIND_DURATION: find_durations(t), take_told(t, PL_NLP_IS_DURATION); break;
    case PL_KIND_URL: find_urls(t); break;
    case PL_KIND_LANGUAGE: find_tongues(t); break;
    default: break;
    }
}
