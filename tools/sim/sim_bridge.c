/* SPDX-License-Identifier: Apache-2.0
 *
 * The room answer as the engine's models, and the engine's hooks as its tools.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/nlp/nlp.h"
#include "tools/sim/sim_priv.h"

struct bridged { /* one turn */
    struct pl_sim_models *m;
    struct bridged *next;
    uint64_t number;
    uint32_t model;
    pl_engine_model_done *done;
    pl_engine_model_partial *partial;
    void *ctx;
};

struct tool {                /* one call; it outlives who asked for it */
    struct pl_sim_models *m; /* NULL: gone */
    struct tool *next;
    uint64_t number;
    pl_answer_tool_done *done; /* NULL: nobody waits */
    void *ctx;
};

struct pl_sim_models {
    struct pl_sim_models_config config;
    struct pl_answer *answer;
    struct bridged *turns;
    struct tool *tools;
    uint64_t calls;
};

/* ---- tools ---- */

static void unlink_tool(struct tool *t) {
    if (!t->m) return;
    for (struct tool **p = &t->m->tools; *p; p = &(*p)->next)
        if (*p == t) {
            *p = t->next;
            return;
        }
}

static void tool_came(void *ctx, enum pl_engine_outcome outcome, struct pl_str value,
                      struct pl_str failure) {
    struct tool *t = ctx;
    struct pl_arena a;
    struct pl_buf json = {0};
    pl_arena_init(&a, 0);
    if (outcome == PL_OUTCOME_OK) {
        struct pl_reader r = pl_reader_of(value);
        pl_value_to_json(&json, value.n ? pl_value_read(&r, &a) : PL_NONE);
        failure = PL_STR("");
    } else if (failure.n == 0) {
        failure = PL_STR("unavailable");
    }
    unlink_tool(t);
    if (t->done) t->done(t->ctx, pl_buf_slice(&json), failure);
    pl_buf_free(&json);
    pl_arena_free(&a);
    free(t);
}

static uint64_t tool_call(void *ctx, struct pl_image *image, uint32_t hook,
                          const struct pl_value *args, uint32_t nargs, int64_t deadline_ms,
                          struct pl_loop *loop, pl_answer_tool_done *done, void *done_ctx) {
    struct pl_sim_models *m = ctx;
    struct tool *t = calloc(1, sizeof *t);
    pl_assert(t);
    *t = (struct tool){
        .m = m, .next = m->tools, .number = ++m->calls, .done = done, .ctx = done_ctx};
    m->tools = t;
    uint64_t number = t->number;
    struct pl_engine_call call = {.image = image,
                                  .hook = hook,
                                  .args = args,
                                  .nargs = nargs,
                                  .deadline_ms = deadline_ms,
                                  .loop = loop,
                                  .done = tool_came,
                                  .ctx = t};
    m->config.hooks.call(m->config.hooks.ctx, &call);
    return number;
}

static void tool_cancel(void *ctx, uint64_t number) {
    struct pl_sim_models *m = ctx;
    for (struct tool *t = m->tools; t; t = t->next)
        if (t->number == number) t->done = NULL;
}

/* ---- turns ---- */

static void unlink_turn(struct bridged *b) {
    for (struct bridged **p = &b->m->turns; *p; p = &(*p)->next)
        if (*p == b) {
            *p = b->next;
            return;
        }
}

static void came(void *ctx, enum pl_answer_outcome outcome, struct pl_str value,
                 struct pl_str why) {
    static const enum pl_engine_asked outcomes[] = {[PL_ANSWER_OK] = PL_ASKED_OK,
                                                    [PL_ANSWER_UNSURE] = PL_ASKED_UNSURE,
                                                    [PL_ANSWER_DOWN] = PL_ASKED_DOWN,
                                                    [PL_ANSWER_PROPOSED] = PL_ASKED_PROPOSED};
    struct bridged *b = ctx;
    const struct pl_sim_models_config *k = &b->m->config;
    unlink_turn(b);
    if (k->ended) k->ended(k->ended_ctx, outcome, why);
    b->done(b->ctx, outcomes[outcome], value);
    free(b);
}

static void wrote(void *ctx, uint32_t attempt, struct pl_str text) {
    struct bridged *b = ctx;
    b->partial(b->ctx, attempt, text);
}

static uint64_t start(void *ctx, const struct pl_engine_ask *ask) {
    struct pl_sim_models *m = ctx;
    struct bridged *b = calloc(1, sizeof *b);
    struct pl_answer_line lines[PL_ENGINE_LINES];
    pl_assert(b);
    *b = (struct bridged){.m = m,
                          .next = m->turns,
                          .model = ask->model,
                          .done = ask->done,
                          .partial = ask->partial,
                          .ctx = ask->ctx};
    m->turns = b;
    for (uint32_t i = 0; i < ask->nlines; i++)
        lines[i] = (struct pl_answer_line){ask->lines[i].customer, ask->lines[i].text};
    struct pl_answer_known *known = calloc(ask->nknown + 1, sizeof *known);
    pl_assert(known);
    for (uint32_t i = 0; i < ask->nknown; i++)
        known[i] =
            (struct pl_answer_known){ask->known[i].name, ask->known[i].text, ask->known[i].secret};
    struct pl_answer_turn turn = {.image = ask->image,
                                  .model = ask->model,
                                  .args = ask->args,
                                  .nargs = ask->nargs,
                                  .about = ask->about,
                                  .text = ask->text,
                                  .locale = ask->locale,
                                  .lines = lines,
                                  .nlines = ask->nlines,
                                  .known = known,
                                  .nknown = ask->nknown,
                                  .slots = ask->slots,
                                  .no_model = ask->no_model,
                                  .verified = ask->verified,
                                  .acted = ask->acted,
                                  .within_ms = ask->within_ms,
                                  .loop = ask->loop,
                                  .done = came,
                                  .partial = wrote,
                                  .ctx = b};
    memcpy(turn.conversation, ask->conversation, sizeof turn.conversation);
    b->number = pl_answer_start(m->answer, &turn);
    free(known);
    return b->number;
}

static void cancel(void *ctx, uint64_t number) {
    struct pl_sim_models *m = ctx;
    pl_answer_cancel(m->answer, number);
    for (struct bridged *b = m->turns; b; b = b->next)
        if (b->number == number) {
            unlink_turn(b);
            free(b);
            return;
        }
}

static void *open_image(void *ctx, struct pl_image *image) {
    const struct pl_sim_models *m = ctx;
    struct pl_answer_image *known;
    enum pl_err err = pl_answer_open(m->answer, image, &known);
    if (err != PL_OK && m->config.log)
        pl_log(m->config.log, PL_LOG_WARN, "answer", "no_articles", "reason=\"%s\"",
               pl_err_text(err));
    return known;
}

static void close_image(void *ctx, void *opened) {
    struct pl_answer_image *known = opened;
    (void)ctx;
    pl_answer_close(&known);
}

static void load(void *ctx, void *opened) {
    struct pl_sim_models *m = ctx;
    struct pl_answer_image *known = opened;
    pl_answer_take(m->answer, &known);
}

static void drop(void *ctx, struct pl_image *image) {
    struct pl_sim_models *m = ctx;
    pl_answer_drop(m->answer, image);
}

static void forget(void *ctx, const uint8_t conversation[16]) {
    struct pl_sim_models *m = ctx;
    if (m->config.forget) m->config.forget(m->config.forget_ctx, conversation);
}

static struct pl_str language(void *ctx, struct pl_str text, struct pl_str expected) {
    (void)ctx;
    return pl_nlp_tell(text, expected);
}

/* ---- the object ---- */

struct pl_sim_models *pl_sim_models_create(const struct pl_sim_models_config *config) {
    struct pl_sim_models *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    m->config = *config;
    struct pl_answer_config k = {.locales = config->locales,
                                 .model = config->model,
                                 .language = language,
                                 .language_ctx = config->locales,
                                 .clock = config->clock,
                                 .secret = config->secret,
                                 .log = config->log};
    if (config->hooks.call)
        k.tools = (struct pl_answer_tools){.ctx = m, .call = tool_call, .cancel = tool_cancel};
    m->answer = pl_answer_create(&k);
    if (!m->answer) pl_sim_models_destroy(&m);
    return m;
}

void pl_sim_models_destroy(struct pl_sim_models **out) {
    struct pl_sim_models *m = *out;
    if (!m) return;
    if (m->answer) pl_answer_destroy(&m->answer);
    while (m->turns) {
        struct bridged *b = m->turns;
        m->turns = b->next;
        free(b);
    }
    while (m->tools) {
        struct tool *t = m->tools;
        m->tools = t->next;
        t->m = NULL; /* freed when its hook comes back */
        t->done = NULL;
    }
    free(m);
    *out = NULL;
}

struct pl_engine_models pl_sim_models(struct pl_sim_models *m) {
    return (struct pl_engine_models){.ctx = m,
                                     .open = open_image,
                                     .close = close_image,
                                     .load = load,
                                     .drop = drop,
                                     .start = start,
                                     .cancel = cancel,
                                     .forget = forget};
}

const struct pl_answer *pl_sim_models_answer(const struct pl_sim_models *m) {
    return m->answer;
}
