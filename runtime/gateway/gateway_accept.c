/* SPDX-License-Identifier: Apache-2.0
 *
 * The port that customers come to. A socket is ours until the head of its first request is there;
 * then it becomes a WebSocket, or libwebsockets reads it as HTTP. Until then it is only looked at:
 * half a request costs a small struct, whatever its sender is up to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/gateway/gateway_priv.h"

#define AT_ONCE   64   /* sockets accepted in one go */
#define HEAD_MOST 8192 /* bytes before the end of a head */
#define BACKLOG   4096

struct pl_gateway__knock {
    struct pl_gateway *g;
    struct pl_fd fd;
    struct pl_gateway__knock *prev, *next; /* the newest first */
    struct pl_gateway__peer *peer;
    int64_t since_us;
    size_t seen; /* bytes; it is ready only when there are more, or the other side is gone */
};

/* ---- sockets that knock ---- */

/* It is somebody else's now, or gone: fd and peer are not touched. */
static void forget(struct pl_gateway__knock *k) {
    struct pl_gateway *g = k->g;
    pl_fd_stop(&k->fd);
    *(k->prev != NULL ? &k->prev->next : &g->knocks) = k->next;
    *(k->next != NULL ? &k->next->prev : &g->oldest_knock) = k->prev;
    g->nknocks--;
    free(k);
}

static void turn_away(struct pl_gateway__knock *k) {
    close(k->fd.fd);
    pl_gateway__peer_leave(k->g, k->peer);
    forget(k);
}

void pl_gateway__knocks_sweep(struct pl_gateway *g, int64_t now_us) {
    while (g->oldest_knock != NULL && now_us - g->oldest_knock->since_us > g->c.open_wait_ms * 1000)
        turn_away(g->oldest_knock);
}

/* Who has said nothing for longest goes first: silence keeps nobody out. */
static bool make_room(struct pl_gateway *g) {
    if (g->oldest_knock == NULL) return false;
    pl_gateway__count(g, PL_GATEWAY_refused, 1);
    turn_away(g->oldest_knock);
    return true;
}

/* ---- what they want ---- */

static void answer(struct pl_gateway__knock *k, struct pl_gateway__http *a) {
    struct pl_buf b = {0};
    pl_gateway__count(k->g, PL_GATEWAY_refused, 1);
    pl_buf_printf(&b, "HTTP/1.1 %d %s\r\nconnection: close\r\ncontent-type: %s\r\n", a->status,
                  a->status == 426 ? "Upgrade Required" : "Refused", a->type);
    if (a->status == 426) pl_buf_c(&b, "sec-websocket-version: 13\r\n");
    if (a->retry_after_s > 0)
        pl_buf_printf(&b, "retry-after: %lld\r\n", (long long)a->retry_after_s);
    pl_buf_printf(&b, "content-length: %zu\r\n\r\n", a->body.n);
    pl_buf_str(&b, pl_buf_slice(&a->body));
    send(k->fd.fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT); /* who does not take it loses nothing */
    pl_buf_free(&b);
    pl_buf_free(&a->body);
    turn_away(k);
}

/* A socket is ready as soon as it has more than this. */
static void wait_for_more(struct pl_gateway__knock *k, size_t seen) {
    int more = (int)seen + 1;
    setsockopt(k->fd.fd, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof more);
    k->seen = seen;
}

static void upgrade(struct pl_gateway__knock *k, struct pl_str head) {
    struct pl_gateway__http a = {0};
    struct pl_buf yes = {0};
    struct pl_gateway *g = k->g;
    struct pl_gateway__peer *peer = k->peer;
    int fd = k->fd.fd;
    bool taken = recv(fd, g->rx, head.n, MSG_DONTWAIT) == (ssize_t)head.n; /* the same again */
    if (!taken || !pl_gateway__shake(g, peer, head, &yes, &a)) {
        answer(k, &a);
        return;
    }
    forget(k);
    if (!pl_gateway__ws_begin(g, fd, peer, pl_buf_slice(&yes))) {
        close(fd);
        pl_gateway__peer_leave(g, peer);
    }
    pl_buf_free(&yes);
}

/* What it said is taken first: an answer to what nobody has read is lost. */
static void refuse(struct pl_gateway__knock *k, size_t head, struct pl_gateway__http *a) {
    (void)recv(k->fd.fd, k->g->rx, head, MSG_DONTWAIT);
    answer(k, a);
}

static void hand_over(struct pl_gateway__knock *k) {
    struct pl_gateway *g = k->g;
    int fd = k->fd.fd;
    g->adopting = k->peer; /* taken when libwebsockets says that it has the socket */
    forget(k);
    lws_adopt_socket_vhost(g->pages, fd);
    if (g->adopting != NULL) pl_gateway__peer_leave(g, g->adopting); /* it had no use for it */
    g->adopting = NULL;
}

/* What is there so far. */
static void come_in(struct pl_gateway__knock *k, struct pl_str seen) {
    size_t end = pl_str_find(seen, PL_STR("\r\n\r\n"));
    bool whole = end != SIZE_MAX && end + 4 <= HEAD_MOST;
    if (!whole && seen.n < HEAD_MOST) {
        wait_for_more(k, seen.n);
        return;
    }
    if (!whole) {
        struct pl_gateway__http a = {0};
        pl_gateway__http_error(&a, 431, "head", "the head of the request is too long");
        answer(k, &a);
        return;
    }
    if (k->seen > 0) wait_for_more(k, 0);
    struct pl_str head = {seen.p, end + 4};
    struct pl_gateway__http no = {0};
    if (k->g->c.local_only && !pl_gateway__local(k->g, head, &no))
        refuse(k, head.n, &no);
    else if (pl_gateway__upgrades(head))
        upgrade(k, head);
    else
        hand_over(k);
}

static void on_ready(struct pl_fd *w, int ready) {
    struct pl_gateway__knock *k = w->ctx;
    uint8_t *rx = k->g->rx;
    (void)ready;
    ssize_t n = recv(w->fd, rx, HEAD_MOST, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0 || (size_t)n == k->seen)
        turn_away(k);
    else
        come_in(k, (struct pl_str){(const char *)rx, (size_t)n});
}

/* ---- accepting ---- */

static void knock(struct pl_gateway *g, int fd, const struct pl_peer *key) {
    struct pl_gateway__knock *k = calloc(1, sizeof *k);
    int on = 1;
    pl_assert(k != NULL);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *k = (struct pl_gateway__knock){.g = g,
                                    .fd = {.fn = on_ready, .ctx = k, .fd = fd},
                                    .peer = pl_gateway__peer_join(g, key),
                                    .next = g->knocks,
                                    .since_us = pl_loop_now_us(g->c.loop)};
    *(k->next != NULL ? &k->next->prev : &g->oldest_knock) = k;
    g->knocks = k;
    g->nknocks++;
    pl_fd_start(g->c.loop, &k->fd, fd, PL_READ);
}

static bool may_knock(struct pl_gateway *g, const struct pl_peer *key) {
    const struct pl_gateway__peer *peer = pl_gateway__peer(g, key);
    if (peer != NULL && peer->sockets >= g->c.max_connections_per_ip + PL_GATEWAY__SPARE)
        return false;
    return (int64_t)(g->nknocks + g->nconns) < g->c.max_connections + PL_GATEWAY__SPARE ||
           make_room(g);
}

static void on_accept(struct pl_fd *w, int ready) {
    struct pl_gateway *g = w->ctx;
    struct sockaddr_storage from;
    (void)ready;
    for (int i = 0; i < AT_ONCE; i++) {
        socklen_t size = sizeof from;
        int fd = accept4(w->fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            if (make_room(g)) continue;
            pl_fd_stop(w); /* the next sweep tries again */
            return;
        }
        if (fd < 0) return;
        struct pl_peer key = pl_peer_of((const struct sockaddr *)&from);
        if (may_knock(g, &key)) {
            knock(g, fd, &key);
        } else {
            pl_gateway__count(g, PL_GATEWAY_refused, 1);
            close(fd);
        }
    }
}

void pl_gateway__accept_again(struct pl_gateway *g) {
    pl_fd_start(g->c.loop, &g->listener, g->listener.fd, PL_READ);
}

static enum pl_err why_not(int error) {
    return error == EADDRINUSE      ? PL_EXISTS
           : error == EACCES        ? PL_DENIED
           : error == EADDRNOTAVAIL ? PL_NOT_FOUND
                                    : PL_IO;
}

static enum pl_err bind_to(int fd, const struct sockaddr *at, socklen_t size) {
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, at, size) != 0 || listen(fd, BACKLOG) != 0) return why_not(errno);
    return PL_OK;
}

enum pl_err pl_gateway__accept(struct pl_gateway *g, const char *host, int port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool six = inet_pton(AF_INET6, host, &v6.sin6_addr) == 1;
    if (!six && inet_pton(AF_INET, host, &v4.sin_addr) != 1) return PL_NOT_FOUND;
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return PL_IO;
    enum pl_err err = six ? bind_to(fd, (struct sockaddr *)&v6, sizeof v6)
                          : bind_to(fd, (struct sockaddr *)&v4, sizeof v4);
    socklen_t size = six ? sizeof v6 : sizeof v4;
    struct sockaddr *at = six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    if (err == PL_OK && getsockname(fd, at, &size) != 0) err = PL_IO;
    if (err != PL_OK) {
        close(fd);
        return err;
    }
    g->port = ntohs(six ? v6.sin6_port : v4.sin_port);
    g->listener = (struct pl_fd){.fn = on_accept, .ctx = g, .fd = fd};
    pl_fd_start(g->c.loop, &g->listener, fd, PL_READ);
    return PL_OK;
}

void pl_gateway__accept_end(struct pl_gateway *g) {
    while (g->knocks != NULL) turn_away(g->knocks);
    if (g->listener.ctx == NULL) return;
    pl_fd_stop(&g->listener);
    close(g->listener.fd);
}
