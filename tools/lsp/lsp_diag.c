/* SPDX-License-Identifier: Apache-2.0
 *
 * What a build says, at its places; and its ways to mend it. */
#include <stdlib.h>
#include <string.h>

#include "tools/lsp/lsp_priv.h"

/* ---- diagnostics ---- */

static void write_message(struct pl_jw *w, const struct pl_diag *d) {
    const struct pl_diag_info *info = pl_diag_info(d->code);
    struct pl_buf b = {0};
    pl_diag_message(&b, d);
    if (d->hint.n)
        pl_buf_printf(&b, "\n%.*s", PL_STR_ARG(d->hint));
    else if (info && info->why[0] && !strchr(info->why, '{'))
        pl_buf_printf(&b, "\n%s", info->why);
    pl_jw_text(w, pl_buf_slice(&b));
    pl_buf_free(&b);
}

static void write_notes(const struct lsp *l, struct pl_jw *w, const struct pl_diag *d) {
    pl_jw_name(w, "relatedInformation");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < d->nnotes; i++) {
        if (!l->uris[d->notes[i].span.file].n) continue;
        pl_jw_open(w, '{');
        pl_jw_name(w, "location");
        pl_lsp__write_location(l, w, d->notes[i].span);
        pl_jw_text_member(w, "message", d->notes[i].text);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void write_diag(const struct lsp *l, struct pl_jw *w, const struct pl_diag *d) {
    char code[16];
    snprintf(code, sizeof code, "P%04u", d->code);
    pl_jw_open(w, '{');
    pl_jw_name(w, "range");
    pl_lsp__write_range(l, w, d->span);
    pl_jw_int_member(w, "severity", d->severity == PL_SEVERITY_ERROR ? 1 : 2);
    pl_jw_text_member(w, "code", pl_str_c(code));
    pl_jw_text_member(w, "source", PL_STR("parlance"));
    pl_jw_name(w, "message");
    write_message(w, d);
    write_notes(l, w, d);
    pl_jw_close(w, '}');
}

static void publish(struct lsp *l, struct pl_str uri, uint32_t file) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    const struct pl_diags *all = &l->compiled.diags;
    pl_buf_str(&b, PL_STR("{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/publishDiagnostics\","
                          "\"params\":{\"uri\":"));
    pl_json_quote(&b, uri);
    pl_buf_str(&b, PL_STR(",\"diagnostics\":"));
    pl_jw_open(&w, '[');
    for (size_t i = 0; l->built && i < all->n; i++)
        if (all->v[i]->span.file == file) write_diag(l, &w, all->v[i]);
    pl_jw_close(&w, ']');
    pl_buf_str(&b, PL_STR("}}"));
    pl_lsp__send(l, pl_buf_slice(&b));
    pl_buf_free(&b);
}

static bool has_diags(const struct lsp *l, uint32_t file) {
    for (size_t i = 0; i < l->compiled.diags.n; i++)
        if (l->compiled.diags.v[i]->span.file == file) return true;
    return false;
}

static bool was_told(const struct lsp *l, struct pl_str uri) {
    for (size_t i = 0; i < l->told.n; i++)
        if (pl_str_is(uri, l->told.v[i])) return true;
    return false;
}

/* Files that had some and have none are told so. */
static void tell(struct lsp *l) {
    PL_VEC(char *) now = {0};
    uint32_t n = l->compiled.sources.n;
    for (uint32_t i = 0; i < n; i++) {
        if (!l->uris[i].n) continue;
        bool any = has_diags(l, i);
        if (any || was_told(l, l->uris[i]) || pl_lsp__doc(l, l->uris[i])) publish(l, l->uris[i], i);
        if (any) {
            char *name = strndup(l->uris[i].p, l->uris[i].n);
            PL_PUSH(&now, name);
        }
    }
    for (size_t i = 0; i < l->told.n; i++) {
        uint32_t file = 0;
        while (file < n && !pl_str_is(l->uris[file], l->told.v[i])) file++;
        if (file == n) publish(l, pl_str_c(l->told.v[i]), UINT32_MAX);
        free(l->told.v[i]);
    }
    PL_VEC_FREE(&l->told);
    l->told.v = now.v;
    l->told.n = now.n;
    l->told.cap = now.cap;
}

void pl_lsp__publish(struct lsp *l) {
    if (pl_lsp__build(l)) tell(l);
}

/* ---- ways to mend it ---- */

static void write_edits(const struct lsp *l, struct pl_jw *w, const struct pl_diag_fix *fix,
                        uint32_t file) {
    pl_jw_open(w, '[');
    for (size_t i = 0; i < fix->nedits; i++) {
        if (fix->edits[i].span.file == file)
            pl_lsp__write_edit(l, w, fix->edits[i].span, fix->edits[i].text);
    }
    pl_jw_close(w, ']');
}

static void write_changes(const struct lsp *l, struct pl_jw *w, const struct pl_diag_fix *fix) {
    pl_jw_name(w, "edit");
    pl_jw_open(w, '{');
    pl_jw_name(w, "changes");
    pl_jw_open(w, '{');
    for (uint32_t file = 0; file < l->compiled.sources.n; file++) {
        bool any = false;
        for (size_t i = 0; i < fix->nedits; i++) any |= fix->edits[i].span.file == file;
        if (!any || !l->uris[file].n) continue;
        pl_jw_name(w, l->uris[file].p);
        write_edits(l, w, fix, file);
    }
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}

static void write_fix(const struct lsp *l, struct pl_jw *w, const struct pl_diag *d,
                      const struct pl_diag_fix *fix) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "title", fix->title);
    pl_jw_text_member(w, "kind", PL_STR("quickfix"));
    pl_jw_name(w, "isPreferred");
    pl_jw_bool(w, fix->safe);
    pl_jw_name(w, "diagnostics");
    pl_jw_open(w, '[');
    write_diag(l, w, d);
    pl_jw_close(w, ']');
    write_changes(l, w, fix);
    pl_jw_close(w, '}');
}

void pl_lsp__code_action(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    const struct pl_json *doc = pl_json_get(params, "textDocument");
    const struct pl_json *range = pl_json_get(params, "range");
    struct lsp_pos from, to;
    uint32_t file;
    pl_jw_open(w, '[');
    if (doc && doc->kind == PL_JOBJECT && range && range->kind == PL_JOBJECT &&
        pl_lsp__pos_of(pl_json_get(range, "start"), &from) &&
        pl_lsp__pos_of(pl_json_get(range, "end"), &to) &&
        pl_lsp__source(l, pl_json_text(doc, "uri"), &file)) {
        struct pl_str text = l->compiled.sources.v[file].text;
        size_t start = pl_lsp__offset(l, text, from), end = pl_lsp__offset(l, text, to);
        for (size_t i = 0; i < l->compiled.diags.n; i++) {
            const struct pl_diag *d = l->compiled.diags.v[i];
            if (d->span.file != file || d->span.start > end || d->span.end < start) continue;
            for (size_t k = 0; k < d->nfixes; k++) write_fix(l, w, d, &d->fixes[k]);
        }
    }
    pl_jw_close(w, ']');
}
