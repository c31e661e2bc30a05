/* SPDX-License-Identifier: Apache-2.0
 *
 * Values as a locale writes them. A formatter is opened at first use and kept by its locale.
 */
#include "runtime/locale/locale_priv.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/uloc.h>

#define DAY_MS             INT64_C(86400000)
#define LEFT_TO_RIGHT_MARK "\xe2\x80\x8e"

/* ---- numbers ---- */

static UNumberFormatter *open_number(const struct pl_locale *l, const char *skeleton) {
    UChar u[96];
    u_charsToUChars(skeleton, u, (int32_t)strlen(skeleton) + 1);
    UErrorCode err = U_ZERO_ERROR;
    UNumberFormatter *f = unumf_openForSkeletonAndLocale(u, -1, l->icu, &err);
    if (U_SUCCESS(err)) return f;
    unumf_close(f);
    return NULL;
}

/* Formats into l->result; false when ICU refuses. */
static bool run_number(struct pl_locale *l, const UNumberFormatter *f, struct pl_dec n) {
    UErrorCode err = U_ZERO_ERROR;
    if (f == NULL) return false;
    char digits[32];
    if (n.scale == 0)
        unumf_formatInt(f, n.m, l->result, &err);
    else
        unumf_formatDecimal(f, digits, (int32_t)pl_dec_print(n, digits), l->result, &err);
    return U_SUCCESS(err);
}

static void put_number(struct pl_locale *l, const UNumberFormatter *f, struct pl_dec n,
                       struct pl_buf *out) {
    UChar u[128];
    UErrorCode err = U_ZERO_ERROR;
    if (!run_number(l, f, n)) return;
    int32_t len = unumf_resultToString(l->result, u, PL_LEN(u), &err);
    if (U_SUCCESS(err)) pl_locale__put(out, u, len);
}

static UNumberFormatter *plain(struct pl_locale *l) {
    if (l->number == NULL) l->number = open_number(l, ".##################");
    return l->number;
}

void pl_locale__number(struct pl_locale *l, struct pl_dec n, struct pl_buf *out) {
    put_number(l, plain(l), n, out);
}

static void put_percent(struct pl_locale *l, struct pl_dec n, struct pl_buf *out) {
    if (l->percent == NULL) l->percent = open_number(l, "percent .######");
    put_number(l, l->percent, n, out);
}

static UNumberFormatter *money_format(struct pl_locale *l, const char *currency) {
    for (uint32_t i = 0; i < l->nmoney; i++)
        if (strcmp(l->money[i].currency, currency) == 0) return l->money[i].f;
    char skeleton[32] = "currency/";
    memcpy(skeleton + 9, currency, 4);
    UNumberFormatter *f = open_number(l, skeleton);
    if (f == NULL) return NULL;
    if (l->nmoney == PL_LOCALE_CURRENCIES) unumf_close(l->money[--l->nmoney].f);
    memcpy(l->money[l->nmoney].currency, currency, 4);
    l->money[l->nmoney].f = f;
    return l->money[l->nmoney++].f;
}

static void put_money(struct pl_locale *l, struct pl_value v, struct pl_buf *out) {
    const char *c = v.money.currency[0] != 0 ? v.money.currency : l->currency;
    put_number(l, money_format(l, c), v.money.amount, out);
    if (!l->rtl || out->n == 0) return;
    /* "US$" at the end of a right-to-left text would be shown as "$US" */
    size_t at = out->n - 1;
    while (at > 0 && ((uint8_t)out->p[at] & 0xc0) == 0x80) at--;
    UChar32 last = (UChar32)pl_utf8_next(pl_buf_slice(out), &at);
    if (u_charDirection(last) == U_EUROPEAN_NUMBER_TERMINATOR) pl_buf_c(out, LEFT_TO_RIGHT_MARK);
}

enum pl_plural pl_locale_plural(struct pl_locale *l, struct pl_dec n, bool ordinal) {
    static const char *const names[] = {"zero", "one", "two", "few", "many", "other"};
    UErrorCode err = U_ZERO_ERROR;
    UPluralRules **rules = &l->plurals[ordinal];
    if (*rules == NULL)
        *rules = uplrules_openForType(l->icu,
                                      ordinal ? UPLURAL_TYPE_ORDINAL : UPLURAL_TYPE_CARDINAL, &err);
    UChar u[16];
    char word[16] = "";
    int32_t len = 0;
    if (U_SUCCESS(err) && run_number(l, plain(l), n))
        len = uplrules_selectFormatted(*rules, l->result, u, PL_LEN(u) - 1, &err);
    if (U_SUCCESS(err)) u_UCharsToChars(u, word, len);
    for (int i = PL_ZERO; i < PL_OTHER; i++)
        if (strcmp(word, names[i]) == 0) return (enum pl_plural)i;
    return PL_OTHER;
}

/* ---- dates ---- */

/* U+202F before AM and PM looks like a space and compares like none; write the space. */
static void plain_spaces(UChar *u, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        if (u[i] == 0x202f) u[i] = ' ';
}

static UDateFormat *date_format(struct pl_locale *l, enum pl_locale_date which, bool zoned) {
    static const struct {
        UDateFormatStyle time, date;
    } styles[PL_LOCALE_DATES] = {
        [PL_LOCALE_MEDIUM] = {UDAT_NONE, UDAT_MEDIUM},
        [PL_LOCALE_LONG] = {UDAT_NONE, UDAT_LONG},
        [PL_LOCALE_SHORT] = {UDAT_NONE, UDAT_SHORT},
        [PL_LOCALE_TIME] = {UDAT_SHORT, UDAT_NONE},
        [PL_LOCALE_DATETIME] = {UDAT_SHORT, UDAT_MEDIUM},
        [PL_LOCALE_WEEKDAY] = {UDAT_PATTERN, UDAT_PATTERN},
    };
    UDateFormat **f = &l->dates[zoned][which];
    if (*f != NULL) return *f;
    UErrorCode err = U_ZERO_ERROR;
    UChar zone[64];
    const char *name = zoned ? l->zone : "Etc/UTC";
    u_charsToUChars(name, zone, (int32_t)strlen(name) + 1);
    *f = udat_open(styles[which].time, styles[which].date, l->icu, zone, -1, u"EEEE",
                   which == PL_LOCALE_WEEKDAY ? 4 : 0, &err);
    if (U_FAILURE(err)) *f = NULL;
    return *f;
}

static int32_t print_date(struct pl_locale *l, enum pl_locale_date which, bool zoned, int64_t ms,
                          UChar out[128]) {
    UDateFormat *f = date_format(l, which, zoned);
    UErrorCode err = U_ZERO_ERROR;
    int32_t n = f == NULL ? 0 : udat_format(f, (UDate)ms, out, 128, NULL, &err);
    if (U_FAILURE(err)) return 0;
    plain_spaces(out, n);
    return n;
}

static void put_date(struct pl_locale *l, enum pl_locale_date which, bool zoned, int64_t ms,
                     struct pl_buf *out) {
    UChar u[128];
    pl_locale__put(out, u, print_date(l, which, zoned, ms, u));
}

static URelativeDateTimeFormatter *relative(struct pl_locale *l) {
    UErrorCode err = U_ZERO_ERROR;
    if (l->relative == NULL)
        l->relative =
            ureldatefmt_open(l->icu, NULL, UDAT_STYLE_LONG, UDISPCTX_CAPITALIZATION_NONE, &err);
    return U_SUCCESS(err) ? l->relative : NULL;
}

/* Days since 1970-01-01 on the wall calendar of the locale's zone. */
static int64_t day_of(struct pl_locale *l, int64_t ms) {
    struct pl_local w = pl_locale_to_local(l->tools, pl_str_c(l->zone), ms);
    int64_t local = ms + (int64_t)w.offset_minutes * 60000;
    return local >= 0 ? local / DAY_MS : -((-local + DAY_MS - 1) / DAY_MS);
}

/* "today", "tomorrow", "Thursday" within the coming week, else the date. */
static int32_t print_day(struct pl_locale *l, int64_t day, int64_t today, UChar out[128]) {
    int64_t d = day - today;
    UErrorCode err = U_ZERO_ERROR;
    if (d >= -1 && d <= 1 && relative(l) != NULL) {
        int32_t n = ureldatefmt_format(l->relative, (double)d, UDAT_REL_UNIT_DAY, out, 128, &err);
        if (U_SUCCESS(err)) return n;
    }
    return print_date(l, d > 1 && d < 7 ? PL_LOCALE_WEEKDAY : PL_LOCALE_MEDIUM, false, day * DAY_MS,
                      out);
}

static void put_relative(struct pl_locale *l, struct pl_value v, bool day_only, int64_t now,
                         struct pl_buf *out) {
    UChar day[128], time[128], both[300];
    bool dated = v.kind == PL_KIND_DATE;
    int32_t n = print_day(l, dated ? v.date : day_of(l, v.datetime), day_of(l, now), day);
    if (dated || day_only) {
        pl_locale__put(out, day, n);
        return;
    }
    int32_t m = print_date(l, PL_LOCALE_TIME, true, v.datetime, time);
    UErrorCode err = U_ZERO_ERROR;
    if (relative(l) == NULL) return;
    n = ureldatefmt_combineDateAndTime(l->relative, day, n, time, m, both, PL_LEN(both), &err);
    if (U_FAILURE(err)) return;
    pl_locale__put(out, both, n);
}

static int64_t rounded(int64_t ms, int64_t unit) {
    return (ms + (ms < 0 ? -unit / 2 : unit / 2)) / unit;
}

/* "in 5 hours", "3 days ago", in the largest unit that gives at least one. */
static void put_fromnow(struct pl_locale *l, int64_t ms, struct pl_buf *out) {
    static const struct {
        int64_t from, unit;
        URelativeDateTimeUnit name;
    } steps[] = {
        {350 * DAY_MS, 365 * DAY_MS, UDAT_REL_UNIT_YEAR},
        {45 * DAY_MS, 30 * DAY_MS + DAY_MS / 2, UDAT_REL_UNIT_MONTH},
        {DAY_MS - 1800000, DAY_MS, UDAT_REL_UNIT_DAY},
        {3600000 - 30000, 3600000, UDAT_REL_UNIT_HOUR},
        {60000 - 500, 60000, UDAT_REL_UNIT_MINUTE},
        {0, 1000, UDAT_REL_UNIT_SECOND},
    };
    int64_t size = ms < 0 ? -ms : ms;
    size_t i = 0;
    while (size < steps[i].from) i++;
    int64_t n = rounded(ms, steps[i].unit);
    UChar u[128];
    UErrorCode err = U_ZERO_ERROR;
    if (relative(l) == NULL) return;
    int32_t len = n == 0 ? ureldatefmt_format(l->relative, 0, steps[i].name, u, PL_LEN(u), &err)
                         : ureldatefmt_formatNumeric(l->relative, (double)n, steps[i].name, u,
                                                     PL_LEN(u), &err);
    if (U_SUCCESS(err)) pl_locale__put(out, u, len);
}

static int64_t since(struct pl_locale *l, struct pl_value v, const struct pl_locale_env *env) {
    if (v.kind == PL_KIND_DURATION) return v.duration;
    if (v.kind == PL_KIND_DATETIME) return v.datetime - env->now_ms;
    return (v.date - day_of(l, env->now_ms)) * DAY_MS;
}

static void put_dated(struct pl_locale *l, struct pl_value v, uint64_t style,
                      const struct pl_locale_env *env, struct pl_buf *out) {
    bool zoned = v.kind == PL_KIND_DATETIME;
    int64_t ms = zoned                    ? v.datetime
                 : v.kind == PL_KIND_DATE ? v.date * DAY_MS
                                          : v.time * INT64_C(1000);
    bool time = v.kind == PL_KIND_TIME;
    switch (style) {
    case PL_STYLE_RELATIVE:
    case PL_STYLE_DAY:
        if (!time) return put_relative(l, v, style == PL_STYLE_DAY, env->now_ms, out);
        break;
    case PL_STYLE_FROMNOW:
        if (!time) return put_fromnow(l, since(l, v, env), out);
        break;
    case PL_STYLE_DATE: return put_date(l, PL_LOCALE_MEDIUM, zoned, ms, out);
    case PL_STYLE_LONG: return put_date(l, PL_LOCALE_LONG, zoned, ms, out);
    case PL_STYLE_SHORT: return put_date(l, PL_LOCALE_SHORT, zoned, ms, out);
    case PL_STYLE_TIME: time = true; break;
    default: break;
    }
    put_date(l,
             time    ? PL_LOCALE_TIME
             : zoned ? PL_LOCALE_DATETIME
                     : PL_LOCALE_MEDIUM,
             zoned, ms, out);
}

/* ---- joined texts ---- */

static UListFormatter *joiner(struct pl_locale *l, bool units) {
    UListFormatter **f = units ? &l->units : &l->list;
    UErrorCode err = U_ZERO_ERROR;
    if (*f == NULL)
        *f = ulistfmt_openForType(l->icu, units ? ULISTFMT_TYPE_UNITS : ULISTFMT_TYPE_AND,
                                  ULISTFMT_WIDTH_WIDE, &err);
    if (U_FAILURE(err)) *f = NULL;
    return *f;
}

/* Joins texts that stand in `parts` one after another, text i ending at ends[i]. */
static void join(struct pl_locale *l, bool units, const struct pl_buf *parts, const size_t *ends,
                 uint32_t n, struct pl_buf *out) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    const UChar **u = PL_NEW_ARRAY(&a, const UChar *, n);
    int32_t *len = PL_NEW_ARRAY(&a, int32_t, n);
    int32_t room = 64;
    for (uint32_t i = 0; i < n; i++) {
        size_t from = i == 0 ? 0 : ends[i - 1];
        struct pl_str s = {parts->p + from, ends[i] - from};
        u[i] = pl_locale__utf16(&a, s, &len[i]);
        if (u[i] == NULL) u[i] = u"";
        room += len[i] + 16;
    }
    UChar *r = PL_NEW_ARRAY(&a, UChar, (size_t)room);
    UErrorCode err = U_ZERO_ERROR;
    UListFormatter *f = joiner(l, units);
    int32_t m = f == NULL ? 0 : ulistfmt_format(f, u, len, (int32_t)n, r, room, &err);
    if (U_SUCCESS(err)) pl_locale__put(out, r, m);
    pl_arena_free(&a);
}

/* "30 days", "1 hour, 30 minutes": the two largest units that are not zero. */
static void put_duration(struct pl_locale *l, int64_t ms, struct pl_buf *out) {
    static const int64_t sizes[] = {86400, 3600, 60, 1};
    static const char *const names[] = {"day", "hour", "minute", "second"};
    int64_t rest = rounded(ms < 0 ? -ms : ms, 1000);
    struct pl_buf parts = {0};
    size_t ends[2];
    uint32_t n = 0;
    for (int i = 0; i < PL_LOCALE_UNITS && n < 2; i++) {
        int64_t count = rest / sizes[i];
        rest %= sizes[i];
        if (count == 0 && !(i == PL_LOCALE_SECOND && n == 0)) continue;
        char skeleton[64];
        snprintf(skeleton, sizeof(skeleton), "measure-unit/duration-%s unit-width-full-name",
                 names[i]);
        if (l->unit[i] == NULL) l->unit[i] = open_number(l, skeleton);
        if (ms < 0 && n == 0) count = -count;
        put_number(l, l->unit[i], (struct pl_dec){count, 0}, &parts);
        ends[n++] = parts.n;
    }
    if (n == 1)
        pl_buf_str(out, pl_buf_slice(&parts));
    else
        join(l, true, &parts, ends, n, out);
    pl_buf_free(&parts);
}

static void put_list(struct pl_locale *l, struct pl_value v, const struct pl_locale_env *env,
                     struct pl_buf *out) {
    if (v.list.n == 0) return;
    struct pl_buf parts = {0};
    PL_VEC(size_t) ends = {0};
    for (uint32_t i = 0; i < v.list.n; i++) {
        if (v.list.v[i].kind != PL_KIND_LIST)
            pl_locale_format(l, v.list.v[i], PL_STYLE_PLAIN, env, &parts);
        PL_PUSH(&ends, parts.n);
    }
    join(l, false, &parts, ends.v, v.list.n, out);
    PL_VEC_FREE(&ends);
    pl_buf_free(&parts);
}

/* ---- texts ---- */

enum direction { NEUTRAL, LEFT, RIGHT };

static enum direction direction_of(uint32_t cp) {
    if (cp < 0x80) return (cp | 32) >= 'a' && (cp | 32) <= 'z' ? LEFT : NEUTRAL;
    switch (u_charDirection((UChar32)cp)) {
    case U_LEFT_TO_RIGHT: return LEFT;
    case U_RIGHT_TO_LEFT:
    case U_RIGHT_TO_LEFT_ARABIC: return RIGHT;
    default: return NEUTRAL;
    }
}

/* Would the text's letters, or the lack of them ("+49 30 1"), be shuffled by what stands around? */
static bool needs_isolation(struct pl_str s, bool rtl) {
    bool left = false, right = false;
    for (size_t at = 0; at < s.n;) {
        enum direction d = direction_of(pl_utf8_next(s, &at));
        left |= d == LEFT;
        right |= d == RIGHT;
    }
    return rtl ? left || !right : right;
}

static void put_text(struct pl_locale *l, struct pl_str s, struct pl_buf *out) {
    bool isolate = s.n > 0 && needs_isolation(s, l->rtl);
    if (isolate) pl_buf_c(out, "\u2068");
    pl_buf_str(out, s);
    if (isolate) pl_buf_c(out, "\u2069");
}

/* A language by its name in this locale. */
static void put_language(struct pl_locale *l, struct pl_str s, struct pl_buf *out) {
    char icu[64];
    UChar u[96];
    UErrorCode err = U_ZERO_ERROR;
    if (!pl_locale__icu_id(s, icu, sizeof(icu))) return put_text(l, s, out);
    int32_t n = uloc_getDisplayName(icu, l->icu, u, PL_LEN(u), &err);
    if (U_SUCCESS(err)) pl_locale__put(out, u, n);
}

static void put_enum(struct pl_locale *l, struct pl_value v, const struct pl_locale_env *env,
                     struct pl_buf *out) {
    struct pl_str code;
    if (env->label != NULL && env->label(env->ctx, v.e.type, v.e.member, &code))
        pl_locale_render(l, code, NULL, 0, env, out);
    else
        put_text(l, v.e.member, out);
}

void pl_locale_format(struct pl_locale *l, struct pl_value v, uint64_t style,
                      const struct pl_locale_env *env, struct pl_buf *out) {
    static const struct pl_locale_env none;
    if (env == NULL) env = &none;
    switch (v.kind) {
    case PL_KIND_NUMBER: return pl_locale__number(l, v.n, out);
    case PL_KIND_PERCENT: return put_percent(l, v.n, out);
    case PL_KIND_MONEY: return put_money(l, v, out);
    case PL_KIND_DATE:
    case PL_KIND_TIME:
    case PL_KIND_DATETIME: return put_dated(l, v, style, env, out);
    case PL_KIND_DURATION:
        if (style == PL_STYLE_FROMNOW) return put_fromnow(l, v.duration, out);
        return put_duration(l, v.duration, out);
    case PL_KIND_LANGUAGE: return put_language(l, v.s, out);
    case PL_KIND_TEXT:
    case PL_KIND_EMAIL:
    case PL_KIND_PHONE:
    case PL_KIND_URL:
    case PL_KIND_FILE:
    case PL_KIND_CARD:
    case PL_KIND_ENTITY: return put_text(l, v.s, out);
    case PL_KIND_ENUM: return put_enum(l, v, env, out);
    case PL_KIND_LIST: return put_list(l, v, env, out);
    default: return; /* has no printed form */
    }
}
