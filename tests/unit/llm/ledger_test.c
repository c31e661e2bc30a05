/* SPDX-License-Identifier: Apache-2.0
 *
 * The ledger over a store that crashes: what was spent stays spent, what was open counts in full,
 * ceilings hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "runtime/llm/llm_run_priv.h"

#define NOW INT64_C(1764000000000)
#define DAY ((int32_t)(NOW / PL_DAY_MS))

struct bench {
    struct pl_loop *loop;
    struct pl_store *store;
    struct pl_llm__ledger l;
    struct pl_llm_models models;
    int written, failed;
};

static void open_ledger(struct bench *b, int32_t day) {
    assert_int_equal(pl_llm__ledger_open(&b->l, b->store, b->loop, day, NOW), PL_OK);
}

static void settle_down(struct bench *b) {
    while (b->l.in_flight || b->l.waking) pl_loop_once(b->loop, 1);
}

static void close_ledger(struct bench *b) {
    settle_down(b);
    pl_llm__ledger_close(&b->l);
}

static void begin(struct bench *b, bool hold) {
    struct pl_store_config config = {.hold = hold, .seed = 5};
    memset(b, 0, sizeof *b);
    assert_int_equal(pl_loop_create(pl_clock_system(), &b->loop), PL_OK);
    assert_int_equal(pl_store_open(&config, &b->store, NULL), PL_OK);
    open_ledger(b, DAY);
}

static void end(struct bench *b) {
    close_ledger(b);
    pl_store_close(&b->store);
    pl_loop_destroy(&b->loop);
}

/* As if the process had died: the ledger's memory is gone, what was held is lost. */
static void crash(struct bench *b, int32_t day) {
    pl_store_mem_crash(b->store);
    b->l.in_flight = 0;
    while (b->l.waking) pl_loop_once(b->loop, 1);
    pl_llm__ledger_close(&b->l);
    open_ledger(b, day);
}

static void done(void *ctx, bool well) {
    struct bench *b = ctx;
    b->written += well;
    b->failed += !well;
}

static enum pl_llm_failure reserve(struct bench *b, uint8_t conversation, int32_t day,
                                   int64_t micro, uint64_t *id) {
    struct pl_llm__open want = {.day = day, .conversation = {conversation}, .micro = micro};
    snprintf(want.target, sizeof want.target, "t%d", conversation % 3);
    enum pl_llm_failure f = pl_llm__reserve(&b->l, &b->models, &want, NOW, done, b);
    *id = want.id;
    return f;
}

static void settle(struct bench *b, uint64_t id, int64_t micro, int64_t pico) {
    struct pl_llm_usage u = {.input = micro, .output = 1};
    pl_llm__settle(&b->l, id, &u, (struct pl_llm__money){micro, pico}, NOW);
}

static void costs_are_exact(void **state) {
    struct pl_llm_price prices[] = {{INT32_MIN, 150000, 75000, 600000}, {DAY + 1, 1, 1, 1}};
    struct pl_llm_target t = {.prices = prices, .nprices = 2};
    struct pl_llm_usage u = {.input = 1, .cached = 1, .output = 1};
    struct pl_llm__money sum = {0};
    (void)state;
    for (int i = 0; i < 1000000; i++) pl_llm__money_add(&sum, pl_llm__cost(&t, DAY, &u));
    assert_int_equal(sum.micro, 825000); /* a million of each: 0.15 + 0.075 + 0.60 */
    assert_int_equal(sum.pico, 0);
    u = (struct pl_llm_usage){.output = 3};
    assert_int_equal(pl_llm__money_up(pl_llm__cost(&t, DAY + 1, &u)), 1);
    assert_int_equal(pl_llm__cost(&t, DAY + 1, &u).pico, 3);
    u = (struct pl_llm_usage){.input = INT64_MAX, .output = -5};
    assert_true(pl_llm__cost(&t, DAY, &u).micro > 0);
}

static void ceilings_hold_at_n_and_n_plus_one(void **state) {
    struct bench b;
    uint64_t id, other;
    (void)state;
    begin(&b, false);
    b.models.ceiling_day = 1000;
    b.models.ceiling_conversation = 400;
    assert_int_equal(reserve(&b, 1, DAY, 401, &id), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 1, DAY, 400, &id), PL_LLM_FAIL_NONE);
    assert_int_equal(reserve(&b, 1, DAY, 1, &other), PL_LLM_FAIL_CEILING);
    settle(&b, id, 399, 1); /* and a bit: counts as 400 */
    assert_int_equal(reserve(&b, 1, DAY, 1, &other), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 2, DAY, 400, &id), PL_LLM_FAIL_NONE);
    assert_int_equal(reserve(&b, 3, DAY, 201, &other), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 3, DAY, 200, &other), PL_LLM_FAIL_NONE);
    settle(&b, id, 0, 0); /* nothing of it was used */
    assert_int_equal(reserve(&b, 4, DAY, 400, &id), PL_LLM_FAIL_NONE);
    settle(&b, other, 200, 0);
    settle(&b, id, 400, 0);
    /* The next day is another one; the conversation is the same. */
    assert_int_equal(reserve(&b, 5, DAY, 1, &id), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 1, DAY + 1, 1, &id), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 5, DAY + 1, 400, &id), PL_LLM_FAIL_NONE);
    settle(&b, id, 400, 0);
    end(&b);
}

/* A day of the future is over when the clock is set right: it is no second day, and no gift. */
static void a_clock_that_ran_ahead_gives_nothing_away(void **state) {
    struct bench b;
    uint64_t id, ahead;
    (void)state;
    begin(&b, false);
    b.models.ceiling_day = 1000;
    assert_int_equal(reserve(&b, 1, DAY + 1000, 300, &id), PL_LLM_FAIL_NONE);
    assert_int_equal(reserve(&b, 2, DAY + 1000, 300, &ahead), PL_LLM_FAIL_NONE);
    settle(&b, id, 300, 0);
    assert_int_equal(reserve(&b, 3, DAY, 401, &id), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 3, DAY, 400, &id), PL_LLM_FAIL_NONE);
    settle(&b, ahead, 300, 0);
    settle(&b, id, 400, 0);
    assert_int_equal(b.l.reserved_day, 0);
    assert_int_equal(reserve(&b, 4, DAY, 1, &id), PL_LLM_FAIL_CEILING);
    settle_down(&b);
    crash(&b, DAY);
    assert_int_equal(reserve(&b, 4, DAY, 1, &id), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 4, DAY + 1, 1000, &id), PL_LLM_FAIL_NONE);
    settle(&b, id, 0, 0);
    end(&b);
}

static void what_was_open_at_a_crash_counts_in_full(void **state) {
    struct bench b;
    uint64_t id, lost;
    (void)state;
    begin(&b, false);
    assert_int_equal(reserve(&b, 1, DAY, 100, &id), PL_LLM_FAIL_NONE);
    settle(&b, id, 60, 5);
    assert_int_equal(reserve(&b, 1, DAY, 500, &lost), PL_LLM_FAIL_NONE);
    settle_down(&b);
    crash(&b, DAY);
    assert_int_equal(b.l.now.spent.micro, 560);
    assert_int_equal(b.l.now.spent.pico, 5);
    assert_int_equal(b.l.now.spent_day.micro, 560);
    assert_int_equal(b.l.reserved_day, 0);
    assert_int_equal(b.l.now.totals[0].guessed.money.micro, 500);
    /* Once, however often it crashes. */
    settle_down(&b);
    for (int i = 0; i < 3; i++) crash(&b, DAY);
    assert_int_equal(b.l.now.spent.micro, 560);
    b.models.ceiling_conversation = 600;
    assert_int_equal(reserve(&b, 1, DAY, 40, &id), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 1, DAY, 39, &id), PL_LLM_FAIL_NONE);
    settle(&b, id, 1, 0);
    end(&b);
}

static void nothing_leaves_before_it_is_written(void **state) {
    struct bench b;
    uint64_t id;
    (void)state;
    begin(&b, true);
    assert_int_equal(reserve(&b, 1, DAY, 100, &id), PL_LLM_FAIL_NONE);
    for (int i = 0; i < 5; i++) pl_loop_once(b.loop, 1);
    assert_int_equal(b.written, 0);
    pl_store_mem_release(b.store, 1);
    settle_down(&b);
    assert_int_equal(b.written, 1);
    settle(&b, id, 1, 0);
    pl_store_mem_release(b.store, 1);
    end(&b);
}

/* A model of what must be known after any crash: of every reservation that was reported written,
 * what it cost when that was written too, else all of it. */
static void random_crashes_lose_nothing(void **state) {
    enum { N = 400 };
    struct {
        uint64_t id;
        int64_t micro, cost; /* cost -1: open */
        int32_t day;
    } open[N];
    struct bench b;
    struct pl_rand rand;
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        int64_t total = 0, conversations[4] = {0};
        size_t n = 0;
        int32_t day = DAY;
        pl_rand_seed(&rand, seed);
        begin(&b, false);
        for (int i = 0; i < N; i++) {
            uint64_t what = pl_rand_below(&rand, 10);
            if (what < 5) {
                int64_t micro = 1 + (int64_t)pl_rand_below(&rand, 1000);
                uint8_t who = (uint8_t)pl_rand_below(&rand, 4);
                assert_int_equal(reserve(&b, who, day, micro, &open[n].id), PL_LLM_FAIL_NONE);
                open[n].micro = micro;
                open[n].day = who;
                n++;
            } else if (what < 9 && n) {
                int64_t cost = (int64_t)pl_rand_below(&rand, (uint64_t)open[n - 1].micro + 1);
                settle(&b, open[n - 1].id, cost, 0);
                total += cost;
                conversations[open[n - 1].day] += cost;
                n--;
            } else if (what == 9) {
                settle_down(&b);
                for (; n; n--) {
                    total += open[n - 1].micro;
                    conversations[open[n - 1].day] += open[n - 1].micro;
                }
                if (pl_rand_below(&rand, 2)) pl_store_flush(b.store);
                crash(&b, day);
                assert_int_equal(b.l.now.spent.micro, total);
                if (pl_rand_below(&rand, 4) == 0) day++;
            }
        }
        for (; n; n--) settle(&b, open[n - 1].id, 0, 0);
        settle_down(&b);
        crash(&b, day);
        assert_int_equal(b.l.now.spent.micro, total);
        for (uint8_t who = 0; who < 4; who++) { /* the ceiling knows what each has spent */
            uint64_t id;
            b.models.ceiling_conversation = conversations[who] + 10;
            assert_int_equal(reserve(&b, who, day, 11, &id), PL_LLM_FAIL_CEILING);
            assert_int_equal(reserve(&b, who, day, 10, &id), PL_LLM_FAIL_NONE);
            settle(&b, id, 0, 0);
        }
        end(&b);
    }
}

static size_t purses_kept(struct bench *b) {
    struct pl_store_row *rows;
    struct pl_arena a;
    size_t n = 0;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_store_rows(b->store, &a, PL_STR("mc"), PL_STR("mc"), 1000, &rows, &n),
                     PL_OK);
    pl_arena_free(&a);
    return n;
}

static void spend(struct bench *b, uint8_t conversation, int32_t day) {
    uint64_t id;
    assert_int_equal(reserve(b, conversation, day, 10, &id), PL_LLM_FAIL_NONE);
    settle(b, id, 10, 0);
    settle_down(b);
}

static void what_conversations_spent_long_ago_is_forgotten(void **state) {
    struct bench b;
    uint64_t id;
    (void)state;
    begin(&b, false);
    for (int i = 0; i < 200; i++) spend(&b, (uint8_t)i, DAY);
    spend(&b, 7, DAY + 100); /* it still talks */
    assert_int_equal(purses_kept(&b), 200);
    for (int i = 0; i < 8; i++) spend(&b, 201, DAY + PL_LLM__PURSE_DAYS);
    assert_int_equal(purses_kept(&b), 201); /* the last day */
    for (int i = 0; i < 8; i++) spend(&b, 201, DAY + PL_LLM__PURSE_DAYS + 1);
    assert_int_equal(purses_kept(&b), 2);
    assert_int_equal(pl_store_flush(b.store), PL_OK);
    crash(&b, DAY + PL_LLM__PURSE_DAYS + 1);
    assert_int_equal(purses_kept(&b), 2);
    assert_int_equal(b.l.now.spent.micro, 217 * 10); /* all that was ever spent is known */
    b.models.ceiling_conversation = 25;
    assert_int_equal(reserve(&b, 7, DAY + PL_LLM__PURSE_DAYS + 1, 6, &id), PL_LLM_FAIL_CEILING);
    assert_int_equal(reserve(&b, 8, DAY + PL_LLM__PURSE_DAYS + 1, 6, &id), PL_LLM_FAIL_NONE);
    settle(&b, id, 0, 0);
    end(&b);
}

static void a_store_that_fails_lets_nothing_leave(void **state) {
    struct bench b;
    uint64_t id;
    struct pl_store_config config = {.fault = {.journal_at = 2, .err = PL_IO}};
    (void)state;
    memset(&b, 0, sizeof b);
    assert_int_equal(pl_loop_create(pl_clock_system(), &b.loop), PL_OK);
    assert_int_equal(pl_store_open(&config, &b.store, NULL), PL_OK);
    open_ledger(&b, DAY);
    assert_int_equal(reserve(&b, 1, DAY, 10, &id), PL_LLM_FAIL_NONE);
    settle_down(&b);
    assert_int_equal(reserve(&b, 1, DAY, 10, &id), PL_LLM_FAIL_NONE);
    settle_down(&b);
    assert_int_equal(b.written, 1);
    assert_int_equal(b.failed, 1);
    settle(&b, id, 0, 0);
    settle_down(&b);
    end(&b);
}

static void damaged_bytes_are_refused(void **state) {
    struct pl_llm__entry e = {.kind = PL_LLM__SETTLE, .id = 7, .day = DAY, .target = PL_STR("t")};
    struct pl_llm__entry back;
    struct pl_buf b = {0};
    (void)state;
    pl_llm__entry_write(&b, &e);
    assert_true(pl_llm__entry_read(pl_buf_slice(&b), &back));
    for (size_t n = 0; n < b.n; n++)
        assert_false(pl_llm__entry_read((struct pl_str){b.p, n}, &back));
    b.p[0]++;
    assert_false(pl_llm__entry_read(pl_buf_slice(&b), &back));
    pl_buf_free(&b);
}

static void estimates_are_on_the_high_side(void **state) {
    (void)state;
    assert_int_equal(pl_llm_estimate(PL_STR("")), 0);
    /* A word, or a sign of a script without blanks, is seldom more than one token. */
    assert_true(pl_llm_estimate(PL_STR("Where is my order? It should be here by now.")) >= 10);
    assert_true(pl_llm_estimate(PL_STR("我的订单在哪里")) >= 7);
    assert_true(pl_llm_estimate(PL_STR("注文はどこですか")) >= 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_are_exact),
        cmocka_unit_test(ceilings_hold_at_n_and_n_plus_one),
        cmocka_unit_test(a_clock_that_ran_ahead_gives_nothing_away),
        cmocka_unit_test(what_was_open_at_a_crash_counts_in_full),
        cmocka_unit_test(nothing_leaves_before_it_is_written),
        cmocka_unit_test(random_crashes_lose_nothing),
        cmocka_unit_test(what_conversations_spent_long_ago_is_forgotten),
        cmocka_unit_test(a_store_that_fails_lets_nothing_leave),
        cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(estimates_are_on_the_high_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
