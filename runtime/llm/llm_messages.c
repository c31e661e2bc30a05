/* SPDX-License-Identifier: Apache-2.0
 *
 * Anthropic messages: content blocks that start, grow and stop; the stream ends with message_stop.
 * Input tokens come at the start, output tokens cumulative towards the end. An answer in a schema
 * is asked for as a call of a tool of our own, whose arguments are then the text.
 */
#include "runtime/llm/llm_priv.h"

#define ANSWER "answer_in_schema"

/* ---- reading ---- */

static enum pl_llm_finish finish_of(struct pl_str word) {
    static const struct {
        const char *word;
        enum pl_llm_finish finish;
    } rows[] = {
        {"end_turn", PL_LLM_FINISH_STOP},
        {"stop_sequence", PL_LLM_FINISH_STOP},
        {"max_tokens", PL_LLM_FINISH_LENGTH},
        {"model_context_window_exceeded", PL_LLM_FINISH_LENGTH},
        {"tool_use", PL_LLM_FINISH_TOOLS},
        {"pause_turn", PL_LLM_FINISH_PAUSED},
        {"refusal", PL_LLM_FINISH_REFUSED},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++)
        if (pl_str_is(word, rows[i].word)) return rows[i].finish;
    return PL_LLM_FINISH_STOP;
}

/* Tokens written to the provider's cache are paid for like any others of the prompt. */
static void read_usage(struct pl_llm__stream *s, const struct pl_json *usage) {
    int64_t input, cached, made = 0, output;
    if (pl_llm__tokens(usage, "input_tokens", &input)) {
        pl_llm__tokens(usage, "cache_creation_input_tokens", &made);
        s->usage.input = input + made;
        s->has_input = true;
    }
    if (pl_llm__tokens(usage, "cache_read_input_tokens", &cached)) s->usage.cached = cached;
    if (pl_llm__tokens(usage, "output_tokens", &output)) s->usage.output = output;
}

static void read_start(struct pl_llm__stream *s, const struct pl_json *event) {
    const struct pl_json *block = pl_json_get(event, "content_block");
    struct pl_str type = pl_json_text(block, "type");
    int64_t index = 0;
    pl_llm__number(event, "index", &index);
    if (pl_str_is(type, "text")) pl_llm__text(s, pl_json_text(block, "text"));
    if (!pl_str_is(type, "tool_use")) return;
    struct pl_llm__slot *slot = pl_llm__slot(s, index);
    if (!slot || slot->name.n) return;
    s->progress++;
    pl_buf_str(&slot->id, pl_json_text(block, "id"));
    pl_buf_str(&slot->name, pl_json_text(block, "name"));
    slot->answer = pl_str_is(pl_json_text(block, "name"), ANSWER);
}

static void read_piece(struct pl_llm__stream *s, const struct pl_json *event) {
    const struct pl_json *delta = pl_json_get(event, "delta");
    struct pl_str type = pl_json_text(delta, "type");
    int64_t index = 0;
    pl_llm__number(event, "index", &index);
    if (pl_str_is(type, "text_delta")) {
        pl_llm__text(s, pl_json_text(delta, "text"));
    } else if (pl_str_is(type, "input_json_delta")) {
        struct pl_llm__slot *slot = pl_llm__slot(s, index);
        if (slot) pl_llm__arguments(s, slot, pl_json_text(delta, "partial_json"));
    } else if (pl_str_is(type, "thinking_delta")) {
        s->progress++;
    }
}

static void read_message(struct pl_llm__stream *s, const struct pl_json *event) {
    struct pl_str stop = pl_json_text(pl_json_get(event, "delta"), "stop_reason");
    const struct pl_json *usage = pl_json_get(event, "usage");
    int64_t output;
    read_usage(s, usage);
    s->has_output |= pl_llm__tokens(usage, "output_tokens", &output);
    if (stop.n) s->finish = finish_of(stop);
}

static void read_stop(struct pl_llm__stream *s) {
    if (s->finish == PL_LLM_FINISH_NONE)
        pl_llm__fail(s, PL_LLM_FAIL_MALFORMED, PL_STR("an end without a reason"));
    else
        pl_llm__finish(s, s->finish);
}

void pl_llm__messages_event(struct pl_llm__stream *s, struct pl_str data) {
    struct pl_json json;
    size_t at;
    if (pl_json_parse(&s->arena, data, &json, &at) != PL_OK || json.kind != PL_JOBJECT) {
        pl_llm__fail(s, s->closing ? PL_LLM_FAIL_CUT : PL_LLM_FAIL_MALFORMED, PL_STR("event"));
        return;
    }
    struct pl_str type = pl_json_text(&json, "type");
    if (pl_str_is(type, "message_start"))
        read_usage(s, pl_json_get(pl_json_get(&json, "message"), "usage"));
    else if (pl_str_is(type, "content_block_start"))
        read_start(s, &json);
    else if (pl_str_is(type, "content_block_delta"))
        read_piece(s, &json);
    else if (pl_str_is(type, "message_delta"))
        read_message(s, &json);
    else if (pl_str_is(type, "message_stop"))
        read_stop(s);
    else if (pl_str_is(type, "error"))
        pl_llm__fail_json(s, &json);
}

/* ---- writing ---- */

static void write_text(struct pl_jw *w, struct pl_str text) {
    if (text.n == 0) return; /* empty blocks are refused */
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "type", PL_STR("text"));
    pl_jw_text_member(w, "text", text);
    pl_jw_close(w, '}');
}

static void write_call(struct pl_jw *w, const struct pl_llm_call *call) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "type", PL_STR("tool_use"));
    pl_jw_text_member(w, "id", call->id);
    pl_jw_text_member(w, "name", call->name);
    pl_jw_name(w, "input");
    pl_jw_raw(w, call->arguments);
    pl_jw_close(w, '}');
}

static void write_result(struct pl_jw *w, const struct pl_llm_message *m) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "type", PL_STR("tool_result"));
    pl_jw_text_member(w, "tool_use_id", m->call_id);
    pl_jw_text_member(w, "content", m->text);
    pl_jw_close(w, '}');
}

static void write_blocks(struct pl_jw *w, const struct pl_llm_message *m) {
    if (m->role == PL_LLM_TOOL_RESULT) {
        write_result(w, m);
        return;
    }
    write_text(w, m->text);
    for (size_t i = 0; i < m->ncalls; i++) write_call(w, &m->calls[i]);
}

/* Results of tools stand in a user's message; all that follow one another in the same one. */
static void write_messages(struct pl_jw *w, const struct pl_llm_request *r) {
    pl_jw_name(w, "messages");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < r->nmessages;) {
        bool assistant = r->messages[i].role == PL_LLM_ASSISTANT;
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "role", assistant ? PL_STR("assistant") : PL_STR("user"));
        pl_jw_name(w, "content");
        pl_jw_open(w, '[');
        for (; i < r->nmessages && (r->messages[i].role == PL_LLM_ASSISTANT) == assistant; i++)
            write_blocks(w, &r->messages[i]);
        pl_jw_close(w, ']');
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void write_tool(struct pl_jw *w, struct pl_str name, struct pl_str about,
                       struct pl_str schema) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "name", name);
    pl_jw_text_member(w, "description", about);
    pl_jw_name(w, "input_schema");
    pl_jw_raw(w, schema);
    pl_jw_close(w, '}');
}

static void write_tools(struct pl_jw *w, const struct pl_llm_request *r, bool answer) {
    if (r->ntools == 0 && !answer) return;
    pl_jw_name(w, "tools");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < r->ntools; i++)
        write_tool(w, r->tools[i].name, r->tools[i].about, r->tools[i].schema);
    if (answer) write_tool(w, PL_STR(ANSWER), PL_STR("Gives the answer."), r->schema);
    pl_jw_close(w, ']');
    if (!answer) return;
    pl_jw_name(w, "tool_choice");
    pl_jw_raw(w, r->ntools ? PL_STR("{\"type\":\"any\"}")
                           : PL_STR("{\"type\":\"tool\",\"name\":\"" ANSWER "\"}"));
}

void pl_llm__messages_write(struct pl_buf *b, const struct pl_llm_request *r,
                            const struct pl_llm_target *t, int64_t max_output) {
    struct pl_jw w = {.b = b};
    struct pl_buf system = {0};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "model", pl_str_c(t->model));
    pl_jw_int_member(&w, pl_llm__dialects[t->dialect].limit, max_output);
    pl_jw_name(&w, "stream");
    pl_jw_bool(&w, true);
    if (t->temperature) {
        pl_jw_int_member(&w, "temperature", 0);
    }
    pl_llm__system(&system, r, t);
    if (system.n) {
        pl_jw_text_member(&w, "system", pl_buf_slice(&system));
    }
    write_messages(&w, r);
    write_tools(&w, r, r->schema.n && t->schema);
    pl_jw_close(&w, '}');
    b->failed |= system.failed;
    pl_buf_free(&system);
}
