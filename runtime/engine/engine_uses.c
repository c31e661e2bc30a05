/* SPDX-License-Identifier: Apache-2.0
 *
 * Which images conversations stand on and which their entries name: a row for each pair, written
 * with the conversation's snapshot, gone when it is erased.
 *
 *   row key:  'i' | first 8 bytes of the image's hash | conversation (16)      value: enum eng_ref
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define ROW_KEY   25
#define ROWS_PAGE 1000

static struct pl_str row_key(struct pl_arena *a, const uint8_t image[8], const uint8_t id[16]) {
    char *p = pl_arena_alloc(a, ROW_KEY);
    p[0] = 'i';
    memcpy(p + 1, image, 8);
    memcpy(p + 9, id, 16);
    return (struct pl_str){p, ROW_KEY};
}

void pl_engine__uses(struct eng_conv *c) {
    if (c->named.n && c->named.v[c->named.n - 1] == c->image) return;
    for (size_t i = 0; i < c->named.n; i++)
        if (c->named.v[i] == c->image) return;
    pl_engine__image_use(c->image);
    PL_PUSH(&c->named, c->image);
}

static enum eng_ref ref_now(const struct eng_conv *c) {
    return c->in_flow ? ENG_REF_FLOW : ENG_REF_ENTRIES;
}

static void add_row(struct eng_conv *c, struct pl_arena *a, const uint8_t image[8],
                    enum eng_ref ref, struct pl_store_row *row) {
    char *value = pl_arena_alloc(a, 1);
    value[0] = (char)ref;
    *row = (struct pl_store_row){row_key(a, image, c->id), {value, 1}};
}

size_t pl_engine__uses_rows(struct eng_conv *c, struct pl_arena *a, struct pl_store_row *rows) {
    const uint8_t *now = pl_image_hash(c->image->image);
    bool same = memcmp(c->ref_image, now, 8) == 0;
    size_t n = 0;
    if (c->ref && same && c->ref == ref_now(c) && !c->named.n) return 0;
    if (c->ref && !same) add_row(c, a, c->ref_image, ENG_REF_ENTRIES, &rows[n++]);
    for (size_t i = 0; i < c->named.n; i++) {
        if (c->named.v[i] == c->image) continue;
        add_row(c, a, pl_image_hash(c->named.v[i]->image), ENG_REF_ENTRIES, &rows[n++]);
        if (n + 1 < ENG_REF_ROWS) continue;
        pl_store_project(c->e->config.store, rows, n, NULL, 0); /* more than ever: these go ahead */
        n = 0;
    }
    if (!c->ref || !same || c->ref != ref_now(c)) add_row(c, a, now, ref_now(c), &rows[n++]);
    return n;
}

void pl_engine__uses_written(struct pl_engine *e, struct eng_conv *c) {
    memcpy(c->ref_image, pl_image_hash(c->image->image), sizeof c->ref_image);
    c->ref = (uint8_t)ref_now(c);
    while (c->named.n) pl_engine__image_leave(e, &c->named.v[--c->named.n]);
}

/* ---- looking through them ---- */

/* The first image that has a row at or behind this place; false: there is none. */
static bool next_image(struct pl_store *s, struct pl_arena *a, uint8_t image[8]) {
    static const uint8_t least[16];
    struct pl_store_row *rows;
    size_t n = 0;
    if (pl_store_rows(s, a, PL_STR("i"), row_key(a, image, least), 1, &rows, &n) != PL_OK || !n ||
        rows[0].key.n != ROW_KEY)
        return false;
    memcpy(image, rows[0].key.p + 1, 8);
    return true;
}

static bool step_on(uint8_t *p, size_t n) {
    while (n > 0)
        if (++p[--n]) return true;
    return false;
}

void pl_engine__uses_drop(struct pl_engine *e, const uint8_t id[16]) {
    uint8_t image[8] = {0};
    struct pl_arena a;
    bool more = true;
    pl_arena_init(&a, 0);
    while (more && next_image(e->config.store, &a, image)) {
        struct pl_store_row row = {.key = row_key(&a, image, id)};
        struct pl_str value;
        if (pl_store_load(e->config.store, &a, row.key, &value) == PL_OK)
            pl_store_project(e->config.store, &row, 1, NULL, 0);
        more = step_on(image, sizeof image);
        pl_arena_reset(&a);
    }
    pl_arena_free(&a);
}

/* Calls fn for every row of the image. */
static enum pl_err each(struct pl_store *s, const uint8_t image[8],
                        bool (*fn)(void *ctx, const uint8_t id[16], enum eng_ref ref), void *ctx) {
    char place[ROW_KEY + 1] = {'i'};
    struct pl_str from = {place, ROW_KEY};
    struct pl_arena a;
    enum pl_err err = PL_OK;
    size_t n = ROWS_PAGE;
    memcpy(place + 1, image, 8);
    pl_arena_init(&a, 0);
    while (err == PL_OK && n == ROWS_PAGE) {
        struct pl_store_row *rows;
        err = pl_store_rows(s, &a, (struct pl_str){place, 9}, from, ROWS_PAGE, &rows, &n);
        for (size_t i = 0; err == PL_OK && i < n; i++) {
            if (rows[i].key.n != ROW_KEY || rows[i].value.n != 1) continue;
            memcpy(place, rows[i].key.p, ROW_KEY);
            if (!fn(ctx, (const uint8_t *)place + 9, (enum eng_ref)rows[i].value.p[0])) n = 0;
        }
        from.n = ROW_KEY + 1; /* behind the last one: its key and a zero */
        pl_arena_reset(&a);
    }
    pl_arena_free(&a);
    return err;
}

static bool count_row(void *ctx, const uint8_t id[16], enum eng_ref ref) {
    struct pl_engine_uses *u = ctx;
    (void)id;
    u->entries++;
    u->flows += ref == ENG_REF_FLOW;
    return true;
}

enum pl_err pl_engine_image_uses(struct pl_store *store, const uint8_t hash[32],
                                 struct pl_engine_uses *out) {
    *out = (struct pl_engine_uses){0};
    return each(store, hash, count_row, out);
}

/* ---- what a new image would do to the conversations ---- */

struct preview {
    struct eng_errand errand;
    struct pl_image *to;
    struct pl_engine_preview *out;
    void (*lost)(void *ctx, const struct pl_engine_lost *l);
    void *ctx;
    size_t at;          /* of the map */
    struct pl_map seen; /* by 16 id bytes, which are malloc'd */
    struct pl_engine_player *player;
    bool over;
};

static void tell(struct preview *v, const struct pl_image *from, const uint8_t id[16],
                 const struct pl_vm_moving *m) {
    const struct pl_program *p = pl_image_program(from);
    struct pl_engine_lost l = {.image = pl_image_hash(from)};
    v->out->live++;
    if (m->how == PL_VM_MOVES_STANDS) v->out->moved++;
    if (m->how == PL_VM_MOVES_ASKS) v->out->asked++;
    if (m->how == PL_VM_MOVES_STAYS) v->out->stayed++;
    if (m->how != PL_VM_MOVES_LOST) return;
    v->out->lost++;
    memcpy(l.conversation, id, sizeof l.conversation);
    if (m->flow < p->nflows) l.flow = p->flows[m->flow].name;
    if (m->wait < p->nwaits) l.at = p->waits[m->wait].id;
    v->lost(v->ctx, &l);
}

static void judge(struct preview *v, struct pl_engine *e, const struct eng_conv *c) {
    struct pl_vm_moving m = {.how = PL_VM_MOVES_STAYS};
    struct pl_arena a;
    pl_arena_init(&a, 0);
    enum pl_err err = PL_OK;
    if (memcmp(pl_image_hash(c->image->image), pl_image_hash(v->to), 32) == 0)
        m.how = PL_VM_MOVES_STANDS;
    else if (!c->effects.n)
        err = pl_vm_moving(e->vm, c->image->image, pl_buf_slice(&c->state), v->to, &a, &m);
    if (err == PL_OK) tell(v, c->image->image, c->id, &m);
    pl_arena_free(&a);
}

#define SLICE_NS 1500000 /* of the engine's thread at once */
#define SLICE    64      /* ... or, without a watch, so many */

/* A slice of those in memory. */
static void in_memory(struct eng_errand *r) {
    struct preview *v = (struct preview *)(void *)r;
    struct pl_engine *e = r->e;
    int64_t since = pl_engine__hold_begin(e);
    struct pl_str key;
    void *value;
    for (int n = 0; n < SLICE || (e->config.stopwatch && e->config.stopwatch() - since < SLICE_NS);
         n++) {
        if (!pl_map_next(&e->convs, &v->at, &key, &value)) {
            v->over = true;
            break;
        }
        struct eng_conv *c = value;
        if (pl_map_get(&v->seen, (struct pl_str){(const char *)c->id, 16})) continue;
        uint8_t *id = malloc(sizeof c->id);
        pl_assert(id);
        memcpy(id, c->id, sizeof c->id);
        pl_map_put(&v->seen, (struct pl_str){(const char *)id, 16}, id);
        if (c->in_flow) judge(v, e, c);
    }
    pl_engine__errand_end(r, PL_OK);
}

static void judge_stored(void *ctx, struct pl_engine *e, const struct eng_conv *c) {
    judge(ctx, e, c);
}

/* Those that are stored alone, as of their snapshot. */
static bool stored(void *ctx, const uint8_t id[16], enum eng_ref ref) {
    struct preview *v = ctx;
    struct pl_engine *e = v->errand.e;
    struct pl_arena a;
    struct pl_conv conv;
    struct pl_snapshot snap = {0};
    if (ref != ENG_REF_FLOW || pl_map_get(&v->seen, (struct pl_str){(const char *)id, 16}))
        return true;
    pl_arena_init(&a, 0);
    pthread_mutex_lock(&e->api_lock);
    enum pl_err err = pl_snapshot_load(e->api, id, &a, &conv, &snap);
    pthread_mutex_unlock(&e->api_lock);
    if (err == PL_OK && snap.n) pl_engine__player_peek(v->player, id, &snap, judge_stored, v);
    if (err == PL_OK) pl_conv_wipe(&conv);
    pl_arena_free(&a);
    return true;
}

enum pl_err pl_engine_preview(struct pl_engine *e, struct pl_image *to,
                              struct pl_engine_preview *out,
                              void (*lost)(void *ctx, const struct pl_engine_lost *l), void *ctx) {
    const struct pl_engine_player_config config = {.find_image = e->config.find_image,
                                                   .find_ctx = e->config.find_ctx};
    struct preview v = {.to = to, .out = out, .lost = lost, .ctx = ctx};
    uint8_t image[8] = {0};
    struct pl_arena a;
    *out = (struct pl_engine_preview){0};
    v.player = pl_engine_player_new(&config);
    if (!v.player) return PL_NOMEM;
    while (!v.over) pl_engine__errand(e, &v.errand, in_memory);
    enum pl_err err = PL_OK;
    pl_arena_init(&a, 0);
    bool more = true;
    while (err == PL_OK && more && next_image(e->config.store, &a, image)) {
        err = each(e->config.store, image, stored, &v);
        more = step_on(image, sizeof image);
        pl_arena_reset(&a);
    }
    pl_arena_free(&a);
    pl_engine_player_free(&v.player);
    struct pl_str key;
    void *id;
    for (size_t at = 0; pl_map_next(&v.seen, &at, &key, &id);) free(id);
    pl_map_free(&v.seen);
    return err;
}
