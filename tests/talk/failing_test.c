/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays talks that must fail, and compares where and why with what the files themselves expect:
 *
 *     # fails: the reason
 *     the line that must fail
 *
 * A talk with such a comment must fail there for that reason, one without must pass. Lines of a
 * reason are joined by single spaces.
 * Usage: talk_failing PROJECT FOLDER
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim.h"

struct expected {
    struct pl_str file, why;
    uint32_t line;
    bool seen;
};
struct run {
    struct pl_arena a;
    PL_VEC(struct expected) expected;
    uint32_t wrong, right;
};

static void expect_of(struct run *r, struct pl_str file, struct pl_str text) {
    const struct pl_str mark = PL_STR("# fails:");
    uint32_t number = 0;
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        struct pl_str line = pl_str_trim((struct pl_str){text.p, n});
        number++;
        if (pl_str_starts(line, mark)) {
            struct pl_str why = {line.p + mark.n, line.n - mark.n};
            struct expected e = {file, pl_str_trim(why), number + 1, false};
            PL_PUSH(&r->expected, e);
        }
        n += end != NULL;
        text = (struct pl_str){text.p + n, text.n - n};
    }
}

static void read_files(struct run *r, const char *folder) {
    struct pl_str *names, text;
    size_t n;
    enum pl_err err = pl_files_under(&r->a, folder, ".talk", 1000, &names, &n);
    pl_assert(err == PL_OK && n > 0);
    for (size_t i = 0; i < n; i++) {
        struct pl_str path = pl_arena_printf(&r->a, "%s/%.*s", folder, PL_STR_ARG(names[i]));
        err = pl_file_read(&r->a, path.p, 1 << 20, &text);
        pl_assert(err == PL_OK);
        expect_of(r, path, text);
    }
}

/* Line ends and the indent behind them as one space. */
static struct pl_str joined(struct run *r, struct pl_str s) {
    char *p = pl_arena_alloc(&r->a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] == '\n' ? ' ' : s.p[i];
        if (c == ' ' && n && p[n - 1] == ' ') continue;
        p[n++] = c;
    }
    return (struct pl_str){p, n};
}

static void check(struct run *r, const struct pl_json *result) {
    if (pl_json_get(result, "passed")->b) return; /* its expectation, if any, stays unseen */
    const struct pl_json *failure = &pl_json_get(result, "failures")->m[0].value;
    struct pl_str file = pl_json_text(failure, "file");
    struct pl_str why = joined(r, pl_json_text(failure, "message"));
    int64_t line = 0;
    pl_str_i64(pl_json_get(failure, "line")->s, &line);
    for (size_t i = 0; i < r->expected.n; i++) {
        struct expected *e = &r->expected.v[i];
        if (e->line != line || !pl_str_eq(e->file, file)) continue;
        e->seen = true;
        if (pl_str_eq(e->why, why)) {
            r->right++;
            return;
        }
    }
    printf("%.*s:%lld: unexpected: %.*s\n", PL_STR_ARG(file), (long long)line, PL_STR_ARG(why));
    r->wrong++;
}

static void check_all(struct run *r, struct pl_str lines) {
    while (lines.n) {
        struct pl_json json;
        size_t at, n = (size_t)((const char *)memchr(lines.p, '\n', lines.n) - lines.p);
        enum pl_err err = pl_json_parse(&r->a, (struct pl_str){lines.p, n}, &json, &at);
        pl_assert(err == PL_OK);
        check(r, &json);
        lines = (struct pl_str){lines.p + n + 1, lines.n - n - 1};
    }
    for (size_t i = 0; i < r->expected.n; i++) {
        const struct expected *e = &r->expected.v[i];
        if (e->seen) continue;
        printf("%.*s:%u: did not fail here: %.*s\n", PL_STR_ARG(e->file), e->line,
               PL_STR_ARG(e->why));
        r->wrong++;
    }
}

int main(int argc, char **argv) {
    struct run r = {0};
    char *text = NULL;
    size_t size = 0;
    if (argc != 3) return 2;
    const char *talks[] = {argv[2]};
    FILE *out = open_memstream(&text, &size);
    FILE *err = fopen("/dev/null", "w");
    pl_assert(out && err);
    pl_arena_init(&r.a, 0);
    read_files(&r, argv[2]);
    struct pl_sim_test test = {.folder = argv[1],
                               .talks = talks,
                               .ntalks = 1,
                               .format = PL_SIM_JSON,
                               .out = out,
                               .err = err};
    int code = pl_sim_test_main(&test);
    fclose(out);
    fclose(err);
    if (code == 2) printf("%s could not be played\n", argv[2]);
    check_all(&r, (struct pl_str){text, size});
    printf("%u as expected, %u not\n", r.right, r.wrong);
    bool good = code == 1 && r.wrong == 0;
    free(text);
    PL_VEC_FREE(&r.expected);
    pl_arena_free(&r.a);
    return good ? 0 : 1;
}
