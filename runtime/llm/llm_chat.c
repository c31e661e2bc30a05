/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenAI chat completions and the servers that speak like it (Azure, llama.cpp, vLLM, Ollama).
 * The stream ends with "data: [DONE]"; usage comes in a last chunk without choices, or with null,
 * or not at all; "finish_reason" may be absent, null or empty until the last.
 */
#include "runtime/llm/llm_priv.h"

/* ---- reading ---- */

static enum pl_llm_finish finish_of(struct pl_str word) {
    if (pl_str_is(word, "length")) return PL_LLM_FINISH_LENGTH;
    if (pl_str_is(word, "tool_calls") || pl_str_is(word, "function_call"))
        return PL_LLM_FINISH_TOOLS;
    if (pl_str_is(word, "content_filter")) return PL_LLM_FINISH_FILTERED;
    return PL_LLM_FINISH_STOP;
}

static void read_usage(struct pl_llm__stream *s, const struct pl_json *usage) {
    int64_t prompt, cached = 0, output;
    if (!usage || usage->kind != PL_JOBJECT) return;
    if (pl_llm__tokens(usage, "prompt_tokens", &prompt)) {
        pl_llm__tokens(pl_json_get(usage, "prompt_tokens_details"), "cached_tokens", &cached);
        s->usage.cached = cached < prompt ? cached : prompt;
        s->usage.input = prompt - s->usage.cached;
        s->has_input = true;
    }
    if (pl_llm__tokens(usage, "completion_tokens", &output)) {
        s->usage.output = output;
        s->has_output = true;
    }
}

/* Pieces of one call share its index; servers that leave it out send calls whole. */
static void read_tool(struct pl_llm__stream *s, const struct pl_json *call, size_t place) {
    int64_t index = (int64_t)place;
    pl_llm__number(call, "index", &index);
    struct pl_llm__slot *slot = pl_llm__slot(s, index);
    if (!slot) return;
    const struct pl_json *function = pl_json_get(call, "function");
    struct pl_str id = pl_json_text(call, "id"), name = pl_json_text(function, "name");
    if (slot->id.n == 0) pl_buf_str(&slot->id, id);
    if (slot->name.n == 0) pl_buf_str(&slot->name, name);
    s->progress++;
    pl_llm__arguments(s, slot, pl_json_text(function, "arguments"));
}

static void read_delta(struct pl_llm__stream *s, const struct pl_json *delta) {
    pl_llm__text(s, pl_json_text(delta, "content"));
    pl_llm__refusal(s, pl_json_text(delta, "refusal"));
    if (pl_json_text(delta, "reasoning_content").n || pl_json_text(delta, "reasoning").n)
        s->progress++;
    const struct pl_json *tools = pl_json_get(delta, "tool_calls");
    if (!tools || tools->kind != PL_JARRAY) return;
    for (size_t i = 0; i < tools->n && !s->ended; i++) read_tool(s, &tools->m[i].value, i);
}

static void read_choice(struct pl_llm__stream *s, const struct pl_json *choice) {
    int64_t index = 0;
    pl_llm__number(choice, "index", &index);
    if (index != 0) return; /* one was asked for */
    read_delta(s, pl_json_get(choice, "delta"));
    struct pl_str finish = pl_json_text(choice, "finish_reason");
    if (finish.n) s->finish = finish_of(finish);
}

static void read_end(struct pl_llm__stream *s) {
    if (s->finish == PL_LLM_FINISH_NONE && s->progress)
        s->finish = PL_LLM_FINISH_STOP; /* never told, yet the end mark is there */
    if (s->finish == PL_LLM_FINISH_NONE)
        pl_llm__fail(s, PL_LLM_FAIL_MALFORMED, PL_STR("an end without an answer"));
    else
        pl_llm__finish(s, s->finish);
}

void pl_llm__chat_event(struct pl_llm__stream *s, struct pl_str data) {
    struct pl_json json;
    size_t at;
    if (pl_str_is(pl_str_trim(data), "[DONE]")) {
        read_end(s);
        return;
    }
    if (pl_json_parse(&s->arena, data, &json, &at) != PL_OK || json.kind != PL_JOBJECT) {
        pl_llm__fail(s, s->closing ? PL_LLM_FAIL_CUT : PL_LLM_FAIL_MALFORMED, PL_STR("event"));
        return;
    }
    const struct pl_json *error = pl_json_get(&json, "error");
    if (error && error->kind != PL_JNULL) {
        pl_llm__fail_json(s, &json);
        return;
    }
    read_usage(s, pl_json_get(&json, "usage"));
    const struct pl_json *choices = pl_json_get(&json, "choices");
    if (!choices || choices->kind != PL_JARRAY) return;
    for (size_t i = 0; i < choices->n && !s->ended; i++) read_choice(s, &choices->m[i].value);
}

/* ---- writing ---- */

static void write_calls(struct pl_jw *w, const struct pl_llm_message *m) {
    pl_jw_name(w, "tool_calls");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < m->ncalls; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "id", m->calls[i].id);
        pl_jw_text_member(w, "type", PL_STR("function"));
        pl_jw_name(w, "function");
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "name", m->calls[i].name);
        pl_jw_text_member(w, "arguments", m->calls[i].arguments);
        pl_jw_close(w, '}');
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void write_message(struct pl_jw *w, const struct pl_llm_message *m) {
    static const char *const roles[] = {"user", "assistant", "tool"};
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "role", pl_str_c(roles[m->role]));
    if (m->role == PL_LLM_TOOL_RESULT) {
        pl_jw_text_member(w, "tool_call_id", m->call_id);
    }
    pl_jw_name(w, "content");
    if (m->ncalls && m->text.n == 0)
        pl_jw_null(w);
    else
        pl_jw_text(w, m->text);
    if (m->ncalls) write_calls(w, m);
    pl_jw_close(w, '}');
}

static void write_system(struct pl_jw *w, const struct pl_llm_request *r,
                         const struct pl_llm_target *t) {
    struct pl_buf text = {0};
    pl_llm__system(&text, r, t);
    if (text.n) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "role", PL_STR("system"));
        pl_jw_text_member(w, "content", pl_buf_slice(&text));
        pl_jw_close(w, '}');
    }
    w->b->failed |= text.failed;
    pl_buf_free(&text);
}

static void write_tools(struct pl_jw *w, const struct pl_llm_request *r) {
    if (r->ntools == 0) return;
    pl_jw_name(w, "tools");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < r->ntools; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "type", PL_STR("function"));
        pl_jw_name(w, "function");
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "name", r->tools[i].name);
        pl_jw_text_member(w, "description", r->tools[i].about);
        pl_jw_name(w, "parameters");
        pl_jw_raw(w, r->tools[i].schema);
        pl_jw_close(w, '}');
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void write_schema(struct pl_jw *w, const struct pl_llm_request *r) {
    pl_jw_name(w, "response_format");
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "type", PL_STR("json_schema"));
    pl_jw_name(w, "json_schema");
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "name", PL_STR("answer"));
    pl_jw_name(w, "strict");
    pl_jw_bool(w, true);
    pl_jw_name(w, "schema");
    pl_jw_raw(w, r->schema);
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}

void pl_llm__chat_write(struct pl_buf *b, const struct pl_llm_request *r,
                        const struct pl_llm_target *t, int64_t max_output) {
    struct pl_jw w = {.b = b};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "model", pl_str_c(t->model));
    pl_jw_name(&w, "stream");
    pl_jw_bool(&w, true);
    if (t->usage) {
        pl_jw_name(&w, "stream_options");
        pl_jw_raw(&w, PL_STR("{\"include_usage\":true}"));
    }
    pl_jw_int_member(&w, pl_llm__dialects[t->dialect].limit, max_output);
    if (t->temperature) {
        pl_jw_int_member(&w, "temperature", 0);
    }
    pl_jw_name(&w, "messages");
    pl_jw_open(&w, '[');
    write_system(&w, r, t);
    for (size_t i = 0; i < r->nmessages; i++) write_message(&w, &r->messages[i]);
    pl_jw_close(&w, ']');
    write_tools(&w, r);
    if (r->schema.n && t->schema) write_schema(&w, r);
    pl_jw_close(&w, '}');
}
