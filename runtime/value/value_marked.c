/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks of types: which values, or parts of them, are private or secret. */
#include "runtime/value/value.h"

#define DEEP 16 /* as deep as values go */

static bool marked(const struct pl_types *types, struct pl_type t, uint8_t quals, int depth) {
    if (t.quals & quals) return true;
    if (depth == DEEP) return false;
    if (t.kind == PL_KIND_LIST && t.def < types->ntypes)
        return marked(types, types->types[t.def], quals, depth + 1);
    if (t.kind != PL_KIND_RECORD || t.def >= types->ndefs) return false;
    const struct pl_typedef *d = &types->defs[t.def];
    for (uint32_t i = 0; i < d->nfields; i++)
        if (marked(types, d->fields[i].type, quals, depth + 1)) return true;
    return false;
}

bool pl_type_marked(const struct pl_types *types, struct pl_type type, uint8_t quals) {
    return marked(types, type, quals, 0);
}

static struct pl_value unmarked_list(struct pl_arena *a, const struct pl_types *types,
                                     struct pl_type item, struct pl_value v, uint8_t quals) {
    struct pl_value *out = PL_NEW_ARRAY(a, struct pl_value, v.list.n + 1);
    for (uint32_t i = 0; i < v.list.n; i++)
        out[i] = pl_value_unmarked(a, types, item, v.list.v[i], quals);
    v.list.v = out;
    return v;
}

static struct pl_value unmarked_record(struct pl_arena *a, const struct pl_types *types,
                                       const struct pl_typedef *d, struct pl_value v,
                                       uint8_t quals) {
    struct pl_field *out = PL_NEW_ARRAY(a, struct pl_field, d->nfields + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->nfields; i++) {
        struct pl_value x = pl_rec_get(v, d->fields[i].name);
        x = pl_value_unmarked(a, types, d->fields[i].type, x, quals);
        if (x.kind != PL_KIND_NONE) out[n++] = (struct pl_field){d->fields[i].name, x};
    }
    v.rec.f = out;
    v.rec.n = n;
    return v;
}

struct pl_value pl_value_unmarked(struct pl_arena *a, const struct pl_types *types,
                                  struct pl_type type, struct pl_value v, uint8_t quals) {
    if (type.quals & quals) return PL_NONE;
    if (!pl_type_marked(types, type, quals)) return v;
    if (v.kind == PL_KIND_LIST && type.kind == PL_KIND_LIST)
        return unmarked_list(a, types, types->types[type.def], v, quals);
    if (v.kind == PL_KIND_RECORD && type.kind == PL_KIND_RECORD)
        return unmarked_record(a, types, &types->defs[type.def], v, quals);
    return PL_NONE; /* not of its type: nothing is known of its parts */
}
