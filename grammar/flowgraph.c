/* SPDX-License-Identifier: Apache-2.0
 *
 * Flows to a graph. Edges that lead on are kept open until the next statement is known: a list
 * through the edges themselves, so that joining is constant work. */
#include "grammar/flowgraph.h"

struct open {
    uint32_t head, tail; /* edges; PL_NOWHERE: none */
};
static const struct open nothing = {PL_NOWHERE, PL_NOWHERE};

struct build {
    struct pl_graph *g;
    struct pl_flowgraph *fg;
    struct pl_graph_flow *f;
    uint32_t flow, entry;
    uint32_t offer; /* the node of the default `else`, once made */
    PL_AST_LIST(uint32_t) marks, asks;
};

static struct open block(struct build *b, const struct pl_ast_block *body, struct open in);

/* ---- nodes and edges ---- */

static uint32_t add_node(struct build *b, enum pl_fnode_kind kind, const struct pl_ast_stmt *s,
                         struct pl_span span) {
    struct pl_fnode n = {
        .kind = (uint8_t)kind, .flow = b->flow, .callee = PL_NOWHERE, .stmt = s, .span = span};
    PL_AST_ADD(b->g->arena, &b->fg->nodes, n);
    return (uint32_t)b->fg->nodes.n - 1;
}

static uint32_t add_edge(struct build *b, uint32_t from, uint32_t to, enum pl_fedge_kind kind,
                         struct pl_str word, struct pl_span span) {
    struct pl_fedge e = {from, to, (uint8_t)kind, word, span, NULL, PL_NOWHERE};
    PL_AST_ADD(b->g->arena, &b->fg->edges, e);
    return (uint32_t)b->fg->edges.n - 1;
}

/* An edge whose target is the next statement. */
static struct open way(struct build *b, uint32_t from, enum pl_fedge_kind kind, struct pl_str word,
                       struct pl_span span) {
    uint32_t e = add_edge(b, from, PL_NOWHERE, kind, word, span);
    return (struct open){e, e};
}

static struct open join(struct build *b, struct open x, struct open y) {
    if (x.head == PL_NOWHERE) return y;
    if (y.head == PL_NOWHERE) return x;
    b->fg->edges.v[x.tail].link = y.head;
    return (struct open){x.head, y.tail};
}

static void close_to(struct build *b, struct open in, uint32_t node) {
    for (uint32_t e = in.head; e != PL_NOWHERE; e = b->fg->edges.v[e].link)
        b->fg->edges.v[e].to = node;
}

static void to_end(struct build *b, uint32_t from) {
    add_edge(b, from, b->entry + 2, PL_FEDGE_LEAVE, PL_STR(""), (struct pl_span){0});
}

static uint32_t flow_named(struct build *b, struct pl_str name) {
    struct pl_symbol *s = pl_grammar__find(&b->g->flows, name);
    return s ? s->index : PL_NOWHERE;
}

static void go_to(struct build *b, uint32_t from, uint32_t flow, enum pl_fedge_kind kind,
                  struct pl_span span) {
    if (flow == PL_NOWHERE) return;
    add_edge(b, from, b->fg->entry[flow], kind, b->g->flow.v[flow].symbol->name, span);
}

static struct pl_span first_of(const struct pl_ast_block *body) {
    return body->n ? body->v[0]->head : body->span;
}

/* The block after this edge; what follows when there is none. */
static struct open branch(struct build *b, uint32_t from, enum pl_fedge_kind kind,
                          struct pl_str word, struct pl_span span,
                          const struct pl_ast_block *body) {
    struct open out = way(b, from, kind, word, span);
    return body ? block(b, body, out) : out;
}

static struct open optional_branch(struct build *b, uint32_t from, enum pl_fedge_kind kind,
                                   const char *word, const struct pl_ast_block *body) {
    return body ? branch(b, from, kind, pl_str_c(word), first_of(body), body) : nothing;
}

/* ---- calls ---- */

/* Marks the node as a call; gives the way on. */
static struct open call_flow(struct build *b, uint32_t node, uint32_t flow, struct pl_span span) {
    if (flow != PL_NOWHERE) {
        b->fg->nodes.v[node].callee = flow;
        b->fg->called[flow] = true;
        go_to(b, node, flow, PL_FEDGE_CALL, span);
    }
    return way(b, node, PL_FEDGE_AFTER, PL_STR(""), (struct pl_span){0});
}

static bool names_failure(const struct pl_ast_arms *arms, const char *name) {
    for (size_t i = 0; i < arms->n; i++)
        for (size_t k = 0; k < arms->v[i].names.n; k++)
            if (pl_str_is(arms->v[i].names.v[k].s, name)) return true;
    return false;
}

static struct open arms(struct build *b, uint32_t node, const struct pl_ast_arms *list,
                        enum pl_fedge_kind kind) {
    struct open out = nothing;
    for (size_t i = 0; i < list->n; i++) {
        const struct pl_ast_name *name = &list->v[i].names.v[0];
        struct pl_span span =
            pl_span_join(name->span, list->v[i].names.v[list->v[i].names.n - 1].span);
        struct pl_str words = pl_span_text(b->g->input->sources, span);
        out = join(b, out, branch(b, node, kind, words, span, list->v[i].block));
    }
    return out;
}

static struct open call(struct build *b, uint32_t node, const struct pl_ast_call *k) {
    struct pl_symbol *hook = pl_grammar__find(&b->g->hooks, k->callee.s);
    if (!hook && k->callee.n == 1)
        return call_flow(b, node, flow_named(b, k->callee.s), k->callee.span);
    struct open out = way(b, node, PL_FEDGE_GO, PL_STR(""), (struct pl_span){0});
    if (!hook) return out;
    b->fg->nodes.v[node].hook = hook;
    if (hook->decl->hook.effect != PL_EFFECT_PURE && !names_failure(&k->failures, "unavailable")) {
        uint32_t down = flow_named(b, PL_STR("system_down"));
        if (down != PL_NOWHERE)
            add_edge(b, node, b->fg->entry[down], PL_FEDGE_FAILURE,
                     PL_STR("unavailable, so to system_down"), k->callee.span);
    }
    return join(b, out, arms(b, node, &k->failures, PL_FEDGE_FAILURE));
}

/* ---- hand-over ---- */

static bool offers_itself(const struct build *b) {
    struct pl_str name = b->f->decl->name.s;
    return b->f->result.kind != PL_KIND_NONE || pl_str_is(name, "offer_person") ||
           pl_str_is(name, "agent_unavailable");
}

/* What a question does that has no `else`. */
static uint32_t default_else(struct build *b) {
    if (b->offer != PL_NOWHERE) return b->offer;
    if (offers_itself(b)) return b->offer = b->entry + 1;
    b->offer = add_node(b, PL_FNODE_OFFER, NULL, b->f->decl->name.span);
    b->fg->nodes.v[b->offer].human = true;
    struct open out =
        call_flow(b, b->offer, flow_named(b, PL_STR("offer_person")), b->f->decl->name.span);
    close_to(b, out, b->entry + 2);
    return b->offer;
}

static struct open handoff(struct build *b, uint32_t node, const struct pl_ast_handoff *h) {
    b->fg->nodes.v[node].human = true;
    if (h->mode == PL_AST_HANDOFF_CALLBACK || h->mode == PL_AST_HANDOFF_MESSAGE)
        return way(b, node, PL_FEDGE_GO, PL_STR(""), (struct pl_span){0});
    if (h->mode == PL_AST_HANDOFF_OFFER) {
        struct open out = call_flow(b, node, flow_named(b, PL_STR("offer_person")), h->span);
        to_end(b, node);
        return h->declined ? block(b, h->declined, out) : out;
    }
    to_end(b, node);
    if (h->closed)
        close_to(b, branch(b, node, PL_FEDGE_CLOSED, PL_STR(""), first_of(h->closed), h->closed),
                 b->entry + 2);
    else
        go_to(b, node, flow_named(b, PL_STR("agent_unavailable")), PL_FEDGE_CLOSED, h->span);
    return nothing;
}

/* ---- questions ---- */

static struct open target(struct build *b, uint32_t node, const struct pl_ast_target *t,
                          enum pl_fedge_kind kind, struct pl_span span) {
    if (t->kind == PL_TARGET_FLOW) {
        uint32_t flow = flow_named(b, t->flow.s);
        if (flow == PL_NOWHERE && kind == PL_FEDGE_OPTION) /* a flow of a list: any */
            add_edge(b, node, b->entry + 2, kind, t->flow.s, span);
        go_to(b, node, flow, kind, span);
    }
    return nothing;
}

static struct open choices(struct build *b, uint32_t node, const struct pl_ast_choices *list) {
    struct open out = nothing;
    for (size_t i = 0; i < list->n; i++) {
        const struct pl_ast_choice *o = list->v[i];
        if (o->kind == PL_CHOICE_EACH) {
            out = join(b, out, choices(b, node, &o->each.choices));
            continue;
        }
        struct pl_span span = o->option.label->span;
        if (o->option.target.kind == PL_TARGET_OPEN) continue; /* does not answer */
        if (o->option.target.kind == PL_TARGET_FLOW)
            target(b, node, &o->option.target, PL_FEDGE_OPTION, span);
        else
            out = join(b, out, branch(b, node, PL_FEDGE_OPTION, PL_STR(""), span, o->option.body));
    }
    return out;
}

static struct open repair(struct build *b, uint32_t node, const struct pl_ast_repair *r) {
    struct open out = optional_branch(b, node, PL_FEDGE_OTHERWISE, "", r->otherwise);
    if (r->else_block)
        return join(b, out, optional_branch(b, node, PL_FEDGE_ELSE, "", r->else_block));
    add_edge(b, node, default_else(b), PL_FEDGE_ELSE, PL_STR(""), (struct pl_span){0});
    return out;
}

static void buttons(struct build *b, uint32_t node, const struct pl_ast_parts *parts) {
    for (size_t i = 0; i < parts->n; i++) {
        const struct pl_ast_part *p = parts->v[i];
        if (p->kind == PL_PART_BUTTON || p->kind == PL_PART_LINK)
            target(b, node, &p->button.target, PL_FEDGE_OFFERS, p->span);
        if (p->kind == PL_PART_CARD) buttons(b, node, &p->card);
        if (p->kind == PL_PART_CARDS || p->kind == PL_PART_EACH) buttons(b, node, &p->each.parts);
    }
}

static void prompt_buttons(struct build *b, uint32_t node, const struct pl_ast_prompt *p) {
    for (size_t i = 0; i < p->says.n; i++) buttons(b, node, &p->says.v[i].parts);
}

static struct open ask(struct build *b, uint32_t node, const struct pl_ast_ask *a) {
    b->fg->nodes.v[node].wait = true;
    PL_AST_ADD(b->g->arena, &b->asks, node);
    for (size_t i = 0; i < a->prompts.n; i++) prompt_buttons(b, node, &a->prompts.v[i]);
    struct open out = way(b, node, PL_FEDGE_ANSWER, PL_STR(""), (struct pl_span){0});
    return join(b, out, repair(b, node, &a->repair));
}

static struct open confirm(struct build *b, uint32_t node, const struct pl_ast_confirm *k) {
    b->fg->nodes.v[node].wait = true;
    buttons(b, node, &k->parts);
    struct open out = way(b, node, PL_FEDGE_YES, PL_STR(""), (struct pl_span){0});
    out = join(b, out, optional_branch(b, node, PL_FEDGE_NO, "", k->no));
    return join(b, out, repair(b, node, &k->repair));
}

static struct open choose(struct build *b, uint32_t node, const struct pl_ast_choose *k) {
    b->fg->nodes.v[node].wait = true;
    buttons(b, node, &k->parts);
    return join(b, choices(b, node, &k->choices), repair(b, node, &k->repair));
}

/* ---- branches ---- */

static struct open if_arms(struct build *b, uint32_t node, const struct pl_ast_stmt *s) {
    const struct pl_ast_if *k = &s->if_;
    struct open out = nothing, rest = nothing;
    for (size_t i = 0; i < k->arms.n; i++) {
        struct pl_ast_expr *cond = k->arms.v[i].cond;
        if (i) {
            node = add_node(b, PL_FNODE_ARM, s, cond->span);
            close_to(b, rest, node);
        }
        struct open yes = way(b, node, PL_FEDGE_TRUE, PL_STR(""), cond->span);
        rest = way(b, node, PL_FEDGE_FALSE, PL_STR(""), cond->span);
        b->fg->edges.v[yes.head].cond = b->fg->edges.v[rest.head].cond = cond;
        out = join(b, out, block(b, k->arms.v[i].block, yes));
    }
    return join(b, out, k->else_block ? block(b, k->else_block, rest) : rest);
}

static struct open match(struct build *b, uint32_t node, const struct pl_ast_match *k) {
    struct open out = arms(b, node, &k->arms, PL_FEDGE_ARM);
    return join(b, out, optional_branch(b, node, PL_FEDGE_OTHER, "", k->else_block));
}

static struct open experiment(struct build *b, uint32_t node, const struct pl_ast_experiment *e) {
    struct open out = nothing;
    for (size_t i = 0; i < e->variants.n; i++)
        out = join(b, out,
                   branch(b, node, PL_FEDGE_VARIANT, e->variants.v[i].name.s,
                          e->variants.v[i].name.span, e->variants.v[i].block));
    return out;
}

/* The ways on from a model's turn. */
struct turned {
    struct open out, unsure, down;
};

static struct open model_way(struct build *b, uint32_t node, const char *word,
                             const struct pl_ast_block *body) {
    return body ? way(b, node, PL_FEDGE_MODEL, pl_str_c(word), first_of(body)) : nothing;
}

static void turn(struct build *b, uint32_t node, const struct pl_ast_answer *a, struct turned *to) {
    struct pl_span none = {0};
    to->out = join(b, to->out, way(b, node, PL_FEDGE_GO, PL_STR(""), none));
    to->unsure = join(b, to->unsure, model_way(b, node, "unsure", a->unsure));
    to->down = join(b, to->down, model_way(b, node, "down", a->down));
}

/* A tool that writes: the question, the call, and the model again. */
static void action(struct build *b, uint32_t node, const struct pl_graph_action *k,
                   struct turned *to) {
    uint32_t asks = add_node(b, PL_FNODE_STMT, k->confirm, k->at);
    uint32_t calls = add_node(b, PL_FNODE_STMT, k->call, k->at);
    uint32_t again = add_node(b, PL_FNODE_AGAIN, b->fg->nodes.v[node].stmt, k->at);
    const struct pl_ast_names *fails = &k->hook->decl->hook.fails;
    b->fg->nodes.v[asks].wait = true;
    b->fg->nodes.v[calls].hook = k->hook;
    add_edge(b, node, asks, PL_FEDGE_MODEL, PL_STR("for a tool that writes"), k->at);
    add_edge(b, asks, calls, PL_FEDGE_YES, PL_STR(""), k->at);
    add_edge(b, asks, default_else(b), PL_FEDGE_ELSE, PL_STR(""), k->at);
    add_edge(b, calls, again, PL_FEDGE_GO, PL_STR(""), k->at);
    for (size_t i = 0; i < fails->n; i++)
        add_edge(b, calls, again, PL_FEDGE_FAILURE, fails->v[i].s, k->at);
    to->out = join(b, to->out, way(b, asks, PL_FEDGE_NO, PL_STR(""), k->at));
    to->out = join(b, to->out, way(b, calls, PL_FEDGE_FAILURE, PL_STR("unconfirmed"), k->at));
    to->down = join(b, to->down, way(b, calls, PL_FEDGE_FAILURE, PL_STR("unavailable"), k->at));
    turn(b, again, k->of, to);
}

static struct open answer(struct build *b, uint32_t node, const struct pl_ast_answer *a) {
    struct turned to = {nothing, nothing, nothing};
    const struct pl_graph_action *k;
    turn(b, node, a, &to);
    for (uint32_t i = 0; (k = pl_grammar__action(b->g, a, i)) != NULL; i++) action(b, node, k, &to);
    if (a->unsure) to.out = join(b, to.out, block(b, a->unsure, to.unsure));
    return join(b, to.out, a->down ? block(b, a->down, to.down) : to.down);
}

static struct open decide(struct build *b, uint32_t node, const struct pl_ast_decide *d) {
    struct open out = way(b, node, PL_FEDGE_GO, PL_STR(""), (struct pl_span){0});
    return join(b, out, optional_branch(b, node, PL_FEDGE_MODEL, "undecided", d->none));
}

/* ---- going back ---- */

static struct open back(struct build *b, uint32_t node, const struct pl_ast_back *k) {
    for (size_t i = b->marks.n; i-- > 0;) {
        const struct pl_ast_name *mark = &b->fg->nodes.v[b->marks.v[i]].stmt->mark;
        if (!pl_str_eq(mark->s, k->mark.s)) continue;
        add_edge(b, node, b->marks.v[i], PL_FEDGE_BACK, mark->s, k->mark.span);
        break;
    }
    close_to(b, optional_branch(b, node, PL_FEDGE_OFTEN, "", k->else_block), b->entry + 2);
    return nothing;
}

static struct open change(struct build *b, uint32_t node, const struct pl_ast_change *k) {
    b->fg->nodes.v[node].wait = true;
    for (size_t i = 0; i < k->slots.n; i++)
        for (size_t a = 0; a < b->asks.n; a++) {
            const struct pl_ast_ask *question = &b->fg->nodes.v[b->asks.v[a]].stmt->ask;
            if (pl_str_eq(question->slot.s, k->slots.v[i].s))
                add_edge(b, node, b->asks.v[a], PL_FEDGE_BACK, question->slot.s,
                         k->slots.v[i].span);
        }
    close_to(b, optional_branch(b, node, PL_FEDGE_OFTEN, "", k->else_block), b->entry + 2);
    return nothing;
}

static struct open wait(struct build *b, uint32_t node, const struct pl_ast_wait *w) {
    b->fg->nodes.v[node].wait = true;
    struct open out = way(b, node, PL_FEDGE_GO, PL_STR(""), (struct pl_span){0});
    return join(b, out, optional_branch(b, node, PL_FEDGE_LATE, "", w->else_block));
}

/* ---- statements ---- */

static struct open leaving(struct build *b, uint32_t node, const struct pl_ast_stmt *s) {
    switch (s->kind) {
    case PL_STMT_GOTO:
        go_to(b, node, flow_named(b, s->goto_.flow.s), PL_FEDGE_GOTO, s->head);
        break;
    case PL_STMT_BACK: return back(b, node, &s->back);
    case PL_STMT_CHANGE: return change(b, node, &s->change);
    case PL_STMT_RETURN:
        add_edge(b, node, b->entry + 1, PL_FEDGE_LEAVE, PL_STR(""), (struct pl_span){0});
        break;
    default: to_end(b, node); break;
    }
    return nothing;
}

static struct open statement(struct build *b, uint32_t node, const struct pl_ast_stmt *s) {
    switch (s->kind) {
    case PL_STMT_ASK: return ask(b, node, &s->ask);
    case PL_STMT_CONFIRM: return confirm(b, node, &s->confirm);
    case PL_STMT_CHOOSE: return choose(b, node, &s->choose);
    case PL_STMT_CALL: return call(b, node, &s->call);
    case PL_STMT_ANSWER: return answer(b, node, &s->answer);
    case PL_STMT_DECIDE: return decide(b, node, &s->decide);
    case PL_STMT_IF: return if_arms(b, node, s);
    case PL_STMT_MATCH: return match(b, node, &s->match);
    case PL_STMT_EXPERIMENT: return experiment(b, node, &s->experiment);
    case PL_STMT_HANDOFF: return handoff(b, node, &s->handoff);
    case PL_STMT_WAIT: return wait(b, node, &s->wait);
    case PL_STMT_GOTO:
    case PL_STMT_BACK:
    case PL_STMT_CHANGE:
    case PL_STMT_END:
    case PL_STMT_RETURN:
    case PL_STMT_PASS: return leaving(b, node, s);
    case PL_STMT_SAY: buttons(b, node, &s->say.parts); break;
    case PL_STMT_ANY_OF: prompt_buttons(b, node, &s->any_of); break;
    case PL_STMT_MARK: PL_AST_ADD(b->g->arena, &b->marks, node); break;
    default: break;
    }
    return way(b, node, PL_FEDGE_GO, PL_STR(""), (struct pl_span){0});
}

static struct open block(struct build *b, const struct pl_ast_block *body, struct open in) {
    for (size_t i = 0; i < body->n; i++) {
        const struct pl_ast_stmt *s = body->v[i];
        struct pl_span span = s->kind == PL_STMT_IF ? s->if_.arms.v[0].cond->span : s->head;
        uint32_t node = add_node(b, PL_FNODE_STMT, s, span);
        close_to(b, in, node);
        in = statement(b, node, s);
    }
    return in;
}

/* ---- flows ---- */

/* Entries first, since flows lead to one another; a flow's other nodes follow its own three. */
static void build_flow(struct build *b, uint32_t flow) {
    struct pl_graph_flow *f = &b->g->flow.v[flow];
    struct pl_span name = f->decl->name.span;
    b->f = f;
    b->flow = flow;
    b->entry = b->fg->entry[flow];
    b->offer = PL_NOWHERE;
    b->marks.n = b->asks.n = 0;
    struct open in;
    if (f->decl->flow.verified)
        in = call_flow(b, b->entry, flow_named(b, PL_STR("verify_identity")), name);
    else
        in = way(b, b->entry, PL_FEDGE_GO, PL_STR(""), (struct pl_span){0});
    if (f->decl->flow.body) in = block(b, f->decl->flow.body, in);
    close_to(b, in, b->entry + 1);
}

static void add_places(struct build *b) {
    for (uint32_t i = 0; i < b->g->flow.n; i++) {
        struct pl_span name = b->g->flow.v[i].decl->name.span;
        b->flow = i;
        b->fg->entry[i] = add_node(b, PL_FNODE_ENTRY, NULL, name);
        add_node(b, PL_FNODE_RETURN, NULL, name);
        add_node(b, PL_FNODE_END, NULL, name);
    }
}

/* Edges by node, both ways: a count, then a fill. */
static void index_edges(struct pl_graph *g, struct pl_flowgraph *fg) {
    size_t n = fg->edges.n;
    fg->outs = PL_NEW_ARRAY(g->arena, uint32_t, n + 1);
    fg->ins = PL_NEW_ARRAY(g->arena, uint32_t, n + 1);
    uint32_t out = 0, in = 0;
    for (size_t i = 0; i < n; i++) {
        if (fg->edges.v[i].to == PL_NOWHERE) /* a tree with a mistake */
            fg->edges.v[i].to = fg->entry[fg->nodes.v[fg->edges.v[i].from].flow] + 2;
        fg->nodes.v[fg->edges.v[i].from].nout++;
        fg->nodes.v[fg->edges.v[i].to].nin++;
    }
    for (size_t i = 0; i < fg->nodes.n; i++) {
        struct pl_fnode *node = &fg->nodes.v[i];
        node->out = out;
        node->in = in;
        out += node->nout;
        in += node->nin;
        node->nout = node->nin = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct pl_fnode *from = &fg->nodes.v[fg->edges.v[i].from];
        struct pl_fnode *to = &fg->nodes.v[fg->edges.v[i].to];
        fg->outs[from->out + from->nout++] = i;
        fg->ins[to->in + to->nin++] = i;
    }
}

/* ---- what is live, and who returns ---- */

struct returning {
    struct pl_flowgraph *fg;
    pl_take *take;
    void *ctx;
    bool *returns, *seen;
    uint32_t *todo, n;
};

static void reach(struct returning *r, uint32_t node) {
    if (r->seen[node]) return;
    r->seen[node] = true;
    r->todo[r->n++] = node;
}

static bool takes(const struct returning *r, uint32_t edge) {
    return !r->take || r->take(r->ctx, edge);
}

/* Who called a flow that returns goes on. */
static void resume_callers(struct returning *r, uint32_t flow) {
    struct pl_flowgraph *fg = r->fg;
    const struct pl_fnode *entry = &fg->nodes.v[fg->entry[flow]];
    for (uint32_t i = 0; i < entry->nin; i++) {
        const struct pl_fedge *call = &fg->edges.v[fg->ins[entry->in + i]];
        const struct pl_fnode *from = &fg->nodes.v[call->from];
        if (call->kind != PL_FEDGE_CALL || !r->seen[call->from]) continue;
        for (uint32_t k = 0; k < from->nout; k++) {
            uint32_t e = fg->outs[from->out + k];
            if (fg->edges.v[e].kind == PL_FEDGE_AFTER && takes(r, e)) reach(r, fg->edges.v[e].to);
        }
    }
}

static void go_on(struct returning *r, uint32_t at) {
    const struct pl_flowgraph *fg = r->fg;
    const struct pl_fnode *node = &fg->nodes.v[at];
    for (uint32_t i = 0; i < node->nout; i++) {
        uint32_t k = fg->outs[node->out + i];
        const struct pl_fedge *e = &fg->edges.v[k];
        bool held =
            e->kind == PL_FEDGE_AFTER && node->callee != PL_NOWHERE && !r->returns[node->callee];
        if (!held && fg->nodes.v[e->to].flow == node->flow && takes(r, k)) reach(r, e->to);
    }
}

void pl_grammar__returning(struct pl_graph *g, pl_take *take, void *ctx, bool *returns,
                           bool *seen) {
    struct returning r = {g->flowgraph, take, ctx, returns, seen, NULL, 0};
    r.todo = PL_NEW_ARRAY(g->arena, uint32_t, r.fg->nodes.n + 1);
    for (uint32_t i = 0; i < g->flow.n; i++) reach(&r, r.fg->entry[i]);
    while (r.n) {
        uint32_t at = r.todo[--r.n];
        const struct pl_fnode *node = &r.fg->nodes.v[at];
        if (node->kind == PL_FNODE_RETURN) {
            returns[node->flow] = true;
            resume_callers(&r, node->flow);
        }
        go_on(&r, at);
    }
}

static void find_live(struct pl_graph *g, struct pl_flowgraph *fg) {
    bool *live = PL_NEW_ARRAY(g->arena, bool, fg->nodes.n + 1);
    pl_grammar__returning(g, NULL, NULL, fg->returns, live);
    for (size_t i = 0; i < fg->nodes.n; i++) fg->nodes.v[i].live = live[i];
}

static void clears(struct pl_graph *g, struct pl_map *seen, const struct pl_ast_path *path) {
    if (path->n > 1 && !pl_map_put(seen, path->s, g)) PL_AST_ADD(g->arena, &g->cleared, path->s);
}

void pl_grammar__cleared(struct pl_graph *g) {
    const struct pl_flowgraph *fg = g->flowgraph;
    struct pl_map seen = {0};
    for (size_t i = 0; i < fg->nodes.n; i++) {
        const struct pl_ast_stmt *s = fg->nodes.v[i].stmt;
        if (!s) continue;
        for (size_t k = 0; s->kind == PL_STMT_CLEAR && k < s->clear.n; k++)
            clears(g, &seen, &s->clear.v[k]);
        /* what a call failed to give is not there */
        if (s->kind == PL_STMT_CALL && s->call.failures.n) clears(g, &seen, &s->call.result);
    }
    pl_map_free(&seen);
}

/* ---- places ---- */

static bool within(struct pl_span at, struct pl_span around) {
    return at.file == around.file && at.start >= around.start && at.end <= around.end;
}

/* The last that holds the place is the innermost: a block's nodes follow its statement's. */
static uint32_t node_in(const struct pl_flowgraph *fg, uint32_t from, uint32_t to,
                        struct pl_span at) {
    uint32_t found = PL_NOWHERE;
    for (uint32_t i = from; i < to; i++) {
        const struct pl_fnode *n = &fg->nodes.v[i];
        if (!n->stmt) continue;
        if (within(at, n->kind == PL_FNODE_ARM ? n->span : n->stmt->span)) found = i;
    }
    return found;
}

uint32_t pl_grammar__node_at(const struct pl_graph *g, struct pl_span at) {
    const struct pl_flowgraph *fg = g->flowgraph;
    uint32_t from = (uint32_t)g->flow.n * 3;
    for (uint32_t i = 0; i < g->flow.n; from = fg->last[i++])
        if (within(at, g->flow.v[i].decl->span)) return node_in(fg, from, fg->last[i], at);
    return PL_NOWHERE;
}

void pl_grammar__flowgraph(struct pl_graph *g) {
    struct pl_flowgraph *fg = PL_NEW(g->arena, struct pl_flowgraph);
    struct build b = {.g = g, .fg = fg};
    size_t n = g->flow.n + 1;
    fg->entry = PL_NEW_ARRAY(g->arena, uint32_t, n);
    fg->last = PL_NEW_ARRAY(g->arena, uint32_t, n);
    fg->returns = PL_NEW_ARRAY(g->arena, bool, n);
    fg->called = PL_NEW_ARRAY(g->arena, bool, n);
    add_places(&b);
    for (uint32_t i = 0; i < g->flow.n; i++) {
        build_flow(&b, i);
        fg->last[i] = (uint32_t)fg->nodes.n;
    }
    index_edges(g, fg);
    g->flowgraph = fg;
    find_live(g, fg);
}
