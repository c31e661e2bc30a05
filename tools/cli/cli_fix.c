/* SPDX-License-Identifier: Apache-2.0
 *
 * lint --fix: applies the fixes that the diagnostics carry. Everything is tried in memory first;
 * what does not leave the project better than it was is taken back, and only then a file is
 * replaced, whole.
 */
#include "grammar/grammar.h"
#include "tools/cli/cli_priv.h"
#include "tools/compile/compile.h"

#include <stdlib.h>

/* A round applies all fixes that do not touch one another; what they uncover waits for the next. */
enum { ROUNDS_MOST = 50 };

/* How wrong a project is. Mistakes of layout hide those of syntax, and these all others: so they
 * weigh more. */
struct state {
    size_t layout, syntax, errors, warnings;
};

struct fixer {
    const char *folder;
    struct pl_compile_options options; /* with the texts that are changed */
    bool unsafe;
    struct pl_arena arena; /* of the texts and of what is to be said */
    PL_VEC(struct pl_compile_text) texts;
    PL_VEC(struct pl_str) done;    /* "flows/a.flow:3: P0104: write `is`" */
    PL_VEC(struct pl_str) refused; /* what was taken back: the like of `done`, not tried again */
};

struct edit {
    struct pl_span span;
    struct pl_str text;
};
typedef PL_VEC(struct edit) edits;

/* ---- states ---- */

static struct state state_of(const struct pl_diags *d) {
    struct state s = {.errors = d->errors, .warnings = d->warnings};
    for (size_t i = 0; i < d->n; i++) {
        uint16_t code = d->v[i]->code;
        if (d->v[i]->severity != PL_SEVERITY_ERROR) continue;
        s.layout += code < 100;
        s.syntax += (code >= 100 && code < 200) || (code >= 500 && code < 520);
    }
    return s;
}

static bool is_better(struct state a, struct state b) {
    if (a.layout != b.layout) return a.layout < b.layout;
    if (a.syntax != b.syntax) return a.syntax < b.syntax;
    if (a.errors != b.errors) return a.errors < b.errors;
    return a.warnings < b.warnings;
}

/* False when the folder cannot be read. */
static bool look(struct fixer *f, struct pl_compiled *c) {
    f->options.texts = f->texts.v;
    f->options.ntexts = f->texts.n;
    f->options.check_only = true;
    return pl_cli__compile_folder(f->folder, &f->options, c) != CLI_FAILED;
}

/* ---- choosing ---- */

static struct pl_str describe(struct fixer *f, const struct pl_compiled *c, const struct pl_diag *d,
                              const struct pl_diag_fix *fix) {
    const struct pl_source *s = &c->sources.v[d->span.file];
    return pl_arena_printf(&f->arena, "%.*s:%u: P%04u: %.*s", PL_STR_ARG(s->name),
                           (unsigned)pl_source_pos(s, d->span.start).line, (unsigned)d->code,
                           PL_STR_ARG(fix->title));
}

static bool was_refused(const struct fixer *f, struct pl_str what) {
    for (size_t i = 0; i < f->refused.n; i++)
        if (pl_str_eq(f->refused.v[i], what)) return true;
    return false;
}

static bool meets(const edits *v, const struct pl_diag_edit *e) {
    for (size_t i = 0; i < v->n; i++) {
        struct pl_span a = v->v[i].span, b = e->span;
        if (a.file == b.file && a.start <= b.end && b.start <= a.end) return true;
    }
    return false;
}

/* The fix to apply, NULL when there is none: the first safe one, or just the first. */
static const struct pl_diag_fix *choose(const struct fixer *f, const struct pl_diag *d) {
    for (size_t i = 0; i < d->nfixes; i++)
        if (d->fixes[i].safe) return &d->fixes[i];
    return f->unsafe && d->nfixes ? &d->fixes[0] : NULL;
}

/* Adds the edits of one diagnostic unless they meet others; gives what is said of it. */
static struct pl_str take(struct fixer *f, const struct pl_compiled *c, const struct pl_diag *d,
                          edits *out) {
    const struct pl_diag_fix *fix = choose(f, d);
    struct pl_str none = {0};
    if (!fix) return none;
    struct pl_str what = describe(f, c, d, fix);
    if (was_refused(f, what)) return none;
    for (size_t i = 0; i < fix->nedits; i++)
        if (meets(out, &fix->edits[i]) || !c->paths[fix->edits[i].span.file].n) return none;
    for (size_t i = 0; i < fix->nedits; i++) {
        struct edit e = {fix->edits[i].span, fix->edits[i].text};
        PL_PUSH(out, e);
    }
    return what;
}

/* ---- applying ---- */

static int by_place(const void *a, const void *b) {
    const struct edit *x = a, *y = b;
    if (x->span.file != y->span.file) return x->span.file < y->span.file ? -1 : 1;
    if (x->span.start != y->span.start) return x->span.start < y->span.start ? -1 : 1;
    return 0;
}

static void set_text(struct fixer *f, struct pl_str path, struct pl_str text) {
    for (size_t i = 0; i < f->texts.n; i++) {
        if (!pl_str_eq(f->texts.v[i].path, path)) continue;
        f->texts.v[i].text = text;
        return;
    }
    struct pl_compile_text t = {pl_arena_str(&f->arena, path), text};
    PL_PUSH(&f->texts, t);
}

/* The edits of one file, which stand together in `v` from `from` on; gives where they end. */
static size_t apply_file(struct fixer *f, const struct pl_compiled *c, const edits *v,
                         size_t from) {
    uint32_t file = v->v[from].span.file;
    struct pl_str text = c->sources.v[file].text;
    struct pl_buf out = {0};
    size_t at = 0, i = from;
    for (; i < v->n && v->v[i].span.file == file; i++) {
        pl_buf_add(&out, text.p + at, v->v[i].span.start - at);
        pl_buf_str(&out, v->v[i].text);
        at = v->v[i].span.end;
    }
    pl_buf_add(&out, text.p + at, text.n - at);
    set_text(f, c->paths[file], pl_arena_str(&f->arena, pl_buf_slice(&out)));
    pl_buf_free(&out);
    return i;
}

static void apply(struct fixer *f, const struct pl_compiled *c, edits *v) {
    qsort(v->v, v->n, sizeof *v->v, by_place);
    for (size_t i = 0; i < v->n;) i = apply_file(f, c, v, i);
}

/* ---- rounds ---- */

struct texts_copy {
    PL_VEC(struct pl_compile_text) v;
};

static void copy_texts(const struct fixer *f, struct texts_copy *out) {
    for (size_t i = 0; i < f->texts.n; i++) PL_PUSH(&out->v, f->texts.v[i]);
}

static void restore_texts(struct fixer *f, const struct texts_copy *from) {
    f->texts.n = 0;
    for (size_t i = 0; i < from->v.n; i++) PL_PUSH(&f->texts, from->v.v[i]);
}

/* Applies the edits if that makes things better; else all is as before. */
static bool try_edits(struct fixer *f, const struct pl_compiled *c, edits *v) {
    struct texts_copy before = {0};
    struct pl_compiled after;
    copy_texts(f, &before);
    apply(f, c, v);
    bool good = look(f, &after) && is_better(state_of(&after.diags), state_of(&c->diags));
    if (!good) restore_texts(f, &before);
    pl_compiled_free(&after);
    PL_VEC_FREE(&before.v);
    return good;
}

/* All fixes at once. */
static size_t try_all(struct fixer *f, const struct pl_compiled *c, size_t *tried) {
    edits v = {0};
    size_t before = f->done.n;
    for (size_t i = 0; i < c->diags.n; i++) {
        struct pl_str what = take(f, c, c->diags.v[i], &v);
        if (what.n) PL_PUSH(&f->done, what);
    }
    *tried = f->done.n - before;
    if (*tried && !try_edits(f, c, &v)) f->done.n = before;
    PL_VEC_FREE(&v);
    return f->done.n - before;
}

/* Together they made nothing better: the first that does so alone; those before it are refused. */
static size_t try_each(struct fixer *f, const struct pl_compiled *c) {
    size_t good = 0;
    for (size_t i = 0; i < c->diags.n && !good; i++) {
        edits v = {0};
        struct pl_str what = take(f, c, c->diags.v[i], &v);
        if (what.n && try_edits(f, c, &v)) {
            PL_PUSH(&f->done, what);
            good = 1;
        } else if (what.n) {
            PL_PUSH(&f->refused, what);
        }
        PL_VEC_FREE(&v);
    }
    return good;
}

/* Gives how many fixes were applied. */
static size_t round_of_fixes(struct fixer *f, bool *readable) {
    struct pl_compiled c;
    size_t tried = 0, n = 0;
    *readable = look(f, &c);
    if (*readable) n = try_all(f, &c, &tried);
    if (!n && tried) n = try_each(f, &c);
    pl_compiled_free(&c);
    return n;
}

static int write_files(const struct fixer *f) {
    for (size_t i = 0; i < f->texts.n; i++) {
        const struct pl_compile_text *t = &f->texts.v[i];
        enum pl_err err = pl_file_replace(t->path.p, t->text);
        if (err != PL_OK) return pl_cli__failure("writing %s: %s", t->path.p, pl_err_text(err));
    }
    return CLI_OK;
}

int pl_cli__fix(const char *folder, const struct pl_compile_options *options, bool unsafe) {
    struct fixer f = {.folder = folder, .options = *options, .unsafe = unsafe};
    bool readable = true;
    int code = CLI_OK;
    pl_arena_init(&f.arena, 0);
    bool more = true;
    for (int i = 0; i < ROUNDS_MOST && more; i++) more = round_of_fixes(&f, &readable) > 0;
    if (!readable) code = CLI_FAILED;
    if (code == CLI_OK) code = write_files(&f);
    for (size_t i = 0; i < f.done.n && code == CLI_OK; i++)
        fprintf(stderr, "mended %.*s\n", PL_STR_ARG(f.done.v[i]));
    PL_VEC_FREE(&f.texts);
    PL_VEC_FREE(&f.done);
    PL_VEC_FREE(&f.refused);
    pl_arena_free(&f.arena);
    return code;
}
