/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway alone: behind its door stands not the engine but a few fixed replies, so that the
 * table shows what sockets and frames cost. usage: pl_door PORT; SIGTERM ends it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/gateway/gateway.h"
#include "runtime/store/store.h"

struct talk {
    uint64_t client, seq;
};

struct door {
    struct pl_gateway *g;
    PL_VEC(struct talk) talks;
};

static const char *const replies[][2] = {
    {"where is my order?",
     "What is your order number? You can find it in your confirmation email."},
    {"ORDER123456789", "Your order is on its way. Would you like live tracking updates via SMS?"},
    {"No, thanks", "Anything else that I can do for you?"},
};

static void on_open(void *ctx, uint64_t client, const struct pl_gateway_open *o) {
    struct door *d = ctx;
    PL_PUSH(&d->talks, ((struct talk){client, 0}));
    struct pl_gateway_ready ready = {PL_STR("bot"), o->locale, false, true, 0};
    pl_gateway_ready(d->g, client, &ready);
    pl_gateway_live(d->g, client);
}

/* Connections are numbered in the order of their slots, and none leaves during a measurement. */
static struct talk *talk_of(struct door *d, uint64_t client) {
    uint32_t slot = (uint32_t)client;
    if (slot < d->talks.n && d->talks.v[slot].client == client) return &d->talks.v[slot];
    for (size_t i = 0; i < d->talks.n; i++)
        if (d->talks.v[i].client == client) return &d->talks.v[i];
    return NULL;
}

static void on_send(void *ctx, uint64_t client, const struct pl_gateway_send *m) {
    struct door *d = ctx;
    struct talk *t = talk_of(d, client);
    uint64_t own = ++t->seq;
    struct pl_buf body = {0};
    for (size_t i = 0; i < PL_LEN(replies); i++)
        if (pl_str_is(m->text, replies[i][0]))
            pl_buf_printf(&body,
                          "{\"kind\":\"message\",\"from\":\"bot\",\"parts\":[{\"type\":\"text\","
                          "\"text\":\"%s\"}]}",
                          replies[i][1]);
    struct pl_gateway_event event = {own + 1, 0, pl_buf_slice(&body)};
    if (body.n > 0) t->seq++;
    pl_gateway_ack(d->g, client, m->cid, own, false, &event, body.n > 0 ? 1 : 0);
    pl_buf_free(&body);
}

static void on_number(void *ctx, uint64_t client, uint64_t seq) {
    (void)ctx, (void)client, (void)seq;
}

static void on_typing(void *ctx, uint64_t client, bool on) {
    (void)ctx, (void)client, (void)on;
}

static void on_rate(void *ctx, uint64_t client, uint64_t seq, int value) {
    (void)ctx, (void)client, (void)seq, (void)value;
}

static void on_leave(void *ctx, uint64_t client) {
    struct talk *t = talk_of(ctx, client);
    if (t != NULL) t->client = 0;
}

static void ended(struct pl_signal *s) {
    pl_loop_stop(s->loop);
}

int main(int argc, char **argv) {
    struct door d = {0};
    struct pl_loop *loop;
    struct pl_log log = {.least = PL_LOG_WARN, .to = stderr, .clock = pl_clock_system()};
    struct pl_signal term = {.fn = ended};
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    if (pl_loop_create(pl_clock_system(), &loop) != PL_OK) return 1;
    struct pl_gateway_config config = {
        .loop = loop,
        .log = &log,
        .epoch = "0123456789abcdef0123456789abcdef",
        .door = {&d, on_open, on_send, on_number, on_typing, on_rate, on_leave},
        .host = "127.0.0.1",
        .port = atoi(argv[1]),
        .origins = "*",
        .heartbeat_ms = 25000,
        .pong_wait_ms = 10000,
        .open_wait_ms = 10000,
        .message_wait_ms = 10000,
        .max_connections = 1000000,
        .max_connections_per_ip = 1000000,
        .max_queued = 1 << 20,
        .messages_per_minute = 1000000,
        .handshakes_per_minute = 1000000,
    };
    if (pl_gateway_create(&config, &d.g) != PL_OK) return 1;
    pl_signal_start(loop, &term, SIGTERM);
    pl_loop_run(loop);
    pl_gateway_destroy(&d.g);
    pl_signal_stop(&term);
    pl_loop_destroy(&loop);
    PL_VEC_FREE(&d.talks);
    return 0;
}
