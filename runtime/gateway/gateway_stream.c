/* SPDX-License-Identifier: Apache-2.0
 *
 * For networks that let no WebSocket through: the same connection over two plain calls.
 *
 *   POST /api/v1/stream   the body is the first message; the answer is the event stream, and lasts
 *   POST /api/v1/frames   the body is one more message for the stream that a header names
 *
 * The name is made and checked like a resume secret: whoever holds it can speak for the visitor.
 * It travels in headers only, never in an address.
 */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"
#include "runtime/gateway/gateway_lws.h"

#define HEADER "parlance-stream"

struct pl_gateway__stream {
    struct pl_gateway__conn conn;
    struct lws *wsi;
    struct pl_resume name; /* the id in its place of a conversation */
    int64_t wrote_us;
};

/* A POST whose body is on its way. */
struct pl_gateway__call {
    bool opens; /* a stream */
    struct pl_buf body;
    int64_t since_us;
    char name[PL_RESUME_TEXT]; /* of the stream spoken of, or of the one begun */
    char origin[256];
};

/* ---- headers ---- */

static bool add(struct lws *wsi, const char *name, const char *value, unsigned char **p,
                unsigned char *end) {
    return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                       (const unsigned char *)value, (int)strlen(value), p,
                                       end) == 0;
}

bool pl_gateway__call_headers(struct lws *wsi, const struct pl_gateway__http *a, unsigned char **p,
                              unsigned char *end) {
    const char *origin = a->call->origin;
    bool good = true;
    if (origin[0] != '\0') /* no page of another origin was refused until here */
        good = add(wsi, "access-control-allow-origin:", origin, p, end) &&
               add(wsi, "vary:", "origin", p, end) &&
               add(wsi, "access-control-allow-methods:", "POST", p, end) &&
               add(wsi, "access-control-allow-headers:",
                   "authorization, content-type, parlance-name, " HEADER, p, end) &&
               add(wsi, "access-control-expose-headers:", HEADER, p, end) &&
               add(wsi, "access-control-max-age:", "600", p, end);
    if (good && a->stream != NULL)
        good = add(wsi, HEADER ":", a->call->name, p, end) &&
               add(wsi, "x-accel-buffering:", "no", p, end); /* else some proxies collect it */
    return good;
}

/* ---- the transport ---- */

static struct pl_gateway__stream *stream_of(struct pl_gateway__conn *c) {
    return (struct pl_gateway__stream *)c; /* its first member */
}

static void look(struct pl_gateway__conn *c, int64_t now_us) {
    if (now_us - stream_of(c)->wrote_us > c->g->c.heartbeat_ms * 1000)
        lws_callback_on_writable(stream_of(c)->wsi);
}

static bool send_bytes(struct pl_gateway__conn *c, char *p, size_t n) {
    stream_of(c)->wrote_us = pl_loop_now_us(c->g->c.loop);
    return lws_write(stream_of(c)->wsi, (unsigned char *)p, n, LWS_WRITE_HTTP) >= (int)n;
}

/* One "data:" line; line breaks can only be between the tokens of JSON. */
static bool write_event(struct pl_gateway__conn *c, char *text, size_t n) {
    static const char field[] = "data: ";
    const size_t before = sizeof field - 1;
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n' || text[i] == '\r') text[i] = ' ';
    memcpy(text - before, field, before);
    text[n] = text[n + 1] = '\n';
    return send_bytes(c, text - before, before + n + 2);
}

static void end_stream(struct pl_gateway__conn *c) {
    (void)c; /* bye has said it all */
}

static void wake(struct pl_gateway__conn *c) {
    lws_callback_on_writable(stream_of(c)->wsi);
}

static void hang_up(struct pl_gateway__conn *c) {
    lws_set_timeout(stream_of(c)->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
}

static const struct pl_gateway__transport transport = {look, write_event, end_stream,
                                                       NULL, wake,        hang_up};

int pl_gateway__stream_writeable(struct pl_gateway__stream *s) {
    struct pl_gateway__conn *c = &s->conn;
    char comment[LWS_PRE + 2] = {0};
    if (c->first != NULL || c->state == CLOSING) return pl_gateway__writeable(c);
    if (pl_loop_now_us(c->g->c.loop) - s->wrote_us <= c->g->c.heartbeat_ms * 1000) return 0;
    memcpy(comment + LWS_PRE, ":\n", 2);
    return send_bytes(c, comment + LWS_PRE, 2) ? 0 : -1;
}

/* ---- opening ---- */

static struct pl_str id_of(const struct pl_resume *name) {
    return (struct pl_str){(const char *)name->conversation, sizeof name->conversation};
}

static struct pl_gateway__stream *stream_new(struct pl_gateway *g, struct pl_gateway__call *call) {
    struct pl_gateway__stream *s = calloc(1, sizeof *s);
    if (s == NULL) return NULL;
    if (pl_resume_make(&s->name, call->name) != PL_OK) {
        free(s);
        return NULL;
    }
    pl_map_put(&g->streams, id_of(&s->name), s);
    pl_gateway__count(g, PL_GATEWAY_streams, 1);
    return s;
}

static int begin(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_gateway__call *call = a->call;
    if (g->streams.n >= PL_GATEWAY__STREAMS) {
        a->retry_after_s = 5;
        pl_gateway__http_error(a, 503, "unavailable", "too many event streams; use the WebSocket");
    } else if (pl_gateway__room(g, lws_get_opaque_user_data(wsi), a)) {
        a->stream = stream_new(g, call);
        if (a->stream == NULL) pl_gateway__http_error(a, 503, "unavailable", "no stream now");
    }
    if (a->stream == NULL) {
        pl_gateway__count(g, PL_GATEWAY_refused, 1);
        return pl_gateway__http_answer(g, wsi, a, false);
    }
    struct pl_gateway__conn *c = &a->stream->conn;
    pl_gateway__count(g, PL_GATEWAY_http_requests, 1);
    a->stream->wsi = wsi;
    pl_gateway__begin(g, c, lws_get_opaque_user_data(wsi), &transport);
    a->stream->wrote_us = c->since_us;
    a->status = 200;
    a->type = "text/event-stream";
    if (pl_gateway__http_headers(wsi, a, false) != 0) return -1;
    memset(call->name, 0, sizeof call->name);
    lws_http_mark_sse(wsi);
    pl_gateway__message(c, pl_buf_slice(&call->body));
    pl_buf_free(&call->body);
    return 0;
}

/* ---- frames ---- */

static struct pl_gateway__stream *find(struct pl_gateway *g, struct pl_str name) {
    struct pl_resume shown;
    if (!pl_resume_read(name, &shown)) return NULL;
    struct pl_gateway__stream *s = pl_map_get(&g->streams, id_of(&shown));
    if (s == NULL || !pl_resume_match(s->name.hash, shown.hash)) return NULL;
    return s->conn.state == CLOSING ? NULL : s;
}

static int take(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_gateway__stream *s = find(g, pl_str_c(a->call->name));
    if (s == NULL) {
        pl_gateway__http_error(a, 404, "no_stream", "no such stream, or it is over: open another");
    } else {
        pl_gateway__message(&s->conn, pl_buf_slice(&a->call->body));
        a->status = 202; /* what comes of it is said in the stream */
        a->type = "application/json";
    }
    return pl_gateway__http_answer(g, wsi, a, false);
}

/* ---- requests ---- */

bool pl_gateway__is_call(struct pl_str path) {
    return pl_str_is(path, "/api/v1/stream") || pl_str_is(path, "/api/v1/frames");
}

/* Before the body is read: -1 hangs up after the answer, since the body would follow. */
static int refuse(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a, int status,
                  const char *code, const char *message) {
    pl_gateway__http_error(a, status, code, message);
    pl_gateway__count(g, PL_GATEWAY_refused, 1);
    pl_gateway__http_headers(wsi, a, true);
    return -1;
}

void pl_gateway__call_remember(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    struct pl_gateway__call *call = calloc(1, sizeof *call);
    pl_assert(call != NULL);
    call->since_us = pl_loop_now_us(g->c.loop);
    pl_gateway__header(wsi, WSI_TOKEN_ORIGIN, call->origin, sizeof call->origin);
    if (lws_hdr_custom_copy(wsi, call->name, (int)sizeof call->name, HEADER ":",
                            (int)sizeof HEADER) < 0)
        call->name[0] = '\0';
    a->call = call;
}

int pl_gateway__call(struct pl_gateway *g, struct lws *wsi, int method, struct pl_str path,
                     struct pl_gateway__http *a) {
    char text[256];
    int64_t n = -1;
    struct pl_str origin = pl_gateway__header(wsi, WSI_TOKEN_ORIGIN, text, sizeof text);
    if (!pl_gateway__origin(g, origin, a)) {
        pl_gateway__count(g, PL_GATEWAY_refused, 1);
        pl_gateway__http_headers(wsi, a, true);
        return -1;
    }
    pl_gateway__call_remember(g, wsi, a);
    a->call->opens = pl_str_is(path, "/api/v1/stream");
    a->allow = "POST, OPTIONS";
    if (method == LWSHUMETH_OPTIONS) {
        a->status = 200;
        a->type = "text/plain";
        return pl_gateway__http_answer(g, wsi, a, false);
    }
    if (method != LWSHUMETH_POST)
        return refuse(g, wsi, a, 405, "method_not_allowed", "only POST is answered");
    struct pl_str length =
        pl_gateway__header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text);
    if (!pl_str_i64(length, &n) || n <= 0)
        return refuse(g, wsi, a, 411, "length", "send frames with a Content-Length");
    if (n > PL_PROTOCOL_MAX_BYTES)
        return refuse(g, wsi, a, 413, "too_big", "a message has at most 65,536 bytes");
    return 0;
}

int pl_gateway__call_body(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a,
                          const void *in, size_t len) {
    struct pl_gateway__call *call = a->call;
    if (a->upload) return pl_gateway__upload_body(g, wsi, a, in, len);
    if (a->posts) return pl_gateway__event_body(g, a, in, len);
    if (a->asked && len == 0) return 0; /* such a request has no body */
    if (call == NULL || a->stream != NULL || call->body.n + len > PL_PROTOCOL_MAX_BYTES) return -1;
    if (pl_loop_now_us(g->c.loop) - call->since_us > g->c.message_wait_ms * 1000) return -1;
    pl_buf_add(&call->body, in, len);
    return call->body.failed ? -1 : 0;
}

int pl_gateway__call_whole(struct pl_gateway *g, struct lws *wsi, struct pl_gateway__http *a) {
    if (a->upload) return pl_gateway__upload_whole(g, wsi, a);
    if (a->posts) return pl_gateway__event_whole(g, wsi, a);
    if (a->asked) return 0; /* it had no body; its answer comes */
    if (a->call == NULL || a->stream != NULL) return -1;
    return a->call->opens ? begin(g, wsi, a) : take(g, wsi, a);
}

void pl_gateway__call_forget(struct pl_gateway__http *a) {
    struct pl_gateway__stream *s = a->stream;
    if (s != NULL) {
        if (s->conn.g != NULL) pl_map_del(&s->conn.g->streams, id_of(&s->name));
        pl_gateway__end(&s->conn);
        free(s);
    }
    if (a->call != NULL) {
        memset(a->call->name, 0, sizeof a->call->name);
        pl_buf_free(&a->call->body);
        free(a->call);
    }
    a->stream = NULL;
    a->call = NULL;
}
