/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said: lines, their trailing parts, and what may stand below them.
 */
#include "grammar/parse_priv.h"

static const struct pl_str none = {0};

/* ---- lines ---- */

/* SYNTAX: target = '->' ( 'open' path | goto_name [ '(' [ args ] ')' ] ) */
static struct pl_ast_target target(struct parser *p) {
    struct pl_ast_target t = {.kind = PL_TARGET_FLOW};
    uint32_t start = pl_parse__here(p);
    pl_parse__advance(p);
    if (pl_parse__at_word(p, "open") && pl_parse__next_kind(p) == PL_TOKEN_NAME) {
        pl_parse__advance(p);
        t.kind = PL_TARGET_OPEN;
        if (pl_parse__at_word(p, "if")) pl_parse__expected(p, "the address to open");
        t.open = pl_parse__path(p, "the address to open");
    } else {
        t.flow = pl_parse__name(p, "the name of a flow");
        t.args = pl_parse__args(p);
    }
    t.span = pl_parse__from(p, start);
    return t;
}

/* What stands here ought to stand before `place`, where the part that came too early begins. */
static void out_of_order(struct parser *p, struct pl_str what, struct pl_str before,
                         uint32_t place) {
    struct pl_diag *diag =
        pl_parse__mistake(p, PL_D_TRAILING_ORDER, pl_parse__token_span(p), what, before, none);
    size_t last = p->at;
    if (pl_parse__kind(p) == PL_TOKEN_ARROW)
        while (p->tokens.v[last + 1].kind > PL_TOKEN_ERROR) last++;
    uint32_t start = pl_parse__here(p), end = p->tokens.v[last].end;
    struct pl_str moved = {p->view.bytes.p + start, end - start};
    pl_diag_fix(p->diags, diag, PL_FIX_SAFE, pl_lex_span(&p->view, place, place),
                pl_arena_printf(p->arena, "%.*s ", PL_STR_ARG(moved)), "swap them");
    pl_diag_edit(p->diags, diag, pl_lex_span(&p->view, p->last_end, end), PL_STR(""));
    p->panic = true;
}

/* SYNTAX: [ ID ] [ target ] [ 'if' expr ] */
void pl_parse__tail(struct parser *p, int flags, struct pl_ast_id *id, struct pl_ast_target *to,
                    struct pl_ast_expr **cond) {
    *id = pl_parse__id(p);
    uint32_t place = pl_parse__here(p);
    if ((flags & TAIL_TARGET) && pl_parse__kind(p) == PL_TOKEN_ARROW) {
        *to = target(p);
        if (pl_parse__kind(p) == PL_TOKEN_ID && !id->s.n)
            out_of_order(p, PL_STR("the @id"), PL_STR("the ->"), place);
    }
    place = pl_parse__here(p);
    if ((flags & TAIL_COND) && pl_parse__accept_word(p, "if")) {
        *cond = pl_parse__expr(p);
        if (pl_parse__kind(p) == PL_TOKEN_ID && !id->s.n)
            out_of_order(p, PL_STR("the @id"), PL_STR("`if`"), place);
        if ((flags & TAIL_TARGET) && pl_parse__kind(p) == PL_TOKEN_ARROW)
            out_of_order(p, PL_STR("the ->"), PL_STR("`if`"), place);
    }
}

/* SYNTAX: TEXT [ ID ] [ 'if' expr ] */
struct pl_ast_line pl_parse__line(struct parser *p, bool cond) {
    struct pl_ast_line line = {0};
    uint32_t start = pl_parse__here(p);
    line.text = pl_parse__text(p);
    pl_parse__tail(p, cond ? TAIL_COND : 0, &line.id, NULL, &line.cond);
    line.span = pl_parse__from(p, start);
    return line;
}

/* SYNTAX: 'title' TEXT [ ID ] NEWLINE */
struct pl_ast_line *pl_parse__title(struct parser *p) {
    struct pl_ast_line *line = PL_NEW(p->arena, struct pl_ast_line);
    *line = pl_parse__line(p, false);
    pl_parse__end_line(p);
    return line;
}

/* SYNTAX: 'each' NAME 'in' expr 'at' 'most' NUMBER, after its word; of `cards` too */
struct pl_ast_each pl_parse__each(struct parser *p) {
    struct pl_ast_each each = {.var = pl_parse__name(p, "a name for the item")};
    pl_parse__expect_word(p, "in");
    each.list = pl_parse__expr(p);
    pl_parse__at_most(p, "say how many are shown", "5");
    each.most = pl_parse__number(p);
    return each;
}

/* ---- parts ---- */

struct part_rule {
    const char *word;
    enum pl_part_kind kind;
    void (*parse)(struct parser *p, struct pl_ast_part *part); /* after its word, whole line */
};

static void tail_line(struct parser *p, struct pl_ast_part *part) {
    pl_parse__tail(p, TAIL_COND, &part->id, NULL, &part->cond);
    pl_parse__end_line(p);
}

/* SYNTAX: 'image' path [ 'alt' TEXT ] tail */
static void image(struct parser *p, struct pl_ast_part *part) {
    part->image.path = pl_parse__path(p, "the address of an image");
    if (pl_parse__accept_word(p, "alt")) part->image.alt = pl_parse__text(p);
    tail_line(p, part);
}

/* SYNTAX: 'fact' TEXT ':' TEXT tail */
static void fact(struct parser *p, struct pl_ast_part *part) {
    part->fact.label = pl_parse__text(p);
    pl_parse__expect(p, PL_TOKEN_COLON);
    part->fact.value = pl_parse__text(p);
    tail_line(p, part);
}

/* SYNTAX: ( 'button' | 'link' ) TEXT [ ID ] target [ 'if' expr ] NEWLINE */
static void button(struct parser *p, struct pl_ast_part *part) {
    part->button.label = pl_parse__text(p);
    pl_parse__tail(p, TAIL_TARGET | TAIL_COND, &part->id, &part->button.target, &part->cond);
    if (part->button.target.kind == PL_TARGET_NONE) pl_parse__expected(p, "`->` and where it goes");
    pl_parse__end_line(p);
}

/* SYNTAX: 'file' path tail */
static void file(struct parser *p, struct pl_ast_part *part) {
    part->file = pl_parse__path(p, "the address of a file");
    tail_line(p, part);
}

static void step(struct parser *p, void *node) {
    struct pl_ast_line line = pl_parse__line(p, true);
    pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, (struct pl_ast_lines *)node, line);
}

/* SYNTAX: 'steps' NEWLINE INDENT line { line } DEDENT */
static void steps(struct parser *p, struct pl_ast_part *part) {
    static const struct line_rule rules[] = {{NULL, PL_TOKEN_TEXT, 0, true, step}};
    if (pl_parse__open_block(p, "`steps`"))
        pl_parse__lines(p, "steps", rules, PL_LEN(rules), &part->steps);
}

static void any_part(struct parser *p, void *node) {
    struct pl_ast_part *part = pl_parse__part(p, false, true);
    if (part && !p->panic) PL_AST_ADD(p->arena, (struct pl_ast_parts *)node, part);
}

static void card_part(struct parser *p, void *node) {
    struct pl_ast_part *part = pl_parse__part(p, true, true);
    if (part && !p->panic) PL_AST_ADD(p->arena, (struct pl_ast_parts *)node, part);
}

static const struct line_rule part_lines[] = {{NULL, PL_TOKEN_END, 0, true, any_part}};
static const struct line_rule card_lines[] = {{NULL, PL_TOKEN_END, 0, true, card_part}};

/* SYNTAX: 'card' NEWLINE INDENT card_line { card_line } DEDENT */
static void card(struct parser *p, struct pl_ast_part *part) {
    if (pl_parse__open_block(p, "`card`")) pl_parse__lines(p, "a card", card_lines, 1, &part->card);
}

/* SYNTAX: 'cards' NAME 'in' expr 'at' 'most' NUMBER NEWLINE INDENT card_line { card_line } DEDENT
 */
static void cards(struct parser *p, struct pl_ast_part *part) {
    part->each.each = pl_parse__each(p);
    if (pl_parse__open_block(p, "`cards`"))
        pl_parse__lines(p, "a card", card_lines, 1, &part->each.parts);
}

/* SYNTAX: 'each' NAME 'in' expr 'at' 'most' NUMBER NEWLINE INDENT part { part } DEDENT */
static void each_part(struct parser *p, struct pl_ast_part *part) {
    part->each.each = pl_parse__each(p);
    if (pl_parse__open_block(p, "`each`"))
        pl_parse__lines(p, "`each`", part_lines, 1, &part->each.parts);
}

/* SYNTAX: ( 'title' | 'text' ) TEXT tail */
static void card_text(struct parser *p, struct pl_ast_part *part) {
    part->text = pl_parse__text(p);
    tail_line(p, part);
}

/* `each` and what only cards have stand last: the first eight are plain_part. */
static const struct part_rule part_rules[] = {
    {"image", PL_PART_IMAGE, image},    {"fact", PL_PART_FACT, fact},
    {"button", PL_PART_BUTTON, button}, {"link", PL_PART_LINK, button},
    {"file", PL_PART_FILE, file},       {"steps", PL_PART_STEPS, steps},
    {"card", PL_PART_CARD, card},       {"cards", PL_PART_CARDS, cards},
    {"each", PL_PART_EACH, each_part},  {"title", PL_PART_TITLE, card_text},
    {"text", PL_PART_TEXT, card_text},
};
enum { PLAIN_PARTS = 8, EACH_PARTS = 9 };

/* SYNTAX: part = plain_part | each; card_line = 'title' … | 'text' … | part */
struct pl_ast_part *pl_parse__part(struct parser *p, bool in_card, bool each) {
    const char *words[PL_LEN(part_rules)];
    for (size_t i = 0; i < PL_LEN(part_rules); i++) words[i] = part_rules[i].word;
    size_t n = in_card ? PL_LEN(part_rules) : each ? EACH_PARTS : PLAIN_PARTS;
    struct pl_ast_part *part = PL_NEW(p->arena, struct pl_ast_part);
    uint32_t start = pl_parse__here(p);
    size_t said = p->diags->n;
    bool goes_on = pl_parse__goes_on(p);
    int i = pl_parse__one_of(p, words, n);
    if (i < 0 && goes_on && p->diags->n > said && !p->diags->v[said]->hint.n)
        pl_diag_hint(p->diags, p->diags->v[said],
                     "what comes next starts in the column of the line above: indent it less");
    if (i < 0) return NULL;
    part->kind = part_rules[i].kind;
    part_rules[i].parse(p, part);
    part->span = pl_parse__from(p, start);
    return part;
}

/* ---- saying ---- */

/* SYNTAX: say = line [ INDENT part { part } DEDENT ] */
struct pl_ast_say pl_parse__say(struct parser *p) {
    struct pl_ast_say say = {0};
    uint32_t start = pl_parse__here(p);
    say.line = pl_parse__line(p, true);
    if (pl_parse__maybe_block(p)) pl_parse__lines(p, "a message", part_lines, 1, &say.parts);
    say.span = pl_parse__from(p, start);
    return say;
}

static void any_say(struct parser *p, void *node) {
    struct pl_ast_say say = pl_parse__say(p);
    if (!p->panic) PL_AST_ADD(p->arena, (struct pl_ast_says *)node, say);
}

/* SYNTAX: any_of = 'any' 'of' NEWLINE INDENT say { say } DEDENT */
struct pl_ast_prompt pl_parse__any_of(struct parser *p) {
    static const struct line_rule rules[] = {{NULL, PL_TOKEN_TEXT, 0, true, any_say}};
    struct pl_ast_prompt prompt = {.any = true};
    uint32_t start = p->tokens.v[p->at - 1].start;
    pl_parse__expect_word(p, "of");
    if (pl_parse__open_block(p, "`any of`"))
        pl_parse__lines(p, "`any of`", rules, PL_LEN(rules), &prompt.says);
    prompt.span = pl_parse__from(p, start);
    return prompt;
}
