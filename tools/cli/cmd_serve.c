/* SPDX-License-Identifier: Apache-2.0
 *
 * serve and dev. The flows are compiled before anything is opened; dev also watches them and runs
 * `parlance reload` in a process of its own when a file changes, so the server never compiles.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/cli/cli_priv.h"

#define WATCH_MS 300

extern char **environ;

int pl_cli__config(const char *command, struct cli_args args, bool flows, struct pl_arena *a,
                   struct pl_config *out) {
    struct pl_buf errors = {0};
    struct pl_config_rest rest = {0};
    struct pl_config_sources from = {.file = "parlance.conf",
                                     .env = (const char *const *)environ,
                                     .argc = args.argc,
                                     .argv = (const char *const *)args.argv};
    enum pl_err err = pl_config_load(a, &from, out, &rest, &errors);
    int code = CLI_OK;
    if (err != PL_OK) {
        fprintf(stderr, "%.*s", (int)errors.n, errors.p);
        code = pl_cli__usage(command, "`parlance options` lists the options");
    } else if (rest.n > 1 || (!flows && rest.n)) {
        code = pl_cli__usage(command, "name one folder of flows; '%s' is one too many",
                             rest.v[rest.n - 1]);
    } else if (rest.n == 1) {
        out->flows = rest.v[0];
    }
    pl_buf_free(&errors);
    return code;
}

int pl_cli__options(struct cli_args args) {
    struct pl_buf b = {0};
    if (pl_cli__strange("options", &args)) return CLI_FAILED;
    pl_config_help(&b);
    printf("%.*s", (int)b.n, b.p);
    pl_buf_free(&b);
    return CLI_OK;
}

/* ---- watching ---- */

struct watch {
    const struct pl_config *config;
    pthread_t thread;
    _Atomic bool stop;
};

static void stamp_files(struct pl_arena *a, const char *folder, const char *suffix, uint64_t *h) {
    struct pl_str *paths;
    size_t n = 0;
    char path[4096];
    struct stat st;
    if (pl_files_under(a, folder, suffix, 100000, &paths, &n) != PL_OK) return;
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%.*s", folder, PL_STR_ARG(paths[i]));
        *h = pl_fnv(*h, paths[i].p, paths[i].n);
        if (stat(path, &st) != 0) continue;
        *h = pl_fnv(*h, &st.st_mtim, sizeof st.st_mtim);
        *h = pl_fnv(*h, &st.st_size, sizeof st.st_size);
    }
}

/* The folder that is named, or the one in or beside the flows. */
static void stamp_beside(struct pl_arena *a, const char *flows, const char *named, const char *name,
                         const char *suffix, uint64_t *h) {
    char folder[4096];
    if (named[0]) {
        stamp_files(a, named, suffix, h);
        return;
    }
    snprintf(folder, sizeof folder, "%s/%s", flows, name);
    stamp_files(a, folder, suffix, h);
    snprintf(folder, sizeof folder, "%s/../%s", flows, name);
    stamp_files(a, folder, suffix, h);
}

/* Changes when any watched file does. */
static uint64_t stamp(const struct pl_config *c) {
    struct pl_arena a;
    uint64_t h = PL_FNV;
    pl_arena_init(&a, 0);
    stamp_files(&a, c->flows, ".flow", &h);
    stamp_files(&a, c->flows, ".txt", &h); /* holidays */
    stamp_files(&a, c->flows, ".md", &h);  /* articles */
    stamp_beside(&a, c->flows, c->translations, "i18n", ".arb", &h);
    stamp_beside(&a, c->flows, c->hooks, "lua", ".lua", &h);
    pl_arena_free(&a);
    return h;
}

static void run_reload(const struct pl_config *c) {
    const char *argv[] = {"parlance",      "reload",   c->flows,  "--data",
                          c->data,         "--hooks",  c->hooks,  "--translations",
                          c->translations, "--models", c->models, NULL};
    pid_t pid;
    int status;
    if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, (char *const *)(uintptr_t)argv, environ) !=
        0)
        return;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
}

static void *watch_files(void *ctx) {
    struct watch *w = ctx;
    uint64_t last = stamp(w->config);
    while (!w->stop) {
        usleep(WATCH_MS * 1000);
        uint64_t now = stamp(w->config);
        if (now == last) continue;
        last = now;
        run_reload(w->config);
    }
    return NULL;
}

/* ---- serve ---- */

static int load_compiled(const struct pl_config *c, struct pl_image **image) {
    struct cli_image compiled;
    char why[256];
    int code = pl_cli__compile(c, NULL, &compiled);
    if (code != CLI_OK) return code;
    enum pl_err err = pl_mkdirs(c->data);
    if (err == PL_OK) err = pl_cli__image_write(c->data, &compiled);
    if (err != PL_OK) {
        code = pl_cli__failure("the data folder %s cannot be written to: %s; it must be a folder, "
                               "or free to be made, where this user may write",
                               c->data, pl_err_text(err));
    } else {
        err = pl_cli__image_load(c->data, compiled.hex, image, why);
        if (err != PL_OK) code = pl_cli__failure("the image: %s", why);
    }
    pl_cli__image_free(&compiled);
    return code;
}

static int serve(const char *command, struct cli_args args, bool dev) {
    struct pl_config config;
    struct pl_arena a;
    struct pl_image *image = NULL;
    struct cli_server *server = NULL;
    struct watch watch = {.config = &config};
    pl_arena_init(&a, 0);
    int code = pl_cli__config(command, args, true, &a, &config);
    if (code == CLI_OK) code = load_compiled(&config, &image);
    if (code == CLI_OK && pl_cli__server_open(&config, image, &server) != PL_OK) code = CLI_FAILED;
    if (image) pl_image_unref(&image);
    if (code == CLI_OK) {
        printf("serving %s on http://%s:%d/\n", config.flows, config.host,
               pl_cli__server_port(server));
        if (pl_cli__server_ops_port(server) >= 0)
            printf("health and metrics on http://%s:%d/\n", config.ops_host,
                   pl_cli__server_ops_port(server));
        fflush(stdout);
        dev = dev && pthread_create(&watch.thread, NULL, watch_files, &watch) == 0;
        pl_cli__server_run(server);
        watch.stop = true;
        if (dev) pthread_join(watch.thread, NULL);
        pl_cli__server_close(&server);
    }
    pl_arena_free(&a);
    return code;
}

int pl_cli__serve(struct cli_args args) {
    return serve("serve", args, false);
}

int pl_cli__dev(struct cli_args args) {
    return serve("dev", args, true);
}
