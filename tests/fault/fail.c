/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define OURS __attribute__((visibility("default")))

static struct {
    enum fail_kind kind;
    unsigned nth;
    char folder[256];
    atomic_bool on, fired;
    atomic_uint count;
} f;

void fail_set(enum fail_kind kind, unsigned nth, const char *folder) {
    f.kind = kind;
    f.nth = nth;
    strncpy(f.folder, folder, sizeof f.folder - 1);
}

void fail_on(void) {
    f.on = true;
}

void fail_off(void) {
    f.on = false;
}

bool fail_fired(void) {
    return f.fired;
}

static bool is_turn(bool memory) {
    if (!f.on || f.nth == 0 || (f.kind == FAIL_MEMORY) != memory) return false;
    unsigned at = ++f.count;
    bool turn = at == f.nth || (f.kind == FAIL_FULL && at > f.nth);
    if (turn) f.fired = true;
    return turn;
}

static bool is_below(const char *path) {
    return f.on && path && strncmp(path, f.folder, strlen(f.folder)) == 0;
}

static bool is_file(int fd) {
    struct stat st;
    return f.on && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

/* Whether this call fails; errno says why. Nothing but a write can be short. */
static bool fails(bool ours) {
    if (!ours || f.kind == FAIL_SHORT || !is_turn(false)) return false;
    errno = f.kind == FAIL_FULL ? ENOSPC : f.kind == FAIL_IO ? EIO : EINTR;
    return true;
}

/* ---- system calls ---- */

static int open_any(const char *path, int flags, mode_t mode) {
    if (fails(is_below(path) && (flags & (O_CREAT | O_WRONLY | O_RDWR)))) return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                                                                 \
    OURS int name(const char *path, int flags, ...);                                               \
    OURS int name(const char *path, int flags, ...) {                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;                                  \
        va_end(args);                                                                              \
        return open_any(path, flags, mode);                                                        \
    }
OPEN(open)
OPEN(open64)

/* How much of a write is done: all, half, or it fails (-1). */
static ssize_t allowed(int fd, size_t n) {
    if (f.kind == FAIL_SHORT)
        return is_file(fd) && n > 1 && is_turn(false) ? (ssize_t)(n / 2) : (ssize_t)n;
    return fails(is_file(fd)) ? -1 : (ssize_t)n;
}

OURS ssize_t write(int fd, const void *p, size_t n) {
    ssize_t some = allowed(fd, n);
    return some < 0 ? -1 : syscall(SYS_write, fd, p, some);
}

#define PWRITE(name)                                                                               \
    OURS ssize_t name(int fd, const void *p, size_t n, off_t at);                                  \
    OURS ssize_t name(int fd, const void *p, size_t n, off_t at) {                                 \
        ssize_t some = allowed(fd, n);                                                             \
        return some < 0 ? -1 : syscall(SYS_pwrite64, fd, p, some, at);                             \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

OURS ssize_t writev(int fd, const struct iovec *parts, int count) {
    size_t n = 0;
    for (int i = 0; i < count; i++) n += parts[i].iov_len;
    ssize_t some = allowed(fd, n);
    if (some < 0) return -1;
    if ((size_t)some < n) return syscall(SYS_write, fd, parts[0].iov_base, parts[0].iov_len / 2);
    return syscall(SYS_writev, fd, parts, count);
}

#define BY_FD(name, number)                                                                        \
    OURS int name(int fd);                                                                         \
    OURS int name(int fd) {                                                                        \
        return fails(is_file(fd)) ? -1 : (int)syscall(number, fd);                                 \
    }
BY_FD(fsync, SYS_fsync)
BY_FD(fdatasync, SYS_fdatasync)

#define TRUNCATE(name)                                                                             \
    OURS int name(int fd, off_t size);                                                             \
    OURS int name(int fd, off_t size) {                                                            \
        return fails(is_file(fd)) ? -1 : (int)syscall(SYS_ftruncate, fd, size);                    \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

OURS int mkdir(const char *path, mode_t mode) {
    return fails(is_below(path)) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

OURS int unlink(const char *path) {
    return fails(is_below(path)) ? -1 : (int)syscall(SYS_unlink, path);
}

OURS int link(const char *from, const char *to) {
    return fails(is_below(to)) ? -1 : (int)syscall(SYS_link, from, to);
}

OURS int rename(const char *from, const char *to) {
    return fails(is_below(to)) ? -1 : (int)syscall(SYS_rename, from, to);
}

/* ---- memory ---- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t n) {
    return is_turn(true) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size) {
    return is_turn(true) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n) {
    return is_turn(true) ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s) {
    return is_turn(true) ? NULL : __real_strdup(s);
}
