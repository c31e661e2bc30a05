/* SPDX-License-Identifier: Apache-2.0
 * The closed sets as tables. */
#include "runtime/llm/llm_priv.h"

const char *pl_llm_event_word(enum pl_llm_event_kind kind) {
    static const char *const words[] = {
#define EVENT(name, word, meaning) word,
#include "runtime/llm/event.def"
#undef EVENT
    };
    return words[kind];
}

const char *pl_llm_finish_word(enum pl_llm_finish finish) {
    static const char *const words[] = {
#define FINISH(name, word, meaning) word,
#include "runtime/llm/finish.def"
#undef FINISH
    };
    return words[finish];
}

const struct pl_llm__rule pl_llm__rules[PL_LLM_FAILURES] = {
#define FAILURE(name, word, same, next, breaker, meaning)                                          \
    {word, meaning, PL_LLM__##same, PL_LLM__##next, PL_LLM__##breaker},
#include "runtime/llm/failure.def"
#undef FAILURE
};

const char *pl_llm_failure_word(enum pl_llm_failure failure) {
    return pl_llm__rules[failure].word;
}

const char *pl_llm_failure_meaning(enum pl_llm_failure failure) {
    return pl_llm__rules[failure].meaning;
}

const struct pl_llm__dialect pl_llm__dialects[PL_LLM_DIALECTS] = {
#define DIALECT(name, word, format, auth, chat, embed, health, limit, meaning)                     \
    {word, PL_LLM__##format, PL_LLM__##auth, chat, embed, health, limit, meaning},
#include "runtime/llm/dialect.def"
#undef DIALECT
};

const char *pl_llm_dialect_word(enum pl_llm_dialect dialect) {
    return pl_llm__dialects[dialect].word;
}
