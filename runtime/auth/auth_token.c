/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/auth/auth.h"
#include "runtime/crypto/crypto.h"
#include "runtime/store/store.h"

/* Row "token/<id, 16 hex>": version byte, hash 32, scopes, made, expires, name. */
enum { ID = 8, SECRET = 32, VERSION = 1, PREFIX = 6, KEY = PREFIX + 2 * ID };

static const struct {
    const char *word;
    uint32_t bit;
} scopes_[] = {
#define SCOPE(name, bit, word, help) {word, UINT32_C(1) << (bit)},
#include "runtime/auth/scope.def"
#undef SCOPE
};

enum pl_err pl_scopes_read(struct pl_str words, uint32_t *scopes, struct pl_str *bad) {
    *scopes = 0;
    while (words.n > 0) {
        size_t comma = pl_str_find(words, PL_STR(","));
        size_t n = comma == SIZE_MAX ? words.n : comma;
        struct pl_str word = pl_str_trim((struct pl_str){words.p, n});
        size_t i = 0;
        while (i < PL_LEN(scopes_) && !pl_str_is(word, scopes_[i].word)) i++;
        *bad = word;
        if (i == PL_LEN(scopes_)) return PL_MALFORMED;
        *scopes |= scopes_[i].bit;
        size_t step = comma == SIZE_MAX ? n : n + 1;
        words = (struct pl_str){words.p + step, words.n - step};
    }
    return *scopes != 0 ? PL_OK : PL_MALFORMED;
}

void pl_scopes_print(struct pl_buf *b, uint32_t scopes) {
    bool comma = false;
    for (size_t i = 0; i < PL_LEN(scopes_); i++) {
        if ((scopes & scopes_[i].bit) == 0) continue;
        pl_buf_printf(b, "%s%s", comma ? "," : "", scopes_[i].word);
        comma = true;
    }
}

/* ---- make and read the text ---- */

/* Names are shown a line each. */
static bool has_control(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool c1 = c == 0xc2 && i + 1 < s.n && ((unsigned char)s.p[i + 1] & 0xe0) == 0x80;
        if (c < 0x20 || c == 0x7f || c1) return true;
    }
    return false;
}

enum pl_err pl_token_make(const char *name, uint32_t scopes, int64_t now_ms, int64_t expires_ms,
                          struct pl_token *out, char text[PL_TOKEN_TEXT]) {
    struct pl_str n = pl_str_c(name);
    if (n.n >= sizeof out->name) return PL_LIMIT;
    if (n.n == 0 || !pl_utf8_valid(n) || has_control(n) || scopes == 0) return PL_MALFORMED;
    struct pl_random random = {0};
    uint8_t secret[SECRET];
    *out = (struct pl_token){.scopes = scopes, .made_ms = now_ms, .expires_ms = expires_ms};
    memcpy(out->name, n.p, n.n);
    pl_crypto_random(&random, out->id, ID);
    pl_crypto_random(&random, secret, SECRET);
    pl_crypto_sha256((struct pl_str){(const char *)secret, SECRET}, out->hash);
    memcpy(text, "plt_", 4);
    pl_hex(out->id, ID, text + 4);
    text[4 + 2 * ID] = '_';
    pl_hex(secret, SECRET, text + 4 + 2 * ID + 1);
    pl_crypto_wipe(secret, sizeof secret);
    pl_crypto_wipe(&random, sizeof random);
    return PL_OK;
}

static bool read_text(struct pl_str text, uint8_t id[ID], uint8_t hash[32]) {
    uint8_t secret[SECRET];
    if (text.n != PL_TOKEN_TEXT - 1 || memcmp(text.p, "plt_", 4) != 0) return false;
    if (text.p[4 + 2 * ID] != '_') return false;
    if (!pl_unhex((struct pl_str){text.p + 4, 2 * ID}, id, ID)) return false;
    if (!pl_unhex((struct pl_str){text.p + 5 + 2 * ID, 2 * SECRET}, secret, SECRET)) return false;
    pl_crypto_sha256((struct pl_str){(const char *)secret, SECRET}, hash);
    pl_crypto_wipe(secret, sizeof secret);
    return true;
}

bool pl_token_expired(const struct pl_token *t, int64_t now_ms) {
    return t->expires_ms != 0 && now_ms >= t->expires_ms;
}

/* ---- rows ---- */

static struct pl_str key_of(const uint8_t id[ID], char key[KEY + 1]) {
    memcpy(key, "token/", PREFIX);
    pl_hex(id, ID, key + PREFIX);
    return (struct pl_str){key, KEY};
}

static bool read_row(const struct pl_store_row *row, struct pl_token *t) {
    struct pl_reader r = pl_reader_of(row->value);
    *t = (struct pl_token){0};
    if (row->key.n != KEY) return false;
    if (!pl_unhex((struct pl_str){row->key.p + PREFIX, 2 * ID}, t->id, ID)) return false;
    if (pl_read_u8(&r) != VERSION) return false;
    struct pl_str hash = pl_read_bytes(&r, sizeof t->hash);
    t->scopes = pl_read_u32(&r);
    t->made_ms = (int64_t)pl_read_u64(&r);
    t->expires_ms = (int64_t)pl_read_u64(&r);
    struct pl_str name = pl_read_text(&r);
    if (r.bad || name.n >= sizeof t->name) return false;
    memcpy(t->hash, hash.p, sizeof t->hash);
    memcpy(t->name, name.p, name.n);
    return true;
}

enum pl_err pl_token_save(struct pl_store *store, const struct pl_token *t) {
    char key[KEY + 1];
    struct pl_buf b = {0};
    pl_buf_byte(&b, VERSION);
    pl_buf_add(&b, t->hash, sizeof t->hash);
    pl_buf_u32(&b, t->scopes);
    pl_buf_u64(&b, (uint64_t)t->made_ms);
    pl_buf_u64(&b, (uint64_t)t->expires_ms);
    pl_buf_text(&b, pl_str_c(t->name));
    struct pl_store_row row = {key_of(t->id, key), pl_buf_slice(&b)};
    enum pl_err err = b.failed ? PL_NOMEM : pl_store_project(store, &row, 1, NULL, 0);
    pl_buf_free(&b);
    return err;
}

enum pl_err pl_token_check(struct pl_store *store, struct pl_str text, uint32_t scopes,
                           int64_t now_ms, struct pl_token *out) {
    uint8_t id[ID], hash[32];
    char key[KEY + 1];
    if (!read_text(text, id, hash)) return PL_MALFORMED;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_store_row row = {.key = key_of(id, key)};
    enum pl_err err = pl_store_load(store, &a, row.key, &row.value);
    if (err == PL_OK && !read_row(&row, out)) err = PL_NOT_FOUND;
    pl_arena_free(&a);
    if (err != PL_OK) return err;
    if (!pl_crypto_equal(hash, out->hash, sizeof hash)) return PL_NOT_FOUND;
    if (pl_token_expired(out, now_ms)) return PL_TIMEOUT;
    return (out->scopes & scopes) == scopes ? PL_OK : PL_DENIED;
}

enum pl_err pl_token_list(struct pl_store *store, const struct pl_token *after,
                          struct pl_token *out, size_t max, size_t *n) {
    struct pl_arena a;
    struct pl_store_row *rows;
    size_t nrows;
    char key[KEY + 1];
    struct pl_str prefix = PL_STR("token/"), from = prefix;
    *n = 0;
    pl_arena_init(&a, 0);
    if (after != NULL) {
        from = key_of(after->id, key);
        key[from.n++] = 0; /* behind it */
    }
    enum pl_err err = pl_store_rows(store, &a, prefix, from, max, &rows, &nrows);
    for (size_t i = 0; err == PL_OK && i < nrows; i++)
        if (read_row(&rows[i], &out[*n])) (*n)++;
    pl_arena_free(&a);
    return err;
}

enum pl_err pl_token_revoke(struct pl_store *store, const uint8_t id[8]) {
    char key[KEY + 1];
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_str old;
    struct pl_store_row row = {.key = key_of(id, key)}; /* no value: deletes */
    enum pl_err err = pl_store_load(store, &a, row.key, &old);
    if (err == PL_OK) err = pl_store_project(store, &row, 1, NULL, 0);
    pl_arena_free(&a);
    return err;
}
