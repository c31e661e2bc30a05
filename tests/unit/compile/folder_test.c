/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
