/* SPDX-License-Identifier: Apache-2.0
 *
 * Customers who want no model: whoever says so for them, and whenever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define DAY INT64_C(86400000)

static void has(struct bench *b, const char *what) {
    const char *all = bench_told(b);
    if (!strstr(all, what)) fail_msg("no '%s' in:\n%s", what, all);
}

static void begin(struct bench *b) {
    bench_open(b, NULL);
    bench_open_fresh(b, 1, 1);
    bench_told(b);
}

static bool slot_is(struct bench *b, uint8_t conversation, bool no) {
    const uint8_t id[16] = {conversation};
    struct pl_value v = pl_engine_slot(b->engine, id, &b->a, PL_STR("customer.no_model"));
    return v.kind == PL_KIND_BOOL && v.b == no;
}

static void say_for_him(struct bench *b, uint64_t ticket, uint8_t customer, bool no) {
    struct pl_engine_happening h = {.by_customer = true, .name = PL_STR("customer.no_model")};
    h.args = no ? PL_STR("{\"on\":true}") : PL_STR("{\"on\":false}");
    h.customer[0] = customer;
    pl_engine_event(b->engine, ticket, &h);
    bench_run(b);
}

/* `asking` has no articles, and `sorting` decides: nobody is asked at all. */
static void nobody_is_asked(struct bench *b, uint64_t client, uint64_t counter) {
    int before = b->nturns;
    bench_say(b, client, counter, "may I ask something");
    has(b, "ask.down");
    bench_say(b, client, counter + 1, "sort this");
    has(b, "sort.none");
    assert_int_equal(b->nturns, before);
    bench_say(b, client, counter + 2, "look it up");
    assert_non_null(bench_turn(b));
    assert_true(bench_turn(b)->no_model); /* articles alone */
    assert_string_equal(bench_turn(b)->before, "");
    bench_reply(b, PL_ASKED_UNSURE, PL_NONE);
    has(b, "finding.unsure");
}

static void somebody_is_asked(struct bench *b, uint64_t client, uint64_t counter) {
    bench_say(b, client, counter, "may I ask something");
    assert_non_null(bench_turn(b));
    assert_false(bench_turn(b)->no_model);
    bench_reply(b, PL_ASKED_DOWN, PL_NONE);
    has(b, "ask.down");
}

static void by_the_customer(void **state) {
    struct bench b;
    const uint8_t id[16] = {1};
    (void)state;
    begin(&b);
    somebody_is_asked(&b, 1, 1);
    bench_say(&b, 1, 2, "no AI please");
    has(&b, "no_model.done");
    nobody_is_asked(&b, 1, 3);
    bench_crash(&b);
    bench_resume(&b, 1, 1, 1);
    bench_told(&b);
    nobody_is_asked(&b, 1, 6);
    assert_int_equal(pl_engine_again(b.engine, id), PL_OK);
    bench_resume(&b, 1, 1, 1);
    bench_told(&b);
    assert_true(slot_is(&b, 1, true));
    nobody_is_asked(&b, 1, 9);
    bench_say(&b, 1, 12, "you may use AI again");
    has(&b, "use_model.done");
    somebody_is_asked(&b, 1, 13);
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

/* The model has his words already: it is told to stop, and what it says comes to nobody. */
static void while_a_model_writes(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "look it up");
    assert_false(bench_turn(&b)->no_model);
    bench_told(&b);
    bench_say(&b, 1, 2, "don't use AI on me");
    has(&b, "cancel model");
    assert_non_null(bench_turn(&b)); /* another one, of articles alone */
    assert_true(bench_turn(&b)->no_model);
    bench_crash(&b); /* before the flow could say so */
    bench_resume(&b, 1, 1, 1);
    bench_run(&b);
    assert_true(bench_turn(&b)->no_model);
    bench_told(&b);
    bench_reply(&b, PL_ASKED_UNSURE, PL_NONE);
    has(&b, "no_model.done");
    nobody_is_asked(&b, 1, 3);
    bench_close(&b);
}

/* It holds without consent to be remembered, and for ever. */
static void remembered(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_say(&b, 1, 1, "no AI");
    const char *all = bench_told(&b);
    assert_non_null(strstr(all, "no_model.done"));
    assert_null(strstr(all, "consent.ask"));
    bench_crash(&b);
    bench_advance(&b, 8 * DAY);
    bench_open_known(&b, 2, 2, true, 7, false);
    bench_told(&b);
    nobody_is_asked(&b, 2, 1);
    bench_say(&b, 2, 4, "forget me");
    has(&b, "forget.done");
    nobody_is_asked(&b, 2, 5);
    bench_advance(&b, 1000);
    bench_open_known(&b, 3, 3, true, 7, false);
    bench_open_known(&b, 4, 4, true, 8, false); /* somebody else */
    bench_told(&b);
    nobody_is_asked(&b, 3, 1);
    somebody_is_asked(&b, 4, 1);
    bench_close(&b);
}

/* Said before the page knew him, it is his all the same. */
static void said_by_nobody(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "no AI");
    bench_open_known(&b, 1, 1, false, 7, false);
    bench_open_known(&b, 2, 2, true, 7, false);
    bench_told(&b);
    nobody_is_asked(&b, 2, 1);
    nobody_is_asked(&b, 1, 2);
    bench_close(&b);
}

/* What is on in another conversation of his ends, too. */
static void in_all_his_conversations(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_open_known(&b, 2, 2, true, 7, false);
    bench_say(&b, 2, 1, "look it up");
    assert_false(bench_turn(&b)->no_model);
    bench_told(&b);
    bench_say(&b, 1, 1, "no AI");
    has(&b, "cancel model");
    assert_true(bench_turn(&b)->no_model);
    bench_reply(&b, PL_ASKED_UNSURE, PL_NONE);
    has(&b, "finding.unsure");
    assert_true(slot_is(&b, 2, true));
    nobody_is_asked(&b, 2, 2);
    bench_say(&b, 2, 5, "use AI again");
    bench_told(&b);
    assert_true(slot_is(&b, 1, false));
    somebody_is_asked(&b, 1, 2);
    bench_close(&b);
}

static void by_the_shop(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_say(&b, 1, 1, "look it up");
    assert_false(bench_turn(&b)->no_model);
    bench_told(&b);
    say_for_him(&b, 70, 7, true);
    const char *all = bench_told(&b);
    assert_non_null(strstr(all, "70 done: no error"));
    assert_non_null(strstr(all, "cancel model"));
    assert_true(bench_turn(&b)->no_model);
    bench_reply(&b, PL_ASKED_UNSURE, PL_NONE);
    bench_told(&b);
    nobody_is_asked(&b, 1, 2);
    say_for_him(&b, 71, 7, true); /* again: nothing new */
    has(&b, "71 done: no error");
    say_for_him(&b, 72, 9, true); /* who never came yet */
    has(&b, "72 done: no error");
    bench_advance(&b, 8 * DAY);
    bench_crash(&b);
    bench_open_known(&b, 2, 2, true, 9, false);
    bench_told(&b);
    nobody_is_asked(&b, 2, 1);
    say_for_him(&b, 73, 9, false);
    bench_told(&b);
    somebody_is_asked(&b, 2, 4);
    bench_close(&b);
}

/* One that the shop knows by the conversation alone. */
static void by_conversation(void **state) {
    struct bench b;
    struct pl_engine_happening h = {.name = PL_STR("customer.no_model"),
                                    .args = PL_STR("{\"on\":true}")};
    (void)state;
    begin(&b);
    h.conversation[0] = 1;
    bench_say(&b, 1, 1, "look it up");
    bench_told(&b);
    pl_engine_event(b.engine, 70, &h);
    bench_run(&b);
    const char *all = bench_told(&b);
    assert_non_null(strstr(all, "cancel model"));
    assert_non_null(strstr(all, "70 done: no error"));
    bench_reply(&b, PL_ASKED_UNSURE, PL_NONE);
    pl_engine_event(b.engine, 71, &h);
    bench_run(&b);
    has(&b, "71 done: no error");
    nobody_is_asked(&b, 1, 2);
    h.args = PL_STR("{\"off\":true}");
    pl_engine_event(b.engine, 72, &h);
    bench_run(&b);
    has(&b, "72 done: ");
    bench_close(&b);
}

/* Erased, nothing is known of him any more. */
static void erased(void **state) {
    struct bench b;
    const uint8_t customer[16] = {7};
    (void)state;
    bench_open(&b, NULL);
    say_for_him(&b, 70, 7, true);
    pl_engine_erase(b.engine, 71, customer);
    bench_run(&b);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_told(&b);
    somebody_is_asked(&b, 1, 1);
    bench_close(&b);
}

/* People have the conversation, and no flow hears him. */
static void said_to_people(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_say(&b, 1, 1, "I want my lawyer");
    has(&b, "system handoff");
    bench_say(&b, 1, 2, "don't use AI on me");
    bench_told(&b);
    assert_true(slot_is(&b, 1, true));
    bench_open_known(&b, 2, 2, true, 7, false);
    bench_told(&b);
    nobody_is_asked(&b, 2, 1);
    bench_close(&b);
}

/* What he wrote while he wanted no model stays unread when he wants one again. */
static void unread_for_ever(struct bench *b, uint64_t client, uint64_t counter) {
    bench_say(b, client, counter, "may I ask something");
    assert_non_null(bench_turn(b));
    assert_false(bench_turn(b)->no_model);
    assert_null(strstr(bench_turn(b)->before, "OPTOUTMARK"));
    bench_reply(b, PL_ASKED_DOWN, PL_NONE);
    has(b, "ask.down");
}

static void allowed_again(void **state) {
    struct bench b;
    const uint8_t id[16] = {1};
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "no AI please");
    bench_say(&b, 1, 2, "this is OPTOUTMARK");
    bench_say(&b, 1, 3, "you may use AI again");
    bench_told(&b);
    unread_for_ever(&b, 1, 4);
    bench_say(&b, 1, 5, "this is AFTERWARDS");
    unread_for_ever(&b, 1, 6);
    assert_non_null(strstr(b.turns[b.nturns - 1].before, "AFTERWARDS"));
    bench_crash(&b);
    bench_resume(&b, 1, 1, 1);
    bench_told(&b);
    unread_for_ever(&b, 1, 7);
    assert_int_equal(pl_engine_again(b.engine, id), PL_OK); /* played again from the start */
    bench_resume(&b, 1, 1, 1);
    bench_told(&b);
    unread_for_ever(&b, 1, 8);
    assert_non_null(strstr(b.turns[b.nturns - 1].before, "AFTERWARDS"));
    bench_close(&b);
}

/* Loaded while he wants none, by a page that says nothing of him: it hears of it all the same. */
static void allowed_again_elsewhere(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 2, 2, true, 7, false);
    bench_crash(&b);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_say(&b, 1, 1, "no AI");
    bench_resume(&b, 2, 2, 1);
    bench_say(&b, 2, 1, "this is OPTOUTMARK");
    bench_say(&b, 1, 2, "use AI again");
    bench_told(&b);
    unread_for_ever(&b, 2, 2);
    bench_close(&b);
}

/* A message that waits for its turn is of the time when it was written. */
static void allowed_while_it_waits(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_say(&b, 1, 1, "no AI");
    bench_say(&b, 1, 2, "look it up");
    assert_true(bench_turn(&b)->no_model);
    bench_say(&b, 1, 3, "may I ask something");
    bench_advance(&b, 100);
    say_for_him(&b, 70, 7, false);
    bench_told(&b);
    assert_true(slot_is(&b, 1, false));
    bench_crash(&b);
    bench_resume(&b, 1, 1, 1);
    bench_run(&b);
    assert_non_null(bench_turn(&b));
    assert_true(bench_turn(&b)->no_model); /* asked anew, with what he wrote before */
    bench_reply(&b, PL_ASKED_UNSURE, PL_NONE);
    has(&b, "finding.unsure");
    assert_non_null(bench_turn(&b));
    assert_true(bench_turn(&b)->no_model);
    assert_string_equal(bench_turn(&b)->before, "");
    bench_reply(&b, PL_ASKED_DOWN, PL_NONE);
    has(&b, "ask.down");
    unread_for_ever(&b, 1, 4);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_customer),
        cmocka_unit_test(while_a_model_writes),
        cmocka_unit_test(remembered),
        cmocka_unit_test(said_by_nobody),
        cmocka_unit_test(by_the_shop),
        cmocka_unit_test(in_all_his_conversations),
        cmocka_unit_test(by_conversation),
        cmocka_unit_test(erased),
        cmocka_unit_test(said_to_people),
        cmocka_unit_test(allowed_again),
        cmocka_unit_test(allowed_again_elsewhere),
        cmocka_unit_test(allowed_while_it_waits),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
