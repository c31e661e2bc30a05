/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's thread: commands in, clients, the active image, the tick that writes snapshots and
 * lets idle conversations leave memory.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define TICK_MS  1000
#define TICK_MAX 100  /* snapshots at once, some 2 ms; more of them wait ... */
#define MORE_MS  10   /* ... for so long */
#define LEAD_MS  1000 /* the clock has jumped when it is off by as much as this */
#define WAKE_MAX 200  /* conversations that a tick loads */
#define TEND_MS  60000
#define DAY_MS   86400000

#define TIMER_KEY 25 /* 't', deadline, conversation */

/* ---- clients ---- */

static struct pl_str client_key(const uint64_t *id) {
    return (struct pl_str){(const char *)id, sizeof *id};
}

struct eng_client *pl_engine__client(struct pl_engine *e, uint64_t id) {
    return pl_map_get(&e->clients, client_key(&id));
}

static struct eng_client *client_make(struct pl_engine *e, uint64_t id) {
    struct eng_client *k = pl_engine__client(e, id);
    if (k) return k;
    k = calloc(1, sizeof *k);
    pl_assert(k);
    k->id = id;
    pl_map_put(&e->clients, client_key(&k->id), k);
    return k;
}

static void detach(struct eng_client *k) {
    struct eng_conv *c = k->c;
    if (!c) return;
    for (size_t i = 0; i < c->clients.n; i++) {
        if (c->clients.v[i].client != k->id) continue;
        c->clients.v[i] = c->clients.v[--c->clients.n];
        break;
    }
    k->c = NULL;
}

static void no_longer_away(struct pl_engine *e, struct eng_client *k) {
    e->naway -= k->away;
    k->away = false;
}

void pl_engine__attach(struct pl_engine *e, struct eng_conv *c, uint64_t client, uint64_t sent) {
    struct eng_client *k = pl_engine__client(e, client);
    struct eng_attached a = {.client = client, .sent = sent};
    if (!k) return;
    no_longer_away(e, k);
    detach(k);
    k->c = c;
    PL_PUSH(&c->clients, a);
}

void pl_engine__attach_again(struct pl_engine *e, struct eng_conv *c) {
    size_t at = 0;
    struct pl_str key;
    void *value;
    while (e->naway && pl_map_next(&e->clients, &at, &key, &value)) {
        struct eng_client *k = value;
        if (k->away && memcmp(k->conversation, c->id, sizeof c->id) == 0)
            pl_engine__attach(e, c, k->id, k->sent);
    }
}

void pl_engine__error(struct pl_engine *e, uint64_t client, enum pl_engine_error code,
                      struct pl_engine_cid cid) {
    if (!e->stopped) e->config.sink.error(e->config.sink.ctx, client, code, PL_STR(""), cid);
}

void pl_engine__trace(struct pl_engine *e, const char *format, ...) {
    char text[512];
    va_list args;
    if (!e->config.trace) return;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t most = sizeof text - 1;
    struct pl_str line = {text, n < 0 ? 0 : (size_t)n < most ? (size_t)n : most};
    e->config.trace(e->config.trace_ctx, line);
}

/* ---- commands ---- */

static void choose_locale(struct pl_engine *e, struct eng_conv *c, struct pl_str want) {
    const struct pl_program *p = pl_image_program(e->active->image);
    size_t i = pl_locale_best(want, p->locales, p->nlocales, p->nlocales);
    c->locale_guessed = i == p->nlocales;
    pl_engine__set_locale(c, p->locales[c->locale_guessed ? 0 : i]);
}

static enum pl_err begin_conv(struct pl_engine *e, struct eng_input *in, struct eng_conv **out) {
    struct pl_conv j;
    uint32_t today = (uint32_t)(eng_now(e) / DAY_MS);
    if (pl_engine__conv_find(e, in->conversation)) return PL_EXISTS;
    enum pl_err err = pl_conv_begin(e->journal, in->conversation, today, &j);
    if (err != PL_OK) return err;
    struct eng_conv *c = pl_engine__conv_new(e, in->conversation);
    c->j = j;
    c->started_ms = eng_now(e);
    c->whole = true;
    c->image = pl_engine__home(e, c);
    pl_engine__shadow_begin(e, c);
    pl_engine__image_use(c->image);
    memcpy(c->resume, in->hash, sizeof c->resume);
    choose_locale(e, c, in->text);
    *out = c;
    return PL_OK;
}

/* In constant time: how much of a guess was right must not show. */
bool pl_engine__same_hash(const uint8_t a[32], const uint8_t b[32]) {
    unsigned differ = 0;
    for (int i = 0; i < 32; i++) differ |= (unsigned)(a[i] ^ b[i]);
    return differ == 0;
}

static enum pl_engine_error code_of(enum pl_err err) {
    switch (err) {
    case PL_ERASED: return PL_ENGINE_ERR_ERASED;
    case PL_DENIED:
    case PL_NOT_FOUND: return PL_ENGINE_ERR_UNKNOWN;
    case PL_UNAVAILABLE:
    case PL_FULL: return PL_ENGINE_ERR_FULL;
    default: return PL_ENGINE_ERR_INTERNAL;
    }
}

static void command_open(struct pl_engine *e, struct eng_input *in) {
    struct pl_engine_cid none = {0};
    struct eng_conv *c = NULL;
    uint64_t client = in->client;
    enum pl_err err =
        in->fresh ? begin_conv(e, in, &c) : pl_engine__conv_load(e, in->conversation, &c);
    if (err == PL_OK && !in->fresh && !pl_engine__same_hash(c->resume, in->hash)) err = PL_DENIED;
    if (err == PL_OK) {
        client_make(e, client);
        pl_engine__input(e, c, in);
        return;
    }
    if (pl_engine__park(e, in)) return;
    free(in);
    enum pl_engine_error code = code_of(err);
    if (code == PL_ENGINE_ERR_INTERNAL && e->config.log)
        pl_log(e->config.log, PL_LOG_ERROR, "engine", "open_failed", "reason=\"%s\"",
               pl_err_text(err));
    pl_engine__error(e, client, code, none);
}

static void command_leave(struct pl_engine *e, struct eng_input *in) {
    struct eng_client *k = pl_engine__client(e, in->client);
    free(in);
    if (!k) return;
    no_longer_away(e, k);
    detach(k);
    pl_map_del(&e->clients, client_key(&k->id));
    free(k);
}

/* The conversation of a client that is still there may have left memory when the store refused. */
static void command_said(struct pl_engine *e, struct eng_client *k, struct eng_input *in) {
    struct eng_conv *c = k ? k->c : NULL;
    enum pl_err err = k ? PL_OK : PL_NOT_FOUND;
    if (k && !c) err = k->away ? pl_engine__conv_load(e, k->conversation, &c) : PL_NOT_FOUND;
    if (c) {
        pl_engine__input(e, c, in);
        return;
    }
    if (pl_engine__park(e, in)) return;
    pl_engine__error(e, in->client, code_of(err), in->cid);
    free(in);
}

/* Names a conversation and no client; answered by its ticket. */
static void command_ticket(struct pl_engine *e, struct eng_input *in) {
    struct eng_conv *c;
    enum pl_err err = pl_engine__conv_load(e, in->conversation, &c);
    if (err == PL_OK)
        pl_engine__input(e, c, in);
    else if (!pl_engine__park(e, in))
        pl_engine__input_free(e, in, err);
}

void pl_engine__command(struct pl_engine *e, struct eng_input *in) {
    bool visits = in->kind == ENG_OPEN || in->kind == ENG_AGENT || in->kind == ENG_EVENT ||
                  in->kind == ENG_WANTS || in->kind == ENG_FORGET ||
                  in->kind == ENG_VIEWED; /* no client that is there */
    struct eng_client *k = visits ? NULL : pl_engine__client(e, in->client);
    e->wanted = NULL;
    if (e->stopped) {
        free(in);
    } else if (pl_engine__parked_with(e, in)) {
        return;
    } else if (in->kind == ENG_OPEN) {
        command_open(e, in);
    } else if (in->kind == ENG_LEAVE) {
        command_leave(e, in);
    } else if (in->kind == ENG_FORGET) {
        pl_engine__forget_customer(e, in);
    } else if (in->kind == ENG_VIEWED) {
        pl_engine__viewed(e, in);
        free(in);
    } else if (in->by_customer) {
        pl_engine__to_customer(e, in);
    } else if (in->kind == ENG_AGENT || in->kind == ENG_EVENT || in->kind == ENG_WANTS) {
        command_ticket(e, in);
    } else {
        command_said(e, k, in);
    }
}

static void run_command(struct pl_post *post) {
    struct eng_input *in = (struct eng_input *)(void *)post; /* the first member */
    pl_engine__command(in->e, in);
}

void pl_engine__post(struct pl_engine *e, struct eng_input *in) {
    in->post.fn = run_command;
    pl_loop_post(e->loop, &in->post);
}

void pl_engine_open(struct pl_engine *e, uint64_t client, const struct pl_engine_open *open) {
    struct eng_input *in =
        pl_engine__input_new(e, ENG_OPEN, open->locale, open->page_url, open->epoch);
    in->client = client;
    in->fresh = open->fresh;
    in->known = open->known || open->verified;
    in->verified = open->verified;
    in->seq = open->seq;
    memcpy(in->customer, open->customer, sizeof in->customer);
    memcpy(in->conversation, open->conversation, sizeof in->conversation);
    memcpy(in->hash, open->hash, sizeof in->hash);
    pl_engine__post(e, in);
}

void pl_engine_send(struct pl_engine *e, uint64_t client, struct pl_engine_cid cid,
                    enum pl_engine_said said, struct pl_str text) {
    struct eng_input *in = pl_engine__input_new(e, ENG_SEND, text, PL_STR(""), PL_STR(""));
    in->client = client;
    in->cid = cid;
    in->said = (uint8_t)said;
    pl_engine__post(e, in);
}

/* A reader's cursor changes nothing that is kept: it is the desk's to show. */
void pl_engine_seen(struct pl_engine *e, uint64_t client, uint64_t seq) {
    (void)e;
    (void)client;
    (void)seq;
}

void pl_engine_rate(struct pl_engine *e, uint64_t client, uint64_t seq, int value) {
    struct eng_input *in = pl_engine__input_new(e, ENG_RATE, PL_STR(""), PL_STR(""), PL_STR(""));
    in->client = client;
    in->seq = seq;
    in->value = value;
    pl_engine__post(e, in);
}

void pl_engine_viewed(struct pl_engine *e, struct pl_str article) {
    pl_engine__post(e, pl_engine__input_new(e, ENG_VIEWED, article, PL_STR(""), PL_STR("")));
}

void pl_engine_done(struct pl_engine *e, uint64_t ticket, const struct pl_engine_done *done) {
    struct eng_input *in = pl_engine__input_new(e, ENG_AGENT, done->text, PL_STR(""), PL_STR(""));
    in->client = ticket;
    in->said = (uint8_t)done->what;
    in->seq = done->number;
    memcpy(in->conversation, done->conversation, sizeof in->conversation);
    memcpy(in->hash, done->who, sizeof done->who);
    pl_engine__post(e, in);
}

void pl_engine_wants_file(struct pl_engine *e, uint64_t ticket, const uint8_t conversation[16],
                          const uint8_t hash[32]) {
    struct eng_input *in = pl_engine__input_new(e, ENG_WANTS, PL_STR(""), PL_STR(""), PL_STR(""));
    in->client = ticket;
    memcpy(in->conversation, conversation, sizeof in->conversation);
    memcpy(in->hash, hash, sizeof in->hash);
    pl_engine__post(e, in);
}

void pl_engine_leave(struct pl_engine *e, uint64_t client) {
    struct eng_input *in = pl_engine__input_new(e, ENG_LEAVE, PL_STR(""), PL_STR(""), PL_STR(""));
    in->client = client;
    pl_engine__post(e, in);
}

void pl_engine_event(struct pl_engine *e, uint64_t ticket, const struct pl_engine_happening *what) {
    struct eng_input *in = pl_engine__input_new(e, ENG_EVENT, what->name, what->args, what->key);
    in->client = ticket;
    in->by_customer = what->by_customer;
    memcpy(in->customer, what->customer, sizeof in->customer);
    memcpy(in->conversation, what->conversation, sizeof in->conversation);
    pl_engine__post(e, in);
}

/* ---- the tick ---- */

#define LEAD_KEY PL_STR("lead")

/* Ticks go on where they were when the last server ended. */
static void begin_ticks(struct pl_engine *e) {
    struct pl_arena a;
    struct pl_str value;
    pl_arena_init(&a, 0);
    if (pl_store_load(e->config.store, &a, LEAD_KEY, &value) == PL_OK) {
        struct pl_reader r = pl_reader_of(value);
        e->lead_ms = pl_read_zig(&r);
        if (r.bad) e->lead_ms = 0;
    }
    pl_arena_free(&a);
    e->ticks_ms = eng_now(e) + e->lead_ms - e->config.clock.mono_us(e->config.clock.ctx) / 1000;
}

/* The time of day has jumped: those who look at it look again. Who waits goes on waiting. */
static void watch_clock(struct pl_engine *e) {
    int64_t lead = eng_ticks(e) - eng_now(e), by = e->lead_ms - lead;
    struct pl_buf b = {0};
    if (by > -LEAD_MS && by < LEAD_MS) return;
    e->lead_ms = lead;
    e->settle_ms = eng_ticks(e); /* played again from entries alone it would wait by the new time */
    pl_buf_zig(&b, lead);
    struct pl_store_row row = {LEAD_KEY, pl_buf_slice(&b)};
    pl_store_project(e->config.store, &row, 1, NULL, 0);
    pl_buf_free(&b);
    for (struct eng_conv *c = e->oldest; c; c = c->next) pl_engine__schedule(e, c);
    if (e->config.log)
        pl_log(e->config.log, PL_LOG_WARN, "engine", "clock_jumped", "ms=%lld", (long long)by);
}

static bool may_leave(struct pl_engine *e, const struct eng_conv *c, int64_t now) {
    return !c->clients.n && !c->turn && !c->first && !c->flying && !c->dirty && !c->effects.n &&
           !c->ninbox && now - c->touched_ms >= ENG_EVICT_MS &&
           pl_store_written(e->config.store, c->ticket);
}

static bool is_due(const struct pl_engine *e, const struct eng_conv *c, int64_t now) {
    return c->dirty && (now - c->dirty_ms >= ENG_IDLE_MS || c->dirty_ms <= e->settle_ms);
}

/* Those touched least lately come first. */
static void save_and_evict(struct pl_engine *e) {
    uint32_t done = 0; /* turns wait for it: it is little at a time */
    int64_t now = eng_ticks(e);
    struct eng_conv *next;
    for (struct eng_conv *c = e->oldest; c && done < TICK_MAX; c = next) {
        next = c->next;
        if (now - c->touched_ms < ENG_IDLE_MS && c->touched_ms > e->settle_ms) return;
        if (is_due(e, c, now)) done += pl_engine__conv_save(e, c) == PL_OK;
        if (!may_leave(e, c, now)) continue;
        ENG_COUNT(e, EVICTED);
        pl_engine__canary_left(e, c);
        pl_engine__conv_free(e, &c);
        done++;
    }
    if (done >= TICK_MAX) pl_timer_start(e->loop, &e->more, MORE_MS);
}

static void more(struct pl_timer *t) {
    save_and_evict(t->ctx);
}

/* Gives whether the row was a reason to load its conversation. One of a conversation in memory is
 * taken away by its next snapshot; one that nothing stands behind goes at once. What cannot be
 * loaded now is tried again. */
static bool wake(struct pl_engine *e, struct pl_str key, int64_t at) {
    const uint8_t *id = (const uint8_t *)key.p + 9;
    struct eng_conv *c = pl_engine__conv_find(e, id);
    e->wanted = NULL;
    bool known = c != NULL;
    enum pl_err err = known ? PL_OK : pl_engine__conv_load(e, id, &c);
    bool gone = err == PL_NOT_FOUND || err == PL_ERASED;
    if (e->wanted) return false; /* its image is being opened: at the next tick */
    struct pl_store_row row = {.key = key};
    if (gone || err == PL_MALFORMED || (c && c->timer_row != at))
        pl_store_project(e->config.store, &row, 1, NULL, 0);
    if (err != PL_OK && !gone && e->config.log)
        pl_log(e->config.log, PL_LOG_ERROR, "engine", "wake_failed", "reason=\"%s\"",
               pl_err_text(err));
    return !known;
}

/* Looks at the rows from a place on; gives the place behind the last one that was due, empty when
 * there is no other. */
static struct pl_str wake_some(struct pl_engine *e, int64_t now, struct pl_str from, char next[],
                               size_t *woken) {
    struct pl_arena a;
    struct pl_store_row *rows;
    size_t n = 0, i = 0;
    pl_arena_init(&a, 0);
    if (pl_store_rows(e->config.store, &a, PL_STR("t"), from, WAKE_MAX, &rows, &n) != PL_OK) n = 0;
    for (; i < n && *woken < WAKE_MAX; i++) {
        int64_t at = 0;
        if (rows[i].key.n != TIMER_KEY) break; /* `token/...`, behind all times */
        for (int k = 0; k < 8; k++) at = at << 8 | (uint8_t)rows[i].key.p[1 + k];
        if (at > now) break;
        *woken += wake(e, rows[i].key, at);
        memcpy(next, rows[i].key.p, TIMER_KEY);
    }
    pl_arena_free(&a);
    next[TIMER_KEY] = 0;
    return i < WAKE_MAX ? PL_STR("") : (struct pl_str){next, TIMER_KEY + 1};
}

/* Deadlines of conversations that are not in memory: loading one makes its timer due. Rows of those
 * that are in memory already do not count, so that they keep nobody waiting. */
static void wake_timers(struct pl_engine *e, int64_t now) {
    char place[TIMER_KEY + 1] = {0};
    size_t woken = 0;
    struct pl_str from = PL_STR("");
    do {
        from = wake_some(e, now, from, place, &woken);
    } while (from.n && woken < WAKE_MAX);
}

/* Conversations that the store refused to append to: their clients are still there, and what they
 * were doing goes on when the store takes it. */
static void load_again(struct pl_engine *e) {
    for (size_t i = 0, n = e->again.n < WAKE_MAX ? e->again.n : WAKE_MAX; i < n; i++) {
        struct eng_id id = e->again.v[--e->again.n];
        struct eng_conv *c;
        e->wanted = NULL;
        if (pl_engine__conv_load(e, id.id, &c) == PL_IO) break; /* it is in the list again */
        if (!e->wanted) continue;
        PL_PUSH(&e->again, id); /* when its image is open */
        break;
    }
}

static void tick(struct pl_timer *t) {
    struct pl_engine *e = t->ctx;
    int64_t now = eng_ticks(e);
    watch_clock(e);
    save_and_evict(e);
    pl_engine__images_sweep(e, now);
    load_again(e);
    wake_timers(e, now);
    pl_engine__canary_tick(e);
    pl_journal_prepare(e->journal,
                       (uint32_t)(eng_now(e) / DAY_MS)); /* so that no opening waits for it */
    if (now - e->tended_ms >= TEND_MS) {
        pl_store_tend(e->config.store);
        pl_engine__sweep(e);
        e->tended_ms = now;
    }
    pl_engine__lists_ask(e, e->active, false);
}

/* ---- recovery ---- */

/* What must go on by itself is loaded at once, the rest when it is touched. */
static void recover(struct pl_engine *e) {
    struct pl_store_head heads[64];
    uint64_t after = 0;
    size_t n;
    while ((n = pl_store_dirty(e->config.store, after, heads, PL_LEN(heads))) > 0) {
        for (size_t i = 0; i < n; i++) {
            struct eng_conv *c;
            after = heads[i].dirty;
            if (heads[i].stream.id[0] == 'u') /* its reminder may be lost */
                pl_engine__keep_add(e,
                                    pl_engine__keep_new(e, ENG_KEEP_SWEEP, heads[i].stream.id + 1));
            if (heads[i].stream.id[0] != 'c' || !(heads[i].flags & PL_ENTRY_WAITS)) continue;
            enum pl_err err = pl_engine__conv_load(e, heads[i].stream.id + 1, &c);
            if (err == PL_OK) continue;
            if (e->config.log)
                pl_log(e->config.log, PL_LOG_ERROR, "engine", "recovery_failed", "reason=\"%s\"",
                       pl_err_text(err));
        }
    }
}

/* ---- for tools ---- */

void pl_engine_post(struct pl_engine *e, struct pl_post *post) {
    pl_loop_post(e->loop, post);
}

void pl_engine_status(struct pl_engine *e, struct pl_jw *w) {
    char hash[65];
    pthread_mutex_lock(&e->active_lock);
    pl_hex(pl_image_hash(e->active->image), 32, hash);
    pthread_mutex_unlock(&e->active_lock);
    pl_jw_text_member(w, "image", pl_str_c(hash));
    pl_jw_int_member(w, "images", (int64_t)atomic_load(&e->nimages));
    pl_jw_int_member(w, "longest_hold_us",
                     (int64_t)pl_counter_read(&e->counters[PL_ENGINE_LONGEST_HOLD_US]));
    pl_jw_int_member(w, "conversations_in_memory", (int64_t)atomic_load(&e->nconvs));
    pl_jw_int_member(w, "commits", (int64_t)pl_store_last_commit(e->config.store));
    pl_jw_int_member(w, "lag", (int64_t)pl_store_lag(e->config.store));
}

const struct pl_counter *pl_engine_counters(const struct pl_engine *e) {
    return e->counters;
}

const uint32_t pl_engine_bounds_us[PL_ENGINE_BUCKETS - 1] = {1, 2, 5, 10, 25, 100, 1000};

bool pl_engine_stage(const struct pl_engine *e, unsigned i, struct pl_engine_stage *out) {
    static const char *const names[] = {"take", "read", "rules",  "step",
                                        "say",  "seal", "append", "answer"};
    _Static_assert(PL_LEN(names) == ENG_STAGES, "counter.def has them in this order");
    if (i >= ENG_STAGES) return false;
    *out = (struct pl_engine_stage){
        .name = names[i], .ns = pl_counter_read(&e->counters[PL_ENGINE_STAGE_TAKE_NS + i])};
    for (unsigned k = 0; k < PL_ENGINE_BUCKETS; k++)
        out->counts[k] = atomic_load_explicit(&e->stages[i][k], memory_order_relaxed);
    return true;
}

struct pl_value pl_engine_slot(struct pl_engine *e, const uint8_t conversation[16],
                               struct pl_arena *a, struct pl_str name) {
    struct eng_conv *c;
    if (pl_engine__conv_load(e, conversation, &c) != PL_OK) return PL_NONE;
    struct pl_value v = pl_vm_slot(e->vm, c->image->image, pl_buf_slice(&c->state), a, name);
    return pl_value_copy(a, v);
}

struct pl_str pl_engine_words(struct pl_engine *e, const uint8_t conversation[16],
                              const struct pl_vm_text *text, struct pl_arena *a, int64_t now_ms) {
    const struct eng_conv *c = pl_engine__conv_find(e, conversation);
    return c ? pl_engine__text(e, c, text, a, now_ms) : PL_STR("");
}

void pl_engine_refresh_lists(struct pl_engine *e) {
    pl_engine__lists_ask(e, e->active, true);
}

void pl_engine_forget(struct pl_engine *e, const uint8_t conversation[16]) {
    struct eng_conv *c = pl_engine__conv_find(e, conversation);
    if (c && !c->turn) pl_engine__conv_free(e, &c);
}

/* ---- create and destroy ---- */

static void port_run(struct pl_post *p) {
    struct pl_engine *e =
        (struct pl_engine *)(void *)((char *)p - offsetof(struct pl_engine, port_post));
    atomic_store(&e->port_posted, false);
    pl_store_port_run(&e->port);
}

static void port_wake(void *ctx) {
    struct pl_engine *e = ctx;
    if (!atomic_exchange(&e->port_posted, true)) pl_loop_post(e->loop, &e->port_post);
}

static void *run_thread(void *ctx) {
    struct pl_engine *e = ctx;
    pl_loop_run(e->loop);
    return NULL;
}

static void name_counters(struct pl_engine *e) {
    static const struct {
        const char *name, *help;
    } rows[] = {
#define COUNTER(name, help) {"engine." #name, help},
#include "runtime/engine/counter.def"
#undef COUNTER
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        e->counters[i].name = rows[i].name;
        e->counters[i].help = rows[i].help;
    }
}

static enum pl_err open_parts(struct pl_engine *e, struct pl_image *image) {
    const struct pl_engine_config *k = &e->config;
    const uint8_t system[16] = {0};
    struct pl_stream stream = pl_stream_of('s', system);
    struct pl_store_head head;
    struct eng_image *i;
    begin_ticks(e);
    enum pl_err err = pl_journal_create(k->store, k->keys, k->master, &e->journal);
    if (err == PL_OK) err = pl_journal_create(k->store, k->keys, k->master, &e->api);
    if (err == PL_OK) err = pl_engine__image_add(e, image, &i);
    if (err != PL_OK) return err;
    pl_store_head(k->store, &stream, &head);
    e->system_n = head.n;
    pl_engine__make_active(e, i);
    pl_engine__canary_restore(e);
    return PL_OK;
}

static void ran(void *ctx, const struct pl_image *image, enum pl_vm_trace what, uint32_t at) {
    const struct pl_engine_config *k = &((struct pl_engine *)ctx)->config;
    k->ran(k->ran_ctx, image, (int)what, at);
}

static void start(struct pl_engine *e) {
    recover(e);
    e->settle_ms = eng_ticks(e); /* a server that is killed again soon begins where this one did */
    e->more.fn = more;
    e->more.ctx = e;
    pl_timer_start(e->loop, &e->more, MORE_MS);
    e->tick.fn = tick;
    e->tick.ctx = e;
    pl_timer_repeat(e->loop, &e->tick, TICK_MS);
}

enum pl_err pl_engine_create(const struct pl_engine_config *config, struct pl_image *image,
                             struct pl_engine **out) {
    struct pl_engine *e = calloc(1, sizeof *e);
    enum pl_err err = PL_OK;
    if (!e) return PL_NOMEM;
    e->config = *config;
    e->loop = config->loop;
    e->own_loop = !config->loop;
    pthread_mutex_init(&e->api_lock, NULL);
    pthread_mutex_init(&e->active_lock, NULL);
    pthread_mutex_init(&e->promises_lock, NULL);
    name_counters(e);
    pl_rand_seed(&e->rand, config->seed ? config->seed : (uint64_t)eng_now(e));
    struct pl_vm_env env = {.matches = pl_engine__matches, .ctx = e};
    if (config->ran) { /* else nothing is asked at every instruction */
        env.trace = ran;
        env.trace_ctx = e;
    }
    e->vm = pl_vm_create(env);
    e->tools = pl_engine__tools(config);
    e->port.wake = port_wake;
    e->port.ctx = e;
    e->port_post.fn = port_run;
    if (!e->tools) err = PL_NOMEM;
    if (err == PL_OK && e->own_loop) err = pl_loop_create(config->clock, &e->loop);
    if (err == PL_OK) err = open_parts(e, image);
    if (err == PL_OK) start(e);
    if (err == PL_OK && e->own_loop) err = pl_engine__aside_start(e);
    if (err == PL_OK && e->own_loop && pthread_create(&e->thread, NULL, run_thread, e) != 0)
        err = PL_NOMEM;
    if (err != PL_OK) {
        e->own_loop = false; /* no thread to end */
        pl_engine_destroy(&e);
        return err;
    }
    *out = e;
    return PL_OK;
}

static void free_clients(struct pl_engine *e) {
    size_t at = 0;
    struct pl_str key;
    void *value;
    while (pl_map_next(&e->clients, &at, &key, &value)) free(value);
    pl_map_free(&e->clients);
}

static void free_turns(struct pl_engine *e) {
    while (e->pool) {
        struct eng_turn *t = e->pool;
        e->pool = t->next;
        pl_journal_append_free(&t->append);
        PL_VEC_FREE(&t->acks);
        PL_VEC_FREE(&t->events);
        pl_buf_free(&t->kept);
        PL_VEC_FREE(&t->opens);
        PL_VEC_FREE(&t->writes);
        PL_VEC_FREE(&t->told);
        PL_VEC_FREE(&t->votes);
        free(t);
    }
    for (size_t i = 0; i < e->works.n; i++) {
        pl_arena_free(e->works.v[i]);
        free(e->works.v[i]);
    }
    PL_VEC_FREE(&e->works);
}

/* What was appended becomes durable; the answers are for nobody now. */
static void settle(struct pl_engine *e) {
    const struct eng_keep *first;
    if (!e->journal) return;
    do { /* what is to be remembered goes one behind the other */
        first = e->keep_first;
        pl_store_flush(e->config.store);
        pl_store_port_run(&e->port);
    } while (e->keep_first != first);
    for (struct eng_conv *c = e->oldest; c; c = c->next) pl_engine__conv_save(e, c);
}

void pl_engine_stop(struct pl_engine *e) {
    if (e->own_loop) {
        pl_loop_stop(e->loop);
        pthread_join(e->thread, NULL);
        e->own_loop = false;
    }
    pl_engine__aside_stop(e);
    pl_timer_stop(&e->tick);
    pl_timer_stop(&e->more);
    e->stopped = true;
    e->config.hooks = (struct pl_engine_hooks){0};
    e->config.models = (struct pl_engine_models){0};
}

void pl_engine_destroy(struct pl_engine **engine) {
    struct pl_engine *e = *engine;
    if (!e) return;
    *engine = NULL;
    pl_engine_stop(e);
    if (e->loop && e->journal)
        pl_loop_once(e->loop, 0); /* calls that came back give up their memory */
    settle(e);
    while (e->oldest) {
        struct eng_conv *c = e->oldest;
        if (c->turn) { /* its append never came back: the store is gone */
            c->turn->next = e->pool;
            e->pool = c->turn;
            c->turn = NULL;
        }
        pl_engine__conv_free(e, &c);
    }
    while (e->keep_first) { /* the store is gone */
        struct eng_keep *k = e->keep_first;
        e->keep_first = k->next;
        pl_engine__keep_free(&k);
    }
    pl_engine__fetches_free(e);
    pl_engine__shadow_free(e);
    pl_engine__canary_free(e);
    for (size_t i = 0; i < e->images.n; i++) pl_engine__image_close(e, e->images.v[i]);
    PL_VEC_FREE(&e->images);
    PL_VEC_FREE(&e->again);
    pl_map_free(&e->convs);
    free_clients(e);
    free_turns(e);
    pl_engine__cache_free(e);
    pl_map_free(&e->flights);
    pl_engine__askings_free(e);
    pl_vm_destroy(&e->vm);
    pl_engine__tools_free(e);
    pl_journal_destroy(&e->journal);
    pl_journal_destroy(&e->api);
    pl_buf_free(&e->buf);
    pl_buf_free(&e->buf2);
    pthread_mutex_destroy(&e->api_lock);
    pthread_mutex_destroy(&e->active_lock);
    pl_engine__promises_free(e);
    pthread_mutex_destroy(&e->promises_lock);
    if (!e->config.loop && e->loop) pl_loop_destroy(&e->loop);
    free(e);
}
