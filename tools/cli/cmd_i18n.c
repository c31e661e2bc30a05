/* SPDX-License-Identifier: Apache-2.0
 *
 * i18n: what is translated, and the way to translators and back.
 */
#include <unistd.h>

#include "tools/cli/cli_i18n_priv.h"

#define FILE_MOST ((size_t)64 << 20)

/* ---- the project ---- */

int pl_cli__i18n_open(const char *flows, const char *folder, const struct pl_compile_text *trial,
                      struct i18n *out) {
    static const struct cli_report report = {.format = CLI_TEXT};
    *out = (struct i18n){.flows = flows, .folder = folder};
    struct pl_compile_options options = {.i18n = folder,
                                         .check_only = true,
                                         .without_talks = true,
                                         .verbose = true,
                                         .texts = trial,
                                         .ntexts = trial != NULL,
                                         .texts_out = &out->texts};
    int code = pl_cli__compile_folder(flows, &options, &out->compiled);
    if (code == CLI_FAILED || out->texts.nlocales) return code == CLI_FAILED ? code : CLI_OK;
    return pl_cli__report(&report, &out->compiled.diags, CLI_FOUND);
}

void pl_cli__i18n_close(struct i18n *p) {
    pl_compiled_free(&p->compiled);
}

uint32_t pl_cli__i18n_locale(const struct i18n *p, struct pl_str locale) {
    for (uint32_t i = 1; i < p->texts.nlocales; i++)
        if (pl_str_eq(p->texts.locales[i], locale)) return i;
    return 0;
}

bool pl_cli__i18n_ours(const struct pl_grammar_text *t, uint32_t locale) {
    const struct pl_grammar_translation *in = &t->in[locale];
    return !t->of_prelude || in->said.n || in->state == PL_TEXT_MISSING;
}

const struct pl_grammar_text *pl_cli__i18n_text(const struct i18n *p, struct pl_str id) {
    for (size_t i = 0; i < p->texts.n; i++)
        if (pl_str_eq(p->texts.v[i].id, id)) return &p->texts.v[i];
    return NULL;
}

size_t pl_cli__placeholder(struct pl_str raw, size_t at, bool *nested) {
    size_t depth = 0;
    *nested = false;
    for (; at < raw.n; at++) {
        if (raw.p[at] == '\\') {
            at++;
        } else if (raw.p[at] == '{') {
            if (depth++) *nested = true;
        } else if (raw.p[at] == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return raw.n;
}

struct pl_str pl_cli__one_line(struct pl_arena *a, struct pl_str text) {
    struct pl_buf b = {0};
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\n')
            pl_buf_str(&b, PL_STR("\\n"));
        else
            pl_buf_byte(&b, (uint8_t)text.p[i]);
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

/* ---- status ---- */

static const char *const states[] = {"missing", "translated", "stale", "ill-formed"};

struct tally {
    size_t all, by[4], extra;
};

static struct tally count(const struct i18n *p, uint32_t locale) {
    struct tally n = {0};
    for (size_t i = 0; i < p->texts.n; i++) {
        const struct pl_grammar_text *t = &p->texts.v[i];
        if (!pl_cli__i18n_ours(t, locale)) continue;
        n.all++;
        n.by[t->in[locale].state]++;
    }
    for (size_t i = 0; i < p->texts.nextra; i++) n.extra += p->texts.extra[i].locale == locale;
    return n;
}

static void status_line(struct pl_str locale, const struct tally *n) {
    size_t done = n->by[PL_TEXT_TRANSLATED];
    printf("%-10.*s %6zu %11zu %8zu %6zu %11zu %6zu %5zu %%\n", PL_STR_ARG(locale), n->all, done,
           n->by[PL_TEXT_MISSING], n->by[PL_TEXT_STALE], n->by[PL_TEXT_BROKEN], n->extra,
           n->all ? done * 100 / n->all : 100);
}

static void status_screen(const struct i18n *p) {
    printf("%-10s %6s %11s %8s %6s %11s %6s\n", "locale", "texts", "translated", "missing", "stale",
           "ill-formed", "extra");
    for (uint32_t k = 1; k < p->texts.nlocales; k++) {
        struct tally n = count(p, k);
        status_line(p->texts.locales[k], &n);
    }
    if (p->texts.nlocales == 1) printf("The assistant has no locale beside its own.\n");
    printf("Written in %.*s.", PL_STR_ARG(p->texts.locales[0]));
    printf(" What is missing is said so until it is translated. --locale L names the texts.\n");
}

struct pl_str pl_cli__i18n_where(struct pl_arena *a, const struct i18n *p, struct pl_span at) {
    const struct pl_source *s = &p->compiled.sources.v[at.file];
    return pl_arena_printf(a, "%.*s:%u", PL_STR_ARG(s->name), pl_source_pos(s, at.start).line);
}

static void status_texts(const struct i18n *p, uint32_t locale, struct pl_arena *a) {
    for (int state = 0; state < 4; state++) {
        if (state == PL_TEXT_TRANSLATED) continue;
        for (size_t i = 0; i < p->texts.n; i++) {
            const struct pl_grammar_text *t = &p->texts.v[i];
            const struct pl_grammar_translation *in = &t->in[locale];
            if (in->state != state || !pl_cli__i18n_ours(t, locale)) continue;
            printf("%-10s  %-32.*s  %.*s\n", states[state], PL_STR_ARG(t->id),
                   PL_STR_ARG(pl_cli__i18n_where(a, p, in->at.end ? in->at : t->span)));
        }
    }
    for (size_t i = 0; i < p->texts.nextra; i++)
        if (p->texts.extra[i].locale == locale)
            printf("%-10s  %.*s\n", "extra", PL_STR_ARG(p->texts.extra[i].id));
}

static void status_ids(struct pl_jw *w, const struct i18n *p, uint32_t locale, int state) {
    pl_jw_name(w, states[state]);
    pl_jw_open(w, '[');
    for (size_t i = 0; i < p->texts.n; i++) {
        const struct pl_grammar_text *t = &p->texts.v[i];
        if (t->in[locale].state == state && pl_cli__i18n_ours(t, locale)) pl_jw_text(w, t->id);
    }
    pl_jw_close(w, ']');
}

static void status_json(const struct i18n *p) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "source", p->texts.locales[0]);
    pl_jw_name(&w, "locales");
    pl_jw_open(&w, '[');
    for (uint32_t k = 1; k < p->texts.nlocales; k++) {
        struct tally n = count(p, k);
        pl_jw_open(&w, '{');
        pl_jw_text_member(&w, "locale", p->texts.locales[k]);
        pl_jw_int_member(&w, "texts", (int64_t)n.all);
        pl_jw_int_member(&w, states[PL_TEXT_TRANSLATED], (int64_t)n.by[PL_TEXT_TRANSLATED]);
        for (int s = 0; s < 4; s++)
            if (s != PL_TEXT_TRANSLATED) status_ids(&w, p, k, s);
        pl_jw_name(&w, "extra");
        pl_jw_open(&w, '[');
        for (size_t i = 0; i < p->texts.nextra; i++)
            if (p->texts.extra[i].locale == k) pl_jw_text(&w, p->texts.extra[i].id);
        pl_jw_close(&w, ']');
        pl_jw_close(&w, '}');
    }
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    printf("%.*s\n", (int)b.n, b.p);
    pl_buf_free(&b);
}

/* Ill-formed translations are mistakes; with --strict whatever is not translated is one. */
static int status_code(const struct i18n *p, bool strict) {
    for (uint32_t k = 1; k < p->texts.nlocales; k++) {
        struct tally n = count(p, k);
        if (n.by[PL_TEXT_BROKEN] || (strict && n.by[PL_TEXT_TRANSLATED] < n.all)) return CLI_FOUND;
    }
    return CLI_OK;
}

/* ---- the other verbs ---- */

struct asked {
    struct i18n project;
    struct pl_arena arena;
    const char *out;    /* -o FILE, or NULL: stdout */
    const char *locale; /* --locale, or NULL */
    uint32_t index;     /* its index; 0 when none was named */
    const char *file;   /* import: what to read */
    bool json, strict;
};

static int unknown_locale(const struct i18n *p, const char *locale) {
    struct pl_buf b = {0};
    for (uint32_t i = 1; i < p->texts.nlocales; i++)
        pl_buf_printf(&b, "%s%.*s", i > 1 ? ", " : "", PL_STR_ARG(p->texts.locales[i]));
    int code = pl_cli__failure("the assistant is not translated into '%s'; into: %.*s. The line "
                               "`locales` of the assistant names them",
                               locale, b.n ? (int)b.n : 4, b.n ? (char *)b.p : "none");
    pl_buf_free(&b);
    return code;
}

static int do_status(struct asked *q) {
    if (q->json)
        status_json(&q->project);
    else if (q->index)
        status_texts(&q->project, q->index, &q->arena);
    else
        status_screen(&q->project);
    return status_code(&q->project, q->strict);
}

/* What is to do in the locale, left empty; in none, everything that the project itself says. */
static bool to_translate(void *ctx, const struct pl_grammar_text *t, struct pl_str *said) {
    struct asked *q = ctx;
    *said = q->index ? PL_STR("") : pl_cli__one_line(&q->arena, t->raw);
    if (!q->index) return !t->of_prelude;
    return pl_cli__i18n_ours(t, q->index) && t->in[q->index].state != PL_TEXT_TRANSLATED;
}

static int do_extract(struct asked *q) {
    struct pl_buf b = {0};
    struct pl_str locale = q->project.texts.locales[q->index];
    pl_cli__catalog_print(&q->project, locale, to_translate, q, &q->index, &b);
    int code = pl_cli__give(q->out, &b);
    pl_buf_free(&b);
    return code;
}

static bool in_pseudo(void *ctx, const struct pl_grammar_text *t, struct pl_str *said) {
    struct asked *q = ctx;
    *said = pl_cli__one_line(&q->arena, pl_cli__pseudo(&q->arena, t->raw));
    return !t->of_prelude;
}

static int do_pseudo(struct asked *q) {
    struct pl_buf b = {0};
    struct pl_str locale = pl_str_c(q->locale ? q->locale : "en-XA");
    pl_cli__catalog_print(&q->project, locale, in_pseudo, q, NULL, &b);
    int code = pl_cli__give(q->out, &b);
    pl_buf_free(&b);
    return code;
}

static int do_export(struct asked *q) {
    struct pl_buf b = {0};
    if (!q->index) return pl_cli__usage("i18n", "export for which translator? say --locale L");
    pl_cli__xliff_print(&q->project, q->index, &b);
    int code = pl_cli__give(q->out, &b);
    pl_buf_free(&b);
    return code;
}

/* What was sent out to be done again and came back as it was is still to be done. */
static void drop_untouched(const struct asked *q, struct i18n_changes *c) {
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct pl_grammar_text *t = pl_cli__i18n_text(&q->project, c->v[i].id);
        if (c->v[i].initial && t && pl_str_eq(t->in[q->index].said, c->v[i].said)) continue;
        c->v[kept++] = c->v[i];
    }
    c->n = kept;
}

static bool unknown_ids(const struct i18n *p, const char *file, const struct i18n_changes *c) {
    bool found = false;
    for (size_t i = 0; i < c->n; i++) {
        if (pl_cli__i18n_text(p, c->v[i].id)) continue;
        pl_cli__failure("%s: the program has no text `%.*s`: it was removed or renamed since; left "
                        "out",
                        file, PL_STR_ARG(c->v[i].id));
        found = true;
    }
    return found;
}

static int do_import(struct asked *q) {
    struct pl_str text, locale = {0};
    struct i18n_changes changes = {0};
    enum pl_err err = pl_file_read(&q->arena, q->file, FILE_MOST, &text);
    if (err != PL_OK) return pl_cli__failure("reading %s: %s", q->file, pl_err_text(err));
    bool arb = pl_str_ends(pl_str_c(q->file), PL_STR(".arb"));
    int code = arb ? pl_cli__catalog_read(&q->arena, &q->project, text, q->file, &locale, &changes)
                   : pl_cli__xliff_read(&q->arena, text, q->file, &locale, &changes);
    if (code == CLI_OK && !(q->index = pl_cli__i18n_locale(&q->project, locale)))
        code = unknown_locale(&q->project, pl_arena_str(&q->arena, locale).p);
    if (code == CLI_OK) drop_untouched(q, &changes);
    bool left_out = code == CLI_OK && unknown_ids(&q->project, q->file, &changes);
    if (code == CLI_OK) code = pl_cli__catalog_merge(&q->project, q->index, &changes);
    PL_VEC_FREE(&changes);
    return code == CLI_OK && left_out ? CLI_FOUND : code;
}

/* ---- the command ---- */

static const struct verb {
    const char *name;
    int (*run)(struct asked *q);
    bool takes_file, any_locale;
} verbs[] = {{"status", do_status, false, false},
             {"extract", do_extract, false, false},
             {"pseudo", do_pseudo, false, true},
             {"export", do_export, false, false},
             {"import", do_import, true, false}};

static int run(const struct verb *v, struct asked *q, const char *flows, const char *folder) {
    pl_arena_init(&q->arena, 0);
    int code = pl_cli__i18n_open(flows, folder, NULL, &q->project);
    if (code == CLI_OK && q->locale && !v->any_locale &&
        !(q->index = pl_cli__i18n_locale(&q->project, pl_str_c(q->locale))))
        code = unknown_locale(&q->project, q->locale);
    if (code == CLI_OK) code = v->run(q);
    pl_cli__i18n_close(&q->project);
    pl_arena_free(&q->arena);
    return code;
}

int pl_cli__i18n(struct cli_args args) {
    struct asked q = {.out = pl_cli__option(&args, "-o"),
                      .locale = pl_cli__option(&args, "--locale"),
                      .json = pl_cli__flag(&args, "--json"),
                      .strict = pl_cli__flag(&args, "--strict")};
    const char *folder = pl_cli__option(&args, "--translations");
    const struct verb *v = NULL;
    for (size_t i = 0; i < PL_LEN(verbs) && args.argc; i++)
        if (pl_str_is(pl_str_c(args.argv[0]), verbs[i].name)) v = &verbs[i];
    if (pl_cli__strange("i18n", &args)) return CLI_FAILED;
    if (!v) return pl_cli__usage("i18n", "say status, extract, pseudo, export or import");
    if (args.argc != 2 + v->takes_file)
        return pl_cli__usage("i18n", v->takes_file ? "name the flows, and the file that came back"
                                                   : "name one folder of flows");
    q.file = v->takes_file ? args.argv[2] : NULL;
    return run(v, &q, args.argv[1], folder);
}
