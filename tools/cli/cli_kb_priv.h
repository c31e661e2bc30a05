/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: searching the knowledge base from the command line. */
#ifndef PL_CLI_KB_PRIV_H
#define PL_CLI_KB_PRIV_H

#include "runtime/kb/kb.h"
#include "tools/cli/cli_priv.h"

/* Prints how often each article was opened, and whether it helped. */
int pl_cli__kb_stats(const char *data, bool json);
/* Answers queries of stdin from the documents of a file, both JSON lines. locale: of both, or NULL
 * to take each document's own, else the language that they are written in. */
int pl_cli__kb_docs(const char *file, const char *locale, uint32_t top);

#endif
