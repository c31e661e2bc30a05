/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a section: refused, or a model that can read a message.
 */
#include "runtime/nlp/nlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_with(const struct pl_nlp_model *m, struct pl_locale_tools *t) {
    struct pl_arena a;
    struct pl_nlp *n = NULL;
    struct pl_nlp_reading r;
    if (pl_nlp_new(m, t, &n) != PL_OK) return;
    pl_arena_init(&a, 0);
    pl_nlp_read(n, &a, PL_STR("where is ORDER123456789, my lawyer asks"), NULL, &r);
    pl_nlp_read(n, &a, PL_STR("أين طلبي؟ 12/11/2026 a@b.example $5"), NULL, &r);
    pl_nlp_read(n, &a, PL_STR("a trip from Berlin to Paris"), NULL, &r);
    pl_nlp_read(n, &a, PL_STR("41 out, 40 in"), NULL, &r);
    pl_nlp_read(n, &a, PL_STR("leave a note saying hi gift wrapped yes"), NULL, &r);
    pl_nlp_free(&n);
    pl_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct pl_locale_tools *tools; /* opened once: it takes milliseconds */
    struct pl_nlp_model *m = NULL;
    if (tools == NULL) tools = pl_locale_tools_new();
    if (pl_nlp_open((struct pl_str){(const char *)data, size}, &m) == PL_OK) read_with(m, tools);
    pl_nlp_close(&m);
    return 0;
}
