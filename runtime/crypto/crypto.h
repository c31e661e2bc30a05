/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto: hashes, sealed boxes, secure random, and the key slot files that make erasure possible.
 *
 * Ownership: a pl_sha, pl_seal or pl_keys is created and destroyed by its user; key bytes handed
 * out are the caller's to wipe (pl_crypto_wipe). Objects wipe their own on destroy.
 * Threads: every object belongs to one thread. Several threads (or processes) work on the same key
 * folder, each by its own pl_keys: they meet in the files only, by file locks, so an erasure is
 * seen by all at once. Nothing here keeps an unwrapped key.
 * Failures of libcrypto itself (out of memory inside a cipher) are asserts.
 */
#ifndef PL_CRYPTO_H
#define PL_CRYPTO_H

#include "runtime/base/base.h"

#define PL_KEY_SIZE  32
#define PL_HASH_SIZE 32

/* ---- hashes ---- */

/* Broken as a hash: for the protocols that prescribe it. */
void pl_crypto_sha1(struct pl_str bytes, uint8_t out[20]);
void pl_crypto_sha256(struct pl_str bytes, uint8_t out[PL_HASH_SIZE]);

struct pl_sha;
struct pl_sha *pl_sha_create(void);
void pl_sha_add(struct pl_sha *h, struct pl_str bytes);
void pl_sha_end(struct pl_sha *h, uint8_t out[PL_HASH_SIZE]); /* and begins anew */
void pl_sha_destroy(struct pl_sha **h);

/* HMAC-SHA-256 (RFC 2104). */
void pl_crypto_hmac(struct pl_str key, struct pl_str bytes, uint8_t out[PL_HASH_SIZE]);
/* HKDF-SHA-256 (RFC 5869); n at most 255 * 32. */
void pl_crypto_hkdf(struct pl_str secret, struct pl_str salt, struct pl_str info, uint8_t *out,
                    size_t n);

/* SipHash-2-4 (Aumasson and Bernstein 2012): eight bytes that tell nobody without the key what was
 * hashed, at a tenth of an HMAC's price for a short text. */
#define PL_SIP_KEY 16
struct pl_sip;
struct pl_sip *pl_sip_create(void); /* NULL: out of memory */
uint64_t pl_sip_hash(struct pl_sip *s, const uint8_t key[PL_SIP_KEY], struct pl_str bytes);
void pl_sip_destroy(struct pl_sip **s);

/* In base64 with its padding; out holds 4 * ((n + 2) / 3) + 1. */
void pl_crypto_base64(struct pl_str bytes, char *out);

/* Takes the same time wherever they differ. */
bool pl_crypto_equal(const void *a, const void *b, size_t n);
void pl_crypto_wipe(void *p, size_t n);

/* ---- secure random ---- */

/* Bytes of the kernel, fetched in blocks; all-zero is valid. Not to be used across fork(). */
struct pl_random {
    uint8_t block[256];
    size_t left;
};
void pl_crypto_random(struct pl_random *r, void *out, size_t n);

/* ---- sealed boxes: AES-256-GCM ---- */

/* A box is nonce 12 | ciphertext | tag 16, with a random nonce: at most 2^32 boxes a key. */
#define PL_BOX_EXTRA 28

struct pl_seal; /* holds the cipher contexts, which are dear to make */
struct pl_seal *pl_seal_create(void);
void pl_seal_destroy(struct pl_seal **s);
/* Appends the box of `plain` to `out`; `aad` is checked on opening and not stored. PL_NOMEM. */
enum pl_err pl_seal_box(struct pl_seal *s, const uint8_t key[PL_KEY_SIZE], struct pl_str aad,
                        struct pl_str plain, struct pl_buf *out);
/* The contents into the arena. PL_MALFORMED: too short, altered, another key or aad (and nothing of
 * it is given out); PL_NOMEM. */
enum pl_err pl_seal_unbox(struct pl_seal *s, const uint8_t key[PL_KEY_SIZE], struct pl_str aad,
                          struct pl_str box, struct pl_arena *a, struct pl_str *plain);

/* ---- the master key and key slot files ---- */

/* <dir>/<day> holds 64-byte slots. Slot 0 is the header: magic, format version, day, slots filled,
 * and a check of the master key. Slot n is a random key wrapped by the master key, bound to file
 * name and n. Slots are filled and synced 4,096 at a time, so taking one costs no sync; slots of a
 * batch not taken when the process ends are never handed out. Erasing overwrites in place. */
#define PL_KEY_BATCH 4096

struct pl_key_id {
    uint32_t day; /* since 1970-01-01: names the file */
    uint32_t slot;
};

struct pl_keys;

/* Opens (and creates) the folder, and the master key at master_path: 32 bytes, mode 0600, made and
 * synced when missing and no key file depends on it. PL_NOT_FOUND: the master key is gone but key
 * files exist; PL_DENIED: others may read it; PL_MALFORMED: not 32 bytes; PL_IO. */
enum pl_err pl_keys_open(const char *dir, const char *master_path, struct pl_keys **out);
void pl_keys_close(struct pl_keys **k);

/* A new key of that day. Fills a batch (one sync) when none is left.
 * PL_IO, PL_FULL (disk), PL_DENIED (file of another master key), PL_VERSION, PL_MALFORMED. */
enum pl_err pl_keys_take(struct pl_keys *k, uint32_t day, struct pl_key_id *id,
                         uint8_t key[PL_KEY_SIZE]);
/* Fills the next batch when fewer than a quarter are left: call in a quiet moment. */
enum pl_err pl_keys_prepare(struct pl_keys *k, uint32_t day);
/* About two microseconds. PL_ERASED; PL_NOT_FOUND: no such file or slot never filled; PL_MALFORMED:
 * damaged; PL_DENIED: of another master key; PL_VERSION; PL_IO. */
enum pl_err pl_keys_get(struct pl_keys *k, struct pl_key_id id, uint8_t key[PL_KEY_SIZE]);
/* On disk when it returns PL_OK. Erasing twice is PL_OK. PL_NOT_FOUND, PL_IO, .. as get. */
enum pl_err pl_keys_erase(struct pl_keys *k, struct pl_key_id id);
/* Erases every slot of a day and removes its file. No file: PL_OK. A day whose keys are still being
 * taken must not be removed. */
enum pl_err pl_keys_unlink_day(struct pl_keys *k, uint32_t day);
/* A key for one purpose, derived from the master key: stays the same as long as that does. */
void pl_keys_derive(const struct pl_keys *k, const char *purpose, uint8_t key[PL_KEY_SIZE]);

#endif
