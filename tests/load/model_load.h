/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns of language models from end to end: the rooms answer and llm as the server has them (a
 * client with a thread of its own, a store for its ledger), an image, and a provider. */
#ifndef MODEL_LOAD_H
#define MODEL_LOAD_H

#include "runtime/answer/answer.h"
#include "runtime/store/store.h"
#include "tests/provider/provider.h"

enum { MOST_AT_ONCE = 4096 };

struct rig;
struct turn {
    struct rig *rig;
    bool busy;
    uint64_t number; /* from 1 on */
    int64_t begun_us, asked_us, ended_us;
    int64_t handled_us, last_us; /* our own work on its events; the last one came */
    int64_t first_us;            /* the first released sentence of the attempt that counts */
    uint32_t attempt;
    struct pl_buf partial; /* of that attempt */
    bool wrong;            /* a partial text that is no beginning of the answer */
    enum pl_answer_outcome outcome;
    struct pl_buf text;
};

struct rig {
    struct pl_arena a;
    struct pl_clock clock;
    struct pl_loop *loop;
    struct pl_locale_tools *locales;
    struct pl_image *image;
    bool no_store; /* before rig_client: nothing waits for a commit */
    struct pl_store *store;
    struct pl_llm_models models;
    struct pl_llm *llm;
    struct pl_answer *answer;
    const char *expected; /* what the model says, and nothing else may be shown of it */
    struct turn turns[MOST_AT_ONCE];
    struct turn *starting;
    size_t running;
    uint64_t begun; /* turns, in all: each is a conversation of its own */
    void (*ended)(struct rig *r, struct turn *t);
};

/* Exits with words when it cannot be had. */
void rig_open(struct rig *r, const char *image);
void rig_close(struct rig *r);
/* Another client, with nothing known of its targets. */
void rig_client(struct rig *r, const char *conf);
/* Begins a turn in a free place. */
void rig_turn(struct rig *r, const char *question, int64_t within_ms);
void rig_run(struct rig *r, int64_t ms);
int64_t rig_now(const struct rig *r); /* us */
uint64_t rig_count(struct rig *r, enum pl_llm_count c);

struct samples {
    int64_t *v;
    size_t n, cap;
};
void sample(struct samples *s, int64_t v);
/* percent of 0..100; -1: none was taken. Sorts. */
int64_t percentile(struct samples *s, double percent);
void samples_free(struct samples *s);

/* only: of the kinds with this in their names, without looking at times; NULL: all. */
int outages(struct rig *r, int turns, int scale, const char *only);
int blackout(struct rig *r, int seconds, int scale);
int streams(struct rig *r, const char *url, const char *times, size_t n, int seconds);

#endif
