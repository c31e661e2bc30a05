/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache of whole answers, by what was asked.
 */
#include <string.h>

#include "runtime/crypto/crypto.h"
#include "runtime/llm/llm_run_priv.h"

/* ---- what a model sees of a request ---- */

static void add(struct pl_sha *h, struct pl_str s) {
    uint64_t n = s.n;
    pl_sha_add(h, (struct pl_str){(const char *)&n, sizeof n});
    pl_sha_add(h, s);
}

static void add_number(struct pl_sha *h, uint64_t n) {
    pl_sha_add(h, (struct pl_str){(const char *)&n, sizeof n});
}

/* The ids of tool calls are a provider's, and say nothing. */
static void add_message(struct pl_sha *h, const struct pl_llm_message *m) {
    add_number(h, m->role);
    add(h, m->text);
    add_number(h, m->ncalls);
    for (size_t i = 0; i < m->ncalls; i++) {
        add(h, m->calls[i].name);
        add(h, m->calls[i].arguments);
    }
}

static void add_request(struct pl_sha *h, const struct pl_llm_request *r) {
    add(h, r->system);
    add(h, r->schema);
    add_number(h, r->nmessages);
    for (size_t i = 0; i < r->nmessages; i++) add_message(h, &r->messages[i]);
    add_number(h, r->ntools);
    for (size_t i = 0; i < r->ntools; i++) {
        add(h, r->tools[i].name);
        add(h, r->tools[i].about);
        add(h, r->tools[i].schema);
    }
    add_number(h, r->nembed);
    for (size_t i = 0; i < r->nembed; i++) add(h, r->embed[i]);
}

uint64_t pl_llm_key(const struct pl_llm_request *request) {
    uint8_t digest[PL_HASH_SIZE];
    struct pl_sha *h = pl_sha_create();
    pl_assert(h);
    add_request(h, request);
    pl_sha_end(h, digest);
    pl_sha_destroy(&h);
    struct pl_reader r = pl_reader_of((struct pl_str){(const char *)digest, sizeof digest});
    return pl_read_u64(&r);
}
