/* SPDX-License-Identifier: Apache-2.0
 *
 * What is declared or filled and then not used, and names that are easily taken for each other.
 *
 * A slot of a flow is of use when something reads it. One that is asked for is also of use when the
 * flow hands over: the people who take over see it. The slots of session and customer are of use
 * when anything names them. Names of one kind are near when one letter is added, left out or
 * changed; digits and a plural's s tell names apart well enough. */
#include "grammar/check_priv.h"
#include "grammar/flowgraph.h"

enum { NEAR_LEAST = 5, NEAR_MOST = 64 };

/* ---- declarations ---- */

/* What nobody names. The prelude offers more than a project uses; flows are named by triggers. */
static void check_used(struct pl_graph *g, const struct pl_symbols *s) {
    for (size_t i = 0; i < s->n; i++) {
        const struct pl_symbol *one = s->v[i];
        if (one->used || pl_grammar__in_prelude(g, one->decl->span)) continue;
        pl_diag2(g->diags, PL_D_UNUSED, one->decl->name.span, pl_str_c(s->what), one->name);
    }
}

/* A hand-over that names no queue goes by language, else to the first. */
static void use_queues(struct pl_graph *g) {
    for (size_t i = 0; i < g->queues.n; i++) {
        const struct pl_ast_queue *q = &g->queues.v[i]->decl->queue;
        if (i == 0 || q->languages.n) g->queues.v[i]->used = true;
    }
}

/* The runtime calls some flows by name, whoever declares them. */
static void use_flows(struct pl_graph *g) {
    static const char *const names[] = {
#define PRELUDE(name, flow, params, required) flow,
#include "runtime/program/prelude.def"
#undef PRELUDE
    };
    for (size_t i = 0; i < PL_LEN(names); i++) {
        struct pl_symbol *s = pl_grammar__find(&g->flows, pl_str_c(names[i]));
        if (s) s->used = true;
    }
    for (size_t i = 0; i < g->flow.n; i++)
        if (g->flow.v[i].decl->flow.triggers.n || g->flow.v[i].prelude)
            g->flow.v[i].symbol->used = true;
    struct pl_str start = g->assistant->assistant.start.s;
    struct pl_symbol *welcome = pl_grammar__find(&g->flows, start.n ? start : PL_STR("welcome"));
    if (welcome) welcome->used = true;
}

/* ---- slots ---- */

static void check_scope(struct pl_graph *g, const struct pl_graph_slots *slots, const char *what) {
    for (size_t i = 0; i < slots->n; i++) {
        const struct pl_graph_slot *s = &slots->v[i];
        if (s->read || s->written || pl_grammar__in_prelude(g, s->span)) continue;
        pl_diag2(g->diags, PL_D_UNUSED, s->span, pl_str_c(what), s->name);
    }
}

static bool hands_over(const struct pl_flowgraph *fg, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++)
        if (fg->nodes.v[i].stmt && fg->nodes.v[i].stmt->kind == PL_STMT_HANDOFF) return true;
    return false;
}

static void check_locals(struct pl_graph *g, uint32_t flow, bool agents) {
    struct pl_graph_flow *f = &g->flow.v[flow];
    if (f->prelude) return;
    for (size_t i = 0; i < f->slots.n; i++) {
        const struct pl_graph_slot *s = &f->slots.v[i];
        if (s->read || s->param || s->loop || s->proposed || (s->asked && agents)) continue;
        struct pl_diag *d = pl_diag1(g->diags, PL_D_NEVER_READ, s->span, s->name);
        struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, f->slots.n + 1);
        size_t n = 0;
        for (size_t k = 0; k < f->slots.n; k++)
            if (k != i) names[n++] = f->slots.v[k].name;
        pl_diag_nearest(g->diags, d, s->span, s->name, names, n);
    }
}

/* ---- near names ---- */

struct named {
    struct pl_str name;
    struct pl_span span;
};
struct near {
    struct pl_graph *g;
    const char *what;
    struct pl_map left; /* a name, and each name with one letter left out -> struct named */
};

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

/* Told apart by a digit, or by an s at the end? */
static bool plain_enough(struct pl_str a, struct pl_str b) {
    size_t i = 0;
    while (i < a.n && i < b.n && a.p[i] == b.p[i]) i++;
    bool digits = (i < a.n && digit(a.p[i])) || (i < b.n && digit(b.p[i]));
    bool plural = (a.n == b.n + 1 && i == b.n && a.p[i] == 's') ||
                  (b.n == a.n + 1 && i == a.n && b.p[i] == 's');
    return digits || plural;
}

static struct named *look(struct near *x, struct pl_str key, struct named *mine) {
    struct named *other = pl_map_get(&x->left, key);
    if (!other) pl_map_put(&x->left, key, mine);
    if (!other || other == mine || pl_str_eq(other->name, mine->name)) return NULL;
    if (plain_enough(other->name, mine->name)) return NULL;
    return pl_edit_distance(other->name, mine->name, 1) <= 1 ? other : NULL;
}

static void near_name(struct near *x, struct pl_str name, struct pl_span span) {
    struct pl_graph *g = x->g;
    size_t dot = pl_str_find(name, PL_STR(".")), own = dot == SIZE_MAX ? name.n : name.n - dot - 1;
    if (own < NEAR_LEAST || name.n > NEAR_MOST) return;
    struct named *mine = PL_NEW(g->arena, struct named), *other;
    *mine = (struct named){name, span};
    other = look(x, name, mine);
    for (size_t i = 0; i < name.n && !other; i++) {
        struct pl_str key =
            pl_grammar__str(g, "%.*s%.*s", (int)i, name.p, (int)(name.n - i - 1), name.p + i + 1);
        other = look(x, key, mine);
    }
    if (!other || pl_grammar__in_prelude(g, span)) return;
    struct pl_diag *d =
        pl_diag3(g->diags, PL_D_NEAR_NAMES, span, pl_str_c(x->what), name, other->name);
    pl_diag_note(g->diags, d, other->span, "`%.*s` is here", PL_STR_ARG(other->name));
}

static void near_symbols(struct pl_graph *g, const struct pl_symbols *s) {
    struct near x = {.g = g, .what = s->what};
    for (size_t i = 0; i < s->n; i++) near_name(&x, s->v[i]->name, s->v[i]->decl->name.span);
    pl_map_free(&x.left);
}

static void near_slots(struct pl_graph *g, const struct pl_graph_slots *s, const char *what) {
    struct near x = {.g = g, .what = what};
    for (size_t i = 0; i < s->n; i++)
        if (!s->v[i].loop && s->v[i].read) near_name(&x, s->v[i].name, s->v[i].span);
    pl_map_free(&x.left);
}

static void check_near(struct pl_graph *g) {
    const struct pl_symbols *const all[] = {&g->intents, &g->entities, &g->types,
                                            &g->hooks,   &g->events,   &g->hours,
                                            &g->queues,  &g->rules,    &g->flows};
    for (size_t i = 0; i < PL_LEN(all); i++) near_symbols(g, all[i]);
    near_slots(g, &g->session, "session slot");
    near_slots(g, &g->customer, "customer slot");
    for (size_t i = 0; i < g->flow.n; i++) near_slots(g, &g->flow.v[i].slots, "slot");
}

void pl_grammar__check_unused(struct pl_graph *g) {
    const struct pl_symbols *const all[] = {&g->intents, &g->entities, &g->types,  &g->hooks,
                                            &g->events,  &g->hours,    &g->queues, &g->flows};
    const struct pl_flowgraph *fg = g->flowgraph;
    uint32_t from = (uint32_t)g->flow.n * 3;
    use_flows(g);
    use_queues(g);
    for (size_t i = 0; i < PL_LEN(all); i++) check_used(g, all[i]);
    check_scope(g, &g->session, "session slot");
    check_scope(g, &g->customer, "customer slot");
    for (uint32_t i = 0; i < g->flow.n; from = fg->last[i++])
        check_locals(g, i, hands_over(fg, from, fg->last[i]));
    check_near(g);
}
