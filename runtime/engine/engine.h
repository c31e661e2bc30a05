/* SPDX-License-Identifier: Apache-2.0
 *
 * engine: conversations. Takes what customers send, journals it, reads it, steps the VM, renders
 * what it says, has its effects done, and gives out events once they are durable.
 *
 *   send -> arrival entry + turn entry(ies) -> one append -> on disk -> acknowledged, shown
 *
 * One thread owns all conversations and everything inside; the verbs marked "any thread" post to
 * it. With a fake loop the same code runs on the caller's thread (simulator, tests).
 *
 * Ownership: the engine owns conversations, image references, its journal. Store, hooks and loop
 * are borrowed and outlive it. Slices handed to callbacks live during the call.
 * Invariants
 * - Nothing is shown before it is on disk; what an append that failed would have shown never is.
 * - One append of a conversation is under way at a time; what comes meanwhile waits in order.
 * - A read starts beside the append that records it, a `write once` only after it.
 * - A turn runs on the image that its conversation's flows began on; between flows the active one.
 * - State in memory can be thrown away at any time: snapshot and journal give the same again.
 */
#ifndef PL_ENGINE_H
#define PL_ENGINE_H

#include "runtime/base/base.h"
#include "runtime/journal/journal.h"
#include "runtime/loop/loop.h"
#include "runtime/program/program.h"
#include "runtime/store/store.h"
#include "runtime/value/value.h"

struct pl_engine;
struct pl_entry;
struct pl_vm_event;
struct pl_vm_result;
struct pl_vm_text;

#define PL_ENGINE_INBOX 8    /* messages that wait for their turn; more are refused as busy */
#define PL_ENGINE_TEXT  4000 /* code points of a message */

/* ---- answers to clients ---- */

enum pl_engine_error {
#define ERROR(name, text) PL_ENGINE_##name,
#include "runtime/engine/error.def"
#undef ERROR
};

struct pl_engine_cid {
    uint64_t instance, counter;
};
struct pl_engine_ready {
    struct pl_str with, locale; /* with: bot, waiting, agent */
    bool rtl, recovered;
    uint64_t seq; /* of the last event */
};
struct pl_engine_event {
    uint64_t seq;
    int64_t at_ms;
    struct pl_str json; /* finished, without seq and at */
};

struct pl_engine_stream {
    uint64_t turn;    /* names the model's turn in its conversation */
    uint64_t attempt; /* another one replaces what was shown of the turn */
    uint32_t n;       /* from 1, of this attempt */
    bool replace;     /* else it goes behind what this attempt has shown */
    struct pl_str text;
};

/* A file for the open question, to be sealed with the conversation's key. */
struct pl_engine_wanted {
    struct pl_key_id key;
    uint32_t naccept; /* kinds that it takes ("image"); none: any */
    const struct pl_str *accept;
};

/* Called on the engine's thread; must not block nor call the engine's "engine's thread" verbs. */
struct pl_engine_sink {
    void *ctx;
    void (*ready)(void *ctx, uint64_t client, const struct pl_engine_ready *r);
    void (*live)(void *ctx, uint64_t client);
    /* e: the n events that the message made at once, so that both may leave together. */
    void (*ack)(void *ctx, uint64_t client, struct pl_engine_cid cid, uint64_t seq, bool dup,
                const struct pl_engine_event *e, size_t n);
    void (*events)(void *ctx, uint64_t client, const struct pl_engine_event *e, size_t n);
    void (*typing)(void *ctx, uint64_t client, bool on);
    /* detail: more words for a person, may be empty. cid.counter 0: about the open. */
    void (*error)(void *ctx, uint64_t client, enum pl_engine_error code, struct pl_str detail,
                  struct pl_engine_cid cid);
    /* Once for each ticket, unless the engine was stopped; PL_OK when it is on disk. `why`: more
     * words, may be empty. PL_NOT_FOUND: no such conversation, or no such hand-over on its list;
     * PL_ERASED; what loading and the store may give. Of an event too: PL_EXISTS: it came before,
     * nothing was done; PL_TYPE: there is no such event, or these are not its arguments;
     * PL_CONFLICT: its key was used for another one; PL_BUSY: too many wait for the customer, or
     * his conversation goes on with a program that does not know it. Of one that was taken, `why`
     * is "kept" when it waits for a customer who has no conversation. May be NULL. */
    void (*done)(void *ctx, uint64_t ticket, enum pl_err err, struct pl_str why);
    /* What a model writes, as it is written; the event that follows replaces it. May be NULL. */
    void (*stream)(void *ctx, uint64_t client, const struct pl_engine_stream *s);
    /* The answer to pl_engine_wants_file; wanted: with PL_OK alone. May be NULL. */
    void (*wants)(void *ctx, uint64_t ticket, enum pl_err err,
                  const struct pl_engine_wanted *wanted);
};

/* ---- hooks, reached by callbacks ---- */

enum pl_engine_outcome {
    PL_OUTCOME_OK,
    PL_OUTCOME_FAILED,
    PL_OUTCOME_UNAVAILABLE,
    PL_OUTCOME_UNCONFIRMED
};
/* A longer value is none: an entry holds it beside what is said of it. */
#define PL_ENGINE_VALUE_MOST 65536 /* bytes of pl_value_write */
typedef void pl_engine_hook_done(void *ctx, enum pl_engine_outcome outcome, struct pl_str value,
                                 struct pl_str failure);
struct pl_engine_call {
    struct pl_image *image;
    uint32_t hook; /* of the image */
    const struct pl_value *args;
    uint32_t nargs;
    struct pl_str key; /* `write once`: the same for every attempt */
    int64_t deadline_ms;
    struct pl_loop *loop; /* done runs here, exactly once, never inside call */
    pl_engine_hook_done *done;
    void *ctx;
};
struct pl_engine_hooks {
    void *ctx;
    void (*load)(void *ctx, struct pl_image *image); /* before its first call */
    void (*drop)(void *ctx, struct pl_image *image);
    uint64_t (*call)(void *ctx, const struct pl_engine_call *call); /* gives a number, or 0 */
    /* Nobody waits for this call any more. Never of a `write once`. May be NULL. */
    void (*cancel)(void *ctx, uint64_t number);
};

/* ---- models, reached by callbacks ---- */

/* UNSURE: a reply was there, and is not to be shown; DOWN: none could be had in the budget;
 * PROPOSED: it wants a tool that writes. */
enum pl_engine_asked { PL_ASKED_OK, PL_ASKED_UNSURE, PL_ASKED_DOWN, PL_ASKED_PROPOSED };
/* value: OK, PROPOSED: pl_value_write of what struct pl_vm_event says of a MODEL's value. Of what
 * is `spent` of the budget the engine reads the number `ms`. */
typedef void pl_engine_model_done(void *ctx, enum pl_engine_asked outcome, struct pl_str value);
/* A sentence that may be shown, behind those of the same attempt; the first of another attempt
 * replaces all of the one before. It is shown and forgotten: what counts is the value. */
typedef void pl_engine_model_partial(void *ctx, uint32_t attempt, struct pl_str text);

struct pl_engine_line { /* of the transcript */
    bool customer;
    struct pl_str text;
};
#define PL_ENGINE_LINES 12
struct pl_engine_ask {
    struct pl_image *image;
    uint32_t model; /* models of the image */
    const struct pl_value *args;
    uint32_t nargs;      /* as many as the model's `given` */
    struct pl_str about; /* DECIDE: the question, in the program's source locale */
    struct pl_str text;  /* what the customer wrote, masked; may be empty */
    struct pl_str locale;
    uint8_t conversation[16];
    uint64_t effect, run; /* with the conversation they name this turn, also after a restart */
    uint8_t customer[16]; /* all zero: not known */
    bool verified;
    bool no_model;   /* nothing of this may go to any model: articles answer, or nobody does */
    uint32_t nlines; /* what was said before `text`, oldest first, at most PL_ENGINE_LINES */
    const struct pl_engine_line *lines;
    const struct pl_vm_known *known; /* what must not leave, beside what is marked in slots */
    uint32_t nknown;
    struct pl_value slots; /* record: what the conversation knows, by slot name, nothing secret:
                              what personal data to look for */
    struct pl_value acted; /* what came of the action it proposed, as struct pl_vm_effect has it;
                              NONE: asked for the first time */
    int64_t within_ms;     /* from now: what is left of the budget's time */
    struct pl_loop *loop;  /* done and partial run here, never inside start */
    pl_engine_model_done *done; /* once, and never after it was cancelled */
    pl_engine_model_partial *partial;
    void *ctx;
};
struct pl_engine_models {
    void *ctx;
    /* What takes long of a load, on any thread; then it is loaded before its first turn, on the
     * engine's, or closed. All of them, or none. */
    void *(*open)(void *ctx, struct pl_image *image);
    void (*close)(void *ctx, void *opened);
    void (*load)(void *ctx, void *opened);
    void (*drop)(void *ctx, struct pl_image *image);
    /* Gives a number, or 0. NULL: no model is ever asked, every turn is DOWN at once. */
    uint64_t (*start)(void *ctx, const struct pl_engine_ask *ask);
    /* Nobody waits for it any more: no `done`, no `partial` after this. */
    void (*cancel)(void *ctx, uint64_t number);
    /* The conversation is erased: nothing of it is kept. May be NULL. */
    void (*forget)(void *ctx, const uint8_t conversation[16]);
};

/* ---- create ---- */

struct pl_engine_shared;
#define PL_ENGINE_TIMED 16 /* one of so many turns has its stages timed */

struct pl_engine_config {
    struct pl_store *store;
    const char *keys;     /* key folder */
    const char *master;   /* master key file */
    struct pl_loop *loop; /* a fake or the caller's loop; NULL: a thread and loop of its own */
    struct pl_clock clock;
    uint64_t seed; /* of `any of` and jitter; 0: from the clock */
    const struct pl_log *log;
    struct pl_engine_sink sink;
    struct pl_engine_hooks hooks;
    /* An image that an old entry names by the first 8 bytes of its hash: a new reference, or NULL
     * when it is not there. On a thread of its own when the engine has one. */
    struct pl_image *(*find_image)(void *ctx, const uint8_t prefix[8]);
    void *find_ctx;
    /* For tools that look on: every event and effect of every step, as it is made. May be NULL. */
    void (*trace)(void *ctx, struct pl_str line);
    void *trace_ctx;
    /* The like as data, once per step (runtime/vm/vm.h). May be NULL. */
    void (*step)(void *ctx, const uint8_t conversation[16], const struct pl_image *image,
                 const struct pl_vm_event *event, const struct pl_vm_result *result);
    void *step_ctx;
    /* What of a program runs (enum pl_vm_trace), for coverage; playing it again runs it again. May
     * be NULL. */
    void (*ran)(void *ctx, const struct pl_image *image, int what, uint32_t at);
    /* A text of the image is shown to a customer in this locale of the image. May be NULL. */
    void (*showed)(void *ctx, const struct pl_image *image, uint32_t text, uint32_t locale);
    void *ran_ctx; /* of both */
    /* Borrowed from other engines of this thread; NULL: the engine opens its own. */
    struct pl_engine_shared *shared;
    struct pl_engine_models models;
    /* Nanoseconds of some clock that runs on, for the counters of stages. NULL: they stay 0. */
    int64_t (*stopwatch)(void);
};

/* What is costly to open and the same for all engines of one thread: for tools that make an engine
 * for each conversation. It outlives them. NULL: out of memory. */
struct pl_engine_shared *pl_engine_shared_new(void);
void pl_engine_shared_free(struct pl_engine_shared **s);

/* The image becomes the active one; the engine takes its own reference. The failures of
 * pl_journal_create; PL_MALFORMED: the image's sections. */
enum pl_err pl_engine_create(const struct pl_engine_config *config, struct pl_image *image,
                             struct pl_engine **out);
/* Ends the thread: sink and hooks are not called any more. Calls under way may still come back, so
 * the hooks are destroyed between stop and destroy. */
void pl_engine_stop(struct pl_engine *e);
/* Stops; conversations stay as their journal has them. Writes their snapshots first. */
void pl_engine_destroy(struct pl_engine **e);

/* ---- from clients: any thread, copies what it is given ---- */

struct pl_engine_open {
    uint8_t conversation[16];
    uint8_t hash[32]; /* of the resume secret: kept when fresh, compared when not */
    bool fresh;
    /* The page's token says who the customer is, and that he proved it. */
    bool known, verified;
    uint8_t customer[16]; /* what he is known by; all zero: nothing is remembered of him */
    struct pl_str locale, page_url;
    struct pl_str epoch; /* that seq was counted in; empty: unknown */
    uint64_t seq;
};
/* UPLOAD: what was stored elsewhere, as "type size reference name": "image/png 1234 u7 me.png".
 * CHOICE of several options at once: their ids with commas between. */
enum pl_engine_said {
    PL_ENGINE_SAID_TEXT,
    PL_ENGINE_SAID_CHOICE,
    PL_ENGINE_SAID_BUTTON,
    PL_ENGINE_SAID_UPLOAD,
    PL_ENGINE_SAID_LONG /* the engine's own: a text over PL_ENGINE_TEXT, of which the beginning is
                           kept */
};

void pl_engine_open(struct pl_engine *e, uint64_t client, const struct pl_engine_open *open);
void pl_engine_send(struct pl_engine *e, uint64_t client, struct pl_engine_cid cid,
                    enum pl_engine_said said, struct pl_str text);
/* Does the conversation's open question ask for a file? hash: of its resume secret. Answered once
 * by sink.wants. PL_DENIED: another secret; PL_CONFLICT: it does not; what loading may give. */
void pl_engine_wants_file(struct pl_engine *e, uint64_t ticket, const uint8_t conversation[16],
                          const uint8_t hash[32]);
void pl_engine_seen(struct pl_engine *e, uint64_t client, uint64_t seq);
/* Did the answer at seq help: 1, -1, or 0 to take it back. Counted once for each answer, for the
 * articles it names; the clients see a `rated` event. ERR_CHOICE: nothing there asks for it. */
void pl_engine_rate(struct pl_engine *e, uint64_t client, uint64_t seq, int value);
/* Somebody opened an article's page: "en/returns/how". */
void pl_engine_viewed(struct pl_engine *e, struct pl_str article);
void pl_engine_leave(struct pl_engine *e, uint64_t client);

/* Something that the shop or the page sends. To a customer: it goes to the one of his last 16
 * conversations that waits for it, else to his latest; who has none is given it when he comes, up
 * to 7 days later (8 at most are kept for him). */
struct pl_engine_happening {
    bool by_customer; /* `customer` says who is meant, and `conversation` nothing */
    uint8_t customer[16];
    uint8_t conversation[16];
    struct pl_str name; /* "shipping.delayed" */
    struct pl_str args; /* a JSON object; empty: none */
    /* The sender's: one that was used lately for this conversation, or for one of the customer's
     * (of the last 32 events of each), is not taken again. Empty: none. */
    struct pl_str key;
};
/* Answered by sink.done. */
void pl_engine_event(struct pl_engine *e, uint64_t ticket, const struct pl_engine_happening *what);

/* Erases the customer: what is remembered of him, all his conversations, what waits for him. On
 * disk when sink.done hears of it; PL_OK too when there was nothing. His clients are told. */
void pl_engine_erase(struct pl_engine *e, uint64_t ticket, const uint8_t customer[16]);

/* ---- for operators: any thread but the engine's ---- */

/* Several images live beside each other; the active one takes what begins, others have users (what
 * stands in one of their flows, a read under way) or are kept warm. An image that nobody uses
 * leaves memory some seconds later. All of these wait for the engine; opening what a turn needs of
 * an image (recognisers, locales, articles) is done on the caller's thread, so that no turn waits
 * for it. */
enum pl_engine_life {
#define LIFE(name, word, meaning) PL_ENGINE_LIFE_##name,
#include "runtime/engine/life.def"
#undef LIFE
    PL_ENGINE_LIVES
};
const char *pl_engine_life_word(enum pl_engine_life life);
struct pl_engine_version {
    uint8_t hash[32];
    enum pl_engine_life life;
    int64_t since_ms; /* when it came into this life */
    uint32_t users;
};
/* Opens the image and keeps it warm beside the active one, until it is activated or dropped; the
 * engine takes its own reference. Harmless when it is there. PL_MALFORMED: its sections. */
enum pl_err pl_engine_image_warm(struct pl_engine *e, struct pl_image *image);
/* It is kept no longer. PL_BUSY: it is the active one, or has users. Harmless when not there. */
enum pl_err pl_engine_image_drop(struct pl_engine *e, const uint8_t hash[32]);
/* A new reference to an image in memory; NULL: none of that hash. */
struct pl_image *pl_engine_image_get(struct pl_engine *e, const uint8_t hash[32]);
/* Those in memory; gives how many, at most `most`. */
size_t pl_engine_image_list(struct pl_engine *e, struct pl_engine_version *out, size_t most);
/* What names an image, as of the conversations' snapshots, which are seconds old. Any thread. */
struct pl_engine_uses {
    uint64_t flows, entries; /* conversations: in one of its flows; with an entry that names it */
};
enum pl_err pl_engine_image_uses(struct pl_store *store, const uint8_t hash[32],
                                 struct pl_engine_uses *out);
/* What would become of the conversations that stand in a flow, were this image the active one; the
 * engine's thread is asked for slices of those in memory. lost: told of each that was to go over
 * and cannot, which would finish on the image that it stands on. */
struct pl_engine_preview {
    uint64_t live, moved, asked, stayed, lost; /* live: all of them */
};
struct pl_engine_lost {
    uint8_t conversation[16];
    const uint8_t *image;   /* that it stands on: 32 bytes */
    struct pl_str flow, at; /* where, or what is gone: "returns", "returns.reason"; or empty */
};
enum pl_err pl_engine_preview(struct pl_engine *e, struct pl_image *to,
                              struct pl_engine_preview *out,
                              void (*lost)(void *ctx, const struct pl_engine_lost *l), void *ctx);
/* Makes the image the active one for conversations between flows, and for those whose flows say `on
 * change move` or `restart`; opens it when it is not warm; waits until its entry is on disk. On
 * failure the old one stays. */
enum pl_err pl_engine_activate(struct pl_engine *e, struct pl_image *image);

/* Beside the active image another one plays a share (of 10,000) of the new conversations, chosen by
 * their ids, as trials (below): what it says and does has no effect and is compared. One at a time;
 * it ends with the server, or with a NULL image. PL_MALFORMED: the image's sections. */
enum pl_err pl_engine_shadow(struct pl_engine *e, struct pl_image *image, uint32_t share);

/* What may not become more frequent, of conversations. */
enum pl_engine_guard {
#define GUARD(name, word, meaning) PL_ENGINE_GUARD_##name,
#include "runtime/engine/guard.def"
#undef GUARD
    PL_ENGINE_GUARDS
};
const char *pl_engine_guard_word(enum pl_engine_guard g);
#define PL_ENGINE_CANARY_ALPHA 0.05 /* most chance that one which is no worse is rolled back */
/* A share (of 10,000) of the new conversations, chosen by their ids, runs on this image; it is
 * rolled back by itself when one of the guards (bits by number, at least one) is worse than beside
 * it, by a sequential test (engine_guard.c). Ended by an activation, too, or by a NULL image; goes
 * on after a restart. PL_CONFLICT: it is the active one; PL_BUSY: another canary runs;
 * PL_NOT_FOUND: none does. */
enum pl_err pl_engine_canary(struct pl_engine *e, struct pl_image *image, uint32_t share,
                             unsigned guards);
/* Appends JSON members "shadow" and "canary", those that there are. */
void pl_engine_trials(struct pl_engine *e, struct pl_jw *w);

#define PL_ENGINE_PAGE   100 /* hand-overs at most */
#define PL_ENGINE_CURSOR 64
/* Appends a JSON array of hand-overs that people have to look after, oldest first of the highest
 * priority, each with facts, slots, notes and the end of its transcript: at most `limit` behind the
 * place `after` (empty: from the first). next: where the rest begins, empty when there is none.
 * PL_MALFORMED: `after` is no place. Blocks for the reading: not for a thread that others wait for.
 */
enum pl_err pl_engine_queue(struct pl_engine *e, uint32_t limit, struct pl_str after,
                            struct pl_buf *json, char next[PL_ENGINE_CURSOR]);
/* What people do with a hand-over. DONE: they are through with it: it leaves the list for good,
 * until its customer writes again. SAYS: one of them writes to the customer, and has the
 * conversation. BACK: the bot has the conversation again, and handed_back speaks; the hand-over
 * leaves the list. Does not wait: the sink's `done` hears of it, with the caller's ticket;
 * PL_CONFLICT: the bot has the conversation, so nobody can speak in it or give it back. */
enum pl_engine_deed { /* written in journals */
                      PL_ENGINE_DONE = 1,
                      PL_ENGINE_SAYS = 2,
                      PL_ENGINE_BACK = 3
};
struct pl_engine_done {
    uint8_t conversation[16];
    uint64_t number; /* of the hand-over in it; 0: the last */
    uint8_t who[16]; /* the operator, for the journal */
    enum pl_engine_deed what;
    struct pl_str text; /* SAYS: the words; BACK: a note for the next hand-over, may be empty */
};
void pl_engine_done(struct pl_engine *e, uint64_t ticket, const struct pl_engine_done *done);
/* "<conversation>-<number>", as the list shows it; false: it is none. */
bool pl_engine_done_read(struct pl_str id, struct pl_engine_done *out);
/* What customers made of an article, as the store has it. */
struct pl_engine_tally {
    struct pl_str article; /* "en/returns/how": its locale and id */
    uint64_t views, helpful, unhelpful;
};
/* False: nobody has seen it, all are 0. */
bool pl_engine_tally(struct pl_store *store, struct pl_arena *a, struct pl_str article,
                     struct pl_engine_tally *out);
/* All that were opened or voted on, by name. */
enum pl_err pl_engine_tallies(struct pl_store *store, struct pl_arena *a,
                              struct pl_engine_tally **out, size_t *n);
/* Any thread: post->fn runs once on the engine's thread, unless the engine is stopped before: to
 * see that it turns. */
void pl_engine_post(struct pl_engine *e, struct pl_post *post);
/* Appends JSON members about images and conversations, for `status`. */
void pl_engine_status(struct pl_engine *e, struct pl_jw *w);

enum pl_engine_count {
#define COUNTER(name, help) PL_ENGINE_##name,
#include "runtime/engine/counter.def"
#undef COUNTER
    PL_ENGINE_COUNTERS
};
const struct pl_counter *pl_engine_counters(const struct pl_engine *e);
/* How long stages of turns took, of those that were timed: how many up to each bound, not above it.
 * Any thread. False: there is no such stage. */
#define PL_ENGINE_BUCKETS 8 /* the last has no bound */
struct pl_engine_stage {
    const char *name;
    uint64_t counts[PL_ENGINE_BUCKETS];
    uint64_t ns; /* of all of them together */
};
extern const uint32_t pl_engine_bounds_us[PL_ENGINE_BUCKETS - 1];
bool pl_engine_stage(const struct pl_engine *e, unsigned i, struct pl_engine_stage *out);
/* Two for each queue that promises an answer: engine.queue_NAME_in_time and …_late. Any thread. */
void pl_engine_queue_counters(struct pl_engine *e,
                              void (*show)(void *to, const struct pl_counter *c), void *to);

/* ---- for the simulator: on the engine's thread ---- */

/* A set slot of a conversation, copied into the arena; absent when unknown. */
struct pl_value pl_engine_slot(struct pl_engine *e, const uint8_t conversation[16],
                               struct pl_arena *a, struct pl_str name);
/* A text of a step, as who reads it in the conversation's language; inside `step`. */
struct pl_str pl_engine_words(struct pl_engine *e, const uint8_t conversation[16],
                              const struct pl_vm_text *text, struct pl_arena *a, int64_t now_ms);
/* The messages of a step, as its customer would see them in another locale of the image: finished
 * JSON; inside `step`. Gives how many; in an unknown locale none. */
size_t pl_engine_said_in(struct pl_engine *e, const uint8_t conversation[16], struct pl_str locale,
                         const struct pl_vm_result *result, int64_t now_ms, struct pl_arena *a,
                         struct pl_str **out);
/* Asks the hooks of `from hook` entities again, as after their refresh time. */
void pl_engine_refresh_lists(struct pl_engine *e);
/* As if an earlier conversation had ended with this: a record by slot name ("customer.phone"),
 * which the customer agreed to. */
void pl_engine_remember(struct pl_engine *e, const uint8_t customer[16], struct pl_value record);
/* Forgets a conversation's memory, so that the next touch loads it from the store. */
void pl_engine_forget(struct pl_engine *e, const uint8_t conversation[16]);
/* Makes a conversation in memory again from its whole journal, leaving its snapshot aside, and puts
 * it in its place; its clients open it again. Steps that come out differently are counted as
 * DIVERGED. PL_CONFLICT: it came to another state than it was in; PL_NOT_FOUND: it is not in
 * memory; PL_BUSY: something is being appended; what the reading of journals may give. */
enum pl_err pl_engine_again(struct pl_engine *e, const uint8_t conversation[16]);

/* ---- replay: stored conversations played again, without store and disk ---- */

/* What a thread needs for it: a VM, locales, the recognisers of images, which are opened once.
 * Nothing is called, asked, written or waited for: what came in is given again, with its time. */
struct pl_engine_player;
struct pl_engine_player_config {
    struct pl_engine_shared *shared; /* as in pl_engine_config, as are all; may be NULL */
    struct pl_image *(*find_image)(void *ctx, const uint8_t prefix[8]);
    void *find_ctx;
    void (*ran)(void *ctx, const struct pl_image *image, int what, uint32_t at);
    void *ran_ctx;
};
struct pl_engine_player *pl_engine_player_new(const struct pl_engine_player_config *config);
void pl_engine_player_free(struct pl_engine_player **p);

/* A step: what it took and what it made. All of it lies in the arena that was given. */
struct pl_engine_step {
    struct pl_image *image; /* that it ran on; NULL: it was no step. Borrowed from the lane. */
    struct pl_vm_event *event;
    struct pl_vm_result *result;
    uint32_t noutputs; /* what the customer saw of it, as finished JSON */
    const struct pl_str *outputs;
    struct pl_str effects; /* as in its entry */
    /* MESSAGE: what came; of a choice or button its id, and its words */
    uint8_t said; /* enum pl_engine_said */
    bool card;
    struct pl_str text, label;
};

/* A conversation that is played. Slices that its verbs are given live during the call. */
struct pl_engine_lane;
/* From its beginning. image: it runs on this one; NULL: on those that its entries name. NULL: the
 * image cannot be used. */
struct pl_engine_lane *pl_engine_lane_new(struct pl_engine_player *p,
                                          const uint8_t conversation[16], struct pl_image *image);
/* The same, as it is now; the two have nothing in common. */
struct pl_engine_lane *pl_engine_lane_copy(const struct pl_engine_lane *l);
void pl_engine_lane_free(struct pl_engine_lane **l);
/* Plays an entry as it stands, each in its order. secret: of a turn, revealed.
 * PL_UNAVAILABLE: its image is not there; PL_MALFORMED, PL_VERSION: it cannot be read. */
enum pl_err pl_engine_lane_again(struct pl_engine_lane *l, const struct pl_entry *entry,
                                 struct pl_str secret, struct pl_arena *a,
                                 struct pl_engine_step *out);
/* Does it come out as the entry says: what was shown, position and effects? */
bool pl_engine_lane_same(const struct pl_entry *entry, const struct pl_engine_step *step);
/* Gives the lane what came in at a step of another, as of that step's time: understood anew by the
 * lane's own image, with its rules. PL_NOT_FOUND: a choice, button or event that it does not know;
 * PL_CONFLICT: it is not the bot's turn (people have it, or it is busy). *out may be no step: there
 * was nothing to do. */
enum pl_err pl_engine_lane_take(struct pl_engine_lane *l, const struct pl_engine_step *came,
                                struct pl_arena *a, struct pl_engine_step *out);
/* What the lane waits for, by name: a hook, or a model's turn. */
struct pl_engine_wants {
    bool model;
    struct pl_str name; /* of the hook; of the model's turn its id */
    const struct pl_value *args;
    uint32_t nargs;
};
bool pl_engine_lane_wants(struct pl_engine_lane *l, struct pl_arena *a,
                          struct pl_engine_wants *out);
/* Goes on with what it waits for: the result that a step of another lane took (whose event is a
 * HOOK, OUTCOME or MODEL). PL_TYPE: it is none of the type that this image wants. */
enum pl_err pl_engine_lane_result(struct pl_engine_lane *l, const struct pl_engine_step *came,
                                  struct pl_arena *a, struct pl_engine_step *out);
/* Goes on with what needs nothing from outside (which options earlier messages name). *out is no
 * step when there is nothing such. */
enum pl_err pl_engine_lane_go_on(struct pl_engine_lane *l, struct pl_arena *a,
                                 struct pl_engine_step *out);
/* Every set slot, as pl_vm_slots; nothing secret. */
struct pl_value pl_engine_lane_slots(struct pl_engine_lane *l, struct pl_arena *a);

/* A conversation on trial: played on another image as it went on its own, to see what differs. */
enum pl_engine_verdict {
#define VERDICT(name, word, meaning) PL_ENGINE_##name,
#include "runtime/engine/verdict.def"
#undef VERDICT
    PL_ENGINE_VERDICTS
};
const char *pl_engine_verdict_word(enum pl_engine_verdict v);
struct pl_engine_difference {
    enum pl_engine_verdict verdict; /* not SAME */
    uint64_t turn;                  /* of the customer's, from 1: where; 0: at the opening */
    /* Where the conversation stood ("@track.ask"), what was said or asked there and what is now:
     * the same for all conversations that differ alike. */
    struct pl_str at, was, now;
    struct pl_str said;          /* the customer's words, masked; may be empty */
    struct pl_str showed, shows; /* the event that differs, as JSON, then and now; may be empty */
};
struct pl_engine_trial;
/* differs: told of each; slices live during the call. NULL as pl_engine_lane_new. */
struct pl_engine_trial *
pl_engine_trial_new(struct pl_engine_player *p, const uint8_t conversation[16],
                    struct pl_image *image,
                    void (*differs)(void *ctx, const struct pl_engine_difference *d), void *ctx);
void pl_engine_trial_free(struct pl_engine_trial **t);
/* Of a journal that is read to its end: every step in order, before the first entry, so that a
 * result is there also where the other image asks earlier. */
void pl_engine_trial_foresee(struct pl_engine_trial *t, const struct pl_engine_step *step);
/* The next entry of the conversation; step: of a turn, as it came out on its own image. What
 * differs is told as soon as it is clear; after a verdict over WORDING nothing more is compared. */
void pl_engine_trial_entry(struct pl_engine_trial *t, const struct pl_entry *entry,
                           const struct pl_engine_step *step);
/* The worst so far. The last: compares what is left, when no entry follows. */
enum pl_engine_verdict pl_engine_trial_verdict(const struct pl_engine_trial *t);
void pl_engine_trial_last(struct pl_engine_trial *t);

#endif
