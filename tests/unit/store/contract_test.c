/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's contract, the same for all stores: each test runs on disk, in memory, and in a memory
 * that commits by and by and takes the streams in any order, as a replicated log does.
 */
#include "tests/unit/store/harness.h"

static void text_of(struct bench *b, struct pl_stream stream, uint64_t from, uint32_t count,
                    const char *expected) {
    struct seen seen = {0};
    assert_int_equal(pl_store_read(b->s, &stream, from, count, see, &seen), PL_OK);
    assert_string_equal(seen.text, expected);
}

static void test_append_and_read(struct bench *b) {
    struct pl_stream one = stream_no('c', 1), two = stream_no('c', 2);
    assert_int_equal(put_text(b, one, 0, "a"), PL_OK);
    assert_int_equal(put_text(b, two, 0, "x"), PL_OK);
    assert_int_equal(put_text(b, one, 1, "b"), PL_OK);
    assert_int_equal(put_text(b, one, 2, "c"), PL_OK);
    text_of(b, one, 1, 0, "1:a 2:b 3:c");
    text_of(b, one, 2, 1, "2:b");
    text_of(b, one, 3, 9, "3:c");
    text_of(b, one, 4, 0, "");
    text_of(b, two, 0, 0, "1:x");
    struct seen seen = {0};
    struct pl_stream none = stream_no('c', 3);
    assert_int_equal(pl_store_read(b->s, &none, 1, 0, see, &seen), PL_NOT_FOUND);
    assert_int_equal(pl_store_scan(b->s, 2, 2, see, &seen), PL_OK);
    assert_string_equal(seen.text, "1:x 2:b");
    assert_int_equal(pl_store_last_commit(b->s), 4);
}

static void test_stop_reading(struct bench *b) {
    struct pl_stream one = stream_no('c', 1);
    assert_int_equal(put_text(b, one, 0, "a"), PL_OK);
    assert_int_equal(put_text(b, one, 1, "b"), PL_OK);
    struct seen seen = {.most = 1};
    assert_int_equal(pl_store_read(b->s, &one, 1, 0, see, &seen), PL_OK);
    assert_int_equal(pl_store_scan(b->s, 1, 0, see, &seen), PL_OK);
    assert_string_equal(seen.text, "1:a 1:a 2:b");
}

static void test_conflict(struct bench *b) {
    struct pl_stream one = stream_no('c', 1);
    struct put p;
    put_make(b, &p, one, 1, "too far");
    assert_int_equal(put_now(b, &p), PL_CONFLICT);
    assert_int_equal(p.a.n, 0);
    assert_int_equal(put_text(b, one, 0, "a"), PL_OK);
    put_make(b, &p, one, 0, "again");
    assert_int_equal(put_now(b, &p), PL_CONFLICT);
    assert_int_equal(p.a.n, 1);
    text_of(b, one, 1, 0, "1:a");
    assert_int_equal(pl_counter_read(&pl_store_counters(b->s)[PL_STORE_conflicts]), 2);
}

static void test_pipeline(struct bench *b) {
    struct put p[20];
    char text[8];
    for (unsigned i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "%u", i);
        put_make(b, &p[i], stream_no('c', i % 2), i / 2, text);
        assert_int_equal(pl_store_append(b->s, &p[i].a), PL_OK);
    }
    for (unsigned i = 0; i < 20; i++) {
        put_wait(b, &p[i]);
        assert_int_equal(p[i].a.err, PL_OK);
        assert_int_equal(p[i].a.n, i / 2 + 1);
        if (!b->config.hold) assert_int_equal(p[i].a.commit, i + 1);
    }
    text_of(b, stream_no('c', 1), 1, 0, "1:1 2:3 3:5 4:7 5:9 6:11 7:13 8:15 9:17 10:19");
}

static void test_pipeline_after_failure(struct bench *b) {
    struct put p[3];
    struct pl_stream one = stream_no('c', 1);
    put_make(b, &p[0], one, 5, "wrong");
    put_make(b, &p[1], one, 6, "behind the wrong one");
    put_make(b, &p[2], one, 0, "right");
    for (int i = 0; i < 3; i++) assert_int_equal(pl_store_append(b->s, &p[i].a), PL_OK);
    for (int i = 0; i < 3; i++) put_wait(b, &p[i]);
    assert_int_equal(p[0].a.err, PL_CONFLICT);
    assert_int_equal(p[1].a.err, PL_CONFLICT);
    assert_int_equal(p[2].a.err, PL_OK);
}

static void test_many_entries(struct bench *b) {
    struct pl_stream one = stream_no('c', 1);
    struct put p;
    put_make(b, &p, one, 0, "e");
    for (int i = 1; i < PL_STORE_GROUP_MAX; i++) p.puts[i] = p.puts[0];
    p.a.nputs = PL_STORE_GROUP_MAX;
    assert_int_equal(put_now(b, &p), PL_OK);
    assert_int_equal(p.a.n, PL_STORE_GROUP_MAX);
    p.a.expected_n = p.a.n;
    p.a.nputs = PL_STORE_GROUP_MAX + 1;
    assert_int_equal(pl_store_append(b->s, &p.a), PL_LIMIT);
    p.a.nputs = 0;
    assert_int_equal(pl_store_append(b->s, &p.a), PL_LIMIT);
    text_of(b, one, 63, 0, "63:e 64:e");
}

static bool see_size(void *ctx, const struct pl_store_entry *e) {
    *(size_t *)ctx = e->body.n;
    return true;
}

static void test_body_limit(struct bench *b) {
    struct pl_stream one = stream_no('c', 1);
    static char big[PL_STORE_BODY_MAX + 1];
    struct put p;
    put_make(b, &p, one, 0, "");
    p.puts[0].body = (struct pl_str){big, PL_STORE_BODY_MAX};
    assert_int_equal(put_now(b, &p), PL_OK);
    p.a.expected_n = 1;
    p.puts[0].body.n++;
    assert_int_equal(put_now(b, &p), PL_LIMIT);
    assert_int_equal(put_text(b, one, 1, ""), PL_OK);
    size_t size = 0;
    assert_int_equal(pl_store_read(b->s, &one, 1, 1, see_size, &size), PL_OK);
    assert_int_equal(size, PL_STORE_BODY_MAX);
    assert_int_equal(pl_store_read(b->s, &one, 2, 1, see_size, &size), PL_OK);
    assert_int_equal(size, 0);
}

static void test_seq(struct bench *b) {
    struct pl_stream one = stream_no('c', 1);
    struct put p;
    struct pl_store_head head;
    put_make(b, &p, one, 0, "two events, none, one");
    p.puts[0].first_seq = 1, p.puts[0].last_seq = 2;
    p.puts[1] = p.puts[2] = p.puts[0];
    p.puts[1].first_seq = p.puts[1].last_seq = 0;
    p.puts[2].first_seq = p.puts[2].last_seq = 3;
    p.a.nputs = 3;
    assert_int_equal(put_now(b, &p), PL_OK);
    assert_int_equal(pl_store_head(b->s, &one, &head), PL_OK);
    assert_int_equal(head.last_seq, 3);
    put_make(b, &p, one, 3, "a gap");
    p.puts[0].first_seq = p.puts[0].last_seq = 5;
    assert_int_equal(put_now(b, &p), PL_RANGE);
    p.puts[0].first_seq = 4, p.puts[0].last_seq = 2;
    assert_int_equal(put_now(b, &p), PL_RANGE);
    p.puts[0].first_seq = 4, p.puts[0].last_seq = 3;
    assert_int_equal(put_now(b, &p), PL_OK);
    assert_int_equal(pl_store_head(b->s, &one, &head), PL_OK);
    assert_int_equal(head.last_seq, 3);
    assert_int_equal(head.n, 4);
}

static void project(struct bench *b, const char *key, const char *value) {
    struct pl_store_row row = {pl_str_c(key), pl_str_c(value)};
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_OK);
}

static void rows_are(struct bench *b, const char *prefix, const char *from, size_t limit,
                     const char *expected) {
    struct pl_store_row *rows;
    size_t n;
    char text[512] = "";
    size_t at = 0;
    assert_int_equal(
        pl_store_rows(b->s, &b->arena, pl_str_c(prefix), pl_str_c(from), limit, &rows, &n), PL_OK);
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%.*s=%.*s ", PL_STR_ARG(rows[i].key),
                               PL_STR_ARG(rows[i].value));
    }
    assert_string_equal(text, expected);
}

static void test_rows(struct bench *b) {
    struct pl_str value;
    project(b, "t/2", "two");
    project(b, "t/1", "one");
    project(b, "u/1", "other");
    rows_are(b, "t/", "", 9, "t/1=one t/2=two ");
    assert_int_equal(pl_store_flush(b->s), PL_OK);
    rows_are(b, "t/", "", 9, "t/1=one t/2=two ");
    project(b, "t/0", "zero");
    project(b, "t/1", "ONE");
    project(b, "t/3", "");
    struct pl_store_row gone = {PL_STR("t/2"), {NULL, 0}};
    assert_int_equal(pl_store_project(b->s, &gone, 1, NULL, 0), PL_OK);
    for (int written = 0; written < 2; written++) {
        rows_are(b, "t/", "", 9, "t/0=zero t/1=ONE t/3= ");
        rows_are(b, "t/", "t/1", 1, "t/1=ONE ");
        rows_are(b, "t/", "t/2", 9, "t/3= ");
        rows_are(b, "", "u", 9, "u/1=other ");
        rows_are(b, "x", "", 9, "");
        assert_int_equal(pl_store_load(b->s, &b->arena, PL_STR("t/1"), &value), PL_OK);
        assert_true(pl_str_is(value, "ONE"));
        assert_int_equal(pl_store_load(b->s, &b->arena, PL_STR("t/2"), &value), PL_NOT_FOUND);
        assert_int_equal(pl_store_flush(b->s), PL_OK);
    }
    bench_again(b);
    rows_are(b, "t/", "", 9, "t/0=zero t/1=ONE t/3= ");
}

static void test_row_limits(struct bench *b) {
    static char big[PL_STORE_VALUE_MAX + 1], key[PL_STORE_KEY_MAX + 1];
    memset(key, 'k', sizeof key);
    struct pl_str value;
    struct pl_store_row row = {{key, PL_STORE_KEY_MAX}, {big, PL_STORE_VALUE_MAX}};
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_OK);
    assert_int_equal(pl_store_flush(b->s), PL_OK);
    assert_int_equal(pl_store_load(b->s, &b->arena, row.key, &value), PL_OK);
    assert_int_equal(value.n, PL_STORE_VALUE_MAX);
    row.key.n++;
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_LIMIT);
    assert_int_equal(pl_store_load(b->s, &b->arena, row.key, &value), PL_LIMIT);
    row.key.n--;
    row.value.n++;
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_LIMIT);
    row = (struct pl_store_row){PL_STR("h is the store's"), PL_STR("x")};
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_DENIED);
    row.key.n = 0;
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_LIMIT);
}

static void test_dirty(struct bench *b) {
    struct pl_stream one = stream_no('c', 1), two = stream_no('c', 2), three = stream_no('c', 3);
    struct pl_store_head heads[4];
    assert_int_equal(put_text(b, one, 0, "a"), PL_OK);
    struct put p;
    put_make(b, &p, two, 0, "b");
    p.puts[0].flags = 4;
    assert_int_equal(put_now(b, &p), PL_OK);
    assert_int_equal(put_text(b, one, 1, "c"), PL_OK);
    assert_int_equal(put_text(b, three, 0, "d"), PL_OK);
    assert_int_equal(pl_store_lag(b->s), 4);
    assert_int_equal(pl_store_dirty(b->s, 0, heads, 4), 3);
    assert_true(pl_stream_eq(&heads[0].stream, &one));
    assert_int_equal(heads[1].flags, 4);
    assert_int_equal(pl_store_dirty(b->s, heads[1].dirty, heads, 4), 1);
    assert_true(pl_stream_eq(&heads[0].stream, &three));
    /* Partly reflected: moves behind two. */
    assert_int_equal(pl_store_project(b->s, NULL, 0, &one, 1), PL_OK);
    assert_int_equal(pl_store_dirty(b->s, 0, heads, 4), 3);
    assert_true(pl_stream_eq(&heads[0].stream, &two));
    assert_int_equal(heads[1].dirty, 3);
    assert_int_equal(pl_store_lag(b->s), 3);
    assert_int_equal(pl_store_project(b->s, NULL, 0, &two, 2), PL_RANGE);
    assert_int_equal(pl_store_project(b->s, NULL, 0, &two, 1), PL_OK);
    assert_int_equal(pl_store_project(b->s, NULL, 0, &two, 1), PL_OK);
    assert_int_equal(pl_store_project(b->s, NULL, 0, &one, 2), PL_OK);
    assert_int_equal(pl_store_project(b->s, NULL, 0, &one, 1), PL_OK);
    assert_int_equal(pl_store_project(b->s, NULL, 0, &three, 1), PL_OK);
    assert_int_equal(pl_store_lag(b->s), 0);
    assert_int_equal(pl_store_dirty(b->s, 0, heads, 4), 0);
    assert_int_equal(pl_store_head(b->s, &one, heads), PL_OK);
    assert_int_equal(heads[0].n, 2);
    assert_int_equal(heads[0].commit, 3);
}

static void test_recovery(struct bench *b) {
    struct pl_stream one = stream_no('c', 1), two = stream_no('q', 2);
    struct pl_store_head head;
    assert_int_equal(pl_store_boot(b->s), 1);
    char epoch[33];
    memcpy(epoch, pl_store_epoch(b->s), sizeof epoch);
    assert_int_equal(strlen(epoch), 32);
    assert_int_equal(put_text(b, one, 0, "a"), PL_OK);
    assert_int_equal(put_text(b, two, 0, "b"), PL_OK);
    assert_int_equal(pl_store_project(b->s, NULL, 0, &one, 1), PL_OK);
    assert_int_equal(pl_store_flush(b->s), PL_OK);
    struct put p;
    put_make(b, &p, one, 1, "c");
    p.puts[0].flags = 2, p.puts[0].first_seq = p.puts[0].last_seq = 1;
    assert_int_equal(put_now(b, &p), PL_OK);
    for (uint64_t boot = 2; boot < 4; boot++) {
        bench_again(b);
        assert_int_equal(pl_store_boot(b->s), boot);
        assert_string_equal(pl_store_epoch(b->s), epoch);
        assert_int_equal(pl_store_head(b->s, &one, &head), PL_OK);
        assert_int_equal(head.n, 2);
        assert_int_equal(head.commit, 3);
        assert_int_equal(head.dirty, 3);
        assert_int_equal(head.flags, 2);
        assert_int_equal(head.last_seq, 1);
        assert_int_equal(pl_store_head(b->s, &two, &head), PL_OK);
        assert_int_equal(head.dirty, 2);
        assert_int_equal(pl_store_lag(b->s), 2);
    }
    assert_int_equal(put_text(b, one, 2, "d"), PL_OK);
    text_of(b, one, 1, 0, "1:a 2:c 3:d");
}

static void test_cold_streams(struct bench *b) {
    for (unsigned i = 0; i < 300; i++) {
        struct pl_stream stream = stream_no('c', i);
        assert_int_equal(put_text(b, stream, 0, "a"), PL_OK);
        assert_int_equal(pl_store_project(b->s, NULL, 0, &stream, 1), PL_OK);
    }
    assert_int_equal(pl_store_flush(b->s), PL_OK);
    bench_again(b);
    assert_int_equal(pl_store_dirty(b->s, 0, &(struct pl_store_head){0}, 1), 0);
    assert_int_equal(put_text(b, stream_no('c', 7), 0, "?"), PL_CONFLICT);
    assert_int_equal(put_text(b, stream_no('c', 7), 1, "b"), PL_OK);
    text_of(b, stream_no('c', 7), 1, 0, "1:a 2:b");
    text_of(b, stream_no('c', 299), 1, 0, "1:a");
}

static void test_ticket(struct bench *b) {
    project(b, "k", "v");
    uint64_t ticket = pl_store_ticket(b->s);
    assert_int_equal(pl_store_flush(b->s), PL_OK);
    assert_true(pl_store_written(b->s, ticket));
    project(b, "k", "w");
    assert_false(pl_store_written(b->s, pl_store_ticket(b->s)));
    assert_int_equal(pl_counter_read(&pl_store_counters(b->s)[PL_STORE_state_rows]), 1);
}

struct feeder {
    struct bench *b;
    unsigned no;
    unsigned good;
};

/* A thread with a port of its own, racing for one stream with the others. */
static void *feed(void *arg) {
    struct feeder *f = arg;
    struct bench mine = {.s = f->b->s, .config.hold = f->b->config.hold};
    pl_rand_seed(&mine.rand, f->no);
    pthread_mutex_init(&mine.lock, NULL);
    pthread_cond_init(&mine.woken, NULL);
    mine.port.wake = bench_wake;
    mine.port.ctx = &mine;
    struct pl_stream shared = stream_no('q', 0), own = stream_no('c', f->no);
    for (uint64_t n = 0; n < 60; n++) {
        struct put p;
        put_make(&mine, &p, own, n, "own");
        if (put_now(&mine, &p)) return NULL;
        struct pl_store_head head;
        pl_store_head(f->b->s, &shared, &head);
        put_make(&mine, &p, shared, head.n, "shared");
        enum pl_err err = put_now(&mine, &p);
        if (err == PL_OK) f->good++;
        if (n % 7 == 0) pl_store_project(f->b->s, NULL, 0, &own, n);
    }
    return NULL;
}

static void test_threads(struct bench *b) {
    pthread_t threads[4];
    struct feeder feeders[4];
    for (unsigned i = 0; i < 4; i++) {
        feeders[i] = (struct feeder){b, i + 1, 0};
        pthread_create(&threads[i], NULL, feed, &feeders[i]);
    }
    uint64_t good = 0;
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        good += feeders[i].good;
    }
    struct pl_store_head head;
    assert_int_equal(pl_store_head(b->s, &(struct pl_stream){{'q'}}, &head), PL_OK);
    assert_int_equal(head.n, good);
    for (unsigned i = 1; i <= 4; i++) {
        struct pl_stream own = stream_no('c', i);
        assert_int_equal(pl_store_head(b->s, &own, &head), PL_OK);
        assert_int_equal(head.n, 60);
    }
    assert_int_equal(pl_store_last_commit(b->s), good + 240);
}

static void test_fault(struct bench *b) {
    pl_store_close(&b->s);
    b->config.fault = (struct pl_store_fault){.journal_at = 2, .state_at = 1, .err = PL_FULL};
    bench_open(b);
    struct pl_stream one = stream_no('c', 1);
    assert_int_equal(put_text(b, one, 0, "a"), PL_OK);
    assert_int_equal(put_text(b, one, 1, "b"), PL_FULL);
    assert_int_equal(put_text(b, one, 1, "c"), PL_OK);
    text_of(b, one, 1, 0, "1:a 2:c");
    assert_int_equal(pl_store_last_commit(b->s), 2);
    project(b, "k", "v");
    assert_int_equal(pl_store_project(b->s, NULL, 0, &one, 2), PL_OK);
    rows_are(b, "k", "", 9, "k=v ");
    (void)pl_store_flush(b->s); /* the first try fails, and the rows are kept */
    assert_int_equal(pl_store_flush(b->s), PL_OK);
    assert_int_equal(pl_counter_read(&pl_store_counters(b->s)[PL_STORE_state_failed]), 1);
    b->config.fault = (struct pl_store_fault){0};
    bench_again(b);
    rows_are(b, "k", "", 9, "k=v ");
    assert_int_equal(pl_store_lag(b->s), 0);
}

static void test_io(struct bench *b) {
    pl_store_close(&b->s);
    b->config.fault = (struct pl_store_fault){.journal_at = 2};
    bench_open(b);
    struct pl_stream one = stream_no('c', 1);
    assert_int_equal(put_text(b, one, 0, "a"), PL_OK);
    assert_int_equal(put_text(b, one, 1, "b"), PL_IO);
    assert_int_equal(put_text(b, one, 1, "c"), PL_OK);
    text_of(b, one, 1, 0, "1:a 2:c");
    assert_int_equal(pl_counter_read(&pl_store_counters(b->s)[PL_STORE_failed]), 1);
}

static void test_pending_limit(struct bench *b) {
    pl_store_close(&b->s);
    b->config.pending_max = 400;
    bench_open(b);
    static char value[300];
    struct pl_store_row row = {PL_STR("k"), {value, sizeof value}};
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_OK);
    row.key = PL_STR("l");
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_BUSY);
    assert_int_equal(pl_store_flush(b->s), PL_OK);
    assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_OK);
}

/* clang-format off */
#define TESTS(T) \
    T(append_and_read) \
    T(stop_reading) \
    T(conflict) \
    T(pipeline) \
    T(pipeline_after_failure) \
    T(many_entries) \
    T(body_limit) \
    T(seq) \
    T(rows) \
    T(row_limits) \
    T(dirty) \
    T(recovery) \
    T(cold_streams) \
    T(ticket) \
    T(threads) \
    T(fault) \
    T(io) \
    T(pending_limit)
/* clang-format on */

static void run(void (*test)(struct bench *b), enum bench_kind kind, uint64_t seed) {
    struct bench b;
    bench_start(&b, kind);
    pl_rand_seed(&b.rand, seed);
    if (kind == LATE) { /* with the seed */
        pl_store_close(&b.s);
        b.config.seed = seed;
        bench_open(&b);
    }
    test(&b);
    bench_end(&b);
}

#define EACH(name)                                                                                 \
    static void name##_disk(void **state) {                                                        \
        (void)state;                                                                               \
        run(test_##name, DISK, 0);                                                                 \
    }                                                                                              \
    static void name##_memory(void **state) {                                                      \
        (void)state;                                                                               \
        run(test_##name, MEMORY, 0);                                                               \
    }                                                                                              \
    static void name##_late(void **state) {                                                        \
        (void)state;                                                                               \
        for (uint64_t seed = 1; seed <= 5; seed++) run(test_##name, LATE, seed);                   \
    }
TESTS(EACH)

int main(void) {
    const struct CMUnitTest tests[] = {
#define ROW(name)                                                                                  \
    cmocka_unit_test(name##_disk), cmocka_unit_test(name##_memory), cmocka_unit_test(name##_late),
        TESTS(ROW)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
