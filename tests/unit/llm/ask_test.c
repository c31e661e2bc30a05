/* SPDX-License-Identifier: Apache-2.0
 *
 * One ask against a provider that fails: what follows from each failure, over real sockets. */
#include <unistd.h>

#include "tests/unit/llm/bench.h"

#define TWO(dialect)                                                                               \
    "[first]\ndialect = " dialect "\nurl = http://127.0.0.1:%d/a/v1\nmodel = m\n" QUICK PRICE      \
    "[second]\ndialect = openai\nurl = http://127.0.0.1:%d/b/v1\nmodel = m\n" QUICK PRICE

static int two_targets(void **state) {
    *state = bench_open(TWO("openai"));
    return 0;
}

static int tear_down(void **state) {
    bench_close(*state);
    return 0;
}

/* ---- all is well ---- */

static void every_dialect_answers_alike(void **state) {
    static const char *const dialects[] = {
        "openai", "openai-responses", "anthropic", "azure", "llama.cpp", "vllm", "ollama"};
    (void)state;
    for (size_t i = 0; i < PL_LEN(dialects); i++) {
        char conf[512];
        struct asked k;
        snprintf(conf, sizeof conf,
                 "[t]\ndialect = %s\nurl = http://127.0.0.1:%%d/a/v1?v=1\nmodel = m\n" PRICE,
                 dialects[i]);
        struct bench *b = bench_open(conf);
        bench_ask(b, &k, "[say Grüße aus Köln 📦]");
        assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
        assert_int_equal(k.finish, PL_LLM_FINISH_STOP);
        assert_string_equal(asked_text(&k), "Grüße aus Köln 📦");
        assert_false(k.usage.estimated);
        asked_free(&k);
        bench_ask(b, &k, "[tool orders_find {\"id\": \"A 1\"}]");
        assert_int_equal(k.finish, PL_LLM_FINISH_TOOLS);
        assert_int_equal(k.tools, 1);
        asked_free(&k);
        bench_ask(b, &k, "[refuse]");
        assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
        assert_int_equal(k.finish, PL_LLM_FINISH_REFUSED);
        asked_free(&k);
        bench_ask(b, &k, "[length]");
        assert_int_equal(k.finish, PL_LLM_FINISH_LENGTH);
        asked_free(&k);
        bench_send(b, &k, "what is it?",
                   (struct pl_llm_request){
                       .schema = PL_STR("{\"type\":\"object\",\"properties\":{\"value\":{\"type\":"
                                        "\"string\"}},\"required\":[\"value\"],"
                                        "\"additionalProperties\":false}")});
        bench_wait(b);
        assert_int_equal(k.finish, PL_LLM_FINISH_STOP);
        assert_string_equal(asked_text(&k), "{\"value\": \"21\"}");
        asked_free(&k);
        assert_true(provider_bill(b->provider, 'a').connections <= 3);
        bench_close(b);
    }
}

static void whole_talks_with_tools_are_well_formed(void **state) {
    static const char *const dialects[] = {"openai", "openai-responses", "anthropic"};
    struct pl_llm_call calls[] = {
        {PL_STR("call_1"), PL_STR("orders_find"), PL_STR("{\"id\":\"A\"}")},
        {PL_STR("call_2"), PL_STR("stock"), PL_STR("{}")}};
    struct pl_llm_message m[] = {
        {.role = PL_LLM_USER, .text = PL_STR("Where is \"A\"?\n\ttab")},
        {.role = PL_LLM_ASSISTANT, .calls = calls, .ncalls = 2},
        {.role = PL_LLM_TOOL_RESULT, .text = PL_STR("shipped"), .call_id = PL_STR("call_1")},
        {.role = PL_LLM_TOOL_RESULT, .text = PL_STR("5"), .call_id = PL_STR("call_2")},
        {.role = PL_LLM_USER, .text = PL_STR("[say thanks]")},
    };
    struct pl_llm_tool tools[] = {
        {PL_STR("orders_find"), PL_STR("Finds an order."),
         PL_STR("{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"}}}")}};
    (void)state;
    for (size_t i = 0; i < PL_LEN(dialects); i++) {
        char conf[512];
        struct asked k;
        struct pl_arena a;
        struct pl_json json;
        size_t at;
        snprintf(conf, sizeof conf,
                 "[t]\ndialect = %s\nurl = http://127.0.0.1:%%d/a/v1\nmodel = m\n", dialects[i]);
        struct bench *b = bench_open(conf);
        bench_send(b, &k, NULL,
                   (struct pl_llm_request){.system = PL_STR("Be kind."),
                                           .messages = m,
                                           .nmessages = PL_LEN(m),
                                           .tools = tools,
                                           .ntools = 1});
        bench_wait(b);
        assert_string_equal(asked_text(&k), "thanks");
        char *body = provider_last(b->provider);
        pl_arena_init(&a, 0);
        assert_int_equal(pl_json_parse(&a, pl_str_c(body), &json, &at), PL_OK);
        const struct pl_json *list = pl_json_get(&json, i == 1 ? "input" : "messages");
        /* Results of tools are one user's message for Anthropic, and items of their own elsewhere.
         */
        static const size_t sizes[] = {6, 6, 3};
        assert_int_equal(list->n, sizes[i]);
        assert_non_null(strstr(body, "Be kind."));
        assert_non_null(strstr(body, "\"temperature\":0"));
        pl_arena_free(&a);
        free(body);
        asked_free(&k);
        bench_close(b);
    }
}

static void embeddings_come_in_the_order_of_their_texts(void **state) {
    struct pl_str texts[] = {PL_STR("a"), PL_STR("bcd")};
    struct asked k;
    (void)state;
    struct bench *b =
        bench_open("[t]\ndialect = openai\nurl = http://127.0.0.1:%d/a/v1\nmodel = m\n"
                   "embed = e\n" PRICE);
    bench_send(b, &k, NULL, (struct pl_llm_request){.embed = texts, .nembed = 2});
    bench_wait(b);
    pl_buf_byte(&k.log, 0);
    assert_string_equal(k.log.p, "vector vector usage done");
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    assert_true(k.usage.input > 0 && k.usage.output == 0 && !k.usage.estimated);
    asked_free(&k);
    bench_close(b);
}

/* ---- failures ---- */

static const struct {
    const char *fault;
    uint64_t requests; /* to the first; the second answers unless `failure` */
    enum pl_llm_failure failure;
    int restarts;
} follows[] = {
    {"reset", 2, PL_LLM_FAIL_NONE, 0},
    {"silent", 1, PL_LLM_FAIL_NONE, 0},
    {"headers", 1, PL_LLM_FAIL_NONE, 0},
    {"pings", 1, PL_LLM_FAIL_NONE, 0},
    {"400", 1, PL_LLM_FAIL_NONE, 0},
    {"404", 1, PL_LLM_FAIL_NONE, 0},
    {"context", 1, PL_LLM_FAIL_CONTEXT, 0}, /* no target is known to be larger */
    {"401", 1, PL_LLM_FAIL_NONE, 0},
    {"quota", 1, PL_LLM_FAIL_NONE, 0},
    {"500", 2, PL_LLM_FAIL_NONE, 0},
    {"503", 2, PL_LLM_FAIL_NONE, 0},
    {"529", 2, PL_LLM_FAIL_NONE, 0},
    {"429", 2, PL_LLM_FAIL_NONE, 0},
    {"retry_after after=2", 1, PL_LLM_FAIL_NONE, 0},
    {"page", 2, PL_LLM_FAIL_NONE, 0},
    {"cut at=4", 2, PL_LLM_FAIL_NONE, 2},
    {"stall at=4", 1, PL_LLM_FAIL_NONE, 1},
    {"malformed at=4", 2, PL_LLM_FAIL_NONE, 2},
    {"huge at=4", 1, PL_LLM_FAIL_NONE, 1},
    {"missing_end at=0", 2, PL_LLM_FAIL_NONE, 2},
    {"error_after at=4", 2, PL_LLM_FAIL_NONE, 2},
    {"split", 1, PL_LLM_FAIL_NONE, 0},
    {"bytes", 1, PL_LLM_FAIL_NONE, 0},
};

static void failures_have_their_consequences(void **state) {
    static const char *const dialects[] = {TWO("openai"), TWO("openai-responses"),
                                           TWO("anthropic")};
    (void)state;
    for (size_t i = 0; i < PL_LEN(follows) * PL_LEN(dialects); i++) {
        size_t f = i / PL_LEN(dialects);
        struct asked k;
        struct bench *b = bench_open(dialects[i % PL_LEN(dialects)]);
        bench_fault(b, 'a', follows[f].fault);
        bench_ask(b, &k, "[say Liefertermin für Straße 7: übermorgen früh um neun]");
        struct provider_bill first = provider_bill(b->provider, 'a');
        if (k.failure != follows[f].failure || first.requests != follows[f].requests ||
            k.restarts != follows[f].restarts)
            fail_msg("%s with %s: %s (%s), %llu requests, %d restarts", follows[f].fault,
                     pl_llm_dialect_word(b->models.targets[0].dialect),
                     pl_llm_failure_word(k.failure), k.why, (unsigned long long)first.requests,
                     k.restarts);
        assert_false(k.stitched);
        if (k.failure == PL_LLM_FAIL_NONE)
            assert_string_equal(asked_text(&k),
                                "Liefertermin für Straße 7: übermorgen früh um neun");
        asked_free(&k);
        bench_close(b);
    }
}

static void a_target_that_is_not_there_is_passed_over(void **state) {
    struct provider_trap hole, mute;
    (void)state;
    provider_blackhole(&hole);
    provider_mute(&mute);
    const struct {
        const char *scheme;
        int port;
    } rows[] = {{"http", provider_closed_port()}, {"http", hole.port}, {"https", mute.port}};
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        char conf[1024];
        struct asked k;
        snprintf(conf, sizeof conf,
                 "[first]\ndialect = openai\nurl = %s://127.0.0.1:%d/v1\nmodel = m\n" QUICK
                 "[second]\ndialect = anthropic\nurl = http://127.0.0.1:%%d/b\nmodel = m\n"
                 "connect = 5s\n", /* a sanitized build reads all certificates for the one before */
                 rows[i].scheme, rows[i].port);
        struct bench *b = bench_open(conf);
        bench_ask(b, &k, "[say hello]");
        assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
        assert_string_equal(k.target, "second");
        assert_true(k.took_us < 4000 * 1000);
        asked_free(&k);
        bench_close(b);
    }
    provider_untrap(&hole);
    provider_untrap(&mute);
}

static void a_short_wait_is_waited_when_nobody_else_is_there(void **state) {
    struct asked k;
    (void)state;
    struct bench *b =
        bench_open("[t]\ndialect = openai\nurl = http://127.0.0.1:%d/a/v1\nmodel = m\n");
    bench_fault(b, 'a', "retry_after after=1");
    bench_send(b, &k, "x", (struct pl_llm_request){.deadline_ms = 4000});
    bench_run(b, 300);
    bench_fault(b, 'a', "none");
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    assert_true(k.took_us >= 1000 * 1000);
    asked_free(&k);
    bench_fault(b, 'a', "retry_after after=30");
    bench_send(b, &k, "x", (struct pl_llm_request){.deadline_ms = 4000});
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_RATE);
    assert_true(k.took_us < 1000 * 1000);
    asked_free(&k);
    bench_close(b);
}

static void only_a_larger_context_is_tried_after_one_too_small(void **state) {
    struct asked k;
    (void)state;
    struct bench *b = bench_open(
        "[small]\ndialect = openai\nurl = http://127.0.0.1:%d/a/v1\nmodel = m\ncontext = 1000\n"
        "[same]\ndialect = openai\nurl = http://127.0.0.1:%d/b/v1\nmodel = m\ncontext = 1000\n"
        "[large]\ndialect = openai\nurl = http://127.0.0.1:%d/c/v1\nmodel = m\ncontext = 8000\n");
    bench_fault(b, 'a', "context");
    bench_ask(b, &k, "[say well]");
    assert_string_equal(k.target, "large");
    assert_int_equal(provider_bill(b->provider, 'b').requests, 0);
    asked_free(&k);
    char *text = calloc(1, 8001);
    memset(text, 'x', 8000); /* some 2,700 tokens */
    bench_ask(b, &k, text);
    assert_string_equal(k.target, "large");
    assert_int_equal(provider_bill(b->provider, 'a').requests, 1);
    asked_free(&k);
    free(text);
    bench_close(b);
}

/* ---- deadlines, budgets, cancelling ---- */

static void the_deadline_holds_whatever_happens(void **state) {
    static const char *const faults[] = {"silent", "stall at=3", "pings", "retry_after after=1"};
    struct bench *b = *state;
    for (size_t i = 0; i < PL_LEN(faults); i++) {
        struct asked k;
        bench_fault(b, 'a', faults[i]);
        bench_fault(b, 'b', faults[i]);
        bench_send(b, &k, "x", (struct pl_llm_request){.deadline_ms = 300});
        bench_wait(b);
        assert_int_not_equal(k.failure, PL_LLM_FAIL_NONE);
        assert_true(k.took_us < 600 * 1000);
        asked_free(&k);
    }
}

static void a_deadline_leaves_time_for_the_second(void **state) {
    struct bench *b = *state;
    struct asked k;
    bench_fault(b, 'a', "silent");
    bench_send(b, &k, "[say in time]", (struct pl_llm_request){.deadline_ms = 1000});
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    assert_string_equal(k.target, "second");
    asked_free(&k);
}

static void an_asks_own_budget_is_kept(void **state) {
    struct bench *b = *state;
    struct asked k;
    struct pl_llm_request r = {.budget = {.attempts = 1}};
    bench_fault(b, 'a', "500");
    bench_send(b, &k, "x", r);
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_SERVER);
    assert_int_equal(provider_bill(b->provider, 'a').requests, 1);
    asked_free(&k);
    r.budget.attempts = 2; /* the last one is for the second */
    bench_send(b, &k, "x", r);
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    assert_int_equal(provider_bill(b->provider, 'a').requests, 2);
    asked_free(&k);
    bench_fault(b, 'a', "none");
    r.budget = (struct pl_llm_budget){.tokens = 60};
    bench_send(b, &k, "x", r);
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    char *body = provider_last(b->provider);
    int64_t most = strtol(strstr(body, "max_completion_tokens\":") + 23, NULL, 10);
    assert_true(most > 0 && most < 60); /* what the prompt leaves of it */
    free(body);
    asked_free(&k);
    r.budget = (struct pl_llm_budget){.tokens = 5};
    bench_send(b, &k, "x", r);
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_BUDGET);
    asked_free(&k);
    r.budget = (struct pl_llm_budget){.micro = 1};
    bench_send(b, &k, "x", r);
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_BUDGET);
    assert_string_equal(k.why, "money");
    asked_free(&k);
}

static void a_caller_who_leaves_ends_it_and_costs_nobody_a_failure(void **state) {
    struct bench *b = *state;
    struct asked k;
    struct pl_llm_target_status status[2];
    for (int i = 0; i < 8; i++) {
        bench_fault(b, 'a', i % 2 ? "stall at=3" : "silent");
        bench_send(b, &k, "x y z", (struct pl_llm_request){0});
        bench_run(b, 30);
        pl_llm_cancel(b->llm, k.id);
        pl_llm_cancel(b->llm, k.id);
        bench_wait(b);
        assert_int_equal(k.failure, PL_LLM_FAIL_GONE);
        assert_int_equal(k.dones, 1);
        asked_free(&k);
    }
    assert_int_equal(pl_llm_status(b->llm, status, 2), 2);
    assert_int_equal(status[0].breaker, PL_LLM_CLOSED);
    assert_int_equal(bench_count(b, PL_LLM_COUNT_cancelled), 8);
    assert_true(pl_llm_spent(b->llm).total > 0); /* what was under way is paid */
}

static void a_client_that_is_destroyed_tells_everyone(void **state) {
    struct asked k[20];
    (void)state;
    struct bench *b = bench_open(TWO("openai"));
    bench_fault(b, 'a', "stall at=3");
    for (size_t i = 0; i < PL_LEN(k); i++) bench_send(b, &k[i], "x", (struct pl_llm_request){0});
    bench_run(b, 30);
    pl_llm_destroy(&b->llm);
    bench_wait(b);
    for (size_t i = 0; i < PL_LEN(k); i++) {
        assert_int_equal(k[i].failure, PL_LLM_FAIL_GONE);
        asked_free(&k[i]);
    }
    bench_close(b);
}

/* ---- what leaves ---- */

static void keys_and_cards_go_where_they_may(void **state) {
    struct asked k;
    char why[256];
    (void)state;
    setenv("TEST_MODEL_KEY", "sk-very-secret-key", 1);
    struct bench *b =
        bench_open("[t]\ndialect = openai\nurl = http://127.0.0.1:%d/a/v1\nmodel = m\n"
                   "key = env TEST_MODEL_KEY\n");
    bench_ask(b, &k, "my card is 4111 1111 1111 1111");
    assert_true(provider_got(b->provider, "Bearer sk-very-secret-key", 25));
    assert_false(provider_got(b->provider, "4111 1111", 9));
    assert_true(provider_got(b->provider, " 1111", 5));
    asked_free(&k);
    bench_fault(b, 'a', "401");
    bench_ask(b, &k, "x");
    assert_null(strstr(k.why, "sk-"));
    assert_int_equal(k.failure, PL_LLM_FAIL_CREDENTIAL);
    asked_free(&k);
    assert_true(pl_llm_key_check(&b->models.targets[0], why));
    unsetenv("TEST_MODEL_KEY");
    assert_false(pl_llm_key_check(&b->models.targets[0], why));
    assert_non_null(strstr(why, "TEST_MODEL_KEY"));
    bench_close(b);
}

static void put_file(const char *path, const char *text) {
    assert_int_equal(pl_file_replace(path, pl_str_c(text)), PL_OK);
}

/* A key that was changed is used as soon as the refused one is looked at again. */
static void a_refused_key_is_read_again_from_its_file(void **state) {
    char path[] = "/tmp/llm_key_XXXXXX", conf[512];
    struct asked k;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    put_file(path, "key-of-yesterday\n");
    snprintf(conf, sizeof conf,
             "[t]\ndialect = openai\nurl = http://127.0.0.1:%%d/a/v1\nmodel = m\n"
             "breaker_hold = 200ms\nkey = file %s\n",
             path);
    struct bench *b = bench_open(conf);
    bench_fault(b, 'a', "401");
    bench_ask(b, &k, "x");
    assert_int_equal(k.failure, PL_LLM_FAIL_CREDENTIAL);
    asked_free(&k);
    put_file(path, "key-of-today\n");
    bench_fault(b, 'a', "none");
    assert_false(provider_got(b->provider, "Bearer key-of-today", 19));
    for (int i = 0; i < 20; i++) {
        bench_run(b, 200);
        bench_ask(b, &k, "x");
        asked_free(&k);
        if (k.failure == PL_LLM_FAIL_NONE) break;
    }
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    assert_true(provider_got(b->provider, "Bearer key-of-today", 19));
    bench_close(b);
    unlink(path);
}

static void a_ceiling_ends_it_for_one_conversation(void **state) {
    struct pl_llm_request r = {.conversation = {1}, .cache_ms = 60000},
                          other = {.conversation = {2}};
    struct asked k;
    uint64_t before = 0;
    (void)state;
    struct bench *b = bench_open("ceiling_conversation = 0.0002 USD\n"
                                 "[t]\ndialect = openai\nurl = http://127.0.0.1:%d/a/v1\n"
                                 "model = m\n" PRICE);
    bench_send(b, &k, "[say the first one]", r);
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    for (int i = 0; i < 200 && k.failure == PL_LLM_FAIL_NONE; i++) {
        char text[64];
        asked_free(&k);
        before = provider_bill(b->provider, 'a').requests;
        snprintf(text, sizeof text, "[say something, and now for the %d. time]", i);
        bench_send(b, &k, text, r);
        bench_wait(b);
    }
    assert_int_equal(k.failure, PL_LLM_FAIL_CEILING);
    assert_int_equal(provider_bill(b->provider, 'a').requests, before);
    assert_int_equal(bench_count(b, PL_LLM_COUNT_ceilings), 1);
    assert_true(pl_llm_spent(b->llm).total <= 200);
    asked_free(&k);
    bench_send(b, &k, "[say the first one]", r); /* what costs nothing is given */
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    asked_free(&k);
    bench_send(b, &k, "x", other);
    bench_wait(b);
    assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
    asked_free(&k);
    bench_close(b);
}

/* ---- another thread's loop ---- */

static void events_come_to_the_loop_that_asked(void **state) {
    struct asked k;
    struct bench *b = *state;
    struct pl_llm *mine = b->llm;
    struct pl_llm_config config = {.models = &b->models, .clock = pl_clock_system()};
    assert_int_equal(pl_llm_create(&config, &b->llm), PL_OK);
    for (int i = 0; i < 50; i++) {
        bench_fault(b, 'a', i % 2 ? "cut at=4" : "none");
        bench_ask(b, &k, "[say one two three four]");
        assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
        assert_string_equal(asked_text(&k), "one two three four");
        assert_false(k.stitched);
        asked_free(&k);
    }
    pl_llm_destroy(&b->llm);
    b->llm = mine;
}

#define TWO_TARGETS(f) cmocka_unit_test_setup_teardown(f, two_targets, tear_down)

/* The line of a breaker that opens has why, and for how long. */
static void says_why_it_opened(void **state) {
    char *text = NULL;
    size_t n = 0;
    struct asked k = {0};
    struct bench *b =
        bench_open("[only]\ndialect = openai\nurl = http://127.0.0.1:%d/a/v1\nmodel = m\n"
                   "breaker_failures = 1\nbreaker_open = 600s\n");
    struct pl_log log = {.to = open_memstream(&text, &n), .clock = pl_clock_system()};
    struct pl_llm_config config = {.models = &b->models, .clock = log.clock, .log = &log};
    pl_llm_destroy(&b->llm);
    assert_int_equal(pl_llm_create(&config, &b->llm), PL_OK);
    bench_fault(b, 'a', "404");
    bench_send(b, &k, "hello", (struct pl_llm_request){0});
    bench_wait(b);
    fflush(log.to);
    assert_non_null(strstr(text, "target=only state=open reason=missing"));
    assert_non_null(strstr(text, " for_s="));
    asked_free(&k);
    bench_close(b);
    fclose(log.to);
    free(text);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_why_it_opened),
        cmocka_unit_test(every_dialect_answers_alike),
        cmocka_unit_test(whole_talks_with_tools_are_well_formed),
        cmocka_unit_test(embeddings_come_in_the_order_of_their_texts),
        cmocka_unit_test(failures_have_their_consequences),
        cmocka_unit_test(a_target_that_is_not_there_is_passed_over),
        cmocka_unit_test(a_short_wait_is_waited_when_nobody_else_is_there),
        cmocka_unit_test(only_a_larger_context_is_tried_after_one_too_small),
        TWO_TARGETS(the_deadline_holds_whatever_happens),
        TWO_TARGETS(a_deadline_leaves_time_for_the_second),
        TWO_TARGETS(an_asks_own_budget_is_kept),
        TWO_TARGETS(a_caller_who_leaves_ends_it_and_costs_nobody_a_failure),
        cmocka_unit_test(a_client_that_is_destroyed_tells_everyone),
        cmocka_unit_test(keys_and_cards_go_where_they_may),
        cmocka_unit_test(a_refused_key_is_read_again_from_its_file),
        cmocka_unit_test(a_ceiling_ends_it_for_one_conversation),
        TWO_TARGETS(events_come_to_the_loop_that_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
