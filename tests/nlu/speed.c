/* SPDX-License-Identifier: Apache-2.0
 *
 * What reading a message costs, what training costs, and how large the model is, on a project of 30
 * intents in 12 locales: the 15 intents of xSID in its locales, and 15 of bitext in English.
 *
 *     nlu_speed DATA             prints the table
 *     nlu_speed DATA FILE        reads every message once, for callgrind; the model is FILE, which
 *                                is trained when it is not there
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/nlu/nlu.h"

#define SHOTS    10 /* examples of an intent and locale, at most */
#define ASKED    50 /* messages of a locale, at most */
#define BITEXT   15 /* intents of bitext */
#define SHORTEST 30 /* letters of a message that is asked */
#define LONGEST  50
#define ROUNDS   21 /* a message's time is the median of so many */
#define MOST     64 /* intents, locales */

#define QUICK_MB 1.0 /* limit of the check */

struct text {
    struct pl_str locale, text;
};
struct texts {
    struct text *v;
    size_t n, cap;
};
struct examples {
    struct pl_nlp_example *v;
    size_t n, cap;
};
struct project {
    struct pl_str intents[MOST], locales[MOST];
    uint32_t nintents, nlocales, shots[MOST][MOST], nasked[MOST];
    struct examples examples;
    struct texts asked;
};

/* ---- the project ---- */

static uint32_t number_of(struct pl_str *v, uint32_t *n, struct pl_str name) {
    for (uint32_t i = 0; i < *n; i++)
        if (pl_str_eq(v[i], name)) return i;
    pl_assert(*n < MOST);
    v[*n] = name;
    return (*n)++;
}

static size_t letters(struct pl_str text) {
    size_t n = 0;
    for (size_t at = 0; at < text.n; n++) (void)pl_utf8_next(text, &at);
    return n;
}

/* An example until the intent has enough of them in the locale; then a message that is asked. */
static void add(struct project *p, struct pl_str locale, struct pl_str intent, struct pl_str text) {
    uint32_t i = number_of(p->intents, &p->nintents, intent);
    uint32_t l = number_of(p->locales, &p->nlocales, locale);
    size_t n = letters(text);
    if (p->shots[i][l]++ < SHOTS) {
        PL_PUSH(&p->examples, ((struct pl_nlp_example){i, locale, text}));
    } else if (n >= SHORTEST && n <= LONGEST && p->nasked[l] < ASKED) {
        PL_PUSH(&p->asked, ((struct text){locale, text}));
        p->nasked[l]++;
    }
}

static void add_xsid(struct nlu *u, struct project *p) {
    struct pl_str rest = nlu_file(u, "xsid/valid.jsonl"), line;
    while (nlu_line(&rest, &line)) {
        struct pl_json j;
        size_t at;
        if (pl_json_parse(&u->a, line, &j, &at) != PL_OK) continue;
        add(p, pl_json_text(&j, "locale"), pl_json_text(&j, "intent"), pl_json_text(&j, "text"));
    }
}

/* The rows stand by intent: the first BITEXT of them. */
static void add_bitext(struct nlu *u, struct project *p) {
    struct pl_str rest = nlu_file(u, "bitext/train.tsv"), line, last = PL_STR("");
    nlu_line(&rest, &line);
    for (int n = 0; nlu_line(&rest, &line);) {
        struct pl_str text = nlu_field(&line);
        if (!pl_str_eq(last, line) && ++n > BITEXT) break;
        last = line;
        add(p, PL_STR("en"), line, text);
    }
}

static void train(struct nlu *u, const struct project *p, struct pl_buf *section) {
    static const struct pl_nlp_regex number = {{"[A-Z]{2}[0-9]{6}", 16}, {"", 0}};
    static const struct pl_nlp_synonym colours[] = {{{"red", 3}, {"en", 2}, {"red", 3}},
                                                    {{"red", 3}, {"de", 2}, {"rot", 3}},
                                                    {{"blue", 4}, {"en", 2}, {"blue", 4}},
                                                    {{"blue", 4}, {"de", 2}, {"blau", 4}}};
    static const struct pl_nlp_entity entities[] = {
        {.name = {"order_id", 8}, .kind = PL_KIND_TEXT, .regexes = &number, .nregexes = 1},
        {.name = {"colour", 6}, .kind = PL_KIND_ENUM, .words = colours, .nwords = 4}};
    struct pl_nlp_source source = {.langs = p->locales,
                                   .nlangs = p->nlocales,
                                   .intents = p->intents,
                                   .nintents = p->nintents,
                                   .examples = p->examples.v,
                                   .nexamples = (uint32_t)p->examples.n,
                                   .entities = entities,
                                   .nentities = PL_LEN(entities)};
    struct pl_str why;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    pl_assert(pl_nlp_build(u->tools, &a, &source, section, &why) == PL_OK);
    pl_arena_free(&a);
}

/* ---- reading ---- */

struct reader {
    struct pl_nlp_model *model;
    struct pl_nlp *nlp;
    struct pl_arena a; /* of one text */
};

static void reader_open(struct nlu *u, struct reader *r, struct pl_str section) {
    *r = (struct reader){0};
    pl_arena_init(&r->a, 0);
    pl_assert(pl_nlp_open(section, &r->model) == PL_OK);
    pl_assert(pl_nlp_new(r->model, u->tools, &r->nlp) == PL_OK);
}

static void reader_close(struct reader *r) {
    pl_nlp_free(&r->nlp);
    pl_nlp_close(&r->model);
    pl_arena_free(&r->a);
}

static void read_text(struct reader *r, const struct text *t) {
    struct pl_nlp_reading out;
    struct pl_nlp_context ctx = {
        .language = t->locale, .locale = t->locale, .now_ms = INT64_C(1795424400000)};
    pl_arena_reset(&r->a);
    pl_nlp_read(r->nlp, &r->a, t->text, &ctx, &out);
}

static void read_all(struct reader *r, const struct texts *v) {
    for (size_t i = 0; i < v->n; i++) read_text(r, &v->v[i]);
}

/* ---- the table ---- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *v, size_t n) {
    qsort(v, n, sizeof *v, by_value);
    return n > 0 ? v[n / 2] : 0;
}

static double micros(struct reader *r, const struct text *t) {
    double v[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double from = nlu_now();
        read_text(r, t);
        v[i] = (nlu_now() - from) * 1e6;
    }
    return median(v, ROUNDS);
}

/* Of the messages of a locale, or of all. */
static void print_times(const struct project *p, const double *times, struct pl_str locale) {
    double *v = calloc(p->asked.n + 1, sizeof *v);
    size_t n = 0;
    pl_assert(v);
    for (size_t i = 0; i < p->asked.n; i++)
        if (locale.n == 0 || pl_str_eq(p->asked.v[i].locale, locale)) v[n++] = times[i];
    double middle = median(v, n);
    if (n) printf("%-6.*s %6zu %8.1f %8.1f\n", PL_STR_ARG(locale), n, middle, v[n * 99 / 100]);
    free(v);
}

static void print_all_times(struct reader *r, const struct project *p) {
    double *times = calloc(p->asked.n + 1, sizeof *times);
    pl_assert(times);
    read_all(r, &p->asked);
    for (size_t i = 0; i < p->asked.n; i++) times[i] = micros(r, &p->asked.v[i]);
    printf("%-6s %6s %8s %8s\n", "", "asked", "p50 us", "p99 us");
    for (uint32_t l = 0; l < p->nlocales; l++) print_times(p, times, p->locales[l]);
    print_times(p, times, PL_STR(""));
    free(times);
}

static bool same_again(struct nlu *u, const struct project *p, const struct pl_buf *section) {
    struct pl_buf again = {0};
    train(u, p, &again);
    bool same = pl_str_eq(pl_buf_slice(&again), pl_buf_slice(section));
    pl_buf_free(&again);
    return same;
}

static void print_costs(struct nlu *u, const struct project *p) {
    struct pl_buf section = {0};
    struct reader r;
    double from = nlu_now();
    train(u, p, &section);
    double seconds = nlu_now() - from;
    printf(
        "%u intents, %u locales, %zu examples: trained in %.2f s of cpu (at most 5), %.2f MB (at "
        "most 8), %s\n",
        p->nintents, p->nlocales, p->examples.n, seconds, (double)section.n / 1e6,
        same_again(u, p, &section) ? "the same bytes again" : "OTHER BYTES THE SECOND TIME");
    reader_open(u, &r, pl_buf_slice(&section));
    print_all_times(&r, p);
    reader_close(&r);
    pl_buf_free(&section);
}

/* What callgrind looks at: all that is made once has been made. */
__attribute__((noinline)) static void read_counted(struct reader *r, const struct texts *v) {
    read_all(r, v);
}

/* For callgrind, which is slow: training is not run under it. */
static void read_once(struct nlu *u, const struct project *p, const char *file) {
    struct pl_str kept;
    struct pl_buf section = {0};
    struct reader r;
    if (pl_file_read(&u->a, file, (size_t)64 << 20, &kept) == PL_OK) {
        reader_open(u, &r, kept);
        read_all(&r, &p->asked);
        read_counted(&r, &p->asked);
        reader_close(&r);
        printf("%zu\n", p->asked.n);
        return;
    }
    train(u, p, &section);
    FILE *f = fopen(file, "wb");
    pl_assert(f && fwrite(section.p, 1, section.n, f) == section.n && fclose(f) == 0);
    pl_buf_free(&section);
}

void nlu_table(struct nlu *u) {
    struct project p = {0};
    add_xsid(u, &p);
    add_bitext(u, &p);
    if (p.nintents < BITEXT + 1 || p.nlocales < 2)
        printf("xsid or bitext is not there\n");
    else if (u->nsets == 1)
        read_once(u, &p, u->sets[0]);
    else
        print_costs(u, &p);
    PL_VEC_FREE(&p.examples);
    PL_VEC_FREE(&p.asked);
}

/* ---- the check ---- */

/* The same examples give the same bytes, and not many of them. */
bool nlu_quick(struct nlu *u) {
    struct project p = {0};
    struct pl_buf section = {0};
    struct pl_str rest = nlu_file(u, "quick/intents.tsv"), line;
    nlu_line(&rest, &line);
    while (nlu_line(&rest, &line)) {
        struct pl_str text = nlu_field(&line);
        if (line.n && !pl_str_starts(text, PL_STR("? "))) add(&p, PL_STR("en"), line, text);
    }
    train(u, &p, &section);
    bool same = same_again(u, &p, &section), small = (double)section.n < QUICK_MB * 1e6;
    printf("%u intents, %zu examples: %.2f MB, %s\n", p.nintents, p.examples.n,
           (double)section.n / 1e6, same ? "the same bytes again" : "other bytes the second time");
    pl_buf_free(&section);
    PL_VEC_FREE(&p.examples);
    PL_VEC_FREE(&p.asked);
    return !same || !small || p.nintents == 0;
}
