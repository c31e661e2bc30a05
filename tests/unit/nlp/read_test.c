/* SPDX-License-Identifier: Apache-2.0
 *
 * What the small shop understands.
 */
#include "tests/unit/nlp/shop.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

/* 2026-11-22 09:00 UTC, a Sunday */
#define NOW   INT64_C(1795338000000)
#define TODAY 20779

static struct pl_locale_tools *tools;
static struct pl_arena arena;
static struct pl_buf section;
static struct pl_nlp_model *model;
static struct pl_nlp *nlp;
static struct pl_nlp_list *products;

static int setup(void **state) {
    (void)state;
    static const struct pl_str names[] = {S("Nike Air Max"), S("Adidas Samba"), S("Samba"),
                                          S("حذاء الجري")};
    struct pl_str why;
    tools = pl_locale_tools_new();
    pl_arena_init(&arena, 0);
    assert_int_equal(pl_nlp_build(tools, &arena, &shop, &section, &why), PL_OK);
    assert_int_equal(pl_nlp_open(pl_buf_slice(&section), &model), PL_OK);
    assert_int_equal(pl_nlp_new(model, tools, &nlp), PL_OK);
    products = pl_nlp_list_new(tools, pl_nlp_entity_index(model, PL_STR("product")), names, 4);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pl_nlp_list_free(&products);
    pl_nlp_free(&nlp);
    pl_nlp_close(&model);
    pl_buf_free(&section);
    pl_arena_free(&arena);
    pl_locale_tools_free(&tools);
    return 0;
}

static struct pl_nlp_reading read_in(const char *text, struct pl_nlp_context ctx) {
    struct pl_nlp_reading r;
    const struct pl_nlp_list *lists[] = {products};
    ctx.lists = lists;
    ctx.nlists = 1;
    ctx.now_ms = NOW;
    pl_nlp_read(nlp, &arena, pl_str_c(text), &ctx, &r);
    return r;
}

static struct pl_nlp_reading read_text(const char *text) {
    return read_in(text, (struct pl_nlp_context){.language = PL_STR("en"),
                                                 .locale = PL_STR("en-US"),
                                                 .currency = PL_STR("USD")});
}

static void intents(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t intent;
        double least;
    } rows[] = {
        {"Where is my order?", TRACK, 1},
        {"WHERE IS MY ORDER", TRACK, 1},
        {"where's my package", TRACK, 0.7},
        {"track my parcel", TRACK, 0.7},
        {"has ORDER123456789 shipped yet?", TRACK, 1},
        {"hi, where is my order please", TRACK, 0.7},
        {"when does my order arrive", TRACK, 0.5},
        {"I'd like to send these shoes back", RETURN, 0.5},
        {"i want a refund", RETURN, 0.5},
        {"return ORDER987654321", RETURN, 1},
        {"I want to return ORDER987654321, they don't fit", RETURN, 0.7},
        {"Do you have the Nike Air Max in size 10?", PRODUCT, 0.7},
        {"how much is the Adidas Samba", PRODUCT, 0.7},
        {"please cancel the order", CANCEL, 0.5},
        {"what are your opening hours?", HOURS, 1},
        {"forgot password", PASSWORD, 0.5},
        {"my card got declined", PAYMENT, 0.5},
        {"got any discount codes?", DISCOUNT, 0.5},
        {"I need to speak to a person", PERSON, 0.7},
        {"never mind", STOP, 1},
        {"¿Dónde está mi pedido?", TRACK, 1},
        {"donde esta mi paquete", TRACK, 0.5},
        {"quiero devolver los zapatos", RETURN, 0.7},
        {"¿tienen Nike Air Max en talla 42?", PRODUCT, 1},
        {"أين طلبي؟", TRACK, 1},
        {"أين هو طلبي", TRACK, 0.5},
        {"هل لديكم Nike Air Max بمقاس 10؟", PRODUCT, 1},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_nlp_reading r = read_text(rows[i].text);
        if (r.nguesses == 0 || r.guesses[0].intent != rows[i].intent ||
            r.guesses[0].confidence < rows[i].least)
            fail_msg(
                "%s: %.*s %.2f", rows[i].text,
                PL_STR_ARG(pl_nlp_intent_name(model, r.nguesses ? r.guesses[0].intent : INTENTS)),
                r.nguesses ? r.guesses[0].confidence : 0);
        assert_int_equal(r.exact, rows[i].least >= 1);
    }
}

static void everything_else(void **state) {
    (void)state;
    static const char *const rows[] = {"asdfgh qwerty zxcvb",
                                       "purple monkey dishwasher",
                                       "colourless green ideas sleep",
                                       "hhhhhhh",
                                       "....",
                                       "lalala lala",
                                       "el gato verde salta",
                                       "القمر جميل جدا هذه الليلة"};
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_nlp_reading r = read_text(rows[i]);
        if (r.nguesses > 0 && r.guesses[0].confidence >= 0.3)
            fail_msg("%s: %.2f", rows[i], r.guesses[0].confidence);
        if (r.words.n > 0) assert_true(r.uncertainty > 0.7);
    }
    assert_true(read_text("").uncertainty == 0);
    assert_true(read_text("ORDER123456789").uncertainty == 0);
    assert_true(read_text("yes please").uncertainty == 0);
    assert_true(read_text("where is my order").uncertainty < 0.3);
    assert_true(read_text("where is my order").named);
    assert_true(read_text("where is ORDER123456789").named);
    assert_true(read_text("track ORDER123456789").named);
    assert_false(read_text("ORDER123456789").named); /* though it is most like "track {order_id}" */
    assert_false(read_text("it's ORDER123456789").named);
    assert_false(read_text("").named);
}

/* "name=value" of all that was found, a '?' where an `after` word is missing. */
static void finds(const char *text, struct pl_nlp_context ctx, const char *want) {
    struct pl_nlp_reading r = read_in(text, ctx);
    struct pl_buf b = {0};
    for (uint32_t i = 0; i < r.nfound; i++) {
        const struct pl_nlp_found *f = &r.found[i];
        assert_true(f->start < f->end && f->end <= strlen(text));
        if (i > 0) pl_buf_byte(&b, ' ');
        pl_buf_str(&b, f->name);
        pl_buf_c(&b, f->needs_after ? "?=" : "=");
        if (f->value.kind == PL_KIND_ENUM)
            pl_buf_str(&b, f->value.e.member);
        else
            pl_value_to_json(&b, f->value);
    }
    pl_buf_byte(&b, 0);
    if (strcmp(b.p, want) != 0) fail_msg("%s: %s, expected %s", text, b.p, want);
    pl_buf_free(&b);
}

static void entities(void **state) {
    (void)state;
    struct pl_nlp_context en = {.language = PL_STR("en"), .locale = PL_STR("en-US")};
    finds("it is order123456789", en, "order_id=\"ORDER123456789\"");
    finds("ORDER987654321, they don't fit", en,
          "order_id=\"ORDER987654321\" return_reason=too_small");
    finds("ORDER12345678901234567", en, "");
    finds("ORDERNUMBER", en, "");
    finds("prod-000042", en, "product_id=\"PROD-000042\"");
    finds("Do you have the nike air max in size 10?", en,
          "product=\"Nike Air Max\" size=\"10\" number=10");
    finds("10", en, "size?=\"10\" number=10");
    finds("adidas sambas", en, "product=\"Adidas Samba\"");
    finds("the adiddas samba", en, "product=\"Adidas Samba\"");
    finds("samba", en, "product=\"Samba\"");
    finds("it arrived damagd", en, "return_reason=damaged");
    finds("not what I ordered!", en, "return_reason=wrong_item");
    finds("me queda pequeño", en, "return_reason=too_small");
    finds("هل لديكم حذاء الجري بمقاس ٤٢؟", en, "product=\"حذاء الجري\" size=\"42\" number=42");
    finds("small", en, "");
}

static void built_ins(void **state) {
    (void)state;
    struct pl_nlp_context en = {
        .language = PL_STR("en"), .locale = PL_STR("en-US"), .currency = PL_STR("USD")};
    struct pl_nlp_context es = {
        .language = PL_STR("es"), .locale = PL_STR("es-ES"), .currency = PL_STR("EUR")};
    finds("mail ann.b@shop.example, please", en, "email=\"ann.b@shop.example\"");
    finds("not@mail, a@b, @x", en, "");
    finds("call +1 (415) 555-2671 now", en, "phone=\"+14155552671\"");
    finds("it was $1,234.50", en,
          "money={\"amount\":\"1234.5\",\"currency\":\"USD\"} number=1234.5");
    finds("1.234,50 €", es, "money={\"amount\":\"1234.5\",\"currency\":\"EUR\"} number=1234.5");
    finds("40 euros", es, "money={\"amount\":\"40\",\"currency\":\"EUR\"} number=40");
    finds("two pairs", en, "number=2");
    finds("15% off", en, "percent=15 number=15");
    finds("2026-12-01", en, "date=\"2026-12-01\"");
    finds("tomorrow", en, "date=\"2026-11-23\"");
    finds("hoy", es, "date=\"2026-11-22\"");
    finds("غدا", en, "date=\"2026-11-23\"");
}

static int32_t date_in(const char *text, const char *locale) {
    struct pl_nlp_reading r = read_in(text, (struct pl_nlp_context){.locale = pl_str_c(locale)});
    for (uint32_t i = 0; i < r.nfound; i++)
        if (r.found[i].value.kind == PL_KIND_DATE) return r.found[i].value.date;
    return -1;
}

/* What a question for this kind takes from the text, as JSON; "" nothing. */
static const char *answer(uint8_t kind, const char *text, const char *locale) {
    struct pl_nlp_context ctx = {.locale = pl_str_c(locale), .asked = kind};
    ctx.zone = PL_STR("Europe/Berlin");
    struct pl_nlp_reading r = read_in(text, ctx);
    static char out[200];
    out[0] = 0;
    for (uint32_t i = 0; i < r.nfound && !out[0]; i++) {
        if (r.found[i].value.kind != kind) continue;
        struct pl_buf b = {0};
        pl_value_to_json(&b, r.found[i].value);
        snprintf(out, sizeof out, "%.*s", PL_STR_ARG(pl_buf_slice(&b)));
        pl_buf_free(&b);
    }
    return out;
}

static void asked_for(void **state) {
    static const struct {
        uint8_t kind;
        const char *text, *value;
    } rows[] = {
        {PL_KIND_TIME, "14:30", "\"14:30:00\""},
        {PL_KIND_TIME, "at 2:05 pm please", "\"14:05:00\""},
        {PL_KIND_TIME, "2pm", "\"14:00:00\""},
        {PL_KIND_TIME, "12am", "\"00:00:00\""},
        {PL_KIND_TIME, "12 pm", "\"12:00:00\""},
        {PL_KIND_TIME, "noon", "\"12:00:00\""},
        {PL_KIND_TIME, "9", "\"09:00:00\""},
        {PL_KIND_TIME, "the 3 of us at 7 in the evening", "\"19:00:00\""},
        {PL_KIND_TIME, "a las 8 de la tarde", "\"20:00:00\""},
        {PL_KIND_TIME, "a las ocho de la mañana", "\"08:00:00\""},
        {PL_KIND_TIME, "الساعة ٨ مساء", "\"20:00:00\""},
        {PL_KIND_TIME, "25:00", ""},
        {PL_KIND_TIME, "14:75", ""},
        {PL_KIND_TIME, "whenever", ""},
        {PL_KIND_DATETIME, "tomorrow at 8 pm", "\"2026-11-23T19:00:00.000Z\""},
        {PL_KIND_DATETIME, "2026-12-01 09:15", "\"2026-12-01T08:15:00.000Z\""},
        {PL_KIND_DATETIME, "mañana a las 10:00", "\"2026-11-23T09:00:00.000Z\""},
        {PL_KIND_DATETIME, "tomorrow", ""},
        {PL_KIND_DURATION, "2 hours", "7200000"},
        {PL_KIND_DURATION, "2h", "7200000"},
        {PL_KIND_DURATION, "half an hour", "1800000"},
        {PL_KIND_DURATION, "an hour and a half", "5400000"},
        {PL_KIND_DURATION, "1 hour 15 minutes", "4500000"},
        {PL_KIND_DURATION, "1.5 h", "5400000"},
        {PL_KIND_DURATION, "dos semanas", "1209600000"},
        {PL_KIND_DURATION, "media hora", "1800000"},
        {PL_KIND_DURATION, "ساعة", "3600000"},
        {PL_KIND_DURATION, "٣ أيام", "259200000"},
        {PL_KIND_DURATION, "a while", ""},
        {PL_KIND_URL, "it is https://shop.example/p/1?x=2.", "\"https://shop.example/p/1?x=2\""},
        {PL_KIND_URL, "shop.example/p", "\"https://shop.example/p\""},
        {PL_KIND_URL, "(www.shop.example)", "\"https://www.shop.example\""},
        {PL_KIND_URL, "ann@shop.example", ""},
        {PL_KIND_URL, "javascript:alert(1)", ""},
        {PL_KIND_URL, "no idea", ""},
        {PL_KIND_LANGUAGE, "in Spanish please", "\"es\""},
        {PL_KIND_LANGUAGE, "inglés", "\"en\""},
        {PL_KIND_LANGUAGE, "العربية", "\"ar\""},
        {PL_KIND_LANGUAGE, "Klingon", ""},
    };
    unsigned wrong = 0;
    (void)state;
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        const char *got = answer(rows[i].kind, rows[i].text, "es-ES");
        if (strcmp(got, rows[i].value) != 0) print_message("%s: %s\n", rows[i].text, got);
        wrong += strcmp(got, rows[i].value) != 0;
        answer(PL_KIND_NONE, rows[i].text, "en-US"); /* nothing of it, unless it is asked for */
    }
    assert_int_equal(wrong, 0);
    assert_string_equal(answer(PL_KIND_DATETIME, "at 11:00", "en-GB"),
                        "\"2026-11-22T10:00:00.000Z\"");
    assert_string_equal(answer(PL_KIND_DATETIME, "at 9", "en-GB"), "\"2026-11-23T08:00:00.000Z\"");
}

static void dates(void **state) {
    (void)state;
    assert_int_equal(date_in("on 11/22/2026", "en-US"), TODAY);
    assert_int_equal(date_in("on 22/11/2026", "en-GB"), TODAY);
    assert_int_equal(date_in("on 22/11/2026", "en-US"), TODAY);
    assert_int_equal(date_in("22.11.2026", "de-DE"), TODAY);
    assert_int_equal(date_in("22-11-26", "es-ES"), TODAY);
    assert_int_equal(date_in("٢٢/١١/٢٠٢٦", "ar-SA"), TODAY);
    assert_int_equal(date_in("31/02/2026", "es-ES"), -1);
    assert_int_equal(date_in("1/12", "es-ES"), TODAY + 9);
    assert_int_equal(date_in("1/2/3/4", "es-ES"), -1);
    assert_int_equal(date_in("by tomorrow please", "en-US"), TODAY + 1);
    assert_int_equal(date_in("nächsten Montag um 9 Uhr", "de-DE"), TODAY + 1);
    assert_int_equal(date_in("as soon as possible", "en-US"), -1);
}

static void languages(void **state) {
    (void)state;
    static const struct {
        const char *text, *before, *language;
    } rows[] = {
        {"where is my order", "es", "en"},
        {"dónde está mi pedido", "en", "es"},
        {"أين طلبي", "en", "ar"},
        {"ok", "es", "es"},
        {"ORDER123456789", "ar", "ar"},
        {"", "", "en"},
        {"no", "es", "es"},
        {"quiero hablar con una persona", "en", "es"},
        {"我的包裹在哪里", "en", "zh"},
        {"荷物はどこですか", "en", "ja"},
        {"где мой заказ", "en", "ru"},
        {"wo ist meine bestellung", "en", "de"},
        {"هل لديكم Nike Air Max", "en", "ar"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_nlp_reading r =
            read_in(rows[i].text, (struct pl_nlp_context){.language = pl_str_c(rows[i].before)});
        if (!pl_str_is(r.language, rows[i].language))
            fail_msg("%s: %.*s", rows[i].text, PL_STR_ARG(r.language));
    }
}

static void yes_and_no(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint8_t answer;
        bool change;
    } rows[] = {
        {"yes", PL_NLP_YES, false},
        {"Yes, please!", PL_NLP_YES, false},
        {"sure, go ahead", PL_NLP_YES, false},
        {"ok", PL_NLP_YES, false},
        {"sí", PL_NLP_YES, false},
        {"sí, por favor", PL_NLP_YES, false},
        {"نعم", PL_NLP_YES, false},
        {"نعم من فضلك", PL_NLP_YES, false},
        {"no", PL_NLP_NO, false},
        {"No, thanks", PL_NLP_NO, false},
        {"nope", PL_NLP_NO, false},
        {"no, keep it", PL_NLP_NO, false},
        {"yes, keep it", PL_NLP_NEITHER, false},
        {"no gracias", PL_NLP_NO, false},
        {"لا شكرا", PL_NLP_NO, false},
        {"no, that's wrong", PL_NLP_NO, false},
        {"no wait, ORDER222222222", PL_NLP_NEITHER, true},
        {"actually ORDER222222222", PL_NLP_NEITHER, true},
        {"sorry, it's ORDER987654321", PL_NLP_NEITHER, true},
        {"ok no thanks", PL_NLP_NO, false},
        {"ok no", PL_NLP_NO, false},
        {"ok, no no", PL_NLP_NO, false},
        {"vale, no", PL_NLP_NO, false},
        {"حسنا لا", PL_NLP_NO, false},
        {"mejor no", PL_NLP_NO, false},
        {"لا أريد", PL_NLP_NO, false},
        {"no thx", PL_NLP_NO, false},
        {"yes pls", PL_NLP_YES, false},
        {"please do", PL_NLP_YES, false},
        {"\U0001F44D", PL_NLP_YES, false},
        {"\u2705", PL_NLP_YES, false},
        {"\U0001F44E", PL_NLP_NO, false},
        {"\U0001F44D\U0001F44E", PL_NLP_NEITHER, false},
        {"yes no", PL_NLP_NEITHER, false},
        {"yes yes no", PL_NLP_NEITHER, false},
        {"sí no", PL_NLP_NEITHER, false},
        {"نعم لا", PL_NLP_NEITHER, false},
        {"yeah right", PL_NLP_NEITHER, false},
        {"ok?", PL_NLP_NEITHER, false},
        {"thanks", PL_NLP_NEITHER, false},
        {"no, ORDER222222222", PL_NLP_NEITHER, true},
        {"of course not", PL_NLP_NO, false},
        {"claro que no", PL_NLP_NO, false},
        {"ni hablar", PL_NLP_NO, false},
        {"no idea", PL_NLP_NEITHER, false},
        {"not sure", PL_NLP_NEITHER, false},
        {"where is my order", PL_NLP_NEITHER, false},
        {"no quiero devolver nada de esto", PL_NLP_NEITHER, false},
        {"no espera, ORDER222222222", PL_NLP_NEITHER, true},
        {"", PL_NLP_NEITHER, false},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_nlp_reading r = read_text(rows[i].text);
        if (r.answer != rows[i].answer || r.change != rows[i].change)
            fail_msg("%s: %d %d", rows[i].text, r.answer, r.change);
    }
}

static void sentiments(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double least, most;
    } rows[] = {
        {"This is terrible, worst shop ever, I am furious!!!", -1, -0.6},
        {"I HATE this, you are useless thieves", -1, -0.6},
        {"qué vergüenza, son unos ladrones, estoy furioso", -1, -0.6},
        {"خدمة سيئة جدا، أنا غاضب، هذا نصب", -1, -0.6},
        {"where is my order?", -0.2, 0.2},
        {"I want to return my shoes", -0.2, 0.2},
        {"I'd like a refund please", -0.2, 0.2},
        {"cancel my order", -0.2, 0.2},
        {"do you have a discount", -0.2, 0.2},
        {"they don't fit", -0.35, 0.2},
        {"¿dónde está mi pedido?", -0.2, 0.2},
        {"quiero devolver mis zapatos por favor", -0.2, 0.2},
        {"أين طلبي؟", -0.2, 0.2},
        {"أريد إرجاع الحذاء من فضلك", -0.2, 0.2},
        {"thank you so much, this is great!", 0.5, 1},
        {"not good at all", -0.6, -0.1},
        {"not bad", 0, 0.6},
        {"muchas gracias, excelente servicio", 0.4, 1},
        {"😡😡", -1, -0.6},
        {"", 0, 0},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        double s = read_text(rows[i].text).sentiment;
        if (s < rows[i].least || s > rows[i].most) fail_msg("%s: %.2f", rows[i].text, s);
    }
}

static bool bit(const uint8_t *bits, uint32_t i) {
    return bits[i / 8] >> (i % 8) & 1;
}

static void mentions_and_matches(void **state) {
    (void)state;
    static const char *const yes[] = {"my lawyer will call you",
                                      "LAWYERS!",
                                      "that is fraud",
                                      "llamaré a mi abogada",
                                      "sois un fraude",
                                      "سأتصل بالمحامي",
                                      "محامي",
                                      "هذا احتيال",
                                      "عملية الاحتيال",
                                      "my parcel was stolen"};
    static const char *const no[] = {
        "illegally parked", "where is my order", "regal", "hello", "حمام", ""};
    for (size_t i = 0; i < PL_LEN(yes); i++)
        if (!bit(read_text(yes[i]).mentions, 0)) fail_msg("%s", yes[i]);
    for (size_t i = 0; i < PL_LEN(no); i++)
        if (bit(read_text(no[i]).mentions, 0)) fail_msg("%s", no[i]);
    struct pl_nlp_reading r = read_text("Add to cart");
    assert_true(bit(r.says, 1) && bit(r.mentions, 1));
    r = read_text("add to cart now");
    assert_true(!bit(r.says, 1) && bit(r.mentions, 1));
    assert_true(bit(read_text(" 123456 ").matches, 0));
    assert_true(bit(read_text("١٢٣٤٥٦").matches, 0));
    assert_false(bit(read_text("1234567").matches, 0));
    assert_true(bit(read_text("abc DEF").matches, 1));
    assert_true(pl_nlp_matches(nlp, &arena, 0, PL_STR("654321")));
    assert_false(pl_nlp_matches(nlp, &arena, 2, PL_STR("654321")));
}

static void picks(void **state) {
    (void)state;
    static const struct pl_nlp_phrase options[] = {{S("en"), S("Add to cart")},
                                                   {S("en"), S("View details")},
                                                   {S("en"), S("Notify me on sale")},
                                                   {S("en"), S("Similar products")}};
    static const struct {
        const char *text;
        uint32_t option;
    } rows[] = {
        {"add to cart", 0},     {"View details please", 1}, {"2", 1},
        {"the second one", 1},  {"the last one", 3},        {"details", 1},
        {"similar", 3},         {"similar product", 3},     {"5", UINT32_MAX},
        {"banana", UINT32_MAX}, {"", UINT32_MAX},           {"first", 0},
        {"notify me", 2},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_nlp_reading r = read_text(rows[i].text);
        uint32_t got = pl_nlp_pick(nlp, &arena, &r, options, 4);
        if (got != rows[i].option) fail_msg("%s: %u", rows[i].text, got);
    }
    static const struct pl_nlp_phrase yn[] = {{S("en"), S("Yes, please")},
                                              {S("en"), S("No, thanks")}};
    struct pl_nlp_reading r = read_text("yes");
    assert_int_equal(pl_nlp_pick(nlp, &arena, &r, yn, 2), 0);
    r = read_text("no thank you");
    assert_int_equal(pl_nlp_pick(nlp, &arena, &r, yn, 2), 1);
    r = read_text("sí");
    assert_int_equal(pl_nlp_pick(nlp, &arena, &r, yn, 2), 0);
    r = read_text("no sé"); /* unsure: it names no "No" */
    assert_int_equal(pl_nlp_pick(nlp, &arena, &r, yn, 2), UINT32_MAX);
    r = read_text("لا شكرا");
    assert_int_equal(pl_nlp_pick(nlp, &arena, &r, yn, 2), 1);
    assert_int_equal(pl_nlp_pick(nlp, &arena, &r, options, 4), UINT32_MAX);
}

static void same_question(void **state) {
    (void)state;
    assert_true(read_text("Where is my order?").folded_hash ==
                read_text("where IS my order").folded_hash);
    assert_true(read_text("Where is my order?").folded_hash !=
                read_text("Where is it?").folded_hash);
}

static void same_source_same_bytes(void **state) {
    (void)state;
    struct pl_buf again = {0};
    struct pl_str why;
    assert_int_equal(pl_nlp_build(tools, &arena, &shop, &again, &why), PL_OK);
    assert_true(pl_str_eq(pl_buf_slice(&again), pl_buf_slice(&section)));
    pl_buf_free(&again);
    struct pl_nlp_confusion c[4];
    assert_int_equal(pl_nlp_confusions(tools, &shop, pl_buf_slice(&section), c, 4), 0);
}

static void refused_sources(void **state) {
    (void)state;
    struct pl_buf out = {0};
    struct pl_str why;
    struct pl_nlp_regex bad = {S("a(b"), S("")};
    struct pl_nlp_source src = {.matches = &bad, .nmatches = 1};
    assert_int_equal(pl_nlp_build(tools, &arena, &src, &out, &why), PL_MALFORMED);
    assert_true(why.n > 0);
    struct pl_nlp_example stray = {.intent = 3};
    src = (struct pl_nlp_source){.examples = &stray, .nexamples = 1};
    assert_int_equal(pl_nlp_build(tools, &arena, &src, &out, &why), PL_MALFORMED);
    src = (struct pl_nlp_source){.nintents = 1001};
    assert_int_equal(pl_nlp_build(tools, &arena, &src, &out, &why), PL_LIMIT);
    assert_int_equal(out.n, 0);
    src = (struct pl_nlp_source){0}; /* nothing at all is fine */
    assert_int_equal(pl_nlp_build(tools, &arena, &src, &out, &why), PL_OK);
    struct pl_nlp_model *m = NULL;
    struct pl_nlp *n = NULL;
    struct pl_nlp_reading r;
    assert_int_equal(pl_nlp_open(pl_buf_slice(&out), &m), PL_OK);
    assert_int_equal(pl_nlp_new(m, tools, &n), PL_OK);
    pl_nlp_read(n, &arena, PL_STR("hello"), NULL, &r);
    assert_int_equal(r.nguesses, 0);
    pl_nlp_free(&n);
    pl_nlp_close(&m);
    pl_buf_free(&out);
}

static void cut_sections(void **state) {
    (void)state;
    struct pl_nlp_model *m = NULL;
    for (size_t n = 0; n < section.n; n += n < 2000 ? 1 : 997)
        assert_int_equal(pl_nlp_open((struct pl_str){section.p, n}, &m), PL_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intents),
        cmocka_unit_test(everything_else),
        cmocka_unit_test(entities),
        cmocka_unit_test(built_ins),
        cmocka_unit_test(dates),
        cmocka_unit_test(asked_for),
        cmocka_unit_test(languages),
        cmocka_unit_test(yes_and_no),
        cmocka_unit_test(sentiments),
        cmocka_unit_test(mentions_and_matches),
        cmocka_unit_test(picks),
        cmocka_unit_test(same_question),
        cmocka_unit_test(same_source_same_bytes),
        cmocka_unit_test(refused_sources),
        cmocka_unit_test(cut_sections),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
