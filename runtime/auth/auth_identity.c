/* SPDX-License-Identifier: Apache-2.0
 *
 * The shop's signed identities. One algorithm; what a header says besides is refused, not ignored;
 * nothing of a payload is looked at before its signature holds.
 */
#include <string.h>

#include "runtime/auth/auth.h"
#include "runtime/crypto/crypto.h"
#include "runtime/value/value.h"

#define LEEWAY_MS    60000
#define LIFE_MS      86400000
#define SUB_MOST     128
#define SECRET_LEAST 32

/* ---- base64url, without padding, in its one canonical form ---- */

static int sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static bool decode(struct pl_arena *a, struct pl_str s, struct pl_str *out) {
    uint8_t *p = pl_arena_alloc(a, s.n + 1);
    size_t n = 0;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < s.n; i++) {
        int v = sextet(s.p[i]);
        if (v < 0) return false;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        p[n++] = (uint8_t)(bits >> have);
        bits &= (1u << have) - 1;
    }
    *out = (struct pl_str){(const char *)p, n};
    return s.n % 4 != 1 && bits == 0; /* what is left over must be zero */
}

static void encode(struct pl_buf *b, struct pl_str s) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t v = 0;
        size_t n = s.n - i < 3 ? s.n - i : 3;
        for (size_t k = 0; k < 3; k++) v = v << 8 | (k < n ? (uint8_t)s.p[i + k] : 0);
        for (size_t k = 0; k <= n; k++) pl_buf_byte(b, (uint8_t)letters[v >> (18 - 6 * k) & 63]);
    }
}

/* ---- keys ---- */

static bool is_key_id(struct pl_str s) {
    if (s.n == 0 || s.n > 32) return false;
    for (size_t i = 0; i < s.n; i++)
        if (sextet(s.p[i]) < 0) return false;
    return true;
}

static const struct pl_identity_key *key_named(const struct pl_identity_keys *keys,
                                               struct pl_str id) {
    for (size_t i = 0; i < keys->n; i++)
        if (pl_str_is(id, keys->v[i].id)) return &keys->v[i];
    return NULL;
}

static enum pl_err read_key(struct pl_str line, struct pl_identity_keys *out) {
    size_t blank = pl_str_find(line, PL_STR(" "));
    if (blank == SIZE_MAX) return PL_MALFORMED;
    struct pl_str id = {line.p, blank};
    struct pl_str hex = pl_str_trim((struct pl_str){line.p + blank, line.n - blank});
    if (out->n == PL_IDENTITY_KEYS) return PL_LIMIT;
    if (key_named(out, id)) return PL_EXISTS;
    struct pl_identity_key *k = &out->v[out->n];
    *k = (struct pl_identity_key){.n = hex.n / 2};
    if (!is_key_id(id) || k->n < SECRET_LEAST || k->n > sizeof k->secret) return PL_MALFORMED;
    if (!pl_unhex(hex, k->secret, k->n)) return PL_MALFORMED;
    memcpy(k->id, id.p, id.n);
    out->n++;
    return PL_OK;
}

enum pl_err pl_identity_keys_read(struct pl_str file, struct pl_identity_keys *out,
                                  unsigned *line) {
    *out = (struct pl_identity_keys){0};
    for (*line = 1; file.n; ++*line) {
        size_t end = pl_str_find(file, PL_STR("\n"));
        size_t n = end == SIZE_MAX ? file.n : end;
        struct pl_str one = pl_str_trim((struct pl_str){file.p, n});
        enum pl_err err = one.n && one.p[0] != '#' ? read_key(one, out) : PL_OK;
        if (err != PL_OK) return err;
        n += end != SIZE_MAX;
        file = (struct pl_str){file.p + n, file.n - n};
    }
    return out->n ? PL_OK : PL_MALFORMED;
}

/* ---- a token ---- */

struct token {
    struct pl_str header, payload, signature; /* as sent */
    struct pl_str signed_part;
};

static bool cut(struct pl_str text, struct token *t) {
    size_t first = pl_str_find(text, PL_STR("."));
    if (text.n > PL_IDENTITY_TOKEN || first == SIZE_MAX) return false;
    struct pl_str rest = {text.p + first + 1, text.n - first - 1};
    size_t second = pl_str_find(rest, PL_STR("."));
    if (second == SIZE_MAX) return false;
    t->header = (struct pl_str){text.p, first};
    t->payload = (struct pl_str){rest.p, second};
    t->signature = (struct pl_str){rest.p + second + 1, rest.n - second - 1};
    t->signed_part = (struct pl_str){text.p, first + 1 + second};
    return t->header.n && t->payload.n && t->signature.n;
}

static bool parse(struct pl_arena *a, struct pl_str part, struct pl_json *out) {
    struct pl_str json;
    size_t at;
    return decode(a, part, &json) && pl_json_parse(a, json, out, &at) == PL_OK &&
           out->kind == PL_JOBJECT;
}

/* Exactly alg, typ and kid. */
static bool header_ok(const struct pl_json *h) {
    return h->n == 3 && pl_str_is(pl_json_text(h, "alg"), "HS256") &&
           pl_str_is(pl_json_text(h, "typ"), "JWT") && is_key_id(pl_json_text(h, "kid"));
}

static bool signature_ok(struct pl_arena *a, const struct pl_identity_key *key,
                         const struct token *t) {
    uint8_t mac[PL_HASH_SIZE];
    struct pl_str shown;
    if (!decode(a, t->signature, &shown) || shown.n != sizeof mac) return false;
    pl_crypto_hmac((struct pl_str){(const char *)key->secret, key->n}, t->signed_part, mac);
    return pl_crypto_equal(mac, shown.p, sizeof mac);
}

/* Seconds since 1970, whole; absent gives `otherwise`. */
static bool seconds(const struct pl_json *p, const char *name, int64_t otherwise, int64_t *ms) {
    const struct pl_json *v = pl_json_get(p, name);
    int64_t s = 0;
    *ms = otherwise;
    if (!v) return true;
    if (v->kind != PL_JNUMBER || !pl_str_i64(v->s, &s) || s < 0 || s > INT64_MAX / 1000)
        return false;
    *ms = s * 1000;
    return true;
}

bool pl_identity_customer(struct pl_str sub, uint8_t customer[16]) {
    uint8_t hash[PL_HASH_SIZE];
    if (sub.n == 0 || sub.n > SUB_MOST) return false;
    pl_crypto_sha256(sub, hash);
    memcpy(customer, hash, 16);
    return true;
}

static enum pl_err take_payload(const struct pl_json *p, int64_t now_ms, struct pl_identity *out) {
    struct pl_str sub = pl_json_text(p, "sub");
    const struct pl_json *verified = pl_json_get(p, "verified");
    int64_t exp, nbf;
    if (!pl_identity_customer(sub, out->customer) || !pl_str_is(pl_json_text(p, "aud"), "parlance"))
        return PL_MALFORMED;
    if (!pl_json_get(p, "exp") || !seconds(p, "exp", 0, &exp) || !seconds(p, "nbf", 0, &nbf))
        return PL_MALFORMED;
    if (verified && verified->kind != PL_JBOOL) return PL_MALFORMED;
    if (exp < now_ms - LEEWAY_MS || nbf > now_ms + LEEWAY_MS) return PL_TIMEOUT;
    if (exp > now_ms + LIFE_MS + LEEWAY_MS) return PL_LIMIT;
    out->verified = verified && verified->b;
    return PL_OK;
}

enum pl_err pl_identity_check(const struct pl_identity_keys *keys, struct pl_str token,
                              int64_t now_ms, struct pl_identity *out) {
    struct pl_arena a;
    struct token t;
    struct pl_json header, payload;
    enum pl_err err = PL_OK;
    *out = (struct pl_identity){0};
    if (!cut(token, &t)) return PL_MALFORMED;
    pl_arena_init(&a, 8192);
    if (!parse(&a, t.header, &header) || !header_ok(&header)) err = PL_MALFORMED;
    const struct pl_identity_key *key =
        err == PL_OK ? key_named(keys, pl_json_text(&header, "kid")) : NULL;
    if (err == PL_OK && (!key || !signature_ok(&a, key, &t))) err = PL_DENIED;
    if (err == PL_OK && !parse(&a, t.payload, &payload)) err = PL_MALFORMED;
    if (err == PL_OK) err = take_payload(&payload, now_ms, out);
    pl_arena_free(&a);
    return err;
}

/* ---- signing ---- */

void pl_identity_sign(const struct pl_identity_key *key, struct pl_str sub, bool verified,
                      int64_t expires_ms, struct pl_buf *out) {
    struct pl_buf json = {0};
    struct pl_jw w = {.b = &json};
    uint8_t mac[PL_HASH_SIZE];
    size_t start = out->n;
    pl_buf_printf(&json, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", key->id);
    encode(out, pl_buf_slice(&json));
    pl_buf_byte(out, '.');
    pl_buf_clear(&json);
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "sub", sub);
    pl_jw_text_member(&w, "aud", PL_STR("parlance"));
    pl_jw_int_member(&w, "exp", expires_ms / 1000);
    pl_jw_name(&w, "verified");
    pl_jw_bool(&w, verified);
    pl_jw_close(&w, '}');
    encode(out, pl_buf_slice(&json));
    pl_crypto_hmac((struct pl_str){(const char *)key->secret, key->n},
                   (struct pl_str){out->p + start, out->n - start}, mac);
    pl_buf_byte(out, '.');
    encode(out, (struct pl_str){(const char *)mac, sizeof mac});
    pl_buf_free(&json);
}
