/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <string.h>

#include "runtime/value/value.h"

#include <cmocka.h>

static enum pl_err parse(struct pl_arena *a, const char *text, struct pl_json *out) {
    size_t at;
    return pl_json_parse(a, pl_str_c(text), out, &at);
}

static void documents_are_read(void **state) {
    (void)state;
    struct pl_arena a;
    struct pl_json j;
    pl_arena_init(&a, 0);
    assert_int_equal(parse(&a, " {\"a\":[1,-2.50e+3,true,null],\"b\":{\"c\":\"x\"}} ", &j), PL_OK);
    const struct pl_json *list = pl_json_get(&j, "a");
    assert_int_equal(list->n, 4);
    assert_true(pl_str_is(list->m[1].value.s, "-2.50e+3"));
    assert_true(list->m[2].value.b);
    assert_true(pl_str_is(pl_json_text(pl_json_get(&j, "b"), "c"), "x"));
    assert_null(pl_json_get(&j, "nope"));
    assert_null(pl_json_get(list, "a"));
    assert_int_equal(pl_json_text(&j, "a").n, 0);
    assert_int_equal(parse(&a, "\"\\ud83d\\udce6 \\u0000\\n\\/\\\"\"", &j), PL_OK);
    assert_true(pl_str_eq(j.s, PL_STR("\xf0\x9f\x93\xa6 \0\n/\"")));
    assert_int_equal(parse(&a, "[]", &j), PL_OK);
    assert_int_equal(j.n, 0);
    pl_arena_free(&a);
}

static void malformed_documents_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } bad[] = {{"", 0},
               {" ", 1},
               {"{", 1},
               {"[1,]", 3},
               {"{\"a\":1,}", 7},
               {"{\"a\" 1}", 5},
               {"{a:1}", 1},
               {"01", 1},
               {"-", 1},
               {"1.", 2},
               {".5", 0},
               {"1e", 2},
               {"+1", 0},
               {"NaN", 0},
               {"nul", 0},
               {"truex", 4},
               {"\"a", 2},
               {"\"\n\"", 1},
               {"\"\\x\"", 3},
               {"\"\\u12g4\"", 3},
               {"\"\\ud800\"", 7},
               {"\"\\udc00\"", 7},
               {"\"\\ud800\\u0041\"", 13},
               {"[1] 2", 4},
               {"{\"a\":1,\"a\":2}", 13},
               {"\xef\xbb\xbf{}", 0},
               {"\"\xff\"", 1},
               {"[1,2}", 4},
               {"'a'", 0},
               {"[/*x*/]", 1}};
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(bad); i++) {
        struct pl_json j;
        size_t at;
        enum pl_err err = pl_json_parse(&a, pl_str_c(bad[i].text), &j, &at);
        if (err != PL_MALFORMED || at != bad[i].at)
            fail_msg("%s: error %d at %zu", bad[i].text, (int)err, at);
    }
    pl_arena_free(&a);
}

static void depth_stops_at_64(void **state) {
    (void)state;
    char text[200];
    struct pl_arena a;
    struct pl_json j;
    pl_arena_init(&a, 0);
    for (int depth = 64; depth <= 65; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        assert_int_equal(parse(&a, text, &j), depth == 64 ? PL_OK : PL_LIMIT);
    }
    pl_arena_free(&a);
}

static void many_members_are_cheap_and_checked(void **state) {
    (void)state;
    struct pl_buf b = {0};
    struct pl_arena a;
    struct pl_json j;
    pl_arena_init(&a, 0);
    pl_buf_byte(&b, '{');
    for (int i = 0; i < 20000; i++) pl_buf_printf(&b, "\"k%d\":%d,", i, i);
    size_t before = b.n;
    pl_buf_c(&b, "\"z\":0}");
    pl_buf_byte(&b, 0);
    assert_int_equal(parse(&a, b.p, &j), PL_OK);
    assert_int_equal(j.n, 20001);
    assert_true(pl_str_is(j.m[12345].name, "k12345"));
    b.n = before;
    pl_buf_c(&b, "\"k77\":0}");
    pl_buf_byte(&b, 0);
    assert_int_equal(parse(&a, b.p, &j), PL_MALFORMED);
    pl_buf_free(&b);
    pl_arena_free(&a);
    pl_arena_init(&a, 512);
    assert_int_equal(parse(&a, "[1,2,3,4,5,6,7,8,9,10,11,12]", &j), PL_NOMEM);
    pl_arena_free(&a);
}

/* order: {status: one of placed shipped, total: money, eta: datetime?, items: list of item} */
static const struct pl_typedef_field item_fields[] = {
    {.name = {"name", 4}, .type = {.kind = PL_KIND_TEXT}},
    {.name = {"price", 5}, .type = {.kind = PL_KIND_NUMBER}},
};
static const struct pl_typedef_field order_fields[] = {
    {.name = {"status", 6}, .type = {.kind = PL_KIND_ENUM, .def = 2}},
    {.name = {"total", 5}, .type = {.kind = PL_KIND_MONEY}},
    {.name = {"eta", 3}, .type = {.kind = PL_KIND_DATETIME, .optional = true}},
    {.name = {"items", 5}, .type = {.kind = PL_KIND_LIST, .def = 0}},
};
static const struct pl_typedef_field members[] = {{.name = {"placed", 6}},
                                                  {.name = {"shipped", 7}}};
static const struct pl_typedef defs[] = {
    {.name = {"order", 5}, .kind = PL_KIND_RECORD, .nfields = 4, .fields = order_fields},
    {.name = {"item", 4}, .kind = PL_KIND_RECORD, .nfields = 2, .fields = item_fields},
    {.name = {"order.status", 12}, .kind = PL_KIND_ENUM, .nfields = 2, .fields = members},
    {.name = {"order_id", 8}, .kind = PL_KIND_ENTITY, .base = PL_KIND_TEXT},
};
static const struct pl_type items[] = {{.kind = PL_KIND_RECORD, .def = 1}};
static const struct pl_types types = {defs, PL_LEN(defs), items, PL_LEN(items)};

static enum pl_err typed(struct pl_arena *a, struct pl_type type, const char *text,
                         struct pl_value *v, struct pl_str *where) {
    struct pl_json j;
    assert_int_equal(parse(a, text, &j), PL_OK);
    return pl_value_from_json(a, &types, type, &j, v, where);
}

static void typed_values_come_back_as_they_went(void **state) {
    (void)state;
    static const struct {
        uint8_t kind;
        const char *in, *out;
    } cases[] = {
        {PL_KIND_NUMBER, "1.50e2", "150"},
        {PL_KIND_NUMBER, "19.989999999999998", "19.989999999999998"},
        {PL_KIND_NUMBER, "1e-400", "0"},
        {PL_KIND_NUMBER, "1e19", NULL},
        {PL_KIND_NUMBER, "1e99999999999999999999", NULL},
        {PL_KIND_NUMBER, "\"1\"", NULL},
        {PL_KIND_PERCENT, "15", "15"},
        {PL_KIND_MONEY, "\"12.30 USD\"", "{\"amount\":\"12.3\",\"currency\":\"USD\"}"},
        {PL_KIND_MONEY, "{\"amount\":12.30,\"currency\":\"EUR\"}",
         "{\"amount\":\"12.3\",\"currency\":\"EUR\"}"},
        {PL_KIND_MONEY, "{\"amount\":\"x\",\"currency\":\"EUR\"}", NULL},
        {PL_KIND_MONEY, "\"12.30 usd\"", NULL},
        {PL_KIND_MONEY, "\" USD\"", NULL},
        {PL_KIND_MONEY, "12", NULL},
        {PL_KIND_DATE, "\"2026-02-28\"", "\"2026-02-28\""},
        {PL_KIND_DATE, "\"2026-02-29\"", NULL},
        {PL_KIND_TIME, "\"09:30\"", "\"09:30:00\""},
        {PL_KIND_DATETIME, "\"2026-12-03 09:00\"", "\"2026-12-03T09:00:00.000Z\""},
        {PL_KIND_DATETIME, "0", "\"1970-01-01T00:00:00.000Z\""},
        {PL_KIND_DATETIME, "0.5", NULL},
        {PL_KIND_DURATION, "\"30d\"", "2592000000"},
        {PL_KIND_DURATION, "200", "200"},
        {PL_KIND_BOOL, "true", "true"},
        {PL_KIND_BOOL, "1", NULL},
        {PL_KIND_TEXT, "\"a\\\"\\u0007\"", "\"a\\\"\\u0007\""},
        {PL_KIND_TEXT, "null", NULL},
        {PL_KIND_ANY, "{\"a\":[1,\"x\",null,false]}", "{\"a\":[1,\"x\",null,false]}"},
    };
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_value v;
        struct pl_str where;
        enum pl_err err =
            typed(&a, (struct pl_type){.kind = cases[i].kind}, cases[i].in, &v, &where);
        if ((err == PL_OK) != (cases[i].out != NULL)) fail_msg("%s: %d", cases[i].in, (int)err);
        if (err != PL_OK) continue;
        struct pl_buf b = {0};
        pl_value_to_json(&b, v);
        pl_buf_byte(&b, 0);
        assert_string_equal(b.p, cases[i].out);
        pl_buf_free(&b);
    }
    pl_arena_free(&a);
}

static void a_misfit_names_its_place(void **state) {
    (void)state;
    static const struct {
        const char *in, *where;
    } cases[] = {
        {"{\"status\":\"placed\",\"total\":\"1 USD\",\"items\":[],\"more\":1}", ""},
        {"{\"status\":\"lost\",\"total\":\"1 USD\",\"items\":[]}",
         "order.status: expected one of order.status"},
        {"{\"status\":\"placed\",\"items\":[]}", "order.total: missing"},
        {"{\"status\":\"placed\",\"total\":\"1 USD\",\"items\":[{\"name\":\"a\",\"price\":1},"
         "{\"name\":\"b\",\"price\":\"x\"}]}",
         "order.items[1].price: expected number"},
        {"{\"status\":\"placed\",\"total\":\"1 USD\",\"items\":[7]}",
         "order.items[0]: expected item"},
        {"[]", "order: expected order"},
    };
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_value v;
        struct pl_str where;
        enum pl_err err =
            typed(&a, (struct pl_type){.kind = PL_KIND_RECORD}, cases[i].in, &v, &where);
        assert_int_equal(err, cases[i].where[0] ? PL_TYPE : PL_OK);
        if (!pl_str_is(where, cases[i].where)) fail_msg("%.*s", PL_STR_ARG(where));
    }
    struct pl_value v;
    struct pl_str where;
    assert_int_equal(
        typed(&a, (struct pl_type){.kind = PL_KIND_ENTITY, .def = 3}, "\"AB12\"", &v, &where),
        PL_OK);
    assert_int_equal(v.kind, PL_KIND_TEXT);
    assert_int_equal(typed(&a, (struct pl_type){.kind = PL_KIND_ANY},
                           "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", &v, &where),
                     PL_TYPE);
    pl_arena_free(&a);
}

static void the_writer_keeps_commas(void **state) {
    (void)state;
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    pl_jw_open(&w, '{');
    pl_jw_name(&w, "a");
    pl_jw_open(&w, '[');
    pl_jw_int(&w, INT64_MIN);
    pl_jw_bool(&w, false);
    pl_jw_open(&w, '{');
    pl_jw_close(&w, '}');
    pl_jw_null(&w);
    pl_jw_close(&w, ']');
    pl_jw_name(&w, "b");
    pl_jw_text(&w, PL_STR("\x01\t"));
    pl_jw_name(&w, "c");
    pl_jw_raw(&w, PL_STR("[1]"));
    pl_jw_close(&w, '}');
    pl_buf_byte(&b, 0);
    assert_string_equal(b.p, "{\"a\":[-9223372036854775808,false,{},null],\"b\":\"\\u0001\\t\","
                             "\"c\":[1]}");
    pl_buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read),
        cmocka_unit_test(malformed_documents_are_refused),
        cmocka_unit_test(depth_stops_at_64),
        cmocka_unit_test(many_members_are_cheap_and_checked),
        cmocka_unit_test(typed_values_come_back_as_they_went),
        cmocka_unit_test(a_misfit_names_its_place),
        cmocka_unit_test(the_writer_keeps_commas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
