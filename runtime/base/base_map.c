/* SPDX-License-Identifier: Apache-2.0 */
/* The map: linear probing, at most three quarters full; removal shifts back, so no tombstones. */
#include <stdlib.h>

#include "runtime/base/base.h"

struct pl_map_slot {
    struct pl_str key;
    void *value; /* NULL: empty */
    uint64_t hash;
};

void pl_map_free(struct pl_map *m) {
    free(m->slots);
    *m = (struct pl_map){0};
}

/* The slot of the key, or the empty one where it would go. */
static struct pl_map_slot *find(const struct pl_map *m, struct pl_str key, uint64_t hash) {
    size_t at = hash & (m->cap - 1);
    for (;; at = (at + 1) & (m->cap - 1)) {
        struct pl_map_slot *slot = &m->slots[at];
        if (!slot->value || (slot->hash == hash && pl_str_eq(slot->key, key))) return slot;
    }
}

void *pl_map_get(const struct pl_map *m, struct pl_str key) {
    return m->n ? find(m, key, pl_str_hash(key))->value : NULL;
}

static void rehash(struct pl_map *m) {
    struct pl_map bigger = {.n = m->n, .cap = m->cap ? m->cap * 2 : 16};
    bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
    pl_assert(bigger.slots);
    for (size_t i = 0; i < m->cap; i++) {
        struct pl_map_slot *old = &m->slots[i];
        if (old->value) *find(&bigger, old->key, old->hash) = *old;
    }
    free(m->slots);
    *m = bigger;
}

void *pl_map_put(struct pl_map *m, struct pl_str key, void *value) {
    pl_assert(value);
    if ((m->n + 1) * 4 > m->cap * 3) rehash(m);
    uint64_t hash = pl_str_hash(key);
    struct pl_map_slot *slot = find(m, key, hash);
    void *earlier = slot->value;
    if (earlier) {
        slot->value = value; /* keeps the earlier key, which outlives the map too */
        return earlier;
    }
    *slot = (struct pl_map_slot){key, value, hash};
    m->n++;
    return NULL;
}

/* Closes the gap at `hole`: moves back each follower whose home lies at or before the hole. */
static void close_gap(struct pl_map *m, size_t hole) {
    size_t mask = m->cap - 1;
    for (size_t at = (hole + 1) & mask; m->slots[at].value; at = (at + 1) & mask) {
        size_t home = m->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        m->slots[hole] = m->slots[at];
        hole = at;
    }
    m->slots[hole] = (struct pl_map_slot){0};
}

void *pl_map_del(struct pl_map *m, struct pl_str key) {
    if (!m->n) return NULL;
    struct pl_map_slot *slot = find(m, key, pl_str_hash(key));
    void *value = slot->value;
    if (!value) return NULL;
    close_gap(m, (size_t)(slot - m->slots));
    m->n--;
    return value;
}

bool pl_map_next(const struct pl_map *m, size_t *at, struct pl_str *key, void **value) {
    for (; *at < m->cap; ++*at) {
        if (!m->slots[*at].value) continue;
        *key = m->slots[*at].key;
        *value = m->slots[*at].value;
        ++*at;
        return true;
    }
    return false;
}
