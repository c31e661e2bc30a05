/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache of whole answers, by what was asked. In memory, and as rows of the store:
 *
 *   m k <digest>    one answer: when it came, how long it holds, whose it is, by whom, what
 *
 * A digest is of all that a model sees, of the models that may be asked, and of the conversation
 * when the prompt is personal: so what one customer's data made is found by nobody else.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/crypto/crypto.h"
#include "runtime/llm/llm_run_priv.h"

/* ---- what a model sees of a request ---- */

static void add(struct pl_sha *h, struct pl_str s) {
    uint64_t n = s.n;
    pl_sha_add(h, (struct pl_str){(const char *)&n, sizeof n});
    pl_sha_add(h, s);
}

static void add_number(struct pl_sha *h, uint64_t n) {
    pl_sha_add(h, (struct pl_str){(const char *)&n, sizeof n});
}

/* The ids of tool calls are a provider's, and say nothing. */
static void add_message(struct pl_sha *h, const struct pl_llm_message *m) {
    add_number(h, m->role);
    add(h, m->text);
    add_number(h, m->ncalls);
    for (size_t i = 0; i < m->ncalls; i++) {
        add(h, m->calls[i].name);
        add(h, m->calls[i].arguments);
    }
}

static void add_request(struct pl_sha *h, const struct pl_llm_request *r) {
    add(h, r->system);
    add(h, r->schema);
    add_number(h, r->nmessages);
    for (size_t i = 0; i < r->nmessages; i++) add_message(h, &r->messages[i]);
    add_number(h, r->ntools);
    for (size_t i = 0; i < r->ntools; i++) {
        add(h, r->tools[i].name);
        add(h, r->tools[i].about);
        add(h, r->tools[i].schema);
    }
    add_number(h, r->nembed);
    for (size_t i = 0; i < r->nembed; i++) add(h, r->embed[i]);
    if (r->nembed) add(h, r->embed_model);
}

uint64_t pl_llm_key(const struct pl_llm_request *request) {
    uint8_t digest[PL_HASH_SIZE];
    struct pl_sha *h = pl_sha_create();
    pl_assert(h);
    add_request(h, request);
    pl_sha_end(h, digest);
    pl_sha_destroy(&h);
    struct pl_reader r = pl_reader_of((struct pl_str){(const char *)digest, sizeof digest});
    return pl_read_u64(&r);
}

/* Models that may answer: another list of them, and nothing kept is found. */
static void chain_of(const struct pl_llm_models *m, uint8_t out[PL_HASH_SIZE]) {
    struct pl_sha *h = pl_sha_create();
    for (size_t i = 0; i < m->ntargets; i++) {
        const struct pl_llm_target *t = &m->targets[i];
        add(h, pl_str_c(t->name));
        add_number(h, t->dialect);
        add(h, pl_str_c(t->url));
        add(h, pl_str_c(t->model));
        add(h, pl_str_c(t->embed));
        add_number(h, (uint64_t)t->temperature << 1 | t->schema);
    }
    pl_sha_end(h, out);
    pl_sha_destroy(&h);
}

static void digest_of(const struct pl_llm__ask *ask, uint8_t out[PL_HASH_SIZE]) {
    const struct pl_llm_request *r = &ask->r;
    struct pl_sha *h = pl_sha_create();
    const uint8_t *chain = ask->llm->cache.chain;
    pl_sha_add(h, (struct pl_str){(const char *)chain, PL_HASH_SIZE});
    add(h, r->target);
    add_number(h, r->max_output);
    add_number(h, r->personal);
    if (r->personal)
        pl_sha_add(h, (struct pl_str){(const char *)r->conversation, sizeof r->conversation});
    add_request(h, r);
    pl_sha_end(h, out);
    pl_sha_destroy(&h);
}

/* ---- what is kept ---- */

enum {
    CACHE_VERSION = 1,
    MOST_ENTRIES = 4096,
    MOST_BYTES = 16 * 1024 * 1024,
    SWEEP_MS = 60 * 1000,
    KEY = 2 + PL_HASH_SIZE
};

struct pl_llm__kept {
    struct pl_llm__kept *prev, *next; /* used later, used earlier */
    char key[KEY];
    int64_t at_ms, until_ms;
    bool personal, vectors;
    uint8_t conversation[16];
    struct pl_str target, body; /* in bytes */
    size_t n;
    char bytes[]; /* the row's value */
};

static void unlink_kept(struct pl_llm__cache *c, struct pl_llm__kept *k) {
    *(k->prev ? &k->prev->next : &c->newest) = k->next;
    *(k->next ? &k->next->prev : &c->oldest) = k->prev;
}

static void link_newest(struct pl_llm__cache *c, struct pl_llm__kept *k) {
    k->prev = NULL;
    k->next = c->newest;
    *(c->newest ? &c->newest->prev : &c->oldest) = k;
    c->newest = k;
}

static void write_row(struct pl_llm *llm, const struct pl_llm__kept *k, struct pl_str value) {
    struct pl_store_row row = {{k->key, KEY}, value};
    /* When this fails the memory is right until the next start, and then it has expired or not. */
    if (llm->store) (void)pl_store_project(llm->store, &row, 1, NULL, 0);
}

static void drop(struct pl_llm *llm, struct pl_llm__kept *k) {
    struct pl_llm__cache *c = &llm->cache;
    write_row(llm, k, (struct pl_str){NULL, 0});
    unlink_kept(c, k);
    pl_map_del(&c->entries, (struct pl_str){k->key, KEY});
    c->bytes -= sizeof *k + k->n;
    free(k);
}

static void sweep(struct pl_timer *timer) {
    struct pl_llm *llm = timer->ctx;
    int64_t now = pl_llm__now_ms(llm);
    for (struct pl_llm__kept *k = llm->cache.oldest, *newer; k; k = newer) {
        newer = k->prev;
        if (k->until_ms <= now) drop(llm, k);
    }
    if (llm->cache.newest && !llm->stopping) pl_timer_start(llm->loop, &llm->cache.sweep, SWEEP_MS);
}

static bool parse(struct pl_llm__kept *k) {
    struct pl_reader r = pl_reader_of((struct pl_str){k->bytes, k->n});
    uint8_t version = pl_read_u8(&r), marks = pl_read_u8(&r);
    k->at_ms = pl_read_zig(&r);
    k->until_ms = pl_read_zig(&r);
    struct pl_str conversation = pl_read_bytes(&r, sizeof k->conversation);
    k->target = pl_read_text(&r);
    k->body = pl_read_text(&r);
    if (version != CACHE_VERSION || marks > 3 || r.bad || pl_read_left(&r)) return false;
    k->personal = marks & 1;
    k->vectors = marks & 2;
    memcpy(k->conversation, conversation.p, sizeof k->conversation);
    return k->vectors || pl_utf8_valid(k->body);
}

/* NULL: it is none. */
static struct pl_llm__kept *take_in(struct pl_llm *llm, struct pl_str key, struct pl_str value) {
    struct pl_llm__cache *c = &llm->cache;
    struct pl_llm__kept *k = calloc(1, sizeof *k + value.n);
    pl_assert(k && key.n == KEY);
    memcpy(k->key, key.p, KEY);
    memcpy(k->bytes, value.p, value.n);
    k->n = value.n;
    if (!parse(k)) {
        free(k);
        return NULL;
    }
    struct pl_llm__kept *before = pl_map_get(&c->entries, key);
    if (before) drop(llm, before);
    pl_map_put(&c->entries, (struct pl_str){k->key, KEY}, k);
    link_newest(c, k);
    c->bytes += sizeof *k + k->n;
    while (c->bytes > MOST_BYTES || c->entries.n > MOST_ENTRIES) drop(llm, c->oldest);
    if (!pl_timer_active(&c->sweep)) pl_timer_start(llm->loop, &c->sweep, SWEEP_MS);
    return k;
}

/* ---- open and close ---- */

/* What cannot be read is thrown away: it is only a cache. */
static void read_row(struct pl_llm *llm, const struct pl_store_row *row) {
    struct pl_store_row gone = {row->key, {NULL, 0}};
    struct pl_llm__kept *k =
        row->key.n == KEY && row->value.n ? take_in(llm, row->key, row->value) : NULL;
    if (!k)
        (void)pl_store_project(llm->store, &gone, 1, NULL, 0);
    else if (k->until_ms <= pl_llm__now_ms(llm))
        drop(llm, k);
}

void pl_llm__cache_open(struct pl_llm *llm) {
    struct pl_str from = PL_STR("mk");
    struct pl_store_row *rows;
    size_t n = 0;
    llm->cache.sweep = (struct pl_timer){.fn = sweep, .ctx = llm};
    chain_of(&llm->models, llm->cache.chain);
    do {
        char last[PL_STORE_KEY_MAX + 1];
        struct pl_arena a;
        pl_arena_init(&a, 0);
        n = 0;
        if (llm->store && pl_store_rows(llm->store, &a, PL_STR("mk"), from, 256, &rows, &n)) n = 0;
        for (size_t i = 0; i < n; i++) read_row(llm, &rows[i]);
        if (n) { /* the key after the last one */
            struct pl_str key = rows[n - 1].key;
            memcpy(last, key.p, key.n);
            last[key.n] = 0;
            from = (struct pl_str){last, key.n + 1};
        }
        pl_arena_free(&a);
    } while (n == 256);
}

void pl_llm__cache_close(struct pl_llm *llm) {
    struct pl_llm__cache *c = &llm->cache;
    pl_timer_stop(&c->sweep);
    for (struct pl_llm__kept *k = c->newest, *next; k; k = next) {
        next = k->next;
        free(k);
    }
    pl_map_free(&c->entries);
    *c = (struct pl_llm__cache){0};
}

/* ---- giving ---- */

/* How long an earlier answer holds for this ask; 0: none does. */
static int64_t holds_ms(const struct pl_llm__ask *ask) {
    int64_t set = ask->llm->models.cache;
    if (set == 0 || ask->r.cache_ms == PL_LLM_CACHE_AS_SET) return set;
    return ask->r.cache_ms > 0 ? ask->r.cache_ms : 0;
}

static struct pl_llm__target *target_named(struct pl_llm *llm, struct pl_str name) {
    for (size_t i = 0; i < llm->models.ntargets; i++)
        if (pl_str_is(name, llm->targets[i].conf->name)) return &llm->targets[i];
    return NULL;
}

/* index, count, and the numbers as they are in memory: another machine does not read them. */
static void tell_vectors(struct pl_llm__ask *ask, struct pl_str body) {
    struct pl_reader r = pl_reader_of(body);
    while (pl_read_left(&r)) {
        size_t index = (size_t)pl_read_var(&r), n = (size_t)pl_read_var(&r);
        struct pl_str bytes = pl_read_bytes(&r, n * sizeof(float));
        float *v = r.bad ? NULL : PL_NEW_ARRAY(&ask->arena, float, n + 1);
        if (!v) return;
        memcpy(v, bytes.p, bytes.n);
        pl_llm__tell(ask, (struct pl_llm_event){.kind = PL_LLM_VECTOR, .vector = {index, v, n}});
    }
}

bool pl_llm__cache_give(struct pl_llm__ask *ask) {
    struct pl_llm *llm = ask->llm;
    int64_t now = pl_llm__now_ms(llm), holds = holds_ms(ask);
    if (holds == 0) return false;
    uint8_t digest[PL_HASH_SIZE];
    digest_of(ask, digest);
    ask->key[0] = 'm';
    ask->key[1] = 'k';
    memcpy(ask->key + 2, digest, sizeof digest);
    ask->keeps_ms = holds;
    struct pl_llm__kept *k = pl_map_get(&llm->cache.entries, (struct pl_str){ask->key, KEY});
    if (!k) return false;
    if (k->until_ms <= now || k->at_ms > now) { /* the clock was set back */
        drop(llm, k);
        return false;
    }
    if (now - k->at_ms >= holds) return false; /* somebody else may find it young enough */
    unlink_kept(&llm->cache, k);
    link_newest(&llm->cache, k);
    ask->keeps_ms = 0;
    ask->attempts = 1;
    ask->target = target_named(llm, k->target);
    ask->first_us = pl_llm__now_us(llm);
    pl_llm__count(llm, PL_LLM_COUNT_cache_hits);
    if (k->vectors)
        tell_vectors(ask, k->body);
    else
        pl_llm__tell(ask, (struct pl_llm_event){.kind = PL_LLM_TEXT, .text = k->body});
    return true;
}

/* ---- keeping ---- */

void pl_llm__cache_hear(struct pl_llm__ask *ask, const struct pl_llm_event *e) {
    if (ask->keeps_ms == 0) return;
    switch (e->kind) {
    case PL_LLM_RESTART: pl_buf_clear(&ask->heard); break;
    case PL_LLM_TEXT: pl_buf_str(&ask->heard, e->text); break;
    case PL_LLM_VECTOR:
        pl_buf_var(&ask->heard, e->vector.index);
        pl_buf_var(&ask->heard, e->vector.n);
        pl_buf_add(&ask->heard, e->vector.v, e->vector.n * sizeof *e->vector.v);
        break;
    case PL_LLM_TOOL:
    case PL_LLM_REFUSAL: ask->keeps_ms = 0; break;
    default: break;
    }
    if (ask->heard.failed || ask->heard.n > PL_STORE_VALUE_MAX) ask->keeps_ms = 0;
    if (ask->keeps_ms == 0) pl_buf_free(&ask->heard);
}

void pl_llm__cache_keep(struct pl_llm__ask *ask) {
    struct pl_llm *llm = ask->llm;
    struct pl_buf b = {0};
    int64_t now = pl_llm__now_ms(llm);
    if (ask->keeps_ms == 0 || ask->heard.n == 0) return;
    pl_buf_byte(&b, CACHE_VERSION);
    pl_buf_byte(&b, (uint8_t)((ask->r.personal ? 1 : 0) | (ask->r.nembed ? 2 : 0)));
    pl_buf_zig(&b, now);
    pl_buf_zig(&b, now + ask->keeps_ms);
    pl_buf_add(&b, ask->r.conversation, sizeof ask->r.conversation);
    pl_buf_text(&b, pl_str_c(ask->target->conf->name));
    pl_buf_text(&b, pl_buf_slice(&ask->heard));
    if (!b.failed && b.n <= PL_STORE_VALUE_MAX) {
        struct pl_llm__kept *k = take_in(llm, (struct pl_str){ask->key, KEY}, pl_buf_slice(&b));
        if (k) write_row(llm, k, pl_buf_slice(&b));
        pl_llm__count(llm, PL_LLM_COUNT_cache_kept);
    }
    pl_buf_free(&b);
}

/* ---- forgetting ---- */

void pl_llm__cache_forget(struct pl_llm *llm, const uint8_t conversation[16]) {
    for (struct pl_llm__ask *ask = llm->asks; ask; ask = ask->next)
        if (memcmp(ask->r.conversation, conversation, 16) == 0) ask->keeps_ms = 0;
    for (struct pl_llm__kept *k = llm->cache.oldest, *newer; k; k = newer) {
        newer = k->prev;
        if (k->personal && memcmp(k->conversation, conversation, 16) == 0) drop(llm, k);
    }
}
