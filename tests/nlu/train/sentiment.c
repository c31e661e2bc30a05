/* SPDX-License-Identifier: Apache-2.0
 *
 * train_sentiment DATA WORDS MODEL     trains the shipped model (runtime/nlp/data/sentiment.model)
 * train_sentiment DATA WORDS --try N   trains without every N-th text and prints how well those are
 *                                      told
 * train_sentiment DATA WORDS --try N --no-films     the same, nothing learned from xed and nsmc_ko
 *
 * DATA has the folders lexicons, vader_gt, xed and nsmc_ko; WORDS (sentiment_words.tsv) has what a
 * shop sees otherwise than the lexicons: language<TAB>word<TAB>tenths, 0 for a word that says
 * nothing. Least squares by AdaGrad; the same data give the same bytes.
 */
#include "runtime/nlp/nlp_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EPOCHS = 20,
    MOST_TENTHS = 45,
    LABEL = 18,   /* tenths that "positive" is taken for */
    REVIEWS = 2,  /* what a sentence of a product review weighs: most like what a shop hears */
    AFINN = 8,    /* tenths of a valence of ours that one of AFINN's is */
    FREQUENT = 8, /* texts that have a word: then labels have to bear it out, so many of them */
    TELLING = 8,
    FEW = 25,      /* texts of which no figure is printed */
    BY_WORDS = 48, /* gains: see struct pl_nlp_moods. Films say little of shops */
    BY_REVIEWS = 52,
    BY_FILMS = 28
};
#define RATE      0.1f
#define DECAY     0.002f
#define BORNE_OUT 0.15

struct word { /* of the lexicon */
    uint32_t key;
    int16_t tenths,
        order; /* the earlier wins: 0 for those of WORDS, 1 for a lexicon's, then stems */
    int language;
    double times, of[2]; /* it is in so many texts; in those labelled negative, positive */
};
struct sample {
    struct pl_words words;
    struct pl_str text;
    float target, weight;
    int8_t language, kind; /* of vader_gt: the source; else -1 */
};
struct samples {
    PL_VEC(struct sample) v;
};

struct trainer {
    struct pl_arena a;
    struct pl_locale_tools *tools;
    const char *data;
    PL_VEC(struct word) words;
    PL_VEC(uint64_t) signs; /* code point << 8 | tenths */
    struct samples learn, trial;
    float *w, *squares;
    struct pl_nlp_moods lexicon; /* its words alone, while the weights are learned */
    size_t each;
    bool no_films; /* labelled texts are only tried */
    struct pl_rand rand;
};

enum { LABELLED = -1, CALM = -2 }; /* kinds of texts but for the sources of vader_gt */
static const char *const sources[] = {"amazon", "tweets", "movie", "nyt"};

_Noreturn static void fail(const char *what, const char *which) {
    fprintf(stderr, "train_sentiment: %s: %s\n", which, what);
    exit(1);
}

/* ---- tables ---- */

static struct pl_str read_file(struct trainer *t, const char *folder, const char *name) {
    char path[512];
    struct pl_str s;
    snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name);
    if (pl_file_read(&t->a, path, 64 << 20, &s) != PL_OK) fail("cannot be read", path);
    return s;
}

/* The next line's columns; false behind the last. */
static bool next_row(struct pl_str *rest, struct pl_str column[3]) {
    if (rest->n == 0) return false;
    for (int i = 0; i < 3; i++) {
        size_t n = 0;
        while (n < rest->n && rest->p[n] != '\n' && (rest->p[n] != '\t' || i == 2)) n++;
        column[i] = (struct pl_str){rest->p, n};
        n += n < rest->n && rest->p[n] == '\t';
        *rest = (struct pl_str){rest->p + n, rest->n - n};
    }
    if (rest->n) *rest = (struct pl_str){rest->p + 1, rest->n - 1};
    return true;
}

static double number_of(struct pl_str s) {
    char b[32];
    size_t n = s.n < sizeof b - 1 ? s.n : sizeof b - 1;
    memcpy(b, s.p, n);
    b[n] = 0;
    return strtod(b, NULL);
}

/* ---- the lexicon ---- */

static void add_key(struct trainer *t, int language, struct pl_str word, int tenths, int order) {
    struct word x = {.key = pl_nlp__mood_key(language, word),
                     .tenths = (int16_t)tenths,
                     .order = (int16_t)order};
    PL_PUSH(&t->words, x);
}

/* A word, and what of it is found when it has another ending. Phrases are left out. */
static void add_word(struct trainer *t, int language, struct pl_str text, int tenths, int order) {
    struct pl_str name = pl_str_c(pl_nlp__language_name(language));
    struct pl_words w = pl_locale_words(t->tools, &t->a, text, name);
    bool han = pl_str_is(name, "zh") || pl_str_is(name, "ja");
    if (tenths > MOST_TENTHS) tenths = MOST_TENTHS;
    if (tenths < -MOST_TENTHS) tenths = -MOST_TENTHS;
    if (han && w.n > 0 && w.v[0].start == 0 && w.v[w.n - 1].end == text.n && text.n < 80) {
        struct pl_buf b = {0};
        for (uint32_t i = 0; i < w.n; i++) pl_buf_str(&b, w.v[i].folded);
        add_key(t, language, pl_buf_slice(&b), tenths, order);
        pl_buf_free(&b);
        return;
    }
    if (w.n != 1 || w.v[0].start != 0 || w.v[0].end != text.n) return;
    struct pl_str s = w.v[0].folded;
    add_key(t, language, s, tenths, order);
    if (!pl_str_eq(w.v[0].stem, s) && !pl_str_is(name, "en"))
        add_key(t, language, w.v[0].stem, tenths, order + 2);
    if (!pl_str_is(name, "pl") && !pl_str_is(name, "ko")) return;
    uint32_t least = pl_str_is(name, "ko") ? 2 : 4, n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
    for (int k = 1; k <= 2 && n > least; k++, n--) {
        do s.n--;
        while (((uint8_t)s.p[s.n] & 0xc0) == 0x80);
        add_key(t, language, s, tenths, order + 2 + k);
    }
}

static int tenths_of(struct pl_str s, int scale) {
    return (int)lround(number_of(s) * scale);
}

/* Words that negate have a row each, whatever the lexicons say of them. */
static void add_negations(struct trainer *t) {
    struct pl_str name;
    const char *words;
    for (size_t i = 0; (words = pl_nlp__mood_negations(i, &name)) != NULL; i++) {
        int language = pl_nlp__language_index(name);
        for (const char *p = words + 1; *p; p += strcspn(p, " ") + 1) {
            struct pl_str word = {p, strcspn(p, " ")};
            if (word.p[word.n - 1] != '*') add_key(t, language, word, PL_NLP_MOOD_NOT, -1);
        }
    }
}

static void read_lexicons(struct trainer *t, const char *words) {
    struct pl_str column[3], s = read_file(t, "", words);
    add_negations(t);
    while (next_row(&s, column)) {
        int language = pl_nlp__language_index(column[0]);
        if (language >= 0) add_word(t, language, column[1], tenths_of(column[2], 1), 0);
    }
    s = read_file(t, t->data, "lexicons/vader_en.tsv");
    next_row(&s, column);
    int english = pl_nlp__language_index(PL_STR("en"));
    while (next_row(&s, column)) add_word(t, english, column[0], tenths_of(column[1], 10), 1);
    s = read_file(t, t->data, "lexicons/multilang_afinn.tsv");
    next_row(&s, column);
    while (next_row(&s, column)) {
        int language = pl_nlp__language_index(column[0]);
        if (language > 0) add_word(t, language, column[1], tenths_of(column[2], AFINN), 1);
    }
}

static int by_key(const void *a, const void *b) {
    const struct word *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->order != y->order ? (x->order < y->order ? -1 : 1) : x->tenths - y->tenths;
}

/* One row a key: of the earliest order the mean, nothing when its signs differ. */
static void settle(struct trainer *t) {
    size_t n = 0;
    qsort(t->words.v, t->words.n, sizeof *t->words.v, by_key);
    for (size_t i = 0, end; i < t->words.n; i = end) {
        struct word x = t->words.v[i];
        int sum = 0, all = 0, least = 0, most = 0;
        for (end = i; end < t->words.n && t->words.v[end].key == x.key; end++) {
            int v = t->words.v[end].tenths;
            if (t->words.v[end].order != x.order) continue;
            sum += v, all++;
            least = v < least ? v : least;
            most = v > most ? v : most;
        }
        x.tenths = (int16_t)(least < 0 && most > 0 ? 0 : sum / all);
        if (x.tenths) t->words.v[n++] = x;
    }
    t->words.n = n;
}

/* The place of the first row whose key is not less. */
static size_t place_of(const struct trainer *t, uint32_t key) {
    size_t lo = 0, hi = t->words.n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (t->words.v[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct word *find(const struct trainer *t, int language, struct pl_str word) {
    uint32_t key = pl_nlp__mood_key(language, word);
    size_t at = place_of(t, key);
    return at < t->words.n && t->words.v[at].key == key ? &t->words.v[at] : NULL;
}

static int valence_of(const struct trainer *t, struct pl_str word) {
    const struct word *w = find(t, 0, word);
    return w != NULL && w->tenths != PL_NLP_MOOD_NOT ? w->tenths : 0;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* A picture says what its name says; rows `sign` of the table of words come first. */
static void read_signs(struct trainer *t, const char *words) {
    struct pl_str column[3], s = read_file(t, "", words);
    PL_VEC(uint64_t) all = {0};
    while (next_row(&s, column)) {
        size_t at = 0;
        if (!pl_str_is(column[0], "sign")) continue;
        uint32_t c = pl_utf8_next(column[1], &at);
        PL_PUSH(&all, (uint64_t)c << 16 | (uint8_t)(int8_t)tenths_of(column[2], 1));
    }
    s = read_file(t, t->data, "lexicons/vader_emoji.tsv");
    next_row(&s, column);
    while (next_row(&s, column)) {
        size_t at = 0;
        uint32_t c = pl_utf8_next(column[0], &at);
        struct pl_words w = pl_locale_words(t->tools, &t->a, column[1], PL_STR("en"));
        int sum = 0;
        for (uint32_t i = 0; i < w.n; i++) sum += valence_of(t, w.v[i].folded);
        sum = sum > 40 ? 40 : sum < -40 ? -40 : sum;
        if (at == column[0].n || column[0].n - at == 3) /* one picture, perhaps as a picture */
            PL_PUSH(&all, (uint64_t)c << 16 | 1 << 8 | (uint8_t)(int8_t)sum);
    }
    qsort(all.v, all.n, sizeof *all.v, by_number);
    for (size_t i = 0; i < all.n; i++) {
        if (i && all.v[i] >> 16 == all.v[i - 1] >> 16) continue;
        if (all.v[i] & 255) PL_PUSH(&t->signs, all.v[i] >> 16 << 8 | (all.v[i] & 255));
    }
    free(all.v);
}

/* ---- texts ---- */

static void add_text(struct trainer *t, int language, struct pl_str text, double target, int kind) {
    static size_t line;
    if (language < 0 || text.n == 0) return;
    struct pl_str name = pl_str_c(pl_nlp__language_name(language));
    struct sample x = {.text = text, .target = (float)target, .weight = 1};
    x.words = pl_locale_words(t->tools, &t->a, text, name);
    x.language = (int8_t)language;
    x.kind = (int8_t)kind;
    if (kind == 0) x.weight = REVIEWS;
    if (t->each && line++ % t->each == 0)
        PL_PUSH(&t->trial.v, x);
    else if (kind != LABELLED || !t->no_films)
        PL_PUSH(&t->learn.v, x);
}

/* Texts that mostly say nothing of feelings, every `each`-th: what is in all of them is calm. */
static void read_calm(struct trainer *t, const char *name, int text, unsigned each) {
    struct pl_str column[3], s = read_file(t, t->data, name);
    next_row(&s, column);
    for (unsigned i = 0; next_row(&s, column); i++) {
        int language = text ? pl_nlp__language_index(column[0]) : 0;
        if (i % each == 0) add_text(t, language, column[text], 0, CALM);
    }
}

static void read_texts(struct trainer *t) {
    struct pl_str column[3], s = read_file(t, t->data, "vader_gt/train.tsv");
    next_row(&s, column);
    while (next_row(&s, column)) {
        int kind = 0;
        while (kind < 3 && !pl_str_is(column[0], sources[kind])) kind++;
        add_text(t, 0, column[2], number_of(column[1]), kind);
    }
    s = read_file(t, t->data, "xed/train.tsv");
    next_row(&s, column);
    while (next_row(&s, column)) {
        int language = pl_nlp__language_index(column[0]);
        if (language < 1) continue; /* English has better */
        add_text(t, language, column[2], pl_str_is(column[1], "positive") ? 1 : -1, LABELLED);
    }
    s = read_file(t, t->data, "nsmc_ko/train.tsv");
    next_row(&s, column);
    int korean = pl_nlp__language_index(PL_STR("ko"));
    while (next_row(&s, column))
        add_text(t, korean, column[1], pl_str_is(column[0], "positive") ? 1 : -1, LABELLED);
    read_calm(t, "langid_tatoeba/train.tsv", 1, 1);
    read_calm(t, "langid_lingua/sentences.tsv", 1, 1);
    read_calm(t, "clinc150/train.tsv", 0, 3);
    read_calm(t, "banking77/train.tsv", 0, 2);
}

/* Translations by machine are often wrong ("than" is praise), and frequent words show it: one stays
 * only when the labelled texts that have it bear it out. */
static void bear_out(struct trainer *t) {
    double all[PL_NLP_LANGUAGES][2] = {{0}};
    for (size_t i = 0; i < t->learn.v.n; i++) {
        const struct sample *s = &t->learn.v.v[i];
        if (s->kind == LABELLED) all[s->language][s->target > 0]++;
        for (uint32_t k = 0; k < s->words.n && s->language > 0; k++) {
            struct word *w = find(t, s->language, s->words.v[k].folded);
            if (w == NULL) w = find(t, s->language, s->words.v[k].stem);
            if (w == NULL) continue;
            w->language = s->language;
            w->times++;
            if (s->kind == LABELLED) w->of[s->target > 0]++;
        }
    }
    size_t n = 0;
    for (size_t i = 0; i < t->words.n; i++) {
        struct word w = t->words.v[i];
        double positive = w.of[1] / (all[w.language][1] + 1),
               negative = w.of[0] / (all[w.language][0] + 1);
        double lead = (positive - negative) / (positive + negative + 1e-9);
        bool seldom = w.times < FREQUENT || w.order <= 0;
        if (seldom ||
            (w.of[0] + w.of[1] >= TELLING && lead * w.tenths > 0 && fabs(lead) > BORNE_OUT))
            t->words.v[n++] = w;
    }
    t->words.n = n;
}

/* Both signs weigh the same in a language, whatever there is more of. */
static void balance(struct samples *s) {
    double n[PL_NLP_LANGUAGES][2] = {{0}};
    for (size_t i = 0; i < s->v.n; i++)
        if (s->v.v[i].kind == LABELLED) n[s->v.v[i].language][s->v.v[i].target > 0]++;
    for (size_t i = 0; i < s->v.n; i++) {
        struct sample *x = &s->v.v[i];
        const double *of = n[x->language];
        if (x->kind != LABELLED) continue;
        x->weight = (float)((of[0] + of[1]) / 2 / of[x->target > 0]);
        x->target *= LABEL / 10.0f;
    }
}

/* ---- learning ---- */

static float predict(const struct trainer *t, const struct pl_nlp_mood_rows *r) {
    float words = 0, runs = 0;
    for (uint32_t i = 0; i < r->words; i++) words += t->w[r->v[i]];
    for (uint32_t i = r->words; i < r->n; i++) runs += t->w[r->v[i]];
    return words * (float)pl_nlp__mood_share(r->words, true) +
           runs * (float)pl_nlp__mood_share(r->n - r->words, false);
}

static void learn(struct trainer *t, const struct sample *s, float rate) {
    static struct pl_nlp_mood_rows r;
    pl_nlp__mood_rows(&t->lexicon, s->language, &s->words, &r);
    float off = (predict(t, &r) - s->target) * s->weight;
    float by_word = (float)pl_nlp__mood_share(r.words, true);
    float by_run = (float)pl_nlp__mood_share(r.n - r.words, false);
    for (uint32_t i = 0; i < r.n; i++) {
        uint32_t at = r.v[i];
        float x = i < r.words ? by_word : by_run;
        float d = off * x + DECAY * t->w[at];
        t->squares[at] += d * d;
        t->w[at] -= rate * d / sqrtf(t->squares[at]);
    }
}

static void learn_all(struct trainer *t) {
    size_t n = t->learn.v.n;
    uint32_t *order = malloc(n * sizeof *order);
    if (order == NULL) fail("no memory", "texts");
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (size_t i = n; i > 1; i--) {
            size_t k = pl_rand_below(&t->rand, i);
            uint32_t x = order[k];
            order[k] = order[i - 1];
            order[i - 1] = x;
        }
        for (size_t i = 0; i < n; i++)
            learn(t, &t->learn.v.v[order[i]], RATE * (float)(EPOCHS - epoch) / EPOCHS);
    }
    free(order);
}

/* ---- the model ---- */

static void put_number(struct pl_buf *out, uint32_t v) {
    for (int i = 0; i < 4; i++) pl_buf_byte(out, (uint8_t)(v >> 8 * i));
}

/* A weight of a whole valence is 64. */
static void write_model(const struct trainer *t, struct pl_buf *out) {
    put_number(out, (uint32_t)t->words.n);
    put_number(out, (uint32_t)t->signs.n);
    for (int i = 0; i < 32; i++) { /* films say little of shops: English has reviews */
        pl_buf_byte(out, BY_WORDS);
        pl_buf_byte(out, i == 0 ? BY_REVIEWS : BY_FILMS);
    }
    for (size_t i = 0; i < t->words.n; i++) put_number(out, t->words.v[i].key);
    for (size_t i = 0; i < t->signs.n; i++) put_number(out, (uint32_t)t->signs.v[i]);
    for (size_t i = 0; i < PL_NLP_MOOD_SIZE; i++) {
        float v = rintf(t->w[i] * 64);
        pl_buf_byte(out, (uint8_t)(int8_t)(v > 127 ? 127 : v < -127 ? -127 : v));
    }
    for (size_t i = 0; i < t->words.n; i++) pl_buf_byte(out, (uint8_t)(int8_t)t->words.v[i].tenths);
}

/* ---- trying ---- */

struct pair {
    double told, is;
};

static int by_told(const void *a, const void *b) {
    const struct pair *x = a, *y = b;
    return x->told < y->told ? -1 : x->told > y->told;
}

static double correlation(const struct pair *v, size_t n) {
    double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) sx += v[i].told, sy += v[i].is;
    for (size_t i = 0; i < n; i++) {
        double x = v[i].told - sx / (double)n, y = v[i].is - sy / (double)n;
        xx += x * x, yy += y * y, xy += x * y;
    }
    return xy / sqrt(xx * yy);
}

/* How often a positive text is told as more so than a negative one. */
static double above(struct pair *v, size_t n) {
    double sum = 0, below = 0, all = 0;
    qsort(v, n, sizeof *v, by_told);
    for (size_t i = 0, end; i < n; i = end) {
        double negative = 0, positive = 0;
        for (end = i; end < n && v[end].told == v[i].told; end++)
            v[end].is > 0 ? positive++ : negative++;
        sum += positive * (below + negative / 2);
        below += negative, all += positive;
    }
    return sum / (all * below);
}

static void try_one(const struct trainer *t, const struct pl_nlp_moods *m, int language, int kind,
                    struct pair *v) {
    size_t n = 0, right[2] = {0}, of[2] = {0};
    for (size_t i = 0; i < t->trial.v.n; i++) {
        const struct sample *s = &t->trial.v.v[i];
        struct pl_nlp_mood parts;
        if (s->language != language || s->kind != kind) continue;
        struct pl_str name = pl_str_c(pl_nlp__language_name(language));
        v[n] = (struct pair){pl_nlp__mood(m, &s->words, s->text, name, &parts), s->target};
        of[s->target > 0]++;
        right[s->target > 0] += s->target > 0 ? v[n].told > 0 : v[n].told < 0;
        n++;
    }
    if (n < FEW) return;
    if (kind >= 0)
        printf("  %-8s %5zu   %.3f\n", sources[kind], n, correlation(v, n));
    else
        printf("  %-8s %5zu   %4.1f   %4.1f\n", pl_nlp__language_name(language), n,
               100 * above(v, n),
               50.0 * (double)right[0] / (double)of[0] + 50.0 * (double)right[1] / (double)of[1]);
}

static void try_all(const struct trainer *t, struct pl_str model) {
    struct pair *v = malloc((t->trial.v.n + 1) * sizeof *v);
    struct pl_nlp_moods m;
    if (v == NULL) fail("no memory", "texts");
    if (!pl_nlp__moods_of(model, &m)) fail("is none", "model");
    printf("English: correlation with what people say (vader_gt)\n");
    for (int k = 0; k < (int)PL_LEN(sources); k++) try_one(t, &m, 0, k, v);
    printf("others: texts    a good one above a bad one, %%    right, %%   (xed; ko: nsmc_ko)\n");
    for (int l = 1; l < PL_NLP_LANGUAGES; l++) try_one(t, &m, l, LABELLED, v);
    free(v);
}

int main(int argc, char **argv) {
    static struct trainer t;
    struct pl_buf model = {0}, words = {0};
    if (argc < 4)
        fail("use: train_sentiment DATA WORDS MODEL | DATA WORDS --try N [--no-films]",
             "arguments");
    pl_arena_init(&t.a, 0);
    pl_rand_seed(&t.rand, 20261123);
    t.tools = pl_locale_tools_new();
    t.data = argv[1];
    if (argc >= 5) t.each = strtoul(argv[4], NULL, 10);
    t.no_films = argc == 6 && strcmp(argv[5], "--no-films") == 0;
    t.w = calloc(PL_NLP_MOOD_SIZE, sizeof *t.w);
    t.squares = malloc(PL_NLP_MOOD_SIZE * sizeof *t.squares);
    if (t.w == NULL || t.squares == NULL) fail("no memory", "weights");
    for (size_t i = 0; i < PL_NLP_MOOD_SIZE; i++) t.squares[i] = 0.1f;
    read_lexicons(&t, argv[2]);
    settle(&t);
    read_signs(&t, argv[2]);
    read_texts(&t);
    if (!t.no_films) bear_out(&t);
    balance(&t.learn);
    fprintf(stderr, "%zu words, %zu pictures, %zu texts, %zu to try\n", t.words.n, t.signs.n,
            t.learn.v.n, t.trial.v.n);
    write_model(&t, &words);
    if (!pl_nlp__moods_of(pl_buf_slice(&words), &t.lexicon)) fail("is none", "lexicon");
    learn_all(&t);
    write_model(&t, &model);
    if (t.each)
        try_all(&t, pl_buf_slice(&model));
    else if (pl_file_replace(argv[3], pl_buf_slice(&model)) != PL_OK)
        fail("cannot be written", argv[3]);
    return 0;
}
