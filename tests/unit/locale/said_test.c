/* SPDX-License-Identifier: Apache-2.0
 *
 * Sentences, and words that say a number or a day.
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

/* The end of each sentence is marked by a '|'. */
static const char *const texts[] = {
    "It takes 3.5 days. |You pay $4.99! |Right?|",
    "Llega el lunes. |¿Te parece bien?|",
    "三十天内可以退货。|请保留收据。|",
    "يصل غدا. |هل يناسبك؟|",
    "No end|",
    "One line\n|two lines|",
};

static void sentences_end(void **state) {
    (void)state;
    for (size_t i = 0; i < PL_LEN(texts); i++) {
        struct pl_buf plain = {0}, marked = {0};
        for (const char *p = texts[i]; *p; p++)
            if (*p != '|') pl_buf_byte(&plain, (uint8_t)*p);
        uint32_t n, from = 0;
        const uint32_t *ends = pl_locale_sentences(tools, &arena, pl_buf_slice(&plain), &n);
        for (uint32_t k = 0; k < n; from = ends[k++]) {
            bool mark = k + 1 == n; /* the text's end needs none */
            for (size_t at = from; at < ends[k];)
                mark |= pl_locale_ends_sentence(pl_utf8_next(pl_buf_slice(&plain), &at));
            assert_true(mark);
            pl_buf_add(&marked, plain.p + from, ends[k] - from);
            pl_buf_byte(&marked, '|');
        }
        pl_buf_byte(&marked, 0);
        assert_string_equal(marked.p, texts[i]);
        pl_buf_free(&plain);
        pl_buf_free(&marked);
    }
    uint32_t n = 7;
    pl_locale_sentences(tools, &arena, (struct pl_str){0}, &n);
    assert_int_equal(n, 0);
    /* ill-formed bytes: the last end is the text's */
    const uint32_t *ends = pl_locale_sentences(tools, &arena, PL_STR("a\xff. B\xc3"), &n);
    assert_true(n > 0 && ends[n - 1] == 6);
}

static void words_say(void **state) {
    (void)state;
    static const struct {
        const char *locale, *word;
        enum pl_said kind;
        int32_t value;
    } rows[] = {
        {"en-US", "two", PL_SAID_NUMBER, 2},        {"en-US", "thirty", PL_SAID_NUMBER, 30},
        {"en-US", "march", PL_SAID_MONTH, 3},       {"en-US", "monday", PL_SAID_WEEKDAY, 0},
        {"en-US", "sunday", PL_SAID_WEEKDAY, 6},    {"en-US", "tomorrow", PL_SAID_DAY, 1},
        {"en-US", "yesterday", PL_SAID_DAY, -1},    {"en-US", "today", PL_SAID_DAY, 0},
        {"en-US", "parcel", PL_SAID_NOTHING, 0},    {"en-US", "", PL_SAID_NOTHING, 0},
        {"en-US", "weeks", PL_SAID_UNIT, 4},        {"en-US", "day", PL_SAID_UNIT, 3},
        {"es-ES", "meses", PL_SAID_UNIT, 5},        {"ar-SA", "ايام", PL_SAID_UNIT, 3},
        {"es-ES", "treinta", PL_SAID_NUMBER, 30},   {"es-ES", "enero", PL_SAID_MONTH, 1},
        {"es-ES", "miercoles", PL_SAID_WEEKDAY, 2}, {"es-ES", "manana", PL_SAID_DAY, 1},
        {"de-DE", "zwanzig", PL_SAID_NUMBER, 20},   {"de-DE", "gestern", PL_SAID_DAY, -1},
        {"ar-SA", "غدا", PL_SAID_DAY, 1},           {"ar-SA", "الاحد", PL_SAID_WEEKDAY, 6},
        {"ja-JP", "明日", PL_SAID_DAY, 1},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_locale *l;
        int32_t value = 0;
        struct pl_str none = {0};
        assert_int_equal(pl_locale_open(tools, pl_str_c(rows[i].locale), none, none, &l), PL_OK);
        assert_int_equal(pl_locale_said(l, pl_str_c(rows[i].word), &value), rows[i].kind);
        assert_int_equal(value, rows[i].value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_end),
        cmocka_unit_test(words_say),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
