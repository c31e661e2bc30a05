/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/llm/llm_run_priv.h"

#define SECOND INT64_C(1000000)

static const struct pl_llm_target conf = {.breaker_failures = 5,
                                          .breaker_percent = 50,
                                          .breaker_least = 10,
                                          .breaker_window = 60000,
                                          .breaker_open = 5000,
                                          .breaker_hold = 600000};

struct bench {
    struct pl_llm__breaker b;
    struct pl_rand rand;
    int64_t now;
};

static struct bench begin(void) {
    struct bench k = {.now = 1000 * SECOND};
    pl_rand_seed(&k.rand, 3);
    return k;
}

static bool bad(struct bench *k) {
    return pl_llm__breaker_bad(&k->b, &conf, false, k->now, &k->rand);
}

static void good(struct bench *k) {
    pl_llm__breaker_good(&k->b, &conf, false, k->now);
}

static void failures_in_a_row_open_it(void **state) {
    struct bench k = begin();
    (void)state;
    for (int i = 0; i < 4; i++) assert_false(bad(&k));
    assert_true(pl_llm__breaker_admits(&k.b));
    assert_true(bad(&k));
    assert_false(pl_llm__breaker_admits(&k.b));
    assert_int_equal(k.b.state, PL_LLM_OPEN);
}

static void a_good_one_in_between_begins_the_row_anew(void **state) {
    struct bench k = begin();
    (void)state;
    for (int i = 0; i < 30; i++) good(&k);
    for (int i = 0; i < 4; i++) bad(&k);
    good(&k);
    for (int i = 0; i < 4; i++) assert_false(bad(&k));
    assert_true(bad(&k));
}

static void half_of_the_window_opens_it_when_it_has_enough(void **state) {
    struct bench k = begin();
    (void)state;
    for (int i = 0; i < 4; i++) {
        good(&k);
        assert_false(bad(&k));
    }
    good(&k);
    assert_true(bad(&k)); /* the tenth, and the fifth of them bad */
}

static void what_is_older_than_the_window_does_not_count(void **state) {
    struct bench k = begin();
    (void)state;
    for (int i = 0; i < 4; i++) {
        good(&k);
        bad(&k);
    }
    k.now += 61 * SECOND;
    good(&k);
    assert_false(bad(&k));
    k = begin();
    for (int i = 0; i < 4; i++) {
        good(&k);
        bad(&k);
    }
    k.now += 50 * SECOND;
    good(&k);
    assert_true(bad(&k));
}

static void it_reopens_at_times_that_differ(void **state) {
    int64_t least = INT64_MAX, most = 0;
    struct bench k = begin();
    (void)state;
    for (int n = 0; n < 1000; n++) {
        k.b = (struct pl_llm__breaker){0};
        for (int i = 0; i < 5; i++) bad(&k);
        int64_t open = k.b.until_us - k.now;
        if (open < least) least = open;
        if (open > most) most = open;
    }
    assert_in_range(least, 2500000, 2700000);
    assert_in_range(most, 7300000, 7500000);
}

static void half_open_lets_one_through_at_a_time(void **state) {
    struct bench k = begin();
    (void)state;
    for (int i = 0; i < 5; i++) bad(&k);
    pl_llm__breaker_probed(&k.b, &conf, false, k.now, &k.rand);
    assert_int_equal(k.b.state, PL_LLM_OPEN);
    pl_llm__breaker_probed(&k.b, &conf, true, k.now, &k.rand);
    assert_int_equal(k.b.state, PL_LLM_HALF_OPEN);
    uint32_t first = pl_llm__breaker_begin(&k.b);
    assert_int_not_equal(first, 0);
    assert_false(pl_llm__breaker_admits(&k.b));
    assert_int_equal(pl_llm__breaker_begin(&k.b), 0);
    bad(&k); /* begun before it opened: says nothing about now */
    good(&k);
    assert_int_equal(k.b.state, PL_LLM_HALF_OPEN);
    pl_llm__breaker_free(&k.b, first); /* whoever tried has left */
    uint32_t second = pl_llm__breaker_begin(&k.b);
    assert_int_not_equal(second, 0);
    pl_llm__breaker_good(&k.b, &conf, second, k.now);
    assert_int_equal(k.b.state, PL_LLM_CLOSED);
    for (int i = 0; i < 4; i++) assert_false(bad(&k)); /* a clean slate */
}

static void a_trial_that_fails_opens_it_again(void **state) {
    struct bench k = begin();
    (void)state;
    for (int i = 0; i < 5; i++) bad(&k);
    pl_llm__breaker_probed(&k.b, &conf, true, k.now, &k.rand);
    assert_true(pl_llm__breaker_bad(&k.b, &conf, pl_llm__breaker_begin(&k.b), k.now, &k.rand));
    assert_int_equal(k.b.state, PL_LLM_OPEN);
    assert_int_equal(k.b.trial, 0);
}

/* It was held meanwhile, and is tried anew: how the first trial ends says nothing any more. */
static void an_older_trial_ends_no_later_one(void **state) {
    struct bench k = begin();
    (void)state;
    for (int i = 0; i < 5; i++) bad(&k);
    pl_llm__breaker_probed(&k.b, &conf, true, k.now, &k.rand);
    uint32_t old = pl_llm__breaker_begin(&k.b);
    pl_llm__breaker_hold(&k.b, &conf, k.now, &k.rand);
    pl_llm__breaker_probed(&k.b, &conf, true, k.now, &k.rand);
    uint32_t now = pl_llm__breaker_begin(&k.b);
    assert_int_not_equal(now, old);
    pl_llm__breaker_free(&k.b, old);
    assert_false(pl_llm__breaker_admits(&k.b));
    pl_llm__breaker_good(&k.b, &conf, old, k.now);
    assert_int_equal(k.b.state, PL_LLM_HALF_OPEN);
    assert_false(pl_llm__breaker_bad(&k.b, &conf, old, k.now, &k.rand));
    pl_llm__breaker_good(&k.b, &conf, now, k.now);
    assert_int_equal(k.b.state, PL_LLM_CLOSED);
}

static void a_refused_key_holds_it_for_long(void **state) {
    struct bench k = begin();
    (void)state;
    assert_true(pl_llm__breaker_hold(&k.b, &conf, k.now, &k.rand));
    assert_true(k.b.until_us - k.now >= 300 * SECOND);
    pl_llm__breaker_probed(&k.b, &conf, false, k.now, &k.rand);
    assert_true(k.b.until_us - k.now >= 300 * SECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_a_row_open_it),
        cmocka_unit_test(a_good_one_in_between_begins_the_row_anew),
        cmocka_unit_test(half_of_the_window_opens_it_when_it_has_enough),
        cmocka_unit_test(what_is_older_than_the_window_does_not_count),
        cmocka_unit_test(it_reopens_at_times_that_differ),
        cmocka_unit_test(half_open_lets_one_through_at_a_time),
        cmocka_unit_test(a_trial_that_fails_opens_it_again),
        cmocka_unit_test(an_older_trial_ends_no_later_one),
        cmocka_unit_test(a_refused_key_holds_it_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
