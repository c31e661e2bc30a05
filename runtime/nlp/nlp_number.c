/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of a message, in digits and in words, and what they count as: a number, a percent, an
 * amount, an ordinal. In the message's language; when that finds no words, in the conversation's.
 */
#include "runtime/nlp/nlp_number_priv.h"

#include <string.h>

#define FEW 2 /* words of a message that may be nothing but "one" */

void pl_nlp__numbers_warm(struct pl_nlp *n, struct pl_locale_tools *tools, struct pl_str lang) {
    (void)pl_nlp__number_words(n, tools, lang);
}

void pl_nlp__add_extra(struct pl_nlp_turn *t, uint32_t start, uint32_t end, uint8_t kind,
                       struct pl_value v) {
    struct pl_nlp_reading *r = t->r;
    if (r->extra == NULL) r->extra = pl_arena_alloc(t->a, PL_NLP_EXTRAS * sizeof *r->extra);
    if (r->extra == NULL || r->nextra == PL_NLP_EXTRAS) return;
    r->extra[r->nextra++] = (struct pl_nlp_extra){start, end, kind, v};
}

static uint32_t before(struct pl_str s, uint32_t at, uint32_t *c) {
    uint32_t b = at;
    *c = 0;
    while (b > 0 && ((uint8_t)s.p[--b] & 0xc0) == 0x80) continue;
    size_t i = b;
    if (at > 0) *c = pl_utf8_next(s, &i);
    return b;
}

/* A minus that stands free, right in front. */
static void take_sign(const struct number_text *x, struct number *n) {
    struct pl_str s = x->t->text;
    uint32_t c, d, at = before(s, n->start, &c);
    if (c == ' ' && at > 0 && before(s, at, &d) == 0) at = before(s, at, &c); /* "- 5" is all */
    if (n->ordinal || (c != '-' && c != 0x2212 && c != 0xff0d)) return;
    (void)before(s, at, &d);
    bool open = at == 0 || d == ' ' || d == '(' || (x->is->dense && d >= 0x3000);
    if (!open) return;
    n->start = at;
    n->value.m = -n->value.m;
}

static bool is_han(uint32_t c) {
    return (c >= 0x3041 && c < 0x3100) || (c >= 0x3400 && c < 0xa000) ||
           (c >= 0xac00 && c < 0xd7b0);
}

static bool is_hiragana(uint32_t c) {
    return c >= 0x3041 && c < 0x30a0;
}

/* さん is three, and Mr: only where nothing else is written around it. */
static bool in_kana(const struct number_text *x, const struct number *n) {
    struct pl_str s = x->t->text;
    struct number_alt a;
    size_t at = n->start, end = n->end;
    uint32_t c;
    if (!x->is->dense || x->is->korean || !is_hiragana(pl_utf8_next(s, &at))) return false;
    (void)before(s, n->start, &c);
    if (is_han(c)) return true;
    if (end >= s.n || !is_hiragana(pl_utf8_next(s, &end))) return false;
    return pl_nlp__number_after(x, n->end, 1u << NUMBER_COUNTER | 1u << NUMBER_MONEY, &a) == 0;
}

/* One character that also means other things must stand alone or before what is counted. */
static bool is_vague(const struct number_text *x, const struct number *n) {
    struct pl_str s = x->t->text;
    struct number_alt a;
    size_t at = n->end;
    const uint32_t counts =
        1u << NUMBER_COUNTER | 1u << NUMBER_PERCENT | 1u << NUMBER_MONEY | 1u << NUMBER_CENT;
    if (in_kana(x, n)) return true;
    if (!x->is->dense || !n->single || n->digits || n->ordinal) return false;
    if (x->is->korean && n->end - n->start > 6) return false;
    if (pl_nlp__number_after(x, n->end, counts, &a) > 0) return false;
    if (x->is->korean) return n->end - n->start < 6 || (at < s.n && is_han(pl_utf8_next(s, &at)));
    return n->end - n->start <= 3 && at < s.n && is_han(pl_utf8_next(s, &at));
}

static void add_ordinal(struct number_text *x, const struct number *n) {
    struct pl_value v = {.kind = PL_KIND_NUMBER, .n = n->value};
    if (n->start >= x->taken) pl_nlp__add_extra(x->t, n->start, n->end, PL_NLP_IS_ORDINAL, v);
}

/* "3. Banane": the number stays one, since it may be the end of a sentence. */
static void add_dotted(const struct number_text *x, const struct number *n) {
    struct pl_str s = x->t->text;
    bool dot = n->end + 2 < s.n && s.p[n->end] == '.' && s.p[n->end + 1] == ' ';
    if (!x->is->dotted || !n->digits || n->value.scale > 0 || !dot) return;
    uint8_t c = (uint8_t)s.p[n->end + 2];
    struct pl_value v = {.kind = PL_KIND_NUMBER, .n = n->value};
    if (c >= 'A') pl_nlp__add_extra(x->t, n->start, n->end + 1, PL_NLP_IS_ORDINAL, v);
}

/* What makes a number an ordinal stands right behind it: "1st", "3번째". */
static bool take_ordinal(struct number_text *x, struct number *n) {
    struct number_alt a;
    struct pl_str s = x->t->text;
    uint32_t at = n->end, end;
    if (n->ordinal || n->value.scale > 0) return n->ordinal;
    if (at + 3 < s.n && memcmp(s.p + at, "\xe2\x80\x99", 3) == 0) at += 3; /* 2’nci */
    if (at < s.n && s.p[at] == '\'') at++;
    end = pl_nlp__number_after(x, at, 1u << NUMBER_ORDAFTER, &a);
    bool glued = end > 0 && (x->is->dense || s.p[at] != ' ');
    if (!glued) return false;
    n->end = end;
    n->ordinal = true;
    while (n->next < x->n && x->v[n->next].start < end) n->next++;
    return true;
}

static void add_number(struct number_text *x, const struct number *n) {
    struct pl_value v = {.kind = PL_KIND_NUMBER, .n = n->value};
    const struct pl_nlp_context *c = x->t->ctx;
    bool wanted =
        c->asked == PL_KIND_NUMBER || c->asked == PL_KIND_MONEY || c->asked == PL_KIND_PERCENT;
    bool alone = x->t->r->words.n <= FEW;
    bool vague = is_vague(x, n);
    if (vague && !wanted && !alone) return;
    if ((n->weak || vague) && !wanted) {
        if (!n->single || alone) pl_nlp__add_extra(x->t, n->start, n->end, PL_NLP_IS_NUMBER, v);
    } else {
        pl_nlp__add_builtin(x->t, n->start, n->end, v);
    }
    if (!n->weak || n->single || wanted) pl_nlp__amounts(x, n);
}

/* 第三, and 百分之五: what comes says what the number is. Gives the token behind, 0: nothing. */
static uint32_t take_lead(struct number_text *x, uint32_t k) {
    int64_t v;
    struct number n;
    struct pl_value percent = {.kind = PL_KIND_PERCENT};
    const struct number_token *t = &x->v[k];
    bool ordinal = pl_nlp__token_is(t, NUMBER_ORDBEFORE, &v);
    if (!ordinal && !pl_nlp__token_is(t, NUMBER_PERBEFORE, &v)) return 0;
    if (k + 1 >= x->n || !pl_nlp__number_near(x->t->text, t->end, x->v[k + 1].start)) return 0;
    if (!pl_nlp__number_at(x, k + 1, &n)) return 0;
    n.start = t->start;
    if (ordinal) {
        add_ordinal(x, &n);
        return n.next;
    }
    if (!pl_nlp__calculate('*', n.value, (struct pl_dec){100, 0}, &percent.n)) return 0;
    if (!pl_nlp__calculate('/', percent.n, (struct pl_dec){v, 0}, &percent.n)) return 0;
    pl_nlp__add_builtin(x->t, n.start, n.end, percent);
    return n.next;
}

static void read_tokens(struct number_text *x) {
    for (uint32_t k = 0; k < x->n;) {
        struct number n;
        int64_t v;
        uint32_t next = take_lead(x, k);
        if (next > 0) {
            k = next;
            continue;
        }
        if (pl_nlp__token_is(&x->v[k], NUMBER_NOT, &v) || !pl_nlp__number_at(x, k, &n)) {
            k++;
            continue;
        }
        take_sign(x, &n);
        if (take_ordinal(x, &n))
            add_ordinal(x, &n);
        else
            add_dotted(x, &n), add_number(x, &n);
        k = n.next > k ? n.next : k + 1;
    }
}

/* Gives whether there is any number. */
static bool read_in(struct pl_nlp_turn *t, struct pl_str lang) {
    struct number_text x = {.t = t, .w = pl_nlp__number_words(t->nlp, t->nlp->tools, lang)};
    if (x.w == NULL) x.w = pl_nlp__number_words(t->nlp, t->nlp->tools, PL_STR("xx"));
    if (x.w == NULL) return false;
    x.is = pl_nlp__number_traits(x.w);
    x.locale = t->ctx->locale.n ? t->ctx->locale : lang;
    struct number_token room[NUMBER_TOKENS];
    x.v = room;
    pl_nlp__number_lex(&x);
    read_tokens(&x);
    return x.n > 0;
}

void pl_nlp__numbers(struct pl_nlp_turn *t) {
    struct pl_str own = pl_locale_language(t->r->language);
    struct pl_str other =
        pl_locale_language(t->ctx->language.n ? t->ctx->language : t->ctx->locale);
    if (read_in(t, own) || other.n == 0 || pl_str_eq(own, other)) return;
    (void)read_in(t, other);
}
