/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <string.h>

#include "runtime/crypto/crypto.h"

#include <cmocka.h>

static void is_hex(const uint8_t *bytes, size_t n, const char *hex) {
    char text[128];
    pl_hex(bytes, n, text);
    assert_string_equal(text, hex);
}

static void hashes_match_the_standards(void **state) {
    (void)state;
    const char *const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    uint8_t out[48];
    pl_crypto_sha256(PL_STR("abc"), out); /* FIPS 180-4 */
    is_hex(out, 32, abc);
    pl_crypto_sha256(PL_STR(""), out);
    is_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct pl_sha *h = pl_sha_create();
    for (int twice = 0; twice < 2; twice++) {
        pl_sha_add(h, PL_STR("a"));
        pl_sha_add(h, PL_STR(""));
        pl_sha_add(h, PL_STR("bc"));
        pl_sha_end(h, out);
        is_hex(out, 32, abc);
    }
    static const char jefe[] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    pl_crypto_hmac(PL_STR("Jefe"), PL_STR("what do ya want for nothing?"), out); /* RFC 4231, 2 */
    is_hex(out, 32, jefe);
    struct pl_sip *sip = pl_sip_create();
    char sip_in[15]; /* the example of the paper's appendix A */
    uint8_t sip_key[PL_SIP_KEY];
    for (uint8_t i = 0; i < sizeof sip_in; i++) sip_in[i] = (char)i;
    for (uint8_t i = 0; i < sizeof sip_key; i++) sip_key[i] = i;
    assert_true(pl_sip_hash(sip, sip_key, (struct pl_str){sip_in, 15}) ==
                UINT64_C(0xa129ca6149be45e5));
    assert_true(pl_sip_hash(sip, sip_key, (struct pl_str){sip_in, 8}) !=
                pl_sip_hash(sip, sip_key, (struct pl_str){sip_in, 7}));
    pl_sip_destroy(&sip);
    assert_null(sip);
    char text[9];
    pl_crypto_base64(PL_STR("fooba"), text); /* RFC 4648 */
    assert_string_equal(text, "Zm9vYmE=");
    pl_sha_destroy(&h);
    assert_null(h);
    uint8_t secret[22], salt[13], info[10]; /* RFC 5869, A.1 */
    memset(secret, 0x0b, sizeof(secret));
    for (uint8_t i = 0; i < sizeof(salt); i++) salt[i] = i;
    for (uint8_t i = 0; i < sizeof(info); i++) info[i] = (uint8_t)(0xf0 + i);
    pl_crypto_hkdf((struct pl_str){(char *)secret, 22}, (struct pl_str){(char *)salt, 13},
                   (struct pl_str){(char *)info, 10}, out, 42);
    is_hex(out, 42,
           "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

static void random_bytes_differ(void **state) {
    (void)state;
    struct pl_random r = {.left = 0};
    uint8_t a[700], b[700];
    memset(a, 0, sizeof(a));
    pl_crypto_random(&r, a, sizeof(a));
    pl_crypto_random(&r, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof(a); i++) zeros += a[i] == 0;
    assert_true(zeros < 30);
    assert_true(pl_crypto_equal(a, a, sizeof(a)));
    assert_false(pl_crypto_equal(a, b, sizeof(a)));
}

static void boxes_open_for_the_right_key_only(void **state) {
    (void)state;
    struct pl_seal *s = pl_seal_create();
    struct pl_arena a;
    struct pl_buf box = {0};
    struct pl_str plain;
    uint8_t key[PL_KEY_SIZE] = {1}, other[PL_KEY_SIZE] = {2};
    pl_arena_init(&a, 0);
    pl_buf_c(&box, "before");
    assert_int_equal(pl_seal_box(s, key, PL_STR("aad"), PL_STR("hello"), &box), PL_OK);
    struct pl_str sealed = {box.p + 6, box.n - 6};
    assert_int_equal(sealed.n, 5 + PL_BOX_EXTRA);
    assert_int_equal(pl_seal_unbox(s, key, PL_STR("aad"), sealed, &a, &plain), PL_OK);
    assert_true(pl_str_is(plain, "hello"));
    assert_int_equal(pl_seal_unbox(s, other, PL_STR("aad"), sealed, &a, &plain), PL_MALFORMED);
    assert_int_equal(pl_seal_unbox(s, key, PL_STR("dda"), sealed, &a, &plain), PL_MALFORMED);
    assert_int_equal(plain.n, 0);
    for (size_t i = 0; i < sealed.n; i++) { /* every byte counts, and so does the length */
        box.p[6 + i] ^= 1;
        assert_int_equal(pl_seal_unbox(s, key, PL_STR("aad"), sealed, &a, &plain), PL_MALFORMED);
        box.p[6 + i] ^= 1;
        struct pl_str torn = {sealed.p, i};
        assert_int_equal(pl_seal_unbox(s, key, PL_STR("aad"), torn, &a, &plain), PL_MALFORMED);
    }
    assert_int_equal(pl_seal_unbox(s, key, PL_STR("aad"), sealed, &a, &plain), PL_OK);
    pl_buf_clear(&box);
    assert_int_equal(pl_seal_box(s, key, PL_STR(""), PL_STR(""), &box), PL_OK);
    assert_int_equal(pl_seal_unbox(s, key, PL_STR(""), pl_buf_slice(&box), &a, &plain), PL_OK);
    assert_int_equal(plain.n, 0);
    pl_buf_free(&box);
    pl_arena_free(&a);
    pl_seal_destroy(&s);
    assert_null(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_match_the_standards),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(boxes_open_for_the_right_key_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
