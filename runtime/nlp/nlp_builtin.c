/* SPDX-License-Identifier: Apache-2.0
 *
 * Built-in kinds: number, percent, money, e-mail, phone, date. All but words for numbers and days
 * begin with a digit or an '@', so most messages are left after one look.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

/* ---- lists of words ---- */

bool pl_nlp__in_list(const char *words, struct pl_str w) {
    char b[40];
    if (w.n == 0 || w.n + 3 > sizeof(b)) return false;
    b[0] = ' ';
    memcpy(b + 1, w.p, w.n);
    b[w.n + 1] = ' ';
    b[w.n + 2] = 0;
    return strstr(words, b) != NULL;
}

struct valued {
    int value;
    const char *words;
};

static const struct valued numbers[] = {
#define NUMBER(value, words) {value, words},
#include "runtime/nlp/builtin.def"
};
static const struct {
    const char *iso, *words;
} currencies[] = {
#define CURRENCY(iso, words) {iso, words},
#include "runtime/nlp/builtin.def"
};
static const char percents[] =
#define PERCENT(words) words
#include "runtime/nlp/builtin.def"
    ;

void pl_nlp__add_builtin(struct pl_nlp_turn *t, size_t start, size_t end, struct pl_value v) {
    struct pl_nlp_found f = {
        .entity = PL_NLP_BUILTIN,
        .name = pl_str_c(pl_kind_word(v.kind)),
        .start = (uint32_t)start,
        .end = (uint32_t)end,
        .value = v,
        .how = PL_NLP_BY_BUILTIN,
    };
    pl_nlp__add(t, f);
}

/* ---- e-mail ---- */

static bool is_local(uint8_t c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
           (c != 0 && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static bool is_domain(uint8_t c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
           c == '.' || c == '-';
}

#define MOST_LOCAL 64
#define MOST_LABEL 63

static bool good_local(struct pl_str s) {
    for (size_t i = 0; i + 1 < s.n; i++)
        if (s.p[i] == '.' && s.p[i + 1] == '.') return false;
    return s.n > 0 && s.n <= MOST_LOCAL && s.p[s.n - 1] != '.';
}

/* Dots stand between parts, and the last part has two bytes at least and no digit in front. */
static bool good_domain(struct pl_str d) {
    size_t dot = SIZE_MAX;
    for (size_t i = 0; i < d.n; i++) {
        if (d.p[i] != '.') {
            if (i - (dot == SIZE_MAX ? 0 : dot) > MOST_LABEL) return false;
            continue;
        }
        if (i == 0 || d.p[i - 1] == '.') return false;
        dot = i;
    }
    return dot != SIZE_MAX && d.n - dot > 2 && !(d.p[dot + 1] >= '0' && d.p[dot + 1] <= '9');
}

static void find_emails(struct pl_nlp_turn *t) {
    struct pl_str s = t->text;
    for (size_t at = 0; at < s.n; at++) {
        if (s.p[at] != '@') continue;
        size_t from = at, to = at + 1;
        while (from > 0 && is_local((uint8_t)s.p[from - 1])) from--;
        while (from < at && strchr(".'!?/", s.p[from]) != NULL) from++;
        while (to < s.n && is_domain((uint8_t)s.p[to])) to++;
        while (to > at + 1 && (s.p[to - 1] == '.' || s.p[to - 1] == '-')) to--;
        struct pl_str domain = {s.p + at + 1, to - at - 1};
        if (!good_local((struct pl_str){s.p + from, at - from}) || !good_domain(domain)) continue;
        struct pl_value v = pl_text((struct pl_str){s.p + from, to - from});
        v.kind = PL_KIND_EMAIL;
        pl_nlp__add_builtin(t, from, to, v);
    }
}

/* ---- numbers ---- */

/* Languages that write 1.234,50. */
static bool comma_decimal(struct pl_str locale) {
    static const char *const langs[] = {"es", "de", "fr", "it", "pt", "nl", "ru", "tr", "pl"};
    static const char *const others[] = {"es-MX", "es-US", "es-GT", "es-PA", "de-CH"};
    for (size_t i = 0; i < PL_LEN(others); i++)
        if (pl_str_is(locale, others[i])) return false;
    for (size_t i = 0; i < PL_LEN(langs); i++)
        if (pl_str_is(pl_locale_language(locale), langs[i])) return true;
    return false;
}

/* The byte that is the decimal mark among points and commas; 0: none is. */
static char decimal_mark(struct pl_str s, bool comma) {
    size_t points = 0, commas = 0, last = 0;
    for (size_t i = 0; i < s.n; i++) {
        points += s.p[i] == '.';
        commas += s.p[i] == ',';
        if (s.p[i] == '.' || s.p[i] == ',') last = i;
    }
    if (points + commas == 0) return 0;
    if (points > 0 && commas > 0) return s.p[last]; /* the other one groups */
    if (points + commas > 1) return 0;              /* 1.234.567 */
    bool groups =
        s.n - last - 1 == 3 && s.p[last] == (comma ? '.' : ',') && last <= 3 && s.p[0] != '0';
    return groups ? 0 : s.p[last];
}

/* A folded word of digits, points and commas. */
static bool parse_number(struct pl_str s, bool comma, struct pl_dec *out) {
    char b[32];
    size_t n = 0;
    char mark = decimal_mark(s, comma);
    if (s.n >= sizeof(b)) return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c >= '0' && c <= '9')
            b[n++] = c;
        else if (c == mark && mark != 0)
            b[n++] = '.';
        else if (c != '.' && c != ',')
            return false;
    }
    size_t zeros = 0; /* a number, not a code: leading zeros are dropped */
    while (zeros + 1 < n && b[zeros] == '0' && b[zeros + 1] != '.') zeros++;
    return n > 0 && pl_dec_parse((struct pl_str){b + zeros, n - zeros}, out);
}

bool pl_nlp__word_number(struct pl_str w, struct pl_dec *out) {
    for (size_t i = 0; i < PL_LEN(numbers); i++)
        if (pl_nlp__in_list(numbers[i].words, w))
            return *out = (struct pl_dec){numbers[i].value, 0}, true;
    return false;
}

/* The ISO code of a currency's word or mark, or NULL. "$" is the conversation's dollar. */
static const char *currency_of(const struct pl_nlp_turn *t, struct pl_str w) {
    struct pl_str own = t->ctx->currency;
    if (pl_str_is(w, "$") && own.n == 3 && (own.p[2] == 'D' || pl_str_is(own, "MXN")) &&
        own.p[0] != 'S')
        return own.p;
    for (size_t i = 0; i < PL_LEN(currencies); i++)
        if (pl_nlp__in_list(currencies[i].words, w)) return currencies[i].iso;
    return NULL;
}

/* The code point that ends before, or starts at, a byte, spaces skipped; moves *at over it. */
static struct pl_str mark_before(struct pl_str s, size_t *at) {
    size_t e = *at;
    while (e > 0 && s.p[e - 1] == ' ') e--;
    size_t b = e;
    while (b > 0 && ((uint8_t)s.p[b - 1] & 0xc0) == 0x80) b--;
    if (b > 0) b--;
    *at = b;
    return (struct pl_str){s.p + b, e - b};
}

static struct pl_str mark_after(struct pl_str s, size_t *at) {
    size_t b = *at;
    while (b < s.n && s.p[b] == ' ') b++;
    size_t e = b;
    if (e < s.n) pl_utf8_next(s, &e);
    *at = e;
    return (struct pl_str){s.p + b, e - b};
}

struct near {
    struct pl_str text;
    size_t start, end;
};

/* Marks and words beside the number in words [i]: mark before, word before, mark after, word after.
 */
static void look_around(const struct pl_nlp_turn *t, uint32_t i, struct near out[4]) {
    const struct pl_words *w = &t->r->words;
    size_t start = w->v[i].start, end = w->v[i].end, at = start;
    struct pl_str m = mark_before(t->text, &at);
    out[0] = (struct near){m, at, end};
    out[1] = (struct near){{0}, start, end};
    if (i > 0 && w->v[i - 1].end + 1 >= start)
        out[1] = (struct near){w->v[i - 1].folded, w->v[i - 1].start, end};
    at = end;
    m = mark_after(t->text, &at);
    out[2] = (struct near){m, start, at};
    out[3] = (struct near){{0}, start, end};
    if (i + 1 < w->n && w->v[i + 1].start <= end + 1)
        out[3] = (struct near){w->v[i + 1].folded, start, w->v[i + 1].end};
}

static void add_money(struct pl_nlp_turn *t, uint32_t i, struct pl_dec n) {
    struct near near[4];
    look_around(t, i, near);
    for (int k = 0; k < 4; k++) {
        const char *iso = near[k].text.n > 0 ? currency_of(t, near[k].text) : NULL;
        if (iso == NULL) continue;
        char code[4] = {iso[0], iso[1], iso[2], 0};
        pl_nlp__add_builtin(t, near[k].start, near[k].end, pl_money(n, code));
        return;
    }
    if (t->ctx->asked != PL_KIND_MONEY || t->ctx->currency.n != 3) return;
    char code[4] = {t->ctx->currency.p[0], t->ctx->currency.p[1], t->ctx->currency.p[2], 0};
    pl_nlp__add_builtin(t, t->r->words.v[i].start, t->r->words.v[i].end, pl_money(n, code));
}

static void add_percent(struct pl_nlp_turn *t, uint32_t i, struct pl_dec n) {
    struct near near[4];
    look_around(t, i, near);
    const struct pl_words *w = &t->r->words;
    if (pl_str_is(near[3].text, "por") && i + 2 < w->n && pl_str_is(w->v[i + 2].folded, "ciento")) {
        near[3].text = PL_STR("%");
        near[3].end = w->v[i + 2].end;
    }
    for (int k = 2; k < 4; k++) {
        if (near[k].text.n == 0 || !pl_nlp__in_list(percents, near[k].text)) continue;
        struct pl_value v = {.kind = PL_KIND_PERCENT, .n = n};
        pl_nlp__add_builtin(t, near[k].start, near[k].end, v);
        return;
    }
}

static bool follows_minus(const struct pl_nlp_turn *t, uint32_t i) {
    size_t start = t->r->words.v[i].start;
    return start > 0 && t->text.p[start - 1] == '-' && (start == 1 || t->text.p[start - 2] == ' ');
}

static void find_numbers(struct pl_nlp_turn *t) {
    const struct pl_words *w = &t->r->words;
    bool comma = comma_decimal(t->ctx->locale);
    for (uint32_t i = 0; i < w->n; i++) {
        struct pl_dec n;
        size_t start = w->v[i].start;
        struct pl_str s = w->v[i].folded;
        bool digits = s.p[0] >= '0' && s.p[0] <= '9';
        if (!digits && !pl_nlp__may_be(&w->v[i], PL_NLP_TAG_NUMBER)) continue;
        if (digits ? !parse_number(s, comma, &n) : !pl_nlp__word_number(s, &n)) continue;
        if (digits && follows_minus(t, i)) n.m = -n.m, start--;
        pl_nlp__add_builtin(t, start, w->v[i].end,
                            (struct pl_value){.kind = PL_KIND_NUMBER, .n = n});
        if (!digits) continue;
        add_money(t, i, n);
        add_percent(t, i, n);
    }
}

/* ---- phones ---- */

#define LEAST_PHONE 7
#define MOST_PHONE  15

static bool phone_mark(char c) {
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

/* "203.0.113.77" is an address of another kind. */
static bool is_ip(struct pl_str s) {
    size_t dots = 0, run = 0;
    for (size_t i = 0; i < s.n; i++) {
        run = s.p[i] == '.' ? 0 : run + 1;
        dots += s.p[i] == '.';
        if (run > 3) return false;
    }
    return dots == 3;
}

/* Folded digits of the words that make one number from word i on; the word after it in *next. */
static size_t phone_digits(const struct pl_nlp_turn *t, uint32_t i, char out[MOST_PHONE + 1],
                           uint32_t *next) {
    const struct pl_words *w = &t->r->words;
    size_t n = 0;
    for (*next = i; *next < w->n; (*next)++) {
        const struct pl_word *x = &w->v[*next];
        if (*next > i) {
            size_t gap = x->start - w->v[*next - 1].end;
            bool marks = gap <= 3;
            for (size_t j = 0; j < gap && marks; j++)
                marks = phone_mark(t->text.p[x->start - 1 - j]);
            if (!marks) break;
        }
        bool all = true;
        for (size_t j = 0; j < x->folded.n; j++)
            all =
                all && ((x->folded.p[j] >= '0' && x->folded.p[j] <= '9') || x->folded.p[j] == '.');
        if (!all || is_ip(x->folded)) break;
        for (size_t j = 0; j < x->folded.n; j++)
            if (x->folded.p[j] != '.' && n <= MOST_PHONE) out[n++] = x->folded.p[j];
    }
    return n;
}

/* "2026-11-22" is a date. */
static bool looks_dated(struct pl_str s) {
    size_t groups = 1;
    for (size_t i = 0; i < s.n; i++) groups += s.p[i] == '-' || s.p[i] == '/' || s.p[i] == '.';
    return groups == 3 && s.n <= 10;
}

static void find_phones(struct pl_nlp_turn *t) {
    const struct pl_words *w = &t->r->words;
    for (uint32_t i = 0, next; i<w->n; i = next> i ? next : i + 1) {
        char digits[MOST_PHONE + 2];
        size_t n = phone_digits(t, i, digits + 1, &next);
        if (n < LEAST_PHONE || n > MOST_PHONE) continue;
        size_t start = w->v[i].start, end = w->v[next - 1].end;
        if (looks_dated((struct pl_str){t->text.p + start, end - start})) continue;
        bool plus = false;
        while (start > 0 && (t->text.p[start - 1] == '(' || t->text.p[start - 1] == '+')) {
            plus |= t->text.p[start - 1] == '+';
            start--;
        }
        digits[0] = '+';
        bool zeros = !plus && digits[1] == '0' && digits[2] == '0';
        struct pl_str s = plus ? (struct pl_str){digits, n + 1} : (struct pl_str){digits + 1, n};
        if (zeros) { /* 00 is the + of a keypad */
            digits[2] = '+';
            s = (struct pl_str){digits + 2, n - 1};
        }
        struct pl_value v = pl_text(pl_arena_str(t->a, s));
        v.kind = PL_KIND_PHONE;
        pl_nlp__add_builtin(t, start, end, v);
    }
}

/* ---- dates ---- */

/* The day that is told; of "by tomorrow" its end. */
static int32_t day_of(const struct pl_nlp_time *w) {
    bool point = w->kind == PL_NLP_IS_DATE || w->kind == PL_NLP_IS_DATETIME;
    bool until = w->kind == PL_NLP_IS_DATES && w->day == PL_NLP_OPEN;
    return w->now ? PL_NLP_OPEN : point ? w->day : until ? w->last_day : PL_NLP_OPEN;
}

static void find_dates(struct pl_nlp_turn *t) {
    for (uint32_t i = 0; i < t->r->ntimes; i++) {
        const struct pl_nlp_time *w = &t->r->times[i];
        struct pl_value v = {.kind = PL_KIND_DATE, .date = day_of(w)};
        if (v.date != PL_NLP_OPEN) pl_nlp__add_builtin(t, w->start, w->end, v);
    }
}

void pl_nlp__builtins(struct pl_nlp_turn *t) {
    if (t->at) find_emails(t);
    find_numbers(t);
    if (t->digits) find_phones(t);
    pl_nlp__times(t);
    find_dates(t);
    pl_nlp__asked(t);
}
