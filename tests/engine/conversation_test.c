/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversations through the engine: acknowledgements, order, duplicates, hooks, failing appends,
 * hand-overs, reloads, timers, what the journal holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static struct pl_value text(const char *s) {
    return pl_text(pl_str_c(s));
}

static void told(struct bench *b, const char *expected) {
    assert_string_equal(bench_told(b), expected);
}

static void begin(struct bench *b) {
    bench_open(b, NULL);
    bench_open_fresh(b, 1, 1);
    told(b, "1 ready bot seq 1\n1 1 bot message hello\n1 live\n");
}

static void a_conversation(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "where is ORDER12");
    told(&b, "1 ack 1 seq 2\n1 2 customer message where is ORDER12\n");
    assert_string_equal(bench_call(&b)->name, "shop.find");
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    told(&b, "1 3 bot message track.is\n1 4 bot message prelude.else\n");
    bench_close(&b);
}

static void nothing_is_told_before_it_is_on_disk(void **state) {
    struct bench b;
    struct pl_store_config held = {.hold = true, .seed = 3};
    (void)state;
    bench_open(&b, &held);
    bench_open_fresh(&b, 1, 1);
    told(&b, "");
    pl_store_mem_release(b.store, 1);
    bench_run(&b);
    told(&b, "1 ready bot seq 1\n1 1 bot message hello\n1 live\n");
    bench_say(&b, 1, 1, "pay now");
    bench_say(&b, 1, 2, "20");
    told(&b, "");
    assert_null(bench_call(&b)); /* a write waits for its entry */
    pl_store_mem_release(b.store, 1);
    bench_run(&b);
    told(&b, "1 ack 1 seq 2\n1 2 customer message pay now\n1 3 bot message pay.ask\n");
    assert_null(bench_call(&b));
    pl_store_mem_release(b.store, 1);
    bench_run(&b);
    told(&b, "1 ack 2 seq 4\n1 4 customer message 20\n");
    assert_string_equal(bench_call(&b)->name, "shop.pay");
    bench_answer(&b, PL_OUTCOME_OK, text("r1"), "");
    told(&b, "");
    pl_store_mem_release(b.store, 1);
    bench_run(&b);
    told(&b, "1 5 bot message pay.done\n1 6 bot message prelude.else\n");
    bench_close(&b);
}

static void duplicates_and_gaps(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "pay now");
    told(&b, "1 ack 1 seq 2\n1 2 customer message pay now\n1 3 bot message pay.ask\n");
    bench_say(&b, 1, 1, "pay now");
    told(&b, "1 ack 1 seq 2 dup\n");
    bench_say(&b, 1, 1, "something else");
    told(&b, "1 ERR_REUSED 1\n");
    bench_say(&b, 1, 3, "5");
    told(&b, "1 ERR_ORDER 3: the next one expected is 2\n");
    bench_say(&b, 1, 0, "5");
    told(&b, "1 ERR_ORDER 0: the next one expected is 2\n");
    for (uint64_t i = 2; i < 50; i++) bench_say(&b, 1, i, "hm");
    bench_told(&b);
    bench_say(&b, 1, 1, "pay now"); /* too old to know its seq, known to be done */
    assert_true(strstr(bench_told(&b), "1 ack 1 seq ") != NULL);
    assert_int_equal(bench_count(&b, PL_ENGINE_DUPLICATES), 2);
    assert_int_equal(bench_count(&b, PL_ENGINE_TURNS), 49);
    bench_close(&b);
}

static void a_duplicate_of_what_is_on_its_way(void **state) {
    struct bench b;
    struct pl_store_config held = {.hold = true};
    (void)state;
    bench_open(&b, &held);
    bench_open_fresh(&b, 1, 1);
    pl_store_mem_release(b.store, 1);
    bench_run(&b);
    bench_say(&b, 1, 1, "pay now");
    bench_say(&b, 1, 1, "pay now");
    pl_store_mem_release(b.store, 1);
    bench_run(&b);
    told(&b, "1 ready bot seq 1\n1 1 bot message hello\n1 live\n"
             "1 ack 1 seq 2\n1 2 customer message pay now\n1 3 bot message pay.ask\n"
             "1 ack 1 seq 2 dup\n");
    bench_close(&b);
}

/* Its open was not answered yet: nothing of it stays, and the conversation may leave memory. */
static void a_client_that_left_early(void **state) {
    struct bench b;
    struct pl_store_config held = {.hold = true};
    (void)state;
    bench_open(&b, &held);
    bench_open_fresh(&b, 1, 1);
    pl_engine_leave(b.engine, 1);
    bench_run(&b);
    pl_store_mem_release(b.store, 1);
    for (int i = 0; i < 60; i++) {
        bench_advance(&b, 1000);
        pl_store_mem_release(b.store, 10);
        pl_store_flush(b.store);
    }
    assert_int_equal(bench_count(&b, PL_ENGINE_EVICTED), 1);
    bench_close(&b);
}

static void an_answer_that_takes_its_time(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "where is ORDER12");
    bench_told(&b);
    bench_advance(&b, 399);
    told(&b, "");
    bench_advance(&b, 1);
    told(&b, "1 typing on\n");
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    const char *all = bench_told(&b);
    assert_true(strstr(all, "1 typing off\n") != NULL);
    assert_true(strstr(all, "track.is") != NULL);
    bench_close(&b);
}

static void nine_tabs(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    for (uint64_t client = 2; client < 12; client++) {
        bench_resume(&b, client, 1, 0);
        bench_say(&b, client, 1, "hm");
        bench_told(&b);
        bench_say(&b, client, 2, "hm");
        char want[32];
        snprintf(want, sizeof want, "%llu ack 2", (unsigned long long)client);
        assert_true(strstr(bench_told(&b), want) != NULL);
    }
    bench_say(&b, 11, 3, "hm"); /* the latest is not the one forgotten */
    assert_true(strstr(bench_told(&b), "11 ack 3") != NULL);
    bench_close(&b);
}

static void the_inbox(void **state) {
    struct bench b;
    char word[16];
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "where is ORDER12");
    bench_told(&b);
    for (uint64_t i = 2; i < 2 + PL_ENGINE_INBOX; i++) {
        snprintf(word, sizeof word, "hm %d", (int)i);
        bench_say(&b, 1, i, word);
    }
    assert_null(strstr(bench_told(&b), "bot"));
    bench_say(&b, 1, 10, "one too many");
    told(&b, "1 ERR_BUSY 10\n");
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    const char *all = bench_told(&b);
    assert_true(strncmp(all, "1 11 bot message track.is\n1 12 bot message prelude.else\n", 50) ==
                0);
    int misses = 0;
    for (const char *at = all; (at = strstr(at, "prelude.not_understood")); at++) misses++;
    assert_int_equal(misses, PL_ENGINE_INBOX);
    bench_say(&b, 1, 10, "one too many");
    assert_true(strstr(bench_told(&b), "1 ack 10") != NULL);
    bench_close(&b);
}

static void a_rule_takes_it_while_a_hook_is_under_way(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "where is ORDER12");
    bench_say(&b, 1, 2, "are you there?");
    bench_told(&b);
    bench_say(&b, 1, 3, "I'll call my lawyer");
    told(&b, "cancel shop.find\n1 ack 3 seq 4\n1 4 customer message I'll call my lawyer\n1 5 "
             "system handoff\n"
             "1 6 bot message prelude.handed_over\n");
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    told(&b, "");
    bench_say(&b, 1, 4, "hello?");
    told(&b, "1 ack 4 seq 7\n1 7 customer message hello?\n");
    bench_close(&b);
}

static void reads_are_cached(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "where is ORDER12");
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    bench_told(&b);
    bench_say(&b, 1, 2, "where is ORDER12");
    told(&b, "1 ack 2 seq 5\n1 5 customer message where is ORDER12\n1 6 bot message track.is\n"
             "1 7 bot message prelude.else\n");
    assert_null(bench_call(&b));
    bench_say(&b, 1, 3, "where is ORDER13");
    assert_non_null(bench_call(&b));
    bench_answer(&b, PL_OUTCOME_FAILED, PL_NONE, "not_found"); /* failures are not kept */
    bench_say(&b, 1, 4, "where is ORDER13");
    assert_non_null(bench_call(&b));
    bench_answer(&b, PL_OUTCOME_OK, text("Kiel"), "");
    bench_advance(&b, 31000);
    bench_told(&b);
    bench_say(&b, 1, 5, "where is ORDER12");
    assert_non_null(bench_call(&b));
    assert_int_equal(bench_count(&b, PL_ENGINE_HOOKS_CACHED), 1);
    bench_close(&b);
}

/* Who has changed something sees it: what was read before he did is not shown to him again. */
static void a_write_is_seen_by_the_next_read(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_open_fresh(&b, 2, 2);
    bench_say(&b, 1, 1, "where is ORDER12");
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    bench_say(&b, 1, 2, "pay now");
    bench_say(&b, 1, 3, "30");
    assert_string_equal(bench_call(&b)->name, "shop.pay");
    bench_answer(&b, PL_OUTCOME_OK, text("r1"), "");
    bench_say(&b, 2, 1, "where is ORDER12"); /* another customer: what is kept will do */
    assert_null(bench_call(&b));
    bench_say(&b, 1, 4, "where is ORDER12");
    assert_non_null(bench_call(&b));
    bench_answer(&b, PL_OUTCOME_OK, text("Kiel"), "");
    bench_say(&b, 1, 5, "where is ORDER12");
    assert_null(bench_call(&b));
    assert_int_equal(bench_count(&b, PL_ENGINE_HOOKS_CACHED), 2);
    bench_close(&b);
}

static void the_same_read_is_asked_once(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_open_fresh(&b, 2, 2);
    bench_open_fresh(&b, 3, 3);
    bench_told(&b);
    for (uint64_t client = 1; client <= 3; client++) bench_say(&b, client, 1, "where is ORDER12");
    bench_told(&b);
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    told(&b, "1 3 bot message track.is\n1 4 bot message prelude.else\n"
             "2 3 bot message track.is\n2 4 bot message prelude.else\n"
             "3 3 bot message track.is\n3 4 bot message prelude.else\n");
    assert_null(bench_call(&b));
    assert_int_equal(bench_count(&b, PL_ENGINE_HOOKS_SHARED), 2);
    bench_say(&b, 1, 2, "where is ORDER13");
    bench_say(&b, 2, 2, "where is ORDER13");
    bench_told(&b);
    bench_answer(&b, PL_OUTCOME_FAILED, PL_NONE, "not_found"); /* a failure is all the callers' */
    told(&b, "1 6 bot message track.none\n1 7 bot message prelude.else\n"
             "2 6 bot message track.none\n2 7 bot message prelude.else\n");
    bench_close(&b);
}

static void coming_back(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "pay now");
    bench_told(&b);
    bench_resume(&b, 2, 1, 2);
    told(&b, "2 ready bot seq 3\n2 3 bot message pay.ask\n2 live\n");
    bench_resume(&b, 3, 1, 3);
    told(&b, "3 ready bot seq 3\n3 live\n");
    bench_resume(&b, 4, 1, 99); /* more than there ever was: all of it anew */
    told(&b, "4 ready bot seq 3 not recovered\n4 1 bot message hello\n"
             "4 2 customer message pay now\n4 3 bot message pay.ask\n4 live\n");
    pl_engine_leave(b.engine, 4);
    struct pl_engine_open o = {.conversation = {1}, .hash = {2}, .epoch = PL_STR("elsewhere")};
    o.seq = 2;
    pl_engine_open(b.engine, 5, &o);
    bench_run(&b);
    told(&b, "5 ready bot seq 3 not recovered\n5 1 bot message hello\n"
             "5 2 customer message pay now\n5 3 bot message pay.ask\n5 live\n");
    o.hash[0] = 9;
    pl_engine_open(b.engine, 6, &o);
    bench_run(&b);
    told(&b, "6 ERR_UNKNOWN 0\n");
    bench_resume(&b, 7, 77, 0);
    told(&b, "7 ERR_UNKNOWN 0\n");
    bench_say(&b, 8, 1, "hello");
    told(&b, "8 ERR_UNKNOWN 1\n");
    bench_open_fresh(&b, 9, 1); /* the id is taken */
    told(&b, "9 ERR_INTERNAL 0\n");
    bench_say(&b, 1, 2, "5"); /* all who listen hear it, once */
    told(&b, "1 ack 2 seq 4\n1 4 customer message 5\n2 4 customer message 5\n"
             "3 4 customer message 5\n5 4 customer message 5\n");
    bench_close(&b);
}

static void choices_and_buttons(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_choose(&b, 1, 1, "menu.stock");
    told(&b, "1 ERR_CHOICE 1\n");
    bench_say(&b, 1, 1, "show me the menu");
    told(&b, "1 ack 1 seq 2\n1 2 customer message show me the menu\n1 3 bot message menu.say\n"
             "1 4 bot message menu.which\n");
    bench_choose(&b, 1, 2, "menu.other");
    told(&b, "1 ERR_CHOICE 2\n");
    bench_choose(&b, 1, 2, "b0");
    assert_true(strstr(bench_told(&b), "now.sure") != NULL);
    bench_say(&b, 1, 3, "yes");
    assert_true(strstr(bench_told(&b), "menu.which") != NULL);
    bench_choose(&b, 1, 4, "menu.stock");
    assert_string_equal(bench_call(&b)->name, "shop.stock");
    bench_told(&b);
    bench_choose(&b, 1, 5, "b9");
    told(&b, "1 ERR_CHOICE 5\n");
    bench_close(&b);
}

static void long_messages(void **state) {
    struct bench b;
    static char big[4 * PL_ENGINE_TEXT + 8];
    (void)state;
    begin(&b);
    for (int i = 0; i < PL_ENGINE_TEXT; i++) memcpy(big + 4 * i, "\xf0\x9f\x93\xa6", 4);
    bench_say(&b, 1, 1, big);
    assert_true(strstr(bench_told(&b), "1 ack 1 seq 2") != NULL);
    bench_resume(&b, 2, 1, 1); /* its entries are of several records */
    assert_true(strstr(bench_told(&b), "2 3 bot message prelude.not_understood") != NULL);
    /* many at once do not burst an append */
    for (uint64_t i = 2; i < 42; i++)
        pl_engine_send(b.engine, 1, (struct pl_engine_cid){1, i}, PL_ENGINE_SAID_TEXT,
                       pl_str_c(big));
    bench_run(&b);
    const char *all = bench_told(&b);
    assert_null(strstr(all, "ERR"));
    assert_true(strstr(all, "1 ack 41") != NULL);
    bench_close(&b);
}

static void too_long_to_be_read(void **state) {
    struct bench b;
    static char big[2 * PL_ENGINE_TEXT + 3], want[1000];
    (void)state;
    begin(&b);
    for (int i = 0; i <= PL_ENGINE_TEXT; i++) memcpy(big + 2 * i, "é", 2);
    bench_say(&b, 1, 1, big);
    snprintf(want, sizeof want,
             "1 ack 1 seq 2\n1 2 customer message %.400s…\n1 3 bot message long\n", big);
    told(&b, want);
    bench_crash(&b); /* its beginning is all that was kept */
    bench_resume(&b, 1, 1, 3);
    told(&b, "1 ready bot seq 3\n1 live\n");
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_say(&b, 1, 1, big);
    told(&b, "1 ack 1 seq 2 dup\n");
    strcpy(big + 2 * PL_ENGINE_TEXT,
           "yy"); /* no other message is taken for it, though it begins like it */
    bench_say(&b, 1, 1, big);
    told(&b, "1 ERR_REUSED 1\n");
    bench_say(&b, 1, 2, "a person please");
    bench_told(&b);
    bench_say(&b, 1, 3, big); /* no flow runs that could answer */
    told(&b, "1 ERR_LONG 3\n");
    bench_close(&b);
}

/* A long message is no answer: not even to a question that takes any words, and a secret one's
 * stays secret. */
static void a_long_secret(void **state) {
    struct bench b;
    static char big[PL_ENGINE_TEXT + 2];
    (void)state;
    begin(&b);
    memset(big, '7', PL_ENGINE_TEXT + 1);
    bench_say(&b, 1, 1, "my profile");
    told(&b, "1 ack 1 seq 2\n1 2 customer message my profile\n1 3 bot message verify.pin\n");
    bench_say(&b, 1, 2, big);
    told(&b, "1 ack 2 seq 4\n1 4 customer message ••••••\n1 5 bot message long\n"
             "1 6 bot message verify.pin\n");
    bench_close(&b);
}

/* ---- failing appends ---- */

static void a_failed_append(void **state) {
    (void)state;
    for (uint64_t at = 1; at <= 4; at++) {
        struct bench b;
        struct pl_store_config faulty = {.fault = {.journal_at = at, .err = PL_FULL}};
        bench_open(&b, &faulty);
        bench_open_fresh(&b, 1, 1);
        if (at == 1) { /* the very first: it never was */
            told(&b, "1 ERR_FULL 0\n");
            bench_open_fresh(&b, 1, 1);
        }
        told(&b, "1 ready bot seq 1\n1 1 bot message hello\n1 live\n");
        bench_say(&b, 1, 1, "where is ORDER12");
        if (at == 2) {
            told(&b, "1 ERR_FULL 1\n");
            bench_say(&b, 1, 1, "where is ORDER12"); /* again: the conversation goes on */
        }
        told(&b, "1 ack 1 seq 2\n1 2 customer message where is ORDER12\n");
        bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), ""); /* at 2: the forgotten call serves */
        if (at == 3) { /* the outcome is lost: the read is made again, nobody has to write */
            told(&b, "");
            bench_advance(&b, 1500);
            if (bench_call(&b)) bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
        }
        told(&b, "1 3 bot message track.is\n1 4 bot message prelude.else\n");
        assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
        assert_int_equal(bench_count(&b, PL_ENGINE_FAILED_APPENDS), at < 4);
        bench_close(&b);
    }
}

/* ---- writes ---- */

static void pays(struct bench *b) {
    begin(b);
    bench_say(b, 1, 1, "pay now");
    bench_say(b, 1, 2, "20");
    bench_told(b);
}

static void a_write_that_is_lost(void **state) {
    struct bench b;
    char key[128];
    (void)state;
    pays(&b);
    strcpy(key, bench_call(&b)->key);
    assert_int_equal(strlen(key) > 30, 1);
    bench_answer(&b, PL_OUTCOME_UNCONFIRMED, PL_NONE, "");
    told(&b, "1 5 bot message pay.unsure\n1 6 bot message prelude.else\n");
    bench_advance(&b, 1000); /* asked again by itself, under the same key */
    assert_string_equal(bench_call(&b)->key, key);
    bench_answer(&b, PL_OUTCOME_UNCONFIRMED, PL_NONE, "");
    bench_advance(&b, 3000);
    assert_string_equal(bench_call(&b)->key, key);
    bench_answer(&b, PL_OUTCOME_UNAVAILABLE, PL_NONE, ""); /* not sent this time: still open */
    told(&b, "");
    bench_advance(&b, 10000);
    assert_string_equal(bench_call(&b)->key, key);
    bench_answer(&b, PL_OUTCOME_OK, text("r1"), "");
    told(&b, "1 7 bot message prelude.worked\n");
    bench_advance(&b, 100000);
    assert_null(bench_call(&b));
    told(&b, "");
    bench_close(&b);
}

static void a_write_that_is_lost_and_then_the_server(void **state) {
    struct bench b;
    char key[128];
    (void)state;
    pays(&b);
    strcpy(key, bench_call(&b)->key);
    bench_answer(&b, PL_OUTCOME_UNCONFIRMED, PL_NONE, "");
    bench_told(&b);
    bench_crash(&b);
    bench_advance(&b, 3000);
    assert_string_equal(bench_call(&b)->key, key);
    bench_answer(&b, PL_OUTCOME_FAILED, PL_NONE, "refused");
    bench_resume(&b, 1, 1, 6);
    told(&b, "1 ready bot seq 7\n1 7 bot message prelude.failed\n1 live\n");
    bench_close(&b);
}

static void the_server_dies_while_a_write_is_under_way(void **state) {
    struct bench b;
    char key[128];
    (void)state;
    pays(&b);
    strcpy(key, bench_call(&b)->key);
    bench_crash(&b);
    assert_string_equal(bench_call(&b)->key, key);         /* at once, under its key */
    bench_answer(&b, PL_OUTCOME_UNAVAILABLE, PL_NONE, ""); /* the first may have been sent */
    bench_resume(&b, 1, 1, 4);
    told(&b, "1 ready bot seq 6\n1 5 bot message pay.unsure\n1 6 bot message prelude.else\n"
             "1 live\n");
    bench_advance(&b, 3000);
    bench_answer(&b, PL_OUTCOME_OK, text("r1"), "");
    told(&b, "1 7 bot message prelude.worked\n");
    bench_close(&b);
}

static void a_write_whose_flow_was_cut_off(void **state) {
    struct bench b;
    char key[128];
    (void)state;
    pays(&b);
    strcpy(key, bench_call(&b)->key);
    bench_say(&b, 1, 3, "I'll call my lawyer");
    bench_crash(&b);
    assert_non_null(bench_call(&b)); /* its truth is still wanted */
    assert_string_equal(bench_call(&b)->key, key);
    bench_answer(&b, PL_OUTCOME_OK, text("r1"), "");
    bench_advance(&b, 60000);
    assert_null(bench_call(&b));
    bench_close(&b);
}

static void reads_after_a_crash(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "where is ORDER12");
    bench_crash(&b);
    assert_string_equal(bench_call(&b)->name, "shop.find"); /* young: made again */
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    bench_resume(&b, 1, 1, 2);
    assert_true(strstr(bench_told(&b), "track.is") != NULL);
    bench_say(&b, 1, 2, "where is ORDER13");
    bench_told(&b);
    /* the server stays away for a minute: given up */
    bench_advance(&b, 60000);
    bench_crash(&b);
    assert_null(bench_call(&b));
    bench_resume(&b, 1, 1, 5);
    assert_true(strstr(bench_told(&b), "track.down") != NULL);
    bench_close(&b);
}

/* ---- people ---- */

static void the_queue(void **state) {
    struct bench b;
    struct pl_buf json = {0};
    struct pl_json j;
    size_t at;
    char next[PL_ENGINE_CURSOR];
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "a person please");
    told(&b, "1 ack 1 seq 2\n1 2 customer message a person please\n1 3 system handoff\n"
             "1 4 bot message prelude.handed_over\n");
    bench_open_fresh(&b, 2, 2);
    bench_say(&b, 2, 1, "my lawyer");
    assert_int_equal(pl_engine_queue(b.engine, 0, PL_STR(""), &json, next), PL_OK);
    assert_int_equal(pl_json_parse(&b.a, pl_buf_slice(&json), &j, &at), PL_OK);
    assert_int_equal(j.n, 2);
    const struct pl_json *first = &j.m[0].value, *second = &j.m[1].value;
    assert_true(pl_str_is(pl_json_text(first, "priority"), "critical"));
    assert_true(pl_str_is(pl_json_text(first, "rule"), "lawyer"));
    assert_true(pl_str_is(pl_json_text(second, "because"), "asked"));
    assert_true(pl_str_is(pl_json_text(second, "queue"), "general"));
    assert_non_null(pl_json_get(second, "skills"));
    assert_non_null(pl_json_get(second, "languages"));
    assert_int_equal(pl_json_get(second, "transcript")->n, 4);
    pl_buf_clear(&json);
    bench_crash(&b);
    assert_int_equal(pl_engine_queue(b.engine, 0, PL_STR(""), &json, next), PL_OK);
    assert_true(pl_str_find(pl_buf_slice(&json), PL_STR("\"critical\"")) != SIZE_MAX);
    bench_resume(&b, 1, 1, 4);
    told(&b, "2 ready bot seq 1\n2 1 bot message hello\n2 live\n2 ack 1 seq 2\n"
             "2 2 customer message my lawyer\n2 3 system handoff\n"
             "2 4 bot message prelude.handed_over\n1 ready waiting seq 4\n1 live\n");
    pl_buf_free(&json);
    bench_close(&b);
}

/* ---- the language ---- */

/* The locale of the one conversation that waits for a person. */
static void waits_in(struct bench *b, const char *locale) {
    struct pl_buf json = {0};
    struct pl_json j;
    size_t at;
    char next[PL_ENGINE_CURSOR];
    assert_int_equal(pl_engine_queue(b->engine, 0, PL_STR(""), &json, next), PL_OK);
    assert_int_equal(pl_json_parse(&b->a, pl_buf_slice(&json), &j, &at), PL_OK);
    assert_int_equal(j.n, 1);
    assert_true(pl_str_is(pl_json_text(&j.m[0].value, "locale"), locale));
    pl_buf_free(&json);
}

static void one_message_in_another_language(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "buenos días, quisiera saber cuánto cuesta el envío a mi pueblo");
    bench_say(&b, 1, 2, "a person please");
    waits_in(&b, "en-US");
    bench_close(&b);
}

/* Names and addresses are of a language, and say nothing in it. */
static void names_of_another_language(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "Avenida de la Constitución 20, 41004 Sevilla");
    bench_say(&b, 1, 2, "María José García López");
    bench_say(&b, 1, 3, "Fernando Alonso de la Vega Díaz");
    bench_say(&b, 1, 4, "a person please");
    waits_in(&b, "en-US");
    bench_close(&b);
}

/* What the first message said of its language is in the record: it outlives a crash. */
static void several_messages_in_another_language(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "buenos días, quisiera saber algo");
    bench_crash(&b);
    bench_resume(&b, 1, 1, 1);
    bench_say(&b, 1, 2, "cuánto cuesta el envío a mi pueblo");
    bench_say(&b, 1, 3, "a person please");
    waits_in(&b, "es-ES");
    bench_crash(&b);
    waits_in(&b, "es-ES");
    bench_close(&b);
}

/* ---- images ---- */

static void a_reload(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "show me the menu");
    bench_open_fresh(&b, 2, 2);
    bench_told(&b);
    assert_int_equal(pl_engine_activate(b.engine, b.images[1]), PL_OK);
    bench_open_fresh(&b, 3, 3);
    assert_true(strstr(bench_told(&b), "3 1 bot message hello") != NULL);
    bench_choose(&b, 1, 2, "menu.stock"); /* in a flow: it stays on its image */
    assert_ptr_equal(bench_call(&b)->image, b.images[0]);
    bench_answer(&b, PL_OUTCOME_OK, pl_int(3), "");
    assert_true(strstr(bench_told(&b), "menu.left") != NULL);
    bench_choose(&b, 1, 3, "b0"); /* between flows: the button is known to the new one too */
    assert_true(strstr(bench_told(&b), "now.sure") != NULL);
    bench_say(&b, 2, 1, "where is ORDER1"); /* between flows: it moves */
    assert_ptr_equal(bench_call(&b)->image, b.images[1]);
    bench_answer(&b, PL_OUTCOME_OK, text("Bonn"), "");
    for (int i = 1; i < 4; i++) {
        uint8_t id[16] = {(uint8_t)i};
        pl_engine_forget(b.engine, id);
        bench_resume(&b, (uint64_t)i, i, 0);
    }
    assert_null(strstr(bench_told(&b), "ERR"));
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

/* It is not gone, and not half there: it goes on when the image is back. */
static void the_image_of_a_conversation_is_missing(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "pay now");
    told(&b, "1 ack 1 seq 2\n1 2 customer message pay now\n1 3 bot message pay.ask\n");
    struct pl_image *first = b.images[0];
    b.images[0] = b.images[1];
    bench_crash(&b);
    bench_resume(&b, 2, 1, 3);
    told(&b, "2 ERR_FULL 0\n");
    b.images[2] = first;
    bench_resume(&b, 3, 1, 3);
    told(&b, "3 ready bot seq 3\n3 live\n");
    bench_say(&b, 3, 1, "20");
    assert_string_equal(bench_call(&b)->name, "shop.pay");
    bench_close(&b);
}

/* ---- time ---- */

static void memory_is_left_and_come_back_to(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "pay now");
    pl_engine_leave(b.engine, 1);
    bench_told(&b);
    for (int i = 0; i < 60; i++) {
        bench_advance(&b, 1000);
        pl_store_flush(b.store);
    }
    assert_int_equal(bench_count(&b, PL_ENGINE_EVICTED), 1);
    bench_resume(&b, 1, 1, 3);
    told(&b, "1 ready bot seq 3\n1 live\n");
    bench_say(&b, 1, 1, "pay now");
    told(&b, "1 ack 1 seq 2 dup\n"); /* who said what is remembered */
    bench_say(&b, 1, 2, "20");
    assert_string_equal(bench_call(&b)->name, "shop.pay");
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

static void timers_after_a_restart(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "remind me later");
    bench_told(&b);
    bench_advance(&b, 3600000);
    bench_crash(&b);
    bench_advance(&b, 3599000);
    bench_resume(&b, 1, 1, 2);
    told(&b, "1 ready bot seq 2\n1 live\n");
    bench_advance(&b, 1500);
    told(&b, "1 3 bot message nap.over\n1 4 bot message prelude.else\n");
    bench_close(&b);
}

static void a_timer_of_one_that_left_memory(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "remind me later");
    pl_engine_leave(b.engine, 1);
    for (int i = 0; i < 60; i++) {
        bench_advance(&b, 1000);
        pl_store_flush(b.store);
    }
    assert_int_equal(bench_count(&b, PL_ENGINE_EVICTED), 1);
    bench_advance(&b, 7200000);
    bench_told(&b);
    bench_resume(&b, 1, 1, 2);
    told(&b, "1 ready bot seq 4\n1 3 bot message nap.over\n1 4 bot message prelude.else\n1 live\n");
    bench_close(&b);
}

/* ---- the journal ---- */

struct grep {
    struct pl_str what;
    unsigned found, entries;
};

static bool look_in(void *ctx, const struct pl_store_entry *e) {
    struct grep *g = ctx;
    g->entries++;
    g->found += pl_str_find(e->body, g->what) != SIZE_MAX;
    return true;
}

static bool look_at(void *ctx, uint64_t seq, int64_t at_ms, struct pl_str json) {
    struct grep *g = ctx;
    (void)seq, (void)at_ms;
    g->entries++;
    g->found += pl_str_find(json, g->what) != SIZE_MAX;
    return true;
}

static unsigned in_journal(struct bench *b, const char *what) {
    struct grep plain = {.what = pl_str_c(what)}, opened = {.what = pl_str_c(what)};
    struct pl_journal *j;
    struct pl_conv conv;
    struct pl_snapshot snap;
    struct pl_arena a;
    uint8_t id[16] = {1};
    pl_arena_init(&a, 0);
    assert_int_equal(pl_store_scan(b->store, 1, 0, look_in, &plain), PL_OK);
    assert_int_equal(plain.found, 0); /* sealed */
    assert_int_equal(pl_journal_create(b->store, b->keys, b->master, &j), PL_OK);
    assert_int_equal(pl_snapshot_load(j, id, &a, &conv, &snap), PL_OK);
    assert_int_equal(pl_journal_events(j, &conv, 0, look_at, &opened), PL_OK);
    assert_true(opened.entries > 2);
    pl_conv_wipe(&conv);
    pl_journal_destroy(&j);
    pl_arena_free(&a);
    return opened.found;
}

static void cards_are_masked(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "my card is 4111 1111 1111 1111 thanks");
    const char *all = bench_told(&b);
    assert_null(strstr(all, "4111 1111"));
    assert_true(strstr(all, "card_seen") != NULL);
    assert_int_equal(in_journal(&b, "4111 1111"), 0);
    assert_int_equal(in_journal(&b, "4111111111111111"), 0);
    assert_int_equal(in_journal(&b, "thanks"), 1);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation),
        cmocka_unit_test(nothing_is_told_before_it_is_on_disk),
        cmocka_unit_test(duplicates_and_gaps),
        cmocka_unit_test(a_duplicate_of_what_is_on_its_way),
        cmocka_unit_test(a_client_that_left_early),
        cmocka_unit_test(an_answer_that_takes_its_time),
        cmocka_unit_test(nine_tabs),
        cmocka_unit_test(the_inbox),
        cmocka_unit_test(a_rule_takes_it_while_a_hook_is_under_way),
        cmocka_unit_test(reads_are_cached),
        cmocka_unit_test(a_write_is_seen_by_the_next_read),
        cmocka_unit_test(the_same_read_is_asked_once),
        cmocka_unit_test(coming_back),
        cmocka_unit_test(choices_and_buttons),
        cmocka_unit_test(long_messages),
        cmocka_unit_test(too_long_to_be_read),
        cmocka_unit_test(a_long_secret),
        cmocka_unit_test(a_failed_append),
        cmocka_unit_test(a_write_that_is_lost),
        cmocka_unit_test(a_write_that_is_lost_and_then_the_server),
        cmocka_unit_test(the_server_dies_while_a_write_is_under_way),
        cmocka_unit_test(a_write_whose_flow_was_cut_off),
        cmocka_unit_test(reads_after_a_crash),
        cmocka_unit_test(the_queue),
        cmocka_unit_test(one_message_in_another_language),
        cmocka_unit_test(names_of_another_language),
        cmocka_unit_test(several_messages_in_another_language),
        cmocka_unit_test(a_reload),
        cmocka_unit_test(the_image_of_a_conversation_is_missing),
        cmocka_unit_test(memory_is_left_and_come_back_to),
        cmocka_unit_test(timers_after_a_restart),
        cmocka_unit_test(a_timer_of_one_that_left_memory),
        cmocka_unit_test(cards_are_masked),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
