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
    const char *form, *style, *fill, *line; /* DOT */
    const char *open, *close;               /* Mermaid */
} looks[] = {
    [DRAW_START] = {"ellipse", "filled", "#1f2937", "#1f2937", "([", "])"},
    [DRAW_SAY] = {"box", "filled", "#ffffff", "#9ca3af", "[", "]"},
    [DRAW_ASK] = {"box", "filled,rounded,bold", "#fef3c7", "#b45309", "[/", "/]"},
    [DRAW_BRANCH] = {"diamond", "filled", "#f3f4f6", "#6b7280", "{", "}"},
    [DRAW_HOOK] = {"cylinder", "filled", "#dbeafe", "#1d4ed8", "[(", ")]"},
    [DRAW_MODEL] = {"hexagon", "filled", "#ede9fe", "#6d28d9", "{{", "}}"},
    [DRAW_PERSON] = {"house", "filled", "#dcfce7", "#15803d", "[\\", "\\]"},
    [DRAW_FLOW] = {"component", "filled", "#e0f2fe", "#0369a1", "[[", "]]"},
    [DRAW_CARD] = {"plain", "filled", "#ffffff", "#9ca3af", "(", ")"},
    [DRAW_STEP] = {"note", "filled", "#f9fafb", "#9ca3af", "[", "]"},
    [DRAW_STOP] = {"ellipse", "filled", "#e5e7eb", "#6b7280", "([", "])"},
};
/* What a card has: in the colours of what it stands for. */
static const struct {
    const char *one, *many;
    uint8_t shape;
    bool numbered;
} has[DRAW_HAS_N] = {
    [DRAW_HAS_FLOWS] = {"flow", "flows", DRAW_STOP, true},
    [DRAW_HAS_ASK] = {"question", "questions", DRAW_ASK, true},
    [DRAW_HAS_HOOK] = {"shop", "shop", DRAW_HOOK, false},
    [DRAW_HAS_MODEL] = {"model", "model", DRAW_MODEL, false},
    [DRAW_HAS_PERSON] = {"person", "person", DRAW_PERSON, false},
};
enum { WRAP = 32 /* characters of a line in a box */, ROW = 4 /* cards that stand alone */ };

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

/* With line breaks at spaces, so that boxes are no wider than they have to be. */
static void dot_wrapped(struct pl_buf *out, struct pl_str s) {
    size_t column = 0, space = SIZE_MAX;
    struct pl_buf wrapped = {0};
    pl_buf_str(&wrapped, s);
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] & 0xc0) == 0x80) continue;
        column++;
        if (s.p[i] == ' ') space = i;
        if (s.p[i] == '\n') {
            column = 0;
            space = SIZE_MAX;
        }
        if (column <= WRAP || space == SIZE_MAX) continue;
        wrapped.p[space] = '\n';
        column = i - space;
        space = SIZE_MAX;
    }
    dot_text(out, pl_buf_slice(&wrapped));
    pl_buf_free(&wrapped);
}

static void html_badge(struct pl_buf *out, int i, uint32_t n) {
    const struct look *l = &looks[has[i].shape];
    pl_buf_printf(out, "<td bgcolor=\"%s\"><font point-size=\"9\">", l->fill);
    if (has[i].numbered && n) pl_buf_printf(out, "%u ", n);
    pl_buf_printf(out, "%s</font></td>", n == 1 ? has[i].one : has[i].many);
}

static bool has_any(const struct draw_box *b) {
    for (int i = 0; i < DRAW_HAS_N; i++)
        if (b->has[i]) return true;
    return false;
}

/* A card: its name, a badge for each that it has, and where else it leads. */
static void dot_card(const struct draw_box *b, struct pl_buf *out) {
    pl_buf_str(out, PL_STR("<<table border=\"1\" cellborder=\"0\" cellspacing=\"0\" "
                           "cellpadding=\"3\" style=\"rounded\" color=\"#6b7280\" "
                           "bgcolor=\"#ffffff\"><tr><td> <b>"));
    pl_buf_markup(out, pl_buf_slice(&b->text));
    pl_buf_str(out, PL_STR("</b> </td></tr>"));
    if (has_any(b)) {
        pl_buf_str(out, PL_STR("<tr><td><table border=\"0\" cellborder=\"0\" cellspacing=\"3\" "
                               "cellpadding=\"2\"><tr>"));
        for (int i = 0; i < DRAW_HAS_N; i++)
            if (b->has[i]) html_badge(out, i, b->has[i]);
        pl_buf_str(out, PL_STR("</tr></table></td></tr>"));
    }
    if (b->also.n) pl_buf_str(out, PL_STR("<tr><td><font point-size=\"9\">"));
    for (size_t i = 1; i < b->also.n; i++) {
        if (b->also.p[i] == '\n')
            pl_buf_str(out, PL_STR("<br/>"));
        else
            pl_buf_markup(out, (struct pl_str){(const char *)b->also.p + i, 1});
    }
    if (b->also.n) pl_buf_str(out, PL_STR("</font></td></tr>"));
    pl_buf_str(out, PL_STR("</table>>"));
}

static void dot_box(const struct drawing *d, uint32_t i, struct pl_buf *out) {
    const struct draw_box *b = &d->boxes.v[i];
    const struct look *l = &looks[b->shape];
    pl_buf_printf(out, "  b%u [id=b%u, class=%s, shape=%s, ", i, i, classes[b->shape], l->form);
    if (b->shape == DRAW_CARD) {
        pl_buf_str(out, PL_STR("label="));
        dot_card(b, out);
    } else {
        pl_buf_printf(out, "style=\"%s\", fillcolor=\"%s\", color=\"%s\"%s, label=", l->style,
                      l->fill, l->line, b->shape == DRAW_START ? ", fontcolor=\"#ffffff\"" : "");
        dot_wrapped(out, pl_buf_slice(&b->text));
    }
    pl_buf_str(out, PL_STR("];\n"));
}

static bool alone(const struct drawing *d, uint32_t box) {
    for (size_t i = 0; i < d->lines.n; i++)
        if (d->lines.v[i].from == box || d->lines.v[i].to == box) return false;
    return true;
}

/* Cards without lines stand in rows: a column of all of them would be tall. */
static void dot_rows(const struct drawing *d, uint32_t group, struct pl_buf *out) {
    uint32_t last = 0, n = 0;
    for (uint32_t i = 0; i < d->boxes.n; i++) {
        if (d->boxes.v[i].group != group || !alone(d, i)) continue;
        if (n++ % ROW) pl_buf_printf(out, "  b%u -> b%u [style=invis];\n", last, i);
        last = i;
    }
}

static void dot_group(const struct drawing *d, uint32_t group, struct pl_buf *out) {
    for (uint32_t i = 0; i < d->boxes.n; i++)
        if (d->boxes.v[i].group == group) dot_box(d, i, out);
    if (d->wide) dot_rows(d, group, out);
}

static void dot_boxes(const struct drawing *d, struct pl_buf *out) {
    for (uint32_t g = 0; g < d->groups.n; g++) {
        pl_buf_printf(out,
                      "  subgraph cluster_%u { color=\"#d1d5db\"; fontcolor=\"#4b5563\"; "
                      "fontsize=12; labeljust=l; margin=12; label=",
                      g);
        dot_text(out, d->groups.v[g]);
        pl_buf_str(out, PL_STR(";\n"));
        dot_group(d, g, out);
        pl_buf_str(out, PL_STR("  }\n"));
    }
    dot_group(d, UINT32_MAX, out);
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

static bool faint_lines(const struct drawing *d) {
    for (size_t i = 0; i < d->lines.n; i++)
        if (d->lines.v[i].faint) return true;
    return false;
}

#define DASHED "dashed: only if the customer takes it"

/* The shapes that the picture uses, in a row beside it. */
static void dot_legend(const struct drawing *d, struct pl_buf *out) {
    int last = -1;
    pl_buf_str(out, PL_STR("  subgraph cluster_legend { label=\"\"; color=\"#e5e7eb\"; rank=same; "
                           "node [fontsize=9, margin=\"0.08,0.03\", height=0.3];\n"));
    for (int s = 0; s < (int)PL_LEN(looks); s++) {
        if (!uses(d, s)) continue;
        pl_buf_printf(out,
                      "    legend%d [shape=%s, style=\"%s\", fillcolor=\"%s\", color=\"%s\"%s, "
                      "label=\"%s\"];\n",
                      s, looks[s].form, looks[s].style, looks[s].fill, looks[s].line,
                      s == DRAW_START ? ", fontcolor=\"#ffffff\"" : "", meanings[s]);
        if (last >= 0)
            pl_buf_printf(out, "    legend%d -> legend%d [style=invis, minlen=0];\n", last, s);
        last = s;
    }
    if (faint_lines(d))
        pl_buf_printf(out,
                      "    dashed [shape=plain, fontcolor=\"#4b5563\", label=\"" DASHED "\"];\n"
                      "    legend%d -> dashed [style=invis, minlen=0];\n",
                      last);
    pl_buf_str(out, PL_STR("  }\n"));
}

/* Title and legend of an overview: the badges of its cards. */
static void dot_heading(const struct drawing *d, struct pl_buf *out) {
    uint32_t used[DRAW_HAS_N] = {0};
    for (size_t i = 0; i < d->boxes.n; i++)
        for (int k = 0; k < DRAW_HAS_N; k++) used[k] |= d->boxes.v[i].has[k];
    pl_buf_str(out, PL_STR("<<table border=\"0\" cellborder=\"0\" cellspacing=\"4\" "
                           "cellpadding=\"3\"><tr><td><b>"));
    pl_buf_markup(out, d->title);
    pl_buf_str(out, PL_STR("</b>   </td>"));
    static const char *const words[DRAW_HAS_N] = {[DRAW_HAS_FLOWS] = "flows in it",
                                                  [DRAW_HAS_ASK] = "waits for the customer",
                                                  [DRAW_HAS_HOOK] = "asks the shop",
                                                  [DRAW_HAS_MODEL] = "a model's turn",
                                                  [DRAW_HAS_PERSON] = "hands over to a person"};
    for (int k = 0; k < DRAW_HAS_N; k++)
        if (used[k])
            pl_buf_printf(out, "<td bgcolor=\"%s\">%s</td>", looks[has[k].shape].fill, words[k]);
    if (faint_lines(d)) pl_buf_str(out, PL_STR("<td>" DASHED "</td>"));
    pl_buf_str(out, PL_STR("</tr></table>>"));
}

void pl_cli__write_dot(const struct drawing *d, struct pl_buf *out) {
    pl_buf_str(out, PL_STR("digraph flows {\n  graph [fontname=\"sans-serif\", fontsize=11, "
                           "nodesep=0.3, ranksep=0.4, labelloc=t, bgcolor=\"#ffffff\", "));
    pl_buf_printf(out, "rankdir=%s, label=", d->wide ? "LR" : "TB");
    if (d->wide && !d->bare)
        dot_heading(d, out);
    else
        dot_text(out, d->bare ? PL_STR("") : d->title);
    pl_buf_str(out,
               PL_STR("];\n  node [fontname=\"sans-serif\", fontsize=10, margin=\"0.14,0.07\"];\n"
                      "  edge [fontname=\"sans-serif\", fontsize=9, arrowsize=0.7];\n"));
    dot_boxes(d, out);
    dot_lines(d, out);
    if (!d->bare && !d->wide) dot_legend(d, out);
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

static void mermaid_box(const struct drawing *d, uint32_t i, struct pl_buf *out) {
    const struct draw_box *b = &d->boxes.v[i];
    const char *comma = "<br/>";
    pl_buf_printf(out, "  b%u%s\"", i, looks[b->shape].open);
    mermaid_text(out, pl_buf_slice(&b->text));
    for (int k = 0; k < DRAW_HAS_N; k++) {
        if (!b->has[k]) continue;
        pl_buf_str(out, pl_str_c(comma));
        if (has[k].numbered) pl_buf_printf(out, "%u ", b->has[k]);
        pl_buf_str(out, pl_str_c(b->has[k] == 1 ? has[k].one : has[k].many));
        comma = ", ";
    }
    mermaid_text(out, pl_buf_slice(&b->also));
    pl_buf_printf(out, "\"%s:::%s\n", looks[b->shape].close, classes[b->shape]);
}

static void mermaid_boxes(const struct drawing *d, struct pl_buf *out) {
    for (uint32_t g = 0; g < d->groups.n; g++) {
        pl_buf_printf(out, "  subgraph g%u[\"", g);
        mermaid_text(out, d->groups.v[g]);
        pl_buf_str(out, PL_STR("\"]\n"));
        for (uint32_t i = 0; i < d->boxes.n; i++)
            if (d->boxes.v[i].group == g) mermaid_box(d, i, out);
        pl_buf_str(out, PL_STR("  end\n"));
    }
    for (uint32_t i = 0; i < d->boxes.n; i++)
        if (d->boxes.v[i].group == UINT32_MAX) mermaid_box(d, i, out);
}

void pl_cli__write_mermaid(const struct drawing *d, struct pl_buf *out) {
    pl_buf_printf(out, "flowchart %s\n", d->wide ? "LR" : "TD");
    mermaid_boxes(d, out);
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
    if (b->has[DRAW_HAS_FLOWS]) pl_jw_text_member(w, "part", pl_buf_slice(&b->text));
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
