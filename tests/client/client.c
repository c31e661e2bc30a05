/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/client/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int connect_tcp(const char *host, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool client_raw(struct client *c, const void *p, size_t n) {
    const char *at = p;
    while (n > 0) {
        struct pollfd w = {.fd = c->fd, .events = POLLOUT};
        if (poll(&w, 1, (int)c->wait_ms) <= 0) return false;
        ssize_t sent = send(c->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (sent <= 0) return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for more bytes until `end`. 1: some came; 0: timeout; -1: the other side is gone. */
static int more(struct client *c, int64_t end) {
    struct pollfd w = {.fd = c->fd, .events = POLLIN};
    char piece[16384];
    int64_t left = end - now_ms();
    size_t most = c->slow && c->may < sizeof piece ? c->may : sizeof piece;
    if (most == 0) return 0;
    int ready = poll(&w, 1, left > 0 ? (int)left : 0);
    if (ready <= 0) return 0;
    ssize_t n = recv(c->fd, piece, most, 0);
    if (n <= 0) return -1;
    if (c->slow) c->may -= (size_t)n;
    pl_buf_add(&c->in, piece, (size_t)n);
    return 1;
}

static void drop(struct client *c, size_t n) {
    memmove(c->in.p, c->in.p + n, c->in.n - n);
    c->in.n -= n;
}

/* Sends a request, frees it, and gives the status; `in` then begins behind the head if it is the
 * wanted one. */
static int ask(struct client *c, struct pl_buf *request, int wanted) {
    bool sent = client_raw(c, request->p, request->n);
    pl_buf_free(request);
    size_t end = SIZE_MAX;
    int64_t until = now_ms() + c->wait_ms;
    while (sent && (end = pl_str_find(pl_buf_slice(&c->in), PL_STR("\r\n\r\n"))) == SIZE_MAX)
        if (more(c, until) <= 0) return 0;
    if (!sent || c->in.n < 12) return 0;
    int status = atoi(c->in.p + 9);
    if (status != wanted) return status;
    pl_buf_clear(&c->text);
    pl_buf_add(&c->text, c->in.p, end + 2);
    drop(c, end + 4);
    return status;
}

int client_open(struct client *c, const char *host, int port, const char *path,
                const char *protocol, const char *extra) {
    *c = (struct client){.fd = connect_tcp(host, port), .wait_ms = 5000};
    if (c->fd < 0) return 0;
    struct pl_buf out = {0};
    pl_buf_printf(&out,
                  "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n",
                  path, host, port);
    if (protocol != NULL) pl_buf_printf(&out, "Sec-WebSocket-Protocol: %s\r\n", protocol);
    pl_buf_printf(&out, "%s\r\n", extra != NULL ? extra : "");
    return ask(c, &out, 101);
}

bool client_connect(struct client *c, int port) {
    return client_open(c, "127.0.0.1", port, "/ws", "parlance.v1", NULL) == 101;
}

static void print_post(struct pl_buf *b, const char *path, const char *extra, const void *body,
                       size_t n) {
    pl_buf_printf(b, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n%s\r\n", path,
                  n, extra != NULL ? extra : "");
    pl_buf_add(b, body, n);
}

int client_stream(struct client *c, int port, const char *extra, const char *message) {
    static const char field[] = "\r\nparlance-stream: ";
    struct pl_buf request = {0};
    *c = (struct client){.fd = connect_tcp("127.0.0.1", port), .wait_ms = 5000};
    if (c->fd < 0) return 0;
    print_post(&request, "/api/v1/stream", extra, message, strlen(message));
    int status = ask(c, &request, 200);
    if (status != 200) return status;
    size_t at = pl_str_find(pl_buf_slice(&c->text), pl_str_c(field));
    if (at == SIZE_MAX) return 0;
    pl_buf_byte(&c->text, 0);
    sscanf(c->text.p + at + sizeof field - 1, "%127[^\r]", c->name);
    c->port = port;
    return status;
}

void client_close(struct client *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    pl_buf_free(&c->in);
    pl_buf_free(&c->text);
}

bool client_frame(struct client *c, int opcode, bool final, const void *p, size_t n) {
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    struct pl_buf b = {0};
    pl_buf_byte(&b, (uint8_t)((final ? 0x80 : 0) | opcode));
    if (n < 126) {
        pl_buf_byte(&b, (uint8_t)(0x80 | n));
    } else {
        bool wide = n > 65535;
        pl_buf_byte(&b, wide ? 0xff : 0xfe);
        for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8)
            pl_buf_byte(&b, (uint8_t)((uint64_t)n >> shift));
    }
    pl_buf_add(&b, mask, sizeof mask);
    for (size_t i = 0; i < n; i++) pl_buf_byte(&b, ((const uint8_t *)p)[i] ^ mask[i % 4]);
    bool sent = client_raw(c, b.p, b.n);
    pl_buf_free(&b);
    return sent;
}

static bool post_frames(struct client *c, const void *p, size_t n) {
    char extra[192];
    struct pl_buf answer = {0};
    snprintf(extra, sizeof extra, "Parlance-Stream: %s\r\nConnection: close\r\n", c->name);
    int status = client_post(c->port, "/api/v1/frames", extra, p, n, &answer);
    pl_buf_free(&answer);
    return status == 202;
}

bool client_send_bytes(struct client *c, const void *p, size_t n) {
    return c->port != 0 ? post_frames(c, p, n) : client_frame(c, 1, true, p, n);
}

bool client_send(struct client *c, const char *text) {
    return client_send_bytes(c, text, strlen(text));
}

/* The header of the first frame in `in`; false while it is not whole. */
static bool whole_frame(const struct client *c, int *opcode, size_t *head, size_t *n) {
    const uint8_t *p = (const uint8_t *)c->in.p;
    if (c->in.n < 2) return false;
    *opcode = p[0] & 0x0f;
    *head = 2;
    *n = p[1] & 0x7f;
    size_t wide = *n == 126 ? 2 : *n == 127 ? 8 : 0;
    if (c->in.n < *head + wide) return false;
    if (wide > 0) *n = 0;
    for (size_t i = 0; i < wide; i++) *n = *n << 8 | p[2 + i];
    *head += wide;
    return c->in.n >= *head && c->in.n - *head >= *n;
}

/* The next event of a stream: "data: ...", then an empty line. Comments are lines of their own. */
static enum client_got receive_event(struct client *c, struct pl_str *text, int64_t end) {
    for (;;) {
        size_t line = pl_str_find(pl_buf_slice(&c->in), PL_STR("\n"));
        if (line == SIZE_MAX) {
            int got = more(c, end);
            if (got == 0) return CLIENT_TIMEOUT;
            if (got < 0) {
                c->close_code = 1006;
                return CLIENT_CLOSED;
            }
            continue;
        }
        pl_buf_clear(&c->text);
        if (line > 6) pl_buf_add(&c->text, c->in.p + 6, line - 6);
        bool data = pl_str_starts(pl_buf_slice(&c->in), PL_STR("data: "));
        c->pings += c->in.p[0] == ':';
        drop(c, line + 1);
        *text = pl_buf_slice(&c->text);
        if (data) return CLIENT_TEXT;
    }
}

enum client_got client_hear(struct client *c, int *opcode, struct pl_str *payload) {
    size_t head, n;
    int64_t end = now_ms() + c->wait_ms;
    *payload = (struct pl_str){"", 0};
    while (!whole_frame(c, opcode, &head, &n)) {
        int got = more(c, end);
        if (got == 0) return CLIENT_TIMEOUT;
        if (got < 0) {
            c->close_code = 1006;
            return CLIENT_CLOSED;
        }
    }
    pl_buf_clear(&c->text);
    pl_buf_add(&c->text, c->in.p + head, n);
    drop(c, head + n);
    *payload = pl_buf_slice(&c->text);
    if (*opcode == 8)
        c->close_code = n >= 2 ? (uint8_t)payload->p[0] << 8 | (uint8_t)payload->p[1] : 1005;
    return CLIENT_TEXT;
}

enum client_got client_receive(struct client *c, struct pl_str *text) {
    int opcode;
    int64_t end = now_ms() + c->wait_ms;
    *text = (struct pl_str){"", 0};
    if (c->fd < 0 || c->close_code != 0) return CLIENT_CLOSED;
    if (c->port != 0) return receive_event(c, text, end);
    for (;;) {
        enum client_got got = client_hear(c, &opcode, text);
        if (got != CLIENT_TEXT) return got;
        if (opcode == 1) return CLIENT_TEXT; /* the server never sends fragments */
        if (opcode == 9 && !c->mute) {
            c->pings++;
            client_frame(c, 10, true, text->p, text->n);
        }
        if (opcode == 8) {
            if (!c->mute) client_frame(c, 8, true, text->p, text->n < 2 ? 0 : 2);
            return CLIENT_CLOSED;
        }
        if (now_ms() >= end) return CLIENT_TIMEOUT;
    }
}

bool client_until(struct client *c, const char *needle, struct pl_str *text) {
    while (client_receive(c, text) == CLIENT_TEXT)
        if (pl_str_find(*text, pl_str_c(needle)) != SIZE_MAX) return true;
    return false;
}

int client_closed(struct client *c) {
    struct pl_str text;
    enum client_got got;
    while ((got = client_receive(c, &text)) == CLIENT_TEXT) continue;
    return got == CLIENT_CLOSED ? c->close_code : 0;
}

bool client_member(struct pl_str text, const char *name, char *out, size_t size) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    size_t at = pl_str_find(text, pl_str_c(key));
    if (at == SIZE_MAX) return false;
    at += strlen(key);
    size_t n = pl_str_find((struct pl_str){text.p + at, text.n - at}, PL_STR("\""));
    if (n == SIZE_MAX || n >= size) return false;
    memcpy(out, text.p + at, n);
    out[n] = '\0';
    return true;
}

/* Sends a request that asks to close, frees it, and gives all that comes back. */
static int exchange(int port, struct pl_buf *request, int64_t wait_ms, struct pl_buf *out) {
    struct client c = {.fd = connect_tcp("127.0.0.1", port), .wait_ms = wait_ms};
    pl_buf_clear(out);
    if (c.fd >= 0) client_raw(&c, request->p, request->n);
    int64_t end = now_ms() + c.wait_ms;
    while (c.fd >= 0 && more(&c, end) == 1) continue;
    pl_buf_str(out, pl_buf_slice(&c.in));
    pl_buf_byte(out, 0);
    pl_buf_free(request);
    client_close(&c);
    return out->n > 12 ? atoi(out->p + 9) : 0;
}

int client_http(int port, const char *method, const char *path, const char *extra,
                struct pl_buf *out) {
    return client_http_for(port, method, path, extra, 5000, out);
}

int client_http_for(int port, const char *method, const char *path, const char *extra,
                    int64_t wait_ms, struct pl_buf *out) {
    struct pl_buf request = {0};
    pl_buf_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
                  method, path, extra != NULL ? extra : "");
    return exchange(port, &request, wait_ms, out);
}

int client_post(int port, const char *path, const char *extra, const void *body, size_t n,
                struct pl_buf *out) {
    struct pl_buf request = {0};
    print_post(&request, path, extra, body, n);
    return exchange(port, &request, 5000, out);
}
