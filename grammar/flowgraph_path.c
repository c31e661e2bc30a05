/* SPDX-License-Identifier: Apache-2.0
 *
 * Ways through the flow graph: searches, what a way looks like to a reader, and its circles. */
#include "grammar/flowgraph.h"

#include <string.h>

enum { WORDS_MOST = 60, STEPS_MOST = 12 };

bool pl_grammar__edge_open(const struct pl_flowgraph *fg, const struct pl_fedge *e) {
    uint32_t callee = fg->nodes.v[e->from].callee;
    if (e->kind == PL_FEDGE_OFFERS) return false;
    return e->kind != PL_FEDGE_AFTER || callee == PL_NOWHERE || fg->returns[callee];
}

/* ---- searches ---- */

void pl_grammar__walk_init(struct pl_walk *w, struct pl_graph *g) {
    size_t n = g->flowgraph->nodes.n + 1;
    *w = (struct pl_walk){.fg = g->flowgraph};
    w->came = PL_NEW_ARRAY(g->arena, uint32_t, n);
    w->todo = PL_NEW_ARRAY(g->arena, uint32_t, n);
}

void pl_grammar__walk_from(struct pl_walk *w, uint32_t node) {
    for (uint32_t i = 0; i < w->n; i++) w->came[w->todo[i]] = 0;
    w->head = w->n = 0;
    w->start = node;
    w->todo[w->n++] = node;
    w->came[node] = UINT32_MAX;
}

void pl_grammar__walk_edge(struct pl_walk *w, uint32_t edge) {
    uint32_t to = w->fg->edges.v[edge].to;
    if (w->came[to]) return;
    w->came[to] = edge + 1;
    w->todo[w->n++] = to;
}

uint32_t pl_grammar__walk_next(struct pl_walk *w) {
    return w->head < w->n ? w->todo[w->head++] : PL_NOWHERE;
}

/* ---- words ---- */

struct pl_str pl_grammar__words_at(struct pl_graph *g, struct pl_span at) {
    struct pl_str s = pl_span_text(g->input->sources, at);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\n') s.n = i;
    s = pl_str_trim(s);
    if (s.n <= WORDS_MOST) return s;
    s.n = WORDS_MOST;
    while (s.n && ((uint8_t)s.p[s.n] & 0xC0) == 0x80) s.n--;
    return pl_grammar__str(g, "%.*s…", PL_STR_ARG(s));
}

static const char *const says[] = {
#define EDGE(name, text) text,
    PL_FEDGES(EDGE)
#undef EDGE
};

static struct pl_str edge_words(struct pl_graph *g, const struct pl_fedge *e) {
    struct pl_str all = pl_str_c(says[e->kind]);
    size_t at = pl_str_find(all, PL_STR("%s"));
    if (at == SIZE_MAX) return all;
    return pl_grammar__str(g, "%.*s%.*s", (int)at, all.p, PL_STR_ARG(e->word));
}

static struct pl_span edge_span(const struct pl_flowgraph *fg, const struct pl_fedge *e) {
    bool own = e->span.end > e->span.start && e->kind != PL_FEDGE_CALL;
    return own ? e->span : fg->nodes.v[e->from].span;
}

void pl_grammar__node_note(struct pl_graph *g, struct pl_diag *d, uint32_t node, const char *what) {
    struct pl_span at = g->flowgraph->nodes.v[node].span;
    struct pl_str words = pl_grammar__words_at(g, at);
    pl_diag_note(g->diags, d, at, "%s: %.*s", what, PL_STR_ARG(words));
}

void pl_grammar__step_note(struct pl_graph *g, struct pl_diag *d, const struct pl_fedge *e) {
    const struct pl_flowgraph *fg = g->flowgraph;
    struct pl_span at = edge_span(fg, e);
    struct pl_str what = edge_words(g, e), words = pl_grammar__words_at(g, at);
    if (fg->nodes.v[e->to].kind == PL_FNODE_OFFER) words = PL_STR("a person is offered");
    pl_diag_note(g->diags, d, at, "%.*s: %.*s", PL_STR_ARG(what), PL_STR_ARG(words));
}

/* A step that only goes on says nothing, unless it is the last; nor does one that leaves by the
 * line that the step before has shown. */
static bool telling(const struct pl_flowgraph *fg, const struct pl_fedge *e,
                    const struct pl_fedge *before) {
    struct pl_span at = edge_span(fg, e);
    if (e->kind == PL_FEDGE_GO) return fg->nodes.v[e->to].kind == PL_FNODE_RETURN;
    if (!before || (e->kind != PL_FEDGE_LEAVE && e->kind != PL_FEDGE_GOTO)) return true;
    struct pl_span shown = edge_span(fg, before);
    return shown.file != at.file || shown.start != at.start;
}

/* The steps to a node, without those that tell nothing. */
static size_t tell(const struct pl_walk *w, struct pl_graph *g, uint32_t node,
                   const struct pl_fedge ***out) {
    const struct pl_flowgraph *fg = w->fg;
    size_t n = 0, told = 0;
    for (uint32_t at = node; at != w->start; at = fg->edges.v[w->came[at] - 1].from) n++;
    const struct pl_fedge **steps = PL_NEW_ARRAY(g->arena, const struct pl_fedge *, n + 1);
    size_t i = n;
    for (uint32_t at = node; at != w->start; at = steps[i]->from)
        steps[--i] = &fg->edges.v[w->came[at] - 1];
    for (; i < n; i++) {
        const struct pl_fedge *step = steps[i];
        if (telling(fg, step, i ? steps[i - 1] : NULL)) steps[told++] = step;
    }
    *out = steps;
    return told;
}

void pl_grammar__walk_notes(const struct pl_walk *w, struct pl_graph *g, struct pl_diag *d,
                            uint32_t node) {
    const struct pl_fedge **steps;
    size_t n = tell(w, g, node, &steps), cut = n > STEPS_MOST ? n - STEPS_MOST : 0;
    for (size_t i = 0; i < n; i++) {
        if (cut && i == STEPS_MOST / 2) {
            pl_diag_note(g->diags, d, edge_span(w->fg, steps[i]), "%zu more steps", cut);
            i += cut;
        }
        if (steps[i]->kind == PL_FEDGE_GO)
            pl_grammar__node_note(g, d, steps[i]->from, "the flow ends after");
        else
            pl_grammar__step_note(g, d, steps[i]);
    }
}

void pl_grammar__round_notes(const struct pl_walk *w, struct pl_graph *g, struct pl_diag *d,
                             uint32_t edge) {
    const struct pl_fedge *e = &w->fg->edges.v[edge], *before = NULL;
    if (w->came[e->from]) {
        pl_grammar__walk_notes(w, g, d, e->from);
        if (e->from != w->start) before = &w->fg->edges.v[w->came[e->from] - 1];
    }
    if (telling(w->fg, e, before)) pl_grammar__step_note(g, d, e);
}

/* ---- circles ---- */

struct tarjan {
    struct pl_flowgraph *fg;
    pl_take *take;
    void *ctx;
    uint32_t *index, *low, *part;
    uint32_t *stack, nstack; /* nodes whose part is not known yet */
    uint32_t *frame, *next, nframes;
    uint32_t count, parts;
};

static void enter(struct tarjan *t, uint32_t node) {
    t->index[node] = t->low[node] = ++t->count;
    t->stack[t->nstack++] = node;
    t->next[t->nframes] = 0;
    t->frame[t->nframes++] = node;
}

static void leave(struct tarjan *t, uint32_t node) {
    t->nframes--;
    if (t->nframes && t->low[node] < t->low[t->frame[t->nframes - 1]])
        t->low[t->frame[t->nframes - 1]] = t->low[node];
    if (t->low[node] != t->index[node]) return;
    uint32_t member;
    do {
        member = t->stack[--t->nstack];
        t->part[member] = t->parts;
    } while (member != node);
    t->parts++;
}

static void visit(struct tarjan *t, uint32_t root) {
    enter(t, root);
    while (t->nframes) {
        uint32_t node = t->frame[t->nframes - 1], k = t->next[t->nframes - 1]++;
        const struct pl_fnode *n = &t->fg->nodes.v[node];
        if (k >= n->nout) {
            leave(t, node);
            continue;
        }
        uint32_t edge = t->fg->outs[n->out + k], to = t->fg->edges.v[edge].to;
        if (!t->take(t->ctx, edge)) continue;
        if (!t->index[to])
            enter(t, to);
        else if (t->part[to] == PL_NOWHERE && t->index[to] < t->low[node])
            t->low[node] = t->index[to];
    }
}

uint32_t pl_grammar__parts(struct pl_graph *g, pl_take *take, void *ctx, uint32_t *part) {
    struct tarjan t = {.fg = g->flowgraph, .take = take, .ctx = ctx, .part = part};
    size_t n = t.fg->nodes.n + 1;
    t.index = PL_NEW_ARRAY(g->arena, uint32_t, n);
    t.low = PL_NEW_ARRAY(g->arena, uint32_t, n);
    t.stack = PL_NEW_ARRAY(g->arena, uint32_t, n);
    t.frame = PL_NEW_ARRAY(g->arena, uint32_t, n);
    t.next = PL_NEW_ARRAY(g->arena, uint32_t, n);
    for (size_t i = 0; i < n; i++) part[i] = PL_NOWHERE;
    for (uint32_t i = 0; i + 1 < n; i++)
        if (!t.index[i]) visit(&t, i);
    return t.parts;
}
