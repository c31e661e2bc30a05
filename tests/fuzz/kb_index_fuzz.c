/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an index: refused, or one that can be searched in each of its locales. Input that
 * begins with 'p' patches a good index instead, four bytes a patch: where (24 bits), and what; so
 * the seeds need no format of their own.
 */
#include <string.h>

#include "runtime/kb/kb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void search_with(struct pl_kb_scratch *s, const struct pl_kb *kb) {
    static struct pl_kb_result result;
    struct pl_kb_hit hit;
    uint32_t first, end;
    for (uint32_t i = 0; i < pl_kb_nlocales(kb) && i < 8; i++) {
        struct pl_kb_query q = {PL_STR("can I return it? أين طلبي 退货"), pl_kb_locale(kb, i),
                                PL_STR("en"), PL_KB_MOST_HITS};
        pl_kb_search(s, kb, &q, &result);
        for (uint32_t k = 0; k < result.n; k++)
            pl_assert(result.hits[k].answer.end <= result.hits[k].text.n);
    }
    for (uint32_t i = 0; i < 100; i++) pl_kb_passage(kb, i, &hit);
    for (uint32_t i = 0; i < 100; i++) pl_kb_article_passages(kb, i, &first, &end);
}

static void make_index(struct pl_locale_tools *t, struct pl_buf *out) {
    struct pl_str asked = PL_STR("start a return");
    struct pl_kb_passage p[] = {
        {PL_STR("Cost"), PL_STR("cost"), PL_STR("Return it within 30 days. We send a label.")},
        {.text = PL_STR("1. Open it.\n2. Go.")},
        {.text = PL_STR("收到商品后三十天内可以退货。")},
        {.text = PL_STR("أين طلبي؟ يصل خلال يومين.")}};
    struct pl_kb_article a[] = {
        {PL_STR("en"), PL_STR("r"), PL_STR("Returns"), PL_STR("https://a.b"), &asked, 1, p, 2},
        {PL_STR("zh"), PL_STR("r"), PL_STR("退货"), PL_STR(""), NULL, 0, p + 2, 1},
        {PL_STR("ar"), PL_STR("r"), PL_STR("طلبي"), PL_STR(""), NULL, 0, p + 3, 1}};
    pl_assert(pl_kb_build(t, a, PL_LEN(a), out) == PL_OK);
}

static void patch(struct pl_buf *b, struct pl_str good, const uint8_t *data, size_t size) {
    pl_buf_clear(b);
    pl_buf_str(b, good);
    for (size_t i = 1; i + 4 <= size; i += 4) {
        size_t at = data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16;
        b->p[at % b->n] = (char)data[i + 3];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct pl_locale_tools *tools; /* opened once: it takes milliseconds */
    static struct pl_kb_scratch *scratch;
    static struct pl_buf good, patched;
    struct pl_str bytes = {(const char *)data, size};
    struct pl_kb *kb = NULL;
    if (tools == NULL) {
        tools = pl_locale_tools_new();
        scratch = pl_kb_scratch_new(tools);
        make_index(tools, &good);
    }
    if (size && data[0] == 'p') {
        patch(&patched, pl_buf_slice(&good), data, size);
        bytes = pl_buf_slice(&patched);
    }
    if (pl_kb_open(bytes, &kb) == PL_OK) search_with(scratch, kb);
    pl_kb_close(&kb);
    return 0;
}
