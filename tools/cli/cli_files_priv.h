/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: files that are part of the program (cmake/embed.cmake writes the tables).
 */
#ifndef PL_CLI_FILES_PRIV_H
#define PL_CLI_FILES_PRIV_H

#include "tools/compile/compile.h"

/* A table ends with a row whose name is NULL. */
extern const struct pl_embedded pl_cli__pages[];   /* docs/diagnostics: P0001.md … */
extern const struct pl_embedded pl_cli__project[]; /* tools/cli/new: what `new` makes */

#endif
