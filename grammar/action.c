/* SPDX-License-Identifier: Apache-2.0
 *
 * Tools of an `answer` that write. A model only proposes them; what follows is as if it were
 * written in the flow:
 *
 *   <the hook's title, and each of its arguments>, confirm, call hook(…), and the model again
 *
 * Here the question and the call are made, and the local slots that hold what is proposed, so that
 * everything that looks at flows sees them as statements. */
#include "grammar/graph.h"

static struct pl_ast_expr *path_expr(struct pl_graph *g, struct pl_str slot, struct pl_span at) {
    struct pl_ast_expr *e = PL_NEW(g->arena, struct pl_ast_expr);
    struct pl_ast_name *part = PL_NEW(g->arena, struct pl_ast_name);
    *part = (struct pl_ast_name){at, slot};
    *e = (struct pl_ast_expr){.kind = PL_EXPR_PATH, .span = at};
    e->path = (struct pl_ast_path){at, slot, part, 1};
    return e;
}

static void add_slot(struct pl_graph *g, struct pl_graph_flow *f, struct pl_str name,
                     struct pl_type type, struct pl_ast_line *title, struct pl_span at) {
    if (pl_grammar__slot(&f->slots, name) != PL_NOWHERE) return; /* of another answer's tool */
    struct pl_graph_slot s = {.name = name,
                              .type = type,
                              .span = at,
                              .title = title,
                              .ask_titled = true,
                              .proposed = true,
                              .title_text = PL_NOWHERE};
    PL_AST_ADD(g->arena, &f->slots, s);
}

static struct pl_ast_stmt *statement(struct pl_graph *g, enum pl_stmt_kind kind,
                                     struct pl_span at) {
    struct pl_ast_stmt *s = PL_NEW(g->arena, struct pl_ast_stmt);
    *s = (struct pl_ast_stmt){.kind = kind, .span = at, .head = at};
    return s;
}

static void add_action(struct pl_graph *g, struct pl_graph_flow *f, const struct pl_ast_answer *of,
                       const struct pl_ast_path *tool, struct pl_symbol *hook) {
    const struct pl_ast_hook *h = &hook->decl->hook;
    struct pl_graph_action a = {.of = of, .hook = hook, .at = tool->span};
    a.args = PL_NEW_ARRAY(g->arena, struct pl_str, h->params.n + 1);
    a.confirm = statement(g, PL_STMT_CONFIRM, tool->span);
    a.call = statement(g, PL_STMT_CALL, tool->span);
    if (h->title) a.confirm->confirm.line = *h->title;
    a.call->call.callee = *tool;
    pl_grammar__mute(g);
    for (size_t i = 0; i < h->params.n; i++) {
        struct pl_str own = h->params.v[i].name.s;
        a.args[i] = pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(hook->name), PL_STR_ARG(own));
        struct pl_type type = pl_grammar__type(g, &h->params.v[i].type, a.args[i]);
        struct pl_ast_line *title = pl_grammar__param_title(g, &h->params.v[i], type);
        add_slot(g, f, a.args[i], type, title, tool->span);
        PL_AST_ADD(g->arena, &a.call->call.args, path_expr(g, a.args[i], tool->span));
    }
    if (h->result) {
        a.result = hook->name;
        add_slot(g, f, a.result, pl_grammar__type(g, h->result, hook->name), NULL, tool->span);
    }
    pl_grammar__speak(g);
    PL_AST_ADD(g->arena, &g->actions, a);
}

void pl_grammar__actions(struct pl_graph *g, struct pl_graph_flow *f,
                         const struct pl_ast_answer *answer) {
    for (size_t i = 0; i < answer->tools.n; i++) {
        struct pl_symbol *hook = pl_grammar__find(&g->hooks, answer->tools.v[i].s);
        bool writes = hook && hook->decl->hook.effect == PL_EFFECT_WRITE_ONCE;
        for (size_t k = 0; writes && k < g->actions.n; k++)
            writes = g->actions.v[k].of != answer || g->actions.v[k].hook != hook;
        if (writes) add_action(g, f, answer, &answer->tools.v[i], hook);
    }
}

const struct pl_graph_action *pl_grammar__action(const struct pl_graph *g,
                                                 const struct pl_ast_answer *of, uint32_t n) {
    for (size_t i = 0; i < g->actions.n; i++)
        if (g->actions.v[i].of == of && n-- == 0) return &g->actions.v[i];
    return NULL;
}

struct pl_ast_line *pl_grammar__param_title(struct pl_graph *g, const struct pl_ast_field *param,
                                            struct pl_type type) {
    if (param->title) return param->title;
    if (type.kind != PL_KIND_ENTITY || type.def >= g->defs.n) return NULL;
    const struct pl_symbol *entity = g->defs.v[type.def].symbol;
    return entity ? entity->decl->entity.title : NULL;
}
