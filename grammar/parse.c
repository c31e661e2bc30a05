/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser's verbs, its recovery, leaves, and the file. The productions stand beside their kind:
 * parse_decl.c, parse_flow.c, parse_ask.c, parse_part.c, parse_talk.c, parse_expr.c, parse_text.c.
 */
#include "grammar/parse_priv.h"

/* ---- looking ---- */

static const struct pl_token *token(const struct parser *p) {
    return &p->tokens.v[p->at];
}

enum pl_token_kind pl_parse__kind(const struct parser *p) {
    return p->panic ? PL_TOKEN_ERROR : (enum pl_token_kind)token(p)->kind;
}

enum pl_token_kind pl_parse__next_kind(const struct parser *p) {
    if (p->panic || token(p)->kind == PL_TOKEN_END) return PL_TOKEN_ERROR;
    return (enum pl_token_kind)token(p)[1].kind;
}

struct pl_str pl_parse__str(const struct parser *p) {
    const struct pl_token *t = token(p);
    return (struct pl_str){p->view.bytes.p + t->start, t->end - t->start};
}

bool pl_parse__at_word(const struct parser *p, const char *word) {
    return pl_parse__kind(p) == PL_TOKEN_NAME && pl_str_is(pl_parse__str(p), word);
}

uint32_t pl_parse__here(const struct parser *p) {
    return token(p)->start;
}

struct pl_span pl_parse__token_span(const struct parser *p) {
    return pl_lex_span(&p->view, token(p)->start, token(p)->end);
}

struct pl_span pl_parse__from(const struct parser *p, uint32_t start) {
    return pl_lex_span(&p->view, start, p->last_end > start ? p->last_end : start);
}

static bool is_layout(uint8_t kind) {
    return kind == PL_TOKEN_NEWLINE || kind == PL_TOKEN_INDENT || kind == PL_TOKEN_DEDENT;
}

/* The text of a doc comment without its marks and one space. */
static struct pl_str doc_line(const struct parser *p, const struct pl_ast_comment *c) {
    struct pl_str s = {p->view.bytes.p + c->span.start + 2, c->span.end - c->span.start - 2};
    if (s.n && s.p[0] == ' ') s = (struct pl_str){s.p + 1, s.n - 1};
    return s;
}

struct pl_str pl_parse__doc(struct parser *p) {
    size_t before = p->at;
    while (before && (before == p->at || is_layout(p->tokens.v[before].kind)) &&
           p->tokens.v[before].kind != PL_TOKEN_NEWLINE)
        before--;
    uint32_t to = token(p)->comments, least = p->at ? p->tokens.v[before].comments : 0, from = to;
    while (from > least && p->tokens.comments.v[from - 1].kind == PL_COMMENT_DOC) from--;
    struct pl_str doc = {0};
    for (uint32_t i = from; i < to; i++) {
        struct pl_str line = doc_line(p, &p->tokens.comments.v[i]);
        doc = i == from
                  ? line
                  : pl_arena_printf(p->arena, "%.*s\n%.*s", PL_STR_ARG(doc), PL_STR_ARG(line));
    }
    return doc;
}

/* ---- mistakes ---- */

struct pl_str pl_parse__found(struct parser *p) {
    switch (token(p)->kind) {
    case PL_TOKEN_NAME:
    case PL_TOKEN_WORD:
    case PL_TOKEN_HYPHENATED:
    case PL_TOKEN_CURRENCY:
    case PL_TOKEN_ID:
    case PL_TOKEN_NUMBER:
    case PL_TOKEN_PERCENT:
    case PL_TOKEN_DURATION:
    case PL_TOKEN_MONEY:
    case PL_TOKEN_TIMERANGE:
        return pl_arena_printf(p->arena, "`%.*s`", PL_STR_ARG(pl_parse__str(p)));
    case PL_TOKEN_END:
        if (token(p)->start < p->view.bytes.n && p->view.bytes.p[token(p)->start] == '}')
            return PL_STR("`}`");
        break;
    default: break;
    }
    return pl_str_c(pl_token_words((enum pl_token_kind)token(p)->kind));
}

struct pl_diag *pl_parse__mistake(struct parser *p, enum pl_diag_code code, struct pl_span at,
                                  struct pl_str a, struct pl_str b, struct pl_str c) {
    p->broken = true;
    return pl_diag3(p->diags, code, at, a, b, c);
}

/* At the current token; a line end is marked where the line stops. */
static struct pl_span mistake_span(const struct parser *p) {
    return pl_parse__token_span(p);
}

bool pl_parse__quiet(struct parser *p) {
    bool said = p->panic || token(p)->kind == PL_TOKEN_ERROR;
    p->panic = p->broken = true;
    return said;
}

static void advise(struct parser *p, struct pl_diag *diag, const char *advice) {
    if (advice) pl_diag_hint(p->diags, diag, "%s", advice);
}

/* NULL when something was said already. */
static struct pl_diag *expected(struct parser *p, const char *what) {
    if (pl_parse__quiet(p)) return NULL;
    struct pl_diag *diag = pl_parse__mistake(p, PL_D_EXPECTED, mistake_span(p), pl_str_c(what),
                                             pl_parse__found(p), (struct pl_str){0});
    advise(p, diag, pl_parse__expected_advice(p, what));
    return diag;
}

void pl_parse__expected(struct parser *p, const char *what) {
    expected(p, what);
}

/* What is known to help with this word, or the nearest of those that may stand here. */
static void suggest(struct parser *p, struct pl_diag *diag, const struct pl_str *names, size_t n) {
    const char *advice = pl_parse__line_advice(p);
    advise(p, diag, advice);
    if (advice)
        pl_parse__line_fix(p, diag);
    else if (token(p)->kind == PL_TOKEN_NAME)
        pl_diag_nearest(p->diags, diag, diag->span, pl_parse__str(p), names, n);
}

int pl_parse__one_of(struct parser *p, const char *const *words, size_t n) {
    struct pl_str list = {0};
    for (size_t i = 0; i < n; i++)
        if (pl_parse__accept_word(p, words[i])) return (int)i;
    if (pl_parse__quiet(p)) return -1;
    for (size_t i = 0; i < n; i++)
        list = pl_arena_printf(p->arena, "%.*s%s`%s`", PL_STR_ARG(list), i ? ", " : "", words[i]);
    struct pl_span at = mistake_span(p);
    struct pl_diag *diag =
        pl_parse__mistake(p, PL_D_ONE_OF, at, pl_parse__found(p), list, (struct pl_str){0});
    struct pl_str *names = PL_NEW_ARRAY(p->arena, struct pl_str, n);
    for (size_t i = 0; i < n; i++) names[i] = pl_str_c(words[i]);
    suggest(p, diag, names, n);
    return -1;
}

/* ---- moving ---- */

void pl_parse__advance(struct parser *p) {
    if (token(p)->kind == PL_TOKEN_END) return;
    if (!is_layout(token(p)->kind)) p->last_end = token(p)->end;
    p->at++;
}

bool pl_parse__accept(struct parser *p, enum pl_token_kind kind) {
    if (pl_parse__kind(p) != kind) return false;
    pl_parse__advance(p);
    return true;
}

bool pl_parse__accept_word(struct parser *p, const char *word) {
    if (!pl_parse__at_word(p, word)) return false;
    pl_parse__advance(p);
    return true;
}

bool pl_parse__expect(struct parser *p, enum pl_token_kind kind) {
    if (pl_parse__accept(p, kind)) return true;
    pl_parse__expected(p, pl_token_words(kind));
    return false;
}

bool pl_parse__expect_word(struct parser *p, const char *word) {
    if (pl_parse__accept_word(p, word)) return true;
    struct pl_str name = pl_str_c(word);
    struct pl_diag *diag = expected(p, pl_arena_printf(p->arena, "`%s`", word).p);
    if (diag && token(p)->kind == PL_TOKEN_NAME)
        pl_diag_nearest(p->diags, diag, diag->span, pl_parse__str(p), &name, 1);
    return false;
}

/* The line up to the last token that was passed. */
static struct pl_str line_so_far(const struct parser *p) {
    uint32_t from = p->last_end;
    while (from && p->view.bytes.p[from - 1] != '\n') from--;
    while (from < p->last_end && p->view.bytes.p[from] == ' ') from++;
    return (struct pl_str){p->view.bytes.p + from, p->last_end - from};
}

void pl_parse__at_most(struct parser *p, const char *why, const char *rest) {
    if (pl_parse__accept_word(p, "at")) {
        pl_parse__expect_word(p, "most");
        return;
    }
    struct pl_diag *diag = expected(p, "`at most`");
    if (diag)
        pl_diag_hint(p->diags, diag, "%s, as in: %.*s at most %s", why, PL_STR_ARG(line_so_far(p)),
                     rest);
}

void pl_parse__end_line(struct parser *p) {
    if (pl_parse__accept(p, PL_TOKEN_NEWLINE) || pl_parse__quiet(p)) return;
    struct pl_diag *diag = pl_parse__mistake(p, PL_D_REST, mistake_span(p), pl_parse__found(p),
                                             (struct pl_str){0}, (struct pl_str){0});
    advise(p, diag, pl_parse__rest_advice(p));
    pl_parse__rest_fix(p, diag);
}

bool pl_parse__open_block(struct parser *p, const char *what) {
    if (pl_parse__kind(p) == PL_TOKEN_NEWLINE && pl_parse__next_kind(p) == PL_TOKEN_INDENT) {
        pl_parse__advance(p);
        pl_parse__advance(p);
        return true;
    }
    if (pl_parse__kind(p) != PL_TOKEN_NEWLINE) {
        pl_parse__end_line(p);
    } else if (!pl_parse__quiet(p)) {
        size_t first = p->at;
        while (first && p->tokens.v[first - 1].kind >= PL_TOKEN_ERROR) first--;
        struct pl_span line = pl_lex_span(&p->view, p->tokens.v[first].start, p->last_end);
        pl_parse__mistake(p, PL_D_NEEDS_BLOCK, line, pl_str_c(what), (struct pl_str){0},
                          (struct pl_str){0});
    }
    return false;
}

bool pl_parse__maybe_block(struct parser *p) {
    pl_parse__end_line(p);
    return pl_parse__accept(p, PL_TOKEN_INDENT);
}

/* From an INDENT past its DEDENT. */
static void skip_block(struct parser *p) {
    size_t depth = 0;
    do {
        if (token(p)->kind == PL_TOKEN_INDENT) depth++;
        if (token(p)->kind == PL_TOKEN_DEDENT) depth--;
        pl_parse__advance(p);
    } while (depth && token(p)->kind != PL_TOKEN_END);
}

void pl_parse__recover(struct parser *p) {
    p->panic = false;
    while (token(p)->kind >= PL_TOKEN_ERROR) pl_parse__advance(p);
    if (token(p)->kind != PL_TOKEN_NEWLINE) return;
    pl_parse__advance(p);
    if (token(p)->kind == PL_TOKEN_INDENT) skip_block(p);
}

/* A block where none may be. */
static void stray_block(struct parser *p) {
    p->broken = true;
    if (!p->tokens.ragged) {
        size_t line = p->at + 1, end = line;
        while (p->tokens.v[end].kind >= PL_TOKEN_ERROR) end++;
        struct pl_span at =
            pl_lex_span(&p->view, p->tokens.v[line].start, p->tokens.v[end - 1].end);
        pl_diag(p->diags, PL_D_NO_BLOCK, at);
    }
    skip_block(p);
}

/* ---- lines of a block ---- */

static const struct line_rule *find_rule(const struct parser *p, const struct line_rule *rules,
                                         size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct line_rule *r = &rules[i];
        if (r->word ? pl_parse__at_word(p, r->word)
                    : r->kind == PL_TOKEN_END || r->kind == pl_parse__kind(p))
            return r;
    }
    return NULL;
}

static struct pl_str rule_words(struct parser *p, const struct line_rule *r) {
    if (r->word) return pl_arena_printf(p->arena, "`%s`", r->word);
    return pl_str_c(pl_token_words(r->kind));
}

static void unknown_line(struct parser *p, const struct line_rule *rules, size_t n) {
    if (pl_parse__quiet(p)) return;
    struct pl_str list = {0}, *names = PL_NEW_ARRAY(p->arena, struct pl_str, n + 1);
    for (size_t i = 0; i < n; i++) {
        list = pl_arena_printf(p->arena, "%.*s%s%.*s", PL_STR_ARG(list), i ? ", " : "",
                               PL_STR_ARG(rule_words(p, &rules[i])));
        names[i] = pl_str_c(rules[i].word);
    }
    struct pl_span at = mistake_span(p);
    struct pl_diag *diag =
        pl_parse__mistake(p, PL_D_ONE_OF, at, pl_parse__found(p), list, (struct pl_str){0});
    suggest(p, diag, names, n);
}

/* The order in which the lines stand, by the words of their ranks: "title, resume, on". */
static struct pl_str order_words(struct parser *p, const struct line_rule *rules, size_t n) {
    struct pl_str list = {0};
    for (size_t i = 0; i < n; i++) {
        if (!rules[i].rank) continue;
        struct pl_str word = rule_words(p, &rules[i]);
        if (!rules[i].word && rules[i].kind == PL_TOKEN_END) word = PL_STR("the statements");
        list = pl_arena_printf(p->arena, "%.*s%s%.*s", PL_STR_ARG(list), list.n ? ", " : "",
                               PL_STR_ARG(word));
    }
    return list;
}

struct lines_state {
    uint64_t seen; /* bit i: rule i had a line */
    int rank;
    bool strays; /* the line was a text or a statement that cannot stand here */
};

static void check_place(struct parser *p, const char *what, const struct line_rule *rules, size_t n,
                        const struct line_rule *r, struct lines_state *state) {
    uint64_t bit = UINT64_C(1) << (r - rules);
    struct pl_str none = {0};
    if (!r->many && (state->seen & bit))
        pl_parse__mistake(p, PL_D_TWICE, mistake_span(p), rule_words(p, r), none, none);
    else if (r->rank && r->rank < state->rank)
        pl_parse__mistake(p, PL_D_LINE_ORDER, mistake_span(p), rule_words(p, r), pl_str_c(what),
                          order_words(p, rules, n));
    state->seen |= bit;
    if (r->rank > state->rank) state->rank = r->rank;
}

void pl_parse__lines(struct parser *p, const char *what, const struct line_rule *rules, size_t n,
                     void *node) {
    struct lines_state state = {0};
    pl_assert(n <= 64);
    while (!p->panic && token(p)->kind != PL_TOKEN_DEDENT && token(p)->kind != PL_TOKEN_END) {
        if (token(p)->kind == PL_TOKEN_INDENT) {
            stray_block(p);
            continue;
        }
        const struct line_rule *r = find_rule(p, rules, n);
        struct lines_state before = state;
        size_t first = p->at;
        bool goes_on = pl_parse__goes_on(p);
        if (state.strays && goes_on) { /* one indentation too far makes all that follows strange */
            pl_parse__quiet(p);
        } else if (r) {
            check_place(p, what, rules, n, r, &state);
            if (r->word) pl_parse__advance(p);
            r->parse(p, node);
        } else {
            unknown_line(p, rules, n);
        }
        if (!p->panic) continue;
        if (!r || !r->word) state = before; /* what it would have been is anybody's guess */
        state.strays = goes_on && p->at == first;
        pl_parse__recover(p);
    }
    pl_parse__accept(p, PL_TOKEN_DEDENT);
}

/* ---- leaves ---- */

/* A word with capitals where a name must stand: says how it would be written. */
static void bad_name(struct parser *p) {
    struct pl_str s = pl_parse__str(p);
    char *lower = pl_arena_alloc(p->arena, s.n * 2 + 2);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool upper = s.p[i] >= 'A' && s.p[i] <= 'Z';
        bool before = i && s.p[i - 1] >= 'a' && s.p[i - 1] <= 'z';
        if (upper && before) lower[n++] = '_';
        if (n || s.p[i] != '_') lower[n++] = upper ? (char)(s.p[i] + 32) : s.p[i];
    }
    if (pl_parse__quiet(p)) return;
    struct pl_str better = {n ? lower : "name", n ? n : 4};
    struct pl_diag *diag =
        pl_parse__mistake(p, PL_D_NAME_FORM, mistake_span(p), s, better, (struct pl_str){0});
    pl_diag_fix(p->diags, diag, PL_FIX_UNSAFE, diag->span, better, "write `%.*s`",
                PL_STR_ARG(better));
}

/* SYNTAX: NAME */
struct pl_ast_name pl_parse__name(struct parser *p, const char *what) {
    struct pl_ast_name name = {.span = pl_parse__token_span(p), .s = pl_parse__str(p)};
    enum pl_token_kind kind = pl_parse__kind(p);
    if (kind == PL_TOKEN_WORD || kind == PL_TOKEN_CURRENCY) {
        bad_name(p);
    } else if (kind == PL_TOKEN_NAME && pl_parse__reserved(name.s)) {
        pl_parse__quiet(p);
        pl_parse__mistake(p, PL_D_RESERVED, name.span, name.s, (struct pl_str){0},
                          (struct pl_str){0});
    } else if (!pl_parse__accept(p, PL_TOKEN_NAME)) {
        pl_parse__expected(p, what);
    }
    return name;
}

/* SYNTAX: lang = NAME | HYPHENATED */
struct pl_ast_name pl_parse__lang(struct parser *p) {
    struct pl_ast_name name = {.span = pl_parse__token_span(p), .s = pl_parse__str(p)};
    if (!pl_parse__accept(p, PL_TOKEN_NAME) && !pl_parse__accept(p, PL_TOKEN_HYPHENATED))
        pl_parse__expected(p, "a language like en or en-US");
    return name;
}

/* SYNTAX: NAME { ',' NAME } */
struct pl_ast_names pl_parse__names(struct parser *p, const char *what) {
    struct pl_ast_names names = {0};
    do {
        struct pl_ast_name name = pl_parse__name(p, what);
        if (!p->panic) PL_AST_ADD(p->arena, &names, name);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    return names;
}

/* SYNTAX: lang { ',' lang } */
struct pl_ast_names pl_parse__langs(struct parser *p) {
    struct pl_ast_names names = {0};
    do {
        struct pl_ast_name name = pl_parse__lang(p);
        if (!p->panic) PL_AST_ADD(p->arena, &names, name);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    return names;
}

static void spaced_path(struct parser *p, struct pl_span at) {
    struct pl_str none = {0};
    char *tight = PL_NEW_ARRAY(p->arena, char, (size_t)(at.end - at.start) + 1);
    size_t n = 0;
    for (uint32_t i = at.start; i < at.end; i++)
        if (p->view.bytes.p[i] > ' ') tight[n++] = p->view.bytes.p[i];
    struct pl_diag *diag = pl_parse__mistake(p, PL_D_PATH_SPACE, at, none, none, none);
    pl_diag_fix(p->diags, diag, PL_FIX_SAFE, at, (struct pl_str){tight, n}, "write `%s`", tight);
}

/* SYNTAX: path = NAME { '.' NAME }, without spaces */
struct pl_ast_path pl_parse__path(struct parser *p, const char *what) {
    struct pl_ast_path path = {0};
    PL_AST_LIST(struct pl_ast_name) parts = {0};
    uint32_t start = pl_parse__here(p);
    struct pl_ast_name name = pl_parse__name(p, what);
    if (!p->panic) PL_AST_ADD(p->arena, &parts, name);
    while (pl_parse__kind(p) == PL_TOKEN_DOT) {
        bool apart = pl_parse__here(p) != p->last_end;
        pl_parse__advance(p);
        apart = apart || pl_parse__here(p) != p->last_end;
        name = (struct pl_ast_name){pl_parse__token_span(p), pl_parse__str(p)};
        if (!pl_parse__expect(p, PL_TOKEN_NAME)) break;
        PL_AST_ADD(p->arena, &parts, name);
        if (apart) spaced_path(p, pl_parse__from(p, start));
    }
    path.span = pl_parse__from(p, start);
    path.s =
        (struct pl_str){p->view.bytes.p + start, p->last_end > start ? p->last_end - start : 0};
    path.part = parts.v;
    path.n = parts.n;
    return path;
}

/* SYNTAX: path { ',' path } */
struct pl_ast_paths pl_parse__paths(struct parser *p, const char *what) {
    struct pl_ast_paths paths = {0};
    do {
        struct pl_ast_path path = pl_parse__path(p, what);
        if (!p->panic) PL_AST_ADD(p->arena, &paths, path);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    return paths;
}

/* The lexer has checked the digits. */
static struct pl_dec decimal(struct pl_str s) {
    struct pl_dec n = {0};
    pl_dec_parse(s, &n);
    return n;
}

struct pl_ast_number pl_parse__number(struct parser *p) {
    struct pl_ast_number number = {.span = pl_parse__token_span(p)};
    if (pl_parse__kind(p) == PL_TOKEN_NUMBER) number.n = decimal(pl_parse__str(p));
    pl_parse__expect(p, PL_TOKEN_NUMBER);
    return number;
}

struct pl_ast_number pl_parse__percent(struct parser *p) {
    struct pl_ast_number number = {.span = pl_parse__token_span(p)};
    struct pl_str s = pl_parse__str(p);
    if (pl_parse__kind(p) == PL_TOKEN_PERCENT) number.n = decimal((struct pl_str){s.p, s.n - 1});
    pl_parse__expect(p, PL_TOKEN_PERCENT);
    return number;
}

static int64_t milliseconds(struct pl_str s) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t n = 0;
    size_t at = 0;
    for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++) n = n * 10 + (s.p[at] - '0');
    for (size_t i = 0; i < PL_LEN(units); i++)
        if (pl_str_is((struct pl_str){s.p + at, s.n - at}, units[i].unit)) return n * units[i].ms;
    return 0;
}

struct pl_ast_duration pl_parse__duration(struct parser *p) {
    struct pl_ast_duration duration = {.span = pl_parse__token_span(p)};
    if (pl_parse__kind(p) == PL_TOKEN_DURATION) duration.ms = milliseconds(pl_parse__str(p));
    pl_parse__expect(p, PL_TOKEN_DURATION);
    return duration;
}

struct pl_ast_number *pl_parse__number_new(struct parser *p) {
    struct pl_ast_number *number = PL_NEW(p->arena, struct pl_ast_number);
    *number = pl_parse__number(p);
    return number;
}

struct pl_ast_duration *pl_parse__duration_new(struct parser *p) {
    struct pl_ast_duration *duration = PL_NEW(p->arena, struct pl_ast_duration);
    *duration = pl_parse__duration(p);
    return duration;
}

struct pl_ast_regex pl_parse__regex(struct parser *p) {
    struct pl_ast_regex regex = {.span = pl_parse__token_span(p)};
    struct pl_str s = pl_parse__str(p);
    uint32_t start = pl_parse__here(p);
    if (!pl_parse__expect(p, PL_TOKEN_REGEX)) return regex;
    size_t slash = s.n - 1;
    while (s.p[slash] != '/') slash--;
    regex.pattern = (struct pl_str){s.p + 1, slash - 1};
    regex.flags = (struct pl_str){s.p + slash + 1, s.n - slash - 1};
    regex.at = pl_lex_span(&p->view, start + 1, start + slash);
    return regex;
}

struct pl_ast_id pl_parse__id(struct parser *p) {
    struct pl_ast_id id = {.span = pl_lex_span(&p->view, p->last_end, p->last_end)};
    if (pl_parse__kind(p) != PL_TOKEN_ID) return id;
    struct pl_str s = pl_parse__str(p);
    id = (struct pl_ast_id){pl_parse__token_span(p), {s.p + 1, s.n - 1}};
    pl_parse__advance(p);
    return id;
}

/* SYNTAX: limit = NUMBER ( 'call' | 'calls' | 'tokens' ) | DURATION | MONEY */
static struct pl_ast_limit limit(struct parser *p) {
    static const char *const units[] = {"call", "calls", "tokens"};
    struct pl_ast_limit l = {.kind = PL_LIMIT_TIME};
    struct pl_str s = pl_parse__str(p);
    uint32_t start = pl_parse__here(p);
    if (pl_parse__accept(p, PL_TOKEN_DURATION)) {
        l.ms = milliseconds(s);
    } else if (pl_parse__accept(p, PL_TOKEN_MONEY)) {
        l.kind = PL_LIMIT_MONEY;
        l.amount = decimal(pl_str_trim((struct pl_str){s.p, s.n - 3}));
        for (size_t i = 0; i < 3; i++) l.currency[i] = s.p[s.n - 3 + i];
    } else if (pl_parse__accept(p, PL_TOKEN_NUMBER)) {
        l.amount = decimal(s);
        l.kind = pl_parse__one_of(p, units, 3) == 2 ? PL_LIMIT_TOKENS : PL_LIMIT_CALLS;
    } else {
        pl_parse__expected(p, "a limit like 2 calls, 1500 tokens, 4s or 0.02 USD");
    }
    l.span = pl_parse__from(p, start);
    return l;
}

/* SYNTAX: limit { ',' limit } */
struct pl_ast_limits pl_parse__limits(struct parser *p) {
    struct pl_ast_limits limits = {0};
    do {
        struct pl_ast_limit l = limit(p);
        if (!p->panic) PL_AST_ADD(p->arena, &limits, l);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    return limits;
}

/* SYNTAX: given { ',' given }, given = path [ '?' ] */
struct pl_ast_givens pl_parse__givens(struct parser *p) {
    struct pl_ast_givens givens = {0};
    do {
        struct pl_ast_given given = {.path = pl_parse__path(p, "a name")};
        given.optional = pl_parse__accept(p, PL_TOKEN_QUESTION);
        if (!p->panic) PL_AST_ADD(p->arena, &givens, given);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    return givens;
}

/* ---- the file ---- */

/* SYNTAX: 'parlance' NUMBER NEWLINE. False when the rest is in a language not known here. */
static bool edition(struct parser *p) {
    struct pl_str none = {0};
    if (!pl_parse__at_word(p, "parlance")) {
        if (token(p)->kind == PL_TOKEN_ERROR) return true;
        struct pl_span start = pl_lex_span(&p->view, token(p)->start, token(p)->start);
        struct pl_diag *diag =
            pl_parse__mistake(p, PL_D_EDITION_MISSING, pl_parse__token_span(p), none, none, none);
        pl_diag_fix(p->diags, diag, PL_FIX_SAFE, start, PL_STR("parlance 1\n\n"),
                    "write `parlance 1` as the first line");
        if (pl_parse__kind(p) == PL_TOKEN_NAME && pl_parse__next_kind(p) == PL_TOKEN_NUMBER)
            pl_parse__recover(p); /* the word itself is misspelled */
        return true;
    }
    pl_parse__advance(p);
    struct pl_str number = pl_parse__str(p);
    struct pl_span at = pl_parse__token_span(p);
    if (pl_parse__expect(p, PL_TOKEN_NUMBER) && !pl_str_is(number, "1")) {
        struct pl_diag *diag = pl_parse__mistake(p, PL_D_EDITION_OTHER, at, number, none, none);
        pl_diag_fix(p->diags, diag, PL_FIX_UNSAFE, at, PL_STR("1"), "write `parlance 1`");
        return false;
    }
    pl_parse__end_line(p);
    if (p->panic) pl_parse__recover(p);
    return true;
}

static void declarations(struct parser *p, struct pl_ast_file *file) {
    while (token(p)->kind != PL_TOKEN_END) {
        if (token(p)->kind == PL_TOKEN_INDENT) {
            stray_block(p);
            continue;
        }
        struct pl_ast_decl *decl = pl_parse__decl(p);
        if (p->panic)
            pl_parse__recover(p);
        else if (decl)
            PL_AST_ADD(p->arena, &file->decls, decl);
    }
}

/* SYNTAX: file = 'parlance' NUMBER NEWLINE ( declaration { declaration } | talk { talk } | ) */
struct pl_ast_file *pl_parse(struct pl_arena *arena, const struct pl_sources *sources,
                             uint32_t index, struct pl_diags *diags) {
    struct pl_ast_file *file = PL_NEW(arena, struct pl_ast_file);
    const struct pl_source *source = &sources->v[index];
    struct parser p = {
        .arena = arena,
        .diags = diags,
        .view = {.bytes = source->text, .file = index, .diags = diags},
        .talk = source->talk,
    };
    file->file = index;
    file->talk = source->talk;
    pl_lex(arena, sources, index, diags, &p.tokens);
    if (!p.tokens.hopeless && edition(&p)) declarations(&p, file);
    file->broken = p.broken || p.tokens.broken;
    file->comments.v = p.tokens.comments.v;
    file->comments.n = p.tokens.comments.n;
    file->comments.cap = p.tokens.comments.cap;
    return file;
}
