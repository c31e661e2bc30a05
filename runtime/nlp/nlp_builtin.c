/* SPDX-License-Identifier: Apache-2.0
 *
 * Built-in kinds: e-mail, phone, date; numbers and what is made of them are in nlp_number.c. An
 * e-mail needs an '@' and a phone a digit, so most messages are left after one look.
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
    pl_nlp__numbers(t);
    if (t->digits) find_phones(t);
    pl_nlp__times(t);
    find_dates(t);
    pl_nlp__asked(t);
    pl_nlp__extras(t);
}
