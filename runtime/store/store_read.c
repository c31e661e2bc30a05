/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading entries: along a stream's links, or all in commit order.
 */
#include <stdlib.h>
#include "runtime/store/store_priv.h"

static enum pl_err damaged(struct pl_store *s, uint64_t commit, enum pl_err err) {
    pl_store__count(s, PL_STORE_damaged, 1);
    if (s->log) {
        pl_log(s->log, PL_LOG_ERROR, "store", "damaged_entry", "commit=%llu reason=%s",
               (unsigned long long)commit, pl_err_text(err));
    }
    return err == PL_NOT_FOUND ? PL_MALFORMED : err;
}

static enum pl_err fetch(struct pl_store *s, void *view, uint64_t commit,
                         struct pl_store_entry *e) {
    struct pl_str value;
    enum pl_err err = s->ops->get(view, commit, &value);
    if (!err) err = pl_store__entry_get(value, commit, e);
    return err ? damaged(s, commit, err) : PL_OK;
}

/* Fills commits[] of the entries `from`..`from + count - 1`, walking back from the head. */
static enum pl_err gather(struct pl_store *s, void *view, const struct pl_store_head *head,
                          uint64_t from, uint64_t count, uint64_t *commits) {
    uint64_t n = head->n, commit = head->commit;
    for (;;) {
        struct pl_store_entry e;
        enum pl_err err = fetch(s, view, commit, &e);
        if (!err && (e.n != n || !pl_stream_eq(&e.stream, &head->stream))) {
            err = damaged(s, commit, PL_MALFORMED);
        }
        if (err) return err;
        if (n < from + count) commits[n - from] = commit;
        if (n == from) return PL_OK;
        n--;
        commit = e.prev;
    }
}

static enum pl_err show(struct pl_store *s, void *view, const uint64_t *commits, uint64_t count,
                        pl_store_seen *seen, void *ctx) {
    for (uint64_t i = 0; i < count; i++) {
        struct pl_store_entry e;
        enum pl_err err = fetch(s, view, commits[i], &e);
        if (err) return err;
        if (!seen(ctx, &e)) break;
    }
    return PL_OK;
}

enum pl_err pl_store_read(struct pl_store *s, const struct pl_stream *stream, uint64_t from_n,
                          uint32_t count, pl_store_seen *seen, void *ctx) {
    struct pl_store_head head;
    enum pl_err err = pl_store_head(s, stream, &head);
    if (err) return err;
    if (from_n == 0) from_n = 1;
    if (from_n > head.n) return PL_OK;
    uint64_t there = head.n - from_n + 1;
    if (count && count < there) there = count;
    uint64_t *commits = calloc(there, sizeof *commits);
    if (!commits) return PL_NOMEM;
    void *view;
    pl_store__count(s, PL_STORE_reads, 1);
    err = s->ops->view(s->back, &view);
    if (!err) {
        err = gather(s, view, &head, from_n, there, commits);
        if (!err) err = show(s, view, commits, there, seen, ctx);
        s->ops->unview(view);
    }
    free(commits);
    return err;
}

enum pl_err pl_store_find_seq(struct pl_store *s, const struct pl_stream *stream, uint64_t seq,
                              uint64_t *n) {
    struct pl_store_head head;
    enum pl_err err = pl_store_head(s, stream, &head);
    if (err) return err;
    void *view;
    pl_store__count(s, PL_STORE_reads, 1);
    err = s->ops->view(s->back, &view);
    if (err) return err;
    /* Back over entries that end at or behind seq; `e` is then the one before the answer. */
    struct pl_store_entry e = {.n = head.n, .last_seq = head.last_seq, .commit = head.commit};
    while (e.n && e.last_seq >= seq) {
        uint64_t before = e.n - 1;
        err = fetch(s, view, e.commit, &e);
        if (!err && (e.n != before + 1 || !pl_stream_eq(&e.stream, stream))) {
            err = damaged(s, e.commit, PL_MALFORMED);
        }
        if (err || e.first_seq <= seq) break;
        e = (struct pl_store_entry){.n = before, .last_seq = e.first_seq - 1, .commit = e.prev};
    }
    s->ops->unview(view);
    bool holds = e.n && e.last_seq >= seq && e.first_seq <= seq;
    *n = holds ? e.n : e.n + 1;
    return err;
}

enum pl_err pl_store_scan(struct pl_store *s, uint64_t from_commit, uint32_t count,
                          pl_store_seen *seen, void *ctx) {
    void *view;
    pl_store__count(s, PL_STORE_reads, 1);
    enum pl_err err = s->ops->view(s->back, &view);
    if (err) return err;
    uint64_t at = from_commit ? from_commit : 1;
    for (uint32_t i = 0; count == 0 || i < count; i++, at++) {
        struct pl_str value;
        struct pl_store_entry e;
        err = s->ops->seek(view, at, &at, &value);
        if (err) break;
        err = pl_store__entry_get(value, at, &e);
        if (err) {
            damaged(s, at, err);
            break;
        }
        if (!seen(ctx, &e)) break;
    }
    s->ops->unview(view);
    return err == PL_NOT_FOUND ? PL_OK : err;
}
