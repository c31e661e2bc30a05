/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers: what a message says to the open question, and what it fills besides.
 */
#include "runtime/vm/vm_priv.h"

#include <string.h>

/* ---- candidates for a slot ---- */

static bool unused(const struct vm_machine *m, uint32_t i) {
    return i >= 64 || !(m->used >> i & 1);
}

static void use(struct vm_machine *m, uint32_t i) {
    if (i < 64) m->used |= UINT64_C(1) << i;
}

/* Of a list: of its items. */
static uint8_t kind_of(const struct vm_machine *m, const struct pl_p_wait *w) {
    return w->type.kind == PL_KIND_LIST ? m->p->types.types[w->type.def].kind : w->type.kind;
}

bool pl_vm__own_recogniser(const struct vm_machine *m, const struct pl_p_wait *w) {
    uint8_t kind = kind_of(m, w);
    return w->entity != PL_NOWHERE || kind == PL_KIND_EMAIL || kind == PL_KIND_PHONE;
}

static bool fits(const struct vm_machine *m, const struct pl_p_wait *w,
                 const struct pl_vm_entity *e) {
    if (w->entity != PL_NOWHERE) return e->entity == w->entity;
    return e->entity == PL_NOWHERE && e->kind == kind_of(m, w) && e->kind != PL_KIND_TEXT;
}

/* ---- marks ---- */

/* "session.size" or "size". */
static bool is_named(const struct vm_machine *m, const struct pl_p_wait *w, struct pl_str slot) {
    uint32_t k = PL_SLOT_INDEX(w->slot), scope = PL_SLOT_SCOPE(w->slot);
    struct pl_str name = scope == PL_SCOPE_LOCAL     ? m->p->flows[w->flow].slots[k].name
                         : scope == PL_SCOPE_SESSION ? m->p->session[k].name
                                                     : m->p->customer[k].name;
    size_t dot = scope == PL_SCOPE_LOCAL ? SIZE_MAX : pl_str_find(name, PL_STR("."));
    if (pl_str_eq(name, slot)) return true;
    return dot != SIZE_MAX && pl_str_eq((struct pl_str){name.p + dot + 1, name.n - dot - 1}, slot);
}

/* The question of the flow for the slot that a mark names: a local one, else of the scopes. */
static const struct pl_p_wait *marked_wait(const struct vm_machine *m, uint32_t flow,
                                           struct pl_str slot) {
    const struct pl_p_wait *found = NULL;
    for (uint32_t i = 0; i < m->p->nwaits; i++) {
        const struct pl_p_wait *w = &m->p->waits[i];
        if (w->flow != flow || w->kind != PL_WAIT_ASK || !is_named(m, w, slot)) continue;
        if (!found || PL_SLOT_SCOPE(w->slot) == PL_SCOPE_LOCAL) found = w;
    }
    return found;
}

static bool mark_fits(const struct vm_machine *m, const struct pl_p_wait *w,
                      const struct pl_vm_entity *e) {
    if (w->type.quals & PL_SECRET) return false; /* nobody knew that it was to be hidden */
    if (w->entity != PL_NOWHERE) return e->entity == w->entity;
    return e->value.kind == kind_of(m, w);
}

/* Another question's: a mark names its slot. */
static bool is_marked_away(const struct vm_machine *m, const struct pl_p_wait *w, uint32_t i) {
    if (!m->marked || m->found[i].slot.n == 0) return false;
    const struct pl_p_wait *other = marked_wait(m, w->flow, m->found[i].slot);
    return other && other->slot != w->slot;
}

static bool is_candidate(const struct vm_machine *m, const struct pl_p_wait *w, uint32_t i,
                         bool own) {
    return unused(m, i) && fits(m, w, &m->found[i]) && (own || !m->found[i].needs_after) &&
           !is_marked_away(m, w, i);
}

bool pl_vm__marked_value(struct vm_machine *m, const struct pl_p_wait *w, struct pl_value *out) {
    for (uint32_t i = 0; m->marked && i < m->nfound; i++) {
        if (m->found[i].slot.n == 0 || !mark_fits(m, w, &m->found[i])) continue;
        const struct pl_p_wait *of = marked_wait(m, w->flow, m->found[i].slot);
        if (!of || of->slot != w->slot) continue;
        *out = pl_vm__as_type(m, w, m->found[i].value);
        return true;
    }
    return false;
}

bool pl_vm__marks_of(const struct vm_machine *m, enum pl_vm_marks by, uint32_t of) {
    return m->e->reading.marks == by && m->e->reading.marks_of == of;
}

/* The first unused value that fits, or PL_NOWHERE. */
static uint32_t find_entity(const struct vm_machine *m, const struct pl_p_wait *w, bool own) {
    for (uint32_t i = 0; i < m->nfound; i++)
        if (is_candidate(m, w, i, own)) return i;
    return PL_NOWHERE;
}

static bool in_values(const struct pl_value *v, uint32_t n, struct pl_value one) {
    for (uint32_t i = 0; i < n; i++)
        if (pl_value_eq(v[i], one)) return true;
    return false;
}

static struct pl_value list_of(const struct pl_value *v, uint32_t n) {
    return (struct pl_value){.kind = PL_KIND_LIST, .list = {.v = v, .n = n}};
}

struct pl_value pl_vm__as_type(struct vm_machine *m, const struct pl_p_wait *w, struct pl_value v) {
    if (w->type.kind != PL_KIND_LIST || v.kind == PL_KIND_LIST) return v;
    struct pl_value *one = PL_NEW(m->a, struct pl_value);
    *one = v;
    return list_of(one, 1);
}

/* All values of the message that fit, each once. */
static struct pl_value all_entities(struct vm_machine *m, const struct pl_p_wait *w, bool own) {
    struct pl_value *v = PL_NEW_ARRAY(m->a, struct pl_value, m->nfound + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->nfound; i++)
        if (is_candidate(m, w, i, own) && !in_values(v, n, m->found[i].value))
            v[n++] = m->found[i].value;
    return list_of(v, n);
}

bool pl_vm__entity_value(struct vm_machine *m, const struct pl_p_wait *w, bool own,
                         struct pl_value *out) {
    uint32_t i = find_entity(m, w, own);
    if (i == PL_NOWHERE) return false;
    *out = w->type.kind == PL_KIND_LIST ? all_entities(m, w, own) : m->found[i].value;
    return true;
}

/* Whatever of the message fits here fills nothing else. */
static void use_all(struct vm_machine *m, const struct pl_p_wait *w) {
    for (uint32_t i = 0; i < m->nfound; i++)
        if (fits(m, w, &m->found[i])) use(m, i);
}

/* ---- options ---- */

struct pl_value pl_vm__option_value(const struct vm_machine *m, const struct pl_vm_choice *offers,
                                    const struct pl_value *items, uint32_t i) {
    return items[i].kind == PL_KIND_NONE ? m->p->options[offers[i].option].value : items[i];
}

static bool is_offered(const struct vm_machine *m, const struct vm_frame *f, struct pl_value v) {
    for (uint32_t i = 0; i < f->noffers; i++)
        if (pl_value_eq(pl_vm__option_value(m, f->offers, f->offer_items, i), v)) return true;
    return false;
}

bool pl_vm__is_listed(const struct vm_machine *m, const struct vm_frame *f,
                      const struct pl_p_wait *w, struct pl_value v) {
    if (!w->listed) return true;
    if (v.kind != PL_KIND_LIST) return is_offered(m, f, v);
    for (uint32_t i = 0; i < v.list.n; i++)
        if (!is_offered(m, f, v.list.v[i])) return false;
    return true;
}

static bool chosen_value(const struct vm_machine *m, const struct vm_frame *f,
                         struct pl_value *out) {
    uint32_t choice = m->e->reading.choice;
    if (choice == 0 || choice > f->noffers) return false;
    if (m->p->options[f->offers[choice - 1].option].kind != PL_OPT_VALUE) return false;
    *out = pl_vm__option_value(m, f->offers, f->offer_items, choice - 1);
    return true;
}

/* Was it chosen by one of the option's phrases with marks? */
static bool chosen_by_marks(const struct vm_machine *m, const struct vm_frame *f) {
    uint32_t choice = m->e->reading.choice;
    if (choice == 0 || choice > f->noffers) return false;
    uint32_t says = m->p->options[f->offers[choice - 1].option].says;
    return says != PL_NOWHERE && pl_vm__marks_of(m, PL_VM_MARKS_SAYS, says);
}

/* "1 and 3", in the order of the list. */
static bool picked_values(struct vm_machine *m, const struct vm_frame *f, struct pl_value *out) {
    const struct pl_vm_reading *r = &m->e->reading;
    struct pl_value *v = PL_NEW_ARRAY(m->a, struct pl_value, r->npicks + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->npicks; i++) {
        if (r->picks[i] == 0 || r->picks[i] > f->noffers) return false;
        struct pl_value one = pl_vm__option_value(m, f->offers, f->offer_items, r->picks[i] - 1);
        if (!in_values(v, n, one)) v[n++] = one;
    }
    *out = list_of(v, n);
    return n > 0;
}

/* ---- files ---- */

static bool starts(struct pl_str type, const char *with) {
    return pl_str_starts(type, pl_str_c(with));
}

static bool is_kind(struct pl_str kind, struct pl_str type) {
    if (pl_str_is(kind, "pdf")) return pl_str_is(type, "application/pdf");
    if (pl_str_is(kind, "image")) return starts(type, "image/");
    if (pl_str_is(kind, "audio")) return starts(type, "audio/");
    if (pl_str_is(kind, "video")) return starts(type, "video/");
    return pl_str_is(kind, "text") && starts(type, "text/");
}

static bool sent_file(const struct vm_machine *m, const struct pl_p_wait *w, struct pl_value *out) {
    const struct pl_vm_upload *u = &m->e->reading.upload;
    bool taken = w->naccept == 0;
    if (u->ref.n == 0) return false;
    for (uint32_t i = 0; i < w->naccept; i++) taken |= is_kind(w->accept[i], u->type);
    *out = (struct pl_value){.kind = PL_KIND_FILE, .s = u->ref};
    return taken;
}

/* ---- what the message says to the open question ---- */

static bool several_values(struct vm_machine *m, const struct vm_frame *f,
                           const struct pl_p_wait *w, struct pl_value *out) {
    if (picked_values(m, f, out)) return true;
    if (chosen_value(m, f, out)) {
        *out = pl_vm__as_type(m, w, *out);
        return true;
    }
    *out = all_entities(m, w, true);
    if (out->list.n) return pl_vm__is_listed(m, f, w, *out);
    return m->e->reading.yes_no < 0; /* none of them */
}

/* What needs no recogniser: the whole message, or what came with it. */
static bool plain_value(struct vm_machine *m, const struct pl_p_wait *w, struct pl_value *out) {
    const struct pl_vm_reading *r = &m->e->reading;
    bool secret = w->type.quals & PL_SECRET && r->secret.n;
    struct pl_str text = pl_str_trim(secret ? r->secret : r->text);
    switch (w->type.kind) {
    case PL_KIND_BOOL: *out = pl_bool(r->yes_no > 0); return r->yes_no != 0;
    case PL_KIND_FILE: return sent_file(m, w, out);
    case PL_KIND_CARD: /* no more than that it was typed */
        *out = (struct pl_value){.kind = PL_KIND_CARD};
        return r->card;
    case PL_KIND_TEXT:
        *out = pl_text(text);
        return w->entity == PL_NOWHERE && !w->has_options && text.n > 0;
    default: return false;
    }
}

bool pl_vm__ask_value(struct vm_machine *m, const struct vm_frame *f, struct pl_value *out) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    bool found;
    if (w->type.kind == PL_KIND_LIST)
        found = several_values(m, f, w, out);
    else if (chosen_value(m, f, out))
        found = true;
    else
        found = pl_vm__entity_value(m, w, true, out) && pl_vm__is_listed(m, f, w, *out);
    if (found) use_all(m, w);
    return found || plain_value(m, w, out);
}

bool pl_vm__command_is(const struct vm_machine *m, const char *name) {
    uint32_t c = m->e->reading.command;
    return c < m->p->nintents && pl_str_is(m->p->intents[c], name);
}

bool pl_vm__skips(const struct vm_machine *m, const struct pl_p_wait *w) {
    bool value = w->type.kind == PL_KIND_BOOL || w->type.kind == PL_KIND_LIST; /* there it is one */
    bool no = m->e->reading.yes_no < 0 && !value && m->e->reading.choice == 0;
    return w->kind == PL_WAIT_ASK && w->optional && (no || pl_vm__command_is(m, "skip"));
}

bool pl_vm__is_answer(struct vm_machine *m) {
    const struct vm_frame *f = pl_vm__top(m->s);
    if (m->e->kind != PL_EVENT_MESSAGE || !f || f->waiting != VM_QUESTION) return false;
    if (m->e->reading.too_long) return false;
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    const struct pl_vm_reading *r = &m->e->reading;
    struct pl_value v;
    uint64_t used = m->used;
    bool chosen = r->choice > 0 && r->choice <= f->noffers;
    if (pl_vm__command_is(m, "back")) return true; /* as often as there are questions */
    if (w->kind == PL_WAIT_CONFIRM) return r->yes_no != 0 || chosen;
    if (w->kind == PL_WAIT_CHOOSE) return chosen;
    if (pl_vm__skips(m, w)) return true;
    if (r->command != PL_NOWHERE && r->choice == 0) return false;
    bool answer = pl_vm__ask_value(m, f, &v);
    m->used = used;
    return answer;
}

/* ---- filling ---- */

static bool is_fillable(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w,
                        bool trigger) {
    if (w->flow != f->flow || w->kind != PL_WAIT_ASK) return false;
    const struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot);
    if (!slot) return false;
    return slot->kind == PL_KIND_NONE || (trigger && PL_SLOT_SCOPE(w->slot) != PL_SCOPE_LOCAL);
}

/* The value is the only one of its slot, or the slot takes several. */
static void fill_slot(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w,
                      struct pl_str slot, bool trigger) {
    struct pl_value *v = PL_NEW_ARRAY(m->a, struct pl_value, m->nfound + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->nfound; i++) {
        const struct pl_vm_entity *e = &m->found[i];
        if (!unused(m, i) || !pl_str_eq(e->slot, slot) || !mark_fits(m, w, e)) continue;
        if (!in_values(v, n, e->value)) v[n++] = e->value;
        use(m, i); /* for nothing else, also when two are one too many */
    }
    bool several = w->type.kind == PL_KIND_LIST;
    if (n == 0 || (n > 1 && !several) || !is_fillable(m, f, w, trigger)) return;
    *pl_vm__slot(m->p, m->s, f, w->slot) = several ? list_of(v, n) : v[0];
}

/* A mark of what the message does names the slot: any type may be filled by it. */
static void fill_marked(struct vm_machine *m, struct vm_frame *f, bool trigger) {
    if (!m->marked) return;
    for (uint32_t i = 0; i < m->nfound; i++) {
        if (m->found[i].slot.n == 0 || !unused(m, i)) continue;
        const struct pl_p_wait *w = marked_wait(m, f->flow, m->found[i].slot);
        if (w) fill_slot(m, f, w, m->found[i].slot, trigger);
    }
}

void pl_vm__fill(struct vm_machine *m, struct vm_frame *f, bool trigger) {
    uint64_t before = m->used;
    bool picked = m->e->reading.choice || m->e->reading.npicks;
    if (trigger || !picked) pl_vm__hear(m, f);
    fill_marked(m, f, trigger);
    for (uint32_t i = 0; i < m->p->nwaits; i++) {
        const struct pl_p_wait *w = &m->p->waits[i];
        struct pl_value v;
        if (!pl_vm__own_recogniser(m, w) || !is_fillable(m, f, w, trigger)) continue;
        /* one value of a type a message: one that filled another slot of this type counts */
        uint32_t e = find_entity(m, w, false);
        if (e == PL_NOWHERE || (e < 64 && before >> e & 1)) continue;
        if (!pl_vm__entity_value(m, w, false, &v)) continue;
        *pl_vm__slot(m->p, m->s, f, w->slot) = v;
        use_all(m, w);
    }
}

/* ---- taking the answer ---- */

/* What was named ahead was not what was meant: it is one of all again. */
static void widen(struct vm_machine *m, struct vm_frame *f) {
    if (f->narrowed) pl_vm__look_up_offers(m, f);
    f->narrowed = false;
}

void pl_vm__miss(struct vm_machine *m, struct vm_frame *f, bool say_again) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    uint32_t file = m->p->prelude[PL_PRELUDE_UNSUPPORTED_FILE];
    m->s->failures++;
    f->tries++;
    widen(m, f);
    pl_vm__trace(m, f->tries >= w->tries ? PL_TRACE_ELSE : PL_TRACE_MISSED, f->wait);
    if (f->tries >= w->tries) {
        f->waiting = VM_RUNS;
        f->pc = w->els;
    } else if (!say_again) {
        return;
    } else if (w->nagain) {
        uint32_t n = f->tries <= w->nagain ? f->tries : w->nagain;
        pl_vm__again(m, f, w->again[n - 1]);
    } else if (m->e->reading.upload.ref.n && file != PL_NOWHERE) {
        pl_vm__begin_flow(m, file, VM_CALLED, NULL, 0);
    } else {
        pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_NOT_UNDERSTOOD], VM_CALLED, NULL, 0);
    }
}

static void go_on(struct vm_machine *m, struct vm_frame *f, uint32_t pc) {
    struct vm_passed *q = pl_vm__passed(f, f->wait);
    if (q && m->p->waits[f->wait].has_options) { /* a correction may name another of them */
        q->noffers = f->noffers;
        q->offers = f->offers;
        q->items = f->offer_items;
    }
    m->s->failures = 0;
    m->moved = true;
    f->waiting = VM_RUNS;
    f->noffers = 0;
    f->pc = pc;
}

bool pl_vm__checks_pass(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w) {
    for (uint32_t i = 0; i < w->nchecks; i++) {
        if (pl_vm__condition(m, f, w->checks[i].cond) || m->failed) continue;
        widen(m, f);
        pl_vm__again(m, f, w->checks[i].refuse);
        return false;
    }
    return true;
}

static void trace_chosen(struct vm_machine *m, const struct vm_frame *f) {
    const struct pl_vm_reading *r = &m->e->reading;
    if (r->choice && r->choice <= f->noffers)
        pl_vm__trace(m, PL_TRACE_CHOSE, f->offers[r->choice - 1].option);
    for (uint32_t i = 0; i < r->npicks; i++)
        if (r->picks[i] && r->picks[i] <= f->noffers)
            pl_vm__trace(m, PL_TRACE_CHOSE, f->offers[r->picks[i] - 1].option);
}

static bool answer_ask(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w) {
    struct pl_value v = PL_NONE, *slot = pl_vm__slot(m->p, m->s, f, w->slot);
    if (pl_vm__skips(m, w)) {
        VM_PUSH(m->a, &f->skipped, f->wait);
        pl_vm__trace(m, PL_TRACE_SKIPPED, f->wait);
        go_on(m, f, w->next);
        return true;
    }
    if (!slot || !pl_vm__ask_value(m, f, &v)) return false;
    struct pl_value before = *slot;
    *slot = pl_vm__as_type(m, w, v);
    if (!pl_vm__checks_pass(m, f, w)) {
        *slot = before;
        pl_vm__miss(m, f, false);
        return true;
    }
    trace_chosen(m, f);
    pl_vm__trace(m, PL_TRACE_ANSWERED, f->wait);
    m->marked = chosen_by_marks(m, f);
    pl_vm__fill(m, f, false);
    go_on(m, f, w->next);
    return true;
}

void pl_vm__take_option(struct vm_machine *m, struct vm_frame *f, uint32_t choice) {
    const struct pl_p_option *o = &m->p->options[f->offers[choice - 1].option];
    struct vm_passed *q = pl_vm__passed(f, f->wait);
    if (o->item != PL_NOWHERE) {
        struct pl_value *slot = pl_vm__slot(m->p, m->s, f, o->item);
        if (slot) *slot = f->offer_items[choice - 1];
    }
    if (q) {
        q->choice = choice;
        q->noffers = f->noffers;
        q->offers = f->offers;
        q->items = f->offer_items;
    }
    go_on(m, f, o->code);
}

static bool answer_choose(struct vm_machine *m, struct vm_frame *f) {
    uint32_t choice = m->e->reading.choice;
    if (choice == 0 || choice > f->noffers) return false;
    const struct pl_p_option *o = &m->p->options[f->offers[choice - 1].option];
    struct pl_value item = f->offer_items[choice - 1];
    uint32_t flow = o->flow;
    m->marked = chosen_by_marks(m, f);
    pl_vm__trace(m, PL_TRACE_CHOSE, f->offers[choice - 1].option);
    if (o->kind != PL_OPT_OPEN) pl_vm__trace(m, PL_TRACE_ANSWERED, f->wait);
    switch (o->kind) {
    case PL_OPT_OPEN: return true; /* a page was opened; the question stays open */
    case PL_OPT_FLOW:
        if (flow == PL_NOWHERE && item.kind == PL_KIND_FLOW) flow = pl_image_flow(m->image, item.s);
        go_on(m, f, f->pc);
        pl_vm__pop_task(m, "left");
        f = pl_vm__begin_flow(m, flow, VM_TASK, NULL, 0);
        if (f) pl_vm__fill(m, f, true);
        return true;
    default:
        pl_vm__take_option(m, f, choice);
        fill_marked(m, f, false);
        return true;
    }
}

static bool answer_confirm(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w) {
    struct pl_value v;
    int yes_no = m->e->reading.yes_no;
    if (chosen_value(m, f, &v)) {
        yes_no = pl_vm__truth(v) ? 1 : -1;
        pl_vm__trace(m, PL_TRACE_CHOSE, f->offers[m->e->reading.choice - 1].option);
    }
    if (yes_no == 0) return false;
    pl_vm__trace(m, PL_TRACE_ANSWERED, f->wait);
    go_on(m, f, yes_no > 0 ? w->next : w->no);
    return true;
}

bool pl_vm__answer(struct vm_machine *m, struct vm_frame *f) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    switch (w->kind) {
    case PL_WAIT_CONFIRM: return answer_confirm(m, f, w);
    case PL_WAIT_CHOOSE: return answer_choose(m, f);
    default: return answer_ask(m, f, w);
    }
}

/* ---- an answer to an older question, given inside a digression ---- */

/* Is the message this value and nothing else? */
static bool is_whole(const struct pl_vm_reading *r, const struct pl_vm_entity *e) {
    size_t from = 0, to = r->text.n;
    while (from < to && memchr(" \t\n", r->text.p[from], 3)) from++;
    while (to > from && memchr(" \t\n.!", r->text.p[to - 1], 5)) to--;
    return e->start <= from && e->end >= to;
}

bool pl_vm__answer_below(struct vm_machine *m, bool whole) {
    for (uint32_t i = m->s->nframes - 1; i > 0; i--) {
        struct vm_frame *f = &m->s->frames[i - 1];
        struct pl_value v, *slot;
        if (f->waiting != VM_QUESTION) continue;
        const struct pl_p_wait *w = &m->p->waits[f->wait];
        if (w->kind != PL_WAIT_ASK || !pl_vm__own_recogniser(m, w)) continue;
        slot = pl_vm__slot(m->p, m->s, f, w->slot);
        uint32_t e = find_entity(m, w, false);
        if (!slot || e == PL_NOWHERE || !pl_vm__entity_value(m, w, false, &v)) continue;
        if ((whole && !is_whole(&m->e->reading, &m->found[e])) || !pl_vm__is_listed(m, f, w, v))
            continue;
        *slot = v;
        use_all(m, w);
        return true;
    }
    return false;
}
