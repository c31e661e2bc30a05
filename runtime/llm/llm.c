/* SPDX-License-Identifier: Apache-2.0
 *
 * The client: its thread and loop, the way in and the way out.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_run_priv.h"

enum { GATHER_US = 200 }; /* tokens of many streams are handled together */

/* ---- small things ---- */

int64_t pl_llm__now_us(const struct pl_llm *llm) {
    return llm->clock.mono_us(llm->clock.ctx);
}

int64_t pl_llm__now_ms(const struct pl_llm *llm) {
    return llm->clock.wall_ms(llm->clock.ctx);
}

int32_t pl_llm__today(const struct pl_llm *llm) {
    return (int32_t)(pl_llm__now_ms(llm) / PL_DAY_MS);
}

void pl_llm__count(struct pl_llm *llm, enum pl_llm_count counter) {
    pl_count(&llm->counters[counter], 1);
}

void pl_llm__show_spent(struct pl_llm *llm) {
    llm->spent_day = pl_llm__money_up(llm->ledger.now.spent_day);
    llm->spent = pl_llm__money_up(llm->ledger.now.spent);
    llm->reserved_day = llm->ledger.reserved_day;
}

/* ---- the way out ---- */

/* An event with its bytes, on its way to another loop. */
struct parcel {
    struct pl_post post; /* first */
    pl_llm_on_event *on_event;
    void *ctx;
    struct pl_llm_event event;
    char bytes[];
};

static void deliver(struct pl_post *post) {
    struct parcel *p = (struct parcel *)(void *)post;
    p->on_event(p->ctx, &p->event);
    free(p);
}

/* The slices of an event, for copying. */
static size_t slices_of(struct pl_llm_event *e, struct pl_str *out[3]) {
    switch (e->kind) {
    case PL_LLM_TEXT:
    case PL_LLM_REFUSAL: out[0] = &e->text; return 1;
    case PL_LLM_TOOL:
        out[0] = &e->call.id;
        out[1] = &e->call.name;
        out[2] = &e->call.arguments;
        return 3;
    case PL_LLM_DONE:
        out[0] = &e->done.why;
        out[1] = &e->done.target;
        return 2;
    default: return 0;
    }
}

static struct parcel *pack(const struct pl_llm_event *event) {
    struct pl_llm_event e = *event;
    struct pl_str *slices[3];
    size_t n = slices_of(&e, slices), bytes = 0, at = 0;
    bool vector = e.kind == PL_LLM_VECTOR;
    for (size_t i = 0; i < n; i++) bytes += slices[i]->n;
    if (vector) bytes = e.vector.n * sizeof *e.vector.v;
    struct parcel *p = malloc(sizeof *p + bytes);
    pl_assert(p);
    if (vector) {
        memcpy(p->bytes, e.vector.v, bytes);
        e.vector.v = (const float *)(const void *)p->bytes;
    }
    for (size_t i = 0; i < n; i++) {
        if (slices[i]->n) memcpy(p->bytes + at, slices[i]->p, slices[i]->n);
        slices[i]->p = p->bytes + at;
        at += slices[i]->n;
    }
    p->event = e;
    return p;
}

void pl_llm__tell(struct pl_llm__ask *ask, struct pl_llm_event event) {
    event.attempt = ask->attempts;
    pl_llm__cache_hear(ask, &event);
    if (ask->r.loop == ask->llm->loop) {
        ask->r.on_event(ask->r.ctx, &event);
        return;
    }
    struct parcel *p = pack(&event);
    p->post = (struct pl_post){.fn = deliver};
    p->on_event = ask->r.on_event;
    p->ctx = ask->r.ctx;
    if (!ask->llm->own_loop) {
        pl_loop_post(ask->r.loop, &p->post); /* it may be told outside an iteration, at the end */
        return;
    }
    pl_loop_post_later(ask->llm->loop, ask->r.loop, &p->post);
    if (event.kind == PL_LLM_DONE) pl_loop_post_held(ask->llm->loop); /* a turn waits for it */
}

/* ---- the way in ---- */

static void copy_calls(struct pl_arena *a, struct pl_llm_message *m) {
    struct pl_llm_call *calls = PL_NEW_ARRAY(a, struct pl_llm_call, m->ncalls + 1);
    for (size_t i = 0; i < m->ncalls; i++)
        calls[i] =
            (struct pl_llm_call){pl_arena_str(a, m->calls[i].id), pl_arena_str(a, m->calls[i].name),
                                 pl_arena_str(a, m->calls[i].arguments)};
    m->calls = calls;
}

static void copy_messages(struct pl_arena *a, struct pl_llm_request *r) {
    struct pl_llm_message *messages = PL_NEW_ARRAY(a, struct pl_llm_message, r->nmessages + 1);
    for (size_t i = 0; i < r->nmessages; i++) {
        messages[i] = r->messages[i];
        messages[i].text = pl_arena_str(a, messages[i].text);
        messages[i].call_id = pl_arena_str(a, messages[i].call_id);
        copy_calls(a, &messages[i]);
    }
    r->messages = messages;
}

static void copy_request(struct pl_arena *a, struct pl_llm_request *r) {
    struct pl_llm_tool *tools = PL_NEW_ARRAY(a, struct pl_llm_tool, r->ntools + 1);
    struct pl_str *embed = PL_NEW_ARRAY(a, struct pl_str, r->nembed + 1);
    r->system = pl_arena_str(a, r->system);
    r->schema = pl_arena_str(a, r->schema);
    r->target = pl_arena_str(a, r->target);
    r->embed_model = pl_arena_str(a, r->embed_model);
    copy_messages(a, r);
    for (size_t i = 0; i < r->ntools; i++)
        tools[i] = (struct pl_llm_tool){pl_arena_str(a, r->tools[i].name),
                                        pl_arena_str(a, r->tools[i].about),
                                        pl_arena_str(a, r->tools[i].schema)};
    for (size_t i = 0; i < r->nembed; i++) embed[i] = pl_arena_str(a, r->embed[i]);
    r->tools = tools;
    r->embed = embed;
}

static void begin(struct pl_post *post) {
    pl_llm__ask_begin((struct pl_llm__ask *)(void *)post);
}

uint64_t pl_llm_ask(struct pl_llm *llm, const struct pl_llm_request *request) {
    struct pl_llm__ask *ask = calloc(1, sizeof *ask);
    pl_assert(ask && request->loop && request->on_event);
    ask->post.fn = begin;
    ask->llm = llm;
    ask->r = *request;
    pl_arena_init(&ask->arena, 0);
    copy_request(&ask->arena, &ask->r);
    ask->begun_us = pl_llm__now_us(llm);
    ask->deadline_us = ask->begun_us + (request->deadline_ms > 0 ? request->deadline_ms : 1) * 1000;
    uint64_t id = ask->id = atomic_fetch_add(&llm->last_id, 1) + 1;
    pl_loop_post(llm->loop, &ask->post);
    return id;
}

struct cancel {
    struct pl_post post; /* first */
    struct pl_llm *llm;
    uint64_t id;
};

static void cancel(struct pl_post *post) {
    struct cancel *c = (struct cancel *)(void *)post;
    struct pl_llm__ask *ask = c->llm->asks;
    while (ask && ask->id != c->id) ask = ask->next;
    if (ask) pl_llm__ask_cancel(ask);
    free(c);
}

void pl_llm_cancel(struct pl_llm *llm, uint64_t id) {
    struct cancel *c = calloc(1, sizeof *c);
    pl_assert(c);
    *c = (struct cancel){.post = {.fn = cancel}, .llm = llm, .id = id};
    pl_loop_post(llm->loop, &c->post);
}

struct forget {
    struct pl_post post; /* first */
    struct pl_llm *llm;
    uint8_t conversation[16];
};

static void forget(struct pl_post *post) {
    struct forget *f = (struct forget *)(void *)post;
    pl_llm__cache_forget(f->llm, f->conversation);
    free(f);
}

void pl_llm_forget(struct pl_llm *llm, const uint8_t conversation[16]) {
    struct forget *f = calloc(1, sizeof *f);
    pl_assert(f);
    *f = (struct forget){.post = {.fn = forget}, .llm = llm};
    memcpy(f->conversation, conversation, sizeof f->conversation);
    pl_loop_post(llm->loop, &f->post);
}

/* ---- seen from outside ---- */

size_t pl_llm_status(struct pl_llm *llm, struct pl_llm_target_status *out, size_t max) {
    int64_t now = pl_llm__now_us(llm);
    for (size_t i = 0; i < llm->models.ntargets && i < max; i++) {
        struct pl_llm__target *t = &llm->targets[i];
        int64_t left = (t->shown.until_us - now) / 1000;
        out[i] = (struct pl_llm_target_status){
            .breaker = (enum pl_llm_breaker_state)t->shown.breaker,
            .last = (enum pl_llm_failure)t->shown.last,
            .attempts = t->shown.attempts,
            .failures = t->shown.failures,
            .usage = {.input = t->shown.input,
                      .cached = t->shown.cached,
                      .output = t->shown.output},
            .micro = t->shown.micro,
            .guessed_micro = t->shown.guessed_micro,
        };
        if (out[i].breaker == PL_LLM_OPEN && left > 0) out[i].reopen_ms = left;
        snprintf(out[i].name, sizeof out[i].name, "%s", t->conf->name);
    }
    return llm->models.ntargets;
}

struct pl_llm_spent pl_llm_spent(struct pl_llm *llm) {
    return (struct pl_llm_spent){llm->spent_day, llm->reserved_day, llm->spent};
}

const struct pl_counter *pl_llm_counters(const struct pl_llm *llm) {
    return llm->counters;
}

/* ---- create ---- */

static const struct pl_counter counters[PL_LLM_COUNTERS] = {
#define COUNTER(name, help) {"llm." #name, help, 0},
#include "runtime/llm/counter.def"
#undef COUNTER
};

static void copy_models(struct pl_llm *llm, const struct pl_llm_models *from) {
    struct pl_arena *a = &llm->arena;
    struct pl_llm_target *targets = PL_NEW_ARRAY(a, struct pl_llm_target, from->ntargets + 1);
    llm->models = *from;
    llm->models.targets = targets;
    for (size_t i = 0; i < from->ntargets; i++) {
        const struct pl_llm_target *t = &from->targets[i];
        struct pl_llm_price *prices = PL_NEW_ARRAY(a, struct pl_llm_price, t->nprices + 1);
        for (size_t k = 0; k < t->nprices; k++) prices[k] = t->prices[k];
        targets[i] = *t;
        targets[i].prices = prices;
#define PL_LLM_COPY_TEXT(name) targets[i].name = pl_arena_str(a, pl_str_c(t->name)).p;
#define PL_LLM_COPY_KEY(name)  PL_LLM_COPY_TEXT(name)
#define PL_LLM_COPY_INT(name)  /* copied with the struct */
#define PL_LLM_COPY_BOOL(name)
#define PL_LLM_COPY_DURATION(name)
#define PL_LLM_COPY_DIALECT(name)
#define FIELD(name, type, def, min, max, help) PL_LLM_COPY_##type(name)
#include "runtime/llm/target.def"
#undef FIELD
        targets[i].name = pl_arena_str(a, pl_str_c(t->name)).p;
    }
}

/* Hosts that the models file lets be asked by plain http://. */
static enum pl_err open_http(struct pl_llm *llm, size_t max_connections) {
    struct pl_http_config config = {.clock = pl_clock_system(), .log = llm->log};
    if (llm->own_loop) config.loop = llm->loop;
    struct pl_str *hosts = calloc(llm->models.ntargets + 1, sizeof *hosts);
    if (!hosts) return PL_NOMEM;
    for (size_t i = 0; i < llm->models.ntargets; i++)
        if (pl_str_starts(pl_str_c(llm->models.targets[i].url), PL_STR("http://")))
            hosts[config.nplain_hosts++] = pl_llm__host(&llm->models.targets[i]);
    config.plain_hosts = hosts;
    config.max_connections = max_connections ? max_connections : 1024;
    config.max_per_host = config.max_connections;
    enum pl_err err = pl_http_create(&config, &llm->http);
    free(hosts);
    return err;
}

static void *run(void *ctx) {
    struct pl_llm *llm = ctx;
    pl_loop_run(llm->loop);
    return NULL;
}

/* Signals are the main thread's. */
static enum pl_err start_thread(struct pl_llm *llm) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&llm->thread, NULL, run, llm);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed ? PL_NOMEM : PL_OK;
}

static void free_client(struct pl_llm *llm) {
    if (llm->http) pl_http_destroy(&llm->http);
    pl_llm__cache_close(llm);
    pl_llm__targets_close(llm);
    if (llm->own_loop && llm->loop) pl_loop_destroy(&llm->loop);
    pl_arena_free(&llm->arena);
    free(llm);
}

static bool quiet(const struct pl_llm *llm) {
    return llm->alive == 0 && !llm->asks && llm->ledger.in_flight == 0;
}

/* What http and store still have to say comes to the loop, which the caller runs now. */
static void wait_quiet(struct pl_llm *llm) {
    while (!quiet(llm)) pl_loop_once(llm->loop, 10);
    /* The store's thread may still be ringing the bell: behind a flush it has rung. */
    if (llm->store) (void)pl_store_flush(llm->store);
    while (llm->ledger.waking) pl_loop_once(llm->loop, 10);
}

enum pl_err pl_llm_create(const struct pl_llm_config *config, struct pl_llm **out) {
    struct pl_llm *llm = calloc(1, sizeof *llm);
    if (!llm) return PL_NOMEM;
    llm->clock = config->clock;
    llm->log = config->log;
    llm->store = config->store;
    llm->loop = config->loop;
    llm->own_loop = !config->loop;
    memcpy(llm->counters, counters, sizeof counters);
    copy_models(llm, config->models);
    pl_rand_seed(&llm->rand, config->seed ? config->seed : (uint64_t)pl_llm__now_us(llm));
    enum pl_err err = llm->own_loop ? pl_loop_create(llm->clock, &llm->loop) : PL_OK;
    if (!err && llm->own_loop) pl_loop_gather(llm->loop, GATHER_US);
    if (!err) err = open_http(llm, config->max_connections);
    if (!err)
        err = pl_llm__ledger_open(&llm->ledger, llm->store, llm->loop, pl_llm__today(llm),
                                  pl_llm__now_ms(llm));
    if (!err) err = pl_llm__targets_open(llm);
    if (!err) pl_llm__show_spent(llm);
    if (!err) pl_llm__cache_open(llm);
    if (!err && llm->own_loop) err = start_thread(llm);
    if (err) {
        wait_quiet(llm);
        pl_llm__ledger_close(&llm->ledger);
        free_client(llm);
    } else {
        *out = llm;
    }
    return err;
}

/* ---- destroy ---- */

static void stop(struct pl_post *post) {
    struct pl_llm *llm = (struct pl_llm *)(void *)((char *)post - offsetof(struct pl_llm, stop));
    llm->stopping = true;
    for (struct pl_llm__ask *ask = llm->asks, *after; ask; ask = after) {
        after = ask->next;
        pl_llm__ask_cancel(ask);
    }
    for (size_t i = 0; i < llm->models.ntargets; i++) pl_timer_stop(&llm->targets[i].probe);
    if (llm->own_loop) pl_loop_stop(llm->loop);
}

void pl_llm_destroy(struct pl_llm **out) {
    struct pl_llm *llm = *out;
    if (!llm) return;
    *out = NULL;
    llm->stop.fn = stop;
    if (llm->own_loop) {
        pl_loop_post(llm->loop, &llm->stop);
        pthread_join(llm->thread, NULL);
    } else {
        stop(&llm->stop);
    }
    for (size_t i = 0; i < llm->models.ntargets; i++) pl_timer_stop(&llm->targets[i].probe);
    pl_http_destroy(&llm->http);
    wait_quiet(llm);
    pl_llm__ledger_close(&llm->ledger);
    free_client(llm);
}
