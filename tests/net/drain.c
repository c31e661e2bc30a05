/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>

#include "tests/net/net.h"

#define BOUND_MS 30000 /* a stop is over by then */
#define SLACK_MS 3000  /* for a stop in a hurry */

/* readyz turns to 503, and healthz does not; 0: the drain was over sooner than that was asked. */
static void is_ready(int port, bool ready) {
    struct pl_buf b = {0};
    int status = client_http_for(port, "GET", "/readyz", NULL, 2000, &b);
    if (status != (ready ? 200 : 503) && (ready || status != 0))
        DIE("/readyz says %d: %s", status, b.n ? b.p : "");
    status = client_http_for(port, "GET", "/healthz", NULL, 2000, &b);
    if (status != 200 && (ready || status != 0)) DIE("/healthz says %d", status);
    pl_buf_free(&b);
}

static void serve(struct site *s, int ops_port) {
    char ops[32];
    const char *options[] = {ops, "--max-connections-per-ip=100000", "--drain-wait=20s",
                             "--heartbeat=300s", NULL};
    snprintf(ops, sizeof ops, "--ops-port=%d", ops_port);
    if (s->server.pid) proc_kill(&s->server);
    site_server(s, options);
}

struct stop {
    int64_t said_ms; /* until the last one was told */
    int64_t over_ms; /* until the process was gone */
    size_t unacked;
};

/* Customers write on until the last connection is closed. */
static void stop_under_load(struct site *s, struct crowd *c, double rate, int ops_port,
                            struct stop *out) {
    int64_t begun = now_ms();
    if (crowd_on(c) < c->n) DIE("only %zu of %zu customers are still there", crowd_on(c), c->n);
    kill(s->server.pid, SIGTERM);
    bool asked = false;
    while (crowd_on(c) > 0 && now_ms() - begun < BOUND_MS) {
        crowd_talk(c, rate, 20);
        if (!asked && crowd_on(c) > 0 && crowd_on(c) < c->n) is_ready(ops_port, false);
        asked = asked || crowd_on(c) < c->n;
    }
    out->said_ms = now_ms() - begun;
    int code = proc_wait(&s->server, BOUND_MS - out->said_ms + 1);
    out->over_ms = now_ms() - begun;
    if (code != 0) DIE("the server ended with %d after %lld ms", code, (long long)out->over_ms);
    size_t untold = 0;
    for (size_t i = 0; i < c->n; i++) untold += strcmp(c->v[i].bye, "drain") != 0;
    if (untold > 0)
        DIE("%zu of %zu customers were not said bye; closed after %lld ms, over after %lld ms",
            untold, c->n, (long long)out->said_ms, (long long)out->over_ms);
    out->unacked = crowd_unacked(c);
}

/* The times at which they are told to come back are not all the same. */
static void spread(const struct crowd *c, int64_t *least, int64_t *most) {
    *least = INT64_MAX, *most = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i].bye_after_ms < *least) *least = c->v[i].bye_after_ms;
        if (c->v[i].bye_after_ms > *most) *most = c->v[i].bye_after_ms;
    }
    if (c->n > 20 && *most - *least < 500)
        DIE("all come back between %lld and %lld ms", (long long)*least, (long long)*most);
}

/* Somebody does not read his bye; a second signal ends the wait for him. */
static int64_t stop_in_a_hurry(struct site *s) {
    struct client deaf;
    struct pl_str text;
    if (!client_connect(&deaf, s->server.port) || !client_send(&deaf, "{\"t\":\"open\"}") ||
        !client_until(&deaf, "\"t\":\"live\"", &text))
        DIE("no conversation");
    kill(s->server.pid, SIGTERM);
    nap_ms(10);
    int64_t begun = now_ms();
    kill(s->server.pid, SIGTERM);
    int code = proc_wait(&s->server, SLACK_MS);
    if (code != 0) DIE("after a second SIGTERM the server ended with %d", code);
    client_close(&deaf);
    return now_ms() - begun;
}

void drain_run(struct site *s, const struct net_options *o) {
    struct crowd c;
    struct stop stop = {0};
    int64_t least, most;
    int ops_port = net_free_port();
    serve(s, ops_port);
    is_ready(ops_port, true);
    crowd_open(&c, (size_t)o->sockets, 1000, s->server.port);
    crowd_talk(&c, (double)o->rate, o->seconds * 1000);
    stop_under_load(s, &c, (double)o->rate, ops_port, &stop);
    spread(&c, &least, &most);
    serve(s, ops_port);
    int64_t hurry_ms = stop_in_a_hurry(s);
    serve(s, ops_port);
    crowd_back(&c, s->server.port);
    crowd_check(&c, s->server.port);
    printf("drain: sockets=%zu said=%llu closed_after_ms=%lld exit=0 over_after_ms=%lld "
           "unacked=%zu come_back_ms=%lld..%lld lost=0 twice=0 second_signal_ms=%lld\n",
           c.n, (unsigned long long)c.said, (long long)stop.said_ms, (long long)stop.over_ms,
           stop.unacked, (long long)least, (long long)most, (long long)hurry_ms);
    crowd_close(&c);
    proc_kill(&s->server);
}
