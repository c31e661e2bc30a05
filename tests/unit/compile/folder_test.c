/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/compile/compile.h"

/* The shipped assistant compiles, to the same bytes twice, and loads. */
static void test_flows(void **state) {
    static const uint8_t hash[32];
    struct pl_compiled first, second;
    struct pl_buf said = {0};
    struct pl_image *image = NULL;
    char why[256] = "";
    (void)state;
    enum pl_err err = pl_compile_folder("flows", NULL, &first);
    pl_diags_print(&said, &first.diags, false);
    if (err != PL_OK) print_message("%.*s\n", (int)said.n, said.p);
    assert_int_equal(err, PL_OK);
    assert_int_equal(pl_compile_folder("./flows/", NULL, &second), PL_OK);
    assert_true(pl_str_eq(first.image, second.image));
    err = pl_image_load(first.image, hash, &image, why);
    assert_string_equal(why, "");
    assert_int_equal(err, PL_OK);
    assert_true(pl_image_section(image, "nlp.model").n > 0);
    assert_true(pl_image_section(image, "lua/orders.lua").n > 0);
    pl_image_unref(&image);
    pl_buf_free(&said);
    pl_compiled_free(&first);
    pl_compiled_free(&second);
}

static void test_nothing(void **state) {
    struct pl_compiled c;
    (void)state;
    assert_int_equal(pl_compile_folder("no/such/folder", NULL, &c), PL_NOT_FOUND);
    pl_compiled_free(&c);
    assert_int_equal(pl_compile_folder("cmake", NULL, &c), PL_NOT_FOUND);
    pl_compiled_free(&c);
}

/* A project in a folder of its own; gives the count of errors. */
static size_t errors_of(const char *flow, struct pl_buf *said) {
    char folder[] = "/tmp/pl-compile-XXXXXX", path[64];
    struct pl_compiled c;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.flow", folder);
    assert_int_equal(pl_file_replace(path, pl_str_c(flow)), PL_OK);
    enum pl_err err = pl_compile_folder(folder, NULL, &c);
    size_t errors = c.diags.errors;
    assert_int_equal(err, errors ? PL_MALFORMED : PL_OK);
    assert_int_equal(c.image.n, 0);
    pl_diags_print(said, &c.diags, false);
    pl_compiled_free(&c);
    unlink(path);
    rmdir(folder);
    return errors;
}

static bool says(const struct pl_buf *said, const char *what) {
    return pl_str_find(pl_buf_slice(said), pl_str_c(what)) != SIZE_MAX;
}

/* What only the host knows: locales, zones, regular expressions, examples, files. */
static void test_host(void **state) {
    struct pl_buf said = {0};
    (void)state;
    assert_true(errors_of("parlance 1\n\n"
                          "assistant \"A\"\n  source en-US\n  locales en-US, xx-YY\n"
                          "  zone \"Europe/Nowhere\"\n\n"
                          "entity bad: text\n  match /[A-Z/\n\n"
                          "entity odd: text\n  match /[A-Z]+/\n  example \"12\"\n",
                          &said) > 3);
    assert_true(says(&said, "`xx-YY` is not a locale"));
    assert_true(says(&said, "`Europe/Nowhere` is not a time zone"));
    assert_true(says(&said, "P0320"));
    assert_true(says(&said, "the example \"12\" does not match"));
    pl_buf_free(&said);
}

/* ---- what was read is kept ---- */

static struct pl_str said_of(struct pl_arena *a, const struct pl_compiled *c) {
    struct pl_buf said = {0};
    pl_diags_print(&said, &c->diags, false);
    struct pl_str text = pl_arena_str(a, pl_buf_slice(&said));
    pl_buf_free(&said);
    return text;
}

/* With what was kept of earlier texts the same is said, and the same names stand at the same
 * places, as without. */
static void check_edited(struct pl_parses *kept, struct pl_arena *memory, const char *edited) {
    static const char folder[] = "tests/web/studio/flows";
    struct pl_compile_text text = {PL_STR("tests/web/studio/flows/wrap.flow"), pl_str_c(edited)};
    struct pl_index index = {0}, fresh_index = {0};
    struct pl_compile_options plain = {
        .check_only = true, .index_out = &fresh_index, .texts = &text, .ntexts = edited[0] != 0};
    struct pl_compile_options keeps = plain;
    struct pl_compiled fresh, c;
    struct pl_arena a;
    keeps.index_out = &index;
    keeps.parses = kept;
    keeps.memory = memory;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_compile_folder(folder, &plain, &fresh);
    assert_int_equal(pl_compile_folder(folder, &keeps, &c), err);
    assert_true(pl_str_eq(said_of(&a, &c), said_of(&a, &fresh)));
    assert_int_equal(index.nuses, fresh_index.nuses);
    for (size_t i = 0; i < index.nuses; i++)
        assert_memory_equal(&index.uses[i].at, &fresh_index.uses[i].at, sizeof index.uses[i].at);
    pl_compiled_free(&fresh);
    *memory = c.arena;
    pl_arena_free(&a);
}

static void test_kept(void **state) {
    struct pl_parses *kept = pl_parses_new();
    struct pl_arena memory;
    (void)state;
    pl_arena_init(&memory, 0);
    check_edited(kept, &memory, "parlance 1\n\n# allow P0402: of no use\nflow odd\n  gotoo x\n");
    check_edited(kept, &memory, "");
    pl_arena_free(&memory);
    pl_parses_free(&kept);
}

/* ---- trained models are kept ---- */

struct cached {
    char cache[64], project[64];
    struct pl_arena a;
};

static size_t models(struct cached *c) {
    struct pl_str *names;
    size_t n = 0;
    assert_int_equal(pl_files_under(&c->a, c->cache, ".intents", 100, &names, &n), PL_OK);
    return n;
}

/* Builds the project with this greeting and this example; gives the image. */
static struct pl_str built(struct cached *c, const char *greeting, const char *example) {
    const struct pl_compile_options options = {.cache = c->cache};
    struct pl_compiled out;
    char path[128];
    struct pl_str flow = pl_arena_printf(
        &c->a,
        "parlance 1\n\nassistant \"A\"\n  source en-US\n\nintent hours\n  en \"%s\", \"when are "
        "you open\",\n     \"opening hours\"\n\nflow hours\n  on intent hours\n  \"%s\" @h\n",
        example, greeting);
    snprintf(path, sizeof path, "%s/a.flow", c->project);
    assert_int_equal(pl_file_replace(path, flow), PL_OK);
    assert_int_equal(pl_compile_folder(c->project, &options, &out), PL_OK);
    struct pl_str image = pl_arena_str(&c->a, out.image);
    pl_compiled_free(&out);
    return image;
}

static void damage(struct cached *c) {
    struct pl_str *names, bytes;
    size_t n = 0;
    assert_int_equal(pl_files_under(&c->a, c->cache, ".intents", 100, &names, &n), PL_OK);
    for (size_t i = 0; i < n; i++) {
        struct pl_str path = pl_arena_printf(&c->a, "%s/%.*s", c->cache, PL_STR_ARG(names[i]));
        assert_int_equal(pl_file_read(&c->a, path.p, 1 << 24, &bytes), PL_OK);
        ((char *)(uintptr_t)bytes.p)[bytes.n / 2] ^= 1;
        assert_int_equal(pl_file_replace(path.p, bytes), PL_OK);
    }
}

static void clean(struct cached *c, const char *folder) {
    struct pl_str *names;
    size_t n = 0;
    if (pl_files_under(&c->a, folder, "", 100, &names, &n) != PL_OK) n = 0;
    for (size_t i = 0; i < n; i++)
        unlink(pl_arena_printf(&c->a, "%s/%.*s", folder, PL_STR_ARG(names[i])).p);
    rmdir(folder);
}

static void test_cache(void **state) {
    struct cached c = {.cache = "/tmp/parlance-cache-XXXXXX",
                       .project = "/tmp/parlance-flows-XXXXXX"};
    (void)state;
    pl_arena_init(&c.a, 0);
    assert_non_null(mkdtemp(c.cache));
    assert_non_null(mkdtemp(c.project));
    struct pl_str first = built(&c, "From 8 to 20.", "until when are you open");
    assert_int_equal(models(&c), 1);
    assert_true(pl_str_eq(built(&c, "From 8 to 20.", "until when are you open"), first));
    built(&c, "All day.", "until when are you open"); /* another text is no other intent */
    assert_int_equal(models(&c), 1);
    damage(&c);
    assert_true(pl_str_eq(built(&c, "From 8 to 20.", "until when are you open"), first));
    built(&c, "From 8 to 20.", "do you ever close");
    assert_int_equal(models(&c), 2);
    clean(&c, c.cache);
    clean(&c, c.project);
    pl_arena_free(&c.a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows), cmocka_unit_test(test_nothing), cmocka_unit_test(test_host),
        cmocka_unit_test(test_kept),  cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
