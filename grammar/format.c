/* SPDX-License-Identifier: Apache-2.0
 *
 * The canonical layout. The formatter moves tokens and never the words in them, so it cannot change
 * what a file means; it works only on files without mistakes of syntax. The rules:
 *
 *   1. UTF-8 without a byte order mark, LF, no trailing spaces, one line end at the end.
 *   2. Two spaces a block. Between tokens one space or none, by kind.
 *   3. A statement stays on as many lines as its author gave it. A line that goes on after a comma
 *      hangs under the second column of its line (4 more spaces where there is none); inside
 *      brackets it is indented two spaces a bracket.
 *   4. Columns. In the blocks of type, session, customer, hook, entity, hours, queue, answer,
 *      decide, and in lists of phrases, what follows the first word starts in one column for the
 *      whole block. In queues the phrases `answer within` and `callback within` are left alone; in
 *      cards only `title` and `text` are lined up; in talks `bot` is as wide as `user`.
 *   5. One blank line between declarations; declarations of one line may stand together. Elsewhere
 *      at most one blank line, none at the beginning of a block.
 *   6. Comments stay where they are: on their own line, with the block their column says; behind a
 *      line, four spaces away. Comments that the author has lined up, in one declaration, stay
 *      lined up.
 *   7. The lines of a text in three quotes move with their statement.
 *
 * Ids are not written here: `fmt --ids` inserts them by the empty spans that the tree keeps
 * (pl_ast_id) before it formats.
 */
#include "grammar/grammar.h"
#include "grammar/lex.h"
#include "grammar/parse.h"

enum block_kind {
    BLOCK_PLAIN,
    BLOCK_TABLE,  /* the first word of every line is a column */
    BLOCK_FIELDS, /* name: type */
    BLOCK_QUEUE,
    BLOCK_MEMBERS, /* of an entity: their blocks hold phrases */
    BLOCK_ENTITY,  /* a table, whose `after` holds phrases */
    BLOCK_RULE,
    BLOCK_ANSWER,
    BLOCK_DECIDE,
    BLOCK_CARD,
    BLOCK_TALK,
};

struct block {
    enum block_kind kind;
    uint32_t column; /* of its lines in the source */
    uint32_t width;  /* of the first cells that are lined up, 0: none */
};

struct line {
    const struct pl_ast_comment *comment; /* a line of its own; NULL: code */
    size_t first, end;                    /* code: tokens [first, end) */
    uint32_t level;
    size_t block;  /* index of the block it stands in */
    bool blank;    /* the author left a blank line above */
    bool opens;    /* a block follows */
    bool leads;    /* a line that opens a block, or the comments that stand on it */
    uint32_t decl; /* counts declarations */
    const struct pl_ast_comment *trailing;
    uint32_t trailing_from; /* its column in the source */
    uint32_t trailing_to;   /* and in what is written */
    struct pl_str text;
    uint32_t width; /* of the last row of text */
};

struct formatter {
    struct pl_arena *arena;
    const struct pl_source *source;
    struct pl_tokens tokens;
    PL_AST_LIST(struct line) lines;
    PL_AST_LIST(struct block) blocks;
    size_t stack[PL_LEX_DEPTH_MOST + 1]; /* open blocks, by level */
    uint32_t level;
    uint32_t last_row, decl;
    size_t comment; /* the next one to place */
};

/* ---- tokens ---- */

static struct pl_str bytes(const struct formatter *f, size_t i) {
    const struct pl_token *t = &f->tokens.v[i];
    return (struct pl_str){f->source->text.p + t->start, t->end - t->start};
}

static bool is_word(const struct formatter *f, size_t i, const char *word) {
    return f->tokens.v[i].kind == PL_TOKEN_NAME && pl_str_is(bytes(f, i), word);
}

static uint32_t row_of(const struct formatter *f, uint32_t offset) {
    return pl_source_pos(f->source, offset).line;
}

static bool broken_between(const struct formatter *f, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++)
        if (f->source->text.p[i] == '\n') return true;
    return false;
}

/* ---- what kind of block a line opens ---- */

struct opener {
    const char *word;
    enum block_kind kind;
};

static enum block_kind look_up(const struct formatter *f, size_t i, const struct opener *table,
                               size_t n) {
    for (size_t k = 0; k < n; k++)
        if (is_word(f, i, table[k].word)) return table[k].kind;
    return BLOCK_PLAIN;
}

static enum block_kind declares(const struct formatter *f, const struct line *l) {
    static const struct opener table[] = {
        {"type", BLOCK_FIELDS}, {"session", BLOCK_FIELDS}, {"customer", BLOCK_FIELDS},
        {"hook", BLOCK_TABLE},  {"hours", BLOCK_TABLE},    {"intent", BLOCK_TABLE},
        {"queue", BLOCK_QUEUE}, {"entity", BLOCK_ENTITY},  {"rule", BLOCK_RULE},
        {"talk", BLOCK_TALK},
    };
    size_t i = l->first;
    if (is_word(f, i, "more") || is_word(f, i, "override")) i++;
    enum block_kind kind = look_up(f, i, table, PL_LEN(table));
    bool members = kind == BLOCK_ENTITY && is_word(f, l->end - 1, "of");
    return members ? BLOCK_MEMBERS : kind;
}

static enum block_kind opened_by(const struct formatter *f, const struct line *l) {
    static const struct opener table[] = {
        {"answer", BLOCK_ANSWER}, {"decide", BLOCK_DECIDE}, {"card", BLOCK_CARD},
        {"cards", BLOCK_CARD},    {"says", BLOCK_TABLE},
    };
    if (l->level == 0) return declares(f, l);
    switch (f->blocks.v[l->block].kind) {
    case BLOCK_MEMBERS: return BLOCK_TABLE;
    case BLOCK_ENTITY: return BLOCK_TABLE;
    case BLOCK_RULE: return BLOCK_TABLE;
    default: break;
    }
    if (is_word(f, l->first, "on") && is_word(f, l->end - 1, "says")) return BLOCK_TABLE;
    return look_up(f, l->first, table, PL_LEN(table));
}

/* ---- cells ---- */

static bool any_word(const struct formatter *f, size_t i, const char *const *words, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (is_word(f, i, words[k])) return true;
    return false;
}

/* How many tokens the first cell of a line has; 0 when the line is not lined up. */
static size_t first_cell(const struct formatter *f, const struct line *l) {
    static const char *const answers[] = {"using", "given", "tools", "never", "prompt", "budget"};
    static const char *const decides[] = {"about", "from", "prompt", "budget"};
    static const char *const cards[] = {"title", "text"};
    static const char *const talks[] = {"user", "bot"};
    size_t i = l->first;
    if (l->comment || l->end - i < 2) return 0;
    switch (f->blocks.v[l->block].kind) {
    case BLOCK_TABLE:
    case BLOCK_ENTITY: return 1;
    case BLOCK_FIELDS: return l->end - i > 2 ? 2 : 0;
    case BLOCK_QUEUE: return is_word(f, i + 1, "within") ? 0 : 1;
    case BLOCK_ANSWER: return any_word(f, i, answers, PL_LEN(answers));
    case BLOCK_DECIDE: return any_word(f, i, decides, PL_LEN(decides));
    case BLOCK_CARD: return any_word(f, i, cards, PL_LEN(cards));
    case BLOCK_TALK: return any_word(f, i, talks, PL_LEN(talks));
    default: return 0;
    }
}

/* First cells are names, which are ASCII: bytes are columns. */
static uint32_t cell_width(const struct formatter *f, const struct line *l) {
    size_t n = first_cell(f, l), width = 0;
    if (f->blocks.v[l->block].kind == BLOCK_TALK) return n ? 4 : 0;
    for (size_t i = 0; i < n; i++) width += bytes(f, l->first + i).n;
    return (uint32_t)width;
}

/* ---- collecting lines ---- */

static void add_line(struct formatter *f, struct line *l, uint32_t from, uint32_t to) {
    uint32_t row = row_of(f, from);
    l->blank = f->lines.n && row > f->last_row + 1;
    f->last_row = row_of(f, to);
    PL_AST_ADD(f->arena, &f->lines, *l);
}

/* The level of a comment that stands before a line of level `next`: where a block ends, its own
 * column says which block it closes. */
static uint32_t comment_level(const struct formatter *f, const struct pl_ast_comment *c,
                              uint32_t next) {
    uint32_t column = pl_source_pos(f->source, c->span.start).column - 1, level = f->level;
    if (f->lines.n && f->lines.v[f->lines.n - 1].comment &&
        f->lines.v[f->lines.n - 1].level < level)
        level = f->lines.v[f->lines.n - 1].level;
    while (level > next && f->blocks.v[f->stack[level]].column > column) level--;
    return level > next ? level : next;
}

/* Comments on lines of their own, up to number `to`, before a line of level `next`. */
static void collect_comments(struct formatter *f, size_t to, uint32_t next) {
    for (; f->comment < to; f->comment++) {
        const struct pl_ast_comment *c = &f->tokens.comments.v[f->comment];
        struct line l = {.comment = c, .level = comment_level(f, c, next), .decl = f->decl};
        add_line(f, &l, c->span.start, c->span.end);
    }
}

/* Passes INDENT and DEDENT before token i; gives the level of its line. */
static size_t pass_layout(struct formatter *f, size_t i, uint32_t *level) {
    *level = f->level;
    for (;; i++) {
        if (f->tokens.v[i].kind == PL_TOKEN_INDENT)
            ++*level;
        else if (f->tokens.v[i].kind == PL_TOKEN_DEDENT)
            --*level;
        else
            return i;
    }
}

static void enter_block(struct formatter *f, uint32_t level, uint32_t at) {
    struct block b = {.column = pl_source_pos(f->source, at).column - 1};
    if (level <= f->level) return;
    for (size_t i = f->lines.n; i-- > 0;) {
        if (f->lines.v[i].comment) continue;
        f->lines.v[i].opens = true;
        b.kind = opened_by(f, &f->lines.v[i]);
        break;
    }
    f->stack[level] = f->blocks.n;
    PL_AST_ADD(f->arena, &f->blocks, b);
}

/* One logical line from token i, which is no layout; gives the token after its NEWLINE. */
static size_t collect_line(struct formatter *f, size_t i, uint32_t level) {
    struct line l = {.first = i, .level = level};
    enter_block(f, level, f->tokens.v[i].start);
    f->level = level;
    f->decl += level == 0;
    l.decl = f->decl;
    l.block = f->stack[level];
    while (f->tokens.v[i].kind != PL_TOKEN_NEWLINE) i++;
    l.end = i;
    /* The comments inside are placed with the tokens; the last may stand behind the line. */
    f->comment = f->tokens.v[i].comments;
    if (f->comment > f->tokens.v[i - 1].comments) {
        l.trailing = &f->tokens.comments.v[f->comment - 1];
        l.trailing_from = pl_source_pos(f->source, l.trailing->span.start).column - 1;
    }
    add_line(f, &l, f->tokens.v[l.first].start, f->tokens.v[i - 1].end);
    uint32_t width = cell_width(f, &l);
    struct block *b = &f->blocks.v[l.block];
    if (width > b->width) b->width = width;
    return i + 1;
}

static void collect(struct formatter *f) {
    struct block top = {.kind = BLOCK_PLAIN};
    PL_AST_ADD(f->arena, &f->blocks, top);
    for (size_t i = 0;;) {
        uint32_t level;
        size_t next = pass_layout(f, i, &level);
        collect_comments(f, f->tokens.v[next].comments, level);
        if (f->tokens.v[next].kind == PL_TOKEN_END) return;
        i = collect_line(f, next, level);
    }
}

/* ---- spaces between tokens ---- */

/* A word that an expression follows, so that a bracket or a minus after it begins one. */
static bool before_expression(const struct formatter *f, const struct line *l, size_t i) {
    static const char *const anywhere[] = {"and", "or", "not", "is", "in", "if", "elif"};
    static const char *const leading[] = {"when", "check", "return", "match"};
    if (any_word(f, i, anywhere, PL_LEN(anywhere))) return true;
    if (i == l->first) return any_word(f, i, leading, PL_LEN(leading));
    if (is_word(f, i, "until")) return is_word(f, i - 1, "wait");
    return is_word(f, i, "return") && is_word(f, i - 1, "else");
}

static bool ends_value(const struct formatter *f, const struct line *l, size_t i) {
    switch (f->tokens.v[i].kind) {
    case PL_TOKEN_NAME: return !before_expression(f, l, i);
    case PL_TOKEN_NUMBER:
    case PL_TOKEN_PERCENT:
    case PL_TOKEN_DURATION:
    case PL_TOKEN_MONEY:
    case PL_TOKEN_TEXT:
    case PL_TOKEN_RPAREN:
    case PL_TOKEN_RBRACKET: return true;
    default: return false;
    }
}

/* Whether a space stands before token i of the line. */
static bool spaced(const struct formatter *f, const struct line *l, size_t i) {
    enum pl_token_kind last = (enum pl_token_kind)f->tokens.v[i - 1].kind;
    enum pl_token_kind kind = (enum pl_token_kind)f->tokens.v[i].kind;
    if (last == PL_TOKEN_LPAREN || last == PL_TOKEN_LBRACKET || last == PL_TOKEN_DOT) return false;
    if (last == PL_TOKEN_MINUS && (i - 1 == l->first || !ends_value(f, l, i - 2))) return false;
    switch (kind) {
    case PL_TOKEN_COMMA:
    case PL_TOKEN_COLON:
    case PL_TOKEN_DOT:
    case PL_TOKEN_QUESTION:
    case PL_TOKEN_RPAREN:
    case PL_TOKEN_RBRACKET: return false;
    case PL_TOKEN_RBRACE: return last != PL_TOKEN_LBRACE;
    case PL_TOKEN_LPAREN: return last != PL_TOKEN_NAME || before_expression(f, l, i - 1);
    default: return true;
    }
}

/* ---- rendering ---- */

struct render {
    struct pl_buf out;
    uint32_t indent, hang, depth;
};

static void spaces(struct pl_buf *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) pl_buf_byte(out, ' ');
}

/* A text in three quotes, its lines moved to the indentation of its statement. */
static void put_block_text(struct render *r, struct pl_str s) {
    struct pl_text_shape shape = pl_text_shape(s);
    bool start = false;
    uint32_t left = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\r') continue;
        if (start && left && c == ' ') {
            left--;
            continue;
        }
        if (start && c != '\n') spaces(&r->out, r->indent);
        pl_buf_byte(&r->out, (uint8_t)c);
        start = c == '\n';
        left = shape.strip;
    }
}

static void put_token(struct formatter *f, struct render *r, size_t i) {
    struct pl_str s = bytes(f, i);
    switch (f->tokens.v[i].kind) {
    case PL_TOKEN_MONEY:
        pl_buf_str(&r->out, pl_str_trim((struct pl_str){s.p, s.n - 3}));
        pl_buf_byte(&r->out, ' ');
        pl_buf_add(&r->out, s.p + s.n - 3, 3);
        return;
    case PL_TOKEN_TEXT:
        if (pl_text_shape(s).block)
            put_block_text(r, s);
        else
            pl_buf_str(&r->out, s);
        return;
    case PL_TOKEN_LPAREN:
    case PL_TOKEN_LBRACKET:
    case PL_TOKEN_LBRACE: r->depth++; break;
    case PL_TOKEN_RPAREN:
    case PL_TOKEN_RBRACKET:
    case PL_TOKEN_RBRACE: r->depth--; break;
    default: break;
    }
    pl_buf_str(&r->out, s);
}

static bool closes(const struct formatter *f, size_t i) {
    uint8_t kind = f->tokens.v[i].kind;
    return kind == PL_TOKEN_RPAREN || kind == PL_TOKEN_RBRACKET || kind == PL_TOKEN_RBRACE;
}

static void new_row(struct formatter *f, struct render *r, size_t i) {
    pl_buf_byte(&r->out, '\n');
    if (!r->depth)
        spaces(&r->out, r->hang);
    else
        spaces(&r->out, r->indent + 2 * (r->depth - (closes(f, i) ? 1 : 0)));
}

/* The comments between two tokens of one statement. */
static void inner_comments(struct formatter *f, struct render *r, size_t i) {
    for (uint32_t k = f->tokens.v[i - 1].comments; k < f->tokens.v[i].comments; k++) {
        const struct pl_ast_comment *c = &f->tokens.comments.v[k];
        if (c->own_line)
            new_row(f, r, i);
        else
            spaces(&r->out, 4);
        pl_buf_add(&r->out, f->source->text.p + c->span.start, c->span.end - c->span.start);
    }
}

/* Between tokens i - 1 and i. */
static void put_gap(struct formatter *f, struct render *r, const struct line *l, size_t i) {
    if (broken_between(f, f->tokens.v[i - 1].end, f->tokens.v[i].start)) {
        inner_comments(f, r, i);
        new_row(f, r, i);
    } else if (first_cell(f, l) == i - l->first) {
        spaces(&r->out, r->hang - r->indent - cell_width(f, l));
        /* `bot` is narrower than the cell of its block */
        if (f->blocks.v[l->block].kind == BLOCK_TALK)
            spaces(&r->out, 4 - (uint32_t)bytes(f, l->first).n);
    } else if (spaced(f, l, i)) {
        pl_buf_byte(&r->out, ' ');
    }
}

static uint32_t last_row_width(struct pl_str s) {
    uint32_t width = 0;
    for (size_t at = 0; at < s.n; width++)
        if (pl_utf8_next(s, &at) == '\n') width = UINT32_MAX;
    return width;
}

static void render_line(struct formatter *f, struct line *l) {
    struct render r = {.indent = 2 * l->level};
    spaces(&r.out, r.indent);
    if (l->comment) {
        struct pl_span span = l->comment->span;
        pl_buf_add(&r.out, f->source->text.p + span.start, span.end - span.start);
    } else {
        r.hang = first_cell(f, l) ? r.indent + f->blocks.v[l->block].width + 1 : r.indent + 4;
        for (size_t i = l->first; i < l->end; i++) {
            if (i > l->first) put_gap(f, &r, l, i);
            put_token(f, &r, i);
        }
    }
    l->text = pl_arena_str(f->arena, pl_buf_slice(&r.out));
    l->width = last_row_width(l->text);
    pl_buf_free(&r.out);
}

/* ---- comments behind lines ---- */

/* What stands in one column of the source, within one declaration. */
struct lineup {
    uint32_t comments, widest;
};

static void line_up(struct formatter *f, struct lineup *columns, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        const struct line *l = &f->lines.v[i];
        if (!l->trailing) continue;
        struct lineup *c = &columns[l->trailing_from];
        c->comments++;
        if (l->width > c->widest) c->widest = l->width;
    }
    for (size_t i = from; i < to; i++) {
        struct line *l = &f->lines.v[i];
        if (!l->trailing) continue;
        const struct lineup *c = &columns[l->trailing_from];
        uint32_t least = c->widest + 2;
        l->trailing_to = l->trailing_from > least ? l->trailing_from : least;
        if (c->comments == 1) l->trailing_to = l->width + 4;
    }
    for (size_t i = from; i < to; i++) columns[f->lines.v[i].trailing_from] = (struct lineup){0};
}

/* Comments that the author put in one column of one declaration stay in one; a comment that is
 * alone in its column goes four spaces behind its line. */
static void line_up_comments(struct formatter *f) {
    uint32_t last = 0;
    for (size_t i = 0; i < f->lines.n; i++)
        if (f->lines.v[i].trailing_from > last) last = f->lines.v[i].trailing_from;
    struct lineup *columns = PL_NEW_ARRAY(f->arena, struct lineup, last + 1);
    for (size_t from = 0, to = 0; from < f->lines.n; from = to) {
        while (to < f->lines.n && f->lines.v[to].decl == f->lines.v[from].decl) to++;
        line_up(f, columns, from, to);
    }
}

/* ---- putting it together ---- */

static bool wants_blank(const struct line *before, const struct line *l, bool first_code) {
    if (before->opens && l->level > before->level) return false;
    if (l->level > 0) return l->blank;
    if (before->level > 0 || first_code) return true;
    if (before->comment) return l->blank;
    if (l->leads) return true;
    return before->opens || l->blank;
}

static void find_leads(struct formatter *f) {
    for (size_t i = f->lines.n; i-- > 0;) {
        struct line *l = &f->lines.v[i];
        bool stands_on = l->comment && i + 1 < f->lines.n && !l[1].blank && l[1].leads;
        l->leads = l->opens || stands_on;
    }
}

static void put_lines(struct formatter *f, struct pl_buf *out) {
    bool header = false; /* the line before was `parlance 1` */
    for (size_t i = 0; i < f->lines.n; i++) {
        const struct line *l = &f->lines.v[i];
        if (i && wants_blank(l - 1, l, header)) pl_buf_byte(out, '\n');
        header = !l->comment && l->decl == 1 && l->level == 0;
        pl_buf_str(out, l->text);
        if (l->trailing) {
            spaces(out, l->trailing_to - l->width);
            struct pl_span span = l->trailing->span;
            pl_buf_add(out, f->source->text.p + span.start, span.end - span.start);
        }
        pl_buf_byte(out, '\n');
    }
}

static void format(struct pl_arena *arena, struct pl_sources *sources, uint32_t file,
                   struct pl_buf *out) {
    struct formatter f = {.arena = arena, .source = &sources->v[file]};
    struct pl_diags unheard; /* the parser has told the same before */
    pl_diags_init(&unheard, arena, sources);
    pl_lex(arena, sources, file, &unheard, &f.tokens);
    collect(&f);
    for (size_t i = 0; i < f.lines.n; i++) render_line(&f, &f.lines.v[i]);
    line_up_comments(&f);
    find_leads(&f);
    put_lines(&f, out);
}

enum pl_err pl_grammar_format(struct pl_sources *sources, uint32_t file, struct pl_diags *diags,
                              struct pl_buf *out) {
    struct pl_arena arena;
    pl_arena_init(&arena, 0);
    bool broken = pl_parse(&arena, sources, file, diags)->broken;
    if (!broken) format(&arena, sources, file, out);
    pl_arena_free(&arena);
    if (broken) return PL_MALFORMED;
    return out->failed ? PL_NOMEM : PL_OK;
}
