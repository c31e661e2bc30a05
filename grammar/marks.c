/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks: what is private or secret stays so wherever it goes.
 *
 * A local slot takes the marks of everything that is ever put into it: by `set`, as the result of
 * a call, as what a flow returns. This is looked for until nothing changes, over all flows, without
 * regard to the order of lines: a slot that holds something private on one way is private on all.
 * What is declared (slots of session and customer, parameters, fields, results of hooks) has the
 * marks of its declaration, and putting more into it is a mistake that the check reports. So a
 * value can lose its mark only by being compared, counted or sent through a hook. */
#include "grammar/flowgraph.h"

struct marks {
    struct pl_graph *g;
    struct pl_graph_flow *flow;
    bool changed;
};

static struct pl_graph_slot *local(struct marks *m, const struct pl_ast_path *path) {
    if (path->n != 1) return NULL;
    uint32_t i = pl_grammar__slot(&m->flow->slots, path->s);
    return i == PL_NOWHERE || m->flow->slots.v[i].param ? NULL : &m->flow->slots.v[i];
}

/* The slot that an expression reads, or the first of them. */
static struct pl_str source_of(const struct pl_tx *x) {
    for (; x; x = x->a) {
        if (x->kind == PL_TX_SLOT) return x->name;
        if (x->kind != PL_TX_FIELD && x->kind != PL_TX_BINARY && x->kind != PL_TX_FUNC) break;
    }
    return PL_STR("");
}

/* Does it come from the shop's records, or from what is remembered, and not from a question? */
static bool of_records(struct marks *m, const struct pl_tx *x) {
    if (x->kind == PL_TX_SLOT) {
        bool customer = PL_SLOT_SCOPE(x->ref) == PL_SCOPE_CUSTOMER;
        return customer || pl_grammar__slot_at(m->g, m->flow, x->ref)->records;
    }
    return true;
}

static void take(struct marks *m, struct pl_graph_slot *slot, uint8_t quals, bool records,
                 struct pl_span at, struct pl_str from) {
    if (!slot) return;
    if (quals && records && !slot->records) slot->records = m->changed = true;
    if (!(quals & ~slot->type.quals)) return;
    slot->type.quals |= quals;
    slot->marked = at;
    slot->marked_by = from;
    m->changed = true;
}

/* What is declared keeps its marks, but it may hold something of the shop's records now. */
static void note_session(struct marks *m, const struct pl_ast_path *path, bool records) {
    size_t parts;
    uint32_t ref = pl_grammar__slot_ref(m->g, m->flow, path, &parts);
    if (!records || ref == PL_NOWHERE || PL_SLOT_SCOPE(ref) != PL_SCOPE_SESSION) return;
    struct pl_graph_slot *slot = pl_grammar__slot_at(m->g, m->flow, ref);
    if (!slot->records) slot->records = m->changed = true;
}

static struct pl_tx *typed(struct marks *m, struct pl_ast_expr *e, const struct pl_type *want) {
    struct pl_where w = {.g = m->g, .flow = m->flow};
    pl_grammar__mute(m->g);
    struct pl_tx *x = pl_grammar__expr(&w, e, want);
    pl_grammar__speak(m->g);
    return x;
}

static void look_at(struct marks *m, const struct pl_fnode *n) {
    const struct pl_ast_stmt *s = n->stmt;
    struct pl_graph_slot *slot;
    if (s->kind == PL_STMT_SET) {
        slot = local(m, &s->set.slot);
        struct pl_tx *x = typed(m, s->set.value, slot ? &slot->type : NULL);
        take(m, slot, x->type.quals, of_records(m, x), s->head, source_of(x));
        note_session(m, &s->set.slot, x->type.quals && of_records(m, x));
    } else if (s->kind == PL_STMT_CALL && n->callee != PL_NOWHERE) {
        const struct pl_graph_flow *f = &m->g->flow.v[n->callee];
        take(m, local(m, &s->call.result), f->result.quals, f->records, s->head, PL_STR(""));
        note_session(m, &s->call.result, f->result.quals && f->records);
    } else if (s->kind == PL_STMT_CALL && n->hook && n->hook->decl->hook.result) {
        uint8_t quals = n->hook->decl->hook.result->quals;
        take(m, local(m, &s->call.result), quals, true, s->head, PL_STR(""));
        note_session(m, &s->call.result, quals);
    } else if (s->kind == PL_STMT_RETURN && s->value) {
        struct pl_type *result = &m->flow->result;
        struct pl_tx *x = typed(m, s->value, result);
        bool records = x->type.quals && of_records(m, x) && !m->flow->records;
        m->changed = m->changed || records || (x->type.quals & ~result->quals);
        m->flow->records = m->flow->records || records;
        result->quals |= x->type.quals;
    }
}

void pl_grammar__marks(struct pl_graph *g) {
    struct marks m = {.g = g};
    const struct pl_flowgraph *fg = g->flowgraph;
    do {
        m.changed = false;
        for (size_t i = 0; i < fg->nodes.n; i++) {
            if (fg->nodes.v[i].kind != PL_FNODE_STMT) continue;
            m.flow = &g->flow.v[fg->nodes.v[i].flow];
            look_at(&m, &fg->nodes.v[i]);
        }
    } while (m.changed);
}

/* ---- where a mark came from ---- */

static const struct pl_graph_slot *slot_named(struct pl_graph *g, struct pl_graph_flow *f,
                                              struct pl_str name) {
    struct pl_str rest = name;
    const struct pl_graph_slots *slots = &f->slots;
    if (pl_str_starts(name, PL_STR("session."))) {
        slots = &g->session;
        rest = (struct pl_str){name.p + 8, name.n - 8};
    } else if (pl_str_starts(name, PL_STR("customer."))) {
        slots = &g->customer;
        rest = (struct pl_str){name.p + 9, name.n - 9};
    }
    size_t dot = pl_str_find(rest, PL_STR("."));
    if (dot != SIZE_MAX) rest.n = dot;
    uint32_t i = pl_grammar__slot(slots, rest);
    return i == PL_NOWHERE ? NULL : &slots->v[i];
}

static void explain(struct pl_graph *g, struct pl_diag *d, struct pl_str name) {
    enum { MOST = 6 };
    uint32_t node = pl_grammar__node_at(g, d->span);
    if (node == PL_NOWHERE) return;
    struct pl_graph_flow *f = &g->flow.v[g->flowgraph->nodes.v[node].flow];
    for (unsigned i = 0; name.n && i < MOST; i++) {
        const struct pl_graph_slot *slot = slot_named(g, f, name);
        if (!slot) return;
        if (slot->marked.end <= slot->marked.start) {
            if (slot->type.quals & (PL_PRIVATE | PL_SECRET))
                pl_diag_note(g->diags, d, slot->span, "`%.*s` is marked here", PL_STR_ARG(name));
            return;
        }
        struct pl_str words = pl_grammar__words_at(g, slot->marked);
        pl_diag_note(g->diags, d, slot->marked, "`%.*s` takes the mark here: %.*s",
                     PL_STR_ARG(name), PL_STR_ARG(words));
        name = slot->marked_by;
    }
}

void pl_grammar__explain_marks(struct pl_graph *g) {
    for (size_t i = 0; i < g->said->n; i++) {
        struct pl_diag *d = g->said->v[i];
        if (d->code == PL_D_LEAK || d->code == PL_D_SECRET_ARG || d->code == PL_D_PRIVATE_ARG ||
            d->code == PL_D_PRIVATE_SHOWN || d->code == PL_D_PRINT_SECRET ||
            d->code == PL_D_MARK_LOST)
            explain(g, d, d->args[0]);
    }
}
