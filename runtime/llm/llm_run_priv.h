/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: what runs: targets and their breakers, asks and their attempts, the ledger.
 * Everything here belongs to the client's loop, but for what is marked atomic. */
#ifndef PL_LLM_RUN_PRIV_H
#define PL_LLM_RUN_PRIV_H

#include <pthread.h>

#include "runtime/crypto/crypto.h"
#include "runtime/http/http.h"
#include "runtime/llm/llm_priv.h"
#include "runtime/loop/loop.h"
#include "runtime/store/store.h"

/* ---- breaker ----
 *
 *   CLOSED --failures in a row, or their share of the window--> OPEN
 *   OPEN --its time is over, and a health probe went well--> HALF_OPEN
 *   HALF_OPEN --the one trial went well--> CLOSED,  --it failed--> OPEN
 */

enum { PL_LLM__SLOTS = 10 };

struct pl_llm__breaker {
    enum pl_llm_breaker_state state;
    uint32_t in_a_row;
    struct {
        uint32_t good, bad;
    } window[PL_LLM__SLOTS];
    int64_t slot;     /* which one is the newest: time divided by its length */
    int64_t until_us; /* OPEN: until then nothing is tried */
    bool held;        /* OPEN because key or quota were refused */
    uint32_t trial;   /* HALF_OPEN: number of the one attempt that is under way; 0: none */
    uint32_t trials;  /* so far: one that the breaker has given up does not end a later one */
};
bool pl_llm__breaker_admits(const struct pl_llm__breaker *b);
/* An attempt begins. Not 0: it is the trial of this number, which must be given back by good, bad
 * or free. */
uint32_t pl_llm__breaker_begin(struct pl_llm__breaker *b);
void pl_llm__breaker_good(struct pl_llm__breaker *b, const struct pl_llm_target *t, uint32_t trial,
                          int64_t now_us);
/* Gives whether it opened just now. */
bool pl_llm__breaker_bad(struct pl_llm__breaker *b, const struct pl_llm_target *t, uint32_t trial,
                         int64_t now_us, struct pl_rand *rand);
bool pl_llm__breaker_hold(struct pl_llm__breaker *b, const struct pl_llm_target *t, int64_t now_us,
                          struct pl_rand *rand);
/* The outcome says nothing about the target. */
void pl_llm__breaker_free(struct pl_llm__breaker *b, uint32_t trial);
/* OPEN and over its time: the health probe's outcome. */
void pl_llm__breaker_probed(struct pl_llm__breaker *b, const struct pl_llm_target *t, bool well,
                            int64_t now_us, struct pl_rand *rand);

/* ---- money ---- */

/* Exact: a token costs millionths of millionths. */
struct pl_llm__money {
    int64_t micro, pico; /* pico: 0..999,999 */
};
void pl_llm__money_add(struct pl_llm__money *m, struct pl_llm__money more);
int64_t pl_llm__money_up(struct pl_llm__money m); /* micro, rounded up */
/* Of the price that holds on the day. */
struct pl_llm__money pl_llm__cost(const struct pl_llm_target *t, int32_t day,
                                  const struct pl_llm_usage *u);

/* ---- ledger: what was spent, what is reserved ---- */

enum { PL_LLM__PURSE_DAYS = 400 }; /* a conversation that asks nothing for so long begins anew */

enum pl_llm__entry_kind { PL_LLM__RESERVE = 1, PL_LLM__SETTLE = 2 };

struct pl_llm__entry {
    enum pl_llm__entry_kind kind;
    uint64_t id; /* of the reservation */
    int32_t day; /* of the reservation, UTC */
    uint8_t conversation[16];
    struct pl_str target;
    struct pl_llm__money money;
    struct pl_llm_usage usage; /* SETTLE */
};
void pl_llm__entry_write(struct pl_buf *b, const struct pl_llm__entry *e);
/* The target's name points into the bytes. */
bool pl_llm__entry_read(struct pl_str bytes, struct pl_llm__entry *out);

/* Of one target over the ledger's life: as the provider told it, and what had to be guessed. */
struct pl_llm__total {
    char name[64];
    struct {
        struct pl_llm_usage usage;
        struct pl_llm__money money;
    } told, guessed;
};
enum { PL_LLM__TOTALS = 64 };

/* A sum of entries. The same one is kept twice: as things are, for ceilings; and as they are
 * written down, for the store. */
struct pl_llm__sum {
    uint64_t n; /* of the last entry in it */
    int32_t day;
    struct pl_llm__money spent_day, spent;
    struct pl_llm__total totals[PL_LLM__TOTALS];
    size_t ntotals;
};
void pl_llm__sum_add(struct pl_llm__sum *s, const struct pl_llm__entry *e);
void pl_llm__sum_write(struct pl_buf *b, const struct pl_llm__sum *s);
bool pl_llm__sum_read(struct pl_str bytes, struct pl_llm__sum *out);

struct pl_llm__open { /* a reservation */
    uint64_t id;
    int32_t day;
    uint8_t conversation[16];
    char target[64];
    int64_t micro;
};

/* A conversation's spending, in memory while a reservation of it is open or an entry of it is on
 * its way to the store (without a store: for ever). */
struct pl_llm__purse {
    uint8_t id[16];
    struct pl_llm__money spent, written;
    int64_t reserved;
    uint32_t uses;
};

struct pl_llm__ledger {
    struct pl_llm__sum now, written;
    PL_VEC(struct pl_llm__open) open;
    PL_VEC(uint64_t) closed; /* while it is read: ids whose rows may be left over */
    int64_t reserved_day;    /* of open reservations of now.day */
    struct pl_map purses;
    uint64_t last_id;
    /* trimming: until when it was done, and where it goes on */
    int32_t trimmed_day;
    char trim_from[PL_STORE_KEY_MAX + 1];
    size_t trim_n;
    /* the store; NULL: none */
    struct pl_store *store;
    struct pl_loop *loop;
    struct pl_store_port port;
    struct pl_post wake;
    _Atomic bool waking;
    uint64_t head;    /* n that the next append expects */
    size_t in_flight; /* appends */
    bool stuck;       /* one failed: the head is read again when none is in flight */
};

struct pl_llm;
typedef void pl_llm__written(void *ctx, bool well);

/* Reads what the store holds; what was open at the end of the last run is settled in full. */
enum pl_err pl_llm__ledger_open(struct pl_llm__ledger *l, struct pl_store *store,
                                struct pl_loop *loop, int32_t today, int64_t now_ms);
void pl_llm__ledger_close(struct pl_llm__ledger *l);
/* CEILING, or NONE with an id: then `done` runs when the reservation is written down, at once
 * without a store or for nothing. */
enum pl_llm_failure pl_llm__reserve(struct pl_llm__ledger *l, const struct pl_llm_models *m,
                                    struct pl_llm__open *want, int64_t now_ms,
                                    pl_llm__written *done, void *ctx);
/* `usage` and `money` count as told, whatever was reserved. */
void pl_llm__settle(struct pl_llm__ledger *l, uint64_t id, const struct pl_llm_usage *usage,
                    struct pl_llm__money money, int64_t now_ms);

/* ---- cache: whole answers, by what was asked ---- */

struct pl_llm__kept;
struct pl_llm__cache {
    struct pl_map entries;
    struct pl_llm__kept *newest, *oldest; /* by their last use */
    size_t bytes;
    struct pl_timer sweep;
    uint8_t chain[PL_HASH_SIZE]; /* of the models that may be asked */
};

/* ---- targets ---- */

struct pl_llm__target {
    const struct pl_llm_target *conf;
    struct pl_llm *llm;
    struct pl_llm__breaker breaker;
    int64_t hold_until_us; /* RATE: the provider's own time to wait */
    struct pl_timer probe; /* while OPEN: when it may be probed */
    struct pl_buf key;
    char *chat, *embed, *health; /* addresses; "" for none */
    struct {
        _Atomic int breaker, last;
        _Atomic int64_t until_us;
        _Atomic uint64_t attempts, failures;
        _Atomic int64_t input, cached, output, micro, guessed_micro;
    } shown; /* what other threads may read */
};

/* ---- asks and attempts ---- */

struct pl_llm__ask;

/* Lives until the http client has said its last word, also when nobody waits for it any more. */
struct pl_llm__attempt {
    struct pl_llm__ask *ask; /* NULL: given up, or done */
    struct pl_llm *llm;
    struct pl_llm__target *target;
    struct pl_llm__stream stream;
    struct pl_timer phase, total;
    enum { PL_LLM__CONNECTING, PL_LLM__WAITING, PL_LLM__FLOWING } at;
    uint64_t http;
    int64_t phase_ms; /* of FLOWING: the stall timer */
    int64_t begun_us;
    int64_t moved_us; /* the last piece */
    uint64_t reservation;
    int64_t estimate, max_output; /* tokens of the prompt; the limit sent */
    int32_t day;
    int status;
    struct pl_buf text;  /* of one piece of the reply, until all of it is read */
    struct pl_buf error; /* the body of a reply that is no stream */
    uint32_t trial;      /* of the target's breaker; 0: none */
};

struct pl_llm__ask {
    struct pl_post post; /* first */
    struct pl_llm *llm;
    struct pl_llm__ask *prev, *next;
    uint64_t id;
    struct pl_arena arena; /* of the request */
    struct pl_llm_request r;
    int64_t begun_us, deadline_us, first_us; /* first_us: 0 none yet */
    struct pl_timer deadline, pause;
    struct pl_llm__attempt *attempt; /* the one that counts */
    struct pl_llm__target *target;   /* that is tried, or was last */
    size_t at;                       /* from which place in the chain */
    uint32_t tries;                  /* at this target */
    uint32_t attempts;
    int64_t larger; /* only a context over this one will do; 0: any */
    bool said;      /* events since the last RESTART */
    bool reserving; /* until its reservation is written down */
    bool over;      /* DONE was told; kept until `reserving` ends */
    int64_t estimate;
    struct pl_llm_usage usage;
    struct pl_llm__money money;
    /* for the cache */
    int64_t keeps_ms; /* a whole answer is kept for so long; 0: not */
    char key[2 + PL_HASH_SIZE];
    struct pl_buf heard; /* since the last RESTART */
    /* the last failure */
    enum pl_llm_failure failure;
    int status;
    int64_t retry_after_ms;
    char why[128];
};

struct pl_llm {
    struct pl_clock clock;
    const struct pl_log *log;
    struct pl_store *store;
    struct pl_arena arena; /* of the models */
    struct pl_llm_models models;
    struct pl_loop *loop;
    bool own_loop, stopping;
    pthread_t thread;
    struct pl_post stop;
    struct pl_http *http;
    struct pl_http_budget budget;
    struct pl_rand rand;
    struct pl_llm__target *targets;
    struct pl_llm__ask *asks;
    size_t alive; /* attempts and probes that http still knows of */
    struct pl_llm__ledger ledger;
    struct pl_llm__cache cache;
    _Atomic uint64_t last_id;
    _Atomic int64_t spent_day, reserved_day, spent;
    struct pl_counter counters[PL_LLM_COUNTERS];
};

int64_t pl_llm__now_us(const struct pl_llm *llm);
int64_t pl_llm__now_ms(const struct pl_llm *llm); /* wall */
int32_t pl_llm__today(const struct pl_llm *llm);
void pl_llm__count(struct pl_llm *llm, enum pl_llm_count counter);
void pl_llm__show_spent(struct pl_llm *llm);
void pl_llm__tell(struct pl_llm__ask *ask, struct pl_llm_event event);

/* llm_target.c */
enum pl_err pl_llm__targets_open(struct pl_llm *llm);
void pl_llm__targets_close(struct pl_llm *llm);
/* What to send along, from the key. Gives how many; the values live in *line. */
size_t pl_llm__headers(const struct pl_llm__target *t, struct pl_buf *line,
                       struct pl_http_header out[4]);
/* The breaker has changed: shows it, keeps it, sets the probe's timer. */
void pl_llm__target_changed(struct pl_llm__target *t);
void pl_llm__target_spent(struct pl_llm__target *t);

/* llm_cache.c */
void pl_llm__cache_open(struct pl_llm *llm);
void pl_llm__cache_close(struct pl_llm *llm);
/* An earlier answer was told, and only the ask's end is missing. */
bool pl_llm__cache_give(struct pl_llm__ask *ask);
/* What an ask was told; and that it was all of an answer. */
void pl_llm__cache_hear(struct pl_llm__ask *ask, const struct pl_llm_event *e);
void pl_llm__cache_keep(struct pl_llm__ask *ask);
void pl_llm__cache_forget(struct pl_llm *llm, const uint8_t conversation[16]);

/* llm_ask.c */
void pl_llm__ask_begin(struct pl_llm__ask *ask);
void pl_llm__ask_cancel(struct pl_llm__ask *ask);
/* The attempt is over: it told all its events, its money is settled. */
void pl_llm__ask_answered(struct pl_llm__ask *ask, enum pl_llm_finish finish);
void pl_llm__ask_failed(struct pl_llm__ask *ask, enum pl_llm_failure failure);
/* Whether a later target could be asked now. */
bool pl_llm__ask_has_other(struct pl_llm__ask *ask);

/* llm_attempt.c */
void pl_llm__attempt_start(struct pl_llm__ask *ask, struct pl_llm__open *reserved,
                           int64_t max_output);
/* Nobody waits for it any more: what it cost until now is settled. late: because time was over. */
void pl_llm__attempt_drop(struct pl_llm__attempt *a, bool late);

#endif
