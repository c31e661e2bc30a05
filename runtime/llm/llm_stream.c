/* SPDX-License-Identifier: Apache-2.0
 *
 * A provider's stream as a pure state machine: splitter, then the format's parser, then events that
 * are the same for every format: pieces of text as they come; at the end tool calls in their order,
 * usage when it was told, FINISH. Or FAILED, at any time.
 */
#include <string.h>

#include "runtime/llm/llm_priv.h"

enum { SLOTS_MAX = 64, ARGUMENTS_MAX = 256 * 1024 };

static const struct {
    void (*event)(struct pl_llm__stream *s, struct pl_str data);
    void (*write)(struct pl_buf *b, const struct pl_llm_request *r, const struct pl_llm_target *t,
                  int64_t max_output);
} formats[] = {
#define FORMAT(name, function, meaning) {pl_llm__##function##_event, pl_llm__##function##_write},
#include "runtime/llm/format.def"
#undef FORMAT
};

static void take_event(void *ctx, struct pl_str name, struct pl_str data) {
    struct pl_llm__stream *s = ctx;
    (void)name; /* every format repeats it in the data */
    if (s->ended) return;
    formats[s->format].event(s, data);
    pl_arena_reset(&s->arena);
}

void pl_llm__stream_open(struct pl_llm__stream *s, enum pl_llm__format format, size_t vectors,
                         pl_llm_on_event *emit, void *ctx) {
    *s = (struct pl_llm__stream){.format = format, .emit = emit, .ctx = ctx, .vectors = vectors};
    s->sse.limits = (struct pl_llm__limits){256 * 1024, 1024 * 1024, 8 * 1024 * 1024};
    /* Embeddings come in one piece of JSON, which is taken as a single event. */
    if (format == PL_LLM__EMBED)
        s->sse.limits = (struct pl_llm__limits){0, 16 * 1024 * 1024, 16 * 1024 * 1024};
    s->sse.event = take_event;
    s->sse.ctx = s;
    pl_arena_init(&s->arena, format == PL_LLM__EMBED ? 256 * 1024 * 1024 : 32 * 1024 * 1024);
}

void pl_llm__stream_close(struct pl_llm__stream *s) {
    for (size_t i = 0; i < s->slots.n; i++) {
        pl_buf_free(&s->slots.v[i].id);
        pl_buf_free(&s->slots.v[i].name);
        pl_buf_free(&s->slots.v[i].arguments);
    }
    PL_VEC_FREE(&s->slots);
    pl_llm__sse_free(&s->sse);
    pl_arena_free(&s->arena);
}

static enum pl_err take_whole(struct pl_llm__sse *s, struct pl_str bytes) {
    if (bytes.n > s->limits.total - s->data.n) return PL_LIMIT;
    pl_buf_str(&s->data, bytes);
    return s->data.failed ? PL_NOMEM : PL_OK;
}

void pl_llm__stream_feed(struct pl_llm__stream *s, struct pl_str bytes) {
    if (s->ended) return;
    enum pl_err err =
        s->format == PL_LLM__EMBED ? take_whole(&s->sse, bytes) : pl_llm__sse_feed(&s->sse, bytes);
    if (err && !s->ended) pl_llm__fail(s, PL_LLM_FAIL_TOO_LARGE, PL_STR("stream"));
}

void pl_llm__stream_end(struct pl_llm__stream *s) {
    if (s->ended) return;
    s->closing = true;
    s->sse.has_data |= s->format == PL_LLM__EMBED;
    enum pl_err err = pl_llm__sse_end(&s->sse);
    if (s->ended) return;
    if (err)
        pl_llm__fail(s, PL_LLM_FAIL_TOO_LARGE, PL_STR("stream"));
    else
        pl_llm__fail(s, PL_LLM_FAIL_CUT, PL_STR("no end mark"));
}

/* ---- what parsers say ---- */

static void emit(struct pl_llm__stream *s, const struct pl_llm_event *e) {
    s->emit(s->ctx, e);
}

void pl_llm__text(struct pl_llm__stream *s, struct pl_str text) {
    if (text.n == 0) return;
    s->progress++;
    s->text_bytes += text.n;
    emit(s, &(struct pl_llm_event){.kind = PL_LLM_TEXT, .text = text});
}

void pl_llm__refusal(struct pl_llm__stream *s, struct pl_str text) {
    if (text.n == 0) return;
    s->progress++;
    s->text_bytes += text.n;
    s->refused = true;
    emit(s, &(struct pl_llm_event){.kind = PL_LLM_REFUSAL, .text = text});
}

struct pl_llm__slot *pl_llm__slot(struct pl_llm__stream *s, int64_t index) {
    for (size_t i = 0; i < s->slots.n; i++)
        if (s->slots.v[i].index == index) return &s->slots.v[i];
    if (s->slots.n == SLOTS_MAX) {
        pl_llm__fail(s, PL_LLM_FAIL_TOO_LARGE, PL_STR("tool calls"));
        return NULL;
    }
    PL_PUSH(&s->slots, ((struct pl_llm__slot){.index = index}));
    return &s->slots.v[s->slots.n - 1];
}

void pl_llm__arguments(struct pl_llm__stream *s, struct pl_llm__slot *slot, struct pl_str piece) {
    if (piece.n == 0) return;
    if (slot->answer) {
        pl_llm__text(s, piece);
        return;
    }
    s->progress++;
    s->text_bytes += piece.n;
    if (piece.n > ARGUMENTS_MAX - slot->arguments.n)
        pl_llm__fail(s, PL_LLM_FAIL_TOO_LARGE, PL_STR("arguments"));
    else
        pl_buf_str(&slot->arguments, piece);
}

bool pl_llm__number(const struct pl_json *object, const char *name, int64_t *out) {
    const struct pl_json *j = pl_json_get(object, name);
    return j && j->kind == PL_JNUMBER && pl_str_i64(j->s, out);
}

bool pl_llm__tokens(const struct pl_json *object, const char *name, int64_t *out) {
    int64_t n;
    if (!pl_llm__number(object, name, &n)) return false;
    *out = n < 0 ? 0 : n > PL_LLM__TOKENS_MAX ? PL_LLM__TOKENS_MAX : n;
    return true;
}

/* Whole and well-formed, or the stream is none. */
static bool tool_is_sound(struct pl_llm__stream *s, struct pl_llm__slot *slot) {
    struct pl_json json;
    size_t at;
    if (slot->arguments.n == 0) pl_buf_c(&slot->arguments, "{}");
    return slot->name.n > 0 && !slot->arguments.failed &&
           pl_json_parse(&s->arena, pl_buf_slice(&slot->arguments), &json, &at) == PL_OK &&
           json.kind == PL_JOBJECT;
}

static bool emit_tools(struct pl_llm__stream *s) {
    for (size_t i = 0; i < s->slots.n; i++) {
        if (s->slots.v[i].answer || tool_is_sound(s, &s->slots.v[i])) continue;
        pl_llm__fail(s, PL_LLM_FAIL_MALFORMED, PL_STR("tool call"));
        return false;
    }
    for (size_t i = 0; i < s->slots.n; i++) {
        const struct pl_llm__slot *slot = &s->slots.v[i];
        if (slot->answer) continue;
        struct pl_llm_call call = {pl_buf_slice(&slot->id), pl_buf_slice(&slot->name),
                                   pl_buf_slice(&slot->arguments)};
        emit(s, &(struct pl_llm_event){.kind = PL_LLM_TOOL, .call = call});
    }
    return true;
}

static size_t count_tools(const struct pl_llm__stream *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->slots.n; i++) n += !s->slots.v[i].answer;
    return n;
}

/* Some servers say "stop" for tool calls too, and an answer in a schema comes as one. */
static enum pl_llm_finish settled(const struct pl_llm__stream *s, enum pl_llm_finish finish) {
    if (s->refused && finish == PL_LLM_FINISH_STOP) return PL_LLM_FINISH_REFUSED;
    if (finish != PL_LLM_FINISH_STOP && finish != PL_LLM_FINISH_TOOLS) return finish;
    return count_tools(s) ? PL_LLM_FINISH_TOOLS : PL_LLM_FINISH_STOP;
}

void pl_llm__finish(struct pl_llm__stream *s, enum pl_llm_finish finish) {
    if (s->ended) return;
    finish = settled(s, finish);
    if (finish == PL_LLM_FINISH_TOOLS && !emit_tools(s)) return;
    if (s->has_input || s->has_output)
        emit(s, &(struct pl_llm_event){.kind = PL_LLM_USAGE, .usage = s->usage});
    s->ended = true;
    emit(s, &(struct pl_llm_event){.kind = PL_LLM_FINISH, .done = {.finish = finish}});
}

void pl_llm__fail(struct pl_llm__stream *s, enum pl_llm_failure failure, struct pl_str why) {
    if (s->ended) return;
    s->ended = true;
    emit(s, &(struct pl_llm_event){.kind = PL_LLM_FAILED,
                                   .done = {.failure = failure, .why = why, .retry_after_ms = -1}});
}

void pl_llm__fail_json(struct pl_llm__stream *s, const struct pl_json *error) {
    char why[128];
    enum pl_llm_failure failure = pl_llm__classify_json(0, error, -1, why);
    pl_llm__fail(s, failure, pl_str_c(why));
}

/* ---- writing ---- */

void pl_llm__write(struct pl_buf *b, enum pl_llm__format format, const struct pl_llm_request *r,
                   const struct pl_llm_target *t, int64_t max_output) {
    formats[format].write(b, r, t, max_output);
}

void pl_llm__system(struct pl_buf *b, const struct pl_llm_request *r,
                    const struct pl_llm_target *t) {
    pl_buf_str(b, r->system);
    if (r->schema.n == 0 || t->schema) return;
    if (b->n) pl_buf_c(b, "\n\n");
    pl_buf_c(b, "Answer with one JSON value that fits this JSON schema, and with nothing else:\n");
    pl_buf_str(b, r->schema);
}
