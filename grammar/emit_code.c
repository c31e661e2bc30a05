/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "grammar/emit_priv.h"

uint32_t pl_grammar__here(const struct pl_emit *x) {
    return (uint32_t)x->g->code.n;
}

uint32_t pl_grammar__word(struct pl_emit *x, uint32_t word) {
    PL_AST_ADD(x->g->arena, &x->g->code, word);
    return (uint32_t)x->g->code.n - 1;
}

uint32_t pl_grammar__put(struct pl_emit *x, enum pl_op op, uint32_t arg) {
    return pl_grammar__word(x, PL_WORD(op, arg));
}

void pl_grammar__land(struct pl_emit *x, uint32_t jump) {
    uint32_t *word = &x->g->code.v[jump];
    *word = PL_WORD(PL_WORD_OP(*word), pl_grammar__here(x));
}

static uint32_t file_name(struct pl_graph *g, uint32_t file) {
    if (g->line_file != file + 1) {
        g->line_file = file + 1;
        g->line_name = pl_grammar__name(g, g->input->sources->v[file].name);
    }
    return g->line_name;
}

/* A new statement begins: its code can be found by its line. */
void pl_grammar__line(struct pl_emit *x, struct pl_span span) {
    struct pl_graph *g = x->g;
    struct pl_p_line row = {.at = pl_grammar__here(x)};
    row.file = file_name(g, span.file);
    row.line = pl_source_pos(&g->input->sources->v[span.file], span.start).line;
    PL_AST_ADD(g->arena, &g->lines, row);
}

void pl_grammar__point(struct pl_emit *x, enum pl_point_kind kind, struct pl_span span,
                       uint32_t from, uint32_t to, struct pl_str name) {
    struct pl_graph *g = x->g;
    struct pl_pos pos = pl_source_pos(&g->input->sources->v[span.file], span.start);
    struct pl_p_point row = {.kind = (uint8_t)kind, .from = from, .to = to, .name = name};
    row.file = file_name(g, span.file);
    row.line = pos.line;
    row.column = pos.column;
    PL_AST_ADD(g->arena, &g->points, row);
}

void pl_grammar__way(struct pl_emit *x, struct pl_span span, const char *name) {
    pl_grammar__point(x, PL_POINT_BRANCH, span, PL_NOWHERE, pl_grammar__here(x), pl_str_c(name));
}

void pl_grammar__way_from(struct pl_emit *x, struct pl_span span, uint32_t from, const char *name) {
    pl_grammar__point(x, PL_POINT_BRANCH, span, from, pl_grammar__here(x), pl_str_c(name));
}

void pl_grammar__way_into(struct pl_emit *x, const struct pl_ast_block *b, const char *name) {
    if (b && b->n) pl_grammar__way(x, b->v[0]->span, name);
}

uint32_t pl_grammar__const(struct pl_graph *g, struct pl_value v) {
    for (uint32_t i = 0; i < g->consts.n; i++)
        if (g->consts.v[i].kind == v.kind && pl_value_eq(g->consts.v[i], v)) return i;
    PL_AST_ADD(g->arena, &g->consts, v);
    return (uint32_t)g->consts.n - 1;
}

uint32_t pl_grammar__name(struct pl_graph *g, struct pl_str s) {
    return pl_grammar__const(g, pl_text(s));
}

/* ---- expressions ---- */

/* The pattern with its flags in front, as the image keeps it. */
static uint32_t regex(struct pl_graph *g, struct pl_str pattern, struct pl_str flags) {
    for (uint32_t i = 0; i < g->written.n; i++)
        if (pl_str_eq(g->written.v[i].pattern, pattern) && pl_str_eq(g->written.v[i].flags, flags))
            return i;
    PL_AST_ADD(g->arena, &g->written, ((struct pl_grammar_regex){pattern, flags}));
    struct pl_buf b = {0};
    if (flags.n) {
        pl_buf_c(&b, "(?");
        pl_buf_str(&b, flags);
        pl_buf_c(&b, ")");
    }
    pl_buf_str(&b, pattern);
    PL_AST_ADD(g->arena, &g->regexes, pl_arena_str(g->arena, pl_buf_slice(&b)));
    pl_buf_free(&b);
    return (uint32_t)g->regexes.n - 1;
}

static void put_bool(struct pl_emit *x, const struct pl_tx *tx) {
    pl_grammar__put_tx(x, tx);
    if (tx->type.kind != PL_KIND_BOOL || tx->path) pl_grammar__put(x, PL_OP_TRUTH, 0);
}

static void put_logic(struct pl_emit *x, const struct pl_tx *tx) {
    put_bool(x, tx->a);
    uint32_t leave = pl_grammar__put(x, tx->kind == PL_TX_AND ? PL_OP_AND : PL_OP_OR, 0);
    put_bool(x, tx->b);
    pl_grammar__land(x, leave);
}

static void put_unary(struct pl_emit *x, const struct pl_tx *tx) {
    if (tx->op == PL_OP_NOT)
        put_bool(x, tx->a);
    else
        pl_grammar__put_tx(x, tx->a);
    pl_grammar__put(x, (enum pl_op)tx->op, 0);
}

void pl_grammar__put_tx(struct pl_emit *x, const struct pl_tx *tx) {
    switch (tx->kind) {
    case PL_TX_BAD:
    case PL_TX_NONE: pl_grammar__put(x, PL_OP_NONE, 0); break;
    case PL_TX_CONST: pl_grammar__put(x, PL_OP_CONST, pl_grammar__const(x->g, tx->value)); break;
    case PL_TX_SLOT: pl_grammar__put(x, PL_OP_LOAD, tx->ref); break;
    case PL_TX_FACT: pl_grammar__put(x, PL_OP_FACT, tx->ref); break;
    case PL_TX_FIELD:
        pl_grammar__put_tx(x, tx->a);
        pl_grammar__put(x, PL_OP_FIELD, pl_grammar__name(x->g, tx->value.s));
        break;
    case PL_TX_UNARY: put_unary(x, tx); break;
    case PL_TX_BINARY:
        pl_grammar__put_tx(x, tx->a);
        pl_grammar__put_tx(x, tx->b);
        pl_grammar__put(x, (enum pl_op)tx->op, 0);
        break;
    case PL_TX_AND:
    case PL_TX_OR: put_logic(x, tx); break;
    case PL_TX_LIST:
        for (uint32_t i = 0; i < tx->nitems; i++) pl_grammar__put_tx(x, tx->items[i]);
        pl_grammar__put(x, PL_OP_LIST, tx->nitems);
        break;
    case PL_TX_FUNC:
        pl_grammar__put_tx(x, tx->a);
        pl_grammar__put(x, PL_OP_FUNC, tx->ref);
        break;
    case PL_TX_MATCHES:
        pl_grammar__put_tx(x, tx->a);
        pl_grammar__put(x, PL_OP_MATCHES, regex(x->g, tx->name, tx->value.s));
        break;
    case PL_TX_OPEN: pl_grammar__put(x, PL_OP_OPEN, tx->ref); break;
    case PL_TX_QUEUE_WAIT: pl_grammar__put(x, PL_OP_QUEUE_WAIT, tx->ref); break;
    }
}

void pl_grammar__put_expr(struct pl_emit *x, struct pl_ast_expr *e, const struct pl_type *want) {
    pl_grammar__put_tx(x, pl_grammar__expr(&x->where, e, want));
}

void pl_grammar__put_path(struct pl_emit *x, const struct pl_ast_path *path) {
    pl_grammar__put_tx(x, pl_grammar__path_expr(&x->where, path));
}

void pl_grammar__put_condition(struct pl_emit *x, struct pl_ast_expr *e) {
    put_bool(x, pl_grammar__condition(&x->where, e));
}

uint32_t pl_grammar__guard(struct pl_emit *x, struct pl_ast_expr *cond) {
    if (!cond) return PL_NOWHERE;
    pl_grammar__put_condition(x, cond);
    uint32_t jump = pl_grammar__put(x, PL_OP_JUMP_FALSE, 0);
    pl_grammar__way_from(x, cond->span, jump, "if");
    return jump;
}

void pl_grammar__unguard(struct pl_emit *x, uint32_t jump, struct pl_ast_expr *cond) {
    if (jump == PL_NOWHERE) return;
    pl_grammar__land(x, jump);
    pl_grammar__way_from(x, cond->span, jump, "if not");
}

/* ---- calls ---- */

uint32_t pl_grammar__put_args(struct pl_emit *x, const struct pl_ast_args *args,
                              const struct pl_type *params, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        if (i < args->n)
            pl_grammar__put_expr(x, args->v[i], &params[i]);
        else
            pl_grammar__put(x, PL_OP_NONE, 0);
    }
    return n;
}

const struct pl_type *pl_grammar__params(struct pl_graph *g, uint32_t flow, uint32_t *n) {
    const struct pl_graph_slots *slots = &g->flow.v[flow].slots;
    struct pl_type *types = PL_NEW_ARRAY(g->arena, struct pl_type, slots->n + 1);
    *n = 0;
    for (size_t i = 0; i < slots->n && slots->v[i].param; i++) types[(*n)++] = slots->v[i].type;
    return types;
}

uint32_t pl_grammar__flow_call(struct pl_emit *x, uint32_t flow, uint32_t nargs, uint32_t result) {
    struct pl_p_call row = {.callee = flow, .nargs = nargs, .result = result};
    row.id = pl_grammar__count_id(x, x->g->flow.v[flow].decl->name.s);
    PL_AST_ADD(x->g->arena, &x->g->calls, row);
    return (uint32_t)x->g->calls.n - 1;
}

struct pl_str pl_grammar__count_id(struct pl_emit *x, struct pl_str base) {
    for (size_t i = 0; i < x->counts.n; i++)
        if (pl_str_eq(x->counts.v[i].name, base))
            return pl_grammar__str(x->g, "%.*s.%u", PL_STR_ARG(base), ++x->counts.v[i].n);
    PL_AST_ADD(x->g->arena, &x->counts, ((struct pl_emit_count){base, 1}));
    return base;
}

uint32_t pl_grammar__def_title(const struct pl_graph *g, struct pl_type type) {
    bool titled = type.kind == PL_KIND_ENTITY && type.def < g->defs.n;
    return titled ? g->defs.v[type.def].title : PL_NOWHERE;
}

static struct pl_p_words words_row(struct pl_graph *g, struct pl_str lang,
                                   const struct pl_ast_text *t) {
    bool marked = pl_grammar__has_marks(t);
    return (struct pl_p_words){lang, marked ? pl_grammar__marked(g, t, true) : t->s, marked};
}

uint32_t pl_grammar__mention(struct pl_graph *g, const struct pl_ast_phrase_list *phrases) {
    size_t n = 0;
    for (size_t i = 0; i < phrases->n; i++) n += phrases->v[i].texts.n;
    if (!n) return PL_NOWHERE;
    struct pl_p_words *words = PL_NEW_ARRAY(g->arena, struct pl_p_words, n);
    n = 0;
    for (size_t i = 0; i < phrases->n; i++)
        for (size_t k = 0; k < phrases->v[i].texts.n; k++)
            words[n++] = words_row(g, phrases->v[i].lang.s, phrases->v[i].texts.v[k]);
    PL_AST_ADD(g->arena, &g->mentions, ((struct pl_p_mention){(uint32_t)n, words}));
    return (uint32_t)g->mentions.n - 1;
}
