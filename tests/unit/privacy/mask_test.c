/* SPDX-License-Identifier: Apache-2.0
 *
 * What is masked and what is not. All numbers are test numbers of the card schemes.
 */
#include "runtime/privacy/privacy.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

struct row {
    const char *text, *masked; /* NULL: nothing is masked */
};

static const struct row cards[] = {
    {"4111111111111111", "•••• 1111"},
    {"my card is 4111 1111 1111 1111.", "my card is •••• 1111."},
    {"4111-1111-1111-1111", "•••• 1111"},
    {"4111.1111.1111.1111", "•••• 1111"},
    {"4111 - 1111 - 1111 - 1111", "•••• 1111"},
    {"4111/1111/1111/1111", "•••• 1111"},
    {"4111_1111_1111_1111", "•••• 1111"},
    {"4111\n1111\n1111\n1111", "•••• 1111"},
    {"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "•••• 1111"},
    {"41 11 11 11 11 11 11 11", "•••• 1111"},
    {"4111\u200b1111\u200b1111\u200b1111", "•••• 1111"},
    {"4\u200d111111111111111", "•••• 1111"},
    {"4111\u00a01111\u20091111\u202f1111", "•••• 1111"},
    {"4111–1111—1111‐1111", "•••• 1111"},
    {"４１１１１１１１１１１１１１１１", "•••• 1111"},
    {"رقم بطاقتي ٤١١١ ١١١١ ١١١١ ١١١١", "رقم بطاقتي •••• 1111"},
    {"۴۱۱۱۱۱۱۱۱۱۱۱۱۱۱۱", "•••• 1111"},
    {"و4111111111111111", "و•••• 1111"},
    /* clang-format splits key caps in the middle, anew each time */
    /* clang-format off */
    {"4️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣"
     "1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣",
     "•••• 1111️⃣"},
    /* clang-format on */
    {"Visa4111111111111111", "Visa•••• 1111"},
    {"card:4111111111111111", "card:•••• 1111"},
    {"4111111111111111thanks", "•••• 1111thanks"},
    {"order4111 1111 1111 1111", "order•••• 1111"},
    {"5555555555554444", "•••• 4444"},
    {"2223003122003222", "•••• 3222"},
    {"3782-822463-10005", "•••• 0005"},
    {"378282246310005", "•••• 0005"},
    {"30569309025904", "•••• 5904"},
    {"6011111111111117", "•••• 1117"},
    {"3530111333300000", "•••• 0000"},
    {"6200000000000005", "•••• 0005"},
    {"4222222222222", "•••• 2222"},
    /* behind other numbers, and behind one another */
    {"2026 4111 1111 1111 1111", "2026 •••• 1111"},
    {"order 12 4111 1111 1111 1111", "order 12 •••• 1111"},
    {"4111111111111111 5555555555554444", "•••• 1111 •••• 4444"},
    {"41111111111111115555555555554444", "•••• 1111•••• 4444"},
    {"4111 1111 1111 1111 and 4111 1111 1111 1111", "•••• 1111 and •••• 1111"},
    /* security codes go with their card */
    {"4111111111111111 12/27 123", "•••• 1111 12/27 •••"},
    {"4111 1111 1111 1111 exp 12/27 cvv: 123", "•••• 1111 exp 12/27 cvv: •••"},
    {"CVC 9876, card 378282246310005", "CVC •••, card •••• 0005"},
    {"4111111111111111, 12/2027, code 123 please", "•••• 1111, 12/2027, code ••• please"},
    {"4111111111111111 for 120 shoes", "•••• 1111 for 120 shoes"},
};

static const struct row others[] = {
    {"", NULL},
    {"Where is my order?", NULL},
    {"4111111111111112", NULL}, /* fails Luhn */
    {"4111 1111 1111 1112", NULL},
    {"ORDER4111111111111111", NULL}, /* an order number */
    {"order_4111111111111111", NULL},
    {"RET123456789", NULL},
    {"1795338000000", NULL}, /* milliseconds */
    {"1700000000000 1700000000005", NULL},
    {"0.4111111111111111", NULL}, /* a fraction */
    {"9999999999999995", NULL},   /* no issuer */
    {"0000000000000000", NULL},
    {"+49 30 1234567 and +49 30 7654321", NULL},
    {"sizes 40, 41, 42, 43, 44, 45, 46, 47, 48, 49", NULL},
    {"2026-11-22 09:00:00.120", NULL},
    {"550e8400-e29b-41d4-a716-446655440000", NULL},
    {"41111111111111111111111111111111111", NULL}, /* one number of 35 digits */
    {"4111 1111 1111 111", NULL},
    {"I paid 120 on 12/27, code 123", NULL},
    {"\xff\xfe 4111 \xc3", NULL},
};

static void check(const struct row *row) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_masked m = pl_privacy_mask(&a, pl_str_c(row->text));
    assert_string_equal(pl_arena_str(&a, m.s).p, row->masked != NULL ? row->masked : row->text);
    assert_int_equal(m.card_seen, row->masked != NULL);
    if (row->masked == NULL) assert_ptr_equal(m.s.p, row->text);
    pl_arena_free(&a);
}

static void masks_cards(void **state) {
    (void)state;
    for (size_t i = 0; i < PL_LEN(cards); i++) check(&cards[i]);
}

static void leaves_the_rest(void **state) {
    (void)state;
    for (size_t i = 0; i < PL_LEN(others); i++) check(&others[i]);
}

static void masked_text_stays_as_it_is(void **state) {
    (void)state;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(cards); i++) {
        struct pl_masked once = pl_privacy_mask(&a, pl_str_c(cards[i].text));
        struct pl_masked twice = pl_privacy_mask(&a, once.s);
        assert_true(pl_str_eq(once.s, twice.s));
    }
    pl_arena_free(&a);
}

static void rather_nothing_than_a_card(void **state) {
    (void)state;
    struct pl_arena a;
    pl_arena_init(&a, 16);
    struct pl_masked m = pl_privacy_mask(&a, PL_STR("4111111111111111"));
    assert_true(m.card_seen);
    assert_int_equal(m.s.n, 0);
    pl_arena_free(&a);
}

static void logs(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"mail me at ann.b@shop.example please", "mail me at a…@… please"},
        {"a@b", "a…@…"},
        {"a@b@c.d", "a…@…@c.d"},
        {"call +49 30 1234567 now", "call +…67 now"},
        {"(415) 555-2671", "(…71"},
        {"card 4111 1111 1111 1111", "card •••• 1111"},
        {"ORDER123456789", "ORDER123456789"},
        {"size 10, 3 pairs", "size 10, 3 pairs"},
        {"@", "@"},
    };
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(rows); i++)
        assert_string_equal(pl_arena_str(&a, pl_privacy_log(&a, pl_str_c(rows[i].text))).p,
                            rows[i].masked);
    pl_arena_free(&a);
}

/* What the server itself wrote stays whole; what others gave it does not. */
static void log_lines(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"hook=shop.find call=12345678 outcome=ok why=\"\" us=2000123",
         "hook=shop.find call=12345678 outcome=ok why=\"\" us=2000123"},
        {"conversation=12345678901234567890123456789012 reason=\"no such entry\"",
         "conversation=12345678901234567890123456789012 reason=\"no such entry\""},
        {"image=0123456789012345", "image=0123456789012345"},
        {"hook=a.b call=7 event=saved id=4915123456789", "hook=a.b call=7 event=saved id=…89"},
        {"hook=a.b call=7 why=\"call us=4915123456789 or a@b.c\"",
         "hook=a.b call=7 why=\"call us=…89 or a…@…\""},
        {"conversation=4111111111111111x", "conversation=•••• 1111x"},
        {"call +49 30 1234567 now", "call +…67 now"},
        {"", ""},
    };
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(rows); i++)
        assert_string_equal(pl_arena_str(&a, pl_privacy_log_line(&a, pl_str_c(rows[i].text))).p,
                            rows[i].masked);
    pl_arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_cards),
        cmocka_unit_test(leaves_the_rest),
        cmocka_unit_test(masked_text_stays_as_it_is),
        cmocka_unit_test(rather_nothing_than_a_card),
        cmocka_unit_test(logs),
        cmocka_unit_test(log_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
