/* SPDX-License-Identifier: Apache-2.0
 *
 * A small shop: the source that the tests of nlp are about.
 */
#ifndef PL_TEST_SHOP_H
#define PL_TEST_SHOP_H

#include "runtime/nlp/nlp.h"

#define S(literal)                                                                                 \
    { ("" literal), sizeof(literal) - 1 }

static const struct pl_str shop_langs[] = {S("en"), S("es"), S("ar")};

enum { TRACK, RETURN, PRODUCT, CANCEL, HOURS, PASSWORD, PAYMENT, DISCOUNT, PERSON, STOP, INTENTS };
static const struct pl_str shop_intents[] = {
    S("track_order"),    S("return_item"), S("product_inquiry"), S("cancel_order"),
    S("opening_hours"),  S("password"),    S("payment"),         S("discount"),
    S("speak_to_human"), S("cancel")};

static const struct pl_nlp_example shop_examples[] = {
    {TRACK, S("en"), S("where is my order")},
    {TRACK, S("en"), S("track my order")},
    {TRACK, S("en"), S("has ⟨order_id⟩ shipped yet")},
    {TRACK, S("en"), S("delivery status")},
    {TRACK, S("en"), S("where is my package")},
    {TRACK, S("en"), S("when will my parcel arrive")},
    {TRACK, S("en"), S("order status")},
    {TRACK, S("en"), S("my delivery is late")},
    {TRACK, S("es"), S("dónde está mi pedido")},
    {TRACK, S("es"), S("seguir mi pedido")},
    {TRACK, S("es"), S("cuándo llega mi paquete")},
    {TRACK, S("ar"), S("أين طلبي")},
    {TRACK, S("ar"), S("تتبع طلبي")},
    {TRACK, S("ar"), S("متى يصل طلبي")},
    {RETURN, S("en"), S("I want to return my shoes")},
    {RETURN, S("en"), S("return ⟨order_id⟩")},
    {RETURN, S("en"), S("send it back")},
    {RETURN, S("en"), S("I'd like a refund")},
    {RETURN, S("en"), S("money back")},
    {RETURN, S("en"), S("they don't fit")},
    {RETURN, S("en"), S("return ⟨order_id⟩, ⟨return_reason⟩")},
    {RETURN, S("en"), S("can I exchange this for another size")},
    {RETURN, S("es"), S("quiero devolver ⟨order_id⟩")},
    {RETURN, S("es"), S("devolver mis zapatos")},
    {RETURN, S("es"), S("quiero un reembolso")},
    {RETURN, S("ar"), S("أريد إرجاع ⟨order_id⟩")},
    {RETURN, S("ar"), S("أريد إرجاع الحذاء")},
    {PRODUCT, S("en"), S("do you have ⟨product⟩ in size ⟨size⟩")},
    {PRODUCT, S("en"), S("is ⟨product⟩ available")},
    {PRODUCT, S("en"), S("tell me about ⟨product⟩")},
    {PRODUCT, S("en"), S("what are the features of ⟨product⟩")},
    {PRODUCT, S("en"), S("how much is ⟨product⟩")},
    {PRODUCT, S("es"), S("¿tienen ⟨product⟩ en talla ⟨size⟩?")},
    {PRODUCT, S("es"), S("¿está disponible ⟨product⟩?")},
    {PRODUCT, S("ar"), S("هل لديكم ⟨product⟩ بمقاس ⟨size⟩؟")},
    {CANCEL, S("en"), S("cancel my order")},
    {CANCEL, S("en"), S("I want to cancel ⟨order_id⟩")},
    {CANCEL, S("en"), S("don't send my order")},
    {CANCEL, S("en"), S("I changed my mind, cancel it")},
    {CANCEL, S("es"), S("cancelar mi pedido")},
    {CANCEL, S("ar"), S("إلغاء طلبي")},
    {HOURS, S("en"), S("what are your opening hours")},
    {HOURS, S("en"), S("when are you open")},
    {HOURS, S("en"), S("are you open on Sunday")},
    {HOURS, S("es"), S("cuál es el horario")},
    {HOURS, S("ar"), S("ما هي ساعات العمل")},
    {PASSWORD, S("en"), S("I forgot my password")},
    {PASSWORD, S("en"), S("reset my password")},
    {PASSWORD, S("en"), S("I can't log in")},
    {PASSWORD, S("es"), S("olvidé mi contraseña")},
    {PASSWORD, S("ar"), S("نسيت كلمة المرور")},
    {PAYMENT, S("en"), S("my payment failed")},
    {PAYMENT, S("en"), S("which payment methods do you take")},
    {PAYMENT, S("en"), S("my card was declined")},
    {PAYMENT, S("es"), S("mi pago ha fallado")},
    {PAYMENT, S("ar"), S("فشل الدفع")},
    {DISCOUNT, S("en"), S("do you have a discount")},
    {DISCOUNT, S("en"), S("is there a coupon code")},
    {DISCOUNT, S("en"), S("any promotions or sales")},
    {DISCOUNT, S("es"), S("hay algún descuento")},
    {DISCOUNT, S("ar"), S("هل يوجد خصم")},
    {PERSON, S("en"), S("I want to talk to a human")},
    {PERSON, S("en"), S("speak to an agent")},
    {PERSON, S("en"), S("let me talk to a person")},
    {PERSON, S("es"), S("quiero hablar con una persona")},
    {PERSON, S("ar"), S("أريد التحدث مع موظف")},
    {STOP, S("en"), S("never mind")},
    {STOP, S("en"), S("stop")},
    {STOP, S("en"), S("forget it")},
    {STOP, S("es"), S("déjalo")},
    {STOP, S("ar"), S("انس الأمر")},
};

static const struct pl_nlp_regex order_regex[] = {{S("(?=[A-Z0-9]*\\d)[A-Z0-9]{10,15}"), S("i")}};
static const struct pl_nlp_regex product_id_regex[] = {{S("PROD-\\d{6}"), S("i")}};
static const struct pl_nlp_regex size_regex[] = {
    {S("XXS|XS|S|M|L|XL|XXL|\\d{1,2}(\\.5)?"), S("i")}};
static const struct pl_nlp_phrase size_after[] = {
    {S("en"), S("size")}, {S("en"), S("in a")}, {S("es"), S("talla")}, {S("ar"), S("مقاس")}};
static const struct pl_nlp_synonym reasons[] = {
    {S("too_small"), S("en"), S("too small")},
    {S("too_small"), S("en"), S("too tight")},
    {S("too_small"), S("en"), S("don't fit")},
    {S("too_small"), S("es"), S("me queda pequeño")},
    {S("too_large"), S("en"), S("too big")},
    {S("too_large"), S("es"), S("me queda grande")},
    {S("damaged"), S("en"), S("broken")},
    {S("damaged"), S("en"), S("damaged")},
    {S("damaged"), S("es"), S("roto")},
    {S("wrong_item"), S("en"), S("not what I ordered")},
    {S("unwanted"), S("en"), S("changed my mind")},
};

enum { ORDER_ID, PRODUCT_ID, SIZE, REASON, PRODUCT_NAME };
static const struct pl_nlp_entity shop_entities[] = {
    {.name = S("order_id"),
     .kind = PL_KIND_TEXT,
     .flags = PL_NLP_UPPER,
     .regexes = order_regex,
     .nregexes = 1},
    {.name = S("product_id"),
     .kind = PL_KIND_TEXT,
     .flags = PL_NLP_UPPER,
     .regexes = product_id_regex,
     .nregexes = 1},
    {.name = S("size"),
     .kind = PL_KIND_TEXT,
     .regexes = size_regex,
     .nregexes = 1,
     .after = size_after,
     .nafter = 4},
    {.name = S("return_reason"), .kind = PL_KIND_ENUM, .words = reasons, .nwords = PL_LEN(reasons)},
    {.name = S("product"), .kind = PL_KIND_TEXT, .flags = PL_NLP_FROM_HOOK},
};

static const struct pl_nlp_phrase legal[] = {
    {S("en"), S("legal")},   {S("en"), S("lawsuit")}, {S("en"), S("lawyer")},
    {S("en"), S("fraud")},   {S("en"), S("stolen")},  {S("es"), S("demanda")},
    {S("es"), S("abogado")}, {S("es"), S("fraude")},  {S("es"), S("robado")},
    {S("ar"), S("محام")},    {S("ar"), S("دعوى")},    {S("ar"), S("احتيال")},
    {S("ar"), S("مسروق")}};
static const struct pl_nlp_phrase add_to_cart[] = {{
                                                       S("en"),
                                                       S("add it"),
                                                   },
                                                   {S("en"), S("add to cart")}};
static const struct pl_nlp_mention shop_mentions[] = {{legal, PL_LEN(legal)}, {add_to_cart, 2}};
static const struct pl_nlp_regex shop_matches[] = {{S("\\d{6}"), S("")}, {S("[a-z ]+"), S("i")}};

static const struct pl_nlp_source shop = {
    .langs = shop_langs,
    .nlangs = 3,
    .intents = shop_intents,
    .nintents = INTENTS,
    .examples = shop_examples,
    .nexamples = PL_LEN(shop_examples),
    .entities = shop_entities,
    .nentities = PL_LEN(shop_entities),
    .mentions = shop_mentions,
    .nmentions = 2,
    .matches = shop_matches,
    .nmatches = 2,
};

#endif
