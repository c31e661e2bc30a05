/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/auth/auth.h"
#include "runtime/crypto/crypto.h"

enum { ID = 16, SECRET = 32 };

enum pl_err pl_resume_make(struct pl_resume *out, char text[PL_RESUME_TEXT]) {
    struct pl_random random = {0};
    uint8_t bytes[ID + SECRET];
    pl_crypto_random(&random, bytes, sizeof bytes);
    memcpy(out->conversation, bytes, ID);
    pl_crypto_sha256((struct pl_str){(const char *)bytes + ID, SECRET}, out->hash);
    pl_hex(bytes, ID, text);
    text[2 * ID] = '-';
    pl_hex(bytes + ID, SECRET, text + 2 * ID + 1);
    pl_crypto_wipe(&random, sizeof random);
    pl_crypto_wipe(bytes, sizeof bytes);
    return PL_OK;
}

bool pl_resume_read(struct pl_str text, struct pl_resume *out) {
    uint8_t secret[SECRET];
    if (text.n != PL_RESUME_TEXT - 1 || text.p[2 * ID] != '-') return false;
    if (!pl_unhex((struct pl_str){text.p, 2 * ID}, out->conversation, ID)) return false;
    if (!pl_unhex((struct pl_str){text.p + 2 * ID + 1, 2 * SECRET}, secret, SECRET)) return false;
    pl_crypto_sha256((struct pl_str){(const char *)secret, SECRET}, out->hash);
    pl_crypto_wipe(secret, sizeof secret);
    return true;
}

bool pl_resume_match(const uint8_t kept[32], const uint8_t shown[32]) {
    return pl_crypto_equal(kept, shown, SECRET);
}
