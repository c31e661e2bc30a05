/* SPDX-License-Identifier: Apache-2.0
 *
 * Equal questions make equal requests, so that an answer can be given again; and whose it may be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/answer/bench.h"

#define UNSURE   ((const char *const[]){"text NOT_SURE", NULL})
#define QUESTION "How long do I have to send my shoes back?"

static uint64_t key_of(struct bench *b, struct bench_turn t) {
    if (t.text == NULL) t.text = QUESTION;
    b->key = 0;
    bench_play(b, &t, UNSURE);
    assert_int_not_equal(b->key, 0);
    if (t.locale == NULL) assert_int_equal(b->cache_ms, PL_LLM_CACHE_AS_SET);
    return b->key;
}

static void equal_questions_of_two_people_are_one_request(void **state) {
    uint8_t secrets[2][32] = {{1}, {2}};
    uint64_t keys[2];
    struct bench b;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        bench_open_secret(&b, secrets[i]);
        keys[i] = key_of(&b, (struct bench_turn){.conversation = 1});
        assert_false(b.personal);
        assert_int_equal(key_of(&b, (struct bench_turn){.conversation = 2}), keys[i]);
        assert_int_not_equal(key_of(&b, (struct bench_turn){.text = QUESTION "!"}), keys[i]);
        assert_int_not_equal(
            key_of(&b, (struct bench_turn){.text = "Anybody there?", .locale = "es-ES"}),
            key_of(&b, (struct bench_turn){.text = "Anybody there?"}));
        assert_int_not_equal(key_of(&b, (struct bench_turn){.decides = true}), keys[i]);
        pl_loop_fake_advance(b.loop, 24 * 3600 * 1000); /* tomorrow's marks are others */
        assert_int_not_equal(key_of(&b, (struct bench_turn){0}), keys[i]);
        bench_close(&b);
    }
    assert_int_not_equal(keys[0], keys[1]); /* nobody knows another server's marks */
}

static void what_is_somebodys_is_said_to_be(void **state) {
    struct pl_answer_line told[] = {{true, PL_STR("hello")}, {false, PL_STR("What is it?")}};
    struct pl_answer_line figure[] = {{true, PL_STR("hello")},
                                      {false, PL_STR("It comes on 3 May.")}};
    struct bench b;
    (void)state;
    bench_open(&b, true, NULL);
    uint64_t plain = key_of(&b, (struct bench_turn){.lines = told, .nlines = 2});
    assert_false(b.personal);
    assert_int_equal(key_of(&b, (struct bench_turn){.lines = told, .nlines = 2}), plain);
    key_of(&b, (struct bench_turn){.lines = figure, .nlines = 2});
    assert_true(b.personal);
    key_of(&b, (struct bench_turn){.order_id = "ORDER123456789"});
    assert_true(b.personal);
    key_of(&b, (struct bench_turn){.text = "I am ann@example.com, can I return my shoes?"});
    assert_true(b.personal);
    /* Placeholders are a conversation's own: even unmarked, nobody else would find it. */
    uint64_t own = b.key;
    key_of(&b, (struct bench_turn){.text = "I am ann@example.com, can I return my shoes?",
                                   .conversation = 7});
    assert_int_not_equal(b.key, own);
    bench_close(&b);
}

static void a_tools_reply_is_somebodys(void **state) {
    struct bench b;
    struct bench_turn t = {.text = "where is ORDER123456789?"};
    (void)state;
    bench_open(&b, true, NULL);
    b.tool_gives = "{\"id\":\"ORDER123456789\",\"status\":\"on its way\"}";
    bench_play(&b, &t,
               (const char *const[]){"tool orders_find {\"id\":\"ORDER123456789\"}", "ask",
                                     "text NOT_SURE", NULL});
    assert_int_equal(b.asks, 2);
    assert_true(b.personal);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_questions_of_two_people_are_one_request),
        cmocka_unit_test(what_is_somebodys_is_said_to_be),
        cmocka_unit_test(a_tools_reply_is_somebodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
