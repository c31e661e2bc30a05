/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying beside a server that writes to the same disk. What is copied goes through a pipe, since
 * LMDB's own copy runs as fast as the disk does and has no place to rest; every MiB is on disk
 * before the next one begins, so that the server's next commit never waits for a heap of pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "runtime/store/store_copy_priv.h"

#define PIECE   (UINT64_C(1) << 20)
#define LONGEST 1000000 /* microseconds of one rest */
#define RESTS   3       /* times as long as the work before it */
#define CHUNK   65536

static int64_t now_us(void) {
    return pl_clock_system().mono_us(NULL);
}

bool pl_store_pace(struct pl_store_pace *p, uint64_t bytes) {
    if (!p) return false;
    if (!p->since_us) p->since_us = now_us();
    p->bytes += bytes;
    if (p->bytes < PIECE) return false;
    int64_t rest = (now_us() - p->since_us) * RESTS;
    if (rest > LONGEST) rest = LONGEST;
    struct timespec t = {rest / 1000000, rest % 1000000 * 1000};
    if (rest > 0) (void)nanosleep(&t, NULL);
    *p = (struct pl_store_pace){.since_us = now_us()};
    return true;
}

static enum pl_err world_error(void) {
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? PL_FULL : PL_IO;
}

static enum pl_err put_all(int to, const char *p, size_t n) {
    while (n) {
        ssize_t put = write(to, p, n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return world_error();
        p += put;
        n -= (size_t)put;
    }
    return PL_OK;
}

/* What was copied is not read again soon: it takes no room from what the server reads. */
static enum pl_err settle(int to) {
    if (fdatasync(to) != 0) return world_error();
    (void)posix_fadvise(to, 0, 0, POSIX_FADV_DONTNEED);
    return PL_OK;
}

enum pl_err pl_store_pour(int from, int to, struct pl_store_pace *pace, uint64_t *bytes) {
    char chunk[CHUNK];
    uint64_t unsettled = 0;
    for (;;) {
        ssize_t got = read(from, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return world_error();
        enum pl_err err = put_all(to, chunk, (size_t)got);
        *bytes += (uint64_t)got;
        unsettled += (uint64_t)got;
        if (err == PL_OK && (got == 0 || unsettled >= PIECE)) {
            err = settle(to);
            unsettled = 0;
        }
        if (err != PL_OK || got == 0) return err;
        (void)pl_store_pace(pace, (uint64_t)got);
    }
}

/* ---- an environment ---- */

struct copying {
    MDB_env *env;
    int to, rc;
};

static void *write_env(void *arg) {
    struct copying *c = arg;
    c->rc = mdb_env_copyfd2(c->env, c->to, MDB_CP_COMPACT);
    (void)close(c->to);
    return NULL;
}

/* LMDB goes on into a pipe that is read to its end, whatever became of the file. */
static void drain(int from) {
    char chunk[CHUNK];
    ssize_t got;
    do got = read(from, chunk, sizeof chunk);
    while (got > 0 || (got < 0 && errno == EINTR));
}

static enum pl_err copy_to(MDB_env *env, int to, struct pl_store_pace *pace, int *rc) {
    int pipes[2];
    pthread_t thread;
    uint64_t bytes = 0;
    if (pipe2(pipes, O_CLOEXEC) != 0) return world_error();
    struct copying c = {env, pipes[1], 0};
    if (pthread_create(&thread, NULL, write_env, &c) != 0) {
        (void)close(pipes[0]);
        (void)close(pipes[1]);
        return PL_NOMEM;
    }
    enum pl_err err = pl_store_pour(pipes[0], to, pace, &bytes);
    drain(pipes[0]);
    (void)pthread_join(thread, NULL);
    (void)close(pipes[0]);
    *rc = c.rc;
    return err;
}

enum pl_err pl_store__copy_env(MDB_env *env, const char *file, struct pl_store_pace *pace,
                               int *rc) {
    *rc = 0;
    int to = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0) return world_error();
    enum pl_err err = copy_to(env, to, pace, rc);
    if (close(to) != 0 && err == PL_OK) err = world_error();
    return err;
}
