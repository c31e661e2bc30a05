/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: a binary heap of pointers; each timer knows its place, so stopping costs log n. */
#include "runtime/loop/loop_priv.h"

static bool before(const struct pl_timer *a, const struct pl_timer *b) {
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void place(struct pl_loop *l, size_t at, struct pl_timer *t) {
    l->heap.v[at] = t;
    t->at = at + 1;
}

static void sift_up(struct pl_loop *l, size_t at) {
    struct pl_timer *t = l->heap.v[at];
    while (at > 0 && before(t, l->heap.v[(at - 1) / 2])) {
        place(l, at, l->heap.v[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(l, at, t);
}

static void sift_down(struct pl_loop *l, size_t at) {
    struct pl_timer *t = l->heap.v[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= l->heap.n) break;
        if (child + 1 < l->heap.n && before(l->heap.v[child + 1], l->heap.v[child])) child++;
        if (!before(l->heap.v[child], t)) break;
        place(l, at, l->heap.v[child]);
        at = child;
    }
    place(l, at, t);
}

static void insert(struct pl_loop *l, struct pl_timer *t, int64_t due_us) {
    t->loop = l;
    t->due_us = due_us;
    t->order = l->orders++;
    PL_PUSH(&l->heap, t);
    sift_up(l, l->heap.n - 1);
}

static void start(struct pl_loop *l, struct pl_timer *t, int64_t ms, int64_t every_ms) {
    const int64_t longest = INT64_MAX / 4000; /* in ms: sums stay far from overflow */
    if (ms < 0) ms = 0;
    if (ms > longest) ms = longest;
    if (every_ms > longest) every_ms = longest;
    pl_timer_stop(t);
    t->every_us = every_ms * 1000;
    /* counted from this moment, not from when a long iteration began */
    insert(l, t, l->clock.mono_us(l->clock.ctx) + ms * 1000);
}

void pl_timer_start(struct pl_loop *loop, struct pl_timer *t, int64_t ms) {
    start(loop, t, ms, 0);
}

void pl_timer_repeat(struct pl_loop *loop, struct pl_timer *t, int64_t ms) {
    if (ms < 1) ms = 1;
    start(loop, t, ms, ms);
}

void pl_timer_stop(struct pl_timer *t) {
    if (t->at == 0) return;
    struct pl_loop *l = t->loop;
    size_t at = t->at - 1;
    struct pl_timer *last = l->heap.v[--l->heap.n];
    t->at = 0;
    if (last == t) return;
    place(l, at, last);
    sift_up(l, at);
    sift_down(l, last->at - 1);
}

bool pl_timer_active(const struct pl_timer *t) {
    return t->at != 0;
}

/* A repeat keeps its beat; rounds that passed already are skipped. */
static void repeat(struct pl_loop *l, struct pl_timer *t) {
    int64_t due = t->due_us + t->every_us;
    if (due <= l->now_us) due += (l->now_us - due) / t->every_us * t->every_us + t->every_us;
    insert(l, t, due);
}

void pl_loop__run_timers(struct pl_loop *l) {
    uint64_t until = l->orders; /* what callbacks start waits for the next iteration */
    while (l->heap.n) {
        struct pl_timer *t = l->heap.v[0];
        if (t->due_us > l->now_us || t->order >= until) break;
        pl_timer_stop(t);
        if (t->every_us) repeat(l, t);
        l->worked = true;
        t->fn(t);
    }
}

int64_t pl_loop__next_us(const struct pl_loop *l, int64_t now_us) {
    if (!l->heap.n) return -1;
    int64_t left = l->heap.v[0]->due_us - now_us;
    return left > 0 ? left : 0;
}
