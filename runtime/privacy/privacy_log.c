/* SPDX-License-Identifier: Apache-2.0
 *
 * What logs may carry: no cards, and no addresses or numbers that reach a person.
 */
#include "runtime/privacy/privacy_priv.h"

#include <string.h>

#define LEAST_PHONE 7

static bool is_local(uint8_t c) {
    return c >= 0x80 || pl_privacy__is_letter(c) || (c >= '0' && c <= '9') ||
           (c != 0 && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static bool is_domain(uint8_t c) {
    return c >= 0x80 || pl_privacy__is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* The address around the '@' at `at`, as bytes [*from, *to). */
static bool email_at(struct pl_str s, size_t at, size_t least, size_t *from, size_t *to) {
    *from = at;
    *to = at + 1;
    while (*from > least && is_local((uint8_t)s.p[*from - 1])) (*from)--;
    while (*to < s.n && is_domain((uint8_t)s.p[*to])) (*to)++;
    return *from<at && * to> at + 1;
}

static struct pl_str mask_emails(struct pl_arena *a, struct pl_str s) {
    if (s.n == 0 || memchr(s.p, '@', s.n) == NULL) return s;
    char *p = pl_arena_alloc(a, s.n * 3 + 8); /* "a@b" becomes 8 bytes */
    if (p == NULL) return (struct pl_str){0};
    size_t n = 0, done = 0, from, to;
    for (size_t at = 0; at < s.n; at++) {
        if (s.p[at] != '@' || !email_at(s, at, done, &from, &to)) continue;
        memcpy(p + n, s.p + done, from - done);
        n += from - done;
        size_t first = from;
        pl_utf8_next(s, &first);
        memcpy(p + n, s.p + from, first - from);
        n += first - from;
        memcpy(p + n, "…@…", strlen("…@…"));
        n += strlen("…@…");
        done = to;
        at = to - 1;
    }
    memcpy(p + n, s.p + done, s.n - done);
    return (struct pl_str){p, n + s.n - done};
}

/* The first digit after a number whose digits are linked, starting at `i`. */
static size_t number_end(const struct pl_privacy_text *t, size_t i) {
    size_t end = i + 1;
    while (end < t->n && t->d[end].link != PL_PRIVACY_BROKEN) end++;
    return end;
}

static struct pl_str mask_phones(struct pl_arena *a, struct pl_str s) {
    struct pl_privacy_text t;
    if (pl_privacy__count_digits(s) < LEAST_PHONE) return s;
    if (!pl_privacy__scan(a, s, &t)) return (struct pl_str){0};
    char *p = pl_arena_alloc(a, s.n + 8); /* seven digits become five bytes */
    if (p == NULL) return (struct pl_str){0};
    size_t n = 0, done = 0;
    for (size_t i = 0; i < t.n;) {
        size_t end = number_end(&t, i);
        if (end - i >= LEAST_PHONE && !t.d[i].attached) {
            memcpy(p + n, s.p + done, t.d[i].start - done);
            n += t.d[i].start - done;
            memcpy(p + n, "…", strlen("…"));
            n += strlen("…");
            p[n++] = (char)('0' + t.d[end - 2].value);
            p[n++] = (char)('0' + t.d[end - 1].value);
            done = t.d[end - 1].end;
        }
        i = end;
    }
    memcpy(p + n, s.p + done, s.n - done);
    return (struct pl_str){p, n + s.n - done};
}

struct pl_str pl_privacy_log(struct pl_arena *a, struct pl_str text) {
    struct pl_str s = pl_privacy_mask(a, text).s;
    return mask_phones(a, mask_emails(a, s));
}
