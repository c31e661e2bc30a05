/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures how well intents are understood, on texts that were not learned from.
 *
 *     nlu_report DATA [SET...]    the sets that DATA has: banking77, clinc150, hwu64, bitext, hint3
 *     nlu_report --quick FILE     a small set of our own: train, test and out of scope in one file;
 *                                 exits 1 when a figure is under its floor
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/nlp/nlp.h"

#define FILE_MOST  ((size_t)64 << 20)
#define TESTS_MOST 3000 /* of what few-shot training leaves of a file */
#define HOLD_OUT   8    /* one in so many of a full training file is tested on */
#define FOLDS      5
/* floors of the check */
#define QUICK_RIGHT 90
#define QUICK_TAKEN 85
#define QUICK_OUT   75

struct row {
    struct pl_str text, intent;
};
struct rows {
    struct row *v;
    size_t n, cap;
};
struct report {
    struct pl_arena a;
    struct pl_locale_tools *tools;
    const char *data;
};
struct score {
    double n, right, taken; /* in scope: the best guess is right; and was taken */
    double nout, out;       /* out of scope, and said so */
    double auroc, seconds, micros, bytes, reject;
};

/* ---- files ---- */

static bool is_out(struct pl_str intent) {
    return pl_str_is(intent, "oos") || pl_str_is(intent, "NO_NODES_DETECTED");
}

/* Lines of text, tab, intent; the first is a head. */
static void add_tsv(struct report *r, struct rows *to, const char *name) {
    char path[4096];
    struct pl_str rest;
    snprintf(path, sizeof path, "%s%s%s", r->data, *r->data ? "/" : "", name);
    if (pl_file_read(&r->a, path, FILE_MOST, &rest) != PL_OK) return;
    for (size_t line = 0; rest.n; line++) {
        size_t n = pl_str_find(rest, PL_STR("\n"));
        struct pl_str s = {rest.p, n == SIZE_MAX ? rest.n : n};
        size_t tab = pl_str_find(s, PL_STR("\t"));
        if (line > 0 && tab != SIZE_MAX)
            PL_PUSH(to, ((struct row){{s.p, tab}, {s.p + tab + 1, s.n - tab - 1}}));
        n = n == SIZE_MAX ? rest.n : n + 1;
        rest = (struct pl_str){rest.p + n, rest.n - n};
    }
}

/* The file without the rows of another, shuffled, at most `most`. */
static void add_rest(struct report *r, struct rows *to, const char *name, const struct rows *but,
                     size_t most) {
    struct rows all = {0};
    struct pl_map seen = {0};
    struct pl_rand rand;
    pl_rand_seed(&rand, 7);
    add_tsv(r, &all, name);
    for (size_t i = 0; i < but->n; i++) pl_map_put(&seen, but->v[i].text, &seen);
    for (size_t i = all.n; i > 1; i--) {
        size_t j = (size_t)pl_rand_below(&rand, i);
        struct row t = all.v[i - 1];
        all.v[i - 1] = all.v[j];
        all.v[j] = t;
    }
    for (size_t i = 0; i < all.n && most > 0; i++) {
        if (pl_map_get(&seen, all.v[i].text)) continue;
        PL_PUSH(to, all.v[i]);
        most--;
    }
    pl_map_free(&seen);
    PL_VEC_FREE(&all);
}

/* ---- one model ---- */

struct names {
    struct pl_map ids;
    struct pl_str *v;
    size_t n, cap;
};

static uint32_t name_id(struct names *s, struct pl_str intent) {
    if (is_out(intent)) return PL_NLP_NO_INTENT;
    uintptr_t id = (uintptr_t)pl_map_get(&s->ids, intent);
    if (id == 0) {
        PL_PUSH(s, intent);
        id = s->n;
        pl_map_put(&s->ids, intent, (void *)id); /* NOLINT: a number */
    }
    return (uint32_t)(id - 1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void build(struct report *r, const struct rows *train, struct names *names,
                  struct pl_buf *section) {
    static const struct pl_str english = {"en", 2};
    struct pl_arena a;
    struct pl_str why = PL_STR("");
    struct pl_nlp_example *v = calloc(train->n, sizeof *v);
    pl_assert(v);
    for (size_t i = 0; i < train->n; i++)
        v[i] =
            (struct pl_nlp_example){name_id(names, train->v[i].intent), english, train->v[i].text};
    struct pl_nlp_source source = {.langs = &english,
                                   .nlangs = 1,
                                   .bare = true,
                                   .intents = names->v,
                                   .nintents = (uint32_t)names->n,
                                   .examples = v,
                                   .nexamples = (uint32_t)train->n};
    pl_arena_init(&a, 0);
    pl_assert(pl_nlp_build(r->tools, &a, &source, section, &why) == PL_OK);
    pl_arena_free(&a);
    free(v);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* How often a text in scope is surer than one out of it. */
static double auroc(double *in, size_t n, double *out, size_t m) {
    double sum = 0;
    size_t below = 0, same = 0;
    qsort(in, n, sizeof *in, by_value);
    qsort(out, m, sizeof *out, by_value);
    for (size_t i = 0; i < n; i++) {
        while (below < m && out[below] < in[i]) below++;
        for (same = below; same < m && out[same] <= in[i];) same++;
        sum += (double)below + 0.5 * (double)(same - below);
    }
    return n && m ? sum / ((double)n * (double)m) : 0;
}

static void ask(struct pl_nlp *nlp, struct names *names, const struct rows *test, struct score *s) {
    const struct pl_nlp_context ctx = {.language = PL_STR("en"), .locale = PL_STR("en-US")};
    double *in = calloc(test->n + 1, sizeof *in), *out = calloc(test->n + 1, sizeof *out);
    size_t n = 0, m = 0;
    struct pl_arena a;
    pl_assert(in && out);
    pl_arena_init(&a, 0);
    double from = now();
    for (size_t i = 0; i < test->n; i++) {
        struct pl_nlp_reading g;
        uint32_t want = name_id(names, test->v[i].intent);
        pl_nlp_read(nlp, &a, test->v[i].text, &ctx, &g);
        double confidence = g.nguesses > 0 ? g.guesses[0].confidence : 0;
        bool right = g.nguesses > 0 && g.guesses[0].intent == want;
        if (want == PL_NLP_NO_INTENT) {
            out[m++] = confidence;
            s->out += g.rejected;
        } else {
            in[n++] = confidence;
            s->right += right;
            s->taken += right && !g.rejected;
        }
        pl_arena_reset(&a);
    }
    s->micros += (now() - from) * 1e6;
    s->n += (double)n;
    s->nout += (double)m;
    s->auroc = auroc(in, n, out, m);
    pl_arena_free(&a);
    free(in);
    free(out);
}

static void measure(struct report *r, const struct rows *train, const struct rows *test,
                    struct score *s) {
    struct names names = {0};
    struct pl_buf section = {0};
    struct pl_nlp_model *m = NULL;
    struct pl_nlp *nlp = NULL;
    for (size_t i = 0; i < train->n; i++) name_id(&names, train->v[i].intent);
    double from = now();
    build(r, train, &names, &section);
    s->seconds += now() - from;
    s->bytes = (double)section.n;
    pl_assert(pl_nlp_open(pl_buf_slice(&section), &m) == PL_OK);
    pl_assert(pl_nlp_new(m, r->tools, &nlp) == PL_OK);
    ask(nlp, &names, test, s);
    pl_nlp_free(&nlp);
    pl_nlp_close(&m);
    pl_buf_free(&section);
    pl_map_free(&names.ids);
    PL_VEC_FREE(&names);
}

/* ---- the table ---- */

static double percent(double of, double n) {
    return n > 0 ? 100 * of / n : 0;
}

static void print_row(const char *name, const struct rows *train, const struct score *s) {
    printf("%-22s %6zu %6.0f  %6.2f  %6.2f", name, train->n, s->n + s->nout,
           percent(s->right, s->n), percent(s->taken, s->n));
    if (s->nout > 0)
        printf("  %6.2f  %.4f", percent(s->out, s->nout), s->auroc);
    else
        printf("  %6s  %6s", "", "");
    printf("  %6.1f  %6.1f  %6.2f\n", s->seconds, s->micros / (s->n + s->nout), s->bytes / 1e6);
    fflush(stdout);
}

static void show(struct report *r, const char *name, struct rows *train, struct rows *test) {
    struct score s = {0};
    if (train->n && test->n) {
        measure(r, train, test, &s);
        print_row(name, train, &s);
    } else {
        printf("%-22s its files are not there\n", name);
    }
    PL_VEC_FREE(train);
    PL_VEC_FREE(test);
}

/* One in HOLD_OUT rows is tested on. */
static void banking_full(struct report *r) {
    struct rows all = {0}, nothing = {0}, train = {0}, test = {0};
    add_rest(r, &all, "banking77/train.tsv", &nothing, SIZE_MAX);
    for (size_t i = 0; i < all.n; i++) {
        if (i % HOLD_OUT)
            PL_PUSH(&train, all.v[i]);
        else
            PL_PUSH(&test, all.v[i]);
    }
    show(r, "banking77 7/8", &train, &test);
    PL_VEC_FREE(&all);
}

static void few(struct report *r, const char *name, const char *shots, const char *all) {
    struct rows train = {0}, test = {0};
    add_tsv(r, &train, shots);
    add_rest(r, &test, all, &train, TESTS_MOST);
    show(r, name, &train, &test);
}

static void clinc(struct report *r) {
    struct rows train = {0}, test = {0};
    add_tsv(r, &train, "clinc150/train.tsv");
    add_tsv(r, &train, "clinc150/oos_train.tsv");
    add_tsv(r, &test, "clinc150/val.tsv");
    add_tsv(r, &test, "clinc150/oos_val.tsv");
    show(r, "clinc150", &train, &test);
}

static void hwu(struct report *r) {
    struct rows train = {0}, test = {0};
    add_tsv(r, &train, "hwu64/train.tsv");
    add_tsv(r, &test, "hwu64/val.tsv");
    show(r, "hwu64", &train, &test);
}

/* Real customers' texts, too few to hold some out: each fifth by a model of the others. */
static void folds(struct report *r, const char *bot) {
    char name[200];
    struct rows all = {0}, nothing = {0}, train = {0}, test = {0};
    struct score s = {0};
    snprintf(name, sizeof name, "hint3/%s_train.tsv", bot);
    add_rest(r, &all, name, &nothing, SIZE_MAX);
    for (size_t fold = 0; fold < FOLDS && all.n; fold++) {
        train.n = test.n = 0;
        for (size_t i = 0; i < all.n; i++) {
            if (i % FOLDS != fold)
                PL_PUSH(&train, all.v[i]);
            else
                PL_PUSH(&test, all.v[i]);
        }
        measure(r, &train, &test, &s);
    }
    if (all.n)
        print_row(bot, &train, &s);
    else
        printf("%-22s its file is not there\n", bot);
    PL_VEC_FREE(&all);
    PL_VEC_FREE(&train);
    PL_VEC_FREE(&test);
}

static bool wants(int argc, char **argv, const char *set) {
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], set) == 0) return true;
    return argc <= 2;
}

static void table(struct report *r, int argc, char **argv) {
    printf("%-22s %6s %6s  %6s  %6s  %6s  %6s  %6s  %6s  %6s\n", "set", "train", "test", "best %",
           "taken%", "oos %", "auroc", "cpu s", "us", "MB");
    if (wants(argc, argv, "banking77")) {
        few(r, "banking77 10-shot", "banking77/train_10shot.tsv", "banking77/train.tsv");
        banking_full(r);
    }
    if (wants(argc, argv, "clinc150")) clinc(r);
    if (wants(argc, argv, "hwu64")) hwu(r);
    if (wants(argc, argv, "bitext")) {
        few(r, "bitext 5-shot", "bitext/train_5shot.tsv", "bitext/train.tsv");
        few(r, "bitext 10-shot", "bitext/train_10shot.tsv", "bitext/train.tsv");
    }
    if (wants(argc, argv, "hint3")) {
        folds(r, "sofmattress");
        folds(r, "curekart");
        folds(r, "powerplay11");
    }
}

/* ---- the check ---- */

static bool is_under(const char *what, double found, double floor) {
    if (found >= floor) return false;
    printf("%s: %.1f, under its floor of %.1f\n", what, found, floor);
    return true;
}

/* Rows of the file whose text begins with "? " are tested on. */
static int quick(struct report *r, const char *file) {
    struct rows all = {0}, train = {0}, test = {0};
    struct score s = {0};
    add_tsv(r, &all, file);
    for (size_t i = 0; i < all.n; i++) {
        struct row row = all.v[i];
        bool tested = pl_str_starts(row.text, PL_STR("? "));
        if (!tested)
            PL_PUSH(&train, row);
        else
            PL_PUSH(&test, ((struct row){{row.text.p + 2, row.text.n - 2}, row.intent}));
    }
    pl_assert(train.n && test.n);
    measure(r, &train, &test, &s);
    print_row("small", &train, &s);
    bool bad = is_under("right", percent(s.right, s.n), QUICK_RIGHT);
    bad |= is_under("right and taken", percent(s.taken, s.n), QUICK_TAKEN);
    bad |= is_under("out of scope", percent(s.out, s.nout), QUICK_OUT);
    PL_VEC_FREE(&all);
    PL_VEC_FREE(&train);
    PL_VEC_FREE(&test);
    return bad;
}

int main(int argc, char **argv) {
    bool is_quick = argc == 3 && strcmp(argv[1], "--quick") == 0;
    if (argc < 2) {
        fprintf(stderr, "usage: nlu_report DATA [SET...] | --quick FILE\n");
        return 2;
    }
    struct report r = {.tools = pl_locale_tools_new(), .data = is_quick ? "" : argv[1]};
    int code = 0;
    pl_arena_init(&r.a, 0);
    if (is_quick)
        code = quick(&r, argv[2]);
    else
        table(&r, argc, argv);
    pl_arena_free(&r.a);
    pl_locale_tools_free(&r.tools);
    return code;
}
