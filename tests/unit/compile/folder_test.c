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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
