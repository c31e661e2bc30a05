/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: handshakes, limits, deadlines, messages of odd sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/gateway/rig.h"

static void oversized(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    char *big = malloc(70000);
    memset(big, ' ', 70000);
    open_talk(s, &c, NULL);
    memcpy(big, SEND(1, "at the limit"), strlen(SEND(1, "at the limit")));
    client_send_bytes(&c, big, 65536);
    assert_true(client_until(&c, "at the limit", &text));
    client_send_bytes(&c, big, 65537);
    assert_true(client_until(&c, "\"code\":\"too_big\"", &text));
    assert_int_equal(client_closed(&c), 4509);
    client_close(&c);
    free(big);
}

/* A message in one-byte fragments, with a ping in between, is whole; one of too many is not. */
static void fragments(void **state) {
    struct server *s = *state;
    struct client c;
    struct pl_str text;
    const char *m = SEND(1, "in pieces");
    open_talk(s, &c, NULL);
    for (size_t i = 0; m[i] != '\0'; i++) {
        client_frame(&c, i == 0 ? 1 : 0, m[i + 1] == '\0', m + i, 1);
        if (i == 10) client_frame(&c, 9, true, "p", 1);
    }
    assert_true(client_until(&c, "in pieces", &text));
    for (int i = 0; i < 3000; i++)
        if (!client_frame(&c, i == 0 ? 1 : 0, false, " ", 1)) break;
    assert_true(client_until(&c, "\"code\":\"too_big\"", &text));
    assert_int_equal(client_closed(&c), 4509);
    client_close(&c);
}

static void invalid_utf8_and_binary(void **state) {
    struct server *s = *state;
    struct client c;
    open_talk(s, &c, NULL);
    client_send_bytes(&c, "{\"t\":\"send\",\"text\":\"\xff\"}", 23);
    assert_int_equal(client_closed(&c), 1007);
    client_close(&c);
    open_talk(s, &c, NULL);
    client_frame(&c, 2, true, "{}", 2);
    assert_int_equal(client_closed(&c), 4503);
    client_close(&c);
}

static void handshakes(void **state) {
    struct server s;
    struct client c[3];
    (void)state;
    prepare(&s);
    s.config.max_connections_per_ip = 2;
    s.config.handshakes_per_minute = 3;
    s.config.origins = "https://shop.example, https://m.shop.example";
    start(&s);
    int port = pl_gateway_port(s.g);
    const char *from = "Origin: https://m.shop.example\r\n";
    assert_int_equal(client_open(&c[0], "127.0.0.1", port, "/ws", "parlance.v1", NULL), 403);
    client_close(&c[0]);
    assert_int_equal(client_open(&c[0], "127.0.0.1", port, "/ws", "chat", from), 400);
    client_close(&c[0]);
    assert_int_equal(client_open(&c[0], "127.0.0.1", port, "/wss", "parlance.v1", from), 404);
    client_close(&c[0]);
    assert_int_equal(client_open(&c[0], "127.0.0.1", port, "/ws", "x, parlance.v1", from), 101);
    assert_int_equal(client_open(&c[1], "127.0.0.1", port, "/ws", "parlance.v1", from), 101);
    assert_int_equal(client_open(&c[2], "127.0.0.1", port, "/ws", "parlance.v1", from), 429);
    client_close(&c[2]);
    client_close(&c[1]);
    nap(100);
    assert_int_equal(client_open(&c[1], "127.0.0.1", port, "/ws", "parlance.v1", from), 101);
    client_close(&c[1]);
    nap(100); /* the fourth within a minute */
    assert_int_equal(client_open(&c[1], "127.0.0.1", port, "/ws", "parlance.v1", from), 429);
    client_close(&c[1]);
    client_close(&c[0]);
    stop(&s);
}

/* Sockets that never finish a request: bounded for one address, and the next comers are served. */
static void slow_requests(void **state) {
    struct server s;
    struct client half[40], c;
    (void)state;
    prepare(&s);
    s.config.max_connections_per_ip = 4;
    start(&s);
    unsigned dropped = 0;
    char byte;
    for (size_t i = 0; i < PL_LEN(half); i++) {
        half[i] = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0), .wait_ms = 1000};
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)pl_gateway_port(s.g)),
                                 .sin_addr = {htonl(INADDR_LOOPBACK)}};
        assert_int_equal(connect(half[i].fd, (struct sockaddr *)&to, sizeof to), 0);
        client_raw(&half[i], "GET / HT", 8);
    }
    nap(200);
    for (size_t i = 0; i < PL_LEN(half); i++)
        dropped += recv(half[i].fd, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
    assert_int_equal(dropped, 4); /* 36 are kept: 4 and the 32 to spare */
    for (size_t i = 0; i < PL_LEN(half); i++) client_close(&half[i]);
    nap(100);
    open_talk(&s, &c, NULL);
    expect(&c, SEND(1, "served"), "served");
    client_close(&c);
    stop(&s);
}

static void deadlines(void **state) {
    struct server s;
    struct client lazy, slow, dead;
    struct pl_str text;
    (void)state;
    prepare(&s);
    s.config.open_wait_ms = 300;
    s.config.message_wait_ms = 300;
    s.config.heartbeat_ms = 1000;
    s.config.pong_wait_ms = 1000;
    start(&s);
    assert_true(client_connect(&lazy, pl_gateway_port(s.g)));
    assert_true(client_until(&lazy, "\"code\":\"open_late\",\"retry\":true", &text));
    assert_int_equal(client_closed(&lazy), 4408);
    client_close(&lazy);
    open_talk(&s, &slow, NULL);
    client_frame(&slow, 1, false, "{", 1);
    assert_int_equal(client_closed(&slow), 4509);
    client_close(&slow);
    open_talk(&s, &dead, NULL);
    dead.mute = true;
    unsigned before = s.leaves;
    struct client alive;
    open_talk(&s, &alive, NULL);
    alive.wait_ms = 3500;
    client_until(&alive, "never", &text); /* answers pings meanwhile */
    assert_true(alive.pings >= 2);
    assert_true(reaches(&s.leaves, before + 1)); /* the mute one is gone */
    expect(&alive, SEND(1, "pulse"), "pulse");
    client_close(&alive);
    client_close(&dead);
    stop(&s);
}

static void a_taken_port(void **state) {
    struct server *s = *state;
    struct pl_gateway_config config = s->config;
    struct pl_gateway *second = NULL;
    struct pl_loop *loop;
    assert_int_equal(pl_loop_create(pl_clock_system(), &loop), PL_OK);
    config.loop = loop;
    config.port = pl_gateway_port(s->g);
    assert_int_equal(pl_gateway_create(&config, &second), PL_EXISTS);
    assert_null(second);
    pl_loop_destroy(&loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SERVER(oversized),
        WITH_SERVER(fragments),
        WITH_SERVER(invalid_utf8_and_binary),
        cmocka_unit_test(handshakes),
        cmocka_unit_test(slow_requests),
        cmocka_unit_test(deadlines),
        WITH_SERVER(a_taken_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
