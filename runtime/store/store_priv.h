/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room. A store is a front (queue, heads, pending rows) over a back (LMDB or
 * memory) that only knows records by commit and rows by key.
 *
 * Locks, never held together: `queue_lock` guards the queue and the sleep of the committer;
 * `lock` guards heads and pending rows and the sleep of the state writer; `commit_lock` makes one
 * committer at a time (it is taken first and the others inside it).
 */
#ifndef PL_STORE_PRIV_H
#define PL_STORE_PRIV_H

#include <pthread.h>
#include "runtime/store/store.h"

/* ---- records ---- */

#define PL_STORE__HEADER 74 /* bytes before the body of an entry, at most */

/* Gives how many bytes. */
size_t pl_store__header_put(uint8_t out[PL_STORE__HEADER], const struct pl_store_entry *e);
/* Any bytes; PL_VERSION or PL_MALFORMED. The body points into `value`. */
enum pl_err pl_store__entry_get(struct pl_str value, uint64_t commit, struct pl_store_entry *e);

/* A head row: where a stream stood when it was last reflected. */
struct pl_store__mark {
    uint64_t n, commit, last_seq;
};
#define PL_STORE__MARK_MAX 32
size_t pl_store__mark_put(uint8_t out[PL_STORE__MARK_MAX], const struct pl_store__mark *m);
enum pl_err pl_store__mark_get(struct pl_str value, struct pl_store__mark *m);

/* ---- the back ---- */

/* A row on its way to the disk. */
struct pl_store__row {
    struct pl_str key, value; /* value.p NULL: delete; both behind this struct */
};

typedef bool pl_store__row_seen(void *ctx, struct pl_str key, struct pl_str value);

struct pl_store__back {
    void (*close)(void *b);
    /* One write transaction of the journal: begin checks that `bytes` fit above the reserve. */
    enum pl_err (*begin)(void *b, size_t bytes);
    enum pl_err (*put)(void *b, uint64_t commit, struct pl_str header, struct pl_str body);
    enum pl_err (*commit)(void *b);
    void (*abort)(void *b);
    uint64_t (*last)(void *b);
    /* Reading entries: values live until unview. seek gives the first at or over `commit`. */
    enum pl_err (*view)(void *b, void **view);
    enum pl_err (*get)(void *view, uint64_t commit, struct pl_str *value);
    enum pl_err (*seek)(void *view, uint64_t commit, uint64_t *found, struct pl_str *value);
    void (*unview)(void *view);
    /* State. */
    enum pl_err (*write)(void *b, struct pl_store__row *const *rows, size_t n, uint64_t applied);
    enum pl_err (*load)(void *b, struct pl_arena *a, struct pl_str key, struct pl_str *value);
    enum pl_err (*walk)(void *b, struct pl_str from, pl_store__row_seen *seen, void *ctx);
    enum pl_err (*applied)(void *b, uint64_t *out); /* 1 when never written */
    /* Care. */
    enum pl_err (*backup)(void *b, const char *folder);
    void (*tend)(void *b);
    void (*crash)(void *b); /* memory only */
};

/* What opening a back found. */
struct pl_store__found {
    void *back;
    const struct pl_store__back *ops;
    uint8_t epoch[16];
    uint64_t boot;
};
enum pl_err pl_store__lmdb_open(const struct pl_store_config *c, struct pl_store__found *out,
                                struct pl_store_why *why);
enum pl_err pl_store__mem_open(const struct pl_store_config *c, struct pl_store__found *out);
void pl_store__why(struct pl_store_why *why, const char *format, ...) PL_PRINTF(2, 3);

/* ---- the front ---- */

/* A stream in memory: dirty, or being appended to. */
struct pl_store__node {
    struct pl_store_head head;
    uint64_t reflected;                   /* entries up to this n are in state rows */
    struct pl_store__node *older, *newer; /* dirty ones, by head.dirty */
    /* What the running group makes of it; the committer's alone. */
    struct pl_store_head staged;
    bool in_group;
    struct pl_store__node *next_in_group;
};

struct pl_store__queue {
    struct pl_store_append *first, *last;
    size_t n;
};

struct pl_store {
    struct pl_store_config config; /* defaults filled in; its pointers are not kept */
    const struct pl_store__back *ops;
    void *back;
    struct pl_log *log;
    char epoch[33];
    uint64_t boot;
    bool threads; /* a committer and a state writer of its own */

    pthread_mutex_t queue_lock;
    pthread_cond_t queue_more, queue_idle;
    struct pl_store__queue queue;
    uint64_t queued, settled; /* appends ever taken in, and ever answered */
    bool committing, stopping;

    pthread_mutex_t commit_lock;
    uint64_t groups; /* journal transactions tried: for fail-at-N */

    pthread_mutex_t lock;
    struct pl_map nodes; /* stream bytes -> node */
    struct pl_store__node *oldest, *newest;
    uint64_t last_commit;
    struct pl_map pending, writing; /* key -> row */
    size_t pending_bytes;
    uint64_t ticket, ticket_taken, ticket_written;
    bool state_now, state_stop;
    uint64_t state_groups;
    uint64_t state_tries;  /* finished tries of the state writer, good or bad */
    enum pl_err state_err; /* of the last try */
    pthread_cond_t state_more, state_done;

    pthread_t committer, writer;
    struct pl_rand rand;
    struct pl_counter counters[PL_STORE_COUNTERS];
};

void pl_store__count(struct pl_store *s, enum pl_store_count what, uint64_t more);

/* store_append.c */
void *pl_store__committer(void *store);
void pl_store__commit_queue(struct pl_store *s); /* commits all that is queued, on this thread */

/* store_heads.c; all with `lock` held unless said otherwise */
struct pl_store__node *pl_store__node(struct pl_store *s, const struct pl_stream *stream);
struct pl_store__node *pl_store__node_add(struct pl_store *s, const struct pl_store_head *head);
void pl_store__node_drop(struct pl_store *s, struct pl_store__node *node);
void pl_store__dirty_add(struct pl_store *s, struct pl_store__node *node);
void pl_store__dirty_remove(struct pl_store *s, struct pl_store__node *node);
/* Not held. The head of a stream that is in no node: from its row. */
enum pl_err pl_store__cold_head(struct pl_store *s, const struct pl_stream *stream,
                                struct pl_store_head *out);
enum pl_err pl_store__rebuild(struct pl_store *s, struct pl_store_why *why); /* not held */
void pl_store__forget(struct pl_store *s);                                   /* frees all nodes */
uint64_t pl_store__applied(const struct pl_store *s);

/* store_state.c */
#define PL_STORE__HEAD_KEY (1 + PL_STORE_STREAM)
void pl_store__head_key(const struct pl_stream *stream, uint8_t out[PL_STORE__HEAD_KEY]);
void *pl_store__writer(void *store);
enum pl_err pl_store__write_pending(struct pl_store *s); /* on this thread */
void pl_store__rows_free(struct pl_map *rows);

#endif
