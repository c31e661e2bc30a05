/* SPDX-License-Identifier: Apache-2.0
 *
 * The customer as a person: events that are sent to him and not to a conversation, what waits for
 * him, conversations that people give back, and erasing all there is of him.
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

static void told(struct bench *b, const char *expected) {
    assert_string_equal(bench_told(b), expected);
}

static void has(struct bench *b, const char *what) {
    const char *all = bench_told(b);
    if (!strstr(all, what)) fail_msg("no '%s' in:\n%s", what, all);
}

static unsigned count(const char *all, const char *what) {
    unsigned n = 0;
    for (const char *p = all; (p = strstr(p, what)) != NULL; p++) n++;
    return n;
}

static void send_late(struct bench *b, uint64_t ticket, uint8_t customer, const char *args,
                      const char *key) {
    struct pl_engine_happening h = {.by_customer = true,
                                    .name = PL_STR("shop.late"),
                                    .args = pl_str_c(args),
                                    .key = pl_str_c(key)};
    h.customer[0] = customer;
    pl_engine_event(b->engine, ticket, &h);
    bench_run(b);
}

#define A1 "{\"order\":\"A1\",\"days\":3}"
#define A2 "{\"order\":\"A2\",\"days\":4}"

/* ---- events ---- */

static void to_the_latest(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_advance(&b, 1000);
    bench_open_known(&b, 2, 2, true, 7, false);
    bench_advance(&b, 1000);
    bench_open_known(&b, 3, 3, true, 8, false); /* somebody else's */
    bench_told(&b);
    send_late(&b, 70, 7, A1, "k1");
    told(&b, "2 2 bot message late.say\n70 done: no error\n");
    send_late(&b, 71, 7, A1, "k1");
    told(&b, "71 done: exists already\n");
    bench_advance(&b, 1000);
    bench_open_known(&b, 4, 4, true, 7, false); /* the latest now, but it was told before */
    bench_told(&b);
    send_late(&b, 72, 7, A1, "k1");
    told(&b, "72 done: exists already\n");
    send_late(&b, 73, 7, A2, "k1");
    told(&b, "73 done: changed meanwhile\n");
    bench_crash(&b);
    send_late(&b, 74, 7, A1, "k1");
    told(&b, "74 done: exists already\n");
    bench_close(&b);
}

static void to_the_one_that_waits(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_say(&b, 1, 1, "watch it");
    bench_advance(&b, 1000);
    bench_open_known(&b, 2, 2, true, 7, false);
    bench_crash(&b); /* both have to be found again */
    bench_resume(&b, 1, 1, 2);
    bench_told(&b);
    send_late(&b, 70, 7, A1, "k1");
    has(&b, "1 3 bot message watch.days");
    send_late(&b, 71, 7, A2, "k2"); /* none waits any more */
    told(&b, "71 done: no error\n");
    bench_resume(&b, 2, 2, 0);
    has(&b, "bot message late.say");
    bench_close(&b);
}

static void kept_until_he_comes(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    send_late(&b, 70, 7, A1, "k1");
    told(&b, "70 done: no error; kept\n");
    send_late(&b, 71, 7, A1, "k1");
    told(&b, "71 done: exists already\n");
    send_late(&b, 72, 7, A2, "k1");
    told(&b, "72 done: changed meanwhile\n");
    send_late(&b, 73, 7, "{\"order\":1}", "k3");
    told(&b, "73 done: a value of another type; args.order: value: expected text\n");
    bench_crash(&b);
    send_late(&b, 74, 7, A1, "k1");
    told(&b, "74 done: exists already\n");
    bench_open_known(&b, 1, 1, true, 8, false); /* not he */
    assert_null(strstr(bench_told(&b), "late.say"));
    bench_open_known(&b, 2, 2, true, 7, false);
    assert_int_equal(count(bench_told(&b), "late.say"), 1);
    send_late(&b, 75, 7, A1, "k1");
    told(&b, "75 done: exists already\n");
    bench_open_known(&b, 3, 3, true, 7, false);
    assert_null(strstr(bench_told(&b), "late.say"));
    bench_close(&b);
}

static void kept_for_who_signs_in_later(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    send_late(&b, 70, 7, A1, "");
    send_late(&b, 71, 7, A1, ""); /* without a key it is another one */
    bench_open_fresh(&b, 1, 1);
    assert_null(strstr(bench_told(&b), "late.say"));
    bench_open_known(&b, 2, 1, false, 7, false);
    assert_int_equal(count(bench_told(&b), "2 2 bot message late.say"), 1);
    bench_resume(&b, 3, 1, 0);
    assert_int_equal(count(bench_told(&b), "late.say"), 2);
    bench_close(&b);
}

static void only_so_many_are_kept(void **state) {
    struct bench b;
    char key[16];
    (void)state;
    bench_open(&b, NULL);
    for (int i = 0; i < 8; i++) {
        snprintf(key, sizeof key, "k%d", i);
        send_late(&b, 70, 7, A1, key);
        told(&b, "70 done: no error; kept\n");
    }
    send_late(&b, 71, 7, A1, "k8");
    told(&b, "71 done: busy, try again; too many events wait for the customer\n");
    bench_open_known(&b, 1, 1, true, 7, false);
    assert_int_equal(count(bench_told(&b), "late.say"), 8);
    assert_int_equal(bench_count(&b, PL_ENGINE_EVENTS_KEPT), 8);
    bench_close(&b);
}

static void not_for_ever(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    send_late(&b, 70, 7, A1, "k1");
    bench_advance(&b, 6 * DAY);
    send_late(&b, 71, 7, A2, "k2");
    assert_int_equal(bench_count(&b, PL_ENGINE_EVENTS_DROPPED), 0);
    bench_crash(&b);
    bench_advance(&b, DAY + 120000);
    assert_int_equal(bench_count(&b, PL_ENGINE_EVENTS_DROPPED), 1);
    bench_told(&b);
    bench_open_known(&b, 1, 1, true, 7, false);
    assert_int_equal(count(bench_told(&b), "late.say"), 1);
    bench_close(&b);
}

/* Whatever was on disk at the crash: what he finds in his conversations is one message. */
static void once_whenever_it_crashes(void **state) {
    (void)state;
    for (int steps = 0; steps < 14; steps++) {
        struct pl_store_config held = {.hold = true, .seed = (uint64_t)(steps + 1)};
        struct bench b;
        bench_open(&b, &held);
        send_late(&b, 70, 7, A1, "k1");
        while (pl_store_mem_release(b.store, 100)) bench_run(&b);
        bench_told(&b);
        bench_open_known(&b, 1, 1, true, 7, false);
        for (int i = 0; i < steps; i++) {
            pl_store_mem_release(b.store, 1);
            bench_run(&b);
        }
        bench_crash(&b);
        bench_open_known(&b, 2, 2, true, 7, false);
        while (pl_store_mem_release(b.store, 100)) bench_run(&b);
        send_late(&b, 71, 7, A1, "k1"); /* the shop does not know how it ended */
        while (pl_store_mem_release(b.store, 100)) bench_run(&b);
        has(&b, "71 done: exists already");
        bench_resume(&b, 3, 1, 0);
        bench_resume(&b, 4, 2, 0);
        while (pl_store_mem_release(b.store, 100)) bench_run(&b);
        unsigned n = 0;
        for (const char *p = bench_told(&b); *p; p = strchr(p, '\n') + 1)
            n += (p[0] == '3' || p[0] == '4') && strstr(p, "late.say") &&
                 strstr(p, "late.say") < strchr(p, '\n');
        if (n != 1) fail_msg("after %d steps it was told %u times", steps, n);
        bench_close(&b);
    }
}

/* ---- people ---- */

static void deed(struct bench *b, enum pl_engine_deed what, const char *text,
                 const char *expected) {
    struct pl_engine_done d = {.conversation = {1}, .what = what, .text = pl_str_c(text)};
    bench_told(b);
    pl_engine_done(b->engine, 77, &d);
    bench_run(b);
    told(b, expected);
}

static void given_back(void **state) {
    const uint8_t id[16] = {1};
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_fresh(&b, 1, 1);
    deed(&b, PL_ENGINE_BACK, "", "77 done: not found\n");
    bench_say(&b, 1, 1, "a person please");
    deed(&b, PL_ENGINE_SAYS, "Hello, I'm Ann.",
         "1 5 system agent_joined\n1 6 agent message\n77 done: no error\n");
    bench_told(&b);
    bench_say(&b, 1, 2, "where is my order");
    told(&b, "1 ack 2 seq 7\n1 7 customer message where is my order\n");
    bench_crash(&b);
    bench_resume(&b, 1, 1, 7);
    has(&b, "ready agent");
    deed(&b, PL_ENGINE_BACK, "He was polite.",
         "1 8 system agent_left\n1 9 bot message back.hello\n77 done: no error\n");
    deed(&b, PL_ENGINE_BACK, "", "77 done: changed meanwhile; the bot has this conversation\n");
    deed(&b, PL_ENGINE_SAYS, "x", "77 done: changed meanwhile; the bot has this conversation\n");
    deed(&b, PL_ENGINE_DONE, "", "77 done: not found\n");
    bench_say(&b, 1, 3, "where is my order");
    has(&b, "bot message track.ask");
    assert_int_equal(pl_engine_again(b.engine, id), PL_OK);
    bench_resume(&b, 1, 1, 0);
    has(&b, "ready bot");
    bench_say(&b, 1, 4, "a person please");
    struct pl_buf json = {0};
    char next[PL_ENGINE_CURSOR];
    assert_int_equal(pl_engine_queue(b.engine, 10, PL_STR(""), &json, next), PL_OK);
    assert_true(pl_str_find(pl_buf_slice(&json), PL_STR("\"notes\":[\"He was polite.\"]")) !=
                SIZE_MAX);
    pl_buf_free(&json);
    bench_close(&b);
}

/* Events that came while people had it are told when the bot has it again. */
static void news_wait_for_the_bot(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, false);
    bench_say(&b, 1, 1, "a person please");
    bench_told(&b);
    send_late(&b, 70, 7, A1, "k1");
    told(&b, "70 done: no error\n");
    bench_advance(&b, 3600000);
    bench_told(&b);
    struct pl_engine_done d = {.conversation = {1}, .what = PL_ENGINE_BACK};
    pl_engine_done(b.engine, 77, &d);
    bench_run(&b);
    const char *all = bench_told(&b);
    assert_int_equal(count(all, "back.hello"), 1);
    assert_int_equal(count(all, "late.say"), 1);
    assert_true(strstr(all, "back.hello") < strstr(all, "late.say"));
    bench_close(&b);
}

/* ---- erasing ---- */

static void erase(struct bench *b, uint64_t ticket, uint8_t customer) {
    const uint8_t id[16] = {customer};
    pl_engine_erase(b->engine, ticket, id);
    bench_run(b);
}

static void tell_name(struct bench *b) {
    bench_open_known(b, 1, 1, true, 7, true);
    bench_say(b, 1, 1, "my profile");
    bench_say(b, 1, 2, "Ann");
    bench_say(b, 1, 3, "no"); /* to the offer of a person */
    has(b, "consent.ask");
    bench_say(b, 1, 4, "yes");
    bench_told(b);
}

struct tally {
    struct pl_journal *j;
    unsigned open, erased;
};

static bool try_one(void *ctx, const struct pl_store_entry *stored) {
    struct tally *t = ctx;
    struct pl_arena a;
    struct pl_entry entry;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_journal_open(t->j, stored, &a, &entry);
    t->open += err == PL_OK;
    t->erased += err == PL_ERASED;
    pl_arena_free(&a);
    return true;
}

static void customer_entries(struct bench *b, uint8_t customer, unsigned *open, unsigned *erased) {
    const uint8_t id[16] = {customer};
    struct pl_stream stream = pl_stream_of('u', id);
    struct tally t = {0};
    assert_int_equal(pl_journal_create(b->store, b->keys, b->master, &t.j), PL_OK);
    pl_store_read(b->store, &stream, 1, 100, try_one, &t);
    pl_journal_destroy(&t.j);
    *open = t.open;
    *erased = t.erased;
}

static void nothing_is_left(struct bench *b) {
    struct pl_arena a;
    struct pl_store_row *rows;
    struct pl_buf json = {0};
    char next[PL_ENGINE_CURSOR];
    const uint8_t id[16] = {1};
    size_t n = 1;
    struct pl_conv conv;
    struct pl_snapshot snap;
    struct pl_journal *j;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_store_rows(b->store, &a, PL_STR("k"), PL_STR(""), 100, &rows, &n), PL_OK);
    assert_int_equal(n, 0);
    assert_int_equal(pl_store_rows(b->store, &a, PL_STR("c"), PL_STR(""), 100, &rows, &n), PL_OK);
    assert_int_equal(n, 0);
    assert_int_equal(pl_engine_queue(b->engine, 10, PL_STR(""), &json, next), PL_OK);
    assert_true(pl_str_is(pl_buf_slice(&json), "[]"));
    assert_int_equal(pl_journal_create(b->store, b->keys, b->master, &j), PL_OK);
    assert_int_equal(pl_snapshot_load(j, id, &a, &conv, &snap), PL_ERASED);
    pl_journal_destroy(&j);
    pl_buf_free(&json);
    pl_arena_free(&a);
}

static void erased(void **state) {
    struct bench b;
    unsigned open, gone;
    (void)state;
    bench_open(&b, NULL);
    tell_name(&b);
    bench_say(&b, 1, 5, "a person please");
    bench_advance(&b, 10000);
    bench_open_known(&b, 2, 2, true, 7, true);
    bench_advance(&b, 10000);
    pl_engine_forget(b.engine, (const uint8_t[16]){2});
    customer_entries(&b, 7, &open, &gone);
    assert_true(open > 0 && gone == 0);
    bench_told(&b);
    assert_int_equal(b.forgotten, 0);
    erase(&b, 90, 7);
    assert_int_equal(b.forgotten, 1u << 1 | 1u << 2); /* the one on disk, too */
    const char *all = bench_told(&b);
    assert_int_equal(count(all, "1 ERR_ERASED 0"), 1);
    assert_int_equal(count(all, "90 done: no error"), 1);
    customer_entries(&b, 7, &open, &gone);
    assert_true(open == 0 && gone > 0);
    nothing_is_left(&b);
    assert_int_equal(bench_count(&b, PL_ENGINE_ERASED), 2);
    bench_say(&b, 1, 6, "hello?");
    told(&b, "1 ERR_ERASED 6\n");
    send_late(&b, 91, 7, A1, "k1");
    told(&b, "91 done: no error; kept\n"); /* he may come again, as somebody new */
    bench_crash(&b);
    bench_advance(&b, 10000);
    bench_resume(&b, 3, 1, 0);
    told(&b, "3 ERR_ERASED 0\n");
    bench_open_known(&b, 4, 4, true, 7, true);
    bench_say(&b, 4, 1, "my profile");
    has(&b, "profile.nick"); /* nobody remembers Ann */
    erase(&b, 92, 9);        /* a customer that nobody knows */
    has(&b, "92 done: no error");
    bench_close(&b);
}

/* While a turn is on its way to disk, and with events that wait. */
static void erased_in_the_midst(void **state) {
    struct bench b;
    struct pl_store_config held = {.hold = true, .seed = 5};
    unsigned open, gone;
    (void)state;
    bench_open(&b, &held);
    send_late(&b, 70, 7, A1, "k1");
    bench_open_known(&b, 1, 1, true, 7, true);
    pl_store_mem_release(b.store, 100);
    bench_run(&b);
    bench_say(&b, 1, 1, "my profile");
    bench_told(&b);
    erase(&b, 90, 7);
    assert_null(strstr(bench_told(&b), "90 done"));
    for (int i = 0; i < 20; i++) {
        pl_store_mem_release(b.store, 1);
        bench_run(&b);
    }
    has(&b, "90 done: no error");
    customer_entries(&b, 7, &open, &gone);
    assert_int_equal(open, 0);
    bench_resume(&b, 2, 1, 0);
    told(&b, "2 ERR_ERASED 0\n");
    bench_close(&b);
}

static void forgotten_at_once(void **state) {
    struct bench b;
    unsigned open, gone;
    (void)state;
    bench_open(&b, NULL);
    tell_name(&b);
    customer_entries(&b, 7, &open, &gone);
    assert_true(open > 0 && gone == 0);
    bench_advance(&b, 1000);
    bench_say(&b, 1, 5, "forget me");
    has(&b, "forget.done");
    customer_entries(&b, 7, &open, &gone);
    assert_int_equal(open, 1); /* that he does not want to be remembered */
    assert_true(gone > 0);
    unsigned before = gone;
    bench_crash(&b); /* made again, it changes nothing */
    bench_resume(&b, 1, 1, 0);
    bench_advance(&b, 10000);
    bench_told(&b);
    customer_entries(&b, 7, &open, &gone);
    assert_int_equal(open, 1);
    assert_int_equal(gone, before);
    bench_open_known(&b, 2, 2, true, 7, true);
    bench_say(&b, 2, 1, "my profile");
    has(&b, "profile.nick");
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

static void is_a_stranger(struct bench *b, uint64_t client, uint8_t conversation) {
    bench_open_known(b, client, conversation, true, 7, true);
    bench_say(b, client, 1, "my profile");
    has(b, "profile.nick");
    bench_told(b);
}

/* The clock stands still: what he agreed to and what he took back are of the same millisecond. */
static void forgotten_in_the_same_millisecond(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    tell_name(&b);
    bench_say(&b, 1, 5, "forget me");
    has(&b, "forget.done");
    is_a_stranger(&b, 2, 2);
    bench_crash(&b); /* both changes are made again */
    bench_resume(&b, 1, 1, 0);
    is_a_stranger(&b, 3, 3);
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

/* He agreed in one conversation and took it back in another; then the first is made again alone. */
static void forgotten_from_elsewhere(void **state) {
    struct bench b;
    const int64_t later[] = {0, 1000};
    (void)state;
    for (size_t i = 0; i < PL_LEN(later); i++) {
        bench_open(&b, NULL);
        tell_name(&b);
        bench_advance(&b, later[i]);
        bench_open_known(&b, 2, 2, true, 7, true);
        bench_say(&b, 2, 1, "forget me");
        has(&b, "forget.done");
        bench_crash(&b);
        bench_resume(&b, 1, 1, 0);
        is_a_stranger(&b, 3, 3);
        bench_crash(&b);
        bench_resume(&b, 2, 2, 0);
        bench_resume(&b, 1, 1, 0);
        is_a_stranger(&b, 4, 4);
        assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
        bench_close(&b);
    }
}

/* ---- after a crash right behind the answer ---- */

static size_t rows_of(struct bench *b, struct pl_arena *a, const char *prefix,
                      struct pl_store_row **rows) {
    size_t n = 0;
    assert_int_equal(pl_store_rows(b->store, a, pl_str_c(prefix), PL_STR(""), 100, rows, &n),
                     PL_OK);
    return n;
}

/* As if the state had not been written any more: its rows are there again. */
static void rows_that_a_crash_left(void **state) {
    struct bench b;
    struct pl_arena a;
    struct pl_store_row *saved, *queued, *rows;
    (void)state;
    pl_arena_init(&a, 0);
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, true);
    bench_say(&b, 1, 1, "a person please");
    bench_advance(&b, 10000);
    pl_engine_forget(b.engine, (const uint8_t[16]){1});
    size_t nsaved = rows_of(&b, &a, "c", &saved), nqueued = rows_of(&b, &a, "q", &queued);
    assert_true(nsaved == 1 && nqueued == 1);
    erase(&b, 90, 7);
    has(&b, "90 done: no error");
    bench_crash(&b);
    pl_store_project(b.store, saved, nsaved, NULL, 0);
    pl_store_project(b.store, queued, nqueued, NULL, 0);
    bench_told(&b);
    bench_resume(&b, 2, 1, 0);
    told(&b, "2 ERR_ERASED 0\n");
    assert_int_equal(rows_of(&b, &a, "c", &rows), 0);
    assert_int_equal(rows_of(&b, &a, "q", &rows), 0);
    erase(&b, 91, 7); /* and that it was his */
    has(&b, "91 done: no error");
    nothing_is_left(&b);
    bench_close(&b);
    pl_arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgotten_in_the_same_millisecond),
        cmocka_unit_test(forgotten_from_elsewhere),
        cmocka_unit_test(rows_that_a_crash_left),
        cmocka_unit_test(to_the_latest),
        cmocka_unit_test(to_the_one_that_waits),
        cmocka_unit_test(kept_until_he_comes),
        cmocka_unit_test(kept_for_who_signs_in_later),
        cmocka_unit_test(only_so_many_are_kept),
        cmocka_unit_test(not_for_ever),
        cmocka_unit_test(once_whenever_it_crashes),
        cmocka_unit_test(given_back),
        cmocka_unit_test(news_wait_for_the_bot),
        cmocka_unit_test(erased),
        cmocka_unit_test(erased_in_the_midst),
        cmocka_unit_test(forgotten_at_once),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
