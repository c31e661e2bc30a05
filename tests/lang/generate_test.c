/* SPDX-License-Identifier: Apache-2.0
 *
 * grammar/flow.ebnf and the parser agree: makes random files from the rules of the grammar and
 * holds each against the parser and the formatter.
 *
 *   the parser takes it without a word; so it does the formatted file;
 *   formatting it changes no token and loses no comment; formatting it again changes nothing.
 *
 * Usage: lang_generate GRAMMAR [FILES [SEED]], or lang_generate GRAMMAR --show SEED to print one.
 * What the grammar's comments demand in words (a line of a block once, lines that are compulsory)
 * is in the table `blocks` here.
 */
#include "grammar/grammar.h"
#include "grammar/lex.h"
#include "grammar/parse.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_MOST = 4000, RULES_MOST = 200, DEEP = 20, SIZE_MOST = 1 << 20, NEVER = 1000 };

/* ---- the grammar, read ---- */

enum node_kind { SEQ, ALT, OPT, REP, WORD, TOKEN, RULE };
struct node {
    enum node_kind kind;
    struct pl_str text; /* WORD, TOKEN, RULE */
    int first, next;    /* children of SEQ, ALT, OPT, REP; the next of its siblings; -1 */
    int rule;           /* RULE */
};
struct rule {
    struct pl_str name;
    int body, depth; /* depth: the least that a derivation needs */
};
struct ebnf {
    struct pl_str text;
    size_t at;
    struct node nodes[NODES_MOST];
    struct rule rules[RULES_MOST];
    int nnodes, nrules;
};

static void blanks(struct ebnf *g) {
    for (;;) {
        while (g->at < g->text.n && strchr(" \n\t", g->text.p[g->at])) g->at++;
        struct pl_str rest = {g->text.p + g->at, g->text.n - g->at};
        if (!pl_str_starts(rest, PL_STR("(*"))) return;
        size_t end = pl_str_find(rest, PL_STR("*)"));
        pl_assert(end != SIZE_MAX);
        g->at += end + 2;
    }
}

static bool sees(struct ebnf *g, char c) {
    blanks(g);
    return g->at < g->text.n && g->text.p[g->at] == c;
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool takes(struct ebnf *g, char c) {
    if (!sees(g, c)) return false;
    g->at++;
    return true;
}

static int add_node(struct ebnf *g, enum node_kind kind, int first) {
    pl_assert(g->nnodes < NODES_MOST);
    g->nodes[g->nnodes] = (struct node){.kind = kind, .first = first, .next = -1, .rule = -1};
    return g->nnodes++;
}

static struct pl_str name_of(struct ebnf *g) {
    blanks(g);
    size_t from = g->at;
    while (g->at < g->text.n && is_word(g->text.p[g->at])) g->at++;
    pl_assert(g->at > from);
    return (struct pl_str){g->text.p + from, g->at - from};
}

static int alternatives(struct ebnf *g);

static int item(struct ebnf *g) {
    int node;
    if (takes(g, '[') || takes(g, '{') || takes(g, '(')) {
        char open = g->text.p[g->at - 1];
        int inner = alternatives(g);
        pl_assert(takes(g, open == '[' ? ']' : open == '{' ? '}' : ')'));
        return open == '(' ? inner : add_node(g, open == '[' ? OPT : REP, inner);
    }
    if (takes(g, '\'')) {
        size_t from = g->at;
        while (g->text.p[g->at] != '\'') g->at++;
        node = add_node(g, WORD, -1);
        g->nodes[node].text = (struct pl_str){g->text.p + from, g->at++ - from};
        return node;
    }
    struct pl_str name = name_of(g);
    node = add_node(g, name.p[0] >= 'A' && name.p[0] <= 'Z' ? TOKEN : RULE, -1);
    g->nodes[node].text = name;
    return node;
}

static int sequence(struct ebnf *g) {
    int seq = add_node(g, SEQ, -1), last = -1;
    while (!sees(g, '|') && !sees(g, ';') && !sees(g, ')') && !sees(g, ']') && !sees(g, '}')) {
        int i = item(g);
        if (last < 0)
            g->nodes[seq].first = i;
        else
            g->nodes[last].next = i;
        last = i;
    }
    return seq;
}

static int alternatives(struct ebnf *g) {
    int alt = add_node(g, ALT, sequence(g)), last = g->nodes[alt].first;
    while (takes(g, '|')) {
        int i = sequence(g);
        g->nodes[last].next = i;
        last = i;
    }
    return alt;
}

static int find_rule(const struct ebnf *g, struct pl_str name) {
    for (int i = 0; i < g->nrules; i++)
        if (pl_str_eq(g->rules[i].name, name)) return i;
    return -1;
}

static int deeper(int a, int b) {
    return a > b ? a : b;
}

/* The least depth below a node, with what is known of the rules so far. */
static int least(const struct ebnf *g, int at) {
    const struct node *n = &g->nodes[at];
    int depth = n->kind == ALT ? NEVER : 0;
    if (n->kind == RULE) return 1 + g->rules[n->rule].depth;
    if (n->kind != SEQ && n->kind != ALT) return 0;
    for (int i = n->first; i >= 0; i = g->nodes[i].next) {
        int d = least(g, i);
        depth = n->kind == SEQ ? deeper(depth, d) : d < depth ? d : depth;
    }
    return depth;
}

static void read_ebnf(struct ebnf *g, struct pl_str text) {
    *g = (struct ebnf){.text = text};
    for (blanks(g); g->at < text.n; blanks(g)) {
        pl_assert(g->nrules < RULES_MOST);
        struct rule *r = &g->rules[g->nrules++];
        r->name = name_of(g);
        r->depth = NEVER;
        pl_assert(takes(g, '='));
        r->body = alternatives(g);
        pl_assert(takes(g, ';'));
    }
    for (int i = 0; i < g->nnodes; i++) {
        if (g->nodes[i].kind != RULE) continue;
        g->nodes[i].rule = find_rule(g, g->nodes[i].text);
        bool lexical = pl_str_is(g->nodes[i].text, "character") ||
                       pl_str_is(g->nodes[i].text, "hex") || pl_str_is(g->nodes[i].text, "digits");
        if (g->nodes[i].rule < 0 && !lexical)
            printf("no rule %.*s\n", PL_STR_ARG(g->nodes[i].text));
        if (lexical) g->nodes[i].kind = TOKEN; /* of texts, which are made here */
        pl_assert(g->nodes[i].kind == TOKEN || g->nodes[i].rule >= 0);
    }
    for (int round = 0; round < RULES_MOST; round++)
        for (int i = 0; i < g->nrules; i++) g->rules[i].depth = least(g, g->rules[i].body);
}

/* ---- what the grammar says in words ---- */

static const struct {
    const char *rule; /* repeated: each of its alternatives once at most, ... */
    const char *must; /* ... those that begin with this word are compulsory; "*": all */
} blocks[] = {
    {"assistant_line", "source"},
    {"entity_line", NULL},
    {"hook_line", "effect"},
    {"queue_line", NULL},
    {"hours_line", NULL},
    {"answer_line", "budget"},
    {"fallback", "*"},
    {"ask_line", NULL},
    {"confirm_line", NULL},
    {"choose_line", NULL},
    {"flow_line", NULL},
    {"handoff_arm", NULL},
    {"limit", NULL},
};

static int block_of(struct pl_str rule) {
    for (size_t i = 0; i < PL_LEN(blocks); i++)
        if (pl_str_is(rule, blocks[i].rule)) return (int)i;
    return -1;
}

/* ---- making a file ---- */

struct maker {
    const struct ebnf *g;
    struct pl_rand rand;
    struct pl_buf out;
    uint32_t indents[PL_LEX_DEPTH_MOST + 1];
    int nindents, depth, comments;
    bool line_start, glue; /* glue: no space before the next token */
    bool made;             /* the lines of the block stand already */
    bool placeholders;     /* texts of this rule print values */
};

static uint32_t below(struct maker *m, uint32_t n) {
    return (uint32_t)pl_rand_below(&m->rand, n);
}

static void begin_token(struct maker *m, bool tight) {
    if (m->line_start) {
        for (uint32_t i = 0; i < m->indents[m->nindents]; i++) pl_buf_byte(&m->out, ' ');
    } else if (!tight && !m->glue) {
        pl_buf_c(&m->out, below(m, 20) ? " " : "   ");
    }
    m->line_start = m->glue = false;
}

static void put(struct maker *m, struct pl_str s) {
    static const char *const tight[] = {".", ",", ")", "]", ":", "?"};
    static const char *const glues[] = {".", "(", "[", "~"};
    bool left = false, right = false;
    for (size_t i = 0; i < PL_LEN(tight); i++) left |= pl_str_is(s, tight[i]);
    for (size_t i = 0; i < PL_LEN(glues); i++) right |= pl_str_is(s, glues[i]);
    bool call = pl_str_is(s, "(") && m->out.n && is_word((char)m->out.p[m->out.n - 1]);
    begin_token(m, left || (call && m->placeholders));
    pl_buf_str(&m->out, s);
    m->glue = right;
}

static const char *const names[] = {"alpha", "beta", "gamma_2", "delta", "epsilon",
                                    "zeta9", "eta",  "theta",   "iota",  "kappa"};

static void put_name(struct maker *m) {
    put(m, pl_str_c(names[below(m, PL_LEN(names))]));
}

static void put_value(struct maker *m) {
    static const char *const forms[] = {
        "{alpha}",
        "{alpha.beta}",
        "{alpha, date, long}",
        "{beta, relative}",
        "{beta, plural, one {# item} other {# items}}",
        "{beta, plural, =0 {none} one {one of {gamma_2}} other {#}}",
        "{beta, ordinal}",
        "{beta, select, none {} other { in {beta}}}",
        "{count(delta) + 1}",
    };
    pl_buf_c(&m->out, forms[below(m, PL_LEN(forms))]);
}

static void put_text(struct maker *m) {
    static const char *const words[] = {
        "hello",       "don't",       "\\\"quoted\\\"",
        "caf\xc3\xa9", "\\{brace\\}", "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7",
        "1,234.5",     "\\u{1F4E6}",  "a\\\\b",
        "it's",        "#1",          "50%"};
    begin_token(m, false);
    pl_buf_byte(&m->out, '"');
    uint32_t n = 1 + below(m, 4);
    for (uint32_t i = 0; i < n; i++) {
        if (i) pl_buf_byte(&m->out, ' ');
        if (m->placeholders && below(m, 3) == 0)
            put_value(m);
        else
            pl_buf_c(&m->out, words[below(m, PL_LEN(words))]);
    }
    pl_buf_byte(&m->out, '"');
}

static void end_line(struct maker *m) {
    if (below(m, 40) == 0) {
        pl_buf_printf(&m->out, "  # comment %d", m->comments++);
    }
    pl_buf_byte(&m->out, '\n');
    m->line_start = true;
    m->glue = false;
    if (below(m, 30) == 0) pl_buf_byte(&m->out, '\n');
    if (below(m, 60) == 0) {
        for (uint32_t i = 0; i < m->indents[m->nindents]; i++) pl_buf_byte(&m->out, ' ');
        pl_buf_printf(&m->out, "# own line %d\n", m->comments++);
    }
}

static void put_literal(struct maker *m, struct pl_str token) {
    static const struct {
        const char *token, *forms[4];
    } literals[] = {
        {"NUMBER", {"3", "12", "2", "7"}},
        {"PERCENT", {"15%", "50%", "100%", "1%"}},
        {"DURATION", {"200ms", "4s", "10m", "2h"}},
        {"MONEY", {"20 USD", "0.02 EUR", "5 USD", "1.50 SAR"}},
        {"CURRENCY", {"USD", "EUR", "SAR", "GBP"}},
        {"TIMERANGE", {"08:00-20:00", "09:30-12:15", "00:00-24:00", "10:00-11:00"}},
        {"REGEX", {"/[a-z]+\\d{2}/i", "/(x|y)\\/z/", "/\\d{6}/", "/A{1,3}/"}},
        {"ID", {"@a.b_c", "@order.one", "@x.y.1", "@z"}},
        {"HYPHENATED", {"en-US", "es-ES", "mon-fri", "ar-SA"}},
    };
    for (size_t i = 0; i < PL_LEN(literals); i++)
        if (pl_str_is(token, literals[i].token)) {
            put(m, pl_str_c(literals[i].forms[below(m, 4)]));
            return;
        }
    printf("no such token: %.*s\n", PL_STR_ARG(token));
    pl_assert(false);
}

static void put_token(struct maker *m, struct pl_str token) {
    if (pl_str_is(token, "NEWLINE")) {
        end_line(m);
    } else if (pl_str_is(token, "INDENT")) {
        uint32_t column = m->indents[m->nindents] + 1 + below(m, 3);
        m->indents[++m->nindents] = column;
    } else if (pl_str_is(token, "DEDENT")) {
        m->nindents--;
    } else if (pl_str_is(token, "NAME")) {
        put_name(m);
    } else if (pl_str_is(token, "TEXT")) {
        put_text(m);
    } else {
        put_literal(m, token);
    }
}

static void make(struct maker *m, int at);

/* An alternative; near the bottom the shallowest. */
static void choose(struct maker *m, int alt) {
    const struct node *nodes = m->g->nodes;
    int n = 0, best = nodes[alt].first;
    for (int i = best; i >= 0; i = nodes[i].next) {
        n++;
        if (least(m->g, i) < least(m->g, best)) best = i;
    }
    if (m->depth < DEEP) {
        best = nodes[alt].first;
        for (uint32_t skip = below(m, (uint32_t)n); skip; skip--) best = nodes[best].next;
    }
    make(m, best);
}

static bool begins_with(const struct ebnf *g, int at, const char *word) {
    if (!word) return false;
    if (strcmp(word, "*") == 0) return true;
    while (at >= 0 && (g->nodes[at].kind == SEQ || g->nodes[at].kind == ALT)) {
        if (g->nodes[at].kind == WORD) break;
        at = g->nodes[at].first;
    }
    return at >= 0 && g->nodes[at].kind == WORD && pl_str_is(g->nodes[at].text, word);
}

/* The innermost list of alternatives of a rule, and what stands behind it. */
static int lines_of(const struct ebnf *g, int rule, int *after) {
    int alt = g->rules[rule].body, only = g->nodes[alt].first;
    *after = -1;
    if (g->nodes[only].next < 0 && g->nodes[g->nodes[only].first].kind == ALT) {
        *after = g->nodes[g->nodes[only].first].next;
        alt = g->nodes[only].first;
    }
    return alt;
}

/* The lines of a block: each once at most, the compulsory ones in any case. */
static void make_block(struct maker *m, int rule, int block) {
    int after, alt = lines_of(m->g, rule, &after), order[32], n = 0;
    for (int i = m->g->nodes[alt].first; i >= 0 && n < 32; i = m->g->nodes[i].next)
        if (begins_with(m->g, i, blocks[block].must) || (m->depth < DEEP && below(m, 3) == 0))
            order[n++] = i;
    if (n == 0 && !blocks[block].must) order[n++] = m->g->nodes[alt].first;
    for (int i = n - 1; i > 0; i--) {
        int k = (int)below(m, (uint32_t)i + 1), swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
    for (int i = 0; i < n; i++) {
        make(m, order[i]);
        if (after >= 0) make(m, after);
    }
}

/* `x { x }` of such lines: the first stands for the block, the rest is in it. */
static bool is_block(const struct maker *m, int at) {
    const struct node *n = &m->g->nodes[at];
    return n->kind == RULE && block_of(n->text) >= 0;
}

static bool repeats_block(const struct maker *m, int rep) {
    int alt = m->g->nodes[rep].first, seq = m->g->nodes[alt].first, at = m->g->nodes[seq].first;
    while (at >= 0 && !is_block(m, at)) at = m->g->nodes[at].next; /* past a comma */
    return at >= 0;
}

static void make_rule(struct maker *m, int at) {
    static const char *const print[] = {"line",   "plain_part", "card_line",
                                        "choice", "confirm",    "choose"};
    const struct node *n = &m->g->nodes[at];
    bool before = m->placeholders;
    m->placeholders = false;
    for (size_t i = 0; i < PL_LEN(print); i++) m->placeholders |= pl_str_is(n->text, print[i]);
    m->depth++;
    if (block_of(n->text) >= 0 && !pl_str_is(n->text, "limit"))
        make_block(m, n->rule, block_of(n->text));
    else
        make(m, m->g->rules[n->rule].body);
    m->depth--;
    m->placeholders = before;
}

static void repeat(struct maker *m, int rep) {
    const struct node *n = m->g->nodes;
    int alt = n[rep].first, seq = n[alt].first;
    if (repeats_block(m, rep)) {
        /* `x { x }` was made with its first x; a lone `{ x }` is made here */
        bool lone = !m->made;
        if (lone && n[n[seq].first].kind == RULE && n[seq].next < 0 && below(m, 2))
            make(m, n[seq].first);
        return;
    }
    while (m->depth < DEEP && below(m, 3) == 0) make(m, alt);
}

static void make(struct maker *m, int at) {
    const struct node *n = &m->g->nodes[at];
    switch (n->kind) {
    case SEQ: {
        bool block = false; /* a block line stood directly before */
        for (int i = n->first; i >= 0; i = m->g->nodes[i].next) {
            m->made = block && m->g->nodes[i].kind == REP;
            make(m, i);
            block = is_block(m, i);
        }
        m->made = false;
        return;
    }
    case ALT: choose(m, at); return;
    case OPT:
        if (m->depth < DEEP && below(m, 2)) make(m, n->first);
        return;
    case REP: repeat(m, at); return;
    case WORD: put(m, n->text); return;
    case TOKEN: put_token(m, n->text); return;
    case RULE: make_rule(m, at); return;
    }
}

static struct pl_str make_file(struct maker *m, const struct ebnf *g, uint64_t seed, bool *talk) {
    pl_buf_clear(&m->out);
    m->g = g;
    pl_rand_seed(&m->rand, seed);
    m->nindents = m->depth = m->comments = 0;
    m->indents[0] = 0;
    m->glue = m->placeholders = m->made = false;
    m->line_start = true;
    pl_buf_c(&m->out, "parlance 1\n\n");
    *talk = below(m, 4) == 0;
    struct pl_str what = *talk ? PL_STR("talk") : PL_STR("declaration");
    uint32_t n = 1 + below(m, 4);
    for (uint32_t i = 0; i < n; i++) make(m, g->rules[find_rule(g, what)].body);
    return pl_buf_slice(&m->out);
}

/* ---- held against the parser and the formatter ---- */

struct read {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_tokens tokens;
    struct pl_ast_file *file;
};

/* The arenas are kept: they are warm after the first file. */
static void read_file(struct read *r, struct pl_str text, bool talk) {
    pl_arena_reset(&r->arena);
    r->tokens = (struct pl_tokens){0};
    pl_sources_init(&r->sources, &r->arena);
    pl_diags_init(&r->diags, &r->arena, &r->sources);
    pl_sources_add(&r->sources, talk ? PL_STR("a.talk") : PL_STR("a.flow"), text);
    r->file = pl_parse(&r->arena, &r->sources, 0, &r->diags);
    pl_lex(&r->arena, &r->sources, 0, &r->diags, &r->tokens);
}

static bool complain(const struct read *r, uint64_t seed, const char *what) {
    printf("seed %llu: %s\n", (unsigned long long)seed, what);
    for (size_t i = 0; i < r->diags.n && i < 3; i++) {
        struct pl_buf b = {0};
        const struct pl_diag *d = r->diags.v[i];
        struct pl_pos pos = pl_source_pos(&r->sources.v[0], d->span.start);
        pl_diag_message(&b, d);
        printf("  %u:%u P%04u %.*s\n", (unsigned)pos.line, (unsigned)pos.column, (unsigned)d->code,
               PL_STR_ARG(pl_buf_slice(&b)));
        pl_buf_free(&b);
    }
    return false;
}

static struct pl_str token_text(const struct read *r, size_t i) {
    const struct pl_token *t = &r->tokens.v[i];
    return (struct pl_str){r->sources.v[0].text.p + t->start, t->end - t->start};
}

static int by_bytes(const void *a, const void *b) {
    const struct pl_str *x = a, *y = b;
    int c = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return c ? c : (x->n > y->n) - (x->n < y->n);
}

/* The words of a file in order of their bytes: the formatter may move a line, not change one. */
static size_t words_of(struct read *r, struct pl_str **out) {
    size_t n = 0;
    *out = PL_NEW_ARRAY(&r->arena, struct pl_str, r->tokens.n + r->tokens.comments.n + 1);
    for (size_t i = 0; i < r->tokens.n; i++)
        if (r->tokens.v[i].end > r->tokens.v[i].start) (*out)[n++] = token_text(r, i);
    for (size_t i = 0; i < r->tokens.comments.n; i++) {
        struct pl_span at = r->tokens.comments.v[i].span;
        (*out)[n++] = (struct pl_str){r->sources.v[0].text.p + at.start, at.end - at.start};
    }
    qsort(*out, n, sizeof **out, by_bytes);
    return n;
}

static bool same_words(struct read *a, struct read *b) {
    struct pl_str *x, *y;
    size_t n = words_of(a, &x), k = words_of(b, &y);
    for (size_t i = 0; i < n && i < k; i++)
        if (!pl_str_eq(x[i], y[i])) {
            printf("  `%.*s` became `%.*s`\n", PL_STR_ARG(x[i]), PL_STR_ARG(y[i]));
            return false;
        }
    return n == k;
}

static bool format_of(struct read *r, struct pl_buf *out) {
    return pl_grammar_format(&r->sources, 0, &r->diags, out) == PL_OK;
}

struct work {
    struct read first, second;
    struct pl_buf once, twice;
};

static bool holds(struct work *w, struct pl_str text, bool talk, uint64_t seed) {
    struct read *first = &w->first, *second = &w->second;
    bool good = true;
    pl_buf_clear(&w->once);
    pl_buf_clear(&w->twice);
    read_file(first, text, talk);
    if (first->file->broken) good = complain(first, seed, "the parser refuses it");
    if (good && !format_of(first, &w->once)) good = complain(first, seed, "it is not formatted");
    read_file(second, pl_buf_slice(&w->once), talk);
    if (good && second->file->broken)
        good = complain(second, seed, "the parser refuses what the formatter made of it");
    if (good && !same_words(first, second)) good = complain(second, seed, "formatting changed it");
    if (good && (!format_of(second, &w->twice) ||
                 !pl_str_eq(pl_buf_slice(&w->once), pl_buf_slice(&w->twice))))
        good = complain(second, seed, "formatting it again changed it");
    return good;
}

static bool run(const struct ebnf *g, uint64_t files, uint64_t seed) {
    struct maker m = {0};
    struct work w = {0};
    uint64_t bad = 0, bytes = 0;
    pl_arena_init(&w.first.arena, 0);
    pl_arena_init(&w.second.arena, 0);
    for (uint64_t i = 0; i < files && bad < 10; i++) {
        bool talk;
        struct pl_str text = make_file(&m, g, seed + i, &talk);
        bytes += text.n;
        if (text.n < SIZE_MOST && !holds(&w, text, talk, seed + i)) bad++;
    }
    printf("%llu files, %llu bytes, %llu refused or changed\n", (unsigned long long)files,
           (unsigned long long)bytes, (unsigned long long)bad);
    pl_arena_free(&w.first.arena);
    pl_arena_free(&w.second.arena);
    pl_buf_free(&w.once);
    pl_buf_free(&w.twice);
    pl_buf_free(&m.out);
    return bad == 0;
}

int main(int argc, char **argv) {
    static struct ebnf g;
    struct pl_arena arena;
    struct pl_str text;
    pl_arena_init(&arena, 0);
    if (argc < 2 || pl_file_read(&arena, argv[1], SIZE_MOST, &text) != PL_OK) {
        fprintf(stderr, "usage: lang_generate GRAMMAR [FILES [SEED]] | GRAMMAR --show SEED\n");
        return 2;
    }
    read_ebnf(&g, text);
    bool good = true;
    if (argc == 4 && strcmp(argv[2], "--show") == 0) {
        struct maker m = {0};
        bool talk;
        struct pl_str made = make_file(&m, &g, strtoull(argv[3], NULL, 10), &talk);
        printf("%.*s", PL_STR_ARG(made));
        pl_buf_free(&m.out);
    } else {
        good = run(&g, argc > 2 ? strtoull(argv[2], NULL, 10) : 10000,
                   argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    }
    pl_arena_free(&arena);
    return good ? 0 : 1;
}
