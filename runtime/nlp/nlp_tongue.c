/* SPDX-License-Identifier: Apache-2.0
 *
 * The language of a text by itself: its script, and where languages share one, the sums of the rows
 * of the text's grams in the shipped model. Whole numbers throughout: the same on every machine.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

static const struct {
    const char *name;
    uint8_t script;
} tongues[] = {
#define TONGUE(name, script) {name, PL_NLP_##script},
#include "runtime/nlp/tongue.def"
#undef TONGUE
};
_Static_assert(PL_LEN(tongues) == PL_NLP_LANGUAGES, "one row a language");

const char *pl_nlp__language_name(int language) {
    return tongues[language].name;
}

int pl_nlp__language_index(struct pl_str language) {
    for (int i = 0; i < PL_NLP_LANGUAGES; i++)
        if (pl_str_is(language, tongues[i].name)) return i;
    return -1;
}

static int first_of(enum pl_nlp_script script) {
    int i = 0;
    if (script == PL_NLP_KANA) return pl_nlp__language_index(PL_STR("ja"));
    while (i < PL_NLP_LANGUAGES && tongues[i].script != script) i++;
    return i;
}

int pl_nlp__language_column(enum pl_nlp_script script, int language) {
    return tongues[language].script == script ? language - first_of(script) : -1;
}

/* Columns of a script's table: of Latin 9, of Han 2. */
enum { LATIN_COLUMNS = 9, HAN_COLUMNS = 2 };
#define LATIN_SIZE ((size_t)LATIN_COLUMNS << PL_NLP_LATIN_BITS)
#define HAN_SIZE   ((size_t)HAN_COLUMNS << PL_NLP_HAN_BITS)

bool pl_nlp__tongues_of(struct pl_str bytes, struct pl_nlp_tongues *out) {
    if (bytes.n != LATIN_SIZE + HAN_SIZE) return false;
    out->latin = (const int8_t *)bytes.p;
    out->han = out->latin + LATIN_SIZE;
    return true;
}

/* ---- the script ---- */

/* Letters of each script; signs of scripts that write a word or a syllable each count double.
 * Latin letters straight before digits are a code: "ORDER123456789". */
static void count_scripts(struct pl_str text, uint32_t count[PL_NLP_SCRIPTS]) {
    memset(count, 0, PL_NLP_SCRIPTS * sizeof *count);
    uint32_t run = 0; /* Latin letters up to here */
    for (size_t at = 0; at < text.n;) {
        at = pl_nlp__past_address(text, at);
        uint32_t c = at < text.n ? pl_utf8_next(text, &at) : ' ';
        enum pl_nlp_script s = pl_nlp__script(c);
        if (c - '0' < 10u) count[PL_NLP_LATIN] -= run;
        run = s == PL_NLP_LATIN ? run + 1 : 0;
        bool dense = s == PL_NLP_HAN || s == PL_NLP_KANA || s == PL_NLP_HANGUL;
        count[s] += dense ? 2 : 1;
    }
}

/* Product names are Latin everywhere: another script that has a third of the letters wins. */
static enum pl_nlp_script main_script(const uint32_t count[PL_NLP_SCRIPTS]) {
    enum pl_nlp_script best = PL_NLP_NO_SCRIPT;
    uint32_t all = 0;
    for (int s = PL_NLP_LATIN; s < PL_NLP_SCRIPTS; s++) {
        all += count[s];
        if (count[s] > 0 && s != PL_NLP_LATIN && (best <= PL_NLP_LATIN || count[s] > count[best]))
            best = (enum pl_nlp_script)s;
    }
    bool other = best > PL_NLP_LATIN && 3 * (all - count[PL_NLP_LATIN]) >= all;
    if (!other) return count[PL_NLP_LATIN] > 0 ? PL_NLP_LATIN : PL_NLP_NO_SCRIPT;
    bool kana = count[PL_NLP_KANA] > 0 && count[PL_NLP_KANA] * 10 >= count[PL_NLP_HAN];
    return best == PL_NLP_HAN && kana ? PL_NLP_KANA : best;
}

/* ---- the language ---- */

static void add_rows(const int8_t *table, uint32_t columns, const struct pl_nlp_grams *g,
                     int32_t *score) {
    for (uint32_t i = 0; i < g->n; i++) {
        const int8_t *row = table + (size_t)g->v[i] * columns;
        for (uint32_t c = 0; c < columns; c++) score[c] += row[c];
    }
}

void pl_nlp__tongue_choose(struct pl_nlp_tongue *t) {
    if (t->best < 0) return;
    int first = first_of(t->script);
    int32_t next = INT32_MIN;
    t->best = first;
    for (int i = first + 1; i < PL_NLP_LANGUAGES && tongues[i].script == t->script; i++) {
        if (t->score[i] > t->score[t->best]) {
            next = t->score[t->best];
            t->best = i;
        } else if (t->score[i] > next) {
            next = t->score[i];
        }
    }
    t->margin = next == INT32_MIN ? PL_NLP_CERTAIN : t->score[t->best] - next;
}

void pl_nlp__tongue(const struct pl_nlp_tongues *m, struct pl_str text, struct pl_nlp_tongue *out) {
    uint32_t count[PL_NLP_SCRIPTS];
    struct pl_nlp_grams g;
    *out = (struct pl_nlp_tongue){.best = -1};
    count_scripts(text, count);
    out->script = main_script(count);
    if (out->script == PL_NLP_NO_SCRIPT) return;
    out->letters = count[out->script];
    bool latin = out->script == PL_NLP_LATIN;
    if (latin || out->script == PL_NLP_HAN) {
        pl_nlp__grams(text, out->script, &g);
        add_rows(latin ? m->latin : m->han, latin ? LATIN_COLUMNS : HAN_COLUMNS, &g,
                 out->score + first_of(out->script));
    }
    /* kanji alone are rare: nearly every Japanese text has kana */
    if (out->script == PL_NLP_HAN) out->score[first_of(PL_NLP_HAN)] += 2 * PL_NLP_NAT;
    out->best = first_of(out->script);
    pl_nlp__tongue_choose(out);
}
