/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks: which slot a value is for, from the words around it.
 *
 * A phrase with marks is a pattern, a row of words and marks, made at build. A pattern of a `says`
 * must be the whole message. One of an intent is looked at when the message means the intent: a
 * value is for the slot of a mark when the words beside it are those beside the mark, at least two
 * on one side, or the one that there is. The side is then followed as far as pattern and message
 * agree, and the longest agreement tells. Two slots that agree as well tell nothing. */
#include "runtime/nlp/nlp_priv.h"

#include <stdlib.h>
#include <string.h>

#define OPEN       "\u27e8"
#define CLOSE      "\u27e9"
#define MOST_GAP   3 /* words between a value and the words that tell: "from the city of Lyon" */
#define FOR_WORD   4
#define FOR_VALUE  2
#define FOR_WHOLE  1000
#define MOST_BOOL  3 /* words of a yes or no inside a message */
#define NO_WORDS   UINT32_MAX
#define MOST_CANDS 256

/* ---- build: from text to elements ---- */

bool pl_nlp__mark_split(struct pl_str mark, struct pl_str *slot, struct pl_str *name) {
    size_t colon = pl_str_find(mark, PL_STR(":"));
    bool named = colon != SIZE_MAX;
    *slot = named ? (struct pl_str){mark.p, colon} : (struct pl_str){0};
    *name = named ? (struct pl_str){mark.p + colon + 1, mark.n - colon - 1} : mark;
    return named;
}

/* The part before the next mark, and the mark; false when there is none: all of it is words. */
bool pl_nlp__mark_next(struct pl_str *text, struct pl_str *words, struct pl_str *mark) {
    size_t open = pl_str_find(*text, PL_STR(OPEN)), close = pl_str_find(*text, PL_STR(CLOSE));
    if (open == SIZE_MAX || close == SIZE_MAX || close < open) {
        *words = *text;
        *text = (struct pl_str){0};
        return false;
    }
    *words = (struct pl_str){text->p, open};
    size_t name = open + strlen(OPEN);
    *mark = (struct pl_str){text->p + name, close - name};
    close += strlen(CLOSE);
    *text = (struct pl_str){text->p + close, text->n - close};
    return true;
}

bool pl_nlp__has_slots(struct pl_str text) {
    struct pl_str words, mark, slot, name;
    while (text.n > 0)
        if (pl_nlp__mark_next(&text, &words, &mark) && pl_nlp__mark_split(mark, &slot, &name))
            return true;
    return false;
}

static uint8_t kind_named(struct pl_str name) {
    for (uint8_t k = PL_KIND_BOOL; k <= PL_KIND_LANGUAGE; k++)
        if (pl_str_is(name, pl_kind_word((enum pl_kind)k))) return k;
    return PL_KIND_NONE;
}

/* Kinds that are no placeholder: their words are read as they are. */
bool pl_nlp__is_plain(struct pl_str name) {
    switch (kind_named(name)) {
    case PL_KIND_TEXT:
    case PL_KIND_BOOL:
    case PL_KIND_TIME:
    case PL_KIND_DATETIME:
    case PL_KIND_DURATION:
    case PL_KIND_URL:
    case PL_KIND_LANGUAGE: return true;
    default: return false;
    }
}

static struct pl_nlp_element mark_of(const struct pl_nlp_source *src, struct pl_str mark) {
    struct pl_nlp_element e = {.mark = true, .entity = PL_NLP_BUILTIN};
    struct pl_str name;
    pl_nlp__mark_split(mark, &e.slot, &name);
    if (e.slot.n == 0) e.slot = name;
    for (uint32_t i = 0; i < src->nentities && e.entity == PL_NLP_BUILTIN; i++)
        if (pl_str_eq(src->entities[i].name, name)) e.entity = i;
    if (e.entity == PL_NLP_BUILTIN) e.kind = kind_named(name);
    return e;
}

static void add_words(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str lang,
                      struct pl_str text, struct pl_nlp_pattern *p) {
    struct pl_words w = pl_locale_words(t, a, text, lang);
    for (uint32_t i = 0; i < w.n; i++, p->n++)
        if (p->n < PL_NLP_ELEMENTS)
            p->v[p->n] = (struct pl_nlp_element){.word = {w.v[i].folded, w.v[i].stem}};
}

/* n over PL_NLP_ELEMENTS: too long to be one. */
struct pl_nlp_pattern pl_nlp__pattern(struct pl_locale_tools *t, struct pl_arena *a,
                                      const struct pl_nlp_source *src, struct pl_str lang,
                                      struct pl_str text) {
    struct pl_nlp_pattern p = {.lang = pl_locale_language(lang)};
    struct pl_str words, mark;
    p.v = PL_NEW_ARRAY(a, struct pl_nlp_element, PL_NLP_ELEMENTS + 1);
    while (text.n > 0 && p.v != NULL) {
        bool marked = pl_nlp__mark_next(&text, &words, &mark);
        add_words(t, a, p.lang, words, &p);
        if (marked && p.n < PL_NLP_ELEMENTS) p.v[p.n] = mark_of(src, mark);
        p.n += marked;
    }
    return p;
}

/* The longest run of words, by which the pattern of a `says` is found: elements [*from, +n). */
uint32_t pl_nlp__pattern_run(const struct pl_nlp_pattern *p, uint32_t *from) {
    uint32_t best = 0;
    *from = 0;
    for (uint32_t i = 0, n; i < p->n; i += n + 1) {
        for (n = 0; i + n < p->n && !p->v[i + n].mark;) n++;
        if (n > best) best = n, *from = i;
    }
    return best;
}

/* ---- a message: what could stand for a mark ---- */

/* A value of the message and the words that it covers. */
struct candidate {
    struct pl_nlp_found f;
    uint32_t from, to;
};

struct aligner {
    struct pl_nlp_turn *t;
    struct candidate *v;
    uint32_t n;
    uint16_t asked; /* kinds besides those always looked for that are among them, one bit each */
    /* what was told so far, one for each value and slot */
    struct told *told;
    uint32_t ntold;
};

/* The value `f` is for the slot, as far as one pattern tells. */
struct told {
    struct pl_nlp_found f;
    struct pl_str slot;
    int score;
    bool rival; /* another as good */
};

static void add_candidate(struct aligner *x, const struct pl_nlp_found *f) {
    const struct pl_words *w = &x->t->r->words;
    struct candidate c = {.f = *f};
    if (x->n == MOST_CANDS) return;
    while (c.from < w->n && w->v[c.from].end <= f->start) c.from++;
    for (c.to = c.from; c.to < w->n && w->v[c.to].start < f->end;) c.to++;
    if (c.to > c.from) x->v[x->n++] = c;
}

static void add_found(struct aligner *x, const struct pl_nlp_reading *r) {
    for (uint32_t i = 0; i < r->nfound; i++) add_candidate(x, &r->found[i]);
}

/* Kinds that otherwise only their own question looks for. */
static void look_for(struct aligner *x, uint8_t kind) {
    struct pl_nlp_context ctx = *x->t->ctx;
    struct pl_nlp_reading r = {.words = x->t->r->words, .language = x->t->r->language};
    struct pl_nlp_turn t = *x->t;
    if (kind >= 16 || (x->asked & 1u << kind) || x->t->ctx->asked == kind) return;
    x->asked |= (uint16_t)(1u << kind);
    ctx.asked = kind;
    t.ctx = &ctx;
    t.r = &r;
    t.cap = 0;
    pl_nlp__asked(&t);
    add_found(x, &r);
}

static void start(struct aligner *x, const struct pl_nlp_pattern *p) {
    struct pl_arena *a = x->t->a;
    if (x->v == NULL) {
        x->v = PL_NEW_ARRAY(a, struct candidate, MOST_CANDS);
        x->told = PL_NEW_ARRAY(a, struct told, MOST_CANDS);
        add_found(x, x->t->r);
    }
    for (uint32_t i = 0; i < p->n; i++)
        if (p->v[i].mark && p->v[i].entity == PL_NLP_BUILTIN) look_for(x, p->v[i].kind);
}

static bool is_elastic(const struct pl_nlp_element *e) {
    return e->mark && e->entity == PL_NLP_BUILTIN &&
           (e->kind == PL_KIND_TEXT || e->kind == PL_KIND_BOOL);
}

static bool fits(const struct pl_nlp_element *e, const struct candidate *c) {
    if (!e->mark || c->f.entity != e->entity) return false;
    return e->entity != PL_NLP_BUILTIN || (e->kind == c->f.value.kind && !is_elastic(e));
}

static bool is_word(const struct aligner *x, const struct pl_nlp_element *e, uint32_t word) {
    const struct pl_words *w = &x->t->r->words;
    return !e->mark && word < w->n && pl_nlp__same(&w->v[word], &e->word, e->arabic, false);
}

/* The words [from, to) as the value of an elastic mark; false: they are none. */
static bool take_words(const struct aligner *x, const struct pl_nlp_element *e, uint32_t from,
                       uint32_t to, struct pl_nlp_found *out) {
    const struct pl_words *w = &x->t->r->words;
    if (to <= from || to > w->n) return false;
    *out = (struct pl_nlp_found){.entity = PL_NLP_BUILTIN,
                                 .name = pl_str_c(pl_kind_word((enum pl_kind)e->kind)),
                                 .start = w->v[from].start,
                                 .end = w->v[to - 1].end,
                                 .how = PL_NLP_BY_BUILTIN};
    out->value = pl_text((struct pl_str){x->t->text.p + out->start, out->end - out->start});
    if (e->kind == PL_KIND_TEXT) return true;
    struct pl_words part = {.text = out->value.s, .v = w->v + from, .n = to - from};
    uint8_t answer = to - from <= MOST_BOOL ? pl_nlp__answer_of(&part) : PL_NLP_NEITHER;
    out->value = pl_bool(answer == PL_NLP_YES);
    return answer != PL_NLP_NEITHER;
}

/* ---- what was told ---- */

static bool same_value(const struct pl_nlp_found *a, const struct pl_nlp_found *b) {
    return a->start == b->start && a->end == b->end && a->entity == b->entity &&
           a->value.kind == b->value.kind;
}

/* An elastic slot has one value, the best; of others each value has one slot, the best. */
static void tell(struct aligner *x, const struct pl_nlp_element *e, const struct pl_nlp_found *f,
                 int score) {
    for (uint32_t i = 0; i < x->ntold; i++) {
        struct told *o = &x->told[i];
        bool same_slot = pl_str_eq(o->slot, e->slot), same = same_value(&o->f, f);
        if (is_elastic(e) ? !same_slot : !same) continue;
        bool inner = is_elastic(e) && o->f.start <= f->start && f->end <= o->f.end;
        bool outer = is_elastic(e) && f->start <= o->f.start && o->f.end <= f->end;
        if (score > o->score || (score == o->score && outer))
            *o = (struct told){*f, e->slot, score, false};
        else if (score == o->score && !inner && !(same_slot && same))
            o->rival = true;
        return;
    }
    if (x->ntold < MOST_CANDS) x->told[x->ntold++] = (struct told){*f, e->slot, score, false};
}

static void take_told(struct aligner *x, uint8_t by, uint32_t of) {
    struct pl_nlp_reading *r = x->t->r;
    struct pl_nlp_marked *v =
        PL_NEW_ARRAY(x->t->a, struct pl_nlp_marked, (size_t)r->nmarked + x->ntold + 1);
    if (v == NULL) return;
    if (r->nmarked) memcpy(v, r->marked, r->nmarked * sizeof(*v));
    r->marked = v;
    for (uint32_t i = 0; i < x->ntold; i++)
        if (!x->told[i].rival)
            v[r->nmarked++] = (struct pl_nlp_marked){by, of, x->told[i].slot, x->told[i].f};
    x->ntold = 0;
}

/* ---- the whole message ---- */

struct whole {
    struct aligner *x;
    const struct pl_nlp_pattern *p;
    uint8_t *failed;            /* by element and word */
    struct pl_nlp_found *value; /* by element */
};

static bool whole_from(struct whole *h, uint32_t i, uint32_t word);

/* An elastic mark takes as few words as it can. */
static bool whole_words(struct whole *h, uint32_t i, uint32_t word) {
    for (uint32_t to = word + 1; to <= h->x->t->r->words.n; to++)
        if (take_words(h->x, &h->p->v[i], word, to, &h->value[i]) && whole_from(h, i + 1, to))
            return true;
    return false;
}

static bool whole_value(struct whole *h, uint32_t i, uint32_t word) {
    for (uint32_t k = 0; k < h->x->n; k++) {
        const struct candidate *c = &h->x->v[k];
        if (c->from != word || !fits(&h->p->v[i], c) || !whole_from(h, i + 1, c->to)) continue;
        h->value[i] = c->f;
        return true;
    }
    return false;
}

static bool whole_from(struct whole *h, uint32_t i, uint32_t word) {
    const struct pl_words *w = &h->x->t->r->words;
    if (i == h->p->n) return word == w->n;
    uint8_t *failed = &h->failed[(size_t)i * (w->n + 1) + word];
    if (word >= w->n || *failed) return false;
    const struct pl_nlp_element *e = &h->p->v[i];
    bool good;
    if (!e->mark)
        good = is_word(h->x, e, word) && whole_from(h, i + 1, word + 1);
    else if (is_elastic(e))
        good = whole_words(h, i, word);
    else
        good = whole_value(h, i, word);
    *failed = !good;
    return good;
}

/* Is the message the phrase? Then all its marks are told. */
static bool take_whole(struct aligner *x, const struct pl_nlp_pattern *p) {
    uint32_t words = x->t->r->words.n;
    if (p->n > words) return false;
    struct whole h = {x, p, PL_NEW_ARRAY(x->t->a, uint8_t, (size_t)p->n * (words + 1)),
                      PL_NEW_ARRAY(x->t->a, struct pl_nlp_found, p->n)};
    if (h.failed == NULL || h.value == NULL || !whole_from(&h, 0, 0)) return false;
    for (uint32_t i = 0; i < p->n; i++)
        if (p->v[i].mark) tell(x, &p->v[i], &h.value[i], FOR_WHOLE + (int)p->n);
    return true;
}

/* ---- the words beside a value ---- */

/* One side of a mark and of a place in the message: step -1 looks at what is before both. */
struct side {
    const struct pl_nlp_pattern *p;
    uint32_t mark; /* the element */
    uint32_t word; /* where the value begins, or one past its end */
    int step;
};

/* The element so many places from the mark; NULL behind the pattern's end. */
static const struct pl_nlp_element *element(const struct side *s, uint32_t places) {
    int64_t i = (int64_t)s->mark + s->step * (int64_t)places;
    return i >= 0 && i < s->p->n ? &s->p->v[i] : NULL;
}

static uint32_t next_word(uint32_t word, int step) {
    if (step > 0) return word;
    return word > 0 ? word - 1 : NO_WORDS;
}

/* Words beside the mark, up to the next mark or the end. */
static uint32_t run_of(const struct side *s) {
    uint32_t n = 0;
    for (const struct pl_nlp_element *e; (e = element(s, n + 1)) != NULL && !e->mark;) n++;
    return n;
}

/* The value that stands at this place, on this side of it. */
static const struct candidate *value_at(const struct aligner *x, const struct pl_nlp_element *e,
                                        uint32_t word, int step) {
    for (uint32_t i = 0; i < x->n; i++)
        if ((step > 0 ? x->v[i].from : x->v[i].to) == word && fits(e, &x->v[i])) return &x->v[i];
    return NULL;
}

/* How far pattern and message agree from here; *words: words next to the mark. */
static int agreement(const struct aligner *x, const struct side *s, uint32_t word,
                     uint32_t *words) {
    int score = 0;
    *words = 0;
    for (uint32_t k = 1;; k++) {
        const struct pl_nlp_element *e = element(s, k);
        if (e == NULL || is_elastic(e)) break;
        const struct candidate *c = e->mark ? value_at(x, e, word, s->step) : NULL;
        if (e->mark ? c == NULL : !is_word(x, e, next_word(word, s->step))) break;
        if (c != NULL)
            word = s->step > 0 ? c->to : c->from;
        else
            word = s->step > 0 ? word + 1 : word - 1;
        if (c == NULL && *words == k - 1) ++*words;
        score += c != NULL ? FOR_VALUE : FOR_WORD;
    }
    return score;
}

/* Enough to tell? Two words, or what there is; beside another mark its value. */
static int told_by(const struct aligner *x, const struct side *s, uint32_t word) {
    uint32_t run = run_of(s), words;
    int score = agreement(x, s, word, &words);
    return words >= (run < 2 ? run : 2) ? score : 0;
}

static bool is_covered(const struct aligner *x, uint32_t word) {
    for (uint32_t i = 0; i < x->n; i++)
        if (x->v[i].from <= word && word < x->v[i].to) return true;
    return false;
}

/* Nothing but blanks between the word and the one after it. */
static bool runs_on(const struct aligner *x, uint32_t word) {
    const struct pl_words *w = &x->t->r->words;
    if (word + 1 >= w->n) return false;
    for (uint32_t i = w->v[word].end; i < w->v[word + 1].start; i++)
        if (x->t->text.p[i] != ' ') return false;
    return true;
}

/* Words in between may be skipped; values and punctuation not. */
static int beside(const struct aligner *x, const struct side *s) {
    uint32_t word = s->word;
    int score = told_by(x, s, word);
    for (int gap = 1; gap <= MOST_GAP && score == 0 && run_of(s) > 0; gap++) {
        uint32_t at = next_word(word, s->step);
        if (at >= x->t->r->words.n || is_covered(x, at)) break;
        if (at == 0 || !runs_on(x, at - 1) || !runs_on(x, at)) break;
        word = s->step > 0 ? word + 1 : word - 1;
        score = told_by(x, s, word);
        score -= score > gap ? gap : 0;
    }
    return score;
}

static void look_at_value(struct aligner *x, const struct pl_nlp_pattern *p, uint32_t mark,
                          const struct candidate *c) {
    struct side before = {p, mark, c->from, -1}, after = {p, mark, c->to, 1};
    int score = beside(x, &before) + beside(x, &after);
    if (score > 0) tell(x, &p->v[mark], &c->f, score);
}

/* ---- the words between two neighbours ---- */

/* Does the words' side of an elastic mark agree here? Where the phrase ends, so must the message:
 * then it says nothing, and costs nothing. */
static bool borders(const struct aligner *x, const struct side *s, uint32_t word, int *score) {
    *score = 0;
    if (element(s, 1) == NULL) return word == (s->step > 0 ? x->t->r->words.n : 0);
    *score = told_by(x, s, word);
    return *score > 0;
}

static void look_between(struct aligner *x, const struct pl_nlp_pattern *p, uint32_t mark) {
    uint32_t words = x->t->r->words.n;
    struct side before = {p, mark, 0, -1}, after = {p, mark, 0, 1};
    struct pl_nlp_found f;
    for (uint32_t from = 0; from < words; from++) {
        int left, right;
        if (!borders(x, &before, from, &left)) continue;
        for (uint32_t to = from + 1; to <= words; to++) {
            if (!borders(x, &after, to, &right)) continue;
            if (left + right == 0 || !take_words(x, &p->v[mark], from, to, &f)) continue;
            tell(x, &p->v[mark], &f, left + right);
            break;
        }
    }
}

/* ---- patterns ---- */

static void look_at_pattern(struct aligner *x, const struct pl_nlp_pattern *p) {
    start(x, p);
    if (take_whole(x, p)) return;
    for (uint32_t i = 0; i < p->n; i++) {
        if (!p->v[i].mark) continue;
        if (is_elastic(&p->v[i])) look_between(x, p, i);
        for (uint32_t k = 0; k < x->n; k++)
            if (fits(&p->v[i], &x->v[k])) look_at_value(x, p, i, &x->v[k]);
    }
}

/* In the language of the message; when the intent has none in it, in all. */
static void look_at_intent(struct aligner *x, uint32_t intent) {
    const struct pl_nlp_model *m = x->t->nlp->model;
    uint32_t from = m->intent_patterns[intent], to = m->intent_patterns[intent + 1];
    struct pl_str lang = x->t->r->language;
    bool any = false;
    if (from == to) return;
    for (int all = 0; all < 2 && !any; all++)
        for (uint32_t i = from; i < to; i++) {
            if (!all && !pl_str_eq(m->patterns[i].lang, lang)) continue;
            look_at_pattern(x, &m->patterns[i]);
            any = true;
        }
    take_told(x, PL_NLP_MARKED_INTENT, intent);
}

static void look_at_says(struct aligner *x, uint32_t pattern) {
    const struct pl_nlp_pattern *p = &x->t->nlp->model->patterns[pattern];
    struct pl_nlp_reading *r = x->t->r;
    start(x, p);
    if (!take_whole(x, p)) return;
    for (uint32_t i = 0; i < r->nmarked; i++) /* another phrase of it told already */
        if (r->marked[i].by == PL_NLP_MARKED_SAYS && r->marked[i].of == p->of) x->ntold = 0;
    uint8_t bit = (uint8_t)(1u << (p->of % 8));
    if (r->says != NULL) r->says[p->of / 8] |= bit;
    if (r->mentions != NULL) r->mentions[p->of / 8] |= bit;
    take_told(x, PL_NLP_MARKED_SAYS, p->of);
}

static bool is_first_hit(const struct pl_nlp_hits *hits, uint32_t i) {
    if (hits->v[i].row->use != PL_NLP_USE_MARKED) return false;
    for (uint32_t k = 0; k < i; k++)
        if (hits->v[k].row == hits->v[i].row) return false;
    return true;
}

void pl_nlp__marks(struct pl_nlp_turn *t) {
    const struct pl_nlp_model *m = t->nlp->model;
    struct aligner x = {.t = t};
    if (m->npatterns == 0 || t->r->words.n == 0) return;
    for (uint32_t i = 0; i < t->hits.n; i++)
        if (is_first_hit(&t->hits, i)) look_at_says(&x, t->hits.v[i].row->owner);
    for (uint32_t i = 0; i < m->nwordless && t->r->nfound > 0; i++)
        look_at_says(&x, m->wordless[i]);
    if (t->r->nguesses > 0) look_at_intent(&x, t->r->guesses[0].intent);
}
