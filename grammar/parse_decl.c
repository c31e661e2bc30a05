/* SPDX-License-Identifier: Apache-2.0
 *
 * Declarations. Each opens with its head line; the lines of its block go by a table.
 */
#include "grammar/parse_priv.h"

static const struct pl_str none = {0};

static void missing(struct parser *p, struct pl_span at, const char *what, const char *needs) {
    if (!p->panic)
        pl_parse__mistake(p, PL_D_MISSING_LINE, at, pl_str_c(what), pl_str_c(needs), none);
}

/* ---- types ---- */

/* SYNTAX: { 'private' | 'secret' } */
void pl_parse__quals(struct parser *p, struct pl_ast_type *type) {
    uint32_t start = pl_parse__here(p);
    for (;;) {
        if (pl_parse__accept_word(p, "private"))
            type->quals |= PL_PRIVATE;
        else if (pl_parse__accept_word(p, "secret"))
            type->quals |= PL_SECRET;
        else
            break;
    }
    type->quals_span = pl_parse__from(p, start);
}

/* SYNTAX: enum = 'one' 'of' NAME [ TEXT ] { ',' NAME [ TEXT ] }, after `one of` */
static void enum_members(struct parser *p, struct pl_ast_type *type) {
    type->form = PL_TYPE_ENUM;
    do {
        struct pl_ast_member member = {0};
        uint32_t start = pl_parse__here(p);
        member.name = pl_parse__name(p, "the name of a member");
        if (pl_parse__kind(p) == PL_TOKEN_TEXT) member.label = pl_parse__text(p);
        member.span = pl_parse__from(p, start);
        if (!p->panic) PL_AST_ADD(p->arena, &type->members, member);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
}

static bool next_is_of(const struct parser *p) {
    const struct pl_token *t = &p->tokens.v[p->at + 1];
    return pl_parse__next_kind(p) == PL_TOKEN_NAME &&
           pl_str_is((struct pl_str){p->view.bytes.p + t->start, t->end - t->start}, "of");
}

/* list book */
static void needs_of(struct parser *p) {
    struct pl_str item = pl_parse__str(p);
    struct pl_span at = pl_parse__token_span(p);
    if (pl_parse__quiet(p)) return;
    struct pl_diag *diag = pl_parse__mistake(p, PL_D_EXPECTED, at, PL_STR("`of`"),
                                             pl_parse__found(p), (struct pl_str){0});
    at.end = at.start;
    pl_diag_hint(p->diags, diag, "write `list of %.*s`", PL_STR_ARG(item));
    pl_diag_fix(p->diags, diag, PL_FIX_SAFE, at, PL_STR("of "), "write `list of %.*s`",
                PL_STR_ARG(item));
}

/* SYNTAX: { 'private' | 'secret' } ( type | enum )
 *         type = NAME [ '?' ] | 'list' 'of' NAME */
struct pl_ast_type pl_parse__type(struct parser *p, bool enums) {
    struct pl_ast_type type = {.form = PL_TYPE_NAMED};
    pl_parse__quals(p, &type);
    uint32_t start = pl_parse__here(p);
    if (enums && pl_parse__at_word(p, "one") && next_is_of(p)) {
        pl_parse__advance(p);
        pl_parse__advance(p);
        enum_members(p, &type);
    } else if (pl_parse__at_word(p, "list") && next_is_of(p)) {
        pl_parse__advance(p);
        pl_parse__advance(p);
        type.form = PL_TYPE_LIST;
        type.name = pl_parse__name(p, "the type of the items");
    } else if (pl_parse__at_word(p, "list") && pl_parse__next_kind(p) == PL_TOKEN_NAME) {
        pl_parse__advance(p);
        needs_of(p);
    } else {
        type.name = pl_parse__name(p, "a type");
        type.optional = pl_parse__accept(p, PL_TOKEN_QUESTION);
    }
    type.span = pl_parse__from(p, start);
    return type;
}

static struct pl_ast_type *type_new(struct parser *p) {
    struct pl_ast_type *type = PL_NEW(p->arena, struct pl_ast_type);
    *type = pl_parse__type(p, false);
    return type;
}

/* SYNTAX: [ '->' type ] */
static struct pl_ast_type *result_type(struct parser *p) {
    return pl_parse__accept(p, PL_TOKEN_ARROW) ? type_new(p) : NULL;
}

/* SYNTAX: [ 'title' TEXT [ ID ] ] */
static void field_title(struct parser *p, struct pl_ast_field *field) {
    if (!pl_parse__accept_word(p, "title")) return;
    field->title = PL_NEW(p->arena, struct pl_ast_line);
    *field->title = pl_parse__line(p, false);
}

/* SYNTAX: [ '(' [ params ] ')' ]
 *         params = NAME ':' { 'private' | 'secret' } type [ 'title' TEXT [ ID ] ] { ',' … } */
struct pl_ast_params pl_parse__params(struct parser *p, bool titles) {
    struct pl_ast_params params = {.present = pl_parse__accept(p, PL_TOKEN_LPAREN)};
    if (!params.present) return params;
    if (pl_parse__kind(p) != PL_TOKEN_RPAREN) {
        do {
            struct pl_ast_field field = {0};
            uint32_t start = pl_parse__here(p);
            field.name = pl_parse__name(p, "the name of a parameter");
            pl_parse__expect(p, PL_TOKEN_COLON);
            field.type = pl_parse__type(p, false);
            if (titles) field_title(p, &field);
            field.span = pl_parse__from(p, start);
            if (!p->panic) PL_AST_ADD(p->arena, &params, field);
        } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    }
    pl_parse__expect(p, PL_TOKEN_RPAREN);
    return params;
}

/* SYNTAX: field = NAME ':' { 'private' | 'secret' } ( type | enum ) [ 'title' TEXT [ ID ] ] NEWLINE
 */
static void field_line(struct parser *p, void *node) {
    struct pl_ast_fields *fields = node;
    struct pl_ast_field field = {.doc = pl_parse__doc(p)};
    uint32_t start = pl_parse__here(p);
    field.name = pl_parse__name(p, "the name of a field");
    pl_parse__expect(p, PL_TOKEN_COLON);
    field.type = pl_parse__type(p, true);
    field_title(p, &field);
    field.span = pl_parse__from(p, start);
    pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, fields, field);
}

static const struct line_rule field_rules[] = {{NULL, PL_TOKEN_NAME, 0, true, field_line}};

/* SYNTAX: type_decl = 'type' NAME ( NEWLINE INDENT field { field } DEDENT | ':' enum NEWLINE ) */
static void type_decl(struct parser *p, struct pl_ast_decl *d) {
    d->name = pl_parse__name(p, "the name of a type");
    if (!pl_parse__accept(p, PL_TOKEN_COLON)) {
        if (pl_parse__open_block(p, "`type`"))
            pl_parse__lines(p, "a type", field_rules, PL_LEN(field_rules), &d->type.fields);
        return;
    }
    uint32_t start = pl_parse__here(p);
    d->type.is_enum = true;
    pl_parse__expect_word(p, "one");
    pl_parse__expect_word(p, "of");
    enum_members(p, &d->type.type);
    d->type.type.span = pl_parse__from(p, start);
    pl_parse__end_line(p);
}

/* SYNTAX: scope = ( 'session' | 'customer' ) NEWLINE INDENT field { field } DEDENT */
static void scope(struct parser *p, struct pl_ast_decl *d) {
    const char *word = d->kind == PL_DECL_SESSION ? "`session`" : "`customer`";
    if (pl_parse__open_block(p, word))
        pl_parse__lines(p, word, field_rules, PL_LEN(field_rules), &d->type.fields);
}

/* ---- assistant ---- */

static void as_source(struct parser *p, void *node) {
    ((struct pl_ast_assistant *)node)->source = pl_parse__lang(p);
    pl_parse__end_line(p);
}

static void as_locales(struct parser *p, void *node) {
    ((struct pl_ast_assistant *)node)->locales = pl_parse__langs(p);
    pl_parse__end_line(p);
}

static void as_zone(struct parser *p, void *node) {
    ((struct pl_ast_assistant *)node)->zone = pl_parse__text(p);
    pl_parse__end_line(p);
}

static void as_currency(struct parser *p, void *node) {
    struct pl_ast_assistant *a = node;
    a->currency = (struct pl_ast_name){pl_parse__token_span(p), pl_parse__str(p)};
    if (!pl_parse__accept(p, PL_TOKEN_CURRENCY)) pl_parse__expected(p, "a currency like EUR");
    pl_parse__end_line(p);
}

static void as_start(struct parser *p, void *node) {
    ((struct pl_ast_assistant *)node)->start = pl_parse__name(p, "the name of a flow");
    pl_parse__end_line(p);
}

static void as_tone(struct parser *p, void *node) {
    ((struct pl_ast_assistant *)node)->tone = pl_parse__text(p);
    pl_parse__end_line(p);
}

static void as_ceiling(struct parser *p, void *node) {
    ((struct pl_ast_assistant *)node)->ceiling = pl_parse__limits(p);
    pl_parse__end_line(p);
}

static void as_callback(struct parser *p, void *node) {
    pl_parse__expect_word(p, "within");
    ((struct pl_ast_assistant *)node)->callback = pl_parse__duration_new(p);
    pl_parse__end_line(p);
}

/* SYNTAX: assistant = 'assistant' TEXT NEWLINE INDENT assistant_line { assistant_line } DEDENT */
static void assistant(struct parser *p, struct pl_ast_decl *d) {
    static const struct line_rule rules[] = {
        {"source", 0, 0, false, as_source},   {"locales", 0, 0, false, as_locales},
        {"zone", 0, 0, false, as_zone},       {"currency", 0, 0, false, as_currency},
        {"start", 0, 0, false, as_start},     {"tone", 0, 0, false, as_tone},
        {"ceiling", 0, 0, false, as_ceiling}, {"callback", 0, 0, false, as_callback},
    };
    d->assistant.title = pl_parse__text(p);
    if (pl_parse__open_block(p, "`assistant`"))
        pl_parse__lines(p, "`assistant`", rules, PL_LEN(rules), &d->assistant);
}

/* ---- intents and entities ---- */

/* SYNTAX: intent = 'intent' NAME NEWLINE INDENT lang_line { lang_line } DEDENT */
static void intent(struct parser *p, struct pl_ast_decl *d) {
    d->name = pl_parse__name(p, "the name of an intent");
    pl_parse__phrase_block(p, "`intent`", &d->intent);
}

static void en_title(struct parser *p, void *node) {
    ((struct pl_ast_entity *)node)->title = pl_parse__title(p);
}

static void en_match(struct parser *p, void *node) {
    ((struct pl_ast_entity *)node)->match = pl_parse__regex(p);
    pl_parse__end_line(p);
}

static void en_shape(struct parser *p, void *node) {
    ((struct pl_ast_entity *)node)->shape = pl_parse__name(p, "the name of a shape");
    pl_parse__end_line(p);
}

static void en_example(struct parser *p, void *node) {
    struct pl_ast_text *text = pl_parse__text(p);
    pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, &((struct pl_ast_entity *)node)->examples, text);
}

static void en_after(struct parser *p, void *node) {
    pl_parse__phrase_block(p, "`after`", &((struct pl_ast_entity *)node)->after);
}

/* SYNTAX: 'from' 'hook' path '(' ')' NEWLINE */
static void en_from(struct parser *p, void *node) {
    pl_parse__expect_word(p, "hook");
    ((struct pl_ast_entity *)node)->from_hook = pl_parse__path(p, "the name of a hook");
    pl_parse__expect(p, PL_TOKEN_LPAREN);
    pl_parse__expect(p, PL_TOKEN_RPAREN);
    pl_parse__end_line(p);
}

static void en_lua(struct parser *p, void *node) {
    ((struct pl_ast_entity *)node)->lua = pl_parse__path(p, "the name of a Lua recogniser");
    pl_parse__end_line(p);
}

static void en_refresh(struct parser *p, void *node) {
    ((struct pl_ast_entity *)node)->refresh = pl_parse__duration_new(p);
    pl_parse__end_line(p);
}

static void member_phrases(struct parser *p, void *node) {
    pl_parse__phrases(p, &((struct pl_ast_member *)node)->phrases);
}

/* SYNTAX: member = NAME [ TEXT ] NEWLINE [ INDENT lang_line { lang_line } DEDENT ] */
static void member_line(struct parser *p, void *node) {
    static const struct line_rule rules[] = {
        {NULL, PL_TOKEN_HYPHENATED, 0, true, member_phrases},
        {NULL, PL_TOKEN_NAME, 0, true, member_phrases},
    };
    struct pl_ast_entity *e = node;
    struct pl_ast_member member = {.doc = pl_parse__doc(p)};
    uint32_t start = pl_parse__here(p);
    member.name = pl_parse__name(p, "the name of a member");
    if (pl_parse__kind(p) == PL_TOKEN_TEXT) member.label = pl_parse__text(p);
    if (pl_parse__maybe_block(p))
        pl_parse__lines(p, "a member's words", rules, PL_LEN(rules), &member);
    member.span = pl_parse__from(p, start);
    if (!p->panic) PL_AST_ADD(p->arena, &e->members, member);
}

/* SYNTAX: entity = 'entity' NAME ':' ( type NEWLINE INDENT entity_line { entity_line } DEDENT
 *         | 'one' 'of' NEWLINE INDENT [ 'title' TEXT [ ID ] NEWLINE ] member { member } DEDENT ) */
static void entity(struct parser *p, struct pl_ast_decl *d) {
    static const struct line_rule refined[] = {
        {"title", 0, 1, false, en_title}, {"match", 0, 2, false, en_match},
        {"shape", 0, 2, false, en_shape}, {"example", 0, 2, true, en_example},
        {"after", 0, 2, false, en_after}, {"from", 0, 2, false, en_from},
        {"lua", 0, 2, false, en_lua},     {"refresh", 0, 2, false, en_refresh},
    };
    static const struct line_rule words[] = {
        {"title", 0, 1, false, en_title},
        {NULL, PL_TOKEN_NAME, 2, true, member_line},
    };
    d->name = pl_parse__name(p, "the name of an entity");
    pl_parse__expect(p, PL_TOKEN_COLON);
    d->entity.one_of = pl_parse__at_word(p, "one") && next_is_of(p);
    if (d->entity.one_of) {
        pl_parse__advance(p);
        pl_parse__advance(p);
        if (pl_parse__open_block(p, "`entity`"))
            pl_parse__lines(p, "an entity", words, PL_LEN(words), &d->entity);
    } else {
        d->entity.type = pl_parse__type(p, false);
        if (pl_parse__open_block(p, "`entity`"))
            pl_parse__lines(p, "an entity", refined, PL_LEN(refined), &d->entity);
    }
}

/* ---- hooks and events ---- */

static void ho_effect(struct parser *p, void *node) {
    static const char *const words[] = {"pure", "read", "write"};
    struct pl_ast_hook *h = node;
    int i = pl_parse__one_of(p, words, PL_LEN(words));
    h->effect = i == 0 ? PL_EFFECT_PURE : i == 1 ? PL_EFFECT_READ : PL_EFFECT_WRITE_ONCE;
    if (i == 2) pl_parse__expect_word(p, "once");
    pl_parse__end_line(p);
}

static void ho_title(struct parser *p, void *node) {
    ((struct pl_ast_hook *)node)->title = pl_parse__title(p);
}

static void ho_fails(struct parser *p, void *node) {
    ((struct pl_ast_hook *)node)->fails = pl_parse__names(p, "the name of a failure");
    pl_parse__end_line(p);
}

static void ho_within(struct parser *p, void *node) {
    ((struct pl_ast_hook *)node)->within = pl_parse__duration_new(p);
    pl_parse__end_line(p);
}

static void ho_cache(struct parser *p, void *node) {
    ((struct pl_ast_hook *)node)->cache = pl_parse__duration_new(p);
    pl_parse__end_line(p);
}

/* The name of a declaration that is called by a path. */
static struct pl_ast_name path_name(struct pl_ast_path path) {
    return (struct pl_ast_name){path.span, path.s};
}

/* SYNTAX: hook = 'hook' path '(' [ params ] ')' [ '->' type ] NEWLINE
 *                INDENT hook_line { hook_line } DEDENT */
static void hook(struct parser *p, struct pl_ast_decl *d) {
    static const struct line_rule rules[] = {
        {"title", 0, 0, false, ho_title}, {"effect", 0, 0, false, ho_effect},
        {"fails", 0, 0, false, ho_fails}, {"within", 0, 0, false, ho_within},
        {"cache", 0, 0, false, ho_cache},
    };
    d->hook.path = pl_parse__path(p, "the name of a hook");
    d->name = path_name(d->hook.path);
    d->hook.params = pl_parse__params(p, true);
    if (!d->hook.params.present) pl_parse__expected(p, "`(`");
    d->hook.result = result_type(p);
    if (pl_parse__open_block(p, "`hook`"))
        pl_parse__lines(p, "a hook", rules, PL_LEN(rules), &d->hook);
}

/* SYNTAX: event = 'event' path '(' [ params ] ')' NEWLINE */
static void event(struct parser *p, struct pl_ast_decl *d) {
    d->event.path = pl_parse__path(p, "the name of an event");
    d->name = path_name(d->event.path);
    d->event.params = pl_parse__params(p, false);
    if (!d->event.params.present) pl_parse__expected(p, "`(`");
    pl_parse__end_line(p);
}

/* ---- hours and queues ---- */

static void hr_zone(struct parser *p, void *node) {
    ((struct pl_ast_hours *)node)->zone = pl_parse__text(p);
    pl_parse__end_line(p);
}

static void hr_holidays(struct parser *p, void *node) {
    ((struct pl_ast_hours *)node)->holidays = pl_parse__text(p);
    pl_parse__end_line(p);
}

static uint16_t minutes(const char *p) {
    return (uint16_t)(((p[0] - '0') * 10 + (p[1] - '0')) * 60 + (p[3] - '0') * 10 + (p[4] - '0'));
}

/* SYNTAX: day TIMERANGE { ',' TIMERANGE } NEWLINE */
static void hr_day(struct parser *p, void *node) {
    struct pl_ast_hours *h = node;
    struct pl_ast_day day = {0};
    uint32_t start = pl_parse__here(p);
    day.days = pl_parse__lang(p);
    do {
        struct pl_ast_time_range range = {.span = pl_parse__token_span(p)};
        struct pl_str s = pl_parse__str(p);
        if (!pl_parse__expect(p, PL_TOKEN_TIMERANGE)) break;
        range.from = minutes(s.p);
        range.to = minutes(s.p + 6);
        PL_AST_ADD(p->arena, &day.ranges, range);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    day.span = pl_parse__from(p, start);
    pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, &h->days, day);
}

/* SYNTAX: hours = 'hours' NAME NEWLINE INDENT { hours_line } DEDENT */
static void hours(struct parser *p, struct pl_ast_decl *d) {
    static const struct line_rule rules[] = {
        {"zone", 0, 0, false, hr_zone},
        {"holidays", 0, 0, false, hr_holidays},
        {NULL, PL_TOKEN_HYPHENATED, 0, true, hr_day},
        {NULL, PL_TOKEN_NAME, 0, true, hr_day},
    };
    d->name = pl_parse__name(p, "the name of the hours");
    if (pl_parse__open_block(p, "`hours`"))
        pl_parse__lines(p, "hours", rules, PL_LEN(rules), &d->hours);
}

static void qu_title(struct parser *p, void *node) {
    ((struct pl_ast_queue *)node)->title = pl_parse__title(p);
}

static void qu_skills(struct parser *p, void *node) {
    ((struct pl_ast_queue *)node)->skills = pl_parse__names(p, "the name of a skill");
    pl_parse__end_line(p);
}

static void qu_languages(struct parser *p, void *node) {
    ((struct pl_ast_queue *)node)->languages = pl_parse__langs(p);
    pl_parse__end_line(p);
}

static void qu_open(struct parser *p, void *node) {
    ((struct pl_ast_queue *)node)->open = pl_parse__name(p, "the name of hours");
    pl_parse__end_line(p);
}

/* SYNTAX: 'answer' 'within' DURATION 'for' PERCENT NEWLINE */
static void qu_answer(struct parser *p, void *node) {
    struct pl_ast_queue *q = node;
    pl_parse__expect_word(p, "within");
    q->answer_within = pl_parse__duration_new(p);
    pl_parse__expect_word(p, "for");
    q->answer_percent = PL_NEW(p->arena, struct pl_ast_number);
    *q->answer_percent = pl_parse__percent(p);
    pl_parse__end_line(p);
}

static void qu_callback(struct parser *p, void *node) {
    pl_parse__expect_word(p, "within");
    ((struct pl_ast_queue *)node)->callback = pl_parse__duration_new(p);
    pl_parse__end_line(p);
}

/* SYNTAX: queue = 'queue' NAME NEWLINE INDENT { queue_line } DEDENT */
static void queue(struct parser *p, struct pl_ast_decl *d) {
    static const struct line_rule rules[] = {
        {"title", 0, 0, false, qu_title},         {"skills", 0, 0, false, qu_skills},
        {"languages", 0, 0, false, qu_languages}, {"open", 0, 0, false, qu_open},
        {"answer", 0, 0, false, qu_answer},       {"callback", 0, 0, false, qu_callback},
    };
    d->name = pl_parse__name(p, "the name of a queue");
    if (pl_parse__open_block(p, "`queue`"))
        pl_parse__lines(p, "a queue", rules, PL_LEN(rules), &d->queue);
}

/* ---- rules ---- */

struct rule_state {
    struct pl_ast_rule *rule;
    bool acts;
};

/* SYNTAX: when = 'when' ( expr NEWLINE | path 'mentions' NEWLINE INDENT lang_line { lang_line }
 *                DEDENT ) */
static void ru_when(struct parser *p, void *node) {
    struct pl_ast_rule *r = ((struct rule_state *)node)->rule;
    struct pl_ast_when when = {0};
    uint32_t start = p->tokens.v[p->at - 1].start;
    when.expr = pl_parse__expr(p);
    if (when.expr->kind == PL_EXPR_PATH && pl_parse__accept_word(p, "mentions")) {
        when.path = when.expr->path;
        when.expr = NULL;
        pl_parse__phrase_block(p, "`mentions`", &when.mentions);
    } else {
        pl_parse__end_line(p);
    }
    when.span = pl_parse__from(p, start);
    if (!p->panic) PL_AST_ADD(p->arena, &r->whens, when);
}

/* SYNTAX: handoff_head [ 'every' DURATION ] NEWLINE */
static void ru_handoff(struct parser *p, void *node) {
    struct rule_state *state = node;
    state->acts = true;
    state->rule->handoff = pl_parse__handoff_head(p);
    if (pl_parse__accept_word(p, "every")) state->rule->every = pl_parse__duration_new(p);
    pl_parse__end_line(p);
}

/* SYNTAX: 'route' 'priority' NAME NEWLINE */
static void ru_route(struct parser *p, void *node) {
    struct rule_state *state = node;
    state->acts = state->rule->route = true;
    pl_parse__expect_word(p, "priority");
    state->rule->route_priority = pl_parse__name(p, "a priority");
    pl_parse__end_line(p);
}

/* SYNTAX: rule = 'rule' NAME NEWLINE INDENT when { when } ( handoff_head [ 'every' DURATION ]
 *                | 'route' 'priority' NAME ) NEWLINE DEDENT */
static void rule(struct parser *p, struct pl_ast_decl *d) {
    static const struct line_rule rules[] = {
        {"when", 0, 1, true, ru_when},
        {"handoff", 0, 2, false, ru_handoff},
        {"route", 0, 2, false, ru_route},
    };
    struct rule_state state = {.rule = &d->rule};
    bool broken = p->broken;
    p->broken = false;
    d->name = pl_parse__name(p, "the name of a rule");
    if (pl_parse__open_block(p, "`rule`"))
        pl_parse__lines(p, "a rule", rules, PL_LEN(rules), &state);
    if (!p->broken && !d->rule.whens.n) missing(p, d->name.span, "a rule", "a line `when`");
    if (!p->broken && !state.acts)
        missing(p, d->name.span, "a rule", "a line `handoff` or `route`");
    p->broken = p->broken || broken;
}

/* ---- flows ---- */

static void fl_title(struct parser *p, void *node) {
    ((struct pl_ast_flow *)node)->title = pl_parse__title(p);
}

static void fl_resume(struct parser *p, void *node) {
    ((struct pl_ast_flow *)node)->resume = pl_parse__title(p);
}

/* SYNTAX: 'on' 'change' ( 'finish' | 'restart' | 'move' ) NEWLINE, after `change` */
static void on_change(struct parser *p, struct pl_ast_flow *f, struct pl_span at) {
    static const char *const words[] = {"finish", "restart", "move"};
    int i = pl_parse__one_of(p, words, PL_LEN(words));
    if (f->on_change != PL_AST_CHANGE_UNSAID)
        pl_parse__mistake(p, PL_D_TWICE, at, PL_STR("`on change`"), none, none);
    f->on_change = (enum pl_ast_on_change)(PL_AST_CHANGE_FINISH + i);
    pl_parse__end_line(p);
}

/* SYNTAX: 'on' ( 'intent' NAME | 'event' path | 'open' | 'idle' DURATION | 'otherwise' )
 *         [ 'if' expr ] NEWLINE | 'on' says | 'on' 'change' … */
static void fl_on(struct parser *p, void *node) {
    static const char *const words[] = {"intent",    "event", "open",  "idle",
                                        "otherwise", "says",  "change"};
    struct pl_ast_flow *f = node;
    struct pl_ast_trigger t = {0};
    uint32_t start = p->tokens.v[p->at - 1].start;
    struct pl_span at = pl_parse__token_span(p);
    int i = pl_parse__one_of(p, words, PL_LEN(words));
    if (i == 6) {
        on_change(p, f, at);
        f->on_change_at = pl_parse__from(p, start);
        return;
    }
    t.kind = i < 0 ? PL_TRIGGER_OPEN : (enum pl_ast_trigger_kind)i;
    if (i == 0) t.intent = pl_parse__name(p, "the name of an intent");
    if (i == 1) t.event = pl_parse__path(p, "the name of an event");
    if (i == 3) t.idle = pl_parse__duration(p);
    if (i == 5) {
        pl_parse__phrase_block(p, "`says`", &t.says);
    } else {
        if (pl_parse__accept_word(p, "if")) t.cond = pl_parse__expr(p);
        pl_parse__end_line(p);
    }
    t.span = pl_parse__from(p, start);
    if (!p->panic) PL_AST_ADD(p->arena, &f->triggers, t);
}

/* SYNTAX: 'interrupt' ( 'allow' | 'after' 'answer' | 'never' ) NEWLINE */
static void fl_interrupt(struct parser *p, void *node) {
    static const char *const words[] = {"allow", "after", "never"};
    int i = pl_parse__one_of(p, words, PL_LEN(words));
    if (i == 1) pl_parse__expect_word(p, "answer");
    ((struct pl_ast_flow *)node)->interrupt = (enum pl_ast_interrupt)(PL_AST_INTERRUPT_ALLOW + i);
    pl_parse__end_line(p);
}

static void fl_regulated(struct parser *p, void *node) {
    ((struct pl_ast_flow *)node)->regulated = true;
    pl_parse__end_line(p);
}

static void fl_requires(struct parser *p, void *node) {
    pl_parse__expect_word(p, "verified");
    ((struct pl_ast_flow *)node)->verified = true;
    pl_parse__end_line(p);
}

static void fl_statement(struct parser *p, void *node) {
    struct pl_ast_flow *f = node;
    uint32_t start = pl_parse__here(p);
    p->header = !f->body->n;
    struct pl_ast_stmt *s = pl_parse__statement(p);
    if (!s || p->panic) return;
    if (!f->body->n) f->body->span = pl_parse__from(p, start);
    f->body->span = pl_span_join(f->body->span, s->span);
    PL_AST_ADD(p->arena, f->body, s);
}

/* SYNTAX: flow = 'flow' NAME [ '(' [ params ] ')' ] [ '->' type ] NEWLINE
 *                INDENT { flow_line } statement { statement } DEDENT */
static void flow(struct parser *p, struct pl_ast_decl *d) {
    static const struct line_rule rules[] = {
        {"title", 0, 1, false, fl_title},
        {"resume", 0, 1, false, fl_resume},
        {"on", 0, 1, true, fl_on},
        {"interrupt", 0, 1, false, fl_interrupt},
        {"regulated", 0, 1, false, fl_regulated},
        {"requires", 0, 1, false, fl_requires},
        {NULL, PL_TOKEN_END, 2, true, fl_statement},
    };
    bool broken = p->broken;
    p->broken = false;
    d->flow.body = PL_NEW(p->arena, struct pl_ast_block);
    d->name = pl_parse__name(p, "the name of a flow");
    d->flow.params = pl_parse__params(p, false);
    d->flow.result = result_type(p);
    if (pl_parse__open_block(p, "`flow`"))
        pl_parse__lines(p, "a flow", rules, PL_LEN(rules), &d->flow);
    if (!p->broken && !d->flow.body->n) missing(p, d->name.span, "a flow", "a statement");
    p->broken = p->broken || broken;
}

/* ---- any declaration ---- */

struct decl_rule {
    const char *word;
    enum pl_decl_kind kind;
    void (*parse)(struct parser *p, struct pl_ast_decl *d); /* after its word */
};
static const struct decl_rule decls[] = {
    {"assistant", PL_DECL_ASSISTANT, assistant},
    {"intent", PL_DECL_INTENT, intent},
    {"entity", PL_DECL_ENTITY, entity},
    {"type", PL_DECL_TYPE, type_decl},
    {"session", PL_DECL_SESSION, scope},
    {"customer", PL_DECL_CUSTOMER, scope},
    {"hook", PL_DECL_HOOK, hook},
    {"event", PL_DECL_EVENT, event},
    {"hours", PL_DECL_HOURS, hours},
    {"queue", PL_DECL_QUEUE, queue},
    {"rule", PL_DECL_RULE, rule},
    {"flow", PL_DECL_FLOW, flow},
    {"talk", PL_DECL_TALK, pl_parse__talk},
};

static const struct decl_rule *decl_rule(struct parser *p) {
    const char *words[PL_LEN(decls)];
    for (size_t i = 0; i < PL_LEN(decls); i++) words[i] = decls[i].word;
    /* A *.talk file has one kind, a *.flow file all the others. */
    size_t first = p->talk ? PL_LEN(decls) - 1 : 0, n = p->talk ? 1 : PL_LEN(decls) - 1;
    for (size_t i = 0; i < PL_LEN(decls); i++) {
        if (!pl_parse__at_word(p, words[i]) || (i >= first && i < first + n)) continue;
        struct pl_str word = pl_arena_printf(p->arena, "`%s`", words[i]);
        pl_parse__mistake(p, PL_D_TALK_ONLY, pl_parse__token_span(p), word,
                          pl_str_c(p->talk ? "talk" : "flow"), pl_str_c(p->talk ? "flow" : "talk"));
        p->panic = true;
        return NULL;
    }
    int i = pl_parse__one_of(p, words + first, n);
    return i < 0 ? NULL : &decls[first + (size_t)i];
}

/* `more` and `override` go before some kinds only. */
static void check_prefix(struct parser *p, struct pl_span at, const struct pl_ast_decl *d) {
    if (d->more && d->kind != PL_DECL_INTENT && d->kind != PL_DECL_ENTITY)
        pl_parse__mistake(p, PL_D_NO_MORE, at, PL_STR("more"), PL_STR("`intent` and `entity`"),
                          none);
    if (d->override && d->kind != PL_DECL_FLOW)
        pl_parse__mistake(p, PL_D_NO_MORE, at, PL_STR("override"), PL_STR("`flow`"), none);
}

static struct pl_span head_of(const struct parser *p, size_t first) {
    size_t last = first;
    while (p->tokens.v[last + 1].kind >= PL_TOKEN_ERROR) last++;
    return pl_lex_span(&p->view, p->tokens.v[first].start, p->tokens.v[last].end);
}

/* SYNTAX: declaration = assistant | [ 'more' ] ( intent | entity ) | type_decl | scope | hook
 *         | event | hours | queue | rule | [ 'override' ] flow */
struct pl_ast_decl *pl_parse__decl(struct parser *p) {
    struct pl_ast_decl *d = PL_NEW(p->arena, struct pl_ast_decl);
    uint32_t start = pl_parse__here(p);
    size_t first = p->at;
    struct pl_span prefix = pl_parse__token_span(p);
    d->doc = pl_parse__doc(p);
    d->more = pl_parse__accept_word(p, "more");
    d->override = !d->more && pl_parse__accept_word(p, "override");
    const struct decl_rule *r = decl_rule(p);
    if (!r) return NULL;
    d->kind = r->kind;
    d->head = head_of(p, first);
    check_prefix(p, prefix, d);
    r->parse(p, d);
    d->span = pl_parse__from(p, start);
    return d;
}
