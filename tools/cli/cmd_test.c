/* SPDX-License-Identifier: Apache-2.0
 *
 * test and bench: conversations without a server and without people.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/cli/cli_priv.h"
#include "tools/sim/sim.h"

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

int pl_cli__test(struct cli_args args) {
    struct pl_sim_test test = {
        .colour = pl_cli__colour(STDOUT_FILENO), .out = stdout, .err = stderr};
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
    struct cli_reached r;
    int code = pl_cli__reach(&r, record);
    test.record = &r.model;
    if (code == CLI_OK) code = pl_sim_test_main(&test);
    pl_cli__leave(&r);
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
