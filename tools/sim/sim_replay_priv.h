/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the replay of stored conversations.
 *
 *   list (ids of a data folder) -> jobs of some conversations each -> told (bytes) -> sums and
 * groups record (a conversation read whole) -> its own lane -> the trial on another image
 */
#ifndef PL_SIM_REPLAY_PRIV_H
#define PL_SIM_REPLAY_PRIV_H

#include "runtime/journal/journal.h"
#include "tools/sim/sim_priv.h"

/* ---- where they are stored: sim_replay_read.c ---- */

struct stored {
    struct pl_store *store;
    struct pl_journal *journal;
};
/* Looks at the data folder; false: said to err. */
bool pl_sim__stored_open(struct stored *s, const struct pl_sim_stored *from, FILE *err);
void pl_sim__stored_close(struct stored *s);

struct stored_id {
    uint8_t id[16];
    uint64_t commit; /* of its last entry */
};
typedef PL_VEC(struct stored_id) stored_ids;
/* The `last` conversations that something happened in, 0: all; the oldest of them first. */
bool pl_sim__stored_list(struct stored *s, uint64_t last, stored_ids *out);

/* The one of which the id begins so; false: there is none, or several: said to err. */
bool pl_sim__stored_find(struct stored *s, const char *begin, uint8_t id[16], FILE *err);

/* A conversation, read whole, and its steps on the images that it ran on. */
struct record {
    struct pl_arena a;
    PL_VEC(struct pl_entry) entries;
    PL_VEC(struct pl_str) secrets;
    PL_VEC(struct pl_engine_step) steps; /* of each entry; no step: image NULL */
};
void pl_sim__record_init(struct record *r);
void pl_sim__record_free(struct record *r);
/* PL_NOT_FOUND, PL_ERASED, PL_MALFORMED, PL_VERSION. */
enum pl_err pl_sim__record_read(struct stored *s, const uint8_t id[16], struct record *r);
/* Plays it again; steps up to the first that differs or cannot be played, whose place is in *at
 * (entries.n: none). PL_OK also when one differs. */
enum pl_err pl_sim__record_play(struct record *r, struct pl_engine_lane *lane, size_t *at);

/* ---- what came of them: sim_replay.c ---- */

enum fate { FATE_PLAYED, FATE_DIVERGED, FATE_ERASED, FATE_NO_IMAGE, FATE_UNREADABLE, FATES };

struct told_difference { /* as struct pl_engine_difference */
    uint8_t verdict;
    uint64_t turn;
    struct pl_str at, was, now, said, showed, shows;
};
struct told { /* of one conversation */
    uint8_t id[16];
    uint8_t fate, verdict;
    uint64_t steps, turns;
    int64_t from_ms, to_ms;
    uint64_t n;                   /* DIVERGED: the entry */
    struct pl_str recorded, made; /* ... and what differs in it; UNREADABLE: made says why */
    const struct told_difference *differences;
    size_t ndifferences;
};
void pl_sim__told_write(struct pl_buf *b, const struct told *t);
bool pl_sim__told_read(struct pl_reader *r, struct pl_arena *a, struct told *out);

#define EXAMPLES 3
struct example {
    char id[33];
    uint64_t turn;
    struct pl_str said, showed, shows;
};
struct group { /* of conversations that differ alike */
    uint8_t verdict;
    struct pl_str at, was, now;
    uint64_t n;
    struct example examples[EXAMPLES];
};
struct sums {
    struct pl_arena a;
    const struct pl_sim_replay *replay;
    uint64_t conversations, steps, turns;
    uint64_t fates[FATES], verdicts[PL_ENGINE_VERDICTS];
    int64_t from_ms, to_ms, took_us;
    PL_VEC(struct group) groups;  /* at the end the worst and largest first */
    PL_VEC(struct told) diverged; /* the first few, without differences */
};
uint64_t pl_sim__compared(const struct sums *s); /* conversations that were */

/* ---- gates: sim_replay_gate.c ---- */

/* "path<1%,stuck<1". False: `why`. */
bool pl_sim__gate_parse(const char *gate, struct pl_buf *why);
/* False: beyond a limit; said in `why`. */
bool pl_sim__gate_met(const char *gate, const struct sums *s, struct pl_buf *why);

/* ---- told: sim_replay_text.c, sim_replay_html.c ---- */

void pl_sim__replay_text(const struct sums *s, struct pl_buf *out);
void pl_sim__replay_json(const struct sums *s, struct pl_buf *out);
void pl_sim__replay_html(const struct sums *s, struct pl_buf *out);
/* An event's JSON as lines for a person. */
struct pl_str pl_sim__event_text(struct pl_arena *a, struct pl_str json);

#endif
