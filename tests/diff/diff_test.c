/* SPDX-License-Identifier: Apache-2.0
 *
 * What `parlance diff` says of conversations under way is what then happens to them. Customers by
 * chance talk to a project until they stand at its questions and waits; every such conversation is
 * moved to a version in which waits, options, slots and flows were renamed and `on change` was
 * drawn anew. The prediction knows only where it stands: the calls, the wait, what was offered,
 * whether the customer is verified.
 */
#include "tests/fuzz/fuzz_play.h"

#include "runtime/vm/vm_priv.h"
#include "tools/compile/compile.h"

#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

enum { VERSIONS = 6, STEPS = 30, PARKED = 100, TALKS = 150 };

static uint64_t talks = TALKS; /* --talks N: tools/long.sh foretold */

struct tally {
    unsigned parked, of[4], waits;
    unsigned *at; /* conversations, by wait */
};

/* ---- versions ---- */

static struct pl_image *load(const struct pl_program *p) {
    static const uint8_t hash[32];
    struct pl_image *image = NULL;
    struct pl_buf b = {0};
    char why[256];
    pl_program_write(p, &b);
    if (pl_image_load(pl_buf_slice(&b), hash, &image, why) != PL_OK) fail_msg("%s", why);
    pl_buf_free(&b);
    return image;
}

#define COPY(a, rows, n)                                                                           \
    memcpy(pl_arena_raw((a), ((n) + 1) * sizeof *(rows)), (rows), (n) * sizeof *(rows))

static void rename_one(struct pl_arena *a, struct pl_rand *r, unsigned one_in, struct pl_str *id) {
    if (id->n && pl_rand_below(r, one_in) == 0)
        *id = pl_arena_printf(a, "%.*s_other", PL_STR_ARG(*id));
}

/* The project with other names here and there. */
static struct pl_image *version(struct pl_arena *a, const struct pl_program *p, uint64_t seed) {
    struct pl_program n = *p;
    struct pl_rand r;
    pl_rand_seed(&r, seed);
    struct pl_p_flow *flows = COPY(a, p->flows, p->nflows);
    struct pl_p_wait *waits = COPY(a, p->waits, p->nwaits);
    struct pl_p_option *options = COPY(a, p->options, p->noptions);
    for (uint32_t i = 0; i < p->nflows; i++) {
        struct pl_p_slot *slots = COPY(a, flows[i].slots, flows[i].nslots);
        for (uint32_t k = 0; k < flows[i].nslots; k++) rename_one(a, &r, 12, &slots[k].name);
        flows[i].slots = slots;
        flows[i].on_change = pl_rand_below(&r, 8) ? PL_CHANGE_MOVE : PL_CHANGE_RESTART;
        if (pl_rand_below(&r, 8) == 0) flows[i].on_change = PL_CHANGE_FINISH;
        if (!flows[i].prelude) rename_one(a, &r, 16, &flows[i].name);
    }
    for (uint32_t i = 0; i < p->nwaits; i++) rename_one(a, &r, 8, &waits[i].id);
    for (uint32_t i = 0; i < p->noptions; i++) rename_one(a, &r, 3, &options[i].id);
    n.flows = flows;
    n.waits = waits;
    n.options = options;
    return load(&n);
}

/* ---- what is said, and what happens ---- */

static bool stands_by_itself(const struct vm_frame *f) {
    bool waits = f->waiting == VM_RUNS || f->waiting == VM_QUESTION || f->waiting == VM_SLEEP ||
                 f->waiting == VM_AWAIT;
    return waits && !f->verifies && f->role != VM_OFFER && f->role != VM_CORRECTING &&
           f->role != VM_CONSENT && (f->role != VM_CALLED || f->call != PL_NOWHERE);
}

/* Under way in a way of which nothing is said: an answer is being fetched, the machine's own
 * questions are open. */
static bool is_parked(const struct vm_state *s) {
    bool parked = s->nframes > 0 && s->pending.n == 0;
    for (uint32_t i = 0; i < s->nframes; i++) {
        bool top = i + 1 == s->nframes || s->frames[i + 1].role != VM_CALLED;
        parked &= stands_by_itself(&s->frames[i]) && top == (s->frames[i].waiting != VM_RUNS);
    }
    return parked;
}

static enum pl_vm_moves foretell(struct pl_vm *vm, const struct pl_image *from,
                                 const struct vm_state *s, uint32_t first, uint32_t end,
                                 const struct pl_image *to, struct pl_arena *a) {
    uint32_t calls[VM_FRAMES];
    const struct vm_frame *top = &s->frames[end - 1];
    uint32_t *options = PL_NEW_ARRAY(a, uint32_t, top->noffers + 1);
    struct pl_vm_park at = {calls, 0, top->wait, options, top->noffers, s->verified};
    struct pl_vm_moving m;
    struct pl_str state;
    for (uint32_t i = 0; i < top->noffers; i++) options[i] = top->offers[i].option;
    for (uint32_t i = first + 1; i < end; i++) calls[at.ncalls++] = s->frames[i].call;
    assert_int_equal(pl_vm_parked(vm, from, &at, a, &state), PL_OK);
    assert_int_equal(pl_vm_moving(vm, from, state, to, a, &m), PL_OK);
    return m.how;
}

/* Of tasks that were interrupted, too: what keeps one of them keeps the conversation. */
static enum pl_vm_moves foretold(struct pl_vm *vm, const struct pl_image *from,
                                 const struct vm_state *s, const struct pl_image *to,
                                 struct pl_arena *a) {
    enum pl_vm_moves all = PL_VM_MOVES_STANDS;
    for (uint32_t first = 0, end; first < s->nframes; first = end) {
        for (end = first + 1; end < s->nframes && s->frames[end].role == VM_CALLED;) end++;
        enum pl_vm_moves how = foretell(vm, from, s, first, end, to, a);
        if (how >= PL_VM_MOVES_STAYS) return how;
        if (how == PL_VM_MOVES_ASKS) all = how;
    }
    return all;
}

/* A flow that was moved to its question stands there; one that begins or asks again runs. */
static enum pl_vm_moves happened(struct pl_vm *vm, const struct pl_image *from, struct pl_str state,
                                 const struct pl_image *to, struct pl_arena *a) {
    struct vm_state *s;
    struct pl_str moved;
    if (pl_vm_move(vm, from, state, to, a, &moved) != PL_OK) return PL_VM_MOVES_STAYS;
    assert_int_equal(pl_vm__decode(a, to, moved, &s), PL_OK);
    for (uint32_t i = 0; i < s->nframes; i++) {
        bool top = i + 1 == s->nframes || s->frames[i + 1].role != VM_CALLED;
        if (top && s->frames[i].waiting == VM_RUNS) return PL_VM_MOVES_ASKS;
    }
    return PL_VM_MOVES_STANDS;
}

static void compare(struct pl_vm *vm, const struct pl_image *from, struct pl_str state,
                    const struct pl_image *to, struct pl_arena *a, struct tally *t) {
    const struct pl_program *p = pl_image_program(from);
    struct vm_state *s;
    assert_int_equal(pl_vm__decode(a, from, state, &s), PL_OK);
    if (!is_parked(s)) return;
    const struct vm_frame *top = &s->frames[s->nframes - 1];
    enum pl_vm_moves said = foretold(vm, from, s, to, a), is = happened(vm, from, state, to, a);
    if ((said >= PL_VM_MOVES_STAYS ? PL_VM_MOVES_STAYS : said) != is)
        fail_msg("in %.*s at %.*s: %d was said, %d happened", PL_STR_ARG(p->flows[top->flow].name),
                 PL_STR_ARG(p->waits[top->wait].id), said, is);
    t->parked++;
    t->of[said]++;
    t->waits += t->at[top->wait]++ == 0;
}

static void talk(struct pl_vm *vm, const struct pl_image *from, struct pl_image *const *to,
                 uint64_t seed, struct tally *t) {
    struct fuzz_play play = {.p = pl_image_program(from), .now_ms = 1795338000000};
    struct pl_arena a;
    struct pl_vm_result r;
    pl_arena_init(&a, 0);
    pl_rand_seed(&play.rand, seed);
    struct pl_str state = pl_vm_begin(&a, from, play.now_ms);
    for (int i = 0; i < STEPS; i++) {
        struct pl_vm_event e = fuzz_event(&play, i == 0, seed + (uint64_t)i);
        assert_int_equal(pl_vm_step(vm, from, state, &e, &a, &r), PL_OK);
        assert_int_equal(pl_vm_look(vm, from, r.state, &a, &play.view), PL_OK);
        state = r.state;
        compare(vm, from, state, to[seed % VERSIONS], &a, t);
    }
    pl_arena_free(&a);
}

static void what_is_said_happens(void **ctx) {
    struct pl_compile_options options = {.check_only = true, .without_talks = true};
    struct pl_compiled c;
    struct pl_image *to[VERSIONS];
    struct pl_vm *vm = pl_vm_create((struct pl_vm_env){.matches = fuzz_matches});
    (void)ctx;
    assert_int_equal(pl_compile_folder("tests/talk/project", &options, &c), PL_OK);
    struct pl_image *from = load(&c.program);
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct tally t = {.at = PL_NEW_ARRAY(&a, unsigned, c.program.nwaits + 1)};
    for (uint64_t i = 0; i < VERSIONS; i++) to[i] = version(&a, pl_image_program(from), i + 1);
    for (uint64_t seed = 1; seed <= talks; seed++) talk(vm, from, to, seed, &t);
    print_message("%u conversations at %u of %u places: %u go on, %u asked again, %u stay, %u "
                  "cannot be mapped\n",
                  t.parked, t.waits, c.program.nwaits, t.of[0], t.of[1], t.of[2], t.of[3]);
    for (uint32_t i = 0; i < c.program.nwaits; i++)
        if (talks > TALKS && t.at[i] < PARKED)
            print_message("%u at %.*s\n", t.at[i], PL_STR_ARG(c.program.waits[i].id));
    assert_true(t.parked >= PARKED && t.of[0] && t.of[1] && t.of[2] && t.of[3]);
    for (size_t i = 0; i < VERSIONS; i++) pl_image_unref(&to[i]);
    pl_image_unref(&from);
    pl_vm_destroy(&vm);
    pl_arena_free(&a);
    pl_compiled_free(&c);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--talks") == 0) talks = strtoull(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_said_happens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
