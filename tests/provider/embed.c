/* SPDX-License-Identifier: Apache-2.0
 *
 * Embeddings that mean something: a place for each word, one for all words of a group of synonyms.
 */
#include <ctype.h>
#include <string.h>

#include "tests/provider/provider_priv.h"

#define DIMS 96

static const char *const groups[][6] = {
    {"shoe", "footwear", "sneaker", "trainer", "boot"},
    {"refund", "reimburse", "reimbursement", "money", "cash"},
    {"return", "bring", "send"},
    {"parcel", "package", "delivery", "shipment"},
    {"password", "passphrase", "login"},
    {"card", "visa", "mastercard", "plastic"},
};
static const char *const empty[] = {"the", "and", "you", "can", "how",  "for", "with", "what",
                                    "are", "our", "is",  "my",  "your", "it",  "to",   "of"};

static struct pl_str meaning(struct pl_str word) {
    for (size_t i = 0; i < PL_LEN(empty); i++)
        if (pl_str_is(word, empty[i])) return PL_STR("");
    if (word.n > 3 && word.p[word.n - 1] == 's') word.n--;
    for (size_t i = 0; i < PL_LEN(groups); i++)
        for (size_t k = 0; k < PL_LEN(groups[i]) && groups[i][k]; k++)
            if (pl_str_is(word, groups[i][k])) return pl_str_c(groups[i][0]);
    return word;
}

static void embed(struct pl_str text, double v[DIMS]) {
    uint64_t whole = pl_fnv(PL_FNV, text.p, text.n);
    char word[32];
    size_t n = 0;
    for (size_t i = 0; i < DIMS; i++) v[i] = 1e-4 * (double)(whole >> i % 48 & 15);
    for (size_t i = 0; i <= text.n; i++) {
        unsigned char c = i < text.n ? (unsigned char)text.p[i] : ' ';
        if (isalnum(c) || c >= 0x80) {
            if (n < sizeof word) word[n++] = (char)tolower(c);
            continue;
        }
        struct pl_str m = meaning((struct pl_str){word, n});
        if (n > 0 && m.n > 0) v[pl_fnv(PL_FNV, m.p, m.n) % DIMS] += 1;
        n = 0;
    }
}

static void put(struct pl_buf *b, size_t index, struct pl_str text) {
    double v[DIMS];
    embed(text, v);
    pl_buf_printf(b, "{\"object\":\"embedding\",\"index\":%zu,\"embedding\":[", index);
    for (size_t i = 0; i < DIMS; i++) pl_buf_printf(b, "%s%.4e", i ? "," : "", v[i]);
    pl_buf_c(b, "]}");
}

struct pl_str provider_embeddings(struct pl_arena *a, struct pl_str body, int64_t *tokens) {
    struct pl_json json;
    size_t at;
    struct pl_buf b = {0};
    *tokens = (int64_t)body.n / 5;
    const struct pl_json *input =
        pl_json_parse(a, body, &json, &at) == PL_OK ? pl_json_get(&json, "input") : NULL;
    pl_buf_c(&b, "{\"object\":\"list\",\"data\":[");
    for (size_t i = input ? input->n : 0; i > 0; i--) { /* last first: the index tells */
        if (i < input->n) pl_buf_byte(&b, ',');
        put(&b, i - 1, input->m[i - 1].value.s);
    }
    pl_buf_printf(&b, "],\"model\":\"e\",\"usage\":{\"prompt_tokens\":%lld,\"total_tokens\":%lld}}",
                  (long long)*tokens, (long long)*tokens);
    struct pl_str out = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return out;
}
