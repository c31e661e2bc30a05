/* SPDX-License-Identifier: Apache-2.0
 *
 * Diagnostics: how they print, what `allow` removes, the limits at N and N+1, and what the tree
 * says where a file is right.
 */
#include "grammar/grammar.h"
#include "grammar/lex.h"
#include "grammar/parse.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

struct run {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_ast_file *file;
};

static struct run parse(struct pl_str text) {
    static struct run r;
    r = (struct run){0};
    pl_arena_init(&r.arena, 0);
    pl_sources_init(&r.sources, &r.arena);
    pl_diags_init(&r.diags, &r.arena, &r.sources);
    pl_sources_add(&r.sources, PL_STR("a.flow"), text);
    r.file = pl_parse(&r.arena, &r.sources, 0, &r.diags);
    return r;
}

/* The code of the first diagnostic of a text, 0 when there is none. */
static unsigned code_of(struct pl_str text) {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    pl_arena_init(&arena, 0);
    pl_sources_init(&sources, &arena);
    pl_diags_init(&diags, &arena, &sources);
    pl_sources_add(&sources, PL_STR("a.flow"), text);
    pl_parse(&arena, &sources, 0, &diags);
    unsigned code = diags.n ? diags.v[0]->code : 0;
    pl_arena_free(&arena);
    return code;
}

static void repeat(struct pl_buf *b, const char *what, size_t n) {
    for (size_t i = 0; i < n; i++) pl_buf_c(b, what);
}

static void prints_for_people(void **state) {
    (void)state;
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_buf out = {0};
    pl_arena_init(&arena, 0);
    pl_sources_init(&sources, &arena);
    pl_diags_init(&diags, &arena, &sources);
    pl_sources_add(&sources, PL_STR("a.flow"), PL_STR("parlance 1\nflow a\n  \"日本\" @x iff y\n"));
    pl_parse(&arena, &sources, 0, &diags);
    pl_diags_print(&out, &diags, false);
    pl_buf_byte(&out, 0);
    assert_string_equal(out.p, "a.flow:3:11: error P0113: the line should end before `iff`\n"
                               "     3 |   \"日本\" @x iff y\n"
                               "       |             ^~~\n"
                               "       = why: one line says or does one thing\n"
                               "       = fix: delete it, or give it a line of its own\n"
                               "\n"
                               "1 error, 0 warnings\n");
    pl_buf_free(&out);
    pl_arena_free(&arena);
}

/* Appends what is said of a file's text. */
static void say(struct pl_buf *out, struct pl_str text) {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    pl_arena_init(&arena, 0);
    pl_sources_init(&sources, &arena);
    pl_diags_init(&diags, &arena, &sources);
    pl_sources_add(&sources, PL_STR("a.flow"), text);
    pl_parse(&arena, &sources, 0, &diags);
    pl_diags_print(out, &diags, false);
    pl_buf_byte(out, 0);
    pl_arena_free(&arena);
}

/* A line that is too long for a terminal is cut on both sides, by columns: 日 takes two. */
static void cuts_long_lines(void **state) {
    struct pl_buf text = {0}, out = {0}, want = {0};
    (void)state;
    pl_buf_c(&text, "parlance 1\nflow a\n  \"");
    repeat(&text, "日", 80);
    pl_buf_c(&text, "\" iff");
    repeat(&text, " x", 90);
    say(&out, pl_buf_slice(&text));
    pl_buf_c(&want, "\n     3 | …");
    repeat(&want, "日", 19);
    pl_buf_c(&want, "\" iff");
    repeat(&want, " x", 28);
    pl_buf_c(&want, " …\n       | ");
    repeat(&want, " ", 41);
    pl_buf_c(&want, "^~~\n");
    assert_true(pl_str_find(pl_buf_slice(&out), pl_buf_slice(&want)) != SIZE_MAX);
    assert_true(pl_str_starts(pl_buf_slice(&out), PL_STR("a.flow:3:86: error P0113: ")));
    pl_buf_free(&text);
    pl_buf_free(&out);
    pl_buf_free(&want);
}

/* Marks above and below letters take no column, so what follows is marked in its place. */
static void marks_other_scripts(void **state) {
    struct pl_buf out = {0};
    (void)state;
    say(&out, PL_STR("parlance 1\nflow a\n  \"مَرْحبا e\u0301\" iff\n"));
    assert_true(pl_str_find(pl_buf_slice(&out), PL_STR("\n     3 |   \"مَرْحبا e\u0301\" iff\n"
                                                       "       |             ^~~\n")) != SIZE_MAX);
    assert_true(pl_str_starts(pl_buf_slice(&out), PL_STR("a.flow:3:16: error P0113: ")));
    pl_buf_free(&out);
}

static void prints_json(void **state) {
    (void)state;
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_buf out = {0};
    pl_arena_init(&arena, 0);
    pl_sources_init(&sources, &arena);
    pl_diags_init(&diags, &arena, &sources);
    pl_sources_add(&sources, PL_STR("a.flow"),
                   PL_STR("parlance 1\nflow a\n  if x == 1\n    pass\n"));
    pl_parse(&arena, &sources, 0, &diags);
    pl_diags_print_json(&out, &diags);
    pl_buf_byte(&out, 0);
    assert_string_equal(
        out.p,
        "{\"code\":\"P0104\",\"severity\":\"error\",\"file\":\"a.flow\",\"line\":3,"
        "\"column\":8,\"end_line\":3,\"end_column\":10,\"message\":\"`==` does not compare\","
        "\"notes\":[{\"file\":\"a.flow\",\"line\":3,\"column\":8,\"end_line\":3,\"end_column\":10,"
        "\"message\":\"conditions are written in words\"},{\"file\":\"a.flow\",\"line\":3,"
        "\"column\":8,\"end_line\":3,\"end_column\":10,\"message\":\"write `is`\"}],"
        "\"fixes\":[{\"title\":\"write `is`\",\"safe\":true,\"edits\":[{\"file\":\"a.flow\","
        "\"line\":3,\"column\":8,\"end_line\":3,\"end_column\":10,\"text\":\"is\"}]}]}\n");
    pl_buf_free(&out);
    pl_arena_free(&arena);
}

static void allow_removes_a_warning(void **state) {
    (void)state;
    struct run r = parse(PL_STR("parlance 1\nflow a\n  # allow P0017: a test\n  end resolved\n"
                                "  # allow P0016\n  # allow P9999: no such\n"));
    struct pl_span line = {0, 45, 50};
    assert_int_equal(r.diags.n, 2);
    assert_int_equal(r.diags.v[0]->code, PL_D_ALLOW_FORM);
    r.diags.sources = &r.sources;
    pl_diag1(&r.diags, PL_D_ALLOW_UNUSED, line, PL_STR("P0001"));
    assert_int_equal(r.diags.n, 2);
    assert_true(r.diags.allows[0].used);
    pl_arena_free(&r.arena);
}

static void keeps_two_hundred(void **state) {
    (void)state;
    struct pl_buf b = {0};
    pl_buf_c(&b, "parlance 1\nflow a\n");
    repeat(&b, "  nonsense\n", PL_DIAG_MOST + 7);
    struct run r = parse(pl_buf_slice(&b));
    assert_int_equal(r.diags.n, PL_DIAG_MOST);
    assert_int_equal(r.diags.dropped, 7);
    assert_int_equal(r.diags.errors, PL_DIAG_MOST + 7);
    pl_arena_free(&r.arena);
    pl_buf_free(&b);
}

static void start(struct run *r, struct pl_str text) {
    *r = (struct run){0};
    pl_arena_init(&r->arena, 0);
    pl_sources_init(&r->sources, &r->arena);
    pl_diags_init(&r->diags, &r->arena, &r->sources);
    pl_sources_add(&r->sources, PL_STR("a.flow"), text);
}

static size_t times(struct pl_str text, struct pl_str what) {
    size_t n = 0, at;
    for (; (at = pl_str_find(text, what)) != SIZE_MAX; n++)
        text = (struct pl_str){text.p + at + what.n, text.n - at - what.n};
    return n;
}

/* Errors stand first, and of one warning made everywhere only the first few are shown. */
static void folds_what_is_alike(void **state) {
    (void)state;
    struct run r;
    struct pl_buf out = {0};
    start(&r, PL_STR("parlance 1\n0123456789012345678901234567890123456789\n"));
    for (uint32_t i = 0; i < 9; i++) pl_diag(&r.diags, PL_D_ID_MISSING, (struct pl_span){0, i, i});
    pl_diag1(&r.diags, PL_D_CATALOG_MISSING, (struct pl_span){0, 20, 21}, PL_STR("xx"));
    pl_diag(&r.diags, PL_D_TAB, (struct pl_span){0, 30, 31});
    pl_diags_finish(&r.diags, false);
    pl_diags_print(&out, &r.diags, false);
    struct pl_str said = pl_buf_slice(&out);
    assert_true(pl_str_starts(said, PL_STR("a.flow:2:20: error P0002: ")));
    assert_int_equal(times(said, PL_STR("warning P0208: ")), 8);
    assert_int_equal(times(said, PL_STR("warning P0528: ")), 1);
    assert_int_equal(times(said, PL_STR("\n… and 1 more like this (P0208); "
                                        "`parlance fmt --ids` writes them all\n")),
                     1);
    assert_int_equal(times(said, PL_STR("\n1 error, 10 warnings\n")), 1);
    pl_buf_clear(&out);
    pl_diags_print_json(&out, &r.diags);
    assert_int_equal(times(pl_buf_slice(&out), PL_STR("\"P0208\"")), 9);
    pl_buf_free(&out);
    pl_arena_free(&r.arena);
}

/* However many warnings came before, errors are kept. */
static void errors_take_the_place(void **state) {
    (void)state;
    struct run r;
    start(&r, PL_STR("parlance 1\n"));
    for (uint32_t i = 0; i < PL_DIAG_MOST; i++)
        pl_diag(&r.diags, PL_D_ID_MISSING, (struct pl_span){0, i % 8, i % 8 + 1});
    pl_diag(&r.diags, PL_D_TAB, (struct pl_span){0, 3, 4});
    pl_diag(&r.diags, PL_D_TAB, (struct pl_span){0, 4, 5});
    pl_diag(&r.diags, PL_D_ID_MISSING, (struct pl_span){0, 2, 3});
    assert_int_equal(r.diags.n, PL_DIAG_MOST);
    assert_int_equal(r.diags.dropped, 3);
    assert_int_equal(r.diags.errors, 2);
    assert_int_equal(r.diags.v[PL_DIAG_MOST - 1]->code, PL_D_TAB);
    assert_int_equal(r.diags.v[PL_DIAG_MOST - 2]->code, PL_D_TAB);
    pl_arena_free(&r.arena);
}

static unsigned code_around(const char *before, const char *what, size_t n, const char *after) {
    struct pl_buf b = {0};
    pl_buf_c(&b, before);
    repeat(&b, what, n);
    pl_buf_c(&b, after);
    unsigned code = code_of(pl_buf_slice(&b));
    pl_buf_free(&b);
    return code;
}

static void limits(void **state) {
    (void)state;
    /* The quotes count. */
    assert_int_equal(code_around("parlance 1\nflow a\n  \"", "x", PL_LEX_TEXT_MOST - 2, "\"\n"), 0);
    assert_int_equal(code_around("parlance 1\nflow a\n  \"", "x", PL_LEX_TEXT_MOST - 1, "\"\n"),
                     PL_D_TEXT_SIZE);
    assert_int_equal(code_around("parlance 1\n", "#", PL_LEX_LINE_MOST, "\n"), 0);
    assert_int_equal(code_around("parlance 1\n", "#", PL_LEX_LINE_MOST + 1, "\n"), PL_D_LINE_SIZE);
    assert_int_equal(code_around("parlance 1\n", "#\n", (PL_LEX_FILE_MOST - 12) / 2, "\n"), 0);
    assert_int_equal(code_around("parlance 1\n", "#\n", (PL_LEX_FILE_MOST - 10) / 2, "\n"),
                     PL_D_FILE_SIZE);
}

static unsigned code_of_brackets(size_t n) {
    struct pl_buf b = {0};
    pl_buf_c(&b, "parlance 1\nflow a\n  set x = ");
    repeat(&b, "(", n);
    pl_buf_c(&b, "1");
    repeat(&b, ")", n);
    pl_buf_c(&b, "\n");
    unsigned code = code_of(pl_buf_slice(&b));
    pl_buf_free(&b);
    return code;
}

static unsigned code_of_blocks(size_t n) {
    struct pl_buf b = {0};
    pl_buf_c(&b, "parlance 1\nflow a\n");
    for (size_t i = 1; i < n; i++) {
        repeat(&b, " ", i);
        pl_buf_c(&b, "if x\n");
    }
    repeat(&b, " ", n);
    pl_buf_c(&b, "pass\n");
    unsigned code = code_of(pl_buf_slice(&b));
    pl_buf_free(&b);
    return code;
}

static void depths(void **state) {
    (void)state;
    assert_int_equal(code_of_brackets(PL_LEX_DEPTH_MOST), 0);
    assert_int_equal(code_of_brackets(PL_LEX_DEPTH_MOST + 1), PL_D_DEPTH);
    assert_int_equal(code_of_blocks(PL_LEX_DEPTH_MOST - 1), 0);
    assert_int_equal(code_of_blocks(PL_LEX_DEPTH_MOST), PL_D_DEPTH);
}

static void bytes_that_are_no_text(void **state) {
    (void)state;
    assert_int_equal(code_of(PL_STR("parlance 1\n# \xC3\x28\n")), PL_D_NOT_UTF8);
    assert_int_equal(code_of(PL_STR("\xEF\xBB\xBFparlance 1\r\n# CR LF\r\n")), 0);
    assert_int_equal(code_of(PL_STR("")), PL_D_EDITION_MISSING);
    assert_int_equal(code_of(PL_STR("parlance 1\nflow a\n  \"a\x01\"\n")), PL_D_CONTROL);
}

static void the_tree_has_values(void **state) {
    (void)state;
    struct run r = parse(PL_STR("parlance 1\n## One.\n## Two.\nflow a\n  set x = -2.50 USD\n"));
    assert_int_equal(r.diags.v[0]->code, PL_D_EXPECTED); /* money has no sign */
    pl_arena_free(&r.arena);
    r = parse(PL_STR("parlance 1\n## One.\n## Two.\nflow a\n  wait 2h @w\n  set x = 2.5 USD\n"
                     "  \"\"\"\n  a\\u{1F4E6}\n   {b}\n  \"\"\"\n"));
    assert_int_equal(r.diags.n, 0);
    struct pl_ast_decl *d = r.file->decls.v[0];
    assert_true(pl_str_is(d->doc, "One.\nTwo."));
    struct pl_ast_block *body = d->flow.body;
    assert_int_equal(body->n, 3);
    assert_int_equal(body->v[0]->wait.duration.ms, 7200000);
    assert_true(pl_str_is(body->v[0]->wait.id.s, "w"));
    assert_string_equal(body->v[1]->set.value->money.currency, "USD");
    assert_int_equal(body->v[1]->set.value->money.amount.m, 25);
    struct pl_ast_text *text = body->v[2]->say.line.text;
    assert_int_equal(text->pieces.n, 2);
    assert_true(pl_str_is(text->pieces.v[0].text, "a\xF0\x9F\x93\xA6\n "));
    assert_true(pl_str_is(text->raw, "a\\u{1F4E6}\n {b}"));
    assert_true(pl_str_is(text->pieces.v[1].expr->path.s, "b"));
    pl_arena_free(&r.arena);
}

static void every_code_is_its_own(void **state) {
    (void)state;
    const struct pl_diag_info *a, *b;
    for (size_t i = 0; (a = pl_diag_info_at(i)); i++)
        for (size_t k = 0; k < i && (b = pl_diag_info_at(k)); k++) {
            assert_int_not_equal(a->code, b->code);
            assert_string_not_equal(a->name, b->name);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_for_people),
        cmocka_unit_test(cuts_long_lines),
        cmocka_unit_test(marks_other_scripts),
        cmocka_unit_test(prints_json),
        cmocka_unit_test(allow_removes_a_warning),
        cmocka_unit_test(keeps_two_hundred),
        cmocka_unit_test(folds_what_is_alike),
        cmocka_unit_test(errors_take_the_place),
        cmocka_unit_test(limits),
        cmocka_unit_test(depths),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(the_tree_has_values),
        cmocka_unit_test(every_code_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
