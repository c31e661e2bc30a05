/* SPDX-License-Identifier: Apache-2.0 */
#include <libwebsockets.h>
#include <string.h>
#include <strings.h>

#include "runtime/gateway/gateway_priv.h"
#include "runtime/gateway/gateway_lws.h"

/* Scripts, styles and sockets of this server only; nothing inline, nothing framed. Pictures also
 * from the shop: over https, or from the demo shop on this machine. */
#define CSP                                                                                        \
    "default-src 'none'; script-src 'self'; style-src 'self'; "                                    \
    "img-src 'self' data: https: http://127.0.0.1:*; "                                             \
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "                   \
    "frame-ancestors 'none'"

/* A customer's file: nothing of it runs, wherever it is opened. */
#define CSP_FILE "sandbox; default-src 'none'"

/* ---- headers of a request ---- */

struct pl_str pl_gateway__header(struct lws *wsi, int h, char *out, size_t size) {
    int n = lws_hdr_copy(wsi, out, (int)size, (enum lws_token_indexes)h);
    return n > 0 ? (struct pl_str){out, (size_t)n} : (struct pl_str){"", 0};
}

bool pl_gateway__lists(struct pl_str list, struct pl_str word, bool any_case) {
    while (list.n > 0) {
        size_t comma = pl_str_find(list, PL_STR(","));
        size_t n = comma == SIZE_MAX ? list.n : comma;
        struct pl_str s = pl_str_trim((struct pl_str){list.p, n});
        bool same = any_case && s.n == word.n && strncasecmp(s.p, word.p, s.n) == 0;
        if (same || pl_str_eq(s, word)) return true;
        size_t step = comma == SIZE_MAX ? n : n + 1;
        list = (struct pl_str){list.p + step, list.n - step};
    }
    return false;
}

/* ---- answers ---- */

void pl_gateway__http_error(struct pl_gateway__http *answer, int status, const char *code,
                            const char *message) {
    answer->status = status;
    answer->type = "application/json";
    pl_buf_clear(&answer->body);
    struct pl_jw w = {.b = &answer->body};
    pl_jw_open(&w, '{');
    pl_jw_name(&w, "error");
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "code", pl_str_c(code));
    pl_jw_text_member(&w, "message", pl_str_c(message));
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
}

static bool add(struct lws *wsi, const char *name, const char *value, unsigned char **p,
                unsigned char *end) {
    return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                       (const unsigned char *)value, (int)strlen(value), p,
                                       end) == 0;
}

/* The headers that depend on what is answered. */
static bool add_own(struct lws *wsi, const struct pl_gateway__http *a, unsigned char **p,
                    unsigned char *end) {
    char text[24];
    bool good = add(wsi, "x-content-type-options:", "nosniff", p, end) &&
                add(wsi, "referrer-policy:", "no-referrer", p, end) &&
                add(wsi, "content-security-policy:", a->download ? CSP_FILE : CSP, p, end) &&
                add(wsi, "cache-control:", a->etag[0] != '\0' ? "no-cache" : "no-store", p, end);
    if (good && a->download)
        good = add(wsi, "content-disposition:", a->download, p, end) &&
               add(wsi, "cross-origin-resource-policy:", "same-origin", p, end);
    if (good && a->etag[0] != '\0') good = add(wsi, "etag:", a->etag, p, end);
    if (good && a->anywhere)
        good = add(wsi, "access-control-allow-origin:", "*", p, end) &&
               add(wsi, "cross-origin-resource-policy:", "cross-origin", p, end);
    if (good && a->status == 401) good = add(wsi, "www-authenticate:", "Bearer", p, end);
    if (good && a->status == 405) good = add(wsi, "allow:", a->allow, p, end);
    if (good && a->call != NULL) good = pl_gateway__call_headers(wsi, a, p, end);
    if (good && a->stream == NULL) good = add(wsi, "connection:", "close", p, end);
    if (good && a->retry_after_s > 0) {
        snprintf(text, sizeof text, "%lld", (long long)a->retry_after_s);
        good = add(wsi, "retry-after:", text, p, end);
    }
    return good;
}

int pl_gateway__http_headers(struct lws *wsi, struct pl_gateway__http *a, bool whole) {
    unsigned char buffer[LWS_PRE + 4096], *start = buffer + LWS_PRE, *p = start;
    unsigned char *end = buffer + sizeof buffer - 1;
    lws_filepos_t length = a->stream != NULL ? LWS_ILLEGAL_HTTP_CONTENT_LEN : a->body.n;
    if (lws_add_http_common_headers(wsi, (unsigned)a->status, a->type, length, &p, end) != 0 ||
        !add_own(wsi, a, &p, end) || lws_finalize_http_header(wsi, &p, end) != 0)
        return -1;
    if (whole && a->body.n > 0 && a->body.n < (size_t)(end - p)) {
        memcpy(p, a->body.p, a->body.n);
        p += a->body.n;
        a->at = a->body.n;
    }
    size_t n = (size_t)(p - start);
    return lws_write(wsi, start, n, LWS_WRITE_HTTP_HEADERS) == (int)n ? 0 : -1;
}

static void forget(struct pl_gateway *g, struct pl_gateway__http *a) {
    pl_gateway__ask_forget(g, a);
    pl_gateway__upload_forget(g, a);
    pl_gateway__call_forget(a);
    pl_buf_free(&a->body);
    *a = (struct pl_gateway__http){0};
}

/* One request a socket: the next one may be for a WebSocket, and is not ours to see here. */
static int finish(struct pl_gateway *g, struct pl_gateway__http *a) {
    forget(g, a);
    return -1;
}

int pl_gateway__http_answer(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a,
                            bool head) {
    pl_gateway__count(g, PL_GATEWAY_http_requests, 1);
    if (a->body.failed) return -1;
    if (pl_gateway__http_headers(wsi, a, !head) != 0) return -1;
    if (head || a->at == a->body.n) return finish(g, a);
    lws_callback_on_writable(wsi);
    return 0;
}

int pl_gateway__http_more(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    static const char pre[LWS_PRE];
    size_t left = a->body.n - a->at, n = left < PL_GATEWAY__CHUNK ? left : PL_GATEWAY__CHUNK;
    if (left == 0) return 0;
    pl_buf_clear(&g->scratch);
    pl_buf_add(&g->scratch, pre, sizeof pre);
    pl_buf_add(&g->scratch, a->body.p + a->at, n);
    pl_assert(!g->scratch.failed);
    enum lws_write_protocol how = n == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP;
    if (lws_write(wsi, (unsigned char *)g->scratch.p + LWS_PRE, n, how) != (int)n) return -1;
    a->at += n;
    if (a->at == a->body.n) return finish(g, a);
    lws_callback_on_writable(wsi);
    return 0;
}

/* ---- routes ---- */

/* Is the process alive; a drain does not change that. */
static void show_health(struct pl_gateway *g, struct pl_gateway__http *a) {
    a->status = 200;
    a->type = "application/json";
    pl_buf_printf(&a->body, "{\"ok\":true,\"draining\":%s,\"connections\":%zu}",
                  g->draining ? "true" : "false", g->nconns);
}

/* Should customers be sent here. */
static void show_ready(struct pl_gateway *g, struct pl_gateway__http *a) {
    a->status = g->draining ? 503 : 200;
    a->type = "application/json";
    pl_buf_c(&a->body, g->draining ? "{\"ready\":false,\"why\":\"draining\"}" : "{\"ready\":true}");
}

/* What goes up and down again, or is the most that was seen; all else only grows. */
static bool is_gauge(const char *name) {
    static const char *const gauges[] = {"store.queue", "store.queue_max", "store.group_max",
                                         "engine.LONGEST_HOLD_US"};
    for (size_t i = 0; i < PL_LEN(gauges); i++)
        if (strcmp(name, gauges[i]) == 0) return true;
    return false;
}

/* "engine.TURNS" is shown as parlance_engine_turns_total. */
static void show_counter(void *to, const struct pl_counter *c) {
    struct pl_buf *b = to;
    char name[160];
    snprintf(name, sizeof name, "parlance_%s", c->name);
    for (char *p = name; *p != '\0'; p++) {
        if (*p == '.') *p = '_';
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + ('a' - 'A'));
    }
    bool gauge = is_gauge(c->name);
    const char *end = gauge ? "" : "_total";
    pl_buf_printf(b, "# HELP %s%s %s\n# TYPE %s%s %s\n%s%s %llu\n", name, end, c->help, name, end,
                  gauge ? "gauge" : "counter", name, end, (unsigned long long)pl_counter_read(c));
}

static void show_metrics(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_token token;
    if (!pl_gateway__permitted(g, wsi, PL_TOKEN_MAY_METRICS, a, &token)) return;
    a->status = 200;
    a->type = "text/plain; version=0.0.4; charset=utf-8";
    pl_buf_printf(&a->body,
                  "# HELP parlance_gateway_connections WebSocket connections now\n"
                  "# TYPE parlance_gateway_connections gauge\nparlance_gateway_connections %zu\n",
                  g->nconns);
    if (g->c.api.counters != NULL) g->c.api.counters(g->c.api.ctx, show_counter, &a->body);
    if (g->c.api.metrics != NULL) g->c.api.metrics(g->c.api.ctx, &a->body);
}

/* Did it come by the listener for health and metrics? */
static bool is_ops(struct pl_gateway *g, struct lws *wsi) {
    return g->ops != NULL && lws_get_vhost(wsi) == g->ops;
}

/* For whoever looks after the server. */
static bool route_ops(struct pl_gateway *g, struct lws *wsi, struct pl_str path,
                      struct pl_gateway__http *a) {
    if (pl_str_is(path, "/healthz"))
        show_health(g, a);
    else if (pl_str_is(path, "/readyz"))
        show_ready(g, a);
    else if (pl_str_is(path, "/metrics"))
        show_metrics(g, wsi, a);
    return a->status != 0;
}

static void route(struct pl_gateway *g, struct lws *wsi, struct pl_str path,
                  struct pl_gateway__http *a) {
    bool ops = is_ops(g, wsi);
    if ((ops || g->ops == NULL) && route_ops(g, wsi, path, a)) return;
    if (ops)
        pl_gateway__http_error(a, 404, "not_found", "here are /healthz, /readyz and /metrics");
    else if (pl_str_is(path, "/ws"))
        pl_gateway__http_error(a, 426, "upgrade_required",
                               "this is a WebSocket of the protocol " PL_PROTOCOL_NAME);
    else if (pl_str_starts(path, PL_STR("/api/")))
        pl_gateway__http_error(a, 404, "not_found", "no such call");
    else if (pl_str_starts(path, PL_STR("/kb/")) && g->c.api.article != NULL)
        pl_gateway__article(g, wsi, (struct pl_str){path.p + 4, path.n - 4}, a);
    else
        pl_gateway__web(g, path, a);
}

bool pl_gateway__unchanged(struct lws *wsi, const struct pl_gateway__http *a) {
    char seen[64];
    struct pl_str etag = pl_gateway__header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, seen, sizeof seen);
    return a->etag[0] != '\0' && pl_gateway__lists(etag, pl_str_c(a->etag), false);
}

static int request(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    char *uri;
    int len, method = lws_http_get_uri_and_method(wsi, &uri, &len);
    forget(g, a);
    struct pl_str path = {uri, (size_t)len};
    bool pages = !is_ops(g, wsi);
    a->allow = "GET, HEAD";
    if (pages && pl_gateway__is_call(path)) return pl_gateway__call(g, wsi, method, path, a);
    if (pages && pl_gateway__is_ask(path)) return pl_gateway__ask(g, wsi, method, path, a);
    if (pages && pl_gateway__is_look(g, path)) return pl_gateway__look(g, wsi, method, path, a);
    if (pages && pl_gateway__is_upload(path)) return pl_gateway__upload(g, wsi, method, path, a);
    if (pages && pl_gateway__is_event(path)) return pl_gateway__event(g, wsi, method, a);
    if (method != LWSHUMETH_GET && method != LWSHUMETH_HEAD) {
        pl_gateway__http_error(a, 405, "method_not_allowed", "only GET and HEAD are answered");
        pl_gateway__http_headers(wsi, a, true);
        return -1; /* the body it may have is not read */
    }
    route(g, wsi, path, a);
    if (pl_gateway__unchanged(wsi, a)) {
        a->status = 304;
        pl_buf_clear(&a->body);
    }
    pl_arena_reset(&g->arena);
    return pl_gateway__http_answer(g, wsi, a, method == LWSHUMETH_HEAD);
}

/* ---- who may come in ---- */

bool pl_gateway__no(struct pl_gateway__http *a, int status, const char *code, const char *message) {
    pl_gateway__http_error(a, status, code, message);
    return false;
}

bool pl_gateway__room(struct pl_gateway *g, const struct pl_gateway__peer *peer,
                      struct pl_gateway__http *a) {
    if (g->draining || (int64_t)g->nconns >= g->c.max_connections) {
        a->retry_after_s = 5;
        return pl_gateway__no(a, 503, "unavailable", "the server takes no new connections now");
    }
    if (peer->conns >= g->c.max_connections_per_ip) {
        a->retry_after_s = 30;
        return pl_gateway__no(a, 429, "too_many_connections",
                              "too many connections from this address");
    }
    int64_t wait = pl_limits_take(g->handshakes, peer->key, 1, pl_loop_now_us(g->c.loop));
    if (wait > 0) {
        a->retry_after_s = (wait + 999) / 1000;
        return pl_gateway__no(a, 429, "rate_limited", "too many new connections from this address");
    }
    return true;
}

bool pl_gateway__origin(struct pl_gateway *g, struct pl_str origin, struct pl_gateway__http *a) {
    struct pl_str allowed = pl_str_c(g->c.origins);
    if (!pl_str_is(allowed, "*") && !pl_gateway__lists(allowed, origin, false))
        return pl_gateway__no(a, 403, "origin", "pages of this origin may not connect");
    return true;
}

/* ---- sockets: counted from the first byte, so that half a request costs its sender too ---- */

static void join_socket(struct pl_gateway *g, struct lws *wsi) {
    char address[64] = "";
    struct pl_gateway__peer *peer = g->adopting;
    g->adopting = NULL;
    if (peer == NULL) { /* of the listener for health and metrics */
        lws_get_peer_simple(wsi, address, sizeof address);
        struct pl_peer key = pl_peer_text(address);
        peer = pl_gateway__peer_join(g, &key);
    }
    lws_set_opaque_user_data(wsi, peer);
}

static void leave_socket(struct pl_gateway *g, struct lws *wsi) {
    struct pl_gateway__peer *peer = lws_get_opaque_user_data(wsi);
    if (peer != NULL) pl_gateway__peer_leave(g, peer); /* the listening socket has none */
}

int pl_gateway__http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
                              void *in, size_t len) {
    struct pl_gateway *g = lws_context_user(lws_get_context(wsi));
    struct pl_gateway__http *a = user;
    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED: join_socket(g, wsi); return 0;
    case LWS_CALLBACK_WSI_DESTROY: leave_socket(g, wsi); return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return -1; /* no socket comes here for that */
    case LWS_CALLBACK_HTTP: return request(g, wsi, a);
    case LWS_CALLBACK_HTTP_BODY: return pl_gateway__call_body(g, wsi, a, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return pl_gateway__call_whole(g, wsi, a);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        if (a->stream != NULL) return pl_gateway__stream_writeable(a->stream);
        if (a->upload != NULL) return pl_gateway__upload_writeable(g, wsi, a);
        return a->asked ? pl_gateway__ask_writeable(g, wsi, a) : pl_gateway__http_more(g, wsi, a);
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (a != NULL) forget(g, a);
        return 0;
    default: return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}
