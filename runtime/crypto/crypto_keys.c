/* SPDX-License-Identifier: Apache-2.0 */
/* Key slot files. All state that several users share is in the files; batches are reserved under a
 * lock on the open file (fcntl OFD), reading and erasing need none: a slot is 64 bytes aligned to
 * 64, which no write tears apart on disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/crypto/crypto.h"

#define SLOT       64
#define VERSION    1
#define MAGIC      "PLKEYS\r\n"
#define OPEN_FILES 8
#define MOST_SLOTS (UINT32_MAX / 2)

enum { SLOT_FREE = 0, SLOT_FILLED = 1, SLOT_ERASED = 2 };

/* Slot n > 0: the box of the key, 60 bytes | state 1 | check 3.
 * Slot 0: magic 8 | version 4 | day 4 | filled 4 | zero 12 | mark of the master key 32. */
#define BOX_SIZE (PL_BOX_EXTRA + PL_KEY_SIZE)
_Static_assert(BOX_SIZE + 4 == SLOT, "a slot is box, state and check");

struct key_file {
    int fd; /* -1: this place is free */
    uint32_t day;
    uint64_t used; /* for choosing which to close */
};

struct pl_keys {
    char *dir;
    uint8_t master[PL_KEY_SIZE];
    struct pl_seal *seal;
    struct pl_random random;
    struct key_file files[OPEN_FILES];
    uint64_t uses;
    struct {
        uint32_t day, next, end;
    } now, ahead; /* slots reserved: the batch being taken, and the one after it */
    struct pl_buf batch;
    struct pl_arena scratch;
};

static enum pl_err world_error(void) {
    switch (errno) {
    case ENOENT: return PL_NOT_FOUND;
    case ENOSPC:
    case EDQUOT: return PL_FULL;
    case EACCES:
    case EPERM: return PL_DENIED;
    default: return PL_IO;
    }
}

/* ---- whole reads and writes at a place ---- */

static enum pl_err read_at(int fd, void *to, size_t n, off_t at) {
    char *p = to;
    while (n) {
        ssize_t got = pread(fd, p, n, at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return world_error();
        if (got == 0) return PL_NOT_FOUND; /* behind the end */
        p += got, at += got, n -= (size_t)got;
    }
    return PL_OK;
}

static enum pl_err write_at(int fd, const void *from, size_t n, off_t at) {
    const char *p = from;
    while (n) {
        ssize_t put = pwrite(fd, p, n, at);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return world_error();
        p += put, at += put, n -= (size_t)put;
    }
    return PL_OK;
}

static enum pl_err sync_file(int fd) {
    return fdatasync(fd) == 0 ? PL_OK : world_error();
}

static void put32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* ---- the master key ---- */

/* Not counting "master.XXXXXX", left by a start that was cut off: nothing depends on it. */
static bool keys_exist(const char *dir) {
    DIR *d = opendir(dir);
    if (!d) return false;
    bool found = false;
    struct dirent *entry;
    while (!found && (entry = readdir(d))) found = strchr(entry->d_name, '.') == NULL;
    (void)closedir(d);
    return found;
}

static enum pl_err load_master(const char *path, uint8_t master[PL_KEY_SIZE]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return world_error();
    struct stat st;
    enum pl_err err = fstat(fd, &st) == 0 ? PL_OK : world_error();
    if (err == PL_OK && (st.st_mode & 077)) err = PL_DENIED;
    if (err == PL_OK && (!S_ISREG(st.st_mode) || st.st_size != PL_KEY_SIZE)) err = PL_MALFORMED;
    if (err == PL_OK) err = read_at(fd, master, PL_KEY_SIZE, 0);
    (void)close(fd);
    return err;
}

static enum pl_err sync_parent(const char *path) {
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX];
    int n = slash ? snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path + 1), path)
                  : snprintf(parent, sizeof(parent), ".");
    return n > 0 && (size_t)n < sizeof(parent) ? pl_sync(parent) : PL_LIMIT;
}

/* Written aside and linked into place: two starters agree on one key, and none sees half of it. */
static enum pl_err make_master(struct pl_keys *k, const char *path) {
    char name[PATH_MAX];
    uint8_t key[PL_KEY_SIZE];
    int n = snprintf(name, sizeof(name), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(name)) return PL_LIMIT;
    int fd = mkostemp(name, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) return world_error();
    pl_crypto_random(&k->random, key, sizeof(key));
    enum pl_err err = write_at(fd, key, sizeof(key), 0);
    pl_crypto_wipe(key, sizeof(key));
    if (err == PL_OK) err = sync_file(fd);
    (void)close(fd);
    if (err == PL_OK && link(name, path) != 0 && errno != EEXIST) err = world_error();
    (void)unlink(name);
    return err == PL_OK ? sync_parent(path) : err;
}

static enum pl_err open_master(struct pl_keys *k, const char *path) {
    enum pl_err err = load_master(path, k->master);
    if (err != PL_NOT_FOUND || keys_exist(k->dir)) return err;
    err = make_master(k, path);
    return err == PL_OK ? load_master(path, k->master) : err;
}

enum pl_err pl_keys_open(const char *dir, const char *master_path, struct pl_keys **out) {
    *out = NULL;
    enum pl_err err = pl_mkdirs(dir);
    if (err != PL_OK) return err;
    struct pl_keys *k = calloc(1, sizeof(*k));
    if (!k) return PL_NOMEM;
    for (size_t i = 0; i < OPEN_FILES; i++) k->files[i].fd = -1;
    k->seal = pl_seal_create();
    k->dir = strdup(dir);
    err = k->dir ? open_master(k, master_path) : PL_NOMEM;
    if (err != PL_OK)
        pl_keys_close(&k);
    else
        *out = k;
    return err;
}

void pl_keys_close(struct pl_keys **keys) {
    struct pl_keys *k = *keys;
    if (!k) return;
    for (size_t i = 0; i < OPEN_FILES; i++) {
        if (k->files[i].fd >= 0) (void)close(k->files[i].fd);
    }
    pl_seal_destroy(&k->seal);
    pl_buf_free(&k->batch);
    pl_arena_free(&k->scratch);
    free(k->dir);
    pl_crypto_wipe(k, sizeof(*k));
    free(k);
    *keys = NULL;
}

void pl_keys_derive(const struct pl_keys *k, const char *purpose, uint8_t key[PL_KEY_SIZE]) {
    struct pl_str master = {(const char *)k->master, PL_KEY_SIZE};
    pl_crypto_hkdf(master, PL_STR("parlance"), pl_str_c(purpose), key, PL_KEY_SIZE);
}

/* ---- files ---- */

static bool path_of(const struct pl_keys *k, uint32_t day, char path[PATH_MAX]) {
    int n = snprintf(path, PATH_MAX, "%s/%u", k->dir, day);
    return n > 0 && n < PATH_MAX;
}

static void mark_of(const struct pl_keys *k, uint32_t day, uint8_t mark[PL_HASH_SIZE]) {
    char text[48];
    int n = snprintf(text, sizeof(text), "parlance key file %u", day);
    pl_crypto_hmac((struct pl_str){(const char *)k->master, PL_KEY_SIZE},
                   (struct pl_str){text, (size_t)n}, mark);
}

static void make_header(const struct pl_keys *k, uint32_t day, uint32_t filled,
                        uint8_t header[SLOT]) {
    memset(header, 0, SLOT);
    memcpy(header, MAGIC, 8);
    put32(header + 8, VERSION);
    put32(header + 12, day);
    put32(header + 16, filled);
    mark_of(k, day, header + 32);
}

static enum pl_err check_header(const struct pl_keys *k, uint32_t day, const uint8_t header[SLOT]) {
    uint8_t mark[PL_HASH_SIZE];
    if (memcmp(header, MAGIC, 8) != 0) return PL_MALFORMED;
    if (get32(header + 8) != VERSION) return PL_VERSION;
    if (get32(header + 12) != day || get32(header + 16) > MOST_SLOTS) return PL_MALFORMED;
    mark_of(k, day, mark);
    return pl_crypto_equal(mark, header + 32, PL_HASH_SIZE) ? PL_OK : PL_DENIED;
}

static enum pl_err lock_header(int fd, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = SLOT};
    while (fcntl(fd, F_OFD_SETLKW, &lock) != 0) {
        if (errno != EINTR) return world_error();
    }
    return PL_OK;
}

/* An empty file is one whose maker has not written it yet, or died there: it gets its header. So
 * does one whose header never reached the disk, for it was synced before any slot was filled. */
static enum pl_err unbegun(int fd, bool *out) {
    static const uint8_t zero[SLOT];
    uint8_t header[SLOT];
    struct stat st;
    if (fstat(fd, &st) != 0) return world_error();
    *out = st.st_size < SLOT;
    if (st.st_size != SLOT) return PL_OK;
    enum pl_err err = read_at(fd, header, SLOT, 0);
    if (err == PL_OK) *out = memcmp(header, zero, SLOT) == 0;
    return err;
}

static enum pl_err begin_file(struct pl_keys *k, uint32_t day, int fd) {
    uint8_t header[SLOT];
    bool fresh;
    enum pl_err err = unbegun(fd, &fresh);
    if (err == PL_OK && fresh) {
        make_header(k, day, 0, header);
        err = write_at(fd, header, SLOT, 0);
        if (err == PL_OK) err = sync_file(fd);
    }
    if (err == PL_OK) err = read_at(fd, header, SLOT, 0);
    return err == PL_OK ? check_header(k, day, header) : err;
}

static enum pl_err open_file(struct pl_keys *k, uint32_t day, bool create, int *out) {
    char path[PATH_MAX];
    if (!path_of(k, day, path)) return PL_LIMIT;
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (fd < 0) return world_error();
    enum pl_err err = lock_header(fd, F_WRLCK);
    if (err == PL_OK) {
        err = begin_file(k, day, fd);
        (void)lock_header(fd, F_UNLCK);
    }
    /* Whoever made it may have died before its name was on disk. */
    if (err == PL_OK && create) err = pl_sync(k->dir);
    if (err != PL_OK) {
        (void)close(fd);
        return err;
    }
    *out = fd;
    return PL_OK;
}

static void drop_file(struct key_file *f) {
    if (f->fd >= 0) (void)close(f->fd);
    f->fd = -1;
}

/* The open file of a day; the one longest unused makes room. */
static enum pl_err file_of(struct pl_keys *k, uint32_t day, bool create, int *fd) {
    struct key_file *oldest = &k->files[0];
    for (size_t i = 0; i < OPEN_FILES; i++) {
        struct key_file *f = &k->files[i];
        if (f->fd >= 0 && f->day == day) {
            f->used = ++k->uses;
            *fd = f->fd;
            return PL_OK;
        }
        if (oldest->fd >= 0 && (f->fd < 0 || f->used < oldest->used)) oldest = f;
    }
    enum pl_err err = open_file(k, day, create, fd);
    if (err != PL_OK) return err;
    drop_file(oldest);
    *oldest = (struct key_file){*fd, day, ++k->uses};
    return PL_OK;
}

/* ---- slots ---- */

static struct pl_str aad_of(struct pl_key_id id, char text[48]) {
    size_t n = 4;
    memcpy(text, "key ", n);
    n += pl_digits(id.day, text + n);
    text[n++] = '/';
    n += pl_digits(id.slot, text + n);
    return (struct pl_str){text, n};
}

/* Tells a damaged state from a true one: erased must never be said by accident. */
static void put_state(struct pl_key_id id, uint8_t state, uint8_t slot[SLOT]) {
    uint8_t bytes[9] = {state};
    put32(bytes + 1, id.day);
    put32(bytes + 5, id.slot);
    uint64_t check = pl_fnv(PL_FNV, bytes, sizeof(bytes));
    slot[BOX_SIZE] = state;
    for (int i = 0; i < 3; i++) slot[BOX_SIZE + 1 + i] = (uint8_t)(check >> (8 * i + 16));
}

static enum pl_err read_slot(struct pl_keys *k, struct pl_key_id id, int *fd, uint8_t slot[SLOT]) {
    static const uint8_t empty[SLOT];
    uint8_t expected[SLOT];
    if (id.slot == 0 || id.slot > MOST_SLOTS) return PL_NOT_FOUND;
    enum pl_err err = file_of(k, id.day, false, fd);
    if (err == PL_OK) err = read_at(*fd, slot, SLOT, (off_t)id.slot * SLOT);
    if (err != PL_OK) return err;
    if (memcmp(slot, empty, SLOT) == 0) return PL_NOT_FOUND;
    put_state(id, slot[BOX_SIZE], expected);
    if (memcmp(slot + BOX_SIZE, expected + BOX_SIZE, 4) != 0) return PL_MALFORMED;
    if (slot[BOX_SIZE] == SLOT_ERASED) return PL_ERASED;
    return slot[BOX_SIZE] == SLOT_FILLED ? PL_OK : PL_MALFORMED;
}

enum pl_err pl_keys_get(struct pl_keys *k, struct pl_key_id id, uint8_t key[PL_KEY_SIZE]) {
    uint8_t slot[SLOT];
    char text[48];
    int fd;
    enum pl_err err = read_slot(k, id, &fd, slot);
    if (err != PL_OK) return err;
    struct pl_str plain, box = {(const char *)slot, BOX_SIZE};
    pl_arena_reset(&k->scratch);
    err = pl_seal_unbox(k->seal, k->master, aad_of(id, text), box, &k->scratch, &plain);
    if (err != PL_OK) return err;
    memcpy(key, plain.p, PL_KEY_SIZE);
    pl_crypto_wipe((void *)plain.p, plain.n);
    return PL_OK;
}

static void erased_slot(struct pl_key_id id, uint8_t slot[SLOT]) {
    memset(slot, 0, SLOT);
    put_state(id, SLOT_ERASED, slot);
}

enum pl_err pl_keys_erase(struct pl_keys *k, struct pl_key_id id) {
    uint8_t slot[SLOT];
    int fd;
    enum pl_err err = read_slot(k, id, &fd, slot);
    if (err == PL_ERASED) return sync_file(fd); /* an earlier try may have failed after writing */
    if (err != PL_OK && err != PL_MALFORMED) return err;
    if (err == PL_MALFORMED && (id.slot == 0 || file_of(k, id.day, false, &fd) != PL_OK))
        return err; /* the file itself is no key file of ours */
    erased_slot(id, slot);
    err = write_at(fd, slot, SLOT, (off_t)id.slot * SLOT);
    return err == PL_OK ? sync_file(fd) : err;
}

/* ---- taking ---- */

static enum pl_err fill_batch(struct pl_keys *k, uint32_t day, uint32_t first) {
    uint8_t key[PL_KEY_SIZE], state[SLOT];
    char text[48];
    pl_buf_clear(&k->batch);
    if (!pl_buf_reserve(&k->batch, (size_t)PL_KEY_BATCH * SLOT)) return PL_NOMEM;
    for (uint32_t i = 0; i < PL_KEY_BATCH; i++) {
        struct pl_key_id id = {day, first + i};
        struct pl_str plain = {(const char *)key, sizeof(key)};
        pl_crypto_random(&k->random, key, sizeof(key));
        enum pl_err err = pl_seal_box(k->seal, k->master, aad_of(id, text), plain, &k->batch);
        if (err != PL_OK) return err;
        put_state(id, SLOT_FILLED, state);
        pl_buf_add(&k->batch, state + BOX_SIZE, SLOT - BOX_SIZE);
    }
    pl_crypto_wipe(key, sizeof(key));
    return PL_OK;
}

/* Under the lock: the slots after the last filled ones become ours, on disk before any is used. */
static enum pl_err reserve_locked(struct pl_keys *k, uint32_t day, int fd, uint32_t *first) {
    uint8_t header[SLOT];
    enum pl_err err = read_at(fd, header, SLOT, 0);
    if (err == PL_OK) err = check_header(k, day, header);
    if (err != PL_OK) return err;
    uint32_t filled = get32(header + 16);
    if (filled > MOST_SLOTS - PL_KEY_BATCH) return PL_FULL;
    err = fill_batch(k, day, filled + 1);
    if (err == PL_OK) err = write_at(fd, k->batch.p, k->batch.n, (off_t)(filled + 1) * SLOT);
    if (err != PL_OK) return err;
    make_header(k, day, filled + PL_KEY_BATCH, header);
    err = write_at(fd, header, SLOT, 0);
    if (err == PL_OK) err = sync_file(fd);
    *first = filled + 1;
    return err;
}

static enum pl_err reserve(struct pl_keys *k, uint32_t day, uint32_t *first) {
    int fd;
    enum pl_err err = file_of(k, day, true, &fd);
    if (err == PL_OK) err = lock_header(fd, F_WRLCK);
    if (err != PL_OK) return err;
    err = reserve_locked(k, day, fd, first);
    (void)lock_header(fd, F_UNLCK);
    return err;
}

enum pl_err pl_keys_prepare(struct pl_keys *k, uint32_t day) {
    uint32_t left = k->now.day == day ? k->now.end - k->now.next : 0;
    if (left >= PL_KEY_BATCH / 4) return PL_OK;
    if (k->ahead.day == day && k->ahead.next < k->ahead.end) return PL_OK;
    uint32_t first = 0;
    enum pl_err err = reserve(k, day, &first);
    if (err != PL_OK) return err;
    k->ahead.day = day;
    k->ahead.next = first;
    k->ahead.end = first + PL_KEY_BATCH;
    return PL_OK;
}

enum pl_err pl_keys_take(struct pl_keys *k, uint32_t day, struct pl_key_id *id,
                         uint8_t key[PL_KEY_SIZE]) {
    if (k->now.day != day || k->now.next == k->now.end) {
        k->now.day = day;
        k->now.next = k->now.end = 0; /* what is left of another day is never handed out */
        enum pl_err err = pl_keys_prepare(k, day);
        if (err != PL_OK) return err;
        k->now.next = k->ahead.next;
        k->now.end = k->ahead.end;
        k->ahead.next = k->ahead.end;
    }
    *id = (struct pl_key_id){day, k->now.next++}; /* a damaged slot is passed over next time */
    return pl_keys_get(k, *id, key);
}

/* ---- a day's end ---- */

static enum pl_err erase_all(uint32_t day, int fd) {
    struct stat st;
    if (fstat(fd, &st) != 0) return world_error();
    uint8_t slots[64 * SLOT];
    uint64_t n = (uint64_t)st.st_size / SLOT;
    for (uint64_t at = 1; at < n; at += 64) {
        size_t count = n - at < 64 ? (size_t)(n - at) : 64;
        for (size_t i = 0; i < count; i++)
            erased_slot((struct pl_key_id){day, (uint32_t)(at + i)}, slots + i * SLOT);
        enum pl_err err = write_at(fd, slots, count * SLOT, (off_t)(at * SLOT));
        if (err != PL_OK) return err;
    }
    return sync_file(fd);
}

enum pl_err pl_keys_unlink_day(struct pl_keys *k, uint32_t day) {
    char path[PATH_MAX];
    int fd;
    if (!path_of(k, day, path)) return PL_LIMIT;
    enum pl_err err = file_of(k, day, false, &fd);
    if (err == PL_NOT_FOUND) return PL_OK;
    if (err == PL_OK) err = erase_all(day, fd);
    for (size_t i = 0; i < OPEN_FILES; i++) {
        if (k->files[i].fd >= 0 && k->files[i].day == day) drop_file(&k->files[i]);
    }
    if (err != PL_OK) return err;
    if (unlink(path) != 0 && errno != ENOENT) return world_error();
    return pl_sync(k->dir);
}
