/* SPDX-License-Identifier: Apache-2.0
 *
 * serve. The flows are compiled before anything is opened, unless that was done by an earlier
 * start; the server itself never compiles.
 */
#include <string.h>

#include "tools/cli/cli_priv.h"

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

/* ---- serve ---- */

static int load_compiled(const struct pl_config *c, struct pl_image **image) {
    struct cli_image compiled;
    char why[256], sources[65];
    bool known = pl_cli__compiled_key(c, sources);
    if (known && pl_cli__compiled_find(c->data, sources, image)) return CLI_OK;
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
        if (err == PL_OK && known) pl_cli__compiled_keep(c->data, sources, compiled.hex);
    }
    pl_cli__image_free(&compiled);
    return code;
}

static void say_ports(const struct pl_config *c, const struct cli_server *server) {
    printf("serving %s on http://%s:%d/\n", c->flows, c->host, pl_cli__server_port(server));
    if (pl_cli__server_ops_port(server) >= 0)
        printf("health and metrics on http://%s:%d/\n", c->ops_host,
               pl_cli__server_ops_port(server));
    fflush(stdout);
}

int pl_cli__serve(struct cli_args args) {
    struct pl_config config;
    struct pl_arena a;
    struct pl_image *image = NULL;
    struct cli_server *server = NULL;
    pl_arena_init(&a, 0);
    int code = pl_cli__config("serve", args, true, &a, &config);
    if (code == CLI_OK) code = load_compiled(&config, &image);
    if (code == CLI_OK && pl_cli__server_open(&config, image, NULL, &server) != PL_OK)
        code = CLI_FAILED;
    if (image) pl_image_unref(&image);
    if (code == CLI_OK) {
        say_ports(&config, server);
        pl_cli__server_run(server);
        pl_cli__server_close(&server);
    }
    pl_arena_free(&a);
    return code;
}
