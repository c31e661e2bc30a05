/* SPDX-License-Identifier: Apache-2.0
 *
 * Which prompt a turn of a model uses: the one it names, else the project's of its kind ("answer",
 * "decide"), else the standard one. */
#include "grammar/graph.h"

static const char *word(enum pl_model_kind kind) {
    return kind == PL_MODEL_DECIDE ? "decide" : "answer";
}

static bool is_standard(const struct pl_graph_prompt *p) {
    return pl_str_starts(p->from->name, PL_STR("standard."));
}

static bool is_for(const struct pl_graph_prompt *p, enum pl_model_kind kind) {
    return p->from->broken || p->from->kind == kind;
}

void pl_grammar__prompts(struct pl_graph *g) {
    for (size_t i = 0; i < g->input->nprompts; i++) {
        struct pl_graph_prompt p = {.from = &g->input->prompts[i], .row = PL_NOWHERE};
        PL_AST_ADD(g->arena, &g->prompt, p);
    }
}

static struct pl_graph_prompt *find(struct pl_graph *g, struct pl_str name) {
    for (size_t i = 0; i < g->prompt.n; i++)
        if (pl_str_eq(g->prompt.v[i].from->name, name)) return &g->prompt.v[i];
    return NULL;
}

static void unknown(struct pl_graph *g, const struct pl_ast_name *name, enum pl_model_kind kind) {
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, g->prompt.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < g->prompt.n; i++)
        if (!is_standard(&g->prompt.v[i]) && is_for(&g->prompt.v[i], kind))
            names[n++] = g->prompt.v[i].from->name;
    pl_grammar__unknown(g, "prompt", name->s, name->span, names, n);
}

static struct pl_graph_prompt *named(struct pl_graph *g, const struct pl_ast_name *name,
                                     enum pl_model_kind kind) {
    struct pl_graph_prompt *p = find(g, name->s);
    if (!p) {
        unknown(g, name, kind);
    } else if (!is_for(p, kind)) {
        struct pl_diag *d = pl_diag3(g->diags, PL_D_PROMPT_KIND, name->span, name->s,
                                     pl_str_c(word(p->from->kind)), pl_str_c(word(kind)));
        pl_diag_note(g->diags, d, p->from->kind_at, "what it is for is said here");
    }
    return p;
}

static struct pl_graph_prompt *usual(struct pl_graph *g, enum pl_model_kind kind) {
    struct pl_graph_prompt *own = find(g, pl_str_c(word(kind)));
    return own ? own : find(g, pl_grammar__str(g, "standard.%s", word(kind)));
}

struct pl_graph_prompt *pl_grammar__prompt(struct pl_graph *g, const struct pl_ast_name *name,
                                           enum pl_model_kind kind) {
    struct pl_graph_prompt *p = name->s.n ? named(g, name, kind) : usual(g, kind);
    if (p) p->used = true;
    return p;
}

uint32_t pl_grammar__prompt_row(struct pl_graph *g, struct pl_graph_prompt *p) {
    if (!p || p->from->broken) return PL_NOWHERE;
    if (p->row != PL_NOWHERE) return p->row;
    struct pl_p_prompt row = {.name = p->from->name,
                              .kind = p->from->kind,
                              .version = p->from->version,
                              .text = p->from->text};
    p->row = (uint32_t)g->prompts.n;
    PL_AST_ADD(g->arena, &g->prompts, row);
    return p->row;
}

static void check_version(struct pl_graph *g, const struct pl_grammar_prompt *p) {
    const struct pl_program *old = g->input->previous;
    for (uint32_t i = 0; old && i < old->nprompts; i++) {
        const struct pl_p_prompt *was = &old->prompts[i];
        if (!pl_str_eq(was->name, p->name) || was->version != p->version) continue;
        if (pl_str_eq(was->text, p->text) && was->kind == p->kind) continue;
        struct pl_str version = pl_grammar__str(g, "%u", p->version);
        struct pl_diag *d = pl_diag2(g->diags, PL_D_PROMPT_VERSION, p->at, p->name, version);
        pl_diag_fix(g->diags, d, PL_FIX_SAFE, p->at, pl_grammar__str(g, "%u", p->version + 1),
                    "raise it");
    }
}

void pl_grammar__check_prompts(struct pl_graph *g) {
    for (size_t i = 0; i < g->prompt.n; i++) {
        const struct pl_graph_prompt *p = &g->prompt.v[i];
        if (is_standard(p) || p->from->broken) continue;
        if (!p->used) pl_diag2(g->diags, PL_D_UNUSED, p->from->at, PL_STR("prompt"), p->from->name);
        check_version(g, p->from);
    }
}
