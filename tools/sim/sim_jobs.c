/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs in processes. Each process plays one job after the other: it reads the job's number from a
 * socket, writes the result's length and bytes back. What one of them takes down with it is that
 * job's failure alone.
 *
 *   idle -> (number) -> busy -> (result) -> idle;  busy -> died -> a failed job, a new process
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/sim/sim_priv.h"

#define PROCESSES_MOST 256
#define RESULT_MOST    (64u << 20)

struct worker {
    pid_t pid;
    int fd;
    size_t job; /* SIZE_MAX: idle */
};
struct pool {
    const struct sim_work *work;
    struct worker workers[PROCESSES_MOST];
    unsigned n;
    size_t next, told; /* jobs given out, results told of */
    struct pl_buf *results;
    bool *ready;
};

/* Tells of all results that are there and whose turn it is. */
static void tell(struct pool *pool) {
    for (; pool->told < pool->work->n && pool->ready[pool->told]; pool->told++) {
        struct pl_buf *b = &pool->results[pool->told];
        pool->work->done(pool->work->ctx, pool->told, pl_buf_slice(b));
        pl_buf_free(b);
    }
}

/* ---- in a process ---- */

static bool read_all(int fd, void *p, size_t n) {
    for (size_t at = 0; at < n;) {
        ssize_t got = read(fd, (char *)p + at, n - at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += (size_t)got;
    }
    return true;
}

static bool write_all(int fd, const void *p, size_t n) {
    for (size_t at = 0; at < n;) {
        ssize_t put = send(fd, (const char *)p + at, n - at, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += (size_t)put;
    }
    return true;
}

static _Noreturn void run_jobs(const struct sim_work *w, int fd) {
    struct pl_buf out = {0};
    uint32_t job, size;
    if (w->begin && !w->begin(w->ctx)) _exit(1);
    while (read_all(fd, &job, sizeof job)) {
        pl_buf_clear(&out);
        w->play(w->ctx, job, &out);
        size = (uint32_t)out.n;
        if (!write_all(fd, &size, sizeof size) || !write_all(fd, out.p, out.n)) break;
    }
    w->end(w->ctx);
    _exit(0);
}

/* ---- the pool ---- */

static bool start(struct pool *pool, struct worker *w) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return false;
    fflush(NULL); /* else it is written twice */
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < pool->n; i++)
            if (pool->workers[i].fd >= 0) close(pool->workers[i].fd);
        close(fds[0]);
        run_jobs(pool->work, fds[1]);
    }
    close(fds[1]);
    *w = (struct worker){pid, fds[0], SIZE_MAX};
    if (pid > 0) return true;
    close(fds[0]);
    w->fd = -1;
    return false;
}

static void stop(struct worker *w, int *status) {
    *status = 0;
    if (w->fd >= 0) close(w->fd);
    w->fd = -1;
    while (w->pid > 0 && waitpid(w->pid, status, 0) < 0 && errno == EINTR) continue;
    w->pid = 0;
}

static void give(struct pool *pool, struct worker *w) {
    uint32_t job = (uint32_t)pool->next;
    if (pool->next == pool->work->n) return;
    w->job = pool->next++;
    write_all(w->fd, &job, sizeof job); /* a process that is gone is seen when it is read from */
}

static void died(struct pool *pool, struct worker *w) {
    size_t job = w->job;
    int status;
    char why[128];
    stop(w, &status);
    if (job == SIZE_MAX) return;
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "the process that played it was ended by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(why, sizeof why, "the process that played it ended with code %d",
                 WEXITSTATUS(status));
    pool->work->died(pool->work->ctx, job, why, &pool->results[job]);
    pool->ready[job] = true;
    if (pool->next < pool->work->n && start(pool, w)) give(pool, w);
}

static void came(struct pool *pool, struct worker *w) {
    uint32_t size;
    struct pl_buf *b = &pool->results[w->job];
    if (!read_all(w->fd, &size, sizeof size) || size > RESULT_MOST || !pl_buf_reserve(b, size) ||
        !read_all(w->fd, b->p, size)) {
        pl_buf_clear(b);
        died(pool, w);
        return;
    }
    b->n = size;
    pool->ready[w->job] = true;
    w->job = SIZE_MAX;
    give(pool, w);
}

/* False: nobody is at work any more. */
static bool wait_for_one(struct pool *pool) {
    struct pollfd fds[PROCESSES_MOST];
    bool any = false;
    for (unsigned i = 0; i < pool->n; i++) {
        bool busy = pool->workers[i].fd >= 0 && pool->workers[i].job != SIZE_MAX;
        fds[i] = (struct pollfd){busy ? pool->workers[i].fd : -1, POLLIN, 0};
        any |= busy;
    }
    if (!any) return false;
    if (poll(fds, pool->n, -1) < 0) return errno == EINTR;
    for (unsigned i = 0; i < pool->n; i++)
        if (fds[i].revents) came(pool, &pool->workers[i]);
    return true;
}

static void run_here(struct pool *pool) {
    while (pool->next < pool->work->n) {
        size_t job = pool->next++;
        pool->work->play(pool->work->ctx, job, &pool->results[job]);
        pool->ready[job] = true;
        tell(pool);
    }
}

static void run_apart(struct pool *pool, unsigned processes) {
    int status;
    for (unsigned i = 0; i < PROCESSES_MOST; i++) pool->workers[i].fd = -1;
    while (pool->n < processes) {
        struct worker *w = &pool->workers[pool->n++];
        if (start(pool, w)) give(pool, w);
    }
    while (wait_for_one(pool)) tell(pool);
    for (unsigned i = 0; i < pool->n; i++) stop(&pool->workers[i], &status);
    tell(pool);
}

void pl_sim__work(const struct sim_work *work, unsigned processes) {
    struct pool *pool = calloc(1, sizeof *pool);
    pl_assert(pool);
    pool->work = work;
    pool->results = calloc(work->n + 1, sizeof *pool->results);
    pool->ready = calloc(work->n + 1, sizeof *pool->ready);
    pl_assert(pool->results && pool->ready);
    if (processes > work->n) processes = (unsigned)work->n;
    if (processes > PROCESSES_MOST) processes = PROCESSES_MOST;
    if (processes > 1) run_apart(pool, processes);
    run_here(pool); /* all, or what no process could be started for */
    free(pool->results);
    free(pool->ready);
    free(pool);
}
