/* SPDX-License-Identifier: Apache-2.0
 *
 * Of a passage that was found: how sure that it answers, which words to mark, which sentences to
 * show. */
#include "runtime/kb/kb_search_priv.h"

#include <math.h>
#include <string.h>

#define SENTENCES_SHOWN 3
#define ONE_MORE        0.06 /* what a further sentence must add, as a share of the question */
#define BITS            (PL_KB__QUERY_TERMS / 64)
#define TOLD            2 /* words in common that say something, or one that names the article */

/* Learned by tests/kb on one half of its data (tools/kb-report.sh --learn). */
static const double signs[PL_KB__SIGNS] = {
    [PL_KB__S_SCORE] = 8.400, [PL_KB__S_FORM] = 1.564, [PL_KB__S_STEM] = 2.137,
    [PL_KB__S_GRAM] = 3.578,  [PL_KB__S_NEAR] = 2.251, [PL_KB__S_PAIR] = 1.726,
    [PL_KB__S_GAP] = 2.246,   [PL_KB__S_MASS] = 2.135, [PL_KB__S_UNKNOWN] = -1.820,
    [PL_KB__S_TOP] = -2.257,
};
static const double bias = -8.062;
/* By language: how much of a question is found by chance differs by how words are made. Languages
 * that are not here are taken to be like the middle of these. */
static const struct {
    char language[3];
    double more;
} chances[] = {{"ar", 1.21},  {"de", 0.47},  {"el", 0.09},  {"en", -0.82},
               {"es", -0.77}, {"hi", -0.09}, {"ro", -1.24}, {"ru", 0.61},
               {"th", -1.08}, {"tr", 0.48},  {"vi", -5.28}, {"zh", 1.89}};

double pl_kb__chance(struct pl_str language) {
    for (size_t i = 0; i < PL_LEN(chances); i++)
        if (pl_str_is(language, chances[i].language)) return chances[i].more;
    return 0;
}

/* ---- confidence ---- */

/* Of a term that says something: not in every fifth unit. */
static double telling(const struct pl_kb__shelf *s) {
    return 0.25 * log(1 + (s->rows[PL_KB__T_UNITS] + 0.5) / 0.5);
}

/* Which of the question's stems and roots the unit has: counted to TOLD. */
static void see_words(struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t unit) {
    uint32_t first = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_TOKEN);
    uint32_t n = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_TOKENS);
    memset(q->tf, 0, q->nterms * sizeof *q->tf);
    for (uint32_t i = first; i < first + n; i++) {
        uint32_t word = pl_kb__at(s, PL_KB__T_TOKENS, i, 0);
        if (pl_kb__dull(q, word)) continue;
        uint32_t at = pl_kb__slot(q, pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__STEM));
        bool names = pl_kb__at(s, PL_KB__T_TOKENS, i, 1) == PL_KB__NONE; /* title, questions */
        if (at && q->tf[at - 1] < TOLD) q->tf[at - 1] = names ? TOLD : 1;
        at = pl_kb__slot(q, pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__ROOT));
        if (at) q->tf[at - 1] = 1;
    }
}

/* The share of the weightiest terms of a kind that the unit has, weighed by their squares. */
static double weightiest(const struct pl_kb_scratch *q, enum pl_kb__kind kind) {
    double most = 0, top = 0;
    for (uint32_t i = 0; i < q->nterms; i++) {
        const struct pl_kb__term *t = &q->terms[i];
        if (t->kind != kind) continue;
        most += t->idf * t->idf;
        if (q->tf[i]) top += t->idf * t->idf;
    }
    return most > 0 ? top / most : 0;
}

/* Shares of the weight of the question's stems: those no article has, those the best unit has. */
static void look_at_stems(struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t unit) {
    double unknown = 0, found = 0, least = telling(s);
    uint32_t told = 0, untold = 0;
    see_words(q, s, unit);
    for (uint32_t i = 0; i < q->nterms; i++) {
        const struct pl_kb__term *t = &q->terms[i];
        if (t->kind != PL_KB__STEM) continue;
        if (!t->df) unknown += t->idf;
        if (q->tf[i]) found += t->idf;
        if (t->idf < least) continue;
        told += q->tf[i];
        q->told += q->tf[i] > 0;
        untold += q->tf[i] == 0;
    }
    q->by_chance = told < TOLD && untold > 0;
    q->signs[PL_KB__S_UNKNOWN] = q->mass[PL_KB__STEM] > 0 ? unknown / q->mass[PL_KB__STEM] : 0;
    q->signs[PL_KB__S_TOP] = weightiest(q, PL_KB__STEM);
    q->signs[PL_KB__S_MASS] = found / (found + 10);
    q->rare = weightiest(q, PL_KB__ROOT);
    if (q->rare < q->signs[PL_KB__S_TOP]) q->rare = q->signs[PL_KB__S_TOP];
}

/* How far the best unit of another article is behind. */
static double gap(const struct pl_kb_scratch *q, const struct pl_kb__shelf *s) {
    const struct pl_kb__candidate *c = q->candidates;
    uint32_t article = pl_kb__at(s, PL_KB__T_UNITS, c->unit, PL_KB__U_ARTICLE);
    for (uint32_t i = 1; i < q->ncandidates; i++)
        if (pl_kb__at(s, PL_KB__T_UNITS, c[i].unit, PL_KB__U_ARTICLE) != article)
            return (c->score - c[i].score) / (c->score > 0 ? c->score : 1);
    return 1;
}

double pl_kb__confidence(struct pl_kb_scratch *q, const struct pl_kb__shelf *s) {
    const struct pl_kb__candidate *c = q->candidates;
    double sum = bias + s->chance;
    q->by_chance = false;
    q->told = 0;
    if (!q->ncandidates) return 0;
    q->signs[PL_KB__S_SCORE] = c->score;
    q->signs[PL_KB__S_FORM] = c->features[PL_KB__F_FORM];
    q->signs[PL_KB__S_STEM] = c->features[PL_KB__F_STEM];
    q->signs[PL_KB__S_GRAM] = c->features[PL_KB__F_GRAM];
    q->signs[PL_KB__S_NEAR] = c->features[PL_KB__F_NEAR];
    q->signs[PL_KB__S_PAIR] = c->features[PL_KB__F_PAIR];
    q->signs[PL_KB__S_GAP] = gap(q, s) * c->features[PL_KB__F_NEAR];
    look_at_stems(q, s, c->unit);
    for (int i = 0; i < PL_KB__SIGNS; i++) sum += signs[i] * q->signs[i];
    return 1 / (1 + exp(-sum));
}

/* ---- marks ---- */

/* Is it a word of the question, in some form, and one that says something? */
static bool found(const struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t word) {
    double least = telling(s);
    for (uint32_t k = 0; k < PL_KB__GRAM; k++) {
        uint32_t at = pl_kb__slot(q, pl_kb__at(s, PL_KB__T_WORDS, word, k));
        if (at) return q->terms[at - 1].idf >= least;
    }
    uint32_t first = pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAM), same = 0;
    uint32_t n = pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAMS);
    for (uint32_t g = first; g < first + n; g++)
        if (pl_kb__slot(q, pl_kb__at(s, PL_KB__T_GRAMS, g, 0))) same++;
    return n >= 3 && same * 5 >= n * 3;
}

static void add_mark(struct pl_kb_range *marks, struct pl_kb_hit *hit, uint32_t start,
                     uint32_t end) {
    if (hit->nmarks && marks[hit->nmarks - 1].end >= start)
        marks[hit->nmarks - 1].end = end;
    else if (hit->nmarks < PL_KB_MOST_MARKS)
        marks[hit->nmarks++] = (struct pl_kb_range){start, end};
}

/* ---- sentences ---- */

struct sentences {
    uint32_t ends[PL_KB__SENTENCES + 1], n;
    uint64_t terms[PL_KB__SENTENCES + 1][BITS]; /* of the question, that it has */
};

static void see(struct sentences *x, uint32_t sentence, uint32_t slot) {
    if (slot) x->terms[sentence][(slot - 1) / 64] |= UINT64_C(1) << (slot - 1) % 64;
}

static void open_sentences(const struct pl_kb__shelf *s, uint32_t unit, struct pl_kb_hit *hit,
                           struct sentences *x) {
    uint32_t first = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_SENTENCE);
    x->n = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_SENTENCES);
    for (uint32_t i = 0; i < x->n; i++) x->ends[i] = pl_kb__at(s, PL_KB__T_SENTENCES, first + i, 0);
    if (x->n == 0) x->ends[x->n++] = (uint32_t)hit->text.n;
    memset(x->terms, 0, x->n * sizeof x->terms[0]);
}

/* What the question's stems and grams weigh that a sentence adds to those that were met. */
static double add_weight(const struct pl_kb_scratch *q, const struct sentences *x,
                         uint32_t sentence, uint64_t met[BITS]) {
    double sum = 0;
    for (uint32_t b = 0; b * 64 < q->nterms; b++) {
        uint64_t bits = x->terms[sentence][b] & ~met[b];
        met[b] |= bits;
        for (; bits; bits &= bits - 1) {
            const struct pl_kb__term *t = &q->terms[b * 64 + (uint32_t)__builtin_ctzll(bits)];
            if (q->mass[t->kind] > 0) sum += t->idf / q->mass[t->kind] / 2;
        }
    }
    return sum;
}

/* A sentence that begins so is about something in the one before it. */
static bool leans(struct pl_str s) {
    static const char *const words[] = {
        "It ",       "They ", "This ",  "That ",    "These ",  "Those ", "He ",
        "She ",      "Its ",  "Then",   "Their ",   "There",   "Else",   "But ",
        "Otherwise", "Also ", "So ",    "Esto ",    "Eso ",    "Estos ", "Este ",
        "Estas ",    "Esta ", "Pero ",  "Entonces", "También", "Si no",  "Son ",
        "Él ",       "Ella ", "Ellos ", "Ellas ",   "هذا ",    "هذه ",   "وهو ",
        "وهي ",      "لكن ",  "ولكن ",  "Er ",      "Sie ",    "Es ",    "Dies",
        "Das ",      "Dann ", "Il ",    "Elle ",    "Ils ",    "Elles ", "Cela "};
    while (s.n && (uint8_t)s.p[0] <= ' ') s = (struct pl_str){s.p + 1, s.n - 1};
    for (size_t i = 0; i < PL_LEN(words); i++)
        if (pl_str_starts(s, pl_str_c(words[i]))) return true;
    return false;
}

static void choose(const struct pl_kb_scratch *q, const struct sentences *x,
                   struct pl_kb_hit *hit) {
    double best = -1;
    uint32_t first = 0;
    for (uint32_t from = 0; from < x->n; from++) {
        uint64_t met[BITS] = {0};
        double w = ONE_MORE;
        for (uint32_t n = 1; n <= SENTENCES_SHOWN && from + n <= x->n; n++) {
            w += add_weight(q, x, from + n - 1, met) - ONE_MORE;
            if (w <= best) continue;
            best = w;
            first = from;
            hit->answer.start = from ? x->ends[from - 1] : 0;
            hit->answer.end = x->ends[from + n - 1];
        }
    }
    while (first && leans((struct pl_str){hit->text.p + hit->answer.start,
                                          hit->text.n - hit->answer.start})) {
        first--;
        hit->answer.start = first ? x->ends[first - 1] : 0;
    }
    while (hit->answer.end > hit->answer.start && (uint8_t)hit->text.p[hit->answer.end - 1] <= ' ')
        hit->answer.end--;
}

void pl_kb__point_out(const struct pl_kb_scratch *q, const struct pl_kb__shelf *s, uint32_t unit,
                      struct pl_kb_range *marks, struct pl_kb_hit *hit) {
    struct sentences x;
    uint32_t first = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_TOKEN), sentence = 0;
    uint32_t n = pl_kb__at(s, PL_KB__T_UNITS, unit, PL_KB__U_TOKENS);
    open_sentences(s, unit, hit, &x);
    hit->marks = marks;
    hit->nmarks = 0;
    for (uint32_t i = first; i < first + n; i++) {
        uint32_t word = pl_kb__at(s, PL_KB__T_TOKENS, i, 0);
        uint32_t place = pl_kb__at(s, PL_KB__T_TOKENS, i, 1), start = place >> 16;
        if (place == PL_KB__NONE || pl_kb__dull(q, word)) continue;
        while (sentence + 1 < x.n && x.ends[sentence] <= start) sentence++;
        if (found(q, s, word)) add_mark(marks, hit, start, start + (place & 0xffff));
        see(&x, sentence, pl_kb__slot(q, pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__STEM)));
        uint32_t g = pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAM);
        uint32_t end = g + pl_kb__at(s, PL_KB__T_WORDS, word, PL_KB__W_GRAMS);
        for (; g < end; g++) see(&x, sentence, pl_kb__slot(q, pl_kb__at(s, PL_KB__T_GRAMS, g, 0)));
    }
    choose(q, &x, hit);
}
