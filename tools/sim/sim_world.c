/* SPDX-License-Identifier: Apache-2.0
 *
 * One engine over a store in memory, with one customer in front of it and one who looks on.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim_priv.h"

#define CLIENT 1

/* ---- the customer's side ---- */

static void ready(void *ctx, uint64_t client, const struct pl_engine_ready *r) {
    struct sim_world *w = ctx;
    (void)client;
    w->ready = true;
    w->rtl = r->rtl;
    w->with = pl_arena_str(&w->a, r->with);
}

static void live(void *ctx, uint64_t client) {
    (void)ctx;
    (void)client;
}

static void events(void *ctx, uint64_t client, const struct pl_engine_event *e, size_t n) {
    struct sim_world *w = ctx;
    (void)client;
    for (size_t i = 0; i < n; i++) {
        struct sim_event event;
        pl_sim__event_read(&w->a, &e[i], &event);
        PL_PUSH(w->to, event);
        if (w->came) w->came(w->ctx, &event);
    }
}

static void ack(void *ctx, uint64_t client, struct pl_engine_cid cid, uint64_t seq, bool dup,
                const struct pl_engine_event *e, size_t n) {
    (void)cid;
    (void)seq;
    (void)dup;
    events(ctx, client, e, n);
}

static void typing(void *ctx, uint64_t client, bool on) {
    (void)ctx;
    (void)client;
    (void)on;
}

static void refused(void *ctx, uint64_t client, enum pl_engine_error code, struct pl_str detail,
                    struct pl_engine_cid cid) {
    static const char *const texts[] = {
#define ERROR(name, text) text,
#include "runtime/engine/error.def"
#undef ERROR
    };
    struct sim_world *w = ctx;
    (void)client;
    if (cid.counter && cid.counter == w->cid) w->cid--; /* the next one takes its number */
    w->refused =
        pl_arena_printf(&w->a, "%s%s%.*s", texts[code], detail.n ? "; " : "", PL_STR_ARG(detail));
}

static void done(void *ctx, uint64_t ticket, enum pl_err err, struct pl_str why) {
    struct sim_world *w = ctx;
    (void)ticket;
    if (err == PL_OK) return;
    w->refused =
        pl_arena_printf(&w->a, "%s%s%.*s", pl_err_text(err), why.n ? "; " : "", PL_STR_ARG(why));
}

/* ---- who looks on ---- */

static struct pl_str queue_name(const struct pl_program *p, uint32_t queue) {
    return queue < p->nqueues ? p->queues[queue].name : PL_STR("");
}

static void handed_over(struct sim_world *w, const struct pl_program *p,
                        const struct pl_vm_effect *v) {
    struct sim_handoff h = {.mode = v->mode, .queue = queue_name(p, v->queue)};
    h.priority = v->priority.n ? pl_arena_str(&w->a, v->priority) : PL_STR("medium");
    if (v->rule < p->nrules) h.rule = p->rules[v->rule].name;
    PL_PUSH(&w->handoffs, h);
}

/* The prelude's question is the offer; a rule's is made when the turn has come to rest. */
static void offered(struct sim_world *w, const struct pl_program *p, struct pl_str locale) {
    struct sim_handoff h = {.mode = PL_HANDOFF_OFFER};
    if (w->offer_rule < p->nrules) {
        const struct pl_p_rule *rule = &p->rules[w->offer_rule];
        uint32_t queue = rule->handoff.queue;
        h.queue = queue_name(p, queue == PL_NOWHERE ? pl_vm_queue(p, locale) : queue);
        h.priority = rule->handoff.priority.n ? rule->handoff.priority : PL_STR("medium");
        h.rule = rule->name;
    }
    w->offer_rule = PL_NOWHERE;
    PL_PUSH(&w->handoffs, h);
}

/* How a task of the project ended; what the prelude says around it is none. */
static void ended(struct sim_world *w, const struct pl_program *p, const struct pl_vm_effect *v) {
    static const enum pl_prelude around[] = {
        PL_PRELUDE_ANYTHING_ELSE, PL_PRELUDE_CONTINUE_INTERRUPTED, PL_PRELUDE_HANDED_OVER,
        PL_PRELUDE_NOT_UNDERSTOOD, PL_PRELUDE_OFFER_PERSON};
    if (v->flow == p->start) return;
    for (size_t i = 0; i < PL_LEN(around); i++)
        if (v->flow == p->prelude[around[i]]) return;
    PL_PUSH(&w->ends, pl_arena_str(&w->a, v->name));
}

static void mistake(struct sim_world *w, const struct pl_image *image,
                    const struct pl_vm_effect *v) {
    struct pl_str file;
    uint32_t line;
    pl_image_line(image, v->at, &file, &line);
    PL_PUSH(&w->mistakes, pl_arena_printf(&w->a, "%.*s:%u", PL_STR_ARG(file), line));
}

static void tracked(struct sim_world *w, const struct pl_vm_effect *v) {
    struct pl_value *args = PL_NEW_ARRAY(&w->a, struct pl_value, v->nargs + 1);
    for (uint32_t i = 0; i < v->nargs; i++) args[i] = pl_value_copy(&w->a, v->args[i]);
    struct sim_track t = {pl_arena_str(&w->a, v->name), args, v->nargs};
    PL_PUSH(&w->tracks, t);
}

static void step(void *ctx, const uint8_t conversation[16], const struct pl_image *image,
                 const struct pl_vm_event *event, const struct pl_vm_result *r) {
    struct sim_world *w = ctx;
    const struct pl_program *p = pl_image_program(image);
    pl_sim__why_step(w, image, event, r);
    if (w->watch) pl_sim__finder_step(w->watch, image, event, r);
    if (w->cover && w->cover->image == image) pl_sim__cover_step(w->cover, event);
    if (event->rule < p->nrules && p->rules[event->rule].handoff.mode == PL_HANDOFF_OFFER)
        w->offer_rule = event->rule;
    for (uint32_t i = 0; i < r->neffects; i++) {
        const struct pl_vm_effect *v = &r->effects[i];
        if (v->kind == PL_EFFECT_GOAL) PL_PUSH(&w->goals, pl_arena_str(&w->a, v->name));
        if (v->kind == PL_EFFECT_MARK) PL_PUSH(&w->marks, pl_arena_str(&w->a, v->name));
        if (v->kind == PL_EFFECT_TRACK) tracked(w, v);
        if (v->kind == PL_EFFECT_NOTE)
            PL_PUSH(&w->notes,
                    pl_engine_words(w->engine, conversation, &v->note, &w->a, event->now_ms));
        if (v->kind == PL_EFFECT_HANDOFF) handed_over(w, p, v);
        if (v->kind == PL_EFFECT_ENDED) ended(w, p, v);
        if (v->kind == PL_EFFECT_ERROR) mistake(w, image, v);
        if (v->kind == PL_EFFECT_STARTED && v->flow == p->prelude[PL_PRELUDE_OFFER_PERSON])
            offered(w, p, event->locale);
    }
}

static void ran(void *ctx, const struct pl_image *image, int what, uint32_t at) {
    struct sim_world *w = ctx;
    pl_sim__why_trace(w, image, (enum pl_vm_trace)what, at);
    if (w->watch) pl_sim__finder_ran(w->watch, (enum pl_vm_trace)what, at);
    if (w->cover && w->cover->image == image)
        pl_sim__cover_ran(w->cover, (enum pl_vm_trace)what, at, &w->ran_last);
    else
        w->ran_last = PL_NOWHERE;
}

static void showed(void *ctx, const struct pl_image *image, uint32_t text, uint32_t locale) {
    struct sim_world *w = ctx;
    if (w->cover && w->cover->image == image) pl_sim__cover_text(w->cover, text, locale);
}

static void trace(void *ctx, struct pl_str line) {
    struct sim_world *w = ctx;
    if (w->traced) w->traced(w->ctx, line);
}

/* ---- open and close ---- */

static struct pl_image *find_image(void *ctx, const uint8_t prefix[8]) {
    struct sim_world *w = ctx;
    for (size_t i = 0; i < w->images.n; i++)
        if (memcmp(pl_image_hash(w->images.v[i]), prefix, 8) == 0)
            return pl_image_ref(w->images.v[i]);
    return NULL;
}

void pl_sim__world_keep(struct sim_world *w, struct pl_image *image) {
    PL_PUSH(&w->images, pl_image_ref(image));
}

enum pl_err pl_sim__world_open(struct sim_world *w, const struct sim_world_config *k,
                               struct pl_image *image) {
    static const uint8_t epoch[16] = "simulated world";
    struct pl_store_config store = {.epoch = epoch};
    w->loop = k->loop;
    w->offer_rule = PL_NOWHERE;
    w->to = &w->events;
    w->ran_last = PL_NOWHERE;
    if (w->types) w->vm = pl_vm_create((struct pl_vm_env){.matches = NULL});
    pl_sim__world_keep(w, image);
    enum pl_err err = pl_store_open(&store, &w->store, NULL);
    if (err != PL_OK) return err;
    struct pl_engine_config config = {
        .store = w->store,
        .keys = k->keys->keys,
        .master = k->keys->master,
        .loop = k->loop,
        .clock = k->clock,
        .seed = k->seed,
        .log = k->log,
        .shared = k->shared,
        .sink = {w, ready, live, ack, events, typing, refused, done},
        .hooks = *k->hooks,
        .models = k->models,
        .find_image = find_image,
        .find_ctx = w,
        .trace = w->traced ? trace : NULL,
        .trace_ctx = w,
        .step = step,
        .step_ctx = w,
        .ran = w->types || w->cover || w->watch ? ran : NULL,
        .showed = w->cover ? showed : NULL,
        .ran_ctx = w,
    };
    return pl_engine_create(&config, image, &w->engine);
}

void pl_sim__world_close(struct sim_world *w) {
    pl_engine_destroy(&w->engine);
    if (w->store) pl_store_close(&w->store);
    for (size_t i = 0; i < w->images.n; i++) pl_image_unref(&w->images.v[i]);
    PL_VEC_FREE(&w->images);
    PL_VEC_FREE(&w->events);
    PL_VEC_FREE(&w->goals);
    PL_VEC_FREE(&w->marks);
    PL_VEC_FREE(&w->notes);
    PL_VEC_FREE(&w->tracks);
    PL_VEC_FREE(&w->ends);
    PL_VEC_FREE(&w->mistakes);
    PL_VEC_FREE(&w->handoffs);
    PL_VEC_FREE(&w->said);
    PL_VEC_FREE(&w->tracing);
    if (w->vm) pl_vm_destroy(&w->vm);
    pl_arena_free(&w->a);
}

/* ---- what the customer does ---- */

void pl_sim__world_begin(struct sim_world *w, struct pl_str locale, uint64_t number) {
    struct pl_engine_open open = {
        .fresh = true, .locale = locale, .known = w->known, .verified = w->verified};
    memset(w->conversation, 0, sizeof w->conversation);
    for (int i = 0; i < 8; i++) w->conversation[15 - i] = (uint8_t)(number >> (8 * i));
    memcpy(open.conversation, w->conversation, sizeof open.conversation);
    w->cid = 0;
    if (w->remembered.kind == PL_KIND_RECORD) {
        memset(open.customer, 0x5a, sizeof open.customer);
        pl_engine_remember(w->engine, open.customer, w->remembered);
        pl_loop_fake_advance(w->loop, 0);
    }
    pl_engine_open(w->engine, CLIENT, &open);
}

void pl_sim__world_resume(struct sim_world *w) {
    struct pl_engine_open open = {0};
    memcpy(open.conversation, w->conversation, sizeof open.conversation);
    pl_engine_open(w->engine, CLIENT, &open);
}

void pl_sim__world_say(struct sim_world *w, enum pl_engine_said said, struct pl_str text) {
    struct pl_engine_cid cid = {CLIENT, ++w->cid};
    w->refused = (struct pl_str){0};
    pl_engine_send(w->engine, CLIENT, cid, said, text);
}

void pl_sim__world_agent(struct sim_world *w, enum pl_engine_deed what, struct pl_str text) {
    struct pl_engine_done d = {.what = what, .text = text};
    memcpy(d.conversation, w->conversation, sizeof d.conversation);
    w->refused = (struct pl_str){0};
    pl_engine_done(w->engine, CLIENT, &d);
}

void pl_sim__world_happen(struct sim_world *w, struct pl_str name, struct pl_str args) {
    struct pl_engine_happening h = {.name = name, .args = args};
    memcpy(h.conversation, w->conversation, sizeof h.conversation);
    w->refused = (struct pl_str){0};
    pl_engine_event(w->engine, CLIENT, &h);
}
