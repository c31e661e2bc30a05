/* SPDX-License-Identifier: Apache-2.0 */
/* One client at a time, on one thread: operators are few and patient, and a command may block. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/gateway/gateway_priv.h"

enum {
    LINE_MAX_BYTES = 65536, /* of one request */
    CLIENT_WAIT_MS = 5000,  /* for a client that says nothing */
};

struct pl_gateway_admin {
    const struct pl_gateway_admin_command *commands;
    size_t n;
    void *ctx;
    struct sockaddr_un address;
    int fd;
    int stop[2]; /* a pipe: a byte in it ends the thread */
    pthread_t thread;
};

/* ---- one request ---- */

static const struct pl_gateway_admin_command *find(const struct pl_gateway_admin *a,
                                                   struct pl_str name) {
    for (size_t i = 0; i < a->n; i++)
        if (pl_str_is(name, a->commands[i].name)) return &a->commands[i];
    return NULL;
}

static enum pl_err run(struct pl_gateway_admin *a, struct pl_arena *arena, struct pl_str line,
                       struct pl_jw *members, struct pl_buf *why) {
    struct pl_json request;
    size_t at;
    if (pl_json_parse(arena, line, &request, &at) != PL_OK || request.kind != PL_JOBJECT) {
        pl_buf_c(why, "expected one JSON object in a line");
        return PL_MALFORMED;
    }
    struct pl_str name = pl_json_text(&request, "cmd");
    const struct pl_gateway_admin_command *command = find(a, name);
    if (command != NULL) return command->run(a->ctx, &request, members, why);
    pl_buf_printf(why, "no such command '%.*s'; known:", (int)(name.n > 40 ? 40 : name.n),
                  name.n > 0 ? name.p : "");
    for (size_t i = 0; i < a->n; i++) pl_buf_printf(why, " %s", a->commands[i].name);
    return PL_NOT_FOUND;
}

/* {"ok":true,<members>} or {"ok":false,"error":"<why>"}, and the line's end. */
static void answer(struct pl_gateway_admin *a, struct pl_str line, struct pl_buf *out) {
    struct pl_arena arena;
    struct pl_buf members = {0}, why = {0};
    struct pl_jw w = {.b = &members};
    pl_arena_init(&arena, 0);
    enum pl_err err = run(a, &arena, line, &w, &why);
    if (err == PL_OK) {
        pl_buf_c(out, "{\"ok\":true");
        if (members.n > 0) pl_buf_byte(out, ',');
        pl_buf_str(out, pl_buf_slice(&members));
    } else {
        pl_buf_c(out, "{\"ok\":false,\"error\":");
        pl_json_quote(out, why.n > 0 ? pl_buf_slice(&why) : pl_str_c(pl_err_text(err)));
    }
    pl_buf_c(out, "}\n");
    pl_buf_free(&members);
    pl_buf_free(&why);
    pl_arena_free(&arena);
}

/* ---- bytes ---- */

static bool send_all(int fd, struct pl_str s) {
    while (s.n > 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        s = (struct pl_str){s.p + n, s.n - (size_t)n};
    }
    return true;
}

/* Reads up to and with a newline; wait_ms for each piece. PL_TIMEOUT, PL_CLOSED, PL_LIMIT. */
static enum pl_err read_line(int fd, int stop, int64_t wait_ms, size_t max, struct pl_buf *line) {
    while (line->n == 0 || line->p[line->n - 1] != '\n') {
        char piece[4096];
        struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
        int ready = poll(fds, stop >= 0 ? 2 : 1, (int)wait_ms);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) return PL_TIMEOUT;
        if (ready < 0 || fds[1].revents != 0) return PL_CLOSED;
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return PL_CLOSED;
        if (line->n + (size_t)n > max) return PL_LIMIT;
        pl_buf_add(line, piece, (size_t)n);
    }
    return line->failed ? PL_NOMEM : PL_OK;
}

/* Requests of one client, a line each, until it hangs up. */
static void serve(struct pl_gateway_admin *a, int fd) {
    struct pl_buf line = {0}, out = {0};
    while (read_line(fd, a->stop[0], CLIENT_WAIT_MS, LINE_MAX_BYTES, &line) == PL_OK) {
        pl_buf_clear(&out);
        answer(a, pl_buf_slice(&line), &out);
        pl_buf_clear(&line);
        if (out.failed || !send_all(fd, pl_buf_slice(&out))) break;
    }
    pl_buf_free(&line);
    pl_buf_free(&out);
}

static void *thread(void *arg) {
    struct pl_gateway_admin *a = arg;
    for (;;) {
        struct pollfd fds[2] = {{.fd = a->fd, .events = POLLIN},
                                {.fd = a->stop[0], .events = POLLIN}};
        int ready = poll(fds, 2, -1);
        if (ready < 0 && errno != EINTR) break;
        if (ready > 0 && fds[1].revents != 0) break;
        if (ready <= 0 || fds[0].revents == 0) continue;
        int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) continue;
        struct timeval wait = {.tv_sec = CLIENT_WAIT_MS / 1000};
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        serve(a, fd);
        close(fd);
    }
    return NULL;
}

/* ---- start and stop ---- */

static bool address_of(const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof address->sun_path) return false;
    memcpy(address->sun_path, path, n);
    return true;
}

static int connect_to(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static enum pl_err listen_on(struct pl_gateway_admin *a) {
    int other = connect_to(&a->address);
    if (other >= 0) {
        close(other);
        return PL_EXISTS;
    }
    unlink(a->address.sun_path);
    a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (a->fd < 0) return PL_IO;
    /* The mode is set before anyone can connect: a socket that does not listen yet refuses. */
    if (bind(a->fd, (const struct sockaddr *)&a->address, sizeof a->address) != 0 ||
        chmod(a->address.sun_path, 0600) != 0 || listen(a->fd, 8) != 0)
        return PL_IO;
    return PL_OK;
}

static void free_admin(struct pl_gateway_admin **a) {
    if ((*a)->fd >= 0) close((*a)->fd);
    if ((*a)->stop[0] >= 0) close((*a)->stop[0]);
    if ((*a)->stop[1] >= 0) close((*a)->stop[1]);
    free(*a);
    *a = NULL;
}

enum pl_err pl_gateway_admin_start(const char *path,
                                   const struct pl_gateway_admin_command *commands, size_t n,
                                   void *ctx, struct pl_gateway_admin **out) {
    struct pl_gateway_admin *a = calloc(1, sizeof *a);
    *out = NULL;
    if (a == NULL) return PL_NOMEM;
    *a = (struct pl_gateway_admin){
        .commands = commands, .n = n, .ctx = ctx, .fd = -1, .stop = {-1, -1}};
    enum pl_err err = address_of(path, &a->address) ? PL_OK : PL_LIMIT;
    if (err == PL_OK) err = listen_on(a);
    if (err == PL_OK && pipe2(a->stop, O_CLOEXEC) != 0) err = PL_IO;
    if (err == PL_OK && pthread_create(&a->thread, NULL, thread, a) != 0) err = PL_IO;
    if (err != PL_OK)
        free_admin(&a);
    else
        *out = a;
    return err;
}

void pl_gateway_admin_stop(struct pl_gateway_admin **a) {
    if (*a == NULL) return;
    ssize_t n = write((*a)->stop[1], "x", 1);
    pl_assert(n == 1);
    pthread_join((*a)->thread, NULL);
    unlink((*a)->address.sun_path);
    free_admin(a);
}

/* ---- the client's side ---- */

enum pl_err pl_gateway_admin_call(const char *path, struct pl_str request, int64_t wait_ms,
                                  struct pl_buf *out) {
    struct sockaddr_un address;
    if (!address_of(path, &address)) return PL_LIMIT;
    int fd = connect_to(&address);
    if (fd < 0) return PL_NOT_FOUND;
    enum pl_err err = PL_IO;
    if (send_all(fd, request) && send_all(fd, PL_STR("\n")))
        err = read_line(fd, -1, wait_ms, 1 << 24, out);
    if (err == PL_OK) out->n--; /* without the newline */
    close(fd);
    return err;
}
