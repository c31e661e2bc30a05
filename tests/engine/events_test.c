/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes without a message: events and who they are told to, their keys, rules that look at
 * the clock; reads that a hand-over ends; steps that come out differently when played again.
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

static void told(struct bench *b, const char *expected) {
    assert_string_equal(bench_told(b), expected);
}

static void send_event(struct bench *b, uint64_t token, int conversation, const char *name,
                       const char *args, const char *key) {
    struct pl_engine_happening h = {
        .name = pl_str_c(name), .args = pl_str_c(args), .key = pl_str_c(key)};
    h.conversation[0] = (uint8_t)conversation;
    pl_engine_event(b->engine, token, &h);
    bench_run(b);
}

static void begin(struct bench *b) {
    bench_open(b, NULL);
    bench_open_fresh(b, 1, 1);
    told(b, "1 ready bot seq 1\n1 1 bot message hello\n1 live\n");
}

static void told_once_it_is_on_disk(void **state) {
    struct bench b;
    struct pl_store_config held = {.hold = true, .seed = 3};
    (void)state;
    bench_open(&b, &held);
    bench_open_fresh(&b, 1, 1);
    pl_store_mem_release(b.store, 1);
    bench_run(&b);
    bench_told(&b);
    send_event(&b, 7, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "k1");
    send_event(&b, 8, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "k1");
    told(&b, "");
    pl_store_mem_release(b.store, 10);
    bench_run(&b);
    told(&b, "1 2 bot message late.say\n7 done: no error\n8 done: exists already\n");
    pl_store_mem_release(b.store, 10);
    bench_run(&b);
    told(&b, "");
    bench_close(&b);
}

static void who_is_not_there_gets_it_later(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    pl_engine_leave(b.engine, 1);
    bench_run(&b);
    bench_advance(&b, 10 * MINUTE); /* it leaves memory */
    send_event(&b, 7, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "");
    told(&b, "7 done: no error\n");
    bench_resume(&b, 2, 1, 1);
    told(&b, "2 ready bot seq 2\n2 2 bot message late.say\n2 live\n");
    bench_close(&b);
}

static void nothing_twice(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    send_event(&b, 7, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "k1");
    told(&b, "1 2 bot message late.say\n7 done: no error\n");
    send_event(&b, 8, 1, "shop.late", "{\"days\":3, \"order\":\"A1\"}", "k1");
    told(&b, "8 done: exists already\n");
    bench_crash(&b); /* from the journal alone */
    send_event(&b, 9, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "k1");
    told(&b, "9 done: exists already\n");
    send_event(&b, 10, 1, "shop.late", "{\"order\":\"A1\",\"days\":4}", "k1");
    told(&b, "10 done: changed meanwhile\n");
    bench_advance(&b, MINUTE); /* from its snapshot */
    pl_engine_forget(b.engine, (const uint8_t[16]){1});
    send_event(&b, 11, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "k1");
    told(&b, "11 done: exists already\n");
    send_event(&b, 12, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "");
    send_event(&b, 13, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "");
    told(&b, "12 done: no error\n13 done: no error\n");
    bench_close(&b);
}

static void what_is_refused(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    send_event(&b, 1, 9, "shop.late", "{}", "");
    told(&b, "1 done: not found\n");
    send_event(&b, 2, 1, "shop.soon", "{}", "");
    told(&b, "2 done: a value of another type; the program declares no such event\n");
    send_event(&b, 3, 1, "shop.late", "[1]", "");
    told(&b, "3 done: a value of another type; args is not a JSON object\n");
    send_event(&b, 4, 1, "shop.late", "{\"order\":", "");
    told(&b, "4 done: a value of another type; args is not a JSON object\n");
    send_event(&b, 5, 1, "shop.late", "{\"order\":\"A1\"}", "");
    told(&b, "5 done: a value of another type; args.days: value: missing\n");
    send_event(&b, 6, 1, "shop.late", "{\"order\":\"A1\",\"days\":\"3\"}", "");
    told(&b, "6 done: a value of another type; args.days: value: expected number\n");
    send_event(&b, 7, 1, "shop.late", "{\"order\":\"A1\",\"days\":3,\"dys\":4}", "");
    told(&b, "7 done: a value of another type; shop.late brings no dys\n");
    bench_say(&b, 1, 1, "pay now"); /* an open question: they wait */
    bench_told(&b);
    for (uint64_t i = 0; i < 8; i++)
        send_event(&b, 10 + i, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "");
    told(&b, "10 done: no error\n11 done: no error\n12 done: no error\n13 done: no error\n14 done: "
             "no error\n15 done: no error\n"
             "16 done: no error\n17 done: no error\n");
    send_event(&b, 18, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "");
    told(&b, "18 done: busy, try again; too many events wait for the customer\n");
    bench_close(&b);
}

static void card_numbers_are_masked(void **state) {
    struct bench b;
    struct pl_arena a;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "watch it");
    bench_told(&b);
    send_event(&b, 7, 1, "shop.late", "{\"order\":\"4111 1111 1111 1111\",\"days\":3}", "");
    told(&b, "1 3 bot message late.say\n7 done: no error\n");
    pl_arena_init(&a, 0);
    struct pl_value v =
        pl_engine_slot(b.engine, (const uint8_t[16]){1}, &a, PL_STR("session.news"));
    assert_true(v.kind == PL_KIND_TEXT && pl_str_eq(v.s, PL_STR("\u2022\u2022\u2022\u2022 1111")));
    pl_arena_free(&a);
    bench_close(&b);
}

/* An event that is held back, and one that is waited for, outlive a crash. */
static void events_survive(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "pay now");
    bench_told(&b);
    send_event(&b, 7, 1, "shop.late", "{\"order\":\"A1\",\"days\":3}", "");
    told(&b, "7 done: no error\n");
    bench_crash(&b);
    bench_resume(&b, 2, 1, 3);
    bench_told(&b);
    bench_advance(&b, 10 * MINUTE);
    told(&b, "2 4 bot message late.say\n2 5 bot message prelude.resume\n"
             "2 6 bot message pay.ask\n");
    bench_crash(&b);
    bench_resume(&b, 3, 1, 6);
    bench_told(&b);
    bench_say(&b, 3, 1, "cancel");
    bench_say(&b, 3, 2, "watch it");
    bench_told(&b);
    bench_crash(&b);
    send_event(&b, 8, 1, "shop.late", "{\"order\":\"A1\",\"days\":5}", "");
    bench_resume(&b, 4, 1, 8);
    assert_non_null(strstr(bench_told(&b), "bot message watch.days"));
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

static void the_clock_hands_over(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "pay now");
    bench_told(&b);
    bench_advance(&b, 30 * MINUTE);
    told(&b, "");
    bench_advance(&b, MINUTE);
    told(&b, "1 4 system handoff\n1 5 bot message prelude.handed_over\n");
    uint64_t steps = bench_count(&b, PL_ENGINE_STEPS);
    bench_advance(&b, 60 * MINUTE); /* and looks no more */
    assert_int_equal(bench_count(&b, PL_ENGINE_STEPS), steps);
    bench_crash(&b);
    bench_resume(&b, 2, 1, 5);
    told(&b, "2 ready waiting seq 5\n2 live\n");
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

static void the_clock_waits_for_the_customer(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "pay now");
    bench_told(&b);
    pl_engine_leave(b.engine, 1);
    bench_advance(&b, 60 * MINUTE);
    bench_resume(&b, 2, 1, 3);
    told(&b, "2 ready bot seq 3\n2 live\n");
    bench_advance(&b, MINUTE);
    told(&b, "2 4 system handoff\n2 5 bot message prelude.handed_over\n");
    bench_close(&b);
}

/* A read that nobody waits for is ended, a write never. */
static void a_hand_over_ends_reads(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "where is ORDER12");
    bench_told(&b);
    bench_say(&b, 1, 2, "my lawyer will call");
    const char *said = bench_told(&b);
    assert_non_null(strstr(said, "cancel shop.find\n"));
    assert_non_null(strstr(said, "system handoff"));
    bench_answer(&b, PL_OUTCOME_UNAVAILABLE, PL_NONE, "");
    told(&b, "");
    bench_open_fresh(&b, 2, 2);
    bench_say(&b, 2, 1, "pay now");
    bench_say(&b, 2, 2, "20");
    bench_told(&b);
    assert_string_equal(bench_call(&b)->name, "shop.pay");
    bench_say(&b, 2, 3, "my lawyer will call");
    assert_null(strstr(bench_told(&b), "cancel"));
    bench_close(&b);
}

/* The same read of two conversations is one call: it goes on for the other. */
static void a_shared_read_goes_on(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_open_fresh(&b, 2, 2);
    bench_say(&b, 1, 1, "where is ORDER12");
    bench_say(&b, 2, 1, "where is ORDER12");
    bench_told(&b);
    bench_say(&b, 1, 2, "my lawyer will call");
    assert_null(strstr(bench_told(&b), "cancel"));
    bench_say(&b, 2, 2, "my lawyer will call");
    assert_non_null(strstr(bench_told(&b), "cancel shop.find"));
    bench_close(&b);
}

/* ---- played again, it comes out differently ---- */

/* The same image but for how long its nap is: what no release may do, but a bug could. */
static struct pl_image *longer_nap(struct pl_image *image) {
    struct pl_program p = *pl_image_program(image);
    struct pl_value *consts = calloc(p.nconsts, sizeof *consts);
    struct pl_image *other = NULL;
    struct pl_buf bytes = {0};
    char why[256] = "";
    assert_non_null(consts);
    memcpy(consts, p.consts, p.nconsts * sizeof *consts);
    for (uint32_t i = 0; i < p.nconsts; i++)
        if (consts[i].kind == PL_KIND_DURATION && consts[i].duration == 120 * MINUTE)
            consts[i].duration += MINUTE;
    p.consts = consts;
    pl_program_write(&p, &bytes);
    if (pl_image_load(pl_buf_slice(&bytes), pl_image_hash(image), &other, why) != PL_OK)
        fail_msg("%s", why);
    pl_buf_free(&bytes);
    free(consts);
    return other;
}

static void a_divergence_goes_to_internal_error(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "take a nap");
    told(&b, "1 ack 1 seq 2\n1 2 customer message take a nap\n");
    struct pl_image *true_one = b.images[0];
    b.images[0] = longer_nap(true_one);
    bench_crash(&b);
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 1);
    assert_int_equal(bench_count(&b, PL_ENGINE_ERRORS), 1);
    bench_resume(&b, 2, 1, 0); /* what was shown stays, and the error is told */
    told(&b, "2 ready bot seq 3\n2 1 bot message hello\n2 2 customer message take a nap\n"
             "2 3 bot message prelude.error\n2 live\n");
    bench_say(&b, 2, 1, "pay now");
    told(&b, "2 ack 1 seq 4\n2 4 customer message pay now\n2 5 bot message pay.ask\n");
    bench_advance(&b, MINUTE);
    bench_crash(&b); /* its snapshot holds: once is enough */
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_resume(&b, 3, 1, 5);
    told(&b, "3 ready bot seq 5\n3 live\n");
    bench_close(&b);
    pl_image_unref(&b.images[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_once_it_is_on_disk),
        cmocka_unit_test(who_is_not_there_gets_it_later),
        cmocka_unit_test(nothing_twice),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(card_numbers_are_masked),
        cmocka_unit_test(events_survive),
        cmocka_unit_test(the_clock_hands_over),
        cmocka_unit_test(the_clock_waits_for_the_customer),
        cmocka_unit_test(a_hand_over_ends_reads),
        cmocka_unit_test(a_shared_read_goes_on),
        cmocka_unit_test(a_divergence_goes_to_internal_error),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
