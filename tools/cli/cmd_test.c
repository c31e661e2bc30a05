/* SPDX-License-Identifier: Apache-2.0
 *
 * test, sim and bench: conversations without a server.
 */
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/llm/llm.h"
#include "tools/cli/cli_priv.h"
#include "tools/sim/sim.h"

static bool colour_on(int fd) {
    return isatty(fd) != 0;
}

static bool format_of(struct cli_args *args, enum pl_sim_format *format) {
    static const struct {
        const char *flag;
        enum pl_sim_format format;
    } rows[] = {{"--tap", PL_SIM_TAP}, {"--json", PL_SIM_JSON}};
    int given = 0;
    *format = PL_SIM_PLAIN;
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        if (!pl_cli__flag(args, rows[i].flag)) continue;
        *format = rows[i].format;
        given++;
    }
    return given < 2;
}

static unsigned terminal_width(int fd) {
    struct winsize size = {0};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool jobs_of(struct cli_args *args, unsigned *jobs) {
    const char *given = pl_cli__option(args, "--jobs");
    int64_t n = 0;
    if (given && (!pl_str_i64(pl_str_c(given), &n) || n < 1 || n > 1000)) return false;
    *jobs = (unsigned)n;
    return true;
}

/* ---- models ---- */

struct reached { /* the models of a models file */
    struct pl_llm *llm;
    struct pl_answer_model model;
};

static uint64_t ask_llm(void *ctx, const struct pl_llm_request *request) {
    return pl_llm_ask(ctx, request);
}

static void cancel_llm(void *ctx, uint64_t id) {
    pl_llm_cancel(ctx, id);
}

static int reach(struct reached *r, const char *path) {
    struct pl_arena a;
    struct pl_llm_models models;
    struct pl_llm_config config = {.models = &models, .clock = pl_clock_system()};
    *r = (struct reached){.llm = NULL};
    pl_arena_init(&a, 0);
    int code = pl_cli__models_read(path, &a, &models);
    enum pl_err err = code == CLI_OK ? pl_llm_create(&config, &r->llm) : PL_OK;
    if (err != PL_OK) code = pl_cli__failure("the models of %s: %s", path, pl_err_text(err));
    r->model = (struct pl_answer_model){.ctx = r->llm, .ask = ask_llm, .cancel = cancel_llm};
    pl_arena_free(&a);
    return code;
}

static void leave(struct reached *r) {
    if (r->llm) pl_llm_destroy(&r->llm);
}

int pl_cli__test(struct cli_args args) {
    struct pl_sim_test test = {.colour = colour_on(STDOUT_FILENO), .out = stdout, .err = stderr};
    test.filter = pl_cli__option(&args, "--filter");
    test.locale = pl_cli__option(&args, "--locale");
    const char *record = pl_cli__option(&args, "--record");
    test.junit = pl_cli__option(&args, "--junit");
    test.coverage_html = pl_cli__option(&args, "--coverage-html");
    test.threshold = pl_cli__option(&args, "--threshold");
    test.coverage = pl_cli__flag(&args, "--coverage");
    test.verbose = pl_cli__flag(&args, "--verbose");
    test.width = terminal_width(STDOUT_FILENO);
    if (!format_of(&args, &test.format))
        return pl_cli__usage("test", "only one of --tap and --json");
    if (!jobs_of(&args, &test.jobs)) return pl_cli__usage("test", "--jobs takes a number from 1");
    if (pl_cli__strange("test", &args)) return CLI_FAILED;
    if (args.argc == 0) return pl_cli__usage("test", "name the folder of the flows");
    test.folder = args.argv[0];
    test.talks = (const char *const *)args.argv + 1;
    test.ntalks = (size_t)args.argc - 1;
    if (!record) return pl_sim_test_main(&test);
    struct reached r;
    int code = reach(&r, record);
    test.record = &r.model;
    if (code == CLI_OK) code = pl_sim_test_main(&test);
    leave(&r);
    return code;
}

/* The shop is the demo shop's usual address unless another is named; when none answers there, the
 * flows take the branches of a shop that is down. */
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

static void say_shop(const char *shop) {
    if (answers(shop))
        fprintf(stderr, "(hooks ask the shop at %s)\n", shop);
    else
        fprintf(
            stderr,
            "(no shop answers at %s: its hooks are unavailable. Start the demo shop, `demoshop`,\n"
            " or name another by --shop URL; --no-shop says that none is wanted)\n",
            shop);
}

int pl_cli__sim(struct cli_args args) {
    struct pl_arena a;
    struct pl_config config;
    struct cli_hooks *hooks = NULL;
    struct pl_engine_hooks doors;
    struct reached models = {.llm = NULL};
    struct pl_log log = {PL_LOG_ERROR, stderr, pl_clock_system(), NULL};
    struct pl_sim_chat chat = {.colour = colour_on(STDOUT_FILENO),
                               .log = &log,
                               .out = stdout,
                               .err = stderr,
                               .in = STDIN_FILENO};
    chat.locale = pl_cli__option(&args, "--locale");
    chat.trace = pl_cli__flag(&args, "--trace");
    const char *shop = pl_cli__option(&args, "--shop");
    const char *models_file = pl_cli__option(&args, "--models");
    bool alone = pl_cli__flag(&args, "--no-shop");
    if (pl_cli__strange("sim", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("sim", "name one folder of flows");
    chat.folder = args.argv[0];
    pl_arena_init(&a, 0);
    int code = pl_cli__config("sim", (struct cli_args){0}, false, &a, &config);
    signal(SIGPIPE, SIG_IGN);
    if (code == CLI_OK && !alone) {
        if (!shop) shop = config.shop_url;
        enum pl_err err = pl_cli__hooks_open(shop, &config, &log, &hooks);
        if (err != PL_OK)
            code = pl_cli__failure("the hook workers: %s", pl_err_text(err));
        else
            doors = pl_cli__hooks_doors(hooks);
        if (err == PL_OK) {
            chat.hooks = &doors;
            say_shop(shop);
        }
    }
    if (code == CLI_OK && models_file) code = reach(&models, models_file);
    if (models.llm) chat.model = &models.model;
    if (code == CLI_OK) code = pl_sim_chat_main(&chat);
    leave(&models);
    pl_cli__hooks_close(&hooks);
    pl_arena_free(&a);
    return code;
}

static bool count_of(const char *given, int64_t most, int64_t *out) {
    return !given || (pl_str_i64(pl_str_c(given), out) && *out >= 1 && *out <= most);
}

int pl_cli__bench(struct cli_args args) {
    struct pl_sim_bench bench = {.out = stdout, .err = stderr};
    int64_t seconds = 0, turns = 0, conversations = 0;
    bench.locale = pl_cli__option(&args, "--locale");
    bench.keep = pl_cli__option(&args, "--data");
    if (!count_of(pl_cli__option(&args, "--seconds"), 3600, &seconds) ||
        !count_of(pl_cli__option(&args, "--turns"), 100000000, &turns) ||
        !count_of(pl_cli__option(&args, "--conversations"), 100000, &conversations))
        return pl_cli__usage("bench", "--seconds, --turns and --conversations take numbers from 1");
    if (pl_cli__strange("bench", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("bench", "name one folder of flows");
    bench.folder = args.argv[0];
    bench.seconds = (double)seconds;
    bench.turns = (uint64_t)turns;
    bench.conversations = (uint32_t)conversations;
    return pl_sim_bench_main(&bench);
}
