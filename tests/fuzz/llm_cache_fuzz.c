/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as the row of a kept answer, found when the server starts: thrown away, or given again
 * to whom it belongs.
 */
#include "runtime/llm/llm_run_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_event(void *ctx, const struct pl_llm_event *e) {
    int *vectors = ctx;
    pl_assert(e->kind == PL_LLM_TEXT || e->kind == PL_LLM_VECTOR);
    if (e->kind == PL_LLM_TEXT) pl_assert(pl_utf8_valid(e->text));
    for (size_t i = 0; e->kind == PL_LLM_VECTOR && i < e->vector.n; i++)
        *vectors += e->vector.v[i] > 0;
}

/* The key of what is asked is told also when nothing is kept. */
static bool give(struct pl_llm *llm, struct pl_llm__ask *ask) {
    static int vectors;
    *ask = (struct pl_llm__ask){.llm = llm};
    ask->r = (struct pl_llm_request){
        .cache_ms = 60000, .loop = llm->loop, .on_event = on_event, .ctx = &vectors};
    pl_arena_init(&ask->arena, 1 << 20);
    bool given = pl_llm__cache_give(ask);
    pl_arena_free(&ask->arena);
    pl_buf_free(&ask->heard);
    return given;
}

static void open_all(struct pl_llm *llm, struct pl_llm__target *t) {
    static const struct pl_llm_target conf = {
        .name = "one", .url = "http://127.0.0.1/v1", .model = "m", .embed = "e"};
    static int64_t now_ms = 1000;
    struct pl_store_config store = {0};
    *t = (struct pl_llm__target){.conf = &conf};
    llm->models = (struct pl_llm_models){.targets = &conf, .ntargets = 1, .cache = 60000};
    llm->targets = t;
    llm->clock = pl_clock_fake(&now_ms);
    pl_assert(pl_loop_fake_create(now_ms, &llm->loop) == PL_OK);
    pl_assert(pl_store_open(&store, &llm->store, NULL) == PL_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct pl_llm llm;
    static struct pl_llm__target target;
    struct pl_llm__ask ask;
    if (llm.loop == NULL) open_all(&llm, &target);
    if (size == 0 || size > PL_STORE_VALUE_MAX) return 0;
    pl_llm__cache_open(&llm);
    pl_assert(!give(&llm, &ask));
    struct pl_store_row row = {{ask.key, sizeof ask.key}, {(const char *)data, size}};
    pl_assert(pl_store_project(llm.store, &row, 1, NULL, 0) == PL_OK);
    pl_llm__cache_close(&llm);
    pl_llm__cache_open(&llm);
    (void)give(&llm, &ask);
    row.value = (struct pl_str){NULL, 0};
    pl_assert(pl_store_project(llm.store, &row, 1, NULL, 0) == PL_OK);
    pl_llm__cache_close(&llm);
    return 0;
}
