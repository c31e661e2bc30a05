/* SPDX-License-Identifier: Apache-2.0
 *
 * assume (private to the room grammar): what conditions tell about each other.
 *
 * A list of comparisons that hold at a place, each of one dotted name with constants; and a reading
 * of a further condition in their light: surely true, surely false, or open. Comparisons are held
 * against one another in pairs, and enums against all that was excluded; nothing is computed. The
 * facts that have bounds (`sentiment`, `repeats` …) hold to them from the start.
 *
 * A mark is how long the list was: going back to it forgets what was assumed since. */
#ifndef PL_GRAMMAR_ASSUME_H
#define PL_GRAMMAR_ASSUME_H

#include "grammar/graph.h"

enum pl_truth { PL_FALSE, PL_TRUE, PL_OPEN };

struct pl_atom {
    struct pl_str name;
    enum pl_op op;             /* EQ NE LT LE GT GE IN */
    const struct pl_tx *value; /* a constant, or a list of them for IN */
    bool held;                 /* IN: whether it is one of them */
    bool absent;               /* or the value is absent: what is absent is neither less nor more */
    bool dead;                 /* the name has another value since */
    struct pl_span span;       /* empty: of the language itself */
};
struct pl_assumed {
    struct pl_graph *g;
    PL_AST_LIST(struct pl_atom) v;
    struct pl_span because; /* of the comparison that decided the last reading */
};

void pl_grammar__assumed_init(struct pl_assumed *a, struct pl_graph *g);
/* The condition is `truth` from here on. */
void pl_grammar__suppose(struct pl_assumed *a, const struct pl_tx *x, bool truth);
/* The slot, or one of its parts, may have another value now; "session." stands for all of them. */
void pl_grammar__unsuppose(struct pl_assumed *a, struct pl_str name);
/* True or false whatever happens, in the light of what is assumed; else open. */
enum pl_truth pl_grammar__read(struct pl_assumed *a, const struct pl_tx *x);

#endif
