/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of flows: every path, what is known on it, what leaves and what is never reached. */
#include "grammar/check_priv.h"

#define WAIT_MOST_MS (INT64_C(366) * 24 * 3600 * 1000)

#define WALKS_MOST 16

static void block(struct pl_check *c, const struct pl_ast_block *b);

/* ---- states ---- */

struct pl_state pl_grammar__state_copy(struct pl_check *c) {
    struct pl_state s = c->now;
    s.known = pl_grammar__known_copy(c->g, &c->now.known);
    return s;
}

/* Both ways come together here. */
static void join(struct pl_state *into, const struct pl_state *other) {
    if (!other->alive) return;
    if (!into->alive) {
        *into = *other;
        return;
    }
    pl_grammar__known_meet(&into->known, &other->known);
    if (!into->declined) into->declined = other->declined;
}

/* Runs a block from the state `from`; gives where it ends. NULL: it leaves. */
static struct pl_state branch(struct pl_check *c, struct pl_state from,
                              const struct pl_ast_block *b) {
    struct pl_state before = c->now;
    c->now = from;
    c->now.known = pl_grammar__known_copy(c->g, &from.known);
    if (b)
        block(c, b);
    else
        c->now.alive = false;
    struct pl_state after = c->now;
    c->now = before;
    return after;
}

static void forget(struct pl_check *c, struct pl_state *s, const struct pl_ast_path *slot) {
    if (slot->n) pl_grammar__known_drop(c->g, &s->known, pl_grammar__path(c->g, slot->s));
}

static void learn(struct pl_check *c, struct pl_state *s, struct pl_str path) {
    pl_grammar__known_add(c->g, &s->known, pl_grammar__path(c->g, path));
}

/* A name that can be written: a local, or a declared slot of session or customer. */
static struct pl_graph_slot *slot_of(struct pl_check *c, const struct pl_ast_path *path) {
    size_t parts;
    uint32_t ref = pl_grammar__slot_ref(c->g, c->flow, path, &parts);
    if (ref != PL_NOWHERE && path->n == parts) {
        struct pl_graph_slot *slot = pl_grammar__slot_at(c->g, c->flow, ref);
        slot->written = true;
        return slot;
    }
    if (ref == PL_NOWHERE)
        pl_grammar__path_expr(&c->where, path); /* says what is wrong with it */
    else
        pl_diag2(c->g->diags, PL_D_TYPE, path->span, PL_STR("a slot"), PL_STR("a field of one"));
    return NULL;
}

/* ---- arguments ---- */

static void check_marking(struct pl_check *c, const struct pl_tx *x,
                          const struct pl_ast_field *param) {
    struct pl_str name = x->name.n ? x->name : PL_STR("this value");
    uint8_t to = param->type.quals;
    if (x->type.quals & PL_SECRET && !(to & PL_SECRET))
        pl_diag2(c->g->diags, PL_D_SECRET_ARG, x->span, name, param->name.s);
    else if (x->type.quals & PL_PRIVATE && !(to & (PL_PRIVATE | PL_SECRET)))
        pl_diag2(c->g->diags, PL_D_PRIVATE_ARG, x->span, name, param->name.s);
}

void pl_grammar__check_args(struct pl_check *c, struct pl_str callee,
                            const struct pl_ast_args *args, const struct pl_ast_params *params,
                            struct pl_span at) {
    struct pl_graph *g = c->g;
    for (size_t i = 0; i < params->n; i++) {
        const struct pl_ast_field *p = &params->v[i];
        struct pl_type type = pl_grammar__type(
            g, &p->type,
            pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(callee), PL_STR_ARG(p->name.s)));
        if (i < args->n) {
            struct pl_tx *x = pl_grammar__expr(&c->where, args->v[i], &type);
            if (pl_grammar__expect(&c->where, x, type)) check_marking(c, x, p);
        } else if (!type.optional) {
            pl_diag2(g->diags, PL_D_ARG_MISSING, args->present ? args->span : at, callee,
                     p->name.s);
        }
    }
    if (args->n > params->n)
        pl_diag2(g->diags, PL_D_ARG_EXTRA, args->v[params->n]->span, callee,
                 pl_grammar__str(g, "%zu", params->n));
}

/* ---- hand-over ---- */

static void check_queue(struct pl_check *c, const struct pl_ast_name *to) {
    if (!to->s.n) return;
    uint32_t slot = c->flow ? pl_grammar__slot(&c->flow->slots, to->s) : PL_NOWHERE;
    if (slot != PL_NOWHERE && c->flow->slots.v[slot].type.kind == PL_KIND_QUEUE) return;
    pl_grammar__need(c->g, &c->g->queues, to->s, to->span);
}

static void check_handoff(struct pl_check *c, const struct pl_ast_handoff *h) {
    bool offer = h->mode == PL_AST_HANDOFF_OFFER;
    bool now = h->mode == PL_AST_HANDOFF_NOW || h->mode == PL_AST_HANDOFF_PLAIN;
    check_queue(c, &h->to);
    pl_grammar__check_priority(c->g, &h->priority);
    if (h->because) {
        pl_grammar__check_inside(c, h->because);
        pl_grammar__check_text_leak(c, &h->because->pieces, "statistics");
    }
    if (h->declined && !offer) pl_diag1(c->g->diags, PL_D_HANDOFF_ARM, h->span, PL_STR("declined"));
    if (h->closed && !now) pl_diag1(c->g->diags, PL_D_HANDOFF_ARM, h->span, PL_STR("closed"));
    if (h->closed) branch(c, c->now, h->closed);
    if (h->declined) { /* an offer is no leaving statement, whatever its block does */
        struct pl_state declined = branch(c, c->now, h->declined);
        join(&c->now, &declined);
    }
    if (now) c->now.alive = false;
}

/* ---- questions ---- */

static void check_tries(struct pl_check *c, const struct pl_ast_repair *r) {
    struct pl_graph *g = c->g;
    if (r->tries && (r->tries->n.scale || r->tries->n.m < 1 || r->tries->n.m > 20))
        pl_diag1(g->diags, PL_D_TRIES, r->tries->span,
                 pl_span_text(g->input->sources, r->tries->span));
    for (size_t i = 0; i < r->again.n; i++) pl_grammar__check_line(c, &r->again.v[i]);
    if (r->again.n && r->otherwise) pl_diag(g->diags, PL_D_AGAIN_OTHERWISE, r->again.v[0].span);
}

/* The ways out of a question that was not answered, from `missed`, added to `after`. */
static void check_repair(struct pl_check *c, const struct pl_ast_repair *r, struct pl_state missed,
                         struct pl_state *after) {
    check_tries(c, r);
    if (r->otherwise) {
        c->in_otherwise++;
        struct pl_state s = branch(c, missed, r->otherwise);
        c->in_otherwise--;
        join(after, &s);
    }
    struct pl_state s = branch(c, missed, r->else_block);
    join(after, &s);
}

/* A target's flow is given what the phrase holds, else this one is. */
static void check_says(struct pl_check *c, const struct pl_ast_choice *o) {
    const struct pl_ast_target *t = &o->option.target;
    struct pl_graph_flow *f = c->flow;
    if (t->kind == PL_TARGET_FLOW) {
        struct pl_symbol *s = pl_grammar__find(&c->g->flows, t->flow.s);
        f = s ? &c->g->flow.v[s->index] : NULL;
    }
    pl_grammar__check_says(c->g, &o->option.says, f);
}

static void check_ask_choices(struct pl_check *c, const struct pl_ast_choices *choices,
                              struct pl_type type, bool in_loop) {
    for (size_t i = 0; i < choices->n; i++) {
        const struct pl_ast_choice *o = choices->v[i];
        struct pl_known before = c->now.known;
        if (o->kind == PL_CHOICE_OPTION) {
            pl_grammar__assume(c, o->option.cond, true);
            check_says(c, o);
            pl_grammar__check_value_option(c, o, type, in_loop);
        } else {
            struct pl_type item = pl_grammar__check_each(c, &o->each.each);
            struct pl_type one = type.kind == PL_KIND_LIST ? pl_grammar__item(c->g, type) : type;
            if (item.kind != PL_KIND_NONE && !pl_grammar__fits(c->g, item, one))
                pl_diag2(c->g->diags, PL_D_TYPE, o->each.each.list->span,
                         pl_grammar__str(c->g, "list of %.*s",
                                         PL_STR_ARG(pl_grammar__type_name(c->g, one))),
                         pl_grammar__str(c->g, "list of %.*s",
                                         PL_STR_ARG(pl_grammar__type_name(c->g, item))));
            check_ask_choices(c, &o->each.choices, type, true);
        }
        c->now.known = before;
    }
}

/* Goes on from here with what all ways lead here know, those that lead back included. */
static void join_back(struct pl_check *c, struct pl_check_mark *m) {
    if (m->reached) pl_grammar__known_meet(&c->now.known, &m->back);
}

/* One more way leads back to the place, knowing this. */
static void leads_back(struct pl_check *c, struct pl_check_mark *m, struct pl_known known) {
    struct pl_known less = m->reached ? m->back : known;
    less = pl_grammar__known_copy(c->g, &less);
    pl_grammar__known_meet(&less, &known);
    c->changed = c->changed || !m->reached || !pl_grammar__known_eq(&less, &m->back);
    m->back = less;
    m->reached = true;
}

/* The place of a question, to which `change` leads back. */
static void note_ask(struct pl_check *c, const struct pl_ast_path *slot) {
    struct pl_check_mark fresh = {0};
    for (size_t i = 0; i < c->asks.n; i++) {
        if (c->asks.v[i].name.span.start != slot->span.start) continue;
        join_back(c, &c->asks.v[i]);
        return;
    }
    fresh.name = (struct pl_ast_name){.s = slot->s, .span = slot->span};
    PL_AST_ADD(c->g->arena, &c->asks, fresh);
}

static void check_ask(struct pl_check *c, const struct pl_ast_ask *a, struct pl_span head) {
    struct pl_graph_slot *slot = slot_of(c, &a->slot);
    struct pl_type type = slot ? slot->type : pl_grammar__kind(PL_KIND_NONE);
    note_ask(c, &a->slot);
    pl_grammar__check_askable(c, a, type, head);
    if (a->title) pl_grammar__check_line(c, a->title);
    struct pl_state missed = pl_grammar__state_copy(c), answered;
    forget(c, &missed, &a->slot);
    for (size_t i = 0; i < a->prompts.n; i++) pl_grammar__check_prompt(c, &a->prompts.v[i]);
    check_ask_choices(c, &a->choices, type, false);
    answered = pl_grammar__state_copy(c);
    learn(c, &answered, a->slot.s);
    learn(c, &answered, pl_grammar__str(c->g, "%.*s.@asked", PL_STR_ARG(a->slot.s)));
    struct pl_known before = c->now.known;
    c->now.known = answered.known;
    for (size_t i = 0; i < a->checks.n; i++) {
        c->where.check = true;
        pl_grammar__condition(&c->where, a->checks.v[i].cond);
        c->where.check = false;
        pl_grammar__check_line(c, &a->checks.v[i].otherwise);
    }
    c->now.known = before;
    if (a->optional) join(&answered, &missed);
    check_repair(c, &a->repair, missed, &answered);
    c->now = answered;
}

/* "x.@shown" is known where the customer has agreed to a question that shows x. */
static struct pl_str shown_path(struct pl_check *c, struct pl_str name) {
    return pl_grammar__str(c->g, "%.*s.@shown", PL_STR_ARG(name));
}

static void learn_shown(struct pl_check *c, struct pl_state *s,
                        const struct pl_ast_pieces *pieces) {
    for (size_t i = 0; i < pieces->n; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        if (p->kind == PL_PIECE_VALUE && p->expr->kind == PL_EXPR_PATH)
            learn(c, s, shown_path(c, p->expr->path.s));
        for (size_t k = 0; k < p->branches.n; k++) learn_shown(c, s, &p->branches.v[k].pieces);
    }
}

static void learn_parts(struct pl_check *c, struct pl_state *s, const struct pl_ast_parts *parts) {
    for (size_t i = 0; i < parts->n; i++) {
        const struct pl_ast_part *p = parts->v[i];
        if (p->kind == PL_PART_FACT) learn_shown(c, s, &p->fact.value->pieces);
        if (p->kind == PL_PART_EACH || p->kind == PL_PART_CARDS) learn_parts(c, s, &p->each.parts);
        if (p->kind == PL_PART_CARD) learn_parts(c, s, &p->card);
    }
}

static void check_confirm(struct pl_check *c, const struct pl_ast_confirm *k) {
    pl_grammar__check_line(c, &k->line);
    pl_grammar__check_parts(c, &k->parts);
    struct pl_state yes = pl_grammar__state_copy(c), missed = pl_grammar__state_copy(c), no;
    no = branch(c, missed, k->no);
    pl_grammar__known_add(c->g, &yes.known, c->confirmed);
    learn_shown(c, &yes, &k->line.text->pieces);
    learn_parts(c, &yes, &k->parts);
    yes.declined = NULL;
    if (no.alive) {
        no.declined = k->no;
        join(&yes, &no);
    }
    check_repair(c, &k->repair, missed, &yes);
    c->now = yes;
}

struct options {
    struct pl_state from, after;
    bool always; /* one has no condition */
};

static void check_option(struct pl_check *c, const struct pl_ast_choice *o, struct options *all) {
    pl_grammar__assume(c, o->option.cond, true);
    pl_grammar__check_text(&c->where, o->option.label);
    pl_grammar__check_label(c, o->option.label);
    pl_grammar__check_id(c, &o->option.id, pl_grammar__has_words(o->option.label));
    check_says(c, o);
    pl_grammar__check_target(c, &o->option.target);
    struct pl_state end = pl_grammar__state_copy(c);
    if (o->option.body)
        end = branch(c, c->now, o->option.body);
    else if (o->option.target.kind != PL_TARGET_NONE)
        end.alive = false;
    join(&all->after, &end);
}

static void check_options(struct pl_check *c, const struct pl_ast_choices *choices,
                          struct options *all, bool in_loop) {
    for (size_t i = 0; i < choices->n; i++) {
        const struct pl_ast_choice *o = choices->v[i];
        struct pl_known before = c->now.known;
        if (o->kind == PL_CHOICE_OPTION) {
            if (!o->option.cond && !in_loop && o->option.target.kind != PL_TARGET_OPEN)
                all->always = true;
            check_option(c, o, all);
        } else {
            pl_grammar__check_each(c, &o->each.each);
            check_options(c, &o->each.choices, all, true);
        }
        c->now.known = before;
    }
}

static void check_choose(struct pl_check *c, const struct pl_ast_choose *k, struct pl_span head) {
    pl_grammar__check_line(c, &k->line);
    pl_grammar__check_parts(c, &k->parts);
    struct options all = {.from = pl_grammar__state_copy(c)};
    check_options(c, &k->choices, &all, false);
    if (!all.always && !k->repair.otherwise && !k->repair.else_block)
        pl_diag(c->g->diags, PL_D_HIDDEN_OPTIONS, head);
    check_repair(c, &k->repair, all.from, &all.after);
    c->now = all.after;
}

/* ---- calls ---- */

static bool hook_fails(const struct pl_ast_hook *h, struct pl_str name) {
    if (pl_str_is(name, "unavailable")) return h->effect != PL_EFFECT_PURE;
    if (pl_str_is(name, "unconfirmed")) return h->effect == PL_EFFECT_WRITE_ONCE;
    for (size_t i = 0; i < h->fails.n; i++)
        if (pl_str_eq(h->fails.v[i].s, name)) return true;
    return false;
}

static bool handled(const struct pl_ast_arms *arms, struct pl_str name) {
    for (size_t i = 0; i < arms->n; i++)
        for (size_t k = 0; k < arms->v[i].names.n; k++)
            if (pl_str_eq(arms->v[i].names.v[k].s, name)) return true;
    return false;
}

static void unknown_failure(struct pl_check *c, const struct pl_symbol *hook,
                            const struct pl_ast_name *name) {
    struct pl_graph *g = c->g;
    const struct pl_ast_hook *h = &hook->decl->hook;
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, h->fails.n + 2);
    size_t n = 0;
    for (; n < h->fails.n; n++) names[n] = h->fails.v[n].s;
    names[n++] = PL_STR("unavailable");
    if (h->effect == PL_EFFECT_WRITE_ONCE) names[n++] = PL_STR("unconfirmed");
    struct pl_diag *d = pl_diag2(g->diags, PL_D_FAILURE_UNKNOWN, name->span, hook->name, name->s);
    pl_diag_nearest(g->diags, d, name->span, name->s, names, n);
}

/* A branch that hands over, for the designer to write better. */
static void offer_branch(struct pl_check *c, struct pl_diag *d, const struct pl_ast_call *k,
                         struct pl_str failure) {
    struct pl_span head =
        pl_span_join(k->callee.span, k->args.present ? k->args.span : k->callee.span);
    struct pl_str branch =
        pl_grammar__str(c->g, "%.*s\n  handoff because \"%.*s: %.*s\"", PL_STR_ARG(failure),
                        PL_STR_ARG(k->callee.s), PL_STR_ARG(failure));
    pl_diag_fix_below(c->g->diags, d, PL_FIX_UNSAFE, head, branch,
                      "add a block `%.*s` that hands over", PL_STR_ARG(failure));
}

static void check_failures(struct pl_check *c, const struct pl_ast_call *k,
                           const struct pl_symbol *hook) {
    struct pl_graph *g = c->g;
    const struct pl_ast_hook *h = &hook->decl->hook;
    bool unknown = false; /* then the one that is left out is what was meant */
    for (size_t i = 0; i < k->failures.n; i++)
        for (size_t n = 0; n < k->failures.v[i].names.n; n++) {
            const struct pl_ast_name *name = &k->failures.v[i].names.v[n];
            if (!hook_fails(h, name->s)) {
                unknown_failure(c, hook, name);
                unknown = true;
            }
            for (size_t e = 0; e < i; e++)
                for (size_t m = 0; m < k->failures.v[e].names.n; m++)
                    if (pl_str_eq(k->failures.v[e].names.v[m].s, name->s))
                        pl_diag1(g->diags, PL_D_FAILURE_TWICE, name->span, name->s);
        }
    for (size_t i = 0; i < h->fails.n && !unknown; i++)
        if (!handled(&k->failures, h->fails.v[i].s))
            offer_branch(c,
                         pl_diag2(g->diags, PL_D_FAILURE_UNHANDLED, k->callee.span, hook->name,
                                  h->fails.v[i].s),
                         k, h->fails.v[i].s);
    if (h->effect == PL_EFFECT_WRITE_ONCE && !handled(&k->failures, PL_STR("unconfirmed")))
        offer_branch(c, pl_diag1(g->diags, PL_D_UNCONFIRMED_UNHANDLED, k->callee.span, hook->name),
                     k, PL_STR("unconfirmed"));
}

/* Who the customer is need not be shown to him; all else that is written must be, and of what is
 * worked out the values that it is worked out from. */
static void check_shown(struct pl_check *c, const struct pl_ast_call *k,
                        const struct pl_ast_expr *e) {
    size_t parts;
    switch (e->kind) {
    case PL_EXPR_BINARY:
        check_shown(c, k, e->binary.left);
        check_shown(c, k, e->binary.right);
        return;
    case PL_EXPR_CALL:
        for (size_t i = 0; i < e->call.args.n; i++) check_shown(c, k, e->call.args.v[i]);
        return;
    case PL_EXPR_LIST:
        for (size_t i = 0; i < e->list.n; i++) check_shown(c, k, e->list.v[i]);
        return;
    case PL_EXPR_PATH: break;
    default: return;
    }
    uint32_t ref = pl_grammar__slot_ref(c->g, c->flow, &e->path, &parts);
    if (ref == PL_NOWHERE || PL_SLOT_SCOPE(ref) == PL_SCOPE_CUSTOMER) return;
    const struct pl_graph_slot *slot = pl_grammar__slot_at(c->g, c->flow, ref);
    uint32_t path = pl_grammar__path(c->g, shown_path(c, e->path.s));
    if (!(slot->type.quals & PL_SECRET) && !pl_grammar__known_has(&c->now.known, path))
        pl_diag2(c->g->diags, PL_D_CONFIRM_SHOWS, e->span, k->callee.s, e->path.s);
}

/* The shop's records are not written on the word of whoever writes here. */
static void check_owner(struct pl_check *c, const struct pl_ast_call *k) {
    pl_grammar__mute(c->g);
    struct pl_tx *withheld = NULL;
    for (size_t i = 0; i < k->args.n && !withheld; i++) {
        struct pl_tx *x = pl_grammar__expr(&c->where, k->args.v[i], NULL);
        if (x->kind != PL_TX_BAD && pl_grammar__is_withheld(&c->where, x)) withheld = x;
    }
    if (c->aloud) pl_grammar__speak(c->g);
    if (withheld)
        pl_diag2(c->g->diags, PL_D_PRIVATE_WRITE, withheld->span,
                 withheld->name.n ? withheld->name : PL_STR("this value"), k->callee.s);
}

/* What a write asks of the path to it. */
static void check_write(struct pl_check *c, const struct pl_ast_call *k) {
    check_owner(c, k);
    if (c->now.declined) {
        const struct pl_ast_block *no = c->now.declined;
        struct pl_span at = no->n ? no->v[no->n - 1]->head : no->span;
        struct pl_diag *d = pl_diag1(c->g->diags, PL_D_CONFIRM_NO, at, k->callee.s);
        pl_diag_note(c->g->diags, d, k->callee.span, "this writes");
        c->now.declined = NULL; /* once is enough */
        return;
    }
    if (!c->flow->decl->flow.regulated) return;
    if (!pl_grammar__known_has(&c->now.known, c->confirmed))
        pl_diag1(c->g->diags, PL_D_UNCONFIRMED_WRITE, k->callee.span, k->callee.s);
    else
        for (size_t i = 0; i < k->args.n; i++) check_shown(c, k, k->args.v[i]);
}

/* A declared type that is unknown was reported where it is declared. */
static void check_result(struct pl_check *c, const struct pl_ast_call *k,
                         const struct pl_ast_type *declared, struct pl_type type) {
    if (!k->result.n) return;
    if (type.kind == PL_KIND_NONE) {
        if (!declared) pl_diag1(c->g->diags, PL_D_NO_RESULT, k->callee.span, k->callee.s);
        return;
    }
    struct pl_graph_slot *slot = slot_of(c, &k->result);
    if (slot) pl_grammar__check_kept(c, type.quals, k->result.span, k->callee.s, &k->result, slot);
    if (slot && k->result.n > 1 && !pl_grammar__fits(c->g, type, slot->type))
        pl_diag2(c->g->diags, PL_D_TYPE, k->result.span, pl_grammar__type_name(c->g, slot->type),
                 pl_grammar__type_name(c->g, type));
}

static void check_call_hook(struct pl_check *c, const struct pl_ast_call *k,
                            struct pl_symbol *hook) {
    const struct pl_ast_hook *h = &hook->decl->hook;
    hook->used = true;
    pl_grammar__check_args(c, hook->name, &k->args, &h->params, k->callee.span);
    check_failures(c, k, hook);
    if (h->effect == PL_EFFECT_WRITE_ONCE) check_write(c, k);
    struct pl_type type = pl_grammar__kind(PL_KIND_NONE);
    pl_grammar__mute(c->g);
    if (h->result) type = pl_grammar__type(c->g, h->result, hook->name);
    if (c->aloud) pl_grammar__speak(c->g);
    check_result(c, k, h->result, type);
    struct pl_state failed = pl_grammar__state_copy(c), done = pl_grammar__state_copy(c);
    forget(c, &failed, &k->result);
    forget(c, &done, &k->result);
    if (k->result.n && !type.optional) learn(c, &done, k->result.s);
    for (size_t i = 0; i < k->failures.n; i++) {
        struct pl_state end = branch(c, failed, k->failures.v[i].block);
        join(&done, &end);
    }
    c->now = done;
}

static void check_call_flow(struct pl_check *c, const struct pl_ast_call *k,
                            struct pl_symbol *flow) {
    struct pl_graph_flow *f = &c->g->flow.v[flow->index];
    flow->used = true;
    pl_grammar__check_args(c, flow->name, &k->args, &flow->decl->flow.params, k->callee.span);
    if (k->failures.n) pl_diag(c->g->diags, PL_D_FLOW_FAILURES, k->failures.v[0].span);
    check_result(c, k, flow->decl->flow.result, f->result);
    struct pl_state done = pl_grammar__state_copy(c);
    for (size_t i = 0; i < c->g->cleared.n; i++)
        pl_grammar__known_drop(c->g, &done.known, pl_grammar__path(c->g, c->g->cleared.v[i]));
    forget(c, &done, &k->result);
    if (k->result.n && !f->result.optional) learn(c, &done, k->result.s);
    c->now = done;
}

static void unknown_callee(struct pl_check *c, const struct pl_ast_path *callee) {
    struct pl_graph *g = c->g;
    size_t n = 0;
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, g->hooks.n + g->flows.n + 1);
    for (size_t i = 0; i < g->hooks.n; i++) names[n++] = g->hooks.v[i]->name;
    for (size_t i = 0; i < g->flows.n; i++) names[n++] = g->flows.v[i]->name;
    pl_grammar__unknown(g, callee->n > 1 ? "hook" : "flow or hook", callee->s, callee->span, names,
                        n);
}

static void check_call(struct pl_check *c, const struct pl_ast_call *k) {
    struct pl_symbol *hook = pl_grammar__find(&c->g->hooks, k->callee.s);
    struct pl_symbol *flow = pl_grammar__find(&c->g->flows, k->callee.s);
    if (hook) {
        check_call_hook(c, k, hook);
    } else if (flow) {
        check_call_flow(c, k, flow);
    } else {
        unknown_callee(c, &k->callee);
        if (k->result.n) learn(c, &c->now, k->result.s);
    }
}

static struct pl_check_mark *mark_named(struct pl_check *c, struct pl_str name);

/* To a mark of this flow one goes by `back`. */
static bool goto_mark(struct pl_check *c, const struct pl_ast_name *to) {
    if (pl_grammar__find(&c->g->flows, to->s) || !mark_named(c, to->s)) return false;
    struct pl_diag *d = pl_diag2(c->g->diags, PL_D_UNKNOWN, to->span, PL_STR("flow"), to->s);
    pl_diag_hint(c->g->diags, d, "it is a mark: write `back %.*s at most 3 else …`",
                 PL_STR_ARG(to->s));
    return true;
}

static void check_goto(struct pl_check *c, const struct pl_ast_goto *k) {
    c->now.alive = false;
    if (goto_mark(c, &k->flow)) return;
    struct pl_symbol *flow = pl_grammar__need(c->g, &c->g->flows, k->flow.s, k->flow.span);
    if (flow)
        pl_grammar__check_args(c, flow->name, &k->args, &flow->decl->flow.params, k->flow.span);
}

/* ---- branches ---- */

static void bool_optional(struct pl_check *c, struct pl_span at, struct pl_str name) {
    static const char *const tests[] = {"is true", "is not empty"};
    struct pl_diag *d = pl_diag1(c->g->diags, PL_D_BOOL_OPTIONAL, at, name);
    struct pl_span end = {at.file, at.end, at.end};
    for (size_t i = 0; i < PL_LEN(tests); i++)
        pl_diag_fix(c->g->diags, d, PL_FIX_UNSAFE, end, pl_grammar__str(c->g, " %s", tests[i]),
                    "write `%.*s %s`", PL_STR_ARG(name), tests[i]);
}

/* A bare bool that may be absent asks two questions at once. */
static void check_bare(struct pl_check *c, struct pl_ast_expr *e) {
    if (e->kind != PL_EXPR_PATH) return;
    pl_grammar__mute(c->g);
    struct pl_tx *x = pl_grammar__expr(&c->where, e, NULL);
    if (c->aloud) pl_grammar__speak(c->g);
    if (x->kind == PL_TX_FIELD && x->type.kind == PL_KIND_BOOL && x->type.optional &&
        !x->a->type.optional)
        bool_optional(c, e->span, x->name);
}

static void check_if(struct pl_check *c, const struct pl_ast_if *k) {
    struct pl_state after = {0};
    for (size_t i = 0; i < k->arms.n; i++) {
        struct pl_state otherwise = pl_grammar__state_copy(c);
        check_bare(c, k->arms.v[i].cond);
        struct pl_tx *x = pl_grammar__condition(&c->where, k->arms.v[i].cond);
        struct pl_state then = pl_grammar__state_copy(c);
        pl_grammar__narrow(c->g, &then.known, x, true);
        pl_grammar__narrow(c->g, &otherwise.known, x, false);
        struct pl_state end = branch(c, then, k->arms.v[i].block);
        join(&after, &end);
        c->now = otherwise;
    }
    if (k->else_block) c->now = branch(c, c->now, k->else_block);
    join(&after, &c->now);
    c->now = after;
}

static bool member_name(struct pl_check *c, const struct pl_tx *x, struct pl_str name) {
    if (x->type.kind == PL_KIND_BOOL) return pl_str_is(name, "true") || pl_str_is(name, "false");
    struct pl_str *names;
    size_t n = pl_grammar__names(c->g, x->type, &names);
    for (size_t i = 0; i < n; i++)
        if (pl_str_eq(names[i], name)) return true;
    return false;
}

/* Gives whether all its names are members. */
static bool check_arm(struct pl_check *c, const struct pl_ast_match *k, size_t arm,
                      const struct pl_tx *x) {
    struct pl_graph *g = c->g;
    bool members = true;
    for (size_t i = 0; i < k->arms.v[arm].names.n; i++) {
        const struct pl_ast_name *name = &k->arms.v[arm].names.v[i];
        for (size_t e = 0; e < arm; e++)
            for (size_t m = 0; m < k->arms.v[e].names.n; m++)
                if (pl_str_eq(k->arms.v[e].names.v[m].s, name->s))
                    pl_diag1(g->diags, PL_D_ARM_TWICE, name->span, name->s);
        if (member_name(c, x, name->s)) continue;
        struct pl_str *names;
        size_t n = pl_grammar__names(g, x->type, &names);
        struct pl_type type = x->type;
        type.optional = false;
        struct pl_diag *d = pl_diag2(g->diags, PL_D_NOT_MEMBER, name->span, name->s,
                                     pl_grammar__type_name(g, type));
        pl_diag_nearest(g->diags, d, name->span, name->s, names, n);
        members = false;
    }
    return members;
}

/* What no arm speaks of: "shipped, delivered"; empty when all is said. */
static struct pl_str left_out(struct pl_check *c, const struct pl_ast_match *k,
                              const struct pl_tx *x) {
    static const struct pl_str truths[] = {{"true", 4}, {"false", 5}};
    struct pl_str *names = (struct pl_str *)truths, out = PL_STR("");
    size_t n = 2;
    if (x->type.kind != PL_KIND_BOOL) n = pl_grammar__names(c->g, x->type, &names);
    for (size_t i = 0; i < n; i++)
        if (!handled(&k->arms, names[i]))
            out = pl_grammar__str(c->g, "%.*s%s%.*s", PL_STR_ARG(out), out.n ? ", " : "",
                                  PL_STR_ARG(names[i]));
    if (x->type.optional)
        out = pl_grammar__str(c->g, "%.*s%sthe absent value", PL_STR_ARG(out), out.n ? ", " : "");
    return out;
}

/* In the arm `true` of a bool it is known to be so. */
static struct pl_state arm_state(struct pl_check *c, struct pl_state from,
                                 const struct pl_ast_arm *arm, const struct pl_tx *x) {
    if (!x || x->type.kind != PL_KIND_BOOL || arm->names.n != 1) return from;
    from.known = pl_grammar__known_copy(c->g, &from.known);
    pl_grammar__narrow(c->g, &from.known, x, pl_str_is(arm->names.v[0].s, "true"));
    return from;
}

static void report_left(struct pl_check *c, const struct pl_tx *x, struct pl_span head,
                        struct pl_str left) {
    struct pl_diags *said = c->g->diags;
    struct pl_diag *d = pl_diag1(said, PL_D_NOT_EXHAUSTIVE, head, left);
    if (x->type.optional) return; /* what is absent has its way under `else`, at the end */
    struct pl_str arm = pl_grammar__str(c->g, "%.*s\n  handoff because \"%.*s\"", PL_STR_ARG(left),
                                        PL_STR_ARG(left));
    pl_diag_fix_below(said, d, PL_FIX_UNSAFE, head, arm, "add `%.*s`, which hands over",
                      PL_STR_ARG(left));
}

static void check_match(struct pl_check *c, const struct pl_ast_match *k, struct pl_span head) {
    struct pl_graph *g = c->g;
    struct pl_tx *x = pl_grammar__expr(&c->where, k->expr, NULL);
    if (x->kind != PL_TX_BAD && x->type.kind != PL_KIND_BOOL && !pl_grammar__is_enum(g, x->type)) {
        pl_diag1(g->diags, PL_D_MATCH_KIND, k->expr->span, pl_grammar__type_name(g, x->type));
        x = NULL;
    } else if (x->kind == PL_TX_BAD) {
        x = NULL;
    }
    struct pl_state from = pl_grammar__state_copy(c), after = {0}, end;
    bool members = true;
    if (x) pl_grammar__known_present(g, &from.known, x);
    for (size_t i = 0; i < k->arms.n; i++) {
        if (x) members = check_arm(c, k, i, x) && members;
        end = branch(c, arm_state(c, from, &k->arms.v[i], x), k->arms.v[i].block);
        join(&after, &end);
    }
    struct pl_str left = x ? left_out(c, k, x) : PL_STR("");
    if (k->else_block && x && !left.n) pl_diag(g->diags, PL_D_ELSE_NEVER, k->else_block->span);
    if (!k->else_block && left.n && members) report_left(c, x, head, left);
    end = k->else_block ? branch(c, c->now, k->else_block) : (struct pl_state){0};
    join(&after, &end);
    c->now = after;
}

/* False and a report: it is no share, or its name stands above. */
static bool check_variant(struct pl_check *c, const struct pl_ast_experiment *e, size_t i) {
    const struct pl_ast_variant *v = &e->variants.v[i];
    for (size_t k = 0; k < i; k++)
        if (pl_str_eq(e->variants.v[k].name.s, v->name.s))
            pl_diag1(c->g->diags, PL_D_VARIANT_TWICE, v->name.span, v->name.s);
    if (!v->percent.n.scale && v->percent.n.m >= 1 && v->percent.n.m <= 100) return true;
    pl_diag1(c->g->diags, PL_D_VARIANT_PERCENT, v->percent.span,
             pl_span_text(c->g->input->sources, v->percent.span));
    return false;
}

static void check_experiment(struct pl_check *c, const struct pl_ast_experiment *e,
                             struct pl_span head) {
    struct pl_state after = {0};
    int64_t sum = 0;
    bool shares = true;
    for (size_t i = 0; i < e->variants.n; i++) {
        shares = check_variant(c, e, i) && shares;
        sum += e->variants.v[i].percent.n.m;
        struct pl_state end = branch(c, c->now, e->variants.v[i].block);
        join(&after, &end);
    }
    if (shares && sum != 100)
        pl_diag1(c->g->diags, PL_D_EXPERIMENT_SUM, head,
                 pl_grammar__str(c->g, "%lld", (long long)sum));
    c->now = after;
}

/* ---- marks ---- */

static struct pl_check_mark *mark_named(struct pl_check *c, struct pl_str name) {
    for (size_t i = 0; i < c->marks.n; i++)
        if (pl_str_eq(c->marks.v[i].name.s, name)) return &c->marks.v[i];
    return NULL;
}

static void check_mark(struct pl_check *c, const struct pl_ast_name *name) {
    struct pl_check_mark *m = mark_named(c, name->s);
    if (m && m->name.span.start != name->span.start) {
        struct pl_diag *d = pl_diag1(c->g->diags, PL_D_MARK_TWICE, name->span, name->s);
        pl_diag_note(c->g->diags, d, m->name.span, "first written here");
        return;
    }
    if (!m) {
        struct pl_check_mark fresh = {.name = *name};
        PL_AST_ADD(c->g->arena, &c->marks, fresh);
        return;
    }
    join_back(c, m);
}

static void check_most(struct pl_check *c, const struct pl_ast_number *n) {
    if (n->n.scale || n->n.m < 1 || n->n.m > 20)
        pl_diag2(c->g->diags, PL_D_MOST, n->span, pl_span_text(c->g->input->sources, n->span),
                 PL_STR("20"));
}

static void unknown_mark(struct pl_check *c, const struct pl_ast_name *name) {
    struct pl_str *names = PL_NEW_ARRAY(c->g->arena, struct pl_str, c->marks.n + 1);
    for (size_t i = 0; i < c->marks.n; i++) names[i] = c->marks.v[i].name.s;
    struct pl_diag *d = pl_diag1(c->g->diags, PL_D_MARK_UNKNOWN, name->span, name->s);
    pl_diag_nearest(c->g->diags, d, name->span, name->s, names, c->marks.n);
}

static void check_back(struct pl_check *c, const struct pl_ast_back *b) {
    struct pl_check_mark *m = mark_named(c, b->mark.s);
    check_most(c, &b->most);
    if (!m || m->name.span.start > b->mark.span.start)
        unknown_mark(c, &b->mark);
    else
        leads_back(c, m, c->now.known);
    branch(c, c->now, b->else_block);
    c->now.alive = false;
}

static void check_changed_slot(struct pl_check *c, const struct pl_ast_path *path) {
    struct pl_check_mark *m = NULL;
    if (!slot_of(c, path)) return;
    struct pl_state s = pl_grammar__state_copy(c);
    forget(c, &s, path);
    for (size_t i = 0; i < c->asks.n; i++) {
        struct pl_check_mark *one = &c->asks.v[i];
        if (!pl_str_eq(one->name.s, path->s) || one->name.span.start > path->span.start) continue;
        leads_back(c, m = one, s.known);
    }
    if (!m) pl_diag1(c->g->diags, PL_D_CHANGE_ASK, path->span, path->s);
}

static void check_change(struct pl_check *c, const struct pl_ast_change *k, struct pl_span head) {
    static const char name[] = "change_which";
    if (!pl_grammar__find(&c->g->flows, pl_str_c(name)))
        pl_diag1(c->g->diags, PL_D_PRELUDE_MISSING, head, pl_str_c(name));
    check_most(c, &k->most);
    for (size_t i = 0; i < k->slots.n; i++) check_changed_slot(c, &k->slots.v[i]);
    branch(c, c->now, k->else_block);
    c->now.alive = false;
}

/* ---- the rest ---- */

static void check_set(struct pl_check *c, const struct pl_ast_path *path,
                      struct pl_ast_expr *value) {
    struct pl_graph_slot *slot = slot_of(c, path);
    struct pl_tx *x = pl_grammar__expr(&c->where, value, slot ? &slot->type : NULL);
    if (slot && x->kind != PL_TX_BAD)
        pl_grammar__check_kept(c, x->type.quals, x->span, x->name, path, slot);
    if (slot && x->kind != PL_TX_BAD && slot->type.kind != PL_KIND_NONE) {
        struct pl_type type = slot->type;
        type.optional = true; /* the slot is unset then */
        pl_grammar__expect(&c->where, x, type);
    }
    struct pl_state s = pl_grammar__state_copy(c);
    forget(c, &s, path);
    if (!x->type.optional) learn(c, &s, path->s);
    if (x->type.quals & PL_PRIVATE && !pl_grammar__is_withheld(&c->where, x))
        learn(c, &s, pl_grammar__str(c->g, "%.*s.@asked", PL_STR_ARG(path->s)));
    c->now = s;
}

static void check_clear(struct pl_check *c, const struct pl_ast_paths *paths) {
    struct pl_state s = pl_grammar__state_copy(c);
    for (size_t i = 0; i < paths->n; i++) {
        slot_of(c, &paths->v[i]);
        forget(c, &s, &paths->v[i]);
    }
    c->now = s;
}

static void check_wait_length(struct pl_check *c, const struct pl_ast_duration *d) {
    if (d->ms > 0 && d->ms <= WAIT_MOST_MS) return;
    pl_diag1(c->g->diags, PL_D_WAIT_LENGTH, d->span, pl_span_text(c->g->input->sources, d->span));
}

static void check_wait(struct pl_check *c, const struct pl_ast_wait *w) {
    pl_grammar__check_id(c, &w->id, true);
    if (w->kind != PL_WAIT_UNTIL) check_wait_length(c, &w->duration);
    if (w->kind == PL_WAIT_EVENT) {
        struct pl_state late = pl_grammar__state_copy(c);
        if (w->else_block) late = branch(c, late, w->else_block);
        pl_grammar__check_wait_for(c, w, &c->now.known);
        join(&c->now, &late);
        return;
    }
    if (w->kind == PL_WAIT_UNTIL) {
        struct pl_tx *x = pl_grammar__expr(&c->where, w->until, NULL);
        pl_grammar__expect(&c->where, x, pl_grammar__kind(PL_KIND_DATETIME));
    }
    if (w->else_block) pl_diag(c->g->diags, PL_D_UNREACHABLE, w->else_block->span);
}

static void check_answer(struct pl_check *c, const struct pl_ast_answer *a) {
    pl_grammar__check_id(c, &a->id, true);
    for (size_t i = 0; i < a->tools.n; i++) pl_grammar__check_tool(c, &a->tools.v[i]);
    pl_grammar__check_givens(c, &a->given);
    pl_grammar__check_top(c, a->top);
    pl_grammar__prompt(c->g, &a->prompt, PL_MODEL_ANSWER);
    pl_grammar__check_never(c, &a->never);
    pl_grammar__check_budget(c, &a->budget);
    struct pl_state said = pl_grammar__state_copy(c);
    struct pl_state unsure = branch(c, c->now, a->unsure), down = branch(c, c->now, a->down);
    join(&said, &unsure);
    join(&said, &down);
    c->now = said;
}

static void check_decide(struct pl_check *c, const struct pl_ast_decide *d) {
    pl_grammar__check_decided(c, d, slot_of(c, &d->slot));
    if (d->about) {
        pl_grammar__check_inside(c, d->about);
        pl_grammar__check_text_leak(c, &d->about->pieces, "a model");
    }
    pl_grammar__check_givens(c, &d->from);
    pl_grammar__prompt(c->g, &d->prompt, PL_MODEL_DECIDE);
    pl_grammar__check_budget(c, &d->budget);
    struct pl_state s = pl_grammar__state_copy(c), decided = pl_grammar__state_copy(c);
    learn(c, &decided, d->slot.s);
    forget(c, &s, &d->slot);
    s = branch(c, s, d->none);
    join(&decided, &s);
    c->now = decided;
}

static void check_return(struct pl_check *c, struct pl_ast_expr *value, struct pl_span head) {
    struct pl_type result = c->flow->result;
    if (value && result.kind == PL_KIND_NONE) {
        pl_diag1(c->g->diags, PL_D_RETURN_VALUE, value->span, PL_STR("this flow gives no value"));
    } else if (value) {
        pl_grammar__expect(&c->where, pl_grammar__expr(&c->where, value, &result), result);
    } else if (result.kind != PL_KIND_NONE && !result.optional) {
        pl_diag1(c->g->diags, PL_D_RETURN_VALUE, head,
                 pl_grammar__str(c->g, "this flow gives %.*s: `return` needs a value",
                                 PL_STR_ARG(pl_grammar__type_name(c->g, result))));
    }
    c->now.alive = false;
}

static void check_pass(struct pl_check *c, struct pl_span head) {
    if (!c->in_otherwise) pl_diag(c->g->diags, PL_D_PASS_HERE, head);
    c->now.alive = false;
}

static void check_track(struct pl_check *c, const struct pl_ast_args *args) {
    for (size_t i = 0; i < args->n; i++)
        pl_grammar__check_leak(c, pl_grammar__expr(&c->where, args->v[i], NULL), "analytics");
}

static void statement(struct pl_check *c, const struct pl_ast_stmt *s) {
    switch (s->kind) {
    case PL_STMT_SAY: pl_grammar__check_say(c, &s->say); break;
    case PL_STMT_ANY_OF: pl_grammar__check_prompt(c, &s->any_of); break;
    case PL_STMT_ASK: check_ask(c, &s->ask, s->head); break;
    case PL_STMT_CONFIRM: check_confirm(c, &s->confirm); break;
    case PL_STMT_CHOOSE: check_choose(c, &s->choose, s->head); break;
    case PL_STMT_CALL: check_call(c, &s->call); break;
    case PL_STMT_ANSWER: check_answer(c, &s->answer); break;
    case PL_STMT_DECIDE: check_decide(c, &s->decide); break;
    case PL_STMT_IF: check_if(c, &s->if_); break;
    case PL_STMT_MATCH: check_match(c, &s->match, s->head); break;
    case PL_STMT_EXPERIMENT: check_experiment(c, &s->experiment, s->head); break;
    case PL_STMT_HANDOFF: check_handoff(c, &s->handoff); break;
    case PL_STMT_GOTO: check_goto(c, &s->goto_); break;
    case PL_STMT_SET: check_set(c, &s->set.slot, s->set.value); break;
    case PL_STMT_CLEAR: check_clear(c, &s->clear); break;
    case PL_STMT_MARK: check_mark(c, &s->mark); break;
    case PL_STMT_BACK: check_back(c, &s->back); break;
    case PL_STMT_CHANGE: check_change(c, &s->change, s->head); break;
    case PL_STMT_WAIT: check_wait(c, &s->wait); break;
    case PL_STMT_GOAL: break;
    case PL_STMT_NOTE: pl_grammar__check_inside(c, s->note); break;
    case PL_STMT_TRACK: check_track(c, &s->track.args); break;
    case PL_STMT_END: c->now.alive = false; break;
    case PL_STMT_RETURN: check_return(c, s->value, s->head); break;
    case PL_STMT_PASS: check_pass(c, s->head); break;
    }
}

/* A closing `end` or `return` below branches that all leave by themselves does no harm. */
static bool closing(const struct pl_ast_block *b, size_t i) {
    return i > 0 && i + 1 == b->n && b->v[i]->kind == PL_STMT_END &&
           (b->v[i - 1]->kind == PL_STMT_CHOOSE || b->v[i - 1]->kind == PL_STMT_IF ||
            b->v[i - 1]->kind == PL_STMT_MATCH);
}

static void block(struct pl_check *c, const struct pl_ast_block *b) {
    for (size_t i = 0; i < b->n; i++) {
        if (!c->now.alive) {
            if (closing(b, i)) return;
            struct pl_diag *d = pl_diag(c->g->diags, PL_D_UNREACHABLE, b->v[i]->head);
            pl_diag_fix_delete(c->g->diags, d, PL_FIX_UNSAFE, b->v[i]->span, "delete the line");
            return;
        }
        statement(c, b->v[i]);
    }
}

/* ---- a flow ---- */

static void begin(struct pl_check *c) {
    c->now = (struct pl_state){.alive = true};
    for (size_t i = 0; i < c->flow->slots.n; i++) {
        const struct pl_graph_slot *s = &c->flow->slots.v[i];
        if (s->param && !s->type.optional) learn(c, &c->now, s->name);
    }
    if (c->flow->decl->flow.verified) learn(c, &c->now, PL_STR("@verified"));
    c->where = (struct pl_where){.g = c->g, .flow = c->flow, .known = &c->now.known};
    c->changed = false;
}

static void check_end(struct pl_check *c) {
    struct pl_type result = c->flow->result;
    if (!c->now.alive || result.kind == PL_KIND_NONE || result.optional) return;
    pl_diag1(c->g->diags, PL_D_RETURN_VALUE, c->flow->decl->name.span,
             pl_grammar__str(c->g, "the flow `%.*s` may end without its value",
                             PL_STR_ARG(c->flow->decl->name.s)));
}

void pl_grammar__check_flow(struct pl_graph *g, struct pl_graph_flow *f) {
    struct pl_check c = {.g = g, .flow = f};
    pl_grammar__paths_begin(g);
    c.confirmed = pl_grammar__path(g, PL_STR("@confirmed"));
    pl_grammar__mute(g);
    unsigned walks = 0;
    do {
        begin(&c);
        block(&c, f->decl->flow.body);
    } while (c.changed && ++walks < WALKS_MOST);
    pl_grammar__speak(g);
    c.aloud = true;
    begin(&c);
    block(&c, f->decl->flow.body);
    check_end(&c);
}
