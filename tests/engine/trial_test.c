/* SPDX-License-Identifier: Apache-2.0
 *
 * Another image beside the active one: a shadow that only looks, and a canary that is taken back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "runtime/engine/engine_priv.h"

static const char *report(struct bench *b) {
    static char text[16384];
    struct pl_buf out = {0};
    struct pl_jw w = {.b = &out};
    pl_engine_trials(b->engine, &w);
    snprintf(text, sizeof text, "%.*s", (int)out.n, out.n ? out.p : "");
    pl_buf_free(&out);
    return text;
}

static void has(struct bench *b, const char *words) {
    const char *text = report(b);
    if (!strstr(text, words)) fail_msg("no %s in %s", words, text);
}

static void shadow(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, NULL);
    assert_int_equal(pl_engine_shadow(b.engine, b.images[1], 10000), PL_OK);
    bench_open_fresh(&b, 1, 1);
    has(&b, "\"same\":0,\"wording\":1,\"path\":0");
    has(&b, "\"was\":\"says @hello\"");
    bench_say(&b, 1, 1, "where is my order");
    bench_say(&b, 1, 2, "ORDER1");
    assert_non_null(bench_call(&b)); /* the shadow asks nobody */
    assert_int_equal(b.ncalls, 1);
    bench_answer(&b, PL_OUTCOME_OK, pl_text(PL_STR("shipped")), "");
    bench_say(&b, 1, 3, "a person please");
    has(&b, "\"same\":0,\"wording\":1,\"path\":0,\"stuck\":0,\"missing\":0");
    assert_int_equal(bench_count(&b, PL_ENGINE_SHADOWED), 1);
    assert_int_equal(bench_count(&b, PL_ENGINE_SHADOW_WORDING), 1);
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    assert_int_equal(pl_engine_shadow(b.engine, NULL, 0), PL_OK);
    bench_open_fresh(&b, 2, 2);
    assert_string_equal(report(&b), "");
    assert_int_equal(bench_count(&b, PL_ENGINE_SHADOWED), 1);
    bench_close(&b);
}

/* A conversation of one message; its customer leaves, and it leaves memory. */
static void talk(struct bench *b, int number, const char *text) {
    bench_open_fresh(b, 1, number);
    bench_say(b, 1, 1, text);
    pl_engine_leave(b->engine, 1);
    bench_run(b);
}

static void canary(void **state) {
    struct bench b;
    (void)state;
    unsigned guards = 1u << PL_ENGINE_GUARD_REPAIR | 1u << PL_ENGINE_GUARD_HANDOFF;
    bench_open(&b, NULL);
    assert_int_equal(pl_engine_canary(b.engine, NULL, 0, 0), PL_NOT_FOUND);
    assert_int_equal(pl_engine_canary(b.engine, b.images[0], 5000, guards), PL_CONFLICT);
    assert_int_equal(pl_engine_canary(b.engine, b.images[1], 5000, guards), PL_OK);
    assert_int_equal(pl_engine_canary(b.engine, b.images[1], 5000, guards), PL_BUSY);
    bool there[41] = {false};
    uint32_t n = 0;
    for (int i = 1; i <= 40; i++) {
        const uint8_t id[16] = {(uint8_t)i};
        there[i] = pl_engine__in_share(id, 5000, "canary");
        n += there[i];
    }
    assert_in_range(n, 10, 30);
    /* who is the canary's is not understood, who is not is */
    for (int i = 1; i <= 8; i++) talk(&b, i, there[i] ? "florbl wugga zzyx" : "pay now");
    bench_advance(&b, 60000);
    bench_advance(&b, 60000);
    has(&b, "\"is\":\"running\"");
    bench_crash(&b); /* forgets what was in memory, not what was counted */
    has(&b, "\"is\":\"running\"");
    for (int i = 9; i <= 40; i++) talk(&b, i, there[i] ? "florbl wugga zzyx" : "pay now");
    bench_advance(&b, 60000);
    bench_advance(&b, 60000);
    has(&b, "\"is\":\"rolled back: repair\"");
    assert_int_equal(bench_count(&b, PL_ENGINE_CANARIES_BACK), 1);
    bench_crash(&b);
    has(&b, "\"is\":\"rolled back: repair\"");
    assert_int_equal(pl_engine_canary(b.engine, b.images[1], 100, guards), PL_OK);
    assert_int_equal(pl_engine_activate(b.engine, b.images[1]), PL_OK);
    has(&b, "\"is\":\"activated\"");
    bench_close(&b);
}

/* ---- the test's own error rates ---- */

/* True: rolled back within so many conversations of the canary; how many it took in *n. */
static bool rolled_back(struct pl_rand *r, uint32_t share, double beside, double with,
                        uint32_t most, uint32_t *n) {
    struct eng_guard g = {.evidence = 0};
    uint32_t m = pl_engine__guard_block(share);
    for (*n = 0; *n < most;) {
        bool own = pl_rand_below(r, 10000) < share;
        bool bad = pl_rand_below(r, 10000) < (uint64_t)((own ? with : beside) * 10000);
        *n += own;
        pl_engine__guard_seen(&g, own, bad, m);
        if (pl_engine__guard_worse(&g, 1)) return true;
    }
    return false;
}

static uint32_t share_back(uint32_t share, double beside, double with, uint32_t most,
                           double *mean) {
    struct pl_rand r;
    uint32_t back = 0, n;
    double sum = 0;
    pl_rand_seed(&r, 7);
    for (int i = 0; i < 400; i++) {
        bool yes = rolled_back(&r, share, beside, with, most, &n);
        back += yes;
        sum += yes ? n : 0;
    }
    *mean = back ? sum / back : 0;
    return back;
}

static void errors(void **state) {
    double mean;
    (void)state;
    static const struct {
        uint32_t share;
        double rate;
    } same[] = {{500, 0.02}, {500, 0.2}, {5000, 0.1}, {2000, 0.5}};
    for (size_t i = 0; i < PL_LEN(same); i++) {
        uint32_t n = share_back(same[i].share, same[i].rate, same[i].rate, 500, &mean);
        print_message("%g both, share %u: %.1f %% rolled back\n", same[i].rate, same[i].share,
                      n / 4.0);
        assert_in_range(n, 0, 30); /* 20 of 400 are promised at most, on average */
    }
    assert_in_range(share_back(500, 0.3, 0.1, 500, &mean), 0, 4); /* better is never worse */
    uint32_t n = share_back(500, 0.1, 0.3, 500, &mean);
    print_message("0.1 and 0.3: %.1f %% rolled back, after %.0f conversations\n", n / 4.0, mean);
    assert_in_range(n, 396, 400);
    n = share_back(500, 0.1, 0.2, 500, &mean);
    print_message("0.1 and 0.2: %.1f %% rolled back, after %.0f conversations\n", n / 4.0, mean);
    assert_in_range(n, 300, 400);
}

static int teardown(void **state) {
    (void)state;
    bench_done();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shadow),
        cmocka_unit_test(canary),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
