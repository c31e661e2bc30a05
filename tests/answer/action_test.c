/* SPDX-License-Identifier: Apache-2.0
 *
 * Tools that write: the model proposes, and nothing runs; asked again with what came of it, it has
 * no second one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/answer/bench.h"

#define SCRIPT(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CANCEL      "tool orders_cancel {\"id\":\"ORDER123456789\"}"
#define CANCEL_Q    "please cancel my order ORDER123456789"
#define PAY(amount, to)                                                                            \
    "tool refunds_pay {\"order\":\"ORDER123456789\",\"amount\":{\"amount\":\"" amount              \
    "\",\"currency\":\"USD\"},\"to\":\"" to "\"}"

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

static struct pl_value text(const char *s) {
    return pl_text(pl_str_c(s));
}

static struct pl_value record(struct bench *b, const struct pl_field *f, uint32_t n) {
    struct pl_field *v = PL_NEW_ARRAY(&b->a, struct pl_field, n);
    memcpy(v, f, n * sizeof *f);
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {v, n}};
}

/* What came of the proposal that the bench saw last. */
static struct pl_value came_of(struct bench *b, const char *failure, struct pl_value value) {
    const struct pl_field f[] = {
        {PL_STR("hook"), pl_rec_get(b->value, PL_STR("hook"))},
        {PL_STR("args"), pl_rec_get(b->value, PL_STR("args"))},
        {PL_STR("spent"), pl_rec_get(b->value, PL_STR("spent"))},
        {PL_STR("failure"), text(failure)},
        {PL_STR("value"), value},
    };
    return record(b, f, (uint32_t)PL_LEN(f));
}

static void assert_nothing_ran(const struct bench *b) {
    assert_string_equal(b->calls.n ? b->calls.p : "", "");
}

static void proposes(struct bench *b, const struct bench_turn *t, const char *does) {
    bench_play(b, t, SCRIPT(does, "ask", "text NOT_SURE"));
    assert_int_equal(b->outcome, PL_ANSWER_PROPOSED);
    assert_nothing_ran(b);
}

static void denied(struct bench *b, const struct bench_turn *t, const char *does) {
    bench_play(b, t, SCRIPT(does, "ask", "text NOT_SURE"));
    assert_int_equal(b->outcome, PL_ANSWER_UNSURE);
    assert_nothing_ran(b);
    assert_non_null(strstr(b->asked.p, "not allowed"));
}

static void is_proposed(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = CANCEL_Q};
    proposes(b, &t, CANCEL);
    assert_non_null(strstr(b->text.p, "orders.cancel"));
    assert_non_null(strstr(b->text.p, "ORDER123456789"));
    assert_non_null(strstr(b->text.p, "\"calls\":1"));
    assert_int_equal(b->asks, 1);
    /* what looks something up runs, before it */
    bench_play(b, &t, SCRIPT("tool orders_find {\"id\":\"ORDER123456789\"}", "ask", CANCEL));
    assert_int_equal(b->outcome, PL_ANSWER_PROPOSED);
    assert_non_null(strstr(b->text.p, "\"calls\":2"));
}

static void only_what_is_the_customers(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = "please cancel my order"};
    denied(b, &t, CANCEL);
    denied(b, &t, "tool orders_cancel {}");
    denied(b, &t, "tool orders_cancel {\"id\":\"ORDER123456789\",\"all\":true}");
    t.text = "pay 20.50 for ORDER123456789 to me@home.example";
    proposes(b, &t, PAY("20.50", "me@home.example"));
    denied(b, &t, PAY("2050", "me@home.example"));
    denied(b, &t, PAY("20.50", "thief@home.example"));
}

/* What is private of the shop's records is written for who proved that they are his. */
static void private_values_are_typed_or_proved(void **state) {
    struct bench *b = *state;
    const struct pl_field f[] = {
        {PL_STR("customer.email"),
         {.kind = PL_KIND_EMAIL, .s = {"me@home.example", strlen("me@home.example")}}}};
    struct bench_turn t = {.text = "pay 20.50 for ORDER123456789", .slots = record(b, f, 1)};
    denied(b, &t, PAY("20.50", "me@home.example"));
    t.verified = true;
    proposes(b, &t, PAY("20.50", "me@home.example"));
}

static struct pl_value an_order(struct bench *b) {
    const struct pl_field f[] = {{PL_STR("id"), text("ORDER123456789")},
                                 {PL_STR("status"), text("cancelled")},
                                 {PL_STR("total"), pl_money((struct pl_dec){11049, 2}, "USD")}};
    return record(b, f, (uint32_t)PL_LEN(f));
}

static void goes_on_with_what_came(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = CANCEL_Q};
    proposes(b, &t, CANCEL);
    struct pl_value failed = came_of(b, "too_late", PL_NONE);
    t.acted = came_of(b, "", an_order(b));
    bench_play(b, &t, SCRIPT("text Order ORDER123456789 is cancelled."));
    assert_int_equal(b->outcome, PL_ANSWER_OK);
    assert_string_equal(b->text.p, "Order ORDER123456789 is cancelled.");
    assert_non_null(strstr(b->asked.p, "It was done"));
    assert_nothing_ran(b);
    t.acted = failed;
    bench_play(b, &t, SCRIPT("text NOT_SURE"));
    assert_int_equal(b->outcome, PL_ANSWER_UNSURE);
}

static void nothing_is_proposed_twice(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = CANCEL_Q " and ORDER555555555"};
    proposes(b, &t, CANCEL);
    t.acted = came_of(b, "", an_order(b));
    bench_play(b, &t, SCRIPT(CANCEL, "ask", "text Order ORDER123456789 is cancelled."));
    assert_int_equal(b->outcome, PL_ANSWER_OK);
    assert_nothing_ran(b);
    bench_play(b, &t,
               SCRIPT("tool orders_cancel {\"id\":\"ORDER555555555\"}", "ask", "text NOT_SURE"));
    assert_int_equal(b->outcome, PL_ANSWER_UNSURE);
    assert_non_null(strstr(b->asked.p, "one action"));
    assert_nothing_ran(b);
}

/* An article knows nothing of what was done; and the budget is one for both questions. */
static void nobody_answers_for_the_model(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = "How long do I have to send ORDER123456789 back?"};
    proposes(b, &t, CANCEL);
    t.acted = came_of(b, "", an_order(b));
    bench_play(b, &t, SCRIPT("fail"));
    assert_int_equal(b->outcome, PL_ANSWER_DOWN);
    bench_play(b, &t, SCRIPT("hang"));
    assert_int_equal(b->outcome, PL_ANSWER_DOWN);
    const char *find = "tool orders_find {\"id\":\"ORDER123456789\"}";
    bench_play(b, &t, SCRIPT(find, "ask", find, "ask", "text Order ORDER123456789 is cancelled."));
    assert_int_equal(b->outcome, PL_ANSWER_DOWN);
    assert_int_equal(b->asks, 2); /* of three, one was taken by the proposal */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_proposed, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_is_the_customers, setup, teardown),
        cmocka_unit_test_setup_teardown(private_values_are_typed_or_proved, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_with_what_came, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_proposed_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_answers_for_the_model, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
