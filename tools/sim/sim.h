/* SPDX-License-Identifier: Apache-2.0
 *
 * sim: plays conversations without a server: the talks of a project as tests, and a chat in the
 * terminal. A real engine over a store in memory; for talks the loop, the clock and the hooks are
 * fakes, so that a talk comes out the same on every machine.
 *
 *   talk -> locale -> engine (fresh) -> line by line -> replay check -> verdict
 *
 * A talk starts on Tuesday 2026-11-24 at 10:00 in the assistant's zone unless it says `at`. A hook
 * answers by the talk's latest stub for the same arguments, in no time. A hook without one fails
 * the talk, except that a `from hook` entity gets an empty list. What the bot says is compared as a
 * customer sees it: marks of direction are left out, all kinds of blank are one kind.
 * After each talk its journal is played again: it must come to the same state by the same steps;
 * opened again from its snapshot it must show the same events byte for byte.
 *
 * Coverage counts what the talks reached of the project's own program: statements, ways on from
 * branches, rules, situations at each question, texts in each locale. A repair situation of a wait
 * is a trace word of runtime/vm/trace.def.
 *
 * Ownership: everything is borrowed for the call. Threads: one; talks are played in processes.
 */
#ifndef PL_SIM_H
#define PL_SIM_H

#include <stdio.h>

#include "runtime/answer/answer.h"
#include "runtime/engine/engine.h"
#include "runtime/locale/locale.h"
#include "runtime/vm/vm.h"

/* ---- a folder for what need not survive ---- */

#define PL_SIM_SCRATCH 64
/* Makes one of this process, in memory where there is room; those of processes that are gone are
 * removed. PL_IO: `out` is empty. */
enum pl_err pl_sim_scratch_make(const char *name, char out[PL_SIM_SCRATCH]);
/* With all that is in it. */
void pl_sim_scratch_remove(const char *path);

/* ---- models: the room answer behind the engine's door, hooks as its tools ---- */

struct pl_sim_models;
struct pl_sim_models_config {
    struct pl_locale_tools *locales; /* of the engine's thread, borrowed */
    struct pl_answer_model model;    /* NULL ask: the knowledge base answers alone */
    struct pl_engine_hooks hooks;    /* NULL call: models have no tools */
    struct pl_clock clock;
    const uint8_t *secret;    /* as in pl_answer_config */
    const struct pl_log *log; /* may be NULL */
    /* A conversation was erased. May be NULL. */
    void (*forget)(void *ctx, const uint8_t conversation[16]);
    void *forget_ctx;
    /* Told how each turn ended. May be NULL. */
    void (*ended)(void *ctx, enum pl_answer_outcome outcome, struct pl_str why);
    void *ended_ctx;
};
/* NULL: out of memory. Destroyed when the engine is stopped, before its loop goes; the model and
 * the hooks outlive it. */
struct pl_sim_models *pl_sim_models_create(const struct pl_sim_models_config *config);
void pl_sim_models_destroy(struct pl_sim_models **m);
struct pl_engine_models pl_sim_models(struct pl_sim_models *m);
const struct pl_answer *pl_sim_models_answer(const struct pl_sim_models *m); /* its counters */

/* ---- why: for who looks on at an engine ---- */

/* One thing that the bot did or understood since the customer's last turn, and why it is where it
 * is: what "understood", "rule", "began", "filled", "waits" …, text for a person. */
struct pl_sim_reason {
    struct pl_str what, text;
};
/* What one conversation did in its last step, in the order in which it happened. */
struct pl_sim_seen {
    const struct pl_sim_reason *reasons;
    size_t nreasons;
    struct pl_value slots;    /* a record of every set slot, nothing secret */
    const struct pl_str *ran; /* "flows/track.flow:12", each place once */
    size_t nran;
    struct pl_str stands; /* what it waits for */
    struct pl_str flow, place;
};
/* Of one conversation, on the engine's thread: told of all that runs (an engine's `ran`) and then
 * of the step. NULL: out of memory. What _step gives is there until the next one. */
struct pl_sim_watch;
struct pl_sim_watch *pl_sim_watch_new(struct pl_locale_tools *tools);
void pl_sim_watch_free(struct pl_sim_watch **w);
void pl_sim_watch_ran(struct pl_sim_watch *w, const struct pl_image *image, int what, uint32_t at);
void pl_sim_watch_step(struct pl_sim_watch *w, const struct pl_image *image,
                       const struct pl_vm_event *event, const struct pl_vm_result *result,
                       struct pl_sim_seen *out);
/* A value as talks write it. */
void pl_sim_print(struct pl_locale_tools *tools, const struct pl_program *p, struct pl_buf *b,
                  struct pl_value v);

/* ---- talks ---- */

enum pl_sim_format { PL_SIM_PLAIN, PL_SIM_TAP, PL_SIM_JSON };

struct pl_sim_test {
    const char *folder;       /* the project */
    const char *const *talks; /* files, and folders of them; none: those in the project's folder */
    size_t ntalks;
    const char *filter; /* only talks whose name has this in it; NULL: all */
    const char *locale; /* only in this locale; NULL: in all that a talk lists */
    enum pl_sim_format format;
    const char *junit; /* a file to write the results to as JUnit's XML, too; NULL: none */
    unsigned jobs;     /* processes; 0: one for each core; 1: all in this process */
    unsigned width;    /* columns of the terminal; 0: 100 */
    bool verbose;      /* conversations of talks that passed, too */
    bool no_replay;    /* leaves the replay check out */
    bool colour;
    bool coverage;             /* says what the talks have reached */
    const char *coverage_html; /* a folder to write the same to as pages; NULL: none */
    const char *threshold;     /* "steps=100,branches=95": less is a failure; NULL: none */
    /* Asked for what a talk's cassette has no reply for; the cassettes are written anew. Then all
     * is played in this process. NULL: cassettes must have all of it. */
    const struct pl_answer_model *record;
    FILE *out, *err;
};

/* Compiles, plays, reports. A talk file with a mistake of syntax fails as one talk. Exit codes: 0
 * all passed; 1 some failed, or the coverage is below the threshold; 2 it could not be run (the
 * flows do not compile, there is no such folder, no talk is left to play). */
int pl_sim_test_main(const struct pl_sim_test *test);

/* ---- chat ---- */

struct pl_sim_chat {
    const char *folder;
    const char *locale; /* NULL: the assistant's source locale */
    bool trace;         /* print everything that is understood and done, as it happens */
    bool colour;
    /* The shop. NULL: none is connected; then hooks answer as the stubs of the project's talks, or,
     * when the chat is to be alone, pure ones run, lists are empty, all else is unavailable. */
    const struct pl_engine_hooks *hooks;
    bool alone;
    const struct pl_answer_model *model; /* NULL: none, the knowledge base answers alone */
    const struct pl_log *log;            /* may be NULL */
    FILE *out, *err;
    /* The customer's next line, asked for at a terminal; false: there is no more. NULL: lines come
     * from `in`, and are shown. */
    bool (*read)(void *ctx, struct pl_buf *line);
    void *read_ctx;
    int in;
};

/* Runs until :quit or the end of the input. 0; 2: it could not be run. */
int pl_sim_chat_main(const struct pl_sim_chat *chat);
/* The words of its commands (":why"), for completion; NULL past the last. */
const char *pl_sim_chat_command(size_t i);

/* ---- exploring: made-up customers ---- */

struct pl_sim_explore {
    const char *folder;
    uint32_t customers;
    uint64_t seed;          /* the same seed finds the same */
    const char *out_folder; /* for a talk of each finding; NULL: they are only told of */
    unsigned jobs;          /* processes; 0: one for each core */
    FILE *out, *err;
};
/* Customers who answer, and also cancel, correct, digress, go silent, write gibberish and send
 * twice, talk to the flows; the shop answers as the project's talks do, or what its types allow.
 * Tells of dead ends, loops, placeholders that print nothing, and parts that neither they nor the
 * project's talks came to. 0: nothing was found; 1: something was; 2: it could not be run, or a
 * talk that was kept does not show its finding. */
int pl_sim_explore_main(const struct pl_sim_explore *explore);

/* ---- bench: how fast the engine alone is ---- */

struct pl_sim_bench {
    const char *folder;
    const char *locale;     /* NULL: the assistant's source locale */
    uint32_t conversations; /* at once; 0: 1,000 */
    double seconds;         /* of processor time; 0: 5 */
    uint64_t turns;         /* ends after so many, whatever the time; 0: does not count */
    const char *keep;       /* a data folder to store all of it in, for replay; NULL: in memory */
    FILE *out, *err;
};
/* Customers say what the project's talks say, one talk after the other, to one engine over a store
 * in memory; hooks answer as the talks' stubs. Prints turns a second of one core, and where the
 * time of a turn goes. 0; 2: it could not be run. */
int pl_sim_bench_main(const struct pl_sim_bench *bench);

/* ---- replay: stored conversations, played again ---- */

/* A data folder, also one that a server has open: nothing is written, nobody is kept waiting. */
struct pl_sim_stored {
    const char *data, *keys, *master; /* the folder, that of its keys, the file of the master key */
    struct pl_image *(*find_image)(void *ctx, const uint8_t prefix[8]); /* as in pl_engine_config */
    void *find_ctx;
};
struct pl_sim_replay {
    struct pl_sim_stored from;
    const char *conversation; /* 8 to 32 hex digits: its beginning; NULL: all, or the last */
    uint64_t last;            /* so many; 0: all */
    struct pl_image *against; /* NULL: each on its own image */
    const char *gate;         /* "path<1%,stuck<1": more is a failure; NULL: none */
    bool json;
    const char *html; /* a file to write the same to as a page; NULL: none */
    unsigned jobs;    /* processes; 0: as many as pay */
    unsigned width;   /* columns of the terminal; 0: 100 */
    bool colour;
    FILE *out, *err;
    FILE *in; /* of the step by step one: commands */
};
/* On its own image a conversation must come out byte for byte. On another one hooks and models give
 * what they gave, and what the customer would have seen is compared; differences that are alike are
 * told together. 0; 1: some came out differently on their own image, or the gate is not met; 2: it
 * could not be run. */
int pl_sim_replay_main(const struct pl_sim_replay *replay);
/* One conversation, step by step in the terminal, until `quit` or the end of the input. 0; 2. */
int pl_sim_replay_step_main(const struct pl_sim_replay *replay);

#endif
