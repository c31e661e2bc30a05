/* SPDX-License-Identifier: Apache-2.0
 *
 * A service manager hears how the server is: datagrams to the socket that NOTIFY_SOCKET names, as
 * sd_notify(3) describes them. Without one nothing is done.
 *
 *   the gateway's timer -> a post to the engine's loop -> a post back -> WATCHDOG=1
 *
 * so that the word "alive" is said by both threads or by none.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "runtime/loop/loop.h"
#include "tools/cli/cli_priv.h"

/* Its length, 0 when the name is none: a path, or one of the abstract ones behind '@'. */
static socklen_t address_of(const char *name, struct sockaddr_un *to) {
    size_t n = name ? strlen(name) : 0;
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (n < 2 || n >= sizeof to->sun_path || (name[0] != '/' && name[0] != '@')) return 0;
    memcpy(to->sun_path, name, n);
    if (name[0] == '@') to->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

bool pl_cli__notify(const char *text) {
    struct sockaddr_un to;
    socklen_t n = address_of(getenv("NOTIFY_SOCKET"), &to);
    if (n == 0) return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    ssize_t sent =
        sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to, n);
    close(fd);
    return sent >= 0;
}

void pl_cli__notify_reloading(void) {
    struct timespec t;
    char text[80];
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    pl_cli__notify(text);
}

/* ---- the watchdog ---- */

struct cli_pulse {
    struct pl_loop *loop; /* the gateway's */
    struct pl_engine *engine;
    struct pl_timer timer;
    struct pl_post ask, answer;
    bool asked;
};

static void answered(struct pl_post *post) {
    struct cli_pulse *p =
        (struct cli_pulse *)(void *)((char *)post - offsetof(struct cli_pulse, answer));
    p->asked = false;
    pl_cli__notify("WATCHDOG=1");
}

/* On the engine's thread. */
static void engine_lives(struct pl_post *post) {
    struct cli_pulse *p =
        (struct cli_pulse *)(void *)((char *)post - offsetof(struct cli_pulse, ask));
    pl_loop_post(p->loop, &p->answer);
}

/* An engine that has not answered is not asked again: it says that it lives when it does. */
static void beat(struct pl_timer *t) {
    struct cli_pulse *p = t->ctx;
    if (p->asked) return;
    p->asked = true;
    pl_engine_post(p->engine, &p->ask);
}

/* Microseconds within which the service manager wants to hear of this process; 0: it does not. */
static int64_t wanted_us(void) {
    const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    int64_t n = 0, whose = 0;
    if (!us || !pl_str_i64(pl_str_c(us), &n) || n <= 0) return 0;
    if (pid && (!pl_str_i64(pl_str_c(pid), &whose) || whose != getpid())) return 0;
    return n;
}

struct cli_pulse *pl_cli__pulse_start(struct pl_loop *loop, struct pl_engine *engine) {
    int64_t us = wanted_us();
    struct cli_pulse *p = us ? calloc(1, sizeof *p) : NULL;
    if (!p) return NULL;
    *p = (struct cli_pulse){.loop = loop, .engine = engine};
    p->timer.fn = beat;
    p->timer.ctx = p;
    p->ask.fn = engine_lives;
    p->answer.fn = answered;
    pl_timer_repeat(loop, &p->timer, us / 3000 + 1);
    return p;
}

void pl_cli__pulse_hold(struct cli_pulse *p) {
    if (p) pl_timer_stop(&p->timer);
}

void pl_cli__pulse_stop(struct cli_pulse **pulse) {
    free(*pulse);
    *pulse = NULL;
}
