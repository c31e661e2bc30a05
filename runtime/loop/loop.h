/* SPDX-License-Identifier: Apache-2.0
 *
 * loop: one thread's event loop: descriptors, timers, signals, child processes, posts from other
 * threads, and a fake form with a clock that tests move.
 *
 * Ownership: watchers (pl_fd, pl_timer, pl_signal, pl_child, pl_post) live in their owner's structs
 * and stay put while started; the loop only links them. All-zero plus `fn` is a valid stopped
 * watcher; stop is harmless on a stopped one. A callback may stop or free its own watcher.
 * Invariants: callbacks run one at a time on the thread inside pl_loop_run. Timers due together run
 * by deadline, then in the order they were started. Posts of one thread run in their order.
 * Threads: everything belongs to the loop's thread, except pl_loop_post and pl_loop_stop.
 * Caveat: a signal may be watched by one loop of the process only (libev keeps signals global).
 */
#ifndef PL_LOOP_H
#define PL_LOOP_H

#include <sys/types.h>

#include "runtime/base/base.h"

struct pl_loop;

/* Wall time comes from `clock`, and so does the time of timers (mono_us). PL_NOMEM, PL_IO. */
enum pl_err pl_loop_create(struct pl_clock clock, struct pl_loop **out);
/* Stops what is still started; posts not yet run are forgotten. Children go on living. */
void pl_loop_destroy(struct pl_loop **loop);
/* Runs until pl_loop_stop. A stop asked for before the run counts. May be run again. */
void pl_loop_run(struct pl_loop *loop);
/* Any thread: the run returns after the iteration under way. */
void pl_loop_stop(struct pl_loop *loop);
/* Waits for events for at most wait_ms (0: not at all), runs what is due, returns. */
void pl_loop_once(struct pl_loop *loop, int64_t wait_ms);

/* For a loop of many small events: between two iterations of pl_loop_run it looks at no descriptor
 * for so long, so that what comes meanwhile is handled, and told to other loops, together. Posts
 * and timers are as prompt as ever. Before the run. */
void pl_loop_gather(struct pl_loop *loop, int64_t us);

/* The monotonic time at which this iteration's events arrived. */
int64_t pl_loop_now_us(const struct pl_loop *loop);
struct pl_clock pl_loop_clock(const struct pl_loop *loop);
/* libev's struct ev_loop, for a library that brings its own watchers (libwebsockets). From then on
 * every iteration counts as work. */
void *pl_loop_native(struct pl_loop *loop);

/* Called once at the end of each iteration in which any callback ran: the place to commit a group.
 * What it posts or starts belongs to the next iteration. NULL takes it away. */
void pl_loop_on_batch(struct pl_loop *loop, void (*fn)(void *ctx), void *ctx);

/* ---- descriptors ---- */

enum { PL_READ = 1, PL_WRITE = 2 };

struct pl_fd {
    void (*fn)(struct pl_fd *w,
               int ready); /* PL_READ, PL_WRITE; an error sets what was asked for */
    void *ctx;
    int fd, events; /* the loop's, read only */
    struct pl_loop *loop;
    struct pl_loop_io *io;
};

/* Level-triggered. Starting a started watcher changes descriptor and events; no events stop it. */
void pl_fd_start(struct pl_loop *loop, struct pl_fd *w, int fd, int events);
void pl_fd_stop(struct pl_fd *w); /* before close(2) */

/* ---- timers ---- */

struct pl_timer {
    void (*fn)(struct pl_timer *t);
    void *ctx;
    int64_t due_us, every_us; /* the loop's, read only */
    uint64_t order;
    size_t at; /* place in the heap + 1; 0: stopped */
    struct pl_loop *loop;
};

/* Once after `ms` (0 or less: in this or the next iteration). Starting a started timer moves it. */
void pl_timer_start(struct pl_loop *loop, struct pl_timer *t, int64_t ms);
/* Every `ms` (at least 1), first after `ms`. Missed rounds are not made up for. */
void pl_timer_repeat(struct pl_loop *loop, struct pl_timer *t, int64_t ms);
void pl_timer_stop(struct pl_timer *t);
bool pl_timer_active(const struct pl_timer *t);

/* ---- posts from any thread ---- */

struct pl_post {
    void (*fn)(struct pl_post *post);
    struct pl_post *next; /* the loop's while under way */
};

/* Any thread, lock-free, allocates nothing: post->fn runs once on the loop's thread. The post must
 * not be posted again before its fn has begun; fn may free it or post it again. */
void pl_loop_post(struct pl_loop *loop, struct pl_post *post);
/* The same from the thread of `from`, held until the end of its iteration: all that it has for one
 * loop then goes at once and wakes it once. Posts of one thread keep their order when all of them
 * go this way. `to` must still be there at the end of the iteration. */
void pl_loop_post_later(struct pl_loop *from, struct pl_loop *to, struct pl_post *post);
/* Not to be held any longer. */
void pl_loop_post_held(struct pl_loop *from);

/* ---- signals ---- */

struct pl_signal {
    void (*fn)(struct pl_signal *s);
    void *ctx;
    int number;
    struct pl_loop *loop;
    struct pl_loop_io *io;
};

void pl_signal_start(struct pl_loop *loop, struct pl_signal *s, int number);
void pl_signal_stop(struct pl_signal *s);

/* ---- child processes ---- */

struct pl_child {
    void (*fn)(struct pl_child *c,
               int status); /* wait(2) status; the child is reaped and stopped */
    void *ctx;
    pid_t pid; /* 0: none */
    int pidfd; /* the loop's */
    struct pl_fd watch;
};

struct pl_spawn {
    const char *path;  /* run as it is, no search */
    char *const *argv; /* NULL-terminated */
    char *const *envp; /* NULL-terminated, all the child gets */
    const int *fds;    /* becomes descriptor i; -1: /dev/null. Everything else is closed */
    size_t nfds;
};

/* Starts a process with default signal handlers and an empty signal mask. PL_IO, PL_NOT_FOUND (no
 * such program), PL_NOMEM. The descriptors in fds stay open here. */
enum pl_err pl_child_spawn(struct pl_loop *loop, struct pl_child *c, const struct pl_spawn *spec);
/* Sends a signal, never to a stranger that inherited the number. False: it has ended already. */
bool pl_child_kill(struct pl_child *c, int signal_number);
/* Stops watching; the child is killed and reaped at once, fn is not called. */
void pl_child_drop(struct pl_child *c);
/* A connected pair of stream sockets, close-on-exec; ours is non-blocking. PL_IO. */
enum pl_err pl_socket_pair(int *ours, int *theirs);

/* ---- the fake loop ---- */

/* The same verbs on the caller's thread with a clock that moves only by advance. Both readings of
 * the clock start at start_ms. pl_loop_run on it is a bug; pl_loop_once waits for descriptors and
 * posts in real time while the fake clock stands still. */
enum pl_err pl_loop_fake_create(int64_t start_ms, struct pl_loop **out);
/* Runs posts, ready descriptors and due timers until nothing is left to do now, then moves the
 * clock from deadline to deadline through `ms`. Same calls, same order, every time (but for
 * descriptors, which the world makes ready). */
void pl_loop_fake_advance(struct pl_loop *loop, int64_t ms);
/* Milliseconds until the next timer is due, -1 when there is none. */
int64_t pl_loop_fake_next(const struct pl_loop *loop);

#endif
