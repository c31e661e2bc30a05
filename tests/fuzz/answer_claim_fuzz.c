/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as what is known and as what a model says of it: both are read to their end, the same
 * each time, and a fact that is nowhere is never supported.
 */
#include <string.h>

#include "runtime/answer/answer_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INVENTED "QX918273645"

static enum answer_why weigh(const struct evidence *e, struct pl_str s) {
    struct claim c;
    pl_assert(pl_answer__claim(&e->r, s, &c));
    pl_answer__says_something(&c);
    pl_answer__to_the_point(e, &c);
    return pl_answer__supported(e, &c);
}

static void sentences(const struct evidence *e, struct pl_str reply) {
    uint32_t n, from = 0;
    const uint32_t *ends = pl_locale_sentences(e->r.t, e->r.a, reply, &n);
    for (uint32_t i = 0; i < n; from = ends[i++]) {
        struct pl_str s = {reply.p + from, ends[i] - from};
        pl_assert(weigh(e, s) == weigh(e, s));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const locales[] = {"en-US", "es-ES", "ar-SA", "de-DE"};
    if (size < 3 || size > 4096) return 0;
    static struct pl_locale_tools *t; /* costly to open */
    if (t == NULL) t = pl_locale_tools_new();
    struct pl_arena a;
    struct pl_locale *l;
    pl_arena_init(&a, 0);
    struct pl_str id = pl_str_c(locales[data[0] % PL_LEN(locales)]);
    pl_assert(pl_locale_open(t, id, PL_STR("UTC"), PL_STR("USD"), &l) == PL_OK);
    struct pl_str all = {(const char *)data + 2, size - 2};
    size_t cut = data[1] * all.n / 256;
    struct evidence e = {.r = {.t = t, .l = l, .language = pl_locale_language(id), .a = &a}};
    pl_assert(pl_answer__claim(&e.r, PL_STR("Where is it?"), &e.question));
    pl_answer__learn(&e, (struct pl_str){all.p, cut}, true);
    pl_assert(!e.failed);
    sentences(&e, (struct pl_str){all.p + cut, all.n - cut});
    if (pl_str_find(all, PL_STR("918273645")) == SIZE_MAX)
        pl_assert(weigh(&e, PL_STR("It is " INVENTED ".")) != WHY_NONE);
    PL_VEC_FREE(&e.claims);
    PL_VEC_FREE(&e.said);
    pl_arena_free(&a);
    return 0;
}
