/* SPDX-License-Identifier: Apache-2.0
 *
 * base: what every room stands on. Text slices, arenas, growing buffers, a hash map, errors,
 * asserts, the log, counters, a token bucket, the injected clock and randomness.
 *
 * Lifetimes: an arena owns all it hands out until it is reset or destroyed; a slice owns nothing.
 * Threads: nothing here is shared; each object belongs to the thread that made it, except
 * pl_log (any thread) and pl_counter (one writer, any reader).
 * No global state: allocator limits, clock and randomness arrive in structs.
 */
#ifndef PL_BASE_H
#define PL_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- errors and asserts ---- */

enum pl_err {
#define ERR(name, text) PL_##name,
#include "runtime/base/error.def"
#undef ERR
};

/* The text of an error, static, never NULL. */
const char *pl_err_text(enum pl_err err);

/* A bug: prints where and aborts, in release too. */
#define pl_assert(cond) ((cond) ? (void)0 : pl_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void pl_assert_failed(const char *cond, const char *file, int line);

#define PL_LEN(array)   (sizeof(array) / sizeof((array)[0]))
#define PL_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* ---- text slices: UTF-8 unless said otherwise, not NUL-terminated, owns nothing ---- */

struct pl_str {
    const char *p;
    size_t n;
};

#define PL_STR(literal) ((struct pl_str){("" literal), sizeof(literal) - 1})
#define PL_STR_ARG(s)   (int)(s).n, (s).p /* for "%.*s" */

/* Of a C string; NULL gives the empty slice. */
static inline struct pl_str pl_str_c(const char *c) {
    return (struct pl_str){c ? c : "", c ? strlen(c) : 0};
}
static inline bool pl_str_eq(struct pl_str a, struct pl_str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool pl_str_is(struct pl_str a, const char *c) {
    return pl_str_eq(a, pl_str_c(c));
}
int pl_str_cmp(struct pl_str a, struct pl_str b); /* by bytes */
bool pl_str_starts(struct pl_str s, struct pl_str prefix);
bool pl_str_ends(struct pl_str s, struct pl_str suffix);
/* Offset of the first `needle` in `s`, or SIZE_MAX. */
size_t pl_str_find(struct pl_str s, struct pl_str needle);
struct pl_str pl_str_trim(struct pl_str s); /* ASCII white space at both ends */
uint64_t pl_str_hash(struct pl_str s);      /* not keyed: for tables of trusted names */
/* Parses the whole slice as a decimal integer. */
bool pl_str_i64(struct pl_str s, int64_t *out);

bool pl_utf8_valid(struct pl_str s);
/* Decodes one code point at *at and moves *at on; an ill-formed byte gives U+FFFD and moves one. */
uint32_t pl_utf8_next_long(struct pl_str s, size_t *at); /* next's slow way */
static inline uint32_t pl_utf8_next(struct pl_str s, size_t *at) {
    uint8_t c = *at < s.n ? (uint8_t)s.p[*at] : 0x80;
    return c < 0x80 ? (++*at, c) : pl_utf8_next_long(s, at);
}
/* Writes 1..4 bytes to out, gives how many. */
size_t pl_utf8_put(uint32_t cp, char out[4]);

/* ---- arena: a turn's memory, freed whole ---- */

struct pl_arena_block {
    struct pl_arena_block *next;
    size_t size, used; /* of data */
    size_t dirty;      /* from here on it is as calloc gave it: zero */
    _Alignas(max_align_t) char data[];
};
struct pl_arena {
    struct pl_arena_block *head; /* newest first */
    size_t used;                 /* bytes handed out since the last reset */
    size_t limit;                /* 0: none; else the most bytes it may hold */
};

/* `limit` bytes at most, 0 for none. Allocates nothing until first use. */
void pl_arena_init(struct pl_arena *a, size_t limit);
/* Zeroed memory aligned for any type. Over the limit or out of memory: asserts when the arena has
 * no limit, else returns NULL, which callers that read untrusted input check. */
void *pl_arena_alloc_long(struct pl_arena *a, size_t size); /* alloc's slow way */
static inline void *pl_arena_alloc(struct pl_arena *a, size_t size) {
    const size_t align = _Alignof(max_align_t);
    struct pl_arena_block *block = a->head;
    size_t room = block && !a->limit ? block->size - block->used : 0;
    size_t whole = (size + align - 1) & ~(align - 1);
    if (size >= room || whole > room) return pl_arena_alloc_long(a, size);
    char *p = block->data + block->used;
    size_t dirty = block->used < block->dirty ? block->dirty - block->used : 0;
    block->used += whole;
    a->used += whole;
    return memset(p, 0, whole < dirty ? whole : dirty);
}
/* The like, not zeroed: for what is written at once. */
void *pl_arena_raw(struct pl_arena *a, size_t size);
/* The like for an array; checks the product for overflow. */
static inline void *pl_arena_array(struct pl_arena *a, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) total = SIZE_MAX; /* which is refused */
    return pl_arena_alloc(a, total);
}
struct pl_str pl_arena_str(struct pl_arena *a, struct pl_str s); /* a copy, NUL-terminated too */
/* The text without marks of direction, every kind of blank a plain one: what people compare. It is
 * `s` itself when that has none. */
struct pl_str pl_str_plain(struct pl_arena *a, struct pl_str s);
struct pl_str pl_arena_printf(struct pl_arena *a, const char *format, ...) PL_PRINTF(2, 3);
/* Forgets everything, keeps the largest block so that a warm arena allocates nothing. */
void pl_arena_reset(struct pl_arena *a);
void pl_arena_free(struct pl_arena *a);

#define PL_NEW(arena, type)              ((type *)pl_arena_alloc((arena), sizeof(type)))
#define PL_NEW_ARRAY(arena, type, count) ((type *)pl_arena_array((arena), (count), sizeof(type)))

/* ---- buffer: bytes that grow, malloc'd; all-zero is a valid empty buffer ---- */

struct pl_buf {
    char *p;
    size_t n, cap;
    bool failed; /* out of memory once: later writes do nothing, the writer checks at the end */
};

void pl_buf_free(struct pl_buf *b);
void pl_buf_clear(struct pl_buf *b);             /* keeps the memory */
bool pl_buf_grow(struct pl_buf *b, size_t more); /* reserve's slow way */
static inline bool pl_buf_reserve(struct pl_buf *b, size_t more) {
    return (!b->failed && b->cap - b->n >= more) || pl_buf_grow(b, more);
}
static inline void pl_buf_add(struct pl_buf *b, const void *p, size_t n) {
    if (n == 0 || !pl_buf_reserve(b, n)) return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}
static inline void pl_buf_str(struct pl_buf *b, struct pl_str s) {
    pl_buf_add(b, s.p, s.n);
}
static inline void pl_buf_c(struct pl_buf *b, const char *c) {
    pl_buf_add(b, c, strlen(c));
}
static inline void pl_buf_byte(struct pl_buf *b, uint8_t byte) {
    if (pl_buf_reserve(b, 1)) b->p[b->n++] = (char)byte;
}
void pl_buf_printf(struct pl_buf *b, const char *format, ...) PL_PRINTF(2, 3);
/* As text or as an attribute's value in HTML and XML: <, >, & and " by their names. */
void pl_buf_markup(struct pl_buf *b, struct pl_str s);
struct pl_str pl_buf_slice(const struct pl_buf *b);
/* Little-endian fixed numbers, LEB128 numbers, and length-prefixed text: the one wire habit of all
 * binary formats (images, entries, snapshots). */
void pl_buf_u16(struct pl_buf *b, uint16_t v);
void pl_buf_u32(struct pl_buf *b, uint32_t v);
void pl_buf_u64(struct pl_buf *b, uint64_t v);
void pl_buf_var_long(struct pl_buf *b, uint64_t v); /* var's slow way */
static inline void pl_buf_var(struct pl_buf *b, uint64_t v) {
    if (v < 0x80)
        pl_buf_byte(b, (uint8_t)v);
    else
        pl_buf_var_long(b, v);
}
void pl_buf_zig(struct pl_buf *b, int64_t v); /* zigzag, then LEB128 */
static inline void pl_buf_text(struct pl_buf *b, struct pl_str s) {
    pl_buf_var(b, s.n);
    pl_buf_str(b, s);
}

/* The reader of the same. A read past the end or an over-long number sets `bad`, gives zero, and
 * every later read gives zero too: check once at the end. */
struct pl_reader {
    const uint8_t *p, *end;
    bool bad;
};

struct pl_reader pl_reader_of(struct pl_str s);
static inline size_t pl_read_left(const struct pl_reader *r) {
    return r->bad ? 0 : (size_t)(r->end - r->p);
}
static inline uint8_t pl_read_u8(struct pl_reader *r) {
    if (pl_read_left(r) > 0) return *r->p++;
    r->bad = true;
    return 0;
}
uint16_t pl_read_u16(struct pl_reader *r);
uint32_t pl_read_u32(struct pl_reader *r);
uint64_t pl_read_u64(struct pl_reader *r);
uint64_t pl_read_var_long(struct pl_reader *r); /* var's slow way */
static inline uint64_t pl_read_var(struct pl_reader *r) {
    return pl_read_left(r) > 0 && *r->p < 0x80 ? *r->p++ : pl_read_var_long(r);
}
int64_t pl_read_zig(struct pl_reader *r);
struct pl_str pl_read_bytes(struct pl_reader *r, size_t n); /* points into the input */
struct pl_str pl_read_text(struct pl_reader *r);            /* points into the input */

/* ---- map: text to pointer, open addressing; keys must outlive it ---- */

struct pl_map {
    struct pl_map_slot *slots;
    size_t n, cap;
};

void pl_map_free(struct pl_map *m);
void *pl_map_get(const struct pl_map *m, struct pl_str key); /* NULL when absent */
/* Gives the earlier value or NULL. value must not be NULL. */
void *pl_map_put(struct pl_map *m, struct pl_str key, void *value);
void *pl_map_del(struct pl_map *m, struct pl_str key); /* gives the removed value or NULL */
/* Walks in no order: start with *at = 0; false at the end. */
bool pl_map_next(const struct pl_map *m, size_t *at, struct pl_str *key, void **value);

/* ---- vectors: PL_VEC(type) is {type *v; size_t n, cap;}, zero is valid ---- */

#define PL_VEC(type)                                                                               \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, cap;                                                                             \
    }
/* Adds an item; asserts when memory is out. */
#define PL_PUSH(vec, item)                                                                         \
    (pl_vec_grow((void **)&(vec)->v, &(vec)->cap, (vec)->n, sizeof(*(vec)->v)),                    \
     (vec)->v[(vec)->n++] = (item))
#define PL_VEC_FREE(vec) (pl_vec_free((void **)&(vec)->v, &(vec)->n, &(vec)->cap))
void pl_vec_grow(void **v, size_t *cap, size_t n, size_t size);
void pl_vec_free(void **v, size_t *n, size_t *cap);

/* ---- clock and randomness, injected ---- */

struct pl_clock {
    int64_t (*wall_ms)(void *ctx); /* since 1970-01-01 UTC */
    int64_t (*mono_us)(void *ctx); /* never goes back */
    void *ctx;
};
struct pl_clock pl_clock_system(void);
/* A clock that stands still at *now_ms (both readings); the test moves it. */
struct pl_clock pl_clock_fake(int64_t *now_ms);

/* xoshiro256**: for jitter and simulation only, never for secrets. */
struct pl_rand {
    uint64_t s[4];
};
void pl_rand_seed(struct pl_rand *r, uint64_t seed);
uint64_t pl_rand_u64(struct pl_rand *r);
uint64_t pl_rand_below(struct pl_rand *r, uint64_t bound); /* 0 when bound is 0 */

/* ---- token bucket ---- */

struct pl_bucket {
    double tokens, burst, per_second;
    int64_t at_us;
};
void pl_bucket_init(struct pl_bucket *b, double burst, double per_second, int64_t now_us);
/* Takes `cost`, or takes nothing and gives the milliseconds to wait (never 0). 0: taken. */
int64_t pl_bucket_take(struct pl_bucket *b, double cost, int64_t now_us);

/* ---- log: one line of JSON on stderr; carries ids only, never customer text ---- */

enum pl_log_level { PL_LOG_DEBUG, PL_LOG_INFO, PL_LOG_WARN, PL_LOG_ERROR };
struct pl_log {
    enum pl_log_level least;
    FILE *to; /* NULL: silent */
    struct pl_clock clock;
    /* Takes personal data out of a line's text, in place, before it is written: the last guard, for
     * what should not be there at all. NULL: none. Any thread. */
    void (*mask)(char *text, size_t room);
};
/* room: "store"; event: a fixed lower_case name; format: "key=%s other=%d", turned into text. */
void pl_log(const struct pl_log *log, enum pl_log_level level, const char *room, const char *event,
            const char *format, ...) PL_PRINTF(5, 6);

/* ---- counters: named numbers a room keeps and anyone may read ---- */

struct pl_counter {
    const char *name; /* "store.commits" */
    const char *help;
    _Atomic uint64_t value;
};
void pl_count(struct pl_counter *c, uint64_t more);
uint64_t pl_counter_read(const struct pl_counter *c);

/* ---- small helpers ---- */

/* Lower-case hex of n bytes into out, which holds 2n+1. */
void pl_hex(const uint8_t *bytes, size_t n, char *out);
/* The number in digits, NUL behind them; gives how many. */
size_t pl_digits(uint64_t n, char out[21]);
/* Reads exactly 2n hex digits; false for anything else. */
bool pl_unhex(struct pl_str s, uint8_t *out, size_t n);
/* FNV-1a 64 of bytes, continued from `h` (start with PL_FNV): position and output hashes. */
#define PL_FNV UINT64_C(14695981039346656037)
static inline uint64_t pl_fnv(uint64_t h, const void *p, size_t n) {
    const uint8_t *bytes = (const uint8_t *)p;
    for (size_t i = 0; i < n; i++) h = (h ^ bytes[i]) * UINT64_C(1099511628211);
    return h;
}
/* The like, eight bytes at a time: for what is long. */
uint64_t pl_mix(uint64_t h, const void *p, size_t n);
/* The whole file into the arena; PL_NOT_FOUND, PL_LIMIT over max bytes, PL_IO. */
enum pl_err pl_file_read(struct pl_arena *a, const char *path, size_t max, struct pl_str *out);
/* Temporary name, write, fsync, rename, fsync the folder. On failure the old file is untouched. */
enum pl_err pl_file_replace(const char *path, struct pl_str bytes);
/* Creates the folder and its parents, mode 0700; those that it made are on disk. */
enum pl_err pl_mkdirs(const char *path);
/* What was made, renamed or removed in this folder is on disk. A file: its content is. */
enum pl_err pl_sync(const char *path);
/* Files under a folder with the suffix, recursively, sorted by bytes, paths relative to `root`,
 * '/' separated; hidden names and node_modules are skipped. */
enum pl_err pl_files_under(struct pl_arena *a, const char *root, const char *suffix, size_t max,
                           struct pl_str **paths, size_t *n);
/* Edit distance, Damerau-Levenshtein over bytes, capped at `cap`+1. */
size_t pl_edit_distance(struct pl_str a, struct pl_str b, size_t cap);
/* "Did you mean": begin with pl_near(what was written), offer every name that there is; `best` is
 * the nearest then, the first of equals, or empty: a third of the letters and one more may be
 * wrong. It points at what was offered. */
struct pl_near {
    struct pl_str got, best;
    size_t least; /* of the letters that are wrong in `best`; one more than may be */
};
static inline struct pl_near pl_near(struct pl_str got) {
    return (struct pl_near){.got = got, .least = got.n / 3 + 2};
}
void pl_near_offer(struct pl_near *near, struct pl_str name);

#endif
