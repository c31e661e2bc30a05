/* SPDX-License-Identifier: Apache-2.0
 *
 * State rows: kept pending in memory, written by a thread of its own in one transaction at a time.
 * `pending` takes new rows, `writing` is what the running transaction holds; a reader looks into
 * pending, writing and then the back, so that it never sees less than was projected.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "runtime/store/store_priv.h"

/* ---- pending rows ---- */

static size_t cost(const struct pl_store__row *row) {
    return sizeof *row + row->key.n + row->value.n;
}

static struct pl_store__row *row_new(struct pl_str key, struct pl_str value) {
    struct pl_store__row *row = malloc(sizeof *row + key.n + value.n + 1);
    if (!row) return NULL;
    char *p = (char *)(row + 1);
    memcpy(p, key.p, key.n);
    row->key = (struct pl_str){p, key.n};
    row->value = (struct pl_str){value.p ? p + key.n : NULL, value.n};
    if (value.n) memcpy(p + key.n, value.p, value.n);
    return row;
}

void pl_store__rows_free(struct pl_map *rows) {
    size_t at = 0;
    struct pl_str key;
    void *row;
    while (pl_map_next(rows, &at, &key, &row)) free(row);
    pl_map_free(rows);
    *rows = (struct pl_map){0};
}

/* Takes the row; an earlier one of the same key goes. */
static void row_set(struct pl_store *s, struct pl_store__row *row) {
    struct pl_store__row *old = pl_map_del(&s->pending, row->key);
    if (old) s->pending_bytes -= cost(old);
    free(old);
    pl_map_put(&s->pending, row->key, row);
    s->pending_bytes += cost(row);
}

void pl_store__head_key(const struct pl_stream *stream, uint8_t out[PL_STORE__HEAD_KEY]) {
    out[0] = 'h';
    memcpy(out + 1, stream->id, PL_STORE_STREAM);
}

/* ---- projecting ---- */

static enum pl_err check_rows(const struct pl_store_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (rows[i].key.n == 0 || rows[i].key.n > PL_STORE_KEY_MAX) return PL_LIMIT;
        if (rows[i].value.n > PL_STORE_VALUE_MAX) return PL_LIMIT;
        if (rows[i].key.p[0] == 'h') return PL_DENIED;
    }
    return PL_OK;
}

/* What a stream becomes when it is reflected up to `upto`. */
struct reflection {
    bool moves; /* else it was reflected that far already */
    uint64_t upto;
    struct pl_store__mark mark;
    uint64_t dirty; /* commit of entry upto + 1; 0: none */
    uint64_t seen;  /* the head that was looked at */
    uint8_t flags;  /* of the entries behind upto that were looked at */
};

/* Walks back from the head to entry `upto`; most often the head is that entry. */
static enum pl_err walk_back(struct pl_store *s, const struct pl_store_head *head,
                             struct reflection *r) {
    void *view;
    enum pl_err err = s->ops->view(s->back, &view);
    if (err) return err;
    struct pl_store_entry e = {.prev = head->commit, .n = head->n + 1};
    while (e.n > r->upto) {
        uint64_t commit = e.prev, n = e.n - 1;
        struct pl_str value;
        err = s->ops->get(view, commit, &value);
        if (!err) err = pl_store__entry_get(value, commit, &e);
        if (!err && (e.n != n || !pl_stream_eq(&e.stream, &head->stream))) err = PL_MALFORMED;
        if (err) break;
        if (e.n > r->upto) {
            r->dirty = commit;
            r->flags |= e.flags;
        }
    }
    s->ops->unview(view);
    r->mark = (struct pl_store__mark){e.n, e.commit, e.last_seq};
    return err == PL_NOT_FOUND ? PL_MALFORMED : err;
}

static enum pl_err reflect_of(struct pl_store *s, const struct pl_stream *stream, uint64_t upto,
                              struct reflection *r) {
    struct pl_store_head head;
    uint64_t reflected = 0;
    *r = (struct reflection){.upto = upto};
    pthread_mutex_lock(&s->lock);
    struct pl_store__node *node = pl_store__node(s, stream);
    if (node) {
        head = node->head;
        reflected = node->reflected;
    }
    pthread_mutex_unlock(&s->lock);
    if (!node) {
        enum pl_err err = pl_store__cold_head(s, stream, &head);
        if (err && err != PL_NOT_FOUND) return err;
        reflected = head.n;
    }
    if (upto > head.n) return PL_RANGE;
    r->moves = upto > reflected;
    r->seen = head.n;
    if (!r->moves) return PL_OK;
    if (upto < head.n) return walk_back(s, &head, r);
    r->mark = (struct pl_store__mark){head.n, head.commit, head.last_seq};
    return PL_OK;
}

/* Works out the reflection and gives with `lock` held; on failure it is not held. A head that grew
 * meanwhile makes it look again, for then the oldest entry not reflected is not known yet. */
static enum pl_err reflect_and_lock(struct pl_store *s, const struct pl_stream *stream,
                                    uint64_t upto, struct reflection *r,
                                    struct pl_store__node **node) {
    *r = (struct reflection){0};
    *node = NULL;
    while (stream) {
        enum pl_err err = reflect_of(s, stream, upto, r);
        if (err) return err;
        if (!r->moves) break;
        pthread_mutex_lock(&s->lock);
        *node = pl_store__node(s, stream);
        /* No node or a farther one: another call of the same was faster. */
        r->moves = *node && (*node)->reflected < upto;
        if (!r->moves || r->dirty || (*node)->head.n == r->seen) return PL_OK;
        pthread_mutex_unlock(&s->lock);
    }
    pthread_mutex_lock(&s->lock);
    return PL_OK;
}

/* With lock held. The stream's node moves on in the dirty list, or leaves it. */
static void node_reflect(struct pl_store *s, struct pl_store__node *node,
                         const struct reflection *r) {
    pl_store__dirty_remove(s, node);
    node->reflected = r->upto;
    bool grew = node->head.n != r->seen;
    node->head.dirty = r->dirty;
    if (!grew) node->head.flags = r->flags; /* else those of new entries are among the old ones */
    if (r->dirty) {
        pl_store__dirty_add(s, node);
    } else if (!node->in_group) {
        pl_store__node_drop(s, node);
    }
}

static struct pl_store__row *mark_row(const struct pl_stream *stream,
                                      const struct pl_store__mark *mark) {
    uint8_t key[PL_STORE__HEAD_KEY], value[PL_STORE__MARK_MAX];
    pl_store__head_key(stream, key);
    size_t n = pl_store__mark_put(value, mark);
    return row_new((struct pl_str){(const char *)key, sizeof key},
                   (struct pl_str){(const char *)value, n});
}

static void free_copies(struct pl_store__row **all, size_t n) {
    for (size_t i = 0; all && i < n; i++) free(all[i]);
    free(all);
}

/* One more than n, for the stream's mark; NULL when memory is out. */
static struct pl_store__row **copies(const struct pl_store_row *rows, size_t n) {
    struct pl_store__row **all = calloc(n + 1, sizeof(struct pl_store__row *));
    for (size_t i = 0; all && i < n; i++) {
        all[i] = row_new(rows[i].key, rows[i].value);
        if (all[i]) continue;
        free_copies(all, n);
        return NULL;
    }
    return all;
}

/* With lock held: all of it or nothing. */
static enum pl_err take_rows(struct pl_store *s, struct pl_store__row **all, size_t n,
                             const struct pl_stream *stream, struct pl_store__node *node,
                             const struct reflection *r) {
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes += cost(all[i]);
    if (bytes && s->pending_bytes + bytes > s->config.pending_max) return PL_BUSY;
    if (r->moves && !(all[n++] = mark_row(stream, &r->mark))) return PL_NOMEM;
    for (size_t i = 0; i < n; i++) {
        row_set(s, all[i]);
        all[i] = NULL;
    }
    if (r->moves) node_reflect(s, node, r);
    s->ticket++;
    return PL_OK;
}

enum pl_err pl_store_project(struct pl_store *s, const struct pl_store_row *rows, size_t nrows,
                             const struct pl_stream *stream, uint64_t upto) {
    enum pl_err err = s->config.look ? PL_DENIED : check_rows(rows, nrows);
    if (err) return err;
    struct pl_store__row **all = copies(rows, nrows);
    if (!all) return PL_NOMEM;
    struct reflection r;
    struct pl_store__node *node;
    bool start = false;
    err = reflect_and_lock(s, stream, upto, &r, &node);
    if (!err) {
        bool idle = s->pending.n == 0;
        err = take_rows(s, all, nrows, stream, node, &r);
        start = s->pending.n >= s->config.state_rows;
        if (s->threads && (start || idle)) pthread_cond_signal(&s->state_more);
        pthread_mutex_unlock(&s->lock);
    }
    free_copies(all, nrows + 1);
    if (!err && start && !s->threads) (void)pl_store__write_pending(s);
    return err;
}

uint64_t pl_store_ticket(struct pl_store *s) {
    pthread_mutex_lock(&s->lock);
    uint64_t ticket = s->ticket;
    pthread_mutex_unlock(&s->lock);
    return ticket;
}

bool pl_store_written(struct pl_store *s, uint64_t ticket) {
    pthread_mutex_lock(&s->lock);
    bool written = s->ticket_written >= ticket;
    pthread_mutex_unlock(&s->lock);
    return written;
}

/* ---- writing ---- */

/* The rows of the last try that failed, under those that came since. */
static void put_back(struct pl_store *s) {
    size_t at = 0;
    struct pl_str key;
    void *row;
    while (pl_map_next(&s->writing, &at, &key, &row)) {
        if (pl_map_get(&s->pending, key)) {
            s->pending_bytes -= cost(row);
            free(row);
        } else {
            pl_map_put(&s->pending, key, row);
        }
    }
    pl_map_free(&s->writing);
    s->writing = (struct pl_map){0};
}

static struct pl_store__row **rows_of(const struct pl_map *map) {
    struct pl_store__row **rows = calloc(map->n + 1, sizeof(struct pl_store__row *));
    size_t at = 0, n = 0;
    struct pl_str key;
    void *row;
    while (rows && pl_map_next(map, &at, &key, &row)) rows[n++] = row;
    return rows;
}

static int by_key(const void *a, const void *b) {
    return pl_str_cmp((*(struct pl_store__row *const *)a)->key,
                      (*(struct pl_store__row *const *)b)->key);
}

static enum pl_err write_rows(struct pl_store *s, uint64_t applied) {
    struct pl_store__row **rows = rows_of(&s->writing);
    if (!rows) return PL_NOMEM;
    size_t n = s->writing.n;
    qsort(rows, n, sizeof *rows, by_key); /* neighbours share pages */
    enum pl_err err = PL_OK;
    if (++s->state_groups == s->config.fault.state_at) err = s->config.fault.err;
    if (!err) err = s->ops->write(s->back, rows, n, applied);
    free(rows);
    if (!err) pl_store__count(s, PL_STORE_state_rows, n);
    return err;
}

/* With lock held; drops it while writing. */
static enum pl_err write_now(struct pl_store *s) {
    if (s->pending.n == 0) {
        s->ticket_written = s->ticket;
        s->state_err = PL_OK;
        return PL_OK;
    }
    struct pl_map written = {0};
    s->writing = s->pending;
    s->pending = (struct pl_map){0};
    s->ticket_taken = s->ticket;
    size_t taken = s->pending_bytes;
    uint64_t applied = pl_store__applied(s);
    pthread_mutex_unlock(&s->lock);
    enum pl_err err = write_rows(s, applied);
    pthread_mutex_lock(&s->lock);
    if (err) {
        put_back(s);
        pl_store__count(s, PL_STORE_state_failed, 1);
    } else {
        written = s->writing; /* they are freed where nobody waits for the lock */
        s->writing = (struct pl_map){0};
        s->pending_bytes -= taken;
        s->ticket_written = s->ticket_taken;
        pl_store__count(s, PL_STORE_state_commits, 1);
        pl_store__count(s, PL_STORE_syncs, 1);
    }
    s->state_err = err;
    if (err && s->log) {
        pl_log(s->log, PL_LOG_ERROR, "store", "state_write_failed", "reason=%s", pl_err_text(err));
    }
    pthread_mutex_unlock(&s->lock);
    pl_store__rows_free(&written);
    pthread_mutex_lock(&s->lock);
    return err;
}

enum pl_err pl_store__write_pending(struct pl_store *s) {
    pthread_mutex_lock(&s->commit_lock); /* `writing` has one user at a time */
    pthread_mutex_lock(&s->lock);
    enum pl_err err = write_now(s);
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_unlock(&s->commit_lock);
    return err;
}

/* Sleeps until the rows are many enough, old enough, or wanted. */
static void wait_for_work(struct pl_store *s) {
    while (s->pending.n == 0 && !s->state_now && !s->state_stop) {
        pthread_cond_wait(&s->state_more, &s->lock);
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += s->config.state_ms / 1000;
    until.tv_nsec += (long)(s->config.state_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    while (s->pending.n < s->config.state_rows && !s->state_now && !s->state_stop) {
        if (pthread_cond_timedwait(&s->state_more, &s->lock, &until)) break;
    }
}

void *pl_store__writer(void *store) {
    struct pl_store *s = store;
    pthread_mutex_lock(&s->lock);
    for (bool last = false; !last;) {
        wait_for_work(s);
        last = s->state_stop;
        s->state_now = false;
        enum pl_err err = write_now(s);
        s->state_tries++;
        pthread_cond_broadcast(&s->state_done);
        if (!err || last) continue;
        /* Not at once again: a full disk does not empty itself in a microsecond. */
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        while (!s->state_stop && !s->state_now &&
               !pthread_cond_timedwait(&s->state_more, &s->lock, &until)) {
        }
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

enum pl_err pl_store_flush(struct pl_store *s) {
    if (!s->config.hold) pl_store__commit_queue(s);
    if (!s->threads) return pl_store__write_pending(s);
    pthread_mutex_lock(&s->lock);
    uint64_t ticket = s->ticket, tries = s->state_tries;
    enum pl_err err = PL_OK;
    /* A try that was under way may end without our rows: the second one has them. */
    while (s->ticket_written < ticket && s->state_tries < tries + 2) {
        s->state_now = true;
        pthread_cond_signal(&s->state_more);
        pthread_cond_wait(&s->state_done, &s->lock);
        err = s->state_err;
    }
    if (s->ticket_written >= ticket) err = PL_OK;
    pthread_mutex_unlock(&s->lock);
    return err;
}

/* ---- reading rows ---- */

static enum pl_err row_load(const struct pl_store__row *row, struct pl_arena *a,
                            struct pl_str *value) {
    if (!row->value.p) return PL_NOT_FOUND;
    *value = pl_arena_str(a, row->value);
    return value->p ? PL_OK : PL_NOMEM;
}

enum pl_err pl_store_load(struct pl_store *s, struct pl_arena *a, struct pl_str key,
                          struct pl_str *value) {
    *value = (struct pl_str){0};
    pthread_mutex_lock(&s->lock);
    const struct pl_store__row *row = pl_map_get(&s->pending, key);
    if (!row) row = pl_map_get(&s->writing, key);
    enum pl_err err = row ? row_load(row, a, value) : PL_OK;
    pthread_mutex_unlock(&s->lock);
    if (row) return err;
    if (key.n == 0 || key.n > PL_STORE_KEY_MAX) return PL_LIMIT;
    pl_store__count(s, PL_STORE_reads, 1);
    return s->ops->load(s->back, a, key, value);
}

/* Rows of a range: the pending ones first, copied and sorted, then merged with the back's. */
struct range {
    struct pl_arena *a;
    struct pl_str prefix, from;
    size_t limit;
    struct pl_store_row *fresh; /* pending; value.p NULL: deleted */
    size_t nfresh, at;
    struct pl_store_row *out;
    size_t n;
    enum pl_err err;
};

static bool in_range(const struct range *r, struct pl_str key) {
    return pl_str_starts(key, r->prefix) && pl_str_cmp(key, r->from) >= 0;
}

static bool copy_row(struct range *r, struct pl_store_row *to, struct pl_str key,
                     struct pl_str value) {
    to->key = pl_arena_str(r->a, key);
    to->value = value.p ? pl_arena_str(r->a, value) : value;
    if (!to->key.p || (value.p && !to->value.p)) r->err = PL_NOMEM;
    return !r->err;
}

static void collect(struct range *r, const struct pl_map *map) {
    size_t at = 0;
    struct pl_str key;
    void *p;
    while (!r->err && pl_map_next(map, &at, &key, &p)) {
        const struct pl_store__row *row = p;
        if (in_range(r, key)) copy_row(r, &r->fresh[r->nfresh++], key, row->value);
    }
}

static int by_row_key(const void *a, const void *b) {
    return pl_str_cmp(((const struct pl_store_row *)a)->key, ((const struct pl_store_row *)b)->key);
}

/* With lock held: what the back does not have yet. A key in pending hides the same in writing. */
static void collect_fresh(struct pl_store *s, struct range *r) {
    size_t most = 0, at = 0;
    struct pl_str key;
    void *row;
    while (pl_map_next(&s->pending, &at, &key, &row)) most += in_range(r, key);
    for (at = 0; pl_map_next(&s->writing, &at, &key, &row);) most += in_range(r, key);
    r->fresh = pl_arena_array(r->a, most + 1, sizeof *r->fresh);
    if (!r->fresh) {
        r->err = PL_NOMEM;
        return;
    }
    collect(r, &s->pending);
    for (at = 0; !r->err && pl_map_next(&s->writing, &at, &key, &row);) {
        if (!in_range(r, key) || pl_map_get(&s->pending, key)) continue;
        copy_row(r, &r->fresh[r->nfresh++], key, ((struct pl_store__row *)row)->value);
    }
    qsort(r->fresh, r->nfresh, sizeof *r->fresh, by_row_key);
}

static bool full(const struct range *r) {
    return r->n >= r->limit || r->err;
}

/* Shows pending rows below `key` (all when key.p is NULL); true when one has this very key. */
static bool show_fresh(struct range *r, struct pl_str key) {
    while (r->at < r->nfresh && !full(r)) {
        const struct pl_store_row *row = &r->fresh[r->at];
        int c = key.p ? pl_str_cmp(row->key, key) : -1;
        if (c > 0) return false;
        r->at++;
        if (row->value.p) r->out[r->n++] = *row;
        if (c == 0) return true;
    }
    return false;
}

static bool back_row(void *ctx, struct pl_str key, struct pl_str value) {
    struct range *r = ctx;
    if (!pl_str_starts(key, r->prefix)) return false;
    bool hidden = show_fresh(r, key);
    if (!hidden && !full(r)) copy_row(r, &r->out[r->n++], key, value);
    return !full(r);
}

enum pl_err pl_store_rows(struct pl_store *s, struct pl_arena *a, struct pl_str prefix,
                          struct pl_str from, size_t limit, struct pl_store_row **rows, size_t *n) {
    *rows = NULL;
    *n = 0;
    if (prefix.n > PL_STORE_KEY_MAX || from.n > PL_STORE_KEY_MAX) return PL_LIMIT;
    struct range r = {.a = a, .prefix = prefix, .from = from, .limit = limit};
    if (pl_str_cmp(from, prefix) < 0) r.from = prefix;
    r.out = pl_arena_array(a, limit + 1, sizeof *r.out);
    if (!r.out) return PL_NOMEM;
    pthread_mutex_lock(&s->lock);
    collect_fresh(s, &r);
    pthread_mutex_unlock(&s->lock);
    pl_store__count(s, PL_STORE_reads, 1);
    if (!r.err) r.err = s->ops->walk(s->back, r.from, back_row, &r);
    if (!r.err) show_fresh(&r, (struct pl_str){0});
    if (r.err) return r.err;
    *rows = r.out;
    *n = r.n;
    return PL_OK;
}
