/* SPDX-License-Identifier: Apache-2.0
 *
 * Of which lists that a word is looked for in it may be a word, in one look-up: nearly every word
 * is in none of them. A tag says "perhaps": the list itself decides.
 */
#include "runtime/nlp/nlp_priv.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    struct pl_str word;
    uint32_t tags;
};
struct pl_nlp_tags {
    struct slot *slots;
    uint32_t n, size; /* a power of two */
};

static uint32_t hash_of(struct pl_str word) {
    return (uint32_t)pl_mix(PL_FNV, word.p, word.n);
}

static uint32_t *tags_of(const struct pl_nlp_tags *t, struct pl_str word, uint32_t hash,
                         bool make) {
    uint32_t at = hash & (t->size - 1);
    for (; t->slots[at].word.n; at = (at + 1) & (t->size - 1))
        if (pl_str_eq(t->slots[at].word, word)) return &t->slots[at].tags;
    if (!make) return NULL;
    t->slots[at].word = word;
    return &t->slots[at].tags;
}

/* First words of phrases, or all words, `mark` between. `from` NULL counts them only. */
static void add(struct pl_nlp_tags *t, const char *list, char mark, uint32_t tag) {
    while (*list) {
        size_t n = strcspn(list, mark == ' ' ? " " : " |");
        if (n && !t->slots) t->n++;
        struct pl_str word = {list, n};
        if (n && t->slots) *tags_of(t, word, hash_of(word), true) |= tag;
        list += n;
        list += mark == ' ' ? 0 : strcspn(list, "|");
        list += *list != '\0';
    }
}

static void add_all(struct pl_nlp_tags *t) {
#define YES(phrases)    add(t, phrases, '|', PL_NLP_TAG_YES);
#define OKAY(phrases)   add(t, phrases, '|', PL_NLP_TAG_OKAY);
#define NO(phrases)     add(t, phrases, '|', PL_NLP_TAG_NO);
#define FILLER(phrases) add(t, phrases, '|', PL_NLP_TAG_FILLER);
#define CHANGE(phrases) add(t, phrases, '|', PL_NLP_TAG_CHANGE);
#define UNSURE(phrases) add(t, phrases, '|', PL_NLP_TAG_UNSURE);
#include "runtime/nlp/builtin.def"
}

struct pl_nlp_tags *pl_nlp__tags_new(void) {
    struct pl_nlp_tags *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    add_all(t); /* counts */
    for (t->size = 64; t->size < 2 * t->n;) t->size *= 2;
    t->slots = calloc(t->size, sizeof *t->slots);
    if (t->slots)
        add_all(t);
    else
        pl_nlp__tags_free(&t);
    return t;
}

void pl_nlp__tags_free(struct pl_nlp_tags **t) {
    if (!*t) return;
    free((*t)->slots);
    free(*t);
    *t = NULL;
}

void pl_nlp__tag(const struct pl_nlp_tags *t, struct pl_words *w) {
    for (uint32_t i = 0; i < w->n; i++) {
        struct pl_str s = w->v[i].folded;
        const uint32_t *tags = s.n ? tags_of(t, s, hash_of(s), false) : NULL;
        w->v[i].tags = PL_NLP_TAGGED | (tags ? *tags : 0);
    }
}
