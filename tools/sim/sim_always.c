/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests that every project has without writing them: each question that can be come to is met with
 * words that mean nothing, with silence, and with the wish for a person.
 *
 *   open -> each trigger and button -> answers that fit, hooks' values and failures -> questions
 *
 * The VM is a pure function of a state's bytes, so the questions are found by walking: from each
 * state with everything that could come next, every place twice at most. Nothing is recognised
 * here: what a message means is put into its reading. A question that a walk does not come to (a
 * condition wants a value that no sample is) is not met, and is counted as such.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

#define STATES   4000
#define VISITS   6
#define OPTIONS  8
#define USELESS  12 /* messages that a question may take */
#define SILENCES 6
#define SETTLES  40
#define MORNING  INT64_C(1795514400000) /* 2026-11-24 10:00 UTC */
#define DAY_MS   INT64_C(86400000)

struct place { /* a state that waits for something */
    struct pl_str state;
    uint32_t call; /* BUSY: of the image; PL_NOWHERE: of a model */
    int64_t now_ms;
    bool closed;
};

struct always {
    struct sim_project *p;
    const struct pl_program *g;
    struct pl_vm *vm;
    struct pl_arena a; /* of the step under way */
    struct pl_vm_result r;
    PL_VEC(struct place) places;
    uint8_t *waits, *calls; /* how often each was come to */
    uint32_t variant;       /* of samples: small and present, or large and absent */
    uint32_t met, asked, failed;
    bool erred, spoke, person;
    bool closed; /* nobody is there to hand over to */
    uint32_t erred_at;
};

/* ---- samples ---- */

static struct pl_value sample(struct always *w, struct pl_type type, int depth);

static struct pl_value sample_record(struct always *w, const struct pl_typedef *def, int depth) {
    struct pl_field *f = PL_NEW_ARRAY(&w->p->a, struct pl_field, def->nfields + 1);
    for (uint32_t i = 0; i < def->nfields; i++)
        f[i] = (struct pl_field){def->fields[i].name, sample(w, def->fields[i].type, depth)};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = def->nfields}};
}

static struct pl_value sample_member(struct always *w, const struct pl_typedef *def) {
    struct pl_value v = {.kind = PL_KIND_ENUM};
    v.e.type = def->name;
    if (def->nfields) v.e.member = def->fields[w->variant ? def->nfields - 1 : 0].name;
    return v;
}

static struct pl_str example_of(const struct always *w, uint32_t def) {
    for (uint32_t i = 0; i < w->g->nentities; i++)
        if (w->g->entities[i].def == def && w->g->entities[i].example.n)
            return w->g->entities[i].example;
    return PL_STR("sample");
}

struct pl_str pl_sim__example_text(uint8_t kind, struct pl_str text) {
    switch (kind) {
    case PL_KIND_EMAIL: return PL_STR("ann@example.com");
    case PL_KIND_PHONE: return PL_STR("+15550100101");
    case PL_KIND_URL: return PL_STR("https://shop.example/");
    case PL_KIND_LANGUAGE: return PL_STR("en");
    case PL_KIND_FILE: return PL_STR("image/png 1234 u7 photo.png");
    default: return text;
    }
}

static struct pl_value sample_plain(struct always *w, uint8_t kind, struct pl_str text) {
    struct pl_value v = {.kind = kind};
    bool other = w->variant != 0;
    switch (kind) {
    case PL_KIND_BOOL: v.b = !other; break;
    case PL_KIND_NUMBER:
    case PL_KIND_PERCENT: v.n = (struct pl_dec){other ? 7 : 1, 0}; break;
    case PL_KIND_MONEY: v = pl_money((struct pl_dec){other ? 70 : 10, 0}, w->g->currency); break;
    case PL_KIND_DATE: v.date = (int32_t)(MORNING / DAY_MS) + (other ? -40 : 2); break;
    case PL_KIND_TIME: v.time = 9 * 3600; break;
    case PL_KIND_DATETIME: v.datetime = MORNING + (other ? -40 : 2) * DAY_MS; break;
    case PL_KIND_DURATION: v.duration = (other ? 40 : 1) * DAY_MS; break;
    default: v.s = pl_sim__example_text(kind, text); break;
    }
    return v;
}

static struct pl_value sample(struct always *w, struct pl_type type, int depth) {
    const struct pl_types *types = &w->g->types;
    bool named =
        type.kind == PL_KIND_ENUM || type.kind == PL_KIND_RECORD || type.kind == PL_KIND_ENTITY;
    const struct pl_typedef *def = named ? &types->defs[type.def] : NULL;
    if (type.kind == PL_KIND_NONE || depth > 4 || (type.optional && w->variant)) return PL_NONE;
    if (type.kind == PL_KIND_RECORD) return sample_record(w, def, depth + 1);
    if (type.kind == PL_KIND_ENUM || (def && def->base == PL_KIND_ENUM))
        return sample_member(w, def);
    if (def) return sample_plain(w, def->base, example_of(w, type.def));
    if (type.kind != PL_KIND_LIST) return sample_plain(w, type.kind, PL_STR("sample"));
    uint32_t n = w->variant ? 0 : 2;
    struct pl_value *v = PL_NEW_ARRAY(&w->p->a, struct pl_value, n + 1);
    for (uint32_t i = 0; i < n; i++) v[i] = sample(w, types->types[type.def], depth + 1);
    return (struct pl_value){.kind = PL_KIND_LIST, .list = {.v = v, .n = n}};
}

static struct pl_value sample_args(struct always *w, const struct pl_p_event *e) {
    struct pl_field *f = PL_NEW_ARRAY(&w->p->a, struct pl_field, e->nparams + 1);
    for (uint32_t i = 0; i < e->nparams; i++)
        f[i] = (struct pl_field){e->params[i].name, sample(w, e->params[i].type, 0)};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = e->nparams}};
}

/* ---- steps ---- */

static struct pl_vm_event event_of(struct always *w, enum pl_vm_event_kind kind, int64_t now_ms) {
    struct pl_vm_event e = {.kind = (uint8_t)kind, .now_ms = now_ms};
    struct pl_vm_queue_fact *q = PL_NEW_ARRAY(&w->p->a, struct pl_vm_queue_fact, w->g->nqueues + 1);
    bool *hours = PL_NEW_ARRAY(&w->p->a, bool, w->g->nhours + 1);
    for (uint32_t i = 0; i < w->g->nqueues; i++)
        q[i] = (struct pl_vm_queue_fact){.open = !w->closed,
                                         .opens_ms = now_ms + (w->closed ? DAY_MS / 2 : 0)};
    for (uint32_t i = 0; i < w->g->nhours; i++) hours[i] = !w->closed;
    e.today = (int32_t)(now_ms / DAY_MS);
    e.locale = w->g->source_locale;
    e.nqueues = w->g->nqueues;
    e.queues = q;
    e.nhours = w->g->nhours;
    e.hours = hours;
    e.rule = e.target = PL_NOWHERE;
    e.reading.command = PL_NOWHERE;
    e.reading.language = PL_STR("en");
    e.reading.nmentions = w->g->nmentions;
    e.reading.mentions = PL_NEW_ARRAY(&w->p->a, uint8_t, w->g->nmentions / 8 + 1);
    return e;
}

static struct pl_vm_event message(struct always *w, int64_t now_ms, struct pl_str text) {
    struct pl_vm_event e = event_of(w, PL_EVENT_MESSAGE, now_ms);
    e.reading.text = text;
    e.reading.folded_hash = (uint64_t)now_ms;
    e.reading.uncertainty = 1;
    return e;
}

/* What happened is noted; the state it came to, and what the flow waits for there. */
static bool step(struct always *w, const struct pl_vm_event *e, struct place *at) {
    struct pl_vm_result *r = &w->r;
    pl_arena_reset(&w->a);
    struct pl_str before = pl_arena_str(&w->a, at->state);
    enum pl_err err = pl_vm_step(w->vm, w->p->build.image, before, e, &w->a, r);
    if (err != PL_OK) return false;
    for (uint32_t i = 0; i < r->neffects; i++) {
        const struct pl_vm_effect *v = &r->effects[i];
        if (v->kind == PL_EFFECT_ERROR && !w->erred) w->erred_at = v->at;
        w->erred |= v->kind == PL_EFFECT_ERROR;
        w->spoke |= v->kind == PL_EFFECT_SAY || v->kind == PL_EFFECT_HANDOFF;
        w->person |= v->kind == PL_EFFECT_HANDOFF;
        if (v->kind == PL_EFFECT_STARTED)
            w->person |= v->flow == w->g->prelude[PL_PRELUDE_AGENT_UNAVAILABLE] ||
                         v->flow == w->g->prelude[PL_PRELUDE_OFFER_PERSON];
        if (v->kind == PL_EFFECT_HOOK) at->call = v->call;
    }
    at->state = pl_arena_str(&w->p->a, r->state);
    at->now_ms = e->now_ms;
    at->closed = w->closed;
    return true;
}

static struct pl_vm_event hook_event(struct always *w, const struct place *at, struct pl_str fails,
                                     uint64_t effect) {
    struct pl_vm_event e = event_of(w, PL_EVENT_HOOK, at->now_ms + 100);
    const struct pl_p_hook *h = &w->g->hooks[w->g->calls[at->call].callee];
    e.effect = effect;
    e.failure = fails;
    if (fails.n == 0) e.value = sample(w, h->result, 0);
    return e;
}

/* On to what waits for the customer: hooks answer, what was named ahead is none. */
static bool settle(struct always *w, struct place *at) {
    for (int i = 0; i < SETTLES; i++) {
        struct pl_vm_event e;
        const struct pl_vm_view *v = &w->r.view;
        if (v->mode == PL_VM_BUSY && at->call < w->g->ncalls)
            e = hook_event(w, at, PL_STR(""), v->effect);
        else if (v->mode == PL_VM_NAMING)
            e = event_of(w, PL_EVENT_NAMED, at->now_ms);
        else
            return v->mode != PL_VM_BUSY;
        at->call = PL_NOWHERE;
        if (!step(w, &e, at)) return false;
    }
    return false;
}

/* ---- what a question is met with ---- */

/* As a talk that failed. */
static void complain_json(struct always *w, struct pl_str name, struct pl_str file, uint32_t line,
                          const char *what) {
    struct pl_buf b = {0};
    struct pl_jw j = {.b = &b};
    pl_jw_open(&j, '{');
    pl_jw_text_member(&j, "name", name);
    pl_jw_name(&j, "passed");
    pl_jw_bool(&j, false);
    pl_jw_name(&j, "failures");
    pl_jw_open(&j, '[');
    pl_jw_open(&j, '{');
    pl_jw_text_member(&j, "file", file);
    pl_jw_int_member(&j, "line", line);
    pl_jw_text_member(&j, "message", pl_str_c(what));
    pl_jw_close(&j, '}');
    pl_jw_close(&j, ']');
    pl_jw_close(&j, '}');
    fprintf(w->p->test->out, "%.*s\n", (int)b.n, b.p);
    pl_buf_free(&b);
}

static void complain(struct always *w, uint32_t wait, const char *with, const char *what) {
    const struct pl_p_wait *q = &w->g->waits[wait];
    struct pl_str file = PL_STR("");
    uint32_t line = 0;
    FILE *out = w->p->test->out;
    pl_image_line(w->p->build.image, w->erred ? w->erred_at : q->at, &file, &line);
    w->failed++;
    if (w->p->test->format == PL_SIM_JSON) {
        complain_json(w, pl_arena_printf(&w->p->a, "always: %s at @%.*s", with, PL_STR_ARG(q->id)),
                      file, line, what);
        return;
    }
    fprintf(out, "%sFAIL always: %s at @%.*s\n%s%.*s:%u: in flow %.*s\n%s  %s\n",
            w->p->test->format == PL_SIM_TAP ? "# " : "", with, PL_STR_ARG(q->id),
            w->p->test->format == PL_SIM_TAP ? "# " : "", PL_STR_ARG(file), line,
            PL_STR_ARG(w->g->flows[q->flow].name), w->p->test->format == PL_SIM_TAP ? "# " : "",
            what);
}

static void begin(struct always *w) {
    w->erred = w->spoke = w->person = false;
}

static bool open_still(const struct always *w, uint32_t wait) {
    return w->r.view.mode == PL_VM_ASKING && w->r.view.wait == wait;
}

static void meet_useless(struct always *w, uint32_t wait, struct place at) {
    for (int i = 0; i < USELESS; i++) {
        struct pl_vm_event e = message(w, at.now_ms + 20000, PL_STR("qwzx vbnm"));
        begin(w);
        if (!step(w, &e, &at) || !settle(w, &at)) return;
        if (w->erred) complain(w, wait, "words without a meaning", "a mistake of the flow");
        if (!w->erred && !w->spoke)
            complain(w, wait, "words without a meaning", "the bot says nothing to them");
        if (w->erred || !w->spoke || !open_still(w, wait)) return;
    }
    complain(w, wait, "words without a meaning", "it asks for ever: neither `else` nor a person");
}

static void meet_silence(struct always *w, uint32_t wait, struct place at, int64_t deadline_ms) {
    for (int i = 0; i < SILENCES && deadline_ms; i++) {
        struct pl_vm_event e = event_of(w, PL_EVENT_TIMER, deadline_ms);
        begin(w);
        if (!step(w, &e, &at) || !settle(w, &at)) return;
        if (w->erred) {
            complain(w, wait, "silence", "a mistake of the flow");
            return;
        }
        deadline_ms = w->r.view.deadline_ms;
    }
}

static void meet_wish(struct always *w, uint32_t wait, struct place at) {
    struct pl_vm_event e = message(w, at.now_ms + 20000, PL_STR("a person please"));
    uint32_t intent = pl_image_intent(w->p->build.image, PL_STR("speak_to_human"));
    struct pl_vm_intent found = {intent, 0.99F};
    if (intent == PL_NOWHERE) return; /* the project has a prelude of its own */
    e.reading.command = intent;
    e.reading.uncertainty = 0;
    e.reading.nintents = 1;
    e.reading.intents = &found;
    begin(w);
    if (!step(w, &e, &at) || !settle(w, &at)) return;
    if (w->erred)
        complain(w, wait, "the wish for a person", "a mistake of the flow");
    else if (!w->person)
        complain(w, wait, "the wish for a person", "no hand-over, and no offer of one");
}

static void meet(struct always *w, uint32_t wait, const struct place *at, int64_t deadline_ms) {
    w->met++;
    meet_useless(w, wait, *at);
    meet_silence(w, wait, *at, deadline_ms);
    meet_wish(w, wait, *at);
}

/* ---- the walk ---- */

/* A step from a place, and where it leads is one to go on from. */
static void go(struct always *w, struct place at, const struct pl_vm_event *e) {
    at.call = PL_NOWHERE;
    begin(w);
    if (w->places.n < STATES && step(w, e, &at) && !w->erred) PL_PUSH(&w->places, at);
}

static void go_value(struct always *w, const struct place *at, const struct pl_p_wait *q) {
    struct pl_vm_entity found = {.entity = q->entity, .kind = q->type.kind};
    struct pl_type type = q->type;
    type.optional = false;
    for (w->variant = 0; w->variant < 2; w->variant++) {
        struct pl_value v = sample(w, type, 0);
        struct pl_str text = v.kind >= PL_KIND_TEXT && v.kind <= PL_KIND_CARD ? v.s : PL_STR("it");
        struct pl_vm_event e = message(w, at->now_ms + 5000, text);
        found.value = v;
        found.kind = v.kind;
        found.end = (uint32_t)text.n;
        e.reading.entities = &found;
        e.reading.nentities = 1;
        e.reading.yes_no = v.kind == PL_KIND_BOOL ? (v.b ? 1 : -1) : 0;
        if (v.kind == PL_KIND_FILE)
            e.reading.upload =
                (struct pl_vm_upload){PL_STR("u7"), PL_STR("photo.png"), PL_STR("image/png"), 1234};
        go(w, *at, &e);
    }
    w->variant = 0;
}

static void answer(struct always *w, uint32_t wait, const struct place *at, uint32_t nchoices) {
    const struct pl_p_wait *q = &w->g->waits[wait];
    for (uint32_t i = 0; i < nchoices && i < OPTIONS; i++) {
        struct pl_vm_event e = message(w, at->now_ms + 5000, PL_STR("that one"));
        e.reading.choice = i + 1;
        go(w, *at, &e);
    }
    for (int yes = -1; q->kind == PL_WAIT_CONFIRM && yes < 2; yes += 2) {
        struct pl_vm_event e = message(w, at->now_ms + 5000, PL_STR("that"));
        e.reading.yes_no = (int8_t)yes;
        go(w, *at, &e);
    }
    if (q->kind == PL_WAIT_ASK) go_value(w, at, q);
}

static void outcomes(struct always *w, const struct place *at, uint64_t effect) {
    if (at->call >= w->g->ncalls || w->calls[at->call]++ >= VISITS) return;
    const struct pl_p_call *call = &w->g->calls[at->call];
    const struct pl_p_hook *h = &w->g->hooks[call->callee];
    for (w->variant = 0; w->variant < 2; w->variant++) {
        struct pl_vm_event e = hook_event(w, at, PL_STR(""), effect);
        go(w, *at, &e);
    }
    w->variant = 0;
    for (uint32_t i = 0; i < h->nfails; i++) {
        struct pl_vm_event e = hook_event(w, at, h->fails[i], effect);
        go(w, *at, &e);
    }
    struct pl_vm_event e = hook_event(w, at, PL_STR("unavailable"), effect);
    if (h->effect != PL_CLASS_PURE) go(w, *at, &e);
    if (h->effect != PL_CLASS_WRITE_ONCE) return;
    e = hook_event(w, at, PL_STR("unconfirmed"), effect);
    go(w, *at, &e);
}

/* What the walk goes on with from here. */
static void visit(struct always *w, const struct place *at) {
    struct pl_vm_view v;
    struct pl_vm_event e;
    pl_arena_reset(&w->a);
    if (pl_vm_look(w->vm, w->p->build.image, at->state, &w->a, &v) != PL_OK) return;
    uint32_t wait = v.wait, nchoices = v.nchoices;
    int64_t deadline_ms = v.deadline_ms;
    switch (v.mode) {
    case PL_VM_ASKING:
        if (w->waits[wait] == 0) meet(w, wait, at, deadline_ms);
        if (w->waits[wait]++ < VISITS) answer(w, wait, at, nchoices);
        break;
    case PL_VM_BUSY: outcomes(w, at, v.effect); break;
    case PL_VM_NAMING:
        e = event_of(w, PL_EVENT_NAMED, at->now_ms);
        go(w, *at, &e);
        break;
    case PL_VM_SLEEPING:
        e = event_of(w, PL_EVENT_TIMER, deadline_ms);
        if (deadline_ms) go(w, *at, &e);
        break;
    default: break;
    }
}

static void start(struct always *w, const struct place *at, const struct pl_p_trigger *t) {
    struct pl_vm_event e = message(w, at->now_ms + 5000, PL_STR("please"));
    struct pl_vm_intent found = {t->arg, 0.99F};
    uint8_t *bits = PL_NEW_ARRAY(&w->p->a, uint8_t, w->g->nmentions / 8 + 1);
    e.reading.uncertainty = 0;
    if (t->kind == PL_ON_INTENT) {
        e.reading.nintents = 1;
        e.reading.intents = &found;
    } else if (t->kind == PL_ON_SAYS) {
        bits[t->arg / 8] = (uint8_t)(1u << t->arg % 8);
        e.reading.says = (struct pl_str){(const char *)bits, w->g->nmentions / 8 + 1};
    } else if (t->kind == PL_ON_EVENT) {
        e = event_of(w, PL_EVENT_HAPPENED, at->now_ms + 5000);
        e.name = w->g->events[t->arg].name;
        e.value = sample_args(w, &w->g->events[t->arg]);
    } else if (t->kind != PL_ON_OTHERWISE) {
        return;
    }
    go(w, *at, &e);
}

static void press(struct always *w, const struct place *at, uint32_t target) {
    const struct pl_p_target *t = &w->g->targets[target];
    struct pl_vm_event e = message(w, at->now_ms + 5000, PL_STR("that button"));
    const struct pl_p_flow *f = t->open || t->flow >= w->g->nflows ? NULL : &w->g->flows[t->flow];
    if (!f || f->nparams != t->nargs) return;
    struct pl_value *args = PL_NEW_ARRAY(&w->p->a, struct pl_value, t->nargs + 1);
    for (uint32_t i = 0; i < t->nargs; i++) args[i] = sample(w, f->slots[i].type, 0);
    e.target = target;
    e.target_args = args;
    e.ntarget_args = t->nargs;
    go(w, *at, &e);
}

static bool any(void *ctx, const struct pl_image *image, uint32_t regex, struct pl_str text) {
    (void)ctx, (void)image, (void)regex, (void)text;
    return true; /* samples are what is asked for */
}

/* From the greeting: of who is known and verified or not, with people there or not. */
static void greet(struct always *w, bool known, bool closed) {
    struct place first = {.state = pl_vm_begin(&w->p->a, w->p->build.image, MORNING),
                          .call = PL_NOWHERE};
    w->closed = closed;
    struct pl_vm_event who = event_of(w, PL_EVENT_IDENTITY, MORNING);
    struct pl_vm_event open = event_of(w, PL_EVENT_OPEN, MORNING);
    who.verified = true;
    if (known && !step(w, &who, &first)) return;
    if (!step(w, &open, &first)) return;
    PL_PUSH(&w->places, first);
    for (uint32_t i = 0; i < w->g->ntriggers; i++) start(w, &first, &w->g->triggers[i]);
    for (uint32_t i = 0; i < w->g->ntargets; i++) press(w, &first, i);
}

static void walk(struct always *w) {
    greet(w, true, false);
    greet(w, false, false);
    greet(w, false, true);
    for (size_t i = 0; i < w->places.n; i++) {
        struct place at = w->places.v[i]; /* the list may move */
        w->closed = at.closed;
        visit(w, &at);
    }
}

bool pl_sim__always(struct sim_project *p) {
    struct always w = {.p = p, .g = pl_image_program(p->build.image)};
    const char *mark = p->test->format == PL_SIM_TAP ? "# " : "";
    pl_arena_init(&w.a, 0);
    w.vm = pl_vm_create((struct pl_vm_env){.matches = any});
    w.waits = PL_NEW_ARRAY(&p->a, uint8_t, w.g->nwaits + 1);
    w.calls = PL_NEW_ARRAY(&p->a, uint8_t, w.g->ncalls + 1);
    walk(&w);
    for (uint32_t i = 0; i < w.g->nwaits; i++)
        w.asked += w.g->waits[i].kind != PL_WAIT_SLEEP && w.g->waits[i].kind != PL_WAIT_AWAIT;
    if (p->test->format != PL_SIM_JSON)
        fprintf(p->test->out,
                "%salways: %u of %u questions met with words without a meaning, silence, and the "
                "wish for a person; %u failed\n",
                mark, w.met, w.asked, w.failed);
    PL_VEC_FREE(&w.places);
    pl_vm_destroy(&w.vm);
    pl_arena_free(&w.a);
    return w.failed == 0;
}
