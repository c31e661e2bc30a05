/* SPDX-License-Identifier: Apache-2.0
 *
 * The models of a models file, for commands that run without a server.
 */
#include "runtime/llm/llm.h"
#include "tools/cli/cli_priv.h"

static uint64_t ask_llm(void *ctx, const struct pl_llm_request *request) {
    return pl_llm_ask(ctx, request);
}

static void cancel_llm(void *ctx, uint64_t id) {
    pl_llm_cancel(ctx, id);
}

int pl_cli__reach(struct cli_reached *r, const char *path) {
    struct pl_arena a;
    struct pl_llm_models models;
    struct pl_llm_config config = {.models = &models, .clock = pl_clock_system()};
    *r = (struct cli_reached){.llm = NULL};
    pl_arena_init(&a, 0);
    int code = pl_cli__models_read(path, &a, &models);
    enum pl_err err = code == CLI_OK ? pl_llm_create(&config, &r->llm) : PL_OK;
    if (err != PL_OK) code = pl_cli__failure("the models of %s: %s", path, pl_err_text(err));
    r->model = (struct pl_answer_model){.ctx = r->llm, .ask = ask_llm, .cancel = cancel_llm};
    pl_arena_free(&a);
    return code;
}

void pl_cli__leave(struct cli_reached *r) {
    if (r->llm) pl_llm_destroy(&r->llm);
}
