/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots: a state row per conversation, more when the state is long; and sealed rows at large.
 *
 * First row: version 4, n, commit, seq, key day, key slot, at (zigzag), image hash 32, rows, length
 * of the box (LEB128 all), then the box; what does not fit stands in rows 1, 2, .. The box is bound
 * to the stream and to the header.
 */
#include <string.h>
#include "runtime/journal/journal_priv.h"

#define KEY_BYTES   (PL_STORE_STREAM + 1)
#define HEADER_MOST 128
#define BOX_MOST    (PL_JOURNAL__PACKED(PL_SNAPSHOT_MOST) + PL_BOX_EXTRA)
#define ROWS_MOST   (1 + (BOX_MOST + HEADER_MOST) / PL_STORE_VALUE_MAX)

/* The key of row i of a conversation's snapshot. */
static struct pl_str key_of(uint8_t out[KEY_BYTES], const struct pl_stream *stream, uint32_t i) {
    memcpy(out, stream->id, PL_STORE_STREAM);
    out[PL_STORE_STREAM] = (uint8_t)i;
    return (struct pl_str){(const char *)out, i ? KEY_BYTES : PL_STORE_STREAM};
}

struct header {
    struct pl_snapshot snap;
    struct pl_key_id key_id;
    uint32_t rows;
    uint64_t box; /* bytes */
    size_t bytes; /* of the header itself */
};

static void write_header(struct pl_buf *b, const struct header *h) {
    pl_buf_byte(b, PL_ENTRY_VERSION);
    pl_buf_var(b, h->snap.n);
    pl_buf_var(b, h->snap.commit);
    pl_buf_var(b, h->snap.seq);
    pl_buf_var(b, h->key_id.day);
    pl_buf_var(b, h->key_id.slot);
    pl_buf_zig(b, h->snap.at_ms);
    pl_buf_add(b, h->snap.image, sizeof h->snap.image);
    pl_buf_var(b, h->rows);
    pl_buf_var(b, h->box);
}

static enum pl_err read_header(struct pl_str row, struct header *h) {
    struct pl_reader r = pl_reader_of(row);
    *h = (struct header){0};
    if (pl_read_u8(&r) != PL_ENTRY_VERSION) return r.bad ? PL_MALFORMED : PL_VERSION;
    h->snap.n = pl_read_var(&r);
    h->snap.commit = pl_read_var(&r);
    h->snap.seq = pl_read_var(&r);
    uint64_t day = pl_read_var(&r), slot = pl_read_var(&r);
    h->snap.at_ms = pl_read_zig(&r);
    struct pl_str image = pl_read_bytes(&r, sizeof h->snap.image);
    uint64_t rows = pl_read_var(&r);
    h->box = pl_read_var(&r);
    if (r.bad || day > UINT32_MAX || slot > UINT32_MAX || h->snap.n == 0) return PL_MALFORMED;
    if (rows == 0 || rows > ROWS_MOST) return PL_MALFORMED;
    if (h->box > BOX_MOST) return PL_MALFORMED;
    h->key_id = (struct pl_key_id){(uint32_t)day, (uint32_t)slot};
    h->rows = (uint32_t)rows;
    memcpy(h->snap.image, image.p, sizeof h->snap.image);
    h->bytes = row.n - pl_read_left(&r);
    return PL_OK;
}

/* The stream, then the header: what the state is bound to. */
static struct pl_str bound(uint8_t out[PL_STORE_STREAM + HEADER_MOST],
                           const struct pl_stream *stream, struct pl_str header) {
    pl_assert(header.n <= HEADER_MOST);
    memcpy(out, stream->id, PL_STORE_STREAM);
    memcpy(out + PL_STORE_STREAM, header.p, header.n);
    return (struct pl_str){(const char *)out, PL_STORE_STREAM + header.n};
}

/* ---- saving ---- */

/* Header and box into j->box; how many rows they take. */
static enum pl_err seal_state(struct pl_journal *j, const struct pl_conv *conv,
                              const struct pl_snapshot *snap, uint32_t *rows) {
    pl_buf_clear(&j->packed);
    pl_journal__pack(&j->pack, snap->state, &j->packed);
    if (j->packed.failed) return PL_NOMEM;
    struct header h = {.snap = *snap, .key_id = conv->key_id, .box = j->packed.n + PL_BOX_EXTRA};
    h.rows = (uint32_t)(1 + (h.box + HEADER_MOST) / PL_STORE_VALUE_MAX);
    uint8_t aad[PL_STORE_STREAM + HEADER_MOST];
    pl_buf_clear(&j->box);
    write_header(&j->box, &h);
    if (j->box.failed) return PL_NOMEM;
    *rows = h.rows;
    struct pl_str what = bound(aad, &conv->stream, pl_buf_slice(&j->box));
    return pl_seal_box(j->seal, conv->key, what, pl_buf_slice(&j->packed), &j->box);
}

/* Cuts j->box into rows, and deletes those that a longer snapshot left behind. */
static struct pl_store_row *cut_rows(struct pl_journal *j, const struct pl_conv *conv,
                                     uint32_t rows, struct pl_store_row *out) {
    size_t at = 0;
    for (uint32_t i = 0; i < rows || i < conv->rows; i++, out++) {
        uint8_t *key = pl_arena_alloc(&j->arena, KEY_BYTES);
        size_t n = j->box.n - at;
        if (n > PL_STORE_VALUE_MAX) n = PL_STORE_VALUE_MAX;
        out->key = key_of(key, &conv->stream, i);
        out->value = i < rows ? (struct pl_str){j->box.p + at, n} : (struct pl_str){NULL, 0};
        at += i < rows ? n : 0;
    }
    return out;
}

enum pl_err pl_snapshot_save(struct pl_journal *j, struct pl_conv *conv,
                             const struct pl_snapshot *snap, const struct pl_store_row *rows,
                             size_t nrows) {
    if (snap->state.n > PL_SNAPSHOT_MOST) return PL_LIMIT;
    uint32_t mine;
    enum pl_err err = seal_state(j, conv, snap, &mine);
    if (err) return err;
    pl_arena_reset(&j->arena);
    struct pl_store_row *all = PL_NEW_ARRAY(&j->arena, struct pl_store_row, nrows + 2 * ROWS_MOST);
    if (nrows) memcpy(all, rows, nrows * sizeof *rows);
    struct pl_store_row *end = cut_rows(j, conv, mine, all + nrows);
    err = pl_store_project(j->store, all, (size_t)(end - all), &conv->stream, snap->n);
    if (!err) conv->rows = mine;
    return err;
}

/* ---- loading ---- */

/* Joins the box of several rows. */
static enum pl_err join(struct pl_journal *j, const struct pl_stream *stream,
                        const struct header *h, struct pl_str first, struct pl_arena *a,
                        struct pl_str *box) {
    pl_buf_clear(&j->box);
    pl_buf_add(&j->box, first.p + h->bytes, first.n - h->bytes);
    for (uint32_t i = 1; i < h->rows; i++) {
        uint8_t key[KEY_BYTES];
        struct pl_str value;
        enum pl_err err = pl_store_load(j->store, a, key_of(key, stream, i), &value);
        if (err) return err == PL_NOT_FOUND ? PL_MALFORMED : err;
        pl_buf_str(&j->box, value);
    }
    if (j->box.failed) return PL_NOMEM;
    *box = pl_buf_slice(&j->box);
    return box->n == h->box ? PL_OK : PL_MALFORMED;
}

static enum pl_err open_state(struct pl_journal *j, struct pl_str row, struct pl_arena *a,
                              struct pl_conv *conv, struct pl_snapshot *snap) {
    struct header h;
    struct pl_str box;
    enum pl_err err = read_header(row, &h);
    if (!err) err = pl_journal__key(j, h.key_id, conv->key);
    if (!err) err = join(j, &conv->stream, &h, row, a, &box);
    if (err) return err;
    uint8_t aad[PL_STORE_STREAM + HEADER_MOST];
    if (h.bytes > HEADER_MOST) return PL_MALFORMED;
    struct pl_str what = bound(aad, &conv->stream, (struct pl_str){row.p, h.bytes});
    conv->key_id = h.key_id;
    conv->rows = h.rows;
    *snap = h.snap;
    struct pl_str packed;
    err = pl_seal_unbox(j->seal, conv->key, what, box, a, &packed);
    return err ? err : pl_journal__unpack(&j->pack, packed, PL_SNAPSHOT_MOST, a, &snap->state);
}

static bool key_of_first(void *ctx, const struct pl_store_entry *e) {
    struct pl_str prefix, box;
    struct pl_key_id *id = ctx;
    if (!pl_entry__sealed(e->kind) || pl_journal__split(e->body, id, &prefix, &box)) {
        *id = (struct pl_key_id){UINT32_MAX, UINT32_MAX};
    }
    return false;
}

/* Without a snapshot, the first entry names the key. */
static enum pl_err open_first(struct pl_journal *j, struct pl_conv *conv) {
    struct pl_key_id id = {UINT32_MAX, UINT32_MAX};
    enum pl_err err = pl_store_read(j->store, &conv->stream, 1, 1, key_of_first, &id);
    if (!err && id.day == UINT32_MAX) err = PL_MALFORMED;
    if (err) return err;
    conv->key_id = id;
    return pl_journal__key(j, id, conv->key);
}

static enum pl_err open_head(struct pl_journal *j, const uint8_t id[16], struct pl_conv *conv) {
    struct pl_store_head head;
    *conv = (struct pl_conv){.stream = pl_stream_of('c', id)};
    memcpy(conv->id, id, sizeof conv->id);
    enum pl_err err = pl_store_head(j->store, &conv->stream, &head);
    conv->n = head.n;
    conv->seq = head.last_seq;
    return err;
}

enum pl_err pl_conv_open(struct pl_journal *j, const uint8_t id[16], struct pl_conv *conv) {
    enum pl_err err = open_head(j, id, conv);
    if (!err) err = open_first(j, conv);
    if (err) pl_conv_wipe(conv);
    return err;
}

enum pl_err pl_snapshot_load(struct pl_journal *j, const uint8_t id[16], struct pl_arena *a,
                             struct pl_conv *conv, struct pl_snapshot *snap) {
    *snap = (struct pl_snapshot){0};
    enum pl_err err = open_head(j, id, conv);
    if (err) return err;
    uint8_t key[KEY_BYTES];
    struct pl_str row;
    err = pl_store_load(j->store, a, key_of(key, &conv->stream, 0), &row);
    if (err == PL_NOT_FOUND) {
        err = open_first(j, conv);
    } else if (!err) {
        err = open_state(j, row, a, conv, snap);
        if (!err && snap->n > conv->n) err = PL_MALFORMED;
    }
    if (err) pl_conv_wipe(conv);
    return err;
}

/* ---- other rows ---- */

/* A row is bound to its own key and to what stands before the box. */
static struct pl_str row_bound(struct pl_journal *j, struct pl_str row_key, struct pl_str prefix) {
    pl_buf_clear(&j->plain);
    pl_buf_c(&j->plain, "row");
    pl_buf_text(&j->plain, row_key);
    pl_buf_str(&j->plain, prefix);
    return pl_buf_slice(&j->plain);
}

enum pl_err pl_journal_seal_row(struct pl_journal *j, const struct pl_conv *conv,
                                struct pl_str row_key, struct pl_str plain, struct pl_buf *value) {
    size_t at = value->n;
    pl_journal__prefix(value, conv->key_id);
    if (value->failed) return PL_NOMEM;
    struct pl_str aad = row_bound(j, row_key, (struct pl_str){value->p + at, value->n - at});
    if (j->plain.failed) return PL_NOMEM;
    return pl_seal_box(j->seal, conv->key, aad, plain, value);
}

enum pl_err pl_journal_open_row(struct pl_journal *j, struct pl_str row_key, struct pl_str value,
                                struct pl_arena *a, struct pl_str *plain) {
    struct pl_key_id id;
    struct pl_str prefix, box;
    uint8_t key[PL_KEY_SIZE];
    enum pl_err err = pl_journal__split(value, &id, &prefix, &box);
    if (!err) err = pl_journal__key(j, id, key);
    if (err) return err;
    struct pl_str aad = row_bound(j, row_key, prefix);
    err = j->plain.failed ? PL_NOMEM : pl_seal_unbox(j->seal, key, aad, box, a, plain);
    pl_crypto_wipe(key, sizeof key);
    return err;
}
