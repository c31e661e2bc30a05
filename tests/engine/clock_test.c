/* SPDX-License-Identifier: Apache-2.0
 *
 * The time of day jumps, by hours and days, there and back, over a change to daylight saving and
 * over the end of 32-bit seconds: who waits waits as long as was meant, nobody twice, nobody for
 * ever, also over a crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define NAP    (2 * HOUR) /* of the flow in shop.flow */

static int count(const char *text, const char *needle) {
    int n = 0;
    for (; (text = strstr(text, needle)); text++) n++;
    return n;
}

/* Says what makes the flow sleep; gives how many are awake again. */
static void sleepers(struct bench *b, int n) {
    for (int i = 1; i <= n; i++) {
        bench_open_fresh(b, (uint64_t)i, i);
        bench_say(b, (uint64_t)i, 1, "remind me later");
    }
    bench_told(b);
}

static int woken(struct bench *b) {
    return count(bench_told(b), " bot message nap.over");
}

static const int64_t jumps[] = {HOUR, -HOUR, DAY, -DAY, 400 * DAY, 3 * MINUTE, -3 * MINUTE};

static void as_long_as_was_meant(void **state) {
    (void)state;
    for (size_t i = 0; i < PL_LEN(jumps); i++) {
        struct bench b;
        bench_open(&b, NULL);
        sleepers(&b, 3);
        bench_advance(&b, NAP / 2);
        bench_jump(&b, jumps[i]);
        bench_advance(&b, NAP / 2 - 2 * 1000);
        assert_int_equal(woken(&b), 0);
        bench_advance(&b, 4 * 1000);
        assert_int_equal(woken(&b), 3);
        bench_advance(&b, 3 * HOUR);
        assert_int_equal(woken(&b), 0);
        bench_close(&b);
    }
}

/* There and back, again and again, faster than anybody can look. */
static void however_often(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    sleepers(&b, 2);
    for (int i = 0; i < 20; i++) {
        bench_jump(&b, i % 2 ? -DAY : DAY);
        bench_advance(&b, NAP / 40);
        bench_jump(&b, i % 3 ? HOUR : -2 * HOUR);
        bench_advance(&b, NAP / 40 - 300);
        assert_int_equal(woken(&b), 0);
    }
    bench_advance(&b, 15 * 1000);
    assert_int_equal(woken(&b), 2);
    bench_close(&b);
}

/* The engine dies between the jump and the hour. Ticks go on where they were; who was asleep is
 * loaded by its row when it is due. */
static void over_a_crash(void **state) {
    (void)state;
    for (size_t i = 0; i < PL_LEN(jumps); i++) {
        struct bench b;
        bench_open(&b, NULL);
        sleepers(&b, 2);
        pl_engine_leave(b.engine, 2);
        bench_jump(&b, jumps[i]);
        bench_advance(&b, 40 * 1000); /* the second leaves memory, the jump is seen */
        pl_store_flush(b.store);
        bench_crash(&b);
        bench_resume(&b, 1, 1, 0);
        bench_told(&b);
        bench_advance(&b, NAP - 40 * 1000 - 2000);
        assert_int_equal(woken(&b), 0);
        bench_advance(&b, 5000);
        assert_int_equal(woken(&b), 1);
        bench_resume(&b, 2, 2, 0);
        assert_int_equal(woken(&b), 1);
        bench_close(&b);
    }
}

/* ... and it dies before anybody was idle for long enough to be written as a matter of course. */
static void over_a_crash_right_behind(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) { /* there and back */
        struct bench b;
        bench_open(&b, NULL);
        sleepers(&b, 2);
        bench_jump(&b, jumps[i]);
        bench_advance(&b, 1500); /* the jump is seen */
        pl_store_flush(b.store);
        bench_crash(&b);
        bench_resume(&b, 1, 1, 0);
        bench_resume(&b, 2, 2, 0);
        bench_told(&b);
        bench_advance(&b, NAP - 4000);
        assert_int_equal(woken(&b), 0);
        bench_advance(&b, 5000);
        assert_int_equal(woken(&b), 2);
        bench_close(&b);
    }
}

/* What is cached for half a minute is not kept for an hour, and idle conversations leave. */
static void ages_go_by_elapsed_time(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_fresh(&b, 1, 1);
    pl_engine_leave(b.engine, 1);
    bench_jump(&b, -DAY);
    bench_advance(&b, 2 * MINUTE); /* its snapshot has to be written before */
    const struct pl_counter *c = pl_engine_counters(b.engine);
    assert_int_equal(pl_counter_read(&c[PL_ENGINE_EVICTED]), 1);
    bench_close(&b);
}

/* On either side of 2038-01-19 03:14:08, and of the night in which a clock goes forward. */
static void over_the_edges_of_time(void **state) {
    static const int64_t edges[] = {INT64_C(2147483648000), INT64_C(1806282000000),
                                    INT64_C(4294967296000)};
    (void)state;
    for (size_t i = 0; i < PL_LEN(edges); i++) {
        struct bench b;
        bench_open(&b, NULL);
        bench_jump(&b, edges[i] - NAP / 2 - bench_wall(&b));
        bench_advance(&b, 2000);
        sleepers(&b, 2);
        bench_advance(&b, NAP - 1000);
        assert_int_equal(woken(&b), 0);
        bench_advance(&b, 3000);
        assert_int_equal(woken(&b), 2);
        assert_true(bench_wall(&b) > edges[i]);
        bench_close(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_long_as_was_meant),
        cmocka_unit_test(however_often),
        cmocka_unit_test(over_a_crash),
        cmocka_unit_test(over_a_crash_right_behind),
        cmocka_unit_test(ages_go_by_elapsed_time),
        cmocka_unit_test(over_the_edges_of_time),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
