/* SPDX-License-Identifier: Apache-2.0
 *
 * A start with flows that were compiled before takes the image that was made of them then.
 *
 *   file "compiled" in the data folder: hash of all that the compiler may read | hash of the image,
 *                                       in hex, a blank between
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/crypto/crypto.h"
#include "tools/cli/cli_priv.h"

#define FILES_MOST 100000
#define FILE_MOST  ((size_t)64 << 20)

struct sum {
    struct pl_arena a;
    struct pl_buf said;
    bool bad; /* something could not be read: the compiler will say what */
};

static void add_bytes(struct sum *s, const void *p, size_t n) {
    uint8_t hash[PL_HASH_SIZE];
    pl_crypto_sha256((struct pl_str){p, n}, hash);
    pl_buf_add(&s->said, hash, sizeof hash);
}

static void add_file(struct sum *s, struct pl_str folder, struct pl_str name) {
    struct pl_str text,
        path = pl_arena_printf(&s->a, "%.*s/%.*s", PL_STR_ARG(folder), PL_STR_ARG(name));
    if (pl_file_read(&s->a, path.p, FILE_MOST, &text) != PL_OK) {
        s->bad = true;
        return;
    }
    add_bytes(s, name.p, name.n);
    add_bytes(s, text.p, text.n);
}

/* All files of a folder, whatever they are called: flows name others. */
static void add_folder(struct sum *s, struct pl_str folder) {
    struct pl_str *names;
    size_t n = 0;
    if (pl_files_under(&s->a, folder.p, "", FILES_MOST, &names, &n) != PL_OK) n = 0;
    add_bytes(s, &n, sizeof n);
    for (size_t i = 0; i < n; i++) add_file(s, folder, names[i]);
}

/* Where the compiler would look for it. */
static void add_beside(struct sum *s, const char *flows, const char *name, const char *given) {
    add_bytes(s, given, strlen(given));
    if (given[0]) {
        add_folder(s, pl_str_c(given));
        return;
    }
    add_folder(s, pl_arena_printf(&s->a, "%s/%s", flows, name));
    add_folder(s, pl_arena_printf(&s->a, "%s/../%s", flows, name));
}

/* The name of the project's folder is in the image, too. */
static void add_name(struct sum *s, const char *flows) {
    char *real = realpath(flows, NULL);
    const char *slash = real ? strrchr(real, '/') : NULL;
    s->bad |= !slash;
    if (slash) add_bytes(s, slash, strlen(slash));
    free(real);
}

/* Another program may make something else of the same flows. */
static void add_program(struct sum *s) {
    struct stat st;
    s->bad |= stat("/proc/self/exe", &st) != 0;
    if (s->bad) return;
    add_bytes(s, &st.st_ino, sizeof st.st_ino);
    add_bytes(s, &st.st_size, sizeof st.st_size);
    add_bytes(s, &st.st_mtim, sizeof st.st_mtim);
}

bool pl_cli__compiled_key(const struct pl_config *c, char hex[65]) {
    struct sum s = {.bad = c->models[0] != 0}; /* vectors are asked for, and may not be had */
    uint8_t hash[PL_HASH_SIZE];
    pl_arena_init(&s.a, 0);
    add_program(&s);
    add_name(&s, c->flows);
    add_folder(&s, pl_str_c(c->flows));
    add_beside(&s, c->flows, "i18n", c->translations);
    add_beside(&s, c->flows, "lua", c->hooks);
    pl_crypto_sha256(pl_buf_slice(&s.said), hash);
    pl_hex(hash, sizeof hash, hex);
    bool good = !s.bad && !s.said.failed;
    pl_buf_free(&s.said);
    pl_arena_free(&s.a);
    return good;
}

static struct pl_str file_of(struct pl_arena *a, const char *data) {
    return pl_arena_printf(a, "%s/compiled", data);
}

bool pl_cli__compiled_find(const char *data, const char sources[65], struct pl_image **out) {
    struct pl_arena a;
    struct pl_str said;
    char hex[65] = "", why[256];
    pl_arena_init(&a, 0);
    bool same = pl_file_read(&a, file_of(&a, data).p, 256, &said) == PL_OK && said.n >= 129 &&
                memcmp(said.p, sources, 64) == 0 && said.p[64] == ' ';
    if (same) memcpy(hex, said.p + 65, 64);
    pl_arena_free(&a);
    return same && pl_cli__image_load(data, hex, out, why) == PL_OK;
}

void pl_cli__compiled_keep(const char *data, const char sources[65], const char image[65]) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    (void)pl_file_replace(file_of(&a, data).p, pl_arena_printf(&a, "%s %s\n", sources, image));
    pl_arena_free(&a);
}
