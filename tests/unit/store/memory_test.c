/* SPDX-License-Identifier: Apache-2.0
 *
 * What only the store in memory has: held appends, released in a drawn order, and crashes.
 */
#include "tests/unit/store/harness.h"

#define MANY 30

static void start(struct bench *b, uint64_t seed) {
    bench_start(b, MEMORY);
    pl_store_close(&b->s);
    b->config.hold = true;
    b->config.seed = seed;
    bench_open(b);
}

/* Appends to three streams; gives the order of commits as text. */
static void play(uint64_t seed, char order[MANY + 1]) {
    struct bench b;
    static struct put p[MANY];
    start(&b, seed);
    for (unsigned i = 0; i < MANY; i++) {
        put_make(&b, &p[i], stream_no('c', i % 3), i / 3, "x");
        assert_int_equal(pl_store_append(b.s, &p[i].a), PL_OK);
    }
    assert_int_equal(pl_store_port_run(&b.port), 0);
    assert_int_equal(pl_store_mem_release(b.s, 4), MANY - 4);
    assert_int_equal(pl_store_port_run(&b.port), 4);
    assert_int_equal(pl_store_mem_release(b.s, MANY), 0);
    pl_store_port_run(&b.port);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(p[i].a.err, PL_OK); /* those of one stream stayed in order */
        order[p[i].a.commit - 1] = (char)('0' + i % 3);
    }
    order[MANY] = 0;
    bench_end(&b);
}

static void test_release(void **state) {
    (void)state;
    char first[MANY + 1], again[MANY + 1], other[MANY + 1];
    play(1, first);
    play(1, again);
    play(2, other);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
}

static void test_crash(void **state) {
    (void)state;
    struct bench b;
    struct put p[2];
    start(&b, 1);
    struct pl_stream one = stream_no('c', 1);
    put_make(&b, &p[0], one, 0, "kept");
    put_make(&b, &p[1], one, 1, "lost");
    struct pl_store_row row = {PL_STR("k"), PL_STR("v")};
    assert_int_equal(pl_store_append(b.s, &p[0].a), PL_OK);
    assert_int_equal(pl_store_append(b.s, &p[1].a), PL_OK);
    assert_int_equal(pl_store_mem_release(b.s, 1), 1);
    assert_int_equal(pl_store_project(b.s, &row, 1, &one, 1), PL_OK);
    pl_store_mem_crash(b.s);
    pl_store_port_run(&b.port);
    assert_true(p[0].ended);
    assert_false(p[1].ended);
    assert_int_equal(pl_store_boot(b.s), 2);
    struct pl_store_head head;
    struct pl_str value;
    assert_int_equal(pl_store_head(b.s, &one, &head), PL_OK);
    assert_int_equal(head.n, 1);
    assert_int_equal(head.dirty, 1);
    assert_int_equal(pl_store_load(b.s, &b.arena, PL_STR("k"), &value), PL_NOT_FOUND);
    assert_int_equal(pl_store_project(b.s, &row, 1, &one, 1), PL_OK);
    pl_store_tend(b.s);
    pl_store_mem_crash(b.s);
    assert_int_equal(pl_store_load(b.s, &b.arena, PL_STR("k"), &value), PL_OK);
    assert_int_equal(pl_store_lag(b.s), 0);
    assert_int_equal(pl_store_backup(b.s, "/tmp/never"), PL_UNAVAILABLE);
    bench_end(&b);
}

/* Appends, projects and dies; fails at the N-th transaction for every N. What was acknowledged is
 * there afterwards, what was refused is not. */
static bool play_fault(uint64_t journal_at, uint64_t state_at) {
    struct bench b;
    bench_start(&b, MEMORY);
    pl_store_close(&b.s);
    b.config.fault = (struct pl_store_fault){journal_at, state_at, PL_FULL};
    bench_open(&b);
    struct pl_stream one = stream_no('c', 1);
    uint64_t n = 0, projected = 0;
    bool failed = false;
    for (int i = 0; i < 6; i++) {
        enum pl_err err = put_text(&b, one, n, "x");
        failed |= err != PL_OK;
        n += err == PL_OK;
        struct pl_store_row row = {PL_STR("n"), {(const char *)&n, sizeof n}};
        assert_int_equal(pl_store_project(b.s, &row, 1, &one, n), PL_OK);
        err = pl_store_flush(b.s);
        failed |= err != PL_OK;
        if (!err) projected = n;
    }
    pl_store_mem_crash(b.s);
    struct pl_store_head head;
    struct pl_str value;
    assert_int_equal(pl_store_head(b.s, &one, &head), PL_OK);
    assert_int_equal(head.n, n);
    assert_int_equal(pl_store_load(b.s, &b.arena, PL_STR("n"), &value), PL_OK);
    assert_memory_equal(value.p, &projected, sizeof projected);
    assert_int_equal(head.dirty != 0, projected < n);
    bench_end(&b);
    return failed;
}

static void test_fail_at_every_n(void **state) {
    (void)state;
    uint64_t at = 1;
    while (play_fault(at, 0)) at++;
    assert_int_equal(at, 7);
    for (at = 1; play_fault(0, at);) at++;
    assert_int_equal(at, 7);
}

static void test_queue_limit(void **state) {
    (void)state;
    struct bench b;
    struct put p[4];
    start(&b, 1);
    pl_store_close(&b.s);
    b.config.queue_max = 3;
    bench_open(&b);
    for (unsigned i = 0; i < 4; i++) {
        put_make(&b, &p[i], stream_no('c', i), 0, "x");
        assert_int_equal(pl_store_append(b.s, &p[i].a), i < 3 ? PL_OK : PL_BUSY);
    }
    bench_end(&b);
    for (unsigned i = 0; i < 3; i++) assert_int_equal(p[i].a.err, PL_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_release), cmocka_unit_test(test_crash),
                                       cmocka_unit_test(test_queue_limit),
                                       cmocka_unit_test(test_fail_at_every_n)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
