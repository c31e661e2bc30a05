/* SPDX-License-Identifier: Apache-2.0
 *
 * Building, opening and searching a small knowledge base; hostile sections.
 */
#include "runtime/kb/kb.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S(literal)                                                                                 \
    { ("" literal), sizeof(literal) - 1 }

static const struct pl_str how_asked[] = {S("how do I send something back"), S("start a return")};
static const struct pl_kb_passage how_en[] = {
    {S(""), S(""),
     S("You can return unworn items within 30 days of delivery. We send you a label by e-mail.")},
    {S("What it costs"), S("what-it-costs"),
     S("A return with our label is free. With another carrier you pay the postage yourself. Keep "
       "the receipt until your refund has arrived. We never charge a restocking fee.")},
};
static const struct pl_kb_passage pay_en[] = {
    {S(""), S(""), S("We take credit cards, PayPal and bank transfer. Apple Pay works on phones.")},
};
static const struct pl_kb_passage steps_en[] = {
    {S(""), S(""),
     S("To reset your password:\n1. Open the sign-in page.\n2. Choose \"Forgot\".\n3. Follow the "
       "link. It is valid for one hour.\nNobody here ever asks for it.")},
};
static const struct pl_kb_passage pay_es[] = {
    {S(""), S(""), S("Aceptamos tarjetas de crédito, PayPal y transferencia bancaria.")},
};
static const struct pl_kb_passage pay_ar[] = {
    {S(""), S(""), S("نقبل البطاقات الائتمانية وPayPal والتحويل المصرفي.")},
};
static const struct pl_kb_passage zh[] = {
    {S(""), S(""), S("收到商品后三十天内可以退货。我们会通过电子邮件发送退货标签。")},
};
static const struct pl_kb_passage zh_pay[] = {
    {S(""), S(""), S("我们接受信用卡、支付宝和银行转账。")},
};

#define ONE(passages) passages, PL_LEN(passages)
static const struct pl_kb_article articles[] = {
    {S("en"), S("returns/how"), S("How to return something"), S("https://shop.example/returns"),
     how_asked, 2, ONE(how_en)},
    {S("en"), S("payment/methods"), S("Payment methods"), S(""), NULL, 0, ONE(pay_en)},
    {S("en"), S("account/password"), S("Forgotten password"), S(""), NULL, 0, ONE(steps_en)},
    {S("es"), S("payment/methods"), S("Formas de pago"), S(""), NULL, 0, ONE(pay_es)},
    {S("ar"), S("payment/methods"), S("طرق الدفع"), S(""), NULL, 0, ONE(pay_ar)},
    {S("zh-CN"), S("returns/how"), S("如何退货"), S(""), NULL, 0, ONE(zh)},
    {S("zh-CN"), S("payment/methods"), S("付款方式"), S(""), NULL, 0, ONE(zh_pay)},
};

static struct pl_locale_tools *tools;
static struct pl_buf section;
static struct pl_kb *kb;
static struct pl_kb_scratch *scratch;
static struct pl_kb_result result;

static int setup(void **state) {
    (void)state;
    tools = pl_locale_tools_new();
    scratch = pl_kb_scratch_new(tools);
    assert_int_equal(pl_kb_build(tools, articles, PL_LEN(articles), &section), PL_OK);
    assert_int_equal(pl_kb_open(pl_buf_slice(&section), &kb), PL_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pl_kb_close(&kb);
    pl_buf_free(&section);
    pl_kb_scratch_free(&scratch);
    pl_locale_tools_free(&tools);
    return 0;
}

static const struct pl_kb_result *ask(const char *text, const char *locale, const char *fallback) {
    struct pl_kb_query q = {pl_str_c(text), pl_str_c(locale), pl_str_c(fallback), 3};
    pl_kb_search(scratch, kb, &q, &result);
    return &result;
}

static void first_is(const char *text, const char *locale, const char *id) {
    const struct pl_kb_result *r = ask(text, locale, "en");
    if (!r->n || !pl_str_is(r->hits[0].id, id))
        fail_msg("%s: %.*s", text, PL_STR_ARG(r->n ? r->hits[0].id : PL_STR("nothing")));
}

static void finds(void **state) {
    (void)state;
    first_is("can I pay by credit card?", "en-US", "payment/methods");
    first_is("do you take paypal", "en", "payment/methods");
    first_is("I forgot my pasword", "en", "account/password");     /* a gram is enough */
    first_is("how do I send something back", "en", "returns/how"); /* only asked so */
    first_is("does returning cost anything", "en", "returns/how");
    first_is("¿se puede pagar con tarjeta de credito?", "es-MX", "payment/methods");
    first_is("هل يمكن الدفع ببطاقة", "ar-SA", "payment/methods");
    first_is("怎么退货", "zh-CN", "returns/how");
    first_is("可以用信用卡吗", "zh-CN", "payment/methods");
    assert_int_equal(pl_kb_narticles(kb), PL_LEN(articles));
    assert_int_equal(pl_kb_nlocales(kb), 4);
    assert_true(pl_str_is(pl_kb_locale(kb, 3), "zh-CN"));
}

/* A question's number weighs more than its rarity says: of two pages alike it picks the right one,
 * though the other one has more of the question's words. */
static void numbers(void **state) {
    (void)state;
    static const struct pl_kb_passage small[] = {
        {S(""), S(""), S("Orders under 40 euro: delivery costs 5 euro, in our own van.")}};
    static const struct pl_kb_passage large[] = {
        {S(""), S(""), S("Orders over 300 euro: it is free, and comes in a van of ours.")}};
    static const struct pl_kb_article two[] = {
        {S("en"), S("small"), S("Delivery of small orders"), S(""), NULL, 0, ONE(small)},
        {S("en"), S("large"), S("Delivery of large orders"), S(""), NULL, 0, ONE(large)}};
    struct pl_buf bytes = {0};
    struct pl_kb *k = NULL;
    struct pl_kb_query q = {S("what does delivery cost for 300 euro?"), S("en"), S(""), 1};
    assert_int_equal(pl_kb_build(tools, two, PL_LEN(two), &bytes), PL_OK);
    assert_int_equal(pl_kb_open(pl_buf_slice(&bytes), &k), PL_OK);
    pl_kb_search(scratch, k, &q, &result);
    assert_true(result.n && pl_str_is(result.hits[0].id, "large"));
    pl_kb_close(&k);
    pl_buf_free(&bytes);
}

static void locales(void **state) {
    (void)state;
    const struct pl_kb_result *r = ask("PayPal", "es-ES", "en");
    assert_true(r->n && pl_str_is(r->hits[0].locale, "es"));
    r = ask("where do I reset a forgotten password", "es-ES", "en");
    assert_true(r->n && pl_str_is(r->hits[0].locale, "en") && r->fallback);
    r = ask("password", "fr-FR", "");
    assert_int_equal(r->n, 0);
    r = ask("password", "fr-FR", "en");
    assert_true(r->n && r->fallback);
}

static void nothing(void **state) {
    (void)state;
    static const char *const rows[] = {"", "?!", "   ", "\xff\xfe", "xyzzy plugh"};
    for (size_t i = 0; i < PL_LEN(rows); i++) assert_false(ask(rows[i], "en", "es")->sure);
    assert_int_equal(ask("", "en", "en")->n, 0);
    assert_false(ask("who won the football match in Madrid yesterday", "en", "")->sure);
}

/* Words that say something, and that the best passage has: blanks and common words are none. */
static void told(void **state) {
    (void)state;
    assert_int_equal(ask("", "en", "")->told, 0);
    uint32_t one = ask("PayPal?", "en", "")->told;
    uint32_t two = ask("can I pay with PayPal or by credit card", "en", "")->told;
    assert_int_equal(one, 1);
    assert_true(two > one);
    assert_int_equal(ask("xyzzy PayPal", "en", "")->told, 1);
}

static bool within(const struct pl_kb_hit *h, struct pl_kb_range r) {
    return r.start <= r.end && r.end <= h->text.n;
}

static struct pl_str cut(const struct pl_kb_hit *h, struct pl_kb_range r) {
    return (struct pl_str){h->text.p + r.start, r.end - r.start};
}

static void marks(void **state) {
    (void)state;
    const struct pl_kb_hit *h = &ask("Does a return cost postage?", "en", "")->hits[0];
    assert_true(pl_str_is(h->anchor, "what-it-costs"));
    assert_true(pl_str_is(h->heading, "What it costs"));
    assert_true(pl_str_is(h->url, "https://shop.example/returns"));
    bool postage = false;
    uint32_t last = 0;
    for (uint32_t i = 0; i < h->nmarks; i++) {
        assert_true(within(h, h->marks[i]) && h->marks[i].start >= last);
        last = h->marks[i].end;
        postage |= pl_str_is(cut(h, h->marks[i]), "postage");
    }
    assert_true(postage);
    assert_true(within(h, h->answer) && h->answer.end - h->answer.start < h->text.n);
    assert_true(pl_str_find(cut(h, h->answer), PL_STR("you pay the postage yourself.")) !=
                SIZE_MAX);
}

/* A list is never torn. */
static void lists(void **state) {
    (void)state;
    const struct pl_kb_hit *h = &ask("reset my password", "en", "")->hits[0];
    struct pl_str shown = cut(h, h->answer);
    assert_true(pl_str_starts(shown, PL_STR("To reset your password:\n1. Open")));
    assert_true(pl_str_find(shown, PL_STR("3. Follow the link.")) != SIZE_MAX);
}

static void passages(void **state) {
    (void)state;
    uint32_t first, end;
    struct pl_kb_hit h;
    const struct pl_kb_hit *found = &ask("how do I send something back", "en", "")->hits[0];
    pl_kb_article_passages(kb, found->article, &first, &end);
    assert_int_equal(end - first, 2);
    assert_true(pl_kb_passage(kb, first + 1, &h));
    assert_true(pl_str_is(h.heading, "What it costs") && h.article == found->article);
    assert_false(pl_kb_passage(kb, 1000, &h));
    pl_kb_article_passages(kb, 1000, &first, &end);
    assert_int_equal(first, end);
}

/* The order in which articles are handed in does not matter. */
static void same_bytes(void **state) {
    struct pl_kb_article other[PL_LEN(articles)];
    struct pl_buf again = {0};
    (void)state;
    for (size_t i = 0; i < PL_LEN(articles); i++) other[i] = articles[PL_LEN(articles) - 1 - i];
    assert_int_equal(pl_kb_build(tools, other, PL_LEN(other), &again), PL_OK);
    assert_true(pl_str_eq(pl_buf_slice(&again), pl_buf_slice(&section)));
    pl_buf_free(&again);
}

static enum pl_err build_one(struct pl_kb_article a, uint32_t n) {
    struct pl_kb_article two[2] = {a, a};
    struct pl_buf b = {0};
    enum pl_err err = pl_kb_build(tools, two, n, &b);
    assert_true(err == PL_OK || b.n == 0);
    pl_buf_free(&b);
    return err;
}

static void limits(void **state) {
    (void)state;
    static char big[PL_KB_MOST_TEXT + 1];
    struct pl_kb_passage p = {.text = {big, PL_KB_MOST_TEXT}};
    struct pl_kb_article a = {.locale = PL_STR("en"), .id = PL_STR("a"), .title = PL_STR("A")};
    memset(big, 'a', sizeof big);
    a.passages = &p;
    a.npassages = 1;
    assert_int_equal(build_one(a, 1), PL_OK);
    assert_int_equal(build_one(a, 2), PL_MALFORMED); /* one id twice */
    p.text.n++;
    assert_int_equal(build_one(a, 1), PL_LIMIT);
    p.text = PL_STR("\xff");
    assert_int_equal(build_one(a, 1), PL_MALFORMED);
    p.text = PL_STR("");
    a.title.p = big;
    a.title.n = PL_KB_MOST_NAME;
    assert_int_equal(build_one(a, 1), PL_OK);
    a.title.n++;
    assert_int_equal(build_one(a, 1), PL_LIMIT);
}

static void empty(void **state) {
    struct pl_kb *none = NULL;
    struct pl_kb_query q = {PL_STR("anything"), PL_STR("en"), PL_STR("es"), 3};
    (void)state;
    assert_int_equal(pl_kb_open(PL_STR(""), &none), PL_OK);
    pl_kb_search(scratch, none, &q, &result);
    assert_int_equal(result.n, 0);
    assert_false(result.sure);
    pl_kb_close(&none);
    pl_kb_close(&none);
}

static void search_all(const struct pl_kb *x) {
    static const char *const texts[] = {"how do I return a thing by postage", "بطاقة الدفع",
                                        "退货标签"};
    static const char *const in[] = {"en", "ar", "zh-CN"};
    for (size_t i = 0; i < PL_LEN(texts); i++) {
        struct pl_kb_query q = {pl_str_c(texts[i]), pl_str_c(in[i]), PL_STR("es"), 10};
        pl_kb_search(scratch, x, &q, &result);
        for (uint32_t k = 0; k < result.n; k++) {
            assert_true(within(&result.hits[k], result.hits[k].answer));
            for (uint32_t m = 0; m < result.hits[k].nmarks; m++)
                assert_true(within(&result.hits[k], result.hits[k].marks[m]));
        }
    }
}

/* Every byte turned, every length cut: refused, or an index that can be searched. */
static void hostile(void **state) {
    size_t refused = 0;
    (void)state;
    char *bytes = malloc(section.n);
    for (size_t i = 0; i < section.n; i++) {
        struct pl_kb *x = NULL;
        memcpy(bytes, section.p, section.n);
        bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
        if (pl_kb_open((struct pl_str){bytes, section.n}, &x) == PL_OK) {
            if (i < 4096 || i % 7 == 0) search_all(x);
        } else
            refused++;
        pl_kb_close(&x);
    }
    assert_true(refused > section.n / 20);
    for (size_t n = 1; n < section.n; n += 1 + n / 50) {
        struct pl_kb *x = NULL;
        char *part = malloc(n);
        memcpy(part, section.p, n);
        if (pl_kb_open((struct pl_str){part, n}, &x) == PL_OK) search_all(x);
        pl_kb_close(&x);
        free(part);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),    cmocka_unit_test(locales),    cmocka_unit_test(nothing),
        cmocka_unit_test(told),     cmocka_unit_test(marks),      cmocka_unit_test(lists),
        cmocka_unit_test(passages), cmocka_unit_test(same_bytes), cmocka_unit_test(limits),
        cmocka_unit_test(empty),    cmocka_unit_test(hostile),    cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
