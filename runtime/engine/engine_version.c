/* SPDX-License-Identifier: Apache-2.0
 *
 * Several images beside each other: which is active, which are kept warm, which go.
 *
 *   warm (caller's thread opens, the engine takes it in) -> activate (its entry on disk, then one
 *   pointer) -> draining while it has users -> freed
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define UNUSED_MS   10000 /* an image without users is kept that long */
#define UNUSED_MOST 2     /* more than these not even ... */
#define CROWDED_MS  2000  /* ... that long */

const char *pl_engine_life_word(enum pl_engine_life life) {
    static const char *const words[] = {
#define LIFE(name, word, meaning) word,
#include "runtime/engine/life.def"
#undef LIFE
    };
    return words[life];
}

/* ---- errands ---- */

void pl_engine__errand_end(struct eng_errand *r, enum pl_err err) {
    pthread_mutex_lock(&r->lock);
    r->err = err;
    r->finished = true;
    pthread_cond_signal(&r->done);
    pthread_mutex_unlock(&r->lock);
}

static void errand_run(struct pl_post *p) {
    struct eng_errand *r = (struct eng_errand *)(void *)p;
    struct pl_engine *e = r->e;
    int64_t since = pl_engine__hold_begin(e);
    r->run(r); /* who waits may have gone with it */
    pl_engine__hold_end(e, since);
}

enum pl_err pl_engine__errand(struct pl_engine *e, struct eng_errand *r,
                              void (*run)(struct eng_errand *r)) {
    r->e = e;
    r->run = run;
    r->post.fn = errand_run;
    r->finished = false;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->done, NULL);
    pl_loop_post(e->loop, &r->post);
    if (e->own_loop) {
        pthread_mutex_lock(&r->lock);
        while (!r->finished) pthread_cond_wait(&r->done, &r->lock);
        pthread_mutex_unlock(&r->lock);
    } else {
        while (!r->finished) pl_loop_once(e->loop, 0);
    }
    pthread_cond_destroy(&r->done);
    pthread_mutex_destroy(&r->lock);
    return r->err;
}

/* ---- the active one ---- */

void pl_engine__make_active(struct pl_engine *e, struct eng_image *i) {
    struct eng_image *old = e->active;
    if (i == old) return;
    pl_engine__image_use(i);
    pthread_mutex_lock(&e->active_lock);
    e->active = i;
    pthread_mutex_unlock(&e->active_lock);
    i->held = false;
    pl_engine__life(e, i, PL_ENGINE_LIFE_ACTIVE);
    ENG_COUNT(e, RELOADS);
    if (old) pl_engine__life(e, old, PL_ENGINE_LIFE_DRAINING);
    if (old) pl_engine__image_leave(e, &old);
    pl_engine__lists_ask(e, i, true);
    pl_engine__canary_activated(e);
}

/* ---- warm ---- */

struct warming {
    struct eng_errand errand;
    struct eng_image *opened; /* NULL: it is there */
    const uint8_t *hash;
    bool here;
};

static void look_for(struct eng_errand *r) {
    struct warming *w = (struct warming *)(void *)r;
    struct eng_image *i = pl_engine__image_find(r->e, w->hash);
    w->here = i != NULL;
    if (i && i != r->e->active) i->held = true;
    pl_engine__errand_end(r, PL_OK);
}

static void take_in(struct eng_errand *r) {
    struct warming *w = (struct warming *)(void *)r;
    struct eng_image *i = pl_engine__image_take(r->e, w->opened);
    if (i != r->e->active) i->held = true;
    pl_engine__errand_end(r, PL_OK);
}

enum pl_err pl_engine_image_warm(struct pl_engine *e, struct pl_image *image) {
    struct warming w = {.hash = pl_image_hash(image)};
    pl_engine__errand(e, &w.errand, look_for);
    if (w.here) return PL_OK;
    enum pl_err err = pl_engine__image_open(e, image, &w.opened);
    return err == PL_OK ? pl_engine__errand(e, &w.errand, take_in) : err;
}

static void drop_image(struct eng_errand *r) {
    struct pl_engine *e = r->e;
    const struct warming *w = (struct warming *)(void *)r;
    struct eng_image *i = pl_engine__image_find(e, w->hash);
    bool busy = i && (i == e->active || i->users);
    if (i && !busy) pl_engine__image_remove(e, i);
    pl_engine__errand_end(r, busy ? PL_BUSY : PL_OK);
}

enum pl_err pl_engine_image_drop(struct pl_engine *e, const uint8_t hash[32]) {
    struct warming w = {.hash = hash};
    return pl_engine__errand(e, &w.errand, drop_image);
}

/* ---- which there are ---- */

struct listing {
    struct eng_errand errand;
    struct pl_engine_version *out;
    size_t n, most;
    const uint8_t *hash;
    struct pl_image *image;
};

static void list_images(struct eng_errand *r) {
    struct listing *l = (struct listing *)(void *)r;
    const struct pl_engine *e = r->e;
    if (e->shadow && l->n < l->most) pl_engine__shadow_list(e->shadow, &l->out[l->n++]);
    for (size_t k = 0; k < e->images.n && l->n < l->most; k++) {
        const struct eng_image *i = e->images.v[k];
        struct pl_engine_version *v = &l->out[l->n++];
        *v = (struct pl_engine_version){
            .life = i->life, .since_ms = i->since_ms, .users = i->users - (i == e->active)};
        memcpy(v->hash, pl_image_hash(i->image), sizeof v->hash);
    }
    pl_engine__errand_end(r, PL_OK);
}

size_t pl_engine_image_list(struct pl_engine *e, struct pl_engine_version *out, size_t most) {
    struct listing l = {.out = out, .most = most};
    pl_engine__errand(e, &l.errand, list_images);
    return l.n;
}

static void get_image(struct eng_errand *r) {
    struct listing *l = (struct listing *)(void *)r;
    struct eng_image *i = pl_engine__image_find(r->e, l->hash);
    if (i) l->image = pl_image_ref(i->image);
    pl_engine__errand_end(r, PL_OK);
}

struct pl_image *pl_engine_image_get(struct pl_engine *e, const uint8_t hash[32]) {
    struct listing l = {.hash = hash};
    pl_engine__errand(e, &l.errand, get_image);
    return l.image;
}

void pl_engine__images_sweep(struct pl_engine *e, int64_t now_ms) {
    struct eng_image *longest;
    if (!e->aside) return;
    int64_t since = pl_engine__hold_begin(e);
    for (;;) {
        size_t n = 0;
        longest = NULL;
        for (size_t k = 0; k < e->images.n; k++) {
            struct eng_image *i = e->images.v[k];
            if (i->users || i->held) continue;
            n++;
            if (!longest || i->unused_ms < longest->unused_ms) longest = i;
        }
        int64_t wait = n > UNUSED_MOST ? CROWDED_MS : UNUSED_MS;
        if (!longest || now_ms - longest->unused_ms < wait) break;
        pl_engine__image_remove(e, longest);
    }
    pl_engine__hold_end(e, since);
}

/* ---- activate ---- */

struct activation {
    struct eng_errand errand;
    const uint8_t *hash;
    struct eng_image *image; /* used while the append is under way */
    struct pl_journal_append append;
};

static void activation_durable(struct pl_journal_append *append) {
    struct activation *act = append->ctx;
    struct pl_engine *e = act->errand.e;
    const uint8_t system[16] = {0};
    struct pl_stream stream = pl_stream_of('s', system);
    int64_t since = pl_engine__hold_begin(e);
    if (append->store.err == PL_OK) {
        e->system_n++;
        pl_store_project(e->config.store, NULL, 0, &stream, e->system_n); /* nothing to reflect */
        pl_engine__make_active(e, act->image);
    }
    pl_engine__image_leave(e, &act->image);
    pl_engine__hold_end(e, since);
    pl_engine__errand_end(&act->errand, append->store.err);
}

static void activate(struct eng_errand *r) {
    struct activation *act = (struct activation *)(void *)r;
    struct pl_engine *e = r->e;
    const uint8_t system[16] = {0};
    struct pl_stream stream = pl_stream_of('s', system);
    struct pl_entry entry = {.kind = PL_ENTRY_IMAGE, .at_ms = eng_now(e)};
    act->image = pl_engine__image_find(e, act->hash);
    if (!act->image) { /* dropped meanwhile */
        pl_engine__errand_end(r, PL_NOT_FOUND);
        return;
    }
    pl_engine__image_use(act->image);
    memcpy(entry.image.hash, act->hash, sizeof entry.image.hash);
    pl_journal_begin_on(&act->append, &stream, e->system_n, NULL);
    act->append.ctx = act;
    enum pl_err err = pl_journal_add(e->journal, &act->append, &entry);
    if (err == PL_OK) err = pl_journal_send(e->journal, &act->append, &e->port, activation_durable);
    if (err == PL_OK) return;
    pl_engine__image_leave(e, &act->image);
    pl_engine__errand_end(r, err);
}

enum pl_err pl_engine_activate(struct pl_engine *e, struct pl_image *image) {
    struct activation act = {.hash = pl_image_hash(image)};
    enum pl_err err = pl_engine_image_warm(e, image);
    if (err == PL_OK) err = pl_engine__errand(e, &act.errand, activate);
    pl_journal_append_free(&act.append);
    return err;
}
