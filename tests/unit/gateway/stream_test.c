/* SPDX-License-Identifier: Apache-2.0 */
/* What only event streams have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/gateway/rig.h"

static void stream_requests(void **state) {
    struct server *s = *state;
    int port = pl_gateway_port(s->g);
    struct client c;
    struct pl_str text;
    struct pl_buf b = {0};
    char name[192], *big = calloc(1, 70000);
    const char *path = "/api/v1/frames", *close_it = "Connection: close\r\n";
    open_talk(s, &c, NULL);
    snprintf(name, sizeof name, "Parlance-Stream: %s\r\nConnection: close\r\n", c.name);
    memset(big, ' ', 70000);
    memcpy(big, SEND(1, "at the limit"), strlen(SEND(1, "at the limit")));
    assert_int_equal(client_post(port, path, name, big, 65536, &b), 202);
    assert_true(client_until(&c, "at the limit", &text));
    assert_int_equal(client_post(port, path, name, big, 65537, &b), 413);
    assert_int_equal(client_post(port, path, name, "", 0, &b), 411);
    assert_int_equal(client_http(port, "POST", path, "Transfer-Encoding: chunked\r\n", &b), 411);
    assert_int_equal(client_post(port, path, close_it, "{}", 2, &b), 404);
    has(&b, "\"code\":\"no_stream\"");
    name[60] = name[60] == '0' ? '1' : '0'; /* of the secret */
    assert_int_equal(client_post(port, path, name, "{}", 2, &b), 404);
    assert_int_equal(client_http(port, "GET", "/api/v1/stream", NULL, &b), 405);
    has(&b, "allow: POST, OPTIONS");
    expect(&c, "{\"t\":\"send\",\"text\":\"\xff\"}", "\"code\":\"malformed\"");
    expect(&c, SEND(2, "still here"), "\"text\":\"still here\"");
    client_close(&c);
    assert_true(reaches(&s->leaves, 1));
    pl_buf_free(&b);
    free(big);
}

static void stream_origins(void **state) {
    struct server s;
    struct client c;
    struct pl_buf b = {0};
    (void)state;
    prepare(&s);
    s.config.origins = "https://shop.example";
    s.config.max_connections_per_ip = 1;
    start(&s);
    int port = pl_gateway_port(s.g);
    const char *from = "Origin: https://shop.example\r\n", *open = "{\"t\":\"open\"}";
    assert_int_equal(client_stream(&c, port, NULL, open), 403);
    client_close(&c);
    assert_int_equal(client_http(port, "OPTIONS", "/api/v1/stream", from, &b), 200);
    has(&b, "access-control-allow-origin: https://shop.example");
    has(&b, "access-control-allow-headers: authorization, content-type, parlance-name, "
            "parlance-stream");
    assert_int_equal(
        client_http(port, "OPTIONS", "/api/v1/stream", "Origin: https://x.example\r\n", &b), 403);
    assert_null(strstr(b.p, "access-control-allow-origin"));
    assert_int_equal(client_stream(&c, port, from, open), 200);
    struct client second;
    assert_int_equal(client_stream(&second, port, from, open), 429);
    client_close(&second);
    client_close(&c);
    stop(&s);
    pl_buf_free(&b);
}

static void stream_deadlines(void **state) {
    struct server s;
    struct client c, late;
    struct pl_str text;
    (void)state;
    prepare(&s);
    s.stream = true;
    s.config.open_wait_ms = 300;
    s.config.message_wait_ms = 300;
    s.config.heartbeat_ms = 500;
    start(&s);
    begin(&s, &late, "{}");
    assert_true(client_until(&late, "\"code\":\"open_late\",\"retry\":true", &text));
    ends(&s, &late, 4408);
    open_talk(&s, &c, NULL);
    c.wait_ms = 1800;
    client_until(&c, "never", &text);
    assert_true(c.pings >= 2);
    expect(&c, SEND(1, "pulse"), "pulse");
    /* A body that comes drop by drop. */
    struct client drip = {.wait_ms = 3000};
    const char *head = "POST /api/v1/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
    drip.fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)pl_gateway_port(s.g)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(drip.fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_true(client_raw(&drip, head, strlen(head)));
    nap(500);
    client_raw(&drip, " ", 1);
    assert_int_equal(client_closed(&drip), 1006);
    client_close(&drip);
    /* Bytes behind the request on its connection are no frames: the server hangs up. */
    char junk[4096] = {0};
    memset(junk, 'x', sizeof junk);
    for (int i = 0; i < 256 && client_raw(&c, junk, sizeof junk); i++) continue;
    assert_true(reaches(&s.leaves, 1));
    client_close(&c);
    stop(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_STREAM(stream_requests),
        cmocka_unit_test(stream_origins),
        cmocka_unit_test(stream_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
