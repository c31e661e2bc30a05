/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: an LMDB environment copied into a file, beside its server.
 */
#ifndef PL_STORE_COPY_PRIV_H
#define PL_STORE_COPY_PRIV_H

#include <lmdb.h>
#include "runtime/store/store_priv.h"

/* A compacted copy in a new file, synced; *rc is what LMDB said. */
enum pl_err pl_store__copy_env(MDB_env *env, const char *file, struct pl_store_pace *pace, int *rc);

#endif
