/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks docs/diagnostics: every code has its page, and every example on it is compiled. The format
 * of a page is described in docs/diagnostics/README.md.
 * Usage: docs_pages BASE.flow PRELUDE-FOLDER PAGES-FOLDER [P0123]
 */
#include "tests/docs/doc.h"
#include "tools/compile/compile.h"

#include <string.h>

enum { PARTS_MOST = 6 };

/* A file of an example. */
struct part {
    struct pl_str name, text;
};

/* The place marked by a line of ^~~~ below it. */
struct mark {
    size_t part; /* index, or SIZE_MAX: nothing is marked */
    uint32_t line, column, n;
};

struct example {
    struct part parts[PARTS_MOST];
    size_t n;
    struct mark mark;
    bool alone; /* without base.flow */
};

struct page {
    struct doc_root *at;
    struct pl_arena *arena;
    const struct pl_diag_info *info;
    struct pl_str text;
    size_t wrong;
};

static void complain(struct page *p, const char *what) {
    printf("P%04u.md: %s\n", (unsigned)p->info->code, what);
    p->wrong++;
}

/* ---- sections ---- */

/* What stands under a heading, up to the next one; not .p when there is no such heading. */
static struct pl_str section(struct pl_str text, const char *heading) {
    bool inside = false, fence = false;
    struct pl_str found = {0};
    while (text.n) {
        struct pl_str line = doc_take_line(&text);
        if (pl_str_starts(line, PL_STR("```"))) fence = !fence;
        bool head = !fence && pl_str_starts(line, PL_STR("## "));
        if (inside && head) break;
        if (inside) found.n = (size_t)(text.p - found.p);
        if (!head || !pl_str_is(doc_after(line, "## "), heading)) continue;
        inside = true;
        found = (struct pl_str){text.p, 0};
    }
    return found;
}

/* Are the headings exactly these, in this order? */
static bool headings_are(struct pl_str text, const char *const *want, size_t n) {
    bool fence = false;
    size_t i = 0;
    while (text.n) {
        struct pl_str line = doc_take_line(&text);
        if (pl_str_starts(line, PL_STR("```"))) fence = !fence;
        if (fence || !pl_str_starts(line, PL_STR("## "))) continue;
        if (i == n || !pl_str_is(doc_after(line, "## "), want[i])) return false;
        i++;
    }
    return i == n;
}

/* The title is the message with something in place of each argument. */
static bool is_message(struct pl_str title, const char *message) {
    while (*message) {
        const char *slot = strchr(message, '{');
        while (slot && !(slot[1] >= '0' && slot[1] <= '3')) slot = strchr(slot + 1, '{');
        struct pl_str piece = {message, slot ? (size_t)(slot - message) : strlen(message)};
        size_t at = pl_str_find(title, piece);
        if (at == SIZE_MAX) return false;
        title = (struct pl_str){title.p + at + piece.n, title.n - at - piece.n};
        message = slot ? slot + 3 : message + piece.n;
        if (!slot) return title.n == 0;
    }
    return true;
}

/* ---- examples ---- */

static bool is_mark(struct pl_str line) {
    size_t i = 0;
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t')) i++;
    if (i == line.n || line.p[i++] != '^') return false;
    while (i < line.n && line.p[i] == '~') i++;
    return i == line.n;
}

/* The text without the lines that mark; they speak of the line above them. */
static struct pl_str unmarked(struct page *p, struct pl_str text, size_t part, struct mark *m) {
    struct pl_buf out = {0};
    uint32_t line = 0;
    while (text.n) {
        struct pl_str row = doc_take_line(&text);
        if (!is_mark(row)) {
            pl_buf_printf(&out, "%.*s\n", PL_STR_ARG(row));
            line++;
            continue;
        }
        if (m->part != SIZE_MAX) complain(p, "two places are marked in one example");
        uint32_t caret = (uint32_t)pl_str_find(row, PL_STR("^"));
        *m = (struct mark){part, line, caret + 1, (uint32_t)row.n - caret};
    }
    struct pl_str kept = pl_arena_str(p->arena, pl_buf_slice(&out));
    pl_buf_free(&out);
    return kept;
}

static const char *file_of(struct pl_str kind) {
    if (pl_str_is(kind, "flow")) return "page.flow";
    return pl_str_is(kind, "talk") ? "page.talk" : NULL;
}

static void add_part(struct page *p, struct example *e, struct pl_str info, struct pl_str body) {
    struct pl_str kind = doc_take_word(&info), word;
    struct pl_str name = pl_str_c(file_of(kind));
    while ((word = doc_take_word(&info)).n) {
        if (pl_str_is(word, "alone"))
            e->alone = true;
        else
            name = word;
    }
    if (!name.n || e->n == PARTS_MOST) {
        complain(p, "a block is neither flow nor talk and names no file");
        return;
    }
    if (pl_str_is(kind, "flow")) body = doc_whole(p->arena, body);
    if (pl_str_is(kind, "talk") && !pl_str_starts(body, PL_STR("parlance")))
        body = pl_arena_printf(p->arena, "parlance 1\n\n%.*s", PL_STR_ARG(body));
    struct pl_str text = unmarked(p, body, e->n, &e->mark);
    e->parts[e->n++] = (struct part){name, text};
}

static void read_example(struct page *p, struct pl_str text, struct example *e) {
    struct pl_str info = {0}, body = {0};
    bool inside = false;
    *e = (struct example){.mark.part = SIZE_MAX};
    while (text.n) {
        struct pl_str line = doc_take_line(&text);
        bool fence = pl_str_starts(line, PL_STR("```"));
        if (fence && inside) {
            body.n = (size_t)(line.p - body.p);
            add_part(p, e, info, body);
        } else if (fence) {
            info = doc_after(line, "```");
            body = text;
        }
        inside = fence ? !inside : inside;
    }
}

/* ---- compiling ---- */

static void write_files(struct page *p, const struct example *e) {
    struct pl_buf base = {0}, all = {0};
    bool flow = false;
    for (size_t i = 0; i < e->n; i++) {
        doc_put(p->at, pl_arena_str(p->arena, e->parts[i].name).p, e->parts[i].text);
        pl_buf_str(&all, e->parts[i].text);
        flow = flow || pl_str_is(e->parts[i].name, "page.flow");
    }
    doc_base(&base, p->at->base, pl_buf_slice(&all));
    if (!e->alone) doc_put(p->at, "base.flow", pl_buf_slice(&base));
    if (!flow) doc_put(p->at, "page.flow", PL_STR("parlance 1\n"));
    pl_buf_free(&base);
    pl_buf_free(&all);
}

static void remove_files(struct page *p, const struct example *e) {
    for (size_t i = 0; i < e->n; i++) doc_drop(p->at, pl_arena_str(p->arena, e->parts[i].name).p);
    doc_drop(p->at, "base.flow");
    doc_drop(p->at, "page.flow");
}

/* Is it about one of the example's own files? Which one, or SIZE_MAX. */
static size_t part_of(const struct pl_compiled *c, const struct example *e, struct pl_span at) {
    struct pl_str name = c->sources.v[at.file].name;
    for (size_t i = 0; i < e->n; i++)
        if (pl_str_ends(name, e->parts[i].name)) return i;
    return SIZE_MAX;
}

/* What short examples leave out on purpose: ids, titles, uses, translations, example phrases. */
static bool beside_the_point(uint16_t code) {
    static const uint16_t codes[] = {PL_D_ID_MISSING,      PL_D_TITLE_MISSING,
                                     PL_D_UNUSED,          PL_D_MISSING_TRANSLATION,
                                     PL_D_CATALOG_MISSING, PL_D_FEW_EXAMPLES};
    for (size_t i = 0; i < PL_LEN(codes); i++)
        if (codes[i] == code) return true;
    return false;
}

/* Does it count? Errors do anywhere, warnings in the example's own files. */
static bool counts(const struct page *p, const struct pl_compiled *c, const struct example *e,
                   const struct pl_diag *d) {
    if (d->severity == PL_SEVERITY_ERROR) return true;
    if (part_of(c, e, d->span) == SIZE_MAX) return false;
    return d->code == p->info->code || !beside_the_point(d->code);
}

/* The marked range; of several lines, what is on the first. */
static bool is_marked(const struct pl_compiled *c, const struct example *e,
                      const struct pl_diag *d) {
    const struct pl_source *s = &c->sources.v[d->span.file];
    struct pl_pos from = pl_source_pos(s, d->span.start), to = pl_source_pos(s, d->span.end);
    uint32_t width = to.column - from.column;
    if (to.line != from.line) {
        struct pl_str line = pl_source_line(s, from.line);
        to = pl_source_pos(s, (uint32_t)(line.p - s->text.p + (ptrdiff_t)line.n));
        width = to.column - from.column;
    }
    if (!width) width = 1;
    return part_of(c, e, d->span) == e->mark.part && from.line == e->mark.line &&
           from.column == e->mark.column && width == e->mark.n;
}

/* The only thing reported, at the marked place. */
static bool gives_the_code(struct page *p, const struct pl_compiled *c, const struct example *e) {
    const struct pl_diag *only = NULL;
    size_t n = 0;
    for (size_t i = 0; i < c->diags.n; i++) {
        if (!counts(p, c, e, c->diags.v[i])) continue;
        only = c->diags.v[i];
        n++;
    }
    return n == 1 && only->code == p->info->code && is_marked(c, e, only);
}

static bool gives_nothing(struct page *p, const struct pl_compiled *c, const struct example *e) {
    for (size_t i = 0; i < c->diags.n; i++)
        if (counts(p, c, e, c->diags.v[i])) return false;
    return true;
}

static void try_example(struct page *p, const struct example *e, const char *heading,
                        bool (*good)(struct page *, const struct pl_compiled *,
                                     const struct example *)) {
    /* only what is about recognising needs the recognisers */
    struct pl_compile_options options = {.check_only = p->info->code / 100 != 8};
    struct pl_compiled c;
    struct pl_buf said = {0};
    write_files(p, e);
    enum pl_err err = pl_compile_folder(p->at->root, &options, &c);
    if ((err != PL_OK && err != PL_MALFORMED) || !good(p, &c, e)) {
        complain(p, heading);
        pl_diags_print(&said, &c.diags, false);
        printf("%.*s\n", PL_STR_ARG(pl_buf_slice(&said)));
    }
    pl_buf_free(&said);
    pl_compiled_free(&c);
    remove_files(p, e);
}

/* ---- a page ---- */

static void check_head(struct page *p) {
    struct pl_str text = p->text, line = doc_take_line(&text);
    bool error = p->info->severity == PL_SEVERITY_ERROR;
    char mark[16];
    snprintf(mark, sizeof mark, "# P%04u ", (unsigned)p->info->code);
    if (!is_message(doc_after(line, mark), p->info->message))
        complain(p, "the first line is not `# CODE message`, with words for the arguments");
    if (doc_take_line(&text).n) complain(p, "an empty line is missing below the title");
    line = doc_take_line(&text);
    if (!pl_str_starts(line, error ? PL_STR("**Error.** ") : PL_STR("**Warning.** ")))
        complain(p, "the first paragraph does not begin with **Error.** or **Warning.**");
}

static void check_headings(struct page *p) {
    static const char *const want[] = {"Wrong", "Right", "How to mend it", "When it is all right"};
    bool warning = p->info->severity == PL_SEVERITY_WARNING;
    if (!headings_are(p->text, want, warning ? 4 : 3))
        complain(p, warning ? "the headings are not Wrong, Right, How to mend it, When it is all "
                              "right"
                            : "the headings are not Wrong, Right, How to mend it");
    if (!pl_str_trim(section(p->text, "How to mend it")).n)
        complain(p, "nothing says how to mend it");
}

/* A section of prose alone says why it has no example. */
static bool has_example(struct page *p, const char *heading, struct example *e) {
    struct pl_str text = section(p->text, heading);
    read_example(p, text, e);
    if (e->n) return true;
    if (!pl_str_starts(pl_str_trim(text), PL_STR("No example: ")))
        complain(p, "a section has no example, and does not begin with `No example: ` and why");
    return false;
}

/* It has the comment that allows the code, and no word is left to say. */
static void check_allowed(struct page *p) {
    struct example e;
    char comment[24];
    if (!has_example(p, "When it is all right", &e)) return;
    snprintf(comment, sizeof comment, "# allow P%04u: ", (unsigned)p->info->code);
    if (pl_str_find(section(p->text, "When it is all right"), pl_str_c(comment)) == SIZE_MAX)
        complain(p, "the example under `When it is all right` does not allow the code");
    try_example(p, &e, "the example under `When it is all right` is not without a word",
                gives_nothing);
}

static void check_page(struct page *p) {
    struct example e;
    check_head(p);
    check_headings(p);
    if (has_example(p, "Wrong", &e)) {
        if (e.mark.part == SIZE_MAX) complain(p, "no place is marked under `Wrong`");
        try_example(p, &e, "the example under `Wrong` does not give this code alone, where marked",
                    gives_the_code);
    }
    if (has_example(p, "Right", &e))
        try_example(p, &e, "the example under `Right` is not without a word", gives_nothing);
    if (p->info->severity == PL_SEVERITY_WARNING) check_allowed(p);
}

/* ---- all pages ---- */

/* Gives how many things are wrong. */
static size_t check_code(struct doc_root *at, const struct pl_diag_info *info, const char *folder) {
    struct pl_arena arena;
    pl_arena_init(&arena, 0);
    struct page p = {.at = at, .arena = &arena, .info = info};
    struct pl_str path = pl_arena_printf(&arena, "%s/P%04u.md", folder, (unsigned)info->code);
    bool there = pl_file_read(&arena, path.p, DOC_PAGE_MOST, &p.text) == PL_OK;
    if (!there) complain(&p, "there is no such page");
    if (there) check_page(&p);
    pl_arena_free(&arena);
    return p.wrong;
}

/* A page whose code is none. */
static size_t check_names(const char *folder) {
    struct pl_arena arena;
    struct pl_str *names;
    size_t n = 0, wrong = 0;
    int64_t code;
    pl_arena_init(&arena, 0);
    if (pl_files_under(&arena, folder, ".md", 10000, &names, &n) != PL_OK) wrong++;
    for (size_t i = 0; i < n; i++) {
        struct pl_str name = names[i];
        if (pl_str_is(name, "README.md")) continue;
        bool good = name.n == 8 && name.p[0] == 'P' &&
                    pl_str_i64((struct pl_str){name.p + 1, 4}, &code) &&
                    pl_diag_info((uint16_t)code);
        if (!good) printf("%.*s: there is no such code\n", PL_STR_ARG(name));
        wrong += !good;
    }
    pl_arena_free(&arena);
    return wrong;
}

static bool is_chosen(const struct pl_diag_info *info, const char *code) {
    char word[8];
    snprintf(word, sizeof word, "P%04u", (unsigned)info->code);
    return !code || strcmp(word, code) == 0;
}

int main(int argc, char **argv) {
    struct pl_arena arena;
    struct doc_root at = {0};
    size_t wrong = 0, n = 0;
    pl_arena_init(&arena, 0);
    if (argc < 4) {
        fprintf(stderr, "usage: docs_pages BASE.flow PRELUDE PAGES [P0123]\n");
        return 2;
    }
    bool good = doc_open(&at, &arena, argv[1], argv[2]);
    const struct pl_diag_info *info;
    for (size_t i = 0; good && (info = pl_diag_info_at(i)); i++) {
        if (!is_chosen(info, argc > 4 ? argv[4] : NULL)) continue;
        wrong += check_code(&at, info, argv[3]);
        n++;
    }
    wrong += check_names(argv[3]);
    doc_close(&at);
    printf("%zu codes, %zu things wrong\n", n, wrong);
    pl_arena_free(&arena);
    return good && n && !wrong ? 0 : 1;
}
