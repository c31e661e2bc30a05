/* SPDX-License-Identifier: Apache-2.0
 *
 * What a power cut may leave of a folder, from the shim's log of it.
 *
 * The model is a harsh file system that keeps POSIX's word and nothing more: bytes of a file are on
 * disk when a sync of it that began after they were written has ended, names when their folder was
 * synced. Of what is not, any sector may be there or not, in any order; a file's size may be any
 * that it had; the changes of a folder are kept in their order, each folder for itself. A sector of
 * 512 bytes is written whole or not.
 *
 * Ownership: power_disk_load and power_disk_free pair up. Threads: one.
 */
#ifndef TESTS_POWER_DISK_H
#define TESTS_POWER_DISK_H

#include "runtime/base/base.h"
#include "tests/power/record.h"

struct power_disk;

/* Reads a log; ends the test program when it makes no sense. */
struct power_disk *power_disk_load(const char *log);
void power_disk_free(struct power_disk **d);

size_t power_disk_records(const struct power_disk *d);
/* The nth record, and its bytes. */
struct power_record power_disk_record(const struct power_disk *d, size_t n, struct pl_str *bytes);

enum power_cut {
    POWER_LEAST,   /* only what must be there */
    POWER_ALL,     /* everything, as after a kill */
    POWER_SECTORS, /* of the rest any sectors of 512 bytes */
    POWER_PAGES,   /* … any pages of 4 KiB */
    POWER_CUTS
};
/* Makes the folder (which must not be there) as it may be when the power is cut after the first
 * `upto` records. */
void power_disk_make(struct power_disk *d, size_t upto, enum power_cut cut, uint64_t seed,
                     const char *folder);

#endif
