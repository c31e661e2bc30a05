/* SPDX-License-Identifier: Apache-2.0
 *
 * Talks: the names they speak of, so that a renamed line breaks a build and not only a test. */
#include "grammar/check_priv.h"
#include "grammar/flowgraph.h"

struct talks {
    struct pl_graph *g;
    const struct pl_program *p;
    PL_AST_LIST(const struct pl_ast_talk *) all;
};

/* What a model answers has no text, but the id of its `answer`. */
static bool is_answer(const struct pl_graph *g, struct pl_str id) {
    const struct pl_flowgraph *fg = g->flowgraph;
    for (size_t i = 0; i < fg->nodes.n; i++) {
        const struct pl_ast_stmt *s = fg->nodes.v[i].stmt;
        if (s && s->kind == PL_STMT_ANSWER && pl_str_eq(s->answer.id.s, id)) return true;
    }
    return false;
}

static void check_id(struct pl_graph *g, const struct pl_ast_id *id) {
    if (!id->s.n || pl_grammar__texts_of(g, id->s) || is_answer(g, id->s)) return;
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

/* The type of session.x, customer.x, flow.x, or of the first flow's slot of that name. */
static struct pl_type slot_type(struct pl_graph *g, const struct pl_ast_path *path) {
    bool scoped = path->n > 1;
    const struct pl_ast_name *name = &path->part[scoped];
    struct pl_symbol *flow = scoped ? pl_grammar__find(&g->flows, path->part[0].s) : NULL;
    const struct pl_graph_slots *slots = NULL;
    if (scoped && pl_str_is(path->part[0].s, "session")) slots = &g->session;
    if (scoped && pl_str_is(path->part[0].s, "customer")) slots = &g->customer;
    if (flow && !slots) slots = &g->flow.v[flow->index].slots;
    for (size_t i = 0; i < (slots ? 1 : g->flow.n); i++) {
        const struct pl_graph_slots *in = slots ? slots : &g->flow.v[i].slots;
        uint32_t at = pl_grammar__slot(in, name->s);
        if (at != PL_NOWHERE) return in->v[at].type;
    }
    return (struct pl_type){0};
}

static void one_of(struct pl_graph *g, const char *what, const struct pl_ast_name *name,
                   const char *const *words, size_t n) {
    struct pl_str names[4];
    for (size_t i = 0; i < n; i++) {
        names[i] = pl_str_c(words[i]);
        if (pl_str_eq(name->s, names[i])) return;
    }
    pl_grammar__unknown(g, what, name->s, name->span, names, n);
}

static void check_words(struct pl_graph *g, const struct pl_ast_expect *e) {
    static const char *const ends[] = {"resolved", "unresolved", "conversation"};
    static const char *const directions[] = {"ltr", "rtl"};
    static const char *const priorities[] = {"low", "medium", "high", "critical"};
    if (e->kind == PL_EXPECT_END) one_of(g, "way to end", &e->name, ends, PL_LEN(ends));
    if (e->kind == PL_EXPECT_DIRECTION)
        one_of(g, "direction", &e->name, directions, PL_LEN(directions));
    if (e->kind == PL_EXPECT_HANDOFF && e->priority.s.n)
        one_of(g, "priority", &e->priority, priorities, PL_LEN(priorities));
}

static void check_expect(struct pl_graph *g, const struct pl_ast_expect *e) {
    size_t before = g->said->errors;
    check_words(g, e);
    if (e->kind == PL_EXPECT_HOOK_ONCE || e->kind == PL_EXPECT_HOOK_NEVER) check_hook(g, &e->path);
    if (e->kind == PL_EXPECT_GOAL) check_named(g, PL_STMT_GOAL, "goal", &e->name);
    if (e->kind == PL_EXPECT_MARK) check_named(g, PL_STMT_MARK, "mark", &e->name);
    if (e->kind == PL_EXPECT_TRACK) check_named(g, PL_STMT_TRACK, "analytics event", &e->name);
    if (e->kind == PL_EXPECT_SLOT_IS || e->kind == PL_EXPECT_SLOT_EMPTY) check_slot(g, &e->path);
    if (e->kind == PL_EXPECT_SLOT_IS && g->said->errors == before) {
        bool none = e->value->kind == PL_EXPR_PATH && pl_str_is(e->value->path.s, "none");
        if (!none) pl_grammar__talk_value(g, slot_type(g, &e->path), e->value);
    }
    for (size_t i = 0; e->kind == PL_EXPECT_HANDOFF_CARRIES && i < e->carries.n; i++)
        if (e->carries.v[i].path.n > 1) check_slot(g, &e->carries.v[i].path);
    if (e->kind != PL_EXPECT_HANDOFF) return;
    if (e->to.s.n) pl_grammar__need(g, &g->queues, e->to.s, e->to.span);
    if (e->by.s.n) pl_grammar__need(g, &g->rules, e->by.s, e->by.span);
}

/* ---- stubs ---- */

static bool same_args(const struct pl_ast_args *a, const struct pl_ast_args *b) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (!pl_grammar__expr_eq(a->v[i], b->v[i])) return false;
    return true;
}

static bool has_stub(const struct pl_ast_talk *talk, const struct pl_ast_play *like) {
    for (size_t i = 0; i < talk->plays.n; i++) {
        const struct pl_ast_play *p = &talk->plays.v[i];
        if (p->kind == PL_PLAY_HOOK && p != like && pl_str_eq(p->stub.path.s, like->stub.path.s) &&
            same_args(&p->stub.args, &like->stub.args))
            return true;
    }
    return false;
}

/* The talk of that name, and a stub in it for the same arguments. */
static void check_like(struct talks *t, const struct pl_ast_play *p) {
    const struct pl_ast_text *like = p->stub.like;
    struct pl_str *names = PL_NEW_ARRAY(t->g->arena, struct pl_str, t->all.n + 1);
    const struct pl_ast_talk *found = NULL, *second = NULL;
    for (size_t i = 0; i < t->all.n; i++) {
        names[i] = t->all.v[i]->title->s;
        if (!pl_str_eq(names[i], like->s)) continue;
        second = found && !second ? t->all.v[i] : second;
        found = found ? found : t->all.v[i];
    }
    if (!found) {
        pl_grammar__unknown(t->g, "talk", like->s, like->span, names, t->all.n);
    } else if (second) {
        struct pl_diag *d = pl_diag1(t->g->diags, PL_D_LIKE_AMBIGUOUS, like->span, like->s);
        pl_diag_note(t->g->diags, d, found->title->span, "this one");
        pl_diag_note(t->g->diags, d, second->title->span, "or this one");
    } else if (!has_stub(found, p)) {
        struct pl_diag *d =
            pl_diag2(t->g->diags, PL_D_LIKE_NOTHING, like->span, like->s, p->stub.path.s);
        pl_diag_note(t->g->diags, d, found->title->span, "this talk");
    }
}

static void check_stub(struct talks *t, const struct pl_ast_play *p) {
    struct pl_symbol *hook = check_hook(t->g, &p->stub.path);
    if (!hook) return;
    const struct pl_p_hook *row = &t->p->hooks[hook->index];
    if (p->stub.kind == PL_STUB_FAILS) check_failure(t->g, hook, &p->stub.failure);
    pl_grammar__talk_args(t->g, hook->name, row->params, row->nparams, &p->stub.args, true);
    if (p->stub.kind == PL_STUB_VALUE) pl_grammar__talk_value(t->g, row->result, p->stub.value);
    if (p->stub.kind == PL_STUB_LIKE) check_like(t, p);
}

static void check_model_calls(struct talks *t, const struct pl_ast_play *p) {
    struct pl_symbol *hook = check_hook(t->g, &p->stub.path);
    if (!hook) return;
    const struct pl_p_hook *row = &t->p->hooks[hook->index];
    pl_grammar__talk_args(t->g, hook->name, row->params, row->nparams, &p->stub.args, true);
}

static void check_event(struct talks *t, const struct pl_ast_play *p) {
    const struct pl_ast_path *path = &p->event.path;
    struct pl_symbol *event = pl_grammar__need(t->g, &t->g->events, path->s, path->span);
    if (!event) return;
    const struct pl_p_event *row = &t->p->events[event->index];
    pl_grammar__talk_args(t->g, event->name, row->params, row->nparams, &p->event.args, false);
}

/* ---- lines ---- */

static void check_label(struct talks *t, const struct pl_ast_text *text) {
    struct pl_str s = text->s;
    if (!s.n || s.p[0] != '@') {
        pl_grammar__talk_label(t->g, text);
        return;
    }
    struct pl_ast_id id = {text->span, {s.p + 1, s.n - 1}};
    check_id(t->g, &id);
}

static void check_as(struct talks *t, const struct pl_ast_play *p) {
    static const char *const who[] = {"anonymous", "known", "verified"};
    const struct pl_ast_expr *v = p->as.remembered;
    one_of(t->g, "customer", &p->as.who, who, PL_LEN(who));
    for (size_t i = 0; v && v->kind == PL_EXPR_RECORD && i < v->record.n; i++) {
        const struct pl_ast_entry *x = &v->record.v[i];
        const struct pl_graph_slots *slots = &t->g->customer;
        uint32_t at = pl_grammar__slot(slots, x->name.s);
        if (at != PL_NOWHERE) {
            pl_grammar__talk_value(t->g, slots->v[at].type, x->value);
            continue;
        }
        struct pl_str *names = PL_NEW_ARRAY(t->g->arena, struct pl_str, slots->n + 1);
        for (size_t k = 0; k < slots->n; k++) names[k] = slots->v[k].name;
        pl_grammar__unknown(t->g, "slot", x->name.s, x->name.span, names, slots->n);
    }
}

static void check_bot(struct talks *t, const struct pl_ast_play *p) {
    check_id(t->g, &p->bot.id);
    for (size_t i = 0; i < p->bot.parts.n; i++) {
        const struct pl_ast_bot_part *part = &p->bot.parts.v[i];
        for (size_t k = 0; part->options && k < part->texts.n; k++)
            check_label(t, part->texts.v[k]);
    }
}

static struct pl_str language_of(struct pl_str locale) {
    size_t dash = pl_str_find(locale, PL_STR("-"));
    return dash == SIZE_MAX ? locale : (struct pl_str){locale.p, dash};
}

/* A customer of another region of the same language is served as well. */
static void check_locales(struct pl_graph *g, const struct pl_ast_names *locales) {
    for (size_t i = 0; i < locales->n; i++) {
        const struct pl_ast_name *l = &locales->v[i];
        bool served = false;
        for (size_t k = 0; k < g->locales.n; k++)
            served |= pl_str_eq(language_of(l->s), language_of(g->locales.v[k]));
        if (!served) pl_grammar__unknown(g, "locale", l->s, l->span, g->locales.v, g->locales.n);
    }
}

static void check_play(struct talks *t, const struct pl_ast_play *p) {
    switch (p->kind) {
    case PL_PLAY_LOCALE: check_locales(t->g, &p->locales); break;
    case PL_PLAY_HOOK: check_stub(t, p); break;
    case PL_PLAY_MODEL_CALLS: check_model_calls(t, p); break;
    case PL_PLAY_EVENT: check_event(t, p); break;
    case PL_PLAY_AS: check_as(t, p); break;
    case PL_PLAY_PICK:
    case PL_PLAY_PRESS: check_label(t, p->text); break;
    case PL_PLAY_BOT: check_bot(t, p); break;
    case PL_PLAY_FORBID:
        check_id(t->g, &p->forbid.id);
        check_hook(t->g, &p->forbid.hook);
        break;
    case PL_PLAY_EXPECT: check_expect(t->g, &p->expect); break;
    default: break;
    }
}

void pl_grammar__check_talks(struct pl_graph *g, const struct pl_program *p) {
    struct talks t = {.g = g, .p = p};
    for (size_t i = 0; i < g->files.n; i++)
        for (size_t k = 0; g->files.v[i]->talk && k < g->files.v[i]->decls.n; k++)
            PL_AST_ADD(g->arena, &t.all, &g->files.v[i]->decls.v[k]->talk);
    for (size_t i = 0; i < t.all.n; i++) {
        const struct pl_ast_talk *talk = t.all.v[i];
        /* behind a `reload` another version speaks, whose names are not known here */
        for (size_t n = 0; n < talk->plays.n && talk->plays.v[n].kind != PL_PLAY_RELOAD; n++)
            check_play(&t, &talk->plays.v[n]);
    }
}
