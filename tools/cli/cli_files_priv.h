/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: files that are part of the program (cmake/embed.cmake writes the tables).
 */
#ifndef PL_CLI_FILES_PRIV_H
#define PL_CLI_FILES_PRIV_H

#include "runtime/base/base.h"

/* A table ends with a row whose name is NULL. */
struct cli_file {
    const char *name; /* from the embedded folder on */
    struct pl_str bytes;
};

extern const struct cli_file pl_cli__pages[]; /* docs/diagnostics: P0001.md … */

#endif
