/* SPDX-License-Identifier: Apache-2.0
 *
 * lint: what is wrong with the flows and talks, for people and for programs.
 */
#include <string.h>
#include <unistd.h>

#include "grammar/grammar.h"
#include "tools/cli/cli_priv.h"
#include "tools/compile/compile.h"

/* ---- reports ---- */

bool pl_cli__report_options(struct cli_args *args, struct cli_report *out) {
    bool json = pl_cli__flag(args, "--json"), sarif = pl_cli__flag(args, "--sarif");
    out->format = json ? CLI_JSON : sarif ? CLI_SARIF : CLI_TEXT;
    out->strict = pl_cli__flag(args, "--strict");
    return !(json && sarif);
}

int pl_cli__report(const struct cli_report *r, const struct pl_diags *d, int code) {
    struct pl_buf b = {0};
    if (r->format == CLI_JSON)
        pl_diags_print_json(&b, d);
    else if (r->format == CLI_SARIF)
        pl_diags_print_sarif(&b, d);
    else
        pl_diags_print(&b, d, pl_cli__colour(STDERR_FILENO));
    if (b.n) fwrite(b.p, 1, b.n, r->format == CLI_TEXT ? stderr : stdout);
    pl_buf_free(&b);
    return code == CLI_OK && r->strict && d->warnings ? CLI_FOUND : code;
}

/* ---- lint ---- */

static int lint(const char *folder, const struct pl_compile_options *options,
                const struct cli_report *report) {
    struct pl_compiled c;
    int code = pl_cli__compile_folder(folder, options, &c);
    if (code != CLI_FAILED) code = pl_cli__report(report, &c.diags, code);
    if (code == CLI_OK && !c.diags.n && report->format == CLI_TEXT)
        fprintf(stderr, "no mistakes\n");
    pl_compiled_free(&c);
    return code;
}

int pl_cli__lint(struct cli_args args) {
    struct pl_compile_options options = {0};
    struct cli_report report;
    struct cli_previous previous;
    const char *before = pl_cli__option(&args, "--previous");
    options.i18n = pl_cli__option(&args, "--translations");
    options.lua = pl_cli__option(&args, "--hooks");
    options.verbose = pl_cli__flag(&args, "--verbose");
    const char *of = pl_cli__option(&args, "--report");
    struct pl_buf confusion = {0};
    bool fix = pl_cli__flag(&args, "--fix"), unsafe = pl_cli__flag(&args, "--unsafe");
    if (!pl_cli__report_options(&args, &report))
        return pl_cli__usage("lint", "only one of --json and --sarif");
    if (pl_cli__strange("lint", &args)) return CLI_FAILED;
    if (args.argc != 1) return pl_cli__usage("lint", "name one folder of flows");
    if (unsafe && !fix) return pl_cli__usage("lint", "--unsafe goes with --fix");
    if (of && (strcmp(of, "confusion") != 0 || report.format != CLI_TEXT))
        return pl_cli__usage("lint", "--report confusion is the one there is, for people alone");
    if (of) options.crossed = pl_cli__confusion;
    options.crossed_ctx = &confusion;
    int code = pl_cli__previous_open(before, &previous);
    options.previous = previous.program;
    if (code == CLI_OK && fix) code = pl_cli__fix(args.argv[0], &options, unsafe);
    if (code == CLI_OK) code = lint(args.argv[0], &options, &report);
    if (confusion.n) fwrite(confusion.p, 1, confusion.n, stdout);
    pl_buf_free(&confusion);
    pl_cli__previous_close(&previous);
    return code;
}
