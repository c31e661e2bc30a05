/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the knowledge base's quality share: questions and passages of XQuAD, indexes of
 * some of them, and how they are divided.
 *
 * Articles are divided by their place in the data: every second one (from the first) is for
 * learning, the others are held out. Nothing that is learned from the former is measured on them.
 */
#ifndef TESTS_KB_REPORT_H
#define TESTS_KB_REPORT_H

#include "runtime/kb/kb_priv.h"

#define LANGUAGES 12
#define DOCS_MOST 400
#define ASKS_MOST 2000

struct doc {
    struct pl_str id, title, text;
    uint32_t article; /* 0, 1, 2 … in the order of the data */
};
struct ask {
    struct pl_str text;
    uint32_t doc;
};
struct corpus {
    struct pl_arena arena;
    const char *language;
    struct doc docs[DOCS_MOST];
    struct ask asks[ASKS_MOST];
    uint32_t ndocs, nasks;
};
extern const char *const languages[LANGUAGES];

/* Reads <folder>/<language>_docs.jsonl and _queries.jsonl; false says why on stderr. */
bool corpus_read(struct corpus *c, const char *folder, const char *language);
void corpus_free(struct corpus *c);

/* An index of the articles that `in` holds for. */
struct index {
    struct pl_buf section;
    struct pl_kb *kb;
};
typedef bool chosen(uint32_t article, uint32_t part);
bool is_for_learning(uint32_t article, uint32_t part);
bool is_held_out(uint32_t article, uint32_t part);
bool is_any(uint32_t article, uint32_t part);
/* One half of those for learning, of the held-out ones; part 0 or 1. */
bool is_half_for_learning(uint32_t article, uint32_t part);
bool is_half_held_out(uint32_t article, uint32_t part);

void index_open(struct index *x, struct pl_locale_tools *t, const struct corpus *c, chosen *in,
                uint32_t part);
void index_close(struct index *x);

/* Prints what was learned from the articles for learning, as it stands in the code. */
int learn(struct pl_locale_tools *t, const char *folder);
/* Times searches in an index of so many made-up articles. */
int bench(struct pl_locale_tools *t, const struct corpus *c, uint32_t articles);

#endif
