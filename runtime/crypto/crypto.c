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

struct pl_sip {
    EVP_MAC_CTX *ctx;
};

struct pl_sip *pl_sip_create(void) {
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    struct pl_sip *s = calloc(1, sizeof *s);
    if (mac && s) s->ctx = EVP_MAC_CTX_new(mac); /* keeps the method */
    EVP_MAC_free(mac);
    if (s && !s->ctx) pl_sip_destroy(&s);
    return s;
}

uint64_t pl_sip_hash(struct pl_sip *s, const uint8_t key[PL_SIP_KEY], struct pl_str bytes) {
    uint8_t out[8];
    uint64_t hash = 0;
    size_t size = sizeof out;
    const OSSL_PARAM set[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                              OSSL_PARAM_construct_end()};
    pl_assert(EVP_MAC_init(s->ctx, key, PL_SIP_KEY, set) == 1 &&
              EVP_MAC_update(s->ctx, bytes_of(bytes), bytes.n) == 1 &&
              EVP_MAC_final(s->ctx, out, &size, sizeof out) == 1);
    for (size_t i = 0; i < sizeof out; i++) hash |= (uint64_t)out[i] << (8 * i);
    return hash;
}

void pl_sip_destroy(struct pl_sip **s) {
    if (!*s) return;
    EVP_MAC_CTX_free((*s)->ctx);
    free(*s);
    *s = NULL;
}

/* ---- base64 ---- */

void pl_crypto_base64(struct pl_str bytes, char *out) {
    EVP_EncodeBlock((unsigned char *)out, bytes_of(bytes), (int)bytes.n);
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
