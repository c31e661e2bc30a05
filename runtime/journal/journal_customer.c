/* SPDX-License-Identifier: Apache-2.0
 *
 * What is remembered of a customer: the last entry of his stream.
 */
#include <string.h>
#include "runtime/journal/journal_priv.h"

struct last {
    struct pl_journal *j;
    struct pl_arena *a;
    struct pl_conv *conv;
    struct pl_entry entry;
    enum pl_err err;
};

static bool take_last(void *ctx, const struct pl_store_entry *e) {
    struct last *l = ctx;
    struct pl_str prefix, box;
    l->err = e->kind == PL_ENTRY_MEMORY ? PL_OK : PL_MALFORMED;
    if (!l->err) l->err = pl_journal__split(e->body, &l->conv->key_id, &prefix, &box);
    if (!l->err) l->err = pl_journal__key(l->j, l->conv->key_id, l->conv->key);
    if (!l->err) l->err = pl_journal__open(l->j, l->conv, e, e->body, l->a, &l->entry);
    return false;
}

enum pl_err pl_customer_load(struct pl_journal *j, const uint8_t id[16], uint32_t day,
                             struct pl_arena *a, struct pl_conv *conv, struct pl_str *data) {
    struct pl_store_head head;
    struct last l = {.j = j, .a = a, .conv = conv, .err = PL_NOT_FOUND};
    *conv = (struct pl_conv){.stream = pl_stream_of('u', id)};
    *data = (struct pl_str){0};
    memcpy(conv->id, id, sizeof conv->id);
    enum pl_err err = pl_store_head(j->store, &conv->stream, &head);
    if (err == PL_NOT_FOUND) return pl_keys_take(j->keys, day, &conv->key_id, conv->key);
    if (!err) err = pl_store_read(j->store, &conv->stream, head.n, 1, take_last, &l);
    if (!err) err = l.err;
    conv->n = head.n;
    conv->seq = head.last_seq;
    if (err == PL_ERASED) return pl_keys_take(j->keys, day, &conv->key_id, conv->key);
    if (!err) *data = l.entry.memory.data;
    return err;
}

static bool take_key_id(void *ctx, const struct pl_store_entry *e) {
    struct last *l = ctx;
    struct pl_str prefix, box;
    l->err = pl_journal__split(e->body, &l->conv->key_id, &prefix, &box);
    return false;
}

bool pl_customer_known(struct pl_journal *j, const uint8_t id[16]) {
    struct pl_store_head head;
    struct pl_stream stream = pl_stream_of('u', id);
    return pl_store_head(j->store, &stream, &head) != PL_NOT_FOUND;
}

enum pl_err pl_customer_erase(struct pl_journal *j, const uint8_t id[16]) {
    struct pl_store_head head;
    struct pl_conv conv = {.stream = pl_stream_of('u', id)};
    struct last l = {.j = j, .conv = &conv, .err = PL_NOT_FOUND};
    enum pl_err err = pl_store_head(j->store, &conv.stream, &head);
    if (err == PL_NOT_FOUND) return PL_OK;
    if (!err) err = pl_store_read(j->store, &conv.stream, head.n, 1, take_key_id, &l);
    if (!err) err = l.err;
    return err ? err : pl_keys_erase(j->keys, conv.key_id);
}
