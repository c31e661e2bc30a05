/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds phrases in a message: by the hash of their first word, then word for word. A word of the
 * message is tried as it is, as its stem, and, where the phrase allows, without Arabic particles
 * and endings, or with one letter changed.
 */
#include "runtime/nlp/nlp_priv.h"

#include <stdlib.h>
#include <string.h>

#define FUZZY_LEAST   5 /* letters */
#define MOST_LETTERS  32
#define MOST_VARIANTS 80

static uint32_t hash_of(struct pl_str s) {
    uint64_t h = pl_fnv(PL_FNV, s.p, s.n);
    return (uint32_t)(h ^ (h >> 32));
}

/* ---- one edit apart ---- */

static size_t letters_of(struct pl_str s, uint32_t out[MOST_LETTERS]) {
    size_t n = 0;
    for (size_t at = 0; at < s.n && n < MOST_LETTERS; n++) out[n] = pl_utf8_next(s, &at);
    return n;
}

/* At most one letter is missing, added, changed or swapped with its neighbour. */
static bool one_edit(struct pl_str a, struct pl_str b) {
    uint32_t x[MOST_LETTERS], y[MOST_LETTERS];
    size_t n = letters_of(a, x), m = letters_of(b, y), i = 0, j = 0;
    if (n < FUZZY_LEAST || m < FUZZY_LEAST || n == MOST_LETTERS || m == MOST_LETTERS) return false;
    while (i < n && i < m && x[i] == y[i]) i++;
    while (j < n - i && j < m - i && x[n - 1 - j] == y[m - 1 - j]) j++;
    size_t p = n - i - j, q = m - i - j;
    if (p <= 1 && q <= 1) return true;
    return p == 2 && q == 2 && x[i] == y[i + 1] && x[i + 1] == y[i];
}

/* ---- Arabic: particles written with the word ---- */

static struct pl_str strip_particles(struct pl_str w) {
    static const char *const particles[] = {"وال", "بال", "فال", "كال", "لل",
                                            "ال",  "و",   "ب",   "ف",   "ل"};
    for (size_t i = 0; i < PL_LEN(particles); i++) {
        struct pl_str p = pl_str_c(particles[i]);
        /* two bytes a letter: leave three letters at least */
        if (w.n >= p.n + 6 && pl_str_starts(w, p)) return (struct pl_str){w.p + p.n, w.n - p.n};
    }
    return w;
}

/* The word, without particles, is the token with an ending of at most three letters (two, if the
 * token has no more than three). */
static bool arabic_same(struct pl_str word, struct pl_str token) {
    size_t ending = token.n > 6 ? 6 : 4;
    if (token.n < 6) return false;
    if (pl_str_starts(word, token) && word.n <= token.n + ending) return true;
    word = strip_particles(word);
    return pl_str_starts(word, token) && word.n <= token.n + ending;
}

bool pl_nlp__same(const struct pl_word *w, const struct pl_nlp_token *t, bool arabic, bool fuzzy) {
    if (pl_str_eq(w->folded, t->folded) || pl_str_eq(w->stem, t->stem)) return true;
    if (arabic && arabic_same(w->folded, t->folded)) return true;
    return fuzzy && one_edit(w->folded, t->folded);
}

/* ---- rows ---- */

bool pl_nlp__is_arabic(struct pl_str s) {
    size_t at = 0;
    uint32_t c = s.n > 0 ? pl_utf8_next(s, &at) : 0;
    return c >= 0x600 && c < 0x700;
}

struct pl_nlp_row pl_nlp__row(struct pl_locale_tools *t, struct pl_arena *a, enum pl_nlp_use use,
                              uint32_t owner, struct pl_str member, struct pl_str lang,
                              struct pl_str text) {
    struct pl_words w = pl_locale_words(t, a, text, pl_locale_language(lang));
    struct pl_nlp_token *tokens = PL_NEW_ARRAY(a, struct pl_nlp_token, w.n + 1);
    if (tokens == NULL) w.n = 0;
    for (uint32_t i = 0; i < w.n; i++)
        tokens[i] = (struct pl_nlp_token){w.v[i].folded, w.v[i].stem};
    return (struct pl_nlp_row){
        .use = (uint8_t)use,
        .arabic = w.n > 0 && pl_nlp__is_arabic(tokens[0].folded),
        .owner = owner,
        .member = member,
        .tokens = tokens,
        .ntokens = w.n,
    };
}

/* ---- the index ---- */

/* Keys under which a word can be found when one letter may be wrong: itself, and itself without
 * each of its letters. Two words one edit apart share one, or their swapped letters do. */
static uint32_t fuzzy_keys(struct pl_str s, uint32_t out[MOST_VARIANTS]) {
    uint32_t n = 0;
    char b[4 * MOST_LETTERS];
    if (s.n > sizeof(b)) return 0;
    for (size_t at = 0; at < s.n && n < MOST_LETTERS;) {
        size_t next = at;
        pl_utf8_next(s, &next);
        memcpy(b, s.p, at);
        memcpy(b + at, s.p + next, s.n - next);
        out[n++] = hash_of((struct pl_str){b, s.n - (next - at)}) ^ 1; /* apart from whole words */
        at = next;
    }
    return n < FUZZY_LEAST ? 0 : n;
}

static bool is_fuzzy(const struct pl_nlp_row *row) {
    return row->use == PL_NLP_USE_WORD;
}

struct keys {
    uint32_t v[MOST_VARIANTS];
    uint32_t n;
};

static void row_keys(const struct pl_nlp_row *row, struct keys *k) {
    k->n = 0;
    if (row->ntokens == 0) return;
    const struct pl_nlp_token *t = &row->tokens[0];
    if (is_fuzzy(row)) {
        k->n = fuzzy_keys(t->folded, k->v);
        if (k->n > 0) k->v[k->n++] = hash_of(t->folded) ^ 1;
    }
    k->v[k->n++] = hash_of(t->folded);
    if (!pl_str_eq(t->folded, t->stem)) k->v[k->n++] = hash_of(t->stem);
}

static int by_hash(const void *a, const void *b) {
    const struct pl_nlp_entry *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

void pl_nlp__index(struct pl_arena *a, struct pl_nlp_row *rows, uint32_t nrows,
                   struct pl_nlp_index *out) {
    struct keys k;
    size_t total = 0;
    *out = (struct pl_nlp_index){.rows = rows, .nrows = nrows, .shift = 31};
    for (uint32_t i = 0; i < nrows; i++) row_keys(&rows[i], &k), total += k.n;
    out->entries = PL_NEW_ARRAY(a, struct pl_nlp_entry, total + 1);
    if (out->entries == NULL) return;
    for (uint32_t i = 0; i < nrows; i++) {
        row_keys(&rows[i], &k);
        for (uint32_t j = 0; j < k.n; j++)
            out->entries[out->nentries++] = (struct pl_nlp_entry){k.v[j], i};
    }
    qsort(out->entries, out->nentries, sizeof(*out->entries), by_hash);
    while (out->shift > 12 && (size_t)1 << (32 - out->shift) < total) out->shift--;
    size_t buckets = (size_t)1 << (32 - out->shift);
    out->from = PL_NEW_ARRAY(a, uint32_t, buckets + 1);
    if (out->from == NULL) {
        out->nentries = 0;
        return;
    }
    for (uint32_t i = 0; i < out->nentries; i++)
        out->from[(out->entries[i].hash >> out->shift) + 1]++;
    for (size_t b = 0; b < buckets; b++) out->from[b + 1] += out->from[b];
}

/* ---- finding ---- */

static bool matches_at(const struct pl_nlp_row *row, const struct pl_words *w, uint32_t at,
                       bool *fuzzy) {
    *fuzzy = false;
    if (row->ntokens > w->n - at) return false;
    for (uint32_t i = 0; i < row->ntokens; i++) {
        if (pl_nlp__same(&w->v[at + i], &row->tokens[i], row->arabic, false)) continue;
        if (!is_fuzzy(row) || !pl_nlp__same(&w->v[at + i], &row->tokens[i], false, true))
            return false;
        *fuzzy = true;
    }
    return true;
}

static void add_hit(struct pl_arena *a, struct pl_nlp_hits *hits, struct pl_nlp_hit hit) {
    for (uint32_t i = hits->n; i > 0 && hits->v[i - 1].word == hit.word; i--)
        if (hits->v[i - 1].row == hit.row) return;
    if (hits->n == hits->cap) {
        uint32_t cap = hits->cap == 0 ? 32 : hits->cap * 2;
        struct pl_nlp_hit *v = PL_NEW_ARRAY(a, struct pl_nlp_hit, cap);
        if (v == NULL) return;
        if (hits->n > 0) memcpy(v, hits->v, hits->n * sizeof(*v));
        hits->v = v;
        hits->cap = cap;
    }
    hits->v[hits->n++] = hit;
}

static void look_up(const struct pl_nlp_index *x, uint32_t hash, const struct pl_words *w,
                    uint32_t at, struct pl_arena *a, struct pl_nlp_hits *hits) {
    uint32_t b = hash >> x->shift;
    for (uint32_t i = x->from[b]; i < x->from[b + 1] && x->entries[i].hash <= hash; i++) {
        if (x->entries[i].hash != hash) continue;
        const struct pl_nlp_row *row = &x->rows[x->entries[i].row];
        bool fuzzy;
        if (matches_at(row, w, at, &fuzzy)) add_hit(a, hits, (struct pl_nlp_hit){row, at, fuzzy});
    }
}

/* Beginnings of an Arabic word, with and without particles, that leave an ending of up to three. */
static void look_up_arabic(const struct pl_nlp_index *x, const struct pl_words *w, uint32_t at,
                           struct pl_arena *a, struct pl_nlp_hits *hits) {
    struct pl_str word = w->v[at].folded, bare = strip_particles(word);
    for (int i = 0; i < 2; i++) {
        struct pl_str s = i == 0 ? word : bare;
        if (i == 1 && bare.n == word.n) return;
        for (size_t n = s.n; n >= 6 && n + 6 >= s.n; n -= 2)
            look_up(x, hash_of((struct pl_str){s.p, n}), w, at, a, hits);
    }
}

void pl_nlp__find(const struct pl_nlp_index *x, const struct pl_words *w, struct pl_arena *a,
                  struct pl_nlp_hits *hits) {
    if (x->nentries == 0) return;
    uint32_t keys[MOST_VARIANTS];
    for (uint32_t at = 0; at < w->n; at++) {
        struct pl_str folded = w->v[at].folded, stem = w->v[at].stem;
        look_up(x, hash_of(folded), w, at, a, hits);
        if (!pl_str_eq(folded, stem)) look_up(x, hash_of(stem), w, at, a, hits);
        if (pl_nlp__is_arabic(folded)) look_up_arabic(x, w, at, a, hits);
        uint32_t n = fuzzy_keys(folded, keys);
        if (n == 0) continue;
        look_up(x, hash_of(folded) ^ 1, w, at, a, hits);
        for (uint32_t i = 0; i < n; i++) look_up(x, keys[i], w, at, a, hits);
    }
}
