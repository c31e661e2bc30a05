/* SPDX-License-Identifier: Apache-2.0
 *
 * What one turn may cost at most, against the assistant's `ceiling`.
 *
 * A turn goes from one place where the bot waits to the next. Counted are the budgets of all
 * `answer` and `decide` on the way that costs most: calls, tokens, time and money each by itself,
 * over all branches, into flows that are called or left for, and back out of them. An `ask` does
 * not end the turn: its slot may be filled already. A round (`back`, `change`) counts all that
 * stands in it, once and then once for each time it may be gone: an upper bound. Not counted are
 * hooks, whose deadlines are their own, and what the runtime starts after the end of a task.
 *
 * Reported is each place where the sum first goes over the ceiling, with the way that leads there,
 * and each budget that leaves open what the ceiling bounds. */
#include "grammar/flowgraph.h"

enum { KINDS = 4 };

/* In millionths of a call, a token, a millisecond, a unit of money. */
struct cost {
    int64_t v[KINDS];
};
struct turn {
    struct pl_graph *g;
    struct pl_flowgraph *fg;
    bool *quick;
    uint32_t *part, parts;
    uint32_t *order, *first; /* nodes by part: order[first[p]] … */
    int64_t *rounds;         /* by part: how often it may be gone through */
    struct cost *sum;        /* by part: of one passage with all its rounds */
    struct cost *through;    /* by part: from here to the flow's return; -1: no way */
    struct cost *before;     /* by part: the most that comes before it in a turn */
    uint32_t *from[KINDS];   /* by part: the edge that it comes by, or PL_NOWHERE */
    struct cost ceiling;
    bool bounded[KINDS];
};

static int64_t add(int64_t a, int64_t b) {
    const int64_t most = INT64_MAX / 4;
    return a > most - b ? most : a + b;
}

static int64_t times(int64_t a, int64_t n) {
    const int64_t most = INT64_MAX / 4;
    return a && n > most / a ? most : a * n;
}

/* ---- budgets ---- */

static int64_t millionths(struct pl_dec d) {
    int64_t m = d.m;
    for (unsigned i = d.scale; i < 6; i++) m = times(m, 10);
    for (unsigned i = 6; i < d.scale; i++) m /= 10;
    return m;
}

static unsigned kind_of(const struct pl_ast_limit *l) {
    static const unsigned kinds[] = {
        [PL_LIMIT_CALLS] = 0, [PL_LIMIT_TOKENS] = 1, [PL_LIMIT_TIME] = 2, [PL_LIMIT_MONEY] = 3};
    return kinds[l->kind];
}

static int64_t amount(const struct pl_ast_limit *l) {
    return l->kind == PL_LIMIT_TIME ? times(l->ms, 1000000) : millionths(l->amount);
}

static const struct pl_ast_limits *budget_of(const struct pl_fnode *n) {
    static const struct pl_ast_limits none = {0};
    if (n->kind != PL_FNODE_STMT && n->kind != PL_FNODE_AGAIN) return &none;
    if (n->stmt->kind == PL_STMT_ANSWER) return &n->stmt->answer.budget;
    return n->stmt->kind == PL_STMT_DECIDE ? &n->stmt->decide.budget : &none;
}

static struct cost cost_of(const struct pl_fnode *n) {
    const struct pl_ast_limits *b = budget_of(n);
    struct cost c = {{0}};
    for (size_t i = 0; i < b->n; i++) c.v[kind_of(&b->v[i])] = amount(&b->v[i]);
    return c;
}

static struct pl_str written(struct turn *t, unsigned kind, int64_t v) {
    static const char *const units[] = {" calls", " tokens", "s"};
    char number[32];
    struct pl_dec d = {kind == 2 ? v / 1000 : v, 6};
    while (d.scale && d.m % 10 == 0) {
        d.m /= 10;
        d.scale--;
    }
    pl_dec_print(d, number);
    if (kind < 3) return pl_grammar__str(t->g, "%s%s", number, units[kind]);
    return pl_grammar__str(t->g, "%s %.*s", number,
                           PL_STR_ARG(t->g->assistant->assistant.currency.s));
}

/* ---- one turn ---- */

static bool without_wait(void *ctx, uint32_t edge) {
    const struct turn *t = ctx;
    const struct pl_fedge *e = &t->fg->edges.v[edge];
    const struct pl_fnode *n = &t->fg->nodes.v[e->from];
    if (e->kind == PL_FEDGE_OFFERS) return false;
    if (!n->wait) return true;
    return n->stmt->kind == PL_STMT_ASK && e->kind == PL_FEDGE_ANSWER;
}

static bool in_one_turn(void *ctx, uint32_t edge) {
    const struct turn *t = ctx;
    const struct pl_fedge *e = &t->fg->edges.v[edge];
    uint32_t callee = t->fg->nodes.v[e->from].callee;
    if (!without_wait(ctx, edge)) return false;
    return e->kind != PL_FEDGE_AFTER || callee == PL_NOWHERE || t->quick[callee];
}

/* What the flow costs that is passed on the way along an edge AFTER. */
static struct cost passed(const struct turn *t, const struct pl_fedge *e) {
    static const struct cost none = {{0}};
    uint32_t callee = t->fg->nodes.v[e->from].callee;
    if (e->kind != PL_FEDGE_AFTER || callee == PL_NOWHERE) return none;
    return t->through[t->part[t->fg->entry[callee]]];
}

static void count_rounds(struct turn *t) {
    for (uint32_t i = 0; i < t->parts; i++) t->rounds[i] = 1;
    for (uint32_t i = 0; i < t->fg->edges.n; i++) {
        const struct pl_fedge *e = &t->fg->edges.v[i];
        const struct pl_fnode *n = &t->fg->nodes.v[e->from];
        if (e->kind != PL_FEDGE_BACK || t->part[e->from] != t->part[e->to]) continue;
        const struct pl_dec most =
            n->stmt->kind == PL_STMT_BACK ? n->stmt->back.most.n : n->stmt->change.most.n;
        t->rounds[t->part[e->from]] = add(t->rounds[t->part[e->from]], most.m);
    }
}

static void by_part(struct turn *t) {
    size_t n = t->fg->nodes.n;
    t->first = PL_NEW_ARRAY(t->g->arena, uint32_t, (size_t)t->parts + 2);
    t->order = PL_NEW_ARRAY(t->g->arena, uint32_t, n + 1);
    for (size_t i = 0; i < n; i++) t->first[t->part[i] + 1]++;
    for (uint32_t i = 0; i < t->parts; i++) t->first[i + 1] += t->first[i];
    uint32_t *next = PL_NEW_ARRAY(t->g->arena, uint32_t, (size_t)t->parts + 1);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t p = t->part[i];
        t->order[t->first[p] + next[p]++] = i;
    }
}

typedef void each_edge(struct turn *t, uint32_t part, const struct pl_fedge *e, uint32_t edge);

static void edges_of(struct turn *t, uint32_t part, bool inner, each_edge *visit) {
    for (uint32_t i = t->first[part]; i < t->first[part + 1]; i++) {
        const struct pl_fnode *n = &t->fg->nodes.v[t->order[i]];
        for (uint32_t k = 0; k < n->nout; k++) {
            uint32_t edge = t->fg->outs[n->out + k];
            const struct pl_fedge *e = &t->fg->edges.v[edge];
            if (in_one_turn(t, edge) && (t->part[e->to] == part) == inner) visit(t, part, e, edge);
        }
    }
}

static void sum_inner(struct turn *t, uint32_t part, const struct pl_fedge *e, uint32_t edge) {
    struct cost c = passed(t, e);
    (void)edge;
    for (unsigned k = 0; k < KINDS; k++)
        if (c.v[k] > 0) t->sum[part].v[k] = add(t->sum[part].v[k], c.v[k]);
}

static void best_through(struct turn *t, uint32_t part, const struct pl_fedge *e, uint32_t edge) {
    const struct cost over = passed(t, e), next = t->through[t->part[e->to]];
    (void)edge;
    if (t->fg->nodes.v[e->from].flow != t->fg->nodes.v[e->to].flow) return; /* its own return */
    for (unsigned k = 0; k < KINDS; k++) {
        if (next.v[k] < 0 || over.v[k] < 0) continue;
        int64_t all = add(next.v[k], over.v[k]);
        if (all > t->through[part].v[k]) t->through[part].v[k] = all;
    }
}

/* Parts in the order of their numbers: what a part leads to is known before it. */
static void find_through(struct turn *t) {
    for (uint32_t p = 0; p < t->parts; p++) {
        for (unsigned k = 0; k < KINDS; k++) t->through[p].v[k] = -1;
        for (uint32_t i = t->first[p]; i < t->first[p + 1]; i++) {
            const struct pl_fnode *n = &t->fg->nodes.v[t->order[i]];
            struct cost c = cost_of(n);
            for (unsigned k = 0; k < KINDS; k++) {
                t->sum[p].v[k] = add(t->sum[p].v[k], c.v[k]);
                if (n->kind == PL_FNODE_RETURN) t->through[p].v[k] = 0;
            }
        }
        edges_of(t, p, true, sum_inner);
        edges_of(t, p, false, best_through);
        for (unsigned k = 0; k < KINDS; k++) {
            t->sum[p].v[k] = times(t->sum[p].v[k], t->rounds[p]);
            if (t->through[p].v[k] >= 0)
                t->through[p].v[k] = add(t->through[p].v[k], t->sum[p].v[k]);
        }
    }
}

static void push_on(struct turn *t, uint32_t part, const struct pl_fedge *e, uint32_t edge) {
    const struct cost over = passed(t, e);
    uint32_t to = t->part[e->to];
    for (unsigned k = 0; k < KINDS; k++) {
        int64_t all = add(t->before[part].v[k], t->sum[part].v[k]);
        if (over.v[k] > 0) all = add(all, over.v[k]);
        if (all <= t->before[to].v[k]) continue;
        t->before[to].v[k] = all;
        t->from[k][to] = edge;
    }
}

/* ---- what is reported ---- */

/* The statement of the part that costs. */
static const struct pl_fnode *costs(const struct turn *t, uint32_t part, unsigned kind) {
    for (uint32_t i = t->first[part]; i < t->first[part + 1]; i++) {
        const struct pl_fnode *n = &t->fg->nodes.v[t->order[i]];
        if (cost_of(n).v[kind] > 0 && n->live) return n;
    }
    return NULL;
}

static void note_part(struct turn *t, struct pl_diag *d, uint32_t part, unsigned kind) {
    const struct pl_fnode *n = costs(t, part, kind);
    if (!n) return;
    struct pl_str most = written(t, kind, t->sum[part].v[kind]);
    if (t->rounds[part] > 1)
        pl_diag_note(t->g->diags, d, n->span, "%.*s in up to %lld rounds", PL_STR_ARG(most),
                     (long long)t->rounds[part]);
    else
        pl_diag_note(t->g->diags, d, n->span, "%.*s", PL_STR_ARG(most));
}

/* Oldest first: edges that tell something, and what costs. */
static void note_way(struct turn *t, struct pl_diag *d, uint32_t part, unsigned kind) {
    uint32_t way[64], n = 0;
    for (uint32_t p = part; n < PL_LEN(way) && t->from[kind][p] != PL_NOWHERE;) {
        way[n++] = t->from[kind][p];
        p = t->part[t->fg->edges.v[way[n - 1]].from];
    }
    while (n) {
        const struct pl_fedge *e = &t->fg->edges.v[way[--n]];
        const struct cost over = passed(t, e);
        note_part(t, d, t->part[e->from], kind);
        if (over.v[kind] > 0)
            pl_diag_note(t->g->diags, d, t->fg->nodes.v[e->from].span, "%.*s in the called flow",
                         PL_STR_ARG(written(t, kind, over.v[kind])));
        else if (e->kind != PL_FEDGE_GO && e->kind != PL_FEDGE_AFTER)
            pl_grammar__step_note(t->g, d, e);
    }
    note_part(t, d, part, kind);
}

static bool report(struct turn *t, uint32_t part, unsigned kind) {
    int64_t before = t->before[part].v[kind], all = add(before, t->sum[part].v[kind]);
    const struct pl_fnode *n = costs(t, part, kind);
    if (!t->bounded[kind] || !n || before > t->ceiling.v[kind] || all <= t->ceiling.v[kind])
        return false;
    struct pl_diag *d = pl_diag2(t->g->diags, PL_D_OVER_CEILING, n->stmt->head,
                                 written(t, kind, all), written(t, kind, t->ceiling.v[kind]));
    note_way(t, d, part, kind);
    return true;
}

static void check_open(struct turn *t, const struct pl_fnode *n) {
    static const char *const names[] = {"calls", "tokens", "time", "money"};
    const struct pl_ast_limits *b = budget_of(n);
    bool has[KINDS] = {false};
    if (!b->n || n->kind == PL_FNODE_AGAIN) return;
    for (size_t i = 0; i < b->n; i++) has[kind_of(&b->v[i])] = true;
    for (unsigned k = 0; k < KINDS; k++)
        if (t->bounded[k] && !has[k])
            pl_diag1(t->g->diags, PL_D_BUDGET_OPEN, b->v[0].span, pl_str_c(names[k]));
}

static void read_ceiling(struct turn *t) {
    const struct pl_ast_limits *c = &t->g->assistant->assistant.ceiling;
    for (size_t i = 0; i < c->n; i++) {
        t->ceiling.v[kind_of(&c->v[i])] = amount(&c->v[i]);
        t->bounded[kind_of(&c->v[i])] = true;
    }
}

static void prepare(struct turn *t) {
    struct pl_arena *a = t->g->arena;
    size_t n = t->fg->nodes.n + 1;
    bool *seen = PL_NEW_ARRAY(a, bool, n);
    t->quick = PL_NEW_ARRAY(a, bool, t->g->flow.n + 1);
    pl_grammar__returning(t->g, without_wait, t, t->quick, seen);
    t->part = PL_NEW_ARRAY(a, uint32_t, n);
    t->parts = pl_grammar__parts(t->g, in_one_turn, t, t->part);
    size_t parts = (size_t)t->parts + 1;
    t->rounds = PL_NEW_ARRAY(a, int64_t, parts);
    t->sum = PL_NEW_ARRAY(a, struct cost, parts);
    t->through = PL_NEW_ARRAY(a, struct cost, parts);
    t->before = PL_NEW_ARRAY(a, struct cost, parts);
    for (unsigned k = 0; k < KINDS; k++) {
        t->from[k] = PL_NEW_ARRAY(a, uint32_t, parts);
        for (size_t i = 0; i < parts; i++) t->from[k][i] = PL_NOWHERE;
    }
    by_part(t);
    count_rounds(t);
}

/* Most programs ask no model. */
static bool asks_model(const struct pl_flowgraph *fg) {
    for (size_t i = 0; i < fg->nodes.n; i++)
        if (budget_of(&fg->nodes.v[i])->n) return true;
    return false;
}

void pl_grammar__prove_cost(struct pl_graph *g) {
    struct turn t = {.g = g, .fg = g->flowgraph};
    read_ceiling(&t);
    if (!g->assistant->assistant.ceiling.n || !asks_model(t.fg)) return;
    for (size_t i = 0; i < t.fg->nodes.n; i++) check_open(&t, &t.fg->nodes.v[i]);
    prepare(&t);
    find_through(&t);
    for (uint32_t p = t.parts; p-- > 0;) edges_of(&t, p, false, push_on);
    for (uint32_t p = t.parts; p-- > 0;)
        for (unsigned k = 0; k < KINDS; k++)
            if (report(&t, p, k)) break;
}
