/* SPDX-License-Identifier: Apache-2.0
 *
 * flowgraph (private to the room grammar): where a conversation can go, over all flows at once.
 *
 * A node is a statement, an arm of an `if`, or one of the three places that every flow has: its
 * entry, its return, its end. An edge is one way to go on, with the word that says why. What the
 * language leaves unwritten stands in the graph like what is written: the `else` that a question
 * has by default, the way to `system_down` when a hook is unavailable, the way to
 * `agent_unavailable` when nobody is there, `verify_identity` before a flow that requires it.
 *
 * A call has two edges: CALL into the flow and AFTER to what follows; the second is a way only
 * when the called flow may return. A `goto` leaves for good (the callers are forgotten), so it has
 * one. OFFERS leads to what the customer could start by a button: no step of the flow itself.
 *
 * The graph is made once, after the names are collected, from trees that may hold mistakes: a name
 * that does not resolve has no edge. Everything lives in the compilation's arena. */
#ifndef PL_GRAMMAR_FLOWGRAPH_H
#define PL_GRAMMAR_FLOWGRAPH_H

#include "grammar/graph.h"

enum pl_fnode_kind {
    PL_FNODE_ENTRY,
    PL_FNODE_RETURN, /* a caller goes on; without one the task is over */
    PL_FNODE_END,    /* the task is over, or a person has it */
    PL_FNODE_STMT,
    PL_FNODE_ARM,   /* the nth condition of an `if`; `stmt` is the `if` */
    PL_FNODE_AGAIN, /* an `answer` goes on after what it did; `stmt` is the `answer` */
    PL_FNODE_OFFER  /* the `else` of a question that has none: a person is offered */
};

/* EDGE(NAME, "what a path says of it"); %s is the edge's word */
#define PL_FEDGES(EDGE)                                                                            \
    EDGE(GO, "then")                                                                               \
    EDGE(TRUE, "this holds")                                                                       \
    EDGE(FALSE, "this does not hold")                                                              \
    EDGE(ANSWER, "answered")                                                                       \
    EDGE(YES, "the answer is yes")                                                                 \
    EDGE(NO, "the answer is no")                                                                   \
    EDGE(OPTION, "this is chosen")                                                                 \
    EDGE(OTHERWISE, "another message comes")                                                       \
    EDGE(ELSE, "no usable answer")                                                                 \
    EDGE(LATE, "it does not come in time")                                                         \
    EDGE(FAILURE, "it fails: %s")                                                                  \
    EDGE(ARM, "it is %s")                                                                          \
    EDGE(OTHER, "it is none of these")                                                             \
    EDGE(VARIANT, "the variant %s")                                                                \
    EDGE(CLOSED, "nobody is there")                                                                \
    EDGE(DECLINED, "the offer is declined")                                                        \
    EDGE(MODEL, "the model is %s")                                                                 \
    EDGE(BACK, "back to %s")                                                                       \
    EDGE(OFTEN, "it was gone back too often")                                                      \
    EDGE(GOTO, "goes to %s")                                                                       \
    EDGE(CALL, "calls %s")                                                                         \
    EDGE(AFTER, "comes back")                                                                      \
    EDGE(LEAVE, "leaves")                                                                          \
    EDGE(OFFERS, "a button for %s")
enum pl_fedge_kind {
#define EDGE(name, says) PL_FEDGE_##name,
    PL_FEDGES(EDGE)
#undef EDGE
};

struct pl_fnode {
    uint8_t kind;
    bool wait;  /* the bot waits for the customer or for a time */
    bool human; /* a person may take over here, now or later */
    bool live;  /* some way from the flow's entry leads here */
    uint32_t flow;
    uint32_t callee; /* the flow that is called here, or PL_NOWHERE */
    const struct pl_ast_stmt *stmt;
    struct pl_symbol *hook; /* the hook that is called here, or NULL */
    struct pl_span span;    /* what a path shows */
    uint32_t out, nout;     /* its edges in `outs` */
    uint32_t in, nin;       /* and in `ins` */
};
struct pl_fedge {
    uint32_t from, to;
    uint8_t kind;
    struct pl_str word;
    struct pl_span span;      /* what a path shows of it; empty: its node's */
    struct pl_ast_expr *cond; /* TRUE, FALSE */
    uint32_t link;            /* while it is made: the next that leads nowhere yet */
};

struct pl_flowgraph {
    PL_AST_LIST(struct pl_fnode) nodes;
    PL_AST_LIST(struct pl_fedge) edges;
    uint32_t *outs, *ins; /* edges by their nodes */
    /* by flow */
    uint32_t *entry; /* its node; RETURN is entry + 1, END is entry + 2 */
    uint32_t *last;  /* one past its last node */
    bool *returns;   /* some way leads from its entry to its return */
    bool *called;
};

/* Does the search go along this edge? */
typedef bool pl_take(void *ctx, uint32_t edge);

/* ---- flowgraph.c ---- */

void pl_grammar__flowgraph(struct pl_graph *g);
/* Notes which slots of session and customer some flow clears: a called flow may. */
void pl_grammar__cleared(struct pl_graph *g);
/* The node whose statement stands around or at this place; PL_NOWHERE: in no body of a flow. */
uint32_t pl_grammar__node_at(const struct pl_graph *g, struct pl_span at);

/* Which flows return, and which nodes are reached, from all entries at once, each within its own
 * flow and along the edges that `take` takes (NULL: all); what follows a call is reached once the
 * called flow returns. Both arrays begin all false. */
void pl_grammar__returning(struct pl_graph *g, pl_take *take, void *ctx, bool *returns, bool *seen);

/* Fills the chart that the input names. */
void pl_grammar__chart(struct pl_graph *g);

/* ---- flowgraph_path.c ---- */

/* May one go along this edge? OFFERS never; AFTER when the called flow may return. */
bool pl_grammar__edge_open(const struct pl_flowgraph *fg, const struct pl_fedge *e);

/* A search that goes forward from one node, nearest first, over open edges. */
struct pl_walk {
    struct pl_flowgraph *fg;
    uint32_t *came; /* by node: 1 + the edge by which it was reached; 0: not reached */
    uint32_t *todo;
    uint32_t head, n;
    uint32_t start;
};
void pl_grammar__walk_init(struct pl_walk *w, struct pl_graph *g);
/* Forgets the last search: costs what that one reached. */
void pl_grammar__walk_from(struct pl_walk *w, uint32_t node);
void pl_grammar__walk_edge(struct pl_walk *w, uint32_t edge);
/* The next node in order of distance; PL_NOWHERE at the end. */
uint32_t pl_grammar__walk_next(struct pl_walk *w);
/* Writes the way from the start to `node` as notes of the diagnostic. */
void pl_grammar__walk_notes(const struct pl_walk *w, struct pl_graph *g, struct pl_diag *d,
                            uint32_t node);
/* The way to where the edge starts, and the edge, which closes a round. */
void pl_grammar__round_notes(const struct pl_walk *w, struct pl_graph *g, struct pl_diag *d,
                             uint32_t edge);
/* One step as a note: what happened, and the words that stand there. */
void pl_grammar__step_note(struct pl_graph *g, struct pl_diag *d, const struct pl_fedge *e);
void pl_grammar__node_note(struct pl_graph *g, struct pl_diag *d, uint32_t node, const char *what);
/* The first line of what stands there, shortened. */
struct pl_str pl_grammar__words_at(struct pl_graph *g, struct pl_span at);

/* Strongly connected parts of the nodes over the edges for which `take` says so; Tarjan's, without
 * recursion. part[node] is its number; parts are numbered so that every edge taken leads to the
 * same or a smaller number. Gives how many there are. */
uint32_t pl_grammar__parts(struct pl_graph *g, pl_take *take, void *ctx, uint32_t *part);

/* ---- prove*.c: each analysis says in its file what exactly it proves ---- */

void pl_grammar__prove_reach(struct pl_graph *g);
void pl_grammar__prove_loops(struct pl_graph *g);
void pl_grammar__prove_cost(struct pl_graph *g);
void pl_grammar__prove_writes(struct pl_graph *g);
void pl_grammar__prove_values(struct pl_graph *g);
void pl_grammar__prove_rules(struct pl_graph *g);
/* Marks of slots and results, from everything that is put into them. */
void pl_grammar__marks(struct pl_graph *g);
/* Where a value got its mark, as notes of what was reported of it. */
void pl_grammar__explain_marks(struct pl_graph *g);
void pl_grammar__prove_guards(struct pl_graph *g);
/* Ways on which a value is unset, as notes of what was reported of it. */
void pl_grammar__explain_absent(struct pl_graph *g);

#endif
