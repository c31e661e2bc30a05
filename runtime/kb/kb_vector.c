/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of passages: as they lie in their section, and what is near to a question's.
 *
 *   section: magic, version, dims, rows, length of the model's name | hash of the index (8) | name
 *            | norm of each row, squared | rows, a byte a number
 */
#include "runtime/kb/kb_priv.h"

#include <math.h>
#include <string.h>

#define MAGIC     UINT32_C(0x31564b50) /* "PKV1" */
#define VERSION   1
#define HEADER    28
#define NAME_MOST 200
#define NEAREST   PL_KB_MOST_HITS
#define DAMP      60 /* of the ranks: the paper's */

/* ---- the section ---- */

struct pl_str pl_kb_vector_text(struct pl_arena *a, const struct pl_kb_hit *p) {
    if (!p->heading.n)
        return pl_arena_printf(a, "%.*s\n%.*s", PL_STR_ARG(p->title), PL_STR_ARG(p->text));
    return pl_arena_printf(a, "%.*s\n%.*s\n%.*s", PL_STR_ARG(p->title), PL_STR_ARG(p->heading),
                           PL_STR_ARG(p->text));
}

enum pl_err pl_kb_vector_row(const float *v, uint32_t dims, int8_t *row) {
    float most = 0;
    for (uint32_t i = 0; i < dims; i++) {
        if (!isfinite(v[i])) return PL_MALFORMED;
        most = fmaxf(most, fabsf(v[i]));
    }
    if (most <= 0) return PL_MALFORMED;
    for (uint32_t i = 0; i < dims; i++) row[i] = (int8_t)lrintf(v[i] / most * 127);
    return PL_OK;
}

static int32_t dot(const int8_t *a, const int8_t *b, uint32_t n) {
    int32_t sum = 0; /* 4,096 * 127 * 127 fits */
    for (uint32_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void put_u32(struct pl_buf *b, uint32_t v) {
    uint8_t bytes[4];
    pl_kb__store(bytes, v);
    pl_buf_add(b, bytes, sizeof bytes);
}

enum pl_err pl_kb_vectors_build(const struct pl_kb *kb, struct pl_str index, struct pl_str model,
                                uint32_t dims, const int8_t *rows, struct pl_buf *section) {
    uint64_t hash = pl_fnv(PL_FNV, index.p, index.n);
    if (dims == 0 || dims > PL_KB_MOST_DIMS || model.n > NAME_MOST) return PL_LIMIT;
    const uint32_t header[] = {MAGIC,
                               VERSION,
                               dims,
                               kb->npassages,
                               (uint32_t)model.n,
                               (uint32_t)hash,
                               (uint32_t)(hash >> 32)};
    for (size_t i = 0; i < PL_LEN(header); i++) put_u32(section, header[i]);
    pl_buf_str(section, model);
    for (size_t i = 0; i < kb->npassages; i++)
        put_u32(section, (uint32_t)dot(rows + i * dims, rows + i * dims, dims));
    pl_buf_add(section, rows, (size_t)kb->npassages * dims);
    return section->failed ? PL_NOMEM : PL_OK;
}

enum pl_err pl_kb_vectors_open(struct pl_str s, const struct pl_kb *kb, struct pl_str index,
                               struct pl_kb_vectors *out) {
    uint32_t h[HEADER / 4];
    uint64_t hash = pl_fnv(PL_FNV, index.p, index.n);
    if (s.n < HEADER) return PL_MALFORMED;
    for (size_t i = 0; i < PL_LEN(h); i++) h[i] = pl_kb__load(s.p + 4 * i);
    if (h[0] != MAGIC) return PL_MALFORMED;
    if (h[1] != VERSION) return PL_VERSION;
    size_t n = h[3], dims = h[2], name = h[4]; /* 32 bits each: no sum of these overflows */
    if (dims == 0 || dims > PL_KB_MOST_DIMS || name > NAME_MOST ||
        s.n != HEADER + name + n * 4 + n * dims)
        return PL_MALFORMED;
    if (n != kb->npassages || (hash & UINT32_MAX) != h[5] || hash >> 32 != h[6]) return PL_CONFLICT;
    const char *at = s.p + HEADER;
    *out = (struct pl_kb_vectors){.model = {at, name},
                                  .dims = (uint32_t)dims,
                                  .norms = (const uint8_t *)at + name,
                                  .rows = (const int8_t *)at + name + n * 4};
    return PL_OK;
}

/* ---- what is near ---- */

struct near {
    uint32_t passage, article;
    double likeness;
};

/* One of each article, the nearest first; of equals the one that comes first. */
static uint32_t insert(struct near *v, uint32_t n, struct near x) {
    uint32_t at = 0, gone = 0;
    while (gone < n && v[gone].article != x.article) gone++;
    if (gone < n && v[gone].likeness >= x.likeness) return n;
    if (gone == n && n == NEAREST) gone = v[n - 1].likeness >= x.likeness ? n : n - 1;
    if (gone == n && n == NEAREST) return n;
    if (gone == n) n++;
    memmove(v + gone, v + gone + 1, (n - 1 - gone) * sizeof *v);
    while (at < n - 1 && v[at].likeness >= x.likeness) at++;
    memmove(v + at + 1, v + at, (n - 1 - at) * sizeof *v);
    v[at] = x;
    return n;
}

static uint32_t nearest(const struct pl_kb__shelf *s, const struct pl_kb_vectors *v,
                        const int8_t *question, struct near *out) {
    uint32_t n = 0;
    for (uint32_t unit = 0; unit < s->npassages; unit++) {
        size_t row = (size_t)s->passage + unit;
        double norm = pl_kb__load(v->norms + row * 4);
        int32_t d = dot(v->rows + row * v->dims, question, v->dims);
        if (d <= 0 || norm <= 0) continue; /* nothing in common */
        struct near x = {(uint32_t)row,
                         s->article + pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_ARTICLE),
                         d / sqrt(norm)};
        if (n < NEAREST || x.likeness > out[n - 1].likeness) n = insert(out, n, x);
    }
    return n;
}

/* Where the search has looked; without hits, where it looked first. */
static const struct pl_kb__shelf *shelf_of(const struct pl_kb *kb, const struct pl_kb_query *q,
                                           const struct pl_kb_result *r) {
    if (r->n)
        for (uint32_t i = 0; i < kb->nshelves; i++)
            if (pl_str_eq(kb->locales[i], r->hits[0].locale)) return &kb->shelves[i];
    size_t i = pl_locale_best(q->locale, kb->locales, kb->nshelves, SIZE_MAX);
    if (i == SIZE_MAX) i = pl_locale_best(q->fallback, kb->locales, kb->nshelves, SIZE_MAX);
    return i == SIZE_MAX ? NULL : &kb->shelves[i];
}

static void by_score(struct pl_kb_hit *v, uint32_t from, uint32_t n) {
    for (uint32_t i = from + 1; i < n; i++)
        for (uint32_t k = i; k > from && v[k].score > v[k - 1].score; k--) {
            struct pl_kb_hit x = v[k];
            v[k] = v[k - 1];
            v[k - 1] = x;
        }
}

void pl_kb_fuse(const struct pl_kb *kb, const struct pl_kb_vectors *v, const struct pl_kb_query *q,
                const int8_t *question, struct pl_kb_result *r) {
    struct pl_kb_hit all[PL_KB_MOST_HITS + NEAREST];
    struct near near[NEAREST];
    const struct pl_kb__shelf *s = shelf_of(kb, q, r);
    uint32_t n = r->n, found = s ? nearest(s, v, question, near) : 0;
    uint32_t top = q->top < 1 ? 1 : q->top > PL_KB_MOST_HITS ? PL_KB_MOST_HITS : q->top;
    for (uint32_t i = 0; i < n; i++) {
        all[i] = r->hits[i];
        all[i].score = 1.0 / (DAMP + 1 + i);
    }
    for (uint32_t i = 0; i < found; i++) {
        uint32_t k = 0;
        while (k < n && all[k].article != near[i].article) k++;
        if (k == n && pl_kb_passage(kb, near[i].passage, &all[n])) all[n++].score = 0;
        if (k < n) all[k].score += 1.0 / (DAMP + 1 + i);
    }
    by_score(all, r->sure ? 1 : 0, n);
    r->n = n < top ? n : top;
    memcpy(r->hits, all, r->n * sizeof *all);
}
