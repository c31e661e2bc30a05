/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: the form of a file, and what both threads share.
 *
 *   blobs.c         the thread, its jobs, the hourly sweep
 *   blobs_name.c    names and types
 *   blobs_put.c     writing one, on the user's thread
 *   blobs_file.c    reading one, and folders
 *
 * A file: "PLU1", the key's day and slot, the conversation, the number (44 bytes in clear), then
 * boxes with their length before each: first what it is (type, size, name), then its bytes, at most
 * 64 KiB a box. A box is bound to the 44 bytes, to its place and to whether it is the last, so none
 * can be left out, exchanged or cut off.
 */
#ifndef PL_BLOBS_PRIV_H
#define PL_BLOBS_PRIV_H

#include <pthread.h>
#include <limits.h>

#include "runtime/blobs/blobs.h"

#define BLOB_HEAD  44
#define BLOB_CHUNK 65536
#define BLOB_META  1024 /* bytes of the first box's contents at most */

struct pl_blobs {
    struct pl_blobs_config c;
    char dir[PATH_MAX / 2];
    /* the user's thread */
    struct pl_keys *keys;
    struct pl_seal *seal;
    struct pl_random random;
    /* the thread inside */
    struct pl_loop *loop;
    struct pl_keys *in_keys;
    struct pl_seal *in_seal;
    struct pl_timer sweep;
    pthread_t thread;
    bool runs;
};

struct pl_blob_put {
    struct pl_blobs *b;
    struct pl_blob_info info;
    uint8_t head[BLOB_HEAD], key[PL_KEY_SIZE];
    char path[PATH_MAX]; /* of the .part */
    int fd;
    struct pl_str *accept; /* in one block with their bytes */
    uint32_t naccept;
    struct pl_buf chunk, box;
    uint64_t came, boxes;
    enum pl_err err; /* the first failure */
};

/* The path of a file; suffix: "", ".new" or ".part". */
void pl_blobs__path(const struct pl_blobs *b, const struct pl_blob_id *id, const char *suffix,
                    char out[PATH_MAX]);
enum pl_err pl_blobs__error(void); /* errno's */
/* What a box is bound to. */
struct pl_str pl_blobs__aad(const uint8_t head[BLOB_HEAD], uint64_t place, bool last,
                            uint8_t out[BLOB_HEAD + 9]);
/* The temporary file is whole: on disk and seen, and the put is freed. */
enum pl_err pl_blobs__settle(struct pl_blob_put *put);
void pl_blobs__put_free(struct pl_blob_put *put);

/* On the thread inside. bytes may be NULL: what it is alone. */
enum pl_err pl_blobs__open(struct pl_blobs *b, const struct pl_blob_id *id,
                           struct pl_blob_info *info, struct pl_buf *bytes);
enum pl_err pl_blobs__keep(struct pl_blobs *b, const struct pl_blob_id *id);
/* begins: nobody writes yet, so every half file is an earlier life's. */
void pl_blobs__clean(struct pl_blobs *b, bool begins);

#endif
