/* SPDX-License-Identifier: Apache-2.0
 *
 * What the gateway asks for operators, readers and scrapers over HTTP. Reading the queue takes its
 * time: a thread of its own does it.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/privacy/privacy.h"
#include "tools/cli/wire_priv.h"

struct api_ask {
    struct pl_post post;
    struct cli_server *s;
    uint64_t ticket;
    uint32_t limit;
    char after[80];
};

static void api_read(struct pl_post *post) {
    struct api_ask *k = (struct api_ask *)(void *)post; /* its first member */
    char next[PL_ENGINE_CURSOR];
    struct pl_buf b = {0};
    pl_buf_c(&b, "{\"queue\":");
    enum pl_err err = pl_engine_queue(k->s->engine, k->limit, pl_str_c(k->after), &b, next);
    if (next[0]) pl_buf_printf(&b, ",\"next\":\"%s\"", next);
    pl_buf_byte(&b, '}');
    if (b.failed) err = PL_NOMEM;
    pl_gateway_answer(k->s->gateway, k->ticket, err, pl_buf_slice(&b));
    pl_buf_free(&b);
    free(k);
}

static bool api_queue(void *ctx, uint64_t ticket, uint32_t limit, struct pl_str after) {
    struct cli_server *s = ctx;
    struct api_ask *k = calloc(1, sizeof *k);
    if (!k) return false;
    *k = (struct api_ask){.post.fn = api_read, .s = s, .ticket = ticket, .limit = limit};
    snprintf(k->after, sizeof k->after, "%.*s", PL_STR_ARG(after));
    pl_loop_post(s->api_loop, &k->post);
    return true;
}

static bool api_done(void *ctx, uint64_t ticket, const struct pl_gateway_done *d) {
    struct cli_server *s = ctx;
    struct pl_engine_done out;
    if (!pl_engine_done_read(d->id, &out)) return false;
    memcpy(out.who, d->who, sizeof d->who);
    if (d->back) out.what = PL_ENGINE_BACK;
    out.text = d->note;
    pl_engine_done(s->engine, ticket, &out);
    return true;
}

static void api_event(void *ctx, uint64_t ticket, const struct pl_gateway_happening *what) {
    struct cli_server *s = ctx;
    struct pl_engine_happening h = {.name = what->name, .args = what->args, .key = what->key};
    h.by_customer = what->by_customer;
    memcpy(h.customer, what->customer, sizeof h.customer);
    memcpy(h.conversation, what->conversation, sizeof h.conversation);
    pl_engine_event(s->engine, ticket, &h);
}

static void api_erase(void *ctx, uint64_t ticket, const uint8_t customer[16]) {
    struct cli_server *s = ctx;
    pl_engine_erase(s->engine, ticket, customer);
}

static void api_wants(void *ctx, uint64_t ticket, const uint8_t conversation[16],
                      const uint8_t hash[32]) {
    struct cli_server *s = ctx;
    pl_engine_wants_file(s->engine, ticket, conversation, hash);
}

static void *api_thread(void *ctx) {
    struct cli_server *s = ctx;
    pl_loop_run(s->api_loop);
    return NULL;
}

enum pl_err pl_cli__api_open(struct cli_server *s) {
    enum pl_err err = pl_loop_create(pl_clock_system(), &s->api_loop);
    if (err == PL_OK && pthread_create(&s->api_thread, NULL, api_thread, s) != 0) err = PL_NOMEM;
    s->api_runs = err == PL_OK;
    return err;
}

void pl_cli__api_close(struct cli_server *s) {
    if (s->api_runs) {
        pl_loop_stop(s->api_loop);
        pthread_join(s->api_thread, NULL);
        pl_loop_once(s->api_loop, 0); /* what was asked last */
    }
    if (s->api_loop) pl_loop_destroy(&s->api_loop);
}

static void api_counters(void *ctx, void (*show)(void *to, const struct pl_counter *c), void *to) {
    struct cli_server *s = ctx;
    const struct pl_counter *engine = pl_engine_counters(s->engine);
    const struct pl_counter *store = pl_store_counters(s->store);
    const struct pl_counter *gateway = pl_gateway_counters(s->gateway);
    const struct pl_counter *answer = pl_answer_counters(pl_sim_models_answer(s->models));
    for (int i = 0; i < PL_ENGINE_COUNTERS; i++) show(to, &engine[i]);
    pl_engine_queue_counters(s->engine, show, to);
    for (int i = 0; i < PL_STORE_COUNTERS; i++) show(to, &store[i]);
    for (int i = 0; i < PL_GATEWAY_COUNTERS; i++) show(to, &gateway[i]);
    for (int i = 0; i < PL_ANSWER_COUNTERS; i++) show(to, &answer[i]);
    pl_answer_prompt_counters(pl_sim_models_answer(s->models), show, to);
    pl_cli__hooks_counters(s->hooks, show, to);
    pl_cli__models_counters(s->llm, show, to);
}

static void print_stage(struct pl_buf *b, const struct pl_engine_stage *s) {
    unsigned long long all = 0;
    for (unsigned k = 0; k < PL_ENGINE_BUCKETS; k++) {
        all += s->counts[k];
        pl_buf_printf(b, "parlance_engine_stage_seconds_bucket{stage=\"%s\",le=\"", s->name);
        if (k < PL_ENGINE_BUCKETS - 1)
            pl_buf_printf(b, "%g", pl_engine_bounds_us[k] * 1e-6);
        else
            pl_buf_c(b, "+Inf");
        pl_buf_printf(b, "\"} %llu\n", all);
    }
    pl_buf_printf(b,
                  "parlance_engine_stage_seconds_sum{stage=\"%s\"} %.9f\n"
                  "parlance_engine_stage_seconds_count{stage=\"%s\"} %llu\n",
                  s->name, (double)s->ns * 1e-9, s->name, all);
}

static void api_metrics(void *ctx, struct pl_buf *text) {
    struct cli_server *s = ctx;
    struct pl_engine_stage stage;
    pl_buf_c(text,
             "# HELP parlance_engine_stage_seconds how long stages of turns took; one turn of "
             "16 is timed\n# TYPE parlance_engine_stage_seconds histogram\n");
    for (unsigned i = 0; pl_engine_stage(s->engine, i, &stage); i++) print_stage(text, &stage);
}

static bool api_article(void *ctx, struct pl_str locale, struct pl_str id, struct pl_buf *html,
                        struct pl_buf *name) {
    struct cli_server *s = ctx;
    return pl_cli__articles_page(s->articles, locale, id, html, name);
}

static void api_viewed(void *ctx, struct pl_str name) {
    struct cli_server *s = ctx;
    pl_engine_viewed(s->engine, name);
}

static void api_tally(void *ctx, struct pl_str name, struct pl_buf *html) {
    struct cli_server *s = ctx;
    pl_cli__articles_tally(s->store, name, html);
}

static void api_look(void *ctx, uint64_t ticket, const struct pl_gateway_look *look) {
    struct cli_server *s = ctx;
    struct pl_studio_look out = {look->what, look->conversation, look->flow, look->after};
    pl_studio_look(s->studio, ticket, &out);
}

void pl_cli__server_answer(struct cli_server *s, uint64_t ticket, struct pl_str json) {
    pl_gateway_answer(s->gateway, ticket, PL_OK, json);
}

struct pl_gateway_api pl_cli__api(struct cli_server *s) {
    return (struct pl_gateway_api){
        s,          api_queue, api_done,     api_event,
        api_erase,  api_wants, api_counters, api_article,
        api_viewed, api_tally, api_metrics,  s->studio ? api_look : NULL};
}
