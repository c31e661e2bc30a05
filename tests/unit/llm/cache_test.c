/* SPDX-License-Identifier: Apache-2.0
 *
 * Equal asks: answered once, given again for a while, to nobody whom they do not concern. */
#include "tests/unit/llm/bench.h"

#define ONE                                                                                        \
    "[one]\ndialect = openai\nmodel = m\nurl = http://127.0.0.1:%d/a/v1\nembed = e\n" QUICK PRICE

static struct bench *open_with(const char *conf, bool store) {
    struct pl_store_config memory = {.seed = 1};
    struct bench *b = bench_open(conf);
    if (!store) return b;
    pl_llm_destroy(&b->llm);
    assert_int_equal(pl_store_open(&memory, &b->store, NULL), PL_OK);
    bench_client(b, bench_conf(b, conf));
    return b;
}

static void restart(struct bench *b, const char *conf) {
    pl_llm_destroy(&b->llm);
    bench_client(b, bench_conf(b, conf));
}

static uint64_t requests(struct bench *b) {
    return provider_bill(b->provider, 'a').requests;
}

/* Asks, and says whether the provider was asked. */
static bool asks(struct bench *b, const char *text, struct pl_llm_request r) {
    struct asked k;
    uint64_t before = requests(b);
    if (r.cache_ms == 0) r.cache_ms = 60000;
    bench_send(b, &k, text, r);
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    asked_free(&k);
    return requests(b) != before;
}

static struct pl_llm_request of(uint8_t conversation) {
    return (struct pl_llm_request){.personal = true, .conversation = {conversation}};
}

static void an_equal_ask_is_answered_alike_and_for_nothing(void **state) {
    struct pl_llm_request r = {.cache_ms = 60000};
    struct asked first, again;
    (void)state;
    struct bench *b = open_with(ONE, true);
    bench_send(b, &first, "[say Grüße. Und mehr.]", r);
    bench_wait(b);
    struct pl_llm_spent spent = pl_llm_spent(b->llm);
    uint64_t entries = b->llm->ledger.now.n;
    assert_true(first.micro > 0 && spent.total > 0);
    r.conversation[0] = 9; /* another customer's: nothing in it is anybody's */
    bench_send(b, &again, "[say Grüße. Und mehr.]", r);
    bench_wait(b);
    assert_string_equal(asked_text(&again), asked_text(&first));
    assert_int_equal(again.finish, PL_LLM_FINISH_STOP);
    assert_int_equal(again.failure, PL_LLM_FAIL_NONE);
    assert_string_equal(again.target, "one");
    assert_int_equal(again.attempt, 1);
    assert_int_equal(again.micro, 0);
    assert_int_equal(again.usage.input + again.usage.cached + again.usage.output, 0);
    pl_buf_byte(&again.log, 0);
    assert_string_equal(again.log.p, "text done");
    assert_int_equal(requests(b), 1);
    assert_int_equal(pl_llm_spent(b->llm).total, spent.total);
    assert_int_equal(b->llm->ledger.now.n, entries);
    assert_int_equal(bench_count(b, PL_LLM_COUNT_cache_hits), 1);
    assert_int_equal(bench_count(b, PL_LLM_COUNT_cache_kept), 1);
    assert_int_equal(bench_count(b, PL_LLM_COUNT_attempts), 1);
    assert_int_equal(bench_count(b, PL_LLM_COUNT_done), 2);
    asked_free(&first);
    asked_free(&again);
    bench_close(b);
}

static void whatever_a_model_sees_makes_another(void **state) {
    struct pl_llm_tool tool = {PL_STR("t"), PL_STR("about"), PL_STR("{\"type\":\"object\"}")};
    struct pl_llm_message two[] = {{.role = PL_LLM_USER, .text = PL_STR("[say x]")},
                                   {.role = PL_LLM_ASSISTANT, .text = PL_STR("y")},
                                   {.role = PL_LLM_USER, .text = PL_STR("[say x]")}};
    struct pl_llm_request others[] = {
        {.system = PL_STR("be kind")},
        {.tools = &tool, .ntools = 1},
        {.schema = PL_STR("{\"type\":\"object\",\"properties\":{}}")},
        {.messages = two, .nmessages = 3},
        {.messages = two, .nmessages = 2},
        {.max_output = 50},
        {.target = PL_STR("one")},
        {.personal = true},
    };
    (void)state;
    struct bench *b = open_with(ONE, false);
    assert_true(asks(b, "[say x]", (struct pl_llm_request){0}));
    for (size_t i = 0; i < PL_LEN(others); i++) {
        assert_true(asks(b, "[say x]", others[i]));
        assert_false(asks(b, "[say x]", others[i]));
    }
    assert_true(asks(b, "[say x] ", (struct pl_llm_request){0}));
    assert_false(asks(b, "[say x]", (struct pl_llm_request){0}));
    assert_false(asks(b, "[say x]", (struct pl_llm_request){.deadline_ms = 777}));
    assert_int_not_equal(pl_llm_key(&others[0]), pl_llm_key(&others[1]));
    bench_close(b);
}

static void what_is_personal_stays_in_its_conversation(void **state) {
    (void)state;
    struct bench *b = open_with(ONE, true);
    assert_true(asks(b, "[say x]", of(1)));
    assert_false(asks(b, "[say x]", of(1)));
    assert_true(asks(b, "[say x]", of(2)));
    assert_true(asks(b, "[say x]", (struct pl_llm_request){0}));
    restart(b, ONE);
    assert_false(asks(b, "[say x]", of(1)));
    assert_false(asks(b, "[say x]", of(2)));
    /* Erased: in memory, on disk, and what is under way. */
    struct asked k;
    struct pl_llm_request slow = of(1);
    slow.cache_ms = 60000;
    bench_fault(b, 'a', "none first=100");
    bench_send(b, &k, "[say slow]", slow);
    for (int i = 0; i < 3; i++) pl_loop_once(b->loop, 5);
    pl_llm_forget(b->llm, slow.conversation);
    bench_wait(b);
    asked_free(&k);
    assert_true(asks(b, "[say x]", of(1)));
    assert_true(asks(b, "[say slow]", of(1)));
    pl_llm_forget(b->llm, slow.conversation);
    bench_run(b, 10);
    restart(b, ONE);
    assert_true(asks(b, "[say x]", of(1)));
    assert_false(asks(b, "[say x]", of(2)));
    assert_false(asks(b, "[say x]", (struct pl_llm_request){0}));
    bench_close(b);
}

static void only_whole_answers_are_kept(void **state) {
    static const char *const texts[] = {"[refuse]", "[length] a long one", "[filter]",
                                        "[tool orders_find {\"id\": \"1\"}]"};
    struct pl_llm_request r = {.cache_ms = 60000, .deadline_ms = 1500};
    struct asked k;
    (void)state;
    struct bench *b = open_with(ONE, false);
    for (size_t i = 0; i < 2 * PL_LEN(texts); i++) {
        bench_send(b, &k, texts[i / 2], r);
        bench_wait(b);
        asked_free(&k);
    }
    assert_int_equal(requests(b), 2 * PL_LEN(texts));
    bench_fault(b, 'a', "cut at=4");
    bench_send(b, &k, "[say one two three four five]", r);
    bench_wait(b);
    assert_int_not_equal(k.failure, PL_LLM_FAIL_NONE);
    asked_free(&k);
    assert_int_equal(bench_count(b, PL_LLM_COUNT_cache_kept), 0);
    /* A second attempt's answer is kept without the first one's half. */
    bench_fault(b, 'a', "none");
    bench_send(b, &k, "[say one two three four five]", r);
    bench_wait(b);
    asked_free(&k);
    assert_int_equal(bench_count(b, PL_LLM_COUNT_cache_kept), 1);
    bench_close(b);
}

static void what_came_before_a_restart_of_the_answer_is_not_kept(void **state) {
    static const char conf[] =
        ONE "[two]\ndialect = anthropic\nmodel = m\nurl = http://127.0.0.1:%d/b\n" QUICK;
    struct pl_llm_request r = {.cache_ms = 60000};
    struct asked k;
    (void)state;
    struct bench *b = open_with(conf, false);
    bench_fault(b, 'a', "stall at=4");
    for (int i = 0; i < 2; i++) {
        bench_send(b, &k, "[say one two three four five]", r);
        bench_wait(b);
        assert_string_equal(asked_text(&k), "one two three four five");
        assert_string_equal(k.target, "two");
        assert_int_equal(k.restarts, i == 0);
        asked_free(&k);
    }
    assert_int_equal(requests(b), 1);
    bench_close(b);
}

static void time_passes(void **state) {
    struct pl_loop *real;
    struct pl_llm_request brief = {.cache_ms = 1000}, set = {.cache_ms = PL_LLM_CACHE_AS_SET};
    struct asked k;
    (void)state;
    struct bench *b = bench_open(ONE);
    real = b->loop;
    pl_llm_destroy(&b->llm);
    assert_int_equal(pl_loop_fake_create(INT64_C(1764000000000), &b->loop), PL_OK);
    bench_client(b, bench_conf(b, "cache = 2s\n" ONE));
    struct {
        struct pl_llm_request r;
        int advance;
        uint64_t requests;
    } steps[] = {{set, 0, 1}, {brief, 999, 1}, {brief, 1, 2}, {set, 999, 2}, {set, 1, 3}};
    for (size_t i = 0; i < PL_LEN(steps); i++) {
        pl_loop_fake_advance(b->loop, steps[i].advance);
        bench_send(b, &k, "[say x]", steps[i].r);
        bench_wait(b);
        assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
        assert_int_equal(requests(b), steps[i].requests);
        asked_free(&k);
    }
    pl_loop_fake_advance(b->loop, 62000); /* swept without being asked for */
    for (int i = 0; i < 3; i++) pl_loop_once(b->loop, 1);
    assert_int_equal(b->llm->cache.entries.n, 0);
    assert_int_equal(b->llm->cache.bytes, 0);
    bench_close(b);
    pl_loop_destroy(&real);
}

static void the_file_can_forbid_it(void **state) {
    (void)state;
    struct bench *b = open_with("cache = no\n" ONE, true);
    assert_true(asks(b, "[say x]", (struct pl_llm_request){0}));
    assert_true(asks(b, "[say x]", (struct pl_llm_request){.cache_ms = PL_LLM_CACHE_AS_SET}));
    bench_close(b);
}

static void another_model_finds_nothing(void **state) {
    static const char other[] =
        "[one]\ndialect = openai\nmodel = m2\nurl = http://127.0.0.1:%d/a/v1\n" QUICK PRICE;
    (void)state;
    struct bench *b = open_with(ONE, true);
    assert_true(asks(b, "[say x]", (struct pl_llm_request){0}));
    restart(b, ONE);
    assert_false(asks(b, "[say x]", (struct pl_llm_request){0}));
    restart(b, other);
    assert_true(asks(b, "[say x]", (struct pl_llm_request){0}));
    bench_close(b);
}

static float vectors[2][2][8];
static size_t round_;

static void on_vector(void *ctx, const struct pl_llm_event *e) {
    struct bench *b = ctx;
    if (e->kind == PL_LLM_VECTOR) memcpy(vectors[round_][e->vector.index], e->vector.v, 32);
    if (e->kind == PL_LLM_DONE) b->done++;
}

static void embeddings_are_kept_too(void **state) {
    struct pl_str texts[] = {PL_STR("one"), PL_STR("two and more")};
    (void)state;
    struct bench *b = open_with(ONE, true);
    for (round_ = 0; round_ < 2; round_++) {
        struct pl_llm_request r = {.embed = texts,
                                   .nembed = 2,
                                   .cache_ms = 60000,
                                   .deadline_ms = 5000,
                                   .loop = b->loop,
                                   .on_event = on_vector,
                                   .ctx = b};
        b->asked++;
        pl_llm_ask(b->llm, &r);
        bench_wait(b);
        restart(b, ONE);
    }
    assert_int_equal(requests(b), 1);
    assert_memory_equal(vectors[0], vectors[1], sizeof vectors[0]);
    assert_memory_not_equal(vectors[0][0], vectors[0][1], sizeof vectors[0][0]);
    bench_close(b);
}

/* Bounded, least recently used first, in memory and in the store. */
static void it_does_not_grow(void **state) {
    struct pl_llm__ask ask = {.keeps_ms = 60000};
    char body[12000];
    (void)state;
    struct bench *b = open_with(ONE, true);
    memset(body, 'x', sizeof body);
    ask.llm = b->llm;
    ask.target = &b->llm->targets[0];
    for (uint32_t i = 0; i < 6000; i++) {
        size_t n = i < 4500 ? 10 : sizeof body;
        memcpy(ask.key, "mk", 2);
        memcpy(ask.key + 2, &i, sizeof i);
        ask.keeps_ms = 60000;
        pl_buf_clear(&ask.heard);
        pl_buf_add(&ask.heard, body, n);
        pl_llm__cache_keep(&ask);
        assert_true(b->llm->cache.entries.n <= 4096);
        assert_true(b->llm->cache.bytes <= 16 * 1024 * 1024);
    }
    uint32_t last = 5999, first = 0;
    memcpy(ask.key + 2, &last, sizeof last);
    assert_non_null(pl_map_get(&b->llm->cache.entries, (struct pl_str){ask.key, sizeof ask.key}));
    memcpy(ask.key + 2, &first, sizeof first);
    assert_null(pl_map_get(&b->llm->cache.entries, (struct pl_str){ask.key, sizeof ask.key}));
    size_t n = b->llm->cache.entries.n, bytes = b->llm->cache.bytes;
    restart(b, ONE);
    assert_int_equal(b->llm->cache.entries.n, n);
    assert_int_equal(b->llm->cache.bytes, bytes);
    pl_buf_free(&ask.heard);
    bench_close(b);
}

static void damaged_rows_are_thrown_away(void **state) {
    struct pl_store_row *rows;
    size_t n;
    (void)state;
    struct bench *b = open_with(ONE, true);
    assert_true(asks(b, "[say x]", (struct pl_llm_request){0}));
    assert_int_equal(pl_store_rows(b->store, &b->arena, PL_STR("mk"), PL_STR("mk"), 10, &rows, &n),
                     PL_OK);
    assert_int_equal(n, 1);
    for (size_t cut = 0; cut < rows[0].value.n; cut++) {
        struct pl_store_row bad = {rows[0].key, {rows[0].value.p, cut}};
        assert_int_equal(pl_store_project(b->store, &bad, 1, NULL, 0), PL_OK);
        restart(b, ONE);
        assert_int_equal(b->llm->cache.entries.n, 0);
    }
    assert_true(asks(b, "[say x]", (struct pl_llm_request){0}));
    bench_close(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_equal_ask_is_answered_alike_and_for_nothing),
        cmocka_unit_test(whatever_a_model_sees_makes_another),
        cmocka_unit_test(what_is_personal_stays_in_its_conversation),
        cmocka_unit_test(only_whole_answers_are_kept),
        cmocka_unit_test(what_came_before_a_restart_of_the_answer_is_not_kept),
        cmocka_unit_test(time_passes),
        cmocka_unit_test(the_file_can_forbid_it),
        cmocka_unit_test(another_model_finds_nothing),
        cmocka_unit_test(embeddings_are_kept_too),
        cmocka_unit_test(it_does_not_grow),
        cmocka_unit_test(damaged_rows_are_thrown_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
