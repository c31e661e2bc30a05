/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts: escapes, placeholders, plural and select branches. A text is read from its own bytes,
 * character by character; the expressions in it go through the lexer and the expression parser.
 * The first mistake of a text is its only one.
 */
#include "grammar/parse_priv.h"

enum { TEXT_DEPTH_MOST = 8 };

struct reader {
    struct pl_arena *arena;
    struct pl_lex_view view;
    size_t at, to;  /* of the content */
    bool block;     /* three quotes */
    uint32_t strip; /* block: spaces that each line loses */
    bool phrase;    /* marks instead of values */
    bool failed;
    struct pl_buf literal; /* of the piece that is being read */
    size_t literal_at;
};

static struct pl_diag *mistake(struct reader *r, enum pl_diag_code code, size_t start, size_t end,
                               struct pl_str a, struct pl_str b) {
    r->failed = true;
    return pl_diag2(r->view.diags, code, pl_lex_span(&r->view, start, end), a, b);
}

static char peek(const struct reader *r) {
    return r->at < r->to && !r->failed ? r->view.bytes.p[r->at] : '\0';
}

static struct pl_str slice(const struct reader *r, size_t start, size_t end) {
    return (struct pl_str){r->view.bytes.p + start, end - start};
}

static void skip_space(struct reader *r) {
    while (peek(r) == ' ' || peek(r) == '\n' || peek(r) == '\r') r->at++;
}

static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static struct pl_str word(struct reader *r) {
    size_t start = r->at;
    while (is_name_char(peek(r))) r->at++;
    return slice(r, start, r->at);
}

/* ---- literal text ---- */

static void flush(struct reader *r, struct pl_ast_pieces *pieces) {
    if (!r->literal.n) return;
    struct pl_ast_piece piece = {.kind = PL_PIECE_TEXT,
                                 .span = pl_lex_span(&r->view, r->literal_at, r->at),
                                 .text = pl_arena_str(r->arena, pl_buf_slice(&r->literal))};
    PL_AST_ADD(r->arena, pieces, piece);
    pl_buf_clear(&r->literal);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* SYNTAX: '\u{' hex { hex } '}', after the u */
static void code_point(struct reader *r, size_t start) {
    uint32_t cp = 0;
    size_t digits = 0;
    bool good = peek(r) == '{';
    if (good) r->at++;
    for (; good && hex_digit(peek(r)) >= 0 && digits < 7; r->at++, digits++)
        cp = cp * 16 + (uint32_t)hex_digit(peek(r));
    good = good && digits && peek(r) == '}';
    if (good) r->at++;
    if (!good || !cp || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) {
        mistake(r, PL_D_CODE_POINT, start, r->at, slice(r, start, r->at), (struct pl_str){0});
        return;
    }
    char bytes[4];
    pl_buf_add(&r->literal, bytes, pl_utf8_put(cp, bytes));
}

/* SYNTAX: '\' ( '"' | '\' | '{' | '}' | '#' | 'n' | 'u{' hex '}' ) */
static void escape(struct reader *r) {
    size_t start = r->at++;
    char c = peek(r);
    if (c == 'n') {
        pl_buf_byte(&r->literal, '\n');
        r->at++;
    } else if (c == 'u') {
        r->at++;
        code_point(r, start);
    } else if (c == '"' || c == '\\' || c == '{' || c == '}' || c == '#') {
        pl_buf_byte(&r->literal, (uint8_t)c);
        r->at++;
    } else {
        if ((uint8_t)c >= 0x20) pl_utf8_next(r->view.bytes, &r->at);
        mistake(r, PL_D_ESCAPE, start, r->at, slice(r, start, r->at), (struct pl_str){0});
    }
}

/* At the beginning of a line of a block text. */
static void strip_line(struct reader *r) {
    for (uint32_t i = 0; i < r->strip && peek(r) == ' '; i++) r->at++;
}

static void character(struct reader *r) {
    uint8_t c = (uint8_t)r->view.bytes.p[r->at];
    bool line_end = r->block && (c == '\n' || c == '\r');
    if ((c < 0x20 && !line_end) || c == 0x7F) {
        struct pl_str name = pl_arena_printf(r->arena, "U+%04X", (unsigned)c);
        mistake(r, PL_D_CONTROL, r->at, r->at + 1, name, (struct pl_str){0});
        return;
    }
    if (c != '\r') pl_buf_byte(&r->literal, c);
    r->at++;
    if (c == '\n') strip_line(r);
}

/* ---- placeholders ---- */

/* A parser over the tokens up to the `,` `:` or `}` that ends the value. */
static bool inline_parser(struct reader *r, struct parser *p) {
    *p = (struct parser){.arena = r->arena, .diags = r->view.diags, .view = r->view};
    p->last_end = (uint32_t)r->at;
    if (!pl_lex_inline(r->arena, &r->view, &r->at, r->to, &p->tokens)) r->failed = true;
    return !r->failed;
}

static void inline_done(struct reader *r, struct parser *p) {
    if (pl_parse__kind(p) != PL_TOKEN_END) pl_parse__expected(p, "`}`");
    if (p->panic || p->broken) r->failed = true;
}

static void close_brace(struct reader *r, size_t open) {
    skip_space(r);
    if (r->failed) return;
    if (peek(r) == '}') {
        r->at++;
        return;
    }
    mistake(r, PL_D_PLACEHOLDER_OPEN, open, open + 1, (struct pl_str){0}, (struct pl_str){0});
}

/* SYNTAX: mark = '{' NAME '}' | '{' path ':' NAME '}' */
static void mark(struct reader *r, struct pl_ast_piece *piece) {
    size_t open = r->at++;
    struct parser p;
    piece->kind = PL_PIECE_MARK;
    if (!inline_parser(r, &p)) return;
    if (p.tokens.v[0].kind == PL_TOKEN_END && r->at >= r->to) {
        close_brace(r, open);
        return;
    }
    piece->slot = pl_parse__path(&p, "the name of an entity");
    inline_done(r, &p);
    if (peek(r) == ':') {
        r->at++;
        if (!inline_parser(r, &p)) return;
        piece->entity = pl_parse__name(&p, "the name of an entity");
        inline_done(r, &p);
    } else if (!r->failed) {
        piece->entity = (struct pl_ast_name){piece->slot.span, piece->slot.s};
        bool plain = piece->slot.n == 1 && peek(r) != ',';
        piece->slot = (struct pl_ast_path){0};
        if (!plain) mistake(r, PL_D_MARK_FORM, open, r->at, (struct pl_str){0}, (struct pl_str){0});
    }
    close_brace(r, open);
}

static void pieces_until(struct reader *r, struct pl_ast_pieces *pieces, int depth, bool counted,
                         bool branch);

static const char *form_word(enum pl_piece_form form) {
    return form == PL_FORM_PLURAL ? "plural" : form == PL_FORM_SELECT ? "select" : "ordinal";
}

static bool is_category(struct pl_str s) {
    static const char *const words[] = {"zero", "one", "two", "few", "many", "other"};
    for (size_t i = 0; i < PL_LEN(words); i++)
        if (pl_str_is(s, words[i])) return true;
    return false;
}

/* SYNTAX: key = NAME | '=' digits (the latter not in select) */
static void branch_key(struct reader *r, enum pl_piece_form form, struct pl_ast_branch *b) {
    size_t start = r->at;
    b->exact = peek(r) == '=' && form != PL_FORM_SELECT;
    if (b->exact) r->at++;
    struct pl_str s = word(r);
    b->key = (struct pl_ast_name){pl_lex_span(&r->view, start, r->at), slice(r, start, r->at)};
    bool good = s.n > 0;
    if (b->exact) {
        int64_t k = -1;
        good = good && s.n <= 9 && pl_str_i64(s, &k) && k >= 0;
        b->k = good ? (uint32_t)k : 0;
    } else if (form != PL_FORM_SELECT) {
        good = is_category(s);
    }
    if (good || r->failed) return;
    while (r->at < r->to && r->at == start) pl_utf8_next(r->view.bytes, &r->at);
    struct pl_diag *diag = mistake(r, PL_D_BRANCH_KEY, start, r->at, slice(r, start, r->at),
                                   pl_str_c(form_word(form)));
    if (form == PL_FORM_SELECT)
        pl_diag_hint(r->view.diags, diag, "a branch of select is a member, a space, and {text}");
}

/* SYNTAX: branch = key '{' pieces '}' */
static void branch(struct reader *r, struct pl_ast_piece *piece, int depth, bool counted) {
    struct pl_ast_branch b = {0};
    size_t start = r->at;
    branch_key(r, piece->form, &b);
    for (size_t i = 0; i < piece->branches.n && !r->failed; i++)
        if (pl_str_eq(piece->branches.v[i].key.s, b.key.s))
            mistake(r, PL_D_BRANCH_TWICE, start, r->at, b.key.s, (struct pl_str){0});
    skip_space(r);
    if (r->failed) return;
    if (peek(r) != '{') {
        mistake(r, PL_D_EXPECTED, r->at, r->at + (r->at < r->to), PL_STR("`{`"),
                PL_STR("something else"));
        return;
    }
    size_t open = r->at++;
    pieces_until(r, &b.pieces, depth + 1, counted, true);
    close_brace(r, open);
    b.span = pl_lex_span(&r->view, start, r->at);
    if (!r->failed) PL_AST_ADD(r->arena, &piece->branches, b);
}

/* SYNTAX: ( 'plural' | 'ordinal' | 'select' ) ',' branch { branch } */
static void branches(struct reader *r, struct pl_ast_piece *piece, size_t start, int depth,
                     bool counted) {
    bool numeric = piece->form != PL_FORM_SELECT, other = false;
    for (skip_space(r); !r->failed && r->at < r->to && peek(r) != '}'; skip_space(r))
        branch(r, piece, depth, counted || numeric);
    for (size_t i = 0; i < piece->branches.n; i++)
        other = other || pl_str_is(piece->branches.v[i].key.s, "other");
    if (!r->failed && (numeric ? !other : !piece->branches.n))
        mistake(r, PL_D_BRANCH_OTHER, start, r->at, pl_str_c(form_word(piece->form)),
                (struct pl_str){0});
}

static void plain_style(struct reader *r, struct pl_ast_piece *piece, size_t start) {
    static const char *const words[] = {
#define STYLE(name, text, kinds) text,
#include "runtime/value/style.def"
#undef STYLE
    };
    struct pl_str got = slice(r, r->at, r->at), names[PL_LEN(words)];
    r->at = start;
    for (bool more = true; more;) {
        skip_space(r);
        struct pl_str one = word(r);
        got =
            got.n ? pl_arena_printf(r->arena, "%.*s, %.*s", PL_STR_ARG(got), PL_STR_ARG(one)) : one;
        skip_space(r);
        more = peek(r) == ',';
        if (more) r->at++;
    }
    piece->form = PL_FORM_STYLE;
    for (size_t i = 0; i < PL_LEN(words); i++) {
        names[i] = pl_str_c(words[i]);
        if (!names[i].n || !pl_str_eq(names[i], got)) continue;
        piece->style = (enum pl_msg_style)i;
        return;
    }
    if (r->failed) return;
    struct pl_diag *diag = mistake(r, PL_D_STYLE, start, r->at, got, (struct pl_str){0});
    struct pl_span at = pl_lex_span(&r->view, start, r->at);
    if (!pl_diag_nearest(r->view.diags, diag, at, got, names + 1, PL_LEN(names) - 1))
        pl_diag_hint(r->view.diags, diag,
                     "the styles are date; date, long; date, short; time; day; relative; fromnow; "
                     "list; plural; ordinal; select");
}

/* SYNTAX: style = word { ',' word } | 'ordinal' | ( 'plural' | 'ordinal' | 'select' ) ',' branches
 */
static void style(struct reader *r, struct pl_ast_piece *piece, int depth, bool counted) {
    skip_space(r);
    size_t start = r->at;
    struct pl_str first = word(r);
    skip_space(r);
    bool ordinal = pl_str_is(first, "ordinal"), comma = peek(r) == ',';
    if (ordinal)
        piece->form = PL_FORM_ORDINAL;
    else if (pl_str_is(first, "plural"))
        piece->form = PL_FORM_PLURAL;
    else if (pl_str_is(first, "select"))
        piece->form = PL_FORM_SELECT;
    else {
        plain_style(r, piece, start);
        return;
    }
    if (comma) r->at++;
    if (comma || !ordinal) branches(r, piece, start, depth, counted);
}

/* SYNTAX: placeholder = '{' expr [ ',' style ] '}' */
static void value(struct reader *r, struct pl_ast_piece *piece, int depth, bool counted) {
    size_t open = r->at++;
    struct parser p;
    piece->kind = PL_PIECE_VALUE;
    if (!inline_parser(r, &p)) return;
    if (r->at >= r->to) { /* nothing ended it */
        close_brace(r, open);
        return;
    }
    piece->expr = pl_parse__expr(&p);
    inline_done(r, &p);
    if (peek(r) == ',') {
        r->at++;
        style(r, piece, depth, counted);
    } else if (peek(r) == ':') {
        struct pl_diag *diag =
            mistake(r, PL_D_MARK_HERE, open, r->at + 1, (struct pl_str){0}, (struct pl_str){0});
        pl_diag_hint(r->view.diags, diag, "write {%.*s}",
                     PL_STR_ARG(pl_str_trim(slice(r, open + 1, r->at))));
    }
    close_brace(r, open);
}

static void placeholder(struct reader *r, struct pl_ast_pieces *pieces, int depth, bool counted) {
    struct pl_ast_piece piece = {0};
    size_t start = r->at;
    flush(r, pieces);
    if (r->phrase)
        mark(r, &piece);
    else
        value(r, &piece, depth, counted);
    piece.span = pl_lex_span(&r->view, start, r->at);
    if (!r->failed) PL_AST_ADD(r->arena, pieces, piece);
}

static void hash(struct reader *r, struct pl_ast_pieces *pieces) {
    flush(r, pieces);
    struct pl_ast_piece piece = {.kind = PL_PIECE_HASH,
                                 .span = pl_lex_span(&r->view, r->at, r->at + 1)};
    PL_AST_ADD(r->arena, pieces, piece);
    r->at++;
}

/* SYNTAX: pieces = { character | escape | placeholder | '#' }
 * counted: # is the number of a plural around it. branch: a } ends them and is left. */
static void pieces_until(struct reader *r, struct pl_ast_pieces *pieces, int depth, bool counted,
                         bool branch_text) {
    if (depth > TEXT_DEPTH_MOST) {
        mistake(r, PL_D_TEXT_DEPTH, r->at, r->at, pl_arena_printf(r->arena, "%d", TEXT_DEPTH_MOST),
                (struct pl_str){0});
        return;
    }
    struct pl_buf outer = r->literal;
    r->literal = (struct pl_buf){0};
    while (!r->failed && r->at < r->to) {
        char c = r->view.bytes.p[r->at];
        if (!r->literal.n) r->literal_at = r->at;
        if (c == '}' && branch_text) break;
        if (c == '\\')
            escape(r);
        else if (c == '{')
            placeholder(r, pieces, depth, counted);
        else if (c == '}')
            mistake(r, PL_D_PLACEHOLDER_STRAY, r->at, r->at + 1, (struct pl_str){0},
                    (struct pl_str){0});
        else if (c == '#' && counted)
            hash(r, pieces);
        else
            character(r);
    }
    flush(r, pieces);
    pl_buf_free(&r->literal);
    r->literal = outer;
}

/* The content as written, the layout of a block text taken off. */
static struct pl_str as_written(const struct reader *r, size_t from, size_t to) {
    if (!r->block) return slice(r, from, to);
    char *out = pl_arena_alloc(r->arena, to - from + 1);
    size_t n = 0, left = from && r->view.bytes.p[from - 1] == '\n' ? r->strip : 0;
    for (size_t i = from; i < to; i++) {
        char c = r->view.bytes.p[i];
        if (c == '\r') continue;
        if (c == ' ' && left) {
            left--;
            continue;
        }
        left = c == '\n' ? r->strip : 0;
        out[n++] = c;
    }
    return (struct pl_str){out, n};
}

static struct pl_ast_text *read_text(struct reader *r, struct pl_span span) {
    struct pl_ast_text *text = PL_NEW(r->arena, struct pl_ast_text);
    text->span = span;
    text->raw = as_written(r, r->at, r->to);
    if (r->block && r->at && r->view.bytes.p[r->at - 1] == '\n') strip_line(r);
    pieces_until(r, &text->pieces, 0, false, false);
    bool one = text->pieces.n == 1 && text->pieces.v[0].kind == PL_PIECE_TEXT;
    text->s = one ? text->pieces.v[0].text : text->pieces.n ? text->raw : PL_STR("");
    return text;
}

/* ---- texts of the parser ---- */

static struct pl_ast_text *text_token(struct parser *p, bool phrase) {
    struct pl_str s = pl_parse__str(p);
    size_t start = pl_parse__here(p);
    struct pl_span span = pl_parse__token_span(p);
    if (!pl_parse__expect(p, PL_TOKEN_TEXT)) {
        struct pl_ast_text *none = PL_NEW(p->arena, struct pl_ast_text);
        none->span = span;
        return none;
    }
    struct pl_text_shape shape = pl_text_shape(s);
    struct reader r = {.arena = p->arena,
                       .view = p->view,
                       .at = start + shape.from,
                       .to = start + shape.to,
                       .block = shape.block,
                       .strip = shape.strip,
                       .phrase = phrase};
    struct pl_ast_text *text = read_text(&r, span);
    p->broken = p->broken || r.failed;
    return text;
}

/* SYNTAX: TEXT */
struct pl_ast_text *pl_parse__text(struct parser *p) {
    return text_token(p, false);
}

static struct pl_ast_texts text_list(struct parser *p, bool phrases) {
    struct pl_ast_texts texts = {0};
    do {
        struct pl_ast_text *text = text_token(p, phrases);
        if (!p->panic) PL_AST_ADD(p->arena, &texts, text);
    } while (pl_parse__accept(p, PL_TOKEN_COMMA));
    return texts;
}

/* SYNTAX: text_list = TEXT { ',' TEXT } */
struct pl_ast_texts pl_parse__texts(struct parser *p) {
    return text_list(p, false);
}

/* SYNTAX: lang_line = lang text_list NEWLINE */
void pl_parse__phrases(struct parser *p, struct pl_ast_phrase_list *list) {
    struct pl_ast_phrases phrases = {0};
    uint32_t start = pl_parse__here(p);
    phrases.lang = pl_parse__lang(p);
    phrases.texts = text_list(p, true);
    phrases.span = pl_parse__from(p, start);
    pl_parse__end_line(p);
    if (!p->panic) PL_AST_ADD(p->arena, list, phrases);
}

static void phrase_line(struct parser *p, void *list) {
    pl_parse__phrases(p, list);
}

void pl_parse__phrase_block(struct parser *p, const char *what, struct pl_ast_phrase_list *list) {
    static const struct line_rule rules[] = {{NULL, PL_TOKEN_END, 0, true, phrase_line}};
    if (pl_parse__open_block(p, what)) pl_parse__lines(p, what, rules, PL_LEN(rules), list);
}

struct pl_ast_text *pl_parse_text(struct pl_arena *arena, struct pl_str s, struct pl_span span,
                                  struct pl_diags *diags) {
    struct reader r = {
        .arena = arena,
        .view = {.bytes = s, .file = span.file, .fixed = true, .at = span, .diags = diags},
        .to = s.n,
        .block = true, /* a catalog may hold line ends as they are */
    };
    if (s.n > PL_LEX_TEXT_MOST) {
        mistake(&r, PL_D_TEXT_SIZE, 0, s.n, (struct pl_str){0}, (struct pl_str){0});
        return NULL;
    }
    struct pl_ast_text *text = read_text(&r, span);
    return r.failed ? NULL : text;
}
