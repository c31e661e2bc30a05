/* SPDX-License-Identifier: Apache-2.0
 *
 * Coverage as pages: an index, and the source of each flow file with a mark at every line. Nothing
 * is loaded from anywhere; what colours say, signs say too.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

struct pages {
    const struct sim_project *project;
    const struct sim_covered *covered;
    const char *folder;
    struct pl_arena *a;
    enum pl_err err;
};

static const char *const situations[] = {
#define TRACE(name, word, meaning) word,
#include "runtime/vm/trace.def"
#undef TRACE
};

static const char style[] =
    ":root{color-scheme:light dark;--fg:#1d2430;--bg:#fff;--soft:#667085;--line:#e4e7ec;"
    "--yes:#e7f6ec;--no:#fde8e6;--part:#fef3d7;--good:#1a7f42;--bad:#b42318;--mid:#8a5a00}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6e9ef;--bg:#14171c;--soft:#98a2b3;"
    "--line:#2b313b;--yes:#12301f;--no:#3d1a18;--part:#3a2e12;--good:#6fcf97;--bad:#ff9a8f;"
    "--mid:#f0c060}}\n"
    "body{margin:2rem auto;max-width:78rem;padding:0 1rem;color:var(--fg);background:var(--bg);"
    "font:15px/1.5 system-ui,sans-serif}\n"
    "a{color:inherit}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}\n"
    "table{border-collapse:collapse}th,td{padding:.25rem .8rem .25rem 0;text-align:left;"
    "border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--soft);font-weight:500}\n"
    "td.n{font-variant-numeric:tabular-nums;white-space:nowrap}"
    "td.n b{display:inline-block;width:3rem;text-align:right;font-weight:400}\n"
    ".bar{display:inline-block;width:6rem;height:.55rem;background:var(--no);margin-right:.6rem;"
    "border:1px solid var(--line)}.bar i{display:block;height:100%;background:var(--good)}\n"
    ".good{color:var(--good)}.bad{color:var(--bad)}.mid{color:var(--mid)}.soft{color:var(--soft)}\n"
    ".wide{overflow-x:auto}\n"
    "table.code{width:100%;font:13px/1.55 ui-monospace,monospace}\n"
    "table.code td{border:0;padding:0 .6rem 0 0}\n"
    "table.code td.l{text-align:right;color:var(--soft);user-select:none;width:3rem}\n"
    "table.code td.m{width:1.2rem;text-align:center}\n"
    "table.code td.s{white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "tr.yes{background:var(--yes)}tr.no{background:var(--no)}tr.part{background:var(--part)}\n"
    ".way{float:right;margin-left:.8rem;white-space:nowrap;font-family:system-ui,sans-serif}\n";

/* ---- pieces ---- */

static void head(struct pl_buf *b, struct pl_str title) {
    pl_buf_c(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
    pl_buf_markup(b, title);
    pl_buf_printf(b, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    pl_buf_markup(b, title);
    pl_buf_c(b, "</h1>\n");
}

static void save(struct pages *p, struct pl_buf *b, struct pl_str name) {
    pl_buf_c(b, "</body>\n</html>\n");
    struct pl_str path = pl_arena_printf(p->a, "%s/%.*s", p->folder, PL_STR_ARG(name));
    enum pl_err err = b->failed ? PL_NOMEM : pl_file_replace(path.p, pl_buf_slice(b));
    if (p->err == PL_OK) p->err = err;
    pl_buf_free(b);
}

/* "flows/prelude/cancel.flow" -> "flows-prelude-cancel.flow.html". */
static struct pl_str page_name(struct pages *p, struct pl_str file) {
    struct pl_str s = pl_arena_printf(p->a, "%.*s.html", PL_STR_ARG(file));
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '/') ((char *)s.p)[i] = '-';
    return s;
}

static void cell(struct pl_buf *b, struct sim_count c) {
    unsigned percent = c.total ? (unsigned)((uint64_t)c.covered * 100 / c.total) : 100;
    if (c.total == 0) {
        pl_buf_c(b, "<td class=\"n soft\">–</td>");
        return;
    }
    pl_buf_printf(b,
                  "<td class=\"n\"><span class=\"bar\"><i style=\"width:%u%%\"></i></span>"
                  "<b class=\"%s\">%u%%</b> <span class=\"soft\">%u/%u</span></td>",
                  percent, c.covered == c.total ? "good" : "bad", percent, c.covered, c.total);
}

/* ---- a file's page ---- */

struct file_sites {
    const struct sim_site *v;
    size_t n;
};

static struct file_sites sites_of(const struct sim_covered *c, size_t from) {
    size_t n = from;
    while (n < c->nsites && pl_str_eq(c->sites[n].file, c->sites[from].file)) n++;
    return (struct file_sites){c->sites + from, n - from};
}

static void count_sites(const struct file_sites *s, struct sim_count *steps,
                        struct sim_count *branches) {
    for (size_t i = 0; i < s->n; i++) {
        struct sim_count *c = s->v[i].kind == PL_POINT_STEP ? steps : branches;
        c->total++;
        c->covered += s->v[i].covered;
    }
}

/* The sites of one line, off the front. */
static struct file_sites take_sites(struct file_sites *s, uint32_t line) {
    struct file_sites of = {s->v, 0};
    while (of.n < s->n && s->v[of.n].line == line) of.n++;
    *s = (struct file_sites){s->v + of.n, s->n - of.n};
    return of;
}

static void source_row(struct pl_buf *b, uint32_t number, struct pl_str text,
                       const struct file_sites *s) {
    static const char *const classes[] = {"", "yes", "part", "no"};
    static const char *const signs[] = {"", "✓", "◐", "✗"};
    struct sim_count steps = {0}, ways = {0};
    count_sites(s, &steps, &ways);
    bool step_missing = steps.covered < steps.total, way_missing = ways.covered < ways.total;
    bool none = steps.covered + ways.covered == 0;
    int state = s->n == 0 ? 0 : none ? 3 : step_missing || way_missing ? 2 : 1;
    pl_buf_printf(b, "<tr class=\"%s\" id=\"L%u\"><td class=\"l\">%u</td><td class=\"m\">%s</td>",
                  classes[state], number, number, signs[state]);
    pl_buf_c(b, "<td class=\"s\">");
    for (size_t i = s->n; i-- > 0;) {
        if (s->v[i].kind == PL_POINT_STEP && !(step_missing && !s->v[i].covered && !none)) continue;
        struct pl_str name = s->v[i].kind == PL_POINT_STEP ? PL_STR("step") : s->v[i].name;
        pl_buf_printf(b, "<span class=\"way %s\">%s ", s->v[i].covered ? "good" : "bad",
                      s->v[i].covered ? "✓" : "✗");
        pl_buf_markup(b, name);
        pl_buf_c(b, "</span>");
    }
    pl_buf_markup(b, text);
    pl_buf_c(b, "</td></tr>\n");
}

static struct pl_str source_of(const struct sim_project *p, struct pl_str file) {
    const struct pl_sources *v = &p->build.compiled.sources;
    for (uint32_t i = 0; i < v->n; i++)
        if (pl_str_eq(v->v[i].name, file)) return v->v[i].text;
    return PL_STR("");
}

/* Links to the lines that want a look. */
static void missing_lines(struct pl_buf *b, const struct file_sites *s) {
    uint32_t last = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].covered || s->v[i].line == last) continue;
        pl_buf_printf(b, "%s<a href=\"#L%u\">%u</a>", last ? " " : "<p>not reached: ", s->v[i].line,
                      s->v[i].line);
        last = s->v[i].line;
    }
    if (last) pl_buf_c(b, "</p>\n");
}

static void file_page(struct pages *p, struct file_sites s) {
    struct pl_buf b = {0};
    struct pl_str file = s.v[0].file, text = source_of(p->project, file);
    struct sim_count steps = {0}, ways = {0};
    count_sites(&s, &steps, &ways);
    head(&b, file);
    pl_buf_printf(
        &b,
        "<p><a href=\"index.html\">all files</a> · steps %u/%u · branches %u/%u</p>\n"
        "<p class=\"soft\">✓ reached · ◐ some ways on were not taken · ✗ not reached</p>\n",
        steps.covered, steps.total, ways.covered, ways.total);
    missing_lines(&b, &s);
    pl_buf_c(&b, "<table class=\"code\">\n");
    for (uint32_t number = 1; text.n; number++) {
        size_t end = pl_str_find(text, PL_STR("\n")), n = end == SIZE_MAX ? text.n : end;
        struct file_sites here = take_sites(&s, number);
        source_row(&b, number, (struct pl_str){text.p, n}, &here);
        n += end != SIZE_MAX;
        text = (struct pl_str){text.p + n, text.n - n};
    }
    pl_buf_c(&b, "</table>\n");
    save(p, &b, page_name(p, file));
}

/* ---- the index ---- */

static void totals(const struct sim_covered *c, struct pl_buf *b) {
    static const char *const names[] = {"project", "prelude", "together"};
    pl_buf_c(b, "<div class=\"wide\"><table>\n<tr><th></th><th>steps</th><th>branches</th>"
                "<th>rules</th><th>repair</th><th>locales</th></tr>\n");
    for (int p = 0; p < SIM_PARTS; p++) {
        pl_buf_printf(b, "<tr><td>%s</td>", names[p]);
        for (int m = 0; m < SIM_MEASURES; m++) cell(b, c->counts[p][m]);
        pl_buf_c(b, "</tr>\n");
    }
    pl_buf_c(b, "</table></div>\n");
}

static void files(struct pages *p, struct pl_buf *b) {
    pl_buf_c(b, "<h2>Files</h2>\n<div class=\"wide\"><table>\n"
                "<tr><th>file</th><th>steps</th><th>branches</th></tr>\n");
    for (size_t i = 0; i < p->covered->nsites;) {
        struct file_sites s = sites_of(p->covered, i);
        struct sim_count steps = {0}, ways = {0};
        count_sites(&s, &steps, &ways);
        pl_buf_printf(b, "<tr><td><a href=\"%.*s\">", PL_STR_ARG(page_name(p, s.v[0].file)));
        pl_buf_markup(b, s.v[0].file);
        pl_buf_c(b, "</a></td>");
        cell(b, steps);
        cell(b, ways);
        pl_buf_c(b, "</tr>\n");
        i += s.n;
    }
    pl_buf_c(b, "</table></div>\n");
}

static void rules(const struct sim_covered *c, struct pl_buf *b) {
    const struct pl_program *p = pl_image_program(c->cover->image);
    if (p->nrules == 0) return;
    pl_buf_c(b, "<h2>Rules</h2>\n<table>\n");
    for (uint32_t i = 0; i < p->nrules; i++) {
        bool fired = c->cover->rules[i];
        pl_buf_c(b, "<tr><td>");
        pl_buf_markup(b, p->rules[i].name);
        pl_buf_printf(b, "</td><td class=\"%s\">%s</td></tr>\n", fired ? "good" : "bad",
                      fired ? "✓ fired" : "✗ never fired");
    }
    pl_buf_c(b, "</table>\n");
}

static void waits(const struct sim_covered *c, struct pl_buf *b) {
    const struct pl_program *p = pl_image_program(c->cover->image);
    pl_buf_c(b, "<h2>What happens at each wait</h2>\n<div class=\"wide\"><table>\n<tr><th></th>");
    for (unsigned k = 0; k < SIM_SITUATIONS; k++)
        pl_buf_printf(b, "<th>%s</th>", situations[PL_TRACE_ANSWERED + k]);
    pl_buf_c(b, "</tr>\n");
    for (uint32_t i = 0; i < p->nwaits; i++) {
        pl_buf_c(b, "<tr><td>@");
        pl_buf_markup(b, p->waits[i].id);
        pl_buf_c(b, "</td>");
        for (unsigned k = 0; k < SIM_SITUATIONS; k++) {
            bool met = c->cover->waits[(size_t)i * SIM_SITUATIONS + k];
            bool applies = pl_sim__cover_applies(p, i, (enum pl_vm_trace)(PL_TRACE_ANSWERED + k));
            pl_buf_printf(b, "<td class=\"%s\">%s</td>",
                          met       ? "good"
                          : applies ? "bad"
                                    : "soft",
                          met       ? "✓"
                          : applies ? "✗"
                                    : "–");
        }
        pl_buf_c(b, "</tr>\n");
    }
    pl_buf_c(b, "</table></div>\n");
}

static void texts(const struct sim_covered *c, struct pl_buf *b) {
    const struct pl_program *p = pl_image_program(c->cover->image);
    pl_buf_c(b, "<h2>Texts said in each locale</h2>\n<div class=\"wide\"><table>\n<tr><th></th>");
    for (uint32_t l = 0; l < p->nlocales; l++)
        pl_buf_printf(b, "<th>%.*s</th>", PL_STR_ARG(p->locales[l]));
    pl_buf_c(b, "</tr>\n");
    for (uint32_t i = 0; i < p->ntexts; i++) {
        if (!p->texts[i].id.n) continue;
        pl_buf_c(b, "<tr><td>@");
        pl_buf_markup(b, p->texts[i].id);
        pl_buf_c(b, "</td>");
        for (uint32_t l = 0; l < p->nlocales; l++) {
            bool said = c->cover->texts[(size_t)l * p->ntexts + i];
            pl_buf_printf(b, "<td class=\"%s\">%s</td>", said ? "good" : "bad", said ? "✓" : "✗");
        }
        pl_buf_c(b, "</tr>\n");
    }
    pl_buf_c(b, "</table></div>\n");
}

static void index_page(struct pages *p) {
    const struct sim_covered *c = p->covered;
    struct pl_buf b = {0};
    head(&b, pl_arena_printf(p->a, "Coverage of %.*s",
                             PL_STR_ARG(pl_image_program(c->cover->image)->assistant)));
    totals(c, &b);
    files(p, &b);
    rules(c, &b);
    waits(c, &b);
    texts(c, &b);
    save(p, &b, PL_STR("index.html"));
}

enum pl_err pl_sim__cover_html(const struct sim_project *project, const struct sim_covered *c,
                               struct pl_arena *a, const char *folder) {
    struct pages p = {project, c, folder, a, pl_mkdirs(folder)};
    if (p.err != PL_OK) return p.err;
    for (size_t i = 0; i < c->nsites;) {
        struct file_sites s = sites_of(c, i);
        file_page(&p, s);
        i += s.n;
    }
    index_page(&p);
    return p.err;
}
