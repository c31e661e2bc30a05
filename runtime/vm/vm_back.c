/* SPDX-License-Identifier: Apache-2.0
 *
 * Going back in a run: what was asked, and what becomes of later answers when the flow goes
 * another way.
 *
 *   asked   questions that the run came by, each once, the open one last
 *   before  after a step back: those that came behind; each leaves when the run comes by again,
 *           and is forgotten, answer and all, when no way ahead leads to it any more
 */
#include "runtime/vm/vm_priv.h"

#include <string.h>

/* ---- questions of this run ---- */

static size_t find_passed(const struct vm_passed *v, size_t n, uint32_t wait) {
    size_t i = 0;
    while (i < n && v[i].wait != wait) i++;
    return i;
}

static void drop(struct vm_passed *v, size_t *n, size_t i) {
    if (i >= *n) return;
    memmove(&v[i], &v[i + 1], (*n - i - 1) * sizeof *v);
    (*n)--;
}

struct vm_passed *pl_vm__passed(struct vm_frame *f, uint32_t wait) {
    size_t i = find_passed(f->asked.v, f->asked.n, wait);
    return i < f->asked.n ? &f->asked.v[i] : NULL;
}

struct vm_passed *pl_vm__pass(struct vm_machine *m, struct vm_frame *f, uint32_t wait, bool shown) {
    struct vm_passed row = {.wait = wait, .shown = shown};
    size_t old = find_passed(f->asked.v, f->asked.n, wait);
    size_t before = find_passed(f->before.v, f->before.n, wait);
    if (old < f->asked.n)
        row = f->asked.v[old];
    else if (before < f->before.n)
        row = f->before.v[before];
    row.shown |= shown;
    drop(f->asked.v, &f->asked.n, old);
    drop(f->before.v, &f->before.n, before);
    VM_PUSH(m->a, &f->asked, row);
    return &f->asked.v[f->asked.n - 1];
}

/* The run goes on from this question of it; what came behind may be passed again. */
static void return_to(struct vm_machine *m, struct vm_frame *f, uint32_t wait) {
    size_t at = find_passed(f->asked.v, f->asked.n, wait);
    for (size_t i = at; i < f->asked.n; i++) VM_PUSH(m->a, &f->before, f->asked.v[i]);
    f->asked.n = at;
    f->waiting = VM_RUNS;
    f->noffers = 0;
    f->pc = m->p->waits[wait].at;
}

static void unskip(struct vm_frame *f, uint32_t wait) {
    for (size_t i = f->skipped.n; i > 0; i--)
        if (f->skipped.v[i - 1] == wait) f->skipped.v[i - 1] = f->skipped.v[--f->skipped.n];
}

static void ask_anew(struct vm_machine *m, struct vm_frame *f, uint32_t wait) {
    const struct pl_p_wait *w = &m->p->waits[wait];
    struct pl_value *slot = w->kind == PL_WAIT_ASK ? pl_vm__slot(m->p, m->s, f, w->slot) : NULL;
    size_t at = find_passed(f->asked.v, f->asked.n, wait);
    if (slot) *slot = PL_NONE;
    unskip(f, wait);
    return_to(m, f, wait);
    if (at <= f->asked.n && f->before.n) /* its own old answer is none any more */
        drop(f->before.v, &f->before.n, find_passed(f->before.v, f->before.n, wait));
}

/* ---- what no way leads to any more ---- */

struct ahead {
    const struct pl_program *p;
    const struct pl_p_flow *flow;
    uint8_t *seen;
    uint32_t *todo, ntodo;
};

static void visit(struct ahead *s, uint32_t at) {
    if (at < s->flow->entry || at >= s->flow->end || s->seen[at - s->flow->entry]) return;
    s->seen[at - s->flow->entry] = 1;
    s->todo[s->ntodo++] = at;
}

static void visit_wait(struct ahead *s, uint32_t wait) {
    const struct pl_p_wait *w = &s->p->waits[wait];
    visit(s, w->next);
    visit(s, w->els);
    visit(s, w->no);
    visit(s, w->otherwise);
    for (uint32_t i = 0; i < s->p->noptions; i++)
        if (s->p->options[i].wait == wait) visit(s, s->p->options[i].code);
}

static void visit_call(struct ahead *s, const struct pl_p_call *call) {
    visit(s, call->next);
    for (uint32_t i = 0; i < call->nfailures; i++) visit(s, call->failures[i].code);
}

static void visit_model(struct ahead *s, const struct pl_p_model *model) {
    visit(s, model->next);
    visit(s, model->unsure);
    visit(s, model->down);
    for (uint32_t i = 0; i < model->nactions; i++) visit(s, model->actions[i].code);
}

/* What may follow the word; `back` and `change` apart, which lead back. */
static void visit_next(struct ahead *s, uint32_t at) {
    uint32_t word = s->p->code[at], arg = PL_WORD_ARG(word);
    uint32_t step = PL_WORD_OP(word) == PL_OP_EXPERIMENT ? 3 : 1;
    switch ((enum pl_op)PL_WORD_OP(word)) {
    case PL_OP_DONE:
    case PL_OP_END:
    case PL_OP_PASS:
    case PL_OP_RETURN:
    case PL_OP_GOTO_FLOW: return;
    case PL_OP_ASK:
    case PL_OP_CONFIRM:
    case PL_OP_CHOOSE:
    case PL_OP_SLEEP:
    case PL_OP_AWAIT: visit_wait(s, arg); return;
    case PL_OP_CALL_HOOK: visit_call(s, &s->p->calls[arg]); return;
    case PL_OP_MODEL:
    case PL_OP_MODEL_AGAIN: visit_model(s, &s->p->models[arg]); return;
    case PL_OP_BACK:
    case PL_OP_CHANGED: visit(s, s->p->backs[arg].els); return;
    case PL_OP_PICK:
    case PL_OP_EXPERIMENT:
        for (uint32_t i = 0; i < arg; i++) visit(s, s->p->code[at + 1 + i * step]);
        return;
    case PL_OP_ITER_NEXT:
        visit(s, s->p->code[at + 1]);
        visit(s, at + 2);
        return;
    case PL_OP_HANDOFF: visit(s, s->p->handoffs[arg].closed); break;
    case PL_OP_JUMP: visit(s, arg); return;
    case PL_OP_JUMP_FALSE:
    case PL_OP_JUMP_TRUE:
    case PL_OP_AND:
    case PL_OP_OR: visit(s, arg); break;
    default: break;
    }
    visit(s, at + 1);
}

/* An answer of the run's own: what was known before it stays known. */
static void forget(struct vm_machine *m, struct vm_frame *f, const struct vm_passed *q) {
    const struct pl_p_wait *w = &m->p->waits[q->wait];
    uint32_t scope = PL_SLOT_SCOPE(w->slot);
    if (w->kind != PL_WAIT_ASK || scope == PL_SCOPE_CUSTOMER) return;
    if (scope == PL_SCOPE_SESSION && !q->shown) return;
    for (size_t i = 0; i < f->asked.n; i++) /* another question of this way asked for it */
        if (m->p->waits[f->asked.v[i].wait].kind == PL_WAIT_ASK &&
            m->p->waits[f->asked.v[i].wait].slot == w->slot)
            return;
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot);
    if (slot) *slot = PL_NONE;
    unskip(f, q->wait);
}

void pl_vm__forget_behind(struct vm_machine *m, struct vm_frame *f, uint32_t from) {
    if (f->before.n == 0) return;
    const struct pl_p_flow *flow = &m->p->flows[f->flow];
    struct ahead s = {.p = m->p, .flow = flow};
    s.seen = PL_NEW_ARRAY(m->a, uint8_t, (size_t)(flow->end - flow->entry) + 1);
    s.todo = PL_NEW_ARRAY(m->a, uint32_t, (size_t)(flow->end - flow->entry) + 1);
    visit(&s, from);
    while (s.ntodo) visit_next(&s, s.todo[--s.ntodo]);
    for (size_t i = f->before.n; i > 0; i--) {
        struct vm_passed q = f->before.v[i - 1];
        if (s.seen[m->p->waits[q.wait].at - flow->entry]) continue;
        drop(f->before.v, &f->before.n, i - 1);
        forget(m, f, &q);
    }
}

/* ---- what is closed ---- */

bool pl_vm__is_closed(const struct vm_machine *m, const struct vm_frame *f, uint32_t slot) {
    for (size_t i = 0; i < f->writes.n; i++) {
        const struct pl_p_call *call = &m->p->calls[f->writes.v[i].call];
        for (uint32_t k = 0; k < call->nslots; k++)
            if (call->slots[k] == slot) return true;
    }
    return false;
}

static bool written_since(const struct vm_frame *f, size_t asked) {
    for (size_t i = 0; i < f->writes.n; i++)
        if (f->writes.v[i].asked > asked) return true;
    return false;
}

/* ---- slots as values of the prelude's flows ---- */

struct pl_value pl_vm__slot_name(struct vm_machine *m, const struct vm_frame *f, uint32_t ref) {
    uint32_t i = PL_SLOT_INDEX(ref);
    struct pl_str name = {0};
    if (PL_SLOT_SCOPE(ref) == PL_SCOPE_LOCAL)
        name = pl_arena_printf(m->a, "%.*s.%.*s", PL_STR_ARG(m->p->flows[f->flow].name),
                               PL_STR_ARG(m->p->flows[f->flow].slots[i].name));
    else if (PL_SLOT_SCOPE(ref) == PL_SCOPE_SESSION)
        name = m->p->session[i].name;
    else
        name = m->p->customer[i].name;
    return pl_vm__name_value(PL_KIND_SLOT, name);
}

/* ---- go back ---- */

/* The frame down from the top in this task that has a question before the open one; *at: which. */
static struct vm_frame *previous(struct vm_machine *m, size_t *at) {
    struct vm_state *s = m->s;
    for (uint32_t i = s->nframes; i > 0; i--) {
        struct vm_frame *f = &s->frames[i - 1];
        size_t n = f->asked.n;
        if (f->waiting == VM_QUESTION && n && f->asked.v[n - 1].wait == f->wait) n--;
        for (; n > 0; n--)
            if (f->asked.v[n - 1].shown) break;
        *at = n - 1;
        if (n) return f;
        if (f->role != VM_CALLED) return NULL;
    }
    return NULL;
}

enum vm_went pl_vm__go_back(struct vm_machine *m) {
    size_t at = 0;
    struct vm_frame *f = previous(m, &at);
    if (!f) return VM_NOWHERE_TO_GO;
    uint32_t wait = f->asked.v[at].wait;
    const struct pl_p_wait *w = &m->p->waits[wait];
    if (written_since(f, at) || (w->kind == PL_WAIT_ASK && pl_vm__is_closed(m, f, w->slot)))
        return VM_TOO_LATE;
    for (struct vm_frame *top = pl_vm__top(m->s); top != f; top = pl_vm__top(m->s)) {
        if (top->writes.n) return VM_TOO_LATE;
        m->s->nframes--; /* called from there: it is called again on the way */
    }
    ask_anew(m, f, wait);
    return VM_WENT_BACK;
}

/* ---- change ---- */

/* Asked in this run and not sent away: what there is to choose from. */
static uint32_t changeable(struct vm_machine *m, struct vm_frame *f, const struct pl_p_back *b,
                           struct pl_value *out) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->nwaits; i++) {
        const struct pl_p_wait *w = &m->p->waits[b->waits[i]];
        if (!pl_vm__passed(f, b->waits[i]) || pl_vm__is_closed(m, f, w->slot)) continue;
        out[n++] = pl_vm__slot_name(m, f, w->slot);
    }
    return n;
}

bool pl_vm__counted(struct vm_machine *m, struct vm_frame *f, uint32_t row) {
    struct vm_count *count = NULL;
    for (size_t i = 0; i < f->backs.n; i++)
        if (f->backs.v[i].key == row) count = &f->backs.v[i];
    if (!count) {
        VM_PUSH(m->a, &f->backs, ((struct vm_count){row, 0}));
        count = &f->backs.v[f->backs.n - 1];
    }
    if (count->n >= m->p->backs[row].most) return false;
    count->n++;
    return true;
}

void pl_vm__change(struct vm_machine *m, struct vm_frame *f, uint32_t row) {
    const struct pl_p_back *b = &m->p->backs[row];
    struct pl_value *slots = PL_NEW_ARRAY(m->a, struct pl_value, b->nwaits + 1);
    uint32_t n = changeable(m, f, b, slots);
    if (n == 0 || !pl_vm__counted(m, f, row)) {
        f->pc = b->els;
    } else if (n == 1) {
        pl_vm__push(m, slots[0]);
    } else {
        struct pl_value list = {.kind = PL_KIND_LIST, .list = {.v = slots, .n = n}};
        struct vm_frame *asks =
            pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_CHANGE_WHICH], VM_CALLED, &list, 1);
        if (asks) asks->value_on_stack = true;
    }
}

void pl_vm__changed(struct vm_machine *m, struct vm_frame *f, uint32_t row) {
    const struct pl_p_back *b = &m->p->backs[row];
    struct pl_value slot = pl_vm__pop(m);
    for (uint32_t i = 0; i < b->nwaits && slot.kind == PL_KIND_SLOT; i++) {
        uint32_t ref = m->p->waits[b->waits[i]].slot;
        if (!pl_value_eq(pl_vm__slot_name(m, f, ref), slot) || !pl_vm__passed(f, b->waits[i]))
            continue;
        ask_anew(m, f, b->waits[i]);
        return;
    }
    f->pc = b->els;
}

/* ---- corrections ---- */

static bool shows(const struct pl_p_wait *confirm, uint32_t slot) {
    for (uint32_t i = 0; i < confirm->shown; i++)
        if (confirm->shows[i] == slot) return true;
    return false;
}

static bool may_digress(const struct vm_machine *m) {
    return pl_vm__interrupt_of(m) != PL_INTERRUPT_NEVER;
}

/* Does the message mean to change something, and this slot may be it? */
static bool is_meant(struct vm_machine *m, const struct vm_frame *open, uint32_t slot) {
    if (m->e->reading.change_word) return true;
    if (open->waiting != VM_QUESTION) return false;
    if (open->flow == m->p->prelude[PL_PRELUDE_CHANGE_WHICH]) return true;
    const struct pl_p_wait *w = &m->p->waits[open->wait];
    return w->kind == PL_WAIT_CONFIRM && m->e->reading.yes_no == 0 && shows(w, slot) &&
           !(may_digress(m) && pl_vm__names_other(m, pl_vm__task_flow(m->s)));
}

/* A kind without a recogniser is changed by a value only where one question alone asked for it. */
static bool is_alone(const struct vm_machine *m, const struct vm_frame *f,
                     const struct pl_p_wait *w) {
    uint32_t n = 0;
    for (size_t i = 0; i < f->asked.n; i++) {
        const struct pl_p_wait *other = &m->p->waits[f->asked.v[i].wait];
        n += other->kind == PL_WAIT_ASK && other->type.kind == w->type.kind &&
             other->entity == PL_NOWHERE;
    }
    return n == 1;
}

/* Another value for an answered question of this frame, from the message. */
static bool other_value(struct vm_machine *m, struct vm_frame *f, const struct vm_passed *q,
                        const struct vm_frame *open, struct pl_value *out) {
    const struct pl_p_wait *w = &m->p->waits[q->wait];
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot);
    bool is_open = f == open && f->waiting == VM_QUESTION && f->wait == q->wait;
    if (w->kind != PL_WAIT_ASK || is_open || !slot || slot->kind == PL_KIND_NONE) return false;
    if (!pl_vm__own_recogniser(m, w) && !is_alone(m, f, w)) return false;
    return pl_vm__entity_value(m, w, false, out) && !pl_value_eq(*slot, *out);
}

/* One of the options of an answered question, by what `earlier` of the reading says. */
static bool other_option(struct vm_machine *m, const struct vm_frame *f, size_t *question,
                         struct pl_value *out) {
    uint32_t n = m->e->reading.earlier;
    for (size_t i = 0; n && i < f->asked.n; i++) {
        const struct vm_passed *q = &f->asked.v[i];
        if (!pl_vm__is_earlier(m->p, f, q)) continue;
        if (n > q->noffers) {
            n -= q->noffers;
            continue;
        }
        *out = pl_vm__option_value(m, q->offers, q->items, n - 1);
        *out = pl_vm__as_type(m, &m->p->waits[q->wait], *out);
        *question = i;
        return !pl_value_eq(
            *pl_vm__slot(m->p, m->s, (struct vm_frame *)f, m->p->waits[q->wait].slot), *out);
    }
    return false;
}

bool pl_vm__is_earlier(const struct pl_program *p, const struct vm_frame *f,
                       const struct vm_passed *q) {
    const struct pl_p_wait *w = &p->waits[q->wait];
    bool open = f->waiting == VM_QUESTION && f->wait == q->wait;
    return w->kind == PL_WAIT_ASK && w->listed && !open && q->noffers > 0;
}

/* The last question of the frame's run whose slot the message gives another value. */
static uint32_t corrected_wait(struct vm_machine *m, struct vm_frame *f,
                               const struct vm_frame *open, struct pl_value *value) {
    size_t question;
    if (f == open && other_option(m, f, &question, value) &&
        is_meant(m, open, m->p->waits[f->asked.v[question].wait].slot))
        return f->asked.v[question].wait;
    for (size_t i = f->asked.n; i > 0; i--) {
        uint32_t wait = f->asked.v[i - 1].wait;
        const struct pl_p_wait *w = &m->p->waits[wait];
        if (other_value(m, f, &f->asked.v[i - 1], open, value) && is_meant(m, open, w->slot))
            return wait;
    }
    return PL_NOWHERE;
}

static bool may_become(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w,
                       struct pl_value value) {
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot), before = *slot;
    *slot = value;
    bool ok = pl_vm__checks_pass(m, f, w);
    *slot = before;
    return ok;
}

static bool writes_above(const struct vm_machine *m, const struct vm_frame *f) {
    for (const struct vm_frame *x = &m->s->frames[m->s->nframes - 1]; x != f; x--)
        if (x->writes.n) return true;
    return false;
}

static bool correct(struct vm_machine *m, struct vm_frame *f, uint32_t wait,
                    struct pl_value value) {
    struct vm_frame *open = pl_vm__top(m->s);
    const struct pl_p_wait *w = &m->p->waits[wait];
    uint32_t late = m->p->prelude[PL_PRELUDE_TOO_LATE_TO_CHANGE];
    if (pl_vm__is_closed(m, f, w->slot) || writes_above(m, f)) {
        if (late != PL_NOWHERE) pl_vm__begin_flow(m, late, VM_TASK, NULL, 0);
        return late != PL_NOWHERE;
    }
    if (!may_become(m, f, w, value)) {
        pl_vm__ask(m, open); /* it said why not; the open question stands */
        return true;
    }
    pl_vm__trace(m, PL_TRACE_CORRECTED, wait);
    struct pl_value args[] = {pl_vm__slot_name(m, f, w->slot), value};
    struct vm_frame *c =
        pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_CORRECTION], VM_CORRECTING, args, 2);
    if (!c) return true;
    c->arg = wait;
    c->carried = value;
    return true;
}

bool pl_vm__correction(struct vm_machine *m) {
    struct vm_frame *open = pl_vm__top(m->s);
    struct pl_value value;
    if (!open || open->waiting != VM_QUESTION || m->p->prelude[PL_PRELUDE_CORRECTION] == PL_NOWHERE)
        return false;
    for (uint32_t i = m->s->nframes; i > 0; i--) {
        struct vm_frame *f = &m->s->frames[i - 1];
        uint32_t wait = corrected_wait(m, f, open, &value);
        if (wait != PL_NOWHERE) return correct(m, f, wait, value);
        if (f->role != VM_CALLED) break;
    }
    return false;
}

void pl_vm__correct(struct vm_machine *m, uint32_t wait, struct pl_value value) {
    struct vm_frame *f = pl_vm__top(m->s);
    while (f && !pl_vm__passed(f, wait)) { /* flows called since then are called again */
        if (f->role != VM_CALLED) return;
        m->s->nframes--;
        f = pl_vm__top(m->s);
    }
    struct pl_value *slot = f ? pl_vm__slot(m->p, m->s, f, m->p->waits[wait].slot) : NULL;
    if (!slot) return;
    *slot = value;
    return_to(m, f, wait);
}

/* ---- what an interrupted run had ---- */

/* The session's slot that the question filled, or NULL. */
static struct pl_value *shared(struct vm_machine *m, const struct vm_passed *q) {
    const struct pl_p_wait *w = &m->p->waits[q->wait];
    bool session = w->kind == PL_WAIT_ASK && PL_SLOT_SCOPE(w->slot) == PL_SCOPE_SESSION;
    return session ? pl_vm__slot(m->p, m->s, NULL, w->slot) : NULL;
}

void pl_vm__interrupt(struct vm_machine *m) {
    for (uint32_t i = m->s->nframes; i > 0; i--) {
        struct vm_frame *f = &m->s->frames[i - 1];
        for (size_t k = 0; k < f->asked.n && !f->interrupted; k++) {
            const struct pl_value *slot = shared(m, &f->asked.v[k]);
            if (slot) f->asked.v[k].had = *slot;
        }
        f->interrupted = true;
        if (f->role != VM_CALLED) return;
    }
}

void pl_vm__resume(struct vm_machine *m) {
    for (uint32_t i = m->s->nframes; i > 0; i--) {
        struct vm_frame *f = &m->s->frames[i - 1];
        for (size_t k = 0; k < f->asked.n && f->interrupted; k++) {
            struct pl_value *slot = shared(m, &f->asked.v[k]);
            if (slot && f->asked.v[k].had.kind != PL_KIND_NONE) *slot = f->asked.v[k].had;
            f->asked.v[k].had = PL_NONE;
        }
        f->interrupted = false;
        if (f->role != VM_CALLED) return;
    }
}

/* ---- a correction after the end ---- */

void pl_vm__done(struct vm_machine *m, const struct vm_frame *root) {
    struct vm_done d = {.flow = root->flow, .wrote = root->writes.n > 0};
    if (root->role != VM_TASK || m->s->nframes || m->p->flows[root->flow].prelude) return;
    for (size_t i = 0; i < root->asked.n; i++) {
        const struct pl_p_wait *w = &m->p->waits[root->asked.v[i].wait];
        if (w->kind != PL_WAIT_ASK || w->type.quals & PL_SECRET || !pl_vm__own_recogniser(m, w))
            continue;
        const struct pl_value *v = pl_vm__slot(m->p, m->s, (struct vm_frame *)root, w->slot);
        if (v && v->kind != PL_KIND_NONE)
            VM_PUSH(m->a, &d.answers, ((struct vm_answered){root->asked.v[i].wait, *v}));
    }
    if (d.answers.n) m->s->done = d; /* what asked for nothing has nothing to correct */
}

bool pl_vm__brings_other(struct vm_machine *m) {
    const struct vm_done *d = &m->s->done;
    if (m->s->nframes || d->flow == PL_NOWHERE || m->p->flows[d->flow].nparams) return false;
    for (size_t i = 0; i < d->answers.n; i++) {
        struct pl_value v;
        const struct pl_p_wait *w = &m->p->waits[d->answers.v[i].wait];
        if (pl_vm__entity_value(m, w, false, &v) && !pl_value_eq(d->answers.v[i].value, v))
            return true;
    }
    return false;
}

/* No trigger is looked at: its condition may ask how sure the message is. */
bool pl_vm__is_about_done(struct vm_machine *m) {
    return (m->e->reading.change_word || m->e->reading.nintents == 0) && pl_vm__brings_other(m);
}

static void begin_anew(struct vm_machine *m) {
    m->s->failures = 0;
    m->moved = true;
    struct vm_frame *f = pl_vm__begin_flow(m, m->s->done.flow, VM_TASK, NULL, 0);
    if (f) pl_vm__fill(m, f, true);
}

bool pl_vm__correct_done(struct vm_machine *m) {
    uint32_t late = m->p->prelude[PL_PRELUDE_TOO_LATE_TO_CHANGE];
    if (!m->e->reading.change_word || !pl_vm__brings_other(m)) return false;
    if (pl_vm__names_other(m, m->s->done.flow)) return false;
    if (!m->s->done.wrote) {
        begin_anew(m);
        return true;
    }
    if (late == PL_NOWHERE) return false;
    m->s->failures = 0;
    pl_vm__begin_flow(m, late, VM_TASK, NULL, 0);
    return true;
}

bool pl_vm__follow_up(struct vm_machine *m) {
    if (!pl_vm__brings_other(m)) return false;
    begin_anew(m);
    return true;
}
