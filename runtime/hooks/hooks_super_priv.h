/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: the supervisor's side. All of it belongs to the supervisor's thread, but
 * for the atomics.
 *
 * A call's road:
 *
 *   WAITING ──▶ TURN ◀──▶ HTTP        TURN: a worker has it and owes exactly one frame
 *      ▲          │          │        HTTP: the http thread has its request
 *      └── rerun ─┴──────────┤
 *                 ORPHAN ◀───┘        its worker died while a write was out: wait for the reply,
 *                   │                 then run again under the same key
 *   any ──▶ OVER ◀──┘                 the result is posted; freed when no request is out
 */
#ifndef PL_HOOKS_SUPER_PRIV_H
#define PL_HOOKS_SUPER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/hooks/hooks_priv.h"
#include "runtime/loop/loop.h"

enum { PL_HOOKS__WAITING_MAX = 4096, PL_HOOKS__RERUNS = 3 };

struct pl_hooks__image {
    struct pl_hooks__image *next;
    uint64_t number;
    struct pl_str id;
    struct pl_buf frame; /* as workers are told of it */
    size_t calls;        /* under way */
    bool dropped;        /* freed when calls is 0 */
};

/* One HTTP request for a call. The call may be over when its reply comes. */
struct pl_hooks__ask {
    struct pl_hooks__call *call;
    uint64_t http_id;
    bool write; /* not a GET */
};

struct pl_hooks__call {
    struct pl_post post; /* first */
    struct pl_hooks *hooks;
    struct pl_hooks__call *prev, *next;    /* all calls */
    struct pl_hooks__call *before, *after; /* the waiting line */
    struct pl_arena arena;                 /* owns the texts of `asked` */
    struct pl_hook_call asked;             /* args are in `args` */
    struct pl_str args;
    uint64_t id;
    int64_t begun_us, deadline_us;
    struct pl_timer deadline;
    enum {
        PL_HOOKS__WAITING,
        PL_HOOKS__TURN,
        PL_HOOKS__HTTP_OUT,
        PL_HOOKS__ORPHAN,
        PL_HOOKS__OVER
    } state;
    struct pl_hooks__image *image;
    struct pl_hooks__worker *worker; /* TURN and HTTP */
    uint64_t turn;                   /* TURN: in the order turns were given */
    int64_t turn_us;
    struct pl_hooks__ask *ask; /* the request under way */
    size_t asks;               /* requests whose reply has not come, abandoned ones too */
    unsigned writes;           /* of this run, for the key */
    bool open;                 /* a write was sent and may have been acted upon */
    int reruns, logs;
};

struct pl_hooks__worker {
    struct pl_hooks *hooks;
    struct pl_child child;
    struct pl_fd watch;
    int fd;     /* -1: none */
    bool ready; /* it has said so: starting a process takes long on a busy machine */
    struct pl_buf in, out;
    size_t out_at;
    struct pl_hooks__call *calls[PL_HOOKS__SLOTS];
    size_t busy;
    size_t strays;    /* turns of calls that are over: the worker still owes their frames */
    int64_t stray_us; /* when the last of them was taken over */
    bool had_strays;  /* when it was hung up */
    struct {
        uint64_t *v;
        size_t n, cap;
    } images;
    struct pl_timer respawn;
    int64_t backoff_ms, started_us;
    uint64_t seen_turn; /* the oldest turn at the last look, and the CPU time then */
    int64_t seen_cpu_us;
};

struct pl_hooks {
    struct pl_hooks_config config; /* texts in `arena` */
    struct pl_arena arena;
    struct pl_loop *loop;
    pthread_t thread;
    _Atomic uint64_t last_id;
    struct {
        _Atomic uint64_t calls, ok, failed, unavailable, unconfirmed, spawned, killed, reruns;
    } stats;
    /* the thread's own */
    struct pl_hooks__image *images;
    uint64_t last_image, last_turn;
    struct pl_hooks__call *calls;
    struct pl_hooks__call *first, *last; /* the waiting line */
    size_t waiting, asks;
    struct pl_hooks__worker *workers;
    struct pl_timer tick; /* runs while any turn is out */
    struct pl_arena scratch;
    bool stopping;
};

/* ---- images ---- */

void pl_hooks__image_free(struct pl_hooks__image *image);
/* Freed once no call uses it. */
void pl_hooks__image_drop(struct pl_hooks *h, struct pl_str id);

/* ---- calls ---- */

void pl_hooks__call_accept(struct pl_hooks *h, struct pl_hooks__call *call);
/* Ends it without a value: unconfirmed if a write may have been acted upon. */
void pl_hooks__call_break(struct pl_hooks__call *call, enum pl_hook_why why, struct pl_str detail);
void pl_hooks__call_heard(struct pl_hooks__call *call, const struct pl_hooks__said *said);
/* Its worker is gone through no fault of its own. */
void pl_hooks__call_rerun(struct pl_hooks__call *call);
void pl_hooks__call_value(struct pl_hooks__call *call, struct pl_str json);
void pl_hooks__call_failure(struct pl_hooks__call *call, struct pl_str name);
/* Gives waiting calls to workers that have room. */
void pl_hooks__dispatch(struct pl_hooks *h);

/* ---- the broker ---- */

void pl_hooks__broker(struct pl_hooks__call *call, const struct pl_hooks__said *said);
/* Forgets the call's request; its reply will be ignored. */
void pl_hooks__broker_forget(struct pl_hooks__call *call);
void pl_hooks__call_free_if_over(struct pl_hooks__call *call);

/* ---- workers ---- */

void pl_hooks__workers_start(struct pl_hooks *h);
void pl_hooks__workers_stop(struct pl_hooks *h);
/* The worker to give the next call to, or NULL. */
struct pl_hooks__worker *pl_hooks__worker_free(struct pl_hooks *h);
void pl_hooks__worker_start(struct pl_hooks__worker *w, struct pl_hooks__call *call);
void pl_hooks__worker_reply(struct pl_hooks__worker *w, struct pl_hooks__call *call,
                            const struct pl_http_reply *reply);
/* Takes the call from its worker; `tell` when the worker still holds it. */
void pl_hooks__worker_leave(struct pl_hooks__call *call, bool tell);
/* Ends the worker; `blame` (or NULL) is broken, its other calls run again. */
void pl_hooks__worker_condemn(struct pl_hooks__worker *w, struct pl_hooks__call *blame);
/* The oldest turn of the worker is not just slow: it burns CPU or has been out for very long. */
bool pl_hooks__worker_stuck(const struct pl_hooks__worker *w);
struct pl_hooks__call *pl_hooks__worker_oldest(const struct pl_hooks__worker *w);
void pl_hooks__workers_drop_image(struct pl_hooks *h, uint64_t number);

#endif
