/* SPDX-License-Identifier: Apache-2.0
 *
 * emit (private to the room grammar): what the files of the emitter share.
 *
 * Emitting trusts that nothing was reported: names resolve, types fit. Layout of code: a statement
 * is followed by what belongs to it (its prompt, its branches), which it jumps over; so code stands
 * in the order of the source. */
#ifndef PL_GRAMMAR_EMIT_PRIV_H
#define PL_GRAMMAR_EMIT_PRIV_H

#include "grammar/graph.h"

struct pl_emit_mark {
    struct pl_str name;
    uint32_t at;
};
struct pl_emit_count {
    struct pl_str name;
    uint32_t n;
};
struct pl_emit_option {
    const struct pl_ast_choice *choice;
    uint32_t row;
};

/* A value of the slot `to` is made from the slot `from`. */
struct pl_emit_source {
    uint32_t to, from;
};

struct pl_emit {
    struct pl_graph *g;
    struct pl_graph_flow *flow; /* NULL: rules */
    uint32_t index;             /* of the flow */
    struct pl_where where;
    struct pl_span span;   /* of the statement's first line */
    uint32_t default_else; /* shared by the questions of the flow without one */
    PL_AST_LIST(struct pl_emit_mark) marks;
    PL_AST_LIST(struct pl_emit_count) counts; /* of ids that the source leaves out */
    PL_AST_LIST(struct pl_emit_option) options;
    PL_AST_LIST(struct pl_emit_source) sources;
    PL_AST_LIST(uint32_t) writes; /* calls of hooks that write once */
};

/* ---- emit_code.c: words, constants, expressions ---- */

uint32_t pl_grammar__here(const struct pl_emit *x);
uint32_t pl_grammar__put(struct pl_emit *x, enum pl_op op, uint32_t arg); /* gives its address */
uint32_t pl_grammar__word(struct pl_emit *x, uint32_t word);
void pl_grammar__land(struct pl_emit *x, uint32_t jump); /* the jump's target is here */
uint32_t pl_grammar__const(struct pl_graph *g, struct pl_value v);
uint32_t pl_grammar__name(struct pl_graph *g, struct pl_str s);
void pl_grammar__put_tx(struct pl_emit *x, const struct pl_tx *tx);
void pl_grammar__put_expr(struct pl_emit *x, struct pl_ast_expr *e, const struct pl_type *want);
void pl_grammar__put_path(struct pl_emit *x, const struct pl_ast_path *path);
/* Leaves a bool. */
void pl_grammar__put_condition(struct pl_emit *x, struct pl_ast_expr *e);
/* Arguments for these parameters, NONE for those left out; gives the count. */
uint32_t pl_grammar__put_args(struct pl_emit *x, const struct pl_ast_args *args,
                              const struct pl_type *params, uint32_t n);
/* A jump that is taken when the condition does not hold; PL_NOWHERE for no condition. */
uint32_t pl_grammar__guard(struct pl_emit *x, struct pl_ast_expr *cond);
void pl_grammar__unguard(struct pl_emit *x, uint32_t jump, struct pl_ast_expr *cond);
/* Emits muted, on a row of the line table, the code of a statement at `span`. */
void pl_grammar__line(struct pl_emit *x, struct pl_span span);
/* What tests can reach, for coverage: a statement, or a way on from a place with several. _way: the
 * code that is put next is entered; _way_from: straight after the instruction `from`; _way_into:
 * the like for a block, at its first statement. Names are literals or live as long as the program.
 */
void pl_grammar__point(struct pl_emit *x, enum pl_point_kind kind, struct pl_span span,
                       uint32_t from, uint32_t to, struct pl_str name);
void pl_grammar__way(struct pl_emit *x, struct pl_span span, const char *name);
void pl_grammar__way_from(struct pl_emit *x, struct pl_span span, uint32_t from, const char *name);
void pl_grammar__way_into(struct pl_emit *x, const struct pl_ast_block *b, const char *name);
/* A call row for a flow. */
uint32_t pl_grammar__flow_call(struct pl_emit *x, uint32_t flow, uint32_t nargs, uint32_t result);
/* `base`, or base.2, base.3 … when the flow had it before. */
struct pl_str pl_grammar__count_id(struct pl_emit *x, struct pl_str base);
/* What a slot of this type is called when it has no title of its own: as its entity. */
uint32_t pl_grammar__def_title(const struct pl_graph *g, struct pl_type type);
/* A row of words; PL_NOWHERE when there are none. */
uint32_t pl_grammar__mention(struct pl_graph *g, const struct pl_ast_phrase_list *phrases);
/* The flow's parameters as types. */
const struct pl_type *pl_grammar__params(struct pl_graph *g, uint32_t flow, uint32_t *n);

/* ---- emit_say.c: texts, messages, questions' prompts ---- */

/* Arguments, then TEXT; gives the text's index. */
uint32_t pl_grammar__put_text(struct pl_emit *x, struct pl_str id, struct pl_ast_text *text);
void pl_grammar__put_say(struct pl_emit *x, const struct pl_ast_say *say);
void pl_grammar__put_any(struct pl_emit *x, const struct pl_ast_prompt *p);
/* A block that says one line. */
uint32_t pl_grammar__line_block(struct pl_emit *x, const struct pl_ast_line *line);
/* Blocks with everything that an open question shows. */
uint32_t pl_grammar__ask_prompt(struct pl_emit *x, const struct pl_ast_ask *a, uint32_t wait);
uint32_t pl_grammar__confirm_prompt(struct pl_emit *x, const struct pl_ast_confirm *c,
                                    uint32_t wait);
/* Whether what a model proposes is to be done, and everything that would be written. */
uint32_t pl_grammar__action_prompt(struct pl_emit *x, const struct pl_graph_action *a,
                                   uint32_t wait);
/* What a flow of the prelude says. */
void pl_grammar__put_speak(struct pl_emit *x, const char *flow);
uint32_t pl_grammar__choose_prompt(struct pl_emit *x, const struct pl_ast_choose *c, uint32_t wait);
/* The text of a member's label. */
uint32_t pl_grammar__label(struct pl_graph *g, uint32_t def, uint32_t member);

/* ---- emit_flow.c ---- */

void pl_grammar__put_block(struct pl_emit *x, const struct pl_ast_block *b);
/* The block, then a jump to `join`; gives where it begins. */
uint32_t pl_grammar__put_code(struct pl_emit *x, const struct pl_ast_block *b, uint32_t join);
/* The id of a place where the flow waits: as written, else the flow's name with `otherwise`. */
struct pl_str pl_grammar__wait_id(struct pl_emit *x, struct pl_str id, struct pl_str otherwise);
/* The row, and the words that stand at it: op, then a jump over what belongs to it. */
uint32_t pl_grammar__begin_wait(struct pl_emit *x, enum pl_op op, enum pl_wait_kind kind,
                                struct pl_str id);
/* Its `otherwise` and its `else`; what is put next comes after the question. */
void pl_grammar__end_wait(struct pl_emit *x, uint32_t wait, const struct pl_ast_repair *r);

/* ---- emit_model.c ---- */

void pl_grammar__put_answer(struct pl_emit *x, const struct pl_ast_answer *a);
void pl_grammar__put_decide(struct pl_emit *x, const struct pl_ast_decide *d);

#endif
