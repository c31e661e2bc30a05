/* SPDX-License-Identifier: Apache-2.0
 *
 * compile: drives a build. Reads a project's folder, answers what grammar asks of its host
 * (locales, regular expressions, training, Lua) with locale, nlp and hooks, and gives the image's
 * bytes.
 *
 * A project is a folder of *.flow and *.talk files (with the folders below it); its catalogs are
 * i18n/<locale>.arb and its hooks lua/<file>.lua, in the folder itself or beside it. Two builds of
 * the same files give the same bytes, wherever the folder lies: sources are named from the folder's
 * own name on ("flows/orders.flow"). Its articles are kb/<locale>/…/<name>.md, its prompts
 * prompts/…/<name>.md. A project without a prelude of its own (a folder or file of that name) gets
 * the one that is part of the program, with its translations and its hooks.
 * Ownership: a struct pl_compiled owns all it holds, from _folder to _free. Threads: one owner.
 */
#ifndef PL_COMPILE_H
#define PL_COMPILE_H

#include "grammar/grammar.h"
#include "runtime/program/program.h"

/* A file that is part of the program itself. */
struct pl_embedded {
    const char *name; /* from its folder on */
    struct pl_str bytes;
};

/* A text to read in the place of a file on disk, or beside those that are there. */
struct pl_compile_text {
    struct pl_str path; /* as in pl_compiled.paths, with a zero byte behind it */
    struct pl_str text;
};
struct pl_compile_options {
    const char *i18n, *lua; /* folders; NULL: found as above */
    const char *cache;      /* folder of trained intent models; NULL: $PARLANCE_CACHE, else the
                               user's (~/.cache/parlance); "": none */
    const struct pl_program *previous; /* that conversations move from; may be NULL */
    bool verbose;    /* all texts without translation by name, not the first few */
    bool check_only; /* no training, no image: what an editor wants at every key */
    bool knowledge;  /* with check_only: the section of the articles is made even so */
    struct pl_grammar_texts *texts_out; /* to be filled; NULL: not wanted */
    struct pl_chart *chart_out;
    struct pl_index *index_out;
    bool without_talks;       /* a mistake in a talk keeps nobody from serving the flows */
    struct pl_parses *parses; /* as in pl_grammar_input */
    /* Memory of an earlier compilation, to be used again: taken over, and nothing is left in it.
     * NULL: new memory. */
    struct pl_arena *memory;
    const struct pl_compile_text *texts;
    size_t ntexts;
    /* Appends the vectors of the passages of this index ("kb.vectors"), or nothing when they cannot
     * be had: the articles are searched by words then. NULL: by words. */
    void (*vectors)(void *ctx, struct pl_str index, struct pl_buf *section);
    void *vectors_ctx;
    /* Told what the recognisers are made from; it lives during the call. May be NULL. */
    void (*training)(void *ctx, const struct pl_grammar_training *t);
    void *training_ctx;
    /* Told what each example is read as by a model that did not learn from it (an intent, or
     * UINT32_MAX: none), which takes five trainings. May be NULL. */
    void (*crossed)(void *ctx, const struct pl_grammar_training *t, const uint32_t *read_as);
    void *crossed_ctx;
};

struct pl_compiled {
    struct pl_arena arena;
    struct pl_sources sources; /* flows, talks, catalogs */
    struct pl_str *paths;      /* of each source, on disk, with a zero byte behind it; empty for
                                  what is part of the program */
    struct pl_diags diags;     /* finished; print them with pl_diags_print */
    struct pl_program program; /* whole when the build succeeded */
    struct pl_str image;       /* its bytes; empty under check_only */
};

/* Compiles a project. `out` need not be initialised and is always to be freed. options may be NULL.
 * PL_OK: there is a program, and perhaps warnings. PL_MALFORMED: there are errors in out->diags.
 * PL_NOT_FOUND: no folder, or no *.flow in it; PL_IO, PL_LIMIT: a file could not be read. */
enum pl_err pl_compile_folder(const char *folder, const struct pl_compile_options *options,
                              struct pl_compiled *out);
void pl_compiled_free(struct pl_compiled *c);
/* The folder that `cache` means, as above; empty: none. */
void pl_compile_cache_folder(const char *cache, char out[4096]);

#endif
