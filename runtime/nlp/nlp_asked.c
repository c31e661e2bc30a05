/* SPDX-License-Identifier: Apache-2.0
 *
 * Built-in kinds that are looked for only when a question asks for them, since their words stand in
 * many a message that means something else: times of day, points in time, durations, web addresses,
 * names of languages.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

#define MOST_MS (INT64_C(3660) * 86400000) /* of a duration: ten years */

static const struct {
    const char *code, *words;
} tongues[] = {
#define TONGUE(code, words) {code, words},
#include "runtime/nlp/builtin.def"
};

/* ---- times of day, points in time, durations ---- */

static const struct pl_nlp_time *first_of(const struct pl_nlp_turn *t, uint8_t kind) {
    for (uint32_t i = 0; i < t->r->ntimes; i++)
        if (t->r->times[i].kind == kind) return &t->r->times[i];
    return NULL;
}

/* The only number of the message may be an hour: "9". */
static bool bare_hour(const struct pl_nlp_turn *t, struct pl_nlp_time *out) {
    const struct pl_nlp_found *only = NULL;
    for (uint32_t i = 0; i < t->r->nfound; i++) {
        if (t->r->found[i].value.kind != PL_KIND_NUMBER) continue;
        if (only != NULL) return false;
        only = &t->r->found[i];
    }
    if (only == NULL) return false;
    struct pl_dec n = only->value.n;
    if (n.scale != 0 || n.m < 0 || n.m > 23) return false;
    *out = (struct pl_nlp_time){.start = only->start, .end = only->end};
    out->second = (int32_t)n.m * 3600;
    return true;
}

static bool time_of_day(const struct pl_nlp_turn *t, struct pl_nlp_time *out) {
    const struct pl_nlp_time *w = first_of(t, PL_NLP_IS_TIME);
    if (w != NULL) *out = *w;
    return w != NULL || (t->r->ntimes == 0 && bare_hour(t, out));
}

static void find_times(struct pl_nlp_turn *t) {
    struct pl_nlp_time w;
    if (time_of_day(t, &w))
        pl_nlp__add_builtin(t, w.start, w.end,
                            (struct pl_value){.kind = PL_KIND_TIME, .time = w.second});
}

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

/* A time alone is the next one that comes. */
static void find_points(struct pl_nlp_turn *t) {
    const struct pl_nlp_time *whole = first_of(t, PL_NLP_IS_DATETIME);
    struct pl_value v = {.kind = PL_KIND_DATETIME};
    struct pl_nlp_time w;
    if (whole != NULL) {
        w = *whole;
        v.datetime = point(t, w.day, w.second);
    } else {
        struct pl_local l = pl_locale_to_local(t->nlp->tools, t->ctx->zone, t->ctx->now_ms);
        int32_t today;
        if (!time_of_day(t, &w) || !pl_date_make(l.year, l.month, l.day, &today)) return;
        v.datetime = point(t, today, w.second);
        if (v.datetime <= t->ctx->now_ms) v.datetime = point(t, today + 1, w.second);
    }
    pl_nlp__add_builtin(t, w.start, w.end, v);
}

static void find_durations(struct pl_nlp_turn *t) {
    const struct pl_nlp_time *w = first_of(t, PL_NLP_IS_DURATION);
    if (w != NULL && w->ms > 0 && w->ms <= MOST_MS)
        pl_nlp__add_builtin(t, w->start, w->end,
                            (struct pl_value){.kind = PL_KIND_DURATION, .duration = w->ms});
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

/* Names behind the last dot that are not the beginning of a sentence. */
static bool is_known(struct pl_str host) {
    static const char tops[] =
        " com org net edu gov mil int info biz io co ai app dev me tv ly gl be us uk de fr es it "
        "pt "
        "nl pl ru tr cn jp kr in br mx ar cl pe ch at se no dk fi cz sk hu ro gr ie ca au nz za eg "
        "sa ae il ir pk bd id my sg th vn ph hk tw ua by kz eu asia shop store online site xyz cc "
        "club academy aws si ms to gg am fm pm ";
    size_t end = 0, dot = 0;
    while (end < host.n && memchr("/?#:", host.p[end], 4) == NULL) end++;
    for (size_t i = 0; i < end; i++)
        if (host.p[i] == '.') dot = i + 1;
    if (pl_str_starts(host, PL_STR("www."))) return true;
    return pl_nlp__in_list(tops, (struct pl_str){host.p + dot, end - dot});
}

static void take_url(struct pl_nlp_turn *t, size_t start, size_t end, bool asked) {
    struct pl_str s = {t->text.p + start, end - start}, host = s;
    bool scheme = false;
    if (pl_str_starts(s, PL_STR("https://"))) host = (struct pl_str){s.p + 8, s.n - 8};
    if (pl_str_starts(s, PL_STR("http://"))) host = (struct pl_str){s.p + 7, s.n - 7};
    scheme = host.n != s.n;
    if (!good_host(host) || pl_str_find(s, PL_STR("@")) != SIZE_MAX) return;
    struct pl_value v = pl_text(scheme ? s : pl_arena_printf(t->a, "https://%.*s", PL_STR_ARG(s)));
    v.kind = PL_KIND_URL;
    if (asked)
        pl_nlp__add_builtin(t, start, end, v);
    else if (scheme || is_known(host))
        pl_nlp__add_extra(t, (uint32_t)start, (uint32_t)end, PL_NLP_IS_URL, v);
}

static void find_urls(struct pl_nlp_turn *t, bool asked) {
    for (size_t i = 0; i < t->text.n; i++) {
        size_t start = i;
        while (i < t->text.n && !is_blank(t->text.p[i]) && (asked || (uint8_t)t->text.p[i] < 0x80))
            i++;
        size_t end = i,
               http = pl_str_find((struct pl_str){t->text.p + start, end - start}, PL_STR("http"));
        if (!asked && http != SIZE_MAX) start += http;
        while (end > start && strchr(".,;:!?)>\"'", t->text.p[end - 1])) end--;
        while (start < end && strchr("(<\"'", t->text.p[start])) start++;
        if (end > start) take_url(t, start, end, asked);
    }
}

void pl_nlp__urls(struct pl_nlp_turn *t) {
    if (t->ctx->asked != PL_KIND_URL) find_urls(t, false);
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

void pl_nlp__asked(struct pl_nlp_turn *t) {
    switch (t->ctx->asked) {
    case PL_KIND_TIME: find_times(t); break;
    case PL_KIND_DATETIME: find_points(t); break;
    case PL_KIND_DURATION: find_durations(t); break;
    case PL_KIND_URL: find_urls(t, true); break;
    case PL_KIND_LANGUAGE: find_tongues(t); break;
    default: break;
    }
}
