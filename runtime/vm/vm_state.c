/* SPDX-License-Identifier: Apache-2.0
 *
 * The state's bytes. Everything is LEB128 or a value; session and customer slots are written by
 * name, so a conversation without open flows can go on under another image.
 */
#include "runtime/vm/vm_priv.h"

#include <string.h>

void *pl_vm__grow(struct pl_arena *a, void *v, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return v;
    size_t more = *cap ? *cap * 2 : 4;
    void *bigger = pl_arena_array(a, more, size);
    if (n) memcpy(bigger, v, n * size);
    *cap = more;
    return bigger;
}

struct vm_frame *pl_vm__top(struct vm_state *s) {
    return s->nframes ? &s->frames[s->nframes - 1] : NULL;
}

struct pl_value *pl_vm__slot(const struct pl_program *p, struct vm_state *s, struct vm_frame *f,
                             uint32_t ref) {
    uint32_t i = PL_SLOT_INDEX(ref);
    switch (PL_SLOT_SCOPE(ref)) {
    case PL_SCOPE_SESSION: return i < p->nsession ? &s->session[i] : NULL;
    case PL_SCOPE_CUSTOMER: return i < p->ncustomer ? &s->customer[i] : NULL;
    default: return f && f->slots && i < p->flows[f->flow].nslots ? &f->slots[i] : NULL;
    }
}

struct vm_rule_state *pl_vm__rule(struct pl_arena *a, struct vm_state *s, struct pl_str name,
                                  bool make) {
    if (!make && s->rules.n == 0) return NULL; /* nearly always */
    uint64_t h = pl_fnv(PL_FNV, name.p, name.n);
    for (size_t i = 0; i < s->rules.n; i++)
        if (s->rules.v[i].name == h) return &s->rules.v[i];
    if (!make) return NULL;
    VM_PUSH(a, &s->rules, ((struct vm_rule_state){.name = h}));
    return &s->rules.v[s->rules.n - 1];
}

/* ---- writing ---- */

static void write_scope(struct pl_buf *b, const struct pl_p_slot *slots, uint32_t n,
                        const struct pl_value *values) {
    uint32_t set = 0;
    for (uint32_t i = 0; i < n; i++) set += values[i].kind != PL_KIND_NONE;
    pl_buf_var(b, set);
    for (uint32_t i = 0; i < n; i++) {
        if (values[i].kind == PL_KIND_NONE) continue;
        pl_buf_text(b, slots[i].name);
        pl_value_write(b, values[i]);
    }
}

static void write_text(struct pl_buf *b, const struct pl_vm_text *t) {
    pl_buf_var(b, (uint32_t)(t->text + 1));
    pl_buf_var(b, t->nargs);
    for (uint32_t i = 0; i < t->nargs; i++) pl_value_write(b, t->args[i]);
}

static void write_offers(struct pl_buf *b, const struct pl_vm_choice *offers,
                         const struct pl_value *items, uint32_t n) {
    pl_buf_var(b, n);
    for (uint32_t i = 0; i < n; i++) {
        pl_buf_var(b, offers[i].option);
        pl_buf_text(b, offers[i].id);
        write_text(b, &offers[i].label);
        pl_buf_text(b, offers[i].url);
        pl_value_write(b, items[i]);
    }
}

static void write_passed(struct pl_buf *b, const struct vm_passed *v, size_t n) {
    pl_buf_var(b, n);
    for (size_t i = 0; i < n; i++) {
        pl_buf_var(b, v[i].wait);
        pl_buf_byte(b, v[i].shown);
        pl_buf_var(b, v[i].choice);
        pl_value_write(b, v[i].had);
        write_offers(b, v[i].offers, v[i].items, v[i].noffers);
    }
}

static void write_action(struct pl_buf *b, const struct vm_action *a) {
    pl_buf_u32(b, a->model);
    if (a->model == PL_NOWHERE) return;
    pl_buf_var(b, a->action);
    pl_buf_byte(b, a->settled);
    pl_buf_text(b, a->failure);
    pl_buf_text(b, a->text);
    pl_value_write(b, a->spent);
}

static void write_frame(struct pl_buf *b, const struct pl_program *p, const struct vm_frame *f) {
    pl_buf_var(b, f->flow);
    pl_buf_var(b, f->pc);
    pl_buf_var(b, f->run);
    pl_buf_byte(b, f->role);
    pl_buf_byte(b, f->waiting);
    pl_buf_byte(b, (uint8_t)(f->idle | f->value_on_stack << 1 | f->verifies << 2 |
                             f->narrowed << 3 | f->interrupted << 4));
    pl_buf_u32(b, f->call);
    pl_buf_u32(b, f->arg);
    pl_buf_u32(b, f->wait);
    pl_buf_var(b, f->tries);
    pl_buf_zig(b, f->deadline);
    pl_buf_var(b, f->effect);
    pl_buf_u32(b, f->hook_call);
    pl_buf_u64(b, f->hook_args);
    for (uint32_t i = 0; i < p->flows[f->flow].nslots; i++) pl_value_write(b, f->slots[i]);
    pl_buf_var(b, f->backs.n);
    for (size_t i = 0; i < f->backs.n; i++) {
        pl_buf_var(b, f->backs.v[i].key);
        pl_buf_var(b, f->backs.v[i].n);
    }
    write_passed(b, f->asked.v, f->asked.n);
    write_passed(b, f->before.v, f->before.n);
    pl_buf_var(b, f->skipped.n);
    for (size_t i = 0; i < f->skipped.n; i++) pl_buf_var(b, f->skipped.v[i]);
    pl_buf_var(b, f->writes.n);
    for (size_t i = 0; i < f->writes.n; i++) {
        pl_buf_var(b, f->writes.v[i].call);
        pl_buf_u64(b, f->writes.v[i].args);
        pl_value_write(b, f->writes.v[i].value);
        pl_buf_var(b, f->writes.v[i].asked);
    }
    write_offers(b, f->offers, f->offer_items, f->noffers);
    write_action(b, &f->action);
    pl_value_write(b, f->carried);
    pl_buf_text(b, f->said);
}

static void write_memory(struct pl_buf *b, const struct vm_state *s) {
    pl_value_write(b, s->offer_facts);
    pl_buf_var(b, s->picks.n);
    for (size_t i = 0; i < s->picks.n; i++) {
        pl_buf_var(b, s->picks.v[i].key);
        pl_buf_var(b, s->picks.v[i].n);
    }
    pl_buf_var(b, s->pending.n);
    for (size_t i = 0; i < s->pending.n; i++) {
        pl_buf_var(b, s->pending.v[i].effect);
        pl_buf_u32(b, s->pending.v[i].flow);
        pl_buf_byte(b, (uint8_t)s->pending.v[i].outcome);
    }
    pl_buf_var(b, s->rules.n);
    for (size_t i = 0; i < s->rules.n; i++) {
        pl_buf_u64(b, s->rules.v[i].name);
        pl_buf_byte(b, s->rules.v[i].held);
        pl_buf_zig(b, s->rules.v[i].fired_ms);
    }
    pl_buf_var(b, s->held.n);
    for (size_t i = 0; i < s->held.n; i++) {
        pl_buf_text(b, s->held.v[i].name);
        pl_value_write(b, s->held.v[i].args);
    }
    pl_buf_var(b, s->exposures.n);
    for (size_t i = 0; i < s->exposures.n; i++) {
        pl_buf_u64(b, s->exposures.v[i].name);
        pl_buf_u64(b, s->exposures.v[i].variant);
    }
    pl_buf_var(b, s->told.n);
    for (size_t i = 0; i < s->told.n; i++) {
        pl_buf_text(b, s->told.v[i].name);
        pl_buf_text(b, s->told.v[i].text);
        pl_buf_byte(b, s->told.v[i].secret);
    }
    pl_buf_u32(b, s->done.flow);
    if (s->done.flow == PL_NOWHERE) return;
    pl_buf_byte(b, s->done.wrote);
    pl_buf_var(b, s->done.answers.n);
    for (size_t i = 0; i < s->done.answers.n; i++) {
        pl_buf_var(b, s->done.answers.v[i].wait);
        pl_value_write(b, s->done.answers.v[i].value);
    }
}

struct pl_str pl_vm__encode(struct pl_buf *b, struct pl_arena *a, const struct pl_program *p,
                            const struct vm_state *s) {
    pl_buf_clear(b);
    pl_buf_byte(b, VM_STATE_VERSION);
    pl_buf_zig(b, s->started_ms);
    pl_buf_zig(b, s->quiet_ms);
    pl_buf_var(b, s->next_run);
    pl_buf_var(b, s->next_effect);
    pl_buf_var(b, s->turns);
    pl_buf_var(b, s->failures);
    pl_buf_u64(b, s->last_intent);
    pl_buf_u64(b, s->last_text);
    pl_buf_var(b, s->repeats);
    pl_buf_text(b, s->message);
    pl_buf_byte(b, (uint8_t)(s->with_agent | s->closed << 1 | s->verified << 2 | s->known << 3));
    pl_buf_byte(b, (uint8_t)s->consent);
    pl_buf_zig(b, s->idle_ms);
    pl_buf_u32(b, s->offer_rule);
    pl_buf_byte(b, s->route);
    pl_buf_u32(b, s->kept_flow);
    pl_vm__write_entities(b, s->kept, s->kept_flow == PL_NOWHERE ? 0 : s->nkept);
    pl_buf_text(b, s->kept_flow == PL_NOWHERE ? (struct pl_str){0} : s->kept_said);
    write_scope(b, p->session, p->nsession, s->session);
    write_scope(b, p->customer, p->ncustomer, s->customer);
    write_scope(b, p->customer, p->ncustomer, s->memory);
    pl_buf_var(b, s->nframes);
    for (uint32_t i = 0; i < s->nframes; i++) write_frame(b, p, &s->frames[i]);
    write_memory(b, s);
    pl_assert(!b->failed);
    return pl_arena_str(a, pl_buf_slice(b));
}

/* ---- reading ---- */

static void read_scope(struct pl_reader *r, struct pl_arena *a, const struct pl_p_slot *slots,
                       uint32_t n, struct pl_value *values) {
    uint64_t set = pl_read_var(r);
    for (uint64_t k = 0; k < set && !r->bad; k++) {
        struct pl_str name = pl_read_text(r);
        struct pl_value v = pl_value_read(r, a);
        for (uint32_t i = 0; i < n; i++)
            if (pl_str_eq(slots[i].name, name)) values[i] = v;
    }
}

/* A count that the remaining bytes could hold at one byte each: else the input is bad. */
static uint32_t read_count(struct pl_reader *r) {
    uint64_t n = pl_read_var(r);
    if (n > pl_read_left(r)) r->bad = true;
    return r->bad ? 0 : (uint32_t)n;
}

static struct pl_vm_text read_text(struct pl_reader *r, struct pl_arena *a) {
    struct pl_vm_text t = {.text = (uint32_t)pl_read_var(r) - 1};
    t.nargs = read_count(r);
    struct pl_value *args = PL_NEW_ARRAY(a, struct pl_value, t.nargs);
    for (uint32_t i = 0; i < t.nargs; i++) args[i] = pl_value_read(r, a);
    t.args = args;
    return t;
}

static uint32_t read_offers(struct pl_reader *r, struct pl_arena *a, struct pl_vm_choice **offers,
                            struct pl_value **items) {
    uint32_t n = read_count(r);
    struct pl_vm_choice *v = *offers = PL_NEW_ARRAY(a, struct pl_vm_choice, n);
    *items = PL_NEW_ARRAY(a, struct pl_value, n);
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        v[i].option = (uint32_t)pl_read_var(r);
        v[i].id = pl_read_text(r);
        v[i].label = read_text(r, a);
        v[i].url = pl_read_text(r);
        (*items)[i] = pl_value_read(r, a);
    }
    return n;
}

static struct vm_passed read_passed(struct pl_reader *r, struct pl_arena *a) {
    struct vm_passed v = {.wait = (uint32_t)pl_read_var(r)};
    v.shown = pl_read_u8(r) != 0;
    v.choice = (uint32_t)pl_read_var(r);
    v.had = pl_value_read(r, a);
    v.noffers = read_offers(r, a, &v.offers, &v.items);
    return v;
}

static void read_lists(struct pl_reader *r, struct pl_arena *a, struct vm_frame *f) {
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        uint32_t key = (uint32_t)pl_read_var(r);
        VM_PUSH(a, &f->backs, ((struct vm_count){key, (uint32_t)pl_read_var(r)}));
    }
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++)
        VM_PUSH(a, &f->asked, read_passed(r, a));
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++)
        VM_PUSH(a, &f->before, read_passed(r, a));
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++)
        VM_PUSH(a, &f->skipped, (uint32_t)pl_read_var(r));
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        struct vm_write w = {.call = (uint32_t)pl_read_var(r)};
        w.args = pl_read_u64(r);
        w.value = pl_value_read(r, a);
        w.asked = (uint32_t)pl_read_var(r);
        VM_PUSH(a, &f->writes, w);
    }
}

bool pl_vm__time_ok(int64_t ms) {
    return ms >= -VM_TIME_MOST && ms <= VM_TIME_MOST;
}

static bool is_wait_of(const struct pl_program *p, const struct vm_frame *f, uint32_t wait) {
    return wait < p->nwaits && p->waits[wait].flow == f->flow;
}

static bool waits_for_what_is(const struct pl_program *p, const struct vm_frame *f) {
    switch (f->waiting) {
    case VM_RUNS: return true;
    case VM_EFFECT: return f->hook_call < p->ncalls && p->calls[f->hook_call].callee < p->nhooks;
    case VM_MODEL: return f->hook_call < p->nmodels && p->models[f->hook_call].flow == f->flow;
    case VM_QUESTION: return is_wait_of(p, f, f->wait) && p->waits[f->wait].kind < PL_WAIT_SLEEP;
    case VM_NAMING: return is_wait_of(p, f, f->wait) && p->waits[f->wait].kind == PL_WAIT_ASK;
    case VM_SLEEP:
        return is_wait_of(p, f, f->wait) && p->waits[f->wait].kind == PL_WAIT_SLEEP &&
               pl_vm__time_ok(f->deadline);
    case VM_AWAIT:
        return is_wait_of(p, f, f->wait) && p->waits[f->wait].kind == PL_WAIT_AWAIT &&
               pl_vm__time_ok(f->deadline);
    default: return false;
    }
}

static bool offers_fit(const struct pl_program *p, const struct pl_vm_choice *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (v[i].option >= p->noptions) return false;
    return true;
}

static bool passed_fit(const struct pl_program *p, const struct vm_frame *f,
                       const struct vm_passed *v, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!is_wait_of(p, f, v[i].wait) || v[i].choice > v[i].noffers ||
            !offers_fit(p, v[i].offers, v[i].noffers))
            return false;
    return true;
}

static bool action_fits(const struct pl_program *p, const struct vm_frame *f) {
    const struct vm_action *a = &f->action;
    if (a->model == PL_NOWHERE) return true;
    return a->model < p->nmodels && p->models[a->model].flow == f->flow &&
           a->action < p->models[a->model].nactions && pl_utf8_valid(a->failure) &&
           pl_utf8_valid(a->text);
}

/* Indices that the machine will use must be of this image. */
static bool frame_fits(const struct pl_image *image, const struct vm_frame *f) {
    const struct pl_program *p = pl_image_program(image);
    const struct pl_p_flow *flow = &p->flows[f->flow];
    if (f->pc < flow->entry || f->pc >= flow->end) return false;
    if (!pl_image_runs(image, f->pc) || f->role > VM_CONSENT || !waits_for_what_is(p, f))
        return false;
    if (f->call != PL_NOWHERE && f->call >= p->ncalls) return false;
    if (f->verifies && (f->role != VM_CALLED || f->call != PL_NOWHERE)) return false;
    if (f->role == VM_OFFER && f->arg >= p->nrules) return false;
    if (f->role == VM_CORRECTING && (f->arg >= p->nwaits || p->waits[f->arg].kind != PL_WAIT_ASK))
        return false;
    for (size_t i = 0; i < f->writes.n; i++)
        if (f->writes.v[i].call >= p->ncalls) return false;
    return offers_fit(p, f->offers, f->noffers) && passed_fit(p, f, f->asked.v, f->asked.n) &&
           passed_fit(p, f, f->before.v, f->before.n) && action_fits(p, f);
}

static void read_action(struct pl_reader *r, struct pl_arena *a, struct vm_action *out) {
    out->model = pl_read_u32(r);
    if (out->model == PL_NOWHERE) return;
    out->action = (uint32_t)pl_read_var(r);
    out->settled = pl_read_u8(r) != 0;
    out->failure = pl_read_text(r);
    out->text = pl_read_text(r);
    out->spent = pl_value_read(r, a);
}

static void read_frame(struct pl_reader *r, struct pl_arena *a, const struct pl_image *image,
                       struct vm_frame *f) {
    const struct pl_program *p = pl_image_program(image);
    *f = (struct vm_frame){.flow = (uint32_t)pl_read_var(r)};
    if (f->flow >= p->nflows) {
        r->bad = true;
        return;
    }
    f->pc = (uint32_t)pl_read_var(r);
    f->run = pl_read_var(r);
    f->role = pl_read_u8(r);
    f->waiting = pl_read_u8(r);
    uint8_t bits = pl_read_u8(r);
    f->idle = bits & 1;
    f->value_on_stack = bits & 2;
    f->verifies = bits & 4;
    f->narrowed = bits & 8;
    f->interrupted = bits & 16;
    f->call = pl_read_u32(r);
    f->arg = pl_read_u32(r);
    f->wait = pl_read_u32(r);
    f->tries = (uint32_t)pl_read_var(r);
    f->deadline = pl_read_zig(r);
    f->effect = pl_read_var(r);
    f->hook_call = pl_read_u32(r);
    f->hook_args = pl_read_u64(r);
    uint32_t n = p->flows[f->flow].nslots;
    f->slots = PL_NEW_ARRAY(a, struct pl_value, n + 1);
    for (uint32_t i = 0; i < n; i++) f->slots[i] = pl_value_read(r, a);
    read_lists(r, a, f);
    f->noffers = read_offers(r, a, &f->offers, &f->offer_items);
    read_action(r, a, &f->action);
    f->carried = pl_value_read(r, a);
    f->said = pl_read_text(r);
    if (!r->bad && !frame_fits(image, f)) r->bad = true;
}

static void read_memory(struct pl_reader *r, struct pl_arena *a, struct vm_state *s) {
    s->offer_facts = pl_value_read(r, a);
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        uint32_t key = (uint32_t)pl_read_var(r);
        VM_PUSH(a, &s->picks, ((struct vm_count){key, (uint32_t)pl_read_var(r)}));
    }
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        struct vm_pending e = {.effect = pl_read_var(r)};
        e.flow = pl_read_u32(r);
        e.outcome = (int8_t)pl_read_u8(r);
        VM_PUSH(a, &s->pending, e);
    }
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        struct vm_rule_state e = {.name = pl_read_u64(r)};
        e.held = pl_read_u8(r);
        e.fired_ms = pl_read_zig(r);
        VM_PUSH(a, &s->rules, e);
    }
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        struct vm_held e = {.name = pl_read_text(r)};
        e.args = pl_value_read(r, a);
        if (i == PL_VM_HELD) r->bad = true;
        VM_PUSH(a, &s->held, e);
    }
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        struct vm_exposure e = {.name = pl_read_u64(r)};
        e.variant = pl_read_u64(r);
        VM_PUSH(a, &s->exposures, e);
    }
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        struct vm_known e = {.name = pl_read_text(r)};
        e.text = pl_read_text(r);
        e.secret = pl_read_u8(r) != 0;
        if (i == VM_KNOWN) r->bad = true;
        VM_PUSH(a, &s->told, e);
    }
}

static void read_done(struct pl_reader *r, struct pl_arena *a, struct vm_done *d) {
    d->flow = pl_read_u32(r);
    if (d->flow == PL_NOWHERE) return;
    d->wrote = pl_read_u8(r) != 0;
    for (uint32_t n = read_count(r), i = 0; i < n && !r->bad; i++) {
        struct vm_answered e = {.wait = (uint32_t)pl_read_var(r)};
        e.value = pl_value_read(r, a);
        VM_PUSH(a, &d->answers, e);
    }
}

static void read_head(struct pl_reader *r, struct pl_arena *a, struct vm_state *s) {
    s->started_ms = pl_read_zig(r);
    s->quiet_ms = pl_read_zig(r);
    s->next_run = pl_read_var(r);
    s->next_effect = pl_read_var(r);
    s->turns = (uint32_t)pl_read_var(r);
    s->failures = (uint32_t)pl_read_var(r);
    s->last_intent = pl_read_u64(r);
    s->last_text = pl_read_u64(r);
    s->repeats = (uint32_t)pl_read_var(r);
    s->message = pl_read_text(r);
    if (!pl_utf8_valid(s->message)) r->bad = true;
    uint8_t bits = pl_read_u8(r);
    s->with_agent = bits & 1;
    s->closed = bits & 2;
    s->verified = bits & 4;
    s->known = bits & 8;
    s->consent = (int8_t)pl_read_u8(r);
    s->idle_ms = pl_read_zig(r);
    s->offer_rule = pl_read_u32(r);
    s->route = pl_read_u8(r);
    if (s->route > 4) r->bad = true;
    s->kept_flow = pl_read_u32(r);
    s->nkept = read_count(r);
    s->kept = pl_vm__read_entities(r, a, s->nkept);
    s->kept_said = pl_read_text(r);
}

/* Numbers that lost their meaning under another image are forgotten: they only held things back. */
static void drop_strangers(const struct pl_program *p, struct vm_state *s) {
    if (s->offer_rule != PL_NOWHERE && s->offer_rule >= p->nrules) s->offer_rule = PL_NOWHERE;
    if (s->kept_flow != PL_NOWHERE && s->kept_flow >= p->nflows) s->kept_flow = PL_NOWHERE;
    for (size_t i = 0; i < s->done.answers.n; i++)
        if (s->done.answers.v[i].wait >= p->nwaits ||
            p->waits[s->done.answers.v[i].wait].flow != s->done.flow)
            s->done.flow = PL_NOWHERE;
    if (s->done.flow >= p->nflows) s->done = (struct vm_done){.flow = PL_NOWHERE};
    for (size_t i = s->pending.n; i > 0; i--)
        if (s->pending.v[i - 1].flow >= p->nflows)
            s->pending.v[i - 1] = s->pending.v[--s->pending.n];
}

static bool times_ok(const struct vm_state *s) {
    if (!pl_vm__time_ok(s->started_ms) || !pl_vm__time_ok(s->quiet_ms)) return false;
    if (!pl_vm__time_ok(s->idle_ms)) return false;
    for (size_t i = 0; i < s->rules.n; i++)
        if (!pl_vm__time_ok(s->rules.v[i].fired_ms)) return false;
    return true;
}

struct vm_state *pl_vm__state(struct pl_arena *a, const struct pl_program *p) {
    struct vm_state *s = PL_NEW(a, struct vm_state);
    s->session = PL_NEW_ARRAY(a, struct pl_value, p->nsession + 1);
    s->customer = PL_NEW_ARRAY(a, struct pl_value, p->ncustomer + 1);
    s->memory = PL_NEW_ARRAY(a, struct pl_value, p->ncustomer + 1);
    s->frames = pl_arena_raw(a, VM_FRAMES * sizeof *s->frames);
    return s;
}

enum pl_err pl_vm__decode(struct pl_arena *a, const struct pl_image *image, struct pl_str bytes,
                          struct vm_state **out) {
    const struct pl_program *p = pl_image_program(image);
    struct pl_reader r = pl_reader_of(bytes);
    uint8_t version = pl_read_u8(&r);
    if (r.bad) return PL_MALFORMED;
    if (version != VM_STATE_VERSION) return PL_VERSION;
    struct vm_state *s = pl_vm__state(a, p);
    read_head(&r, a, s);
    read_scope(&r, a, p->session, p->nsession, s->session);
    read_scope(&r, a, p->customer, p->ncustomer, s->customer);
    read_scope(&r, a, p->customer, p->ncustomer, s->memory);
    uint64_t n = pl_read_var(&r);
    if (n > VM_FRAMES) return PL_MALFORMED;
    for (s->nframes = 0; s->nframes < n && !r.bad; s->nframes++)
        read_frame(&r, a, image, &s->frames[s->nframes]);
    read_memory(&r, a, s);
    read_done(&r, a, &s->done);
    if (r.bad || pl_read_left(&r) || !times_ok(s)) return PL_MALFORMED;
    drop_strangers(p, s);
    *out = s;
    return PL_OK;
}
