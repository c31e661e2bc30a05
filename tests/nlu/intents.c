/* SPDX-License-Identifier: Apache-2.0
 *
 * How well intents are understood: banking77, clinc150, hwu64, bitext, hint3.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/nlu/nlu.h"

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
static void add_tsv(struct nlu *u, struct rows *to, const char *name) {
    struct pl_str rest = nlu_file(u, name), line;
    nlu_line(&rest, &line);
    while (nlu_line(&rest, &line)) {
        struct pl_str text = nlu_field(&line);
        if (line.n) PL_PUSH(to, ((struct row){text, line}));
    }
}

/* The file without the rows of another, shuffled, at most `most`. */
static void add_rest(struct nlu *u, struct rows *to, const char *name, const struct rows *but,
                     size_t most) {
    struct rows all = {0};
    struct pl_map seen = {0};
    struct pl_rand rand;
    pl_rand_seed(&rand, 7);
    add_tsv(u, &all, name);
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

static void build(struct nlu *u, const struct rows *train, struct names *names,
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
    pl_assert(pl_nlp_build(u->tools, &a, &source, section, &why) == PL_OK);
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
    double from = nlu_now();
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
    s->micros += (nlu_now() - from) * 1e6;
    s->n += (double)n;
    s->nout += (double)m;
    s->auroc = auroc(in, n, out, m);
    pl_arena_free(&a);
    free(in);
    free(out);
}

static void measure(struct nlu *u, const struct rows *train, const struct rows *test,
                    struct score *s) {
    struct names names = {0};
    struct pl_buf section = {0};
    struct pl_nlp_model *m = NULL;
    struct pl_nlp *nlp = NULL;
    for (size_t i = 0; i < train->n; i++) name_id(&names, train->v[i].intent);
    double from = nlu_now();
    build(u, train, &names, &section);
    s->seconds += nlu_now() - from;
    s->bytes = (double)section.n;
    pl_assert(pl_nlp_open(pl_buf_slice(&section), &m) == PL_OK);
    pl_assert(pl_nlp_new(m, u->tools, &nlp) == PL_OK);
    ask(nlp, &names, test, s);
    pl_nlp_free(&nlp);
    pl_nlp_close(&m);
    pl_buf_free(&section);
    pl_map_free(&names.ids);
    PL_VEC_FREE(&names);
}

/* ---- the table ---- */

static void print_row(const struct nlu *u, const char *name, const struct rows *train,
                      const struct score *s) {
    printf("%-22s %6zu %6.0f  %6.2f  %6.2f", name, train->n, s->n + s->nout,
           nlu_percent(s->right, s->n), nlu_percent(s->taken, s->n));
    if (s->nout > 0)
        printf("  %6.2f  %.4f", nlu_percent(s->out, s->nout), s->auroc);
    else
        printf("  %6s  %6s", "", "");
    printf("  %6.1f  %6.1f  %6.2f\n", s->seconds, s->micros / (s->n + s->nout), s->bytes / 1e6);
    fflush(stdout);
    nlu_peers(u, name);
}

static void show(struct nlu *u, const char *name, struct rows *train, struct rows *test) {
    struct score s = {0};
    if (train->n && test->n) {
        measure(u, train, test, &s);
        print_row(u, name, train, &s);
    } else {
        printf("%-22s its files are not there\n", name);
    }
    PL_VEC_FREE(train);
    PL_VEC_FREE(test);
}

/* One in HOLD_OUT rows is tested on. */
static void banking_full(struct nlu *u) {
    struct rows all = {0}, nothing = {0}, train = {0}, test = {0};
    add_rest(u, &all, "banking77/train.tsv", &nothing, SIZE_MAX);
    for (size_t i = 0; i < all.n; i++) {
        if (i % HOLD_OUT)
            PL_PUSH(&train, all.v[i]);
        else
            PL_PUSH(&test, all.v[i]);
    }
    show(u, "banking77 7/8", &train, &test);
    PL_VEC_FREE(&all);
}

static void few(struct nlu *u, const char *name, const char *shots, const char *all) {
    struct rows train = {0}, test = {0};
    add_tsv(u, &train, shots);
    add_rest(u, &test, all, &train, TESTS_MOST);
    show(u, name, &train, &test);
}

static void clinc(struct nlu *u) {
    struct rows train = {0}, test = {0};
    add_tsv(u, &train, "clinc150/train.tsv");
    add_tsv(u, &train, "clinc150/oos_train.tsv");
    add_tsv(u, &test, "clinc150/val.tsv");
    add_tsv(u, &test, "clinc150/oos_val.tsv");
    show(u, "clinc150", &train, &test);
}

static void hwu(struct nlu *u) {
    struct rows train = {0}, test = {0};
    add_tsv(u, &train, "hwu64/train.tsv");
    add_tsv(u, &test, "hwu64/val.tsv");
    show(u, "hwu64", &train, &test);
}

/* Real customers' texts, too few to hold some out: each fifth by a model of the others. */
static void folds(struct nlu *u, const char *bot) {
    char name[200];
    struct rows all = {0}, nothing = {0}, train = {0}, test = {0};
    struct score s = {0};
    snprintf(name, sizeof name, "hint3/%s_train.tsv", bot);
    add_rest(u, &all, name, &nothing, SIZE_MAX);
    for (size_t fold = 0; fold < FOLDS && all.n; fold++) {
        train.n = test.n = 0;
        for (size_t i = 0; i < all.n; i++) {
            if (i % FOLDS != fold)
                PL_PUSH(&train, all.v[i]);
            else
                PL_PUSH(&test, all.v[i]);
        }
        measure(u, &train, &test, &s);
    }
    if (all.n)
        print_row(u, bot, &train, &s);
    else
        printf("%-22s its file is not there\n", bot);
    PL_VEC_FREE(&all);
    PL_VEC_FREE(&train);
    PL_VEC_FREE(&test);
}

void nlu_table(struct nlu *u) {
    printf("%-22s %6s %6s  %6s  %6s  %6s  %6s  %6s  %6s  %6s\n", "set", "train", "test", "best %",
           "taken%", "oos %", "auroc", "cpu s", "us", "MB");
    if (nlu_wants(u, "banking77")) {
        few(u, "banking77 10-shot", "banking77/train_10shot.tsv", "banking77/train.tsv");
        banking_full(u);
    }
    if (nlu_wants(u, "clinc150")) clinc(u);
    if (nlu_wants(u, "hwu64")) hwu(u);
    if (nlu_wants(u, "bitext")) {
        few(u, "bitext 5-shot", "bitext/train_5shot.tsv", "bitext/train.tsv");
        few(u, "bitext 10-shot", "bitext/train_10shot.tsv", "bitext/train.tsv");
    }
    if (nlu_wants(u, "hint3")) {
        folds(u, "sofmattress");
        folds(u, "curekart");
        folds(u, "powerplay11");
    }
}

/* ---- the check ---- */

/* Rows of the file whose text begins with "? " are tested on. */
bool nlu_quick(struct nlu *u) {
    struct rows all = {0}, train = {0}, test = {0};
    struct score s = {0};
    add_tsv(u, &all, "quick/intents.tsv");
    for (size_t i = 0; i < all.n; i++) {
        struct row row = all.v[i];
        bool tested = pl_str_starts(row.text, PL_STR("? "));
        if (!tested)
            PL_PUSH(&train, row);
        else
            PL_PUSH(&test, ((struct row){{row.text.p + 2, row.text.n - 2}, row.intent}));
    }
    pl_assert(train.n && test.n);
    measure(u, &train, &test, &s);
    print_row(u, "small", &train, &s);
    bool bad = nlu_is_under("right", nlu_percent(s.right, s.n), QUICK_RIGHT);
    bad |= nlu_is_under("right and taken", nlu_percent(s.taken, s.n), QUICK_TAKEN);
    bad |= nlu_is_under("out of scope", nlu_percent(s.out, s.nout), QUICK_OUT);
    PL_VEC_FREE(&all);
    PL_VEC_FREE(&train);
    PL_VEC_FREE(&test);
    return bad;
}
