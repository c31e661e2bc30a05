/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes of a turn: a question, what the model does, what the customer gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/answer/bench.h"

#define SCRIPT(...) ((const char *const[]){__VA_ARGS__, NULL})
#define VAGUE_Q     "who wrote Hamlet and when was it?" /* no article knows */
#define RETURN_Q    "How long do I have to send my shoes back?"

static int setup(void **state) {
    static struct bench b;
    bench_open(&b, true, NULL);
    *state = &b;
    return 0;
}

static int teardown(void **state) {
    bench_close(*state);
    return 0;
}

#define SURE_Q "can I return unworn shoes after delivery?"
#define SURE_A "You can return unworn shoes within 30 days of delivery."

struct row {
    const char *question, *locale;
    const char *script[6];
    const char *outcome; /* what is shown, or "unsure WHY" or "down WHY" */
    const char *sources;
};

static const struct row rows[] = {
    {RETURN_Q,
     NULL,
     {"text You can return unworn shoes within 30 days of delivery [1]."},
     "You can return unworn shoes within 30 days of delivery.",
     "kb/returns "},
    {RETURN_Q,
     NULL,
     {"text Happy to help! You have 30 days to return unworn shoes [1]. Sale items cannot be "
      "returned [1]."},
     "Happy to help! You have 30 days to return unworn shoes. Sale items cannot be returned.",
     "kb/returns "},
    {"is shipping free?",
     NULL,
     {"text Standard shipping costs $4.99 [1]."},
     "Standard shipping costs $4.99.",
     "https://shop.example/help/shipping "},
    {"quiero devolver unos zapatos",
     "es-ES",
     {"text Puedes devolver los zapatos sin usar en un plazo de 30 días [1]."},
     "Puedes devolver los zapatos sin usar en un plazo de 30 días.",
     "kb/returns "},
    /* in another language than the customer's */
    {"quiero devolver unos zapatos",
     "es-ES",
     {"text You can return unworn shoes within 30 days of delivery [1]."},
     "Puedes devolver los zapatos sin usar en un plazo de 30 días desde la entrega.",
     "kb/returns "},
    {VAGUE_Q,
     NULL,
     {"text Puedes devolver los zapatos sin usar en un plazo de 30 días [1]."},
     "unsure language",
     ""},
    /* what is not so */
    {VAGUE_Q, NULL, {"text You can return unworn shoes within 90 days."}, "unsure number", ""},
    {VAGUE_Q, NULL, {"text You can return shoes at https://evil.example/x."}, "unsure link", ""},
    {VAGUE_Q, NULL, {"text Your label is RET00112233."}, "unsure id", ""},
    {VAGUE_Q, NULL, {"text Sale items can be returned."}, "unsure claim", ""},
    {VAGUE_Q, NULL, {"text I promise you a refund of the parcel."}, "unsure never", ""},
    {VAGUE_Q, NULL, {"text NOT_SURE"}, "unsure abstained", ""},
    {VAGUE_Q, NULL, {"text  NOT_", "text SURE."}, "unsure abstained", ""},
    {VAGUE_Q, NULL, {"refused"}, "unsure refused", ""},
    {VAGUE_Q, NULL, {"text You can return", "cut"}, "unsure long", ""},
    {VAGUE_Q, NULL, {"text "}, "unsure shape", ""},
    {VAGUE_Q, NULL, {"text Hello \u27e6EMAIL_00000000\u27e7."}, "unsure leak", ""},
    {"do you sell fish food?", NULL, {"text Yes, we do."}, "unsure claim", ""},
    {"do you sell fish food?", NULL, {"text Yes, we sell fish food."}, "unsure claim", ""},
    {"do you sell fish food?",
     NULL,
     {"text Yes! You can return unworn shoes within 30 days."},
     "unsure claim",
     ""},
    {VAGUE_Q, NULL, {"text Happy to help!"}, "unsure claim", ""},
    {"can I return?",
     NULL,
     {"text What would you like to return?"},
     "What would you like to return?",
     "kb/returns "},
    {"can I return?", NULL, {"text Would you like to return 77 shoes?"}, SURE_A, "kb/returns "},
    {VAGUE_Q, NULL, {"text You can return unworn shoes within 30 weeks."}, "unsure number", ""},
    /* where an article surely answers it does, unless the model says that it does not */
    {SURE_Q, NULL, {"text You can return unworn shoes within 90 days."}, SURE_A, "kb/returns "},
    {SURE_Q, NULL, {"text Yes. You can return shoes. Sale items too."}, SURE_A, "kb/returns "},
    {SURE_Q, NULL, {"text I promise you a refund of the parcel."}, SURE_A, "kb/returns "},
    {SURE_Q, NULL, {"refused"}, SURE_A, "kb/returns "},
    {SURE_Q, NULL, {"text You can return", "cut"}, SURE_A, "kb/returns "},
    {SURE_Q, NULL, {"text NOT_SURE"}, "unsure abstained", ""},
    /* a second attempt takes the first one's place */
    {RETURN_Q,
     NULL,
     {"text You can return shoes. You can", "restart",
      "text Unworn shoes can be returned within 30 days [1]."},
     "Unworn shoes can be returned within 30 days.",
     "kb/returns "},
    /* no provider: the knowledge base answers, where it can */
    {SURE_Q, NULL, {"text You can return sho", "fail"}, SURE_A, "kb/returns "},
    {VAGUE_Q, NULL, {"fail"}, "down failed", ""},
    {VAGUE_Q, NULL, {"hang"}, "down failed", ""},
};

static void check(const struct bench *b, const struct row *r) {
    static const char *const words[] = {
        [PL_ANSWER_OK] = "ok", [PL_ANSWER_UNSURE] = "unsure", [PL_ANSWER_DOWN] = "down"};
    char got[64];
    snprintf(got, sizeof got, "%s %s", words[b->outcome], b->why);
    assert_string_equal(b->outcome == PL_ANSWER_OK ? b->text.p : got, r->outcome);
    assert_string_equal(b->sources.n ? b->sources.p : "", r->sources);
    if (bench_model_answered(b) && b->partial.n > 0)
        assert_non_null(strstr(b->partial.p, b->text.p));
}

/* Each row with its text whole, and in pieces of 1, 2, 3 and 7 bytes. */
static void comes_to(void **state) {
    struct bench *b = *state;
    static const size_t cuts[] = {0, 1, 2, 3, 7};
    for (size_t i = 0; i < PL_LEN(rows); i++)
        for (size_t k = 0; k < PL_LEN(cuts); k++) {
            struct bench_turn t = {.text = rows[i].question, .locale = rows[i].locale};
            b->cut = cuts[k];
            bench_play(b, &t, rows[i].script);
            check(b, &rows[i]);
        }
    b->cut = 0;
}

/* ---- personal data ---- */

static struct pl_value slots_of(struct pl_field *f) {
    f[0] = (struct pl_field){PL_STR("customer.name"), pl_text(PL_STR("María López"))};
    f[1] = (struct pl_field){PL_STR("session.diary"), pl_text(PL_STR("blue notebook"))};
    f[2] = (struct pl_field){PL_STR("session.order_id"), pl_text(PL_STR("ORDER123456789"))};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f, 3}};
}

static void nothing_personal_is_asked(void **state) {
    struct bench *b = *state;
    struct pl_field f[3];
    struct pl_answer_line lines[] = {{true, PL_STR("my mail is maria@lopez.example")},
                                     {false, PL_STR("Thank you, María.")}};
    struct bench_turn t = {.text =
                               "I am maria lopez, +34 600 123 456: can I return my Blue Notebook?",
                           .slots = slots_of(f),
                           .lines = lines,
                           .nlines = 2};
    bench_play(b, &t, SCRIPT("text NOT_SURE"));
    static const char *const personal[] = {"maria", "María",   "lopez",         "López",
                                           "600",   "123 456", "lopez.example", "otebook"};
    for (size_t i = 0; i < PL_LEN(personal); i++) assert_null(strstr(b->asked.p, personal[i]));
    assert_non_null(strstr(b->asked.p, "\u27e6PHONE_"));
    /* It comes back to the customer in words of his own. */
    char name[64] = "", reply[160];
    const char *at = strstr(b->asked.p, "\u27e6NAME_");
    assert_non_null(at);
    snprintf(name, sizeof name, "%.*s", (int)(strstr(at, "\u27e7") - at) + 3, at);
    snprintf(reply, sizeof reply, "text Thank you, %s! You can return unworn shoes within 30 days.",
             name);
    bench_play(b, &t, SCRIPT(reply));
    assert_int_equal(b->outcome, PL_ANSWER_OK);
    assert_true(strstr(b->text.p, "María") != NULL || strstr(b->text.p, "maria") != NULL);
}

/* A decision's question may print what a slot holds. */
static void nothing_personal_is_decided_on(void **state) {
    struct bench *b = *state;
    struct pl_field f[3];
    struct bench_turn t = {.text = "yes, send it",
                           .about = "Is maria@lopez.example, of María López, the right address?",
                           .slots = slots_of(f),
                           .decides = true};
    bench_play(b, &t, SCRIPT("text {\"value\":\"none\"}"));
    assert_null(strstr(b->asked.p, "lopez.example"));
    assert_null(strstr(b->asked.p, "López"));
    assert_non_null(strstr(b->asked.p, "Is \u27e6EMAIL_"));
    assert_true(b->personal);
}

/* ---- tools ---- */

static const char order_json[] =
    "{\"id\":\"ORDER123456789\",\"status\":\"shipped\",\"total\":{\"amount\":\"110.49\","
    "\"currency\":"
    "\"USD\"},\"eta\":\"2026-11-24T20:00:00Z\",\"buyer\":\"Jane Roe\"}";

static void a_tool_is_run_for_what_the_customer_said(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = "what did my order ORDER123456789 cost?"};
    b->tool_gives = order_json;
    bench_play(b, &t,
               SCRIPT("tool orders_find {\"id\":\"ORDER123456789\"}", "ask",
                      "text The total of ORDER123456789 is $110.49."));
    assert_string_equal(b->calls.p, "orders.find \"ORDER123456789\"\n");
    assert_int_equal(b->outcome, PL_ANSWER_OK);
    assert_string_equal(b->text.p, "The total of ORDER123456789 is $110.49.");
    assert_null(strstr(b->asked.p, "Jane Roe"));
    assert_non_null(strstr(b->asked.p, "110.49"));
}

static void no_tool_is_run_for_anything_else(void **state) {
    struct bench *b = *state;
    static const char *const calls[] = {
        "tool orders_find {\"id\":\"ORDER999999999\"}", /* another's */
        "tool orders_find {\"id\":\"ORDER12345678\"}",  /* the beginning of his */
        "tool orders_find {\"id\":7}",
        "tool orders_find {\"id\":\"ORDER123456789\",\"x\":1}",
        "tool orders_find {}",
        "tool orders_find []",
        "tool orders_erase {\"id\":\"ORDER123456789\"}",
        "tool orders.find {\"id\":\"ORDER123456789\"}",
        "tool x {",
    };
    struct bench_turn t = {.text = "what about ORDER123456789?"};
    b->tool_gives = order_json;
    for (size_t i = 0; i < PL_LEN(calls); i++) {
        bench_play(b, &t, SCRIPT(calls[i], "ask", "text NOT_SURE"));
        assert_string_equal(b->calls.n ? b->calls.p : "", "");
        assert_int_equal(b->asks, 2);
        assert_int_equal(b->outcome, PL_ANSWER_UNSURE);
    }
}

static void a_call_runs_once(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = "what about ORDER123456789?"};
    b->tool_gives = NULL;
    bench_play(b, &t,
               SCRIPT("tool orders_find {\"id\":\"ORDER123456789\"}",
                      "tool orders_find {\"id\":\"ORDER123456789\"}", "ask", "text NOT_SURE"));
    assert_string_equal(b->calls.p, "orders.find \"ORDER123456789\"\n");
    /* for ever: the budget ends it */
    bench_play(b, &t,
               SCRIPT("tool orders_find {\"id\":\"ORDER123456789\"}", "ask",
                      "tool orders_find {\"id\":\"ORDER123456789\"}", "ask",
                      "tool orders_find {\"id\":\"ORDER123456789\"}", "ask",
                      "tool orders_find {\"id\":\"ORDER123456789\"}", "ask",
                      "text ORDER123456789"));
    assert_int_equal(b->outcome, PL_ANSWER_DOWN);
    assert_true(b->asks <= 3);
}

/* ---- decisions ---- */

static void decides(void **state) {
    struct bench *b = *state;
    static const struct {
        const char *says, *outcome;
    } decisions[] = {
        {"text {\"value\":\"too_small\"}", "too_small"},
        {"text ```json\n{\"value\": \"broken\"}\n```", "broken"},
        {"text too_big", "too_big"},
        {"text {\"value\":\"none\"}", "unsure abstained"},
        {"text {\"value\":\"angry\"}", "unsure shape"},
        {"text {\"value\":[\"too_big\"]}", "unsure shape"},
        {"text {}", "unsure abstained"},
        {"text I think they are too small", "unsure shape"},
        {"text ", "unsure shape"},
        {"refused", "unsure refused"},
        {"fail", "down failed"},
        {"hang", "down failed"},
    };
    static const char *const words[] = {"ok", "unsure", "down"};
    for (size_t i = 0; i < PL_LEN(decisions); i++) {
        struct bench_turn t = {.text = "they pinch my toes", .decides = true};
        char got[64];
        bench_play(b, &t, SCRIPT(decisions[i].says));
        snprintf(got, sizeof got, "%s %s", words[b->outcome], b->why);
        if (b->outcome == PL_ANSWER_OK)
            snprintf(got, sizeof got, "%.*s", PL_STR_ARG(b->value.e.member));
        assert_string_equal(got, decisions[i].outcome);
        assert_non_null(strstr(b->asked.p, "Too small"));
        assert_null(strstr(b->partial.p, "too"));
    }
}

/* ---- ends ---- */

static void a_cancelled_turn_is_silent(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = RETURN_Q, .within_ms = 700};
    bench_play(b, &t, SCRIPT("text You can return unworn shoes. And", "hang"));
    /* The knowledge base knows it, so the time being over is no harm. */
    assert_int_equal(b->cancels, 1);
    assert_int_equal(b->ended, 1);
}

static void without_a_model(void **state) {
    (void)state;
    struct bench b;
    bench_open(&b, false, NULL);
    struct bench_turn t = {.text = "how do I send something back?"};
    bench_play(&b, &t, SCRIPT("text x"));
    assert_int_equal(b.outcome, PL_ANSWER_OK);
    assert_string_equal(b.sources.p, "kb/returns ");
    t.text = "who wrote Hamlet and when was it?";
    bench_play(&b, &t, SCRIPT("text x"));
    assert_int_equal(b.outcome, PL_ANSWER_UNSURE);
    assert_string_equal(b.why, "not_known");
    t = (struct bench_turn){.text = "they pinch", .decides = true};
    bench_play(&b, &t, SCRIPT("text x"));
    assert_int_equal(b.outcome, PL_ANSWER_DOWN);
    assert_string_equal(b.why, "no_model");
    bench_close(&b);
}

/* One is there, and is not asked. */
static void who_wants_no_model(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = "how do I send something back?", .no_model = true};
    bench_play(b, &t, SCRIPT("text x"));
    assert_int_equal(b->outcome, PL_ANSWER_OK);
    assert_string_equal(b->sources.p, "kb/returns ");
    t.text = "who wrote Hamlet and when was it?";
    bench_play(b, &t, SCRIPT("text x"));
    assert_int_equal(b->outcome, PL_ANSWER_UNSURE);
    assert_string_equal(b->why, "opted_out");
    t = (struct bench_turn){.text = "they pinch", .decides = true, .no_model = true};
    bench_play(b, &t, SCRIPT("text too_big"));
    assert_int_equal(b->outcome, PL_ANSWER_DOWN);
    assert_int_equal(b->asks, 0);
    assert_int_equal(b->asked.n, 0);
}

/* A passage in another language: translated when it says the same, else shown as it is. */
static void translates(void **state) {
    struct bench *b = *state;
    static const char english[] = "You can return unworn shoes within 30 days of delivery.";
    static const struct {
        const char *says, *text, *from;
    } cases[] = {
        {"text Puedes devolver los zapatos sin usar en un plazo de 30 días desde la entrega.",
         "Puedes devolver los zapatos sin usar en un plazo de 30 días desde la entrega.", "en"},
        {"text Puedes devolver los zapatos sin usar en un plazo de 90 días desde la entrega.",
         english, ""},
        {"text No puedes devolver los zapatos sin usar en un plazo de 30 días desde la entrega.",
         english, ""},
        {"text Puedes devolver gratis los zapatos sin usar en 30 días desde la entrega.", english,
         ""},
        {"text Siempre puedes devolver los zapatos sin usar en 30 días desde la entrega.", english,
         ""},
        {"text Puedes devolver los zapatos sin usar en 30 días. El envío no es gratis.", english,
         ""},
        {"text Puedes devolver los zapatos sin usar desde la entrega.", english, ""},
        {"text Puedes devolver los zapatos en 30 días en https://evil.example/x.", english, ""},
        {"text You may return shoes that are unworn within 30 days of their delivery.", english,
         ""},
        {"refused", english, ""},
        {"cut", english, ""},
        {"fail", english, ""},
        {"hang", english, ""},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct bench_turn t = {.text = "can I return unworn shoes after delivery?",
                               .locale = "es-ES"};
        bench_play(b, &t, SCRIPT(cases[i].says));
        assert_int_equal(b->outcome, PL_ANSWER_OK);
        assert_string_equal(b->text.p, cases[i].text);
        assert_string_equal(b->sources.p, "kb/returns ");
        struct pl_value from = pl_rec_get(b->value, PL_STR("translated"));
        assert_true(pl_str_is(from.s, cases[i].from) || (from.kind == 0 && !*cases[i].from));
        assert_null(strstr(b->asked.p, "can I return")); /* nothing of his is asked */
        assert_int_equal(b->partial.n, 0);
        t.no_model = true;
        bench_play(b, &t, SCRIPT(cases[i].says));
        assert_string_equal(b->text.p, english);
        assert_int_equal(b->asks, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_to),
        cmocka_unit_test(nothing_personal_is_asked),
        cmocka_unit_test(nothing_personal_is_decided_on),
        cmocka_unit_test(a_tool_is_run_for_what_the_customer_said),
        cmocka_unit_test(no_tool_is_run_for_anything_else),
        cmocka_unit_test(a_call_runs_once),
        cmocka_unit_test(decides),
        cmocka_unit_test(a_cancelled_turn_is_silent),
        cmocka_unit_test(without_a_model),
        cmocka_unit_test(who_wants_no_model),
        cmocka_unit_test(translates),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
