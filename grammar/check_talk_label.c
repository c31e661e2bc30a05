/* SPDX-License-Identifier: Apache-2.0
 *
 * What a customer taps in a talk: quick replies and buttons by their words. A label may be made of
 * values, so what is compared is what the program could write. */
#include "grammar/check_priv.h"

/* Texts that came with the talk: what a label without words of its own can be made of. */
static bool brought_by(const struct pl_ast_expr *e, struct pl_str label) {
    if (e->kind == PL_EXPR_TEXT) return e->text->s.n && pl_str_find(label, e->text->s) != SIZE_MAX;
    for (size_t i = 0; e->kind == PL_EXPR_LIST && i < e->list.n; i++)
        if (brought_by(e->list.v[i], label)) return true;
    for (size_t i = 0; e->kind == PL_EXPR_RECORD && i < e->record.n; i++)
        if (brought_by(e->record.v[i].value, label)) return true;
    return false;
}

static bool brought_by_talk(const struct pl_ast_talk *talk, struct pl_str label) {
    for (size_t i = 0; i < talk->plays.n; i++) {
        const struct pl_ast_play *p = &talk->plays.v[i];
        if (p->kind == PL_PLAY_HOOK && p->stub.kind == PL_STUB_VALUE &&
            brought_by(p->stub.value, label))
            return true;
        if (p->kind == PL_PLAY_USER && pl_str_find(p->text->s, label) != SIZE_MAX) return true;
    }
    return false;
}

/* By any talk: one may use another's stubs. */
static bool brought(struct pl_graph *g, struct pl_str label) {
    for (size_t i = 0; i < label.n; i++)
        if (label.p[i] >= '0' && label.p[i] <= '9') return true; /* a number, a date, a price */
    for (size_t i = 0; i < g->files.n; i++)
        for (size_t k = 0; g->files.v[i]->talk && k < g->files.v[i]->decls.n; k++)
            if (brought_by_talk(&g->files.v[i]->decls.v[k]->talk, label)) return true;
    return false;
}

static void skip_branches(struct pl_reader *r, bool select) {
    (void)pl_read_var(r);
    for (uint64_t n = pl_read_var(r); n && !r->bad; n--) {
        if (select)
            (void)pl_read_text(r);
        else
            (void)pl_read_var(r);
        (void)pl_read_text(r);
    }
}

static void skip_value(struct pl_reader *r, uint8_t op) {
    if (op == PL_MSG_PLURAL || op == PL_MSG_ORDINAL || op == PL_MSG_SELECT) {
        skip_branches(r, op == PL_MSG_SELECT);
    } else if (op == PL_MSG_ARG) {
        (void)pl_read_var(r);
        (void)pl_read_var(r);
    }
}

/* Could the message be this text, whatever its values are? */
static bool could_be(struct pl_graph *g, struct pl_str code, struct pl_str text) {
    struct pl_reader r = pl_reader_of(code);
    size_t at = 0;
    bool floating = false; /* a value may stand here */
    while (pl_read_left(&r) > 0) {
        uint8_t op = pl_read_u8(&r);
        if (op != PL_MSG_TEXT) {
            skip_value(&r, op);
            floating = true;
            continue;
        }
        struct pl_str s = pl_str_plain(g->arena, pl_read_text(&r));
        struct pl_str rest = {text.p + at, text.n - at};
        size_t found = floating && !pl_read_left(&r) && rest.n >= s.n ? rest.n - s.n
                       : floating                                     ? pl_str_find(rest, s)
                                                                      : 0;
        if (found == SIZE_MAX) return false;
        if (!pl_str_starts((struct pl_str){rest.p + found, rest.n - found}, s)) return false;
        at += found + s.n;
        floating = false;
    }
    return floating || at == text.n;
}

static bool could_be_text(struct pl_graph *g, const struct pl_graph_text *t, struct pl_str label) {
    for (size_t l = 0; l < g->locales.n; l++)
        if (t->code[l].n && could_be(g, t->code[l], label)) return true;
    return false;
}

/* A label of values alone is whatever they are: what the talk brought, what a date or a yes looks
 * like, or what Lua makes, which nobody can tell here. */
static bool made_of_values(struct pl_graph *g, const struct pl_graph_text *t, struct pl_str label) {
    for (size_t i = 0; i < t->args.n; i++) {
        enum pl_kind kind = pl_grammar__base(g, t->args.v[i].type);
        if (kind == PL_KIND_BOOL || kind == PL_KIND_DATE || kind == PL_KIND_DATETIME ||
            kind == PL_KIND_TIME || kind == PL_KIND_DURATION || kind == PL_KIND_LIST)
            return true;
    }
    for (size_t i = 0; i < g->hooks.n; i++)
        if (g->hooks.v[i]->decl->hook.effect == PL_EFFECT_PURE) return true;
    return brought(g, label);
}

/* "@id", or the words of a label as some text of the program may write them. */
void pl_grammar__talk_label(struct pl_graph *g, const struct pl_ast_text *text) {
    struct pl_str label = pl_str_plain(g->arena, text->s);
    struct pl_str *names = PL_NEW_ARRAY(g->arena, struct pl_str, g->texts.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < g->texts.n; i++) {
        const struct pl_graph_text *t = &g->texts.v[i];
        if ((t->words || !t->args.n || t->label) && could_be_text(g, t, label) &&
            (t->words || !t->args.n || made_of_values(g, t, label)))
            return;
        if (!t->args.n) names[n++] = t->source ? t->source->s : t->plain;
    }
    struct pl_span at = text->span;
    struct pl_diag *d = pl_diag1(g->diags, PL_D_LABEL_UNKNOWN, at, text->s);
    if (at.end - at.start > 2) at.start++, at.end--; /* between the quotes */
    pl_diag_nearest(g->diags, d, at, text->s, names, n);
}
