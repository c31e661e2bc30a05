/* SPDX-License-Identifier: Apache-2.0 */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "runtime/gateway/gateway_priv.h"
#include "runtime/gateway/gateway_lws.h"

/* ---- the table of connections ---- */

static struct pl_str bytes_of(const struct pl_peer *key) {
    return (struct pl_str){(const char *)key->bytes, sizeof key->bytes};
}

struct pl_gateway__peer *pl_gateway__peer(struct pl_gateway *g, const struct pl_peer *key) {
    return pl_map_get(&g->peers, bytes_of(key));
}

struct pl_gateway__peer *pl_gateway__peer_join(struct pl_gateway *g, const struct pl_peer *key) {
    struct pl_gateway__peer *peer = pl_gateway__peer(g, key);
    if (peer == NULL) {
        peer = calloc(1, sizeof *peer);
        pl_assert(peer != NULL);
        peer->key = *key;
        pl_map_put(&g->peers, bytes_of(&peer->key), peer);
    }
    peer->sockets++;
    return peer;
}

void pl_gateway__peer_leave(struct pl_gateway *g, struct pl_gateway__peer *peer) {
    if (--peer->sockets > 0) return;
    pl_map_del(&g->peers, bytes_of(&peer->key));
    free(peer);
}

struct pl_gateway__conn *pl_gateway__find(struct pl_gateway *g, uint64_t id) {
    uint32_t slot = (uint32_t)id;
    if (slot >= g->slots.n || g->slots.v[slot].generation != (uint32_t)(id >> 32)) return NULL;
    return g->slots.v[slot].conn;
}

void pl_gateway__add(struct pl_gateway *g, struct pl_gateway__conn *c) {
    struct pl_gateway__slot fresh = {0};
    uint32_t slot = (uint32_t)g->slots.n;
    if (g->free_slots.n > 0)
        slot = g->free_slots.v[--g->free_slots.n];
    else
        PL_PUSH(&g->slots, fresh);
    struct pl_gateway__slot *s = &g->slots.v[slot];
    s->generation++;
    s->conn = c;
    c->id = (uint64_t)s->generation << 32 | slot;
    c->prev = NULL;
    c->next = g->conns;
    if (c->next != NULL) c->next->prev = c;
    g->conns = c;
    g->nconns++;
    c->peer->conns++;
}

static void drain_ended(struct pl_gateway *g) {
    pl_timer_stop(&g->hurry);
    pl_timer_stop(&g->drain_end);
    void (*done)(void *ctx) = g->drained;
    g->drained = NULL;
    if (done != NULL) done(g->drained_ctx);
}

void pl_gateway__drained(struct pl_gateway *g) {
    if (g->draining && g->nconns == 0 && g->asked.n == 0) drain_ended(g);
}

void pl_gateway__remove(struct pl_gateway *g, struct pl_gateway__conn *c) {
    uint32_t slot = (uint32_t)c->id;
    g->slots.v[slot].conn = NULL;
    PL_PUSH(&g->free_slots, slot);
    *(c->prev != NULL ? &c->prev->next : &g->conns) = c->next;
    if (c->next != NULL) c->next->prev = c->prev;
    g->nconns--;
    c->peer->conns--;
    pl_gateway__drained(g);
}

static void sweep(struct pl_timer *t) {
    struct pl_gateway *g = t->ctx;
    /* libwebsockets 4.1.6 on libev looks at its own timers (request deadlines, hanging up) only
     * after a socket was ready; without this a quiet server would never hang up. */
    lws_cancel_service(g->lws);
    int64_t now_us = pl_loop_now_us(g->c.loop);
    pl_gateway__accept_again(g);
    pl_gateway__knocks_sweep(g, now_us);
    struct pl_gateway__conn *next;
    for (struct pl_gateway__conn *c = g->conns; c != NULL; c = next) {
        next = c->next;
        pl_gateway__check(c, now_us);
    }
}

/* ---- create ---- */

static const struct lws_protocols protocols[] = {
    {.name = "http",
     .callback = pl_gateway__http_callback,
     .per_session_data_size = sizeof(struct pl_gateway__http)},
    {0},
};

/* The usual soft limit of 1,024 descriptors is there for select(2), which nobody here uses. */
static void raise_descriptors(int64_t connections) {
    struct rlimit limit;
    rlim_t need = (rlim_t)connections + 1024;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need) return;
    limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static enum pl_err make_context(struct pl_gateway *g, struct lws_context_creation_info *info) {
    static const lws_retry_bo_t none = {.secs_since_valid_hangup = 0}; /* the heart beats here */
    void *loops[1] = {pl_loop_native(g->c.loop)};
    info->options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                    LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                    LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
                    LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    info->foreign_loops = loops;
    info->user = g;
    info->pcontext = &g->lws;
    info->max_http_header_data = 4096;
    info->max_http_header_pool = 256 + PL_GATEWAY__STREAMS; /* requests under way at once */
    info->port = CONTEXT_PORT_NO_LISTEN;
    info->protocols = protocols;
    info->server_string = "parlance";
    info->timeout_secs = 10;        /* for a whole request to arrive */
    info->timeout_secs_ah_idle = 5; /* between requests */
    info->keepalive_timeout = 5;
    info->retry_and_idle_policy = &none;
    raise_descriptors(g->c.max_connections);
    lws_set_log_level(0, NULL); /* it would write to stderr in a format of its own */
    g->lws = lws_create_context(info);
    info->foreign_loops = NULL;
    return g->lws != NULL ? PL_OK : PL_UNAVAILABLE;
}

static enum pl_err listen_ops(struct pl_gateway *g, struct lws_context_creation_info info) {
    info.vhost_name = "ops";
    info.port = g->c.ops_port;
    info.iface = g->c.ops_host;
    if (strchr(g->c.ops_host, ':') == NULL) info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    g->ops = lws_create_vhost(g->lws, &info);
    if (g->ops == NULL) return PL_EXISTS; /* nearly always: it does not say */
    g->ops_port = lws_get_vhost_listen_port(g->ops);
    return PL_OK;
}

static enum pl_err listen_all(struct pl_gateway *g) {
    struct lws_context_creation_info info = {0};
    enum pl_err err = make_context(g, &info);
    if (err == PL_OK) err = pl_gateway__accept(g, g->c.host, g->c.port);
    if (err != PL_OK) return err;
    info.vhost_name = "pages";
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER; /* sockets are handed to it */
    g->pages = lws_create_vhost(g->lws, &info);
    if (g->pages == NULL) return PL_UNAVAILABLE;
    return g->c.ops_host != NULL ? listen_ops(g, info) : PL_OK;
}

static void name_counters(struct pl_gateway *g) {
    static const char *const names[][2] = {
#define COUNTER(name, help) {"gateway." #name, help},
#include "runtime/gateway/counter.def"
#undef COUNTER
    };
    for (size_t i = 0; i < PL_GATEWAY_COUNTERS; i++) {
        g->counters[i].name = names[i][0];
        g->counters[i].help = names[i][1];
    }
}

enum pl_err pl_gateway_create(const struct pl_gateway_config *config, struct pl_gateway **out) {
    struct pl_gateway *g = calloc(1, sizeof *g);
    *out = NULL;
    if (g == NULL) return PL_NOMEM;
    g->c = *config;
    struct pl_clock clock = pl_loop_clock(config->loop);
    uint64_t seed = (uint64_t)clock.mono_us(clock.ctx) ^ (uint64_t)clock.wall_ms(clock.ctx) << 20;
    pl_rand_seed(&g->jitter, seed);
    pl_arena_init(&g->arena, 0);
    name_counters(g);
    double per_minute = (double)config->handshakes_per_minute;
    g->handshakes = pl_limits_new(per_minute, per_minute / 60, 65536, pl_rand_u64(&g->jitter));
    g->sweep = (struct pl_timer){.fn = sweep, .ctx = g};
    g->ops_port = -1;
    per_minute = (double)config->uploads_per_minute;
    g->uploads = pl_limits_new(per_minute, per_minute / 60, 65536, pl_rand_u64(&g->jitter));
    g->views = pl_limits_new(PL_GATEWAY__VIEWS, PL_GATEWAY__VIEWS / 3600.0, 65536,
                             pl_rand_u64(&g->jitter));
    g->rx = malloc(PL_GATEWAY__RX);
    bool limits = g->handshakes != NULL && g->uploads != NULL && g->views != NULL && g->rx != NULL;
    enum pl_err err = !limits ? PL_NOMEM : listen_all(g);
    *out = g;
    if (err != PL_OK) pl_gateway_destroy(out);
    if (err != PL_OK) return err;
    pl_loop_on_batch(config->loop, pl_gateway__flush, g);
    pl_timer_repeat(config->loop, &g->sweep, PL_GATEWAY__SWEEP);
    return err;
}

int pl_gateway_port(const struct pl_gateway *g) {
    return g->port;
}

int pl_gateway_ops_port(const struct pl_gateway *g) {
    return g->ops_port;
}

const struct pl_counter *pl_gateway_counters(const struct pl_gateway *g) {
    return g->counters;
}

/* ---- the end ---- */

static void drain_late(struct pl_timer *t) {
    drain_ended(t->ctx);
}

/* Who has waited long enough for what was under way: it is told when the client comes back. */
static void hurry(struct pl_timer *t) {
    struct pl_gateway *g = t->ctx;
    struct pl_gateway__conn *next;
    for (struct pl_gateway__conn *c = g->conns; c != NULL; c = next) {
        next = c->next;
        pl_gateway__close(c, PL_CODE_DRAIN, 200 + pl_rand_below(&g->jitter, g->spread_ms),
                          PL_CLOSE_AWAY);
    }
}

void pl_gateway_drain(struct pl_gateway *g, int64_t spread_ms, int64_t wait_ms,
                      void (*done)(void *ctx), void *ctx) {
    g->draining = true;
    g->drained = done;
    g->drained_ctx = ctx;
    g->spread_ms = (uint64_t)spread_ms + g->nconns; /* a thousand of them a second, when all come */
    g->hurry = (struct pl_timer){.fn = hurry, .ctx = g};
    g->drain_end = (struct pl_timer){.fn = drain_late, .ctx = g};
    bool idle = g->nconns == 0 && g->asked.n == 0;
    /* Not from within the caller: done runs from the loop, like all that follows. */
    pl_timer_start(g->c.loop, &g->hurry, wait_ms / 2);
    pl_timer_start(g->c.loop, &g->drain_end, idle ? 0 : wait_ms);
    struct pl_gateway__conn *next;
    for (struct pl_gateway__conn *c = g->conns; c != NULL; c = next) {
        next = c->next;
        pl_gateway__leave(c);
    }
}

/* On a foreign loop the context goes away in steps, between which the loop has to turn. */
static void destroy_context(struct pl_gateway *g) {
    for (int i = 0; i < 100 && g->lws != NULL; i++) {
        lws_context_destroy(g->lws);
        if (g->lws != NULL) pl_loop_once(g->c.loop, 1);
    }
}

void pl_gateway_destroy(struct pl_gateway **gp) {
    struct pl_gateway *g = *gp;
    if (g == NULL) return;
    pl_loop_on_batch(g->c.loop, NULL, NULL);
    pl_timer_stop(&g->sweep);
    pl_timer_stop(&g->hurry);
    pl_timer_stop(&g->drain_end);
    g->drained = NULL;
    g->ending = true;
    pl_gateway__accept_end(g);
    for (struct pl_gateway__conn *c = g->conns; c != NULL; c = c->next) pl_gateway__kill(c);
    pl_gateway__flush(g);
    destroy_context(g);
    pl_assert(g->nconns == 0);
    if (g->c.blobs != NULL) { /* what it still answers is for nobody */
        pl_blobs_stop(g->c.blobs);
        pl_loop_once(g->c.loop, 0);
    }
    PL_VEC_FREE(&g->asked);
    PL_VEC_FREE(&g->slots);
    PL_VEC_FREE(&g->free_slots);
    PL_VEC_FREE(&g->due);
    pl_map_free(&g->peers);
    pl_map_free(&g->streams);
    pl_limits_free(&g->handshakes);
    pl_limits_free(&g->uploads);
    pl_limits_free(&g->views);
    pl_arena_free(&g->arena);
    pl_buf_free(&g->scratch);
    free(g->rx);
    free(g);
    *gp = NULL;
}
