/* SPDX-License-Identifier: Apache-2.0
 *
 * dev: a server for whoever writes the flows: for this machine alone, with a page that shows what
 * conversations do and why (tools/studio), and with its data in a folder that goes with it.
 *
 *   compile -> temporary folder -> server + studio -> a file changes -> compile -> reload
 *
 * Flows that have mistakes at the start are shown as those that get some later; a stand-in runs
 * until they are mended.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/crypto/crypto.h"
#include "tools/cli/cli_graph_priv.h"
#include "tools/studio/studio.h"

struct dev {
    struct pl_config config;
    struct pl_arena arena;
    char data[PL_SIM_SCRATCH];
    const char *folders[16];
    struct pl_studio *studio;
    struct cli_server *server;
    bool mistaken; /* the flows, at the start */
};

static int make_data(struct dev *d) {
    if (pl_sim_scratch_make("dev", d->data) != PL_OK)
        return pl_cli__failure("a folder for the data cannot be made: %m");
    d->config.data = d->data;
    return CLI_OK;
}

/* ---- compiling ---- */

static const char *or_null(const char *folder) {
    return folder[0] ? folder : NULL;
}

static enum pl_err compile(void *ctx, struct pl_studio_built *out) {
    static const struct cli_report report = {.format = CLI_TEXT};
    struct dev *d = ctx;
    struct pl_compile_options options = {
        .i18n = or_null(d->config.translations),
        .lua = or_null(d->config.hooks),
        .vectors = d->config.models[0] ? pl_cli__vectors : NULL,
        .vectors_ctx = (void *)(uintptr_t)d->config.models,
        .without_talks = true,
        .chart_out = &out->chart,
    };
    int code = pl_cli__compile_folder(d->config.flows, &options, &out->compiled);
    if (code == CLI_FOUND) pl_cli__report(&report, &out->compiled.diags, code);
    return code == CLI_OK ? PL_OK : code == CLI_FOUND ? PL_MALFORMED : PL_IO;
}

/* What runs while there has been no good version yet: it says so to who talks with it. */
static const char stand_in[] = "parlance 1\n"
                               "assistant \"The assistant\"\n"
                               "  source en\n"
                               "flow stand_in\n"
                               "  title \"the flows\" @stand_in.title\n"
                               "  on open\n"
                               "  \"The flows have mistakes. I begin when they are mended.\""
                               " @stand_in.said\n";

static enum pl_err compile_stand_in(struct dev *d, struct pl_studio_built *out) {
    struct pl_str folder = pl_arena_printf(&d->arena, "%s/stand_in", d->data);
    struct pl_str path = pl_arena_printf(&d->arena, "%s/stand_in.flow", folder.p);
    struct pl_compile_text text = {path, pl_str_c(stand_in)};
    struct pl_compile_options options = {.chart_out = &out->chart, .texts = &text, .ntexts = 1};
    if (mkdir(folder.p, 0700) != 0) return PL_IO;
    return pl_compile_folder(folder.p, &options, &out->compiled);
}

static enum pl_err write_image(const struct dev *d, const struct pl_studio_built *b,
                               struct cli_image *image) {
    *image = (struct cli_image){.bytes = b->compiled.image};
    pl_crypto_sha256(image->bytes, image->hash);
    pl_hex(image->hash, sizeof image->hash, image->hex);
    return pl_cli__image_write(d->data, image);
}

/* ---- reloading: by the server's own door ---- */

static enum pl_err ask_server(struct dev *d, const char *command, const char *hex,
                              struct pl_buf *answer) {
    char request[160];
    snprintf(request, sizeof request, "{\"cmd\":\"%s\",\"hash\":\"%s\"}", command, hex);
    return pl_cli__admin_call(d->data, pl_str_c(request), answer);
}

static bool went_well(struct pl_arena *a, const struct pl_buf *answer, struct pl_buf *why) {
    struct pl_json json;
    size_t at;
    if (pl_json_parse(a, pl_buf_slice(answer), &json, &at) != PL_OK) return false;
    const struct pl_json *ok = pl_json_get(&json, "ok");
    if (ok && ok->kind == PL_JBOOL && ok->b) return true;
    pl_buf_str(why, pl_json_text(&json, "error"));
    return false;
}

static enum pl_err reload(void *ctx, const struct pl_studio_built *b, struct pl_buf *told,
                          struct pl_buf *why) {
    struct dev *d = ctx;
    struct cli_image image;
    struct pl_arena a;
    struct pl_buf answer = {0};
    pl_arena_init(&a, 0);
    enum pl_err err = write_image(d, b, &image);
    if (err == PL_OK) err = ask_server(d, "preview", image.hex, told);
    if (err == PL_OK && !went_well(&a, told, why)) err = PL_CONFLICT;
    if (err == PL_OK) err = ask_server(d, "reload", image.hex, &answer);
    if (err == PL_OK && !went_well(&a, &answer, why)) err = PL_CONFLICT;
    if (err == PL_OK) {
        printf("reloaded: %.12s\n", image.hex);
        fflush(stdout);
    }
    pl_buf_free(&answer);
    pl_arena_free(&a);
    return err;
}

/* ---- drawing ---- */

static bool draw(void *ctx, const struct pl_studio_built *b, struct pl_str flow,
                 struct pl_buf *json, struct pl_buf *why) {
    const struct pl_chart *c = &b->chart;
    struct drawing d;
    uint32_t index = 0;
    (void)ctx;
    while (flow.n && index < c->nflows && !pl_str_eq(c->flows[index].name, flow)) index++;
    if (index == c->nflows) {
        pl_buf_c(why, "there is no such flow");
        return false;
    }
    if (flow.n)
        pl_cli__draw_flow(&d, c, index, false);
    else
        pl_cli__draw_project(&d, &b->compiled.sources, c, false);
    d.bare = true;
    int code = pl_cli__write_page(&d, &b->compiled.sources, c, json);
    if (code != CLI_OK) pl_buf_c(why, "Graphviz is needed to draw: apt-get install graphviz");
    pl_cli__drawing_free(&d);
    return code == CLI_OK;
}

static void answer(void *ctx, uint64_t ticket, struct pl_str json) {
    struct dev *d = ctx;
    pl_cli__server_answer(d->server, ticket, json);
}

/* ---- the command ---- */

static const char *beside(struct dev *d, const char *named, const char *between, const char *name) {
    if (named[0]) return named;
    return pl_arena_printf(&d->arena, "%s%s/%s", d->config.flows, between, name).p;
}

/* The flows, with what lies in them, and what a build reads beside them. */
static void name_folders(struct dev *d) {
    size_t n = 0;
    d->folders[n++] = d->config.flows;
    d->folders[n++] = beside(d, d->config.translations, "/..", "i18n");
    d->folders[n++] = beside(d, d->config.hooks, "/..", "lua");
    d->folders[n++] = beside(d, "", "/..", "kb");
    d->folders[n++] = beside(d, "", "/..", "prompts");
}

static bool has_page(const char *web) {
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/studio.html", web);
    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

/* As configured, else that of the clone in which the program was built. */
static int find_page(struct dev *d) {
    char exe[4000];
    if (has_page(d->config.web)) return CLI_OK;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    while (n > 0 && exe[n - 1] != '/') n--;
    exe[n > 0 ? n : 0] = '\0';
    d->config.web = pl_arena_printf(&d->arena, "%s../../web/dist", exe).p;
    if (has_page(d->config.web)) return CLI_OK;
    return pl_cli__failure("there is no page to show: web/build.sh makes it, and --web names the "
                           "folder that it is in");
}

static int configure(struct dev *d, struct cli_args args) {
    static const char *const own[] = {"127.0.0.1", "localhost", "::1"};
    bool local = false;
    if (pl_cli__option(&args, "--data"))
        return pl_cli__usage("dev", "what is tried is not kept, so there is no --data; `parlance "
                                    "serve` keeps");
    int code = pl_cli__config("dev", args, true, &d->arena, &d->config);
    if (code != CLI_OK) return code;
    for (size_t i = 0; i < PL_LEN(own); i++) local |= strcmp(d->config.host, own[i]) == 0;
    if (!local)
        return pl_cli__usage("dev", "it shows everything to whoever opens it, so it is for this "
                                    "machine alone; --host takes 127.0.0.1 or ::1");
    d->config.master_key = "";
    d->config.ops_port = -1;
    d->config.drain_wait = 500;
    name_folders(d);
    return find_page(d);
}

/* Serves `first`, which the studio takes over. */
static int serve(struct dev *d, struct pl_studio_built **first, const struct pl_diags *mistakes) {
    struct pl_studio_config config = {.ctx = d,
                                      .folders = d->folders,
                                      .compile = compile,
                                      .reload = reload,
                                      .draw = draw,
                                      .answer = answer,
                                      .models = d->config.models[0] != '\0'};
    struct cli_image file;
    struct pl_image *image = NULL;
    char why[256] = "";
    int code = CLI_OK;
    enum pl_err err = write_image(d, *first, &file);
    if (err == PL_OK) err = pl_cli__image_load(d->data, file.hex, &image, why);
    if (err == PL_OK) err = pl_studio_create(&config, first, mistakes, &d->studio);
    if (err == PL_OK) err = pl_cli__server_open(&d->config, image, d->studio, &d->server);
    if (err == PL_OK) err = pl_studio_start(d->studio);
    if (err != PL_OK)
        code = pl_cli__failure("dev cannot start: %s", why[0] ? why : pl_err_text(err));
    if (image) pl_image_unref(&image);
    return code;
}

static int open_dev(struct dev *d) {
    struct pl_studio_built *first = pl_studio_built_new(), *bad = NULL;
    enum pl_err err = compile(d, first);
    if (err == PL_MALFORMED) {
        d->mistaken = true;
        bad = first;
        first = pl_studio_built_new();
        err = compile_stand_in(d, first);
        pl_assert(err != PL_MALFORMED);
    }
    int code = err == PL_OK ? serve(d, &first, bad ? &bad->compiled.diags : NULL) : CLI_FAILED;
    pl_studio_built_free(&first);
    pl_studio_built_free(&bad);
    return code;
}

int pl_cli__dev(struct cli_args args) {
    struct dev d = {.data = ""};
    pl_arena_init(&d.arena, 0);
    int code = configure(&d, args);
    if (code == CLI_OK) code = make_data(&d);
    if (code == CLI_OK) code = open_dev(&d);
    if (code == CLI_OK) {
        printf("open http://%s:%d/studio.html\n", d.config.host, pl_cli__server_port(d.server));
        if (d.mistaken)
            printf("the flows have mistakes: the page shows them, and follows the files\n");
        printf("the data is in %s, until this ends\n", d.data);
        fflush(stdout);
        pl_cli__server_run(d.server);
    }
    if (d.studio) pl_studio_stop(d.studio);
    pl_cli__server_close(&d.server);
    pl_studio_destroy(&d.studio);
    if (d.data[0]) pl_sim_scratch_remove(d.data);
    pl_arena_free(&d.arena);
    return code;
}
