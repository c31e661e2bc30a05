/* SPDX-License-Identifier: Apache-2.0
 *
 * --previous FOLDER|IMAGE: the version that conversations stand in, for build and lint. A reload
 * takes the image that the server runs; what is compared, and told, is the same.
 */
#include <sys/stat.h>

#include "grammar/grammar.h"
#include "tools/cli/cli_priv.h"

#define IMAGE_MOST ((size_t)256 << 20)

static int from_folder(const char *path, struct cli_previous *p) {
    struct pl_compile_options options = {.check_only = true, .without_talks = true};
    static const struct cli_report report = {.format = CLI_TEXT};
    int code = pl_cli__compile_folder(path, &options, &p->compiled);
    if (code == CLI_FOUND) {
        pl_cli__report(&report, &p->compiled.diags, code);
        code = pl_cli__failure("%s has mistakes: nobody can have talked to it", path);
    }
    if (code == CLI_OK) p->program = &p->compiled.program;
    return code;
}

static int from_image(const char *path, struct cli_previous *p) {
    static const uint8_t hash[32]; /* the file may have any name: nothing to compare it with */
    struct pl_arena a;
    struct pl_str bytes;
    char why[256] = "";
    pl_arena_init(&a, 0);
    enum pl_err err = pl_file_read(&a, path, IMAGE_MOST, &bytes);
    if (err == PL_OK) err = pl_image_load(bytes, hash, &p->image, why);
    pl_arena_free(&a);
    if (err != PL_OK) return pl_cli__failure("%s: %s", path, why[0] ? why : pl_err_text(err));
    p->program = pl_image_program(p->image);
    return CLI_OK;
}

int pl_cli__previous_open(const char *path, struct cli_previous *out) {
    struct stat st;
    *out = (struct cli_previous){0};
    if (!path) return CLI_OK;
    if (stat(path, &st) != 0) return pl_cli__failure("%s: there is no such file or folder", path);
    out->folder = S_ISDIR(st.st_mode);
    return out->folder ? from_folder(path, out) : from_image(path, out);
}

void pl_cli__previous_close(struct cli_previous *p) {
    if (p->folder) pl_compiled_free(&p->compiled);
    pl_image_unref(&p->image);
}
