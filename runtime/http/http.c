/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/http_priv.h"

/* What other threads ask of the client's thread: a request to start or an id to cancel. */
struct command {
    struct command *next;
    struct pl_http__req *start; /* NULL: cancel */
    uint64_t id;
};

struct pl_http {
    struct pl_http_config config;
    struct pl_str *hosts;
    CURLM *multi;
    pthread_t thread;
    _Atomic(struct command *) inbox; /* newest first */
    _Atomic bool stopping;
    _Atomic uint64_t last_id;
    _Atomic uint64_t requests, retries, failures;
    /* the thread's own */
    struct pl_http__req *active; /* with an attempt running or waiting to start again */
    size_t waiting;              /* how many of them wait */
    struct pl_http_budget budget;
    struct pl_rand rand;
};

/* ---- on the caller's loop ---- */

static void deliver(struct pl_post *post) {
    struct pl_http__req *req = (struct pl_http__req *)post;
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
    pl_loop_post(req->loop, &req->post);
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

static void end(struct pl_http *h, struct pl_http__req *req) {
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

static void begin(struct pl_http *h, struct pl_http__req *req) {
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

static void cancel_id(struct pl_http *h, uint64_t id) {
    for (struct pl_http__req *req = h->active; req; req = req->next) {
        if (req->id != id) continue;
        cut(h, req);
        return;
    }
}

/* Takes the inbox in the order it was filled. */
static void take_commands(struct pl_http *h) {
    struct command *c = atomic_exchange(&h->inbox, NULL), *in_order = NULL;
    while (c) {
        struct command *next = c->next;
        c->next = in_order;
        in_order = c;
        c = next;
    }
    while (in_order) {
        struct command *next = in_order->next;
        if (in_order->start)
            begin(h, in_order->start);
        else
            cancel_id(h, in_order->id);
        free(in_order);
        in_order = next;
    }
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
        return;
    }
    end(h, req);
}

static void take_results(struct pl_http *h) {
    int left = 0;
    for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left));)
        if (m->msg == CURLMSG_DONE) attempt_over(h, m->easy_handle, m->data.result);
}

/* Starts attempts that are due; gives the milliseconds to the next one, at most 1000. */
static int start_due(struct pl_http *h) {
    int64_t now = now_us(h), wait = 1000000;
    if (h->waiting == 0) return 1000;
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
    return (int)((wait + 999) / 1000);
}

static void *run(void *ctx) {
    struct pl_http *h = ctx;
    int running = 0;
    while (!atomic_load(&h->stopping)) {
        take_commands(h);
        int wait = start_due(h);
        curl_multi_perform(h->multi, &running);
        take_results(h);
        curl_multi_poll(h->multi, NULL, 0, wait, NULL);
    }
    take_commands(h);
    while (h->active) cut(h, h->active);
    return NULL;
}

/* ---- any thread ---- */

static void tell(struct pl_http *h, struct command *c) {
    c->next = atomic_load(&h->inbox);
    while (!atomic_compare_exchange_weak(&h->inbox, &c->next, c)) {
    }
    curl_multi_wakeup(h->multi);
}

uint64_t pl_http_send(struct pl_http *h, const struct pl_http_request *request,
                      struct pl_loop *loop, pl_http_done *done, void *ctx) {
    pl_assert(loop && done);
    struct pl_http__req *req = pl_http__req_new(&h->config, request);
    struct command *c = calloc(1, sizeof *c);
    pl_assert(req && c);
    req->id = atomic_fetch_add(&h->last_id, 1) + 1;
    req->loop = loop;
    req->done = done;
    req->ctx = ctx;
    c->start = req;
    uint64_t id = req->id;
    tell(h, c);
    return id;
}

void pl_http_cancel(struct pl_http *h, uint64_t id) {
    struct command *c = calloc(1, sizeof *c);
    pl_assert(c);
    c->id = id;
    tell(h, c);
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

enum pl_err pl_http_create(const struct pl_http_config *config, struct pl_http **out) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return PL_NOMEM;
    struct pl_http *h = calloc(1, sizeof *h);
    if (!h) return PL_NOMEM;
    h->config = *config;
    enum pl_err err = copy_hosts(h, config);
    if (!err && !(h->multi = curl_multi_init())) err = PL_NOMEM;
    if (!err) {
        size_t all = config->max_connections ? config->max_connections : 64;
        size_t host = config->max_per_host ? config->max_per_host : 16;
        curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)all);
        curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)host);
        curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)all);
        pl_rand_seed(&h->rand, (uint64_t)now_us(h));
        if (start_thread(h)) err = PL_NOMEM;
    }
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
    atomic_store(&h->stopping, true);
    curl_multi_wakeup(h->multi);
    pthread_join(h->thread, NULL);
    free_client(h);
}
