/* SPDX-License-Identifier: Apache-2.0
 *
 * The ledger in the store. The truth is one stream of entries: RESERVE before a request leaves,
 * SETTLE when its cost is known. Rows make it quick to read:
 *
 *   m s                 the sum of all entries up to number n, which is in it
 *   m o <id>            an open reservation
 *   m c <conversation>  what a conversation has spent, and the day of its last question; gone
 *                       PL_LLM__PURSE_DAYS after that
 *
 * The rows of an entry are projected together when it is durable, in the stream's order, so what a
 * restart finds is the rows as of some entry, and the entries behind it.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_run_priv.h"

enum { TRIM_ROWS = 64 };

static struct pl_stream stream_of(void) {
    uint8_t id[16] = "models";
    return pl_stream_of('m', id);
}

/* ---- purses ---- */

static struct pl_str conversation_key(const uint8_t id[16], char out[18]) {
    out[0] = 'm';
    out[1] = 'c';
    memcpy(out + 2, id, 16);
    return (struct pl_str){out, 18};
}

static struct pl_llm__money load_purse(struct pl_llm__ledger *l, const uint8_t id[16]) {
    struct pl_llm__money m = {0};
    struct pl_arena a;
    struct pl_str value;
    char key[18];
    pl_arena_init(&a, 0);
    if (l->store && pl_store_load(l->store, &a, conversation_key(id, key), &value) == PL_OK) {
        struct pl_reader r = pl_reader_of(value);
        m.micro = (int64_t)pl_read_u64(&r);
        m.pico = (int64_t)pl_read_u32(&r);
        (void)pl_read_u32(&r); /* the day */
        if (r.bad || m.micro < 0 || m.pico >= 1000000) m = (struct pl_llm__money){INT64_MAX / 2, 0};
    }
    pl_arena_free(&a);
    return m;
}

static struct pl_llm__purse *purse_take(struct pl_llm__ledger *l, const uint8_t id[16]) {
    struct pl_llm__purse *p = pl_map_get(&l->purses, (struct pl_str){(const char *)id, 16});
    if (!p) {
        p = calloc(1, sizeof *p);
        pl_assert(p);
        memcpy(p->id, id, 16);
        p->spent = p->written = load_purse(l, id);
        pl_map_put(&l->purses, (struct pl_str){(const char *)p->id, 16}, p);
    }
    p->uses++;
    return p;
}

static struct pl_llm__purse *purse_of(const struct pl_llm__ledger *l, const uint8_t id[16]) {
    return pl_map_get(&l->purses, (struct pl_str){(const char *)id, 16});
}

/* Without a store the memory is all there is. */
static void purse_give(struct pl_llm__ledger *l, struct pl_llm__purse *p) {
    if (--p->uses > 0 || !l->store) return;
    pl_map_del(&l->purses, (struct pl_str){(const char *)p->id, 16});
    free(p);
}

/* ---- writing ---- */

struct writing {
    struct pl_store_append append; /* first */
    struct pl_store_put put;
    struct pl_llm__ledger *ledger;
    struct pl_buf body;
    pl_llm__written *done;
    void *ctx;
};

static struct pl_str open_key(uint64_t id, char out[10]) {
    out[0] = 'm';
    out[1] = 'o';
    for (int i = 0; i < 8; i++) out[2 + i] = (char)(id >> (56 - 8 * i));
    return (struct pl_str){out, 10};
}

static void write_purse(struct pl_buf *b, struct pl_llm__money m, int32_t day) {
    pl_buf_u64(b, (uint64_t)m.micro);
    pl_buf_u32(b, (uint32_t)m.pico);
    pl_buf_u32(b, (uint32_t)day);
}

/* ---- trimming ---- */

static bool is_old(const struct pl_llm__ledger *l, const struct pl_store_row *row) {
    struct pl_reader r = pl_reader_of(row->value);
    (void)pl_read_u64(&r);
    (void)pl_read_u32(&r);
    int32_t day = (int32_t)pl_read_u32(&r);
    bool used = row->key.n == 18 && purse_of(l, (const uint8_t *)row->key.p + 2) != NULL;
    return row->key.n == 18 && !used && !r.bad && day < l->now.day - PL_LLM__PURSE_DAYS;
}

/* A few rows at a time, once through all of them each day: the loop has others to serve. */
static void trim_some(struct pl_llm__ledger *l) {
    struct pl_store_row *rows, gone[TRIM_ROWS];
    struct pl_arena a;
    size_t n = 0, ngone = 0;
    if (!l->store || l->trimmed_day == l->now.day) return;
    struct pl_str from = {l->trim_from, l->trim_n};
    pl_arena_init(&a, 0);
    if (l->trim_n == 0) from = PL_STR("mc");
    if (pl_store_rows(l->store, &a, PL_STR("mc"), from, TRIM_ROWS, &rows, &n) != PL_OK) n = 0;
    for (size_t i = 0; i < n; i++)
        if (is_old(l, &rows[i])) gone[ngone++] = (struct pl_store_row){rows[i].key, {NULL, 0}};
    if (ngone) (void)pl_store_project(l->store, gone, ngone, NULL, 0);
    if (n < TRIM_ROWS) {
        l->trimmed_day = l->now.day;
        l->trim_n = 0;
    } else { /* the key after the last one */
        memcpy(l->trim_from, rows[n - 1].key.p, rows[n - 1].key.n);
        l->trim_from[rows[n - 1].key.n] = 0;
        l->trim_n = rows[n - 1].key.n + 1;
    }
    pl_arena_free(&a);
}

static void project(struct pl_llm__ledger *l, const struct pl_llm__entry *e, struct pl_str body,
                    struct pl_llm__money purse) {
    struct pl_stream stream = stream_of();
    struct pl_buf sum = {0}, spent = {0};
    char open[10], conversation[18];
    pl_llm__sum_write(&sum, &l->written);
    write_purse(&spent, purse, e->day);
    bool opens = e->kind == PL_LLM__RESERVE;
    struct pl_store_row rows[] = {
        {PL_STR("ms"), pl_buf_slice(&sum)},
        {open_key(e->id, open), opens ? body : (struct pl_str){NULL, 0}},
        {conversation_key(e->conversation, conversation), pl_buf_slice(&spent)},
    };
    /* A failure leaves older rows, and more entries to read at the next start. */
    if (!sum.failed && !spent.failed)
        (void)pl_store_project(l->store, rows, opens ? 2 : 3, &stream, l->written.n);
    pl_buf_free(&sum);
    pl_buf_free(&spent);
}

static void reflect(struct pl_llm__ledger *l, struct pl_str body) {
    struct pl_llm__entry e;
    bool sound = pl_llm__entry_read(body, &e);
    pl_assert(sound);
    pl_llm__sum_add(&l->written, &e);
    struct pl_llm__purse *p = purse_of(l, e.conversation);
    pl_assert(p);
    if (e.kind == PL_LLM__SETTLE) pl_llm__money_add(&p->written, e.money);
    project(l, &e, body, p->written);
}

static void written(struct pl_store_append *append) {
    struct writing *w = (struct writing *)(void *)append;
    struct pl_llm__ledger *l = w->ledger;
    struct pl_llm__entry e;
    l->in_flight--;
    if (append->err == PL_OK)
        reflect(l, pl_buf_slice(&w->body));
    else
        l->stuck = true;
    if (pl_llm__entry_read(pl_buf_slice(&w->body), &e)) purse_give(l, purse_of(l, e.conversation));
    if (w->done) w->done(w->ctx, append->err == PL_OK);
    pl_buf_free(&w->body);
    free(w);
}

/* After a failed append the head is what the store says, once nothing is under way. */
static bool unstick(struct pl_llm__ledger *l) {
    struct pl_stream stream = stream_of();
    struct pl_store_head head;
    if (!l->stuck) return true;
    if (l->in_flight) return false;
    enum pl_err err = pl_store_head(l->store, &stream, &head);
    if (err != PL_OK && err != PL_NOT_FOUND) return false;
    l->head = head.n;
    l->stuck = false;
    return true;
}

static bool append(struct pl_llm__ledger *l, const struct pl_llm__entry *e, int64_t now_ms,
                   pl_llm__written *done, void *ctx) {
    if (!unstick(l)) return false;
    struct writing *w = calloc(1, sizeof *w);
    pl_assert(w);
    pl_llm__entry_write(&w->body, e);
    w->put = (struct pl_store_put){
        .kind = (uint8_t)e->kind, .at_ms = now_ms, .body = pl_buf_slice(&w->body)};
    w->append = (struct pl_store_append){.stream = stream_of(),
                                         .expected_n = l->head,
                                         .puts = &w->put,
                                         .nputs = 1,
                                         .port = &l->port,
                                         .done = written};
    w->ledger = l;
    w->done = done;
    w->ctx = ctx;
    if (w->body.failed || pl_store_append(l->store, &w->append) != PL_OK) {
        pl_buf_free(&w->body);
        free(w);
        return false;
    }
    l->head++;
    l->in_flight++;
    purse_take(l, e->conversation);
    return true;
}

/* ---- reserving and settling ---- */

/* A clock that ran ahead is set back: what was spent under its date counts to today. */
static void earlier_day(struct pl_llm__ledger *l, int32_t day) {
    for (size_t i = 0; i < l->open.n; i++)
        if (l->open.v[i].day == l->now.day) l->open.v[i].day = day;
    l->now.day = day;
}

static void new_day(struct pl_llm__ledger *l, int32_t day) {
    if (day == l->now.day) return;
    if (day < l->now.day) {
        earlier_day(l, day);
        return;
    }
    l->now.day = day;
    l->now.spent_day = (struct pl_llm__money){0};
    l->reserved_day = 0;
}

static bool over(int64_t ceiling, struct pl_llm__money spent, int64_t reserved, int64_t more) {
    return ceiling > 0 && pl_llm__money_up(spent) + reserved + more > ceiling;
}

static struct pl_llm__entry entry_of(const struct pl_llm__open *open) {
    struct pl_llm__entry e = {.kind = PL_LLM__RESERVE,
                              .id = open->id,
                              .day = open->day,
                              .target = pl_str_c(open->target),
                              .money = {open->micro, 0}};
    memcpy(e.conversation, open->conversation, 16);
    return e;
}

enum pl_llm_failure pl_llm__reserve(struct pl_llm__ledger *l, const struct pl_llm_models *m,
                                    struct pl_llm__open *want, int64_t now_ms,
                                    pl_llm__written *done, void *ctx) {
    new_day(l, want->day);
    struct pl_llm__purse *p = purse_take(l, want->conversation);
    if (over(m->ceiling_day, l->now.spent_day, l->reserved_day, want->micro) ||
        over(m->ceiling_conversation, p->spent, p->reserved, want->micro)) {
        purse_give(l, p);
        return PL_LLM_FAIL_CEILING;
    }
    want->id = ++l->last_id;
    struct pl_llm__entry e = entry_of(want);
    bool paid = want->micro > 0; /* for nothing: nothing can be lost */
    if (l->store && paid && !append(l, &e, now_ms, done, ctx)) {
        purse_give(l, p);
        return PL_LLM_FAIL_LEDGER;
    }
    PL_PUSH(&l->open, *want);
    if (want->day == l->now.day) l->reserved_day += want->micro;
    p->reserved += want->micro;
    if (!l->store || !paid) done(ctx, true);
    return PL_LLM_FAIL_NONE;
}

static bool take_open(struct pl_llm__ledger *l, uint64_t id, struct pl_llm__open *out) {
    for (size_t i = 0; i < l->open.n; i++) {
        if (l->open.v[i].id != id) continue;
        *out = l->open.v[i];
        l->open.v[i] = l->open.v[--l->open.n];
        return true;
    }
    return false;
}

void pl_llm__settle(struct pl_llm__ledger *l, uint64_t id, const struct pl_llm_usage *usage,
                    struct pl_llm__money money, int64_t now_ms) {
    struct pl_llm__open open;
    bool known = take_open(l, id, &open);
    pl_assert(known);
    struct pl_llm__entry e = entry_of(&open);
    e.kind = PL_LLM__SETTLE;
    e.money = money;
    e.usage = *usage;
    struct pl_llm__purse *p = purse_of(l, open.conversation);
    if (open.day == l->now.day) l->reserved_day -= open.micro;
    p->reserved -= open.micro;
    pl_llm__money_add(&p->spent, money);
    pl_llm__sum_add(&l->now, &e);
    trim_some(l);
    /* When this fails the reservation counts in full at the next start: never too little. */
    if (l->store) (void)append(l, &e, now_ms, NULL, NULL);
    purse_give(l, p);
}

/* ---- opening ---- */

static struct pl_str purse_bytes(struct pl_arena *a, struct pl_llm__money m, int32_t day) {
    struct pl_buf b = {0};
    write_purse(&b, m, day);
    struct pl_str out = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return out;
}

static struct pl_str open_bytes(struct pl_arena *a, const struct pl_llm__open *open) {
    struct pl_buf b = {0};
    struct pl_llm__entry e = entry_of(open);
    pl_llm__entry_write(&b, &e);
    struct pl_str out = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return out;
}

struct replay {
    struct pl_llm__ledger *l;
    bool bad;
};

static void replay_open(struct pl_llm__ledger *l, const struct pl_llm__entry *e) {
    struct pl_llm__open open;
    (void)take_open(l, e->id, &open);
    if (e->kind == PL_LLM__SETTLE) {
        PL_PUSH(&l->closed, e->id);
        return;
    }
    open = (struct pl_llm__open){.id = e->id, .day = e->day, .micro = e->money.micro};
    memcpy(open.conversation, e->conversation, 16);
    snprintf(open.target, sizeof open.target, "%.*s", PL_STR_ARG(e->target));
    PL_PUSH(&l->open, open);
}

static bool replay_entry(void *ctx, const struct pl_store_entry *entry) {
    struct replay *r = ctx;
    struct pl_llm__entry e;
    r->bad = !pl_llm__entry_read(entry->body, &e);
    if (r->bad) return false;
    pl_llm__sum_add(&r->l->written, &e);
    replay_open(r->l, &e);
    struct pl_llm__purse *p = purse_take(r->l, e.conversation);
    if (e.kind == PL_LLM__SETTLE) pl_llm__money_add(&p->written, e.money);
    p->spent = p->written;
    return true;
}

static enum pl_err read_rows(struct pl_llm__ledger *l, struct pl_arena *a) {
    struct pl_str value;
    struct pl_store_row *rows;
    size_t n = 0;
    enum pl_err err = pl_store_load(l->store, a, PL_STR("ms"), &value);
    if (err == PL_NOT_FOUND) return PL_OK;
    if (err != PL_OK) return err;
    if (!pl_llm__sum_read(value, &l->written)) return PL_MALFORMED;
    struct pl_str from = PL_STR("mo");
    do {
        err = pl_store_rows(l->store, a, PL_STR("mo"), from, 1000, &rows, &n);
        for (size_t i = 0; i < n && err == PL_OK; i++) {
            struct pl_llm__entry e;
            if (!pl_llm__entry_read(rows[i].value, &e)) return PL_MALFORMED;
            replay_open(l, &e);
        }
        if (err == PL_OK && n) /* the key after the last one */
            from = (struct pl_str){pl_arena_str(a, rows[n - 1].key).p, rows[n - 1].key.n + 1};
    } while (err == PL_OK && n == 1000);
    return err;
}

/* All that the replay changed, at once: the rows of one entry alone would leave out the others. */
static void project_replayed(struct pl_llm__ledger *l, struct pl_arena *a) {
    PL_VEC(struct pl_store_row) rows = {0};
    struct pl_stream stream = stream_of();
    struct pl_str key;
    void *value;
    struct pl_buf sum = {0};
    for (size_t at = 0; pl_map_next(&l->purses, &at, &key, &value);) {
        const struct pl_llm__purse *p = value;
        struct pl_str name = conversation_key(p->id, pl_arena_alloc(a, 18));
        PL_PUSH(&rows, ((struct pl_store_row){name, purse_bytes(a, p->written, l->written.day)}));
    }
    for (size_t i = 0; i < l->closed.n; i++) {
        struct pl_str name = open_key(l->closed.v[i], pl_arena_alloc(a, 10));
        PL_PUSH(&rows, ((struct pl_store_row){name, {NULL, 0}}));
    }
    for (size_t i = 0; i < l->open.n; i++) {
        struct pl_str name = open_key(l->open.v[i].id, pl_arena_alloc(a, 10));
        PL_PUSH(&rows, ((struct pl_store_row){name, open_bytes(a, &l->open.v[i])}));
    }
    pl_llm__sum_write(&sum, &l->written);
    PL_PUSH(&rows, ((struct pl_store_row){PL_STR("ms"), pl_buf_slice(&sum)}));
    (void)pl_store_project(l->store, rows.v, rows.n, &stream, l->written.n);
    pl_buf_free(&sum);
    PL_VEC_FREE(&rows);
}

static void free_purses(struct pl_llm__ledger *l) {
    struct pl_str key;
    void *value;
    for (size_t at = 0; pl_map_next(&l->purses, &at, &key, &value);) free(value);
    pl_map_free(&l->purses);
    l->purses = (struct pl_map){0};
}

static enum pl_err read_all(struct pl_llm__ledger *l) {
    struct pl_stream stream = stream_of();
    struct replay r = {.l = l};
    struct pl_arena a;
    struct pl_store_head head;
    pl_arena_init(&a, 0);
    enum pl_err err = read_rows(l, &a);
    if (err == PL_OK) err = pl_store_read(l->store, &stream, l->written.n + 1, 0, replay_entry, &r);
    if (err == PL_NOT_FOUND) err = PL_OK;
    if (r.bad) err = PL_MALFORMED;
    if (err == PL_OK) {
        err = pl_store_head(l->store, &stream, &head);
        if (err == PL_NOT_FOUND) err = PL_OK;
        l->head = head.n;
    }
    if (err == PL_OK && l->written.n) project_replayed(l, &a);
    pl_arena_free(&a);
    return err;
}

static void run_port(struct pl_post *post) {
    struct pl_llm__ledger *l =
        (struct pl_llm__ledger *)(void *)((char *)post - offsetof(struct pl_llm__ledger, wake));
    l->waking = false;
    pl_store_port_run(&l->port);
}

/* A store's thread, once a batch: the post may be under way already. */
static void wake_loop(void *ctx) {
    struct pl_llm__ledger *l = ctx;
    if (!atomic_exchange(&l->waking, true)) pl_loop_post(l->loop, &l->wake);
}

/* What a crash left open may have been spent: it counts in full. */
static void settle_lost(struct pl_llm__ledger *l, int64_t now_ms) {
    for (size_t i = 0; i < l->open.n; i++) {
        struct pl_llm__purse *p = purse_take(l, l->open.v[i].conversation);
        p->reserved += l->open.v[i].micro;
        if (l->open.v[i].day == l->now.day) l->reserved_day += l->open.v[i].micro;
    }
    while (l->open.n) {
        struct pl_llm_usage usage = {.estimated = true};
        struct pl_llm__open last = l->open.v[l->open.n - 1];
        pl_llm__settle(l, last.id, &usage, (struct pl_llm__money){last.micro, 0}, now_ms);
    }
}

enum pl_err pl_llm__ledger_open(struct pl_llm__ledger *l, struct pl_store *store,
                                struct pl_loop *loop, int32_t today, int64_t now_ms) {
    *l = (struct pl_llm__ledger){.store = store, .loop = loop};
    l->wake.fn = run_port;
    l->port.wake = wake_loop;
    l->port.ctx = l;
    if (store) {
        enum pl_err err = read_all(l);
        if (err != PL_OK) return err;
        l->last_id = pl_store_boot(store) << 32;
        free_purses(l);
        PL_VEC_FREE(&l->closed);
    }
    l->now = l->written;
    settle_lost(l, now_ms);
    new_day(l, today);
    return PL_OK;
}

void pl_llm__ledger_close(struct pl_llm__ledger *l) {
    pl_assert(l->in_flight == 0 && !l->waking);
    free_purses(l);
    PL_VEC_FREE(&l->closed);
    PL_VEC_FREE(&l->open);
}
