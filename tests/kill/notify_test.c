/* SPDX-License-Identifier: Apache-2.0
 *
 * What a service manager hears of a server: ready, reloading and ready again, alive, stopping; and
 * that "alive" ends when either of the two threads stands still that it is said for.
 */
#include <setjmp.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/kill/play.h"

#define SILENT_MS 1500 /* 15 beats */

static int manager;

/* The next message, or "" when time is over. */
static const char *hear(int64_t ms) {
    static char text[256];
    struct pollfd w = {.fd = manager, .events = POLLIN};
    text[0] = 0;
    if (poll(&w, 1, (int)ms) <= 0) return text;
    ssize_t n = recv(manager, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    return text;
}

static bool hears(const char *begin, int64_t ms) {
    int64_t until = now_ms() + ms;
    while (now_ms() < until)
        if (strncmp(hear(until - now_ms()), begin, strlen(begin)) == 0) return true;
    return false;
}

static void forget(void) {
    while (hear(0)[0]) continue;
}

static int open_site(void **state) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char name[80];
    snprintf(name, sizeof name, "@parlance-test-%d", (int)getpid());
    memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (bind(manager, (struct sockaddr *)&at, n) != 0) return -1;
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "300000", 1);
    return play_site(state, NULL);
}

/* Whether a thread of the server that stands still keeps it from saying that it lives. */
static bool silences(pid_t thread, bool *denied) {
    int status;
    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0) { /* or it has ended */
        *denied |= errno == EPERM;
        return false;
    }
    assert_int_equal(ptrace(PTRACE_INTERRUPT, thread, NULL, NULL), 0);
    assert_int_equal(waitpid(thread, &status, __WALL), thread);
    forget();
    hear(SILENT_MS / 3); /* one may have been on its way */
    bool silent = !hears("WATCHDOG=1", SILENT_MS);
    assert_int_equal(ptrace(PTRACE_DETACH, thread, NULL, NULL), 0);
    assert_true(hears("WATCHDOG=1", 10000)); /* and goes on */
    return silent;
}

static size_t threads_of(pid_t pid, pid_t *out, size_t most) {
    char path[64];
    size_t n = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    const struct dirent *e;
    while (d && n < most && (e = readdir(d)))
        if (e->d_name[0] != '.') out[n++] = (pid_t)atoi(e->d_name);
    if (d) closedir(d);
    return n;
}

static void is_alive_by_both(void **state) {
    const struct site *s = *state;
    pid_t threads[64];
    size_t n = threads_of(s->server.pid, threads, PL_LEN(threads)), silent = 0;
    bool denied = false;
    assert_true(hears("READY=1", 10000));
    for (int i = 0; i < 3; i++) assert_true(hears("WATCHDOG=1", 10000));
    for (size_t i = 0; i < n; i++) silent += silences(threads[i], &denied);
    print_message("%zu of %zu threads\n", silent, n);
    if (denied)
        print_message("threads may not be stopped here\n");
    else
        assert_int_equal(silent, 2); /* the gateway's and the engine's */
}

static void tells_of_reloads_and_of_its_end(void **state) {
    struct site *s = *state;
    int status = -1;
    forget();
    pid_t pid = fork(); /* beside us: a queue that nobody reads is soon full */
    if (pid == 0) {
        execl(kill_parlance(), "parlance", "reload", s->flows, "--data", s->data, (char *)NULL);
        _exit(127);
    }
    assert_true(hears("RELOADING=1\nMONOTONIC_USEC=", 60000));
    assert_true(hears("READY=1", 10000));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    kill(s->server.pid, SIGTERM);
    assert_true(hears("STOPPING=1", 10000));
    assert_int_equal(proc_wait(&s->server, 30000), 0);
}

int main(void) {
    give_up_after(120);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_alive_by_both),
        cmocka_unit_test(tells_of_reloads_and_of_its_end),
    };
    return cmocka_run_group_tests(tests, open_site, play_close);
}
