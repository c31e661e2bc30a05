/* SPDX-License-Identifier: Apache-2.0
 *
 * Folding, words, stems and regular expressions.
 */
#include "runtime/locale/locale.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static struct pl_locale_tools *tools;
static struct pl_arena arena;

static int setup(void **state) {
    (void)state;
    tools = pl_locale_tools_new();
    pl_arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pl_locale_tools_free(&tools);
    pl_arena_free(&arena);
    return 0;
}

static void same(struct pl_str got, const char *want) {
    assert_string_equal(pl_arena_str(&arena, got).p, want);
}

static void folding(void **state) {
    (void)state;
    static const struct {
        const char *text, *folded;
    } rows[] = {
        {"Where's My ORDER?", "where's my order?"},
        {"¿Dónde está mi PEDIDO? Año", "¿donde esta mi pedido? ano"},
        {"e\u0301te\u0301", "ete"},
        {"Straße", "strasse"},
        {"Łódź Ørsted", "lodz orsted"},
        {"ÉCOLE naïve", "ecole naive"},
        {"it’s", "it's"},
        {"Ёлка", "елка"},
        {"أُحِبُّ", "احب"},
        {"مـــحام", "محام"},
        {"إرجاع آخر ٱسم", "ارجاع اخر اسم"},
        {"شكوى", "شكوي"},
        {"٠١٢٣ ۴۵", "0123 45"},
        {"ＯＲＤＥＲ１２", "order12"},
        {"ｶﾞ", "ガ"},
        {"हिन्दी", "हिन्दी"},
        {"한국어", "한국어"},
        {"Ⅷ ﬁne", "viii fine"},
        {"", ""},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++)
        same(pl_locale_fold(tools, &arena, pl_str_c(rows[i].text)), rows[i].folded);
    same(pl_locale_fold(tools, &arena, PL_STR("a\xff\xc3")), "a\uFFFD\uFFFD");
    same(pl_locale_nfc(tools, &arena, PL_STR("e\u0301")), "\u00e9");
    assert_int_equal(pl_locale_graphemes(tools, PL_STR("e\u0301👩‍👩‍👧x")), 3);
}

static void splits(const char *language, const char *text, const char *want) {
    struct pl_words w = pl_locale_words(tools, &arena, pl_str_c(text), pl_str_c(language));
    struct pl_buf out = {0};
    for (uint32_t i = 0; i < w.n; i++) {
        if (i > 0) pl_buf_c(&out, "|");
        pl_buf_str(&out, language[0] != 0 ? w.v[i].stem : w.v[i].folded);
        assert_true(w.v[i].start < w.v[i].end && w.v[i].end <= strlen(text));
    }
    same(pl_buf_slice(&out), want);
    pl_buf_free(&out);
}

static void words(void **state) {
    (void)state;
    splits("", "Where is my order?", "where|is|my|order");
    splits("", "they don't fit, 'really'", "they|don't|fit|really");
    splits("", "4.8/5 or 1,234.50 ok.", "4.8|5|or|1,234.50|ok");
    splits("", "PROD-123456", "prod|123456");
    splits("", "¿Está aquí?", "esta|aqui");
    splits("", "أين طلبي؟", "اين|طلبي");
    splits("", "我的包裹在哪里", "我的|包裹|在|哪里");
    splits("", "Nike鞋子", "nike|鞋子");
    splits("", "สวัสดีครับ", "สวัสดี|ครับ");
    splits("", "…!?", "");
    splits("en", "tracking my orders", "track|my|order");
    splits("es", "quiero devolver mis zapatos", "quier|devolv|mis|zapat");
    splits("ar", "المحامي", "محام");
    splits("xx", "orders", "orders");
}

static void many_words(void **state) {
    (void)state;
    struct pl_buf b = {0};
    for (int i = 0; i < PL_WORDS_MAX + 1; i++) pl_buf_c(&b, "a ");
    struct pl_words w = pl_locale_words(tools, &arena, pl_buf_slice(&b), PL_STR("en"));
    assert_int_equal(w.n, PL_WORDS_MAX);
    pl_buf_free(&b);
}

static struct pl_locale_regex *regex(const char *pattern, const char *flags) {
    struct pl_locale_regex *re = NULL;
    assert_int_equal(pl_locale_regex_new(pl_str_c(pattern), pl_str_c(flags), &re, NULL), PL_OK);
    return re;
}

static void finds(const char *pattern, const char *flags, const char *text, const char *want) {
    struct pl_locale_regex *re = regex(pattern, flags);
    size_t start = 0, end = 0;
    const struct pl_locale_subject *s = pl_locale_subject(&arena, pl_str_c(text));
    bool found = pl_locale_regex_find(re, s, 0, &start, &end);
    if (want == NULL)
        assert_false(found);
    else
        same((struct pl_str){text + start, end - start}, want);
    pl_locale_regex_free(&re);
}

static void expressions(void **state) {
    (void)state;
    finds("(?=[A-Z0-9]*\\d)[A-Z0-9]{10,15}", "i", "it's order123456789!", "order123456789");
    finds("[A-Z]+", "", "abc", NULL);
    finds("\\d{6}", "", "código ١٢٣٤٥٦ 👍", "١٢٣٤٥٦");
    finds("b", "", "👍b", "b");
    size_t at = 0;
    struct pl_locale_regex *re = NULL;
    assert_int_equal(pl_locale_regex_new(PL_STR("ab(c"), PL_STR(""), &re, &at), PL_MALFORMED);
    assert_int_equal(pl_locale_regex_new(PL_STR(""), PL_STR(""), &re, &at), PL_MALFORMED);
    assert_int_equal(pl_locale_regex_new(PL_STR("a"), PL_STR("x"), &re, &at), PL_MALFORMED);
    re = regex("\\d{6}", "");
    assert_true(pl_locale_regex_is(re, pl_locale_subject(&arena, PL_STR("123456"))));
    assert_false(pl_locale_regex_is(re, pl_locale_subject(&arena, PL_STR("1234567"))));
    pl_locale_regex_free(&re);
}

static void runaway_expression(void **state) {
    (void)state;
    finds("(a+)+$", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", NULL);
    struct pl_buf b = {0};
    for (int i = 0; i < 5000; i++) pl_buf_c(&b, "x");
    const struct pl_locale_subject *s = pl_locale_subject(&arena, pl_buf_slice(&b));
    struct pl_locale_regex *re = regex("x{4097}", "");
    size_t start, end;
    assert_false(pl_locale_regex_find(re, s, 0, &start, &end)); /* only 4096 bytes are seen */
    pl_locale_regex_free(&re);
    pl_buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding),
        cmocka_unit_test(words),
        cmocka_unit_test(many_words),
        cmocka_unit_test(expressions),
        cmocka_unit_test(runaway_expression),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
