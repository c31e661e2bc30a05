/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kill/site.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/client/client.h"

#define START_MS 60000

const char *kill_parlance(void) {
    const char *other = getenv("PARLANCE");
    return other ? other : KILL_PARLANCE;
}

const char *kill_demoshop(void) {
    const char *other = getenv("DEMOSHOP");
    return other ? other : KILL_DEMOSHOP;
}

void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

int64_t now_ms(void) {
    return pl_clock_system().mono_us(NULL) / 1000;
}

void nap_ms(int64_t ms) {
    if (ms > 0) poll(NULL, 0, (int)ms);
}

void give_up_after(unsigned seconds) {
    alarm(seconds);
}

/* ---- processes ---- */

/* In the child: dies with its parent, reads nothing, logs to a file. */
static _Noreturn void become(const char *const *argv, int out, int err) {
    int null = open("/dev/null", O_RDONLY);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, 0);
    dup2(out, 1);
    dup2(err, 2);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static pid_t spawn(const char *const *argv, int out, int err) {
    pid_t pid = fork();
    if (pid < 0) DIE("fork: %s", strerror(errno));
    if (pid == 0) become(argv, out, err);
    return pid;
}

/* The address is the first line: "… http://127.0.0.1:PORT/". */
static int read_port(int fd, int64_t until) {
    char line[512];
    size_t n = 0;
    while (n + 1 < sizeof line) {
        struct pollfd w = {.fd = fd, .events = POLLIN};
        int64_t left = until - now_ms();
        if (left <= 0 || poll(&w, 1, (int)left) <= 0) return 0;
        ssize_t got = read(fd, line + n, sizeof line - n - 1);
        if (got <= 0) return 0;
        n += (size_t)got;
        line[n] = 0;
        const char *at = strstr(line, "://");
        const char *colon = at && strchr(line, '\n') ? strchr(at + 3, ':') : NULL;
        if (colon) return atoi(colon + 1);
    }
    return 0;
}

void proc_start(struct proc *p, const char *log, const char *const *argv) {
    int out[2], err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int64_t began = now_ms();
    if (err < 0 || pipe2(out, O_CLOEXEC) != 0) DIE("%s: %s", log, strerror(errno));
    p->pid = spawn(argv, out[1], err);
    p->out = out[0];
    close(out[1]);
    close(err);
    p->port = read_port(p->out, now_ms() + START_MS);
    p->start_ms = now_ms() - began;
    if (p->port == 0) DIE("%s did not start; see %s", argv[0], log);
}

static int exit_code(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int proc_wait(struct proc *p, int64_t ms) {
    int64_t until = now_ms() + ms;
    int status = 0;
    pid_t got;
    while ((got = waitpid(p->pid, &status, WNOHANG)) == 0 && now_ms() < until) nap_ms(5);
    if (got == 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, &status, 0);
    }
    close(p->out);
    *p = (struct proc){.port = p->port};
    return got > 0 ? exit_code(status) : -1;
}

void proc_kill(struct proc *p) {
    if (p->pid == 0) return;
    kill(p->pid, SIGKILL);
    proc_wait(p, 10000);
}

int proc_run(struct pl_buf *out, int64_t ms, const char *const *argv) {
    int both[2];
    char piece[4096];
    int64_t until = now_ms() + ms;
    if (pipe2(both, O_CLOEXEC) != 0) DIE("pipe: %s", strerror(errno));
    struct proc p = {.pid = spawn(argv, both[1], both[1]), .out = both[0]};
    close(both[1]);
    pl_buf_clear(out);
    for (;;) {
        struct pollfd w = {.fd = p.out, .events = POLLIN};
        int64_t left = until - now_ms();
        if (left <= 0 || poll(&w, 1, (int)left) <= 0) break;
        ssize_t n = read(p.out, piece, sizeof piece);
        if (n <= 0) break;
        pl_buf_add(out, piece, (size_t)n);
    }
    pl_buf_byte(out, 0);
    return proc_wait(&p, until - now_ms());
}

size_t proc_children(pid_t pid, pid_t *out, size_t most) {
    char command[64];
    size_t n = 0;
    long child;
    snprintf(command, sizeof command, "cat /proc/%d/task/*/children", (int)pid);
    FILE *f = popen(command, "r");
    if (!f) DIE("popen: %s", strerror(errno));
    while (n < most && fscanf(f, "%ld", &child) == 1) out[n++] = (pid_t)child;
    pclose(f);
    return n;
}

bool proc_alive(pid_t pid) {
    return kill(pid, 0) == 0;
}

size_t proc_rss_kib(pid_t pid) {
    char path[64];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f || fscanf(f, "%*u %lu", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- the site ---- */

void site_shell(const struct site *s, const char *command) {
    setenv("D", s->folder, 1);
    if (system(command) != 0) DIE("this failed: %s", command);
}

void site_open(struct site *s, const char *project) {
    *s = (struct site){.folder = "/tmp/parlance-kill-XXXXXX"};
    if (!mkdtemp(s->folder)) DIE("mkdtemp: %s", strerror(errno));
    snprintf(s->flows, sizeof s->flows, "%s/flows", s->folder);
    snprintf(s->data, sizeof s->data, "%s/data", s->folder);
    snprintf(s->server_log, sizeof s->server_log, "%s/server.log", s->folder);
    setenv("P", project, 1);
    site_shell(s, "cp -r $P \"$D/flows\" && for i in lua i18n; do"
                  " if test -d $P/../$i; then cp -r $P/../$i \"$D/$i\"; fi; done");
    site_shell(s, "sed -i -E 's/^  within [0-9]+ms/  within 8s/' \"$D\"/flows/*.flow");
}

void site_within(const struct site *s, const char *hook, const char *within) {
    setenv("HOOK", hook, 1);
    setenv("WITHIN", within, 1);
    site_shell(s, "sed -i -E \"/^hook $HOOK\\(/,/within/ s/within .*/within $WITHIN/\""
                  " \"$D\"/flows/*.flow");
}

void site_close(struct site *s) {
    proc_kill(&s->server);
    proc_kill(&s->shop);
    if (getenv("KILL_KEEP"))
        fprintf(stderr, "kept: %s\n", s->folder);
    else
        site_shell(s, "rm -rf \"$D\"");
}

void site_shop(struct site *s, const char *fault) {
    char port[16], log[96], data[96];
    snprintf(port, sizeof port, "%d", s->shop.port); /* the same one again: the server knows it */
    snprintf(log, sizeof log, "%s/shop.log", s->folder);
    snprintf(data, sizeof data, "%s/shop.data", s->folder);
    const char *argv[] = {kill_demoshop(),        "--port", port, "--data", data, "--fault",
                          fault ? fault : "none", NULL};
    proc_start(&s->shop, log, argv);
}

void site_server(struct site *s, const char *const *more) {
    char url[64];
    const char *argv[32] = {kill_parlance(),
                            "serve",
                            s->flows,
                            "--data",
                            s->data,
                            "--shop-url",
                            url,
                            "--port=0",
                            "--handshakes-per-minute=100000",
                            "--messages-per-minute=100000",
                            "--max-connections-per-ip=1000",
                            "--drain-wait=2s"};
    snprintf(url, sizeof url, "http://127.0.0.1:%d", s->shop.port);
    size_t n = 12;
    while (more && *more && n + 1 < PL_LEN(argv)) argv[n++] = *more++;
    proc_start(&s->server, s->server_log, argv);
}

static void ask_shop(const struct site *s, const char *method, const char *path, const char *body,
                     struct pl_buf *out) {
    struct pl_buf extra = {0};
    pl_buf_printf(&extra, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    pl_buf_byte(&extra, 0);
    if (client_http(s->shop.port, method, path, extra.p, out) != 200)
        DIE("the shop refused %s %s", method, path);
    pl_buf_free(&extra);
}

void site_fault(const struct site *s, const char *prefix, const char *fault) {
    char path[128];
    struct pl_buf out = {0};
    snprintf(path, sizeof path, "/debug/fault?prefix=%s", prefix);
    ask_shop(s, "POST", path, fault, &out);
    pl_buf_free(&out);
}

int site_acted(const struct site *s, const char *key, const char *what) {
    char path[256], name[32];
    struct pl_buf out = {0};
    snprintf(path, sizeof path, "/debug/acted?key=%s", key);
    snprintf(name, sizeof name, "\"%s\":", what);
    ask_shop(s, "GET", path, "", &out);
    const char *at = strstr(out.p, name);
    int n = at ? atoi(at + strlen(name)) : -1;
    pl_buf_free(&out);
    return n;
}

const char *site_log(const struct site *s, struct pl_buf *out) {
    struct pl_arena a;
    struct pl_str text = {0};
    pl_arena_init(&a, 0);
    pl_file_read(&a, s->server_log, 64 << 20, &text);
    pl_buf_clear(out);
    pl_buf_str(out, text);
    pl_buf_byte(out, 0);
    pl_arena_free(&a);
    return out->p;
}

bool site_key(const struct site *s, int nth, char *out, size_t size) {
    char path[96], line[2048];
    bool found = false;
    snprintf(path, sizeof path, "%s/shop.data", s->folder);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (nth-- == 0) found = client_member(pl_str_c(line), "key", out, size);
    if (f) fclose(f);
    return found;
}
