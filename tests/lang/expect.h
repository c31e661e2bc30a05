/* SPDX-License-Identifier: Apache-2.0
 *
 * What a flow file expects the compiler to report, in comments, in order; see program_test.c. */
#ifndef TESTS_EXPECT_H
#define TESTS_EXPECT_H

#include "grammar/grammar.h"

/* The rest of the next line that has the mark, from *at on, which is moved behind it. */
struct pl_str expect_line_after(struct pl_str text, size_t *at, struct pl_str mark);
/* Is exactly what the text expects reported? If not, prints both. */
bool expect_compare(const struct pl_sources *s, const struct pl_diags *diags, struct pl_str name,
                    struct pl_str text);

#endif
