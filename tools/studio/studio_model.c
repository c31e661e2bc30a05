/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks of models on their way: what is sent is what the provider sees, with placeholders in the
 * place of personal data. On the engine's thread.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/studio/studio_priv.h"

struct looked_at { /* an ask under way */
    struct pl_studio *s;
    uint64_t number;
    uint8_t conversation[16];
    uint32_t attempt;
    struct pl_buf text, calls; /* of the attempt that counts; calls: JSON objects with commas */
    pl_llm_on_event *on_event;
    void *ctx;
};

static void write_calls(struct pl_jw *w, const struct pl_llm_call *v, size_t n) {
    pl_jw_name(w, "calls");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "name", v[i].name);
        pl_jw_text_member(w, "arguments", v[i].arguments);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void write_messages(struct pl_jw *w, const struct pl_llm_request *r) {
    static const char *const roles[] = {
        [PL_LLM_USER] = "user", [PL_LLM_ASSISTANT] = "model", [PL_LLM_TOOL_RESULT] = "tool"};
    pl_jw_name(w, "messages");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < r->nmessages; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "role", pl_str_c(roles[r->messages[i].role]));
        pl_jw_text_member(w, "text", r->messages[i].text);
        if (r->messages[i].ncalls) write_calls(w, r->messages[i].calls, r->messages[i].ncalls);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void tell_ask(struct looked_at *l, const struct pl_llm_request *r) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    pl_jw_open(&w, '{');
    pl_jw_int_member(&w, "at_ms", pl_clock_system().wall_ms(NULL));
    pl_jw_text_member(&w, "system", r->system);
    write_messages(&w, r);
    pl_jw_name(&w, "tools");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < r->ntools; i++) pl_jw_text(&w, r->tools[i].name);
    pl_jw_close(&w, ']');
    pl_jw_text_member(&w, "schema", r->schema);
    pl_jw_int_member(&w, "embed", (int64_t)r->nembed);
    pl_jw_close(&w, '}');
    pl_studio__note(l->s, STUDIO_ASK, l->conversation, l->number, &b);
}

static void tell_reply(struct looked_at *l, const struct pl_llm_event *e) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    bool failed = e->done.failure != PL_LLM_FAIL_NONE;
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "text", pl_buf_slice(&l->text));
    pl_jw_name(&w, "calls");
    pl_jw_open(&w, '[');
    pl_jw_raw(&w, pl_buf_slice(&l->calls));
    pl_jw_close(&w, ']');
    pl_jw_text_member(&w, "failure",
                      failed ? pl_str_c(pl_llm_failure_meaning(e->done.failure))
                             : (struct pl_str){0});
    pl_jw_text_member(&w, "why", e->done.why);
    pl_jw_text_member(&w, "target", e->done.target);
    pl_jw_int_member(&w, "attempts", l->attempt);
    pl_jw_int_member(&w, "input", e->done.usage.input);
    pl_jw_int_member(&w, "cached", e->done.usage.cached);
    pl_jw_int_member(&w, "output", e->done.usage.output);
    pl_jw_int_member(&w, "micro", e->done.micro);
    pl_jw_int_member(&w, "first_us", e->done.first_us);
    pl_jw_int_member(&w, "took_us", e->done.took_us);
    pl_jw_close(&w, '}');
    pl_studio__note(l->s, STUDIO_REPLY, l->conversation, l->number, &b);
}

static void add_call(struct looked_at *l, const struct pl_llm_call *call) {
    struct pl_jw w = {.b = &l->calls};
    if (l->calls.n) pl_buf_byte(&l->calls, ',');
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "name", call->name);
    pl_jw_text_member(&w, "arguments", call->arguments);
    pl_jw_close(&w, '}');
}

static void happened(void *ctx, const struct pl_llm_event *e) {
    struct looked_at *l = ctx;
    if (e->attempt > l->attempt) { /* it replaces the one before */
        pl_buf_clear(&l->text);
        pl_buf_clear(&l->calls);
        l->attempt = e->attempt;
    }
    if (e->kind == PL_LLM_TEXT || e->kind == PL_LLM_REFUSAL) pl_buf_str(&l->text, e->text);
    if (e->kind == PL_LLM_TOOL) add_call(l, &e->call);
    bool done = e->kind == PL_LLM_DONE;
    if (done) tell_reply(l, e);
    l->on_event(l->ctx, e);
    if (!done) return;
    pl_buf_free(&l->text);
    pl_buf_free(&l->calls);
    free(l);
}

static uint64_t ask(void *ctx, const struct pl_llm_request *request) {
    struct pl_studio *s = ctx;
    struct pl_llm_request own = *request;
    struct looked_at *l = calloc(1, sizeof *l);
    pl_assert(l);
    *l = (struct looked_at){
        .s = s, .number = ++s->asks, .on_event = request->on_event, .ctx = request->ctx};
    memcpy(l->conversation, request->conversation, sizeof l->conversation);
    own.on_event = happened;
    own.ctx = l;
    uint64_t id = s->model.ask(s->model.ctx, &own);
    if (id)
        tell_ask(l, request);
    else
        free(l);
    return id;
}

static void cancel(void *ctx, uint64_t id) {
    struct pl_studio *s = ctx;
    s->model.cancel(s->model.ctx, id);
}

struct pl_answer_model pl_studio_model(struct pl_studio *s, struct pl_answer_model model) {
    if (!model.ask) return model;
    s->model = model;
    return (struct pl_answer_model){.ctx = s, .ask = ask, .cancel = cancel};
}
