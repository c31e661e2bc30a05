/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading back: opening entries, walking a conversation, showing its events again.
 */
#include <string.h>
#include "runtime/journal/journal_priv.h"

#define BATCH_RECORDS 64
#define BATCH_BYTES   (128u << 10)

/* ---- one entry ---- */

static enum pl_err unseal(struct pl_journal *j, const struct pl_conv *conv,
                          const struct pl_store_entry *stored, struct pl_str bytes,
                          struct pl_arena *a, struct pl_str *plain) {
    struct pl_key_id id;
    struct pl_str prefix, box;
    enum pl_err err = pl_journal__split(bytes, &id, &prefix, &box);
    if (err) return err;
    uint8_t key[PL_KEY_SIZE], bound[PL_JOURNAL__BOUND];
    struct pl_str aad = pl_journal__bound(bound, &stored->stream, stored->n, stored->kind, prefix);
    if (conv) {
        if (id.day != conv->key_id.day || id.slot != conv->key_id.slot) return PL_MALFORMED;
        return pl_seal_unbox(j->seal, conv->key, aad, box, a, plain);
    }
    err = pl_journal__key(j, id, key);
    if (!err) err = pl_seal_unbox(j->seal, key, aad, box, a, plain);
    pl_crypto_wipe(key, sizeof key);
    return err;
}

enum pl_err pl_journal__open(struct pl_journal *j, const struct pl_conv *conv,
                             const struct pl_store_entry *stored, struct pl_str bytes,
                             struct pl_arena *a, struct pl_entry *out) {
    struct pl_str plain;
    enum pl_err err = PL_OK;
    if (!pl_entry_word(stored->kind)) return PL_VERSION;
    if (stored->kind == PL_ENTRY_MORE) return PL_MALFORMED;
    if (pl_entry__sealed(stored->kind)) {
        err = unseal(j, conv, stored, bytes, a, &plain);
        if (!err) err = pl_journal__unpack(&j->pack, plain, PL_ENTRY_MOST, a, &plain);
    } else if (bytes.n == 0) {
        err = PL_MALFORMED;
    } else if (bytes.p[0] != PL_ENTRY_VERSION) {
        err = PL_VERSION;
    } else {
        plain = pl_arena_str(a, (struct pl_str){bytes.p + 1, bytes.n - 1});
        if (!plain.p) err = PL_NOMEM;
    }
    if (err) return err;
    *out = (struct pl_entry){.flags = stored->flags & PL_ENTRY_WAITS,
                             .at_ms = stored->at_ms,
                             .n = stored->n,
                             .commit = stored->commit,
                             .first_seq = stored->first_seq,
                             .last_seq = stored->last_seq};
    err = pl_entry_read(stored->kind, plain, a, out);
    /* Seq numbers lie outside the seal: they must fit what is inside. */
    if (!err && out->last_seq - out->first_seq + 1 != out->noutputs) err = PL_MALFORMED;
    return err;
}

enum pl_err pl_journal_open(struct pl_journal *j, const struct pl_store_entry *stored,
                            struct pl_arena *a, struct pl_entry *out) {
    if (stored->kind == PL_ENTRY_MORE) return PL_NOT_FOUND;
    if (stored->flags & PL_ENTRY_LONG) return PL_UNAVAILABLE;
    return pl_journal__open(j, NULL, stored, stored->body, a, out);
}

/* ---- walking ---- */

enum pl_err pl_journal_from(struct pl_journal *j, const struct pl_conv *conv, uint64_t n,
                            struct pl_journal_cursor *c) {
    struct pl_store_head head;
    *c = (struct pl_journal_cursor){.conv = conv, .stream = conv->stream, .next = n ? n : 1};
    enum pl_err err = pl_store_head(j->store, &c->stream, &head);
    c->last = head.n;
    return err == PL_NOT_FOUND ? PL_OK : err;
}

/* Copies a record into the batch: its struct, then its body. */
static bool keep(void *ctx, const struct pl_store_entry *e) {
    struct pl_buf *b = ctx;
    pl_buf_add(b, e, sizeof *e);
    pl_buf_add(b, e->body.p, e->body.n);
    return b->n < BATCH_BYTES;
}

/* The next record, its body in the batch. Refilling moves the earlier ones away. */
static enum pl_err record(struct pl_journal *j, struct pl_journal_cursor *c,
                          struct pl_store_entry *e) {
    if (c->at == c->batch.n) {
        if (c->next > c->last) return PL_NOT_FOUND;
        pl_buf_clear(&c->batch);
        c->at = 0;
        enum pl_err err =
            pl_store_read(j->store, &c->stream, c->next, BATCH_RECORDS, keep, &c->batch);
        if (!err && c->batch.failed) err = PL_NOMEM;
        if (!err && c->batch.n == 0) err = PL_MALFORMED;
        if (err) {
            pl_buf_clear(&c->batch);
            return err == PL_NOT_FOUND ? PL_MALFORMED : err;
        }
    }
    memcpy(e, c->batch.p + c->at, sizeof *e);
    e->body.p = c->batch.p + c->at + sizeof *e;
    c->at += sizeof *e + e->body.n;
    c->next = e->n + 1;
    return PL_OK;
}

/* Puts the rest of a long entry behind its first record. */
static enum pl_err gather(struct pl_journal *j, struct pl_journal_cursor *c,
                          struct pl_store_entry first, struct pl_str *whole) {
    struct pl_store_entry e = first;
    pl_buf_clear(&j->box);
    pl_buf_str(&j->box, e.body);
    while (e.flags & PL_ENTRY_LONG) {
        enum pl_err err = record(j, c, &e);
        if (err) return err == PL_NOT_FOUND ? PL_MALFORMED : err;
        if (e.kind != PL_ENTRY_MORE || j->box.n > PL_ENTRY_MOST) return PL_MALFORMED;
        pl_buf_str(&j->box, e.body);
    }
    *whole = pl_buf_slice(&j->box);
    return j->box.failed ? PL_NOMEM : PL_OK;
}

enum pl_err pl_journal_next(struct pl_journal *j, struct pl_journal_cursor *c, struct pl_arena *a,
                            struct pl_entry *out) {
    struct pl_store_entry e;
    enum pl_err err;
    do {
        err = record(j, c, &e); /* a start in the middle of a long entry passes over its rest */
    } while (!err && e.kind == PL_ENTRY_MORE);
    if (err) return err;
    struct pl_str bytes = e.body;
    if (e.flags & PL_ENTRY_LONG) err = gather(j, c, e, &bytes);
    return err ? err : pl_journal__open(j, c->conv, &e, bytes, a, out);
}

void pl_journal_cursor_free(struct pl_journal_cursor *c) {
    pl_buf_free(&c->batch);
}

/* ---- events ---- */

/* False: the reader has enough. */
static bool show(const struct pl_entry *e, uint64_t after, pl_journal_event *seen, void *ctx) {
    for (uint32_t i = 0; i < e->noutputs; i++) {
        uint64_t seq = e->first_seq + i;
        if (seq > after && !seen(ctx, seq, e->at_ms, e->outputs[i])) return false;
    }
    return true;
}

enum pl_err pl_journal_events(struct pl_journal *j, const struct pl_conv *conv, uint64_t after_seq,
                              pl_journal_event *seen, void *ctx) {
    uint64_t n;
    struct pl_journal_cursor c;
    enum pl_err err = pl_store_find_seq(j->store, &conv->stream, after_seq + 1, &n);
    if (err) return err;
    err = pl_journal_from(j, conv, n, &c);
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (bool more = true; !err && more; pl_arena_reset(&a)) {
        struct pl_entry e;
        err = pl_journal_next(j, &c, &a, &e);
        if (!err) more = show(&e, after_seq, seen, ctx);
    }
    pl_arena_free(&a);
    pl_journal_cursor_free(&c);
    return err == PL_NOT_FOUND ? PL_OK : err;
}
