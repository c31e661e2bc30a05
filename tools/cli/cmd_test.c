/* SPDX-License-Identifier: Apache-2.0
 *
 * test and sim.
 */
#include "tools/cli/cli_priv.h"

int pl_cli__test(struct cli_args args) {
    (void)args;
    return pl_cli__failure("not built in");
}

int pl_cli__sim(struct cli_args args) {
    (void)args;
    return pl_cli__failure("not built in");
}
