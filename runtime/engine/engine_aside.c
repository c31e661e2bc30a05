/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread beside the engine's: there images are opened that conversations stand on, and freed.
 * What waits for an image waits in its order; the engine goes on with everything else.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

int64_t pl_engine__hold_begin(const struct pl_engine *e) {
    return e->config.stopwatch ? e->config.stopwatch() : 0;
}

void pl_engine__hold_end(struct pl_engine *e, int64_t since_ns) {
    if (!e->config.stopwatch) return;
    uint64_t us = (uint64_t)(e->config.stopwatch() - since_ns) / 1000;
    struct pl_counter *longest = &e->counters[PL_ENGINE_LONGEST_HOLD_US];
    uint64_t was = pl_counter_read(longest);
    if (us > was) pl_count(longest, us - was);
}

/* ---- freeing ---- */

struct burial {
    struct pl_post post;
    struct pl_engine *e;
    struct eng_image *image;
};

static void bury(struct pl_post *p) {
    struct burial *b = (struct burial *)(void *)p;
    pl_engine__image_close(b->e, b->image);
    free(b);
}

void pl_engine__image_free(struct pl_engine *e, struct eng_image *i) {
    struct burial *b = e->aside ? calloc(1, sizeof *b) : NULL;
    if (!b) {
        pl_engine__image_close(e, i);
        return;
    }
    *b = (struct burial){{.fn = bury}, e, i};
    pl_loop_post(e->aside, &b->post);
}

/* ---- opening ---- */

static void fetch_unlink(struct pl_engine *e, const struct eng_fetch *f) {
    struct eng_fetch **at = &e->fetches;
    while (*at != f) at = &(*at)->next;
    *at = f->next;
}

/* What waited goes on, in its order; without the image it is told so. */
static void fetched(struct pl_post *p) {
    struct eng_fetch *f = (struct eng_fetch *)(void *)p;
    struct pl_engine *e = f->e;
    int64_t since = pl_engine__hold_begin(e);
    fetch_unlink(e, f);
    if (f->image) {
        struct eng_image *i = pl_engine__image_take(e, f->image);
        if (i->life == PL_ENGINE_LIFE_WARM && !i->held)
            pl_engine__life(e, i, PL_ENGINE_LIFE_DRAINING);
        ENG_COUNT(e, FETCHES);
    } else {
        e->missing = f->prefix;
    }
    pl_engine__hold_end(e, since);
    while (f->first) {
        struct eng_input *in = f->first;
        f->first = in->next;
        in->next = NULL;
        pl_engine__command(e, in);
    }
    e->missing = NULL;
    free(f);
}

static void open_aside(struct pl_post *p) {
    struct eng_fetch *f = (struct eng_fetch *)(void *)p;
    struct pl_engine *e = f->e;
    struct pl_image *image = e->config.find_image(e->config.find_ctx, f->prefix);
    if (image && pl_engine__image_open(e, image, &f->image) != PL_OK) f->image = NULL;
    if (image) pl_image_unref(&image);
    f->post.fn = fetched;
    pl_loop_post(e->loop, &f->post);
}

void pl_engine__fetch(struct pl_engine *e, const uint8_t prefix[8]) {
    if (!e->config.find_image || (e->missing && memcmp(e->missing, prefix, 8) == 0)) return;
    for (struct eng_fetch *f = e->fetches; f; f = f->next)
        if (memcmp(f->prefix, prefix, 8) == 0) {
            e->wanted = f;
            return;
        }
    struct eng_fetch *f = calloc(1, sizeof *f);
    pl_assert(f);
    *f = (struct eng_fetch){.post.fn = open_aside, .e = e, .next = e->fetches};
    f->last = &f->first;
    memcpy(f->prefix, prefix, sizeof f->prefix);
    e->fetches = e->wanted = f;
    pl_loop_post(e->aside, &f->post);
}

static void park(struct eng_fetch *f, struct eng_input *in) {
    in->next = NULL;
    *f->last = in;
    f->last = &in->next;
}

bool pl_engine__park(struct pl_engine *e, struct eng_input *in) {
    if (!e->wanted) return false;
    park(e->wanted, in);
    return true;
}

bool pl_engine__parked_with(struct pl_engine *e, struct eng_input *in) {
    for (struct eng_fetch *f = e->fetches; f; f = f->next)
        for (const struct eng_input *k = f->first; k; k = k->next)
            if (k->client == in->client) {
                park(f, in);
                return true;
            }
    return false;
}

void pl_engine__fetches_free(struct pl_engine *e) {
    while (e->fetches) {
        struct eng_fetch *f = e->fetches;
        e->fetches = f->next;
        if (f->image) pl_engine__image_close(e, f->image);
        while (f->first) {
            struct eng_input *in = f->first;
            f->first = in->next;
            free(in);
        }
        free(f);
    }
}

/* ---- the thread ---- */

static void *run_aside(void *ctx) {
    struct pl_engine *e = ctx;
    pl_loop_run(e->aside);
    return NULL;
}

enum pl_err pl_engine__aside_start(struct pl_engine *e) {
    enum pl_err err = pl_loop_create(e->config.clock, &e->aside);
    if (err == PL_OK && pthread_create(&e->aside_thread, NULL, run_aside, e) != 0) {
        pl_loop_destroy(&e->aside);
        err = PL_NOMEM;
    }
    return err;
}

struct last {
    struct pl_post post;
    struct pl_loop *loop;
};

static void end(struct pl_post *p) {
    pl_loop_stop(((struct last *)(void *)p)->loop);
}

/* Posts of one thread run in their order, and the engine's has ended. */
void pl_engine__aside_stop(struct pl_engine *e) {
    struct last last = {.post.fn = end, .loop = e->aside};
    if (!e->aside) return;
    pl_loop_post(e->aside, &last.post);
    pthread_join(e->aside_thread, NULL);
    pl_loop_destroy(&e->aside);
}
