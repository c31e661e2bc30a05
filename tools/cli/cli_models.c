/* SPDX-License-Identifier: Apache-2.0
 *
 * The models file, and the client that is made of it.
 */
#include "runtime/llm/llm.h"
#include "tools/cli/cli_priv.h"

int pl_cli__models_read(const char *path, struct pl_arena *a, struct pl_llm_models *out) {
    struct pl_buf errors = {0};
    struct pl_str text;
    int code = CLI_OK;
    enum pl_err err = pl_file_read(a, path, 1 << 20, &text);
    if (err != PL_OK) return pl_cli__failure("the models file %s: %s", path, pl_err_text(err));
    if (pl_llm_models_parse(a, text, path, out, &errors) != PL_OK) {
        fprintf(stderr, "%.*s", (int)errors.n, errors.p);
        code = CLI_FOUND;
    }
    pl_buf_free(&errors);
    return code;
}

void pl_cli__money(int64_t micro, const char *currency, char out[48]) {
    if (currency[0])
        snprintf(out, 48, ", %lld.%06lld %s", (long long)(micro / 1000000),
                 (long long)(micro % 1000000), currency);
    else
        out[0] = 0;
}

enum pl_err pl_cli__models_open(const struct pl_config *config, struct pl_store *store,
                                const struct pl_log *log, struct pl_llm **out) {
    struct pl_arena a;
    struct pl_llm_models models;
    struct pl_llm_config client = {
        .models = &models, .clock = pl_clock_system(), .log = log, .store = store};
    *out = NULL;
    if (!config->models[0]) return PL_OK;
    pl_arena_init(&a, 0);
    enum pl_err err = PL_MALFORMED;
    if (pl_cli__models_read(config->models, &a, &models) == CLI_OK) {
        err = pl_llm_create(&client, out);
        if (err != PL_OK) pl_cli__failure("the models of %s: %s", config->models, pl_err_text(err));
    }
    pl_arena_free(&a);
    return err;
}

/* Signs that a name of a counter may not have. */
static void target_counter(const struct pl_llm_target_status *t, const char *what, char out[96]) {
    snprintf(out, 96, "llm.target_%.63s_%s", t->name, what);
    for (char *p = out + 4; *p; p++)
        if (*p == '-' || *p == '.') *p = '_';
}

static void show_target(const struct pl_llm_target_status *t,
                        void (*show)(void *to, const struct pl_counter *c), void *to) {
    const struct {
        const char *what, *help;
        uint64_t value;
    } rows[] = {
        {"breaker", "0 closed, 1 half-open, 2 open", t->breaker},
        {"attempts", "requests sent to it", t->attempts},
        {"failures", "of them failed", t->failures},
        {"cost_micro", "money spent on it, in millionths", (uint64_t)t->micro},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        char name[96];
        target_counter(t, rows[i].what, name);
        struct pl_counter c = {name, rows[i].help, rows[i].value};
        show(to, &c);
    }
}

void pl_cli__models_counters(struct pl_llm *llm, void (*show)(void *to, const struct pl_counter *c),
                             void *to) {
    struct pl_llm_target_status status[16];
    if (!llm) return;
    const struct pl_counter *counters = pl_llm_counters(llm);
    for (size_t i = 0; i < PL_LLM_COUNTERS; i++) show(to, &counters[i]);
    size_t n = pl_llm_status(llm, status, PL_LEN(status));
    for (size_t i = 0; i < n && i < PL_LEN(status); i++) show_target(&status[i], show, to);
}
