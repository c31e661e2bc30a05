/* SPDX-License-Identifier: Apache-2.0
 *
 * What a match begins with: no expression that finds something in a text is kept from it.
 */
#include "runtime/nlp/nlp_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define S(text)                                                                                    \
    { text, sizeof(text) - 1 }

static const struct pl_str patterns[] = {
    S("USER-\\d{4}"), S("(?=[A-Z0-9]*\\d)[A-Z0-9]{10,15}"),
    S("N\\d{4}"),     S("\\d{2}(\\.5)?"),
    S("[a-c]+x"),     S("ab?c"),
    S("a{0,2}b"),     S("a{2,}b"),
    S("cat|dog"),     S("(cat|dog)s"),
    S("[^a]b"),       S("[[:alpha:]]b"),
    S("\\w\\s\\w"),   S("#[0-9a-f-]{3}"),
    S("\\.\\d"),      S(".x"),
    S("\\bss"),       S("ssx"),
    S("k1"),          S("[\\d.]{2}"),
    S("(?i)AB"),      S("[]a]b"),
    S("a??b"),        S("(?!x)[a-z]1"),
    S("\\p{L}1"),     S("[a-z&&[b]]1"),
    S("\\x41B"),      S("[a\\-z]b"),
};
static const struct pl_str texts[] = {
    S("my code is user-1234"),
    S("USER-12"),
    S("order AB12345678 please"),
    S("N0042"),
    S("size 42.5"),
    S("abccx"),
    S("ac abc"),
    S("aab b"),
    S("dogs and a cat"),
    S("zb ab"),
    S("a b c"),
    S("see #a-f now"),
    S("take .5 of it"),
    S("\u00dfx"),
    S("stra\u00dfx ss"),
    S("\u212a1 and k1"),
    S("4.2"),
    S("ab AB"),
    S("]b"),
    S("-b"),
    S("y1 x1"),
    S("\u00e41"),
    S("b1"),
    S("AB"),
    S("\u0661\u0662\u0663\u0664 N\u0661\u0662\u0663\u0664"),
    S("\u017f\u017fx"),
    S(""),
    S("s"),
};

static void nothing_that_matches_is_kept_out(void **state) {
    (void)state;
    static const struct pl_str flags[] = {S(""), S("i")};
    uint32_t found = 0, kept_out = 0;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(patterns) * 2; i++) {
        struct pl_locale_regex *re;
        struct pl_nlp_prefix p = pl_nlp__prefix(patterns[i / 2], flags[i % 2]);
        assert_int_equal(pl_locale_regex_new(patterns[i / 2], flags[i % 2], &re, NULL), PL_OK);
        for (size_t k = 0; k < PL_LEN(texts); k++) {
            size_t start, end;
            bool is = pl_locale_regex_find(re, pl_locale_subject(&a, texts[k]), 0, &start, &end);
            size_t from = pl_nlp__begin(&p, texts[k], 0);
            bool may = is ? from <= start : from != SIZE_MAX;
            if (is && !may) print_error("/%s/ in \"%s\"\n", patterns[i / 2].p, texts[k].p);
            assert_true(may || !is);
            found += is;
            kept_out += !may;
        }
        pl_locale_regex_free(&re);
    }
    assert_in_range(found, 80, UINT32_MAX);
    assert_in_range(kept_out, 400, UINT32_MAX); /* and most that do not match are */
    pl_arena_free(&a);
}

static void plain_beginnings_are_known(void **state) {
    (void)state;
    struct pl_str none = PL_STR(""), some = PL_STR("my order USER-12x4");
    struct pl_nlp_prefix user = pl_nlp__prefix(patterns[0], none);
    assert_int_equal(user.n, 9);
    assert_int_equal(pl_nlp__prefix(patterns[1], none).n, 10);
    assert_int_equal(pl_nlp__prefix(PL_STR("cat|dog"), none).n, 0);
    assert_true(pl_nlp__begin(&user, some, 0) == SIZE_MAX);
    assert_int_equal(pl_nlp__begin(&user, PL_STR("my order USER-1234"), 0), 9);
    assert_true(pl_nlp__begin(&user, PL_STR("my order user-1234"), 0) == SIZE_MAX);
    assert_true(pl_nlp__begin(&user, PL_STR("my order USER-1234"), 10) == SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_matches_is_kept_out),
        cmocka_unit_test(plain_beginnings_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
