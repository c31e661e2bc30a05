/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "runtime/config/config.h"

struct fixture {
    struct pl_arena a;
    struct pl_config c;
    struct pl_config_rest rest;
    struct pl_buf errors;
    char file[32];
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    pl_arena_init(&f->a, 0);
    strncpy(f->file, "/tmp/parlance-conf-XXXXXX", sizeof f->file - 1);
    int fd = mkstemp(f->file);
    assert_true(fd >= 0);
    close(fd);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    unlink(f->file);
    pl_arena_free(&f->a);
    pl_buf_free(&f->errors);
    free(f);
    return 0;
}

static enum pl_err load(struct fixture *f, const char *file, const char *const *env, int argc,
                        const char *const *argv) {
    struct pl_config_sources from = {.env = env, .argc = argc, .argv = argv};
    if (file != NULL) {
        FILE *to = fopen(f->file, "w");
        fputs(file, to);
        fclose(to);
        from.file = f->file;
    }
    pl_buf_clear(&f->errors);
    enum pl_err err = pl_config_load(&f->a, &from, &f->c, &f->rest, &f->errors);
    pl_buf_byte(&f->errors, 0);
    return err;
}

/* The errors, with the temporary file's name in them replaced by nothing. */
static void assert_errors(struct fixture *f, const char *expected) {
    char got[4096] = "";
    const char *p = f->errors.p;
    for (const char *hit; (hit = strstr(p, f->file)) != NULL; p = hit + strlen(f->file))
        strncat(got, p, (size_t)(hit - p));
    strncat(got, p, sizeof got - strlen(got) - 1);
    assert_string_equal(got, expected);
}

static void defaults(void **state) {
    struct fixture *f = *state;
    assert_int_equal(load(f, NULL, NULL, 0, NULL), PL_OK);
    assert_int_equal(f->c.port, 8080);
    assert_string_equal(f->c.data, "data");
    assert_int_equal(f->c.heartbeat, 25000);
    assert_int_equal(f->c.max_queued, 1048576);
    assert_int_equal(f->c.log_level, PL_LOG_INFO);
}

static void later_sources_win(void **state) {
    struct fixture *f = *state;
    const char *const env[] = {"HOME=/root", "PARLANCE_PORT=2", "PARLANCE_DATA=/env",
                               "PARLANCE_CACHE=/tmp/c", NULL};
    const char *const argv[] = {"shop/flows", "--port", "3", "--log-level=debug", "--", "--more"};
    assert_int_equal(load(f, "# a comment\n\nport = 1\nheartbeat = 2m\nweb =\n", env, 6, argv),
                     PL_OK);
    assert_int_equal(f->c.port, 3);
    assert_string_equal(f->c.data, "/env");
    assert_int_equal(f->c.heartbeat, 120000);
    assert_string_equal(f->c.web, "");
    assert_int_equal(f->c.log_level, PL_LOG_DEBUG);
    assert_int_equal(f->rest.n, 2);
    assert_string_equal(f->rest.v[0], "shop/flows");
    assert_string_equal(f->rest.v[1], "--more");
}

static void every_mistake_is_told(void **state) {
    struct fixture *f = *state;
    const char *const env[] = {"PARLANCE_PROT=1", "PARLANCE_HEARTBEAT=5", NULL};
    const char *const argv[] = {"--port=65536", "--max-conections", "--log-level", "loud",
                                "--port"};
    const char *file = "prot = 1\nport 1\nheartbeat = 200ms\nmax_queued=1GB\nzzzzzzzz = 1\n";
    assert_int_equal(load(f, file, env, 5, argv), PL_MALFORMED);
    assert_errors(f, ":1: unknown option 'prot'; did you mean 'port'?\n"
                     ":2: expected name = value\n"
                     ":3: heartbeat: expected a duration from 1s to 5m, got '200ms'\n"
                     ":4: max_queued: expected a size from 64KiB to 64MiB, got '1GB'\n"
                     ":5: unknown option 'zzzzzzzz'\n"
                     "environment: unknown option 'PARLANCE_PROT'; did you mean 'port'?\n"
                     "PARLANCE_HEARTBEAT: expected a duration from 1s to 5m, got '5'\n"
                     "--port: expected a whole number from 0 to 65535, got '65536'\n"
                     "command line: unknown option '--max-conections'; did you mean "
                     "'--max-connections'?\n"
                     "--log-level: expected debug, info, warn or error, got 'loud'\n"
                     "--port: expected a whole number from 0 to 65535 after it\n");
}

static void bounds_are_exact(void **state) {
    struct fixture *f = *state;
    const char *const good[] = {"--port=65535", "--heartbeat=1000ms", "--max-queued=65536"};
    assert_int_equal(load(f, NULL, NULL, 3, good), PL_OK);
    const char *const low[] = {"--heartbeat=999ms"}, *const high[] = {"--max-queued=65MiB"};
    assert_int_equal(load(f, NULL, NULL, 1, low), PL_MALFORMED);
    assert_int_equal(load(f, NULL, NULL, 1, high), PL_MALFORMED);
    const char *const huge[] = {"--store-size=99999999TiB"};
    assert_int_equal(load(f, NULL, NULL, 1, huge), PL_MALFORMED);
    const char *const negative[] = {"--port=-1"};
    assert_int_equal(load(f, NULL, NULL, 1, negative), PL_MALFORMED);
}

static void missing_file(void **state) {
    struct fixture *f = *state;
    struct pl_config_sources from = {.file = "/nowhere/parlance.conf"};
    pl_buf_clear(&f->errors);
    assert_int_equal(pl_config_load(&f->a, &from, &f->c, &f->rest, &f->errors), PL_OK);
    from.file_must = true;
    assert_int_equal(pl_config_load(&f->a, &from, &f->c, &f->rest, &f->errors), PL_MALFORMED);
    pl_buf_byte(&f->errors, 0);
    assert_string_equal(f->errors.p, "/nowhere/parlance.conf: not found\n");
}

static void printed_reads_back(void **state) {
    struct fixture *f = *state;
    const char *const argv[] = {"--heartbeat=90s", "--store-size=3GiB", "--data=a b"};
    assert_int_equal(load(f, NULL, NULL, 3, argv), PL_OK);
    struct pl_config was = f->c;
    struct pl_buf b = {0};
    pl_config_print(&b, &was);
    pl_buf_byte(&b, 0);
    assert_int_equal(load(f, b.p, NULL, 0, NULL), PL_OK);
    assert_int_equal(f->c.heartbeat, 90000);
    assert_int_equal(f->c.store_size, INT64_C(3) << 30);
    assert_string_equal(f->c.data, "a b");
    struct pl_buf again = {0};
    pl_config_print(&again, &f->c);
    pl_buf_byte(&again, 0);
    assert_string_equal(again.p, b.p);
    pl_buf_free(&again);
    pl_buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(later_sources_win, setup, teardown),
        cmocka_unit_test_setup_teardown(every_mistake_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_are_exact, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_file, setup, teardown),
        cmocka_unit_test_setup_teardown(printed_reads_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
