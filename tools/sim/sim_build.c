/* SPDX-License-Identifier: Apache-2.0
 *
 * A project's folder to a loaded image, and a place for keys.
 */
#include <string.h>
#include <unistd.h>

#include "tools/sim/sim_priv.h"

/* ---- builds ---- */

static void print_diags(const struct sim_build *b, const struct sim_said *to) {
    struct pl_buf text = {0};
    if (to->json)
        pl_diags_print_json(&text, &b->compiled.diags);
    else
        pl_diags_print(&text, &b->compiled.diags, to->colour);
    if (text.n) fwrite(text.p, 1, text.n, to->json ? to->json : to->err);
    pl_buf_free(&text);
}

static bool load(const char *folder, FILE *err, struct sim_build *b) {
    uint8_t hash[PL_HASH_SIZE];
    char why[256] = "";
    pl_crypto_sha256(b->compiled.image, hash);
    enum pl_err e = pl_image_load(b->compiled.image, hash, &b->image, why);
    if (e == PL_OK) return true;
    fprintf(err, "%s: the image is refused: %s (%s)\n", folder, why, pl_err_text(e));
    return false;
}

bool pl_sim__build(const char *folder, const struct sim_said *to, struct sim_build *out) {
    static const struct pl_compile_options options = {.without_talks = true};
    return pl_sim__build_with(folder, &options, to, out);
}

bool pl_sim__build_with(const char *folder, const struct pl_compile_options *options,
                        const struct sim_said *to, struct sim_build *out) {
    *out = (struct sim_build){0};
    enum pl_err e = pl_compile_folder(folder, options, &out->compiled);
    bool errors = out->compiled.diags.errors > 0;
    if (errors || (to->warnings && out->compiled.diags.warnings)) print_diags(out, to);
    if (e != PL_OK && !errors)
        fprintf(to->err, "%s: %s\n", folder, e == PL_NOT_FOUND ? "no flows here" : pl_err_text(e));
    return e == PL_OK && load(folder, to->err, out);
}

void pl_sim__build_free(struct sim_build *b) {
    if (b->image) pl_image_unref(&b->image);
    pl_compiled_free(&b->compiled);
}

/* ---- keys ---- */

enum pl_err pl_sim__keys_make(struct sim_keys *k) {
    enum pl_err err = pl_sim_scratch_make("sim", k->root);
    if (err != PL_OK) return err;
    snprintf(k->keys, sizeof k->keys, "%s/keys", k->root);
    snprintf(k->master, sizeof k->master, "%s/master", k->root);
    return PL_OK;
}

void pl_sim__keys_clear(struct sim_keys *k) {
    struct pl_arena a;
    struct pl_str *paths;
    size_t n = 0;
    pl_arena_init(&a, 0);
    if (pl_files_under(&a, k->root, "", 1000, &paths, &n) != PL_OK) n = 0;
    for (size_t i = 0; i < n; i++)
        unlink(pl_arena_printf(&a, "%s/%.*s", k->root, PL_STR_ARG(paths[i])).p);
    rmdir(k->keys);
    pl_arena_free(&a);
}

void pl_sim__keys_remove(struct sim_keys *k) {
    if (!k->root[0]) return;
    pl_sim_scratch_remove(k->root);
    k->root[0] = '\0';
}
