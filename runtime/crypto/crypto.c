/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and random bytes, by libcrypto's EVP interface and the kernel. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "runtime/crypto/crypto.h"

/* libcrypto wants a pointer even to nothing. */
static const unsigned char *bytes_of(struct pl_str s) {
    return (const unsigned char *)(s.n ? s.p : "");
}

void pl_crypto_sha1(struct pl_str bytes, uint8_t out[20]) {
    pl_assert(EVP_Digest(bytes_of(bytes), bytes.n, out, NULL, EVP_sha1(), NULL) == 1);
}

void pl_crypto_sha256(struct pl_str bytes, uint8_t out[PL_HASH_SIZE]) {
    pl_assert(EVP_Digest(bytes_of(bytes), bytes.n, out, NULL, EVP_sha256(), NULL) == 1);
}

struct pl_sha *pl_sha_create(void) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); /* once: each begin would look it up */
    pl_assert(ctx && sha256 && EVP_DigestInit_ex2(ctx, sha256, NULL) == 1);
    EVP_MD_free(sha256);
    return (struct pl_sha *)ctx; /* opaque outside this file */
}

void pl_sha_add(struct pl_sha *h, struct pl_str bytes) {
    pl_assert(EVP_DigestUpdate((EVP_MD_CTX *)h, bytes_of(bytes), bytes.n) == 1);
}

void pl_sha_end(struct pl_sha *h, uint8_t out[PL_HASH_SIZE]) {
    EVP_MD_CTX *ctx = (EVP_MD_CTX *)h;
    pl_assert(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
    pl_assert(EVP_DigestInit_ex2(ctx, NULL, NULL) == 1);
}

void pl_sha_destroy(struct pl_sha **h) {
    EVP_MD_CTX_free((EVP_MD_CTX *)*h);
    *h = NULL;
}

void pl_crypto_hmac(struct pl_str key, struct pl_str bytes, uint8_t out[PL_HASH_SIZE]) {
    unsigned n = PL_HASH_SIZE;
    pl_assert(key.n <= INT32_MAX);
    pl_assert(HMAC(EVP_sha256(), bytes_of(key), (int)key.n, bytes_of(bytes), bytes.n, out, &n));
}

void pl_crypto_hkdf(struct pl_str secret, struct pl_str salt, struct pl_str info, uint8_t *out,
                    size_t n) {
    char digest[] = "SHA256";
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)bytes_of(secret), secret.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)bytes_of(salt), salt.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)bytes_of(info), info.n),
        OSSL_PARAM_construct_end(),
    };
    pl_assert(ctx && EVP_KDF_derive(ctx, out, n, params) == 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

/* ---- SipHash ---- */

static uint64_t turn(uint64_t x, int bits) {
    return x << bits | x >> (64 - bits);
}

static uint64_t word_of(const uint8_t *p, size_t n) {
    uint64_t w = 0;
    for (size_t i = 0; i < n; i++) w |= (uint64_t)p[i] << (8 * i);
    return w;
}

static void rounds(uint64_t v[4], int n) {
    for (; n > 0; n--) {
        v[0] += v[1], v[2] += v[3];
        v[1] = turn(v[1], 13) ^ v[0], v[3] = turn(v[3], 16) ^ v[2];
        v[0] = turn(v[0], 32);
        v[2] += v[1], v[0] += v[3];
        v[1] = turn(v[1], 17) ^ v[2], v[3] = turn(v[3], 21) ^ v[0];
        v[2] = turn(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t w) {
    v[3] ^= w;
    rounds(v, 2);
    v[0] ^= w;
}

uint64_t pl_crypto_siphash(const uint8_t key[PL_SIP_KEY], struct pl_str bytes) {
    const uint8_t *p = bytes_of(bytes);
    uint64_t a = word_of(key, 8), b = word_of(key + 8, 8);
    uint64_t v[4] = {a ^ UINT64_C(0x736f6d6570736575), b ^ UINT64_C(0x646f72616e646f6d),
                     a ^ UINT64_C(0x6c7967656e657261), b ^ UINT64_C(0x7465646279746573)};
    for (size_t i = 0; i + 8 <= bytes.n; i += 8) absorb(v, word_of(p + i, 8));
    absorb(v, word_of(p + bytes.n / 8 * 8, bytes.n % 8) | (uint64_t)bytes.n << 56);
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool pl_crypto_equal(const void *a, const void *b, size_t n) {
    return CRYPTO_memcmp(a, b, n) == 0;
}

void pl_crypto_wipe(void *p, size_t n) {
    OPENSSL_cleanse(p, n);
}

/* Without random bytes nothing here is safe: failing to get them ends the process. */
static void refill(struct pl_random *r) {
    size_t n = 0;
    while (n < sizeof(r->block)) {
        ssize_t got = getrandom(r->block + n, sizeof(r->block) - n, 0);
        pl_assert(got > 0 || errno == EINTR);
        if (got > 0) n += (size_t)got;
    }
    r->left = n;
}

void pl_crypto_random(struct pl_random *r, void *out, size_t n) {
    uint8_t *to = out;
    while (n) {
        if (r->left == 0) refill(r);
        size_t piece = n < r->left ? n : r->left;
        uint8_t *from = r->block + sizeof(r->block) - r->left;
        memcpy(to, from, piece);
        pl_crypto_wipe(from, piece); /* what was handed out is nowhere else */
        r->left -= piece;
        to += piece;
        n -= piece;
    }
}
