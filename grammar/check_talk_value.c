/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in talks against the types they stand for: arguments and results of stubs, slots. They are
 * written as in the language, with records, `none` for what is absent, and dates as texts. */
#include "grammar/check_priv.h"

static void check_value(struct pl_graph *g, struct pl_type type, const struct pl_ast_expr *e);

static void not_of(struct pl_graph *g, struct pl_type type, const struct pl_ast_expr *e) {
    static const struct {
        uint8_t kind;
        const char *word;
    } words[] = {
        {PL_EXPR_PATH, "a name"},     {PL_EXPR_TEXT, "text"},         {PL_EXPR_NUMBER, "number"},
        {PL_EXPR_PERCENT, "percent"}, {PL_EXPR_DURATION, "duration"}, {PL_EXPR_MONEY, "money"},
        {PL_EXPR_BOOL, "bool"},       {PL_EXPR_LIST, "a list"},       {PL_EXPR_RECORD, "a record"}};
    struct pl_str found = PL_STR("an expression");
    for (size_t i = 0; i < PL_LEN(words); i++)
        if (words[i].kind == e->kind) found = pl_str_c(words[i].word);
    if (e->kind == PL_EXPR_PATH) found = pl_grammar__str(g, "`%.*s`", PL_STR_ARG(e->path.s));
    struct pl_str want = type.kind ? pl_grammar__type_name(g, type) : PL_STR("none");
    struct pl_diag *d = pl_diag2(g->diags, PL_D_TYPE, e->span, want, found);
    if (!type.kind) pl_diag_hint(g->diags, d, "the hook gives no value: write `= none`");
}

static void check_member(struct pl_graph *g, struct pl_type type, const struct pl_ast_expr *e) {
    struct pl_str *names;
    if (pl_grammar__member(g, type, e->path.s)) return;
    size_t n = pl_grammar__names(g, type, &names);
    struct pl_diag *d =
        pl_diag2(g->diags, PL_D_NOT_MEMBER, e->span, e->path.s, pl_grammar__type_name(g, type));
    pl_diag_nearest(g->diags, d, e->span, e->path.s, names, n);
}

static void check_record(struct pl_graph *g, struct pl_type type, const struct pl_ast_expr *e) {
    const struct pl_typedef *def = pl_grammar__def(g, type);
    for (size_t k = 0; k < e->record.n; k++) {
        const struct pl_ast_entry *x = &e->record.v[k];
        struct pl_type field = pl_grammar__field(g, type, x->name.s);
        if (field.kind) {
            check_value(g, field, x->value);
            continue;
        }
        struct pl_str *names;
        size_t n = pl_grammar__names(g, type, &names);
        struct pl_diag *d = pl_diag2(g->diags, PL_D_NO_FIELD, x->name.span, def->name, x->name.s);
        pl_diag_nearest(g->diags, d, x->name.span, x->name.s, names, n);
    }
    for (uint32_t i = 0; i < def->nfields; i++) {
        size_t k = 0;
        while (k < e->record.n && !pl_str_eq(e->record.v[k].name.s, def->fields[i].name)) k++;
        if (k == e->record.n && !def->fields[i].type.optional)
            pl_diag2(g->diags, PL_D_FIELD_LEFT_OUT, e->span, def->name, def->fields[i].name);
    }
}

/* A text stands for whatever is read from one. */
static void check_text(struct pl_graph *g, struct pl_type type, const struct pl_ast_expr *e) {
    struct pl_str s = e->text->s;
    enum pl_kind kind = pl_grammar__base(g, type);
    int64_t ms;
    int32_t n;
    const char *why = NULL, *what = "a date";
    if (kind == PL_KIND_DATE && !pl_date_parse(s, &n)) why = "it is written \"2026-12-01\"";
    if (kind == PL_KIND_TIME && !pl_time_parse(s, &n))
        what = "a time", why = "it is written \"09:30\"";
    if (kind == PL_KIND_DATETIME && !pl_datetime_parse(s, 0, &ms))
        what = "a date with its time", why = "it is written \"2026-12-01 09:30\"";
    if (why) pl_diag3(g->diags, PL_D_MALFORMED, e->span, s, pl_str_c(what), pl_str_c(why));
}

static bool text_fits(enum pl_kind kind) {
    return kind == PL_KIND_TEXT || kind == PL_KIND_EMAIL || kind == PL_KIND_PHONE ||
           kind == PL_KIND_URL || kind == PL_KIND_LANGUAGE || kind == PL_KIND_FILE ||
           kind == PL_KIND_CARD || kind == PL_KIND_DATE || kind == PL_KIND_TIME ||
           kind == PL_KIND_DATETIME;
}

static bool simple_fits(enum pl_kind kind, const struct pl_ast_expr *e) {
    switch (e->kind) {
    case PL_EXPR_NUMBER: return kind == PL_KIND_NUMBER;
    case PL_EXPR_PERCENT: return kind == PL_KIND_PERCENT;
    case PL_EXPR_DURATION: return kind == PL_KIND_DURATION;
    case PL_EXPR_MONEY: return kind == PL_KIND_MONEY;
    case PL_EXPR_BOOL: return kind == PL_KIND_BOOL;
    case PL_EXPR_TEXT: return text_fits(kind);
    default: return false;
    }
}

static void check_value(struct pl_graph *g, struct pl_type type, const struct pl_ast_expr *e) {
    bool named = e->kind == PL_EXPR_PATH;
    bool none = named && pl_str_is(e->path.s, "none");
    if (none && (type.optional || !type.kind)) return;
    if (named && !none && pl_grammar__is_enum(g, type)) {
        check_member(g, type, e);
    } else if (type.kind == PL_KIND_RECORD && e->kind == PL_EXPR_RECORD) {
        check_record(g, type, e);
    } else if (type.kind == PL_KIND_LIST && e->kind == PL_EXPR_LIST) {
        for (size_t i = 0; i < e->list.n; i++)
            check_value(g, pl_grammar__item(g, type), e->list.v[i]);
    } else if (pl_grammar__is_enum(g, type) || !simple_fits(pl_grammar__base(g, type), e)) {
        not_of(g, type, e);
    } else if (e->kind == PL_EXPR_TEXT) {
        check_text(g, type, e);
    }
}

void pl_grammar__talk_value(struct pl_graph *g, struct pl_type type, const struct pl_ast_expr *e) {
    check_value(g, type, e);
}

/* As many values as parameters, each of its type; `all`: what may be absent is not left out. */
void pl_grammar__talk_args(struct pl_graph *g, struct pl_str name,
                           const struct pl_typedef_field *params, uint32_t n,
                           const struct pl_ast_args *args, bool all) {
    for (size_t i = 0; i < args->n && i < n; i++) check_value(g, params[i].type, args->v[i]);
    if (args->n < n && (all || !params[args->n].type.optional))
        pl_diag2(g->diags, PL_D_ARG_MISSING, args->span, name, params[args->n].name);
    if (args->n > n)
        pl_diag2(g->diags, PL_D_ARG_EXTRA,
                 pl_span_join(args->v[n]->span, args->v[args->n - 1]->span), name,
                 pl_grammar__str(g, "%u", (unsigned)n));
}
