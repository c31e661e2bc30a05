/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether queues keep what they promise: two counters for each, by its name, kept over all images.
 * A hand-over counts once, when a person first does something with it.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

struct eng_promise {
    char *names[2];
    struct pl_counter in_time, late;
    struct eng_promise *next;
};

static char *name_of(struct pl_str queue, const char *what) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "engine.queue_%.*s_%s", PL_STR_ARG(queue), what);
    pl_buf_byte(&b, 0);
    pl_assert(!b.failed);
    return b.p;
}

static struct eng_promise *add(struct pl_engine *e, struct pl_str queue) {
    struct eng_promise *p = calloc(1, sizeof *p);
    pl_assert(p);
    p->names[0] = name_of(queue, "in_time");
    p->names[1] = name_of(queue, "late");
    p->in_time.name = p->names[0];
    p->in_time.help = "hand-overs that were answered as the queue promises";
    p->late.name = p->names[1];
    p->late.help = "hand-overs that were answered later than the queue promises";
    p->next = e->promises;
    e->promises = p;
    return p;
}

static struct eng_promise *promise_of(struct pl_engine *e, struct pl_str queue) {
    struct eng_promise *p = e->promises;
    char *name = name_of(queue, "late");
    while (p && strcmp(p->names[1], name) != 0) p = p->next;
    free(name);
    return p ? p : add(e, queue);
}

void pl_engine__promises(struct pl_engine *e, const struct pl_program *p) {
    pthread_mutex_lock(&e->promises_lock);
    for (uint32_t i = 0; i < p->nqueues; i++)
        if (p->queues[i].within_ms || p->queues[i].callback_ms) promise_of(e, p->queues[i].name);
    pthread_mutex_unlock(&e->promises_lock);
}

void pl_engine__promise_kept(struct pl_engine *e, const struct eng_handoff *h) {
    struct pl_arena a;
    struct pl_json json;
    size_t at;
    int64_t by;
    pl_arena_init(&a, 0);
    if (pl_json_parse(&a, pl_buf_slice(&h->json), &json, &at) == PL_OK &&
        pl_datetime_parse(pl_json_text(&json, "answer_by"), 0, &by)) {
        pthread_mutex_lock(&e->promises_lock);
        struct eng_promise *p = promise_of(e, pl_json_text(&json, "queue"));
        pl_count(eng_now(e) > by ? &p->late : &p->in_time, 1);
        pthread_mutex_unlock(&e->promises_lock);
    }
    pl_arena_free(&a);
}

void pl_engine_queue_counters(struct pl_engine *e,
                              void (*show)(void *to, const struct pl_counter *c), void *to) {
    pthread_mutex_lock(&e->promises_lock);
    for (const struct eng_promise *p = e->promises; p; p = p->next) {
        show(to, &p->in_time);
        show(to, &p->late);
    }
    pthread_mutex_unlock(&e->promises_lock);
}

void pl_engine__promises_free(struct pl_engine *e) {
    struct eng_promise *next;
    for (struct eng_promise *p = e->promises; p; p = next) {
        next = p->next;
        free(p->names[0]);
        free(p->names[1]);
        free(p);
    }
    e->promises = NULL;
}
