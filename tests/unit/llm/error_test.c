/* SPDX-License-Identifier: Apache-2.0
 *
 * Replies that are no answers, of all dialects, and the class each belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "runtime/llm/llm_priv.h"

#define OPENAI(type, code)                                                                         \
    "{\"error\":{\"message\":\"key sk-abc is bad\",\"type\":" type                                 \
    ",\"param\":null,\"code\":" code "}}"
#define ANTHROPIC(type, text)                                                                      \
    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"" text                     \
    "\"},\"request_id\":\"r\"}"

static const struct {
    int status;
    int64_t retry_after_ms;
    const char *body;
    enum pl_llm_failure failure;
    const char *why;
} rows[] = {
    {401, -1, OPENAI("\"invalid_request_error\"", "\"invalid_api_key\""), PL_LLM_FAIL_CREDENTIAL,
     "401 invalid_api_key"},
    {403, -1, OPENAI("\"forbidden\"", "null"), PL_LLM_FAIL_CREDENTIAL, "403 forbidden"},
    {402, -1, "", PL_LLM_FAIL_QUOTA, "402"},
    {429, -1, OPENAI("\"insufficient_quota\"", "\"insufficient_quota\""), PL_LLM_FAIL_QUOTA,
     "429 insufficient_quota"},
    {429, 20000, OPENAI("\"insufficient_quota\"", "null"), PL_LLM_FAIL_QUOTA,
     "429 insufficient_quota"},
    {429, -1, OPENAI("\"x\"", "\"credit_balance_exhausted\""), PL_LLM_FAIL_QUOTA,
     "429 credit_balance_exhausted"},
    {429, -1, OPENAI("\"x\"", "\"enforced_spend_limit_reached\""), PL_LLM_FAIL_QUOTA,
     "429 enforced_spend_limit_reached"},
    {429, 1000, OPENAI("\"requests\"", "\"rate_limit_exceeded\""), PL_LLM_FAIL_RATE,
     "429 rate_limit_exceeded"},
    {429, 0, OPENAI("\"requests\"", "\"rate_limit_exceeded\""), PL_LLM_FAIL_RATE,
     "429 rate_limit_exceeded"},
    {429, -1, OPENAI("\"tokens\"", "\"rate_limit_exceeded\""), PL_LLM_FAIL_OVERLOAD,
     "429 rate_limit_exceeded"},
    {429, -1, ANTHROPIC("rate_limit_error", "slow"), PL_LLM_FAIL_OVERLOAD, "429 rate_limit_error"},
    {529, -1, ANTHROPIC("overloaded_error", "Overloaded"), PL_LLM_FAIL_OVERLOAD,
     "529 overloaded_error"},
    {503, 5000, "", PL_LLM_FAIL_OVERLOAD, "503"},
    {500, -1, ANTHROPIC("api_error", "Internal"), PL_LLM_FAIL_SERVER, "500 api_error"},
    {502, -1, "<html><body>Bad gateway sk-abc</body></html>", PL_LLM_FAIL_SERVER, "502"},
    {504, -1, "upstream timed out", PL_LLM_FAIL_SERVER, "504"},
    {301, -1, "", PL_LLM_FAIL_MISSING, "301"},
    {400, -1, OPENAI("\"invalid_request_error\"", "\"invalid_api_key\""), PL_LLM_FAIL_CREDENTIAL,
     "400 invalid_api_key"},
    {400, -1, OPENAI("\"invalid_request_error\"", "null"), PL_LLM_FAIL_REQUEST,
     "400 invalid_request_error"},
    {404, -1, OPENAI("\"invalid_request_error\"", "\"model_not_found\""), PL_LLM_FAIL_MISSING,
     "404 model_not_found"},
    {400, -1, OPENAI("\"invalid_request_error\"", "\"model_not_found\""), PL_LLM_FAIL_MISSING,
     "400 model_not_found"},
    {404, -1, ANTHROPIC("not_found_error", "model: x"), PL_LLM_FAIL_MISSING, "404 not_found_error"},
    {404, -1, "<html>no such page</html>", PL_LLM_FAIL_MISSING, "404"},
    {422, -1, "{\"detail\":[{\"loc\":[\"body\"]}]}", PL_LLM_FAIL_REQUEST, "422"},
    {400, -1, OPENAI("\"invalid_request_error\"", "\"context_length_exceeded\""),
     PL_LLM_FAIL_CONTEXT, "400 context_length_exceeded"},
    {400, -1,
     ANTHROPIC("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
     PL_LLM_FAIL_CONTEXT, "400 invalid_request_error"},
    {413, -1, ANTHROPIC("request_too_large", "x"), PL_LLM_FAIL_CONTEXT, "413 request_too_large"},
    {400, -1,
     "{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096 "
     "tokens\",\"type\":\"BadRequestError\",\"code\":400}",
     PL_LLM_FAIL_CONTEXT, "400"},
    {400, -1, ANTHROPIC("invalid_request_error", "Your credit balance is too low"),
     PL_LLM_FAIL_QUOTA, "400 invalid_request_error"},
    {500, -1, "{\"error\":\"insufficient_quota\"}", PL_LLM_FAIL_SERVER, "500"},
    {400, -1, "{\"error\":\"model sk-abc not found\"}", PL_LLM_FAIL_REQUEST, "400"},
    {400, -1, "[1,2]", PL_LLM_FAIL_REQUEST, "400"},
    {400, -1, "{\"error\":{\"code\":\"sk-ABC\",\"type\":\"x\"}}", PL_LLM_FAIL_REQUEST, "400"},
};

static void replies_have_their_classes(void **state) {
    (void)state;
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        char why[128];
        enum pl_llm_failure f =
            pl_llm__classify(rows[i].status, pl_str_c(rows[i].body), rows[i].retry_after_ms, why);
        if (f != rows[i].failure || strcmp(why, rows[i].why) != 0)
            fail_msg("%d %s: %s, '%s'", rows[i].status, rows[i].body, pl_llm_failure_word(f), why);
        assert_null(strstr(why, "sk-"));
    }
}

/* The table of consequences says what the page for operators promises. */
static void consequences_are_as_promised(void **state) {
    (void)state;
    for (int f = 1; f < PL_LLM_FAILURES; f++) {
        const struct pl_llm__rule *r = &pl_llm__rules[f];
        bool ours = r->breaker == PL_LLM__FREE;
        if (r->same != PL_LLM__NO) assert_int_equal(r->next, PL_LLM__NEXT);
        if (r->breaker == PL_LLM__HOLDS) assert_int_equal(r->same, PL_LLM__NO);
        if (r->next == PL_LLM__END) assert_true(ours);
    }
    assert_int_equal(pl_llm__rules[PL_LLM_FAIL_QUOTA].same, PL_LLM__NO);
    assert_int_equal(pl_llm__rules[PL_LLM_FAIL_GONE].breaker, PL_LLM__FREE);
    assert_int_equal(pl_llm__rules[PL_LLM_FAIL_RATE].same, PL_LLM__WAIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_have_their_classes),
        cmocka_unit_test(consequences_are_as_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
