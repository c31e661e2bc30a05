/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks: which slot the values of a message are for; and what others found in it.
 */
#include "tests/unit/nlp/marks.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW INT64_C(1795338000000)

static struct pl_locale_tools *tools;
static struct pl_arena arena;
static struct pl_buf section;
static struct pl_nlp_model *model;
static struct pl_nlp *nlp;

static int setup(void **state) {
    struct pl_str why;
    (void)state;
    tools = pl_locale_tools_new();
    pl_arena_init(&arena, 0);
    assert_int_equal(pl_nlp_build(tools, &arena, &marks, &section, &why), PL_OK);
    assert_int_equal(pl_nlp_open(pl_buf_slice(&section), &model), PL_OK);
    assert_int_equal(pl_nlp_new(model, tools, &nlp), PL_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pl_nlp_free(&nlp);
    pl_nlp_close(&model);
    pl_buf_free(&section);
    pl_arena_free(&arena);
    pl_locale_tools_free(&tools);
    return 0;
}

static struct pl_nlp_context context(const char *language) {
    return (struct pl_nlp_context){
        .language = pl_str_c(language), .locale = PL_STR("en-US"), .now_ms = NOW};
}

/* "slot=the words of its value", sorted by slot as they stand in the text. */
static int by_place(const void *a, const void *b) {
    const struct pl_nlp_marked *x = a, *y = b;
    if (x->found.start != y->found.start) return x->found.start < y->found.start ? -1 : 1;
    return pl_str_cmp(x->slot, y->slot);
}

static struct pl_str told(struct pl_str text, struct pl_nlp_reading *r) {
    struct pl_buf b = {0};
    if (r->nmarked) qsort(r->marked, r->nmarked, sizeof *r->marked, by_place);
    for (uint32_t i = 0; i < r->nmarked; i++) {
        const struct pl_nlp_found *f = &r->marked[i].found;
        assert_true(f->start < f->end && f->end <= text.n);
        pl_buf_printf(&b, "%s%.*s=%.*s", i ? " " : "", PL_STR_ARG(r->marked[i].slot),
                      (int)(f->end - f->start), text.p + f->start);
    }
    struct pl_str out = pl_arena_str(&arena, pl_buf_slice(&b));
    pl_buf_free(&b);
    return out;
}

struct row {
    const char *text, *told;
};

static void check_in(const char *language, const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct pl_nlp_context ctx = context(language);
        struct pl_nlp_reading r;
        pl_nlp_read(nlp, &arena, pl_str_c(rows[i].text), &ctx, &r);
        struct pl_str got = told(pl_str_c(rows[i].text), &r);
        if (!pl_str_is(got, rows[i].told))
            fail_msg("%s: %.*s, not %s", rows[i].text, PL_STR_ARG(got), rows[i].told);
    }
}

static void several_of_one_entity(void **state) {
    static const struct row rows[] = {
        {"a trip from Berlin to Paris", "from=Berlin to=Paris"},
        {"a trip to Paris from Berlin", "to=Paris from=Berlin"},
        {"a trip from Paris to Paris", "from=Paris to=Paris"},
        {"return 42 for 43.5", "old=42 new=43.5"},
        {"return 42 for 42", "old=42 new=42"},
        {"please change my shoes to size 43", "new=43"},
    };
    (void)state;
    check_in("en", rows, PL_LEN(rows));
}

static void at_the_edges(void **state) {
    static const struct row rows[] = {
        {"Berlin to Paris", "from=Berlin to=Paris"},
        {"Paris", ""},
        {"a trip to Rome", "to=Rome"},
        {"to", ""},
        {"from to", ""},
        {"a trip from", ""},
        {"", ""},
    };
    (void)state;
    check_in("en", rows, PL_LEN(rows));
}

/* "York" is part of "New York": the longer one is the value. */
static void overlaps(void **state) {
    static const struct row rows[] = {
        {"a trip from New York to York", "from=New York to=York"},
        {"a trip from York to New York", "from=York to=New York"},
    };
    (void)state;
    check_in("en", rows, PL_LEN(rows));
}

/* Words in between are skipped up to three; values and punctuation end it. */
static void gaps(void **state) {
    static const struct row rows[] = {
        {"a trip from the grand old city of Berlin, please", ""},
        {"a trip from the city of Berlin, please", "from=Berlin"},
        {"a trip from here. Berlin is nice", ""},
    };
    (void)state;
    check_in("en", rows, PL_LEN(rows));
}

static void right_to_left(void **state) {
    static const struct row rows[] = {
        {"رحلة من باريس إلى روما", "from=باريس to=روما"},
        {"رحلة من روما إلى باريس", "from=روما to=باريس"},
    };
    (void)state;
    check_in("ar", rows, PL_LEN(rows));
}

static void words_and_kinds(void **state) {
    static const struct row rows[] = {
        {"please tell them I am late", "note=I am late"},
        {"please tell them", ""},
        {"leave a note saying happy birthday gift wrapped yes", "note=happy birthday wrap=yes"},
        {"a trip for 3 persons", "persons=3"},
        {"I want to travel, I have 3 bags", ""},
    };
    (void)state;
    check_in("en", rows, PL_LEN(rows));
}

static void a_whole_message(void **state) {
    static const struct row rows[] = {
        {"41 out, 40 in", "old=41 new=40"},
        {"40 in, please", "new=40"},
        {"what 41 out, 40 in", ""},
    };
    (void)state;
    check_in("en", rows, PL_LEN(rows));
    struct pl_nlp_context ctx = context("en");
    struct pl_nlp_reading r;
    pl_nlp_read(nlp, &arena, PL_STR("41 out, 40 in"), &ctx, &r);
    assert_int_equal(r.says[0], 1);
    assert_int_equal(r.marked[0].by, PL_NLP_MARKED_SAYS);
    assert_int_equal(r.marked[0].of, 0);
    pl_nlp_read(nlp, &arena, PL_STR("41 out"), &ctx, &r);
    assert_int_equal(r.says[0], 0);
}

/* ---- what others found ---- */

static void given_values(void **state) {
    (void)state;
    struct pl_str text = PL_STR("é gate b-12 of Ada Lovelace"), at = PL_STR("b-12 of Ada");
    const struct pl_nlp_given given[] = {{GATE, 8, 12, S("b12")},
                                         {GATE, 8, 99, S("outside")},
                                         {GATE, 1, 2, S("inside a character")},
                                         {77, 0, 2, S("of no entity")}},
                              first = {GATE, 0, 4, S("b12")};
    struct pl_nlp_context ctx = context("en");
    struct pl_nlp_reading r;
    ctx.given = given;
    ctx.ngiven = PL_LEN(given);
    pl_nlp_read(nlp, &arena, text, &ctx, &r);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r.nfound; i++) {
        if (r.found[i].how != PL_NLP_BY_OTHERS) continue;
        n++;
        assert_int_equal(r.found[i].entity, GATE);
        assert_true(pl_str_is(r.found[i].value.s, "B12"));
    }
    assert_int_equal(n, 1);
    ctx.given = &first;
    ctx.ngiven = 1;
    pl_nlp_read(nlp, &arena, at, &ctx, &r);
    struct pl_str got = told(at, &r);
    if (!pl_str_is(got, "gate=b-12 name=Ada")) fail_msg("%.*s", PL_STR_ARG(got));
}

/* Of two in one place the longer one. */
static void given_overlaps(void **state) {
    (void)state;
    const struct pl_nlp_given given[] = {
        {GATE, 0, 1, S("short")}, {GATE, 0, 4, S("long")}, {GATE, 2, 4, S("end")}};
    struct pl_nlp_context ctx = context("en");
    struct pl_nlp_reading r;
    ctx.given = given;
    ctx.ngiven = PL_LEN(given);
    pl_nlp_read(nlp, &arena, PL_STR("b-12"), &ctx, &r);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r.nfound; i++) {
        if (r.found[i].entity != GATE) continue;
        n++;
        assert_true(pl_str_is(r.found[i].value.s, "LONG"));
    }
    assert_int_equal(n, 1);
}

static void given_wrong(void **state) {
    static char longest[PL_NLP_GIVEN_VALUE + 1];
    (void)state;
    memset(longest, 'x', sizeof longest);
    const struct {
        struct pl_nlp_given g;
        const char *why;
    } rows[] = {
        {{0, 0, 3, S("x")}, NULL},
        {{0, 0, 1, S("x")}, NULL},
        {{0, 1, 3, S("x")}, NULL},
        {{0, 0, 3, {longest, PL_NLP_GIVEN_VALUE}}, NULL},
        {{0, 0, 4, S("x")}, "a place that is not in the text"},
        {{0, 0, UINT32_MAX, S("x")}, "a place that is not in the text"},
        {{0, UINT32_MAX, 3, S("x")}, "a place that is not in the text"},
        {{0, 1, 1, S("x")}, "a place that is not in the text"},
        {{0, 3, 1, S("x")}, "a place that is not in the text"},
        {{0, 2, 3, S("x")}, "a place inside a character"},
        {{0, 0, 2, S("x")}, "a place inside a character"},
        {{0, 0, 1, S("")}, "a value that is empty or long"},
        {{0, 0, 1, {longest, PL_NLP_GIVEN_VALUE + 1}}, "a value that is empty or long"},
        {{0, 0, 1, S("\xff")}, "a value that is not UTF-8"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        const char *why = pl_nlp_given_wrong(PL_STR("aé"), &rows[i].g);
        if (!why != !rows[i].why || (why && strcmp(why, rows[i].why) != 0))
            fail_msg("row %zu: %s", i, why ? why : "nothing wrong");
    }
}

/* ---- the section ---- */

/* Damaged sections are refused, or read messages without harm and tell places in them. */
static void damaged_sections(void **state) {
    static const char *const texts[] = {"a trip from Berlin to Paris", "41 out, 40 in",
                                        "leave a note saying hi gift wrapped yes"};
    struct pl_rand rand;
    unsigned opened = 0, refused = 0;
    char *copy = malloc(section.n);
    struct pl_arena a;
    (void)state;
    pl_rand_seed(&rand, 7);
    for (int round = 0; round < 400; round++) {
        struct pl_nlp_model *m = NULL;
        struct pl_nlp *n = NULL;
        memcpy(copy, section.p, section.n);
        /* patterns and recognisers come first; the linear model is most of the rest */
        size_t within = section.n < 4096 ? section.n : 4096;
        for (uint64_t k = 1 + pl_rand_below(&rand, 3); k; k--)
            copy[pl_rand_below(&rand, within)] ^= (char)(1u << pl_rand_below(&rand, 8));
        enum pl_err err = pl_nlp_open((struct pl_str){copy, section.n}, &m);
        refused += err != PL_OK;
        if (err != PL_OK) continue;
        opened++;
        pl_arena_init(&a, 0);
        for (size_t i = 0; pl_nlp_new(m, tools, &n) == PL_OK && i < PL_LEN(texts); i++) {
            struct pl_nlp_context ctx = context("en");
            struct pl_nlp_reading r;
            pl_nlp_read(n, &a, pl_str_c(texts[i]), &ctx, &r);
            for (uint32_t k = 0; k < r.nmarked; k++)
                assert_true(r.marked[k].found.end <= strlen(texts[i]));
            pl_nlp_free(&n);
        }
        pl_nlp_free(&n);
        pl_arena_free(&a);
        pl_nlp_close(&m);
    }
    assert_true(opened > 20 && refused > 20);
    free(copy);
}

static void cut_sections(void **state) {
    struct pl_nlp_model *m = NULL;
    (void)state;
    for (size_t n = 0; n < section.n; n += n < 4000 ? 1 : 997)
        assert_int_equal(pl_nlp_open((struct pl_str){section.p, n}, &m), PL_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_of_one_entity),
        cmocka_unit_test(at_the_edges),
        cmocka_unit_test(overlaps),
        cmocka_unit_test(gaps),
        cmocka_unit_test(right_to_left),
        cmocka_unit_test(words_and_kinds),
        cmocka_unit_test(a_whole_message),
        cmocka_unit_test(given_values),
        cmocka_unit_test(given_overlaps),
        cmocka_unit_test(given_wrong),
        cmocka_unit_test(damaged_sections),
        cmocka_unit_test(cut_sections),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
