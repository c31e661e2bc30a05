/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds personal data in a text: each scanner adds what it sees, then what overlaps is joined. Too
 * much found costs a model a word; too little costs a customer his privacy.
 */
#include "runtime/locale/locale.h"
#include "runtime/privacy/privacy_priv.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TEXT       (1u << 20)
#define MOST_PHONE      15
#define LEAST_IBAN      15
#define MOST_IBAN       34
#define LEAST_NAME_WORD 3

struct finds {
    struct pl_arena *a;
    struct pl_personal *v;
    size_t n, cap;
    bool failed;
};

static void add(struct finds *f, size_t start, size_t end, enum pl_personal_kind kind) {
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 8;
        struct pl_personal *v = PL_NEW_ARRAY(f->a, struct pl_personal, cap);
        f->failed |= v == NULL;
        if (f->failed) return;
        if (f->n) memcpy(v, f->v, f->n * sizeof *v);
        f->v = v;
        f->cap = cap;
    }
    f->v[f->n++] = (struct pl_personal){(uint32_t)start, (uint32_t)end, (uint8_t)kind};
}

/* ---- e-mail ---- */

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Latin letters with diacritics are part of an address, letters of other scripts only where it is
 * all of such: "我的邮箱是ana@example.com谢谢" has one of three words. */
static bool is_latin(struct pl_str s, size_t at) {
    uint32_t c = pl_utf8_next(s, &at);
    return c >= 0xc0 && c < 0x250;
}

static bool is_local(uint8_t c) {
    return pl_privacy__is_letter(c) || is_digit(c) ||
           (c != 0 && c < 0x80 && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static bool is_domain(uint8_t c) {
    return pl_privacy__is_letter(c) || is_digit(c) || c == '.' || c == '-';
}

static size_t before(struct pl_str s, size_t at) {
    do at--;
    while (at > 0 && ((uint8_t)s.p[at] & 0xc0) == 0x80);
    return at;
}

static size_t after(struct pl_str s, size_t at) {
    pl_utf8_next(s, &at);
    return at;
}

bool pl_privacy__email(struct pl_str s, size_t at, size_t least, size_t *from, size_t *to) {
    *from = at;
    *to = at + 1;
    bool foreign = at > least && (uint8_t)s.p[at - 1] >= 0x80 && !is_latin(s, before(s, at));
    while (*from > least) {
        size_t b = before(s, *from);
        uint8_t c = (uint8_t)s.p[b];
        if (b < least || !(c < 0x80 ? is_local(c) : foreign || is_latin(s, b))) break;
        *from = b;
    }
    foreign = *to < s.n && (uint8_t)s.p[*to] >= 0x80 && !is_latin(s, *to);
    while (*to < s.n) {
        uint8_t c = (uint8_t)s.p[*to];
        if (!(c < 0x80 ? is_domain(c) : foreign || is_latin(s, *to))) break;
        *to = after(s, *to);
    }
    return *from<at && * to> at + 1;
}

static void find_emails(struct finds *f, struct pl_str s) {
    size_t from, to, done = 0;
    for (size_t at = 0; at < s.n; at++) {
        if (s.p[at] != '@' || !pl_privacy__email(s, at, done, &from, &to)) continue;
        while (to > at + 2 && (s.p[to - 1] == '.' || s.p[to - 1] == '-')) to--;
        add(f, from, to, PL_PERSONAL_EMAIL);
        done = to;
        at = to - 1;
    }
}

/* ---- numbers ---- */

size_t pl_privacy__number_end(const struct pl_privacy_text *t, size_t i) {
    size_t end = i + 1;
    while (end < t->n && t->d[end].link != PL_PRIVACY_BROKEN) end++;
    return end;
}

/* How many groups the digits [i, end) stand in, their lengths in g (at most 6). */
static size_t groups(const struct pl_privacy_text *t, size_t i, size_t end, unsigned g[6]) {
    size_t n = 0;
    for (size_t k = i; k < end; k++) {
        if (k == i || t->d[k].link == PL_PRIVACY_SPACED) {
            if (n == 6) return 7;
            g[n++] = 0;
        }
        g[n - 1]++;
    }
    return n;
}

static unsigned number(const struct pl_privacy_text *t, size_t i, unsigned n) {
    unsigned v = 0;
    for (unsigned k = 0; k < n; k++) v = v * 10 + t->d[i + k].value;
    return v;
}

/* "2026-11-22", "22.11.2026", "2026-11-22 09:00:00" */
static bool is_date(const struct pl_privacy_text *t, size_t i, size_t end) {
    unsigned g[6] = {0};
    size_t n = groups(t, i, end, g);
    if (n < 3 || n > 6) return false;
    bool year_first = g[0] == 4 && g[1] <= 2 && g[2] <= 2;
    bool year_last = g[0] <= 2 && g[1] <= 2 && g[2] == 4;
    if (!year_first && !year_last) return false;
    unsigned a = number(t, i, g[0]), b = number(t, i + g[0], g[1]);
    unsigned c = number(t, i + g[0] + g[1], g[2]);
    unsigned year = year_first ? a : c, x = year_first ? b : a, y = year_first ? c : b;
    return year >= 1900 && year < 2200 && x >= 1 && y >= 1 && x <= 31 && y <= 31 &&
           (x <= 12 || y <= 12);
}

static bool is_ip4(const struct pl_privacy_text *t, size_t i, size_t end) {
    unsigned g[6] = {0};
    size_t at = i;
    if (groups(t, i, end, g) != 4) return false;
    for (size_t k = 0; k < 4; at += g[k++]) {
        if (g[k] > 3 || number(t, at, g[k]) > 255) return false;
        if (k > 0 && t->d[at].mark != '.') return false;
    }
    return true;
}

static void find_numbers(struct finds *f, struct pl_str s) {
    struct pl_privacy_text t;
    if (pl_privacy__count_digits(s) < 4) return;
    if (!pl_privacy__scan(f->a, s, &t)) {
        f->failed = true;
        return;
    }
    for (size_t i = 0, end; i < t.n; i = end) {
        end = pl_privacy__number_end(&t, i);
        size_t n = end - i, start = t.d[i].start;
        if (t.d[i].attached) continue;
        if (is_ip4(&t, i, end)) {
            add(f, start, t.d[end - 1].end, PL_PERSONAL_IP);
        } else if (n >= PL_PRIVACY_LEAST_PHONE && n <= MOST_PHONE && !is_date(&t, i, end)) {
            if (start > 0 && (s.p[start - 1] == '+' || s.p[start - 1] == '(')) start--;
            if (start > 0 && s.p[start - 1] == '+') start--;
            add(f, start, t.d[end - 1].end, PL_PERSONAL_PHONE);
        }
    }
}

/* ---- IBAN ---- */

static bool is_alnum(uint8_t c) {
    return pl_privacy__is_letter(c) || is_digit(c);
}

/* 36 values of letters and digits, two decimal digits for a letter, modulo 97. */
static unsigned mod97(unsigned m, uint8_t c) {
    if (is_digit(c)) return (m * 10 + (c - '0')) % 97;
    return (m * 100 + ((c | 32) - 'a' + 10u)) % 97;
}

static bool checks(const uint8_t *c, size_t n) {
    unsigned m = 0;
    for (size_t i = 4; i < n + 4; i++) m = mod97(m, c[i % n]);
    return m == 1;
}

/* The end of the longest IBAN that begins at `at`, or `at`. */
static size_t iban_end(struct pl_str s, size_t at) {
    uint8_t c[MOST_IBAN];
    size_t n = 0, best = at;
    for (size_t i = at; i < s.n && n < MOST_IBAN; i++) {
        uint8_t x = (uint8_t)s.p[i];
        bool gap = x == ' ' || x == '-' || x == '.';
        if (gap && n > 0) continue;
        bool fits = n < 2 ? pl_privacy__is_letter(x) : n < 4 ? is_digit(x) : is_alnum(x);
        if (!fits) break;
        c[n++] = x;
        bool ends = i + 1 == s.n || !is_alnum((uint8_t)s.p[i + 1]);
        if (n >= LEAST_IBAN && ends && checks(c, n)) best = i + 1;
    }
    return best;
}

static void find_ibans(struct finds *f, struct pl_str s) {
    for (size_t i = 0; i + LEAST_IBAN <= s.n; i++) {
        if (!pl_privacy__is_letter((uint8_t)s.p[i])) continue;
        size_t end = i > 0 && is_alnum((uint8_t)s.p[i - 1]) ? i : iban_end(s, i);
        if (end == i) continue;
        add(f, i, end, PL_PERSONAL_IBAN);
        i = end - 1;
    }
}

/* ---- IPv6 ---- */

static bool is_hex(uint8_t c) {
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Groups of at most four hex digits between colons: eight, or fewer around one "::". */
static bool is_ip6(struct pl_str s) {
    unsigned ngroups = 0, digits = 0, doubles = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ':') {
            ngroups += digits == 0;
            if (++digits > 4) return false;
            continue;
        }
        doubles += i + 1 < s.n && s.p[i + 1] == ':';
        digits = 0;
    }
    return ngroups == 8 ? doubles == 0 : doubles == 1 && ngroups >= 2 && ngroups < 8;
}

static void find_ip6(struct finds *f, struct pl_str s) {
    if (s.n == 0 || memchr(s.p, ':', s.n) == NULL) return;
    for (size_t i = 0, end; i < s.n; i = end + 1) {
        for (end = i; end < s.n && (is_hex((uint8_t)s.p[end]) || s.p[end] == ':'); end++) continue;
        size_t to = end;
        if (to > i + 2 && s.p[to - 1] == ':' && s.p[to - 2] != ':') to--;
        if (to > i + 2 && is_ip6((struct pl_str){s.p + i, to - i})) add(f, i, to, PL_PERSONAL_IP);
    }
}

/* ---- what is known ---- */

static bool same(struct pl_word a, struct pl_word b) {
    return pl_str_eq(a.folded, b.folded);
}

static bool has_digit(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (is_digit((uint8_t)s.p[i])) return true;
    return false;
}

static size_t signs(struct pl_str s) {
    size_t n = 0;
    for (size_t at = 0; at < s.n; n++) pl_utf8_next(s, &at);
    return n;
}

static bool among(struct pl_word w, const struct pl_words *known) {
    for (uint32_t i = 0; i < known->n; i++)
        if (same(w, known->v[i])) return true;
    return false;
}

/* A word that is enough by itself to be a person's. */
static bool tells(enum pl_personal_kind kind, struct pl_word w) {
    if (kind == PL_PERSONAL_ADDRESS) return has_digit(w.folded) && w.folded.n >= 4;
    bool letters = w.folded.n > 0 && (uint8_t)w.folded.p[0] < 0x80;
    return signs(w.folded) >= (letters ? LEAST_NAME_WORD : LEAST_NAME_WORD - 1);
}

/* Runs of words that are all of what is known: one that tells by itself, or two. */
static void find_some(struct finds *f, const struct pl_words *w, const struct pl_words *known,
                      enum pl_personal_kind kind) {
    for (uint32_t i = 0, end; i < w->n; i = end + 1) {
        bool enough = false;
        for (end = i; end < w->n && among(w->v[end], known); end++)
            enough |= tells(kind, w->v[end]);
        if (enough || end >= i + 2) add(f, w->v[i].start, w->v[end - 1].end, kind);
    }
}

static void find_whole(struct finds *f, const struct pl_words *w, const struct pl_words *known,
                       enum pl_personal_kind kind) {
    for (uint32_t i = 0; known->n > 0 && i + known->n <= w->n; i++) {
        uint32_t k = 0;
        while (k < known->n && same(w->v[i + k], known->v[k])) k++;
        if (k == known->n) add(f, w->v[i].start, w->v[i + k - 1].end, kind);
    }
}

/* Byte for byte, for what has no words or lies within one. */
static void find_bytes(struct finds *f, struct pl_str s, struct pl_str known,
                       enum pl_personal_kind kind) {
    if (signs(known) < LEAST_NAME_WORD) return;
    for (size_t at = 0; at + known.n <= s.n;) {
        size_t next = pl_str_find((struct pl_str){s.p + at, s.n - at}, known);
        if (next == SIZE_MAX) return;
        add(f, at + next, at + next + known.n, kind);
        at += next + known.n;
    }
}

static void find_known(struct finds *f, struct pl_locale_tools *t, struct pl_str s,
                       const struct pl_personal_known *known, size_t nknown) {
    struct pl_words w = {0};
    for (size_t i = 0; i < nknown; i++) {
        enum pl_personal_kind kind = known[i].kind;
        struct pl_str text = pl_str_trim(known[i].text);
        if (text.n == 0) continue;
        if (w.v == NULL) w = pl_locale_words(t, f->a, s, (struct pl_str){0});
        struct pl_words k = pl_locale_words(t, f->a, text, (struct pl_str){0});
        if (kind == PL_PERSONAL_NAME || kind == PL_PERSONAL_ADDRESS)
            find_some(f, &w, &k, kind);
        else
            find_whole(f, &w, &k, kind);
        find_bytes(f, s, text, kind);
    }
}

/* ---- all together ---- */

static int by_start(const void *x, const void *y) {
    const struct pl_personal *a = x, *b = y;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    return a->end > b->end ? -1 : a->end < b->end;
}

static size_t join(struct pl_personal *v, size_t n) {
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        if (out == 0 || v[i].start >= v[out - 1].end) {
            v[out++] = v[i];
            continue;
        }
        struct pl_personal *last = &v[out - 1];
        if (v[i].end > last->end) last->end = v[i].end;
        if (v[i].kind < last->kind) last->kind = v[i].kind;
    }
    return out;
}

enum pl_err pl_privacy_find(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                            const struct pl_personal_known *known, size_t nknown,
                            const struct pl_personal **out, size_t *n) {
    struct finds f = {.a = a};
    *n = 0;
    *out = NULL;
    if (text.n > MOST_TEXT) return PL_LIMIT;
    find_emails(&f, text);
    find_ibans(&f, text);
    find_numbers(&f, text);
    find_ip6(&f, text);
    find_known(&f, t, text, known, nknown);
    if (f.failed) return PL_NOMEM;
    if (f.n) qsort(f.v, f.n, sizeof *f.v, by_start);
    *n = join(f.v, f.n);
    *out = f.v;
    return PL_OK;
}
