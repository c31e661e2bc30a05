/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of declarations: assistant, intents, entities, hooks, hours, queues, rules, flow heads. */
#include "grammar/check_priv.h"

#include <stdlib.h>

#define EXAMPLES_LEAST 3

static struct pl_str language(struct pl_str locale) {
    size_t dash = pl_str_find(locale, PL_STR("-"));
    return (struct pl_str){locale.p, dash == SIZE_MAX ? locale.n : dash};
}

/* ---- the assistant ---- */

static void check_locale(struct pl_graph *g, const struct pl_ast_name *name) {
    if (name->s.n && g->host->locale && !g->host->locale(g->host->ctx, name->s))
        pl_diag1(g->diags, PL_D_LOCALE_UNKNOWN, name->span, name->s);
}

static void check_zone(struct pl_graph *g, const struct pl_ast_text *zone) {
    if (zone && g->host->zone && !g->host->zone(g->host->ctx, zone->s))
        pl_diag1(g->diags, PL_D_ZONE_UNKNOWN, zone->span, zone->s);
}

static void check_assistant(struct pl_graph *g) {
    const struct pl_ast_assistant *a = &g->assistant->assistant;
    check_locale(g, &a->source);
    for (size_t i = 0; i < a->locales.n; i++) check_locale(g, &a->locales.v[i]);
    check_zone(g, a->zone);
    pl_grammar__check_plain(g, a->tone, "`tone`");
    if (!a->start.s.n) return;
    struct pl_symbol *start = pl_grammar__need(g, &g->flows, a->start.s, a->start.span);
    if (start && start->decl->flow.params.n) pl_diag(g->diags, PL_D_TRIGGER_PARAMS, a->start.span);
}

/* The flows that the runtime calls by name, with their counts of parameters. */
static void check_prelude(struct pl_graph *g) {
    static const struct {
        const char *flow;
        uint32_t params;
        bool required;
    } rows[] = {
#define PRELUDE(name, flow, params, required) {flow, params, required},
#include "runtime/program/prelude.def"
#undef PRELUDE
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_str name = pl_str_c(rows[i].flow);
        struct pl_symbol *s = pl_grammar__find(&g->flows, name);
        if (!s && rows[i].required)
            pl_diag1(g->diags, PL_D_PRELUDE_MISSING, g->assistant->head, name);
        if (!s || s->decl->flow.params.n == rows[i].params) continue;
        pl_diag3(g->diags, PL_D_PRELUDE_PARAMS, s->decl->name.span, name,
                 pl_grammar__str(g, "%zu", s->decl->flow.params.n),
                 pl_grammar__str(g, "%u", rows[i].params));
    }
}

/* ---- intents ---- */

static void check_phrases(struct pl_graph *g, const struct pl_ast_phrases *line, bool marks) {
    bool spoken = false;
    for (size_t i = 0; i < g->locales.n; i++)
        spoken |= pl_str_eq(language(g->locales.v[i]), language(line->lang.s));
    /* the prelude speaks more languages than a project needs */
    if (!spoken && !pl_grammar__in_prelude(g, line->lang.span))
        pl_diag1(g->diags, PL_D_LANGUAGE, line->lang.span, line->lang.s);
    if (!marks) pl_grammar__check_unmarked(g, line);
}

static void check_phrase_list(struct pl_graph *g, const struct pl_ast_phrase_list *list,
                              bool marks) {
    for (size_t i = 0; i < list->n; i++) check_phrases(g, &list->v[i], marks);
}

static int by_word(const void *a, const void *b) {
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

/* "=en" and the words of a text as they are compared, in the order of the alphabet. */
static struct pl_str sorted_words(struct pl_graph *g, struct pl_str lang, struct pl_str text) {
    struct pl_str words[32], all = text;
    size_t n = 0, from = 0;
    if (g->host->stems) all = g->host->stems(g->host->ctx, g->arena, lang, text);
    for (size_t at = 0; at <= all.n && n < PL_LEN(words); at++) {
        if (at < all.n && all.p[at] != ' ') continue;
        if (at > from) words[n++] = (struct pl_str){all.p + from, at - from};
        from = at + 1;
    }
    qsort(words, n, sizeof *words, by_word);
    char *out = pl_arena_raw(g->arena, lang.n + all.n + n + 2);
    size_t at = 0;
    out[at++] = '=';
    if (lang.n) memcpy(out + at, lang.p, lang.n);
    at += lang.n;
    for (size_t i = 0; i < n; i++) {
        out[at++] = ' ';
        memcpy(out + at, words[i].p, words[i].n);
        at += words[i].n;
    }
    return (struct pl_str){out, at};
}

/* In another intent, in another order or form: nothing tells the two apart. */
static void check_same_words(struct pl_graph *g, struct pl_map *seen, const struct pl_ast_text *t,
                             struct pl_str lang, struct pl_symbol *of) {
    struct pl_str key = sorted_words(g, language(lang), t->s);
    struct pl_symbol *other = pl_map_get(seen, key);
    if (!other)
        pl_map_put(seen, key, of);
    else if (other != of)
        pl_diag1(g->diags, PL_D_EXAMPLE_OVERLAP, t->span, other->name);
}

/* The same words in two intents, or twice in one, teach nothing. */
static void check_example_twice(struct pl_graph *g, struct pl_map *seen,
                                const struct pl_ast_phrase_list *list, struct pl_symbol *of) {
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->v[i].texts.n; k++) {
            const struct pl_ast_text *t = list->v[i].texts.v[k];
            struct pl_str key = t->s;
            if (g->host->fold) key = g->host->fold(g->host->ctx, g->arena, key);
            key = pl_grammar__joined(g, list->v[i].lang.s, ' ', key);
            struct pl_symbol *other = pl_map_put(seen, key, of);
            if (other)
                pl_diag1(g->diags, PL_D_EXAMPLE_TWICE, t->span, other->name);
            else
                check_same_words(g, seen, t, list->v[i].lang.s, of);
        }
}

static size_t count_examples(const struct pl_ast_phrase_list *list, struct pl_str lang) {
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        if (pl_str_eq(language(list->v[i].lang.s), lang)) n += list->v[i].texts.n;
    return n;
}

/* Examples in a language that no locale speaks: that was said already. */
static bool has_foreign(const struct pl_graph *g, const struct pl_ast_phrase_list *list) {
    for (size_t i = 0; i < list->n; i++) {
        bool spoken = false;
        for (size_t k = 0; k < g->locales.n; k++)
            spoken |= pl_str_eq(language(g->locales.v[k]), language(list->v[i].lang.s));
        if (!spoken) return true;
    }
    return false;
}

static void check_intents(struct pl_graph *g) {
    struct pl_map seen = {0};
    struct pl_str source = language(g->locales.v[0]);
    for (size_t i = 0; i < g->intents.n; i++) {
        struct pl_symbol *s = g->intents.v[i];
        size_t n = count_examples(&s->decl->intent, source);
        check_phrase_list(g, &s->decl->intent, true);
        check_example_twice(g, &seen, &s->decl->intent, s);
        for (size_t k = 0; k < s->more.n; k++) {
            check_phrase_list(g, &s->more.v[k]->intent, true);
            check_example_twice(g, &seen, &s->more.v[k]->intent, s);
            n += count_examples(&s->more.v[k]->intent, source);
        }
        pl_grammar__check_intent_marks(g, s);
        if (n < EXAMPLES_LEAST && (n || !has_foreign(g, &s->decl->intent)))
            pl_diag3(g->diags, PL_D_FEW_EXAMPLES, s->decl->name.span, s->name,
                     pl_grammar__str(g, "%zu", n), source);
    }
    pl_map_free(&seen);
}

/* ---- entities ---- */

static void check_match(struct pl_graph *g, const struct pl_ast_entity *e) {
    const struct pl_grammar_host *h = g->host;
    if (!e->match.pattern.n || !pl_grammar__check_regex(g, &e->match)) return;
    for (size_t i = 0; h->matches && i < e->examples.n; i++)
        if (!h->matches(h->ctx, e->match.pattern, e->match.flags, e->examples.v[i]->s))
            pl_diag1(g->diags, PL_D_EXAMPLE, e->examples.v[i]->span, e->examples.v[i]->s);
}

static void check_from_hook(struct pl_graph *g, const struct pl_ast_path *path) {
    if (!path->n) return;
    struct pl_symbol *hook = pl_grammar__need(g, &g->hooks, path->s, path->span);
    if (!hook || !hook->decl->hook.result) return;
    struct pl_type t = pl_grammar__type(g, hook->decl->hook.result, hook->name);
    bool texts =
        t.kind == PL_KIND_LIST && pl_grammar__base(g, pl_grammar__item(g, t)) == PL_KIND_TEXT;
    if (!texts || hook->decl->hook.params.n)
        pl_diag1(g->diags, PL_D_ENTITY_HOOK, path->span, path->s);
}

/* The function itself is looked for with those of the hooks. */
static void check_finder(struct pl_graph *g, const struct pl_ast_entity *e) {
    if (e->lua.n != 2)
        pl_diag(g->diags, PL_D_HOOK_NAME, e->lua.span);
    else if (pl_grammar__find(&g->hooks, e->lua.s))
        pl_diag1(g->diags, PL_D_FINDER_HOOK, e->lua.span, e->lua.s);
}

static void check_finder_type(struct pl_graph *g, struct pl_symbol *s,
                              const struct pl_ast_entity *e) {
    bool used = s->used; /* to ask for its type is no use of it */
    if (!e->lua.n) return;
    enum pl_kind base = pl_grammar__base(g, pl_grammar__type_named(g, s->name));
    s->used = used;
    if (base != PL_KIND_TEXT)
        pl_diag2(g->diags, PL_D_FINDER_TYPE, e->lua.span, s->name, pl_str_c(pl_kind_word(base)));
}

static void check_entity_part(struct pl_graph *g, const struct pl_ast_entity *e) {
    static const struct pl_str shapes[] = {{"upper", 5}, {"lower", 5}};
    check_match(g, e);
    check_from_hook(g, &e->from_hook);
    check_phrase_list(g, &e->after, false);
    if (e->lua.n) check_finder(g, e);
    if (e->shape.s.n && !pl_str_eq(e->shape.s, shapes[0]) && !pl_str_eq(e->shape.s, shapes[1]))
        pl_grammar__unknown(g, "shape", e->shape.s, e->shape.span, shapes, PL_LEN(shapes));
    for (size_t i = 0; i < e->members.n; i++) {
        check_phrase_list(g, &e->members.v[i].phrases, false);
    }
}

static bool recognised(const struct pl_symbol *s) {
    const struct pl_ast_entity *e = &s->decl->entity;
    bool any = e->match.pattern.n || e->from_hook.n || e->lua.n || e->members.n;
    for (size_t i = 0; i < s->more.n && !any; i++) {
        e = &s->more.v[i]->entity;
        any = e->match.pattern.n || e->from_hook.n || e->lua.n || e->members.n;
    }
    return any;
}

/* `more entity x: one of` adds words to members that are there. */
static void check_more_members(struct pl_graph *g, const struct pl_symbol *s,
                               const struct pl_ast_entity *more) {
    struct pl_type t = pl_grammar__type_named(g, s->name);
    for (size_t i = 0; i < more->members.n; i++) {
        const struct pl_ast_name *name = &more->members.v[i].name;
        if (pl_grammar__member(g, t, name->s)) continue;
        struct pl_str *names;
        size_t n = pl_grammar__names(g, t, &names);
        struct pl_diag *d = pl_diag2(g->diags, PL_D_NOT_MEMBER, name->span, name->s, s->name);
        pl_diag_nearest(g->diags, d, name->span, name->s, names, n);
    }
}

static void check_entities(struct pl_graph *g) {
    struct pl_check c = {.g = g, .where = {.g = g}, .aloud = true};
    for (size_t i = 0; i < g->entities.n; i++) {
        struct pl_symbol *s = g->entities.v[i];
        check_entity_part(g, &s->decl->entity);
        check_finder_type(g, s, &s->decl->entity);
        if (s->decl->entity.title) pl_grammar__check_line(&c, s->decl->entity.title);
        for (size_t k = 0; k < s->more.n; k++) {
            check_entity_part(g, &s->more.v[k]->entity);
            check_finder_type(g, s, &s->more.v[k]->entity);
            check_more_members(g, s, &s->more.v[k]->entity);
        }
        if (!recognised(s)) pl_diag1(g->diags, PL_D_ENTITY_EMPTY, s->decl->name.span, s->name);
    }
}

/* ---- hooks ---- */

static void effect_missing(struct pl_graph *g, const struct pl_symbol *hook) {
    static const char *const effects[] = {"effect read", "effect pure", "effect write once"};
    struct pl_diag *d = pl_diag1(g->diags, PL_D_EFFECT_MISSING, hook->decl->head, hook->name);
    for (size_t i = 0; i < PL_LEN(effects); i++)
        pl_diag_fix_below(g->diags, d, PL_FIX_UNSAFE, hook->decl->head, pl_str_c(effects[i]),
                          "add: %s", effects[i]);
}

static void check_hook(struct pl_graph *g, const struct pl_symbol *s) {
    const struct pl_ast_hook *h = &s->decl->hook;
    struct pl_check c = {.g = g, .where = {.g = g}, .aloud = true};
    if (h->path.n != 2) pl_diag(g->diags, PL_D_HOOK_NAME, h->path.span);
    if (h->title) pl_grammar__check_line(&c, h->title);
    if (h->effect == PL_EFFECT_UNSAID) effect_missing(g, s);
    if (h->effect == PL_EFFECT_WRITE_ONCE && h->cache)
        pl_diag_fix_delete(g->diags, pl_diag(g->diags, PL_D_CACHE_WRITE, h->cache->span),
                           PL_FIX_UNSAFE, h->cache->span, "delete the line");
    for (size_t i = 0; i < h->fails.n; i++)
        if (pl_str_is(h->fails.v[i].s, "unavailable") || pl_str_is(h->fails.v[i].s, "unconfirmed"))
            pl_diag1(g->diags, PL_D_FAILURE_NAME, h->fails.v[i].span, h->fails.v[i].s);
    for (size_t i = 0; i < h->params.n; i++) {
        const struct pl_ast_field *param = &h->params.v[i];
        pl_grammar__type(
            g, &param->type,
            pl_grammar__str(g, "%.*s.%.*s", PL_STR_ARG(s->name), PL_STR_ARG(param->name.s)));
        if (param->title) pl_grammar__check_line(&c, param->title);
    }
    if (h->result) pl_grammar__type(g, h->result, s->name);
}

static const struct pl_grammar_lua *lua_file(struct pl_graph *g, struct pl_str name) {
    for (size_t i = 0; i < g->input->nlua; i++)
        if (pl_str_eq(g->input->lua[i].name, name)) return &g->input->lua[i];
    return NULL;
}

static void check_lua_function(struct pl_graph *g, const struct pl_ast_path *p,
                               const struct pl_grammar_lua_names *names) {
    for (size_t i = 0; i < names->n; i++)
        if (pl_str_eq(names->v[i], p->part[1].s)) return;
    struct pl_diag *d =
        pl_diag2(g->diags, PL_D_LUA_FUNCTION, p->part[1].span,
                 pl_grammar__str(g, "%.*s.lua", PL_STR_ARG(p->part[0].s)), p->part[1].s);
    pl_diag_nearest(g->diags, d, p->part[1].span, p->part[1].s, names->v, names->n);
}

static void check_lua_path(struct pl_graph *g, const struct pl_ast_path *p,
                           const struct pl_grammar_lua_names *names) {
    if (p->n != 2) return;
    const struct pl_grammar_lua *file = lua_file(g, p->part[0].s);
    if (!file)
        pl_diag3(g->diags, PL_D_LUA_FILE, p->span, p->s, p->part[1].s, p->part[0].s);
    else if (!names[file - g->input->lua].mistake.n)
        check_lua_function(g, p, &names[file - g->input->lua]);
}

static void check_lua_paths(struct pl_graph *g, const struct pl_grammar_lua_names *names) {
    bool verifies = false; /* the prelude's hooks are for that; a project without it needs none */
    for (size_t i = 0; i < g->flow.n; i++) verifies |= g->flow.v[i].decl->flow.verified;
    for (size_t i = 0; i < g->hooks.n; i++) {
        const struct pl_ast_path *p = &g->hooks.v[i]->decl->hook.path;
        if (verifies || !pl_grammar__in_prelude(g, p->span)) check_lua_path(g, p, names);
    }
    for (size_t i = 0; i < g->entities.n; i++) {
        const struct pl_symbol *s = g->entities.v[i];
        check_lua_path(g, &s->decl->entity.lua, names);
        for (size_t k = 0; k < s->more.n; k++) check_lua_path(g, &s->more.v[k]->entity.lua, names);
    }
}

/* Each file is checked once, its functions against those that name it. */
static void check_lua(struct pl_graph *g) {
    size_t own = 0;
    for (size_t i = 0; i < g->input->nlua; i++) own += !g->input->lua[i].of_prelude;
    if (!g->host->lua || !own) return;
    struct pl_grammar_lua_names *names =
        PL_NEW_ARRAY(g->arena, struct pl_grammar_lua_names, g->input->nlua);
    for (size_t i = 0; i < g->input->nlua; i++) {
        const struct pl_grammar_lua *file = &g->input->lua[i];
        g->host->lua(g->host->ctx, g->arena, file, &names[i]);
        if (names[i].mistake.n)
            pl_diag3(g->diags, PL_D_LUA_MISTAKE, g->assistant->head, file->path,
                     pl_grammar__str(g, "%u", names[i].line), names[i].mistake);
    }
    check_lua_paths(g, names);
}

/* ---- people ---- */

/* The name in words is a title to begin with. */
static void title_missing(struct pl_graph *g, const struct pl_ast_name *name, struct pl_span head,
                          const char *what) {
    struct pl_diag *d = pl_diag2(g->diags, PL_D_TITLE_MISSING, name->span, pl_str_c(what), name->s);
    char *words = (char *)pl_grammar__str(g, "%.*s", PL_STR_ARG(name->s)).p;
    for (size_t i = 0; words[i]; i++)
        if (words[i] == '_') words[i] = ' ';
    pl_diag_fix_below(g->diags, d, PL_FIX_UNSAFE, head, pl_grammar__str(g, "title \"%s\"", words),
                      "add: title \"%s\"", words);
}

static void check_people(struct pl_graph *g) {
    struct pl_check c = {.g = g, .where = {.g = g}, .aloud = true};
    for (size_t i = 0; i < g->hours.n; i++) check_zone(g, g->hours.v[i]->decl->hours.zone);
    for (size_t i = 0; i < g->queues.n; i++) {
        const struct pl_ast_queue *q = &g->queues.v[i]->decl->queue;
        if (q->open.s.n) pl_grammar__need(g, &g->hours, q->open.s, q->open.span);
        if (q->title)
            pl_grammar__check_line(&c, q->title);
        else
            title_missing(g, &g->queues.v[i]->decl->name, g->queues.v[i]->decl->head, "queue");
    }
}

/* ---- rules and triggers ---- */

void pl_grammar__check_priority(struct pl_graph *g, const struct pl_ast_name *p) {
    static const struct pl_str levels[] = {{"low", 3}, {"medium", 6}, {"high", 4}, {"critical", 8}};
    for (size_t i = 0; i < PL_LEN(levels); i++)
        if (!p->s.n || pl_str_eq(p->s, levels[i])) return;
    struct pl_diag *d = pl_diag1(g->diags, PL_D_PRIORITY, p->span, p->s);
    pl_diag_nearest(g->diags, d, p->span, p->s, levels, PL_LEN(levels));
}

static void check_reason(struct pl_graph *g, const struct pl_ast_text *because) {
    for (size_t i = 0; because && i < because->pieces.n; i++)
        if (because->pieces.v[i].kind != PL_PIECE_TEXT)
            pl_diag(g->diags, PL_D_RULE_REASON, because->pieces.v[i].span);
}

static void check_rule(struct pl_graph *g, const struct pl_symbol *s) {
    const struct pl_ast_rule *r = &s->decl->rule;
    struct pl_known known = {0};
    struct pl_where w = {.g = g, .known = &known};
    for (size_t i = 0; i < r->whens.n; i++) {
        const struct pl_ast_when *when = &r->whens.v[i];
        if (when->expr)
            pl_grammar__narrow(g, &known, pl_grammar__condition(&w, when->expr), true);
        else if (!pl_str_is(when->path.s, "message"))
            pl_diag(g->diags, PL_D_MENTIONS_PATH, when->path.span);
        check_phrase_list(g, &when->mentions, false);
    }
    if (r->route) {
        pl_grammar__check_priority(g, &r->route_priority);
        return;
    }
    if (r->handoff.to.s.n) pl_grammar__need(g, &g->queues, r->handoff.to.s, r->handoff.to.span);
    pl_grammar__check_priority(g, &r->handoff.priority);
    check_reason(g, r->handoff.because);
    if (r->handoff.mode == PL_AST_HANDOFF_CALLBACK || r->handoff.mode == PL_AST_HANDOFF_MESSAGE)
        pl_diag(g->diags, PL_D_RULE_HANDOFF, r->handoff.span);
}

static void check_trigger(struct pl_graph *g, struct pl_graph_flow *f,
                          const struct pl_ast_trigger *t) {
    const struct pl_ast_decl *d = f->decl;
    struct pl_known known = {0};
    struct pl_where w = {.g = g, .known = &known};
    if (t->kind == PL_TRIGGER_INTENT) pl_grammar__need(g, &g->intents, t->intent.s, t->intent.span);
    if (t->kind == PL_TRIGGER_EVENT) {
        pl_grammar__check_on_event(g, f, t);
        return;
    }
    check_phrase_list(g, &t->says, true);
    pl_grammar__check_says(g, &t->says, f);
    if (t->cond) pl_grammar__condition(&w, t->cond);
    for (size_t i = 0; i < d->flow.params.n; i++)
        if (!d->flow.params.v[i].type.optional) {
            pl_diag(g->diags, PL_D_TRIGGER_PARAMS, t->span);
            break;
        }
}

struct taken {
    const struct pl_graph_flow *flow;
    const struct pl_ast_trigger *trigger;
};

/* An earlier flow takes the same whatever holds: this one never has its turn. */
static void check_shadowed(struct pl_graph *g, const struct pl_graph_flow *f,
                           const struct pl_ast_trigger *t) {
    bool intent = t->kind == PL_TRIGGER_INTENT;
    if (!intent && t->kind != PL_TRIGGER_EVENT) return;
    struct pl_str what = pl_grammar__str(g, "the %s `%.*s`", intent ? "intent" : "event",
                                         PL_STR_ARG(intent ? t->intent.s : t->event.s));
    const struct taken *first = pl_map_get(&g->taken, what);
    if (first && first->flow != f) {
        struct pl_diag *d =
            pl_diag2(g->diags, PL_D_SHADOWED, t->span, what, first->flow->decl->name.s);
        pl_diag_note(g->diags, d, first->trigger->span, "taken here");
    } else if (!first && !t->cond) {
        struct taken *mine = PL_NEW(g->arena, struct taken);
        *mine = (struct taken){f, t};
        pl_map_put(&g->taken, what, mine);
    }
}

static bool gives_bool(const struct pl_graph *g, struct pl_str flow) {
    const struct pl_symbol *s = pl_grammar__find(&g->flows, flow);
    if (!s || s->decl->flow.params.n) return false;
    struct pl_type t = g->flow.v[s->index].result;
    return t.kind == PL_KIND_BOOL && !t.optional;
}

/* What continue_interrupted calls by its title: what the customer was at when he left a question.
 */
static bool is_come_back_to(const struct pl_graph_flow *f, const struct pl_ast_trigger *t) {
    const struct pl_ast_flow *a = &f->decl->flow;
    bool starts = t->kind == PL_TRIGGER_SAYS || t->kind == PL_TRIGGER_EVENT ||
                  t->kind == PL_TRIGGER_OTHERWISE;
    return starts && f->asks && !a->resume && a->interrupt != PL_AST_INTERRUPT_NEVER;
}

static void check_head(struct pl_graph *g, struct pl_graph_flow *f) {
    const struct pl_ast_flow *a = &f->decl->flow;
    struct pl_known known = {0};
    struct pl_check c = {.g = g, .flow = f, .aloud = true};
    c.where = (struct pl_where){.g = g, .known = &known};
    if (a->verified && !gives_bool(g, PL_STR("verify_identity")))
        pl_diag(g->diags, PL_D_VERIFY_FLOW, f->decl->head);
    bool called = false;
    for (size_t i = 0; i < a->triggers.n; i++) {
        check_trigger(g, f, &a->triggers.v[i]);
        check_shadowed(g, f, &a->triggers.v[i]);
        called |=
            a->triggers.v[i].kind == PL_TRIGGER_INTENT || is_come_back_to(f, &a->triggers.v[i]);
    }
    if (a->title) pl_grammar__check_line(&c, a->title);
    if (a->resume) pl_grammar__check_line(&c, a->resume);
    if (called && !a->title && !f->prelude) title_missing(g, &f->decl->name, f->decl->head, "flow");
}

/* ---- scopes and types ---- */

/* Without a title of its own a slot is called as its entity is. */
static bool is_titled(const struct pl_graph *g, const struct pl_graph_slot *s) {
    const struct pl_symbol *entity = NULL;
    if (s->type.kind == PL_KIND_ENTITY && s->type.def < g->defs.n)
        entity = g->defs.v[s->type.def].symbol;
    return s->title || (entity && entity->decl->entity.title);
}

static void check_titles(struct pl_graph *g, struct pl_graph_slots *slots) {
    struct pl_check c = {.g = g, .where = {.g = g}, .aloud = true};
    for (size_t i = 0; i < slots->n; i++) {
        const struct pl_graph_slot *s = &slots->v[i];
        struct pl_ast_name name = {.s = s->name, .span = s->span};
        if (s->title && !s->ask_titled) pl_grammar__check_line(&c, s->title);
        if (s->named && s->ask.end && !is_titled(g, s)) title_missing(g, &name, s->ask, "slot");
    }
}

static void check_labels(struct pl_graph *g) {
    struct pl_check c = {.g = g, .where = {.g = g}, .aloud = true};
    for (size_t d = 0; d < g->defs.n; d++)
        for (size_t i = 0; g->defs.v[d].members && i < g->defs.v[d].members->n; i++) {
            const struct pl_ast_text *label = g->defs.v[d].members->v[i].label;
            if (!label) continue;
            pl_grammar__check_text(&c.where, label);
            pl_grammar__check_label(&c, label);
        }
}

void pl_grammar__check_declarations(struct pl_graph *g) {
    check_assistant(g);
    check_prelude(g);
    pl_grammar__check_spoken(g);
    check_intents(g);
    check_entities(g);
    for (size_t i = 0; i < g->hooks.n; i++) check_hook(g, g->hooks.v[i]);
    check_lua(g);
    check_people(g);
    pl_grammar__check_events(g);
    check_titles(g, &g->session);
    check_titles(g, &g->customer);
    for (size_t i = 0; i < g->flow.n; i++) check_titles(g, &g->flow.v[i].slots);
    check_labels(g);
    for (size_t i = 0; i < g->rules.n; i++) check_rule(g, g->rules.v[i]);
    for (size_t i = 0; i < g->flow.n; i++) check_head(g, &g->flow.v[i]);
    const struct pl_symbol *consent = pl_grammar__find(&g->flows, PL_STR("consent"));
    if (consent && !consent->decl->flow.params.n && !gives_bool(g, PL_STR("consent")))
        pl_diag(g->diags, PL_D_CONSENT_FLOW, consent->decl->name.span);
}

void pl_grammar__check(struct pl_graph *g) {
    pl_grammar__check_declarations(g);
    for (size_t i = 0; i < g->flow.n; i++) pl_grammar__check_flow(g, &g->flow.v[i]);
    if (!pl_grammar__failed(g)) pl_grammar__check_unused(g);
    if (!pl_grammar__failed(g)) pl_grammar__check_prompts(g);
}
