/* SPDX-License-Identifier: Apache-2.0
 *
 * Names: what one is, where it is declared and used, and another name for it. */
#include <string.h>

#include "tools/lsp/lsp_priv.h"

const char *const pl_lsp__kind_words[] = {
#define NAME(kind, word) word,
    PL_INDEX_KINDS(NAME)
#undef NAME
};

static const struct pl_index_use *use_of(struct lsp *l, const struct pl_json *params) {
    uint32_t file;
    size_t offset;
    if (!pl_lsp__place(l, params, &file, &offset)) return NULL;
    return pl_lsp__use_at(l, file, offset);
}

/* ---- hover ---- */

static void hover_text(struct pl_buf *b, const struct pl_index_name *n) {
    pl_buf_str(b, PL_STR("```flow\n"));
    pl_buf_str(b, n->detail);
    pl_buf_str(b, PL_STR("\n```\n"));
    if (n->kind == PL_INDEX_SLOT)
        pl_buf_printf(b, "%s%.*s\n", n->owner.n ? "slot of " : "slot", PL_STR_ARG(n->owner));
    else
        pl_buf_printf(b, "%s%s\n", pl_lsp__kind_words[n->kind],
                      n->of_prelude ? " of the prelude" : "");
    if (n->doc.n) pl_buf_printf(b, "\n%.*s\n", PL_STR_ARG(n->doc));
    if (n->nwords) pl_buf_printf(b, "\n%s: ", n->kind == PL_INDEX_HOOK ? "fails with" : "one of");
    for (uint32_t i = 0; i < n->nwords; i++)
        pl_buf_printf(b, "%s`%.*s`", i ? ", " : "", PL_STR_ARG(n->words[i]));
}

void pl_lsp__hover(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    const struct pl_index_use *u = use_of(l, params);
    struct pl_buf b = {0};
    if (!u) return;
    hover_text(&b, &l->index.names[u->name]);
    pl_jw_open(w, '{');
    pl_jw_name(w, "contents");
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "kind", PL_STR("markdown"));
    pl_jw_text_member(w, "value", pl_buf_slice(&b));
    pl_jw_close(w, '}');
    pl_jw_name(w, "range");
    pl_lsp__write_range(l, w, u->at);
    pl_jw_close(w, '}');
    pl_buf_free(&b);
}

/* ---- where ---- */

void pl_lsp__definition(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    const struct pl_index_use *u = use_of(l, params);
    if (!u || !l->uris[l->index.names[u->name].at.file].n) return; /* part of the program */
    pl_lsp__write_location(l, w, l->index.names[u->name].at);
}

static bool declares(const struct lsp *l, const struct pl_index_use *u) {
    const struct pl_span *at = &l->index.names[u->name].at;
    return at->file == u->at.file && at->start == u->at.start;
}

static bool wants_declaration(const struct pl_json *params) {
    const struct pl_json *context = pl_json_get(params, "context");
    const struct pl_json *v =
        context && context->kind == PL_JOBJECT ? pl_json_get(context, "includeDeclaration") : NULL;
    return !v || v->kind != PL_JBOOL || v->b;
}

void pl_lsp__references(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    const struct pl_index_use *u = use_of(l, params);
    bool declaration = wants_declaration(params);
    pl_jw_open(w, '[');
    for (size_t i = 0; u && i < l->index.nuses; i++) {
        const struct pl_index_use *k = &l->index.uses[i];
        if (k->name != u->name || !l->uris[k->at.file].n) continue;
        if (declaration || !declares(l, k)) pl_lsp__write_location(l, w, k->at);
    }
    pl_jw_close(w, ']');
}

void pl_lsp__highlight(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    const struct pl_index_use *u = use_of(l, params);
    pl_jw_open(w, '[');
    for (size_t i = 0; u && i < l->index.nuses; i++) {
        const struct pl_index_use *k = &l->index.uses[i];
        if (k->name != u->name || k->at.file != u->at.file) continue;
        pl_jw_open(w, '{');
        pl_jw_name(w, "range");
        pl_lsp__write_range(l, w, k->at);
        pl_jw_int_member(w, "kind", declares(l, k) ? 3 : 2);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

/* ---- another name ---- */

/* What is declared in the program itself, or called by Lua, keeps its name. */
static bool may_rename(const struct lsp *l, const struct pl_index_use *u) {
    const struct pl_index_name *n = &l->index.names[u->name];
    return l->uris[n->at.file].n && !n->of_prelude && n->kind != PL_INDEX_HOOK;
}

void pl_lsp__prepare_rename(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    const struct pl_index_use *u = use_of(l, params);
    if (!u || !may_rename(l, u)) return;
    pl_jw_open(w, '{');
    pl_jw_name(w, "range");
    pl_lsp__write_range(l, w, u->at);
    pl_jw_text_member(w, "placeholder", l->index.names[u->name].name);
    pl_jw_close(w, '}');
}

static bool is_name(struct pl_str s) {
    if (!s.n || s.n > 64 || s.p[0] < 'a' || s.p[0] > 'z') return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
    }
    return true;
}

static bool taken(const struct lsp *l, const struct pl_index_name *by, struct pl_str name) {
    for (size_t i = 0; i < l->index.nnames; i++) {
        const struct pl_index_name *n = &l->index.names[i];
        if (n->kind == by->kind && pl_str_eq(n->owner, by->owner) && pl_str_eq(n->name, name))
            return true;
    }
    return false;
}

static void rename_in(const struct lsp *l, struct pl_jw *w, uint32_t name, uint32_t file,
                      struct pl_str to) {
    pl_jw_name(w, l->uris[file].p);
    pl_jw_open(w, '[');
    for (size_t i = 0; i < l->index.nuses; i++) {
        const struct pl_index_use *k = &l->index.uses[i];
        if (k->name == name && k->at.file == file) pl_lsp__write_edit(l, w, k->at, to);
    }
    pl_jw_close(w, ']');
}

static bool used_in(const struct lsp *l, uint32_t name, uint32_t file) {
    for (size_t i = 0; i < l->index.nuses; i++)
        if (l->index.uses[i].name == name && l->index.uses[i].at.file == file) return true;
    return false;
}

void pl_lsp__rename(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    const struct pl_index_use *u = use_of(l, params);
    struct pl_str to = pl_json_text(params, "newName");
    if (!u || !may_rename(l, u) || !is_name(to) || taken(l, &l->index.names[u->name], to)) return;
    pl_jw_open(w, '{');
    pl_jw_name(w, "changes");
    pl_jw_open(w, '{');
    for (uint32_t file = 0; file < l->compiled.sources.n; file++)
        if (l->uris[file].n && used_in(l, u->name, file)) rename_in(l, w, u->name, file, to);
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}
