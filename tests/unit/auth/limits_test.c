/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "runtime/auth/auth.h"

static bool same(const char *a, const char *b) {
    struct pl_peer x = pl_peer_text(a), y = pl_peer_text(b);
    return memcmp(&x, &y, sizeof x) == 0;
}

static void peers(void **state) {
    (void)state;
    assert_true(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    assert_false(same("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_true(same("::ffff:192.0.2.1", "192.0.2.1"));
    assert_false(same("192.0.2.1", "192.0.2.2"));
    assert_true(same("junk", "more junk"));
    struct sockaddr_in in = {.sin_family = AF_INET};
    inet_pton(AF_INET, "192.0.2.7", &in.sin_addr);
    struct pl_peer p = pl_peer_of((struct sockaddr *)&in), q = pl_peer_text("192.0.2.7");
    assert_memory_equal(&p, &q, sizeof p);
}

static void burst_then_wait(void **state) {
    (void)state;
    struct pl_limits *l = pl_limits_new(3, 1, 8, 42);
    struct pl_peer p = pl_peer_text("192.0.2.1"), q = pl_peer_text("192.0.2.2");
    for (int i = 0; i < 3; i++) assert_int_equal(pl_limits_take(l, p, 1, 0), 0);
    int64_t wait = pl_limits_take(l, p, 1, 0);
    assert_in_range(wait, 1, 1000);
    assert_int_equal(pl_limits_take(l, q, 1, 0), 0);
    assert_int_equal(pl_limits_take(l, p, 1, wait * 1000), 0);
    assert_true(pl_limits_take(l, p, 1, wait * 1000) > 0);
    pl_limits_free(&l);
    assert_null(l);
}

static void forgets_the_longest_unused(void **state) {
    (void)state;
    struct pl_limits *l = pl_limits_new(1, 0.001, 2, 7);
    struct pl_peer a = pl_peer_text("10.0.0.1"), b = pl_peer_text("10.0.0.2"),
                   c = pl_peer_text("10.0.0.3");
    assert_int_equal(pl_limits_take(l, a, 1, 0), 0);
    assert_int_equal(pl_limits_take(l, b, 1, 0), 0);
    assert_true(pl_limits_take(l, a, 1, 0) > 0);     /* used again: b is the oldest now */
    assert_int_equal(pl_limits_take(l, c, 1, 0), 0); /* b is forgotten */
    assert_true(pl_limits_take(l, a, 1, 0) > 0);
    assert_int_equal(pl_limits_take(l, b, 1, 0), 0); /* c is forgotten */
    assert_true(pl_limits_take(l, a, 1, 0) > 0);
    pl_limits_free(&l);
}

static void many_peers_stay_bounded(void **state) {
    (void)state;
    struct pl_limits *l = pl_limits_new(1, 0.001, 16, 1);
    for (uint32_t i = 0; i < 5000; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.1.%u.%u", (i / 250) % 250, i % 250);
        assert_int_equal(pl_limits_take(l, pl_peer_text(text), 1, 0), 0);
    }
    pl_limits_free(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers),
        cmocka_unit_test(burst_then_wait),
        cmocka_unit_test(forgets_the_longest_unused),
        cmocka_unit_test(many_peers_stay_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
