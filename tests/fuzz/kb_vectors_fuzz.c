/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as the vectors of a small index: refused, or some that can be joined with what words
 * find. Input that begins with 'p' patches good vectors instead, four bytes a patch: where (24
 * bits), and what.
 */
#include <string.h>

#include "runtime/kb/kb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIMS = 8, PASSAGES = 3 };

static void make(struct pl_locale_tools *t, struct pl_buf *index, struct pl_kb **kb,
                 struct pl_buf *good) {
    struct pl_kb_passage p[] = {{PL_STR(""), PL_STR(""), PL_STR("Return it within 30 days.")},
                                {PL_STR("Cost"), PL_STR("cost"), PL_STR("The label is free.")},
                                {PL_STR(""), PL_STR(""), PL_STR("三十天内可以退货。")}};
    struct pl_kb_article a[] = {
        {PL_STR("en"), PL_STR("r"), PL_STR("Returns"), PL_STR(""), NULL, 0, p, 2},
        {PL_STR("zh"), PL_STR("r"), PL_STR("退货"), PL_STR(""), NULL, 0, p + 2, 1}};
    int8_t rows[PASSAGES * DIMS];
    for (size_t i = 0; i < PL_LEN(rows); i++) rows[i] = (int8_t)(i * 37 % 255 - 127);
    pl_assert(pl_kb_build(t, a, PL_LEN(a), index) == PL_OK);
    pl_assert(pl_kb_open(pl_buf_slice(index), kb) == PL_OK);
    pl_assert(pl_kb_vectors_build(*kb, pl_buf_slice(index), PL_STR("m"), DIMS, rows, good) ==
              PL_OK);
}

static void patch(struct pl_buf *b, struct pl_str good, const uint8_t *data, size_t size) {
    pl_buf_clear(b);
    pl_buf_str(b, good);
    for (size_t i = 1; i + 4 <= size; i += 4) {
        size_t at = data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16;
        b->p[at % b->n] = (char)data[i + 3];
    }
}

static void join(struct pl_kb_scratch *s, const struct pl_kb *kb, const struct pl_kb_vectors *v) {
    static struct pl_kb_result r;
    static int8_t question[PL_KB_MOST_DIMS];
    static const struct pl_str asks[] = {{"can I return it?", 16}, {"xyzzy", 5}, {"退货", 6}};
    memset(question, 99, sizeof question);
    for (size_t i = 0; i < PL_LEN(asks); i++) {
        struct pl_kb_query q = {asks[i], i == 2 ? PL_STR("zh") : PL_STR("en"), PL_STR("en"),
                                PL_KB_MOST_HITS};
        pl_kb_search(s, kb, &q, &r);
        pl_kb_fuse(kb, v, &q, question, &r);
        pl_assert(r.n <= PL_KB_MOST_HITS);
        for (uint32_t k = 0; k < r.n; k++) pl_assert(r.hits[k].passage < PASSAGES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct pl_locale_tools *tools; /* opened once: it takes milliseconds */
    static struct pl_kb_scratch *scratch;
    static struct pl_buf index, good, patched;
    static struct pl_kb *kb;
    struct pl_str bytes = {(const char *)data, size};
    struct pl_kb_vectors v;
    if (tools == NULL) {
        tools = pl_locale_tools_new();
        scratch = pl_kb_scratch_new(tools);
        make(tools, &index, &kb, &good);
    }
    if (size && data[0] == 'p') {
        patch(&patched, pl_buf_slice(&good), data, size);
        bytes = pl_buf_slice(&patched);
    }
    if (pl_kb_vectors_open(bytes, kb, pl_buf_slice(&index), &v) == PL_OK) join(scratch, kb, &v);
    return 0;
}
