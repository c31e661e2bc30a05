/* SPDX-License-Identifier: Apache-2.0
 *
 * A conversation on trial: what went on between two moments of rest (a round: something came, and
 * what followed from it) is played by the other image too; then both rounds are compared.
 *
 *   shown as sentences "says @track.found", "hands over now to support": the path
 *   shown as JSON, to the letter: the wording
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define TIMERS_MOST 64  /* of a lane between two rounds: a flow that only sleeps has no end */
#define ROUND_MOST  256 /* steps that a lane makes of one thing that came */

struct shown {
    struct pl_str what, json; /* json: empty when the customer does not see it */
};
typedef PL_VEC(struct shown) shown_list;

struct asked { /* a call of the conversation as it was */
    uint64_t effect;
    struct pl_str name;
    const struct pl_value *args;
    uint32_t nargs;
};

struct result {
    struct asked of;
    struct pl_engine_step step; /* its event is what counts */
    uint64_t round;             /* that it came in */
    bool used;
};

struct pl_engine_trial {
    struct pl_engine_lane *lane;
    void (*differs)(void *ctx, const struct pl_engine_difference *d);
    void *ctx;
    enum pl_engine_verdict verdict;
    bool foreseen;            /* results were told before */
    struct pl_arena all, one; /* of the trial, of a round */
    PL_VEC(struct asked) asked;
    PL_VEC(struct result) results;
    uint64_t round, seen_round; /* of entries; of what is foreseen */
    uint64_t turn;
    /* the round under way */
    struct pl_engine_step came;
    bool begun;
    shown_list was, now;
    struct pl_str pending; /* what the conversation waited for when it ended, else empty */
    struct pl_str stands;  /* where it stood then */
    char at[128];          /* where it stood when it began */
    struct pl_str said;
};

const char *pl_engine_verdict_word(enum pl_engine_verdict v) {
    static const char *const words[] = {
#define VERDICT(name, word, meaning) word,
#include "runtime/engine/verdict.def"
#undef VERDICT
    };
    return words[v];
}

/* ---- steps in words ---- */

static struct pl_str say_words(struct pl_arena *a, const struct pl_program *p,
                               const struct pl_vm_say *say) {
    struct pl_str id = say->line < p->ntexts ? p->texts[say->line].id : PL_STR("");
    if (say->nparts && say->parts[0].kind == PL_PART_ANSWER)
        return pl_arena_printf(a, "answers @%.*s", PL_STR_ARG(p->models[say->parts[0].model].id));
    struct pl_str wait = say->asks && say->wait < p->nwaits ? p->waits[say->wait].id : PL_STR("");
    struct pl_str line = id.n ? pl_arena_printf(a, "says @%.*s", PL_STR_ARG(id))
                              : PL_STR("says a text without an id");
    if (!wait.n || pl_str_eq(wait, id)) return line;
    return pl_arena_printf(a, "%.*s, asks @%.*s", PL_STR_ARG(line), PL_STR_ARG(wait));
}

static struct pl_str handoff_words(struct pl_arena *a, const struct pl_program *p,
                                   const struct pl_vm_effect *v) {
    struct pl_str queue = v->queue < p->nqueues ? p->queues[v->queue].name : PL_STR("anyone");
    return pl_arena_printf(a, "hands over (%s) to %.*s", pl_engine__modes[v->mode],
                           PL_STR_ARG(queue));
}

static struct pl_str mistake_words(struct pl_arena *a, const struct pl_image *image, uint32_t at) {
    struct pl_str file;
    uint32_t line;
    pl_image_line(image, at, &file, &line);
    return pl_arena_printf(a, "makes a mistake at %.*s:%u", PL_STR_ARG(file), line);
}

/* Empty: it is none of the customer's path. */
static struct pl_str effect_words(struct pl_arena *a, const struct pl_image *image,
                                  const struct pl_vm_effect *v) {
    const struct pl_program *p = pl_image_program(image);
    switch ((enum pl_vm_effect_kind)v->kind) {
    case PL_EFFECT_SAY: return say_words(a, p, &v->say);
    case PL_EFFECT_HANDOFF: return handoff_words(a, p, v);
    case PL_EFFECT_CLOSED: return PL_STR("closes the conversation");
    case PL_EFFECT_ERROR: return mistake_words(a, image, v->at);
    case PL_EFFECT_GOAL: return pl_arena_printf(a, "reaches the goal %.*s", PL_STR_ARG(v->name));
    case PL_EFFECT_HOOK:
        if (p->hooks[v->hook].effect != PL_CLASS_WRITE_ONCE) break;
        return pl_arena_printf(a, "calls %.*s", PL_STR_ARG(p->hooks[v->hook].name));
    default: break;
    }
    return PL_STR("");
}

static bool is_seen(const struct pl_vm_effect *v) {
    return v->kind == PL_EFFECT_SAY || v->kind == PL_EFFECT_HANDOFF || v->kind == PL_EFFECT_CLOSED;
}

static void add_shown(struct pl_engine_trial *t, shown_list *to, const struct pl_engine_step *s) {
    uint32_t output = 0;
    for (uint32_t i = 0; i < s->result->neffects; i++) {
        const struct pl_vm_effect *v = &s->result->effects[i];
        struct shown one = {effect_words(&t->one, s->image, v), PL_STR("")};
        if (is_seen(v) && output < s->noutputs)
            one.json = pl_arena_str(&t->one, s->outputs[output++]);
        if (one.what.n) PL_PUSH(to, one);
    }
}

static struct pl_str stands(struct pl_arena *a, const struct pl_image *image,
                            const struct pl_vm_view *v) {
    const struct pl_program *p = pl_image_program(image);
    switch (v->mode) {
    case PL_VM_ASKING: return pl_arena_printf(a, "@%.*s", PL_STR_ARG(p->waits[v->wait].id));
    case PL_VM_BUSY:
    case PL_VM_NAMING: return PL_STR("at a call");
    case PL_VM_SLEEPING:
        if (v->flow >= p->nflows) return PL_STR("at a wait");
        return pl_arena_printf(a, "at a wait of %.*s", PL_STR_ARG(p->flows[v->flow].name));
    case PL_VM_WITH_AGENT: return PL_STR("with people");
    case PL_VM_CLOSED: return PL_STR("at the end");
    case PL_VM_IDLE: break;
    }
    return PL_STR("at no question");
}

/* ---- what is kept of steps ---- */

static struct pl_vm_event *event_copy(struct pl_arena *a, const struct pl_vm_event *event) {
    struct pl_vm_event *copy = PL_NEW(a, struct pl_vm_event);
    struct pl_buf open = {0}, secret = {0};
    pl_vm_event_write(&open, event);
    pl_vm_event_write_secret(&secret, event);
    enum pl_err err = pl_vm_event_read(pl_arena_str(a, pl_buf_slice(&open)), a, copy);
    if (err == PL_OK && secret.n)
        err = pl_vm_event_read_secret(pl_arena_str(a, pl_buf_slice(&secret)), a, copy);
    pl_assert(err == PL_OK); /* it was just written */
    pl_buf_free(&open);
    pl_buf_free(&secret);
    return copy;
}

static struct pl_engine_step step_copy(struct pl_arena *a, const struct pl_engine_step *s) {
    return (struct pl_engine_step){.image = s->image,
                                   .event = event_copy(a, s->event),
                                   .said = s->said,
                                   .card = s->card,
                                   .text = pl_arena_str(a, s->text),
                                   .label = pl_arena_str(a, s->label)};
}

static bool is_result(const struct pl_vm_event *event) {
    return event->kind == PL_EVENT_HOOK || event->kind == PL_EVENT_MODEL ||
           event->kind == PL_EVENT_OUTCOME;
}

/* It follows from what came before; an outcome that comes late is something that comes. */
static bool follows(const struct pl_vm_event *event) {
    return event->kind == PL_EVENT_HOOK || event->kind == PL_EVENT_MODEL ||
           event->kind == PL_EVENT_NAMED;
}

static void note_calls(struct pl_engine_trial *t, const struct pl_engine_step *s) {
    const struct pl_program *p = pl_image_program(s->image);
    for (uint32_t i = 0; i < s->result->neffects; i++) {
        const struct pl_vm_effect *v = &s->result->effects[i];
        if (v->kind != PL_EFFECT_HOOK && v->kind != PL_EFFECT_MODEL) continue;
        struct pl_str name =
            v->kind == PL_EFFECT_MODEL ? p->models[v->model].id : p->hooks[v->hook].name;
        struct pl_value *args = PL_NEW_ARRAY(&t->all, struct pl_value, v->nargs + 1);
        for (uint32_t k = 0; k < v->nargs; k++) args[k] = pl_value_copy(&t->all, v->args[k]);
        struct asked one = {v->id, pl_arena_str(&t->all, name), args, v->nargs};
        PL_PUSH(&t->asked, one);
    }
}

static const struct asked *asked_by(const struct pl_engine_trial *t, uint64_t effect) {
    for (size_t i = t->asked.n; i > 0; i--)
        if (t->asked.v[i - 1].effect == effect) return &t->asked.v[i - 1];
    return NULL;
}

static void note_result(struct pl_engine_trial *t, const struct pl_engine_step *s, uint64_t round) {
    const struct asked *of = is_result(s->event) ? asked_by(t, s->event->effect) : NULL;
    if (!of) return;
    struct result r = {.of = *of, .step = step_copy(&t->all, s), .round = round};
    PL_PUSH(&t->results, r);
}

void pl_engine_trial_foresee(struct pl_engine_trial *t, const struct pl_engine_step *step) {
    t->foreseen = true;
    if (!step->image) return;
    if (!follows(step->event)) t->seen_round++;
    note_result(t, step, t->seen_round);
    note_calls(t, step);
}

/* ---- differences ---- */

static void tell(struct pl_engine_trial *t, enum pl_engine_verdict verdict, struct pl_str was,
                 struct pl_str now, const struct shown *x, const struct shown *y) {
    struct pl_engine_difference d = {.verdict = verdict,
                                     .turn = t->turn,
                                     .at = pl_str_c(t->at),
                                     .was = was,
                                     .now = now,
                                     .said = t->said};
    if (x) d.showed = x->json;
    if (y) d.shows = y->json;
    if (verdict > t->verdict) t->verdict = verdict;
    if (t->differs) t->differs(t->ctx, &d);
}

static bool is_mistake(const struct shown *s) {
    return s && pl_str_starts(s->what, PL_STR("makes a mistake"));
}

static void compare_path(struct pl_engine_trial *t, size_t i) {
    const struct shown *x = i < t->was.n ? &t->was.v[i] : NULL;
    const struct shown *y = i < t->now.n ? &t->now.v[i] : NULL;
    bool stuck = is_mistake(y) && !is_mistake(x);
    tell(t, stuck ? PL_ENGINE_STUCK : PL_ENGINE_PATH, x ? x->what : PL_STR("says no more"),
         y ? y->what : PL_STR("says no more"), x, y);
}

/* A mistake that both make is the same to the customer, wherever its line is now. */
static bool same_step(const struct shown *x, const struct shown *y) {
    return pl_str_eq(x->what, y->what) || (is_mistake(x) && is_mistake(y));
}

static void compare(struct pl_engine_trial *t, struct pl_str stands_now) {
    size_t i = 0;
    while (i < t->was.n && i < t->now.n && same_step(&t->was.v[i], &t->now.v[i])) i++;
    if (i < t->was.n || i < t->now.n) {
        compare_path(t, i);
        return;
    }
    if (!pl_str_eq(t->stands, stands_now)) {
        tell(t, PL_ENGINE_PATH, pl_arena_printf(&t->one, "waits %.*s", PL_STR_ARG(t->stands)),
             pl_arena_printf(&t->one, "waits %.*s", PL_STR_ARG(stands_now)), NULL, NULL);
        return;
    }
    for (i = 0; i < t->was.n; i++)
        if (!pl_str_eq(t->was.v[i].json, t->now.v[i].json))
            tell(t, PL_ENGINE_WORDING, t->was.v[i].what, t->now.v[i].what, &t->was.v[i],
                 &t->now.v[i]);
}

/* ---- results for the lane ---- */

static bool same_args(const struct asked *x, const struct pl_engine_wants *w) {
    bool same = x->nargs == w->nargs;
    for (uint32_t i = 0; same && i < w->nargs; i++) same = pl_value_eq(x->args[i], w->args[i]);
    return same;
}

/* A hook's by its name and arguments, in order, the last of them again when it is asked more often;
 * a model's by the turn's id, in order. */
static struct result *find_result(struct pl_engine_trial *t, const struct pl_engine_wants *w) {
    struct result *last = NULL;
    for (size_t i = 0; i < t->results.n; i++) {
        struct result *r = &t->results.v[i];
        if (!pl_str_eq(r->of.name, w->name) || (!w->model && !same_args(&r->of, w))) continue;
        if (!r->used) return r;
        last = w->model ? NULL : r;
    }
    return last;
}

static void missing(struct pl_engine_trial *t, const struct pl_engine_wants *w, bool type) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%s%.*s", w->model ? "the model's turn @" : "", PL_STR_ARG(w->name));
    if (!w->model) pl_buf_c(&b, type ? ": of another type" : ": with these arguments");
    struct pl_str now = pl_arena_str(&t->one, pl_buf_slice(&b));
    pl_buf_free(&b);
    tell(t, PL_ENGINE_MISSING, PL_STR("no such result"), now, NULL, NULL);
}

/* PL_OK: it went on, or is to wait as the conversation did (*waits). */
static enum pl_err give_result(struct pl_engine_trial *t, struct pl_engine_step *s, bool *waits) {
    struct pl_engine_wants w;
    *waits = true;
    if (!pl_engine_lane_wants(t->lane, &t->one, &w)) return PL_OK;
    struct result *r = find_result(t, &w);
    bool later = pl_str_eq(t->pending, w.name) && (!r || r->round > t->round);
    if (later) return PL_OK;
    if (!r) {
        missing(t, &w, false);
        return PL_NOT_FOUND;
    }
    enum pl_err err = pl_engine_lane_result(t->lane, &r->step, &t->one, s);
    r->used = true;
    *waits = false;
    if (err != PL_TYPE) return err;
    missing(t, &w, true);
    return PL_NOT_FOUND;
}

/* ---- a round ---- */

static void absorb(struct pl_engine_trial *t, const struct pl_engine_step *s,
                   struct pl_str *stood) {
    if (!s->image || !s->result->state.p) return;
    add_shown(t, &t->now, s);
    *stood = stands(&t->one, s->image, &s->result->view);
}

/* Until the lane is at rest. False: it is told why not. */
static bool settle(struct pl_engine_trial *t, struct pl_str *stood) {
    enum pl_err err = PL_OK;
    for (int i = 0; i < ROUND_MOST; i++) {
        struct pl_engine_step s = {.image = NULL};
        bool waits = true;
        if (pl_engine__lane_busy(t->lane))
            err = give_result(t, &s, &waits);
        else
            err = pl_engine_lane_go_on(t->lane, &t->one, &s);
        if (err != PL_OK) break;
        if (!s.image && waits) return true;
        absorb(t, &s, stood);
    }
    if (err != PL_NOT_FOUND)
        tell(t, PL_ENGINE_STUCK, PL_STR("went on"), PL_STR("cannot go on"), NULL, NULL);
    return false;
}

static bool refused(struct pl_engine_trial *t, enum pl_err err) {
    bool event = t->came.event->kind == PL_EVENT_HAPPENED;
    struct pl_str now = PL_STR("cannot take it");
    if (err == PL_NOT_FOUND)
        now = event ? PL_STR("knows no such event") : PL_STR("offers no such choice");
    if (err == PL_CONFLICT) now = PL_STR("is not the one to answer");
    tell(t, PL_ENGINE_STUCK, PL_STR("took it"), now, NULL, NULL);
    return false;
}

/* Timers that the lane has and the conversation had not: they went off in the time between. */
static bool timers(struct pl_engine_trial *t, struct pl_str *stood) {
    struct pl_vm_event at = {.kind = PL_EVENT_TIMER, .seed = 1};
    at.subject = t->came.event->subject;
    for (int i = 0; i < TIMERS_MOST; i++) {
        struct pl_engine_step timer = {.image = t->came.image, .event = &at}, s;
        int64_t due = pl_engine__lane_due(t->lane);
        if (due == 0 || due >= t->came.event->now_ms || pl_engine__lane_busy(t->lane)) break;
        if (t->came.event->kind == PL_EVENT_TIMER) break; /* it is this one */
        at.now_ms = due;
        enum pl_err err = pl_engine_lane_take(t->lane, &timer, &t->one, &s);
        if (err != PL_OK) return refused(t, err);
        absorb(t, &s, stood);
        if (!settle(t, stood)) return false;
        if (pl_engine__lane_due(t->lane) == due) break;
    }
    return true;
}

static bool play(struct pl_engine_trial *t, struct pl_str *stood) {
    struct pl_engine_step s;
    if (!timers(t, stood)) return false;
    enum pl_err err = pl_engine_lane_take(t->lane, &t->came, &t->one, &s);
    if (err != PL_OK) return refused(t, err);
    absorb(t, &s, stood);
    return settle(t, stood);
}

/* The late outcome of a write: for whom in the lane heard `unconfirmed`; else it is no news. */
static bool is_late(const struct pl_engine_trial *t) {
    return t->came.event->kind == PL_EVENT_OUTCOME;
}

static void flush(struct pl_engine_trial *t) {
    struct pl_str stood = pl_str_c(t->at);
    if (!t->begun) return;
    t->begun = false;
    if (t->verdict <= PL_ENGINE_WORDING && !is_late(t) && play(t, &stood)) compare(t, stood);
    snprintf(t->at, sizeof t->at, "%.*s", PL_STR_ARG(t->stands));
    t->was.n = t->now.n = 0;
    t->pending = t->said = t->stands = PL_STR("");
    pl_arena_reset(&t->one);
}

static void begin(struct pl_engine_trial *t, const struct pl_engine_step *step) {
    flush(t);
    t->begun = true;
    t->round++;
    t->came = step_copy(&t->one, step);
    if (step->event->kind != PL_EVENT_MESSAGE) return;
    t->turn++;
    const struct pl_vm_reading *r = &t->came.event->reading;
    bool words = step->said == PL_ENGINE_SAID_TEXT || step->said == PL_ENGINE_SAID_LONG;
    t->said = words || r->secret.n ? r->text : t->came.label;
}

/* ---- the trial ---- */

struct pl_engine_trial *
pl_engine_trial_new(struct pl_engine_player *p, const uint8_t conversation[16],
                    struct pl_image *image,
                    void (*differs)(void *ctx, const struct pl_engine_difference *d), void *ctx) {
    struct pl_engine_lane *lane = pl_engine_lane_new(p, conversation, image);
    if (!lane) return NULL;
    struct pl_engine_trial *t = calloc(1, sizeof *t);
    pl_assert(t);
    t->lane = lane;
    t->differs = differs;
    t->ctx = ctx;
    snprintf(t->at, sizeof t->at, "at the opening");
    pl_arena_init(&t->all, 0);
    pl_arena_init(&t->one, 0);
    return t;
}

void pl_engine_trial_free(struct pl_engine_trial **trial) {
    struct pl_engine_trial *t = *trial;
    if (!t) return;
    *trial = NULL;
    pl_engine_lane_free(&t->lane);
    PL_VEC_FREE(&t->asked);
    PL_VEC_FREE(&t->results);
    PL_VEC_FREE(&t->was);
    PL_VEC_FREE(&t->now);
    pl_arena_free(&t->all);
    pl_arena_free(&t->one);
    free(t);
}

void pl_engine_trial_entry(struct pl_engine_trial *t, const struct pl_entry *entry,
                           const struct pl_engine_step *step) {
    if (t->verdict > PL_ENGINE_WORDING) return;
    if (!step || !step->image) {
        bool turns = entry->kind == PL_ENTRY_AGENT || entry->kind == PL_ENTRY_KNOWN;
        if (turns) flush(t);
        pl_engine__lane_note(t->lane, entry);
        return;
    }
    if (step->event->kind == PL_EVENT_DIVERGED) return; /* nothing that came */
    if (!follows(step->event) || !t->begun) begin(t, step);
    if (!t->foreseen) note_result(t, step, t->round);
    if (!t->foreseen) note_calls(t, step);
    add_shown(t, &t->was, step);
    const struct pl_vm_view *view = &step->result->view;
    t->stands = stands(&t->one, step->image, view);
    bool busy = view->mode == PL_VM_BUSY;
    const struct asked *waits = busy ? asked_by(t, view->effect) : NULL;
    t->pending = waits ? waits->name : PL_STR("");
    if (!busy && view->mode != PL_VM_NAMING) flush(t);
}

void pl_engine_trial_last(struct pl_engine_trial *t) {
    flush(t);
}

enum pl_engine_verdict pl_engine_trial_verdict(const struct pl_engine_trial *t) {
    return t->verdict;
}
