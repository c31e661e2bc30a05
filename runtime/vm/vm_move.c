/* SPDX-License-Identifier: Apache-2.0
 *
 * A conversation goes on under another image. Everything goes by names and ids: flows, slots and
 * what fits their types, waits, options and their labels, calls, marks. A flow of `on change move`
 * stands at the same wait, one of `restart` begins again; one that finishes keeps the whole
 * conversation where it is, and so does anything that cannot be found.
 */
#include "runtime/vm/vm_priv.h"

struct mover {
    struct pl_arena *a;
    const struct pl_image *from, *to;
    const struct pl_program *old, *new;
    struct pl_vm_moving *tell;
};

/* Why it cannot: gives false. */
static bool cannot(const struct mover *x, enum pl_vm_moves how, const struct vm_frame *f) {
    x->tell->how = how;
    if (f) x->tell->flow = f->flow;
    if (f) x->tell->wait = f->waiting == VM_RUNS ? PL_NOWHERE : f->wait;
    return false;
}

/* ---- values ---- */

static void move_slots(const struct mover *x, const struct pl_p_slot *had, uint32_t nhad,
                       const struct pl_value *values, const struct pl_p_slot *slots, uint32_t n,
                       struct pl_value *out) {
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < nhad; k++)
            if (pl_str_eq(had[k].name, slots[i].name) &&
                pl_value_is(&x->new->types, slots[i].type, values[k]))
                out[i] = values[k];
}

static struct pl_value *scope(const struct mover *x, const struct pl_p_slot *had, uint32_t nhad,
                              const struct pl_value *values, const struct pl_p_slot *slots,
                              uint32_t n) {
    struct pl_value *out = PL_NEW_ARRAY(x->a, struct pl_value, n + 1);
    move_slots(x, had, nhad, values, slots, n, out);
    return out;
}

/* ---- places ---- */

static uint32_t flow_of(const struct mover *x, uint32_t flow) {
    return flow < x->old->nflows ? pl_image_flow(x->to, x->old->flows[flow].name) : PL_NOWHERE;
}

static uint32_t wait_of(const struct mover *x, uint32_t wait, uint32_t flow) {
    const struct pl_p_wait *w = &x->old->waits[wait];
    for (uint32_t i = 0; i < x->new->nwaits; i++) {
        const struct pl_p_wait *n = &x->new->waits[i];
        if (n->flow == flow && n->kind == w->kind && pl_str_eq(n->id, w->id)) return i;
    }
    return PL_NOWHERE;
}

/* A text without an id is told by what it says. */
static uint32_t text_of(const struct mover *x, uint32_t text) {
    const struct pl_p_text *t = &x->old->texts[text];
    for (uint32_t i = 0; i < x->new->ntexts; i++) {
        const struct pl_p_text *n = &x->new->texts[i];
        if (n->nargs != t->nargs || !pl_str_eq(n->id, t->id)) continue;
        if (t->id.n || pl_str_eq(n->code[0], t->code[0])) return i;
    }
    return PL_NOWHERE;
}

static uint32_t option_of(const struct mover *x, uint32_t option, uint32_t wait) {
    const struct pl_p_option *o = &x->old->options[option];
    for (uint32_t i = 0; i < x->new->noptions; i++) {
        const struct pl_p_option *n = &x->new->options[i];
        if (n->wait == wait && n->kind == o->kind && pl_str_eq(n->id, o->id)) return i;
    }
    return PL_NOWHERE;
}

/* The statement's name in its flow: of a `back` its mark, with how many of the like stand before
 * it. */
static struct pl_str mark_of(const struct pl_program *p, uint32_t row) {
    uint32_t to = p->backs[row].to;
    if (to >= p->ncode || PL_WORD_OP(p->code[to]) != PL_OP_MARK) return (struct pl_str){0};
    return p->consts[PL_WORD_ARG(p->code[to])].s;
}

static bool is_back(uint32_t word) {
    return PL_WORD_OP(word) == PL_OP_BACK || PL_WORD_OP(word) == PL_OP_CHANGE;
}

/* The nth word of this opcode with this mark; or, when n is PL_NOWHERE, how many stand before the
 * row, in *before. */
static uint32_t find_back(const struct pl_program *p, const struct pl_p_flow *f, uint32_t op,
                          struct pl_str mark, uint32_t row, uint32_t n, uint32_t *before) {
    uint32_t seen = 0;
    for (uint32_t at = f->entry; at < f->end; at += 1 + pl_op_extra(p->code[at])) {
        uint32_t w = p->code[at];
        if (!is_back(w) || PL_WORD_OP(w) != op || PL_WORD_ARG(w) >= p->nbacks) continue;
        if (n == PL_NOWHERE && PL_WORD_ARG(w) == row) *before = seen;
        if (!pl_str_eq(mark_of(p, PL_WORD_ARG(w)), mark)) continue;
        if (seen++ == n) return PL_WORD_ARG(w);
    }
    return PL_NOWHERE;
}

static uint32_t back_of(const struct mover *x, uint32_t row, uint32_t from, uint32_t flow) {
    static const uint32_t ops[] = {PL_OP_BACK, PL_OP_CHANGE};
    if (row >= x->old->nbacks) return PL_NOWHERE;
    struct pl_str mark = mark_of(x->old, row);
    for (size_t i = 0; i < PL_LEN(ops); i++) {
        uint32_t before = PL_NOWHERE;
        find_back(x->old, &x->old->flows[from], ops[i], mark, row, PL_NOWHERE, &before);
        if (before == PL_NOWHERE) continue;
        return find_back(x->new, &x->new->flows[flow], ops[i], mark, 0, before, &before);
    }
    return PL_NOWHERE;
}

/* ---- questions ---- */

static uint32_t move_offers(const struct mover *x, uint32_t wait, uint32_t n,
                            const struct pl_vm_choice *offers, const struct pl_value *items,
                            struct pl_vm_choice **to, struct pl_value **items_to) {
    uint32_t kept = 0;
    *to = PL_NEW_ARRAY(x->a, struct pl_vm_choice, n + 1);
    *items_to = PL_NEW_ARRAY(x->a, struct pl_value, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        struct pl_vm_choice c = offers[i];
        c.option = option_of(x, c.option, wait);
        if (c.label.text < x->old->ntexts) c.label.text = text_of(x, c.label.text);
        if (c.option == PL_NOWHERE || c.label.text == PL_NOWHERE) continue;
        (*items_to)[kept] = items[i];
        (*to)[kept++] = c;
    }
    return kept;
}

static bool move_passed(const struct mover *x, struct vm_passed *q, uint32_t flow) {
    struct vm_passed was = *q;
    q->wait = wait_of(x, was.wait, flow);
    if (q->wait == PL_NOWHERE) return false;
    q->noffers = move_offers(x, q->wait, was.noffers, was.offers, was.items, &q->offers, &q->items);
    if (q->noffers != was.noffers) q->choice = 0; /* they are counted */
    return true;
}

/* ---- frames ---- */

static void move_lists(const struct mover *x, const struct vm_frame *f, struct vm_frame *to) {
    for (size_t i = 0; i < f->backs.n; i++) {
        uint32_t row = back_of(x, f->backs.v[i].key, f->flow, to->flow);
        if (row != PL_NOWHERE) VM_PUSH(x->a, &to->backs, ((struct vm_count){row, f->backs.v[i].n}));
    }
    for (size_t i = 0; i < f->asked.n; i++) {
        struct vm_passed q = f->asked.v[i];
        if (move_passed(x, &q, to->flow)) VM_PUSH(x->a, &to->asked, q);
    }
    for (size_t i = 0; i < f->before.n; i++) {
        struct vm_passed q = f->before.v[i];
        if (move_passed(x, &q, to->flow)) VM_PUSH(x->a, &to->before, q);
    }
    for (size_t i = 0; i < f->skipped.n; i++) {
        uint32_t wait =
            f->skipped.v[i] < x->old->nwaits ? wait_of(x, f->skipped.v[i], to->flow) : PL_NOWHERE;
        if (wait != PL_NOWHERE) VM_PUSH(x->a, &to->skipped, wait);
    }
}

/* A write that is settled is settled at every call of the hook in the new flow: which of them is
 * the old one cannot be told for sure, and nothing may happen twice. */
static void move_writes(const struct mover *x, const struct vm_frame *f, struct vm_frame *to) {
    const struct pl_p_flow *row = &x->new->flows[to->flow];
    for (size_t i = 0; i < f->writes.n; i++) {
        struct vm_write w = f->writes.v[i];
        if (w.call >= x->old->ncalls || x->old->calls[w.call].callee >= x->old->nhooks) continue;
        struct pl_str hook = x->old->hooks[x->old->calls[w.call].callee].name;
        for (uint32_t at = row->entry; at < row->end; at += 1 + pl_op_extra(x->new->code[at])) {
            uint32_t word = x->new->code[at];
            if (PL_WORD_OP(word) != PL_OP_CALL_HOOK) continue;
            const struct pl_p_call *call = &x->new->calls[PL_WORD_ARG(word)];
            if (call->callee >= x->new->nhooks || /* of code that nothing reaches */
                !pl_str_eq(x->new->hooks[call->callee].name, hook))
                continue;
            w.call = PL_WORD_ARG(word);
            if (w.asked > to->asked.n) w.asked = (uint32_t)to->asked.n;
            VM_PUSH(x->a, &to->writes, w);
        }
    }
}

static struct vm_frame bare(const struct mover *x, const struct vm_frame *f, uint32_t flow) {
    const struct pl_p_flow *had = &x->old->flows[f->flow], *row = &x->new->flows[flow];
    struct vm_frame to = {.flow = flow,
                          .pc = row->entry,
                          .run = f->run,
                          .role = f->role,
                          .idle = f->idle,
                          .call = PL_NOWHERE,
                          .arg = PL_NOWHERE,
                          .wait = PL_NOWHERE,
                          .hook_call = PL_NOWHERE,
                          .action.model = PL_NOWHERE};
    to.slots = PL_NEW_ARRAY(x->a, struct pl_value, row->nslots + 1);
    move_slots(x, had->slots, had->nslots, f->slots, row->slots, row->nslots, to.slots);
    return to;
}

/* It begins again: with its parameters, which must still be there. */
static bool restart(const struct mover *x, const struct vm_frame *f, uint32_t flow,
                    struct vm_frame *to) {
    const struct pl_p_flow *row = &x->new->flows[flow];
    *to = bare(x, f, flow);
    for (uint32_t i = 0; i < row->nslots; i++) {
        if (i >= row->nparams)
            to->slots[i] = PL_NONE;
        else if (to->slots[i].kind == PL_KIND_NONE && !row->slots[i].type.optional)
            return false;
    }
    return true;
}

static uint32_t model_of(const struct mover *x, uint32_t model, uint32_t flow) {
    for (uint32_t i = 0; i < x->new->nmodels; i++)
        if (x->new->models[i].flow == flow &&
            pl_str_eq(x->new->models[i].id, x->old->models[model].id))
            return i;
    return PL_NOWHERE;
}

/* What a model proposed. One that the new flow does not let it do is asked about no more: the wait
 * is gone with it. */
static void move_action(const struct mover *x, const struct vm_frame *f, struct vm_frame *to) {
    struct vm_action a = f->action;
    if (a.model == PL_NOWHERE) return;
    const struct pl_p_action *was = &x->old->models[a.model].actions[a.action];
    a.model = model_of(x, a.model, to->flow);
    for (uint32_t i = 0; a.model != PL_NOWHERE && i < x->new->models[a.model].nactions; i++) {
        uint32_t hook = x->new->models[a.model].actions[i].hook;
        if (!pl_str_eq(x->new->hooks[hook].name, x->old->hooks[was->hook].name)) continue;
        a.action = i;
        to->action = a;
        return;
    }
}

/* The question asks for something else now, or has none of the answers that it gave. */
static bool asks_otherwise(const struct mover *x, const struct vm_frame *f,
                           const struct vm_frame *to) {
    const struct pl_p_wait *was = &x->old->waits[f->wait], *is = &x->new->waits[to->wait];
    if (f->waiting != VM_QUESTION) return false;
    if (f->noffers && !to->noffers) return true;
    return is->kind == PL_WAIT_ASK &&
           !pl_type_alike(&x->old->types, was->type, &x->new->types, is->type);
}

/* Its answer so far is of no use: with the next message it is asked again. */
static void ask_again(const struct mover *x, struct vm_frame *to) {
    to->pc = x->new->waits[to->wait].at;
    to->waiting = VM_RUNS;
    to->wait = PL_NOWHERE;
    to->tries = 0;
    to->deadline = 0;
    to->noffers = 0;
    to->narrowed = false;
    to->said = (struct pl_str){0};
    x->tell->how = PL_VM_MOVES_ASKS;
}

/* It stands where it stood: at its wait, or behind the call of the frame above. */
static bool move(const struct mover *x, const struct vm_frame *f, uint32_t flow,
                 struct vm_frame *to) {
    *to = bare(x, f, flow);
    to->waiting = f->waiting;
    to->tries = f->tries;
    to->deadline = f->deadline;
    to->value_on_stack = f->value_on_stack;
    to->narrowed = f->narrowed;
    to->said = f->said;
    move_lists(x, f, to);
    move_writes(x, f, to);
    move_action(x, f, to);
    if (f->waiting == VM_RUNS) return true; /* its pc is told by the call */
    to->wait = wait_of(x, f->wait, flow);
    if (to->wait == PL_NOWHERE) return false;
    to->pc = x->new->waits[to->wait].next;
    to->noffers = move_offers(x, to->wait, f->noffers, f->offers, f->offer_items, &to->offers,
                              &to->offer_items);
    if (asks_otherwise(x, f, to)) ask_again(x, to);
    return true;
}

/* It went over before and nothing was said since: it still begins again, or asks again. */
static bool begins(const struct mover *x, const struct vm_frame *f, struct vm_frame *to) {
    if (f->pc == x->old->flows[f->flow].entry) return true;
    for (uint32_t i = 0; i < x->old->nwaits; i++) {
        const struct pl_p_wait *w = &x->old->waits[i];
        if (w->flow != f->flow || w->at != f->pc) continue;
        uint32_t wait = wait_of(x, i, to->flow);
        if (wait != PL_NOWHERE) to->pc = x->new->waits[wait].at;
        return wait != PL_NOWHERE;
    }
    return false;
}

/* Where the caller made the call of this id to this flow. */
static bool find_call(const struct mover *x, const struct vm_frame *callee, uint32_t flow,
                      struct vm_frame *caller, struct vm_frame *to) {
    const struct pl_p_call *was = &x->old->calls[callee->call];
    const struct pl_p_flow *row = &x->new->flows[caller->flow];
    enum pl_op op = callee->value_on_stack ? PL_OP_CALL_VALUE : PL_OP_CALL_FLOW;
    for (uint32_t at = row->entry; at < row->end; at += 1 + pl_op_extra(x->new->code[at])) {
        uint32_t word = x->new->code[at];
        if (PL_WORD_OP(word) != op) continue;
        const struct pl_p_call *call = &x->new->calls[PL_WORD_ARG(word)];
        if (call->callee != flow || !pl_str_eq(call->id, was->id)) continue;
        to->call = PL_WORD_ARG(word);
        caller->pc = at + 1;
        return true;
    }
    return false;
}

static bool is_busy(const struct vm_frame *f) {
    return f->waiting == VM_EFFECT || f->waiting == VM_MODEL || f->waiting == VM_NAMING ||
           f->verifies || f->role == VM_OFFER || f->role == VM_CORRECTING || f->role == VM_CONSENT;
}

/* A flow that is gone was to go over if it said so itself. */
static bool may_move(const struct mover *x, const struct vm_state *s, const struct vm_frame *f) {
    if (is_busy(f)) return cannot(x, PL_VM_MOVES_STAYS, f);
    uint32_t flow = flow_of(x, f->flow);
    const struct pl_p_flow *row =
        flow == PL_NOWHERE ? &x->old->flows[f->flow] : &x->new->flows[flow];
    if (row->on_change == PL_CHANGE_FINISH) return cannot(x, PL_VM_MOVES_STAYS, f);
    if (flow == PL_NOWHERE || (row->verified && !s->verified))
        return cannot(x, PL_VM_MOVES_LOST, f);
    return true;
}

/* The frames [from, end) of one task. */
static bool move_task(const struct mover *x, const struct vm_state *s, uint32_t from, uint32_t end,
                      struct vm_state *to) {
    bool again = false;
    for (uint32_t i = from; i < end; i++) {
        if (!may_move(x, s, &s->frames[i])) return false;
        uint32_t flow = flow_of(x, s->frames[i].flow);
        again = again || x->new->flows[flow].on_change == PL_CHANGE_RESTART;
    }
    if (again) {
        const struct vm_frame *root = &s->frames[from];
        x->tell->how = PL_VM_MOVES_ASKS;
        return restart(x, root, flow_of(x, root->flow), &to->frames[to->nframes++]) ||
               cannot(x, PL_VM_MOVES_LOST, root);
    }
    for (uint32_t i = from; i < end; i++) {
        const struct vm_frame *f = &s->frames[i];
        struct vm_frame *n = &to->frames[to->nframes++];
        uint32_t flow = flow_of(x, f->flow);
        if (!move(x, f, flow, n)) return cannot(x, PL_VM_MOVES_LOST, f);
        bool top = i + 1 == end;
        if (f->waiting == VM_RUNS && top && !begins(x, f, n)) return cannot(x, PL_VM_MOVES_LOST, f);
        if (i == from) continue;
        if (f->call == PL_NOWHERE || n[-1].waiting != VM_RUNS || !find_call(x, f, flow, &n[-1], n))
            return cannot(x, PL_VM_MOVES_LOST, f);
    }
    return true;
}

static bool move_frames(const struct mover *x, const struct vm_state *s, struct vm_state *to) {
    to->nframes = 0;
    for (uint32_t from = 0; from < s->nframes;) {
        uint32_t end = from + 1;
        while (end < s->nframes && s->frames[end].role == VM_CALLED) end++;
        if (!move_task(x, s, from, end, to)) return false;
        from = end;
    }
    return true;
}

/* ---- what is kept for later ---- */

static void move_kept(const struct mover *x, const struct vm_state *s, struct vm_state *to) {
    struct pl_vm_entity *kept = PL_NEW_ARRAY(x->a, struct pl_vm_entity, s->nkept + 1);
    to->kept_flow = flow_of(x, s->kept_flow);
    to->nkept = 0;
    for (uint32_t i = 0; i < s->nkept && to->kept_flow != PL_NOWHERE; i++) {
        struct pl_vm_entity e = s->kept[i];
        bool found = e.entity == PL_NOWHERE;
        for (uint32_t k = 0; !found && e.entity < x->old->nentities && k < x->new->nentities; k++) {
            found = pl_str_eq(x->old->entities[e.entity].name, x->new->entities[k].name);
            if (found) e.entity = k;
        }
        if (found) kept[to->nkept++] = e;
    }
    to->kept = kept;
}

static void move_offer(const struct mover *x, const struct vm_state *s, struct vm_state *to) {
    to->offer_rule = PL_NOWHERE;
    for (uint32_t i = 0; s->offer_rule < x->old->nrules && i < x->new->nrules; i++)
        if (pl_str_eq(x->new->rules[i].name, x->old->rules[s->offer_rule].name)) to->offer_rule = i;
}

/* The truth about a write is owed: it is told where it can be told. */
static bool move_pending(const struct mover *x, const struct vm_state *s, struct vm_state *to) {
    to->pending.v = NULL;
    to->pending.n = to->pending.cap = 0;
    for (size_t i = 0; i < s->pending.n; i++) {
        struct vm_pending p = s->pending.v[i];
        p.flow = flow_of(x, p.flow);
        if (p.flow == PL_NOWHERE) return false;
        VM_PUSH(x->a, &to->pending, p);
    }
    return true;
}

static struct pl_value *memory(const struct mover *x, const struct pl_value *values) {
    return scope(x, x->old->customer, x->old->ncustomer, values, x->new->customer,
                 x->new->ncustomer);
}

static enum pl_err move_state(struct pl_vm *vm, const struct pl_image *from, struct pl_str state,
                              const struct pl_image *to, struct pl_arena *a,
                              struct pl_vm_moving *tell, struct pl_str *out) {
    struct mover x = {a, from, to, pl_image_program(from), pl_image_program(to), tell};
    struct vm_state *s, *n = PL_NEW(a, struct vm_state), *check;
    enum pl_err err = pl_vm__decode(a, from, state, &s);
    if (err != PL_OK) return err;
    const struct vm_frame *top = s->nframes ? &s->frames[s->nframes - 1] : NULL;
    cannot(&x, PL_VM_MOVES_STANDS, top); /* so far */
    *n = *s;
    n->frames = pl_arena_raw(a, VM_FRAMES * sizeof *n->frames);
    n->session =
        scope(&x, x.old->session, x.old->nsession, s->session, x.new->session, x.new->nsession);
    n->customer = memory(&x, s->customer);
    n->memory = s->memory ? memory(&x, s->memory) : NULL;
    n->picks.n = 0; /* they go by address */
    n->done = (struct vm_done){.flow = PL_NOWHERE};
    move_kept(&x, s, n);
    move_offer(&x, s, n);
    if (!move_pending(&x, s, n) && !cannot(&x, PL_VM_MOVES_LOST, NULL)) return PL_CONFLICT;
    if (!move_frames(&x, s, n)) return PL_CONFLICT;
    *out = pl_vm__encode(&vm->buf, a, x.new, n);
    if (pl_vm__decode(a, to, *out, &check) == PL_OK) return PL_OK;
    cannot(&x, PL_VM_MOVES_LOST, top);
    return PL_CONFLICT;
}

enum pl_err pl_vm_move(struct pl_vm *vm, const struct pl_image *from, struct pl_str state,
                       const struct pl_image *to, struct pl_arena *a, struct pl_str *out) {
    struct pl_vm_moving tell;
    return move_state(vm, from, state, to, a, &tell, out);
}

enum pl_err pl_vm_moving(struct pl_vm *vm, const struct pl_image *from, struct pl_str state,
                         const struct pl_image *to, struct pl_arena *a, struct pl_vm_moving *out) {
    struct pl_str moved;
    *out = (struct pl_vm_moving){.flow = PL_NOWHERE, .wait = PL_NOWHERE};
    enum pl_err err = move_state(vm, from, state, to, a, out, &moved);
    return err == PL_CONFLICT ? PL_OK : err;
}
