/* SPDX-License-Identifier: Apache-2.0
 * Signed identities: what is taken, and every way in which one may be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "runtime/auth/auth.h"
#include "runtime/crypto/crypto.h"

#define NOW INT64_C(1795338000000)
#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct pl_identity_keys keys(void) {
    struct pl_identity_keys k;
    unsigned line;
    assert_int_equal(
        pl_identity_keys_read(PL_STR("# the shop's\n\nshop1 " HEX "\nshop2 " HEX "20212223\n"), &k,
                              &line),
        PL_OK);
    return k;
}

static enum pl_err check(struct pl_str token, struct pl_identity *id) {
    struct pl_identity_keys k = keys();
    return pl_identity_check(&k, token, NOW, id);
}

static void encode(struct pl_buf *b, struct pl_str s) {
    static const char l[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t v = 0;
        size_t n = s.n - i < 3 ? s.n - i : 3;
        for (size_t k = 0; k < 3; k++) v = v << 8 | (k < n ? (uint8_t)s.p[i + k] : 0);
        for (size_t k = 0; k <= n; k++) pl_buf_byte(b, (uint8_t)l[v >> (18 - 6 * k) & 63]);
    }
}

/* A token of these parts, rightly signed by the first key. */
static enum pl_err signed_as(const char *header, const char *payload) {
    struct pl_identity_keys k = keys();
    struct pl_identity id;
    struct pl_buf b = {0};
    uint8_t mac[32];
    encode(&b, pl_str_c(header));
    pl_buf_byte(&b, '.');
    encode(&b, pl_str_c(payload));
    pl_crypto_hmac((struct pl_str){(const char *)k.v[0].secret, k.v[0].n}, pl_buf_slice(&b), mac);
    pl_buf_byte(&b, '.');
    encode(&b, (struct pl_str){(const char *)mac, 32});
    enum pl_err err = check(pl_buf_slice(&b), &id);
    pl_buf_free(&b);
    return err;
}

#define HEADER  "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"shop1\"}"
#define PAYLOAD "{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1795338060}"

static void test_taken(void **state) {
    struct pl_identity_keys k = keys();
    struct pl_identity a, b;
    struct pl_buf t = {0};
    (void)state;
    pl_identity_sign(&k.v[1], PL_STR("ann"), true, NOW + 60000, &t);
    assert_int_equal(check(pl_buf_slice(&t), &a), PL_OK);
    assert_true(a.verified);
    pl_buf_clear(&t);
    pl_identity_sign(&k.v[0], PL_STR("ann"), false, NOW + 60000, &t);
    assert_int_equal(check(pl_buf_slice(&t), &b), PL_OK);
    assert_false(b.verified);
    assert_memory_equal(a.customer, b.customer, 16); /* by sub, whichever key */
    pl_buf_clear(&t);
    pl_identity_sign(&k.v[0], PL_STR("bob"), false, NOW + 60000, &t);
    assert_int_equal(check(pl_buf_slice(&t), &b), PL_OK);
    assert_memory_not_equal(a.customer, b.customer, 16);
    assert_int_equal(signed_as(HEADER, PAYLOAD), PL_OK);
    pl_buf_free(&t);
}

static void test_every_byte_counts(void **state) {
    struct pl_identity_keys k = keys();
    struct pl_identity id;
    struct pl_buf t = {0};
    (void)state;
    pl_identity_sign(&k.v[0], PL_STR("ann"), true, NOW + 60000, &t);
    for (size_t n = 0; n < t.n; n++)
        assert_int_not_equal(check((struct pl_str){t.p, n}, &id), PL_OK);
    for (size_t i = 0; i < t.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            t.p[i] = (char)(t.p[i] ^ 1 << bit);
            assert_int_not_equal(check(pl_buf_slice(&t), &id), PL_OK);
            assert_false(id.verified);
            t.p[i] = (char)(t.p[i] ^ 1 << bit);
        }
    pl_buf_byte(&t, '=');
    assert_int_not_equal(check(pl_buf_slice(&t), &id), PL_OK);
    pl_buf_free(&t);
}

static void test_headers(void **state) {
    static const char *const bad[] = {
        "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"shop1\"}",
        "{\"alg\":\"hs256\",\"typ\":\"JWT\",\"kid\":\"shop1\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"shop1\"}",
        "{\"alg\":\"HS256\",\"kid\":\"shop1\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"shop1\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"shop1\",\"jku\":\"https://x\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"shop1\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":[\"shop1\"]}",
        "[]",
        "HS256",
    };
    (void)state;
    for (size_t i = 0; i < PL_LEN(bad); i++)
        assert_int_equal(signed_as(bad[i], PAYLOAD), PL_MALFORMED);
    assert_int_equal(signed_as("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"other\"}", PAYLOAD),
                     PL_DENIED);
    assert_int_equal(signed_as("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"shop2\"}", PAYLOAD),
                     PL_DENIED);
}

static void test_payloads(void **state) {
    static const struct {
        const char *payload;
        enum pl_err err;
    } rows[] = {
        {"{\"aud\":\"parlance\",\"exp\":1795338060}", PL_MALFORMED},
        {"{\"sub\":\"\",\"aud\":\"parlance\",\"exp\":1795338060}", PL_MALFORMED},
        {"{\"sub\":7,\"aud\":\"parlance\",\"exp\":1795338060}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"exp\":1795338060}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":\"other\",\"exp\":1795338060}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":[\"parlance\"],\"exp\":1795338060}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\"}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":\"1795338060\"}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":-1}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1.5e9}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":99999999999999999999}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1795338060,\"verified\":\"yes\"}",
         PL_MALFORMED},
        {"{\"sub\":\"ann\",\"sub\":\"bob\",\"aud\":\"parlance\",\"exp\":1795338060}", PL_MALFORMED},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1795337939}", PL_TIMEOUT},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1795337940}", PL_OK}, /* the leeway */
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1795338060,\"nbf\":1795338061}",
         PL_TIMEOUT},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1795338060,\"nbf\":1795338060}", PL_OK},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1795424460}", PL_OK},
        {"{\"sub\":\"ann\",\"aud\":\"parlance\",\"exp\":1795424461}", PL_LIMIT},
    };
    (void)state;
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        enum pl_err err = signed_as(HEADER, rows[i].payload);
        if (err != rows[i].err) print_message("%s\n", rows[i].payload);
        assert_int_equal(err, rows[i].err);
    }
    char payload[400], sub[130];
    memset(sub, 'a', sizeof sub);
    for (int n = 128; n <= 129; n++) {
        snprintf(payload, sizeof payload,
                 "{\"sub\":\"%.*s\",\"aud\":\"parlance\",\"exp\":1795338060}", n, sub);
        assert_int_equal(signed_as(HEADER, payload), n == 128 ? PL_OK : PL_MALFORMED);
    }
}

static void test_key_files(void **state) {
    static const struct {
        const char *file;
        enum pl_err err;
        unsigned line;
    } rows[] = {
        {"", PL_MALFORMED, 1},
        {"# none\n", PL_MALFORMED, 2},
        {"shop1\n", PL_MALFORMED, 1},
        {"\nshop1 0011\n", PL_MALFORMED, 2}, /* too short to be a secret */
        {"shop1 " HEX "0\n", PL_MALFORMED, 1},
        {"shop1 " HEX "zz\n", PL_MALFORMED, 1},
        {"shop/1 " HEX "\n", PL_MALFORMED, 1},
        {"a " HEX "\na " HEX "\n", PL_EXISTS, 2},
        {"a " HEX "\nb " HEX "\nc " HEX "\nd " HEX "\ne " HEX "\nf " HEX "\ng " HEX "\nh " HEX
         "\ni " HEX "\n",
         PL_LIMIT, 9},
    };
    struct pl_identity_keys k;
    unsigned line;
    (void)state;
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        assert_int_equal(pl_identity_keys_read(pl_str_c(rows[i].file), &k, &line), rows[i].err);
        assert_int_equal(line, rows[i].line);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),     cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_headers),   cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_key_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
