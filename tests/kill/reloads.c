/* SPDX-License-Identifier: Apache-2.0
 *
 * New versions of the flows, one after the other, while customers write; one in five is broken.
 * Every message is answered as ever, what the bot says in one turn is of one version, the engine's
 * thread is never kept by images for longer than it may, and old versions leave memory and disk.
 *
 *   reloads [--reloads N] [--talks N] [--rate N] [--hold-us N] [--seed N]
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/kill/crowd.h"
#include "tests/kill/site.h"

extern char **environ;

struct run {
    struct site site;
    struct crowd crowd;
    size_t good, broken;
    int64_t longest_ms; /* a reload, from compiling to active */
    uint64_t most_images;
};

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

/* Runs it while the crowd goes on; gives the exit code. */
static int beside(struct run *r, const char *const *argv) {
    pid_t pid;
    int status;
    if (posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
        DIE("cannot start %s", argv[0]);
    while (waitpid(pid, &status, WNOHANG) == 0) crowd_round(&r->crowd, r->site.server.port, true);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint64_t number_of(struct run *r, const char *command, const char *member) {
    struct pl_buf out = {0};
    char name[64];
    if (proc_run(&out, 30000,
                 (const char *[]){kill_parlance(), command, "--data", r->site.data, NULL}) != 0)
        DIE("%s: %s", command, out.p);
    snprintf(name, sizeof name, "\"%s\":", member);
    const char *at = strstr(out.p, name);
    if (!at) DIE("no %s in %s", member, out.p);
    uint64_t n = strtoull(at + strlen(name), NULL, 10);
    pl_buf_free(&out);
    return n;
}

/* Every one of these lines says which version it is of. */
static void write_version(const struct run *r, size_t i, bool broken) {
    char command[512];
    snprintf(
        command, sizeof command,
        "cp \"$D\"/kept/*.flow \"$D\"/flows/ && sed -i -E "
        "'s/\"(.*)\" @(track.found|return.sorry|return.too_late)$/\"[v%zu] \\1\" @\\2/; "
        "s/choose \"(.*)\" @track.sms$/choose \"[v%zu] \\1\" @track.sms/' \"$D\"/flows/*.flow%s",
        i, i, broken ? " && echo '  \"And {nothing}\" @broken' >> \"$D/flows/general.flow\"" : "");
    site_shell(&r->site, command);
}

static void reload(struct run *r, size_t i) {
    bool broken = i % 5 == 4;
    const char *const argv[] = {kill_parlance(), "reload",     r->site.flows,
                                "--data",        r->site.data, NULL};
    write_version(r, i, broken);
    int64_t began = now_ms();
    int code = beside(r, argv);
    if (now_ms() - began > r->longest_ms) r->longest_ms = now_ms() - began;
    if (code != (broken ? 1 : 0)) DIE("reload %zu ended with %d", i, code);
    r->good += !broken;
    r->broken += broken;
    uint64_t images = number_of(r, "status", "images");
    if (images > r->most_images) r->most_images = images;
}

/* ---- what the customers saw ---- */

static int version_of(const char *event) {
    const char *at = strstr(event, "[v");
    return at ? atoi(at + 2) : -1;
}

/* From one message of the customer to the next all is of one version. */
static size_t check_turns(const struct customer *c, bool *seen, size_t nseen) {
    size_t turns = 0;
    int version = -1;
    for (size_t i = 0; i < c->t.events.n; i++) {
        if (strstr(c->t.events.v[i], "\"from\":\"customer\"")) version = -1;
        int now = version_of(c->t.events.v[i]);
        if (now < 0) continue;
        if ((size_t)now < nseen) seen[now] = true;
        if (version >= 0 && now != version)
            DIE("conversation %zu: a turn of versions %d and %d", c->at, version, now);
        turns += version < 0;
        version = now;
    }
    return turns;
}

static void check_versions(const struct run *r, size_t reloads) {
    size_t turns = 0, heard = 0;
    bool *seen = calloc(reloads + 1, sizeof *seen);
    pl_assert(seen);
    for (size_t i = 0; i < r->crowd.all.n; i++)
        turns += check_turns(r->crowd.all.v[i], seen, reloads);
    for (size_t i = 0; i < reloads; i++) {
        if (seen[i] && i % 5 == 4) DIE("a broken version was active: %zu", i);
        heard += seen[i];
    }
    free(seen);
    printf("%zu marked turns of %zu versions, none of two\n", turns, heard);
    if (heard < 2) DIE("nobody heard of a new version");
}

static void wait_until_freed(struct run *r) {
    uint64_t images = 0;
    for (int i = 0; i < 90; i++) {
        images = number_of(r, "status", "images");
        if (images <= 1) break;
        nap_ms(1000);
    }
    printf("images in memory: %llu at most, %llu when all was quiet\n",
           (unsigned long long)r->most_images, (unsigned long long)images);
    if (images > 1) DIE("old images stay in memory");
}

int main(int argc, char **argv) {
    struct run *r = calloc(1, sizeof *r);
    size_t reloads = option(argc, argv, "--reloads", 6);
    uint64_t seed = option(argc, argv, "--seed", (uint64_t)now_ms());
    uint64_t most_us = option(argc, argv, "--hold-us", UINT64_MAX);
    give_up_after((unsigned)(240 + reloads * 20));
    pl_assert(r);
    r->crowd.at_once = option(argc, argv, "--talks", 10);
    r->crowd.rate = option(argc, argv, "--rate", 0);
    printf("seed %llu\n", (unsigned long long)seed);
    site_open(&r->site, "flows");
    site_shell(&r->site, "mkdir \"$D\"/kept && cp \"$D\"/flows/*.flow \"$D\"/kept/");
    site_shop(&r->site, NULL);
    site_server(&r->site, NULL);
    crowd_begin(&r->crowd, seed);
    int64_t began = now_ms();
    for (size_t i = 0; i < reloads; i++) reload(r, i);
    double rate = (double)r->crowd.said * 1000 / (double)(now_ms() - began);
    do crowd_round(&r->crowd, r->site.server.port, false);
    while (r->crowd.over < r->crowd.all.n);
    crowd_check(&r->crowd, r->site.server.port);
    crowd_check_writes(&r->crowd, &r->site);
    check_versions(r, reloads);
    uint64_t hold = number_of(r, "status", "longest_hold_us");
    printf(
        "%zu reloads and %zu broken ones at %.0f messages/s; one took %lld ms at most, all told; "
        "the engine's thread was kept %llu us at most\n",
        r->good, r->broken, rate, (long long)r->longest_ms, (unsigned long long)hold);
    if (hold > most_us) DIE("longer than %llu us", (unsigned long long)most_us);
    wait_until_freed(r);
    site_close(&r->site);
    crowd_end(&r->crowd);
    free(r);
    return 0;
}
