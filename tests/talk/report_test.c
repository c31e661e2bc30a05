/* SPDX-License-Identifier: Apache-2.0
 *
 * What `parlance test` says, to the letter: each case's output is report/<name>.expected, with
 * times written as T. `talk_report --print NAME` writes what a case says now.
 * Usage: talk_report [--print NAME], in tests/talk
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sim/sim.h"

struct test_case {
    const char *name, *project, *talks;
    struct pl_sim_test test; /* the rest */
    int code;
    const char *from, *to; /* only what stands between these; NULL: all */
};

#define FAILING "report/failing.talk"
#define CASE(NAME, PROJECT, TALKS, CODE, ...)                                                      \
    {                                                                                              \
        .name = NAME, .project = PROJECT, .talks = TALKS, .code = CODE, .test = { __VA_ARGS__ }    \
    }

static const struct test_case cases[] = {
    CASE("plain", "cover", FAILING, 1, .filter = "a fact", .jobs = 1),
    CASE("narrow", "cover", FAILING, 1, .filter = "options", .jobs = 1, .width = 64),
    CASE("wide", "cover", FAILING, 1, .filter = "a fact", .jobs = 1, .width = 140),
    CASE("rule", "cover", FAILING, 1, .filter = "a rule", .jobs = 1),
    CASE("no_stub", "cover", FAILING, 1, .filter = "no stub", .jobs = 1),
    CASE("tap", "cover", FAILING, 1, .filter = "a slot", .jobs = 1, .format = PL_SIM_TAP),
    CASE("json", "cover", FAILING, 1, .filter = "a slot", .jobs = 1, .format = PL_SIM_JSON),
    CASE("junit", "cover", FAILING, 1, .filter = "text", .jobs = 1, .junit = "",
         .format = PL_SIM_TAP),
    CASE("junit_files", "cover", "broken", 1, .jobs = 2, .junit = ""),
    {.name = "broken",
     .project = "cover",
     .talks = "broken",
     .test = {.jobs = 2, .verbose = true},
     .code = 1,
     .from = "FAIL",
     .to = "---- errors"},
    CASE("wrong", "wrong", NULL, 2, .jobs = 1),
    {.name = "wrong_json",
     .project = "wrong",
     .test = {.jobs = 1, .format = PL_SIM_JSON},
     .code = 2,
     .from = "{\"code\"",
     .to = ",\"message\""},
    {.name = "coverage",
     .project = "cover",
     .test = {.jobs = 3, .coverage = true},
     .from = "cover/ways.flow\n",
     .to = "\ntexts said"},
    {.name = "coverage_table",
     .project = "cover",
     .test = {.jobs = 1, .coverage = true},
     .from = "coverage    ",
     .to = "  prelude"},
    {.name = "coverage_tap",
     .project = "cover",
     .test = {.jobs = 3, .coverage = true, .format = PL_SIM_TAP},
     .from = "# cover/ways.flow\n",
     .to = "# \n# situations"},
    {.name = "coverage_json",
     .project = "cover",
     .test = {.jobs = 3, .coverage = true, .format = PL_SIM_JSON},
     .from = "{\"kind\":\"step\",\"file\":\"cover/ways.flow\"",
     .to = "],\"repair\""},
    CASE("threshold_met", "cover", NULL, 0, .jobs = 1, .threshold = "project.steps=68,rules=50"),
    CASE("threshold_not", "cover", NULL, 1, .jobs = 1, .threshold = "project.steps=69,rules=50"),
    CASE("threshold_wrong", "cover", NULL, 2, .jobs = 1, .threshold = "steps=68,branch=3"),
    CASE("nothing", "cover", NULL, 2, .jobs = 1, .filter = "no such talk"),
};

/* ---- times ---- */

static bool is_time(char c) {
    return (c >= '0' && c <= '9') || c == '.';
}

/* What stands behind `before` as a number becomes T. */
static void without_times(struct pl_buf *out, struct pl_str s) {
    static const char *const before[] = {"time=\"", "\"took_us\":", "failed (", " s, "};
    for (size_t i = 0; i < s.n;) {
        size_t n = 0;
        for (size_t k = 0; k < PL_LEN(before) && n == 0; k++) {
            struct pl_str rest = {s.p + i, s.n - i}, word = pl_str_c(before[k]);
            if (pl_str_starts(rest, word) && rest.n > word.n && is_time(rest.p[word.n])) n = word.n;
        }
        pl_buf_add(out, s.p + i, n ? n : 1);
        i += n ? n : 1;
        if (n == 0) continue;
        while (i < s.n && is_time(s.p[i])) i++;
        pl_buf_byte(out, 'T');
    }
}

/* Why a diagnostic is one and how to mend it is not this test's. */
static void without_help(struct pl_buf *out, struct pl_str s) {
    while (s.n) {
        size_t end = pl_str_find(s, PL_STR("\n")), n = end == SIZE_MAX ? s.n : end + 1;
        if (!pl_str_starts(s, PL_STR("       = "))) pl_buf_add(out, s.p, n);
        s = (struct pl_str){s.p + n, s.n - n};
    }
}

/* ---- a case ---- */

static void add_file(struct pl_buf *out, const char *title, const char *path) {
    struct pl_arena a;
    struct pl_str text;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_file_read(&a, path, 1 << 20, &text);
    pl_buf_printf(out, "---- %s\n", title);
    pl_buf_str(out, err == PL_OK ? text : pl_str_c(pl_err_text(err)));
    pl_arena_free(&a);
}

static struct pl_str between(struct pl_str s, const char *from, const char *to) {
    size_t at = from ? pl_str_find(s, pl_str_c(from)) : 0;
    if (at == SIZE_MAX) return PL_STR("");
    s = (struct pl_str){s.p + at, s.n - at};
    size_t n = to ? pl_str_find(s, pl_str_c(to)) : s.n;
    return n == SIZE_MAX ? s : (struct pl_str){s.p, n};
}

/* Output, then errors, then JUnit's file and the exit code. */
static void run(const struct test_case *c, struct pl_buf *got) {
    char *text[2] = {NULL, NULL}, junit[] = "/tmp/talk-report-XXXXXX";
    size_t size[2] = {0, 0};
    struct pl_sim_test test = c->test;
    struct pl_buf all = {0}, told = {0};
    int fd = mkstemp(junit);
    pl_assert(fd >= 0);
    close(fd);
    test.folder = c->project;
    test.talks = &c->talks;
    test.ntalks = c->talks != NULL;
    test.out = open_memstream(&text[0], &size[0]);
    test.err = open_memstream(&text[1], &size[1]);
    pl_assert(test.out && test.err);
    if (test.junit) test.junit = junit;
    int code = pl_sim_test_main(&test);
    fclose(test.out);
    fclose(test.err);
    pl_buf_add(&all, text[0], size[0]);
    if (size[1]) pl_buf_printf(&all, "---- errors\n%s", text[1]);
    if (test.junit) add_file(&all, "junit", junit);
    without_help(&told, pl_buf_slice(&all));
    without_times(got, between(pl_buf_slice(&told), c->from, c->to));
    if (!c->from) pl_buf_printf(got, "---- %d\n", code);
    if (code != c->code) pl_buf_printf(got, "the exit code is %d\n", code);
    unlink(junit);
    pl_buf_free(&all);
    pl_buf_free(&told);
    free(text[0]);
    free(text[1]);
}

static bool is_right(const struct test_case *c) {
    struct pl_buf got = {0};
    struct pl_arena a;
    struct pl_str want = PL_STR("");
    pl_arena_init(&a, 0);
    struct pl_str path = pl_arena_printf(&a, "report/%s.expected", c->name);
    (void)pl_file_read(&a, path.p, 1 << 20, &want);
    run(c, &got);
    bool right = pl_str_eq(pl_buf_slice(&got), want);
    if (!right) printf("%s is not what is said:\n%.*s\n", path.p, (int)got.n, got.p);
    pl_buf_free(&got);
    pl_arena_free(&a);
    return right;
}

/* Talks in one process say what talks in several say, in the same order. */
static bool processes_say_the_same(void) {
    struct test_case c = CASE("processes", "project", "failing", 1, .jobs = 1);
    struct pl_buf alone = {0}, many = {0};
    run(&c, &alone);
    c.test.jobs = 5;
    run(&c, &many);
    bool same = alone.n > 1000 && pl_str_eq(pl_buf_slice(&alone), pl_buf_slice(&many));
    if (!same) printf("in processes it is said:\n%.*s\n", (int)many.n, many.p);
    pl_buf_free(&alone);
    pl_buf_free(&many);
    return same;
}

/* ---- pages ---- */

static bool has(const char *path, const char *part) {
    struct pl_arena a;
    struct pl_str text = PL_STR("");
    pl_arena_init(&a, 0);
    (void)pl_file_read(&a, path, 1 << 20, &text);
    bool found = pl_str_find(text, pl_str_c(part)) != SIZE_MAX;
    if (!found) printf("%s has no %s\n", path, part);
    pl_arena_free(&a);
    return found;
}

/* Each kind of line of ways.flow, and the index. */
static bool pages_are_right(void) {
    char folder[] = "/tmp/talk-pages-XXXXXX", page[64], index[64], prelude[64];
    FILE *null = fopen("/dev/null", "w");
    pl_assert(null && mkdtemp(folder));
    snprintf(page, sizeof page, "%s/cover-ways.flow.html", folder);
    snprintf(prelude, sizeof prelude, "%s/cover-prelude.flow.html", folder);
    snprintf(index, sizeof index, "%s/index.html", folder);
    struct pl_sim_test test = {
        .folder = "cover", .jobs = 2, .coverage_html = folder, .out = null, .err = null};
    bool right = pl_sim_test_main(&test) == 0;
    right &= has(page, "<tr class=\"yes\" id=\"L54\"");
    right &= has(page, "<tr class=\"part\" id=\"L59\"");
    right &= has(page, "<tr class=\"no\" id=\"L60\"");
    right &= has(page, "<span class=\"way bad\">✗ if</span>  if amount &gt; 100");
    right &= has(page, "<a href=\"#L60\">60</a>");
    right &= has(prelude, "flow not_understood");
    right &= has(index, "<a href=\"cover-ways.flow.html\">cover/ways.flow</a>");
    right &= has(index, "<td>loud</td><td class=\"good\">✓ fired</td>");
    right &= has(index, "<td>@ways.lot</td><td class=\"bad\">✗</td>");
    unlink(page);
    unlink(prelude);
    unlink(index);
    rmdir(folder);
    fclose(null);
    return right;
}

int main(int argc, char **argv) {
    uint32_t wrong = 0;
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_buf got = {0};
        if (argc == 1) wrong += !is_right(&cases[i]);
        if (argc != 3 || strcmp(cases[i].name, argv[2]) != 0) continue;
        run(&cases[i], &got);
        fwrite(got.p, 1, got.n, stdout);
        pl_buf_free(&got);
        return 0;
    }
    wrong += !processes_say_the_same();
    wrong += !pages_are_right();
    printf("%u wrong\n", wrong);
    return wrong ? 1 : 0;
}
