/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes. A pidfd says when one ends, so any loop can watch its own children, and a
 * signal sent by it never meets a stranger. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/loop/loop_priv.h"

#define MOST_FDS 16

static enum pl_err spawn_error(int code) {
    switch (code) {
    case 0: return PL_OK;
    case ENOENT:
    case EACCES: return PL_NOT_FOUND;
    case ENOMEM: return PL_NOMEM;
    default: return PL_IO;
    }
}

/* Copies above all targets: giving one descriptor its place cannot then close another. */
static enum pl_err copy_fds(const struct pl_spawn *spec, int *copies) {
    for (size_t i = 0; i < spec->nfds; i++) {
        copies[i] = spec->fds[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : spec->fds[i];
        if (copies[i] < 0) return PL_IO;
        int high = fcntl(copies[i], F_DUPFD_CLOEXEC, MOST_FDS);
        if (spec->fds[i] < 0) (void)close(copies[i]);
        copies[i] = high;
        if (high < 0) return PL_IO;
    }
    return PL_OK;
}

static int set_actions(posix_spawn_file_actions_t *actions, const int *copies, size_t n) {
    int code = 0;
    for (size_t i = 0; code == 0 && i < n; i++)
        code = posix_spawn_file_actions_adddup2(actions, copies[i], (int)i);
    return code ? code : posix_spawn_file_actions_addclosefrom_np(actions, (int)n);
}

static int set_attributes(posix_spawnattr_t *attr) {
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int code = posix_spawnattr_setsigmask(attr, &none);
    if (code == 0) code = posix_spawnattr_setsigdefault(attr, &all);
    if (code) return code;
    return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static enum pl_err spawn(const struct pl_spawn *spec, const int *copies, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    if (posix_spawn_file_actions_init(&actions) != 0) return PL_NOMEM;
    if (posix_spawnattr_init(&attr) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return PL_NOMEM;
    }
    int code = set_actions(&actions, copies, spec->nfds);
    if (code == 0) code = set_attributes(&attr);
    if (code == 0) code = posix_spawn(pid, spec->path, &actions, &attr, spec->argv, spec->envp);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&actions);
    return spawn_error(code);
}

static int reap(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

static void forget(struct pl_child *c) {
    pl_fd_stop(&c->watch);
    (void)close(c->pidfd);
    c->pidfd = -1;
    c->pid = 0;
}

static void on_exit_of(struct pl_fd *w, int ready) {
    (void)ready;
    struct pl_child *c = w->ctx;
    int status = reap(c->pid);
    forget(c);
    c->fn(c, status);
}

enum pl_err pl_child_spawn(struct pl_loop *loop, struct pl_child *c, const struct pl_spawn *spec) {
    int copies[MOST_FDS];
    pid_t pid = 0;
    pl_assert(c->pid == 0 && spec->nfds <= MOST_FDS);
    for (size_t i = 0; i < MOST_FDS; i++) copies[i] = -1;
    enum pl_err err = copy_fds(spec, copies);
    if (err == PL_OK) err = spawn(spec, copies, &pid);
    for (size_t i = 0; i < spec->nfds; i++) {
        if (copies[i] >= 0) (void)close(copies[i]);
    }
    if (err != PL_OK) return err;
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        (void)kill(pid, SIGKILL); /* not reaped yet: still ours */
        (void)reap(pid);
        return PL_IO;
    }
    c->pid = pid;
    c->pidfd = pidfd;
    c->watch = (struct pl_fd){.fn = on_exit_of, .ctx = c};
    pl_fd_start(loop, &c->watch, pidfd, PL_READ);
    return PL_OK;
}

bool pl_child_kill(struct pl_child *c, int signal_number) {
    return c->pid != 0 && pidfd_send_signal(c->pidfd, signal_number, NULL, 0) == 0;
}

void pl_child_drop(struct pl_child *c) {
    if (c->pid == 0) return;
    (void)pl_child_kill(c, SIGKILL);
    (void)reap(c->pid);
    forget(c);
}

enum pl_err pl_socket_pair(int *ours, int *theirs) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return PL_IO;
    int flags = fcntl(pair[0], F_GETFL);
    if (flags < 0 || fcntl(pair[0], F_SETFL, flags | O_NONBLOCK) != 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return PL_IO;
    }
    *ours = pair[0];
    *theirs = pair[1];
    return PL_OK;
}
