/* SPDX-License-Identifier: Apache-2.0
 *
 * Trees that are kept from one compilation to the next: an editor changes one file at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "grammar/diag_priv.h"
#include "grammar/parse.h"

/* Of the file of the same number: the number stands in the tree's places. The arena has all that
 * the tree points to, a copy of the text with it. */
struct kept {
    struct pl_arena arena;
    struct pl_str text;
    struct pl_ast_file *tree;
    struct pl_diag_allow *allows; /* that the text has */
    size_t nallows;
    bool good; /* nothing was reported of it, which the diagnostics would lack now */
};

struct pl_parses {
    PL_VEC(struct kept) files;
};

struct pl_parses *pl_parses_new(void) {
    struct pl_parses *p = calloc(1, sizeof *p);
    pl_assert(p);
    return p;
}

void pl_parses_free(struct pl_parses **parses) {
    struct pl_parses *p = *parses;
    if (!p) return;
    for (size_t i = 0; i < p->files.n; i++) pl_arena_free(&p->files.v[i].arena);
    PL_VEC_FREE(&p->files);
    free(p);
    *parses = NULL;
}

static struct kept *kept_of(struct pl_parses *p, uint32_t file) {
    struct kept none = {.good = false};
    while (p->files.n <= file) PL_PUSH(&p->files, none);
    return &p->files.v[file];
}

static void parse_anew(struct kept *k, struct pl_sources *s, uint32_t file, struct pl_diags *d) {
    size_t said = d->errors + d->warnings, allows = d->nallows;
    pl_arena_reset(&k->arena);
    k->text = s->v[file].text = pl_arena_str(&k->arena, s->v[file].text);
    k->tree = pl_parse(&k->arena, s, file, d);
    k->good = !k->tree->broken && d->errors + d->warnings == said;
    k->nallows = d->nallows - allows;
    k->allows = PL_NEW_ARRAY(&k->arena, struct pl_diag_allow, k->nallows + 1);
    if (k->nallows) memcpy(k->allows, d->allows + allows, k->nallows * sizeof *k->allows);
}

struct pl_ast_file *pl_parses_get(struct pl_parses *p, struct pl_sources *s, uint32_t file,
                                  struct pl_diags *d) {
    struct kept *k = kept_of(p, file);
    struct pl_source *source = &s->v[file];
    if (!k->good || k->tree->talk != source->talk || !pl_str_eq(k->text, source->text)) {
        parse_anew(k, s, file, d);
        return k->tree;
    }
    source->text = k->text;
    for (size_t i = 0; i < k->nallows; i++) pl_diag__allow_again(d, &k->allows[i]);
    return k->tree;
}
