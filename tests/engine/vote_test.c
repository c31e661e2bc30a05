/* SPDX-License-Identifier: Apache-2.0
 *
 * What customers make of articles: counted once for each answer, across changes of mind, crashes at
 * any point, another tab, and erasing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "bench.h"

static struct pl_value text(const char *s) {
    return (struct pl_value){.kind = PL_KIND_TEXT, .s = pl_str_c(s)};
}

/* An answer of two passages of one article and of one of another, which has a page of its own. */
static void answered(struct bench *b, uint64_t client, uint64_t counter) {
    static const char *const from[][4] = {
        {"kb/returns/how", "kb/returns/how", "en", "Returns"},
        {"kb/returns/how", "kb/returns/how", "en", "Returns"},
        {"https://shop.test/pay", "kb/pay", "es-ES", "Paying"},
    };
    struct pl_field f[3][5], g[2];
    struct pl_value sources[3], cuts[3] = {text("You "), text("may"), text(".")};
    for (size_t i = 0; i < PL_LEN(sources); i++) {
        f[i][0] = (struct pl_field){PL_STR("title"), text(from[i][3])};
        f[i][1] = (struct pl_field){PL_STR("url"), text(from[i][0])};
        f[i][2] = (struct pl_field){PL_STR("article"), text(from[i][1])};
        f[i][3] = (struct pl_field){PL_STR("locale"), text(from[i][2])};
        f[i][4] = (struct pl_field){PL_STR("passage"),
                                    {.kind = PL_KIND_LIST, .list = {cuts, PL_LEN(cuts)}}};
        sources[i] = (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f[i], 5}};
    }
    g[0] = (struct pl_field){PL_STR("text"), text("You may.")};
    g[1] = (struct pl_field){PL_STR("sources"), {.kind = PL_KIND_LIST, .list = {sources, 3}}};
    bench_say(b, client, counter, "may I ask something");
    bench_reply(b, PL_ASKED_OK, (struct pl_value){.kind = PL_KIND_RECORD, .rec = {g, 2}});
}

/* The seq of the last event with this in its line. */
static uint64_t seq_of(struct bench *b, const char *what) {
    const char *all = bench_told(b), *at = NULL;
    for (const char *p = all; (p = strstr(p, what)) != NULL; p++) at = p;
    assert_non_null(at);
    while (at > all && at[-1] != '\n') at--;
    unsigned long long client, seq;
    assert_int_equal(sscanf(at, "%llu %llu", &client, &seq), 2);
    return seq;
}

static void counted(struct bench *b, const char *article, uint64_t views, uint64_t helpful,
                    uint64_t unhelpful) {
    struct pl_engine_tally t;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    bool known = pl_engine_tally(b->store, &a, pl_str_c(article), &t);
    assert_true(known || views + helpful + unhelpful == 0);
    assert_int_equal(t.views, views);
    assert_int_equal(t.helpful, helpful);
    assert_int_equal(t.unhelpful, unhelpful);
    pl_arena_free(&a);
}

static uint64_t begin(struct bench *b, const struct pl_store_config *config) {
    bench_open(b, config);
    bench_open_fresh(b, 1, 1);
    answered(b, 1, 1);
    return seq_of(b, "bot message ask.wait");
}

static void rate(struct bench *b, uint64_t client, uint64_t seq, int value) {
    pl_engine_rate(b->engine, client, seq, value);
    bench_run(b);
}

static void test_once(void **state) {
    struct bench b;
    (void)state;
    uint64_t seq = begin(&b, NULL);
    rate(&b, 1, seq, 1);
    assert_non_null(strstr(bench_told(&b), " rated\n"));
    counted(&b, "en/returns/how", 0, 1, 0);
    counted(&b, "es-ES/pay", 0, 1, 0);
    rate(&b, 1, seq, 1);
    assert_string_equal(bench_told(&b), "");
    counted(&b, "en/returns/how", 0, 1, 0);
    rate(&b, 1, seq, -1);
    counted(&b, "en/returns/how", 0, 0, 1);
    rate(&b, 1, seq, 0);
    counted(&b, "es-ES/pay", 0, 0, 0);
    pl_engine_rate(b.engine, 1, seq, 1);
    pl_engine_rate(b.engine, 1, seq, 1);
    bench_run(&b);
    counted(&b, "en/returns/how", 0, 1, 0);
    assert_int_equal(bench_count(&b, PL_ENGINE_DIVERGED), 0);
    bench_close(&b);
}

/* Another answer, another conversation: a vote each. */
static void test_each(void **state) {
    struct bench b;
    (void)state;
    uint64_t first = begin(&b, NULL);
    answered(&b, 1, 2);
    uint64_t second = seq_of(&b, "bot message ask.wait");
    rate(&b, 1, first, 1);
    rate(&b, 1, second, 1);
    bench_open_fresh(&b, 2, 2);
    answered(&b, 2, 1);
    rate(&b, 2, seq_of(&b, "bot message ask.wait"), -1);
    counted(&b, "en/returns/how", 0, 2, 1);
    struct pl_engine_tally *v;
    size_t n;
    assert_int_equal(pl_engine_tallies(b.store, &b.a, &v, &n), PL_OK);
    assert_int_equal(n, 2);
    assert_true(pl_str_is(v[0].article, "en/returns/how"));
    assert_true(pl_str_is(v[1].article, "es-ES/pay"));
    bench_close(&b);
}

/* Only what asks for it takes a vote. */
static void test_refused(void **state) {
    struct bench b;
    (void)state;
    uint64_t seq = begin(&b, NULL);
    const uint64_t wrong[] = {0, 1, seq - 1, seq + 1, seq + 9, UINT64_MAX};
    for (size_t i = 0; i < PL_LEN(wrong); i++) {
        rate(&b, 1, wrong[i], 1);
        assert_string_equal(bench_told(&b), "1 ERR_CHOICE 0\n");
    }
    counted(&b, "en/returns/how", 0, 0, 0);
    bench_close(&b);
}

/* What is on disk is counted once, whether its rows were written or not. */
static void test_crash(void **state) {
    for (int flushed = 0; flushed < 2; flushed++) {
        struct bench b;
        (void)state;
        uint64_t seq = begin(&b, NULL);
        rate(&b, 1, seq, -1);
        rate(&b, 1, seq, 1);
        for (int i = 0; i < 3; i++) {
            if (flushed) assert_int_equal(pl_store_flush(b.store), PL_OK);
            bench_crash(&b);
            bench_run(&b);
            counted(&b, "en/returns/how", 0, 1, 0);
            counted(&b, "es-ES/pay", 0, 1, 0);
        }
        bench_told(&b);
        bench_resume(&b, 3, 1, seq);
        assert_true(seq_of(&b, " rated") > seq); /* he sees what he said */
        rate(&b, 3, seq, 1);
        counted(&b, "en/returns/how", 0, 1, 0);
        const uint8_t id[16] = {1};
        bench_told(&b);
        assert_int_equal(pl_engine_again(b.engine, id), PL_OK);
        counted(&b, "en/returns/how", 0, 1, 0);
        bench_close(&b);
    }
}

static void test_views(void **state) {
    struct bench b;
    char name[400];
    (void)state;
    begin(&b, NULL);
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    for (int i = 0; i < 3; i++) pl_engine_viewed(b.engine, PL_STR("en/returns/how"));
    pl_engine_viewed(b.engine, pl_str_c(name));
    name[390] = 'o';
    pl_engine_viewed(b.engine, pl_str_c(name));
    pl_engine_viewed(b.engine, pl_str_c(name));
    bench_run(&b);
    counted(&b, "en/returns/how", 3, 0, 0);
    counted(&b, name, 2, 0, 0);
    assert_int_equal(pl_store_flush(b.store), PL_OK);
    bench_crash(&b);
    counted(&b, name, 2, 0, 0);
    assert_int_equal(bench_count(&b, PL_ENGINE_ARTICLES_VIEWED), 0);
    bench_close(&b);
}

/* Nothing of him is left but a number. */
static void test_erased(void **state) {
    struct bench b;
    const uint8_t who[16] = {7};
    struct pl_store_row *rows;
    size_t n;
    (void)state;
    bench_open(&b, NULL);
    bench_open_known(&b, 1, 1, true, 7, true);
    answered(&b, 1, 1);
    rate(&b, 1, seq_of(&b, "bot message ask.wait"), 1);
    bench_advance(&b, 60000);
    assert_int_equal(pl_store_rows(b.store, &b.a, PL_STR("av"), PL_STR(""), 9, &rows, &n), PL_OK);
    assert_int_equal(n, 1);
    pl_engine_erase(b.engine, 5, who);
    bench_run(&b);
    assert_int_equal(pl_store_rows(b.store, &b.a, PL_STR("av"), PL_STR(""), 9, &rows, &n), PL_OK);
    assert_int_equal(n, 0);
    counted(&b, "en/returns/how", 0, 1, 0);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),  cmocka_unit_test(test_each),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_crash), cmocka_unit_test(test_views), cmocka_unit_test(test_erased),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
