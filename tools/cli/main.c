/* SPDX-License-Identifier: Apache-2.0
 *
 * parlance: one binary for everyone who works with flows.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tools/cli/cli_priv.h"

static const struct {
    const char *name, *args, *help, *example;
    int (*run)(struct cli_args args);
} commands[] = {
#define COMMAND(name, args, help, example) {#name, args, help, example, pl_cli__##name},
#include "tools/cli/command.def"
#undef COMMAND
};

static void print_help(FILE *to) {
    fprintf(to, "parlance runs customer-support conversations written in the flow language.\n\n");
    for (size_t i = 0; i < PL_LEN(commands); i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
    fprintf(to, "\nparlance COMMAND --help shows a command's arguments and an example.\n");
}

static void print_usage(FILE *to, const char *command) {
    for (size_t i = 0; i < PL_LEN(commands); i++)
        if (strcmp(commands[i].name, command) == 0)
            fprintf(to, "usage: parlance %s %s\n  %s\n  for example: %s\n", commands[i].name,
                    commands[i].args, commands[i].help, commands[i].example);
}

int pl_cli__usage(const char *command, const char *why, ...) {
    va_list args;
    va_start(args, why);
    fprintf(stderr, "parlance %s: ", command);
    vfprintf(stderr, why, args);
    fputc('\n', stderr);
    va_end(args);
    print_usage(stderr, command);
    return CLI_FAILED;
}

int pl_cli__failure(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "parlance: ");
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return CLI_FAILED;
}

bool pl_cli__colour(int fd) {
    const char *no = getenv("NO_COLOR"); /* no-color.org: whatever it says, unless it is empty */
    return isatty(fd) && !(no && no[0]);
}

static void drop(struct cli_args *args, int at, int n) {
    for (int i = at; i + n < args->argc; i++) args->argv[i] = args->argv[i + n];
    args->argc -= n;
}

const char *pl_cli__option(struct cli_args *args, const char *name) {
    size_t n = strlen(name);
    for (int i = 0; i < args->argc; i++) {
        char *a = args->argv[i];
        if (strncmp(a, name, n) != 0) continue;
        if (a[n] == '=') {
            drop(args, i, 1);
            return a + n + 1;
        }
        if (a[n] == 0 && i + 1 < args->argc) {
            const char *value = args->argv[i + 1];
            drop(args, i, 2);
            return value;
        }
    }
    return NULL;
}

bool pl_cli__flag(struct cli_args *args, const char *name) {
    for (int i = 0; i < args->argc; i++) {
        if (strcmp(args->argv[i], name) != 0) continue;
        drop(args, i, 1);
        return true;
    }
    return false;
}

int pl_cli__give(const char *path, const struct pl_buf *b) {
    if (!path) return fwrite(b->p, 1, b->n, stdout) == b->n ? CLI_OK : CLI_FAILED;
    enum pl_err err = pl_file_replace(path, pl_buf_slice(b));
    return err == PL_OK ? CLI_OK : pl_cli__failure("writing %s: %s", path, pl_err_text(err));
}

bool pl_cli__strange(const char *command, const struct cli_args *args) {
    for (int i = 0; i < args->argc; i++) {
        if (args->argv[i][0] != '-' || !args->argv[i][1]) continue;
        pl_cli__usage(command, "unknown option '%s', or its value is missing", args->argv[i]);
        return true;
    }
    return false;
}

static bool wants_help(int argc, char **argv) {
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

static int unknown(const char *name) {
    struct pl_near near = pl_near(pl_str_c(name));
    for (size_t i = 0; i < PL_LEN(commands); i++) pl_near_offer(&near, pl_str_c(commands[i].name));
    fprintf(stderr, "parlance: there is no command '%s'", name);
    if (near.best.n > 0) fprintf(stderr, "; did you mean '%.*s'?", PL_STR_ARG(near.best));
    fprintf(stderr, "\n");
    print_help(stderr);
    return CLI_FAILED;
}

/* By default each thread has a heap that grows page by page, with a system call for each, and gives
 * back what the next turn asks for again. */
static void set_up_memory(void) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TOP_PAD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

int main(int argc, char **argv) {
    set_up_memory();
    prctl(PR_SET_DUMPABLE, 0); /* keys and customers' texts stay out of core files */
    if (argc < 2) {
        print_help(stderr);
        return CLI_FAILED;
    }
    if (strcmp(argv[1], "hook-worker") == 0) return pl_cli__hook_worker();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("parlance %s\n", PL_VERSION_TEXT);
        return CLI_OK;
    }
    for (size_t i = 0; i < PL_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        if (wants_help(argc, argv)) {
            print_usage(stdout, argv[1]);
            return CLI_OK;
        }
        return commands[i].run((struct cli_args){argc - 2, argv + 2});
    }
    return unknown(argv[1]);
}
