/* SPDX-License-Identifier: Apache-2.0 */
#include <libwebsockets.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"
#include "runtime/gateway/gateway_lws.h"

/* ---- bytes in ---- */

static void too_big(struct pl_gateway__conn *c) {
    pl_gateway__refuse(c, PL_CODE_TOO_BIG, PL_STR(""), (struct pl_cid){0});
    pl_gateway__close(c, PL_CODE_TOO_BIG, 0, PL_CLOSE_TOO_BIG);
    pl_buf_free(&c->in);
}

/* One piece of a message: a whole one is read where it lies, others are put together first. */
static void receive(struct pl_gateway__conn *c, const void *in, size_t len) {
    bool final = lws_is_final_fragment(c->wsi) != 0;
    c->heard_us = pl_loop_now_us(c->g->c.loop);
    if (c->state == CLOSING) return;
    if (lws_frame_is_binary(c->wsi)) {
        pl_gateway__close(c, PL_CODE_MALFORMED, 0, PL_CLOSE_NOT_TEXT);
        return;
    }
    if (c->pieces == 0 && final && len <= PL_PROTOCOL_MAX_BYTES) {
        pl_gateway__message(c, (struct pl_str){in, len});
        return;
    }
    if (c->pieces == 0) c->in_since_us = pl_loop_now_us(c->g->c.loop);
    c->pieces++;
    pl_buf_add(&c->in, in, len);
    if (c->in.n > PL_PROTOCOL_MAX_BYTES || c->pieces > PL_GATEWAY__PIECES || c->in.failed) {
        too_big(c);
        return;
    }
    if (!final) return;
    pl_gateway__message(c, pl_buf_slice(&c->in));
    pl_buf_free(&c->in);
    c->pieces = 0;
}

/* ---- as a transport ---- */

/* libwebsockets would do this by a timer of its own for each connection, in a sorted list that it
 * walks for each message that comes. */
static void beat(struct pl_gateway__conn *c, int64_t now_us) {
    int64_t quiet = now_us - c->heard_us, beat_us = c->g->c.heartbeat_ms * 1000;
    if (quiet > beat_us + c->g->c.pong_wait_ms * 1000) {
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    } else if (quiet > beat_us && c->pinged_us <= c->heard_us) {
        c->pinged_us = now_us;
        c->ping = true;
        lws_callback_on_writable(c->wsi);
    }
}

static void look(struct pl_gateway__conn *c, int64_t now_us) {
    if (c->pieces > 0 && now_us - c->in_since_us > c->g->c.message_wait_ms * 1000)
        too_big(c);
    else
        beat(c, now_us);
}

/* Is nothing of the last write left behind in libwebsockets? */
static bool may_write(const struct pl_gateway__conn *c) {
    return !lws_partial_buffered(c->wsi);
}

static bool write_ping(struct pl_gateway__conn *c) {
    unsigned char bytes[LWS_PRE + 4] = {0};
    c->ping = false;
    memcpy(bytes + LWS_PRE, "beat", 4); /* of an empty pong libwebsockets does not tell */
    if (lws_write(c->wsi, bytes + LWS_PRE, 4, LWS_WRITE_PING) < 0) return false;
    if (c->first != NULL || c->state == CLOSING) lws_callback_on_writable(c->wsi);
    return true;
}

static int writeable(struct pl_gateway__conn *c) {
    if (!c->ping || c->state == CLOSING) return pl_gateway__writeable(c);
    return write_ping(c) ? 0 : -1;
}

static bool write_text(struct pl_gateway__conn *c, char *text, size_t n) {
    return lws_write(c->wsi, (unsigned char *)text, n, LWS_WRITE_TEXT) == (int)n;
}

static void end(struct pl_gateway__conn *c) {
    lws_close_reason(c->wsi, (enum lws_close_status)c->code, NULL, 0);
}

static const struct pl_gateway__transport transport = {look, write_text, end, may_write};

int pl_gateway__ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                            size_t len) {
    struct pl_gateway__conn *c = user;
    struct pl_gateway *g = lws_context_user(lws_get_context(wsi));
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED: pl_gateway__begin(g, c, wsi, &transport); return 0;
    case LWS_CALLBACK_RECEIVE: receive(c, in, len); return 0;
    case LWS_CALLBACK_RECEIVE_PONG: c->heard_us = pl_loop_now_us(g->c.loop); return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return writeable(c);
    case LWS_CALLBACK_CLOSED: pl_gateway__end(c); return 0;
    default: return 0;
    }
}
