/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/assume.h"

/* ---- constants ---- */

static bool constant(const struct pl_tx *x) {
    return x->kind == PL_TX_CONST;
}

static bool all_constant(const struct pl_tx *list) {
    for (uint32_t i = 0; i < list->nitems; i++)
        if (!constant(list->items[i])) return false;
    return list->kind == PL_TX_LIST && list->nitems;
}

static bool same(const struct pl_tx *a, const struct pl_tx *b) {
    return pl_value_eq(a->value, b->value);
}

static bool among(const struct pl_tx *v, const struct pl_tx *list) {
    for (uint32_t i = 0; i < list->nitems; i++)
        if (same(v, list->items[i])) return true;
    return false;
}

static bool named(const struct pl_tx *x) {
    return x->kind == PL_TX_SLOT || x->kind == PL_TX_FIELD || x->kind == PL_TX_FACT;
}

/* ---- comparisons ---- */

static enum pl_op turned(enum pl_op op) {
    switch (op) {
    case PL_OP_LT: return PL_OP_GT;
    case PL_OP_LE: return PL_OP_GE;
    case PL_OP_GT: return PL_OP_LT;
    case PL_OP_GE: return PL_OP_LE;
    default: return op;
    }
}

static enum pl_op opposite(enum pl_op op) {
    switch (op) {
    case PL_OP_EQ: return PL_OP_NE;
    case PL_OP_NE: return PL_OP_EQ;
    case PL_OP_LT: return PL_OP_GE;
    case PL_OP_LE: return PL_OP_GT;
    case PL_OP_GT: return PL_OP_LE;
    case PL_OP_GE: return PL_OP_LT;
    default: return op;
    }
}

static bool upward(enum pl_op op) {
    return op == PL_OP_GT || op == PL_OP_GE;
}

static bool ordering(enum pl_op op) {
    return upward(op) || op == PL_OP_LT || op == PL_OP_LE;
}

/* name op constant; false: the condition is no such comparison. */
static bool atom_of(struct pl_graph *g, const struct pl_tx *x, bool truth, struct pl_atom *out) {
    *out = (struct pl_atom){.span = x->span, .held = truth};
    if (named(x) && x->type.kind == PL_KIND_BOOL) {
        struct pl_tx *yes = PL_NEW(g->arena, struct pl_tx);
        yes->kind = PL_TX_CONST;
        yes->value = pl_bool(true);
        out->name = x->name;
        out->value = yes;
        out->op = truth ? PL_OP_EQ : PL_OP_NE;
        return true;
    }
    if (x->kind != PL_TX_BINARY) return false;
    const struct pl_tx *a = x->a, *b = x->b;
    out->op = (enum pl_op)x->op;
    if (constant(a) && named(b) && out->op != PL_OP_IN) {
        a = x->b;
        b = x->a;
        out->op = turned(out->op);
    }
    if (!named(a) || !(out->op == PL_OP_IN ? all_constant(b) : constant(b))) return false;
    out->absent = !truth && ordering(out->op) && a->type.optional;
    if (!truth) out->op = opposite(out->op);
    out->name = a->name;
    out->value = b;
    return true;
}

/* Does a value c hold under `op v`? */
static enum pl_truth holds(const struct pl_tx *c, enum pl_op op, const struct pl_tx *v) {
    int order = 0;
    if (op == PL_OP_EQ || op == PL_OP_NE) {
        bool equal = same(c, v);
        return (op == PL_OP_EQ) == equal ? PL_TRUE : PL_FALSE;
    }
    if (pl_value_cmp(c->value, v->value, &order) != PL_OK) return PL_OPEN;
    bool yes = op == PL_OP_LT   ? order < 0
               : op == PL_OP_LE ? order <= 0
               : op == PL_OP_GT ? order > 0
                                : order >= 0;
    return yes ? PL_TRUE : PL_FALSE;
}

/* Two half lines: x > 3 tells x > 2, and not x < 2. */
static enum pl_truth half_lines(const struct pl_atom *k, const struct pl_atom *q) {
    int order = 0;
    if (pl_value_cmp(k->value->value, q->value->value, &order) != PL_OK) return PL_OPEN;
    if (!upward(k->op)) order = -order;
    bool open_k = k->op == PL_OP_GT || k->op == PL_OP_LT;
    bool open_q = q->op == PL_OP_GT || q->op == PL_OP_LT;
    if (upward(k->op) == upward(q->op))
        return order > 0 || (order == 0 && (open_k || !open_q)) ? PL_TRUE : PL_OPEN;
    return order > 0 || (order == 0 && (open_k || open_q)) ? PL_FALSE : PL_OPEN;
}

/* A known list of values against a question: all, none, or some of them. */
static enum pl_truth of_values(const struct pl_tx *const *v, uint32_t n, const struct pl_atom *q) {
    uint32_t yes = 0, no = 0;
    for (uint32_t i = 0; i < n; i++) {
        enum pl_truth t;
        if (q->op == PL_OP_IN)
            t = among(v[i], q->value) == q->held ? PL_TRUE : PL_FALSE;
        else
            t = holds(v[i], q->op, q->value);
        yes += t == PL_TRUE;
        no += t == PL_FALSE;
    }
    return yes == n ? PL_TRUE : no == n ? PL_FALSE : PL_OPEN;
}

/* What one known comparison tells of the question. */
static enum pl_truth tells(const struct pl_atom *k, const struct pl_atom *q) {
    if (k->op == PL_OP_EQ) return of_values(&k->value, 1, q);
    if (k->op == PL_OP_IN && k->held)
        return of_values((const struct pl_tx *const *)k->value->items, k->value->nitems, q);
    if (k->op == PL_OP_NE) {
        bool equal = q->op != PL_OP_IN && same(k->value, q->value);
        if (q->op == PL_OP_EQ && equal) return PL_FALSE;
        return q->op == PL_OP_NE && equal ? PL_TRUE : PL_OPEN;
    }
    if (k->op == PL_OP_IN) { /* none of these */
        if (q->op == PL_OP_EQ && among(q->value, k->value)) return PL_FALSE;
        return q->op == PL_OP_NE && among(q->value, k->value) ? PL_TRUE : PL_OPEN;
    }
    if (ordering(q->op)) return half_lines(k, q);
    if (q->op == PL_OP_IN) return PL_OPEN;
    bool inside = holds(q->value, k->op, k->value) != PL_FALSE;
    if (inside) return PL_OPEN;
    return q->op == PL_OP_EQ ? PL_FALSE : PL_TRUE;
}

/* ---- the list ---- */

static void fact(struct pl_assumed *a, const char *name, enum pl_op op, struct pl_value v) {
    struct pl_tx *x = PL_NEW(a->g->arena, struct pl_tx);
    x->kind = PL_TX_CONST;
    x->value = v;
    struct pl_atom atom = {.name = pl_str_c(name), .op = op, .value = x, .held = true};
    PL_AST_ADD(a->g->arena, &a->v, atom);
}

static struct pl_value number(int64_t n) {
    return (struct pl_value){.kind = PL_KIND_NUMBER, .n = {n, 0}};
}

void pl_grammar__assumed_init(struct pl_assumed *a, struct pl_graph *g) {
    *a = (struct pl_assumed){.g = g};
    fact(a, "sentiment", PL_OP_GE, number(-1));
    fact(a, "sentiment", PL_OP_LE, number(1));
    fact(a, "uncertainty", PL_OP_GE, number(0));
    fact(a, "uncertainty", PL_OP_LE, number(1));
    fact(a, "repeats", PL_OP_GE, number(0));
    fact(a, "failures", PL_OP_GE, number(0));
    fact(a, "turns", PL_OP_GE, number(0));
    fact(a, "elapsed", PL_OP_GE, (struct pl_value){.kind = PL_KIND_DURATION});
}

void pl_grammar__suppose(struct pl_assumed *a, const struct pl_tx *x, bool truth) {
    struct pl_atom atom;
    if (x->kind == PL_TX_UNARY && x->op == PL_OP_NOT) {
        pl_grammar__suppose(a, x->a, !truth);
    } else if ((x->kind == PL_TX_AND && truth) || (x->kind == PL_TX_OR && !truth)) {
        pl_grammar__suppose(a, x->a, truth);
        pl_grammar__suppose(a, x->b, truth);
    } else if (atom_of(a->g, x, truth, &atom)) {
        PL_AST_ADD(a->g->arena, &a->v, atom);
    }
}

void pl_grammar__unsuppose(struct pl_assumed *a, struct pl_str name) {
    for (size_t i = 0; i < a->v.n; i++) {
        struct pl_atom *k = &a->v.v[i];
        if (k->span.end == k->span.start || !pl_str_starts(k->name, name)) continue;
        if (k->name.n == name.n || name.p[name.n - 1] == '.' || k->name.p[name.n] == '.')
            k->dead = true;
    }
}

/* ---- reading ---- */

static enum pl_truth read_atom(struct pl_assumed *a, const struct pl_atom *q) {
    for (size_t i = a->v.n; i-- > 0;) {
        const struct pl_atom *k = &a->v.v[i];
        if (k->dead || !pl_str_eq(k->name, q->name)) continue;
        enum pl_truth t = tells(k, q);
        if (k->absent && t == PL_TRUE && q->op != PL_OP_NE) t = PL_OPEN;
        if (t == PL_OPEN) continue;
        a->because = k->span;
        return t;
    }
    return PL_OPEN;
}

/* a and b, a or b: the second is read where the first did not decide. */
static enum pl_truth read_pair(struct pl_assumed *a, const struct pl_tx *x, bool and) {
    const enum pl_truth decides = and? PL_FALSE : PL_TRUE;
    size_t mark = a->v.n;
    enum pl_truth left = pl_grammar__read(a, x->a);
    if (left == decides) return left;
    pl_grammar__suppose(a, x->a, and);
    enum pl_truth right = pl_grammar__read(a, x->b);
    a->v.n = mark;
    if (right == decides) return right;
    return left == PL_OPEN || right == PL_OPEN ? PL_OPEN : left;
}

enum pl_truth pl_grammar__read(struct pl_assumed *a, const struct pl_tx *x) {
    struct pl_atom q;
    if (x->kind == PL_TX_AND || x->kind == PL_TX_OR) return read_pair(a, x, x->kind == PL_TX_AND);
    if (x->kind == PL_TX_UNARY && x->op == PL_OP_NOT) {
        enum pl_truth t = pl_grammar__read(a, x->a);
        return t == PL_OPEN ? t : t == PL_TRUE ? PL_FALSE : PL_TRUE;
    }
    a->because = (struct pl_span){0};
    if (x->kind == PL_TX_CONST && x->type.kind == PL_KIND_BOOL)
        return x->value.b ? PL_TRUE : PL_FALSE;
    if (x->kind == PL_TX_BINARY && constant(x->a) && x->op != PL_OP_IN && constant(x->b))
        return holds(x->a, (enum pl_op)x->op, x->b);
    if (x->kind == PL_TX_BINARY && named(x->a) && named(x->b) &&
        pl_str_eq(x->a->name, x->b->name) && !x->a->type.optional)
        return x->op == PL_OP_EQ || x->op == PL_OP_LE || x->op == PL_OP_GE ? PL_TRUE : PL_FALSE;
    return atom_of(a->g, x, true, &q) ? read_atom(a, &q) : PL_OPEN;
}
