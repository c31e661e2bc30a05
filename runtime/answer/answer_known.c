/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of an image that many turns repeat (passages, their titles, `never` lines) are seen through
 * once, for as long as the image is there or a turn of it is under way.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/answer/answer_priv.h"

#define MOST_KEPT (64u << 20) /* bytes; what is over is seen through again by each turn */

struct key {
    const char *text; /* of the image: it stands where it stands */
    size_t n;
    const struct pl_locale *l;
    uint64_t whole;
};

struct known_texts {
    uint32_t refs;
    struct pl_arena a;
    struct pl_map claims; /* struct key -> struct known_text */
};

struct known_texts *pl_answer__texts_new(void) {
    struct known_texts *k = calloc(1, sizeof *k);
    pl_assert(k != NULL);
    k->refs = 1;
    pl_arena_init(&k->a, MOST_KEPT);
    return k;
}

struct known_texts *pl_answer__texts_ref(struct known_texts *k) {
    if (k != NULL) k->refs++;
    return k;
}

void pl_answer__texts_unref(struct known_texts **out) {
    struct known_texts *k = *out;
    *out = NULL;
    if (k == NULL || --k->refs > 0) return;
    pl_map_free(&k->claims);
    pl_arena_free(&k->a);
    free(k);
}

static struct known_text *see(struct known_texts *k, struct reading r, struct pl_str text,
                              bool whole) {
    uint32_t one = (uint32_t)text.n, n = 1, from = 0;
    r.a = &k->a;
    const uint32_t *ends = whole ? &one : pl_locale_sentences(r.t, r.scratch, text, &n);
    struct known_text *out = PL_NEW(&k->a, struct known_text);
    struct claim *v = PL_NEW_ARRAY(&k->a, struct claim, n + 1);
    /* Where the sentences end stands in the scratch, which the first claim takes again. */
    uint32_t *at = PL_NEW_ARRAY(&k->a, uint32_t, n + 1);
    if (ends == NULL || out == NULL || v == NULL || at == NULL) return NULL;
    memcpy(at, ends, n * sizeof *at);
    for (uint32_t i = 0; i < n; from = at[i++])
        if (!pl_answer__claim(&r, (struct pl_str){text.p + from, at[i] - from}, &v[i])) return NULL;
    *out = (struct known_text){v, n};
    return out;
}

const struct known_text *pl_answer__text(struct known_texts *k, const struct reading *r,
                                         struct pl_str text, bool whole) {
    struct key key = {text.p, text.n, r->l, whole};
    if (k == NULL || text.n == 0 || r->scratch == NULL) return NULL;
    struct known_text *found =
        pl_map_get(&k->claims, (struct pl_str){(const char *)&key, sizeof key});
    if (found != NULL) return found;
    found = see(k, *r, text, whole);
    struct key *kept = found == NULL ? NULL : PL_NEW(&k->a, struct key);
    if (kept == NULL) return NULL;
    *kept = key;
    pl_map_put(&k->claims, (struct pl_str){(const char *)kept, sizeof *kept}, found);
    return found;
}
