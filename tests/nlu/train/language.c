/* SPDX-License-Identifier: Apache-2.0
 *
 * train_language DATA MODEL     trains the shipped language model (runtime/nlp/data/language.model)
 * train_language DATA --try N   trains without every N-th text and prints how often it is right on
 *                               those
 *
 * DATA has the folders langid_lingua, langid_tatoeba, xed, and
 * for trying xsid and multidogo. Multinomial logistic regression by AdaGrad over
 * the rows of pl_nlp__grams; the same data give the same bytes.
 */
#include "runtime/nlp/nlp_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 25, MOST_OF_ONE = 6000, MOST_WORDS = 400 };
#define RATE 0.25f

enum kind { WORD, PAIR, PHRASE, SENTENCE, CHAT, KINDS };
static const char *const kind_names[] = {"word", "pair", "3-5 words", "sentence", "chat"};

struct sample {
    struct pl_str text;
    uint8_t language, kind;
};
struct samples {
    struct sample *v;
    size_t n, cap;
};

struct learner {
    enum pl_nlp_script script;
    uint32_t rows, columns;
    float *w, *squares, rate;
};

struct trainer {
    struct pl_arena a;
    const char *data;
    struct samples learn, trial;
    struct learner latin, han;
    struct pl_rand rand;
    size_t each; /* the N-th texts are kept out; 0: none */
};

_Noreturn static void fail(const char *what, const char *which) {
    fprintf(stderr, "train_language: %s: %s\n", which, what);
    exit(1);
}

/* ---- the texts ---- */

static void push(struct samples *s, struct sample x) {
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 4096;
        s->v = realloc(s->v, s->cap * sizeof *s->v);
        if (s->v == NULL) fail("no memory", "texts");
    }
    s->v[s->n++] = x;
}

static struct pl_str read_file(struct trainer *t, const char *name) {
    char path[512];
    struct pl_str s;
    snprintf(path, sizeof path, "%s/%s", t->data, name);
    if (pl_file_read(&t->a, path, 64 << 20, &s) != PL_OK) fail("cannot be read", path);
    return s;
}

static bool next_line(struct pl_str *s, struct pl_str *line) {
    size_t n = pl_str_find(*s, PL_STR("\n"));
    if (s->n == 0) return false;
    if (n == SIZE_MAX) n = s->n;
    *line = (struct pl_str){s->p, n};
    n += n < s->n;
    *s = (struct pl_str){s->p + n, s->n - n};
    return true;
}

static struct pl_str column(struct pl_str line, unsigned i) {
    size_t tab;
    for (; i > 0 && (tab = pl_str_find(line, PL_STR("\t"))) != SIZE_MAX; i--)
        line = (struct pl_str){line.p + tab + 1, line.n - tab - 1};
    tab = pl_str_find(line, PL_STR("\t"));
    return (struct pl_str){line.p, tab == SIZE_MAX ? line.n : tab};
}

static void add(struct trainer *t, struct pl_str language, struct pl_str text, enum kind kind,
                size_t line) {
    int is = pl_nlp__language_index(language);
    if (is < 0 || text.n == 0) return;
    push(t->each && line % t->each == 0 ? &t->trial : &t->learn,
         (struct sample){text, (uint8_t)is, (uint8_t)kind});
}

/* A file of language<TAB>…<TAB>text lines. */
static void read_table(struct trainer *t, const char *name, unsigned texts, enum kind kind) {
    struct pl_str s = read_file(t, name), line;
    size_t of[PL_NLP_LANGUAGES] = {0};
    next_line(&s, &line); /* the heads */
    for (size_t n = 1; next_line(&s, &line); n++) {
        int is = pl_nlp__language_index(column(line, 0));
        if (is >= 0 && of[is]++ < MOST_OF_ONE)
            add(t, column(line, 0), column(line, texts), kind, n);
    }
}

static struct pl_str member(struct pl_str line, const char *name) {
    struct pl_str from = pl_str_c(name);
    size_t at = pl_str_find(line, from), n;
    if (at == SIZE_MAX) return PL_STR("");
    line = (struct pl_str){line.p + at + from.n, line.n - at - from.n};
    for (n = 0; n < line.n && line.p[n] != '"'; n++) n += line.p[n] == '\\';
    return (struct pl_str){line.p, n};
}

/* Messages to an assistant; for trying only. */
static void read_chat(struct trainer *t) {
    struct pl_str s = read_file(t, "xsid/valid.jsonl"), line;
    while (next_line(&s, &line))
        add(t, member(line, "\"locale\":\""), member(line, "\"text\":\""), CHAT, 0);
    s = read_file(t, "multidogo/train_dev.tsv");
    next_line(&s, &line);
    for (size_t n = 0; next_line(&s, &line); n++)
        if (n % 300 == 0) add(t, PL_STR("en"), column(line, 3), CHAT, 0);
}

static void read_all(struct trainer *t) {
    read_table(t, "langid_lingua/single-words.tsv", 1, WORD);
    read_table(t, "langid_lingua/word-pairs.tsv", 1, PAIR);
    read_table(t, "langid_lingua/sentences.tsv", 1, SENTENCE);
    read_table(t, "langid_tatoeba/train.tsv", 1, SENTENCE);
    read_table(t, "xed/train.tsv", 2, CHAT);
    if (t->each) read_chat(t);
}

/* ---- parts of texts ---- */

static uint32_t words_of(struct pl_str s, struct pl_str out[MOST_WORDS]) {
    uint32_t n = 0;
    for (size_t i = 0; i < s.n && n < MOST_WORDS; i++) {
        size_t from = i;
        while (i < s.n && s.p[i] != ' ') i++;
        if (i > from) out[n++] = (struct pl_str){s.p + from, i - from};
    }
    return n;
}

/* The like of a text without blanks, whose signs have three bytes each. */
static struct pl_str signs(struct trainer *t, struct pl_str text, size_t n) {
    size_t all = text.n / 3;
    if (all <= n) return PL_STR("");
    return (struct pl_str){text.p + 3 * pl_rand_below(&t->rand, all - n + 1), 3 * n};
}

/* `n` words of the text from anywhere, or the empty text. */
static struct pl_str part(struct trainer *t, struct pl_str text, uint32_t n) {
    struct pl_str words[MOST_WORDS];
    uint32_t all = words_of(text, words);
    if (all == 1 && (uint8_t)text.p[0] >= 0xe3) return signs(t, text, 2 * n);
    if (all <= n) return PL_STR("");
    uint32_t from = (uint32_t)pl_rand_below(&t->rand, all - n + 1);
    struct pl_str last = words[from + n - 1];
    return (struct pl_str){words[from].p, (size_t)(last.p + last.n - words[from].p)};
}

/* ---- learning ---- */

static int column_of(const struct learner *l, int language) {
    return pl_nlp__language_column(l->script, language);
}

static void scores(const struct learner *l, const struct pl_nlp_grams *g, float *out) {
    for (uint32_t c = 0; c < l->columns; c++) out[c] = 0;
    for (uint32_t i = 0; i < g->n; i++)
        for (uint32_t c = 0; c < l->columns; c++) out[c] += l->w[g->v[i] * l->columns + c];
}

static void to_shares(float *v, uint32_t n) {
    float most = v[0], sum = 0;
    for (uint32_t i = 1; i < n; i++) most = v[i] > most ? v[i] : most;
    for (uint32_t i = 0; i < n; i++) sum += v[i] = expf(v[i] - most);
    for (uint32_t i = 0; i < n; i++) v[i] /= sum;
}

static void learn(struct learner *l, struct pl_str text, int language) {
    static struct pl_nlp_grams g;
    float p[PL_NLP_COLUMNS];
    int is = column_of(l, language);
    if (is < 0) return;
    pl_nlp__grams(text, l->script, &g);
    if (g.n == 0) return;
    scores(l, &g, p);
    to_shares(p, l->columns);
    p[is] -= 1;
    for (uint32_t i = 0; i < g.n; i++)
        for (uint32_t c = 0; c < l->columns; c++) {
            size_t at = g.v[i] * l->columns + c;
            float d = p[c];
            l->squares[at] += d * d;
            l->w[at] -= l->rate * d / sqrtf(l->squares[at]);
        }
}

static void learner_new(struct learner *l, enum pl_nlp_script script, uint32_t bits) {
    *l = (struct learner){.script = script, .rows = 1u << bits};
    for (int i = 0; i < PL_NLP_LANGUAGES; i++)
        l->columns += pl_nlp__language_column(script, i) >= 0;
    l->w = calloc((size_t)l->rows * l->columns, sizeof *l->w);
    l->squares = malloc((size_t)l->rows * l->columns * sizeof *l->squares);
    if (l->w == NULL || l->squares == NULL) fail("no memory", "weights");
    for (size_t i = 0; i < (size_t)l->rows * l->columns; i++) l->squares[i] = 0.1f;
}

static void learn_text(struct trainer *t, struct pl_str text, int language) {
    learn(&t->latin, text, language);
    learn(&t->han, text, language);
}

static void shuffle(struct trainer *t) {
    for (size_t i = t->learn.n; i > 1; i--) {
        size_t k = pl_rand_below(&t->rand, i);
        struct sample x = t->learn.v[k];
        t->learn.v[k] = t->learn.v[i - 1];
        t->learn.v[i - 1] = x;
    }
}

/* Every text whole, and one, two and three to five words of it. */
static void learn_all(struct trainer *t) {
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        t->latin.rate = t->han.rate = RATE * (float)(EPOCHS - epoch) / EPOCHS;
        shuffle(t);
        for (size_t i = 0; i < t->learn.n; i++) {
            const struct sample *s = &t->learn.v[i];
            learn_text(t, s->text, s->language);
            learn_text(t, part(t, s->text, 1), s->language);
            learn_text(t, part(t, s->text, 2), s->language);
            uint32_t n = 3 + (uint32_t)pl_rand_below(&t->rand, 3);
            learn_text(t, part(t, s->text, n), s->language);
        }
    }
}

/* ---- the model ---- */

static void write_learner(const struct learner *l, struct pl_buf *out) {
    for (size_t i = 0; i < (size_t)l->rows * l->columns; i++) {
        float v = rintf(l->w[i] * PL_NLP_NAT);
        pl_buf_byte(out, (uint8_t)(int8_t)(v > 127 ? 127 : v < -127 ? -127 : v));
    }
}

static void write_model(const struct trainer *t, struct pl_buf *out) {
    write_learner(&t->latin, out);
    write_learner(&t->han, out);
}

/* ---- trying ---- */

struct tally {
    unsigned right[KINDS][PL_NLP_LANGUAGES], all[KINDS][PL_NLP_LANGUAGES];
    unsigned confused[PL_NLP_LANGUAGES][PL_NLP_LANGUAGES];
};

static void try_text(struct tally *y, const struct pl_nlp_tongues *m, struct pl_str text,
                     int language, enum kind kind) {
    struct pl_nlp_tongue told;
    if (text.n == 0) return;
    pl_nlp__tongue(m, text, &told);
    y->all[kind][language]++;
    y->right[kind][language] += told.best == language;
    if (told.best >= 0) y->confused[language][told.best]++;
}

static void print_tally(const struct tally *y) {
    double mean = 0;
    printf("%-10s", "");
    for (int l = 0; l < PL_NLP_LANGUAGES; l++) printf(" %5s", pl_nlp__language_name(l));
    printf("  mean\n");
    for (int k = 0; k < KINDS; k++) {
        double sum = 0;
        unsigned n = 0;
        printf("%-10s", kind_names[k]);
        for (int l = 0; l < PL_NLP_LANGUAGES; l++) {
            double part = y->all[k][l] ? 100.0 * y->right[k][l] / y->all[k][l] : 0;
            if (y->all[k][l] < 10)
                printf("     -");
            else
                printf(" %5.1f", part);
            sum += y->all[k][l] < 10 ? 0 : part;
            n += y->all[k][l] >= 10;
        }
        printf(" %5.2f\n", sum / n);
        mean += sum / n / KINDS;
    }
    printf("mean of all %.2f\n", mean);
}

static void try_all(struct trainer *t, struct pl_str model) {
    static struct tally y;
    struct pl_nlp_tongues m;
    if (!pl_nlp__tongues_of(model, &m)) fail("is none", "model");
    for (size_t i = 0; i < t->trial.n; i++) {
        const struct sample *s = &t->trial.v[i];
        try_text(&y, &m, s->text, s->language, (enum kind)s->kind);
        if (s->kind == SENTENCE)
            try_text(&y, &m, part(t, s->text, 3 + (uint32_t)(i % 3)), s->language, PHRASE);
    }
    print_tally(&y);
}

int main(int argc, char **argv) {
    static struct trainer t;
    struct pl_buf model = {0};
    if (argc != 3 && argc != 4) fail("use: train_language DATA MODEL | DATA --try N", "arguments");
    pl_arena_init(&t.a, 0);
    pl_rand_seed(&t.rand, 20261123);
    t.data = argv[1];
    if (argc == 4) t.each = strtoul(argv[3], NULL, 10);
    read_all(&t);
    learner_new(&t.latin, PL_NLP_LATIN, PL_NLP_LATIN_BITS);
    learner_new(&t.han, PL_NLP_HAN, PL_NLP_HAN_BITS);
    learn_all(&t);
    write_model(&t, &model);
    if (t.each)
        try_all(&t, pl_buf_slice(&model));
    else if (pl_file_replace(argv[2], pl_buf_slice(&model)) != PL_OK)
        fail("cannot be written", argv[2]);
    pl_buf_free(&model);
    free(t.learn.v);
    free(t.trial.v);
    free(t.latin.w);
    free(t.latin.squares);
    free(t.han.w);
    free(t.han.squares);
    pl_arena_free(&t.a);
    return 0;
}
