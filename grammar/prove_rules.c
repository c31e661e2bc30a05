/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules that never fire, always fire, or are never first.
 *
 * A rule's `when` lines are read one after the other in the light of those before (assume.h). A
 * rule is never first when an earlier one, of the same or a higher priority, hands over `now`
 * whenever this one holds: each of its lines is told true by this one's, and the words of its
 * `mentions` are among the words of that one's. An `offer` hides nothing: once declined it stays
 * silent.
 *
 * A rule wins over a flow when it hands over by words, or by an intent, alone, and an example of
 * the intent that starts the flow has those words (whole words; folded and stemmed when the host
 * can), or is that intent. Flows of the prelude are left out: they are what such rules are for. */
#include "grammar/assume.h"
#include "grammar/flowgraph.h"

struct rules {
    struct pl_graph *g;
    struct pl_assumed known;
    struct pl_map phrases; /* first word of a phrase, "en word" -> struct phrase */
};

/* ---- reading ---- */

static struct pl_tx *typed(struct rules *r, struct pl_ast_expr *e) {
    struct pl_known none = {0};
    struct pl_where w = {.g = r->g, .known = &none};
    pl_grammar__mute(r->g);
    struct pl_tx *x = pl_grammar__condition(&w, e);
    pl_grammar__speak(r->g);
    return x;
}

static void because(struct rules *r, struct pl_diag *d) {
    struct pl_span at = r->known.because;
    if (at.end <= at.start) return;
    pl_diag_note(r->g->diags, d, at, "decided by this: %.*s",
                 PL_STR_ARG(pl_grammar__words_at(r->g, at)));
}

/* Gives whether it may hold. */
static bool check_alone(struct rules *r, const struct pl_symbol *s) {
    const struct pl_ast_rule *rule = &s->decl->rule;
    size_t mark = r->known.v.n;
    bool always = true, never = false;
    for (size_t i = 0; i < rule->whens.n; i++) {
        const struct pl_ast_when *when = &rule->whens.v[i];
        if (!when->expr) {
            always = false;
            continue;
        }
        struct pl_tx *x = typed(r, when->expr);
        enum pl_truth t = pl_grammar__read(&r->known, x);
        always = always && t == PL_TRUE;
        if (t == PL_FALSE) {
            because(r, pl_diag1(r->g->diags, PL_D_RULE_NEVER, when->expr->span, s->name));
            always = false;
            never = true;
        }
        pl_grammar__suppose(&r->known, x, true);
    }
    r->known.v.n = mark;
    if (always && rule->whens.n)
        pl_diag1(r->g->diags, PL_D_RULE_ALWAYS, s->decl->name.span, s->name);
    return !never;
}

/* ---- one before the other ---- */

static int rank(const struct pl_ast_rule *r) {
    static const char *const names[] = {"low", "medium", "high", "critical"};
    for (int i = 0; i < (int)PL_LEN(names); i++)
        if (pl_str_is(r->handoff.priority.s, names[i])) return i;
    return 1;
}

static bool has_phrase(const struct pl_ast_when *w, struct pl_str lang, struct pl_str text) {
    for (size_t i = 0; i < w->mentions.n; i++)
        for (size_t k = 0; k < w->mentions.v[i].texts.n; k++)
            if (pl_str_eq(w->mentions.v[i].lang.s, lang) &&
                pl_str_eq(w->mentions.v[i].texts.v[k]->s, text))
                return true;
    return false;
}

/* Is every phrase of `narrow` one of `wide`? */
static bool mentions_in(const struct pl_ast_when *narrow, const struct pl_ast_when *wide) {
    for (size_t i = 0; i < narrow->mentions.n; i++)
        for (size_t k = 0; k < narrow->mentions.v[i].texts.n; k++)
            if (!has_phrase(wide, narrow->mentions.v[i].lang.s,
                            narrow->mentions.v[i].texts.v[k]->s))
                return false;
    return narrow->mentions.n > 0;
}

/* With `rule` supposed: does the line of the other hold as well? */
static bool told(struct rules *r, const struct pl_ast_when *line, const struct pl_ast_rule *rule) {
    if (line->expr) return pl_grammar__read(&r->known, typed(r, line->expr)) == PL_TRUE;
    for (size_t i = 0; i < rule->whens.n; i++)
        if (!rule->whens.v[i].expr && mentions_in(&rule->whens.v[i], line)) return true;
    return false;
}

static bool comes_first(const struct pl_symbol *other, const struct pl_symbol *s) {
    const struct pl_ast_rule *a = &other->decl->rule, *b = &s->decl->rule;
    if (a->route || a->handoff.mode == PL_AST_HANDOFF_OFFER || other == s) return false;
    return rank(a) > rank(b) || (rank(a) == rank(b) && other->index < s->index);
}

static void check_hidden(struct rules *r, const struct pl_symbol *s) {
    const struct pl_ast_rule *rule = &s->decl->rule;
    size_t mark = r->known.v.n;
    if (rule->route) return;
    for (size_t i = 0; i < rule->whens.n; i++)
        if (rule->whens.v[i].expr)
            pl_grammar__suppose(&r->known, typed(r, rule->whens.v[i].expr), true);
    for (size_t i = 0; i < r->g->rules.n; i++) {
        const struct pl_symbol *other = r->g->rules.v[i];
        const struct pl_ast_rule *first = &other->decl->rule;
        bool all = comes_first(other, s) && first->whens.n;
        for (size_t k = 0; k < first->whens.n && all; k++) all = told(r, &first->whens.v[k], rule);
        if (!all) continue;
        struct pl_diag *d =
            pl_diag2(r->g->diags, PL_D_RULE_HIDDEN, s->decl->name.span, s->name, other->name);
        pl_diag_note(r->g->diags, d, other->decl->name.span, "this one comes first");
        break;
    }
    r->known.v.n = mark;
}

/* ---- rules and flows ---- */

struct phrase {
    const struct pl_symbol *rule;
    const struct pl_ast_text *text;
    struct pl_str words; /* folded, stemmed, one blank between and around them */
    struct phrase *next;
};

static struct pl_str lang_of(struct pl_str s) {
    size_t dash = pl_str_find(s, PL_STR("-"));
    return (struct pl_str){s.p, dash == SIZE_MAX ? s.n : dash};
}

/* " word word " in the form in which words are compared. */
static struct pl_str words_of(struct pl_graph *g, struct pl_str lang, struct pl_str text) {
    struct pl_str folded = text;
    if (g->host->stems)
        folded = g->host->stems(g->host->ctx, g->arena, lang_of(lang), text);
    else if (g->host->fold)
        folded = g->host->fold(g->host->ctx, g->arena, text);
    return pl_grammar__str(g, " %.*s ", PL_STR_ARG(folded));
}

static struct pl_str first_word(struct pl_graph *g, struct pl_str lang, struct pl_str words,
                                size_t at) {
    size_t to = at;
    while (to < words.n && words.p[to] != ' ') to++;
    return pl_grammar__str(g, "%.*s %.*s", PL_STR_ARG(lang_of(lang)), (int)(to - at), words.p + at);
}

static void note_phrases(struct rules *r, const struct pl_symbol *s) {
    const struct pl_ast_rule *rule = &s->decl->rule;
    if (rule->route || rule->whens.n != 1 || rule->whens.v[0].expr) return;
    const struct pl_ast_phrase_list *list = &rule->whens.v[0].mentions;
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->v[i].texts.n; k++) {
            struct phrase *p = PL_NEW(r->g->arena, struct phrase);
            p->rule = s;
            p->text = list->v[i].texts.v[k];
            p->words = words_of(r->g, list->v[i].lang.s, p->text->s);
            struct pl_str key = first_word(r->g, list->v[i].lang.s, p->words, 1);
            p->next = pl_map_put(&r->phrases, key, p);
        }
}

/* The phrase that the example has, or NULL. */
static const struct phrase *phrase_in(struct rules *r, struct pl_str lang, struct pl_str words) {
    for (size_t at = 1; at < words.n; at++) {
        if (words.p[at - 1] != ' ') continue;
        const struct phrase *p = pl_map_get(&r->phrases, first_word(r->g, lang, words, at));
        struct pl_str rest = {words.p + at - 1, words.n - at + 1};
        for (; p; p = p->next)
            if (pl_str_starts(rest, p->words)) return p;
    }
    return NULL;
}

static bool check_examples(struct rules *r, const struct pl_ast_phrase_list *list,
                           const struct pl_ast_decl *flow) {
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->v[i].texts.n; k++) {
            const struct pl_ast_text *t = list->v[i].texts.v[k];
            const struct phrase *p =
                phrase_in(r, list->v[i].lang.s, words_of(r->g, list->v[i].lang.s, t->s));
            if (!p) continue;
            struct pl_diag *d =
                pl_diag2(r->g->diags, PL_D_RULE_WINS, p->text->span, p->rule->name, flow->name.s);
            pl_diag_note(r->g->diags, d, t->span,
                         "an example that starts the flow has these words");
            return true;
        }
    return false;
}

/* The rule that hands over by this intent alone, or NULL. */
static const struct pl_symbol *rule_by_intent(struct rules *r, struct pl_str intent) {
    for (size_t i = 0; i < r->g->rules.n; i++) {
        const struct pl_ast_rule *rule = &r->g->rules.v[i]->decl->rule;
        if (rule->route || rule->whens.n != 1 || !rule->whens.v[0].expr) continue;
        const struct pl_tx *x = typed(r, rule->whens.v[0].expr);
        if (x->kind == PL_TX_BINARY && x->op == PL_OP_EQ && x->a->kind == PL_TX_FACT &&
            x->a->ref == PL_FACT_INTENT && x->b->kind == PL_TX_CONST &&
            pl_str_eq(x->b->value.e.member, intent))
            return r->g->rules.v[i];
    }
    return NULL;
}

static void check_trigger(struct rules *r, const struct pl_ast_decl *flow,
                          const struct pl_ast_trigger *t) {
    struct pl_symbol *intent = pl_grammar__find(&r->g->intents, t->intent.s);
    if (t->kind != PL_TRIGGER_INTENT || !intent) return;
    const struct pl_symbol *rule = rule_by_intent(r, t->intent.s);
    if (rule) {
        struct pl_diag *d = pl_diag2(r->g->diags, PL_D_RULE_WINS, rule->decl->rule.whens.v[0].span,
                                     rule->name, flow->name.s);
        pl_diag_note(r->g->diags, d, t->span, "the same intent starts the flow");
        return;
    }
    bool told_once = check_examples(r, &intent->decl->intent, flow);
    for (size_t i = 0; i < intent->more.n && !told_once; i++)
        told_once = check_examples(r, &intent->more.v[i]->intent, flow);
}

void pl_grammar__prove_rules(struct pl_graph *g) {
    struct rules r = {.g = g};
    if (!g->rules.n) return;
    pl_grammar__assumed_init(&r.known, g);
    for (size_t i = 0; i < g->rules.n; i++) {
        if (check_alone(&r, g->rules.v[i])) check_hidden(&r, g->rules.v[i]);
        note_phrases(&r, g->rules.v[i]);
    }
    for (size_t i = 0; i < g->flow.n; i++) {
        const struct pl_ast_decl *flow = g->flow.v[i].decl;
        for (size_t k = 0; k < flow->flow.triggers.n && !g->flow.v[i].prelude; k++)
            check_trigger(&r, flow, &flow->flow.triggers.v[k]);
    }
    pl_map_free(&r.phrases);
}
