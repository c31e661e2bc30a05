/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames and control: calls, returns, questions, hand-overs, the end of tasks and what follows it.
 *
 *   task ends -> a task waits below?  its `resume` line or continue_interrupted, then its question
 *             -> else, a customer's task of the project or `cancel`: anything_else
 */
#include "runtime/vm/vm_priv.h"

#define SILENCE_MS 600000 /* held-back news breaks into an open question after ten minutes */

struct vm_frame *pl_vm__task_root(struct vm_state *s) {
    for (uint32_t i = s->nframes; i > 0; i--)
        if (s->frames[i - 1].role != VM_CALLED) return &s->frames[i - 1];
    return NULL;
}

uint32_t pl_vm__task_flow(struct vm_state *s) {
    const struct vm_frame *root = pl_vm__task_root(s);
    return root ? root->flow : PL_NOWHERE;
}

struct vm_frame *pl_vm__begin_flow(struct vm_machine *m, uint32_t flow, enum vm_role role,
                                   const struct pl_value *args, uint32_t nargs) {
    struct vm_state *s = m->s;
    if (s->nframes == VM_FRAMES || flow >= m->p->nflows) {
        pl_vm__fail(m, s->nframes ? pl_vm__top(s)->pc : 0);
        return NULL;
    }
    const struct pl_p_flow *row = &m->p->flows[flow];
    if (role != VM_CALLED && role != VM_CORRECTING) pl_vm__interrupt(m);
    struct vm_frame *f = &s->frames[s->nframes++];
    *f = (struct vm_frame){.flow = flow,
                           .pc = row->entry,
                           .run = s->next_run++,
                           .role = (uint8_t)role,
                           .call = PL_NOWHERE,
                           .arg = PL_NOWHERE,
                           .wait = PL_NOWHERE,
                           .hook_call = PL_NOWHERE,
                           .action.model = PL_NOWHERE};
    f->slots = PL_NEW_ARRAY(m->a, struct pl_value, row->nslots + 1);
    for (uint32_t i = 0; i < nargs && i < row->nparams; i++) f->slots[i] = args[i];
    pl_vm__effect(m, PL_EFFECT_STARTED);
    pl_vm__guard(m, flow);
    return f;
}

/* ---- questions ---- */

static void attach_choices(struct vm_machine *m, const struct vm_frame *f, uint32_t first_effect) {
    struct pl_vm_effect *last = NULL;
    for (uint32_t i = first_effect; i < m->neffects; i++)
        if (m->effects[i].kind == PL_EFFECT_SAY) last = &m->effects[i];
    if (!last && f->noffers) {
        last = pl_vm__effect(m, PL_EFFECT_SAY);
        last->say.line = PL_NOWHERE;
    }
    if (!last) return;
    last->say.choices = f->offers;
    last->say.nchoices = f->noffers;
    last->say.asks = true;
    last->say.wait = f->wait;
}

static bool prompt(struct vm_machine *m, struct vm_frame *f) {
    m->offers = NULL;
    m->offer_items = NULL;
    m->noffers = m->offers_cap = 0;
    if (!pl_vm__block(m, f, m->p->waits[f->wait].prompt)) return false;
    f->offers = m->offers;
    f->offer_items = m->offer_items;
    f->noffers = m->noffers;
    return true;
}

bool pl_vm__look_up_offers(struct vm_machine *m, struct vm_frame *f) {
    uint32_t said = m->neffects;
    size_t room = m->room;
    bool ok = prompt(m, f);
    m->neffects = said;
    m->room = room;
    return ok;
}

static void open_question(struct vm_machine *m, struct vm_frame *f) {
    f->waiting = VM_QUESTION;
    f->narrowed = false;
    m->s->quiet_ms = m->e->now_ms;
    m->s->idle_ms = 0;
}

void pl_vm__ask(struct vm_machine *m, struct vm_frame *f) {
    uint32_t first = m->neffects;
    open_question(m, f);
    if (prompt(m, f)) attach_choices(m, f, first);
}

/* Keeps the options of these ids. */
static void narrow(struct vm_frame *f, const struct pl_vm_choice *old, uint32_t nold,
                   const bool *these) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->noffers; i++)
        for (uint32_t k = 0; k < nold; k++)
            if (these[k] && pl_str_eq(old[k].id, f->offers[i].id)) {
                f->offers[n] = f->offers[i];
                f->offer_items[n++] = f->offer_items[i];
                break;
            }
    f->narrowed = n < f->noffers;
    f->noffers = n;
}

void pl_vm__ask_among(struct vm_machine *m, struct vm_frame *f, const bool *these) {
    const struct pl_vm_choice *old = f->offers;
    uint32_t first = m->neffects, nold = f->noffers;
    open_question(m, f);
    if (!prompt(m, f)) return;
    narrow(f, old, nold, these);
    attach_choices(m, f, first);
}

void pl_vm__ask_on(struct vm_machine *m, struct vm_frame *f) {
    const struct pl_p_wait *w = &m->p->waits[f->wait];
    struct pl_value *slot = w->kind == PL_WAIT_ASK ? pl_vm__slot(m->p, m->s, f, w->slot) : NULL;
    if (!slot || slot->kind == PL_KIND_NONE) {
        pl_vm__ask(m, f);
        return;
    }
    f->waiting = VM_RUNS;
    f->pc = w->at;
}

void pl_vm__speak(struct vm_machine *m, uint32_t flow, const struct pl_value *args, uint32_t n) {
    const struct pl_p_flow *row = &m->p->flows[flow];
    struct vm_frame f = {.flow = flow, .pc = row->entry, .action.model = PL_NOWHERE};
    uint32_t word = 0;
    if (m->speaking) {
        pl_vm__fail(m, row->entry);
        return;
    }
    m->speaking = true;
    f.slots = PL_NEW_ARRAY(m->a, struct pl_value, row->nslots + 1);
    for (uint32_t i = 0; i < n && i < row->nparams; i++) f.slots[i] = args[i];
    if (pl_vm__run(m, &f, &word) != VM_STOP_CONTROL || PL_WORD_OP(word) != PL_OP_RETURN)
        pl_vm__fail(m, f.pc);
    m->speaking = false;
}

void pl_vm__again(struct vm_machine *m, struct vm_frame *f, uint32_t block) {
    uint32_t first = m->neffects;
    if (pl_vm__block(m, f, block)) attach_choices(m, f, first);
}

static bool was_skipped(const struct vm_frame *f, uint32_t wait) {
    for (size_t i = 0; i < f->skipped.n; i++)
        if (f->skipped.v[i] == wait) return true;
    return false;
}

/* Of the list that it stands for, and no check is against it. */
static bool is_acceptable(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w,
                          struct pl_value v) {
    if (w->listed && (!pl_vm__look_up_offers(m, f) || !pl_vm__is_listed(m, f, w, v))) return false;
    uint32_t n = f->noffers;
    f->noffers = 0; /* why not is said without them: the question follows */
    bool ok = pl_vm__checks_pass(m, f, w);
    f->noffers = n;
    return ok;
}

/* True when the slot's value, said ahead or before a correction, answers it. */
static bool is_answered(struct vm_machine *m, struct vm_frame *f, const struct pl_p_wait *w) {
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, w->slot);
    if (!slot || slot->kind == PL_KIND_NONE) return was_skipped(f, f->wait);
    if (!is_acceptable(m, f, w, *slot)) {
        *slot = PL_NONE;
        return false;
    }
    struct vm_passed *q = pl_vm__pass(m, f, f->wait, false);
    if (w->listed) {
        q->noffers = f->noffers;
        q->offers = f->offers;
        q->items = f->offer_items;
    }
    f->noffers = 0;
    return true;
}

/* After a step back: the way that was chosen here before is taken again, if it is still there. */
static bool choose_again(struct vm_machine *m, struct vm_frame *f) {
    struct pl_str id = {0};
    for (size_t i = 0; i < f->before.n; i++)
        if (f->before.v[i].wait == f->wait && f->before.v[i].choice)
            id = f->before.v[i].offers[f->before.v[i].choice - 1].id;
    if (id.n == 0 || !pl_vm__look_up_offers(m, f)) return false;
    for (uint32_t i = 0; i < f->noffers; i++) {
        if (!pl_str_eq(f->offers[i].id, id)) continue;
        if (m->p->options[f->offers[i].option].kind != PL_OPT_BLOCK) return false;
        pl_vm__pass(m, f, f->wait, false);
        pl_vm__take_option(m, f, i + 1);
        return true;
    }
    return false;
}

void pl_vm__begin_wait(struct vm_machine *m, struct vm_frame *f, uint32_t wait) {
    const struct pl_p_wait *w = &m->p->waits[wait];
    f->wait = wait;
    f->tries = 0;
    pl_vm__forget_behind(m, f, w->at);
    if (w->kind == PL_WAIT_ASK ? is_answered(m, f, w)
                               : w->kind == PL_WAIT_CHOOSE && choose_again(m, f))
        return;
    if (pl_vm__name_options(m, f)) return;
    pl_vm__pass(m, f, wait, true);
    pl_vm__ask(m, f);
}

static void sleep_until(struct vm_machine *m, struct vm_frame *f, uint32_t wait) {
    struct pl_value v = pl_vm__pop(m);
    f->wait = wait;
    f->waiting = m->p->waits[wait].kind == PL_WAIT_AWAIT ? VM_AWAIT : VM_SLEEP;
    f->deadline = m->e->now_ms;
    if (v.kind == PL_KIND_DURATION && v.duration > 0)
        f->deadline += v.duration < VM_TIME_MOST ? v.duration : VM_TIME_MOST;
    else if (v.kind == PL_KIND_DATETIME && v.datetime > f->deadline)
        f->deadline = v.datetime;
    if (f->deadline > VM_TIME_MOST) f->deadline = VM_TIME_MOST;
}

/* ---- the end of a task ---- */

static const char *const endings[] = {"resolved", "unresolved", "conversation"};

/* Removes the top task's frames; gives its root. */
struct vm_frame pl_vm__pop_task(struct vm_machine *m, const char *how) {
    struct vm_state *s = m->s;
    while (s->nframes > 1 && pl_vm__top(s)->role == VM_CALLED) pl_vm__leave(m);
    struct vm_frame root = *pl_vm__top(s);
    pl_vm__effect(m, PL_EFFECT_ENDED)->name = pl_str_c(how);
    pl_vm__leave(m);
    return root;
}

static void resume_below(struct vm_machine *m, struct vm_frame *below) {
    uint32_t flow = pl_vm__task_flow(m->s);
    const struct pl_p_flow *row = &m->p->flows[flow == PL_NOWHERE ? below->flow : flow];
    if (row->resume != PL_NOWHERE) {
        struct pl_vm_part *part = PL_NEW(m->a, struct pl_vm_part);
        *part = (struct pl_vm_part){.kind = PL_PART_TEXT, .target = PL_NOWHERE};
        part->a.text = row->resume;
        part->b.text = PL_NOWHERE;
        struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_SAY);
        e->say = (struct pl_vm_say){.line = row->resume, .nparts = 1, .parts = part};
        pl_vm__ask_on(m, below);
        return;
    }
    struct pl_value arg = pl_vm__name_value(PL_KIND_FLOW, row->name);
    pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_CONTINUE_INTERRUPTED], VM_AFTER, &arg, 1);
}

static void follow_task(struct vm_machine *m, const struct vm_frame *root) {
    struct vm_frame *below = pl_vm__top(m->s);
    pl_vm__resume(m);
    if (below) {
        if (below->waiting != VM_QUESTION || root->idle || pl_vm__skip_guard(m)) return;
        if (root->role == VM_AFTER || root->role == VM_CORRECTING)
            pl_vm__ask_on(m, below);
        else
            resume_below(m, below);
        return;
    }
    bool cancelled = root->flow == m->p->prelude[PL_PRELUDE_CANCEL];
    if (root->role != VM_TASK || m->s->with_agent) return;
    if (root->flow != PL_NOWHERE && m->p->flows[root->flow].prelude && !cancelled) return;
    if (m->s->offer_rule != PL_NOWHERE) return; /* the offer follows instead */
    if (pl_vm__ask_consent(m)) return;
    pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_ANYTHING_ELSE], VM_AFTER, NULL, 0);
}

void pl_vm__end_task(struct vm_machine *m, uint32_t how) {
    struct vm_frame root = pl_vm__pop_task(m, endings[how < 3 ? how : 1]);
    m->nstack = m->ntexts = 0;
    if (how == 2) {
        m->s->nframes = 0;
        m->s->closed = true;
        pl_vm__effect(m, PL_EFFECT_CLOSED);
        return;
    }
    pl_vm__done(m, &root);
    follow_task(m, &root);
}

/* ---- hand-over ---- */

/* seen: the facts of the rule that asked for it, none: as they are now. */
static struct pl_value handoff_facts(struct vm_machine *m, struct pl_value seen) {
    struct pl_field *f = PL_NEW_ARRAY(m->a, struct pl_field, 2);
    struct vm_frame *top = pl_vm__top(m->s);
    bool kept = seen.kind == PL_KIND_RECORD;
    f[0] = (struct pl_field){PL_STR("facts"), kept ? seen : pl_vm__facts_record(m)};
    f[1] = (struct pl_field){PL_STR("slots"), pl_vm__slots_record(m->p, m->s, top, m->a)};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = 2}};
}

/* A write under way when its flow is cut off: its truth is told later. */
static void keep_writes(struct vm_machine *m) {
    for (uint32_t i = 0; i < m->s->nframes; i++) {
        const struct vm_frame *f = &m->s->frames[i];
        if (f->waiting != VM_EFFECT) continue;
        const struct pl_p_hook *hook = &m->p->hooks[m->p->calls[f->hook_call].callee];
        if (hook->effect != PL_CLASS_WRITE_ONCE) continue;
        VM_PUSH(m->a, &m->s->pending, ((struct vm_pending){f->effect, f->flow, 0}));
    }
}

/* ---- how urgent it is ---- */

static const char *const ranks[] = {"", "low", "medium", "high", "critical"};

int pl_vm_rank(struct pl_str priority) {
    for (int i = 1; i < (int)PL_LEN(ranks); i++)
        if (pl_str_is(priority, ranks[i])) return i;
    return 0;
}

/* The highest that its own line gives, the routing rules that hold now, or those that held for the
 * last message. */
static struct pl_str urgency(struct vm_machine *m, struct pl_str own) {
    int best = pl_vm_rank(own);
    bool failed = m->failed;
    if (m->s->route > best) best = m->s->route;
    for (uint32_t i = 0; i < m->p->nrules; i++) {
        const struct pl_p_rule *rule = &m->p->rules[i];
        int rank = pl_vm_rank(rule->handoff.priority);
        if (!rule->route || rank <= best) continue;
        if (pl_vm__condition(m, NULL, rule->cond) && !m->failed) best = rank;
        m->failed = failed;
    }
    return pl_str_c(ranks[best]);
}

/* ---- why a person was wanted, kept while nobody is there ---- */

struct cause {
    struct pl_vm_text because;
    uint32_t rule;
    struct pl_str priority;
    struct pl_value facts;
};

static struct pl_value number_or_none(uint32_t n) {
    return n == PL_NOWHERE ? PL_NONE : pl_int(n);
}

static uint32_t index_of(struct pl_value v, uint32_t most) {
    bool whole = v.kind == PL_KIND_NUMBER && v.n.scale == 0 && v.n.m >= 0 && v.n.m < most;
    return whole ? (uint32_t)v.n.m : PL_NOWHERE;
}

/* As the value that its frame carries: what is left by `callback` and `message` is as urgent and
 * has the same reason. */
static struct pl_value keep_cause(struct vm_machine *m, struct cause c) {
    struct pl_field *f = PL_NEW_ARRAY(m->a, struct pl_field, 5);
    struct pl_value args = {.kind = PL_KIND_LIST,
                            .list = {.v = c.because.args, .n = c.because.nargs}};
    f[0] = (struct pl_field){PL_STR("because"), number_or_none(c.because.text)};
    f[1] = (struct pl_field){PL_STR("args"), args};
    f[2] = (struct pl_field){PL_STR("rule"), number_or_none(c.rule)};
    f[3] = (struct pl_field){PL_STR("priority"), pl_text(c.priority)};
    f[4] = (struct pl_field){PL_STR("facts"), c.facts};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = 5}};
}

static struct cause kept_cause(struct vm_machine *m, struct pl_value v) {
    struct cause c = {.because.text = PL_NOWHERE, .rule = PL_NOWHERE};
    if (v.kind != PL_KIND_RECORD) return c;
    struct pl_value args = pl_rec_get(v, PL_STR("args"));
    uint32_t text = index_of(pl_rec_get(v, PL_STR("because")), m->p->ntexts);
    if (text != PL_NOWHERE && args.kind == PL_KIND_LIST && args.list.n == m->p->texts[text].nargs)
        c.because = (struct pl_vm_text){text, args.list.n, args.list.v};
    c.rule = index_of(pl_rec_get(v, PL_STR("rule")), m->p->nrules);
    c.priority = pl_rec_get(v, PL_STR("priority")).s;
    c.facts = pl_rec_get(v, PL_STR("facts"));
    return c;
}

static struct pl_str more_urgent(struct pl_str a, struct pl_str b) {
    return pl_vm_rank(a) < pl_vm_rank(b) ? b : a;
}

static void emit_handoff(struct vm_machine *m, const struct pl_p_handoff *h, uint32_t queue,
                         struct pl_vm_text because, uint32_t rule) {
    const struct vm_frame *root = pl_vm__task_root(m->s);
    struct cause kept = kept_cause(m, root && root->role == VM_TASK ? root->carried : PL_NONE);
    struct pl_value facts = handoff_facts(m, kept.facts.kind ? kept.facts : m->seen);
    struct pl_str priority = urgency(m, more_urgent(h->priority, kept.priority));
    if (because.text == PL_NOWHERE) because = kept.because;
    if (rule == PL_NOWHERE) rule = kept.rule;
    struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_HANDOFF);
    e->mode = h->mode == PL_HANDOFF_OFFER ? PL_HANDOFF_NOW : h->mode;
    e->queue = queue;
    e->priority = priority;
    e->because = because;
    e->rule = rule;
    e->facts = facts;
}

static void cut_all(struct vm_machine *m, const char *how) {
    keep_writes(m);
    while (m->s->nframes) pl_vm__pop_task(m, how);
    m->nstack = m->ntexts = 0;
    m->s->offer_rule = m->s->kept_flow = m->s->done.flow = PL_NOWHERE;
}

static struct pl_value queue_value(const struct vm_machine *m, uint32_t queue) {
    if (queue >= m->p->nqueues) return PL_NONE;
    return pl_vm__name_value(PL_KIND_QUEUE, m->p->queues[queue].name);
}

/* Asked for again while it is being offered or arranged: once is enough. */
static void drop_arrangements(struct vm_machine *m) {
    while (m->s->nframes) {
        uint32_t i = m->s->nframes - 1;
        while (i > 0 && m->s->frames[i].role == VM_CALLED) i--;
        const struct vm_frame *root = &m->s->frames[i];
        if (root->role != VM_OFFER && root->flow != m->p->prelude[PL_PRELUDE_AGENT_UNAVAILABLE])
            return;
        pl_vm__pop_task(m, "asked again");
    }
}

/* "ar" is listed for ar-SA, "pt-BR" for itself alone. */
static bool serves(const struct pl_p_queue *q, struct pl_str locale) {
    for (uint32_t i = 0; i < q->nlanguages; i++) {
        struct pl_str lang = q->languages[i];
        bool whole = lang.n == locale.n || (lang.n < locale.n && locale.p[lang.n] == '-');
        if (whole && pl_str_starts(locale, lang)) return true;
    }
    return false;
}

uint32_t pl_vm_queue(const struct pl_program *p, struct pl_str locale) {
    for (uint32_t i = 0; i < p->nqueues; i++)
        if (serves(&p->queues[i], locale)) return i;
    return p->nqueues ? 0 : PL_NOWHERE;
}

void pl_vm__hand_over(struct vm_machine *m, const struct pl_p_handoff *h, uint32_t queue,
                      struct pl_vm_text because, uint32_t rule) {
    if (queue == PL_NOWHERE) queue = pl_vm_queue(m->p, m->e->locale);
    if (h->mode == PL_HANDOFF_CALLBACK || h->mode == PL_HANDOFF_MESSAGE) {
        emit_handoff(m, h, queue, because, rule);
        return;
    }
    struct pl_value arg = queue_value(m, queue);
    bool open = queue >= m->e->nqueues || m->e->queues[queue].open;
    struct vm_frame *f = pl_vm__top(m->s);
    if (open) {
        emit_handoff(m, h, queue, because, rule);
        cut_all(m, "handed over");
        m->s->with_agent = true;
        pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_HANDED_OVER], VM_QUIET, &arg, 1);
    } else if (h->closed != PL_NOWHERE && f) {
        f->pc = h->closed;
    } else {
        struct cause why = {because, rule, urgency(m, h->priority), m->seen};
        if (why.facts.kind == PL_KIND_NONE) why.facts = pl_vm__facts_record(m);
        /* a rule's is a digression: what it came from goes on when nobody is there */
        if (rule == PL_NOWHERE && f) pl_vm__pop_task(m, "nobody there");
        drop_arrangements(m);
        m->nstack = m->ntexts = 0;
        f = pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_AGENT_UNAVAILABLE], VM_TASK, &arg, 1);
        if (f) f->carried = keep_cause(m, why);
    }
}

static void handoff(struct vm_machine *m, struct vm_frame *f, uint32_t row) {
    const struct pl_p_handoff *h = &m->p->handoffs[row];
    struct pl_vm_text because = {.text = h->because};
    if (h->because != PL_NOWHERE) {
        because.nargs = m->p->texts[h->because].nargs;
        because.args = pl_vm__pop_n(m, because.nargs);
    }
    uint32_t queue = h->queue;
    if (h->queue_slot != PL_NOWHERE) {
        const struct pl_value *slot = pl_vm__slot(m->p, m->s, f, h->queue_slot);
        if (slot && slot->kind == PL_KIND_QUEUE) queue = pl_image_queue(m->image, slot->s);
    }
    pl_vm__hand_over(m, h, queue, because, PL_NOWHERE);
}

/* ---- calls ---- */

static void call_hook(struct vm_machine *m, struct vm_frame *f, uint32_t row) {
    const struct pl_p_call *call = &m->p->calls[row];
    const struct pl_value *args = pl_vm__pop_n(m, call->nargs);
    pl_vm__forget_behind(m, f, f->pc - 1);
    uint64_t hash = pl_vm__hash_values(m, args, call->nargs);
    for (size_t i = 0; i < f->writes.n; i++) {
        if (f->writes.v[i].call != row || f->writes.v[i].args != hash) continue;
        struct pl_value *slot = pl_vm__slot(m->p, m->s, f, call->result);
        if (call->result != PL_NOWHERE && slot) *slot = f->writes.v[i].value;
        f->pc = call->next;
        pl_vm__acted(m, f, row, PL_STR(""));
        return;
    }
    struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_HOOK);
    e->id = m->s->next_effect++;
    e->hook = call->callee;
    e->call = row;
    e->run = f->run;
    e->args = args;
    e->nargs = call->nargs;
    f->waiting = VM_EFFECT;
    f->effect = e->id;
    f->hook_call = row;
    f->hook_args = hash;
}

static void call_flow(struct vm_machine *m, uint32_t row, bool value) {
    const struct pl_p_call *call = &m->p->calls[row];
    const struct pl_value *args = pl_vm__pop_n(m, call->nargs);
    struct vm_frame *f = pl_vm__begin_flow(m, call->callee, VM_CALLED, args, call->nargs);
    if (!f) return;
    f->call = row;
    f->value_on_stack = value;
}

/* The task goes on as another flow; what waits below it stays. */
static void goto_flow(struct vm_machine *m, uint32_t row) {
    const struct pl_p_call *call = &m->p->calls[row];
    const struct pl_value *args = pl_vm__pop_n(m, call->nargs);
    struct vm_frame root = pl_vm__pop_task(m, "left");
    m->nstack = m->ntexts = 0;
    struct vm_frame *f = pl_vm__begin_flow(m, call->callee, VM_TASK, args, call->nargs);
    if (f && root.role == VM_TASK) f->carried = root.carried; /* why a person was wanted */
}

static void offer_answered(struct vm_machine *m, uint32_t rule, bool yes) {
    const struct pl_p_rule *row = &m->p->rules[rule];
    struct vm_frame root = pl_vm__pop_task(m, yes ? "resolved" : "declined");
    if (!yes) {
        root.role = VM_AFTER;
        follow_task(m, &root);
        return;
    }
    struct pl_vm_text because = {.text = row->handoff.because};
    m->seen = root.carried;
    pl_vm__hand_over(m, &row->handoff, row->handoff.queue, because, rule);
    m->seen = PL_NONE;
}

static void corrected(struct vm_machine *m, const struct vm_frame *f, bool agreed) {
    uint32_t wait = f->arg;
    struct pl_value value = f->carried;
    struct vm_frame root = pl_vm__pop_task(m, "resolved");
    struct vm_frame *below = pl_vm__top(m->s);
    if (!below) return;
    if (!agreed) {
        follow_task(m, &root);
        return;
    }
    pl_vm__correct(m, wait, value);
}

static void give_back(struct vm_machine *m, struct vm_frame *f, struct pl_value value) {
    uint32_t call = f->call;
    bool on_stack = f->value_on_stack;
    if (f->verifies) {
        pl_vm__guarded(m, pl_vm__truth(value));
        return;
    }
    pl_vm__leave(m);
    struct vm_frame *caller = pl_vm__top(m->s);
    m->nstack = m->ntexts = 0;
    if (!caller) return;
    if (on_stack) {
        pl_vm__push(m, value);
    } else if (call != PL_NOWHERE && m->p->calls[call].result != PL_NOWHERE) {
        struct pl_value *slot = pl_vm__slot(m->p, m->s, caller, m->p->calls[call].result);
        if (slot) *slot = value;
    }
    if (caller->waiting == VM_QUESTION) pl_vm__ask(m, caller);
}

static void consent_given(struct vm_machine *m, bool yes) {
    m->s->consent = yes ? 1 : -1;
    if (!yes) pl_vm__effect(m, PL_EFFECT_REMEMBER)->facts.kind = PL_KIND_RECORD;
    struct vm_frame root = pl_vm__pop_task(m, "resolved");
    m->nstack = m->ntexts = 0;
    root.role = VM_TASK; /* it stood between the task and what follows one */
    root.flow = PL_NOWHERE;
    follow_task(m, &root);
}

static void return_from(struct vm_machine *m, struct vm_frame *f, bool has_value) {
    struct pl_value value = has_value ? pl_vm__pop(m) : PL_NONE;
    bool forget = f->flow == m->p->prelude[PL_PRELUDE_FORGET_ME] && pl_vm__truth(value);
    if (forget) pl_vm__forget(m);
    switch (f->role) {
    case VM_CALLED: give_back(m, f, value); break;
    case VM_OFFER: offer_answered(m, f->arg, pl_vm__truth(value)); break;
    case VM_CORRECTING: corrected(m, f, !has_value || pl_vm__truth(value)); break;
    case VM_CONSENT: consent_given(m, pl_vm__truth(value)); break;
    default: pl_vm__end_task(m, 0);
    }
}

static void back(struct vm_machine *m, struct vm_frame *f, uint32_t row) {
    const struct pl_p_back *b = &m->p->backs[row];
    f->pc = pl_vm__counted(m, f, row) ? b->to : b->els;
}

static void track(struct vm_machine *m, uint32_t row) {
    const struct pl_p_call *call = &m->p->calls[row];
    const struct pl_value *args = pl_vm__pop_n(m, call->nargs);
    struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_TRACK);
    e->name = call->id;
    e->args = args;
    e->nargs = call->nargs;
}

/* The message is for another: the question that this flow was called over, else whatever fits. */
static void pass_on(struct vm_machine *m) {
    struct vm_state *s = m->s;
    while (s->nframes > 1 && pl_vm__top(s)->role == VM_CALLED && !m->passed) {
        pl_vm__leave(m);
        m->passed = pl_vm__top(s)->waiting == VM_QUESTION;
    }
    if (!m->passed) pl_vm__pop_task(m, "passed");
    pl_vm__resume(m);
    m->nstack = m->ntexts = 0;
    m->passed = true;
}

static void control(struct vm_machine *m, struct vm_frame *f, uint32_t word) {
    uint32_t arg = PL_WORD_ARG(word);
    switch ((enum pl_op)PL_WORD_OP(word)) {
    case PL_OP_ASK:
    case PL_OP_CONFIRM:
    case PL_OP_CHOOSE: pl_vm__begin_wait(m, f, arg); break;
    case PL_OP_SLEEP:
    case PL_OP_AWAIT: sleep_until(m, f, arg); break;
    case PL_OP_CALL_HOOK: call_hook(m, f, arg); break;
    case PL_OP_CALL_FLOW: call_flow(m, arg, false); break;
    case PL_OP_CALL_VALUE: call_flow(m, arg, true); break;
    case PL_OP_GOTO_FLOW: goto_flow(m, arg); break;
    case PL_OP_RETURN: return_from(m, f, arg != 0); break;
    case PL_OP_END: pl_vm__end_task(m, arg); break;
    case PL_OP_BACK: back(m, f, arg); break;
    case PL_OP_CHANGE: pl_vm__change(m, f, arg); break;
    case PL_OP_CHANGED: pl_vm__changed(m, f, arg); break;
    case PL_OP_HANDOFF: handoff(m, f, arg); break;
    case PL_OP_TRACK: track(m, arg); break;
    case PL_OP_PASS: pass_on(m); break;
    case PL_OP_MODEL: pl_vm__ask_model(m, f, arg, false); break;
    case PL_OP_MODEL_AGAIN: pl_vm__ask_model(m, f, arg, true); break;
    default: pl_vm__fail(m, f->pc); break;
    }
}

/* ---- the loop ---- */

static void recover(struct vm_machine *m) {
    m->failed = false;
    m->nstack = m->ntexts = m->niters = m->depth = 0;
    pl_vm__effect(m, PL_EFFECT_ERROR)->at = m->failed_at;
    if (m->erring) {
        m->s->nframes = 0;
        return;
    }
    m->erring = true;
    m->budget = VM_BUDGET;
    m->room = VM_SAID;
    keep_writes(m);
    if (m->s->nframes) pl_vm__pop_task(m, "error");
    pl_vm__begin_flow(m, m->p->prelude[PL_PRELUDE_INTERNAL_ERROR], VM_TASK, NULL, 0);
}

void pl_vm__go(struct vm_machine *m) {
    for (;;) {
        if (m->failed) recover(m);
        struct vm_frame *f = pl_vm__top(m->s);
        if (!f || f->waiting != VM_RUNS) {
            if (pl_vm__held_back(m) || m->failed) continue;
            return;
        }
        uint32_t word = 0;
        enum vm_stop stop = pl_vm__run(m, f, &word);
        if (stop == VM_STOP_CONTROL)
            control(m, f, word);
        else
            pl_vm__fail(m, f->pc);
    }
}

static bool something_held(const struct vm_state *s) {
    for (size_t i = 0; i < s->pending.n; i++)
        if (s->pending.v[i].outcome) return true;
    return s->held.n || s->offer_rule != PL_NOWHERE;
}

int64_t pl_vm__deadline(const struct pl_program *p, const struct vm_state *s) {
    const struct vm_frame *f = s->nframes ? &s->frames[s->nframes - 1] : NULL;
    int64_t at = INT64_MAX;
    if (s->with_agent || s->closed) return 0;
    if (f && (f->waiting == VM_SLEEP || f->waiting == VM_AWAIT)) at = f->deadline;
    if (f && f->waiting == VM_QUESTION)
        for (uint32_t i = 0; i < p->ntriggers; i++)
            if (p->triggers[i].kind == PL_ON_IDLE && p->triggers[i].arg > s->idle_ms &&
                s->quiet_ms + p->triggers[i].arg < at)
                at = s->quiet_ms + p->triggers[i].arg;
    if (f && f->waiting == VM_QUESTION && something_held(s) && s->quiet_ms + SILENCE_MS < at)
        at = s->quiet_ms + SILENCE_MS;
    return at == INT64_MAX ? 0 : at;
}

bool pl_vm__is_silent(const struct vm_state *s, int64_t now_ms) {
    return now_ms - s->quiet_ms >= SILENCE_MS;
}
