/* SPDX-License-Identifier: Apache-2.0
 *
 * replay: stored conversations played again: on their own images, on another one, step by step.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/crypto/crypto.h"
#include "tools/cli/cli_priv.h"
#include "tools/sim/sim.h"

#define IMAGE_MOST ((size_t)256 << 20)

static struct pl_image *find_image(void *ctx, const uint8_t prefix[8]) {
    return pl_cli__image_find(ctx, prefix);
}

void pl_cli__stored(const struct pl_config *config, struct cli_stored *out) {
    snprintf(out->keys, sizeof out->keys, "%s/keys", config->data);
    snprintf(out->master, sizeof out->master, "%s/keys/master", config->data);
    if (config->master_key[0]) snprintf(out->master, sizeof out->master, "%s", config->master_key);
    out->from = (struct pl_sim_stored){.data = config->data,
                                       .keys = out->keys,
                                       .master = out->master,
                                       .find_image = find_image,
                                       .find_ctx = (void *)(uintptr_t)config->data};
}

/* ---- the image to compare with ---- */

static int image_of(struct pl_str bytes, const char *path, struct pl_image **out) {
    uint8_t hash[32];
    char why[256] = "";
    pl_crypto_sha256(bytes, hash);
    enum pl_err err = pl_image_load(bytes, hash, out, why);
    if (err == PL_OK) return CLI_OK;
    return pl_cli__failure("%s: %s", path, why[0] ? why : pl_err_text(err));
}

static int from_folder(struct pl_config *config, const char *path, struct pl_image **out) {
    struct cli_image compiled;
    config->flows = path;
    int code = pl_cli__compile(config, NULL, &compiled);
    if (code != CLI_OK) return code;
    code = image_of(compiled.bytes, path, out);
    pl_cli__image_free(&compiled);
    return code;
}

static int against(struct pl_config *config, const char *path, struct pl_image **out) {
    struct stat st;
    struct pl_arena a;
    struct pl_str bytes;
    if (!path) return CLI_OK;
    if (stat(path, &st) != 0) return pl_cli__failure("--against %s: there is no such file", path);
    if (S_ISDIR(st.st_mode)) return from_folder(config, path, out);
    pl_arena_init(&a, 0);
    enum pl_err err = pl_file_read(&a, path, IMAGE_MOST, &bytes);
    int code = err == PL_OK ? image_of(bytes, path, out)
                            : pl_cli__failure("%s: %s", path, pl_err_text(err));
    pl_arena_free(&a);
    return code;
}

/* ---- arguments ---- */

static bool number(struct cli_args *args, const char *name, int64_t most, int64_t *out) {
    const char *given = pl_cli__option(args, name);
    *out = 0;
    return !given || (pl_str_i64(pl_str_c(given), out) && *out >= 1 && *out <= most);
}

/* The one argument that is no option: the beginning of a conversation's id. */
static const char *conversation_of(struct cli_args *args) {
    for (int i = 0; i < args->argc; i++) {
        char *given = args->argv[i];
        size_t n = strlen(given);
        if (n < 8 || n > 32 || strspn(given, "0123456789abcdef") != n) continue;
        if (i && args->argv[i - 1][0] == '-' && !strchr(args->argv[i - 1], '=')) continue;
        for (int k = i; k + 1 < args->argc; k++) args->argv[k] = args->argv[k + 1];
        args->argc--;
        return given;
    }
    return NULL;
}

static unsigned terminal_width(void) {
    struct winsize size = {0};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int pl_cli__replay(struct cli_args args) {
    struct pl_sim_replay r = {
        .in = stdin, .out = stdout, .err = stderr, .colour = pl_cli__colour(STDOUT_FILENO)};
    struct cli_stored stored;
    struct pl_config config;
    struct pl_arena a;
    int64_t last, jobs;
    r.gate = pl_cli__option(&args, "--gate");
    r.html = pl_cli__option(&args, "--html");
    r.json = pl_cli__flag(&args, "--json");
    r.width = terminal_width();
    const char *other = pl_cli__option(&args, "--against");
    if (!number(&args, "--last", INT64_MAX, &last) || !number(&args, "--jobs", 256, &jobs))
        return pl_cli__usage("replay", "--last and --jobs take numbers from 1");
    r.last = (uint64_t)last;
    r.jobs = (unsigned)jobs;
    const char *step = pl_cli__option(&args, "--step");
    r.conversation = step ? step : conversation_of(&args);
    if (step && (other || r.json || r.html || r.last))
        return pl_cli__usage("replay", "--step shows one conversation on its own flows");
    if (r.gate && !other)
        return pl_cli__usage("replay", "--gate says how much may differ: name the other flows by "
                                       "--against");
    pl_arena_init(&a, 0);
    int code = pl_cli__config("replay", args, false, &a, &config);
    if (code == CLI_OK) code = against(&config, other, &r.against);
    if (code == CLI_OK) {
        pl_cli__stored(&config, &stored);
        r.from = stored.from;
        code = step ? pl_sim_replay_step_main(&r) : pl_sim_replay_main(&r);
    }
    pl_image_unref(&r.against);
    pl_arena_free(&a);
    return code;
}

/* ---- the gate of a reload ---- */

#define GATE_LAST 1000

bool pl_cli__gate_options(struct cli_args *args, struct cli_gate *out) {
    int64_t last;
    *out = (struct cli_gate){.limits = pl_cli__option(args, "--gate")};
    if (!number(args, "--last", INT64_MAX, &last) || (last && !out->limits)) {
        pl_cli__usage("reload", "--last takes a number from 1, beside --gate");
        return false;
    }
    out->last = last ? (uint64_t)last : GATE_LAST;
    return true;
}

int pl_cli__gate(const struct cli_gate *gate, const struct pl_config *config,
                 const struct cli_image *image) {
    struct pl_sim_replay r = {.gate = gate->limits,
                              .last = gate->last,
                              .out = stdout,
                              .err = stderr,
                              .width = terminal_width(),
                              .colour = pl_cli__colour(STDOUT_FILENO)};
    struct cli_stored stored;
    if (!gate->limits) return CLI_OK;
    int code = image_of(image->bytes, config->flows, &r.against);
    if (code == CLI_OK) {
        pl_cli__stored(config, &stored);
        r.from = stored.from;
        code = pl_sim_replay_main(&r);
    }
    pl_image_unref(&r.against);
    if (code == CLI_FOUND)
        fprintf(
            stderr,
            "nothing was changed: the server goes on with the flows it has. To look at what "
            "differs:\n  parlance replay --against %s --last %llu --data %s --html replay.html\n",
            config->flows, (unsigned long long)gate->last, config->data);
    return code;
}
