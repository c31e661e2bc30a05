/* SPDX-License-Identifier: Apache-2.0
 *
 * Where an answer comes from, as it is shown with it.
 */
#include "runtime/answer/answer_priv.h"

#define PASSAGE_MOST 600 /* bytes that are shown of it */

static struct pl_value text(struct pl_str s) {
    return (struct pl_value){.kind = PL_KIND_TEXT, .s = s};
}

static struct pl_value passage(struct pl_arena *a, const struct pl_kb_hit *h) {
    struct pl_kb_piece pieces[PL_KB_MOST_PIECES];
    uint32_t n = pl_kb_pieces(h, PASSAGE_MOST, pieces);
    struct pl_value *v = PL_NEW_ARRAY(a, struct pl_value, n + 1);
    pl_assert(v != NULL);
    for (uint32_t i = 0; i < n; i++) v[i] = text(pieces[i].text);
    return (struct pl_value){.kind = PL_KIND_LIST, .list = {v, n}};
}

struct pl_value pl_answer__source(struct pl_arena *a, const struct pl_kb_hit *h) {
    struct pl_field *f = PL_NEW_ARRAY(a, struct pl_field, 5);
    struct pl_str article = pl_arena_printf(a, "kb/%.*s", PL_STR_ARG(h->id));
    pl_assert(f != NULL);
    f[0] = (struct pl_field){PL_STR("title"), pl_text(h->title)};
    f[1] = (struct pl_field){PL_STR("url"), text(h->url.n ? h->url : article)};
    f[2] = (struct pl_field){PL_STR("article"), text(article)};
    f[3] = (struct pl_field){PL_STR("locale"), text(h->locale)};
    f[4] = (struct pl_field){PL_STR("passage"), passage(a, h)};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f, 5}};
}
