/* SPDX-License-Identifier: Apache-2.0
 *
 * The WebSocket that carries a connection, on a socket of our own: frames are read where they were
 * received and written in one call, so that a message costs little more than its two calls of the
 * system, and a quiet connection little more than its struct.
 *
 *   open --bye, close frame--> said --close frame or end of the other side, or 5 s--> gone
 *   open --close frame of the other side, ours--> gone
 *   open --bytes that are no frames--> said, deaf --as above, or too much came--> gone
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/gateway/gateway_priv.h"

#define JUNK_MOST 262144 /* bytes read for nothing before we hang up on somebody */
#define SEND_MOST 65536  /* bytes, doubled by the system, that it keeps for who does not read */

struct pl_gateway__ws {
    struct pl_gateway__conn conn;
    struct pl_fd fd;
    struct pl_buf rest; /* of a frame that has not come whole */
    struct pl_buf out;  /* of what was written, what the socket has not taken */
    struct pl_buf in;   /* of a message in pieces, those that came */
    uint32_t pieces;
    bool said; /* our close frame */
    bool deaf; /* nothing that still comes means anything */
    size_t junk;
    int64_t in_since_us; /* the message that is under way */
    int64_t pinged_us;
};

static struct pl_gateway__ws *ws_of(struct pl_gateway__conn *c) {
    return (struct pl_gateway__ws *)c; /* its first member */
}

/* ---- bytes out ---- */

static void watch(struct pl_gateway__ws *w, int events) {
    pl_fd_start(w->conn.g->c.loop, &w->fd, w->fd.fd, events);
}

/* What the socket does not take is kept. False: it is broken. */
static bool put(struct pl_gateway__ws *w, const void *p, size_t n) {
    size_t sent = 0;
    if (w->out.n == 0) {
        ssize_t k = send(w->fd.fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && errno != EAGAIN && errno != EINTR) return false;
        sent = k > 0 ? (size_t)k : 0;
    }
    if (sent == n) return true;
    pl_buf_add(&w->out, (const char *)p + sent, n - sent);
    watch(w, PL_READ | PL_WRITE);
    return !w->out.failed;
}

static bool put_kept(struct pl_gateway__ws *w) {
    ssize_t k = send(w->fd.fd, w->out.p, w->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (k < 0) return errno == EAGAIN || errno == EINTR;
    memmove(w->out.p, w->out.p + k, w->out.n - (size_t)k);
    w->out.n -= (size_t)k;
    if (w->out.n == 0) pl_buf_free(&w->out);
    return true;
}

static bool put_control(struct pl_gateway__ws *w, enum pl_gateway__opcode opcode,
                        struct pl_str payload) {
    uint8_t frame[10 + 125];
    size_t head = pl_gateway__frame_head(opcode, payload.n, frame);
    if (payload.n > 0) memcpy(frame + head, payload.p, payload.n);
    return put(w, frame, head + payload.n);
}

static bool say_close(struct pl_gateway__ws *w, int code) {
    const char payload[2] = {(char)(code >> 8), (char)code};
    w->said = true;
    return put_control(w, PL_GATEWAY__CLOSE, (struct pl_str){payload, sizeof payload});
}

/* ---- as a transport ---- */

static bool write_text(struct pl_gateway__conn *c, char *text, size_t n) {
    uint8_t head[10];
    size_t k = pl_gateway__frame_head(PL_GATEWAY__TEXT, n, head);
    memcpy(text - k, head, k); /* into the room before it */
    return put(ws_of(c), text - k, k + n);
}

static void end(struct pl_gateway__conn *c) {
    if (!say_close(ws_of(c), c->code)) pl_gateway__kill(c);
}

static bool may_write(const struct pl_gateway__conn *c) {
    const struct pl_gateway__ws *w = (const struct pl_gateway__ws *)c;
    return w->out.n == 0 && !w->said;
}

static void wake(struct pl_gateway__conn *c) {
    if (!ws_of(c)->said) watch(ws_of(c), PL_READ | PL_WRITE);
}

static void hang_up(struct pl_gateway__conn *c) {
    struct pl_gateway__ws *w = ws_of(c);
    struct pl_gateway *g = c->g;
    struct pl_gateway__peer *peer = c->peer;
    pl_fd_stop(&w->fd);
    close(w->fd.fd);
    pl_gateway__end(c);
    pl_gateway__peer_leave(g, peer);
    pl_buf_free(&w->rest);
    pl_buf_free(&w->out);
    pl_buf_free(&w->in);
    free(w);
}

static void too_big(struct pl_gateway__ws *w) {
    pl_gateway__refuse(&w->conn, PL_CODE_TOO_BIG, PL_STR(""), (struct pl_cid){0});
    pl_gateway__close(&w->conn, PL_CODE_TOO_BIG, 0, PL_CLOSE_TOO_BIG);
    w->deaf = true;
}

/* The other side is asked for a sign of life when it has been quiet. */
static void beat(struct pl_gateway__ws *w, int64_t now_us) {
    struct pl_gateway__conn *c = &w->conn;
    int64_t quiet = now_us - c->heard_us, beat_us = c->g->c.heartbeat_ms * 1000;
    if (quiet > beat_us + c->g->c.pong_wait_ms * 1000) {
        pl_gateway__kill(c);
    } else if (quiet > beat_us && w->pinged_us <= c->heard_us) {
        w->pinged_us = now_us;
        if (w->out.n == 0 && !put_control(w, PL_GATEWAY__PING, PL_STR(""))) pl_gateway__kill(c);
    }
}

static void look(struct pl_gateway__conn *c, int64_t now_us) {
    struct pl_gateway__ws *w = ws_of(c);
    bool reading = w->pieces > 0 || w->rest.n > 0;
    if (reading && now_us - w->in_since_us > c->g->c.message_wait_ms * 1000)
        too_big(w);
    else
        beat(w, now_us);
}

static const struct pl_gateway__transport transport = {look,      write_text, end,
                                                       may_write, wake,       hang_up};

/* ---- frames in ---- */

/* What came breaks the rules of WebSocket: nothing that follows can be trusted. */
static void fail(struct pl_gateway__ws *w, int code) {
    struct pl_gateway__conn *c = &w->conn;
    w->deaf = true;
    pl_gateway__count(c->g, PL_GATEWAY_broken_frames, 1);
    pl_gateway__shut(c, code);
    wake(c);
}

static void closes(struct pl_gateway__ws *w, struct pl_str payload) {
    int code = pl_gateway__frame_closes(payload);
    w->deaf = true;
    bool over = w->said || !say_close(w, code) || w->out.n == 0;
    if (over)
        pl_gateway__kill(&w->conn);
    else
        pl_gateway__shut(&w->conn, code); /* the rest of it is still to be written */
}

/* Of a flood only so many are answered as there may be frames; who reads none gets none. */
static void ping(struct pl_gateway__ws *w, struct pl_str payload) {
    if (w->said || w->out.n > 0) return;
    if (!put_control(w, PL_GATEWAY__PONG, payload)) pl_gateway__kill(&w->conn);
}

static void control(struct pl_gateway__ws *w, const struct pl_gateway__frame *f, int64_t now_us) {
    struct pl_gateway__conn *c = &w->conn;
    if (f->opcode == PL_GATEWAY__CLOSE) {
        closes(w, f->payload);
    } else if (pl_bucket_take(&c->frames, 1, now_us) > 0) {
        pl_gateway__count(c->g, PL_GATEWAY_rate_limited, 1);
        pl_gateway__close(c, PL_CODE_RATE_LIMITED, 60000, PL_CLOSE_RATE_LIMITED);
    } else if (f->opcode == PL_GATEWAY__PING) {
        ping(w, f->payload);
    }
}

static void message(struct pl_gateway__ws *w, struct pl_str text) {
    if (pl_utf8_valid(text))
        pl_gateway__message(&w->conn, text);
    else
        fail(w, PL_CLOSE_BAD_UTF8);
}

/* One piece of a message: a whole one is read where it lies, others are put together first. */
static void data(struct pl_gateway__ws *w, const struct pl_gateway__frame *f, int64_t now_us) {
    bool goes_on = f->opcode == PL_GATEWAY__CONTINUATION;
    if (goes_on != (w->pieces > 0)) {
        fail(w, PL_CLOSE_PROTOCOL);
    } else if (f->opcode == PL_GATEWAY__BINARY) {
        w->deaf = true;
        pl_gateway__close(&w->conn, PL_CODE_MALFORMED, 0, PL_CLOSE_NOT_TEXT);
    } else if (!goes_on && f->final) {
        message(w, f->payload);
    } else {
        if (w->pieces++ == 0) w->in_since_us = now_us;
        pl_buf_str(&w->in, f->payload);
        if (w->in.n > PL_PROTOCOL_MAX_BYTES || w->pieces > PL_GATEWAY__PIECES || w->in.failed) {
            too_big(w);
        } else if (f->final) {
            w->pieces = 0;
            message(w, pl_buf_slice(&w->in));
            pl_buf_free(&w->in);
        }
    }
}

/* Gives how many bytes are done with. */
static size_t take_frames(struct pl_gateway__ws *w, uint8_t *p, size_t n, int64_t now_us) {
    struct pl_gateway__frame f;
    size_t at = 0;
    while (!w->deaf && !w->conn.dead) {
        enum pl_gateway__found found = pl_gateway__frame_read(p + at, n - at, &f);
        if (found == PL_GATEWAY__PART) return at;
        if (found == PL_GATEWAY__WRONG) {
            fail(w, PL_CLOSE_PROTOCOL);
        } else if (found == PL_GATEWAY__LARGE) {
            too_big(w);
        } else {
            at += f.whole;
            if (f.opcode >= PL_GATEWAY__CLOSE)
                control(w, &f, now_us);
            else if (w->conn.state != CLOSING)
                data(w, &f, now_us);
        }
    }
    w->junk += n - at;
    if (w->junk > JUNK_MOST) pl_gateway__kill(&w->conn);
    return n;
}

/* The beginning of a frame is kept until the rest of it comes. */
static void take_bytes(struct pl_gateway__ws *w, uint8_t *p, size_t n) {
    int64_t now_us = pl_loop_now_us(w->conn.g->c.loop);
    w->conn.heard_us = now_us;
    if (w->rest.n == 0) {
        size_t at = take_frames(w, p, n, now_us);
        if (at < n && w->pieces == 0) w->in_since_us = now_us;
        if (at < n) pl_buf_add(&w->rest, p + at, n - at);
    } else {
        pl_buf_add(&w->rest, p, n);
        size_t at = w->rest.failed ? n : take_frames(w, (uint8_t *)w->rest.p, w->rest.n, now_us);
        if (at > 0 && at < w->rest.n) memmove(w->rest.p, w->rest.p + at, w->rest.n - at);
        if (at > 0 && at < w->rest.n && w->pieces == 0) w->in_since_us = now_us;
        w->rest.n -= at;
        if (w->rest.n == 0) pl_buf_free(&w->rest);
    }
    if (w->rest.failed) pl_gateway__kill(&w->conn);
}

/* ---- the socket ---- */

static void readable(struct pl_gateway__ws *w) {
    struct pl_gateway *g = w->conn.g;
    ssize_t n = recv(w->fd.fd, g->rx, PL_GATEWAY__RX, MSG_DONTWAIT);
    if (n > 0)
        take_bytes(w, g->rx, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        pl_gateway__kill(&w->conn);
}

static void writeable(struct pl_gateway__ws *w) {
    struct pl_gateway__conn *c = &w->conn;
    if (w->out.n > 0 && !put_kept(w)) {
        pl_gateway__kill(c);
        return;
    }
    while (w->out.n == 0 && !w->said && !c->dead && (c->first != NULL || c->state == CLOSING))
        if (pl_gateway__writeable(c) != 0 && !w->said) pl_gateway__kill(c);
    if (w->out.n == 0 && !c->dead) watch(w, PL_READ);
}

static void on_ready(struct pl_fd *fd, int ready) {
    struct pl_gateway__ws *w = fd->ctx;
    if (w->conn.dead) return; /* until the end of this round */
    if (ready & PL_WRITE) writeable(w);
    if (ready & PL_READ && !w->conn.dead) readable(w);
}

bool pl_gateway__ws_begin(struct pl_gateway *g, int fd, struct pl_gateway__peer *peer,
                          struct pl_str yes) {
    struct pl_gateway__ws *w = calloc(1, sizeof *w);
    if (w == NULL) return false;
    w->fd = (struct pl_fd){.fn = on_ready, .ctx = w, .fd = fd};
    pl_gateway__begin(g, &w->conn, peer, &transport);
    /* Unacknowledged bytes for this long mean that nobody is there any more. */
    unsigned dead_ms = (unsigned)(g->c.heartbeat_ms + g->c.pong_wait_ms);
    int most = SEND_MOST; /* else up to 4 MiB of a slow reader's would lie in the kernel */
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof dead_ms);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
    watch(w, PL_READ);
    if (!put(w, yes.p, yes.n)) pl_gateway__kill(&w->conn);
    return true;
}
