/* SPDX-License-Identifier: Apache-2.0
 *
 * A job's result as bytes and back: plays and reports live in different processes.
 */
#include "tools/sim/sim_priv.h"

void pl_sim__result_of(const struct sim_play *p, int64_t took_us, struct sim_result *out) {
    *out = (struct sim_result){.failed = p->failed,
                               .line = p->failed ? p->failed_line : p->talk->talk.line,
                               .awaited = p->awaited,
                               .why = p->why,
                               .rows = p->rows.v,
                               .nrows = p->rows.n,
                               .reasons = p->reasons.v,
                               .nreasons = p->reasons.n,
                               .took_us = took_us};
}

void pl_sim__result_write(struct pl_buf *b, const struct sim_result *r) {
    pl_buf_byte(b, r->failed);
    pl_buf_var(b, r->line);
    pl_buf_zig(b, r->took_us);
    pl_buf_text(b, r->awaited);
    pl_buf_text(b, r->why);
    pl_buf_var(b, r->nrows);
    for (size_t i = 0; i < r->nrows; i++) {
        pl_buf_byte(b, r->rows[i].kind);
        pl_buf_text(b, r->rows[i].expected);
        pl_buf_text(b, r->rows[i].got);
    }
    pl_buf_var(b, r->nreasons);
    for (size_t i = 0; i < r->nreasons; i++) {
        pl_buf_text(b, r->reasons[i].what);
        pl_buf_text(b, r->reasons[i].text);
    }
}

/* A count of things of at least two bytes each. */
static size_t read_count(struct pl_reader *r) {
    uint64_t n = pl_read_var(r);
    if (n > pl_read_left(r) / 2) r->bad = true;
    return r->bad ? 0 : (size_t)n;
}

bool pl_sim__result_read(struct pl_str bytes, struct pl_arena *a, struct sim_result *out) {
    struct pl_reader r = pl_reader_of(bytes);
    *out = (struct sim_result){.failed = pl_read_u8(&r) != 0};
    out->line = (uint32_t)pl_read_var(&r);
    out->took_us = pl_read_zig(&r);
    out->awaited = pl_read_text(&r);
    out->why = pl_read_text(&r);
    out->nrows = read_count(&r);
    struct sim_row *rows = PL_NEW_ARRAY(a, struct sim_row, out->nrows + 1);
    for (size_t i = 0; i < out->nrows; i++) {
        rows[i].kind = pl_read_u8(&r);
        rows[i].expected = pl_read_text(&r);
        rows[i].got = pl_read_text(&r);
    }
    out->nreasons = read_count(&r);
    struct pl_sim_reason *reasons = PL_NEW_ARRAY(a, struct pl_sim_reason, out->nreasons + 1);
    for (size_t i = 0; i < out->nreasons; i++) {
        reasons[i].what = pl_read_text(&r);
        reasons[i].text = pl_read_text(&r);
    }
    out->rows = rows;
    out->reasons = reasons;
    return !r.bad && pl_read_left(&r) == 0;
}
