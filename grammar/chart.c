/* SPDX-License-Identifier: Apache-2.0
 *
 * The graph of all flows as a chart. */
#include "grammar/flowgraph.h"

static uint8_t shape_of(const struct pl_fnode *n) {
    if (n->kind == PL_FNODE_ENTRY) return PL_CHART_START;
    if (n->kind == PL_FNODE_RETURN) return PL_CHART_RETURN;
    if (n->kind == PL_FNODE_END) return PL_CHART_END;
    if (n->human) return PL_CHART_PERSON;
    if (n->hook) return PL_CHART_HOOK;
    if (n->callee != PL_NOWHERE) return PL_CHART_CALL;
    if (n->wait) return PL_CHART_ASK;
    if (n->kind == PL_FNODE_AGAIN) return PL_CHART_MODEL;
    switch (n->stmt->kind) {
    case PL_STMT_SAY:
    case PL_STMT_ANY_OF: return PL_CHART_SAY;
    case PL_STMT_ANSWER:
    case PL_STMT_DECIDE: return PL_CHART_MODEL;
    case PL_STMT_IF:
    case PL_STMT_MATCH:
    case PL_STMT_EXPERIMENT: return PL_CHART_BRANCH;
    case PL_STMT_GOTO: return PL_CHART_GOTO;
    case PL_STMT_END: return PL_CHART_END;
    case PL_STMT_PASS:
    case PL_STMT_RETURN: return PL_CHART_RETURN;
    default: return PL_CHART_STEP;
    }
}

/* A line's words without the id behind a text. */
static struct pl_str words(struct pl_graph *g, struct pl_span at) {
    struct pl_str s = pl_grammar__words_at(g, at);
    size_t id = pl_str_find(s, PL_STR("\" @"));
    if (id != SIZE_MAX) s.n = id + 1;
    return s;
}

/* A question by its words, which say more than its slot. */
static struct pl_str step_words(struct pl_graph *g, const struct pl_fnode *n) {
    const struct pl_ast_stmt *s = n->stmt;
    if (n->kind == PL_FNODE_OFFER) return PL_STR("a person is offered");
    if (s && s->kind == PL_STMT_ASK && s->ask.prompts.n && s->ask.prompts.v[0].says.n) {
        struct pl_str question = words(g, s->ask.prompts.v[0].says.v[0].line.text->span);
        return pl_grammar__str(g, "%.*s\n%.*s", PL_STR_ARG(words(g, n->span)),
                               PL_STR_ARG(question));
    }
    return words(g, n->span);
}

static uint32_t leads_to(struct pl_graph *g, const struct pl_fnode *n) {
    const struct pl_symbol *flow = NULL;
    if (n->stmt && n->kind == PL_FNODE_STMT && n->stmt->kind == PL_STMT_GOTO)
        flow = pl_grammar__find(&g->flows, n->stmt->goto_.flow.s);
    return flow ? flow->index : n->callee;
}

static void add_steps(struct pl_graph *g, struct pl_chart *out) {
    const struct pl_flowgraph *fg = g->flowgraph;
    out->nsteps = (uint32_t)fg->nodes.n;
    out->steps = PL_NEW_ARRAY(g->arena, struct pl_chart_step, fg->nodes.n + 1);
    for (size_t i = 0; i < fg->nodes.n; i++) {
        const struct pl_fnode *n = &fg->nodes.v[i];
        out->steps[i] = (struct pl_chart_step){.shape = shape_of(n),
                                               .unwritten = n->kind == PL_FNODE_OFFER,
                                               .callee = leads_to(g, n),
                                               .text = step_words(g, n),
                                               .at = n->span};
    }
}

static struct pl_str word_of(struct pl_graph *g, const struct pl_fedge *e) {
    switch ((enum pl_fedge_kind)e->kind) {
    case PL_FEDGE_TRUE:
    case PL_FEDGE_YES: return PL_STR("yes");
    case PL_FEDGE_FALSE:
    case PL_FEDGE_NO: return PL_STR("no");
    case PL_FEDGE_OPTION: return words(g, e->span);
    case PL_FEDGE_OTHERWISE:
    case PL_FEDGE_OTHER: return PL_STR("other");
    case PL_FEDGE_ELSE: return PL_STR("no answer");
    case PL_FEDGE_LATE: return PL_STR("late");
    case PL_FEDGE_CLOSED: return PL_STR("nobody is there");
    case PL_FEDGE_DECLINED: return PL_STR("declined");
    case PL_FEDGE_BACK: return PL_STR("back");
    case PL_FEDGE_OFTEN: return PL_STR("too often");
    case PL_FEDGE_FAILURE:
    case PL_FEDGE_ARM:
    case PL_FEDGE_VARIANT:
    case PL_FEDGE_MODEL: return e->word;
    case PL_FEDGE_GO:
    case PL_FEDGE_ANSWER:
    case PL_FEDGE_GOTO:
    case PL_FEDGE_CALL:
    case PL_FEDGE_AFTER:
    case PL_FEDGE_LEAVE:
    case PL_FEDGE_OFFERS: break;
    }
    return PL_STR("");
}

/* A flow that is called is named by the step; its way on is AFTER. What ends says so itself. */
static bool drawn(const struct pl_flowgraph *fg, const struct pl_fedge *e) {
    const struct pl_fnode *from = &fg->nodes.v[e->from];
    if (!from->live || e->kind == PL_FEDGE_CALL || e->kind == PL_FEDGE_GOTO) return false;
    if (e->kind == PL_FEDGE_LEAVE && !from->human) return false;
    return e->kind == PL_FEDGE_OFFERS || pl_grammar__edge_open(fg, e);
}

static bool unwritten(const struct pl_flowgraph *fg, const struct pl_fedge *e) {
    const struct pl_fnode *from = &fg->nodes.v[e->from], *to = &fg->nodes.v[e->to];
    if (from->kind == PL_FNODE_OFFER || to->kind == PL_FNODE_OFFER) return true;
    if (e->kind == PL_FEDGE_ELSE && to->kind == PL_FNODE_RETURN) return true;
    return e->kind == PL_FEDGE_FAILURE && to->kind == PL_FNODE_ENTRY;
}

static void add_ways(struct pl_graph *g, struct pl_chart *out) {
    const struct pl_flowgraph *fg = g->flowgraph;
    out->ways = PL_NEW_ARRAY(g->arena, struct pl_chart_way, fg->edges.n + 1);
    for (size_t i = 0; i < fg->edges.n; i++) {
        const struct pl_fedge *e = &fg->edges.v[i];
        if (!drawn(fg, e)) continue;
        out->ways[out->nways++] = (struct pl_chart_way){.from = e->from,
                                                        .to = e->to,
                                                        .unwritten = unwritten(fg, e),
                                                        .button = e->kind == PL_FEDGE_OFFERS,
                                                        .word = word_of(g, e)};
    }
}

static void add_flows(struct pl_graph *g, struct pl_chart *out) {
    const struct pl_flowgraph *fg = g->flowgraph;
    out->nflows = (uint32_t)g->flow.n;
    out->flows = PL_NEW_ARRAY(g->arena, struct pl_chart_flow, g->flow.n + 1);
    for (uint32_t i = 0; i < g->flow.n; i++) {
        const struct pl_ast_decl *d = g->flow.v[i].decl;
        const struct pl_ast_line *title = d->flow.title;
        out->flows[i] =
            (struct pl_chart_flow){.name = d->name.s,
                                   .title = title && title->text ? title->text->raw : PL_STR(""),
                                   .at = d->name.span,
                                   .start = fg->entry[i],
                                   .first = i ? fg->last[i - 1] : 3 * out->nflows,
                                   .of_prelude = g->flow.v[i].prelude};
        out->flows[i].n = fg->last[i] - out->flows[i].first;
    }
}

void pl_grammar__chart(struct pl_graph *g) {
    struct pl_chart *out = g->input->chart;
    if (!out) return;
    add_flows(g, out);
    add_steps(g, out);
    add_ways(g, out);
}
