/* SPDX-License-Identifier: Apache-2.0
 *
 * Outages of the first of two targets, and of both: what customers see of them.
 *
 * The first released sentence is the first one of the attempt that counts in the end, so that a
 * sentence which was replaced is none. `scale` divides all times of the models file, and of what is
 * promised with them. */
#include <string.h>

#include "runtime/loop/loop.h"
#include "tests/load/model_load.h"

enum { AT_ONCE = 8, WITHIN_MS = 8000, PROMISED_MS = 5000, OPEN_MORE_MS = 50, BACK_MS = 10000 };

#define SAID     "You have 30 days to return unworn shoes. Bring them to our caf\u00e9 in Z\u00fcrich."
#define QUESTION "How long do I have to send my shoes back? [say " SAID "]"

enum { OUT, OUT_FOR_LONG /* nothing is asked again of it */, ODD /* it answers, strangely */ };

static const struct {
    const char *name, *fault; /* fault: at the provider */
    const char *url;          /* of a first that is elsewhere; NULL: the provider */
    int what;
} kinds[] = {
    {"refused", NULL, "http://127.0.0.1:%1/v1", OUT},
    {"blackholed", NULL, "http://127.0.0.1:%2/v1", OUT},
    {"TLS stall", NULL, "https://127.0.0.1:%3/v1", OUT},
    {"silent", "silent", NULL, OUT},
    {"headers and no more", "headers", NULL, OUT},
    {"500", "500", NULL, OUT},
    {"503", "503", NULL, OUT},
    {"529", "529", NULL, OUT},
    {"429", "429", NULL, OUT},
    {"429 with retry-after", "retry_after after=20", NULL, OUT},
    {"quota", "quota", NULL, OUT_FOR_LONG},
    {"key refused", "401", NULL, OUT_FOR_LONG},
    {"no such model", "404", NULL, OUT_FOR_LONG},
    {"reset", "reset", NULL, OUT},
    {"cut in the middle", "cut at=4", NULL, OUT},
    {"stall in the middle", "stall at=4", NULL, OUT},
    {"malformed event", "malformed at=4", NULL, OUT},
    {"missing end", "missing_end at=0", NULL, OUT},
    {"error after 200", "error_after at=4", NULL, OUT},
    {"split UTF-8", "split", NULL, ODD},
    {"a byte a write", "bytes", NULL, ODD},
};

struct seen {
    struct samples first;
    size_t bad, late, by_article, by_model;
};
static struct seen seen;

static void ended(struct rig *r, struct turn *t) {
    struct pl_str text = pl_buf_slice(&t->text);
    bool model = t->outcome == PL_ANSWER_OK && pl_str_is(text, r->expected);
    seen.by_model += model;
    seen.by_article += t->outcome == PL_ANSWER_OK && !model;
    seen.bad += t->wrong;
    if (t->ended_us - t->begun_us > (WITHIN_MS + 250) * 1000) seen.late++;
    sample(&seen.first, (model && t->first_us ? t->first_us : t->ended_us) - t->begun_us);
}

static void forget(void) {
    samples_free(&seen.first);
    seen = (struct seen){0};
}

static void play(struct rig *r, int turns) {
    forget();
    for (int i = 0; i < turns; i++) {
        while (r->running == AT_ONCE) pl_loop_once(r->loop, 20);
        rig_turn(r, QUESTION, WITHIN_MS);
    }
    while (r->running) pl_loop_once(r->loop, 20);
}

/* ---- models files ---- */

static void put_times(struct pl_buf *b, int scale) {
    pl_buf_printf(b,
                  "connect = %dms\nfirst_token = %dms\nstall = %dms\ntotal = 30s\n"
                  "breaker_open = %dms\nbreaker_hold = 10m\n",
                  1000 / scale, 2500 / scale, 5000 / scale, 5000 / scale);
}

static const char *conf_of(struct rig *r, struct provider *p, const char *first, int scale) {
    struct pl_buf b = {0};
    pl_buf_c(&b, "cache = no\n[first]\ndialect = openai\nmodel = m\nprice = 1 2 USD\nurl = ");
    if (first)
        pl_buf_printf(&b, "%s\n", first);
    else
        pl_buf_printf(&b, "http://127.0.0.1:%d/a/v1\n", provider_port(p));
    put_times(&b, scale);
    pl_buf_printf(&b,
                  "[second]\ndialect = anthropic\nmodel = m\nprice = 1 2 USD\n"
                  "url = http://127.0.0.1:%d/b\n",
                  provider_port(p));
    put_times(&b, scale);
    pl_buf_byte(&b, 0);
    const char *conf = pl_arena_str(&r->a, pl_buf_slice(&b)).p;
    pl_buf_free(&b);
    return conf;
}

/* %1 %2 %3: a closed port, a black hole, a mute one. */
static const char *elsewhere(struct rig *r, const char *url, const struct provider_trap traps[2]) {
    int ports[3] = {provider_closed_port(), traps[0].port, traps[1].port};
    const char *at = strchr(url, '%');
    return pl_arena_printf(&r->a, "%.*s%d%s", (int)(at - url), url, ports[at[1] - '1'], at + 2).p;
}

static void fault(struct provider *p, char site, const char *manner) {
    struct provider_manner m;
    if (provider_manner_parse(manner, &m)) provider_set(p, site, m);
}

/* ---- one target is out ---- */

static bool check(bool well, const char *what) {
    if (!well) printf("   WRONG: %s", what);
    return well;
}

static void on_warm(void *ctx, const struct pl_llm_event *e) {
    if (e->kind == PL_LLM_DONE) *(bool *)ctx = true;
}

/* The first TLS connection of a process reads all certificates. */
static void warm_up(struct rig *r, const char *url) {
    struct pl_llm_message m = {.role = PL_LLM_USER, .text = PL_STR("x")};
    bool done = false;
    if (!url || strncmp(url, "https", 5) != 0) return;
    pl_llm_ask(r->llm, &(struct pl_llm_request){.messages = &m,
                                                .nmessages = 1,
                                                .deadline_ms = 3000,
                                                .target = PL_STR("first"),
                                                .loop = r->loop,
                                                .on_event = on_warm,
                                                .ctx = &done});
    while (!done) pl_loop_once(r->loop, 20);
    rig_run(r, 1500);
}

/* A moment of the machine may be slow: three tries to be as quick as without an outage. */
static int64_t open_ms(struct rig *r, int turns, int64_t normal_us) {
    int64_t best = INT64_MAX;
    for (int i = 0; i < 3 && best > normal_us + OPEN_MORE_MS * 1000; i++) {
        play(r, turns);
        int64_t p99 = percentile(&seen.first, 99);
        if (p99 < best) best = p99;
    }
    return best;
}

/* In a hurry only what is shown is looked at: a busy machine keeps no times. */
static bool one_kind(struct rig *r, struct provider *p, size_t i, const char *conf, int turns,
                     int scale, int64_t normal_us, bool hurry) {
    rig_client(r, conf);
    if (kinds[i].fault) fault(p, 'a', kinds[i].fault);
    warm_up(r, kinds[i].url);
    uint64_t to_first = provider_bill(p, 'a').requests;
    uint64_t before = rig_count(r, PL_LLM_COUNT_attempts);
    play(r, turns);
    int64_t p99 = percentile(&seen.first, 99), most = percentile(&seen.first, 100);
    uint64_t attempts = rig_count(r, PL_LLM_COUNT_attempts) - before;
    double extra = 100.0 * ((double)attempts - turns) / turns;
    size_t answered = seen.by_model, stitched = seen.bad;
    int64_t open = open_ms(r, turns / 2, normal_us);
    printf("%-21s answered %zu of %d, first sentence p99 %.1f ms, most %.1f ms; breaker open p99 "
           "%.1f ms; extra requests %.1f %%, retries %llu, to the first %llu",
           kinds[i].name, answered, turns, (double)p99 / 1e3, (double)most / 1e3,
           (double)open / 1e3, extra, (unsigned long long)rig_count(r, PL_LLM_COUNT_retries),
           (unsigned long long)(provider_bill(p, 'a').requests - to_first));
    fault(p, 'a', "none");
    bool well = check(answered == (size_t)turns, "not all answered");
    well &= check(stitched == 0, "a partial text that is no beginning of the answer");
    well &=
        check(hurry || p99 <= PROMISED_MS * 1000 / scale + 250000, "the first sentence is late");
    well &= check(hurry || kinds[i].what == ODD || open <= normal_us + OPEN_MORE_MS * 1000,
                  "late with the breaker open");
    well &= check(hurry || extra <= 10, "too many requests");
    if (kinds[i].what == OUT_FOR_LONG)
        well &= check(rig_count(r, PL_LLM_COUNT_retries) == 0, "asked again");
    printf("\n");
    fflush(stdout);
    return well;
}

int outages(struct rig *r, int turns, int scale, const char *only) {
    struct provider_trap traps[2];
    struct provider *p = provider_start("tests/provider/streams", 0);
    bool well = true;
    provider_blackhole(&traps[0]);
    provider_mute(&traps[1]);
    r->ended = ended;
    r->expected = SAID;
    rig_client(r, conf_of(r, p, NULL, scale));
    play(r, turns);
    int64_t normal = percentile(&seen.first, 99);
    printf("%-21s answered %zu of %d, first sentence p50 %.1f ms, p99 %.1f ms\n", "normal",
           seen.by_model, turns, (double)percentile(&seen.first, 50) / 1e3, (double)normal / 1e3);
    for (size_t i = 0; i < PL_LEN(kinds); i++) {
        if (only && !strstr(kinds[i].name, only)) continue;
        const char *first = kinds[i].url ? elsewhere(r, kinds[i].url, traps) : NULL;
        well &= one_kind(r, p, i, conf_of(r, p, first, scale), turns, scale, normal, only != NULL);
    }
    forget();
    provider_untrap(&traps[0]);
    provider_untrap(&traps[1]);
    pl_llm_destroy(&r->llm);
    provider_stop(&p);
    return well ? 0 : 1;
}

/* ---- all are out ---- */

static const char *const ways[][2] = {{"503", "reset"},
                                      {"silent", "silent"},
                                      {"500", "529"},
                                      {"reset", "headers"},
                                      {"429", "429"},
                                      {"headers", "503"},
                                      {"cut at=3", "malformed at=3"},
                                      {"529", "silent"}};

/* A turn a second until the first one that the model answers and all after it. */
static int64_t back_ms(struct rig *r, int64_t since_us) {
    int64_t back = -1;
    forget();
    for (int i = 0; i < 30; i++) {
        size_t before = seen.by_model;
        rig_turn(r, QUESTION, WITHIN_MS);
        while (r->running) pl_loop_once(r->loop, 20);
        if (seen.by_model == before)
            back = -1;
        else if (back < 0)
            back = (rig_now(r) - since_us) / 1000;
        rig_run(r, 500);
    }
    return back;
}

int blackout(struct rig *r, int seconds, int scale) {
    struct provider *p = provider_start("tests/provider/streams", 0);
    r->ended = ended;
    r->expected = SAID;
    rig_client(r, conf_of(r, p, NULL, scale));
    forget();
    for (int s = 0; s < seconds; s++) {
        size_t way = (size_t)(s * (int)PL_LEN(ways) / seconds);
        fault(p, 'a', ways[way][0]);
        fault(p, 'b', ways[way][1]);
        rig_turn(r, s % 2 ? QUESTION : "What is the capital of Peru? [say Lima.]", WITHIN_MS);
        rig_run(r, 1000);
    }
    while (r->running) pl_loop_once(r->loop, 20);
    int64_t slowest = percentile(&seen.first, 100), p99 = percentile(&seen.first, 99);
    size_t ends = seen.first.n, articles = seen.by_article, model = seen.by_model;
    size_t late = seen.late, wrong = seen.bad;
    uint64_t attempts = rig_count(r, PL_LLM_COUNT_attempts);
    fault(p, 'a', "none");
    fault(p, 'b', "none");
    int64_t back = back_ms(r, rig_now(r));
    printf(
        "all out for %d s: %zu turns of %d ended (%zu by the articles, %zu by the flow's `down`), "
        "p99 %.0f ms, slowest %.0f ms of %d; %llu requests, %llu probes; full service %lld ms "
        "after the return\n",
        seconds, ends, seconds, articles, ends - articles, (double)p99 / 1e3, (double)slowest / 1e3,
        WITHIN_MS, (unsigned long long)attempts,
        (unsigned long long)rig_count(r, PL_LLM_COUNT_probes), (long long)back);
    bool well =
        check(ends == (size_t)seconds && late == 0, "a turn without its fallback in time\n");
    well &= check(model == 0 && wrong == 0, "something was shown of a failed answer\n");
    well &= check(back >= 0 && back <= BACK_MS / scale + 1000, "not back in time\n");
    forget();
    pl_llm_destroy(&r->llm);
    provider_stop(&p);
    return well ? 0 : 1;
}
