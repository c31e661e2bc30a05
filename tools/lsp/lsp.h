/* SPDX-License-Identifier: Apache-2.0
 *
 * lsp: the language server: an editor's questions about a project of flows, over a pair of
 * descriptors, as the Language Server Protocol 3.17 has them.
 *
 * What the editor shows is what a build would say: the same compilation, without training and
 * image. It is made when something changed and somebody wants to know, from the texts that are open
 * in the editor and the files of the others; every answer is of the newest text. Offsets are UTF-16
 * as the protocol's default, or UTF-8 where the editor offers that. Threads: one.
 */
#ifndef PL_LSP_H
#define PL_LSP_H

/* Until the editor says `exit` or its end closes. `flows`: the project's folder; NULL: found in the
 * folder that the editor names (its `flows`, or itself). Gives the process' exit code: 0 after
 * `shutdown`, else 1. */
int pl_lsp_serve(int in, int out, const char *flows);

#endif
