/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/load/load.h"

void load_break(struct conn *c, const char *why) {
    if (c->stage == BROKEN) return;
    load_error(c->l, &c->l->closed, why, pl_buf_slice(&c->in));
    if (c->stage == READY) c->l->ready--;
    if (c->waiting) c->l->waiting--;
    c->waiting = false;
    c->stage = BROKEN;
    c->l->broken++;
    close(c->fd);
}

static void watch(struct conn *c, int op, uint32_t events) {
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(c->l->epoll, op, c->fd, &e);
}

void load_connect(struct conn *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->l->o.port)};
    int on = 1;
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    c->stage = CONNECTING;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        load_break(c, "connect failed");
        return;
    }
    watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void load_again(struct conn *c) {
    close(c->fd);
    pl_buf_clear(&c->in);
    pl_buf_clear(&c->out);
    c->sent = 0;
    c->cid = c->seq = c->own_seq = 0;
    c->turns = 0;
    c->l->ready--;
    load_connect(c);
}

/* ---- out ---- */

static void flush(struct conn *c) {
    while (c->sent < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        }
        if (n <= 0) {
            load_break(c, "send failed");
            return;
        }
        c->sent += (size_t)n;
    }
    pl_buf_clear(&c->out);
    c->sent = 0;
}

/* Masked with zeros: the protocol asks for a mask, and this one costs nothing here. */
void load_send(struct conn *c, struct pl_str text) {
    pl_buf_byte(&c->out, 0x81);
    if (text.n < 126) {
        pl_buf_byte(&c->out, (uint8_t)(0x80 | text.n));
    } else {
        pl_buf_byte(&c->out, 0xfe);
        pl_buf_byte(&c->out, (uint8_t)(text.n >> 8));
        pl_buf_byte(&c->out, (uint8_t)text.n);
    }
    pl_buf_u32(&c->out, 0);
    pl_buf_str(&c->out, text);
    flush(c);
}

static void pong(struct conn *c, struct pl_str text) {
    pl_buf_byte(&c->out, 0x8a);
    pl_buf_byte(&c->out, (uint8_t)(0x80 | text.n));
    pl_buf_u32(&c->out, 0);
    pl_buf_str(&c->out, text);
    flush(c);
}

static void shake(struct conn *c) {
    pl_buf_printf(&c->out,
                  "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\n"
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
                  "Sec-WebSocket-Protocol: %s\r\n\r\n",
                  c->l->o.port, c->l->o.echo ? "echo" : "parlance.v1");
    c->stage = SHAKING;
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
    flush(c);
}

/* ---- in ---- */

static void drop(struct conn *c, size_t n) {
    memmove(c->in.p, c->in.p + n, c->in.n - n);
    c->in.n -= n;
}

static void shaken(struct conn *c) {
    size_t end = pl_str_find(pl_buf_slice(&c->in), PL_STR("\r\n\r\n"));
    if (end == SIZE_MAX) return;
    if (!pl_str_starts(pl_buf_slice(&c->in), PL_STR("HTTP/1.1 101"))) {
        load_break(c, "handshake refused");
        return;
    }
    drop(c, end + 4);
    load_shaken(c);
}

/* The first frame of `in`: its length with the header, 0 while it is not whole. */
static size_t frame(const struct conn *c, int *opcode, struct pl_str *payload) {
    const uint8_t *p = (const uint8_t *)c->in.p;
    if (c->in.n < 2) return 0;
    size_t n = p[1] & 0x7f, head = 2, wide = n == 126 ? 2 : n == 127 ? 8 : 0;
    if (c->in.n < head + wide) return 0;
    if (wide > 0) n = 0;
    for (size_t i = 0; i < wide; i++) n = n << 8 | p[2 + i];
    head += wide;
    if (c->in.n - head < n) return 0;
    *opcode = p[0] & 0x0f;
    *payload = (struct pl_str){c->in.p + head, n};
    return head + n;
}

static void frames(struct conn *c) {
    int opcode;
    struct pl_str payload;
    size_t n;
    while (c->stage != BROKEN && (n = frame(c, &opcode, &payload)) > 0) {
        if (opcode == 1) load_message(c, payload);
        if (opcode == 9) pong(c, payload);
        if (opcode == 8) {
            load_break(c, "closed by the server");
            return;
        }
        drop(c, n);
    }
}

static void receive(struct conn *c) {
    char piece[16384];
    ssize_t n = recv(c->fd, piece, sizeof piece, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        load_break(c, n == 0 ? "connection ended" : "receive failed");
        return;
    }
    pl_buf_add(&c->in, piece, (size_t)n);
    if (c->stage == SHAKING) shaken(c);
    if (c->stage == OPENING || c->stage == READY) frames(c);
}

void load_ready(struct conn *c, uint32_t events) {
    if (c->stage == BROKEN) return;
    if (c->stage == CONNECTING && (events & EPOLLOUT) != 0) {
        shake(c);
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        watch(c, EPOLL_CTL_MOD, EPOLLIN);
        flush(c);
    }
    if (c->stage != BROKEN && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(c);
}
