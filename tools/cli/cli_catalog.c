/* SPDX-License-Identifier: Apache-2.0
 *
 * Catalogs as files: ARB's JSON, a line for each member. What a catalog has is kept, also what
 * nobody here understands.
 */
#include <string.h>
#include <unistd.h>

#include "tools/cli/cli_i18n_priv.h"

/* ---- a catalog's lines ---- */

/* A member: a translation, what is known of one ("@id"), or of the whole file ("@@locale"). */
struct line {
    struct pl_str name;
    struct pl_str json; /* its value */
};
struct lines {
    PL_VEC(struct line);
};

static void print_value(struct pl_buf *b, const struct pl_json *j);

static void print_members(struct pl_buf *b, const struct pl_json *j) {
    bool object = j->kind == PL_JOBJECT;
    pl_buf_byte(b, object ? '{' : '[');
    for (size_t i = 0; i < j->n; i++) {
        if (i) pl_buf_str(b, PL_STR(", "));
        if (object) {
            pl_json_quote(b, j->m[i].name);
            pl_buf_str(b, PL_STR(": "));
        }
        print_value(b, &j->m[i].value);
    }
    pl_buf_byte(b, object ? '}' : ']');
}

static void print_value(struct pl_buf *b, const struct pl_json *j) {
    if (j->kind == PL_JTEXT)
        pl_json_quote(b, j->s);
    else if (j->kind == PL_JNUMBER)
        pl_buf_str(b, j->s);
    else if (j->kind == PL_JBOOL || j->kind == PL_JNULL)
        pl_buf_str(b, pl_str_c(j->kind == PL_JNULL ? "null" : j->b ? "true" : "false"));
    else
        print_members(b, j);
}

static struct pl_str kept(struct pl_arena *a, struct pl_buf *b) {
    struct pl_str s = pl_arena_str(a, pl_buf_slice(b));
    pl_buf_free(b);
    return s;
}

static struct pl_str value(struct pl_arena *a, const struct pl_json *j) {
    struct pl_buf b = {0};
    print_value(&b, j);
    return kept(a, &b);
}

static struct pl_str quoted(struct pl_arena *a, struct pl_str text) {
    struct pl_json j = {.kind = PL_JTEXT, .s = text};
    return value(a, &j);
}

static size_t find(const struct lines *l, struct pl_str name) {
    size_t i = 0;
    while (i < l->n && !pl_str_eq(l->v[i].name, name)) i++;
    return i;
}

static void insert(struct lines *l, size_t at, struct line line) {
    PL_PUSH(l, line);
    memmove(l->v + at + 1, l->v + at, (l->n - 1 - at) * sizeof line);
    l->v[at] = line;
}

static void print_lines(struct pl_buf *out, const struct lines *l) {
    pl_buf_str(out, PL_STR("{\n"));
    for (size_t i = 0; i < l->n; i++) {
        pl_buf_str(out, PL_STR("  "));
        pl_json_quote(out, l->v[i].name);
        pl_buf_printf(out, ": %.*s%s\n", PL_STR_ARG(l->v[i].json), i + 1 < l->n ? "," : "");
    }
    pl_buf_str(out, PL_STR("}\n"));
}

static int bad_catalog(const char *name, struct pl_str text, size_t at) {
    size_t line = 1;
    for (size_t i = 0; i < at && i < text.n; i++) line += text.p[i] == '\n';
    return pl_cli__failure("%s:%zu: this is not a catalog: an object of texts in JSON", name, line);
}

static int parse(struct pl_arena *a, struct pl_str text, const char *name, struct pl_json *out) {
    size_t at = 0;
    enum pl_err err = pl_json_parse(a, text, out, &at);
    return err == PL_OK && out->kind == PL_JOBJECT ? CLI_OK : bad_catalog(name, text, at);
}

/* ---- merging ---- */

struct merge {
    struct pl_arena a;
    const struct i18n *p;
    struct pl_str locale;
    struct lines lines;
    char folder[4000], path[4096]; /* of catalogs, and of this one */
};

static bool exists(const char *path) {
    return access(path, F_OK) == 0;
}

/* The folder of catalogs as a build finds it; where there is none, the one beside the flows. */
static void catalogs_folder(const struct i18n *p, char *out, size_t room) {
    snprintf(out, room, "%s", p->folder ? p->folder : "");
    if (p->folder) return;
    snprintf(out, room, "%s/i18n", p->flows);
    if (exists(out)) return;
    snprintf(out, room, "%s/../i18n", p->flows);
}

/* What there is of the catalog; a new one has its locale alone. */
static int load(struct merge *m) {
    struct pl_json json;
    struct pl_str text;
    catalogs_folder(m->p, m->folder, sizeof m->folder);
    enum pl_err err = pl_mkdirs(m->folder);
    if (err != PL_OK) return pl_cli__failure("making %s: %s", m->folder, pl_err_text(err));
    snprintf(m->path, sizeof m->path, "%s/%.*s.arb", m->folder, PL_STR_ARG(m->locale));
    if (!exists(m->path)) {
        struct line head = {PL_STR("@@locale"), quoted(&m->a, m->locale)};
        PL_PUSH(&m->lines, head);
        return CLI_OK;
    }
    err = pl_file_read(&m->a, m->path, (size_t)64 << 20, &text);
    if (err != PL_OK) return pl_cli__failure("reading %s: %s", m->path, pl_err_text(err));
    int code = parse(&m->a, text, m->path, &json);
    for (size_t i = 0; code == CLI_OK && i < json.n; i++) {
        struct line line = {json.m[i].name, value(&m->a, &json.m[i].value)};
        PL_PUSH(&m->lines, line);
    }
    return code;
}

static struct pl_str about(struct pl_arena *a, struct pl_str id) {
    return pl_arena_printf(a, "@%.*s", PL_STR_ARG(id));
}

/* Behind the nearest text before it that the catalog has, and what is known of that one. */
static size_t place_for(struct merge *m, struct pl_str id) {
    const struct pl_grammar_texts *t = &m->p->texts;
    size_t best = 0;
    while (best < m->lines.n && pl_str_starts(m->lines.v[best].name, PL_STR("@@"))) best++;
    for (size_t i = 0; i < t->n && !pl_str_eq(t->v[i].id, id); i++) {
        size_t at = find(&m->lines, t->v[i].id);
        if (at == m->lines.n) continue;
        best = at + 1;
        bool told = best < m->lines.n && pl_str_eq(m->lines.v[best].name, about(&m->a, t->v[i].id));
        best += told;
    }
    return best;
}

/* {"x-source": …} and whatever else the catalog tells of the text. */
static struct pl_str with_source(struct merge *m, struct pl_str was, struct pl_str source) {
    struct pl_json json = {.kind = PL_JOBJECT};
    struct pl_buf b = {0};
    size_t at = 0;
    if (was.n) pl_json_parse(&m->a, was, &json, &at);
    pl_buf_str(&b, PL_STR("{\"x-source\": "));
    pl_json_quote(&b, source);
    for (size_t i = 0; json.kind == PL_JOBJECT && i < json.n; i++) {
        if (pl_str_is(json.m[i].name, "x-source")) continue;
        pl_buf_str(&b, PL_STR(", "));
        pl_json_quote(&b, json.m[i].name);
        pl_buf_str(&b, PL_STR(": "));
        print_value(&b, &json.m[i].value);
    }
    pl_buf_byte(&b, '}');
    return kept(&m->a, &b);
}

static void change(struct merge *m, const struct i18n_change *c) {
    size_t at = find(&m->lines, c->id);
    struct line line = {c->id, quoted(&m->a, c->said)};
    if (at == m->lines.n)
        insert(&m->lines, at = place_for(m, c->id), line);
    else
        m->lines.v[at] = line;
    if (!c->source.n) return;
    line.name = about(&m->a, c->id);
    size_t known = find(&m->lines, line.name);
    bool has = known < m->lines.n;
    line.json = with_source(m, has ? m->lines.v[known].json : (struct pl_str){0}, c->source);
    if (has)
        m->lines.v[known] = line;
    else
        insert(&m->lines, at + 1, line);
}

/* ---- is it well-formed? ---- */

static bool changed(const struct i18n_changes *c, struct pl_str id) {
    for (size_t i = 0; i < c->n; i++)
        if (pl_str_eq(c->v[i].id, id)) return true;
    return false;
}

/* Tells what the build says of the changed texts' catalog. */
static int tell_broken(const struct i18n *trial, uint32_t locale, const struct i18n_changes *c) {
    size_t n = 0;
    struct pl_buf b = {0};
    struct pl_diag *v[PL_DIAG_MOST];
    struct pl_diags some = trial->compiled.diags;
    some.v = v;
    some.n = some.errors = some.warnings = some.dropped = 0;
    for (size_t i = 0; i < trial->texts.n; i++) {
        const struct pl_grammar_text *t = &trial->texts.v[i];
        const struct pl_grammar_translation *in = &t->in[locale];
        if (in->state != PL_TEXT_BROKEN || !changed(c, t->id)) continue;
        n++;
        for (size_t k = 0; k < trial->compiled.diags.n && some.n < PL_DIAG_MOST; k++) {
            struct pl_diag *d = trial->compiled.diags.v[k];
            if (d->span.file == in->at.file && d->span.start == in->at.start) v[some.n++] = d;
        }
    }
    if (!n) return CLI_OK;
    pl_diags_print(&b, &some, pl_cli__colour(STDERR_FILENO));
    fwrite(b.p, 1, b.n, stderr);
    pl_buf_free(&b);
    fprintf(stderr,
            "parlance: %zu translations are not well-formed; nothing was written. Mend them "
            "in the file and import it again\n",
            n);
    return CLI_FOUND;
}

static int try_it(const struct merge *m, struct pl_str merged, const struct i18n_changes *c) {
    const struct pl_compile_text text = {pl_str_c(m->path), merged};
    struct i18n trial;
    int code = pl_cli__i18n_open(m->p->flows, m->folder, &text, &trial);
    if (code == CLI_OK) code = tell_broken(&trial, pl_cli__i18n_locale(&trial, m->locale), c);
    pl_cli__i18n_close(&trial);
    return code;
}

static int write_merged(const struct merge *m, struct pl_str merged, size_t n) {
    enum pl_err err = pl_file_replace(m->path, merged);
    if (err != PL_OK) return pl_cli__failure("writing %s: %s", m->path, pl_err_text(err));
    printf("%zu translations in %s\n", n, m->path);
    return CLI_OK;
}

int pl_cli__catalog_merge(const struct i18n *p, uint32_t locale, const struct i18n_changes *c) {
    struct merge m = {.p = p, .locale = p->texts.locales[locale]};
    struct pl_buf merged = {0};
    size_t n = 0;
    pl_arena_init(&m.a, 0);
    int code = load(&m);
    for (size_t i = 0; code == CLI_OK && i < c->n; i++) {
        if (!pl_cli__i18n_text(p, c->v[i].id)) continue;
        change(&m, &c->v[i]);
        n++;
    }
    print_lines(&merged, &m.lines);
    if (code == CLI_OK) code = try_it(&m, pl_buf_slice(&merged), c);
    if (code == CLI_OK) code = write_merged(&m, pl_buf_slice(&merged), n);
    pl_buf_free(&merged);
    PL_VEC_FREE(&m.lines);
    pl_arena_free(&m.a);
    return code;
}

/* ---- printing and reading ---- */

static struct pl_str notes_of(struct pl_arena *a, const struct i18n *p,
                              const struct pl_grammar_text *t, uint32_t locale) {
    struct pl_buf b = {0};
    pl_buf_str(&b, PL_STR("{\"x-source\": "));
    pl_json_quote(&b, t->raw);
    if (locale && t->in[locale].said.n) {
        pl_buf_str(&b, PL_STR(", \"x-previous\": "));
        pl_json_quote(&b, t->in[locale].said);
    }
    pl_buf_printf(&b, ", \"description\": \"%.*s%s\"}",
                  PL_STR_ARG(pl_cli__i18n_where(a, p, t->span)),
                  t->label ? ", a quick reply: 40 characters at most" : "");
    return kept(a, &b);
}

void pl_cli__catalog_print(const struct i18n *p, struct pl_str locale, i18n_pick *pick, void *ctx,
                           const uint32_t *notes, struct pl_buf *out) {
    struct pl_arena a;
    struct lines l = {0};
    pl_arena_init(&a, 0);
    struct line head = {PL_STR("@@locale"), quoted(&a, locale)};
    PL_PUSH(&l, head);
    for (size_t i = 0; i < p->texts.n; i++) {
        const struct pl_grammar_text *t = &p->texts.v[i];
        struct pl_str said;
        if (!pick(ctx, t, &said)) continue;
        struct line line = {t->id, quoted(&a, said)};
        PL_PUSH(&l, line);
        if (!notes) continue;
        line = (struct line){about(&a, t->id), notes_of(&a, p, t, *notes)};
        PL_PUSH(&l, line);
    }
    print_lines(out, &l);
    PL_VEC_FREE(&l);
    pl_arena_free(&a);
}

int pl_cli__catalog_read(struct pl_arena *a, const struct i18n *p, struct pl_str file,
                         const char *name, struct pl_str *locale, struct i18n_changes *out) {
    struct pl_json json;
    int code = parse(a, file, name, &json);
    if (code != CLI_OK) return code;
    *locale = pl_json_text(&json, "@@locale");
    if (!locale->n)
        return pl_cli__failure("%s: its member \"@@locale\" must name the locale", name);
    for (size_t i = 0; i < json.n; i++) {
        const struct pl_json_member *m = &json.m[i];
        if (pl_str_starts(m->name, PL_STR("@")) || m->value.kind != PL_JTEXT || !m->value.s.n)
            continue;
        const struct pl_json *told = pl_json_get(&json, about(a, m->name).p);
        const struct pl_grammar_text *t = pl_cli__i18n_text(p, m->name);
        struct i18n_change c = {.id = m->name, .said = m->value.s};
        if (told) c.source = pl_json_text(told, "x-source");
        if (!c.source.n && t) c.source = t->raw;
        PL_PUSH(out, c);
    }
    return CLI_OK;
}
