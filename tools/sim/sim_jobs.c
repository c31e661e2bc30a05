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
    struct sim_project *project;
    struct worker workers[PROCESSES_MOST];
    unsigned n;
    size_t next, told; /* jobs given out, results told of */
    struct pl_buf *results;
    bool *ready;
    void (*done)(void *ctx, size_t job, const struct sim_result *r);
    void *ctx;
};

/* ---- one job ---- */

static void broken(const struct sim_talk *t, struct pl_buf *out) {
    struct sim_result r = {.failed = true, .line = t->talk.line, .why = t->broken};
    pl_sim__result_write(out, &r);
}

void pl_sim__job_play(struct sim_project *p, size_t job, struct pl_buf *out) {
    const struct sim_job *j = &p->jobs.v[job];
    struct pl_clock clock = pl_clock_system();
    struct sim_result r;
    struct sim_play play;
    if (j->talk->broken.n) {
        broken(j->talk, out);
        return;
    }
    int64_t from = clock.mono_us(clock.ctx);
    pl_sim__play(&play, p, j->talk, j->locale);
    pl_sim__result_of(&play, clock.mono_us(clock.ctx) - from, &r);
    pl_sim__result_write(out, &r);
    pl_sim__play_free(&play);
}

/* Tells of all results that are there and whose turn it is. */
static void tell(struct pool *pool) {
    for (; pool->told < pool->project->jobs.n && pool->ready[pool->told]; pool->told++) {
        struct pl_buf *b = &pool->results[pool->told];
        struct sim_result r;
        struct pl_arena a;
        pl_arena_init(&a, 0);
        if (!pl_sim__result_read(pl_buf_slice(b), &a, &r))
            r = (struct sim_result){.failed = true, .why = PL_STR("its result could not be read")};
        pool->done(pool->ctx, pool->told, &r);
        pl_arena_free(&a);
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

static _Noreturn void work(struct sim_project *p, int fd) {
    struct pl_buf out = {0};
    uint32_t job, size;
    if (pl_sim__keys_make(&p->keys) != PL_OK) _exit(1);
    while (read_all(fd, &job, sizeof job)) {
        pl_buf_clear(&out);
        pl_sim__job_play(p, job, &out);
        size = (uint32_t)out.n;
        if (!write_all(fd, &size, sizeof size) || !write_all(fd, out.p, out.n)) break;
    }
    pl_sim__keys_remove(&p->keys);
    _exit(0);
}

/* ---- the pool ---- */

static bool start(struct pool *pool, struct worker *w) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return false;
    fflush(pool->project->test->out);
    fflush(pool->project->test->err);
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < pool->n; i++)
            if (pool->workers[i].fd >= 0) close(pool->workers[i].fd);
        close(fds[0]);
        work(pool->project, fds[1]);
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
    if (pool->next == pool->project->jobs.n) return;
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
    struct sim_result r = {.failed = true, .why = pl_str_c(why)};
    r.line = pool->project->jobs.v[job].talk->talk.line;
    pl_sim__result_write(&pool->results[job], &r);
    pool->ready[job] = true;
    if (pool->next < pool->project->jobs.n && start(pool, w)) give(pool, w);
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
    while (pool->next < pool->project->jobs.n) {
        size_t job = pool->next++;
        pl_sim__job_play(pool->project, job, &pool->results[job]);
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

void pl_sim__jobs_run(struct sim_project *p, unsigned processes,
                      void (*done)(void *ctx, size_t job, const struct sim_result *r), void *ctx) {
    struct pool *pool = calloc(1, sizeof *pool);
    pl_assert(pool);
    pool->project = p;
    pool->done = done;
    pool->ctx = ctx;
    pool->results = calloc(p->jobs.n + 1, sizeof *pool->results);
    pool->ready = calloc(p->jobs.n + 1, sizeof *pool->ready);
    pl_assert(pool->results && pool->ready);
    if (processes > p->jobs.n) processes = (unsigned)p->jobs.n;
    if (processes > PROCESSES_MOST) processes = PROCESSES_MOST;
    if (processes > 1) run_apart(pool, processes);
    run_here(pool); /* all, or what no process could be started for */
    free(pool->results);
    free(pool->ready);
    free(pool);
}
