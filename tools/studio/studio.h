/* SPDX-License-Identifier: Apache-2.0
 *
 * studio: what the designer's page of `parlance dev` looks at.
 *
 *   a file changes -> compiled -> the server's own reload -> conversations go on, or ask again
 *   the engine's steps  -> what each conversation did and why, where it stands, what it knows
 *   asks of models      -> what was sent, with placeholders, and what came back
 *   all of it           -> JSON, for whoever asks by pl_studio_look
 *
 * It only looks on: the chat on the page is the widget, and goes through the server's own doors;
 * the graph is drawn from the compilation that runs. While the files have mistakes these are told,
 * and the last good version goes on.
 * What it holds is in memory, bounded, and gone with it: the latest conversations, the latest steps
 * of each. The server around it must be for its own machine alone (pl_gateway_config.local_only)
 * and keep its data in a temporary folder: this is a tool for flows in the making, and no way to
 * look into a shop's conversations.
 *
 * Ownership: the config's contents are borrowed and outlive it; compilations are its own.
 * Threads: one of its own has all state. Verbs are for the thread that they name.
 */
#ifndef PL_STUDIO_H
#define PL_STUDIO_H

#include "runtime/answer/answer.h"
#include "runtime/engine/engine.h"
#include "tools/compile/compile.h"

struct pl_studio;

/* A compilation, with its chart, which lies in its arena. It stays put: it points into itself. */
struct pl_studio_built {
    struct pl_compiled compiled;
    struct pl_chart chart;
};

/* Called on the studio's thread. */
struct pl_studio_config {
    void *ctx;
    const char *const *folders; /* watched with all below them; NULL at the end */
    /* Compiles the flows into `out`, which is empty. PL_OK; PL_MALFORMED: they have mistakes, which
     * are in its diagnostics; else they cannot be read. */
    enum pl_err (*compile)(void *ctx, struct pl_studio_built *out);
    /* Has the server run it; appends a JSON object that says what becomes of conversations. On
     * failure `why` says it, and the earlier version goes on. */
    enum pl_err (*reload)(void *ctx, const struct pl_studio_built *b, struct pl_buf *told,
                          struct pl_buf *why);
    /* Appends a JSON object { "svg", "boxes" } of the flow, or, when it is empty, of all. False:
     * `why` says what keeps it from being drawn. */
    bool (*draw)(void *ctx, const struct pl_studio_built *b, struct pl_str flow,
                 struct pl_buf *json, struct pl_buf *why);
    /* Answers a look. */
    void (*answer)(void *ctx, uint64_t ticket, struct pl_str json);
    bool models; /* some are configured */
};

struct pl_studio_built *pl_studio_built_new(void);
void pl_studio_built_free(struct pl_studio_built **b);

/* `first` is compiled already and runs; the studio takes it over and nulls it. With `mistakes` the
 * files have these, and `first` stands in for them until they are mended. Nothing is called before
 * pl_studio_start. PL_NOMEM, PL_IO: files cannot be watched. */
enum pl_err pl_studio_create(const struct pl_studio_config *config, struct pl_studio_built **first,
                             const struct pl_diags *mistakes, struct pl_studio **out);
/* Begins to watch: when all that the config reaches is there. PL_NOMEM. */
enum pl_err pl_studio_start(struct pl_studio *s);
/* Any thread: who waits for something new is answered, and nobody waits any more. */
void pl_studio_rest(struct pl_studio *s);
/* Ends the thread; nothing is called any more. */
void pl_studio_stop(struct pl_studio *s);
/* When engine and models are gone. */
void pl_studio_destroy(struct pl_studio **s);

/* ---- what the page asks: any thread ---- */

struct pl_studio_look {
    struct pl_str what;         /* "state" or "graph" */
    struct pl_str conversation; /* 32 hex digits; of a state; empty: none */
    struct pl_str flow;         /* of a graph; empty: all flows */
    uint64_t after;             /* of a state: the version that was seen; 0: none */
};
/* Answered once by config.answer: a state when it is newer than `after`, or after some seconds. */
void pl_studio_look(struct pl_studio *s, uint64_t ticket, const struct pl_studio_look *look);

/* ---- what it sees: on the engine's thread ---- */

/* As pl_engine_config has them; the engine is named before its first step. */
void pl_studio_engine(struct pl_studio *s, struct pl_engine *e);
void pl_studio_step(void *studio, const uint8_t conversation[16], const struct pl_image *image,
                    const struct pl_vm_event *event, const struct pl_vm_result *result);
void pl_studio_ran(void *studio, const struct pl_image *image, int what, uint32_t at);
/* The model, looked at: asked through this one. It lives as long as the studio. */
struct pl_answer_model pl_studio_model(struct pl_studio *s, struct pl_answer_model model);

#endif
