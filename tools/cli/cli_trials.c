/* SPDX-License-Identifier: Apache-2.0
 *
 * reload --shadow and --canary: new flows beside the active ones, on live conversations.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/cli/cli_priv.h"

/* ---- options ---- */

/* "5%", "0.5%": of 10,000. */
static bool share_of(const char *s, uint32_t *out) {
    char *end;
    if (strspn(s, "0123456789.") + 1 != strlen(s)) return false;
    double percent = strtod(s, &end);
    *out = (uint32_t)(percent * 100 + 0.5);
    return strcmp(end, "%") == 0 && *out >= 1 && percent <= 100;
}

static bool guards_of(const char *list, unsigned *out) {
    struct pl_str rest = pl_str_c(list);
    *out = 0;
    while (rest.n) {
        size_t comma = pl_str_find(rest, PL_STR(",")), n = comma == SIZE_MAX ? rest.n : comma;
        struct pl_str one = pl_str_trim((struct pl_str){rest.p, n});
        int g = 0;
        while (g < PL_ENGINE_GUARDS &&
               !pl_str_is(one, pl_engine_guard_word((enum pl_engine_guard)g)))
            g++;
        if (g == PL_ENGINE_GUARDS) return false;
        *out |= 1u << g;
        n += comma != SIZE_MAX;
        rest = (struct pl_str){rest.p + n, rest.n - n};
    }
    return *out != 0;
}

bool pl_cli__trial_options(struct cli_args *args, struct cli_trial *out) {
    const char *shadow = pl_cli__option(args, "--shadow"),
               *canary = pl_cli__option(args, "--canary"),
               *guards = pl_cli__option(args, "--guard");
    const char *share = canary ? canary : shadow;
    *out = (struct cli_trial){.wanted = share != NULL, .canary = canary != NULL};
    out->off = share && strcmp(share, "off") == 0;
    bool good = !(shadow && canary) && !(guards && (!canary || out->off));
    if (good && share && !out->off) good = share_of(share, &out->share);
    if (good && canary && !out->off) good = guards && guards_of(guards, &out->guards);
    if (!good)
        pl_cli__usage("reload",
                      "say --shadow 10%% or --canary 5%% --guard handoff,repair,abandon (one "
                      "of the guards at least), or off to end it");
    return good;
}

/* ---- asking the server ---- */

static int ask(const char *data, const struct cli_trial *t, const char *hex) {
    struct pl_arena a;
    struct pl_buf request = {0}, answer = {0};
    struct pl_json json;
    pl_buf_printf(&request, "{\"cmd\":\"%s\",\"share\":%u,\"guards\":%u,\"hash\":\"%s\"}",
                  t->canary ? "canary" : "shadow", t->share, t->guards, hex);
    pl_arena_init(&a, 0);
    enum pl_err err = pl_cli__admin_call(data, pl_buf_slice(&request), &answer);
    int code = err == PL_OK ? pl_cli__admin_answer(&a, pl_buf_slice(&answer), &json)
                            : pl_cli__no_server(data, err);
    pl_arena_free(&a);
    pl_buf_free(&request);
    pl_buf_free(&answer);
    return code;
}

int pl_cli__trial_end(const char *data, const struct cli_trial *t) {
    int code = ask(data, t, "");
    if (code == CLI_OK) printf("the %s has ended\n", t->canary ? "canary" : "shadow");
    return code;
}

int pl_cli__trial_begin(const char *data, const struct cli_trial *t, const char *hex) {
    int code = ask(data, t, hex);
    if (code != CLI_OK) return code;
    double percent = t->share / 100.0;
    if (t->canary)
        printf("%g%% of the new conversations run on %.12s; `parlance status` says how they do, "
               "`parlance reload --canary off` takes it back\n",
               percent, hex);
    else
        printf(
            "%g%% of the new conversations are played by %.12s, too; `parlance status` says what "
            "differs, `parlance reload --shadow off` ends it\n",
            percent, hex);
    return CLI_OK;
}
