/* SPDX-License-Identifier: Apache-2.0
 *
 * A canary: a share of the new conversations runs on another image than the active one, and all of
 * it is taken back when a guard says that it does worse.
 *
 *   begun -> counted, conversation by conversation as they leave memory -> activated | ended |
 *   rolled back by itself
 *
 * Truth is the system stream (CONFIG "canary": what became of it); the sums are a state row, which
 * a restart goes on from.
 */
#include "runtime/engine/engine_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROW         "x/canary"
#define ROW_VERSION 1
#define NAME        "canary"

struct eng_canary {
    struct eng_image *image; /* NULL: none runs */
    uint8_t hash[32];        /* of the one that runs, or ran last; known: */
    bool known, dirty;
    uint32_t share, guards, nguards;
    int64_t since_ms, ended_ms;
    struct eng_guard guard[PL_ENGINE_GUARDS];
    char end[32]; /* what became of it; empty while it runs */
    /* what is to be written to the system stream */
    struct pl_buf text;
    struct pl_journal_append append;
    bool appending, unwritten;
    struct eng_errand *waits; /* for it, or NULL */
};

static const char *const guards[] = {
#define GUARD(name, word, meaning) word,
#include "runtime/engine/guard.def"
#undef GUARD
};

const char *pl_engine_guard_word(enum pl_engine_guard g) {
    return guards[g];
}

/* ---- which conversations ---- */

bool pl_engine__in_share(const uint8_t id[16], uint32_t share, const char *salt) {
    uint64_t h = pl_fnv(pl_fnv(PL_FNV, salt, strlen(salt)), id, 16);
    h ^= h >> 29; /* the low digits of FNV alone are not even */
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    h ^= h >> 32;
    return h % 10000 < share;
}

struct eng_image *pl_engine__home(const struct pl_engine *e, const struct eng_conv *c) {
    const struct eng_canary *k = e->canary;
    bool canary =
        k && k->image && c->started_ms >= k->since_ms && pl_engine__in_share(c->id, k->share, NAME);
    return canary ? k->image : e->active;
}

/* ---- what is seen of them ---- */

void pl_engine__canary_step(struct eng_conv *c, const struct pl_vm_event *event,
                            const struct pl_vm_result *r) {
    for (uint32_t i = 0; i < r->neffects; i++)
        if (r->effects[i].kind == PL_EFFECT_HANDOFF) c->bad |= 1u << PL_ENGINE_GUARD_HANDOFF;
    if (event->kind != PL_EVENT_MESSAGE) return;
    c->spoke = true;
    if (r->view.failures) c->bad |= 1u << PL_ENGINE_GUARD_REPAIR;
}

static void decide(struct pl_engine *e, const char *end);

static void judge(struct pl_engine *e) {
    struct eng_canary *k = e->canary;
    for (int g = 0; g < PL_ENGINE_GUARDS && k->image; g++) {
        char end[32];
        if (!(k->guards >> g & 1) || !pl_engine__guard_worse(&k->guard[g], k->nguards)) continue;
        snprintf(end, sizeof end, "rolled back: %s", guards[g]);
        ENG_COUNT(e, CANARIES_BACK);
        decide(e, end);
    }
}

/* Once for each conversation: it was seen from its beginning, and its customer is gone. */
void pl_engine__canary_left(struct pl_engine *e, struct eng_conv *c) {
    struct eng_canary *k = e->canary;
    if (!k || !k->image || !c->whole || c->counted || !c->spoke || c->started_ms < k->since_ms)
        return;
    c->counted = true;
    bool open = c->mode == PL_VM_ASKING && c->with == PL_WITH_BOT;
    if (open) c->bad |= 1u << PL_ENGINE_GUARD_ABANDON;
    bool canary = pl_engine__in_share(c->id, k->share, NAME);
    for (int g = 0; g < PL_ENGINE_GUARDS; g++)
        pl_engine__guard_seen(&k->guard[g], canary, c->bad >> g & 1,
                              pl_engine__guard_block(k->share));
    k->dirty = true;
    judge(e);
}

/* ---- on disk ---- */

static void write_sum(struct pl_buf *b, const struct eng_guard_sum *s) {
    pl_buf_var(b, s->n);
    pl_buf_var(b, s->bad);
}

static void read_sum(struct pl_reader *r, struct eng_guard_sum *s) {
    s->n = pl_read_var(r);
    s->bad = pl_read_var(r);
}

static void write_row(struct pl_buf *b, const struct eng_canary *k) {
    pl_buf_byte(b, ROW_VERSION);
    pl_buf_zig(b, k->since_ms);
    for (int g = 0; g < PL_ENGINE_GUARDS; g++) {
        const struct eng_guard *v = &k->guard[g];
        uint64_t bits;
        memcpy(&bits, &v->evidence, sizeof bits);
        for (int arm = 0; arm < 2; arm++) write_sum(b, &v->seen[arm]);
        for (int arm = 0; arm < 2; arm++) write_sum(b, &v->tested[arm]);
        pl_buf_u64(b, bits);
        pl_buf_u64(b, v->waiting);
        pl_buf_var(b, v->nwaiting);
        pl_buf_var(b, v->block);
        pl_buf_var(b, v->block_bad);
    }
}

/* False: it is another canary's, or none. */
static bool read_row(struct pl_str bytes, struct eng_canary *k) {
    struct pl_reader r = pl_reader_of(bytes);
    if (pl_read_u8(&r) != ROW_VERSION || pl_read_zig(&r) != k->since_ms) return false;
    for (int g = 0; g < PL_ENGINE_GUARDS; g++) {
        struct eng_guard *v = &k->guard[g];
        for (int arm = 0; arm < 2; arm++) read_sum(&r, &v->seen[arm]);
        for (int arm = 0; arm < 2; arm++) read_sum(&r, &v->tested[arm]);
        uint64_t bits = pl_read_u64(&r);
        memcpy(&v->evidence, &bits, sizeof bits);
        v->waiting = pl_read_u64(&r);
        v->nwaiting = (uint32_t)pl_read_var(&r);
        v->block = (uint32_t)pl_read_var(&r);
        v->block_bad = (uint32_t)pl_read_var(&r);
        if (v->nwaiting > 64 || v->block > 64 || v->block_bad > v->block) r.bad = true;
        if (!isfinite(v->evidence)) r.bad = true;
    }
    return !r.bad;
}

/* What became of it, as a text of the system stream: "HASH SHARE GUARDS SINCE END". */
static void write_text(struct pl_buf *b, const struct eng_canary *k) {
    char hex[65];
    pl_hex(k->hash, sizeof k->hash, hex);
    pl_buf_clear(b);
    pl_buf_printf(b, "%s %u %u %lld %lld %s", hex, k->share, k->guards, (long long)k->since_ms,
                  (long long)k->ended_ms, k->end);
}

static void appended(struct pl_journal_append *append);

static void append_text(struct pl_engine *e) {
    struct eng_canary *k = e->canary;
    const uint8_t system[16] = {0};
    struct pl_stream stream = pl_stream_of('s', system);
    struct pl_entry entry = {.kind = PL_ENTRY_CONFIG, .at_ms = eng_now(e)};
    if (k->appending || !k->unwritten) return;
    write_text(&k->text, k);
    entry.config.name = PL_STR(NAME);
    entry.config.value = pl_buf_slice(&k->text);
    pl_journal_begin_on(&k->append, &stream, e->system_n, NULL);
    k->append.ctx = e;
    enum pl_err err = pl_journal_add(e->journal, &k->append, &entry);
    k->appending = true;
    k->unwritten = false;
    if (err == PL_OK) err = pl_journal_send(e->journal, &k->append, &e->port, appended);
    if (err == PL_OK) return;
    k->append.store.err = err;
    appended(&k->append);
}

static void appended(struct pl_journal_append *append) {
    struct pl_engine *e = append->ctx;
    struct eng_canary *k = e->canary;
    const uint8_t system[16] = {0};
    struct pl_stream stream = pl_stream_of('s', system);
    enum pl_err err = append->store.err;
    k->appending = false;
    if (err == PL_OK) {
        e->system_n++;
        pl_store_project(e->config.store, NULL, 0, &stream, e->system_n);
    } else if (!k->waits) {
        k->unwritten = true; /* a tick tries it again */
    }
    struct eng_errand *waits = k->waits;
    k->waits = NULL;
    if (waits) pl_engine__errand_end(waits, err);
}

void pl_engine__canary_tick(struct pl_engine *e) {
    struct eng_canary *k = e->canary;
    struct pl_buf b = {0};
    if (!k) return;
    append_text(e);
    if (!k->dirty) return;
    write_row(&b, k);
    struct pl_store_row row = {.key = PL_STR(ROW), .value = pl_buf_slice(&b)};
    if (pl_store_project(e->config.store, &row, 1, NULL, 0) == PL_OK) k->dirty = false;
    pl_buf_free(&b);
}

/* ---- begin and end ---- */

static void decide(struct pl_engine *e, const char *end) {
    struct eng_canary *k = e->canary;
    char hex[17];
    snprintf(k->end, sizeof k->end, "%s", end);
    k->ended_ms = eng_now(e);
    k->dirty = k->unwritten = true;
    pl_hex(k->hash, 8, hex);
    if (e->config.log)
        pl_log(e->config.log, PL_LOG_WARN, "engine", "canary", "image=%s end=\"%s\"", hex, end);
    if (k->image && k->image != e->active) pl_engine__life(e, k->image, PL_ENGINE_LIFE_DRAINING);
    if (k->image) pl_engine__image_leave(e, &k->image);
    append_text(e);
}

void pl_engine__canary_activated(struct pl_engine *e) {
    const struct eng_canary *k = e->canary;
    if (!k || !k->image) return;
    decide(e, k->image == e->active ? "activated" : "ended by another version");
}

static struct eng_canary *canary_of(struct pl_engine *e) {
    if (!e->canary) e->canary = calloc(1, sizeof *e->canary);
    pl_assert(e->canary);
    return e->canary;
}

static void adopt(struct pl_engine *e, struct eng_image *i) {
    e->canary->image = i;
    pl_engine__image_use(i);
    pl_engine__life(e, i, PL_ENGINE_LIFE_CANARY);
}

struct beginning {
    struct eng_errand errand;
    const uint8_t *hash; /* NULL: it ends */
    uint32_t share, guards;
};

static void begin(struct eng_errand *r) {
    const struct beginning *b = (struct beginning *)(void *)r;
    struct pl_engine *e = r->e;
    struct eng_canary *k = canary_of(e);
    struct eng_image *i = pl_engine__image_find(e, b->hash);
    enum pl_err err = !i || i == e->active       ? PL_CONFLICT
                      : k->image || k->appending ? PL_BUSY
                                                 : PL_OK;
    if (i) i->held = false; /* it was opened for this alone */
    if (err != PL_OK) {
        pl_engine__errand_end(r, err);
        return;
    }
    memset(k->guard, 0, sizeof k->guard);
    memcpy(k->hash, b->hash, sizeof k->hash);
    k->known = k->dirty = k->unwritten = true;
    k->share = b->share;
    k->guards = b->guards;
    k->nguards = (uint32_t)__builtin_popcount(b->guards);
    k->since_ms = eng_now(e);
    k->ended_ms = 0;
    k->end[0] = 0;
    adopt(e, i);
    k->waits = r;
    append_text(e);
}

static void end(struct eng_errand *r) {
    struct eng_canary *k = canary_of(r->e);
    if (!k->image || k->appending) {
        pl_engine__errand_end(r, k->image ? PL_BUSY : PL_NOT_FOUND);
        return;
    }
    k->waits = r;
    decide(r->e, "ended");
}

enum pl_err pl_engine_canary(struct pl_engine *e, struct pl_image *image, uint32_t share,
                             unsigned mask) {
    struct beginning b = {.share = share, .guards = mask};
    if (!image) return pl_engine__errand(e, &b.errand, end);
    b.hash = pl_image_hash(image);
    enum pl_err err = pl_engine_image_warm(e, image);
    return err == PL_OK ? pl_engine__errand(e, &b.errand, begin) : err;
}

/* ---- after a restart ---- */

struct last {
    struct pl_journal *journal;
    char text[256];
};

static bool look_back(void *ctx, const struct pl_store_entry *stored) {
    struct last *l = ctx;
    struct pl_arena a;
    struct pl_entry entry;
    if (stored->kind != PL_ENTRY_CONFIG) return true;
    pl_arena_init(&a, 0);
    if (pl_journal_open(l->journal, stored, &a, &entry) == PL_OK &&
        pl_str_is(entry.config.name, NAME))
        snprintf(l->text, sizeof l->text, "%.*s", PL_STR_ARG(entry.config.value));
    pl_arena_free(&a);
    return true;
}

static bool read_text(const char *text, struct eng_canary *k) {
    char hex[65];
    long long since, ended;
    int at = 0;
    if (sscanf(text, "%64s %u %u %lld %lld %n", hex, &k->share, &k->guards, &since, &ended, &at) <
        5)
        return false;
    snprintf(k->end, sizeof k->end, "%s", text + at);
    k->since_ms = since;
    k->ended_ms = ended;
    k->guards &= (1u << PL_ENGINE_GUARDS) - 1;
    k->nguards = (uint32_t)__builtin_popcount(k->guards);
    return k->nguards && k->share <= 10000 && pl_unhex(pl_str_c(hex), k->hash, sizeof k->hash);
}

static void read_sums(struct pl_engine *e, struct eng_canary *k) {
    struct pl_arena a;
    struct pl_str value;
    pl_arena_init(&a, 0);
    if (pl_store_load(e->config.store, &a, PL_STR(ROW), &value) != PL_OK || !read_row(value, k))
        memset(k->guard, 0, sizeof k->guard);
    pl_arena_free(&a);
}

void pl_engine__canary_restore(struct pl_engine *e) {
    const uint8_t system[16] = {0};
    struct pl_stream stream = pl_stream_of('s', system);
    struct last last = {.journal = e->journal};
    if (e->system_n == 0) return;
    (void)pl_store_read(e->config.store, &stream, 1, 0, look_back, &last);
    struct eng_canary *k = last.text[0] ? canary_of(e) : NULL;
    if (!k || !read_text(last.text, k)) return;
    k->known = true;
    read_sums(e, k);
    if (k->end[0]) return;
    struct pl_image *image =
        e->config.find_image ? e->config.find_image(e->config.find_ctx, k->hash) : NULL;
    struct eng_image *i = NULL;
    if (image && pl_engine__image_add(e, image, &i) == PL_OK && i != e->active) {
        adopt(e, i);
    } else {
        decide(e, i ? "activated" : "its image is gone");
    }
    pl_image_unref(&image);
}

void pl_engine__canary_free(struct pl_engine *e) {
    struct eng_canary *k = e->canary;
    if (!k) return;
    e->canary = NULL;
    if (k->image) pl_engine__image_leave(e, &k->image);
    pl_journal_append_free(&k->append);
    pl_buf_free(&k->text);
    free(k);
}

/* ---- told ---- */

static void write_rate(struct pl_jw *w, const char *name, const struct eng_guard_sum *s) {
    pl_jw_name(w, name);
    pl_jw_open(w, '{');
    pl_jw_int_member(w, "conversations", (int64_t)s->n);
    pl_jw_int_member(w, "bad", (int64_t)s->bad);
    pl_jw_close(w, '}');
}

static void write_guard(struct pl_jw *w, const struct eng_canary *k, int g) {
    const struct eng_guard *v = &k->guard[g];
    char text[32];
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "guard", pl_str_c(guards[g]));
    write_rate(w, "canary", &v->seen[1]);
    write_rate(w, "beside", &v->seen[0]);
    snprintf(text, sizeof text, "%.2f", v->evidence > 30 ? 1e13 : exp(v->evidence));
    pl_jw_name(w, "evidence");
    pl_jw_raw(w, pl_str_c(text));
    pl_jw_int_member(w, "limit", (int64_t)lround(k->nguards / PL_ENGINE_CANARY_ALPHA));
    pl_jw_close(w, '}');
}

void pl_engine__canary_write(const struct pl_engine *e, struct pl_jw *w) {
    const struct eng_canary *k = e->canary;
    if (!k || !k->known) return;
    pl_engine__tried_open(w, "canary", k->hash, k->share, k->since_ms);
    pl_jw_text_member(w, "is", k->end[0] ? pl_str_c(k->end) : PL_STR("running"));
    pl_jw_name(w, "guards");
    pl_jw_open(w, '[');
    for (int g = 0; g < PL_ENGINE_GUARDS; g++)
        if (k->guards >> g & 1) write_guard(w, k, g);
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}
