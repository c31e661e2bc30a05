/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to exploring: customers who are made up talk to the flows, and what goes wrong is kept as
 * the shortest talk that shows it.
 *
 *   customer (seed) -> line -> sim_live -> watch -> finding
 *                        ^ guessed shop            |
 *   merged by kind and place <---------------------+ -> shrunk -> written -> played from its text
 *
 * A customer is his seed: what he does and what the shop answers him come from it alone, so a run
 * gives the same findings every time, in however many processes.
 */
#ifndef PL_SIM_EXPLORE_PRIV_H
#define PL_SIM_EXPLORE_PRIV_H

#include "tools/sim/sim_priv.h"

enum sim_finding_kind {
#define FINDING(name, class, word, meaning) SIM_FOUND_##name,
#include "tools/sim/finding.def"
#undef FINDING
    SIM_FOUND_KINDS
};
struct sim_finding {
    uint8_t kind;             /* enum sim_finding_kind */
    struct pl_str file, what; /* what: "@track.ask", "`else`", a flow's or a rule's name */
    uint32_t line;
};
bool pl_sim__finding_same(const struct sim_finding *x, const struct sim_finding *y);
/* "flows/orders.flow:12: dead end: … (@track.ask)" */
void pl_sim__finding_print(struct pl_buf *b, const struct sim_finding *f);

/* ---- watching one conversation: sim_finding.c ---- */

/* A place that customers of a second run are to come to: who does has a talk to show. */
struct sim_target {
    struct sim_finding finding;
    uint32_t at; /* the instruction; PL_NOWHERE: the opening is enough */
};
struct sim_place_seen {
    uint64_t key;
    uint32_t n;
};
struct sim_finder {
    struct pl_arena *a; /* of the findings' texts */
    struct pl_image *image;
    PL_VEC(struct sim_finding) found;
    const struct sim_target *targets;
    size_t ntargets;
    /* where it stands */
    uint8_t mode; /* of struct pl_vm_view */
    uint32_t flow, wait;
    int64_t deadline_ms;
    /* of the turn under way */
    bool wished, person, ended;
    uint32_t answered; /* the wait, PL_NOWHERE: none */
    /* of the conversation */
    uint32_t missed, misses, silences;
    PL_VEC(struct sim_place_seen) seen;
};
void pl_sim__finder_open(struct sim_finder *w, struct pl_arena *a, struct pl_image *image);
void pl_sim__finder_close(struct sim_finder *w);
/* A turn in two halves: what was before it, and what came of it. */
struct sim_before {
    uint8_t mode;
    uint32_t flow, wait;
    size_t events, mistakes;
    uint64_t cid;
};
struct sim_before pl_sim__finder_before(struct sim_finder *w, const struct sim_world *world);
void pl_sim__finder_turn(struct sim_finder *w, const struct sim_world *world,
                         const struct sim_before *before, const struct pl_talk_line *line);

/* ---- what customers know: sim_guess.c ---- */

typedef PL_VEC(struct pl_str) sim_words;
struct sim_guess { /* of a project; read only once made */
    struct pl_arena *a;
    struct sim_project *project;
    const struct pl_program *program;
    struct sim_shop examples; /* stubs of the project's talks */
    struct pl_engine_hooks doors;
    sim_words *intents;            /* phrases by intent, of the source language */
    sim_words *entities;           /* what is said for an entity, by definition of a type */
    PL_VEC(struct pl_dec) numbers; /* of the program, and beside them */
};
void pl_sim__guess_training(void *ctx, const struct pl_grammar_training *t); /* ctx: sim_guess */
void pl_sim__guess_open(struct sim_guess *g);
void pl_sim__guess_close(struct sim_guess *g);

uint64_t pl_sim__random(uint64_t *state);
uint32_t pl_sim__below(uint64_t *state, uint32_t n); /* 0 for n 0 */
/* What somebody may say for a value of this type. */
struct pl_str pl_sim__guess_words(const struct sim_guess *g, uint64_t *random, struct pl_arena *a,
                                  struct pl_type type);
/* A phrase of the intent; empty: it has none. */
struct pl_str pl_sim__guess_phrase(const struct sim_guess *g, uint64_t *random, struct pl_arena *a,
                                   uint32_t intent);
struct pl_value pl_sim__guess_value(const struct sim_guess *g, uint64_t *random, struct pl_arena *a,
                                    struct pl_type type, int depth);

/* ---- customers: sim_customer.c ---- */

struct sim_customer {
    const struct sim_guess *guess;
    uint64_t seed, random;
    struct pl_engine_hooks doors;
    struct sim_live live;
    struct sim_finder watch;
    uint8_t manner;
    struct pl_str last; /* what he said last */
};
void pl_sim__customer_open(struct sim_customer *c, const struct sim_guess *g, uint64_t seed,
                           const struct sim_target *targets, size_t ntargets);
/* Has his whole conversation. */
void pl_sim__customer_talk(struct sim_customer *c);
/* Does one line; false: it was not taken. */
bool pl_sim__customer_do(struct sim_customer *c, struct pl_str line);
void pl_sim__customer_close(struct sim_customer *c);

#endif
