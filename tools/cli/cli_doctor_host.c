/* SPDX-License-Identifier: Apache-2.0
 *
 * doctor without --models: the machine's limits, the disk, the clock, the keys, the data. Looks
 * only: nothing is made or changed, a running server is not disturbed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "runtime/crypto/crypto.h"
#include "runtime/store/store.h"
#include "tools/cli/cli_doctor_priv.h"

#define MIB (UINT64_C(1) << 20)

/* ---- limits ---- */

/* What the server wants beside its connections: files, the store, workers, the shop. */
enum { OTHER_FILES = 1024 };

static void check_files(struct doctor *d, const struct pl_config *c) {
    struct rlimit files;
    uint64_t need = (uint64_t)c->max_connections + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    if (files.rlim_max >= need)
        pl_cli__find(d, DOCTOR_WELL, "", "%llu open files, enough for %lld connections",
                     (unsigned long long)files.rlim_max, (long long)c->max_connections);
    else
        pl_cli__find(d, files.rlim_max < OTHER_FILES ? DOCTOR_WRONG : DOCTOR_LOOK,
                     "raise it (LimitNOFILE= of the unit, or limits.conf), or lower "
                     "`max_connections`",
                     "%llu open files are allowed; %lld connections want %llu",
                     (unsigned long long)files.rlim_max, (long long)c->max_connections,
                     (unsigned long long)need);
}

static void check_memory(struct doctor *d) {
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        pl_cli__find(d, DOCTOR_LOOK,
                     "take `ulimit -v` away; limit memory by the service manager instead",
                     "address space is limited to %llu MiB, so the store can grow to less of that",
                     (unsigned long long)(space.rlim_cur / MIB));
}

/* ---- disk ---- */

static const struct {
    uint32_t magic;
    enum doctor_level level;
    const char *name, *mend;
} filesystems[] = {
#define NETWORK                                                                                    \
    "put the data folder on a disk of this machine: over a network the store may be damaged"
    {0x6969, DOCTOR_WRONG, "nfs", NETWORK},
    {0x517B, DOCTOR_WRONG, "smb", NETWORK},
    {0xFE534D42, DOCTOR_WRONG, "smb2", NETWORK},
    {0xFF534D42, DOCTOR_WRONG, "cifs", NETWORK},
    {0x00C36400, DOCTOR_WRONG, "ceph", NETWORK},
    {0x01021997, DOCTOR_WRONG, "9p", NETWORK},
    {0x65735546, DOCTOR_LOOK, "fuse",
     "be sure that it is no network's, and that it syncs; else take another disk"},
    {0x01021994, DOCTOR_LOOK, "tmpfs",
     "that is memory: all conversations are gone when the machine restarts"},
    {0x794C7630, DOCTOR_LOOK, "overlay",
     "that is a container's own layer: mount a volume, or all is gone with the container"},
    {0x9123683E, DOCTOR_LOOK, "btrfs",
     "it keeps old blocks, also of erased keys: switch copy-on-write off for `keys` (chattr +C on "
     "the empty folder), take no snapshots of it"},
    {0x2FC12FC1, DOCTOR_LOOK, "zfs",
     "it keeps old blocks, also of erased keys: take no snapshots of `keys`"},
    {0xEF53, DOCTOR_WELL, "ext4", ""},
    {0x58465342, DOCTOR_WELL, "xfs", ""},
#undef NETWORK
};

static void check_kind(struct doctor *d, const char *data) {
    struct statfs fs;
    if (statfs(data, &fs) != 0) return;
    for (size_t i = 0; i < PL_LEN(filesystems); i++) {
        if (filesystems[i].magic != (uint32_t)fs.f_type) continue;
        pl_cli__find(d, filesystems[i].level, filesystems[i].mend, "the data folder is on %s",
                     filesystems[i].name);
        return;
    }
    pl_cli__find(d, DOCTOR_LOOK, "be sure that it is a local disk that syncs when it is told to",
                 "the data folder is on a filesystem that is not known here (%x)",
                 (unsigned)fs.f_type);
}

static void check_space(struct doctor *d, const char *data) {
    struct statvfs fs;
    if (statvfs(data, &fs) != 0) return;
    uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
    unsigned percent = fs.f_blocks ? (unsigned)(100 * (uint64_t)fs.f_bavail / fs.f_blocks) : 0;
    enum doctor_level level = left < 64 * MIB     ? DOCTOR_WRONG
                              : left < 1024 * MIB ? DOCTOR_LOOK
                                                  : DOCTOR_WELL;
    pl_cli__find(d, level,
                 level == DOCTOR_WRONG ? "make room: messages are refused with less than 64 MiB"
                                       : "make room before it is 64 MiB: then messages are refused",
                 "%llu MiB free (%u %%)", (unsigned long long)(left / MIB), percent);
    if (fs.f_files && fs.f_favail < 1000)
        pl_cli__find(d, DOCTOR_LOOK, "remove small files: new ones will not be made",
                     "%llu files can still be made", (unsigned long long)fs.f_favail);
}

/* Who else may look into it. False: there is no such folder, and what is in it need not be asked
 * for. */
static bool check_folder(struct doctor *d, const char *data) {
    struct stat st;
    if (stat(data, &st) != 0) {
        bool none = errno == ENOENT;
        pl_cli__find(d, none ? DOCTOR_LOOK : DOCTOR_WRONG,
                     none ? "the first `parlance serve` makes it; --data names another one"
                          : "run this as the user that runs the server",
                     "%s: %s", data, strerror(errno));
        return false;
    }
    if (access(data, R_OK | W_OK | X_OK) != 0)
        pl_cli__find(d, DOCTOR_WRONG, "run this, and the server, as the user that it belongs to",
                     "this user may not write to %s", data);
    if (st.st_mode & 077)
        pl_cli__find(d, DOCTOR_LOOK, "chmod 700 it: who may read it may command the server",
                     "the data folder is open to others (%03o)", (unsigned)st.st_mode & 0777);
    return true;
}

/* ---- clock ---- */

struct last_entry {
    int64_t at_ms;
};

static bool see_last(void *ctx, const struct pl_store_entry *e) {
    struct last_entry *last = ctx;
    last->at_ms = e->at_ms;
    return true;
}

static void check_sync(struct doctor *d) {
    struct timex t = {0};
    int state = adjtimex(&t);
    if (state < 0) return;
    if (state == TIME_ERROR || t.status & STA_UNSYNC)
        pl_cli__find(d, DOCTOR_LOOK,
                     "run a time service (systemd-timesyncd, chrony); in a container, on its host",
                     "nobody keeps the clock right");
    else
        pl_cli__find(d, DOCTOR_WELL, "", "the clock is kept right, within %ld ms",
                     t.maxerror / 1000);
}

static void check_monotonic(struct doctor *d) {
    struct pl_clock clock = pl_clock_system();
    int64_t mono = clock.mono_us(clock.ctx), wall = clock.wall_ms(clock.ctx);
    struct timespec nap = {.tv_nsec = 50000000};
    nanosleep(&nap, NULL);
    int64_t passed = clock.mono_us(clock.ctx) - mono;
    int64_t wall_passed = (clock.wall_ms(clock.ctx) - wall) * 1000;
    int64_t apart = passed > wall_passed ? passed - wall_passed : wall_passed - passed;
    if (passed < 50000 || apart > passed / 2 + 5000)
        pl_cli__find(d, DOCTOR_LOOK,
                     "look for a second time service, or a host that steps the clock",
                     "in %lld ms the clock went on by %lld", (long long)(passed / 1000),
                     (long long)(wall_passed / 1000));
}

static void check_clock(struct doctor *d, struct pl_store *store) {
    struct last_entry last = {0};
    int64_t now = pl_clock_system().wall_ms(NULL);
    check_sync(d);
    check_monotonic(d);
    uint64_t commit = store ? pl_store_last_commit(store) : 0;
    if (commit == 0 || pl_store_scan(store, commit, 1, see_last, &last) != PL_OK) return;
    if (last.at_ms > now + 2000)
        pl_cli__find(d, DOCTOR_WRONG,
                     "set the clock right before the server starts: timers would come too late",
                     "the clock is %lld s behind the newest entry of the journal",
                     (long long)((last.at_ms - now) / 1000));
}

/* ---- keys ---- */

static bool is_number(const char *name) {
    return name[0] && strspn(name, "0123456789") == strlen(name);
}

/* One key of each day, as an answer for all of them. */
static void check_days(struct doctor *d, struct pl_keys *k, const char *keys, unsigned *days) {
    DIR *folder = opendir(keys);
    const struct dirent *e;
    uint8_t key[PL_KEY_SIZE];
    while (folder && (e = readdir(folder))) {
        if (!is_number(e->d_name)) continue;
        struct pl_key_id id = {(uint32_t)strtoul(e->d_name, NULL, 10), 1};
        enum pl_err err = pl_keys_get(k, id, key);
        (*days)++;
        if (err == PL_OK || err == PL_ERASED || err == PL_NOT_FOUND) continue;
        pl_cli__find(d, DOCTOR_WRONG,
                     err == PL_DENIED
                         ? "put the master key back that this file was written with: its "
                           "conversations open with no other"
                         : "put the file back from the copy of the keys",
                     "the key file %s/%s: %s", keys, e->d_name,
                     err == PL_DENIED ? "it is of another master key" : pl_err_text(err));
    }
    pl_crypto_wipe(key, sizeof key);
    if (folder) closedir(folder);
}

static bool has_days(const char *keys) {
    DIR *folder = opendir(keys);
    const struct dirent *e;
    bool found = false;
    while (folder && !found && (e = readdir(folder))) found = is_number(e->d_name);
    if (folder) closedir(folder);
    return found;
}

/* The master key's own file. False: there is nothing to open. */
static bool check_master(struct doctor *d, const char *keys, const char *master) {
    struct stat st;
    if (stat(master, &st) != 0) {
        bool fresh = errno == ENOENT && !has_days(keys);
        if (!fresh)
            pl_cli__find(d, DOCTOR_WRONG,
                         "put it back from where it is kept: without it nothing can be read",
                         "the master key %s: %s", master, strerror(errno));
        return false;
    }
    bool good = S_ISREG(st.st_mode) && st.st_size == PL_KEY_SIZE && !(st.st_mode & 077);
    if (st.st_mode & 077)
        pl_cli__find(d, DOCTOR_WRONG, "chmod 600 it; if others may have read it, treat it as lost",
                     "the master key %s may be read by others (%03o)", master,
                     (unsigned)st.st_mode & 0777);
    else if (!good)
        pl_cli__find(d, DOCTOR_WRONG, "put it back from where it is kept",
                     "the master key %s must be a file of %d bytes", master, PL_KEY_SIZE);
    return good;
}

static void check_keys(struct doctor *d, const struct pl_config *c) {
    char keys[4096], master[4096];
    struct pl_keys *k = NULL;
    unsigned days = 0;
    snprintf(keys, sizeof keys, "%s/keys", c->data);
    snprintf(master, sizeof master, "%s/keys/master", c->data);
    if (c->master_key[0])
        snprintf(master, sizeof master, "%s", c->master_key);
    else
        pl_cli__find(d, DOCTOR_LOOK,
                     "name a file on another disk as `master_key`, and move it there",
                     "the master key is in the data folder: who takes the disk has both");
    if (access(keys, F_OK) != 0 || !check_master(d, keys, master)) return;
    enum pl_err err = pl_keys_open(keys, master, &k);
    if (err != PL_OK) {
        pl_cli__find(d, DOCTOR_WRONG, "", "the keys in %s: %s", keys, pl_err_text(err));
        return;
    }
    check_days(d, k, keys, &days);
    pl_keys_close(&k);
    if (days) pl_cli__find(d, DOCTOR_WELL, "", "the master key and the key files of %u days", days);
}

/* ---- data ---- */

static struct pl_store *open_store(struct doctor *d, const char *data) {
    struct pl_store *store = NULL;
    struct pl_store_why why = {{0}};
    struct pl_store_config config = {.folder = data, .look = true};
    enum pl_err err = pl_store_open(&config, &store, &why);
    if (err == PL_OK) return store;
    if (err != PL_NOT_FOUND)
        pl_cli__find(d, DOCTOR_WRONG,
                     err == PL_VERSION
                         ? "it was written by another version of this program: run that one, or "
                           "one that says it reads this version"
                         : "stop the server and put the folder back from the last backup; keep "
                           "this one aside",
                     "the data cannot be opened: %s", why.text[0] ? why.text : pl_err_text(err));
    return NULL;
}

static void check_store(struct doctor *d, struct pl_store *store) {
    if (!store) return;
    uint64_t lag = pl_store_lag(store);
    pl_cli__find(d, DOCTOR_WELL, "", "data of version %d, %llu entries, epoch %.8s",
                 PL_STORE_VERSION, (unsigned long long)pl_store_last_commit(store),
                 pl_store_epoch(store));
    if (lag > 100000)
        pl_cli__find(d, DOCTOR_LOOK,
                     "look in the log for `state_write_failed`; a restart has to read them",
                     "%llu entries are not yet in state/", (unsigned long long)lag);
}

static void check_images(struct doctor *d, const char *data) {
    struct pl_str *paths;
    char folder[4096], why[256];
    size_t n = 0, good = 0;
    snprintf(folder, sizeof folder, "%s/images", data);
    if (pl_files_under(d->a, folder, "", 100000, &paths, &n) != PL_OK) return;
    for (size_t i = 0; i < n; i++) {
        struct pl_image *image = NULL;
        if (paths[i].n != 64) continue; /* left by a write that was cut off */
        if (pl_cli__image_load(data, paths[i].p, &image, why) == PL_OK) {
            good++;
            pl_image_unref(&image);
        } else {
            pl_cli__find(d, DOCTOR_LOOK,
                         "conversations that began on it wait for it: put it back from the backup, "
                         "or run the version of this program that wrote it",
                         "the image %.12s: %s", paths[i].p, why);
        }
    }
    if (good) pl_cli__find(d, DOCTOR_WELL, "", "%zu images that this program reads", good);
}

void pl_cli__doctor_host(struct doctor *d, const struct pl_config *c) {
    pl_cli__doctor_about(d, "part", PL_STR("limits"), PL_STR("of this user on this machine"));
    check_files(d, c);
    check_memory(d);
    pl_cli__doctor_about(d, "part", PL_STR("disk"), pl_str_c(c->data));
    bool there = check_folder(d, c->data);
    if (there) {
        check_kind(d, c->data);
        check_space(d, c->data);
    }
    pl_cli__doctor_about(d, "part", PL_STR("data"), pl_str_c(c->data));
    struct pl_store *store = there ? open_store(d, c->data) : NULL;
    check_store(d, store);
    if (there) check_images(d, c->data);
    pl_cli__doctor_about(d, "part", PL_STR("clock"), PL_STR("of this machine"));
    check_clock(d, store);
    if (store) pl_store_close(&store);
    pl_cli__doctor_about(d, "part", PL_STR("keys"), pl_str_c(c->data));
    if (there) check_keys(d, c);
}
