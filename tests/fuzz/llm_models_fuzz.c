/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a models file: targets whose settings are in their bounds, or mistakes with a line.
 */
#include <string.h>

#include "runtime/llm/llm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_arena a;
    struct pl_llm_models m;
    struct pl_buf errors = {0};
    pl_arena_init(&a, 0);
    enum pl_err err =
        pl_llm_models_parse(&a, (struct pl_str){(const char *)data, size}, "f", &m, &errors);
    pl_assert((err == PL_OK) == (errors.n == 0));
    for (size_t i = 0; err == PL_OK && i < m.ntargets; i++) {
        const struct pl_llm_target *t = &m.targets[i];
        pl_assert(t->url[0] && t->model[0] && t->connect >= 10 && t->breaker_percent <= 100);
        pl_assert(strncmp(t->key, "env ", 4) == 0 || strncmp(t->key, "file ", 5) == 0 ||
                  !t->key[0]);
        pl_assert(pl_llm_address(&a, t).n > strlen("http://"));
    }
    pl_buf_free(&errors);
    pl_arena_free(&a);
    return 0;
}
