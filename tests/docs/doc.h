/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of pages share: reading lines and words, making a whole file of an example, and a
 * folder of our own with the prelude in it, where examples are compiled.
 */
#ifndef TESTS_DOC_H
#define TESTS_DOC_H

#include "runtime/base/base.h"

enum { DOC_PAGE_MOST = 4 << 20 };

/* ---- lines and words ---- */

struct pl_str doc_take_line(struct pl_str *rest);
struct pl_str doc_take_word(struct pl_str *rest);
/* What follows the prefix; empty when `s` does not begin with it. */
struct pl_str doc_after(struct pl_str s, const char *prefix);

/* ---- putting a program together ---- */

/* The example as a file: gets `parlance 1`, and a flow around it when it is statements. */
struct pl_str doc_whole(struct pl_arena *a, struct pl_str body);
/* Appends what base.flow declares and the example does not. */
void doc_base(struct pl_buf *out, struct pl_str base, struct pl_str text);

/* ---- files ---- */

struct doc_root {
    char top[64], root[80]; /* a folder of our own, removed at the end, and the flows in it */
    struct pl_str base;
};

/* Makes the folder, with the prelude in it. */
bool doc_open(struct doc_root *r, struct pl_arena *a, const char *base, const char *prelude);
void doc_close(struct doc_root *r);
/* Writes, removes a file of the folder. */
void doc_put(const struct doc_root *r, const char *name, struct pl_str text);
void doc_drop(const struct doc_root *r, const char *name);

#endif
