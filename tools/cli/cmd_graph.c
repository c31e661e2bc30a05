/* SPDX-License-Identifier: Apache-2.0
 *
 * graph: pictures of where conversations can go: all flows at a glance, or one in full.
 */
#include "tools/cli/cli_graph_priv.h"

typedef int write_as(const struct drawing *d, struct pl_buf *out);

static int as_dot(const struct drawing *d, struct pl_buf *out) {
    pl_cli__write_dot(d, out);
    return CLI_OK;
}
static int as_mermaid(const struct drawing *d, struct pl_buf *out) {
    pl_cli__write_mermaid(d, out);
    return CLI_OK;
}

static const struct form {
    const char *flag, *suffix;
    write_as *write;
} forms[] = {{"--mermaid", ".mmd", as_mermaid},
             {"--dot", ".dot", as_dot},
             {"--svg", ".svg", pl_cli__write_svg}};

static uint32_t flow_named(const struct pl_chart *c, const char *name) {
    for (uint32_t i = 0; i < c->nflows; i++)
        if (pl_str_is(c->flows[i].name, name)) return i;
    return PL_CHART_NOWHERE;
}

static int no_such_flow(const struct pl_chart *c, const char *name) {
    struct pl_near near = pl_near(pl_str_c(name));
    for (uint32_t i = 0; i < c->nflows; i++) pl_near_offer(&near, c->flows[i].name);
    if (near.best.n > 0)
        return pl_cli__failure("there is no flow '%s'; did you mean '%.*s'?", name,
                               PL_STR_ARG(near.best));
    return pl_cli__failure("there is no flow '%s'; without a flow's name all are drawn", name);
}

static int draw(const struct pl_compiled *c, const struct pl_chart *chart, const char *flow,
                bool all, const struct form *form, const char *out) {
    struct drawing d;
    struct pl_buf b = {0};
    uint32_t index = flow ? flow_named(chart, flow) : 0;
    if (index == PL_CHART_NOWHERE) return no_such_flow(chart, flow);
    if (flow)
        pl_cli__draw_flow(&d, chart, index, all);
    else
        pl_cli__draw_project(&d, &c->sources, chart, all);
    int code = form->write(&d, &b);
    if (code == CLI_OK) code = pl_cli__give(out, &b);
    pl_buf_free(&b);
    pl_cli__drawing_free(&d);
    return code;
}

/* A flow with mistakes is drawn as far as it can be understood. */
static int compile_and_draw(const char *flows, const char *flow, bool all, const struct form *form,
                            const char *out) {
    static const struct cli_report report = {.format = CLI_TEXT};
    struct pl_chart chart = {0};
    struct pl_compile_options options = {
        .check_only = true, .without_talks = true, .chart_out = &chart};
    struct pl_compiled c;
    int code = pl_cli__compile_folder(flows, &options, &c);
    if (code == CLI_FOUND) pl_cli__report(&report, &c.diags, code);
    if (code != CLI_FAILED && chart.nflows) {
        int drawn = draw(&c, &chart, flow, all, form, out);
        code = drawn == CLI_OK ? code : drawn;
    }
    pl_compiled_free(&c);
    return code;
}

/* As asked for, or as the file's name says; else Mermaid, which pages and editors show. */
static const struct form *form_of(struct cli_args *args, const char *out) {
    const struct form *form = NULL;
    for (size_t i = 0; i < PL_LEN(forms); i++)
        if (pl_cli__flag(args, forms[i].flag)) form = &forms[i];
    for (size_t i = 0; i < PL_LEN(forms) && !form && out; i++)
        if (pl_str_ends(pl_str_c(out), pl_str_c(forms[i].suffix))) form = &forms[i];
    return form ? form : &forms[0];
}

int pl_cli__graph(struct cli_args args) {
    const char *out = pl_cli__option(&args, "-o");
    bool all = pl_cli__flag(&args, "--all");
    const struct form *form = form_of(&args, out);
    if (pl_cli__strange("graph", &args)) return CLI_FAILED;
    if (args.argc < 1 || args.argc > 2)
        return pl_cli__usage("graph", "name the folder of flows, and one flow if you like");
    return compile_and_draw(args.argv[0], args.argc > 1 ? args.argv[1] : NULL, all, form, out);
}
