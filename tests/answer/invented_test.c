/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims without a number that no article makes: turned round, made general, taken over from
 * another matter, added behind something true. Each was written to get past the checks. What the
 * room promises of them is less than of facts: how many are shown is counted, and may not grow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/answer/bench.h"

enum { MOST_SAME = 10, MOST_OTHER = 5 };

struct claims {
    const char *locale, *question;
    const char *says[48];
};

static const struct claims same_language[] = {
    {"en-US",
     "can I return shoes, and is it free?",
     {"Returns are free for everyone.",
      "Returns are always free.",
      "You can return worn shoes.",
      "You can return shoes after years of delivery.",
      "You can always return sale items.",
      "Sale items can be returned like all others.",
      "All items can be returned.",
      "Sale items cannot be delivered.",
      "Unworn shoes cannot be returned.",
      "You cannot return unworn shoes.",
      "You can never return unworn shoes.",
      "You can return unworn shoes without a label.",
      "You can return unworn shoes, sale items too.",
      "Worn sale items can be returned.",
      "We return money for worn shoes.",
      "Return shipping is free.",
      "Express returns are free.",
      "The label is free.",
      "The label costs nothing.",
      "You can return shoes in our warehouse.",
      "Our warehouse is free to return to.",
      "Delivery of returns is free.",
      "Everyone gets free returns.",
      "You may keep the shoes and get your money.",
      "Your money is refunded before the parcel reaches us.",
      "Money is refunded at once.",
      "Money is not refunded.",
      "Money is refunded in business.",
      "Refunds are given for sale items.",
      "You can return unworn shoes within 30 days of delivery. Sale items can be returned too.",
      "You can return unworn shoes within 30 days of delivery, also sale items.",
      "You can return unworn shoes within 30 days of delivery. It is free.",
      "You can return unworn shoes within 30 days of delivery, for free.",
      "You can return unworn shoes within 30 days of delivery or exchange them.",
      "You can return unworn shoes within 30 days of delivery, without exceptions.",
      "We are not responsible for the parcel.",
      "The parcel must be sent by express."}},
    {"en-US",
     "is shipping free?",
     {"Shipping is free.", "Standard shipping is free.", "Standard shipping is always free.",
      "Express delivery is free over $50.", "Express delivery is free.",
      "Express shipping costs $4.99.", "Standard shipping costs $12.",
      "Standard delivery is not free over $50.", "Standard shipping is never free.",
      "Delivery is free for returns.", "Shipping costs are refunded.",
      "Standard shipping costs $4.99 and express delivery is free.",
      "Standard shipping costs $4.99 for sale items.", "Yes, shipping is free.", "Yes.",
      "Free delivery for unworn shoes.", "Shipping is free within 30 days.",
      "Shipping is free over $12.", "Sale items cannot be shipped."}},
    {"es-ES",
     "¿puedo devolver los zapatos?",
     {"Los artículos rebajados se pueden devolver.", "Puedes devolver los zapatos usados.",
      "No puedes devolver los zapatos sin usar.", "Los zapatos no se pueden devolver.",
      "Puedes devolver los zapatos gratis.", "La devolución es gratis para todos.",
      "Puedes devolver todos los artículos.",
      "Puedes devolver los artículos rebajados en un plazo de 30 días.",
      "Puedes devolver los zapatos sin plazo.", "Los zapatos usados no tienen plazo de entrega.",
      "La entrega es gratis.", "Nunca puedes devolver zapatos."}},
};

/* The article is English. */
static const struct claims another_language[] = {
    {"es-ES",
     "¿el envío es gratis?",
     {"El envío es gratis.", "El envío exprés es gratis.", "El envío siempre es gratis para todos.",
      "Sí, el envío es gratis.", "El envío no es posible.", "No enviamos a tu país.",
      "Las devoluciones son gratis.", "Puedes pagar a plazos.",
      "El envío estándar es gratis siempre.", "El envío exprés cuesta $4.99."}},
    {"de-DE",
     "ist der Versand kostenlos?",
     {"Der Versand ist kostenlos.", "Der Versand ist immer kostenlos.",
      "Expressversand ist kostenlos.", "Ja, der Versand ist kostenlos.",
      "Wir versenden nicht in dein Land.", "Rücksendungen sind kostenlos.",
      "Du kannst in Raten zahlen.", "Getragene Schuhe nehmen wir zurück.",
      "Reduzierte Ware kann zurückgegeben werden.", "Standardversand kostet 12 Dollar."}},
};

struct told {
    int said, shown;
};

static struct told tell(struct bench *b, const struct claims *v, size_t n) {
    struct told k = {0};
    char line[512];
    for (size_t i = 0; i < n; i++)
        for (const char *const *s = v[i].says; *s; s++) {
            snprintf(line, sizeof line, "text %s", *s);
            bench_play(b, &(struct bench_turn){.text = v[i].question, .locale = v[i].locale},
                       (const char *const[]){line, NULL});
            k.said++;
            if (!bench_model_answered(b)) continue;
            k.shown++;
            print_message("shown: %s | %s\n", v[i].question, *s);
        }
    return k;
}

static void few_invented_claims_are_shown(void **state) {
    struct bench b;
    (void)state;
    bench_open(&b, true, NULL);
    struct told same = tell(&b, same_language, PL_LEN(same_language));
    struct told other = tell(&b, another_language, PL_LEN(another_language));
    bench_close(&b);
    print_message("in the article's language %d of %d shown, in another %d of %d\n", same.shown,
                  same.said, other.shown, other.said);
    assert_true(same.said >= 60 && other.said >= 20);
    assert_true(same.shown <= MOST_SAME);
    assert_true(other.shown <= MOST_OTHER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_invented_claims_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
