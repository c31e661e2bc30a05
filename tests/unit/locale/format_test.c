/* SPDX-License-Identifier: Apache-2.0
 *
 * What values and message code look like in the assistant's locales.
 */
#include "runtime/locale/locale.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)
/* 2026-11-22 (a Sunday) 09:00 UTC, 10:00 in Berlin */
#define NOW INT64_C(1795338000000)

static struct pl_locale_tools *tools;

static int setup(void **state) {
    (void)state;
    tools = pl_locale_tools_new();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pl_locale_tools_free(&tools);
    assert_null(tools);
    return 0;
}

static struct pl_locale *locale(const char *id) {
    struct pl_locale *l = NULL;
    assert_int_equal(
        pl_locale_open(tools, pl_str_c(id), PL_STR("Europe/Berlin"), PL_STR("USD"), &l), PL_OK);
    return l;
}

static void check(const char *id, struct pl_value v, uint64_t style, const char *want) {
    struct pl_buf out = {0};
    struct pl_locale_env env = {.now_ms = NOW};
    pl_locale_format(locale(id), v, style, &env, &out);
    pl_buf_byte(&out, 0);
    assert_string_equal(out.p, want);
    pl_buf_free(&out);
}

static struct pl_value money(int64_t cents, const char *currency) {
    struct pl_value v = {.kind = PL_KIND_MONEY, .money.amount = {cents, 2}};
    memcpy(v.money.currency, currency, 4);
    return v;
}

static struct pl_value number(int64_t m, uint8_t scale) {
    return (struct pl_value){.kind = PL_KIND_NUMBER, .n = {m, scale}};
}

static struct pl_value at(int64_t ms) {
    return (struct pl_value){.kind = PL_KIND_DATETIME, .datetime = ms};
}

static struct pl_value lasting(int64_t ms) {
    return (struct pl_value){.kind = PL_KIND_DURATION, .duration = ms};
}

static struct pl_value text(const char *s) {
    return (struct pl_value){.kind = PL_KIND_TEXT, .s = pl_str_c(s)};
}

static void numbers_and_money(void **state) {
    (void)state;
    struct pl_value percent = {.kind = PL_KIND_PERCENT, .n = {15, 0}};
    check("en-US", money(11049, "USD"), 0, "$110.49");
    check("en-US", money(12999, "USD"), 0, "$129.99");
    check("en-US", money(123456, "EUR"), 0, "€1,234.56");
    check("es-ES", money(11049, "USD"), 0, "110,49\u00a0US$");
    check("de-DE", money(123456, "EUR"), 0, "1.234,56\u00a0€");
    check("ja-JP", money(120000, "JPY"), 0, "￥1,200");
    check("en-US", percent, 0, "15%");
    check("es-ES", percent, 0, "15\u00a0%");
    check("en-US", number(48, 1), 0, "4.8");
    check("en-US", number(1234567, 0), 0, "1,234,567");
    check("en-US", number(-5, 1), 0, "-0.5");
    check("es-ES", number(48, 1), 0, "4,8");
    check("ar-SA", number(342, 0), 0, "٣٤٢");
}

static void dates(void **state) {
    (void)state;
    int64_t eight = NOW + 10 * HOUR; /* 20:00 in Berlin */
    struct pl_value date = {.kind = PL_KIND_DATE, .date = (int32_t)(NOW / DAY + 9)};
    struct pl_value time = {.kind = PL_KIND_TIME, .time = 8 * 3600 + 30 * 60};
    check("en-US", at(eight), PL_STYLE_PLAIN, "Nov 22, 2026, 8:00 PM");
    check("en-US", at(eight), PL_STYLE_TIME, "8:00 PM");
    check("en-US", at(eight), PL_STYLE_DATE, "Nov 22, 2026");
    check("en-US", date, PL_STYLE_PLAIN, "Dec 1, 2026");
    check("en-US", date, PL_STYLE_LONG, "December 1, 2026");
    check("en-US", date, PL_STYLE_SHORT, "12/1/26");
    check("es-ES", date, PL_STYLE_LONG, "1 de diciembre de 2026");
    check("de-DE", date, PL_STYLE_SHORT, "01.12.26");
    check("en-US", time, PL_STYLE_PLAIN, "8:30 AM");
    check("es-ES", time, PL_STYLE_PLAIN, "8:30");
    check("ar-SA", date, PL_STYLE_LONG, "١ ديسمبر ٢٠٢٦");
    /* Gregorian where the region's own calendar is another */
    check("th-TH", date, PL_STYLE_LONG, "1 ธันวาคม ค.ศ. 2026");
}

static void relative_dates(void **state) {
    (void)state;
    int64_t eight = NOW + 10 * HOUR;
    struct pl_value tomorrow = {.kind = PL_KIND_DATE, .date = (int32_t)(NOW / DAY + 1)};
    check("en-US", at(eight), PL_STYLE_RELATIVE, "today, 8:00 PM");
    check("en-US", at(eight + DAY), PL_STYLE_RELATIVE, "tomorrow, 8:00 PM");
    check("en-US", at(eight - DAY), PL_STYLE_RELATIVE, "yesterday, 8:00 PM");
    check("en-US", at(eight + 3 * DAY), PL_STYLE_RELATIVE, "Wednesday, 8:00 PM");
    check("en-US", at(eight + 9 * DAY), PL_STYLE_RELATIVE, "Dec 1, 2026, 8:00 PM");
    check("es-ES", at(eight), PL_STYLE_RELATIVE, "hoy, 20:00");
    check("ar-SA", at(eight), PL_STYLE_RELATIVE, "اليوم، ٨:٠٠ م");
    check("en-US", at(eight), PL_STYLE_DAY, "today");
    check("en-US", at(eight + 3 * DAY), PL_STYLE_DAY, "Wednesday");
    check("es-ES", tomorrow, PL_STYLE_DAY, "mañana");
    check("en-US", tomorrow, PL_STYLE_RELATIVE, "tomorrow");
    /* 23:30 UTC is tomorrow in Berlin */
    check("en-US", at(NOW + 14 * HOUR + HOUR / 2), PL_STYLE_RELATIVE, "tomorrow, 12:30 AM");
    check("en-US", at(NOW + 5 * HOUR), PL_STYLE_FROMNOW, "in 5 hours");
    check("en-US", at(NOW - 2 * DAY), PL_STYLE_FROMNOW, "2 days ago");
    check("en-US", at(NOW + 90000), PL_STYLE_FROMNOW, "in 2 minutes");
    check("en-US", at(NOW), PL_STYLE_FROMNOW, "now");
    check("es-ES", at(NOW + 5 * HOUR), PL_STYLE_FROMNOW, "dentro de 5 horas");
    check("en-US", tomorrow, PL_STYLE_FROMNOW, "in 1 day");
    check("en-US", lasting(HOUR), PL_STYLE_FROMNOW, "in 1 hour");
}

static void durations_and_lists(void **state) {
    (void)state;
    struct pl_value names[] = {text("Ann"), text("Bo"), text("Cy")};
    struct pl_value list = {.kind = PL_KIND_LIST, .list = {names, 3}};
    check("en-US", lasting(30 * DAY), 0, "30 days");
    check("en-US", lasting(HOUR), 0, "1 hour");
    check("en-US", lasting(HOUR + HOUR / 2), 0, "1 hour, 30 minutes");
    check("en-US", lasting(0), 0, "0 seconds");
    check("es-ES", lasting(30 * DAY), 0, "30 días");
    check("en-US", list, PL_STYLE_LIST, "Ann, Bo, and Cy");
    check("es-ES", list, PL_STYLE_LIST, "Ann, Bo y Cy");
    list.list.n = 1;
    check("en-US", list, PL_STYLE_LIST, "Ann");
    list.list.n = 0;
    check("en-US", list, PL_STYLE_LIST, "");
}

static void directions(void **state) {
    (void)state;
    check("en-US", text("ORDER1"), 0, "ORDER1");
    check("en-US", text("+49 30 1"), 0, "+49 30 1");
    check("ar-SA", text("ORDER1"), 0, "\u2068ORDER1\u2069");
    check("ar-SA", text("+49 30 1"), 0, "\u2068+49 30 1\u2069");
    check("ar-SA", text("الرياض"), 0, "الرياض");
    check("en-US", text("الرياض"), 0, "\u2068الرياض\u2069");
    check("ar-SA", text(""), 0, "");
}

static bool label(void *ctx, struct pl_str type, struct pl_str member, struct pl_str *code) {
    (void)ctx;
    if (!pl_str_is(type, "order.status") || !pl_str_is(member, "shipped")) return false;
    *code = PL_STR("L\007Shipped");
    return true;
}

static void enums(void **state) {
    (void)state;
    struct pl_buf out = {0};
    struct pl_locale_env env = {.label = label};
    struct pl_value v = {.kind = PL_KIND_ENUM};
    v.e.type = PL_STR("order.status");
    v.e.member = PL_STR("shipped");
    pl_locale_format(locale("en-US"), v, 0, &env, &out);
    v.e.member = PL_STR("lost");
    pl_locale_format(locale("en-US"), v, 0, &env, &out);
    assert_true(pl_str_is(pl_buf_slice(&out), "Shippedlost"));
    pl_buf_free(&out);
}

static void put_text(struct pl_buf *b, const char *s) {
    pl_buf_byte(b, PL_MSG_TEXT);
    pl_buf_text(b, pl_str_c(s));
}

/* {0, plural, =0 {nothing} one {# item} other {# items}} */
static void plural_code(struct pl_buf *code) {
    struct pl_buf branch = {0};
    pl_buf_byte(code, PL_MSG_PLURAL);
    pl_buf_var(code, 0);
    pl_buf_var(code, 3);
    static const struct {
        uint64_t key;
        const char *text;
    } branches[] = {{PL_ONE, " item"}, {PL_OTHER, " items"}, {6, "nothing"}};
    for (size_t i = 0; i < PL_LEN(branches); i++) {
        pl_buf_clear(&branch);
        if (branches[i].key < 6) pl_buf_byte(&branch, PL_MSG_HASH);
        put_text(&branch, branches[i].text);
        pl_buf_var(code, branches[i].key);
        pl_buf_text(code, pl_buf_slice(&branch));
    }
    pl_buf_free(&branch);
}

static void check_code(const char *id, struct pl_str code, struct pl_value v, const char *want) {
    struct pl_buf out = {0};
    pl_locale_render(locale(id), code, &v, 1, NULL, &out);
    pl_buf_byte(&out, 0);
    assert_string_equal(out.p, want);
    pl_buf_free(&out);
}

static void message_code(void **state) {
    (void)state;
    struct pl_buf code = {0};
    put_text(&code, "You have ");
    plural_code(&code);
    struct pl_str c = pl_buf_slice(&code);
    check_code("en-US", c, number(0, 0), "You have nothing");
    check_code("en-US", c, number(1, 0), "You have 1 item");
    check_code("en-US", c, number(15, 1), "You have 1.5 items");
    check_code("en-US", c, number(2500, 0), "You have 2,500 items");
    check_code("ar-SA", c, number(5, 0), "You have ٥ items");
    /* cut anywhere, it ends early and harms nobody */
    for (size_t n = 0; n < c.n; n++) {
        struct pl_buf out = {0};
        struct pl_value v = number(1, 0);
        pl_locale_render(locale("en-US"), (struct pl_str){c.p, n}, &v, 1, NULL, &out);
        pl_buf_free(&out);
    }
    pl_buf_free(&code);
}

static void calendar_words_begin_a_text(void **state) {
    (void)state;
    struct pl_locale_env env = {.now_ms = NOW};
    struct pl_value v = {.kind = PL_KIND_DATETIME, .datetime = NOW};
    static const struct {
        const char *id, *code, *want;
    } rows[] = {
        {"en-US", "A\x00\x08L\x03 by", "Today by"},
        {"en-US",
         "L\x03"
         "by A\x00\x08",
         "by today"},
        {"es-ES", "A\x00\x08", "Hoy"},
        {"ar-SA", "A\x00\x08", "اليوم"},
    };
    static const size_t lengths[] = {8, 8, 3, 3};
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_buf out = {0};
        pl_buf_c(&out, "|");
        pl_locale_render(locale(rows[i].id), (struct pl_str){rows[i].code, lengths[i]}, &v, 1, &env,
                         &out);
        pl_buf_byte(&out, 0);
        assert_string_equal(out.p + 1, rows[i].want);
        pl_buf_free(&out);
    }
}

static void choices(void **state) {
    (void)state;
    /* {0, select, none {-} true {yes} other {in size {0}}} */
    struct pl_str c = PL_STR(
        "S\000\003\004none\003L\001-\004true\005L\003yes\005other\015L\010in size A\000\000");
    check_code("en-US", c, PL_NONE, "-");
    check_code("en-US", c, (struct pl_value){.kind = PL_KIND_BOOL, .b = true}, "yes");
    check_code("en-US", c, text("10"), "in size 10");
    check_code("en-US", PL_STR("O\000\000"), number(3, 0), "3rd");
}

static void plurals(void **state) {
    (void)state;
    unsigned bits = 0;
    assert_int_equal(pl_locale_plural_categories(PL_STR("en-US"), false, &bits), PL_OK);
    assert_int_equal(bits, 1u << PL_ONE | 1u << PL_OTHER);
    assert_int_equal(pl_locale_plural_categories(PL_STR("ar-SA"), false, &bits), PL_OK);
    assert_int_equal(bits, 63);
    assert_int_equal(pl_locale_plural_categories(PL_STR("en-US"), true, &bits), PL_OK);
    assert_int_equal(bits, 1u << PL_ONE | 1u << PL_TWO | 1u << PL_FEW | 1u << PL_OTHER);
    assert_int_equal(pl_locale_plural_categories(PL_STR("xx-XX"), false, &bits), PL_NOT_FOUND);
    assert_int_equal(pl_locale_plural(locale("en-US"), (struct pl_dec){1, 0}, false), PL_ONE);
    assert_int_equal(pl_locale_plural(locale("en-US"), (struct pl_dec){15, 1}, false), PL_OTHER);
    assert_int_equal(pl_locale_plural(locale("ar-SA"), (struct pl_dec){2, 0}, false), PL_TWO);
    assert_int_equal(pl_locale_plural(locale("en-US"), (struct pl_dec){22, 0}, true), PL_TWO);
}

static void ids(void **state) {
    (void)state;
    static const char *const good[] = {"en",    "en-US", "en-GB", "es-ES",     "es-MX", "fr-FR",
                                       "fr-CA", "de-DE", "it-IT", "pt-BR",     "zh-CN", "ja-JP",
                                       "ar-SA", "hi",    "ko",    "zh-Hans-CN"};
    static const char *const bad[] = {"", "e", "xx", "en-XX", "english", "en-", "../en", "en US"};
    for (size_t i = 0; i < PL_LEN(good); i++) assert_true(pl_locale_known(pl_str_c(good[i])));
    for (size_t i = 0; i < PL_LEN(bad); i++) assert_false(pl_locale_known(pl_str_c(bad[i])));
    struct pl_str have[] = {PL_STR("en-US"), PL_STR("es-ES"), PL_STR("ar-SA")};
    assert_int_equal(pl_locale_best(PL_STR("es-MX"), have, 3, 0), 1);
    assert_int_equal(pl_locale_best(PL_STR("AR_sa"), have, 3, 0), 2);
    assert_int_equal(pl_locale_best(PL_STR("de-DE"), have, 3, 0), 0);
    assert_int_equal(pl_locale_best(PL_STR(""), have, 3, 0), 0);
    assert_true(pl_str_is(pl_locale_fallback(PL_STR("es-MX")), "es"));
    assert_true(pl_str_is(pl_locale_fallback(PL_STR("es")), ""));
    assert_true(pl_locale_rtl(PL_STR("ar-SA")));
    assert_false(pl_locale_rtl(PL_STR("en-US")));
    struct pl_locale *l = NULL;
    assert_int_equal(pl_locale_open(tools, PL_STR("xx"), PL_STR(""), PL_STR(""), &l), PL_NOT_FOUND);
    assert_int_equal(pl_locale_open(tools, PL_STR("en"), PL_STR("Mars/Olympus"), PL_STR(""), &l),
                     PL_NOT_FOUND);
    assert_ptr_equal(locale("en-US"), locale("en-US"));
}

static void wall_clock(void **state) {
    (void)state;
    struct pl_str berlin = PL_STR("Europe/Berlin");
    struct pl_local w = pl_locale_to_local(tools, berlin, NOW);
    assert_int_equal(w.year, 2026);
    assert_int_equal(w.month, 11);
    assert_int_equal(w.day, 22);
    assert_int_equal(w.hour, 10);
    assert_int_equal(w.weekday, 6);
    assert_int_equal(w.offset_minutes, 60);
    assert_int_equal(pl_locale_local_to_utc(tools, berlin, w), NOW);
    /* 2026-10-25 02:30 is there twice: the first one, in summer time */
    struct pl_local twice = {.year = 2026, .month = 10, .day = 25, .hour = 2, .minute = 30};
    assert_int_equal(pl_locale_local_to_utc(tools, berlin, twice), INT64_C(1792888200000));
    /* 2026-03-29 02:30 is not there: 03:00 */
    struct pl_local skipped = {.year = 2026, .month = 3, .day = 29, .hour = 2, .minute = 30};
    w = pl_locale_to_local(tools, berlin, pl_locale_local_to_utc(tools, berlin, skipped));
    assert_int_equal(w.hour * 60 + w.minute, 180);
    assert_true(pl_locale_zone_known(PL_STR("America/New_York")));
    assert_true(pl_locale_zone_known(PL_STR("UTC")));
    assert_false(pl_locale_zone_known(PL_STR("Berlin")));
    assert_false(pl_locale_zone_known(PL_STR("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_money),
        cmocka_unit_test(dates),
        cmocka_unit_test(relative_dates),
        cmocka_unit_test(calendar_words_begin_a_text),
        cmocka_unit_test(durations_and_lists),
        cmocka_unit_test(directions),
        cmocka_unit_test(enums),
        cmocka_unit_test(message_code),
        cmocka_unit_test(choices),
        cmocka_unit_test(plurals),
        cmocka_unit_test(ids),
        cmocka_unit_test(wall_clock),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
