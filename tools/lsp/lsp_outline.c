/* SPDX-License-Identifier: Apache-2.0
 *
 * A file at a glance: its declarations, what folds, how names are coloured, its layout, and the ids
 * that its lines could have. */
#include <strings.h>

#include "tools/lsp/lsp_priv.h"

/* ---- declarations ---- */

/* The protocol's kinds of symbols. */
static int symbol_kind(uint8_t kind) {
    enum {
        CLASS = 5,
        FIELD = 8,
        ENUM = 10,
        FUNCTION = 12,
        VARIABLE = 13,
        OBJECT = 19,
        MEMBER = 22,
        EVENT = 24,
        INTERFACE = 11,
        CONSTANT = 14
    };
    switch ((enum pl_index_kind)kind) {
    case PL_INDEX_INTENT: return OBJECT;
    case PL_INDEX_ENTITY: return ENUM;
    case PL_INDEX_TYPE: return CLASS;
    case PL_INDEX_HOOK: return INTERFACE;
    case PL_INDEX_EVENT:
    case PL_INDEX_RULE: return EVENT;
    case PL_INDEX_HOURS:
    case PL_INDEX_QUEUE: return CONSTANT;
    case PL_INDEX_FLOW: return FUNCTION;
    case PL_INDEX_SLOT: return VARIABLE;
    case PL_INDEX_MEMBER: return MEMBER;
    }
    return FIELD;
}

static bool top_level(const struct pl_index_name *n) {
    return n->kind != PL_INDEX_SLOT && n->kind != PL_INDEX_MEMBER;
}

static bool source_of(struct lsp *l, const struct pl_json *params, uint32_t *file) {
    const struct pl_json *doc = pl_json_get(params, "textDocument");
    return doc && doc->kind == PL_JOBJECT && pl_lsp__source(l, pl_json_text(doc, "uri"), file);
}

void pl_lsp__document_symbol(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    uint32_t file;
    bool known = source_of(l, params, &file);
    pl_jw_open(w, '[');
    for (size_t i = 0; known && i < l->index.nnames; i++) {
        const struct pl_index_name *n = &l->index.names[i];
        if (!top_level(n) || n->at.file != file) continue;
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "name", n->name);
        pl_jw_text_member(w, "detail", n->detail);
        pl_jw_int_member(w, "kind", symbol_kind(n->kind));
        pl_jw_name(w, "range");
        pl_lsp__write_range(l, w, n->whole);
        pl_jw_name(w, "selectionRange");
        pl_lsp__write_range(l, w, n->at);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

/* Does the name hold the letters of the query in their order, whatever their case? */
static bool resembles(struct pl_str name, struct pl_str query) {
    size_t at = 0;
    for (size_t i = 0; i < name.n && at < query.n; i++)
        at += (name.p[i] | 32) == (query.p[at] | 32);
    return at == query.n;
}

void pl_lsp__workspace_symbol(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    struct pl_str query = pl_json_text(params, "query");
    bool known = pl_lsp__build(l);
    pl_jw_open(w, '[');
    for (size_t i = 0; known && i < l->index.nnames; i++) {
        const struct pl_index_name *n = &l->index.names[i];
        if (!top_level(n) || !l->uris[n->at.file].n || !resembles(n->name, query)) continue;
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "name", n->name);
        pl_jw_int_member(w, "kind", symbol_kind(n->kind));
        pl_jw_name(w, "location");
        pl_lsp__write_location(l, w, n->at);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

/* ---- folding: by indentation, as the language has it ---- */

static size_t indent(struct pl_str line) {
    size_t n = 0;
    while (n < line.n && line.p[n] == ' ') n++;
    return n == line.n || line.p[n] == '\r' ? SIZE_MAX : n; /* an empty line */
}

static void write_fold(struct pl_jw *w, uint32_t from, uint32_t to) {
    pl_jw_open(w, '{');
    pl_jw_int_member(w, "startLine", from - 1);
    pl_jw_int_member(w, "endLine", to - 1);
    pl_jw_close(w, '}');
}

void pl_lsp__folding(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    uint32_t file, open[64], depth = 0, last = 1;
    size_t left[64];
    bool known = source_of(l, params, &file);
    pl_jw_open(w, '[');
    const struct pl_source *s = known ? &l->compiled.sources.v[file] : NULL;
    for (uint32_t line = 1; s && line <= s->nlines + 1; line++) {
        size_t at = line <= s->nlines ? indent(pl_source_line(s, line)) : 0;
        if (at == SIZE_MAX) continue;
        for (; depth && left[depth - 1] >= at; depth--)
            if (last > open[depth - 1]) write_fold(w, open[depth - 1], last);
        if (depth < PL_LEN(open)) {
            left[depth] = at;
            open[depth++] = line;
        }
        last = line;
    }
    pl_jw_close(w, ']');
}

/* ---- tokens ---- */

/* By kind of name. */
static const char *const token_types[] = {"event",    "enum",     "type",      "interface",
                                          "event",    "variable", "variable",  "decorator",
                                          "function", "property", "enumMember"};

void pl_lsp__write_legend(struct pl_jw *w) {
    pl_jw_open(w, '{');
    pl_jw_name(w, "tokenTypes");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < PL_LEN(token_types); i++) pl_jw_text(w, pl_str_c(token_types[i]));
    pl_jw_close(w, ']');
    pl_jw_name(w, "tokenModifiers");
    pl_jw_open(w, '[');
    pl_jw_text(w, PL_STR("declaration"));
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

/* Each is told by how far it lies behind the one before it. */
static void write_token(struct lsp *l, struct pl_jw *w, const struct pl_index_use *u,
                        struct lsp_pos *last) {
    const struct pl_source *s = &l->compiled.sources.v[u->at.file];
    const struct pl_index_name *n = &l->index.names[u->name];
    uint32_t line = pl_source_pos(s, u->at.start).line, start = s->lines[line - 1];
    struct pl_str rest = {s->text.p + start, s->text.n - start};
    struct lsp_pos at = pl_lsp__position(l, rest, u->at.start - start);
    struct lsp_pos end = pl_lsp__position(l, rest, u->at.end - start);
    if (end.line) return;
    at.line = line - 1;
    pl_jw_int(w, at.line - last->line);
    pl_jw_int(w, at.character - (at.line == last->line ? last->character : 0));
    pl_jw_int(w, end.character - at.character);
    pl_jw_int(w, n->kind);
    pl_jw_int(w, n->at.file == u->at.file && n->at.start == u->at.start);
    *last = at;
}

void pl_lsp__tokens(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    uint32_t file;
    bool known = source_of(l, params, &file);
    struct lsp_pos last = {0, 0};
    pl_jw_open(w, '{');
    pl_jw_name(w, "data");
    pl_jw_open(w, '[');
    for (size_t i = 0; known && i < l->index.nuses; i++)
        if (l->index.uses[i].at.file == file) write_token(l, w, &l->index.uses[i], &last);
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

/* ---- layout ---- */

void pl_lsp__formatting(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    uint32_t file;
    struct pl_buf out = {0};
    struct pl_diags diags;
    pl_jw_open(w, '[');
    if (source_of(l, params, &file)) {
        struct pl_str text = l->compiled.sources.v[file].text;
        pl_diags_init(&diags, &l->arena, &l->compiled.sources);
        bool good = pl_grammar_format(&l->compiled.sources, file, &diags, &out) == PL_OK;
        if (good && !pl_str_eq(text, pl_buf_slice(&out))) {
            struct pl_span all = {file, 0, (uint32_t)text.n};
            pl_lsp__write_edit(l, w, all, pl_buf_slice(&out));
        }
    }
    pl_jw_close(w, ']');
    pl_buf_free(&out);
}

/* ---- the ids that `fmt --ids` would write ---- */

void pl_lsp__inlay(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    uint32_t file;
    bool known = source_of(l, params, &file);
    pl_jw_open(w, '[');
    for (size_t i = 0; known && i < l->compiled.diags.n; i++) {
        const struct pl_diag *d = l->compiled.diags.v[i];
        if (d->code != PL_D_ID_MISSING || d->span.file != file || !d->nfixes) continue;
        const struct pl_diag_edit *e = &d->fixes[0].edits[0];
        struct pl_str text = l->compiled.sources.v[file].text;
        pl_jw_open(w, '{');
        pl_jw_name(w, "position");
        pl_lsp__write_pos(w, pl_lsp__position(l, text, e->span.start));
        pl_jw_text_member(w, "label", e->text);
        pl_jw_text_member(w, "tooltip",
                          PL_STR("the id that this line would get: `parlance fmt --ids`"));
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}
