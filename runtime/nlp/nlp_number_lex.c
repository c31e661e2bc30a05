/* SPDX-License-Identifier: Apache-2.0
 *
 * A message as tokens that may say a number: digits, words of the table, and between those what
 * joins them. Whatever else there is makes no token. Where no blanks are written the text is read
 * character by character, the longest phrase first.
 */
#include "runtime/nlp/nlp_number_priv.h"

#include <string.h>

#define MOST_GAP   4  /* bytes between two tokens of one number */
#define MOST_PARTS 12 /* of one word */
#define WORD_BYTES 64

bool pl_nlp__token_is(const struct number_token *t, uint8_t class, int64_t *value) {
    for (uint8_t i = 0; i < t->nalts; i++)
        if (t->alt[i].class == class) return *value = t->alt[i].value, true;
    return false;
}

bool pl_nlp__number_near(struct pl_str text, uint32_t from, uint32_t to) {
    if (to < from || to - from > MOST_GAP) return false;
    for (size_t at = from; at < to;) {
        uint32_t c = pl_utf8_next(text, &at);
        if (c != ' ' && c != '-' && c != 0xa0 && c != 0x202f && c != 0x3000 && c != 0x2010 &&
            c != 0xad)
            return false;
    }
    return true;
}

static bool is_near(const struct number_text *x, uint32_t at) {
    return x->n > 0 && pl_nlp__number_near(x->t->text, x->v[x->n - 1].end, at);
}

static struct number_token *push(struct number_text *x, uint32_t start, uint32_t end) {
    if (x->n == NUMBER_TOKENS) return NULL;
    struct number_token *t = &x->v[x->n++];
    *t = (struct number_token){.start = start, .end = end};
    return t;
}

/* What the phrase may be at this place: what only goes on behind a number must stand near one.
 * more: a longer phrase may begin so. */
static uint8_t look_far(const struct number_text *x, uint64_t hash, bool near,
                        struct number_alt out[NUMBER_ALTS], bool *more) {
    struct number_alt a;
    uint8_t n = 0;
    *more = false;
    for (uint32_t at = 0; n < NUMBER_ALTS && pl_nlp__number_next(x->w, hash, &at, &a);)
        if (a.class == NUMBER_MORE)
            *more = true;
        else if (near || a.class < NUMBER_STARTS)
            out[n++] = a;
    return n;
}

static uint8_t look(const struct number_text *x, uint64_t hash, bool near,
                    struct number_alt out[NUMBER_ALTS]) {
    bool more;
    return look_far(x, hash, near, out, &more);
}

static bool push_as(struct number_text *x, uint32_t start, uint32_t end, uint8_t n,
                    const struct number_alt v[NUMBER_ALTS]) {
    struct number_token *t = push(x, start, end);
    if (t == NULL) return false;
    memcpy(t->alt, v, n * sizeof *v);
    t->nalts = n;
    return true;
}

/* ---- digits ---- */

static bool is_letter(uint32_t c) {
    return (c | 32) >= 'a' && (c | 32) <= 'z' && c < 0x80;
}

/* Is there a letter or digit of a code right before the byte? */
static bool follows_code(struct pl_str s, uint32_t at) {
    uint8_t c = at > 0 ? (uint8_t)s.p[at - 1] : ' ';
    return is_letter(c) || c == '_' || c == '#' || (c >= '0' && c <= '9');
}

/* Where the run of letters and digits ends that goes on at the byte. */
static uint32_t past_code(struct pl_str s, uint32_t at) {
    while (at < s.n && (follows_code(s, at + 1) || s.p[at] == '_')) at++;
    return at;
}

/* Letters glued to digits must be words that go on a number: "10k", "3rd", "5€". */
static bool push_tail(struct number_text *x, uint32_t *end) {
    struct pl_str s = x->t->text, b = {NULL, 0};
    struct number_alt v[NUMBER_ALTS];
    uint32_t to = past_code(s, *end);
    char low[8];
    if (to == *end) return true;
    if (to - *end > sizeof low) return false;
    for (uint32_t i = *end; i < to; i++) low[b.n++] = is_letter((uint8_t)s.p[i]) ? s.p[i] | 32 : 0;
    b.p = low;
    if (to == *end + 1 && s.p[*end] == 'M') { /* but not 5m */
        struct number_alt million[NUMBER_ALTS] = {{NUMBER_SCALE, 1000000}};
        *end = to;
        return push_as(x, to - 1, to, 1, million);
    }
    uint8_t n = look(x, pl_nlp__rows_hash(PL_FNV, b), true, v);
    if (n == 0) return false;
    bool good = push_as(x, *end, to, n, v);
    *end = to;
    return good;
}

static uint32_t bare_mark(struct pl_str s, uint32_t at) {
    bool mark = at > 0 && (s.p[at - 1] == '.' || s.p[at - 1] == ',');
    return mark && (at == 1 || s.p[at - 2] == ' ' || s.p[at - 2] == '-') ? 1 : 0;
}

/* The number at the byte; gives where it ends, with what is glued to it. */
static uint32_t push_digits(struct number_text *x, uint32_t at) {
    struct pl_str s = x->t->text;
    struct pl_dec d;
    uint32_t n = x->n, start = at - bare_mark(s, at);
    uint32_t end = pl_nlp__digits(s, start, pl_nlp__comma_decimal(x->locale), x->is->spaced, &d);
    struct number_token *t = end > start && !follows_code(s, start) ? push(x, start, end) : NULL;
    if (t == NULL) return past_code(s, end > at ? end : at + 1);
    t->dec = d;
    t->alt[0] = (struct number_alt){NUMBER_DIGITS, 0};
    t->nalts = 1;
    if (push_tail(x, &end)) return end;
    x->n = n; /* "12ab": a code */
    return past_code(s, end);
}

/* ---- words ---- */

struct part {
    size_t from, to;
    uint8_t n;
    struct number_alt v[NUMBER_ALTS];
};

static bool has(const struct part *p, uint8_t class) {
    for (uint8_t i = 0; i < p->n; i++)
        if (p->v[i].class == class) return true;
    return false;
}

/* "einundzwanzig" in parts, the longest first; gives how many from the byte on, 0: it is not. */
static uint32_t split(const struct number_text *x, struct pl_str f, size_t at, struct part *out,
                      uint32_t depth, int *steps) {
    uint64_t hash[WORD_BYTES + 1];
    hash[at] = PL_FNV;
    for (size_t i = at; i < f.n; i++) hash[i + 1] = pl_fnv(hash[i], f.p + i, 1);
    for (size_t to = f.n; to > at + 1 && depth < MOST_PARTS && --*steps > 0; to--) {
        struct part *p = &out[depth];
        *p = (struct part){.from = at, .to = to};
        p->n = look(x, pl_fnv(hash[to], "\x1f", 1), depth > 0, p->v);
        bool number = has(p, NUMBER_CARD) || has(p, NUMBER_SCALE);
        bool last = to == f.n && (has(p, NUMBER_ORD) || has(p, NUMBER_HALF));
        bool joins = depth > 0 && to < f.n && x->is->ones_first && has(p, NUMBER_AND);
        if (!number && !last && !joins) continue;
        if (to == f.n) return depth + 1;
        uint32_t n = split(x, f, to, out, depth + 1, steps);
        if (n > 0) return n;
    }
    return 0;
}

static bool push_split(struct number_text *x, const struct pl_word *w) {
    struct part parts[MOST_PARTS];
    struct pl_str f = w->folded;
    int steps = 400;
    uint32_t n = 0;
    if (x->is->glued && f.n <= WORD_BYTES) n = split(x, f, 0, parts, 0, &steps);
    for (uint32_t i = 0; i < n; i++)
        if (!push_as(x, pl_nlp__place(x->t->text, w, parts[i].from),
                     pl_nlp__place(x->t->text, w, parts[i].to), parts[i].n, parts[i].v))
            return false;
    return n > 0;
}

/* The longest phrase at word i; gives how many words it has. */
static uint32_t phrase_at(const struct number_text *x, uint32_t i, bool near, uint8_t *n,
                          struct number_alt v[NUMBER_ALTS]) {
    const struct pl_words *w = &x->t->r->words;
    uint64_t hash = PL_FNV;
    uint32_t most = 0;
    bool more = true;
    for (uint32_t k = 0; k < NUMBER_PHRASE && i + k < w->n && more; k++) {
        struct number_alt found[NUMBER_ALTS];
        if (k > 0 && !pl_nlp__number_near(w->text, w->v[i + k - 1].end, w->v[i + k].start)) break;
        hash = pl_nlp__rows_hash(hash, w->v[i + k].folded);
        uint8_t count = look_far(x, hash, near || k > 0, found, &more);
        if (count == 0) continue;
        memcpy(v, found, sizeof found);
        *n = count;
        most = k + 1;
    }
    return most;
}

/* A part of the word on one side of its apostrophe, or behind an "and" that is its first letter. */
static bool push_side(struct number_text *x, const struct pl_word *w, bool near) {
    struct pl_str f = w->folded;
    struct number_alt v[NUMBER_ALTS];
    struct number_alt and[NUMBER_ALTS] = {{NUMBER_AND, 0}};
    const char *mark = memchr(f.p, '\'', f.n);
    size_t at = mark ? (size_t)(mark - f.p) : 0;
    bool conjoined = x->is->conjoined && near && pl_str_starts(f, PL_STR("و"));
    struct pl_str head = {f.p, at}, tail = {f.p + at + 1, f.n - at - 1};
    if (conjoined) tail = (struct pl_str){f.p + 2, f.n - 2};
    if (mark == NULL && !conjoined) return false;
    uint8_t n = look(x, pl_nlp__rows_hash(PL_FNV, tail), near, v);
    if (n > 0 && tail.n > 1) {
        uint32_t from = pl_nlp__place(x->t->text, w, (size_t)(tail.p - f.p));
        if (conjoined) push_as(x, w->start, from, 1, and);
        return push_as(x, from, w->end, n, v);
    }
    n = head.n > 1 ? look(x, pl_nlp__rows_hash(PL_FNV, head), near, v) : 0;
    return n > 0 && push_as(x, w->start, pl_nlp__place(x->t->text, w, at), n, v);
}

static uint32_t push_phrase(struct number_text *x, uint32_t i, bool near) {
    const struct pl_words *w = &x->t->r->words;
    struct number_alt v[NUMBER_ALTS];
    uint8_t n = 0;
    uint32_t most = phrase_at(x, i, near, &n, v);
    if (most > 0 && !push_as(x, w->v[i].start, w->v[i + most - 1].end, n, v)) return most;
    if (most == 0 && !push_split(x, &w->v[i])) (void)push_side(x, &w->v[i], near);
    return most > 0 ? most : 1;
}

static void lex_words(struct number_text *x) {
    const struct pl_words *w = &x->t->r->words;
    uint32_t done = 0;
    for (uint32_t i = 0; i < w->n;) {
        const struct pl_word *word = &w->v[i];
        uint8_t c = (uint8_t)word->folded.p[0];
        bool near = is_near(x, word->start);
        if (word->start < done)
            i++;
        else if (c >= '0' && c <= '9')
            done = push_digits(x, word->start), i++;
        else if (near || pl_nlp__number_begins(x->w, word->folded))
            i += push_phrase(x, i, near);
        else
            i++;
    }
}

/* ---- without blanks ---- */

static bool is_hangul(struct pl_str s, uint32_t at) {
    size_t i = at;
    while (i > 0 && ((uint8_t)s.p[--i] & 0xc0) == 0x80) continue;
    if (i == at) return false;
    uint32_t c = pl_utf8_next(s, &i);
    return c >= 0xac00 && c < 0xd7b0;
}

static uint32_t longest(const struct number_text *x, uint32_t at, bool near, uint8_t *n,
                        struct number_alt v[NUMBER_ALTS]) {
    struct pl_str s = x->t->text;
    uint64_t hash = PL_FNV;
    uint32_t best = 0;
    for (size_t i = at, from = at; i < s.n && i - at < NUMBER_BYTES; from = i) {
        struct number_alt found[NUMBER_ALTS];
        (void)pl_utf8_next(s, &i);
        hash = pl_fnv(hash, s.p + from, i - from);
        uint8_t count = look(x, pl_fnv(hash, "\x1f", 1), near, found);
        if (count == 0) continue;
        memcpy(v, found, sizeof found);
        *n = count;
        best = (uint32_t)i - at;
    }
    return best;
}

static void lex_characters(struct number_text *x) {
    struct pl_str s = x->t->text;
    for (uint32_t at = 0; at < s.n && x->n < NUMBER_TOKENS;) {
        struct number_alt v[NUMBER_ALTS];
        size_t next = at;
        uint8_t n = 0;
        uint32_t c = pl_utf8_next(s, &next), most = 0;
        if (pl_nlp__digit(c) >= 0) {
            at = push_digits(x, at);
            continue;
        }
        if (is_letter(c) && !is_near(x, at)) {
            at = past_code(s, (uint32_t)next);
            continue;
        }
        struct pl_str rest = {s.p + at, s.n - at};
        bool blank = c == ' ' || c == 0x3000, near = !blank && is_near(x, at);
        bool inside = x->is->korean && !near && is_hangul(s, at);
        if (near || (!blank && !inside && pl_nlp__number_begins(x->w, rest)))
            most = longest(x, at, near, &n, v);
        if (most > 0) (void)push_as(x, at, at + most, n, v);
        at = most > 0 ? at + most : (uint32_t)next;
    }
}

void pl_nlp__number_lex(struct number_text *x) {
    if (x->is->dense)
        lex_characters(x);
    else
        lex_words(x);
}
