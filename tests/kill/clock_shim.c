/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into a server: the time of day is off by as many milliseconds as the file $CLOCK_OFF
 * holds (8 bytes, mapped, so that it jumps while the server runs). Monotonic clocks are left alone.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

static volatile const int64_t *off_ms;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_OFF");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *p = mmap(NULL, sizeof *off_ms, PROT_READ, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED) off_ms = p;
    close(fd);
}

SEEN int clock_gettime(clockid_t id, struct timespec *t) {
    long rc = syscall(SYS_clock_gettime, id, t);
    if (rc != 0 || !off_ms || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return (int)rc;
    int64_t ms = *off_ms, ns = t->tv_nsec + ms % 1000 * 1000000;
    t->tv_sec += ms / 1000;
    if (ns < 0) {
        ns += 1000000000;
        t->tv_sec--;
    } else if (ns >= 1000000000) {
        ns -= 1000000000;
        t->tv_sec++;
    }
    t->tv_nsec = ns;
    return 0;
}

SEEN int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}

SEEN time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
