/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending: a queue, and a committer that makes all of it durable in one transaction.
 *
 *   queued -> checked against the staged head -> put -> synced -> published in heads -> delivered
 *
 * Staged heads live in the nodes, so that the second append of a stream in one group sees the
 * first. A group that fails publishes nothing, and whatever was queued behind it conflicts.
 */
#include <stdatomic.h>
#include <string.h>
#include "runtime/store/store_priv.h"

/* One transaction: enough to amortise the sync, little enough to keep the dirty pages few. */
#define GROUP_APPENDS 4096
#define GROUP_BYTES   (16u << 20)

/* ---- ports ---- */

size_t pl_store_port_run(struct pl_store_port *port) {
    struct pl_store_append *newest = atomic_exchange(&port->fresh, NULL), *first = NULL;
    while (newest) {
        struct pl_store_append *older = newest->next;
        newest->next = first;
        first = newest;
        newest = older;
    }
    size_t n = 0;
    for (; first; n++) {
        struct pl_store_append *a = first;
        first = a->next;
        a->next = NULL;
        a->done(a);
    }
    return n;
}

/* Hands a chain, newest first, to its port. */
static void port_give(struct pl_store_port *port, struct pl_store_append *newest,
                      struct pl_store_append *oldest) {
    struct pl_store_append *there = atomic_load(&port->fresh);
    do {
        oldest->next = there;
    } while (!atomic_compare_exchange_weak(&port->fresh, &there, newest));
    if (port->wake) port->wake(port->ctx);
}

/* One chain, one wake for each port of the group. */
static void deliver(struct pl_store_append *list) {
    while (list) {
        struct pl_store_port *port = list->port;
        struct pl_store_append *newest = NULL, *oldest = list, **rest = &list;
        while (*rest) {
            struct pl_store_append *a = *rest;
            if (a->port != port) {
                rest = &a->next;
                continue;
            }
            *rest = a->next;
            a->next = newest;
            newest = a;
        }
        port_give(port, newest, oldest);
    }
}

/* ---- the queue ---- */

static void queue_push(struct pl_store__queue *q, struct pl_store_append *a) {
    a->next = NULL;
    if (q->last) {
        q->last->next = a;
    } else {
        q->first = a;
    }
    q->last = a;
    q->n++;
}

static void queue_remove(struct pl_store__queue *q, struct pl_store_append *a) {
    struct pl_store_append **p = &q->first, *before = NULL;
    while (*p != a) {
        before = *p;
        p = &before->next;
    }
    *p = a->next;
    if (q->last == a) q->last = before;
    q->n--;
    a->next = NULL;
}

static size_t bytes_of(const struct pl_store_append *a) {
    size_t n = 0;
    for (uint32_t i = 0; i < a->nputs; i++) n += PL_STORE__HEADER + a->puts[i].body.n;
    return n;
}

/* Takes the next group off the queue. */
static struct pl_store_append *queue_take(struct pl_store__queue *q) {
    size_t appends = 0, bytes = 0;
    struct pl_store_append *list = q->first, *last = NULL;
    for (struct pl_store_append *a = list; a && appends < GROUP_APPENDS; a = a->next) {
        bytes += bytes_of(a);
        if (last && bytes > GROUP_BYTES) break;
        last = a;
        appends++;
    }
    if (!last) return NULL;
    q->first = last->next;
    if (!q->first) q->last = NULL;
    q->n -= appends;
    last->next = NULL;
    return list;
}

static enum pl_err check_request(const struct pl_store_append *a) {
    if (a->nputs == 0 || a->nputs > PL_STORE_GROUP_MAX) return PL_LIMIT;
    for (uint32_t i = 0; i < a->nputs; i++) {
        const struct pl_store_put *put = &a->puts[i];
        if (put->body.n > PL_STORE_BODY_MAX) return PL_LIMIT;
        if (put->last_seq + 1 < put->first_seq) return PL_RANGE;
        if (put->first_seq == 0 && put->last_seq != 0) return PL_RANGE;
    }
    return PL_OK;
}

static void gauge(struct pl_store *s) {
    atomic_store(&s->counters[PL_STORE_queue].value, s->queue.n);
    if (s->queue.n > atomic_load(&s->counters[PL_STORE_queue_max].value)) {
        atomic_store(&s->counters[PL_STORE_queue_max].value, s->queue.n);
    }
}

enum pl_err pl_store_append(struct pl_store *s, struct pl_store_append *a) {
    enum pl_err err = s->config.look ? PL_DENIED : check_request(a);
    if (err) return err;
    a->err = PL_OK;
    a->commit = a->n = 0;
    pthread_mutex_lock(&s->queue_lock);
    if (s->stopping) err = PL_CLOSED;
    if (!err && s->queue.n >= s->config.queue_max) err = PL_BUSY;
    if (!err) {
        queue_push(&s->queue, a);
        s->queued++;
        gauge(s);
        if (s->threads && !s->committing) pthread_cond_signal(&s->queue_more);
    }
    pthread_mutex_unlock(&s->queue_lock);
    if (!err && !s->threads && !s->config.hold) pl_store__commit_queue(s);
    return err;
}

/* ---- one group ---- */

struct group {
    struct pl_store__node *nodes; /* by next_in_group */
    uint64_t commit;              /* of the last entry put */
    uint64_t appends, entries, bytes;
};

/* The node of a stream, staged for this group. */
static enum pl_err stage(struct pl_store *s, struct group *g, const struct pl_stream *stream,
                         struct pl_store__node **out) {
    pthread_mutex_lock(&s->lock);
    struct pl_store__node *node = pl_store__node(s, stream);
    if (!node) {
        struct pl_store_head head;
        pthread_mutex_unlock(&s->lock);
        enum pl_err err = pl_store__cold_head(s, stream, &head);
        if (err && err != PL_NOT_FOUND) return err;
        pthread_mutex_lock(&s->lock);
        /* Only this thread adds nodes once the store is open. */
        node = pl_store__node_add(s, &head);
    }
    if (node && !node->in_group) {
        node->in_group = true;
        node->staged = node->head;
        node->staged.dirty = 0;
        node->staged.flags = 0;
        node->next_in_group = g->nodes;
        g->nodes = node;
    }
    pthread_mutex_unlock(&s->lock);
    *out = node;
    return node ? PL_OK : PL_NOMEM;
}

/* Customer-visible events are numbered without gaps, by whoever appends; this is the last check. */
static bool follows(uint64_t last_seq, const struct pl_store_append *a) {
    for (uint32_t i = 0; i < a->nputs; i++) {
        if (a->puts[i].first_seq == 0) continue;
        if (a->puts[i].first_seq != last_seq + 1) return false;
        last_seq = a->puts[i].last_seq;
    }
    return true;
}

static enum pl_err put_one(struct pl_store *s, struct group *g, struct pl_store_head *head,
                           const struct pl_store_put *put) {
    uint8_t header[PL_STORE__HEADER];
    bool events = put->first_seq != 0;
    struct pl_store_entry e = {.stream = head->stream,
                               .n = head->n + 1,
                               .commit = ++g->commit,
                               .prev = head->commit,
                               .kind = put->kind,
                               .flags = put->flags,
                               .first_seq = events ? put->first_seq : head->last_seq + 1,
                               .last_seq = events ? put->last_seq : head->last_seq,
                               .at_ms = put->at_ms,
                               .body = put->body};
    struct pl_str bytes = {(const char *)header, pl_store__header_put(header, &e)};
    head->n = e.n;
    head->commit = e.commit;
    head->last_seq = e.last_seq;
    head->flags |= e.flags;
    if (!head->dirty) head->dirty = e.commit;
    g->entries++;
    g->bytes += bytes.n + put->body.n;
    return s->ops->put(s->back, e.commit, bytes, put->body);
}

/* Puts one append. Its own failures (conflict) go to a->err; a given failure ends the group. */
static enum pl_err put_append(struct pl_store *s, struct group *g, struct pl_store_append *a) {
    struct pl_store__node *node;
    a->err = stage(s, g, &a->stream, &node);
    if (a->err) return PL_OK;
    struct pl_store_head *head = &node->staged;
    if (head->n != a->expected_n) {
        a->err = PL_CONFLICT;
    } else if (!follows(head->last_seq, a)) {
        a->err = PL_RANGE;
    }
    if (a->err) {
        a->n = head->n;
        return PL_OK;
    }
    enum pl_err err = PL_OK;
    for (uint32_t i = 0; i < a->nputs && !err; i++) err = put_one(s, g, head, &a->puts[i]);
    a->commit = head->commit;
    a->n = head->n;
    g->appends++;
    return err;
}

/* Opens, fills and syncs the transaction. */
static enum pl_err write_group(struct pl_store *s, struct group *g, struct pl_store_append *list) {
    size_t bytes = 0;
    for (struct pl_store_append *a = list; a; a = a->next) bytes += bytes_of(a);
    enum pl_err err = s->ops->begin(s->back, bytes);
    if (err) return err;
    if (++s->groups == s->config.fault.journal_at) err = s->config.fault.err;
    for (struct pl_store_append *a = list; a && !err; a = a->next) err = put_append(s, g, a);
    if (err || g->entries == 0) {
        s->ops->abort(s->back);
    } else {
        err = s->ops->commit(s->back);
    }
    return err;
}

/* Makes the staged heads current, or drops them. */
static void publish(struct pl_store *s, struct group *g, bool good) {
    pthread_mutex_lock(&s->lock);
    if (good) s->last_commit = g->commit;
    for (struct pl_store__node *node = g->nodes, *next; node; node = next) {
        next = node->next_in_group;
        node->in_group = false;
        struct pl_store_head *head = &node->head, *staged = &node->staged;
        if (good && staged->dirty) {
            head->n = staged->n;
            head->commit = staged->commit;
            head->last_seq = staged->last_seq;
            head->flags |= staged->flags;
            if (!head->dirty) {
                head->dirty = staged->dirty;
                pl_store__dirty_add(s, node);
            }
        } else if (!head->dirty) {
            pl_store__node_drop(s, node);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

static void count_group(struct pl_store *s, const struct group *g) {
    if (!g->entries) return;
    pl_store__count(s, PL_STORE_commits, 1);
    pl_store__count(s, PL_STORE_syncs, 1);
    pl_store__count(s, PL_STORE_appends, g->appends);
    pl_store__count(s, PL_STORE_entries, g->entries);
    pl_store__count(s, PL_STORE_bytes, g->bytes);
    if (g->appends > atomic_load(&s->counters[PL_STORE_group_max].value)) {
        atomic_store(&s->counters[PL_STORE_group_max].value, g->appends);
    }
}

/* Settles what each append learns, and counts the refused. */
static void settle(struct pl_store *s, struct pl_store_append *list, enum pl_err err) {
    for (struct pl_store_append *a = list; a; a = a->next) {
        if (err) {
            a->err = err;
            a->commit = a->n = 0;
        }
        if (a->err == PL_CONFLICT) pl_store__count(s, PL_STORE_conflicts, 1);
        if (a->err == PL_FULL) pl_store__count(s, PL_STORE_refused, 1);
        if (a->err == PL_IO) pl_store__count(s, PL_STORE_failed, 1);
    }
    if (err && s->log) {
        pl_log(s->log, PL_LOG_ERROR, "store", "append_failed", "reason=%s", pl_err_text(err));
    }
}

static void commit_group(struct pl_store *s, struct pl_store_append *list) {
    struct group g = {.commit = pl_store_last_commit(s)};
    enum pl_err err = write_group(s, &g, list);
    publish(s, &g, !err);
    if (!err) count_group(s, &g);
    settle(s, list, err);
    deliver(list);
}

/* ---- who commits ---- */

/* With queue_lock held; drops it while committing. */
static void commit_next(struct pl_store *s, struct pl_store_append *list) {
    uint64_t n = 0;
    for (struct pl_store_append *a = list; a; a = a->next) n++;
    s->committing = true;
    gauge(s);
    pthread_mutex_unlock(&s->queue_lock);
    commit_group(s, list);
    pthread_mutex_lock(&s->queue_lock);
    s->committing = false;
    s->settled += n;
    pthread_cond_broadcast(&s->queue_idle);
}

void *pl_store__committer(void *store) {
    struct pl_store *s = store;
    pthread_mutex_lock(&s->queue_lock);
    for (;;) {
        struct pl_store_append *list = queue_take(&s->queue);
        if (list) {
            commit_next(s, list);
            continue;
        }
        if (s->stopping) break;
        pthread_cond_wait(&s->queue_more, &s->queue_lock);
    }
    pthread_mutex_unlock(&s->queue_lock);
    return NULL;
}

void pl_store__commit_queue(struct pl_store *s) {
    if (s->threads) {
        pthread_mutex_lock(&s->queue_lock);
        uint64_t upto = s->queued;
        while (s->settled < upto) pthread_cond_wait(&s->queue_idle, &s->queue_lock);
        pthread_mutex_unlock(&s->queue_lock);
        return;
    }
    pthread_mutex_lock(&s->commit_lock);
    pthread_mutex_lock(&s->queue_lock);
    struct pl_store_append *list;
    while ((list = queue_take(&s->queue))) commit_next(s, list);
    pthread_mutex_unlock(&s->queue_lock);
    pthread_mutex_unlock(&s->commit_lock);
}

/* The oldest held append of a stream drawn by chance. */
static struct pl_store_append *draw(struct pl_store *s) {
    uint64_t skip = pl_rand_below(&s->rand, s->queue.n);
    struct pl_store_append *drawn = s->queue.first;
    while (skip--) drawn = drawn->next;
    struct pl_store_append *a = s->queue.first;
    while (!pl_stream_eq(&a->stream, &drawn->stream)) a = a->next;
    return a;
}

size_t pl_store_mem_release(struct pl_store *s, size_t most) {
    pl_assert(!s->threads);
    pthread_mutex_lock(&s->commit_lock);
    pthread_mutex_lock(&s->queue_lock);
    while (most-- && s->queue.first) {
        struct pl_store_append *a = draw(s);
        queue_remove(&s->queue, a);
        commit_next(s, a);
    }
    size_t left = s->queue.n;
    pthread_mutex_unlock(&s->queue_lock);
    pthread_mutex_unlock(&s->commit_lock);
    return left;
}
