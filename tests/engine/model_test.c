/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns of a model: answered, late, cancelled, twice, across a crash, and with values that nobody
 * should show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static struct pl_value answer_of(struct pl_field f[2], const char *text, struct pl_value sources) {
    f[0] = (struct pl_field){PL_STR("text"), pl_text(pl_str_c(text))};
    f[1] = (struct pl_field){PL_STR("sources"), sources};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = 2}};
}

static struct pl_value source_of(struct pl_field f[2], const char *url) {
    f[0] = (struct pl_field){PL_STR("title"), pl_text(PL_STR("Returns"))};
    f[1] = (struct pl_field){PL_STR("url"), pl_text(pl_str_c(url))};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = 2}};
}

/* All that was appended is on disk. */
static void written(struct bench *b) {
    for (int i = 0; i < 5; i++) {
        pl_store_mem_release(b->store, 1000);
        bench_run(b);
    }
}

static void begin(struct bench *b, const struct pl_store_config *config) {
    bench_open(b, config);
    bench_open_fresh(b, 1, 1);
    if (config && config->hold) written(b);
    bench_told(b);
}

static bool told(struct bench *b, const char *what) {
    const char *all = bench_told(b);
    if (strstr(all, what)) return true;
    print_message("not told: %s, but:\n%s", what, all);
    return false;
}

static void test_answered(void **state) {
    struct bench b;
    struct pl_field f[2];
    (void)state;
    begin(&b, NULL);
    bench_say(&b, 1, 1, "may I ask something");
    assert_non_null(bench_turn(&b));
    assert_string_equal(bench_turn(&b)->text, "may I ask something");
    assert_string_equal(bench_turn(&b)->before, "Hello v1.");
    bench_reply(&b, PL_ASKED_OK, answer_of(f, "Thirty days.", PL_NONE));
    const char *all = bench_told(&b);
    assert_non_null(strstr(all, "bot message ask.wait"));
    assert_non_null(strstr(all, "bot message ask.well"));
    assert_int_equal(bench_count(&b, PL_ENGINE_MODELS), 1);
    bench_close(&b);
}

static void test_branches(void **state) {
    struct bench b;
    (void)state;
    begin(&b, NULL);
    bench_say(&b, 1, 1, "may I ask something");
    bench_reply(&b, PL_ASKED_UNSURE, PL_NONE);
    assert_true(told(&b, "ask.unsure"));
    bench_say(&b, 1, 2, "may I ask something");
    bench_reply(&b, PL_ASKED_DOWN, PL_NONE);
    assert_true(told(&b, "ask.down"));
    bench_close(&b);
}

static void test_nobody_to_ask(void **state) {
    struct bench b = {0};
    (void)state;
    begin(&b, NULL);
    b.no_models = true;
    bench_crash(&b);
    bench_resume(&b, 1, 1, 1);
    bench_told(&b);
    bench_say(&b, 1, 1, "may I ask something");
    assert_true(told(&b, "ask.down"));
    bench_close(&b);
}

/* Nothing of these reaches a customer. */
static void test_hostile(void **state) {
    static const char *const texts[] = {"", "  \n ",
                                        "a\x01"
                                        "b",
                                        "\x1b[2J"};
    static const char *const urls[] = {
        "javascript:alert(1)",  "kb/../secret", "http://a b", "//evil.test",
        "https://a/\"onclick=", "kb//x",        "data:x"};
    struct bench b;
    struct pl_field f[2], g[2], h[9][2];
    struct pl_value many[9];
    uint64_t n = 0;
    (void)state;
    begin(&b, NULL);
    for (size_t i = 0; i < PL_LEN(texts); i++) {
        bench_say(&b, 1, ++n, "may I ask something");
        bench_reply(&b, PL_ASKED_OK, answer_of(f, texts[i], PL_NONE));
        assert_true(told(&b, "ask.down"));
    }
    for (size_t i = 0; i < PL_LEN(urls); i++) {
        struct pl_value one = source_of(g, urls[i]);
        bench_say(&b, 1, ++n, "may I ask something");
        bench_reply(
            &b, PL_ASKED_OK,
            answer_of(f, "Yes.",
                      (struct pl_value){.kind = PL_KIND_LIST, .list = {.v = &one, .n = 1}}));
        assert_true(told(&b, "ask.down"));
    }
    for (size_t i = 0; i < PL_LEN(many); i++) many[i] = source_of(h[i], "https://shop.test/");
    bench_say(&b, 1, ++n, "may I ask something");
    bench_reply(
        &b, PL_ASKED_OK,
        answer_of(f, "Yes.", (struct pl_value){.kind = PL_KIND_LIST, .list = {.v = many, .n = 9}}));
    assert_true(told(&b, "ask.down"));
    bench_say(&b, 1, ++n, "may I ask something");
    bench_reply(&b, PL_ASKED_OK, pl_text(PL_STR("no record")));
    assert_true(told(&b, "ask.down"));
    char *long_one = malloc(4002);
    memset(long_one, 'x', 4001);
    long_one[4001] = 0;
    bench_say(&b, 1, ++n, "may I ask something");
    bench_reply(&b, PL_ASKED_OK, answer_of(f, long_one, PL_NONE));
    assert_true(told(&b, "ask.down"));
    long_one[4000] = 0;
    bench_say(&b, 1, ++n, "may I ask something");
    bench_reply(&b, PL_ASKED_OK, answer_of(f, long_one, PL_NONE));
    assert_true(told(&b, "ask.wait"));
    free(long_one);
    bench_close(&b);
}

static struct pl_value kind_of(const char *type, const char *member) {
    struct pl_value v = {.kind = PL_KIND_ENUM};
    v.e.type = pl_str_c(type);
    v.e.member = pl_str_c(member);
    return v;
}

static void test_decided(void **state) {
    const struct pl_value wrong[] = {kind_of("sorting.kind", "huge"), kind_of("other", "big"),
                                     pl_text(PL_STR("big")), pl_int(1)};
    struct bench b;
    uint64_t n = 0;
    (void)state;
    begin(&b, NULL);
    bench_say(&b, 1, ++n, "sort this");
    bench_reply(&b, PL_ASKED_OK, kind_of("sorting.kind", "big"));
    assert_true(told(&b, "sort.is"));
    for (size_t i = 0; i < PL_LEN(wrong); i++) {
        bench_say(&b, 1, ++n, "sort this");
        bench_reply(&b, PL_ASKED_OK, wrong[i]);
        assert_true(told(&b, "sort.none"));
    }
    bench_close(&b);
}

/* Nobody answers in time: our own clock ends it, and what comes later finds nobody. */
static void test_late(void **state) {
    struct bench b;
    (void)state;
    begin(&b, NULL);
    bench_say(&b, 1, 1, "may I ask something");
    bench_advance(&b, 3400);
    assert_null(strstr(bench_told(&b), "ask.down"));
    bench_advance(&b, 200);
    const char *all = bench_told(&b);
    assert_non_null(strstr(all, "cancel model"));
    assert_non_null(strstr(all, "ask.down"));
    assert_int_equal(bench_count(&b, PL_ENGINE_MODELS_LATE), 1);
    bench_close(&b);
}

/* A person takes over: the model is told to stop. */
static void test_cancelled(void **state) {
    struct bench b;
    (void)state;
    begin(&b, NULL);
    bench_say(&b, 1, 1, "may I ask something");
    bench_say(&b, 1, 2, "I want my lawyer");
    const char *all = bench_told(&b);
    assert_non_null(strstr(all, "cancel model"));
    assert_non_null(strstr(all, "system handoff"));
    assert_null(bench_turn(&b));
    bench_close(&b);
}

/* The same turn again, in what is left of its time; after that it is down. */
static void test_crash(void **state) {
    struct bench b;
    struct pl_field f[2];
    (void)state;
    begin(&b, NULL);
    bench_say(&b, 1, 1, "may I ask something");
    bench_advance(&b, 1000);
    bench_crash(&b);
    bench_resume(&b, 1, 1, 1);
    bench_run(&b);
    struct turn *t = bench_turn(&b);
    assert_non_null(t);
    assert_true(t->within_ms <= 2000 && t->within_ms > 1500);
    assert_string_equal(t->text, "may I ask something");
    bench_told(&b);
    bench_reply(&b, PL_ASKED_OK, answer_of(f, "Thirty days.", PL_NONE));
    assert_true(told(&b, "ask.wait"));
    bench_say(&b, 1, 2, "may I ask something");
    pl_loop_fake_advance(b.loop, 0);
    bench_crash(&b);
    bench_advance(&b, 5000);
    bench_told(&b);
    bench_resume(&b, 1, 1, 1);
    assert_true(told(&b, "ask.down"));
    bench_close(&b);
}

/* Drafts wait until the message is on disk; another attempt replaces them. */
static void test_drafts(void **state) {
    struct pl_store_config held = {.hold = true};
    struct bench b;
    struct pl_field f[2];
    (void)state;
    begin(&b, &held);
    bench_say(&b, 1, 1, "may I ask something");
    struct turn *t = bench_turn(&b);
    assert_non_null(t);
    t->partial(t->ctx, 1, PL_STR("Thirty "));
    bench_run(&b);
    assert_null(strstr(bench_told(&b), "draft"));
    written(&b);
    assert_true(told(&b, "1 draft 1 append: Thirty "));
    t->partial(t->ctx, 1, PL_STR("days."));
    assert_true(told(&b, "1 draft 2 append: days."));
    t->partial(t->ctx, 2, PL_STR("A month."));
    assert_true(told(&b, "1 draft 1 replace: A month."));
    bench_reply(&b, PL_ASKED_OK, answer_of(f, "A month.", PL_NONE));
    written(&b);
    assert_true(told(&b, "ask.wait"));
    bench_close(&b);
}

/* Its journal tells the same again, and no model is asked for it. */
static void test_replayed(void **state) {
    struct bench b;
    struct pl_field f[2];
    const uint8_t id[16] = {1};
    (void)state;
    begin(&b, NULL);
    bench_say(&b, 1, 1, "may I ask something");
    bench_reply(&b, PL_ASKED_OK, answer_of(f, "Thirty days.", PL_NONE));
    int asked = b.nturns;
    assert_int_equal(pl_engine_again(b.engine, id), PL_OK);
    assert_int_equal(b.nturns, asked);
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answered), cmocka_unit_test(test_branches),
        cmocka_unit_test(test_hostile),  cmocka_unit_test(test_decided),
        cmocka_unit_test(test_late),     cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_crash),    cmocka_unit_test(test_drafts),
        cmocka_unit_test(test_replayed), cmocka_unit_test(test_nobody_to_ask),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
