/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients that want to hurt, beside an honest one: frames that break the rules get the right close
 * code, who is slow or says nothing is hung up on in time, and none of it costs much memory or
 * keeps anybody out.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/net/net.h"

#define OPEN_MS    1000 /* as the server is told: for a head to come, and then an open */
#define MESSAGE_MS 500  /* for a message in pieces */
#define BEAT_MS    1000
#define PONG_MS    3000
#define BYE_MS     5000 /* that the server waits for an answer to its close frame */
#define SLACK_MS   3000 /* for a busy machine */
#define HONEST_MS  5000 /* the longest that an honest customer waits */
#define HEAD_KIB   4    /* of memory for a request that does not come */
#define SOCKET_KIB 16   /* ... for a conversation that nobody reads */

static const char *const opening =
    "{\"t\":\"open\",\"token\":null,\"locale\":\"en-US\",\"resume\":null,\"epoch\":null,\"seq\":0}";

/* ---- the honest one ---- */

struct honest {
    struct talk t;
    int64_t worst_ms;
};

static void serves(struct honest *h) {
    int64_t begun = now_ms();
    talk_ask(&h->t, "hello", HONEST_MS);
    if (h->t.wrong[0])
        DIE("an honest customer: %s (on: %d, %s %s)", h->t.wrong, h->t.on, h->t.error, h->t.bye);
    if (now_ms() - begun > h->worst_ms) h->worst_ms = now_ms() - begun;
}

/* Often enough for the pings to be answered, too. */
static void now_and_then(struct honest *h, size_t i) {
    if (i % 20 == 19) serves(h);
}

static void arrive(struct honest *h, struct site *s, uint64_t instance) {
    *h = (struct honest){.worst_ms = 0};
    talk_begin(&h->t, instance, "en-US");
    if (!talk_connect(&h->t, s->server.port) || !talk_event(&h->t, 1, HONEST_MS))
        DIE("an honest customer is not let in");
    serves(h);
}

static void go(struct honest *h, struct site *s) {
    talk_check(&h->t);
    talk_reread(&h->t, s->server.port);
    if (h->t.wrong[0]) DIE("an honest customer: %s", h->t.wrong);
    talk_end(&h->t);
}

/* ---- frames that break the rules ---- */

/* A piece of at most 64 KiB, whose mask changes nothing. */
static void add_piece(struct pl_buf *b, int opcode, bool final, const char *p, size_t n) {
    pl_buf_byte(b, (uint8_t)((final ? 0x80 : 0) | opcode));
    pl_buf_byte(b, n < 126 ? (uint8_t)(0x80 | n) : 0xfe);
    if (n >= 126) pl_buf_byte(b, (uint8_t)(n >> 8));
    if (n >= 126) pl_buf_byte(b, (uint8_t)n);
    pl_buf_add(b, "\0\0\0", 4);
    pl_buf_add(b, p, n);
}

/* As many pieces of a byte as there are bytes. */
static void in_bytes(struct client *c, const char *text, size_t n) {
    struct pl_buf b = {0};
    for (size_t i = 0; i < n; i++) add_piece(&b, i ? 0 : 1, i + 1 == n, text + i, 1);
    client_raw(c, b.p, b.n);
    pl_buf_free(&b);
}

static void one_byte_pieces(struct client *c) {
    char text[600];
    struct pl_str ready;
    in_bytes(c, opening, strlen(opening)); /* as many as a message may have: they are one */
    if (!client_until(c, "\"t\":\"ready\"", &ready)) DIE("a message in pieces is not understood");
    memset(text, 'x', sizeof text);
    in_bytes(c, text, sizeof text);
}

static void endless(struct client *c, size_t n) {
    char piece[1024];
    struct pl_buf b = {0};
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 600; i++) add_piece(&b, i ? 0 : 1, false, piece, n);
    client_raw(c, b.p, b.n);
    pl_buf_free(&b);
}

static void endless_empty(struct client *c) {
    endless(c, 0);
}

static void endless_large(struct client *c) {
    endless(c, 1024);
}

static void unfinished(struct client *c) {
    client_frame(c, 1, false, "{", 1);
}

static void half_a_frame(struct client *c) {
    client_raw(c, "\x81\xfe\x10", 3);
}

static void unmasked(struct client *c) {
    client_raw(c, "\x81\x02{}", 4);
}

static void bad_utf8(struct client *c) {
    client_frame(c, 1, true, "{\"t\":\"\xed\xa0\x80\"}", 11);
}

static void bad_utf8_between(struct client *c) {
    client_frame(c, 1, false, "\xe2\x82", 2);
    client_frame(c, 0, true, "\x41", 1);
}

static void nonsense(struct client *c) {
    for (int i = 0; i < 60; i++) client_frame(c, 1, true, "{}", 2);
}

static const struct {
    const char *name;
    void (*send)(struct client *c);
    int code;
} attacks[] = {
    {"a message in 600 pieces of a byte", one_byte_pieces, 4509},
    {"pieces of nothing without end", endless_empty, 4509},
    {"pieces of 1 KiB without end", endless_large, 4509},
    {"a message that is never finished", unfinished, 4509},
    {"a frame that is never finished", half_a_frame, 4509},
    {"no mask", unmasked, 1002},
    {"invalid UTF-8", bad_utf8, 1007},
    {"invalid UTF-8 over two pieces", bad_utf8_between, 1007},
    {"60 messages that mean nothing", nonsense, 4500},
};

/* So many at once of each kind; each must be told why it is closed. */
static void break_rules(struct site *s, struct honest *h, size_t times) {
    struct client *v = calloc(times, sizeof *v);
    pl_assert(v);
    for (size_t k = 0; k < PL_LEN(attacks); k++) {
        for (size_t i = 0; i < times; i++) {
            if (!client_connect(&v[i], s->server.port)) DIE("no connection");
            v[i].wait_ms = MESSAGE_MS + SLACK_MS;
            attacks[k].send(&v[i]);
            now_and_then(h, i);
        }
        serves(h);
        for (size_t i = 0; i < times; i++) {
            now_and_then(h, i);
            int code = client_closed(&v[i]);
            if (code != attacks[k].code)
                DIE("%s: closed with %d, not %d", attacks[k].name, code, attacks[k].code);
            client_close(&v[i]);
        }
    }
    free(v);
}

/* ---- many sockets that do not get on ---- */

/* Blocking in nothing; -1: not taken. */
static int plain_socket(int port) {
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(0x7f000001)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

static bool is_closed(int fd) {
    char piece[4096];
    ssize_t n;
    while ((n = recv(fd, piece, sizeof piece, MSG_DONTWAIT)) > 0) continue;
    return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static size_t close_closed(int *fds, size_t n) {
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        if (fds[i] >= 0 && is_closed(fds[i])) {
            close(fds[i]);
            fds[i] = -1;
        }
        left += fds[i] >= 0;
    }
    return left;
}

/* Until the server has hung up on all of them; each round `more` may send something. */
static void outlast(struct honest *h, int *fds, size_t n, int64_t most_ms, const char *what,
                    void (*more)(int *fds, size_t n, size_t round)) {
    int64_t begun = now_ms();
    size_t left = n;
    for (size_t round = 0; left > 0; round++) {
        if (now_ms() - begun > most_ms + SLACK_MS)
            DIE("%s: %zu of %zu are still connected after %lld ms", what, left, n,
                (long long)(now_ms() - begun));
        if (more) more(fds, n, round);
        serves(h);
        nap_ms(100);
        left = close_closed(fds, n);
    }
}

static const char head[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n";

static void next_byte(int *fds, size_t n, size_t round) {
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0) send(fds[i], &head[round % (sizeof head - 1)], 1, MSG_NOSIGNAL);
}

static size_t memory_kib(const struct site *s, size_t before_kib, size_t n, size_t most_kib,
                         bool strict, const char *what) {
    size_t now = proc_rss_kib(s->server.pid), each = n && now > before_kib ? now - before_kib : 0;
    if (strict && each > n * most_kib) DIE("%s cost %zu KiB for %zu", what, each, n);
    return each;
}

static size_t slow_heads(struct site *s, struct honest *h, size_t n, bool strict) {
    int *fds = calloc(n, sizeof *fds);
    size_t before = proc_rss_kib(s->server.pid);
    pl_assert(fds);
    for (size_t i = 0; i < n; i++)
        if ((fds[i] = plain_socket(s->server.port)) < 0) DIE("no connection");
    next_byte(fds, n, 0);
    serves(h);
    size_t grown = memory_kib(s, before, n, HEAD_KIB, strict, "slow heads");
    outlast(h, fds, n, OPEN_MS, "slow heads", next_byte);
    free(fds);
    return grown;
}

/* Some say nothing, some open a conversation and are gone, and in the long form some only shake
 * hands: their goodbye takes a while. */
static size_t half_open(struct site *s, struct honest *h, size_t n, bool full) {
    int *fds = calloc(n, sizeof *fds);
    size_t before = proc_rss_kib(s->server.pid);
    pl_assert(fds);
    for (size_t i = 0; i < n; i++) {
        struct client c = {.fd = -1};
        size_t kind = i % (full ? 3 : 2);
        if (kind == 0) {
            fds[i] = plain_socket(s->server.port);
            continue;
        }
        if (!client_connect(&c, s->server.port)) DIE("no connection");
        if (kind == 1) client_send(&c, opening);
        fds[i] = c.fd;
        c.fd = -1;
        client_close(&c);
        now_and_then(h, i);
    }
    serves(h);
    size_t grown = memory_kib(s, before, n, SOCKET_KIB, full, "half-open connections");
    outlast(h, fds, n, full ? OPEN_MS + BYE_MS : BEAT_MS + PONG_MS, "half-open", NULL);
    free(fds);
    return grown;
}

/* More than there is room for: who comes then and speaks is let in. */
static void crowd_out(struct site *s, size_t n) {
    int *fds = calloc(n, sizeof *fds);
    struct honest h;
    pl_assert(fds);
    for (size_t i = 0; i < n; i++) fds[i] = plain_socket(s->server.port);
    arrive(&h, s, 2);
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0) close(fds[i]);
    go(&h, s);
    free(fds);
}

static void serve(struct site *s, size_t connections) {
    char most[48];
    const char *options[] = {most,
                             "--max-connections-per-ip=100000",
                             "--open-wait=1s",
                             "--message-wait=500ms",
                             "--heartbeat=1s",
                             "--pong-wait=3s",
                             "--messages-per-minute=6000",
                             NULL};
    snprintf(most, sizeof most, "--max-connections=%zu", connections);
    if (s->server.pid) proc_kill(&s->server);
    site_server(s, options);
}

void hostile_run(struct site *s, const struct net_options *o) {
    struct honest h;
    size_t n = (size_t)o->sockets;
    size_t room = n * 11 / 10 + 100;
    serve(s, room);
    arrive(&h, s, 1);
    break_rules(s, &h, (size_t)o->turns);
    size_t heads = slow_heads(s, &h, n / 10, o->full);
    size_t half = half_open(s, &h, n, o->full);
    go(&h, s);
    crowd_out(s, room + n / 10);
    printf("hostile: kinds=%zu each=%ld codes=right slow_heads=%zu kib=%zu half_open=%zu kib=%zu "
           "honest_worst_ms=%lld\n",
           PL_LEN(attacks), o->turns, n / 10, heads, n, half, (long long)h.worst_ms);
    proc_kill(&s->server);
}
