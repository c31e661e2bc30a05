/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lang/expect.h"

struct pl_str expect_line_after(struct pl_str text, size_t *at, struct pl_str mark) {
    struct pl_str rest = {text.p + *at, text.n - *at};
    size_t found = pl_str_find(rest, mark);
    if (found == SIZE_MAX) return (struct pl_str){0};
    size_t from = *at + found + mark.n, to = from;
    while (to < text.n && text.p[to] != '\n') to++;
    *at = to;
    return pl_str_trim((struct pl_str){text.p + from, to - from});
}

static void describe(struct pl_buf *out, const struct pl_sources *s, const struct pl_diag *d,
                     bool place, bool hint) {
    struct pl_pos pos = pl_source_pos(&s->v[d->span.file], d->span.start);
    pl_buf_printf(out, "%s P%04u", pl_severity_word(d->severity), (unsigned)d->code);
    if (place) pl_buf_printf(out, " at %u:%u", (unsigned)pos.line, (unsigned)pos.column);
    pl_buf_c(out, ": ");
    pl_diag_message(out, d);
    if (hint) pl_buf_printf(out, " | %.*s", PL_STR_ARG(d->hint));
}

static bool same(struct pl_str want, const struct pl_sources *s, const struct pl_diag *d) {
    bool equal = false;
    for (int i = 0; i < 4 && !equal; i++) {
        struct pl_buf got = {0};
        describe(&got, s, d, i & 1, i & 2);
        equal = pl_str_eq(want, pl_buf_slice(&got));
        pl_buf_free(&got);
    }
    return equal;
}

static void describe_note(struct pl_buf *out, const struct pl_sources *s,
                          const struct pl_diag_note *n) {
    struct pl_pos pos = pl_source_pos(&s->v[n->span.file], n->span.start);
    pl_buf_printf(out, "%u:%u: %.*s", (unsigned)pos.line, (unsigned)pos.column,
                  PL_STR_ARG(n->text));
}

static bool same_note(struct pl_str want, const struct pl_sources *s, const struct pl_diag *d,
                      size_t i) {
    struct pl_buf got = {0};
    if (i < d->nnotes) describe_note(&got, s, &d->notes[i]);
    bool equal = pl_str_eq(want, pl_buf_slice(&got));
    pl_buf_free(&got);
    return equal;
}

/* The notes that the text from `at` on, up to the next expectation, tells of. */
static bool compare_notes(const struct pl_sources *s, struct pl_str name, struct pl_str rest,
                          const struct pl_diag *d) {
    size_t end = pl_str_find(rest, PL_STR("# expect ")), at = 0, i = 0;
    struct pl_str part = {rest.p, end == SIZE_MAX ? rest.n : end}, want;
    bool good = true;
    for (; (want = expect_line_after(part, &at, PL_STR("# note "))).n; i++) {
        if (same_note(want, s, d, i)) continue;
        printf("%.*s: expected   note %.*s\n", PL_STR_ARG(name), PL_STR_ARG(want));
        good = false;
    }
    return good && (i == 0 || i == d->nnotes);
}

/* All that was reported, as an expectation is written. */
static void print_reported(const struct pl_sources *s, const struct pl_diags *diags,
                           struct pl_str name) {
    for (size_t k = 0; k < diags->n; k++) {
        struct pl_buf got = {0};
        describe(&got, s, diags->v[k], true, diags->v[k]->hint.n > 0);
        printf("%.*s: reported   %.*s\n", PL_STR_ARG(name), PL_STR_ARG(pl_buf_slice(&got)));
        pl_buf_free(&got);
        for (size_t n = 0; n < diags->v[k]->nnotes; n++) {
            got = (struct pl_buf){0};
            describe_note(&got, s, &diags->v[k]->notes[n]);
            printf("%.*s:            note %.*s\n", PL_STR_ARG(name),
                   PL_STR_ARG(pl_buf_slice(&got)));
            pl_buf_free(&got);
        }
    }
}

bool expect_compare(const struct pl_sources *s, const struct pl_diags *diags, struct pl_str name,
                    struct pl_str text) {
    size_t at = 0, i = 0;
    struct pl_str want;
    bool good = true;
    for (; (want = expect_line_after(text, &at, PL_STR("# expect "))).n; i++) {
        struct pl_str rest = {text.p + at, text.n - at};
        if (i < diags->n && same(want, s, diags->v[i])) {
            good = compare_notes(s, name, rest, diags->v[i]) && good;
            continue;
        }
        printf("%.*s: expected   %.*s\n", PL_STR_ARG(name), PL_STR_ARG(want));
        good = false;
    }
    good = good && i == diags->n;
    if (!good) print_reported(s, diags, name);
    return good;
}
