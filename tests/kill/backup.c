/* SPDX-License-Identifier: Apache-2.0
 *
 * Backups beside a server that is being written to, one after another; then the server and its
 * folder are gone, and another one starts on what was restored of the last backup. What customers
 * had seen before that backup began is there, they go on to the end, no write is done twice, and
 * no key is in the backup. Answers meanwhile come nearly as soon as without backups.
 *
 *   backup [--seconds N] [--talks N] [--rate N] [--times PERCENT]
 *
 * seconds: of each half, without and with backups. times: how much slower, in percent, the slowest
 * of a hundred answers may be.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kill/crowd.h"

extern char **environ;

struct run {
    struct site site;
    struct crowd crowd;
    PL_VEC(int64_t) waits[2]; /* microseconds from saying to the acknowledgement */
    PL_VEC(int64_t) since;    /* of each customer: when he said what is not acknowledged, or 0 */
    bool during;
    size_t backups;
    int64_t backup_ms;
    pid_t child;
    int64_t child_began;
    char backup[160], keys[160];
    PL_VEC(struct customer_seen) begun, done; /* when the running backup began, and the last one */
};

static int64_t now_us(void) {
    return pl_clock_system().mono_us(NULL);
}

/* ---- how long customers wait ---- */

static void heard(void *ctx, struct customer *c) {
    struct run *r = ctx;
    while (r->since.n <= c->at) PL_PUSH(&r->since, 0);
    size_t n = c->t.said.n;
    bool open = n && c->t.said.v[n - 1].seq == 0;
    if (open && r->since.v[c->at] == 0) r->since.v[c->at] = now_us();
    if (open || r->since.v[c->at] == 0) return;
    PL_PUSH(&r->waits[r->during], now_us() - r->since.v[c->at]);
    r->since.v[c->at] = 0;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t slowest(struct run *r, int which) {
    size_t n = r->waits[which].n;
    if (n == 0) DIE("nobody waited for anything");
    qsort(r->waits[which].v, n, sizeof(int64_t), by_size);
    return r->waits[which].v[n * 99 / 100];
}

/* ---- backups ---- */

static void begin_backup(struct run *r) {
    snprintf(r->backup, sizeof r->backup, "%s/backup%zu", r->site.folder, r->backups);
    snprintf(r->keys, sizeof r->keys, "%s/keys%zu", r->site.folder, r->backups);
    const char *argv[] = {kill_parlance(), "backup", r->backup,    "--keys",
                          r->keys,         "--data", r->site.data, NULL};
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    r->begun.n = 0;
    for (size_t i = 0; i < r->crowd.all.n; i++)
        PL_PUSH(&r->begun, customer_seen(r->crowd.all.v[i]));
    if (posix_spawn(&r->child, argv[0], &quiet, NULL, (char *const *)(uintptr_t)argv, environ))
        DIE("no process for a backup");
    posix_spawn_file_actions_destroy(&quiet);
    r->child_began = now_ms();
}

/* Whether none runs any more. */
static bool end_backup(struct run *r) {
    int status;
    if (!r->child) return true;
    if (waitpid(r->child, &status, WNOHANG) == 0) return false;
    if (!WIFEXITED(status) || WEXITSTATUS(status)) DIE("backup %zu failed", r->backups);
    r->backup_ms += now_ms() - r->child_began;
    r->child = 0;
    r->backups++;
    r->done.n = 0;
    for (size_t i = 0; i < r->begun.n; i++) PL_PUSH(&r->done, r->begun.v[i]);
    return true;
}

static void talk_for(struct run *r, int64_t ms, bool backups) {
    int64_t until = now_ms() + ms;
    r->during = backups;
    while (now_ms() < until || (backups && r->backups == 0)) {
        crowd_round(&r->crowd, r->site.server.port, true);
        if (backups && end_backup(r)) begin_backup(r);
    }
    while (!end_backup(r)) crowd_round(&r->crowd, r->site.server.port, true);
}

static struct pl_str load(struct pl_arena *a, const char *folder, struct pl_str name) {
    char path[512];
    struct pl_str bytes = {0};
    snprintf(path, sizeof path, "%s/%.*s", folder, PL_STR_ARG(name));
    if (pl_file_read(a, path, 1 << 30, &bytes) != PL_OK) DIE("%s cannot be read", path);
    return bytes;
}

/* The boxes of keys, and what opens them, are in no file of the backup. */
static void look_for_keys(const struct run *r) {
    enum { SLOT = 64, BOX = 60, MOST = 64 * SLOT };
    struct pl_arena a;
    struct pl_str *keys, *files;
    size_t nkeys, nfiles, looked = 0;
    char folder[160];
    pl_arena_init(&a, 0);
    snprintf(folder, sizeof folder, "%s/keys", r->site.data);
    if (pl_files_under(&a, folder, "", 100, &keys, &nkeys) != PL_OK || nkeys < 2) DIE("no keys");
    if (pl_files_under(&a, r->backup, "", 100, &files, &nfiles) != PL_OK) DIE("no backup");
    for (size_t i = 0; i < nkeys; i++) {
        struct pl_str key = load(&a, folder, keys[i]);
        size_t n = key.n < SLOT ? key.n : BOX; /* the master key, or slots */
        for (size_t f = 0; f < nfiles; f++) {
            struct pl_str file = load(&a, r->backup, files[f]);
            for (size_t at = key.n < SLOT ? 0 : SLOT; at + n <= key.n && at < MOST; at += SLOT) {
                looked++;
                if (memmem(file.p, file.n, key.p + at, n)) DIE("a key is in the backup");
            }
        }
    }
    if (looked < 2 * 63) DIE("there were no keys to look for");
    pl_arena_free(&a);
}

/* ---- elsewhere ---- */

static void restore(struct run *r, struct site *there) {
    struct pl_buf out = {0};
    snprintf(there->data, sizeof there->data, "%s/there", r->site.folder);
    const char *argv[] = {kill_parlance(), "restore", r->backup,   "--keys",
                          r->keys,         "--data",  there->data, NULL};
    site_shell(&r->site, "mv \"$D/data\" \"$D/lost\"");
    if (proc_run(&out, 60000, argv) != 0) DIE("restore: %s", out.p);
    site_shell(&r->site, "cp -p \"$D/lost/keys/master\" \"$D/there/keys/master\"");
    pl_buf_free(&out);
    site_server(there, NULL);
}

static void go_on_there(struct run *r, const struct site *there) {
    struct crowd again = {.hasty = true};
    PL_VEC(size_t) who = {0};
    crowd_begin(&again, 1);
    for (size_t i = 0; i < r->done.n; i++) {
        if (r->done.v[i].events == 0) continue;
        crowd_return(&again, r->crowd.all.v[i], &r->done.v[i])->t.anew = true;
        PL_PUSH(&who, i);
    }
    if (who.n == 0) DIE("nobody was there before the last backup");
    do crowd_round(&again, there->server.port, false);
    while (again.over < again.all.n);
    for (size_t i = 0; i < who.n; i++) {
        struct customer *c = again.all.v[i];
        customer_compare(r->crowd.all.v[who.v[i]], &r->done.v[who.v[i]], c);
        talk_check(&c->t);
        customer_check(c);
        if (c->t.wrong[0]) DIE("conversation %zu: %s", who.v[i], c->t.wrong);
        if (strcmp(c->t.epoch, r->crowd.all.v[who.v[i]]->t.epoch) == 0)
            DIE("the epoch is the same");
    }
    printf("%zu conversations go on where the backup has them, in a new epoch\n", who.n);
    crowd_end(&again);
    PL_VEC_FREE(&who);
}

/* ---- all of it ---- */

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

static void say(struct run *r, uint64_t times) {
    int64_t alone = slowest(r, 0), during = slowest(r, 1);
    printf("%zu backups of %lld ms each; 99 of 100 messages are acknowledged within %.1f ms, and "
           "within %.1f ms (%.2f times) while backups are made; %zu and %zu messages\n",
           r->backups, (long long)(r->backup_ms / (int64_t)r->backups), (double)alone / 1000,
           (double)during / 1000, (double)during / (double)alone, r->waits[0].n, r->waits[1].n);
    if (times && (uint64_t)(during * 100 / alone) > times)
        DIE("more than %llu %% of what it is without", (unsigned long long)times);
}

static void end(struct run *r) {
    site_close(&r->site);
    crowd_end(&r->crowd);
    PL_VEC_FREE(&r->waits[0]);
    PL_VEC_FREE(&r->waits[1]);
    PL_VEC_FREE(&r->since);
    PL_VEC_FREE(&r->begun);
    PL_VEC_FREE(&r->done);
    free(r);
}

int main(int argc, char **argv) {
    struct run *r = calloc(1, sizeof *r);
    struct site there;
    int64_t ms = 1000 * (int64_t)option(argc, argv, "--seconds", 1);
    pl_assert(r);
    give_up_after((unsigned)(180 + 4 * ms / 1000));
    r->crowd.at_once = option(argc, argv, "--talks", 10);
    r->crowd.rate = option(argc, argv, "--rate", 100);
    r->crowd.heard = heard;
    r->crowd.ctx = r;
    crowd_begin(&r->crowd, 1);
    site_open(&r->site, "flows");
    site_shop(&r->site, NULL);
    site_server(&r->site, NULL);
    talk_for(r, ms, false);
    talk_for(r, ms, true);
    do crowd_round(&r->crowd, r->site.server.port, false);
    while (r->crowd.over < r->crowd.all.n);
    proc_kill(&r->site.server);
    look_for_keys(r);
    there = r->site;
    restore(r, &there);
    go_on_there(r, &there);
    crowd_check_writes(&r->crowd, &r->site);
    proc_kill(&there.server);
    say(r, option(argc, argv, "--times", 0));
    end(r);
    return 0;
}
