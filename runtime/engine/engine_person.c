/* SPDX-License-Identifier: Apache-2.0
 *
 * A customer as one person: his conversations, what is sent to him and not to one of them, and
 * erasing all there is of him.
 *
 *   row:    'k' | customer (16) | since when, latest first (8) | conversation (16)
 *   event:  the conversation that has its key, else the one that waits for it, else the latest;
 *           none: it is kept, and told to the next conversation in which he is known
 *
 * Told once: a conversation has the keys of what it was told before the event is taken off the kept
 * ones, and whoever looks for a kept event looks at the keys of all of them.
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define LIST_KEY  41
#define LIST_MOST 16 /* conversations that an event looks at */

/* ---- his conversations ---- */

static void list_key(char out[LIST_KEY], const uint8_t customer[16], int64_t since_ms,
                     const uint8_t id[16]) {
    uint64_t latest_first = ~(uint64_t)since_ms;
    out[0] = 'k';
    memcpy(out + 1, customer, 16);
    for (int i = 0; i < 8; i++) out[17 + i] = (char)(latest_first >> (56 - 8 * i));
    memcpy(out + 25, id, 16);
}

void pl_engine__list(struct pl_engine *e, struct eng_conv *c) {
    char key[LIST_KEY];
    if (c->listed || pl_engine__is_nobody(c->customer)) return;
    list_key(key, c->customer, c->known_ms, c->id);
    struct pl_store_row row = {{key, sizeof key}, PL_STR("k")};
    c->listed = pl_store_project(e->config.store, &row, 1, NULL, 0) == PL_OK;
}

static size_t conversations(struct pl_engine *e, const uint8_t customer[16], struct pl_arena *a,
                            size_t most, struct pl_store_row **rows) {
    size_t n = 0;
    char key[LIST_KEY];
    list_key(key, customer, 0, customer);
    struct pl_str prefix = pl_arena_str(a, (struct pl_str){key, 17});
    if (pl_store_rows(e->config.store, a, prefix, PL_STR(""), most, rows, &n) != PL_OK) n = 0;
    return n;
}

static const uint8_t *id_of(const struct pl_store_row *row) {
    return (const uint8_t *)row->key.p + 25;
}

static void unlist(struct pl_engine *e, struct pl_str key) {
    struct pl_store_row row = {.key = key};
    pl_store_project(e->config.store, &row, 1, NULL, 0);
}

/* ---- events for him ---- */

static bool awaits(struct pl_engine *e, const struct eng_conv *c, struct pl_arena *a,
                   const struct eng_input *in) {
    struct pl_value value;
    return pl_engine__event_args(c, a, in->text, in->more, &value) &&
           pl_vm_awaits(e->vm, c->image->image, pl_buf_slice(&c->state), a, in->text, value);
}

/* Which of his conversations is to have it; NULL: he has none. */
static enum pl_err choose(struct pl_engine *e, const struct eng_input *in, struct pl_arena *a,
                          struct eng_conv **out) {
    struct pl_store_row *rows = NULL;
    uint64_t key = pl_engine__key(in->epoch);
    struct eng_conv *latest = NULL, *waits = NULL, *c;
    size_t n = conversations(e, in->customer, a, LIST_MOST, &rows);
    *out = NULL;
    for (size_t i = 0; i < n && !*out; i++) {
        enum pl_err err = pl_engine__conv_load(e, id_of(&rows[i]), &c);
        bool gone = err == PL_NOT_FOUND || err == PL_ERASED;
        if (gone) unlist(e, rows[i].key);
        if (gone) continue;
        if (err != PL_OK) return err; /* it may be the very one that has it */
        if (pl_engine__knows_key(c, key)) *out = c;
        if (!waits && awaits(e, c, a, in)) waits = c;
        if (!latest) latest = c;
    }
    if (!*out) *out = waits ? waits : latest;
    return PL_OK;
}

static enum pl_err keep_event(struct pl_engine *e, const struct eng_input *in, struct pl_arena *a,
                              struct pl_str *why) {
    struct pl_value value;
    struct pl_buf args = {0};
    enum pl_err err = pl_engine__declared(e, a, in->text, in->more, &value, why);
    if (err != PL_OK) return err;
    struct eng_keep *k = pl_engine__keep_new(e, ENG_KEEP_EVENT, in->customer);
    pl_value_to_json(&args, value); /* masked by now */
    pl_buf_text(&k->changes, in->text);
    pl_buf_text(&k->changes, pl_buf_slice(&args));
    pl_buf_free(&args);
    k->asked = true;
    k->ticket = in->client;
    k->what = pl_engine__what(in->text, value);
    k->key = pl_engine__key(in->epoch);
    if (k->key == 0) k->key = pl_rand_u64(&e->rand) | 1; /* conversations tell it by its key */
    pl_engine__keep_add(e, k);
    return PL_OK;
}

/* It is the customer's, not one conversation's, and it does not grow old. */
static enum pl_err keep_no_model(struct pl_engine *e, const struct eng_input *in,
                                 struct pl_arena *a, struct pl_str *why) {
    struct pl_value value;
    enum pl_err err = pl_engine__declared(e, a, in->text, in->more, &value, why);
    if (err != PL_OK) return err;
    struct eng_keep *k = pl_engine__keep_no_model(e, in->customer, pl_engine__says_no_model(value));
    k->asked = true;
    k->ticket = in->client;
    pl_engine__keep_add(e, k);
    return PL_OK;
}

void pl_engine__to_customer(struct pl_engine *e, struct eng_input *in) {
    struct pl_arena a;
    struct eng_conv *c = NULL;
    struct pl_str why = PL_STR("");
    pl_arena_init(&a, 0);
    bool no_model = pl_str_is(in->text, PL_NO_MODEL);
    enum pl_err err = no_model ? keep_no_model(e, in, &a, &why) : choose(e, in, &a, &c);
    if (err == PL_BUSY && pl_engine__park(e, in)) {
        pl_arena_free(&a);
        return;
    }
    if (err == PL_OK && no_model) {
        ENG_COUNT(e, EVENTS);
    } else if (err == PL_OK && c) {
        pl_engine__input(e, c, in);
        in = NULL;
    } else if (err == PL_OK) {
        err = keep_event(e, in, &a, &why);
    }
    if (err != PL_OK) pl_engine__told(e, in->client, err, why);
    free(in);
    pl_arena_free(&a);
}

/* ---- what was kept ---- */

static bool told_before(struct pl_engine *e, const uint8_t customer[16], struct pl_arena *a,
                        uint64_t key, bool *unsure) {
    struct pl_store_row *rows = NULL;
    struct eng_conv *c;
    size_t n = conversations(e, customer, a, LIST_MOST, &rows);
    for (size_t i = 0; i < n; i++) {
        enum pl_err err = pl_engine__conv_load(e, id_of(&rows[i]), &c);
        if (err == PL_OK && pl_engine__knows_key(c, key)) return true;
        *unsure |= err != PL_OK && err != PL_NOT_FOUND && err != PL_ERASED;
    }
    return false;
}

static struct eng_keep *taken(struct pl_engine *e, const struct eng_conv *c, uint64_t key) {
    struct eng_keep *k = pl_engine__keep_new(e, ENG_KEEP_TAKEN, c->customer);
    memcpy(k->conversation, c->id, sizeof k->conversation);
    k->key = key;
    return k;
}

void pl_engine__taken(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_event *event) {
    if (event->kind != PL_EVENT_HAPPENED || !event->key) return;
    if (!pl_engine__is_nobody(c->customer)) PL_PUSH(&c->keeps, taken(e, c, event->key));
}

/* One that this conversation cannot have, since its program knows it no more, is dropped. */
static void tell(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                 const struct eng_kept *k) {
    struct pl_vm_event event;
    pl_engine__event(e, c, PL_EVENT_HAPPENED, &event);
    event.name = k->name;
    event.key = k->key;
    if (!pl_engine__event_args(c, t->a, k->name, k->args, &event.value)) {
        ENG_COUNT(e, EVENTS_DROPPED);
        pl_engine__keep_add(e, taken(e, c, k->key));
        return;
    }
    pl_engine__step(e, c, t, &event, 0);
    if (c->broken) return;
    ENG_COUNT(e, EVENTS);
    pl_engine__taken(e, c, &event);
}

void pl_engine__kept(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t) {
    struct eng_kept kept[PL_VM_HELD];
    bool unsure = false;
    uint32_t i = 0, n = pl_engine__waiting(e, c->customer, t->a, kept);
    while (i < n && (pl_engine__knows_key(c, kept[i].key) ||
                     told_before(e, c->customer, t->a, kept[i].key, &unsure)))
        i++;
    if (i == n || unsure || c->nheld == PL_VM_HELD) return; /* the next conversation has them */
    tell(e, c, t, &kept[i]);
    if (c->broken) return;
    pl_engine__input(e, c, pl_engine__input_new(e, ENG_KEPT, PL_STR(""), PL_STR(""), PL_STR("")));
}

/* ---- erasing ---- */

void pl_engine_erase(struct pl_engine *e, uint64_t ticket, const uint8_t customer[16]) {
    struct eng_input *in = pl_engine__input_new(e, ENG_FORGET, PL_STR(""), PL_STR(""), PL_STR(""));
    in->client = ticket;
    memcpy(in->customer, customer, sizeof in->customer);
    pl_engine__post(e, in);
}

/* After his conversations, since they may have something to remember of him until they end. */
void pl_engine__erased(struct pl_engine *e, struct eng_erasure *x, enum pl_err err) {
    if (err != PL_OK && x->err == PL_OK) x->err = err;
    if (--x->left > 0) return;
    if (x->last) {
        pl_engine__told(e, x->ticket, x->err, x->known ? PL_STR("") : PL_STR("nobody"));
        free(x);
        return;
    }
    x->last = true;
    x->left = 1;
    x->known = x->known || pl_customer_known(e->journal, x->customer);
    pl_engine__keeps_drop(e, x->customer);
    struct eng_keep *k = pl_engine__keep_new(e, ENG_KEEP_ERASE, x->customer);
    k->erasure = x;
    pl_engine__keep_add(e, k);
}

/* Of the hand-overs in the queue, which stand by their urgency, those of one conversation. */
static void drop_queue_rows(struct pl_engine *e, struct pl_arena *a, const uint8_t id[16]) {
    struct pl_store_row *rows = NULL;
    size_t n = 0;
    if (pl_store_rows(e->config.store, a, PL_STR("q"), PL_STR(""), SIZE_MAX, &rows, &n) != PL_OK)
        return;
    for (size_t i = 0; i < n; i++)
        if (rows[i].key.n >= 26 && memcmp(rows[i].key.p + 10, id, 16) == 0) unlist(e, rows[i].key);
}

/* The rows with something of the conversation: its snapshot, its hand-overs. Sealed with the key
 * that is gone, they are of no use. The snapshot goes last: while it is there, others may be. */
void pl_engine__drop_rows(struct pl_engine *e, const uint8_t id[16]) {
    struct pl_arena a;
    struct pl_store_row *rows = NULL;
    char prefix[17] = {'c'};
    size_t n = 0;
    memcpy(prefix + 1, id, 16);
    if (e->config.models.forget) e->config.models.forget(e->config.models.ctx, id);
    pl_engine__uses_drop(e, id);
    pl_arena_init(&a, 0);
    if (pl_store_rows(e->config.store, &a, (struct pl_str){prefix, 17}, PL_STR(""), 64, &rows,
                      &n) == PL_OK &&
        n > 0) {
        drop_queue_rows(e, &a, id);
        pl_engine__votes_drop(e, id);
        for (size_t i = 0; i < n; i++) unlist(e, rows[i].key);
    }
    pl_arena_free(&a);
}

static void drop_handoffs(struct pl_engine *e, struct eng_conv *c) {
    struct pl_arena a;
    struct pl_store_row rows[ENG_HANDOFFS + 1];
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < c->handoffs.n; i++) {
        c->handoffs.v[i].done = true;
        c->handoffs.v[i].shown = false;
    }
    size_t n = pl_engine__handoff_rows(e, c, &a, rows, PL_LEN(rows));
    if (n) pl_store_project(e->config.store, rows, n, NULL, 0);
    pl_arena_free(&a);
}

void pl_engine__erase(struct pl_engine *e, struct eng_conv *c, const struct eng_input *in) {
    enum pl_err err = pl_conv_erase(e->journal, &c->j);
    if (err == PL_OK) {
        char key[LIST_KEY];
        list_key(key, c->customer, c->known_ms, c->id);
        drop_handoffs(e, c);
        pl_engine__drop_rows(e, c->id);
        unlist(e, (struct pl_str){key, sizeof key});
        ENG_COUNT(e, ERASED);
        c->erased = c->broken = true; /* it leaves memory, and its clients are told */
    }
    pl_engine__erased(e, in->erasure, err);
}

/* One that cannot be loaded loses its key all the same. */
static enum pl_err erase_unread(struct pl_engine *e, const struct pl_store_row *row) {
    const uint8_t *id = id_of(row);
    struct pl_arena a;
    struct pl_conv conv;
    struct pl_snapshot snap;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_snapshot_load(e->journal, id, &a, &conv, &snap);
    if (err == PL_OK) err = pl_conv_erase(e->journal, &conv);
    if (err == PL_OK) pl_engine__drop_rows(e, id);
    if (err == PL_OK) ENG_COUNT(e, ERASED);
    pl_conv_wipe(&conv);
    pl_arena_free(&a);
    if (err == PL_NOT_FOUND || err == PL_ERASED) err = PL_OK;
    if (err == PL_OK) unlist(e, row->key);
    return err;
}

static void erase_loaded(struct pl_engine *e, struct eng_conv *c, struct eng_erasure *x) {
    struct eng_input *in = pl_engine__input_new(e, ENG_ERASE, PL_STR(""), PL_STR(""), PL_STR(""));
    in->erasure = x;
    pl_engine__input(e, c, in);
}

static void erase_one(struct pl_engine *e, const struct pl_store_row *row, struct eng_erasure *x) {
    struct eng_conv *c;
    if (pl_engine__conv_load(e, id_of(row), &c) != PL_OK) {
        pl_engine__erased(e, x, erase_unread(e, row));
        return;
    }
    erase_loaded(e, c, x);
}

/* Those in memory whose row is not in the state yet: it is written behind the journal. */
static void erase_unlisted(struct pl_engine *e, const struct pl_store_row *rows, size_t n,
                           struct eng_erasure *x) {
    struct eng_conv *next;
    for (struct eng_conv *c = e->oldest; c; c = next) {
        size_t i = 0;
        next = c->next;
        if (memcmp(c->customer, x->customer, sizeof c->customer) != 0) continue;
        while (i < n && memcmp(id_of(&rows[i]), c->id, sizeof c->id) != 0) i++;
        if (i < n) continue;
        x->left++;
        x->known = true;
        erase_loaded(e, c, x);
    }
}

void pl_engine__forget_customer(struct pl_engine *e, struct eng_input *in) {
    struct pl_arena a;
    struct pl_store_row *rows = NULL;
    struct eng_erasure *x = calloc(1, sizeof *x);
    pl_assert(x);
    pl_arena_init(&a, 0);
    size_t n = conversations(e, in->customer, &a, SIZE_MAX, &rows);
    *x = (struct eng_erasure){.ticket = in->client, .left = (uint32_t)n + 1, .known = n > 0};
    memcpy(x->customer, in->customer, sizeof x->customer);
    erase_unlisted(e, rows, n, x);
    for (size_t i = 0; i < n; i++) erase_one(e, &rows[i], x);
    pl_engine__erased(e, x, PL_OK); /* all of them are on their way */
    pl_arena_free(&a);
    free(in);
}
