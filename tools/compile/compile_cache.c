/* SPDX-License-Identifier: Apache-2.0
 *
 * Trained intent models in the user's cache folder: one file each, named by what it was trained on.
 * A file is a check sum and the model; one that is damaged is as good as none. Nothing depends on
 * the folder: without it every build trains. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/compile/compile_priv.h"

#define SUFFIX     ".intents"
#define MODEL_MOST ((size_t)64 << 20)
#define FILES_MOST 64 /* the oldest go */

static void path_of(const struct pl_compile_host *h, const uint8_t key[16], char path[4200]) {
    char hex[33];
    pl_hex(key, 16, hex);
    snprintf(path, 4200, "%s/%s" SUFFIX, h->cache, hex);
}

static uint64_t sum_of(const uint8_t key[16], struct pl_str model) {
    return pl_fnv(pl_fnv(PL_FNV, key, 16), model.p, model.n);
}

static bool get(void *ctx, const uint8_t key[16], struct pl_buf *out) {
    char path[4200];
    struct pl_arena a;
    struct pl_str bytes;
    uint64_t sum = 0;
    path_of(ctx, key, path);
    pl_arena_init(&a, 0);
    bool good = pl_file_read(&a, path, MODEL_MOST, &bytes) == PL_OK && bytes.n > sizeof sum;
    if (good) {
        struct pl_str model = {bytes.p + sizeof sum, bytes.n - sizeof sum};
        memcpy(&sum, bytes.p, sizeof sum);
        good = sum == sum_of(key, model);
        if (good) pl_buf_str(out, model);
    }
    pl_arena_free(&a);
    return good;
}

/* Makes room for one more. */
static void tidy(const struct pl_compile_host *h) {
    struct pl_arena a;
    struct pl_str *names;
    size_t n = 0;
    pl_arena_init(&a, 0);
    if (pl_files_under(&a, h->cache, SUFFIX, 100000, &names, &n) != PL_OK) n = 0;
    const char *oldest = NULL;
    time_t age = 0;
    for (size_t i = 0; i < n && n >= FILES_MOST; i++) {
        struct stat s;
        const char *path = pl_arena_printf(&a, "%s/%.*s", h->cache, PL_STR_ARG(names[i])).p;
        if (stat(path, &s) != 0 || (oldest && s.st_mtime >= age)) continue;
        oldest = path;
        age = s.st_mtime;
    }
    if (oldest) unlink(oldest);
    pl_arena_free(&a);
}

static void put(void *ctx, const uint8_t key[16], struct pl_str model) {
    const struct pl_compile_host *h = ctx;
    char path[4200];
    struct pl_buf b = {0};
    uint64_t sum = sum_of(key, model);
    if (pl_mkdirs(h->cache) != PL_OK) return;
    tidy(h);
    path_of(h, key, path);
    pl_buf_add(&b, &sum, sizeof sum);
    pl_buf_str(&b, model);
    if (!b.failed) pl_file_replace(path, pl_buf_slice(&b));
    pl_buf_free(&b);
}

void pl_compile_cache_folder(const char *folder, char out[4096]) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (!folder) folder = getenv("PARLANCE_CACHE");
    out[0] = 0;
    if (folder)
        snprintf(out, 4096, "%s", folder);
    else if (base && base[0] == '/')
        snprintf(out, 4096, "%s/parlance", base);
    else if (home && home[0] == '/')
        snprintf(out, 4096, "%s/.cache/parlance", home);
}

void pl_compile__cache_open(struct pl_compile_host *h, const char *folder) {
    pl_compile_cache_folder(folder, h->cache);
    h->models = (struct pl_nlp_cache){h, get, put};
}
