/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/hooks/hooks_priv.h"

enum { CHECK_CPU_US = 1000 * 1000, CHECK_MEMORY = 16 * 1024 * 1024 };

/* Lua says "orders:12: message". */
static void split_message(struct pl_arena *a, struct pl_str file, struct pl_str text,
                          struct pl_hooks_checked *out) {
    size_t at = file.n + 1;
    int64_t line = 0;
    if (pl_str_starts(text, file) && text.n > at && text.p[file.n] == ':') {
        struct pl_str rest = {text.p + at, text.n - at};
        size_t colon = pl_str_find(rest, PL_STR(":"));
        if (colon != SIZE_MAX && pl_str_i64((struct pl_str){rest.p, colon}, &line)) {
            out->line = (uint32_t)line;
            text = pl_str_trim((struct pl_str){rest.p + colon + 1, rest.n - colon - 1});
        }
    }
    out->message = pl_arena_str(a, text);
}

enum pl_err pl_hooks_check(struct pl_arena *a, const struct pl_hooks_source *source,
                           struct pl_hooks_checked *out) {
    struct pl_hooks__run run;
    struct pl_hooks__task task = {.file = source->name,
                                  .source = source->text,
                                  .args = PL_STR("[]"),
                                  .memory_cap = CHECK_MEMORY,
                                  .cpu_us = CHECK_CPU_US};
    enum pl_err err = PL_OK;
    memset(out, 0, sizeof *out);
    if (pl_hooks__run_start(&run, &task) == PL_HOOKS__RETURNED) {
        out->nnames = pl_hooks__run_names(&run, a, &out->names);
    } else {
        split_message(a, source->name, pl_buf_slice(&run.out), out);
        err = PL_MALFORMED;
    }
    pl_hooks__run_end(&run);
    return err;
}
