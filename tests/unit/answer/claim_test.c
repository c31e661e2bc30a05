/* SPDX-License-Identifier: Apache-2.0
 *
 * What may be said when something else is known: each row is a sentence of a model, and what of it
 * nothing supports ("" for a sentence that may be shown).
 */
#include "runtime/answer/answer_priv.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static struct pl_locale_tools *tools;

static int setup(void **state) {
    (void)state;
    tools = pl_locale_tools_new();
    return tools == NULL;
}

static int teardown(void **state) {
    (void)state;
    pl_locale_tools_free(&tools);
    return 0;
}

static const char *const words[] = {
#define WHY(name, word, meaning) word,
#include "runtime/answer/why.def"
#undef WHY
};

struct row {
    const char *why, *sentence;
};

static void hold(const char *locale, const char *evidence, const char *question,
                 const struct row *rows, size_t n) {
    struct pl_arena a;
    struct pl_locale *l;
    struct pl_str none = {0};
    pl_arena_init(&a, 0);
    assert_int_equal(pl_locale_open(tools, pl_str_c(locale), none, none, &l), PL_OK);
    struct evidence e = {.r = {tools, l, pl_locale_language(pl_str_c(locale)), &a}};
    pl_answer__learn(&e, pl_str_c(evidence), true);
    assert_true(pl_answer__claim(&e.r, pl_str_c(question), &e.question));
    assert_false(e.failed);
    for (size_t i = 0; i < n; i++) {
        struct claim c;
        assert_true(pl_answer__claim(&e.r, pl_str_c(rows[i].sentence), &c));
        const char *why = words[pl_answer__supported(&e, &c)];
        const char *expected = rows[i].why[0] == 0 ? "none" : rows[i].why;
        if (strcmp(why, expected) != 0)
            print_error("%s: %s, expected %s\n", rows[i].sentence, why, expected);
        assert_string_equal(why, expected);
    }
    PL_VEC_FREE(&e.claims);
    PL_VEC_FREE(&e.said);
    pl_arena_free(&a);
}
#define HOLD(locale, evidence, question, rows) hold(locale, evidence, question, rows, PL_LEN(rows))

static void english(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"", "You can return unworn shoes within 30 days of delivery."},
        {"", "You have thirty days to return them."},
        {"", "Yes, returns within 30 days are fine!"},
        {"", "Happy to help!"},
        {"", "Standard shipping costs $4.99."},
        {"", "Shipping is 4.99 USD, and free over $50."},
        {"", "Your money is refunded 5 to 7 business days after we receive the parcel."},
        {"", "Sale items cannot be returned."},
        {"", "No, sale items cannot be returned."},
        {"", "See https://shop.example/returns for the label."},
        {"", "Orders placed on Monday are shipped on December 1, 2026."},
        {"", "With PayPal you can pay."},
        {"number", "You can return shoes within 60 days of delivery."},
        {"number", "You have sixty days to return them."},
        {"number", "Refunds take 30 days."},
        {"number", "Standard shipping costs $5.99."},
        {"claim", "Shipping is free over 50%."},
        {"claim", "Shipping is free."},
        {"claim", "Returns are always free."},
        {"claim", "You can return worn shoes."},
        {"number", "Your refund arrives tomorrow."},
        {"number", "Your refund arrives on Friday."},
        {"number", "Orders are shipped on November 1."},
        {"id", "Your label is RET999888777."},
        {"id", "With Klarna you can pay."},
        {"link", "See https://evil.example/returns for the label."},
        {"link", "See shop.example/other for more."},
        {"link", "Write to boss@shop.example for a label."},
        {"claim", "Sale items can be returned."},
        {"claim", "Our founder loves purple elephants and jazz music."},
    };
    HOLD("en-US",
         "You can return unworn shoes within 30 days of delivery. Sale items cannot be returned. "
         "The label is at https://shop.example/returns. Money is refunded within 5\u20137 business "
         "days after we receive the parcel. Standard shipping costs $4.99 and is free over $50. "
         "You can pay with PayPal. Orders placed on Monday are shipped by 2026-12-01 (December 1, "
         "2026).",
         "How long can I return my sneakers?", rows);
}

static void spanish(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"", "Puedes devolver los zapatos en un plazo de 30 días."},
        {"", "Tienes treinta días para devolver los zapatos."},
        {"", "El envío cuesta 4,99 €."},
        {"", "El envío cuesta 1.299,50 € por avión."},
        {"number", "Puedes devolver los zapatos en un plazo de 45 días."},
        {"number", "El envío cuesta 4,99 $."},
        {"number", "El reembolso llega mañana."},
        {"claim", "Los artículos rebajados se pueden devolver."},
    };
    HOLD("es-ES",
         "Puedes devolver los zapatos en un plazo de 30 días. El envío cuesta 4,99 €; por avión, "
         "1299,50 €. Los artículos rebajados no se pueden devolver.",
         "¿Puedo devolver mis zapatos?", rows);
}

static void arabic(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"", "يمكنك إرجاع الحذاء خلال ٣٠ يومًا."},       {"", "يمكنك إرجاع الحذاء خلال 30 يومًا."},
        {"number", "يمكنك إرجاع الحذاء خلال ٦٠ يومًا."}, {"number", "يصل الحذاء غدًا."},
        {"claim", "يمكن إرجاع منتجات التخفيضات."},
    };
    HOLD("ar-SA", "يمكنك إرجاع الحذاء خلال ٣٠ يومًا. لا يمكن إرجاع منتجات التخفيضات.",
         "هل يمكنني إرجاع الحذاء؟", rows);
}

static void others(void **state) {
    (void)state;
    static const struct row german[] = {
        {"", "Sie können die Schuhe innerhalb von 30 Tagen zurückgeben."},
        {"number", "Sie können die Schuhe innerhalb von 90 Tagen zurückgeben."},
        {"claim", "Sie können die Schuhe nicht zurückgeben."},
    };
    HOLD("de-DE", "Sie können Schuhe innerhalb von 30 Tagen zurückgeben.",
         "Kann ich die Schuhe zurückgeben?", german);
    static const struct row japanese[] = {
        {"", "靴は30日以内に返品できます。"},
        {"number", "靴は60日以内に返品できます。"},
    };
    HOLD("ja-JP", "靴は30日以内に返品できます。", "靴を返品できますか?", japanese);
}

static void hostile(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"number", "99999999999999999"},
        {"id", "9999999999999999999999999999999999999999"},
        {"number", "0.5 1,2,3,4"},
        {"", "\xff\xfe"},
        {"", ""},
        {"", "..... ,,,, [[[["},
        {"link", "a@b"},
        {"link", "javascript://x"},
        {"id", "a1b2c3"},
    };
    HOLD("en-US", "", "", rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(english), cmocka_unit_test(spanish), cmocka_unit_test(arabic),
        cmocka_unit_test(others),  cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
