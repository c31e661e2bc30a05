/* SPDX-License-Identifier: Apache-2.0
 *
 * What plays cannot show: endless code, states cut short or of another version, and a conversation
 * that goes on under another image. The rest of the machine is in tests/vm/plays.
 */
#include <setjmp.h>
#include <string.h>

#include "runtime/vm/vm.h"
#include "tests/unit/program/small.h"

#include <cmocka.h>

#define NOW INT64_C(1795338000000)

struct bench {
    struct small m;
    struct pl_image *image;
    struct pl_vm *vm;
    struct pl_arena a;
    struct pl_str state;
    struct pl_vm_result r;
};

static bool matches(void *ctx, const struct pl_image *image, uint32_t regex, struct pl_str text) {
    (void)ctx, (void)image, (void)regex, (void)text;
    return true;
}

static struct pl_image *load(const struct small *m) {
    static const uint8_t hash[32];
    struct pl_buf b = {0};
    struct pl_image *image = NULL;
    char why[256];
    pl_program_write(&m->p, &b);
    if (pl_image_load(pl_buf_slice(&b), hash, &image, why) != PL_OK) fail_msg("%s", why);
    pl_buf_free(&b);
    return image;
}

static void make(struct bench *b) {
    memset(b, 0, sizeof *b);
    small_make(&b->m);
    b->m.p.start = 0;
}

static void open_bench(struct bench *b) {
    b->image = load(&b->m);
    b->vm = pl_vm_create((struct pl_vm_env){.matches = matches});
    pl_arena_init(&b->a, 0);
    b->state = pl_vm_begin(&b->a, b->image, NOW);
}

static void close_bench(struct bench *b) {
    pl_vm_destroy(&b->vm);
    pl_image_unref(&b->image);
    pl_arena_free(&b->a);
    small_free(&b->m);
}

static struct pl_vm_event event(enum pl_vm_event_kind kind) {
    struct pl_vm_event e = {
        .kind = (uint8_t)kind, .now_ms = NOW, .rule = PL_NOWHERE, .target = PL_NOWHERE};
    e.reading.command = PL_NOWHERE;
    return e;
}

static void step(struct bench *b, const struct pl_vm_event *e) {
    assert_int_equal(pl_vm_step(b->vm, b->image, b->state, e, &b->a, &b->r), PL_OK);
    b->state = b->r.state;
}

static void say_order(struct bench *b) {
    struct pl_vm_entity order = {.kind = PL_KIND_TEXT, .value = pl_text(PL_STR("ORDER7"))};
    struct pl_vm_event e = event(PL_EVENT_MESSAGE);
    e.reading.entities = &order;
    e.reading.nentities = 1;
    step(b, &e);
}

static unsigned count(const struct bench *b, enum pl_vm_effect_kind kind) {
    unsigned n = 0;
    for (uint32_t i = 0; i < b->r.neffects; i++) n += b->r.effects[i].kind == kind;
    return n;
}

static void endless_code_is_stopped(void **state) {
    struct bench b;
    struct pl_vm_event open = event(PL_EVENT_OPEN);
    (void)state;
    make(&b);
    b.m.code[0] = PL_WORD(PL_OP_JUMP, 0);
    open_bench(&b);
    step(&b, &open);
    assert_int_equal(count(&b, PL_EFFECT_ERROR), 1);
    assert_int_equal(b.r.view.mode, PL_VM_IDLE);
    close_bench(&b);
    make(&b); /* and internal_error is no better */
    b.m.code[0] = PL_WORD(PL_OP_JUMP, 0);
    b.m.code[AT_PLAIN + 5] = PL_WORD(PL_OP_JUMP, AT_PLAIN + 5);
    open_bench(&b);
    step(&b, &open);
    assert_int_equal(count(&b, PL_EFFECT_ERROR), 2);
    assert_int_equal(b.r.view.nframes, 0);
    close_bench(&b);
}

static void states_cut_short(void **state) {
    struct bench b;
    struct pl_vm_event open = event(PL_EVENT_OPEN);
    struct pl_vm_view view;
    (void)state;
    make(&b);
    open_bench(&b);
    step(&b, &open);
    assert_int_equal(b.r.view.mode, PL_VM_ASKING);
    say_order(&b);
    assert_int_equal(b.r.view.mode, PL_VM_BUSY);
    for (size_t n = 0; n < b.state.n; n++) {
        struct pl_str cut = {b.state.p, n};
        assert_int_equal(pl_vm_look(b.vm, b.image, cut, &b.a, &view), PL_MALFORMED);
    }
    char *copy = pl_arena_alloc(&b.a, b.state.n + 1);
    memcpy(copy, b.state.p, b.state.n);
    struct pl_str longer = {copy, b.state.n + 1}, other = {copy, b.state.n};
    assert_int_equal(pl_vm_look(b.vm, b.image, longer, &b.a, &view), PL_MALFORMED);
    copy[0] = 77;
    assert_int_equal(pl_vm_look(b.vm, b.image, other, &b.a, &view), PL_VERSION);
    close_bench(&b);
}

/* Between flows the state is good under any image: session and customer go by their names. */
static void another_image(void **state) {
    struct bench b, later;
    struct pl_vm_event open = event(PL_EVENT_OPEN), hook = event(PL_EVENT_HOOK);
    struct pl_vm_event timer = event(PL_EVENT_TIMER), said = event(PL_EVENT_MESSAGE);
    (void)state;
    make(&b);
    open_bench(&b);
    step(&b, &open);
    say_order(&b);
    hook.effect = b.r.view.effect;
    step(&b, &hook);
    assert_int_equal(b.r.view.mode, PL_VM_SLEEPING);
    timer.now_ms = b.r.view.deadline_ms;
    step(&b, &timer);
    said.reading.choice = 1;
    step(&b, &said);
    said.reading.yes_no = -1;
    step(&b, &said);
    assert_int_equal(b.r.view.mode, PL_VM_IDLE);
    make(&later);
    struct pl_p_slot two[] = {{PL_STR("session.name"), {.kind = PL_KIND_TEXT}, PL_NOWHERE},
                              later.m.session[0]};
    later.m.p.session = two;
    later.m.p.nsession = 2;
    open_bench(&later);
    struct pl_vm_view view;
    assert_int_equal(pl_vm_look(later.vm, later.image, b.state, &later.a, &view), PL_OK);
    struct pl_value before = pl_vm_slot(b.vm, b.image, b.state, &b.a, PL_STR("session.order"));
    struct pl_value after =
        pl_vm_slot(later.vm, later.image, b.state, &later.a, PL_STR("session.order"));
    assert_true(pl_value_eq(before, after));
    assert_true(pl_str_is(after.s, "ORDER7"));
    later.state = b.state;
    step(&later, &open);
    assert_int_equal(later.r.view.turns, b.r.view.turns);
    close_bench(&later);
    close_bench(&b);
}

/* ---- on change ---- */

static enum pl_err move(struct bench *b, struct bench *to, struct pl_str *state) {
    return pl_vm_move(b->vm, b->image, b->state, to->image, &b->a, state);
}

/* Both at their question; the other's first flow has this policy. */
static void two(struct bench *b, struct bench *to, enum pl_on_change policy) {
    struct pl_vm_event open = event(PL_EVENT_OPEN);
    make(b);
    open_bench(b);
    step(b, &open);
    assert_int_equal(b->r.view.mode, PL_VM_ASKING);
    make(to);
    to->m.flows[0].on_change = (uint8_t)policy;
}

static void finishes(void **state) {
    struct bench b, to;
    struct pl_str moved;
    (void)state;
    two(&b, &to, PL_CHANGE_FINISH);
    open_bench(&to);
    assert_int_equal(move(&b, &to, &moved), PL_CONFLICT);
    close_bench(&to);
    close_bench(&b);
}

static void stands_where_it_stood(void **state) {
    struct bench b, to;
    struct pl_str moved;
    struct pl_vm_view view;
    (void)state;
    two(&b, &to, PL_CHANGE_MOVE);
    to.m.waits[0].tries = 7; /* whatever else is new */
    open_bench(&to);
    assert_int_equal(move(&b, &to, &moved), PL_OK);
    assert_int_equal(pl_vm_look(to.vm, to.image, moved, &to.a, &view), PL_OK);
    assert_int_equal(view.mode, PL_VM_ASKING);
    assert_int_equal(view.wait, 0);
    to.state = moved;
    say_order(&to); /* and goes on from there */
    assert_int_equal(to.r.view.mode, PL_VM_BUSY);
    assert_int_equal(count(&to, PL_EFFECT_SAY), 0);
    assert_int_equal(move(&to, &b, &moved), PL_CONFLICT); /* never while something is under way */
    close_bench(&to);
    close_bench(&b);
}

static void begins_again(void **state) {
    struct bench b, to;
    struct pl_str moved;
    struct pl_vm_event said = event(PL_EVENT_MESSAGE);
    (void)state;
    two(&b, &to, PL_CHANGE_RESTART);
    open_bench(&to);
    assert_int_equal(move(&b, &to, &moved), PL_OK);
    to.state = moved;
    step(&to, &said);
    assert_int_equal(to.r.view.mode, PL_VM_ASKING);
    assert_true(count(&to, PL_EFFECT_SAY) > 0); /* it asks */
    to.state = moved;
    say_order(&to); /* what the message says is filled in */
    assert_int_equal(to.r.view.mode, PL_VM_BUSY);
    close_bench(&to);
    close_bench(&b);
}

/* The same question for a value of another type: what was said to it is of no use. */
static void is_asked_again(void **state) {
    struct bench b, to;
    struct pl_str moved;
    struct pl_vm_moving m;
    struct pl_vm_event said = event(PL_EVENT_MESSAGE);
    (void)state;
    two(&b, &to, PL_CHANGE_MOVE);
    to.m.waits[0].type = (struct pl_type){.kind = PL_KIND_NUMBER};
    open_bench(&to);
    assert_int_equal(pl_vm_moving(b.vm, b.image, b.state, to.image, &b.a, &m), PL_OK);
    assert_int_equal(m.how, PL_VM_MOVES_ASKS);
    assert_int_equal(move(&b, &to, &moved), PL_OK);
    to.state = moved;
    step(&to, &said);
    assert_int_equal(to.r.view.mode, PL_VM_ASKING);
    assert_true(count(&to, PL_EFFECT_SAY) > 0); /* it asks */
    close_bench(&to);
    close_bench(&b);
}

/* A question, its kind or its flow that is gone keeps the conversation where it is. */
static void what_is_gone(void **state) {
    struct bench b, to;
    struct pl_str moved;
    (void)state;
    two(&b, &to, PL_CHANGE_MOVE);
    to.m.waits[0].id = PL_STR("other");
    open_bench(&to);
    assert_int_equal(move(&b, &to, &moved), PL_CONFLICT);
    close_bench(&to);
    make(&to);
    to.m.flows[0].on_change = PL_CHANGE_MOVE;
    to.m.flows[0].name = PL_STR("other");
    open_bench(&to);
    assert_int_equal(move(&b, &to, &moved), PL_CONFLICT);
    close_bench(&to);
    make(&to);
    to.m.flows[0].on_change = PL_CHANGE_MOVE;
    to.m.flows[0].verified = true; /* he has not proved who he is */
    open_bench(&to);
    assert_int_equal(move(&b, &to, &moved), PL_CONFLICT);
    close_bench(&to);
    close_bench(&b);
}

static void hostile_states_do_not_move(void **state) {
    struct bench b, to;
    struct pl_str moved;
    (void)state;
    two(&b, &to, PL_CHANGE_MOVE);
    open_bench(&to);
    char *copy = pl_arena_alloc(&b.a, b.state.n);
    struct pl_str whole = b.state;
    for (size_t i = 0; i < whole.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, whole.p, whole.n);
            copy[i] = (char)(copy[i] ^ (1 << bit));
            b.state = (struct pl_str){copy, whole.n};
            if (move(&b, &to, &moved) != PL_OK) continue;
            struct pl_vm_view view;
            assert_int_equal(pl_vm_look(to.vm, to.image, moved, &to.a, &view), PL_OK);
        }
    close_bench(&to);
    close_bench(&b);
}

static void secrets_are_not_shown(void **state) {
    struct bench b;
    struct pl_vm_event open = event(PL_EVENT_OPEN);
    (void)state;
    make(&b);
    b.m.session[0].type.quals = PL_SECRET;
    open_bench(&b);
    step(&b, &open);
    say_order(&b);
    struct pl_value slots = pl_vm_slots(b.vm, b.image, b.state, &b.a);
    assert_int_equal(pl_rec_get(slots, PL_STR("session.order")).kind, PL_KIND_NONE);
    close_bench(&b);
}

static void events_are_read_back(void **state) {
    struct pl_arena a;
    struct pl_buf b = {0};
    struct pl_vm_queue_fact queue = {true, NOW + 5, 7};
    bool open = true;
    uint8_t bits[] = {5, 1};
    struct pl_vm_event e = event(PL_EVENT_HOOK), r;
    (void)state;
    pl_arena_init(&a, 0);
    e.today = -3;
    e.seed = UINT64_MAX;
    e.verified = true;
    e.locale = PL_STR("ar-SA");
    e.queues = &queue;
    e.nqueues = 1;
    e.hours = &open;
    e.nhours = 1;
    e.rule = 0;
    e.route = PL_STR("high");
    e.rules_true = bits;
    e.nrules = 9;
    e.effect = 12;
    e.failure = PL_STR("not_found");
    pl_vm_event_write(&b, &e);
    assert_int_equal(pl_vm_event_read(pl_buf_slice(&b), &a, &r), PL_OK);
    assert_int_equal(r.today, -3);
    assert_true(r.seed == UINT64_MAX && r.verified && r.rule == 0 && r.effect == 12);
    assert_true(pl_str_is(r.failure, "not_found") && pl_str_is(r.route, "high"));
    assert_true(pl_str_is(r.locale, "ar-SA"));
    assert_int_equal(r.queues[0].opens_ms, NOW + 5);
    assert_int_equal(r.queues[0].wait_ms, 7);
    assert_true(r.hours[0]);
    assert_int_equal(r.rules_true[1], 1);
    assert_int_equal(r.target, PL_NOWHERE);
    assert_int_equal(r.reading.command, PL_NOWHERE);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(pl_vm_event_read((struct pl_str){b.p, n}, &a, &r), PL_MALFORMED);
    b.p[0] = 9;
    assert_int_equal(pl_vm_event_read(pl_buf_slice(&b), &a, &r), PL_VERSION);
    pl_buf_free(&b);
    pl_arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_code_is_stopped),
        cmocka_unit_test(states_cut_short),
        cmocka_unit_test(another_image),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(events_are_read_back),
        cmocka_unit_test(finishes),
        cmocka_unit_test(stands_where_it_stood),
        cmocka_unit_test(begins_again),
        cmocka_unit_test(is_asked_again),
        cmocka_unit_test(what_is_gone),
        cmocka_unit_test(hostile_states_do_not_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
