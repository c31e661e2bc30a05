/* SPDX-License-Identifier: Apache-2.0
 *
 * The two renderers of diagnostics.
 */
#include "grammar/diag.h"
#include "runtime/value/value.h"

const char *pl_severity_word(enum pl_severity severity) {
    return severity == PL_SEVERITY_ERROR ? "error" : "warning";
}

/* A template of diag.def with {0}…{3} replaced. */
static void fill(struct pl_buf *out, const char *template, const struct pl_diag *diag) {
    for (const char *c = template; *c; c++) {
        bool slot = c[0] == '{' && c[1] >= '0' && c[1] < '0' + PL_DIAG_ARGS && c[2] == '}';
        if (!slot) {
            pl_buf_add(out, c, 1);
            continue;
        }
        pl_buf_str(out, diag->args[c[1] - '0']);
        c += 2;
    }
}

void pl_diag_message(struct pl_buf *out, const struct pl_diag *diag) {
    fill(out, pl_diag_info(diag->code)->message, diag);
}

/* ---- widths: what a terminal needs for a code point ---- */

struct range {
    uint32_t from, to;
};

/* Combining marks and invisible characters. Common scripts, not all of Unicode: an underline that
 * is off by one in a rare script is worth more than a dependency. */
static const struct range narrow[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489},   {0x0591, 0x05BD},   {0x05BF, 0x05BF}, {0x05C1, 0x05C2},
    {0x05C4, 0x05C5}, {0x05C7, 0x05C7},   {0x0610, 0x061A},   {0x064B, 0x065F}, {0x0670, 0x0670},
    {0x06D6, 0x06DC}, {0x06DF, 0x06E4},   {0x06E7, 0x06E8},   {0x06EA, 0x06ED}, {0x0900, 0x0902},
    {0x093C, 0x093C}, {0x0941, 0x0948},   {0x094D, 0x094D},   {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF},   {0x200B, 0x200F}, {0x202A, 0x202E},
    {0x2060, 0x206F}, {0x20D0, 0x20FF},   {0x3099, 0x309A},   {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF},
};
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x3098},   {0x309B, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F3FA}, {0x1F400, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD},
};

static bool within(const struct range *r, size_t n, uint32_t cp) {
    for (size_t i = 0; i < n; i++)
        if (cp >= r[i].from && cp <= r[i].to) return true;
    return false;
}

static unsigned width_of(uint32_t cp) {
    if (within(narrow, PL_LEN(narrow), cp)) return 0;
    return within(wide, PL_LEN(wide), cp) ? 2 : 1;
}

/* Characters that would move the cursor or turn the line around: shown as U+FFFD. */
static bool dangerous(uint32_t cp) {
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

/* A long line is shown from a little before the mark; this many columns of it. */
enum { SHOWN = 100, BEFORE = 40 };

struct excerpt {
    struct pl_str line;
    size_t from, to;           /* bytes of the line that are shown */
    size_t mark_from, mark_to; /* bytes of the line that are marked */
};

static unsigned columns(struct pl_str line, size_t from, size_t to) {
    unsigned n = 0;
    while (from < to) {
        uint32_t cp = pl_utf8_next(line, &from);
        n += cp == '\t' || dangerous(cp) ? 1 : width_of(cp);
    }
    return n;
}

/* Moves on from `at` over what fits in `most` columns. */
static size_t pass_columns(struct pl_str line, size_t at, unsigned most) {
    size_t next = at;
    while (next < line.n) {
        pl_utf8_next(line, &next);
        if (columns(line, at, next) > most) break;
        most -= columns(line, at, next);
        at = next;
    }
    return at;
}

static struct excerpt cut(const struct pl_source *s, struct pl_span at) {
    struct pl_pos pos = pl_source_pos(s, at.start);
    struct excerpt e = {.line = pl_source_line(s, pos.line)};
    size_t start = (size_t)(e.line.p - s->text.p);
    e.mark_from = at.start > start ? at.start - start : 0;
    if (e.mark_from > e.line.n) e.mark_from = e.line.n;
    e.mark_to = at.end > start ? at.end - start : 0;
    if (e.mark_to > e.line.n) e.mark_to = e.line.n;
    unsigned before = columns(e.line, 0, e.mark_from);
    if (columns(e.line, 0, e.line.n) > SHOWN && before > BEFORE)
        e.from = pass_columns(e.line, 0, before - BEFORE);
    e.to = pass_columns(e.line, e.from, SHOWN);
    return e;
}

/* … stands for what is cut off. */
static void put_line(struct pl_buf *out, const struct excerpt *e) {
    if (e->from) pl_buf_c(out, "…");
    for (size_t at = e->from; at < e->to;) {
        size_t from = at;
        uint32_t cp = pl_utf8_next(e->line, &at);
        if (cp == '\t')
            pl_buf_byte(out, ' ');
        else if (dangerous(cp) || cp == 0xFFFD)
            pl_buf_c(out, "\xEF\xBF\xBD");
        else
            pl_buf_add(out, e->line.p + from, at - from);
    }
    if (e->to < e->line.n) pl_buf_c(out, "…");
}

static void put_mark(struct pl_buf *out, const struct excerpt *e) {
    unsigned before = columns(e->line, e->from, e->mark_from) + (e->from ? 1 : 0);
    size_t to = e->mark_to < e->to ? e->mark_to : e->to;
    unsigned marked = e->mark_from < to ? columns(e->line, e->mark_from, to) : 0;
    for (unsigned i = 0; i < before; i++) pl_buf_byte(out, ' ');
    pl_buf_byte(out, '^');
    for (unsigned i = 1; i < marked; i++) pl_buf_byte(out, '~');
}

struct paint {
    const char *bold, *red, *yellow, *blue, *off;
};
static const struct paint plain = {"", "", "", "", ""};
static const struct paint ansi = {"\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[36m", "\x1b[0m"};

static void put_place(struct pl_buf *out, const struct pl_source *s, struct pl_span at) {
    struct pl_pos pos = pl_source_pos(s, at.start);
    pl_buf_str(out, s->name);
    pl_buf_printf(out, ":%u:%u", (unsigned)pos.line, (unsigned)pos.column);
}

static void put_excerpt(struct pl_buf *out, const struct pl_source *s, struct pl_span at,
                        const char *mark, const struct paint *p) {
    struct excerpt e = cut(s, at);
    pl_buf_printf(out, "%s%6u |%s ", p->blue, (unsigned)pl_source_pos(s, at.start).line, p->off);
    put_line(out, &e);
    pl_buf_printf(out, "\n%s       |%s %s", p->blue, p->off, mark);
    put_mark(out, &e);
    pl_buf_printf(out, "%s\n", p->off);
}

static void put_labelled(struct pl_buf *out, const struct paint *p, const char *label,
                         const char *template, const struct pl_diag *diag) {
    if (!*template) return;
    pl_buf_printf(out, "       %s=%s %s: ", p->blue, p->off, label);
    fill(out, template, diag);
    pl_buf_byte(out, '\n');
}

void pl_diag_print(struct pl_buf *out, const struct pl_diags *d, const struct pl_diag *diag,
                   bool colour) {
    const struct paint *p = colour ? &ansi : &plain;
    const struct pl_diag_info *info = pl_diag_info(diag->code);
    const char *mark = diag->severity == PL_SEVERITY_ERROR ? p->red : p->yellow;
    const struct pl_source *s = &d->sources->v[diag->span.file];
    pl_buf_c(out, p->bold);
    put_place(out, s, diag->span);
    pl_buf_printf(out, ":%s %s%s P%04u:%s %s", p->off, mark, pl_severity_word(diag->severity),
                  (unsigned)diag->code, p->off, p->bold);
    pl_diag_message(out, diag);
    pl_buf_printf(out, "%s\n", p->off);
    put_excerpt(out, s, diag->span, mark, p);
    put_labelled(out, p, "why", info->why, diag);
    if (diag->hint.n) {
        pl_buf_printf(out, "       %s=%s fix: ", p->blue, p->off);
        pl_buf_str(out, diag->hint);
        pl_buf_byte(out, '\n');
    } else {
        put_labelled(out, p, "fix", info->fix, diag);
    }
    for (size_t i = 0; i < diag->nnotes; i++) {
        const struct pl_source *other = &d->sources->v[diag->notes[i].span.file];
        put_place(out, other, diag->notes[i].span);
        pl_buf_printf(out, ": note: %.*s\n", PL_STR_ARG(diag->notes[i].text));
        put_excerpt(out, other, diag->notes[i].span, p->blue, p);
    }
}

/* ---- all of them, for people ---- */

/* Of one code so many warnings are shown: one mistake made everywhere must not hide the others. */
enum { ALIKE_MOST = 8 };

static size_t count_code(const struct pl_diags *d, uint16_t code) {
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) n += d->v[i]->code == code;
    return n;
}

static void put_folded(struct pl_buf *out, uint16_t code, size_t more) {
    pl_buf_printf(out, "… and %zu more like this (P%04u); ", more, (unsigned)code);
    pl_buf_c(out, code == PL_D_ID_MISSING ? "`parlance fmt --ids` writes them all\n\n"
                                          : "`parlance lint --json` lists them all\n\n");
}

static void print_errors(struct pl_buf *out, const struct pl_diags *d, bool colour) {
    for (size_t i = 0; i < d->n; i++) {
        if (d->v[i]->severity != PL_SEVERITY_ERROR) continue;
        pl_diag_print(out, d, d->v[i], colour);
        pl_buf_byte(out, '\n');
    }
}

static void print_warnings(struct pl_buf *out, const struct pl_diags *d, bool colour) {
    for (size_t i = 0; i < d->n; i++) {
        uint16_t code = d->v[i]->code;
        size_t before = 0;
        if (d->v[i]->severity == PL_SEVERITY_ERROR) continue;
        for (size_t k = 0; k < i; k++) before += d->v[k]->code == code;
        if (before < ALIKE_MOST) {
            pl_diag_print(out, d, d->v[i], colour);
            pl_buf_byte(out, '\n');
        } else if (before == ALIKE_MOST) {
            put_folded(out, code, count_code(d, code) - before);
        }
    }
}

void pl_diags_print(struct pl_buf *out, const struct pl_diags *d, bool colour) {
    print_errors(out, d, colour);
    print_warnings(out, d, colour);
    if (d->dropped) pl_buf_printf(out, "%zu more are not shown\n", d->dropped);
    if (d->errors || d->warnings)
        pl_buf_printf(out, "%zu error%s, %zu warning%s\n", d->errors, d->errors == 1 ? "" : "s",
                      d->warnings, d->warnings == 1 ? "" : "s");
}

/* ---- JSON ---- */

static void json_place(struct pl_jw *w, const struct pl_diags *d, struct pl_span at) {
    const struct pl_source *s = &d->sources->v[at.file];
    struct pl_pos from = pl_source_pos(s, at.start), to = pl_source_pos(s, at.end);
    pl_jw_text_member(w, "file", s->name);
    pl_jw_int_member(w, "line", from.line);
    pl_jw_int_member(w, "column", from.column);
    pl_jw_int_member(w, "end_line", to.line);
    pl_jw_int_member(w, "end_column", to.column);
}

static void json_note(struct pl_jw *w, const struct pl_diags *d, struct pl_span at,
                      struct pl_str text) {
    pl_jw_open(w, '{');
    json_place(w, d, at);
    pl_jw_text_member(w, "message", text);
    pl_jw_close(w, '}');
}

/* Why and how to mend it, which are about the place itself. */
static void json_help(struct pl_jw *w, const struct pl_diags *d, const struct pl_diag *diag) {
    const struct pl_diag_info *info = pl_diag_info(diag->code);
    struct pl_buf text = {0};
    fill(&text, info->why, diag);
    if (text.n) json_note(w, d, diag->span, pl_buf_slice(&text));
    pl_buf_clear(&text);
    if (diag->hint.n)
        pl_buf_str(&text, diag->hint);
    else
        fill(&text, info->fix, diag);
    if (text.n) json_note(w, d, diag->span, pl_buf_slice(&text));
    pl_buf_free(&text);
}

static void json_fix(struct pl_jw *w, const struct pl_diags *d, const struct pl_diag_fix *fix) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "title", fix->title);
    pl_jw_name(w, "safe");
    pl_jw_bool(w, fix->safe);
    pl_jw_name(w, "edits");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < fix->nedits; i++) {
        pl_jw_open(w, '{');
        json_place(w, d, fix->edits[i].span);
        pl_jw_text_member(w, "text", fix->edits[i].text);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

static void json_one(struct pl_buf *out, const struct pl_diags *d, const struct pl_diag *diag) {
    struct pl_buf message = {0};
    struct pl_jw w = {.b = out};
    char code[16];
    snprintf(code, sizeof(code), "P%04u", (unsigned)diag->code);
    pl_diag_message(&message, diag);
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "code", pl_str_c(code));
    pl_jw_text_member(&w, "severity", pl_str_c(pl_severity_word(diag->severity)));
    json_place(&w, d, diag->span);
    pl_jw_text_member(&w, "message", pl_buf_slice(&message));
    pl_jw_name(&w, "notes");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < diag->nnotes; i++)
        json_note(&w, d, diag->notes[i].span, diag->notes[i].text);
    json_help(&w, d, diag);
    pl_jw_close(&w, ']');
    pl_jw_name(&w, "fixes");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < diag->nfixes; i++) json_fix(&w, d, &diag->fixes[i]);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_buf_byte(out, '\n');
    pl_buf_free(&message);
}

void pl_diags_print_json(struct pl_buf *out, const struct pl_diags *d) {
    for (size_t i = 0; i < d->n; i++) json_one(out, d, d->v[i]);
}
