/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/load/load.h"

static bool read_file(const char *path, char *out, size_t size) {
    FILE *f = fopen(path, "r");
    if (f == NULL) return false;
    size_t n = fread(out, 1, size - 1, f);
    fclose(f);
    out[n] = '\0';
    return n > 0;
}

/* utime and stime are the 12th and 13th fields behind the name in brackets (proc(5)), then those of
 * the children that have ended. */
static uint64_t one_cpu_us(int pid, uint64_t *ended) {
    char path[64], text[1024];
    unsigned long long user = 0, sys = 0, cuser = 0, csys = 0;
    unsigned long long ticks = (unsigned long long)sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (!read_file(path, text, sizeof text)) return 0;
    const char *p = strrchr(text, ')');
    if (p == NULL) return 0;
    sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", &user, &sys,
           &cuser, &csys);
    if (ended != NULL) *ended = (cuser + csys) * 1000000 / ticks;
    return (user + sys) * 1000000 / ticks;
}

/* Children belong to the thread that made them. */
uint64_t load_cpu_us(int pid, uint64_t *children) {
    char path[320], text[4096];
    *children = 0;
    if (pid == 0) return 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *e; tasks != NULL && (e = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/children", pid, e->d_name);
        if (!read_file(path, text, sizeof text)) continue;
        for (char *p = text, *end; (end = strchr(p, ' ')) != NULL; p = end + 1)
            *children += one_cpu_us(atoi(p), NULL);
    }
    if (tasks != NULL) closedir(tasks);
    uint64_t ended = 0, own = one_cpu_us(pid, &ended);
    *children += ended;
    return own;
}

uint64_t load_rss(int pid) {
    char path[64], text[256];
    unsigned long long pages = 0;
    if (pid == 0) return 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    if (!read_file(path, text, sizeof text)) return 0;
    sscanf(text, "%*u %llu", &pages);
    return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}
