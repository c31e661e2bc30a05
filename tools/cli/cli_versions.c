/* SPDX-License-Identifier: Apache-2.0
 *
 * The versions of a server's flows: their files, which of them runs, what still needs them. All of
 * it on the admin thread, but for the start.
 *
 *   row "active": hash of the active image | hash of the image that was made of the flows then, so
 *                 that a start with the same flows goes on with what an operator chose
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/store/store.h"
#include "tools/cli/cli_priv.h"

#define ROW  PL_STR("active")
#define KEEP 10 /* of the newest files: to go back to */

/* ---- which runs ---- */

static void remember(const struct cli_versions *v, const uint8_t active[32],
                     const uint8_t made[32]) {
    uint8_t value[64];
    memcpy(value, active, 32);
    memcpy(value + 32, made, 32);
    struct pl_store_row row = {ROW, {(const char *)value, sizeof value}};
    pl_store_project(v->store, &row, 1, NULL, 0);
}

/* What the flows were when a version was made active last. */
static bool recall(const struct cli_versions *v, uint8_t active[32], uint8_t made[32]) {
    struct pl_arena a;
    struct pl_str value;
    pl_arena_init(&a, 0);
    bool there = pl_store_load(v->store, &a, ROW, &value) == PL_OK && value.n == 64;
    if (there) memcpy(active, value.p, 32);
    if (there) memcpy(made, value.p + 32, 32);
    pl_arena_free(&a);
    return there;
}

struct pl_image *pl_cli__versions_first(const struct cli_versions *v, struct pl_image *made) {
    uint8_t active[32], was[32];
    char hex[65], why[256];
    struct pl_image *image = NULL;
    const uint8_t *hash = pl_image_hash(made);
    if (recall(v, active, was) && memcmp(was, hash, 32) == 0 && memcmp(active, hash, 32) != 0) {
        pl_hex(active, 32, hex);
        if (pl_cli__image_load(v->data, hex, &image, why) == PL_OK) {
            pl_log(v->log, PL_LOG_WARN, "server", "version_chosen", "image=%.16s", hex);
            return image;
        }
        pl_log(v->log, PL_LOG_ERROR, "server", "version_missing", "reason=\"%s\"", why);
    }
    remember(v, hash, hash);
    return pl_image_ref(made);
}

/* ---- files ---- */

struct file {
    char hex[65];
    uint8_t hash[32];
    int64_t made_ms, size;
};

static int newest_first(const void *a, const void *b) {
    const struct file *x = a, *y = b;
    if (x->made_ms != y->made_ms) return x->made_ms < y->made_ms ? 1 : -1;
    return strcmp(x->hex, y->hex);
}

static bool file_of(const struct cli_versions *v, struct pl_str name, struct file *f) {
    char path[4096];
    struct stat st;
    if (name.n != 64 || !pl_unhex(name, f->hash, 32)) return false;
    pl_hex(f->hash, 32, f->hex);
    snprintf(path, sizeof path, "%s/images/%s", v->data, f->hex);
    if (stat(path, &st) != 0) return false;
    f->made_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    f->size = st.st_size;
    return true;
}

/* The newest first. */
static size_t files(const struct cli_versions *v, struct pl_arena *a, struct file **out) {
    char folder[4096];
    struct pl_str *names;
    size_t n = 0, kept = 0;
    snprintf(folder, sizeof folder, "%s/images", v->data);
    if (pl_files_under(a, folder, "", 100000, &names, &n) != PL_OK) n = 0;
    *out = PL_NEW_ARRAY(a, struct file, n + 1);
    for (size_t i = 0; i < n; i++) kept += file_of(v, names[i], &(*out)[kept]);
    qsort(*out, kept, sizeof **out, newest_first);
    return kept;
}

/* The one whose name begins so. */
static enum pl_err find(const struct cli_versions *v, struct pl_str begin, struct pl_arena *a,
                        struct file *out, struct pl_buf *why) {
    struct file *all;
    size_t n = files(v, a, &all), found = 0;
    for (size_t i = 0; i < n && begin.n >= 6; i++)
        if (pl_str_starts(pl_str_c(all[i].hex), begin) && !found++) *out = all[i];
    if (found == 1) return PL_OK;
    if (begin.n < 6)
        pl_buf_c(why, "name the version by at least 6 digits of its hash");
    else
        pl_buf_printf(why, "%s version begins with %.*s; `parlance versions` lists them",
                      found ? "more than one" : "no", PL_STR_ARG(begin));
    return found ? PL_CONFLICT : PL_NOT_FOUND;
}

/* Conversations of before the last start whose rows may be missing: they were not in memory since.
 */
static bool all_is_known(const struct cli_versions *v) {
    struct pl_store_head heads[64];
    uint64_t after = 0;
    size_t n;
    while ((n = pl_store_dirty(v->store, after, heads, PL_LEN(heads))) > 0)
        for (size_t i = 0; i < n; i++) {
            after = heads[i].dirty;
            if (after > v->started) return true; /* the oldest come first */
            if (heads[i].stream.id[0] == 'c') return false;
        }
    return true;
}

/* Removes the image from memory and its file, when nothing needs it. PL_BUSY: it is in use. */
static enum pl_err take_away(const struct cli_versions *v, const struct file *f,
                             struct pl_buf *why) {
    char path[4096];
    struct pl_engine_uses uses;
    enum pl_err err = pl_engine_image_drop(v->engine, f->hash);
    if (err != PL_OK) {
        pl_buf_c(why, "it is in use: it is active, or conversations stand on it");
        return err;
    }
    if (!all_is_known(v)) {
        pl_buf_c(why, "conversations of before the last start may need it, and were not read yet");
        return PL_BUSY;
    }
    err = pl_engine_image_uses(v->store, f->hash, &uses);
    if (err == PL_OK && uses.entries) {
        pl_buf_printf(why, "entries of %llu conversations name it: they could not be read again",
                      (unsigned long long)uses.entries);
        return PL_BUSY;
    }
    if (err != PL_OK) return err;
    snprintf(path, sizeof path, "%s/images/%s", v->data, f->hex);
    if (unlink(path) != 0) return PL_IO;
    snprintf(path, sizeof path, "%s/images", v->data);
    return pl_sync(path);
}

/* What nothing needs goes, but the newest. */
static void collect(const struct cli_versions *v) {
    struct pl_arena a;
    struct file *all;
    struct pl_engine_uses uses;
    pl_arena_init(&a, 0);
    size_t n = files(v, &a, &all);
    for (size_t i = KEEP; i < n; i++) {
        struct pl_buf why = {0};
        if (pl_engine_image_uses(v->store, all[i].hash, &uses) == PL_OK && !uses.entries)
            (void)take_away(v, &all[i], &why);
        pl_buf_free(&why);
    }
    pl_arena_free(&a);
}

/* ---- activate, reload ---- */

static int64_t now_ms(void) {
    return pl_clock_system().mono_us(NULL) / 1000;
}

/* What comes before the engine has it, which tells of the rest. */
static void tell_life(const struct cli_versions *v, const struct file *f,
                      enum pl_engine_life life) {
    pl_log(v->log, PL_LOG_INFO, "server", "image", "image=%.16s life=%s", f->hex,
           pl_engine_life_word(life));
}

/* Reads, verifies, opens, makes active; each time is told. */
static enum pl_err bring_up(const struct cli_versions *v, const struct file *f, struct pl_jw *w,
                            struct pl_buf *why) {
    char reason[256] = "";
    struct pl_image *image = NULL;
    int64_t begin = now_ms();
    tell_life(v, f, PL_ENGINE_LIFE_LOADING);
    enum pl_err err = pl_cli__image_load(v->data, f->hex, &image, reason);
    int64_t verified = now_ms();
    if (err == PL_OK) tell_life(v, f, PL_ENGINE_LIFE_VERIFIED);
    if (err == PL_OK) err = pl_engine_image_warm(v->engine, image);
    int64_t warm = now_ms();
    if (err == PL_OK) err = pl_engine_activate(v->engine, image);
    if (err == PL_OK) pl_cli__articles_take(v->articles, image);
    if (image) pl_image_unref(&image);
    if (err != PL_OK) {
        pl_buf_c(why, reason[0] ? reason : pl_err_text(err));
        return err;
    }
    pl_jw_text_member(w, "hash", pl_str_c(f->hex));
    pl_jw_int_member(w, "verify_ms", verified - begin);
    pl_jw_int_member(w, "warm_ms", warm - verified);
    pl_jw_int_member(w, "activate_ms", now_ms() - warm);
    return PL_OK;
}

enum pl_err pl_cli__versions_activate(const struct cli_versions *v, const struct pl_json *request,
                                      bool made, struct pl_jw *w, struct pl_buf *why) {
    struct pl_arena a;
    struct file f;
    uint8_t active[32], of[32];
    pl_arena_init(&a, 0);
    enum pl_err err = find(v, pl_json_text(request, "hash"), &a, &f, why);
    pl_arena_free(&a);
    if (err == PL_OK) err = bring_up(v, &f, w, why);
    if (err != PL_OK) return err;
    if (made || !recall(v, active, of)) memcpy(of, f.hash, sizeof of);
    remember(v, f.hash, of);
    collect(v);
    return PL_OK;
}

enum pl_err pl_cli__versions_discard(const struct cli_versions *v, const struct pl_json *request,
                                     struct pl_jw *w, struct pl_buf *why) {
    struct pl_arena a;
    struct file f;
    pl_arena_init(&a, 0);
    enum pl_err err = find(v, pl_json_text(request, "hash"), &a, &f, why);
    pl_arena_free(&a);
    if (err == PL_OK) err = take_away(v, &f, why);
    if (err == PL_OK) pl_jw_text_member(w, "hash", pl_str_c(f.hex));
    return err;
}

/* ---- shadow, canary ---- */

/* A start with the flows that are tried out is no decision for them: what is active stays. */
static void try_out(const struct cli_versions *v, const uint8_t tried[32]) {
    uint8_t active[32], of[32];
    if (recall(v, active, of) && memcmp(active, tried, 32) != 0) remember(v, active, tried);
}

/* The image of a request, or NULL where it names none, to end what runs: then *err is PL_OK. */
static struct pl_image *image_named(const struct cli_versions *v, const struct pl_json *request,
                                    struct pl_buf *why, enum pl_err *err) {
    struct pl_arena a;
    struct file f;
    char reason[256] = "";
    struct pl_image *image = NULL;
    struct pl_str hash = pl_json_text(request, "hash");
    *err = PL_OK;
    if (hash.n == 0) return NULL;
    pl_arena_init(&a, 0);
    *err = find(v, hash, &a, &f, why);
    pl_arena_free(&a);
    if (*err == PL_OK) *err = pl_cli__image_load(v->data, f.hex, &image, reason);
    pl_buf_c(why, reason);
    return image;
}

static uint32_t number_named(const struct pl_json *request, const char *name) {
    const struct pl_json *v = pl_json_get(request, name);
    int64_t n = 0;
    if (v && v->kind == PL_JNUMBER) (void)pl_str_i64(v->s, &n);
    return n < 0 || n > 10000 ? 0 : (uint32_t)n;
}

enum pl_err pl_cli__versions_shadow(const struct cli_versions *v, const struct pl_json *request,
                                    struct pl_buf *why) {
    enum pl_err err;
    struct pl_image *image = image_named(v, request, why, &err);
    if (err == PL_OK) err = pl_engine_shadow(v->engine, image, number_named(request, "share"));
    if (err == PL_OK && image) try_out(v, pl_image_hash(image));
    pl_image_unref(&image);
    if (err != PL_OK && !why->n) pl_buf_c(why, pl_err_text(err));
    return err;
}

enum pl_err pl_cli__versions_canary(const struct cli_versions *v, const struct pl_json *request,
                                    struct pl_buf *why) {
    enum pl_err err;
    struct pl_image *image = image_named(v, request, why, &err);
    unsigned guards = number_named(request, "guards") & ((1u << PL_ENGINE_GUARDS) - 1);
    if (err == PL_OK && image && !guards) err = PL_RANGE;
    if (err == PL_OK)
        err = pl_engine_canary(v->engine, image, number_named(request, "share"), guards);
    if (err == PL_OK && image) try_out(v, pl_image_hash(image));
    pl_image_unref(&image);
    if (err == PL_OK || why->n) return err;
    pl_buf_c(why, err == PL_CONFLICT    ? "these are the flows that the server runs already"
                  : err == PL_BUSY      ? "a canary runs; end it by `parlance reload --canary off`"
                  : err == PL_NOT_FOUND ? "no canary runs"
                                        : pl_err_text(err));
    return err;
}

/* ---- the table ---- */

#define LIVES_MOST 256

static void print_version(const struct cli_versions *v, const struct file *f,
                          const struct pl_engine_version *live, size_t nlive, struct pl_jw *w) {
    struct pl_engine_version now = {.life = PL_ENGINE_LIFE_FREED, .since_ms = f->made_ms};
    struct pl_engine_uses uses = {0};
    for (size_t i = 0; i < nlive; i++)
        if (memcmp(live[i].hash, f->hash, 32) == 0) now = live[i];
    (void)pl_engine_image_uses(v->store, f->hash, &uses);
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "hash", pl_str_c(f->hex));
    pl_jw_text_member(w, "state", pl_str_c(pl_engine_life_word(now.life)));
    pl_jw_int_member(w, "since_ms", now.since_ms);
    pl_jw_int_member(w, "made_ms", f->made_ms);
    pl_jw_int_member(w, "bytes", f->size);
    pl_jw_int_member(w, "in_memory", now.users);
    pl_jw_int_member(w, "live", (int64_t)uses.flows);
    pl_jw_int_member(w, "entries", (int64_t)uses.entries);
    pl_jw_close(w, '}');
}

enum pl_err pl_cli__versions_list(const struct cli_versions *v, struct pl_jw *w) {
    struct pl_engine_version *live = calloc(LIVES_MOST, sizeof *live);
    struct pl_arena a;
    struct file *all;
    if (!live) return PL_NOMEM;
    pl_arena_init(&a, 0);
    size_t nlive = pl_engine_image_list(v->engine, live, LIVES_MOST);
    size_t n = files(v, &a, &all);
    pl_jw_name(w, "versions");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < n; i++) print_version(v, &all[i], live, nlive, w);
    pl_jw_close(w, ']');
    pl_arena_free(&a);
    free(live);
    return PL_OK;
}

/* ---- reload --dry-run ---- */

#define LOST_MOST 100 /* that are listed */

struct lost_list {
    struct pl_jw *w;
    unsigned n;
};

static void print_lost(void *ctx, const struct pl_engine_lost *l) {
    struct lost_list *list = ctx;
    char id[33], hex[65];
    if (list->n++ >= LOST_MOST) return;
    pl_hex(l->conversation, 16, id);
    pl_hex(l->image, 32, hex);
    pl_jw_open(list->w, '{');
    pl_jw_text_member(list->w, "conversation", pl_str_c(id));
    pl_jw_text_member(list->w, "hash", pl_str_c(hex));
    pl_jw_text_member(list->w, "flow", l->flow);
    pl_jw_text_member(list->w, "at", l->at);
    pl_jw_close(list->w, '}');
}

enum pl_err pl_cli__versions_preview(const struct cli_versions *v, const struct pl_json *request,
                                     struct pl_jw *w, struct pl_buf *why) {
    struct pl_arena a;
    struct file f;
    char reason[256] = "";
    struct pl_image *image = NULL;
    struct pl_engine_preview p = {0};
    struct lost_list list = {.w = w};
    pl_arena_init(&a, 0);
    enum pl_err err = find(v, pl_json_text(request, "hash"), &a, &f, why);
    pl_arena_free(&a);
    if (err == PL_OK) err = pl_cli__image_load(v->data, f.hex, &image, reason);
    if (reason[0]) pl_buf_c(why, reason);
    if (err != PL_OK) return err;
    pl_jw_name(w, "lost_ones");
    pl_jw_open(w, '[');
    err = pl_engine_preview(v->engine, image, &p, print_lost, &list);
    pl_jw_close(w, ']');
    pl_image_unref(&image);
    pl_jw_int_member(w, "live", (int64_t)p.live);
    pl_jw_int_member(w, "moved", (int64_t)p.moved);
    pl_jw_int_member(w, "stayed", (int64_t)p.stayed);
    pl_jw_int_member(w, "asked", (int64_t)p.asked);
    pl_jw_int_member(w, "lost", (int64_t)p.lost);
    return err;
}
