/* SPDX-License-Identifier: Apache-2.0
 * The client against a server of a few lines that does one thing per connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/http/http_priv.h"
#include "tests/support/tiny_http.h"

/* ---- the server: answers by path ---- */

static bool answer(struct tiny *s, int fd, const char *request) {
    int n = s->requests;
    if (strstr(request, " /lost ")) return false;
    if (strstr(request, " /slow ")) usleep(300 * 1000);
    if (strstr(request, " /moved ")) {
        tiny_say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    } else if (strstr(request, " /flaky ")) {
        tiny_say(fd, n == 1 ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: 7\r\n\r\n"
                            : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    } else if (strstr(request, " /endless ")) {
        tiny_say(fd, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n"
                     "Retry-After: 9223372036854770\r\n\r\n");
    } else if (strstr(request, " /half ")) {
        tiny_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        return false;
    } else if (strstr(request, " /stream ")) {
        tiny_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
        usleep(100 * 1000);
        tiny_say(fd, "two");
    } else {
        tiny_json(fd, 200, "{\"a\":12345}");
    }
    return true;
}

/* ---- the bench ---- */

struct bench {
    struct tiny server;
    struct pl_loop *loop;
    struct pl_http *http;
    /* the last reply */
    int replies;
    struct pl_http_reply reply;
    char body[256];
};

static void done(void *ctx, const struct pl_http_reply *reply) {
    struct bench *b = ctx;
    b->replies++;
    b->reply = *reply;
    snprintf(b->body, sizeof b->body, "%.*s", PL_STR_ARG(reply->body));
}

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    struct pl_str hosts[] = {PL_STR("127.0.0.1")};
    struct pl_http_config config = {
        .plain_hosts = hosts, .nplain_hosts = 1, .clock = pl_clock_system()};
    tiny_start(&b->server, answer, NULL);
    assert_int_equal(pl_loop_create(config.clock, &b->loop), PL_OK);
    assert_int_equal(pl_http_create(&config, &b->http), PL_OK);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    pl_http_destroy(&b->http);
    pl_loop_destroy(&b->loop);
    tiny_stop(&b->server);
    free(b);
    return 0;
}

static void wait_replies(struct bench *b, int n) {
    for (int i = 0; i < 500 && b->replies < n; i++) pl_loop_once(b->loop, 20);
    assert_int_equal(b->replies, n);
}

static uint64_t send_to(struct bench *b, int port, const char *path,
                        struct pl_http_request request) {
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
    request.url = pl_str_c(url);
    if (request.deadline_ms == 0) request.deadline_ms = 5000;
    return pl_http_send(b->http, &request, b->loop, done, b);
}

static void ask(struct bench *b, const char *path, struct pl_http_request request) {
    send_to(b, b->server.port, path, request);
    wait_replies(b, b->replies + 1);
}

/* ---- the tests ---- */

static void gives_reply_and_reuses_connection(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < 3; i++)
        ask(b, "/ok", (struct pl_http_request){.retry = PL_HTTP_IDEMPOTENT});
    assert_int_equal(b->reply.err, PL_OK);
    assert_int_equal(b->reply.status, 200);
    assert_true(b->reply.sent);
    assert_string_equal(b->body, "{\"a\":12345}");
    assert_int_equal(b->server.connections, 1);
}

static void a_write_has_its_own_connection_and_is_sent_once(void **state) {
    struct bench *b = *state;
    struct pl_http_request post = {.method = PL_HTTP_POST, .body = PL_STR("{}")};
    ask(b, "/ok", post);
    ask(b, "/ok", post);
    assert_int_equal(b->server.connections, 2);
    ask(b, "/lost", post);
    assert_int_equal(b->reply.err, PL_IO);
    assert_true(b->reply.sent);
    assert_int_equal(b->server.requests, 3);
}

static void nothing_is_sent_to_a_closed_port(void **state) {
    struct bench *b = *state;
    int port, fd = tiny_listen(&port);
    close(fd);
    send_to(b, port, "/ok", (struct pl_http_request){.method = PL_HTTP_POST});
    wait_replies(b, 1);
    assert_int_equal(b->reply.err, PL_IO);
    assert_false(b->reply.sent);
}

static void deadline_ends_a_slow_one(void **state) {
    struct bench *b = *state;
    ask(b, "/slow", (struct pl_http_request){.method = PL_HTTP_POST, .deadline_ms = 60});
    assert_int_equal(b->reply.err, PL_TIMEOUT);
    assert_true(b->reply.sent);
    assert_true(b->reply.took_us < 250 * 1000);
}

static void a_reply_over_the_cap_is_refused(void **state) {
    struct bench *b = *state;
    ask(b, "/ok", (struct pl_http_request){.cap = 11});
    assert_int_equal(b->reply.err, PL_OK);
    ask(b, "/ok", (struct pl_http_request){.cap = 10});
    assert_int_equal(b->reply.err, PL_LIMIT);
}

static void a_cut_reply_is_a_failure(void **state) {
    struct bench *b = *state;
    ask(b, "/half", (struct pl_http_request){.method = PL_HTTP_POST});
    assert_int_equal(b->reply.err, PL_IO);
    assert_true(b->reply.sent);
}

static void redirects_are_not_followed(void **state) {
    struct bench *b = *state;
    ask(b, "/moved", (struct pl_http_request){0});
    assert_int_equal(b->reply.err, PL_OK);
    assert_int_equal(b->reply.status, 302);
    assert_int_equal(b->server.requests, 1);
}

static void an_idempotent_one_is_tried_twice(void **state) {
    struct bench *b = *state;
    ask(b, "/flaky", (struct pl_http_request){.retry = PL_HTTP_IDEMPOTENT});
    assert_int_equal(b->reply.status, 200);
    assert_int_equal(b->server.requests, 2);
    assert_int_equal(pl_http_stats(b->http).retries, 1);
}

static void others_are_not(void **state) {
    struct bench *b = *state;
    ask(b, "/flaky", (struct pl_http_request){0});
    assert_int_equal(b->reply.status, 503);
    assert_int_equal(b->reply.retry_after_ms, 7000);
    assert_int_equal(b->server.requests, 1);
}

/* Whoever says "come back in a billion years" is taken to mean a day. */
static void no_wait_is_endless(void **state) {
    struct bench *b = *state;
    ask(b, "/endless", (struct pl_http_request){0});
    assert_int_equal(b->reply.status, 503);
    assert_int_equal(b->reply.retry_after_ms, 24 * 60 * 60 * 1000);
}

static void expect_refused(struct bench *b, const char *url, enum pl_err err) {
    struct pl_http_request request = {.url = pl_str_c(url), .deadline_ms = 1000};
    pl_http_send(b->http, &request, b->loop, done, b);
    wait_replies(b, b->replies + 1);
    assert_int_equal(b->reply.err, err);
    assert_false(b->reply.sent);
}

static void refuses_other_hosts_schemes_and_line_breaks(void **state) {
    struct bench *b = *state;
    expect_refused(b, "http://localhost/", PL_DENIED);
    expect_refused(b, "http://127.0.0.1.evil.example/", PL_DENIED);
    expect_refused(b, "http://user@127.0.0.1/", PL_DENIED);
    expect_refused(b, "file:///etc/passwd", PL_DENIED);
    expect_refused(b, "gopher://127.0.0.1/", PL_DENIED);
    expect_refused(b, "http://127.0.0.1/a\r\nX: y", PL_MALFORMED);
    expect_refused(b, "", PL_MALFORMED);
    struct pl_http_header header = {PL_STR("X-A"), PL_STR("a\r\nX-B: b")};
    ask(b, "/ok", (struct pl_http_request){.headers = &header, .nheaders = 1});
    assert_int_equal(b->reply.err, PL_MALFORMED);
    assert_int_equal(b->server.requests, 0);
}

static void cancel_ends_it(void **state) {
    struct bench *b = *state;
    uint64_t id = send_to(b, b->server.port, "/slow", (struct pl_http_request){0});
    usleep(20 * 1000);
    pl_http_cancel(b->http, id);
    pl_http_cancel(b->http, id + 1);
    wait_replies(b, 1);
    assert_int_equal(b->reply.err, PL_CLOSED);
    assert_true(b->reply.took_us < 250 * 1000);
}

static void destroy_ends_all(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < 20; i++) send_to(b, b->server.port, "/slow", (struct pl_http_request){0});
    pl_http_destroy(&b->http);
    wait_replies(b, 20);
    assert_int_equal(b->reply.err, PL_CLOSED);
}

static void opened(void *ctx) {
    struct bench *b = ctx;
    snprintf(b->body + strlen(b->body), 16, "[");
}

static void piece(void *ctx, int status, struct pl_str bytes) {
    struct bench *b = ctx;
    assert_int_equal(status, 200);
    snprintf(b->body + strlen(b->body), 16, "%.*s|", PL_STR_ARG(bytes));
}

static void stream_done(void *ctx, const struct pl_http_reply *reply) {
    struct bench *b = ctx;
    b->replies++;
    b->reply = *reply;
    snprintf(b->body + strlen(b->body), 16, "]%zu", reply->body.n);
}

static void a_stream_comes_in_pieces_before_its_end(void **state) {
    struct bench *b = *state;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/stream", b->server.port);
    struct pl_http_request r = {.method = PL_HTTP_POST,
                                .retry = PL_HTTP_POOLED,
                                .url = pl_str_c(url),
                                .deadline_ms = 5000,
                                .opened = opened,
                                .piece = piece};
    for (int i = 0; i < 2; i++) {
        b->body[0] = 0;
        pl_http_send(b->http, &r, b->loop, stream_done, b);
        wait_replies(b, i + 1);
        assert_string_equal(b->body, "[one|two|]0");
    }
    assert_int_equal(b->server.connections, 1);
    b->body[0] = 0;
    r.cap = 4;
    pl_http_send(b->http, &r, b->loop, stream_done, b);
    wait_replies(b, 3);
    assert_string_equal(b->body, "[one|]0");
    assert_int_equal(b->reply.err, PL_LIMIT);
}

static void a_closed_port_is_told_from_a_cut(void **state) {
    struct bench *b = *state;
    int port, fd = tiny_listen(&port);
    close(fd);
    send_to(b, port, "/ok", (struct pl_http_request){.method = PL_HTTP_POST});
    wait_replies(b, 1);
    assert_int_equal(b->reply.fault, PL_HTTP_FAULT_CONNECT);
    ask(b, "/half", (struct pl_http_request){.method = PL_HTTP_POST});
    assert_int_equal(b->reply.fault, PL_HTTP_FAULT_CUT);
}

static void the_budget_is_ten_percent_or_one(void **state) {
    (void)state;
    struct pl_http_budget budget = {0};
    int64_t now = 1000 * 1000000;
    int taken = 0;
    for (int i = 0; i < 100; i++) pl_http_budget_count(&budget, now);
    for (int i = 0; i < 100; i++) taken += pl_http_budget_take(&budget, now);
    assert_int_equal(taken, 10);
    assert_false(pl_http_budget_take(&budget, now + 59 * 1000000));
    assert_true(pl_http_budget_take(&budget, now + 60 * 1000000));
    assert_false(pl_http_budget_take(&budget, now + 61 * 1000000));
    assert_true(pl_http_budget_take(&budget, now + 121 * 1000000));
}

#define BENCHED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCHED(gives_reply_and_reuses_connection),
        BENCHED(a_write_has_its_own_connection_and_is_sent_once),
        BENCHED(nothing_is_sent_to_a_closed_port),
        BENCHED(deadline_ends_a_slow_one),
        BENCHED(a_reply_over_the_cap_is_refused),
        BENCHED(a_cut_reply_is_a_failure),
        BENCHED(redirects_are_not_followed),
        BENCHED(an_idempotent_one_is_tried_twice),
        BENCHED(others_are_not),
        BENCHED(no_wait_is_endless),
        BENCHED(refuses_other_hosts_schemes_and_line_breaks),
        BENCHED(cancel_ends_it),
        BENCHED(destroy_ends_all),
        BENCHED(a_stream_comes_in_pieces_before_its_end),
        BENCHED(a_closed_port_is_told_from_a_cut),
        cmocka_unit_test(the_budget_is_ten_percent_or_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
