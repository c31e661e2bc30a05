/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks in phrases: what stands for a value, which slot it fills, and how the recognisers are told
 * (runtime/nlp/nlp.h: ⟨slot:entity⟩). */
#include "grammar/check_priv.h"
#include "grammar/flowgraph.h"

#define OPEN  "\xe2\x9f\xa8"
#define CLOSE "\xe2\x9f\xa9"

static struct pl_str slot_name(const struct pl_ast_piece *mark) {
    return mark->slot.n ? mark->slot.s : mark->entity.s;
}

bool pl_grammar__has_marks(const struct pl_ast_text *t) {
    for (size_t i = 0; i < t->pieces.n; i++)
        if (t->pieces.v[i].kind == PL_PIECE_MARK) return true;
    return false;
}

/* The signs that marks are written with mean nothing else. */
static void put_words(struct pl_buf *b, struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        struct pl_str rest = {s.p + i, s.n - i};
        bool sign = pl_str_starts(rest, PL_STR(OPEN)) || pl_str_starts(rest, PL_STR(CLOSE));
        pl_buf_byte(b, sign ? ' ' : (uint8_t)s.p[i]);
        if (sign) i += 2;
    }
}

struct pl_str pl_grammar__marked(struct pl_graph *g, const struct pl_ast_text *t, bool slots) {
    struct pl_buf b = {0};
    for (size_t i = 0; i < t->pieces.n; i++) {
        const struct pl_ast_piece *p = &t->pieces.v[i];
        if (p->kind != PL_PIECE_MARK)
            put_words(&b, p->text);
        else if (slots)
            pl_buf_printf(&b, OPEN "%.*s:%.*s" CLOSE, PL_STR_ARG(slot_name(p)),
                          PL_STR_ARG(p->entity.s));
        else
            pl_buf_printf(&b, OPEN "%.*s" CLOSE, PL_STR_ARG(p->entity.s));
    }
    struct pl_str s = pl_arena_str(g->arena, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

/* ---- which intents need them ---- */

/* Values of the other kinds fill their slot without a mark. */
static bool only_by_mark(enum pl_kind kind) {
    return kind != PL_KIND_ENTITY && kind != PL_KIND_ENUM && kind != PL_KIND_EMAIL &&
           kind != PL_KIND_PHONE;
}

static bool list_names_slots(struct pl_graph *g, const struct pl_ast_phrase_list *list) {
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->v[i].texts.n; k++)
            for (size_t n = 0; n < list->v[i].texts.v[k]->pieces.n; n++) {
                const struct pl_ast_piece *p = &list->v[i].texts.v[k]->pieces.v[n];
                if (p->kind != PL_PIECE_MARK) continue;
                if (p->slot.n ||
                    only_by_mark((enum pl_kind)pl_grammar__type_named(g, p->entity.s).kind))
                    return true;
            }
    return false;
}

bool pl_grammar__names_slots(struct pl_graph *g, const struct pl_symbol *intent) {
    bool named = list_names_slots(g, &intent->decl->intent);
    for (size_t i = 0; i < intent->more.n && !named; i++)
        named = list_names_slots(g, &intent->more.v[i]->intent);
    return named;
}

/* ---- the slot ---- */

static const struct pl_ast_path *asked(const struct pl_fnode *n) {
    bool ask = n->kind == PL_FNODE_STMT && n->stmt->kind == PL_STMT_ASK;
    return ask ? &n->stmt->ask.slot : NULL;
}

/* The question of the flow that the name means: of a local slot, else of one of the scopes. */
static const struct pl_ast_path *question(const struct pl_graph *g, const struct pl_graph_flow *f,
                                          struct pl_str name) {
    const struct pl_ast_path *found = NULL;
    for (size_t i = 0; i < g->flowgraph->nodes.n; i++) {
        const struct pl_fnode *n = &g->flowgraph->nodes.v[i];
        const struct pl_ast_path *p = asked(n);
        if (!p || !p->n || &g->flow.v[n->flow] != f) continue;
        if (pl_str_eq(p->s, name)) return p;
        if (p->n > 1 && pl_str_eq(p->part[p->n - 1].s, name)) found = p;
    }
    return found;
}

static void report_no_slot(struct pl_graph *g, const struct pl_ast_piece *p,
                           const struct pl_graph_flow *f) {
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, g->flowgraph->nodes.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < g->flowgraph->nodes.n; i++) {
        const struct pl_ast_path *q = asked(&g->flowgraph->nodes.v[i]);
        if (q && q->n && &g->flow.v[g->flowgraph->nodes.v[i].flow] == f) names[n++] = q->s;
    }
    struct pl_diag *d =
        pl_diag2(g->diags, PL_D_MARKED_SLOT, p->slot.span, p->slot.s, f->decl->name.s);
    pl_diag_nearest(g->diags, d, p->slot.span, p->slot.s, names, n);
}

static bool takes(const struct pl_graph *g, struct pl_type slot, struct pl_type mark) {
    if (slot.kind == PL_KIND_NONE) return true;
    if (slot.kind == PL_KIND_LIST) slot = pl_grammar__item(g, slot);
    if (pl_grammar__same(g, mark, slot)) return true;
    return mark.kind == PL_KIND_ENTITY && pl_grammar__base(g, mark) == (enum pl_kind)slot.kind &&
           slot.kind != PL_KIND_ENUM;
}

static void check_slot(struct pl_graph *g, const struct pl_ast_piece *p, struct pl_type mark,
                       struct pl_graph_flow *f, const struct pl_ast_path *ask) {
    size_t parts;
    uint32_t ref = pl_grammar__slot_ref(g, f, ask, &parts);
    if (ref == PL_NOWHERE) return;
    struct pl_type slot = pl_grammar__slot_at(g, f, ref)->type;
    if (slot.quals & PL_SECRET)
        pl_diag1(g->diags, PL_D_MARKED_SECRET, p->span, ask->s);
    else if (!takes(g, slot, mark))
        pl_diag3(g->diags, PL_D_MARKED_TYPE, p->entity.span, ask->s, pl_grammar__type_name(g, slot),
                 pl_grammar__type_name(g, mark));
}

/* A flow that one of several takes the phrase for has the slot: the others ask for nothing such. */
static void check_question(struct pl_graph *g, const struct pl_ast_piece *p, struct pl_type mark,
                           const struct pl_phrase_flows *flows) {
    bool found = false;
    for (size_t i = 0; i < flows->n; i++) {
        const struct pl_ast_path *ask = question(g, flows->v[i], slot_name(p));
        if (ask) check_slot(g, p, mark, flows->v[i], ask);
        found |= ask != NULL;
    }
    if (!found && p->slot.n && flows->n) report_no_slot(g, p, flows->v[0]);
}

/* ---- one mark, one phrase ---- */

/* The words of the message themselves are its value. */
static bool is_words(struct pl_graph *g, const struct pl_ast_piece *p) {
    uint8_t kind = pl_grammar__type_named(g, p->entity.s).kind;
    return kind == PL_KIND_TEXT || kind == PL_KIND_BOOL;
}

static void check_mark(struct pl_graph *g, const struct pl_ast_piece *p,
                       const struct pl_phrase_flows *flows) {
    struct pl_type t = pl_grammar__type_named(g, p->entity.s);
    if (t.kind == PL_KIND_NONE)
        pl_grammar__need(g, &g->entities, p->entity.s, p->entity.span);
    else if (t.kind == PL_KIND_FILE || t.kind == PL_KIND_CARD || t.kind == PL_KIND_RECORD ||
             t.kind >= PL_KIND_FLOW)
        pl_diag1(g->diags, PL_D_MARKED_KIND, p->entity.span, p->entity.s);
    else
        check_question(g, p, t, flows);
}

static bool has_word(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if ((uint8_t)c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))
            return true;
    }
    return false;
}

/* What stands beside piece i on one side: a word, a value, or other marks for words. */
struct beside {
    bool anchor, words;
};

static struct beside look_beside(struct pl_graph *g, const struct pl_ast_pieces *v, size_t i,
                                 size_t step) {
    struct beside b = {0};
    for (i += step; i < v->n; i += step) { /* below 0 wraps to what is not there */
        const struct pl_ast_piece *p = &v->v[i];
        if (p->kind != PL_PIECE_MARK && !has_word(p->text)) continue;
        b.words = p->kind == PL_PIECE_MARK && is_words(g, p);
        b.anchor = !b.words;
        break;
    }
    return b;
}

static void check_alone(struct pl_graph *g, const struct pl_ast_pieces *v, size_t i) {
    struct beside before = look_beside(g, v, i, SIZE_MAX), after = look_beside(g, v, i, 1);
    if ((!before.anchor && !after.anchor) || before.words || after.words)
        pl_diag1(g->diags, PL_D_MARKED_ALONE, v->v[i].span, v->v[i].entity.s);
}

static void check_twice(struct pl_graph *g, const struct pl_ast_pieces *v, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (v->v[k].kind != PL_PIECE_MARK || !pl_str_eq(slot_name(&v->v[k]), slot_name(&v->v[i])))
            continue;
        struct pl_diag *d =
            pl_diag1(g->diags, PL_D_MARKED_TWICE, v->v[i].span, slot_name(&v->v[i]));
        pl_diag_note(g->diags, d, v->v[k].span, "the first one is here");
        return;
    }
}

void pl_grammar__check_marks(struct pl_graph *g, const struct pl_ast_phrase_list *list, bool slots,
                             const struct pl_phrase_flows *flows) {
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->v[i].texts.n; k++) {
            const struct pl_ast_pieces *v = &list->v[i].texts.v[k]->pieces;
            for (size_t n = 0; n < v->n; n++) {
                if (v->v[n].kind != PL_PIECE_MARK) continue;
                check_mark(g, &v->v[n], flows);
                if (is_words(g, &v->v[n])) check_alone(g, v, n);
                if (slots) check_twice(g, v, n);
            }
        }
}

void pl_grammar__check_says(struct pl_graph *g, const struct pl_ast_phrase_list *says,
                            struct pl_graph_flow *f) {
    struct pl_phrase_flows flows = {0};
    if (f) PL_AST_ADD(g->arena, &flows, f);
    pl_grammar__check_marks(g, says, true, &flows);
}

/* The flows that the intent begins. */
void pl_grammar__check_intent_marks(struct pl_graph *g, const struct pl_symbol *intent) {
    struct pl_phrase_flows flows = {0};
    bool slots = pl_grammar__names_slots(g, intent);
    for (size_t i = 0; slots && i < g->flow.n; i++) {
        const struct pl_ast_flow *a = &g->flow.v[i].decl->flow;
        for (size_t k = 0; k < a->triggers.n; k++)
            if (a->triggers.v[k].kind == PL_TRIGGER_INTENT &&
                pl_str_eq(a->triggers.v[k].intent.s, intent->name)) {
                PL_AST_ADD(g->arena, &flows, &g->flow.v[i]);
                break;
            }
    }
    pl_grammar__check_marks(g, &intent->decl->intent, slots, &flows);
    for (size_t k = 0; k < intent->more.n; k++)
        pl_grammar__check_marks(g, &intent->more.v[k]->intent, slots, &flows);
}

void pl_grammar__check_unmarked(struct pl_graph *g, const struct pl_ast_phrases *line) {
    for (size_t i = 0; i < line->texts.n; i++)
        for (size_t k = 0; k < line->texts.v[i]->pieces.n; k++) {
            const struct pl_ast_piece *p = &line->texts.v[i]->pieces.v[k];
            if (p->kind == PL_PIECE_MARK) pl_diag(g->diags, PL_D_MARKED_PLACE, p->span);
        }
}
