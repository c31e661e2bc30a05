/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into a server: writes down what it does to the files below $POWER_FOLDER, in the file
 * $POWER_LOG (record.h). A change and its record are made under one lock, so that the file tells
 * the true order; a sync has a record before and one after it, for what is written meanwhile may
 * miss it.
 *
 * Everything goes to the kernel directly: this library has nothing below it that it could call in
 * the wrong order. Not followed: writes through a mapping (LMDB's lock file alone has those, and
 * it is made anew by whoever opens first) and descriptors that were duplicated.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/power/record.h"

#define SEEN   __attribute__((visibility("default")))
#define MOST   65536 /* descriptors */
#define LONGER 4096  /* paths */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static char folder[LONGER];
static size_t folder_n;
static _Atomic uint64_t last_id;
static struct {
    _Atomic uint64_t id; /* 0: none of ours */
    bool at_once;        /* opened with O_DSYNC or O_SYNC */
    bool append;
} files[MOST];

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("POWER_LOG"), *root = getenv("POWER_FOLDER");
    if (!log || !root || strlen(root) >= sizeof folder) return;
    strcpy(folder, root); /* measured above */
    folder_n = strlen(folder);
    log_fd =
        (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static uint64_t next_id(void) {
    return (uint64_t)syscall(SYS_getpid) << 32 | ++last_id;
}

static void put(struct power_record r, const void *p, const void *q) {
    struct iovec parts[3] = {
        {&r, sizeof r}, {(void *)(uintptr_t)p, r.n}, {(void *)(uintptr_t)q, r.m}};
    size_t all = sizeof r + r.n + r.m;
    if (syscall(SYS_writev, log_fd, parts, 3) != (long)all) abort(); /* no half of a truth */
}

/* The part below the folder, "" for itself; NULL for what is elsewhere. */
static const char *below(const char *path) {
    if (log_fd < 0 || !path || strncmp(path, folder, folder_n) != 0) return NULL;
    if (path[folder_n] == '/') {
        path += folder_n;
        while (*path == '/') path++;
        return path;
    }
    return path[folder_n] == 0 ? "" : NULL;
}

static uint64_t id_of(int fd) {
    return fd >= 0 && fd < MOST ? files[fd].id : 0;
}

/* ---- opening ---- */

static int open_ours(const char *path, const char *name, int flags, mode_t mode) {
    struct stat st;
    pthread_mutex_lock(&lock);
    bool made = (flags & O_CREAT) && lstat(path, &st) != 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    int why = errno;
    if (fd >= 0 && fd < MOST) {
        files[fd].at_once = flags & O_DSYNC;
        files[fd].append = flags & O_APPEND;
        files[fd].id = next_id();
        put(
            (struct power_record){
                .op = POWER_OPEN, .flag = made, .id = files[fd].id, .n = (uint32_t)strlen(name)},
            name, NULL);
        if (flags & O_TRUNC && !made)
            put((struct power_record){.op = POWER_SIZE, .id = files[fd].id}, NULL, NULL);
    }
    pthread_mutex_unlock(&lock);
    errno = why;
    return fd;
}

static int open_any(int at, const char *path, int flags, mode_t mode) {
    const char *name = at == AT_FDCWD || path[0] == '/' ? below(path) : NULL;
    if (name) return open_ours(path, name, flags, mode);
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < MOST) files[fd].id = 0;
    return fd;
}

static mode_t mode_of(int flags, va_list args) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    SEEN int name(const char *path, int flags, ...);                                               \
    SEEN int name(const char *path, int flags, ...) {                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = mode_of(flags, args);                                                        \
        va_end(args);                                                                              \
        return open_any(AT_FDCWD, path, flags, mode);                                              \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                               \
    SEEN int name(int at, const char *path, int flags, ...);                                       \
    SEEN int name(int at, const char *path, int flags, ...) {                                      \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = mode_of(flags, args);                                                        \
        va_end(args);                                                                              \
        return open_any(at, path, flags, mode);                                                    \
    }
OPENAT(openat)
OPENAT(openat64)

static int make_temporary(char *path, int flags) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    size_t n = strlen(path);
    for (int tries = 0; tries < 100 && n >= 6; tries++) {
        uint64_t salt = next_id() * UINT64_C(0x9e3779b97f4a7c15);
        for (int i = 0; i < 6; i++, salt >>= 5) path[n - 6 + (size_t)i] = letters[salt >> 30 & 31];
        int fd = open_any(AT_FDCWD, path, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    errno = EINVAL;
    return -1;
}

#define MAKE(name)                                                                                 \
    SEEN int name(char *path);                                                                     \
    SEEN int name(char *path) {                                                                    \
        return make_temporary(path, 0);                                                            \
    }
MAKE(mkstemp)
MAKE(mkstemp64)

#define MAKE_FLAGS(name)                                                                           \
    SEEN int name(char *path, int flags);                                                          \
    SEEN int name(char *path, int flags) {                                                         \
        return make_temporary(path, flags);                                                        \
    }
MAKE_FLAGS(mkostemp)
MAKE_FLAGS(mkostemp64)

SEEN int close(int fd) {
    if (fd >= 0 && fd < MOST) files[fd].id = 0;
    return (int)syscall(SYS_close, fd);
}

/* ---- writing ---- */

/* A record needs its bytes in one piece. */
static void *gathered(const struct iovec *parts, int count, size_t n) {
    char *all = malloc(n ? n : 1);
    if (!all) abort();
    size_t at = 0;
    for (int i = 0; i < count && at < n; i++) {
        size_t more = parts[i].iov_len < n - at ? parts[i].iov_len : n - at;
        memcpy(all + at, parts[i].iov_base, more);
        at += more;
    }
    return all;
}

static ssize_t write_ours(int fd, uint64_t id, const struct iovec *parts, int count, off_t at,
                          bool moves) {
    struct stat st;
    size_t n = 0;
    for (int i = 0; i < count; i++) n += parts[i].iov_len;
    char *bytes = gathered(parts, count, n);
    struct power_record r = {.op = POWER_WRITE, .id = id, .n = (uint32_t)n};
    pthread_mutex_lock(&lock);
    if (moves) at = lseek(fd, 0, SEEK_CUR);
    if (files[fd].append && fstat(fd, &st) == 0) at = st.st_size;
    r.at = (uint64_t)at;
    bool at_once = files[fd].at_once;
    if (at_once) r.flag = 1, r.token = next_id();
    put(r, bytes, NULL);
    free(bytes);
    if (at_once) pthread_mutex_unlock(&lock);
    ssize_t done = moves ? syscall(SYS_writev, fd, parts, count)
                         : syscall(SYS_pwritev, fd, parts, count, at, 0);
    if (done != (ssize_t)n) abort(); /* the record says otherwise: no true log any more */
    if (at_once) {
        pthread_mutex_lock(&lock);
        put((struct power_record){.op = POWER_SYNCED, .token = r.token}, NULL, NULL);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

SEEN ssize_t write(int fd, const void *p, size_t n) {
    uint64_t id = id_of(fd);
    if (!id) return syscall(SYS_write, fd, p, n);
    return write_ours(fd, id, &(struct iovec){(void *)(uintptr_t)p, n}, 1, 0, true);
}

SEEN ssize_t writev(int fd, const struct iovec *parts, int count) {
    uint64_t id = id_of(fd);
    if (!id) return syscall(SYS_writev, fd, parts, count);
    return write_ours(fd, id, parts, count, 0, true);
}

static ssize_t write_at(int fd, const struct iovec *parts, int count, off_t at) {
    uint64_t id = id_of(fd);
    if (!id) return syscall(SYS_pwritev, fd, parts, count, at, 0);
    return write_ours(fd, id, parts, count, at, false);
}

#define PWRITE(name)                                                                               \
    SEEN ssize_t name(int fd, const void *p, size_t n, off_t at);                                  \
    SEEN ssize_t name(int fd, const void *p, size_t n, off_t at) {                                 \
        return write_at(fd, &(struct iovec){(void *)(uintptr_t)p, n}, 1, at);                      \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define PWRITEV(name)                                                                              \
    SEEN ssize_t name(int fd, const struct iovec *parts, int count, off_t at);                     \
    SEEN ssize_t name(int fd, const struct iovec *parts, int count, off_t at) {                    \
        return write_at(fd, parts, count, at);                                                     \
    }
PWRITEV(pwritev)
PWRITEV(pwritev64)

#define FTRUNCATE(name)                                                                            \
    SEEN int name(int fd, off_t size);                                                             \
    SEEN int name(int fd, off_t size) {                                                            \
        uint64_t id = id_of(fd);                                                                   \
        if (!id) return (int)syscall(SYS_ftruncate, fd, size);                                     \
        pthread_mutex_lock(&lock);                                                                 \
        put((struct power_record){.op = POWER_SIZE, .id = id, .at = (uint64_t)size}, NULL, NULL);  \
        int rc = (int)syscall(SYS_ftruncate, fd, size);                                            \
        pthread_mutex_unlock(&lock);                                                               \
        return rc;                                                                                 \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

static int sync_any(long number, int fd) {
    uint64_t id = id_of(fd), token = id ? next_id() : 0;
    if (id) {
        pthread_mutex_lock(&lock);
        put((struct power_record){.op = POWER_SYNC, .id = id, .token = token}, NULL, NULL);
        pthread_mutex_unlock(&lock);
    }
    int rc = (int)syscall(number, fd);
    if (id && rc == 0) {
        pthread_mutex_lock(&lock);
        put((struct power_record){.op = POWER_SYNCED, .token = token}, NULL, NULL);
        pthread_mutex_unlock(&lock);
    }
    return rc;
}

SEEN int fsync(int fd) {
    return sync_any(SYS_fsync, fd);
}

SEEN int fdatasync(int fd) {
    return sync_any(SYS_fdatasync, fd);
}

/* ---- names ---- */

/* Makes the change of a name, and the record when it came about. */
static int name_op(enum power_op op, const char *one, const char *two, long rc) {
    const char *p = below(one), *q = two ? below(two) : NULL;
    if (rc == 0 && (p || q))
        put((struct power_record){.op = op,
                                  .n = p ? (uint32_t)strlen(p) : 0,
                                  .m = q ? (uint32_t)strlen(q) : 0},
            p, q);
    return (int)rc;
}

#define NAMED(op, one, two, call)                                                                  \
    pthread_mutex_lock(&lock);                                                                     \
    int rc = log_fd < 0 ? (int)(call) : name_op(op, one, two, call);                               \
    int why = errno;                                                                               \
    pthread_mutex_unlock(&lock);                                                                   \
    errno = why;                                                                                   \
    return rc

SEEN int mkdir(const char *path, mode_t mode) {
    NAMED(POWER_MKDIR, path, NULL, syscall(SYS_mkdir, path, mode));
}

SEEN int rmdir(const char *path) {
    NAMED(POWER_RMDIR, path, NULL, syscall(SYS_rmdir, path));
}

SEEN int unlink(const char *path) {
    NAMED(POWER_UNLINK, path, NULL, syscall(SYS_unlink, path));
}

SEEN int link(const char *from, const char *to) {
    NAMED(POWER_LINK, from, to, syscall(SYS_link, from, to));
}

SEEN int rename(const char *from, const char *to) {
    NAMED(POWER_RENAME, from, to, syscall(SYS_rename, from, to));
}
