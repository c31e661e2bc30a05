/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/auth/auth.h"
#include "runtime/store/store.h"

static int setup(void **state) {
    struct pl_store_config config = {0};
    return pl_store_open(&config, (struct pl_store **)state, NULL) == PL_OK ? 0 : -1;
}

static int teardown(void **state) {
    pl_store_close((struct pl_store **)state);
    return 0;
}

static void resume_secrets(void **state) {
    (void)state;
    struct pl_resume made, read, other;
    char text[PL_RESUME_TEXT], text2[PL_RESUME_TEXT];
    assert_int_equal(pl_resume_make(&made, text), PL_OK);
    assert_int_equal(pl_resume_make(&other, text2), PL_OK);
    assert_int_equal(strlen(text), PL_RESUME_TEXT - 1);
    assert_true(pl_resume_read(pl_str_c(text), &read));
    assert_memory_equal(read.conversation, made.conversation, 16);
    assert_true(pl_resume_match(made.hash, read.hash));
    assert_false(pl_resume_match(made.hash, other.hash));
    text[PL_RESUME_TEXT - 2] = text[PL_RESUME_TEXT - 2] == '0' ? '1' : '0'; /* one digit forged */
    assert_true(pl_resume_read(pl_str_c(text), &read));
    assert_false(pl_resume_match(made.hash, read.hash));
    text[32] = '_';
    assert_false(pl_resume_read(pl_str_c(text), &read));
    text[32] = '-';
    text[40] = 'x';
    assert_false(pl_resume_read(pl_str_c(text), &read));
    assert_false(pl_resume_read(PL_STR(""), &read));
}

static void scopes(void **state) {
    (void)state;
    uint32_t bits;
    struct pl_str bad;
    assert_int_equal(pl_scopes_read(PL_STR("queue, metrics"), &bits, &bad), PL_OK);
    assert_int_equal(bits, PL_TOKEN_MAY_QUEUE | PL_TOKEN_MAY_METRICS);
    struct pl_buf b = {0};
    pl_scopes_print(&b, bits);
    assert_true(pl_str_is(pl_buf_slice(&b), "queue,metrics"));
    pl_buf_free(&b);
    assert_int_equal(pl_scopes_read(PL_STR("queue,quue"), &bits, &bad), PL_MALFORMED);
    assert_true(pl_str_is(bad, "quue"));
    assert_int_equal(pl_scopes_read(PL_STR(""), &bits, &bad), PL_MALFORMED);
}

static void life_of_a_token(void **state) {
    struct pl_store *store = *state;
    struct pl_token made, got;
    char text[PL_TOKEN_TEXT];
    assert_int_equal(pl_token_make("till", PL_TOKEN_MAY_QUEUE, 1000, 5000, &made, text), PL_OK);
    assert_int_equal(strlen(text), PL_TOKEN_TEXT - 1);
    struct pl_str shown = pl_str_c(text);
    assert_int_equal(pl_token_check(store, shown, 0, 2000, &got), PL_NOT_FOUND);
    assert_int_equal(pl_token_save(store, &made), PL_OK);
    assert_int_equal(pl_token_check(store, shown, PL_TOKEN_MAY_QUEUE, 2000, &got), PL_OK);
    assert_string_equal(got.name, "till");
    assert_int_equal(pl_token_check(store, shown, PL_TOKEN_MAY_METRICS, 2000, &got), PL_DENIED);
    assert_int_equal(pl_token_check(store, shown, PL_TOKEN_MAY_QUEUE, 4999, &got), PL_OK);
    assert_int_equal(pl_token_check(store, shown, PL_TOKEN_MAY_QUEUE, 5000, &got), PL_TIMEOUT);
    text[PL_TOKEN_TEXT - 2] = text[PL_TOKEN_TEXT - 2] == 'a' ? 'b' : 'a';
    assert_int_equal(pl_token_check(store, shown, 0, 2000, &got), PL_NOT_FOUND);
    assert_int_equal(pl_token_check(store, PL_STR("plt_x"), 0, 2000, &got), PL_MALFORMED);
}

static void list_and_revoke(void **state) {
    struct pl_store *store = *state;
    struct pl_token a, b, list[8];
    char ta[PL_TOKEN_TEXT], tb[PL_TOKEN_TEXT];
    size_t n;
    assert_int_equal(pl_token_make("a", PL_TOKEN_MAY_QUEUE, 1, 0, &a, ta), PL_OK);
    assert_int_equal(pl_token_make("b", PL_TOKEN_MAY_METRICS, 1, 0, &b, tb), PL_OK);
    assert_int_equal(pl_token_save(store, &a), PL_OK);
    assert_int_equal(pl_token_save(store, &b), PL_OK);
    assert_int_equal(pl_token_list(store, NULL, list, 8, &n), PL_OK);
    assert_int_equal(n, 2);
    assert_int_equal(pl_token_revoke(store, a.id), PL_OK);
    assert_int_equal(pl_token_revoke(store, a.id), PL_NOT_FOUND);
    assert_int_equal(pl_token_check(store, pl_str_c(ta), 0, 2, &list[0]), PL_NOT_FOUND);
    assert_int_equal(pl_token_check(store, pl_str_c(tb), 0, 2, &list[0]), PL_OK);
    assert_int_equal(pl_token_list(store, NULL, list, 8, &n), PL_OK);
    assert_int_equal(n, 1);
}

static void a_list_in_pieces(void **state) {
    struct pl_store *store = *state;
    struct pl_token t, list[7], *after = NULL;
    char text[PL_TOKEN_TEXT];
    size_t n, all = 0;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(pl_token_make("a", PL_TOKEN_MAY_QUEUE, 1, 0, &t, text), PL_OK);
        assert_int_equal(pl_token_save(store, &t), PL_OK);
    }
    do {
        assert_int_equal(pl_token_list(store, after, list, PL_LEN(list), &n), PL_OK);
        if (after && n) assert_true(memcmp(list[0].id, t.id, sizeof t.id) > 0);
        if (n) t = list[n - 1];
        after = &t;
        all += n;
    } while (n);
    assert_int_equal(all, 20);
}

static void names_of_one_line(void **state) {
    static const char *const bad[] = {"a\nb", "\t", "a\x7f", "a\xc2\x85z", "\x1b[31m"};
    struct pl_token t;
    char text[PL_TOKEN_TEXT];
    (void)state;
    for (size_t i = 0; i < PL_LEN(bad); i++)
        assert_int_equal(pl_token_make(bad[i], PL_TOKEN_MAY_QUEUE, 1, 0, &t, text), PL_MALFORMED);
    assert_int_equal(pl_token_make("caf\xc3\xa9 \xc2\xa9", PL_TOKEN_MAY_QUEUE, 1, 0, &t, text),
                     PL_OK);
}

static void names_have_limits(void **state) {
    (void)state;
    struct pl_token t;
    char text[PL_TOKEN_TEXT], name[65];
    memset(name, 'n', sizeof name);
    name[64] = '\0';
    assert_int_equal(pl_token_make(name, PL_TOKEN_MAY_QUEUE, 0, 0, &t, text), PL_LIMIT);
    name[63] = '\0';
    assert_int_equal(pl_token_make(name, PL_TOKEN_MAY_QUEUE, 0, 0, &t, text), PL_OK);
    assert_int_equal(pl_token_make("", PL_TOKEN_MAY_QUEUE, 0, 0, &t, text), PL_MALFORMED);
    assert_int_equal(pl_token_make("x", 0, 0, 0, &t, text), PL_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resume_secrets),
        cmocka_unit_test(scopes),
        cmocka_unit_test_setup_teardown(life_of_a_token, setup, teardown),
        cmocka_unit_test_setup_teardown(list_and_revoke, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_one_line, setup, teardown),
        cmocka_unit_test(names_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
