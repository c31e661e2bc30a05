/* SPDX-License-Identifier: Apache-2.0
 *
 * Who the customer is: verification, secrets in the journal, what is remembered between
 * conversations and of whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static void told(struct bench *b, const char *expected) {
    assert_string_equal(bench_told(b), expected);
}

static void has(struct bench *b, const char *what) {
    const char *all = bench_told(b);
    if (!strstr(all, what)) print_message("%s", all);
    assert_non_null(strstr(all, what));
}

/* How often it stands anywhere in the opened entries of conversation 1. */
static unsigned in_entries(struct bench *b, const char *what) {
    struct pl_journal *j;
    struct pl_conv conv;
    struct pl_snapshot snap;
    struct pl_journal_cursor cursor = {0};
    struct pl_entry entry;
    struct pl_arena a;
    struct pl_buf bytes = {0};
    uint8_t id[16] = {1};
    unsigned found = 0, n = 0;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_journal_create(b->store, b->keys, b->master, &j), PL_OK);
    assert_int_equal(pl_snapshot_load(j, id, &a, &conv, &snap), PL_OK);
    assert_int_equal(pl_journal_from(j, &conv, 1, &cursor), PL_OK);
    while (pl_journal_next(j, &cursor, &a, &entry) == PL_OK) {
        pl_buf_clear(&bytes);
        pl_entry_write(&bytes, &entry);
        found += pl_str_find(pl_buf_slice(&bytes), pl_str_c(what)) != SIZE_MAX;
        n++;
    }
    assert_true(n > 3);
    pl_journal_cursor_free(&cursor);
    pl_conv_wipe(&conv);
    pl_journal_destroy(&j);
    pl_buf_free(&bytes);
    pl_arena_free(&a);
    return found;
}

static void a_secret_is_in_no_entry(void **state) {
    struct bench b;
    uint8_t id[16] = {1};
    (void)state;
    bench_open(&b, NULL);
    bench_open_fresh(&b, 1, 1);
    bench_say(&b, 1, 1, "my profile");
    bench_told(&b);
    bench_say(&b, 1, 2, "canary4711");
    told(&b, "1 ack 2 seq 4\n1 4 customer message \u2022\u2022\u2022\u2022\u2022\u2022\n");
    assert_string_equal(bench_call(&b)->name, "shop.check");
    bench_answer(&b, PL_OUTCOME_OK, PL_NONE, "");
    has(&b, "profile.nick");
    assert_int_equal(in_entries(&b, "canary4711"), 0);
    assert_int_equal(in_entries(&b, "my profile"), 2); /* what is no secret can be read there */
    struct pl_value slots = pl_engine_slot(b.engine, id, &b.a, PL_STR("pin"));
    assert_int_equal(slots.kind, PL_KIND_NONE);
    assert_int_equal(pl_engine_again(b.engine, id), PL_OK); /* the same, from the journal alone */
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

static void a_repeated_secret_is_one(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_fresh(&b, 1, 1);
    bench_say(&b, 1, 1, "my profile");
    bench_say(&b, 1, 2, "canary4711");
    bench_told(&b);
    bench_say(&b, 1, 2, "canary4711");
    told(&b, "1 ack 2 seq 4 dup\n");
    bench_say(&b, 1, 2, "canary4712");
    told(&b, "1 ERR_REUSED 2\n");
    bench_close(&b);
}

static void verified_by_the_page(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, true);
    bench_say(&b, 1, 1, "my profile");
    has(&b, "profile.nick");
    assert_null(bench_call(&b));
    bench_close(&b);
}

/* Tells a name in conversation 1, and answers whether it may be remembered. */
static void tell_name(struct bench *b, const char *may) {
    bench_open_known(b, 1, 1, true, 7, true);
    bench_say(b, 1, 1, "my profile");
    bench_say(b, 1, 2, "Ann");
    bench_say(b, 1, 3, "no"); /* to the offer of a person */
    has(b, "consent.ask");
    bench_say(b, 1, 4, may);
    bench_told(b);
}

static void remembered(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    tell_name(&b, "yes");
    bench_crash(&b);
    bench_open_known(&b, 2, 2, true, 7, true);
    bench_say(&b, 2, 1, "my profile");
    has(&b, "profile.back");
    bench_open_known(&b, 3, 3, true, 8, true); /* somebody else */
    bench_say(&b, 3, 1, "my profile");
    has(&b, "profile.nick");
    bench_open_known(&b, 4, 4, true, 7, false); /* perhaps not he */
    bench_say(&b, 4, 1, "my profile");
    has(&b, "verify.pin");
    bench_open_fresh(&b, 5, 5); /* nobody known */
    bench_say(&b, 5, 1, "my profile");
    has(&b, "verify.pin");
    bench_close(&b);
}

static void not_remembered_against_his_will(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    tell_name(&b, "no");
    bench_open_known(&b, 2, 2, true, 7, true);
    bench_say(&b, 2, 1, "my profile");
    has(&b, "profile.nick");
    bench_say(&b, 2, 2, "Ann");
    bench_say(&b, 2, 3, "no");
    assert_null(strstr(bench_told(&b), "consent.ask")); /* nor is he asked again */
    bench_close(&b);
}

/* The latest of two conversations counts, whatever is played again later. */
static void the_latest_counts(void **state) {
    struct bench b;
    uint8_t id[16] = {1};
    (void)state;
    bench_open(&b, NULL);
    tell_name(&b, "yes");
    bench_advance(&b, 1000);
    bench_open_known(&b, 2, 2, true, 7, true);
    bench_say(&b, 2, 1, "my profile");
    has(&b, "profile.back");
    bench_crash(&b);
    bench_resume(&b, 1, 1, 0);
    assert_int_equal(pl_engine_again(b.engine, id), PL_OK);
    bench_told(&b);
    bench_open_known(&b, 3, 3, true, 7, true);
    bench_say(&b, 3, 1, "my profile");
    has(&b, "profile.back");
    bench_close(&b);
}

static void signing_in_half_way(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_fresh(&b, 1, 1);
    bench_told(&b);
    bench_open_known(&b, 2, 1, false, 7, true);
    bench_say(&b, 2, 1, "my profile");
    has(&b, "profile.nick");
    bench_open_known(&b, 3, 1, false, 8, true);
    told(&b, "3 ERR_IDENTITY 0\n");
    bench_open_known(&b, 4, 1, false, 7, false); /* verified he stays */
    has(&b, "4 ready bot");
    bench_crash(&b);
    bench_open_known(&b, 5, 1, false, 8, true);
    has(&b, "5 ERR_IDENTITY 0\n");
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_in_no_entry),
        cmocka_unit_test(a_repeated_secret_is_one),
        cmocka_unit_test(verified_by_the_page),
        cmocka_unit_test(remembered),
        cmocka_unit_test(not_remembered_against_his_will),
        cmocka_unit_test(the_latest_counts),
        cmocka_unit_test(signing_in_half_way),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
