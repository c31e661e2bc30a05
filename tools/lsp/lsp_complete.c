/* SPDX-License-Identifier: Apache-2.0
 *
 * What could stand here: told by the words before it on the line. */
#include <string.h>

#include "tools/lsp/lsp_priv.h"

#define BIT(kind) (1u << PL_INDEX_##kind)

/* Which names may follow these words; the last word that fits decides. */
static const struct rule {
    const char *word;
    unsigned kinds;
} rules[] = {
    {"goto", BIT(FLOW)},
    {"call", BIT(FLOW) | BIT(HOOK)},
    {"start", BIT(FLOW)},
    {"intent", BIT(INTENT)},
    {"not intent", BIT(INTENT)},
    {"handoff to", BIT(QUEUE)},
    {"to", BIT(QUEUE)},
    {"open", BIT(HOURS)},
    {"event", BIT(EVENT)},
    {"wait for", BIT(EVENT)},
    {"using", BIT(HOOK)},
    {"tools", BIT(HOOK)},
    {"more intent", BIT(INTENT)},
    {"more entity", BIT(ENTITY)},
    {"override flow", BIT(FLOW)},
    {"->", BIT(TYPE) | BIT(ENTITY)},
    {"list of", BIT(TYPE) | BIT(ENTITY)},
    {"ask", BIT(SLOT)},
    {"set", BIT(SLOT)},
    {"clear", BIT(SLOT)},
    {"if", BIT(SLOT)},
    {"match", BIT(SLOT)},
    {"is", BIT(MEMBER) | BIT(SLOT)},
};

struct context {
    struct lsp *l;
    struct pl_jw *w;
    uint32_t file;
    size_t offset;
    struct pl_str line;  /* before the cursor */
    struct pl_str scope; /* "session" or "customer" before a dot */
    struct pl_str flow;  /* the flow that holds the cursor */
};

/* The protocol's kinds of items. */
static int item_kind(uint8_t kind) {
    enum {
        FUNCTION = 3,
        VARIABLE = 6,
        CLASS = 7,
        INTERFACE = 8,
        ENUM = 13,
        MEMBER = 20,
        CONSTANT = 21,
        EVENT = 23
    };
    static const int of[] = {EVENT,    ENUM,  CLASS,    INTERFACE, EVENT, CONSTANT,
                             CONSTANT, EVENT, FUNCTION, VARIABLE,  MEMBER};
    return of[kind];
}

static void item(struct context *c, struct pl_str label, int kind, struct pl_str detail) {
    pl_jw_open(c->w, '{');
    pl_jw_text_member(c->w, "label", label);
    pl_jw_int_member(c->w, "kind", kind);
    pl_jw_text_member(c->w, "detail", detail);
    pl_jw_close(c->w, '}');
}

static void name_item(struct context *c, const struct pl_index_name *n) {
    struct pl_str label = n->name;
    bool scoped = n->kind == PL_INDEX_SLOT && !pl_str_eq(n->owner, c->flow);
    if (scoped && !c->scope.n)
        label =
            pl_arena_printf(&c->l->arena, "%.*s.%.*s", PL_STR_ARG(n->owner), PL_STR_ARG(n->name));
    struct pl_str detail = n->detail.n ? n->detail : pl_str_c(pl_lsp__kind_words[n->kind]);
    item(c, label, item_kind(n->kind), detail);
}

/* Slots of this flow, of the session and the customer; after a scope's dot its own. */
static bool visible(const struct context *c, const struct pl_index_name *n) {
    if (n->kind != PL_INDEX_SLOT) return !c->scope.n;
    if (c->scope.n) return pl_str_eq(n->owner, c->scope);
    return pl_str_eq(n->owner, c->flow) || pl_str_is(n->owner, "session") ||
           pl_str_is(n->owner, "customer");
}

static void names(struct context *c, unsigned kinds) {
    for (size_t i = 0; i < c->l->index.nnames; i++) {
        const struct pl_index_name *n = &c->l->index.names[i];
        if (kinds >> n->kind & 1 && visible(c, n)) name_item(c, n);
    }
}

static bool word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Takes the word that is being written off the end of the line, and a scope before it. */
static void strip_word(struct context *c) {
    while (c->line.n && word_char(c->line.p[c->line.n - 1])) c->line.n--;
    if (!c->line.n || c->line.p[c->line.n - 1] != '.') return;
    struct pl_str rest = {c->line.p, c->line.n - 1};
    static const char *const scopes[] = {"session", "customer"};
    for (size_t i = 0; i < PL_LEN(scopes); i++)
        if (pl_str_ends(rest, pl_str_c(scopes[i]))) c->scope = pl_str_c(scopes[i]);
}

static const struct pl_index_name *named(const struct lsp *l, uint8_t kind, struct pl_str name) {
    for (size_t i = 0; i < l->index.nnames; i++)
        if (l->index.names[i].kind == kind && pl_str_eq(l->index.names[i].name, name))
            return &l->index.names[i];
    return NULL;
}

static size_t left_of(struct pl_str line) {
    size_t n = 0;
    while (n < line.n && line.p[n] == ' ') n++;
    return n;
}

/* The hook that is called by the line above to which this one, further in, belongs. */
static const struct pl_index_name *called_above(const struct context *c) {
    const struct pl_source *s = &c->l->compiled.sources.v[c->file];
    uint32_t line = pl_source_pos(s, (uint32_t)c->offset).line;
    size_t left = left_of(c->line);
    while (--line >= 1) {
        struct pl_str text = pl_source_line(s, line);
        if (left_of(text) >= left || !pl_str_trim(text).n) continue;
        size_t at = pl_str_find(text, PL_STR("call "));
        if (at == SIZE_MAX || at != left_of(text)) return NULL;
        struct pl_str rest = {text.p + at + 5, text.n - at - 5};
        size_t equal = pl_str_find(rest, PL_STR("=")), paren = pl_str_find(rest, PL_STR("("));
        if (equal < paren) rest = (struct pl_str){rest.p + equal + 1, rest.n - equal - 1};
        rest = pl_str_trim(rest);
        if ((paren = pl_str_find(rest, PL_STR("("))) != SIZE_MAX) rest.n = paren;
        return named(c->l, PL_INDEX_HOOK, pl_str_trim(rest));
    }
    return NULL;
}

static void find_flow(struct context *c) {
    for (size_t i = 0; i < c->l->index.nnames; i++) {
        const struct pl_index_name *n = &c->l->index.names[i];
        if (n->kind == PL_INDEX_FLOW && n->whole.file == c->file && n->whole.start <= c->offset &&
            c->offset <= n->whole.end + 1)
            c->flow = n->name;
    }
}

/* Within a placeholder of a text? */
static bool in_braces(struct pl_str line) {
    size_t open = 0;
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == '\\')
            i++;
        else if (line.p[i] == '{')
            open++;
        else if (line.p[i] == '}' && open)
            open--;
    }
    return open > 0;
}

static bool ends_with_word(struct pl_str line, const char *word) {
    struct pl_str w = pl_str_c(word);
    if (!pl_str_ends(line, w)) return false;
    return line.n == w.n || !word_char(line.p[line.n - w.n - 1]);
}

static unsigned kinds_for(const struct context *c) {
    struct pl_str line = pl_str_trim(c->line);
    if (in_braces(c->line)) return BIT(SLOT);
    if (pl_str_ends(line, PL_STR(":"))) return BIT(TYPE) | BIT(ENTITY);
    if (pl_str_ends(line, PL_STR("="))) return BIT(SLOT) | BIT(HOOK) | BIT(FLOW) | BIT(MEMBER);
    if (pl_str_ends(line, PL_STR("(")) || pl_str_ends(line, PL_STR(",")))
        return BIT(SLOT) | BIT(MEMBER);
    unsigned kinds = 0;
    size_t best = 0;
    for (size_t i = 0; i < PL_LEN(rules); i++)
        if (ends_with_word(line, rules[i].word) && strlen(rules[i].word) >= best) {
            best = strlen(rules[i].word);
            kinds = rules[i].kinds;
        }
    return kinds;
}

/* The words that may begin a line of a flow. */
static void statements(struct context *c) {
    static const char *const words[] = {
        "answer", "ask",  "back",       "call", "change", "choose",  "clear", "confirm",
        "decide", "end",  "experiment", "goal", "goto",   "handoff", "if",    "mark",
        "match",  "note", "return",     "set",  "track",  "wait"};
    for (size_t i = 0; i < PL_LEN(words); i++) item(c, pl_str_c(words[i]), 14, PL_STR("statement"));
}

static void declarations(struct context *c) {
    static const char *const words[] = {"assistant", "customer", "entity",  "event",
                                        "flow",      "hook",     "hours",   "intent",
                                        "queue",     "rule",     "session", "type"};
    for (size_t i = 0; i < PL_LEN(words); i++)
        item(c, pl_str_c(words[i]), 14, PL_STR("declaration"));
}

static void complete(struct context *c) {
    strip_word(c);
    find_flow(c);
    if (c->scope.n) {
        names(c, BIT(SLOT));
        return;
    }
    if (pl_str_trim(c->line).n) {
        names(c, kinds_for(c));
        return;
    }
    const struct pl_index_name *hook = called_above(c);
    for (uint32_t i = 0; hook && i < hook->nwords; i++)
        item(c, hook->words[i], 20, PL_STR("failure of the hook"));
    if (hook && hook->nwords) item(c, PL_STR("unavailable"), 20, PL_STR("failure of the hook"));
    if (c->line.n)
        statements(c);
    else
        declarations(c);
}

void pl_lsp__completion(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    struct context c = {.l = l, .w = w};
    pl_jw_open(w, '[');
    if (pl_lsp__place(l, params, &c.file, &c.offset)) {
        struct pl_str text = l->compiled.sources.v[c.file].text;
        size_t start = c.offset;
        while (start && text.p[start - 1] != '\n') start--;
        c.line = (struct pl_str){text.p + start, c.offset - start};
        complete(&c);
    }
    pl_jw_close(w, ']');
}
