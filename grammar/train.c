/* SPDX-License-Identifier: Apache-2.0
 *
 * What the recognisers are made from. Labels of members are words for them, in every locale. */
#include "grammar/graph.h"

#define CONFUSIONS_MOST 50

static struct pl_str language(struct pl_str locale) {
    size_t dash = pl_str_find(locale, PL_STR("-"));
    return (struct pl_str){locale.p, dash == SIZE_MAX ? locale.n : dash};
}

struct examples {
    PL_AST_LIST(struct pl_grammar_example);
};
struct spans {
    PL_AST_LIST(struct pl_span);
};

static void add_examples(struct pl_graph *g, struct examples *to, struct spans *at, uint32_t intent,
                         const struct pl_ast_phrase_list *lines, bool slots) {
    for (size_t i = 0; i < lines->n; i++)
        for (size_t k = 0; k < lines->v[i].texts.n; k++) {
            struct pl_grammar_example e = {.intent = intent, .lang = lines->v[i].lang.s};
            e.text = pl_grammar__marked(g, lines->v[i].texts.v[k], slots);
            PL_AST_ADD(g->arena, to, e);
            PL_AST_ADD(g->arena, at, lines->v[i].texts.v[k]->span);
        }
}

static void gather_intents(struct pl_graph *g, struct pl_grammar_training *t, struct spans *at) {
    struct examples all = {0};
    for (uint32_t i = 0; i < g->intents.n; i++) {
        const struct pl_symbol *s = g->intents.v[i];
        bool slots = pl_grammar__names_slots(g, s);
        add_examples(g, &all, at, i, &s->decl->intent, slots);
        for (size_t k = 0; k < s->more.n; k++)
            add_examples(g, &all, at, i, &s->more.v[k]->intent, slots);
    }
    t->examples = all.v;
    t->nexamples = (uint32_t)all.n;
}

/* ---- entities ---- */

struct synonyms {
    PL_AST_LIST(struct pl_grammar_synonym);
};
struct phrases {
    PL_AST_LIST(struct pl_grammar_phrase);
};

static void add_members(struct pl_graph *g, struct synonyms *to, const struct pl_ast_members *m) {
    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < m->v[i].phrases.n; k++) {
            const struct pl_ast_phrases *line = &m->v[i].phrases.v[k];
            for (size_t t = 0; t < line->texts.n; t++) {
                struct pl_grammar_synonym s = {m->v[i].name.s, line->lang.s, line->texts.v[t]->s};
                PL_AST_ADD(g->arena, to, s);
            }
        }
}

/* The plain text of message code that is one literal, else nothing. */
static struct pl_str literal(struct pl_str code) {
    struct pl_reader r = pl_reader_of(code);
    if (!code.n || pl_read_u8(&r) != PL_MSG_TEXT) return PL_STR("");
    struct pl_str s = pl_read_text(&r);
    return r.bad || pl_read_left(&r) ? PL_STR("") : s;
}

static void add_labels(struct pl_graph *g, struct synonyms *to, const struct pl_graph_def *d) {
    for (uint32_t i = 0; i < d->row.nfields; i++) {
        if (!d->fields[i].title) continue;
        const struct pl_graph_text *t = &g->texts.v[d->fields[i].title - 1];
        for (size_t l = 0; l < g->locales.n; l++) {
            struct pl_grammar_synonym s = {d->fields[i].name, language(g->locales.v[l]),
                                           literal(t->code[l])};
            if (s.text.n) PL_AST_ADD(g->arena, to, s);
        }
    }
}

static void add_after(struct pl_graph *g, struct phrases *to, const struct pl_ast_phrase_list *p) {
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->v[i].texts.n; k++) {
            struct pl_grammar_phrase one = {p->v[i].lang.s, p->v[i].texts.v[k]->s};
            PL_AST_ADD(g->arena, to, one);
        }
}

static void entity_part(struct pl_graph *g, const struct pl_ast_entity *e, struct synonyms *words,
                        struct phrases *after, struct pl_grammar_entity *out) {
    add_members(g, words, &e->members);
    add_after(g, after, &e->after);
    if (e->match.pattern.n) {
        struct pl_grammar_regex *r =
            PL_NEW_ARRAY(g->arena, struct pl_grammar_regex, (size_t)out->nregexes + 1);
        for (uint32_t i = 0; i < out->nregexes; i++) r[i] = out->regexes[i];
        r[out->nregexes++] = (struct pl_grammar_regex){e->match.pattern, e->match.flags};
        out->regexes = r;
    }
    out->upper |= pl_str_is(e->shape.s, "upper");
    out->lower |= pl_str_is(e->shape.s, "lower");
    out->from_hook |= e->from_hook.n != 0;
}

static struct pl_grammar_entity entity(struct pl_graph *g, const struct pl_graph_def *d) {
    struct pl_grammar_entity e = {.name = d->row.name, .kind = PL_KIND_ENUM};
    struct synonyms words = {0};
    struct phrases after = {0};
    if (d->row.kind == PL_KIND_ENTITY) {
        e.kind = d->row.base;
        entity_part(g, &d->symbol->decl->entity, &words, &after, &e);
        for (size_t i = 0; i < d->symbol->more.n; i++)
            entity_part(g, &d->symbol->more.v[i]->entity, &words, &after, &e);
    }
    add_labels(g, &words, d);
    e.words = words.v;
    e.nwords = (uint32_t)words.n;
    e.after = after.v;
    e.nafter = (uint32_t)after.n;
    return e;
}

static void gather_entities(struct pl_graph *g, const struct pl_program *out,
                            struct pl_grammar_training *t) {
    struct pl_grammar_entity *rows =
        PL_NEW_ARRAY(g->arena, struct pl_grammar_entity, (size_t)out->nentities + 1);
    for (uint32_t i = 0; i < out->nentities; i++)
        rows[i] = entity(g, &g->defs.v[out->entities[i].def]);
    t->entities = rows;
    t->nentities = out->nentities;
}

static void gather_mentions(struct pl_graph *g, struct pl_grammar_training *t) {
    struct pl_grammar_mention *rows =
        PL_NEW_ARRAY(g->arena, struct pl_grammar_mention, g->mentions.n + 1);
    for (size_t i = 0; i < g->mentions.n; i++) {
        const struct pl_p_mention *m = &g->mentions.v[i];
        struct pl_grammar_phrase *p = PL_NEW_ARRAY(g->arena, struct pl_grammar_phrase, m->n + 1);
        for (uint32_t k = 0; k < m->n; k++)
            p[k] = (struct pl_grammar_phrase){m->words[k].lang, m->words[k].phrase};
        rows[i] = (struct pl_grammar_mention){p, m->n};
    }
    t->mentions = rows;
    t->nmentions = (uint32_t)g->mentions.n;
}

static void gather_languages(struct pl_graph *g, struct pl_grammar_training *t) {
    struct pl_str *langs = PL_NEW_ARRAY(g->arena, struct pl_str, g->locales.n + 1);
    for (size_t i = 0; i < g->locales.n; i++) {
        struct pl_str lang = language(g->locales.v[i]);
        bool seen = false;
        for (uint32_t k = 0; k < t->nlangs; k++) seen |= pl_str_eq(langs[k], lang);
        if (!seen) langs[t->nlangs++] = lang;
    }
    t->langs = langs;
}

static void report_confusions(struct pl_graph *g, const struct pl_grammar_training *t,
                              const struct spans *at, struct pl_str section) {
    struct pl_grammar_confusion found[CONFUSIONS_MOST];
    if (!g->host->confusions) return;
    size_t n = g->host->confusions(g->host->ctx, g->arena, t, section, found, CONFUSIONS_MOST);
    for (size_t i = 0; i < n && i < CONFUSIONS_MOST; i++)
        pl_diag2(g->diags, PL_D_CONFUSED, at->v[found[i].example],
                 t->intents[t->examples[found[i].example].intent], t->intents[found[i].intent]);
}

static void add_model(struct pl_graph *g, const struct pl_grammar_training *t,
                      const struct spans *at) {
    struct pl_buf section = {0};
    struct pl_str why = PL_STR("");
    if (g->host->train(g->host->ctx, g->arena, t, &section, &why)) {
        struct pl_p_section s = {PL_STR("nlp.model"),
                                 pl_arena_str(g->arena, pl_buf_slice(&section))};
        PL_AST_ADD(g->arena, &g->sections, s);
        report_confusions(g, t, at, s.bytes);
    } else {
        pl_diag1(g->diags, PL_D_TRAINING, g->assistant->head, why);
    }
    pl_buf_free(&section);
}

void pl_grammar__knowledge(struct pl_graph *g, bool whole) {
    struct pl_buf section = {0};
    if (!g->host->knowledge) return;
    g->host->knowledge(g->host->ctx, g->arena, g->locales.v, (uint32_t)g->locales.n, g->said,
                       whole ? &section : NULL);
    if (section.n) {
        struct pl_p_section s = {PL_STR("kb.index"),
                                 pl_arena_str(g->arena, pl_buf_slice(&section))};
        PL_AST_ADD(g->arena, &g->sections, s);
    }
    pl_buf_free(&section);
}

void pl_grammar__train(struct pl_graph *g, const struct pl_program *out) {
    struct pl_grammar_training t = {.intents = out->intents, .nintents = out->nintents};
    struct spans at = {0};
    if (!g->host->train) return;
    gather_languages(g, &t);
    gather_intents(g, &t, &at);
    gather_entities(g, out, &t);
    gather_mentions(g, &t);
    t.matches = g->written.v;
    t.nmatches = (uint32_t)g->written.n;
    add_model(g, &t, &at);
}
