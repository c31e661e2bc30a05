/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/flowgraph.h"

bool pl_grammar__failed(const struct pl_graph *g) {
    return g->said->errors > g->errors_before;
}

/* ---- parse ---- */

static struct pl_ast_file *parse_file(struct pl_graph *g, uint32_t file) {
    struct pl_sources *s = g->input->sources;
    struct pl_parses *kept = g->input->parses;
    return kept ? pl_parses_get(kept, s, file, g->diags) : pl_parse(g->arena, s, file, g->diags);
}

/* Files by path bytes: rules and declarations have one order on every machine. */
static void parse_files(struct pl_graph *g, const char *suffix) {
    const struct pl_sources *s = g->input->sources;
    uint32_t *order = PL_NEW_ARRAY(g->arena, uint32_t, (size_t)s->n + 1), n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (!pl_str_ends(s->v[i].name, pl_str_c(suffix))) continue;
        uint32_t k = n++;
        for (; k > 0 && pl_str_cmp(s->v[order[k - 1]].name, s->v[i].name) > 0; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    for (uint32_t i = 0; i < n; i++) PL_AST_ADD(g->arena, &g->files, parse_file(g, order[i]));
}

static bool parse(struct pl_graph *g) {
    parse_files(g, ".flow");
    parse_files(g, ".talk");
    for (size_t i = 0; i < g->files.n; i++)
        if (g->files.v[i]->broken) return false;
    return true;
}

/* ---- collect ---- */

/* The source locale first, then the others as they are listed. */
static void collect_locales(struct pl_graph *g) {
    const struct pl_ast_assistant *a = &g->assistant->assistant;
    PL_AST_ADD(g->arena, &g->locales, a->source.s.n ? a->source.s : PL_STR("en-US"));
    for (size_t i = 0; i < a->locales.n; i++)
        if (!pl_str_eq(a->locales.v[i].s, g->locales.v[0]))
            PL_AST_ADD(g->arena, &g->locales, a->locales.v[i].s);
}

static bool collect(struct pl_graph *g) {
    pl_grammar__collect(g);
    if (!g->assistant) {
        pl_diag(g->diags, PL_D_ASSISTANT_MISSING, (struct pl_span){0});
        return false;
    }
    collect_locales(g);
    pl_grammar__types(g);
    pl_grammar__signatures(g);
    for (size_t i = 0; i < g->flow.n; i++) pl_grammar__slots(g, &g->flow.v[i]);
    pl_grammar__flowgraph(g);
    pl_grammar__chart(g);
    pl_grammar__cleared(g);
    pl_grammar__marks(g);
    pl_grammar__prompts(g);
    return true;
}

/* ---- texts ---- */

static void take_texts(struct pl_graph *g, struct pl_program *out) {
    struct pl_p_text *rows = PL_NEW_ARRAY(g->arena, struct pl_p_text, g->texts.n + 1);
    for (size_t i = 0; i < g->texts.n; i++) {
        const struct pl_graph_text *t = &g->texts.v[i];
        rows[i] = (struct pl_p_text){t->id, (uint32_t)t->args.n, t->code};
    }
    out->texts = rows;
    out->ntexts = (uint32_t)g->texts.n;
}

/* Lines with mistakes are left out of the tree: an editor wants to know of the others. */
static void look_at_the_rest(struct pl_graph *g) {
    if (!g->input->index && !g->input->chart) return;
    pl_grammar__mute(g);
    if (collect(g)) pl_grammar__check(g);
    pl_grammar__speak(g);
}

static enum pl_err compile(struct pl_graph *g, struct pl_program *out) {
    if (!parse(g)) {
        look_at_the_rest(g);
        return PL_MALFORMED;
    }
    if (!collect(g)) return PL_MALFORMED;
    pl_grammar__check(g);
    pl_grammar__explain_absent(g);
    pl_grammar__explain_marks(g);
    if (pl_grammar__failed(g)) return PL_MALFORMED;
    pl_grammar__prove(g);
    pl_grammar__emit(g, out);
    pl_grammar__check_change(g, out);
    pl_grammar__catalogs(g);
    pl_grammar__check_talks(g, out);
    if (pl_grammar__failed(g)) return PL_MALFORMED;
    pl_grammar__train(g, out);
    take_texts(g, out);
    return pl_grammar__failed(g) ? PL_MALFORMED : PL_OK;
}

enum pl_err pl_grammar_compile(struct pl_arena *arena, const struct pl_grammar_input *input,
                               const struct pl_grammar_host *host, struct pl_diags *diags,
                               struct pl_program *out) {
    static const struct pl_grammar_host nobody = {0};
    struct pl_graph g = {.arena = arena,
                         .input = input,
                         .said = diags,
                         .diags = diags,
                         .errors_before = diags->errors};
    struct pl_program p = {0};
    g.host = host ? host : &nobody;
    pl_diags_init(&g.mute, arena, input->sources);
    enum pl_err err = compile(&g, &p);
    pl_grammar__knowledge(&g, err == PL_OK);
    pl_grammar__index(&g);
    p.sections = g.sections.v;
    p.nsections = (uint32_t)g.sections.n;
    pl_grammar__forget_names(&g);
    pl_diags_finish(diags, !pl_grammar__failed(&g));
    if (err == PL_OK && diags->errors) err = PL_MALFORMED;
    if (err == PL_OK) *out = p;
    return err;
}
