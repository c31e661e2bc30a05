/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks the examples of the pages: every block fenced as ```flow, ```talk or ```arb goes through
 * the compiler, on top of the prelude and of what base.flow declares.
 *
 *     ```flow                  a file, declarations, or statements; it must compile
 *     ```flow error=P0304      it must give exactly these errors, in this order
 *     ```flow warning=P0800    it must compile, and give this warning among others
 *     ```talk                  talks about the last flow block above; they are played
 *     ```arb                   a catalog of the last flow block above; "@@locale" names it
 *     ```markdown kb/en/a.md   an article of the knowledge base, or a prompt; like a flow block it
 *                              may name codes. Without any it stands for the rest of the page
 *
 * A line `# expect error P0304` in a block says the same as `error=P0304`. What does not begin with
 * `parlance 1` gets that line; statements are put into a flow. Other blocks are not looked at.
 */
#include "tests/docs/doc.h"
#include "tools/compile/compile.h"
#include "tools/sim/sim.h"

enum { CODES_MOST = 32 };

struct block {
    struct pl_str info, body; /* info: what follows the three backticks */
    unsigned line;
};

struct codes {
    uint32_t v[CODES_MOST];
    size_t n;
};

struct run {
    struct doc_root at;
    const char *page;
    struct pl_str flow;        /* the last flow block, whole */
    PL_VEC(const char *) kept; /* files that stand for the rest of the page */
    size_t blocks, wrong;
};

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
    if (pl_str_is(doc_take_word(&info), "markdown")) doc_take_word(&info); /* its file */
    while ((word = doc_take_word(&info)).n) {
        if ((code = doc_after(word, "error=")).n)
            good = add_code(errors, code) && good;
        else
            good = (code = doc_after(word, "warning=")).n && add_code(warnings, code) && good;
    }
    while (body.n) {
        code = doc_after(pl_str_trim(doc_take_line(&body)), "# expect error ");
        if (code.n) good = add_code(errors, doc_take_word(&code)) && good;
    }
    return good;
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
    enum pl_err err = pl_compile_folder(r->at.root, &options, &c);
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
        .folder = r->at.root, .talks = talks, .ntalks = 1, .out = stdout, .err = stderr};
    snprintf(path, sizeof path, "%s/page.talk", r->at.root);
    return pl_sim_test_main(&test) == 0;
}

/* The file beside the flows that this block is, NULL when it is a flow itself. */
static const char *beside(struct pl_arena *a, const struct block *b, struct pl_str kind) {
    if (pl_str_is(kind, "talk")) return "page.talk";
    if (pl_str_is(kind, "flow")) return NULL;
    if (pl_str_is(kind, "markdown")) {
        struct pl_str info = b->info;
        doc_take_word(&info);
        return pl_arena_str(a, doc_take_word(&info)).p;
    }
    size_t at = pl_str_find(b->body, PL_STR("\"@@locale\": \""));
    if (at == SIZE_MAX) return "i18n/unnamed.arb";
    struct pl_str rest = {b->body.p + at + 13, b->body.n - at - 13};
    size_t end = pl_str_find(rest, PL_STR("\""));
    if (end == SIZE_MAX) return "i18n/unnamed.arb";
    return pl_arena_printf(a, "i18n/%.*s.arb", (int)end, rest.p).p;
}

static void check(struct run *r, struct pl_arena *a, const struct block *b) {
    struct pl_str info = b->info, kind = doc_take_word(&info);
    bool article = pl_str_is(kind, "markdown") && info.n;
    if (!article && !pl_str_is(kind, "flow") && !pl_str_is(kind, "talk") && !pl_str_is(kind, "arb"))
        return;
    struct codes errors = {0}, warnings = {0};
    struct pl_buf said = {0}, base = {0};
    const char *file = beside(a, b, kind);
    bool talk = pl_str_is(kind, "talk");
    if (!file) r->flow = doc_whole(a, b->body);
    doc_base(&base, r->at.base, r->flow);
    doc_put(&r->at, "base.flow", pl_buf_slice(&base));
    doc_put(&r->at, "page.flow", r->flow.n ? r->flow : PL_STR("parlance 1\n"));
    if (file && talk && !pl_str_starts(b->body, PL_STR("parlance")))
        doc_put(&r->at, file, pl_arena_printf(a, "parlance 1\n\n%.*s", PL_STR_ARG(b->body)));
    else if (file)
        doc_put(&r->at, file, b->body);
    r->blocks++;
    bool good = expectations(b, &errors, &warnings);
    if (!good) pl_buf_c(&said, "the line after the backticks is not understood\n");
    good = good && compile(r, &errors, &warnings, &said) && (!talk || play(r));
    if (!good) {
        r->wrong++;
        printf("%s:%u: this example does not do what it says\n%.*s\n", r->page, b->line,
               (int)said.n, said.p);
    }
    if (article && errors.n + warnings.n == 0)
        PL_PUSH(&r->kept, file);
    else if (file)
        doc_drop(&r->at, file);
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
        struct pl_str line = doc_take_line(&text);
        number++;
        bool fence = pl_str_starts(line, PL_STR("```"));
        if (fence && !inside) {
            b = (struct block){doc_after(line, "```"), text, number};
        } else if (fence) {
            b.body.n = (size_t)(line.p - b.body.p);
            check(r, a, &b);
        }
        inside = fence ? !inside : inside;
    }
    for (size_t i = 0; i < r->kept.n; i++) doc_drop(&r->at, r->kept.v[i]);
    PL_VEC_FREE(&r->kept);
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
    bool good = doc_open(&r.at, &arena, argv[1], argv[2]);
    for (int i = 3; i < argc && good; i++) {
        r.page = argv[i];
        good = pl_file_read(&arena, argv[i], DOC_PAGE_MOST, &text) == PL_OK;
        if (good) check_page(&r, &arena, text);
    }
    doc_close(&r.at);
    printf("%zu examples, %zu wrong\n", r.blocks, r.wrong);
    pl_arena_free(&arena);
    return good && r.blocks && !r.wrong ? 0 : 1;
}
