/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: the host that grammar asks, and the files that are part of the program
 * (cmake/embed.cmake writes their tables). */
#ifndef PL_COMPILE_PRIV_H
#define PL_COMPILE_PRIV_H

#include "runtime/nlp/nlp.h"
#include "tools/compile/compile.h"

struct pl_locale_tools;

/* The prelude: flows, catalogs that hold its translations too, hooks. */
extern const struct pl_embedded pl_compile__prelude_flows[];
extern const struct pl_embedded pl_compile__prelude_catalogs[];
extern const struct pl_embedded pl_compile__prelude_lua[];

struct pl_compile_host {
    struct pl_str folder; /* on disk */
    struct pl_str label;  /* what source names start with instead */
    struct pl_locale_tools *tools;
    char cache[4096]; /* folder; empty: none */
    struct pl_nlp_cache models;
};

/* Fills h->cache and h->models. folder: as in struct pl_compile_options. */
void pl_compile__cache_open(struct pl_compile_host *h, const char *folder);

/* Fills the callbacks; they live as long as the host. */
void pl_compile__host_open(struct pl_compile_host *h, struct pl_grammar_host *out);
void pl_compile__host_close(struct pl_compile_host *h);

#endif
