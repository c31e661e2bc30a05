/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding and reading a project's files. */
#include "tools/compile/compile_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MOST 10000
#define FILE_MOST  (4u << 20)

struct build {
    struct pl_compiled *out;
    const struct pl_compile_options *options;
    struct pl_str folder; /* as given, without a slash at the end */
    struct pl_str label;  /* its own name: "flows" */
    PL_VEC(struct pl_grammar_catalog) catalogs;
    PL_VEC(struct pl_grammar_lua) lua;
    PL_VEC(struct pl_str) paths;
    pl_compile_articles articles;
    pl_compile_prompts prompts; /* the project's own first */
    size_t own_prompts;
};

static bool is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static struct pl_str stem(struct pl_str path, struct pl_str suffix) {
    return (struct pl_str){path.p, path.n - suffix.n};
}

static enum pl_err read_file(struct build *b, struct pl_str path, struct pl_str *text) {
    for (size_t i = 0; i < b->options->ntexts; i++) {
        if (!pl_str_eq(b->options->texts[i].path, path)) continue;
        *text = b->options->texts[i].text;
        return PL_OK;
    }
    return pl_file_read(&b->out->arena, path.p, FILE_MOST, text);
}

static bool is_listed(const struct pl_str *paths, size_t n, struct pl_str path) {
    for (size_t i = 0; i < n; i++)
        if (pl_str_eq(paths[i], path)) return true;
    return false;
}

/* Of the texts that were given those of the folder that are no files of it. */
static void each_new(struct build *b, const char *folder, const char *suffix,
                     const struct pl_str *paths, size_t n,
                     void (*take)(struct build *, struct pl_str file, struct pl_str path,
                                  struct pl_str text)) {
    struct pl_str within = pl_arena_printf(&b->out->arena, "%s/", folder);
    for (size_t i = 0; i < b->options->ntexts; i++) {
        const struct pl_compile_text *t = &b->options->texts[i];
        if (!pl_str_starts(t->path, within) || !pl_str_ends(t->path, pl_str_c(suffix))) continue;
        struct pl_str path = {t->path.p + within.n, t->path.n - within.n};
        if (!is_listed(paths, n, path)) take(b, t->path, path, t->text);
    }
}

/* Reads every file with the suffix under a folder and hands it on: where it is, and its path in the
 * folder. */
static enum pl_err each_file(struct build *b, const char *folder, const char *suffix,
                             void (*take)(struct build *, struct pl_str file, struct pl_str path,
                                          struct pl_str text)) {
    struct pl_arena *a = &b->out->arena;
    struct pl_str *paths, text;
    size_t n = 0;
    enum pl_err err = pl_files_under(a, folder, suffix, FILES_MOST, &paths, &n);
    for (size_t i = 0; i < n && err == PL_OK; i++) {
        struct pl_str file = pl_arena_printf(a, "%s/%.*s", folder, PL_STR_ARG(paths[i]));
        err = read_file(b, file, &text);
        if (err == PL_OK) take(b, file, paths[i], text);
    }
    if (err == PL_OK) each_new(b, folder, suffix, paths, n, take);
    return err;
}

/* The like of a folder of the project, which need not be there. */
static enum pl_err each_file_in(struct build *b, const char *name, const char *suffix,
                                void (*take)(struct build *, struct pl_str file, struct pl_str path,
                                             struct pl_str text)) {
    struct pl_str folder = pl_arena_printf(&b->out->arena, "%.*s/%s", PL_STR_ARG(b->folder), name);
    return is_folder(folder.p) ? each_file(b, folder.p, suffix, take) : PL_OK;
}

static uint32_t add_source(struct build *b, struct pl_str file, struct pl_str name,
                           struct pl_str text) {
    PL_PUSH(&b->paths, file);
    return pl_sources_add(&b->out->sources, name, text);
}

static void take_source(struct build *b, struct pl_str file, struct pl_str path,
                        struct pl_str text) {
    struct pl_str name =
        pl_arena_printf(&b->out->arena, "%.*s/%.*s", PL_STR_ARG(b->label), PL_STR_ARG(path));
    add_source(b, file, name, text);
}

static void take_catalog(struct build *b, struct pl_str file, struct pl_str path,
                         struct pl_str text) {
    struct pl_str name = pl_arena_printf(&b->out->arena, "i18n/%.*s", PL_STR_ARG(path));
    struct pl_grammar_catalog c = {.locale = stem(path, PL_STR(".arb"))};
    c.file = add_source(b, file, name, text);
    PL_PUSH(&b->catalogs, c);
}

static void take_lua(struct build *b, struct pl_str file, struct pl_str path, struct pl_str text) {
    (void)file;
    struct pl_grammar_lua l = {.name = stem(path, PL_STR(".lua")), .text = text};
    l.path = pl_arena_printf(&b->out->arena, "lua/%.*s", PL_STR_ARG(path));
    PL_PUSH(&b->lua, l);
}

/* "en/returns/how.md": of the locale en. What lies in no folder belongs to none. */
static void take_article(struct build *b, struct pl_str file, struct pl_str path,
                         struct pl_str text) {
    struct pl_str name =
        pl_arena_printf(&b->out->arena, "%.*s/kb/%.*s", PL_STR_ARG(b->label), PL_STR_ARG(path));
    struct pl_compile_article a = {.file = add_source(b, file, name, text)};
    size_t slash = pl_str_find(path, PL_STR("/"));
    if (slash != SIZE_MAX) a.locale = (struct pl_str){path.p, slash++};
    if (slash == SIZE_MAX) slash = 0;
    a.path = (struct pl_str){path.p + slash, path.n - slash};
    a.id = stem(a.path, PL_STR(".md"));
    PL_PUSH(&b->articles, a);
}

static void add_prompt(struct build *b, struct pl_str file, struct pl_str source,
                       struct pl_str name, struct pl_str text) {
    struct pl_grammar_prompt p = {.name = stem(name, PL_STR(".md"))};
    p.at.file = add_source(b, file, source, text);
    PL_PUSH(&b->prompts, p);
}

/* "brisk.md", "sales/brisk.md": in whatever folder, it is called `brisk`. */
static void take_prompt(struct build *b, struct pl_str file, struct pl_str path,
                        struct pl_str text) {
    struct pl_str source = pl_arena_printf(&b->out->arena, "%.*s/prompts/%.*s",
                                           PL_STR_ARG(b->label), PL_STR_ARG(path));
    struct pl_str name = {path.p + path.n, 0};
    while (name.p > path.p && name.p[-1] != '/') name.p--, name.n++;
    add_prompt(b, file, source, name, text);
}

/* ---- the prelude that is part of the program ---- */

static bool has_prelude(const struct build *b) {
    const struct pl_sources *sources = &b->out->sources;
    for (size_t i = 0; i < sources->n; i++)
        if (pl_grammar_is_prelude(sources->v[i].name)) return true;
    return false;
}

static bool has_lua(const struct build *b, struct pl_str name) {
    for (size_t i = 0; i < b->lua.n; i++)
        if (pl_str_eq(b->lua.v[i].name, name)) return true;
    return false;
}

static void take_prelude(struct build *b) {
    struct pl_arena *a = &b->out->arena;
    for (const struct pl_embedded *f = pl_compile__prelude_flows; f->name; f++)
        add_source(b, PL_STR(""), pl_arena_printf(a, "prelude/%s", f->name), f->bytes);
    for (const struct pl_embedded *f = pl_compile__prelude_catalogs; f->name; f++) {
        struct pl_grammar_catalog c = {.locale = stem(pl_str_c(f->name), PL_STR(".arb"))};
        struct pl_str name = pl_arena_printf(a, "prelude/%s", f->name);
        c.file = add_source(b, PL_STR(""), name, f->bytes);
        c.of_prelude = true;
        PL_PUSH(&b->catalogs, c);
    }
}

/* Its hooks, unless the project has its own of that name. */
static void take_prelude_hooks(struct build *b) {
    for (const struct pl_embedded *f = pl_compile__prelude_lua; f->name; f++) {
        struct pl_grammar_lua l = {.name = stem(pl_str_c(f->name), PL_STR(".lua")),
                                   .text = f->bytes};
        l.path = pl_arena_printf(&b->out->arena, "lua/%s", f->name);
        l.of_prelude = true;
        if (!has_lua(b, l.name)) PL_PUSH(&b->lua, l);
    }
}

static void take_standard_prompts(struct build *b) {
    struct pl_arena *a = &b->out->arena;
    b->own_prompts = b->prompts.n;
    for (const struct pl_embedded *f = pl_compile__prelude_prompts; f->name; f++)
        add_prompt(b, PL_STR(""), pl_arena_printf(a, "prelude/prompts/%s", f->name),
                   pl_arena_printf(a, "standard.%s", f->name), f->bytes);
}

/* The folder `name` in the project or beside it; NULL when there is none. */
static const char *beside(struct build *b, const char *name, const char *given) {
    if (given) return given;
    for (int up = 0; up < 2; up++) {
        struct pl_str path = pl_arena_printf(&b->out->arena, "%.*s%s/%s", PL_STR_ARG(b->folder),
                                             up ? "/.." : "", name);
        if (is_folder(path.p)) return path.p;
    }
    return NULL;
}

static enum pl_err read_all(struct build *b) {
    const struct pl_compile_options *o = b->options;
    const char *i18n = beside(b, "i18n", o->i18n), *lua = beside(b, "lua", o->lua);
    enum pl_err err = each_file(b, b->folder.p, ".flow", take_source);
    if (err == PL_OK && !b->out->sources.n) err = PL_NOT_FOUND;
    if (err == PL_OK && !o->without_talks) err = each_file(b, b->folder.p, ".talk", take_source);
    if (err == PL_OK && i18n) err = each_file(b, i18n, ".arb", take_catalog);
    if (err == PL_OK && lua) err = each_file(b, lua, ".lua", take_lua);
    if (err == PL_OK) err = each_file_in(b, "kb", ".md", take_article);
    if (err == PL_OK) err = each_file_in(b, "prompts", ".md", take_prompt);
    if (err == PL_OK && !has_prelude(b)) take_prelude(b);
    if (err == PL_OK) take_prelude_hooks(b);
    if (err == PL_OK) take_standard_prompts(b);
    return err;
}

/* The folder without slashes at its end, and its own name even for "." */
static enum pl_err name_folder(struct build *b, const char *folder) {
    struct pl_str s = pl_str_c(folder);
    while (s.n > 1 && s.p[s.n - 1] == '/') s.n--;
    b->folder = pl_arena_str(&b->out->arena, s);
    if (!is_folder(b->folder.p)) return PL_NOT_FOUND;
    char *real = realpath(b->folder.p, NULL);
    if (!real) return PL_IO;
    const char *slash = strrchr(real, '/');
    b->label = pl_arena_str(&b->out->arena, pl_str_c(slash ? slash + 1 : real));
    free(real);
    return PL_OK;
}

static enum pl_err write_image(struct pl_compiled *out) {
    struct pl_buf bytes = {0};
    pl_program_write(&out->program, &bytes);
    enum pl_err err = bytes.failed ? PL_NOMEM : PL_OK;
    if (err == PL_OK) out->image = pl_arena_str(&out->arena, pl_buf_slice(&bytes));
    pl_buf_free(&bytes);
    return err;
}

static void add_vectors(const struct pl_compile_options *o, struct pl_compiled *out) {
    struct pl_program *p = &out->program;
    struct pl_buf bytes = {0};
    for (uint32_t i = 0; i < p->nsections; i++)
        if (pl_str_is(p->sections[i].name, "kb.index"))
            o->vectors(o->vectors_ctx, p->sections[i].bytes, &bytes);
    if (bytes.n && !bytes.failed) {
        struct pl_p_section *v = PL_NEW_ARRAY(&out->arena, struct pl_p_section, p->nsections + 1);
        memcpy(v, p->sections, p->nsections * sizeof *v);
        v[p->nsections++] = (struct pl_p_section){PL_STR("kb.vectors"),
                                                  pl_arena_str(&out->arena, pl_buf_slice(&bytes))};
        p->sections = v;
    }
    pl_buf_free(&bytes);
}

static enum pl_err compile(struct build *b) {
    struct pl_compile_host host = {.folder = b->folder,
                                   .label = b->label,
                                   .sources = &b->out->sources,
                                   .articles = &b->articles,
                                   .check_only = b->options->check_only && !b->options->knowledge,
                                   .options = b->options};
    struct pl_grammar_host callbacks;
    struct pl_grammar_input input = {.previous = b->options->previous,
                                     .sources = &b->out->sources,
                                     .catalogs = b->catalogs.v,
                                     .ncatalogs = b->catalogs.n,
                                     .lua = b->lua.v,
                                     .nlua = b->lua.n,
                                     .prompts = b->prompts.v,
                                     .nprompts = b->prompts.n,
                                     .articles = b->articles.n > 0,
                                     .verbose = b->options->verbose,
                                     .texts = b->options->texts_out,
                                     .chart = b->options->chart_out,
                                     .index = b->options->index_out,
                                     .parses = b->options->parses};
    pl_compile__prompts(&b->out->sources, &b->out->diags, b->own_prompts, &b->prompts);
    pl_compile__host_open(&host, &callbacks);
    pl_compile__cache_open(&host, b->options->cache);
    if (b->options->check_only) callbacks.train = NULL;
    enum pl_err err =
        pl_grammar_compile(&b->out->arena, &input, &callbacks, &b->out->diags, &b->out->program);
    pl_compile__host_close(&host);
    if (err == PL_OK && !b->options->check_only && b->options->vectors)
        add_vectors(b->options, b->out);
    if (err == PL_OK && !b->options->check_only) err = write_image(b->out);
    return err;
}

static struct pl_str *keep_paths(const struct build *b) {
    struct pl_str *v = PL_NEW_ARRAY(&b->out->arena, struct pl_str, b->paths.n + 1);
    for (size_t i = 0; i < b->paths.n; i++) v[i] = b->paths.v[i];
    return v;
}

static void open_arena(const struct pl_compile_options *o, struct pl_arena *a) {
    pl_arena_init(a, 0);
    if (!o->memory) return;
    *a = *o->memory;
    pl_arena_init(o->memory, 0);
    pl_arena_reset(a);
}

enum pl_err pl_compile_folder(const char *folder, const struct pl_compile_options *options,
                              struct pl_compiled *out) {
    static const struct pl_compile_options defaults = {0};
    struct build b = {.out = out, .options = options ? options : &defaults};
    *out = (struct pl_compiled){0};
    open_arena(b.options, &out->arena);
    pl_sources_init(&out->sources, &out->arena);
    pl_diags_init(&out->diags, &out->arena, &out->sources);
    enum pl_err err = name_folder(&b, folder);
    if (err == PL_OK) err = read_all(&b);
    out->paths = keep_paths(&b);
    if (err == PL_OK) err = compile(&b);
    for (size_t i = 0; i < b.articles.n; i++) pl_compile__article_free(&b.articles.v[i]);
    PL_VEC_FREE(&b.articles);
    PL_VEC_FREE(&b.prompts);
    PL_VEC_FREE(&b.catalogs);
    PL_VEC_FREE(&b.lua);
    PL_VEC_FREE(&b.paths);
    return err;
}

void pl_compiled_free(struct pl_compiled *c) {
    pl_arena_free(&c->arena);
    *c = (struct pl_compiled){0};
}
