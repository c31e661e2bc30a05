/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of passages: found by meaning alone, joined with what was found by words, refused when
 * they are of others or damaged. The vectors are of a made-up model that knows a few synonyms.
 */
#include "runtime/kb/kb.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S(literal)                                                                                 \
    { ("" literal), sizeof(literal) - 1 }
#define DIMS 8

static const struct pl_kb_passage money[] = {
    {S(""), S(""), S("A refund is paid back to your card within five days.")}};
static const struct pl_kb_passage boots[] = {
    {S(""), S(""), S("Clean leather shoes with a soft brush.")},
    {S("Storing"), S("storing"), S("Keep them dry.")}};
static const struct pl_kb_passage hours[] = {{S(""), S(""), S("Our shop opens at nine.")}};
static const struct pl_kb_passage horas[] = {{S(""), S(""), S("Abrimos a las nueve.")}};

static const struct pl_kb_article articles[] = {
    {S("en"), S("refund"), S("Refunds"), S(""), NULL, 0, money, 1},
    {S("en"), S("care"), S("Care"), S(""), NULL, 0, boots, 2},
    {S("en"), S("hours"), S("Hours"), S(""), NULL, 0, hours, 1},
    {S("es"), S("hours"), S("Horario"), S(""), NULL, 0, horas, 1},
};

/* A dimension for each meaning. */
static const char *const meanings[DIMS][6] = {
    {"refund", "money", "reimburse"},
    {"shoe", "boot", "footwear"},
    {"clean", "wash", "scrub"},
    {"open", "start", "nueve"},
    {"dry", "store", "wardrobe"},
    {"card", "bank"},
    {"day", "week"},
    {"shop", "branch"},
};

static void embed(struct pl_str text, int8_t row[DIMS]) {
    float v[DIMS];
    char s[1024];
    snprintf(s, sizeof s, "%.*s", PL_STR_ARG(text));
    for (int i = 0; i < DIMS; i++) {
        v[i] = 0.01f;
        for (int k = 0; k < 6 && meanings[i][k]; k++)
            if (strstr(s, meanings[i][k])) v[i] += 1;
    }
    assert_int_equal(pl_kb_vector_row(v, DIMS, row), PL_OK);
}

static struct pl_locale_tools *tools;
static struct pl_buf index_bytes, bytes;
static struct pl_kb *kb;
static struct pl_kb_scratch *scratch;
static struct pl_kb_vectors vectors;
static struct pl_kb_result result;

static int setup(void **state) {
    int8_t rows[5][DIMS];
    struct pl_arena a;
    struct pl_kb_hit hit;
    (void)state;
    pl_arena_init(&a, 0);
    tools = pl_locale_tools_new();
    scratch = pl_kb_scratch_new(tools);
    assert_int_equal(pl_kb_build(tools, articles, PL_LEN(articles), &index_bytes), PL_OK);
    assert_int_equal(pl_kb_open(pl_buf_slice(&index_bytes), &kb), PL_OK);
    uint32_t n = 0;
    for (; pl_kb_passage(kb, n, &hit); n++) embed(pl_kb_vector_text(&a, &hit), rows[n]);
    assert_int_equal(n, PL_LEN(rows));
    assert_int_equal(pl_kb_vectors_build(kb, pl_buf_slice(&index_bytes), PL_STR("made-up"), DIMS,
                                         rows[0], &bytes),
                     PL_OK);
    assert_int_equal(
        pl_kb_vectors_open(pl_buf_slice(&bytes), kb, pl_buf_slice(&index_bytes), &vectors), PL_OK);
    pl_arena_free(&a);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pl_kb_close(&kb);
    pl_kb_scratch_free(&scratch);
    pl_locale_tools_free(&tools);
    pl_buf_free(&index_bytes);
    pl_buf_free(&bytes);
    return 0;
}

/* The articles found, best first; by words alone before. */
static void finds(const char *text, const char *locale, const char *words, const char *both) {
    struct pl_kb_query q = {pl_str_c(text), pl_str_c(locale), PL_STR("en"), PL_KB_MOST_HITS};
    int8_t question[DIMS];
    char ids[2][200] = {"", ""};
    embed(q.text, question);
    pl_kb_search(scratch, kb, &q, &result);
    for (int pass = 0; pass < 2; pass++) {
        bool sure = result.sure;
        if (pass == 1) pl_kb_fuse(kb, &vectors, &q, question, &result);
        assert_int_equal(result.sure, sure);
        for (uint32_t i = 0; i < result.n; i++) {
            size_t n = strlen(ids[pass]);
            snprintf(ids[pass] + n, sizeof ids[pass] - n, "%.*s ", PL_STR_ARG(result.hits[i].id));
        }
    }
    assert_string_equal(ids[0], words);
    assert_memory_equal(ids[1], both, strlen(both));
}

static void test_found_by_meaning(void **state) {
    (void)state;
    assert_true(pl_str_is(vectors.model, "made-up"));
    finds("reimburse me please", "en", "", "refund ");
    assert_false(result.sure); /* what a distance means nobody knows */
    assert_int_equal(result.hits[0].nmarks, 0);
    assert_int_equal(result.hits[0].answer.end, result.hits[0].text.n);
    finds("my wardrobe", "en", "", "care ");
    assert_true(pl_str_is(result.hits[0].heading, "Storing")); /* the passage, not the article */
    finds("nueve", "es", "hours ", "hours ");
    assert_true(pl_str_is(result.hits[0].locale, "es"));
}

static void test_joined(void **state) {
    (void)state;
    /* what is found both ways comes before what is found one way */
    struct pl_kb_query q = {PL_STR("scrub footwear paid"), PL_STR("en"), PL_STR(""), 2};
    int8_t question[DIMS];
    embed(q.text, question);
    pl_kb_search(scratch, kb, &q, &result);
    assert_true(result.n > 0 && pl_str_is(result.hits[0].id, "refund"));
    pl_kb_fuse(kb, &vectors, &q, question, &result);
    assert_int_equal(result.n, 2);
    assert_true(pl_str_is(result.hits[0].id, "refund")); /* by words and by meaning */
    assert_true(pl_str_is(result.hits[1].id, "care"));   /* by meaning alone */
    assert_true(result.hits[0].score > result.hits[1].score);
    /* the first of a sure search stays first */
    q.text = PL_STR("refund paid back to your card");
    pl_kb_search(scratch, kb, &q, &result);
    assert_true(result.sure);
    embed(PL_STR("wash boots"), question);
    pl_kb_fuse(kb, &vectors, &q, question, &result);
    assert_true(result.sure && pl_str_is(result.hits[0].id, "refund"));
}

static void test_rows(void **state) {
    int8_t row[3];
    (void)state;
    assert_int_equal(pl_kb_vector_row((float[]){0.5f, -1, 0}, 3, row), PL_OK);
    assert_int_equal(row[0], 64);
    assert_int_equal(row[1], -127);
    assert_int_equal(row[2], 0);
    assert_int_equal(pl_kb_vector_row((float[]){0, 0, 0}, 3, row), PL_MALFORMED);
    assert_int_equal(pl_kb_vector_row((float[]){1, 0.f / 0.f, 0}, 3, row), PL_MALFORMED);
    assert_int_equal(pl_kb_vector_row((float[]){1, 1e30f * 1e30f, 0}, 3, row), PL_MALFORMED);
}

/* Of other articles, of another format, cut anywhere, a length that lies. */
static void test_refused(void **state) {
    struct pl_kb_vectors v = {.dims = 77};
    struct pl_str all = pl_buf_slice(&bytes), index = pl_buf_slice(&index_bytes);
    struct pl_buf b = {0};
    (void)state;
    assert_int_equal(pl_kb_vectors_open(all, kb, PL_STR("another"), &v), PL_CONFLICT);
    for (size_t n = 0; n < all.n; n++) {
        char *cut = malloc(n + 1); /* a read behind it is seen */
        memcpy(cut, all.p, n);
        assert_int_equal(pl_kb_vectors_open((struct pl_str){cut, n}, kb, index, &v), PL_MALFORMED);
        free(cut);
    }
    for (size_t at = 0; at < 28; at++)
        for (int bit = 0; bit < 8; bit++) {
            pl_buf_clear(&b);
            pl_buf_str(&b, all);
            b.p[at] = (char)(b.p[at] ^ 1 << bit);
            assert_int_not_equal(pl_kb_vectors_open(pl_buf_slice(&b), kb, index, &v), PL_OK);
        }
    assert_int_equal(v.dims, 77);
    int8_t none[1] = {0};
    pl_buf_clear(&b);
    assert_int_equal(pl_kb_vectors_build(kb, index, PL_STR("m"), PL_KB_MOST_DIMS + 1, none, &b),
                     PL_LIMIT);
    assert_int_equal(pl_kb_vectors_build(kb, index, PL_STR("m"), 0, none, &b), PL_LIMIT);
    assert_int_equal(b.n, 0);
    pl_buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_by_meaning),
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
