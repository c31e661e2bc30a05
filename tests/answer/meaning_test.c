/* SPDX-License-Identifier: Apache-2.0
 *
 * Passages found by their vectors: what is asked for the question's, what the model reads then, and
 * what happens when it does not come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/answer/bench.h"

#define SCRIPT(...) ((const char *const[]){__VA_ARGS__, NULL})
#define STRANGE     "may reimbursements dawdle?" /* no word of it is in an article */

static int setup(void **state) {
    static struct bench b;
    bench_open_vectors(&b);
    *state = &b;
    return 0;
}

static int teardown(void **state) {
    bench_close(*state);
    return 0;
}

static bool asked(const struct bench *b, const char *what) {
    return strstr(b->asked.p, what) != NULL;
}

static void found_by_meaning(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = STRANGE};
    bench_play(b, &t, SCRIPT("vector 1", "ask", "text NOT_SURE"));
    assert_true(asked(b, "<made-up 300: " STRANGE ">"));
    assert_true(asked(b, "5 to 7 business days")); /* the passage, given to the model */
    assert_int_equal(b->asks, 2);
    assert_string_equal(b->why, "abstained");
}

/* Whatever goes wrong: by words, as without vectors. */
static void done_without(void **state) {
    struct bench *b = *state;
    static const char *const firsts[] = {"fail", "vector short", "text x"};
    struct bench_turn t = {.text = STRANGE};
    for (size_t i = 0; i < PL_LEN(firsts); i++) {
        bench_play(b, &t, SCRIPT(firsts[i], "ask", "text NOT_SURE"));
        assert_false(asked(b, "business days"));
        assert_int_equal(b->asks, 2);
        assert_string_equal(b->why, "abstained");
    }
    t.text = "what does express delivery cost?";
    bench_play(b, &t, SCRIPT("fail", "ask", "text Express delivery costs $12."));
    assert_int_equal(b->outcome, PL_ANSWER_OK);
}

/* It has a third of the time that is left, however short that is. */
static void no_longer_than_a_moment(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = STRANGE, .within_ms = 150};
    bench_play(b, &t, SCRIPT("vector 1", "ask", "text NOT_SURE"));
    assert_true(asked(b, "<made-up 50: "));
    assert_int_equal(b->ended, 1);
}

static void nothing_personal(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = "I am at maria@lopez.example, is a refund on its way?"};
    bench_play(b, &t, SCRIPT("vector 1", "ask", "text NOT_SURE"));
    assert_true(asked(b, "<made-up 300: I am at \u27e6EMAIL_"));
    assert_false(asked(b, "lopez"));
}

/* The words alone say whether an answer is sure: a vector makes none. */
static void sure_by_words_alone(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = STRANGE};
    bench_play(b, &t, SCRIPT("vector 1", "ask", "fail"));
    assert_int_equal(b->outcome, PL_ANSWER_DOWN);
    t.text = "can I return unworn shoes after delivery?";
    bench_play(b, &t, SCRIPT("vector 2", "ask", "fail"));
    assert_int_equal(b->outcome, PL_ANSWER_OK);
    assert_string_equal(b->sources.p, "kb/returns ");
}

/* Nobody waits for it any more, and a decision needs none. */
static void not_asked_for(void **state) {
    struct bench *b = *state;
    struct bench_turn t = {.text = "they pinch", .decides = true};
    bench_play(b, &t, SCRIPT("text {\"value\":\"none\"}"));
    assert_false(asked(b, "<made-up"));
    t = (struct bench_turn){.text = STRANGE, .no_model = true};
    bench_play(b, &t, SCRIPT("vector 1"));
    assert_int_equal(b->asks, 0); /* who wants no model is asked about by none */
    t = (struct bench_turn){.text = STRANGE, .within_ms = 600};
    bench_play(b, &t, SCRIPT("hang"));
    assert_int_equal(b->ended, 1);
    assert_int_equal(b->cancels, 1);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_BENCH(found_by_meaning),        WITH_BENCH(done_without),
        WITH_BENCH(no_longer_than_a_moment), WITH_BENCH(nothing_personal),
        WITH_BENCH(sure_by_words_alone),     WITH_BENCH(not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
