/* SPDX-License-Identifier: Apache-2.0
 *
 * kb search: what the knowledge base would answer, as a designer looks at it.
 */
#include <string.h>
#include <unistd.h>

#include "tools/cli/cli_kb_priv.h"
#include "tools/compile/compile.h"

#define BOLD  "\x1b[1m"
#define MARK  "\x1b[1;33m"
#define DIM   "\x1b[2m"
#define PLAIN "\x1b[0m"

/* ---- for people ---- */

/* The sentences that answer, what was found painted, lines indented. */
static void print_answer(const struct pl_kb_hit *h, bool colour) {
    struct pl_kb_piece pieces[PL_KB_MOST_PIECES];
    uint32_t n = pl_kb_pieces(h, SIZE_MAX, pieces);
    printf("   ");
    for (uint32_t i = 0; i < n; i++) {
        if (colour && pieces[i].found) fputs(MARK, stdout);
        for (size_t k = 0; k < pieces[i].text.n; k++) {
            putchar(pieces[i].text.p[k]);
            if (pieces[i].text.p[k] == '\n') printf("   ");
        }
        if (colour && pieces[i].found) fputs(PLAIN, stdout);
    }
    putchar('\n');
}

static void print_hit(uint32_t number, const struct pl_kb_hit *h, bool colour) {
    printf("%u. %s%.*s%s", number, colour ? BOLD : "", PL_STR_ARG(h->title), colour ? PLAIN : "");
    if (h->heading.n) printf(" / %.*s", PL_STR_ARG(h->heading));
    printf("  %s%.*s/%.*s, %.0f %%%s\n", colour ? DIM : "", PL_STR_ARG(h->locale),
           PL_STR_ARG(h->id), 100 * h->confidence, colour ? PLAIN : "");
    print_answer(h, colour);
}

static void print_people(const struct pl_kb_result *r) {
    bool colour = pl_cli__colour(STDOUT_FILENO);
    if (!r->n)
        printf("No article has a word of this.\n");
    else if (!r->sure)
        printf("No article surely answers this; a customer would be told so. The nearest:\n\n");
    else if (r->fallback)
        printf("Not in this language; in the assistant's own:\n\n");
    for (uint32_t i = 0; i < r->n; i++) {
        if (i) putchar('\n');
        print_hit(i + 1, &r->hits[i], colour);
    }
}

/* ---- for programs ---- */

static void put_range(struct pl_jw *w, struct pl_kb_range r) {
    pl_jw_open(w, '[');
    pl_jw_int(w, r.start);
    pl_jw_int(w, r.end);
    pl_jw_close(w, ']');
}

/* "You can **return** it": as Markdown. */
static void put_marked(struct pl_jw *w, const struct pl_kb_hit *h) {
    struct pl_kb_piece pieces[PL_KB_MOST_PIECES];
    struct pl_buf b = {0};
    uint32_t n = pl_kb_pieces(h, SIZE_MAX, pieces);
    for (uint32_t i = 0; i < n; i++) {
        pl_buf_c(&b, pieces[i].found ? "**" : "");
        pl_buf_str(&b, pieces[i].text);
        pl_buf_c(&b, pieces[i].found ? "**" : "");
    }
    pl_jw_text_member(w, "passage", pl_buf_slice(&b));
    pl_buf_free(&b);
}

static void put_hit(struct pl_jw *w, const struct pl_kb_hit *h) {
    char number[32];
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "id", h->id);
    pl_jw_text_member(w, "locale", h->locale);
    pl_jw_text_member(w, "title", h->title);
    pl_jw_text_member(w, "heading", h->heading);
    pl_jw_text_member(w, "anchor", h->anchor);
    pl_jw_text_member(w, "url", h->url);
    pl_jw_text_member(w, "text", h->text);
    put_marked(w, h);
    pl_jw_name(w, "score");
    snprintf(number, sizeof number, "%.4f", h->score);
    pl_jw_raw(w, pl_str_c(number));
    pl_jw_name(w, "confidence");
    snprintf(number, sizeof number, "%.4f", h->confidence);
    pl_jw_raw(w, pl_str_c(number));
    pl_jw_name(w, "answer");
    put_range(w, h->answer);
    pl_jw_name(w, "marks");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < h->nmarks; i++) put_range(w, h->marks[i]);
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

static void print_json(const struct pl_kb_result *r) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    pl_jw_open(&w, '{');
    pl_jw_name(&w, "sure");
    pl_jw_bool(&w, r->sure);
    pl_jw_name(&w, "fallback");
    pl_jw_bool(&w, r->fallback);
    pl_jw_name(&w, "hits");
    pl_jw_open(&w, '[');
    for (uint32_t i = 0; i < r->n; i++) put_hit(&w, &r->hits[i]);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    printf("%.*s\n", (int)b.n, b.p);
    pl_buf_free(&b);
}

/* ---- search ---- */

static struct pl_str section_of(const struct pl_program *p, const char *name) {
    for (uint32_t i = 0; i < p->nsections; i++)
        if (pl_str_is(p->sections[i].name, name)) return p->sections[i].bytes;
    return PL_STR("");
}

static int search_program(const struct pl_program *p, const char *text, const char *locale,
                          uint32_t top, bool json) {
    static struct pl_kb_result result;
    struct pl_kb *kb = NULL;
    struct pl_str want = locale ? pl_str_c(locale) : p->source_locale;
    enum pl_err err = pl_kb_open(section_of(p, "kb.index"), &kb);
    if (err != PL_OK) return pl_cli__failure("the index of the articles: %s", pl_err_text(err));
    struct pl_locale_tools *t = pl_locale_tools_new();
    struct pl_kb_scratch *s = pl_kb_scratch_new(t);
    struct pl_kb_query q = {pl_str_c(text), want, p->source_locale, top};
    pl_kb_search(s, kb, &q, &result);
    if (json)
        print_json(&result);
    else
        print_people(&result);
    int code = result.sure ? CLI_OK : CLI_FOUND;
    if (!pl_kb_narticles(kb))
        code = pl_cli__failure("the project has no articles: they are kb/<locale>/*.md in it");
    pl_kb_scratch_free(&s);
    pl_locale_tools_free(&t);
    pl_kb_close(&kb);
    return code;
}

static int search(const char *project, const char *text, const char *locale, uint32_t top,
                  bool json) {
    static const struct cli_report report = {.format = CLI_TEXT};
    const struct pl_compile_options options = {
        .check_only = true, .knowledge = true, .without_talks = true};
    struct pl_compiled c;
    if (locale && !pl_locale_known(pl_str_c(locale)))
        return pl_cli__failure("'%s' is not a locale, like es or es-ES", locale);
    int code = pl_cli__compile_folder(project, &options, &c);
    if (code == CLI_FOUND) pl_cli__report(&report, &c.diags, code);
    if (code == CLI_OK) code = search_program(&c.program, text, locale, top, json);
    pl_compiled_free(&c);
    return code;
}

int pl_cli__kb(struct cli_args args) {
    const char *project = pl_cli__option(&args, "--project");
    const char *locale = pl_cli__option(&args, "--locale");
    const char *docs = pl_cli__option(&args, "--docs");
    const char *count = pl_cli__option(&args, "--top");
    bool json = pl_cli__flag(&args, "--json");
    bool stats = args.argc && strcmp(args.argv[0], "stats") == 0;
    const char *data = stats ? pl_cli__data(&args) : NULL;
    int64_t top = docs ? PL_KB_MOST_HITS : 3;
    if (pl_cli__strange("kb", &args)) return CLI_FAILED;
    if (stats && (project || locale || docs || count || args.argc > 1))
        return pl_cli__usage("kb", "stats takes --data and --json alone");
    if (stats) return pl_cli__kb_stats(data, json);
    if (args.argc < 1 || strcmp(args.argv[0], "search") != 0)
        return pl_cli__failure("kb: say `search` and a question, or `stats` (parlance kb --help)");
    if (count && (!pl_str_i64(pl_str_c(count), &top) || top < 1 || top > PL_KB_MOST_HITS))
        return pl_cli__usage("kb", "--top is a number from 1 to %d", PL_KB_MOST_HITS);
    if (docs && (project || json || args.argc > 1))
        return pl_cli__usage("kb", "with --docs the questions come from standard input");
    if (docs) return pl_cli__kb_docs(docs, locale, (uint32_t)top);
    if (args.argc != 2 || pl_str_trim(pl_str_c(args.argv[1])).n == 0)
        return pl_cli__failure("kb search: one question, in quotes (parlance kb --help)");
    return search(project ? project : "flows", args.argv[1], locale, (uint32_t)top, json);
}
