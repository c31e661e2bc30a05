/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the composition root: the server that wire.c opens and closes, and what joins its
 * rooms (wire_hooks.c, wire_doors.c, wire_api.c, wire_admin.c).
 */
#ifndef PL_WIRE_PRIV_H
#define PL_WIRE_PRIV_H

#include <pthread.h>

#include "runtime/auth/auth.h"
#include "runtime/blobs/blobs.h"
#include "runtime/gateway/gateway.h"
#include "runtime/llm/llm.h"
#include "runtime/locale/locale.h"
#include "runtime/loop/loop.h"
#include "runtime/store/store.h"
#include "tools/cli/cli_priv.h"
#include "tools/sim/sim.h"
#include "tools/studio/studio.h"

/* One answer of the engine at a time, waited for by the admin thread. */
struct cli_waiter {
    pthread_mutex_t lock;
    pthread_cond_t came;
    uint64_t ticket;
    bool answered;
    enum pl_err err;
    char why[256];
};

struct cli_server {
    struct cli_waiter waiter;
    struct pl_config config;
    struct pl_identity_keys identity;
    struct pl_log log;
    struct pl_loop *loop; /* the gateway's, on the main thread */
    struct pl_store *store;
    uint64_t started; /* the last commit when it was opened */
    struct cli_hooks *hooks;
    struct pl_llm *llm;            /* NULL: no models are configured */
    struct pl_locale_tools *words; /* of the models, on the engine's thread */
    struct pl_sim_models *models;
    struct pl_engine *engine;
    struct cli_articles *articles;
    struct pl_blobs *blobs;
    struct pl_gateway *gateway;
    struct pl_gateway_admin *admin;
    struct pl_loop *api_loop; /* of the thread that reads for operators */
    pthread_t api_thread;
    bool api_runs;
    struct pl_signal term, interrupt;
    struct pl_post stop;
    struct cli_pulse *pulse;  /* NULL: nobody watches */
    struct pl_studio *studio; /* of `parlance dev`; NULL: customers' */
    bool stopping;
};

/* ---- wire.c ---- */

/* Main thread: drains and ends; asked twice, ends at once. */
void pl_cli__server_stop(struct cli_server *s);

/* ---- wire_hooks.c ---- */

void pl_cli__hooks_counters(const struct cli_hooks *h,
                            void (*show)(void *to, const struct pl_counter *c), void *to);

/* ---- wire_doors.c ---- */

struct pl_engine_sink pl_cli__sink(struct cli_server *s);
struct pl_gateway_door pl_cli__door(struct cli_server *s);

/* ---- wire_api.c ---- */

struct pl_gateway_api pl_cli__api(struct cli_server *s);
enum pl_err pl_cli__api_open(struct cli_server *s);
void pl_cli__api_close(struct cli_server *s);

/* ---- wire_admin.c ---- */

/* The tickets of the admin thread have this bit, those of the gateway do not. */
#define ADMIN_TICKET (UINT64_C(1) << 63)
void pl_cli__waiter_open(struct cli_waiter *w);
void pl_cli__waiter_close(struct cli_waiter *w);
/* Any thread. An answer to what was given up meanwhile is for nobody. */
void pl_cli__waiter_answer(struct cli_waiter *w, uint64_t ticket, enum pl_err err,
                           struct pl_str why);
struct cli_versions pl_cli__versions_of(const struct cli_server *s);
enum pl_err pl_cli__admin_open(struct cli_server *s);

#endif
