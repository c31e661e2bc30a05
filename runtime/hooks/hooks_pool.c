/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker processes: start, talk, watch, end, start again.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/hooks/hooks_super_priv.h"

enum {
    TICK_MS = 20,
    STUCK_TURN_US = 2000 * 1000, /* a turn this old ends the worker, burning CPU or not */
    BUSY_TURN_US = 20 * 1000,    /* a worker with a turn this old gets no new calls */
    YOUNG_US = 1000 * 1000,      /* a worker that died younger than this comes back later */
    BACKOFF_MS = 10,
    BACKOFF_MAX_MS = 2000,
};

static void hang_up(struct pl_hooks__worker *w);
static void spawn(struct pl_hooks__worker *w);

/* ---- writing ---- */

static void flush(struct pl_hooks__worker *w) {
    while (w->out_at < w->out.n) {
        ssize_t n = send(w->fd, w->out.p + w->out_at, w->out.n - w->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break; /* full, or dead: then the reading side hears of it */
        w->out_at += (size_t)n;
    }
    bool more = w->out_at < w->out.n;
    if (!more) {
        pl_buf_clear(&w->out);
        w->out_at = 0;
    }
    int events = more ? PL_READ | PL_WRITE : PL_READ;
    if (w->watch.events != events) pl_fd_start(w->hooks->loop, &w->watch, w->fd, events);
}

static void give_turn(struct pl_hooks__worker *w, struct pl_hooks__call *c) {
    struct pl_hooks *h = w->hooks;
    c->state = PL_HOOKS__TURN;
    c->turn = ++h->last_turn;
    c->turn_us = pl_loop_now_us(h->loop);
    if (!pl_timer_active(&h->tick)) pl_timer_repeat(h->loop, &h->tick, TICK_MS);
}

static void tell_image(struct pl_hooks__worker *w, const struct pl_hooks__image *image) {
    for (size_t i = 0; i < w->images.n; i++)
        if (w->images.v[i] == image->number) return;
    PL_PUSH(&w->images, image->number);
    pl_buf_str(&w->out, pl_buf_slice(&image->frame));
}

void pl_hooks__worker_start(struct pl_hooks__worker *w, struct pl_hooks__call *c) {
    size_t slot = 0;
    while (w->calls[slot]) slot++;
    w->calls[slot] = c;
    w->busy++;
    c->worker = w;
    tell_image(w, c->image);
    size_t at = pl_hooks__frame_open(&w->out, PL_HOOKS__CALL);
    pl_buf_var(&w->out, c->id);
    pl_buf_var(&w->out, c->image->number);
    pl_buf_var(&w->out, w->hooks->config.memory_cap);
    pl_buf_text(&w->out, c->asked.hook);
    pl_buf_text(&w->out, c->args);
    pl_buf_text(&w->out, c->asked.key);
    pl_hooks__frame_close(&w->out, at);
    give_turn(w, c);
    flush(w);
}

void pl_hooks__worker_reply(struct pl_hooks__worker *w, struct pl_hooks__call *c,
                            const struct pl_http_reply *reply) {
    size_t at = pl_hooks__frame_open(&w->out, PL_HOOKS__REPLY);
    pl_buf_var(&w->out, c->id);
    pl_buf_var(&w->out, (uint64_t)reply->status);
    pl_buf_byte(&w->out, pl_str_find(reply->content_type, PL_STR("json")) != SIZE_MAX);
    pl_buf_text(&w->out, reply->body);
    pl_hooks__frame_close(&w->out, at);
    give_turn(w, c);
    flush(w);
}

void pl_hooks__worker_leave(struct pl_hooks__call *c, bool tell) {
    struct pl_hooks__worker *w = c->worker;
    for (size_t i = 0; i < PL_HOOKS__SLOTS; i++)
        if (w->calls[i] == c) w->calls[i] = NULL;
    w->busy--;
    c->worker = NULL;
    if (!tell || w->fd < 0) return;
    if (c->state == PL_HOOKS__TURN) {
        w->strays++;
        w->stray_us = pl_loop_now_us(w->hooks->loop);
    }
    size_t at = pl_hooks__frame_open(&w->out, PL_HOOKS__CANCEL);
    pl_buf_var(&w->out, c->id);
    pl_hooks__frame_close(&w->out, at);
    flush(w);
}

void pl_hooks__workers_drop_image(struct pl_hooks *h, uint64_t number) {
    for (size_t i = 0; i < h->config.workers; i++) {
        struct pl_hooks__worker *w = &h->workers[i];
        for (size_t k = 0; k < w->images.n; k++) {
            if (w->images.v[k] != number || w->fd < 0) continue;
            w->images.v[k] = w->images.v[--w->images.n];
            size_t at = pl_hooks__frame_open(&w->out, PL_HOOKS__DROP);
            pl_buf_var(&w->out, number);
            pl_hooks__frame_close(&w->out, at);
            flush(w);
            break;
        }
    }
}

/* ---- choosing and watching ---- */

struct pl_hooks__call *pl_hooks__worker_oldest(const struct pl_hooks__worker *w) {
    struct pl_hooks__call *oldest = NULL;
    for (size_t i = 0; i < PL_HOOKS__SLOTS; i++) {
        struct pl_hooks__call *c = w->calls[i];
        if (c && c->state == PL_HOOKS__TURN && (!oldest || c->turn < oldest->turn)) oldest = c;
    }
    return oldest;
}

struct pl_hooks__worker *pl_hooks__worker_free(struct pl_hooks *h) {
    struct pl_hooks__worker *best = NULL;
    int64_t now = pl_loop_now_us(h->loop);
    for (size_t i = 0; i < h->config.workers; i++) {
        struct pl_hooks__worker *w = &h->workers[i];
        if (!w->ready || w->busy == PL_HOOKS__SLOTS) continue;
        if (w->strays > 0) continue; /* it may die of what it is still running */
        struct pl_hooks__call *oldest = pl_hooks__worker_oldest(w);
        if (oldest && now - oldest->turn_us > BUSY_TURN_US) continue;
        if (!best || w->busy < best->busy) best = w;
    }
    return best;
}

static int64_t cpu_us(const struct pl_hooks__worker *w) {
    clockid_t clock;
    struct timespec t;
    if (w->child.pid == 0 || clock_getcpuclockid(w->child.pid, &clock) != 0 ||
        clock_gettime(clock, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A slow machine is no reason: what counts is CPU time since the turn was first seen. */
bool pl_hooks__worker_stuck(const struct pl_hooks__worker *w) {
    const struct pl_hooks__call *oldest = w->fd < 0 ? NULL : pl_hooks__worker_oldest(w);
    if (!oldest) return false;
    bool burning =
        oldest->turn == w->seen_turn && cpu_us(w) - w->seen_cpu_us > 2 * PL_HOOKS__CPU_MS * 1000;
    return burning || pl_loop_now_us(w->hooks->loop) - oldest->turn_us > STUCK_TURN_US;
}

/* The worker's own alarm should have ended it long ago; this is for one whose alarm is gone. */
static void look(struct pl_hooks__worker *w) {
    struct pl_hooks__call *oldest = w->fd < 0 ? NULL : pl_hooks__worker_oldest(w);
    if (w->strays > 0 && pl_loop_now_us(w->hooks->loop) - w->stray_us > STUCK_TURN_US) {
        pl_hooks__worker_condemn(w, NULL);
        return;
    }
    if (!oldest) return;
    if (oldest->turn != w->seen_turn) {
        w->seen_turn = oldest->turn;
        w->seen_cpu_us = cpu_us(w);
    }
    if (pl_hooks__worker_stuck(w)) pl_hooks__worker_condemn(w, oldest);
}

static void on_tick(struct pl_timer *t) {
    struct pl_hooks *h = t->ctx;
    bool turns = false;
    for (size_t i = 0; i < h->config.workers; i++) {
        look(&h->workers[i]);
        turns = turns || h->workers[i].strays > 0 || pl_hooks__worker_oldest(&h->workers[i]);
    }
    if (!turns) pl_timer_stop(&h->tick);
    pl_hooks__dispatch(h);
}

/* ---- reading: nothing a worker says is trusted ---- */

static void hear(struct pl_hooks__worker *w, struct pl_str frame) {
    struct pl_hooks__said said;
    if (pl_hooks__said_read(frame, &said) != PL_OK) {
        pl_hooks__worker_condemn(w, pl_hooks__worker_oldest(w));
        return;
    }
    if (said.kind == PL_HOOKS__READY && !w->ready) {
        w->ready = true;
        return;
    }
    for (size_t i = 0; i < PL_HOOKS__SLOTS; i++) {
        struct pl_hooks__call *c = w->calls[i];
        if (!c || c->id != said.id || c->state != PL_HOOKS__TURN) continue;
        pl_hooks__call_heard(c, &said);
        return;
    }
    bool known = w->strays > 0; /* about a call that was cancelled meanwhile */
    if (!known)
        pl_hooks__worker_condemn(w, pl_hooks__worker_oldest(w));
    else if (said.kind != PL_HOOKS__LOG)
        w->strays--;
}

static void read_some(struct pl_hooks__worker *w) {
    if (!pl_buf_reserve(&w->in, 64 * 1024)) return;
    ssize_t n = recv(w->fd, w->in.p + w->in.n, w->in.cap - w->in.n, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        hang_up(w); /* how it ended decides about its calls: on_exit_of */
        pl_child_kill(&w->child, SIGKILL);
        return;
    }
    w->in.n += (size_t)n;
    size_t at = 0;
    struct pl_str frame;
    enum pl_err err = PL_OK;
    while (w->fd >= 0) {
        err = pl_hooks__frame_next(&w->in, &at, PL_HOOKS__FRAME_MAX, &frame);
        if (err) break;
        hear(w, frame);
    }
    if (w->fd < 0) return;
    if (err == PL_LIMIT) {
        pl_hooks__worker_condemn(w, pl_hooks__worker_oldest(w));
        return;
    }
    memmove(w->in.p, w->in.p + at, w->in.n - at);
    w->in.n -= at;
}

static void on_socket(struct pl_fd *watch, int ready) {
    struct pl_hooks__worker *w = watch->ctx;
    struct pl_hooks *h = w->hooks;
    if (ready & PL_WRITE) flush(w);
    if (ready & PL_READ) read_some(w);
    pl_hooks__dispatch(h);
}

/* ---- end and start ---- */

static void hang_up(struct pl_hooks__worker *w) {
    if (w->fd < 0) return;
    pl_fd_stop(&w->watch);
    close(w->fd);
    w->fd = -1;
    w->ready = false;
    w->had_strays = w->strays > 0;
    w->out_at = w->strays = 0;
    w->images.n = 0;
    pl_buf_clear(&w->in);
    pl_buf_clear(&w->out);
}

static void lose_calls(struct pl_hooks__worker *w, struct pl_hooks__call *blame) {
    for (size_t i = 0; i < PL_HOOKS__SLOTS; i++) {
        struct pl_hooks__call *c = w->calls[i];
        if (!c) continue;
        pl_hooks__worker_leave(c, false);
        if (c == blame)
            pl_hooks__call_break(c, PL_HOOK_WHY_CRASHED, PL_STR(""));
        else
            pl_hooks__call_rerun(c);
    }
}

void pl_hooks__worker_condemn(struct pl_hooks__worker *w, struct pl_hooks__call *blame) {
    if (w->fd < 0) return;
    atomic_fetch_add(&w->hooks->stats.killed, 1);
    hang_up(w);
    pl_child_kill(&w->child, SIGKILL); /* its exit brings the next one */
    lose_calls(w, blame);
}

/* SIGKILL comes from outside (or from condemn, which has seen to the calls): nobody's fault. */
static bool own_fault(int status) {
    return WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL : WEXITSTATUS(status) != 0;
}

static void on_exit_of(struct pl_child *child, int status) {
    struct pl_hooks__worker *w = child->ctx;
    struct pl_hooks *h = w->hooks;
    bool killed = WIFSIGNALED(status);
    if (h->config.log)
        pl_log(h->config.log, PL_LOG_WARN, "hooks", "worker_ended",
               killed ? "signal=%d" : "exit=%d", killed ? WTERMSIG(status) : WEXITSTATUS(status));
    hang_up(w);
    /* With a stray turn it was that one's fault: turns run in the order they were given. */
    bool blame = own_fault(status) && !w->had_strays;
    lose_calls(w, blame ? pl_hooks__worker_oldest(w) : NULL);
    if (pl_loop_now_us(h->loop) - w->started_us > YOUNG_US) w->backoff_ms = 0;
    pl_timer_start(h->loop, &w->respawn, w->backoff_ms);
    pl_hooks__dispatch(h);
    w->backoff_ms = w->backoff_ms == 0 ? BACKOFF_MS : w->backoff_ms * 2;
    if (w->backoff_ms > BACKOFF_MAX_MS) w->backoff_ms = BACKOFF_MAX_MS;
}

static void on_respawn(struct pl_timer *t) {
    struct pl_hooks__worker *w = t->ctx;
    spawn(w);
    pl_hooks__dispatch(w->hooks);
}

static enum pl_err start_child(struct pl_hooks__worker *w, int theirs) {
    static char *const no_environment[] = {NULL};
#ifdef PL_HOOKS__SANITIZED
    int fds[] = {-1, -1, STDERR_FILENO, theirs}; /* for its report */
#else
    int fds[] = {-1, -1, -1, theirs};
#endif
    struct pl_spawn spec = {.path = w->hooks->config.exe,
                            .argv = (char *const *)(uintptr_t)w->hooks->config.argv,
                            .envp = no_environment,
                            .fds = fds,
                            .nfds = PL_LEN(fds)};
    return pl_child_spawn(w->hooks->loop, &w->child, &spec);
}

static void spawn(struct pl_hooks__worker *w) {
    struct pl_hooks *h = w->hooks;
    int ours = -1, theirs = -1;
    enum pl_err err = pl_socket_pair(&ours, &theirs);
    if (!err) err = start_child(w, theirs);
    if (theirs >= 0) close(theirs);
    if (err) {
        if (ours >= 0) close(ours);
        if (h->config.log)
            pl_log(h->config.log, PL_LOG_ERROR, "hooks", "no_worker", "error=\"%s\"",
                   pl_err_text(err));
        pl_timer_start(h->loop, &w->respawn, BACKOFF_MAX_MS);
        return;
    }
    atomic_fetch_add(&h->stats.spawned, 1);
    w->fd = ours;
    w->started_us = pl_loop_now_us(h->loop);
    pl_fd_start(h->loop, &w->watch, w->fd, PL_READ);
}

void pl_hooks__workers_start(struct pl_hooks *h) {
    h->tick.fn = on_tick;
    h->tick.ctx = h;
    for (size_t i = 0; i < h->config.workers; i++) {
        struct pl_hooks__worker *w = &h->workers[i];
        w->hooks = h;
        w->fd = -1;
        w->child.fn = on_exit_of;
        w->watch.fn = on_socket;
        w->respawn.fn = on_respawn;
        w->child.ctx = w->watch.ctx = w->respawn.ctx = w;
        spawn(w);
    }
}

void pl_hooks__workers_stop(struct pl_hooks *h) {
    pl_timer_stop(&h->tick);
    for (size_t i = 0; i < h->config.workers; i++) {
        struct pl_hooks__worker *w = &h->workers[i];
        pl_timer_stop(&w->respawn);
        hang_up(w);
        if (w->child.pid != 0) pl_child_drop(&w->child);
        pl_buf_free(&w->in);
        pl_buf_free(&w->out);
        PL_VEC_FREE(&w->images);
    }
}
