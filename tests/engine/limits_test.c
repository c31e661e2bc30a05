/* SPDX-License-Identifier: Apache-2.0
 *
 * What is too much: values that are too long, steps that say too much, many rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static void told(struct bench *b, const char *expected) {
    assert_string_equal(bench_told(b), expected);
}

static void begin(struct bench *b) {
    bench_open(b, NULL);
    bench_open_fresh(b, 1, 1);
    told(b, "1 ready bot seq 1\n1 1 bot message hello\n1 live\n");
}

/* n bytes of c, which live as long as the test. */
static struct pl_value long_text(struct pl_arena *a, size_t n, char c) {
    char *p = pl_arena_alloc(a, n);
    memset(p, c, n);
    return pl_text((struct pl_str){p, n});
}

/* ---- what is said at once ---- */

static void ask_for_essay(struct bench *b, struct pl_value words) {
    bench_say(b, 1, 1, "write an essay");
    told(b, "1 ack 1 seq 2\n1 2 customer message write an essay\n");
    bench_answer(b, PL_OUTCOME_OK, words, "");
}

/* The conversation is whole: it goes on, and a restart makes it again as it was. */
static void goes_on(struct bench *b, unsigned long long seq) {
    char text[200];
    const uint8_t id[16] = {1};
    assert_int_equal(pl_engine_again(b->engine, id), PL_OK);
    assert_int_equal(bench_count(b, PL_ENGINE_DIVERGED), 0);
    bench_crash(b);
    bench_resume(b, 1, 1, seq);
    snprintf(text, sizeof text, "1 ready bot seq %llu\n1 live\n", seq);
    told(b, text);
    bench_say(b, 1, 2, "pay now");
    snprintf(text, sizeof text,
             "1 ack 2 seq %llu\n1 %llu customer message pay now\n1 %llu bot message pay.ask\n",
             seq + 1, seq + 1, seq + 2);
    told(b, text);
}

static void as_much_as_fits_is_said(void **state) {
    struct bench b;
    struct pl_arena a;
    (void)state;
    pl_arena_init(&a, 0);
    begin(&b);
    ask_for_essay(&b, long_text(&a, 20000, 'x'));
    told(&b, "1 3 bot message essay.first\n1 4 bot message essay.second\n"
             "1 5 bot message essay.third\n1 6 bot message prelude.else\n");
    goes_on(&b, 6);
    pl_arena_free(&a);
    bench_close(&b);
}

static void a_flow_that_says_too_much(void **state) {
    struct bench b;
    struct pl_arena a;
    (void)state;
    pl_arena_init(&a, 0);
    begin(&b);
    ask_for_essay(&b, long_text(&a, 50000, 'x'));
    told(&b, "1 3 bot message essay.first\n1 4 bot message prelude.error\n");
    assert_int_equal(bench_count(&b, PL_ENGINE_ERRORS), 1);
    goes_on(&b, 4);
    pl_arena_free(&a);
    bench_close(&b);
}

/* Each of these bytes is six on the wire: only the finished messages show that they are too long.
 */
static void a_step_that_grows_when_written_down(void **state) {
    struct bench b;
    struct pl_arena a;
    (void)state;
    pl_arena_init(&a, 0);
    begin(&b);
    ask_for_essay(&b, long_text(&a, 20000, '\1'));
    told(&b, "1 3 bot message prelude.error\n");
    assert_int_equal(bench_count(&b, PL_ENGINE_ERRORS), 1);
    goes_on(&b, 3);
    pl_arena_free(&a);
    bench_close(&b);
}

/* ---- values of hooks ---- */

static void a_value_that_is_too_long(void **state) {
    struct bench b;
    struct pl_arena a;
    (void)state;
    pl_arena_init(&a, 0);
    begin(&b);
    ask_for_essay(&b, long_text(&a, PL_ENGINE_VALUE_MOST, 'x'));
    told(&b, "1 3 bot message essay.none\n1 4 bot message prelude.else\n");
    goes_on(&b, 4);
    pl_arena_free(&a);
    bench_close(&b);
}

static void a_write_whose_value_is_too_long(void **state) {
    struct bench b;
    struct pl_arena a;
    (void)state;
    pl_arena_init(&a, 0);
    begin(&b);
    bench_say(&b, 1, 1, "pay now");
    bench_say(&b, 1, 2, "20");
    bench_told(&b);
    bench_answer(&b, PL_OUTCOME_OK, long_text(&a, 300000, 'x'), "");
    told(&b, "1 5 bot message pay.unsure\n1 6 bot message prelude.else\n");
    assert_int_equal(bench_count(&b, PL_ENGINE_UNCONFIRMED), 1);
    bench_advance(&b, 1000); /* it is asked for again, as whatever is not confirmed */
    assert_string_equal(bench_call(&b)->name, "shop.pay");
    bench_answer(&b, PL_OUTCOME_OK, long_text(&a, 10, 'x'), "");
    bench_advance(&b, 700000);
    assert_non_null(strstr(bench_told(&b), "prelude.worked"));
    pl_arena_free(&a);
    bench_close(&b);
}

static struct pl_value account(struct pl_arena *a) {
    struct pl_field *f = PL_NEW_ARRAY(a, struct pl_field, 2);
    f[0] = (struct pl_field){PL_STR("order"), pl_text(PL_STR("ORDER1"))};
    f[1] = (struct pl_field){PL_STR("owner"), pl_text(PL_STR("Ann"))};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = 2}};
}

/* A read whose result has something private in it is kept for the customer who asked. */
static void a_cache_of_his_own(void **state) {
    struct bench b;
    struct pl_arena a;
    (void)state;
    pl_arena_init(&a, 0);
    begin(&b);
    bench_open_fresh(&b, 2, 2);
    bench_say(&b, 1, 1, "open the account");
    bench_say(&b, 2, 1, "open the account"); /* not on the first one's flight either */
    assert_int_equal(bench_count(&b, PL_ENGINE_HOOKS), 2);
    bench_answer(&b, PL_OUTCOME_OK, account(&a), "");
    bench_answer(&b, PL_OUTCOME_UNAVAILABLE, PL_NONE, "");
    bench_say(&b, 2, 2, "open the account");
    assert_int_equal(bench_count(&b, PL_ENGINE_HOOKS), 3);
    bench_say(&b, 1, 2, "open the account");
    assert_int_equal(bench_count(&b, PL_ENGINE_HOOKS), 3);
    assert_int_equal(bench_count(&b, PL_ENGINE_HOOKS_CACHED), 1);
    pl_arena_free(&a);
    bench_close(&b);
}

/* ---- what cannot be read ---- */

static void appended(struct pl_store_append *a) {
    (void)a;
}

/* Who comes back to events that cannot be read is told so, and is in no conversation. */
static void damaged_events(void **state) {
    struct bench b;
    struct pl_store_port port = {0};
    const uint8_t id[16] = {1};
    struct pl_store_head head;
    struct pl_store_put put = {
        .kind = 3, .body = PL_STR("no entry of this conversation"), .first_seq = 2, .last_seq = 2};
    struct pl_store_append a = {.puts = &put, .nputs = 1, .port = &port, .done = appended};
    (void)state;
    begin(&b);
    a.stream = pl_stream_of('c', id);
    assert_int_equal(pl_store_head(b.store, &a.stream, &head), PL_OK);
    a.expected_n = head.n;
    assert_int_equal(pl_store_append(b.store, &a), PL_OK);
    pl_store_flush(b.store);
    bench_resume(&b, 2, 1, 0);
    told(&b, "2 ERR_INTERNAL 0\n");
    bench_say(&b, 2, 1, "hello");
    told(&b, "2 ERR_UNKNOWN 1\n");
    bench_close(&b);
}

/* Only what asks for it can be rated; votes are in vote_test.c. */
static void ratings(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    pl_engine_rate(b.engine, 1, 1, 1);
    bench_run(&b);
    told(&b, "1 ERR_CHOICE 0\n");
    pl_engine_rate(b.engine, 1, 0, 1);
    pl_engine_rate(b.engine, 1, 2, 1);
    pl_engine_rate(b.engine, 1, UINT64_MAX, -1);
    bench_run(&b);
    told(&b, "1 ERR_CHOICE 0\n1 ERR_CHOICE 0\n1 ERR_CHOICE 0\n");
    bench_close(&b);
}

/* ---- rows ---- */

static void add_tokens(struct bench *b, unsigned n) {
    char key[64];
    for (unsigned i = 0; i < n; i++) {
        int len = snprintf(key, sizeof key, "token/%016x", i);
        struct pl_store_row row = {{key, (size_t)len}, PL_STR("a token")};
        assert_int_equal(pl_store_project(b->store, &row, 1, NULL, 0), PL_OK);
    }
}

/* Rows of tokens lie behind those of timers: however many, a tick ends, and a timer is due. */
static void timers_among_tokens(void **state) {
    static const unsigned counts[] = {199, 200, 201, 1000};
    (void)state;
    for (size_t i = 0; i < PL_LEN(counts); i++) {
        struct bench b;
        begin(&b);
        add_tokens(&b, counts[i]);
        alarm(60); /* a tick that does not end ends the test */
        bench_say(&b, 1, 1, "remind me later");
        pl_engine_leave(b.engine, 1);
        for (int k = 0; k < 60; k++) {
            bench_advance(&b, 1000);
            pl_store_flush(b.store);
        }
        assert_int_equal(bench_count(&b, PL_ENGINE_EVICTED), 1);
        bench_advance(&b, 7200000);
        alarm(0);
        bench_told(&b);
        bench_resume(&b, 1, 1, 2);
        told(&b, "1 ready bot seq 4\n1 3 bot message nap.over\n1 4 bot message prelude.else\n"
                 "1 live\n");
        bench_close(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_much_as_fits_is_said),
        cmocka_unit_test(a_flow_that_says_too_much),
        cmocka_unit_test(a_step_that_grows_when_written_down),
        cmocka_unit_test(a_value_that_is_too_long),
        cmocka_unit_test(a_write_whose_value_is_too_long),
        cmocka_unit_test(a_cache_of_his_own),
        cmocka_unit_test(damaged_events),
        cmocka_unit_test(ratings),
        cmocka_unit_test(timers_among_tokens),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
