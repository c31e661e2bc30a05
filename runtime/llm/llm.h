/* SPDX-License-Identifier: Apache-2.0
 *
 * llm: the client of language models. A typed question goes out to the first of several providers
 * that can be asked now; typed events come back, the same whatever dialect the provider speaks.
 * Deadlines, retries, failover, circuit breakers and a ledger of money are kept here.
 *
 * Ownership: all of a request is copied by pl_llm_ask; all of an event belongs to the client and is
 * gone when `on_event` returns.
 * Invariants
 * - After pl_llm_ask, DONE comes exactly once, is the last event, and comes by the deadline, on the
 *   loop named in the request, never from inside pl_llm_ask.
 * - What came before a RESTART is void: the answer is what came after the last one. Texts of two
 *   attempts are never mixed. A tool call comes whole, or not at all.
 * - Only a DONE with a failure of NONE makes the answer an answer: a partial text that ends in a
 *   failure must not be shown as one.
 * - Nothing is sent before its reservation is written down (pl_llm_config.store), so a crash can
 *   lose no money: what was open then counts in full.
 * - Keys are in no log, event, error or counter. Card numbers are masked on the way out.
 * Threads: ask and cancel from any thread; create and destroy from one. Destroy the client before
 * the loops it posts to.
 */
#ifndef PL_LLM_H
#define PL_LLM_H

#include "runtime/value/value.h"

struct pl_loop;
struct pl_store;
struct pl_llm;

/* ---- closed sets ---- */

enum pl_llm_event_kind {
#define EVENT(name, word, meaning) PL_LLM_##name,
#include "runtime/llm/event.def"
#undef EVENT
};
enum pl_llm_finish {
#define FINISH(name, word, meaning) PL_LLM_FINISH_##name,
#include "runtime/llm/finish.def"
#undef FINISH
};
enum pl_llm_failure {
#define FAILURE(name, word, same, next, breaker, meaning) PL_LLM_FAIL_##name,
#include "runtime/llm/failure.def"
#undef FAILURE
    PL_LLM_FAILURES
};
enum pl_llm_dialect {
#define DIALECT(name, word, format, auth, chat, embed, health, limit, meaning)                     \
    PL_LLM_DIALECT_##name,
#include "runtime/llm/dialect.def"
#undef DIALECT
    PL_LLM_DIALECTS
};
const char *pl_llm_event_word(enum pl_llm_event_kind kind);
const char *pl_llm_finish_word(enum pl_llm_finish finish);
const char *pl_llm_failure_word(enum pl_llm_failure failure);
const char *pl_llm_failure_meaning(enum pl_llm_failure failure);
const char *pl_llm_dialect_word(enum pl_llm_dialect dialect);

/* ---- asking ---- */

struct pl_llm_call { /* a tool call that the model made */
    struct pl_str id, name;
    struct pl_str arguments; /* a JSON object, well-formed */
};

enum pl_llm_role { PL_LLM_USER, PL_LLM_ASSISTANT, PL_LLM_TOOL_RESULT };

struct pl_llm_message {
    enum pl_llm_role role;
    struct pl_str text;              /* TOOL_RESULT: what the tool gave */
    const struct pl_llm_call *calls; /* ASSISTANT: the calls it made, may be none */
    size_t ncalls;
    struct pl_str call_id; /* TOOL_RESULT: of which call */
};

struct pl_llm_tool {
    struct pl_str name; /* letters, digits, _ and -; at most 64 */
    struct pl_str about;
    struct pl_str schema; /* a JSON schema of an object */
};

/* What an ask may use in all, over all its attempts; 0: no limit of its own. */
struct pl_llm_budget {
    /* Requests to providers, retries and failovers included. With 1 there is no second target: what
     * a flow calls a call is an ask, whatever attempts it takes. The last one goes to another
     * target where there is one. */
    uint32_t attempts;
    int64_t tokens; /* prompt and output; max_output is cut down to what is left */
    int64_t micro;  /* money in millionths of the configuration's currency */
};

#define PL_LLM_CACHE_AS_SET INT64_C(-1)

struct pl_llm_event;
typedef void pl_llm_on_event(void *ctx, const struct pl_llm_event *event);

struct pl_llm_request {
    struct pl_str system;
    const struct pl_llm_message *messages;
    size_t nmessages;
    const struct pl_llm_tool *tools;
    size_t ntools;
    struct pl_str schema; /* a JSON schema that the answer must have; empty: free text. Targets
                             that take none get it in words: check what comes back */
    const struct pl_str *embed; /* texts to embed, instead of messages */
    size_t nembed;
    struct pl_str embed_model; /* only of targets that embed with this one; empty: any */
    uint32_t max_output;       /* most tokens of output; 0: the target's own */
    int64_t deadline_ms;       /* from now; at least 1 */
    struct pl_llm_budget budget;
    uint8_t conversation[16]; /* whose ceiling it counts for */
    struct pl_str target;     /* only this one, whatever its breaker says; empty: the chain */
    /* An equal request's whole answer that is younger than this is given again unasked: its TEXT or
     * VECTORs and a DONE that cost nothing. 0: never; PL_LLM_CACHE_AS_SET: as the models file says,
     * which also forbids it altogether. Answers with tool calls are not kept. */
    int64_t cache_ms;
    /* The prompt holds placeholders of personal data, or what only one customer's records say:
     * an earlier answer is given within its conversation only, and goes when that is erased. */
    bool personal;
    struct pl_loop *loop;
    pl_llm_on_event *on_event;
    void *ctx;
};

struct pl_llm_usage {
    int64_t input;  /* tokens of the prompt, without cached ones */
    int64_t cached; /* tokens of the prompt that the provider had in its cache */
    int64_t output;
    bool estimated; /* some of it was not told by the provider */
};

struct pl_llm_event {
    enum pl_llm_event_kind kind;
    uint32_t attempt; /* from 1; of this ask */
    union {
        struct pl_str text;      /* TEXT, REFUSAL: whole UTF-8 characters */
        struct pl_llm_call call; /* TOOL */
        struct {                 /* VECTOR */
            size_t index;        /* of the text */
            const float *v;
            size_t n;
        } vector;
        struct pl_llm_usage usage; /* USAGE */
        struct {                   /* FINISH, FAILED, DONE */
            enum pl_llm_finish finish;
            enum pl_llm_failure failure; /* NONE: there is a result */
            int status;                  /* of the last reply; 0: none */
            int64_t retry_after_ms;      /* -1: not told */
            struct pl_str why;           /* for operators, without keys and prompts */
            struct pl_str target;        /* that answered, or was tried last */
            struct pl_llm_usage usage;   /* of all attempts */
            int64_t micro;               /* money of all attempts, rounded up */
            int64_t first_us, took_us;   /* to the first token of what counts (-1: none), in all */
        } done;
    };
};

/* Gives the ask's id, never 0. */
uint64_t pl_llm_ask(struct pl_llm *llm, const struct pl_llm_request *request);
/* The customer has left: DONE comes soon, with GONE unless it was on its way already. What was
 * received until then is paid for; the breaker does not count it. */
void pl_llm_cancel(struct pl_llm *llm, uint64_t id);

/* The conversation was erased: what was kept of its personal answers goes, from the disk within
 * moments, and nothing of an ask under way is kept. Any thread. */
void pl_llm_forget(struct pl_llm *llm, const uint8_t conversation[16]);

/* Names what a model sees of a request: the same for equal prompts, history, tools and schemas,
 * whatever budget and deadline. */
uint64_t pl_llm_key(const struct pl_llm_request *request);

/* Tokens of a text, guessed on the high side. */
int64_t pl_llm_estimate(struct pl_str text);

/* ---- configuration: the models file ---- */

/* C types of target.def; a duration is in ms. A text is never NULL. */
#define PL_LLM_C_TEXT     const char *
#define PL_LLM_C_KEY      const char * /* "env NAME", "file PATH" or "" */
#define PL_LLM_C_INT      int64_t
#define PL_LLM_C_BOOL     bool
#define PL_LLM_C_DURATION int64_t
#define PL_LLM_C_DIALECT  enum pl_llm_dialect

struct pl_llm_price { /* per million tokens, in millionths: 2.50 USD is 2,500,000 */
    int32_t from;     /* days since 1970-01-01, UTC; INT32_MIN: always */
    int64_t input, cached, output;
};

struct pl_llm_target {
    const char *name;
#define FIELD(name, type, def, min, max, help) PL_LLM_C_##type name;
#include "runtime/llm/target.def"
#undef FIELD
    const struct pl_llm_price *prices; /* by date; none: it costs nothing */
    size_t nprices;
};

struct pl_llm_models {
    const struct pl_llm_target *targets; /* in the order in which they are asked */
    size_t ntargets;
    char currency[4];             /* of all prices and ceilings; "" when there are none */
    int64_t ceiling_day;          /* millionths, by UTC day; 0: none */
    int64_t ceiling_conversation; /* millionths, for the life of a conversation (forgotten after
                                   400 days without a question); 0: none */
    int64_t cache;                /* ms for which an answer holds; 0: none is kept */
};

/* Reads a models file (docs/MODELS.md). Each mistake is one line in `errors`, such as
 * "models.conf:3: unknown setting 'modle'; did you mean 'model'?"; then PL_MALFORMED. Keys are not
 * read here. */
enum pl_err pl_llm_models_parse(struct pl_arena *a, struct pl_str text, const char *file,
                                struct pl_llm_models *out, struct pl_buf *errors);
/* Whether a target's key can be had now; else why says which variable or file is missing. Never the
 * key. */
bool pl_llm_key_check(const struct pl_llm_target *target, char why[256]);
/* The address that a target's answers come from, without its query. */
struct pl_str pl_llm_address(struct pl_arena *a, const struct pl_llm_target *target);

/* ---- the client ---- */

struct pl_llm_config {
    const struct pl_llm_models *models; /* copied */
    struct pl_clock clock;
    const struct pl_log *log; /* may be NULL */
    /* Reservations, spending and breakers are written here and read back at create; NULL: they are
     * forgotten at the end. Outlives the client. */
    struct pl_store *store;
    size_t max_connections; /* 0: 1,024 */
    /* The client's own loop, for tests with a fake clock: then the caller runs it and no thread is
     * started. NULL: a thread of its own. */
    struct pl_loop *loop;
    uint64_t seed; /* of the jitter; 0: from the clock */
};

/* PL_NOMEM; PL_MALFORMED: what the store holds of the ledger is damaged; PL_IO. */
enum pl_err pl_llm_create(const struct pl_llm_config *config, struct pl_llm **out);
/* Ends all asks (their DONE is posted with GONE). */
void pl_llm_destroy(struct pl_llm **llm);

/* ---- what is seen from outside ---- */

enum pl_llm_breaker_state { PL_LLM_CLOSED, PL_LLM_HALF_OPEN, PL_LLM_OPEN };

struct pl_llm_target_status {
    char name[64];
    enum pl_llm_breaker_state breaker;
    enum pl_llm_failure last; /* NONE when the last attempt was well */
    int64_t reopen_ms;        /* OPEN: from now until the next probe */
    uint64_t attempts, failures;
    struct pl_llm_usage usage; /* in all, since the ledger began */
    int64_t micro;             /* in all */
    int64_t guessed_micro;     /* of it: the provider did not tell, or a crash lost it */
};
/* Any thread. Fills at most max, gives how many there are. */
size_t pl_llm_status(struct pl_llm *llm, struct pl_llm_target_status *out, size_t max);

struct pl_llm_spent {
    int64_t day, day_reserved; /* millionths, of today by UTC */
    int64_t total;             /* since the ledger began; open reservations not in it */
};
/* Any thread. */
struct pl_llm_spent pl_llm_spent(struct pl_llm *llm);

enum pl_llm_count {
#define COUNTER(name, help) PL_LLM_COUNT_##name,
#include "runtime/llm/counter.def"
#undef COUNTER
    PL_LLM_COUNTERS
};
/* PL_LLM_COUNTERS of them, living as long as the client. */
const struct pl_counter *pl_llm_counters(const struct pl_llm *llm);

#endif
