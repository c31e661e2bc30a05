/* SPDX-License-Identifier: Apache-2.0 */
/* Files: read whole, replace whole, make folders, list a tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/base.h"

#define DEEPEST_FOLDER 32

static enum pl_err world_error(void) {
    switch (errno) {
    case ENOENT:
    case ENOTDIR: return PL_NOT_FOUND;
    case ENOSPC:
    case EDQUOT: return PL_FULL;
    case EACCES:
    case EPERM: return PL_DENIED;
    case ENOMEM: return PL_NOMEM;
    default: return PL_IO;
    }
}

static enum pl_err read_open(struct pl_arena *a, int fd, size_t max, struct pl_str *out) {
    struct stat st;
    if (fstat(fd, &st) != 0) return world_error();
    if (!S_ISREG(st.st_mode)) return PL_IO;
    if ((uint64_t)st.st_size > max) return PL_LIMIT;
    size_t size = (size_t)st.st_size, n = 0;
    char *p = pl_arena_alloc(a, size + 1);
    if (!p) return PL_NOMEM;
    while (n < size) {
        ssize_t got = read(fd, p + n, size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return world_error();
        if (got == 0) break; /* shrank meanwhile */
        n += (size_t)got;
    }
    *out = (struct pl_str){p, n};
    return PL_OK;
}

enum pl_err pl_file_read(struct pl_arena *a, const char *path, size_t max, struct pl_str *out) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? PL_NOT_FOUND : PL_IO;
    enum pl_err err = read_open(a, fd, max, out);
    (void)close(fd);
    return err;
}

static enum pl_err write_all(int fd, struct pl_str bytes) {
    while (bytes.n) {
        ssize_t put = write(fd, bytes.p, bytes.n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return world_error();
        bytes.p += put;
        bytes.n -= (size_t)put;
    }
    return fsync(fd) == 0 ? PL_OK : world_error();
}

enum pl_err pl_sync(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return world_error();
    enum pl_err err = fsync(fd) == 0 ? PL_OK : world_error();
    (void)close(fd);
    return err;
}

static enum pl_err sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash ? snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path)
                  : snprintf(folder, sizeof(folder), ".");
    return n < 0 || (size_t)n >= sizeof(folder) ? PL_LIMIT : pl_sync(folder);
}

/* A new file beside `path`, with the mode of the one it will replace. */
static int open_temporary(const char *path, char *name, size_t room) {
    struct pl_clock clock = pl_clock_system();
    for (int attempt = 0; attempt < 16; attempt++) {
        uint64_t salt = (uint64_t)clock.mono_us(NULL) * 16 + (uint64_t)attempt;
        int n =
            snprintf(name, room, "%s.%d.%llx.tmp", path, (int)getpid(), (unsigned long long)salt);
        if (n < 0 || (size_t)n >= room) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 && errno == EEXIST) continue;
        struct stat old;
        if (fd >= 0 && stat(path, &old) == 0) (void)fchmod(fd, old.st_mode & 07777);
        return fd;
    }
    return -1;
}

enum pl_err pl_file_replace(const char *path, struct pl_str bytes) {
    char name[PATH_MAX];
    int fd = open_temporary(path, name, sizeof(name));
    if (fd < 0) return world_error();
    enum pl_err err = write_all(fd, bytes);
    if (close(fd) != 0 && err == PL_OK) err = world_error();
    if (err == PL_OK && rename(name, path) != 0) err = world_error();
    if (err != PL_OK) {
        (void)unlink(name);
        return err;
    }
    return sync_folder_of(path);
}

enum pl_err pl_mkdirs(const char *path) {
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof(part)) return PL_LIMIT;
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        bool made = mkdir(part, 0700) == 0;
        if (!made && errno != EEXIST) return world_error();
        enum pl_err err = made ? sync_folder_of(part) : PL_OK;
        if (err != PL_OK) return err;
    }
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? PL_OK : PL_IO;
}

/* ---- a tree of files ---- */

struct tree {
    struct pl_arena *arena;
    const char *root;
    struct pl_str suffix;
    size_t max;
    PL_VEC(struct pl_str) found;
};

static enum pl_err walk(struct tree *t, const char *under, int depth);

/* Links are followed to files, not to folders: no cycles. */
static enum pl_err visit(struct tree *t, const char *under, const char *name, int depth) {
    char relative[PATH_MAX], full[PATH_MAX];
    int n = snprintf(relative, sizeof(relative), "%s%s%s", under, *under ? "/" : "", name);
    int m = snprintf(full, sizeof(full), "%s/%s", t->root, relative);
    if (n < 0 || (size_t)n >= sizeof(relative) || m < 0 || (size_t)m >= sizeof(full))
        return PL_LIMIT;
    struct stat st;
    if (lstat(full, &st) != 0) return PL_OK; /* gone meanwhile */
    if (S_ISDIR(st.st_mode)) return walk(t, relative, depth + 1);
    if (!pl_str_ends(pl_str_c(name), t->suffix)) return PL_OK;
    if (S_ISLNK(st.st_mode) && stat(full, &st) != 0) return PL_OK;
    if (!S_ISREG(st.st_mode)) return PL_OK;
    if (t->found.n >= t->max) return PL_LIMIT;
    PL_PUSH(&t->found, pl_arena_str(t->arena, pl_str_c(relative)));
    return PL_OK;
}

static enum pl_err walk(struct tree *t, const char *under, int depth) {
    if (depth > DEEPEST_FOLDER) return PL_LIMIT;
    char full[PATH_MAX];
    int n = snprintf(full, sizeof(full), "%s/%s", t->root, under);
    if (n < 0 || (size_t)n >= sizeof(full)) return PL_LIMIT;
    DIR *dir = opendir(full);
    if (!dir) return world_error();
    enum pl_err err = PL_OK;
    struct dirent *entry;
    while (err == PL_OK && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "node_modules") == 0) continue;
        err = visit(t, under, entry->d_name, depth);
    }
    (void)closedir(dir);
    return err;
}

static int by_bytes(const void *a, const void *b) {
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

enum pl_err pl_files_under(struct pl_arena *a, const char *root, const char *suffix, size_t max,
                           struct pl_str **paths, size_t *n) {
    struct tree t = {.arena = a, .root = root, .suffix = pl_str_c(suffix), .max = max};
    enum pl_err err = walk(&t, "", 0);
    if (err == PL_OK && t.found.n) {
        qsort(t.found.v, t.found.n, sizeof(*t.found.v), by_bytes);
        *paths = PL_NEW_ARRAY(a, struct pl_str, t.found.n);
        if (*paths)
            memcpy(*paths, t.found.v, t.found.n * sizeof(**paths));
        else
            err = PL_NOMEM;
    } else {
        *paths = NULL;
    }
    *n = err == PL_OK ? t.found.n : 0;
    PL_VEC_FREE(&t.found);
    return err;
}
