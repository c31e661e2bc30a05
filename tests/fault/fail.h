/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes the nth call of a kind fail: system calls that change files below a folder (the functions
 * of libc are defined here, so that LMDB meets ours, too), or allocations of the rooms (the linker
 * gives them ours). Counted from fail_on to fail_off, over all threads.
 */
#ifndef TESTS_FAULT_FAIL_H
#define TESTS_FAULT_FAIL_H

#include <stdbool.h>

enum fail_kind {
    FAIL_FULL,  /* ENOSPC, from the nth call on */
    FAIL_IO,    /* EIO, once */
    FAIL_INTR,  /* EINTR, once */
    FAIL_SHORT, /* half of a write is done, once */
    FAIL_MEMORY /* an allocation gives NULL, once */
};

void fail_set(enum fail_kind kind, unsigned nth, const char *folder);
void fail_on(void);
void fail_off(void);
/* Whether anything failed. */
bool fail_fired(void);

#endif
