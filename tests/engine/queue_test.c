/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of what people have to look after: order, pages, what leaves it and what comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static void begin(struct bench *b) {
    bench_open(b, NULL);
    bench_open_fresh(b, 1, 1);
    bench_told(b);
}

/* One page, parsed; its texts live in the bench's arena until the next event. */
static struct pl_json page(struct bench *b, uint32_t limit, const char *after,
                           char next[PL_ENGINE_CURSOR]) {
    struct pl_buf json = {0};
    struct pl_json j;
    size_t at;
    assert_int_equal(pl_engine_queue(b->engine, limit, pl_str_c(after), &json, next), PL_OK);
    struct pl_str text = pl_arena_str(&b->a, pl_buf_slice(&json));
    assert_int_equal(pl_json_parse(&b->a, text, &j, &at), PL_OK);
    pl_buf_free(&json);
    return j;
}

static size_t listed(struct bench *b) {
    char next[PL_ENGINE_CURSOR];
    return page(b, 0, "", next).n;
}

static struct pl_str member(const struct pl_json *page, size_t i, const char *name) {
    return pl_json_text(&page->m[i].value, name);
}

static struct pl_engine_done first_id(struct bench *b) {
    char next[PL_ENGINE_CURSOR];
    struct pl_json p = page(b, 1, "", next);
    struct pl_engine_done d;
    assert_int_equal(p.n, 1);
    assert_true(pl_engine_done_read(member(&p, 0, "id"), &d));
    return d;
}

static void done(struct bench *b, const struct pl_engine_done *d, const char *expected) {
    bench_told(b);
    pl_engine_done(b->engine, 77, d);
    bench_run(b);
    const char *got = bench_told(b);
    if (!strstr(got, expected)) fail_msg("%s", got);
}

/* The newest is urgent, and first; of the others the oldest. */
static void pages(void **state) {
    struct bench b;
    char next[PL_ENGINE_CURSOR] = "";
    size_t n = 0, most = 0;
    (void)state;
    bench_open(&b, NULL);
    for (int i = 1; i <= 230; i++) {
        bench_open_fresh(&b, (uint64_t)i, i);
        bench_say(&b, (uint64_t)i, 1, i == 230 ? "my lawyer" : "a person please");
        bench_advance(&b, 10);
        bench_told(&b);
    }
    pl_arena_reset(&b.a);
    struct pl_json p = page(&b, 3, "", next);
    assert_true(pl_str_is(member(&p, 0, "priority"), "critical"));
    assert_true(pl_str_starts(member(&p, 0, "conversation"), PL_STR("e6")));
    assert_true(pl_str_starts(member(&p, 1, "conversation"), PL_STR("01")));
    assert_true(pl_str_starts(member(&p, 2, "conversation"), PL_STR("02")));
    assert_true(next[0] != 0);
    for (n = p.n; next[0]; n += p.n) {
        char after[PL_ENGINE_CURSOR];
        memcpy(after, next, sizeof after);
        pl_arena_reset(&b.a);
        p = page(&b, 100, after, next);
        if (p.n > most) most = p.n;
        assert_true(p.n > 0);
    }
    assert_int_equal(n, 230);
    assert_int_equal(most, 100);
    bench_close(&b);
}

static void cursors_that_are_none(void **state) {
    static const char *const bad[] = {"x", "00",
                                      "zz0000000000000000000000000000000000000000000000"
                                      "0000000000",
                                      "0000000000000000000000000000000000000000000000000000000000"
                                      "00",
                                      "../../etc"};
    static const char *const ids[] = {"",
                                      "-",
                                      "01000000000000000000000000000000",
                                      "01000000000000000000000000000000-",
                                      "01000000000000000000000000000000-0",
                                      "01000000000000000000000000000000--1",
                                      "01000000000000000000000000000000-+1",
                                      "01000000000000000000000000000000-1x",
                                      "0100000000000000000000000000000g-1",
                                      "01000000000000000000000000000000-99999999999999999999"};
    struct bench b;
    struct pl_buf json = {0};
    struct pl_engine_done d;
    char next[PL_ENGINE_CURSOR];
    (void)state;
    begin(&b);
    for (size_t i = 0; i < PL_LEN(bad); i++)
        assert_int_equal(pl_engine_queue(b.engine, 1, pl_str_c(bad[i]), &json, next), PL_MALFORMED);
    for (size_t i = 0; i < PL_LEN(ids); i++)
        assert_false(pl_engine_done_read(pl_str_c(ids[i]), &d));
    pl_buf_free(&json);
    bench_close(&b);
}

static void off_the_list_for_good(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "a person please");
    assert_int_equal(listed(&b), 1);
    struct pl_engine_done d = first_id(&b), other = d;
    other.number++;
    done(&b, &other, "77 done: not found\n");
    other = d;
    other.conversation[5] = 9;
    done(&b, &other, "77 done: not found\n");
    assert_int_equal(listed(&b), 1);
    done(&b, &d, "77 done: no error\n");
    assert_int_equal(listed(&b), 0);
    done(&b, &d, "77 done: not found\n");
    bench_crash(&b);
    bench_advance(&b, 10000);
    assert_int_equal(listed(&b), 0);
    const uint8_t id[16] = {1};
    bench_resume(&b, 1, 1, 4);
    assert_int_equal(pl_engine_again(b.engine, id), PL_OK); /* the whole journal says the same */
    bench_resume(&b, 1, 1, 4);
    bench_advance(&b, 10000);
    assert_int_equal(listed(&b), 0);
    bench_close(&b);
}

/* Nobody else would read it: so who writes again is on the list again. */
static void who_writes_again(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "a person please");
    struct pl_engine_done d = first_id(&b);
    done(&b, &d, "77 done: no error\n");
    bench_say(&b, 1, 2, "hello? still there?");
    assert_int_equal(listed(&b), 1);
    bench_crash(&b);
    bench_advance(&b, 10000);
    assert_int_equal(listed(&b), 1);
    done(&b, &d, "77 done: no error\n");
    assert_int_equal(listed(&b), 0);
    bench_close(&b);
}

/* A message left and a person asked for later are two things to look after. */
static void several_of_one_conversation(void **state) {
    struct bench b;
    char next[PL_ENGINE_CURSOR];
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "leave a message");
    bench_say(&b, 1, 2, "a person please");
    struct pl_json p = page(&b, 0, "", next);
    assert_int_equal(p.n, 2);
    assert_true(pl_str_is(member(&p, 0, "mode"), "now"));
    assert_true(pl_str_is(member(&p, 1, "mode"), "message"));
    const struct pl_json *notes = pl_json_get(&p.m[1].value, "notes");
    assert_int_equal(notes->n, 2);
    assert_true(pl_str_is(notes->m[0].value.s, "He said it."));
    assert_int_equal(pl_json_get(&p.m[0].value, "notes")->n, 0); /* told once */
    bench_crash(&b);
    bench_advance(&b, 10000);
    assert_int_equal(listed(&b), 2);
    struct pl_engine_done d = first_id(&b);
    done(&b, &d, "77 done: no error\n");
    p = page(&b, 0, "", next);
    assert_int_equal(p.n, 1);
    assert_true(pl_str_is(member(&p, 0, "mode"), "message"));
    assert_int_equal(pl_json_get(&p.m[0].value, "notes")->n, 2);
    bench_close(&b);
}

/* The queue's promise: an answer within two minutes. */
static void promised_and_late(void **state) {
    struct bench b;
    char next[PL_ENGINE_CURSOR];
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "my lawyer");
    struct pl_json p = page(&b, 0, "", next);
    int64_t since, by;
    assert_true(pl_datetime_parse(member(&p, 0, "since"), 0, &since));
    assert_true(pl_datetime_parse(member(&p, 0, "answer_by"), 0, &by));
    assert_int_equal(by - since, 120000);
    assert_false(pl_json_get(&p.m[0].value, "late")->b);
    bench_advance(&b, 120001);
    p = page(&b, 0, "", next);
    assert_true(pl_json_get(&p.m[0].value, "late")->b);
    bench_open_fresh(&b, 2, 2);
    bench_say(&b, 2, 1, "a person please"); /* of a queue that promises nothing */
    p = page(&b, 0, "", next);
    assert_int_equal(p.n, 2);
    assert_null(pl_json_get(&p.m[1].value, "late"));
    bench_close(&b);
}

struct promise {
    uint64_t in_time, late, rows;
};

static void see_promise(void *to, const struct pl_counter *c) {
    struct promise *p = to;
    p->rows++;
    if (strstr(c->name, "_in_time")) p->in_time += pl_counter_read(c);
    if (strstr(c->name, "_late")) p->late += pl_counter_read(c);
}

static struct promise promise(struct bench *b) {
    struct promise p = {0};
    pl_engine_queue_counters(b->engine, see_promise, &p);
    return p;
}

static void promise_is(struct bench *b, uint64_t in_time, uint64_t late) {
    struct promise p = promise(b);
    assert_int_equal(p.in_time, in_time);
    assert_int_equal(p.late, late);
}

/* Each hand-over counts once, with the first that a person does; a queue without a promise never.
 */
static void answered_in_time_or_late(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    assert_int_equal(promise(&b).rows, 2); /* one queue promises, and is there before it counts */
    bench_say(&b, 1, 1, "my lawyer");
    struct pl_engine_done d = first_id(&b);
    bench_advance(&b, 119000);
    promise_is(&b, 0, 0);
    d.what = PL_ENGINE_SAYS;
    d.text = PL_STR("Hello.");
    done(&b, &d, "77 done: no error\n");
    promise_is(&b, 1, 0);
    bench_crash(&b); /* a server that begins anew counts from 0, and knows what was answered */
    bench_advance(&b, 120000);
    d.what = PL_ENGINE_DONE;
    done(&b, &d, "77 done: no error\n");
    promise_is(&b, 0, 0);
    bench_open_fresh(&b, 2, 2);
    bench_say(&b, 2, 1, "my lawyer");
    d = first_id(&b);
    bench_advance(&b, 120001);
    d.what = PL_ENGINE_BACK;
    d.text = PL_STR("");
    done(&b, &d, "77 done: no error\n");
    promise_is(&b, 0, 1);
    bench_open_fresh(&b, 3, 3);
    bench_say(&b, 3, 1, "a person please"); /* its queue promises nothing */
    d = first_id(&b);
    done(&b, &d, "77 done: no error\n");
    promise_is(&b, 0, 1);
    bench_close(&b);
}

static void the_end_of_a_long_conversation(void **state) {
    struct bench b;
    char next[PL_ENGINE_CURSOR], words[32];
    (void)state;
    begin(&b);
    for (int i = 1; i <= 150; i++) {
        snprintf(words, sizeof words, "word number %d", i);
        bench_say(&b, 1, (uint64_t)i, words);
        bench_advance(&b, 100);
        bench_told(&b);
    }
    bench_say(&b, 1, 151, "a person please");
    pl_arena_reset(&b.a);
    struct pl_json p = page(&b, 0, "", next);
    const struct pl_json *said = pl_json_get(&p.m[0].value, "transcript");
    assert_int_equal(said->n, 200);
    const struct pl_json *last = pl_json_get(&said->m[199].value, "event");
    assert_true(pl_str_is(pl_json_text(last, "from"), "bot")); /* what follows the hand-over */
    last = pl_json_get(&said->m[197].value, "event");
    assert_true(pl_str_is(pl_json_text(last, "from"), "customer"));
    bench_close(&b);
}

/* ---- what they say ---- */

static const char *first_member(struct bench *b, const char *name) {
    char next[PL_ENGINE_CURSOR];
    struct pl_json p = page(b, 1, "", next);
    assert_int_equal(p.n, 1);
    return pl_arena_printf(&b->a, "%.*s", PL_STR_ARG(member(&p, 0, name))).p;
}

/* The facts are those that made the rule fire, not those of the customer's yes. */
static void the_facts_of_an_offer(void **state) {
    struct bench b;
    char next[PL_ENGINE_CURSOR];
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "what is this");
    bench_say(&b, 1, 2, "get me the manager");
    bench_run(&b);
    bench_say(&b, 1, 3, "maybe");
    bench_crash(&b);
    bench_resume(&b, 1, 1, 1);
    bench_told(&b);
    bench_say(&b, 1, 4, "yes");
    struct pl_json p = page(&b, 0, "", next);
    assert_int_equal(p.n, 1);
    assert_true(pl_str_is(member(&p, 0, "rule"), "manager"));
    const struct pl_json *turns = pl_json_get(pl_json_get(&p.m[0].value, "facts"), "turns");
    assert_true(pl_str_is(turns->s, "2"));
    bench_close(&b);
}

/* A routing rule counts wherever the hand-over comes from, and the higher priority wins. */
static void routes_behind_a_hook(void **state) {
    struct bench b;
    (void)state;
    begin(&b);
    bench_say(&b, 1, 1, "open the lounge");
    bench_answer(&b, PL_OUTCOME_OK, pl_int(9), "");
    assert_string_equal(first_member(&b, "priority"), "critical");
    bench_close(&b);
    begin(&b);
    bench_say(&b, 1, 1, "open the lounge, urgent");
    bench_answer(&b, PL_OUTCOME_OK, pl_int(1), "");
    assert_string_equal(first_member(&b, "priority"), "high");
    bench_close(&b);
    begin(&b);
    bench_say(&b, 1, 1, "open the lounge");
    bench_answer(&b, PL_OUTCOME_UNAVAILABLE, PL_NONE, "");
    assert_string_equal(first_member(&b, "priority"), "low");
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages),
        cmocka_unit_test(cursors_that_are_none),
        cmocka_unit_test(off_the_list_for_good),
        cmocka_unit_test(who_writes_again),
        cmocka_unit_test(several_of_one_conversation),
        cmocka_unit_test(promised_and_late),
        cmocka_unit_test(answered_in_time_or_late),
        cmocka_unit_test(the_end_of_a_long_conversation),
        cmocka_unit_test(the_facts_of_an_offer),
        cmocka_unit_test(routes_behind_a_hook),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_done();
    return failed;
}
