/* SPDX-License-Identifier: Apache-2.0
 *
 * A client and a provider on one bench: targets by short names, asks whose events are collected. */
#ifndef LLM_BENCH_H
#define LLM_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_run_priv.h"
#include "tests/provider/provider.h"

#define STREAMS "tests/provider/streams"

/* Timers of a few hundred milliseconds, so that outages pass quickly, also on a busy machine. */
#define QUICK                                                                                      \
    "connect = 400ms\nfirst_token = 600ms\nstall = 600ms\ntotal = 5s\nbreaker_open = 500ms\n"
#define PRICE "price = 0.15 0.60 USD cached 0.075\n"

struct bench {
    struct provider *provider;
    struct pl_loop *loop;
    struct pl_store *store;
    struct pl_arena arena;
    struct pl_llm_models models;
    struct pl_llm *llm;
    int asked, done; /* asks */
};

/* One ask and what came of it. */
struct asked {
    struct bench *bench;
    uint64_t id;
    struct pl_buf text; /* since the last RESTART */
    struct pl_buf log;  /* words of the events, in order */
    int restarts, tools, dones;
    bool stitched; /* an event of an earlier attempt than the last */
    uint32_t attempt;
    enum pl_llm_finish finish;
    enum pl_llm_failure failure;
    struct pl_llm_usage usage;
    int64_t micro, took_us, first_us, first_sentence_us;
    char target[64], why[128];
};

static inline void bench_event(void *ctx, const struct pl_llm_event *e) {
    struct asked *k = ctx;
    assert_int_equal(k->dones, 0);
    if (e->attempt < k->attempt) k->stitched = true;
    if (e->attempt > k->attempt && k->text.n && e->kind != PL_LLM_RESTART && e->kind != PL_LLM_DONE)
        k->stitched = true;
    k->attempt = e->attempt;
    pl_buf_printf(&k->log, "%s%s", k->log.n ? " " : "", pl_llm_event_word(e->kind));
    switch (e->kind) {
    case PL_LLM_RESTART:
        k->restarts++;
        pl_buf_clear(&k->text);
        k->tools = 0;
        break;
    case PL_LLM_TEXT:
    case PL_LLM_REFUSAL: pl_buf_str(&k->text, e->text); break;
    case PL_LLM_TOOL: k->tools++; break;
    case PL_LLM_DONE:
        k->dones++;
        k->bench->done++;
        k->finish = e->done.finish;
        k->failure = e->done.failure;
        k->usage = e->done.usage;
        k->micro = e->done.micro;
        k->took_us = e->done.took_us;
        k->first_us = e->done.first_us;
        snprintf(k->target, sizeof k->target, "%.*s", PL_STR_ARG(e->done.target));
        snprintf(k->why, sizeof k->why, "%.*s", PL_STR_ARG(e->done.why));
        break;
    default: break;
    }
}

static inline void bench_client(struct bench *b, const char *conf) {
    struct pl_buf errors = {0};
    if (pl_llm_models_parse(&b->arena, pl_str_c(conf), "models.conf", &b->models, &errors))
        fail_msg("%.*s", (int)errors.n, errors.p);
    struct pl_llm_config config = {.models = &b->models,
                                   .clock = pl_loop_clock(b->loop),
                                   .loop = b->loop,
                                   .store = b->store,
                                   .seed = 7};
    assert_int_equal(pl_llm_create(&config, &b->llm), PL_OK);
}

/* In conf, %d stands for the provider's port, everywhere. */
static inline char *bench_conf(struct bench *b, const char *conf) {
    struct pl_buf out = {0};
    for (const char *p = conf; *p; p++) {
        if (p[0] == '%' && p[1] == 'd') {
            pl_buf_printf(&out, "%d", provider_port(b->provider));
            p++;
        } else {
            pl_buf_byte(&out, (uint8_t)*p);
        }
    }
    char *text = (char *)(uintptr_t)pl_arena_str(&b->arena, pl_buf_slice(&out)).p;
    pl_buf_free(&out);
    return text;
}

static inline struct bench *bench_open(const char *conf) {
    struct bench *b = calloc(1, sizeof *b);
    pl_arena_init(&b->arena, 0);
    b->provider = provider_start(STREAMS, 0);
    assert_int_equal(pl_loop_create(pl_clock_system(), &b->loop), PL_OK);
    bench_client(b, bench_conf(b, conf));
    return b;
}

static inline void bench_close(struct bench *b) {
    pl_llm_destroy(&b->llm);
    provider_stop(&b->provider);
    if (b->store) pl_store_close(&b->store);
    pl_loop_destroy(&b->loop);
    pl_arena_free(&b->arena);
    free(b);
}

static inline void bench_fault(struct bench *b, char site, const char *manner) {
    struct provider_manner m;
    assert_true(provider_manner_parse(manner, &m));
    provider_set(b->provider, site, m);
}

static inline void bench_send(struct bench *b, struct asked *k, const char *text,
                              struct pl_llm_request r) {
    struct pl_llm_message m = {.role = PL_LLM_USER, .text = pl_str_c(text)};
    if (!r.messages && !r.nembed) {
        r.messages = &m;
        r.nmessages = 1;
    }
    if (r.deadline_ms == 0) r.deadline_ms = 5000;
    if (r.max_output == 0) r.max_output = 100;
    r.loop = b->loop;
    r.on_event = bench_event;
    r.ctx = k;
    *k = (struct asked){.bench = b};
    b->asked++;
    k->id = pl_llm_ask(b->llm, &r);
}

static inline void bench_wait(struct bench *b) {
    for (int i = 0; i < 3000 && b->done < b->asked; i++) pl_loop_once(b->loop, 20);
    assert_int_equal(b->done, b->asked);
}

static inline void bench_run(struct bench *b, int ms) {
    int64_t until = pl_loop_clock(b->loop).mono_us(pl_loop_clock(b->loop).ctx) + ms * 1000;
    while (pl_loop_clock(b->loop).mono_us(pl_loop_clock(b->loop).ctx) < until)
        pl_loop_once(b->loop, 5);
}

static inline void bench_ask(struct bench *b, struct asked *k, const char *text) {
    bench_send(b, k, text, (struct pl_llm_request){0});
    bench_wait(b);
}

static inline const char *asked_text(struct asked *k) {
    pl_buf_byte(&k->text, 0);
    k->text.n--;
    return k->text.p;
}

static inline void asked_free(struct asked *k) {
    pl_buf_free(&k->text);
    pl_buf_free(&k->log);
}

static inline uint64_t bench_count(struct bench *b, enum pl_llm_count c) {
    return pl_counter_read(&pl_llm_counters(b->llm)[c]);
}

#endif
