/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/kill/play.h"

int play_site(void **state, void (*prepare)(const struct site *s)) {
    static struct site s;
    site_open(&s, "flows");
    if (prepare) prepare(&s);
    site_shop(&s, NULL);
    site_server(&s, NULL);
    *state = &s;
    return 0;
}

int play_open(void **state) {
    return play_site(state, NULL);
}

int play_close(void **state) {
    site_close(*state);
    return 0;
}

void play_restart(struct site *s) {
    proc_kill(&s->server);
    site_server(s, NULL);
}

volatile int64_t *play_clock(const struct site *s) {
    static char path[128];
    snprintf(path, sizeof path, "%s/clock", s->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(int64_t)) != 0) DIE("no %s", path);
    void *p = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) DIE("no %s", path);
    close(fd);
    setenv("CLOCK_OFF", path, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
    setenv("LD_PRELOAD", CLOCK_SHIM, 1);
    return p;
}

void play_identities(const struct site *s) {
    static char keys[128];
    struct pl_buf out = {0};
    snprintf(keys, sizeof keys, "%s/identity.keys", s->folder);
    const char *argv[] = {kill_parlance(), "token", "key", "shop1", NULL};
    if (proc_run(&out, 60000, argv) != 0) fail_msg("%s", out.p);
    setenv("KEYS", out.p, 1);
    site_shell(s, "umask 077; printf '%s' \"$KEYS\" >\"$D/identity.keys\"");
    setenv("PARLANCE_IDENTITY_KEYS", keys, 1); /* each server of the site has them */
    pl_buf_free(&out);
}

void play_sign(const char *customer, char identity[PLAY_IDENTITY]) {
    struct pl_buf out = {0};
    const char *keys = getenv("PARLANCE_IDENTITY_KEYS");
    const char *argv[] = {kill_parlance(), "token", "customer", customer, "--keys", keys, NULL};
    if (proc_run(&out, 60000, argv) != 0) fail_msg("%s", out.p);
    snprintf(identity, PLAY_IDENTITY, "%.*s", (int)strcspn(out.p, "\n"), out.p);
    pl_buf_free(&out);
}

void play_begin(struct talk *t, const struct site *s, uint64_t instance) {
    play_begin_as(t, s, instance, "");
}

void play_begin_as(struct talk *t, const struct site *s, uint64_t instance, const char *identity) {
    talk_begin(t, instance, "en-US");
    snprintf(t->identity, sizeof t->identity, "%s", identity);
    assert_true(talk_connect(t, s->server.port));
    assert_non_null(talk_event(t, 1, WAIT_MS));
}

void play_back(struct talk *t, const struct site *s) {
    assert_true(talk_connect(t, s->server.port));
    while (!t->live && talk_hear(t, 5)) continue;
    assert_true(t->live);
}

uint64_t play_say(struct talk *t, const char *say, const char *id) {
    uint64_t seq = talk_ask(t, say, WAIT_MS);
    assert_true(talk_until(t, &seq, id, WAIT_MS));
    return seq;
}

void play_end(struct talk *t, const struct site *s) {
    talk_check(t);
    talk_reread(t, s->server.port);
    if (t->wrong[0]) fail_msg("%s", t->wrong);
    assert_int_equal(t->errors, 0);
    talk_end(t);
}

int play_command(const struct site *s, struct pl_buf *out, const char *const *words) {
    const char *argv[16] = {kill_parlance()};
    size_t n = 1;
    while (*words && n + 3 < PL_LEN(argv)) argv[n++] = *words++;
    argv[n++] = "--data";
    argv[n] = s->data;
    return proc_run(out, 60000, argv);
}

void play_token(const struct site *s, const char *name, const char *may, char out[128]) {
    struct pl_buf b = {0};
    char scopes[64];
    snprintf(scopes, sizeof scopes, "--may=%s", may);
    if (play_command(s, &b, (const char *[]){"token", "create", name, scopes, NULL}) != 0)
        fail_msg("%s", b.p);
    snprintf(out, 128, "%.*s", (int)strcspn(b.p, "\n"), b.p);
    pl_buf_free(&b);
}
