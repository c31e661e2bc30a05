/* SPDX-License-Identifier: Apache-2.0
 *
 * What the provider says, and in which words each dialect has it said.
 */
#include <string.h>

#include "tests/provider/provider_priv.h"

enum { EVENTS_MAX = 4096 };

/* ---- reading the question ---- */

static struct pl_str text_of(const struct pl_json *content) {
    if (!content) return (struct pl_str){"", 0};
    if (content->kind == PL_JTEXT) return content->s;
    struct pl_str last = {"", 0};
    for (size_t i = 0; content->kind == PL_JARRAY && i < content->n; i++) {
        struct pl_str t = pl_json_text(&content->m[i].value, "text");
        if (t.n) last = t;
    }
    return last;
}

/* A token is some four bytes, and each message has four of its own: the provider's count, not ours.
 */
static struct pl_str last_said(const struct pl_json *messages, int64_t *tokens) {
    struct pl_str last = {"", 0};
    for (size_t i = 0; messages && messages->kind == PL_JARRAY && i < messages->n; i++) {
        const struct pl_json *m = &messages->m[i].value;
        *tokens += 4 + (int64_t)text_of(pl_json_get(m, "content")).n / 4;
        if (pl_str_is(pl_json_text(m, "role"), "user")) last = text_of(pl_json_get(m, "content"));
        if (pl_str_is(pl_json_text(m, "role"), "tool")) last = text_of(pl_json_get(m, "content"));
    }
    return last;
}

/* The rest of "[word rest]" in a text. */
static bool order(struct pl_str said, const char *word, struct pl_str *rest) {
    size_t n = strlen(word), at = pl_str_find(said, pl_str_c(word));
    if (at == SIZE_MAX) return false;
    struct pl_str s = {said.p + at + n, said.n - at - n};
    size_t close = pl_str_find(s, PL_STR("]"));
    *rest = pl_str_trim((struct pl_str){s.p, close == SIZE_MAX ? s.n : close});
    return true;
}

static void tool_order(struct pl_str rest, struct provider_answer *k) {
    size_t space = pl_str_find(rest, PL_STR(" "));
    if (space == SIZE_MAX) space = rest.n;
    k->tool = (struct pl_str){rest.p, space};
    k->arguments = pl_str_trim((struct pl_str){rest.p + space, rest.n - space});
    if (k->arguments.n == 0) k->arguments = PL_STR("{}");
    k->end = END_TOOL;
}

/* A token is a word with the blank before it: the provider's own count, not ours. */
static int64_t words(struct pl_str s) {
    int64_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += s.p[i] != ' ' && (i == 0 || s.p[i - 1] == ' ');
    return n;
}

static struct pl_str schema_tool_of(const struct pl_json *json) {
    const struct pl_json *choice = pl_json_get(json, "tool_choice");
    return pl_json_text(choice, "name");
}

static bool wants_schema(enum provider_dialect d, const struct pl_json *json) {
    if (d == PROVIDER_CHAT) return pl_json_get(json, "response_format") != NULL;
    if (d == PROVIDER_RESPONSES) return pl_json_get(json, "text") != NULL;
    return schema_tool_of(json).n > 0;
}

/* So many places where the time of sending is put. */
static struct pl_str clocks(struct pl_arena *a, struct pl_str number) {
    struct pl_buf b = {0};
    int64_t n = 0;
    pl_str_i64(number, &n);
    for (int64_t i = 0; i < n && i < EVENTS_MAX / 2; i++)
        pl_buf_c(&b, i ? " " PROVIDER_CLOCK : PROVIDER_CLOCK);
    struct pl_str out = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return out;
}

static void read_orders(struct pl_arena *a, struct pl_str said, struct provider_answer *k) {
    struct pl_str rest;
    k->text = pl_arena_printf(a, "You said: %.*s", PL_STR_ARG(said));
    if (order(said, "[say", &rest)) k->text = rest;
    if (order(said, "[tool", &rest)) tool_order(rest, k);
    if (order(said, "[refuse", &rest)) k->end = END_REFUSED;
    if (order(said, "[filter", &rest)) k->end = END_FILTERED;
    if (order(said, "[length", &rest)) k->end = END_LENGTH;
    if (order(said, "[play", &rest)) k->play = rest;
    if (order(said, "[clock", &rest)) k->text = clocks(a, rest);
    if (order(said, "[mark", &rest)) pl_str_i64(rest, &k->mark);
    if (order(said, "[cached", &rest)) pl_str_i64(rest, &k->cached);
}

void provider_answer_read(struct pl_arena *a, enum provider_dialect d, struct pl_str body,
                          struct provider_answer *k) {
    struct pl_json json;
    size_t at;
    *k = (struct provider_answer){.input = 3, .usage = true};
    if (pl_json_parse(a, body, &json, &at) != PL_OK) return;
    const char *name = d == PROVIDER_RESPONSES ? "input" : "messages";
    read_orders(a, last_said(pl_json_get(&json, name), &k->input), k);
    if (d == PROVIDER_CHAT) k->usage = pl_json_get(&json, "stream_options") != NULL;
    if (wants_schema(d, &json)) {
        k->text = pl_arena_printf(a, "{\"value\": \"%d\"}", (int)k->text.n);
        k->schema_tool = schema_tool_of(&json);
    }
    if (k->cached > k->input) k->cached = k->input;
    k->input -= k->cached;
    k->output = words(k->text) + words(k->arguments) + (k->tool.n ? 3 : 0);
}

/* ---- writing events ---- */

struct out {
    struct pl_arena *a;
    struct provider_events *e;
    int64_t tokens;
};

static void event(struct out *o, const char *format, ...) PL_PRINTF(2, 3);
static void event(struct out *o, const char *format, ...) {
    char text[32 * 1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pl_assert(n >= 0 && (size_t)n < sizeof text && o->e->n < EVENTS_MAX);
    o->e->v[o->e->n] = pl_arena_str(o->a, (struct pl_str){text, (size_t)n});
    o->e->tokens[o->e->n++] = o->tokens;
}

static const char *quoted(struct pl_arena *a, struct pl_str s) {
    struct pl_buf b = {0};
    pl_json_quote(&b, s);
    const char *out = pl_arena_str(a, pl_buf_slice(&b)).p;
    pl_buf_free(&b);
    return out;
}

/* The next word, with the blank before it. */
static bool next_piece(struct pl_str *rest, struct pl_str *piece) {
    size_t n = 0;
    while (n < rest->n && rest->p[n] == ' ') n++;
    while (n < rest->n && rest->p[n] != ' ') n++;
    *piece = (struct pl_str){rest->p, n};
    *rest = (struct pl_str){rest->p + n, rest->n - n};
    return n > 0;
}

#define CHAT                                                                                       \
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","

static void chat_tool(struct out *o, const struct provider_answer *k) {
    struct pl_str rest = k->arguments, piece;
    event(o,
          CHAT "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":"
               "\"call_1\",\"type\":\"function\",\"function\":{\"name\":%s,\"arguments\":\"\"}}]},"
               "\"finish_reason\":null}]}\n\n",
          quoted(o->a, k->tool));
    while (next_piece(&rest, &piece)) {
        o->tokens++;
        event(o,
              CHAT "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
                   "\"function\":{\"arguments\":%s}}]},\"finish_reason\":null}]}\n\n",
              quoted(o->a, piece));
    }
}

static void chat(struct out *o, const struct provider_answer *k) {
    static const char *const ends[] = {"stop", "length", "tool_calls", "stop", "content_filter"};
    struct pl_str rest = k->text, piece;
    event(o, CHAT "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
                  "\"finish_reason\":null}],\"usage\":null}\n\n");
    while (k->end != END_TOOL && next_piece(&rest, &piece)) {
        o->tokens++;
        event(o,
              CHAT "\"choices\":[{\"index\":0,\"delta\":{\"%s\":%s},\"finish_reason\":null}]}\n\n",
              k->end == END_REFUSED ? "refusal" : "content", quoted(o->a, piece));
    }
    if (k->end == END_TOOL) chat_tool(o, k);
    o->tokens = k->output;
    event(o, CHAT "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n",
          ends[k->end]);
    if (k->usage)
        event(o,
              CHAT "\"choices\":[],\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,"
                   "\"total_tokens\":%lld,\"prompt_tokens_details\":{\"cached_tokens\":%lld}}}\n\n",
              (long long)(k->input + k->cached), (long long)k->output,
              (long long)(k->input + k->cached + k->output), (long long)k->cached);
    o->e->told = o->e->n;
    event(o, "data: [DONE]\n\n");
}

static void responses_tool(struct out *o, const struct provider_answer *k) {
    struct pl_str rest = k->arguments, piece;
    const char *name = quoted(o->a, k->tool);
    event(o,
          "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\","
          "\"sequence_number\":2,\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":"
          "\"fc_1\",\"call_id\":\"call_1\",\"name\":%s,\"arguments\":\"\"}}\n\n",
          name);
    while (next_piece(&rest, &piece)) {
        o->tokens++;
        event(o,
              "event: response.function_call_arguments.delta\ndata: {\"type\":"
              "\"response.function_call_arguments.delta\",\"sequence_number\":3,\"output_index\":0,"
              "\"item_id\":\"fc_1\",\"delta\":%s}\n\n",
              quoted(o->a, piece));
    }
    event(o,
          "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\","
          "\"sequence_number\":4,\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":"
          "\"fc_1\",\"call_id\":\"call_1\",\"name\":%s,\"arguments\":%s}}\n\n",
          name, quoted(o->a, k->arguments));
}

static void responses(struct out *o, const struct provider_answer *k) {
    struct pl_str rest = k->text, piece;
    bool partial = k->end == END_LENGTH || k->end == END_FILTERED;
    const char *kind = partial ? "incomplete" : "completed";
    const char *what = k->end == END_REFUSED ? "refusal" : "output_text";
    event(o, "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,"
             "\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\"}}\n\n");
    while (k->end != END_TOOL && next_piece(&rest, &piece)) {
        o->tokens++;
        event(o,
              "event: response.%s.delta\ndata: {\"type\":\"response.%s.delta\",\"sequence_number\":"
              "1,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":%s}\n\n",
              what, what, quoted(o->a, piece));
    }
    if (k->end == END_TOOL) responses_tool(o, k);
    o->tokens = k->output;
    event(o,
          "event: response.%s\ndata: {\"type\":\"response.%s\",\"sequence_number\":9,\"response\":"
          "{\"id\":\"resp_1\",\"status\":\"%s\",\"incomplete_details\":%s%s%s,\"usage\":"
          "{\"input_tokens\":%lld,\"input_tokens_details\":{\"cached_tokens\":%lld},"
          "\"output_tokens\":%lld,\"total_tokens\":%lld}}}\n\n",
          kind, kind, kind, partial ? "{\"reason\":\"" : "null",
          !partial               ? ""
          : k->end == END_LENGTH ? "max_output_tokens"
                                 : "content_filter",
          partial ? "\"}" : "", (long long)(k->input + k->cached), (long long)k->cached,
          (long long)k->output, (long long)(k->input + k->cached + k->output));
}

static void messages_block(struct out *o, const struct provider_answer *k) {
    bool tool = k->end == END_TOOL || k->schema_tool.n;
    struct pl_str rest = k->end == END_TOOL ? k->arguments : k->text, piece;
    struct pl_str name = k->end == END_TOOL ? k->tool : k->schema_tool;
    if (tool)
        event(o,
              "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
              "\"content_block\":{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":%s,\"input\":{}}"
              "}\n\n",
              quoted(o->a, name));
    else
        event(o, "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
                 "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n");
    event(o, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    while (next_piece(&rest, &piece)) {
        o->tokens++;
        event(o,
              "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
              "\"delta\":{\"type\":\"%s\",\"%s\":%s}}\n\n",
              tool ? "input_json_delta" : "text_delta", tool ? "partial_json" : "text",
              quoted(o->a, piece));
    }
    event(o, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n");
}

static void messages(struct out *o, const struct provider_answer *k) {
    static const char *const ends[] = {"end_turn", "max_tokens", "tool_use", "refusal", "refusal"};
    event(o,
          "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
          "\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"usage\":{\"input_tokens\":"
          "%lld,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":%lld,"
          "\"output_tokens\":1}}}\n\n",
          (long long)k->input, (long long)k->cached);
    messages_block(o, k);
    o->tokens = k->output;
    event(
        o,
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%s\""
        ",\"stop_sequence\":null},\"usage\":{\"output_tokens\":%lld}}\n\n",
        k->schema_tool.n && k->end == END_STOP ? "tool_use" : ends[k->end], (long long)k->output);
    o->e->told = o->e->n;
    event(o, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

void provider_events_make(struct pl_arena *a, enum provider_dialect d,
                          const struct provider_answer *k, struct provider_events *out) {
    struct out o = {.a = a, .e = out};
    out->v = PL_NEW_ARRAY(a, struct pl_str, EVENTS_MAX);
    out->tokens = PL_NEW_ARRAY(a, int64_t, EVENTS_MAX);
    out->n = out->told = 0;
    if (d == PROVIDER_CHAT) chat(&o, k);
    if (d == PROVIDER_RESPONSES) responses(&o, k);
    if (d == PROVIDER_RESPONSES) out->told = out->n;
    if (d == PROVIDER_MESSAGES) messages(&o, k);
}

/* ---- errors ---- */

struct pl_str provider_error(struct pl_arena *a, enum provider_dialect d, const char *type,
                             const char *message) {
    if (d == PROVIDER_MESSAGES)
        return pl_arena_printf(
            a, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"%s\"}}", type,
            message);
    if (d == PROVIDER_RESPONSES)
        return pl_arena_printf(
            a, "{\"type\":\"error\",\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", type,
            message);
    return pl_arena_printf(a,
                           "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"param\":null,"
                           "\"code\":\"%s\"}}",
                           message, type, type);
}
