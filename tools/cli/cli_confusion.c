/* SPDX-License-Identifier: Apache-2.0
 *
 * lint --report confusion: which intents are taken for one another, as a matrix, and the examples
 * that show it.
 */
#include <stdlib.h>

#include "grammar/grammar.h"
#include "runtime/nlp/nlp.h"
#include "tools/cli/cli_priv.h"

#define NAME_MOST   28 /* of an intent, in the matrix */
#define MATRIX_MOST 11 /* intents in it: 92 columns, which a terminal holds */

struct matrix {
    const struct pl_grammar_training *t;
    const uint32_t *read_as;
    uint32_t *count; /* a row an intent; its last column: read as none */
    uint32_t *wrong; /* examples that an intent's are mistaken for another's, or another's for it */
    bool *mixed;     /* the intents of which that holds most, at most MATRIX_MOST */
    uint32_t nmixed; /* intents of which it holds at all */
    uint32_t ncolumns;
};

struct pair {
    uint32_t from, to, n;
};

static uint32_t *cell(const struct matrix *m, uint32_t from, uint32_t to) {
    uint32_t column = to == PL_NLP_NO_INTENT ? m->ncolumns - 1 : to;
    return &m->count[(size_t)from * m->ncolumns + column];
}

static uint32_t fill(struct matrix *m) {
    uint32_t right = 0;
    for (uint32_t i = 0; i < m->t->nexamples; i++) {
        uint32_t from = m->t->examples[i].intent, to = m->read_as[i];
        ++*cell(m, from, to);
        right += from == to;
        if (from == to) continue;
        m->wrong[from]++;
        if (to != PL_NLP_NO_INTENT) m->wrong[to]++;
    }
    return right;
}

/* Of two that are mistaken as often, the one that is declared first. */
static void choose_mixed(struct matrix *m) {
    for (uint32_t i = 0; i < m->t->nintents; i++) m->nmixed += m->wrong[i] > 0;
    for (uint32_t k = 0; k < MATRIX_MOST && k < m->nmixed; k++) {
        uint32_t best = PL_NLP_NO_INTENT;
        for (uint32_t i = 0; i < m->t->nintents; i++)
            if (!m->mixed[i] && (best == PL_NLP_NO_INTENT || m->wrong[i] > m->wrong[best]))
                best = i;
        m->mixed[best] = true;
    }
}

/* ---- the matrix: only of intents that are mistaken most, or a terminal would not hold it ---- */

static void put_count(struct pl_buf *b, uint32_t n) {
    if (n)
        pl_buf_printf(b, "%5u", n);
    else
        pl_buf_str(b, PL_STR("    ."));
}

static void put_row(struct pl_buf *b, const struct matrix *m, uint32_t from, uint32_t number) {
    struct pl_str name = m->t->intents[from];
    if (name.n > NAME_MOST) name.n = NAME_MOST;
    pl_buf_printf(b, "%3u %-*.*s", number, NAME_MOST, PL_STR_ARG(name));
    for (uint32_t to = 0; to < m->t->nintents; to++)
        if (m->mixed[to]) put_count(b, *cell(m, from, to));
    put_count(b, *cell(m, from, PL_NLP_NO_INTENT));
    pl_buf_byte(b, '\n');
}

static void put_matrix(struct pl_buf *b, const struct matrix *m) {
    uint32_t number = 0;
    pl_buf_str(b, PL_STR("\nA row is an intent, a column what its examples are read as; intents "
                         "that are never\nmistaken are left out"));
    if (m->nmixed > MATRIX_MOST)
        pl_buf_printf(b, ", and so are %u that are mistaken less", m->nmixed - MATRIX_MOST);
    pl_buf_str(b, PL_STR(".\n\n"));
    pl_buf_printf(b, "%*s", NAME_MOST + 4, "");
    for (uint32_t i = 0; i < m->t->nintents; i++)
        if (m->mixed[i]) pl_buf_printf(b, "%5u", ++number);
    pl_buf_str(b, PL_STR(" none\n"));
    number = 0;
    for (uint32_t i = 0; i < m->t->nintents; i++)
        if (m->mixed[i]) put_row(b, m, i, ++number);
}

/* ---- the examples, by pairs of intents, the most mistaken first, those read as none last ---- */

static int by_count(const void *a, const void *b) {
    const struct pair *x = a, *y = b;
    bool x_none = x->to == PL_NLP_NO_INTENT, y_none = y->to == PL_NLP_NO_INTENT;
    if (x_none != y_none) return x_none ? 1 : -1;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static void put_pair(struct pl_buf *b, const struct matrix *m, const struct pair *p) {
    struct pl_str to = p->to == PL_NLP_NO_INTENT ? PL_STR("none") : m->t->intents[p->to];
    pl_buf_printf(b, "\n%.*s read as %.*s: %u\n", PL_STR_ARG(m->t->intents[p->from]),
                  PL_STR_ARG(to), p->n);
    for (uint32_t i = 0; i < m->t->nexamples; i++) {
        const struct pl_grammar_example *e = &m->t->examples[i];
        if (e->intent == p->from && m->read_as[i] == p->to)
            pl_buf_printf(b, "  %.*s \"%.*s\"\n", PL_STR_ARG(e->lang), PL_STR_ARG(e->text));
    }
}

static void put_pairs(struct pl_buf *b, const struct matrix *m, struct pl_arena *a) {
    struct pair *v = PL_NEW_ARRAY(a, struct pair, (size_t)m->t->nexamples + 1);
    uint32_t n = 0;
    for (uint32_t from = 0; from < m->t->nintents; from++)
        for (uint32_t column = 0; column < m->ncolumns; column++) {
            uint32_t to = column == m->ncolumns - 1 ? PL_NLP_NO_INTENT : column;
            if (to != from && *cell(m, from, to))
                v[n++] = (struct pair){from, to, *cell(m, from, to)};
        }
    qsort(v, n, sizeof *v, by_count);
    for (uint32_t i = 0; i < n; i++) put_pair(b, m, &v[i]);
}

void pl_cli__confusion(void *out, const struct pl_grammar_training *t, const uint32_t *read_as) {
    struct pl_buf *b = out;
    struct pl_arena a;
    struct matrix m = {.t = t, .read_as = read_as, .ncolumns = t->nintents + 1};
    if (t->nexamples == 0) {
        pl_buf_str(b, PL_STR("no intent has an example\n"));
        return;
    }
    pl_arena_init(&a, 0);
    m.count = PL_NEW_ARRAY(&a, uint32_t, (size_t)t->nintents * m.ncolumns);
    m.wrong = PL_NEW_ARRAY(&a, uint32_t, t->nintents);
    m.mixed = PL_NEW_ARRAY(&a, bool, t->nintents);
    uint32_t right = fill(&m);
    choose_mixed(&m);
    pl_buf_printf(
        b,
        "%u intents, %u examples. Each was read by a model that learned from others only: "
        "%u right (%.1f %%).\n",
        t->nintents, t->nexamples, right, 100.0 * right / t->nexamples);
    if (right < t->nexamples) {
        put_matrix(b, &m);
        put_pairs(b, &m, &a);
    }
    pl_arena_free(&a);
}
