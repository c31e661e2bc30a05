/* SPDX-License-Identifier: Apache-2.0
 *
 * store: streams of entries that are the durable truth, and state rows that are a faster way to
 * read it. Group commit, heads, recovery, backup. One contract, two stores: LMDB in a folder, and
 * memory for tests and simulation.
 *
 * Ownership: a store owns its folder (a second opener is refused) until closed. An append request,
 * its entries and their bodies belong to the caller but must stay untouched until its `done` ran.
 * Slices given to a read callback live until the callback returns; rows are copied into the
 * caller's arena.
 *
 * Invariants
 * - `commit` numbers all entries of the store from 1 without gaps, in durable order. `n` numbers
 *   the entries of one stream from 1. Each entry names the commit of its stream's previous one.
 * - An append is all or nothing, in one stream, at exactly the head it expects.
 * - `done` with PL_OK means: on disk. Appends of one thread to one stream are applied in order; a
 *   later one may be queued before the earlier is durable, expecting what the earlier leaves; if
 *   the earlier fails, the later fails with PL_CONFLICT.
 * - A stream is dirty while some entry of it is not yet reflected in state rows. `applied` is the
 *   commit of the oldest such entry (one more than the last commit when there is none). State is
 *   never ahead of the journal.
 *
 * Threads: every verb may be called from any thread, except open, close and the pl_store_mem_
 * verbs (one thread). Completions run where their port is run. No read transaction outlives a call.
 * Caveats: never across fork(); never on a network file system; a callback inside read or scan
 * holds a read transaction, so it copies and returns.
 */
#ifndef PL_STORE_H
#define PL_STORE_H

#include "runtime/base/base.h"

#define PL_STORE_STREAM    17    /* one kind letter and 16 id bytes */
#define PL_STORE_BODY_MAX  16384 /* bytes of one entry's body: longer runs fragment LMDB */
#define PL_STORE_GROUP_MAX 64    /* entries of one append: 1 MiB at most in one transaction */
#define PL_STORE_KEY_MAX   200   /* bytes of a state key; LMDB itself stops at 511 */
#define PL_STORE_VALUE_MAX 16384 /* bytes of a state value */
#define PL_STORE_VERSION   2     /* of the records on disk */

struct pl_store;

struct pl_stream {
    uint8_t id[PL_STORE_STREAM];
};
struct pl_stream pl_stream_of(char kind, const uint8_t id[16]);
bool pl_stream_eq(const struct pl_stream *a, const struct pl_stream *b);

/* ---- open and close ---- */

/* Failures on purpose, for tests: the N-th transaction (from 1; 0 never) fails with `err`. */
struct pl_store_fault {
    uint64_t journal_at, state_at;
    enum pl_err err;
};

struct pl_store_pace;
struct pl_store_config {
    const char *folder;   /* LMDB: created if missing. NULL: a store in memory */
    uint64_t map_bytes;   /* 0: 1 TiB; smaller when the system refuses it */
    uint64_t reserve;     /* bytes kept free in the maps and on disk; 0: 64 MiB */
    uint32_t queue_max;   /* appends that may wait; 0: 65,536 */
    uint64_t pending_max; /* bytes of state rows not yet written; 0: 256 MiB */
    uint32_t state_ms;    /* most time between state transactions; 0: 1,000 */
    uint32_t state_rows;  /* rows that start one earlier; 0: 2,000 */
    /* For tools: reads a folder, also one that a server has open, as it is when it is opened (what
     * is appended later is not seen, or as a longer stream). Nothing is written or locked; append
     * and project are refused with PL_DENIED. PL_NOT_FOUND: there is no store. */
    bool look;
    struct pl_log *log;   /* may be NULL */
    const uint8_t *epoch; /* 16 bytes for a new store; NULL: from the system's randomness */
    struct pl_store_fault fault;
    /* Memory only: appends wait until pl_store_mem_release(), which takes them in an order drawn
     * from `seed` (those of one stream stay in order). Otherwise they commit when appended. */
    bool hold;
    uint64_t seed;
    struct pl_store_pace *pace; /* for pl_store_backup; NULL: as fast as it goes */
};

/* Why an open failed, in words for the operator; text is empty when it did not. */
struct pl_store_why {
    char text[256];
};

/* PL_BUSY: another process holds the folder. PL_VERSION: written by another format. PL_MALFORMED:
 * damaged, or journal and state do not belong together. PL_IO, PL_NOMEM. `why` may be NULL. */
enum pl_err pl_store_open(const struct pl_store_config *config, struct pl_store **out,
                          struct pl_store_why *why);
/* Commits what is queued, writes what is pending, stops the writers, releases the folder. Ports
 * with completions still to run stay valid: run them afterwards. */
void pl_store_close(struct pl_store **s);

/* Names this store's lifetime: 32 hex digits. A restored backup gets a new one. */
const char *pl_store_epoch(const struct pl_store *s);
/* 1 at the first open, one more at each: makes attempt numbers unique over restarts. */
uint64_t pl_store_boot(const struct pl_store *s);

/* ---- ports: where completions run ---- */

struct pl_store_append;

/* One per thread that appends; all-zero but for wake and ctx is a valid port. */
struct pl_store_port {
    /* Called from a store thread, once per batch: arrange that pl_store_port_run() is called on
     * the owner's thread (pl_loop_post does). Must not block nor call the store. */
    void (*wake)(void *ctx);
    void *ctx;
    _Atomic(struct pl_store_append *) fresh; /* private: newest first */
};
/* Runs `done` of all that completed, in the order of their commits; gives how many. */
size_t pl_store_port_run(struct pl_store_port *port);

/* ---- append ---- */

/* One entry as given. first_seq..last_seq: the customer-visible events it holds, following the
 * stream's last_seq (from 1) without a gap; both 0, or first = last + 1, when it holds none. */
struct pl_store_put {
    uint8_t kind, flags;
    uint64_t first_seq, last_seq;
    int64_t at_ms;
    struct pl_str body; /* at most PL_STORE_BODY_MAX */
};

/* A request; intrusive, so that appending allocates nothing. */
struct pl_store_append {
    struct pl_stream stream;
    uint64_t expected_n; /* head before: 0 for a new stream */
    const struct pl_store_put *puts;
    uint32_t nputs; /* 1..PL_STORE_GROUP_MAX */
    struct pl_store_port *port;
    void (*done)(struct pl_store_append *a); /* the request is the caller's again; may free it */
    /* The outcome, set before done runs. */
    /* PL_CONFLICT: the head differs. PL_RANGE: seq numbers leave a gap. PL_FULL: no room. PL_IO,
     * PL_NOMEM: writing failed, and goes on failing when the disk's state is unknown. Nothing of
     * the append is there after any of them. */
    enum pl_err err;
    uint64_t commit; /* of the last entry */
    uint64_t n;      /* of the last entry; after PL_CONFLICT the head as it is */
    /* private */
    struct pl_store_append *next;
};

/* Queues. A failure given here (PL_LIMIT: a body or the count; PL_RANGE: seq numbers that go
 * back; PL_BUSY: the queue is full; PL_CLOSED) means nothing was queued and done will not run. */
enum pl_err pl_store_append(struct pl_store *s, struct pl_store_append *a);

/* ---- reading ---- */

struct pl_store_entry {
    struct pl_stream stream;
    uint64_t n, commit, prev; /* prev: commit of the stream's entry n-1, 0 for the first */
    uint8_t kind, flags;
    uint64_t first_seq, last_seq;
    int64_t at_ms;
    struct pl_str body;
};
/* false stops the walk. */
typedef bool pl_store_seen(void *ctx, const struct pl_store_entry *e);

/* Entries of a stream from number from_n on, in order, at most `count` (0: no limit). Walks the
 * links back from the head, so the last K cost K steps. PL_NOT_FOUND: no such stream. PL_MALFORMED:
 * a damaged record; nothing was shown. */
enum pl_err pl_store_read(struct pl_store *s, const struct pl_stream *stream, uint64_t from_n,
                          uint32_t count, pl_store_seen *seen, void *ctx);
/* The number of the first entry that holds an event of seq or a later one: where a reader who has
 * seen all before seq goes on. One more than the head's n when there is none. */
enum pl_err pl_store_find_seq(struct pl_store *s, const struct pl_stream *stream, uint64_t seq,
                              uint64_t *n);
/* All entries from a commit on, in commit order. */
enum pl_err pl_store_scan(struct pl_store *s, uint64_t from_commit, uint32_t count,
                          pl_store_seen *seen, void *ctx);

struct pl_store_head {
    struct pl_stream stream;
    uint64_t n, commit, last_seq; /* of the last entry */
    uint64_t dirty;               /* commit of the oldest entry not reflected, 0 when clean */
    uint8_t flags;                /* flags of the entries not reflected, or'ed */
};
/* PL_NOT_FOUND with a zero head for a stream without entries. Durable entries only. */
enum pl_err pl_store_head(struct pl_store *s, const struct pl_stream *stream,
                          struct pl_store_head *out);
/* Dirty streams, oldest first, whose `dirty` is over `after`; fills at most max, gives how many.
 * After open these are the streams to replay (those with flags at once, others when touched). */
size_t pl_store_dirty(struct pl_store *s, uint64_t after, struct pl_store_head *out, size_t max);
/* Last durable commit, and how many entries lie between `applied` and it. */
uint64_t pl_store_last_commit(struct pl_store *s);
uint64_t pl_store_lag(struct pl_store *s);

/* ---- state rows ---- */

/* Keys sort by bytes; the letter 'h' in front is the store's own. A value of p == NULL deletes. */
struct pl_store_row {
    struct pl_str key, value;
};

/* Takes copies of the rows and writes them soon, all in one transaction; they are seen by load and
 * rows at once. With a stream (may be NULL): from now on it is reflected up to entry `upto`, so
 * recovery starts behind it. The same call again is harmless. PL_LIMIT: key or value too long;
 * PL_DENIED: a key of the store; PL_RANGE: upto is over the head; PL_BUSY: too much is waiting to
 * be written. On failure nothing changed. */
enum pl_err pl_store_project(struct pl_store *s, const struct pl_store_row *rows, size_t nrows,
                             const struct pl_stream *stream, uint64_t upto);
/* Copied into the arena; PL_NOT_FOUND. */
enum pl_err pl_store_load(struct pl_store *s, struct pl_arena *a, struct pl_str key,
                          struct pl_str *value);
/* Rows whose key begins with `prefix` and is not below `from`, in order, at most `limit`. */
enum pl_err pl_store_rows(struct pl_store *s, struct pl_arena *a, struct pl_str prefix,
                          struct pl_str from, size_t limit, struct pl_store_row **rows, size_t *n);
/* Whether all rows projected before this call are on disk: a conversation may leave memory then.
 * `ticket` from pl_store_ticket() taken after the project call. */
uint64_t pl_store_ticket(struct pl_store *s);
bool pl_store_written(struct pl_store *s, uint64_t ticket);

/* Waits until everything appended and projected before is on disk. Blocks: for shutdown, tools and
 * tests. Gives the first failure of a state transaction (rows stay pending). */
enum pl_err pl_store_flush(struct pl_store *s);

/* ---- care ---- */

/* Copies both environments, compacted, into a new folder; state first, so that it is never ahead
 * of the journal. Opening the copy makes a new epoch. Blocks; run it on a thread of its own.
 * Memory stores: PL_UNAVAILABLE. PL_EXISTS: the folder is there already. After another failure the
 * folder holds a part, which is the caller's to remove. */
enum pl_err pl_store_backup(struct pl_store *s, const char *folder);

/* Work that must not get in a server's way: after each MiB it rests three times as long as that
 * took, so that it takes a quarter of a core and of the disk at most, whatever these can do. One
 * for each errand, all zero at first; NULL: no rests. Gives whether it rested. */
struct pl_store_pace {
    int64_t since_us;
    uint64_t bytes;
};
bool pl_store_pace(struct pl_store_pace *p, uint64_t bytes);
/* Copies what is left of one file to another one, synced piece by piece; adds to *bytes. */
enum pl_err pl_store_pour(int from, int to, struct pl_store_pace *pace, uint64_t *bytes);
/* Frees reader slots of dead processes; call it every minute. */
void pl_store_tend(struct pl_store *s);

enum pl_store_count {
#define COUNTER(name, help) PL_STORE_##name,
#include "runtime/store/counter.def"
#undef COUNTER
    PL_STORE_COUNTERS
};
/* PL_STORE_COUNTERS of them, living as long as the store. */
const struct pl_counter *pl_store_counters(const struct pl_store *s);

/* ---- memory stores, for tests and simulation ---- */

/* Commits at most `most` held appends; gives how many are still held. */
size_t pl_store_mem_release(struct pl_store *s, size_t most);
/* As if the process had died and come back: held appends and rows not yet written are gone (their
 * done never runs), heads are rebuilt, the boot number grows. */
void pl_store_mem_crash(struct pl_store *s);

#endif
