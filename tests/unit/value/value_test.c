/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <string.h>

#include "runtime/value/value.h"

#include <cmocka.h>

static struct pl_dec dec(const char *text) {
    struct pl_dec d = {0, 0};
    assert_true(pl_dec_parse(pl_str_c(text), &d));
    return d;
}

static struct pl_value num(const char *text) {
    return (struct pl_value){.kind = PL_KIND_NUMBER, .n = dec(text)};
}

static void prints(struct pl_value v, const char *json) {
    struct pl_buf b = {0};
    pl_value_to_json(&b, v);
    pl_buf_byte(&b, 0);
    assert_string_equal(b.p, json);
    pl_buf_free(&b);
}

static void gives(struct pl_value a, char op, struct pl_value b, const char *json) {
    struct pl_value v = PL_NONE;
    assert_int_equal(pl_value_arith(op, a, b, &v), PL_OK);
    prints(v, json);
}

static void fails(struct pl_value a, char op, struct pl_value b, enum pl_err err) {
    struct pl_value v = PL_NONE;
    assert_int_equal(pl_value_arith(op, a, b, &v), err);
}

static void decimals_go_there_and_back(void **state) {
    (void)state;
    const char *const texts[][2] = {{"12", "12"},
                                    {"-0.5", "-0.5"},
                                    {"12.30", "12.3"},
                                    {"0.0000000000000000001", NULL},
                                    {"0.000000000000000001", "0.000000000000000001"},
                                    {"999999999999999999", "999999999999999999"},
                                    {"-0", "0"},
                                    {"007", "7"},
                                    {"0.0", "0"}};
    for (size_t i = 0; i < PL_LEN(texts); i++) {
        struct pl_dec d;
        char out[32];
        bool ok = pl_dec_parse(pl_str_c(texts[i][0]), &d);
        assert_int_equal(ok, texts[i][1] != NULL);
        if (!ok) continue;
        assert_int_equal(pl_dec_print(d, out), strlen(texts[i][1]));
        assert_string_equal(out, texts[i][1]);
    }
    const char *const bad[] = {
        "", "-", ".5", "5.", "1.2.3", "+1", "1e3", "1 ", "--1", "9999999999999999999", "1,5"};
    struct pl_dec d;
    for (size_t i = 0; i < PL_LEN(bad); i++) assert_false(pl_dec_parse(pl_str_c(bad[i]), &d));
}

static void numbers_are_exact(void **state) {
    (void)state;
    gives(num("0.1"), '+', num("0.2"), "0.3");
    gives(num("1"), '-', num("0.999999999999999"), "0.000000000000001");
    gives(num("19.99"), '*', num("3"), "59.97");
    gives(num("1"), '/', num("3"), "0.333333333333333333");
    gives(num("2"), '/', num("3"), "0.666666666666666667");
    gives(num("-2"), '/', num("3"), "-0.666666666666666667");
    gives(num("10"), '/', num("4"), "2.5");
    gives(num("1"), '/', num("0.999999999999999999"), "1");
    gives(num("1000000"), '/', num("7"), "142857.142857142857");
    gives(num("0.123456789"), '*', num("0.987654321"), "0.121932631112635269");
    gives(num("999999999999999999"), '-', num("0.5"), "999999999999999998"); /* to even */
    fails(num("1"), '/', num("0"), PL_RANGE);
    fails(num("999999999999999999"), '+', num("1"), PL_RANGE);
    fails(num("1000000000"), '*', num("1000000000"), PL_RANGE);
    fails(num("1"), '%', num("1"), PL_TYPE);
    fails(num("1"), '\0', num("1"), PL_TYPE);
}

static void rounding_is_half_to_even(void **state) {
    (void)state;
    const struct {
        const char *from;
        uint8_t scale;
        const char *to;
    } cases[] = {{"2.5", 0, "2"},      {"3.5", 0, "4"},      {"-2.5", 0, "-2"},  {"2.51", 0, "3"},
                 {"2.345", 2, "2.34"}, {"2.355", 2, "2.36"}, {"9.995", 2, "10"}, {"1.2", 5, "1.2"}};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char out[32];
        (void)pl_dec_print(pl_dec_round(dec(cases[i].from), cases[i].scale), out);
        assert_string_equal(out, cases[i].to);
    }
    assert_int_equal(pl_dec_cmp(dec("1.50"), dec("1.5")), 0);
    assert_int_equal(pl_dec_cmp(dec("-1"), dec("0.000001")), -1);
}

static void the_table_of_kinds_holds(void **state) {
    (void)state;
    struct pl_value usd = pl_money(dec("12.30"), "USD"), eur = pl_money(dec("1"), "EUR");
    struct pl_value p = {.kind = PL_KIND_PERCENT, .n = {15, 0}};
    struct pl_value day = {.kind = PL_KIND_DURATION, .duration = 86400000};
    struct pl_value hours = {.kind = PL_KIND_DURATION, .duration = 36 * 3600000};
    struct pl_value date = {.kind = PL_KIND_DATE, .date = 20779};
    gives(usd, '*', pl_int(2), "{\"amount\":\"24.6\",\"currency\":\"USD\"}");
    gives(usd, '*', p, "{\"amount\":\"1.845\",\"currency\":\"USD\"}");
    gives(usd, '/', usd, "1");
    gives(pl_int(200), '*', p, "30");
    fails(usd, '+', eur, PL_TYPE);
    fails(usd, '+', pl_int(1), PL_TYPE);
    gives(date, '+', day, "\"2026-11-23\"");
    gives(date, '-', hours, "\"2026-11-20\"");
    gives(date, '-', date, "0");
    gives(hours, '/', day, "1.5");
    gives(day, '*', num("0.5"), "43200000");
    struct pl_value far = {.kind = PL_KIND_DURATION, .duration = INT64_MAX};
    fails(far, '+', far, PL_RANGE);
    fails(date, '+', far, PL_RANGE);
    fails(pl_bool(true), '+', pl_bool(true), PL_TYPE);
    int order;
    assert_int_equal(pl_value_cmp(usd, eur, &order), PL_TYPE);
    assert_int_equal(pl_value_cmp(day, hours, &order), PL_OK);
    assert_int_equal(order, -1);
    assert_int_equal(pl_value_cmp(pl_text(PL_STR("a")), pl_text(PL_STR("b")), &order), PL_TYPE);
    assert_true(pl_value_eq(num("1.5"), (struct pl_value){.kind = PL_KIND_NUMBER, .n = {150, 2}}));
    assert_false(pl_value_eq(pl_int(1), p));
}

static void every_day_of_ten_millennia(void **state) {
    (void)state;
    int32_t expected = -719162, date;
    for (int y = 1; y <= 9999; y++) {
        for (int m = 1; m <= 12; m++) {
            for (int d = 1; d <= 31; d++) {
                if (!pl_date_make(y, m, d, &date)) continue;
                assert_int_equal(date, expected++);
                if (date % 97) continue;
                int yy, mm, dd;
                pl_date_split(date, &yy, &mm, &dd);
                assert_true(yy == y && mm == m && dd == d);
            }
        }
    }
    assert_int_equal(expected, 2932897);
    assert_false(pl_date_make(2026, 2, 29, &date));
    assert_true(pl_date_make(2000, 2, 29, &date));
    assert_false(pl_date_make(1900, 2, 29, &date));
    assert_int_equal(pl_date_weekday(0), 3);
    assert_int_equal(pl_date_weekday(-1), 2);
    assert_int_equal(pl_date_weekday(20779), 6);
}

static void moments_are_read_strictly(void **state) {
    (void)state;
    const struct {
        const char *text;
        int offset;
        const char *utc;
    } cases[] = {{"2026-11-22T09:00:00.120Z", 60, "2026-11-22T09:00:00.120Z"},
                 {"2026-11-22T09:00:00+01:00", 0, "2026-11-22T08:00:00.000Z"},
                 {"2026-11-22t09:00:00.1239999z", 0, "2026-11-22T09:00:00.123Z"},
                 {"2026-11-22 09:00", 60, "2026-11-22T08:00:00.000Z"},
                 {"1969-12-31 23:59:59", 0, "1969-12-31T23:59:59.000Z"},
                 {"2026-11-22", 0, NULL},
                 {"2026-11-22 24:00", 0, NULL},
                 {"2026-11-22T09:00Z", 0, NULL},
                 {"2026-11-22T09:00:00.Z", 0, NULL},
                 {"2026-11-22T09:00:00Zx", 0, NULL},
                 {"0001-01-01T00:00:00+01:00", 0, NULL},
                 {"2026-13-22 09:00", 0, NULL}};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        int64_t ms;
        char out[26];
        bool ok = pl_datetime_parse(pl_str_c(cases[i].text), cases[i].offset, &ms);
        assert_int_equal(ok, cases[i].utc != NULL);
        if (!ok) continue;
        pl_datetime_print(ms, out);
        assert_string_equal(out, cases[i].utc);
    }
    int64_t ms;
    assert_true(pl_duration_parse(PL_STR("30d"), &ms) && ms == INT64_C(2592000000));
    assert_true(pl_duration_parse(PL_STR("200ms"), &ms) && ms == 200);
    assert_false(pl_duration_parse(PL_STR("9223372036854775807d"), &ms));
    assert_false(pl_duration_parse(PL_STR("5"), &ms));
    assert_false(pl_duration_parse(PL_STR("d"), &ms));
}

static struct pl_value nested(struct pl_arena *a, int depth) {
    struct pl_value v = pl_int(7);
    while (depth--) {
        struct pl_value *item = PL_NEW(a, struct pl_value);
        *item = v;
        v = (struct pl_value){.kind = PL_KIND_LIST};
        v.list.v = item;
        v.list.n = 1;
    }
    return v;
}

static void binary_goes_there_and_back(void **state) {
    (void)state;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_field fields[] = {
        {PL_STR("total"), pl_money(dec("-12.30"), "USD")},
        {PL_STR("eta"), {.kind = PL_KIND_DATETIME, .datetime = 1795338245120}},
        {PL_STR("none"), PL_NONE},
        {PL_STR("deep"), nested(&a, 15)},
        {PL_STR("status"),
         {.kind = PL_KIND_ENUM, .e = {PL_STR("order.status"), PL_STR("shipped")}}},
        {PL_STR("who"), {.kind = PL_KIND_EMAIL, .s = PL_STR("a@b.c")}},
        {PL_STR("at"), {.kind = PL_KIND_TIME, .time = 86399}},
    };
    struct pl_value v = {.kind = PL_KIND_RECORD, .rec = {fields, PL_LEN(fields)}};
    struct pl_buf b = {0};
    pl_value_write(&b, v);
    struct pl_reader r = pl_reader_of(pl_buf_slice(&b));
    struct pl_value back = pl_value_read(&r, &a);
    assert_false(r.bad);
    assert_int_equal(pl_read_left(&r), 0);
    assert_true(pl_value_eq(v, back));
    assert_true(pl_value_eq(v, pl_value_copy(&a, back)));
    assert_true(pl_str_is(pl_rec_get(back, PL_STR("who")).s, "a@b.c"));
    assert_int_equal(pl_rec_get(back, PL_STR("nope")).kind, PL_KIND_NONE);
    for (size_t n = 0; n < b.n; n++) { /* every torn end is noticed */
        r = pl_reader_of((struct pl_str){b.p, n});
        (void)pl_value_read(&r, &a);
        assert_true(r.bad);
    }
    pl_buf_free(&b);
    pl_arena_free(&a);
}

static void hostile_binary_is_refused(void **state) {
    (void)state;
    struct pl_buf bad[8] = {0};
    pl_buf_byte(&bad[0], PL_KIND_ANY);
    pl_buf_add(&bad[1], (char[]){PL_KIND_NUMBER, 2, 19}, 3); /* scale over 18 */
    pl_buf_add(&bad[2], (char[]){PL_KIND_MONEY, 2, 0, 'u', 's', 'd'}, 6);
    pl_buf_byte(&bad[3], PL_KIND_LIST);
    pl_buf_var(&bad[3], UINT32_MAX);
    pl_buf_add(&bad[4], (char[]){PL_KIND_TEXT, 1, (char)0xFF}, 3);
    pl_buf_byte(&bad[5], PL_KIND_DATE);
    pl_buf_zig(&bad[5], INT64_MAX);
    for (int i = 0; i < 17; i++) pl_buf_add(&bad[6], (char[]){PL_KIND_LIST, 1}, 2);
    pl_buf_byte(&bad[6], PL_KIND_NONE);
    pl_buf_add(&bad[7], (char[]){PL_KIND_BOOL, 2}, 2);
    for (size_t i = 0; i < PL_LEN(bad); i++) {
        struct pl_arena a;
        pl_arena_init(&a, 1 << 20);
        struct pl_reader r = pl_reader_of(pl_buf_slice(&bad[i]));
        assert_int_equal(pl_value_read(&r, &a).kind, PL_KIND_NONE);
        assert_true(r.bad);
        pl_arena_free(&a);
        pl_buf_free(&bad[i]);
    }
}

static void message_code_is_shown(void **state) {
    (void)state;
    struct pl_buf b = {0};
    pl_msg_say(&b, PL_STR("L\3hi A\0\1L\1,"));
    pl_msg_say(&b, PL_STR("P\1\2\10\7L\5a cat\5\10#L\5 cats"));
    pl_msg_say(&b, PL_STR("S\0\2\1x\3L\1y\5other\0"));
    assert_true(pl_str_is(pl_buf_slice(&b), "hi {1},{a cat|# cats}{y|}"));
    pl_buf_free(&b);
}

static void message_code_is_checked(void **state) {
    (void)state;
    struct pl_buf one = {0}, code = {0};
    pl_buf_byte(&one, PL_MSG_HASH);
    pl_buf_add(&code, "P\0\2\10", 4); /* argument 0, two branches: exactly one, other */
    pl_buf_text(&code, pl_buf_slice(&one));
    pl_buf_byte(&code, PL_OTHER);
    pl_buf_text(&code, pl_buf_slice(&one));
    assert_true(pl_msg_check(pl_buf_slice(&code), 1));
    assert_false(pl_msg_check(pl_buf_slice(&code), 0));
    for (size_t n = 1; n < code.n; n++) assert_false(pl_msg_check((struct pl_str){code.p, n}, 1));
    code.p[3] = 7; /* an odd key */
    assert_false(pl_msg_check(pl_buf_slice(&code), 1));
    code.p[3] = PL_OTHER; /* twice the same */
    assert_false(pl_msg_check(pl_buf_slice(&code), 1));
    assert_false(pl_msg_check(pl_buf_slice(&one), 1)); /* '#' outside a plural */
    assert_true(pl_msg_check(PL_STR(""), 0));
    assert_true(pl_msg_check(PL_STR("L\2hiA\0\1"), 1));
    assert_false(pl_msg_check(PL_STR("L\1\xff"), 1));
    assert_false(pl_msg_check(PL_STR("A\0\x7f"), 1));
    pl_buf_clear(&code);
    for (int depth = 0; depth < 8; depth++) { /* eight selects hold nine codes */
        struct pl_buf outer = {0};
        pl_buf_add(&outer, "S\0\1\1x", 5);
        pl_buf_text(&outer, pl_buf_slice(&code));
        pl_buf_free(&code);
        code = outer;
        assert_int_equal(pl_msg_check(pl_buf_slice(&code), 1), depth < 7);
    }
    pl_buf_free(&code);
    pl_buf_free(&one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_go_there_and_back), cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(rounding_is_half_to_even),   cmocka_unit_test(the_table_of_kinds_holds),
        cmocka_unit_test(every_day_of_ten_millennia), cmocka_unit_test(moments_are_read_strictly),
        cmocka_unit_test(binary_goes_there_and_back), cmocka_unit_test(hostile_binary_is_refused),
        cmocka_unit_test(message_code_is_checked),    cmocka_unit_test(message_code_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
