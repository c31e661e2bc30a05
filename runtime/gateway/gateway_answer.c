/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

struct pl_gateway__out *pl_gateway__out(struct pl_gateway *g, uint64_t client) {
    struct pl_gateway__out *out = calloc(1, sizeof *out);
    pl_assert(out != NULL);
    out->g = g;
    out->client = client;
    out->frames = 1;
    return out;
}

void pl_gateway__out_free(struct pl_gateway__out *out) {
    pl_buf_free(&out->text);
    free(out);
}

/* On the gateway's thread. */
static void arrive(struct pl_post *post) {
    struct pl_gateway__out *out = (struct pl_gateway__out *)post; /* its first member */
    struct pl_gateway__conn *c = pl_gateway__find(out->g, out->client);
    if (c == NULL || c->state == CLOSING) {
        pl_gateway__count(out->g, PL_GATEWAY_late_answers, 1);
        pl_gateway__out_free(out);
        return;
    }
    if (out->kind == OPEN_FAILED && c->state == OPENING) {
        c->state = NEW; /* the client may open another conversation */
        c->told = false;
    }
    if (out->answers && c->unanswered > 0) c->unanswered--;
    if (out->kind == READY)
        pl_gateway__ready(c, out);
    else
        pl_gateway__queue(c, out);
    pl_gateway__leave(c);
}

static void post(struct pl_gateway__out *out) {
    pl_assert(!out->text.failed);
    out->post.fn = arrive;
    pl_loop_post(out->g->c.loop, &out->post);
}

void pl_gateway_ready(struct pl_gateway *g, uint64_t client, const struct pl_gateway_ready *r) {
    struct pl_gateway__out *out = pl_gateway__out(g, client);
    pl_assert(r->with.n < sizeof out->with);
    out->kind = READY;
    out->seq = r->seq;
    out->rtl = r->rtl;
    out->recovered = r->recovered;
    memcpy(out->with, r->with.p, r->with.n);
    pl_buf_str(&out->text, r->locale);
    post(out);
}

void pl_gateway_live(struct pl_gateway *g, uint64_t client) {
    struct pl_gateway__out *out = pl_gateway__out(g, client);
    out->kind = LIVE;
    pl_print_live(&out->text);
    post(out);
}

static void print_events(struct pl_buf *b, const struct pl_gateway_event *events, size_t n) {
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes += events[i].body.n + 96;
    pl_buf_reserve(b, bytes);
    for (size_t i = 0; i < n; i++) {
        if (b->n > 0) pl_buf_byte(b, ',');
        pl_print_event(b, events[i].seq, events[i].at_ms, events[i].body);
    }
}

void pl_gateway_ack(struct pl_gateway *g, uint64_t client, struct pl_cid cid, uint64_t seq,
                    bool dup, const struct pl_gateway_event *events, size_t n) {
    struct pl_gateway__out *out = pl_gateway__out(g, client);
    out->answers = true;
    out->frames = (uint32_t)n + 1;
    pl_print_ack(&out->text, cid, seq, dup);
    print_events(&out->text, events, n);
    post(out);
}

void pl_gateway_events(struct pl_gateway *g, uint64_t client, const struct pl_gateway_event *events,
                       size_t n) {
    if (n == 0) return;
    struct pl_gateway__out *out = pl_gateway__out(g, client);
    out->frames = (uint32_t)n;
    print_events(&out->text, events, n);
    post(out);
}

void pl_gateway_typing(struct pl_gateway *g, uint64_t client, bool on) {
    struct pl_gateway__out *out = pl_gateway__out(g, client);
    out->kind = DROPPABLE;
    pl_print_typing(&out->text, on);
    post(out);
}

void pl_gateway_stream(struct pl_gateway *g, uint64_t client, const struct pl_draft *s) {
    struct pl_gateway__out *out = pl_gateway__out(g, client);
    out->kind = DROPPABLE;
    pl_print_stream(&out->text, s);
    post(out);
}

void pl_gateway_error(struct pl_gateway *g, uint64_t client, enum pl_code code,
                      struct pl_str message, struct pl_cid cid) {
    struct pl_gateway__out *out = pl_gateway__out(g, client);
    out->answers = cid.counter != 0;
    out->kind = out->answers ? FRAMES : OPEN_FAILED;
    pl_print_error(&out->text, code, message, cid);
    post(out);
}
