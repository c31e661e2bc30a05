/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the store's tests: a store in a temporary folder or in memory, and appends that wait.
 */
#ifndef STORE_HARNESS_H
#define STORE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/store/store.h"

enum bench_kind { MEMORY, DISK, LATE }; /* LATE: in memory, and committed by and by, in any order */

struct bench {
    bool disk;
    struct pl_rand rand;
    char folder[64];
    struct pl_store_config config;
    struct pl_store *s;
    struct pl_store_port port;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    unsigned wakes;
    struct pl_arena arena;
};

static void bench_wake(void *ctx) {
    struct bench *b = ctx;
    pthread_mutex_lock(&b->lock);
    b->wakes++;
    pthread_cond_signal(&b->woken);
    pthread_mutex_unlock(&b->lock);
}

static void bench_open(struct bench *b) {
    struct pl_store_why why;
    enum pl_err err = pl_store_open(&b->config, &b->s, &why);
    if (err) fail_msg("open: %s", why.text);
}

static void bench_start(struct bench *b, enum bench_kind kind) {
    bool disk = kind == DISK;
    memset(b, 0, sizeof *b);
    b->disk = disk;
    b->config.hold = kind == LATE;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->woken, NULL);
    b->port.wake = bench_wake;
    b->port.ctx = b;
    pl_arena_init(&b->arena, 0);
    if (disk) {
        snprintf(b->folder, sizeof b->folder, "/tmp/pl_store_XXXXXX");
        assert_non_null(mkdtemp(b->folder));
        b->config.folder = b->folder;
    }
    b->config.map_bytes = UINT64_C(1) << 30;
    b->config.reserve = 1 << 20;
    bench_open(b);
}

static int bench_remove(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void bench_end(struct bench *b) {
    pl_store_close(&b->s);
    pl_store_port_run(&b->port);
    pl_arena_free(&b->arena);
    if (b->disk) nftw(b->folder, bench_remove, 16, FTW_DEPTH | FTW_PHYS);
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->woken);
}

/* Dies and comes back. On disk: all that was flushed; the tests of crashes proper fork. */
static inline void bench_again(struct bench *b) {
    if (b->disk) {
        pl_store_close(&b->s);
        pl_store_port_run(&b->port);
        bench_open(b);
    } else {
        pl_store_mem_crash(b->s);
    }
}

struct put {
    struct pl_store_append a;
    struct pl_store_put puts[PL_STORE_GROUP_MAX];
    char text[64];
    atomic_bool ended;
};

static inline void put_done(struct pl_store_append *a) {
    ((struct put *)a)->ended = true;
}

static inline struct pl_stream stream_no(char kind, unsigned no) {
    uint8_t id[16] = {(uint8_t)(no >> 8), (uint8_t)no};
    return pl_stream_of(kind, id);
}

/* One entry "text", no events. */
static inline void put_make(struct bench *b, struct put *p, struct pl_stream stream,
                            uint64_t expected, const char *text) {
    memset(p, 0, sizeof *p);
    snprintf(p->text, sizeof p->text, "%s", text);
    p->puts[0] = (struct pl_store_put){.kind = 1, .at_ms = 1000, .body = pl_str_c(p->text)};
    p->a = (struct pl_store_append){.stream = stream,
                                    .expected_n = expected,
                                    .puts = p->puts,
                                    .nputs = 1,
                                    .port = &b->port,
                                    .done = put_done};
}

static inline void put_wait(struct bench *b, struct put *p) {
    while (!p->ended && b->config.hold) {
        pl_store_mem_release(b->s, (size_t)pl_rand_below(&b->rand, 3));
        pl_store_port_run(&b->port);
    }
    while (!p->ended) {
        pthread_mutex_lock(&b->lock);
        while (b->wakes == 0) pthread_cond_wait(&b->woken, &b->lock);
        b->wakes = 0;
        pthread_mutex_unlock(&b->lock);
        pl_store_port_run(&b->port);
    }
}

static inline enum pl_err put_now(struct bench *b, struct put *p) {
    p->ended = false;
    enum pl_err err = pl_store_append(b->s, &p->a);
    if (err) return err;
    put_wait(b, p);
    return p->a.err;
}

static inline enum pl_err put_text(struct bench *b, struct pl_stream stream, uint64_t expected,
                                   const char *text) {
    struct put p;
    put_make(b, &p, stream, expected, text);
    return put_now(b, &p);
}

/* Entries read, as "1:one 2:two". */
struct seen {
    char text[2048];
    size_t at, n, most;
};

static inline bool see(void *ctx, const struct pl_store_entry *e) {
    struct seen *seen = ctx;
    int n = snprintf(seen->text + seen->at, sizeof seen->text - seen->at, "%s%llu:%.*s",
                     seen->at ? " " : "", (unsigned long long)e->n, PL_STR_ARG(e->body));
    seen->at += (size_t)n;
    return ++seen->n != seen->most;
}

#endif
