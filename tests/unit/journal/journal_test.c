/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversations written and read back: sealing, long entries, snapshots, events, erasure, forgery.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/journal/journal.h"

#define DAY 20779

struct bench {
    char folder[64], keys[96], master[96];
    struct pl_store *s;
    struct pl_journal *j;
    struct pl_store_port port;
    struct pl_journal_append a;
    struct pl_arena arena;
    struct pl_conv conv;
    unsigned done;
};

static int setup(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/pl_journal_XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->keys, sizeof b->keys, "%s/keys", b->folder);
    snprintf(b->master, sizeof b->master, "%s/master", b->folder);
    struct pl_store_config config = {0};
    assert_int_equal(pl_store_open(&config, &b->s, NULL), PL_OK);
    assert_int_equal(pl_journal_create(b->s, b->keys, b->master, &b->j), PL_OK);
    pl_arena_init(&b->arena, 0);
    uint8_t id[16] = {1};
    assert_int_equal(pl_conv_begin(b->j, id, DAY, &b->conv), PL_OK);
    b->a.ctx = b;
    *state = b;
    return 0;
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state) {
    struct bench *b = *state;
    pl_journal_append_free(&b->a);
    pl_journal_destroy(&b->j);
    pl_store_close(&b->s);
    pl_arena_free(&b->arena);
    nftw(b->folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
    free(b);
    return 0;
}

static void count_done(struct pl_journal_append *a) {
    ((struct bench *)a->ctx)->done++;
}

static enum pl_err send(struct bench *b) {
    enum pl_err err = pl_journal_send(b->j, &b->a, &b->port, count_done);
    if (err) return err;
    pl_store_port_run(&b->port);
    return b->a.store.err;
}

static enum pl_err put_one(struct bench *b, struct pl_entry e) {
    pl_journal_begin(&b->a, &b->conv);
    enum pl_err err = pl_journal_add(b->j, &b->a, &e);
    return err ? err : send(b);
}

static struct pl_entry arrival(uint64_t counter, const char *text) {
    return (struct pl_entry){.kind = PL_ENTRY_ARRIVAL,
                             .at_ms = (int64_t)counter * 1000,
                             .arrival = {.counter = counter, .text = {.s = pl_str_c(text)}}};
}

static struct pl_entry turn(struct pl_str event, const struct pl_str *outputs, uint32_t n) {
    return (struct pl_entry){.kind = PL_ENTRY_TURN,
                             .noutputs = n,
                             .outputs = outputs,
                             .turn = {.event = event, .hash = 5}};
}

/* ---- writing and reading ---- */

/* "OPEN ARRIVAL ..." from entry n on, and the error that ended it unless it is the end. */
static void walk(struct bench *b, uint64_t n, const char *expected) {
    struct pl_journal_cursor c;
    struct pl_entry e;
    char text[512] = "";
    size_t at = 0;
    assert_int_equal(pl_journal_from(b->j, &b->conv, n, &c), PL_OK);
    enum pl_err err;
    while (!(err = pl_journal_next(b->j, &c, &b->arena, &e))) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at ? " " : "",
                               pl_entry_word(e.kind));
    }
    if (err != PL_NOT_FOUND) snprintf(text + at, sizeof text - at, " (%s)", pl_err_text(err));
    pl_journal_cursor_free(&c);
    assert_string_equal(text, expected);
}

static void test_write_and_read(void **state) {
    struct bench *b = *state;
    const struct pl_str out[] = {PL_STR("{\"kind\":\"message\"}"), PL_STR("{\"kind\":\"closed\"}")};
    struct pl_entry open = {.kind = PL_ENTRY_OPEN, .open = {.locale = PL_STR("en-US")}};
    struct pl_entry said = arrival(1, "where is my order?");
    struct pl_entry step = turn(PL_STR("event"), out, 2);
    said.flags = PL_ENTRY_WAITS;
    pl_journal_begin(&b->a, &b->conv);
    assert_int_equal(pl_journal_add(b->j, &b->a, &open), PL_OK);
    assert_int_equal(pl_journal_add(b->j, &b->a, &said), PL_OK);
    assert_int_equal(pl_journal_add(b->j, &b->a, &step), PL_OK);
    assert_int_equal(said.n, 2);
    assert_int_equal(said.first_seq, 1);
    assert_int_equal(step.first_seq, 2);
    assert_int_equal(step.last_seq, 3);
    assert_int_equal(send(b), PL_OK);
    assert_int_equal(b->done, 1);
    assert_int_equal(b->conv.n, 3);
    assert_int_equal(b->conv.seq, 3);
    walk(b, 1, "OPEN ARRIVAL TURN");
    walk(b, 3, "TURN");
    walk(b, 4, "");

    struct pl_journal_cursor c;
    struct pl_entry e;
    assert_int_equal(pl_journal_from(b->j, &b->conv, 2, &c), PL_OK);
    assert_int_equal(pl_journal_next(b->j, &c, &b->arena, &e), PL_OK);
    assert_true(pl_str_is(e.arrival.text.s, "where is my order?"));
    assert_int_equal(e.flags, PL_ENTRY_WAITS);
    assert_int_equal(e.at_ms, 1000);
    assert_int_equal(pl_journal_next(b->j, &c, &b->arena, &e), PL_OK);
    assert_int_equal(e.n, 3);
    assert_int_equal(e.commit, 3);
    assert_true(pl_str_eq(e.outputs[1], out[1]));
    assert_int_equal(e.turn.hash, 5);
    pl_journal_cursor_free(&c);
}

static bool see_nothing_clear(void *ctx, const struct pl_store_entry *e) {
    (void)ctx;
    assert_int_equal(pl_str_find(e->body, PL_STR("secret")), SIZE_MAX);
    return true;
}

static void test_sealed(void **state) {
    struct bench *b = *state;
    struct pl_str out = PL_STR("{\"secret\":1}");
    assert_int_equal(put_one(b, arrival(1, "my secret")), PL_OK);
    assert_int_equal(put_one(b, turn(PL_STR("secret"), &out, 1)), PL_OK);
    assert_int_equal(pl_store_scan(b->s, 1, 0, see_nothing_clear, NULL), PL_OK);
}

/* The order-tracking turn with its texts: what a day of half a million of them costs. */
static void test_size_of_a_turn(void **state) {
    struct bench *b = *state;
    static const char reading[150];
    struct pl_str out = PL_STR(
        "{\"kind\":\"message\",\"from\":\"bot\",\"parts\":[{\"type\":\"text\",\"text\":\"Your "
        "order "
        "ORDER123456789 is out for delivery in Portland. Expected: Today by 8:00 PM.\"},"
        "{\"type\":\"text\",\"text\":\"Would you like me to send you live tracking updates via "
        "SMS?\"}],\"choices\":[{\"id\":\"track.sms.yes\",\"label\":\"Yes, please\"},{\"id\":"
        "\"track.sms.no\",\"label\":\"No, thanks\"}]}");
    struct pl_entry e = turn((struct pl_str){reading, sizeof reading}, &out, 1);
    pl_journal_begin(&b->a, &b->conv);
    assert_int_equal(pl_journal_add(b->j, &b->a, &e), PL_OK);
    assert_true(b->a.bytes.n + 64 <= 150 + out.n + 130);
    print_message("texts %zu, event 150, entry %zu bytes\n", out.n, b->a.bytes.n + 64);
}

static void test_pipeline(void **state) {
    struct bench *b = *state;
    struct pl_journal_append second = {.ctx = b};
    struct pl_entry one = arrival(1, "one"), other = arrival(2, "two");
    pl_journal_begin(&b->a, &b->conv);
    assert_int_equal(pl_journal_add(b->j, &b->a, &one), PL_OK);
    assert_int_equal(pl_journal_send(b->j, &b->a, &b->port, count_done), PL_OK);
    pl_journal_begin(&second, &b->conv);
    assert_int_equal(pl_journal_add(b->j, &second, &other), PL_OK);
    assert_int_equal(pl_journal_send(b->j, &second, &b->port, count_done), PL_OK);
    pl_store_port_run(&b->port);
    assert_int_equal(b->done, 2);
    assert_int_equal(second.store.err, PL_OK);
    assert_int_equal(second.store.n, 2);
    pl_journal_append_free(&second);
    walk(b, 1, "ARRIVAL ARRIVAL");
}

static void test_conflict(void **state) {
    struct bench *b = *state;
    struct pl_conv stale = b->conv;
    assert_int_equal(put_one(b, arrival(1, "one")), PL_OK);
    b->conv = stale;
    assert_int_equal(put_one(b, arrival(1, "one")), PL_CONFLICT);
}

/* What is hidden opens for its conversation alone, and for nothing that was altered. */
static void test_hidden(void **state) {
    struct bench *b = *state;
    struct pl_buf box = {0};
    struct pl_str plain;
    struct pl_conv other = b->conv;
    other.stream.id[3] ^= 1;
    assert_int_equal(pl_journal_hide(b->j, &b->conv, PL_STR("471108"), &box), PL_OK);
    struct pl_str s = pl_buf_slice(&box);
    assert_true(pl_str_find(s, PL_STR("471108")) == SIZE_MAX);
    assert_int_equal(pl_journal_reveal(b->j, &b->conv, s, &b->arena, &plain), PL_OK);
    assert_true(pl_str_is(plain, "471108"));
    assert_int_equal(pl_journal_reveal(b->j, &other, s, &b->arena, &plain), PL_MALFORMED);
    for (size_t i = 0; i < s.n; i++) {
        box.p[i] ^= 1;
        assert_int_equal(pl_journal_reveal(b->j, &b->conv, s, &b->arena, &plain), PL_MALFORMED);
        box.p[i] ^= 1;
    }
    assert_int_equal(pl_journal_reveal(b->j, &b->conv, PL_STR(""), &b->arena, &plain), PL_OK);
    assert_int_equal(plain.n, 0);
    assert_true(pl_conv_digest(b->j, &b->conv, PL_STR("1")) ==
                pl_conv_digest(b->j, &b->conv, PL_STR("1")));
    assert_true(pl_conv_digest(b->j, &b->conv, PL_STR("1")) !=
                pl_conv_digest(b->j, &b->conv, PL_STR("2")));
    other.key[0] ^= 1;
    assert_true(pl_conv_digest(b->j, &b->conv, PL_STR("1")) !=
                pl_conv_digest(b->j, &other, PL_STR("1")));
    pl_buf_free(&box);
}

/* ---- long entries ---- */

/* Nothing of it repeats, so that packing makes it no shorter. */
static char noise(size_t i) {
    uint64_t v = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return (char)((v ^ v >> 29) * UINT64_C(0xBF58476D1CE4E5B9) >> 56);
}

static void put_long(struct bench *b, size_t n, enum pl_err expected) {
    char *text = malloc(n + 1);
    for (size_t i = 0; i < n; i++) text[i] = noise(i);
    assert_int_equal(put_one(b, turn((struct pl_str){text, n}, NULL, 0)), expected);
    free(text);
}

static void test_long(void **state) {
    struct bench *b = *state;
    static const size_t sizes[] = {16000, 16384, 17000, 100000, 200000, 32700};
    assert_int_equal(put_one(b, arrival(1, "before")), PL_OK);
    for (size_t i = 0; i < PL_LEN(sizes); i++) put_long(b, sizes[i], PL_OK);
    assert_int_equal(put_one(b, arrival(2, "after")), PL_OK);
    assert_true(b->conv.n > PL_LEN(sizes) + 2);
    struct pl_journal_cursor c;
    struct pl_entry e;
    assert_int_equal(pl_journal_from(b->j, &b->conv, 1, &c), PL_OK);
    assert_int_equal(pl_journal_next(b->j, &c, &b->arena, &e), PL_OK);
    for (size_t i = 0; i < PL_LEN(sizes); i++) {
        assert_int_equal(pl_journal_next(b->j, &c, &b->arena, &e), PL_OK);
        assert_int_equal(e.turn.event.n, sizes[i]);
        assert_int_equal(e.turn.event.p[sizes[i] - 1], noise(sizes[i] - 1));
    }
    assert_int_equal(pl_journal_next(b->j, &c, &b->arena, &e), PL_OK);
    assert_true(pl_str_is(e.arrival.text.s, "after"));
    assert_int_equal(pl_journal_next(b->j, &c, &b->arena, &e), PL_NOT_FOUND);
    pl_journal_cursor_free(&c);
    walk(b, 4, "TURN TURN TURN TURN ARRIVAL"); /* begins inside the second long one */
}

static void test_long_limit(void **state) {
    struct bench *b = *state;
    /* Fields of a turn besides the event: image 8, of 1, hash 8, lengths 3 + 1 + 1, outputs 1. */
    put_long(b, PL_ENTRY_MOST - 23, PL_OK);
    put_long(b, PL_ENTRY_MOST - 22, PL_LIMIT);
    walk(b, 1, "TURN");
    /* A failed add leaves those before it. */
    struct pl_entry good = arrival(1, "good"), bad = arrival(2, "bad");
    static char text[PL_ENTRY_MOST];
    bad.arrival.text.s = (struct pl_str){text, sizeof text};
    pl_journal_begin(&b->a, &b->conv);
    assert_int_equal(pl_journal_add(b->j, &b->a, &good), PL_OK);
    assert_int_equal(pl_journal_add(b->j, &b->a, &bad), PL_LIMIT);
    assert_int_equal(send(b), PL_OK);
    walk(b, 1, "TURN ARRIVAL");
}

static void test_record_limit(void **state) {
    struct bench *b = *state;
    pl_journal_begin(&b->a, &b->conv);
    struct pl_entry e;
    for (unsigned i = 0; i < PL_JOURNAL_RECORDS; i++) {
        e = arrival(i + 1, "x");
        assert_int_equal(pl_journal_add(b->j, &b->a, &e), PL_OK);
    }
    e = arrival(99, "x");
    assert_int_equal(pl_journal_add(b->j, &b->a, &e), PL_LIMIT);
    assert_int_equal(send(b), PL_OK);
    assert_int_equal(b->conv.seq, PL_JOURNAL_RECORDS);
}

/* ---- events ---- */

struct events {
    char text[256];
    size_t at, n, most;
};

static bool see_event(void *ctx, uint64_t seq, int64_t at_ms, struct pl_str json) {
    struct events *v = ctx;
    (void)at_ms;
    v->at += (size_t)snprintf(v->text + v->at, sizeof v->text - v->at, "%llu%c ",
                              (unsigned long long)seq, json.p[json.n - 2]);
    return ++v->n != v->most;
}

static void events_are(struct bench *b, uint64_t after, size_t most, const char *expected) {
    struct events v = {.most = most};
    assert_int_equal(pl_journal_events(b->j, &b->conv, after, see_event, &v), PL_OK);
    assert_string_equal(v.text, expected);
}

static void test_events(void **state) {
    struct bench *b = *state;
    const struct pl_str out[] = {PL_STR("{a}"), PL_STR("{b}"), PL_STR("{c}")};
    assert_int_equal(put_one(b, (struct pl_entry){.kind = PL_ENTRY_OPEN}), PL_OK);
    events_are(b, 0, 0, "");
    assert_int_equal(put_one(b, turn(PL_STR(""), out, 3)), PL_OK);
    assert_int_equal(put_one(b, turn(PL_STR(""), NULL, 0)), PL_OK);
    struct pl_entry card = arrival(1, "x");
    card.arrival.text.card_seen = true;
    assert_int_equal(put_one(b, card), PL_OK);
    put_long(b, 40000, PL_OK);
    assert_int_equal(put_one(b, turn(PL_STR(""), out, 1)), PL_OK);
    events_are(b, 0, 0, "1a 2b 3c 4] 5\" 6a ");
    events_are(b, 1, 2, "2b 3c ");
    events_are(b, 3, 0, "4] 5\" 6a ");
    events_are(b, 4, 0, "5\" 6a ");
    events_are(b, 6, 0, "");
    events_are(b, 100, 0, "");
    struct pl_conv none = {.stream = {{'c', 9}}};
    assert_int_equal(pl_journal_events(b->j, &none, 0, see_event, NULL), PL_NOT_FOUND);
}

/* ---- snapshots ---- */

static void save(struct bench *b, size_t size, char fill) {
    char *state = malloc(size + 1);
    for (size_t i = 0; i < size; i++) state[i] = (char)(noise(i) ^ fill);
    struct pl_snapshot snap = {
        .n = b->conv.n, .seq = b->conv.seq, .image = {0xaa}, .at_ms = -7, .state = {state, size}};
    struct pl_store_row hint = {PL_STR("t/1"), PL_STR("hint")};
    assert_int_equal(pl_snapshot_save(b->j, &b->conv, &snap, &hint, 1), PL_OK);
    free(state);
}

static void load(struct bench *b, size_t size, char fill) {
    struct pl_snapshot snap;
    struct pl_conv conv;
    assert_int_equal(pl_snapshot_load(b->j, b->conv.id, &b->arena, &conv, &snap), PL_OK);
    assert_int_equal(snap.n, b->conv.n);
    assert_int_equal(snap.image[0], 0xaa);
    assert_int_equal(snap.at_ms, -7);
    assert_int_equal(snap.state.n, size);
    for (size_t i = 0; i < size; i++) assert_int_equal(snap.state.p[i], (char)(noise(i) ^ fill));
    assert_int_equal(conv.n, b->conv.n);
    assert_int_equal(conv.rows, b->conv.rows);
    b->conv = conv;
}

static size_t rows_there(struct bench *b) {
    struct pl_store_row *rows;
    size_t n;
    assert_int_equal(pl_store_rows(b->s, &b->arena, PL_STR("c"), PL_STR(""), 99, &rows, &n), PL_OK);
    return n;
}

static void test_snapshot(void **state) {
    struct bench *b = *state;
    static const size_t sizes[] = {0, 10, 16200, 16384, PL_SNAPSHOT_MOST, 40000, 100};
    for (size_t i = 0; i < PL_LEN(sizes); i++) {
        assert_int_equal(put_one(b, arrival(i + 1, "x")), PL_OK);
        save(b, sizes[i], (char)('a' + i));
        load(b, sizes[i], (char)('a' + i));
        assert_int_equal(rows_there(b), b->conv.rows);
        assert_int_equal(pl_store_flush(b->s), PL_OK);
        load(b, sizes[i], (char)('a' + i));
        assert_int_equal(pl_store_lag(b->s), 0);
    }
    assert_int_equal(b->conv.rows, 1);
    struct pl_snapshot snap = {.n = 1, .state = {"", PL_SNAPSHOT_MOST + 1}};
    assert_int_equal(pl_snapshot_save(b->j, &b->conv, &snap, NULL, 0), PL_LIMIT);
    snap = (struct pl_snapshot){.n = b->conv.n + 1};
    assert_int_equal(pl_snapshot_save(b->j, &b->conv, &snap, NULL, 0), PL_RANGE);
}

static void test_snapshot_and_tail(void **state) {
    struct bench *b = *state;
    assert_int_equal(put_one(b, arrival(1, "in the snapshot")), PL_OK);
    save(b, 5, 's');
    assert_int_equal(put_one(b, arrival(2, "behind it")), PL_OK);
    pl_store_tend(b->s);
    pl_store_mem_crash(b->s);
    struct pl_snapshot snap;
    assert_int_equal(pl_snapshot_load(b->j, b->conv.id, &b->arena, &b->conv, &snap), PL_OK);
    assert_int_equal(snap.n, 1);
    assert_int_equal(b->conv.n, 2);
    assert_int_equal(b->conv.seq, 2);
    walk(b, snap.n + 1, "ARRIVAL");
    assert_int_equal(put_one(b, arrival(3, "goes on")), PL_OK);
}

static void test_no_snapshot(void **state) {
    struct bench *b = *state;
    struct pl_snapshot snap;
    struct pl_conv conv;
    assert_int_equal(pl_snapshot_load(b->j, b->conv.id, &b->arena, &conv, &snap), PL_NOT_FOUND);
    assert_int_equal(put_one(b, arrival(1, "x")), PL_OK);
    assert_int_equal(pl_snapshot_load(b->j, b->conv.id, &b->arena, &conv, &snap), PL_OK);
    assert_int_equal(snap.n, 0);
    assert_memory_equal(conv.key, b->conv.key, PL_KEY_SIZE);
}

/* Puts hostile bytes where the snapshot is. */
static void test_snapshot_damaged(void **state) {
    struct bench *b = *state;
    assert_int_equal(put_one(b, arrival(1, "x")), PL_OK);
    save(b, 20, 's');
    struct pl_str key = {(const char *)b->conv.stream.id, PL_STORE_STREAM}, row;
    assert_int_equal(pl_store_load(b->s, &b->arena, key, &row), PL_OK);
    char *bytes = malloc(row.n);
    for (size_t i = 0; i < row.n * 2; i++) {
        memcpy(bytes, row.p, row.n);
        size_t n = i < row.n ? i : row.n; /* cut short, then one byte changed */
        if (i >= row.n) bytes[i - row.n] ^= 0x10;
        struct pl_store_row bad = {key, {bytes, n}};
        assert_int_equal(pl_store_project(b->s, &bad, 1, NULL, 0), PL_OK);
        struct pl_snapshot snap;
        struct pl_conv conv;
        assert_int_not_equal(pl_snapshot_load(b->j, b->conv.id, &b->arena, &conv, &snap), PL_OK);
    }
    free(bytes);
}

/* ---- erasure ---- */

static void test_erased(void **state) {
    struct bench *b = *state;
    struct pl_buf value = {0};
    struct pl_str plain;
    struct pl_snapshot snap;
    struct pl_conv conv;
    assert_int_equal(put_one(b, arrival(1, "x")), PL_OK);
    assert_int_equal(pl_journal_seal_row(b->j, &b->conv, PL_STR("q/1"), PL_STR("facts"), &value),
                     PL_OK);
    for (int with_snapshot = 0; with_snapshot < 2; with_snapshot++) {
        assert_int_equal(pl_conv_erase(b->j, &b->conv), PL_OK);
        assert_int_equal(pl_snapshot_load(b->j, b->conv.id, &b->arena, &conv, &snap), PL_ERASED);
        assert_int_equal(conv.n, 0);
        save(b, 5, 's');
    }
    assert_int_equal(
        pl_journal_open_row(b->j, PL_STR("q/1"), pl_buf_slice(&value), &b->arena, &plain),
        PL_ERASED);
    pl_buf_free(&value);
}

/* ---- scanning, forging ---- */

struct copy {
    struct pl_store_entry e;
    struct pl_arena *a;
};

static bool take(void *ctx, const struct pl_store_entry *e) {
    struct copy *c = ctx;
    c->e = *e;
    c->e.body = pl_arena_str(c->a, e->body);
    return true;
}

static struct pl_store_entry last_entry(struct bench *b) {
    struct copy c = {.a = &b->arena};
    assert_int_equal(pl_store_scan(b->s, pl_store_last_commit(b->s), 1, take, &c), PL_OK);
    return c.e;
}

static void test_open(void **state) {
    struct bench *b = *state;
    struct pl_entry e;
    assert_int_equal(put_one(b, arrival(1, "x")), PL_OK);
    struct pl_store_entry stored = last_entry(b);
    assert_int_equal(pl_journal_open(b->j, &stored, &b->arena, &e), PL_OK);
    assert_true(pl_str_is(e.arrival.text.s, "x"));
    put_long(b, 20000, PL_OK);
    stored = last_entry(b);
    assert_int_equal(pl_journal_open(b->j, &stored, &b->arena, &e), PL_NOT_FOUND);
    stored.kind = PL_ENTRY_TURN;
    stored.flags = PL_ENTRY_LONG;
    assert_int_equal(pl_journal_open(b->j, &stored, &b->arena, &e), PL_UNAVAILABLE);
    pl_conv_erase(b->j, &b->conv);
    assert_int_equal(put_one(b, arrival(2, "y")), PL_OK);
    stored = last_entry(b);
    assert_int_equal(pl_journal_open(b->j, &stored, &b->arena, &e), PL_ERASED);
}

static void test_forged(void **state) {
    struct bench *b = *state;
    struct pl_entry e;
    assert_int_equal(put_one(b, arrival(1, "x")), PL_OK);
    const struct pl_store_entry good = last_entry(b);
    struct pl_store_entry bad = good;
    bad.stream.id[3] ^= 1; /* moved to another stream */
    assert_int_equal(pl_journal_open(b->j, &bad, &b->arena, &e), PL_MALFORMED);
    bad = good;
    bad.n = 2; /* moved along its own */
    assert_int_equal(pl_journal_open(b->j, &bad, &b->arena, &e), PL_MALFORMED);
    bad = good;
    bad.kind = PL_ENTRY_CLOSED;
    assert_int_equal(pl_journal_open(b->j, &bad, &b->arena, &e), PL_MALFORMED);
    bad.kind = 99;
    assert_int_equal(pl_journal_open(b->j, &bad, &b->arena, &e), PL_VERSION);
    bad = good;
    bad.last_seq = 9; /* events that are not in it */
    assert_int_equal(pl_journal_open(b->j, &bad, &b->arena, &e), PL_MALFORMED);
    char *bytes = malloc(good.body.n);
    for (size_t i = 0; i < 2 * good.body.n; i++) {
        memcpy(bytes, good.body.p, good.body.n);
        bad = good;
        bad.body = (struct pl_str){bytes, i < good.body.n ? i : good.body.n};
        if (i >= good.body.n) bytes[i - good.body.n] ^= 0x10;
        assert_int_not_equal(pl_journal_open(b->j, &bad, &b->arena, &e), PL_OK);
    }
    free(bytes);
    assert_int_equal(pl_journal_open(b->j, &good, &b->arena, &e), PL_OK);
}

/* An entry of one conversation put into another's stream, below the journal. */
static void test_moved_entry(void **state) {
    struct bench *b = *state;
    assert_int_equal(put_one(b, arrival(1, "x")), PL_OK);
    struct pl_store_entry stored = last_entry(b);
    struct pl_store_put put = {
        .kind = stored.kind, .first_seq = 2, .last_seq = 2, .body = stored.body};
    b->a.store.puts = &put;
    b->a.store.expected_n = 1;
    assert_int_equal(pl_store_append(b->s, &b->a.store), PL_OK);
    pl_store_port_run(&b->port);
    assert_int_equal(b->a.store.err, PL_OK);
    walk(b, 1, "ARRIVAL (malformed input)");
}

static void test_other_streams(void **state) {
    struct bench *b = *state;
    uint8_t id[16] = {7};
    struct pl_stream queue = pl_stream_of('q', id), system = pl_stream_of('s', id);
    struct pl_entry joined = {.kind = PL_ENTRY_QUEUED, .queued = {.action = 1}};
    struct pl_entry image = {.kind = PL_ENTRY_IMAGE, .image = {.hash = {1}}}, e;
    pl_journal_begin_on(&b->a, &queue, 0, &b->conv);
    assert_int_equal(pl_journal_add(b->j, &b->a, &joined), PL_OK);
    assert_int_equal(send(b), PL_OK);
    assert_int_equal(b->conv.n, 0);
    struct pl_store_entry stored = last_entry(b);
    assert_int_equal(pl_journal_open(b->j, &stored, &b->arena, &e), PL_OK);
    assert_int_equal(e.queued.action, 1);
    pl_journal_begin_on(&b->a, &system, 0, NULL);
    assert_int_equal(pl_journal_add(b->j, &b->a, &image), PL_OK);
    assert_int_equal(send(b), PL_OK);
    stored = last_entry(b);
    assert_int_equal(pl_journal_open(b->j, &stored, &b->arena, &e), PL_OK);
    assert_int_equal(e.image.hash[0], 1);
    stored.body.n = 0;
    assert_int_equal(pl_journal_open(b->j, &stored, &b->arena, &e), PL_MALFORMED);
    stored.body = PL_STR("\x7fjunk");
    assert_int_equal(pl_journal_open(b->j, &stored, &b->arena, &e), PL_VERSION);
}

static void test_rows(void **state) {
    struct bench *b = *state;
    struct pl_buf value = {0};
    struct pl_str plain;
    assert_int_equal(pl_journal_seal_row(b->j, &b->conv, PL_STR("q/1"), PL_STR("facts"), &value),
                     PL_OK);
    struct pl_str bytes = pl_buf_slice(&value);
    assert_int_equal(pl_str_find(bytes, PL_STR("facts")), SIZE_MAX);
    assert_int_equal(pl_journal_open_row(b->j, PL_STR("q/1"), bytes, &b->arena, &plain), PL_OK);
    assert_true(pl_str_is(plain, "facts"));
    assert_int_equal(pl_journal_open_row(b->j, PL_STR("q/2"), bytes, &b->arena, &plain),
                     PL_MALFORMED);
    for (size_t n = 0; n < bytes.n; n++) {
        assert_int_not_equal(pl_journal_open_row(b->j, PL_STR("q/1"), (struct pl_str){bytes.p, n},
                                                 &b->arena, &plain),
                             PL_OK);
    }
    pl_buf_free(&value);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(write_and_read),
        TEST(sealed),
        TEST(size_of_a_turn),
        TEST(pipeline),
        TEST(conflict),
        TEST(long),
        TEST(long_limit),
        TEST(record_limit),
        TEST(events),
        TEST(snapshot),
        TEST(snapshot_and_tail),
        TEST(no_snapshot),
        TEST(snapshot_damaged),
        TEST(erased),
        TEST(open),
        TEST(forged),
        TEST(moved_entry),
        TEST(other_streams),
        TEST(rows),
        TEST(hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
