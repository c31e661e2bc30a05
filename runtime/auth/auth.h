/* SPDX-License-Identifier: Apache-2.0
 *
 * auth: who may do what. Visitors' resume secrets, customers' signed identities, operators' tokens,
 * rate limits.
 *
 * A secret is 256 random bits, shown once; only its SHA-256 is kept (enough at that entropy) and
 * compared in constant time. Resume hashes are kept by the engine in the conversation's snapshot;
 * token hashes in store rows.
 * Threads: any, but a limiter belongs to one thread.
 */
#ifndef PL_AUTH_H
#define PL_AUTH_H

#include "runtime/base/base.h"

struct sockaddr;
struct pl_store;

/* ---- visitors: `<conversation, 32 hex>-<secret, 64 hex>` ---- */

#define PL_RESUME_TEXT 98 /* with the NUL */

struct pl_resume {
    uint8_t conversation[16];
    uint8_t hash[32]; /* of the secret */
};

/* A new random conversation id and secret. text is the only place where the secret ever is. */
enum pl_err pl_resume_make(struct pl_resume *out, char text[PL_RESUME_TEXT]);
/* False: not of this form. */
bool pl_resume_read(struct pl_str text, struct pl_resume *out);
/* Constant time. */
bool pl_resume_match(const uint8_t kept[32], const uint8_t shown[32]);

/* ---- operators: `plt_<id, 16 hex>_<secret, 64 hex>` ---- */

enum pl_token_scope {
#define SCOPE(name, bit, word, help) PL_TOKEN_MAY_##name = 1 << (bit),
#include "runtime/auth/scope.def"
#undef SCOPE
};

#define PL_TOKEN_TEXT 86 /* with the NUL */

struct pl_token {
    uint8_t id[8];
    uint8_t hash[32];
    uint32_t scopes; /* enum pl_token_scope bits */
    int64_t made_ms;
    int64_t expires_ms; /* 0: never */
    char name[64];      /* what the operator called it, UTF-8 */
};

/* Reads "queue,metrics" into bits; PL_MALFORMED, and *bad is the unknown word. */
enum pl_err pl_scopes_read(struct pl_str words, uint32_t *scopes, struct pl_str *bad);
void pl_scopes_print(struct pl_buf *b, uint32_t scopes);

/* A new token. text is the only place where its secret ever is. PL_LIMIT: name over 63 bytes;
 * PL_MALFORMED: name empty or ill-formed, no scope. */
enum pl_err pl_token_make(const char *name, uint32_t scopes, int64_t now_ms, int64_t expires_ms,
                          struct pl_token *out, char text[PL_TOKEN_TEXT]);
bool pl_token_expired(const struct pl_token *t, int64_t now_ms);

/* Tokens are rows of the store, so these may be called from any thread. */
enum pl_err pl_token_save(struct pl_store *store, const struct pl_token *t);
/* The token that text is, living and with all of `scopes`. PL_MALFORMED: not of this form;
 * PL_NOT_FOUND: unknown, revoked or another secret; PL_TIMEOUT: expired; PL_DENIED: lacks a scope.
 */
enum pl_err pl_token_check(struct pl_store *store, struct pl_str text, uint32_t scopes,
                           int64_t now_ms, struct pl_token *out);
/* By id, those behind `after` (NULL: from the first), at most max; gives how many in *n. */
enum pl_err pl_token_list(struct pl_store *store, const struct pl_token *after,
                          struct pl_token *out, size_t max, size_t *n);
/* PL_NOT_FOUND. From now on every check fails. */
enum pl_err pl_token_revoke(struct pl_store *store, const uint8_t id[8]);

/* ---- customers: a token that the shop's page passes, JWT (RFC 7515, 7519) with HS256 alone ----
 *
 * header   {"alg":"HS256","typ":"JWT","kid":"…"}   these members and no others; kid names the key
 * payload  {"sub":"…","aud":"parlance","exp":…}    sub: the customer's id, 1 to 128 bytes; exp at
 * most a day ahead; may have nbf, iat, iss and "verified": true or false
 */

#define PL_IDENTITY_KEYS  8
#define PL_IDENTITY_TOKEN 2048 /* bytes of a token at most */

struct pl_identity_key {
    char id[33];
    uint8_t secret[64];
    size_t n; /* 32 to 64 */
};
/* All of them are good, so that a key can be exchanged without a gap. */
struct pl_identity_keys {
    struct pl_identity_key v[PL_IDENTITY_KEYS];
    size_t n;
};
/* Lines `<id> <secret in hex>`; empty ones and those that begin with # are passed over.
 * PL_MALFORMED, PL_LIMIT or PL_EXISTS (an id twice), with the number of the line. */
enum pl_err pl_identity_keys_read(struct pl_str file, struct pl_identity_keys *out, unsigned *line);

struct pl_identity {
    uint8_t customer[16]; /* of a hash of sub: what the customer is known by here */
    bool verified;
};
/* What the customer with this id is known by. False: it is no id, of 1 to 128 bytes. */
bool pl_identity_customer(struct pl_str sub, uint8_t customer[16]);
/* PL_MALFORMED: not of this form; PL_DENIED: an unknown key or a wrong signature; PL_TIMEOUT: not
 * good any more, or not yet; PL_LIMIT: good for longer than a day. */
enum pl_err pl_identity_check(const struct pl_identity_keys *keys, struct pl_str token,
                              int64_t now_ms, struct pl_identity *out);
/* Appends a token, for tests and demo pages. */
void pl_identity_sign(const struct pl_identity_key *key, struct pl_str sub, bool verified,
                      int64_t expires_ms, struct pl_buf *out);

/* ---- rate limits: token buckets by peer, in a bounded table ---- */

/* What a limit is keyed by: an IPv4 address, or the /64 of an IPv6 one. */
struct pl_peer {
    uint8_t bytes[9]; /* family 4 or 6, then the bytes */
};
struct pl_peer pl_peer_of(const struct sockaddr *address);
struct pl_peer pl_peer_text(const char *address); /* "192.0.2.1", "2001:db8::1"; else all zero */

struct pl_limits;
/* Every peer gets `burst` tokens and `per_second` new ones. At most max_peers are remembered; the
 * longest unused is forgotten first. seed keys the table's hash. */
struct pl_limits *pl_limits_new(double burst, double per_second, size_t max_peers, uint64_t seed);
void pl_limits_free(struct pl_limits **l);
/* 0: taken. Else the milliseconds to wait; nothing was taken. */
int64_t pl_limits_take(struct pl_limits *l, struct pl_peer peer, double cost, int64_t now_us);

#endif
