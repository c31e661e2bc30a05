/* SPDX-License-Identifier: Apache-2.0
 *
 * A first draft of a project: nine intents with two to six examples each, and wordings that none of
 * them has.
 */
#include "runtime/nlp/nlp.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#define S(literal)                                                                                 \
    { ("" literal), sizeof(literal) - 1 }

static const struct pl_str langs[] = {S("en")};
static const struct pl_str intents[] = {S("track_order"), S("return_item"), S("product"),
                                        S("hours"),       S("person"),      S("cancel"),
                                        S("restart"),     S("back"),        S("skip")};
static const struct pl_nlp_example examples[] = {
    {0, S("en"), S("where is my order")},
    {0, S("en"), S("track my order")},
    {0, S("en"), S("has ⟨order_id⟩ shipped yet")},
    {0, S("en"), S("delivery status")},
    {1, S("en"), S("I want to return my shoes")},
    {1, S("en"), S("return ⟨order_id⟩")},
    {1, S("en"), S("send it back")},
    {1, S("en"), S("I'd like a refund")},
    {1, S("en"), S("money back")},
    {1, S("en"), S("they don't fit")},
    {2, S("en"), S("do you have ⟨product⟩ in size ⟨size⟩")},
    {2, S("en"), S("is ⟨product⟩ available")},
    {2, S("en"), S("tell me about ⟨product⟩")},
    {2, S("en"), S("what are the features of ⟨product⟩")},
    {2, S("en"), S("how much is ⟨product⟩")},
    {3, S("en"), S("what are your opening hours")},
    {3, S("en"), S("when are you open")},
    {3, S("en"), S("are you open on sunday")},
    {4, S("en"), S("I want to talk to a human")},
    {4, S("en"), S("speak to an agent")},
    {4, S("en"), S("real person please")},
    {5, S("en"), S("cancel")},
    {5, S("en"), S("stop")},
    {5, S("en"), S("never mind")},
    {6, S("en"), S("start over")},
    {6, S("en"), S("begin again")},
    {7, S("en"), S("go back")},
    {8, S("en"), S("skip")},
    {8, S("en"), S("skip this")},
};

static const struct {
    const char *text, *intent; /* NULL: none of them */
    double least;
} rows[] = {
    {"where's my package", "track_order", 0.5},
    {"track my parcel", "track_order", 0.7},
    {"where is my parcel?", "track_order", 0.7},
    {"when will my order arrive", "track_order", 0.7},
    {"my order hasn't arrived", "track_order", 0.7},
    {"I'd like to send these shoes back", "return_item", 0.7},
    {"can I get my money back", "return_item", 0.7},
    {"the shoes are too small, I want to return them", "return_item", 0.7},
    {"opening times", "hours", 0.7},
    {"agent", "person", 0.6},
    {"human", "person", 0.6},
    {"my lawyer will call you", NULL, 0},
    {"the shoes are nice", NULL, 0},
    {"hello", NULL, 0},
    {"what should I do today", NULL, 0},
    {"asdkjh qwoieu zmxncb", NULL, 0},
};

static void few_examples(void **state) {
    (void)state;
    struct pl_nlp_source src = {.langs = langs,
                                .nlangs = 1,
                                .intents = intents,
                                .nintents = PL_LEN(intents),
                                .examples = examples,
                                .nexamples = PL_LEN(examples)};
    struct pl_locale_tools *tools = pl_locale_tools_new();
    struct pl_arena a;
    struct pl_buf section = {0};
    struct pl_str why;
    struct pl_nlp_model *m = NULL;
    struct pl_nlp *n = NULL;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_nlp_build(tools, &a, &src, &section, &why), PL_OK);
    assert_int_equal(pl_nlp_open(pl_buf_slice(&section), &m), PL_OK);
    assert_int_equal(pl_nlp_new(m, tools, &n), PL_OK);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_nlp_reading r;
        pl_nlp_read(n, &a, pl_str_c(rows[i].text), NULL, &r);
        double c = r.nguesses > 0 ? r.guesses[0].confidence : 0;
        struct pl_str name = pl_nlp_intent_name(m, r.nguesses > 0 ? r.guesses[0].intent : 0);
        bool good = rows[i].intent == NULL ? c < 0.3
                                           : c >= rows[i].least && pl_str_is(name, rows[i].intent);
        if (!good) fail_msg("%s: %.*s %.2f", rows[i].text, PL_STR_ARG(name), c);
    }
    pl_nlp_free(&n);
    pl_nlp_close(&m);
    pl_buf_free(&section);
    pl_arena_free(&a);
    pl_locale_tools_free(&tools);
}

/* ---- the cache of trained models ---- */

struct shelf {
    struct pl_str has; /* what it gives, whatever is asked for */
    struct pl_buf put;
};

static bool shelf_get(void *ctx, const uint8_t key[16], struct pl_buf *out) {
    struct shelf *s = ctx;
    (void)key;
    pl_buf_str(out, s->has);
    return true;
}

static void shelf_put(void *ctx, const uint8_t key[16], struct pl_str model) {
    struct shelf *s = ctx;
    (void)key;
    pl_buf_str(&s->put, model);
}

/* Damaged, cut short, another program's: the model is learned anew, and put in its place. */
static void a_wrong_cache_is_no_model(void **state) {
    struct shelf s = {{0}, {0}};
    const struct pl_nlp_cache cache = {&s, shelf_get, shelf_put};
    struct pl_nlp_source src = {.langs = langs,
                                .nlangs = PL_LEN(langs),
                                .intents = intents,
                                .nintents = PL_LEN(intents),
                                .examples = examples,
                                .nexamples = PL_LEN(examples)};
    struct pl_locale_tools *tools = pl_locale_tools_new();
    struct pl_arena a;
    struct pl_buf fresh = {0}, whole = {0};
    struct pl_str why = {0};
    (void)state;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_nlp_build(tools, &a, &src, &fresh, &why), PL_OK);
    src.cache = &cache;
    s.has = PL_STR("another program's");
    assert_int_equal(pl_nlp_build(tools, &a, &src, &whole, &why), PL_OK);
    assert_true(pl_str_eq(pl_buf_slice(&whole), pl_buf_slice(&fresh)));
    struct pl_str model = pl_arena_str(&a, pl_buf_slice(&s.put));
    assert_true(model.n > 0);
    const struct pl_str kept[] = {model, {model.p, model.n - 1}, {0}};
    for (size_t i = 0; i < PL_LEN(kept); i++) {
        s.has = kept[i];
        pl_buf_clear(&s.put);
        pl_buf_clear(&whole);
        assert_int_equal(pl_nlp_build(tools, &a, &src, &whole, &why), PL_OK);
        assert_true(pl_str_eq(pl_buf_slice(&whole), pl_buf_slice(&fresh)));
        assert_int_equal(s.put.n, i == 0 ? 0 : model.n); /* what was right is not learned again */
    }
    pl_buf_free(&s.put);
    pl_buf_free(&fresh);
    pl_buf_free(&whole);
    pl_arena_free(&a);
    pl_locale_tools_free(&tools);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(few_examples),
                                       cmocka_unit_test(a_wrong_cache_is_no_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
