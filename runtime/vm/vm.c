/* SPDX-License-Identifier: Apache-2.0
 *
 * The room's door: a step from bytes to bytes, and the views of a state.
 */
#include "runtime/vm/vm_priv.h"

#include <stdlib.h>

struct pl_vm *pl_vm_create(struct pl_vm_env env) {
    struct pl_vm *vm = calloc(1, sizeof *vm);
    pl_assert(vm);
    vm->env = env;
    return vm;
}

void pl_vm_destroy(struct pl_vm **vm) {
    if (!*vm) return;
    pl_buf_free(&(*vm)->buf);
    free(*vm);
    *vm = NULL;
}

void pl_vm_keep(struct pl_vm *vm, struct pl_arena *a) {
    vm->kept = (struct vm_kept){.a = a};
}

/* The state, decoded; as it was for who asked before, while it is kept. Nobody but a step changes
 * it, or gives it back as it was. */
static enum pl_err decoded(struct pl_vm *vm, struct pl_arena *a, const struct pl_image *image,
                           struct pl_str bytes, struct vm_state **out) {
    struct vm_kept *k = &vm->kept;
    if (a != k->a) return pl_vm__decode(a, image, bytes, out);
    if (!k->state || k->image != image || !pl_str_eq(k->bytes, bytes)) {
        *k = (struct vm_kept){.a = a, .image = image, .bytes = pl_arena_str(a, bytes)};
        enum pl_err err = pl_vm__decode(a, image, k->bytes, &k->state);
        if (err != PL_OK) return err;
    }
    *out = k->state;
    return PL_OK;
}

struct pl_str pl_vm_begin(struct pl_arena *a, const struct pl_image *image, int64_t now_ms) {
    const struct pl_program *p = pl_image_program(image);
    struct vm_state *s = pl_vm__state(a, p);
    s->started_ms = s->quiet_ms = now_ms;
    s->next_run = s->next_effect = 1;
    s->offer_rule = s->kept_flow = s->done.flow = PL_NOWHERE;
    struct pl_buf b = {0};
    struct pl_str bytes = pl_vm__encode(&b, a, p, s);
    pl_buf_free(&b);
    return bytes;
}

static void begin(struct vm_machine *m, struct pl_vm *vm, const struct pl_image *image,
                  struct vm_state *s, const struct pl_vm_event *e, struct pl_arena *a) {
    m->vm = vm;
    m->image = image;
    m->p = pl_image_program(image);
    m->a = a;
    m->s = s;
    m->e = e;
    m->nstack = m->ntexts = m->depth = m->niters = 0;
    m->nest[0] = (struct vm_list){0};
    m->offers = NULL;
    m->offer_items = NULL;
    m->noffers = m->offers_cap = 0;
    m->effects = NULL;
    m->neffects = m->effects_cap = 0;
    m->budget = VM_BUDGET;
    m->room = e->brief ? 0 : VM_SAID;
    m->seen = PL_NONE;
    m->marked = m->failed = m->passed = m->moved = m->silent = m->erring = false;
    m->gap = 0;
    m->failed_at = m->line = 0;
    m->used = 0;
    m->none = (struct vm_frame){.flow = 0};
    m->blocks = m->picked = 0;
    m->speaking = false;
    m->heard = e->kind == PL_EVENT_MESSAGE ? e->reading.text : (struct pl_str){0};
    m->found = e->reading.entities;
    m->nfound = e->kind == PL_EVENT_MESSAGE ? e->reading.nentities : 0;
    if (e->verified) pl_vm__verified(m);
}

/* ---- events ---- */

static void opened(struct vm_machine *m) {
    if (m->p->start < m->p->nflows) pl_vm__begin_flow(m, m->p->start, VM_QUIET, NULL, 0);
    pl_vm__go(m);
}

static void settle(struct vm_machine *m, struct vm_frame *f, const struct pl_p_call *call) {
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, call->result);
    if (call->result == PL_NOWHERE) slot = NULL;
    pl_vm__acted(m, f, f->hook_call, m->e->failure);
    if (m->e->failure.n == 0) {
        if (slot) *slot = m->e->value;
        if (m->p->hooks[call->callee].effect == PL_CLASS_WRITE_ONCE)
            VM_PUSH(
                m->a, &f->writes,
                ((struct vm_write){f->hook_call, f->hook_args, m->e->value, (uint32_t)f->asked.n}));
        f->pc = call->next;
        return;
    }
    if (slot) *slot = PL_NONE;
    struct pl_str name = m->e->failure;
    if (pl_str_is(name, "unconfirmed"))
        VM_PUSH(m->a, &m->s->pending, ((struct vm_pending){f->effect, pl_vm__task_flow(m->s), 0}));
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < call->nfailures; i++) {
            if (!pl_str_eq(call->failures[i].name, name)) continue;
            f->pc = call->failures[i].code;
            return;
        }
        name = PL_STR("unavailable"); /* an undeclared failure is none that the flow knows */
    }
    pl_vm__fail(m, f->pc);
}

/* The definite outcome of a write whose flow no longer waits for it. */
static void outcome(struct vm_machine *m) {
    bool definite = !pl_str_is(m->e->failure, "unconfirmed");
    for (size_t i = 0; definite && i < m->s->pending.n; i++)
        if (m->s->pending.v[i].effect == m->e->effect && m->s->pending.v[i].outcome == 0)
            m->s->pending.v[i].outcome = m->e->failure.n ? -1 : 1;
    pl_vm__go(m);
}

static void hook_came(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    if (!f || f->waiting != VM_EFFECT || f->effect != m->e->effect) {
        outcome(m);
        return;
    }
    f->waiting = VM_RUNS;
    m->moved = true;
    settle(m, f, &m->p->calls[f->hook_call]);
    pl_vm__go(m);
}

/* The flow for a silence that has become this long; each silence is looked at once. */
static uint32_t idle_flow(struct vm_machine *m, int64_t silence) {
    uint32_t flow = PL_NOWHERE;
    for (uint32_t i = 0; i < m->p->ntriggers && flow == PL_NOWHERE; i++) {
        const struct pl_p_trigger *t = &m->p->triggers[i];
        if (t->kind == PL_ON_IDLE && silence >= t->arg && t->arg > m->s->idle_ms &&
            pl_vm__condition(m, NULL, t->cond))
            flow = t->flow;
    }
    if (silence > m->s->idle_ms) m->s->idle_ms = silence;
    return flow;
}

static void timer(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    m->silent = pl_vm__is_silent(m->s, m->e->now_ms);
    bool waits = f && (f->waiting == VM_SLEEP || f->waiting == VM_AWAIT);
    if (waits && f->deadline <= m->e->now_ms) {
        pl_vm__trace(m, f->waiting == VM_AWAIT ? PL_TRACE_ELSE : PL_TRACE_ANSWERED, f->wait);
        if (f->waiting == VM_AWAIT) f->pc = m->p->waits[f->wait].els;
        f->waiting = VM_RUNS;
        m->moved = true;
    } else if (f && f->waiting == VM_QUESTION) {
        uint32_t flow = idle_flow(m, m->e->now_ms - m->s->quiet_ms);
        struct vm_frame *idle =
            flow == PL_NOWHERE ? NULL : pl_vm__begin_flow(m, flow, VM_QUIET, NULL, 0);
        if (idle) pl_vm__trace(m, PL_TRACE_SILENT, f->wait);
        if (idle) idle->idle = true;
    }
    pl_vm__go(m);
}

/* What is kept of the conversation is what was shown, not what came out now: the open flow cannot
 * go on from there. */
static void diverged(struct vm_machine *m) {
    const struct vm_frame *f = pl_vm__top(m->s);
    if (f && !m->s->with_agent) pl_vm__fail(m, f->pc);
    pl_vm__go(m);
}

/* The bot has the conversation again: what waited meanwhile goes on, silence begins anew. */
static void handed_back(struct vm_machine *m) {
    uint32_t flow = m->p->prelude[PL_PRELUDE_HANDED_BACK];
    if (!m->s->with_agent) return;
    m->s->with_agent = m->s->closed = false;
    m->s->quiet_ms = m->e->now_ms;
    m->s->idle_ms = 0;
    m->s->failures = m->s->repeats = 0;
    m->moved = true;
    while (m->s->nframes) pl_vm__pop_task(m, "handed back"); /* handed_over's own question */
    if (flow != PL_NOWHERE) pl_vm__begin_flow(m, flow, VM_QUIET, NULL, 0);
    pl_vm__go(m);
}

static void handle(struct vm_machine *m) {
    switch ((enum pl_vm_event_kind)m->e->kind) {
    case PL_EVENT_OPEN: opened(m); break;
    case PL_EVENT_MESSAGE: pl_vm__message(m); break;
    case PL_EVENT_HOOK: hook_came(m); break;
    case PL_EVENT_OUTCOME: outcome(m); break;
    case PL_EVENT_TIMER: timer(m); break;
    case PL_EVENT_RULE:
        if (!m->s->with_agent) pl_vm__apply_rule(m);
        pl_vm__go(m);
        break;
    case PL_EVENT_IDENTITY: pl_vm__identity(m); break;
    case PL_EVENT_HAPPENED: pl_vm__happened(m); break;
    case PL_EVENT_DIVERGED: diverged(m); break;
    case PL_EVENT_MODEL: pl_vm__model_came(m); break;
    case PL_EVENT_NAMED: pl_vm__named(m); break;
    case PL_EVENT_HANDED_BACK: handed_back(m); break;
    case PL_EVENT_NO_MODEL: pl_vm__no_model(m); break;
    }
}

/* ---- the hash of what a step said ---- */

static uint64_t hash_text(struct pl_buf *b, const struct pl_vm_text *t) {
    pl_buf_var(b, t->text);
    for (uint32_t i = 0; i < t->nargs; i++) pl_value_write(b, t->args[i]);
    return 0;
}

static void hash_source(struct pl_buf *b, const struct pl_vm_source *s) {
    pl_buf_text(b, s->title);
    pl_buf_text(b, s->url);
    pl_buf_text(b, s->article);
    pl_buf_text(b, s->locale);
    for (uint32_t i = 0; i < s->npassage; i++) pl_buf_text(b, s->passage[i]);
}

static void hash_parts(struct pl_buf *b, const struct pl_vm_part *parts, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        pl_buf_byte(b, parts[i].kind);
        hash_text(b, &parts[i].a);
        hash_text(b, &parts[i].b);
        pl_buf_text(b, parts[i].url);
        hash_parts(b, parts[i].parts, parts[i].nparts);
        pl_buf_text(b, parts[i].said);
        if (parts[i].from.n) pl_buf_text(b, parts[i].from);
        for (uint32_t k = 0; k < parts[i].nsources; k++) hash_source(b, &parts[i].sources[k]);
    }
}

static uint64_t hash_result(struct vm_machine *m, struct pl_str state) {
    struct pl_buf *b = &m->vm->buf;
    pl_buf_clear(b);
    for (uint32_t i = 0; i < m->neffects; i++) {
        const struct pl_vm_effect *e = &m->effects[i];
        pl_buf_byte(b, e->kind);
        pl_buf_text(b, e->name);
        pl_buf_var(b, e->id);
        hash_parts(b, e->say.parts, e->say.nparts);
        for (uint32_t k = 0; k < e->say.nchoices; k++) pl_buf_text(b, e->say.choices[k].id);
        for (uint32_t k = 0; k < e->nargs; k++) pl_value_write(b, e->args[k]);
        if (e->kind != PL_EFFECT_MODEL) continue;
        hash_text(b, &e->about);
        pl_buf_text(b, e->text);
        pl_value_write(b, e->acted);
    }
    return pl_mix(pl_mix(PL_FNV, state.p, state.n), b->p, b->n);
}

/* Options of answered questions, one after another. */
static void earlier_of(const struct pl_program *p, struct pl_arena *a, const struct vm_frame *f,
                       struct pl_vm_view *out) {
    uint32_t n = 0;
    for (size_t i = 0; i < f->asked.n; i++)
        if (pl_vm__is_earlier(p, f, &f->asked.v[i])) n += f->asked.v[i].noffers;
    struct pl_vm_choice *v = PL_NEW_ARRAY(a, struct pl_vm_choice, n + 1);
    for (size_t i = 0; i < f->asked.n; i++)
        for (uint32_t k = 0; pl_vm__is_earlier(p, f, &f->asked.v[i]) && k < f->asked.v[i].noffers;
             k++)
            v[out->nearlier++] = f->asked.v[i].offers[k];
    out->earlier = v;
}

static void view_of(const struct pl_program *p, struct pl_arena *a, struct vm_state *s,
                    struct pl_vm_view *out) {
    const struct vm_frame *f = pl_vm__top(s);
    *out = (struct pl_vm_view){.mode = PL_VM_IDLE, .flow = pl_vm__task_flow(s), .wait = PL_NOWHERE};
    if (f && f->waiting == VM_QUESTION) {
        out->mode = PL_VM_ASKING;
        out->wait = f->wait;
        out->nchoices = f->noffers;
        out->choices = f->offers;
        out->several =
            p->waits[f->wait].kind == PL_WAIT_ASK && p->waits[f->wait].type.kind == PL_KIND_LIST;
        earlier_of(p, a, f, out);
    } else if (f && f->waiting == VM_NAMING) {
        out->mode = PL_VM_NAMING;
        out->nchoices = f->noffers;
        out->choices = f->offers;
        out->said = f->said;
    } else if (f && (f->waiting == VM_EFFECT || f->waiting == VM_MODEL)) {
        out->mode = PL_VM_BUSY;
        out->effect = f->effect;
    } else if (f) {
        out->mode = PL_VM_SLEEPING;
    }
    if (s->with_agent) out->mode = PL_VM_WITH_AGENT;
    if (s->closed) out->mode = PL_VM_CLOSED;
    out->deadline_ms = pl_vm__deadline(p, s);
    out->in_flow = s->nframes > 0;
    out->started_ms = s->started_ms;
    out->turns = s->turns;
    out->failures = s->failures;
    out->repeats = s->repeats;
    out->nframes = s->nframes;
    out->nheld = (uint32_t)s->held.n;
    out->no_model = pl_vm__refuses_models(p, s);
}

enum pl_err pl_vm_step(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                       const struct pl_vm_event *event, struct pl_arena *a,
                       struct pl_vm_result *out) {
    struct vm_state *s;
    struct vm_machine m;
    enum pl_err err = decoded(vm, a, image, state, &s);
    if (err != PL_OK) return err;
    vm->kept.state = NULL; /* it is this step's */
    begin(&m, vm, image, s, event, a);
    handle(&m);
    pl_vm__remember(&m);
    pl_vm__learn(&m);
    out->state = pl_vm__encode(&vm->buf, a, m.p, s);
    out->effects = m.effects;
    out->neffects = m.neffects;
    out->hash = hash_result(&m, out->state);
    view_of(m.p, a, s, &out->view);
    return PL_OK;
}

/* ---- views ---- */

enum pl_err pl_vm_look(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                       struct pl_arena *a, struct pl_vm_view *out) {
    struct vm_state *s;
    const struct pl_program *p = pl_image_program(image);
    enum pl_err err = decoded(vm, a, image, state, &s);
    if (err == PL_OK) view_of(p, a, s, out);
    return err;
}

struct record {
    struct pl_arena *a;
    const struct pl_types *types;
    struct pl_field *f;
    uint32_t n;
};

static void add_slots(struct record *r, const struct pl_p_slot *slots, uint32_t n,
                      const struct pl_value *values) {
    for (uint32_t i = 0; i < n; i++) {
        struct pl_value v = pl_value_unmarked(r->a, r->types, slots[i].type, values[i], PL_SECRET);
        if (v.kind != PL_KIND_NONE) r->f[r->n++] = (struct pl_field){slots[i].name, v};
    }
}

struct pl_value pl_vm__slots_record(const struct pl_program *p, struct vm_state *s,
                                    const struct vm_frame *f, struct pl_arena *a) {
    uint32_t most = p->nsession + p->ncustomer + (f ? p->flows[f->flow].nslots : 0);
    struct record r = {.a = a, .types = &p->types};
    r.f = PL_NEW_ARRAY(a, struct pl_field, most + 1);
    add_slots(&r, p->session, p->nsession, s->session);
    add_slots(&r, p->customer, p->ncustomer, s->customer);
    if (f) add_slots(&r, p->flows[f->flow].slots, p->flows[f->flow].nslots, f->slots);
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = r.f, .n = r.n}};
}

struct pl_value pl_vm_slots(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                            struct pl_arena *a) {
    struct vm_state *s;
    const struct pl_program *p = pl_image_program(image);
    if (decoded(vm, a, image, state, &s) != PL_OK) return PL_NONE;
    return pl_vm__slots_record(p, s, pl_vm__top(s), a);
}

struct pl_value pl_vm_slot(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                           struct pl_arena *a, struct pl_str name) {
    return pl_rec_get(pl_vm_slots(vm, image, state, a), name);
}

/* ---- the rules' conditions ---- */

/* Would counting the message do more to the state than change its head? */
static bool is_touched(const struct vm_state *s, const struct pl_vm_event *event) {
    bool idle = false;
    for (uint32_t i = 0; i < s->nframes; i++) idle = idle || s->frames[i].idle;
    return idle || event->verified;
}

/* Most conditions fail by what they look at first: nothing need run for that. True when this one
 * does; false when it has to run. */
static bool fails_at_once(struct vm_machine *m, uint32_t at) {
    bool first;
    if (at == PL_NOWHERE || m->vm->env.trace) return false; /* who watches sees all of it run */
    const uint32_t *code = m->p->code + at;
    if (PL_WORD_OP(code[0]) == PL_OP_MENTIONS) {
        first = pl_vm__mentions(m, PL_WORD_ARG(code[0]));
        code += 1;
    } else if (PL_WORD_OP(code[0]) == PL_OP_FACT && PL_WORD_OP(code[1]) == PL_OP_CONST) {
        struct pl_value fact = pl_vm__fact(m, (enum pl_fact)PL_WORD_ARG(code[0]));
        const struct pl_value *to = &m->p->consts[PL_WORD_ARG(code[1])];
        enum pl_op op = (enum pl_op)PL_WORD_OP(code[2]);
        if (op < PL_OP_EQ || op > PL_OP_GE || !pl_vm__compares(op, fact, *to, &first)) return false;
        code += 3;
    } else {
        return false;
    }
    if (PL_WORD_OP(code[0]) == PL_OP_AND) code = m->p->code + PL_WORD_ARG(code[0]);
    return !first && PL_WORD_OP(code[0]) == PL_OP_DONE;
}

static void look_at_rules(struct vm_machine *m, bool *holds, struct pl_vm_rule_memory *memory) {
    for (uint32_t i = 0; i < m->p->nrules; i++) {
        const struct pl_p_rule *rule = &m->p->rules[i];
        const struct vm_rule_state *r = pl_vm__rule(m->a, m->s, rule->name, false);
        memory[i] =
            (struct pl_vm_rule_memory){.held = r && r->held, .fired_ms = r ? r->fired_ms : 0};
        holds[i] =
            !fails_at_once(m, rule->cond) && pl_vm__condition(m, NULL, rule->cond) && !m->failed;
        m->failed = false;
    }
}

enum pl_err pl_vm_conditions(struct pl_vm *vm, const struct pl_image *image, struct pl_str state,
                             const struct pl_vm_event *event, struct pl_arena *a, bool *holds,
                             struct pl_vm_rule_memory *memory) {
    struct vm_machine m;
    struct vm_state *s;
    enum pl_err err = decoded(vm, a, image, state, &s);
    if (err == PL_OK && is_touched(s, event)) err = pl_vm__decode(a, image, state, &s);
    if (err != PL_OK) return err;
    struct vm_state before = *s;
    begin(&m, vm, image, s, event, a);
    if (event->kind == PL_EVENT_MESSAGE) { /* it is counted, and nothing has run */
        pl_vm__end_silence(&m);
        pl_vm__count_message(&m, pl_vm__is_answer(&m));
    }
    look_at_rules(&m, holds, memory);
    *s = before;
    return PL_OK;
}
