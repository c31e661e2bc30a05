/* SPDX-License-Identifier: Apache-2.0
 *
 * The slots of a flow: one scope per run, a name has one type wherever it is first written. */
#include "grammar/graph.h"

struct finder {
    struct pl_graph *g;
    struct pl_graph_flow *f;
    struct pl_where where;
};

uint32_t pl_grammar__slot(const struct pl_graph_slots *s, struct pl_str name) {
    for (uint32_t i = 0; i < s->n; i++)
        if (pl_str_eq(s->v[i].name, name)) return i;
    return PL_NOWHERE;
}

static uint32_t scoped(const struct pl_graph *g, const struct pl_ast_path *p) {
    bool session = pl_str_is(p->part[0].s, "session");
    uint32_t i = pl_grammar__slot(session ? &g->session : &g->customer, p->part[1].s);
    if (i == PL_NOWHERE) return i;
    return PL_SLOT(session ? PL_SCOPE_SESSION : PL_SCOPE_CUSTOMER, i);
}

uint32_t pl_grammar__slot_ref(const struct pl_graph *g, const struct pl_graph_flow *f,
                              const struct pl_ast_path *p, size_t *parts) {
    uint32_t ref;
    *parts = 0;
    if (!p->n) return PL_NOWHERE;
    if (p->n > 1 && (pl_str_is(p->part[0].s, "session") || pl_str_is(p->part[0].s, "customer"))) {
        *parts = 2;
        ref = scoped(g, p);
    } else {
        *parts = 1;
        ref = f ? pl_grammar__slot(&f->slots, p->part[0].s) : PL_NOWHERE;
        if (ref != PL_NOWHERE) ref = PL_SLOT(PL_SCOPE_LOCAL, ref);
    }
    if (ref != PL_NOWHERE)
        pl_grammar__looked_up(&g->lookups, (struct pl_lookup){PL_INDEX_SLOT, p->part[*parts - 1].s,
                                                              f ? f->symbol : NULL, ref});
    return ref;
}

struct pl_graph_slot *pl_grammar__slot_at(struct pl_graph *g, struct pl_graph_flow *f,
                                          uint32_t ref) {
    uint32_t i = PL_SLOT_INDEX(ref);
    switch (PL_SLOT_SCOPE(ref)) {
    case PL_SCOPE_SESSION: return &g->session.v[i];
    case PL_SCOPE_CUSTOMER: return &g->customer.v[i];
    default: return &f->slots.v[i];
    }
}

static void one_type(struct pl_graph *g, struct pl_graph_slot *s, struct pl_type type,
                     struct pl_span at) {
    if (type.kind == PL_KIND_NONE) return;
    if (s->type.kind == PL_KIND_NONE) {
        s->type = type;
        return;
    }
    s->type.quals |= type.quals;
    s->type.optional = s->type.optional || type.optional;
    if (pl_grammar__same(g, s->type, type)) return;
    struct pl_diag *d = pl_diag3(g->diags, PL_D_SLOT_TYPES, at, s->name,
                                 pl_grammar__type_name(g, s->type), pl_grammar__type_name(g, type));
    pl_diag_note(g->diags, d, s->span, "first written here");
}

/* A local that is written here. */
static void write_local(struct finder *x, struct pl_str name, struct pl_span at,
                        struct pl_type type, bool loop) {
    struct pl_graph_slots *slots = &x->f->slots;
    uint32_t i = pl_grammar__slot(slots, name);
    if (i != PL_NOWHERE) {
        one_type(x->g, &slots->v[i], type, at);
        return;
    }
    struct pl_graph_slot s = {
        .name = name, .type = type, .span = at, .loop = loop, .title_text = PL_NOWHERE};
    PL_AST_ADD(x->g->arena, slots, s);
}

/* A slot of any scope; those of session and customer are declared elsewhere. */
static void write_path(struct finder *x, const struct pl_ast_path *p, struct pl_type type) {
    if (p->n == 1) write_local(x, p->s, p->span, type, false);
}

static void body(struct finder *x, const struct pl_ast_block *b);

static struct pl_type list_item(struct finder *x, struct pl_ast_expr *e) {
    struct pl_tx *list = pl_grammar__expr(&x->where, e, NULL);
    if (list->type.kind != PL_KIND_LIST) return pl_grammar__kind(PL_KIND_NONE);
    struct pl_type item = pl_grammar__item(x->g, list->type);
    item.quals |= list->type.quals;
    return item;
}

static void loop(struct finder *x, const struct pl_ast_each *e) {
    pl_grammar__mute(x->g);
    struct pl_type item = list_item(x, e->list);
    pl_grammar__speak(x->g);
    write_local(x, e->var.s, e->var.span, item, true);
}

static void parts(struct finder *x, const struct pl_ast_parts *p) {
    for (size_t i = 0; i < p->n; i++) {
        const struct pl_ast_part *part = p->v[i];
        if (part->kind == PL_PART_EACH || part->kind == PL_PART_CARDS) {
            loop(x, &part->each.each);
            parts(x, &part->each.parts);
        } else if (part->kind == PL_PART_CARD) {
            parts(x, &part->card);
        }
    }
}

static void choices(struct finder *x, const struct pl_ast_choices *c) {
    for (size_t i = 0; i < c->n; i++) {
        const struct pl_ast_choice *one = c->v[i];
        if (one->kind == PL_CHOICE_EACH) {
            loop(x, &one->each.each);
            choices(x, &one->each.choices);
        } else {
            body(x, one->option.body);
        }
    }
}

static void repair(struct finder *x, const struct pl_ast_repair *r) {
    body(x, r->otherwise);
    body(x, r->else_block);
}

/* Without a type an ask takes the entity, enum or kind of its own name. */
static struct pl_type ask_type(struct finder *x, const struct pl_ast_ask *a) {
    struct pl_graph *g = x->g;
    if (a->type)
        return pl_grammar__type(
            g, a->type,
            pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(x->f->decl->name.s), PL_STR_ARG(a->slot.s)));
    if (a->slot.n != 1 || pl_grammar__slot(&x->f->slots, a->slot.s) != PL_NOWHERE)
        return pl_grammar__kind(PL_KIND_NONE);
    struct pl_type t = pl_grammar__type_named(g, a->slot.s);
    if (t.kind == PL_KIND_NONE) pl_diag1(g->diags, PL_D_SLOT_NO_TYPE, a->slot.span, a->slot.s);
    return t;
}

/* NULL: there is none of this name. */
static struct pl_graph_slot *slot_of(struct finder *x, const struct pl_ast_path *path) {
    size_t parts;
    uint32_t ref = pl_grammar__slot_ref(x->g, x->f, path, &parts);
    return ref == PL_NOWHERE ? NULL : pl_grammar__slot_at(x->g, x->f, ref);
}

/* `correction` names what is recognised in any message, `ask_for` what has no words of its own. */
static bool is_named(const struct pl_graph *g, const struct pl_ast_ask *a, struct pl_type t) {
    bool wordless = !a->prompts.n && pl_grammar__find(&g->flows, PL_STR("ask_for"));
    return wordless || a->confirm_corrections || t.kind == PL_KIND_ENTITY ||
           t.kind == PL_KIND_ENUM || t.kind == PL_KIND_EMAIL || t.kind == PL_KIND_PHONE;
}

static void take_title(struct pl_graph *g, struct pl_graph_slot *slot, struct pl_ast_line *title) {
    if (!slot->title) {
        slot->title = title;
        slot->ask_titled = true;
    } else if (slot->title != title && !pl_str_eq(slot->title->text->s, title->text->s)) {
        struct pl_diag *d =
            pl_diag1(g->diags, PL_D_TWICE, title->text->span,
                     pl_grammar__str(g, "the title of `%.*s`", PL_STR_ARG(slot->name)));
        pl_diag_note(g->diags, d, slot->title->text->span, "first written here");
    }
}

static void note_asked(struct finder *x, const struct pl_ast_ask *a, struct pl_span head) {
    struct pl_graph_slot *slot = slot_of(x, &a->slot);
    if (!slot) return;
    struct pl_type t = slot->type;
    /* enums that are asked for are recognised by their labels */
    if (t.kind == PL_KIND_ENUM && t.def < x->g->defs.n) x->g->defs.v[t.def].asked = true;
    if (!slot->ask.end) slot->ask = head;
    if (is_named(x->g, a, t) && !x->f->prelude) slot->named = true;
    if (a->title) take_title(x->g, slot, a->title);
}

static void ask(struct finder *x, const struct pl_ast_ask *a, struct pl_span head) {
    write_path(x, &a->slot, ask_type(x, a));
    note_asked(x, a, head);
    uint32_t i = a->slot.n == 1 ? pl_grammar__slot(&x->f->slots, a->slot.s) : PL_NOWHERE;
    if (i != PL_NOWHERE) x->f->slots.v[i].asked = true;
    for (size_t k = 0; k < a->prompts.n; k++)
        for (size_t s = 0; s < a->prompts.v[k].says.n; s++)
            parts(x, &a->prompts.v[k].says.v[s].parts);
    choices(x, &a->choices);
    repair(x, &a->repair);
}

static struct pl_type call_result(struct finder *x, const struct pl_ast_call *c) {
    struct pl_symbol *hook = pl_grammar__find(&x->g->hooks, c->callee.s);
    struct pl_type none = pl_grammar__kind(PL_KIND_NONE), t = none;
    if (hook && hook->decl->hook.result) {
        pl_grammar__mute(x->g);
        t = pl_grammar__type(x->g, hook->decl->hook.result, hook->name);
        pl_grammar__speak(x->g);
    } else if (!hook && c->callee.n == 1) {
        struct pl_symbol *flow = pl_grammar__find(&x->g->flows, c->callee.s);
        if (flow) t = x->g->flow.v[flow->index].result;
    }
    return t;
}

static void call(struct finder *x, const struct pl_ast_call *c) {
    if (c->result.n) write_path(x, &c->result, call_result(x, c));
    for (size_t i = 0; i < c->failures.n; i++) body(x, c->failures.v[i].block);
}

static void set(struct finder *x, const struct pl_ast_path *slot, struct pl_ast_expr *value) {
    pl_grammar__mute(x->g);
    struct pl_type t = pl_grammar__expr(&x->where, value, NULL)->type;
    pl_grammar__speak(x->g);
    if (t.kind == PL_KIND_ENUM && t.def >= PL_NOWHERE - 1) t = pl_grammar__kind(PL_KIND_NONE);
    t.quals = 0; /* marks.c follows them */
    write_path(x, slot, t);
}

/* What a wait names is a local: it takes what the event brings. */
static void wait(struct finder *x, const struct pl_ast_wait *w) {
    struct pl_symbol *event =
        w->kind == PL_WAIT_EVENT ? pl_grammar__find(&x->g->events, w->event.s) : NULL;
    pl_grammar__mute(x->g);
    for (size_t i = 0; event && i < w->params.n; i++) {
        const struct pl_ast_name *name = &w->params.v[i];
        const struct pl_ast_field *p = pl_grammar__event_param(event, name->s);
        if (!p) continue;
        struct pl_type type = pl_grammar__event_type(x->g, event, p);
        pl_grammar__speak(x->g);
        write_local(x, name->s, name->span, type, false);
        pl_grammar__mute(x->g);
    }
    pl_grammar__speak(x->g);
    body(x, w->else_block);
}

/* Of several slots the customer chooses by their titles. */
static void change(struct finder *x, const struct pl_ast_change *k) {
    for (size_t i = 0; k->slots.n > 1 && i < k->slots.n; i++) {
        struct pl_graph_slot *slot = slot_of(x, &k->slots.v[i]);
        if (slot) slot->named = true;
    }
    body(x, k->else_block);
}

static void statement(struct finder *x, const struct pl_ast_stmt *s) {
    if (s->kind == PL_STMT_ASK || s->kind == PL_STMT_CONFIRM || s->kind == PL_STMT_CHOOSE)
        x->f->asks = true;
    switch (s->kind) {
    case PL_STMT_SAY: parts(x, &s->say.parts); break;
    case PL_STMT_ANY_OF:
        for (size_t i = 0; i < s->any_of.says.n; i++) parts(x, &s->any_of.says.v[i].parts);
        break;
    case PL_STMT_ASK: ask(x, &s->ask, s->head); break;
    case PL_STMT_CONFIRM:
        parts(x, &s->confirm.parts);
        body(x, s->confirm.no);
        repair(x, &s->confirm.repair);
        break;
    case PL_STMT_CHOOSE:
        parts(x, &s->choose.parts);
        choices(x, &s->choose.choices);
        repair(x, &s->choose.repair);
        break;
    case PL_STMT_CALL: call(x, &s->call); break;
    case PL_STMT_ANSWER:
        pl_grammar__actions(x->g, x->f, &s->answer);
        body(x, s->answer.unsure);
        body(x, s->answer.down);
        break;
    case PL_STMT_DECIDE:
        write_path(
            x, &s->decide.slot,
            pl_grammar__type(x->g, &s->decide.type,
                             pl_grammar__str(x->g, "%.*s.%.*s", PL_STR_ARG(x->f->decl->name.s),
                                             PL_STR_ARG(s->decide.slot.s))));
        body(x, s->decide.none);
        break;
    case PL_STMT_IF:
        for (size_t i = 0; i < s->if_.arms.n; i++) body(x, s->if_.arms.v[i].block);
        body(x, s->if_.else_block);
        break;
    case PL_STMT_MATCH:
        for (size_t i = 0; i < s->match.arms.n; i++) body(x, s->match.arms.v[i].block);
        body(x, s->match.else_block);
        break;
    case PL_STMT_EXPERIMENT:
        for (size_t i = 0; i < s->experiment.variants.n; i++)
            body(x, s->experiment.variants.v[i].block);
        break;
    case PL_STMT_HANDOFF:
        body(x, s->handoff.closed);
        body(x, s->handoff.declined);
        break;
    case PL_STMT_SET: set(x, &s->set.slot, s->set.value); break;
    case PL_STMT_BACK: body(x, s->back.else_block); break;
    case PL_STMT_CHANGE: change(x, &s->change); break;
    case PL_STMT_WAIT: wait(x, &s->wait); break;
    default: break;
    }
}

static void body(struct finder *x, const struct pl_ast_block *b) {
    for (size_t i = 0; b && i < b->n; i++) statement(x, b->v[i]);
}

static void parameters(struct pl_graph *g, struct pl_graph_flow *f) {
    const struct pl_ast_flow *flow = &f->decl->flow;
    struct pl_str name = f->decl->name.s;
    for (size_t i = 0; i < flow->params.n; i++) {
        const struct pl_ast_field *p = &flow->params.v[i];
        struct pl_graph_slot s = {
            .name = p->name.s, .span = p->name.span, .param = true, .title_text = PL_NOWHERE};
        s.type = pl_grammar__type(
            g, &p->type, pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(name), PL_STR_ARG(p->name.s)));
        if (pl_grammar__slot(&f->slots, s.name) != PL_NOWHERE)
            pl_diag2(g->diags, PL_D_DECLARED_TWICE, s.span, PL_STR("parameter"), s.name);
        PL_AST_ADD(g->arena, &f->slots, s);
    }
    if (flow->result) f->result = pl_grammar__type(g, flow->result, name);
}

void pl_grammar__signatures(struct pl_graph *g) {
    for (size_t i = 0; i < g->flow.n; i++) parameters(g, &g->flow.v[i]);
}

void pl_grammar__slots(struct pl_graph *g, struct pl_graph_flow *f) {
    struct finder x = {.g = g, .f = f, .where = {.g = g, .flow = f}};
    body(&x, f->decl->flow.body);
}
