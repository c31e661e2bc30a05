/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread's journal, conversations' keys, and appending.
 */
#include <stdlib.h>
#include <string.h>
#include "runtime/journal/journal_priv.h"

/* ---- create ---- */

enum pl_err pl_journal_create(struct pl_store *store, const char *keys, const char *master,
                              struct pl_journal **out) {
    *out = NULL;
    struct pl_journal *j = calloc(1, sizeof *j);
    if (!j) return PL_NOMEM;
    j->store = store;
    pl_arena_init(&j->arena, 0);
    enum pl_err err = pl_keys_open(keys, master, &j->keys);
    if (!err && !pl_journal__pack_open(&j->pack)) err = PL_NOMEM;
    if (!err && !(j->seal = pl_seal_create())) err = PL_NOMEM;
    if (!err && !(j->sip = pl_sip_create())) err = PL_NOMEM;
    if (err) {
        pl_journal_destroy(&j);
        return err;
    }
    *out = j;
    return PL_OK;
}

void pl_journal_destroy(struct pl_journal **journal) {
    struct pl_journal *j = *journal;
    if (!j) return;
    *journal = NULL;
    if (j->keys) pl_keys_close(&j->keys);
    if (j->seal) pl_seal_destroy(&j->seal);
    pl_sip_destroy(&j->sip);
    pl_journal__pack_close(&j->pack);
    if (j->plain.p) pl_crypto_wipe(j->plain.p, j->plain.cap);
    if (j->packed.p) pl_crypto_wipe(j->packed.p, j->packed.cap);
    pl_buf_free(&j->plain);
    pl_buf_free(&j->packed);
    pl_buf_free(&j->box);
    pl_arena_free(&j->arena);
    free(j);
}

/* ---- keys ---- */

enum pl_err pl_journal__key(struct pl_journal *j, struct pl_key_id id, uint8_t key[PL_KEY_SIZE]) {
    enum pl_err err = pl_keys_get(j->keys, id, key);
    /* Retention removes whole files. */
    return err == PL_NOT_FOUND ? PL_ERASED : err;
}

enum pl_err pl_conv_begin(struct pl_journal *j, const uint8_t id[16], uint32_t day,
                          struct pl_conv *out) {
    memset(out, 0, sizeof *out);
    memcpy(out->id, id, sizeof out->id);
    out->stream = pl_stream_of('c', id);
    return pl_keys_take(j->keys, day, &out->key_id, out->key);
}

enum pl_err pl_journal_prepare(struct pl_journal *j, uint32_t day) {
    return pl_keys_prepare(j->keys, day);
}

void pl_conv_wipe(struct pl_conv *conv) {
    pl_crypto_wipe(conv, sizeof *conv);
}

enum pl_err pl_conv_erase(struct pl_journal *j, const struct pl_conv *conv) {
    return pl_keys_erase(j->keys, conv->key_id);
}

uint64_t pl_conv_digest(struct pl_journal *j, const struct pl_conv *conv, struct pl_str text) {
    uint8_t key[PL_SIP_KEY]; /* of both halves, so that none of it is the box key's */
    for (size_t i = 0; i < sizeof key; i++) key[i] = conv->key[i] ^ conv->key[PL_SIP_KEY + i];
    uint64_t digest = pl_sip_hash(j->sip, key, text);
    pl_crypto_wipe(key, sizeof key);
    return digest;
}

/* What a hidden text is bound to: it opens as nothing else, and nothing else as it. */
static struct pl_str hidden_bound(struct pl_journal *j, const struct pl_conv *conv) {
    pl_buf_clear(&j->box);
    pl_buf_c(&j->box, "hidden");
    pl_buf_add(&j->box, conv->stream.id, PL_STORE_STREAM);
    return pl_buf_slice(&j->box);
}

enum pl_err pl_journal_hide(struct pl_journal *j, const struct pl_conv *conv, struct pl_str plain,
                            struct pl_buf *box) {
    struct pl_str aad = hidden_bound(j, conv);
    if (j->box.failed) return PL_NOMEM;
    return pl_seal_box(j->seal, conv->key, aad, plain, box);
}

enum pl_err pl_journal_reveal(struct pl_journal *j, const struct pl_conv *conv, struct pl_str box,
                              struct pl_arena *a, struct pl_str *plain) {
    *plain = (struct pl_str){0};
    if (box.n == 0) return PL_OK;
    struct pl_str aad = hidden_bound(j, conv);
    if (j->box.failed) return PL_NOMEM;
    return pl_seal_unbox(j->seal, conv->key, aad, box, a, plain);
}

void pl_journal__prefix(struct pl_buf *b, struct pl_key_id id) {
    pl_buf_byte(b, PL_ENTRY_VERSION);
    pl_buf_var(b, id.day);
    pl_buf_var(b, id.slot);
}

enum pl_err pl_journal__split(struct pl_str bytes, struct pl_key_id *id, struct pl_str *prefix,
                              struct pl_str *box) {
    struct pl_reader r = pl_reader_of(bytes);
    uint8_t version = pl_read_u8(&r);
    uint64_t day = pl_read_var(&r), slot = pl_read_var(&r);
    if (!r.bad && version != PL_ENTRY_VERSION) return PL_VERSION;
    if (r.bad || day > UINT32_MAX || slot > UINT32_MAX) return PL_MALFORMED;
    size_t n = bytes.n - pl_read_left(&r);
    if (n > PL_JOURNAL__PREFIX) return PL_MALFORMED; /* over-long numbers */
    *id = (struct pl_key_id){(uint32_t)day, (uint32_t)slot};
    *prefix = (struct pl_str){bytes.p, n};
    *box = (struct pl_str){bytes.p + n, bytes.n - n};
    return PL_OK;
}

struct pl_str pl_journal__bound(uint8_t out[PL_JOURNAL__BOUND], const struct pl_stream *stream,
                                uint64_t n, uint8_t kind, struct pl_str prefix) {
    pl_assert(prefix.n <= PL_JOURNAL__PREFIX);
    memcpy(out, stream->id, PL_STORE_STREAM);
    for (int i = 0; i < 8; i++) out[PL_STORE_STREAM + i] = (uint8_t)(n >> (8 * i));
    out[PL_STORE_STREAM + 8] = kind;
    memcpy(out + PL_STORE_STREAM + 9, prefix.p, prefix.n);
    return (struct pl_str){(const char *)out, PL_STORE_STREAM + 9 + prefix.n};
}

/* ---- appending ---- */

void pl_journal_begin_on(struct pl_journal_append *a, const struct pl_stream *stream,
                         uint64_t expected_n, struct pl_conv *conv) {
    pl_buf_clear(&a->bytes);
    memset(&a->store, 0, sizeof a->store);
    a->store.stream = *stream;
    a->store.expected_n = expected_n;
    a->conv = conv;
    a->n = expected_n;
    a->seq = 0;
}

void pl_journal_begin(struct pl_journal_append *a, struct pl_conv *conv) {
    pl_journal_begin_on(a, &conv->stream, conv->n, conv);
    a->seq = conv->seq;
}

/* Appends the entry's whole bytes to a->bytes. */
static enum pl_err seal_entry(struct pl_journal *j, struct pl_journal_append *a,
                              const struct pl_entry *e) {
    if (!pl_entry__sealed(e->kind)) {
        pl_buf_byte(&a->bytes, PL_ENTRY_VERSION);
        pl_entry_write(&a->bytes, e);
        return a->bytes.failed ? PL_NOMEM : PL_OK;
    }
    pl_assert(a->conv);
    pl_buf_clear(&j->plain);
    pl_entry_write(&j->plain, e);
    size_t at = a->bytes.n;
    pl_journal__prefix(&a->bytes, a->conv->key_id);
    if (j->plain.failed || a->bytes.failed) return PL_NOMEM;
    if (j->plain.n > PL_ENTRY_MOST) return PL_LIMIT;
    pl_buf_clear(&j->packed);
    pl_journal__pack(&j->pack, pl_buf_slice(&j->plain), &j->packed);
    if (j->packed.failed) return PL_NOMEM;
    uint8_t bound[PL_JOURNAL__BOUND];
    struct pl_str prefix = {a->bytes.p + at, a->bytes.n - at};
    struct pl_str aad = pl_journal__bound(bound, &a->store.stream, a->n + 1, e->kind, prefix);
    return pl_seal_box(j->seal, a->conv->key, aad, pl_buf_slice(&j->packed), &a->bytes);
}

/* Makes records of the last `left` bytes. Their places are known at send, when bytes stay put. */
static enum pl_err cut(struct pl_journal_append *a, const struct pl_entry *e, size_t left) {
    size_t records = (left + PL_STORE_BODY_MAX - 1) / PL_STORE_BODY_MAX;
    if (a->store.nputs + records > PL_JOURNAL_RECORDS) return PL_LIMIT;
    for (size_t i = 0; i < records; i++) {
        size_t n = left < PL_STORE_BODY_MAX ? left : PL_STORE_BODY_MAX;
        left -= n;
        struct pl_store_put *put = &a->puts[a->store.nputs++];
        *put = (struct pl_store_put){.kind = i ? PL_ENTRY_MORE : e->kind,
                                     .flags = left ? PL_ENTRY_LONG : 0,
                                     .at_ms = e->at_ms,
                                     .body = {NULL, n}};
        if (i) continue;
        put->flags |= e->flags & PL_ENTRY_WAITS;
        if (e->last_seq >= e->first_seq) {
            put->first_seq = e->first_seq;
            put->last_seq = e->last_seq;
        }
    }
    a->n += records;
    return PL_OK;
}

static uint32_t outputs_of(const struct pl_entry *e) {
    if (e->kind == PL_ENTRY_ARRIVAL) return e->arrival.text.card_seen ? 2 : 1;
    return e->noutputs;
}

enum pl_err pl_journal_add(struct pl_journal *j, struct pl_journal_append *a, struct pl_entry *e) {
    uint32_t outputs = outputs_of(e);
    if (outputs > PL_ENTRY_OUTPUTS) return PL_LIMIT;
    size_t before = a->bytes.n;
    e->n = a->n + 1;
    e->first_seq = a->seq + 1;
    e->last_seq = a->seq + outputs;
    enum pl_err err = seal_entry(j, a, e);
    if (!err) err = cut(a, e, a->bytes.n - before);
    if (err) {
        a->bytes.n = before;
        a->bytes.failed = false;
        return err;
    }
    a->seq = e->last_seq;
    return PL_OK;
}

static void ended(struct pl_store_append *store) {
    struct pl_journal_append *a = (struct pl_journal_append *)store;
    a->done(a);
}

enum pl_err pl_journal_send(struct pl_journal *j, struct pl_journal_append *a,
                            struct pl_store_port *port, void (*done)(struct pl_journal_append *a)) {
    const char *p = a->bytes.p;
    for (uint32_t i = 0; i < a->store.nputs; i++) {
        a->puts[i].body.p = p;
        p += a->puts[i].body.n;
    }
    a->done = done;
    a->store.puts = a->puts;
    a->store.port = port;
    a->store.done = ended;
    /* The store's threads own the request once it is queued: nothing of it is read after. */
    struct pl_conv *conv = a->conv;
    uint64_t n = a->n, seq = a->seq;
    bool own = conv && pl_stream_eq(&a->store.stream, &conv->stream);
    enum pl_err err = pl_store_append(j->store, &a->store);
    if (!err && own) {
        conv->n = n;
        conv->seq = seq;
    }
    return err;
}

void pl_journal_append_free(struct pl_journal_append *a) {
    pl_buf_free(&a->bytes);
}
