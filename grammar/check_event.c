/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of events: their declarations, the flows that they trigger, the waits for them. What an
 * event brings goes by names: of a flow's parameters, of the slots that a wait names. */
#include "grammar/check_priv.h"

const struct pl_ast_field *pl_grammar__event_param(const struct pl_symbol *event,
                                                   struct pl_str name) {
    const struct pl_ast_params *params = &event->decl->event.params;
    for (size_t i = 0; i < params->n; i++)
        if (pl_str_eq(params->v[i].name.s, name)) return &params->v[i];
    return NULL;
}

struct pl_type pl_grammar__event_type(struct pl_graph *g, const struct pl_symbol *event,
                                      const struct pl_ast_field *param) {
    return pl_grammar__type(
        g, &param->type,
        pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(event->name), PL_STR_ARG(param->name.s)));
}

static void check_event(struct pl_graph *g, const struct pl_symbol *s) {
    const struct pl_ast_params *params = &s->decl->event.params;
    for (size_t i = 0; i < params->n; i++) {
        const struct pl_ast_field *p = &params->v[i];
        pl_grammar__event_type(g, s, p);
        if (p->type.quals & PL_SECRET) pl_diag1(g->diags, PL_D_EVENT_SECRET, p->span, p->name.s);
        for (size_t k = 0; k < i; k++)
            if (pl_str_eq(params->v[k].name.s, p->name.s))
                pl_diag2(g->diags, PL_D_DECLARED_TWICE, p->name.span, PL_STR("argument"),
                         p->name.s);
    }
}

void pl_grammar__check_events(struct pl_graph *g) {
    for (size_t i = 0; i < g->events.n; i++) check_event(g, g->events.v[i]);
}

static void no_such(struct pl_graph *g, const struct pl_symbol *event, struct pl_str name,
                    struct pl_span at) {
    const struct pl_ast_params *params = &event->decl->event.params;
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, params->n + 1);
    for (size_t i = 0; i < params->n; i++) names[i] = params->v[i].name.s;
    struct pl_diag *d = pl_diag2(g->diags, PL_D_EVENT_ARGUMENT, at, event->name, name);
    pl_diag_nearest(g->diags, d, at, name, names, params->n);
}

/* ---- on event ---- */

/* The flow's parameters are the event's arguments of the same names. */
static void check_params(struct pl_graph *g, const struct pl_symbol *event,
                         const struct pl_graph_flow *f) {
    const struct pl_ast_params *params = &f->decl->flow.params;
    for (size_t i = 0; i < params->n; i++) {
        const struct pl_ast_field *p = &params->v[i];
        const struct pl_ast_field *from = pl_grammar__event_param(event, p->name.s);
        struct pl_type to = f->slots.v[i].type;
        if (!from && !to.optional) no_such(g, event, p->name.s, p->name.span);
        if (!from) continue;
        pl_grammar__mute(g);
        struct pl_type type = pl_grammar__event_type(g, event, from);
        pl_grammar__speak(g);
        if (type.kind == PL_KIND_NONE || to.kind == PL_KIND_NONE) continue;
        bool marked = type.quals & PL_PRIVATE && !(to.quals & (PL_PRIVATE | PL_SECRET));
        if (!pl_grammar__fits(g, type, to) || (type.optional && !to.optional))
            pl_diag3(g->diags, PL_D_EVENT_TYPE, p->span, p->name.s, pl_grammar__type_name(g, type),
                     pl_grammar__type_name(g, to));
        else if (marked)
            pl_diag2(g->diags, PL_D_PRIVATE_ARG, p->span, p->name.s, p->name.s);
    }
}

struct pl_graph_flow pl_grammar__event_head(const struct pl_graph_flow *f) {
    struct pl_graph_flow head = *f;
    head.slots.n = f->decl->flow.params.n;
    return head;
}

void pl_grammar__check_on_event(struct pl_graph *g, const struct pl_graph_flow *f,
                                const struct pl_ast_trigger *t) {
    struct pl_symbol *event = pl_grammar__need(g, &g->events, t->event.s, t->event.span);
    if (event) check_params(g, event, f);
    if (!t->cond) return;
    struct pl_graph_flow head = pl_grammar__event_head(f);
    struct pl_known known = {0};
    struct pl_where w = {.g = g, .flow = &head, .known = &known};
    for (size_t i = 0; i < head.slots.n; i++)
        if (!head.slots.v[i].type.optional)
            pl_grammar__known_add(g, &known, pl_grammar__path(g, head.slots.v[i].name));
    pl_grammar__condition(&w, t->cond);
}

/* ---- wait for ---- */

/* A slot that was written above this wait is what the event must say: the wait reads it. */
static void read_written(struct pl_graph_slots *slots, const struct pl_ast_name *name) {
    uint32_t i = pl_grammar__slot(slots, name->s);
    if (i != PL_NOWHERE && slots->v[i].span.start != name->span.start) slots->v[i].read = true;
}

void pl_grammar__check_wait_for(struct pl_check *c, const struct pl_ast_wait *w,
                                struct pl_known *after) {
    struct pl_graph *g = c->g;
    struct pl_symbol *event = pl_grammar__need(g, &g->events, w->event.s, w->event.span);
    for (size_t i = 0; event && i < w->params.n; i++) {
        const struct pl_ast_name *name = &w->params.v[i];
        const struct pl_ast_field *p = pl_grammar__event_param(event, name->s);
        for (size_t k = 0; k < i; k++)
            if (pl_str_eq(w->params.v[k].s, name->s))
                pl_diag2(g->diags, PL_D_DECLARED_TWICE, name->span, PL_STR("argument"), name->s);
        if (!p)
            no_such(g, event, name->s, name->span);
        else
            read_written(&c->flow->slots, name);
        if (p && !p->type.optional) pl_grammar__known_add(g, after, pl_grammar__path(g, name->s));
    }
}
