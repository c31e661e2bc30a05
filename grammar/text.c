/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts: their placeholders against types, their arguments by number, their message code. */
#include <string.h>

#include "grammar/graph.h"

static const struct {
    const char *word, *kinds;
} styles[] = {
#define STYLE(name, word, kinds) {word, kinds},
#include "runtime/value/style.def"
#undef STYLE
};

static const char *const categories[] = {"zero", "one", "two", "few", "many", "other"};

/* ---- words ---- */

static bool letter(uint32_t cp) {
    if (cp < 0x80) return (cp | 32) >= 'a' && (cp | 32) <= 'z';
    if (cp < 0xc0) return cp == 0xaa || cp == 0xb5 || cp == 0xba;
    if (cp == 0xd7 || cp == 0xf7) return false;
    return cp < 0x2000 || cp > 0x303f || (cp >= 0x2c00 && cp < 0x2e00);
}

static bool pieces_have_words(const struct pl_ast_pieces *pieces) {
    for (size_t i = 0; i < pieces->n; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        for (size_t at = 0; p->kind == PL_PIECE_TEXT && at < p->text.n;)
            if (letter(pl_utf8_next(p->text, &at))) return true;
        for (size_t k = 0; k < p->branches.n; k++)
            if (pieces_have_words(&p->branches.v[k].pieces)) return true;
    }
    return false;
}

bool pl_grammar__has_words(const struct pl_ast_text *text) {
    return pieces_have_words(&text->pieces);
}

/* ---- styles ---- */

static bool has_word(const char *list, struct pl_str w) {
    struct pl_str rest = pl_str_c(list);
    for (;;) {
        size_t at = pl_str_find(rest, PL_STR(" "));
        struct pl_str one = {rest.p, at == SIZE_MAX ? rest.n : at};
        if (pl_str_eq(one, w)) return true;
        if (at == SIZE_MAX) return false;
        rest = (struct pl_str){rest.p + at + 1, rest.n - at - 1};
    }
}

/* "date datetime" as "date or datetime". */
static struct pl_str either(struct pl_graph *g, struct pl_str kinds) {
    struct pl_str out = {0};
    for (size_t at = 0; kinds.n; kinds = (struct pl_str){kinds.p + at, kinds.n - at}) {
        at = pl_str_find(kinds, PL_STR(" "));
        struct pl_str one = {kinds.p, at == SIZE_MAX ? kinds.n : at};
        out =
            pl_grammar__str(g, "%.*s%s%.*s", PL_STR_ARG(out), out.n ? " or " : "", PL_STR_ARG(one));
        at = one.n + (one.n < kinds.n);
    }
    return out;
}

static void check_style(struct pl_graph *g, const struct pl_ast_piece *p, struct pl_type type) {
    if (p->form != PL_FORM_STYLE || p->style == PL_STYLE_PLAIN) return;
    struct pl_str kind = PL_STR("list");
    if (type.kind != PL_KIND_LIST)
        kind = pl_grammar__type_name(g, pl_grammar__kind(pl_grammar__base(g, type)));
    if (has_word(styles[p->style].kinds, kind)) return;
    pl_diag3(g->diags, PL_D_STYLE_KIND, p->span, pl_str_c(styles[p->style].word),
             either(g, pl_str_c(styles[p->style].kinds)), pl_grammar__type_name(g, type));
}

/* ---- checking ---- */

static void check_pieces(struct pl_where *w, const struct pl_ast_pieces *pieces);

static bool printable(const struct pl_graph *g, struct pl_type t) {
    switch (pl_grammar__base(g, t)) {
    case PL_KIND_NONE:
    case PL_KIND_BOOL:
    case PL_KIND_RECORD:
    case PL_KIND_LIST:
    case PL_KIND_FILE:
    case PL_KIND_FLOW:
    case PL_KIND_SLOT:
    case PL_KIND_QUEUE: return false;
    default: return true;
    }
}

static struct pl_str shown(const struct pl_tx *x) {
    return x->name.n ? x->name : PL_STR("this value");
}

/* A field is absent by its type, or because its record is not there. */
static void check_present(struct pl_where *w, const struct pl_ast_piece *p, const struct pl_tx *x) {
    const struct pl_tx *slot = x;
    if (!x->type.optional || pl_grammar__lost(w)) return;
    while (slot->kind == PL_TX_FIELD) slot = slot->a;
    struct pl_str name = shown(slot);
    bool inside = slot != x && slot->kind == PL_TX_SLOT && slot->type.optional;
    struct pl_diag *d = pl_diag2(w->g->diags, PL_D_PRINT_ABSENT, p->expr->span, shown(x),
                                 inside ? name : PL_STR(""));
    if (inside)
        pl_diag_hint(w->g->diags, d,
                     "some path to this line leaves `%.*s` unset: leave the flow there, or add `if "
                     "%.*s`",
                     PL_STR_ARG(name), PL_STR_ARG(name));
    else if (slot == x && slot->kind == PL_TX_SLOT)
        pl_diag_hint(
            w->g->diags, d,
            "ask for it before, add `if %.*s`, or write {%.*s, select, none {…} other {…}}",
            PL_STR_ARG(name), PL_STR_ARG(name));
}

static bool part_is_withheld(struct pl_where *w, const struct pl_tx *x) {
    bool any =
        (x->a && pl_grammar__is_withheld(w, x->a)) || (x->b && pl_grammar__is_withheld(w, x->b));
    for (uint32_t i = 0; i < x->nitems && !any; i++) any = pl_grammar__is_withheld(w, x->items[i]);
    return any;
}

/* What came from records is shown only to who is verified; what was typed here may be shown back.
 */
bool pl_grammar__is_withheld(struct pl_where *w, const struct pl_tx *x) {
    struct pl_graph *g = w->g;
    if (!(x->type.quals & PL_PRIVATE) || !w->known || w->agents) return false;
    if (pl_grammar__known_has(w->known, pl_grammar__path(g, PL_STR("@verified")))) return false;
    if (x->kind == PL_TX_FIELD) return true;
    if (x->kind != PL_TX_SLOT) return part_is_withheld(w, x);
    struct pl_str asked = pl_grammar__str(g, "%.*s.@asked", PL_STR_ARG(x->name));
    if (pl_grammar__known_has(w->known, pl_grammar__path(g, asked))) return false;
    const struct pl_graph_slot *slot = pl_grammar__slot_at(g, w->flow, x->ref);
    return PL_SLOT_SCOPE(x->ref) == PL_SCOPE_CUSTOMER || slot->records || slot->param || slot->loop;
}

void pl_grammar__check_shown(struct pl_where *w, const struct pl_tx *x, struct pl_span at) {
    if (x->kind == PL_TX_BAD) return;
    if (x->type.quals & PL_SECRET)
        pl_diag1(w->g->diags, PL_D_PRINT_SECRET, at, shown(x));
    else if (pl_grammar__is_withheld(w, x))
        pl_diag1(w->g->diags, PL_D_PRIVATE_SHOWN, at, shown(x));
}

static void check_plain(struct pl_where *w, const struct pl_ast_piece *p, const struct pl_tx *x) {
    bool listed = p->form == PL_FORM_STYLE && x->type.kind == PL_KIND_LIST;
    if (!printable(w->g, x->type) && !listed) {
        struct pl_diag *d = pl_diag2(w->g->diags, PL_D_NOT_PRINTABLE, p->expr->span, shown(x),
                                     pl_grammar__type_name(w->g, x->type));
        if (x->type.kind == PL_KIND_LIST)
            pl_diag_hint(w->g->diags, d, "write {%.*s, list}", PL_STR_ARG(shown(x)));
        if (x->type.kind == PL_KIND_BOOL)
            pl_diag_hint(w->g->diags, d, "write {%.*s, select, true {…} other {…}}",
                         PL_STR_ARG(shown(x)));
        return;
    }
    check_present(w, p, x);
    check_style(w->g, p, x->type);
}

static bool select_key(const struct pl_graph *g, const struct pl_tx *x, struct pl_str key) {
    if (pl_str_is(key, "other")) return true;
    if (pl_str_is(key, "none")) return x->type.optional;
    if (x->type.kind == PL_KIND_BOOL) return pl_str_is(key, "true") || pl_str_is(key, "false");
    return pl_grammar__member(g, x->type, key) != NULL;
}

static void never_absent(struct pl_graph *g, const struct pl_ast_branch *b, struct pl_str value) {
    struct pl_span all = b->span;
    struct pl_str text = g->input->sources->v[all.file].text;
    while (all.end < text.n && text.p[all.end] == ' ') all.end++;
    struct pl_diag *d = pl_diag1(g->diags, PL_D_NEVER_ABSENT, b->key.span, value);
    pl_diag_fix(g->diags, d, PL_FIX_SAFE, all, PL_STR(""), "delete the branch");
}

static void check_key(struct pl_where *w, const struct pl_tx *x, const struct pl_ast_branch *b) {
    struct pl_graph *g = w->g;
    if (select_key(g, x, b->key.s)) return;
    if (pl_str_is(b->key.s, "none")) {
        never_absent(g, b, shown(x));
        return;
    }
    struct pl_str *names;
    size_t n = pl_grammar__names(g, x->type, &names);
    struct pl_diag *d = pl_diag2(g->diags, PL_D_NOT_MEMBER, b->key.span, b->key.s,
                                 pl_grammar__type_name(g, x->type));
    pl_diag_nearest(g->diags, d, b->key.span, b->key.s, names, n);
}

/* Inside a branch other than `none` the value is present, once `none` has a branch. */
static void check_select(struct pl_where *w, const struct pl_ast_piece *p, const struct pl_tx *x) {
    struct pl_graph *g = w->g;
    bool choosable = x->type.kind == PL_KIND_BOOL || pl_grammar__is_enum(g, x->type);
    bool none = false;
    for (size_t i = 0; i < p->branches.n; i++) none |= pl_str_is(p->branches.v[i].key.s, "none");
    if (!choosable && !none) {
        pl_diag2(g->diags, PL_D_SELECT_KIND, p->expr->span, shown(x),
                 pl_grammar__type_name(g, x->type));
        return;
    }
    if (x->type.optional && !none) check_present(w, p, x);
    for (size_t i = 0; i < p->branches.n; i++) {
        const struct pl_ast_branch *b = &p->branches.v[i];
        check_key(w, x, b);
        struct pl_known *before = w->known;
        struct pl_known inner = {0};
        if (before) {
            inner = pl_grammar__known_copy(g, before);
            if (!pl_str_is(b->key.s, "none")) pl_grammar__narrow(g, &inner, x, true);
            w->known = &inner;
        }
        check_pieces(w, &b->pieces);
        w->known = before;
    }
}

/* The source's own plurals have the branches that its language needs. */
static void check_categories(struct pl_graph *g, const struct pl_ast_piece *p) {
    const struct pl_grammar_host *h = g->host;
    if (!h->plurals || !p->branches.n) return;
    unsigned want = h->plurals(h->ctx, g->locales.v[0], p->form == PL_FORM_ORDINAL);
    for (unsigned i = 0; i < PL_LEN(categories); i++) {
        bool has = !(want >> i & 1);
        for (size_t k = 0; k < p->branches.n && !has; k++)
            has = pl_str_is(p->branches.v[k].key.s, categories[i]);
        if (!has)
            pl_diag3(g->diags, PL_D_PLURALS, p->span, g->locales.v[0],
                     pl_span_text(g->input->sources, p->expr->span), pl_str_c(categories[i]));
    }
}

static void check_plural(struct pl_where *w, const struct pl_ast_piece *p, const struct pl_tx *x) {
    struct pl_graph *g = w->g;
    if (pl_grammar__base(g, x->type) != PL_KIND_NUMBER)
        pl_diag2(g->diags, PL_D_TYPE, p->expr->span, PL_STR("number"),
                 pl_grammar__type_name(g, x->type));
    else
        check_present(w, p, x);
    check_categories(g, p);
    for (size_t i = 0; i < p->branches.n; i++) check_pieces(w, &p->branches.v[i].pieces);
}

static void check_pieces(struct pl_where *w, const struct pl_ast_pieces *pieces) {
    for (size_t i = 0; i < pieces->n; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        if (p->kind != PL_PIECE_VALUE) continue;
        struct pl_tx *x = pl_grammar__expr(w, p->expr, NULL);
        if (x->kind == PL_TX_BAD) continue;
        pl_grammar__check_shown(w, x, p->expr->span);
        if (p->form == PL_FORM_SELECT)
            check_select(w, p, x);
        else if (p->form == PL_FORM_PLURAL || p->form == PL_FORM_ORDINAL)
            check_plural(w, p, x);
        else
            check_plain(w, p, x);
    }
}

void pl_grammar__check_text(struct pl_where *w, const struct pl_ast_text *text) {
    check_pieces(w, &text->pieces);
}

/* ---- arguments ---- */

static void gather(struct pl_where *w, struct pl_graph_text *t,
                   const struct pl_ast_pieces *pieces) {
    for (size_t i = 0; i < pieces->n; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        if (p->kind != PL_PIECE_VALUE) continue;
        bool seen = false;
        for (size_t k = 0; k < t->args.n && !seen; k++)
            seen = pl_grammar__expr_eq(t->args.v[k].expr, p->expr);
        if (!seen) {
            struct pl_graph_arg arg = {.expr = p->expr};
            arg.type = pl_grammar__expr(w, p->expr, NULL)->type;
            PL_AST_ADD(w->g->arena, &t->args, arg);
        }
        for (size_t k = 0; k < p->branches.n; k++) gather(w, t, &p->branches.v[k].pieces);
    }
}

uint32_t pl_grammar__text(struct pl_where *w, struct pl_str id, struct pl_ast_text *text) {
    struct pl_graph *g = w->g;
    struct pl_graph_text t = {
        .id = id, .span = text->span, .source = text, .words = pl_grammar__has_words(text)};
    gather(w, &t, &text->pieces);
    t.code = PL_NEW_ARRAY(g->arena, struct pl_str, g->locales.n);
    const struct pl_ast_piece *at = NULL;
    bool whole = pl_grammar__message(g, &t, &text->pieces, &t.code[0], &at);
    pl_assert(whole);
    PL_AST_ADD(g->arena, &g->texts, t);
    return (uint32_t)g->texts.n - 1;
}

static struct pl_str keep(struct pl_graph *g, struct pl_buf *b) {
    struct pl_str s = pl_arena_str(g->arena, pl_buf_slice(b));
    pl_buf_free(b);
    return s;
}

uint32_t pl_grammar__text_plain(struct pl_graph *g, struct pl_str id, struct pl_str plain,
                                struct pl_span at) {
    struct pl_graph_text t = {.id = id, .span = at, .plain = plain, .words = id.n != 0};
    struct pl_buf b = {0};
    pl_buf_byte(&b, PL_MSG_TEXT);
    pl_buf_text(&b, plain);
    t.code = PL_NEW_ARRAY(g->arena, struct pl_str, g->locales.n);
    t.code[0] = keep(g, &b);
    PL_AST_ADD(g->arena, &g->texts, t);
    return (uint32_t)g->texts.n - 1;
}

/* ---- message code ---- */

struct writer {
    struct pl_graph *g;
    const struct pl_graph_text *args;
    const struct pl_ast_piece *at; /* the placeholder that is no argument */
};

static bool write_pieces(struct writer *w, const struct pl_ast_pieces *pieces, struct pl_buf *b);

static uint64_t category(const struct pl_ast_branch *b) {
    if (b->exact) return 6 + 2 * (uint64_t)b->k;
    for (uint64_t i = 0; i < PL_LEN(categories); i++)
        if (pl_str_is(b->key.s, categories[i])) return i;
    return PL_OTHER;
}

static bool write_branches(struct writer *w, const struct pl_ast_piece *p, struct pl_buf *b) {
    pl_buf_var(b, p->branches.n);
    bool ok = true;
    for (size_t i = 0; i < p->branches.n; i++) {
        const struct pl_ast_branch *branch = &p->branches.v[i];
        if (p->form == PL_FORM_SELECT)
            pl_buf_text(b, branch->key.s);
        else
            pl_buf_var(b, category(branch));
        struct pl_buf inner = {0};
        ok = write_pieces(w, &branch->pieces, &inner) && ok;
        pl_buf_text(b, pl_buf_slice(&inner));
        pl_buf_free(&inner);
    }
    return ok;
}

static bool write_value(struct writer *w, const struct pl_ast_piece *p, struct pl_buf *b) {
    size_t arg = 0;
    while (arg < w->args->args.n && !pl_grammar__expr_eq(w->args->args.v[arg].expr, p->expr)) arg++;
    if (arg == w->args->args.n) {
        w->at = p;
        return false;
    }
    static const uint8_t ops[] = {
        [PL_FORM_PLAIN] = PL_MSG_ARG,     [PL_FORM_STYLE] = PL_MSG_ARG,
        [PL_FORM_PLURAL] = PL_MSG_PLURAL, [PL_FORM_ORDINAL] = PL_MSG_ORDINAL,
        [PL_FORM_SELECT] = PL_MSG_SELECT,
    };
    pl_buf_byte(b, ops[p->form]);
    pl_buf_var(b, arg);
    if (ops[p->form] != PL_MSG_ARG) return write_branches(w, p, b);
    pl_buf_var(b, p->form == PL_FORM_STYLE ? p->style : PL_STYLE_PLAIN);
    return true;
}

static bool write_pieces(struct writer *w, const struct pl_ast_pieces *pieces, struct pl_buf *b) {
    for (size_t i = 0; i < pieces->n; i++) {
        const struct pl_ast_piece *p = &pieces->v[i];
        if (p->kind == PL_PIECE_TEXT) {
            pl_buf_byte(b, PL_MSG_TEXT);
            pl_buf_text(b, p->text);
        } else if (p->kind == PL_PIECE_HASH) {
            pl_buf_byte(b, PL_MSG_HASH);
        } else if (p->kind == PL_PIECE_VALUE && !write_value(w, p, b)) {
            return false;
        }
    }
    return true;
}

bool pl_grammar__message(struct pl_graph *g, const struct pl_graph_text *args,
                         const struct pl_ast_pieces *pieces, struct pl_str *code,
                         const struct pl_ast_piece **at) {
    struct writer w = {.g = g, .args = args};
    struct pl_buf b = {0};
    bool ok = write_pieces(&w, pieces, &b);
    *at = w.at;
    *code = keep(g, &b);
    return ok;
}

/* ---- texts by their ids ---- */

struct pl_graph_text *pl_grammar__texts_of(struct pl_graph *g, struct pl_str id) {
    if (!g->text_ids.n)
        for (size_t i = g->texts.n; i-- > 0;) {
            struct pl_graph_text *t = &g->texts.v[i];
            if (t->id.n) t->like = pl_map_put(&g->text_ids, t->id, t);
        }
    return pl_map_get(&g->text_ids, id);
}
