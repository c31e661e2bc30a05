/* SPDX-License-Identifier: Apache-2.0
 *
 * A server's life as its operator sees it: it ends in good order, starts on what it left, and says
 * plainly what it cannot do.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

static void log_is_clean(const struct site *s) {
    static const char *const bad[] = {"Sanitizer", "runtime error", "\"level\":\"error\"",
                                      "ORDER123456789"};
    struct pl_buf log = {0};
    site_log(s, &log);
    for (size_t i = 0; i < PL_LEN(bad); i++)
        if (strstr(log.p, bad[i])) fail_msg("the log has %s: %s", bad[i], log.p);
    pl_buf_free(&log);
}

static void wait_until_gone(const pid_t *pids, size_t n) {
    int64_t until = now_ms() + 5000;
    for (size_t i = 0; i < n; i++)
        while (proc_alive(pids[i]) && now_ms() < until) nap_ms(10);
    for (size_t i = 0; i < n; i++) assert_false(proc_alive(pids[i]));
}

/* Connected customers hear `bye` and come back; nothing is left running. */
static void drains(void **state) {
    struct site *s = *state;
    struct talk t;
    pid_t workers[64];
    play_begin(&t, s, 1);
    uint64_t seq = talk_ask(&t, "where is ORDER123456789?", WAIT_MS);
    assert_true(talk_until(&t, &seq, "track.sms", WAIT_MS));
    size_t n = proc_children(s->server.pid, workers, PL_LEN(workers));
    assert_true(n >= 2);
    int64_t began = now_ms();
    kill(s->server.pid, SIGTERM);
    while (talk_hear(&t, 10) && now_ms() - began < WAIT_MS) continue;
    assert_string_equal(t.bye, "drain");
    assert_in_range(t.c.close_code, 1000, 4499); /* come back */
    assert_int_equal(proc_wait(&s->server, WAIT_MS), 0);
    print_message("drained in %lld ms\n", (long long)(now_ms() - began));
    wait_until_gone(workers, n);
    log_is_clean(s);
    site_server(s, NULL);
    assert_true(talk_connect(&t, s->server.port));
    seq = talk_ask(&t, "no thanks", WAIT_MS);
    assert_true(talk_until(&t, &seq, "prelude.anything_else", WAIT_MS));
    talk_end(&t);
}

/* A write that waits for its reply when SIGTERM comes is not forgotten. */
static void a_write_under_way(void **state) {
    struct site *s = *state;
    struct talk t;
    play_begin(&t, s, 1);
    uint64_t seq = talk_ask(&t, "return ORDER987654321, broken", WAIT_MS);
    assert_true(talk_until(&t, &seq, "return.confirm", WAIT_MS));
    site_fault(s, "", "slow=4s");
    talk_ask(&t, "yes", WAIT_MS);
    int64_t until = now_ms() + WAIT_MS;
    while (site_acted(s, "", "writes") == 0 && now_ms() < until) nap_ms(5);
    kill(s->server.pid, SIGTERM);
    assert_int_equal(proc_wait(&s->server, WAIT_MS), 0);
    log_is_clean(s);
    site_fault(s, "", "none");
    site_server(s, NULL);
    assert_true(talk_connect(&t, s->server.port));
    talk_hear(&t, 3000);
    assert_int_equal(
        talk_count(&t, "bot:return.done") + talk_count(&t, "bot:prelude.unconfirmed.done"), 1);
    assert_int_equal(site_acted(s, "", "writes"), 1);
    play_end(&t, s);
}

/* The workers of a server that was killed end by themselves. */
static void no_orphans(void **state) {
    struct site *s = *state;
    pid_t workers[64];
    size_t n = proc_children(s->server.pid, workers, PL_LEN(workers));
    assert_true(n >= 2);
    proc_kill(&s->server);
    wait_until_gone(workers, n);
    site_server(s, NULL);
}

static void old_conversations(void **state) {
    enum { MANY = 30 };
    struct site *s = *state;
    struct talk t[MANY];
    for (size_t i = 0; i < MANY; i++) {
        play_begin(&t[i], s, i + 1);
        uint64_t seq = talk_ask(&t[i], "where is my order?", WAIT_MS);
        assert_true(talk_until(&t[i], &seq, "track.ask", WAIT_MS));
    }
    for (int round = 0; round < 2; round++) { /* killed, then ended in good order */
        kill(s->server.pid, round ? SIGTERM : SIGKILL);
        proc_wait(&s->server, WAIT_MS);
        site_server(s, NULL);
    }
    int64_t began = now_ms();
    for (size_t i = 0; i < MANY; i++) {
        assert_true(talk_connect(&t[i], s->server.port));
        while (!t[i].live && talk_hear(&t[i], 5)) continue;
        uint64_t seq = talk_ask(&t[i], "ORDER123456789", WAIT_MS);
        assert_true(talk_until(&t[i], &seq, "track.found", WAIT_MS));
        play_end(&t[i], s);
    }
    print_message("%d old conversations went on within %lld ms\n", MANY,
                  (long long)(now_ms() - began));
}

/* ---- what it says when it cannot ---- */

struct trouble {
    const char *args[8];
    int code;
    const char *says;
};

static void says(const struct trouble *t) {
    const char *argv[12] = {kill_parlance()};
    struct pl_buf out = {0};
    for (size_t i = 0; t->args[i]; i++) argv[i + 1] = t->args[i];
    int code = proc_run(&out, 30000, argv);
    print_message("---- parlance");
    for (size_t i = 0; t->args[i]; i++) print_message(" %s", t->args[i]);
    print_message(" (%d)\n%s", code, out.p);
    if (code != t->code || !strstr(out.p, t->says) || strstr(out.p, "Sanitizer"))
        fail_msg("exit code %d, not %d, or not a word of: %s", code, t->code, t->says);
    pl_buf_free(&out);
}

static void a_second_server(void **state) {
    struct site *s = *state;
    says(&(struct trouble){
        {"serve", s->flows, "--port=0", "--data", s->data}, 2, "is in use by another server"});
}

static void a_taken_port(void **state) {
    struct site *s = *state;
    char port[24], other[112];
    snprintf(port, sizeof port, "--port=%d", s->server.port);
    snprintf(other, sizeof other, "%s/other", s->folder);
    says(&(struct trouble){{"serve", s->flows, port, "--data", other}, 2, "the port is taken"});
}

static void wrong_words(void **state) {
    struct site *s = *state;
    char other[112];
    snprintf(other, sizeof other, "%s/other", s->folder);
    const struct trouble all[] = {
        {{"serve", s->flows, "--prot=1"}, 2, "did you mean"},
        {{"serve", s->flows, "--port=many"}, 2, "--port"},
        {{"serve", s->flows, "--port=70000"}, 2, "--port"},
        {{"serve", s->flows, "--port"}, 2, "--port"},
        {{"serve", s->flows, "more", "--port=0"}, 2, "one too many"},
        {{"serve", "/nowhere", "--port=0"}, 2, "/nowhere"},
        {{"serve", s->flows, "--port=0", "--data=/proc/here"}, 2, "/proc/here"},
        {{"serve", s->flows, "--port=0", "--data=/dev/null"}, 2, "/dev/null"},
        {{"serve", s->flows, "--port=0", "--host=nohost", "--data", other}, 2, "nohost"},
        {{"sreve", s->flows}, 2, "did you mean 'serve'"},
        {{"reload", s->flows, "--data=/nowhere"}, 2, "no server"},
        {{"status", "--data=/nowhere"}, 2, "no server"},
        {{"token", "create"}, 2, "NAME"},
        {{"token", "create", "x", "--may=everything", "--data", s->data}, 2, "queue"},
        {{"token", "revoke", "0123456789abcdef", "--data", s->data}, 2, "no such token"},
    };
    for (size_t i = 0; i < PL_LEN(all); i++) says(&all[i]);
}

static void keys_in_trouble(void **state) {
    struct site *s = *state;
    struct talk t;
    play_begin(&t, s, 1);
    talk_end(&t);
    kill(s->server.pid, SIGTERM);
    assert_int_equal(proc_wait(&s->server, WAIT_MS), 0);
    const struct {
        const char *does, *says;
    } all[] = {
        {"chmod 644 $D/data/keys/master", "chmod 600"},
        {"mv $D/data/keys/master $D/kept", "is gone"},
        {"echo short > $D/data/keys/master; chmod 600 $D/data/keys/master", "32 bytes"},
    };
    for (size_t i = 0; i < PL_LEN(all); i++) {
        site_shell(s, all[i].does);
        says(&(struct trouble){{"serve", s->flows, "--port=0", "--data", s->data}, 2, all[i].says});
    }
    site_shell(s, "mv $D/kept $D/data/keys/master; chmod 600 $D/data/keys/master");
    site_server(s, NULL);
}

/* An image that was damaged on disk is made anew when its flows are there. */
static void a_damaged_image(void **state) {
    struct site *s = *state;
    struct talk t;
    kill(s->server.pid, SIGTERM);
    assert_int_equal(proc_wait(&s->server, WAIT_MS), 0);
    site_shell(s, "for f in \"$D\"/data/images/*; do echo damaged > \"$f\"; done");
    site_server(s, NULL);
    play_begin(&t, s, 9);
    talk_end(&t);
}

static void broken_flows(void **state) {
    struct site *s = *state;
    char other[112];
    snprintf(other, sizeof other, "%s/bad", s->folder);
    site_shell(s, "cp -r \"$D/flows\" \"$D/bad\" && echo 'floww x' >> \"$D/bad/general.flow\"");
    says(&(struct trouble){{"serve", other, "--port=0"}, 1, "general.flow:"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drains),          cmocka_unit_test(a_write_under_way),
        cmocka_unit_test(no_orphans),      cmocka_unit_test(old_conversations),
        cmocka_unit_test(a_second_server), cmocka_unit_test(a_taken_port),
        cmocka_unit_test(wrong_words),     cmocka_unit_test(keys_in_trouble),
        cmocka_unit_test(a_damaged_image), cmocka_unit_test(broken_flows),
    };
    give_up_after(140);
    return cmocka_run_group_tests_name("life", tests, play_open, play_close);
}
