/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: libev waits for descriptors, signals and the wake-up; posts and timers are ours, so
 * that the fake loop runs the very same code. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/loop/loop_priv.h"

static void on_wake(struct ev_loop *ev, ev_async *w, int events) {
    (void)ev, (void)w, (void)events;
}

static void on_limit(struct ev_loop *ev, ev_timer *w, int events) {
    (void)ev, (void)w, (void)events;
}

static enum pl_err create(struct pl_loop **out) {
    struct pl_loop *l = calloc(1, sizeof(*l));
    if (!l) return PL_NOMEM;
    l->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (!l->ev) {
        free(l);
        return PL_IO;
    }
    atomic_init(&l->stop, false);
    atomic_init(&l->posts, NULL);
    sem_init(&l->posted, 0, 0);
    ev_async_init(&l->wake, on_wake);
    ev_async_start(l->ev, &l->wake);
    ev_unref(l->ev); /* the wake-up alone is no reason to wait */
    ev_timer_init(&l->limit, on_limit, 0, 0);
    *out = l;
    return PL_OK;
}

enum pl_err pl_loop_create(struct pl_clock clock, struct pl_loop **out) {
    enum pl_err err = create(out);
    if (err != PL_OK) return err;
    (*out)->clock = clock;
    (*out)->now_us = clock.mono_us(clock.ctx);
    return PL_OK;
}

void pl_loop_destroy(struct pl_loop **loop) {
    struct pl_loop *l = *loop;
    if (!l) return;
    while (atomic_load(&l->posting) > 0) sched_yield(); /* a post that ran has a thread to leave */
    while (l->heap.n) pl_timer_stop(l->heap.v[l->heap.n - 1]);
    while (l->ios) pl_loop__stop_io(l, l->ios);
    ev_timer_stop(l->ev, &l->limit);
    ev_ref(l->ev);
    ev_async_stop(l->ev, &l->wake);
    ev_loop_destroy(l->ev);
    PL_VEC_FREE(&l->heap);
    PL_VEC_FREE(&l->out);
    sem_destroy(&l->posted);
    free(l);
    *loop = NULL;
}

int64_t pl_loop_now_us(const struct pl_loop *loop) {
    return loop->now_us;
}

struct pl_clock pl_loop_clock(const struct pl_loop *loop) {
    return loop->clock;
}

void *pl_loop_native(struct pl_loop *loop) {
    loop->native = true;
    return loop->ev;
}

void pl_loop_on_batch(struct pl_loop *loop, void (*fn)(void *ctx), void *ctx) {
    loop->batch = fn;
    loop->batch_ctx = ctx;
}

void pl_loop_gather(struct pl_loop *loop, int64_t us) {
    loop->gather_us = us;
}

/* ---- posts: a lock-free stack, taken whole and turned round ---- */

static void wake(struct pl_loop *l) {
    ev_async_send(l->ev, &l->wake);
    if (l->gather_us) sem_post(&l->posted);
}

/* Some, linked from the newest on. */
static void push(struct pl_loop *loop, struct pl_post *newest, struct pl_post *oldest) {
    atomic_fetch_add(&loop->posting, 1);
    struct pl_post *head = atomic_load_explicit(&loop->posts, memory_order_relaxed);
    do oldest->next = head;
    while (!atomic_compare_exchange_weak_explicit(&loop->posts, &head, newest, memory_order_release,
                                                  memory_order_relaxed));
    if (!head) wake(loop); /* the first one wakes for all */
    atomic_fetch_sub(&loop->posting, 1);
}

void pl_loop_post(struct pl_loop *loop, struct pl_post *post) {
    push(loop, post, post);
}

void pl_loop_post_later(struct pl_loop *from, struct pl_loop *to, struct pl_post *post) {
    size_t i = 0;
    while (i < from->out.n && from->out.v[i].to != to) i++;
    if (i == from->out.n) PL_PUSH(&from->out, ((struct pl_loop_out){to, NULL, post}));
    struct pl_loop_out *o = &from->out.v[i];
    post->next = o->newest;
    o->newest = post;
}

void pl_loop_post_held(struct pl_loop *l) {
    for (size_t i = 0; i < l->out.n; i++)
        push(l->out.v[i].to, l->out.v[i].newest, l->out.v[i].oldest);
    l->out.n = 0;
}

static void run_posts(struct pl_loop *l) {
    struct pl_post *newest = atomic_exchange_explicit(&l->posts, NULL, memory_order_acquire);
    struct pl_post *oldest = NULL;
    while (newest) {
        struct pl_post *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct pl_post *next = oldest->next; /* fn may free it */
        l->worked = true;
        oldest->fn(oldest);
        oldest = next;
    }
}

/* ---- running ---- */

/* Lets libev wait for at most wait_us (-1: for ever) and call what is ready. */
static void wait_for_events(struct pl_loop *l, int64_t wait_us) {
    if (wait_us == 0) {
        (void)ev_run(l->ev, EVRUN_NOWAIT);
        return;
    }
    ev_ref(l->ev); /* wait even when only the wake-up is watched */
    if (wait_us > 0) {
        ev_now_update(l->ev); /* the limit counts from now, not from the last iteration */
        ev_timer_set(&l->limit, (double)wait_us * 1e-6, 0);
        ev_timer_start(l->ev, &l->limit);
    }
    (void)ev_run(l->ev, EVRUN_ONCE);
    ev_timer_stop(l->ev, &l->limit);
    ev_unref(l->ev);
}

static void end_batch(struct pl_loop *l) {
    bool worked = l->worked || l->native;
    l->worked = false;
    if (worked && l->batch) l->batch(l->batch_ctx);
    pl_loop_post_held(l);
}

static void update_now(struct pl_loop *l) {
    int64_t now = l->clock.mono_us(l->clock.ctx);
    if (now > l->now_us) l->now_us = now;
}

/* All but descriptors. */
static void serve(struct pl_loop *l) {
    update_now(l);
    run_posts(l);
    pl_loop__run_timers(l);
    end_batch(l);
}

static void iterate(struct pl_loop *l, int64_t wait_us) {
    if (atomic_load_explicit(&l->posts, memory_order_relaxed)) wait_us = 0;
    wait_for_events(l, wait_us);
    serve(l);
}

static int64_t sooner(int64_t a, int64_t b) {
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

void pl_loop_once(struct pl_loop *loop, int64_t wait_ms) {
    const int64_t longest = 86400000;
    if (wait_ms < 0) wait_ms = 0;
    if (wait_ms > longest) wait_ms = longest;
    int64_t next = loop->fake ? -1 : pl_loop__next_us(loop, loop->clock.mono_us(loop->clock.ctx));
    iterate(loop, sooner(wait_ms * 1000, next));
}

/* Whether it slept to the end, not woken by a post or a stop. */
static bool sleep_us(struct pl_loop *l, int64_t us) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + us * 1000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    return sem_clockwait(&l->posted, CLOCK_MONOTONIC, &until) != 0 && errno == ETIMEDOUT;
}

/* Until from_us + gather_us posts and timers alone are served. */
static void gather(struct pl_loop *l, int64_t from_us) {
    while (!atomic_load(&l->stop)) {
        int64_t now = l->clock.mono_us(l->clock.ctx), due = pl_loop__next_us(l, now);
        int64_t left = from_us + l->gather_us - now;
        if (left <= 0) return;
        if (due != 0 && !atomic_load(&l->posts) && sleep_us(l, sooner(left, due))) continue;
        serve(l);
    }
}

void pl_loop_run(struct pl_loop *loop) {
    pl_assert(!loop->fake);
    int64_t woke_us = 0;
    while (!atomic_exchange(&loop->stop, false)) {
        if (loop->gather_us) gather(loop, woke_us);
        woke_us = loop->clock.mono_us(loop->clock.ctx);
        iterate(loop, pl_loop__next_us(loop, woke_us));
    }
}

void pl_loop_stop(struct pl_loop *loop) {
    atomic_store(&loop->stop, true);
    wake(loop);
}

/* ---- the fake loop ---- */

static int64_t fake_wall(void *ctx) {
    const struct pl_loop *l = ctx;
    return l->fake_start_ms + l->fake_us / 1000;
}

static int64_t fake_mono(void *ctx) {
    const struct pl_loop *l = ctx;
    return l->fake_start_ms * 1000 + l->fake_us;
}

enum pl_err pl_loop_fake_create(int64_t start_ms, struct pl_loop **out) {
    enum pl_err err = create(out);
    if (err != PL_OK) return err;
    struct pl_loop *l = *out;
    l->fake = true;
    l->fake_start_ms = start_ms;
    l->clock = (struct pl_clock){fake_wall, fake_mono, l};
    l->now_us = fake_mono(l);
    return PL_OK;
}

/* Until an iteration finds nothing to do. A post that posts itself for ever never ends. */
static void settle(struct pl_loop *l) {
    bool again;
    do {
        wait_for_events(l, 0);
        update_now(l);
        run_posts(l);
        pl_loop__run_timers(l);
        again = l->worked;
        end_batch(l);
        again = again || l->worked || atomic_load(&l->posts) || pl_loop__next_us(l, l->now_us) == 0;
    } while (again);
}

void pl_loop_fake_advance(struct pl_loop *loop, int64_t ms) {
    pl_assert(loop->fake && ms >= 0);
    int64_t end = loop->fake_us + ms * 1000;
    settle(loop);
    for (;;) {
        int64_t next = pl_loop__next_us(loop, loop->now_us);
        if (next < 0 || next > end - loop->fake_us) break;
        loop->fake_us += next;
        settle(loop);
    }
    loop->fake_us = end;
    settle(loop);
}

int64_t pl_loop_fake_next(const struct pl_loop *loop) {
    int64_t us = pl_loop__next_us(loop, loop->now_us);
    return us < 0 ? -1 : (us + 999) / 1000;
}
