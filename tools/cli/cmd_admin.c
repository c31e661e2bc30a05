/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands that speak to a running server over its admin socket: status, token.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/auth/auth.h"
#include "runtime/crypto/crypto.h"
#include "runtime/gateway/gateway.h"
#include "tools/cli/cli_priv.h"

#define WAIT_MS 30000

enum pl_err pl_cli__admin_call(const char *data, struct pl_str request, struct pl_buf *answer) {
    char path[4096];
    snprintf(path, sizeof path, "%s/admin.sock", data);
    return pl_gateway_admin_call(path, request, WAIT_MS, answer);
}

const char *pl_cli__data(struct cli_args *args) {
    const char *data = pl_cli__option(args, "--data");
    if (!data) data = getenv("PARLANCE_DATA");
    return data ? data : "data";
}

int pl_cli__no_server(const char *data, enum pl_err err) {
    if (err == PL_NOT_FOUND)
        return pl_cli__failure("no server runs on the data folder %s; start one with "
                               "`parlance serve FLOWS --data %s`",
                               data, data);
    return pl_cli__failure("the server on %s does not answer: %s", data, pl_err_text(err));
}

/* The answer's members, or its error on stderr. */
int pl_cli__admin_answer(struct pl_arena *a, struct pl_str text, struct pl_json *out) {
    size_t at;
    if (pl_json_parse(a, text, out, &at) != PL_OK)
        return pl_cli__failure("the server's answer is not JSON");
    const struct pl_json *ok = pl_json_get(out, "ok");
    if (ok && ok->b) return CLI_OK;
    return pl_cli__failure("%.*s", PL_STR_ARG(pl_json_text(out, "error")));
}

/* ---- status ---- */

int pl_cli__status(struct cli_args args) {
    const char *data = pl_cli__data(&args);
    struct pl_buf answer = {0};
    if (pl_cli__strange("status", &args)) return CLI_FAILED;
    enum pl_err err = pl_cli__admin_call(data, PL_STR("{\"cmd\":\"status\"}"), &answer);
    int code = CLI_OK;
    if (err == PL_OK)
        printf("%.*s\n", (int)answer.n, answer.p);
    else
        code = pl_cli__no_server(data, err);
    pl_buf_free(&answer);
    return code;
}

/* ---- token ---- */

int pl_cli__request(const char *data, struct pl_arena *a, struct pl_str request,
                    struct pl_json *out) {
    struct pl_buf answer = {0}, why = {0};
    struct pl_json json;
    size_t at;
    int code = CLI_OK;
    enum pl_err err = pl_cli__admin_call(data, request, &answer);
    if (err == PL_OK) {
        code = pl_cli__admin_answer(a, pl_arena_str(a, pl_buf_slice(&answer)), out);
    } else if (err == PL_NOT_FOUND && pl_json_parse(a, request, &json, &at) == PL_OK) {
        err = pl_cli__offline_admin(data, &json, &answer, &why);
        if (err != PL_OK)
            code = pl_cli__failure(
                "%.*s", PL_STR_ARG(why.n ? pl_buf_slice(&why) : pl_str_c(pl_err_text(err))));
        else if (pl_json_parse(a, pl_arena_str(a, pl_buf_slice(&answer)), out, &at) != PL_OK)
            code = CLI_FAILED;
    } else {
        code = pl_cli__no_server(data, err);
    }
    pl_buf_free(&answer);
    pl_buf_free(&why);
    return code;
}

static int token_create(struct cli_args *args, const char *data, struct pl_arena *a) {
    const char *may = pl_cli__option(args, "--may"), *days = pl_cli__option(args, "--days");
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    struct pl_json answer;
    int64_t n = 0;
    if (pl_cli__strange("token", args)) return CLI_FAILED;
    if (args->argc != 2) return pl_cli__usage("token", "create takes one NAME");
    if (!may) return pl_cli__usage("token", "create needs --may: what the token's owner may do");
    if (days && (!pl_str_i64(pl_str_c(days), &n) || n < 1 || n > 36500))
        return pl_cli__usage("token", "--days takes a number from 1 to 36500");
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "cmd", PL_STR("token-create"));
    pl_jw_text_member(&w, "name", pl_str_c(args->argv[1]));
    pl_jw_text_member(&w, "may", pl_str_c(may));
    if (n) {
        pl_jw_int_member(&w, "days", n);
    }
    pl_jw_close(&w, '}');
    int code = pl_cli__request(data, a, pl_buf_slice(&b), &answer);
    if (code == CLI_OK) {
        struct pl_str token = pl_json_text(&answer, "token");
        if (isatty(STDOUT_FILENO)) printf("This is shown once; only its hash is kept.\n");
        printf("%.*s\n", PL_STR_ARG(token));
    }
    pl_buf_free(&b);
    return code;
}

static int token_list(const char *data, struct pl_arena *a) {
    struct pl_json answer;
    int code = pl_cli__request(data, a, PL_STR("{\"cmd\":\"token-list\"}"), &answer);
    const struct pl_json *tokens = code == CLI_OK ? pl_json_get(&answer, "tokens") : NULL;
    for (size_t i = 0; tokens && i < tokens->n; i++) {
        const struct pl_json *t = &tokens->m[i].value;
        printf("%.*s  %-24.*s %.*s\n", PL_STR_ARG(pl_json_text(t, "id")),
               PL_STR_ARG(pl_json_text(t, "name")), PL_STR_ARG(pl_json_text(t, "may")));
    }
    return code;
}

static int token_revoke(struct cli_args *args, const char *data, struct pl_arena *a) {
    char request[128];
    struct pl_json answer;
    if (args->argc != 2 || strlen(args->argv[1]) != 16)
        return pl_cli__usage("token", "revoke takes one ID of 16 hex digits");
    int n = snprintf(request, sizeof request, "{\"cmd\":\"token-revoke\",\"id\":\"%s\"}",
                     args->argv[1]);
    int code = pl_cli__request(data, a, (struct pl_str){request, (size_t)n}, &answer);
    if (code == CLI_OK) printf("revoked %s\n", args->argv[1]);
    return code;
}

/* ---- customers' identities, for tests ---- */

static int new_key(struct cli_args *args) {
    struct pl_random random = {0};
    uint8_t secret[32];
    char hex[65];
    if (args->argc != 2) return pl_cli__usage("token", "key takes one ID");
    pl_crypto_random(&random, secret, sizeof secret);
    pl_hex(secret, sizeof secret, hex);
    printf("%s %s\n", args->argv[1], hex);
    return CLI_OK;
}

static int sign(const struct pl_identity_keys *keys, const char *sub, bool verified,
                int64_t minutes) {
    struct pl_buf b = {0};
    int64_t now = pl_clock_system().wall_ms(NULL);
    pl_identity_sign(&keys->v[0], pl_str_c(sub), verified, now + minutes * 60000, &b);
    printf("%.*s\n", PL_STR_ARG(pl_buf_slice(&b)));
    pl_buf_free(&b);
    return CLI_OK;
}

static int token_customer(struct cli_args *args, struct pl_arena *a) {
    const char *path = pl_cli__option(args, "--keys"), *much = pl_cli__option(args, "--minutes");
    bool verified = pl_cli__flag(args, "--verified");
    struct pl_identity_keys keys;
    struct pl_str text;
    unsigned line;
    int64_t minutes = 60;
    if (pl_cli__strange("token", args)) return CLI_FAILED;
    if (args->argc != 2 || strlen(args->argv[1]) > 128 || !args->argv[1][0])
        return pl_cli__usage("token", "customer takes one ID of 1 to 128 bytes");
    if (!path) return pl_cli__usage("token", "customer needs --keys: the file of the signing keys");
    if (much && (!pl_str_i64(pl_str_c(much), &minutes) || minutes < 1 || minutes > 1440))
        return pl_cli__usage("token", "--minutes takes a number from 1 to 1440");
    enum pl_err err = pl_file_read(a, path, 65536, &text);
    if (err != PL_OK) return pl_cli__failure("%s: %s", path, pl_err_text(err));
    if (pl_identity_keys_read(text, &keys, &line) != PL_OK)
        return pl_cli__failure("%s, line %u: this is no key; `parlance token key ID` makes one",
                               path, line);
    return sign(&keys, args->argv[1], verified, minutes);
}

int pl_cli__token(struct cli_args args) {
    const char *data = pl_cli__data(&args);
    struct pl_arena a;
    int code;
    pl_arena_init(&a, 0);
    if (args.argc && strcmp(args.argv[0], "create") == 0)
        code = token_create(&args, data, &a);
    else if (args.argc && strcmp(args.argv[0], "list") == 0)
        code = token_list(data, &a);
    else if (args.argc && strcmp(args.argv[0], "revoke") == 0)
        code = token_revoke(&args, data, &a);
    else if (args.argc && strcmp(args.argv[0], "key") == 0)
        code = new_key(&args);
    else if (args.argc && strcmp(args.argv[0], "customer") == 0)
        code = token_customer(&args, &a);
    else
        code = pl_cli__usage("token", "say create, list, revoke, key or customer");
    pl_arena_free(&a);
    return code;
}
