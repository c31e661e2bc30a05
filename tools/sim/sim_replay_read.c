/* SPDX-License-Identifier: Apache-2.0
 *
 * Stored conversations, read from a data folder that a server may have open.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sim/sim_replay_priv.h"

#define WINDOW 65536 /* entries that are looked at first, for the last conversations */

/* ---- the folder ---- */

static bool failed(FILE *err, const char *what, const char *path, const char *why) {
    fprintf(err, "parlance: %s %s: %s\n", what, path, why);
    return false;
}

bool pl_sim__stored_open(struct stored *s, const struct pl_sim_stored *from, FILE *err) {
    struct pl_store_why why = {{0}};
    struct pl_store_config config = {.folder = from->data, .look = true};
    *s = (struct stored){.store = NULL};
    if (access(from->master, R_OK) != 0) /* opening keys makes one where there is none */
        return failed(err, "the master key", from->master,
                      "it is not there, or may not be read; name it by --master-key");
    enum pl_err e = pl_store_open(&config, &s->store, &why);
    if (e == PL_NOT_FOUND)
        return failed(err, "the data folder", from->data, "no conversation was ever stored there");
    if (e != PL_OK)
        return failed(err, "the data folder", from->data, why.text[0] ? why.text : pl_err_text(e));
    e = pl_journal_create(s->store, from->keys, from->master, &s->journal);
    if (e != PL_OK) {
        pl_sim__stored_close(s);
        return failed(err, "the keys in", from->keys, pl_err_text(e));
    }
    return true;
}

void pl_sim__stored_close(struct stored *s) {
    if (s->journal) pl_journal_destroy(&s->journal);
    if (s->store) pl_store_close(&s->store);
}

/* ---- which ---- */

struct listing {
    struct pl_map by_id; /* places in ids, from 1 */
    stored_ids ids;
};

static bool list_entry(void *ctx, const struct pl_store_entry *e) {
    struct listing *l = ctx;
    if (e->stream.id[0] != 'c') return true;
    struct pl_str key = {(const char *)e->stream.id + 1, 16};
    uintptr_t at = (uintptr_t)pl_map_get(&l->by_id, key);
    if (at) {
        l->ids.v[at - 1].commit = e->commit;
        return true;
    }
    struct stored_id one = {.commit = e->commit};
    memcpy(one.id, key.p, sizeof one.id);
    char *kept = malloc(sizeof one.id); /* ids move as they grow; keys must not */
    pl_assert(kept);
    memcpy(kept, one.id, sizeof one.id);
    PL_PUSH(&l->ids, one);
    pl_map_put(&l->by_id, (struct pl_str){kept, 16}, (void *)(uintptr_t)l->ids.n);
    return true;
}

static void forget_keys(struct listing *l) {
    size_t at = 0;
    struct pl_str key;
    void *value;
    while (pl_map_next(&l->by_id, &at, &key, &value)) free((char *)(uintptr_t)key.p);
    pl_map_free(&l->by_id);
}

static int by_commit(const void *a, const void *b) {
    uint64_t x = ((const struct stored_id *)a)->commit, y = ((const struct stored_id *)b)->commit;
    return x < y ? -1 : x > y;
}

/* Those that the journal's last entries name, from a commit on. */
static enum pl_err list_from(struct stored *s, uint64_t from, stored_ids *out) {
    struct listing l = {.ids = {0}};
    enum pl_err err = pl_store_scan(s->store, from, 0, list_entry, &l);
    forget_keys(&l);
    out->v = l.ids.v;
    out->n = l.ids.n;
    out->cap = l.ids.cap;
    return err;
}

bool pl_sim__stored_list(struct stored *s, uint64_t last, stored_ids *out) {
    uint64_t commits = pl_store_last_commit(s->store), window = last ? WINDOW : commits;
    for (;; window *= 4) {
        uint64_t from = window < commits ? commits - window + 1 : 1;
        if (list_from(s, from, out) != PL_OK) return false;
        if (from == 1 || out->n >= last) break;
        PL_VEC_FREE(out);
    }
    qsort(out->v, out->n, sizeof *out->v, by_commit);
    if (last && out->n > last) {
        memmove(out->v, out->v + (out->n - last), last * sizeof *out->v);
        out->n = last;
    }
    return true;
}

bool pl_sim__stored_find(struct stored *s, const char *begin, uint8_t id[16], FILE *err) {
    stored_ids ids = {0};
    char hex[33];
    size_t n = 0, length = strlen(begin);
    if (length == 32 && pl_unhex(pl_str_c(begin), id, 16)) return true;
    if (!pl_sim__stored_list(s, 0, &ids)) return failed(err, "the journal", begin, "is damaged");
    for (size_t i = 0; i < ids.n; i++) {
        pl_hex(ids.v[i].id, 16, hex);
        if (strncmp(hex, begin, length) != 0) continue;
        memcpy(id, ids.v[i].id, 16);
        n++;
    }
    PL_VEC_FREE(&ids);
    if (n == 0) return failed(err, "the conversation", begin, "there is none that begins so");
    return n == 1 || failed(err, "the conversation", begin, "several begin so: write more of it");
}

/* ---- one of them ---- */

void pl_sim__record_init(struct record *r) {
    *r = (struct record){.entries = {0}};
    pl_arena_init(&r->a, 0);
}

void pl_sim__record_free(struct record *r) {
    PL_VEC_FREE(&r->entries);
    PL_VEC_FREE(&r->secrets);
    PL_VEC_FREE(&r->steps);
    pl_arena_free(&r->a);
}

static enum pl_err read_entries(struct stored *s, const struct pl_conv *conv, struct record *r) {
    struct pl_journal_cursor cursor = {0};
    enum pl_err err = pl_journal_from(s->journal, conv, 1, &cursor);
    while (err == PL_OK) {
        struct pl_entry entry;
        struct pl_str secret = {0};
        err = pl_journal_next(s->journal, &cursor, &r->a, &entry);
        if (err == PL_OK && entry.kind == PL_ENTRY_TURN)
            err = pl_journal_reveal(s->journal, conv, entry.turn.secret, &r->a, &secret);
        if (err != PL_OK) break;
        PL_PUSH(&r->entries, entry);
        PL_PUSH(&r->secrets, secret);
    }
    pl_journal_cursor_free(&cursor);
    return err == PL_NOT_FOUND ? PL_OK : err;
}

enum pl_err pl_sim__record_read(struct stored *s, const uint8_t id[16], struct record *r) {
    struct pl_conv conv;
    pl_arena_reset(&r->a);
    r->entries.n = r->secrets.n = r->steps.n = 0;
    enum pl_err err = pl_conv_open(s->journal, id, &conv);
    if (err == PL_OK) err = read_entries(s, &conv, r);
    pl_conv_wipe(&conv);
    return err;
}

enum pl_err pl_sim__record_play(struct record *r, struct pl_engine_lane *lane, size_t *at) {
    for (size_t i = 0; i < r->entries.n; i++) {
        struct pl_engine_step step;
        *at = i;
        enum pl_err err =
            pl_engine_lane_again(lane, &r->entries.v[i], r->secrets.v[i], &r->a, &step);
        if (err != PL_OK) return err;
        PL_PUSH(&r->steps, step);
        if (step.image && !pl_engine_lane_same(&r->entries.v[i], &step)) return PL_OK;
    }
    *at = r->entries.n;
    return PL_OK;
}
