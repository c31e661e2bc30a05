/* SPDX-License-Identifier: Apache-2.0
 * Packing: everything comes back, what repeats takes less, and no bytes make the unpacker go
 * astray. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/journal/journal_priv.h"

static struct pl_journal__pack pack;

/* Gives the packed length. */
static size_t comes_back(struct pl_str plain) {
    struct pl_buf b = {0};
    struct pl_arena a;
    struct pl_str back;
    pl_arena_init(&a, 0);
    pl_journal__pack(&pack, plain, &b);
    assert_true(b.n <= PL_JOURNAL__PACKED(plain.n));
    assert_int_equal(pl_journal__unpack(&pack, pl_buf_slice(&b), plain.n, &a, &back), PL_OK);
    assert_true(pl_str_eq(back, plain));
    if (plain.n) /* one byte less is allowed */
        assert_int_equal(pl_journal__unpack(&pack, pl_buf_slice(&b), plain.n - 1, &a, &back),
                         PL_MALFORMED);
    size_t n = b.n;
    pl_arena_free(&a);
    pl_buf_free(&b);
    return n;
}

static void messages_shrink(void **state) {
    (void)state;
    static const char one[] =
        "{\"kind\":\"message\",\"from\":\"bot\",\"id\":\"track.sms.again\",\"parts\":[{\"type\":"
        "\"text\",\"text\":\"Shall we text you at each step? Please say yes or no.\"}],\"choices\":"
        "[{\"id\":\"track.sms.yes\",\"label\":\"Yes, please\"},{\"id\":\"track.sms.no\",\"label\":"
        "\"No, thanks\"}]}";
    size_t n = comes_back((struct pl_str){one, sizeof one - 1});
    print_message("%zu of %zu bytes\n", n, sizeof one - 1);
    assert_true(n * 2 < sizeof one);
    assert_true(comes_back(PL_STR("")) <= 5);
    assert_true(comes_back(PL_STR("x")) <= 6);
    assert_true(comes_back(PL_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")) < 20);
}

/* Of a few letters, so that much repeats, or of all bytes, so that nothing does. */
static void all_bytes_come_back(void **state) {
    (void)state;
    struct pl_rand r;
    pl_rand_seed(&r, 11);
    char *bytes = malloc(PL_ENTRY_MOST);
    for (int i = 0; i < 3000; i++) {
        size_t n = i < 2990 ? pl_rand_below(&r, 2000) : PL_ENTRY_MOST - (size_t)(i - 2990);
        uint64_t letters = 1 + pl_rand_below(&r, i % 2 ? 4 : 256);
        for (size_t k = 0; k < n; k++) bytes[k] = (char)pl_rand_below(&r, letters);
        comes_back((struct pl_str){bytes, n});
    }
    free(bytes);
}

static void any_bytes_are_refused_or_unpacked(void **state) {
    (void)state;
    struct pl_rand r;
    struct pl_arena a;
    struct pl_buf good = {0};
    struct pl_str out;
    unsigned opened = 0;
    pl_rand_seed(&r, 12);
    pl_arena_init(&a, 0);
    pl_journal__pack(&pack, PL_STR("{\"kind\":\"message\", abcabcabcabcabc, and so on and so on}"),
                     &good);
    for (int i = 0; i < 20000; i++) {
        char *bytes = malloc(good.n); /* of its own, so that a byte too far is seen */
        size_t n = pl_rand_below(&r, good.n) + 1;
        memcpy(bytes, good.p, n);
        for (int k = 0; k < 3; k++) bytes[pl_rand_below(&r, n)] = (char)pl_rand_u64(&r);
        opened += pl_journal__unpack(&pack, (struct pl_str){bytes, n}, 4096, &a, &out) == PL_OK;
        pl_arena_reset(&a);
        free(bytes);
    }
    print_message("%u of 20000 unpacked\n", opened);
    assert_true(opened < 20000);
    assert_int_equal(pl_journal__unpack(&pack, PL_STR(""), 4096, &a, &out), PL_MALFORMED);
    pl_buf_free(&good);
    pl_arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_shrink),
        cmocka_unit_test(all_bytes_come_back),
        cmocka_unit_test(any_bytes_are_refused_or_unpacked),
    };
    if (!pl_journal__pack_open(&pack)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pl_journal__pack_close(&pack);
    return failed;
}
