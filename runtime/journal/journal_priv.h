/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room.
 */
#ifndef PL_JOURNAL_PRIV_H
#define PL_JOURNAL_PRIV_H

#include <zstd.h>

#include "runtime/journal/journal.h"

/* ---- packing: journal_pack.c ---- */

struct pl_journal__pack {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    ZSTD_CDict *pack_words;
    ZSTD_DDict *unpack_words;
};
#define PL_JOURNAL__LEVEL 1  /* the higher ones make little less of a short text, and cost more */
#define PL_JOURNAL__SHORT 64 /* bytes; fewer stay as they are: packing spares next to nothing */
struct pl_str pl_journal__words(void); /* of the dictionary */
/* So many bytes at most, of n plain ones. */
#define PL_JOURNAL__PACKED(n) ((n) + (n) / 128 + 96)
bool pl_journal__pack_open(struct pl_journal__pack *k); /* false: out of memory; to be closed */
void pl_journal__pack_close(struct pl_journal__pack *k);
/* Appends the packed form. */
void pl_journal__pack(struct pl_journal__pack *k, struct pl_str bytes, struct pl_buf *b);
/* Into the arena. Any bytes: PL_MALFORMED, also when they make more than `most`; PL_NOMEM. */
enum pl_err pl_journal__unpack(struct pl_journal__pack *k, struct pl_str packed, size_t most,
                               struct pl_arena *a, struct pl_str *plain);

struct pl_journal {
    struct pl_store *store;
    struct pl_keys *keys;
    struct pl_seal *seal;
    struct pl_sip *sip;
    struct pl_buf plain, box; /* scratch of one call */
    struct pl_buf packed;     /* the like */
    struct pl_journal__pack pack;
    struct pl_arena arena; /* the like */
};

/* Version and key id in front of a box; at most this many bytes. */
#define PL_JOURNAL__PREFIX 11
void pl_journal__prefix(struct pl_buf *b, struct pl_key_id id);
/* Splits bytes into the prefix and the box. PL_VERSION, PL_MALFORMED. */
enum pl_err pl_journal__split(struct pl_str bytes, struct pl_key_id *id, struct pl_str *prefix,
                              struct pl_str *box);
/* The key of a slot; a slot or file that is gone is PL_ERASED. */
enum pl_err pl_journal__key(struct pl_journal *j, struct pl_key_id id, uint8_t key[PL_KEY_SIZE]);

/* What an entry's box is bound to. */
#define PL_JOURNAL__BOUND (PL_STORE_STREAM + 9 + PL_JOURNAL__PREFIX)
struct pl_str pl_journal__bound(uint8_t out[PL_JOURNAL__BOUND], const struct pl_stream *stream,
                                uint64_t n, uint8_t kind, struct pl_str prefix);

bool pl_entry__sealed(uint8_t kind);

/* Opens the whole bytes of a stored entry: unseals, decodes, fills in numbers. `conv` may be NULL:
 * the key is looked up. */
enum pl_err pl_journal__open(struct pl_journal *j, const struct pl_conv *conv,
                             const struct pl_store_entry *stored, struct pl_str bytes,
                             struct pl_arena *a, struct pl_entry *out);

#endif
