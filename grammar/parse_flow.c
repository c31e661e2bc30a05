/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks and statements.
 */
#include "grammar/parse_priv.h"

static const struct pl_str none = {0};

/* ---- blocks ---- */

static void block_statement(struct parser *p, void *node) {
    struct pl_ast_block *b = node;
    struct pl_ast_stmt *s = pl_parse__statement(p);
    if (s && !p->panic) PL_AST_ADD(p->arena, b, s);
}

/* SYNTAX: block = NEWLINE INDENT statement { statement } DEDENT */
struct pl_ast_block *pl_parse__block(struct parser *p, const char *what) {
    static const struct line_rule rules[] = {{NULL, PL_TOKEN_END, 0, true, block_statement}};
    struct pl_ast_block *b = PL_NEW(p->arena, struct pl_ast_block);
    if (!pl_parse__open_block(p, what)) return b;
    uint32_t start = pl_parse__here(p);
    pl_parse__lines(p, what, rules, PL_LEN(rules), b);
    b->span = pl_parse__from(p, start);
    return b;
}

/* ---- leaving ---- */

/* SYNTAX: goto = 'goto' NAME [ '(' [ args ] ')' ] */
static void goto_head(struct parser *p, struct pl_ast_stmt *s) {
    s->goto_.flow = pl_parse__name(p, "the name of a flow");
    s->goto_.args = pl_parse__args(p);
}

/* SYNTAX: end = 'end' ( 'resolved' | 'unresolved' | 'conversation' ) */
static void end_head(struct parser *p, struct pl_ast_stmt *s) {
    static const char *const words[] = {"resolved", "unresolved", "conversation"};
    int i = pl_parse__one_of(p, words, PL_LEN(words));
    s->end = i < 0 ? PL_END_RESOLVED : (enum pl_end_kind)i;
}

/* SYNTAX: 'return' [ expr ] */
static void return_head(struct parser *p, struct pl_ast_stmt *s) {
    if (pl_parse__kind(p) != PL_TOKEN_NEWLINE) s->value = pl_parse__expr(p);
}

/* SYNTAX: handoff_head = 'handoff' [ 'now' | 'offer' | 'callback' | 'message' ] [ 'to' NAME ]
 *                        [ 'priority' NAME ] [ 'because' TEXT ] */
struct pl_ast_handoff pl_parse__handoff_head(struct parser *p) {
    static const char *const modes[] = {"now", "offer", "callback", "message"};
    struct pl_ast_handoff h = {.mode = PL_AST_HANDOFF_PLAIN};
    uint32_t start = p->tokens.v[p->at - 1].start;
    for (size_t i = 0; i < PL_LEN(modes) && h.mode == PL_AST_HANDOFF_PLAIN; i++)
        if (pl_parse__accept_word(p, modes[i]))
            h.mode = (enum pl_ast_handoff_mode)(PL_AST_HANDOFF_NOW + i);
    if (pl_parse__accept_word(p, "to")) h.to = pl_parse__name(p, "the name of a queue");
    if (pl_parse__accept_word(p, "priority")) h.priority = pl_parse__name(p, "a priority");
    if (pl_parse__accept_word(p, "because")) h.because = pl_parse__text(p);
    h.span = pl_parse__from(p, start);
    return h;
}

static void ha_closed(struct parser *p, void *node) {
    ((struct pl_ast_handoff *)node)->closed = pl_parse__block(p, "`closed`");
}

static void ha_declined(struct parser *p, void *node) {
    ((struct pl_ast_handoff *)node)->declined = pl_parse__block(p, "`declined`");
}

/* SYNTAX: handoff = handoff_head NEWLINE [ INDENT handoff_arm { handoff_arm } DEDENT ]
 *         handoff_arm = ( 'closed' | 'declined' ) block */
static void handoff(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {
        {"closed", 0, 0, false, ha_closed},
        {"declined", 0, 0, false, ha_declined},
    };
    s->handoff = pl_parse__handoff_head(p);
    if (pl_parse__maybe_block(p))
        pl_parse__lines(p, "`handoff`", rules, PL_LEN(rules), &s->handoff);
}

static void handoff_alone(struct parser *p, struct pl_ast_stmt *s) {
    s->handoff = pl_parse__handoff_head(p);
}

static struct pl_ast_block *leaving(struct parser *p, bool inside_line);

/* SYNTAX: else = 'else' ( leave | block ), after its word */
struct pl_ast_block *pl_parse__else(struct parser *p) {
    if (pl_parse__kind(p) == PL_TOKEN_NEWLINE) return pl_parse__block(p, "`else`");
    return leaving(p, false);
}

/* SYNTAX: 'at' 'most' NUMBER else_inline */
static struct pl_ast_block *bound(struct parser *p, struct pl_ast_number *most) {
    pl_parse__at_most(p, "say how often, and what then", "3 else handoff because \"…\"");
    *most = pl_parse__number(p);
    pl_parse__expect_word(p, "else");
    return leaving(p, true);
}

/* SYNTAX: back = 'back' NAME 'at' 'most' NUMBER else_inline */
static void back_head(struct parser *p, struct pl_ast_stmt *s) {
    s->back.mark = pl_parse__name(p, "the name of a mark");
    s->back.else_block = bound(p, &s->back.most);
}

/* SYNTAX: change = 'change' path { ',' path } 'at' 'most' NUMBER else_inline */
static void change_head(struct parser *p, struct pl_ast_stmt *s) {
    s->change.slots = pl_parse__paths(p, "the name of a slot");
    s->change.else_block = bound(p, &s->change.most);
}

struct stmt_rule {
    const char *word;
    enum pl_stmt_kind kind;
    bool whole; /* reads its own line end and block */
    void (*parse)(struct parser *p, struct pl_ast_stmt *s);
};

/* SYNTAX: leave = handoff | goto NEWLINE | end NEWLINE | 'return' [ expr ] NEWLINE | back NEWLINE
 *         else_inline = 'else' ( handoff_head | goto | end | 'return' [ expr ] ), on the line of
 *         its statement: the line end is left */
static struct pl_ast_block *leaving(struct parser *p, bool inside_line) {
    static const struct stmt_rule rules[] = {
        {"handoff", PL_STMT_HANDOFF, true, handoff}, {"goto", PL_STMT_GOTO, false, goto_head},
        {"end", PL_STMT_END, false, end_head},       {"return", PL_STMT_RETURN, false, return_head},
        {"back", PL_STMT_BACK, false, back_head},
    };
    const char *words[PL_LEN(rules)];
    for (size_t i = 0; i < PL_LEN(rules); i++) words[i] = rules[i].word;
    struct pl_ast_block *b = PL_NEW(p->arena, struct pl_ast_block);
    struct pl_ast_stmt *s = PL_NEW(p->arena, struct pl_ast_stmt);
    uint32_t start = pl_parse__here(p);
    int i = pl_parse__one_of(p, words, PL_LEN(rules) - (inside_line ? 1 : 0));
    if (i < 0) return b;
    s->kind = rules[i].kind;
    if (inside_line && i == 0)
        handoff_alone(p, s);
    else
        rules[i].parse(p, s);
    s->head = s->span = b->span = pl_parse__from(p, start);
    if (!inside_line && !rules[i].whole) pl_parse__end_line(p);
    b->on_line = true;
    if (!p->panic) PL_AST_ADD(p->arena, b, s);
    return b;
}

/* ---- calling ---- */

static void failure_line(struct parser *p, void *node) {
    struct pl_ast_arm arm = {0};
    uint32_t start = pl_parse__here(p);
    arm.names = pl_parse__names(p, "the name of a failure");
    arm.block = pl_parse__block(p, "a failure");
    arm.span = pl_parse__from(p, start);
    if (!p->panic) PL_AST_ADD(p->arena, (struct pl_ast_arms *)node, arm);
}

/* SYNTAX: call = 'call' path [ '=' path ] [ '(' [ args ] ')' ] NEWLINE
 *                [ INDENT failure { failure } DEDENT ]
 *         failure = NAME { ',' NAME } block */
static void call(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {{NULL, PL_TOKEN_NAME, 0, true, failure_line}};
    s->call.callee = pl_parse__path(p, "the name of a hook or a flow");
    if (pl_parse__accept(p, PL_TOKEN_EQ)) {
        s->call.result = s->call.callee;
        s->call.callee = pl_parse__path(p, "the name of a hook or a flow");
    }
    s->call.args = pl_parse__args(p);
    if (pl_parse__maybe_block(p))
        pl_parse__lines(p, "the failures of a call", rules, PL_LEN(rules), &s->call.failures);
}

/* ---- model turns ---- */

static void an_using(struct parser *p, void *node) {
    pl_parse__expect_word(p, "kb");
    pl_parse__expect_word(p, "top");
    ((struct pl_ast_answer *)node)->top = pl_parse__number_new(p);
    pl_parse__end_line(p);
}

static void an_given(struct parser *p, void *node) {
    ((struct pl_ast_answer *)node)->given = pl_parse__givens(p);
    pl_parse__end_line(p);
}

static void an_tools(struct parser *p, void *node) {
    ((struct pl_ast_answer *)node)->tools = pl_parse__paths(p, "the name of a hook");
    pl_parse__end_line(p);
}

static void an_never(struct parser *p, void *node) {
    ((struct pl_ast_answer *)node)->never = pl_parse__texts(p);
    pl_parse__end_line(p);
}

static void an_prompt(struct parser *p, void *node) {
    ((struct pl_ast_answer *)node)->prompt = pl_parse__name(p, "the name of a prompt");
    pl_parse__end_line(p);
}

static void an_budget(struct parser *p, void *node) {
    ((struct pl_ast_answer *)node)->budget = pl_parse__limits(p);
    pl_parse__end_line(p);
}

static void an_unsure(struct parser *p, void *node) {
    ((struct pl_ast_answer *)node)->unsure = pl_parse__block(p, "`unsure`");
}

static void an_down(struct parser *p, void *node) {
    ((struct pl_ast_answer *)node)->down = pl_parse__block(p, "`down`");
}

static void needs(struct parser *p, bool there, struct pl_span at, const char *what,
                  const char *line) {
    if (!there && !p->broken)
        pl_parse__mistake(p, PL_D_MISSING_LINE, at, pl_str_c(what), pl_str_c(line), none);
}

/* SYNTAX: answer = 'answer' [ ID ] NEWLINE INDENT answer_line { answer_line }
 *                  fallback { fallback } DEDENT */
static void answer(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {
        {"using", 0, 1, false, an_using},   {"given", 0, 1, false, an_given},
        {"tools", 0, 1, false, an_tools},   {"never", 0, 1, false, an_never},
        {"prompt", 0, 1, false, an_prompt}, {"budget", 0, 1, false, an_budget},
        {"unsure", 0, 2, false, an_unsure}, {"down", 0, 2, false, an_down},
    };
    struct pl_span word = pl_lex_span(&p->view, p->tokens.v[p->at - 1].start, p->last_end);
    bool broken = p->broken;
    p->broken = false;
    s->answer.id = pl_parse__id(p);
    if (pl_parse__open_block(p, "`answer`"))
        pl_parse__lines(p, "`answer`", rules, PL_LEN(rules), &s->answer);
    needs(p, s->answer.budget.n, word, "`answer`", "a line `budget`");
    needs(p, s->answer.unsure, word, "`answer`", "a block `unsure`");
    needs(p, s->answer.down, word, "`answer`", "a block `down`");
    p->broken = p->broken || broken;
}

static void de_about(struct parser *p, void *node) {
    ((struct pl_ast_decide *)node)->about = pl_parse__text(p);
    pl_parse__end_line(p);
}

static void de_from(struct parser *p, void *node) {
    struct pl_ast_decide *d = node;
    struct pl_ast_givens more = pl_parse__givens(p);
    for (size_t i = 0; i < more.n; i++) PL_AST_ADD(p->arena, &d->from, more.v[i]);
    pl_parse__end_line(p);
}

static void de_prompt(struct parser *p, void *node) {
    ((struct pl_ast_decide *)node)->prompt = pl_parse__name(p, "the name of a prompt");
    pl_parse__end_line(p);
}

static void de_budget(struct parser *p, void *node) {
    ((struct pl_ast_decide *)node)->budget = pl_parse__limits(p);
    pl_parse__end_line(p);
}

static void de_none(struct parser *p, void *node) {
    ((struct pl_ast_decide *)node)->none = pl_parse__block(p, "`none`");
}

/* SYNTAX: decide = 'decide' path ':' ( enum | type ) NEWLINE INDENT 'about' TEXT NEWLINE
 *         { 'from' given { ',' given } NEWLINE } [ 'prompt' NAME NEWLINE ]
 *         'budget' limit { ',' limit } NEWLINE 'none' block DEDENT */
static void decide(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {
        {"about", 0, 1, false, de_about},   {"from", 0, 2, true, de_from},
        {"prompt", 0, 3, false, de_prompt}, {"budget", 0, 4, false, de_budget},
        {"none", 0, 5, false, de_none},
    };
    struct pl_span word = pl_lex_span(&p->view, p->tokens.v[p->at - 1].start, p->last_end);
    bool broken = p->broken;
    p->broken = false;
    s->decide.slot = pl_parse__path(p, "the slot to decide");
    pl_parse__expect(p, PL_TOKEN_COLON);
    s->decide.type = pl_parse__type(p, true);
    if (pl_parse__open_block(p, "`decide`"))
        pl_parse__lines(p, "`decide`", rules, PL_LEN(rules), &s->decide);
    needs(p, s->decide.about, word, "`decide`", "a line `about`");
    needs(p, s->decide.budget.n, word, "`decide`", "a line `budget`");
    needs(p, s->decide.none, word, "`decide`", "a block `none`");
    p->broken = p->broken || broken;
}

/* ---- branching ---- */

static void if_arm(struct parser *p, struct pl_ast_if *node, const char *what) {
    struct pl_ast_cond_block arm = {0};
    uint32_t start = p->tokens.v[p->at - 1].start;
    arm.cond = pl_parse__expr(p);
    arm.block = pl_parse__block(p, what);
    arm.span = pl_parse__from(p, start);
    if (!p->panic) PL_AST_ADD(p->arena, &node->arms, arm);
}

/* SYNTAX: if = 'if' expr block { 'elif' expr block } [ 'else' block ] */
static void if_statement(struct parser *p, struct pl_ast_stmt *s) {
    if_arm(p, &s->if_, "`if`");
    while (pl_parse__accept_word(p, "elif")) if_arm(p, &s->if_, "`elif`");
    if (pl_parse__accept_word(p, "else")) s->if_.else_block = pl_parse__block(p, "`else`");
}

/* The members of an arm; true and false are members of bool. */
static struct pl_ast_names arm_names(struct parser *p) {
    struct pl_ast_names names = {0};
    do {
        struct pl_ast_name name = {pl_parse__token_span(p), pl_parse__str(p)};
        if (!pl_parse__accept_word(p, "true") && !pl_parse__accept_word(p, "false"))
            name = pl_parse__name(p, "the name of a member");
        if (!p->panic) PL_AST_ADD(p->arena, &names, name);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    return names;
}

/* SYNTAX: arm = NAME { ',' NAME } block */
static void ma_arm(struct parser *p, void *node) {
    struct pl_ast_arm arm = {0};
    uint32_t start = pl_parse__here(p);
    arm.names = arm_names(p);
    arm.block = pl_parse__block(p, "a branch of `match`");
    arm.span = pl_parse__from(p, start);
    if (!p->panic) PL_AST_ADD(p->arena, &((struct pl_ast_match *)node)->arms, arm);
}

static void ma_else(struct parser *p, void *node) {
    ((struct pl_ast_match *)node)->else_block = pl_parse__block(p, "`else`");
}

/* SYNTAX: match = 'match' expr NEWLINE INDENT arm { arm } [ 'else' block ] DEDENT */
static void match(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {
        {"else", 0, 2, false, ma_else},
        {NULL, PL_TOKEN_NAME, 1, true, ma_arm},
    };
    s->match.expr = pl_parse__expr(p);
    if (pl_parse__open_block(p, "`match`"))
        pl_parse__lines(p, "`match`", rules, PL_LEN(rules), &s->match);
}

/* SYNTAX: 'variant' NAME PERCENT block */
static void ex_variant(struct parser *p, void *node) {
    struct pl_ast_experiment *e = node;
    struct pl_ast_variant v = {0};
    uint32_t start = p->tokens.v[p->at - 1].start;
    v.name = pl_parse__name(p, "the name of a variant");
    v.percent = pl_parse__percent(p);
    v.block = pl_parse__block(p, "`variant`");
    v.span = pl_parse__from(p, start);
    if (!p->panic) PL_AST_ADD(p->arena, &e->variants, v);
}

/* SYNTAX: experiment = 'experiment' NAME NEWLINE INDENT variant { variant } DEDENT */
static void experiment(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {{"variant", 0, 0, true, ex_variant}};
    s->experiment.name = pl_parse__name(p, "the name of an experiment");
    if (pl_parse__open_block(p, "`experiment`"))
        pl_parse__lines(p, "an experiment", rules, PL_LEN(rules), &s->experiment);
}

/* ---- waiting ---- */

static void wa_else(struct parser *p, void *node) {
    ((struct pl_ast_wait *)node)->else_block = pl_parse__else(p);
}

/* SYNTAX: 'for' path [ '(' NAME { ',' NAME } ')' ] 'at' 'most' DURATION, after `for` */
static void wait_event(struct parser *p, struct pl_ast_wait *w) {
    w->kind = PL_WAIT_EVENT;
    w->event = pl_parse__path(p, "the name of an event");
    if (pl_parse__accept(p, PL_TOKEN_LPAREN)) {
        w->params = pl_parse__names(p, "a name");
        pl_parse__expect(p, PL_TOKEN_RPAREN);
    }
    pl_parse__at_most(p, "say how long", "2d");
    w->duration = pl_parse__duration(p);
}

/* SYNTAX: wait = 'wait' ( DURATION | 'until' expr | 'for' … ) [ ID ] NEWLINE
 *                [ INDENT else DEDENT ] */
static void wait(struct parser *p, struct pl_ast_stmt *s) {
    static const struct line_rule rules[] = {{"else", 0, 0, false, wa_else}};
    struct pl_ast_wait *w = &s->wait;
    if (pl_parse__kind(p) == PL_TOKEN_DURATION) {
        w->duration = pl_parse__duration(p);
    } else if (pl_parse__accept_word(p, "until")) {
        w->kind = PL_WAIT_UNTIL;
        w->until = pl_parse__expr(p);
    } else if (pl_parse__accept_word(p, "for")) {
        wait_event(p, w);
    } else {
        pl_parse__expected(p, "a duration, `until` or `for`");
    }
    w->id = pl_parse__id(p);
    if (pl_parse__maybe_block(p)) pl_parse__lines(p, "`wait`", rules, PL_LEN(rules), w);
}

/* ---- small statements ---- */

/* SYNTAX: 'set' path '=' expr NEWLINE */
static void set_head(struct parser *p, struct pl_ast_stmt *s) {
    s->set.slot = pl_parse__path(p, "the name of a slot");
    pl_parse__expect(p, PL_TOKEN_EQ);
    s->set.value = pl_parse__expr(p);
}

/* SYNTAX: 'clear' path { ',' path } NEWLINE */
static void clear_head(struct parser *p, struct pl_ast_stmt *s) {
    s->clear = pl_parse__paths(p, "the name of a slot");
}

static void mark_head(struct parser *p, struct pl_ast_stmt *s) {
    s->mark = pl_parse__name(p, "the name of a mark");
}

static void goal_head(struct parser *p, struct pl_ast_stmt *s) {
    s->goal = pl_parse__name(p, "the name of a goal");
}

static void note_head(struct parser *p, struct pl_ast_stmt *s) {
    s->note = pl_parse__text(p);
}

/* SYNTAX: 'track' NAME '(' [ args ] ')' NEWLINE */
static void track_head(struct parser *p, struct pl_ast_stmt *s) {
    s->track.name = pl_parse__name(p, "the name of an analytics event");
    s->track.args = pl_parse__args(p);
    if (!s->track.args.present) pl_parse__expected(p, "`(`");
}

static void pass_head(struct parser *p, struct pl_ast_stmt *s) {
    (void)p;
    (void)s;
}

static void any_of(struct parser *p, struct pl_ast_stmt *s) {
    s->any_of = pl_parse__any_of(p);
}

/* ---- any statement ---- */

static const struct stmt_rule stmts[] = {
    {"any", PL_STMT_ANY_OF, true, any_of},
    {"ask", PL_STMT_ASK, true, pl_parse__ask},
    {"confirm", PL_STMT_CONFIRM, true, pl_parse__confirm},
    {"choose", PL_STMT_CHOOSE, true, pl_parse__choose},
    {"call", PL_STMT_CALL, true, call},
    {"answer", PL_STMT_ANSWER, true, answer},
    {"decide", PL_STMT_DECIDE, true, decide},
    {"if", PL_STMT_IF, true, if_statement},
    {"match", PL_STMT_MATCH, true, match},
    {"experiment", PL_STMT_EXPERIMENT, true, experiment},
    {"handoff", PL_STMT_HANDOFF, true, handoff},
    {"goto", PL_STMT_GOTO, false, goto_head},
    {"set", PL_STMT_SET, false, set_head},
    {"clear", PL_STMT_CLEAR, false, clear_head},
    {"mark", PL_STMT_MARK, false, mark_head},
    {"back", PL_STMT_BACK, false, back_head},
    {"change", PL_STMT_CHANGE, false, change_head},
    {"wait", PL_STMT_WAIT, true, wait},
    {"goal", PL_STMT_GOAL, false, goal_head},
    {"note", PL_STMT_NOTE, false, note_head},
    {"track", PL_STMT_TRACK, false, track_head},
    {"end", PL_STMT_END, false, end_head},
    {"return", PL_STMT_RETURN, false, return_head},
    {"pass", PL_STMT_PASS, false, pass_head},
};

static const char *statement_advice(const struct parser *p) {
    enum pl_token_kind kind = pl_parse__kind(p);
    if (kind == PL_TOKEN_WORD || kind == PL_TOKEN_CURRENCY)
        return "what the bot says stands in quotes: \"…\"";
    if (pl_parse__at_word(p, "else") || pl_parse__at_word(p, "elif"))
        return "`else` stands under its `if` in the same column, or last in the block of its "
               "question";
    return pl_parse__line_advice(p);
}

/* Where the name of a slot ends that stands before a `=`, as in "customer.size = …", or 0. */
static uint32_t assigned(const struct parser *p) {
    const struct pl_token *t = &p->tokens.v[p->at];
    while (t[0].kind == PL_TOKEN_NAME && t[1].kind == PL_TOKEN_DOT) t += 2;
    return t[0].kind == PL_TOKEN_NAME && t[1].kind == PL_TOKEN_EQ ? t[0].end : 0;
}

static void missing_set(struct parser *p, struct pl_diag *diag, uint32_t end) {
    uint32_t start = pl_parse__here(p);
    pl_diag_hint(p->diags, diag, "write `set %.*s = …`", (int)(end - start),
                 p->view.bytes.p + start);
    pl_diag_fix(p->diags, diag, PL_FIX_SAFE, pl_lex_span(&p->view, start, start), PL_STR("set "),
                "write `set` before it");
}

/* A line that begins like no statement. The list of all of them would teach nothing: it is the
 * nearest word, or what helps with the commonest slips. */
static void unknown_statement(struct parser *p, bool header) {
    static const char *const lines[] = {"title",     "resume",    "on",
                                        "interrupt", "regulated", "requires"};
    struct pl_str words[PL_LEN(stmts) + PL_LEN(lines)];
    size_t n = 0;
    for (size_t i = 0; header && i < PL_LEN(lines); i++) words[n++] = pl_str_c(lines[i]);
    for (size_t i = 0; i < PL_LEN(stmts); i++) words[n++] = pl_str_c(stmts[i].word);
    struct pl_span at = pl_parse__token_span(p);
    bool name = pl_parse__kind(p) == PL_TOKEN_NAME;
    uint32_t slot_end = assigned(p);
    const char *advice = statement_advice(p);
    if (pl_parse__quiet(p)) return;
    struct pl_diag *diag =
        pl_parse__mistake(p, PL_D_EXPECTED, at, PL_STR("a statement"), pl_parse__found(p), none);
    if (slot_end)
        missing_set(p, diag, slot_end);
    else if (advice)
        pl_diag_hint(p->diags, diag, "%s", advice), pl_parse__line_fix(p, diag);
    else if (name)
        pl_diag_nearest(p->diags, diag, at, pl_parse__str(p), words, n);
}

static struct pl_span head_of(const struct parser *p, size_t first) {
    size_t last = first;
    while (p->tokens.v[last + 1].kind >= PL_TOKEN_ERROR) last++;
    return pl_lex_span(&p->view, p->tokens.v[first].start, p->tokens.v[last].end);
}

/* SYNTAX: statement = say | any_of | ask | confirm | choose | … */
struct pl_ast_stmt *pl_parse__statement(struct parser *p) {
    struct pl_ast_stmt *s = PL_NEW(p->arena, struct pl_ast_stmt);
    uint32_t start = pl_parse__here(p);
    bool header = p->header;
    p->header = false;
    s->doc = pl_parse__doc(p);
    s->head = head_of(p, p->at);
    if (pl_parse__kind(p) == PL_TOKEN_TEXT) {
        s->kind = PL_STMT_SAY;
        s->say = pl_parse__say(p);
    } else {
        const struct stmt_rule *r = NULL;
        for (size_t i = 0; i < PL_LEN(stmts) && !r; i++)
            if (pl_parse__accept_word(p, stmts[i].word)) r = &stmts[i];
        if (!r) {
            unknown_statement(p, header);
            p->header = header; /* it may have been a line of the header */
            return NULL;
        }
        s->kind = r->kind;
        r->parse(p, s);
        if (!r->whole) pl_parse__end_line(p);
    }
    s->span = pl_parse__from(p, start);
    return s;
}
