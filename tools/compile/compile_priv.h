/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: the host that grammar asks. */
#ifndef PL_COMPILE_PRIV_H
#define PL_COMPILE_PRIV_H

#include "tools/compile/compile.h"

struct pl_locale_tools;

struct pl_compile_host {
    struct pl_str folder; /* on disk */
    struct pl_str label;  /* what source names start with instead */
    struct pl_locale_tools *tools;
};

/* Fills the callbacks; they live as long as the host. */
void pl_compile__host_open(struct pl_compile_host *h, struct pl_grammar_host *out);
void pl_compile__host_close(struct pl_compile_host *h);

#endif
