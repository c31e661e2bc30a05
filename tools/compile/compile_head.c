/* SPDX-License-Identifier: Apache-2.0
 *
 * Text files with a head, as articles and prompts are. The head is checked to the letter. */
#include "tools/compile/compile_priv.h"

struct reading {
    struct pl_compile_file *f;
    const struct pl_compile_head *head;
    void *ctx;
    size_t last; /* the field that lines "- item" belong to */
};

struct pl_span pl_compile__span(const struct pl_compile_file *f, struct pl_str s) {
    uint32_t start = (uint32_t)(s.p - f->text.p);
    return (struct pl_span){f->file, start, start + (uint32_t)s.n};
}

bool pl_compile__is_rule(struct pl_str line) {
    return pl_str_is(pl_str_trim(line), "---");
}

struct pl_str pl_compile__unquoted(struct pl_str s) {
    bool quoted = s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
    return quoted ? (struct pl_str){s.p + 1, s.n - 2} : s;
}

bool pl_compile__is_utf8(const struct pl_compile_file *f) {
    if (pl_utf8_valid(f->text)) return true;
    size_t at = 0, from = 0;
    while (at < f->text.n) {
        from = at;
        pl_utf8_next(f->text, &at);
        if (!pl_utf8_valid((struct pl_str){f->text.p + from, at - from})) break;
    }
    struct pl_span span = {f->file, (uint32_t)from, (uint32_t)from + 1};
    pl_diag(f->diags, PL_D_NOT_UTF8, span);
    return false;
}

bool pl_compile__line(struct pl_compile_file *f, struct pl_str *line) {
    size_t from = f->at;
    if (f->at >= f->text.n) return false;
    while (f->at < f->text.n && f->text.p[f->at] != '\n') f->at++;
    *line = (struct pl_str){f->text.p + from, f->at - from};
    if (line->n && line->p[line->n - 1] == '\r') line->n--;
    if (f->at < f->text.n) f->at++; /* its end, but for the last line's */
    return true;
}

static struct pl_diag *wrong(const struct pl_compile_file *f, struct pl_str at,
                             struct pl_str what) {
    if (!at.n && at.p > f->text.p) at = (struct pl_str){at.p - 1, 1};
    return pl_diag1(f->diags, (enum pl_diag_code)f->code, pl_compile__span(f, at), what);
}

void pl_compile__mistake(const struct pl_compile_file *f, struct pl_str at, const char *what) {
    wrong(f, at, pl_str_c(what));
}

/* ---- lines ---- */

/* "title, updated, tags" */
static void put_names(const struct pl_compile_head *head, struct pl_buf *b) {
    for (size_t i = 0; i < head->n; i++)
        pl_buf_printf(b, "%s%.*s", i ? ", " : "", PL_STR_ARG(head->names[i]));
}

static void unknown(const struct reading *r, struct pl_str key) {
    const struct pl_compile_head *head = r->head;
    struct pl_span at = pl_compile__span(r->f, key);
    struct pl_diag *d = wrong(r->f, key, PL_STR("there is no such field"));
    struct pl_buf names = {0};
    if (pl_diag_nearest(r->f->diags, d, at, key, head->names, head->n)) return;
    put_names(head, &names);
    pl_diag_hint(r->f->diags, d, "fields are %.*s", PL_STR_ARG(pl_buf_slice(&names)));
    pl_buf_free(&names);
}

static void take_field(struct reading *r, struct pl_str key, struct pl_str value) {
    size_t i = 0;
    while (i < r->head->n && !pl_str_eq(r->head->names[i], key)) i++;
    r->f->items = false;
    r->last = i;
    if (i == r->head->n) {
        unknown(r, key);
        return;
    }
    if (r->f->seen & 1u << i) pl_compile__mistake(r->f, key, "this field stands twice");
    r->f->seen |= 1u << i;
    r->head->field(r->ctx, i, value);
}

/* "# allow P0773: reason" speaks of the line below it. */
static void take_comment(const struct pl_compile_file *f, struct pl_str line) {
    size_t at = pl_str_find(line, PL_STR("allow P"));
    if (at == SIZE_MAX || line.n < at + 12) return;
    int64_t code = 0;
    struct pl_str digits = {line.p + at + 7, 4};
    struct pl_str reason = {line.p + at + 12, line.n - at - 12};
    struct pl_span span = pl_compile__span(f, line);
    if (!pl_str_i64(digits, &code) || line.p[at + 11] != ':' || !pl_str_trim(reason).n ||
        !pl_diag_info((uint16_t)code))
        pl_diag1(f->diags, PL_D_ALLOW_FORM, span, PL_STR("it names no code and no reason"));
    else
        pl_diags_allow(f->diags, span,
                       pl_source_pos(&f->sources->v[span.file], span.start).line + 1,
                       (uint16_t)code);
}

static void take_line(struct reading *r, struct pl_str line) {
    struct pl_str s = pl_str_trim(line);
    size_t colon = pl_str_find(s, PL_STR(":"));
    if (!s.n) return;
    if (s.p[0] == '#') {
        take_comment(r->f, s);
    } else if (s.p[0] == '-' && r->f->items) {
        r->head->item(r->ctx, r->last, (struct pl_str){s.p + 1, s.n - 1});
    } else if (colon == SIZE_MAX || line.p[0] == ' ') {
        pl_compile__mistake(r->f, s, "a line is `name: value`");
    } else {
        struct pl_str value = {s.p + colon + 1, s.n - colon - 1};
        take_field(r, pl_str_trim((struct pl_str){s.p, colon}), pl_str_trim(value));
    }
}

/* ---- the head ---- */

bool pl_compile__head(struct pl_compile_file *f, const struct pl_compile_head *head, void *ctx) {
    struct reading r = {f, head, ctx, head->n};
    struct pl_str line = {f->text.p, 0};
    bool closed = false;
    f->code = head->code;
    f->first = line;
    if (pl_str_starts(f->text, PL_STR("\xef\xbb\xbf"))) f->at = 3;
    if (!pl_compile__line(f, &line) || !pl_compile__is_rule(line)) {
        pl_compile__mistake(f, line, "the first line is ---");
        return false;
    }
    f->first = line;
    while (!closed && pl_compile__line(f, &line)) {
        closed = pl_compile__is_rule(line);
        if (!closed) take_line(&r, line);
    }
    if (!closed) pl_compile__mistake(f, f->first, "no line --- closes it");
    for (size_t i = 0; closed && i < head->n; i++) {
        if (!(head->needed & ~f->seen & 1u << i)) continue;
        struct pl_buf what = {0};
        pl_buf_printf(&what, "the %.*s is missing", PL_STR_ARG(head->names[i]));
        wrong(f, f->first, pl_buf_slice(&what));
        pl_buf_free(&what);
    }
    return closed;
}
