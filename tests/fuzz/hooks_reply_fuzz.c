/* SPDX-License-Identifier: Apache-2.0
 * The server's ear at a worker, which counts as hostile: a stream of frames, and the JSON in them
 * read as a declared type. */
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks/hooks_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pl_typedef_field item_fields[] = {
    {.name = {"id", 2}, .type = {.kind = PL_KIND_TEXT}},
    {.name = {"price", 5}, .type = {.kind = PL_KIND_MONEY}},
    {.name = {"eta", 3}, .type = {.kind = PL_KIND_DATETIME, .optional = true}},
};
static const struct pl_typedef defs[] = {
    {.name = {"item", 4}, .kind = PL_KIND_RECORD, .nfields = 3, .fields = item_fields}};
static const struct pl_type list_items[] = {{.kind = PL_KIND_RECORD}};
static const struct pl_types types = {.defs = defs, .ndefs = 1, .types = list_items, .ntypes = 1};

static void read_value(struct pl_str text) {
    struct pl_arena a;
    struct pl_json json;
    struct pl_value value;
    struct pl_str where;
    size_t at;
    pl_arena_init(&a, 1 << 20);
    if (pl_json_parse(&a, text, &json, &at) == PL_OK) {
        struct pl_type list = {.kind = PL_KIND_LIST};
        pl_value_from_json(&a, &types, list, &json, &value, &where);
        pl_value_from_json(&a, &types, list_items[0], &json, &value, &where);
    }
    pl_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pl_buf in = {0};
    struct pl_str frame;
    struct pl_hooks__said said;
    size_t at = 0;
    pl_buf_add(&in, data, size);
    while (pl_hooks__frame_next(&in, &at, PL_HOOKS__FRAME_MAX, &frame) == PL_OK) {
        if (pl_hooks__said_read(frame, &said) != PL_OK) break;
        if (said.kind == PL_HOOKS__VALUE) read_value(said.body);
        if (said.kind == PL_HOOKS__HTTP && !pl_hooks__path_ok(said.path)) abort();
    }
    pl_buf_free(&in);
    return 0;
}
