/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads: a node in memory for each dirty stream, a row for every other. The dirty ones hang in a
 * list by the commit of their oldest entry not reflected, so that `applied` is its first.
 */
#include <stdlib.h>
#include <string.h>
#include "runtime/store/store_priv.h"

static struct pl_str bytes_of(const struct pl_stream *stream) {
    return (struct pl_str){(const char *)stream->id, PL_STORE_STREAM};
}

struct pl_store__node *pl_store__node(struct pl_store *s, const struct pl_stream *stream) {
    return pl_map_get(&s->nodes, bytes_of(stream));
}

struct pl_store__node *pl_store__node_add(struct pl_store *s, const struct pl_store_head *head) {
    struct pl_store__node *node = calloc(1, sizeof *node);
    if (!node) return NULL;
    node->head = *head;
    node->reflected = head->n;
    pl_map_put(&s->nodes, bytes_of(&node->head.stream), node);
    return node;
}

void pl_store__node_drop(struct pl_store *s, struct pl_store__node *node) {
    pl_assert(!node->in_group && !node->head.dirty);
    pl_map_del(&s->nodes, bytes_of(&node->head.stream));
    free(node);
}

/* From the newest end: nearly always it belongs there. */
void pl_store__dirty_add(struct pl_store *s, struct pl_store__node *node) {
    struct pl_store__node *older = s->newest;
    while (older && older->head.dirty > node->head.dirty) older = older->older;
    node->older = older;
    node->newer = older ? older->newer : s->oldest;
    if (node->newer) {
        node->newer->older = node;
    } else {
        s->newest = node;
    }
    if (older) {
        older->newer = node;
    } else {
        s->oldest = node;
    }
}

void pl_store__dirty_remove(struct pl_store *s, struct pl_store__node *node) {
    if (node->newer) {
        node->newer->older = node->older;
    } else {
        s->newest = node->older;
    }
    if (node->older) {
        node->older->newer = node->newer;
    } else {
        s->oldest = node->newer;
    }
    node->older = node->newer = NULL;
}

uint64_t pl_store__applied(const struct pl_store *s) {
    return s->oldest ? s->oldest->head.dirty : s->last_commit + 1;
}

enum pl_err pl_store__cold_head(struct pl_store *s, const struct pl_stream *stream,
                                struct pl_store_head *out) {
    *out = (struct pl_store_head){.stream = *stream};
    uint8_t key[PL_STORE__HEAD_KEY];
    pl_store__head_key(stream, key);
    struct pl_arena a;
    pl_arena_init(&a, 2 * PL_STORE_VALUE_MAX);
    struct pl_str value;
    struct pl_store__mark mark;
    enum pl_err err = pl_store_load(s, &a, (struct pl_str){(const char *)key, sizeof key}, &value);
    if (!err) err = pl_store__mark_get(value, &mark);
    if (!err) {
        out->n = mark.n;
        out->commit = mark.commit;
        out->last_seq = mark.last_seq;
    }
    pl_arena_free(&a);
    return err;
}

enum pl_err pl_store_head(struct pl_store *s, const struct pl_stream *stream,
                          struct pl_store_head *out) {
    pthread_mutex_lock(&s->lock);
    struct pl_store__node *node = pl_store__node(s, stream);
    if (node) *out = node->head;
    pthread_mutex_unlock(&s->lock);
    if (!node) return pl_store__cold_head(s, stream, out);
    return out->n ? PL_OK : PL_NOT_FOUND;
}

size_t pl_store_dirty(struct pl_store *s, uint64_t after, struct pl_store_head *out, size_t max) {
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (struct pl_store__node *node = s->oldest; node && n < max; node = node->newer) {
        if (node->head.dirty > after) out[n++] = node->head;
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

uint64_t pl_store_last_commit(struct pl_store *s) {
    pthread_mutex_lock(&s->lock);
    uint64_t last = s->last_commit;
    pthread_mutex_unlock(&s->lock);
    return last;
}

uint64_t pl_store_lag(struct pl_store *s) {
    pthread_mutex_lock(&s->lock);
    uint64_t lag = s->last_commit + 1 - pl_store__applied(s);
    pthread_mutex_unlock(&s->lock);
    return lag;
}

/* ---- recovery ---- */

/* The node of an entry of the tail; NULL with PL_OK for an entry that is reflected already. */
static enum pl_err tail_node(struct pl_store *s, const struct pl_store_entry *e,
                             struct pl_store__node **out) {
    *out = pl_store__node(s, &e->stream);
    if (*out) return PL_OK;
    struct pl_store_head head;
    enum pl_err err = pl_store__cold_head(s, &e->stream, &head);
    if (err && err != PL_NOT_FOUND) return err;
    if (e->n <= head.n) return PL_OK;
    *out = pl_store__node_add(s, &head);
    return *out ? PL_OK : PL_NOMEM;
}

static enum pl_err tail_entry(struct pl_store *s, const struct pl_store_entry *e) {
    struct pl_store__node *node;
    enum pl_err err = tail_node(s, e, &node);
    if (err || !node) return err;
    if (e->n != node->head.n + 1 || e->prev != node->head.commit) return PL_MALFORMED;
    node->head.n = e->n;
    node->head.commit = e->commit;
    node->head.last_seq = e->last_seq;
    node->head.flags |= e->flags;
    if (!node->head.dirty) {
        node->head.dirty = e->commit;
        pl_store__dirty_add(s, node);
    }
    return PL_OK;
}

/* Runs before any other thread knows the store, so that it needs no lock. */
enum pl_err pl_store__rebuild(struct pl_store *s, struct pl_store_why *why) {
    uint64_t at = 1; /* asked first: who looks on sees a state that moves */
    enum pl_err err = s->ops->applied(s->back, &at);
    s->last_commit = s->ops->last(s->back);
    if (!err && at > s->last_commit + 1) {
        pl_store__why(why, "the state is ahead of the journal: entry %llu of %llu",
                      (unsigned long long)at, (unsigned long long)s->last_commit);
        return PL_MALFORMED;
    }
    void *view = NULL;
    if (!err) err = s->ops->view(s->back, &view);
    if (err) return err;
    struct pl_str value;
    while (!(err = s->ops->seek(view, at, &at, &value))) {
        struct pl_store_entry e;
        err = pl_store__entry_get(value, at, &e);
        if (!err) err = tail_entry(s, &e);
        if (err) {
            pl_store__why(why, "journal entry %llu: %s", (unsigned long long)at, pl_err_text(err));
            break;
        }
        at++;
    }
    s->ops->unview(view);
    return err == PL_NOT_FOUND ? PL_OK : err;
}

void pl_store__forget(struct pl_store *s) {
    size_t at = 0;
    struct pl_str key;
    void *node;
    while (pl_map_next(&s->nodes, &at, &key, &node)) free(node);
    pl_map_free(&s->nodes);
    s->oldest = s->newest = NULL;
}
