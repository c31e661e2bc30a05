/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/flowgraph.h"

void pl_grammar__prove(struct pl_graph *g) {
    pl_grammar__prove_reach(g);
    pl_grammar__prove_loops(g);
    pl_grammar__prove_cost(g);
    pl_grammar__prove_writes(g);
    pl_grammar__prove_guards(g);
    pl_grammar__prove_values(g);
    pl_grammar__prove_rules(g);
}
