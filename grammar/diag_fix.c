/* SPDX-License-Identifier: Apache-2.0
 *
 * Fixes: what `lint --fix` and an editor can do about a mistake.
 */
#include "grammar/diag_priv.h"

void pl_diag_edit(struct pl_diags *d, struct pl_diag *diag, struct pl_span at, struct pl_str text) {
    if (diag == &d->scratch) return;
    pl_assert(diag->nfixes);
    struct pl_diag_fix *fix = &diag->fixes[diag->nfixes - 1];
    fix->edits =
        pl_diag__grown(d->arena, fix->edits, fix->nedits, &fix->edits_cap, sizeof(*fix->edits));
    fix->edits[fix->nedits++] = (struct pl_diag_edit){at, pl_arena_str(d->arena, text)};
}

static void add_fix(struct pl_diags *d, struct pl_diag *diag, enum pl_fix_kind kind,
                    struct pl_span at, struct pl_str text, struct pl_str title) {
    struct pl_diag_fix fix = {.title = title, .safe = kind == PL_FIX_SAFE};
    diag->fixes =
        pl_diag__grown(d->arena, diag->fixes, diag->nfixes, &diag->fixes_cap, sizeof(*diag->fixes));
    diag->fixes[diag->nfixes++] = fix;
    pl_diag_edit(d, diag, at, text);
}

void pl_diag_fix(struct pl_diags *d, struct pl_diag *diag, enum pl_fix_kind kind, struct pl_span at,
                 struct pl_str text, const char *title, ...) {
    va_list list;
    if (diag == &d->scratch) return;
    va_start(list, title);
    add_fix(d, diag, kind, at, text, pl_diag__format(d->arena, title, list));
    va_end(list);
}

/* The lines, each on a line of its own and indented by `indent`. */
static struct pl_str indented(struct pl_diags *d, struct pl_str lines, unsigned indent) {
    struct pl_buf out = {0};
    pl_buf_printf(&out, "\n%*s", (int)indent, "");
    for (size_t i = 0; i < lines.n; i++) {
        pl_buf_byte(&out, (uint8_t)lines.p[i]);
        if (lines.p[i] == '\n') pl_buf_printf(&out, "%*s", (int)indent, "");
    }
    struct pl_str text = pl_arena_str(d->arena, pl_buf_slice(&out));
    pl_buf_free(&out);
    return text;
}

void pl_diag_fix_below(struct pl_diags *d, struct pl_diag *diag, enum pl_fix_kind kind,
                       struct pl_span head, struct pl_str lines, const char *title, ...) {
    va_list list;
    if (diag == &d->scratch) return;
    struct pl_str text = d->sources->v[head.file].text;
    struct pl_span line =
        pl_source_lines(d->sources, (struct pl_span){head.file, head.start, head.start});
    unsigned indent = 2;
    while (line.start < line.end && text.p[line.start] == ' ') line.start++, indent++;
    uint32_t end = head.end;
    while (end < text.n && text.p[end] != '\n' && text.p[end] != '\r') end++;
    va_start(list, title);
    add_fix(d, diag, kind, (struct pl_span){head.file, end, end}, indented(d, lines, indent),
            pl_diag__format(d->arena, title, list));
    va_end(list);
}

void pl_diag_fix_delete(struct pl_diags *d, struct pl_diag *diag, enum pl_fix_kind kind,
                        struct pl_span lines, const char *title, ...) {
    va_list list;
    if (diag == &d->scratch) return;
    va_start(list, title);
    add_fix(d, diag, kind, pl_source_lines(d->sources, lines), PL_STR(""),
            pl_diag__format(d->arena, title, list));
    va_end(list);
}

/* One more place of a mistake: its fix mends that too, if it would be the same. */
static void also_here(struct pl_diags *d, struct pl_diag *diag, struct pl_span at,
                      struct pl_str text) {
    if (diag->nfixes == 1 && pl_str_eq(diag->fixes[0].edits[0].text, text))
        pl_diag_edit(d, diag, at, text);
}

/* Shorter names are a letter away from one another too easily. */
enum { SURE_LENGTH = 4 };

bool pl_diag_nearest(struct pl_diags *d, struct pl_diag *diag, struct pl_span at, struct pl_str got,
                     const struct pl_str *names, size_t n) {
    /* A third of the letters may be wrong, and one at least. */
    size_t cap = got.n / 3 ? got.n / 3 : 1, best = SIZE_MAX, second = SIZE_MAX;
    struct pl_str near = {0};
    for (size_t i = 0; i < n; i++) {
        size_t distance = pl_edit_distance(got, names[i], cap > 2 ? cap : 2);
        bool same = near.n && pl_str_eq(names[i], near); /* a name that is listed twice */
        if (same || distance >= names[i].n) continue;
        if (distance < best) {
            second = best;
            best = distance;
            near = names[i];
        } else if (distance < second) {
            second = distance;
        }
    }
    if (best > cap) return false;
    if (diag == &d->scratch && d->repeated) also_here(d, d->repeated, at, near);
    bool sure = best == 1 && second > 2 && near.n >= SURE_LENGTH;
    pl_diag_hint(d, diag, "did you mean `%.*s`?", PL_STR_ARG(near));
    pl_diag_fix(d, diag, sure ? PL_FIX_SAFE : PL_FIX_UNSAFE, at, near, "write `%.*s`",
                PL_STR_ARG(near));
    return true;
}
