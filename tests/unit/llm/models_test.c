/* SPDX-License-Identifier: Apache-2.0
 *
 * The models file: what it gives, what is said about its mistakes, and that the operators' page
 * shows what is so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "runtime/llm/llm_priv.h"

#define MIN "[t]\ndialect = openai\nurl = https://a.example/v1\nmodel = m\n"

static struct pl_arena arena;

static enum pl_err parse(const char *text, struct pl_llm_models *m, struct pl_buf *errors) {
    enum pl_err err = pl_llm_models_parse(&arena, pl_str_c(text), "models.conf", m, errors);
    pl_buf_byte(errors, 0);
    return err;
}

static void a_file_gives_its_targets_in_order(void **state) {
    struct pl_llm_models m;
    struct pl_buf errors = {0};
    (void)state;
    assert_int_equal(parse("\xef\xbb\xbf# all\nceiling_day = 50.5 USD\n\n[a]\ndialect = anthropic\n"
                           "url = https://x\nmodel = two words\nkey = env K\nstall = 2s\n"
                           "price = 0.15 0.60 USD cached 0.075\nprice = 1 2 USD from 2027-01-01\n"
                           "[b]\r\ndialect = ollama\r\nurl = http://[::1]:8081/v1\r\nmodel = m",
                           &m, &errors),
                     PL_OK);
    assert_string_equal(errors.p, "");
    assert_int_equal(m.ntargets, 2);
    assert_int_equal(m.ceiling_day, 50500000);
    assert_string_equal(m.currency, "USD");
    assert_string_equal(m.targets[0].name, "a");
    assert_string_equal(m.targets[0].model, "two words");
    assert_string_equal(m.targets[0].key, "env K");
    assert_int_equal(m.targets[0].stall, 2000);
    assert_int_equal(m.targets[0].connect, 1000);
    assert_int_equal(m.targets[0].nprices, 2);
    assert_int_equal(m.targets[0].prices[0].cached, 75000);
    assert_int_equal(m.targets[0].prices[1].cached, 1000000);
    assert_int_equal(m.targets[0].prices[1].from, 20819);
    assert_int_equal(m.targets[1].dialect, PL_LLM_DIALECT_OLLAMA);
    pl_buf_free(&errors);
}

static const struct {
    const char *text, *error;
} mistakes[] = {
    {"modle = x\n", "models.conf:1: 'modle' stands before the first [target]; only ceiling_day, "
                    "ceiling_conversation and cache may\n"},
    {"ceiling_dya = 5 USD\n",
     "models.conf:1: 'ceiling_dya' stands before the first [target]; only ceiling_day, "
     "ceiling_conversation and cache may; did you mean 'ceiling_day'?\n"},
    {MIN "model = n\n", "models.conf:5: model stands twice in [t]\n"},
    {MIN "prices = 1 2 USD\n", "models.conf:5: unknown setting 'prices'; did you mean 'price'?\n"},
    {MIN "price = 20000 1 USD\n",
     "models.conf:5: expected the price of a million tokens of prompt and of output, such as 0.15 "
     "0.60 USD, and then perhaps: cached 0.075 from 2027-01-01; none is over 10000\n"},
    {MIN "first_token = 60s\ntotal = 5s\nstall = 1s\n",
     "models.conf:1: [t] first_token is longer than total, which ends the whole attempt\n"},
    {"[t]\ndialect = openai\nurl = https://x:99999/v1\nmodel = m\n",
     "models.conf:1: [t] url: a port is a number from 1 to 65535\n"},
    {"[t]\ndialect = openai\nurl = https://[::1]:x/v1\nmodel = m\n",
     "models.conf:1: [t] url: a port is a number from 1 to 65535\n"},
    {"[t]\ndialect = openai\nurl = https://x/v1/chat/completions/?v=1\nmodel = m\n",
     "models.conf:1: [t] url: leave /chat/completions away, which the dialect appends\n"},
    {"[t]\ndialect = openai\nurl = https://x\nmodel =\n",
     "models.conf:4: model: nothing stands behind the =\n"},
    {"cache = 999ms\n" MIN,
     "models.conf:1: cache: expected no, or a duration from 1s to 7d, got '999ms'\n"},
    {"cache = 8d\n" MIN,
     "models.conf:1: cache: expected no, or a duration from 1s to 7d, got '8d'\n"},
    {"cache = yes\n" MIN,
     "models.conf:1: cache: expected no, or a duration from 1s to 7d, got 'yes'\n"},
    {MIN "modle = x\n", "models.conf:5: unknown setting 'modle'; did you mean 'model'?\n"},
    {MIN "xyzxyz = x\n", "models.conf:5: unknown setting 'xyzxyz'; docs/MODELS.md lists them\n"},
    {MIN "what\n", "models.conf:5: expected [target] or name = value\n"},
    {MIN "stall = 4\n",
     "models.conf:5: stall: expected a duration such as 250ms, 4s or 2m, from 10 "
     "to 600000 ms, got '4'\n"},
    {MIN "stall = 9ms\n", "models.conf:5: stall: expected a duration such as 250ms, 4s or 2m, from "
                          "10 to 600000 ms, got '9ms'\n"},
    {MIN "context = -1\n",
     "models.conf:5: context: expected a whole number from 0 to 100000000, got '-1'\n"},
    {MIN "usage = maybe\n", "models.conf:5: usage: expected yes or no, got 'maybe'\n"},
    {MIN "key = sk-12345\n",
     "models.conf:5: key: expected 'env NAME' or 'file PATH'; the key itself "
     "does not belong here\n"},
    {MIN "price = 1 2\n", "models.conf:5: expected a currency such as USD, got ''\n"},
    {MIN "price = 1 2 USD\nprice = 1 2 EUR from 2027-01-01\n",
     "models.conf:6: prices and ceilings must be in one currency: USD before, EUR here\n"},
    {MIN "price = 1 2 USD\nprice = 1 2 USD\n",
     "models.conf:6: prices stand in the order of their dates, the first without one\n"},
    {MIN "embed = e\n[u]\ndialect = anthropic\nurl = https://x\nmodel = m\nembed = e\n",
     "models.conf:6: [u] embed: anthropic has no embeddings\n"},
    {MIN MIN, "models.conf:5: [t] is there twice\n"},
    {"[t]\nurl = https://x\nmodel = m\n", "models.conf:1: [t] needs 'dialect'\n"},
    {"[T]\ndialect = openai\nurl = https://x\nmodel = m\n",
     "models.conf:1: a target's name has small letters, digits, _, - and ., at most 63 of them\n"},
    {"[t]\ndialect = opanai\nurl = https://x\nmodel = m\n",
     "models.conf:2: unknown dialect 'opanai'; did you mean 'openai'?\n"},
    {"[t]\ndialect = openai\nurl = ftp://x\nmodel = m\n",
     "models.conf:1: [t] url: expected an address such as https://api.openai.com/v1\n"},
    {"[t]\ndialect = openai\nurl = https://me@x\nmodel = m\n",
     "models.conf:1: [t] url: neither a user nor a fragment belongs there\n"},
    {"[t]\ndialect = openai\nurl = http://x/v1\nmodel = m\n",
     "models.conf:1: [t] url: http:// sends customers' words and the key readable for anyone on "
     "the "
     "way; use https://, or say plain = yes\n"},
    {"ceiling_day = 5\n", "models.conf:1: expected a currency such as USD, got ''\n"},
    {"ceiling_day = 0 USD\n",
     "models.conf:1: expected an amount above 0 and a currency, such as 50.00 USD\n"},
};

static void mistakes_are_said_once_and_in_their_line(void **state) {
    (void)state;
    for (size_t i = 0; i < PL_LEN(mistakes); i++) {
        struct pl_llm_models m;
        struct pl_buf errors = {0};
        assert_int_equal(parse(mistakes[i].text, &m, &errors), PL_MALFORMED);
        assert_string_equal(errors.p, mistakes[i].error);
        pl_buf_free(&errors);
    }
}

static void many_targets_and_hosts_that_look_like_here(void **state) {
    static const char *const elsewhere[] = {"http://localhost.example/v1",
                                            "http://127.example.com/", "http://1270.0.0.1/"};
    struct pl_llm_models m;
    struct pl_buf errors = {0}, text = {0};
    (void)state;
    for (size_t i = 0; i < PL_LEN(elsewhere); i++) {
        char conf[256];
        snprintf(conf, sizeof conf, "[t]\ndialect = openai\nurl = %s\nmodel = m\n", elsewhere[i]);
        if (parse(conf, &m, &errors) != PL_MALFORMED) fail_msg("%s", elsewhere[i]);
    }
    for (int i = 0; i < 17; i++)
        pl_buf_printf(&text, "[t%d]\ndialect = openai\nurl = https://a\nmodel = m\n", i);
    pl_buf_byte(&text, 0);
    pl_buf_clear(&errors);
    assert_int_equal(parse(text.p, &m, &errors), PL_MALFORMED);
    assert_non_null(strstr(errors.p, "models.conf:65: more than 16 targets\n"));
    assert_int_equal(m.ntargets, 16);
    pl_buf_free(&errors);
    pl_buf_free(&text);
}

static void addresses_are_put_together(void **state) {
    static const struct {
        const char *url, *path, *whole;
    } rows[] = {
        {"https://a/v1", "/chat/completions", "https://a/v1/chat/completions"},
        {"https://a/v1/", "/chat/completions", "https://a/v1/chat/completions"},
        {"https://a/d/x?api-version=1", "/chat/completions",
         "https://a/d/x/chat/completions?api-version=1"},
        {"https://a", "/v1/messages", "https://a/v1/messages"},
        {"https://a/v1", "/v1/messages", "https://a/v1/messages"},
    };
    (void)state;
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_llm_target t = {.url = rows[i].url};
        struct pl_buf b = {0};
        pl_llm__url(&b, &t, rows[i].path);
        pl_buf_byte(&b, 0);
        assert_string_equal(b.p, rows[i].whole);
        pl_buf_free(&b);
    }
}

/* Every block fenced as conf in the operators' page is a file without mistakes. */
static void the_pages_examples_are_right(void **state) {
    struct pl_str text;
    size_t blocks = 0, at;
    (void)state;
    assert_int_equal(pl_file_read(&arena, "docs/MODELS.md", 1 << 20, &text), PL_OK);
    while ((at = pl_str_find(text, PL_STR("```conf\n"))) != SIZE_MAX) {
        struct pl_llm_models m;
        struct pl_buf errors = {0};
        text = (struct pl_str){text.p + at + 8, text.n - at - 8};
        size_t end = pl_str_find(text, PL_STR("```"));
        assert_true(end != SIZE_MAX);
        enum pl_err err =
            pl_llm_models_parse(&arena, (struct pl_str){text.p, end}, "MODELS.md", &m, &errors);
        if (err) fail_msg("%.*s", (int)errors.n, errors.p);
        assert_true(m.ntargets > 0);
        pl_buf_free(&errors);
        blocks++;
    }
    assert_true(blocks >= 6);
}

/* What the page says of a default is the default. */
static void the_pages_defaults_are_the_defaults(void **state) {
    static const struct {
        const char *name, *def;
    } fields[] = {
#define FIELD(name, type, def, min, max, help) {#name, def},
#include "runtime/llm/target.def"
#undef FIELD
    };
    struct pl_str text;
    (void)state;
    assert_int_equal(pl_file_read(&arena, "docs/MODELS.md", 1 << 20, &text), PL_OK);
    for (size_t i = 0; i < PL_LEN(fields); i++) {
        char row[128];
        snprintf(row, sizeof row, "\n| `%s` | %s%s|", fields[i].name, fields[i].def,
                 fields[i].def[0] ? " " : "");
        if (pl_str_find(text, pl_str_c(row)) == SIZE_MAX) fail_msg("no row%s", row);
    }
}

static int tear_down(void **state) {
    (void)state;
    pl_arena_free(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_its_targets_in_order),
        cmocka_unit_test(mistakes_are_said_once_and_in_their_line),
        cmocka_unit_test(many_targets_and_hosts_that_look_like_here),
        cmocka_unit_test(addresses_are_put_together),
        cmocka_unit_test(the_pages_examples_are_right),
        cmocka_unit_test(the_pages_defaults_are_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
