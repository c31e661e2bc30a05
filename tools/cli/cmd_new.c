/* SPDX-License-Identifier: Apache-2.0
 *
 * new: a small project to begin with, from files that are part of the program.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/cli/cli_files_priv.h"
#include "tools/cli/cli_priv.h"

static const char *base_name(const char *folder) {
    const char *slash = strrchr(folder, '/');
    return slash ? slash + 1 : folder;
}

/* The file as the project has it: its page has the project's name. */
static void make(struct pl_buf *out, const struct pl_embedded *f, const char *folder) {
    const char *mark = "NAME";
    struct pl_str rest = f->bytes;
    size_t at = SIZE_MAX;
    if (strcmp(f->name, "README.md") == 0) at = pl_str_find(rest, pl_str_c(mark));
    if (at != SIZE_MAX) {
        pl_buf_printf(out, "%.*s%s", (int)at, rest.p, base_name(folder));
        rest = (struct pl_str){rest.p + at + strlen(mark), rest.n - at - strlen(mark)};
    }
    pl_buf_str(out, rest);
}

static int write_one(const char *folder, const struct pl_embedded *f) {
    struct pl_buf text = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, f->name);
    make(&text, f, folder);
    enum pl_err err = pl_file_replace(path, pl_buf_slice(&text));
    pl_buf_free(&text);
    return err == PL_OK ? CLI_OK : pl_cli__failure("writing %s: %s", path, pl_err_text(err));
}

static int write_all(const char *folder) {
    static const char *const folders[] = {"flows", "i18n", "lua"};
    char path[4096];
    for (size_t i = 0; i < PL_LEN(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        enum pl_err err = pl_mkdirs(path);
        if (err != PL_OK) return pl_cli__failure("making %s: %s", path, pl_err_text(err));
    }
    int code = CLI_OK;
    for (const struct pl_embedded *f = pl_cli__project; f->name && code == CLI_OK; f++)
        code = write_one(folder, f);
    return code;
}

int pl_cli__new(struct cli_args args) {
    char folder[2048];
    if (pl_cli__strange("new", &args)) return CLI_FAILED;
    if (args.argc != 1 || !args.argv[0][0]) return pl_cli__usage("new", "name the folder to make");
    size_t n = strlen(args.argv[0]);
    while (n > 1 && args.argv[0][n - 1] == '/') n--;
    if (n >= sizeof folder) return pl_cli__usage("new", "the name is too long");
    snprintf(folder, sizeof folder, "%.*s", (int)n, args.argv[0]);
    /* fails when anything of that name is there: nothing is ever written over */
    if (mkdir(folder, 0777) != 0)
        return errno == EEXIST
                   ? pl_cli__failure("'%s' is there already; `new` only makes a new folder", folder)
                   : pl_cli__failure("making the folder '%s': %s", folder, strerror(errno));
    int code = write_all(folder);
    if (code == CLI_OK)
        printf("made %s\n\n  parlance test %s/flows\n  parlance sim %s/flows\n", folder, folder,
               folder);
    return code;
}
