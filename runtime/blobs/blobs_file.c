/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, keeping and removing files: on the thread inside. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/blobs/blobs_priv.h"

#define HALF_MS 3600000 /* a half file of a life that goes on: nobody writes that long */

enum pl_err pl_blobs__error(void) {
    switch (errno) {
    case ENOENT:
    case ENOTDIR: return PL_NOT_FOUND;
    case ENOSPC:
    case EDQUOT: return PL_FULL;
    case ENOMEM: return PL_NOMEM;
    default: return PL_IO;
    }
}

void pl_blobs__path(const struct pl_blobs *b, const struct pl_blob_id *id, const char *suffix,
                    char out[PATH_MAX]) {
    char conversation[33], number[33];
    pl_hex(id->conversation, 16, conversation);
    pl_hex(id->number, 16, number);
    snprintf(out, PATH_MAX, "%s/%s/%s%s", b->dir, conversation, number, suffix);
}

struct pl_str pl_blobs__aad(const uint8_t head[BLOB_HEAD], uint64_t place, bool last,
                            uint8_t out[BLOB_HEAD + 9]) {
    memcpy(out, head, BLOB_HEAD);
    for (int i = 0; i < 8; i++) out[BLOB_HEAD + i] = (uint8_t)(place >> (8 * i));
    out[BLOB_HEAD + 8] = last;
    return (struct pl_str){(const char *)out, BLOB_HEAD + 9};
}

/* ---- reading ---- */

struct reading {
    struct pl_blobs *b;
    int fd;
    uint8_t head[BLOB_HEAD], key[PL_KEY_SIZE];
    uint64_t boxes;
    struct pl_arena a; /* of one box */
    struct pl_buf box;
};

static enum pl_err read_exact(int fd, void *p, size_t n) {
    for (char *to = p; n;) {
        ssize_t got = read(fd, to, n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return PL_IO;
        if (got == 0) return PL_MALFORMED;
        to += got;
        n -= (size_t)got;
    }
    return PL_OK;
}

static enum pl_err read_box(struct reading *r, size_t most, bool last, struct pl_str *plain) {
    uint8_t n[4], aad[BLOB_HEAD + 9];
    enum pl_err err = read_exact(r->fd, n, sizeof n);
    if (err != PL_OK) return err;
    size_t size = (size_t)n[0] | (size_t)n[1] << 8 | (size_t)n[2] << 16 | (size_t)n[3] << 24;
    if (size < PL_BOX_EXTRA || size > most + PL_BOX_EXTRA) return PL_MALFORMED;
    pl_buf_clear(&r->box);
    if (!pl_buf_reserve(&r->box, size)) return PL_NOMEM;
    err = read_exact(r->fd, r->box.p, size);
    if (err != PL_OK) return err;
    pl_arena_reset(&r->a);
    return pl_seal_unbox(r->b->in_seal, r->key, pl_blobs__aad(r->head, r->boxes++, last, aad),
                         (struct pl_str){r->box.p, size}, &r->a, plain);
}

/* The clear part, which must say what its name says, and the key. */
static enum pl_err read_head(struct reading *r, const struct pl_blob_id *id) {
    enum pl_err err = read_exact(r->fd, r->head, BLOB_HEAD);
    if (err != PL_OK) return err;
    struct pl_reader in = pl_reader_of((struct pl_str){(const char *)r->head, BLOB_HEAD});
    struct pl_str magic = pl_read_bytes(&in, 4);
    struct pl_key_id key = {.day = pl_read_u32(&in)};
    key.slot = pl_read_u32(&in);
    struct pl_str conversation = pl_read_bytes(&in, 16), number = pl_read_bytes(&in, 16);
    if (!pl_str_is(magic, "PLU1")) return PL_VERSION;
    if (memcmp(conversation.p, id->conversation, 16) || memcmp(number.p, id->number, 16))
        return PL_MALFORMED;
    return pl_keys_get(r->b->in_keys, key, r->key);
}

static const char *known_type(struct pl_str text) {
    static const char *const types[] = {
#define TYPE(type, at, bytes, at2, bytes2) type,
#include "runtime/blobs/type.def"
#undef TYPE
        "text/plain"};
    for (size_t i = 0; i < PL_LEN(types); i++)
        if (pl_str_is(text, types[i])) return types[i];
    return NULL;
}

static enum pl_err read_info(struct reading *r, struct pl_blob_info *info) {
    struct pl_str meta;
    enum pl_err err = read_box(r, BLOB_META, false, &meta);
    if (err != PL_OK) return err;
    struct pl_reader in = pl_reader_of(meta);
    info->type = known_type(pl_read_text(&in));
    info->size = pl_read_u64(&in);
    struct pl_str name = pl_read_text(&in);
    if (in.bad || !info->type || name.n >= PL_BLOB_NAME) return PL_MALFORMED;
    snprintf(info->name, sizeof info->name, "%.*s", PL_STR_ARG(name));
    return PL_OK;
}

static enum pl_err read_bytes(struct reading *r, uint64_t size, struct pl_buf *out) {
    enum pl_err err = PL_OK;
    for (uint64_t left = size; left && err == PL_OK;) {
        size_t n = left < BLOB_CHUNK ? (size_t)left : BLOB_CHUNK;
        struct pl_str plain = {0};
        err = read_box(r, BLOB_CHUNK, left == n, &plain);
        if (err == PL_OK && plain.n != n) err = PL_MALFORMED;
        if (err == PL_OK) pl_buf_str(out, plain);
        if (err == PL_OK && out->failed) err = PL_NOMEM;
        left -= n;
    }
    return err;
}

static int open_either(struct pl_blobs *b, const struct pl_blob_id *id) {
    char path[PATH_MAX];
    pl_blobs__path(b, id, "", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 || errno != ENOENT) return fd;
    pl_blobs__path(b, id, ".new", path);
    return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

enum pl_err pl_blobs__open(struct pl_blobs *b, const struct pl_blob_id *id,
                           struct pl_blob_info *info, struct pl_buf *bytes) {
    struct reading r = {.b = b, .fd = open_either(b, id)};
    if (r.fd < 0) return pl_blobs__error();
    info->id = *id;
    pl_arena_init(&r.a, 0);
    enum pl_err err = read_head(&r, id);
    if (err == PL_OK) err = read_info(&r, info);
    if (err == PL_OK && info->size > b->c.max_bytes && bytes) err = PL_LIMIT;
    if (err == PL_OK && bytes) err = read_bytes(&r, info->size, bytes);
    (void)close(r.fd);
    pl_crypto_wipe(r.key, sizeof r.key);
    pl_buf_free(&r.box);
    pl_arena_free(&r.a);
    return err;
}

/* ---- keeping ---- */

enum pl_err pl_blobs__keep(struct pl_blobs *b, const struct pl_blob_id *id) {
    char from[PATH_MAX], to[PATH_MAX];
    pl_blobs__path(b, id, ".new", from);
    pl_blobs__path(b, id, "", to);
    if (rename(from, to) != 0) {
        if (errno != ENOENT) return pl_blobs__error();
        if (access(to, F_OK) != 0) return PL_NOT_FOUND;
    }
    *strrchr(to, '/') = '\0'; /* kept before: it may not have been synced */
    return pl_sync(to);
}

/* ---- removing ---- */

static bool is_erased(struct pl_blobs *b, const struct pl_blob_id *id) {
    struct reading r = {.b = b, .fd = open_either(b, id)};
    if (r.fd < 0) return false;
    enum pl_err err = read_head(&r, id);
    (void)close(r.fd);
    pl_crypto_wipe(r.key, sizeof r.key);
    return err == PL_ERASED;
}

/* Is it time for this file to go? */
static bool is_over(struct pl_blobs *b, const uint8_t conversation[16], struct pl_str name,
                    const char *path, bool begins) {
    struct pl_blob_id id;
    struct stat st;
    memcpy(id.conversation, conversation, 16);
    if (name.n < 32 || !pl_unhex((struct pl_str){name.p, 32}, id.number, 16)) return false;
    struct pl_str suffix = {name.p + 32, name.n - 32};
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) return false;
    int64_t age = b->c.clock.wall_ms(b->c.clock.ctx) - (int64_t)st.st_mtim.tv_sec * 1000;
    if (pl_str_is(suffix, ".part")) return begins || age > HALF_MS;
    if (pl_str_is(suffix, ".new") && age >= b->c.unused_ms) return true;
    return (suffix.n == 0 || pl_str_is(suffix, ".new")) && is_erased(b, &id);
}

static void clean_folder(struct pl_blobs *b, const char *hex, bool begins) {
    char folder[PATH_MAX], path[PATH_MAX + 256];
    uint8_t conversation[16];
    if (!pl_unhex(pl_str_c(hex), conversation, 16)) return;
    snprintf(folder, sizeof folder, "%s/%s", b->dir, hex);
    DIR *d = opendir(folder);
    if (!d) return;
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) {
        snprintf(path, sizeof path, "%s/%s", folder, f->d_name);
        if (is_over(b, conversation, pl_str_c(f->d_name), path, begins)) (void)unlink(path);
    }
    closedir(d);
    (void)rmdir(folder); /* only when nothing is left in it */
}

void pl_blobs__clean(struct pl_blobs *b, bool begins) {
    DIR *d = opendir(b->dir);
    if (!d) return;
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) clean_folder(b, f->d_name, begins);
    closedir(d);
}
