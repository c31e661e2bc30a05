/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a provider's stream: whole and cut into pieces they give the same events, at most
 * one end, nothing after it, and only text that is UTF-8. */
#ifndef LLM_STREAM_H
#define LLM_STREAM_H

#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_priv.h"

struct llm_seen {
    uint64_t hash, last_text;
    bool ended;
};

static inline void llm_mix(struct llm_seen *s, struct pl_str text) {
    pl_assert(pl_utf8_valid(text));
    s->hash = pl_fnv(s->hash, text.p, text.n);
    s->hash = pl_fnv(s->hash, &text.n, sizeof text.n);
}

static inline void llm_see(void *ctx, const struct pl_llm_event *e) {
    struct llm_seen *s = ctx;
    pl_assert(!s->ended);
    s->hash = pl_fnv(s->hash, &e->kind, sizeof e->kind);
    switch (e->kind) {
    case PL_LLM_TEXT:
    case PL_LLM_REFUSAL: llm_mix(s, e->text); break;
    case PL_LLM_TOOL:
        llm_mix(s, e->call.id);
        llm_mix(s, e->call.name);
        llm_mix(s, e->call.arguments);
        break;
    case PL_LLM_VECTOR:
        s->hash = pl_fnv(s->hash, e->vector.v, e->vector.n * sizeof *e->vector.v);
        break;
    case PL_LLM_USAGE:
        s->hash = pl_fnv(s->hash, &e->usage.input, sizeof e->usage.input);
        s->hash = pl_fnv(s->hash, &e->usage.output, sizeof e->usage.output);
        break;
    default:
        s->ended = true;
        s->hash = pl_fnv(s->hash, &e->done.failure, sizeof e->done.failure);
        s->hash = pl_fnv(s->hash, &e->done.finish, sizeof e->done.finish);
        llm_mix(s, e->done.why);
        break;
    }
}

/* `step`: the seed of the pieces' sizes; 0: all at once. */
static inline uint64_t llm_play(enum pl_llm__format format, const uint8_t *data, size_t size,
                                uint64_t step) {
    struct llm_seen seen = {.hash = PL_FNV};
    struct pl_llm__stream s;
    pl_llm__stream_open(&s, format, 2, llm_see, &seen);
    while (size) {
        size_t n = step ? 1 + (step >> 33) % 9 : size;
        if (n > size) n = size;
        char *piece = malloc(n);
        pl_assert(piece);
        memcpy(piece, data, n);
        pl_llm__stream_feed(&s, (struct pl_str){piece, n});
        free(piece);
        data += n;
        size -= n;
        step = step * UINT64_C(6364136223846793005) + 1442695040888963407U;
    }
    pl_llm__stream_end(&s);
    pl_llm__stream_close(&s);
    pl_assert(seen.ended);
    return seen.hash;
}

static inline int llm_fuzz(enum pl_llm__format format, const uint8_t *data, size_t size) {
    uint64_t whole = llm_play(format, data, size, 0);
    pl_assert(llm_play(format, data, size, 1) == whole);
    pl_assert(llm_play(format, data, size, pl_fnv(PL_FNV, data, size) | 1) == whole);
    return 0;
}

#endif
