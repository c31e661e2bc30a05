/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands beside a number and makes it a percent or an amount of money.
 */
#include "runtime/nlp/nlp_number_priv.h"

#include <string.h>

#define MOST_SIGN 12 /* bytes of a sign: "US$", "руб" */
#define CODE      (INT64_C(1) << 32)

static uint32_t past_blanks(struct pl_str s, uint32_t at) {
    for (size_t i = at; i < s.n && i - at < 4; at = (uint32_t)i) {
        uint32_t c = pl_utf8_next(s, &i);
        if (c != ' ' && c != '-' && c != 0xa0 && c != 0x202f && c != 0x3000) break;
    }
    return at;
}

/* A row of one of the classes; a code must be written as one. */
static bool is_one(const struct number_text *x, uint64_t hash, uint32_t classes, bool capitals,
                   struct number_alt *out) {
    for (uint32_t at = 0; pl_nlp__number_next(x->w, hash, &at, out);) {
        if (!(classes >> out->class & 1)) continue;
        if (!(out->value & CODE) || out->class != NUMBER_MONEY || capitals) return true;
    }
    return false;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_capital(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'A' || s.p[i] > 'Z') return false;
    return s.n > 0;
}

/* The raw bytes as a sign. */
static bool is_sign(const struct number_text *x, struct pl_str s, uint32_t classes,
                    struct number_alt *out) {
    char b[NUMBER_BYTES];
    size_t n = 0;
    if (s.n == 0 || s.n > sizeof b || s.p[s.n - 1] == ' ' || s.p[0] == ' ') return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ') b[n++] = lower(s.p[i]);
    uint64_t hash = pl_nlp__rows_hash(PL_FNV, (struct pl_str){b, n});
    return is_one(x, hash, classes, is_capital(s), out);
}

static bool is_edge(struct pl_str s, size_t at) {
    return at >= s.n || ((uint8_t)s.p[at] & 0xc0) != 0x80;
}

static uint32_t sign_after(const struct number_text *x, uint32_t at, uint32_t classes,
                           uint32_t most, struct number_alt *out) {
    struct pl_str s = x->t->text;
    char first[3] = {0};
    for (uint32_t i = 0; i < 3 && at + i < s.n; i++) first[i] = lower(s.p[at + i]);
    if (!pl_nlp__number_goes_on(x->w, (struct pl_str){first, s.n - at < 3 ? s.n - at : 3}))
        return 0;
    for (uint32_t n = most; n > 0; n--)
        if (at + n <= s.n && is_edge(s, at + n) &&
            is_sign(x, (struct pl_str){s.p + at, n}, classes, out))
            return at + n;
    return 0;
}

static bool is_code(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

static uint32_t word_at(const struct pl_words *w, uint32_t at) {
    for (uint32_t i = 0; i < w->n; i++)
        if (w->v[i].start >= at) return w->v[i].start == at ? i : UINT32_MAX;
    return UINT32_MAX;
}

/* Part of a word counts for one: "10euro". */
static uint32_t words_after(const struct number_text *x, uint32_t at, uint32_t classes,
                            struct number_alt *out) {
    const struct pl_words *w = &x->t->r->words;
    uint32_t i = word_at(w, at), end = 0;
    uint64_t hash = PL_FNV;
    struct number_alt found;
    for (uint32_t k = 0; i < w->n && k < NUMBER_PHRASE && i + k < w->n; k++) {
        if (k > 0 && !pl_nlp__number_near(w->text, w->v[i + k - 1].end, w->v[i + k].start)) break;
        struct pl_str raw = {w->text.p + w->v[i].start, w->v[i].end - w->v[i].start};
        hash = pl_nlp__rows_hash(hash, w->v[i + k].folded);
        if (!is_one(x, hash, classes, is_capital(raw), &found)) continue;
        *out = found;
        end = w->v[i + k].end;
    }
    return end;
}

uint32_t pl_nlp__number_after(const struct number_text *x, uint32_t at, uint32_t classes,
                              struct number_alt *out) {
    struct pl_str s = x->t->text;
    at = past_blanks(s, at);
    if (at >= s.n) return 0;
    if (x->is->dense) return sign_after(x, at, classes, NUMBER_BYTES / 2, out);
    uint32_t end = words_after(x, at, classes, out);
    if (end > 0) return end;
    bool word = is_code(s.p[at]) && (at == 0 || s.p[at - 1] == ' ');
    if (word) return 0;
    end = sign_after(x, at, classes, MOST_SIGN, out);
    bool cut = end > 0 && end < s.n && word_at(&x->t->r->words, at) != UINT32_MAX;
    for (uint32_t i = 0; cut && i < x->t->r->words.n; i++)
        if (x->t->r->words.v[i].start == at && x->t->r->words.v[i].end > end) return 0;
    return end;
}

static uint32_t words_before(const struct number_text *x, uint32_t at, uint32_t classes,
                             struct number_alt *out) {
    const struct pl_words *w = &x->t->r->words;
    uint32_t i = 0;
    while (i < w->n && w->v[i].end < at) i++;
    if (i == w->n || w->v[i].end != at) return UINT32_MAX;
    for (uint32_t k = i >= 3 ? i - 3 : 0; k <= i; k++) {
        uint64_t hash = PL_FNV;
        struct pl_str raw = {w->text.p + w->v[k].start, w->v[k].end - w->v[k].start};
        for (uint32_t j = k; j <= i; j++) hash = pl_nlp__rows_hash(hash, w->v[j].folded);
        if (is_one(x, hash, classes, is_capital(raw), out)) return w->v[k].start;
    }
    return UINT32_MAX;
}

uint32_t pl_nlp__number_before(const struct number_text *x, uint32_t at, uint32_t classes,
                               struct number_alt *out) {
    struct pl_str s = x->t->text;
    while (at > 0 && s.p[at - 1] == ' ') at--;
    if (at == 0) return UINT32_MAX;
    if (!x->is->dense && is_code(s.p[at - 1])) return words_before(x, at, classes, out);
    for (uint32_t n = at < MOST_SIGN ? at : MOST_SIGN; n > 0; n--) {
        uint32_t from = at - n;
        bool inside = from > 0 && lower(s.p[from]) >= 'a' && lower(s.p[from]) <= 'z' &&
                      lower(s.p[from - 1]) >= 'a' && lower(s.p[from - 1]) <= 'z';
        if (!inside && is_edge(s, from) && is_sign(x, (struct pl_str){s.p + from, n}, classes, out))
            return from;
    }
    return x->is->dense ? UINT32_MAX : words_before(x, at, classes, out);
}

/* ---- percents ---- */

static bool add_percent(const struct number_text *x, const struct number *n) {
    struct number_alt a = {0};
    uint32_t start = n->start, end = pl_nlp__number_after(x, n->end, 1u << NUMBER_PERCENT, &a);
    struct pl_value v = {.kind = PL_KIND_PERCENT};
    struct pl_str s = x->t->text;
    bool before =
        end == 0 && start > 0 && s.p[start - 1] == '%' && (start == 1 || s.p[start - 2] == ' ');
    if (end == 0 && !before) return false;
    if (before) a.value = 1, start--, end = n->end;
    if (!pl_nlp__calculate('*', n->value, (struct pl_dec){a.value, 0}, &v.n)) return false;
    pl_nlp__add_builtin(x->t, start, end, v);
    return true;
}

/* ---- money ---- */

/* "$" is the conversation's dollar. */
static void code_of(const struct number_text *x, int64_t value, char out[4]) {
    struct pl_str own = x->t->ctx->currency;
    value &= CODE - 1;
    out[0] = (char)(value >> 16), out[1] = (char)(value >> 8), out[2] = (char)value, out[3] = 0;
    bool dollar = own.n == 3 && own.p[0] != 'S' && (own.p[2] == 'D' || pl_str_is(own, "MXN"));
    if ((value == 0 && own.n == 3) || (dollar && memcmp(out, "USD", 3) == 0)) memcpy(out, own.p, 3);
    if (out[0] == 0) memcpy(out, "USD", 3);
}

/* The number that goes on right behind the currency: "3 dollars 50", "5 euros and 20 cents". */
static uint32_t add_minor(const struct number_text *x, uint32_t end, struct pl_dec *amount) {
    struct number more;
    struct number_alt a;
    int64_t v;
    struct pl_dec part;
    uint32_t k = 0;
    while (k < x->n && x->v[k].start < end) k++;
    uint32_t joint = end;
    if (k < x->n && pl_nlp__token_is(&x->v[k], NUMBER_AND, &v)) joint = x->v[k++].end;
    if (k >= x->n || amount->scale > 0 || !pl_nlp__number_near(x->t->text, joint, x->v[k].start))
        return end;
    if (!pl_nlp__number_at(x, k, &more) || more.ordinal || more.value.scale > 0) return end;
    if (more.value.m < 1 || more.value.m > 99) return end;
    uint32_t cent = pl_nlp__number_after(x, more.end, 1u << NUMBER_CENT, &a);
    bool bare =
        joint == end && more.value.m > 9 &&
        pl_nlp__number_after(x, more.end, 1u << NUMBER_MONEY | 1u << NUMBER_PERCENT, &a) == 0;
    bool tenth = cent > 0 && a.value == 10;
    if (cent == 0 && !bare) return end;
    if (!pl_nlp__calculate('/', more.value, (struct pl_dec){tenth ? 10 : 100, 0}, &part))
        return end;
    if (!pl_nlp__calculate('+', *amount, part, amount)) return end;
    return cent > 0 ? cent : more.end;
}

static void put_money(const struct number_text *x, uint32_t start, uint32_t end,
                      struct pl_dec amount, int64_t currency) {
    char code[4];
    code_of(x, currency, code);
    pl_nlp__add_builtin(x->t, start, end, pl_money(amount, code));
}

static bool add_cents(struct number_text *x, const struct number *n) {
    struct number_alt a;
    struct pl_dec amount;
    uint32_t end = pl_nlp__number_after(x, n->end, 1u << NUMBER_CENT, &a);
    if (end == 0 || a.value == 0) return false;
    if (!pl_nlp__calculate('/', n->value, (struct pl_dec){a.value == 10 ? 10 : 100, 0}, &amount))
        return false;
    put_money(x, n->start, end, amount, 0);
    x->taken = end;
    return true;
}

static bool add_money(struct number_text *x, const struct number *n) {
    struct number_alt a, of;
    struct pl_dec amount = n->value;
    uint32_t start = pl_nlp__number_before(x, n->start, 1u << NUMBER_MONEY, &a);
    if (start != UINT32_MAX) {
        put_money(x, start, n->end, amount, a.value);
        return true;
    }
    uint32_t end = pl_nlp__number_after(x, n->end, 1u << NUMBER_MONEY, &a);
    uint32_t from =
        end > 0 || !n->scaled ? 0 : pl_nlp__number_after(x, n->end, 1u << NUMBER_OF, &of);
    if (from > 0) end = pl_nlp__number_after(x, from, 1u << NUMBER_MONEY, &a);
    if (end == 0) return add_cents(x, n);
    end = add_minor(x, end, &amount);
    x->taken = end;
    put_money(x, n->start, end, amount, a.value);
    return true;
}

void pl_nlp__amounts(struct number_text *x, const struct number *n) {
    if (n->start < x->taken || n->ordinal || add_percent(x, n) || add_money(x, n)) return;
    struct pl_nlp_turn *t = x->t;
    if (t->ctx->asked != PL_KIND_MONEY || t->ctx->currency.n != 3) return;
    char code[4] = {t->ctx->currency.p[0], t->ctx->currency.p[1], t->ctx->currency.p[2], 0};
    pl_nlp__add_builtin(t, n->start, n->end, pl_money(n->value, code));
}
