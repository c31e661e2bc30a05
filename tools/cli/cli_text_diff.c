/* SPDX-License-Identifier: Apache-2.0
 *
 * The unified difference of two texts, as `diff -u` writes it and `patch` reads it.
 */
#include <stdlib.h>

#include "tools/cli/cli_priv.h"

enum {
    CONTEXT = 3,
    CELLS_MOST = 16 << 20 /* of the table below; larger changes are shown as one */
};

struct lines {
    PL_VEC(struct pl_str) v; /* with their line ends */
};

/* A stretch of lines that is the same in both texts. */
struct same {
    size_t a, b, n;
};
struct diff {
    struct lines a, b;
    PL_VEC(struct same) same;
};

static void split(struct lines *l, struct pl_str text) {
    while (text.n) {
        size_t at = pl_str_find(text, PL_STR("\n")), n = at == SIZE_MAX ? text.n : at + 1;
        struct pl_str line = {text.p, n};
        PL_PUSH(&l->v, line);
        text = (struct pl_str){text.p + n, text.n - n};
    }
}

static bool equal(const struct diff *d, size_t a, size_t b) {
    return pl_str_eq(d->a.v.v[a], d->b.v.v[b]);
}

static void add_same(struct diff *d, size_t a, size_t b, size_t n) {
    struct same *last = d->same.n ? &d->same.v[d->same.n - 1] : NULL;
    struct same s = {a, b, n};
    if (!n) return;
    if (last && last->a + last->n == a && last->b + last->n == b)
        last->n += n;
    else
        PL_PUSH(&d->same, s);
}

/* The longest common lines of [from, to) by the table of their lengths; the ranges differ at both
 * ends. */
static void match_middle(struct diff *d, size_t from_a, size_t to_a, size_t from_b, size_t to_b) {
    size_t rows = to_a - from_a, width = to_b - from_b + 1;
    if (!rows || width == 1 || rows > CELLS_MOST / width) return;
    uint32_t *best = calloc((rows + 1) * width, sizeof *best);
    if (!best) return; /* then it is one change */
    for (size_t i = rows; i-- > 0;)
        for (size_t k = width - 1; k-- > 0;) {
            uint32_t down = best[(i + 1) * width + k], right = best[i * width + k + 1];
            uint32_t both = best[(i + 1) * width + k + 1] + 1;
            best[i * width + k] = equal(d, from_a + i, from_b + k) ? both
                                  : down > right                   ? down
                                                                   : right;
        }
    for (size_t i = 0, k = 0; i < rows && k + 1 < width;) {
        if (equal(d, from_a + i, from_b + k))
            add_same(d, from_a + i, from_b + k, 1), i++, k++;
        else if (best[(i + 1) * width + k] >= best[i * width + k + 1])
            i++;
        else
            k++;
    }
    free(best);
}

static void match(struct diff *d) {
    size_t na = d->a.v.n, nb = d->b.v.n, head = 0, tail = 0;
    while (head < na && head < nb && equal(d, head, head)) head++;
    while (tail < na - head && tail < nb - head && equal(d, na - tail - 1, nb - tail - 1)) tail++;
    add_same(d, 0, 0, head);
    match_middle(d, head, na - tail, head, nb - tail);
    add_same(d, na - tail, nb - tail, tail);
    struct same end = {na, nb, 0};
    PL_PUSH(&d->same, end);
}

/* ---- printing ---- */

static void put_lines(struct pl_buf *out, char mark, const struct lines *l, size_t from,
                      size_t to) {
    for (size_t i = from; i < to; i++) {
        struct pl_str line = l->v.v[i];
        pl_buf_byte(out, (uint8_t)mark);
        pl_buf_str(out, line);
        if (line.p[line.n - 1] != '\n') pl_buf_c(out, "\n\\ No newline at end of file\n");
    }
}

static void put_range(struct pl_buf *out, char mark, size_t from, size_t n) {
    pl_buf_printf(out, " %c%zu", mark, n ? from + 1 : from);
    if (n != 1) pl_buf_printf(out, ",%zu", n);
}

/* The changes between the stretches first … last, with lines around them. */
static void put_hunk(struct pl_buf *out, const struct diff *d, size_t first, size_t last) {
    static const struct same none;
    const struct same *before = first ? &d->same.v[first - 1] : &none, *after = &d->same.v[last];
    size_t lead = before->n < CONTEXT ? before->n : CONTEXT;
    size_t trail = after->n < CONTEXT ? after->n : CONTEXT;
    size_t a = before->a + before->n - lead, b = before->b + before->n - lead;
    pl_buf_c(out, "@@");
    put_range(out, '-', a, after->a + trail - a);
    put_range(out, '+', b, after->b + trail - b);
    pl_buf_c(out, " @@\n");
    put_lines(out, ' ', &d->a, a, a + lead);
    a += lead;
    b += lead;
    for (size_t i = first; i <= last; i++) {
        const struct same *s = &d->same.v[i];
        put_lines(out, '-', &d->a, a, s->a);
        put_lines(out, '+', &d->b, b, s->b);
        a = s->a + (i == last ? trail : s->n);
        b = s->b + s->n;
        put_lines(out, ' ', &d->a, s->a, a);
    }
}

void pl_cli__text_diff(struct pl_buf *out, const char *name, struct pl_str before,
                       struct pl_str after) {
    struct diff d = {0};
    split(&d.a, before);
    split(&d.b, after);
    match(&d);
    pl_buf_printf(out, "--- %s\n+++ %s\n", name, name);
    size_t first = d.same.v[0].a == 0 && d.same.v[0].b == 0 && d.same.n > 1 ? 1 : 0;
    for (size_t i = first; i < d.same.n; i++) {
        /* changes that are near one another make one hunk */
        if (i + 1 < d.same.n && d.same.v[i].n <= 2 * CONTEXT) continue;
        put_hunk(out, &d, first, i);
        first = i + 1;
    }
    PL_VEC_FREE(&d.a.v);
    PL_VEC_FREE(&d.b.v);
    PL_VEC_FREE(&d.same);
}
