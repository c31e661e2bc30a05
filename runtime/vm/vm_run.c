/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter of straight code: expressions, slots, messages. What changes frames or waits is
 * left to vm_flow.c. The image was verified when it was loaded, so operands are trusted; what
 * depends on values (kinds, empty loops) is not.
 */
#include "runtime/vm/vm_priv.h"

#include <string.h>

#define TEXT_WEIGHT 32 /* of a text besides its bytes: its names and braces */

void pl_vm__fail(struct vm_machine *m, uint32_t at) {
    if (m->failed) return;
    m->failed = true;
    m->failed_at = at;
}

void pl_vm__trace(struct vm_machine *m, enum pl_vm_trace what, uint32_t at) {
    const struct pl_vm_env *env = &m->vm->env;
    if (env->trace) env->trace(env->trace_ctx, m->image, what, at);
}

void pl_vm__push(struct vm_machine *m, struct pl_value v) {
    if (m->nstack == VM_STACK) {
        pl_vm__fail(m, 0);
        return;
    }
    m->stack[m->nstack++] = v;
}

struct pl_value pl_vm__pop(struct vm_machine *m) {
    if (m->nstack == 0) {
        pl_vm__fail(m, 0);
        return PL_NONE;
    }
    return m->stack[--m->nstack];
}

const struct pl_value *pl_vm__pop_n(struct vm_machine *m, uint32_t n) {
    if (n > m->nstack) {
        pl_vm__fail(m, 0);
        n = m->nstack;
    }
    struct pl_value *v = PL_NEW_ARRAY(m->a, struct pl_value, n + 1);
    m->nstack -= n;
    if (n) memcpy(v, m->stack + m->nstack, n * sizeof *v);
    return v;
}

struct pl_vm_text pl_vm__pop_text(struct vm_machine *m) {
    if (m->ntexts == 0) {
        pl_vm__fail(m, 0);
        return (struct pl_vm_text){.text = PL_NOWHERE};
    }
    return m->texts[--m->ntexts];
}

bool pl_vm__truth(struct pl_value v) {
    if (v.kind == PL_KIND_BOOL) return v.b;
    if (v.kind == PL_KIND_LIST) return v.list.n > 0; /* an empty one counts as absent */
    return v.kind != PL_KIND_NONE;
}

struct pl_vm_effect *pl_vm__effect(struct vm_machine *m, enum pl_vm_effect_kind kind) {
    size_t cap = m->effects_cap;
    m->effects = pl_vm__grow(m->a, m->effects, m->neffects, &cap, sizeof *m->effects);
    m->effects_cap = (uint32_t)cap;
    struct pl_vm_effect *e = &m->effects[m->neffects++];
    const struct vm_frame *top = pl_vm__top(m->s);
    bool ran = top && top->pc > m->p->flows[top->flow].entry; /* pc is behind the word that runs */
    *e = (struct pl_vm_effect){
        .kind = (uint8_t)kind,
        .rule = PL_NOWHERE,
        .queue = PL_NOWHERE,
        .flow = top ? top->flow : PL_NOWHERE,
        .because.text = PL_NOWHERE,
        .note.text = PL_NOWHERE,
        .at = top ? top->pc - ran : 0,
    };
    return e;
}

/* ---- comparisons and arithmetic ---- */

static bool is_empty(struct pl_value v) {
    switch (v.kind) {
    case PL_KIND_NONE: return true;
    case PL_KIND_TEXT: return v.s.n == 0;
    case PL_KIND_LIST: return v.list.n == 0;
    default: return false;
    }
}

bool pl_vm__compares(enum pl_op op, struct pl_value a, struct pl_value b, bool *out) {
    int c = 0;
    if (op == PL_OP_EQ || op == PL_OP_NE) {
        *out = pl_value_eq(a, b) == (op == PL_OP_EQ);
        return true;
    }
    *out = false;
    if (a.kind == PL_KIND_NONE || b.kind == PL_KIND_NONE) return true;
    bool ok = pl_value_cmp(a, b, &c) == PL_OK;
    *out = op == PL_OP_LT ? c < 0 : op == PL_OP_LE ? c <= 0 : op == PL_OP_GT ? c > 0 : c >= 0;
    return ok;
}

static void compare(struct vm_machine *m, struct vm_frame *f, enum pl_op op) {
    struct pl_value b = pl_vm__pop(m), a = pl_vm__pop(m);
    bool r;
    if (!pl_vm__compares(op, a, b, &r)) pl_vm__fail(m, f->pc);
    pl_vm__push(m, pl_bool(r));
}

static void arith(struct vm_machine *m, struct vm_frame *f, char op) {
    struct pl_value b = pl_vm__pop(m), a = pl_vm__pop(m), r = PL_NONE;
    if (a.kind != PL_KIND_NONE && b.kind != PL_KIND_NONE && pl_value_arith(op, a, b, &r) != PL_OK)
        pl_vm__fail(m, f->pc);
    pl_vm__push(m, r);
}

static bool in_list(struct pl_value v, struct pl_value list) {
    if (list.kind != PL_KIND_LIST) return false;
    for (uint32_t i = 0; i < list.list.n; i++)
        if (pl_value_eq(v, list.list.v[i])) return true;
    return false;
}

bool pl_vm__mentions(const struct vm_machine *m, uint32_t row) {
    const struct pl_vm_reading *r = &m->e->reading;
    return row < r->nmentions && (r->mentions[row / 8] >> (row % 8) & 1);
}

static struct pl_value queue_wait(const struct vm_machine *m, uint32_t queue) {
    int64_t ms = queue < m->e->nqueues ? m->e->queues[queue].wait_ms : 0;
    return (struct pl_value){.kind = PL_KIND_DURATION, .duration = ms};
}

/* Expressions; false when the opcode is none of them. */
static bool expression(struct vm_machine *m, struct vm_frame *f, enum pl_op op, uint32_t arg) {
    struct pl_value v;
    struct pl_value *slot;
    bool ok = true;
    switch (op) {
    case PL_OP_CONST: pl_vm__push(m, m->p->consts[arg]); return true;
    case PL_OP_NONE: pl_vm__push(m, PL_NONE); return true;
    case PL_OP_LOAD:
        if (f->before.n && !m->blocks) pl_vm__forget_behind(m, f, f->pc);
        slot = pl_vm__slot(m->p, m->s, f, arg);
        pl_vm__push(m, slot ? *slot : PL_NONE);
        return true;
    case PL_OP_FACT: pl_vm__push(m, pl_vm__fact(m, (enum pl_fact)arg)); return true;
    case PL_OP_FIELD:
        v = pl_vm__pop(m);
        pl_vm__push(m, pl_vm__field(m, v, m->p->consts[arg].s));
        return true;
    case PL_OP_ADD: arith(m, f, '+'); return true;
    case PL_OP_SUB: arith(m, f, '-'); return true;
    case PL_OP_MUL: arith(m, f, '*'); return true;
    case PL_OP_DIV: arith(m, f, '/'); return true;
    case PL_OP_EQ:
    case PL_OP_NE:
    case PL_OP_LT:
    case PL_OP_LE:
    case PL_OP_GT:
    case PL_OP_GE: compare(m, f, op); return true;
    case PL_OP_IN:
        v = pl_vm__pop(m);
        pl_vm__push(m, pl_bool(in_list(pl_vm__pop(m), v)));
        return true;
    case PL_OP_EMPTY: pl_vm__push(m, pl_bool(is_empty(pl_vm__pop(m)))); return true;
    case PL_OP_TRUTH: pl_vm__push(m, pl_bool(pl_vm__truth(pl_vm__pop(m)))); return true;
    case PL_OP_NOT: pl_vm__push(m, pl_bool(!pl_vm__truth(pl_vm__pop(m)))); return true;
    case PL_OP_LIST:
        v = (struct pl_value){.kind = PL_KIND_LIST, .list = {.v = pl_vm__pop_n(m, arg), .n = arg}};
        pl_vm__push(m, v);
        return true;
    case PL_OP_FUNC:
        v = pl_vm__func(m, (enum pl_func)arg, pl_vm__pop(m), &ok);
        if (!ok) pl_vm__fail(m, f->pc);
        pl_vm__push(m, v);
        return true;
    case PL_OP_MATCHES:
        v = pl_vm__pop(m);
        ok = v.kind >= PL_KIND_TEXT && v.kind <= PL_KIND_CARD &&
             m->vm->env.matches(m->vm->env.ctx, m->image, arg, v.s);
        pl_vm__push(m, pl_bool(ok));
        return true;
    case PL_OP_MENTIONS: pl_vm__push(m, pl_bool(pl_vm__mentions(m, arg))); return true;
    case PL_OP_OPEN: pl_vm__push(m, pl_bool(arg < m->e->nhours && m->e->hours[arg])); return true;
    case PL_OP_QUEUE_WAIT: pl_vm__push(m, queue_wait(m, arg)); return true;
    default: return false;
    }
}

/* ---- messages ---- */

static void part_add(struct vm_machine *m, struct pl_vm_part part) {
    struct vm_list *l = &m->nest[m->depth];
    size_t cap = l->cap;
    l->v = pl_vm__grow(m->a, l->v, l->n, &cap, sizeof *l->v);
    l->cap = (uint32_t)cap;
    l->v[l->n++] = part;
}

static void nest_open(struct vm_machine *m, struct vm_frame *f, enum pl_vm_part_kind kind) {
    if (m->depth + 1 == VM_NEST) {
        pl_vm__fail(m, f->pc);
        return;
    }
    m->depth++;
    m->nest[m->depth] = (struct vm_list){0};
    m->open[m->depth] = (struct pl_vm_part){
        .kind = (uint8_t)kind, .a.text = PL_NOWHERE, .b.text = PL_NOWHERE, .target = PL_NOWHERE};
}

static void nest_close(struct vm_machine *m, struct vm_frame *f) {
    if (m->depth == 0) {
        pl_vm__fail(m, f->pc);
        return;
    }
    struct pl_vm_part part = m->open[m->depth];
    part.parts = m->nest[m->depth].v;
    part.nparts = m->nest[m->depth].n;
    m->depth--;
    if (part.nparts || part.kind == PL_PART_CARD) part_add(m, part); /* a loop may give none */
}

static struct pl_str text_of(struct pl_value v) {
    return v.kind >= PL_KIND_TEXT && v.kind <= PL_KIND_FILE ? v.s : (struct pl_str){0};
}

static struct pl_vm_part plain_part(enum pl_vm_part_kind kind) {
    return (struct pl_vm_part){
        .kind = (uint8_t)kind, .a.text = PL_NOWHERE, .b.text = PL_NOWHERE, .target = PL_NOWHERE};
}

/* Counts what is said; too much at once is the flow's mistake. */
static void weigh(struct vm_machine *m, const struct vm_frame *f, size_t bytes) {
    bool fits = bytes <= m->room;
    m->room -= fits ? bytes : m->room;
    if (!fits) pl_vm__fail(m, f->pc);
}

static void weigh_text(struct vm_machine *m, const struct vm_frame *f, const struct pl_vm_text *t) {
    struct pl_buf *b = &m->vm->buf;
    pl_buf_clear(b);
    for (uint32_t i = 0; i < t->nargs; i++) pl_value_write(b, t->args[i]);
    weigh(m, f, TEXT_WEIGHT + pl_image_text(m->image, t->text, 0).n + b->n);
}

static struct pl_str pop_url(struct vm_machine *m, struct vm_frame *f) {
    struct pl_str url = text_of(pl_vm__pop(m));
    weigh(m, f, url.n);
    return url;
}

static void part_button(struct vm_machine *m, struct vm_frame *f, uint32_t target) {
    const struct pl_p_target *t = &m->p->targets[target];
    struct pl_vm_part part = plain_part(PL_PART_BUTTON);
    part.target = target;
    if (t->open) {
        part.url = pop_url(m, f);
    } else {
        part.args = (struct pl_value){.kind = PL_KIND_LIST,
                                      .list = {.v = pl_vm__pop_n(m, t->nargs), .n = t->nargs}};
    }
    part.a = pl_vm__pop_text(m);
    part_add(m, part);
}

static void say_end(struct vm_machine *m) {
    struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_SAY);
    e->say = (struct pl_vm_say){.line = m->line, .nparts = m->nest[0].n, .parts = m->nest[0].v};
    m->nest[0] = (struct vm_list){0};
    m->depth = 0;
}

/* ".0", ".1" … behind the ids of a loop's options. */
static void option_add(struct vm_machine *m, struct vm_frame *f, uint32_t option) {
    const struct pl_p_option *o = &m->p->options[option];
    struct pl_vm_choice c = {.option = option, .id = o->id};
    struct pl_value item = PL_NONE;
    if (o->kind == PL_OPT_OPEN) c.url = pop_url(m, f);
    c.label = pl_vm__pop_text(m);
    if (m->niters) {
        const struct vm_iter *it = &m->iters[m->niters - 1];
        if (it->at) item = it->list.list.v[it->at - 1];
        c.id = pl_arena_printf(m->a, "%.*s.%u", PL_STR_ARG(o->id), it->at ? it->at - 1 : 0);
    }
    size_t cap = m->offers_cap, cap2 = m->offers_cap;
    m->offers = pl_vm__grow(m->a, m->offers, m->noffers, &cap, sizeof *m->offers);
    m->offer_items = pl_vm__grow(m->a, m->offer_items, m->noffers, &cap2, sizeof item);
    m->offers_cap = (uint32_t)cap;
    m->offers[m->noffers] = c;
    m->offer_items[m->noffers++] = item;
}

static void push_text(struct vm_machine *m, struct vm_frame *f, uint32_t text) {
    uint32_t n = m->p->texts[text].nargs;
    struct pl_vm_text t = {.text = text, .nargs = n, .args = pl_vm__pop_n(m, n)};
    if (m->ntexts == VM_TEXTS) {
        pl_vm__fail(m, f->pc);
        return;
    }
    m->texts[m->ntexts++] = t;
    weigh_text(m, f, &t);
}

static void simple_part(struct vm_machine *m, struct vm_frame *f, enum pl_op op, uint32_t arg) {
    struct pl_vm_part part = plain_part(PL_PART_TEXT);
    switch (op) {
    case PL_OP_PART_IMAGE:
        part.kind = PL_PART_IMAGE;
        if (arg) part.a = pl_vm__pop_text(m);
        part.url = pop_url(m, f);
        break;
    case PL_OP_PART_FACT:
        part.kind = PL_PART_FACT;
        part.b = pl_vm__pop_text(m);
        part.a = pl_vm__pop_text(m);
        break;
    case PL_OP_PART_LINK:
        part.kind = PL_PART_LINK;
        part.a = pl_vm__pop_text(m);
        part.url = pop_url(m, f);
        break;
    case PL_OP_PART_FILE:
        part.kind = PL_PART_FILE;
        part.url = pop_url(m, f);
        break;
    default: part.a = pl_vm__pop_text(m); break;
    }
    part_add(m, part);
}

/* Messages; false when the opcode is none of them. */
static bool message(struct vm_machine *m, struct vm_frame *f, enum pl_op op, uint32_t arg) {
    switch (op) {
    case PL_OP_TEXT: push_text(m, f, arg); return true;
    case PL_OP_SAY:
        m->depth = 0;
        m->nest[0] = (struct vm_list){0};
        m->line = m->ntexts ? m->texts[m->ntexts - 1].text : 0;
        simple_part(m, f, PL_OP_SAY, 0);
        return true;
    case PL_OP_SAY_END: say_end(m); return true;
    case PL_OP_PART_IMAGE:
    case PL_OP_PART_FACT:
    case PL_OP_PART_LINK:
    case PL_OP_PART_FILE:
    case PL_OP_STEP: simple_part(m, f, op, arg); return true;
    case PL_OP_PART_BUTTON: part_button(m, f, arg); return true;
    case PL_OP_STEPS: nest_open(m, f, PL_PART_STEPS); return true;
    case PL_OP_CARDS: nest_open(m, f, PL_PART_CARDS); return true;
    case PL_OP_CARD: nest_open(m, f, PL_PART_CARD); return true;
    case PL_OP_STEPS_END:
    case PL_OP_CARDS_END:
    case PL_OP_CARD_END: nest_close(m, f); return true;
    case PL_OP_CARD_TITLE: m->open[m->depth].a = pl_vm__pop_text(m); return true;
    case PL_OP_CARD_TEXT: m->open[m->depth].b = pl_vm__pop_text(m); return true;
    case PL_OP_OPTION: option_add(m, f, arg); return true;
    case PL_OP_SAY_FOR: {
        struct pl_value slot = pl_vm__slot_name(m, f, arg);
        pl_vm__speak(m, m->p->prelude[PL_PRELUDE_ASK_FOR], &slot, 1);
        return true;
    }
    case PL_OP_SPEAK: pl_vm__speak(m, arg, NULL, 0); return true;
    case PL_OP_NOTE: {
        struct pl_vm_text t = pl_vm__pop_text(m);
        pl_vm__effect(m, PL_EFFECT_NOTE)->note = t;
        return true;
    }
    default: return false;
    }
}

/* ---- jumps, loops, slots ---- */

static uint64_t mix(uint64_t seed, uint64_t site) {
    return pl_fnv(pl_fnv(PL_FNV, &seed, sizeof seed), &site, sizeof site);
}

/* One of n, never the one taken last at this place. */
static void pick(struct vm_machine *m, struct vm_frame *f, uint32_t n) {
    uint32_t site = f->pc, last = PL_NOWHERE;
    struct vm_count *memory = NULL;
    for (size_t i = 0; i < m->s->picks.n; i++)
        if (m->s->picks.v[i].key == site) memory = &m->s->picks.v[i];
    if (memory) last = memory->n;
    /* not by the site: the same conversation on an edited program is to say the same */
    uint64_t h = mix(m->e->seed, m->picked++);
    uint32_t choice = last < n && n > 1 ? (uint32_t)(h % (n - 1)) : (uint32_t)(h % n);
    if (last < n && n > 1 && choice >= last) choice++;
    if (memory)
        memory->n = choice;
    else
        VM_PUSH(m->a, &m->s->picks, ((struct vm_count){site, choice}));
    f->pc = m->p->code[site + choice];
}

static uint64_t hash_of(struct pl_str s) {
    return pl_fnv(PL_FNV, s.p, s.n);
}

/* The variant that was met before; n when none was, or it is gone. */
static uint32_t met_before(const struct vm_machine *m, uint64_t name, uint32_t at, uint32_t n) {
    for (size_t k = 0; k < m->s->exposures.n; k++) {
        if (m->s->exposures.v[k].name != name) continue;
        for (uint32_t i = 0; i < n; i++)
            if (hash_of(m->p->consts[m->p->code[at + 3 * i + 2]].s) == m->s->exposures.v[k].variant)
                return i;
    }
    return n;
}

static uint32_t variant_of(const struct vm_machine *m, uint64_t bucket, uint32_t at, uint32_t n) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += m->p->code[at + 3 * i + 1];
        if (bucket < sum) return i;
    }
    return n - 1;
}

/* The first exposure: remembered, and told to analytics with the variant's name. */
static void expose(struct vm_machine *m, struct pl_str name, struct pl_str variant) {
    struct pl_value *arg = PL_NEW(m->a, struct pl_value);
    struct vm_exposure x = {hash_of(name), hash_of(variant)};
    for (size_t k = m->s->exposures.n; k > 0; k--)
        if (m->s->exposures.v[k - 1].name == x.name)
            m->s->exposures.v[k - 1] = m->s->exposures.v[--m->s->exposures.n];
    VM_PUSH(m->a, &m->s->exposures, x);
    *arg = pl_text(variant);
    struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_TRACK);
    e->name = name;
    e->args = arg;
    e->nargs = 1;
}

/* The bucket is a hash of the name and of who it is: the same in every conversation of a customer.
 */
static void experiment(struct vm_machine *m, struct vm_frame *f, uint32_t n) {
    struct pl_str name = text_of(pl_vm__pop(m));
    uint32_t at = f->pc, i = met_before(m, hash_of(name), at, n);
    if (i == n) {
        i = variant_of(m, mix(m->e->subject, hash_of(name)) % 100, at, n);
        expose(m, name, m->p->consts[m->p->code[at + 3 * i + 2]].s);
    }
    f->pc = m->p->code[at + 3 * i];
}

static void iter_begin(struct vm_machine *m, struct vm_frame *f, uint32_t most) {
    struct pl_value list = pl_vm__pop(m);
    if (m->niters == VM_NEST) {
        pl_vm__fail(m, f->pc);
        return;
    }
    uint32_t n = list.kind == PL_KIND_LIST ? list.list.n : 0;
    m->iters[m->niters++] = (struct vm_iter){.list = list, .most = n < most ? n : most};
}

static void iter_next(struct vm_machine *m, struct vm_frame *f, uint32_t ref) {
    uint32_t end = m->p->code[f->pc++];
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, ref);
    if (m->niters == 0 || !slot) {
        pl_vm__fail(m, f->pc);
        return;
    }
    struct vm_iter *it = &m->iters[m->niters - 1];
    if (it->at == it->most) {
        m->niters--;
        *slot = PL_NONE;
        f->pc = end;
        return;
    }
    *slot = it->list.list.v[it->at++];
}

static void and_or(struct vm_machine *m, struct vm_frame *f, bool leave_when, uint32_t to) {
    struct pl_value v = pl_vm__pop(m);
    if (pl_vm__truth(v) != leave_when) return;
    pl_vm__push(m, pl_bool(leave_when));
    f->pc = to;
}

static void store(struct vm_machine *m, struct vm_frame *f, uint32_t ref, struct pl_value v) {
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, ref);
    if (slot)
        *slot = v;
    else
        pl_vm__fail(m, f->pc);
}

/* Control within the frame and slots; false when the opcode is none of them. */
static bool local(struct vm_machine *m, struct vm_frame *f, enum pl_op op, uint32_t arg) {
    switch (op) {
    case PL_OP_JUMP: f->pc = arg; return true;
    case PL_OP_JUMP_FALSE:
        if (!pl_vm__truth(pl_vm__pop(m))) f->pc = arg;
        return true;
    case PL_OP_JUMP_TRUE:
        if (pl_vm__truth(pl_vm__pop(m))) f->pc = arg;
        return true;
    case PL_OP_AND: and_or(m, f, false, arg); return true;
    case PL_OP_OR: and_or(m, f, true, arg); return true;
    case PL_OP_STORE: store(m, f, arg, pl_vm__pop(m)); return true;
    case PL_OP_CLEAR: store(m, f, arg, PL_NONE); return true;
    case PL_OP_PICK: pick(m, f, arg); return true;
    case PL_OP_EXPERIMENT: experiment(m, f, arg); return true;
    case PL_OP_ITER: iter_begin(m, f, arg); return true;
    case PL_OP_ITER_NEXT: iter_next(m, f, arg); return true;
    case PL_OP_MARK: pl_vm__effect(m, PL_EFFECT_MARK)->name = m->p->consts[arg].s; return true;
    case PL_OP_GOAL: pl_vm__effect(m, PL_EFFECT_GOAL)->name = m->p->consts[arg].s; return true;
    default: return false;
    }
}

enum vm_stop pl_vm__run(struct vm_machine *m, struct vm_frame *f, uint32_t *word) {
    while (!m->failed) {
        if (f->pc >= m->p->ncode || m->budget == 0) {
            pl_vm__fail(m, f->pc);
            break;
        }
        m->budget--;
        pl_vm__trace(m, PL_TRACE_RUN, f->pc);
        *word = m->p->code[f->pc++];
        enum pl_op op = (enum pl_op)PL_WORD_OP(*word);
        uint32_t arg = PL_WORD_ARG(*word);
        if (op == PL_OP_DONE) return VM_STOP_DONE;
        if (expression(m, f, op, arg) || local(m, f, op, arg) || message(m, f, op, arg)) continue;
        return VM_STOP_CONTROL;
    }
    return VM_STOP_FAILED;
}

bool pl_vm__block(struct vm_machine *m, struct vm_frame *f, uint32_t at) {
    uint32_t saved = f->pc, word = 0, niters = m->niters;
    f->pc = at;
    m->blocks++;
    enum vm_stop stop = pl_vm__run(m, f, &word);
    m->blocks--;
    if (stop == VM_STOP_CONTROL) pl_vm__fail(m, f->pc); /* the verifier refuses such blocks */
    f->pc = saved;
    m->niters = niters;
    return stop == VM_STOP_DONE;
}

bool pl_vm__condition(struct vm_machine *m, struct vm_frame *f, uint32_t at) {
    if (at == PL_NOWHERE) return true;
    uint32_t nstack = m->nstack;
    bool ok = pl_vm__block(m, f ? f : &m->none, at);
    bool holds = ok && pl_vm__truth(pl_vm__pop(m));
    m->nstack = nstack;
    return holds;
}

uint64_t pl_vm__hash_values(struct vm_machine *m, const struct pl_value *v, uint32_t n) {
    struct pl_buf *b = &m->vm->buf;
    pl_buf_clear(b);
    for (uint32_t i = 0; i < n; i++) pl_value_write(b, v[i]);
    return pl_fnv(PL_FNV, b->p, b->n);
}
