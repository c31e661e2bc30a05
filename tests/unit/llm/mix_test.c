/* SPDX-License-Identifier: Apache-2.0
 *
 * The ledger against the provider's bill over turns of all kinds: plain, cached, tools, refused,
 * failed over, retried, cut, cancelled, without usage, answered as before. What the provider told
 * is equal to the last millionth of a millionth; what it did not is flagged, and never guessed too
 * low. And over processes that are killed: they lose nothing. LLM_TURNS says how many turns; as the
 * long form it is 10,000. */
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/llm/bench.h"

enum { TURNS = 2000, AT_ONCE = 48, CHANGES = 40, CANCEL_MS = 250 };

extern char **environ;

static int turns_wanted(void) {
    const char *text = getenv("LLM_TURNS");
    return text ? (int)strtol(text, NULL, 10) : TURNS;
}

#define TARGET(name, dialect, site, price)                                                         \
    "[" name "]\ndialect = " dialect "\nurl = http://127.0.0.1:%d/" site "/v1\nmodel = m\n"        \
    "connect = 5s\nfirst_token = 10s\nstall = 10s\nbreaker_failures = 1000\n"                      \
    "breaker_percent = 100\nbreaker_hold = 200ms\nprice = " price "\n"

static const char conf[] = TARGET("one", "openai", "a", "0.15 0.60 USD cached 0.075")
    TARGET("two", "anthropic", "b", "3.00 15.00 USD cached 0.30")
        TARGET("three", "openai-responses", "c", "0.000007 0.000011 USD cached 0.000003")
            TARGET("four", "openai", "d", "0.15 0.60 USD cached 0.075"); /* it always stalls */

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
static int64_t stalls_us[AT_ONCE]; /* since when, of asks that will be cancelled */
static bool leaves[AT_ONCE];
static int running;
static int64_t micro_of_asks;

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct asked *k = ctx;
    bench_event(k, e);
    if (e->kind == PL_LLM_TEXT && leaves[k - asked])
        stalls_us[k - asked] = pl_loop_now_us(k->bench->loop);
    if (e->kind != PL_LLM_DONE) return;
    stalls_us[k - asked] = 0;
    micro_of_asks += k->micro;
    running--;
}

/* Customers leave when nothing comes any more. */
static void run_once(struct bench *b) {
    int64_t before = pl_loop_now_us(b->loop) - CANCEL_MS * 1000;
    for (size_t i = 0; i < AT_ONCE; i++) {
        if (stalls_us[i] == 0 || stalls_us[i] > before) continue;
        stalls_us[i] = 0;
        pl_llm_cancel(b->llm, asked[i].id);
    }
    pl_loop_once(b->loop, 20);
}

static void start(struct bench *b, int turn) {
    bool goes = turn % 11 == 0; /* in the middle of an answer */
    struct pl_llm_message m = {.role = PL_LLM_USER,
                               .text = pl_str_c(texts[goes ? 1 : (size_t)turn % PL_LEN(texts)])};
    struct asked *k = asked;
    while (k->bench && k->dones == 0) k++;
    asked_free(k);
    *k = (struct asked){.bench = b};
    leaves[k - asked] = goes;
    b->asked++;
    running++;
    k->id = pl_llm_ask(
        b->llm, &(struct pl_llm_request){.cache_ms = turn % 7 == 0 ? 60000 : 0,
                                         .messages = &m,
                                         .nmessages = 1,
                                         .max_output = 60,
                                         .deadline_ms = 60000,
                                         .target = goes ? PL_STR("four") : PL_STR(""),
                                         .conversation = {(uint8_t)turn, (uint8_t)(turn >> 8)},
                                         .loop = b->loop,
                                         .on_event = on_event,
                                         .ctx = k});
}

static void run_turns(struct bench *b, int turns) {
    int every = turns / CHANGES;
    bench_fault(b, 'd', "stall at=4");
    for (int turn = 0; turn < turns; turn++) {
        /* Each site changes its manner now and then, all of them at other times. */
        if (turn % every == 0)
            for (char site = 'a'; site <= 'c'; site++) {
                size_t which = (size_t)(turn / every * 5 + (site - 'a') * 7) % PL_LEN(manners);
                bench_fault(b, site, manners[which]);
            }
        while (running == AT_ONCE) run_once(b);
        start(b, turn);
    }
    while (running) run_once(b);
}

/* The provider writes its bill when it is done, which may be after the customer has left. */
static void until_billed(struct bench *b) {
    for (char site = 'a'; site <= 'd'; site++)
        for (int i = 0; i < 1000 && provider_bill(b->provider, site).busy; i++)
            pl_loop_once(b->loop, 10);
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
    if (turns_wanted() >= 10000 || i < 2) assert_true(bill.untold > 0 && (i == 3 || bill.told > 0));
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
    run_turns(b, turns_wanted());
    until_billed(b);
    for (size_t i = 0; i < 4; i++) check_target(b, i);
    assert_int_equal(b->llm->ledger.open.n, 0);
    assert_int_equal(b->llm->ledger.reserved_day, 0);
    assert_true(bench_count(b, PL_LLM_COUNT_cache_hits) > 0);
    assert_true(bench_count(b, PL_LLM_COUNT_cancelled) > 0);
    assert_true(bench_count(b, PL_LLM_COUNT_retries) > 0);
    struct pl_llm_spent before = pl_llm_spent(b->llm);
    assert_true(micro_of_asks >= before.total); /* each rounded up */
    /* And it is all there after a restart. */
    pl_llm_destroy(&b->llm);
    bench_client(b, bench_conf(b, conf));
    assert_int_equal(pl_llm_spent(b->llm).total, before.total);
    for (size_t i = 0; i < AT_ONCE; i++) asked_free(&asked[i]);
    bench_close(b);
}

/* ---- processes that are killed ---- */

static struct bench *open_at(const char *folder, int port) {
    struct pl_store_config disk = {.folder = folder, .map_bytes = 1u << 30};
    struct bench *b = calloc(1, sizeof *b);
    char text[32];
    pl_arena_init(&b->arena, 0);
    assert_int_equal(pl_loop_create(pl_clock_system(), &b->loop), PL_OK);
    assert_int_equal(pl_store_open(&disk, &b->store, NULL), PL_OK);
    struct pl_buf out = {0};
    snprintf(text, sizeof text, "%d", port);
    for (const char *at = conf; *at; at++)
        if (at[0] == '%' && at[1] == 'd')
            pl_buf_c(&out, text), at++;
        else
            pl_buf_byte(&out, (uint8_t)*at);
    pl_buf_byte(&out, 0);
    bench_client(b, pl_arena_str(&b->arena, pl_buf_slice(&out)).p);
    pl_buf_free(&out);
    return b;
}

/* Asks until it is killed. */
_Noreturn static void child(const char *folder, int port) {
    struct bench *b = open_at(folder, port);
    for (int turn = 1;; turn++) {
        while (running == AT_ONCE) pl_loop_once(b->loop, 20);
        start(b, turn);
    }
}

static const char *own_path;

static uint64_t requests_to(struct provider *p) {
    uint64_t n = 0;
    for (char site = 'a'; site <= 'd'; site++) n += provider_bill(p, site).requests;
    return n;
}

/* Killed some time after its first hundred requests. */
static void live_and_die(const char *folder, struct provider *p, int ms) {
    uint64_t from = requests_to(p);
    char text[16];
    pid_t pid;
    int status;
    snprintf(text, sizeof text, "%d", provider_port(p));
    char *argv[] = {(char *)(uintptr_t)own_path, (char *)(uintptr_t)folder, text, NULL};
    assert_int_equal(posix_spawn(&pid, own_path, NULL, NULL, argv, environ), 0);
    for (int i = 0; i < 3000 && requests_to(p) < from + 100; i++) usleep(10000);
    usleep((useconds_t)ms * 1000);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

/* What the provider counted in all, told or not. */
static struct pl_llm__money billed(struct provider *p, const struct pl_llm_models *m) {
    struct pl_llm__money sum = {0};
    for (size_t i = 0; i < m->ntargets; i++) {
        struct provider_bill k = provider_bill(p, (char)('a' + i));
        pl_llm__money_add(&sum, price(&m->targets[i], k.input, k.cached, k.output));
        pl_llm__money_add(&sum,
                          price(&m->targets[i], k.untold_input, k.untold_cached, k.untold_output));
    }
    return sum;
}

static void what_was_open_when_it_was_killed_counts_in_full(void **state) {
    char folder[] = "/tmp/llm_mix_XXXXXX", path[64];
    struct provider_manner slow = {.gap_us = 3000};
    int rounds = turns_wanted() >= 10000 ? 20 : 3;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/store", folder);
    struct provider *p = provider_start(STREAMS, 0);
    for (char site = 'a'; site <= 'd'; site++) provider_set(p, site, slow);
    for (int i = 0; i < rounds; i++) live_and_die(path, p, i * 7);
    usleep(500000); /* the provider ends what it had begun */
    struct bench *b = open_at(path, provider_port(p));
    const struct pl_llm__sum *sum = &b->llm->ledger.now;
    struct pl_llm__money bill = billed(p, &b->models), most = bill, told = {0};
    for (size_t i = 0; i < sum->ntotals; i++) pl_llm__money_add(&told, sum->totals[i].told.money);
    /* A reservation is all the prompt, guessed high, and 60 tokens of output. */
    struct pl_llm__money one = price(&b->models.targets[1], 200, 0, 60);
    for (int i = 0; i < rounds * AT_ONCE; i++) pl_llm__money_add(&most, one);
    print_message(
        "%d killed: the provider counted %lld micro, the ledger %lld, of them told %lld\n", rounds,
        (long long)bill.micro, (long long)sum->spent.micro, (long long)told.micro);
    assert_true(bill.micro > 0 && told.micro > 0);
    assert_true(pl_llm__money_up(sum->spent) >= bill.micro);
    assert_true(told.micro <= bill.micro);
    assert_true(sum->spent.micro <= most.micro);
    assert_true(sum->spent.micro > told.micro); /* something was open */
    pl_llm_destroy(&b->llm);
    pl_store_close(&b->store);
    pl_loop_destroy(&b->loop);
    pl_arena_free(&b->arena);
    free(b);
    provider_stop(&p);
    snprintf(path, sizeof path, "rm -rf %s", folder);
    assert_int_equal(system(path), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ledger_is_the_providers_bill),
        cmocka_unit_test(what_was_open_when_it_was_killed_counts_in_full),
    };
    own_path = argv[0];
    if (argc == 3) child(argv[1], (int)strtol(argv[2], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
