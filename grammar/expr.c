/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions: what each name means and which type comes out. Checking and emitting both type what
 * they look at; emitting does so muted. */
#include <string.h>

#include "grammar/graph.h"
#include "grammar/regex.h"

static const struct {
    const char *word;
    enum pl_kind kind;
    bool optional;
} facts[] = {
#define FACT(name, word, kind, optional) {word, PL_KIND_##kind, optional},
#include "runtime/program/fact.def"
#undef FACT
};

static const char *const functions[] = {
#define FUNC(name, word) word,
#include "runtime/program/func.def"
#undef FUNC
};

static struct pl_tx *type_expr(struct pl_where *w, struct pl_ast_expr *e,
                               const struct pl_type *want);

static struct pl_tx *node(struct pl_where *w, enum pl_tx_kind kind, enum pl_kind type,
                          struct pl_span span) {
    struct pl_tx *x = PL_NEW(w->g->arena, struct pl_tx);
    x->kind = kind;
    x->type = pl_grammar__kind(type);
    x->span = span;
    return x;
}

static struct pl_tx *bad(struct pl_where *w, struct pl_span span) {
    return node(w, PL_TX_BAD, PL_KIND_NONE, span);
}

static struct pl_tx *constant(struct pl_where *w, struct pl_value v, struct pl_span span) {
    struct pl_tx *x = node(w, PL_TX_CONST, (enum pl_kind)v.kind, span);
    x->value = v;
    return x;
}

static bool text_kind(struct pl_where *w, struct pl_type t) {
    enum pl_kind k = pl_grammar__base(w->g, t);
    return k >= PL_KIND_TEXT && k <= PL_KIND_LANGUAGE;
}

/* ---- names ---- */

static struct pl_tx *member_constant(struct pl_where *w, struct pl_type type,
                                     struct pl_str enum_name, struct pl_str member,
                                     struct pl_span span) {
    struct pl_value v = {.kind = PL_KIND_ENUM};
    v.e.type = enum_name;
    v.e.member = member;
    struct pl_tx *x = constant(w, v, span);
    x->type = type;
    x->type.optional = false;
    x->type.quals = 0;
    return x;
}

/* A bare name where a member of `want` may stand; NULL when it is none. */
static struct pl_tx *as_member(struct pl_where *w, struct pl_str name, struct pl_span span,
                               struct pl_type want) {
    struct pl_graph *g = w->g;
    if (want.kind == PL_KIND_LANGUAGE) {
        struct pl_value v = {.kind = PL_KIND_LANGUAGE, .s = name};
        return constant(w, v, span);
    }
    if (!pl_grammar__is_enum(g, want)) return NULL;
    if (want.kind == PL_KIND_ENUM && want.def >= PL_NOWHERE - 1) {
        bool intent = want.def == PL_NOWHERE;
        struct pl_symbol *s = pl_grammar__find(intent ? &g->intents : &g->flows, name);
        if (!s) return NULL;
        s->used = true;
        return member_constant(w, want, intent ? PL_STR("intent") : PL_STR("flow"), name, span);
    }
    if (!pl_grammar__member(g, want, name)) return NULL;
    return member_constant(w, want, pl_grammar__def(g, want)->name, name, span);
}

static void set_path(struct pl_where *w, struct pl_tx *x, struct pl_str path) {
    if (!w->known) { /* it has a path, and nobody asks which */
        x->path = 1;
        x->type.optional = false;
        return;
    }
    uint32_t number = pl_grammar__path(w->g, path);
    x->path = number + 1;
    if (x->type.optional && pl_grammar__known_has(w->known, number)) x->type.optional = false;
}

static struct pl_tx *slot(struct pl_where *w, uint32_t ref, const struct pl_ast_path *path,
                          size_t parts) {
    struct pl_graph_slot *s = pl_grammar__slot_at(w->g, w->flow, ref);
    if (s->type.kind == PL_KIND_NONE) return bad(w, path->span); /* its type was reported */
    struct pl_tx *x = node(w, PL_TX_SLOT, PL_KIND_NONE, path->span);
    x->ref = ref;
    x->type = s->type;
    s->read = true;
    x->type.optional = true; /* unless the path to here has set it */
    struct pl_str name = path->part[0].s;
    if (parts == 2) name = pl_grammar__joined(w->g, name, '.', path->part[1].s);
    x->name = name;
    set_path(w, x, name);
    return x;
}

static struct pl_tx *fact(struct pl_where *w, uint32_t i, const struct pl_ast_path *path) {
    struct pl_tx *x = node(w, PL_TX_FACT, facts[i].kind, path->span);
    x->ref = i;
    x->type.optional = facts[i].optional;
    x->name = path->part[0].s;
    if (facts[i].kind == PL_KIND_ENUM)
        x->type.def = i == PL_FACT_INTENT ? PL_NOWHERE : PL_NOWHERE - 1;
    set_path(w, x, x->name);
    return x;
}

/* {order_id.example}: a constant of the entity. */
static struct pl_tx *entity_part(struct pl_where *w, struct pl_symbol *entity,
                                 const struct pl_ast_path *path, size_t at) {
    const struct pl_ast_entity *e = &entity->decl->entity;
    struct pl_str name = path->part[at].s;
    entity->used = true;
    if (pl_str_is(name, "example") && e->examples.n)
        return constant(w, pl_text(e->examples.v[0]->s), path->span);
    pl_diag2(w->g->diags, PL_D_NO_FIELD, path->part[at].span,
             pl_grammar__str(w->g, "entity `%.*s`", PL_STR_ARG(entity->name)), name);
    return bad(w, path->span);
}

/* It is a field, but its type is unknown, which is said where it is declared. */
static bool is_declared(const struct pl_graph *g, struct pl_type record, struct pl_str name) {
    if (record.kind != PL_KIND_RECORD || record.def >= g->defs.n) return false;
    const struct pl_graph_def *d = &g->defs.v[record.def];
    for (uint32_t i = 0; i < d->row.nfields; i++)
        if (pl_str_eq(d->fields[i].name, name)) return true;
    return false;
}

static struct pl_tx *no_field(struct pl_where *w, const struct pl_tx *of,
                              const struct pl_ast_name *name) {
    struct pl_str *names;
    if (is_declared(w->g, of->type, name->s)) return bad(w, of->span);
    size_t n = pl_grammar__names(w->g, of->type, &names);
    struct pl_diag *d = pl_diag2(w->g->diags, PL_D_NO_FIELD, name->span,
                                 pl_grammar__str(w->g, "`%.*s` of type %.*s", PL_STR_ARG(of->name),
                                                 PL_STR_ARG(pl_grammar__type_name(w->g, of->type))),
                                 name->s);
    pl_diag_nearest(w->g->diags, d, name->span, name->s, names, n);
    return bad(w, of->span);
}

static struct pl_tx *field(struct pl_where *w, struct pl_tx *of, const struct pl_ast_path *path,
                           size_t at) {
    struct pl_graph *g = w->g;
    const struct pl_ast_name *name = &path->part[at];
    if (of->type.kind == PL_KIND_ENTITY && pl_str_is(name->s, "example"))
        return entity_part(w, g->entities.v[g->defs.v[of->type.def].entity], path, at);
    struct pl_type t = pl_grammar__field(g, of->type, name->s);
    if (t.kind == PL_KIND_NONE) return no_field(w, of, name);
    struct pl_tx *x = node(w, PL_TX_FIELD, PL_KIND_NONE, path->span);
    x->a = of;
    x->ref = (uint32_t)at;
    x->value = pl_text(name->s);
    x->type = t;
    x->type.quals |= of->type.quals;
    x->type.optional = t.optional || of->type.optional;
    x->name = pl_grammar__joined(g, of->name, '.', name->s);
    set_path(w, x, x->name);
    return x;
}

static void unknown_slot(struct pl_where *w, const struct pl_ast_path *path) {
    struct pl_graph *g = w->g;
    bool session = path->n > 1 && pl_str_is(path->part[0].s, "session");
    bool customer = path->n > 1 && pl_str_is(path->part[0].s, "customer");
    const struct pl_graph_slots *s = session    ? &g->session
                                     : customer ? &g->customer
                                     : w->flow  ? &w->flow->slots
                                                : NULL;
    size_t n = 0;
    struct pl_str *names =
        PL_NEW_ARRAY(g->arena, struct pl_str, (s ? s->n : 0) + PL_LEN(facts) + 3);
    for (size_t i = 0; s && i < s->n; i++) names[n++] = s->v[i].name;
    if (path->n > 1 && !session && !customer) {
        names[n++] = PL_STR("session");
        names[n++] = PL_STR("customer");
    }
    /* the scope is easily forgotten */
    if (pl_grammar__slot(&g->session, path->part[0].s) != PL_NOWHERE)
        names[n++] = pl_grammar__str(g, "session.%.*s", PL_STR_ARG(path->part[0].s));
    for (size_t i = 0; i < PL_LEN(facts) && !session && !customer; i++)
        names[n++] = pl_str_c(facts[i].word);
    const struct pl_ast_name *name = &path->part[session || customer];
    pl_grammar__unknown(g,
                        session    ? "session slot"
                        : customer ? "customer slot"
                                   : "slot or fact",
                        name->s, name->span, names, n);
}

struct pl_tx *pl_grammar__path_expr(struct pl_where *w, const struct pl_ast_path *path) {
    size_t parts = 0;
    struct pl_tx *x = NULL;
    uint32_t ref = pl_grammar__slot_ref(w->g, w->flow, path, &parts);
    if (ref != PL_NOWHERE) x = slot(w, ref, path, parts);
    for (uint32_t i = 0; !x && i < PL_LEN(facts); i++)
        if (pl_str_is(path->part[0].s, facts[i].word)) x = fact(w, i, path);
    if (!x && path->n == 2) {
        struct pl_symbol *entity = pl_grammar__find(&w->g->entities, path->part[0].s);
        if (entity) return entity_part(w, entity, path, 1);
    }
    if (!x) {
        unknown_slot(w, path);
        return bad(w, path->span);
    }
    for (size_t i = parts; i < path->n && x->kind != PL_TX_BAD; i++) x = field(w, x, path, i);
    return x;
}

static struct pl_tx *type_path(struct pl_where *w, struct pl_ast_expr *e,
                               const struct pl_type *want) {
    const struct pl_ast_path *p = &e->path;
    if (p->n != 1 || !want) return pl_grammar__path_expr(w, p);
    struct pl_tx *x = as_member(w, p->s, e->span, *want);
    if (x) return x;
    size_t parts;
    bool known = pl_grammar__slot_ref(w->g, w->flow, p, &parts) != PL_NOWHERE;
    for (size_t i = 0; i < PL_LEN(facts); i++) known |= pl_str_is(p->s, facts[i].word);
    if (known || !pl_grammar__is_enum(w->g, *want)) return pl_grammar__path_expr(w, p);
    struct pl_str *names;
    struct pl_type present = *want;
    present.optional = false;
    size_t n = pl_grammar__names(w->g, present, &names);
    struct pl_diag *d =
        pl_diag2(w->g->diags, PL_D_NOT_MEMBER, e->span, p->s, pl_grammar__type_name(w->g, present));
    pl_diag_nearest(w->g->diags, d, e->span, p->s, names, n);
    if (pl_str_is(p->s, "none")) pl_diag_hint(w->g->diags, d, "write `is empty`");
    return bad(w, e->span);
}

/* ---- functions ---- */

static struct pl_tx *hours_or_queue(struct pl_where *w, struct pl_ast_expr *e, bool open) {
    struct pl_graph *g = w->g;
    struct pl_tx *x = open ? node(w, PL_TX_OPEN, PL_KIND_BOOL, e->span)
                           : node(w, PL_TX_QUEUE_WAIT, PL_KIND_DURATION, e->span);
    const struct pl_ast_args *args = &e->call.args;
    if (args->n != 1 || args->v[0]->kind != PL_EXPR_PATH || args->v[0]->path.n != 1) {
        pl_diag2(g->diags, PL_D_FUNCTION_NAME, e->span, e->call.path.s,
                 open ? PL_STR("hours") : PL_STR("queue"));
        return bad(w, e->span);
    }
    struct pl_symbol *s =
        pl_grammar__need(g, open ? &g->hours : &g->queues, args->v[0]->path.s, args->v[0]->span);
    if (!s) return bad(w, e->span);
    x->ref = s->index;
    return x;
}

static struct pl_tx *wrong_argument(struct pl_where *w, const struct pl_ast_expr *e,
                                    const struct pl_tx *a, const char *wanted) {
    pl_diag3(w->g->diags, PL_D_FUNCTION_TYPE, a->span, e->call.path.s, pl_str_c(wanted),
             pl_grammar__type_name(w->g, a->type));
    return bad(w, e->span);
}

static struct pl_tx *function(struct pl_where *w, struct pl_ast_expr *e, uint32_t f) {
    struct pl_graph *g = w->g;
    if (e->call.args.n != 1) {
        pl_diag1(g->diags, PL_D_FUNCTION_ARGS, e->span, e->call.path.s);
        return bad(w, e->span);
    }
    struct pl_tx *a = type_expr(w, e->call.args.v[0], NULL);
    if (a->kind == PL_TX_BAD) return a;
    struct pl_tx *x = node(w, PL_TX_FUNC, PL_KIND_NUMBER, e->span);
    x->ref = f;
    x->a = a;
    bool list = a->type.kind == PL_KIND_LIST;
    enum pl_kind kind = pl_grammar__base(g, a->type);
    switch ((enum pl_func)f) {
    case PL_FUNC_DAYS:
    case PL_FUNC_HOURS: return kind == PL_KIND_DURATION ? x : wrong_argument(w, e, a, "a duration");
    case PL_FUNC_ROUND:
        if (kind != PL_KIND_NUMBER && kind != PL_KIND_MONEY && kind != PL_KIND_PERCENT)
            return wrong_argument(w, e, a, "a number, a percent or money");
        x->type = pl_grammar__kind(kind);
        return x;
    case PL_FUNC_COUNT: return list ? x : wrong_argument(w, e, a, "a list");
    case PL_FUNC_FIRST:
    case PL_FUNC_LAST:
        if (!list) return wrong_argument(w, e, a, "a list");
        x->type = pl_grammar__item(g, a->type);
        x->type.optional = true;
        return x;
    default: break;
    }
    if (!list) return wrong_argument(w, e, a, "a list");
    x->type = pl_grammar__item(g, a->type);
    kind = pl_grammar__base(g, x->type);
    if (kind != PL_KIND_NUMBER && kind != PL_KIND_MONEY && kind != PL_KIND_DURATION)
        return wrong_argument(w, e, a, "a list of numbers, money or durations");
    return x;
}

static struct pl_tx *type_call(struct pl_where *w, struct pl_ast_expr *e) {
    struct pl_str name = e->call.path.s;
    if (pl_str_is(name, "open")) return hours_or_queue(w, e, true);
    if (pl_str_is(name, "queue_wait")) return hours_or_queue(w, e, false);
    struct pl_str names[PL_LEN(functions) + 2];
    for (uint32_t i = 0; i < PL_LEN(functions); i++) {
        if (pl_str_is(name, functions[i])) {
            struct pl_tx *x = function(w, e, i);
            if (x->a) x->type.quals |= x->a->type.quals; /* a part of what is marked is marked */
            return x;
        }
        names[i] = pl_str_c(functions[i]);
    }
    names[PL_LEN(functions)] = PL_STR("open");
    names[PL_LEN(functions) + 1] = PL_STR("queue_wait");
    pl_grammar__unknown(w->g, "function", name, e->call.path.span, names, PL_LEN(names));
    return bad(w, e->span);
}

/* ---- operators ---- */

static enum pl_op opcode(enum pl_ast_op op) {
    switch (op) {
    case PL_AST_OP_IS: return PL_OP_EQ;
    case PL_AST_OP_IS_NOT: return PL_OP_NE;
    case PL_AST_OP_LT: return PL_OP_LT;
    case PL_AST_OP_LE: return PL_OP_LE;
    case PL_AST_OP_GT: return PL_OP_GT;
    case PL_AST_OP_GE: return PL_OP_GE;
    case PL_AST_OP_IN: return PL_OP_IN;
    case PL_AST_OP_ADD: return PL_OP_ADD;
    case PL_AST_OP_SUB: return PL_OP_SUB;
    case PL_AST_OP_MUL: return PL_OP_MUL;
    default: return PL_OP_DIV;
    }
}

/* What arithmetic gives: kinds left and right of an operator, and the result's. */
static const struct {
    char op;
    enum pl_kind left, right, result;
} sums[] = {
    {'+', PL_KIND_NUMBER, PL_KIND_NUMBER, PL_KIND_NUMBER},
    {'-', PL_KIND_NUMBER, PL_KIND_NUMBER, PL_KIND_NUMBER},
    {'*', PL_KIND_NUMBER, PL_KIND_NUMBER, PL_KIND_NUMBER},
    {'/', PL_KIND_NUMBER, PL_KIND_NUMBER, PL_KIND_NUMBER},
    {'+', PL_KIND_PERCENT, PL_KIND_PERCENT, PL_KIND_PERCENT},
    {'-', PL_KIND_PERCENT, PL_KIND_PERCENT, PL_KIND_PERCENT},
    {'*', PL_KIND_NUMBER, PL_KIND_PERCENT, PL_KIND_NUMBER},
    {'+', PL_KIND_MONEY, PL_KIND_MONEY, PL_KIND_MONEY},
    {'-', PL_KIND_MONEY, PL_KIND_MONEY, PL_KIND_MONEY},
    {'*', PL_KIND_MONEY, PL_KIND_NUMBER, PL_KIND_MONEY},
    {'*', PL_KIND_NUMBER, PL_KIND_MONEY, PL_KIND_MONEY},
    {'*', PL_KIND_MONEY, PL_KIND_PERCENT, PL_KIND_MONEY},
    {'/', PL_KIND_MONEY, PL_KIND_NUMBER, PL_KIND_MONEY},
    {'/', PL_KIND_MONEY, PL_KIND_MONEY, PL_KIND_NUMBER},
    {'+', PL_KIND_DURATION, PL_KIND_DURATION, PL_KIND_DURATION},
    {'-', PL_KIND_DURATION, PL_KIND_DURATION, PL_KIND_DURATION},
    {'*', PL_KIND_DURATION, PL_KIND_NUMBER, PL_KIND_DURATION},
    {'/', PL_KIND_DURATION, PL_KIND_NUMBER, PL_KIND_DURATION},
    {'/', PL_KIND_DURATION, PL_KIND_DURATION, PL_KIND_NUMBER},
    {'+', PL_KIND_DATE, PL_KIND_DURATION, PL_KIND_DATE},
    {'-', PL_KIND_DATE, PL_KIND_DURATION, PL_KIND_DATE},
    {'-', PL_KIND_DATE, PL_KIND_DATE, PL_KIND_DURATION},
    {'+', PL_KIND_DATETIME, PL_KIND_DURATION, PL_KIND_DATETIME},
    {'-', PL_KIND_DATETIME, PL_KIND_DURATION, PL_KIND_DATETIME},
    {'-', PL_KIND_DATETIME, PL_KIND_DATETIME, PL_KIND_DURATION},
};

/* Of dates and durations: a number alone is no span of time, and a date is no moment. */
static void hint_times(struct pl_where *w, const struct pl_ast_expr *e, struct pl_diag *d,
                       enum pl_kind a, enum pl_kind b) {
    bool time = a == PL_KIND_DATE || a == PL_KIND_DATETIME || a == PL_KIND_DURATION;
    bool times = time && (b == PL_KIND_DATE || b == PL_KIND_DATETIME);
    struct pl_str all = pl_span_text(w->g->input->sources, e->span);
    if (times && a != b && a != PL_KIND_DURATION)
        pl_diag_hint(w->g->diags, d,
                     "`today` is a date, `now` a datetime: compare a date with `today`, a "
                     "datetime with `now`");
    else if (time && b == PL_KIND_NUMBER && e->binary.right->kind == PL_EXPR_NUMBER)
        pl_diag_hint(w->g->diags, d, "a length of time has its unit, as in: %.*sd",
                     PL_STR_ARG(all));
    else if (time && b == PL_KIND_NUMBER)
        pl_diag_hint(w->g->diags, d, "a length of time is a duration, as in: today + 30d");
}

static struct pl_tx *operands(struct pl_where *w, const struct pl_ast_expr *e,
                              const struct pl_tx *a, const struct pl_tx *b) {
    struct pl_diag *d =
        pl_diag3(w->g->diags, PL_D_OPERANDS, e->binary.op_span, pl_str_c(pl_op_word(e->binary.op)),
                 pl_grammar__type_name(w->g, a->type), pl_grammar__type_name(w->g, b->type));
    hint_times(w, e, d, pl_grammar__base(w->g, a->type), pl_grammar__base(w->g, b->type));
    return bad(w, e->span);
}

bool pl_grammar__lost(const struct pl_where *w) {
    return w->flow && pl_diags_lost(w->g->said, w->flow->decl->span);
}

/* Counting with what may be absent would fail at run time. */
static bool present(struct pl_where *w, const struct pl_tx *x) {
    if (!x->type.optional) return true;
    if (pl_grammar__lost(w)) return false;
    pl_diag1(w->g->diags, PL_D_MAYBE_ABSENT, x->span, x->name.n ? x->name : PL_STR("this value"));
    return false;
}

static struct pl_tx *arithmetic(struct pl_where *w, struct pl_ast_expr *e, struct pl_tx *x) {
    static const char signs[] = {'+', '-', '*', '/'};
    char sign = signs[e->binary.op - PL_AST_OP_ADD];
    enum pl_kind a = pl_grammar__base(w->g, x->a->type), b = pl_grammar__base(w->g, x->b->type);
    for (size_t i = 0; i < PL_LEN(sums); i++) {
        if (sums[i].op != sign || sums[i].left != a || sums[i].right != b) continue;
        x->type = pl_grammar__kind(sums[i].result);
        x->type.quals = x->a->type.quals | x->b->type.quals;
        if (!present(w, x->a) || !present(w, x->b)) return bad(w, e->span);
        return x;
    }
    return operands(w, e, x->a, x->b);
}

/* A branch that depends on a secret tells it. */
static void looks(struct pl_where *w, const struct pl_tx *x) {
    if (!w->check && x->type.quals & PL_SECRET)
        pl_diag1(w->g->diags, PL_D_SECRET_LOOK, x->span,
                 x->name.n ? x->name : PL_STR("this value"));
}

static bool ordered(enum pl_kind k) {
    return k == PL_KIND_NUMBER || k == PL_KIND_PERCENT || k == PL_KIND_MONEY || k == PL_KIND_DATE ||
           k == PL_KIND_TIME || k == PL_KIND_DATETIME || k == PL_KIND_DURATION;
}

static bool comparable(struct pl_where *w, const struct pl_tx *a, const struct pl_tx *b) {
    return pl_grammar__fits(w->g, a->type, b->type) || pl_grammar__fits(w->g, b->type, a->type);
}

static struct pl_tx *compare(struct pl_where *w, struct pl_ast_expr *e, struct pl_tx *x) {
    enum pl_ast_op op = e->binary.op;
    enum pl_kind a = pl_grammar__base(w->g, x->a->type);
    if (op == PL_AST_OP_IN) {
        if (x->b->type.kind != PL_KIND_LIST) return operands(w, e, x->a, x->b);
        struct pl_type item = pl_grammar__item(w->g, x->b->type);
        bool fits =
            pl_grammar__fits(w->g, x->a->type, item) || pl_grammar__fits(w->g, item, x->a->type);
        return fits ? x : operands(w, e, x->a, x->b);
    }
    if (!comparable(w, x->a, x->b)) return operands(w, e, x->a, x->b);
    bool order = op != PL_AST_OP_IS && op != PL_AST_OP_IS_NOT;
    if (order && !ordered(a)) return operands(w, e, x->a, x->b);
    if (a == PL_KIND_RECORD || a == PL_KIND_LIST) return operands(w, e, x->a, x->b);
    return x;
}

static struct pl_tx *type_logic(struct pl_where *w, struct pl_ast_expr *e) {
    bool and = e->binary.op == PL_AST_OP_AND;
    struct pl_tx *x = node(w, and? PL_TX_AND : PL_TX_OR, PL_KIND_BOOL, e->span);
    x->a = pl_grammar__condition(w, e->binary.left);
    if (!w->known) {
        x->b = pl_grammar__condition(w, e->binary.right);
        return x;
    }
    struct pl_known *before = w->known;
    struct pl_known inner = pl_grammar__known_copy(w->g, before);
    pl_grammar__narrow(w->g, &inner, x->a, and);
    w->known = &inner;
    x->b = pl_grammar__condition(w, e->binary.right);
    w->known = before;
    return x;
}

static struct pl_tx *type_binary(struct pl_where *w, struct pl_ast_expr *e) {
    enum pl_ast_op op = e->binary.op;
    if (op == PL_AST_OP_AND || op == PL_AST_OP_OR) return type_logic(w, e);
    struct pl_tx *x = node(w, PL_TX_BINARY, PL_KIND_BOOL, e->span);
    x->op = opcode(op);
    x->a = type_expr(w, e->binary.left, NULL);
    if (x->a->kind == PL_TX_BAD) return x->a;
    bool member = op == PL_AST_OP_IS || op == PL_AST_OP_IS_NOT || op == PL_AST_OP_IN;
    x->b = type_expr(w, e->binary.right, member ? &x->a->type : NULL);
    if (x->b->kind == PL_TX_BAD) return x->b;
    if (op >= PL_AST_OP_ADD) return arithmetic(w, e, x);
    looks(w, x->a);
    looks(w, x->b);
    return compare(w, e, x);
}

static struct pl_tx *type_list(struct pl_where *w, struct pl_ast_expr *e,
                               const struct pl_type *want) {
    struct pl_tx *x = node(w, PL_TX_LIST, PL_KIND_LIST, e->span);
    struct pl_type inner;
    uint8_t quals = 0;
    if (want && want->kind == PL_KIND_LIST) {
        inner = pl_grammar__item(w->g, *want);
        want = &inner;
    }
    x->nitems = (uint32_t)e->list.n;
    x->items = PL_NEW_ARRAY(w->g->arena, struct pl_tx *, e->list.n + 1);
    struct pl_type item = want ? *want : pl_grammar__kind(PL_KIND_NONE);
    if (!x->nitems && item.kind == PL_KIND_NONE) {
        pl_diag(w->g->diags, PL_D_LIST_LITERAL, e->span);
        return bad(w, e->span);
    }
    for (uint32_t i = 0; i < x->nitems; i++) {
        x->items[i] = type_expr(w, e->list.v[i], want);
        if (x->items[i]->kind == PL_TX_BAD) return x->items[i];
        if (i && !pl_grammar__fits(w->g, x->items[i]->type, item)) {
            pl_diag2(w->g->diags, PL_D_TYPE, x->items[i]->span, pl_grammar__type_name(w->g, item),
                     pl_grammar__type_name(w->g, x->items[i]->type));
            return bad(w, e->span);
        }
        if (!i) item = x->items[i]->type;
        quals |= x->items[i]->type.quals;
    }
    item.optional = false;
    item.quals = 0; /* the list bears them */
    x->type = pl_grammar__list_of(w->g, item);
    x->type.quals = quals;
    return x;
}

bool pl_grammar__check_regex(struct pl_graph *g, const struct pl_ast_regex *r) {
    static const enum pl_diag_code codes[] = {[PL_REGEX_NEVER] = PL_D_REGEX_NEVER,
                                              [PL_REGEX_EMPTY] = PL_D_REGEX_EMPTY,
                                              [PL_REGEX_SLOW] = PL_D_REGEX_SLOW};
    const struct pl_grammar_host *h = g->host;
    size_t from = 0, to = 0;
    struct pl_span span = r->at;
    if (h->regex && !h->regex(h->ctx, r->pattern, r->flags, &from)) {
        if (from < r->pattern.n) span.start += (uint32_t)from;
        pl_diag(g->diags, PL_D_REGEX, span);
        return false;
    }
    enum pl_regex_fault fault = pl_grammar__regex(r->pattern, &from, &to);
    if (fault == PL_REGEX_FINE) return true;
    span.end = span.start + (uint32_t)to;
    span.start += (uint32_t)from;
    pl_diag(g->diags, codes[fault], span);
    return true;
}

static struct pl_tx *type_matches(struct pl_where *w, struct pl_ast_expr *e) {
    const struct pl_ast_regex *r = &e->matches.regex;
    struct pl_tx *x = node(w, PL_TX_MATCHES, PL_KIND_BOOL, e->span);
    x->a = type_expr(w, e->matches.operand, NULL);
    if (x->a->kind == PL_TX_BAD) return x->a;
    if (!text_kind(w, x->a->type)) {
        pl_diag2(w->g->diags, PL_D_TYPE, x->a->span, PL_STR("text"),
                 pl_grammar__type_name(w->g, x->a->type));
        return bad(w, e->span);
    }
    looks(w, x->a);
    x->name = r->pattern;
    x->value = pl_text(r->flags);
    pl_grammar__check_regex(w->g, r);
    return x;
}

static struct pl_tx *type_text(struct pl_where *w, struct pl_ast_expr *e) {
    for (size_t i = 0; i < e->text->pieces.n; i++)
        if (e->text->pieces.v[i].kind != PL_PIECE_TEXT) {
            pl_diag(w->g->diags, PL_D_TEXT_IN_EXPRESSION, e->text->pieces.v[i].span);
            return bad(w, e->span);
        }
    return constant(w, pl_text(e->text->s), e->span);
}

static struct pl_tx *type_unary(struct pl_where *w, struct pl_ast_expr *e) {
    struct pl_tx *x = node(w, PL_TX_UNARY, PL_KIND_BOOL, e->span);
    if (e->kind == PL_EXPR_NOT) {
        x->op = PL_OP_NOT;
        x->a = pl_grammar__condition(w, e->operand);
        return x;
    }
    x->op = PL_OP_EMPTY;
    x->a = type_expr(w, e->empty.operand, NULL);
    if (x->a->kind == PL_TX_BAD || !e->empty.negated) return x->a->kind == PL_TX_BAD ? x->a : x;
    struct pl_tx *not = node(w, PL_TX_UNARY, PL_KIND_BOOL, e->span);
    not ->op = PL_OP_NOT;
    not ->a = x;
    return not ;
}

static struct pl_tx *type_money(struct pl_where *w, struct pl_ast_expr *e) {
    return constant(w, pl_money(e->money.amount, e->money.currency), e->span);
}

static struct pl_tx *type_expr(struct pl_where *w, struct pl_ast_expr *e,
                               const struct pl_type *want) {
    struct pl_value v = {0};
    switch (e->kind) {
    case PL_EXPR_PATH: return type_path(w, e, want);
    case PL_EXPR_CALL: return type_call(w, e);
    case PL_EXPR_NUMBER:
    case PL_EXPR_PERCENT:
        v.kind = e->kind == PL_EXPR_NUMBER ? PL_KIND_NUMBER : PL_KIND_PERCENT;
        v.n = e->number;
        return constant(w, v, e->span);
    case PL_EXPR_DURATION:
        v.kind = PL_KIND_DURATION;
        v.duration = e->duration;
        return constant(w, v, e->span);
    case PL_EXPR_MONEY: return type_money(w, e);
    case PL_EXPR_TEXT: return type_text(w, e);
    case PL_EXPR_BOOL: return constant(w, pl_bool(e->yes), e->span);
    case PL_EXPR_LIST: return type_list(w, e, want);
    case PL_EXPR_NOT:
    case PL_EXPR_EMPTY: return type_unary(w, e);
    case PL_EXPR_BINARY: return type_binary(w, e);
    case PL_EXPR_MATCHES: return type_matches(w, e);
    case PL_EXPR_RECORD: break; /* only in talks, whose values have a check of their own */
    }
    pl_assert(false);
    return bad(w, e->span);
}

struct pl_tx *pl_grammar__expr(struct pl_where *w, struct pl_ast_expr *e,
                               const struct pl_type *want) {
    return type_expr(w, e, want);
}

struct pl_tx *pl_grammar__condition(struct pl_where *w, struct pl_ast_expr *e) {
    struct pl_tx *x = type_expr(w, e, NULL);
    if (x->kind == PL_TX_BAD) return x;
    if (x->type.kind == PL_KIND_BOOL) {
        looks(w, x);
        return x;
    }
    bool counted = x->kind == PL_TX_FACT && !facts[x->ref].optional; /* a number, always there */
    if (x->path && !counted) return x;                               /* "is it present?" */
    pl_diag1(w->g->diags, PL_D_CONDITION, e->span, pl_grammar__type_name(w->g, x->type));
    return bad(w, e->span);
}

bool pl_grammar__expect(struct pl_where *w, const struct pl_tx *x, struct pl_type type) {
    if (x->kind == PL_TX_BAD || type.kind == PL_KIND_NONE) return true;
    if (!pl_grammar__fits(w->g, x->type, type)) {
        pl_diag2(w->g->diags, PL_D_TYPE, x->span, pl_grammar__type_name(w->g, type),
                 pl_grammar__type_name(w->g, x->type));
        return false;
    }
    return type.optional || type.kind == PL_KIND_ANY || present(w, x);
}

/* ---- the same expression, written twice ---- */

static bool args_eq(const struct pl_ast_args *a, const struct pl_ast_args *b) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (!pl_grammar__expr_eq(a->v[i], b->v[i])) return false;
    return true;
}

static bool regex_eq(const struct pl_ast_regex *a, const struct pl_ast_regex *b) {
    return pl_str_eq(a->pattern, b->pattern) && pl_str_eq(a->flags, b->flags);
}

bool pl_grammar__expr_eq(const struct pl_ast_expr *a, const struct pl_ast_expr *b) {
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case PL_EXPR_PATH: return pl_str_eq(a->path.s, b->path.s);
    case PL_EXPR_CALL:
        return pl_str_eq(a->call.path.s, b->call.path.s) && args_eq(&a->call.args, &b->call.args);
    case PL_EXPR_NUMBER:
    case PL_EXPR_PERCENT: return pl_dec_cmp(a->number, b->number) == 0;
    case PL_EXPR_DURATION: return a->duration == b->duration;
    case PL_EXPR_MONEY:
        return pl_dec_cmp(a->money.amount, b->money.amount) == 0 &&
               memcmp(a->money.currency, b->money.currency, 4) == 0;
    case PL_EXPR_TEXT: return pl_str_eq(a->text->s, b->text->s);
    case PL_EXPR_BOOL: return a->yes == b->yes;
    case PL_EXPR_LIST: return args_eq(&a->list, &b->list);
    case PL_EXPR_NOT: return pl_grammar__expr_eq(a->operand, b->operand);
    case PL_EXPR_BINARY:
        return a->binary.op == b->binary.op &&
               pl_grammar__expr_eq(a->binary.left, b->binary.left) &&
               pl_grammar__expr_eq(a->binary.right, b->binary.right);
    case PL_EXPR_EMPTY:
        return a->empty.negated == b->empty.negated &&
               pl_grammar__expr_eq(a->empty.operand, b->empty.operand);
    case PL_EXPR_MATCHES:
        return pl_grammar__expr_eq(a->matches.operand, b->matches.operand) &&
               regex_eq(&a->matches.regex, &b->matches.regex);
    case PL_EXPR_RECORD: break;
    }
    return false;
}
