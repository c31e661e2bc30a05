/* SPDX-License-Identifier: Apache-2.0
 *
 * What logs may carry: no cards, and no addresses or numbers that reach a person.
 */
#include "runtime/privacy/privacy_priv.h"

#include <string.h>

static struct pl_str mask_emails(struct pl_arena *a, struct pl_str s) {
    if (s.n == 0 || memchr(s.p, '@', s.n) == NULL) return s;
    char *p = pl_arena_alloc(a, s.n * 3 + 8); /* "a@b" becomes 8 bytes */
    if (p == NULL) return (struct pl_str){0};
    size_t n = 0, done = 0, from, to;
    for (size_t at = 0; at < s.n; at++) {
        if (s.p[at] != '@' || !pl_privacy__email(s, at, done, &from, &to)) continue;
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

static struct pl_str mask_phones(struct pl_arena *a, struct pl_str s) {
    struct pl_privacy_text t;
    if (pl_privacy__count_digits(s) < PL_PRIVACY_LEAST_PHONE) return s;
    if (!pl_privacy__scan(a, s, &t)) return (struct pl_str){0};
    char *p = pl_arena_alloc(a, s.n + 8); /* seven digits become five bytes */
    if (p == NULL) return (struct pl_str){0};
    size_t n = 0, done = 0;
    for (size_t i = 0; i < t.n;) {
        size_t end = pl_privacy__number_end(&t, i);
        if (end - i >= PL_PRIVACY_LEAST_PHONE && !t.d[i].attached) {
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

/* ---- lines of the log ---- */

/* Fields whose values are numbers and ids that the server made: not a customer's, and of use only
 * when they are whole. */
static const char *const own[] = {"conversation", "image", "conn", "call",   "commit", "queued",
                                  "bytes",        "us",    "line", "signal", "exit"};

static bool is_own_name(struct pl_str name) {
    for (size_t i = 0; i < PL_LEN(own); i++)
        if (pl_str_is(name, own[i])) return true;
    return false;
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Bytes of such a field at the beginning of s, up to a blank or the end; 0: it is none. */
static size_t own_field(struct pl_str s) {
    size_t name = 0, n;
    while (name < s.n && s.p[name] >= 'a' && s.p[name] <= 'z') name++;
    if (name == s.n || s.p[name] != '=' || !is_own_name((struct pl_str){s.p, name})) return 0;
    for (n = name + 1; n < s.n && is_hex(s.p[n]); n++) continue;
    return n == s.n || s.p[n] == ' ' ? n : 0;
}

struct pl_str pl_privacy_log_line(struct pl_arena *a, struct pl_str text) {
    struct pl_buf b = {0};
    size_t done = 0;
    bool quoted = false;
    for (size_t i = 0; i <= text.n; i++) {
        bool begins = !quoted && i < text.n && (i == 0 || text.p[i - 1] == ' ');
        size_t n = begins ? own_field((struct pl_str){text.p + i, text.n - i}) : 0;
        if (i < text.n && text.p[i] == '"') quoted = !quoted;
        if (n == 0 && i < text.n) continue;
        pl_buf_str(&b, pl_privacy_log(a, (struct pl_str){text.p + done, i - done}));
        pl_buf_add(&b, text.p + i, n);
        done = i + n;
        if (n) i = done - 1;
    }
    struct pl_str out = b.failed ? (struct pl_str){0} : pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return out;
}

struct pl_str pl_privacy_log(struct pl_arena *a, struct pl_str text) {
    struct pl_str s = pl_privacy_mask(a, text).s;
    return mask_phones(a, mask_emails(a, s));
}
