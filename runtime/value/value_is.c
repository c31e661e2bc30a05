/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a value that was made under one program is good under another. */
#include "runtime/value/value_priv.h"

static bool is_member(const struct pl_typedef *def, struct pl_value v) {
    if (v.kind != PL_KIND_ENUM || !pl_str_eq(v.e.type, def->name)) return false;
    for (uint32_t i = 0; i < def->nfields; i++)
        if (pl_str_eq(def->fields[i].name, v.e.member)) return true;
    return false;
}

static bool is_record(const struct pl_types *types, const struct pl_typedef *def,
                      struct pl_value v) {
    if (v.kind != PL_KIND_RECORD) return false;
    for (uint32_t i = 0; i < def->nfields; i++)
        if (!pl_value_is(types, def->fields[i].type, pl_rec_get(v, def->fields[i].name)))
            return false;
    return true;
}

static bool is_list(const struct pl_types *types, struct pl_type item, struct pl_value v) {
    if (v.kind != PL_KIND_LIST) return false;
    for (uint32_t i = 0; i < v.list.n; i++)
        if (!pl_value_is(types, item, v.list.v[i])) return false;
    return true;
}

bool pl_value_is(const struct pl_types *types, struct pl_type type, struct pl_value v) {
    const struct pl_typedef *def = type.def < types->ndefs ? &types->defs[type.def] : NULL;
    if (v.kind == PL_KIND_NONE) return type.optional || type.kind == PL_KIND_NONE;
    switch (type.kind) {
    case PL_KIND_ANY: return true;
    case PL_KIND_LIST: return type.def < types->ntypes && is_list(types, types->types[type.def], v);
    case PL_KIND_RECORD: return def && is_record(types, def, v);
    case PL_KIND_ENUM: return def && is_member(def, v);
    case PL_KIND_ENTITY:
        if (!def) return false;
        return def->base == PL_KIND_ENUM ? is_member(def, v) : v.kind == def->base;
    default: return v.kind == type.kind;
    }
}

bool pl_type_alike(const struct pl_types *types, struct pl_type type, const struct pl_types *others,
                   struct pl_type other) {
    for (int depth = 0; type.kind == other.kind && depth < 16; depth++) {
        switch (type.kind) {
        case PL_KIND_ENUM:
        case PL_KIND_RECORD:
        case PL_KIND_ENTITY:
            return pl_str_eq(types->defs[type.def].name, others->defs[other.def].name);
        case PL_KIND_LIST:
            type = types->types[type.def];
            other = others->types[other.def];
            break;
        default: return true;
        }
    }
    return false;
}
