/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: a list of calloc'd blocks, newest first, each at least twice the one before. */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/base.h"

#define FIRST_BLOCK 4096
#define ALIGN       _Alignof(max_align_t)

void pl_arena_init(struct pl_arena *a, size_t limit) {
    *a = (struct pl_arena){.limit = limit};
}

static void *refuse(const struct pl_arena *a) {
    pl_assert(a->limit != 0); /* without a limit, running out is fatal */
    return NULL;
}

static struct pl_arena_block *grow(struct pl_arena *a, size_t size) {
    size_t want = a->head ? a->head->size * 2 : FIRST_BLOCK;
    if (want < size) want = size;
    struct pl_arena_block *block = calloc(1, sizeof(*block) + want);
    if (!block) return NULL;
    block->next = a->head;
    block->size = want;
    a->head = block;
    return block;
}

/* The next `size` bytes, a multiple of ALIGN; NULL: none are left. */
static char *take(struct pl_arena *a, size_t size) {
    if (a->limit && (size > a->limit || a->used > a->limit - size)) return refuse(a);
    struct pl_arena_block *block = a->head;
    if (!block || block->size - block->used < size) {
        block = grow(a, size ? size : ALIGN);
        if (!block) return refuse(a);
    }
    char *p = block->data + block->used;
    block->used += size;
    a->used += size;
    return p;
}

void *pl_arena_raw(struct pl_arena *a, size_t size) {
    if (size > SIZE_MAX / 4) return refuse(a);
    return take(a, (size + ALIGN - 1) & ~(ALIGN - 1));
}

void *pl_arena_alloc_long(struct pl_arena *a, size_t size) {
    if (size > SIZE_MAX / 4) return refuse(a);
    size = (size + ALIGN - 1) & ~(ALIGN - 1);
    char *p = take(a, size);
    if (!p) return NULL;
    const struct pl_arena_block *block = a->head;
    size_t from = block->used - size;
    if (from < block->dirty) memset(p, 0, size < block->dirty - from ? size : block->dirty - from);
    return p;
}

struct pl_str pl_arena_str(struct pl_arena *a, struct pl_str s) {
    char *p = pl_arena_raw(a, s.n + 1);
    if (!p) return (struct pl_str){0}; /* not "": callers tell a copy that failed by its p */
    if (s.n) memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (struct pl_str){p, s.n};
}

struct pl_str pl_arena_printf(struct pl_arena *a, const char *format, ...) {
    char small[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    pl_assert(n >= 0);
    if ((size_t)n < sizeof(small)) return pl_arena_str(a, (struct pl_str){small, (size_t)n});
    char *p = pl_arena_alloc(a, (size_t)n + 1);
    if (!p) return (struct pl_str){"", 0};
    va_start(args, format);
    (void)vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return (struct pl_str){p, (size_t)n};
}

void pl_arena_reset(struct pl_arena *a) {
    struct pl_arena_block *largest = a->head; /* they only grow */
    if (!largest) return;
    struct pl_arena_block *block = largest->next;
    while (block) {
        struct pl_arena_block *next = block->next;
        free(block);
        block = next;
    }
    largest->next = NULL;
    if (largest->dirty < largest->used) largest->dirty = largest->used;
    largest->used = 0;
    a->used = 0;
}

void pl_arena_free(struct pl_arena *a) {
    pl_arena_reset(a);
    free(a->head);
    a->head = NULL;
}
