/* SPDX-License-Identifier: Apache-2.0
 *
 * What is remembered of customers between conversations. One is read when a page says who he is,
 * and written behind the turn that changed it: one write at a time, each slot by the latest change.
 *
 *   data: version 3 | consent, since, last refusal (zigzag) | n | name, since (zigzag), JSON; texts
 *         | n of waiting events | key, hash of what it says (8 each), since (zigzag), name,
 * arguments row:  'x' | when the oldest of them has waited too long (8) | customer (16)
 *
 * A change is made again when its conversation is loaded from its journal; it changes nothing then:
 * what was later stays, and what was changed until a refusal, also in the same millisecond, is
 * forgotten with it.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define DATA_VERSION 3
#define SLOTS_MOST   256
#define DAY_MS       86400000
#define KEPT_MS      (7 * INT64_C(86400000)) /* that an event waits for its customer */
#define SWEEP_KEY    25
#define SWEEP_MAX    100 /* customers at once */

struct slot {
    struct pl_str name, json;
    int64_t at_ms;
};
struct data {
    int64_t consent, at_ms, refused_ms; /* 0: he never refused */
    struct slot v[SLOTS_MOST];
    uint32_t n;
    struct eng_kept kept[PL_VM_HELD];
    uint32_t nkept;
};

bool pl_engine__is_nobody(const uint8_t customer[16]) {
    static const uint8_t nobody[16];
    return memcmp(customer, nobody, sizeof nobody) == 0;
}

static void read_kept(struct pl_reader *r, struct data *d) {
    uint64_t n = pl_read_var(r);
    if (n > PL_VM_HELD) r->bad = true;
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        struct eng_kept *k = &d->kept[d->nkept++];
        k->key = pl_read_u64(r);
        k->what = pl_read_u64(r);
        k->at_ms = pl_read_zig(r);
        k->name = pl_read_text(r);
        k->args = pl_read_text(r);
    }
}

static bool read_data(struct pl_str bytes, struct data *d) {
    struct pl_reader r = pl_reader_of(bytes);
    d->consent = d->at_ms = d->refused_ms = 0;
    d->n = d->nkept = 0;
    if (bytes.n == 0) return true;
    if (pl_read_u8(&r) != DATA_VERSION) return false;
    d->consent = pl_read_zig(&r);
    d->at_ms = pl_read_zig(&r);
    d->refused_ms = pl_read_zig(&r);
    uint64_t n = pl_read_var(&r);
    for (uint64_t i = 0; i < n && i < SLOTS_MOST && !r.bad; i++) {
        struct slot *s = &d->v[d->n++];
        s->name = pl_read_text(&r);
        s->at_ms = pl_read_zig(&r);
        s->json = pl_read_text(&r);
    }
    read_kept(&r, d);
    return !r.bad && n <= SLOTS_MOST && pl_read_left(&r) == 0;
}

static void write_data(struct pl_buf *b, const struct data *d) {
    pl_buf_clear(b);
    pl_buf_byte(b, DATA_VERSION);
    pl_buf_zig(b, d->consent);
    pl_buf_zig(b, d->at_ms);
    pl_buf_zig(b, d->refused_ms);
    pl_buf_var(b, d->n);
    for (uint32_t i = 0; i < d->n; i++) {
        pl_buf_text(b, d->v[i].name);
        pl_buf_zig(b, d->v[i].at_ms);
        pl_buf_text(b, d->v[i].json);
    }
    pl_buf_var(b, d->nkept);
    for (uint32_t i = 0; i < d->nkept; i++) {
        pl_buf_u64(b, d->kept[i].key);
        pl_buf_u64(b, d->kept[i].what);
        pl_buf_zig(b, d->kept[i].at_ms);
        pl_buf_text(b, d->kept[i].name);
        pl_buf_text(b, d->kept[i].args);
    }
}

static void complain(struct pl_engine *e, const char *what, enum pl_err err) {
    if (e->config.log)
        pl_log(e->config.log, PL_LOG_ERROR, "engine", what, "reason=\"%s\"", pl_err_text(err));
}

static enum pl_err load(struct pl_engine *e, const uint8_t customer[16], struct pl_arena *a,
                        struct pl_conv *conv, struct data *d) {
    struct pl_str bytes;
    uint32_t day = (uint32_t)(eng_now(e) / DAY_MS);
    enum pl_err err = pl_customer_load(e->journal, customer, day, a, conv, &bytes);
    if (err == PL_OK && !read_data(bytes, d)) err = PL_MALFORMED;
    return err;
}

/* ---- changes ---- */

static void change(struct data *d, struct pl_str name, struct pl_str json, int64_t at_ms) {
    uint32_t i = 0;
    while (i < d->n && !pl_str_eq(d->v[i].name, name)) i++;
    if (i < d->n && d->v[i].at_ms > at_ms) return; /* another conversation was later */
    if (i == SLOTS_MOST) return;
    if (i == d->n) d->n++;
    d->v[i] = (struct slot){name, json, at_ms};
}

/* His word about models is none of what he may agree to have remembered: it holds without, and when
 * all else is forgotten. */
static bool is_lasting(const struct slot *s) {
    return pl_str_is(s->name, PL_NO_MODEL);
}

static void drop_until(struct data *d, int64_t at_ms) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < d->n; i++)
        if (d->v[i].at_ms > at_ms || is_lasting(&d->v[i])) d->v[left++] = d->v[i];
    d->n = left;
}

/* 1: he wants no model; -1: he said that he does not mind; 0: he never said anything. */
static int8_t of_models(const struct data *d) {
    for (uint32_t i = 0; i < d->n; i++)
        if (is_lasting(&d->v[i]) && d->v[i].json.n)
            return pl_str_is(d->v[i].json, "false") ? -1 : 1;
    return 0;
}

/* What was told until he refused goes, whatever he agreed to since. */
static void refuse(struct data *d, int64_t at_ms) {
    if (at_ms > d->refused_ms) d->refused_ms = at_ms;
    drop_until(d, at_ms);
}

static void take_changes(struct data *d, const struct eng_keep *k) {
    struct pl_reader r = pl_reader_of(pl_buf_slice(&k->changes));
    while (pl_read_left(&r) && !r.bad) {
        struct pl_str name = pl_read_text(&r);
        change(d, name, pl_read_text(&r), k->at_ms);
    }
}

static void merge_changes(struct data *d, const struct eng_keep *k) {
    if (k->lasting) {
        take_changes(d, k);
        return;
    }
    if (k->consent && d->refused_ms && k->at_ms <= d->refused_ms) return;
    if (!k->consent) refuse(d, k->at_ms);
    if (k->at_ms >= d->at_ms) {
        d->consent = k->consent ? 1 : -1;
        d->at_ms = k->at_ms;
    }
    take_changes(d, k);
    if (d->consent < 0) drop_until(d, INT64_MAX); /* refused: what there was goes too */
}

static enum pl_err merge_event(struct data *d, const struct eng_keep *k) {
    struct pl_reader r = pl_reader_of(pl_buf_slice(&k->changes));
    struct eng_kept new = {.key = k->key, .what = k->what, .at_ms = k->at_ms};
    new.name = pl_read_text(&r);
    new.args = pl_read_text(&r);
    for (uint32_t i = 0; i < d->nkept; i++)
        if (d->kept[i].key == k->key) return d->kept[i].what == k->what ? PL_EXISTS : PL_CONFLICT;
    if (d->nkept == PL_VM_HELD) return PL_BUSY;
    d->kept[d->nkept++] = new;
    return PL_OK;
}

static void drop_kept(struct data *d, uint32_t i) {
    memmove(&d->kept[i], &d->kept[i + 1], (--d->nkept - i) * sizeof d->kept[0]);
}

/* Gives how many had waited too long. */
static uint32_t drop_old(struct data *d, int64_t now_ms) {
    uint32_t n = 0;
    for (uint32_t i = d->nkept; i > 0; i--) {
        if (now_ms - d->kept[i - 1].at_ms < KEPT_MS) continue;
        drop_kept(d, i - 1);
        n++;
    }
    return n;
}

/* What the sender of an event is to be told. */
static enum pl_err merge(struct data *d, const struct eng_keep *k) {
    switch ((enum eng_keep_kind)k->kind) {
    case ENG_KEEP_CHANGES: merge_changes(d, k); break;
    case ENG_KEEP_EVENT: return merge_event(d, k);
    case ENG_KEEP_TAKEN:
        for (uint32_t i = d->nkept; i > 0; i--)
            if (d->kept[i - 1].key == k->key) drop_kept(d, i - 1);
        break;
    case ENG_KEEP_SWEEP: break;
    case ENG_KEEP_ERASE:
        d->n = d->nkept = 0;
        d->consent = d->at_ms = d->refused_ms = 0;
        break;
    }
    return PL_OK;
}

/* As it will be when all that waits to be written is. */
static enum pl_err load_now(struct pl_engine *e, const uint8_t customer[16], struct pl_arena *a,
                            struct data *d) {
    struct pl_conv conv;
    enum pl_err err = load(e, customer, a, &conv, d);
    pl_conv_wipe(&conv);
    for (const struct eng_keep *k = e->keep_first; k && err == PL_OK; k = k->next)
        if (memcmp(k->customer, customer, sizeof k->customer) == 0) merge(d, k);
    if (err == PL_OK) drop_old(d, eng_now(e));
    return err;
}

/* ---- reading ---- */

bool pl_engine__refused_models(struct pl_engine *e, const uint8_t customer[16]) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct data *d = PL_NEW(&a, struct data);
    enum pl_err err = load_now(e, customer, &a, d);
    if (err != PL_OK) complain(e, "customer_unreadable", err);
    bool refused = err != PL_OK || of_models(d) > 0;
    pl_arena_free(&a);
    return refused;
}

/* Values of types that have changed since are forgotten. */
static void take_values(struct eng_conv *c, struct pl_arena *a, const struct data *d,
                        struct pl_vm_event *event) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_field *f = PL_NEW_ARRAY(a, struct pl_field, p->ncustomer + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->ncustomer; i++)
        for (uint32_t k = 0; k < d->n; k++) {
            struct pl_json json;
            struct pl_value v;
            struct pl_str where;
            size_t at;
            if (!pl_str_eq(d->v[k].name, p->customer[i].name)) continue;
            if (pl_json_parse(a, d->v[k].json, &json, &at) != PL_OK) continue;
            struct pl_type type = p->customer[i].type;
            if (pl_value_from_json(a, &p->types, type, &json, &v, &where) == PL_OK)
                f[n++] = (struct pl_field){p->customer[i].name, v};
        }
    event->consent = d->consent > 0 ? 1 : d->consent < 0 ? -1 : 0;
    event->customer = (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = n}};
}

bool pl_engine__recall(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                       struct pl_vm_event *event) {
    struct data *d = PL_NEW(a, struct data);
    if (pl_engine__is_nobody(c->customer)) return false;
    enum pl_err err = load_now(e, c->customer, a, d);
    if (err == PL_OK)
        take_values(c, a, d, event);
    else
        complain(e, "customer_unreadable", err);
    return err == PL_OK && d->nkept;
}

uint32_t pl_engine__waiting(struct pl_engine *e, const uint8_t customer[16], struct pl_arena *a,
                            struct eng_kept *out) {
    struct data *d = PL_NEW(a, struct data);
    enum pl_err err = load_now(e, customer, a, d);
    if (err != PL_OK) complain(e, "customer_unreadable", err);
    uint32_t n = err == PL_OK ? d->nkept : 0;
    for (uint32_t i = 0; i < n; i++) {
        out[i] = d->kept[i];
        out[i].name = pl_arena_str(a, d->kept[i].name); /* what waits to be written may go */
        out[i].args = pl_arena_str(a, d->kept[i].args);
    }
    return n;
}

/* ---- writing ---- */

void pl_engine__keep_free(struct eng_keep **k) {
    pl_buf_free(&(*k)->changes);
    pl_journal_append_free(&(*k)->append);
    pl_conv_wipe(&(*k)->conv);
    free(*k);
    *k = NULL;
}

struct eng_keep *pl_engine__keep_new(struct pl_engine *e, enum eng_keep_kind kind,
                                     const uint8_t customer[16]) {
    struct eng_keep *k = calloc(1, sizeof *k);
    pl_assert(k);
    k->e = e;
    k->kind = (uint8_t)kind;
    k->at_ms = eng_now(e);
    memcpy(k->customer, customer, sizeof k->customer);
    return k;
}

static void add_change(struct eng_keep *k, struct pl_str name, struct pl_value v) {
    struct pl_buf json = {0};
    if (v.kind != PL_KIND_NONE) pl_value_to_json(&json, v);
    pl_buf_text(&k->changes, name);
    pl_buf_text(&k->changes, pl_buf_slice(&json)); /* empty: forgotten */
    pl_buf_free(&json);
}

struct eng_keep *pl_engine__keep_no_model(struct pl_engine *e, const uint8_t customer[16],
                                          bool no) {
    struct eng_keep *k = pl_engine__keep_new(e, ENG_KEEP_CHANGES, customer);
    k->lasting = true;
    add_change(k, PL_STR(PL_NO_MODEL), (struct pl_value){.kind = PL_KIND_BOOL, .b = no});
    return k;
}

void pl_engine__keep(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_effect *v,
                     int64_t now_ms) {
    if (pl_engine__is_nobody(c->customer)) return;
    struct eng_keep *k = pl_engine__keep_new(e, ENG_KEEP_CHANGES, c->customer);
    k->consent = v->consent;
    k->lasting = v->lasting;
    k->at_ms = now_ms;
    memcpy(k->conversation, c->id, sizeof k->conversation);
    for (uint32_t i = 0; (v->consent || v->lasting) && i < v->facts.rec.n; i++)
        add_change(k, v->facts.rec.f[i].name, v->facts.rec.f[i].value);
    PL_PUSH(&c->keeps, k);
}

static void start_first(struct pl_engine *e);

static void finish_first(struct pl_engine *e, enum pl_err err) {
    struct eng_keep *k = e->keep_first;
    struct eng_conv *c = pl_engine__conv_find(e, k->conversation);
    bool taken = err == PL_OK && k->said == PL_OK;
    if (err != PL_OK) complain(e, "customer_not_kept", err);
    if (c && c->keeping) c->keeping--;
    e->keep_first = k->next;
    if (!e->keep_first) e->keep_last = NULL;
    if (k->kind == ENG_KEEP_EVENT && taken) ENG_COUNT(e, EVENTS_KEPT);
    if (k->asked)
        pl_engine__told(e, k->ticket,
                        err == PL_LIMIT ? PL_BUSY
                        : err           ? err
                                        : k->said,
                        taken && k->kind == ENG_KEEP_EVENT ? PL_STR("kept")
                        : err == PL_LIMIT || k->said == PL_BUSY
                            ? PL_STR("too many events wait for the customer")
                            : PL_STR(""));
    if (k->erasure) pl_engine__erased(e, k->erasure, err);
    if (k->turned && err == PL_OK && !e->stopped)
        pl_engine__tell_no_model(e, k->customer, k->turned > 0);
    pl_engine__keep_free(&k);
}

static void kept(struct pl_journal_append *append) {
    struct eng_keep *k = append->ctx;
    struct pl_engine *e = k->e;
    /* nothing is projected from it: the last entry is all there is */
    if (append->store.err == PL_OK)
        pl_store_project(e->config.store, NULL, 0, &k->conv.stream, k->conv.n);
    finish_first(e, append->store.err);
    start_first(e);
}

/* When the oldest event has waited too long, somebody is to look. */
static void remind(struct pl_engine *e, const struct data *d, const uint8_t customer[16]) {
    char key[SWEEP_KEY] = {'x'};
    if (d->nkept == 0) return;
    uint64_t at = (uint64_t)(d->kept[0].at_ms + KEPT_MS);
    for (int i = 0; i < 8; i++) key[1 + i] = (char)(at >> (56 - 8 * i));
    memcpy(key + 9, customer, 16);
    struct pl_store_row row = {{key, sizeof key}, PL_STR("x")};
    pl_store_project(e->config.store, &row, 1, NULL, 0);
}

/* Who does not want to be remembered is forgotten at once: his key is destroyed, and what is left
 * to know of him, that he refused, goes under a new one. */
static enum pl_err forget(struct pl_engine *e, struct pl_arena *a, struct eng_keep *k) {
    struct pl_str bytes;
    uint32_t day = (uint32_t)(eng_now(e) / DAY_MS);
    enum pl_err err = pl_customer_erase(e->journal, k->customer);
    pl_conv_wipe(&k->conv);
    if (err == PL_OK) err = pl_customer_load(e->journal, k->customer, day, a, &k->conv, &bytes);
    return err;
}

/* PL_EXISTS: it is remembered already. */
static enum pl_err append_first(struct pl_engine *e, struct eng_keep *k) {
    struct pl_arena a;
    if (k->kind == ENG_KEEP_ERASE) {
        enum pl_err gone = pl_customer_erase(e->journal, k->customer);
        return gone ? gone : PL_EXISTS;
    }
    pl_arena_init(&a, 0);
    struct data *d = PL_NEW(&a, struct data);
    struct pl_entry entry = {.kind = PL_ENTRY_MEMORY, .at_ms = eng_now(e)};
    enum pl_err err = load(e, k->customer, &a, &k->conv, d);
    write_data(&e->buf2, d);
    struct pl_str before = pl_arena_str(&a, pl_buf_slice(&e->buf2));
    int8_t word = of_models(d);
    bool knew = d->n > (word != 0) || d->consent > 0;
    uint32_t old = drop_old(d, eng_now(e));
    k->said = merge(d, k);
    k->turned = of_models(d) == word ? 0 : of_models(d);
    write_data(&e->buf2, d);
    entry.memory.data = pl_arena_str(&a, pl_buf_slice(&e->buf2));
    if (err == PL_OK && pl_str_eq(before, entry.memory.data)) err = PL_EXISTS;
    if (err == PL_OK && entry.memory.data.n > PL_CUSTOMER_MOST) err = PL_LIMIT;
    if (err == PL_OK && knew && d->consent < 0) err = forget(e, &a, k);
    if (err == PL_OK || err == PL_EXISTS) remind(e, d, k->customer);
    k->append.ctx = k;
    pl_journal_begin_on(&k->append, &k->conv.stream, k->conv.n, &k->conv);
    if (err == PL_OK) err = pl_journal_add(e->journal, &k->append, &entry);
    if (err == PL_OK) err = pl_journal_send(e->journal, &k->append, &e->port, kept);
    if (err == PL_OK) pl_count(&e->counters[PL_ENGINE_EVENTS_DROPPED], old);
    pl_arena_free(&a);
    return err;
}

static void start_first(struct pl_engine *e) {
    while (e->keep_first) {
        enum pl_err err = append_first(e, e->keep_first);
        if (err == PL_OK) return; /* goes on when it is on disk */
        finish_first(e, err == PL_EXISTS ? PL_OK : err);
    }
}

static void enqueue(struct pl_engine *e, struct eng_keep *k) {
    if (e->keep_last)
        e->keep_last->next = k;
    else
        e->keep_first = k;
    e->keep_last = k;
}

void pl_engine__keep_add(struct pl_engine *e, struct eng_keep *k) {
    bool idle = e->keep_first == NULL;
    enqueue(e, k);
    if (idle) start_first(e);
}

void pl_engine__keeps_drop(struct pl_engine *e, const uint8_t customer[16]) {
    struct eng_keep *before = e->keep_first, *k;
    while (before && (k = before->next) != NULL) {
        if (memcmp(k->customer, customer, sizeof k->customer) != 0) {
            before = k;
            continue;
        }
        struct eng_conv *c = pl_engine__conv_find(e, k->conversation);
        if (c && c->keeping) c->keeping--;
        if (k->asked) pl_engine__told(e, k->ticket, PL_ERASED, PL_STR(""));
        before->next = k->next;
        if (!before->next) e->keep_last = before;
        if (k->erasure) pl_engine__erased(e, k->erasure, PL_OK); /* the next one does the same */
        pl_engine__keep_free(&k);
    }
}

void pl_engine__sweep(struct pl_engine *e) {
    struct pl_arena a;
    struct pl_store_row *rows;
    size_t n = 0;
    pl_arena_init(&a, 0);
    if (pl_store_rows(e->config.store, &a, PL_STR("x"), PL_STR(""), SWEEP_MAX, &rows, &n) != PL_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = 0;
        struct pl_store_row gone = {.key = rows[i].key};
        for (int k = 0; k < 8; k++) at = at << 8 | (uint8_t)rows[i].key.p[1 + k];
        if (rows[i].key.n != SWEEP_KEY || at > (uint64_t)eng_now(e)) break;
        pl_store_project(e->config.store, &gone, 1, NULL, 0);
        const uint8_t *customer = (const uint8_t *)rows[i].key.p + 9;
        pl_engine__keep_add(e, pl_engine__keep_new(e, ENG_KEEP_SWEEP, customer));
    }
    pl_arena_free(&a);
}

void pl_engine_remember(struct pl_engine *e, const uint8_t customer[16], struct pl_value record) {
    struct eng_conv nobody = {0}; /* no conversation waits for it */
    struct pl_vm_effect v = {.facts = record, .consent = true};
    memcpy(nobody.customer, customer, sizeof nobody.customer);
    pl_engine__keep(e, &nobody, &v, eng_now(e));
    pl_engine__keep_start(e, &nobody);
    PL_VEC_FREE(&nobody.keeps);
}

void pl_engine__keep_start(struct pl_engine *e, struct eng_conv *c) {
    bool idle = e->keep_first == NULL;
    for (size_t i = 0; i < c->keeps.n; i++) {
        enqueue(e, c->keeps.v[i]);
        c->keeping++;
    }
    c->keeps.n = 0;
    if (idle) start_first(e);
}
