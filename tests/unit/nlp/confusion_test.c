/* SPDX-License-Identifier: Apache-2.0
 *
 * Examples read by models that did not learn from them.
 */
#include "runtime/nlp/nlp.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#define S(literal)                                                                                 \
    { ("" literal), sizeof(literal) - 1 }

static const struct pl_str langs[] = {S("en")};
static const struct pl_str intents[] = {S("parcel"), S("hours")};
/* The last stands under the wrong intent. */
static const struct pl_nlp_example examples[] = {
    {0, S("en"), S("where is my parcel")},       {0, S("en"), S("where is the parcel")},
    {0, S("en"), S("where is that parcel now")}, {0, S("en"), S("is my parcel on its way")},
    {1, S("en"), S("do you open on sunday")},    {1, S("en"), S("do you open on monday")},
    {1, S("en"), S("are you open on sunday")},   {1, S("en"), S("are you open on monday")},
    {0, S("en"), S("do you open on saturday")}};
#define N (sizeof examples / sizeof examples[0])

static void an_example_does_not_vouch_for_itself(void **state) {
    struct pl_locale_tools *tools = pl_locale_tools_new();
    struct pl_nlp_source source = {.langs = langs,
                                   .nlangs = 1,
                                   .bare = true,
                                   .intents = intents,
                                   .nintents = 2,
                                   .examples = examples,
                                   .nexamples = N};
    struct pl_arena a;
    uint32_t read_as[N], again[N];
    (void)state;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_nlp_crossed(tools, &a, &source, read_as), PL_OK);
    assert_int_equal(pl_nlp_crossed(tools, &a, &source, again), PL_OK);
    assert_memory_equal(read_as, again, sizeof read_as);
    for (size_t i = 0; i + 1 < N; i++) assert_int_equal(read_as[i], examples[i].intent);
    assert_int_equal(read_as[N - 1], 1);
    pl_arena_free(&a);
    pl_locale_tools_free(&tools);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_example_does_not_vouch_for_itself)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
