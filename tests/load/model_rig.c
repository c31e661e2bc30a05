/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/crypto/crypto.h"
#include "runtime/loop/loop.h"
#include "tests/load/model_load.h"

static void give_up(const char *what) {
    fprintf(stderr, "pl_model_load: %s\n", what);
    exit(2);
}

int64_t rig_now(const struct rig *r) {
    return r->clock.mono_us(r->clock.ctx);
}

uint64_t rig_count(struct rig *r, enum pl_llm_count c) {
    return pl_counter_read(&pl_llm_counters(r->llm)[c]);
}

/* ---- samples ---- */

void sample(struct samples *s, int64_t v) {
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 1024;
        s->v = realloc(s->v, s->cap * sizeof *s->v);
        if (!s->v) give_up("out of memory");
    }
    s->v[s->n++] = v;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

int64_t percentile(struct samples *s, double percent) {
    if (s->n == 0) return -1;
    qsort(s->v, s->n, sizeof *s->v, by_size);
    size_t at = (size_t)((double)s->n * percent / 100);
    return s->v[at < s->n ? at : s->n - 1];
}

void samples_free(struct samples *s) {
    free(s->v);
    *s = (struct samples){0};
}

/* ---- the model, watched ---- */

struct watched { /* an ask */
    struct turn *turn;
    pl_llm_on_event *on_event;
    void *ctx;
};

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct watched *w = ctx;
    struct turn *t = w->turn;
    bool last = e->kind == PL_LLM_DONE;
    int64_t from = rig_now(t->rig);
    t->last_us = from;
    w->on_event(w->ctx, e);
    t->handled_us += rig_now(t->rig) - from;
    if (last) free(w);
}

static uint64_t ask(void *ctx, const struct pl_llm_request *request) {
    struct rig *r = ctx;
    struct pl_llm_request own = *request;
    struct watched *w = calloc(1, sizeof *w);
    if (!w) return 0;
    *w = (struct watched){r->starting, request->on_event, request->ctx};
    own.on_event = on_event;
    own.ctx = w;
    r->starting->asked_us = rig_now(r);
    return pl_llm_ask(r->llm, &own);
}

static void cancel(void *ctx, uint64_t id) {
    struct rig *r = ctx;
    pl_llm_cancel(r->llm, id);
}

/* ---- turns ---- */

static void on_partial(void *ctx, uint32_t attempt, struct pl_str text) {
    struct turn *t = ctx;
    if (attempt != t->attempt) {
        pl_buf_clear(&t->partial);
        t->first_us = rig_now(t->rig);
        t->attempt = attempt;
    }
    pl_buf_str(&t->partial, text);
    struct pl_str shown = pl_str_trim(pl_buf_slice(&t->partial));
    t->wrong |= !pl_str_starts(pl_str_c(t->rig->expected), shown);
}

static void on_done(void *ctx, enum pl_answer_outcome outcome, struct pl_str value,
                    struct pl_str why) {
    struct turn *t = ctx;
    struct pl_arena a;
    (void)why;
    t->ended_us = rig_now(t->rig);
    t->outcome = outcome;
    pl_arena_init(&a, 0);
    struct pl_reader reader = pl_reader_of(value);
    struct pl_value v = value.n ? pl_value_read(&reader, &a) : PL_NONE;
    if (v.kind == PL_KIND_RECORD) pl_buf_str(&t->text, pl_rec_get(v, PL_STR("text")).s);
    pl_arena_free(&a);
    t->busy = false;
    t->rig->running--;
    if (t->rig->ended) t->rig->ended(t->rig, t);
}

static uint32_t answering(const struct rig *r) {
    const struct pl_program *p = pl_image_program(r->image);
    for (uint32_t i = 0; i < p->nmodels; i++)
        if (p->models[i].kind == PL_MODEL_ANSWER) return i;
    give_up("the image has no flow that answers");
    return 0;
}

void rig_turn(struct rig *r, const char *question, int64_t within_ms) {
    struct turn *t = r->turns;
    while (t < r->turns + MOST_AT_ONCE - 1 && t->busy) t++;
    pl_buf_free(&t->partial);
    pl_buf_free(&t->text);
    *t = (struct turn){.rig = r, .busy = true};
    struct pl_value given[8] = {{0}};
    uint32_t model = answering(r);
    struct pl_answer_turn in = {.image = r->image,
                                .model = model,
                                .args = given,
                                .nargs = pl_image_program(r->image)->models[model].ngiven,
                                .text = pl_str_c(question),
                                .locale = PL_STR("en"),
                                .within_ms = within_ms,
                                .loop = r->loop,
                                .done = on_done,
                                .partial = on_partial,
                                .ctx = t};
    t->number = ++r->begun;
    memcpy(in.conversation, &r->begun, sizeof r->begun);
    r->running++;
    r->starting = t;
    t->begun_us = rig_now(r);
    pl_answer_start(r->answer, &in);
}

void rig_run(struct rig *r, int64_t ms) {
    int64_t until = rig_now(r) + ms * 1000;
    while (rig_now(r) < until) pl_loop_once(r->loop, (int)((until - rig_now(r)) / 1000) + 1);
}

/* ---- opening ---- */

void rig_client(struct rig *r, const char *conf) {
    struct pl_buf errors = {0};
    struct pl_store_config memory = {.seed = 1};
    if (r->llm) pl_llm_destroy(&r->llm);
    if (r->store) pl_store_close(&r->store);
    if (!r->no_store && pl_store_open(&memory, &r->store, NULL) != PL_OK) give_up("no store");
    if (pl_llm_models_parse(&r->a, pl_str_c(conf), "load", &r->models, &errors) != PL_OK) {
        fprintf(stderr, "%.*s", (int)errors.n, errors.p);
        exit(2);
    }
    struct pl_llm_config config = {
        .models = &r->models, .clock = r->clock, .store = r->store, .max_connections = 4096};
    if (pl_llm_create(&config, &r->llm) != PL_OK) give_up("no client");
}

static void open_image(struct rig *r, const char *path) {
    struct pl_str bytes;
    uint8_t hash[32];
    char why[256];
    if (pl_file_read(&r->a, path, 64u << 20, &bytes) != PL_OK) give_up("the image cannot be read");
    pl_crypto_sha256(bytes, hash);
    if (pl_image_load(bytes, hash, &r->image, why) != PL_OK) give_up(why);
}

void rig_open(struct rig *r, const char *image) {
    static const uint8_t secret[32] = {7};
    *r = (struct rig){.clock = pl_clock_system()};
    pl_arena_init(&r->a, 0);
    open_image(r, image);
    r->locales = pl_locale_tools_new();
    if (pl_loop_create(r->clock, &r->loop) != PL_OK) give_up("no loop");
    struct pl_answer_config config = {
        .locales = r->locales, .model = {r, ask, cancel}, .clock = r->clock, .secret = secret};
    r->answer = pl_answer_create(&config);
    if (!r->answer || pl_answer_load(r->answer, r->image) != PL_OK) give_up("no articles");
}

void rig_close(struct rig *r) {
    pl_answer_destroy(&r->answer);
    if (r->llm) pl_llm_destroy(&r->llm);
    rig_run(r, 50);
    for (size_t i = 0; i < MOST_AT_ONCE; i++) {
        pl_buf_free(&r->turns[i].partial);
        pl_buf_free(&r->turns[i].text);
    }
    if (r->store) pl_store_close(&r->store);
    pl_image_unref(&r->image);
    pl_locale_tools_free(&r->locales);
    pl_loop_destroy(&r->loop);
    pl_arena_free(&r->a);
}
