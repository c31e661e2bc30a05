/* SPDX-License-Identifier: Apache-2.0
 *
 * What tokens that stand near one another say as one number.
 *
 * Parts of a sum are on a stack, each smaller than what the one below leaves open: "two thousand"
 * leaves open what is below a thousand. "thousand" takes what is below a thousand off the stack and
 * puts that many thousands on it.
 */
#include "runtime/nlp/nlp_number_priv.h"

#define PARTS 10

struct sum {
    struct {
        struct pl_dec v;
        int64_t unit; /* what is added must be smaller */
        bool run;     /* digits one after another: 一九九一 */
    } v[PARTS];
    uint32_t n;
};

static struct pl_dec whole(int64_t v) {
    return (struct pl_dec){v, 0};
}

static bool is_below(struct pl_dec a, int64_t b) {
    return pl_dec_cmp(a, whole(b)) < 0;
}

static int64_t unit_of(int64_t v) {
    int64_t unit = 1;
    while (v > 0 && v % 10 == 0) v /= 10, unit *= 10;
    return unit;
}

static bool push(struct sum *s, struct pl_dec v, int64_t unit) {
    bool fits = s->n == 0 || (v.m > 0 && is_below(v, s->v[s->n - 1].unit));
    if (!fits || s->n == PARTS) return false;
    s->v[s->n].v = v;
    s->v[s->n].unit = unit;
    s->v[s->n++].run = false;
    return true;
}

static bool scale(struct sum *s, int64_t by) {
    struct sum old = *s;
    struct pl_dec many = {0, 0};
    while (s->n > 0 && is_below(s->v[s->n - 1].v, by))
        if (!pl_nlp__calculate('+', many, s->v[--s->n].v, &many)) break;
    if (old.n == s->n) many = whole(1);
    if (pl_nlp__calculate('*', many, whole(by), &many) && push(s, many, by)) return true;
    *s = old;
    return false;
}

static struct pl_dec total(const struct sum *s) {
    struct pl_dec sum = {0, 0};
    for (uint32_t i = 0; i < s->n; i++)
        if (!pl_nlp__calculate('+', sum, s->v[i].v, &sum)) break;
    return sum;
}

static void become(struct sum *s, struct pl_dec v) {
    s->n = 1;
    s->v[0].v = v;
    s->v[0].unit = 0;
    s->v[0].run = false;
}

/* "fifteen dozen". */
static bool dozens(struct sum *s, int64_t by) {
    struct pl_dec many = {1, 0};
    if (s->n > 0) many = total(s);
    if (!pl_nlp__calculate('*', many, whole(by), &many)) return false;
    become(s, many);
    return true;
}

static bool is_tens(int64_t v) {
    return v >= 20 && v < 100 && v % 10 == 0;
}

/* Behind an "and" the tens may follow the ones. */
static bool card(const struct number_text *x, struct sum *s, int64_t v, bool joined) {
    if (v == 100 || v == 1000 || (v == 10 && x->is->dense && !x->is->korean)) return scale(s, v);
    uint32_t top = s->n - 1;
    if (s->n > 0 && joined && x->is->ones_first && is_tens(v) && s->v[top].unit == 1 &&
        is_below(s->v[top].v, 10)) {
        s->v[top].unit = 0;
        return pl_nlp__calculate('+', s->v[top].v, whole(v), &s->v[top].v);
    }
    if (x->is->dense && !x->is->korean && s->n > 0 && v < 10 && s->v[top].run) {
        struct pl_dec more;
        if (!pl_nlp__calculate('*', s->v[top].v, whole(10), &more)) return false;
        return pl_nlp__calculate('+', more, whole(v), &s->v[top].v);
    }
    if (v == 0 && s->n > 0 && x->is->dense) return s->v[top].unit > 1; /* 一千零五 */
    if (!push(s, whole(v), unit_of(v))) return false;
    s->v[s->n - 1].run = v < 10;
    return true;
}

static bool digits(struct sum *s, struct pl_dec v) {
    return push(s, v, v.scale > 0 ? 0 : 1);
}

/* ---- tokens ---- */

struct reading {
    const struct number_text *x;
    uint32_t at; /* the token to be read */
    struct sum s;
    struct number *out;
    uint32_t first;
};

static const struct number_token *token(const struct reading *r, uint32_t i) {
    return i < r->x->n ? &r->x->v[i] : NULL;
}

/* Do tokens i - 1 and i belong together? */
static bool follows(const struct reading *r, uint32_t i) {
    return i < r->x->n && pl_nlp__number_near(r->x->t->text, r->x->v[i - 1].end, r->x->v[i].start);
}

static bool is(const struct reading *r, uint32_t i, uint8_t class, int64_t *value) {
    const struct number_token *t = token(r, i);
    return t != NULL && pl_nlp__token_is(t, class, value);
}

/* One part of a sum. */
static bool take_part(struct reading *r, bool joined) {
    const struct number_token *t = token(r, r->at);
    int64_t v;
    bool good = false;
    if (t == NULL) return false;
    if (pl_nlp__token_is(t, NUMBER_DIGITS, &v)) good = digits(&r->s, t->dec);
    if (!good && pl_nlp__token_is(t, NUMBER_CARD, &v)) good = card(r->x, &r->s, v, joined);
    if (!good && pl_nlp__token_is(t, NUMBER_SCALE, &v) && (r->s.n > 0 || t->end > t->start + 1)) {
        int64_t cent;
        bool cents = pl_nlp__token_is(t, NUMBER_CENT, &cent) && r->s.n > 0 &&
                     !is_below(r->s.v[r->s.n - 1].v, 20); /* "quarante cents" */
        good = !cents && (v % 12 == 0 ? dozens(&r->s, v) : scale(&r->s, v));
        if (good) r->out->scaled = true;
    }
    r->at += good;
    return good;
}

/* "and" and a part that fits, or a half. */
static bool take_and(struct reading *r) {
    int64_t v;
    uint32_t at = r->at;
    bool open = r->x->is->ones_first || (r->s.n > 0 && r->s.v[r->s.n - 1].unit >= 10);
    if (r->x->is->dense) return false;
    if (!is(r, at, NUMBER_AND, &v) || !follows(r, at + 1)) return false;
    r->at++;
    if (open && !is(r, r->at, NUMBER_DIGITS, &v) && take_part(r, true)) return true;
    if (open && r->s.n > 0 && r->s.v[r->s.n - 1].unit >= 100 && take_part(r, true)) return true;
    if (is(r, r->at, NUMBER_HALF, &v)) return true; /* take_half is next */
    r->at = at;
    return false;
}

static bool take_half(struct reading *r) {
    int64_t v;
    struct pl_dec sum;
    if (!is(r, r->at, NUMBER_HALF, &v)) return false;
    if (v < 2) v = 1; /* 3: one and a half in one word */
    if (r->s.n == 0 && v == 1) r->out->weak = true;
    if (r->s.n > 0 && v > 1) return false;
    struct pl_dec half = r->s.n > 0 ? whole(r->s.v[r->s.n - 1].unit) : whole(1);
    bool large = r->out->scaled && half.m >= 1000; /* two million and a half */
    if (!large) half = whole(1);
    if (!pl_nlp__calculate('*', half, (struct pl_dec){5 * v, 1}, &half)) return false;
    if (!pl_nlp__calculate('+', total(&r->s), half, &sum)) return false;
    become(&r->s, sum);
    r->at++;
    return true;
}

/* "point", and what follows digit by digit. */
static bool take_point(struct reading *r) {
    int64_t v;
    uint32_t at = r->at + 1;
    struct pl_dec sum = total(&r->s), part = {1, 1};
    if (r->s.n == 0 || !is(r, r->at, NUMBER_POINT, &v) || sum.scale > 0) return false;
    for (; at < r->x->n && follows(r, at) && at < r->at + 10; at++) {
        struct pl_dec digit;
        if (is(r, at, NUMBER_DIGITS, &v))
            v = r->x->v[at].dec.m;
        else if (!is(r, at, NUMBER_CARD, &v))
            break;
        if (v >= 10) (void)pl_nlp__calculate('/', part, whole(10), &part);
        if (v < 0 || v >= 100 || !pl_nlp__calculate('*', part, whole(v), &digit)) break;
        if (!pl_nlp__calculate('+', sum, digit, &sum)) break;
        (void)pl_nlp__calculate('/', part, whole(10), &part);
    }
    if (at == r->at + 1) return false;
    r->at = at;
    become(&r->s, sum);
    return true;
}

/* "half a dozen": only before what multiplies. */
static bool take_half_of(struct reading *r) {
    int64_t v, by;
    if (r->s.n > 0 || !is(r, r->at, NUMBER_HALF_OF, &v) || !follows(r, r->at + 1)) return false;
    if (!is(r, r->at + 1, NUMBER_SCALE, &by)) return false;
    become(&r->s, (struct pl_dec){5, 1});
    r->at++;
    return true;
}

/* "five eighths", "a third": a number over an ordinal that does not go on. */
static bool take_fraction(struct reading *r) {
    int64_t v;
    struct pl_dec part;
    if (r->s.n != 1 || r->s.v[0].v.scale > 0 || is(r, r->at, NUMBER_CENT, &v)) return false;
    bool over = is(r, r->at, NUMBER_PART, &v);
    if (!over) over = is(r, r->at, NUMBER_ORD, &v) && v > 2 && v >= r->s.v[0].unit;
    if (!over || !pl_nlp__calculate('/', r->s.v[0].v, whole(v), &part)) return false;
    r->at++;
    become(&r->s, part);
    r->out->weak = true;
    return true;
}

/* "three and two thirds". */
static bool take_mixed(struct reading *r) {
    int64_t v, top, under;
    struct pl_dec part, sum;
    uint32_t at = r->at;
    if (r->s.n == 0) return false;
    if (is(r, at, NUMBER_AND, &v)) at++;
    if (at >= r->x->n || !follows(r, at) || !is(r, at, NUMBER_CARD, &top)) return false;
    if (!follows(r, at + 1)) return false;
    bool over = is(r, at + 1, NUMBER_PART, &under) || is(r, at + 1, NUMBER_ORD, &under);
    if (!over || under < 3 || top >= under) return false;
    if (!pl_nlp__calculate('/', whole(top), whole(under), &part)) return false;
    if (!pl_nlp__calculate('+', total(&r->s), part, &sum)) return false;
    r->at = at + 2;
    become(&r->s, sum);
    return true;
}

/* An ordinal that goes on: "two hundred and first", "vigésimo primeiro". */
static bool take_ordinal(struct reading *r) {
    int64_t v, part;
    struct pl_dec sum;
    uint32_t at = r->at;
    if (r->s.n > 0 && is(r, at, NUMBER_AND, &v)) at++;
    if (at > r->first && !follows(r, at)) return false;
    if (!is(r, at, NUMBER_ORD, &v)) return false;
    bool tens = at > r->at && r->x->is->ones_first && r->s.n == 1 && is_tens(v) &&
                is_below(r->s.v[0].v, 10);
    bool times = r->s.n > 0 && (v == 100 || v >= 1000) && is_below(total(&r->s), v);
    if (r->s.n > 0 && v >= r->s.v[r->s.n - 1].unit && !tens && !times) return false;
    if (times && r->x->is->fractions && is(r, at, NUMBER_PART, &part)) return false;
    if (!pl_nlp__calculate(times ? '*' : '+', total(&r->s), whole(v), &sum)) return false;
    become(&r->s, sum);
    r->s.v[0].unit = unit_of(v);
    r->at = at + 1;
    r->out->ordinal = true;
    return true;
}

static bool take(struct reading *r) {
    if (r->at > r->first && !follows(r, r->at)) return false;
    if (r->out->ordinal) return take_ordinal(r);
    return take_mixed(r) || take_part(r, false) || take_and(r) || take_half(r) || take_half_of(r) ||
           take_point(r) || take_ordinal(r) || take_fraction(r);
}

/* "3 / 4" and its words; in some languages the lower number comes first. */
static void take_over(struct reading *r) {
    struct number other = {0};
    struct pl_str s = r->x->t->text;
    uint32_t end = r->x->v[r->at - 1].end, next = r->at;
    int64_t v;
    bool bar = end < s.n && s.p[end] == '/' && next < r->x->n && r->x->v[next].start == end + 1;
    bool over = follows(r, next) && is(r, next, NUMBER_OVER, &v);
    bool under = follows(r, next) && is(r, next, NUMBER_UNDER, &v);
    if (!bar && !over && !under) return;
    next += !bar;
    if ((!bar && !follows(r, next)) || !pl_nlp__number_at(r->x, next, &other)) return;
    struct pl_dec a = under ? other.value : r->out->value, b = under ? r->out->value : other.value;
    uint32_t after = r->x->v[other.next - 1].end;
    if (bar && after < s.n && s.p[after] == '/') return; /* a date */
    if (over && !bar && (v == 1) != other.ordinal) return;
    if (!pl_nlp__calculate('/', a, b, &r->out->value)) return;
    r->out->end = other.end;
    r->out->next = other.next;
    r->out->weak = true;
    r->out->single = false;
}

/* "2 1/4", 1と5分の4: a fraction beside the number. */
static void take_rest(struct reading *r) {
    struct number other;
    int64_t v;
    uint32_t next = r->out->next;
    bool joined = is(r, next, NUMBER_AND, &v), digit = is(r, next, NUMBER_DIGITS, &v);
    if (next >= r->x->n || !follows(r, next) || r->out->weak || (!joined && !digit)) return;
    if (joined && (!r->x->is->dense || !follows(r, ++next))) return;
    if (next >= r->x->n || !pl_nlp__number_at(r->x, next, &other)) return;
    bool part = other.weak && !other.single && pl_dec_cmp(other.value, whole(1)) < 0;
    if (!part || other.value.m < 0) return;
    if (!pl_nlp__calculate('+', r->out->value, other.value, &r->out->value)) return;
    r->out->end = other.end;
    r->out->next = other.next;
    r->out->single = r->out->digits = false;
}

/* 一百五 is 150, and 三万二 32,000. */
static void take_trailing(struct reading *r) {
    int64_t v;
    uint32_t last = r->at - 1;
    if (!r->x->is->trailing || r->s.n < 2 || !is(r, last, NUMBER_CARD, &v) || v < 1 || v > 9)
        return;
    int64_t unit = r->s.v[r->s.n - 2].unit;
    bool zero = is(r, last - 1, NUMBER_CARD, &v) && v == 0;
    if (zero || unit < 100) return;
    (void)pl_nlp__calculate('*', r->s.v[r->s.n - 1].v, whole(unit / 10), &r->s.v[r->s.n - 1].v);
}

bool pl_nlp__number_at(const struct number_text *x, uint32_t k, struct number *out) {
    int64_t v;
    *out = (struct number){0};
    struct reading r = {.x = x, .at = k, .out = out, .first = k};
    bool minus = pl_nlp__token_is(&x->v[k], NUMBER_MINUS, &v);
    if (minus) {
        if (!follows(&r, k + 1)) return false;
        r.first = ++r.at;
    }
    uint32_t first = r.at;
    while (r.at < x->n && take(&r)) continue;
    if (r.at == first || r.s.n == 0) return false;
    take_trailing(&r);
    out->start = x->v[k].start;
    out->end = x->v[r.at - 1].end;
    out->next = r.at;
    out->value = total(&r.s);
    out->digits = r.at == k + 1 && pl_nlp__token_is(&x->v[k], NUMBER_DIGITS, &v);
    out->single = r.at == k + 1;
    if (out->single && pl_nlp__token_is(&x->v[k], NUMBER_ONE, &v)) out->weak = true;
    if (out->single && !x->is->dense && pl_nlp__token_is(&x->v[k], NUMBER_SCALE, &v))
        out->weak = out->weak || v < 100;
    if (!out->ordinal) take_over(&r);
    if (!out->ordinal && out->value.scale == 0) take_rest(&r);
    if (minus) out->value.m = -out->value.m;
    return true;
}
