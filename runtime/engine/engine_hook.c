/* SPDX-License-Identifier: Apache-2.0
 *
 * Hook calls of conversations: keys, the cache of reads, writes asked for again until definite.
 *
 *   write once:  asked -> definite                     -> the flow goes on
 *                asked -> unconfirmed (the flow hears it) -> asked again ... -> definite -> told
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_MOST     4096
#define TYPES_DEEP     16
#define AGAIN_FIRST_MS 500
#define AGAIN_MOST_MS  60000

struct pl_value *pl_engine__args(struct pl_arena *a, const struct pl_buf *b, uint32_t n) {
    struct pl_reader r = pl_reader_of(pl_buf_slice(b));
    struct pl_value *v = PL_NEW_ARRAY(a, struct pl_value, n + 1);
    for (uint32_t i = 0; i < n; i++) v[i] = pl_value_read(&r, a);
    return v;
}

/* ---- the cache of reads, per arguments ---- */

static bool is_cacheable(const struct pl_p_hook *h) {
    if (h->cache_ms == 0 || h->effect == PL_CLASS_WRITE_ONCE) return false;
    for (uint32_t i = 0; i < h->nparams; i++)
        if (h->params[i].type.quals) return false; /* a customer's own data is never shared */
    return true;
}

static bool is_personal(const struct pl_types *types, struct pl_type t, int depth) {
    if (t.quals || depth == TYPES_DEEP) return true;
    if (t.kind == PL_KIND_LIST) return is_personal(types, types->types[t.def], depth + 1);
    if (t.kind != PL_KIND_RECORD) return false;
    const struct pl_typedef *d = &types->defs[t.def];
    for (uint32_t i = 0; i < d->nfields; i++)
        if (is_personal(types, d->fields[i].type, depth + 1)) return true;
    return false;
}

/* What comes back of a customer's own data is kept for his conversation alone. */
static struct pl_str cache_key(struct pl_engine *e, const struct eng_conv *c,
                               const struct eng_effect *fx) {
    const struct pl_program *p = pl_image_program(fx->image->image);
    pl_buf_clear(&e->buf2);
    if (is_personal(&p->types, p->hooks[fx->hook].result, 0)) pl_buf_add(&e->buf2, c->id, 16);
    pl_buf_add(&e->buf2, pl_image_hash(fx->image->image), 8);
    pl_buf_u32(&e->buf2, fx->hook);
    pl_buf_str(&e->buf2, pl_buf_slice(&fx->args));
    return pl_buf_slice(&e->buf2);
}

static void cache_drop(struct pl_engine *e, struct eng_cached *k) {
    pl_map_del(&e->cache, k->key);
    free((char *)(uintptr_t)k->key.p);
    free(k);
}

void pl_engine__cache_free(struct pl_engine *e) {
    size_t at = 0;
    struct pl_str key;
    void *value;
    while (pl_map_next(&e->cache, &at, &key, &value)) {
        struct eng_cached *k = value;
        free((char *)(uintptr_t)k->key.p);
        free(k);
    }
    pl_map_free(&e->cache);
}

static void cache_put(struct pl_engine *e, const struct eng_conv *c, const struct eng_effect *fx,
                      uint64_t asked, struct pl_str value) {
    const struct pl_p_hook *h = &pl_image_program(fx->image->image)->hooks[fx->hook];
    if (!is_cacheable(h)) return;
    struct pl_str key = cache_key(e, c, fx);
    struct eng_cached *old = pl_map_get(&e->cache, key);
    if (old) cache_drop(e, old);
    if (e->cache.n >= CACHE_MOST) pl_engine__cache_free(e); /* rare: it fills again at once */
    struct eng_cached *k = malloc(sizeof *k);
    char *p = malloc(key.n + value.n + 1);
    pl_assert(k && p);
    memcpy(p, key.p, key.n);
    if (value.n) memcpy(p + key.n, value.p, value.n);
    *k = (struct eng_cached){{p, key.n}, {p + key.n, value.n}, eng_ticks(e) + h->cache_ms, asked};
    pl_map_put(&e->cache, k->key, k);
}

/* What was asked before a write of this conversation came back may not know of it. */
static const struct eng_cached *cache_get(struct pl_engine *e, const struct eng_conv *c,
                                          const struct eng_effect *fx) {
    const struct pl_p_hook *h = &pl_image_program(fx->image->image)->hooks[fx->hook];
    if (!is_cacheable(h)) return NULL;
    struct eng_cached *k = pl_map_get(&e->cache, cache_key(e, c, fx));
    if (!k) return NULL;
    if (k->until_ms > eng_ticks(e)) return k->asked > c->wrote ? k : NULL;
    cache_drop(e, k);
    return NULL;
}

/* ---- calls ---- */

struct caller {
    uint8_t conversation[16];
    uint64_t effect, number;
};

/* One call of a hook. Conversations that ask the same of a cached read while it is under way wait
 * for it: after a reload, when nothing is kept yet, the shop hears one question and not a thousand.
 */
struct eng_flight {
    struct pl_engine *e;
    uint64_t number;   /* of the call, as the hooks gave it */
    uint64_t asked;    /* its own number */
    struct pl_str key; /* owned; empty: not shared */
    PL_VEC(struct caller) callers;
};

static struct eng_input *outcome_input(struct pl_engine *e, uint64_t effect,
                                       enum pl_engine_outcome outcome, struct pl_str value,
                                       struct pl_str failure) {
    struct eng_input *in = pl_engine__input_new(e, ENG_HOOK, value, failure, PL_STR(""));
    in->effect = effect;
    in->outcome = (uint8_t)outcome;
    return in;
}

/* Its effect, when the conversation still waits for this call. One that was loaded anew may have
 * given the effect's number to another call. */
static struct eng_effect *waiting(struct eng_conv *c, const struct caller *k) {
    struct eng_effect *fx = c ? pl_engine__effect(c, k->effect) : NULL;
    return fx && fx->flying && fx->call_number == k->number ? fx : NULL;
}

static void flight_free(struct eng_flight *f) {
    free((char *)(uintptr_t)f->key.p);
    PL_VEC_FREE(&f->callers);
    free(f);
}

/* A value that no entry could hold is as good as none; what a write has done is then not known. */
static enum pl_engine_outcome too_long(struct pl_engine *e, const struct eng_effect *fx, size_t n) {
    struct pl_str name = pl_image_program(fx->image->image)->hooks[fx->hook].name;
    if (e->config.log)
        pl_log(e->config.log, PL_LOG_WARN, "engine", "hook_value_too_long", "hook=%.*s bytes=%zu",
               PL_STR_ARG(name), n);
    return fx->effect_class == PL_CLASS_WRITE_ONCE ? PL_OUTCOME_UNCONFIRMED
                                                   : PL_OUTCOME_UNAVAILABLE;
}

static void hook_came(void *ctx, enum pl_engine_outcome outcome, struct pl_str value,
                      struct pl_str failure) {
    struct eng_flight *f = ctx;
    struct pl_engine *e = f->e;
    if (f->key.n) pl_map_del(&e->flights, f->key);
    bool kept = outcome != PL_OUTCOME_OK;
    for (size_t i = 0; i < f->callers.n; i++) {
        const struct caller *k = &f->callers.v[i];
        struct eng_conv *c = pl_engine__conv_find(e, k->conversation);
        struct eng_effect *fx = waiting(c, k);
        if (c && c->flying) c->flying--;
        if (!fx) continue;
        fx->flying = false;
        fx->flight = NULL;
        if (outcome == PL_OUTCOME_OK && value.n > PL_ENGINE_VALUE_MOST) {
            outcome = too_long(e, fx, value.n);
            value = PL_STR("");
            kept = true;
        }
        if (fx->effect_class == PL_CLASS_WRITE_ONCE) c->wrote = e->calls;
        if (!kept) cache_put(e, c, fx, f->asked, value);
        kept = true;
        pl_engine__input(e, c, outcome_input(e, k->effect, outcome, value, failure));
    }
    flight_free(f);
}

static void board(struct eng_flight *f, struct eng_conv *c, struct eng_effect *fx) {
    struct caller k = {.effect = fx->effect, .number = fx->call_number};
    memcpy(k.conversation, c->id, 16);
    PL_PUSH(&f->callers, k);
    c->flying++;
}

/* The flight that already asks this, or a new one. */
static struct eng_flight *flight_of(struct pl_engine *e, const struct eng_conv *c,
                                    const struct eng_effect *fx) {
    bool shared = is_cacheable(&pl_image_program(fx->image->image)->hooks[fx->hook]);
    struct pl_str key = shared ? cache_key(e, c, fx) : (struct pl_str){0};
    struct eng_flight *f = shared ? pl_map_get(&e->flights, key) : NULL;
    if (f && f->asked > c->wrote) return f;
    shared = shared && !f;
    f = calloc(1, sizeof *f);
    pl_assert(f);
    f->e = e;
    f->asked = fx->call_number;
    if (!shared) return f;
    char *p = malloc(key.n);
    pl_assert(p);
    memcpy(p, key.p, key.n);
    f->key = (struct pl_str){p, key.n};
    pl_map_put(&e->flights, f->key, f);
    return f;
}

/* The same for every attempt: conversation, flow run, call site, arguments. */
static void idempotency_key(const struct eng_conv *c, const struct eng_effect *fx,
                            char out[ENG_KEY]) {
    char id[33];
    pl_hex(c->id, 16, id);
    const struct pl_program *p = pl_image_program(fx->image->image);
    uint64_t hash = pl_fnv(PL_FNV, fx->args.p, fx->args.n);
    struct pl_str site = p->calls[fx->call].id;
    hash = pl_fnv(hash, site.p, site.n);
    snprintf(out, ENG_KEY, "%s-%llu-%016llx", id, (unsigned long long)fx->run,
             (unsigned long long)hash);
}

void pl_engine__hook_start(struct pl_engine *e, struct eng_conv *c, struct eng_effect *fx) {
    const struct pl_p_hook *h = &pl_image_program(fx->image->image)->hooks[fx->hook];
    const struct eng_cached *k = cache_get(e, c, fx);
    char key[ENG_KEY] = "";
    if (fx->flying || !e->config.hooks.call) return;
    fx->flying = true;
    fx->again_ms = 0;
    if (k) {
        ENG_COUNT(e, HOOKS_CACHED);
        pl_engine__input_first(c,
                               outcome_input(e, fx->effect, PL_OUTCOME_OK, k->value, PL_STR("")));
        return;
    }
    fx->call_number = ++e->calls;
    fx->attempts++;
    struct eng_flight *flight = flight_of(e, c, fx);
    board(flight, c, fx);
    fx->flight = flight;
    if (flight->callers.n > 1) {
        ENG_COUNT(e, HOOKS_SHARED);
        return;
    }
    struct pl_arena a;
    pl_arena_init(&a, 0);
    if (fx->effect_class == PL_CLASS_WRITE_ONCE) idempotency_key(c, fx, key);
    struct pl_engine_call out = {.image = fx->image->image,
                                 .hook = fx->hook,
                                 .args = pl_engine__args(&a, &fx->args, fx->nargs),
                                 .nargs = fx->nargs,
                                 .key = pl_str_c(key),
                                 .deadline_ms = h->within_ms,
                                 .loop = e->loop,
                                 .done = hook_came,
                                 .ctx = flight};
    ENG_COUNT(e, HOOKS);
    pl_engine__trace(e, "hook %.*s%s%s", PL_STR_ARG(h->name), key[0] ? " key " : "", key);
    flight->number = e->config.hooks.call(e->config.hooks.ctx, &out);
    pl_arena_free(&a);
}

void pl_engine__hook_cancel(struct pl_engine *e, const struct eng_effect *fx) {
    const struct eng_flight *f = fx->flying ? fx->flight : NULL;
    if (!f || fx->effect_class == PL_CLASS_WRITE_ONCE || !e->config.hooks.cancel) return;
    for (size_t i = 0; i < f->callers.n; i++) {
        const struct caller *k = &f->callers.v[i];
        const struct eng_effect *other = waiting(pl_engine__conv_find(e, k->conversation), k);
        if (other && other != fx) return;
    }
    e->config.hooks.cancel(e->config.hooks.ctx, f->number);
}

/* Half a second, then twice as long each time, with a jitter of a quarter. */
static int64_t backoff(struct pl_engine *e, uint32_t attempts) {
    int64_t ms = AGAIN_FIRST_MS;
    for (uint32_t i = 1; i < attempts && ms < AGAIN_MOST_MS; i++) ms *= 2;
    if (ms > AGAIN_MOST_MS) ms = AGAIN_MOST_MS;
    return ms + (int64_t)pl_rand_below(&e->rand, (uint64_t)ms / 4);
}

int64_t pl_engine__hooks_again(struct pl_engine *e, struct eng_conv *c, int64_t now_ms) {
    int64_t next = 0;
    for (size_t i = 0; i < c->effects.n; i++) {
        struct eng_effect *fx = c->effects.v[i];
        if (!fx->told || fx->flying) continue;
        if (fx->again_ms == 0) fx->again_ms = now_ms + backoff(e, fx->attempts);
        if (fx->again_ms <= now_ms) {
            ENG_COUNT(e, RETRIES);
            pl_engine__hook_start(e, c, fx);
        } else if (next == 0 || fx->again_ms < next) {
            next = fx->again_ms;
        }
    }
    return next;
}
