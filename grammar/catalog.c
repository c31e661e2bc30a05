/* SPDX-License-Identifier: Apache-2.0
 *
 * Translations: catalogs in ARB's JSON, {"track.ask": "…"}, one for each locale. Names that start
 * with @ are ARB's own. A translation is message code over the arguments of its source text. */
#include "grammar/graph.h"

enum { NOTES_MOST = 12, EXTRA_MOST = 5 };

struct catalog {
    struct pl_graph *g;
    const struct pl_grammar_catalog *from;
    struct pl_str name; /* of its file */
    size_t locale;
    const struct pl_json *json;
    struct pl_map places;             /* of its names */
    PL_AST_LIST(struct pl_str) extra; /* names that are no texts of the program */
};

static struct pl_span whole(const struct catalog *c) {
    return (struct pl_span){.file = c->from->file};
}

/* The names of the object that the file is, with their places. */
static void note_places(struct catalog *c) {
    struct pl_graph *g = c->g;
    struct pl_str text = g->input->sources->v[c->from->file].text;
    for (size_t at = 0; at < text.n; at++) {
        if (text.p[at] != '"') continue;
        size_t to = at + 1;
        while (to < text.n && text.p[to] != '"') to += text.p[to] == '\\' ? 2 : 1;
        size_t after = to + 1;
        while (after < text.n && (text.p[after] == ' ' || text.p[after] == '\n')) after++;
        if (after < text.n && text.p[after] == ':') {
            struct pl_span *span = PL_NEW(g->arena, struct pl_span);
            *span = (struct pl_span){c->from->file, (uint32_t)at, (uint32_t)to + 1};
            struct pl_str name = {text.p + at + 1, to - at - 1};
            if (!pl_map_get(&c->places, name)) pl_map_put(&c->places, name, span);
        }
        at = to;
    }
}

/* Where the id stands in the file; its first byte when it cannot be found. */
static struct pl_span place(const struct catalog *c, struct pl_str id) {
    const struct pl_span *span = pl_map_get(&c->places, id);
    return span ? *span : whole(c);
}

/* ---- one translation ---- */

static struct pl_diag *mismatch(const struct catalog *c, struct pl_str id, const char *what,
                                struct pl_str name) {
    struct pl_str full = pl_grammar__str(c->g, what, PL_STR_ARG(name));
    return pl_diag3(c->g->diags, PL_D_PLACEHOLDERS, place(c, id), c->name, id, full);
}

/* What can be written in the place of one that the source does not have. */
static void hint_placeholders(const struct catalog *c, const struct pl_graph_text *t,
                              struct pl_diag *d) {
    struct pl_str list = {0};
    for (size_t i = 0; i < t->args.n; i++) {
        struct pl_str arg = pl_span_text(c->g->input->sources, t->args.v[i].expr->span);
        list =
            pl_grammar__str(c->g, "%.*s%s{%.*s}", PL_STR_ARG(list), i ? ", " : "", PL_STR_ARG(arg));
    }
    if (list.n)
        pl_diag_hint(c->g->diags, d, "the source has %.*s", PL_STR_ARG(list));
    else
        pl_diag_hint(c->g->diags, d, "the source has none: delete it");
}

static bool uses(const struct pl_ast_pieces *pieces, const struct pl_ast_expr *arg) {
    for (size_t i = 0; i < pieces->n; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        if (p->kind != PL_PIECE_VALUE) continue;
        if (pl_grammar__expr_eq(p->expr, arg)) return true;
        for (size_t k = 0; k < p->branches.n; k++)
            if (uses(&p->branches.v[k].pieces, arg)) return true;
    }
    return false;
}

static void check_all_used(const struct catalog *c, const struct pl_graph_text *t,
                           const struct pl_ast_text *translation) {
    const struct pl_sources *sources = c->g->input->sources;
    for (size_t i = 0; i < t->args.n; i++)
        if (!uses(&translation->pieces, t->args.v[i].expr))
            mismatch(c, t->id, "the placeholder {%.*s} is missing",
                     pl_span_text(sources, t->args.v[i].expr->span));
}

static const char *const categories[] = {"zero", "one", "two", "few", "many", "other"};

static void check_plurals(const struct catalog *c, const struct pl_graph_text *t,
                          const struct pl_ast_pieces *pieces) {
    const struct pl_grammar_host *h = c->g->host;
    for (size_t i = 0; i < pieces->n && h->plurals; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        bool plural = p->form == PL_FORM_PLURAL || p->form == PL_FORM_ORDINAL;
        for (size_t k = 0; k < p->branches.n; k++) check_plurals(c, t, &p->branches.v[k].pieces);
        if (p->kind != PL_PIECE_VALUE || !plural || !p->branches.n) continue;
        unsigned want = h->plurals(h->ctx, c->from->locale, p->form == PL_FORM_ORDINAL);
        for (unsigned cat = 0; cat < PL_LEN(categories); cat++) {
            bool has = !(want >> cat & 1);
            for (size_t k = 0; k < p->branches.n && !has; k++)
                has = pl_str_is(p->branches.v[k].key.s, categories[cat]);
            if (!has)
                pl_diag3(c->g->diags, PL_D_PLURALS, place(c, t->id), c->name, t->id,
                         pl_str_c(categories[cat]));
        }
    }
}

/* Members that the source's type does not have. */
static void check_selects(const struct catalog *c, const struct pl_graph_text *t,
                          const struct pl_ast_pieces *pieces) {
    struct pl_graph *g = c->g;
    for (size_t i = 0; i < pieces->n; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        if (p->kind != PL_PIECE_VALUE) continue;
        for (size_t k = 0; k < p->branches.n; k++) {
            const struct pl_ast_branch *b = &p->branches.v[k];
            check_selects(c, t, &b->pieces);
            if (p->form != PL_FORM_SELECT || pl_str_is(b->key.s, "other") ||
                pl_str_is(b->key.s, "none"))
                continue;
            for (size_t a = 0; a < t->args.n; a++)
                if (pl_grammar__expr_eq(t->args.v[a].expr, p->expr) &&
                    pl_grammar__def(g, t->args.v[a].type) &&
                    !pl_grammar__member(g, t->args.v[a].type, b->key.s))
                    mismatch(c, t->id, "`%.*s` is no member to select by", b->key.s);
        }
    }
}

static void check_reply(const struct catalog *c, const struct pl_graph_text *t,
                        struct pl_str text) {
    const struct pl_grammar_host *h = c->g->host;
    size_t n = 0;
    if (!t->label || t->args.n) return;
    if (h->graphemes)
        n = h->graphemes(h->ctx, text);
    else
        for (size_t at = 0; at < text.n; n++) pl_utf8_next(text, &at);
    if (n > 40)
        pl_diag1(c->g->diags, PL_D_QUICK_REPLY, place(c, t->id), pl_grammar__str(c->g, "%zu", n));
}

static void translate(const struct catalog *c, struct pl_graph_text *t, struct pl_str said) {
    struct pl_graph *g = c->g;
    struct pl_ast_text *text = pl_parse_text(g->arena, said, place(c, t->id), g->diags);
    if (!text) return;
    const struct pl_ast_piece *at = NULL;
    struct pl_str code;
    if (!pl_grammar__message(g, t, &text->pieces, &code, &at)) {
        struct pl_str name = at->expr->kind == PL_EXPR_PATH ? at->expr->path.s : PL_STR("…");
        hint_placeholders(c, t, mismatch(c, t->id, "the source has no placeholder {%.*s}", name));
        return;
    }
    check_all_used(c, t, text);
    check_plurals(c, t, &text->pieces);
    check_selects(c, t, &text->pieces);
    check_reply(c, t, text->s);
    t->code[c->locale] = code;
}

/* ---- the list of texts ---- */

static bool listed(struct pl_graph *g, const struct pl_graph_text *t) {
    return t->words && t->id.n && pl_grammar__texts_of(g, t->id) == t;
}

static void list_begin(struct pl_graph *g) {
    for (size_t i = 0; i < g->texts.n; i++) {
        struct pl_graph_text *t = &g->texts.v[i];
        if (listed(g, t))
            t->in = PL_NEW_ARRAY(g->arena, struct pl_grammar_translation, g->locales.n);
    }
}

static void list_texts(struct pl_graph *g) {
    struct pl_grammar_texts *list = g->input->texts;
    list->locales = g->locales.v;
    list->nlocales = (uint32_t)g->locales.n;
    for (size_t i = 0; i < g->texts.n; i++) {
        const struct pl_graph_text *t = &g->texts.v[i];
        if (!t->in) continue;
        struct pl_grammar_text row = {t->id,    t->source ? t->source->raw : t->plain, t->span,
                                      t->label, pl_grammar__in_prelude(g, t->span),    t->in};
        for (size_t k = 1; k < g->locales.n; k++)
            if (t->in[k].state != PL_TEXT_BROKEN && !t->code[k].n)
                t->in[k].state = PL_TEXT_MISSING;
            else if (t->in[k].state == PL_TEXT_MISSING)
                t->in[k].state = PL_TEXT_TRANSLATED;
        PL_AST_ADD(g->arena, list, row);
    }
}

/* ---- a catalog ---- */

/* A line that is there and wrong is reported as that. */
static bool is_missing(const struct catalog *c, const struct pl_graph_text *t) {
    return t->words && t->id.n && !t->code[c->locale].n && !pl_map_get(&c->places, t->id);
}

/* Of the prelude's texts only what is missing counts: it brings its own translations. */
static void check_missing(const struct catalog *c) {
    struct pl_graph *g = c->g;
    size_t missing = 0, words = 0;
    for (size_t i = 0; i < g->texts.n; i++) {
        const struct pl_graph_text *t = &g->texts.v[i];
        if (!t->words || !t->id.n) continue;
        if (pl_grammar__in_prelude(g, t->span) && !is_missing(c, t)) continue;
        words++;
        missing += is_missing(c, t);
    }
    if (!missing) return;
    struct pl_diag *d =
        pl_diag3(g->diags, PL_D_MISSING_TRANSLATION, whole(c), c->name,
                 pl_grammar__str(g, "%zu", missing), pl_grammar__str(g, "%zu", words));
    size_t notes = 0;
    for (size_t i = 0; i < g->texts.n && (notes < NOTES_MOST || g->input->verbose); i++) {
        const struct pl_graph_text *t = &g->texts.v[i];
        if (!is_missing(c, t)) continue;
        pl_diag_note(g->diags, d, t->span, "%.*s", PL_STR_ARG(t->id));
        notes++;
    }
}

static size_t found(const struct pl_graph *g) {
    return g->diags->n + g->diags->dropped;
}

/* For the list of texts. */
static void note_translation(const struct catalog *c, struct pl_graph_text *t, struct pl_str said,
                             bool broken) {
    struct pl_grammar_translation *in = &t->in[c->locale];
    in->said = said;
    in->at = place(c, t->id);
    if (broken) in->state = PL_TEXT_BROKEN;
}

static bool translate_id(const struct catalog *c, struct pl_str id, struct pl_str said) {
    struct pl_graph_text *first = pl_grammar__texts_of(c->g, id);
    size_t before = found(c->g);
    for (struct pl_graph_text *t = first; t; t = t->like) translate(c, t, said);
    if (first && first->in) note_translation(c, first, said, found(c->g) > before);
    return first;
}

/* A text of a flow that this project overrides: another project may use the same catalog. */
static bool of_replaced(const struct pl_graph *g, struct pl_str id) {
    for (size_t i = 0; i < g->replaced.n; i++) {
        struct pl_str text = pl_span_text(g->input->sources, g->replaced.v[i]->span);
        size_t at = pl_str_find(text, id);
        if (at != SIZE_MAX && at > 0 && text.p[at - 1] == '@') return true;
    }
    return false;
}

/* ARB's own {"@id": {"x-source": "the text that was translated"}}. */
static void check_stale(const struct catalog *c, const struct pl_json_member *m) {
    struct pl_graph *g = c->g;
    struct pl_str id = {m->name.p + 1, m->name.n - 1};
    const struct pl_json *was =
        m->value.kind == PL_JOBJECT ? pl_json_get(&m->value, "x-source") : NULL;
    struct pl_graph_text *t = pl_grammar__texts_of(g, id);
    if (!was || was->kind != PL_JTEXT || !t) return;
    if (t->in) t->in[c->locale].source = was->s;
    if (pl_str_eq(was->s, t->source ? t->source->raw : t->plain)) return;
    struct pl_diag *d = pl_diag2(g->diags, PL_D_STALE_TRANSLATION, place(c, id), c->name, id);
    pl_diag_note(g->diags, d, t->span, "the text is this now");
    if (t->in && t->in[c->locale].state != PL_TEXT_BROKEN) t->in[c->locale].state = PL_TEXT_STALE;
}

/* A few are told one by one; many, as after a flow was taken out, in one. */
static void tell_extra(const struct catalog *c) {
    struct pl_graph *g = c->g;
    if (c->extra.n <= EXTRA_MOST || g->input->verbose) {
        for (size_t i = 0; i < c->extra.n; i++)
            pl_diag2(g->diags, PL_D_EXTRA_TRANSLATION, place(c, c->extra.v[i]), c->name,
                     c->extra.v[i]);
        return;
    }
    struct pl_diag *d = pl_diag2(g->diags, PL_D_EXTRA_TRANSLATIONS, place(c, c->extra.v[0]),
                                 c->name, pl_grammar__str(g, "%zu", c->extra.n));
    for (size_t i = 0; i < c->extra.n && i < NOTES_MOST; i++)
        pl_diag_note(g->diags, d, place(c, c->extra.v[i]), "%.*s", PL_STR_ARG(c->extra.v[i]));
}

static void add_extra(struct catalog *c, const struct pl_json_member *m) {
    struct pl_grammar_texts *list = c->g->input->texts;
    struct pl_grammar_extra e = {(uint32_t)c->locale, m->name, m->value.s};
    PL_AST_ADD(c->g->arena, &c->extra, m->name);
    if (!list) return;
    pl_ast_grow(c->g->arena, (void **)&list->extra, &list->extra_cap, list->nextra, sizeof e);
    list->extra[list->nextra++] = e;
}

static void read_members(struct catalog *c) {
    struct pl_graph *g = c->g;
    for (size_t i = 0; i < c->json->n; i++) {
        const struct pl_json_member *m = &c->json->m[i];
        if (pl_str_is(m->name, "@@locale") && !pl_str_eq(m->value.s, c->from->locale))
            pl_diag2(g->diags, PL_D_CATALOG_LOCALE, place(c, m->name), m->value.s, c->name);
        if (pl_str_starts(m->name, PL_STR("@"))) {
            check_stale(c, m);
            continue;
        }
        if (m->value.kind == PL_JTEXT && !m->value.s.n) {
            pl_map_del(&c->places, m->name); /* nothing is written there yet */
            continue;
        }
        if (m->value.kind != PL_JTEXT)
            pl_diag1(g->diags, PL_D_CATALOG, place(c, m->name), c->name);
        else if (!translate_id(c, m->name, m->value.s) && !of_replaced(g, m->name))
            add_extra(c, m);
    }
    tell_extra(c);
}

static void read_catalog(struct pl_graph *g, const struct pl_grammar_catalog *from) {
    const struct pl_source *s = &g->input->sources->v[from->file];
    struct catalog c = {.g = g, .from = from, .name = s->name, .locale = SIZE_MAX};
    for (size_t i = 0; i < g->locales.n; i++)
        if (pl_str_eq(g->locales.v[i], from->locale)) c.locale = i;
    if (c.locale == SIZE_MAX) {
        pl_diag1(g->diags, PL_D_CATALOG_UNLISTED, whole(&c), from->locale);
        return;
    }
    struct pl_json json = {0};
    size_t at = 0;
    if (pl_json_parse(g->arena, s->text, &json, &at) != PL_OK || json.kind != PL_JOBJECT) {
        struct pl_span span = {from->file, (uint32_t)at, (uint32_t)at};
        pl_diag1(g->diags, PL_D_CATALOG, span, c.name);
        return;
    }
    c.json = &json;
    note_places(&c);
    read_members(&c);
    if (c.locale) check_missing(&c);
    pl_map_free(&c.places);
}

/* ---- the prelude's own translations ---- */

static struct pl_str language(struct pl_str locale) {
    size_t dash = pl_str_find(locale, PL_STR("-"));
    return dash == SIZE_MAX ? locale : (struct pl_str){locale.p, dash};
}

static bool same_language(struct pl_str a, struct pl_str b) {
    return pl_str_eq(language(a), language(b));
}

/* The prelude is written in English: where the project's own language is another, its English
 * locales take what is written. */
static void keep_english(struct pl_graph *g) {
    for (size_t i = 0; i < g->texts.n; i++) {
        struct pl_graph_text *t = &g->texts.v[i];
        for (size_t k = 1; k < g->locales.n && pl_grammar__in_prelude(g, t->span); k++)
            if (same_language(g->locales.v[k], PL_STR("en"))) t->code[k] = t->code[0];
    }
}

static void read_prelude(struct pl_graph *g, const struct pl_grammar_catalog *from) {
    struct pl_json json = {0};
    struct catalog c = {.g = g, .from = from, .json = &json};
    size_t at = 0;
    bool wanted = false;
    for (size_t i = 0; i < g->locales.n; i++)
        wanted |= same_language(g->locales.v[i], from->locale);
    if (!wanted || pl_json_parse(g->arena, g->input->sources->v[from->file].text, &json, &at))
        return;
    for (size_t i = 0; i < g->texts.n; i++) {
        struct pl_graph_text *t = &g->texts.v[i];
        if (!t->id.n || !pl_grammar__in_prelude(g, t->span)) continue;
        const struct pl_json *said = pl_json_get(&json, pl_arena_str(g->arena, t->id).p);
        if (!said || said->kind != PL_JTEXT) continue;
        for (c.locale = 0; c.locale < g->locales.n; c.locale++)
            if (same_language(g->locales.v[c.locale], from->locale)) translate(&c, t, said->s);
    }
}

static void read_preludes(struct pl_graph *g) {
    const struct pl_grammar_catalog *v = g->input->catalogs;
    size_t n = 0;
    for (size_t i = 0; i < g->input->ncatalogs; i++) n += v[i].of_prelude;
    if (n && !same_language(g->locales.v[0], PL_STR("en"))) keep_english(g);
    for (size_t i = 0; i < g->input->ncatalogs; i++)
        if (v[i].of_prelude) read_prelude(g, &v[i]);
}

static bool has_catalog(const struct pl_graph *g, struct pl_str locale) {
    for (size_t i = 0; i < g->input->ncatalogs; i++)
        if (!g->input->catalogs[i].of_prelude && pl_str_eq(g->input->catalogs[i].locale, locale))
            return true;
    return false;
}

void pl_grammar__catalogs(struct pl_graph *g) {
    const struct pl_ast_names *named = &g->assistant->assistant.locales;
    if (g->input->texts) list_begin(g);
    read_preludes(g);
    for (size_t i = 0; i < named->n; i++)
        if (!pl_str_eq(named->v[i].s, g->locales.v[0]) && !has_catalog(g, named->v[i].s))
            pl_diag1(g->diags, PL_D_CATALOG_MISSING, named->v[i].span, named->v[i].s);
    for (size_t i = 0; i < g->input->ncatalogs; i++)
        if (!g->input->catalogs[i].of_prelude) read_catalog(g, &g->input->catalogs[i]);
    if (g->input->texts) list_texts(g);
}
