/* SPDX-License-Identifier: Apache-2.0
 *
 * reload, versions, activate, discard: a running server's versions of its flows.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/program/program.h"
#include "tools/cli/cli_priv.h"

#define CHANGES_MOST 40 /* lines of what differs */

static struct pl_str request(struct pl_arena *a, const char *cmd, const char *hash) {
    return pl_arena_printf(a, "{\"cmd\":\"%s\",\"hash\":\"%s\"}", cmd, hash);
}

static long long member(const struct pl_json *json, const char *name) {
    const struct pl_json *m = pl_json_get(json, name);
    int64_t n = 0;
    if (m) (void)pl_str_i64(m->s, &n);
    return n;
}

/* Asks a running server. */
static int ask(const char *data, struct pl_arena *a, struct pl_str line, struct pl_json *out) {
    struct pl_buf answer = {0};
    enum pl_err err = pl_cli__admin_call(data, line, &answer);
    int code = err == PL_OK ? pl_cli__admin_answer(a, pl_arena_str(a, pl_buf_slice(&answer)), out)
                            : pl_cli__no_server(data, err);
    pl_buf_free(&answer);
    return code;
}

/* The image that the server runs; NULL when its file cannot be read, which keeps nobody from
 * loading another. */
int pl_cli__running(const char *data, struct pl_arena *a, struct pl_image **out) {
    struct pl_json json;
    char why[256], hex[65];
    int code = ask(data, a, PL_STR("{\"cmd\":\"status\"}"), &json);
    if (code != CLI_OK) return code;
    snprintf(hex, sizeof hex, "%.*s", PL_STR_ARG(pl_json_text(&json, "image")));
    if (strlen(hex) == 64 && pl_cli__image_load(data, hex, out, why) != PL_OK) *out = NULL;
    return CLI_OK;
}

/* ---- reload ---- */

static void say_now(const struct pl_json *json) {
    printf("the server now runs %.*s (verified in %lld ms, opened in %lld ms, active %lld ms "
           "later)\n",
           12, pl_json_text(json, "hash").p, member(json, "verify_ms"), member(json, "warm_ms"),
           member(json, "activate_ms"));
}

static void say_changes(struct pl_arena *a, const struct pl_program *old,
                        const struct pl_program *new) {
    const struct pl_change *v;
    size_t n = pl_program_compare(a, old, new, &v);
    for (size_t i = 0; i < n && i < CHANGES_MOST; i++) {
        struct pl_buf line = {0};
        pl_change_say(&line, &v[i]);
        printf("  %.*s\n", PL_STR_ARG(pl_buf_slice(&line)));
        pl_buf_free(&line);
    }
    if (n > CHANGES_MOST) printf("  and %zu more\n", n - CHANGES_MOST);
    if (n == 0) printf("  nothing that has a name differs\n");
}

static void say_preview(const struct pl_json *p) {
    const struct pl_json *lost = pl_json_get(p, "lost_ones");
    printf("%lld live conversations: %lld go on", member(p, "live"),
           member(p, "moved") + member(p, "stayed"));
    if (member(p, "stayed")) printf(" (%lld on the version they stand on)", member(p, "stayed"));
    printf(", %lld are asked again, %lld cannot be mapped\n", member(p, "asked"),
           member(p, "lost"));
    for (size_t i = 0; lost && i < lost->n; i++) {
        const struct pl_json *l = &lost->m[i].value;
        printf("  %.*s stands in %.*s%s%.*s of %.12s, and finishes there\n",
               PL_STR_ARG(pl_json_text(l, "conversation")), PL_STR_ARG(pl_json_text(l, "flow")),
               pl_json_text(l, "at").n ? " at @" : "", PL_STR_ARG(pl_json_text(l, "at")),
               pl_json_text(l, "hash").p);
    }
    if (lost && (size_t)member(p, "lost") > lost->n)
        printf("  and %lld more\n", member(p, "lost") - (long long)lost->n);
}

/* What a reload would do; the image goes again, unless it is one that is known. */
static int preview(const char *data, struct pl_arena *a, const struct pl_image *now,
                   const struct cli_image *image) {
    struct pl_image *next = NULL;
    struct pl_json json, gone;
    char why[256];
    enum pl_err err = pl_cli__image_load(data, image->hex, &next, why);
    if (err != PL_OK) return pl_cli__failure("%s", why);
    printf("%.12s would take over%s\n", image->hex, now ? "; against what runs now:" : "");
    if (now) say_changes(a, pl_image_program(now), pl_image_program(next));
    pl_image_unref(&next);
    int code = ask(data, a, request(a, "preview", image->hex), &json);
    if (code == CLI_OK) say_preview(&json);
    struct pl_buf answer = {0}; /* in use: it stays, and nobody needs to hear of it */
    struct pl_str discard = request(a, "discard", image->hex);
    if (!image->known && pl_cli__admin_call(data, discard, &answer) == PL_OK)
        (void)pl_json_parse(a, pl_arena_str(a, pl_buf_slice(&answer)), &gone, &(size_t){0});
    pl_buf_free(&answer);
    return code;
}

static int reload(const struct pl_config *config, const struct cli_gate *gate,
                  const struct cli_trial *trial, struct pl_arena *a, bool dry) {
    struct cli_image image;
    struct pl_image *now = NULL;
    struct pl_json json;
    int code = pl_cli__running(config->data, a, &now); /* before anything is written */
    if (code == CLI_OK) code = pl_cli__compile(config, now ? pl_image_program(now) : NULL, &image);
    if (code != CLI_OK) {
        pl_image_unref(&now);
        if (code == CLI_FOUND)
            fprintf(stderr, "nothing was changed: the server goes on with the flows it has\n");
        return code;
    }
    code = pl_cli__gate(gate, config, &image);
    enum pl_err err = code == CLI_OK ? pl_cli__image_write(config->data, &image) : PL_OK;
    if (err != PL_OK) code = pl_cli__failure("writing the image: %s", pl_err_text(err));
    if (code == CLI_OK && dry) {
        code = preview(config->data, a, now, &image);
    } else if (code == CLI_OK && trial->wanted) {
        code = pl_cli__trial_begin(config->data, trial, image.hex);
    } else if (code == CLI_OK) {
        code = ask(config->data, a, request(a, "reload", image.hex), &json);
        if (code == CLI_OK) say_now(&json);
    }
    pl_cli__image_free(&image);
    pl_image_unref(&now);
    return code;
}

int pl_cli__reload(struct cli_args args) {
    struct pl_config config;
    struct pl_arena a;
    struct cli_gate gate;
    struct cli_trial trial;
    bool dry = pl_cli__flag(&args, "--dry-run");
    if (!pl_cli__gate_options(&args, &gate) || !pl_cli__trial_options(&args, &trial))
        return CLI_FAILED;
    if (dry && trial.wanted)
        return pl_cli__usage("reload", "--dry-run is without --shadow and --canary");
    pl_arena_init(&a, 0);
    int code = pl_cli__config("reload", args, !trial.off, &a, &config);
    if (code == CLI_OK && trial.off)
        code = pl_cli__trial_end(config.data, &trial);
    else if (code == CLI_OK)
        code = reload(&config, &gate, &trial, &a, dry);
    pl_arena_free(&a);
    return code;
}

/* ---- versions ---- */

static void say_version(const struct pl_json *v) {
    char since[26];
    pl_datetime_print(member(v, "since_ms"), since);
    printf("%.12s  %-8.*s  %-20s  %9lld  %9lld  %9lld  %6lld KiB\n", pl_json_text(v, "hash").p,
           PL_STR_ARG(pl_json_text(v, "state")), since, member(v, "in_memory"), member(v, "live"),
           member(v, "entries"), (member(v, "bytes") + 1023) / 1024);
}

int pl_cli__versions(struct cli_args args) {
    const char *data = pl_cli__data(&args);
    bool raw = pl_cli__flag(&args, "--json");
    struct pl_buf answer = {0};
    struct pl_json json;
    struct pl_arena a;
    if (pl_cli__strange("versions", &args)) return CLI_FAILED;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_cli__admin_call(data, PL_STR("{\"cmd\":\"versions\"}"), &answer);
    int code = err == PL_OK ? pl_cli__admin_answer(&a, pl_buf_slice(&answer), &json)
                            : pl_cli__no_server(data, err);
    const struct pl_json *list = code == CLI_OK ? pl_json_get(&json, "versions") : NULL;
    if (list && raw) {
        printf("%.*s\n", (int)answer.n, answer.p);
    } else if (list) {
        printf("%-12s  %-8s  %-20s  %9s  %9s  %9s  %10s\n", "version", "state", "since",
               "in memory", "live", "retained", "size");
        for (size_t i = 0; i < list->n; i++) say_version(&list->m[i].value);
    }
    pl_buf_free(&answer);
    pl_arena_free(&a);
    return code;
}

/* ---- activate, discard ---- */

static int by_hash(const char *command, struct cli_args *args, struct pl_arena *a,
                   struct pl_json *out) {
    const char *data = pl_cli__data(args);
    if (pl_cli__strange(command, args)) return CLI_FAILED;
    if (args->argc != 1 || strspn(args->argv[0], "0123456789abcdef") != strlen(args->argv[0]))
        return pl_cli__usage(command, "name one version: the beginning of its hash");
    return ask(data, a, request(a, command, args->argv[0]), out);
}

int pl_cli__activate(struct cli_args args) {
    struct pl_arena a;
    struct pl_json json;
    pl_arena_init(&a, 0);
    int code = by_hash("activate", &args, &a, &json);
    if (code == CLI_OK) say_now(&json);
    pl_arena_free(&a);
    return code;
}

int pl_cli__discard(struct cli_args args) {
    struct pl_arena a;
    struct pl_json json;
    pl_arena_init(&a, 0);
    int code = by_hash("discard", &args, &a, &json);
    if (code == CLI_OK) printf("discarded %.12s\n", pl_json_text(&json, "hash").p);
    pl_arena_free(&a);
    return code;
}
