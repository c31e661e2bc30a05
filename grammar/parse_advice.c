/* SPDX-License-Identifier: Apache-2.0
 *
 * What to do about the commonest slips: hints for mistakes whose message alone does not teach. */
#include "grammar/parse_priv.h"

static const struct {
    const char *word, *advice;
} words[] = {
#define ADVICE(word, advice) {word, advice},
#include "grammar/advice.def"
#undef ADVICE
};

static const struct pl_token *at(const struct parser *p, size_t on) {
    return &p->tokens.v[p->at + on];
}

static const struct pl_token *before(const struct parser *p) {
    static const struct pl_token none = {.kind = PL_TOKEN_NEWLINE};
    return p->at ? at(p, 0) - 1 : &none;
}

static bool touches(const struct parser *p) {
    return p->at && before(p)->end == at(p, 0)->start;
}

/* orders.find(…) without `call`. */
static bool calls(const struct parser *p) {
    if (at(p, 0)->kind != PL_TOKEN_NAME) return false;
    return at(p, 1)->kind == PL_TOKEN_LPAREN ||
           (at(p, 1)->kind == PL_TOKEN_DOT && at(p, 2)->kind == PL_TOKEN_NAME &&
            at(p, 3)->kind == PL_TOKEN_LPAREN);
}

/* Looks past panic, unlike pl_parse__at_word. */
static bool is_word(const struct parser *p, const char *word) {
    return at(p, 0)->kind == PL_TOKEN_NAME && pl_str_is(pl_parse__str(p), word);
}

static const char *by_word(const struct parser *p) {
    for (size_t i = 0; i < PL_LEN(words); i++)
        if (pl_str_is(pl_parse__str(p), words[i].word)) return words[i].advice;
    return NULL;
}

static const struct pl_token *line_start(const struct parser *p) {
    size_t first = p->at;
    while (first && p->tokens.v[first - 1].kind >= PL_TOKEN_ERROR) first--;
    return &p->tokens.v[first];
}

static bool line_begins(const struct parser *p, const char *word) {
    const struct pl_token *t = line_start(p);
    return pl_str_is((struct pl_str){p->view.bytes.p + t->start, t->end - t->start}, word);
}

/* The line begins with a text. */
static bool says(const struct parser *p) {
    return line_start(p)->kind == PL_TOKEN_TEXT;
}

#define DURATION_ADVICE "a duration is a number and a letter: 200ms 4s 10m 2h 7d"

static const char *unit_of_time(struct pl_str s) {
    static const char *const units[] = {"second", "seconds", "minute", "minutes", "hour",
                                        "hours",  "day",     "days",   "min",     "sec"};
    for (size_t i = 0; i < PL_LEN(units); i++)
        if (pl_str_is(s, units[i])) return DURATION_ADVICE;
    return NULL;
}

/* What belongs into a flow, in the first column. */
static bool outside(const struct parser *p) {
    static const char *const inside[] = {"ask", "confirm", "choose", "call", "if",  "match",
                                         "any", "handoff", "goto",   "set",  "end", "else"};
    uint32_t start = at(p, 0)->start;
    if (start && p->view.bytes.p[start - 1] != '\n') return false;
    for (size_t i = 0; i < PL_LEN(inside); i++)
        if (is_word(p, inside[i])) return true;
    return at(p, 0)->kind == PL_TOKEN_TEXT;
}

bool pl_parse__goes_on(const struct parser *p) {
    static const char *const heads[] = {"ask",  "confirm", "choose", "call", "if",   "match",
                                        "any",  "handoff", "goto",   "set",  "end",  "return",
                                        "back", "change",  "answer", "wait", "clear"};
    for (size_t i = 0; i < PL_LEN(heads); i++)
        if (is_word(p, heads[i])) return true;
    return at(p, 0)->kind == PL_TOKEN_TEXT;
}

const char *pl_parse__line_advice(const struct parser *p) {
    enum pl_token_kind kind = (enum pl_token_kind)at(p, 0)->kind;
    if (outside(p)) return "it belongs in a flow, indented";
    if (calls(p)) return "write `call` before it";
    if (kind == PL_TOKEN_NAME) return by_word(p);
    if (kind == PL_TOKEN_SLASH && at(p, 1)->kind == PL_TOKEN_SLASH)
        return "a comment begins with #";
    return NULL;
}

/* What other languages say for `mentions`. */
static bool holds(const struct parser *p) {
    static const char *const verbs[] = {"contains", "contain", "includes", "has", "says", "like"};
    for (size_t i = 0; i < PL_LEN(verbs); i++)
        if (is_word(p, verbs[i])) return true;
    return false;
}

/* The line ends in a name. */
static bool names(const struct parser *p) {
    static const char *const heads[] = {"on",    "ask",   "intent", "flow", "type", "rule",
                                        "queue", "hours", "goal",   "mark", "goto", "start"};
    for (size_t i = 0; i < PL_LEN(heads); i++)
        if (line_begins(p, heads[i])) return !is_word(p, "then") && !is_word(p, "if");
    return false;
}

const char *pl_parse__rest_advice(const struct parser *p) {
    enum pl_token_kind kind = (enum pl_token_kind)at(p, 0)->kind, last = before(p)->kind;
    if (kind == PL_TOKEN_COLON) return "delete the colon: indentation shows what belongs together";
    if (last == PL_TOKEN_TEXT && touches(p))
        return "a quotation mark inside a text is written \\\"";
    if (last == PL_TOKEN_TEXT && kind == PL_TOKEN_TEXT)
        return says(p) ? "each text stands on a line of its own" : "put a comma between two texts";
    if (last == PL_TOKEN_ID && touches(p))
        return "an id is lower-case words joined by dots, with _";
    if (last == PL_TOKEN_TEXT && kind == PL_TOKEN_NAME && at(p, 1)->kind == PL_TOKEN_DOT)
        return "an id begins with @";
    if (last == PL_TOKEN_NUMBER && kind == PL_TOKEN_NAME) return unit_of_time(pl_parse__str(p));
    if (is_word(p, "if") && line_begins(p, "else")) return "write `elif`";
    if (kind == PL_TOKEN_NAME && line_begins(p, "when") && holds(p))
        return "write `mentions`, and the words below it, indented, as in: en \"lawyer\", "
               "\"court\"";
    if (kind == PL_TOKEN_ARROW && line_begins(p, "call"))
        return "the result stands first, as in: call order = orders.find(order_id)";
    if (line_begins(p, "handoff") && (is_word(p, "to") || is_word(p, "priority")))
        return "the order is: to a queue, priority, because";
    if (last == PL_TOKEN_NAME && kind != PL_TOKEN_RPAREN && line_begins(p, "call"))
        return "arguments stand in brackets, as in: call order = orders.find(order_id)";
    if (last == PL_TOKEN_NAME && kind == PL_TOKEN_NAME && names(p))
        return "a name has no spaces: join its words with _";
    return kind == PL_TOKEN_NAME && is_word(p, "then") ? by_word(p) : NULL;
}

const char *pl_parse__expected_advice(const struct parser *p, const char *what) {
    enum pl_token_kind kind = (enum pl_token_kind)at(p, 0)->kind;
    bool word = kind == PL_TOKEN_NAME || kind == PL_TOKEN_WORD;
    if (kind == PL_TOKEN_ID && (line_begins(p, "pick") || line_begins(p, "press")))
        return "an id stands in quotes here, as in: pick \"@size.large\"";
    if (kind == PL_TOKEN_HYPHENATED) return "to subtract, write spaces around the -";
    if (word && pl_str_is(pl_str_c(what), pl_token_words(PL_TOKEN_TEXT)))
        return "a text stands in double quotes: \"…\"";
    if (kind == PL_TOKEN_TEXT && pl_str_starts(pl_str_c(what), PL_STR("a language")))
        return "name the language first, as in: en \"…\"";
    if (pl_str_is(pl_str_c(what), "`:`") && line_begins(p, "fact"))
        return "a fact is two texts: fact \"label\": \"value\"";
    if (kind == PL_TOKEN_NUMBER && pl_str_starts(pl_str_c(what), PL_STR("a duration")))
        return DURATION_ADVICE;
    if (pl_str_is(pl_str_c(what), "`else`") && line_begins(p, "back"))
        return "say what happens after so many times, as in: else handoff because \"…\"";
    if (pl_str_is(pl_str_c(what), "`else`") && line_begins(p, "check"))
        return "say what the customer hears otherwise: else \"…\"";
    if (pl_str_is(pl_str_c(what), "`->` and where it goes"))
        return "name a flow, as in -> opening_hours, or a page, as in -> open item.page";
    return NULL;
}

/* ---- fixes of what is advised ---- */

static void replace(struct parser *p, struct pl_diag *diag, uint32_t start, uint32_t end,
                    const char *text) {
    pl_diag_fix(p->diags, diag, PL_FIX_SAFE, pl_lex_span(&p->view, start, end), pl_str_c(text),
                *text ? "write `%s`" : "delete it", text);
}

static bool is_one_of(const struct parser *p, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (is_word(p, list[i])) return true;
    return false;
}

void pl_parse__line_fix(struct parser *p, struct pl_diag *diag) {
    static const char *const says_itself[] = {"say", "print", "reply", "send", "text"};
    static const char *const sets[] = {"let", "var"};
    uint32_t start = at(p, 0)->start;
    if (outside(p)) return;
    if (calls(p))
        replace(p, diag, start, start, "call ");
    else if (at(p, 1)->kind == PL_TOKEN_TEXT && is_one_of(p, says_itself, PL_LEN(says_itself)))
        replace(p, diag, start, at(p, 1)->start, "");
    else if (at(p, 1)->kind == PL_TOKEN_NAME && is_one_of(p, sets, PL_LEN(sets)))
        replace(p, diag, start, at(p, 0)->end, "set");
    else if (at(p, 0)->kind == PL_TOKEN_SLASH && at(p, 1)->kind == PL_TOKEN_SLASH)
        replace(p, diag, start, at(p, 1)->end, "#");
}

/* call f(x) -> y */
static void result_first(struct parser *p, struct pl_diag *diag) {
    const struct pl_token *first = line_start(p), *name = at(p, 1);
    const char *bytes = p->view.bytes.p;
    if (name->kind != PL_TOKEN_NAME || at(p, 2)->kind != PL_TOKEN_NEWLINE) return;
    struct pl_str called = {bytes + first->end + 1, before(p)->end - first->end - 1};
    struct pl_str better =
        pl_arena_printf(p->arena, "call %.*s = %.*s", (int)(name->end - name->start),
                        bytes + name->start, PL_STR_ARG(called));
    pl_diag_hint(p->diags, diag, "the result stands first: %.*s", PL_STR_ARG(better));
    pl_diag_fix(p->diags, diag, PL_FIX_SAFE, pl_lex_span(&p->view, first->start, name->end), better,
                "write `%.*s`", PL_STR_ARG(better));
}

void pl_parse__rest_fix(struct parser *p, struct pl_diag *diag) {
    const struct pl_token *last = before(p), *here = at(p, 0);
    bool ends = here->kind != PL_TOKEN_END && at(p, 1)->kind == PL_TOKEN_NEWLINE;
    if (ends && (here->kind == PL_TOKEN_COLON || is_word(p, "then")))
        replace(p, diag, last->end, here->end, "");
    else if (is_word(p, "if") && line_begins(p, "else"))
        replace(p, diag, line_start(p)->start, here->end, "elif");
    else if (last->kind == PL_TOKEN_TEXT && here->kind == PL_TOKEN_NAME &&
             at(p, 1)->kind == PL_TOKEN_DOT)
        replace(p, diag, here->start, here->start, "@");
    else if (here->kind == PL_TOKEN_ARROW && line_begins(p, "call"))
        result_first(p, diag);
}
