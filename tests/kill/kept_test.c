/* SPDX-License-Identifier: Apache-2.0
 *
 * News for a customer who has no conversation yet: once acknowledged it waits for him, whoever is
 * killed before or after he comes; it is told once.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

#define WHO "c-4711"

static char bearer[128], identity[PLAY_IDENTITY];

static int open_kept(void **state) {
    play_site(state, play_identities);
    play_token(*state, "shop", "events", bearer);
    play_sign(WHO, identity);
    return 0;
}

static int send_late(const struct site *s, const char *key, struct pl_buf *out) {
    char head[256], body[256];
    snprintf(head, sizeof head, "Authorization: Bearer %s\r\nConnection: close\r\n", bearer);
    snprintf(body, sizeof body,
             "{\"event\":\"shipping.delayed\",\"customer\":\"" WHO "\",\"key\":\"%s\",\"args\":"
             "{\"order\":\"ORDER123456789\",\"eta\":\"2099-12-01T20:00:00Z\"}}",
             key);
    return client_post(s->server.port, "/api/v1/events", head, body, strlen(body), out);
}

static void taken(const struct site *s, const char *key, const char *how) {
    struct pl_buf out = {0};
    int status = send_late(s, key, &out);
    if (status != 200 || !strstr(out.p, how)) fail_msg("%d, not %s: %s", status, how, out.p);
    pl_buf_free(&out);
}

/* Waits a while for what would be too much. */
static size_t told(struct talk *t) {
    talk_hear(t, 500);
    return talk_count(t, "bot:late.news");
}

static void killed_before_he_comes(void **state) {
    struct site *s = *state;
    struct talk t, later;
    uint64_t seq = 1;
    taken(s, "k1", "\"kept\":true");
    play_restart(s);
    taken(s, "k1", "\"repeated\":true");
    play_begin_as(&t, s, 1, identity);
    assert_true(talk_until(&t, &seq, "late.news", WAIT_MS));
    assert_int_equal(told(&t), 1);
    taken(s, "k1", "\"repeated\":true");
    play_begin_as(&later, s, 2, identity);
    assert_int_equal(told(&later), 0);
    play_end(&later, s);
    play_end(&t, s);
}

static void killed_when_it_was_told(void **state) {
    struct site *s = *state;
    struct talk t, later;
    uint64_t seq = 1;
    taken(s, "k1", "\"kept\":true");
    play_begin_as(&t, s, 1, identity);
    assert_true(talk_until(&t, &seq, "late.news", WAIT_MS));
    play_restart(s); /* it may not be off the customer's list yet */
    play_begin_as(&later, s, 2, identity);
    assert_int_equal(told(&later), 0);
    play_back(&t, s);
    assert_int_equal(told(&t), 1);
    taken(s, "k1", "\"repeated\":true");
    assert_int_equal(told(&t) + told(&later), 1);
    play_end(&later, s);
    play_end(&t, s);
}

/* At any moment while it is being told: he hears each piece of news once, in one conversation. */
static void killed_while_it_is_told(void **state) {
    enum { TIMES = 8 };
    struct site *s = *state;
    struct talk t[TIMES];
    size_t all = 0;
    for (uint64_t i = 0; i < TIMES; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", (unsigned)i);
        taken(s, key, "\"taken\":true");
        play_begin_as(&t[i], s, i + 1, identity);
        talk_hear(&t[i], (int64_t)(i * 7 % 40));
        play_restart(s);
        taken(s, key, "\"repeated\":true"); /* kept or told, it is not lost */
    }
    for (size_t i = 0; i < TIMES; i++) {
        play_back(&t[i], s);
        all += told(&t[i]);
    }
    struct talk last;
    play_begin_as(&last, s, 99, identity);
    all += told(&last);
    assert_int_equal(all, TIMES);
    play_end(&last, s);
    for (size_t i = 0; i < TIMES; i++) play_end(&t[i], s);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_kept, play_close)
    const struct CMUnitTest tests[] = {
        CASE(killed_before_he_comes),
        CASE(killed_when_it_was_told),
        CASE(killed_while_it_is_told),
    };
    give_up_after(140);
    return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
