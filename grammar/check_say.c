/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of what is said: ids, texts, parts, options. */
#include "grammar/check_priv.h"

#define LABEL_MOST 40

/* ---- ids ---- */

static bool id_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static void note_written(struct pl_graph *g, struct pl_str text) {
    for (size_t at = 0; at < text.n; at++) {
        if (text.p[at] != '@') continue;
        size_t to = at + 1;
        while (to < text.n && id_byte(text.p[to])) to++;
        pl_map_put(&g->seen_ids, (struct pl_str){text.p + at, to - at}, g);
    }
}

/* Is "@id" written anywhere, in a line that is checked later perhaps? */
static bool is_written(struct pl_graph *g, struct pl_str id) {
    if (!g->seen_ids.n) {
        pl_map_put(&g->seen_ids, PL_STR("@"), g);
        for (uint32_t i = 0; i < g->input->sources->n; i++)
            note_written(g, g->input->sources->v[i].text);
    }
    return pl_map_get(&g->seen_ids, id);
}

/* An id that nobody has: the flow's name and a number. */
static struct pl_str propose(struct pl_check *c) {
    struct pl_str name = c->flow ? c->flow->decl->name.s : PL_STR("line");
    for (;;) {
        struct pl_str id = pl_grammar__str(c->g, " @%.*s.%u", PL_STR_ARG(name), ++c->ids);
        struct pl_str bare = {id.p + 1, id.n - 1};
        if (pl_map_get(&c->g->proposed, bare) || is_written(c->g, bare)) continue;
        pl_map_put(&c->g->proposed, bare, c);
        return id;
    }
}

void pl_grammar__check_id(struct pl_check *c, const struct pl_ast_id *id, bool words) {
    struct pl_graph *g = c->g;
    if (!c->aloud) return;
    if (!id->s.n) {
        if (!words) return;
        struct pl_str fresh = propose(c);
        struct pl_diag *d = pl_diag(g->diags, PL_D_ID_MISSING, id->span);
        pl_diag_fix(g->diags, d, PL_FIX_SAFE, id->span, fresh, "write%.*s", PL_STR_ARG(fresh));
        return;
    }
    struct pl_span *here = PL_NEW(g->arena, struct pl_span);
    *here = id->span;
    struct pl_span *first = pl_map_get(&g->ids, id->s);
    if (!first) {
        pl_map_put(&g->ids, id->s, here);
        return;
    }
    struct pl_diag *d = pl_diag1(g->diags, PL_D_ID_TWICE, id->span, id->s);
    struct pl_str fresh = propose(c);
    fresh = (struct pl_str){fresh.p + 1, fresh.n - 1};
    pl_diag_note(g->diags, d, *first, "first written here");
    pl_diag_fix(g->diags, d, PL_FIX_UNSAFE, id->span, fresh, "write %.*s", PL_STR_ARG(fresh));
}

void pl_grammar__check_label(struct pl_check *c, const struct pl_ast_text *label) {
    struct pl_graph *g = c->g;
    size_t n = 0;
    for (size_t i = 0; i < label->pieces.n; i++)
        if (label->pieces.v[i].kind != PL_PIECE_TEXT) return; /* known only when it is said */
    if (g->host->graphemes)
        n = g->host->graphemes(g->host->ctx, label->s);
    else
        for (size_t at = 0; at < label->s.n; n++) pl_utf8_next(label->s, &at);
    if (n > LABEL_MOST)
        pl_diag1(g->diags, PL_D_QUICK_REPLY, label->span, pl_grammar__str(g, "%zu", n));
}

/* ---- conditions and loops ---- */

void pl_grammar__assume(struct pl_check *c, struct pl_ast_expr *cond, bool truth) {
    if (!cond) return;
    struct pl_tx *x = pl_grammar__condition(&c->where, cond);
    struct pl_known k = pl_grammar__known_copy(c->g, &c->now.known);
    pl_grammar__narrow(c->g, &k, x, truth);
    c->now.known = k;
}

struct pl_type pl_grammar__check_each(struct pl_check *c, const struct pl_ast_each *e) {
    struct pl_graph *g = c->g;
    struct pl_tx *list = pl_grammar__expr(&c->where, e->list, NULL);
    int64_t most = e->most.n.scale ? 0 : e->most.n.m;
    if (most < 1 || most > 50)
        pl_diag2(g->diags, PL_D_MOST, e->most.span, pl_span_text(g->input->sources, e->most.span),
                 PL_STR("50"));
    if (list->kind == PL_TX_BAD) return pl_grammar__kind(PL_KIND_NONE);
    if (list->type.kind != PL_KIND_LIST) {
        pl_diag1(g->diags, PL_D_NOT_LIST, list->span, pl_grammar__type_name(g, list->type));
        return pl_grammar__kind(PL_KIND_NONE);
    }
    struct pl_known k = pl_grammar__known_copy(g, &c->now.known);
    uint32_t path = pl_grammar__path(g, e->var.s);
    pl_grammar__known_drop(g, &k, path);
    pl_grammar__known_add(g, &k, path);
    c->now.known = k;
    return pl_grammar__item(g, list->type);
}

/* ---- parts ---- */

static void check_place(struct pl_check *c, const struct pl_ast_path *path, const char *what) {
    struct pl_tx *x = pl_grammar__path_expr(&c->where, path);
    if (x->kind == PL_TX_BAD) return;
    enum pl_kind k = pl_grammar__base(c->g, x->type);
    if (k != PL_KIND_URL && k != PL_KIND_FILE && k != PL_KIND_TEXT)
        pl_diag2(c->g->diags, PL_D_TYPE, path->span, pl_str_c(what),
                 pl_grammar__type_name(c->g, x->type));
    else if (pl_grammar__expect(&c->where, x, pl_grammar__kind(k)))
        pl_grammar__check_shown(&c->where, x, path->span);
}

void pl_grammar__check_target(struct pl_check *c, const struct pl_ast_target *t) {
    struct pl_graph *g = c->g;
    if (t->kind == PL_TARGET_OPEN) check_place(c, &t->open, "url");
    if (t->kind != PL_TARGET_FLOW) return;
    uint32_t slot = c->flow ? pl_grammar__slot(&c->flow->slots, t->flow.s) : PL_NOWHERE;
    if (slot != PL_NOWHERE && c->flow->slots.v[slot].type.kind == PL_KIND_FLOW) return;
    struct pl_symbol *flow = pl_grammar__need(g, &g->flows, t->flow.s, t->flow.span);
    if (flow) pl_grammar__check_args(c, flow->name, &t->args, &flow->decl->flow.params, t->span);
}

static void check_steps(struct pl_check *c, const struct pl_ast_lines *lines) {
    for (size_t i = 0; i < lines->n; i++) pl_grammar__check_line(c, &lines->v[i]);
}

static bool text_words(const struct pl_ast_text *t) {
    return t && pl_grammar__has_words(t);
}

static void check_part(struct pl_check *c, const struct pl_ast_part *p) {
    switch (p->kind) {
    case PL_PART_IMAGE:
        check_place(c, &p->image.path, "url");
        if (p->image.alt) pl_grammar__check_text(&c->where, p->image.alt);
        pl_grammar__check_id(c, &p->id, text_words(p->image.alt));
        break;
    case PL_PART_FACT:
        pl_grammar__check_text(&c->where, p->fact.label);
        pl_grammar__check_text(&c->where, p->fact.value);
        pl_grammar__check_id(c, &p->id, text_words(p->fact.label) || text_words(p->fact.value));
        break;
    case PL_PART_BUTTON:
    case PL_PART_LINK:
        pl_grammar__check_text(&c->where, p->button.label);
        pl_grammar__check_label(c, p->button.label);
        pl_grammar__check_target(c, &p->button.target);
        pl_grammar__check_id(c, &p->id, text_words(p->button.label));
        break;
    case PL_PART_FILE: check_place(c, &p->file, "file"); break;
    case PL_PART_STEPS: check_steps(c, &p->steps); break;
    case PL_PART_CARD: pl_grammar__check_parts(c, &p->card); break;
    case PL_PART_CARDS:
    case PL_PART_EACH:
        pl_grammar__check_each(c, &p->each.each);
        pl_grammar__check_parts(c, &p->each.parts);
        break;
    case PL_PART_TITLE:
    case PL_PART_TEXT:
        pl_grammar__check_text(&c->where, p->text);
        pl_grammar__check_id(c, &p->id, text_words(p->text));
        break;
    }
}

void pl_grammar__check_parts(struct pl_check *c, const struct pl_ast_parts *parts) {
    for (size_t i = 0; i < parts->n; i++) {
        struct pl_known before = c->now.known;
        pl_grammar__assume(c, parts->v[i]->cond, true);
        check_part(c, parts->v[i]);
        c->now.known = before;
    }
}

/* ---- lines ---- */

void pl_grammar__check_line(struct pl_check *c, const struct pl_ast_line *line) {
    struct pl_known before = c->now.known;
    pl_grammar__assume(c, line->cond, true);
    pl_grammar__check_text(&c->where, line->text);
    pl_grammar__check_id(c, &line->id, pl_grammar__has_words(line->text));
    c->now.known = before;
}

void pl_grammar__check_say(struct pl_check *c, const struct pl_ast_say *say) {
    pl_grammar__check_line(c, &say->line);
    struct pl_known before = c->now.known;
    pl_grammar__mute(c->g); /* the condition was checked with its line */
    pl_grammar__assume(c, say->line.cond, true);
    if (c->aloud) pl_grammar__speak(c->g);
    pl_grammar__check_parts(c, &say->parts);
    c->now.known = before;
}

void pl_grammar__check_prompt(struct pl_check *c, const struct pl_ast_prompt *p) {
    for (size_t i = 0; i < p->says.n; i++) pl_grammar__check_say(c, &p->says.v[i]);
}
