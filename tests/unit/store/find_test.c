/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding the entry of an event, and the decoders of records fed with anything.
 */
#include "tests/unit/store/harness.h"
#include "runtime/store/store_priv.h"

static void add(struct bench *b, struct pl_stream stream, uint64_t n, uint64_t first,
                uint64_t last) {
    struct put p;
    put_make(b, &p, stream, n, "x");
    p.puts[0].first_seq = first, p.puts[0].last_seq = last;
    assert_int_equal(put_now(b, &p), PL_OK);
}

static void test_find_seq(void **state) {
    (void)state;
    struct bench b;
    bench_start(&b, MEMORY);
    struct pl_stream one = stream_no('c', 1);
    uint64_t n = 77;
    assert_int_equal(pl_store_find_seq(b.s, &one, 1, &n), PL_NOT_FOUND);
    add(&b, one, 0, 0, 0); /* 1: none */
    add(&b, one, 1, 1, 3); /* 2 */
    add(&b, one, 2, 0, 0); /* 3: none */
    add(&b, one, 3, 4, 4); /* 4 */
    add(&b, one, 4, 5, 4); /* 5: none */
    const uint64_t expected[] = {1, 2, 2, 2, 4, 6, 6};
    for (uint64_t seq = 0; seq < PL_LEN(expected); seq++) {
        assert_int_equal(pl_store_find_seq(b.s, &one, seq, &n), PL_OK);
        assert_int_equal(n, expected[seq]);
    }
    bench_end(&b);
}

static void test_entry_bytes(void **state) {
    (void)state;
    uint8_t bytes[PL_STORE__HEADER + 3];
    struct pl_store_entry e = {.stream = stream_no('c', 9),
                               .n = 2,
                               .commit = 7,
                               .prev = 5,
                               .kind = 3,
                               .flags = 0x81,
                               .first_seq = 4,
                               .last_seq = 6,
                               .at_ms = -5,
                               .body = PL_STR("abc")};
    struct pl_store_entry got;
    size_t header = pl_store__header_put(bytes, &e);
    assert_true(header < 40);
    memcpy(bytes + header, "abc", 3);
    struct pl_str value = {(const char *)bytes, header + 3};
    assert_int_equal(pl_store__entry_get(value, 7, &got), PL_OK);
    assert_int_equal(got.prev, 5);
    assert_int_equal(got.at_ms, -5);
    assert_int_equal(got.flags, 0x81);
    assert_true(pl_str_is(got.body, "abc"));
    assert_int_equal(pl_store__entry_get(value, 8, &got), PL_MALFORMED);
    for (size_t n = 0; n < value.n; n++) {
        assert_int_not_equal(pl_store__entry_get((struct pl_str){value.p, n}, 7, &got), PL_OK);
    }
    for (size_t i = 0; i < header; i++) {
        bytes[i] ^= 1;
        assert_int_equal(pl_store__entry_get(value, 7, &got), i ? PL_MALFORMED : PL_VERSION);
        bytes[i] ^= 1;
    }
}

static void test_mark_bytes(void **state) {
    (void)state;
    struct pl_store__mark mark = {3, 9, 4}, got;
    uint8_t bytes[PL_STORE__MARK_MAX];
    size_t n = pl_store__mark_put(bytes, &mark);
    struct pl_str value = {(const char *)bytes, n};
    assert_int_equal(pl_store__mark_get(value, &got), PL_OK);
    assert_memory_equal(&mark, &got, sizeof mark);
    while (value.n--) {
        assert_int_equal(pl_store__mark_get(value, &got), PL_MALFORMED);
        if (value.n == 0) break;
    }
    value.n = n;
    bytes[0] = 9;
    assert_int_equal(pl_store__mark_get(value, &got), PL_VERSION);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find_seq),
                                       cmocka_unit_test(test_entry_bytes),
                                       cmocka_unit_test(test_mark_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
