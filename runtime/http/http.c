/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/http_priv.h"

struct cancel {
    struct pl_post post; /* first */
    struct pl_http *http;
    uint64_t id;
};

/* A socket that libcurl wants watched. */
struct watch {
    struct pl_fd fd; /* first */
    struct watch *prev, *next;
};

struct pl_http {
    struct pl_http_config config;
    struct pl_str *hosts;
    CURLM *multi;
    pthread_t thread;
    struct pl_loop *loop; /* the thread's, or somebody's */
    _Atomic uint64_t last_id;
    _Atomic uint64_t requests, retries, failures;
    /* the thread's own */
    struct pl_http__req *active; /* with an attempt running or waiting to start again */
    struct pl_http__req *told;   /* with pieces that came in this iteration */
    struct watch *watches;
    struct pl_timer curl_timer, again; /* again: when the first of those that wait is due */
    size_t waiting;                    /* how many of them wait */
    struct pl_http_budget budget;
    struct pl_rand rand;
};

/* ---- on the caller's loop ---- */

static void deliver(struct pl_post *post) {
    struct pl_http__req *req = (struct pl_http__req *)(void *)post;
    struct pl_http_reply reply = {
        .err = req->err,
        .fault = req->fault,
        .sent = req->sent,
        .status = req->status,
        .body = pl_buf_slice(&req->got),
        .content_type = pl_str_c(req->content_type),
        .retry_after_ms = req->retry_after_ms,
        .took_us = req->took_us,
    };
    req->done(req->ctx, &reply);
    pl_http__req_free(req);
}

/* ---- on the client's thread ---- */

static int64_t now_us(const struct pl_http *h) {
    return h->config.clock.mono_us(h->config.clock.ctx);
}

static void complete(struct pl_http *h, struct pl_http__req *req) {
    if (req->err) atomic_fetch_add(&h->failures, 1);
    req->took_us = now_us(h) - req->begun_us;
    req->post.fn = deliver;
    pl_loop_post_later(h->loop, req->loop, &req->post);
}

static void link_req(struct pl_http *h, struct pl_http__req *req) {
    req->prev = NULL;
    req->next = h->active;
    if (h->active) h->active->prev = req;
    h->active = req;
}

static void unlink_req(struct pl_http *h, struct pl_http__req *req) {
    if (req->prev) req->prev->next = req->next;
    if (req->next) req->next->prev = req->prev;
    if (h->active == req) h->active = req->next;
}

/* All pieces of one iteration go in one post a request. */
static void post_pieces(struct pl_http *h) {
    while (h->told) {
        struct pl_http__req *req = h->told;
        h->told = req->next_told;
        pl_http__req_post(req);
    }
}

static void end(struct pl_http *h, struct pl_http__req *req) {
    post_pieces(h);
    unlink_req(h, req);
    if (req->again_us) h->waiting--;
    complete(h, req);
}

static void start_attempt(struct pl_http *h, struct pl_http__req *req) {
    enum pl_err err = pl_http__req_arm(req, now_us(h));
    if (!err && curl_multi_add_handle(h->multi, req->easy) != CURLM_OK) {
        pl_http__req_finish(req, CURLE_OUT_OF_MEMORY);
        err = PL_NOMEM;
    }
    if (!err) return;
    req->err = err;
    end(h, req);
}

static void begin(struct pl_post *post) {
    struct pl_http__req *req = (struct pl_http__req *)(void *)post;
    struct pl_http *h = req->http;
    req->told = &h->told;
    atomic_fetch_add(&h->requests, 1);
    pl_http_budget_count(&h->budget, now_us(h));
    link_req(h, req);
    if (req->err)
        end(h, req);
    else
        start_attempt(h, req);
}

static void cut(struct pl_http *h, struct pl_http__req *req) {
    if (req->easy) {
        curl_multi_remove_handle(h->multi, req->easy);
        pl_http__req_finish(req, CURLE_ABORTED_BY_CALLBACK);
    }
    req->err = PL_CLOSED;
    end(h, req);
}

static void cancel(struct pl_post *post) {
    struct cancel *c = (struct cancel *)(void *)post;
    struct pl_http__req *req = c->http->active;
    while (req && req->id != c->id) req = req->next;
    if (req) cut(c->http, req);
    free(c);
}

/* Starts attempts that are due, and sets the timer for the next one. */
static void start_due(struct pl_timer *timer) {
    struct pl_http *h = timer->ctx;
    int64_t now = now_us(h), wait = INT64_MAX;
    for (struct pl_http__req *req = h->active, *next; req; req = next) {
        next = req->next;
        if (req->again_us == 0) continue;
        if (req->again_us <= now) {
            req->again_us = 0;
            h->waiting--;
            start_attempt(h, req);
        } else if (req->again_us - now < wait)
            wait = req->again_us - now;
    }
    if (h->waiting) pl_timer_start(h->loop, timer, (wait + 999) / 1000);
}

/* A second attempt is for a connection that failed or a server that says "not now". */
static bool worth_again(const struct pl_http__req *req) {
    if (req->retry != PL_HTTP_IDEMPOTENT || req->attempts > 1) return false;
    if (req->err == PL_IO) return true;
    return req->err == PL_OK && req->status >= 502 && req->status <= 504;
}

static void attempt_over(struct pl_http *h, CURL *easy, CURLcode code) {
    struct pl_http__req *req = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&req);
    curl_multi_remove_handle(h->multi, easy);
    pl_http__req_finish(req, code);
    int64_t now = now_us(h);
    int64_t again = now + (int64_t)pl_rand_below(&h->rand, 30000); /* full jitter */
    if (worth_again(req) && again < req->deadline_us && pl_http_budget_take(&h->budget, now)) {
        atomic_fetch_add(&h->retries, 1);
        req->again_us = again;
        h->waiting++;
        start_due(&h->again);
        return;
    }
    end(h, req);
}

static void take_results(struct pl_http *h) {
    int left = 0;
    for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left));)
        if (m->msg == CURLMSG_DONE) attempt_over(h, m->easy_handle, m->data.result);
}

/* ---- libcurl on the loop: it is told of the sockets that are ready, and looks at no others ----
 */

static void on_ready(struct pl_fd *fd, int ready) {
    struct pl_http *h = fd->ctx;
    int running = 0;
    int bits = (ready & PL_READ ? CURL_CSELECT_IN : 0) | (ready & PL_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(h->multi, fd->fd, bits, &running);
}

static void on_curl_timer(struct pl_timer *timer) {
    struct pl_http *h = timer->ctx;
    int running = 0;
    curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static void unwatch(struct pl_http *h, struct watch *w) {
    pl_fd_stop(&w->fd);
    if (w->prev) w->prev->next = w->next;
    if (w->next) w->next->prev = w->prev;
    if (h->watches == w) h->watches = w->next;
    free(w);
}

static struct watch *new_watch(struct pl_http *h, curl_socket_t socket) {
    struct watch *w = calloc(1, sizeof *w);
    pl_assert(w);
    w->fd.fn = on_ready;
    w->fd.ctx = h;
    w->next = h->watches;
    if (h->watches) h->watches->prev = w;
    h->watches = w;
    curl_multi_assign(h->multi, socket, w);
    return w;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *ctx, void *mine) {
    struct pl_http *h = ctx;
    struct watch *w = mine;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w) unwatch(h, w);
        return 0;
    }
    if (!w) w = new_watch(h, socket);
    pl_fd_start(h->loop, &w->fd, socket,
                (what & CURL_POLL_IN ? PL_READ : 0) | (what & CURL_POLL_OUT ? PL_WRITE : 0));
    return 0;
}

static int on_timeout(CURLM *multi, long ms, void *ctx) {
    struct pl_http *h = ctx;
    (void)multi;
    if (ms < 0)
        pl_timer_stop(&h->curl_timer);
    else
        pl_timer_start(h->loop, &h->curl_timer, ms);
    return 0;
}

/* The end of an iteration: what came in it is told. */
static void on_batch(void *ctx) {
    struct pl_http *h = ctx;
    post_pieces(h);
    take_results(h);
}

static void *run(void *ctx) {
    struct pl_http *h = ctx;
    pl_loop_run(h->loop);
    return NULL;
}

static void cut_all(struct pl_http *h) {
    pl_loop_once(h->loop, 0); /* what was sent before the end */
    while (h->active) cut(h, h->active);
    pl_loop_once(h->loop, 0); /* sends their ends */
}

/* ---- any thread ---- */

uint64_t pl_http_send(struct pl_http *h, const struct pl_http_request *request,
                      struct pl_loop *loop, pl_http_done *done, void *ctx) {
    pl_assert(loop && done);
    struct pl_http__req *req = pl_http__req_new(&h->config, request);
    pl_assert(req);
    req->post.fn = begin;
    req->http = h;
    req->from = h->loop;
    req->id = atomic_fetch_add(&h->last_id, 1) + 1;
    req->loop = loop;
    req->done = done;
    req->ctx = ctx;
    uint64_t id = req->id;
    if (h->config.loop && loop == h->loop)
        begin(&req->post); /* its thread is ours */
    else
        pl_loop_post(h->loop, &req->post);
    return id;
}

void pl_http_cancel(struct pl_http *h, uint64_t id) {
    struct cancel *c = calloc(1, sizeof *c);
    pl_assert(c);
    *c = (struct cancel){.post = {.fn = cancel}, .http = h, .id = id};
    pl_loop_post(h->loop, &c->post);
}

struct pl_http_stats pl_http_stats(const struct pl_http *h) {
    return (struct pl_http_stats){
        .requests = atomic_load(&h->requests),
        .retries = atomic_load(&h->retries),
        .failures = atomic_load(&h->failures),
    };
}

/* ---- create and destroy ---- */

static enum pl_err copy_hosts(struct pl_http *h, const struct pl_http_config *config) {
    h->hosts = calloc(config->nplain_hosts + 1, sizeof *h->hosts);
    if (!h->hosts) return PL_NOMEM;
    h->config.plain_hosts = h->hosts;
    h->config.nplain_hosts = 0;
    for (size_t i = 0; i < config->nplain_hosts; i++) {
        struct pl_str from = config->plain_hosts[i];
        char *copy = strndup(from.p, from.n);
        if (!copy) return PL_NOMEM;
        h->hosts[h->config.nplain_hosts++] = (struct pl_str){copy, from.n};
    }
    return PL_OK;
}

static void free_client(struct pl_http *h) {
    for (size_t i = 0; h->hosts && i < h->config.nplain_hosts; i++) free((char *)h->hosts[i].p);
    free(h->hosts);
    if (h->multi) curl_multi_cleanup(h->multi);
    while (h->watches) unwatch(h, h->watches);
    pl_timer_stop(&h->curl_timer);
    pl_timer_stop(&h->again);
    if (!h->config.loop)
        pl_loop_destroy(&h->loop);
    else if (h->loop)
        pl_loop_on_batch(h->loop, NULL, NULL);
    curl_global_cleanup();
    free(h);
}

/* Signals are the main thread's; a broken connection must come back as an error. */
static int start_thread(struct pl_http *h) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&h->thread, NULL, run, h);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed;
}

static enum pl_err open_multi(struct pl_http *h) {
    size_t all = h->config.max_connections ? h->config.max_connections : 64;
    size_t host = h->config.max_per_host ? h->config.max_per_host : 16;
    h->multi = curl_multi_init();
    if (!h->multi) return PL_NOMEM;
    curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)all);
    curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)host);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)all);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    h->curl_timer = (struct pl_timer){.fn = on_curl_timer, .ctx = h};
    h->again = (struct pl_timer){.fn = start_due, .ctx = h};
    h->loop = h->config.loop;
    enum pl_err err = h->loop ? PL_OK : pl_loop_create(pl_clock_system(), &h->loop);
    if (!err) pl_loop_on_batch(h->loop, on_batch, h);
    return err;
}

enum pl_err pl_http_create(const struct pl_http_config *config, struct pl_http **out) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return PL_NOMEM;
    struct pl_http *h = calloc(1, sizeof *h);
    if (!h) return PL_NOMEM;
    h->config = *config;
    enum pl_err err = copy_hosts(h, config);
    if (!err) err = open_multi(h);
    if (!err) pl_rand_seed(&h->rand, (uint64_t)now_us(h));
    if (!err && !h->config.loop && start_thread(h)) err = PL_NOMEM;
    if (err) {
        free_client(h);
        return err;
    }
    *out = h;
    return PL_OK;
}

void pl_http_destroy(struct pl_http **http) {
    struct pl_http *h = *http;
    if (!h) return;
    *http = NULL;
    if (!h->config.loop) {
        pl_loop_stop(h->loop);
        pthread_join(h->thread, NULL);
    }
    cut_all(h);
    free_client(h);
}
