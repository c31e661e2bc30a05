/* SPDX-License-Identifier: Apache-2.0
 *
 * sim: a chat with the flows in the terminal.
 */
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/cli/cli_priv.h"
#include "tools/sim/sim.h"

/* ---- the shop ---- */

/* "http://[::1]:8081/x" is "::1" and "8081". */
static bool place_of(const char *url, char host[256], char port[8]) {
    const char *at = strstr(url, "://"), *s = at ? at + 3 : url;
    bool literal = *s == '[';
    size_t n = literal ? strcspn(++s, "]") : strcspn(s, ":/");
    const char *rest = s + n + literal;
    snprintf(host, 256, "%.*s", (int)n, s);
    if (*rest == ':')
        snprintf(port, 8, "%.*s", (int)strspn(rest + 1, "0123456789"), rest + 1);
    else
        snprintf(port, 8, "%s", strncmp(url, "https", 5) == 0 ? "443" : "80");
    return n > 0 && n < 256;
}

/* Does anything listen there? */
static bool answers(const char *url) {
    char host[256], port[8];
    struct addrinfo want = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    bool yes = false;
    if (!place_of(url, host, port) || getaddrinfo(host, port, &want, &found) != 0) return false;
    for (struct addrinfo *i = found; i && !yes; i = i->ai_next) {
        int fd = socket(i->ai_family, i->ai_socktype | SOCK_CLOEXEC, i->ai_protocol);
        if (fd < 0) continue;
        yes = connect(fd, i->ai_addr, i->ai_addrlen) == 0;
        close(fd);
    }
    freeaddrinfo(found);
    return yes;
}

/* A shop that is named is asked, answer it or not. The demo shop's usual address is asked when
 * something listens there. */
static bool finds_shop(const char *named, const char *usual) {
    const char *shop = named ? named : usual;
    bool there = answers(shop);
    if (there)
        fprintf(stderr, "(hooks ask the shop at %s)\n", shop);
    else if (named)
        fprintf(stderr, "(no shop answers at %s: its hooks are unavailable)\n", shop);
    else
        fprintf(stderr,
                "(no shop answers at %s: start the demo shop,\n"
                " `demoshop`, or name another by --shop URL)\n",
                shop);
    return there || named;
}

struct sim_options {
    const char *shop, *models;
    bool alone;
};

static int chat_with(struct pl_sim_chat *chat, const struct sim_options *o,
                     struct pl_config *config) {
    struct cli_hooks *hooks = NULL;
    struct pl_engine_hooks doors;
    struct cli_reached models = {.llm = NULL};
    struct cli_edit *edit = NULL;
    int code = CLI_OK;
    const char *shop = o->shop ? o->shop : config->shop_url;
    bool talks = o->shop && strcmp(o->shop, "talks") == 0;
    if (!o->alone && !talks && finds_shop(o->shop, config->shop_url)) {
        enum pl_err err = pl_cli__hooks_open(shop, config, chat->log, &hooks);
        if (err != PL_OK) code = pl_cli__failure("the hook workers: %s", pl_err_text(err));
        if (err == PL_OK) doors = pl_cli__hooks_doors(hooks);
        if (err == PL_OK) chat->hooks = &doors;
    }
    if (code == CLI_OK && o->models) code = pl_cli__reach(&models, o->models);
    if (models.llm) chat->model = &models.model;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) edit = pl_cli__edit_open(chat->colour);
    if (edit) {
        chat->read = pl_cli__edit_read;
        chat->read_ctx = edit;
    }
    if (code == CLI_OK) code = pl_sim_chat_main(chat);
    pl_cli__edit_close(&edit);
    pl_cli__leave(&models);
    pl_cli__hooks_close(&hooks);
    return code;
}

static int chat(struct cli_args args) {
    struct pl_arena a;
    struct pl_config config;
    struct pl_log log = {PL_LOG_ERROR, stderr, pl_clock_system(), NULL};
    struct sim_options o;
    struct pl_sim_chat c = {.colour = pl_cli__colour(STDOUT_FILENO),
                            .log = &log,
                            .out = stdout,
                            .err = stderr,
                            .in = STDIN_FILENO};
    c.locale = pl_cli__option(&args, "--locale");
    c.trace = pl_cli__flag(&args, "--trace");
    o.shop = pl_cli__option(&args, "--shop");
    o.models = pl_cli__option(&args, "--models");
    c.alone = o.alone = pl_cli__flag(&args, "--no-shop");
    if (pl_cli__strange("sim", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("sim", "name one folder of flows");
    c.folder = args.argv[0];
    pl_arena_init(&a, 0);
    int code = pl_cli__config("sim", (struct cli_args){0}, false, &a, &config);
    signal(SIGPIPE, SIG_IGN);
    if (code == CLI_OK) code = chat_with(&c, &o, &config);
    pl_arena_free(&a);
    return code;
}

/* A number that was given; false: it is none. */
static bool number_of(const char *given, int64_t least, int64_t most, int64_t *out) {
    return !given || (pl_str_i64(pl_str_c(given), out) && *out >= least && *out <= most);
}

static int explore(struct cli_args args, const char *customers) {
    struct pl_sim_explore e = {.out = stdout, .err = stderr};
    int64_t n = 0, seed = 1, jobs = 0;
    e.out_folder = pl_cli__option(&args, "--out");
    if (!number_of(customers, 1, 1000000, &n) ||
        !number_of(pl_cli__option(&args, "--seed"), 0, INT64_MAX, &seed) ||
        !number_of(pl_cli__option(&args, "--jobs"), 1, 256, &jobs))
        return pl_cli__usage("sim", "--explore, --seed and --jobs take numbers");
    if (pl_cli__strange("sim", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("sim", "name one folder of flows");
    e.folder = args.argv[0];
    e.customers = (uint32_t)n;
    e.seed = (uint64_t)seed;
    e.jobs = (unsigned)jobs;
    return pl_sim_explore_main(&e);
}

int pl_cli__sim(struct cli_args args) {
    const char *customers = pl_cli__option(&args, "--explore");
    return customers ? explore(args, customers) : chat(args);
}
