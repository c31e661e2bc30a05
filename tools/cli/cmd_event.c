/* SPDX-License-Identifier: Apache-2.0
 *
 * event and erase: what an operator tells the running server about customers.
 *
 *   event: names and values as written -> checked by the running image -> JSON -> the server
 */
#include <string.h>

#include "tools/cli/cli_priv.h"

struct telling {
    struct pl_arena a;
    struct pl_image *image;
    const struct pl_p_event *row;
    struct pl_buf args; /* a JSON object */
};

/* ", did you mean x?", or nothing. */
static struct pl_str meant(struct pl_arena *a, struct pl_str got, const struct pl_str *names,
                           size_t n) {
    struct pl_near near = pl_near(got);
    for (size_t i = 0; i < n; i++) pl_near_offer(&near, names[i]);
    if (near.best.n == 0) return PL_STR("");
    return pl_arena_printf(a, "; did you mean %.*s?", PL_STR_ARG(near.best));
}

/* The event as it is called: "shipping.delayed(order: order_id, eta: datetime)". */
static struct pl_str signature(struct telling *t) {
    const struct pl_types *types = &pl_image_program(t->image)->types;
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%.*s(", PL_STR_ARG(t->row->name));
    for (uint32_t i = 0; i < t->row->nparams; i++) {
        struct pl_type type = t->row->params[i].type;
        bool list = type.kind == PL_KIND_LIST;
        struct pl_type item = list ? types->types[type.def] : type;
        bool named =
            item.kind == PL_KIND_ENUM || item.kind == PL_KIND_RECORD || item.kind == PL_KIND_ENTITY;
        struct pl_str word =
            named ? types->defs[item.def].name : pl_str_c(pl_kind_word((enum pl_kind)item.kind));
        pl_buf_printf(&b, "%s%.*s: %s%.*s%s", i ? ", " : "", PL_STR_ARG(t->row->params[i].name),
                      list ? "list of " : "", PL_STR_ARG(word), type.optional ? "?" : "");
    }
    pl_buf_byte(&b, ')');
    struct pl_str s = pl_arena_str(&t->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

static int find_event(struct telling *t, struct pl_str name) {
    const struct pl_program *p = pl_image_program(t->image);
    uint32_t row = pl_image_event(t->image, name);
    struct pl_str *names = PL_NEW_ARRAY(&t->a, struct pl_str, p->nevents + 1);
    if (row != PL_NOWHERE) {
        t->row = &p->events[row];
        return CLI_OK;
    }
    for (uint32_t i = 0; i < p->nevents; i++) names[i] = p->events[i].name;
    return pl_cli__failure("the running program declares no event %.*s%.*s", PL_STR_ARG(name),
                           PL_STR_ARG(p->nevents ? meant(&t->a, name, names, p->nevents)
                                                 : PL_STR(": it declares none")));
}

/* ---- arguments ---- */

/* How a value of the type is written on the command line. */
static const char *how(const struct pl_program *p, struct pl_type type) {
    uint8_t kind = type.kind == PL_KIND_ENTITY ? p->types.defs[type.def].base : type.kind;
    switch (kind) {
    case PL_KIND_NUMBER:
    case PL_KIND_PERCENT: return "a number, like 12.5";
    case PL_KIND_BOOL: return "true or false";
    case PL_KIND_MONEY: return "an amount and a currency, like \"12.30 EUR\"";
    case PL_KIND_DATE: return "a date, like 2026-12-01";
    case PL_KIND_TIME: return "a time, like 20:00";
    case PL_KIND_DATETIME: return "a date and time with its zone, like 2026-12-01T20:00:00Z";
    case PL_KIND_DURATION: return "a duration, like 30m or 2d";
    case PL_KIND_LIST:
    case PL_KIND_RECORD: return "JSON, like '[\"a\",\"b\"]' or '{\"name\":\"a\"}'";
    default: return "a text";
    }
}

static struct pl_str members(struct telling *t, struct pl_type type) {
    const struct pl_types *types = &pl_image_program(t->image)->types;
    struct pl_buf b = {0};
    bool named = type.kind == PL_KIND_ENUM ||
                 (type.kind == PL_KIND_ENTITY && types->defs[type.def].base == PL_KIND_ENUM);
    for (uint32_t i = 0; named && i < types->defs[type.def].nfields; i++)
        pl_buf_printf(&b, "%s%.*s", i ? ", " : "one of ",
                      PL_STR_ARG(types->defs[type.def].fields[i].name));
    struct pl_str s = pl_arena_str(&t->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

static struct pl_str wanted(struct telling *t, struct pl_type type) {
    struct pl_str among = members(t, type);
    return among.n ? among : pl_str_c(how(pl_image_program(t->image), type));
}

/* Numbers and truths, lists and records are JSON already; everything else is a JSON text. */
static bool read_value(struct telling *t, struct pl_type type, struct pl_str text,
                       struct pl_value *out) {
    const struct pl_program *p = pl_image_program(t->image);
    struct pl_json json = {.kind = PL_JTEXT, .s = text}, parsed;
    struct pl_str where;
    size_t at;
    bool plain = type.kind == PL_KIND_NUMBER || type.kind == PL_KIND_PERCENT ||
                 type.kind == PL_KIND_BOOL || type.kind == PL_KIND_LIST ||
                 type.kind == PL_KIND_RECORD;
    if (plain && pl_json_parse(&t->a, text, &parsed, &at) != PL_OK) return false;
    return pl_utf8_valid(text) && pl_value_from_json(&t->a, &p->types, type,
                                                     plain ? &parsed : &json, out, &where) == PL_OK;
}

static int add_value(struct telling *t, uint32_t i, struct pl_str text) {
    const struct pl_typedef_field *param = &t->row->params[i];
    struct pl_value v;
    if (!read_value(t, param->type, text, &v)) {
        return pl_cli__failure("%.*s=%.*s: expected %.*s\n  %.*s", PL_STR_ARG(param->name),
                               PL_STR_ARG(text), PL_STR_ARG(wanted(t, param->type)),
                               PL_STR_ARG(signature(t)));
    }
    pl_buf_byte(&t->args, t->args.n ? ',' : '{');
    pl_json_quote(&t->args, param->name);
    pl_buf_byte(&t->args, ':');
    pl_value_to_json(&t->args, v);
    return CLI_OK;
}

static uint32_t param_named(const struct telling *t, struct pl_str name) {
    for (uint32_t i = 0; i < t->row->nparams; i++)
        if (pl_str_eq(t->row->params[i].name, name)) return i;
    return PL_NOWHERE;
}

static int unknown(struct telling *t, struct pl_str name) {
    struct pl_str *names = PL_NEW_ARRAY(&t->a, struct pl_str, t->row->nparams + 1);
    for (uint32_t i = 0; i < t->row->nparams; i++) names[i] = t->row->params[i].name;
    return pl_cli__failure("%.*s brings no %.*s%.*s\n  %.*s", PL_STR_ARG(t->row->name),
                           PL_STR_ARG(name), PL_STR_ARG(meant(&t->a, name, names, t->row->nparams)),
                           PL_STR_ARG(signature(t)));
}

static int missing(struct telling *t, const struct pl_typedef_field *param) {
    return pl_cli__failure("%.*s is missing: add %.*s=VALUE, %.*s\n  %.*s", PL_STR_ARG(param->name),
                           PL_STR_ARG(param->name), PL_STR_ARG(wanted(t, param->type)),
                           PL_STR_ARG(signature(t)));
}

/* Each NAME=VALUE once, and all that must be there. */
static int read_args(struct telling *t, const struct cli_args *args) {
    bool *given = PL_NEW_ARRAY(&t->a, bool, t->row->nparams + 1);
    for (int k = 1; k < args->argc; k++) {
        struct pl_str all = pl_str_c(args->argv[k]);
        size_t eq = pl_str_find(all, PL_STR("="));
        if (eq == SIZE_MAX)
            return pl_cli__failure("`%.*s`: an argument is written NAME=VALUE\n  %.*s",
                                   PL_STR_ARG(all), PL_STR_ARG(signature(t)));
        struct pl_str name = {all.p, eq}, text = {all.p + eq + 1, all.n - eq - 1};
        uint32_t i = param_named(t, name);
        if (i == PL_NOWHERE) return unknown(t, name);
        if (given[i]) return pl_cli__failure("%.*s is there twice", PL_STR_ARG(name));
        given[i] = true;
        int code = add_value(t, i, text);
        if (code != CLI_OK) return code;
    }
    for (uint32_t i = 0; i < t->row->nparams; i++)
        if (!given[i] && !t->row->params[i].type.optional) return missing(t, &t->row->params[i]);
    pl_buf_c(&t->args, t->args.n ? "}" : "{}");
    return CLI_OK;
}

/* ---- to the server ---- */

static void put(struct pl_jw *w, const char *name, const char *value) {
    if (!value) return;
    pl_jw_text_member(w, name, pl_str_c(value));
}

static int ask(const char *data, struct pl_arena *a, const char *cmd, const char *const pairs[][2],
               size_t n, struct pl_json *answer) {
    struct pl_buf b = {0}, text = {0};
    struct pl_jw w = {.b = &b};
    pl_jw_open(&w, '{');
    put(&w, "cmd", cmd);
    for (size_t i = 0; i < n; i++) put(&w, pairs[i][0], pairs[i][1]);
    pl_jw_close(&w, '}');
    enum pl_err err = pl_cli__admin_call(data, pl_buf_slice(&b), &text);
    int code = err == PL_OK ? pl_cli__admin_answer(a, pl_arena_str(a, pl_buf_slice(&text)), answer)
                            : pl_cli__no_server(data, err);
    pl_buf_free(&b);
    pl_buf_free(&text);
    return code;
}

static bool says(const struct pl_json *answer, const char *name) {
    const struct pl_json *v = pl_json_get(answer, name);
    return v && v->kind == PL_JBOOL && v->b;
}

static int send(struct telling *t, const char *data, const char *customer, const char *conversation,
                const char *key) {
    struct pl_json answer;
    char *name = pl_arena_alloc(&t->a, t->row->name.n + 1);
    snprintf(name, t->row->name.n + 1, "%.*s", PL_STR_ARG(t->row->name));
    pl_buf_byte(&t->args, 0);
    const char *const pairs[][2] = {{"event", name},
                                    {"customer", customer},
                                    {"conversation", conversation},
                                    {"args", t->args.p},
                                    {"key", key}};
    int code = ask(data, &t->a, "event", pairs, PL_LEN(pairs), &answer);
    if (code != CLI_OK) return code;
    if (says(&answer, "repeated"))
        printf("taken before: nothing was done\n");
    else if (says(&answer, "kept"))
        printf("kept: the customer has no conversation yet\n");
    else
        printf("taken\n");
    return CLI_OK;
}

int pl_cli__event(struct cli_args args) {
    const char *data = pl_cli__data(&args);
    const char *customer = pl_cli__option(&args, "--customer");
    const char *conversation = pl_cli__option(&args, "--conversation");
    const char *key = pl_cli__option(&args, "--key");
    struct telling t = {.image = NULL};
    if (pl_cli__strange("event", &args)) return CLI_FAILED;
    if (args.argc == 0) return pl_cli__usage("event", "name an event");
    if (!customer == !conversation)
        return pl_cli__usage("event", "say --customer or --conversation: whom it is for");
    if (key && (!key[0] || strlen(key) > 128))
        return pl_cli__usage("event", "--key takes 1 to 128 bytes");
    pl_arena_init(&t.a, 0);
    int code = pl_cli__running(data, &t.a, &t.image);
    if (code == CLI_OK && !t.image)
        code = pl_cli__failure("the program that the server runs cannot be read in %s", data);
    if (code == CLI_OK) code = find_event(&t, pl_str_c(args.argv[0]));
    if (code == CLI_OK) code = read_args(&t, &args);
    if (code == CLI_OK) code = send(&t, data, customer, conversation, key);
    pl_image_unref(&t.image);
    pl_buf_free(&t.args);
    pl_arena_free(&t.a);
    return code;
}

int pl_cli__erase(struct cli_args args) {
    const char *data = pl_cli__data(&args);
    bool yes = pl_cli__flag(&args, "--yes");
    struct pl_arena a;
    struct pl_json answer;
    if (pl_cli__strange("erase", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("erase", "name one customer, by the shop's id of him");
    if (!yes)
        return pl_cli__usage("erase", "nothing was done: what is erased cannot be had back; "
                                      "say --yes");
    const char *const pairs[][2] = {{"customer", args.argv[0]}};
    pl_arena_init(&a, 0);
    int code = ask(data, &a, "erase", pairs, 1, &answer);
    if (code == CLI_OK && says(&answer, "nobody")) {
        fprintf(stderr, "nobody of the id %s is known: nothing was erased\n", args.argv[0]);
        code = CLI_FOUND;
    } else if (code == CLI_OK) {
        printf("erased: nothing of %s can be read any more\n", args.argv[0]);
    }
    pl_arena_free(&a);
    return code;
}
