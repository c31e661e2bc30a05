/* SPDX-License-Identifier: Apache-2.0
 *
 * What we add to a turn of a model while many are streaming: all of the turn's time but the model's
 * own. The turn begins when the customer's words are there, and ends when its text may be shown.
 * The model's time begins when the kernel has all bytes of the request, and ends when the last
 * event of its stream is handed to the kernel; the provider, another process, writes both down for
 * each turn. So what the provider takes to be woken, to read and to write counts as the model's,
 * and all else is ours: articles, placeholders, prompt, threads, sockets, the checks of sentences.
 * Without a store: a reservation's commit is not ours to measure here. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "runtime/loop/loop.h"
#include "tests/load/model_load.h"

enum { WITHIN_MS = 60000, RAMP_MS = 8000 };

#define SENTENCE                                                                                   \
    "You can return unworn shoes within 30 days of delivery. Sale items cannot be returned. "      \
    "Put the shoes into their own box. "
#define SAID     SENTENCE SENTENCE SENTENCE "You can return unworn shoes within 30 days of delivery."
#define QUESTION "How long do I have to send my shoes back? [say " SAID "]"

struct ours {
    uint64_t number;
    int64_t took_us;
};

static struct {
    struct samples before, during, after, overhead;
    struct ours *turns; /* in the order of their ends */
    size_t nturns, cap, bad, failed;
    bool measures, stops;
} load;

static void begin(struct rig *r) {
    char question[1024];
    snprintf(question, sizeof question, "[mark %llu] %s", (unsigned long long)r->begun + 1,
             QUESTION);
    rig_turn(r, question, WITHIN_MS);
}

static void take(const struct turn *t) {
    if (load.nturns == load.cap) {
        load.cap = load.cap ? 2 * load.cap : 4096;
        load.turns = realloc(load.turns, load.cap * sizeof *load.turns);
        pl_assert(load.turns);
    }
    load.turns[load.nturns++] = (struct ours){t->number, t->ended_us - t->begun_us};
    sample(&load.before, t->asked_us - t->begun_us);
    sample(&load.during, t->handled_us);
    sample(&load.after, t->ended_us - t->last_us);
}

static void ended(struct rig *r, struct turn *t) {
    if (t->wrong) load.bad++;
    if (t->outcome != PL_ANSWER_OK || !pl_str_is(pl_buf_slice(&t->text), SAID)) load.failed++;
    if (load.measures) take(t);
    if (!load.stops) begin(r);
}

/* ---- the model's part ---- */

static int by_number(const void *a, const void *b) {
    const struct ours *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Takes the model's time from each turn's. */
static void take_overhead(const char *times) {
    long long number, came, sent;
    FILE *f = fopen(times, "r");
    qsort(load.turns, load.nturns, sizeof *load.turns, by_number);
    while (f && fscanf(f, "%lld %lld %lld", &number, &came, &sent) == 3) {
        struct ours key = {(uint64_t)number, 0};
        const struct ours *t =
            bsearch(&key, load.turns, load.nturns, sizeof *load.turns, by_number);
        if (t) sample(&load.overhead, t->took_us - (sent - came));
    }
    if (f) fclose(f);
}

/* ---- the whole ---- */

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void ramp(struct rig *r, size_t n) {
    for (size_t i = 0; i < n; i++) {
        begin(r);
        rig_run(r, RAMP_MS / (int64_t)n);
    }
}

static double ms(struct samples *s, double percent) {
    return (double)percentile(s, percent) / 1e3;
}

static void line(const char *what, struct samples *s) {
    printf("%-22s p50 %.3f ms, p99 %.3f ms, most %.3f ms\n", what, ms(s, 50), ms(s, 99),
           ms(s, 100));
}

static int report(size_t n, double cpu, double seconds) {
    printf("%zu streams at once, %zu turns in %.0f s; CPU %.0f %% of a core\n", n, load.nturns,
           seconds, 100 * cpu / seconds);
    line("before the request", &load.before);
    line("checks of the reply", &load.during);
    line("from the last event on", &load.after);
    line("overhead of a turn", &load.overhead);
    printf("failed %zu, stitched %zu, without the model's times %zu\n", load.failed, load.bad,
           load.nturns - load.overhead.n);
    bool well = load.failed == 0 && load.bad == 0 && load.nturns > 0;
    if (!well || load.overhead.n != load.nturns) return 1;
    return percentile(&load.overhead, 50) < 1000 && percentile(&load.overhead, 99) < 10000 ? 0 : 3;
}

int streams(struct rig *r, const char *url, const char *times, size_t n, int seconds) {
    struct pl_str conf = pl_arena_printf(
        &r->a,
        "cache = no\n[slow]\ndialect = openai\nmodel = m\nurl = %s/a/v1\nprice = 1 2 USD\n"
        "connect = 30s\nfirst_token = 30s\nstall = 20s\ntotal = 60s\n",
        url);
    r->ended = ended;
    r->expected = SAID;
    r->no_store = true;
    rig_client(r, conf.p);
    ramp(r, n);
    load.measures = true;
    double cpu = cpu_seconds();
    int64_t begun = rig_now(r);
    rig_run(r, seconds * 1000);
    cpu = cpu_seconds() - cpu;
    double took = (double)(rig_now(r) - begun) / 1e6;
    load.measures = false;
    load.stops = true;
    while (r->running) pl_loop_once(r->loop, 100);
    rig_run(r, 200); /* the provider writes the last times behind the last event */
    take_overhead(times);
    int code = report(n, cpu, took);
    struct samples *all[] = {&load.before, &load.during, &load.after, &load.overhead};
    for (size_t i = 0; i < PL_LEN(all); i++) samples_free(all[i]);
    free(load.turns);
    return code;
}
