/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the room grammar, and in it to parse*.c: the parser's state and small verbs.
 *
 * Recovery: the first mistake of a line sets `panic`; from then on the parser sees only ERROR
 * tokens, says nothing, and falls back to the loop over the lines of the innermost block. That
 * loop calls pl_parse__recover, which drops the rest of the line and the block below it. A node
 * that was being read when panic began is not added to the tree.
 */
#ifndef PL_GRAMMAR_PARSE_PRIV_H
#define PL_GRAMMAR_PARSE_PRIV_H

#include "grammar/lex.h"
#include "grammar/parse.h"

struct parser {
    struct pl_arena *arena;
    struct pl_diags *diags;
    struct pl_lex_view view;
    struct pl_tokens tokens;
    size_t at;         /* the token that is looked at */
    uint32_t last_end; /* where the last token that is not layout ended */
    bool panic;
    bool broken;
    bool talk;   /* a *.talk file */
    bool header; /* no statement of the flow yet: its own lines may stand here */
};

/* ---- looking ---- */

enum pl_token_kind pl_parse__kind(const struct parser *p);        /* ERROR in panic */
enum pl_token_kind pl_parse__next_kind(const struct parser *p);   /* of the token after it */
struct pl_str pl_parse__str(const struct parser *p);              /* its bytes */
bool pl_parse__at_word(const struct parser *p, const char *word); /* a NAME of these letters */
uint32_t pl_parse__here(const struct parser *p);                  /* where it starts */
struct pl_span pl_parse__token_span(const struct parser *p);
/* From `start` to the end of the last token passed. */
struct pl_span pl_parse__from(const struct parser *p, uint32_t start);
/* The ## lines that stand above the current token. */
struct pl_str pl_parse__doc(struct parser *p);

/* ---- moving ---- */

void pl_parse__advance(struct parser *p);
bool pl_parse__accept(struct parser *p, enum pl_token_kind kind);
bool pl_parse__accept_word(struct parser *p, const char *word);
bool pl_parse__expect(struct parser *p, enum pl_token_kind kind);
bool pl_parse__expect_word(struct parser *p, const char *word);
/* `at most`, which the line as it stands needs: `why` and how it goes on are the example. */
void pl_parse__at_most(struct parser *p, const char *why, const char *rest);
/* The end of the line, and nothing before it. */
void pl_parse__end_line(struct parser *p);
/* NEWLINE INDENT, which `what` ("`confirm`") needs. */
bool pl_parse__open_block(struct parser *p, const char *what);
/* The like where a block may be missing: passes the line end, gives whether a block began. */
bool pl_parse__maybe_block(struct parser *p);
void pl_parse__recover(struct parser *p);

/* ---- mistakes ---- */

/* "expected {what}, found …" at the current token, and panic. */
void pl_parse__expected(struct parser *p, const char *what);
/* Panic; true where nothing is to be said, since the lexer or an earlier mistake has spoken. */
bool pl_parse__quiet(struct parser *p);
/* Any other mistake: panic when it cannot be passed over. The result takes notes and hints. */
struct pl_diag *pl_parse__mistake(struct parser *p, enum pl_diag_code code, struct pl_span at,
                                  struct pl_str a, struct pl_str b, struct pl_str c);
/* The current token as a message names it: `word`, or what kind it is. */
struct pl_str pl_parse__found(struct parser *p);
/* One of these words, which is passed; its index, or -1 and panic. */
int pl_parse__one_of(struct parser *p, const char *const *words, size_t n);

/* What to do instead, or NULL (parse_advice.c): for a line that begins with the current token, for
 * what is left of a line, for what must stand here. */
const char *pl_parse__line_advice(const struct parser *p);
const char *pl_parse__rest_advice(const struct parser *p);
const char *pl_parse__expected_advice(const struct parser *p, const char *what);
/* A statement or a text: in a block of parts a line that is indented too far. */
bool pl_parse__goes_on(const struct parser *p);
/* The fixes of the first two, where the advice leaves no choice. */
void pl_parse__line_fix(struct parser *p, struct pl_diag *diag);
void pl_parse__rest_fix(struct parser *p, struct pl_diag *diag);

/* ---- lines of a block, by table ---- */

/* A kind of line. `word` is passed before `parse`; a rule with a NULL word goes by the kind of the
 * first token, END meaning any. `parse` reads the whole line with its line end and block. */
struct line_rule {
    const char *word;
    enum pl_token_kind kind;
    int rank; /* lines of a lower rank stand before; 0: anywhere */
    bool many;
    void (*parse)(struct parser *p, void *node);
};
/* The lines of a block up to its DEDENT, after pl_parse__open_block. `what`: "a queue". */
void pl_parse__lines(struct parser *p, const char *what, const struct line_rule *rules, size_t n,
                     void *node);

/* ---- leaves ---- */

struct pl_ast_name pl_parse__name(struct parser *p, const char *what);
struct pl_ast_name pl_parse__lang(struct parser *p); /* NAME or HYPHENATED */
struct pl_ast_names pl_parse__names(struct parser *p, const char *what);
struct pl_ast_names pl_parse__langs(struct parser *p);
struct pl_ast_path pl_parse__path(struct parser *p, const char *what);
struct pl_ast_paths pl_parse__paths(struct parser *p, const char *what);
struct pl_ast_number pl_parse__number(struct parser *p); /* NUMBER */
struct pl_ast_number pl_parse__percent(struct parser *p);
struct pl_ast_duration pl_parse__duration(struct parser *p);
struct pl_ast_number *pl_parse__number_new(struct parser *p);
struct pl_ast_duration *pl_parse__duration_new(struct parser *p);
struct pl_ast_regex pl_parse__regex(struct parser *p);
struct pl_ast_id pl_parse__id(struct parser *p); /* or an empty one, when none stands here */
struct pl_ast_limits pl_parse__limits(struct parser *p);
struct pl_ast_givens pl_parse__givens(struct parser *p);

/* ---- texts (parse_text.c) ---- */

struct pl_ast_text *pl_parse__text(struct parser *p);
struct pl_ast_texts pl_parse__texts(struct parser *p);
/* lang "…", "…" NEWLINE */
void pl_parse__phrases(struct parser *p, struct pl_ast_phrase_list *list);
/* INDENT lang_line { lang_line } DEDENT, from the end of the line above. */
void pl_parse__phrase_block(struct parser *p, const char *what, struct pl_ast_phrase_list *list);

/* ---- expressions (parse_expr.c) ---- */

struct pl_ast_expr *pl_parse__expr(struct parser *p);
struct pl_ast_args pl_parse__args(struct parser *p); /* [ '(' [ args ] ')' ] */
/* The values of talks: records and lists of them too. */
struct pl_ast_expr *pl_parse__value(struct parser *p);
bool pl_parse__reserved(struct pl_str s);

/* ---- types and fields (parse_decl.c) ---- */

struct pl_ast_type pl_parse__type(struct parser *p, bool enums);
void pl_parse__quals(struct parser *p, struct pl_ast_type *type);
/* [ '(' [ params ] ')' ]; titles: they may have one each */
struct pl_ast_params pl_parse__params(struct parser *p, bool titles);
struct pl_ast_decl *pl_parse__decl(struct parser *p);

/* ---- statements (parse_flow.c, parse_ask.c, parse_part.c) ---- */

enum { TAIL_TARGET = 1, TAIL_COND = 2 };
/* [ ID ] [ target ] [ 'if' expr ]: those of `flags`; target and cond may then not be NULL. */
void pl_parse__tail(struct parser *p, int flags, struct pl_ast_id *id, struct pl_ast_target *target,
                    struct pl_ast_expr **cond);
/* TEXT [ ID ] [ 'if' expr ], without the line end. */
struct pl_ast_line pl_parse__line(struct parser *p, bool cond);
/* title TEXT [ ID ] NEWLINE, after its word. */
struct pl_ast_line *pl_parse__title(struct parser *p);
struct pl_ast_block *pl_parse__block(struct parser *p, const char *what);
struct pl_ast_stmt *pl_parse__statement(struct parser *p);
/* else leave | block, after its word. */
struct pl_ast_block *pl_parse__else(struct parser *p);
struct pl_ast_handoff pl_parse__handoff_head(struct parser *p); /* after its word */
struct pl_ast_each pl_parse__each(struct parser *p);            /* after its word */
struct pl_ast_say pl_parse__say(struct parser *p);
struct pl_ast_prompt pl_parse__any_of(struct parser *p); /* after `any` */
struct pl_ast_part *pl_parse__part(struct parser *p, bool card, bool each);
void pl_parse__ask(struct parser *p, struct pl_ast_stmt *s);
void pl_parse__confirm(struct parser *p, struct pl_ast_stmt *s);
void pl_parse__choose(struct parser *p, struct pl_ast_stmt *s);

/* ---- talks (parse_talk.c) ---- */

void pl_parse__talk(struct parser *p, struct pl_ast_decl *d); /* after its word */

#endif
