/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawings as Graphviz' DOT, as Mermaid, and, through Graphviz, as SVG.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/cli/cli_graph_priv.h"

/* How each shape looks: told apart by form and colour, and by form alone. */
static const struct look {
    const char *form, *fill, *line; /* DOT */
    const char *open, *close;       /* Mermaid */
} looks[] = {
    [DRAW_START] = {"ellipse", "#1f2937", "#1f2937", "([", "])"},
    [DRAW_SAY] = {"box", "#ffffff", "#9ca3af", "[", "]"},
    [DRAW_ASK] = {"parallelogram", "#fef3c7", "#b45309", "[/", "/]"},
    [DRAW_BRANCH] = {"diamond", "#f3f4f6", "#6b7280", "{", "}"},
    [DRAW_HOOK] = {"cylinder", "#dbeafe", "#1d4ed8", "[(", ")]"},
    [DRAW_MODEL] = {"hexagon", "#ede9fe", "#6d28d9", "{{", "}}"},
    [DRAW_PERSON] = {"house", "#dcfce7", "#15803d", "[\\", "\\]"},
    [DRAW_FLOW] = {"component", "#e0f2fe", "#0369a1", "[[", "]]"},
    [DRAW_STEP] = {"note", "#f9fafb", "#9ca3af", "[", "]"},
    [DRAW_STOP] = {"ellipse", "#e5e7eb", "#6b7280", "([", "])"},
};
static const char *const classes[] = {
#define SHAPE(name, class, what) class,
    DRAW_SHAPES(SHAPE)
#undef SHAPE
};
static const char *const meanings[] = {
#define SHAPE(name, class, what) what,
    DRAW_SHAPES(SHAPE)
#undef SHAPE
};

static bool uses(const struct drawing *d, int shape) {
    for (size_t i = 0; i < d->boxes.n; i++)
        if (d->boxes.v[i].shape == shape) return true;
    return false;
}

/* ---- DOT ---- */

static void dot_text(struct pl_buf *b, struct pl_str s) {
    pl_buf_byte(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') pl_buf_byte(b, '\\');
        if (s.p[i] == '\n')
            pl_buf_str(b, PL_STR("\\n"));
        else
            pl_buf_byte(b, (uint8_t)s.p[i]);
    }
    pl_buf_byte(b, '"');
}

static void dot_box(const struct drawing *d, uint32_t i, struct pl_buf *out) {
    const struct draw_box *b = &d->boxes.v[i];
    const struct look *l = &looks[b->shape];
    pl_buf_printf(out,
                  "  b%u [id=b%u, class=%s, shape=%s, style=filled, fillcolor=\"%s\", "
                  "color=\"%s\"%s, label=",
                  i, i, classes[b->shape], l->form, l->fill, l->line,
                  b->shape == DRAW_START ? ", fontcolor=\"#ffffff\"" : "");
    dot_text(out, pl_buf_slice(&b->text));
    pl_buf_str(out, PL_STR("];\n"));
}

static void dot_boxes(const struct drawing *d, struct pl_buf *out) {
    for (uint32_t g = 0; g < d->groups.n; g++) {
        pl_buf_printf(
            out, "  subgraph cluster_%u { color=\"#d1d5db\"; fontcolor=\"#6b7280\"; label=", g);
        dot_text(out, d->groups.v[g]);
        pl_buf_str(out, PL_STR(";\n"));
        for (uint32_t i = 0; i < d->boxes.n; i++)
            if (d->boxes.v[i].group == g) dot_box(d, i, out);
        pl_buf_str(out, PL_STR("  }\n"));
    }
    for (uint32_t i = 0; i < d->boxes.n; i++)
        if (d->boxes.v[i].group == UINT32_MAX) dot_box(d, i, out);
}

static void dot_lines(const struct drawing *d, struct pl_buf *out) {
    for (size_t i = 0; i < d->lines.n; i++) {
        const struct draw_line *l = &d->lines.v[i];
        pl_buf_printf(out, "  b%u -> b%u [%s", l->from, l->to,
                      l->faint ? "style=dashed, color=\"#9ca3af\"" : "color=\"#4b5563\"");
        if (l->word.n) pl_buf_str(out, PL_STR(", label="));
        if (l->word.n) dot_text(out, l->word);
        pl_buf_str(out, PL_STR("];\n"));
    }
}

/* The shapes that the picture uses, in a row beside it. */
static void dot_legend(const struct drawing *d, struct pl_buf *out) {
    pl_buf_str(out, PL_STR("  subgraph cluster_legend { label=\"\"; color=\"#e5e7eb\"; "
                           "node [fontsize=9, margin=\"0.08,0.03\", height=0.3];\n"));
    for (int s = 0; s < (int)PL_LEN(looks); s++)
        if (uses(d, s))
            pl_buf_printf(out,
                          "    legend%d [shape=%s, style=filled, fillcolor=\"%s\", color=\"%s\"%s, "
                          "label=\"%s\"];\n",
                          s, looks[s].form, looks[s].fill, looks[s].line,
                          s == DRAW_START ? ", fontcolor=\"#ffffff\"" : "", meanings[s]);
    pl_buf_str(out, PL_STR("  }\n"));
}

void pl_cli__write_dot(const struct drawing *d, struct pl_buf *out) {
    pl_buf_str(out, PL_STR("digraph flows {\n  graph [fontname=\"sans-serif\", fontsize=11, "
                           "nodesep=0.35, ranksep=0.45, labelloc=t, "));
    pl_buf_printf(out, "rankdir=%s, label=", d->wide ? "LR" : "TB");
    dot_text(out, d->bare ? PL_STR("") : d->title);
    pl_buf_str(out,
               PL_STR("];\n  node [fontname=\"sans-serif\", fontsize=10, margin=\"0.14,0.07\"];\n"
                      "  edge [fontname=\"sans-serif\", fontsize=9, arrowsize=0.7];\n"));
    dot_boxes(d, out);
    dot_lines(d, out);
    if (!d->bare) dot_legend(d, out);
    pl_buf_str(out, PL_STR("}\n"));
}

/* ---- Mermaid ---- */

static void mermaid_text(struct pl_buf *b, struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\n')
            pl_buf_str(b, PL_STR("<br/>"));
        else if (strchr("\"#<>&`", c))
            pl_buf_printf(b, "#%d;", c);
        else
            pl_buf_byte(b, (uint8_t)c);
    }
}

void pl_cli__write_mermaid(const struct drawing *d, struct pl_buf *out) {
    pl_buf_printf(out, "flowchart %s\n", d->wide ? "LR" : "TD");
    for (uint32_t i = 0; i < d->boxes.n; i++) {
        const struct draw_box *b = &d->boxes.v[i];
        pl_buf_printf(out, "  b%u%s\"", i, looks[b->shape].open);
        mermaid_text(out, pl_buf_slice(&b->text));
        pl_buf_printf(out, "\"%s:::%s\n", looks[b->shape].close, classes[b->shape]);
    }
    for (size_t i = 0; i < d->lines.n; i++) {
        const struct draw_line *l = &d->lines.v[i];
        pl_buf_printf(out, "  b%u %s", l->from, l->faint ? "-.->" : "-->");
        if (l->word.n) pl_buf_str(out, PL_STR("|\""));
        mermaid_text(out, l->word);
        if (l->word.n) pl_buf_str(out, PL_STR("\"|"));
        pl_buf_printf(out, " b%u\n", l->to);
    }
    for (int s = 0; s < (int)PL_LEN(looks); s++)
        if (uses(d, s))
            pl_buf_printf(out, "  classDef %s fill:%s,stroke:%s,color:%s\n", classes[s],
                          looks[s].fill, looks[s].line, s == DRAW_START ? "#fff" : "#111");
}

/* ---- SVG ---- */

static void become_dot(int in, int out) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execlp("dot", "dot", "-Tsvg", (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
}

/* Graphviz reads all of its input before it writes. */
static bool converse(int to, int from, const struct pl_buf *dot, struct pl_buf *out) {
    char bytes[65536];
    ssize_t n;
    for (size_t at = 0; at < dot->n; at += (size_t)n)
        if ((n = write(to, dot->p + at, dot->n - at)) <= 0) break;
    close(to);
    while ((n = read(from, bytes, sizeof bytes)) > 0) pl_buf_add(out, bytes, (size_t)n);
    close(from);
    return n == 0;
}

static int ended(int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return CLI_OK;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return pl_cli__failure("SVG is drawn by Graphviz, which is not installed: "
                               "apt-get install graphviz; --mermaid and --dot need nothing");
    return pl_cli__failure("Graphviz' dot failed");
}

int pl_cli__write_svg(const struct drawing *d, struct pl_buf *out) {
    struct pl_buf dot = {0};
    int in[2], back[2], status = -1;
    if (pipe(in) || pipe(back)) return pl_cli__failure("making pipes: %m");
    pl_cli__write_dot(d, &dot);
    signal(SIGPIPE, SIG_IGN);
    pid_t pid = fork();
    if (pid == 0) {
        close(in[1]);
        close(back[0]);
        become_dot(in[0], back[1]);
    }
    close(in[0]);
    close(back[1]);
    bool read_all = pid > 0 && converse(in[1], back[0], &dot, out);
    if (pid > 0) waitpid(pid, &status, 0);
    pl_buf_free(&dot);
    int code = pid > 0 ? ended(status) : pl_cli__failure("starting dot: %m");
    return code == CLI_OK && !read_all ? pl_cli__failure("reading from dot: %m") : code;
}

static void write_box(const struct drawing *d, uint32_t i, const struct pl_sources *s,
                      const struct pl_chart *c, struct pl_jw *w) {
    const struct draw_box *b = &d->boxes.v[i];
    char text[512];
    snprintf(text, sizeof text, "b%u", i);
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "id", pl_str_c(text));
    if (b->flow < c->nflows) {
        pl_jw_text_member(w, "flow", c->flows[b->flow].name);
    }
    pl_jw_name(w, "places");
    pl_jw_open(w, '[');
    for (size_t k = 0; k < b->places.n; k++) {
        const struct pl_source *source = &s->v[b->places.v[k].file];
        snprintf(text, sizeof text, "%.*s:%u", PL_STR_ARG(source->name),
                 pl_source_pos(source, b->places.v[k].start).line);
        pl_jw_text(w, pl_str_c(text));
    }
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

int pl_cli__write_page(const struct drawing *d, const struct pl_sources *s,
                       const struct pl_chart *c, struct pl_buf *out) {
    struct pl_buf svg = {0};
    struct pl_jw w = {.b = out};
    int code = pl_cli__write_svg(d, &svg);
    if (code == CLI_OK) {
        pl_jw_open(&w, '{');
        pl_jw_text_member(&w, "svg", pl_buf_slice(&svg));
        pl_jw_name(&w, "boxes");
        pl_jw_open(&w, '[');
        for (uint32_t i = 0; i < d->boxes.n; i++) write_box(d, i, s, c, &w);
        pl_jw_close(&w, ']');
        pl_jw_close(&w, '}');
    }
    pl_buf_free(&svg);
    return code;
}
