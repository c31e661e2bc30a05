/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of what is said: ids, texts, parts, options. */
#include "grammar/check_priv.h"

#define LABEL_MOST 40

enum { ID_WORDS = 3, ID_WORD = 24 };

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

/* Words that tell no line from another. */
static bool is_small(struct pl_str word) {
    static const char *const small[] = {
        "a",    "an",  "the",  "is",   "are",  "was",  "be",   "of",    "to",  "in",
        "on",   "at",  "for",  "from", "with", "and",  "or",   "i",     "you", "your",
        "we",   "our", "my",   "it",   "its",  "ive",  "ill",  "im",    "id",  "shall",
        "will", "do",  "have", "has",  "me",   "this", "that", "please"};
    for (size_t i = 0; i < PL_LEN(small); i++)
        if (pl_str_is(word, small[i])) return true;
    return false;
}

/* The first text of the line that ends at `at`, its placeholders left out; empty: there is none. */
static struct pl_str said_before(struct pl_graph *g, struct pl_span at) {
    struct pl_str all = g->input->sources->v[at.file].text;
    struct pl_buf b = {0};
    size_t from = at.start, depth = 0;
    while (from > 0 && all.p[from - 1] != '\n') from--;
    while (from < at.start && all.p[from] != '"') from++;
    for (size_t i = from + 1; i < at.start && all.p[i] != '"'; i++) {
        char c = all.p[i];
        if (c == '\\') c = all.p[++i] == 'n' ? ' ' : '\'';
        depth += c == '{';
        if (depth == 0) pl_buf_byte(&b, (uint8_t)c);
        if (depth && c == '}') depth--;
    }
    struct pl_str s = pl_arena_str(g->arena, pl_buf_slice(&b));
    pl_buf_free(&b);
    return g->host->fold ? g->host->fold(g->host->ctx, g->arena, s) : s;
}

/* At most three of its words, small letters and digits, `_` between them. Apostrophes join. */
static struct pl_str id_words(struct pl_graph *g, struct pl_str said, bool small) {
    struct pl_str id = {0};
    char word[ID_WORD];
    for (size_t i = 0, words = 0; i < said.n && words < ID_WORDS; i++) {
        size_t n = 0;
        for (; i < said.n; i++) {
            uint8_t c = (uint8_t)said.p[i];
            bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if (c >= 'A' && c <= 'Z') letter = true, c = (uint8_t)(c + 32);
            if (letter && n < sizeof word) word[n++] = (char)c;
            if (!letter && c < 0x80 && c != '\'') break; /* what is no ASCII is left out */
        }
        if (!n || (!small && is_small((struct pl_str){word, n}))) continue;
        id = pl_grammar__str(g, "%.*s%s%.*s", PL_STR_ARG(id), words++ ? "_" : "", (int)n, word);
    }
    return id;
}

static struct pl_str line_words(struct pl_graph *g, struct pl_span at) {
    struct pl_str line = pl_str_trim(pl_span_text(
        g->input->sources,
        pl_source_lines(g->input->sources, (struct pl_span){at.file, at.start, at.start})));
    if (pl_str_starts(line, PL_STR("title "))) return PL_STR("title");
    struct pl_str said = said_before(g, at), id = id_words(g, said, false);
    return id.n ? id : id_words(g, said, true);
}

static bool is_free(struct pl_check *c, struct pl_str id) {
    struct pl_str bare = {id.p + 1, id.n - 1};
    if (pl_map_get(&c->g->proposed, bare) || is_written(c->g, bare)) return false;
    pl_map_put(&c->g->proposed, bare, c);
    return true;
}

/* An id that nobody has: the flow's name and words of the line, or a number when it has none. */
static struct pl_str propose(struct pl_check *c, struct pl_span at) {
    struct pl_str name = c->flow ? c->flow->decl->name.s : PL_STR("line");
    struct pl_str words = line_words(c->g, at), id;
    for (unsigned n = 1; words.n; n++) {
        id = pl_grammar__str(c->g, " @%.*s.%.*s", PL_STR_ARG(name), PL_STR_ARG(words));
        if (n > 1) id = pl_grammar__str(c->g, "%.*s_%u", PL_STR_ARG(id), n);
        if (is_free(c, id)) return id;
    }
    do {
        id = pl_grammar__str(c->g, " @%.*s.%u", PL_STR_ARG(name), ++c->ids);
    } while (!is_free(c, id));
    return id;
}

void pl_grammar__check_id(struct pl_check *c, const struct pl_ast_id *id, bool words) {
    struct pl_graph *g = c->g;
    if (!c->aloud) return;
    if (!id->s.n) {
        if (!words) return;
        struct pl_str fresh = propose(c, id->span);
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
    struct pl_str fresh = propose(c, id->span);
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
