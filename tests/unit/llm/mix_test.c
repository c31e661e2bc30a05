/* SPDX-License-Identifier: Apache-2.0
 *
 * The ledger against the provider's bill over 10,000 turns of all kinds: plain, cached, tools,
 * refused, failed over, retried, cut, without usage. What the provider told is equal to the last
 * millionth of a millionth; what it did not is flagged, and never guessed too low. */
#include "tests/unit/llm/bench.h"

enum { TURNS = 10000, AT_ONCE = 48 };

#define TARGET(name, dialect, site, price)                                                         \
    "[" name "]\ndialect = " dialect "\nurl = http://127.0.0.1:%d/" site "/v1\nmodel = m\n"        \
    "connect = 5s\nfirst_token = 10s\nstall = 10s\nbreaker_failures = 1000\n"                      \
    "breaker_percent = 100\nbreaker_hold = 200ms\nprice = " price "\n"

static const char conf[] = TARGET("one", "openai", "a", "0.15 0.60 USD cached 0.075")
    TARGET("two", "anthropic", "b", "3.00 15.00 USD cached 0.30")
        TARGET("three", "openai-responses", "c", "0.000007 0.000011 USD cached 0.000003");

static const char *const manners[] = {
    "none",          "none",
    "none",          "none",
    "500 share=0.3", "cut at=4 share=0.3",
    "none",          "malformed at=3 share=0.3",
    "429 share=0.5", "error_after at=4 share=0.3",
    "none",          "no_usage share=0.3",
    "none",          "missing_end at=0 share=0.2",
    "quota",         "reset share=0.2",
};

static const char *const texts[] = {
    "where is my order?",
    "[say Your parcel is on its way – 明日 です]",
    "[tool orders_find {\"id\": \"ORDER123456789\"}]",
    "[cached 9] [say from the cache, mostly, and then some more words]",
    "[refuse]",
    "[length] a long one",
    "[say one]",
    "[cached 1000] all of it",
};

static struct asked asked[AT_ONCE];
static int running;
static int64_t micro_of_asks;

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct asked *k = ctx;
    bench_event(k, e);
    if (e->kind != PL_LLM_DONE) return;
    micro_of_asks += k->micro;
    running--;
}

static void start(struct bench *b, int turn) {
    struct pl_llm_message m = {.role = PL_LLM_USER,
                               .text = pl_str_c(texts[(size_t)turn % PL_LEN(texts)])};
    struct asked *k = asked;
    while (k->bench && k->dones == 0) k++;
    asked_free(k);
    *k = (struct asked){.bench = b};
    b->asked++;
    running++;
    pl_llm_ask(b->llm,
               &(struct pl_llm_request){.messages = &m,
                                        .nmessages = 1,
                                        .max_output = 60,
                                        .deadline_ms = 60000,
                                        .conversation = {(uint8_t)turn, (uint8_t)(turn >> 8)},
                                        .loop = b->loop,
                                        .on_event = on_event,
                                        .ctx = k});
}

static void run_turns(struct bench *b) {
    for (int turn = 0; turn < TURNS; turn++) {
        /* Each site changes its manner now and then, all of them at other times. */
        if (turn % 250 == 0)
            for (char site = 'a'; site <= 'c'; site++) {
                size_t which = (size_t)(turn / 250 * 5 + (site - 'a') * 7) % PL_LEN(manners);
                bench_fault(b, site, manners[which]);
            }
        while (running == AT_ONCE) pl_loop_once(b->loop, 20);
        start(b, turn);
    }
    bench_wait(b);
}

static struct pl_llm__money price(const struct pl_llm_target *t, int64_t input, int64_t cached,
                                  int64_t output) {
    struct pl_llm__money m = {0};
    /* Not by the room's own arithmetic: tokens times price, in millionths of millionths. */
    __int128 pico = (__int128)input * t->prices[0].input + (__int128)cached * t->prices[0].cached +
                    (__int128)output * t->prices[0].output;
    m.micro = (int64_t)(pico / 1000000);
    m.pico = (int64_t)(pico % 1000000);
    return m;
}

static void check_target(struct bench *b, size_t i) {
    const struct pl_llm_target *t = &b->models.targets[i];
    struct provider_bill bill = provider_bill(b->provider, (char)('a' + i));
    const struct pl_llm__total *total = NULL;
    for (size_t k = 0; k < b->llm->ledger.now.ntotals; k++)
        if (strcmp(b->llm->ledger.now.totals[k].name, t->name) == 0)
            total = &b->llm->ledger.now.totals[k];
    assert_non_null(total);
    struct pl_llm__money told = price(t, bill.input, bill.cached, bill.output);
    struct pl_llm__money untold =
        price(t, bill.untold_input, bill.untold_cached, bill.untold_output);
    print_message("%-6s %5llu requests; told %llu: %lld+%lld+%lld tokens, %lld.%06lld micro; not "
                  "told %llu: %lld micro, guessed %lld\n",
                  t->name, (unsigned long long)bill.requests, (unsigned long long)bill.told,
                  (long long)bill.input, (long long)bill.cached, (long long)bill.output,
                  (long long)told.micro, (long long)told.pico, (unsigned long long)bill.untold,
                  (long long)untold.micro, (long long)total->guessed.money.micro);
    assert_int_equal(total->told.usage.input, bill.input);
    assert_int_equal(total->told.usage.cached, bill.cached);
    assert_int_equal(total->told.usage.output, bill.output);
    assert_int_equal(total->told.money.micro, told.micro);
    assert_int_equal(total->told.money.pico, told.pico);
    assert_true(total->guessed.money.micro >= untold.micro);
    assert_true(bill.told > 0 && bill.untold > 0);
}

static void the_ledger_is_the_providers_bill(void **state) {
    struct pl_store_config memory = {.seed = 1};
    (void)state;
    struct bench *b = calloc(1, sizeof *b);
    pl_arena_init(&b->arena, 0);
    b->provider = provider_start(STREAMS, 0);
    assert_int_equal(pl_loop_create(pl_clock_system(), &b->loop), PL_OK);
    assert_int_equal(pl_store_open(&memory, &b->store, NULL), PL_OK);
    bench_client(b, bench_conf(b, conf));
    run_turns(b);
    for (size_t i = 0; i < 3; i++) check_target(b, i);
    assert_int_equal(b->llm->ledger.open.n, 0);
    assert_int_equal(b->llm->ledger.reserved_day, 0);
    struct pl_llm_spent before = pl_llm_spent(b->llm);
    assert_true(micro_of_asks >= before.total); /* each rounded up */
    /* And it is all there after a restart. */
    pl_llm_destroy(&b->llm);
    bench_client(b, bench_conf(b, conf));
    assert_int_equal(pl_llm_spent(b->llm).total, before.total);
    for (size_t i = 0; i < AT_ONCE; i++) asked_free(&asked[i]);
    bench_close(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_ledger_is_the_providers_bill)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
