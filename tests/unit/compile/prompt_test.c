/* SPDX-License-Identifier: Apache-2.0
 *
 * Prompts of a project: which one a turn gets, and what a change of one changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/compile/compile.h"

static const char *const names[] = {"main.flow", "prompts/answer.md", "prompts/brisk.md",
                                    "kb/en/a.md"};

struct project {
    char folder[64];
    struct pl_compiled c;
};

static void put(struct project *p, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    assert_int_equal(pl_file_replace(path, pl_str_c(text)), PL_OK);
}

static const char flow[] = "parlance 1\n\nassistant \"A\"\n  source en-US\n  tone \"Calm.\"\n\n"
                           "flow ask_us\n  on otherwise\n"
                           "  answer @one\n    budget 1 call, 2s\n"
                           "    unsure\n      end unresolved\n    down\n      end unresolved\n"
                           "  answer @two\n    prompt brisk\n    budget 1 call, 2s\n"
                           "    unsure\n      end unresolved\n    down\n      end unresolved\n";

static void begin(struct project *p) {
    static const char *const folders[] = {"prompts", "kb", "kb/en"};
    char path[128];
    *p = (struct project){.folder = "/tmp/pl-prompts-XXXXXX"};
    assert_non_null(mkdtemp(p->folder));
    for (size_t i = 0; i < PL_LEN(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", p->folder, folders[i]);
        assert_int_equal(pl_mkdirs(path), PL_OK);
    }
    put(p, "main.flow", flow);
    put(p, "prompts/brisk.md", "---\nversion: 2\nfor: answer\n---\n\nBe brisk.\n");
}

static void end(struct project *p) {
    static const char *const folders[] = {"prompts", "kb/en", "kb", "."};
    char path[128];
    for (size_t i = 0; i < PL_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", p->folder, names[i]);
        unlink(path);
    }
    for (size_t i = 0; i < PL_LEN(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", p->folder, folders[i]);
        rmdir(i == 3 ? p->folder : path);
    }
}

static enum pl_err build(struct project *p, const struct pl_program *previous) {
    const struct pl_compile_options options = {.cache = "", .previous = previous};
    return pl_compile_folder(p->folder, &options, &p->c);
}

static size_t count(const struct pl_compiled *c, enum pl_diag_code code) {
    size_t n = 0;
    for (size_t i = 0; i < c->diags.n; i++) n += c->diags.v[i]->code == code;
    return n;
}

static const struct pl_p_prompt *prompt_of(const struct pl_program *p, uint32_t model) {
    assert_true(model < p->nmodels && p->models[model].prompt < p->nprompts);
    return &p->prompts[p->models[model].prompt];
}

/* ---- which ---- */

static void test_which(void **state) {
    struct project p;
    (void)state;
    begin(&p);
    assert_int_equal(build(&p, NULL), PL_OK);
    assert_int_equal(p.c.program.nprompts, 2);
    const struct pl_p_prompt *one = prompt_of(&p.c.program, 0), *two = prompt_of(&p.c.program, 1);
    assert_true(pl_str_is(one->name, "standard.answer"));
    assert_true(pl_str_find(one->text, PL_STR("{assistant}")) != SIZE_MAX);
    assert_true(pl_str_is(two->name, "brisk"));
    assert_true(pl_str_is(two->text, "Be brisk."));
    assert_int_equal(two->version, 2);
    pl_compiled_free(&p.c);
    put(&p, "prompts/answer.md", "---\nversion: 1\nfor: answer\n---\n\nOurs.\n");
    assert_int_equal(build(&p, NULL), PL_OK);
    assert_true(pl_str_is(prompt_of(&p.c.program, 0)->text, "Ours."));
    pl_compiled_free(&p.c);
    end(&p);
}

/* ---- a change ---- */

static void test_change(void **state) {
    struct project p;
    (void)state;
    begin(&p);
    assert_int_equal(build(&p, NULL), PL_OK);
    struct pl_compiled before = p.c;
    put(&p, "prompts/brisk.md", "---\nversion: 2\nfor: answer\n---\n\nBe very brisk.\n");
    assert_int_equal(build(&p, &before.program), PL_OK);
    assert_false(pl_str_eq(before.image, p.c.image));
    assert_int_equal(count(&p.c, PL_D_PROMPT_VERSION), 1);
    pl_compiled_free(&p.c);
    put(&p, "prompts/brisk.md", "---\nversion: 3\nfor: answer\n---\n\nBe very brisk.\n");
    assert_int_equal(build(&p, &before.program), PL_OK);
    assert_int_equal(count(&p.c, PL_D_PROMPT_VERSION), 0);
    pl_compiled_free(&p.c);
    put(&p, "prompts/brisk.md",
        "---\n# allow P0796: a slip of the pen, nobody saw it\nversion: 2\nfor: answer\n---\n\n"
        "Be brisk!\n");
    assert_int_equal(build(&p, &before.program), PL_OK);
    assert_int_equal(p.c.diags.n, before.diags.n);
    pl_compiled_free(&p.c);
    pl_compiled_free(&before);
    end(&p);
}

/* ---- mistakes of several kinds of files are shown at once ---- */

static void test_together(void **state) {
    struct project p;
    (void)state;
    begin(&p);
    put(&p, "main.flow",
        "parlance 1\n\nassistant \"A\"\n  source en-US\n\nflow a\n  on open\n  goto b\n");
    put(&p, "prompts/answer.md", "---\nversion: 1\nfor: answer\n---\n\nOurs, {mood}.\n");
    put(&p, "kb/en/a.md", "---\ntitle: A\ncolour: red\n---\n\nText.\n");
    assert_int_equal(build(&p, NULL), PL_MALFORMED);
    assert_int_equal(count(&p.c, PL_D_UNKNOWN), 1);
    assert_int_equal(count(&p.c, PL_D_PROMPT_WORD), 1);
    assert_int_equal(count(&p.c, PL_D_ARTICLE_HEAD), 1);
    pl_compiled_free(&p.c);
    put(&p, "main.flow", "parlance 1\n\nflow (\n"); /* not even read to its end */
    assert_int_equal(build(&p, NULL), PL_MALFORMED);
    assert_int_equal(count(&p.c, PL_D_PROMPT_WORD), 1);
    assert_int_equal(count(&p.c, PL_D_ARTICLE_HEAD), 1);
    pl_compiled_free(&p.c);
    put(&p, "main.flow", flow); /* a prompt's mistake alone keeps a program from being one */
    assert_int_equal(build(&p, NULL), PL_MALFORMED);
    assert_int_equal(p.c.image.n, 0);
    pl_compiled_free(&p.c);
    end(&p);
}

/* ---- pieces ---- */

static void test_pieces(void **state) {
    static const struct {
        enum pl_prompt_piece kind;
        const char *text;
    } want[] = {
        {PL_PROMPT_WORDS, "I am "},   {PL_PROMPT_ASSISTANT, "assistant"}, {PL_PROMPT_WORDS, ", "},
        {PL_PROMPT_WORDS, "{so"},     {PL_PROMPT_WORDS, "} \\ "},         {PL_PROMPT_TONE, "tone"},
        {PL_PROMPT_UNKNOWN, ""},      {PL_PROMPT_UNKNOWN, "mood"},        {PL_PROMPT_WORDS, "\n"},
        {PL_PROMPT_LOCALE, "locale"}, {PL_PROMPT_WORDS, " } "},           {PL_PROMPT_UNKNOWN, "x"}};
    struct pl_str text = PL_STR("I am {assistant}, \\{so\\} \\ {tone}{}{mood\n{locale} } {x");
    enum pl_prompt_piece kind;
    struct pl_str s;
    (void)state;
    for (size_t i = 0; i < PL_LEN(want); i++) {
        assert_true(pl_prompt_next(&text, &kind, &s));
        if (kind != want[i].kind || !pl_str_is(s, want[i].text))
            print_message("piece %zu: %d %.*s\n", i, (int)kind, PL_STR_ARG(s));
        assert_int_equal(kind, want[i].kind);
        assert_true(pl_str_is(s, want[i].text));
    }
    assert_false(pl_prompt_next(&text, &kind, &s));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
