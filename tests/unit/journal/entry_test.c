/* SPDX-License-Identifier: Apache-2.0
 *
 * The fields of each kind: there and back, cut short, and full of rubbish.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "runtime/journal/journal.h"

static struct pl_masked masked(const char *text) {
    return (struct pl_masked){.s = pl_str_c(text)};
}

static const struct pl_str two[] = {
    {"{\"kind\":\"message\",\"from\":\"bot\",\"parts\":[]}", 42},
    {"{\"kind\":\"closed\"}", 17},
};

static const struct pl_entry samples[] = {
    {.kind = PL_ENTRY_OPEN,
     .open = {.resume = {1, 2, 3}, .locale = {"ar-SA", 5}, .page = {.s = {"https://x/", 10}}}},
    {.kind = PL_ENTRY_ARRIVAL,
     .arrival = {.client = 0xabcdef,
                 .counter = 7,
                 .body_hash = 99,
                 .said = 1,
                 .text = {.s = {"track.sms.yes", 13}},
                 .label = {"Yes", 3}}},
    {.kind = PL_ENTRY_TURN,
     .noutputs = 2,
     .outputs = two,
     .turn = {.image = {9, 8, 7, 6, 5, 4, 3, 2},
              .of = 4,
              .event = {"event", 5},
              .effects = {"effects", 7},
              .hash = UINT64_MAX}},
    {.kind = PL_ENTRY_RESULT,
     .result = {.effect = 300, .attempt = 2, .failure = {"unavailable", 11}}},
    {.kind = PL_ENTRY_WITH, .noutputs = 1, .outputs = two, .with = {.with = 1, .data = {"q", 1}}},
    {.kind = PL_ENTRY_AGENT, .agent = {.agent = {5}, .action = 3, .data = {"d", 1}}},
    {.kind = PL_ENTRY_RATED, .rated = {.seq = 14, .value = -1, .articles = {"en/pay", 6}}},
    {.kind = PL_ENTRY_CLOSED, .noutputs = 1, .outputs = two + 1, .closed = {.how = {"r", 1}}},
    {.kind = PL_ENTRY_MOVED, .moved = {.from = {1}, .to = {2}, .state = {"state", 5}}},
    {.kind = PL_ENTRY_KNOWN, .known = {.customer = {4}}},
    {.kind = PL_ENTRY_MEMORY, .memory = {.data = {"m", 1}}},
    {.kind = PL_ENTRY_QUEUED, .queued = {.conversation = {3}, .action = 1, .data = {"x", 1}}},
    {.kind = PL_ENTRY_IMAGE, .image = {.hash = {0xee}}},
    {.kind = PL_ENTRY_CONFIG, .config = {.name = {"port", 4}, .value = {"80", 2}}},
};

/* Bytes again of what was read. */
static void same_again(const struct pl_entry *e, struct pl_str bytes) {
    struct pl_buf b = {0};
    pl_entry_write(&b, e);
    assert_true(pl_str_eq(pl_buf_slice(&b), bytes));
    pl_buf_free(&b);
}

static void test_round_trip(void **state) {
    (void)state;
    for (size_t i = 0; i < PL_LEN(samples); i++) {
        struct pl_buf b = {0};
        struct pl_arena a;
        struct pl_entry got = {0};
        pl_arena_init(&a, 1 << 16);
        pl_entry_write(&b, &samples[i]);
        assert_int_equal(pl_entry_read(samples[i].kind, pl_buf_slice(&b), &a, &got), PL_OK);
        assert_int_equal(got.kind, samples[i].kind);
        same_again(&got, pl_buf_slice(&b));
        for (size_t n = 0; n < b.n; n++) {
            assert_int_equal(pl_entry_read(samples[i].kind, (struct pl_str){b.p, n}, &a, &got),
                             PL_MALFORMED);
        }
        pl_buf_byte(&b, 0);
        assert_int_equal(pl_entry_read(samples[i].kind, pl_buf_slice(&b), &a, &got), PL_MALFORMED);
        pl_buf_free(&b);
        pl_arena_free(&a);
    }
}

static void test_every_kind_has_a_sample(void **state) {
    (void)state;
    size_t kinds = 0;
    for (unsigned kind = 0; kind < 256; kind++) kinds += pl_entry_word(kind) != NULL;
    assert_int_equal(kinds, PL_LEN(samples) + 1); /* MORE has no fields */
    assert_string_equal(pl_entry_word(PL_ENTRY_TURN), "TURN");
    assert_null(pl_entry_word(0));
}

static void test_arrival_shows(void **state) {
    (void)state;
    struct pl_arena a;
    struct pl_str out[2];
    pl_arena_init(&a, 0);
    struct pl_entry_arrival v = {.client = 0xa1, .counter = 12, .text = masked("is \"it\" here?")};
    assert_int_equal(pl_entry_arrival_outputs(&a, &v, out), 1);
    assert_true(pl_str_is(
        out[0], "{\"kind\":\"message\",\"from\":\"customer\",\"cid\":\"00000000000000a1-12\","
                "\"parts\":[{\"type\":\"text\",\"text\":\"is \\\"it\\\" here?\"}]}"));
    v.text.card_seen = true;
    assert_int_equal(pl_entry_arrival_outputs(&a, &v, out), 2);
    assert_true(pl_str_is(out[1], "{\"kind\":\"card_seen\"}"));
    v = samples[1].arrival;
    assert_int_equal(pl_entry_arrival_outputs(&a, &v, out), 1);
    assert_int_not_equal(pl_str_find(out[0], PL_STR("\"text\":\"Yes\"")), SIZE_MAX);
    pl_arena_free(&a);
}

static void test_hostile(void **state) {
    (void)state;
    struct pl_arena a;
    struct pl_entry got = {0};
    struct pl_buf b = {0};
    pl_arena_init(&a, 1 << 16);
    assert_int_equal(pl_entry_read(0, PL_STR("x"), &a, &got), PL_MALFORMED);
    assert_int_equal(pl_entry_read(200, PL_STR("x"), &a, &got), PL_MALFORMED);
    assert_int_equal(pl_entry_read(PL_ENTRY_MORE, PL_STR("x"), &a, &got), PL_MALFORMED);
    /* who, text, then a number of outputs at the limit and over it */
    for (unsigned n = PL_ENTRY_OUTPUTS; n <= PL_ENTRY_OUTPUTS + 1; n++) {
        pl_buf_clear(&b);
        pl_buf_c(&b, "\1\1q");
        pl_buf_var(&b, n);
        for (unsigned i = 0; i < n; i++) pl_buf_byte(&b, 0);
        assert_int_equal(pl_entry_read(PL_ENTRY_WITH, pl_buf_slice(&b), &a, &got),
                         n > PL_ENTRY_OUTPUTS ? PL_LIMIT : PL_OK);
    }
    assert_int_equal(got.noutputs, PL_ENTRY_OUTPUTS);
    assert_int_equal(
        pl_entry_read(PL_ENTRY_WITH, PL_STR("\1\1q\xff\xff\xff\xff\xff\xff\xff\x7f"), &a, &got),
        PL_MALFORMED);
    assert_int_equal(pl_entry_read(PL_ENTRY_WITH, PL_STR("\3\1q\0"), &a, &got), PL_MALFORMED);
    assert_int_equal(pl_entry_read(PL_ENTRY_CLOSED, PL_STR("\xff\xff\xff\xff\x0f"), &a, &got),
                     PL_MALFORMED);
    pl_buf_free(&b);
    pl_arena_free(&a);
}

static void test_no_memory(void **state) {
    (void)state;
    struct pl_buf b = {0};
    pl_entry_write(&b, &samples[2]);
    struct pl_arena a;
    struct pl_entry got = {0};
    pl_arena_init(&a, 8);
    assert_int_equal(pl_entry_read(PL_ENTRY_TURN, pl_buf_slice(&b), &a, &got), PL_NOMEM);
    pl_arena_free(&a);
    pl_buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_every_kind_has_a_sample),
        cmocka_unit_test(test_arrival_shows), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
