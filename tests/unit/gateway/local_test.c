/* SPDX-License-Identifier: Apache-2.0 */
/* A server for its own machine alone, and what the designer's page asks of it. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/gateway/rig.h"

static void on_look(void *ctx, uint64_t ticket, const struct pl_gateway_look *look) {
    struct server *s = ctx;
    char json[700];
    snprintf(json, sizeof json,
             "{\"what\":\"%.*s\",\"of\":\"%.*s\",\"flow\":\"%.*s\",\"after\":%llu}",
             PL_STR_ARG(look->what), PL_STR_ARG(look->conversation), PL_STR_ARG(look->flow),
             (unsigned long long)look->after);
    pl_gateway_answer(s->g, ticket, PL_OK, pl_str_c(json));
}

/* Sends this head, %d in it the port, and gives the status and what came. */
static int raw(int port, const char *head, struct pl_buf *out) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval wait = {.tv_sec = 5};
    struct pl_buf request = {0};
    char bytes[4096];
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    for (const char *p = head; *p; p++)
        if (*p == '#')
            pl_buf_printf(&request, "%d", port);
        else
            pl_buf_byte(&request, (uint8_t)*p);
    assert_int_equal(write(fd, request.p, request.n), (ssize_t)request.n);
    pl_buf_clear(out);
    while ((n = read(fd, bytes, sizeof bytes)) > 0) pl_buf_add(out, bytes, (size_t)n);
    close(fd);
    pl_buf_free(&request);
    pl_buf_byte(out, 0);
    return out->n > 12 ? atoi(out->p + 9) : 0;
}

static void hosts_and_origins(void **state) {
    static const struct {
        int status;
        const char *head;
    } rows[] = {
        {200, "GET / HTTP/1.1\r\nHost: localhost:#\r\n\r\n"},
        {200, "GET / HTTP/1.1\r\nHost: 127.0.0.1:#\r\nOrigin: http://localhost:#\r\n\r\n"},
        {200, "GET / HTTP/1.1\r\nHost: [::1]:#\r\n\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: rebound.example:#\r\n\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: localhost.rebound.example:#\r\n\r\n"},
        {403, "GET / HTTP/1.1\r\n\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: localhost:#\r\nHost: rebound.example\r\n\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: localhost:#\r\nOrigin: http://rebound.example\r\n\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: localhost:#\r\nOrigin: https://localhost:#\r\n\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: localhost:#\r\nOrigin: null\r\n\r\n"},
        {403, "POST /api/v1/uploads HTTP/1.1\r\nHost: x.example\r\nContent-Length: 1\r\n\r\nx"},
        {403, "GET /studio/state HTTP/1.1\r\nHost: rebound.example:#\r\n\r\n"},
        {403, "GET /ws HTTP/1.1\r\nHost: localhost:#\r\nConnection: Upgrade\r\n"
              "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
              "Sec-WebSocket-Protocol: parlance.v1\r\nOrigin: http://rebound.example\r\n\r\n"},
    };
    struct server s;
    struct client c;
    struct pl_buf b = {0};
    (void)state;
    prepare(&s);
    s.config.local_only = true;
    s.config.api.look = on_look;
    start(&s);
    int port = pl_gateway_port(s.g);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        int status = raw(port, rows[i].head, &b);
        if (status != rows[i].status) fail_msg("%d instead of: %s", status, rows[i].head);
    }
    assert_true(client_connect(&c, port)); /* it names the address and port, and no page */
    client_close(&c);
    pl_buf_free(&b);
    stop(&s);
}

static void looks(void **state) {
    struct server s;
    struct pl_buf b = {0};
    char path[400] = "/studio/graph?flow=";
    (void)state;
    prepare(&s);
    s.config.api.look = on_look;
    start(&s);
    int port = pl_gateway_port(s.g);
    ask(port, "GET", "/studio/state?conversation=00ff&after=7", NULL, 200,
        "{\"what\":\"state\",\"of\":\"00ff\",\"flow\":\"\",\"after\":7}");
    ask(port, "GET", "/studio/graph?flow=a%20b", NULL, 200, "\"flow\":\"a b\"");
    ask(port, "GET", "/studio/other", NULL, 404, "not_found");
    ask(port, "GET", "/studio/state?after=x", NULL, 400, "malformed");
    ask(port, "GET", "/studio/state?after=-1", NULL, 400, "malformed");
    memset(path + strlen(path), 'a', 300);
    ask(port, "GET", path, NULL, 400, "malformed");
    ask(port, "POST", "/studio/state", "Content-Length: 0\r\n", 405, "method_not_allowed");
    stop(&s);

    prepare(&s); /* a server for customers has no such page */
    start(&s);
    assert_int_equal(client_http(pl_gateway_port(s.g), "GET", "/studio/state", NULL, &b), 404);
    pl_buf_free(&b);
    stop(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(hosts_and_origins),
                                       cmocka_unit_test(looks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
