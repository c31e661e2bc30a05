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

static void look(struct pl_gateway__conn *c, int64_t now_us) {
    if (c->pieces > 0 && now_us - c->in_since_us > c->g->c.message_wait_ms * 1000) too_big(c);
}

static bool write_text(struct pl_gateway__conn *c, char *text, size_t n) {
    return lws_write(c->wsi, (unsigned char *)text, n, LWS_WRITE_TEXT) == (int)n;
}

static void end(struct pl_gateway__conn *c) {
    lws_close_reason(c->wsi, (enum lws_close_status)c->code, NULL, 0);
}

static const struct pl_gateway__transport transport = {look, write_text, end};

int pl_gateway__ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                            size_t len) {
    struct pl_gateway__conn *c = user;
    struct pl_gateway *g = lws_context_user(lws_get_context(wsi));
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED: pl_gateway__begin(g, c, wsi, &transport); return 0;
    case LWS_CALLBACK_RECEIVE: receive(c, in, len); return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return pl_gateway__writeable(c);
    case LWS_CALLBACK_CLOSED: pl_gateway__end(c); return 0;
    default: return 0;
    }
}
