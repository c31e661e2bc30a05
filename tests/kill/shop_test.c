/* SPDX-License-Identifier: Apache-2.0
 *
 * A shop that is gone, slow or talks nonsense: the flow takes its branch, the server and everyone
 * else go on, and once the shop is well again so is the flow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

static void prepare(const struct site *s) {
    site_within(s, "orders.find", "500ms");
}

static int open_site(void **state) {
    return play_site(state, prepare);
}

/* Asks for an order, and while that is under way another customer something else. */
static void takes_its_branch(struct site *s, const char *name) {
    struct talk t, other;
    uint64_t seq, quick;
    play_begin(&t, s, 1);
    play_begin(&other, s, 2);
    talk_say(&t, "where is ORDER123456789?");
    int64_t began = now_ms();
    quick = talk_ask(&other, "how much is shipping", WAIT_MS);
    assert_true(talk_until(&other, &quick, "shipping.price", WAIT_MS));
    int64_t neighbour = now_ms() - began;
    seq = 1;
    assert_true(talk_until(&t, &seq, "prelude.system_down", WAIT_MS));
    print_message("%s: branch after %lld ms of 500, a neighbour's answer after %lld ms\n", name,
                  (long long)(now_ms() - began), (long long)neighbour);
    seq = talk_ask(&t, "no thanks", WAIT_MS);
    assert_true(talk_until(&t, &seq, "prelude.offer.declined", WAIT_MS));
    play_end(&t, s);
    play_end(&other, s);
}

static void works(struct site *s) {
    struct talk t;
    play_begin(&t, s, 3);
    uint64_t seq = talk_ask(&t, "where is ORDER987654321?", WAIT_MS);
    assert_true(talk_until(&t, &seq, "track.found", WAIT_MS));
    play_end(&t, s);
}

static void is_slow(void **state) {
    site_fault(*state, "", "slow=3s");
    takes_its_branch(*state, "slow");
    site_fault(*state, "", "none");
}

static void talks_nonsense(void **state) {
    site_fault(*state, "", "garbage=1.0");
    takes_its_branch(*state, "garbage");
    site_fault(*state, "", "none");
}

static void breaks(void **state) {
    site_fault(*state, "", "error=1.0");
    takes_its_branch(*state, "errors");
    site_fault(*state, "", "none");
}

static void is_gone(void **state) {
    struct site *s = *state;
    proc_kill(&s->shop);
    takes_its_branch(s, "stopped");
    site_shop(s, NULL);
    works(s);
}

static void the_server_is_well(void **state) {
    struct site *s = *state;
    struct pl_buf log = {0};
    assert_null(strstr(site_log(s, &log), "\"level\":\"error\""));
    assert_null(strstr(log.p, "ORDER123456789")); /* customers' words stay out of the log */
    assert_int_equal(proc_alive(s->server.pid), true);
    pl_buf_free(&log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_slow), cmocka_unit_test(talks_nonsense),     cmocka_unit_test(breaks),
        cmocka_unit_test(is_gone), cmocka_unit_test(the_server_is_well),
    };
    give_up_after(140);
    return cmocka_run_group_tests_name("shop", tests, open_site, play_close);
}
