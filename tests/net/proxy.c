/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/net/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/net/net.h"

static int tcp(int port, bool listens, int *got) {
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) DIE("socket: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool good = listens ? bind(fd, (struct sockaddr *)&at, n) == 0 && listen(fd, 64) == 0
                        : connect(fd, (struct sockaddr *)&at, n) == 0;
    if (good && got && getsockname(fd, (struct sockaddr *)&at, &n) == 0) *got = ntohs(at.sin_port);
    if (good) return fd;
    close(fd);
    return -1;
}

/* Every other one by a reset, as when a machine is gone. */
static void cut(struct proxy *p, struct proxy_pair *pair, bool counts) {
    struct linger at_once = {1, 0};
    unsigned n = counts ? atomic_fetch_add(&p->cuts, 1) : 0;
    for (int i = 0; i < 2; i++) {
        if (n % 2) setsockopt(pair->fd[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(pair->fd[i]);
        pair->fd[i] = -1;
    }
}

static bool pass(int to, const char *bytes, size_t n) {
    while (n > 0) {
        ssize_t k = send(to, bytes, n, MSG_NOSIGNAL);
        if (k <= 0) return false;
        bytes += k;
        n -= (size_t)k;
    }
    return true;
}

static void relay(struct proxy *p, struct proxy_pair *pair, int way) {
    char bytes[16384];
    int64_t left = atomic_load(&p->left[way]);
    size_t most = left >= 0 && left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes;
    ssize_t n = most ? recv(pair->fd[way], bytes, most, 0) : 0;
    bool good = n > 0 && pass(pair->fd[1 - way], bytes, (size_t)n);
    if (left >= 0 && n > 0) left -= n;
    bool due = left == 0;
    if (left >= 0) atomic_store(&p->left[way], due ? -1 : left);
    if (due || !good) cut(p, pair, due);
}

static void take(struct proxy *p) {
    int client = accept(p->listener, NULL, NULL), on = 1;
    struct proxy_pair *pair = p->pairs;
    while (pair < p->pairs + PROXY_PAIRS && pair->fd[0] >= 0) pair++;
    int server =
        client < 0 || pair == p->pairs + PROXY_PAIRS ? -1 : tcp(p->server_port, false, NULL);
    if (server < 0) {
        if (client >= 0) close(client);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *pair = (struct proxy_pair){{client, server}};
}

static void *run(void *ctx) {
    struct proxy *p = ctx;
    while (!atomic_load(&p->stop)) {
        struct pollfd w[1 + 2 * PROXY_PAIRS] = {{.fd = p->listener, .events = POLLIN}};
        for (int i = 0; i < 2 * PROXY_PAIRS; i++) {
            w[1 + i].fd = p->pairs[i / 2].fd[i % 2]; /* poll leaves negative ones out */
            w[1 + i].events = POLLIN;
        }
        if (poll(w, 1 + 2 * PROXY_PAIRS, 50) <= 0) continue;
        for (int i = 0; i < 2 * PROXY_PAIRS; i++)
            if (w[1 + i].fd >= 0 && w[1 + i].revents && p->pairs[i / 2].fd[i % 2] == w[1 + i].fd)
                relay(p, &p->pairs[i / 2], i % 2);
        if (w[0].revents) take(p);
    }
    return NULL;
}

void proxy_open(struct proxy *p, int server_port) {
    *p = (struct proxy){.server_port = server_port};
    for (int i = 0; i < PROXY_PAIRS; i++) p->pairs[i] = (struct proxy_pair){{-1, -1}};
    proxy_cut(p, PROXY_UP, -1);
    proxy_cut(p, PROXY_DOWN, -1);
    p->listener = tcp(0, true, &p->port);
    if (p->listener < 0 || pthread_create(&p->thread, NULL, run, p) != 0) DIE("no proxy");
}

void proxy_close(struct proxy *p) {
    atomic_store(&p->stop, 1);
    pthread_join(p->thread, NULL);
    for (int i = 0; i < PROXY_PAIRS; i++)
        if (p->pairs[i].fd[0] >= 0) cut(p, &p->pairs[i], false);
    close(p->listener);
}

void proxy_cut(struct proxy *p, int way, int64_t n) {
    atomic_store(&p->left[way], n);
}
