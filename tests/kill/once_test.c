/* SPDX-License-Identifier: Apache-2.0
 *
 * A write whose reply is lost after the shop acted: the customer hears that it is not known yet,
 * then the truth, once; and the shop acted once, whoever is killed in between.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

/* As far as the customer's "yes"; gives the seq behind it. */
static uint64_t ask_return(struct talk *t, const struct site *s) {
    play_begin(t, s, 7);
    play_say(t, "return ORDER987654321, broken", "return.confirm");
    return talk_ask(t, "yes", WAIT_MS);
}

static void wait_for_write(const struct site *s) {
    int64_t until = now_ms() + WAIT_MS;
    while (site_acted(s, "", "writes") == 0 && now_ms() < until) nap_ms(5);
    assert_int_equal(site_acted(s, "", "writes"), 1);
}

/* Waits a while for anything that would come too much, then counts. */
static void truth_was_told_once(struct talk *t, const struct site *s) {
    char key[160];
    talk_hear(t, 2500);
    size_t later = talk_count(t, "bot:prelude.unconfirmed.done");
    size_t at_once = talk_count(t, "bot:return.done");
    assert_int_equal(later + at_once, 1);
    assert_int_equal(talk_count(t, "bot:return.pending"), later);
    assert_int_equal(talk_count(t, "bot:prelude.unconfirmed.failed"), 0);
    assert_int_equal(talk_count(t, "bot:prelude.system_down"), 0);
    assert_int_equal(site_acted(s, "", "writes"), 1);
    assert_true(site_key(s, 0, key, sizeof key));
    assert_int_equal(site_acted(s, key, "acted"), 1);
    assert_false(site_key(s, 1, key, sizeof key));
    talk_check(t);
    talk_reread(t, s->server.port);
    if (t->wrong[0]) fail_msg("%s", t->wrong);
    print_message("acted once; the truth was told %s\n", later ? "later" : "at once");
    talk_end(t);
}

static void kill_workers(const struct site *s) {
    pid_t workers[64];
    size_t n = proc_children(s->server.pid, workers, PL_LEN(workers));
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) kill(workers[i], SIGKILL);
}

static void reply_is_lost(void **state) {
    struct site *s = *state;
    struct talk t;
    site_fault(s, "", "lost=1.0");
    uint64_t seq = ask_return(&t, s);
    assert_true(talk_until(&t, &seq, "return.pending", WAIT_MS));
    assert_int_equal(site_acted(s, "", "writes"), 1);
    assert_int_equal(talk_count(&t, "bot:prelude.unconfirmed.done"), 0);
    site_fault(s, "", "none");
    int64_t began = now_ms();
    assert_true(talk_until(&t, &seq, "prelude.unconfirmed.done", WAIT_MS));
    print_message("the truth came %lld ms after the shop was well\n",
                  (long long)(now_ms() - began));
    truth_was_told_once(&t, s);
}

/* The shop is only slow: its answer comes after the hook's deadline. */
static void reply_is_late(void **state) {
    struct site *s = *state;
    struct talk t;
    proc_kill(&s->server);
    site_within(s, "returns.create", "400ms");
    site_server(s, NULL);
    site_fault(s, "/api/returns", "slow=1500ms");
    uint64_t seq = ask_return(&t, s);
    assert_true(talk_until(&t, &seq, "return.pending", WAIT_MS));
    site_fault(s, "/api/returns", "none");
    assert_true(talk_until(&t, &seq, "prelude.unconfirmed.done", WAIT_MS));
    truth_was_told_once(&t, s);
}

/* The customer is away; the server finds the truth out by itself and has it ready. */
static void lost_and_the_server_killed(void **state) {
    struct site *s = *state;
    struct talk t;
    site_fault(s, "", "lost=1.0");
    uint64_t seq = ask_return(&t, s);
    assert_true(talk_until(&t, &seq, "return.pending", WAIT_MS));
    play_restart(s);
    site_fault(s, "", "none");
    nap_ms(4000);
    assert_true(talk_connect(&t, s->server.port));
    while (!t.live && talk_hear(&t, 5)) continue;
    assert_int_equal(talk_count(&t, "bot:prelude.unconfirmed.done"), 1);
    truth_was_told_once(&t, s);
}

static void lost_and_the_workers_killed(void **state) {
    struct site *s = *state;
    struct talk t;
    site_fault(s, "", "lost=1.0");
    uint64_t seq = ask_return(&t, s);
    assert_true(talk_until(&t, &seq, "return.pending", WAIT_MS));
    kill_workers(s);
    site_fault(s, "", "none");
    assert_true(talk_until(&t, &seq, "prelude.unconfirmed.done", WAIT_MS));
    truth_was_told_once(&t, s);
}

/* The shop has acted and its answer is on the way. */
static void server_killed_before_the_reply(void **state) {
    struct site *s = *state;
    struct talk t;
    site_fault(s, "", "slow=1500ms");
    ask_return(&t, s);
    wait_for_write(s);
    play_restart(s);
    site_fault(s, "", "none");
    assert_true(talk_connect(&t, s->server.port));
    truth_was_told_once(&t, s);
}

static void workers_killed_before_the_reply(void **state) {
    struct site *s = *state;
    struct talk t;
    site_fault(s, "", "slow=1500ms");
    ask_return(&t, s);
    wait_for_write(s);
    kill_workers(s);
    site_fault(s, "", "none");
    truth_was_told_once(&t, s);
}

/* ---- whoever is killed, whenever ---- */

enum { SERVER = 1, WORKERS = 2, SHOP = 4, ALL = 7 };

/* The shop comes back with what it did on its disk, the server with what it had acknowledged. */
static void kill_these(struct site *s, struct talk *t, unsigned who) {
    if (who & SHOP) proc_kill(&s->shop);
    if (who & WORKERS) kill_workers(s);
    if (who & SERVER) play_restart(s);
    if (who & SHOP) site_shop(s, NULL);
    site_fault(s, "", "none");
    if (who & SERVER) assert_true(talk_connect(t, s->server.port));
}

static size_t outcomes(const struct talk *t) {
    return talk_count(t, "bot:prelude.unconfirmed.done") + talk_count(t, "bot:return.done") +
           talk_count(t, "bot:prelude.system_down");
}

static void wait_for_outcome(struct talk *t) {
    int64_t until = now_ms() + WAIT_MS;
    while (outcomes(t) == 0 && now_ms() < until) talk_hear(t, 50);
    assert_true(outcomes(t) > 0);
}

/* Nobody is left who could know of it: the entry that it was asked for brings it to its end. */
static void all_killed_before_the_reply(void **state) {
    struct site *s = *state;
    struct talk t;
    site_fault(s, "", "slow=1500ms");
    ask_return(&t, s);
    wait_for_write(s);
    kill_these(s, &t, ALL);
    wait_for_outcome(&t);
    truth_was_told_once(&t, s);
}

/* A shop that was asked for nothing was not reached, and the customer heard that. */
static void nothing_was_done(struct talk *t, const struct site *s) {
    talk_hear(t, 2500);
    assert_int_equal(outcomes(t), 1);
    assert_int_equal(site_acted(s, "", "writes"), 0);
    talk_check(t);
    if (t->wrong[0]) fail_msg("%s", t->wrong);
    print_message("not sent, not done, and said so\n");
    talk_end(t);
}

/* The long form: any of them, at any moment from the customer's word to behind the reply. */
static void killed_at_random(void **state) {
    struct site *s = *state;
    struct talk t;
    struct pl_rand rand;
    pl_rand_seed(&rand, (uint64_t)now_ms());
    unsigned who = 1 + (unsigned)pl_rand_below(&rand, ALL);
    int64_t ms = (int64_t)pl_rand_below(&rand, 2000);
    print_message("killed after %lld ms:%s%s%s\n", (long long)ms, who & SERVER ? " server" : "",
                  who & WORKERS ? " workers" : "", who & SHOP ? " shop" : "");
    site_fault(s, "", "slow=500ms");
    ask_return(&t, s);
    nap_ms(ms);
    kill_these(s, &t, who);
    wait_for_outcome(&t);
    if (talk_count(&t, "bot:prelude.system_down"))
        nothing_was_done(&t, s);
    else
        truth_was_told_once(&t, s);
}

/* kill_once [--times N]: instead of the cases below, that often at random moments. */
static int at_random(unsigned times) {
    int broken = 0;
    for (unsigned i = 0; i < times; i++) {
        const struct CMUnitTest one[] = {
            cmocka_unit_test_setup_teardown(killed_at_random, play_open, play_close)};
        give_up_after(140);
        broken += cmocka_run_group_tests_name("once", one, NULL, NULL) != 0;
    }
    printf("%u times: broken %d\n", times, broken);
    return broken != 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--times") == 0)
        return at_random((unsigned)strtoul(argv[2], NULL, 10));
#define CASE(f) cmocka_unit_test_setup_teardown(f, play_open, play_close)
    const struct CMUnitTest tests[] = {
        CASE(reply_is_lost),
        CASE(reply_is_late),
        CASE(lost_and_the_server_killed),
        CASE(lost_and_the_workers_killed),
        CASE(server_killed_before_the_reply),
        CASE(workers_killed_before_the_reply),
        CASE(all_killed_before_the_reply),
    };
    give_up_after(140);
    return cmocka_run_group_tests_name("once", tests, NULL, NULL);
}
