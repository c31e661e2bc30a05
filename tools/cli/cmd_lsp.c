/* SPDX-License-Identifier: Apache-2.0
 *
 * lsp: the language server, spoken to by an editor over stdin and stdout.
 */
#include <unistd.h>

#include "tools/cli/cli_priv.h"
#include "tools/lsp/lsp.h"

int pl_cli__lsp(struct cli_args args) {
    pl_cli__flag(&args, "--stdio"); /* what editors say, and all there is */
    if (pl_cli__strange("lsp", &args)) return CLI_FAILED;
    if (args.argc > 1) return pl_cli__usage("lsp", "name one folder of flows, or none");
    return pl_lsp_serve(STDIN_FILENO, STDOUT_FILENO, args.argc ? args.argv[0] : NULL);
}
