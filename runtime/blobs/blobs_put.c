/* SPDX-License-Identifier: Apache-2.0 */
/* Writing one file. A write goes to the system's cache and so takes no time; what waits for the
 * disk is done by the thread inside, in settle. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/blobs/blobs_priv.h"

/* ---- begin ---- */

/* Half written ones count too, so that many at once are no way around it. */
static uint32_t count_files(const char *folder) {
    DIR *d = opendir(folder);
    uint32_t n = 0;
    if (!d) return 0;
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) n += f->d_name[0] != '.';
    closedir(d);
    return n;
}

static struct pl_str *copy_accept(const struct pl_blob_new *what) {
    size_t n = what->naccept * sizeof(struct pl_str) + 1;
    for (uint32_t i = 0; i < what->naccept; i++) n += what->accept[i].n;
    struct pl_str *v = malloc(n);
    pl_assert(v);
    char *p = (char *)(v + what->naccept);
    for (uint32_t i = 0; i < what->naccept; i++) {
        if (what->accept[i].n) memcpy(p, what->accept[i].p, what->accept[i].n);
        v[i] = (struct pl_str){p, what->accept[i].n};
        p += v[i].n;
    }
    return v;
}

static void make_head(struct pl_blob_put *put, struct pl_key_id key) {
    struct pl_buf b = {0};
    pl_buf_add(&b, "PLU1", 4);
    pl_buf_u32(&b, key.day);
    pl_buf_u32(&b, key.slot);
    pl_buf_add(&b, put->info.id.conversation, 16);
    pl_buf_add(&b, put->info.id.number, 16);
    pl_assert(!b.failed && b.n == BLOB_HEAD);
    memcpy(put->head, b.p, BLOB_HEAD);
    pl_buf_free(&b);
}

/* The sweep may take an empty folder away between the two: once more then. */
static int make_file(const char *folder, const char *path) {
    for (int attempt = 0;; attempt++) {
        if (mkdir(folder, 0700) != 0 && errno != EEXIST) return -1;
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != ENOENT || attempt == 3) return fd;
    }
}

static enum pl_err open_file(struct pl_blobs *b, struct pl_blob_put *put) {
    char folder[PATH_MAX];
    pl_blobs__path(b, &put->info.id, ".part", put->path);
    snprintf(folder, sizeof folder, "%s", put->path);
    *strrchr(folder, '/') = '\0';
    if (count_files(folder) >= b->c.per_conversation) return PL_BUSY;
    put->fd = make_file(folder, put->path);
    return put->fd >= 0 ? PL_OK : pl_blobs__error();
}

enum pl_err pl_blob_begin(struct pl_blobs *b, const struct pl_blob_new *what,
                          struct pl_blob_put **out) {
    if (what->size == 0 || what->size > b->c.max_bytes) return PL_LIMIT;
    struct pl_blob_put *put = calloc(1, sizeof *put);
    pl_assert(put);
    put->b = b;
    put->fd = -1;
    put->info.size = what->size;
    memcpy(put->info.id.conversation, what->conversation, 16);
    pl_crypto_random(&b->random, put->info.id.number, 16);
    pl_blob_name_clean(what->name, put->info.name);
    make_head(put, what->key);
    enum pl_err err = pl_keys_get(b->keys, what->key, put->key);
    if (err == PL_OK) err = open_file(b, put);
    if (err != PL_OK) {
        pl_blobs__put_free(put);
        return err;
    }
    put->accept = copy_accept(what);
    put->naccept = what->naccept;
    *out = put;
    return PL_OK;
}

/* ---- bytes ---- */

static enum pl_err write_all(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return pl_blobs__error();
        p += put;
        n -= (size_t)put;
    }
    return PL_OK;
}

static enum pl_err write_box(struct pl_blob_put *put, struct pl_str plain, bool last) {
    uint8_t aad[BLOB_HEAD + 9];
    pl_buf_clear(&put->box);
    pl_buf_u32(&put->box, (uint32_t)(plain.n + PL_BOX_EXTRA));
    struct pl_str bound = pl_blobs__aad(put->head, put->boxes++, last, aad);
    enum pl_err err = pl_seal_box(put->b->seal, put->key, bound, plain, &put->box);
    if (err == PL_OK && put->box.failed) err = PL_NOMEM;
    return err == PL_OK ? write_all(put->fd, put->box.p, put->box.n) : err;
}

static bool is_accepted(const struct pl_blob_put *put) {
    for (uint32_t i = 0; i < put->naccept; i++)
        if (pl_blob_is_kind(put->info.type, put->accept[i])) return true;
    return put->naccept == 0;
}

/* The first bytes are there: what is it? */
static enum pl_err begin_contents(struct pl_blob_put *put, bool all) {
    struct pl_buf meta = {0};
    put->info.type = pl_blob_sniff(pl_buf_slice(&put->chunk), all);
    if (!put->info.type || !is_accepted(put)) return PL_TYPE;
    enum pl_err err = write_all(put->fd, (const char *)put->head, BLOB_HEAD);
    pl_buf_text(&meta, pl_str_c(put->info.type));
    pl_buf_u64(&meta, put->info.size);
    pl_buf_text(&meta, pl_str_c(put->info.name));
    pl_assert(!meta.failed && meta.n <= BLOB_META);
    if (err == PL_OK) err = write_box(put, pl_buf_slice(&meta), false);
    pl_buf_free(&meta);
    return err;
}

static enum pl_err flush(struct pl_blob_put *put) {
    bool last = put->came == put->info.size;
    enum pl_err err = put->boxes ? PL_OK : begin_contents(put, last);
    struct pl_str chunk = pl_buf_slice(&put->chunk);
    /* text goes on being text: what begins as a letter does not end as a program */
    if (err == PL_OK && put->boxes > 1 && strcmp(put->info.type, "text/plain") == 0 &&
        memchr(chunk.p, 0, chunk.n))
        err = PL_TYPE;
    if (err == PL_OK) err = write_box(put, chunk, last);
    pl_buf_clear(&put->chunk);
    return err;
}

enum pl_err pl_blob_add(struct pl_blob_put *put, struct pl_str bytes) {
    if (put->err != PL_OK) return put->err;
    if (bytes.n > put->info.size - put->came) put->err = PL_LIMIT;
    while (bytes.n && put->err == PL_OK) {
        size_t room = BLOB_CHUNK - put->chunk.n, n = bytes.n < room ? bytes.n : room;
        pl_buf_add(&put->chunk, bytes.p, n);
        put->came += n;
        bytes = (struct pl_str){bytes.p + n, bytes.n - n};
        if (put->chunk.failed) put->err = PL_NOMEM;
        bool full = put->chunk.n == BLOB_CHUNK || put->came == put->info.size;
        if (put->err == PL_OK && full) put->err = flush(put);
    }
    return put->err;
}

/* ---- the end ---- */

void pl_blobs__put_free(struct pl_blob_put *put) {
    if (put->fd >= 0) {
        (void)close(put->fd);
        (void)unlink(put->path);
    }
    pl_crypto_wipe(put->key, sizeof put->key);
    if (put->chunk.p) pl_crypto_wipe(put->chunk.p, put->chunk.cap);
    pl_buf_free(&put->chunk);
    pl_buf_free(&put->box);
    free(put->accept);
    free(put);
}

void pl_blob_drop(struct pl_blob_put **put) {
    if (*put) pl_blobs__put_free(*put);
    *put = NULL;
}

enum pl_err pl_blobs__settle(struct pl_blob_put *put) {
    char path[PATH_MAX], folder[PATH_MAX];
    enum pl_err err = put->err;
    if (err == PL_OK && put->came != put->info.size) err = PL_MALFORMED;
    if (err == PL_OK && fsync(put->fd) != 0) err = pl_blobs__error();
    pl_blobs__path(put->b, &put->info.id, ".new", path);
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    if (err == PL_OK && rename(put->path, path) != 0) err = pl_blobs__error();
    if (err == PL_OK) {
        (void)close(put->fd);
        put->fd = -1; /* it has another name now */
        err = pl_sync(folder);
        if (err == PL_OK) err = pl_sync(put->b->dir);
        if (err != PL_OK) (void)unlink(path);
    }
    pl_blobs__put_free(put);
    return err;
}
