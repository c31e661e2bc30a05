/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages: texts with their arguments, parts, and what an open question offers. */
#include "grammar/emit_priv.h"

#define HERE(x) pl_grammar__here(x)
#define PUT     pl_grammar__put

uint32_t pl_grammar__put_text(struct pl_emit *x, struct pl_str id, struct pl_ast_text *text) {
    uint32_t row = pl_grammar__text(&x->where, id, text);
    for (size_t i = 0; i < x->g->texts.v[row].args.n; i++)
        pl_grammar__put_expr(x, x->g->texts.v[row].args.v[i].expr, NULL);
    PUT(x, PL_OP_TEXT, row);
    return row;
}

static struct pl_str suffixed(struct pl_graph *g, struct pl_str id, const char *suffix) {
    return id.n ? pl_grammar__str(g, "%.*s%s", PL_STR_ARG(id), suffix) : id;
}

/* ---- parts ---- */

static void put_parts(struct pl_emit *x, const struct pl_ast_parts *parts);

static void put_target(struct pl_emit *x, const struct pl_ast_part *p) {
    struct pl_graph *g = x->g;
    const struct pl_ast_target *t = &p->button.target;
    pl_grammar__put_text(x, p->id.s, p->button.label);
    struct pl_p_target row = {.id = p->id.s, .open = t->kind == PL_TARGET_OPEN, .flow = PL_NOWHERE};
    if (row.open) {
        pl_grammar__put_path(x, &t->open);
    } else {
        row.flow = pl_grammar__find(&g->flows, t->flow.s)->index;
        uint32_t n;
        const struct pl_type *params = pl_grammar__params(g, row.flow, &n);
        row.nargs = pl_grammar__put_args(x, &t->args, params, n);
    }
    if (row.open && p->kind == PL_PART_LINK) {
        PUT(x, PL_OP_PART_LINK, 0);
        return;
    }
    PL_AST_ADD(g->arena, &g->targets, row);
    PUT(x, PL_OP_PART_BUTTON, (uint32_t)g->targets.n - 1);
}

static void put_steps(struct pl_emit *x, const struct pl_ast_lines *lines) {
    PUT(x, PL_OP_STEPS, 0);
    for (size_t i = 0; i < lines->n; i++) {
        uint32_t skip = pl_grammar__guard(x, lines->v[i].cond);
        pl_grammar__put_text(x, lines->v[i].id.s, lines->v[i].text);
        PUT(x, PL_OP_STEP, 0);
        pl_grammar__unguard(x, skip, lines->v[i].cond);
    }
    PUT(x, PL_OP_STEPS_END, 0);
}

static uint32_t loop_slot(struct pl_emit *x, const struct pl_ast_each *e) {
    return PL_SLOT(PL_SCOPE_LOCAL, pl_grammar__slot(&x->flow->slots, e->var.s));
}

/* Gives the address of ITER_NEXT; its end is put there by loop_end. */
static uint32_t loop_begin(struct pl_emit *x, const struct pl_ast_each *e) {
    pl_grammar__put_expr(x, e->list, NULL);
    PUT(x, PL_OP_ITER, (uint32_t)e->most.n.m);
    uint32_t next = PUT(x, PL_OP_ITER_NEXT, loop_slot(x, e));
    pl_grammar__word(x, 0);
    return next;
}

static void loop_end(struct pl_emit *x, uint32_t next) {
    PUT(x, PL_OP_JUMP, next);
    x->g->code.v[next + 1] = HERE(x);
}

static void put_card(struct pl_emit *x, const struct pl_ast_parts *parts) {
    PUT(x, PL_OP_CARD, 0);
    put_parts(x, parts);
    PUT(x, PL_OP_CARD_END, 0);
}

static void put_each(struct pl_emit *x, const struct pl_ast_part *p) {
    bool cards = p->kind == PL_PART_CARDS;
    if (cards) PUT(x, PL_OP_CARDS, 0);
    uint32_t next = loop_begin(x, &p->each.each);
    if (cards)
        put_card(x, &p->each.parts);
    else
        put_parts(x, &p->each.parts);
    loop_end(x, next);
    if (cards) PUT(x, PL_OP_CARDS_END, 0);
}

static void put_part(struct pl_emit *x, const struct pl_ast_part *p) {
    switch (p->kind) {
    case PL_PART_IMAGE:
        if (p->image.alt) pl_grammar__put_text(x, p->id.s, p->image.alt);
        pl_grammar__put_path(x, &p->image.path);
        PUT(x, PL_OP_PART_IMAGE, p->image.alt != NULL);
        break;
    case PL_PART_FACT:
        pl_grammar__put_text(x, suffixed(x->g, p->id.s, ".label"), p->fact.label);
        pl_grammar__put_text(x, suffixed(x->g, p->id.s, ".value"), p->fact.value);
        PUT(x, PL_OP_PART_FACT, 0);
        break;
    case PL_PART_BUTTON:
    case PL_PART_LINK: put_target(x, p); break;
    case PL_PART_FILE:
        pl_grammar__put_path(x, &p->file);
        PUT(x, PL_OP_PART_FILE, 0);
        break;
    case PL_PART_STEPS: put_steps(x, &p->steps); break;
    case PL_PART_CARD: put_card(x, &p->card); break;
    case PL_PART_CARDS:
    case PL_PART_EACH: put_each(x, p); break;
    case PL_PART_TITLE:
        pl_grammar__put_text(x, p->id.s, p->text);
        PUT(x, PL_OP_CARD_TITLE, 0);
        break;
    case PL_PART_TEXT:
        pl_grammar__put_text(x, p->id.s, p->text);
        PUT(x, PL_OP_CARD_TEXT, 0);
        break;
    }
}

static void put_parts(struct pl_emit *x, const struct pl_ast_parts *parts) {
    for (size_t i = 0; i < parts->n; i++) {
        uint32_t skip = pl_grammar__guard(x, parts->v[i]->cond);
        put_part(x, parts->v[i]);
        pl_grammar__unguard(x, skip, parts->v[i]->cond);
    }
}

/* ---- what a question offers ---- */

static struct pl_p_option new_option(struct pl_emit *x, const struct pl_ast_choice *choice,
                                     uint32_t wait, uint32_t item) {
    struct pl_graph *g = x->g;
    const struct pl_ast_target *t = &choice->option.target;
    struct pl_p_option row = {.kind = PL_OPT_BLOCK,
                              .id = choice->option.id.s,
                              .wait = wait,
                              .code = PL_NOWHERE,
                              .flow = PL_NOWHERE,
                              .item = item,
                              .says = pl_grammar__mention(g, &choice->option.says)};
    if (!row.id.n)
        row.id = pl_grammar__count_id(
            x, pl_grammar__str(g, "%.*s.option", PL_STR_ARG(g->waits.v[wait].id)));
    if (t->kind == PL_TARGET_OPEN) row.kind = PL_OPT_OPEN;
    if (t->kind == PL_TARGET_FLOW && !t->args.present) {
        struct pl_symbol *flow = pl_grammar__find(&g->flows, t->flow.s);
        row.kind = PL_OPT_FLOW;
        if (flow && pl_grammar__slot(&x->flow->slots, t->flow.s) == PL_NOWHERE)
            row.flow = flow->index;
    }
    if (g->waits.v[wait].kind != PL_WAIT_ASK) return row;
    row.kind = PL_OPT_VALUE;
    if (item == PL_NOWHERE)
        pl_grammar__option_value(g, g->waits.v[wait].type, choice->option.label, &row.value);
    return row;
}

static void put_option(struct pl_emit *x, const struct pl_ast_choice *c, uint32_t wait,
                       uint32_t item) {
    struct pl_graph *g = x->g;
    uint32_t skip = pl_grammar__guard(x, c->option.cond);
    struct pl_p_option o = new_option(x, c, wait, item);
    PL_AST_ADD(g->arena, &g->options, o);
    uint32_t row = (uint32_t)g->options.n - 1;
    PL_AST_ADD(g->arena, &x->options, ((struct pl_emit_option){c, row}));
    pl_grammar__point(x, PL_POINT_OPTION, c->span, PL_NOWHERE, row, PL_STR("option"));
    uint32_t text = pl_grammar__put_text(x, c->option.id.s, c->option.label);
    g->texts.v[text].label = true;
    if (c->option.target.kind == PL_TARGET_OPEN) pl_grammar__put_path(x, &c->option.target.open);
    PUT(x, PL_OP_OPTION, row);
    pl_grammar__unguard(x, skip, c->option.cond);
}

static void put_options(struct pl_emit *x, const struct pl_ast_choices *choices, uint32_t wait,
                        uint32_t item) {
    for (size_t i = 0; i < choices->n; i++) {
        const struct pl_ast_choice *c = choices->v[i];
        if (c->kind == PL_CHOICE_OPTION) {
            put_option(x, c, wait, item);
            continue;
        }
        uint32_t next = loop_begin(x, &c->each.each);
        put_options(x, &c->each.choices, wait, loop_slot(x, &c->each.each));
        loop_end(x, next);
    }
}

uint32_t pl_grammar__label(struct pl_graph *g, uint32_t def, uint32_t member) {
    struct pl_graph_def *d = &g->defs.v[def];
    if (d->fields[member].title) return d->fields[member].title - 1;
    const struct pl_ast_member *m = &d->members->v[member];
    struct pl_str id =
        pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(d->row.name), PL_STR_ARG(m->name.s));
    struct pl_where where = {.g = g};
    uint32_t text;
    if (m->label) {
        text = pl_grammar__text(&where, id, m->label);
    } else {
        struct pl_str plain = pl_arena_str(g->arena, m->name.s);
        for (size_t i = 0; i < plain.n; i++)
            if (plain.p[i] == '_') ((char *)plain.p)[i] = ' ';
        text = pl_grammar__text_plain(g, id, plain, m->name.span);
    }
    d->fields[member].title = text + 1;
    return text;
}

/* One option for each member, called as its label. truth: it stands for yes or no. */
static void put_members(struct pl_emit *x, uint32_t wait, uint32_t def, bool truth) {
    struct pl_graph *g = x->g;
    struct pl_str id = g->waits.v[wait].id, type = g->defs.v[def].row.name;
    for (uint32_t i = 0; i < g->defs.v[def].row.nfields; i++) {
        struct pl_p_option o = {.kind = PL_OPT_VALUE, .wait = wait};
        struct pl_str member = g->defs.v[def].fields[i].name;
        o.id = pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(id), PL_STR_ARG(member));
        o.code = o.flow = o.item = o.says = PL_NOWHERE;
        o.value = truth ? pl_bool(pl_str_is(member, "yes"))
                        : (struct pl_value){.kind = PL_KIND_ENUM, .e = {type, member}};
        uint32_t text = pl_grammar__label(g, def, i);
        g->texts.v[text].label = true;
        PUT(x, PL_OP_TEXT, text);
        PL_AST_ADD(g->arena, &g->options, o);
        PUT(x, PL_OP_OPTION, (uint32_t)g->options.n - 1);
    }
}

/* ---- whole messages ---- */

static void put_message(struct pl_emit *x, struct pl_str id, struct pl_ast_text *text,
                        const struct pl_ast_parts *parts) {
    pl_grammar__put_text(x, id, text);
    PUT(x, PL_OP_SAY, 0);
    put_parts(x, parts);
    PUT(x, PL_OP_SAY_END, 0);
}

void pl_grammar__put_say(struct pl_emit *x, const struct pl_ast_say *s) {
    uint32_t skip = pl_grammar__guard(x, s->line.cond);
    put_message(x, s->line.id.s, s->line.text, &s->parts);
    pl_grammar__unguard(x, skip, s->line.cond);
}

void pl_grammar__put_any(struct pl_emit *x, const struct pl_ast_prompt *p) {
    uint32_t n = (uint32_t)p->says.n;
    uint32_t *jumps = PL_NEW_ARRAY(x->g->arena, uint32_t, n + 1);
    uint32_t pick = PUT(x, PL_OP_PICK, n);
    for (uint32_t i = 0; i < n; i++) pl_grammar__word(x, 0);
    for (uint32_t i = 0; i < n; i++) {
        x->g->code.v[pick + 1 + i] = HERE(x);
        pl_grammar__put_say(x, &p->says.v[i]);
        jumps[i] = PUT(x, PL_OP_JUMP, 0);
    }
    for (uint32_t i = 0; i < n; i++) pl_grammar__land(x, jumps[i]);
}

uint32_t pl_grammar__line_block(struct pl_emit *x, const struct pl_ast_line *line) {
    uint32_t at = HERE(x);
    const struct pl_ast_parts none = {0};
    uint32_t skip = pl_grammar__guard(x, line->cond);
    put_message(x, line->id.s, line->text, &none);
    pl_grammar__unguard(x, skip, line->cond);
    PUT(x, PL_OP_DONE, 0);
    return at;
}

/* What a question offers stands behind all its messages: the runtime shows it with the last one
 * that was said. */
uint32_t pl_grammar__ask_prompt(struct pl_emit *x, const struct pl_ast_ask *a, uint32_t wait) {
    const struct pl_p_wait w = x->g->waits.v[wait];
    uint32_t at = HERE(x), yes_no = pl_grammar__yes_no(x->g);
    if (!a->prompts.n) PUT(x, PL_OP_SAY_FOR, w.slot);
    for (size_t i = 0; i < a->prompts.n; i++) {
        if (a->prompts.v[i].any)
            pl_grammar__put_any(x, &a->prompts.v[i]);
        else
            pl_grammar__put_say(x, &a->prompts.v[i].says.v[0]);
    }
    if (a->choices.n)
        put_options(x, &a->choices, wait, PL_NOWHERE);
    else if (pl_grammar__is_enum(x->g, w.type))
        put_members(x, wait, w.type.def, false);
    else if (w.type.kind == PL_KIND_LIST && w.has_options)
        put_members(x, wait, pl_grammar__item(x->g, w.type).def, false);
    else if (w.has_options)
        put_members(x, wait, yes_no, true);
    PUT(x, PL_OP_DONE, 0);
    return at;
}

uint32_t pl_grammar__confirm_prompt(struct pl_emit *x, const struct pl_ast_confirm *c,
                                    uint32_t wait) {
    uint32_t at = HERE(x), yes_no = pl_grammar__yes_no(x->g);
    put_message(x, c->line.id.s, c->line.text, &c->parts);
    if (yes_no != PL_NOWHERE) put_members(x, wait, yes_no, true);
    PUT(x, PL_OP_DONE, 0);
    return at;
}

void pl_grammar__put_speak(struct pl_emit *x, const char *flow) {
    PUT(x, PL_OP_SPEAK, pl_grammar__find(&x->g->flows, pl_str_c(flow))->index);
}

/* A text that is the value and nothing else. */
static struct pl_ast_text *value_text(struct pl_graph *g, struct pl_ast_expr *value) {
    struct pl_ast_text *text = PL_NEW(g->arena, struct pl_ast_text);
    struct pl_ast_piece piece = {.kind = PL_PIECE_VALUE, .span = value->span, .expr = value};
    text->span = value->span;
    PL_AST_ADD(g->arena, &text->pieces, piece);
    return text;
}

/* Each argument as a fact; one that is left out is not there. */
static void put_arguments(struct pl_emit *x, const struct pl_graph_action *a) {
    const struct pl_ast_hook *h = &a->hook->decl->hook;
    for (size_t i = 0; i < h->params.n; i++) {
        struct pl_ast_expr *value = a->call->call.args.v[i];
        uint32_t slot = pl_grammar__slot(&x->flow->slots, a->args[i]);
        struct pl_type type = x->flow->slots.v[slot].type;
        const struct pl_ast_line *title = pl_grammar__param_title(x->g, &h->params.v[i], type);
        uint32_t skip = PL_NOWHERE;
        if (type.optional) {
            pl_grammar__put_condition(x, value);
            skip = PUT(x, PL_OP_JUMP_FALSE, 0);
        }
        pl_grammar__put_text(x, title->id.s, title->text);
        pl_grammar__put_text(x, PL_STR(""), value_text(x->g, value));
        PUT(x, PL_OP_PART_FACT, 0);
        if (skip != PL_NOWHERE) pl_grammar__land(x, skip);
    }
}

uint32_t pl_grammar__action_prompt(struct pl_emit *x, const struct pl_graph_action *a,
                                   uint32_t wait) {
    uint32_t at = HERE(x), yes_no = pl_grammar__yes_no(x->g);
    const struct pl_ast_line *title = a->hook->decl->hook.title;
    pl_grammar__put_text(x, title->id.s, title->text);
    PUT(x, PL_OP_SAY, 0);
    put_arguments(x, a);
    PUT(x, PL_OP_SAY_END, 0);
    pl_grammar__put_speak(x, "confirm_action");
    if (yes_no != PL_NOWHERE) put_members(x, wait, yes_no, true);
    PUT(x, PL_OP_DONE, 0);
    return at;
}

uint32_t pl_grammar__choose_prompt(struct pl_emit *x, const struct pl_ast_choose *c,
                                   uint32_t wait) {
    uint32_t at = HERE(x);
    put_message(x, c->line.id.s, c->line.text, &c->parts);
    put_options(x, &c->choices, wait, PL_NOWHERE);
    PUT(x, PL_OP_DONE, 0);
    return at;
}
