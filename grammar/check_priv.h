/* SPDX-License-Identifier: Apache-2.0
 *
 * check (private to the room grammar): the walk over a flow's statements that follows every path.
 *
 * A flow is walked until what its marks know no longer changes (muted), then once more aloud. */
#ifndef PL_GRAMMAR_CHECK_PRIV_H
#define PL_GRAMMAR_CHECK_PRIV_H

#include "grammar/graph.h"

/* What holds at a place. */
struct pl_state {
    struct pl_known known;
    bool alive;                          /* a path leads here */
    const struct pl_ast_block *declined; /* a `no` may have run off its end on the way */
};
struct pl_check_mark {
    struct pl_ast_name name;
    struct pl_known back; /* what all `back`s to it know */
    bool reached;
};
struct pl_check {
    struct pl_graph *g;
    struct pl_graph_flow *flow;
    struct pl_where where;
    struct pl_state now;
    PL_AST_LIST(struct pl_check_mark) marks;
    PL_AST_LIST(struct pl_check_mark) asks; /* by slot: `change` goes back to them */
    bool changed;                           /* a mark knows less than before */
    bool aloud;                             /* the last walk */
    unsigned in_otherwise;
    uint32_t confirmed; /* the path number that says "the customer confirmed" */
    uint32_t ids;       /* proposed so far */
};

/* ---- check_say.c ---- */

/* An id written once in the program; words without one are warned of. `suffix` says how the texts
 * of one line differ. */
void pl_grammar__check_id(struct pl_check *c, const struct pl_ast_id *id, bool words);
void pl_grammar__check_line(struct pl_check *c, const struct pl_ast_line *line);
void pl_grammar__check_say(struct pl_check *c, const struct pl_ast_say *say);
void pl_grammar__check_parts(struct pl_check *c, const struct pl_ast_parts *parts);
void pl_grammar__check_prompt(struct pl_check *c, const struct pl_ast_prompt *p);
/* A flow's name and the arguments for its parameters. */
void pl_grammar__check_target(struct pl_check *c, const struct pl_ast_target *t);
void pl_grammar__check_label(struct pl_check *c, const struct pl_ast_text *label);
/* What the loop's variable is; kind NONE when there is no list. Marks it as known. */
struct pl_type pl_grammar__check_each(struct pl_check *c, const struct pl_ast_each *e);
/* Types a condition and narrows what is known by it; NULL does nothing. */
void pl_grammar__assume(struct pl_check *c, struct pl_ast_expr *cond, bool truth);

/* ---- check_event.c ---- */

void pl_grammar__check_events(struct pl_graph *g);
void pl_grammar__check_on_event(struct pl_graph *g, const struct pl_graph_flow *f,
                                const struct pl_ast_trigger *t);
/* What is known when the event has come is added to `after`. */
void pl_grammar__check_wait_for(struct pl_check *c, const struct pl_ast_wait *w,
                                struct pl_known *after);

/* ---- check_leak.c ---- */

/* What is marked is put only into what is marked alike. */
void pl_grammar__check_kept(struct pl_check *c, uint8_t quals, struct pl_span at,
                            struct pl_str name, const struct pl_ast_path *path,
                            const struct pl_graph_slot *slot);
/* A text that no customer sees: a note, a reason. */
void pl_grammar__check_inside(struct pl_check *c, const struct pl_ast_text *text);
/* What is marked must not reach `where`; nor the values that a text prints. */
void pl_grammar__check_leak(struct pl_check *c, const struct pl_tx *x, const char *where);
void pl_grammar__check_text_leak(struct pl_check *c, const struct pl_ast_pieces *pieces,
                                 const char *where);

/* ---- check_model.c ---- */

void pl_grammar__check_budget(struct pl_check *c, const struct pl_ast_limits *budget);
void pl_grammar__check_top(struct pl_check *c, const struct pl_ast_number *top);
void pl_grammar__check_plain(struct pl_graph *g, const struct pl_ast_text *text, const char *where);
void pl_grammar__check_never(struct pl_check *c, const struct pl_ast_texts *never);
void pl_grammar__check_givens(struct pl_check *c, const struct pl_ast_givens *givens);
void pl_grammar__check_tool(struct pl_check *c, const struct pl_ast_path *path);
void pl_grammar__check_decided(struct pl_check *c, const struct pl_ast_decide *d,
                               const struct pl_graph_slot *slot);

/* ---- check_ask.c ---- */

void pl_grammar__check_askable(struct pl_check *c, const struct pl_ast_ask *a, struct pl_type type,
                               struct pl_span head);
/* An option of an `ask`, for a slot of this type. */
void pl_grammar__check_value_option(struct pl_check *c, const struct pl_ast_choice *o,
                                    struct pl_type type, bool in_loop);
/* The prelude's flows that speak for questions. */
void pl_grammar__check_spoken(struct pl_graph *g);

/* ---- check_phrase.c ---- */

/* The flows that a phrase may begin, or go on with. */
struct pl_phrase_flows {
    PL_AST_LIST(struct pl_graph_flow *);
};
/* slots: its marks tell slots. */
void pl_grammar__check_marks(struct pl_graph *g, const struct pl_ast_phrase_list *list, bool slots,
                             const struct pl_phrase_flows *flows);
void pl_grammar__check_intent_marks(struct pl_graph *g, const struct pl_symbol *intent);
/* f: whose slots they fill, or NULL when that is unknown. */
void pl_grammar__check_says(struct pl_graph *g, const struct pl_ast_phrase_list *says,
                            struct pl_graph_flow *f);
/* Where marks mean nothing. */
void pl_grammar__check_unmarked(struct pl_graph *g, const struct pl_ast_phrases *line);

/* ---- check_flow.c ---- */

void pl_grammar__check_args(struct pl_check *c, struct pl_str callee,
                            const struct pl_ast_args *args, const struct pl_ast_params *params,
                            struct pl_span at);
struct pl_state pl_grammar__state_copy(struct pl_check *c);

/* ---- check_decl.c ---- */

/* None, or one of the four levels. */
void pl_grammar__check_priority(struct pl_graph *g, const struct pl_ast_name *p);
void pl_grammar__check_declarations(struct pl_graph *g);

/* ---- check_unused.c ---- */

/* After everything that uses names. */
void pl_grammar__check_unused(struct pl_graph *g);

#endif
