/* SPDX-License-Identifier: Apache-2.0 */
/* The thread inside, and the jobs that travel to it and back. */
#include <stdlib.h>
#include <string.h>

#include "runtime/blobs/blobs_priv.h"

#define SWEEP_MS 3600000

enum job_kind { FINISH, USE, READ, SWEEP };

struct job {
    struct pl_post post;
    struct pl_blobs *b;
    enum job_kind kind;
    struct pl_blob_put *put;
    struct pl_blob_info info;
    struct pl_buf bytes;
    enum pl_err err;
    pl_blob_done *done;
    void *ctx;
    uint64_t ticket;
};

/* ---- there and back ---- */

static void deliver(struct pl_post *post) {
    struct job *j = (struct job *)(void *)post; /* its first member */
    j->done(j->ctx, j->ticket, j->err, &j->info, pl_buf_slice(&j->bytes));
    if (j->bytes.p) pl_crypto_wipe(j->bytes.p, j->bytes.cap);
    pl_buf_free(&j->bytes);
    free(j);
}

static enum pl_err use(struct pl_blobs *b, struct job *j) {
    enum pl_err err = pl_blobs__open(b, &j->info.id, &j->info, NULL);
    return err == PL_OK ? pl_blobs__keep(b, &j->info.id) : err;
}

static void run_job(struct pl_post *post) {
    struct job *j = (struct job *)(void *)post;
    switch (j->kind) {
    case FINISH: j->err = pl_blobs__settle(j->put); break;
    case USE: j->err = use(j->b, j); break;
    case READ: j->err = pl_blobs__open(j->b, &j->info.id, &j->info, &j->bytes); break;
    case SWEEP: pl_blobs__clean(j->b, false); break;
    }
    if (j->err != PL_OK && j->err != PL_NOT_FOUND && j->err != PL_ERASED && j->err != PL_TYPE &&
        j->b->c.log)
        pl_log(j->b->c.log, PL_LOG_WARN, "blobs", "failed", "reason=\"%s\"", pl_err_text(j->err));
    j->post.fn = deliver;
    pl_loop_post(j->b->c.loop, &j->post);
}

static struct job *job_new(struct pl_blobs *b, enum job_kind kind, pl_blob_done *done, void *ctx,
                           uint64_t ticket) {
    struct job *j = calloc(1, sizeof *j);
    pl_assert(j && b->runs);
    *j = (struct job){
        .post.fn = run_job, .b = b, .kind = kind, .done = done, .ctx = ctx, .ticket = ticket};
    return j;
}

void pl_blob_finish(struct pl_blob_put **put, pl_blob_done *done, void *ctx, uint64_t ticket) {
    struct job *j = job_new((*put)->b, FINISH, done, ctx, ticket);
    j->put = *put;
    j->info = (*put)->info;
    *put = NULL;
    pl_loop_post(j->b->loop, &j->post);
}

static void ask(struct pl_blobs *b, enum job_kind kind, const struct pl_blob_id *id,
                pl_blob_done *done, void *ctx, uint64_t ticket) {
    struct job *j = job_new(b, kind, done, ctx, ticket);
    if (id) j->info.id = *id;
    pl_loop_post(b->loop, &j->post);
}

void pl_blobs_use(struct pl_blobs *b, const struct pl_blob_id *id, pl_blob_done *done, void *ctx,
                  uint64_t ticket) {
    ask(b, USE, id, done, ctx, ticket);
}

void pl_blobs_read(struct pl_blobs *b, const struct pl_blob_id *id, pl_blob_done *done, void *ctx,
                   uint64_t ticket) {
    ask(b, READ, id, done, ctx, ticket);
}

void pl_blobs_sweep(struct pl_blobs *b, pl_blob_done *done, void *ctx, uint64_t ticket) {
    ask(b, SWEEP, NULL, done, ctx, ticket);
}

/* ---- the thread ---- */

static void sweep_due(struct pl_timer *t) {
    pl_blobs__clean(t->ctx, false);
}

static void *thread(void *ctx) {
    struct pl_blobs *b = ctx;
    b->sweep.fn = sweep_due;
    b->sweep.ctx = b;
    pl_timer_repeat(b->loop, &b->sweep, SWEEP_MS);
    pl_loop_run(b->loop);
    pl_loop_once(b->loop, 0); /* what was asked last */
    pl_timer_stop(&b->sweep);
    return NULL;
}

enum pl_err pl_blobs_create(const struct pl_blobs_config *config, struct pl_blobs **out) {
    struct pl_blobs *b = calloc(1, sizeof *b);
    if (!b) return PL_NOMEM;
    b->c = *config;
    int n = snprintf(b->dir, sizeof b->dir, "%s", config->dir);
    enum pl_err err = (size_t)n < sizeof b->dir ? pl_mkdirs(b->dir) : PL_LIMIT;
    if (err == PL_OK) err = pl_keys_open(config->keys, config->master, &b->keys);
    if (err == PL_OK) err = pl_keys_open(config->keys, config->master, &b->in_keys);
    if (err == PL_OK) err = pl_loop_create(config->clock, &b->loop);
    if (err == PL_OK) {
        b->seal = pl_seal_create();
        b->in_seal = pl_seal_create();
        pl_blobs__clean(b, true);
        if (pthread_create(&b->thread, NULL, thread, b) != 0) err = PL_NOMEM;
    }
    b->runs = err == PL_OK;
    *out = b;
    if (err != PL_OK) pl_blobs_destroy(out);
    return err;
}

void pl_blobs_stop(struct pl_blobs *b) {
    if (!b || !b->runs) return;
    pl_loop_stop(b->loop);
    pthread_join(b->thread, NULL);
    b->runs = false;
}

void pl_blobs_destroy(struct pl_blobs **blobs) {
    struct pl_blobs *b = *blobs;
    if (!b) return;
    *blobs = NULL;
    pl_blobs_stop(b);
    if (b->loop) pl_loop_destroy(&b->loop);
    pl_keys_close(&b->keys);
    pl_keys_close(&b->in_keys);
    if (b->seal) pl_seal_destroy(&b->seal);
    if (b->in_seal) pl_seal_destroy(&b->in_seal);
    free(b);
}
