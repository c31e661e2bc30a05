/* SPDX-License-Identifier: Apache-2.0
 *
 * A plain HTTP/1.1 server on poll(2): keep-alive, one request at a time a connection, replies that
 * can be held back or replaced by a closed connection. For a demo shop, not for the internet.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shop_priv.h"

enum { CONNECTIONS = 1000, HEAD_MAX = 16 * 1024, BODY_MAX = 256 * 1024 };

struct connection {
    int fd;
    struct pl_buf in, out;
    size_t out_at;
    int64_t hold_us; /* when the reply in `out` may leave; 0: now */
    bool closing;    /* after `out` */
};

struct server {
    struct shop *shop;
    int listener, signals;
    struct connection connections[CONNECTIONS];
    size_t n;
};

static int64_t now_us(const struct server *s) {
    return s->shop->clock.mono_us(s->shop->clock.ctx);
}

/* ---- a request ---- */

/* The value of a header, in the block between request line and empty line. */
static struct pl_str header_of(struct pl_str head, const char *name) {
    size_t n = strlen(name);
    while (head.n) {
        size_t end = pl_str_find(head, PL_STR("\r\n"));
        if (end == SIZE_MAX) end = head.n;
        if (end > n && head.p[n] == ':' && strncasecmp(head.p, name, n) == 0)
            return pl_str_trim((struct pl_str){head.p + n + 1, end - n - 1});
        size_t used = end + 2 < head.n ? end + 2 : head.n;
        head = (struct pl_str){head.p + used, head.n - used};
    }
    return (struct pl_str){"", 0};
}

static bool request_line(struct pl_str line, struct shop_request *r) {
    const char *space = memchr(line.p, ' ', line.n);
    const char *last = memrchr(line.p, ' ', line.n);
    if (!space || space == last) return false;
    r->method = (struct pl_str){line.p, (size_t)(space - line.p)};
    r->path = (struct pl_str){space + 1, (size_t)(last - space - 1)};
    const char *query = memchr(r->path.p, '?', r->path.n);
    if (query) {
        r->query = (struct pl_str){query + 1, (size_t)(r->path.p + r->path.n - query - 1)};
        r->path.n = (size_t)(query - r->path.p);
    }
    return r->path.n > 0 && r->path.p[0] == '/';
}

/* Gives the request's bytes, 0 when it is not all there, SIZE_MAX when it is none. */
static size_t parse(struct pl_str in, struct shop_request *r) {
    size_t head = pl_str_find(in, PL_STR("\r\n\r\n"));
    if (head == SIZE_MAX) return in.n > HEAD_MAX ? SIZE_MAX : 0;
    size_t line = pl_str_find(in, PL_STR("\r\n"));
    memset(r, 0, sizeof *r);
    if (!request_line((struct pl_str){in.p, line}, r)) return SIZE_MAX;
    struct pl_str headers = {in.p + line + 2, head > line ? head - line - 2 : 0};
    struct pl_str length = header_of(headers, "Content-Length");
    int64_t body = 0;
    if (length.n && (!pl_str_i64(length, &body) || body < 0 || body > BODY_MAX)) return SIZE_MAX;
    if (header_of(headers, "Transfer-Encoding").n) return SIZE_MAX;
    if (in.n - head - 4 < (size_t)body) return 0;
    r->body = (struct pl_str){in.p + head + 4, (size_t)body};
    r->key = header_of(headers, "Idempotency-Key");
    r->keep_alive = !pl_str_is(header_of(headers, "Connection"), "close");
    return head + 4 + (size_t)body;
}

static void write_reply(struct connection *c, const struct shop_reply *reply, bool keep_alive) {
    pl_buf_printf(&c->out,
                  "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                  "Cache-Control: no-store\r\nConnection: %s\r\n\r\n",
                  reply->status, reply->status == 200 ? "OK" : "No", reply->type, reply->body.n,
                  keep_alive ? "keep-alive" : "close");
    pl_buf_str(&c->out, pl_buf_slice(&reply->body));
    if (!keep_alive) c->closing = true;
}

static void take_requests(struct server *s, struct connection *c) {
    while (c->out.n == 0 && c->in.n > 0 && !c->closing) {
        struct shop_request r;
        struct shop_reply reply = {0};
        struct shop_manner manner = {0};
        size_t used = parse(pl_buf_slice(&c->in), &r);
        if (used == 0) return;
        if (used == SIZE_MAX) {
            shop_error(&reply, 400, "not a request that this server reads");
            write_reply(c, &reply, false);
        } else {
            shop_answer(s->shop, &r, &reply, &manner);
            if (manner.drop)
                c->closing = true;
            else
                write_reply(c, &reply, r.keep_alive);
            if (manner.delay_ms) c->hold_us = now_us(s) + (int64_t)manner.delay_ms * 1000;
            memmove(c->in.p, c->in.p + used, c->in.n - used);
            c->in.n -= used;
        }
        pl_buf_free(&reply.body);
    }
}

/* ---- connections ---- */

static void drop(struct server *s, size_t i) {
    struct connection *c = &s->connections[i];
    close(c->fd);
    pl_buf_free(&c->in);
    pl_buf_free(&c->out);
    *c = s->connections[--s->n];
}

/* False: it is over. */
static bool read_some(struct connection *c) {
    if (!pl_buf_reserve(&c->in, 16 * 1024) || c->in.n > HEAD_MAX + BODY_MAX) return false;
    ssize_t n = read(c->fd, c->in.p + c->in.n, c->in.cap - c->in.n);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    c->in.n += (size_t)n;
    return n > 0;
}

static bool write_some(struct server *s, struct connection *c) {
    if (c->hold_us > now_us(s)) return true;
    c->hold_us = 0;
    while (c->out_at < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->out_at, c->out.n - c->out_at, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        c->out_at += (size_t)n;
    }
    pl_buf_clear(&c->out);
    c->out_at = 0;
    return !c->closing;
}

static bool turn(struct server *s, struct connection *c, short ready) {
    if ((ready & (POLLIN | POLLHUP | POLLERR)) && !read_some(c)) return false;
    size_t before;
    do { /* as long as whole requests lie there and their replies get out */
        before = c->in.n;
        take_requests(s, c);
        if (!write_some(s, c)) return false;
    } while (c->in.n != before && c->out.n == 0 && c->hold_us == 0);
    return true;
}

static void take_connection(struct server *s) {
    int on = 1, fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s->connections[s->n++] = (struct connection){.fd = fd};
}

/* ---- the loop ---- */

static int fill_polls(struct server *s, struct pollfd *polls) {
    int64_t now = now_us(s), wait = -1;
    polls[0] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    polls[1] = (struct pollfd){.fd = s->n < CONNECTIONS ? s->listener : -1, .events = POLLIN};
    for (size_t i = 0; i < s->n; i++) {
        struct connection *c = &s->connections[i];
        bool held = c->hold_us > now;
        if (held && (wait < 0 || c->hold_us - now < wait)) wait = c->hold_us - now;
        bool ready = c->out.n > 0 || c->closing;
        polls[i + 2] = (struct pollfd){.fd = c->fd, .events = held ? 0 : ready ? POLLOUT : POLLIN};
    }
    return wait < 0 ? -1 : (int)((wait + 999) / 1000);
}

static void serve(struct server *s) {
    static const size_t most = CONNECTIONS + 2;
    struct pollfd *polls = calloc(most, sizeof *polls);
    pl_assert(polls);
    for (;;) {
        size_t n = s->n;
        int wait = fill_polls(s, polls);
        if (poll(polls, (nfds_t)n + 2, wait) < 0 && errno != EINTR) break;
        if (polls[0].revents) break;
        for (size_t i = n; i-- > 0;) { /* downwards: dropping moves the last one here */
            bool due = s->connections[i].hold_us && s->connections[i].hold_us <= now_us(s);
            if ((polls[i + 2].revents || due) && !turn(s, &s->connections[i], polls[i + 2].revents))
                drop(s, i);
        }
        if (polls[1].revents) take_connection(s);
    }
    free(polls);
    while (s->n) drop(s, s->n - 1);
}

static int listen_on(const char *host, int *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    socklen_t size = sizeof at;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (inet_pton(AF_INET, host, &at.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

enum pl_err shop_serve(struct shop *shop, const char *host, int port) {
    struct server *s = calloc(1, sizeof *s);
    if (!s) return PL_NOMEM;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    s->shop = shop;
    s->signals = signalfd(-1, &stop, SFD_CLOEXEC);
    s->listener = listen_on(host, &port);
    enum pl_err err = s->listener < 0 || s->signals < 0 ? PL_IO : PL_OK;
    if (!err) {
        snprintf(shop->base, sizeof shop->base, "http://%s:%d", host, port);
        printf("demo shop: %s\n", shop->base);
        fflush(stdout);
        serve(s);
    }
    if (s->listener >= 0) close(s->listener);
    if (s->signals >= 0) close(s->signals);
    free(s);
    return err;
}
