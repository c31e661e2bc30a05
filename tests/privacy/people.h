/* SPDX-License-Identifier: Apache-2.0
 *
 * People that nobody is: made from tests/privacy/words/<language>.txt and a seed, and what they
 * write, in the layouts of their country. All that is personal in it is noted down as it was
 * written: a needle to look for.
 */
#ifndef TESTS_PRIVACY_PEOPLE_H
#define TESTS_PRIVACY_PEOPLE_H

#include "runtime/locale/locale.h"

enum { LISTS = 16, ROWS = 40 };

enum needle_kind { MAIL, PHONE, CARD, IBAN, NAME, HOME, PIN, NEEDLE_KINDS };

struct needle {
    struct pl_str text; /* folded, letters and digits only */
    uint8_t kind;
    bool known; /* to the conversation, when it was written */
    bool found; /* where it should not be */
};
struct needles {
    PL_VEC(struct needle) v;
    struct pl_locale_tools *t;
    struct pl_arena *a;
};

struct list {
    const char *v[ROWS];
    size_t n;
};
struct words { /* of a language */
    const char *locale, *home, *country, *national, *iban;
    struct list first, last, street, town, layout, shorter, say, ask, tool, half;
};

struct person {
    const struct words *w;
    bool known;    /* his name and address, to the conversation */
    bool enrolled; /* and his code */
    const char *no, *first, *last, *name, *mail, *phone, *phone2, *card, *iban, *street, *home,
        *pin;
    size_t cut; /* digits of the card in its first half */
};

/* Ends the test when the file is not as it should be. */
void words_read(struct pl_arena *a, const char *language, struct words *out);
/* A stranger is one who never says who he is: his name and his house are nobody's else. */
void person_make(struct pl_arena *a, struct pl_rand *r, const struct words *w, unsigned number,
                 bool stranger, struct person *out);
/* The template with what the person is put in, each time in another layout; what was put in is
 * noted down. */
const char *person_says(const struct person *p, struct pl_rand *r, const char *template,
                        struct needles *out);
/* The letters and digits of a text, folded. */
struct pl_str plain_of(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s);

#endif
