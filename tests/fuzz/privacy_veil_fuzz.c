/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes: what was hidden comes back as it was, however the model's reply is cut; and any bytes
 * from a model are read to their end.
 */
#include "runtime/locale/locale.h"
#include "runtime/privacy/privacy.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void comes_back(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str text,
                       size_t cut) {
    const struct pl_personal_known known[] = {
        {PL_PERSONAL_NAME, {text.p, cut < 24 ? cut : 24}},
        {PL_PERSONAL_ADDRESS, {text.p + cut, text.n - cut < 40 ? text.n - cut : 40}},
    };
    struct pl_veil *v = pl_veil_new(t, a, PL_STR("0123456789abcdef"), known, PL_LEN(known));
    struct pl_str hidden, twice;
    pl_assert(pl_veil_hide(v, text, &hidden) == PL_OK);
    struct pl_buf b = {0};
    cut = hidden.n ? cut % hidden.n : 0;
    pl_veil_show(v, (struct pl_str){hidden.p, cut}, false, &b);
    pl_veil_show(v, (struct pl_str){hidden.p + cut, hidden.n - cut}, true, &b);
    pl_assert(pl_veil_foreign(v) == 0);
    /* Signs that look like placeholders are brackets now, and cards are masked. */
    pl_assert(pl_veil_hide(v, pl_buf_slice(&b), &twice) == PL_OK);
    struct pl_buf c = {0};
    pl_veil_show(v, twice, true, &c);
    pl_assert(pl_str_eq(pl_buf_slice(&b), pl_buf_slice(&c)));
    pl_veil_show(v, text, true, &c);
    pl_buf_free(&b);
    pl_buf_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > 4096) return 0;
    static struct pl_locale_tools *t; /* costly to open */
    if (t == NULL) t = pl_locale_tools_new();
    struct pl_arena a;
    pl_arena_init(&a, 0);
    struct pl_str text = {(const char *)data + 1, size - 1};
    comes_back(t, &a, text, data[0] % text.n);
    pl_arena_free(&a);
    return 0;
}
