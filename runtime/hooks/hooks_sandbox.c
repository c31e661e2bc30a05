/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker may do once Lua runs: read and write its socket, ask for memory, read the clock,
 * arm its CPU alarm, end. Everything else kills it.
 */
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "runtime/hooks/hooks_priv.h"

enum {
    MEMORY_BYTES = 256 * 1024 * 1024, /* eight full calls, their buffers, the program itself */
    CPU_SECONDS = 3600,               /* of a worker's life; the alarm guards single resumes */
};

static bool limit(int what, rlim_t most) {
    struct rlimit l = {most, most};
    return setrlimit((__rlimit_resource_t)what, &l) == 0;
}

static bool limits(void) {
#ifndef PL_HOOKS__SANITIZED /* the sanitizer maps terabytes of address space */
    if (!limit(RLIMIT_AS, MEMORY_BYTES)) return false;
#endif
    return limit(RLIMIT_CPU, CPU_SECONDS) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_NPROC, 0) &&
           limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_MEMLOCK, 0);
}

static const int plain_calls[] = {
    SCMP_SYS(read),           SCMP_SYS(write),  SCMP_SYS(futex),      SCMP_SYS(munmap),
    SCMP_SYS(mremap),         SCMP_SYS(brk),    SCMP_SYS(madvise),    SCMP_SYS(clock_gettime),
    SCMP_SYS(setitimer),      SCMP_SYS(exit),   SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
#ifdef PL_HOOKS__SANITIZED
    SCMP_SYS(sched_yield),    SCMP_SYS(getpid), SCMP_SYS(gettid),     SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigprocmask),
#endif
};

static bool filter(void) {
    bool ok = false;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!f) return false;
    for (size_t i = 0; i < PL_LEN(plain_calls); i++)
        if (seccomp_rule_add(f, SCMP_ACT_ALLOW, plain_calls[i], 0) < 0) goto done;
    /* Memory, but never memory that can be executed. */
    struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    if (seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec) < 0) goto done;
    if (seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec) < 0) goto done;
    ok = seccomp_load(f) == 0;
done:
    seccomp_release(f);
    return ok;
}

/* Descriptors other than the socket go; with a sanitizer stderr stays, for its report. */
static bool only_descriptor(int fd) {
    unsigned socket = (unsigned)fd;
#ifdef PL_HOOKS__SANITIZED
    close_range(0, 1, 0);
#else
    close_range(0, 2, 0);
#endif
    if (socket > 3 && close_range(3, socket - 1, 0) != 0) return false;
    return close_range(socket + 1, ~0U, 0) == 0;
}

enum pl_err pl_hooks__sandbox_enter(int fd) {
    pl_assert(fd >= 3);
    /* Set in the child itself; a server that died before is seen as end of file. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) return PL_DENIED;
    return only_descriptor(fd) && limits() && filter() ? PL_OK : PL_DENIED;
}

/* SIGPROF's default action ends the process: the kernel does it, whatever the process is doing. */
void pl_hooks__cpu_alarm(int64_t us) {
    struct itimerval t = {.it_value = {.tv_sec = us / 1000000, .tv_usec = us % 1000000}};
    setitimer(ITIMER_PROF, &t, NULL);
}

int64_t pl_hooks__cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
