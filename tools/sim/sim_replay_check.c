/* SPDX-License-Identifier: Apache-2.0
 *
 * What every talk proves of replay: that its conversation comes out of its journal byte for byte,
 * and that on trial on its own image nothing differs.
 */
#include <string.h>

#include "tools/sim/sim_replay_priv.h"

static struct pl_image *find_image(void *ctx, const uint8_t prefix[8]) {
    const struct sim_world *w = ctx;
    for (size_t i = 0; i < w->images.n; i++)
        if (memcmp(pl_image_hash(w->images.v[i]), prefix, 8) == 0)
            return pl_image_ref(w->images.v[i]);
    return NULL;
}

static void differs(void *ctx, const struct pl_engine_difference *d) {
    struct sim_play *p = ctx;
    pl_sim__fail(p, "on trial on its own image it differs: %.*s: %.*s, then %.*s",
                 PL_STR_ARG(d->at), PL_STR_ARG(d->was), PL_STR_ARG(d->now));
}

static void try_again(struct sim_play *p, struct pl_engine_player *player, const struct record *r) {
    struct pl_engine_trial *t =
        pl_engine_trial_new(player, p->world.conversation, p->image, differs, p);
    pl_assert(t); /* it has just been played */
    for (size_t i = 0; i < r->steps.n; i++) pl_engine_trial_foresee(t, &r->steps.v[i]);
    for (size_t i = 0; i < r->steps.n; i++)
        pl_engine_trial_entry(t, &r->entries.v[i], &r->steps.v[i]);
    pl_engine_trial_last(t);
    pl_engine_trial_free(&t);
}

static void check(struct sim_play *p, struct stored *s, struct pl_engine_player *player,
                  struct record *r) {
    size_t at = 0;
    struct pl_engine_lane *lane = pl_engine_lane_new(player, p->world.conversation, NULL);
    enum pl_err err = pl_sim__record_read(s, p->world.conversation, r);
    if (err == PL_OK) err = pl_sim__record_play(r, lane, &at);
    if (err != PL_OK)
        pl_sim__fail(p, "its journal cannot be replayed: %s", pl_err_text(err));
    else if (at < r->entries.n)
        pl_sim__fail(p, "replayed, entry %llu comes out differently",
                     (unsigned long long)r->entries.v[at].n);
    else if (p->world.images.n == 1) /* nothing was reloaded */
        try_again(p, player, r);
    pl_engine_lane_free(&lane);
}

void pl_sim__replay_check(struct sim_play *p) {
    const struct sim_keys *keys = &p->project->keys;
    struct pl_engine_player_config config = {
        .shared = p->project->shared, .find_image = find_image, .find_ctx = &p->world};
    struct stored s = {.store = p->world.store};
    struct record r;
    struct pl_engine_player *player = pl_engine_player_new(&config);
    enum pl_err err = pl_journal_create(s.store, keys->keys, keys->master, &s.journal);
    pl_sim__record_init(&r);
    if (err != PL_OK || !player)
        pl_sim__fail(p, "its journal cannot be opened: %s", pl_err_text(err));
    else
        check(p, &s, player, &r);
    pl_sim__record_free(&r);
    pl_engine_player_free(&player);
    if (s.journal) pl_journal_destroy(&s.journal);
}
