/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed boxes. Setting up a cipher costs more than sealing a kilobyte, so both directions keep
 * their context and only change key and nonce, and only the nonce while the key is the same: the
 * entries of a turn are sealed one after another. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "runtime/crypto/crypto.h"

#define NONCE 12
#define TAG   16

struct pl_seal {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *seal, *open;
    struct pl_random random;
    uint8_t key[PL_KEY_SIZE]; /* that `seal` works with, once there was one */
    bool keyed;
};

struct pl_seal *pl_seal_create(void) {
    struct pl_seal *s = calloc(1, sizeof(*s));
    pl_assert(s);
    s->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    s->seal = EVP_CIPHER_CTX_new();
    s->open = EVP_CIPHER_CTX_new();
    pl_assert(s->cipher && s->seal && s->open);
    pl_assert(EVP_EncryptInit_ex2(s->seal, s->cipher, NULL, NULL, NULL) == 1);
    pl_assert(EVP_DecryptInit_ex2(s->open, s->cipher, NULL, NULL, NULL) == 1);
    return s;
}

/* Freeing a context wipes its key. */
void pl_seal_destroy(struct pl_seal **s) {
    if (!*s) return;
    EVP_CIPHER_CTX_free((*s)->seal);
    EVP_CIPHER_CTX_free((*s)->open);
    EVP_CIPHER_free((*s)->cipher);
    pl_crypto_wipe(*s, sizeof(**s));
    free(*s);
    *s = NULL;
}

/* The next box's key and nonce. */
static bool set_up(struct pl_seal *s, const uint8_t *key, const uint8_t *nonce) {
    bool same = s->keyed && pl_crypto_equal(s->key, key, PL_KEY_SIZE);
    memcpy(s->key, key, PL_KEY_SIZE);
    s->keyed = true;
    return EVP_EncryptInit_ex2(s->seal, NULL, same ? NULL : key, nonce, NULL) == 1;
}

enum pl_err pl_seal_box(struct pl_seal *s, const uint8_t key[PL_KEY_SIZE], struct pl_str aad,
                        struct pl_str plain, struct pl_buf *out) {
    int n = 0;
    pl_assert(aad.n <= INT32_MAX && plain.n <= INT32_MAX);
    if (!pl_buf_reserve(out, plain.n + PL_BOX_EXTRA)) return PL_NOMEM;
    unsigned char *nonce = (unsigned char *)out->p + out->n;
    unsigned char *text = nonce + NONCE, *tag = text + plain.n;
    OSSL_PARAM get[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, TAG),
                        OSSL_PARAM_construct_end()};
    pl_crypto_random(&s->random, nonce, NONCE);
    bool ok = set_up(s, key, nonce);
    if (aad.n)
        ok = ok && EVP_EncryptUpdate(s->seal, NULL, &n, (const void *)aad.p, (int)aad.n) == 1;
    if (plain.n)
        ok = ok && EVP_EncryptUpdate(s->seal, text, &n, (const void *)plain.p, (int)plain.n) == 1;
    ok = ok && EVP_EncryptFinal_ex(s->seal, tag, &n) == 1;
    ok = ok && EVP_CIPHER_CTX_get_params(s->seal, get) == 1;
    pl_assert(ok);
    out->n += plain.n + PL_BOX_EXTRA;
    return PL_OK;
}

static bool open_box(struct pl_seal *s, const uint8_t *key, struct pl_str aad, struct pl_str box,
                     unsigned char *to) {
    int n = 0;
    size_t len = box.n - PL_BOX_EXTRA;
    const unsigned char *nonce = (const unsigned char *)box.p, *text = nonce + NONCE;
    unsigned char tag[TAG];
    memcpy(tag, text + len, TAG);
    bool ok = EVP_DecryptInit_ex2(s->open, NULL, key, nonce, NULL) == 1;
    ok = ok && EVP_CIPHER_CTX_ctrl(s->open, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1;
    if (aad.n)
        ok = ok && EVP_DecryptUpdate(s->open, NULL, &n, (const void *)aad.p, (int)aad.n) == 1;
    if (len) ok = ok && EVP_DecryptUpdate(s->open, to, &n, text, (int)len) == 1;
    pl_assert(ok); /* all this cannot fail by what the box holds; only the tag can */
    return EVP_DecryptFinal_ex(s->open, to + len, &n) == 1;
}

enum pl_err pl_seal_unbox(struct pl_seal *s, const uint8_t key[PL_KEY_SIZE], struct pl_str aad,
                          struct pl_str box, struct pl_arena *a, struct pl_str *plain) {
    *plain = (struct pl_str){"", 0};
    if (box.n < PL_BOX_EXTRA || box.n > INT32_MAX || aad.n > INT32_MAX) return PL_MALFORMED;
    size_t len = box.n - PL_BOX_EXTRA;
    char *to = pl_arena_alloc(a, len + TAG); /* a block more, for libcrypto's last step */
    if (!to) return PL_NOMEM;
    if (!open_box(s, key, aad, box, (unsigned char *)to)) {
        pl_crypto_wipe(to, len);
        return PL_MALFORMED;
    }
    *plain = (struct pl_str){to, len};
    return PL_OK;
}
