/* SPDX-License-Identifier: Apache-2.0
 *
 * Placeholders: personal data hidden from a model and put back into what it wrote.
 *
 *   ⟦KIND_hhhhhhhh⟧    hhhhhhhh: the first bytes of HMAC(key, kind, value)
 */
#include "runtime/crypto/crypto.h"
#include "runtime/privacy/privacy_priv.h"

#include <string.h>

#define OPEN      "\xe2\x9f\xa6" /* U+27E6 */
#define CLOSE     "\xe2\x9f\xa7" /* U+27E7 */
#define SIGN      3              /* bytes of each */
#define MOST_NAME 48             /* bytes between them; what is longer is no placeholder */

static const char *const kinds[] = {
#define PERSONAL(name, word) word,
#include "runtime/privacy/personal.def"
#undef PERSONAL
};

struct hidden {
    struct pl_str name, value; /* "EMAIL_7f3a09c2" */
};

struct pl_veil {
    struct pl_locale_tools *t;
    struct pl_arena *a;
    struct pl_str key;
    const struct pl_personal_known *known;
    size_t nknown;
    struct hidden *v;
    size_t n, cap;
    char held[SIGN + MOST_NAME + SIGN]; /* the beginning of what may become a placeholder */
    size_t nheld;
    uint32_t foreign;
};

struct pl_veil *pl_veil_new(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str key,
                            const struct pl_personal_known *known, size_t nknown) {
    pl_assert(key.n >= 16);
    struct pl_veil *v = PL_NEW(a, struct pl_veil);
    if (v == NULL) return NULL;
    *v = (struct pl_veil){.t = t, .a = a, .key = key, .known = known, .nknown = nknown};
    return v;
}

uint32_t pl_veil_foreign(const struct pl_veil *v) {
    return v->foreign;
}

/* ---- hiding ---- */

static const struct hidden *by_name(const struct pl_veil *v, struct pl_str name) {
    for (size_t i = 0; i < v->n; i++)
        if (pl_str_eq(v->v[i].name, name)) return &v->v[i];
    return NULL;
}

static bool keep(struct pl_veil *v, struct hidden h) {
    if (v->n == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 8;
        struct hidden *more = PL_NEW_ARRAY(v->a, struct hidden, cap);
        if (more == NULL) return false;
        if (v->n) memcpy(more, v->v, v->n * sizeof *more);
        v->v = more;
        v->cap = cap;
    }
    v->v[v->n++] = h;
    return true;
}

/* The placeholder's name for the value: with more digits when another value has the shorter one. */
static enum pl_err name_of(struct pl_veil *v, enum pl_personal_kind kind, struct pl_str value,
                           struct pl_str *name) {
    uint8_t mac[PL_HASH_SIZE];
    char hex[2 * PL_HASH_SIZE + 1];
    struct pl_buf told = {0};
    pl_buf_printf(&told, "%s|", kinds[kind]);
    pl_buf_str(&told, value); /* a NUL in it ends nothing */
    if (!told.failed) pl_crypto_hmac(v->key, pl_buf_slice(&told), mac);
    bool failed = told.failed;
    pl_buf_free(&told);
    if (failed) return PL_NOMEM;
    pl_hex(mac, sizeof mac, hex);
    for (int digits = 8; digits <= 32; digits += 8) {
        *name = pl_arena_printf(v->a, "%s_%.*s", kinds[kind], digits, hex);
        struct pl_str kept = pl_arena_str(v->a, value);
        if (name->p == NULL || (kept.p == NULL && value.n)) return PL_NOMEM;
        const struct hidden *h = by_name(v, *name);
        if (h == NULL) return keep(v, (struct hidden){*name, kept}) ? PL_OK : PL_NOMEM;
        if (pl_str_eq(h->value, value)) return PL_OK;
    }
    return PL_CONFLICT;
}

enum pl_err pl_veil_cover(struct pl_veil *v, enum pl_personal_kind kind, struct pl_str value,
                          struct pl_str *out) {
    struct pl_str name;
    enum pl_err err = name_of(v, kind, value, &name);
    if (err != PL_OK) return err;
    *out = pl_arena_printf(v->a, OPEN "%.*s" CLOSE, PL_STR_ARG(name));
    return out->p == NULL ? PL_NOMEM : PL_OK;
}

/* Signs that look like a placeholder's are brackets; NULL: the arena is full. */
static struct pl_str without_signs(struct pl_arena *a, struct pl_str s) {
    if (pl_str_find(s, PL_STR(OPEN)) == SIZE_MAX && pl_str_find(s, PL_STR(CLOSE)) == SIZE_MAX)
        return s;
    char *p = pl_arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < s.n; i++) {
        struct pl_str rest = {s.p + i, s.n - i};
        bool open = pl_str_starts(rest, PL_STR(OPEN));
        p[n++] = s.p[i];
        if (!open && !pl_str_starts(rest, PL_STR(CLOSE))) continue;
        p[n - 1] = open ? '[' : ']';
        i += SIGN - 1;
    }
    return (struct pl_str){p, p == NULL ? s.n : n};
}

static enum pl_err write_hidden(struct pl_veil *v, struct pl_str text, const struct pl_personal *f,
                                size_t n, struct pl_buf *b) {
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        struct pl_str token;
        struct pl_str value = {text.p + f[i].start, f[i].end - f[i].start};
        enum pl_err err = PL_OK;
        if (f[i].kind == PL_PERSONAL_SECRET)
            token = pl_privacy_hidden().s;
        else
            err = pl_veil_cover(v, f[i].kind, value, &token);
        if (err != PL_OK) return err;
        pl_buf_str(b, (struct pl_str){text.p + done, f[i].start - done});
        pl_buf_str(b, token);
        done = f[i].end;
    }
    pl_buf_str(b, (struct pl_str){text.p + done, text.n - done});
    return b->failed ? PL_NOMEM : PL_OK;
}

enum pl_err pl_veil_hide(struct pl_veil *v, struct pl_str text, struct pl_str *out) {
    const struct pl_personal *found;
    size_t n;
    text = without_signs(v->a, text);
    if (text.p == NULL && text.n > 0) return PL_NOMEM;
    struct pl_masked m = pl_privacy_mask(v->a, text);
    if (m.s.n == 0 && text.n > 0) return PL_NOMEM;
    enum pl_err err = pl_privacy_find(v->t, v->a, m.s, v->known, v->nknown, &found, &n);
    if (err != PL_OK) return err;
    struct pl_buf b = {0};
    err = write_hidden(v, m.s, found, n, &b);
    struct pl_str kept = {0};
    if (err == PL_OK) kept = pl_arena_str(v->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    if (err != PL_OK) return err;
    if (kept.p == NULL && text.n) return PL_NOMEM;
    *out = kept;
    return PL_OK;
}

/* ---- putting back ---- */

/* The held bytes cannot be a placeholder's beginning: the first sign goes, the rest is looked at
 * again. */
static void give_up(struct pl_veil *v) {
    v->foreign++;
    v->nheld = 0;
}

static void settle(struct pl_veil *v, struct pl_buf *out) {
    struct pl_str name = {v->held + SIGN, v->nheld - 2 * SIGN};
    const struct hidden *h = by_name(v, name);
    if (h != NULL)
        pl_buf_str(out, h->value);
    else
        v->foreign++;
    v->nheld = 0;
}

static bool is_name(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether c may follow what is held. */
static bool follows(const struct pl_veil *v, char c) {
    if (v->nheld < SIGN) return c == OPEN[v->nheld];
    char last = v->held[v->nheld - 1];
    bool closing = v->nheld > SIGN && !is_name(last);
    if (!closing) return c == CLOSE[0] || (is_name(c) && v->nheld < SIGN + MOST_NAME);
    return last == CLOSE[0] ? c == CLOSE[1] : c == CLOSE[2] || c == OPEN[2];
}

static void take(struct pl_veil *v, char c, struct pl_buf *out) {
    if (!follows(v, c)) {
        if (v->nheld >= SIGN)
            give_up(v);
        else
            pl_buf_add(out, v->held, v->nheld);
        v->nheld = 0;
        if (c != OPEN[0]) {
            pl_buf_byte(out, (uint8_t)c);
            return;
        }
    }
    v->held[v->nheld++] = c;
    if (v->nheld <= SIGN || c == CLOSE[0] || is_name(c)) return;
    struct pl_str sign = {v->held + v->nheld - SIGN, SIGN};
    if (pl_str_eq(sign, PL_STR(OPEN))) { /* another begins before the first one's end */
        v->foreign++;
        v->nheld = SIGN;
    } else if (v->nheld > 2 * SIGN && pl_str_eq(sign, PL_STR(CLOSE))) {
        settle(v, out);
    }
}

void pl_veil_show(struct pl_veil *v, struct pl_str piece, bool last, struct pl_buf *out) {
    for (size_t i = 0; i < piece.n; i++) take(v, piece.p[i], out);
    if (!last) return;
    if (v->nheld >= SIGN)
        give_up(v);
    else
        pl_buf_add(out, v->held, v->nheld);
    v->nheld = 0;
}
