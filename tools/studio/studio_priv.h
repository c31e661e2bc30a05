/* SPDX-License-Identifier: Apache-2.0
 * Private to this room.
 *
 *   studio.c        the thread: looks, what is kept, what is told
 *   studio_build.c  the files: watched, compiled, reloaded
 *   studio_seen.c   on the engine's thread: a step as JSON
 *   studio_model.c  on the engine's thread: asks of models as JSON
 */
#ifndef PL_STUDIO_PRIV_H
#define PL_STUDIO_PRIV_H

#include <pthread.h>

#include "runtime/loop/loop.h"
#include "tools/sim/sim.h"
#include "tools/studio/studio.h"

#define STUDIO_CONVERSATIONS 32  /* that are kept */
#define STUDIO_STEPS         200 /* of each, the latest */

/* ---- what is kept: on the studio's thread ---- */

struct studio_row { /* a step, or an ask of a model and what came of it */
    uint64_t number;
    struct pl_buf json, reply; /* reply: of an ask, empty until it is there */
};
typedef PL_VEC(struct studio_row) studio_rows;
struct studio_conversation {
    uint8_t id[16];
    uint64_t changed; /* the version in which it did last */
    studio_rows steps, asks;
};

struct studio_waiting { /* a look at the state, until there is something new */
    uint64_t ticket, after;
    uint8_t id[16];
    bool of_conversation;
    int64_t until_us;
};

/* ---- what is looked at: on the engine's thread ---- */

struct studio_eye {
    uint8_t id[16];
    struct pl_sim_watch *watch;
    uint64_t used;
};

struct studio_ran {
    const struct pl_image *image;
    int what;
    uint32_t at;
};

struct pl_studio {
    struct pl_studio_config config;
    struct pl_loop *loop;
    pthread_t thread;
    bool runs, resting;
    uint64_t version;
    PL_VEC(struct studio_conversation) conversations;
    PL_VEC(struct studio_waiting) waiting;
    struct pl_timer overdue;
    struct pl_post rest;
    /* the files */
    struct pl_studio_built *good; /* that runs */
    struct pl_buf project;        /* what is told of it, as JSON members */
    struct pl_buf diagnostics;    /* a JSON array, of the last compilation */
    bool broken;
    bool stands_in;       /* the good one is not of the files: these had mistakes from the start */
    struct pl_fd changes; /* inotify */
    struct pl_timer calm; /* since the last change */
    bool gone;            /* the folder of flows, when it was last looked for */
    int64_t unbuilt_us;   /* the first change that no build has taken up; 0: none */
    uint32_t builds;
    /* the engine's thread's */
    struct pl_engine *engine;
    struct pl_locale_tools *tools;
    PL_VEC(struct studio_eye) eyes;
    PL_VEC(struct studio_ran) ran;
    uint64_t steps, asks;
    struct pl_answer_model model;
};

/* ---- studio.c ---- */

enum studio_kind { STUDIO_STEP, STUDIO_ASK, STUDIO_REPLY };
/* Any thread: takes the buffer over. */
void pl_studio__note(struct pl_studio *s, enum studio_kind kind, const uint8_t conversation[16],
                     uint64_t number, struct pl_buf *json);
/* Something is new: who waits is answered. */
void pl_studio__changed(struct pl_studio *s);

/* ---- studio_build.c ---- */

/* Watches the folders. PL_IO. */
enum pl_err pl_studio__watch(struct pl_studio *s);
void pl_studio__unwatch(struct pl_studio *s);
/* Tells of the version that runs. */
void pl_studio__tell_project(struct pl_studio *s, struct pl_str told, int64_t took_ms);
void pl_studio__tell_diagnostics(struct pl_studio *s, const struct pl_diags *d);

#endif
