/* SPDX-License-Identifier: Apache-2.0
 *
 * An article of the knowledge base: Markdown below a head. The head is checked to the letter. Of
 * the Markdown, text is taken out as it should be shown: headings part it, marks go, lists keep
 * their lines; what is not understood is text. */
#include "tools/compile/compile_priv.h"

#include <string.h>

#define PASSAGE_LONG   1600 /* bytes after which a paragraph begins a new passage */
#define QUESTIONS_MOST 50

struct reader {
    struct pl_arena *a;
    struct pl_locale_tools *tools;
    struct pl_diags *diags;
    struct pl_compile_article *article;
    struct pl_compile_file file;
    struct pl_buf tags;    /* of its head, a blank between them */
    struct pl_buf passage; /* the one under way */
    uint32_t passage_at;   /* where it began in the file */
    struct pl_str heading, anchor;
    bool open;  /* a paragraph that the next line goes on with */
    bool large; /* a paragraph was left out: it is too long */
};

static struct pl_span span_of(const struct reader *r, struct pl_str s) {
    return pl_compile__span(&r->file, s);
}

static bool next_line(struct reader *r, struct pl_str *line) {
    return pl_compile__line(&r->file, line);
}

/* ---- the head ---- */

enum field { TITLE, UPDATED, TAGS, QUESTIONS, ID, URL };
static const struct pl_str fields[] = {{"title", 5},     {"updated", 7}, {"tags", 4},
                                       {"questions", 9}, {"id", 2},      {"url", 3}};

static void mistake(struct reader *r, struct pl_str at, const char *what) {
    pl_compile__mistake(&r->file, at, what);
}

static bool too_long(struct reader *r, struct pl_str s, const char *what) {
    if (s.n <= PL_KB_MOST_NAME) return false;
    pl_diag2(r->diags, PL_D_ARTICLE_LONG, span_of(r, s), pl_str_c(what), PL_STR("512 bytes"));
    return true;
}

static void take_item(struct reader *r, enum field list, struct pl_str item) {
    struct pl_str s = pl_compile__unquoted(pl_str_trim(item));
    if (!s.n) {
        mistake(r, item, "an empty line of a list");
    } else if (too_long(r, s, list == TAGS ? "a tag" : "a question")) {
        return;
    } else if (list == TAGS) {
        if (r->tags.n) pl_buf_byte(&r->tags, ' ');
        pl_buf_str(&r->tags, s);
    } else if (r->article->asked.n < QUESTIONS_MOST) {
        PL_PUSH(&r->article->asked, s);
    } else {
        pl_diag2(r->diags, PL_D_ARTICLE_LONG, span_of(r, s), PL_STR("the list of questions"),
                 PL_STR("50 of them"));
    }
}

/* "[a, b]", or nothing when lines "- a" follow. */
static void take_list(struct reader *r, enum field list, struct pl_str value) {
    r->file.items = value.n == 0;
    if (!value.n) return;
    if (value.p[0] != '[' || value.p[value.n - 1] != ']') {
        mistake(r, value, "a list is written [a, b], or as lines that begin with `- `");
        return;
    }
    struct pl_str rest = {value.p + 1, value.n - 2};
    while (rest.n) {
        size_t n = pl_str_find(rest, PL_STR(","));
        struct pl_str item = {rest.p, n == SIZE_MAX ? rest.n : n};
        take_item(r, list, item);
        n = n == SIZE_MAX ? rest.n : n + 1;
        rest = (struct pl_str){rest.p + n, rest.n - n};
    }
}

/* What is quoted with " may have \" and \\ in it. */
static struct pl_str unescaped(struct reader *r, struct pl_str s) {
    struct pl_buf b = {0};
    if (pl_str_find(s, PL_STR("\\")) == SIZE_MAX || s.p[-1] != '"') return s;
    for (size_t i = 0; i < s.n; i++) {
        bool mark = s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\');
        pl_buf_byte(&b, (uint8_t)s.p[mark ? ++i : i]);
    }
    struct pl_str out = pl_arena_str(r->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return out;
}

static void take_title(struct reader *r, struct pl_str s) {
    r->article->title_at = span_of(r, s);
    if (!s.n)
        mistake(r, s, "the title is empty");
    else if (!too_long(r, s, "the title"))
        r->article->title = unescaped(r, s);
}

static void take_updated(struct reader *r, struct pl_str s) {
    int32_t day;
    if (!pl_date_parse(s, &day)) mistake(r, s, "`updated` is a date like 2026-11-22");
}

static void take_id(struct reader *r, struct pl_str s) {
    r->article->id_at = span_of(r, s);
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_/.", s.p[i]) || !s.p[i]) s.n = 0;
    if (!s.n)
        mistake(r, pl_span_text(r->file.sources, r->article->id_at),
                "an id has small letters, digits and - _ / . only");
    else if (!too_long(r, s, "the id"))
        r->article->id = s;
}

/* "//there" is another site's. */
static void take_url(struct reader *r, struct pl_str s) {
    bool own = pl_str_starts(s, PL_STR("/")) && !(s.n > 1 && (s.p[1] == '/' || s.p[1] == '\\'));
    bool good = own || pl_str_starts(s, PL_STR("https://")) || pl_str_starts(s, PL_STR("http://"));
    if (!good)
        mistake(r, s, "`url` begins with https:// or with / for the shop's own pages");
    else if (!too_long(r, s, "the address"))
        r->article->url = s;
}

static void take_field(void *ctx, size_t field, struct pl_str value) {
    struct reader *r = ctx;
    struct pl_str plain = pl_compile__unquoted(value);
    switch ((enum field)field) {
    case TITLE: take_title(r, plain); break;
    case UPDATED: take_updated(r, plain); break;
    case TAGS:
    case QUESTIONS: take_list(r, (enum field)field, value); break;
    case ID: take_id(r, plain); break;
    case URL: take_url(r, plain); break;
    }
}

static void take_line_of_list(void *ctx, size_t field, struct pl_str item) {
    take_item(ctx, (enum field)field, item);
}

/* False: there is no head, and the rest is not looked at. */
static bool read_head(struct reader *r) {
    static const struct pl_compile_head head = {.code = PL_D_ARTICLE_HEAD,
                                                .names = fields,
                                                .n = PL_LEN(fields),
                                                .needed = 1u << TITLE,
                                                .field = take_field,
                                                .item = take_line_of_list};
    bool closed = pl_compile__head(&r->file, &head, r);
    if (r->tags.n && r->tags.n <= PL_KB_MOST_NAME)
        PL_PUSH(&r->article->asked, pl_arena_str(r->a, pl_buf_slice(&r->tags)));
    if (!(r->file.seen & 1u << TITLE)) r->article->title_at = span_of(r, r->file.first);
    if (!(r->file.seen & 1u << ID)) r->article->id_at = r->article->title_at;
    return closed;
}

/* ---- the text of a line ---- */

static void add_link(struct reader *r, struct pl_str target, struct pl_str text,
                     struct pl_buf *out) {
    bool web =
        pl_str_starts(target, PL_STR("https://")) || pl_str_starts(target, PL_STR("http://"));
    bool other = pl_str_starts(target, PL_STR("mailto:")) || pl_str_starts(target, PL_STR("tel:"));
    if (web && !pl_str_eq(target, text)) pl_buf_printf(out, " (%.*s)", PL_STR_ARG(target));
    if (web || other) return;
    PL_PUSH(&r->article->links, ((struct pl_compile_link){span_of(r, target), target}));
}

static void add_inline(struct reader *r, struct pl_str s, int depth, struct pl_buf *out);

/* "[text](target)" at s.p[at]: past its end, or `at` when it is none. */
static size_t take_link(struct reader *r, struct pl_str s, size_t at, int depth,
                        struct pl_buf *out) {
    size_t close = at + 1, level = 1;
    while (close < s.n && level) {
        level += s.p[close] == '[';
        level -= s.p[close++] == ']';
    }
    if (level || close >= s.n || s.p[close] != '(') return at;
    size_t end = close + 1;
    while (end < s.n && s.p[end] != ')') end++;
    if (end >= s.n) return at;
    struct pl_str text = {s.p + at + 1, close - at - 2};
    struct pl_str target = pl_str_trim((struct pl_str){s.p + close + 1, end - close - 1});
    size_t blank = pl_str_find(target, PL_STR(" "));
    if (blank != SIZE_MAX) target.n = blank; /* a title behind it */
    bool image = at && s.p[at - 1] == '!';
    add_inline(r, text, depth + 1, out);
    if (!image) add_link(r, target, text, out);
    return end + 1;
}

/* "<https://…>", "`code`": past its end, or `at`. */
static size_t take_quoted(struct pl_str s, size_t at, struct pl_buf *out) {
    char close = s.p[at] == '<' ? '>' : '`';
    size_t end = at + 1;
    while (end < s.n && s.p[end] != close) end++;
    struct pl_str inner = {s.p + at + 1, end - at - 1};
    if (end >= s.n || (close == '>' && pl_str_find(inner, PL_STR(":")) == SIZE_MAX)) return at;
    pl_buf_str(out, inner);
    return end + 1;
}

static bool is_letter(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (uint8_t)c >= 0x80;
}

/* Is this '*' or '_' a mark, not part of a word or a sum? */
static bool is_emphasis(struct pl_str s, size_t at) {
    bool before = at && is_letter(s.p[at - 1]), after = at + 1 < s.n && is_letter(s.p[at + 1]);
    bool beside = (at && s.p[at - 1] == s.p[at]) || (at + 1 < s.n && s.p[at + 1] == s.p[at]);
    if (s.p[at] == '_' && before && after) return false;
    return beside || before || after;
}

/* A text without its marks. */
static void add_inline(struct reader *r, struct pl_str s, int depth, struct pl_buf *out) {
    for (size_t at = 0; at < s.n;) {
        char c = s.p[at];
        size_t end = at;
        if (c == '\\' && at + 1 < s.n && strchr("\\`*_{}[]()#+-.!<>|", s.p[at + 1])) {
            pl_buf_byte(out, (uint8_t)s.p[at + 1]);
            at += 2;
            continue;
        }
        if (c == '[' && depth < 4) end = take_link(r, s, at, depth, out);
        if (c == '<' || c == '`') end = take_quoted(s, at, out);
        if (c == '!' && at + 1 < s.n && s.p[at + 1] == '[') end = at + 1;
        if (c == '*' || c == '_') end = is_emphasis(s, at) ? at + 1 : at;
        if (end == at) pl_buf_byte(out, (uint8_t)s.p[end++]);
        at = end;
    }
}

/* ---- passages ---- */

static void end_passage(struct reader *r) {
    struct pl_str text = pl_str_trim(pl_buf_slice(&r->passage));
    if (text.n > PL_KB_MOST_TEXT) {
        struct pl_str from = {r->file.text.p + r->passage_at, 0};
        while (from.p + from.n < r->file.text.p + r->file.text.n && from.p[from.n] != '\n')
            from.n++;
        pl_diag2(r->diags, PL_D_ARTICLE_LONG, span_of(r, from), PL_STR("the paragraph"),
                 PL_STR("8 KiB"));
        r->large = true;
    } else if (text.n) {
        struct pl_kb_passage p = {r->heading, r->anchor, pl_arena_str(r->a, text)};
        PL_PUSH(&r->article->passages, p);
    }
    pl_buf_clear(&r->passage);
    r->open = false;
}

/* Writes "how-long-it-takes" for "How long it takes?". */
static struct pl_str anchor_of(struct reader *r, struct pl_str heading) {
    static const uint32_t signs[] = {0xa1, 0xab, 0xbb, 0xbf, 0x60c, 0x61b, 0x61f};
    struct pl_str s = pl_locale_lower(r->tools, r->a, heading);
    struct pl_buf b = {0};
    for (size_t at = 0, from = 0; at < s.n; from = at) {
        uint32_t c = pl_utf8_next(s, &at);
        bool drop = (c >= 0x2000 && c < 0x2070) || (c >= 0x3000 && c < 0x3020) ||
                    (c >= 0xff00 && c < 0xff10);
        for (size_t i = 0; i < PL_LEN(signs); i++) drop |= c == signs[i];
        if (c < 0x80) drop = c != ' ' && c != '-' && c != '_' && !is_letter((char)c);
        if (c == ' ')
            pl_buf_byte(&b, '-');
        else if (!drop)
            pl_buf_add(&b, s.p + from, at - from);
    }
    struct pl_str anchor = pl_arena_str(r->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return anchor.n <= PL_KB_MOST_NAME ? anchor : PL_STR("");
}

static void take_heading(struct reader *r, struct pl_str s) {
    struct pl_buf b = {0};
    while (s.n && s.p[s.n - 1] == '#') s.n--;
    s = pl_str_trim(s);
    end_passage(r);
    if (too_long(r, s, "the heading")) return;
    add_inline(r, s, 0, &b);
    r->heading = pl_arena_str(r->a, pl_buf_slice(&b));
    r->anchor = anchor_of(r, r->heading);
    if (r->heading.n > PL_KB_MOST_NAME) r->heading = PL_STR("");
    if (r->anchor.n) PL_PUSH(&r->article->anchors, r->anchor);
    pl_buf_free(&b);
}

/* What a list's line begins with ("- ", "* ", "12. "), in bytes; 0: none. */
static size_t bullet(struct pl_str s, bool *numbered) {
    size_t n = 0;
    *numbered = false;
    if (s.n > 2 && strchr("-*+", s.p[0]) && s.p[1] == ' ') return 2;
    while (n < s.n && n < 4 && s.p[n] >= '0' && s.p[n] <= '9') n++;
    *numbered = n && n + 1 < s.n && (s.p[n] == '.' || s.p[n] == ')') && s.p[n + 1] == ' ';
    return *numbered ? n + 2 : 0;
}

/* "| a | b |" as "a: b"; the line of dashes below a table's head is nothing. */
static void take_row(struct reader *r, struct pl_str s) {
    bool first = true, dashes = true;
    for (size_t i = 0; i < s.n; i++) dashes = dashes && strchr("|-: ", s.p[i]);
    if (dashes) return;
    if (r->passage.n) pl_buf_byte(&r->passage, '\n');
    while (s.n) {
        size_t n = pl_str_find(s, PL_STR("|"));
        struct pl_str cell = pl_str_trim((struct pl_str){s.p, n == SIZE_MAX ? s.n : n});
        if (cell.n && !first) pl_buf_c(&r->passage, ": ");
        if (cell.n) add_inline(r, cell, 0, &r->passage);
        first = first && !cell.n;
        n = n == SIZE_MAX ? s.n : n + 1;
        s = (struct pl_str){s.p + n, s.n - n};
    }
    r->open = false;
}

static void take_text(struct reader *r, struct pl_str s) {
    bool numbered;
    size_t mark = bullet(s, &numbered);
    if (!r->passage.n) r->passage_at = (uint32_t)(s.p - r->file.text.p);
    if (s.p[0] == '|') {
        take_row(r, s);
        return;
    }
    if (r->passage.n) pl_buf_byte(&r->passage, r->open && !mark ? ' ' : '\n');
    if (mark && numbered)
        pl_buf_printf(&r->passage, "%.*s. ", (int)mark - 2, s.p);
    else if (mark)
        pl_buf_c(&r->passage, "\xe2\x80\xa2 ");
    add_inline(r, (struct pl_str){s.p + mark, s.n - mark}, 0, &r->passage);
    r->open = true;
}

static void body_line(struct reader *r, struct pl_str line, bool *comment) {
    struct pl_str s = pl_str_trim(line);
    size_t level = 0;
    while (s.n > 1 && s.p[0] == '>') s = pl_str_trim((struct pl_str){s.p + 1, s.n - 1});
    while (level < s.n && s.p[level] == '#') level++;
    if (*comment || pl_str_starts(s, PL_STR("<!--"))) {
        *comment = pl_str_find(s, PL_STR("-->")) == SIZE_MAX;
    } else if (!s.n || pl_compile__is_rule(s) || pl_str_is(s, ">")) {
        r->open = false;
        if (r->passage.n > PASSAGE_LONG) end_passage(r);
    } else if (level && level <= 6 && level < s.n && s.p[level] == ' ') {
        take_heading(r, (struct pl_str){s.p + level, s.n - level});
    } else if (!pl_str_starts(s, PL_STR("```"))) {
        take_text(r, s);
    }
}

static void read_body(struct reader *r) {
    struct pl_str line;
    bool comment = false;
    while (next_line(r, &line)) body_line(r, line, &comment);
    end_passage(r);
    if (!r->article->passages.n && !r->large)
        pl_diag(r->diags, PL_D_ARTICLE_EMPTY, r->article->title_at);
}

void pl_compile__article(struct pl_arena *a, struct pl_locale_tools *t,
                         const struct pl_sources *sources, struct pl_diags *diags,
                         struct pl_compile_article *out) {
    struct reader r = {.a = a,
                       .tools = t,
                       .diags = diags,
                       .article = out,
                       .file = {sources, diags, out->file, .text = sources->v[out->file].text},
                       .heading = PL_STR(""),
                       .anchor = PL_STR("")};
    size_t errors = diags->errors;
    out->title = out->url = PL_STR("");
    out->title_at = out->id_at = (struct pl_span){out->file, 0, 0};
    if (pl_compile__is_utf8(&r.file) && read_head(&r) && diags->errors == errors) read_body(&r);
    pl_buf_free(&r.tags);
    pl_buf_free(&r.passage);
}

void pl_compile__article_free(struct pl_compile_article *article) {
    PL_VEC_FREE(&article->asked);
    PL_VEC_FREE(&article->anchors);
    PL_VEC_FREE(&article->passages);
    PL_VEC_FREE(&article->links);
}
