/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: the parsers of streams, and what one attempt at one target is made of. */
#ifndef PL_LLM_PRIV_H
#define PL_LLM_PRIV_H

#include "runtime/llm/llm.h"

/* ---- the splitter of server-sent events ---- */

struct pl_llm__limits {
    size_t line, event, total; /* bytes */
};

struct pl_llm__sse;
/* One event; both slices live until it returns. */
typedef void pl_llm__sse_event(void *ctx, struct pl_str name, struct pl_str data);

/* All-zero but for limits, event and ctx is one at the beginning. */
struct pl_llm__sse {
    struct pl_llm__limits limits;
    pl_llm__sse_event *event;
    void *ctx;
    struct pl_buf line, name, data;
    size_t total;
    bool begun;    /* the first line was seen, and a byte order mark before it dropped */
    bool has_data; /* of the event at hand */
    bool after_cr; /* a line feed now belongs to the line before */
    bool over;     /* a limit was passed: nothing is read any more */
};
/* Reads bytes cut anywhere. PL_LIMIT, then and for ever; PL_NOMEM. */
enum pl_err pl_llm__sse_feed(struct pl_llm__sse *s, struct pl_str bytes);
/* The connection has ended: what stands there unfinished is taken as a last line and event. */
enum pl_err pl_llm__sse_end(struct pl_llm__sse *s);
void pl_llm__sse_free(struct pl_llm__sse *s);

/* ---- formats ---- */

enum pl_llm__format {
#define FORMAT(name, function, meaning) PL_LLM__##name,
#include "runtime/llm/format.def"
#undef FORMAT
};
enum pl_llm__auth { PL_LLM__BEARER, PL_LLM__X_API_KEY, PL_LLM__API_KEY };

struct pl_llm__dialect {
    const char *word;
    enum pl_llm__format format;
    enum pl_llm__auth auth;
    const char *chat, *embed, *health, *limit, *meaning;
};
extern const struct pl_llm__dialect pl_llm__dialects[PL_LLM_DIALECTS];

/* ---- a stream: bytes in, events out ---- */

/* A tool call that is being put together. */
struct pl_llm__slot {
    int64_t index; /* the provider's */
    struct pl_buf id, name, arguments;
    bool answer; /* not a tool: the answer in its schema, whose pieces are text */
};

/* Pure: no clock, no input but the bytes. After FINISH or FAILED nothing more is emitted. */
struct pl_llm__stream {
    enum pl_llm__format format;
    pl_llm_on_event *emit;
    void *ctx;
    struct pl_llm__sse sse;
    struct pl_arena arena; /* of the event at hand */
    PL_VEC(struct pl_llm__slot) slots;
    struct pl_llm_usage usage;
    bool has_input, has_output; /* what of the usage was told */
    enum pl_llm_finish finish;  /* told, but the end is still to come */
    bool refused;               /* some text of a refusal came */
    bool ended;                 /* FINISH or FAILED was emitted */
    bool closing;               /* the connection has ended: half an event is no surprise */
    uint64_t progress;          /* pieces of any kind that the model made, thoughts included */
    uint64_t text_bytes;        /* of text and arguments, for an estimate */
    size_t vectors;             /* EMBED: how many are expected */
};
void pl_llm__stream_open(struct pl_llm__stream *s, enum pl_llm__format format, size_t vectors,
                         pl_llm_on_event *emit, void *ctx);
void pl_llm__stream_feed(struct pl_llm__stream *s, struct pl_str bytes);
/* The connection has ended. Without FINISH or FAILED before, this is a failure. */
void pl_llm__stream_end(struct pl_llm__stream *s);
void pl_llm__stream_close(struct pl_llm__stream *s);

/* What parsers say. */
void pl_llm__text(struct pl_llm__stream *s, struct pl_str text);
void pl_llm__refusal(struct pl_llm__stream *s, struct pl_str text);
/* The slot of the provider's index, made when it is new; NULL: too many of them. */
struct pl_llm__slot *pl_llm__slot(struct pl_llm__stream *s, int64_t index);
void pl_llm__arguments(struct pl_llm__stream *s, struct pl_llm__slot *slot, struct pl_str piece);
/* Emits tool calls, usage and FINISH. */
void pl_llm__finish(struct pl_llm__stream *s, enum pl_llm_finish finish);
void pl_llm__fail(struct pl_llm__stream *s, enum pl_llm_failure failure, struct pl_str why);
/* An error object in the stream. */
void pl_llm__fail_json(struct pl_llm__stream *s, const struct pl_json *error);
/* A whole number; false when absent, null or none. */
bool pl_llm__number(const struct pl_json *object, const char *name, int64_t *out);
/* Of one attempt: no provider has told more in earnest. */
#define PL_LLM__TOKENS_MAX INT64_C(100000000)
/* A count of tokens, brought within what may be told: the ledger adds it up. */
bool pl_llm__tokens(const struct pl_json *object, const char *name, int64_t *out);

#define FORMAT(name, function, meaning)                                                            \
    void pl_llm__##function##_event(struct pl_llm__stream *s, struct pl_str data);                 \
    void pl_llm__##function##_write(struct pl_buf *b, const struct pl_llm_request *r,              \
                                    const struct pl_llm_target *t, int64_t max_output);
#include "runtime/llm/format.def"
#undef FORMAT
/* The body of a request to a target. */
void pl_llm__write(struct pl_buf *b, enum pl_llm__format format, const struct pl_llm_request *r,
                   const struct pl_llm_target *t, int64_t max_output);
/* The system text, with the schema in words when the target takes none. */
void pl_llm__system(struct pl_buf *b, const struct pl_llm_request *r,
                    const struct pl_llm_target *t);

/* ---- targets ---- */

struct pl_str pl_llm__host(const struct pl_llm_target *t);
/* The address of one of the dialect's paths. */
void pl_llm__url(struct pl_buf *b, const struct pl_llm_target *t, const char *path);
/* Nothing, and true, for a target without a key. `why` never holds the key. */
bool pl_llm__key_read(const struct pl_llm_target *t, struct pl_buf *out, char why[256]);
void pl_llm__key_wipe(struct pl_buf *key);

/* ---- errors ---- */

/* The class of a reply that is no stream: status, body, and the time to wait that it names (-1:
 * none). `why`: "429 insufficient_quota", with nothing of the reply but its code. */
enum pl_llm_failure pl_llm__classify(int status, struct pl_str body, int64_t retry_after_ms,
                                     char why[128]);
/* The class of an error object of any dialect; status 0: it came in a stream. */
enum pl_llm_failure pl_llm__classify_json(int status, const struct pl_json *error,
                                          int64_t retry_after_ms, char why[128]);

/* What follows from a failure. */
enum pl_llm__same { PL_LLM__NO, PL_LLM__AGAIN, PL_LLM__WAIT };
enum pl_llm__next { PL_LLM__END, PL_LLM__NEXT, PL_LLM__LARGER };
enum pl_llm__mark { PL_LLM__FREE, PL_LLM__COUNTS, PL_LLM__HOLDS };
struct pl_llm__rule {
    const char *word, *meaning;
    enum pl_llm__same same;
    enum pl_llm__next next;
    enum pl_llm__mark breaker;
};
extern const struct pl_llm__rule pl_llm__rules[PL_LLM_FAILURES];

#endif
