/* SPDX-License-Identifier: Apache-2.0
 *
 * Images: a round trip of every table, each index out of its range refused with a reason, code that
 * the verifier must not let through, and damaged bytes.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "small.h"

#include <cmocka.h>

static const uint8_t hash[32] = {7, 1};

static enum pl_err load(const struct small *m, struct pl_image **out, char why[256]) {
    struct pl_buf b = {0};
    *out = NULL;
    why[0] = 0;
    pl_program_write(&m->p, &b);
    enum pl_err err = pl_image_load(pl_buf_slice(&b), hash, out, why);
    pl_buf_free(&b);
    return err;
}

static void refused(struct small *m, const char *reason) {
    struct pl_image *i;
    char why[256];
    enum pl_err err = load(m, &i, why);
    if (err == PL_OK) pl_image_unref(&i);
    if (err != PL_MALFORMED || !strstr(why, reason))
        fail_msg("wanted '%s', got %d '%s'", reason, err, why);
    small_free(m);
}

static void loads_what_was_written(void **state) {
    struct small m;
    struct pl_image *i;
    struct pl_buf a = {0}, b = {0}, again = {0};
    char why[256];
    (void)state;
    small_make(&m);
    if (load(&m, &i, why) != PL_OK) fail_msg("%s", why);
    pl_program_dump(&m.p, &a);
    pl_program_dump(pl_image_program(i), &b);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
    assert_true(a.n > 1000);
    pl_buf_clear(&a);
    pl_program_write(&m.p, &a);
    pl_program_write(pl_image_program(i), &again);
    assert_int_equal(a.n, again.n);
    assert_memory_equal(a.p, again.p, a.n);
    pl_image_unref(&i);
    pl_buf_free(&a);
    pl_buf_free(&b);
    pl_buf_free(&again);
    small_free(&m);
}

static void finds_by_name(void **state) {
    struct small m;
    struct pl_image *i;
    struct pl_str file;
    uint32_t line;
    char why[256];
    (void)state;
    small_make(&m);
    assert_int_equal(load(&m, &i, why), PL_OK);
    assert_memory_equal(pl_image_hash(i), hash, 32);
    assert_int_equal(pl_image_flow(i, PL_STR("cancel")), m.p.prelude[PL_PRELUDE_CANCEL]);
    assert_int_equal(pl_image_flow(i, PL_STR("nothing")), PL_NOWHERE);
    assert_int_equal(pl_image_hook(i, PL_STR("orders.find")), 0);
    assert_int_equal(pl_image_intent(i, PL_STR("cancel")), 1);
    assert_int_equal(pl_image_queue(i, PL_STR("general")), 0);
    assert_int_equal(pl_image_option(i, PL_STR("other")), 1);
    assert_int_equal(pl_image_locale(i, PL_STR("es-MX")), 1);
    assert_int_equal(pl_image_locale(i, PL_STR("ja")), PL_NOWHERE);
    assert_int_equal(pl_image_label(i, PL_STR("status"), PL_STR("placed")), 2);
    assert_int_equal(pl_image_label(i, PL_STR("status"), PL_STR("shipped")), PL_NOWHERE);
    assert_int_equal(pl_image_label(i, PL_STR("session"), PL_STR("order")), 2);
    assert_int_equal(pl_image_label(i, PL_STR("slot.main"), PL_STR("reason")), 2);
    assert_int_equal(pl_image_label(i, PL_STR("flow"), PL_STR("main")), 2);
    assert_true(pl_str_eq(pl_image_section(i, "nlp.model"), PL_STR("opaque\0bytes")));
    assert_int_equal(pl_image_section(i, "none").n, 0);
    pl_image_line(i, AT_HOOK + 1, &file, &line);
    assert_int_equal(line, 9);
    pl_image_line(i, 0, &file, &line);
    assert_int_equal(line, 3);
    assert_true(pl_str_is(file, "flows/main.flow"));
    /* es has text 0 only, the rest falls back to the source */
    assert_true(pl_str_ends(pl_image_text(i, 0, 1), PL_STR("Hola")));
    assert_true(pl_str_ends(pl_image_text(i, 2, 1), PL_STR("Hello")));
    assert_true(pl_str_ends(pl_image_text(i, 0, 99), PL_STR("Hello")));
    assert_int_equal(pl_image_text(i, 99, 0).n, 0);
    pl_image_unref(&i);
    small_free(&m);
}

static void knows_where_a_run_may_stand(void **state) {
    struct small m;
    struct pl_image *i;
    char why[256];
    (void)state;
    small_make(&m);
    assert_int_equal(load(&m, &i, why), PL_OK);
    assert_true(pl_image_runs(i, AT_ASK));
    assert_true(pl_image_runs(i, AT_ELSE));
    assert_false(pl_image_runs(i, 1));         /* an address behind PICK */
    assert_false(pl_image_runs(i, AT_PROMPT)); /* a block */
    assert_false(pl_image_runs(i, AT_COND));
    assert_false(pl_image_runs(i, NCODE));
    pl_image_unref(&i);
    small_free(&m);
}

static void counts_its_users(void **state) {
    struct small m;
    struct pl_image *i, *other;
    char why[256];
    (void)state;
    small_make(&m);
    assert_int_equal(load(&m, &i, why), PL_OK);
    other = pl_image_ref(i);
    pl_image_unref(&i);
    assert_null(i);
    assert_int_equal(pl_image_program(other)->nflows, m.p.nflows);
    pl_image_unref(&other);
    pl_image_unref(&other); /* of none: nothing */
    small_free(&m);
}

/* ---- indices ---- */

#define BAD 100000
#define FIELD(path, value)                                                                         \
    { #path " = " #value, offsetof(struct small, path), value }
static const struct {
    const char *name;
    size_t at;
    uint32_t value;
} indices[] = {
    FIELD(types[0].def, 0), /* made a list first: see below */
    FIELD(members[0].title, BAD),
    FIELD(texts[1].nargs, 0),
    FIELD(texts[1].nargs, 65),
    FIELD(lines[1].file, BAD),
    FIELD(lines[1].file, 1),
    FIELD(slots[0].title, BAD),
    FIELD(slots[1].type.def, BAD),
    FIELD(flows[0].title, BAD),
    FIELD(flows[0].resume, BAD),
    FIELD(flows[0].nparams, 4),
    FIELD(flows[0].entry, BAD),
    FIELD(flows[0].entry, 1),
    FIELD(flows[0].end, 0),
    FIELD(flows[0].end, BAD),
    FIELD(flows[0].end, AT_ELSE),
    FIELD(flows[1].nparams, 1),
    FIELD(triggers[0].arg, 2),
    FIELD(triggers[1].arg, 1),
    FIELD(triggers[2].flow, BAD),
    FIELD(triggers[2].flow, PL_NOWHERE),
    FIELD(triggers[0].cond, BAD),
    FIELD(triggers[0].cond, AT_ASK),
    FIELD(session[0].title, BAD),
    FIELD(customer[0].title, BAD),
    FIELD(waits[0].flow, BAD),
    FIELD(waits[0].at, BAD),
    FIELD(waits[0].at, AT_HOOK),
    FIELD(waits[0].next, BAD),
    FIELD(waits[0].next, 1),
    FIELD(waits[0].slot, 3),
    FIELD(waits[0].slot, PL_SLOT(PL_SCOPE_SESSION, 1)),
    FIELD(waits[0].slot, 3u << 22),
    FIELD(waits[0].type.def, BAD),
    FIELD(waits[0].entity, 1),
    FIELD(waits[0].prompt, BAD),
    FIELD(waits[0].prompt, AT_ASK),
    FIELD(waits[0].tries, 0),
    FIELD(waits[0].els, BAD),
    FIELD(waits[0].els, PL_NOWHERE),
    FIELD(waits[0].els, AT_PROMPT),
    FIELD(waits[1].no, BAD),
    FIELD(waits[1].no, PL_NOWHERE),
    FIELD(waits[2].otherwise, BAD),
    FIELD(again[0], BAD),
    FIELD(again[0], AT_NO),
    FIELD(shows[0], 3),
    FIELD(checks[0].cond, BAD),
    FIELD(checks[0].refuse, AT_YES),
    FIELD(options[0].wait, BAD),
    FIELD(options[0].code, BAD),
    FIELD(options[0].code, PL_NOWHERE),
    FIELD(options[0].says, 1),
    FIELD(options[1].flow, BAD),
    FIELD(options[1].item, 3),
    FIELD(targets[1].flow, BAD),
    FIELD(targets[1].flow, PL_NOWHERE),
    FIELD(targets[1].nargs, 65),
    FIELD(calls[0].callee, 1),
    FIELD(calls[0].nargs, 2),
    FIELD(calls[0].result, 3),
    FIELD(calls[0].next, BAD),
    FIELD(calls[0].next, PL_NOWHERE),
    FIELD(calls[0].next, AT_PROMPT),
    FIELD(calls[1].callee, BAD),
    FIELD(calls[2].nargs, 2),
    FIELD(failures[0].code, BAD),
    FIELD(failures[0].code, AT_CHECK),
    FIELD(entities[0].def, BAD),
    FIELD(entities[0].title, BAD),
    FIELD(entities[0].hook, 1),
    FIELD(entities[0].lua, 1),
    FIELD(entities[0].lua, BAD),
    FIELD(backs[0].to, BAD),
    FIELD(backs[0].to, AT_PROMPT),
    FIELD(backs[0].els, BAD),
    FIELD(handoffs[0].queue, 1),
    FIELD(handoffs[0].queue_slot, 3),
    FIELD(handoffs[0].because, BAD),
    FIELD(handoffs[0].closed, BAD),
    FIELD(handoffs[0].closed, AT_PROMPT),
    FIELD(rules[0].cond, BAD),
    FIELD(rules[0].cond, AT_HOOK),
    FIELD(rules[0].handoff.queue, 1),
    FIELD(rules[0].handoff.because, BAD),
    FIELD(rules[0].handoff.because, 1),
    FIELD(rules[0].handoff.closed, AT_NO),
    FIELD(queues[0].title, BAD),
    FIELD(queues[0].hours, 1),
    FIELD(points[0].file, BAD),
    FIELD(points[0].file, 1),
    FIELD(points[0].to, BAD),
    FIELD(points[0].to, PL_NOWHERE),
    FIELD(points[1].from, BAD),
    FIELD(points[2].to, 2),
    FIELD(p.start, BAD),
    FIELD(p.prelude[0], BAD),
    FIELD(p.prelude[PL_PRELUDE_CLARIFICATION], 1),
    FIELD(p.prelude[PL_PRELUDE_CANCEL], PL_NOWHERE),
};

static void refuses_each_index(void **state) {
    (void)state;
    for (size_t k = 0; k < PL_LEN(indices); k++) {
        struct small m;
        struct pl_image *i;
        char why[256];
        small_make(&m);
        if (k == 0)
            m.types[0].kind = PL_KIND_LIST, m.types[0].def = BAD;
        else
            memcpy((char *)&m + indices[k].at, &indices[k].value, sizeof(uint32_t));
        enum pl_err err = load(&m, &i, why);
        if (err == PL_OK) pl_image_unref(&i);
        if (err != PL_MALFORMED || why[0] == 0)
            fail_msg("%s: got %d '%s'", indices[k].name, err, why);
        small_free(&m);
    }
}

#define BYTE(path, value)                                                                          \
    { #path " = " #value, offsetof(struct small, path), value }
static const struct {
    const char *name;
    size_t at;
    uint8_t value;
} bytes[] = {
    BYTE(types[0].kind, 99),
    BYTE(slots[0].type.kind, 99),
    BYTE(flows[0].interrupt, 3),
    BYTE(flows[0].on_change, 3),
    BYTE(flows[0].result.kind, 99),
    BYTE(triggers[0].kind, 5),
    BYTE(waits[0].kind, 4),
    BYTE(waits[0].type.kind, 99),
    BYTE(waits[0].kind, PL_WAIT_CHOOSE),
    BYTE(options[0].kind, 4),
    BYTE(hooks[0].effect, 3),
    BYTE(hooks[0].result.kind, 99),
    BYTE(hook_params[0].type.kind, 99),
    BYTE(handoffs[0].mode, 4),
    BYTE(handoffs[0].mode, PL_HANDOFF_OFFER),
    BYTE(rules[0].handoff.mode, 4),
    BYTE(points[0].kind, 3),
    BYTE(open[0].weekday, 7),
    BYTE(open[0].from, 255), /* 9:00 becomes 12:15 … */
};

static void refuses_each_kind(void **state) {
    (void)state;
    for (size_t k = 0; k < PL_LEN(bytes); k++) {
        struct small m;
        struct pl_image *i;
        char why[256];
        small_make(&m);
        *((uint8_t *)&m + bytes[k].at) = bytes[k].value;
        if (strstr(bytes[k].name, "from")) m.open[0].to = 5; /* … and closes before it opens */
        enum pl_err err = load(&m, &i, why);
        if (err == PL_OK) pl_image_unref(&i);
        if (err != PL_MALFORMED || why[0] == 0)
            fail_msg("%s: got %d '%s'", bytes[k].name, err, why);
        small_free(&m);
    }
}

/* ---- what finds an entity ---- */

/* The hook that finds the entity: pure, of three texts, a list of {number, number, text}. */
struct finder {
    struct small m;
    struct pl_p_hook hooks[2];
    struct pl_type types[2];
    struct pl_typedef defs[3];
    struct pl_typedef_field params[3], fields[3];
};

static void make_finder(struct finder *f) {
    small_make(&f->m);
    f->hooks[0] = f->m.hooks[0];
    f->types[0] = f->m.types[0];
    f->types[1] = (struct pl_type){.kind = PL_KIND_RECORD, .def = 2};
    memcpy(f->defs, f->m.defs, sizeof f->m.defs);
    for (int i = 0; i < 3; i++) {
        f->params[i] = (struct pl_typedef_field){PL_STR("given"), {.kind = PL_KIND_TEXT}, 0};
        f->fields[i] = (struct pl_typedef_field){
            PL_STR("of it"), {.kind = i == 2 ? PL_KIND_TEXT : PL_KIND_NUMBER}, 0};
    }
    f->defs[2] = (struct pl_typedef){
        .name = PL_STR("found"), .kind = PL_KIND_RECORD, .fields = f->fields, .nfields = 3};
    f->hooks[1] = (struct pl_p_hook){.name = PL_STR("places.find"),
                                     .effect = PL_CLASS_PURE,
                                     .nparams = 3,
                                     .params = f->params,
                                     .result = {.kind = PL_KIND_LIST, .def = 1},
                                     .within_ms = 200};
    f->m.p.hooks = f->hooks;
    f->m.p.nhooks = 2;
    f->m.p.types.types = f->types;
    f->m.p.types.ntypes = 2;
    f->m.p.types.defs = f->defs;
    f->m.p.types.ndefs = 3;
    f->m.entities[0].lua = 1;
}

static void not_a_finder(struct finder *f) {
    refused(&f->m, "finds an entity: its signature");
    make_finder(f);
}

static void refuses_other_finders(void **state) {
    struct finder f;
    struct pl_image *i;
    char why[256];
    (void)state;
    make_finder(&f);
    if (load(&f.m, &i, why) != PL_OK) fail_msg("%s", why);
    assert_int_equal(pl_image_program(i)->entities[0].lua, 1);
    pl_image_unref(&i);
    f.hooks[1].effect = PL_CLASS_READ;
    not_a_finder(&f);
    f.hooks[1].nparams = 2;
    not_a_finder(&f);
    f.params[1].type.kind = PL_KIND_NUMBER;
    not_a_finder(&f);
    f.hooks[1].result = (struct pl_type){.kind = PL_KIND_TEXT};
    not_a_finder(&f);
    f.hooks[1].result.def = 0; /* a list of something else */
    not_a_finder(&f);
    f.defs[2].nfields = 2;
    not_a_finder(&f);
    f.fields[0].type.kind = PL_KIND_TEXT;
    not_a_finder(&f);
    f.fields[2].type.kind = PL_KIND_NUMBER;
    not_a_finder(&f);
    f.fields[2].type.optional = true;
    not_a_finder(&f);
    f.m.entities[0].lua = 0; /* a hook that is there, and reads the shop */
    not_a_finder(&f);
    small_free(&f.m);
}

/* ---- code ---- */

static void code_is(uint32_t at, uint32_t word, const char *reason) {
    struct small m;
    small_make(&m);
    m.code[at] = word;
    refused(&m, reason);
}

static void refuses_wrong_code(void **state) {
    (void)state;
    code_is(AT_ASK + 1, 0xff, "an unknown opcode at 4");
    code_is(AT_ASK + 1, PL_WORD(PL_OP_ADD, 0), "ADD at 4: too few values");
    code_is(AT_ASK + 1, PL_WORD(PL_OP_LOAD, 3), "no such slot");
    code_is(AT_ASK + 1, PL_WORD(PL_OP_CONST, 4), "a constant: number 4 of 4");
    code_is(12, PL_WORD(PL_OP_MARK, 1), "a name at 12 is no text");
    code_is(12, PL_WORD(PL_OP_FACT, PL_FACTS), "a fact");
    code_is(12, PL_WORD(PL_OP_SAY, 0), "stack is too deep or empty");
    code_is(10, PL_WORD(PL_OP_JUMP, 9), "no instruction");
    code_is(10, PL_WORD(PL_OP_JUMP, 7), "reached with two stack depths");
    code_is(16, PL_WORD(PL_OP_JUMP, AT_PLAIN + 5), "leaves its flow");
    code_is(9, AT_COND, "leaves its flow");
    code_is(1, 2, "no instruction");
    code_is(0, PL_WORD(PL_OP_PICK, 0), "a branch without ways");
    code_is(AT_ELSE, PL_WORD(PL_OP_DONE, 0), "a flow runs into DONE");
    code_is(AT_REFUSE + 3, PL_WORD(PL_OP_END, 0), "END at 41: not allowed in a block");
    code_is(AT_COND + 1, PL_WORD(PL_OP_EXPERIMENT, 9), "ends inside an instruction");
    code_is(AT_COND + 1, PL_WORD(PL_OP_NONE, 0), "");
    code_is(AT_PROMPT, PL_WORD(PL_OP_TEXT, 1), "too few values");
    code_is(AT_HOOK, PL_WORD(PL_OP_CALL_HOOK, 3), "a call");
    code_is(AT_YES, PL_WORD(PL_OP_JUMP, AT_YES + 1), "HANDOFF at 22: too few values");
}

static void refuses_deep_stacks(void **state) {
    struct small m;
    (void)state;
    small_make(&m); /* the condition of a trigger, 65 values high: in the blocks' place */
    static uint32_t code[NCODE + 80];
    memcpy(code, m.code, sizeof m.code);
    for (uint32_t i = 0; i < 65; i++) code[NCODE + i] = PL_WORD(PL_OP_NONE, 0);
    code[NCODE + 65] = PL_WORD(PL_OP_DONE, 0);
    m.p.code = code;
    m.p.ncode = NCODE + 66;
    m.triggers[2].cond = NCODE;
    refused(&m, "too deep");
    small_make(&m);
    for (uint32_t i = 0; i < 17; i++) code[NCODE + i] = PL_WORD(PL_OP_TEXT, 0);
    code[NCODE + 17] = PL_WORD(PL_OP_DONE, 0);
    m.p.code = code;
    m.p.ncode = NCODE + 18;
    m.triggers[2].cond = NCODE;
    refused(&m, "too deep");
}

static void refuses_other_messages(void **state) {
    struct small m;
    (void)state;
    small_make(&m);
    m.codes[0][0] = PL_STR("L\x09short");
    refused(&m, "message code is not well formed");
    small_make(&m);
    m.p.nlocales = 0;
    refused(&m, "no locale");
}

/* ---- bytes ---- */

static void refuses_what_is_no_image(void **state) {
    struct small m;
    struct pl_image *i = NULL;
    struct pl_buf b = {0};
    char why[256];
    (void)state;
    assert_int_equal(pl_image_load(PL_STR(""), hash, &i, why), PL_MALFORMED);
    assert_int_equal(pl_image_load(PL_STR("PLIMG"), hash, &i, why), PL_MALFORMED);
    small_make(&m);
    pl_program_write(&m.p, &b);
    b.p[5] = PL_IMAGE_VERSION + 1;
    assert_int_equal(pl_image_load(pl_buf_slice(&b), hash, &i, why), PL_VERSION);
    assert_string_equal(why, "an image of another format version");
    b.p[5] = PL_IMAGE_VERSION;
    pl_buf_byte(&b, 0);
    assert_int_equal(pl_image_load(pl_buf_slice(&b), hash, &i, why), PL_MALFORMED);
    b.n--;
    for (size_t n = 0; n < b.n; n++) {
        struct pl_str cut = {b.p, n};
        assert_int_equal(pl_image_load(cut, hash, &i, why), PL_MALFORMED);
        assert_null(i);
    }
    pl_buf_free(&b);
    small_free(&m);
}

/* Whatever loads can be asked for everything; what does not gives a reason. */
static void damaged_bytes_load_or_are_refused(void **state) {
    struct small m;
    struct pl_buf b = {0}, dump = {0};
    struct pl_rand rand;
    unsigned loaded = 0;
    (void)state;
    small_make(&m);
    pl_program_write(&m.p, &b);
    char *copy = malloc(b.n);
    pl_rand_seed(&rand, 5);
    for (int round = 0; round < 5000; round++) {
        struct pl_image *i = NULL;
        char why[256] = "";
        memcpy(copy, b.p, b.n);
        for (uint64_t n = 1 + pl_rand_below(&rand, 3); n; n--)
            copy[pl_rand_below(&rand, b.n)] ^= (char)(1u << pl_rand_below(&rand, 8));
        struct pl_str s = {copy, round % 10 ? b.n : pl_rand_below(&rand, b.n)};
        if (pl_image_load(s, hash, &i, why) != PL_OK) {
            assert_true(why[0] != 0);
            continue;
        }
        loaded++;
        pl_buf_clear(&dump);
        pl_program_dump(pl_image_program(i), &dump);
        for (uint32_t t = 0; t < pl_image_program(i)->ntexts; t++) (void)pl_image_text(i, t, 1);
        pl_image_unref(&i);
    }
    assert_true(loaded > 100); /* names and texts may be anything */
    free(copy);
    pl_buf_free(&b);
    pl_buf_free(&dump);
    small_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_what_was_written),
        cmocka_unit_test(finds_by_name),
        cmocka_unit_test(knows_where_a_run_may_stand),
        cmocka_unit_test(counts_its_users),
        cmocka_unit_test(refuses_each_index),
        cmocka_unit_test(refuses_each_kind),
        cmocka_unit_test(refuses_other_finders),
        cmocka_unit_test(refuses_wrong_code),
        cmocka_unit_test(refuses_deep_stacks),
        cmocka_unit_test(refuses_other_messages),
        cmocka_unit_test(refuses_what_is_no_image),
        cmocka_unit_test(damaged_bytes_load_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
