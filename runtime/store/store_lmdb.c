/* SPDX-License-Identifier: Apache-2.0
 *
 * The back on disk: two LMDB environments in a folder.
 *
 *   <folder>/lock      held by the one process that has the store open
 *   <folder>/journal/  "entries": commit big-endian -> header and body; "meta"
 *   <folder>/state/    "rows": key -> value; "meta"
 *   <folder>/restored  left by a backup: the next open makes a new epoch
 *
 * An environment is made as journal.new or state.new and gets its name when its first transaction
 * is on disk: LMDB writes its first pages unsynced, and what a power cut leaves of them it refuses.
 *
 * Only default flags (and MDB_NOTLS, so that a reader slot is freed with its transaction): anything
 * faster can lose or break what was acknowledged. Never MDB_WRITEMAP: a full disk would be SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "runtime/store/store_copy_priv.h"

#define PATH_MOST    4096
#define LEAST_MAP    (UINT64_C(64) << 20)
#define MOST_READERS 512

struct lmdb {
    MDB_env *journal, *state;
    MDB_dbi entries, journal_meta, rows, state_meta;
    MDB_txn *txn; /* the committer's */
    uint64_t map_bytes, reserve;
    char *folder;
    int lock_fd;
    bool look; /* nothing is written */
    struct pl_store_pace *pace;
    struct pl_log *log;
};

static enum pl_err err_of(int rc) {
    switch (rc) {
    case MDB_SUCCESS: return PL_OK;
    case MDB_NOTFOUND: return PL_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return PL_FULL;
    case ENOMEM: return PL_NOMEM;
    case MDB_READERS_FULL: return PL_BUSY;
    case MDB_VERSION_MISMATCH: return PL_VERSION;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID: return PL_MALFORMED;
    default: return PL_IO;
    }
}

static MDB_val val_of(const void *p, size_t n) {
    return (MDB_val){n, (void *)(uintptr_t)p};
}

static struct pl_str str_of(const MDB_val *v) {
    return (struct pl_str){v->mv_data, v->mv_size};
}

static void key_put(uint8_t out[8], uint64_t commit) {
    for (int i = 7; i >= 0; i--, commit >>= 8) out[i] = (uint8_t)commit;
}

static bool key_get(const MDB_val *key, uint64_t *commit) {
    const uint8_t *p = key->mv_data;
    *commit = 0;
    for (size_t i = 0; i < key->mv_size && i < 8; i++) *commit = *commit << 8 | p[i];
    return key->mv_size == 8;
}

/* ---- room on disk ---- */

/* Whether `bytes` more leave the reserve untouched, on the disk and in the map. */
static bool fits(const struct lmdb *l, MDB_env *env, uint64_t bytes) {
    MDB_envinfo info;
    MDB_stat stat;
    struct statvfs disk;
    if (mdb_env_info(env, &info) || mdb_env_stat(env, &stat)) return false;
    uint64_t used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    /* Pages are copied and partly filled: twice the bytes is a safe bound. */
    if (used + 2 * bytes + l->reserve > info.me_mapsize) return false;
    if (fstatvfs(l->lock_fd, &disk)) return false;
    return (uint64_t)disk.f_bavail * disk.f_frsize > 2 * bytes + l->reserve;
}

/* ---- entries ---- */

static enum pl_err lmdb_begin(void *b, size_t bytes) {
    struct lmdb *l = b;
    if (!fits(l, l->journal, bytes)) return PL_FULL;
    return err_of(mdb_txn_begin(l->journal, NULL, 0, &l->txn));
}

static enum pl_err lmdb_put(void *b, uint64_t commit, struct pl_str header, struct pl_str body) {
    struct lmdb *l = b;
    uint8_t bytes[8];
    key_put(bytes, commit);
    MDB_val key = val_of(bytes, sizeof bytes), value = {header.n + body.n, NULL};
    int rc = mdb_put(l->txn, l->entries, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (rc) return err_of(rc);
    memcpy(value.mv_data, header.p, header.n);
    if (body.n) memcpy((uint8_t *)value.mv_data + header.n, body.p, body.n);
    return PL_OK;
}

/* LMDB answers EIO when only a part of a write found room. Data is synced before the meta page is
 * written, so a failure leaves the store as it was; when even the meta page's state is unknown,
 * LMDB itself refuses everything from then on (MDB_PANIC). */
static enum pl_err commit_txn(struct lmdb *l, MDB_env *env, MDB_txn *txn) {
    int rc = mdb_txn_commit(txn);
    return rc == EIO && !fits(l, env, 0) ? PL_FULL : err_of(rc);
}

static enum pl_err lmdb_commit(void *b) {
    struct lmdb *l = b;
    MDB_txn *txn = l->txn;
    l->txn = NULL;
    return commit_txn(l, l->journal, txn);
}

static void lmdb_abort(void *b) {
    struct lmdb *l = b;
    mdb_txn_abort(l->txn);
    l->txn = NULL;
}

struct view {
    MDB_txn *txn;
    MDB_cursor *cursor; /* made by the first seek */
    MDB_dbi entries;
    uint64_t at; /* where the cursor stands */
};

static enum pl_err lmdb_view(void *b, void **out) {
    struct lmdb *l = b;
    struct view *v = calloc(1, sizeof *v);
    if (!v) return PL_NOMEM;
    v->entries = l->entries;
    int rc = mdb_txn_begin(l->journal, NULL, MDB_RDONLY, &v->txn);
    if (rc) {
        free(v);
        return err_of(rc);
    }
    *out = v;
    return PL_OK;
}

static void lmdb_unview(void *view) {
    struct view *v = view;
    if (v->cursor) mdb_cursor_close(v->cursor);
    mdb_txn_abort(v->txn);
    free(v);
}

static enum pl_err lmdb_get(void *view, uint64_t commit, struct pl_str *value) {
    struct view *v = view;
    uint8_t bytes[8];
    key_put(bytes, commit);
    MDB_val key = val_of(bytes, sizeof bytes), data;
    int rc = mdb_get(v->txn, v->entries, &key, &data);
    if (!rc) *value = str_of(&data);
    return err_of(rc);
}

static enum pl_err lmdb_seek(void *view, uint64_t commit, uint64_t *found, struct pl_str *value) {
    struct view *v = view;
    bool next = v->cursor && v->at + 1 == commit;
    int rc = v->cursor ? 0 : mdb_cursor_open(v->txn, v->entries, &v->cursor);
    if (rc) return err_of(rc);
    uint8_t bytes[8];
    key_put(bytes, commit);
    MDB_val key = val_of(bytes, sizeof bytes), data;
    rc = mdb_cursor_get(v->cursor, &key, &data, next ? MDB_NEXT : MDB_SET_RANGE);
    if (rc) return err_of(rc);
    if (!key_get(&key, found)) return PL_MALFORMED;
    v->at = *found;
    *value = str_of(&data);
    return PL_OK;
}

static uint64_t lmdb_last(void *b) {
    struct lmdb *l = b;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, data;
    uint64_t last = 0;
    if (mdb_txn_begin(l->journal, NULL, MDB_RDONLY, &txn)) return 0;
    if (!mdb_cursor_open(txn, l->entries, &cursor)) {
        if (!mdb_cursor_get(cursor, &key, &data, MDB_LAST) && !key_get(&key, &last)) last = 0;
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return last;
}

/* ---- meta records ---- */

/* A record of exactly n bytes. */
static enum pl_err meta_get(MDB_txn *txn, MDB_dbi dbi, const char *name, void *out, size_t n) {
    MDB_val key = val_of(name, strlen(name)), data;
    int rc = mdb_get(txn, dbi, &key, &data);
    if (rc) return err_of(rc);
    if (data.mv_size != n) return PL_MALFORMED;
    memcpy(out, data.mv_data, n);
    return PL_OK;
}

static enum pl_err meta_put(MDB_txn *txn, MDB_dbi dbi, const char *name, const void *p, size_t n) {
    MDB_val key = val_of(name, strlen(name)), data = val_of(p, n);
    return err_of(mdb_put(txn, dbi, &key, &data, 0));
}

static enum pl_err number_get(MDB_txn *txn, MDB_dbi dbi, const char *name, uint64_t *out) {
    uint8_t bytes[8];
    enum pl_err err = meta_get(txn, dbi, name, bytes, sizeof bytes);
    MDB_val v = val_of(bytes, sizeof bytes);
    if (!err) (void)key_get(&v, out);
    return err;
}

static enum pl_err number_put(MDB_txn *txn, MDB_dbi dbi, const char *name, uint64_t value) {
    uint8_t bytes[8];
    key_put(bytes, value);
    return meta_put(txn, dbi, name, bytes, sizeof bytes);
}

/* ---- rows ---- */

static enum pl_err put_row(struct lmdb *l, MDB_txn *txn, const struct pl_store__row *row) {
    MDB_val key = val_of(row->key.p, row->key.n), value = val_of(row->value.p, row->value.n);
    if (row->value.p) return err_of(mdb_put(txn, l->rows, &key, &value, 0));
    int rc = mdb_del(txn, l->rows, &key, NULL);
    return rc == MDB_NOTFOUND ? PL_OK : err_of(rc);
}

static enum pl_err lmdb_write(void *b, struct pl_store__row *const *rows, size_t n,
                              uint64_t applied) {
    struct lmdb *l = b;
    MDB_txn *txn;
    uint64_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes += rows[i]->key.n + rows[i]->value.n;
    if (!fits(l, l->state, bytes)) return PL_FULL;
    enum pl_err err = err_of(mdb_txn_begin(l->state, NULL, 0, &txn));
    if (err) return err;
    for (size_t i = 0; i < n && !err; i++) err = put_row(l, txn, rows[i]);
    if (!err) err = number_put(txn, l->state_meta, "applied", applied);
    if (!err) return commit_txn(l, l->state, txn);
    mdb_txn_abort(txn);
    return err;
}

static enum pl_err lmdb_load(void *b, struct pl_arena *a, struct pl_str key, struct pl_str *value) {
    struct lmdb *l = b;
    MDB_txn *txn;
    int rc = mdb_txn_begin(l->state, NULL, MDB_RDONLY, &txn);
    if (rc) return err_of(rc);
    MDB_val k = val_of(key.p, key.n), data;
    rc = mdb_get(txn, l->rows, &k, &data);
    enum pl_err err = err_of(rc);
    if (!err) {
        *value = pl_arena_str(a, str_of(&data));
        if (!value->p) err = PL_NOMEM;
    }
    mdb_txn_abort(txn);
    return err;
}

static enum pl_err lmdb_walk(void *b, struct pl_str from, pl_store__row_seen *seen, void *ctx) {
    struct lmdb *l = b;
    MDB_txn *txn;
    MDB_cursor *cursor;
    int rc = mdb_txn_begin(l->state, NULL, MDB_RDONLY, &txn);
    if (rc) return err_of(rc);
    rc = mdb_cursor_open(txn, l->rows, &cursor);
    if (!rc) {
        MDB_val key = val_of(from.p, from.n), data;
        rc = mdb_cursor_get(cursor, &key, &data, from.n ? MDB_SET_RANGE : MDB_FIRST);
        while (!rc && seen(ctx, str_of(&key), str_of(&data))) {
            rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND ? PL_OK : err_of(rc);
}

static enum pl_err lmdb_applied(void *b, uint64_t *out) {
    struct lmdb *l = b;
    MDB_txn *txn;
    enum pl_err err = err_of(mdb_txn_begin(l->state, NULL, MDB_RDONLY, &txn));
    if (err) return err;
    err = number_get(txn, l->state_meta, "applied", out);
    mdb_txn_abort(txn);
    if (err == PL_NOT_FOUND) *out = 1;
    return err == PL_NOT_FOUND || (!err && *out) ? PL_OK : PL_MALFORMED;
}

/* ---- care ---- */

static bool join_path(char out[PATH_MOST], const char *folder, const char *name) {
    int n = snprintf(out, PATH_MOST, "%s/%s", folder, name);
    return n > 0 && n < PATH_MOST;
}

static enum pl_err copy_env(const struct lmdb *l, MDB_env *env, const char *folder,
                            const char *name) {
    int rc;
    char path[PATH_MOST], file[PATH_MOST];
    if (!join_path(path, folder, name) || !join_path(file, path, "data.mdb")) return PL_LIMIT;
    if (mkdir(path, 0700)) return PL_IO;
    enum pl_err err = pl_store__copy_env(env, file, l->pace, &rc);
    if (!err) err = err_of(rc);
    if (!err) err = pl_sync(path);
    return err;
}

static enum pl_err lmdb_backup(void *b, const char *folder) {
    struct lmdb *l = b;
    char mark[PATH_MOST];
    if (!join_path(mark, folder, "restored")) return PL_LIMIT;
    if (access(folder, F_OK) == 0) return PL_EXISTS;
    enum pl_err err = pl_mkdirs(folder);
    if (!err) err = pl_file_replace(mark, PL_STR("a backup: the next open makes a new epoch\n"));
    if (!err) err = copy_env(l, l->state, folder, "state");
    if (!err) err = copy_env(l, l->journal, folder, "journal");
    if (!err) err = pl_sync(folder);
    return err;
}

static void lmdb_tend(void *b) {
    struct lmdb *l = b;
    int dead = 0;
    mdb_reader_check(l->journal, &dead);
    mdb_reader_check(l->state, &dead);
}

static void lmdb_close(void *b) {
    struct lmdb *l = b;
    if (l->journal) mdb_env_close(l->journal);
    if (l->state) mdb_env_close(l->state);
    if (l->lock_fd >= 0) close(l->lock_fd); /* frees the lock */
    free(l->folder);
    free(l);
}

static void lmdb_crash(void *b) {
    (void)b;
}

/* ---- open ---- */

static const struct pl_store__back ops = {
    .close = lmdb_close,
    .begin = lmdb_begin,
    .put = lmdb_put,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .last = lmdb_last,
    .view = lmdb_view,
    .get = lmdb_get,
    .seek = lmdb_seek,
    .unview = lmdb_unview,
    .write = lmdb_write,
    .load = lmdb_load,
    .walk = lmdb_walk,
    .applied = lmdb_applied,
    .backup = lmdb_backup,
    .tend = lmdb_tend,
    .crash = lmdb_crash,
};

static enum pl_err take_lock(struct lmdb *l, struct pl_store_why *why) {
    char path[PATH_MOST];
    if (!join_path(path, l->folder, "lock")) return PL_LIMIT;
    l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (l->lock_fd < 0) {
        pl_store__why(why, "%s: %s", path, strerror(errno));
        return PL_IO;
    }
    if (flock(l->lock_fd, LOCK_EX | LOCK_NB)) {
        pl_store__why(why, "%s is in use by another server", l->folder);
        return PL_BUSY;
    }
    return PL_OK;
}

static int open_once(const char *path, uint64_t map_bytes, bool look, MDB_env **out) {
    MDB_env *env;
    int rc = mdb_env_create(&env);
    if (rc) return rc;
    rc = mdb_env_set_mapsize(env, map_bytes);
    if (!rc) rc = mdb_env_set_maxreaders(env, MOST_READERS);
    if (!rc) rc = mdb_env_set_maxdbs(env, 4);
    if (!rc) rc = mdb_env_open(env, path, MDB_NOTLS | (look ? MDB_RDONLY : 0), 0600);
    if (rc) {
        mdb_env_close(env);
        return rc;
    }
    *out = env;
    return 0;
}

/* A file cut short would be SIGBUS at the first read of what is missing. */
static bool whole(MDB_env *env) {
    MDB_envinfo info;
    MDB_stat stat;
    int fd;
    struct stat file;
    if (mdb_env_info(env, &info) || mdb_env_stat(env, &stat)) return false;
    if (mdb_env_get_fd(env, &fd) || fstat(fd, &file)) return false;
    return (uint64_t)file.st_size >= ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

/* Where an environment is opened: aside while it is being made. */
static enum pl_err env_path(const struct lmdb *l, const char *name, char path[PATH_MOST],
                            bool *fresh) {
    char file[PATH_MOST];
    struct stat st;
    if (!join_path(path, l->folder, name)) return PL_LIMIT;
    *fresh = !l->look && stat(path, &st) != 0;
    if (!*fresh) return PL_OK;
    if (strlen(path) + strlen(".new/data.mdb") >= PATH_MOST) return PL_LIMIT;
    strncat(path, ".new", PATH_MOST - strlen(path) - 1);
    if (!join_path(file, path, "data.mdb")) return PL_LIMIT;
    if (unlink(file) && errno != ENOENT) return PL_IO; /* of a start that was cut off */
    return pl_mkdirs(path);
}

static enum pl_err open_env(struct lmdb *l, const char *name, MDB_env **out, bool *fresh,
                            struct pl_store_why *why) {
    char path[PATH_MOST];
    enum pl_err err = env_path(l, name, path, fresh);
    if (err) return err;
    uint64_t map = l->map_bytes;
    int rc;
    while ((rc = open_once(path, map, l->look, out)) == ENOMEM && map / 2 >= LEAST_MAP) map /= 2;
    if (rc) {
        pl_store__why(why, "%s: %s", path, mdb_strerror(rc));
        return l->look && rc == ENOENT ? PL_NOT_FOUND : err_of(rc);
    }
    if (map < l->map_bytes && l->log) {
        pl_log(l->log, PL_LOG_WARN, "store", "smaller_map", "name=%s bytes=%llu", name,
               (unsigned long long)map);
    }
    int dead = 0;
    if (!l->look) mdb_reader_check(*out, &dead);
    if (whole(*out)) return PL_OK;
    pl_store__why(why, "%s: the data file is cut short", path);
    return PL_MALFORMED;
}

/* A new environment, whose first transaction is on disk, gets its name. */
static enum pl_err name_env(struct lmdb *l, const char *name, bool fresh) {
    char path[PATH_MOST], aside[PATH_MOST];
    if (!fresh) return PL_OK;
    if (!join_path(path, l->folder, name)) return PL_LIMIT;
    int n = snprintf(aside, sizeof aside, "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof aside) return PL_LIMIT;
    enum pl_err err = pl_sync(aside);
    if (!err && rename(aside, path)) err = PL_IO;
    return err ? err : pl_sync(l->folder);
}

/* Checks or writes the format version, and reads the epoch if there is one. */
static enum pl_err check_meta(MDB_txn *txn, MDB_dbi meta, uint8_t epoch[16], bool *fresh,
                              struct pl_store_why *why) {
    uint64_t version = 0;
    enum pl_err err = number_get(txn, meta, "version", &version);
    *fresh = err == PL_NOT_FOUND;
    if (*fresh) return number_put(txn, meta, "version", PL_STORE_VERSION);
    if (err) return err;
    if (version != PL_STORE_VERSION) {
        pl_store__why(why, "the store has format version %llu, this build reads %d",
                      (unsigned long long)version, PL_STORE_VERSION);
        return PL_VERSION;
    }
    return meta_get(txn, meta, "epoch", epoch, 16);
}

static enum pl_err make_epoch(const struct pl_store_config *c, uint8_t epoch[16]) {
    if (c->epoch) {
        memcpy(epoch, c->epoch, 16);
        return PL_OK;
    }
    return getrandom(epoch, 16, 0) == 16 ? PL_OK : PL_IO;
}

/* Journal first: its epoch is the store's. */
static enum pl_err init_journal(struct lmdb *l, const struct pl_store_config *c, bool restored,
                                struct pl_store__found *out, struct pl_store_why *why) {
    MDB_txn *txn;
    bool fresh;
    enum pl_err err = err_of(mdb_txn_begin(l->journal, NULL, 0, &txn));
    if (err) return err;
    err = err_of(mdb_dbi_open(txn, "entries", MDB_CREATE, &l->entries));
    if (!err) err = err_of(mdb_dbi_open(txn, "meta", MDB_CREATE, &l->journal_meta));
    if (!err) err = check_meta(txn, l->journal_meta, out->epoch, &fresh, why);
    if (!err && !fresh) err = number_get(txn, l->journal_meta, "boot", &out->boot);
    if (!err && (fresh || restored)) {
        err = make_epoch(c, out->epoch);
        if (!err) err = meta_put(txn, l->journal_meta, "epoch", out->epoch, 16);
    }
    if (!err) err = number_put(txn, l->journal_meta, "boot", ++out->boot);
    if (!err) return err_of(mdb_txn_commit(txn));
    mdb_txn_abort(txn);
    return err;
}

/* An empty state takes the journal's epoch and is built anew from it; another one is refused. */
static enum pl_err init_state(struct lmdb *l, bool restored, const uint8_t epoch[16],
                              struct pl_store_why *why) {
    MDB_txn *txn;
    uint8_t mine[16];
    bool fresh;
    enum pl_err err = err_of(mdb_txn_begin(l->state, NULL, 0, &txn));
    if (err) return err;
    err = err_of(mdb_dbi_open(txn, "rows", MDB_CREATE, &l->rows));
    if (!err) err = err_of(mdb_dbi_open(txn, "meta", MDB_CREATE, &l->state_meta));
    if (!err) err = check_meta(txn, l->state_meta, mine, &fresh, why);
    if (!err && (fresh || restored)) {
        err = meta_put(txn, l->state_meta, "epoch", epoch, 16);
    } else if (!err && memcmp(mine, epoch, 16) != 0) {
        pl_store__why(why, "%s: journal and state belong to two stores", l->folder);
        err = PL_MALFORMED;
    }
    if (!err) return err_of(mdb_txn_commit(txn));
    mdb_txn_abort(txn);
    return err;
}

static enum pl_err init_both(struct lmdb *l, const struct pl_store_config *c,
                             struct pl_store__found *out, struct pl_store_why *why) {
    char mark[PATH_MOST];
    if (!join_path(mark, l->folder, "restored")) return PL_LIMIT;
    bool restored = access(mark, F_OK) == 0;
    enum pl_err err = init_journal(l, c, restored, out, why);
    if (!err) err = init_state(l, restored, out->epoch, why);
    /* The mark goes last: a crash before here makes one more new epoch, which is harmless. */
    if (!err && restored && unlink(mark)) err = PL_IO;
    if (!err && restored) err = pl_sync(l->folder);
    return err;
}

/* ---- looking on ---- */

/* The tables of an environment as somebody else made them. */
static enum pl_err look_env(MDB_env *env, const char *table, MDB_dbi *dbi, MDB_dbi *meta,
                            uint8_t epoch[16], uint64_t *boot, struct pl_store_why *why) {
    MDB_txn *txn;
    uint64_t version = 0;
    enum pl_err err = err_of(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
    if (err) return err;
    err = err_of(mdb_dbi_open(txn, table, 0, dbi));
    if (!err) err = err_of(mdb_dbi_open(txn, "meta", 0, meta));
    if (!err) err = number_get(txn, *meta, "version", &version);
    if (!err && version != PL_STORE_VERSION) {
        pl_store__why(why, "the store has format version %llu, this build reads %d",
                      (unsigned long long)version, PL_STORE_VERSION);
        err = PL_VERSION;
    }
    if (!err) err = meta_get(txn, *meta, "epoch", epoch, 16);
    if (!err && boot) err = number_get(txn, *meta, "boot", boot);
    if (!err) return err_of(mdb_txn_commit(txn)); /* so that the tables stay open */
    mdb_txn_abort(txn);
    return err;
}

static enum pl_err look_both(struct lmdb *l, struct pl_store__found *out,
                             struct pl_store_why *why) {
    uint8_t mine[16];
    enum pl_err err =
        look_env(l->journal, "entries", &l->entries, &l->journal_meta, out->epoch, &out->boot, why);
    if (!err) err = look_env(l->state, "rows", &l->rows, &l->state_meta, mine, NULL, why);
    return err;
}

enum pl_err pl_store__lmdb_open(const struct pl_store_config *c, struct pl_store__found *out,
                                struct pl_store_why *why) {
    struct lmdb *l = calloc(1, sizeof *l);
    if (!l) return PL_NOMEM;
    l->lock_fd = -1;
    l->map_bytes = c->map_bytes;
    l->reserve = c->reserve;
    l->log = c->log;
    l->look = c->look;
    l->pace = c->pace;
    l->folder = strdup(c->folder);
    enum pl_err err = l->folder ? PL_OK : PL_NOMEM;
    if (!err && !l->look) err = pl_mkdirs(c->folder);
    if (!err && !l->look) err = take_lock(l, why);
    bool journal, state;
    if (!err) err = open_env(l, "journal", &l->journal, &journal, why);
    if (!err) err = open_env(l, "state", &l->state, &state, why);
    if (!err) err = l->look ? look_both(l, out, why) : init_both(l, c, out, why);
    if (!err) err = name_env(l, "journal", journal);
    if (!err) err = name_env(l, "state", state);
    if (err) {
        lmdb_close(l);
        return err;
    }
    out->back = l;
    out->ops = &ops;
    return PL_OK;
}
