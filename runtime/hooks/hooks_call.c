/* SPDX-License-Identifier: Apache-2.0
 *
 * A call from acceptance to result: the waiting line, deadlines, what a worker says about it, and
 * the one place that decides between unavailable and unconfirmed.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks/hooks_super_priv.h"

/* What travels to the caller's loop. */
struct outcome {
    struct pl_post post; /* first */
    pl_hook_done *done;
    void *ctx;
    struct pl_hook_result result;
    struct pl_buf bytes;
};

/* ---- the waiting line ---- */

static void line_put(struct pl_hooks *h, struct pl_hooks__call *c, bool front) {
    c->state = PL_HOOKS__WAITING;
    c->before = front ? NULL : h->last;
    c->after = front ? h->first : NULL;
    if (c->before)
        c->before->after = c;
    else
        h->first = c;
    if (c->after)
        c->after->before = c;
    else
        h->last = c;
    h->waiting++;
}

static void line_take(struct pl_hooks *h, struct pl_hooks__call *c) {
    if (c->before)
        c->before->after = c->after;
    else
        h->first = c->after;
    if (c->after)
        c->after->before = c->before;
    else
        h->last = c->before;
    c->before = c->after = NULL;
    h->waiting--;
}

void pl_hooks__dispatch(struct pl_hooks *h) {
    while (h->first && !h->stopping) {
        struct pl_hooks__worker *w = pl_hooks__worker_free(h);
        if (!w) return;
        struct pl_hooks__call *c = h->first;
        line_take(h, c);
        c->writes = 0;
        pl_hooks__worker_start(w, c);
    }
}

/* ---- the end of a call ---- */

static void deliver(struct pl_post *post) {
    struct outcome *o = (struct outcome *)post;
    o->done(o->ctx, &o->result);
    pl_buf_free(&o->bytes);
    free(o);
}

void pl_hooks__image_free(struct pl_hooks__image *image) {
    free((char *)image->id.p);
    pl_buf_free(&image->frame);
    free(image);
}

static struct pl_hooks__image *image_of(struct pl_hooks *h, struct pl_str id) {
    struct pl_hooks__image *image = h->images;
    while (image && (image->dropped || !pl_str_eq(image->id, id))) image = image->next;
    return image;
}

static void free_image_if_unused(struct pl_hooks *h, struct pl_hooks__image *image) {
    if (!image->dropped || image->calls > 0) return;
    struct pl_hooks__image **at = &h->images;
    while (*at != image) at = &(*at)->next;
    *at = image->next;
    pl_hooks__workers_drop_image(h, image->number);
    pl_hooks__image_free(image);
}

void pl_hooks__image_drop(struct pl_hooks *h, struct pl_str id) {
    struct pl_hooks__image *image = image_of(h, id);
    if (!image) return;
    image->dropped = true;
    free_image_if_unused(h, image);
}

void pl_hooks__call_free_if_over(struct pl_hooks__call *c) {
    struct pl_hooks *h = c->hooks;
    if (c->state != PL_HOOKS__OVER || c->asks > 0) return;
    if (c->prev)
        c->prev->next = c->next;
    else
        h->calls = c->next;
    if (c->next) c->next->prev = c->prev;
    pl_arena_free(&c->arena);
    free(c);
}

static void count_outcome(struct pl_hooks *h, enum pl_hook_outcome outcome) {
    switch (outcome) {
    case PL_HOOK_OK: atomic_fetch_add(&h->stats.ok, 1); break;
    case PL_HOOK_FAILED: atomic_fetch_add(&h->stats.failed, 1); break;
    case PL_HOOK_UNAVAILABLE: atomic_fetch_add(&h->stats.unavailable, 1); break;
    case PL_HOOK_UNCONFIRMED: atomic_fetch_add(&h->stats.unconfirmed, 1); break;
    }
}

static void log_outcome(struct pl_hooks *h, const struct pl_hooks__call *c,
                        const struct pl_hook_result *r) {
    static const char *const names[] = {"ok", "failed", "unavailable", "unconfirmed"};
    bool expected = r->outcome == PL_HOOK_OK || r->outcome == PL_HOOK_FAILED;
    pl_log(h->config.log, expected ? PL_LOG_DEBUG : PL_LOG_WARN, "hooks", "call",
           "hook=%.*s call=%llu outcome=%s why=\"%s\" us=%lld", PL_STR_ARG(c->asked.hook),
           (unsigned long long)c->id, names[r->outcome], pl_hook_why_text(r->why),
           (long long)r->took_us);
}

/* Takes the call out of wherever it is and posts the result. `bytes` go with it. */
static void finish(struct pl_hooks__call *c, struct outcome *o) {
    struct pl_hooks *h = c->hooks;
    pl_assert(c->state != PL_HOOKS__OVER);
    pl_timer_stop(&c->deadline);
    if (c->state == PL_HOOKS__WAITING && (c->before || h->first == c)) line_take(h, c);
    if (c->worker) pl_hooks__worker_leave(c, true);
    if (c->ask) pl_hooks__broker_forget(c);
    c->state = PL_HOOKS__OVER;
    o->result.took_us = h->config.clock.mono_us(h->config.clock.ctx) - c->begun_us;
    count_outcome(h, o->result.outcome);
    if (h->config.log) log_outcome(h, c, &o->result);
    o->done = c->asked.done;
    o->ctx = c->asked.ctx;
    o->post.fn = deliver;
    struct pl_loop *loop = c->asked.loop;
    if (c->image) {
        c->image->calls--;
        free_image_if_unused(h, c->image);
    }
    pl_hooks__call_free_if_over(c);
    pl_loop_post(loop, &o->post);
}

static struct outcome *outcome_of(enum pl_hook_outcome outcome, enum pl_hook_why why) {
    struct outcome *o = calloc(1, sizeof *o);
    pl_assert(o);
    o->result.outcome = outcome;
    o->result.why = why;
    return o;
}

void pl_hooks__call_break(struct pl_hooks__call *c, enum pl_hook_why why, struct pl_str detail) {
    bool maybe_done = c->open || (c->ask && c->ask->write);
    bool unconfirmed = maybe_done && c->asked.effect == PL_HOOK_WRITE_ONCE;
    struct outcome *o = outcome_of(unconfirmed ? PL_HOOK_UNCONFIRMED : PL_HOOK_UNAVAILABLE, why);
    pl_buf_str(&o->bytes, detail);
    o->result.detail = pl_buf_slice(&o->bytes);
    finish(c, o);
}

void pl_hooks__call_value(struct pl_hooks__call *c, struct pl_str text) {
    struct pl_arena *a = &c->hooks->scratch;
    struct pl_json json;
    struct pl_value value = PL_NONE;
    struct pl_str where = PL_STR("not JSON");
    size_t at = 0;
    enum pl_err err = PL_OK;
    pl_arena_reset(a);
    if (c->asked.type.kind != PL_KIND_NONE) {
        err = pl_json_parse(a, text, &json, &at);
        if (!err) err = pl_value_from_json(a, c->asked.types, c->asked.type, &json, &value, &where);
    }
    if (err) {
        pl_hooks__call_break(c, PL_HOOK_WHY_WRONG_TYPE, where);
    } else {
        struct outcome *o = outcome_of(PL_HOOK_OK, PL_HOOK_WHY_NONE);
        pl_value_write(&o->bytes, value);
        o->result.value = pl_buf_slice(&o->bytes);
        finish(c, o);
    }
    pl_arena_reset(a);
}

void pl_hooks__call_failure(struct pl_hooks__call *c, struct pl_str name) {
    for (size_t i = 0; i < c->asked.nfails; i++) {
        if (!pl_str_eq(c->asked.fails[i], name)) continue;
        struct outcome *o = outcome_of(PL_HOOK_FAILED, PL_HOOK_WHY_NAMED);
        pl_buf_str(&o->bytes, name);
        o->result.failure = pl_buf_slice(&o->bytes);
        finish(c, o);
        return;
    }
    bool named = pl_str_is(name, "unavailable"); /* every hook may say so */
    pl_hooks__call_break(c, named ? PL_HOOK_WHY_NAMED : PL_HOOK_WHY_UNDECLARED, name);
}

/* ---- what a worker says, and its death ---- */

void pl_hooks__call_heard(struct pl_hooks__call *c, const struct pl_hooks__said *said) {
    if (said->kind == PL_HOOKS__LOG) {
        if (c->logs++ < PL_HOOKS__LOGS && c->hooks->config.log)
            pl_log(c->hooks->config.log, PL_LOG_INFO, "hooks", "said",
                   "hook=%.*s call=%llu event=%.*s id=%.*s", PL_STR_ARG(c->asked.hook),
                   (unsigned long long)c->id, PL_STR_ARG(said->name), PL_STR_ARG(said->subject));
        return;
    }
    if (said->kind == PL_HOOKS__HTTP) {
        pl_hooks__broker(c, said);
        return;
    }
    pl_hooks__worker_leave(c, false);
    if (said->kind == PL_HOOKS__VALUE)
        pl_hooks__call_value(c, said->body);
    else if (said->kind == PL_HOOKS__FAIL)
        pl_hooks__call_failure(c, said->name);
    else
        pl_hooks__call_break(c, said->why, said->detail);
}

void pl_hooks__call_rerun(struct pl_hooks__call *c) {
    if (++c->reruns > PL_HOOKS__RERUNS) {
        pl_hooks__call_break(c, PL_HOOK_WHY_CRASHED, PL_STR("its workers died"));
        return;
    }
    atomic_fetch_add(&c->hooks->stats.reruns, 1);
    if (c->ask && c->ask->write) {
        c->state = PL_HOOKS__ORPHAN;
        return;
    }
    if (c->ask) pl_hooks__broker_forget(c);
    line_put(c->hooks, c, true);
}

/* ---- acceptance and deadline ---- */

static void on_deadline(struct pl_timer *t) {
    struct pl_hooks__call *c = t->ctx;
    struct pl_hooks__worker *w = c->worker, *stuck = NULL;
    struct pl_hooks *h = c->hooks;
    if (w && pl_hooks__worker_oldest(w) == c && pl_hooks__worker_stuck(w)) stuck = w;
    pl_hooks__call_break(c, PL_HOOK_WHY_DEADLINE, PL_STR(""));
    if (stuck) pl_hooks__worker_condemn(stuck, NULL);
    pl_hooks__dispatch(h);
}

void pl_hooks__call_accept(struct pl_hooks *h, struct pl_hooks__call *c) {
    c->next = h->calls;
    if (h->calls) h->calls->prev = c;
    h->calls = c;
    c->state = PL_HOOKS__WAITING;
    atomic_fetch_add(&h->stats.calls, 1);
    c->image = image_of(h, c->asked.image);
    if (c->image) c->image->calls++;
    enum pl_hook_why why = h->stopping                           ? PL_HOOK_WHY_STOPPING
                           : !c->image                           ? PL_HOOK_WHY_NO_IMAGE
                           : h->waiting >= PL_HOOKS__WAITING_MAX ? PL_HOOK_WHY_BUSY
                                                                 : PL_HOOK_WHY_NONE;
    if (why != PL_HOOK_WHY_NONE) {
        pl_hooks__call_break(c, why, PL_STR(""));
        return;
    }
    c->deadline.fn = on_deadline;
    c->deadline.ctx = c;
    int64_t left_us = c->deadline_us - pl_loop_now_us(h->loop);
    pl_timer_start(h->loop, &c->deadline, (left_us + 999) / 1000);
    line_put(h, c, false);
    pl_hooks__dispatch(h);
}
