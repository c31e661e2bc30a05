/* SPDX-License-Identifier: Apache-2.0 */
/* Exact decimals. Results are computed in 128 bits and rounded once, to at most 18 digits. */
#include <string.h>

#include "runtime/value/value_priv.h"

__extension__ typedef __int128 wide;

#define DIGITS    18
#define MAX_SCALE 18
#define MAX_POWER 38

static wide power(int n) {
    static const uint64_t small[] = {
        UINT64_C(1),
        UINT64_C(10),
        UINT64_C(100),
        UINT64_C(1000),
        UINT64_C(10000),
        UINT64_C(100000),
        UINT64_C(1000000),
        UINT64_C(10000000),
        UINT64_C(100000000),
        UINT64_C(1000000000),
        UINT64_C(10000000000),
        UINT64_C(100000000000),
        UINT64_C(1000000000000),
        UINT64_C(10000000000000),
        UINT64_C(100000000000000),
        UINT64_C(1000000000000000),
        UINT64_C(10000000000000000),
        UINT64_C(100000000000000000),
        UINT64_C(1000000000000000000),
        UINT64_C(10000000000000000000),
    };
    pl_assert(n >= 0 && n <= MAX_POWER);
    return n <= 19 ? (wide)small[n] : (wide)small[19] * (wide)small[n - 19];
}

static int digits(wide m) {
    int n = 1;
    if (m < 0) m = -m;
    while (n <= MAX_POWER && m >= power(n)) n++;
    return n;
}

/* m / 10^drop, half to even. */
static wide shorten(wide m, int drop) {
    if (drop == 0) return m;
    if (drop > MAX_POWER) return 0; /* below a half of the last digit kept */
    wide by = power(drop), q = m / by, rest = m % by;
    if (rest < 0) rest = -rest;
    wide over = rest - (by - rest); /* rest * 2 - by, without leaving 128 bits */
    if (over > 0 || (over == 0 && (q & 1))) q += m < 0 ? -1 : 1;
    return q;
}

/* Brings m * 10^-scale into normal form; false when the whole part has over 18 digits. */
static bool fit(wide m, int scale, struct pl_dec *out) {
    int drop = scale > MAX_SCALE ? scale - MAX_SCALE : 0;
    int n = digits(m);
    if (n - drop > DIGITS) drop = n - DIGITS;
    m = shorten(m, drop);
    scale -= drop;
    while (scale > 0 && m % 10 == 0) {
        m /= 10;
        scale--;
    }
    if (m == 0) scale = 0;
    if (scale < 0) {
        if (-scale > DIGITS) return false;
        m *= power(-scale);
        scale = 0;
    }
    if (digits(m) > DIGITS) return false;
    *out = (struct pl_dec){(int64_t)m, (uint8_t)scale};
    return true;
}

/* Digits with at most one point, which must stand between digits. */
static bool mantissa(struct pl_str s, int64_t *m, int *scale) {
    size_t i = s.n && s.p[0] == '-' ? 1 : 0, first = i;
    size_t point = SIZE_MAX;
    int n = 0; /* digits that count: not the zeros in front */
    int64_t v = 0;
    for (; i < s.n; i++) {
        if (s.p[i] == '.') {
            if (point != SIZE_MAX || i == first || i + 1 == s.n) return false;
            point = i;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9' || n == DIGITS) return false;
        v = v * 10 + (s.p[i] - '0');
        if (v) n++;
    }
    size_t after = point == SIZE_MAX ? 0 : s.n - point - 1;
    if (first == s.n || after > MAX_SCALE) return false;
    *m = first ? -v : v;
    *scale = (int)after;
    return true;
}

bool pl_dec_parse(struct pl_str s, struct pl_dec *out) {
    int64_t m;
    int scale;
    return mantissa(s, &m, &scale) && fit(m, scale, out);
}

bool pl_value__number(struct pl_str s, struct pl_dec *out) {
    size_t e = 0;
    while (e < s.n && s.p[e] != 'e' && s.p[e] != 'E') e++;
    int64_t m, exponent = 0;
    int scale;
    if (!mantissa((struct pl_str){s.p, e}, &m, &scale)) return false;
    if (e < s.n) {
        struct pl_str rest = {s.p + e + 1, s.n - e - 1};
        if (rest.n > 1 && rest.p[0] == '+' && rest.p[1] != '-') rest.p++, rest.n--;
        if (!pl_str_i64(rest, &exponent)) return false;
    }
    if (m == 0) exponent = 0;
    if (exponent > DIGITS) return false;
    if (exponent < -40) exponent = -40; /* rounds to zero either way */
    return fit(m, scale - (int)exponent, out);
}

size_t pl_dec_print(struct pl_dec d, char out[32]) {
    char back[24];
    size_t n = 0, len = 0;
    uint64_t m = d.m < 0 ? 0 - (uint64_t)d.m : (uint64_t)d.m;
    size_t scale = d.scale > MAX_SCALE ? MAX_SCALE : d.scale;
    while (m || n <= scale) { /* at least one digit before the point */
        back[n++] = (char)('0' + m % 10);
        m /= 10;
    }
    if (d.m < 0) out[len++] = '-';
    while (n) {
        out[len++] = back[--n];
        if (n == scale && n) out[len++] = '.';
    }
    out[len] = '\0';
    return len;
}

/* The two mantissas at the larger of the two scales. */
static int align(struct pl_dec a, struct pl_dec b, wide *x, wide *y) {
    int scale = a.scale > b.scale ? a.scale : b.scale;
    *x = (wide)a.m * power(scale - a.scale);
    *y = (wide)b.m * power(scale - b.scale);
    return scale;
}

int pl_dec_cmp(struct pl_dec a, struct pl_dec b) {
    wide x, y;
    (void)align(a, b, &x, &y);
    return (x > y) - (x < y);
}

struct pl_dec pl_dec_round(struct pl_dec d, uint8_t scale) {
    if (d.scale <= scale) return d;
    struct pl_dec out = {(int64_t)shorten(d.m, d.scale - scale), scale};
    while (out.scale > 0 && out.m % 10 == 0) {
        out.m /= 10;
        out.scale--;
    }
    return out;
}

/* Widens the dividend as far as 128 bits go: the quotient then has 19 digits or more, and one more
 * says whether something was left over, so that rounding once is exact. */
static bool divide(struct pl_dec a, struct pl_dec b, struct pl_dec *out) {
    if (b.m == 0) return false;
    wide top = a.m, by = b.m;
    int scale = a.scale - b.scale;
    if (by < 0) top = -top, by = -by;
    int widen = MAX_POWER - 1 - digits(top);
    top *= power(widen);
    wide q = top / by;
    int left_over = top % by == 0 ? 0 : top < 0 ? -1 : 1;
    return fit(q * 10 + left_over, scale + widen + 1, out);
}

bool pl_value__dec_op(char op, struct pl_dec a, struct pl_dec b, struct pl_dec *out) {
    wide x, y;
    switch (op) {
    case '+': {
        int scale = align(a, b, &x, &y);
        return fit(x + y, scale, out);
    }
    case '-': {
        int scale = align(a, b, &x, &y);
        return fit(x - y, scale, out);
    }
    case '*': return fit((wide)a.m * b.m, a.scale + b.scale, out);
    case '/': return divide(a, b, out);
    default: return false;
    }
}
