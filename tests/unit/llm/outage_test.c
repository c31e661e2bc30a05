/* SPDX-License-Identifier: Apache-2.0
 *
 * Outages of the first of two targets, with all times at a fifth of the defaults: connect 200 ms,
 * first token 500 ms, stall 1 s, reopen after 1 s. So "the first sentence within 5 s" is 1 s here.
 */
#include "tests/unit/llm/bench.h"

enum { TURNS = 200, AT_ONCE = 8, SLACK_MS = 250 };

/* Times are judged on a quiet machine only: with PL_TIMED in the environment. */
static bool timed(void) {
    return getenv("PL_TIMED") != NULL;
}

#define TIMES                                                                                      \
    "connect = 200ms\nfirst_token = 500ms\nstall = 1s\ntotal = 6s\nbreaker_open = 1s\n"            \
    "breaker_hold = 60s\n"
#define FIRST(url)  "[first]\ndialect = openai\nmodel = m\nurl = " url "\n" TIMES
#define SECOND      "[second]\ndialect = anthropic\nmodel = m\nurl = http://127.0.0.1:%d/b\n" TIMES
#define AT_PROVIDER "http://127.0.0.1:%d/a/v1"

static struct asked asked[AT_ONCE];
static int running;
static int64_t first_sentence_us[TURNS];
static size_t nfirst, failures, by_second;

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct asked *k = ctx;
    bench_event(k, e);
    if (e->kind != PL_LLM_DONE) return;
    assert_false(k->stitched);
    if (k->failure)
        failures++;
    else
        assert_string_equal(asked_text(k), "Your parcel is on its way. It comes today.");
    by_second += strcmp(k->target, "second") == 0;
    first_sentence_us[nfirst++] = k->took_us; /* the last sentence, even */
    running--;
}

static void start(struct bench *b) {
    struct pl_llm_message m = {.role = PL_LLM_USER,
                               .text = PL_STR("[say Your parcel is on its way. It comes today.]")};
    struct asked *k = asked;
    while (k->bench && k->dones == 0) k++;
    asked_free(k);
    *k = (struct asked){.bench = b};
    b->asked++;
    running++;
    pl_llm_ask(b->llm, &(struct pl_llm_request){.messages = &m,
                                                .nmessages = 1,
                                                .max_output = 60,
                                                .deadline_ms = 4000,
                                                .loop = b->loop,
                                                .on_event = on_event,
                                                .ctx = k});
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Some turns, a few at once and `every_ms` between them; gives the 99th percentile to the end. */
static int64_t turns(struct bench *b, size_t n, int every_ms) {
    nfirst = failures = by_second = 0;
    for (size_t i = 0; i < n; i++) {
        while (running == AT_ONCE) pl_loop_once(b->loop, 20);
        start(b);
        if (every_ms) bench_run(b, every_ms);
    }
    bench_wait(b);
    qsort(first_sentence_us, nfirst, sizeof *first_sentence_us, by_size);
    return first_sentence_us[nfirst * 99 / 100];
}

static void clear(void) {
    for (size_t i = 0; i < AT_ONCE; i++) {
        asked_free(&asked[i]);
        asked[i] = (struct asked){0};
    }
}

static const struct {
    const char *name, *fault, *conf; /* fault: at the provider; conf: a first that is elsewhere */
    bool quota;
} outages[] = {
    {"reset", "reset", NULL, false},
    {"silent", "silent", NULL, false},
    {"headers and no more", "headers", NULL, false},
    {"pings and no more", "pings", NULL, false},
    {"500", "500", NULL, false},
    {"503", "503", NULL, false},
    {"529", "529", NULL, false},
    {"429", "429", NULL, false},
    {"429 with retry-after", "retry_after after=20", NULL, false},
    {"quota", "quota", NULL, true},
    {"no such model", "404", NULL, true},
    {"cut", "cut at=4", NULL, false},
    {"stall", "stall at=4", NULL, false},
    {"malformed", "malformed at=4", NULL, false},
    {"missing end", "missing_end at=0", NULL, false},
    {"error after 200", "error_after at=4", NULL, false},
    {"refused", NULL, "http://127.0.0.1:%1/v1", false},
    {"blackhole", NULL, "http://127.0.0.1:%2/v1", false},
    {"TLS stall", NULL, "https://127.0.0.1:%3/v1", false},
};

/* %1 %2 %3: a closed port, a black hole, a mute one. */
static char *first_of(struct bench *b, const char *url, const struct provider_trap traps[2]) {
    char ports[3][8];
    struct pl_buf out = {0};
    snprintf(ports[0], 8, "%d", provider_closed_port());
    snprintf(ports[1], 8, "%d", traps[0].port);
    snprintf(ports[2], 8, "%d", traps[1].port);
    pl_buf_c(&out, "[first]\ndialect = openai\nmodel = m\nurl = ");
    for (const char *p = url; *p; p++) {
        if (p[0] == '%' && p[1] >= '1' && p[1] <= '3')
            pl_buf_c(&out, ports[*++p - '1']);
        else
            pl_buf_byte(&out, (uint8_t)*p);
    }
    pl_buf_c(&out, "\n" TIMES SECOND);
    pl_buf_byte(&out, 0);
    char *conf = bench_conf(b, out.p);
    pl_buf_free(&out);
    return conf;
}

/* A moment of the machine may be slow: some tries to be as quick as without an outage. */
static bool as_quick_as(struct bench *b, int64_t normal_us, int tries) {
    for (int i = 0; i < tries; i++)
        if (turns(b, TURNS / 4, 0) <= normal_us + 50 * 1000) return true;
    return false;
}

/* The first TLS connection of a process reads all certificates, which takes a sanitized build most
 * of a second. */
static void warm_up(struct bench *b, const char *conf) {
    struct asked k;
    if (!conf || strncmp(conf, "https", 5) != 0) return;
    bench_send(b, &k, "x", (struct pl_llm_request){.target = PL_STR("first")});
    bench_wait(b);
    bench_run(b, 1000);
    asked_free(&k);
}

static void check_outage(size_t i, int64_t normal_us, const struct provider_trap traps[2]) {
    struct bench *b = bench_open(SECOND);
    pl_llm_destroy(&b->llm);
    bench_client(b, outages[i].conf ? first_of(b, outages[i].conf, traps)
                                    : bench_conf(b, FIRST(AT_PROVIDER) SECOND));
    if (outages[i].fault) bench_fault(b, 'a', outages[i].fault);
    warm_up(b, outages[i].conf);
    uint64_t before = bench_count(b, PL_LLM_COUNT_attempts);
    int64_t at_once = turns(b, TURNS, 0);
    size_t failed = failures, second = by_second;
    uint64_t extra = bench_count(b, PL_LLM_COUNT_attempts) - before - TURNS;
    print_message(
        "%-21s p99 at once %4lld ms, extra requests %4.1f %%, retries %llu, to the first %llu",
        outages[i].name, (long long)at_once / 1000, 100.0 * (double)extra / TURNS,
        (unsigned long long)bench_count(b, PL_LLM_COUNT_retries),
        (unsigned long long)provider_bill(b->provider, 'a').requests);
    assert_int_equal(failed, 0);
    assert_int_equal(second, TURNS);
    if (timed()) assert_true(at_once <= (1000 + SLACK_MS) * 1000);
    assert_true(extra * 10 <= TURNS);
    if (outages[i].quota) assert_int_equal(bench_count(b, PL_LLM_COUNT_retries), 0);
    bool quick = as_quick_as(b, normal_us, timed() ? 3 : 1);
    print_message(", with it open %3lld ms\n",
                  (long long)first_sentence_us[nfirst * 99 / 100] / 1000);
    if (timed()) assert_true(quick);
    clear();
    bench_close(b);
}

static void an_outage_of_the_first_is_hardly_seen(void **state) {
    struct provider_trap traps[2];
    (void)state;
    provider_blackhole(&traps[0]);
    provider_mute(&traps[1]);
    struct bench *b = bench_open(FIRST(AT_PROVIDER) SECOND);
    int64_t normal = turns(b, TURNS, 0);
    print_message("normal                p99 %lld ms\n", (long long)normal / 1000);
    clear();
    bench_close(b);
    for (size_t i = 0; i < PL_LEN(outages); i++) check_outage(i, normal, traps);
    provider_untrap(&traps[0]);
    provider_untrap(&traps[1]);
}

/* All down: every turn has its end in time; back again: full service within twice the reopening
 * time, a fifth of ten seconds. */
static void all_down_and_back(void **state) {
    struct asked k;
    (void)state;
    struct bench *b = bench_open(FIRST(AT_PROVIDER) SECOND);
    bench_fault(b, 'a', "503");
    bench_fault(b, 'b', "silent");
    turns(b, 100, 30);
    assert_int_equal(failures, 100);
    if (timed()) assert_true(first_sentence_us[99] < 1500 * 1000);
    uint64_t requests =
        provider_bill(b->provider, 'a').requests + provider_bill(b->provider, 'b').requests;
    print_message("all down: %llu requests for 100 turns, slowest end %lld ms\n",
                  (unsigned long long)requests, (long long)first_sentence_us[99] / 1000);
    assert_true(requests < 60); /* no storm */
    bench_fault(b, 'a', "none");
    bench_fault(b, 'b', "none");
    bench_run(b, 2000);
    turns(b, 20, 0);
    assert_int_equal(failures, 0);
    bench_send(b, &k, "[say back]", (struct pl_llm_request){0});
    bench_wait(b);
    assert_string_equal(k.target, "first");
    struct pl_llm_target_status status[2];
    pl_llm_status(b->llm, status, 2);
    assert_int_equal(status[0].breaker, PL_LLM_CLOSED);
    asked_free(&k);
    clear();
    bench_close(b);
}

/* The provider is real, the clock is not: it stands still while sockets move, and goes on when they
 * have been quiet for a moment. */
static void wait_fake(struct bench *b) {
    for (int quiet = 0; b->done < b->asked;) {
        int before = b->done;
        uint64_t requests = bench_count(b, PL_LLM_COUNT_attempts);
        pl_loop_once(b->loop, 2);
        bool moved = b->done != before || bench_count(b, PL_LLM_COUNT_attempts) != requests;
        quiet = moved ? 0 : quiet + 1;
        if (quiet > 5) pl_loop_fake_advance(b->loop, 5);
    }
}

/* Ten minutes without any provider, a turn a second, all timers as they are by default. */
static void ten_minutes_of_nothing(void **state) {
    enum { SECONDS = 600 };
    struct pl_loop *real;
    int64_t slowest = 0;
    int back_after = -1;
    (void)state;
    struct bench *b = bench_open(SECOND);
    real = b->loop;
    pl_llm_destroy(&b->llm);
    assert_int_equal(pl_loop_fake_create(INT64_C(1764000000000), &b->loop), PL_OK);
    bench_client(b, bench_conf(b, "[first]\ndialect = openai\nmodel = m\nurl = " AT_PROVIDER "\n"
                                  "[second]\ndialect = anthropic\nmodel = m\n"
                                  "url = http://127.0.0.1:%d/b\n"));
    bench_fault(b, 'a', "503");
    bench_fault(b, 'b', "reset");
    for (int second = 0; second < SECONDS + 20; second++) {
        struct asked k;
        if (second == SECONDS) {
            bench_fault(b, 'a', "none");
            bench_fault(b, 'b', "none");
        }
        bench_send(b, &k, "[say well]", (struct pl_llm_request){.deadline_ms = 4000});
        wait_fake(b);
        if (k.took_us > slowest) slowest = k.took_us;
        if (second < SECONDS)
            assert_int_not_equal(k.failure, PL_LLM_FAIL_NONE);
        else if (strcmp(k.target, "first") == 0 && k.failure == PL_LLM_FAIL_NONE && back_after < 0)
            back_after = second - SECONDS;
        if (back_after >= 0) assert_int_equal(k.failure, PL_LLM_FAIL_NONE);
        asked_free(&k);
        pl_loop_fake_advance(b->loop, 1000);
        for (int i = 0; i < 3; i++) pl_loop_once(b->loop, 1); /* probes */
    }
    uint64_t requests = bench_count(b, PL_LLM_COUNT_attempts);
    print_message(
        "ten minutes: %d turns, slowest end %lld ms, %llu requests, %llu probes; back after "
        "%d s\n",
        SECONDS, (long long)slowest / 1000, (unsigned long long)requests,
        (unsigned long long)bench_count(b, PL_LLM_COUNT_probes), back_after);
    assert_true(slowest <= 4000 * 1000);
    assert_true(requests < 60);
    assert_in_range(back_after, 0, 10);
    bench_close(b);
    pl_loop_destroy(&real);
}

static void an_open_breaker_outlives_the_process(void **state) {
    struct pl_llm_target_status status[2];
    struct pl_store_config memory = {.seed = 1};
    (void)state;
    struct bench *b = bench_open(FIRST(AT_PROVIDER) SECOND);
    pl_llm_destroy(&b->llm);
    assert_int_equal(pl_store_open(&memory, &b->store, NULL), PL_OK);
    bench_client(b, bench_conf(b, FIRST(AT_PROVIDER) SECOND));
    bench_fault(b, 'a', "401");
    turns(b, 3, 0);
    uint64_t before = provider_bill(b->provider, 'a').requests;
    pl_llm_destroy(&b->llm);
    bench_client(b, bench_conf(b, FIRST(AT_PROVIDER) SECOND));
    pl_llm_status(b->llm, status, 2);
    assert_int_equal(status[0].breaker, PL_LLM_OPEN);
    turns(b, 10, 0); /* whether the key is still refused is seen by asking for the list of models */
    assert_int_equal(failures, 0);
    assert_int_equal(provider_bill(b->provider, 'a').requests, before);
    pl_llm_status(b->llm, status, 2);
    assert_int_equal(status[0].breaker, PL_LLM_OPEN);
    assert_true(status[0].reopen_ms > 10000);
    /* It was mended while no server ran: it is asked at once. */
    struct asked k;
    pl_llm_destroy(&b->llm);
    bench_fault(b, 'a', "none");
    bench_client(b, bench_conf(b, FIRST(AT_PROVIDER) SECOND));
    bench_run(b, 300);
    bench_send(b, &k, "[say back]", (struct pl_llm_request){0});
    bench_wait(b);
    assert_string_equal(k.target, "first");
    asked_free(&k);
    clear();
    bench_close(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_of_the_first_is_hardly_seen),
        cmocka_unit_test(all_down_and_back),
        cmocka_unit_test(ten_minutes_of_nothing),
        cmocka_unit_test(an_open_breaker_outlives_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
