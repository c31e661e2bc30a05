/* SPDX-License-Identifier: Apache-2.0
 *
 * What is surely present at a place of a flow: one bit for each dotted name. */
#include <string.h>

#include "grammar/graph.h"

uint32_t pl_grammar__path(struct pl_graph *g, struct pl_str name) {
    uint32_t *number = pl_map_get(&g->path_numbers, name);
    if (number) return *number;
    number = PL_NEW(g->arena, uint32_t);
    *number = (uint32_t)g->paths.n;
    PL_AST_ADD(g->arena, &g->paths, name);
    pl_map_put(&g->path_numbers, name, number);
    return *number;
}

void pl_grammar__paths_begin(struct pl_graph *g) {
    pl_map_free(&g->path_numbers);
    g->path_numbers = (struct pl_map){0};
    g->paths.n = 0;
}

struct pl_known pl_grammar__known_copy(struct pl_graph *g, const struct pl_known *k) {
    struct pl_known c = {.n = k->n};
    c.bits = PL_NEW_ARRAY(g->arena, uint64_t, (size_t)k->n + 1);
    if (k->n) memcpy(c.bits, k->bits, k->n * sizeof *c.bits);
    return c;
}

bool pl_grammar__known_has(const struct pl_known *k, uint32_t path) {
    return path / 64 < k->n && (k->bits[path / 64] >> path % 64 & 1);
}

void pl_grammar__known_add(struct pl_graph *g, struct pl_known *k, uint32_t path) {
    if (path / 64 >= k->n) {
        uint32_t n = path / 64 + 1;
        uint64_t *bits = PL_NEW_ARRAY(g->arena, uint64_t, n);
        if (k->n) memcpy(bits, k->bits, k->n * sizeof *bits);
        k->bits = bits;
        k->n = n;
    }
    k->bits[path / 64] |= UINT64_C(1) << path % 64;
}

void pl_grammar__known_drop(struct pl_graph *g, struct pl_known *k, uint32_t path) {
    struct pl_str name = g->paths.v[path];
    for (uint32_t i = 0; i < g->paths.n && i / 64 < k->n; i++) {
        struct pl_str p = g->paths.v[i];
        bool below = p.n > name.n && p.p[name.n] == '.' && pl_str_starts(p, name);
        if (below || i == path) k->bits[i / 64] &= ~(UINT64_C(1) << i % 64);
    }
}

void pl_grammar__known_meet(struct pl_known *into, const struct pl_known *other) {
    for (uint32_t i = 0; i < into->n; i++) into->bits[i] &= i < other->n ? other->bits[i] : 0;
}

bool pl_grammar__known_eq(const struct pl_known *a, const struct pl_known *b) {
    uint32_t n = a->n > b->n ? a->n : b->n;
    for (uint32_t i = 0; i < n; i++)
        if ((i < a->n ? a->bits[i] : 0) != (i < b->n ? b->bits[i] : 0)) return false;
    return true;
}

/* A field that is there has a record that is there. */
void pl_grammar__known_present(struct pl_graph *g, struct pl_known *k, const struct pl_tx *x) {
    for (; x; x = x->kind == PL_TX_FIELD ? x->a : NULL)
        if (x->path) pl_grammar__known_add(g, k, x->path - 1);
}

static void either(struct pl_graph *g, struct pl_known *k, const struct pl_tx *x, bool truth) {
    struct pl_known left = pl_grammar__known_copy(g, k);
    pl_grammar__narrow(g, &left, x->a, truth);
    struct pl_known right = pl_grammar__known_copy(g, k);
    pl_grammar__narrow(g, &right, x->a, !truth);
    pl_grammar__narrow(g, &right, x->b, truth);
    pl_grammar__known_meet(&left, &right);
    *k = left;
}

static void both(struct pl_graph *g, struct pl_known *k, const struct pl_tx *x, bool truth) {
    pl_grammar__narrow(g, k, x->a, truth);
    pl_grammar__narrow(g, k, x->b, truth);
}

static void verified(struct pl_graph *g, struct pl_known *k, const struct pl_tx *x) {
    if (x->kind == PL_TX_FACT && x->ref == PL_FACT_VERIFIED)
        pl_grammar__known_add(g, k, pl_grammar__path(g, PL_STR("@verified")));
}

static void compared(struct pl_graph *g, struct pl_known *k, const struct pl_tx *x, bool truth) {
    bool equal = x->op == PL_OP_EQ && truth, differs = x->op == PL_OP_NE && !truth;
    const struct pl_tx *b = x->b;
    bool constant = b->kind == PL_TX_CONST && b->value.kind == PL_KIND_BOOL;
    bool same = (x->op == PL_OP_EQ) == truth;
    if (constant && (x->op == PL_OP_EQ || x->op == PL_OP_NE) && b->value.b == same)
        verified(g, k, x->a);
    if (equal || differs) {
        if (!x->b->type.optional) pl_grammar__known_present(g, k, x->a);
        if (!x->a->type.optional) pl_grammar__known_present(g, k, x->b);
    } else if (truth && (x->op == PL_OP_LT || x->op == PL_OP_LE || x->op == PL_OP_GT ||
                         x->op == PL_OP_GE || x->op == PL_OP_IN)) {
        pl_grammar__known_present(g, k, x->a);
        pl_grammar__known_present(g, k, x->b);
    }
}

void pl_grammar__narrow(struct pl_graph *g, struct pl_known *k, const struct pl_tx *x, bool truth) {
    switch (x->kind) {
    case PL_TX_SLOT:
    case PL_TX_FIELD:
    case PL_TX_FACT:
        if (truth) pl_grammar__known_present(g, k, x);
        if (truth) verified(g, k, x);
        break;
    case PL_TX_UNARY:
        if (x->op == PL_OP_NOT)
            pl_grammar__narrow(g, k, x->a, !truth);
        else if (!truth)
            pl_grammar__known_present(g, k, x->a);
        break;
    case PL_TX_AND: truth ? both(g, k, x, true) : either(g, k, x, false); break;
    case PL_TX_OR: truth ? either(g, k, x, true) : both(g, k, x, false); break;
    case PL_TX_BINARY: compared(g, k, x, truth); break;
    case PL_TX_MATCHES:
        if (truth) pl_grammar__known_present(g, k, x->a);
        break;
    default: break;
    }
}
