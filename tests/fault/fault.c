/* SPDX-License-Identifier: Apache-2.0
 *
 * Each operation that changes what is on disk, with its nth system call or allocation failing, for
 * every n: it is fully done or fully absent, it never says that it is done when it is not, nothing
 * leaks, and the next try without a failure does it.
 *
 *   fault [OPERATION]     all cases of one operation, or of all
 *   fault --sample N      so many cases drawn by chance
 *
 * Each case is a process of its own: what it leaves is looked at by another one. The few places
 * that end the process when memory is out (base.h names them) say so, and leave no half either.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/blobs/blobs.h"
#include "runtime/store/store.h"
#include "tests/fault/fail.h"

/* Not an assert: those of the rooms are told apart from the test's own. */
#define MUST(x) ((x) ? (void)0 : must(__LINE__))

static _Noreturn void must(int line) {
    fprintf(stderr, "fault.c:%d does not hold\n", line);
    _exit(99);
}

enum found { ABSENT, DONE, BROKEN };

static char dir[64]; /* of the case */

static const char *at(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

/* What the operation told is kept beside, for the one who looks. */
static void note(const void *p, size_t n) {
    FILE *out = fopen(at("note"), "w");
    MUST(out && fwrite(p, 1, n, out) == n);
    fclose(out);
}

static bool noted(void *p, size_t n) {
    FILE *in = fopen(at("note"), "r");
    bool good = in && fread(p, 1, n, in) == n;
    if (in) fclose(in);
    return good;
}

/* ---- the store ---- */

static enum pl_err open_in(const char *folder, bool look, struct pl_store **s) {
    struct pl_store_config c = {
        .folder = at(folder), .map_bytes = 64 << 20, .reserve = 1 << 16, .look = look};
    return pl_store_open(&c, s, NULL);
}

static void told(struct pl_store_append *a) {
    a->next = a; /* ours again: it points at itself */
}

static enum pl_err append(struct pl_store *s, unsigned stream, uint64_t n, const char *text) {
    uint8_t id[16] = {(uint8_t)stream};
    struct pl_store_port port = {0};
    struct pl_store_put put = {.kind = 1, .body = pl_str_c(text)};
    struct pl_store_append a = {.stream = pl_stream_of('c', id),
                                .expected_n = n,
                                .puts = &put,
                                .nputs = 1,
                                .port = &port,
                                .done = told};
    enum pl_err err = pl_store_append(s, &a);
    if (err != PL_OK) return err;
    while (pl_store_port_run(&port) == 0) usleep(50);
    return a.err;
}

static enum pl_err project(struct pl_store *s, const char *value) {
    struct pl_store_row row = {PL_STR("row"), pl_str_c(value)};
    return pl_store_project(s, &row, 1, NULL, 0);
}

static void make_store(void) {
    struct pl_store *s;
    MUST(open_in("s", false, &s) == PL_OK);
    for (unsigned i = 0; i < 20; i++) MUST(append(s, i % 4, i / 4, "entry") == PL_OK);
    MUST(project(s, "old") == PL_OK && pl_store_flush(s) == PL_OK);
    pl_store_close(&s);
}

static bool count(void *ctx, const struct pl_store_entry *e) {
    *(uint64_t *)ctx += pl_str_is(e->body, "entry") || pl_str_is(e->body, "new");
    return true;
}

/* Entries of a store that opens and reads; UINT64_MAX when it does not. */
static uint64_t entries(const char *folder, bool look) {
    struct pl_store *s;
    uint64_t n = 0;
    if (open_in(folder, look, &s) != PL_OK) return UINT64_MAX;
    (void)pl_store_scan(s, 1, 0, count, &n);
    if (n != pl_store_last_commit(s)) n = UINT64_MAX;
    pl_store_close(&s);
    return n;
}

static enum found open_found(void) {
    return entries("s", false) == 0 ? DONE : BROKEN;
}

static enum pl_err do_open(void) {
    struct pl_store *s;
    fail_on();
    enum pl_err err = open_in("s", false, &s);
    fail_off();
    if (err == PL_OK) pl_store_close(&s);
    return err;
}

static enum found recover_found(void) {
    return entries("s", false) == 20 ? DONE : BROKEN;
}

static enum pl_err do_append(void) {
    struct pl_store *s;
    MUST(open_in("s", false, &s) == PL_OK);
    fail_on();
    enum pl_err err = append(s, 1, 5, "new");
    fail_off();
    pl_store_close(&s);
    return err;
}

static enum found append_found(void) {
    uint64_t n = entries("s", false);
    return n == 21 ? DONE : n == 20 ? ABSENT : BROKEN;
}

static enum pl_err do_project(void) {
    struct pl_store *s;
    MUST(open_in("s", false, &s) == PL_OK);
    fail_on();
    enum pl_err err = project(s, "new");
    if (err == PL_OK) err = pl_store_flush(s);
    pl_store_close(&s); /* with the failure: else it would try again, and succeed */
    fail_off();
    return err;
}

static enum found project_found(void) {
    struct pl_store *s;
    struct pl_arena a;
    struct pl_str value = {0};
    if (open_in("s", false, &s) != PL_OK) return BROKEN;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_store_load(s, &a, PL_STR("row"), &value);
    enum found found = err != PL_OK              ? BROKEN
                       : pl_str_is(value, "new") ? DONE
                       : pl_str_is(value, "old") ? ABSENT
                                                 : BROKEN;
    pl_arena_free(&a);
    pl_store_close(&s);
    return found;
}

static enum pl_err do_read(void) {
    struct pl_store *s;
    struct pl_arena a;
    struct pl_str value;
    struct pl_stream stream = pl_stream_of('c', (uint8_t[16]){1});
    uint64_t n = 0;
    MUST(open_in("s", false, &s) == PL_OK);
    pl_arena_init(&a, 1 << 20);
    fail_on();
    enum pl_err err = pl_store_read(s, &stream, 1, 0, count, &n);
    if (err == PL_OK) err = pl_store_load(s, &a, PL_STR("row"), &value);
    fail_off();
    if (err == PL_OK) MUST(n == 5 && pl_str_is(value, "old"));
    pl_arena_free(&a);
    pl_store_close(&s);
    return err;
}

static enum pl_err do_backup(void) {
    struct pl_store *s;
    MUST(open_in("s", true, &s) == PL_OK);
    fail_on();
    enum pl_err err = pl_store_backup(s, at("b"));
    fail_off();
    pl_store_close(&s);
    if (err == PL_OK && rename(at("b"), at("backup")) != 0) err = PL_IO; /* as the command does */
    return err;
}

static enum found backup_found(void) {
    if (system("rm -rf \"$FAULT_DIR/b\"") != 0) return BROKEN;
    if (access(at("backup"), F_OK) != 0) return ABSENT;
    return entries("backup", true) == 20 ? DONE : BROKEN;
}

/* ---- keys ---- */

struct key_note {
    struct pl_key_id id;
    uint8_t key[PL_KEY_SIZE];
};

static enum pl_err keys_in(struct pl_keys **k) {
    return pl_keys_open(at("keys"), at("keys/master"), k);
}

static void make_key(void) {
    struct pl_keys *k;
    struct key_note n;
    MUST(keys_in(&k) == PL_OK && pl_keys_take(k, 20000, &n.id, n.key) == PL_OK);
    pl_keys_close(&k);
    note(&n, sizeof n);
}

static enum pl_err do_keys_open(void) {
    struct pl_keys *k;
    fail_on();
    enum pl_err err = keys_in(&k);
    fail_off();
    pl_keys_close(&k);
    return err;
}

static enum found keys_open_found(void) {
    struct pl_keys *k;
    bool there = access(at("keys/master"), F_OK) == 0;
    if (keys_in(&k) != PL_OK) return BROKEN;
    pl_keys_close(&k);
    return there ? DONE : ABSENT;
}

/* Of a new day, so that a batch is filled. */
static enum pl_err do_take(void) {
    struct pl_keys *k;
    struct key_note n;
    MUST(keys_in(&k) == PL_OK);
    fail_on();
    enum pl_err err = pl_keys_take(k, 20001, &n.id, n.key);
    fail_off();
    pl_keys_close(&k);
    if (err == PL_OK) note(&n, sizeof n);
    return err;
}

/* What the note names is there; and a key can be taken. */
static enum found take_found(void) {
    struct pl_keys *k;
    struct key_note n, fresh;
    uint8_t key[PL_KEY_SIZE];
    if (keys_in(&k) != PL_OK || !noted(&n, sizeof n)) return BROKEN;
    bool good = pl_keys_get(k, n.id, key) == PL_OK && memcmp(key, n.key, sizeof key) == 0;
    good = good && pl_keys_take(k, 20001, &fresh.id, fresh.key) == PL_OK;
    good = good && (fresh.id.day != n.id.day || fresh.id.slot != n.id.slot);
    pl_keys_close(&k);
    return !good ? BROKEN : n.id.day == 20001 ? DONE : ABSENT;
}

static enum pl_err do_erase(void) {
    struct pl_keys *k;
    struct key_note n;
    MUST(keys_in(&k) == PL_OK && noted(&n, sizeof n));
    fail_on();
    enum pl_err err = pl_keys_erase(k, n.id);
    fail_off();
    pl_keys_close(&k);
    return err;
}

static enum pl_err do_unlink_day(void) {
    struct pl_keys *k;
    MUST(keys_in(&k) == PL_OK);
    fail_on();
    enum pl_err err = pl_keys_unlink_day(k, 20000);
    fail_off();
    pl_keys_close(&k);
    return err;
}

/* Erased, or as it was. A part of a day may be erased: nobody was told that it is. */
static enum found erase_found(void) {
    struct pl_keys *k;
    struct key_note n;
    uint8_t key[PL_KEY_SIZE];
    if (keys_in(&k) != PL_OK || !noted(&n, sizeof n)) return BROKEN;
    enum pl_err err = pl_keys_get(k, n.id, key);
    pl_keys_close(&k);
    if (err == PL_ERASED || err == PL_NOT_FOUND) return DONE;
    return err == PL_OK && memcmp(key, n.key, sizeof key) == 0 ? ABSENT : BROKEN;
}

/* ---- files ---- */

#define IMAGE 100000

static struct pl_str image(char letter) {
    static char bytes[IMAGE];
    memset(bytes, letter, sizeof bytes);
    return (struct pl_str){bytes, sizeof bytes};
}

static void make_image(void) {
    MUST(pl_file_replace(at("image"), image('o')) == PL_OK);
}

static enum pl_err do_image(void) {
    fail_on();
    enum pl_err err = pl_file_replace(at("image"), image('n'));
    fail_off();
    return err;
}

static enum found image_found(void) {
    struct pl_arena a;
    struct pl_str found;
    pl_arena_init(&a, 0);
    if (pl_file_read(&a, at("image"), IMAGE * 2, &found) != PL_OK) found.n = 0;
    enum found which = found.n && pl_str_eq(found, image('n'))   ? DONE
                       : found.n && pl_str_eq(found, image('o')) ? ABSENT
                                                                 : BROKEN;
    pl_arena_free(&a);
    return which;
}

static enum pl_err do_folders(void) {
    fail_on();
    enum pl_err err = pl_mkdirs(at("a/b/c"));
    fail_off();
    return err;
}

static enum found folders_found(void) {
    return access(at("a/b/c"), F_OK) == 0 ? DONE : ABSENT;
}

/* ---- uploads ---- */

struct desk {
    struct pl_loop *loop;
    struct pl_blobs *blobs;
    bool answered;
    enum pl_err err;
    struct pl_blob_id id;
    size_t n;
};

static void on_answer(void *ctx, uint64_t ticket, enum pl_err err, const struct pl_blob_info *info,
                      struct pl_str bytes) {
    struct desk *d = ctx;
    (void)ticket;
    d->answered = true;
    d->err = err;
    if (info) d->id = info->id;
    d->n = bytes.n;
}

static void open_desk(struct desk *d) {
    *d = (struct desk){0};
    MUST(pl_loop_create(pl_clock_system(), &d->loop) == PL_OK);
    struct pl_blobs_config c = {.dir = at("uploads"),
                                .keys = at("keys"),
                                .master = at("keys/master"),
                                .loop = d->loop,
                                .clock = pl_clock_system(),
                                .max_bytes = 1 << 20,
                                .per_conversation = 4,
                                .unused_ms = 86400000};
    MUST(pl_blobs_create(&c, &d->blobs) == PL_OK);
}

static void close_desk(struct desk *d) {
    pl_blobs_stop(d->blobs);
    pl_loop_once(d->loop, 0);
    pl_blobs_destroy(&d->blobs);
    pl_loop_destroy(&d->loop);
}

static enum pl_err await(struct desk *d) {
    while (!d->answered) pl_loop_once(d->loop, 100);
    d->answered = false;
    return d->err;
}

static enum pl_err send_up(struct desk *d) {
    static const char png[20000] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
    struct key_note n;
    struct pl_blob_put *put = NULL;
    MUST(noted(&n, sizeof n));
    struct pl_blob_new what = {.key = n.id, .name = PL_STR("a.png"), .size = sizeof png};
    memset(what.conversation, 0xc1, 16);
    enum pl_err err = pl_blob_begin(d->blobs, &what, &put);
    if (err == PL_OK) err = pl_blob_add(put, (struct pl_str){png, sizeof png});
    if (err != PL_OK) {
        if (put) pl_blob_drop(&put);
        return err;
    }
    pl_blob_finish(&put, on_answer, d, 1);
    return await(d);
}

static enum pl_err do_upload(void) {
    struct desk d;
    open_desk(&d);
    fail_on();
    enum pl_err err = send_up(&d);
    fail_off();
    close_desk(&d);
    FILE *out = err == PL_OK ? fopen(at("upload"), "w") : NULL;
    if (out) fwrite(&d.id, sizeof d.id, 1, out);
    if (out) fclose(out);
    return err;
}

static bool upload_id(struct pl_blob_id *id) {
    FILE *in = fopen(at("upload"), "r");
    bool good = in && fread(id, sizeof *id, 1, in) == 1;
    if (in) fclose(in);
    return good;
}

/* What was told to be kept can be read; what was not is not in the way. */
static enum found upload_found(void) {
    struct desk d;
    struct pl_blob_id id;
    enum found found = ABSENT;
    open_desk(&d);
    if (upload_id(&id)) {
        pl_blobs_read(d.blobs, &id, on_answer, &d, 2);
        found = await(&d) == PL_OK && d.n == 20000 ? DONE : BROKEN;
    }
    close_desk(&d);
    return found;
}

static void make_upload(void) {
    make_key();
    MUST(do_upload() == PL_OK);
}

static enum pl_err do_use(void) {
    struct desk d;
    struct pl_blob_id id;
    MUST(upload_id(&id));
    open_desk(&d);
    fail_on();
    pl_blobs_use(d.blobs, &id, on_answer, &d, 1);
    enum pl_err err = await(&d);
    fail_off();
    close_desk(&d);
    return err;
}

/* ---- the cases ---- */

static void nothing(void) {
}

static const struct operation {
    const char *name;
    void (*prepare)(void);
    enum pl_err (*act)(void);
    enum found (*look)(void);
} operations[] = {
    {"open", nothing, do_open, open_found},
    {"recover", make_store, do_open, recover_found},
    {"append", make_store, do_append, append_found},
    {"project", make_store, do_project, project_found},
    {"read", make_store, do_read, recover_found},
    {"backup", make_store, do_backup, backup_found},
    {"master", nothing, do_keys_open, keys_open_found},
    {"take", make_key, do_take, take_found},
    {"erase", make_key, do_erase, erase_found},
    {"day", make_key, do_unlink_day, erase_found},
    {"image", make_image, do_image, image_found},
    {"folders", nothing, do_folders, folders_found},
    {"upload", make_key, do_upload, upload_found},
    {"use", make_upload, do_use, upload_found},
};

static const char *const kinds[] = {"full", "io", "interrupted", "short", "memory"};

enum { ENDED_OK = 0, ENDED_ERR = 3, UNTOUCHED = 4 };

/* In a process of its own; a leak or a sanitizer's report is another exit code. */
static int act_in_child(const struct operation *o, int kind, unsigned nth) {
    int status;
    fflush(NULL);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        fail_set((enum fail_kind)kind, nth, dir);
        enum pl_err err = o->act();
        fail_off();
        exit(!fail_fired() ? UNTOUCHED : err == PL_OK ? ENDED_OK : ENDED_ERR);
    }
    MUST(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void clean(void) {
    if (system("rm -rf \"$FAULT_DIR\"") != 0 || mkdir(dir, 0700) != 0) abort();
}

static _Noreturn void broken(const struct operation *o, int kind, unsigned nth, const char *what) {
    fprintf(stderr, "%s, %s at %u: %s; see %s\n", o->name, kinds[kind], nth, what, dir);
    exit(1);
}

static void check_case(const struct operation *o, int kind, unsigned nth, int ended) {
    bool memory = kind == FAIL_MEMORY && ended == 128 + SIGABRT;
    if (ended != ENDED_OK && ended != ENDED_ERR && !memory)
        broken(o, kind, nth, "it crashed, hung or leaked");
    enum found found = o->look();
    if (found == BROKEN) broken(o, kind, nth, "what it left cannot be used");
    if (ended == ENDED_OK && found != DONE) broken(o, kind, nth, "it said that it was done");
    if (found == DONE) return;
    int again = act_in_child(o, FAIL_IO, 0);
    if (again != UNTOUCHED || o->look() != DONE) broken(o, kind, nth, "it cannot be done again");
}

static int one_case(const struct operation *o, int kind, unsigned nth, unsigned *aborts) {
    clean();
    o->prepare();
    int ended = act_in_child(o, kind, nth);
    if (ended == UNTOUCHED) return ended;
    check_case(o, kind, nth, ended);
    *aborts += ended == 128 + SIGABRT;
    return ended;
}

/* Every nth until one is not reached; gives how many. */
static unsigned each(const struct operation *o, unsigned *aborts) {
    unsigned cases = 0;
    printf("%s:", o->name);
    for (int kind = 0; kind <= FAIL_MEMORY; kind++) {
        unsigned nth = 1;
        while (one_case(o, kind, nth, aborts) != UNTOUCHED) nth++;
        printf(" %s %u", kinds[kind], nth - 1);
        cases += nth - 1;
    }
    printf("\n");
    fflush(stdout);
    return cases;
}

static unsigned sample(unsigned n, unsigned *aborts) {
    struct pl_rand rand;
    unsigned cases = 0;
    pl_rand_seed(&rand, (uint64_t)pl_clock_system().mono_us(NULL));
    while (n--) {
        const struct operation *o = &operations[pl_rand_below(&rand, PL_LEN(operations))];
        int kind = (int)pl_rand_below(&rand, FAIL_MEMORY + 1);
        cases += one_case(o, kind, 1 + (unsigned)pl_rand_below(&rand, 6), aborts) != UNTOUCHED;
    }
    return cases;
}

int main(int argc, char **argv) {
    unsigned cases = 0, aborts = 0;
    bool drawn = argc == 3 && strcmp(argv[1], "--sample") == 0;
    alarm(3600);
    snprintf(dir, sizeof dir, "%s/parlance-fault-%d",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    setenv("FAULT_DIR", dir, 1);
    MUST(mkdir(dir, 0700) == 0);
    if (drawn) cases = sample((unsigned)strtoul(argv[2], NULL, 10), &aborts);
    for (size_t i = 0; !drawn && i < PL_LEN(operations); i++)
        if (argc < 2 || strcmp(argv[1], operations[i].name) == 0)
            cases += each(&operations[i], &aborts);
    clean();
    rmdir(dir);
    printf("%u failures, each fully done or fully absent and nothing leaked; memory ended the "
           "process %u times\n",
           cases, aborts);
    return cases ? 0 : 1;
}
