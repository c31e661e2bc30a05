/* SPDX-License-Identifier: Apache-2.0
 * Private to the provider: what an answer is, and how each dialect puts it. */
#ifndef PROVIDER_PRIV_H
#define PROVIDER_PRIV_H

#include "runtime/value/value.h"
#include "tests/provider/provider.h"

/* In an event: the monotonic clock in microseconds at the time of its sending. */
#define PROVIDER_CLOCK "@@@@@@@@@@@@@@@@"

enum provider_dialect { PROVIDER_CHAT, PROVIDER_RESPONSES, PROVIDER_MESSAGES };
enum provider_end { END_STOP, END_LENGTH, END_TOOL, END_REFUSED, END_FILTERED };

struct provider_answer {
    struct pl_str text; /* of the answer or the refusal */
    struct pl_str tool, arguments;
    struct pl_str schema_tool; /* Anthropic: the tool whose arguments are the answer */
    struct pl_str play;
    enum provider_end end;
    int64_t input, cached, output; /* tokens */
    bool usage;
    int64_t mark; /* of [mark N] in the question; 0: none */
};

/* Events, each with its line ends. */
struct provider_events {
    struct pl_str *v;
    int64_t *tokens; /* output tokens made up to and with each */
    size_t n;
    size_t told; /* once so many are sent, the usage is told */
};

/* What is asked, read out of a request's body, and the answer to it. */
void provider_answer_read(struct pl_arena *a, enum provider_dialect d, struct pl_str body,
                          struct provider_answer *out);
void provider_events_make(struct pl_arena *a, enum provider_dialect d,
                          const struct provider_answer *k, struct provider_events *out);
struct pl_str provider_error(struct pl_arena *a, enum provider_dialect d, const char *type,
                             const char *message);
struct pl_str provider_embeddings(struct pl_arena *a, struct pl_str body, int64_t *tokens);

#endif
