/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as an entry of the ledger and as its sum: refused, or written again as they were read.
 */
#include "runtime/llm/llm_run_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_str bytes = {(const char *)data, size};
    struct pl_llm__entry e, again;
    static struct pl_llm__sum sum, same;
    struct pl_buf b = {0};
    if (pl_llm__entry_read(bytes, &e)) {
        pl_llm__entry_write(&b, &e);
        pl_assert(pl_llm__entry_read(pl_buf_slice(&b), &again));
        pl_assert(again.id == e.id && again.money.micro == e.money.micro && again.day == e.day);
    }
    pl_buf_clear(&b);
    if (pl_llm__sum_read(bytes, &sum)) {
        pl_llm__sum_write(&b, &sum);
        pl_assert(pl_llm__sum_read(pl_buf_slice(&b), &same));
        pl_assert(same.n == sum.n && same.ntotals == sum.ntotals);
    }
    pl_buf_free(&b);
    return 0;
}
