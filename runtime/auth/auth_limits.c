/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/auth/auth.h"

/* ---- peers ---- */

static struct pl_peer peer_v4(const uint8_t bytes[4]) {
    struct pl_peer p = {{4}};
    memcpy(p.bytes + 1, bytes, 4);
    return p;
}

/* One /64 is one customer; IPv4 in IPv6 clothes is IPv4. */
static struct pl_peer peer_v6(const uint8_t bytes[16]) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(bytes, mapped, sizeof mapped) == 0) return peer_v4(bytes + 12);
    struct pl_peer p = {{6}};
    memcpy(p.bytes + 1, bytes, 8);
    return p;
}

struct pl_peer pl_peer_of(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return peer_v4((const uint8_t *)&in.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof in);
        return peer_v6((const uint8_t *)&in.sin6_addr);
    }
    return (struct pl_peer){{0}};
}

struct pl_peer pl_peer_text(const char *address) {
    uint8_t bytes[16];
    if (inet_pton(AF_INET, address, bytes) == 1) return peer_v4(bytes);
    if (inet_pton(AF_INET6, address, bytes) == 1) return peer_v6(bytes);
    return (struct pl_peer){{0}};
}

/* ---- the table: chained hash over a fixed array, least recently used first out ---- */

#define NONE UINT32_MAX

struct entry {
    struct pl_peer peer;
    struct pl_bucket bucket;
    uint32_t chain;        /* next of the same hash */
    uint32_t newer, older; /* list by last use */
};

struct pl_limits {
    double burst, per_second;
    uint64_t seed;
    uint32_t max, n, nheads;
    uint32_t newest, oldest;
    uint32_t *heads;
    struct entry *entries;
};

struct pl_limits *pl_limits_new(double burst, double per_second, size_t max_peers, uint64_t seed) {
    pl_assert(max_peers > 0 && max_peers < NONE);
    struct pl_limits *l = calloc(1, sizeof *l);
    if (l == NULL) return NULL;
    *l = (struct pl_limits){.burst = burst, .per_second = per_second, .seed = seed};
    l->max = l->nheads = (uint32_t)max_peers;
    l->newest = l->oldest = NONE;
    l->heads = malloc(max_peers * sizeof *l->heads);
    l->entries = calloc(max_peers, sizeof *l->entries);
    if (l->heads == NULL || l->entries == NULL) pl_limits_free(&l);
    for (uint32_t i = 0; l != NULL && i < l->nheads; i++) l->heads[i] = NONE;
    return l;
}

void pl_limits_free(struct pl_limits **l) {
    if (*l == NULL) return;
    free((*l)->heads);
    free((*l)->entries);
    free(*l);
    *l = NULL;
}

static uint32_t *head_of(struct pl_limits *l, const struct pl_peer *peer) {
    return &l->heads[pl_fnv(PL_FNV ^ l->seed, peer->bytes, sizeof peer->bytes) % l->nheads];
}

static void unlink_use(struct pl_limits *l, uint32_t i) {
    struct entry *e = &l->entries[i];
    *(e->newer != NONE ? &l->entries[e->newer].older : &l->newest) = e->older;
    *(e->older != NONE ? &l->entries[e->older].newer : &l->oldest) = e->newer;
}

static void link_newest(struct pl_limits *l, uint32_t i) {
    struct entry *e = &l->entries[i];
    e->newer = NONE;
    e->older = l->newest;
    *(l->newest != NONE ? &l->entries[l->newest].newer : &l->oldest) = i;
    l->newest = i;
}

/* Takes the longest unused entry out of its chain and gives its place. */
static uint32_t evict(struct pl_limits *l) {
    uint32_t i = l->oldest;
    uint32_t *link = head_of(l, &l->entries[i].peer);
    while (*link != i) link = &l->entries[*link].chain;
    *link = l->entries[i].chain;
    unlink_use(l, i);
    return i;
}

static struct entry *remember(struct pl_limits *l, struct pl_peer peer, int64_t now_us) {
    uint32_t i = l->n < l->max ? l->n++ : evict(l);
    struct entry *e = &l->entries[i];
    uint32_t *head = head_of(l, &peer);
    e->peer = peer;
    pl_bucket_init(&e->bucket, l->burst, l->per_second, now_us);
    e->chain = *head;
    *head = i;
    link_newest(l, i);
    return e;
}

static struct entry *recall(struct pl_limits *l, const struct pl_peer *peer) {
    uint32_t i = *head_of(l, peer);
    while (i != NONE && memcmp(&l->entries[i].peer, peer, sizeof *peer) != 0)
        i = l->entries[i].chain;
    if (i == NONE) return NULL;
    unlink_use(l, i);
    link_newest(l, i);
    return &l->entries[i];
}

int64_t pl_limits_take(struct pl_limits *l, struct pl_peer peer, double cost, int64_t now_us) {
    struct entry *e = recall(l, &peer);
    if (e == NULL) e = remember(l, peer, now_us);
    return pl_bucket_take(&e->bucket, cost, now_us);
}
