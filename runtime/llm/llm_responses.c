/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenAI responses: typed events; the stream ends with response.completed, .incomplete or .failed,
 * whose response holds the usage; there is no [DONE].
 */
#include "runtime/llm/llm_priv.h"

/* ---- reading ---- */

static void read_usage(struct pl_llm__stream *s, const struct pl_json *usage) {
    int64_t input, cached = 0, output;
    if (pl_llm__tokens(usage, "input_tokens", &input)) {
        pl_llm__tokens(pl_json_get(usage, "input_tokens_details"), "cached_tokens", &cached);
        s->usage.cached = cached < input ? cached : input;
        s->usage.input = input - s->usage.cached;
        s->has_input = true;
    }
    if (pl_llm__tokens(usage, "output_tokens", &output)) {
        s->usage.output = output;
        s->has_output = true;
    }
}

static struct pl_llm__slot *slot_of(struct pl_llm__stream *s, const struct pl_json *event) {
    int64_t index = 0;
    pl_llm__number(event, "output_index", &index);
    return pl_llm__slot(s, index);
}

static void read_item(struct pl_llm__stream *s, const struct pl_json *event) {
    const struct pl_json *item = pl_json_get(event, "item");
    if (!pl_str_is(pl_json_text(item, "type"), "function_call")) return;
    struct pl_llm__slot *slot = slot_of(s, event);
    if (!slot) return;
    s->progress++;
    if (slot->id.n == 0) pl_buf_str(&slot->id, pl_json_text(item, "call_id"));
    if (slot->name.n == 0) pl_buf_str(&slot->name, pl_json_text(item, "name"));
    if (slot->arguments.n == 0) pl_llm__arguments(s, slot, pl_json_text(item, "arguments"));
}

static void read_arguments(struct pl_llm__stream *s, const struct pl_json *event, bool whole) {
    struct pl_llm__slot *slot = slot_of(s, event);
    if (!slot) return;
    if (!whole)
        pl_llm__arguments(s, slot, pl_json_text(event, "delta"));
    else if (slot->arguments.n == 0) /* all of them were in the pieces before */
        pl_llm__arguments(s, slot, pl_json_text(event, "arguments"));
}

static void read_completed(struct pl_llm__stream *s, const struct pl_json *response) {
    read_usage(s, pl_json_get(response, "usage"));
    pl_llm__finish(s, PL_LLM_FINISH_STOP);
}

static void read_incomplete(struct pl_llm__stream *s, const struct pl_json *response) {
    struct pl_str why = pl_json_text(pl_json_get(response, "incomplete_details"), "reason");
    read_usage(s, pl_json_get(response, "usage"));
    pl_llm__finish(s, pl_str_is(why, "content_filter") ? PL_LLM_FINISH_FILTERED
                                                       : PL_LLM_FINISH_LENGTH);
}

static void read_typed(struct pl_llm__stream *s, struct pl_str type, const struct pl_json *e) {
    const struct pl_json *response = pl_json_get(e, "response");
    if (pl_str_is(type, "response.output_text.delta")) {
        pl_llm__text(s, pl_json_text(e, "delta"));
    } else if (pl_str_is(type, "response.refusal.delta")) {
        pl_llm__refusal(s, pl_json_text(e, "delta"));
    } else if (pl_str_is(type, "response.output_item.added") ||
               pl_str_is(type, "response.output_item.done")) {
        read_item(s, e);
    } else if (pl_str_is(type, "response.function_call_arguments.delta")) {
        read_arguments(s, e, false);
    } else if (pl_str_is(type, "response.function_call_arguments.done")) {
        read_arguments(s, e, true);
    } else if (pl_str_is(type, "response.completed")) {
        read_completed(s, response);
    } else if (pl_str_is(type, "response.incomplete")) {
        read_incomplete(s, response);
    } else if (pl_str_is(type, "response.failed")) {
        read_usage(s, pl_json_get(response, "usage"));
        pl_llm__fail_json(s, response);
    } else if (pl_str_is(type, "error")) {
        pl_llm__fail_json(s, e);
    } else if (pl_str_starts(type, PL_STR("response.reasoning")) &&
               pl_str_ends(type, PL_STR(".delta"))) {
        s->progress++;
    }
}

void pl_llm__responses_event(struct pl_llm__stream *s, struct pl_str data) {
    struct pl_json json;
    size_t at;
    if (pl_json_parse(&s->arena, data, &json, &at) != PL_OK || json.kind != PL_JOBJECT) {
        pl_llm__fail(s, s->closing ? PL_LLM_FAIL_CUT : PL_LLM_FAIL_MALFORMED, PL_STR("event"));
        return;
    }
    const struct pl_json *error = pl_json_get(&json, "error");
    struct pl_str type = pl_json_text(&json, "type");
    if (type.n == 0 && error && error->kind != PL_JNULL)
        pl_llm__fail_json(s, &json);
    else
        read_typed(s, type, &json);
}

/* ---- writing ---- */

static void write_call(struct pl_jw *w, const struct pl_llm_call *call) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "type", PL_STR("function_call"));
    pl_jw_text_member(w, "call_id", call->id);
    pl_jw_text_member(w, "name", call->name);
    pl_jw_text_member(w, "arguments", call->arguments);
    pl_jw_close(w, '}');
}

static void write_result(struct pl_jw *w, const struct pl_llm_message *m) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "type", PL_STR("function_call_output"));
    pl_jw_text_member(w, "call_id", m->call_id);
    pl_jw_text_member(w, "output", m->text);
    pl_jw_close(w, '}');
}

static void write_message(struct pl_jw *w, const struct pl_llm_message *m) {
    if (m->role == PL_LLM_TOOL_RESULT) {
        write_result(w, m);
        return;
    }
    if (m->text.n || m->ncalls == 0) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "role", m->role == PL_LLM_USER ? PL_STR("user") : PL_STR("assistant"));
        pl_jw_text_member(w, "content", m->text);
        pl_jw_close(w, '}');
    }
    for (size_t i = 0; i < m->ncalls; i++) write_call(w, &m->calls[i]);
}

static void write_tools(struct pl_jw *w, const struct pl_llm_request *r) {
    if (r->ntools == 0) return;
    pl_jw_name(w, "tools");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < r->ntools; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "type", PL_STR("function"));
        pl_jw_text_member(w, "name", r->tools[i].name);
        pl_jw_text_member(w, "description", r->tools[i].about);
        pl_jw_name(w, "parameters");
        pl_jw_raw(w, r->tools[i].schema);
        pl_jw_name(w, "strict");
        pl_jw_bool(w, false);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void write_schema(struct pl_jw *w, const struct pl_llm_request *r) {
    pl_jw_name(w, "text");
    pl_jw_open(w, '{');
    pl_jw_name(w, "format");
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "type", PL_STR("json_schema"));
    pl_jw_text_member(w, "name", PL_STR("answer"));
    pl_jw_name(w, "strict");
    pl_jw_bool(w, true);
    pl_jw_name(w, "schema");
    pl_jw_raw(w, r->schema);
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}

void pl_llm__responses_write(struct pl_buf *b, const struct pl_llm_request *r,
                             const struct pl_llm_target *t, int64_t max_output) {
    struct pl_jw w = {.b = b};
    struct pl_buf system = {0};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "model", pl_str_c(t->model));
    pl_jw_name(&w, "stream");
    pl_jw_bool(&w, true);
    pl_jw_name(&w, "store"); /* the provider need not keep it */
    pl_jw_bool(&w, false);
    pl_jw_int_member(&w, pl_llm__dialects[t->dialect].limit, max_output);
    if (t->temperature) {
        pl_jw_int_member(&w, "temperature", 0);
    }
    pl_llm__system(&system, r, t);
    if (system.n) {
        pl_jw_text_member(&w, "instructions", pl_buf_slice(&system));
    }
    pl_jw_name(&w, "input");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < r->nmessages; i++) write_message(&w, &r->messages[i]);
    pl_jw_close(&w, ']');
    write_tools(&w, r);
    if (r->schema.n && t->schema) write_schema(&w, r);
    pl_jw_close(&w, '}');
    b->failed |= system.failed;
    pl_buf_free(&system);
}
