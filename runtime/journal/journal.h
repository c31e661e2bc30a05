/* SPDX-License-Identifier: Apache-2.0
 *
 * journal: what happened in a conversation. Encodes events as entries of the conversation's stream,
 * seals them with its key, splits long ones, keeps snapshots, and reads it all back.
 *
 *   entry body:  version 4 | key day, key slot (LEB128) | box of the kind's fields and the outputs,
 *                packed (journal_pack.c)
 *                the box's associated data: stream, n, kind and the bytes before the box, so that
 *                an entry moved to another place or relabelled does not open
 *   clear kinds: version 4 | fields and outputs
 *   snapshot:    state row named by the stream ('c' + id), further rows of the same with a number
 *                behind when it is long; header in clear, the engine's state packed and sealed
 *
 * Ownership: a pl_journal borrows the store; it has its own pl_keys. A pl_conv is a plain struct of
 * its user, who wipes it (pl_conv_wipe). What is read lies in the arena given.
 * Invariants: customer text comes in as struct pl_masked only. Customer-visible events are numbered
 * without gaps: an entry's outputs have seq first_seq, first_seq + 1, ...
 * An erased key is the answer PL_ERASED, never a decoder's error.
 * Threads: a pl_journal belongs to one thread (each has its own); a pl_conv to its owner. The
 * pl_entry_ verbs are pure.
 */
#ifndef PL_JOURNAL_H
#define PL_JOURNAL_H

#include "runtime/base/base.h"
#include "runtime/crypto/crypto.h"
#include "runtime/privacy/privacy.h"
#include "runtime/store/store.h"

#define PL_ENTRY_VERSION   4
#define PL_ENTRY_MOST      262144 /* bytes of one entry's box; longer is PL_LIMIT */
#define PL_ENTRY_OUTPUTS   256    /* of one entry */
#define PL_JOURNAL_RECORDS 32     /* records of one append: two long entries, or many short ones */
#define PL_SNAPSHOT_MOST   262144 /* bytes of the state in a snapshot */

enum pl_entry_kind {
#define ENTRY(name, number, sealed, meaning) PL_ENTRY_##name = number,
#include "runtime/journal/entry.def"
#undef ENTRY
};
/* "TURN"; NULL for a number that is no kind. */
const char *pl_entry_word(unsigned kind);

/* Flags of an entry; the store or's them over all entries not in a snapshot yet. */
enum {
    PL_ENTRY_WAITS = 1,  /* something must go on by itself (an effect, a timer, the inbox): after a
                            restart this conversation is loaded at once, not when touched */
    PL_ENTRY_LONG = 128, /* the journal's: a MORE record follows */
};

enum pl_with { PL_WITH_BOT, PL_WITH_WAITING, PL_WITH_AGENT };

/* ---- entries ---- */

struct pl_entry_open {
    uint8_t resume[PL_HASH_SIZE]; /* hash of the resume secret */
    struct pl_str locale;
    bool guessed;          /* nobody asked for the locale: the first message may tell */
    struct pl_masked page; /* the page's URL; may be empty */
};

struct pl_entry_arrival {
    uint64_t client, counter; /* cid */
    uint64_t body_hash;       /* of what was sent: tells a repeat from another body */
    uint8_t said;          /* 0 text, 1 choice, 2 button, 3 upload, 4 the beginning of a text that
                              is too long (the order of pl_engine_said) */
    struct pl_masked text; /* the words, or the id of the choice or button */
    struct pl_str label;   /* choice, button: its words as the customer saw them */
};

struct pl_entry_turn {
    uint8_t image[8];      /* first bytes of the image's hash */
    uint64_t of;           /* n of the arrival or result that it takes; 0 none */
    struct pl_str event;   /* pl_vm_event_write: with its reading */
    struct pl_str secret;  /* what is secret of the event, by pl_journal_hide; may be empty */
    struct pl_str effects; /* the engine's: what the step wants done besides the outputs */
    uint64_t hash;         /* of position and output, compared on replay */
};

struct pl_entry_result {
    uint64_t effect; /* id the VM gave */
    uint32_t attempt;
    struct pl_str failure; /* empty: it succeeded */
    struct pl_str value;   /* pl_value_write */
};

struct pl_entry_with {
    uint8_t with;       /* enum pl_with */
    struct pl_str data; /* the writer's: queue, priority, facts, reason */
};

struct pl_entry_agent {
    uint8_t agent[16];
    uint8_t action;     /* the desk's */
    struct pl_str data; /* the desk's */
};

struct pl_entry_rated {
    uint64_t seq;
    int64_t value;
    struct pl_str articles; /* that the rated answer came from: "en/returns/how", a line each */
};

struct pl_entry_closed {
    struct pl_str how; /* "resolved", ... */
};

struct pl_entry_moved {
    uint8_t from[8], to[8]; /* images */
    struct pl_str state;    /* the state from here on */
};

struct pl_entry_known {
    uint8_t customer[16];
};

struct pl_entry_memory {
    struct pl_str data; /* the engine's */
};

struct pl_entry_queued {
    uint8_t conversation[16];
    uint8_t action;     /* the engine's or the desk's */
    struct pl_str data; /* theirs */
};

struct pl_entry_image {
    uint8_t hash[PL_HASH_SIZE];
};

struct pl_entry_config {
    struct pl_str name, value;
};

struct pl_entry {
    uint8_t kind;  /* enum pl_entry_kind, not MORE */
    uint8_t flags; /* PL_ENTRY_WAITS */
    int64_t at_ms;
    /* Finished JSON of customer-visible events, as {"kind":"message",...} without seq and at. Those
     * of an arrival are made from its text by the journal: when writing they must be left empty. */
    uint32_t noutputs;
    const struct pl_str *outputs;
    uint64_t n, commit, first_seq, last_seq; /* set by add (not commit) and by reading */
    union {
        struct pl_entry_open open;
        struct pl_entry_arrival arrival;
        struct pl_entry_turn turn;
        struct pl_entry_result result;
        struct pl_entry_with with;
        struct pl_entry_agent agent;
        struct pl_entry_rated rated;
        struct pl_entry_closed closed;
        struct pl_entry_moved moved;
        struct pl_entry_known known;
        struct pl_entry_memory memory;
        struct pl_entry_queued queued;
        struct pl_entry_image image;
        struct pl_entry_config config;
    };
};

/* Fields and outputs as bytes, unsealed. b->failed when memory is out. */
void pl_entry_write(struct pl_buf *b, const struct pl_entry *e);
/* Any bytes. PL_MALFORMED; PL_LIMIT: more outputs than allowed; PL_NOMEM. Points into bytes and the
 * arena; kind is given, n, commit, seq numbers, flags and at_ms are left as they are. An arrival's
 * outputs are made here. */
enum pl_err pl_entry_read(uint8_t kind, struct pl_str bytes, struct pl_arena *a,
                          struct pl_entry *out);
/* The events that an arrival makes: its message, and card_seen when a card was masked. Fills at
 * most 2, gives how many. For sending what was just accepted. */
uint32_t pl_entry_arrival_outputs(struct pl_arena *a, const struct pl_entry_arrival *arrival,
                                  struct pl_str out[2]);

/* ---- a thread's journal ---- */

struct pl_journal;

/* keys: the key folder; master: the master key file (pl_keys_open's). Its failures. */
enum pl_err pl_journal_create(struct pl_store *store, const char *keys, const char *master,
                              struct pl_journal **out);
void pl_journal_destroy(struct pl_journal **j);

/* ---- conversations ---- */

struct pl_conv {
    uint8_t id[16];
    struct pl_stream stream;
    struct pl_key_id key_id;
    uint8_t key[PL_KEY_SIZE];
    uint64_t n, seq; /* of the last entry appended, durable or not */
    uint32_t rows;   /* rows of the last snapshot */
};

/* A new conversation: takes a key of the day. Nothing is written until its first append. */
enum pl_err pl_conv_begin(struct pl_journal *j, const uint8_t id[16], uint32_t day,
                          struct pl_conv *out);
/* Fills keys ahead, so that beginning one costs no sync: call it now and then in a quiet moment. */
enum pl_err pl_journal_prepare(struct pl_journal *j, uint32_t day);
void pl_conv_wipe(struct pl_conv *conv);
/* Erases the key: nothing of the conversation can be read again, by anybody. On disk when PL_OK. */
enum pl_err pl_conv_erase(struct pl_journal *j, const struct pl_conv *conv);

/* Eight bytes of a keyed hash: tells a text from another, and tells nobody without the key what it
 * is, however short. */
uint64_t pl_conv_digest(struct pl_journal *j, const struct pl_conv *conv, struct pl_str text);
/* Appends a box of its own for what not even who reads the entry shall see, replay excepted. */
enum pl_err pl_journal_hide(struct pl_journal *j, const struct pl_conv *conv, struct pl_str plain,
                            struct pl_buf *box);
/* PL_MALFORMED: altered, or of another conversation. An empty box gives an empty text. */
enum pl_err pl_journal_reveal(struct pl_journal *j, const struct pl_conv *conv, struct pl_str box,
                              struct pl_arena *a, struct pl_str *plain);

/* ---- appending ---- */

/* An append under way; all-zero is valid. Kept and used again by its user, it allocates nothing
 * once warm. Not touched between send and done. */
struct pl_journal_append {
    struct pl_store_append store; /* err, commit and n are in it; the journal's besides */
    struct pl_store_put puts[PL_JOURNAL_RECORDS];
    struct pl_buf bytes;
    struct pl_conv *conv; /* moved on by send */
    uint64_t n, seq;      /* of the last entry added */
    void (*done)(struct pl_journal_append *a);
    void *ctx;
};

/* Starts an append to the conversation's own stream, behind conv->n. */
void pl_journal_begin(struct pl_journal_append *a, struct pl_conv *conv);
/* Starts one on another stream, at expected n and seq 0. conv: whose key seals; NULL for clear
 * kinds only. */
void pl_journal_begin_on(struct pl_journal_append *a, const struct pl_stream *stream,
                         uint64_t expected_n, struct pl_conv *conv);
/* Encodes and seals one more entry and numbers it (e->n, first_seq, last_seq).
 * PL_LIMIT: too long or too many; PL_NOMEM. On failure what was added before stays good. */
enum pl_err pl_journal_add(struct pl_journal *j, struct pl_journal_append *a, struct pl_entry *e);
/* Queues what was added: done runs on the port with a->store.err. conv->n and conv->seq move on at
 * once, so that the next append may follow before this one is durable; after a failure in done the
 * conversation must be loaded again. Failures of pl_store_append: nothing queued, conv unmoved. */
enum pl_err pl_journal_send(struct pl_journal *j, struct pl_journal_append *a,
                            struct pl_store_port *port, void (*done)(struct pl_journal_append *a));
void pl_journal_append_free(struct pl_journal_append *a);

/* ---- snapshots ---- */

struct pl_snapshot {
    uint64_t n, commit, seq; /* the entry that it stands behind; 0: no snapshot yet */
    uint8_t image[PL_HASH_SIZE];
    int64_t at_ms;
    struct pl_str
        state; /* the engine's: VM state, dedupe table, inbox, pending effects, with, ... */
};

/* Projects a snapshot, with further rows of the caller in the same transaction; the stream is then
 * reflected up to snap->n, which must be durable. PL_LIMIT and the failures of
 * pl_store_project. */
enum pl_err pl_snapshot_save(struct pl_journal *j, struct pl_conv *conv,
                             const struct pl_snapshot *snap, const struct pl_store_row *rows,
                             size_t nrows);
/* Opens a conversation: its key, its head, its last snapshot (n == 0 when there is none, then all
 * of it is to be replayed). The tail: pl_journal_from(snap->n + 1). PL_NOT_FOUND, PL_ERASED,
 * PL_MALFORMED, PL_VERSION. */
enum pl_err pl_snapshot_load(struct pl_journal *j, const uint8_t id[16], struct pl_arena *a,
                             struct pl_conv *conv, struct pl_snapshot *snap);

/* ---- reading ---- */

/* Opens a conversation for reading from its first entry on, leaving its snapshot aside.
 * PL_NOT_FOUND, PL_ERASED, PL_MALFORMED. */
enum pl_err pl_conv_open(struct pl_journal *j, const uint8_t id[16], struct pl_conv *conv);

/* Walks a conversation's entries in order; reads them in batches, so that no read transaction is
 * open between two calls. */
struct pl_journal_cursor {
    const struct pl_conv *conv;
    struct pl_stream stream;
    uint64_t next, last; /* entry numbers */
    struct pl_buf batch;
    size_t at;
};
/* From entry n on, up to the durable head as it is now. */
enum pl_err pl_journal_from(struct pl_journal *j, const struct pl_conv *conv, uint64_t n,
                            struct pl_journal_cursor *c);
/* The next entry, into the arena. PL_NOT_FOUND: the end. PL_MALFORMED: damaged, forged or moved. */
enum pl_err pl_journal_next(struct pl_journal *j, struct pl_journal_cursor *c, struct pl_arena *a,
                            struct pl_entry *out);
void pl_journal_cursor_free(struct pl_journal_cursor *c);

/* Customer-visible events behind after_seq, in order; false stops. json lives during the call. */
typedef bool pl_journal_event(void *ctx, uint64_t seq, int64_t at_ms, struct pl_str json);
enum pl_err pl_journal_events(struct pl_journal *j, const struct pl_conv *conv, uint64_t after_seq,
                              pl_journal_event *seen, void *ctx);

/* Opens one entry that a scan of the store showed (its key is looked up). For projectors and
 * exports. PL_ERASED; PL_UNAVAILABLE: a long entry, read it by a cursor; PL_NOT_FOUND: a MORE. */
enum pl_err pl_journal_open(struct pl_journal *j, const struct pl_store_entry *stored,
                            struct pl_arena *a, struct pl_entry *out);

/* ---- customers ---- */

/* What is remembered of a customer is the last entry of a stream of his, under a key of his own.
 * Fills conv for the next append to it, with a new key of the day when there is none or when it was
 * erased; data: of the last entry, empty when there is none. An entry of it fits one record. */
enum pl_err pl_customer_load(struct pl_journal *j, const uint8_t id[16], uint32_t day,
                             struct pl_arena *a, struct pl_conv *conv, struct pl_str *data);
/* Erases his key: nothing that was remembered can be read again, by anybody. On disk when PL_OK;
 * PL_OK too when there is none, or it was erased before. */
enum pl_err pl_customer_erase(struct pl_journal *j, const uint8_t id[16]);
/* Was anything ever remembered of him? True too when the store cannot say. */
bool pl_customer_known(struct pl_journal *j, const uint8_t id[16]);
#define PL_CUSTOMER_MOST 8192 /* bytes of data */

/* ---- state rows with a conversation's data ---- */

/* Appends the row's value, sealed with the conversation's key and bound to the row's key. */
enum pl_err pl_journal_seal_row(struct pl_journal *j, const struct pl_conv *conv,
                                struct pl_str row_key, struct pl_str plain, struct pl_buf *value);
enum pl_err pl_journal_open_row(struct pl_journal *j, struct pl_str row_key, struct pl_str value,
                                struct pl_arena *a, struct pl_str *plain);

#endif
