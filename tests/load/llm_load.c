/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client of models costs at many streams at once.
 *
 *   fake_provider --port 8090 "a=none gap=50000" &
 *   pl_llm_load http://127.0.0.1:8090/a/v1 STREAMS TOKENS
 *
 * The provider writes the time of sending into each token; here the time of its arrival is taken,
 * on the loop that asked. Prints percentiles of the difference, and the CPU of this process. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "runtime/llm/llm.h"
#include "runtime/loop/loop.h"

enum { SAMPLES = 4000000 };

struct load {
    struct pl_clock clock;
    int64_t *late_us;
    size_t n, done, failed;
};

static int64_t now_us(const struct load *l) {
    return l->clock.mono_us(l->clock.ctx);
}

static void take(struct load *l, struct pl_str piece) {
    int64_t sent;
    if (!pl_str_i64(pl_str_trim(piece), &sent) || l->n == SAMPLES) return;
    l->late_us[l->n++] = now_us(l) - sent;
}

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct load *l = ctx;
    if (e->kind == PL_LLM_TEXT) take(l, e->text);
    if (e->kind != PL_LLM_DONE) return;
    l->done++;
    if (e->done.failure != PL_LLM_FAIL_NONE) l->failed++;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(struct load *l, size_t streams, double cpu, double seconds) {
    qsort(l->late_us, l->n, sizeof *l->late_us, by_size);
    if (l->n == 0) l->late_us[l->n++] = -1;
    printf("%zu streams, %zu tokens in %.1f s: late by p50 %.2f ms, p99 %.2f ms, most %.2f ms; CPU "
           "%.0f %% of a core, %.1f us a token; %zu failed\n",
           streams, l->n, seconds, (double)l->late_us[l->n / 2] / 1e3,
           (double)l->late_us[l->n * 99 / 100] / 1e3, (double)l->late_us[l->n - 1] / 1e3,
           100 * cpu / seconds, cpu * 1e6 / (double)l->n, l->failed);
}

static int run(struct load *l, struct pl_llm *llm, size_t streams, const char *tokens) {
    struct pl_loop *loop;
    char text[64];
    if (pl_loop_create(l->clock, &loop) != PL_OK) return 2;
    snprintf(text, sizeof text, "[clock %s]", tokens);
    struct pl_llm_message m = {.role = PL_LLM_USER, .text = pl_str_c(text)};
    struct pl_llm_request r = {.messages = &m,
                               .nmessages = 1,
                               .deadline_ms = 600000,
                               .loop = loop,
                               .on_event = on_event,
                               .ctx = l};
    double cpu = cpu_seconds();
    int64_t begun = now_us(l);
    for (size_t i = 0; i < streams; i++) {
        pl_llm_ask(llm, &r);
        if (i % 10 == 9) pl_loop_once(loop, 10); /* people do not begin all at once */
    }
    while (l->done < streams) pl_loop_once(loop, 100);
    report(l, streams, cpu_seconds() - cpu, (double)(now_us(l) - begun) / 1e6);
    pl_loop_destroy(&loop);
    return l->failed ? 1 : 0;
}

int main(int argc, char **argv) {
    struct load l = {.clock = pl_clock_system()};
    struct pl_arena a;
    struct pl_llm_models models;
    struct pl_buf errors = {0};
    struct pl_llm *llm = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: pl_llm_load URL STREAMS TOKENS\n");
        return 2;
    }
    pl_arena_init(&a, 0);
    struct pl_str conf = pl_arena_printf(
        &a, "[t]\ndialect = openai\nmodel = m\nurl = %s\nconnect = 30s\nfirst_token = 60s\n",
        argv[1]);
    if (pl_llm_models_parse(&a, conf, "load", &models, &errors) != PL_OK) {
        fprintf(stderr, "%.*s", (int)errors.n, errors.p);
        return 2;
    }
    l.late_us = calloc(SAMPLES, sizeof *l.late_us);
    struct pl_llm_config config = {.models = &models, .clock = l.clock, .max_connections = 4096};
    int code = 2;
    if (l.late_us && pl_llm_create(&config, &llm) == PL_OK)
        code = run(&l, llm, strtoul(argv[2], NULL, 10), argv[3]);
    pl_llm_destroy(&llm);
    free(l.late_us);
    pl_arena_free(&a);
    return code;
}
