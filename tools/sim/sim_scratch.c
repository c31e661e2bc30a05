/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders for what need not survive. The process stands in a folder's name, so that what one left
 * behind that was killed is found by the next.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tools/sim/sim_priv.h"

#define ROOM ((uint64_t)256 << 20) /* containers may have little memory for files */

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *at) {
    (void)st;
    (void)what;
    (void)at;
    return remove(path);
}

void pl_sim_scratch_remove(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void tidy(const char *base, const char *name) {
    char path[4096], pattern[64];
    DIR *d = opendir(base);
    struct dirent *e;
    int begins = snprintf(pattern, sizeof pattern, "parlance-%s-", name);
    while (d && (e = readdir(d))) {
        struct pl_str own = pl_str_c(e->d_name);
        if (!pl_str_starts(own, (struct pl_str){pattern, (size_t)begins})) continue;
        long pid = strtol(e->d_name + begins, NULL, 10);
        if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH) continue;
        int n = snprintf(path, sizeof path, "%s/%s", base, e->d_name);
        if (n > 0 && (size_t)n < sizeof path) pl_sim_scratch_remove(path);
    }
    if (d) closedir(d);
}

/* In memory, where there is room. */
static const char *base_folder(void) {
    static const char memory[] = "/dev/shm";
    struct statvfs fs;
    bool roomy = access(memory, W_OK) == 0 && statvfs(memory, &fs) == 0 &&
                 (uint64_t)fs.f_bavail * fs.f_frsize >= ROOM;
    return roomy ? memory : "/tmp";
}

enum pl_err pl_sim_scratch_make(const char *name, char out[PL_SIM_SCRATCH]) {
    const char *base = base_folder();
    tidy(base, name);
    int n = snprintf(out, PL_SIM_SCRATCH, "%s/parlance-%s-%ld-XXXXXX", base, name, (long)getpid());
    pl_assert(n > 0 && n < PL_SIM_SCRATCH);
    if (mkdtemp(out)) return PL_OK;
    out[0] = '\0';
    return PL_IO;
}
