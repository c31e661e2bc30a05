/* SPDX-License-Identifier: Apache-2.0
 *
 * The composition root: the only place that sees every room. Opens them bottom up, joins gateway,
 * engine and hooks by their callbacks, closes them top down.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/auth/auth.h"
#include "runtime/blobs/blobs.h"
#include "runtime/crypto/crypto.h"
#include "runtime/gateway/gateway.h"
#include "runtime/hooks/hooks.h"
#include "runtime/http/http.h"
#include "runtime/llm/llm.h"
#include "runtime/locale/locale.h"
#include "runtime/loop/loop.h"
#include "runtime/privacy/privacy.h"
#include "runtime/store/store.h"
#include "tools/cli/cli_priv.h"
#include "tools/sim/sim.h"
#include "tools/studio/studio.h"

/* ---- hooks ---- */

struct cli_hooks {
    struct pl_http *http;
    struct pl_hooks *hooks;
    struct pl_arena arena;
};

static struct pl_str image_name(struct pl_image *image) {
    return (struct pl_str){(const char *)pl_image_hash(image), 32};
}

/* "lua/orders.lua" is the file of the hooks "orders.…". */
static struct pl_str file_stem(struct pl_str path) {
    size_t from = path.n;
    while (from && path.p[from - 1] != '/') from--;
    struct pl_str name = {path.p + from, path.n - from};
    if (pl_str_ends(name, PL_STR(".lua"))) name.n -= 4;
    return name;
}

static void hooks_load(void *ctx, struct pl_image *image) {
    struct cli_hooks *h = ctx;
    const struct pl_program *p = pl_image_program(image);
    struct pl_hooks_source *v = calloc(p->nsections + 1, sizeof *v);
    size_t n = 0;
    pl_assert(v);
    for (uint32_t i = 0; i < p->nsections; i++) {
        if (!pl_str_starts(p->sections[i].name, PL_STR("lua/"))) continue;
        v[n++] = (struct pl_hooks_source){file_stem(p->sections[i].name), p->sections[i].bytes};
    }
    pl_hooks_load(h->hooks, image_name(image), v, n);
    free(v);
}

static void hooks_drop(void *ctx, struct pl_image *image) {
    struct cli_hooks *h = ctx;
    pl_hooks_drop(h->hooks, image_name(image));
}

struct call_under_way {
    struct pl_image *image; /* keeps the types alive */
    pl_engine_hook_done *done;
    void *ctx;
};

static void hook_done(void *ctx, const struct pl_hook_result *r) {
    static const enum pl_engine_outcome outcomes[] = {
        [PL_HOOK_OK] = PL_OUTCOME_OK,
        [PL_HOOK_FAILED] = PL_OUTCOME_FAILED,
        [PL_HOOK_UNAVAILABLE] = PL_OUTCOME_UNAVAILABLE,
        [PL_HOOK_UNCONFIRMED] = PL_OUTCOME_UNCONFIRMED,
    };
    struct call_under_way *call = ctx;
    call->done(call->ctx, outcomes[r->outcome], r->value, r->failure);
    pl_image_unref(&call->image);
    free(call);
}

static uint64_t hooks_call(void *ctx, const struct pl_engine_call *c) {
    struct cli_hooks *h = ctx;
    const struct pl_program *p = pl_image_program(c->image);
    const struct pl_p_hook *hook = &p->hooks[c->hook];
    static const enum pl_hook_effect effects[] = {
        [PL_CLASS_PURE] = PL_HOOK_PURE,
        [PL_CLASS_READ] = PL_HOOK_READ,
        [PL_CLASS_WRITE_ONCE] = PL_HOOK_WRITE_ONCE,
    };
    struct call_under_way *call = malloc(sizeof *call);
    pl_assert(call);
    *call = (struct call_under_way){pl_image_ref(c->image), c->done, c->ctx};
    struct pl_hook_call out = {.image = image_name(c->image),
                               .hook = hook->name,
                               .args = c->args,
                               .nargs = c->nargs,
                               .types = &p->types,
                               .type = hook->result,
                               .fails = hook->fails,
                               .nfails = hook->nfails,
                               .effect = effects[hook->effect],
                               .key = c->key,
                               .deadline_ms = c->deadline_ms,
                               .loop = c->loop,
                               .done = hook_done,
                               .ctx = call};
    return pl_hooks_call(h->hooks, &out);
}

/* The host of "http://host:port/…", which plain http may then be spoken with. */
static struct pl_str host_of(struct pl_str url) {
    size_t at = pl_str_find(url, PL_STR("://"));
    if (at != SIZE_MAX) url = (struct pl_str){url.p + at + 3, url.n - at - 3};
    size_t n = 0;
    if (url.n && url.p[0] == '[') {
        while (n < url.n && url.p[n] != ']') n++;
        return (struct pl_str){url.p + 1, n ? n - 1 : 0};
    }
    while (n < url.n && url.p[n] != ':' && url.p[n] != '/') n++;
    return (struct pl_str){url.p, n};
}

static void hooks_cancel(void *ctx, uint64_t number) {
    struct cli_hooks *h = ctx;
    pl_hooks_cancel(h->hooks, number);
}

struct pl_engine_hooks pl_cli__hooks_doors(struct cli_hooks *h) {
    return (struct pl_engine_hooks){h, hooks_load, hooks_drop, hooks_call, hooks_cancel};
}

enum pl_err pl_cli__hooks_open(const char *shop_url, const struct pl_config *config,
                               const struct pl_log *log, struct cli_hooks **out) {
    static const char *const argv[] = {"parlance", "hook-worker", NULL};
    struct cli_hooks *h = calloc(1, sizeof *h);
    if (!h) return PL_NOMEM;
    struct pl_str host = host_of(pl_str_c(shop_url));
    struct pl_http_config http = {
        .plain_hosts = &host, .nplain_hosts = 1, .clock = pl_clock_system(), .log = log};
    struct pl_hooks_service shop = {.name = PL_STR("shop"), .base_url = pl_str_c(shop_url)};
    struct pl_hooks_config hooks = {.clock = pl_clock_system(),
                                    .log = log,
                                    .workers = (size_t)config->hook_workers,
                                    .exe = "/proc/self/exe",
                                    .argv = argv,
                                    .services = &shop,
                                    .nservices = 1,
                                    .memory_cap = (size_t)config->hook_memory};
    enum pl_err err = pl_http_create(&http, &h->http);
    hooks.http = h->http;
    if (err == PL_OK) err = pl_hooks_create(&hooks, &h->hooks);
    if (err != PL_OK) {
        pl_cli__hooks_close(&h);
        return err;
    }
    *out = h;
    return PL_OK;
}

static void hooks_counters(const struct cli_hooks *h,
                           void (*show)(void *to, const struct pl_counter *c), void *to) {
    struct pl_hooks_stats k = pl_hooks_stats(h->hooks);
    struct pl_http_stats r = pl_http_stats(h->http);
    const struct pl_counter rows[] = {
        {"hooks.calls", "calls of hooks that reached a worker's queue", k.calls},
        {"hooks.ok", "calls that gave a value", k.ok},
        {"hooks.failed", "calls that gave a failure of their own", k.failed},
        {"hooks.unavailable", "calls without an answer", k.unavailable},
        {"hooks.unconfirmed", "writes without an answer that may have been done", k.unconfirmed},
        {"hooks.spawned", "workers started", k.spawned},
        {"hooks.killed", "workers ended because they spun, grew or broke a rule", k.killed},
        {"hooks.reruns", "calls run again on another worker", k.reruns},
        {"http.requests", "requests to the shop", r.requests},
        {"http.retries", "requests sent again", r.retries},
        {"http.failures", "requests without a reply", r.failures},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) show(to, &rows[i]);
}

void pl_cli__hooks_close(struct cli_hooks **hooks) {
    struct cli_hooks *h = *hooks;
    if (!h) return;
    *hooks = NULL;
    if (h->hooks) pl_hooks_destroy(&h->hooks);
    if (h->http) pl_http_destroy(&h->http);
    free(h);
}

int pl_cli__hook_worker(void) {
    return pl_hooks_worker_main(3);
}

/* ---- the log ---- */

/* E-mail addresses and phone numbers, should one ever come this far. */
static void mask_log(char *text, size_t room) {
    struct pl_arena a;
    pl_arena_init(&a, 64 * 1024);
    struct pl_str masked = pl_privacy_log_line(&a, pl_str_c(text));
    snprintf(text, room, "%.*s", PL_STR_ARG(masked));
    pl_arena_free(&a);
}

/* ---- the server ---- */

struct cli_waiter { /* of the admin thread, for one answer of the engine at a time */
    pthread_mutex_t lock;
    pthread_cond_t came;
    uint64_t ticket;
    bool answered;
    enum pl_err err;
    char why[256];
};

struct cli_server {
    struct cli_waiter waiter;
    struct pl_config config;
    struct pl_identity_keys identity;
    struct pl_log log;
    struct pl_loop *loop; /* the gateway's, on the main thread */
    struct pl_store *store;
    uint64_t started; /* the last commit when it was opened */
    struct cli_hooks *hooks;
    struct pl_llm *llm;            /* NULL: no models are configured */
    struct pl_locale_tools *words; /* of the models, on the engine's thread */
    struct pl_sim_models *models;
    struct pl_engine *engine;
    struct cli_articles *articles;
    struct pl_blobs *blobs;
    struct pl_gateway *gateway;
    struct pl_gateway_admin *admin;
    struct pl_loop *api_loop; /* of the thread that reads for operators */
    pthread_t api_thread;
    bool api_runs;
    struct pl_signal term, interrupt;
    struct pl_post stop;
    struct cli_pulse *pulse;  /* NULL: nobody watches */
    struct pl_studio *studio; /* of `parlance dev`; NULL: customers' */
    bool stopping;
};

/* engine -> gateway */

static void sink_ready(void *ctx, uint64_t client, const struct pl_engine_ready *r) {
    struct cli_server *s = ctx;
    struct pl_gateway_ready out = {r->with, r->locale, r->rtl, r->recovered, r->seq};
    pl_gateway_ready(s->gateway, client, &out);
}

static void sink_live(void *ctx, uint64_t client) {
    struct cli_server *s = ctx;
    pl_gateway_live(s->gateway, client);
}

static struct pl_cid to_cid(struct pl_engine_cid cid) {
    return (struct pl_cid){.client = cid.instance, .counter = cid.counter};
}

enum { EVENTS_AT_ONCE = 16 };

static size_t to_events(struct pl_gateway_event out[EVENTS_AT_ONCE],
                        const struct pl_engine_event *e, size_t n) {
    size_t k = 0;
    for (; k < EVENTS_AT_ONCE && k < n; k++)
        out[k] = (struct pl_gateway_event){e[k].seq, e[k].at_ms, e[k].json};
    return k;
}

static void sink_events(void *ctx, uint64_t client, const struct pl_engine_event *e, size_t n) {
    struct cli_server *s = ctx;
    struct pl_gateway_event out[EVENTS_AT_ONCE] = {{0}};
    while (n > 0) {
        size_t k = to_events(out, e, n);
        pl_gateway_events(s->gateway, client, out, k);
        e += k;
        n -= k;
    }
}

static void sink_ack(void *ctx, uint64_t client, struct pl_engine_cid cid, uint64_t seq, bool dup,
                     const struct pl_engine_event *e, size_t n) {
    struct cli_server *s = ctx;
    struct pl_gateway_event out[EVENTS_AT_ONCE] = {{0}};
    size_t k = to_events(out, e, n);
    pl_gateway_ack(s->gateway, client, to_cid(cid), seq, dup, out, k);
    if (k < n) sink_events(ctx, client, e + k, n - k);
}

static void sink_typing(void *ctx, uint64_t client, bool on) {
    struct cli_server *s = ctx;
    pl_gateway_typing(s->gateway, client, on);
}

static void sink_stream(void *ctx, uint64_t client, const struct pl_engine_stream *s) {
    struct cli_server *w = ctx;
    struct pl_draft out = {s->turn, s->attempt, s->n, s->replace, s->text};
    pl_gateway_stream(w->gateway, client, &out);
}

static void sink_error(void *ctx, uint64_t client, enum pl_engine_error code, struct pl_str detail,
                       struct pl_engine_cid cid) {
    static const enum pl_code codes[] = {
        [PL_ENGINE_ERR_BUSY] = PL_CODE_BUSY,
        [PL_ENGINE_ERR_UNKNOWN] = PL_CODE_RESUME_REFUSED,
        [PL_ENGINE_ERR_ERASED] = PL_CODE_ERASED,
        [PL_ENGINE_ERR_ORDER] = PL_CODE_OUT_OF_ORDER,
        [PL_ENGINE_ERR_REUSED] = PL_CODE_CID_REUSED,
        [PL_ENGINE_ERR_CHOICE] = PL_CODE_NOT_FOUND,
        [PL_ENGINE_ERR_LONG] = PL_CODE_TOO_BIG,
        [PL_ENGINE_ERR_FULL] = PL_CODE_UNAVAILABLE,
        [PL_ENGINE_ERR_INTERNAL] = PL_CODE_INTERNAL,
        [PL_ENGINE_ERR_IDENTITY] = PL_CODE_OTHER_CUSTOMER,
    };
    struct cli_server *s = ctx;
    pl_gateway_error(s->gateway, client, codes[code], detail, to_cid(cid));
}

/* gateway -> engine */

static void door_open(void *ctx, uint64_t client, const struct pl_gateway_open *o) {
    struct cli_server *s = ctx;
    struct pl_engine_open out = {.fresh = o->fresh,
                                 .locale = o->locale,
                                 .page_url = o->page_url,
                                 .epoch = o->epoch,
                                 .seq = o->seq};
    memcpy(out.conversation, o->conversation, sizeof out.conversation);
    memcpy(out.hash, o->hash, sizeof out.hash);
    out.known = o->known;
    out.verified = o->verified;
    memcpy(out.customer, o->customer, sizeof out.customer);
    if (out.locale.n == 0) out.locale = pl_str_c(s->config.locale);
    pl_engine_open(s->engine, client, &out);
}

static void door_send(void *ctx, uint64_t client, const struct pl_gateway_send *m) {
    static const enum pl_engine_said said[] = {
        [PL_SAID_TEXT] = PL_ENGINE_SAID_TEXT,
        [PL_SAID_CHOICE] = PL_ENGINE_SAID_CHOICE,
        [PL_SAID_BUTTON] = PL_ENGINE_SAID_BUTTON,
        [PL_SAID_UPLOAD] = PL_ENGINE_SAID_UPLOAD,
    };
    struct cli_server *s = ctx;
    struct pl_engine_cid cid = {m->cid.client, m->cid.counter};
    pl_engine_send(s->engine, client, cid, said[m->said], m->text);
}

static void door_seen(void *ctx, uint64_t client, uint64_t seq) {
    struct cli_server *s = ctx;
    pl_engine_seen(s->engine, client, seq);
}

static void door_typing(void *ctx, uint64_t client, bool on) {
    (void)ctx; /* nobody watches a customer type until there are agents */
    (void)client;
    (void)on;
}

static void door_rate(void *ctx, uint64_t client, uint64_t seq, int value) {
    struct cli_server *s = ctx;
    pl_engine_rate(s->engine, client, seq, value);
}

static void door_leave(void *ctx, uint64_t client) {
    struct cli_server *s = ctx;
    pl_engine_leave(s->engine, client);
}

/* HTTP API */

/* Reading the queue takes its time: a thread of its own does it. */
struct api_ask {
    struct pl_post post;
    struct cli_server *s;
    uint64_t ticket;
    uint32_t limit;
    char after[80];
};

static void api_read(struct pl_post *post) {
    struct api_ask *k = (struct api_ask *)(void *)post; /* its first member */
    char next[PL_ENGINE_CURSOR];
    struct pl_buf b = {0};
    pl_buf_c(&b, "{\"queue\":");
    enum pl_err err = pl_engine_queue(k->s->engine, k->limit, pl_str_c(k->after), &b, next);
    if (next[0]) pl_buf_printf(&b, ",\"next\":\"%s\"", next);
    pl_buf_byte(&b, '}');
    if (b.failed) err = PL_NOMEM;
    pl_gateway_answer(k->s->gateway, k->ticket, err, pl_buf_slice(&b));
    pl_buf_free(&b);
    free(k);
}

static bool api_queue(void *ctx, uint64_t ticket, uint32_t limit, struct pl_str after) {
    struct cli_server *s = ctx;
    struct api_ask *k = calloc(1, sizeof *k);
    if (!k) return false;
    *k = (struct api_ask){.post.fn = api_read, .s = s, .ticket = ticket, .limit = limit};
    snprintf(k->after, sizeof k->after, "%.*s", PL_STR_ARG(after));
    pl_loop_post(s->api_loop, &k->post);
    return true;
}

static bool api_done(void *ctx, uint64_t ticket, const struct pl_gateway_done *d) {
    struct cli_server *s = ctx;
    struct pl_engine_done out;
    if (!pl_engine_done_read(d->id, &out)) return false;
    memcpy(out.who, d->who, sizeof d->who);
    if (d->back) out.what = PL_ENGINE_BACK;
    out.text = d->note;
    pl_engine_done(s->engine, ticket, &out);
    return true;
}

static void api_event(void *ctx, uint64_t ticket, const struct pl_gateway_happening *what) {
    struct cli_server *s = ctx;
    struct pl_engine_happening h = {.name = what->name, .args = what->args, .key = what->key};
    h.by_customer = what->by_customer;
    memcpy(h.customer, what->customer, sizeof h.customer);
    memcpy(h.conversation, what->conversation, sizeof h.conversation);
    pl_engine_event(s->engine, ticket, &h);
}

static void api_erase(void *ctx, uint64_t ticket, const uint8_t customer[16]) {
    struct cli_server *s = ctx;
    pl_engine_erase(s->engine, ticket, customer);
}

/* ---- what the admin thread asks of the engine, and waits for ---- */

#define ADMIN_TICKET  (UINT64_C(1) << 63)
#define ADMIN_WAIT_MS 20000

static void waiter_open(struct cli_waiter *w) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->came, &clock);
    pthread_condattr_destroy(&clock);
}

static void waiter_close(struct cli_waiter *w) {
    pthread_cond_destroy(&w->came);
    pthread_mutex_destroy(&w->lock);
}

/* An answer to what was given up meanwhile is for nobody. */
static void waiter_answer(struct cli_waiter *w, uint64_t ticket, enum pl_err err,
                          struct pl_str why) {
    pthread_mutex_lock(&w->lock);
    if (ticket == w->ticket) {
        w->answered = true;
        w->err = err;
        snprintf(w->why, sizeof w->why, "%.*s", (int)(why.n < 200 ? why.n : 200),
                 why.n ? why.p : "");
        pthread_cond_signal(&w->came);
    }
    pthread_mutex_unlock(&w->lock);
}

static uint64_t waiter_ticket(struct cli_waiter *w) {
    pthread_mutex_lock(&w->lock);
    w->ticket = ADMIN_TICKET | ((w->ticket + 1) & ~ADMIN_TICKET);
    w->answered = false;
    pthread_mutex_unlock(&w->lock);
    return w->ticket;
}

/* PL_TIMEOUT: it may still be done. */
static enum pl_err waiter_wait(struct cli_waiter *w, char why[256]) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ADMIN_WAIT_MS / 1000;
    pthread_mutex_lock(&w->lock);
    int late = 0;
    while (!w->answered && late == 0) late = pthread_cond_timedwait(&w->came, &w->lock, &until);
    enum pl_err err = w->answered ? w->err : PL_TIMEOUT;
    snprintf(why, 256, "%s", w->answered ? w->why : "");
    w->ticket++; /* an answer that comes later is another's */
    pthread_mutex_unlock(&w->lock);
    return err;
}

static void sink_done(void *ctx, uint64_t ticket, enum pl_err err, struct pl_str why) {
    struct cli_server *s = ctx;
    if (ticket & ADMIN_TICKET)
        waiter_answer(&s->waiter, ticket, err, why);
    else
        pl_gateway_answer(s->gateway, ticket, err, err == PL_OK && !why.n ? PL_STR("{}") : why);
}

static void api_wants(void *ctx, uint64_t ticket, const uint8_t conversation[16],
                      const uint8_t hash[32]) {
    struct cli_server *s = ctx;
    pl_engine_wants_file(s->engine, ticket, conversation, hash);
}

static void sink_wants(void *ctx, uint64_t ticket, enum pl_err err,
                       const struct pl_engine_wanted *w) {
    struct cli_server *s = ctx;
    struct pl_gateway_wanted out = {0};
    if (w) out = (struct pl_gateway_wanted){w->key, w->naccept, w->accept};
    pl_gateway_wanted(s->gateway, ticket, err, &out);
}

static void *api_thread(void *ctx) {
    struct cli_server *s = ctx;
    pl_loop_run(s->api_loop);
    return NULL;
}

static enum pl_err open_api(struct cli_server *s) {
    enum pl_err err = pl_loop_create(pl_clock_system(), &s->api_loop);
    if (err == PL_OK && pthread_create(&s->api_thread, NULL, api_thread, s) != 0) err = PL_NOMEM;
    s->api_runs = err == PL_OK;
    return err;
}

static void close_api(struct cli_server *s) {
    if (s->api_runs) {
        pl_loop_stop(s->api_loop);
        pthread_join(s->api_thread, NULL);
        pl_loop_once(s->api_loop, 0); /* what was asked last */
    }
    if (s->api_loop) pl_loop_destroy(&s->api_loop);
}

static void api_counters(void *ctx, void (*show)(void *to, const struct pl_counter *c), void *to) {
    struct cli_server *s = ctx;
    const struct pl_counter *engine = pl_engine_counters(s->engine);
    const struct pl_counter *store = pl_store_counters(s->store);
    const struct pl_counter *gateway = pl_gateway_counters(s->gateway);
    const struct pl_counter *answer = pl_answer_counters(pl_sim_models_answer(s->models));
    for (int i = 0; i < PL_ENGINE_COUNTERS; i++) show(to, &engine[i]);
    pl_engine_queue_counters(s->engine, show, to);
    for (int i = 0; i < PL_STORE_COUNTERS; i++) show(to, &store[i]);
    for (int i = 0; i < PL_GATEWAY_COUNTERS; i++) show(to, &gateway[i]);
    for (int i = 0; i < PL_ANSWER_COUNTERS; i++) show(to, &answer[i]);
    pl_answer_prompt_counters(pl_sim_models_answer(s->models), show, to);
    hooks_counters(s->hooks, show, to);
    pl_cli__models_counters(s->llm, show, to);
}

static void print_stage(struct pl_buf *b, const struct pl_engine_stage *s) {
    unsigned long long all = 0;
    for (unsigned k = 0; k < PL_ENGINE_BUCKETS; k++) {
        all += s->counts[k];
        pl_buf_printf(b, "parlance_engine_stage_seconds_bucket{stage=\"%s\",le=\"", s->name);
        if (k < PL_ENGINE_BUCKETS - 1)
            pl_buf_printf(b, "%g", pl_engine_bounds_us[k] * 1e-6);
        else
            pl_buf_c(b, "+Inf");
        pl_buf_printf(b, "\"} %llu\n", all);
    }
    pl_buf_printf(b,
                  "parlance_engine_stage_seconds_sum{stage=\"%s\"} %.9f\n"
                  "parlance_engine_stage_seconds_count{stage=\"%s\"} %llu\n",
                  s->name, (double)s->ns * 1e-9, s->name, all);
}

static void api_metrics(void *ctx, struct pl_buf *text) {
    struct cli_server *s = ctx;
    struct pl_engine_stage stage;
    pl_buf_c(text,
             "# HELP parlance_engine_stage_seconds how long stages of turns took; one turn of "
             "16 is timed\n# TYPE parlance_engine_stage_seconds histogram\n");
    for (unsigned i = 0; pl_engine_stage(s->engine, i, &stage); i++) print_stage(text, &stage);
}

static bool api_article(void *ctx, struct pl_str locale, struct pl_str id, struct pl_buf *html,
                        struct pl_buf *name) {
    struct cli_server *s = ctx;
    return pl_cli__articles_page(s->articles, locale, id, html, name);
}

static void api_viewed(void *ctx, struct pl_str name) {
    struct cli_server *s = ctx;
    pl_engine_viewed(s->engine, name);
}

static void api_tally(void *ctx, struct pl_str name, struct pl_buf *html) {
    struct cli_server *s = ctx;
    pl_cli__articles_tally(s->store, name, html);
}

static void api_look(void *ctx, uint64_t ticket, const struct pl_gateway_look *look) {
    struct cli_server *s = ctx;
    struct pl_studio_look out = {look->what, look->conversation, look->flow, look->after};
    pl_studio_look(s->studio, ticket, &out);
}

void pl_cli__server_answer(struct cli_server *s, uint64_t ticket, struct pl_str json) {
    pl_gateway_answer(s->gateway, ticket, PL_OK, json);
}

/* ---- admin commands, on the admin thread ---- */

static struct cli_versions versions_of(const struct cli_server *s) {
    return (struct cli_versions){s->engine, s->store,   s->articles,
                                 &s->log,   s->started, s->config.data};
}

static enum pl_err admin_reload(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                struct pl_buf *why) {
    const struct cli_versions v = versions_of(ctx);
    pl_cli__notify_reloading();
    enum pl_err err = pl_cli__versions_activate(&v, request, true, answer, why);
    pl_cli__notify("READY=1");
    return err;
}

static enum pl_err admin_activate(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                  struct pl_buf *why) {
    const struct cli_versions v = versions_of(ctx);
    return pl_cli__versions_activate(&v, request, false, answer, why);
}

static enum pl_err admin_discard(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                 struct pl_buf *why) {
    const struct cli_versions v = versions_of(ctx);
    return pl_cli__versions_discard(&v, request, answer, why);
}

static enum pl_err admin_preview(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                 struct pl_buf *why) {
    const struct cli_versions v = versions_of(ctx);
    return pl_cli__versions_preview(&v, request, answer, why);
}

static enum pl_err admin_versions(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                  struct pl_buf *why) {
    const struct cli_versions v = versions_of(ctx);
    (void)request;
    (void)why;
    return pl_cli__versions_list(&v, answer);
}

static enum pl_err admin_shadow(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                struct pl_buf *why) {
    const struct cli_versions v = versions_of(ctx);
    (void)answer;
    return pl_cli__versions_shadow(&v, request, why);
}

static enum pl_err admin_canary(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                struct pl_buf *why) {
    const struct cli_versions v = versions_of(ctx);
    (void)answer;
    return pl_cli__versions_canary(&v, request, why);
}

static enum pl_err admin_status(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                struct pl_buf *why) {
    struct cli_server *s = ctx;
    (void)request;
    (void)why;
    pl_jw_name(answer, "version");
    pl_jw_text(answer, pl_str_c(PL_VERSION_TEXT));
    pl_jw_name(answer, "pid");
    pl_jw_int(answer, getpid());
    pl_jw_name(answer, "port");
    pl_jw_int(answer, pl_gateway_port(s->gateway));
    pl_engine_status(s->engine, answer);
    pl_engine_trials(s->engine, answer);
    return PL_OK;
}

static void drained(void *ctx) {
    struct cli_server *s = ctx;
    pl_loop_stop(s->loop);
}

static void begin_stop(struct cli_server *s) {
    if (s->stopping) {
        pl_loop_stop(s->loop); /* asked twice: at once */
        return;
    }
    s->stopping = true;
    pl_cli__notify("STOPPING=1");
    if (s->studio) pl_studio_rest(s->studio);
    pl_gateway_drain(s->gateway, 1000, s->config.drain_wait, drained, s);
}

static void stop_posted(struct pl_post *post) {
    begin_stop((struct cli_server *)(void *)((char *)post - offsetof(struct cli_server, stop)));
}

static enum pl_err admin_stop(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                              struct pl_buf *why) {
    struct cli_server *s = ctx;
    (void)request;
    (void)answer;
    (void)why;
    s->stop.fn = stop_posted;
    if (!s->stopping) pl_loop_post(s->loop, &s->stop);
    return PL_OK;
}

static enum pl_err admin_token_create(void *ctx, const struct pl_json *request,
                                      struct pl_jw *answer, struct pl_buf *why) {
    struct cli_server *s = ctx;
    char name[64] = "", text[PL_TOKEN_TEXT];
    struct pl_str n = pl_json_text(request, "name"), bad = {0};
    uint32_t scopes = 0;
    struct pl_token token;
    int64_t days = 0, now = pl_clock_system().wall_ms(NULL);
    const struct pl_json *d = pl_json_get(request, "days");
    if (n.n == 0 || n.n >= sizeof name) {
        pl_buf_c(why, "a token's name has 1 to 63 bytes");
        return PL_MALFORMED;
    }
    memcpy(name, n.p, n.n);
    if (pl_scopes_read(pl_json_text(request, "may"), &scopes, &bad) != PL_OK) {
        pl_buf_printf(why, "there is no permission '%.*s'; there are: ", PL_STR_ARG(bad));
        pl_scopes_print(why, UINT32_MAX);
        return PL_MALFORMED;
    }
    if (d && !pl_str_i64(d->s, &days)) return PL_MALFORMED;
    enum pl_err err =
        pl_token_make(name, scopes, now, days ? now + days * 86400000 : 0, &token, text);
    if (err == PL_OK) err = pl_token_save(s->store, &token);
    if (err == PL_OK) err = pl_store_flush(s->store);
    if (err != PL_OK) return err;
    pl_jw_name(answer, "token");
    pl_jw_text(answer, pl_str_c(text));
    return PL_OK;
}

static void show_token(struct pl_jw *w, const struct pl_token *t) {
    char id[17];
    struct pl_buf scopes = {0};
    pl_hex(t->id, 8, id);
    pl_scopes_print(&scopes, t->scopes);
    pl_jw_open(w, '{');
    pl_jw_name(w, "id");
    pl_jw_text(w, pl_str_c(id));
    pl_jw_name(w, "name");
    pl_jw_text(w, pl_str_c(t->name));
    pl_jw_name(w, "may");
    pl_jw_text(w, pl_buf_slice(&scopes));
    pl_jw_name(w, "expires_ms");
    pl_jw_int(w, t->expires_ms);
    pl_jw_close(w, '}');
    pl_buf_free(&scopes);
}

static enum pl_err admin_token_list(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                    struct pl_buf *why) {
    struct cli_server *s = ctx;
    struct pl_token some[64], last;
    size_t n = 0;
    (void)request;
    (void)why;
    pl_jw_name(answer, "tokens");
    pl_jw_open(answer, '[');
    enum pl_err err = pl_token_list(s->store, NULL, some, PL_LEN(some), &n);
    while (err == PL_OK && n > 0) {
        for (size_t i = 0; i < n; i++) show_token(answer, &some[i]);
        last = some[n - 1];
        err = pl_token_list(s->store, &last, some, PL_LEN(some), &n);
    }
    pl_jw_close(answer, ']');
    return err;
}

static enum pl_err admin_token_revoke(void *ctx, const struct pl_json *request,
                                      struct pl_jw *answer, struct pl_buf *why) {
    struct cli_server *s = ctx;
    uint8_t id[8];
    (void)answer;
    if (!pl_unhex(pl_json_text(request, "id"), id, sizeof id)) {
        pl_buf_c(why, "a token's id has 16 hex digits; `parlance token list` shows them");
        return PL_MALFORMED;
    }
    enum pl_err err = pl_token_revoke(s->store, id);
    if (err == PL_NOT_FOUND)
        pl_buf_c(why, "there is no such token; `parlance token list` shows them");
    return err == PL_OK ? pl_store_flush(s->store) : err;
}

static const char *event_failure(enum pl_err err) {
    switch (err) {
    case PL_NOT_FOUND: return "there is no such conversation";
    case PL_ERASED: return "the conversation was erased";
    case PL_CONFLICT: return "this key was used for another event";
    case PL_TIMEOUT: return "the server has not answered in time; send it again, with the same key";
    default: return pl_err_text(err);
    }
}

static enum pl_err admin_event(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                               struct pl_buf *why) {
    struct cli_server *s = ctx;
    char more[256];
    struct pl_str customer = pl_json_text(request, "customer");
    struct pl_engine_happening h = {.by_customer = customer.n > 0,
                                    .name = pl_json_text(request, "event"),
                                    .args = pl_json_text(request, "args"),
                                    .key = pl_json_text(request, "key")};
    bool whom = h.by_customer ? pl_identity_customer(customer, h.customer)
                              : pl_unhex(pl_json_text(request, "conversation"), h.conversation, 16);
    if (!whom) {
        pl_buf_c(why, "event takes \"customer\", his id, or \"conversation\", 32 hex digits");
        return PL_MALFORMED;
    }
    pl_engine_event(s->engine, waiter_ticket(&s->waiter), &h);
    enum pl_err err = waiter_wait(&s->waiter, more);
    if (err != PL_OK && err != PL_EXISTS) {
        pl_buf_c(why, more[0] ? more : event_failure(err));
        return err;
    }
    pl_jw_name(answer, "repeated");
    pl_jw_bool(answer, err == PL_EXISTS);
    pl_jw_name(answer, "kept");
    pl_jw_bool(answer, strcmp(more, "kept") == 0);
    return PL_OK;
}

static enum pl_err admin_erase(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                               struct pl_buf *why) {
    struct cli_server *s = ctx;
    char more[256];
    uint8_t customer[16];
    if (!pl_identity_customer(pl_json_text(request, "customer"), customer)) {
        pl_buf_c(why, "erase takes \"customer\", the shop's id of him");
        return PL_MALFORMED;
    }
    pl_engine_erase(s->engine, waiter_ticket(&s->waiter), customer);
    enum pl_err err = waiter_wait(&s->waiter, more);
    if (err != PL_OK) pl_buf_c(why, event_failure(err));
    pl_jw_name(answer, "nobody");
    pl_jw_bool(answer, strcmp(more, "nobody") == 0);
    return err;
}

static enum pl_err admin_kb_stats(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                  struct pl_buf *why) {
    struct cli_server *s = ctx;
    (void)request;
    (void)why;
    return pl_cli__articles_stats(s->store, answer);
}

static const struct pl_gateway_admin_command admin_commands[] = {
    {"activate", admin_activate},
    {"canary", admin_canary},
    {"discard", admin_discard},
    {"erase", admin_erase},
    {"event", admin_event},
    {"kb-stats", admin_kb_stats},
    {"preview", admin_preview},
    {"reload", admin_reload},
    {"shadow", admin_shadow},
    {"status", admin_status},
    {"stop", admin_stop},
    {"token-create", admin_token_create},
    {"token-list", admin_token_list},
    {"token-revoke", admin_token_revoke},
    {"versions", admin_versions},
};

/* The same commands on a folder that no server has open. */
enum pl_err pl_cli__offline_admin(const char *data, const struct pl_json *request,
                                  struct pl_buf *answer, struct pl_buf *why) {
    struct cli_server s = {0};
    struct pl_store_why store_why = {{0}};
    struct pl_store_config store = {.folder = data};
    struct pl_str cmd = pl_json_text(request, "cmd");
    enum pl_err err = pl_store_open(&store, &s.store, &store_why);
    if (err != PL_OK) {
        pl_buf_c(why, store_why.text);
        return err;
    }
    struct pl_jw w = {.b = answer};
    pl_jw_open(&w, '{');
    err = PL_NOT_FOUND;
    for (size_t i = 0; i < PL_LEN(admin_commands); i++)
        if (pl_str_is(cmd, admin_commands[i].name) &&
            (pl_str_starts(cmd, PL_STR("token")) || pl_str_is(cmd, "kb-stats")))
            err = admin_commands[i].run(&s, request, &w, why);
    pl_jw_close(&w, '}');
    pl_store_close(&s.store);
    return err;
}

/* ---- open, run, close ---- */

static struct pl_image *find_image(void *ctx, const uint8_t prefix[8]) {
    const struct cli_server *s = ctx;
    return pl_cli__image_find(s->config.data, prefix);
}

static void key_paths(const struct cli_server *s, char keys[4096], char master[4096]) {
    snprintf(keys, 4096, "%s/keys", s->config.data);
    snprintf(master, 4096, "%s/keys/master", s->config.data);
    if (s->config.master_key[0]) snprintf(master, 4096, "%s", s->config.master_key);
}

static enum pl_err open_store(struct cli_server *s) {
    struct pl_store_why why = {{0}};
    char keys[4096], master[4096];
    key_paths(s, keys, master);
    if (pl_cli__keys_forgotten(s->config.data)) {
        pl_cli__failure("the data folder %s is a backup without its keys, and the conversations in "
                        "it cannot be read: put the files of keys into %s and the master key at "
                        "%s; or, when they are lost for good, make the folder by `parlance restore "
                        "--without-keys`",
                        s->config.data, keys, master);
        return PL_NOT_FOUND;
    }
    struct pl_store_config config = {
        .folder = s->config.data, .map_bytes = (uint64_t)s->config.store_size, .log = &s->log};
    enum pl_err err = pl_store_open(&config, &s->store, &why);
    if (err != PL_OK)
        pl_cli__failure("the data folder cannot be opened: %s",
                        why.text[0] ? why.text : pl_err_text(err));
    return err;
}

/* Nearly always it is the master key. */
static void engine_failure(enum pl_err err, const char *keys, const char *master) {
    switch (err) {
    case PL_NOT_FOUND:
        pl_cli__failure("the master key %s is gone, and the key files in %s are of no use without "
                        "it; put it back from where it is kept",
                        master, keys);
        break;
    case PL_DENIED:
        pl_cli__failure("the master key %s may be read by others, or this user may not read it; "
                        "chmod 600 it",
                        master);
        break;
    case PL_MALFORMED:
        pl_cli__failure("the master key %s must be a file of 32 bytes", master);
        break;
    default: pl_cli__failure("the keys in %s: %s", keys, pl_err_text(err)); break;
    }
}

static uint64_t ask_llm(void *ctx, const struct pl_llm_request *request) {
    return pl_llm_ask(ctx, request);
}

static void cancel_llm(void *ctx, uint64_t id) {
    pl_llm_cancel(ctx, id);
}

static void forget_llm(void *ctx, const uint8_t conversation[16]) {
    if (ctx) pl_llm_forget(ctx, conversation);
}

static enum pl_err read_secret(const struct cli_server *s, uint8_t out[PL_KEY_SIZE]) {
    char keys[4096], master[4096];
    struct pl_keys *k = NULL;
    key_paths(s, keys, master);
    enum pl_err err = pl_keys_open(keys, master, &k);
    if (err != PL_OK) {
        engine_failure(err, keys, master);
        return err;
    }
    pl_keys_derive(k, "marks in prompts", out);
    pl_keys_close(&k);
    return PL_OK;
}

/* Without a client the articles answer alone. */
static enum pl_err open_models(struct cli_server *s) {
    uint8_t secret[PL_KEY_SIZE];
    struct pl_sim_models_config config = {
        .hooks = pl_cli__hooks_doors(s->hooks), .clock = pl_clock_system(), .log = &s->log};
    s->words = pl_locale_tools_new();
    config.locales = s->words;
    config.secret = secret;
    config.forget = forget_llm;
    enum pl_err err = read_secret(s, secret);
    if (err != PL_OK) return err;
    if (s->llm)
        config.model =
            (struct pl_answer_model){.ctx = s->llm, .ask = ask_llm, .cancel = cancel_llm};
    config.forget_ctx = s->llm;
    if (s->studio) config.model = pl_studio_model(s->studio, config.model);
    if (s->words) s->models = pl_sim_models_create(&config);
    pl_crypto_wipe(secret, sizeof secret);
    return s->models ? PL_OK : PL_NOMEM;
}

static int64_t stopwatch(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static enum pl_err open_engine(struct cli_server *s, struct pl_image *image) {
    char keys[4096], master[4096];
    key_paths(s, keys, master);
    struct pl_engine_config config = {
        .store = s->store,
        .keys = keys,
        .master = master,
        .clock = pl_clock_system(),
        .log = &s->log,
        .sink = {s, sink_ready, sink_live, sink_ack, sink_events, sink_typing, sink_error,
                 sink_done, .wants = sink_wants, .stream = sink_stream},
        .hooks = pl_cli__hooks_doors(s->hooks),
        .models = pl_sim_models(s->models),
        .find_image = find_image,
        .find_ctx = s,
        .stopwatch = stopwatch,
    };
    if (s->studio) {
        config.step = pl_studio_step;
        config.ran = pl_studio_ran;
        config.step_ctx = config.ran_ctx = s->studio;
    }
    enum pl_err err = pl_engine_create(&config, image, &s->engine);
    if (err == PL_OK && s->studio) pl_studio_engine(s->studio, s->engine);
    if (err != PL_OK) engine_failure(err, keys, master);
    return err;
}

static enum pl_err open_articles(struct cli_server *s, struct pl_image *image) {
    s->articles = pl_cli__articles_new();
    if (!s->articles) return PL_NOMEM;
    pl_cli__articles_take(s->articles, image);
    return PL_OK;
}

/* Made of the flows, or what an operator chose since these flows are there. */
static enum pl_err open_version(struct cli_server *s, struct pl_image *made) {
    s->started = pl_store_last_commit(s->store);
    const struct cli_versions v = versions_of(s);
    struct pl_image *image = pl_cli__versions_first(&v, made);
    enum pl_err err = open_engine(s, image);
    if (err == PL_OK) err = open_articles(s, image);
    pl_image_unref(&image);
    return err;
}

static enum pl_err open_blobs(struct cli_server *s) {
    char keys[4096], master[4096], dir[4096];
    key_paths(s, keys, master);
    snprintf(dir, sizeof dir, "%s/uploads", s->config.data);
    struct pl_blobs_config config = {
        .dir = dir,
        .keys = keys,
        .master = master,
        .loop = s->loop,
        .clock = pl_clock_system(),
        .log = &s->log,
        .max_bytes = (uint64_t)s->config.upload_bytes,
        .per_conversation = (uint32_t)s->config.uploads_per_conversation,
        .unused_ms = 86400000,
    };
    enum pl_err err = pl_blobs_create(&config, &s->blobs);
    if (err != PL_OK) pl_cli__failure("the folder %s: %s", dir, pl_err_text(err));
    return err;
}

/* The secrets in it are the shop's: nobody else may read it. */
static enum pl_err open_identity(struct cli_server *s) {
    const char *path = s->config.identity_keys;
    struct pl_arena a;
    struct pl_str text;
    struct stat st;
    unsigned line = 0;
    if (!path[0]) return PL_OK;
    if (stat(path, &st) == 0 && st.st_mode & 077) {
        pl_cli__failure("the identity keys %s may be read by others; chmod 600 it", path);
        return PL_DENIED;
    }
    pl_arena_init(&a, 0);
    enum pl_err err = pl_file_read(&a, path, 65536, &text);
    if (err != PL_OK)
        pl_cli__failure("the identity keys %s: %s", path, pl_err_text(err));
    else if ((err = pl_identity_keys_read(text, &s->identity, &line)) != PL_OK)
        pl_cli__failure("the identity keys %s, line %u: %s", path, line,
                        err == PL_LIMIT    ? "more than 8 keys"
                        : err == PL_EXISTS ? "this id is there twice"
                                           : "a line is an id, a blank and 64 to 128 hex digits");
    pl_arena_free(&a);
    return err;
}

static enum pl_err open_gateway(struct cli_server *s) {
    const struct pl_config *c = &s->config;
    struct pl_gateway_config config = {
        .loop = s->loop,
        .log = &s->log,
        .store = s->store,
        .identity = &s->identity,
        .epoch = pl_store_epoch(s->store),
        .door = {s, door_open, door_send, door_seen, door_typing, door_rate, door_leave},
        .api = {s, api_queue, api_done, api_event, api_erase, api_wants, api_counters, api_article,
                api_viewed, api_tally, api_metrics, s->studio ? api_look : NULL},
        .host = c->host,
        .port = (int)c->port,
        .ops_host = c->ops_port >= 0 ? c->ops_host : NULL,
        .ops_port = (int)c->ops_port,
        .web = c->web,
        .origins = c->origins,
        .local_only = s->studio != NULL,
        .heartbeat_ms = c->heartbeat,
        .pong_wait_ms = c->pong_wait,
        .open_wait_ms = c->open_wait,
        .message_wait_ms = c->message_wait,
        .max_connections = c->max_connections,
        .max_connections_per_ip = c->max_connections_per_ip,
        .max_queued = c->max_queued,
        .messages_per_minute = c->messages_per_minute,
        .handshakes_per_minute = c->handshakes_per_minute,
        .blobs = s->blobs,
        .upload_bytes = c->upload_bytes,
        .uploads_per_minute = c->uploads_per_minute,
    };
    enum pl_err err = pl_gateway_create(&config, &s->gateway);
    if (err != PL_OK)
        pl_cli__failure("cannot listen on %s port %lld: %s", c->host, (long long)c->port,
                        err == PL_EXISTS      ? "the port is taken; --port takes another one"
                        : err == PL_NOT_FOUND ? "that is no address of this machine"
                        : err == PL_DENIED    ? "this user may not take that port"
                                              : pl_err_text(err));
    return err;
}

static enum pl_err open_admin(struct cli_server *s) {
    char path[4096];
    snprintf(path, sizeof path, "%s/admin.sock", s->config.data);
    enum pl_err err =
        pl_gateway_admin_start(path, admin_commands, PL_LEN(admin_commands), s, &s->admin);
    if (err != PL_OK) pl_cli__failure("the admin socket %s: %s", path, pl_err_text(err));
    return err;
}

static void on_signal(struct pl_signal *w) {
    begin_stop(w->ctx);
}

/* The gateway comes last, and so do connections: everything they reach is there. */
enum pl_err pl_cli__server_open(const struct pl_config *config, struct pl_image *image,
                                struct pl_studio *studio, struct cli_server **out) {
    struct cli_server *s = calloc(1, sizeof *s);
    if (!s) return PL_NOMEM;
    s->config = *config;
    s->studio = studio;
    waiter_open(&s->waiter);
    s->log = (struct pl_log){config->log_level, stderr, pl_clock_system(), mask_log};
    signal(SIGPIPE, SIG_IGN);
    enum pl_err err = pl_loop_create(pl_clock_system(), &s->loop);
    if (err == PL_OK) err = open_store(s);
    if (err == PL_OK) {
        err = pl_cli__hooks_open(config->shop_url, config, &s->log, &s->hooks);
        if (err != PL_OK) pl_cli__failure("the hook workers: %s", pl_err_text(err));
    }
    if (err == PL_OK) err = pl_cli__models_open(config, s->store, &s->log, &s->llm);
    if (err == PL_OK) err = open_models(s);
    if (err == PL_OK) err = open_version(s, image);
    if (err == PL_OK) err = open_api(s);
    if (err == PL_OK) err = open_identity(s);
    if (err == PL_OK) err = open_blobs(s);
    if (err == PL_OK) err = open_gateway(s);
    if (err == PL_OK) err = open_admin(s);
    if (err != PL_OK) {
        pl_cli__server_close(&s);
        return err;
    }
    s->term.fn = s->interrupt.fn = on_signal;
    s->term.ctx = s->interrupt.ctx = s;
    pl_signal_start(s->loop, &s->term, SIGTERM);
    pl_signal_start(s->loop, &s->interrupt, SIGINT);
    *out = s;
    return PL_OK;
}

int pl_cli__server_port(const struct cli_server *s) {
    return pl_gateway_port(s->gateway);
}

int pl_cli__server_ops_port(const struct cli_server *s) {
    return pl_gateway_ops_port(s->gateway);
}

void pl_cli__server_run(struct cli_server *s) {
    s->pulse = pl_cli__pulse_start(s->loop, s->engine);
    pl_cli__notify("READY=1");
    pl_loop_run(s->loop);
}

void pl_cli__server_close(struct cli_server **server) {
    struct cli_server *s = *server;
    if (!s) return;
    *server = NULL;
    pl_cli__pulse_hold(s->pulse); /* the gateway's loop turns once more when the engine is gone */
    if (s->admin) pl_gateway_admin_stop(&s->admin);
    close_api(s);
    if (s->engine) pl_engine_stop(s->engine);
    pl_sim_models_destroy(&s->models); /* its turns stand on the engine's loop */
    pl_locale_tools_free(&s->words);
    if (s->hooks) pl_cli__hooks_close(&s->hooks);
    if (s->llm) pl_llm_destroy(&s->llm);
    if (s->engine) pl_engine_destroy(&s->engine);
    if (s->gateway) pl_gateway_destroy(&s->gateway);
    pl_cli__articles_free(&s->articles);
    pl_blobs_destroy(&s->blobs);
    if (s->store) pl_store_close(&s->store);
    if (s->loop) {
        pl_signal_stop(&s->term);
        pl_signal_stop(&s->interrupt);
        pl_loop_destroy(&s->loop);
    }
    pl_cli__pulse_stop(&s->pulse); /* its posts were both loops' */
    memset(&s->identity, 0, sizeof s->identity);
    waiter_close(&s->waiter);
    free(s);
}
