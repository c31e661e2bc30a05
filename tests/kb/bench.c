/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a search takes among many articles. Each is made of words of real passages, drawn by
 * their own frequency, so that common words have long rows of postings, as they do in life. */
#include "tests/kb/report.h"

#include <stdlib.h>
#include <time.h>

#define WORDS_OF_ONE 120
#define ROUNDS       20

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct words {
    PL_VEC(struct pl_str) all; /* of all passages, one after another */
};

static void take_words(struct words *w, const struct corpus *c) {
    for (uint32_t i = 0; i < c->ndocs; i++) {
        struct pl_str rest = c->docs[i].text;
        while (rest.n) {
            size_t n = pl_str_find(rest, PL_STR(" "));
            if (n == SIZE_MAX) n = rest.n;
            PL_PUSH(&w->all, ((struct pl_str){rest.p, n}));
            n += n < rest.n;
            rest = (struct pl_str){rest.p + n, rest.n - n};
        }
    }
}

/* Runs of four words of anywhere; one word in ten gets a number of its article, so that the
 * vocabulary grows with the articles. */
static struct pl_str make_text(struct pl_arena *a, const struct words *w, struct pl_rand *r,
                               uint32_t number) {
    struct pl_buf b = {0};
    for (int i = 0; i < WORDS_OF_ONE; i += 4) {
        size_t from = pl_rand_below(r, w->all.n - 4);
        for (size_t k = 0; k < 4; k++) {
            pl_buf_str(&b, w->all.v[from + k]);
            if (pl_rand_below(r, 10) == 0) pl_buf_printf(&b, "%c", 'a' + (char)(number % 26));
            pl_buf_c(&b, pl_rand_below(r, 15) ? " " : ". ");
        }
    }
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

static void make_articles(struct pl_arena *a, const struct corpus *c, uint32_t n,
                          struct pl_kb_article *out) {
    struct words w = {0};
    struct pl_rand r;
    pl_rand_seed(&r, 1);
    take_words(&w, c);
    for (uint32_t i = 0; i < n; i++) {
        struct pl_kb_passage *p = PL_NEW(a, struct pl_kb_passage);
        p->text = i < c->ndocs ? c->docs[i].text : make_text(a, &w, &r, i);
        size_t from = pl_rand_below(&r, w.all.n - 3);
        out[i] = (struct pl_kb_article){.locale = PL_STR("en"), .passages = p, .npassages = 1};
        out[i].id = pl_arena_printf(a, "%u", i);
        out[i].title = pl_arena_printf(a, "%.*s %.*s", PL_STR_ARG(w.all.v[from]),
                                       PL_STR_ARG(w.all.v[from + 1]));
    }
    PL_VEC_FREE(&w.all);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void time_searches(struct pl_locale_tools *t, const struct corpus *c,
                          const struct pl_kb *kb) {
    static struct pl_kb_result result;
    static double v[ASKS_MOST * ROUNDS];
    struct pl_kb_scratch *s = pl_kb_scratch_new(t);
    size_t n = 0, right = 0;
    double sum = 0;
    for (int round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < c->nasks; i++) {
            struct pl_kb_query q = {c->asks[i].text, PL_STR("en"), PL_STR(""), 3};
            double from = now_us();
            pl_kb_search(s, kb, &q, &result);
            if (round) sum += v[n++] = now_us() - from;
            if (round == 0)
                right += result.n && pl_str_eq(result.hits[0].text, c->docs[c->asks[i].doc].text);
        }
    qsort(v, n, sizeof *v, by_size);
    printf("%zu searches: mean %.0f us, median %.0f, 95 %% %.0f, 99 %% %.0f, most %.0f\n", n,
           sum / (double)n, v[n / 2], v[n * 95 / 100], v[n * 99 / 100], v[n - 1]);
    printf("right passage first among all: %.1f %%\n", 100.0 * (double)right / c->nasks);
    pl_kb_scratch_free(&s);
}

static void print_tables(const struct pl_kb *kb) {
    static const char *const names[] = {
#define TABLE(name, row) #name,
        PL_KB__TABLES(TABLE)
#undef TABLE
    };
    for (uint32_t t = 0; t < PL_KB__NTABLES; t++)
        printf("%s %.1f MB, ", names[t], kb->shelves[0].rows[t] * 4e-6 * pl_kb__row[t]);
    printf("texts %.1f MB\n", (double)kb->shelves[0].texts.n / 1e6);
}

int bench(struct pl_locale_tools *t, const struct corpus *c, uint32_t articles) {
    struct pl_arena a;
    struct pl_buf section = {0};
    struct pl_kb *kb = NULL;
    pl_arena_init(&a, 0);
    struct pl_kb_article *v = PL_NEW_ARRAY(&a, struct pl_kb_article, articles);
    make_articles(&a, c, articles, v);
    double from = now_us();
    enum pl_err err = pl_kb_build(t, v, articles, &section);
    double built = now_us();
    if (err == PL_OK) err = pl_kb_open(pl_buf_slice(&section), &kb);
    double opened = now_us();
    if (err == PL_OK) {
        printf("%u articles: built in %.0f ms, %.1f MB, opened in %.0f ms\n", articles,
               (built - from) / 1e3, (double)section.n / 1e6, (opened - built) / 1e3);
        print_tables(kb);
        time_searches(t, c, kb);
    }
    pl_kb_close(&kb);
    pl_buf_free(&section);
    pl_arena_free(&a);
    return err == PL_OK ? 0 : 2;
}
