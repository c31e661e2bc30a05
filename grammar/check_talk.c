/* SPDX-License-Identifier: Apache-2.0
 *
 * Talks: the names they speak of, so that a renamed line breaks a build and not only a test. */
#include "grammar/flowgraph.h"

static void check_id(struct pl_graph *g, const struct pl_ast_id *id) {
    if (!id->s.n || pl_grammar__texts_of(g, id->s)) return;
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, g->texts.n + 1);
    for (size_t i = 0; i < g->texts.n; i++) {
        names[i] = g->texts.v[i].id;
        if (pl_str_starts(names[i], id->s) && names[i].p[id->s.n] == '.') return;
    }
    struct pl_span at = id->span;
    if (at.start < at.end) at.start++; /* without the @ */
    struct pl_diag *d = pl_diag2(g->diags, PL_D_UNKNOWN, id->span, PL_STR("line"), id->s);
    pl_diag_nearest(g->diags, d, at, id->s, names, g->texts.n);
}

static struct pl_symbol *check_hook(struct pl_graph *g, const struct pl_ast_path *path) {
    return path->n ? pl_grammar__need(g, &g->hooks, path->s, path->span) : NULL;
}

static void check_failure(struct pl_graph *g, struct pl_symbol *hook,
                          const struct pl_ast_name *name) {
    const struct pl_ast_hook *h = &hook->decl->hook;
    bool known = pl_str_is(name->s, "unavailable") || pl_str_is(name->s, "unconfirmed");
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, h->fails.n + 1);
    for (size_t i = 0; i < h->fails.n; i++) {
        names[i] = h->fails.v[i].s;
        known |= pl_str_eq(names[i], name->s);
    }
    if (known) return;
    struct pl_diag *d = pl_diag2(g->diags, PL_D_FAILURE_UNKNOWN, name->span, hook->name, name->s);
    pl_diag_nearest(g->diags, d, name->span, name->s, names, h->fails.n);
}

/* The name that a goal, a mark or an analytics event has in some flow. */
static void check_named(struct pl_graph *g, enum pl_stmt_kind kind, const char *what,
                        const struct pl_ast_name *name) {
    const struct pl_flowgraph *fg = g->flowgraph;
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, fg->nodes.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < fg->nodes.n; i++) {
        const struct pl_ast_stmt *s = fg->nodes.v[i].stmt;
        if (!s || s->kind != kind) continue;
        names[n] = kind == PL_STMT_GOAL   ? s->goal.s
                   : kind == PL_STMT_MARK ? s->mark.s
                                          : s->track.name.s;
        if (pl_str_eq(names[n++], name->s)) return;
    }
    pl_grammar__unknown(g, what, name->s, name->span, names, n);
}

/* session.x, customer.x, flow.x, or a slot that some flow has. */
static void check_slot(struct pl_graph *g, const struct pl_ast_path *path) {
    bool session = pl_str_is(path->part[0].s, "session");
    bool scoped = path->n > 1 && (session || pl_str_is(path->part[0].s, "customer"));
    struct pl_symbol *flow =
        path->n > 1 && !scoped ? pl_grammar__find(&g->flows, path->part[0].s) : NULL;
    const struct pl_ast_name *name = &path->part[scoped || flow];
    PL_AST_LIST(struct pl_str) names = {0};
    for (size_t i = 0; i < (scoped || flow ? 1 : g->flow.n); i++) {
        const struct pl_graph_slots *slots = &g->flow.v[i].slots;
        if (scoped) slots = session ? &g->session : &g->customer;
        if (flow) slots = &g->flow.v[flow->index].slots;
        if (pl_grammar__slot(slots, name->s) != PL_NOWHERE) return;
        for (size_t k = 0; k < slots->n; k++) PL_AST_ADD(g->arena, &names, slots->v[k].name);
    }
    pl_grammar__unknown(g, "slot", name->s, name->span, names.v, names.n);
}

static void check_expect(struct pl_graph *g, const struct pl_ast_expect *e) {
    if (e->kind == PL_EXPECT_HOOK_ONCE || e->kind == PL_EXPECT_HOOK_NEVER) check_hook(g, &e->path);
    if (e->kind == PL_EXPECT_GOAL) check_named(g, PL_STMT_GOAL, "goal", &e->name);
    if (e->kind == PL_EXPECT_MARK) check_named(g, PL_STMT_MARK, "mark", &e->name);
    if (e->kind == PL_EXPECT_TRACK) check_named(g, PL_STMT_TRACK, "analytics event", &e->name);
    if (e->kind == PL_EXPECT_SLOT_IS || e->kind == PL_EXPECT_SLOT_EMPTY) check_slot(g, &e->path);
    for (size_t i = 0; e->kind == PL_EXPECT_HANDOFF_CARRIES && i < e->carries.n; i++)
        if (e->carries.v[i].path.n > 1) check_slot(g, &e->carries.v[i].path);
    if (e->kind != PL_EXPECT_HANDOFF) return;
    if (e->to.s.n) pl_grammar__need(g, &g->queues, e->to.s, e->to.span);
    if (e->by.s.n) pl_grammar__need(g, &g->rules, e->by.s, e->by.span);
}

static void check_play(struct pl_graph *g, const struct pl_ast_play *p) {
    struct pl_symbol *hook;
    switch (p->kind) {
    case PL_PLAY_HOOK:
        hook = check_hook(g, &p->stub.path);
        if (hook && p->stub.kind == PL_STUB_FAILS) check_failure(g, hook, &p->stub.failure);
        break;
    case PL_PLAY_EVENT: pl_grammar__need(g, &g->events, p->event.path.s, p->event.path.span); break;
    case PL_PLAY_BOT: check_id(g, &p->bot.id); break;
    case PL_PLAY_FORBID:
        check_id(g, &p->forbid.id);
        check_hook(g, &p->forbid.hook);
        break;
    case PL_PLAY_EXPECT: check_expect(g, &p->expect); break;
    default: break;
    }
}

void pl_grammar__check_talks(struct pl_graph *g) {
    for (size_t i = 0; i < g->files.n; i++) {
        if (!g->files.v[i]->talk) continue;
        for (size_t k = 0; k < g->files.v[i]->decls.n; k++) {
            const struct pl_ast_talk *t = &g->files.v[i]->decls.v[k]->talk;
            for (size_t n = 0; n < t->plays.n; n++) check_play(g, &t->plays.v[n]);
        }
    }
}
