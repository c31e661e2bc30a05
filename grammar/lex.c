/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/lex.h"

const char *pl_token_words(enum pl_token_kind kind) {
    static const char *const words[] = {
#define TOKEN(name, text) text,
#include "grammar/token.def"
#undef TOKEN
    };
    return words[kind];
}

struct bracket {
    char open;
    uint32_t at;
};

/* One lexer serves files and the expressions inside texts; the latter use no layout. */
struct lexer {
    struct pl_arena *arena;
    const struct pl_source *source; /* NULL inside a text */
    struct pl_lex_view view;
    struct pl_tokens *out;
    size_t at, end; /* end: of the line that is read, or of the inline range */
    struct bracket brackets[PL_LEX_DEPTH_MOST];
    size_t nbrackets;
    bool line_bad; /* a mistake: the rest of the line is dropped */
    bool inside;   /* inside a text */
    /* layout */
    uint32_t indents[PL_LEX_DEPTH_MOST];
    size_t depth;
    uint32_t line_indent;                      /* of the logical line */
    size_t line_tokens;                        /* tokens of the logical line */
    struct pl_diag *tab;                       /* of the first one, whose fix mends all */
    PL_AST_LIST(struct pl_ast_comment) allows; /* waiting for the line they speak of */
};

struct pl_span pl_lex_span(const struct pl_lex_view *view, size_t start, size_t end) {
    if (view->fixed) return view->at;
    return (struct pl_span){view->file, (uint32_t)start, (uint32_t)end};
}

static struct pl_diag *mistake(struct lexer *x, enum pl_diag_code code, size_t start, size_t end,
                               struct pl_str arg) {
    x->out->broken = true;
    return pl_diag1(x->view.diags, code, pl_lex_span(&x->view, start, end), arg);
}

static char peek(const struct lexer *x, size_t ahead) {
    return x->at + ahead < x->end ? x->view.bytes.p[x->at + ahead] : '\0';
}

static struct pl_str slice(const struct lexer *x, size_t start, size_t end) {
    return (struct pl_str){x->view.bytes.p + start, end - start};
}

static void emit(struct lexer *x, enum pl_token_kind kind, size_t start, size_t end) {
    struct pl_token token = {.kind = (uint8_t)kind,
                             .start = (uint32_t)start,
                             .end = (uint32_t)end,
                             .comments = (uint32_t)x->out->comments.n};
    PL_AST_ADD(x->arena, x->out, token);
    x->line_tokens++;
}

/* Drops the rest of the line; the parser passes over it in silence. */
static void give_up_line(struct lexer *x, size_t start) {
    emit(x, PL_TOKEN_ERROR, start, x->end);
    x->at = x->end;
    x->nbrackets = 0;
    x->line_bad = true;
}

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_word(char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '_';
}

static bool is_bidi(uint32_t cp) {
    return cp == 0x061C || cp == 0x200E || cp == 0x200F || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

/* "U+202E" in the arena. */
static struct pl_str code_point_name(struct lexer *x, uint32_t cp) {
    return pl_arena_printf(x->arena, "U+%04X", (unsigned)cp);
}

/* ---- words ---- */

static enum pl_token_kind word_kind(struct pl_str s) {
    bool name = is_lower(s.p[0]), capitals = s.n == 3;
    for (size_t i = 0; i < s.n; i++) {
        name = name && !is_upper(s.p[i]);
        capitals = capitals && is_upper(s.p[i]);
    }
    if (name) return PL_TOKEN_NAME;
    return capitals ? PL_TOKEN_CURRENCY : PL_TOKEN_WORD;
}

static void lex_word(struct lexer *x) {
    size_t start = x->at;
    while (is_word(peek(x, 0))) x->at++;
    enum pl_token_kind kind = word_kind(slice(x, start, x->at));
    while (kind != PL_TOKEN_WORD && peek(x, 0) == '-' && is_word(peek(x, 1))) {
        kind = PL_TOKEN_HYPHENATED;
        x->at++;
        while (is_word(peek(x, 0))) x->at++;
    }
    emit(x, kind, start, x->at);
}

static void lex_id(struct lexer *x) {
    size_t start = x->at++;
    bool good = is_lower(peek(x, 0));
    while (is_word(peek(x, 0)) || (peek(x, 0) == '.' && is_word(peek(x, 1)))) {
        good = good && !is_upper(peek(x, 0));
        x->at++;
    }
    if (good) {
        emit(x, PL_TOKEN_ID, start, x->at);
        return;
    }
    x->out->broken = true;
    pl_diag3(x->view.diags, PL_D_MALFORMED, pl_lex_span(&x->view, start, x->at),
             slice(x, start, x->at), PL_STR("an id"),
             PL_STR("an id is @ and lower-case words joined by dots: @track.ask"));
    give_up_line(x, start);
}

/* ---- numbers and what begins with one ---- */

static void bad_number(struct lexer *x, size_t start, const char *what, const char *why) {
    x->out->broken = true;
    pl_diag3(x->view.diags, PL_D_MALFORMED, pl_lex_span(&x->view, start, x->at),
             slice(x, start, x->at), pl_str_c(what), pl_str_c(why));
    give_up_line(x, start);
}

static bool is_clock(const char *p) {
    return is_digit(p[0]) && is_digit(p[1]) && p[2] == ':' && is_digit(p[3]) && is_digit(p[4]) &&
           (p[0] - '0') * 10 + (p[1] - '0') <= 24 && p[3] <= '5' &&
           (p[0] != '2' || p[1] != '4' || (p[3] == '0' && p[4] == '0'));
}

static void lex_time_range(struct lexer *x, size_t start) {
    while (is_digit(peek(x, 0)) || peek(x, 0) == ':' || peek(x, 0) == '-') x->at++;
    struct pl_str s = slice(x, start, x->at);
    if (s.n == 11 && s.p[5] == '-' && is_clock(s.p) && is_clock(s.p + 6))
        emit(x, PL_TOKEN_TIMERANGE, start, x->at);
    else
        bad_number(x, start, "a range of hours", "hours are written 08:00-20:00");
}

/* A unit straight after the digits: 30s, 200ms. */
static void lex_duration(struct lexer *x, size_t start, bool fraction) {
    size_t unit_at = x->at;
    while (is_word(peek(x, 0))) x->at++;
    struct pl_str unit = slice(x, unit_at, x->at);
    bool known = pl_str_is(unit, "ms") || pl_str_is(unit, "s") || pl_str_is(unit, "m") ||
                 pl_str_is(unit, "h") || pl_str_is(unit, "d");
    /* A hundred thousand days is more than any promise, and far from overflow. */
    if (known && !fraction && unit_at - start <= 13 && (unit.p[0] != 'd' || unit_at - start <= 5))
        emit(x, PL_TOKEN_DURATION, start, x->at);
    else
        bad_number(x, start, known ? "a duration" : "a number",
                   known ? "a duration is a whole number and a unit, below 100000 days"
                         : "the units of time are ms s m h d");
}

/* After a number: a space and three capitals make it money. */
static bool take_currency(struct lexer *x) {
    size_t spaces = 0;
    while (peek(x, spaces) == ' ') spaces++;
    if (!spaces) return false;
    for (size_t i = 0; i < 3; i++)
        if (!is_upper(peek(x, spaces + i))) return false;
    if (is_word(peek(x, spaces + 3))) return false;
    x->at += spaces + 3;
    return true;
}

static void lex_number(struct lexer *x) {
    size_t start = x->at, digits;
    while (is_digit(peek(x, 0))) x->at++;
    digits = x->at - start;
    if (peek(x, 0) == ':' && is_digit(peek(x, 1))) {
        lex_time_range(x, start);
        return;
    }
    bool fraction = peek(x, 0) == '.' && is_digit(peek(x, 1));
    if (fraction) {
        x->at++;
        size_t from = x->at;
        while (is_digit(peek(x, 0))) x->at++;
        digits += x->at - from;
    }
    if (digits > 18) {
        bad_number(x, start, "a number", "a number has at most 18 digits");
    } else if (is_word(peek(x, 0))) {
        lex_duration(x, start, fraction);
    } else if (peek(x, 0) == '%') {
        x->at++;
        emit(x, PL_TOKEN_PERCENT, start, x->at);
    } else {
        enum pl_token_kind kind = take_currency(x) ? PL_TOKEN_MONEY : PL_TOKEN_NUMBER;
        emit(x, kind, start, x->at);
    }
}

/* ---- texts and regular expressions ---- */

static size_t line_end(struct pl_str s, size_t at) {
    while (at < s.n && s.p[at] != '\n') at++;
    return at;
}

/* A text in three quotes may pass over line ends: its lines are checked for length here. */
static size_t block_text_end(struct lexer *x, size_t start) {
    struct pl_str s = x->view.bytes;
    size_t most = x->inside ? x->end : s.n;
    for (size_t i = start + 3; i + 3 <= most; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"' && s.p[i + 1] == '"' && s.p[i + 2] == '"')
            return i + 3;
    }
    return 0;
}

static size_t plain_text_end(struct lexer *x, size_t start) {
    for (size_t i = start + 1; i < x->end; i++) {
        char c = x->view.bytes.p[i];
        if (c == '\\')
            i++;
        else if (c == '"')
            return i + 1;
        else if (c == '\n')
            return 0;
    }
    return 0;
}

static void lex_text(struct lexer *x) {
    size_t start = x->at;
    bool block = peek(x, 1) == '"' && peek(x, 2) == '"';
    size_t end = block ? block_text_end(x, start) : plain_text_end(x, start);
    if (!end) {
        struct pl_diag *diag = mistake(x, PL_D_TEXT_OPEN, start, x->end, (struct pl_str){0});
        if (block) {
            pl_diag_hint(x->view.diags, diag, "add the closing \"\"\"");
            if (!x->inside) x->end = x->view.bytes.n; /* where it ends is anybody's guess */
        }
        give_up_line(x, start);
        return;
    }
    if (end - start > PL_LEX_TEXT_MOST) mistake(x, PL_D_TEXT_SIZE, start, end, (struct pl_str){0});
    x->at = end;
    if (end > x->end) {
        x->end = line_end(x->view.bytes, end);
        if (x->end > end && x->view.bytes.p[x->end - 1] == '\r') x->end--;
    }
    emit(x, PL_TOKEN_TEXT, start, end);
}

static void lex_regex(struct lexer *x) {
    size_t start = x->at++;
    while (x->at < x->end && peek(x, 0) != '/') x->at += peek(x, 0) == '\\' ? 2 : 1;
    if (x->at >= x->end) {
        mistake(x, PL_D_REGEX_OPEN, start, x->end, (struct pl_str){0});
        give_up_line(x, start);
        return;
    }
    x->at++;
    while (is_lower(peek(x, 0))) x->at++;
    emit(x, PL_TOKEN_REGEX, start, x->at);
}

/* Straight after `match` or `matches`: there a slash begins a regular expression. */
static bool regex_may_stand(const struct lexer *x) {
    if (!x->out->n || !x->line_tokens) return false;
    const struct pl_token *last = &x->out->v[x->out->n - 1];
    struct pl_str s = slice(x, last->start, last->end);
    return last->kind == PL_TOKEN_NAME && (pl_str_is(s, "match") || pl_str_is(s, "matches"));
}

/* ---- brackets and signs ---- */

static void open_bracket(struct lexer *x, enum pl_token_kind kind) {
    if (x->nbrackets == PL_LEX_DEPTH_MOST) {
        mistake(x, PL_D_DEPTH, x->at, x->at + 1,
                pl_arena_printf(x->arena, "%d", PL_LEX_DEPTH_MOST));
        give_up_line(x, x->at);
        return;
    }
    x->brackets[x->nbrackets++] = (struct bracket){peek(x, 0), (uint32_t)x->at};
    emit(x, kind, x->at, x->at + 1);
    x->at++;
}

static void close_bracket(struct lexer *x, enum pl_token_kind kind, char open) {
    if (!x->nbrackets || x->brackets[x->nbrackets - 1].open != open) {
        mistake(x, PL_D_BRACKET_STRAY, x->at, x->at + 1, slice(x, x->at, x->at + 1));
        give_up_line(x, x->at);
        return;
    }
    x->nbrackets--;
    emit(x, kind, x->at, x->at + 1);
    x->at++;
}

struct sign {
    const char *text;
    enum pl_token_kind kind;
};
/* Longer ones first. */
static const struct sign signs[] = {
    {"->", PL_TOKEN_ARROW},   {"==", PL_TOKEN_EQEQ}, {"!=", PL_TOKEN_NOTEQ}, {"<=", PL_TOKEN_LE},
    {">=", PL_TOKEN_GE},      {":", PL_TOKEN_COLON}, {",", PL_TOKEN_COMMA},  {".", PL_TOKEN_DOT},
    {"=", PL_TOKEN_EQ},       {"<", PL_TOKEN_LT},    {">", PL_TOKEN_GT},     {"+", PL_TOKEN_PLUS},
    {"-", PL_TOKEN_MINUS},    {"*", PL_TOKEN_STAR},  {"/", PL_TOKEN_SLASH},  {"~", PL_TOKEN_TILDE},
    {"?", PL_TOKEN_QUESTION},
};

static bool lex_sign(struct lexer *x) {
    for (size_t i = 0; i < PL_LEN(signs); i++) {
        struct pl_str s = pl_str_c(signs[i].text);
        if (!pl_str_starts(slice(x, x->at, x->end), s)) continue;
        emit(x, signs[i].kind, x->at, x->at + s.n);
        x->at += s.n;
        return true;
    }
    return false;
}

/* ' and the quotation marks that a word processor writes, and those of other languages. */
static bool is_quote(uint32_t cp) {
    return cp == '\'' || (cp >= 0x2018 && cp <= 0x201F) || cp == 0xAB || cp == 0xBB;
}

/* Two of them on the line, and no others: surely the ends of a text. */
static void foreign_quotes(struct lexer *x, struct pl_diag *diag, size_t start) {
    struct pl_span at[2];
    size_t n = 0;
    pl_diag_hint(x->view.diags, diag, "a text stands in double quotes: \"…\"");
    for (size_t i = start; i < x->end;) {
        size_t from = i;
        uint32_t cp = pl_utf8_next(x->view.bytes, &i);
        if (cp == '"' || (is_quote(cp) && n == 2)) return;
        if (is_quote(cp)) at[n++] = pl_lex_span(&x->view, from, i);
    }
    if (n != 2) return;
    pl_diag_fix(x->view.diags, diag, PL_FIX_SAFE, at[0], PL_STR("\""), "write double quotes");
    pl_diag_edit(x->view.diags, diag, at[1], PL_STR("\""));
}

static void semicolon(struct lexer *x, struct pl_diag *diag, size_t next) {
    pl_diag_hint(x->view.diags, diag, "the end of the line ends a statement");
    if (!pl_str_trim(slice(x, next, x->end)).n)
        pl_diag_fix(x->view.diags, diag, PL_FIX_SAFE, diag->span, PL_STR(""), "delete it");
}

/* A character that begins nothing; a run of foreign letters is one mistake. */
static void lex_strange(struct lexer *x) {
    size_t start = x->at, next = x->at;
    uint32_t cp = pl_utf8_next(x->view.bytes, &next);
    struct pl_str shown = slice(x, start, next);
    if (is_bidi(cp) || cp == 0xFEFF) {
        struct pl_diag *diag = mistake(x, PL_D_BIDI, start, next, code_point_name(x, cp));
        pl_diag_fix(x->view.diags, diag, PL_FIX_SAFE, diag->span, PL_STR(""), "delete it");
    } else if (cp < 0x20 || cp == 0x7F) {
        mistake(x, PL_D_CONTROL, start, next, code_point_name(x, cp));
    } else {
        struct pl_diag *diag = mistake(x, PL_D_CHARACTER, start, next,
                                       pl_arena_printf(x->arena, "`%.*s`", PL_STR_ARG(shown)));
        if (is_quote(cp))
            foreign_quotes(x, diag, start);
        else if (cp == ';')
            semicolon(x, diag, next);
        else if (cp == '&' || cp == '|' || cp == '!')
            pl_diag_hint(x->view.diags, diag, "conditions are written in words: and, or, not");
        else if (cp == '$' || cp == 0x20AC || cp == 0xA3)
            pl_diag_hint(x->view.diags, diag, "money is a number and a currency: 100 USD");
    }
    give_up_line(x, start);
}

static void lex_token(struct lexer *x) {
    char c = peek(x, 0);
    if (is_lower(c) || is_upper(c) || c == '_')
        lex_word(x);
    else if (is_digit(c))
        lex_number(x);
    else if (c == '"')
        lex_text(x);
    else if (c == '@')
        lex_id(x);
    else if (c == '/' && regex_may_stand(x))
        lex_regex(x);
    else if (c == '(')
        open_bracket(x, PL_TOKEN_LPAREN);
    else if (c == '[')
        open_bracket(x, PL_TOKEN_LBRACKET);
    else if (c == '{')
        open_bracket(x, PL_TOKEN_LBRACE);
    else if (c == ')')
        close_bracket(x, PL_TOKEN_RPAREN, '(');
    else if (c == ']')
        close_bracket(x, PL_TOKEN_RBRACKET, '[');
    else if (c == '}')
        close_bracket(x, PL_TOKEN_RBRACE, '{');
    else if (!lex_sign(x))
        lex_strange(x);
}

/* ---- comments ---- */

static bool is_allow(struct pl_str s) {
    struct pl_str rest = {s.p + 1, s.n - 1};
    rest = pl_str_trim(rest);
    return pl_str_starts(rest, PL_STR("allow P")) && rest.n > 7 && is_digit(rest.p[7]);
}

/* Reads `allow P0123: reason`; what is wrong with it, or NULL. */
static const char *read_allow(struct pl_str s, uint16_t *code) {
    size_t at = pl_str_find(s, PL_STR("allow P")) + 7, from = at;
    unsigned number = 0;
    for (; at < s.n && is_digit(s.p[at]) && at - from < 5; at++)
        number = number * 10 + (unsigned)(s.p[at] - '0');
    *code = (uint16_t)number;
    if (at - from != 4 || !pl_diag_info(*code)) return "no diagnostic has this number";
    if (at >= s.n || s.p[at] != ':') return "a colon and a reason are missing";
    struct pl_str reason = {s.p + at + 1, s.n - at - 1};
    return pl_str_trim(reason).n ? NULL : "the reason is missing";
}

/* The suppressions above a line speak of it. */
static void settle_allows(struct lexer *x, size_t line_at) {
    for (size_t i = 0; i < x->allows.n; i++) {
        uint16_t code;
        struct pl_span span = x->allows.v[i].span;
        const char *wrong = read_allow(slice(x, span.start, span.end), &code);
        uint32_t line = 1;
        for (size_t at = 0; at < line_at; at++) line += x->view.bytes.p[at] == '\n';
        if (!wrong)
            pl_diags_allow(x->view.diags, span, line, code);
        else
            pl_diag1(x->view.diags, PL_D_ALLOW_FORM, span, pl_str_c(wrong));
    }
    x->allows.n = 0;
}

static void check_comment(struct lexer *x, size_t start, size_t end) {
    for (size_t at = start; at < end;) {
        size_t from = at;
        uint32_t cp = pl_utf8_next(x->view.bytes, &at);
        if (is_bidi(cp))
            mistake(x, PL_D_BIDI, from, at, code_point_name(x, cp));
        else if ((cp < 0x20 && cp != '\t') || cp == 0x7F)
            mistake(x, PL_D_CONTROL, from, at, code_point_name(x, cp));
        else
            continue;
        return;
    }
}

static void lex_comment(struct lexer *x, bool own_line) {
    size_t start = x->at, end = x->end;
    while (end > start && (x->view.bytes.p[end - 1] == ' ' || x->view.bytes.p[end - 1] == '\t'))
        end--;
    struct pl_ast_comment comment = {.span = pl_lex_span(&x->view, start, end),
                                     .own_line = own_line};
    struct pl_str s = slice(x, start, end);
    if (own_line && pl_str_starts(s, PL_STR("##")))
        comment.kind = PL_COMMENT_DOC;
    else if (own_line && is_allow(s))
        comment.kind = PL_COMMENT_ALLOW;
    if (comment.kind == PL_COMMENT_ALLOW) PL_AST_ADD(x->arena, &x->allows, comment);
    PL_AST_ADD(x->arena, &x->out->comments, comment);
    check_comment(x, start, end);
    x->at = x->end;
}

/* ---- layout ---- */

static void report_tab(struct lexer *x) {
    struct pl_span at = pl_lex_span(&x->view, x->at, x->at + 1);
    if (x->tab) {
        pl_diag_edit(x->view.diags, x->tab, at, PL_STR("  "));
        return;
    }
    x->tab = mistake(x, PL_D_TAB, x->at, x->at + 1, (struct pl_str){0});
    pl_diag_fix(x->view.diags, x->tab, PL_FIX_SAFE, at, PL_STR("  "), "write two spaces for a tab");
}

/* Passes the spaces of a line's beginning. A tab counts two, so that later messages make sense. */
static uint32_t measure_indent(struct lexer *x) {
    uint32_t columns = 0;
    for (; peek(x, 0) == ' ' || peek(x, 0) == '\t'; x->at++) {
        columns += peek(x, 0) == '\t' ? 2 : 1;
        if (peek(x, 0) != '\t') continue;
        report_tab(x);
        x->out->hopeless = true;
    }
    return columns;
}

static void end_logical_line(struct lexer *x) {
    if (!x->line_tokens) return;
    size_t at = x->out->v[x->out->n - 1].end;
    emit(x, PL_TOKEN_NEWLINE, at, at);
    x->line_tokens = 0;
    x->line_bad = false;
}

static bool ends_in_comma(const struct lexer *x) {
    return x->line_tokens && x->out->v[x->out->n - 1].kind == PL_TOKEN_COMMA;
}

/* The line ought to go on and does not: says what is left open. */
static void close_unfinished(struct lexer *x) {
    if (x->nbrackets) {
        struct bracket b = x->brackets[x->nbrackets - 1];
        char open[2] = {b.open, 0};
        const char *close = b.open == '(' ? ")" : b.open == '[' ? "]" : "}";
        x->out->broken = true;
        pl_diag2(x->view.diags, PL_D_BRACKET_OPEN, pl_lex_span(&x->view, b.at, b.at + 1),
                 pl_str_c(open), pl_str_c(close));
    } else {
        struct pl_token comma = x->out->v[x->out->n - 1];
        struct pl_diag *diag =
            mistake(x, PL_D_COMMA_END, comma.start, comma.end, (struct pl_str){0});
        pl_diag_fix(x->view.diags, diag, PL_FIX_UNSAFE, diag->span, PL_STR(""), "delete the comma");
    }
    x->nbrackets = 0;
    size_t at = x->out->v[x->out->n - 1].end;
    emit(x, PL_TOKEN_ERROR, at, at);
}

static void emit_indent(struct lexer *x, uint32_t columns) {
    if (x->depth == PL_LEX_DEPTH_MOST - 1) {
        mistake(x, PL_D_DEPTH, x->at, x->at + 1,
                pl_arena_printf(x->arena, "%d", PL_LEX_DEPTH_MOST));
        x->out->hopeless = true;
        return;
    }
    x->indents[++x->depth] = columns;
    emit(x, PL_TOKEN_INDENT, x->at, x->at);
}

/* The line fits no level: it goes on as a line of the innermost block, so that the mistake costs
 * one message. */
static void take_ragged(struct lexer *x, uint32_t columns) {
    uint32_t deeper = x->indents[x->depth];
    x->indents[x->depth] = columns;
    x->out->ragged = true;
    if (x->tab) return;
    struct pl_diag *diag = mistake(
        x, PL_D_RAGGED, x->at - columns, x->at,
        pl_arena_printf(x->arena, "%u space%s", (unsigned)columns, columns == 1 ? "" : "s"));
    uint32_t levels[] = {deeper, x->indents[x->depth - 1]};
    for (size_t i = 0; i < PL_LEN(levels); i++)
        pl_diag_fix(x->view.diags, diag, PL_FIX_UNSAFE, diag->span,
                    pl_arena_printf(x->arena, "%*s", (int)levels[i], ""), "indent it by %u spaces",
                    (unsigned)levels[i]);
}

static void begin_logical_line(struct lexer *x, uint32_t columns) {
    settle_allows(x, x->at);
    x->line_indent = columns;
    if (columns > x->indents[x->depth]) emit_indent(x, columns);
    while (columns < x->indents[x->depth]) {
        if (columns > x->indents[x->depth - 1]) {
            take_ragged(x, columns);
            break;
        }
        emit(x, PL_TOKEN_DEDENT, x->at, x->at);
        x->depth--;
    }
    x->line_tokens = 0;
}

/* Whether this line goes on with the logical line before it. */
static bool continues(struct lexer *x, uint32_t columns) {
    if (x->nbrackets) {
        char c = peek(x, 0);
        return columns > x->line_indent || c == ')' || c == ']' || c == '}';
    }
    return ends_in_comma(x) && columns > x->line_indent;
}

/* The tokens of one physical line, from x->at. */
static void lex_rest(struct lexer *x) {
    while (x->at < x->end) {
        char c = peek(x, 0);
        if (c == ' ')
            x->at++;
        else if (c == '\t')
            report_tab(x), x->at++;
        else if (c == '#')
            lex_comment(x, false);
        else
            lex_token(x);
    }
}

static void lex_line(struct lexer *x) {
    uint32_t columns = measure_indent(x);
    if (x->at >= x->end) return;
    if (peek(x, 0) == '#') {
        lex_comment(x, true);
        return;
    }
    if (!continues(x, columns)) {
        if (x->nbrackets || ends_in_comma(x)) close_unfinished(x);
        end_logical_line(x);
        begin_logical_line(x, columns);
    }
    lex_rest(x);
    if (x->line_bad || (!x->nbrackets && !ends_in_comma(x))) end_logical_line(x);
}

static void lex_lines(struct lexer *x) {
    struct pl_str s = x->view.bytes;
    x->at = pl_str_starts(s, PL_STR("\xEF\xBB\xBF")) ? 3 : 0;
    while (x->at < s.n && !(x->out->hopeless && !x->tab)) {
        size_t start = x->at, end = line_end(s, start);
        if (end - start > PL_LEX_LINE_MOST) {
            mistake(x, PL_D_LINE_SIZE, start, start + 1, (struct pl_str){0});
            x->out->hopeless = true;
            return;
        }
        x->end = end > start && s.p[end - 1] == '\r' ? end - 1 : end;
        lex_line(x);
        x->at = line_end(s, x->end) + 1;
    }
}

static void finish(struct lexer *x) {
    size_t end = x->view.bytes.n;
    if (x->nbrackets || ends_in_comma(x)) close_unfinished(x);
    end_logical_line(x);
    settle_allows(x, end);
    for (; x->depth; x->depth--) emit(x, PL_TOKEN_DEDENT, end, end);
    emit(x, PL_TOKEN_END, end, end);
}

/* Offset of the first byte that is not UTF-8, or SIZE_MAX. */
static size_t first_ill_formed(struct pl_str s) {
    if (pl_utf8_valid(s)) return SIZE_MAX;
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        uint32_t cp = pl_utf8_next(s, &at);
        if (cp == 0xFFFD && at - from == 1) return from;
    }
    return 0;
}

void pl_lex(struct pl_arena *arena, const struct pl_sources *sources, uint32_t file,
            struct pl_diags *diags, struct pl_tokens *out) {
    *out = (struct pl_tokens){0};
    struct lexer x = {
        .arena = arena,
        .source = &sources->v[file],
        .view = {.bytes = sources->v[file].text, .file = file, .diags = diags},
        .out = out,
    };
    size_t bad = SIZE_MAX;
    if (x.view.bytes.n > PL_LEX_FILE_MOST) {
        mistake(&x, PL_D_FILE_SIZE, 0, 0, (struct pl_str){0});
    } else if ((bad = first_ill_formed(x.view.bytes)) != SIZE_MAX) {
        mistake(&x, PL_D_NOT_UTF8, bad, bad + 1, (struct pl_str){0});
    }
    out->hopeless = out->broken;
    if (!out->hopeless) lex_lines(&x);
    finish(&x);
}

bool pl_lex_inline(struct pl_arena *arena, const struct pl_lex_view *view, size_t *at, size_t end,
                   struct pl_tokens *out) {
    *out = (struct pl_tokens){0};
    struct lexer x = {
        .arena = arena, .view = *view, .out = out, .at = *at, .end = end, .inside = true};
    while (x.at < end && !x.line_bad) {
        char c = peek(&x, 0);
        if (!x.nbrackets && (c == ',' || c == ':' || c == '}')) break;
        if (c == ' ' || c == '\n' || c == '\r')
            x.at++;
        else
            lex_token(&x);
    }
    if (x.nbrackets && !x.line_bad) close_unfinished(&x);
    emit(&x, PL_TOKEN_END, x.at, x.at);
    *at = x.at;
    return !out->broken;
}

/* ---- the shape of a text ---- */

/* The fewest spaces that a line of a block text, after the first, begins with; the closing quotes
 * count as a line when they stand alone. */
static uint32_t common_indent(struct pl_str s, size_t from, size_t to) {
    uint32_t least = UINT32_MAX;
    for (size_t at = line_end(s, from); at < to; at = line_end(s, at)) {
        uint32_t spaces = 0;
        at++;
        for (; at < to && s.p[at] == ' '; at++) spaces++;
        bool blank = at < to && (s.p[at] == '\n' || s.p[at] == '\r');
        if (!blank && spaces < least) least = spaces;
    }
    return least == UINT32_MAX ? 0 : least;
}

struct pl_text_shape pl_text_shape(struct pl_str token) {
    struct pl_text_shape shape = {.from = 1, .to = (uint32_t)token.n - 1};
    if (token.n < 6 || !pl_str_starts(token, PL_STR("\"\"\""))) return shape;
    shape = (struct pl_text_shape){.from = 3, .to = (uint32_t)token.n - 3, .block = true};
    shape.strip = common_indent(token, shape.from, shape.to);
    /* The line end after the opening quotes and the one before the closing quotes are layout. */
    size_t at = shape.from;
    while (at < shape.to && (token.p[at] == ' ' || token.p[at] == '\r')) at++;
    if (at < shape.to && token.p[at] == '\n') shape.from = (uint32_t)at + 1;
    size_t to = shape.to;
    while (to > shape.from && token.p[to - 1] == ' ') to--;
    if (to > shape.from && token.p[to - 1] == '\n') {
        to--;
        if (to > shape.from && token.p[to - 1] == '\r') to--;
        shape.to = (uint32_t)to;
    }
    return shape;
}
