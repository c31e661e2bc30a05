/* SPDX-License-Identifier: Apache-2.0
 *
 * Features of a text for the intent model: words as they are and their stems; pairs of stems, next
 * to each other and with one between; and runs of two to five letters within a word, its ends
 * included. Each counts once.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

#define LEAST_RUN 2
#define MOST_RUN  5

static void add(struct pl_nlp_features *f, uint64_t h, enum pl_nlp_block block) {
    h ^= h >> 29;
    uint32_t key = (uint32_t)(h ^ (h >> 32)) * 4 + block; /* blocks never share a key */
    uint32_t at = (key * UINT32_C(2654435761)) >> 20;
    while (f->stamp[at] == f->turn) {
        if (f->seen[at] == key) return;
        at = (at + 1) & (PL_LEN(f->seen) - 1);
    }
    if (f->n == PL_NLP_FEATURES) return;
    f->stamp[at] = f->turn;
    f->seen[at] = key;
    f->v[f->n++] = key;
}

static void add_runs(struct pl_nlp_features *f, struct pl_str word) {
    uint16_t starts[66]; /* of the letters, with a space at both ends */
    char b[256];
    if (word.n > sizeof(b) - 2) word.n = sizeof(b) - 2;
    b[0] = ' ';
    memcpy(b + 1, word.p, word.n);
    b[1 + word.n] = ' ';
    struct pl_str s = {b, word.n + 2};
    size_t n = 0;
    for (size_t at = 0; at < s.n && n < PL_LEN(starts) - 1; n++) {
        starts[n] = (uint16_t)at;
        pl_utf8_next(s, &at);
    }
    starts[n] = (uint16_t)s.n;
    for (size_t i = 0; i < n; i++) {
        uint64_t h = PL_FNV + 7;
        for (size_t len = 1; len <= MOST_RUN && i + len <= n; len++) {
            h = pl_fnv(h, s.p + starts[i + len - 1],
                       (size_t)(starts[i + len] - starts[i + len - 1]));
            if (len >= LEAST_RUN) add(f, h, PL_NLP_LETTERS);
        }
    }
}

static uint64_t hash_of(uint64_t from, struct pl_str s) {
    return pl_fnv(from, s.p, s.n);
}

static void add_words(struct pl_nlp_features *f, const struct pl_nlp_terms *t, uint32_t i) {
    uint64_t h = hash_of(PL_FNV, t->v[i].stem);
    add(f, h, PL_NLP_WORDS);
    if (!t->v[i].placeholder) add(f, hash_of(PL_FNV + 1, t->v[i].folded), PL_NLP_WORDS);
    if (i + 1 < t->n) add(f, hash_of(pl_fnv(h, " ", 1), t->v[i + 1].stem), PL_NLP_PAIRS);
    if (i + 2 < t->n) add(f, hash_of(pl_fnv(h, "_", 1), t->v[i + 2].stem), PL_NLP_PAIRS);
}

void pl_nlp__features(const struct pl_nlp_terms *t, struct pl_nlp_features *f) {
    f->n = 0;
    if (++f->turn == 0) { /* wrapped: old stamps would look new */
        memset(f->stamp, 0, sizeof(f->stamp));
        f->turn = 1;
    }
    for (uint32_t i = 0; i < t->n; i++) add_words(f, t, i);
    for (uint32_t i = 0; i < t->n; i++)
        if (!t->v[i].placeholder) add_runs(f, t->v[i].folded);
}

uint64_t pl_nlp__terms_hash(const struct pl_nlp_terms *t) {
    uint64_t h = PL_FNV;
    for (uint32_t i = 0; i < t->n; i++) {
        h = pl_fnv(h, t->v[i].stem.p, t->v[i].stem.n);
        h = pl_fnv(h, " ", 1);
    }
    return h;
}
