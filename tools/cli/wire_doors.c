/* SPDX-License-Identifier: Apache-2.0
 *
 * What engine and gateway say to one another about a client. Each has words of its own; here they
 * are translated.
 *
 *   on the engine's thread: sink_…   on the gateway's: door_…
 */
#include <string.h>

#include "tools/cli/wire_priv.h"

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

static void sink_done(void *ctx, uint64_t ticket, enum pl_err err, struct pl_str why) {
    struct cli_server *s = ctx;
    if (ticket & ADMIN_TICKET)
        pl_cli__waiter_answer(&s->waiter, ticket, err, why);
    else
        pl_gateway_answer(s->gateway, ticket, err, err == PL_OK && !why.n ? PL_STR("{}") : why);
}

static void sink_wants(void *ctx, uint64_t ticket, enum pl_err err,
                       const struct pl_engine_wanted *w) {
    struct cli_server *s = ctx;
    struct pl_gateway_wanted out = {0};
    if (w) out = (struct pl_gateway_wanted){w->key, w->naccept, w->accept};
    pl_gateway_wanted(s->gateway, ticket, err, &out);
}

struct pl_engine_sink pl_cli__sink(struct cli_server *s) {
    return (struct pl_engine_sink){s,
                                   sink_ready,
                                   sink_live,
                                   sink_ack,
                                   sink_events,
                                   sink_typing,
                                   sink_error,
                                   sink_done,
                                   .wants = sink_wants,
                                   .stream = sink_stream};
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

struct pl_gateway_door pl_cli__door(struct cli_server *s) {
    return (struct pl_gateway_door){s,           door_open, door_send, door_seen,
                                    door_typing, door_rate, door_leave};
}
