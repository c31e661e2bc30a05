/* SPDX-License-Identifier: Apache-2.0
 *
 * The questions: ask, confirm, choose, and the choices under them.
 */
#include "grammar/parse_priv.h"

static const struct pl_str none = {0};

/* ---- what all questions share ---- */

/* SYNTAX: 'again' line */
static void again(struct parser *p, struct pl_ast_repair *r) {
    struct pl_ast_line line = pl_parse__line(p, true);
    pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, &r->again, line);
}

/* SYNTAX: 'tries' NUMBER NEWLINE */
static void tries(struct parser *p, struct pl_ast_repair *r) {
    r->tries = pl_parse__number_new(p);
    pl_parse__end_line(p);
}

/* ---- choices ---- */

static void choice_line(struct parser *p, struct pl_ast_choices *list);

static void op_says(struct parser *p, void *node) {
    struct pl_ast_choice *c = node;
    pl_parse__phrase_block(p, "`says`", &c->option.says);
}

static void op_statement(struct parser *p, void *node) {
    struct pl_ast_choice *c = node;
    struct pl_ast_stmt *s = pl_parse__statement(p);
    if (!s || p->panic) return;
    if (!c->option.body) {
        c->option.body = PL_NEW(p->arena, struct pl_ast_block);
        c->option.body->span = s->span;
    }
    c->option.body->span = pl_span_join(c->option.body->span, s->span);
    PL_AST_ADD(p->arena, c->option.body, s);
}

/* SYNTAX: 'option' TEXT [ ID ] [ target ] [ 'if' expr ] NEWLINE
 *         [ INDENT ( says { statement } | statement { statement } ) DEDENT ] */
static void option(struct parser *p, struct pl_ast_choice *c) {
    static const struct line_rule rules[] = {
        {"says", 0, 1, false, op_says},
        {NULL, PL_TOKEN_END, 2, true, op_statement},
    };
    c->option.label = pl_parse__text(p);
    pl_parse__tail(p, TAIL_TARGET | TAIL_COND, &c->option.id, &c->option.target, &c->option.cond);
    if (pl_parse__maybe_block(p)) pl_parse__lines(p, "an option", rules, PL_LEN(rules), c);
}

static void nested_choice(struct parser *p, void *node) {
    choice_line(p, node);
}

/* SYNTAX: 'each' NAME 'in' expr 'at' 'most' NUMBER NEWLINE INDENT choice { choice } DEDENT */
static void each_choice(struct parser *p, struct pl_ast_choice *c) {
    static const struct line_rule rules[] = {{NULL, PL_TOKEN_END, 0, true, nested_choice}};
    c->each.each = pl_parse__each(p);
    if (pl_parse__open_block(p, "`each`"))
        pl_parse__lines(p, "`each`", rules, PL_LEN(rules), &c->each.choices);
}

/* SYNTAX: choice = option | each */
static void choice_line(struct parser *p, struct pl_ast_choices *list) {
    static const char *const words[] = {"option", "each"};
    struct pl_ast_choice *c = PL_NEW(p->arena, struct pl_ast_choice);
    uint32_t start = pl_parse__here(p);
    int i = pl_parse__one_of(p, words, PL_LEN(words));
    if (i < 0) return;
    c->kind = i == 0 ? PL_CHOICE_OPTION : PL_CHOICE_EACH;
    if (i == 0)
        option(p, c);
    else
        each_choice(p, c);
    c->span = pl_parse__from(p, start);
    if (!p->panic) PL_AST_ADD(p->arena, list, c);
}

/* The word of the line was passed by the table; the choice begins with it. */
static void choice_after_word(struct parser *p, struct pl_ast_choices *list) {
    p->at--;
    choice_line(p, list);
}

/* ---- ask ---- */

static void as_title(struct parser *p, void *node) {
    ((struct pl_ast_ask *)node)->title = pl_parse__title(p);
}

static void as_prompt(struct parser *p, void *node) {
    struct pl_ast_ask *a = node;
    struct pl_ast_prompt prompt = {0};
    struct pl_ast_say say = pl_parse__say(p);
    if (p->panic) return;
    PL_AST_ADD(p->arena, &prompt.says, say);
    prompt.span = say.span;
    PL_AST_ADD(p->arena, &a->prompts, prompt);
}

static void as_any_of(struct parser *p, void *node) {
    struct pl_ast_ask *a = node;
    struct pl_ast_prompt prompt = pl_parse__any_of(p);
    if (!p->panic) PL_AST_ADD(p->arena, &a->prompts, prompt);
}

static void as_choice(struct parser *p, void *node) {
    choice_after_word(p, &((struct pl_ast_ask *)node)->choices);
}

static void as_again(struct parser *p, void *node) {
    again(p, &((struct pl_ast_ask *)node)->repair);
}

/* SYNTAX: 'check' expr 'else' line */
static void as_check(struct parser *p, void *node) {
    struct pl_ast_ask *a = node;
    struct pl_ast_check check = {0};
    uint32_t start = p->tokens.v[p->at - 1].start;
    check.cond = pl_parse__expr(p);
    pl_parse__expect_word(p, "else");
    check.otherwise = pl_parse__line(p, true);
    check.span = pl_parse__from(p, start);
    pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, &a->checks, check);
}

static void as_tries(struct parser *p, void *node) {
    tries(p, &((struct pl_ast_ask *)node)->repair);
}

static void as_optional(struct parser *p, void *node) {
    ((struct pl_ast_ask *)node)->optional = true;
    pl_parse__end_line(p);
}

static void as_corrections(struct parser *p, void *node) {
    pl_parse__expect_word(p, "corrections");
    ((struct pl_ast_ask *)node)->confirm_corrections = true;
    pl_parse__end_line(p);
}

static void as_accept(struct parser *p, void *node) {
    ((struct pl_ast_ask *)node)->accept = pl_parse__names(p, "a kind of file");
    pl_parse__end_line(p);
}

static void as_otherwise(struct parser *p, void *node) {
    ((struct pl_ast_ask *)node)->repair.otherwise = pl_parse__block(p, "`otherwise`");
}

static void as_else(struct parser *p, void *node) {
    ((struct pl_ast_ask *)node)->repair.else_block = pl_parse__else(p);
}

/* SYNTAX: ask = 'ask' path [ ':' { 'private' | 'secret' } ( type | enum ) ] NEWLINE
 *         [ INDENT [ 'title' TEXT [ ID ] NEWLINE ] { prompt } { choice } { ask_line }
 *         [ 'otherwise' block ] [ else ] DEDENT ] */
void pl_parse__ask(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {
        {"title", 0, 1, false, as_title},       {NULL, PL_TOKEN_TEXT, 2, true, as_prompt},
        {"any", 0, 2, true, as_any_of},         {"option", 0, 3, true, as_choice},
        {"each", 0, 3, true, as_choice},        {"again", 0, 4, true, as_again},
        {"check", 0, 4, true, as_check},        {"tries", 0, 4, false, as_tries},
        {"optional", 0, 4, false, as_optional}, {"confirm", 0, 4, false, as_corrections},
        {"accept", 0, 4, false, as_accept},     {"otherwise", 0, 5, false, as_otherwise},
        {"else", 0, 6, false, as_else},
    };
    s->ask.slot = pl_parse__path(p, "the slot to ask for");
    if (pl_parse__accept(p, PL_TOKEN_COLON)) {
        s->ask.type = PL_NEW(p->arena, struct pl_ast_type);
        *s->ask.type = pl_parse__type(p, true);
    }
    if (pl_parse__maybe_block(p)) pl_parse__lines(p, "`ask`", rules, PL_LEN(rules), &s->ask);
}

/* ---- confirm ---- */

static void co_part(struct parser *p, void *node) {
    p->at--;
    struct pl_ast_part *part = pl_parse__part(p, false, true);
    if (part && !p->panic) PL_AST_ADD(p->arena, &((struct pl_ast_confirm *)node)->parts, part);
}

static void co_again(struct parser *p, void *node) {
    again(p, &((struct pl_ast_confirm *)node)->repair);
}

static void co_tries(struct parser *p, void *node) {
    tries(p, &((struct pl_ast_confirm *)node)->repair);
}

static void co_no(struct parser *p, void *node) {
    ((struct pl_ast_confirm *)node)->no = pl_parse__block(p, "`no`");
}

static void co_else(struct parser *p, void *node) {
    ((struct pl_ast_confirm *)node)->repair.else_block = pl_parse__else(p);
}

/* SYNTAX: confirm = 'confirm' TEXT [ ID ] NEWLINE INDENT { part } [ 'again' line ]
 *         [ 'tries' NUMBER NEWLINE ] 'no' block [ else ] DEDENT */
void pl_parse__confirm(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {
        {"image", 0, 1, true, co_part},   {"fact", 0, 1, true, co_part},
        {"button", 0, 1, true, co_part},  {"link", 0, 1, true, co_part},
        {"file", 0, 1, true, co_part},    {"steps", 0, 1, true, co_part},
        {"card", 0, 1, true, co_part},    {"cards", 0, 1, true, co_part},
        {"each", 0, 1, true, co_part},    {"again", 0, 2, true, co_again},
        {"tries", 0, 2, false, co_tries}, {"no", 0, 3, false, co_no},
        {"else", 0, 4, false, co_else},
    };
    bool broken = p->broken;
    p->broken = false;
    struct pl_span word = pl_lex_span(&p->view, p->tokens.v[p->at - 1].start, p->last_end);
    s->confirm.line = pl_parse__line(p, false);
    if (pl_parse__open_block(p, "`confirm`"))
        pl_parse__lines(p, "`confirm`", rules, PL_LEN(rules), &s->confirm);
    if (!p->broken && !s->confirm.no)
        pl_parse__mistake(p, PL_D_MISSING_LINE, word, PL_STR("`confirm`"), PL_STR("a block `no`"),
                          none);
    p->broken = p->broken || broken;
}

/* ---- choose ---- */

static void ch_part(struct parser *p, void *node) {
    p->at--;
    struct pl_ast_part *part = pl_parse__part(p, false, false);
    if (part && !p->panic) PL_AST_ADD(p->arena, &((struct pl_ast_choose *)node)->parts, part);
}

static void ch_choice(struct parser *p, void *node) {
    choice_after_word(p, &((struct pl_ast_choose *)node)->choices);
}

static void ch_otherwise(struct parser *p, void *node) {
    ((struct pl_ast_choose *)node)->repair.otherwise = pl_parse__block(p, "`otherwise`");
}

static void ch_again(struct parser *p, void *node) {
    again(p, &((struct pl_ast_choose *)node)->repair);
}

static void ch_tries(struct parser *p, void *node) {
    tries(p, &((struct pl_ast_choose *)node)->repair);
}

static void ch_else(struct parser *p, void *node) {
    ((struct pl_ast_choose *)node)->repair.else_block = pl_parse__else(p);
}

/* SYNTAX: choose = 'choose' TEXT [ ID ] NEWLINE INDENT { plain_part } choice { choice }
 *         [ 'otherwise' block ] [ 'again' line ] [ 'tries' NUMBER NEWLINE ] [ else ] DEDENT */
void pl_parse__choose(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {
        {"image", 0, 1, true, ch_part},
        {"fact", 0, 1, true, ch_part},
        {"button", 0, 1, true, ch_part},
        {"link", 0, 1, true, ch_part},
        {"file", 0, 1, true, ch_part},
        {"steps", 0, 1, true, ch_part},
        {"card", 0, 1, true, ch_part},
        {"cards", 0, 1, true, ch_part},
        {"option", 0, 2, true, ch_choice},
        {"each", 0, 2, true, ch_choice},
        {"otherwise", 0, 3, false, ch_otherwise},
        {"again", 0, 3, true, ch_again},
        {"tries", 0, 3, false, ch_tries},
        {"else", 0, 4, false, ch_else},
    };
    bool broken = p->broken;
    p->broken = false;
    struct pl_span word = pl_lex_span(&p->view, p->tokens.v[p->at - 1].start, p->last_end);
    s->choose.line = pl_parse__line(p, false);
    if (pl_parse__open_block(p, "`choose`"))
        pl_parse__lines(p, "`choose`", rules, PL_LEN(rules), &s->choose);
    if (!p->broken && !s->choose.choices.n)
        pl_parse__mistake(p, PL_D_MISSING_LINE, word, PL_STR("`choose`"), PL_STR("an `option`"),
                          none);
    p->broken = p->broken || broken;
}
