/* SPDX-License-Identifier: Apache-2.0
 *
 * A place to break things in: a temporary folder with a copy of a project, a demo shop and a
 * server as processes of their own. Every wait is bounded; whatever goes wrong in starting ends the
 * test program with a word about it.
 *
 * Ownership: site_close ends the processes and removes the folder; both die with the test too.
 * Threads: one.
 */
#ifndef TESTS_KILL_SITE_H
#define TESTS_KILL_SITE_H

#include <sys/types.h>

#include "runtime/base/base.h"

struct proc {
    pid_t pid; /* 0: not running */
    int port, out;
    int64_t start_ms; /* how long it took to say its address */
};

struct site {
    char folder[64], flows[96], data[96], server_log[96];
    struct proc shop, server;
};

/* Copies `project` (a folder below the repository) with the lua and i18n beside it, and gives its
 * hooks deadlines that a busy machine keeps. */
void site_open(struct site *s, const char *project);
/* Gives one hook of the copy another deadline: "returns.create", "300ms". */
void site_within(const struct site *s, const char *hook, const char *within);
void site_close(struct site *s);
/* Runs a shell command with $D the folder of the site. */
void site_shell(const struct site *s, const char *command);

/* fault: as --fault of the demo shop, or NULL. Its data file survives restarts. */
void site_shop(struct site *s, const char *fault);
/* Starts the server on the data folder; more: further options, NULL at the end, or NULL. */
void site_server(struct site *s, const char *const *more);
/* POST /debug/fault?prefix=…. */
void site_fault(const struct site *s, const char *prefix, const char *fault);
/* A number of the shop's GET /debug/acted?key=…: "acted", "writes" or
 * "slowed". */
int site_acted(const struct site *s, const char *key, const char *what);
/* The key of the shop's nth write (from 0), as its data file has it; false: there is none yet. */
bool site_key(const struct site *s, int nth, char *out, size_t size);
/* The server's log so far, NUL-terminated, until the next call. */
const char *site_log(const struct site *s, struct pl_buf *out);

void proc_start(struct proc *p, const char *log, const char *const *argv);
void proc_kill(struct proc *p); /* SIGKILL, and waits */
/* Waits for the end; gives the exit code, 128 + signal, or -1 and kills it when time is over. */
int proc_wait(struct proc *p, int64_t ms);
/* Runs to the end; gives the exit code, stdout and stderr together in out. */
int proc_run(struct pl_buf *out, int64_t ms, const char *const *argv);
/* Children of a process, at most `most`. */
size_t proc_children(pid_t pid, pid_t *out, size_t most);
bool proc_alive(pid_t pid);
size_t proc_rss_kib(pid_t pid);

int64_t now_ms(void);
void nap_ms(int64_t ms);
/* Ends the test program when it takes longer than this: nothing here may hang. */
void give_up_after(unsigned seconds);

/* The programs: of this build, or what PARLANCE and DEMOSHOP name. */
const char *kill_parlance(void);
const char *kill_demoshop(void);

#define DIE(...) (fprintf(stderr, "%s:%d: ", __FILE__, __LINE__), die(__VA_ARGS__))
_Noreturn void die(const char *format, ...) PL_PRINTF(1, 2);

#endif
