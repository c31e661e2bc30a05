/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/hooks/hostile: each script ends as its head says (`ends: stopped`, `ends: error`, `ends:
 * value 1`), in time, in a real worker, while another call beside it gets its answer; no worker has
 * a descriptor but its socket. And from inside the sandbox every system call that is not on the
 * list ends the process.
 *
 * HOSTILE_ROUNDS: how often (1); HOSTILE_SLACK_MS: how much longer than its budget a call may take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/hooks/hooks_priv.h"
#include "runtime/loop/loop.h"
#include "tests/support/tiny_http.h"

#define FOLDER "tests/hooks/hostile"

enum { BUDGET_MS = 500, NEIGHBOUR_MS = 10000 };

struct got {
    bool done;
    enum pl_hook_outcome outcome;
    enum pl_hook_why why;
    int64_t took_us;
    char text[200];
};

struct bench {
    struct tiny shop;
    char base[64];
    struct pl_arena a;
    struct pl_loop *loop;
    struct pl_http *http;
    struct pl_hooks *hooks;
    struct pl_str *names;
    size_t n;
    uint32_t *took; /* us, of neighbours */
    size_t ntook;
};

static bool answer(struct tiny *s, int fd, const char *request) {
    (void)s, (void)request;
    tiny_json(fd, 200, "{\"n\":7}");
    return true;
}

static void done(void *ctx, const struct pl_hook_result *r) {
    struct got *g = ctx;
    *g = (struct got){true, r->outcome, r->why, r->took_us, ""};
    struct pl_str text = r->outcome == PL_HOOK_FAILED ? r->failure : r->detail;
    if (r->outcome != PL_HOOK_OK) {
        snprintf(g->text, sizeof g->text, "%.*s", PL_STR_ARG(text));
        return;
    }
    struct pl_arena a;
    struct pl_buf json = {0};
    struct pl_reader reader = pl_reader_of(r->value);
    pl_arena_init(&a, 0);
    pl_value_to_json(&json, pl_value_read(&reader, &a));
    snprintf(g->text, sizeof g->text, "%.*s", PL_STR_ARG(pl_buf_slice(&json)));
    pl_buf_free(&json);
    pl_arena_free(&a);
}

static void call(struct bench *b, struct pl_str image, const char *function, int64_t within_ms,
                 struct got *g) {
    static const struct pl_types no_types;
    struct pl_str fails[] = {PL_STR("not_found")};
    struct pl_str hook = pl_arena_printf(&b->a, "%.*s.%s", PL_STR_ARG(image), function);
    *g = (struct got){0};
    pl_hooks_call(b->hooks,
                  &(struct pl_hook_call){.image = image,
                                         .hook = hook,
                                         .types = &no_types,
                                         .type = {.kind = PL_KIND_NUMBER, .optional = true},
                                         .fails = fails,
                                         .nfails = 1,
                                         .effect = PL_HOOK_READ,
                                         .deadline_ms = within_ms,
                                         .loop = b->loop,
                                         .done = done,
                                         .ctx = g});
}

static void wait_for(struct bench *b, const struct got *g) {
    for (int i = 0; i < 3000 && !g->done; i++) pl_loop_once(b->loop, 10);
    assert_true(g->done);
}

/* ---- the scripts ---- */

static struct pl_str stem(struct pl_str path) {
    return (struct pl_str){path.p, path.n - 4};
}

/* Behind "-- ends: ". */
static struct pl_str end_of(struct pl_str text) {
    size_t at = pl_str_find(text, PL_STR("-- ends: "));
    assert_true(at != SIZE_MAX);
    text = (struct pl_str){text.p + at + 9, text.n - at - 9};
    return (struct pl_str){text.p, pl_str_find(text, PL_STR("\n"))};
}

static struct pl_str read_script(struct bench *b, struct pl_str path) {
    char file[256];
    struct pl_str text;
    snprintf(file, sizeof file, FOLDER "/%.*s", PL_STR_ARG(path));
    assert_int_equal(pl_file_read(&b->a, file, 65536, &text), PL_OK);
    return text;
}

static int set_up(void **state) {
    static const char *const argv[] = {"hostile_test", "hook-worker", NULL};
    static struct bench bench;
    struct bench *b = &bench;
    struct pl_str hosts[] = {PL_STR("127.0.0.1")};
    struct pl_clock clock = pl_clock_system();
    pl_arena_init(&b->a, 0);
    tiny_start(&b->shop, answer, b);
    snprintf(b->base, sizeof b->base, "http://127.0.0.1:%d", b->shop.port);
    struct pl_hooks_service shop = {.name = PL_STR("shop"), .base_url = pl_str_c(b->base)};
    struct pl_http_config http = {.plain_hosts = hosts, .nplain_hosts = 1, .clock = clock};
    if (pl_loop_create(clock, &b->loop) != PL_OK || pl_http_create(&http, &b->http) != PL_OK)
        return -1;
    struct pl_hooks_config config = {.http = b->http,
                                     .clock = clock,
                                     .workers = 2,
                                     .exe = "/proc/self/exe",
                                     .argv = argv,
                                     .services = &shop,
                                     .nservices = 1};
    if (pl_hooks_create(&config, &b->hooks) != PL_OK) return -1;
    struct pl_hooks_source good = {
        PL_STR("good"), PL_STR("return { run = function() return 7 end, shop = function()\n"
                               "return http.get('shop', '/').json.n end }")};
    pl_hooks_load(b->hooks, PL_STR("good"), &good, 1);
    *state = b;
    return pl_files_under(&b->a, FOLDER, ".lua", 1000, &b->names, &b->n) == PL_OK ? 0 : -1;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    pl_hooks_destroy(&b->hooks);
    for (int i = 0; i < 3; i++) pl_loop_once(b->loop, 0);
    pl_http_destroy(&b->http);
    pl_loop_destroy(&b->loop);
    tiny_stop(&b->shop);
    free(b->took);
    pl_arena_free(&b->a);
    return 0;
}

/* ---- how it ended ---- */

static bool is_stopped(const struct got *g) {
    return g->outcome == PL_HOOK_UNAVAILABLE &&
           (g->why == PL_HOOK_WHY_BUDGET || g->why == PL_HOOK_WHY_CRASHED ||
            g->why == PL_HOOK_WHY_DEADLINE);
}

static bool is_error(const struct got *g) {
    return g->outcome == PL_HOOK_UNAVAILABLE &&
           (g->why == PL_HOOK_WHY_LUA_ERROR || g->why == PL_HOOK_WHY_WRONG_TYPE ||
            g->why == PL_HOOK_WHY_UNDECLARED || g->why == PL_HOOK_WHY_REFUSED_HTTP);
}

static bool ended_as(const struct got *g, struct pl_str end) {
    if (pl_str_is(end, "stopped")) return is_stopped(g);
    if (pl_str_is(end, "error")) return is_error(g);
    assert_true(pl_str_starts(end, PL_STR("value ")));
    return g->outcome == PL_HOOK_OK && pl_str_is((struct pl_str){end.p + 6, end.n - 6}, g->text);
}

static int slack_ms(void) {
    const char *text = getenv("HOSTILE_SLACK_MS");
    return text ? atoi(text) : 500; /* a sanitized worker on a busy machine */
}

/* Descriptors of a process, -1 when it is not there or not ours to look at. */
static int descriptors(int pid) {
    char path[64];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *d = opendir(path);
    if (!d) return -1;
    for (const struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static int parent_of(int pid) {
    char path[64], line[512];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (fgets(line, sizeof line, f) && strrchr(line, ')'))
        sscanf(strrchr(line, ')') + 1, " %*c %d", &parent);
    fclose(f);
    return parent;
}

/* The most that a worker has open. */
static int most_descriptors(void) {
    int most = 0;
    DIR *proc = opendir("/proc");
    for (const struct dirent *e; (e = readdir(proc));) {
        int pid = atoi(e->d_name);
        if (pid <= 0 || parent_of(pid) != getpid()) continue;
        int n = descriptors(pid);
        if (n > most) most = n;
    }
    closedir(proc);
    return most;
}

#ifdef PL_HOOKS__SANITIZED
enum { SOCKET_ALONE = 2 }; /* and stderr, for the sanitizer's report */
#else
enum { SOCKET_ALONE = 1 };
#endif

/* One that is being started has others for a moment. */
static void no_other_descriptor(const char *name) {
    for (int i = 0; most_descriptors() > SOCKET_ALONE; i++) {
        if (i == 200) fail_msg("%s: a worker has %d descriptors", name, most_descriptors());
        usleep(10000);
    }
}

static size_t run_script(struct bench *b, struct pl_str path) {
    struct pl_str text = read_script(b, path), name = stem(path), end = end_of(text);
    struct pl_hooks_source source = {name, text};
    struct got g, beside;
    pl_hooks_load(b->hooks, name, &source, 1);
    call(b, name, "run", BUDGET_MS, &g);
    call(b, PL_STR("good"), "run", NEIGHBOUR_MS, &beside);
    wait_for(b, &g);
    wait_for(b, &beside);
    pl_hooks_drop(b->hooks, name);
    if (beside.outcome != PL_HOOK_OK || strcmp(beside.text, "7") != 0)
        fail_msg("beside %.*s: %s %s", PL_STR_ARG(name), pl_hook_why_text(beside.why), beside.text);
    b->took[b->ntook++] = (uint32_t)beside.took_us;
    bool late = g.took_us > (BUDGET_MS + slack_ms()) * 1000;
    if (ended_as(&g, end) && !late) return 0;
    print_message("%.*s: not %.*s: outcome %d, %s, after %lld us: %s\n", PL_STR_ARG(name),
                  PL_STR_ARG(end), (int)g.outcome, pl_hook_why_text(g.why), (long long)g.took_us,
                  g.text);
    return 1;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void each_ends_as_it_must(void **state) {
    struct bench *b = *state;
    const char *text = getenv("HOSTILE_ROUNDS");
    size_t rounds = text ? (size_t)atoi(text) : 1, wrong = 0;
    struct got g;
    assert_true(b->n >= 60);
    b->took = calloc(b->n * rounds, sizeof *b->took);
    call(b, PL_STR("good"), "shop", NEIGHBOUR_MS, &g);
    wait_for(b, &g);
    assert_string_equal(g.text, "7");
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < b->n; i++) {
            wrong += run_script(b, b->names[i]);
            if (i % 8 == 0) no_other_descriptor(b->names[i].p);
        }
    no_other_descriptor("the last");
    call(b, PL_STR("good"), "shop", NEIGHBOUR_MS, &g);
    wait_for(b, &g);
    assert_string_equal(g.text, "7");
    qsort(b->took, b->ntook, sizeof *b->took, by_size);
    struct pl_hooks_stats k = pl_hooks_stats(b->hooks);
    print_message("%zu scripts, %zu times; %llu workers ended and replaced; the call beside: p50 "
                  "%u us, p99 %u us\n",
                  b->n, rounds, (unsigned long long)k.killed, b->took[b->ntook / 2],
                  b->took[b->ntook - 1 - b->ntook / 100]);
    assert_int_equal(wrong, 0);
}

/* ---- the sandbox ---- */

static bool is_allowed(long number) {
    static const long calls[] = {
        SYS_read,   SYS_write,      SYS_futex,       SYS_munmap,        SYS_mremap,
        SYS_brk,    SYS_madvise,    SYS_exit,        SYS_clock_gettime, SYS_setitimer,
        SYS_mmap,   SYS_exit_group, SYS_mprotect,    SYS_rt_sigreturn,
#ifdef PL_HOOKS__SANITIZED
        SYS_getpid, SYS_gettid,     SYS_sched_yield, SYS_sigaltstack,   SYS_rt_sigprocmask,
#endif
    };
    for (size_t i = 0; i < PL_LEN(calls); i++)
        if (calls[i] == number) return true;
    return false;
}

/* uretprobe and uprobe: the kernel's own way back from a probe, which newer kernels let pass no
 * filter; without a probe they do nothing. */
static bool is_probe(long number) {
    return number == 335 || number == 336;
}

static int status_of(long number) {
    int status = 0, pair[2];
    if (pl_socket_pair(&pair[0], &pair[1]) != PL_OK) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (pl_hooks__sandbox_enter(pair[1]) != PL_OK) _exit(2);
        syscall(number, 0, 0, 0, 0, 0, 0);
        _exit(0);
    }
    close(pair[0]);
    close(pair[1]);
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void no_other_call(void **state) {
    (void)state;
    const char *all = getenv("HOSTILE_ROUNDS");
    for (long number = 0; number < 460; number += all ? 1 : 5) {
        if (is_allowed(number) || is_probe(number)) continue;
        int status = status_of(number);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("system call %ld: status %d", number, status);
    }
    static const long named[] = {SYS_open,   SYS_openat, SYS_socket, SYS_connect,       SYS_execve,
                                 SYS_fork,   SYS_clone,  SYS_kill,   SYS_ptrace,        SYS_unlink,
                                 SYS_sendto, SYS_dup,    SYS_prctl,  SYS_io_uring_setup};
    for (size_t i = 0; i < PL_LEN(named); i++)
        assert_int_equal(WTERMSIG(status_of(named[i])), SIGSYS);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "hook-worker") == 0) return pl_hooks_worker_main(3);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_other_call),
        cmocka_unit_test_setup_teardown(each_ends_as_it_must, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
