/* SPDX-License-Identifier: Apache-2.0
 *
 * A pure hook in this process, for tools: the same Lua state and budgets as in a worker, no HTTP.
 */
#include <string.h>

#include "runtime/hooks/hooks_priv.h"

enum { PURE_CPU_US = 1000 * 1000, PURE_MEMORY = 8 * 1024 * 1024 };

/* "orders.label": the function behind the last dot. */
static struct pl_str function_of(struct pl_str hook) {
    size_t from = hook.n;
    while (from && hook.p[from - 1] != '.') from--;
    return (struct pl_str){hook.p + from, hook.n - from};
}

static bool is_declared(const struct pl_hook_call *call, struct pl_str failure) {
    for (size_t i = 0; i < call->nfails; i++)
        if (pl_str_eq(call->fails[i], failure)) return true;
    return false;
}

static enum pl_hook_outcome take_value(struct pl_arena *a, const struct pl_hook_call *call,
                                       struct pl_str text, struct pl_value *value,
                                       struct pl_str *detail) {
    struct pl_json json;
    size_t at = 0;
    *value = PL_NONE;
    *detail = PL_STR("it returned no JSON");
    if (call->type.kind == PL_KIND_NONE) return PL_HOOK_OK;
    if (pl_json_parse(a, text, &json, &at) != PL_OK) return PL_HOOK_UNAVAILABLE;
    return pl_value_from_json(a, call->types, call->type, &json, value, detail) == PL_OK
               ? PL_HOOK_OK
               : PL_HOOK_UNAVAILABLE;
}

enum pl_hook_outcome pl_hooks_run_pure(struct pl_arena *a, const struct pl_hooks_source *source,
                                       const struct pl_hook_call *call, struct pl_value *value,
                                       struct pl_str *detail) {
    struct pl_hooks__run run;
    struct pl_hooks__task task = {.file = source->name,
                                  .source = source->text,
                                  .function = function_of(call->hook),
                                  .args = pl_hooks__args_json(a, call->args, call->nargs),
                                  .memory_cap = PURE_MEMORY,
                                  .cpu_us = PURE_CPU_US};
    enum pl_hook_outcome outcome = PL_HOOK_UNAVAILABLE;
    enum pl_hooks__phase phase = pl_hooks__run_start(&run, &task);
    struct pl_str out = pl_arena_str(a, pl_buf_slice(&run.out));
    *detail = out;
    switch (phase) {
    case PL_HOOKS__RETURNED: outcome = take_value(a, call, out, value, detail); break;
    case PL_HOOKS__FAILED:
        if (is_declared(call, out)) outcome = PL_HOOK_FAILED;
        break;
    case PL_HOOKS__WANTS_HTTP: *detail = PL_STR("a pure hook asks nobody"); break;
    case PL_HOOKS__BROKE: break;
    }
    pl_hooks__run_end(&run);
    return outcome;
}
