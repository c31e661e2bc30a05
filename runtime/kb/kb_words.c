/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of articles and questions, and the terms they are found by. */
#include "runtime/kb/kb_priv.h"

#define GRAM  4 /* letters, the word's two ends counting as one each; a short one has one less */
#define ROOT  4
#define LONG  (PL_KB__GRAMS + GRAM)
#define EDGE  0x5f
#define SIGNS 3 /* the most that a gram of an unspaced script has */

struct letters {
    uint32_t v[LONG];
    uint32_t n;
};

static uint64_t key_of(enum pl_kb__kind kind, const void *p, size_t n) {
    uint8_t k = (uint8_t)kind;
    return pl_fnv(pl_fnv(PL_FNV, &k, 1), p, n);
}

static uint64_t key_of_letters(enum pl_kb__kind kind, const uint32_t *v, uint32_t n) {
    return key_of(kind, v, n * sizeof *v);
}

/* Signs that a gram has where words are not parted by blanks; 0 where they are. */
static uint32_t unspaced(uint32_t c) {
    if (c >= 0xe00 && c < 0xf00) return 3; /* Thai, Lao: letters */
    if ((c >= 0x1000 && c < 0x10a0) || (c >= 0x1780 && c < 0x1800)) return 3;
    if ((c >= 0x3040 && c < 0x3100) || (c >= 0x3400 && c < 0x4dc0)) return 2;
    return (c >= 0x4e00 && c < 0xa000) || (c >= 0xf900 && c < 0xfb00) ||
                   (c >= 0x20000 && c < 0x40000)
               ? 2
               : 0;
}

static void add_letters(struct letters *l, struct pl_str s, uint32_t most) {
    for (size_t at = 0; at < s.n && l->n < most;) l->v[l->n++] = pl_utf8_next(s, &at);
}

/* ---- roots ---- */

static bool arabic(uint32_t c) {
    return c >= 0x620 && c < 0x6d4;
}

/* Letters of conjunctions, prepositions and the article that are written with the word. */
static uint32_t clitics(const uint32_t *c, uint32_t n) {
    uint32_t at = n > 4 && c[0] == 0x648 ? 1 : 0;
    const uint32_t *d = c + at;
    if (n - at <= 4) return at;
    if ((d[0] == 0x628 || d[0] == 0x643 || d[0] == 0x641) && d[1] == 0x627 && d[2] == 0x644)
        return at + 3;
    return (d[0] == 0x644 || d[0] == 0x627) && d[1] == 0x644 ? at + 2 : at;
}

/* How long the word is without one ending. */
static uint32_t without_ending(const uint32_t *c, uint32_t n) {
    static const uint32_t endings[][2] = {{0x647, 0x627}, {0x627, 0x646}, {0x627, 0x62a},
                                          {0x648, 0x646}, {0x64a, 0x646}, {0x64a, 0x647}};
    for (size_t i = 0; n > 4 && i < PL_LEN(endings); i++)
        if (c[n - 2] == endings[i][0] && c[n - 1] == endings[i][1]) return n - 2;
    return n > 3 && (c[n - 1] == 0x647 || c[n - 1] == 0x64a) ? n - 1 : n;
}

/* An Arabic word's consonants: its plurals and verbs change the vowels between them. */
static uint64_t arabic_root(const struct letters *l) {
    uint32_t out[LONG], n = 0, at = clitics(l->v, l->n), end = l->n - at;
    const uint32_t *c = l->v + at;
    end = without_ending(c, without_ending(c, end));
    for (uint32_t i = 0; i < end; i++)
        if (i == 0 || (c[i] != 0x627 && c[i] != 0x648 && c[i] != 0x64a)) out[n++] = c[i];
    return n >= 2 ? key_of_letters(PL_KB__ROOT, out, n) : key_of_letters(PL_KB__ROOT, c, end);
}

static uint64_t root_of(const struct letters *l) {
    if (l->n > 2 && arabic(l->v[0])) return arabic_root(l);
    return key_of_letters(PL_KB__ROOT, l->v, l->n < ROOT || unspaced(l->v[0]) ? l->n : ROOT);
}

/* ---- grams ---- */

struct gram_list {
    uint64_t *v;
    uint32_t n;
    enum pl_kb__kind kind; /* of those that are added now */
};

/* Every `size` neighbours that begin with one of the first `starts` letters. */
static void add_grams(struct gram_list *g, const struct letters *l, uint32_t starts,
                      uint32_t size) {
    if (l->n <= size) {
        g->v[g->n++] = key_of_letters(g->kind, l->v, l->n);
        return;
    }
    for (uint32_t i = 0; i < starts && i + size <= l->n; i++)
        g->v[g->n++] = key_of_letters(g->kind, l->v + i, size);
}

/* Grams within the word, its ends marked. */
static void spaced_grams(struct gram_list *g, const struct letters *word, uint32_t size) {
    struct letters l = {.v = {EDGE}, .n = 1};
    for (uint32_t i = 0; i < word->n && l.n < LONG - 1; i++) l.v[l.n++] = word->v[i];
    l.v[l.n++] = EDGE;
    add_grams(g, &l, PL_KB__GRAMS, size);
}

/* Grams go on over the end of the word: nobody knows where words end. */
static void unspaced_grams(struct gram_list *g, const struct pl_words *w, uint32_t i,
                           const struct letters *word, uint32_t size) {
    struct letters l = *word;
    uint32_t own = l.n < PL_KB__GRAMS ? l.n : PL_KB__GRAMS;
    for (uint32_t k = i + 1; k < w->n && l.n < own + size - 1; k++) {
        size_t at = 0;
        if (w->v[k].start != w->v[k - 1].end || !unspaced(pl_utf8_next(w->v[k].folded, &at))) break;
        add_letters(&l, w->v[k].folded, own + size - 1);
    }
    bool joined = i && w->v[i - 1].end == w->v[i].start;
    if (l.n >= size || !joined) add_grams(g, &l, own, size);
}

static uint32_t grams_of(struct gram_list *g, const struct pl_words *w, uint32_t i,
                         const struct letters *l, enum pl_kb__kind kind) {
    uint32_t size = l->n ? unspaced(l->v[0]) : 0, before = g->n, less = kind == PL_KB__SHORT;
    g->kind = kind;
    if (size)
        unspaced_grams(g, w, i, l, size - less);
    else
        spaced_grams(g, l, GRAM - less);
    return g->n - before;
}

/* ---- words ---- */

/* `tones`: the marks that folding takes off tell words apart, so they stay with the stem. */
static void fill(struct pl_locale_tools *t, struct pl_arena *a, const struct pl_words *w,
                 uint32_t i, bool tones, struct pl_str language, struct gram_list *grams,
                 struct pl_kb__word *out) {
    const struct pl_word *from = &w->v[i];
    struct letters l = {.n = 0};
    struct pl_str raw = {w->text.p + from->start, from->end - from->start};
    struct pl_str form = pl_locale_lower(t, a, raw);
    add_letters(&l, from->folded, PL_KB__GRAMS);
    *out = (struct pl_kb__word){.start = from->start, .end = from->end};
    out->common = pl_locale_is_stop(language, from->folded);
    for (size_t k = 0; k < from->folded.n; k++)
        if (from->folded.p[k] >= '0' && from->folded.p[k] <= '9') out->number = true;
    out->key[PL_KB__FORM] = key_of(PL_KB__FORM, form.p, form.n);
    struct pl_str stem = tones ? form : from->stem;
    out->key[PL_KB__STEM] = key_of(PL_KB__STEM, stem.p, stem.n);
    out->key[PL_KB__ROOT] = root_of(&l);
    out->grams = grams->v + grams->n;
    out->ngrams = grams_of(grams, w, i, &l, PL_KB__GRAM);
    out->nshorts = grams_of(grams, w, i, &l, PL_KB__SHORT);
}

struct pl_kb__words pl_kb__words(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                                 struct pl_str language) {
    struct pl_words w = pl_locale_words(t, a, text, language);
    struct pl_kb__words out = {0};
    struct gram_list grams = {0};
    out.v = PL_NEW_ARRAY(a, struct pl_kb__word, (size_t)w.n + 1);
    grams.v = PL_NEW_ARRAY(a, uint64_t, (size_t)w.n * 2 * PL_KB__GRAMS + 1);
    bool tones = pl_str_is(language, "vi");
    for (uint32_t i = 0; i < w.n; i++) fill(t, a, &w, i, tones, language, &grams, &out.v[out.n++]);
    return out;
}
