/* SPDX-License-Identifier: Apache-2.0
 *
 * texts: a program's texts with their translations, for the tools of translators.
 *
 * Part of the room's public door: grammar.h includes it. A compilation fills the list that its
 * input names, also when it ends with errors, as long as it came as far as the catalogs. All of it
 * lives in the arena of the compilation and points into its sources.
 */
#ifndef PL_GRAMMAR_TEXTS_H
#define PL_GRAMMAR_TEXTS_H

#include "grammar/source.h"

enum pl_text_state {
    PL_TEXT_MISSING,
    PL_TEXT_TRANSLATED,
    PL_TEXT_STALE, /* the source was changed after it was translated */
    PL_TEXT_BROKEN /* a diagnostic says what is wrong with it */
};

struct pl_grammar_translation {
    uint8_t state;        /* enum pl_text_state */
    struct pl_str said;   /* as the catalog has it; empty: missing, or the prelude's own */
    struct pl_str source; /* what was translated; empty: the catalog does not tell */
    struct pl_span at;    /* its name in the catalog */
};

/* A text with an id and something to translate; an id comes once. */
struct pl_grammar_text {
    struct pl_str id;
    struct pl_str raw; /* as written between the quotes, placeholders and escapes included */
    struct pl_span span;
    bool label;      /* of a quick reply: 40 characters at most */
    bool of_prelude; /* the program brings translations of it for the languages it ships */
    struct pl_grammar_translation *in; /* by locale; [0], the source, is not used */
};

/* A translation of what is no text of the program. */
struct pl_grammar_extra {
    uint32_t locale; /* index in locales */
    struct pl_str id, said;
};

struct pl_grammar_texts {
    const struct pl_str *locales; /* the source first; none: it did not come so far */
    uint32_t nlocales;
    struct pl_grammar_text *v; /* in the order of the program */
    size_t n, cap;
    struct pl_grammar_extra *extra;
    size_t nextra, extra_cap;
};

#endif
