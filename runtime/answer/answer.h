/* SPDX-License-Identifier: Apache-2.0
 *
 * answer: one turn of a language model, bounded: `answer` and `decide` of the flow language. Finds
 * passages in the knowledge base, hides personal data, asks, runs the tools that the flow allows,
 * looks through the reply sentence by sentence, puts personal data back, or says that it does not
 * know.
 *
 *   passages + given -> prompt without personal data -> model -> sentences -> checked -> shown
 *
 * Without a model the knowledge base answers alone, and a decision is never made.
 *
 * What is promised, whatever the model writes: nothing is shown that states a number, a price, a
 * date, an id, a link or a name which is not in the passages, the given values or a tool's reply;
 * no hook runs that the flow does not name, nor with a value that the customer has not said and the
 * conversation does not know; nothing that looks like another customer's placeholder is restored.
 *
 * Ownership: all of a turn is copied by pl_answer_start; all of a reply belongs to the turn and is
 * gone when the callback returns.
 * Invariants: `done` runs exactly once for every turn, on the loop named there, never from inside
 * pl_answer_start, by the turn's deadline; every `partial` comes before it.
 * Threads: an object and its turns belong to one thread, the one of the loops.
 */
#ifndef PL_ANSWER_H
#define PL_ANSWER_H

#include "runtime/llm/llm.h"
#include "runtime/locale/locale.h"
#include "runtime/loop/loop.h"
#include "runtime/program/program.h"

struct pl_answer;

/* ---- what it is made of ---- */

/* How a model is reached: pl_llm_ask, a recording, or a talk's own words; as in llm.h DONE comes
 * exactly once for each ask, also for a cancelled one, and never from inside ask. NULL ask: there
 * is none. 0 from ask: it cannot be asked. */
struct pl_answer_model {
    void *ctx;
    uint64_t (*ask)(void *ctx, const struct pl_llm_request *request);
    void (*cancel)(void *ctx, uint64_t id);
};

/* How a tool is run: a hook of the image. json: what it gave (pl_value_to_json), empty when it
 * failed with `failure`. What is private or secret in it goes no further. */
typedef void pl_answer_tool_done(void *ctx, struct pl_str json, struct pl_str failure);
struct pl_answer_tools {
    void *ctx;
    /* 0: it cannot be run. `done` comes once, later, on the loop; never after cancel. */
    uint64_t (*call)(void *ctx, struct pl_image *image, uint32_t hook, const struct pl_value *args,
                     uint32_t nargs, int64_t deadline_ms, struct pl_loop *loop,
                     pl_answer_tool_done *done, void *done_ctx);
    void (*cancel)(void *ctx, uint64_t number);
};

struct pl_answer_config {
    struct pl_locale_tools *locales; /* of this thread, borrowed */
    struct pl_answer_model model;
    struct pl_answer_tools tools; /* NULL call: models are offered no tools */
    /* The language of a text ("es") where another is expected, empty when unsure. NULL: a reply's
     * language is not looked at. */
    struct pl_str (*language)(void *ctx, struct pl_str text, struct pl_str expected);
    void *language_ctx;
    struct pl_clock clock;
    /* The marks between which others' words stand, and the one that a model must not repeat, are
     * made of it: 32 bytes, copied, and each day has others. NULL, for talks: always the same. */
    const uint8_t *secret;
    const struct pl_log *log; /* may be NULL */
};

/* NULL: out of memory. */
struct pl_answer *pl_answer_create(const struct pl_answer_config *config);
/* Turns under way end without `done`. Images that are still loaded are dropped. */
void pl_answer_destroy(struct pl_answer **a);

/* Opens the image's knowledge base; it must outlive its pl_answer_drop. PL_MALFORMED, PL_VERSION:
 * it has none that this build reads, and answers go without. Vectors that cannot be read are
 * logged; articles are found by words then. */
enum pl_err pl_answer_load(struct pl_answer *a, struct pl_image *image);
void pl_answer_drop(struct pl_answer *a, const struct pl_image *image);
/* The same in two steps, since a large one takes its time: opened on any thread, then taken, or
 * closed again. What is opened is there even when an error is told, but for PL_NOMEM. */
struct pl_answer_image;
enum pl_err pl_answer_open(const struct pl_answer *a, struct pl_image *image,
                           struct pl_answer_image **out);
void pl_answer_take(struct pl_answer *a, struct pl_answer_image **opened);
void pl_answer_close(struct pl_answer_image **opened);

/* ---- a turn ---- */

struct pl_answer_line { /* of the transcript */
    bool customer;
    struct pl_str text;
};
enum pl_answer_outcome {
    PL_ANSWER_OK,
    PL_ANSWER_UNSURE,  /* there was a reply, and it is not to be shown */
    PL_ANSWER_DOWN,    /* none could be had within the budget */
    PL_ANSWER_PROPOSED /* it wants a tool that writes: whoever asked lets the customer decide */
};
/* value: OK: pl_value_write of a record { text, sources: list of { title, url, article, locale,
 * passage } } for `answer` (struct pl_vm_source), of the decided value for `decide`. PROPOSED: of a
 * record { hook: its name, args: list, spent }; the arguments are of the hook's types, and such as
 * a tool may be called with. Else empty. why: for operators and designers, holds no customer's
 * text; a word of why.def first. */
typedef void pl_answer_done(void *ctx, enum pl_answer_outcome outcome, struct pl_str value,
                            struct pl_str why);
/* Text that may be shown already, behind that of the same attempt; what another attempt gives
 * replaces it. */
typedef void pl_answer_partial(void *ctx, uint32_t attempt, struct pl_str text);

struct pl_answer_known { /* a personal text of the conversation */
    struct pl_str name;  /* its slot's or its field's: "street" */
    struct pl_str text;
    bool secret; /* not even a placeholder stands for it */
};

struct pl_answer_turn {
    struct pl_image *image; /* loaded */
    uint32_t model;         /* models of the image */
    const struct pl_value *args;
    uint32_t nargs;      /* as many as the model's `given` */
    struct pl_str about; /* DECIDE: the question */
    struct pl_str text;  /* what the customer wrote, masked */
    struct pl_str locale;
    uint8_t conversation[16];
    const struct pl_answer_line *lines; /* what was said before, oldest first */
    uint32_t nlines;
    const struct pl_answer_known *known; /* what must not leave, beside what slots say */
    uint32_t nknown;
    struct pl_value slots; /* record: what the conversation knows, by slot name: what is personal in
                              it never leaves */
    bool no_model;         /* the customer wants none: nothing of this turn goes to any model, not
                              even to be embedded. `answer` has the articles' words, `decide` none */
    bool verified;         /* the customer proved who he is */
    struct pl_value acted; /* asked again, after the proposal of an earlier turn was done or failed:
                              a record { hook, args, spent, failure, value }; failure: its name,
                              empty when it was done. Nothing more is proposed then, and nobody
                              answers in the model's place. NONE: asked for the first time */
    int64_t within_ms;     /* from now */
    struct pl_loop *loop;
    pl_answer_done *done;
    pl_answer_partial *partial; /* may be NULL */
    void *ctx;
};

/* Gives the turn's number, never 0. */
uint64_t pl_answer_start(struct pl_answer *a, const struct pl_answer_turn *turn);
/* Nobody waits for it any more: no `done`, no `partial` after this. */
void pl_answer_cancel(struct pl_answer *a, uint64_t number);

/* The word of why.def that begins `why`, and what it means: static texts; "" for none. */
const char *pl_answer_meaning(struct pl_str why);

/* ---- counters ---- */

enum pl_answer_count {
#define COUNTER(name, help) PL_ANSWER_COUNT_##name,
#include "runtime/answer/counter.def"
#undef COUNTER
    PL_ANSWER_COUNTERS
};
/* PL_ANSWER_COUNTERS of them. */
const struct pl_counter *pl_answer_counters(const struct pl_answer *a);
/* "answer.prompt.NAME.VERSION.ok" and the like, of each prompt that was used. Any thread. */
void pl_answer_prompt_counters(const struct pl_answer *a,
                               void (*show)(void *to, const struct pl_counter *c), void *to);

#endif
