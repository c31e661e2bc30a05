/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "runtime/gateway/gateway.h"

struct fixture {
    char folder[40], path[64];
    struct pl_gateway_admin *admin;
    struct pl_buf answer;
    unsigned reloads;
};

static enum pl_err status(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                          struct pl_buf *why) {
    (void)ctx, (void)request, (void)why;
    pl_jw_int_member(answer, "connections", 3);
    return PL_OK;
}

static enum pl_err reload(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                          struct pl_buf *why) {
    struct fixture *f = ctx;
    (void)answer;
    f->reloads++;
    if (pl_str_is(pl_json_text(request, "hash"), "good")) return PL_OK;
    if (pl_str_is(pl_json_text(request, "hash"), "")) return PL_MALFORMED;
    pl_buf_c(why, "image \"bad\" does not verify");
    return PL_CONFLICT;
}

static const struct pl_gateway_admin_command commands[] = {{"status", status}, {"reload", reload}};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/parlance-admin-XXXXXX");
    if (mkdtemp(f->folder) == NULL) return -1;
    snprintf(f->path, sizeof f->path, "%s/admin.sock", f->folder);
    *state = f;
    return pl_gateway_admin_start(f->path, commands, 2, f, &f->admin) == PL_OK ? 0 : -1;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    pl_gateway_admin_stop(&f->admin);
    assert_int_not_equal(access(f->path, F_OK), 0);
    rmdir(f->folder);
    pl_buf_free(&f->answer);
    free(f);
    return 0;
}

static void answers(struct fixture *f, const char *request, const char *expected) {
    pl_buf_clear(&f->answer);
    assert_int_equal(pl_gateway_admin_call(f->path, pl_str_c(request), 2000, &f->answer), PL_OK);
    pl_buf_byte(&f->answer, 0);
    assert_string_equal(f->answer.p, expected);
}

static void requests(void **state) {
    struct fixture *f = *state;
    answers(f, "{\"cmd\":\"status\"}", "{\"ok\":true,\"connections\":3}");
    answers(f, "{\"cmd\":\"reload\",\"hash\":\"good\"}", "{\"ok\":true}");
    answers(f, "{\"cmd\":\"reload\",\"hash\":\"bad\"}",
            "{\"ok\":false,\"error\":\"image \\\"bad\\\" does not verify\"}");
    answers(f, "{\"cmd\":\"reload\"}", "{\"ok\":false,\"error\":\"malformed input\"}");
    answers(f, "{\"cmd\":\"relaod\"}",
            "{\"ok\":false,\"error\":\"no such command 'relaod'; known: status reload\"}");
    answers(f, "[]", "{\"ok\":false,\"error\":\"expected one JSON object in a line\"}");
    answers(f, "{", "{\"ok\":false,\"error\":\"expected one JSON object in a line\"}");
    assert_int_equal(f->reloads, 3);
}

static void only_the_owner_may_connect(void **state) {
    struct fixture *f = *state;
    struct stat s;
    assert_int_equal(stat(f->path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
}

static void one_server_at_a_path(void **state) {
    struct fixture *f = *state;
    struct pl_gateway_admin *second;
    assert_int_equal(pl_gateway_admin_start(f->path, commands, 2, f, &second), PL_EXISTS);
    assert_null(second);
    answers(f, "{\"cmd\":\"status\"}", "{\"ok\":true,\"connections\":3}");
}

static void a_dead_servers_socket_is_replaced(void **state) {
    struct fixture *f = *state;
    struct pl_gateway_admin *next;
    char path[80];
    snprintf(path, sizeof path, "%s/old.sock", f->folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd); /* the file stays, nobody answers */
    assert_int_equal(pl_gateway_admin_start(path, commands, 2, f, &next), PL_OK);
    pl_gateway_admin_stop(&next);
}

static void nobody_there(void **state) {
    struct fixture *f = *state;
    char path[200];
    assert_int_equal(pl_gateway_admin_call("/nowhere/admin.sock", PL_STR("{}"), 100, &f->answer),
                     PL_NOT_FOUND);
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(pl_gateway_admin_call(path, PL_STR("{}"), 100, &f->answer), PL_LIMIT);
}

static void a_line_has_a_limit(void **state) {
    struct fixture *f = *state;
    struct pl_buf line = {0};
    pl_buf_c(&line, "{\"cmd\":\"");
    for (size_t i = 0; i < 70000; i++) pl_buf_byte(&line, 'x');
    enum pl_err err = pl_gateway_admin_call(f->path, pl_buf_slice(&line), 2000, &f->answer);
    assert_true(err == PL_CLOSED || err == PL_IO); /* cut off while still sending, or after */
    pl_buf_free(&line);
    answers(f, "{\"cmd\":\"status\"}", "{\"ok\":true,\"connections\":3}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_owner_may_connect, setup, teardown),
        cmocka_unit_test_setup_teardown(one_server_at_a_path, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_servers_socket_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_has_a_limit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
