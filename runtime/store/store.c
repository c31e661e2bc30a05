/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening, closing, and what is left of the front.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "runtime/store/store_priv.h"

#define MIB (UINT64_C(1) << 20)

struct pl_stream pl_stream_of(char kind, const uint8_t id[16]) {
    struct pl_stream stream;
    stream.id[0] = (uint8_t)kind;
    memcpy(stream.id + 1, id, 16);
    return stream;
}

bool pl_stream_eq(const struct pl_stream *a, const struct pl_stream *b) {
    return memcmp(a->id, b->id, PL_STORE_STREAM) == 0;
}

void pl_store__why(struct pl_store_why *why, const char *format, ...) {
    if (!why || why->text[0]) return;
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
}

/* ---- open ---- */

static void fill_defaults(struct pl_store_config *c) {
    if (!c->map_bytes) c->map_bytes = MIB << 20;
    if (!c->reserve) c->reserve = 64 * MIB;
    if (!c->queue_max) c->queue_max = 65536;
    if (!c->pending_max) c->pending_max = 256 * MIB;
    if (!c->state_ms) c->state_ms = 1000;
    if (!c->state_rows) c->state_rows = 2000;
    if (c->fault.err == PL_OK) c->fault.err = PL_IO;
}

static void name_counters(struct pl_store *s) {
    static const struct {
        const char *name, *help;
    } names[] = {
#define COUNTER(name, help) {"store." #name, help},
#include "runtime/store/counter.def"
#undef COUNTER
    };
    for (size_t i = 0; i < PL_STORE_COUNTERS; i++) {
        s->counters[i].name = names[i].name;
        s->counters[i].help = names[i].help;
    }
}

static void make_locks(struct pl_store *s) {
    pthread_mutex_init(&s->queue_lock, NULL);
    pthread_mutex_init(&s->commit_lock, NULL);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->queue_more, NULL);
    pthread_cond_init(&s->queue_idle, NULL);
    pthread_cond_init(&s->state_done, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->state_more, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void free_store(struct pl_store *s) {
    pl_store__forget(s);
    pl_store__rows_free(&s->pending);
    pl_store__rows_free(&s->writing);
    if (s->back) s->ops->close(s->back);
    pthread_mutex_destroy(&s->queue_lock);
    pthread_mutex_destroy(&s->commit_lock);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->queue_more);
    pthread_cond_destroy(&s->queue_idle);
    pthread_cond_destroy(&s->state_more);
    pthread_cond_destroy(&s->state_done);
    free(s);
}

static void stop_committer(struct pl_store *s) {
    pthread_mutex_lock(&s->queue_lock);
    s->stopping = true;
    pthread_cond_signal(&s->queue_more);
    pthread_mutex_unlock(&s->queue_lock);
    if (s->threads) pthread_join(s->committer, NULL);
}

static void stop_writer(struct pl_store *s) {
    pthread_mutex_lock(&s->lock);
    s->state_stop = true;
    pthread_cond_signal(&s->state_more);
    pthread_mutex_unlock(&s->lock);
    if (s->threads) pthread_join(s->writer, NULL);
}

/* Signals belong to the threads that have a loop. */
static enum pl_err start_threads(struct pl_store *s) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int bad = pthread_create(&s->committer, NULL, pl_store__committer, s);
    if (!bad) {
        s->threads = true;
        bad = pthread_create(&s->writer, NULL, pl_store__writer, s);
        if (bad) {
            stop_committer(s);
            s->threads = false;
        }
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return bad ? PL_NOMEM : PL_OK;
}

static enum pl_err open_back(struct pl_store *s, const struct pl_store_config *c,
                             struct pl_store_why *why) {
    struct pl_store__found found = {0};
    enum pl_err err = c->folder ? pl_store__lmdb_open(&s->config, &found, why)
                                : pl_store__mem_open(&s->config, &found);
    if (err) return err;
    s->back = found.back;
    s->ops = found.ops;
    s->boot = found.boot;
    pl_hex(found.epoch, sizeof found.epoch, s->epoch);
    return PL_OK;
}

enum pl_err pl_store_open(const struct pl_store_config *config, struct pl_store **out,
                          struct pl_store_why *why) {
    *out = NULL;
    if (why) why->text[0] = 0;
    struct pl_store *s = calloc(1, sizeof *s);
    if (!s) return PL_NOMEM;
    s->config = *config;
    s->log = config->log;
    fill_defaults(&s->config);
    name_counters(s);
    make_locks(s);
    pl_rand_seed(&s->rand, config->seed);
    enum pl_err err = open_back(s, config, why);
    if (!err) err = pl_store__rebuild(s, why);
    s->config.folder = NULL;
    s->config.epoch = NULL;
    if (!err && config->folder && !config->look) err = start_threads(s);
    if (err) {
        pl_store__why(why, "%s: %s", config->folder ? config->folder : "memory", pl_err_text(err));
        free_store(s);
        return err;
    }
    *out = s;
    return PL_OK;
}

void pl_store_close(struct pl_store **store) {
    struct pl_store *s = *store;
    if (!s) return;
    *store = NULL;
    stop_committer(s);
    if (!s->threads) pl_store__commit_queue(s);
    stop_writer(s);
    if (!s->threads) (void)pl_store__write_pending(s);
    free_store(s);
}

/* ---- the rest ---- */

const char *pl_store_epoch(const struct pl_store *s) {
    return s->epoch;
}

uint64_t pl_store_boot(const struct pl_store *s) {
    return s->boot;
}

enum pl_err pl_store_backup(struct pl_store *s, const char *folder) {
    return s->ops->backup(s->back, folder);
}

void pl_store_tend(struct pl_store *s) {
    s->ops->tend(s->back);
    if (!s->threads) (void)pl_store__write_pending(s);
}

const struct pl_counter *pl_store_counters(const struct pl_store *s) {
    return s->counters;
}

void pl_store__count(struct pl_store *s, enum pl_store_count what, uint64_t more) {
    atomic_fetch_add_explicit(&s->counters[what].value, more, memory_order_relaxed);
}

void pl_store_mem_crash(struct pl_store *s) {
    pl_assert(!s->threads);
    s->queue = (struct pl_store__queue){0};
    s->settled = s->queued;
    pl_store__rows_free(&s->pending);
    s->pending_bytes = 0;
    s->ticket_written = s->ticket;
    pl_store__forget(s);
    s->ops->crash(s->back);
    s->boot++;
    enum pl_err err = pl_store__rebuild(s, NULL);
    pl_assert(err == PL_OK);
}
