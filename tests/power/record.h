/* SPDX-License-Identifier: Apache-2.0
 *
 * What the shim writes down of a data folder, and the test between it: records one after another
 * in a file that all append to, so that its order is the order of things.
 *
 * A record is this struct, then n bytes (a path below the folder, or the bytes written), then m
 * bytes (a second path).
 */
#ifndef TESTS_POWER_RECORD_H
#define TESTS_POWER_RECORD_H

#include <stdint.h>

enum power_op {
    POWER_OPEN = 1, /* file `id` is the path; flag: it was made by this */
    POWER_WRITE,    /* n bytes at `at` of file `id`; flag: on disk when POWER_SYNCED says so */
    POWER_SIZE,     /* file `id` is cut or grown to `at` bytes */
    POWER_SYNC,     /* file or folder `id`: what came before is being put on disk… */
    POWER_SYNCED,   /* …and is there: the sync or write whose token is `at` */
    POWER_MKDIR,
    POWER_RMDIR,
    POWER_LINK,
    POWER_RENAME,
    POWER_UNLINK,
    POWER_SEEN /* the test's own: what a client has seen so far */
};

struct power_record {
    uint32_t op, flag;
    uint64_t id, at, token;
    uint32_t n, m;
};

#endif
