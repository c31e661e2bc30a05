/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks the examples of the pages: every block fenced as ```flow, ```talk or ```arb goes through
 * the compiler, on top of the prelude and of what base.flow declares.
 *
 *     ```flow                  a file, declarations, or statements; it must compile
 *     ```flow error=P0304      it must give exactly these errors, in this order
 *     ```flow warning=P0901    it must compile, and give this warning among others
 *     ```talk                  talks about the last flow block above; they are played
 *     ```arb                   a catalog of the last flow block above; "@@locale" names it
 *
 * A line `# expect error P0304` in a block says the same as `error=P0304`. What does not begin with
 * `parlance 1` gets that line; statements are put into a flow. Other blocks are not looked at.
 */
#include "tools/compile/compile.h"
#include "tools/sim/sim.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_MOST = 4 << 20, CODES_MOST = 32 };

struct block {
    struct pl_str info, body; /* info: what follows the three backticks */
    unsigned line;
};

struct codes {
    uint32_t v[CODES_MOST];
    size_t n;
};

struct run {
    char top[64], root[80]; /* a folder of our own, removed at the end, and the flows in it */
    const char *page;
    struct pl_str base, flow; /* flow: the last flow block, whole */
    size_t blocks, wrong;
};

/* ---- lines and words ---- */

static struct pl_str take_line(struct pl_str *rest) {
    size_t n = pl_str_find(*rest, PL_STR("\n"));
    struct pl_str line = {rest->p, n == SIZE_MAX ? rest->n : n};
    size_t used = n == SIZE_MAX ? rest->n : n + 1;
    *rest = (struct pl_str){rest->p + used, rest->n - used};
    return line;
}

static struct pl_str take_word(struct pl_str *rest) {
    *rest = pl_str_trim(*rest);
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ') n++;
    struct pl_str word = {rest->p, n};
    *rest = (struct pl_str){rest->p + n, rest->n - n};
    return word;
}

static struct pl_str after(struct pl_str s, const char *prefix) {
    size_t n = strlen(prefix);
    if (!pl_str_starts(s, pl_str_c(prefix))) return (struct pl_str){0};
    return (struct pl_str){s.p + n, s.n - n};
}

/* ---- what a block expects ---- */

static bool add_code(struct codes *c, struct pl_str word) {
    int64_t number = 0;
    if (word.n != 5 || word.p[0] != 'P') return false;
    if (!pl_str_i64((struct pl_str){word.p + 1, 4}, &number) || c->n == CODES_MOST) return false;
    c->v[c->n++] = (uint32_t)number;
    return true;
}

static bool expectations(const struct block *b, struct codes *errors, struct codes *warnings) {
    struct pl_str info = b->info, body = b->body, word, code;
    bool good = true;
    take_word(&info);
    while ((word = take_word(&info)).n) {
        if ((code = after(word, "error=")).n)
            good = add_code(errors, code) && good;
        else
            good = (code = after(word, "warning=")).n && add_code(warnings, code) && good;
    }
    while (body.n) {
        code = after(pl_str_trim(take_line(&body)), "# expect error ");
        if (code.n) good = add_code(errors, take_word(&code)) && good;
    }
    return good;
}

/* ---- putting a program together ---- */

static const char *const declarations[] = {
    "parlance", "assistant", "intent", "entity", "more", "type", "session",  "customer",
    "hook",     "event",     "hours",  "queue",  "rule", "flow", "override",
};

static bool is_declaration(struct pl_str line) {
    struct pl_str word = take_word(&line);
    for (size_t i = 0; i < PL_LEN(declarations); i++)
        if (pl_str_is(word, declarations[i])) return true;
    return false;
}

static struct pl_str first_code(struct pl_str body) {
    while (body.n) {
        struct pl_str line = take_line(&body);
        if (line.n && line.p[0] != '#') return line;
    }
    return (struct pl_str){0};
}

static struct pl_str whole(struct pl_arena *a, struct pl_str body) {
    struct pl_str first = first_code(body);
    if (pl_str_starts(first, PL_STR("parlance"))) return body;
    if (is_declaration(first)) return pl_arena_printf(a, "parlance 1\n\n%.*s", PL_STR_ARG(body));
    struct pl_buf out = {0};
    pl_buf_c(&out, "parlance 1\n\nflow example\n");
    while (body.n) {
        struct pl_str line = take_line(&body);
        pl_buf_printf(&out, line.n ? "  %.*s\n" : "%.*s\n", PL_STR_ARG(line));
    }
    struct pl_str text = pl_arena_str(a, pl_buf_slice(&out));
    pl_buf_free(&out);
    return text;
}

/* What a line declares: "entity order_id", "assistant"; empty for a line of a block. */
static struct pl_str declared(struct pl_str line) {
    struct pl_str rest = line, word;
    if (!line.n || line.p[0] == ' ' || line.p[0] == '#') return (struct pl_str){0};
    word = take_word(&rest);
    if (!pl_str_is(word, "assistant") && !pl_str_is(word, "session")) word = take_word(&rest);
    while (word.n && strchr(":(", word.p[word.n - 1])) word.n--;
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] == '(') word.n = i;
    return (struct pl_str){line.p, (size_t)(word.p + word.n - line.p)};
}

static bool declares(struct pl_str text, struct pl_str what) {
    while (text.n)
        if (pl_str_eq(declared(take_line(&text)), what)) return true;
    return false;
}

/* base.flow without what the example declares itself. */
static void write_base(struct pl_buf *out, struct pl_str base, struct pl_str text) {
    bool keep = true;
    while (base.n) {
        struct pl_str line = take_line(&base), what = declared(line);
        if (what.n) keep = pl_str_eq(line, PL_STR("parlance 1")) || !declares(text, what);
        if (keep) pl_buf_printf(out, "%.*s\n", PL_STR_ARG(line));
    }
}

/* ---- files ---- */

static void put(const struct run *r, const char *name, struct pl_str text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", r->root, name);
    if (pl_file_replace(path, text) != PL_OK) abort();
}

static void drop(const struct run *r, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", r->root, name);
    remove(path);
}

static bool copy_prelude(struct pl_arena *a, const struct run *r, const char *from) {
    struct pl_str *names, text;
    size_t n = 0;
    if (pl_files_under(a, from, ".flow", 100, &names, &n) != PL_OK || !n) return false;
    for (size_t i = 0; i < n; i++) {
        struct pl_str path = pl_arena_printf(a, "%s/%.*s", from, PL_STR_ARG(names[i]));
        if (pl_file_read(a, path.p, PAGE_MOST, &text) != PL_OK) return false;
        put(r, pl_arena_printf(a, "prelude/%.*s", PL_STR_ARG(names[i])).p, text);
    }
    return true;
}

static void remove_prelude(struct pl_arena *a, const struct run *r, const char *from) {
    struct pl_str *names;
    size_t n = 0;
    if (pl_files_under(a, from, ".flow", 100, &names, &n) != PL_OK) return;
    for (size_t i = 0; i < n; i++)
        drop(r, pl_arena_printf(a, "prelude/%.*s", PL_STR_ARG(names[i])).p);
}

/* ---- one block ---- */

static bool found(const struct pl_diags *d, uint32_t code) {
    for (size_t i = 0; i < d->n; i++)
        if ((uint32_t)d->v[i]->code == code) return true;
    return false;
}

static bool as_expected(const struct pl_diags *d, const struct codes *errors,
                        const struct codes *warnings) {
    size_t n = 0;
    bool good = true;
    for (size_t i = 0; i < d->n; i++) {
        if (d->v[i]->severity != PL_SEVERITY_ERROR) continue;
        good = good && n < errors->n && errors->v[n] == (uint32_t)d->v[i]->code;
        n++;
    }
    for (size_t i = 0; i < warnings->n; i++) good = good && found(d, warnings->v[i]);
    return good && n == errors->n;
}

/* Compiles what lies in the folder and compares; nothing is trained. */
static bool compile(const struct run *r, const struct codes *errors, const struct codes *warnings,
                    struct pl_buf *said) {
    static const struct pl_compile_options options = {.check_only = true};
    struct pl_compiled c;
    enum pl_err err = pl_compile_folder(r->root, &options, &c);
    bool ran = err == PL_OK || err == PL_MALFORMED;
    bool good = ran && as_expected(&c.diags, errors, warnings);
    if (!good) pl_diags_print(said, &c.diags, false);
    pl_compiled_free(&c);
    return good;
}

/* Plays the block's talks; prints what went wrong. */
static bool play(const struct run *r) {
    char path[512];
    const char *talks[] = {path};
    struct pl_sim_test test = {
        .folder = r->root, .talks = talks, .ntalks = 1, .out = stdout, .err = stderr};
    snprintf(path, sizeof path, "%s/page.talk", r->root);
    return pl_sim_test_main(&test) == 0;
}

/* The file beside the flows that this block is, NULL when it is a flow itself. */
static const char *beside(struct pl_arena *a, const struct block *b, struct pl_str kind) {
    if (pl_str_is(kind, "talk")) return "page.talk";
    if (pl_str_is(kind, "flow")) return NULL;
    size_t at = pl_str_find(b->body, PL_STR("\"@@locale\": \""));
    if (at == SIZE_MAX) return "i18n/unnamed.arb";
    struct pl_str rest = {b->body.p + at + 13, b->body.n - at - 13};
    size_t end = pl_str_find(rest, PL_STR("\""));
    if (end == SIZE_MAX) return "i18n/unnamed.arb";
    return pl_arena_printf(a, "i18n/%.*s.arb", (int)end, rest.p).p;
}

static void check(struct run *r, struct pl_arena *a, const struct block *b) {
    struct pl_str info = b->info, kind = take_word(&info);
    if (!pl_str_is(kind, "flow") && !pl_str_is(kind, "talk") && !pl_str_is(kind, "arb")) return;
    struct codes errors = {0}, warnings = {0};
    struct pl_buf said = {0}, base = {0};
    const char *file = beside(a, b, kind);
    bool talk = pl_str_is(kind, "talk");
    if (!file) r->flow = whole(a, b->body);
    write_base(&base, r->base, r->flow);
    put(r, "base.flow", pl_buf_slice(&base));
    put(r, "page.flow", r->flow.n ? r->flow : PL_STR("parlance 1\n"));
    if (file && talk && !pl_str_starts(b->body, PL_STR("parlance")))
        put(r, file, pl_arena_printf(a, "parlance 1\n\n%.*s", PL_STR_ARG(b->body)));
    else if (file)
        put(r, file, b->body);
    r->blocks++;
    bool good = expectations(b, &errors, &warnings);
    if (!good) pl_buf_c(&said, "the line after the backticks is not understood\n");
    good = good && compile(r, &errors, &warnings, &said) && (!talk || play(r));
    if (!good) {
        r->wrong++;
        printf("%s:%u: this example does not do what it says\n%.*s\n", r->page, b->line,
               (int)said.n, said.p);
    }
    if (file) drop(r, file);
    pl_buf_free(&said);
    pl_buf_free(&base);
}

/* ---- a page ---- */

static void check_page(struct run *r, struct pl_arena *a, struct pl_str text) {
    struct block b = {0};
    bool inside = false;
    unsigned number = 0;
    r->flow = (struct pl_str){0};
    while (text.n) {
        struct pl_str line = take_line(&text);
        number++;
        bool fence = pl_str_starts(line, PL_STR("```"));
        if (fence && !inside) {
            b = (struct block){after(line, "```"), text, number};
        } else if (fence) {
            b.body.n = (size_t)(line.p - b.body.p);
            check(r, a, &b);
        }
        inside = fence ? !inside : inside;
    }
}

static bool start(struct run *r, struct pl_arena *a, const char *base, const char *prelude) {
    char path[128];
    snprintf(r->top, sizeof r->top, "/tmp/parlance-docs-XXXXXX");
    if (!mkdtemp(r->top) || pl_file_read(a, base, PAGE_MOST, &r->base) != PL_OK) return false;
    snprintf(r->root, sizeof r->root, "%s/flows", r->top);
    snprintf(path, sizeof path, "%s/prelude", r->root);
    if (pl_mkdirs(path) != PL_OK) return false;
    snprintf(path, sizeof path, "%s/i18n", r->root);
    return pl_mkdirs(path) == PL_OK && copy_prelude(a, r, prelude);
}

static void finish(struct run *r, struct pl_arena *a, const char *prelude) {
    remove_prelude(a, r, prelude);
    drop(r, "base.flow");
    drop(r, "page.flow");
    drop(r, "prelude");
    drop(r, "i18n");
    drop(r, "");
    remove(r->top);
}

int main(int argc, char **argv) {
    struct pl_arena arena;
    struct pl_str text;
    struct run r = {0};
    pl_arena_init(&arena, 0);
    if (argc < 4) {
        fprintf(stderr, "usage: docs_blocks BASE.flow PRELUDE-FOLDER PAGE.md...\n");
        return 2;
    }
    bool good = start(&r, &arena, argv[1], argv[2]);
    for (int i = 3; i < argc && good; i++) {
        r.page = argv[i];
        good = pl_file_read(&arena, argv[i], PAGE_MOST, &text) == PL_OK;
        if (good) check_page(&r, &arena, text);
    }
    finish(&r, &arena, argv[2]);
    printf("%zu examples, %zu wrong\n", r.blocks, r.wrong);
    pl_arena_free(&arena);
    return good && r.blocks && !r.wrong ? 0 : 1;
}
