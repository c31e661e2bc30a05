/* SPDX-License-Identifier: Apache-2.0
 *
 * The texts that are open, and the project compiled with them. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lsp/lsp_priv.h"

/* ---- documents ---- */

struct lsp_doc *pl_lsp__doc(struct lsp *l, struct pl_str uri) {
    for (size_t i = 0; i < l->docs.n; i++)
        if (pl_str_eq(l->docs.v[i].uri, uri)) return &l->docs.v[i];
    return NULL;
}

void pl_lsp__open(struct lsp *l, struct pl_str uri, struct pl_str text) {
    struct lsp_doc *d = pl_lsp__doc(l, uri);
    if (!d) {
        struct lsp_doc new = {0};
        pl_arena_init(&new.arena, 0);
        new.uri = pl_arena_str(&new.arena, uri);
        new.path = pl_lsp__path(&new.arena, uri);
        PL_PUSH(&l->docs, new);
        d = &l->docs.v[l->docs.n - 1];
    }
    pl_buf_clear(&d->text);
    pl_buf_str(&d->text, text);
    l->dirty = true;
}

static void replace(struct pl_buf *b, size_t start, size_t end, struct pl_str text) {
    struct pl_buf out = {0};
    pl_buf_add(&out, b->p, start);
    pl_buf_str(&out, text);
    pl_buf_add(&out, b->p + end, b->n - end);
    pl_buf_free(b);
    *b = out;
}

bool pl_lsp__change(struct lsp *l, struct pl_str uri, const struct pl_json *change) {
    struct lsp_doc *d = pl_lsp__doc(l, uri);
    const struct pl_json *range = pl_json_get(change, "range"), *text = pl_json_get(change, "text");
    struct lsp_pos from, to;
    if (!d || !text || text->kind != PL_JTEXT) return false;
    l->dirty = true;
    if (!range || range->kind != PL_JOBJECT) {
        replace(&d->text, 0, d->text.n, text->s);
        return true;
    }
    if (!pl_lsp__pos_of(pl_json_get(range, "start"), &from) ||
        !pl_lsp__pos_of(pl_json_get(range, "end"), &to))
        return false;
    size_t start = pl_lsp__offset(l, pl_buf_slice(&d->text), from);
    size_t end = pl_lsp__offset(l, pl_buf_slice(&d->text), to);
    replace(&d->text, start, end < start ? start : end, text->s);
    return true;
}

static void free_doc(struct lsp_doc *d) {
    pl_buf_free(&d->text);
    pl_arena_free(&d->arena);
}

void pl_lsp__close(struct lsp *l, struct pl_str uri) {
    struct lsp_doc *d = pl_lsp__doc(l, uri);
    if (!d) return;
    free_doc(d);
    *d = l->docs.v[--l->docs.n];
    l->dirty = true;
}

/* ---- the compilation ---- */

void pl_lsp__forget(struct lsp *l) {
    if (l->built) { /* its memory is for the next one */
        pl_arena_free(&l->memory);
        l->memory = l->compiled.arena;
        l->compiled = (struct pl_compiled){0};
    }
    l->built = false;
    l->index = (struct pl_index){0};
}

/* A source's path as the editor writes it. */
static struct pl_str real(struct pl_arena *a, struct pl_str path) {
    char out[PATH_MAX];
    if (!path.n) return path;
    return pl_arena_str(a, realpath(path.p, out) ? pl_str_c(out) : path);
}

static void name_sources(struct lsp *l) {
    struct pl_compiled *c = &l->compiled;
    l->uris = PL_NEW_ARRAY(&c->arena, struct pl_str, c->sources.n + 1);
    for (uint32_t i = 0; i < c->sources.n; i++)
        if (c->paths[i].n) l->uris[i] = pl_lsp__uri(&c->arena, real(&c->arena, c->paths[i]));
}

/* Texts are named as the compilation names files: what lies beside the folder by the way over it.
 */
static struct pl_str as_compiled(struct lsp *l, struct pl_str path) {
    struct pl_str folder = pl_str_c(l->folder), beside = folder;
    while (beside.n && beside.p[beside.n - 1] != '/') beside.n--;
    bool within = pl_str_starts(path, folder) && path.n > folder.n && path.p[folder.n] == '/';
    if (within || !pl_str_starts(path, beside)) return path;
    return pl_arena_printf(&l->arena, "%s/../%.*s", l->folder, (int)(path.n - beside.n),
                           path.p + beside.n);
}

static struct pl_compile_text *texts(struct lsp *l, size_t *n) {
    struct pl_compile_text *v = PL_NEW_ARRAY(&l->arena, struct pl_compile_text, l->docs.n + 1);
    for (size_t i = 0; i < l->docs.n; i++)
        v[i] = (struct pl_compile_text){as_compiled(l, l->docs.v[i].path),
                                        pl_buf_slice(&l->docs.v[i].text)};
    *n = l->docs.n;
    return v;
}

bool pl_lsp__build(struct lsp *l) {
    if (l->built && !l->dirty) return true;
    pl_lsp__forget(l);
    if (!l->folder[0]) return false;
    struct pl_compile_options options = {
        .check_only = true, .index_out = &l->index, .parses = l->parses, .memory = &l->memory};
    options.texts = texts(l, &options.ntexts);
    enum pl_err err = pl_compile_folder(l->folder, &options, &l->compiled);
    l->built = true;
    l->dirty = false;
    if (err != PL_OK && err != PL_MALFORMED) {
        pl_lsp__forget(l);
        return false;
    }
    name_sources(l);
    return true;
}

/* ---- places of requests ---- */

bool pl_lsp__source(struct lsp *l, struct pl_str uri, uint32_t *file) {
    struct pl_str wanted = real(&l->arena, pl_lsp__path(&l->arena, uri));
    struct pl_str name = pl_lsp__uri(&l->arena, wanted);
    if (!pl_lsp__build(l)) return false;
    for (*file = 0; *file < l->compiled.sources.n; ++*file)
        if (pl_str_eq(l->uris[*file], name)) return true;
    return false;
}

bool pl_lsp__place(struct lsp *l, const struct pl_json *params, uint32_t *file, size_t *offset) {
    const struct pl_json *doc = pl_json_get(params, "textDocument");
    struct lsp_pos at;
    if (!doc || doc->kind != PL_JOBJECT || !pl_lsp__pos_of(pl_json_get(params, "position"), &at) ||
        !pl_lsp__source(l, pl_json_text(doc, "uri"), file))
        return false;
    *offset = pl_lsp__offset(l, l->compiled.sources.v[*file].text, at);
    return true;
}

const struct pl_index_use *pl_lsp__use_at(const struct lsp *l, uint32_t file, size_t offset) {
    size_t low = 0, high = l->index.nuses;
    while (low < high) { /* the first that ends at the place or behind it */
        size_t mid = (low + high) / 2;
        const struct pl_span *at = &l->index.uses[mid].at;
        if (at->file < file || (at->file == file && at->end < offset))
            low = mid + 1;
        else
            high = mid;
    }
    const struct pl_index_use *u = low < l->index.nuses ? &l->index.uses[low] : NULL;
    return u && u->at.file == file && u->at.start <= offset ? u : NULL;
}
