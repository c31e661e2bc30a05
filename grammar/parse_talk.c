/* SPDX-License-Identifier: Apache-2.0
 *
 * Talks: what a customer does and what the bot must do.
 */
#include "grammar/parse_priv.h"

struct play_rule {
    const char *word;
    enum pl_play_kind kind;
    void (*parse)(struct parser *p, struct pl_ast_play *play); /* after its word; line end left */
};

static void locale(struct parser *p, struct pl_ast_play *play) {
    play->locales = pl_parse__langs(p);
}

/* SYNTAX: 'as' NAME [ record ] */
static void as(struct parser *p, struct pl_ast_play *play) {
    play->as.who = pl_parse__name(p, "who the customer is");
    if (pl_parse__kind(p) == PL_TOKEN_LBRACE) play->as.remembered = pl_parse__value(p);
}

static void nothing(struct parser *p, struct pl_ast_play *play) {
    (void)p;
    (void)play;
}

static void text(struct parser *p, struct pl_ast_play *play) {
    play->text = pl_parse__text(p);
}

/* SYNTAX: 'model' ( 'says' TEXT | 'calls' path '(' [ args ] ')' | 'down' | 'refuses' ) */
static void model(struct parser *p, struct pl_ast_play *play) {
    static const char *const words[] = {"says", "calls", "down", "refuses"};
    static const enum pl_play_kind kinds[] = {PL_PLAY_MODEL, PL_PLAY_MODEL_CALLS,
                                              PL_PLAY_MODEL_DOWN, PL_PLAY_MODEL_REFUSES};
    int i = pl_parse__one_of(p, words, PL_LEN(words));
    if (i < 0) return;
    play->kind = kinds[i];
    if (play->kind == PL_PLAY_MODEL) play->text = pl_parse__text(p);
    if (play->kind != PL_PLAY_MODEL_CALLS) return;
    play->stub.path = pl_parse__path(p, "the name of a hook");
    play->stub.args = pl_parse__args(p);
    if (!play->stub.args.present) pl_parse__expected(p, "`(`");
}

static void advance(struct parser *p, struct pl_ast_play *play) {
    play->advance = pl_parse__duration(p);
}

/* SYNTAX: 'agent' ( TEXT | 'back' [ TEXT ] ) */
static void agent(struct parser *p, struct pl_ast_play *play) {
    play->agent.back = pl_parse__accept_word(p, "back");
    if (pl_parse__kind(p) == PL_TOKEN_TEXT)
        play->agent.text = pl_parse__text(p);
    else if (!play->agent.back)
        pl_parse__expected(p, "a text or `back`");
}

/* SYNTAX: 'event' path '(' [ args ] ')' */
static void event(struct parser *p, struct pl_ast_play *play) {
    play->event.path = pl_parse__path(p, "the name of an event");
    play->event.args = pl_parse__args(p);
    if (!play->event.args.present) pl_parse__expected(p, "`(`");
}

/* SYNTAX: stub = 'hook' path '(' [ args ] ')' ( '=' value | 'fails' NAME | 'like' TEXT ) */
static void stub(struct parser *p, struct pl_ast_play *play) {
    play->stub.path = pl_parse__path(p, "the name of a hook");
    play->stub.args = pl_parse__args(p);
    if (!play->stub.args.present) pl_parse__expected(p, "`(`");
    if (pl_parse__accept(p, PL_TOKEN_EQ)) {
        play->stub.kind = PL_STUB_VALUE;
        play->stub.value = pl_parse__value(p);
    } else if (pl_parse__accept_word(p, "fails")) {
        play->stub.kind = PL_STUB_FAILS;
        play->stub.failure = pl_parse__name(p, "the name of a failure");
    } else if (pl_parse__accept_word(p, "like")) {
        play->stub.kind = PL_STUB_LIKE;
        play->stub.like = pl_parse__text(p);
    } else {
        pl_parse__expected(p, "`=`, `fails` or `like`");
    }
}

/* SYNTAX: 'forbid' ( ID | TEXT | 'hook' path ) */
static void forbid(struct parser *p, struct pl_ast_play *play) {
    if (pl_parse__kind(p) == PL_TOKEN_ID)
        play->forbid.id = pl_parse__id(p);
    else if (pl_parse__kind(p) == PL_TOKEN_TEXT)
        play->forbid.text = pl_parse__text(p);
    else if (pl_parse__accept_word(p, "hook"))
        play->forbid.hook = pl_parse__path(p, "the name of a hook");
    else
        pl_parse__expected(p, "an @id, a text or `hook`");
}

/* ---- expect ---- */

static void expect_goal(struct parser *p, struct pl_ast_expect *e) {
    e->name = pl_parse__name(p, "the name of a goal");
}

static void expect_mark(struct parser *p, struct pl_ast_expect *e) {
    e->name = pl_parse__name(p, "the name of a mark");
}

static void expect_note(struct parser *p, struct pl_ast_expect *e) {
    e->text = pl_parse__text(p);
}

/* SYNTAX: 'track' NAME [ '(' [ args ] ')' ] */
static void expect_track(struct parser *p, struct pl_ast_expect *e) {
    e->name = pl_parse__name(p, "the name of an analytics event");
    if (pl_parse__kind(p) == PL_TOKEN_LPAREN) e->args = pl_parse__args(p);
}

static void expect_end(struct parser *p, struct pl_ast_expect *e) {
    e->name = pl_parse__name(p, "how it ended");
}

static void expect_no_calls(struct parser *p, struct pl_ast_expect *e) {
    (void)e;
    pl_parse__expect_word(p, "model");
    pl_parse__expect_word(p, "calls");
}

static void expect_direction(struct parser *p, struct pl_ast_expect *e) {
    e->name = pl_parse__name(p, "a direction");
}

/* SYNTAX: 'hook' path ( 'once' | 'never' ) */
static void expect_hook(struct parser *p, struct pl_ast_expect *e) {
    static const char *const words[] = {"once", "never"};
    e->path = pl_parse__path(p, "the name of a hook");
    if (pl_parse__one_of(p, words, 2) == 1) e->kind = PL_EXPECT_HOOK_NEVER;
}

/* SYNTAX: 'slot' path ( 'is' value | 'empty' ) */
static void expect_slot(struct parser *p, struct pl_ast_expect *e) {
    static const char *const words[] = {"is", "empty"};
    e->path = pl_parse__path(p, "the name of a slot");
    if (pl_parse__one_of(p, words, 2) == 1)
        e->kind = PL_EXPECT_SLOT_EMPTY;
    else
        e->value = pl_parse__value(p);
}

/* SYNTAX: 'handoff' ( [ 'now' | 'offer' | 'callback' | 'message' ] [ 'to' NAME ] [ 'priority' NAME
 * ] [ 'by' NAME ] | 'carries' given { ',' given } ) */
static void expect_handoff(struct parser *p, struct pl_ast_expect *e) {
    static const char *const modes[] = {"now", "offer", "callback", "message"};
    if (pl_parse__accept_word(p, "carries")) {
        e->kind = PL_EXPECT_HANDOFF_CARRIES;
        e->carries = pl_parse__givens(p);
        return;
    }
    for (size_t i = 0; i < PL_LEN(modes) && e->mode == PL_AST_HANDOFF_PLAIN; i++)
        if (pl_parse__accept_word(p, modes[i]))
            e->mode = (enum pl_ast_handoff_mode)(PL_AST_HANDOFF_NOW + i);
    if (pl_parse__accept_word(p, "to")) e->to = pl_parse__name(p, "the name of a queue");
    if (pl_parse__accept_word(p, "priority")) e->priority = pl_parse__name(p, "a priority");
    if (pl_parse__accept_word(p, "by")) e->by = pl_parse__name(p, "the name of a rule");
}

/* SYNTAX: 'expect' expectation */
static void expect(struct parser *p, struct pl_ast_play *play) {
    static const struct {
        const char *word;
        enum pl_expect_kind kind;
        void (*parse)(struct parser *p, struct pl_ast_expect *e);
    } rules[] = {
        {"goal", PL_EXPECT_GOAL, expect_goal},
        {"end", PL_EXPECT_END, expect_end},
        {"no", PL_EXPECT_NO_MODEL_CALLS, expect_no_calls},
        {"direction", PL_EXPECT_DIRECTION, expect_direction},
        {"hook", PL_EXPECT_HOOK_ONCE, expect_hook},
        {"slot", PL_EXPECT_SLOT_IS, expect_slot},
        {"handoff", PL_EXPECT_HANDOFF, expect_handoff},
        {"mark", PL_EXPECT_MARK, expect_mark},
        {"note", PL_EXPECT_NOTE, expect_note},
        {"track", PL_EXPECT_TRACK, expect_track},
    };
    const char *words[PL_LEN(rules)];
    for (size_t i = 0; i < PL_LEN(rules); i++) words[i] = rules[i].word;
    int i = pl_parse__one_of(p, words, PL_LEN(rules));
    if (i < 0) return;
    play->expect.kind = rules[i].kind;
    rules[i].parse(p, &play->expect);
}

/* ---- bot ---- */

static void bot_part(struct parser *p, struct pl_ast_play *play, struct pl_ast_bot_part *part,
                     uint32_t start) {
    part->span = pl_parse__from(p, start);
    pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, &play->bot.parts, *part);
}

/* SYNTAX: 'fact' TEXT ':' TEXT NEWLINE */
static void bot_fact(struct parser *p, void *node) {
    struct pl_ast_bot_part part = {0};
    uint32_t start = p->tokens.v[p->at - 1].start;
    part.label = pl_parse__text(p);
    pl_parse__expect(p, PL_TOKEN_COLON);
    part.value = pl_parse__text(p);
    bot_part(p, node, &part, start);
}

/* SYNTAX: 'options' text_list NEWLINE */
static void bot_options(struct parser *p, void *node) {
    struct pl_ast_bot_part part = {.options = true};
    uint32_t start = p->tokens.v[p->at - 1].start;
    part.texts = pl_parse__texts(p);
    bot_part(p, node, &part, start);
}

/* SYNTAX: 'bot' ( ID [ TEXT ] | '~' TEXT ) NEWLINE [ INDENT bot_part { bot_part } DEDENT ] */
static void bot(struct parser *p, struct pl_ast_play *play) {
    static const struct line_rule rules[] = {
        {"fact", 0, 0, true, bot_fact},
        {"options", 0, 0, true, bot_options},
    };
    if (pl_parse__accept(p, PL_TOKEN_TILDE)) {
        play->bot.text = pl_parse__text(p);
    } else if (pl_parse__kind(p) == PL_TOKEN_ID) {
        play->bot.id = pl_parse__id(p);
        if (pl_parse__kind(p) == PL_TOKEN_TEXT) play->bot.text = pl_parse__text(p);
    } else {
        pl_parse__expected(p, "an @id, or ~ and a text");
    }
    if (pl_parse__maybe_block(p)) pl_parse__lines(p, "`bot`", rules, PL_LEN(rules), play);
}

/* ---- the talk ---- */

static const struct play_rule plays[] = {
    {"locale", PL_PLAY_LOCALE, locale},  {"as", PL_PLAY_AS, as},
    {"strict", PL_PLAY_STRICT, nothing}, {"hook", PL_PLAY_HOOK, stub},
    {"user", PL_PLAY_USER, text},        {"bot", PL_PLAY_BOT, bot},
    {"pick", PL_PLAY_PICK, text},        {"press", PL_PLAY_PRESS, text},
    {"upload", PL_PLAY_UPLOAD, text},    {"advance", PL_PLAY_ADVANCE, advance},
    {"event", PL_PLAY_EVENT, event},     {"at", PL_PLAY_AT, text},
    {"model", PL_PLAY_MODEL, model},     {"cassette", PL_PLAY_CASSETTE, text},
    {"reload", PL_PLAY_RELOAD, text},    {"forbid", PL_PLAY_FORBID, forbid},
    {"expect", PL_PLAY_EXPECT, expect},  {"agent", PL_PLAY_AGENT, agent},
};

/* SYNTAX: talk_line = … NEWLINE | bot */
static void talk_line(struct parser *p, void *node) {
    struct pl_ast_talk *talk = node;
    const char *words[PL_LEN(plays)];
    for (size_t i = 0; i < PL_LEN(plays); i++) words[i] = plays[i].word;
    struct pl_ast_play play = {0};
    uint32_t start = pl_parse__here(p);
    int i = pl_parse__one_of(p, words, PL_LEN(plays));
    if (i < 0) return;
    play.kind = plays[i].kind;
    plays[i].parse(p, &play);
    play.span = pl_parse__from(p, start);
    if (play.kind != PL_PLAY_BOT) pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, &talk->plays, play);
}

/* SYNTAX: talk = 'talk' TEXT NEWLINE INDENT talk_line { talk_line } DEDENT */
void pl_parse__talk(struct parser *p, struct pl_ast_decl *d) {
    static const struct line_rule rules[] = {{NULL, PL_TOKEN_END, 0, true, talk_line}};
    d->talk.title = pl_parse__text(p);
    if (pl_parse__open_block(p, "`talk`"))
        pl_parse__lines(p, "a talk", rules, PL_LEN(rules), &d->talk);
}
