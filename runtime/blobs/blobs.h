/* SPDX-License-Identifier: Apache-2.0
 *
 * blobs: files that customers send up, kept as sealed files.
 *
 *   begin -> add ... -> finish        waiting  --use-->  kept
 *             |                          `--a day--> gone
 *             `--drop--> nothing
 *
 * <dir>/<conversation>/<number> holds one, sealed with its conversation's key, so that erasing that
 * key makes it unreadable for ever; ".new" behind the name: nobody has used it yet; ".part": it is
 * being written, and never seen. A file is fsynced, renamed and its folder synced before anyone
 * hears of it. Nothing of a path comes from a customer.
 *
 * What a file is, its first bytes say (type.def); what its sender calls it is only a name to show.
 *
 * Ownership: a put belongs to its user until it is finished or dropped. Strings are copied.
 * Threads: begin, add, finish, drop, use and read belong to the user's thread, and so does what
 * they answer (`loop` of the config). Everything that waits for the disk runs on a thread inside.
 */
#ifndef PL_BLOBS_H
#define PL_BLOBS_H

#include "runtime/base/base.h"
#include "runtime/crypto/crypto.h"
#include "runtime/loop/loop.h"

/* ---- names ---- */

/* 64 letters from a to p: the conversation and a random number. No digits, so that no part of it
 * can be taken for a card's number. */
#define PL_BLOB_REF 65 /* with the NUL */

struct pl_blob_id {
    uint8_t conversation[16], number[16];
};
bool pl_blob_ref_read(struct pl_str text, struct pl_blob_id *out);
void pl_blob_ref_print(const struct pl_blob_id *id, char out[PL_BLOB_REF]);

/* What a sender calls his file, fit to be shown and kept: the last part of a path, no control
 * characters and none that change the direction of text, at most 100 code points, never empty. */
#define PL_BLOB_NAME 512 /* bytes with the NUL */
void pl_blob_name_clean(struct pl_str raw, char out[PL_BLOB_NAME]);

/* ---- types ---- */

/* "image/png" by the first bytes of a file, or NULL: none that is taken. It lives for ever. Text is
 * whatever is UTF-8 without control characters. all: there is no more of it. */
const char *pl_blob_sniff(struct pl_str bytes, bool all);
/* Is it of a kind that a question accepts (image, pdf, audio, video, text)? */
bool pl_blob_is_kind(const char *type, struct pl_str kind);

/* ---- the store ---- */

struct pl_blobs;
struct pl_blobs_config {
    const char *dir;  /* made when missing */
    const char *keys; /* key folder and master key file, as for pl_keys_open */
    const char *master;
    struct pl_loop *loop; /* where answers are given */
    struct pl_clock clock;
    const struct pl_log *log; /* may be NULL */
    uint64_t max_bytes;       /* of one file */
    uint32_t per_conversation;
    int64_t unused_ms; /* a file that nobody used for so long is removed */
};

/* What an earlier life left half written is removed. PL_IO, PL_NOMEM, and what pl_keys_open says.
 */
enum pl_err pl_blobs_create(const struct pl_blobs_config *config, struct pl_blobs **out);
/* Ends the thread, after all that was asked. Its answers are on the loop then: run it once. */
void pl_blobs_stop(struct pl_blobs *b);
void pl_blobs_destroy(struct pl_blobs **b); /* after stop, and after the last put */

struct pl_blob_info {
    struct pl_blob_id id;
    const char *type; /* lives for ever */
    uint64_t size;
    char name[PL_BLOB_NAME];
};

/* bytes: of a read, live during the call; else empty. */
typedef void pl_blob_done(void *ctx, uint64_t ticket, enum pl_err err,
                          const struct pl_blob_info *info, struct pl_str bytes);

/* ---- writing one ---- */

struct pl_blob_new {
    uint8_t conversation[16];
    struct pl_key_id key;        /* the conversation's */
    struct pl_str name;          /* as its sender calls it */
    uint64_t size;               /* exactly so many bytes will come */
    const struct pl_str *accept; /* kinds; none: any */
    uint32_t naccept;
};

struct pl_blob_put;
/* PL_LIMIT: larger than max_bytes, or empty; PL_BUSY: the conversation has too many; PL_ERASED and
 * what pl_keys_get says; PL_FULL, PL_IO. */
enum pl_err pl_blob_begin(struct pl_blobs *b, const struct pl_blob_new *what,
                          struct pl_blob_put **out);
/* PL_TYPE: it is of no kind that is accepted; PL_LIMIT: more than it said; PL_FULL, PL_IO. After a
 * failure only drop is left. */
enum pl_err pl_blob_add(struct pl_blob_put *put, struct pl_str bytes);
/* Ends the put. Answered when it is on disk: PL_OK, PL_MALFORMED: less than it said, PL_TYPE,
 * PL_FULL, PL_IO. */
void pl_blob_finish(struct pl_blob_put **put, pl_blob_done *done, void *ctx, uint64_t ticket);
void pl_blob_drop(struct pl_blob_put **put); /* nothing of it stays */

/* ---- using one ---- */

/* From now on it is kept; again: nothing happens. Answered when that is on disk. PL_NOT_FOUND,
 * PL_ERASED, PL_MALFORMED: altered, PL_IO. */
void pl_blobs_use(struct pl_blobs *b, const struct pl_blob_id *id, pl_blob_done *done, void *ctx,
                  uint64_t ticket);
/* All of it, used or not. The like. */
void pl_blobs_read(struct pl_blobs *b, const struct pl_blob_id *id, pl_blob_done *done, void *ctx,
                   uint64_t ticket);
/* Removes what was not used in time and what can never be read again; does so by itself every hour.
 * Answered when it is through. */
void pl_blobs_sweep(struct pl_blobs *b, pl_blob_done *done, void *ctx, uint64_t ticket);

#endif
