/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP server of a few lines for tests: a thread a connection, answers by a callback that may
 * wait, cut and lie. Requests must come in one piece, as small ones on the loopback do. */
#ifndef TINY_HTTP_H
#define TINY_HTTP_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tiny {
    int fd, port;
    pthread_t thread;
    bool (*answer)(struct tiny *s, int fd, const char *request); /* false: close */
    void *ctx;
    _Atomic int requests, connections, open;
};

static inline void tiny_say(int fd, const char *text) {
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) return; /* the client has hung up */
}

static inline void tiny_json(int fd, int status, const char *json) {
    char out[4096];
    snprintf(out, sizeof out,
             "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             status, strlen(json), json);
    tiny_say(fd, out);
}

struct tiny_connection {
    struct tiny *server;
    int fd;
};

static inline void *tiny_serve_one(void *ctx) {
    struct tiny_connection c = *(struct tiny_connection *)ctx;
    char in[8192];
    free(ctx);
    for (ssize_t n; (n = recv(c.fd, in, sizeof in - 1, 0)) > 0;) {
        in[n] = 0;
        c.server->requests++;
        if (!c.server->answer(c.server, c.fd, in)) break;
    }
    close(c.fd);
    c.server->open--;
    return NULL;
}

static inline void *tiny_serve(void *ctx) {
    struct tiny *s = ctx;
    for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0;) {
        struct tiny_connection *c = malloc(sizeof *c);
        pthread_t t;
        *c = (struct tiny_connection){s, fd};
        s->connections++;
        s->open++;
        if (pthread_create(&t, NULL, tiny_serve_one, c) == 0) pthread_detach(t);
    }
    return NULL;
}

static inline int tiny_listen(int *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 64) ||
        getsockname(fd, (struct sockaddr *)&at, &size))
        abort();
    *port = ntohs(at.sin_port);
    return fd;
}

static inline void
tiny_start(struct tiny *s, bool (*answer)(struct tiny *s, int fd, const char *request), void *ctx) {
    s->answer = answer;
    s->ctx = ctx;
    s->fd = tiny_listen(&s->port);
    if (pthread_create(&s->thread, NULL, tiny_serve, s) != 0) abort();
}

/* After the client is gone: its connections have ended, and so do their threads. */
static inline void tiny_stop(struct tiny *s) {
    shutdown(s->fd, SHUT_RDWR);
    close(s->fd);
    pthread_join(s->thread, NULL);
    while (s->open > 0) usleep(1000);
}

#endif
