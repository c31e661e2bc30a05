/* SPDX-License-Identifier: Apache-2.0
 *
 * backup and restore: a data folder copied without its keys, and one made of such a copy.
 *
 * A backup is made beside a running server, by a process of its own that only reads: the server
 * neither stops nor waits. First the state and the journal are copied, each as one moment left it
 * (the state's is the earlier one, so it is never ahead), then what the journal may name: images
 * and uploads. Keys go to a folder of their own, and last: every conversation in the copy has its
 * key there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/crypto/crypto.h"
#include "runtime/store/store.h"
#include "tools/cli/cli_priv.h"

#define MOST_FILES 10000000

struct copy {
    const char *from, *to;
    struct pl_arena names;
    uint64_t entries, bytes;
    size_t images, uploads, keys;
    struct pl_store_pace *pace; /* NULL: no server is in the way */
};

static bool join(char out[4096], const char *folder, const char *name) {
    int n = snprintf(out, 4096, "%s/%s", folder, name);
    return n > 0 && n < 4096;
}

/* ---- files ---- */

/* Into a new file: the folder gets its name when all of it is there, so a part is never read. */
static enum pl_err copy_file(struct copy *c, const char *from, const char *to) {
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) return errno == ENOENT || errno == ENOTDIR ? PL_NOT_FOUND : PL_IO;
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum pl_err err = out < 0 ? PL_IO : pl_store_pour(in, out, c->pace, &c->bytes);
    if (out >= 0 && close(out) != 0 && err == PL_OK) err = PL_IO;
    (void)close(in);
    return err;
}

static void parent_of(const char *path, char out[4096]) {
    const char *slash = strrchr(path, '/');
    if (slash == path) slash++; /* the root */
    snprintf(out, 4096, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
}

/* A file that went meanwhile was erased or has another name, under which it is found again. */
static enum pl_err copy_one(struct copy *c, const char *under, struct pl_str name, size_t *n) {
    char from[4096], to[4096], folder[4096];
    struct stat st;
    if (snprintf(from, sizeof from, "%s/%s/%.*s", c->from, under, PL_STR_ARG(name)) >= 4096 ||
        snprintf(to, sizeof to, "%s/%s/%.*s", c->to, under, PL_STR_ARG(name)) >= 4096)
        return PL_LIMIT;
    if (lstat(to, &st) == 0) return PL_OK; /* by the first walk */
    parent_of(to, folder);
    enum pl_err err = pl_mkdirs(folder);
    if (err == PL_OK) err = copy_file(c, from, to);
    if (err == PL_OK) err = pl_sync(folder);
    if (err == PL_OK) ++*n;
    return err == PL_NOT_FOUND ? PL_OK : err;
}

/* Twice: a walk may miss what gets another name while it walks. */
static enum pl_err copy_tree(struct copy *c, const char *under, bool (*wanted)(struct pl_str name),
                             size_t *count) {
    char folder[4096];
    enum pl_err err = join(folder, c->from, under) ? PL_OK : PL_LIMIT;
    for (int walk = 0; walk < 2 && err == PL_OK; walk++) {
        struct pl_str *names;
        size_t n = 0;
        if (access(folder, F_OK) != 0) return PL_OK;
        pl_arena_reset(&c->names);
        err = pl_files_under(&c->names, folder, "", MOST_FILES, &names, &n);
        for (size_t i = 0; i < n && err == PL_OK; i++)
            if (wanted(names[i])) err = copy_one(c, under, names[i], count);
    }
    return err;
}

static bool is_whole(struct pl_str name) {
    return !pl_str_ends(name, PL_STR(".tmp")) && !pl_str_ends(name, PL_STR(".part"));
}

/* The files of slots, not the master key: what is copied opens nothing by itself. */
static bool is_slots(struct pl_str name) {
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] < '0' || name.p[i] > '9') return false;
    return true;
}

static bool is_key(struct pl_str name) {
    return is_slots(name) || pl_str_is(name, "master");
}

/* ---- the store ---- */

static bool count_entry(void *ctx, const struct pl_store_entry *e) {
    struct copy *c = ctx;
    c->entries++;
    (void)pl_store_pace(c->pace, e->body.n);
    return true;
}

/* Reads every entry of the copy. */
static enum pl_err check_store(struct copy *c, struct pl_store_why *why) {
    struct pl_store_config config = {.folder = c->to, .look = true};
    struct pl_store *s;
    enum pl_err err = pl_store_open(&config, &s, why);
    if (err != PL_OK) return err;
    err = pl_store_scan(s, 1, 0, count_entry, c);
    if (err == PL_NOT_FOUND) err = PL_OK; /* an empty one */
    if (err == PL_OK && c->entries != pl_store_last_commit(s)) err = PL_MALFORMED;
    pl_store_close(&s);
    return err;
}

static enum pl_err copy_store(struct copy *c, struct pl_store_why *why) {
    struct pl_store_config config = {.folder = c->from, .look = true, .pace = c->pace};
    struct pl_store *s;
    enum pl_err err = pl_store_open(&config, &s, why);
    if (err != PL_OK) return err;
    err = pl_store_backup(s, c->to);
    pl_store_close(&s);
    return err == PL_OK ? check_store(c, why) : err;
}

static uint64_t size_of(const char *folder, const char *name) {
    char path[4096];
    struct stat st;
    return join(path, folder, name) && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* ---- all of it ---- */

/* Everything but the keys, made aside and renamed: half a copy never looks like a whole one. */
static int copy_data(struct copy *c, const char *to) {
    struct pl_store_why why = {{0}};
    char part[4096], parent[4096];
    parent_of(to, parent);
    if (snprintf(part, sizeof part, "%s.part", to) >= (int)sizeof part)
        return pl_cli__failure("the path %s is too long", to);
    if (access(part, F_OK) == 0)
        return pl_cli__failure("%s is there already, left by a copy that was cut off or is being "
                               "made; remove it",
                               part);
    c->to = part;
    enum pl_err err = copy_store(c, &why);
    if (err == PL_NOT_FOUND) return pl_cli__failure("there is no data in the folder %s", c->from);
    if (err == PL_OK) err = copy_tree(c, "images", is_whole, &c->images);
    if (err == PL_OK) err = copy_tree(c, "uploads", is_whole, &c->uploads);
    if (err == PL_OK)
        c->bytes += size_of(part, "journal/data.mdb") + size_of(part, "state/data.mdb");
    if (err == PL_OK && rename(part, to) != 0) err = PL_IO;
    if (err == PL_OK) err = pl_sync(parent);
    c->to = to;
    if (err == PL_OK) return CLI_OK;
    return pl_cli__failure("copying %s to %s: %s%s%s; a part of it may be in %s", c->from, to,
                           pl_err_text(err), why.text[0] ? ": " : "", why.text, part);
}

static int copy_keys(struct copy *c, const char *from, const char *to,
                     bool (*wanted)(struct pl_str name)) {
    struct copy keys = {.from = from, .to = to, .pace = c->pace};
    pl_arena_init(&keys.names, 0);
    enum pl_err err = pl_mkdirs(to);
    if (err == PL_OK) err = copy_tree(&keys, ".", wanted, &c->keys);
    pl_arena_free(&keys.names);
    if (err == PL_OK) return CLI_OK;
    return pl_cli__failure("copying the keys from %s to %s: %s", from, to, pl_err_text(err));
}

static bool is_free(const char *folder) {
    return access(folder, F_OK) != 0 || rmdir(folder) == 0; /* an empty one is as good */
}

static void say_copied(const struct copy *c, const char *what) {
    printf("%s: %llu entries, %zu images, %zu uploads, %.1f MB\n", what,
           (unsigned long long)c->entries, c->images, c->uploads, (double)c->bytes / 1e6);
}

/* ---- backup ---- */

int pl_cli__backup(struct cli_args args) {
    const char *keys = pl_cli__option(&args, "--keys");
    struct pl_store_pace pace = {0};
    struct copy c = {.from = pl_cli__data(&args), .pace = &pace};
    char from_keys[4096];
    if (pl_cli__strange("backup", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("backup", "name one folder to make");
    const char *to = args.argv[0];
    if (!is_free(to)) return pl_cli__failure("%s is there already", to);
    if (keys && !is_free(keys)) return pl_cli__failure("%s is there already", keys);
    umask(077);
    (void)setpriority(PRIO_PROCESS, 0, 10); /* the server comes first */
    pl_arena_init(&c.names, 0);
    int code = copy_data(&c, to);
    if (code == CLI_OK && keys && !join(from_keys, c.from, "keys")) code = CLI_FAILED;
    if (code == CLI_OK && keys) code = copy_keys(&c, from_keys, keys, is_slots);
    if (code == CLI_OK) {
        say_copied(&c, to);
        if (keys)
            printf("%s: %zu files of keys. Keep them apart from the data, and not for long: with "
                   "them what is erased from now on could be read. The master key is not among "
                   "them\n",
                   keys, c.keys);
    }
    pl_arena_free(&c.names);
    return code;
}

/* ---- restore ---- */

static int restored_keys(struct copy *c, const char *data, const char *keys) {
    char to[4096], master[4096];
    struct pl_keys *fresh = NULL;
    if (!join(to, data, "keys") || !join(master, to, "master"))
        return pl_cli__failure("the path %s is too long", data);
    if (!keys) { /* said so: the server makes its first keys here */
        enum pl_err err = pl_keys_open(to, master, &fresh);
        pl_keys_close(&fresh);
        return err == PL_OK ? CLI_OK : pl_cli__failure("%s: %s", to, pl_err_text(err));
    }
    int code = copy_keys(c, keys, to, is_key);
    if (code == CLI_OK && access(master, F_OK) != 0)
        printf("the master key is not in %s: put it at %s, mode 0600, or name its file by the "
               "option master_key\n",
               keys, master);
    return code;
}

int pl_cli__restore(struct cli_args args) {
    const char *keys = pl_cli__option(&args, "--keys");
    bool without = pl_cli__flag(&args, "--without-keys");
    const char *data = pl_cli__data(&args);
    struct copy c = {0};
    if (pl_cli__strange("restore", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("restore", "name one backup");
    if (!keys == !without)
        return pl_cli__usage("restore", "say where the keys are: --keys FOLDER; or --without-keys, "
                                        "and no conversation of the backup can ever be read");
    if (!is_free(data))
        return pl_cli__failure("the data folder %s is there already; move it away, or name another "
                               "by --data",
                               data);
    c.from = args.argv[0];
    umask(077);
    pl_arena_init(&c.names, 0);
    int code = copy_data(&c, data);
    if (code == CLI_OK) code = restored_keys(&c, data, keys);
    if (code == CLI_OK) {
        say_copied(&c, data);
        printf("start it: parlance serve FLOWS --data %s\n", data);
    }
    pl_arena_free(&c.names);
    return code;
}

bool pl_cli__keys_forgotten(const char *data) {
    char mark[4096], keys[4096];
    struct pl_arena a;
    struct pl_str *names;
    size_t n = 0;
    if (!join(mark, data, "restored") || !join(keys, data, "keys")) return false;
    if (access(mark, F_OK) != 0) return false;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_files_under(&a, keys, "", MOST_FILES, &names, &n);
    pl_arena_free(&a);
    return err != PL_OK || n == 0;
}
