/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk fills up under load, and is emptied again: once to below the server's reserve, once to
 * the last byte. Whoever writes or comes meanwhile is told within a second to come back; what was
 * acknowledged stays; when there is room, all go on by themselves and come to their ends.
 *
 *   full [--times N] [--talks N] [--rate N] [--full MS]
 *
 * The data folder is a file system of its own in a name space of this process, 120 MiB large. Where
 * that may not be made the test is skipped (77).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/kill/crowd.h"

#define SKIPPED 77
#define SIZE    "size=120m"
#define TOLD_MS 1000
#define LOW     (16 << 20) /* bytes free: less than the reserve, enough for everything */

struct run {
    struct site site;
    struct crowd crowd;
    char disk[96], ballast[128];
    PL_VEC(int64_t) since; /* of each customer: since when he waits for a word of the server */
    bool full;
    int64_t worst[2], again; /* the longest wait without and with room; until the first new ack */
    int64_t freed;           /* when room was made; 0 when an acknowledgement came since */
    uint64_t refused[2];
};

/* ---- the disk ---- */

static bool write_map(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) close(fd);
    return good;
}

/* Root of a name space of its own, who may mount. */
static bool own_mounts(void) {
    char map[64];
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0) return true;
    snprintf(map, sizeof map, "0 %d 1", (int)geteuid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_map("/proc/self/setgroups", "deny") &&
           write_map("/proc/self/uid_map", map);
}

static bool make_disk(struct run *r) {
    snprintf(r->disk, sizeof r->disk, "%s/disk", r->site.folder);
    snprintf(r->ballast, sizeof r->ballast, "%s/ballast", r->disk);
    snprintf(r->site.data, sizeof r->site.data, "%.80s/data", r->disk);
    if (mkdir(r->disk, 0700) != 0) return false;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return false;
    return mount("tmpfs", r->disk, "tmpfs", 0, SIZE) == 0;
}

/* Until so many bytes are free. */
static void fill(struct run *r, uint64_t left) {
    struct statvfs st;
    int fd = open(r->ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || statvfs(r->disk, &st) != 0) DIE("ballast: %s", strerror(errno));
    uint64_t room = (uint64_t)st.f_bavail * st.f_frsize;
    off_t more = room > left ? (off_t)(room - left) : 0, had = lseek(fd, 0, SEEK_END);
    int rc = more ? posix_fallocate(fd, had, more) : 0;
    if (rc != 0 && rc != ENOSPC) DIE("ballast: %s", strerror(rc));
    close(fd);
}

static void make_room(struct run *r) {
    if (truncate(r->ballast, 0) != 0) DIE("ballast: %s", strerror(errno));
    r->full = false;
    r->freed = now_ms();
}

/* ---- what customers are told ---- */

static void heard(void *ctx, struct customer *c) {
    struct run *r = ctx;
    while (r->since.n <= c->at) PL_PUSH(&r->since, 0);
    int64_t now = now_ms(), *since = &r->since.v[c->at];
    size_t n = c->t.said.n;
    bool waits = c->t.on && (!c->t.live || (n && c->t.said.v[n - 1].seq == 0));
    r->refused[r->full] += c->t.errors;
    if (r->freed && n && c->t.said.v[n - 1].seq != 0 && c->moved >= r->freed) {
        if (now - r->freed > r->again) r->again = now - r->freed;
        r->freed = 0;
    }
    if (waits && c->t.errors == 0 && *since == 0) *since = now;
    if (*since && now - *since > r->worst[r->full]) r->worst[r->full] = now - *since;
    if (!waits || c->t.errors) *since = 0;
}

static void talk_for(struct run *r, int64_t ms) {
    int64_t until = now_ms() + ms;
    while (now_ms() < until) crowd_round(&r->crowd, r->site.server.port, true);
}

static void fill_and_free(struct run *r, uint64_t left, int64_t ms) {
    fill(r, left);
    memset(r->since.v, 0, r->since.n * sizeof(int64_t));
    r->full = true;
    int64_t until = now_ms() + ms;
    while (now_ms() < until) {
        if (left == 0) fill(r, 0); /* also what was freed meanwhile */
        talk_for(r, 20);
    }
    make_room(r);
    talk_for(r, 1000);
}

/* ---- all of it ---- */

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

static void say(struct run *r, uint64_t times) {
    printf("full %llu times: %llu times told to come back, the longest wait for a word %lld ms "
           "(%lld with room); the first new acknowledgement %lld ms after there was room\n",
           (unsigned long long)times * 2, (unsigned long long)r->refused[1], (long long)r->worst[1],
           (long long)r->worst[0], (long long)r->again);
    if (r->refused[1] == 0) DIE("the disk was never full");
    if (r->worst[1] > TOLD_MS) DIE("somebody was told nothing for more than %d ms", TOLD_MS);
    if (r->freed) DIE("nothing was acknowledged since there was room");
}

int main(int argc, char **argv) {
    struct run *r = calloc(1, sizeof *r);
    uint64_t times = option(argc, argv, "--times", 1);
    int64_t ms = (int64_t)option(argc, argv, "--full", 700);
    pl_assert(r);
    if (!own_mounts()) return SKIPPED;
    give_up_after((unsigned)(180 + times * (20 + (uint64_t)ms / 500)));
    r->crowd.at_once = option(argc, argv, "--talks", 10);
    r->crowd.rate = option(argc, argv, "--rate", 100);
    r->crowd.patient = r->crowd.lenient = true;
    r->crowd.heard = heard;
    r->crowd.ctx = r;
    crowd_begin(&r->crowd, 1);
    site_open(&r->site, "flows");
    if (!make_disk(r)) return SKIPPED;
    site_shop(&r->site, NULL);
    site_server(&r->site, NULL);
    talk_for(r, 500);
    for (uint64_t i = 0; i < times; i++) {
        fill_and_free(r, LOW, ms);
        fill_and_free(r, 0, ms);
    }
    do crowd_round(&r->crowd, r->site.server.port, false);
    while (r->crowd.over < r->crowd.all.n);
    crowd_check(&r->crowd, r->site.server.port);
    crowd_check_writes(&r->crowd, &r->site);
    say(r, times);
    proc_kill(&r->site.server);
    umount2(r->disk, MNT_DETACH);
    site_close(&r->site);
    crowd_end(&r->crowd);
    PL_VEC_FREE(&r->since);
    free(r);
    return 0;
}
