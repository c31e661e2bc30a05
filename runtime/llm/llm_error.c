/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors of all dialects to classes. They come as {"error":{message,type,param,code}}, as
 * {"type":"error","error":{type,message}}, as {"code","message"}, with a number for a code, or as a
 * bare text. Messages are searched, never repeated: they may quote the key or the prompt.
 */
#include <string.h>

#include "runtime/llm/llm_priv.h"

static const struct {
    const char *code; /* the whole of type or code */
    enum pl_llm_failure failure;
} codes[] = {
    {"insufficient_quota", PL_LLM_FAIL_QUOTA},
    {"credit_balance_exhausted", PL_LLM_FAIL_QUOTA},
    {"enforced_spend_limit_reached", PL_LLM_FAIL_QUOTA},
    {"billing_hard_limit_reached", PL_LLM_FAIL_QUOTA},
    {"billing_not_active", PL_LLM_FAIL_QUOTA},
    {"billing_error", PL_LLM_FAIL_QUOTA},
    {"access_terminated", PL_LLM_FAIL_QUOTA},
    {"authentication_error", PL_LLM_FAIL_CREDENTIAL},
    {"permission_error", PL_LLM_FAIL_CREDENTIAL},
    {"invalid_api_key", PL_LLM_FAIL_CREDENTIAL},
    {"context_length_exceeded", PL_LLM_FAIL_CONTEXT},
    {"exceed_context_size_error", PL_LLM_FAIL_CONTEXT},
    {"request_too_large", PL_LLM_FAIL_CONTEXT},
    {"overloaded_error", PL_LLM_FAIL_OVERLOAD},
    {"rate_limit_error", PL_LLM_FAIL_OVERLOAD},
    {"rate_limit_exceeded", PL_LLM_FAIL_OVERLOAD},
    {"server_overloaded", PL_LLM_FAIL_OVERLOAD},
    {"invalid_request_error", PL_LLM_FAIL_REQUEST},
    {"invalid_prompt", PL_LLM_FAIL_REQUEST},
    {"not_found_error", PL_LLM_FAIL_MISSING},
    {"model_not_found", PL_LLM_FAIL_MISSING},
};

static const struct {
    const char *words; /* part of a message, for servers without a code */
    enum pl_llm_failure failure;
} messages[] = {
    {"credit balance", PL_LLM_FAIL_QUOTA},       {"maximum context length", PL_LLM_FAIL_CONTEXT},
    {"context window", PL_LLM_FAIL_CONTEXT},     {"context size", PL_LLM_FAIL_CONTEXT},
    {"prompt is too long", PL_LLM_FAIL_CONTEXT},
};

struct told {
    struct pl_str code, type, message;
    int64_t number; /* a code that is a number; 0: none */
};

static struct told told_by(const struct pl_json *json) {
    struct told t = {.number = 0};
    const struct pl_json *e = pl_json_get(json, "error");
    if (e && e->kind == PL_JTEXT) {
        t.message = e->s;
        return t;
    }
    if (!e || e->kind != PL_JOBJECT) e = json;
    t.code = pl_json_text(e, "code");
    t.type = pl_json_text(e, "type");
    t.message = pl_json_text(e, "message");
    pl_llm__number(e, "code", &t.number);
    return t;
}

static enum pl_llm_failure by_code(struct pl_str code) {
    for (size_t i = 0; i < PL_LEN(codes); i++)
        if (pl_str_is(code, codes[i].code)) return codes[i].failure;
    return PL_LLM_FAIL_NONE;
}

/* The more telling of code and type, or words in the message. */
static enum pl_llm_failure by_words(const struct told *t) {
    enum pl_llm_failure f = by_code(t->code);
    for (size_t i = 0; f == PL_LLM_FAIL_NONE || f == PL_LLM_FAIL_REQUEST; i++) {
        if (i == PL_LEN(messages)) break;
        if (pl_str_find(t->message, pl_str_c(messages[i].words)) != SIZE_MAX)
            return messages[i].failure;
    }
    if (f != PL_LLM_FAIL_NONE) return f;
    f = by_code(t->type);
    return f;
}

static enum pl_llm_failure by_status(int status, int64_t retry_after_ms) {
    switch (status) {
    case 401:
    case 403: return PL_LLM_FAIL_CREDENTIAL;
    case 402: return PL_LLM_FAIL_QUOTA;
    case 404: return PL_LLM_FAIL_MISSING;
    case 413: return PL_LLM_FAIL_CONTEXT;
    case 429: return retry_after_ms >= 0 ? PL_LLM_FAIL_RATE : PL_LLM_FAIL_OVERLOAD;
    case 503:
    case 529: return PL_LLM_FAIL_OVERLOAD;
    case 408:
    case 409: return PL_LLM_FAIL_SERVER;
    default: break;
    }
    if (status >= 300 && status < 400) return PL_LLM_FAIL_MISSING; /* redirects are not followed */
    return status >= 400 && status < 500 ? PL_LLM_FAIL_REQUEST : PL_LLM_FAIL_SERVER;
}

/* Codes are names; anything else of the reply is not repeated. */
static void say_why(const struct told *t, int status, char why[128]) {
    struct pl_str name = t->code.n ? t->code : t->type;
    bool plain = name.n > 0 && name.n <= 64;
    for (size_t i = 0; plain && i < name.n; i++)
        plain = strchr("abcdefghijklmnopqrstuvwxyz_.", name.p[i]) != NULL && name.p[i];
    if (status)
        snprintf(why, 128, plain ? "%d %.*s" : "%d", status, PL_STR_ARG(name));
    else
        snprintf(why, 128, "%.*s in the stream", plain ? (int)name.n : 8,
                 plain ? name.p : "an error");
}

enum pl_llm_failure pl_llm__classify_json(int status, const struct pl_json *error,
                                          int64_t retry_after_ms, char why[128]) {
    struct told t = told_by(error);
    if (status == 0 && t.number >= 400 && t.number < 600) status = (int)t.number;
    say_why(&t, status, why);
    enum pl_llm_failure words = by_words(&t);
    if (status == 0) return words ? words : PL_LLM_FAIL_SERVER;
    enum pl_llm_failure told = by_status(status, retry_after_ms);
    /* Only money, size, a missing model and a refused key say more than the status does. */
    if (words == PL_LLM_FAIL_QUOTA && status < 500) return words;
    bool more = words == PL_LLM_FAIL_CONTEXT || words == PL_LLM_FAIL_MISSING ||
                words == PL_LLM_FAIL_CREDENTIAL;
    if (more && told == PL_LLM_FAIL_REQUEST) return words;
    return told;
}

enum pl_llm_failure pl_llm__classify(int status, struct pl_str body, int64_t retry_after_ms,
                                     char why[128]) {
    struct pl_arena a;
    struct pl_json json;
    size_t at;
    pl_arena_init(&a, 4 * 1024 * 1024);
    if (pl_json_parse(&a, body, &json, &at) != PL_OK)
        json = (struct pl_json){.kind = PL_JOBJECT}; /* a proxy's page: the status must do */
    enum pl_llm_failure failure = pl_llm__classify_json(status, &json, retry_after_ms, why);
    pl_arena_free(&a);
    return failure;
}
