/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions, and the values of talks. One function per production, loosest first.
 */
#include "grammar/parse_priv.h"

bool pl_parse__reserved(struct pl_str s) {
    static const char *const words[] = {"and",   "or",   "not",   "is",     "in",
                                        "empty", "true", "false", "matches"};
    for (size_t i = 0; i < PL_LEN(words); i++)
        if (pl_str_is(s, words[i])) return true;
    return false;
}

static struct pl_ast_expr *make(struct parser *p, enum pl_expr_kind kind) {
    struct pl_ast_expr *e = PL_NEW(p->arena, struct pl_ast_expr);
    e->kind = kind;
    e->span = pl_parse__token_span(p);
    return e;
}

static struct pl_ast_expr *binary(struct parser *p, enum pl_ast_op op, struct pl_span op_span,
                                  struct pl_ast_expr *left, struct pl_ast_expr *right) {
    struct pl_ast_expr *e = make(p, PL_EXPR_BINARY);
    e->binary.op = op;
    e->binary.op_span = op_span;
    e->binary.left = left;
    e->binary.right = right;
    e->span = pl_span_join(left->span, right->span);
    return e;
}

static struct pl_str without(struct pl_str s, size_t tail) {
    return (struct pl_str){s.p, s.n - tail};
}

/* SYNTAX: args = expr { ',' expr }, up to the closing bracket */
static void arg_list(struct parser *p, struct pl_ast_args *args, enum pl_token_kind close,
                     struct pl_ast_expr *(*item)(struct parser *)) {
    args->present = true;
    if (pl_parse__kind(p) != close) {
        do {
            struct pl_ast_expr *e = item(p);
            if (!p->panic) PL_AST_ADD(p->arena, args, e);
        } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    }
    pl_parse__expect(p, close);
}

/* SYNTAX: [ '(' [ args ] ')' ] */
struct pl_ast_args pl_parse__args(struct parser *p) {
    struct pl_ast_args args = {.span = pl_lex_span(&p->view, p->last_end, p->last_end)};
    uint32_t start = pl_parse__here(p);
    if (!pl_parse__accept(p, PL_TOKEN_LPAREN)) return args;
    arg_list(p, &args, PL_TOKEN_RPAREN, pl_parse__expr);
    args.span = pl_parse__from(p, start);
    return args;
}

/* SYNTAX: path [ '(' [ args ] ')' ] | 'true' | 'false' */
static struct pl_ast_expr *name_operand(struct parser *p) {
    uint32_t start = pl_parse__here(p);
    struct pl_ast_expr *e;
    if (pl_parse__at_word(p, "true") || pl_parse__at_word(p, "false")) {
        e = make(p, PL_EXPR_BOOL);
        e->yes = pl_parse__at_word(p, "true");
        pl_parse__advance(p);
    } else if (pl_parse__reserved(pl_parse__str(p))) {
        e = make(p, PL_EXPR_BOOL);
        pl_parse__expected(p, "a value");
    } else {
        struct pl_ast_path path = pl_parse__path(p, "a value");
        bool call = pl_parse__kind(p) == PL_TOKEN_LPAREN;
        e = make(p, call ? PL_EXPR_CALL : PL_EXPR_PATH);
        if (call) {
            e->call.path = path;
            e->call.args = pl_parse__args(p);
        } else {
            e->path = path;
        }
    }
    e->span = pl_parse__from(p, start);
    return e;
}

/* SYNTAX: [ '-' ] NUMBER */
static struct pl_ast_expr *number_operand(struct parser *p) {
    struct pl_ast_expr *e = make(p, PL_EXPR_NUMBER);
    uint32_t start = pl_parse__here(p);
    bool minus = pl_parse__accept(p, PL_TOKEN_MINUS);
    e->number = pl_parse__number(p).n;
    if (minus) e->number.m = -e->number.m;
    e->span = pl_parse__from(p, start);
    return e;
}

/* SYNTAX: MONEY */
static struct pl_ast_expr *money_operand(struct parser *p) {
    struct pl_ast_expr *e = make(p, PL_EXPR_MONEY);
    struct pl_str s = pl_parse__str(p);
    e->span = pl_parse__token_span(p);
    pl_dec_parse(pl_str_trim(without(s, 3)), &e->money.amount);
    for (size_t i = 0; i < 3; i++) e->money.currency[i] = s.p[s.n - 3 + i];
    pl_parse__advance(p);
    return e;
}

/* SYNTAX: '[' [ args ] ']' */
static struct pl_ast_expr *list_operand(struct parser *p,
                                        struct pl_ast_expr *(*item)(struct parser *)) {
    struct pl_ast_expr *e = make(p, PL_EXPR_LIST);
    uint32_t start = pl_parse__here(p);
    pl_parse__advance(p);
    arg_list(p, &e->list, PL_TOKEN_RBRACKET, item);
    e->span = e->list.span = pl_parse__from(p, start);
    return e;
}

/* SYNTAX: operand = path [ '(' [ args ] ')' ] | literal | '(' expr ')'
 *         literal = [ '-' ] NUMBER | PERCENT | DURATION | MONEY | TEXT | 'true' | 'false'
 *                 | '[' [ args ] ']' */
static struct pl_ast_expr *operand(struct parser *p) {
    struct pl_ast_expr *e;
    switch (pl_parse__kind(p)) {
    case PL_TOKEN_NAME:
    case PL_TOKEN_WORD:
    case PL_TOKEN_CURRENCY: return name_operand(p);
    case PL_TOKEN_MINUS:
    case PL_TOKEN_NUMBER: return number_operand(p);
    case PL_TOKEN_MONEY: return money_operand(p);
    case PL_TOKEN_LBRACKET: return list_operand(p, pl_parse__expr);
    case PL_TOKEN_PERCENT: {
        struct pl_ast_number number = pl_parse__percent(p);
        e = make(p, PL_EXPR_PERCENT);
        e->number = number.n;
        e->span = number.span;
        return e;
    }
    case PL_TOKEN_DURATION: {
        struct pl_ast_duration duration = pl_parse__duration(p);
        e = make(p, PL_EXPR_DURATION);
        e->duration = duration.ms;
        e->span = duration.span;
        return e;
    }
    case PL_TOKEN_TEXT:
        e = make(p, PL_EXPR_TEXT);
        e->text = pl_parse__text(p);
        e->span = e->text->span;
        return e;
    case PL_TOKEN_LPAREN: {
        uint32_t start = pl_parse__here(p);
        pl_parse__advance(p);
        e = pl_parse__expr(p);
        pl_parse__expect(p, PL_TOKEN_RPAREN);
        e->span = pl_parse__from(p, start);
        return e;
    }
    default: pl_parse__expected(p, "a value"); return make(p, PL_EXPR_BOOL);
    }
}

/* SYNTAX: product = operand { ( '*' | '/' ) operand } */
static struct pl_ast_expr *product(struct parser *p) {
    struct pl_ast_expr *left = operand(p);
    for (;;) {
        struct pl_span at = pl_parse__token_span(p);
        enum pl_ast_op op = pl_parse__kind(p) == PL_TOKEN_STAR ? PL_AST_OP_MUL : PL_AST_OP_DIV;
        if (!pl_parse__accept(p, PL_TOKEN_STAR) && !pl_parse__accept(p, PL_TOKEN_SLASH))
            return left;
        left = binary(p, op, at, left, operand(p));
    }
}

/* SYNTAX: sum = product { ( '+' | '-' ) product } */
static struct pl_ast_expr *sum(struct parser *p) {
    struct pl_ast_expr *left = product(p);
    for (;;) {
        struct pl_span at = pl_parse__token_span(p);
        enum pl_ast_op op = pl_parse__kind(p) == PL_TOKEN_PLUS ? PL_AST_OP_ADD : PL_AST_OP_SUB;
        if (!pl_parse__accept(p, PL_TOKEN_PLUS) && !pl_parse__accept(p, PL_TOKEN_MINUS))
            return left;
        left = binary(p, op, at, left, product(p));
    }
}

/* SYNTAX: 'is' [ 'not' ] ( 'empty' | sum ), after `is` */
static struct pl_ast_expr *is_rest(struct parser *p, struct pl_ast_expr *left, struct pl_span at,
                                   bool negated) {
    if (!pl_parse__accept_word(p, "empty"))
        return binary(p, negated ? PL_AST_OP_IS_NOT : PL_AST_OP_IS, at, left, sum(p));
    struct pl_ast_expr *e = make(p, PL_EXPR_EMPTY);
    e->empty.operand = left;
    e->empty.negated = negated;
    e->span = pl_span_join(left->span, pl_parse__from(p, p->last_end));
    return e;
}

/* = and == and != : says how it is written, and goes on as if it were. */
static bool foreign_equals(struct parser *p, enum pl_ast_op *op) {
    enum pl_token_kind kind = pl_parse__kind(p);
    if (kind != PL_TOKEN_EQ && kind != PL_TOKEN_EQEQ && kind != PL_TOKEN_NOTEQ) return false;
    *op = kind == PL_TOKEN_NOTEQ ? PL_AST_OP_IS_NOT : PL_AST_OP_IS;
    struct pl_str better = pl_str_c(pl_op_word(*op));
    struct pl_diag *diag = pl_parse__mistake(p, PL_D_EQUALS, pl_parse__token_span(p),
                                             pl_parse__str(p), better, (struct pl_str){0});
    pl_diag_fix(p->diags, diag, PL_FIX_SAFE, diag->span, better, "write `%.*s`",
                PL_STR_ARG(better));
    pl_parse__advance(p);
    return true;
}

static bool order_sign(struct parser *p, enum pl_ast_op *op) {
    if (pl_parse__accept(p, PL_TOKEN_LT))
        *op = PL_AST_OP_LT;
    else if (pl_parse__accept(p, PL_TOKEN_LE))
        *op = PL_AST_OP_LE;
    else if (pl_parse__accept(p, PL_TOKEN_GT))
        *op = PL_AST_OP_GT;
    else if (pl_parse__accept(p, PL_TOKEN_GE))
        *op = PL_AST_OP_GE;
    else
        return false;
    return true;
}

static void refuse_chain(struct parser *p) {
    enum pl_token_kind kind = pl_parse__kind(p);
    bool chained = (kind >= PL_TOKEN_EQEQ && kind <= PL_TOKEN_GE) || pl_parse__at_word(p, "is") ||
                   pl_parse__at_word(p, "in") || pl_parse__at_word(p, "matches");
    if (!chained) return;
    pl_parse__mistake(p, PL_D_CHAINED, pl_parse__token_span(p), (struct pl_str){0},
                      (struct pl_str){0}, (struct pl_str){0});
    p->panic = true;
}

/* SYNTAX: cmp = sum [ 'is' [ 'not' ] ( 'empty' | sum ) | ( '<' | '<=' | '>' | '>=' ) sum
 *                   | 'in' sum | 'matches' REGEX ] */
static struct pl_ast_expr *comparison(struct parser *p) {
    struct pl_ast_expr *left = sum(p), *e;
    struct pl_span at = pl_parse__token_span(p);
    enum pl_ast_op op;
    if (pl_parse__accept_word(p, "is")) {
        e = is_rest(p, left, at, pl_parse__accept_word(p, "not"));
    } else if (pl_parse__accept_word(p, "in")) {
        e = binary(p, PL_AST_OP_IN, at, left, sum(p));
    } else if (pl_parse__accept_word(p, "matches")) {
        e = make(p, PL_EXPR_MATCHES);
        e->matches.operand = left;
        e->matches.regex = pl_parse__regex(p);
        e->span = pl_span_join(left->span, e->matches.regex.span);
    } else if (foreign_equals(p, &op)) {
        e = is_rest(p, left, at, op == PL_AST_OP_IS_NOT);
    } else if (order_sign(p, &op)) {
        e = binary(p, op, at, left, sum(p));
    } else {
        return left;
    }
    refuse_chain(p);
    return e;
}

/* SYNTAX: neg = [ 'not' ] cmp */
static struct pl_ast_expr *negation(struct parser *p) {
    struct pl_span at = pl_parse__token_span(p);
    if (!pl_parse__accept_word(p, "not")) return comparison(p);
    struct pl_ast_expr *e = make(p, PL_EXPR_NOT);
    e->operand = comparison(p);
    e->span = pl_span_join(at, e->operand->span);
    return e;
}

/* SYNTAX: conj = neg { 'and' neg } */
static struct pl_ast_expr *conjunction(struct parser *p) {
    struct pl_ast_expr *left = negation(p);
    struct pl_span at = pl_parse__token_span(p);
    while (pl_parse__accept_word(p, "and")) {
        left = binary(p, PL_AST_OP_AND, at, left, negation(p));
        at = pl_parse__token_span(p);
    }
    return left;
}

/* SYNTAX: expr = conj { 'or' conj } */
struct pl_ast_expr *pl_parse__expr(struct parser *p) {
    struct pl_ast_expr *left = conjunction(p);
    struct pl_span at = pl_parse__token_span(p);
    while (pl_parse__accept_word(p, "or")) {
        left = binary(p, PL_AST_OP_OR, at, left, conjunction(p));
        at = pl_parse__token_span(p);
    }
    return left;
}

/* SYNTAX: record = '{' [ NAME ':' value { ',' NAME ':' value } ] '}' */
static struct pl_ast_expr *record(struct parser *p) {
    struct pl_ast_expr *e = make(p, PL_EXPR_RECORD);
    uint32_t start = pl_parse__here(p);
    pl_parse__advance(p);
    if (pl_parse__kind(p) != PL_TOKEN_RBRACE) {
        do {
            struct pl_ast_entry entry = {.name = pl_parse__name(p, "the name of a field")};
            pl_parse__expect(p, PL_TOKEN_COLON);
            entry.value = pl_parse__value(p);
            if (!p->panic) PL_AST_ADD(p->arena, &e->record, entry);
        } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    }
    pl_parse__expect(p, PL_TOKEN_RBRACE);
    e->span = pl_parse__from(p, start);
    return e;
}

/* SYNTAX: value = literal | NAME | record | '[' [ value { ',' value } ] ']' */
struct pl_ast_expr *pl_parse__value(struct parser *p) {
    switch (pl_parse__kind(p)) {
    case PL_TOKEN_LBRACE: return record(p);
    case PL_TOKEN_LBRACKET: return list_operand(p, pl_parse__value);
    case PL_TOKEN_LPAREN: pl_parse__expected(p, "a value"); return make(p, PL_EXPR_BOOL);
    default: return operand(p);
    }
}
