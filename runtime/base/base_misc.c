/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, asserts, clock, randomness, token bucket, counters, and the small helpers. */
#include <endian.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/base/base.h"

const char *pl_err_text(enum pl_err err) {
    static const char *const texts[] = {
#define ERR(name, text) [PL_##name] = text,
#include "runtime/base/error.def"
#undef ERR
    };
    return (size_t)err < PL_LEN(texts) ? texts[err] : "unknown error";
}

_Noreturn void pl_assert_failed(const char *cond, const char *file, int line) {
    (void)fprintf(stderr, "bug: %s:%d: %s\n", file, line, cond);
    abort();
}

/* ---- clock ---- */

static int64_t system_wall(void *ctx) {
    (void)ctx;
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t system_mono(void *ctx) {
    (void)ctx;
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct pl_clock pl_clock_system(void) {
    return (struct pl_clock){system_wall, system_mono, NULL};
}

static int64_t fake_wall(void *ctx) {
    return *(int64_t *)ctx;
}

static int64_t fake_mono(void *ctx) {
    return *(int64_t *)ctx * 1000;
}

struct pl_clock pl_clock_fake(int64_t *now_ms) {
    return (struct pl_clock){fake_wall, fake_mono, now_ms};
}

/* ---- randomness: xoshiro256** seeded by splitmix64 (Blackman and Vigna, public domain) ---- */

void pl_rand_seed(struct pl_rand *r, uint64_t seed) {
    for (size_t i = 0; i < 4; i++) {
        uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        r->s[i] = z ^ (z >> 31);
    }
}

static uint64_t rotate(uint64_t x, int by) {
    return (x << by) | (x >> (64 - by));
}

uint64_t pl_rand_u64(struct pl_rand *r) {
    uint64_t *s = r->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* Draws again in the uneven rest, so every number is as likely as the next. */
uint64_t pl_rand_below(struct pl_rand *r, uint64_t bound) {
    if (bound == 0) return 0;
    uint64_t rest = (0 - bound) % bound;
    uint64_t v;
    do v = pl_rand_u64(r);
    while (v < rest);
    return v % bound;
}

/* ---- token bucket ---- */

void pl_bucket_init(struct pl_bucket *b, double burst, double per_second, int64_t now_us) {
    *b = (struct pl_bucket){burst, burst, per_second, now_us};
}

int64_t pl_bucket_take(struct pl_bucket *b, double cost, int64_t now_us) {
    if (now_us > b->at_us) {
        b->tokens = fmin(b->burst, b->tokens + (double)(now_us - b->at_us) * 1e-6 * b->per_second);
        b->at_us = now_us;
    }
    const double slack = 1e-6; /* sums of doubles fall short of whole tokens by a hair */
    if (b->tokens >= cost - slack) {
        b->tokens = fmax(0, b->tokens - cost);
        return 0;
    }
    double wait =
        b->per_second > 0 ? ceil((cost - slack - b->tokens) * 1000 / b->per_second) : 1e12;
    return wait < 1 ? 1 : wait > 1e12 ? INT64_C(1000000000000) : (int64_t)wait;
}

/* ---- counters: one writer, so no locked instruction ---- */

void pl_count(struct pl_counter *c, uint64_t more) {
    uint64_t v = atomic_load_explicit(&c->value, memory_order_relaxed);
    atomic_store_explicit(&c->value, v + more, memory_order_relaxed);
}

uint64_t pl_counter_read(const struct pl_counter *c) {
    return atomic_load_explicit(&c->value, memory_order_relaxed);
}

/* ---- hex, FNV, edit distance ---- */

void pl_hex(const uint8_t *bytes, size_t n, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool pl_unhex(struct pl_str s, uint8_t *out, size_t n) {
    if (s.n != 2 * n) return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(s.p[2 * i]), low = hex_digit(s.p[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

size_t pl_digits(uint64_t n, char out[21]) {
    char b[20];
    size_t at = sizeof b;
    do b[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    memcpy(out, b + at, sizeof b - at);
    out[sizeof b - at] = '\0';
    return sizeof b - at;
}

static uint64_t word_of(const uint8_t *p) {
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return le64toh(w);
}

static uint64_t stir(uint64_t h, uint64_t w) {
    h = (h ^ w) * UINT64_C(0x9fb21c651e98df25);
    return h ^ (h >> 28);
}

uint64_t pl_mix(uint64_t h, const void *p, size_t n) {
    const uint8_t *bytes = p;
    uint8_t rest[8] = {0};
    h = stir(h, n);
    for (; n >= 8; n -= 8, bytes += 8) h = stir(h, word_of(bytes));
    if (n) memcpy(rest, bytes, n);
    return stir(stir(h, word_of(rest)), n);
}

/* Names longer than this are never typos of each other worth a suggestion. */
#define LONGEST_NAME 128

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* One row of the table; before and last are the two rows above it. Gives the row's smallest. */
static size_t edit_row(struct pl_str a, struct pl_str b, size_t i, const size_t *before,
                       const size_t *last, size_t *row) {
    row[0] = i;
    size_t best = i;
    for (size_t j = 1; j <= b.n; j++) {
        size_t differs = a.p[i - 1] == b.p[j - 1] ? 0 : 1;
        row[j] = least(least(last[j] + 1, row[j - 1] + 1), last[j - 1] + differs);
        if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
            row[j] = least(row[j], before[j - 2] + 1);
        best = least(best, row[j]);
    }
    return best;
}

size_t pl_edit_distance(struct pl_str a, struct pl_str b, size_t cap) {
    if (pl_str_eq(a, b)) return 0;
    size_t apart = a.n > b.n ? a.n - b.n : b.n - a.n;
    if (a.n > LONGEST_NAME || b.n > LONGEST_NAME || apart > cap) return cap + 1;
    size_t rows[3][LONGEST_NAME + 1];
    size_t previous_best = 0;
    for (size_t j = 0; j <= b.n; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t best = edit_row(a, b, i, rows[(i + 1) % 3], rows[(i + 2) % 3], rows[i % 3]);
        /* a swap reaches over one row, so both must be over the cap to give up */
        if (best > cap && previous_best > cap) return cap + 1;
        previous_best = best;
    }
    return least(rows[a.n % 3][b.n], cap + 1);
}

void pl_near_offer(struct pl_near *near, struct pl_str name) {
    size_t wrong = pl_edit_distance(near->got, name, near->least);
    if (wrong >= near->least || wrong >= name.n) return;
    near->least = wrong;
    near->best = name;
}
