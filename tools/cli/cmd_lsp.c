/* SPDX-License-Identifier: Apache-2.0
 *
 * lsp: the language server, spoken to by an editor over stdin and stdout.
 */
#include <malloc.h>
#include <unistd.h>

#include "tools/cli/cli_priv.h"
#include "tools/lsp/lsp.h"

#define KEPT (256 << 20) /* bytes */

/* Every edit makes a compilation and lets go of the one before: what one of them needed is kept for
 * the next, and not given back to be asked for again page by page. */
static void keep_memory(void) {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, KEPT);
}

int pl_cli__lsp(struct cli_args args) {
    pl_cli__flag(&args, "--stdio"); /* what editors say, and all there is */
    if (pl_cli__strange("lsp", &args)) return CLI_FAILED;
    if (args.argc > 1) return pl_cli__usage("lsp", "name one folder of flows, or none");
    keep_memory();
    return pl_lsp_serve(STDIN_FILENO, STDOUT_FILENO, args.argc ? args.argv[0] : NULL);
}
