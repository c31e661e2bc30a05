/* SPDX-License-Identifier: Apache-2.0
 *
 * A bench for the engine: a store in memory, a fake loop, hooks that the test answers, and clients
 * whose frames are written down as lines. A crash drops the engine as it is (its memory is freed at
 * the end) and builds another one on what the store kept.
 */
#ifndef TEST_ENGINE_BENCH_H
#define TEST_ENGINE_BENCH_H

#include "runtime/crypto/crypto.h"
#include "runtime/engine/engine.h"
#include "tools/compile/compile.h"

enum { CALLS = 64, ENGINES = 400 };
#define MORNING INT64_C(1795338000000) /* 2026-11-22 09:00 UTC */

struct call {
    struct pl_engine_call c; /* done and ctx */
    struct pl_image *image;
    char name[32], key[128];
    bool answered;
    int engine;
};

struct turn { /* of a model */
    pl_engine_model_done *done;
    pl_engine_model_partial *partial;
    void *ctx;
    char text[64], before[256]; /* what was said, lines with a blank between them */
    int64_t within_ms;
    bool no_model;
    bool over; /* answered, or cancelled */
    int engine;
};

struct bench {
    char folder[64], keys[96], master[96];
    struct pl_image *images[3]; /* two versions of the project */
    struct pl_store_config store_config;
    struct pl_store *store;
    struct pl_loop *loop;
    int64_t off_ms; /* the time of day is so far from the loop's */
    struct pl_engine *engine;
    struct pl_engine *old[ENGINES];
    struct pl_loop *old_loops[ENGINES];
    int nold;
    struct call calls[CALLS];
    int ncalls;
    struct turn turns[CALLS];
    int nturns;
    bool no_models;
    uint32_t forgotten; /* bits of the conversations that models were told to forget */
    struct pl_buf out;  /* what clients were told, a line each */
    struct pl_arena a;
};

/* Builds the project once for all benches, at the first call. */
void bench_open(struct bench *b, const struct pl_store_config *config);
void bench_close(struct bench *b);
void bench_done(void); /* frees the images */

void bench_start(struct bench *b); /* a new engine on the store */
void bench_crash(struct bench *b);
void bench_run(struct bench *b);
void bench_advance(struct bench *b, int64_t ms);
/* The time of day jumps; what goes by elapsed time does not. */
void bench_jump(struct bench *b, int64_t ms);
int64_t bench_wall(struct bench *b);

void bench_open_fresh(struct bench *b, uint64_t client, int conversation);
/* By the token of customer `customer`, 0 none; his conversation, a new one or an old one. */
void bench_open_known(struct bench *b, uint64_t client, int conversation, bool fresh,
                      uint8_t customer, bool verified);
void bench_resume(struct bench *b, uint64_t client, int conversation, uint64_t seq);
void bench_say(struct bench *b, uint64_t client, uint64_t counter, const char *text);
void bench_choose(struct bench *b, uint64_t client, uint64_t counter, const char *id);

/* The oldest call not yet answered; NULL: none. */
struct call *bench_call(struct bench *b);
void bench_answer(struct bench *b, enum pl_engine_outcome outcome, struct pl_value value,
                  const char *failure);
/* The last turn of a model that was asked for; NULL: none waits. */
struct turn *bench_turn(struct bench *b);
void bench_reply(struct bench *b, enum pl_engine_asked outcome, struct pl_value value);
/* What was told since the last call, and forgets it. The lines lie in the arena. */
const char *bench_told(struct bench *b);
uint64_t bench_count(struct bench *b, enum pl_engine_count count);

#endif
