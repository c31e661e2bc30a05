/* SPDX-License-Identifier: Apache-2.0
 *
 * The back in memory: entries in an array by commit, rows in a sorted array. For tests and
 * simulation; what was committed survives pl_store_mem_crash(), as a disk would.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "runtime/store/store_priv.h"

struct row {
    struct pl_str key, value; /* one allocation, at key.p */
};

struct mem {
    pthread_mutex_t lock;
    PL_VEC(struct pl_str) entries; /* entry of commit i + 1; never moved once visible */
    size_t visible;                /* entries behind it belong to the running transaction */
    PL_VEC(struct row) rows;
    uint64_t applied;
};

/* ---- entries ---- */

static enum pl_err mem_begin(void *b, size_t bytes) {
    (void)b;
    (void)bytes;
    return PL_OK;
}

static enum pl_err mem_put(void *b, uint64_t commit, struct pl_str header, struct pl_str body) {
    struct mem *m = b;
    char *p = malloc(header.n + body.n);
    if (!p) return PL_NOMEM;
    memcpy(p, header.p, header.n);
    if (body.n) memcpy(p + header.n, body.p, body.n);
    pthread_mutex_lock(&m->lock);
    pl_assert(commit == m->entries.n + 1);
    PL_PUSH(&m->entries, ((struct pl_str){p, header.n + body.n}));
    pthread_mutex_unlock(&m->lock);
    return PL_OK;
}

static enum pl_err mem_commit(void *b) {
    struct mem *m = b;
    pthread_mutex_lock(&m->lock);
    m->visible = m->entries.n;
    pthread_mutex_unlock(&m->lock);
    return PL_OK;
}

static void mem_abort(void *b) {
    struct mem *m = b;
    pthread_mutex_lock(&m->lock);
    while (m->entries.n > m->visible) free((char *)m->entries.v[--m->entries.n].p);
    pthread_mutex_unlock(&m->lock);
}

static uint64_t mem_last(void *b) {
    return ((struct mem *)b)->visible;
}

static enum pl_err mem_view(void *b, void **view) {
    *view = b;
    return PL_OK;
}

static void mem_unview(void *view) {
    (void)view;
}

static enum pl_err mem_get(void *view, uint64_t commit, struct pl_str *value) {
    struct mem *m = view;
    enum pl_err err = PL_NOT_FOUND;
    pthread_mutex_lock(&m->lock);
    if (commit >= 1 && commit <= m->visible) {
        *value = m->entries.v[commit - 1];
        err = PL_OK;
    }
    pthread_mutex_unlock(&m->lock);
    return err;
}

static enum pl_err mem_seek(void *view, uint64_t commit, uint64_t *found, struct pl_str *value) {
    *found = commit ? commit : 1;
    return mem_get(view, *found, value);
}

/* ---- rows ---- */

/* Where the key is, or where it would go. */
static size_t place(const struct mem *m, struct pl_str key) {
    size_t low = 0, high = m->rows.n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (pl_str_cmp(m->rows.v[mid].key, key) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool at_key(const struct mem *m, size_t at, struct pl_str key) {
    return at < m->rows.n && pl_str_eq(m->rows.v[at].key, key);
}

static void row_remove(struct mem *m, size_t at) {
    free((char *)m->rows.v[at].key.p);
    memmove(&m->rows.v[at], &m->rows.v[at + 1], (m->rows.n - at - 1) * sizeof *m->rows.v);
    m->rows.n--;
}

static bool row_insert(struct mem *m, size_t at, struct pl_str key, struct pl_str value) {
    char *p = malloc(key.n + value.n);
    if (!p) return false;
    memcpy(p, key.p, key.n);
    if (value.n) memcpy(p + key.n, value.p, value.n);
    struct row row = {{p, key.n}, {p + key.n, value.n}};
    PL_PUSH(&m->rows, row);
    memmove(&m->rows.v[at + 1], &m->rows.v[at], (m->rows.n - at - 1) * sizeof row);
    m->rows.v[at] = row;
    return true;
}

static enum pl_err mem_write(void *b, struct pl_store__row *const *rows, size_t n,
                             uint64_t applied) {
    struct mem *m = b;
    enum pl_err err = PL_OK;
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < n && !err; i++) {
        size_t at = place(m, rows[i]->key);
        if (at_key(m, at, rows[i]->key)) row_remove(m, at);
        if (rows[i]->value.p && !row_insert(m, at, rows[i]->key, rows[i]->value)) err = PL_NOMEM;
    }
    /* Rows are idempotent, so that those written before memory ran out do no harm. */
    if (!err) m->applied = applied;
    pthread_mutex_unlock(&m->lock);
    return err;
}

static enum pl_err mem_load(void *b, struct pl_arena *a, struct pl_str key, struct pl_str *value) {
    struct mem *m = b;
    enum pl_err err = PL_NOT_FOUND;
    pthread_mutex_lock(&m->lock);
    size_t at = place(m, key);
    if (at_key(m, at, key)) {
        *value = pl_arena_str(a, m->rows.v[at].value);
        err = value->p ? PL_OK : PL_NOMEM;
    }
    pthread_mutex_unlock(&m->lock);
    return err;
}

static enum pl_err mem_walk(void *b, struct pl_str from, pl_store__row_seen *seen, void *ctx) {
    struct mem *m = b;
    pthread_mutex_lock(&m->lock);
    for (size_t at = place(m, from); at < m->rows.n; at++) {
        if (!seen(ctx, m->rows.v[at].key, m->rows.v[at].value)) break;
    }
    pthread_mutex_unlock(&m->lock);
    return PL_OK;
}

static enum pl_err mem_applied(void *b, uint64_t *out) {
    *out = ((struct mem *)b)->applied;
    return PL_OK;
}

/* ---- care ---- */

static enum pl_err mem_backup(void *b, const char *folder) {
    (void)b;
    (void)folder;
    return PL_UNAVAILABLE;
}

static void mem_tend(void *b) {
    (void)b;
}

static void mem_close(void *b) {
    struct mem *m = b;
    for (size_t i = 0; i < m->entries.n; i++) free((char *)m->entries.v[i].p);
    for (size_t i = 0; i < m->rows.n; i++) free((char *)m->rows.v[i].key.p);
    PL_VEC_FREE(&m->entries);
    PL_VEC_FREE(&m->rows);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static const struct pl_store__back ops = {
    .close = mem_close,
    .begin = mem_begin,
    .put = mem_put,
    .commit = mem_commit,
    .abort = mem_abort,
    .last = mem_last,
    .view = mem_view,
    .get = mem_get,
    .seek = mem_seek,
    .unview = mem_unview,
    .write = mem_write,
    .load = mem_load,
    .walk = mem_walk,
    .applied = mem_applied,
    .backup = mem_backup,
    .tend = mem_tend,
    .crash = mem_abort,
};

enum pl_err pl_store__mem_open(const struct pl_store_config *c, struct pl_store__found *out) {
    struct mem *m = calloc(1, sizeof *m);
    if (!m) return PL_NOMEM;
    pthread_mutex_init(&m->lock, NULL);
    m->applied = 1;
    *out = (struct pl_store__found){.back = m, .ops = &ops, .boot = 1};
    if (c->epoch) {
        memcpy(out->epoch, c->epoch, sizeof out->epoch);
    } else if (getrandom(out->epoch, sizeof out->epoch, 0) != sizeof out->epoch) {
        mem_close(m);
        return PL_IO;
    }
    return PL_OK;
}
