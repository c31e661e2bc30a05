/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rule fires: priority, then the order of the program; silence while its facts hold; routes.
 * Every rule here holds when the message mentions a lawyer.
 */
#include <setjmp.h>
#include <string.h>

#include "runtime/escalate/escalate.h"
#include "tests/unit/program/small.h"

#include <cmocka.h>

#define NOW INT64_C(1795338000000)

struct bench {
    struct small m;
    struct pl_p_rule rules[4];
    struct pl_image *image;
    struct pl_vm *vm;
    struct pl_arena a;
    struct pl_str state;
    struct pl_escalation found;
    int64_t now_ms;
};

static bool matches(void *ctx, const struct pl_image *image, uint32_t regex, struct pl_str text) {
    (void)ctx, (void)image, (void)regex, (void)text;
    return true;
}

static void rule(struct bench *b, int i, const char *name, const char *priority,
                 enum pl_handoff_mode mode, bool route) {
    b->rules[i] = b->m.rules[0];
    b->rules[i].name = pl_str_c(name);
    b->rules[i].route = route;
    b->rules[i].every_ms = 0;
    b->rules[i].handoff.mode = (uint8_t)mode;
    b->rules[i].handoff.priority = pl_str_c(priority);
}

static void make(struct bench *b) {
    memset(b, 0, sizeof *b);
    small_make(&b->m);
    rule(b, 0, "angry", "low", PL_HANDOFF_OFFER, false);
    rule(b, 1, "legal", "high", PL_HANDOFF_NOW, false);
    rule(b, 2, "also legal", "high", PL_HANDOFF_OFFER, false);
    rule(b, 3, "routed", "critical", PL_HANDOFF_OFFER, true);
    b->m.p.rules = b->rules;
    b->m.p.nrules = 4;
}

static void open_bench(struct bench *b) {
    static const uint8_t hash[32];
    struct pl_buf bytes = {0};
    char why[256];
    pl_program_write(&b->m.p, &bytes);
    if (pl_image_load(pl_buf_slice(&bytes), hash, &b->image, why) != PL_OK) fail_msg("%s", why);
    pl_buf_free(&bytes);
    b->vm = pl_vm_create((struct pl_vm_env){.matches = matches});
    pl_arena_init(&b->a, 0);
    b->now_ms = NOW;
    b->state = pl_vm_begin(&b->a, b->image, NOW);
}

static void close_bench(struct bench *b) {
    pl_vm_destroy(&b->vm);
    pl_image_unref(&b->image);
    pl_arena_free(&b->a);
    small_free(&b->m);
}

/* A message with or without the word; the state remembers what fired when `keep`. */
static void say(struct bench *b, bool lawyer, bool keep) {
    const uint8_t bits = lawyer;
    struct pl_vm_result r;
    struct pl_vm_event e = {.kind = PL_EVENT_MESSAGE, .now_ms = b->now_ms, .target = PL_NOWHERE};
    e.rule = e.reading.command = PL_NOWHERE;
    e.reading.mentions = &bits;
    e.reading.nmentions = 1;
    assert_int_equal(pl_escalate(b->vm, b->image, b->state, &e, &b->a, &b->found), PL_OK);
    if (!keep) return;
    pl_escalate_apply(&b->found, &e);
    assert_int_equal(e.rule, b->found.rule);
    assert_int_equal(pl_vm_step(b->vm, b->image, b->state, &e, &b->a, &r), PL_OK);
    b->state = r.state;
}

static void the_highest_then_the_first(void **state) {
    struct bench b;
    (void)state;
    make(&b);
    open_bench(&b);
    say(&b, true, false);
    assert_int_equal(b.found.rule, 1);
    assert_true(b.found.now);
    assert_true(pl_str_is(b.found.route, "critical")); /* a route stops nothing */
    assert_int_equal(b.found.rules_true[0], 15);
    say(&b, false, false);
    assert_int_equal(b.found.rule, PL_NOWHERE);
    assert_false(b.found.now);
    assert_int_equal(b.found.route.n, 0);
    assert_int_equal(b.found.rules_true[0], 0);
    close_bench(&b);
}

static void none_is_medium(void **state) {
    struct bench b;
    (void)state;
    make(&b);
    rule(&b, 1, "legal", "", PL_HANDOFF_NOW, false);
    rule(&b, 2, "also legal", "medium", PL_HANDOFF_OFFER, false);
    open_bench(&b);
    say(&b, true, false);
    assert_int_equal(b.found.rule, 1);
    close_bench(&b);
    assert_int_equal(pl_vm_rank(PL_STR("")), 0);
    assert_int_equal(pl_vm_rank(PL_STR("urgent")), 0);
    assert_true(pl_vm_rank(PL_STR("critical")) > pl_vm_rank(PL_STR("high")));
}

static void only_offers(struct bench *b, uint32_t every_ms) {
    make(b);
    rule(b, 1, "a", "low", PL_HANDOFF_OFFER, false);
    rule(b, 2, "b", "low", PL_HANDOFF_OFFER, false);
    rule(b, 0, "angry", "high", PL_HANDOFF_OFFER, false);
    b->rules[0].every_ms = every_ms;
    b->m.p.nrules = 1;
    open_bench(b);
}

static void once_while_it_holds(void **state) {
    struct bench b;
    (void)state;
    only_offers(&b, 0);
    say(&b, true, true);
    assert_int_equal(b.found.rule, 0);
    b.now_ms += 3600000;
    say(&b, true, true);
    assert_int_equal(b.found.rule, PL_NOWHERE);
    assert_int_equal(b.found.rules_true[0], 1);
    say(&b, false, true); /* false in between */
    say(&b, true, true);
    assert_int_equal(b.found.rule, 0);
    close_bench(&b);
}

static void every_so_often(void **state) {
    struct bench b;
    (void)state;
    only_offers(&b, 1800000);
    say(&b, true, true);
    b.now_ms += 1799999;
    say(&b, true, true);
    assert_int_equal(b.found.rule, PL_NOWHERE);
    b.now_ms += 1;
    say(&b, true, true);
    assert_int_equal(b.found.rule, 0);
    close_bench(&b);
}

/* A rule that held but came second is no less fresh when the first one's facts are over. */
static void the_second_has_its_turn(void **state) {
    struct bench b;
    (void)state;
    make(&b);
    rule(&b, 1, "first", "high", PL_HANDOFF_OFFER, false);
    rule(&b, 0, "second", "low", PL_HANDOFF_OFFER, false);
    b.m.p.nrules = 2;
    open_bench(&b);
    say(&b, true, true);
    assert_int_equal(b.found.rule, 1);
    say(&b, true, true);
    assert_int_equal(b.found.rule, 0);
    say(&b, true, true);
    assert_int_equal(b.found.rule, PL_NOWHERE);
    close_bench(&b);
}

static void no_rules(void **state) {
    struct bench b;
    (void)state;
    make(&b);
    b.m.p.nrules = 0;
    open_bench(&b);
    say(&b, true, true);
    assert_int_equal(b.found.rule, PL_NOWHERE);
    close_bench(&b);
}

static void a_state_that_is_none(void **state) {
    struct bench b;
    struct pl_vm_event e = {.kind = PL_EVENT_MESSAGE, .now_ms = NOW};
    (void)state;
    make(&b);
    open_bench(&b);
    struct pl_str cut = {b.state.p, b.state.n - 1};
    assert_int_equal(pl_escalate(b.vm, b.image, cut, &e, &b.a, &b.found), PL_MALFORMED);
    assert_int_equal(b.found.rule, PL_NOWHERE);
    assert_int_equal(pl_escalate(b.vm, b.image, PL_STR("\xff"), &e, &b.a, &b.found), PL_VERSION);
    assert_int_equal(b.found.rule, PL_NOWHERE);
    close_bench(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_then_the_first), cmocka_unit_test(none_is_medium),
        cmocka_unit_test(once_while_it_holds),        cmocka_unit_test(every_so_often),
        cmocka_unit_test(the_second_has_its_turn),    cmocka_unit_test(no_rules),
        cmocka_unit_test(a_state_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
