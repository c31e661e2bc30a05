/* SPDX-License-Identifier: Apache-2.0
 *
 * Entities of the program: expressions, word lists, lists from hooks.
 */
#include "runtime/nlp/nlp_priv.h"

#include <stdlib.h>
#include <string.h>

#define MOST_MATCHES 32 /* of one expression in one message */
#define MOST_FOUND   256
#define AFTER_GAP    2 /* words between an `after` word and what it announces: "size: US 10" */

void pl_nlp__add(struct pl_nlp_turn *t, struct pl_nlp_found f) {
    struct pl_nlp_reading *r = t->r;
    if (r->nfound == MOST_FOUND) return;
    if (r->nfound == t->cap) {
        uint32_t cap = t->cap == 0 ? 16 : t->cap * 2;
        struct pl_nlp_found *v = PL_NEW_ARRAY(t->a, struct pl_nlp_found, cap);
        if (v == NULL) return;
        if (r->nfound > 0) memcpy(v, r->found, r->nfound * sizeof(*v));
        r->found = v;
        t->cap = cap;
    }
    r->found[r->nfound++] = f;
}

static int by_place(const void *a, const void *b) {
    const struct pl_nlp_found *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->end != y->end) return x->end > y->end ? -1 : 1;
    if (x->entity != y->entity) return x->entity < y->entity ? -1 : 1;
    return (int)x->value.kind - (int)y->value.kind;
}

/* Within something longer: a number that is part of a date, a size that is part of a phone. */
static bool is_inner(const struct pl_nlp_reading *r, const struct pl_nlp_found *f) {
    bool number = f->entity == PL_NLP_BUILTIN && f->value.kind == PL_KIND_NUMBER;
    if (!number && !f->needs_after) return false;
    for (uint32_t i = 0; i < r->nfound; i++) {
        const struct pl_nlp_found *o = &r->found[i];
        bool amount = o->value.kind == PL_KIND_MONEY || o->value.kind == PL_KIND_PERCENT;
        if (o->needs_after || (number && amount && o->entity == PL_NLP_BUILTIN)) continue;
        if (o->start <= f->start && o->end >= f->end && o->end - o->start > f->end - f->start)
            return true;
    }
    return false;
}

static void drop_inner(struct pl_nlp_reading *r) {
    for (uint32_t i = r->nfound; i-- > 0;)
        if (is_inner(r, &r->found[i]))
            memmove(&r->found[i], &r->found[i + 1], (--r->nfound - i) * sizeof(*r->found));
}

void pl_nlp__sort_found(struct pl_nlp_turn *t) {
    drop_inner(t->r);
    if (t->r->nfound > 1) qsort(t->r->found, t->r->nfound, sizeof(*t->r->found), by_place);
}

/* Spans of one entity do not overlap: the longest wins, then the first. */
static bool drop_shorter(struct pl_nlp_turn *t, uint32_t from, const struct pl_nlp_found *f) {
    struct pl_nlp_reading *r = t->r;
    for (uint32_t i = from; i < r->nfound; i++) {
        struct pl_nlp_found *o = &r->found[i];
        if (o->entity != f->entity || o->end <= f->start || o->start >= f->end) continue;
        if (o->end - o->start >= f->end - f->start) return true;
    }
    uint32_t n = from;
    for (uint32_t i = from; i < r->nfound; i++) {
        struct pl_nlp_found *o = &r->found[i];
        if (o->entity != f->entity || o->end <= f->start || o->start >= f->end) r->found[n++] = *o;
    }
    r->nfound = n;
    return false;
}

static struct pl_str shaped(struct pl_nlp_turn *t, struct pl_str s, uint8_t flags) {
    char *p = pl_arena_alloc(t->a, s.n * 4 + 1);
    size_t n = 0;
    if (p == NULL) return s;
    for (size_t at = 0; at < s.n;) {
        size_t start = at;
        uint32_t c = pl_utf8_next(s, &at);
        if ((flags & PL_NLP_UPPER) && c >= 'a' && c <= 'z') c -= 32;
        if ((flags & PL_NLP_LOWER) && c >= 'A' && c <= 'Z') c += 32;
        if (c < 0x80) {
            p[n++] = (char)c;
        } else { /* digits of other scripts are written 0-9 in ids */
            struct pl_str one = {s.p + start, at - start};
            struct pl_str folded = pl_locale_fold(t->nlp->tools, t->a, one);
            if (folded.n == 1 && folded.p[0] >= '0' && folded.p[0] <= '9') one = folded;
            memcpy(p + n, one.p, one.n);
            n += one.n;
        }
    }
    return (struct pl_str){p, n};
}

/* Is there an `after` word of the entity shortly before the byte? */
static bool announced(const struct pl_nlp_turn *t, uint32_t entity, uint32_t start) {
    const struct pl_words *w = &t->r->words;
    for (uint32_t i = 0; i < t->hits.n; i++) {
        const struct pl_nlp_hit *h = &t->hits.v[i];
        if (h->row->use != PL_NLP_USE_AFTER || h->row->owner != entity) continue;
        uint32_t next = h->word + h->row->ntokens; /* the word after it */
        if (w->v[next - 1].end > start) continue;
        uint32_t gap = 0;
        while (next + gap < w->n && w->v[next + gap].start < start) gap++;
        if (gap <= AFTER_GAP) return true;
    }
    return false;
}

static void add_regex(struct pl_nlp_turn *t, uint32_t entity, size_t start, size_t end,
                      uint32_t from) {
    const struct pl_nlp_entity_row *e = &t->nlp->model->entities[entity];
    struct pl_nlp_found f = {
        .entity = entity,
        .name = e->name,
        .start = (uint32_t)start,
        .end = (uint32_t)end,
        .how = PL_NLP_BY_REGEX,
        .needs_after = e->after && !announced(t, entity, (uint32_t)start),
    };
    if (drop_shorter(t, from, &f)) return;
    f.value = pl_text(shaped(t, (struct pl_str){t->text.p + start, end - start}, e->flags));
    if (e->kind == PL_KIND_EMAIL || e->kind == PL_KIND_PHONE || e->kind == PL_KIND_URL)
        f.value.kind = e->kind;
    pl_nlp__add(t, f);
}

static void find_regexes(struct pl_nlp_turn *t) {
    const struct pl_nlp_model *m = t->nlp->model;
    struct pl_locale_regex **re = t->nlp->entities;
    const struct pl_nlp_prefix *prefix = t->nlp->prefixes;
    for (uint32_t i = 0; i < m->nentities; i++) {
        uint32_t from = t->r->nfound;
        for (uint32_t j = 0; j < m->entities[i].nregexes; j++, re++, prefix++) {
            uint8_t needs = m->entities[i].regexes[j].needs;
            if ((needs & PL_NLP_NEEDS_DIGIT) && !t->digits) continue;
            if ((needs & PL_NLP_NEEDS_AT) && !t->at) continue;
            size_t at = 0, start, end;
            for (int k = 0; k < MOST_MATCHES; k++) {
                at = pl_nlp__begin(prefix, t->text, at);
                if (at == SIZE_MAX) break;
                if (!pl_locale_regex_find(*re, t->subject, at, &start, &end)) break;
                if (end > start) add_regex(t, i, start, end, from);
                at = end > at ? end : at + 1;
            }
        }
    }
}

static void add_word(struct pl_nlp_turn *t, const struct pl_nlp_hit *h, enum pl_nlp_how how,
                     uint32_t from) {
    const struct pl_nlp_model *m = t->nlp->model;
    const struct pl_words *w = &t->r->words;
    const struct pl_nlp_entity_row *e = &m->entities[h->row->owner];
    struct pl_nlp_found f = {
        .entity = h->row->owner,
        .name = e->name,
        .start = w->v[h->word].start,
        .end = w->v[h->word + h->row->ntokens - 1].end,
        .how = (uint8_t)how,
    };
    f.needs_after = e->after && !announced(t, f.entity, f.start);
    if (drop_shorter(t, from, &f)) return;
    if (how == PL_NLP_BY_WORD && e->kind == PL_KIND_ENUM) {
        f.value.kind = PL_KIND_ENUM;
        f.value.e.type = e->name;
        f.value.e.member = h->row->member;
    } else {
        f.value = pl_text(h->row->member);
    }
    pl_nlp__add(t, f);
}

/* ---- values written in groups ---- */

#define MOST_GROUPS 8

static bool any_digit(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9') return true;
    return false;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Letters before the first digits belong to the value when they are capitals, or its example begins
 * so: "ORDER 123", "order 123", but not "my 123". */
static bool may_lead(struct pl_str s, struct pl_str example) {
    bool capitals = s.n > 0, same = s.n <= example.n;
    for (size_t i = 0; i < s.n; i++) {
        capitals = capitals && s.p[i] >= 'A' && s.p[i] <= 'Z';
        same = same && lower(s.p[i]) == lower(example.p[i]);
    }
    return capitals || same;
}

static bool only_gaps(struct pl_str text, uint32_t from, uint32_t to) {
    for (; from < to; from++)
        if (memchr(" -./#_", text.p[from], 6) == NULL) return false;
    return true;
}

/* The words from i on, n of them, as one; empty when they are no groups of one value. */
static struct pl_str joined(const struct pl_nlp_turn *t, uint32_t i, uint32_t n) {
    const struct pl_words *w = &t->r->words;
    char *p = pl_arena_alloc(t->a, t->text.n + 1);
    size_t len = 0;
    for (uint32_t k = i; k < i + n && p != NULL; k++) {
        struct pl_str s = {t->text.p + w->v[k].start, w->v[k].end - w->v[k].start};
        bool gap = k == i || only_gaps(t->text, w->v[k - 1].end, w->v[k].start);
        if (!gap || (!any_digit(s) && (k > i || !may_lead(s, t->ctx->example))))
            return (struct pl_str){0};
        memcpy(p + len, s.p, s.n);
        len += s.n;
    }
    return (struct pl_str){p, len};
}

static bool add_joined(struct pl_nlp_turn *t, uint32_t entity, struct pl_locale_regex **re,
                       uint32_t i, uint32_t n) {
    const struct pl_nlp_entity_row *e = &t->nlp->model->entities[entity];
    struct pl_str s = joined(t, i, n);
    bool fits = false;
    for (uint32_t k = 0; k < e->nregexes && s.n && !fits; k++)
        fits = pl_locale_regex_is(re[k], pl_locale_subject(t->a, s));
    if (!fits) return false;
    struct pl_nlp_found f = {.entity = entity,
                             .name = e->name,
                             .start = t->r->words.v[i].start,
                             .end = t->r->words.v[i + n - 1].end,
                             .how = PL_NLP_BY_REGEX,
                             .value = pl_text(shaped(t, s, e->flags))};
    if (e->kind == PL_KIND_PHONE || e->kind == PL_KIND_URL) f.value.kind = e->kind;
    pl_nlp__add(t, f);
    return true;
}

/* Nothing was found for the open question: perhaps its value is written in groups. */
static void find_joined(struct pl_nlp_turn *t) {
    const struct pl_nlp_model *m = t->nlp->model;
    uint32_t entity = t->ctx->asked_entity - 1, most = t->r->words.n;
    struct pl_locale_regex **re = t->nlp->entities;
    if (entity >= m->nentities || !t->digits) return;
    for (uint32_t i = 0; i < t->r->nfound; i++)
        if (t->r->found[i].entity == entity) return;
    for (uint32_t i = 0; i < entity; i++) re += m->entities[i].nregexes;
    if (most > MOST_GROUPS) most = MOST_GROUPS;
    for (uint32_t n = most; n > 1; n--)
        for (uint32_t i = 0; i + n <= t->r->words.n; i++)
            if (add_joined(t, entity, re, i, n)) return;
}

/* ---- what others found ---- */

static bool is_between(struct pl_str s, uint32_t at) {
    return at == s.n || ((uint8_t)s.p[at] & 0xc0) != 0x80;
}

const char *pl_nlp_given_wrong(struct pl_str text, const struct pl_nlp_given *g) {
    if (g->start >= g->end || g->end > text.n) return "a place that is not in the text";
    if (!is_between(text, g->start) || !is_between(text, g->end))
        return "a place inside a character";
    if (g->value.n == 0 || g->value.n > PL_NLP_GIVEN_VALUE) return "a value that is empty or long";
    return pl_utf8_valid(g->value) ? NULL : "a value that is not UTF-8";
}

static void add_given(struct pl_nlp_turn *t, const struct pl_nlp_given *g, uint32_t from) {
    const struct pl_nlp_model *m = t->nlp->model;
    if (g->entity >= m->nentities || pl_nlp_given_wrong(t->text, g) != NULL) return;
    const struct pl_nlp_entity_row *e = &m->entities[g->entity];
    struct pl_nlp_found f = {.entity = g->entity,
                             .name = e->name,
                             .start = g->start,
                             .end = g->end,
                             .value = pl_text(shaped(t, g->value, e->flags)),
                             .how = PL_NLP_BY_OTHERS,
                             .needs_after = e->after && !announced(t, g->entity, g->start)};
    if (!drop_shorter(t, from, &f)) pl_nlp__add(t, f);
}

static void find_given(struct pl_nlp_turn *t) {
    for (uint32_t i = 0; i < t->ctx->ngiven; i++) add_given(t, &t->ctx->given[i], 0);
}

/* Exact hits before fuzzy ones, so that of two of one length the exact one is kept. */
static void add_words(struct pl_nlp_turn *t, const struct pl_nlp_hits *hits, enum pl_nlp_how how) {
    uint32_t from = t->r->nfound;
    for (int fuzzy = 0; fuzzy < 2; fuzzy++)
        for (uint32_t i = 0; i < hits->n; i++)
            if (hits->v[i].row->use == PL_NLP_USE_WORD && hits->v[i].fuzzy == (fuzzy == 1) &&
                hits->v[i].row->owner < t->nlp->model->nentities)
                add_word(t, &hits->v[i], how, from);
}

static bool has_at(struct pl_str s) {
    return s.n > 0 && memchr(s.p, '@', s.n) != NULL;
}

static bool has_digit(const struct pl_words *w) {
    for (uint32_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < w->v[i].folded.n; j++)
            if (w->v[i].folded.p[j] >= '0' && w->v[i].folded.p[j] <= '9') return true;
    return false;
}

void pl_nlp__entities(struct pl_nlp_turn *t) {
    t->digits = has_digit(&t->r->words);
    t->at = has_at(t->text);
    pl_nlp__find(&t->nlp->model->index, &t->r->words, t->a, &t->hits);
    find_regexes(t);
    find_joined(t);
    add_words(t, &t->hits, PL_NLP_BY_WORD);
    find_given(t);
    for (uint32_t i = 0; i < t->ctx->nlists; i++) {
        struct pl_nlp_hits hits = {0};
        pl_nlp__find(&t->ctx->lists[i]->index, &t->r->words, t->a, &hits);
        add_words(t, &hits, PL_NLP_BY_HOOK);
    }
}

/* ---- lists from hooks ---- */

struct pl_nlp_list *pl_nlp_list_new(struct pl_locale_tools *tools, uint32_t entity,
                                    const struct pl_str *texts, uint32_t n) {
    struct pl_nlp_list *l = calloc(1, sizeof(*l));
    if (l == NULL) return NULL;
    pl_arena_init(&l->arena, 0);
    l->entity = entity;
    if (n > PL_NLP_MOST_LIST) n = PL_NLP_MOST_LIST;
    struct pl_nlp_row *rows = PL_NEW_ARRAY(&l->arena, struct pl_nlp_row, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        struct pl_str copy = pl_arena_str(&l->arena, texts[i]);
        rows[i] = pl_nlp__row(tools, &l->arena, PL_NLP_USE_WORD, entity, copy, PL_STR(""), copy);
    }
    pl_nlp__index(&l->arena, rows, n, &l->index);
    return l;
}

void pl_nlp_list_free(struct pl_nlp_list **l) {
    if (*l == NULL) return;
    pl_arena_free(&(*l)->arena);
    free(*l);
    *l = NULL;
}

/* ---- what an expression cannot do without ---- */

static size_t skip_class(struct pl_str p, size_t at) {
    for (at++; at < p.n && p.p[at] != ']'; at++)
        if (p.p[at] == '\\') at++;
    return at < p.n ? at + 1 : p.n;
}

size_t pl_nlp__skip_group(struct pl_str p, size_t at) {
    for (at++; at < p.n && p.p[at] != ')';) {
        if (p.p[at] == '\\')
            at += 2;
        else if (p.p[at] == '[')
            at = skip_class(p, at);
        else if (p.p[at] == '(')
            at = pl_nlp__skip_group(p, at);
        else
            at++;
    }
    return at < p.n ? at + 1 : p.n;
}

static bool optional_next(struct pl_str p, size_t at) {
    return at < p.n && (p.p[at] == '?' || p.p[at] == '*' ||
                        (p.p[at] == '{' && at + 1 < p.n && p.p[at + 1] == '0'));
}

bool pl_nlp__is_alternation(struct pl_str p) {
    for (size_t at = 0; at < p.n;) {
        if (p.p[at] == '\\')
            at += 2;
        else if (p.p[at] == '[')
            at = skip_class(p, at);
        else if (p.p[at] == '(')
            at = pl_nlp__skip_group(p, at);
        else if (p.p[at++] == '|')
            return true;
    }
    return false;
}

/* One atom at `at`: does it need a digit? Moves behind it. */
static bool atom_needs_digit(struct pl_str p, size_t *at, int depth) {
    size_t from = *at;
    char c = p.p[from];
    bool digit = c >= '0' && c <= '9';
    if (c == '\\') {
        *at += 2;
        digit = from + 1 < p.n && p.p[from + 1] == 'd';
    } else if (c == '[') {
        *at = skip_class(p, from);
        struct pl_str s = {p.p + from, *at - from};
        digit = pl_str_is(s, "[0-9]") || pl_str_is(s, "[1-9]") || pl_str_is(s, "[\\d]");
    } else if (c == '(') {
        *at = pl_nlp__skip_group(p, from);
        struct pl_str s = {p.p + from + 1, *at - from - 1};
        if (s.n > 0 && s.p[s.n - 1] == ')') s.n--;
        bool plain = s.n == 0 || s.p[0] != '?';
        if (pl_str_starts(s, PL_STR("?=")) || pl_str_starts(s, PL_STR("?:"))) {
            s.p += 2, s.n -= 2;
            plain = true;
        }
        digit = plain && depth < 8 && !pl_nlp__is_alternation(s);
        for (size_t i = 0, any = 0; digit && i < s.n;) {
            any |= atom_needs_digit(s, &i, depth + 1);
            if (i >= s.n) digit = any != 0;
        }
        if (s.n == 0) digit = false;
    } else if (c == '{') { /* a count belongs to the atom before */
        while (*at < p.n && p.p[*at] != '}') (*at)++;
        *at += *at < p.n;
        return false;
    } else {
        (*at)++;
    }
    if (*at > p.n) *at = p.n;
    return digit && !optional_next(p, *at);
}

uint8_t pl_nlp__needs(struct pl_str pattern) {
    if (pl_nlp__is_alternation(pattern)) return 0;
    uint8_t needs = 0;
    for (size_t at = 0; at < pattern.n;) {
        size_t from = at;
        if (atom_needs_digit(pattern, &at, 0)) needs |= PL_NLP_NEEDS_DIGIT;
        if (pattern.p[from] == '@' && !optional_next(pattern, at)) needs |= PL_NLP_NEEDS_AT;
    }
    return needs;
}
