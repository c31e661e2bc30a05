/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an index: refused, or one that can be searched in each of its locales.
 */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct pl_locale_tools *tools; /* opened once: it takes milliseconds */
    static struct pl_kb_scratch *scratch;
    struct pl_kb *kb = NULL;
    if (tools == NULL) tools = pl_locale_tools_new();
    if (scratch == NULL) scratch = pl_kb_scratch_new(tools);
    if (pl_kb_open((struct pl_str){(const char *)data, size}, &kb) == PL_OK)
        search_with(scratch, kb);
    pl_kb_close(&kb);
    return 0;
}
