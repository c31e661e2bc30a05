/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations over both kinds of transport, and what ends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "tests/unit/gateway/rig.h"

static void a_conversation(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    begin(s, &c, "{\"t\":\"open\",\"locale\":\"ar-SA\"}");
    assert_true(client_until(&c, "\"t\":\"hello\"", &text));
    const char *hello = "{\"t\":\"hello\",\"heartbeat_ms\":25000,\"max_bytes\":65536,"
                        "\"epoch\":\"" EPOCH "\"}";
    assert_true(pl_str_find(text, pl_str_c(hello)) != SIZE_MAX);
    if (pl_str_find(text, PL_STR("\"t\":\"ready\"")) == SIZE_MAX)
        assert_true(client_until(&c, "\"t\":\"ready\"", &text));
    assert_true(pl_str_find(text, PL_STR("\"dir\":\"rtl\",\"locale\":\"ar-SA\"")) != SIZE_MAX);
    expect(&c, SEND(1, "hello"), "\"cid\":\"" CID(1) "\",\"seq\":1,\"dup\":false");
    expect(&c, SEND(2, "again"), "\"text\":\"again\"");
    expect(&c,
           "[{\"t\":\"seen\",\"seq\":2},{\"t\":\"typing\",\"on\":true},"
           "{\"t\":\"rate\",\"seq\":2,\"value\":-1}," SEND(3, "x") "]",
           "\"text\":\"x\"");
    assert_int_equal(s->seen, 2);
    assert_int_equal(s->typed, 1);
    assert_int_equal(s->rated, -1);
    assert_int_equal(s->sends, 3);
    client_close(&c);
    assert_true(reaches(&s->leaves, 1));
}

static void ack_and_events_travel_together(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    open_talk(s, &c, NULL);
    client_send(&c, SEND(1, "hi"));
    assert_true(client_until(&c, "\"t\":\"ack\"", &text));
    assert_true(text.p[0] == '[' && text.p[text.n - 1] == ']');
    assert_true(pl_str_find(text, PL_STR("\"t\":\"event\"")) != SIZE_MAX);
    client_close(&c);
}

static void malformed_frames(void **state) {
    struct server *s = *state;
    struct client c;
    open_talk(s, &c, NULL);
    expect(&c, "{\"t\":", "\"code\":\"malformed\"");
    if (!s->stream) expect(&c, "", "\"code\":\"malformed\""); /* 411 */
    expect(&c, "null", "\"code\":\"bad_frame\"");
    expect(&c, "{\"t\":\"ready\"}", "ready: only the server sends this");
    expect(&c, "{\"t\":\"send\",\"cid\":\"" CID(1) "\",\"text\":17}",
           "\"message\":\"send.text: expected a text of at most 65536 characters\",\"cid\":\"" CID(
               1) "\",\"retry\":false");
    expect(&c, "{\"t\":\"open\"}", "\"code\":\"already_open\"");
    expect(&c, "{\"t\":\"send\",\"cid\":\"" CID(1) "\",\"upload\":\"u\"}",
           "\"code\":\"not_found\"");
    expect(&c, SEND(1, "busy please"), "\"code\":\"busy\"");
    expect(&c, SEND(1, "still here"), "\"text\":\"still here\"");
    client_close(&c);
}

static void before_open(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    begin(s, &c, SEND(1, "hi"));
    assert_true(client_until(&c, "\"code\":\"not_open\"", &text));
    expect(&c, "{\"t\":\"open\",\"token\":\"eyJ\"}", "\"code\":\"token_not_supported\"");
    expect(&c, "{\"t\":\"open\"}", "\"t\":\"live\"");
    assert_int_equal(s->sends, 0);
    client_close(&c);
}

/* Opens with this token; what comes back has `expected` in it. */
static void open_with(struct server *s, struct client *c, struct pl_str token,
                      const char *expected) {
    char frame[1024];
    struct pl_str text;
    snprintf(frame, sizeof frame, "{\"t\":\"open\",\"token\":\"%.*s\"}", PL_STR_ARG(token));
    begin(s, c, frame);
    assert_true(client_until(c, expected, &text));
    client_close(c);
}

static void signed_identities(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_buf t = {0};
    int64_t now = pl_clock_system().wall_ms(NULL);
    struct pl_identity_key *k = &s->identity.v[s->identity.n++];
    *k = (struct pl_identity_key){.id = "shop1", .secret = {1, 2, 3}, .n = 32};
    pl_identity_sign(k, PL_STR("ann"), false, now + 60000, &t);
    open_with(s, &c, pl_buf_slice(&t), "\"t\":\"live\"");
    assert_int_equal(s->known, 1);
    assert_int_equal(s->verified, 0);
    pl_buf_clear(&t);
    pl_identity_sign(k, PL_STR("ann"), true, now + 60000, &t);
    open_with(s, &c, pl_buf_slice(&t), "\"t\":\"live\"");
    assert_int_equal(s->verified, 1);
    t.p[t.n - 3] = t.p[t.n - 3] == 'A' ? 'B' : 'A';
    open_with(s, &c, pl_buf_slice(&t), "\"code\":\"token_refused\"");
    pl_buf_clear(&t);
    pl_identity_sign(k, PL_STR("ann"), true, now - 120000, &t);
    open_with(s, &c, pl_buf_slice(&t), "has run out");
    assert_int_equal(s->opens, 2);
    pl_buf_free(&t);
}

static void abuse_ends_the_connection(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    open_talk(s, &c, NULL);
    for (int i = 0; i < 60; i++) client_send(&c, "{}");
    assert_true(client_until(&c, "\"code\":\"abuse\",\"retry\":false", &text));
    ends(s, &c, 4500);
    assert_true(reaches(&s->leaves, 1));
}

static void resume_secrets(void **state) {
    struct server *s = *state;
    struct client c;
    char resume[PL_RESUME_TEXT], open[256];
    open_talk(s, &c, resume);
    expect(&c, SEND(1, "one"), "\"seq\":2");
    client_close(&c);
    snprintf(open, sizeof open, "{\"t\":\"open\",\"resume\":\"%s\",\"epoch\":\"%s\",\"seq\":2}",
             resume, EPOCH);
    struct pl_str text;
    begin(s, &c, open);
    assert_true(client_until(&c, resume, &text)); /* ready says it again */
    client_close(&c);
    char *digit = strstr(open, resume) + 60;
    *digit = *digit == '0' ? '1' : '0';
    begin(s, &c, open);
    assert_true(client_until(&c, "\"code\":\"resume_refused\"", &text));
    expect(&c, "{\"t\":\"open\",\"resume\":\"short\"}", "\"code\":\"resume_refused\"");
    expect(&c, SEND(1, "hi"), "\"code\":\"not_open\"");
    expect(&c, "{\"t\":\"open\"}", "\"t\":\"live\""); /* a new one may be had */
    client_close(&c);
}

static void a_reader_that_sleeps(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    open_talk(s, &c, NULL);
    int small = 4096;
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client_send(&c, SEND(1, "flood")); /* 12 MB of events */
    assert_true(reaches(&s->leaves, 1));
    assert_int_equal(pl_counter_read(&pl_gateway_counters(s->g)[PL_GATEWAY_slow_readers]), 1);
    assert_true(pl_counter_read(&pl_gateway_counters(s->g)[PL_GATEWAY_dropped]) > 0);
    client_close(&c);
    open_talk(s, &c, NULL); /* others are served */
    expect(&c, SEND(1, "awake"), "awake");
    client_close(&c);
    (void)text;
}

static void rate_limits(bool stream) {
    struct server s;
    struct client c;
    struct pl_str text;
    prepare(&s);
    s.stream = stream;
    s.config.messages_per_minute = 3;
    start(&s);
    open_talk(&s, &c, NULL);
    expect(&c, SEND(1, "a"), "\"text\":\"a\"");
    expect(&c, SEND(2, "b"), "\"text\":\"b\"");
    expect(&c, SEND(3, "c"), "\"text\":\"c\"");
    expect(&c, SEND(4, "d"),
           "\"code\":\"rate_limited\",\"message\":\"too many messages; try again");
    assert_int_equal(s.sends, 3);
    for (int i = 0; i < 40; i++) client_send(&c, "{\"t\":\"typing\",\"on\":true}");
    assert_true(client_until(&c, "\"t\":\"bye\",\"code\":\"rate_limited\",\"retry\":true", &text));
    ends(&s, &c, 4429);
    stop(&s);
}

static void rate_limits_of_sockets(void **state) {
    (void)state;
    rate_limits(false);
}

static void rate_limits_of_streams(void **state) {
    (void)state;
    rate_limits(true);
}

/* ---- the end ---- */

static void answer_late(struct pl_post *p) {
    struct server *s = (struct server *)((char *)p - offsetof(struct server, late));
    pl_gateway_ack(s->g, s->late_client, s->late_cid, 7, false, NULL, 0);
}

static void drained(void *ctx) {
    ((struct server *)ctx)->drained = 1;
}

static void drain_now(struct pl_post *p) {
    struct server *s = (struct server *)((char *)p - offsetof(struct server, drain));
    pl_gateway_drain(s->g, 1000, 5000, drained, s);
}

static void drain(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    open_talk(s, &c, NULL);
    s->drain.fn = drain_now;
    pl_loop_post(s->loop, &s->drain);
    assert_true(client_until(&c, "\"t\":\"bye\",\"code\":\"drain\",\"retry\":true", &text));
    ends(s, &c, 1001);
    assert_true(reaches(&s->drained, 1));
    assert_int_equal(
        client_open(&c, "127.0.0.1", pl_gateway_port(s->g), "/ws", "parlance.v1", NULL), 503);
    client_close(&c);
    assert_int_equal(client_stream(&c, pl_gateway_port(s->g), NULL, "{\"t\":\"open\"}"), 503);
    client_close(&c);
}

/* What is under way is answered before bye, and what comes meanwhile is not begun. */
static void drain_waits(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    struct pl_buf b = {0};
    open_talk(s, &c, NULL);
    client_send(&c, SEND(1, "later"));
    assert_true(reaches(&s->sends, 1));
    s->drain.fn = drain_now;
    s->late.fn = answer_late;
    pl_loop_post(s->loop, &s->drain);
    nap(50);
    assert_int_equal(client_http(pl_gateway_port(s->g), "GET", "/readyz", NULL, &b), 503);
    assert_int_equal(client_http(pl_gateway_port(s->g), "GET", "/healthz", NULL, &b), 200);
    client_send(&c, SEND(2, "too late"));
    assert_int_equal(s->drained, 0);
    pl_loop_post(s->loop, &s->late);
    assert_true(client_until(&c, "\"cid\":\"" CID(1) "\",\"seq\":7", &text));
    if (pl_str_find(text, PL_STR("\"t\":\"bye\"")) == SIZE_MAX)
        assert_true(client_until(&c, "\"t\":\"bye\",\"code\":\"drain\"", &text));
    ends(s, &c, 1001);
    assert_true(reaches(&s->drained, 1));
    assert_int_equal(s->sends, 1);
    pl_buf_free(&b);
}

/* ---- answers from the engine's threads ---- */

struct talker {
    pthread_t thread;
    struct server *s;
    uint64_t client;
    unsigned from;
};

static void *talk(void *ctx) {
    struct talker *t = ctx;
    for (unsigned i = 0; i < 500; i++) {
        char body[64];
        int n = snprintf(body, sizeof body, "{\"kind\":\"message\",\"n\":%u}", t->from + i);
        struct pl_gateway_event event = {t->from + i, 0, {body, (size_t)n}};
        pl_gateway_events(t->s->g, t->client, &event, 1);
    }
    return NULL;
}

/* Each thread's events arrive whole and in its order; those for a closed connection are dropped. */
static void answers_from_other_threads(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    struct talker talkers[3];
    unsigned next[3] = {0};
    open_talk(s, &c, NULL);
    expect(&c, SEND(1, "x"), "\"text\":\"x\"");
    for (unsigned i = 0; i < 3; i++) {
        talkers[i] = (struct talker){.s = s, .client = s->talks[0].client, .from = i * 1000};
        assert_int_equal(pthread_create(&talkers[i].thread, NULL, talk, &talkers[i]), 0);
    }
    for (unsigned got = 0; got < 1500;) {
        assert_int_equal(client_receive(&c, &text), CLIENT_TEXT);
        for (const char *p = text.p, *end = p + text.n; p < end; got++) {
            p = memmem(p, (size_t)(end - p), "\"n\":", 4);
            if (p == NULL) break;
            unsigned n = (unsigned)atoi(p += 4);
            assert_int_equal(n % 1000, next[n / 1000]++);
        }
    }
    for (unsigned i = 0; i < 3; i++) pthread_join(talkers[i].thread, NULL);
    uint64_t gone = s->talks[0].client;
    client_close(&c);
    assert_true(reaches(&s->leaves, 1));
    pl_gateway_live(s->g, gone);
    const struct pl_counter *late = &pl_gateway_counters(s->g)[PL_GATEWAY_late_answers];
    for (int i = 0; i < 100 && pl_counter_read(late) == 0; i++) nap(10);
    assert_int_equal(pl_counter_read(late), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OVER_BOTH(a_conversation),
        OVER_BOTH(ack_and_events_travel_together),
        OVER_BOTH(malformed_frames),
        OVER_BOTH(before_open),
        OVER_BOTH(signed_identities),
        OVER_BOTH(abuse_ends_the_connection),
        OVER_BOTH(resume_secrets),
        OVER_BOTH(a_reader_that_sleeps),
        cmocka_unit_test(rate_limits_of_sockets),
        cmocka_unit_test(rate_limits_of_streams),
        OVER_BOTH(drain),
        OVER_BOTH(drain_waits),
        WITH_SERVER(answers_from_other_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
