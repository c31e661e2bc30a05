/* SPDX-License-Identifier: Apache-2.0
 *
 * The bodies of requests, byte for byte, for each format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/llm/llm_priv.h"

#define SCHEMA "{\"type\":\"object\"}"

static struct pl_llm_target target(enum pl_llm_dialect d) {
    return (struct pl_llm_target){.dialect = d,
                                  .model = "m\"1",
                                  .embed = "e",
                                  .temperature = true,
                                  .schema = true,
                                  .usage = true};
}

static void is(const struct pl_llm_request *r, struct pl_llm_target t, const char *expected) {
    struct pl_buf b = {0};
    enum pl_llm__format format = r->nembed ? PL_LLM__EMBED : pl_llm__dialects[t.dialect].format;
    pl_llm__write(&b, format, r, &t, 50);
    pl_buf_byte(&b, 0);
    assert_string_equal(b.p, expected);
    pl_buf_free(&b);
}

static const struct pl_llm_message hello[] = {{.role = PL_LLM_USER, .text = {"Hi \"you\"", 8}}};

static void a_plain_question(void **state) {
    struct pl_llm_request r = {.messages = hello, .nmessages = 1};
    struct pl_llm_target t = target(PL_LLM_DIALECT_OPENAI);
    (void)state;
    is(&r, t,
       "{\"model\":\"m\\\"1\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
       "\"max_completion_tokens\":50,\"temperature\":0,\"messages\":[{\"role\":\"user\","
       "\"content\":"
       "\"Hi \\\"you\\\"\"}]}");
    t.usage = t.temperature = false;
    is(&r, t,
       "{\"model\":\"m\\\"1\",\"stream\":true,\"max_completion_tokens\":50,\"messages\":[{\"role\":"
       "\"user\",\"content\":\"Hi \\\"you\\\"\"}]}");
    t = target(PL_LLM_DIALECT_VLLM);
    is(&r, t,
       "{\"model\":\"m\\\"1\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
       "\"max_tokens\":50,\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"Hi "
       "\\\"you\\\"\"}]}");
    is(&r, target(PL_LLM_DIALECT_RESPONSES),
       "{\"model\":\"m\\\"1\",\"stream\":true,\"store\":false,\"max_output_tokens\":50,"
       "\"temperature\":0,\"input\":[{\"role\":\"user\",\"content\":\"Hi \\\"you\\\"\"}]}");
    is(&r, target(PL_LLM_DIALECT_ANTHROPIC),
       "{\"model\":\"m\\\"1\",\"max_tokens\":50,\"stream\":true,\"temperature\":0,\"messages\":[{"
       "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi \\\"you\\\"\"}]}]}");
}

static void a_schema_and_a_system_text(void **state) {
    struct pl_llm_request r = {
        .system = PL_STR("Be kind."), .messages = hello, .nmessages = 1, .schema = PL_STR(SCHEMA)};
    struct pl_llm_target t = target(PL_LLM_DIALECT_LLAMACPP);
    (void)state;
    is(&r, t,
       "{\"model\":\"m\\\"1\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
       "\"max_tokens\":50,\"temperature\":0,\"messages\":[{\"role\":\"system\",\"content\":\"Be "
       "kind.\"},{\"role\":\"user\",\"content\":\"Hi \\\"you\\\"\"}],\"response_format\":{\"type\":"
       "\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"strict\":true,\"schema\":" SCHEMA
       "}}}");
    t.schema = false;
    is(&r, t,
       "{\"model\":\"m\\\"1\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
       "\"max_tokens\":50,\"temperature\":0,\"messages\":[{\"role\":\"system\",\"content\":\"Be "
       "kind.\\n\\nAnswer with one JSON value that fits this JSON schema, and with nothing else:\\n"
       "{\\\"type\\\":\\\"object\\\"}\"},{\"role\":\"user\",\"content\":\"Hi \\\"you\\\"\"}]}");
    is(&r, target(PL_LLM_DIALECT_RESPONSES),
       "{\"model\":\"m\\\"1\",\"stream\":true,\"store\":false,\"max_output_tokens\":50,"
       "\"temperature\":0,\"instructions\":\"Be kind.\",\"input\":[{\"role\":\"user\",\"content\":"
       "\"Hi \\\"you\\\"\"}],\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"answer\","
       "\"strict\":true,\"schema\":" SCHEMA "}}}");
    is(&r, target(PL_LLM_DIALECT_ANTHROPIC),
       "{\"model\":\"m\\\"1\",\"max_tokens\":50,\"stream\":true,\"temperature\":0,\"system\":\"Be "
       "kind.\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi "
       "\\\"you\\\"\"}]}],\"tools\":[{\"name\":\"answer_in_schema\",\"description\":\"Gives the "
       "answer.\",\"input_schema\":" SCHEMA "}],\"tool_choice\":{\"type\":\"tool\",\"name\":"
       "\"answer_in_schema\"}}");
}

static void tools_and_their_results(void **state) {
    struct pl_llm_call call = {PL_STR("c1"), PL_STR("find"), PL_STR("{\"a\":1}")};
    struct pl_llm_tool tool = {PL_STR("find"), PL_STR("Finds."), PL_STR(SCHEMA)};
    struct pl_llm_message m[] = {
        hello[0],
        {.role = PL_LLM_ASSISTANT, .text = PL_STR("Wait."), .calls = &call, .ncalls = 1},
        {.role = PL_LLM_TOOL_RESULT, .text = PL_STR("found"), .call_id = PL_STR("c1")},
    };
    struct pl_llm_request r = {.messages = m, .nmessages = 3, .tools = &tool, .ntools = 1};
    (void)state;
    is(&r, target(PL_LLM_DIALECT_AZURE),
       "{\"model\":\"m\\\"1\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
       "\"max_completion_tokens\":50,\"temperature\":0,\"messages\":[{\"role\":\"user\","
       "\"content\":"
       "\"Hi \\\"you\\\"\"},{\"role\":\"assistant\",\"content\":\"Wait.\",\"tool_calls\":[{\"id\":"
       "\"c1\",\"type\":\"function\",\"function\":{\"name\":\"find\",\"arguments\":\"{\\\"a\\\":1}"
       "\"}"
       "}]},{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"found\"}],\"tools\":[{"
       "\"type\":"
       "\"function\",\"function\":{\"name\":\"find\",\"description\":\"Finds.\","
       "\"parameters\":" SCHEMA "}}]}");
    is(&r, target(PL_LLM_DIALECT_RESPONSES),
       "{\"model\":\"m\\\"1\",\"stream\":true,\"store\":false,\"max_output_tokens\":50,"
       "\"temperature\":0,\"input\":[{\"role\":\"user\",\"content\":\"Hi \\\"you\\\"\"},{\"role\":"
       "\"assistant\",\"content\":\"Wait.\"},{\"type\":\"function_call\",\"call_id\":\"c1\","
       "\"name\":"
       "\"find\",\"arguments\":\"{\\\"a\\\":1}\"},{\"type\":\"function_call_output\",\"call_id\":"
       "\"c1\",\"output\":\"found\"}],\"tools\":[{\"type\":\"function\",\"name\":\"find\","
       "\"description\":\"Finds.\",\"parameters\":" SCHEMA ",\"strict\":false}]}");
    is(&r, target(PL_LLM_DIALECT_ANTHROPIC),
       "{\"model\":\"m\\\"1\",\"max_tokens\":50,\"stream\":true,\"temperature\":0,\"messages\":[{"
       "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi \\\"you\\\"\"}]},{\"role\":"
       "\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Wait.\"},{\"type\":\"tool_use\","
       "\"id\":\"c1\",\"name\":\"find\",\"input\":{\"a\":1}}]},{\"role\":\"user\",\"content\":[{"
       "\"type\":\"tool_result\",\"tool_use_id\":\"c1\",\"content\":\"found\"}]}],\"tools\":[{"
       "\"name\":\"find\",\"description\":\"Finds.\",\"input_schema\":" SCHEMA "}]}");
}

static void texts_to_embed(void **state) {
    struct pl_str texts[] = {PL_STR("a"), PL_STR("b\n")};
    struct pl_llm_request r = {.embed = texts, .nembed = 2};
    (void)state;
    is(&r, target(PL_LLM_DIALECT_OPENAI),
       "{\"model\":\"e\",\"encoding_format\":\"float\",\"input\":[\"a\",\"b\\n\"]}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_question),
        cmocka_unit_test(a_schema_and_a_system_text),
        cmocka_unit_test(tools_and_their_results),
        cmocka_unit_test(texts_to_embed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
