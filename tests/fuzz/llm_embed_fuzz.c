/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/llm_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return llm_fuzz(PL_LLM__EMBED, data, size);
}
