/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room. */
#ifndef PL_LOOP_PRIV_H
#define PL_LOOP_PRIV_H

#include <semaphore.h>
#include <stdatomic.h>

#include <ev.h>

#include "runtime/loop/loop.h"

/* What libev needs to watch one descriptor or signal: allocated so that ev.h stays in this room. */
struct pl_loop_io {
    union {
        ev_io io;
        ev_signal signal;
    };
    struct pl_loop_io *prev, *next; /* all that are started, so that destroy can stop them */
    struct pl_fd *fd;               /* one of the two owners */
    struct pl_signal *sig;
};

/* Posts for another loop, held until the iteration ends. */
struct pl_loop_out {
    struct pl_loop *to;
    struct pl_post *newest, *oldest; /* linked from the newest on */
};

struct pl_loop {
    struct ev_loop *ev;
    ev_async wake;
    ev_timer limit; /* ends the wait when the first timer is due */
    struct pl_clock clock;
    int64_t now_us;
    int64_t fake_us; /* the fake clock: added to the start */
    int64_t fake_start_ms;
    bool fake, native, worked;
    int64_t gather_us; /* 0: not at all */
    sem_t posted;      /* while it gathers: there is a post, or it shall stop */
    atomic_bool stop;
    _Atomic(struct pl_post *) posts; /* newest first */
    _Atomic int posting;             /* threads inside pl_loop_post, whose post may have run */
    struct pl_loop_io *ios;
    PL_VEC(struct pl_timer *) heap; /* by (due_us, order) */
    uint64_t orders;
    PL_VEC(struct pl_loop_out) out;
    void (*batch)(void *ctx);
    void *batch_ctx;
};

/* Runs timers due at now_us that were started before the call. */
void pl_loop__run_timers(struct pl_loop *loop);
/* Microseconds until the first timer is due (0: overdue), -1: no timer. */
int64_t pl_loop__next_us(const struct pl_loop *loop, int64_t now_us);
void pl_loop__stop_io(struct pl_loop *loop, struct pl_loop_io *io);

#endif
