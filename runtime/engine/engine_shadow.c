/* SPDX-License-Identifier: Apache-2.0
 *
 * A shadow: another image plays a share of the new conversations beside the one they run on, as
 * trials (engine_trial.c). Nothing that it does leaves this file but counts, and which
 * conversations show what differs.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS_MOST 64
#define EXAMPLES    3

struct group {
    uint8_t verdict;
    char *at, *was, *now;
    uint64_t n;
    uint8_t examples[EXAMPLES][16];
};

struct eng_shadow {
    struct pl_engine *e;
    struct pl_engine_player *player;
    struct pl_image *image;
    uint32_t share;
    int64_t since_ms;
    uint64_t verdicts[PL_ENGINE_VERDICTS]; /* of conversations, as they are now */
    PL_VEC(struct group) groups;
    const struct eng_conv *of; /* whose trial is being told to */
};

/* ---- differences ---- */

static bool is_alike(const struct group *g, const struct pl_engine_difference *d) {
    if (g->verdict != d->verdict || !pl_str_is(d->was, g->was)) return false;
    return d->verdict == PL_ENGINE_WORDING ||
           (pl_str_is(d->at, g->at) && pl_str_is(d->now, g->now));
}

static char *copy(struct pl_str s) {
    char *p = strndup(s.n ? s.p : "", s.n);
    pl_assert(p);
    return p;
}

/* The first 64 kinds of difference are told apart. */
static struct group *group_of(struct eng_shadow *s, const struct pl_engine_difference *d) {
    for (size_t i = 0; i < s->groups.n; i++)
        if (is_alike(&s->groups.v[i], d)) return &s->groups.v[i];
    if (s->groups.n == GROUPS_MOST) return NULL;
    struct group g = {(uint8_t)d->verdict, copy(d->at), copy(d->was), copy(d->now), 0, {{0}}};
    PL_PUSH(&s->groups, g);
    return &s->groups.v[s->groups.n - 1];
}

static void differs(void *ctx, const struct pl_engine_difference *d) {
    struct eng_shadow *s = ctx;
    struct group *g = group_of(s, d);
    if (!g) return;
    if (g->n && memcmp(g->examples[(g->n - 1) % EXAMPLES], s->of->id, 16) == 0) return;
    memcpy(g->examples[g->n++ % EXAMPLES], s->of->id, 16);
}

static void count(struct eng_shadow *s, enum pl_engine_verdict before,
                  enum pl_engine_verdict after) {
    static const enum pl_engine_count counters[] = {
        [PL_ENGINE_WORDING] = PL_ENGINE_SHADOW_WORDING,
        [PL_ENGINE_PATH] = PL_ENGINE_SHADOW_PATH,
        [PL_ENGINE_STUCK] = PL_ENGINE_SHADOW_STUCK,
        [PL_ENGINE_MISSING] = PL_ENGINE_SHADOW_MISSING,
    };
    if (after == before) return;
    s->verdicts[before]--;
    s->verdicts[after]++;
    pl_count(&s->e->counters[counters[after]], 1);
}

/* ---- conversations ---- */

void pl_engine__shadow_begin(struct pl_engine *e, struct eng_conv *c) {
    struct eng_shadow *s = e->shadow;
    if (!s || !pl_engine__in_share(c->id, s->share, "shadow")) return;
    c->trial = pl_engine_trial_new(s->player, c->id, s->image, differs, s);
    if (!c->trial) return;
    s->verdicts[PL_ENGINE_SAME]++;
    ENG_COUNT(e, SHADOWED);
}

void pl_engine__shadow_entry(struct pl_engine *e, struct eng_conv *c, const struct pl_entry *entry,
                             const struct pl_engine_step *step) {
    if (!c->trial || !e->shadow) return;
    enum pl_engine_verdict before = pl_engine_trial_verdict(c->trial);
    e->shadow->of = c;
    pl_engine_trial_entry(c->trial, entry, step);
    count(e->shadow, before, pl_engine_trial_verdict(c->trial));
}

void pl_engine__shadow_end(struct eng_conv *c) {
    if (c->trial) pl_engine_trial_free(&c->trial);
}

/* ---- begin and end ---- */

static void shadow_free(struct eng_shadow **shadow) {
    struct eng_shadow *s = *shadow;
    if (!s) return;
    *shadow = NULL;
    for (size_t i = 0; i < s->groups.n; i++) {
        free(s->groups.v[i].at);
        free(s->groups.v[i].was);
        free(s->groups.v[i].now);
    }
    PL_VEC_FREE(&s->groups);
    pl_engine_player_free(&s->player);
    pl_image_unref(&s->image);
    free(s);
}

/* What takes its time is opened here, on the caller's thread. */
static enum pl_err shadow_new(struct pl_engine *e, struct pl_image *image, uint32_t share,
                              struct eng_shadow **out) {
    static const uint8_t nobody[16];
    struct pl_engine_player_config config = {.shared = NULL};
    struct eng_shadow *s = calloc(1, sizeof *s);
    if (!s) return PL_NOMEM;
    s->e = e;
    s->image = pl_image_ref(image);
    s->share = share;
    s->player = pl_engine_player_new(&config);
    struct pl_engine_lane *lane = s->player ? pl_engine_lane_new(s->player, nobody, image) : NULL;
    *out = s;
    if (!lane) shadow_free(out);
    pl_engine_lane_free(&lane);
    return *out ? PL_OK : PL_MALFORMED;
}

struct change {
    struct eng_errand errand;
    struct eng_shadow *shadow; /* the new one; then the old one */
};

static void exchange(struct eng_errand *r) {
    struct change *change = (struct change *)(void *)r;
    struct pl_engine *e = r->e;
    struct eng_shadow *old = e->shadow;
    for (struct eng_conv *c = e->oldest; c && old; c = c->next) pl_engine__shadow_end(c);
    e->shadow = change->shadow;
    if (e->shadow) e->shadow->since_ms = eng_now(e);
    change->shadow = old;
    pl_engine__errand_end(r, PL_OK);
}

enum pl_err pl_engine_shadow(struct pl_engine *e, struct pl_image *image, uint32_t share) {
    struct change change = {.shadow = NULL};
    enum pl_err err = image ? shadow_new(e, image, share, &change.shadow) : PL_OK;
    if (err != PL_OK) return err;
    err = pl_engine__errand(e, &change.errand, exchange);
    shadow_free(&change.shadow);
    return err;
}

void pl_engine__shadow_free(struct pl_engine *e) {
    shadow_free(&e->shadow);
}

/* ---- told ---- */

void pl_engine__shadow_list(const struct eng_shadow *s, struct pl_engine_version *out) {
    *out = (struct pl_engine_version){.life = PL_ENGINE_LIFE_SHADOW, .since_ms = s->since_ms};
    memcpy(out->hash, pl_image_hash(s->image), sizeof out->hash);
}

static void write_group(struct pl_jw *w, const struct group *g) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "verdict",
                      pl_str_c(pl_engine_verdict_word((enum pl_engine_verdict)g->verdict)));
    pl_jw_text_member(w, "at", pl_str_c(g->at));
    pl_jw_text_member(w, "was", pl_str_c(g->was));
    pl_jw_text_member(w, "now", pl_str_c(g->now));
    pl_jw_int_member(w, "conversations", (int64_t)g->n);
    pl_jw_name(w, "examples");
    pl_jw_open(w, '[');
    for (uint64_t i = 0; i < EXAMPLES && i < g->n; i++) {
        char hex[33];
        pl_hex(g->examples[i], 16, hex);
        pl_jw_text(w, pl_str_c(hex));
    }
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

void pl_engine__tried_open(struct pl_jw *w, const char *name, const uint8_t hash[32],
                           uint32_t share, int64_t since_ms) {
    char hex[65], at[26];
    pl_hex(hash, 32, hex);
    pl_datetime_print(since_ms, at);
    pl_jw_name(w, name);
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "image", pl_str_c(hex));
    pl_jw_int_member(w, "share_of_10000", share);
    pl_jw_text_member(w, "since", pl_str_c(at));
}

static void shadow_write(const struct eng_shadow *s, struct pl_jw *w) {
    if (!s) return;
    pl_engine__tried_open(w, "shadow", pl_image_hash(s->image), s->share, s->since_ms);
    for (int v = 0; v < PL_ENGINE_VERDICTS; v++) {
        pl_jw_name(w, pl_engine_verdict_word((enum pl_engine_verdict)v));
        pl_jw_int(w, (int64_t)s->verdicts[v]);
    }
    pl_jw_name(w, "groups");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < s->groups.n; i++) write_group(w, &s->groups.v[i]);
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

struct telling {
    struct eng_errand errand;
    struct pl_jw *w;
};

static void tell(struct eng_errand *r) {
    const struct telling *t = (struct telling *)(void *)r;
    shadow_write(r->e->shadow, t->w);
    pl_engine__canary_write(r->e, t->w);
    pl_engine__errand_end(r, PL_OK);
}

void pl_engine_trials(struct pl_engine *e, struct pl_jw *w) {
    struct telling t = {.w = w};
    pl_engine__errand(e, &t.errand, tell);
}
