/* SPDX-License-Identifier: Apache-2.0
 *
 * What only the store on disk has: locks, reserve, damage, backup, and SIGKILL.
 */
#include "tests/unit/store/harness.h"
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static int setup(void **state) {
    struct bench *b = malloc(sizeof *b);
    bench_start(b, DISK);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    bench_end(*state);
    free(*state);
    return 0;
}

static enum pl_err open_other(const char *folder, struct pl_store_why *why) {
    struct pl_store_config config = {.folder = folder, .map_bytes = UINT64_C(1) << 30};
    struct pl_store *s;
    enum pl_err err = pl_store_open(&config, &s, why);
    pl_store_close(&s);
    return err;
}

static void path_in(char *out, size_t n, const struct bench *b, const char *name) {
    snprintf(out, n, "%s/%s", b->folder, name);
}

/* ---- the folder ---- */

static void test_second_server(void **state) {
    struct bench *b = *state;
    struct pl_store_why why;
    assert_int_equal(open_other(b->folder, &why), PL_BUSY);
    assert_non_null(strstr(why.text, "is in use by another server"));
    pl_store_close(&b->s);
    assert_int_equal(open_other(b->folder, &why), PL_OK);
    assert_string_equal(why.text, "");
    bench_open(b);
    assert_int_equal(pl_store_boot(b->s), 3);
}

static void test_unusable_folder(void **state) {
    (void)state;
    struct pl_store_why why;
    assert_int_not_equal(open_other("/proc/no/such", &why), PL_OK);
    assert_string_not_equal(why.text, "");
}

/* ---- a full disk ---- */

static void test_reserve(void **state) {
    struct bench *b = *state;
    pl_store_close(&b->s);
    b->config.map_bytes = 4 << 20;
    b->config.reserve = 1 << 20;
    bench_open(b);
    static char body[PL_STORE_BODY_MAX];
    struct pl_stream one = stream_no('c', 1);
    enum pl_err err = PL_OK;
    uint64_t n = 0;
    for (; !err && n < 1000; n++) {
        struct put p;
        put_make(b, &p, one, n, "");
        p.puts[0].body = (struct pl_str){body, sizeof body};
        err = put_now(b, &p);
    }
    assert_int_equal(err, PL_FULL);
    assert_in_range(n, 50, 200);
    struct pl_store_head head;
    assert_int_equal(pl_store_head(b->s, &one, &head), PL_OK);
    assert_int_equal(head.n, n - 1);
    assert_int_equal(pl_counter_read(&pl_store_counters(b->s)[PL_STORE_refused]), 1);
    /* With a larger map it goes on. */
    pl_store_close(&b->s);
    b->config.map_bytes = 64 << 20;
    bench_open(b);
    assert_int_equal(put_text(b, one, n - 1, "again"), PL_OK);
}

static void test_state_full(void **state) {
    struct bench *b = *state;
    pl_store_close(&b->s);
    b->config.map_bytes = 4 << 20;
    bench_open(b);
    static char body[PL_STORE_VALUE_MAX];
    char key[16];
    struct pl_store_row row = {.value = {body, sizeof body}};
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof key, "k%d", i);
        row.key = pl_str_c(key);
        assert_int_equal(pl_store_project(b->s, &row, 1, NULL, 0), PL_OK);
    }
    assert_int_equal(pl_store_flush(b->s), PL_FULL);
    struct pl_str value;
    assert_int_equal(pl_store_load(b->s, &b->arena, PL_STR("k299"), &value), PL_OK);
    assert_int_equal(put_text(b, stream_no('c', 1), 0, "the journal has room"), PL_OK);
}

/* A child that may not write beyond 1 MiB of a file: tells how many appends it was promised. */
static void fill_disk(const char *folder, int out) {
    struct bench b = {.disk = true};
    pthread_mutex_init(&b.lock, NULL);
    pthread_cond_init(&b.woken, NULL);
    b.port.wake = bench_wake;
    b.port.ctx = &b;
    b.config = (struct pl_store_config){.folder = folder, .map_bytes = UINT64_C(1) << 30};
    struct rlimit limit = {1 << 20, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) || pl_store_open(&b.config, &b.s, NULL)) _exit(2);
    static char body[PL_STORE_BODY_MAX];
    struct put p;
    uint64_t n = 0;
    do {
        put_make(&b, &p, stream_no('c', 1), n++, "");
        p.puts[0].body = (struct pl_str){body, sizeof body};
    } while (put_now(&b, &p) == PL_OK);
    struct pl_store_head head;
    /* LMDB says EIO when a part of the write found room. */
    if ((p.a.err != PL_FULL && p.a.err != PL_IO) || pl_store_head(b.s, &p.a.stream, &head))
        _exit(3);
    if (write(out, &head.n, sizeof head.n) != sizeof head.n || head.n != n - 1) _exit(4);
    /* Reading goes on, and so does writing where there is room. */
    struct seen seen = {.most = 1};
    if (pl_store_read(b.s, &p.a.stream, 1, 1, see, &seen)) _exit(5);
    limit.rlim_cur = 2 << 20;
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(6);
    _exit(put_text(&b, stream_no('c', 2), 0, "small") ? 7 : 0);
}

static void test_disk_full(void **state) {
    struct bench *b = *state;
    pl_store_close(&b->s);
    int fds[2], status;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) fill_disk(b->folder, fds[1]);
    uint64_t n = 0;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read(fds[0], &n, sizeof n), sizeof n);
    close(fds[0]);
    close(fds[1]);
    assert_in_range(n, 20, 70);
    bench_open(b);
    struct pl_stream one = stream_no('c', 1);
    struct pl_store_head head;
    assert_int_equal(pl_store_head(b->s, &one, &head), PL_OK);
    assert_int_equal(head.n, n);
    assert_int_equal(put_text(b, one, n, "room again"), PL_OK);
}

/* ---- damage ---- */

static void write_at(const char *path, off_t at, const char *bytes, size_t n) {
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), n);
    close(fd);
}

static void test_cut_short(void **state) {
    struct bench *b = *state;
    for (unsigned i = 0; i < 50; i++) put_text(b, stream_no('c', i), 0, "x");
    pl_store_close(&b->s);
    char path[128];
    path_in(path, sizeof path, b, "journal/data.mdb");
    assert_int_equal(truncate(path, 3 * 4096), 0);
    struct pl_store_why why;
    assert_int_equal(open_other(b->folder, &why), PL_MALFORMED);
    assert_non_null(strstr(why.text, "cut short"));
}

static void test_garbage_file(void **state) {
    struct bench *b = *state;
    pl_store_close(&b->s);
    char path[128], garbage[8192];
    memset(garbage, 'G', sizeof garbage);
    path_in(path, sizeof path, b, "state/data.mdb");
    write_at(path, 0, garbage, sizeof garbage);
    struct pl_store_why why;
    assert_int_equal(open_other(b->folder, &why), PL_MALFORMED);
    assert_string_not_equal(why.text, "");
}

/* Writes one record into an environment of a closed store. */
static void plant(const struct bench *b, const char *env_name, const char *dbi_name,
                  const void *key_bytes, size_t key_n, const void *bytes, size_t n) {
    char path[128];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    path_in(path, sizeof path, b, env_name);
    assert_int_equal(mdb_env_create(&env), 0);
    mdb_env_set_mapsize(env, 1 << 30);
    mdb_env_set_maxdbs(env, 4);
    assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, dbi_name, 0, &dbi), 0);
    MDB_val key = {key_n, (void *)(uintptr_t)key_bytes}, data = {n, (void *)(uintptr_t)bytes};
    assert_int_equal(mdb_put(txn, dbi, &key, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void plant_entry(const struct bench *b, uint8_t commit, const void *bytes, size_t n) {
    uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, commit};
    plant(b, "journal", "entries", key, sizeof key, bytes, n);
}

static void test_damaged_tail(void **state) {
    struct bench *b = *state;
    put_text(b, stream_no('c', 1), 0, "a");
    pl_store_close(&b->s);
    plant_entry(b, 2, "not an entry", 12);
    struct pl_store_why why;
    assert_int_equal(open_other(b->folder, &why), PL_MALFORMED);
    assert_string_equal(why.text, "journal entry 2: malformed input");
}

static void test_damaged_history(void **state) {
    struct bench *b = *state;
    struct pl_stream one = stream_no('c', 1);
    for (uint64_t n = 0; n < 3; n++) put_text(b, one, n, "a");
    assert_int_equal(pl_store_project(b->s, NULL, 0, &one, 3), PL_OK);
    pl_store_close(&b->s);
    static char entry[200] = {PL_STORE_VERSION};
    plant_entry(b, 2, entry, sizeof entry);
    bench_open(b);
    struct seen seen = {0};
    assert_int_equal(pl_store_read(b->s, &one, 3, 0, see, &seen), PL_OK);
    assert_int_equal(pl_store_read(b->s, &one, 1, 0, see, &seen), PL_MALFORMED);
    assert_string_equal(seen.text, "3:a");
    assert_int_equal(pl_store_scan(b->s, 1, 0, see, &seen), PL_MALFORMED);
    uint64_t n;
    assert_int_equal(pl_store_find_seq(b->s, &one, 0, &n), PL_MALFORMED);
    assert_in_range(pl_counter_read(&pl_store_counters(b->s)[PL_STORE_damaged]), 3, 9);
}

static void test_damaged_head_row(void **state) {
    struct bench *b = *state;
    struct pl_stream one = stream_no('c', 1);
    put_text(b, one, 0, "a");
    assert_int_equal(pl_store_project(b->s, NULL, 0, &one, 1), PL_OK);
    pl_store_close(&b->s);
    uint8_t key[18] = {'h'};
    memcpy(key + 1, one.id, sizeof one.id);
    static char huge[9000] = {PL_STORE_VERSION};
    const struct {
        const char *p;
        size_t n;
        enum pl_err err;
    } rows[] = {
        {"\2\1", 2, PL_MALFORMED}, {"\7", 1, PL_VERSION}, {huge, sizeof huge, PL_MALFORMED}};
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        plant(b, "state", "rows", key, sizeof key, rows[i].p, rows[i].n);
        bench_open(b);
        struct pl_store_head head;
        assert_int_equal(pl_store_head(b->s, &one, &head), rows[i].err);
        assert_int_equal(put_text(b, one, 1, "b"), rows[i].err);
        assert_int_equal(put_text(b, stream_no('c', 50 + (unsigned)i), 0, "others go on"), PL_OK);
        pl_store_close(&b->s);
    }
    bench_open(b);
}

static void test_other_version(void **state) {
    struct bench *b = *state;
    pl_store_close(&b->s);
    plant(b, "journal", "meta", "version", 7, "\0\0\0\0\0\0\0\3", 8);
    struct pl_store_why why;
    assert_int_equal(open_other(b->folder, &why), PL_VERSION);
    assert_string_equal(why.text, "the store has format version 3, this build reads 2");
}

static void test_state_ahead(void **state) {
    struct bench *b = *state;
    pl_store_close(&b->s);
    plant(b, "state", "meta", "applied", 7, "\0\0\0\0\0\0\0\7", 8);
    struct pl_store_why why;
    assert_int_equal(open_other(b->folder, &why), PL_MALFORMED);
    assert_string_equal(why.text, "the state is ahead of the journal: entry 7 of 0");
}

static void test_two_stores_mixed(void **state) {
    struct bench *b = *state;
    pl_store_close(&b->s);
    plant(b, "state", "meta", "epoch", 5, "0123456789abcdef", 16);
    struct pl_store_why why;
    assert_int_equal(open_other(b->folder, &why), PL_MALFORMED);
    assert_non_null(strstr(why.text, "belong to two stores"));
}

static void test_state_lost(void **state) {
    struct bench *b = *state;
    struct pl_stream one = stream_no('c', 1);
    put_text(b, one, 0, "a");
    assert_int_equal(pl_store_project(b->s, NULL, 0, &one, 1), PL_OK);
    pl_store_close(&b->s);
    char path[128];
    path_in(path, sizeof path, b, "state/data.mdb");
    assert_int_equal(unlink(path), 0);
    bench_open(b);
    struct pl_store_head head;
    assert_int_equal(pl_store_dirty(b->s, 0, &head, 1), 1);
    assert_int_equal(head.n, 1);
}

/* ---- backup ---- */

static void test_backup(void **state) {
    struct bench *b = *state;
    char folder[128], epoch[33];
    path_in(folder, sizeof folder, b, "copy");
    struct pl_stream one = stream_no('c', 1);
    struct pl_store_row row = {PL_STR("k"), PL_STR("v")};
    put_text(b, one, 0, "a");
    assert_int_equal(pl_store_project(b->s, &row, 1, &one, 1), PL_OK);
    assert_int_equal(pl_store_flush(b->s), PL_OK);
    put_text(b, one, 1, "b");
    assert_int_equal(pl_store_backup(b->s, folder), PL_OK);
    assert_int_equal(pl_store_backup(b->s, folder), PL_EXISTS);
    memcpy(epoch, pl_store_epoch(b->s), sizeof epoch);
    pl_store_close(&b->s);

    b->config.folder = folder;
    bench_open(b);
    assert_string_not_equal(pl_store_epoch(b->s), epoch);
    memcpy(epoch, pl_store_epoch(b->s), sizeof epoch);
    struct seen seen = {0};
    assert_int_equal(pl_store_read(b->s, &one, 1, 0, see, &seen), PL_OK);
    assert_string_equal(seen.text, "1:a 2:b");
    struct pl_str value;
    assert_int_equal(pl_store_load(b->s, &b->arena, PL_STR("k"), &value), PL_OK);
    assert_int_equal(put_text(b, one, 2, "c"), PL_OK);
    pl_store_close(&b->s);
    bench_open(b);
    assert_string_equal(pl_store_epoch(b->s), epoch);
}

static int64_t mono_us(void) {
    return pl_clock_system().mono_us(NULL);
}

/* Three times as long as the MiB took, and never without a pace. */
static void test_pace(void **state) {
    (void)state;
    struct pl_store_pace pace = {0};
    struct timespec work = {.tv_nsec = 5000000};
    assert_false(pl_store_pace(NULL, UINT64_C(1) << 30));
    assert_false(pl_store_pace(&pace, 1));
    nanosleep(&work, NULL);
    int64_t before = mono_us();
    assert_true(pl_store_pace(&pace, UINT64_C(1) << 20));
    assert_true(mono_us() - before >= 15000);
    assert_false(pl_store_pace(&pace, 1));
}

static void test_pour(void **state) {
    enum { BYTES = 2500000 }; /* some pieces and a rest */
    struct bench *b = *state;
    char from[128], to[128];
    struct pl_store_pace pace = {0};
    struct pl_str copy;
    uint64_t bytes = 7;
    char *all = malloc(BYTES);
    for (size_t i = 0; i < BYTES; i++) all[i] = (char)(i * 31 + i / 257);
    path_in(from, sizeof from, b, "from");
    path_in(to, sizeof to, b, "to");
    assert_int_equal(pl_file_replace(from, (struct pl_str){all, BYTES}), PL_OK);
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_int_equal(pl_store_pour(in, out, &pace, &bytes), PL_OK);
    assert_int_equal(bytes, 7 + BYTES);
    close(out);
    assert_int_equal(pl_file_read(&b->arena, to, BYTES, &copy), PL_OK);
    assert_true(pl_str_eq(copy, (struct pl_str){all, BYTES}));
    lseek(in, 0, SEEK_SET);
    out = open("/dev/full", O_WRONLY);
    assert_int_equal(pl_store_pour(in, out, NULL, &bytes), PL_FULL);
    close(out);
    close(in);
    free(all);
}

/* Appends and reflects while the backup runs. */
static void *keep_busy(void *arg) {
    struct bench *b = arg;
    struct bench mine = {.s = b->s};
    pthread_mutex_init(&mine.lock, NULL);
    pthread_cond_init(&mine.woken, NULL);
    mine.port.wake = bench_wake;
    mine.port.ctx = &mine;
    struct pl_stream busy = stream_no('c', 9);
    for (uint64_t n = 0; n < 400; n++) {
        if (put_text(&mine, busy, n, "x")) return NULL;
        pl_store_project(mine.s, NULL, 0, &busy, n);
        if (n % 20 == 0) pl_store_flush(mine.s);
    }
    return b;
}

static void test_backup_under_load(void **state) {
    struct bench *b = *state;
    pthread_t thread;
    void *good;
    char folder[128];
    pthread_create(&thread, NULL, keep_busy, b);
    for (int i = 0; i < 3; i++) {
        struct pl_store_head head;
        struct pl_stream busy = stream_no('c', 9);
        char name[16];
        snprintf(name, sizeof name, "copy%d", i);
        path_in(folder, sizeof folder, b, name);
        assert_int_equal(pl_store_backup(b->s, folder), PL_OK);
        struct pl_store_config config = {.folder = folder, .map_bytes = UINT64_C(1) << 30};
        struct pl_store *copy;
        struct pl_store_why why;
        enum pl_err err = pl_store_open(&config, &copy, &why);
        if (err) fail_msg("%s", why.text);
        err = pl_store_head(copy, &busy, &head);
        assert_true(err == PL_OK || err == PL_NOT_FOUND);
        assert_int_equal(head.n, pl_store_last_commit(copy));
        pl_store_close(&copy);
    }
    pthread_join(thread, &good);
    assert_ptr_equal(good, b);
}

/* ---- looking on ---- */

static bool count_one(void *ctx, const struct pl_store_entry *e) {
    uint64_t *n = ctx;
    return e->n == ++*n;
}

/* In a process of its own, as LMDB wants it: 0 when the store was whole each time. */
static int look_often(const char *folder) {
    struct pl_store_config config = {
        .folder = folder, .map_bytes = UINT64_C(1) << 30, .look = true};
    struct pl_stream busy = stream_no('c', 9);
    for (int i = 0; i < 200; i++) {
        struct pl_store *s;
        struct pl_store_head head;
        uint64_t n = 0, read = 0;
        struct put p = {.a = {.stream = busy, .puts = p.puts, .nputs = 1, .done = put_done}};
        if (pl_store_open(&config, &s, NULL) != PL_OK) return 1;
        if (pl_store_head(s, &busy, &head) == PL_OK) n = head.n;
        if (n && pl_store_read(s, &busy, 1, 0, count_one, &read) != PL_OK) return 2;
        if (read < n) return 3;
        if (pl_store_append(s, &p.a) != PL_DENIED) return 4;
        if (pl_store_project(s, NULL, 0, &busy, n) != PL_DENIED) return 5;
        if (pl_store_flush(s) != PL_OK) return 6;
        pl_store_close(&s);
    }
    return 0;
}

static void test_look(void **state) {
    struct bench *b = *state;
    pthread_t thread;
    void *good;
    int status;
    char nowhere[128];
    path_in(nowhere, sizeof nowhere, b, "nowhere");
    struct pl_store_config config = {.folder = nowhere, .look = true};
    struct pl_store *s;
    assert_int_equal(pl_store_open(&config, &s, NULL), PL_NOT_FOUND);
    assert_int_equal(access(nowhere, F_OK), -1);
    pid_t pid = fork();
    if (pid == 0) _exit(look_often(b->folder));
    pthread_create(&thread, NULL, keep_busy, b);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    pthread_join(thread, &good);
    assert_ptr_equal(good, b);
    pid = fork();
    if (pid == 0) _exit(look_often(b->folder));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* ---- SIGKILL ---- */

#define STREAMS 8

struct report {
    uint32_t stream;
    uint64_t n, commit;
};

struct load {
    struct pl_store_append a;
    struct pl_store_put put;
    char text[32];
    int pipe;
    uint32_t stream;
};

static struct pl_store *killed_store;

static void load_next(struct load *l, uint64_t n) {
    snprintf(l->text, sizeof l->text, "%u/%llu", l->stream, (unsigned long long)n + 1);
    l->put = (struct pl_store_put){
        .kind = 1, .first_seq = n + 1, .last_seq = n + 1, .body = pl_str_c(l->text)};
    l->a.expected_n = n;
    if (pl_store_append(killed_store, &l->a)) _exit(3);
}

static void load_done(struct pl_store_append *a) {
    struct load *l = (struct load *)a;
    if (a->err) _exit(4);
    struct report r = {l->stream, a->n, a->commit};
    if (write(l->pipe, &r, sizeof r) != sizeof r) _exit(5);
    struct pl_stream stream = a->stream;
    uint64_t n = a->n;
    if (n % 5 == l->stream % 5) {
        char key[16];
        snprintf(key, sizeof key, "c%u", l->stream);
        struct pl_store_row row = {pl_str_c(key), {(const char *)&n, sizeof n}};
        if (pl_store_project(killed_store, &row, 1, &stream, n)) _exit(6);
    }
    load_next(l, n);
}

/* The child: appends for ever, says what is acknowledged. */
static void run_child(const char *folder, int out) {
    struct bench b;
    memset(&b, 0, sizeof b);
    pthread_mutex_init(&b.lock, NULL);
    pthread_cond_init(&b.woken, NULL);
    b.port.wake = bench_wake;
    b.port.ctx = &b;
    struct pl_store_config config = {
        .folder = folder, .map_bytes = UINT64_C(1) << 30, .state_ms = 5, .state_rows = 20};
    if (pl_store_open(&config, &killed_store, NULL)) _exit(2);
    static struct load loads[STREAMS];
    for (uint32_t i = 0; i < STREAMS; i++) {
        struct pl_store_head head;
        loads[i].stream = i;
        loads[i].pipe = out;
        loads[i].a = (struct pl_store_append){.stream = stream_no('c', i),
                                              .puts = &loads[i].put,
                                              .nputs = 1,
                                              .port = &b.port,
                                              .done = load_done};
        (void)pl_store_head(killed_store, &loads[i].a.stream, &head);
        load_next(&loads[i], head.n);
    }
    for (;;) {
        pthread_mutex_lock(&b.lock);
        while (b.wakes == 0) pthread_cond_wait(&b.woken, &b.lock);
        b.wakes = 0;
        pthread_mutex_unlock(&b.lock);
        pl_store_port_run(&b.port);
    }
}

static void nap(long us) {
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

/* Kills a child after a while; acked[] is what it had acknowledged. */
static void kill_one(const char *folder, long us, uint64_t acked[STREAMS]) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        run_child(folder, fds[1]);
    }
    close(fds[1]);
    nap(us);
    kill(pid, SIGKILL);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
    struct report r;
    while (read(fds[0], &r, sizeof r) == sizeof r) {
        assert_int_equal(r.n, acked[r.stream] + 1);
        acked[r.stream] = r.n;
    }
    close(fds[0]);
}

struct order {
    uint32_t stream;
    uint64_t n;
};

static bool see_order(void *ctx, const struct pl_store_entry *e) {
    struct order *o = ctx;
    char text[32];
    snprintf(text, sizeof text, "%u/%llu", o->stream, (unsigned long long)++o->n);
    assert_int_equal(e->n, o->n);
    assert_true(pl_str_is(e->body, text));
    return true;
}

/* What is acknowledged is there; heads, rows and entries agree. acked[] moves on to what is there:
 * entries that were durable, but not yet acknowledged, may be there too. */
static void check_after_kill(struct bench *b, uint64_t acked[STREAMS]) {
    for (uint32_t i = 0; i < STREAMS; i++) {
        struct pl_stream stream = stream_no('c', i);
        struct pl_store_head head;
        enum pl_err err = pl_store_head(b->s, &stream, &head);
        assert_true(err == PL_OK || (err == PL_NOT_FOUND && acked[i] == 0));
        assert_in_range(head.n, acked[i], acked[i] + 1);
        assert_int_equal(head.last_seq, head.n);
        struct order o = {i, 0};
        if (head.n) assert_int_equal(pl_store_read(b->s, &stream, 1, 0, see_order, &o), PL_OK);
        assert_int_equal(o.n, head.n);
        acked[i] = head.n;
        struct pl_str value;
        char key[16];
        uint64_t n = 0;
        snprintf(key, sizeof key, "c%u", i);
        if (!pl_store_load(b->s, &b->arena, pl_str_c(key), &value)) memcpy(&n, value.p, sizeof n);
        assert_true(n <= head.n);
        if (n < head.n) assert_true(head.dirty != 0);
    }
}

static void test_kill(void **state) {
    struct bench *b = *state;
    uint64_t acked[STREAMS] = {0};
    uint32_t random = 12345;
    uint64_t boot = pl_store_boot(b->s);
    for (int i = 0; i < 12; i++) {
        pl_store_close(&b->s);
        random = random * 1664525 + 1013904223;
        kill_one(b->folder, 30000 + random % 90000, acked);
        bench_open(b);
        check_after_kill(b, acked);
        assert_in_range(pl_store_boot(b->s), boot + 1, boot + 2);
        boot = pl_store_boot(b->s);
    }
    uint64_t sum = 0;
    for (int i = 0; i < STREAMS; i++) sum += acked[i];
    assert_int_equal(pl_store_last_commit(b->s), sum);
    assert_true(sum > STREAMS);
    print_message("%llu entries over 12 kills\n", (unsigned long long)sum);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(second_server),
        TEST(unusable_folder),
        TEST(reserve),
        TEST(disk_full),
        TEST(backup_under_load),
        TEST(state_full),
        TEST(cut_short),
        TEST(garbage_file),
        TEST(damaged_tail),
        TEST(damaged_history),
        TEST(damaged_head_row),
        TEST(other_version),
        TEST(state_ahead),
        TEST(two_stores_mixed),
        TEST(state_lost),
        TEST(backup),
        TEST(pace),
        TEST(pour),
        TEST(look),
        TEST(kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
