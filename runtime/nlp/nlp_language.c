/* SPDX-License-Identifier: Apache-2.0
 *
 * The language of a message: what it says of itself (nlp_tongue.c), and before that what is known
 * of the customer: the conversation's language first, then the assistant's others. A foreign one
 * needs a message that leaves little doubt.
 */
#include "runtime/nlp/nlp_priv.h"

#include <string.h>

static const struct {
    const char *lang, *words; /* with a space at both ends of every word */
} stops[] = {
#define STOP(lang, words) {lang, words},
#include "runtime/nlp/language.def"
#undef STOP
};

bool pl_nlp__is_frequent(struct pl_str folded) {
    for (size_t i = 0; i < PL_LEN(stops); i++)
        if (pl_nlp__in_list(stops[i].words, folded)) return true;
    return false;
}

/* What is known beforehand, as logarithms of odds against a language that nothing speaks for. */
enum { USUAL = 5 * PL_NLP_NAT, SPOKEN = 3 * PL_NLP_NAT };
/* "ok", "no", "yes": too few letters for another language of the script than the usual one. */
enum { TELLING = 4 };

static bool has_lang(const struct pl_nlp_model *m, struct pl_str lang) {
    for (uint32_t i = 0; i < m->nlangs; i++)
        if (pl_str_eq(m->langs[i], lang)) return true;
    return false;
}

static int32_t known_before(const struct pl_nlp_model *m, struct pl_str usual, struct pl_str lang) {
    if (pl_str_eq(lang, usual)) return USUAL;
    return has_lang(m, lang) ? SPOKEN : 0;
}

/* Names of people and streets have these: "calle de la Rosa", "Vincent van der Berg". */
static const char of_names[] =
    " de la las los el del der die das den dem den van von het di du da do dos das del della il le "
    "y e und et i na w z ";

/* A frequent word of the language, which the usual one has not. */
static bool is_worded(const struct pl_words *w, struct pl_str language, struct pl_str usual) {
    const char *own = NULL, *other = " ";
    for (size_t i = 0; i < PL_LEN(stops); i++) {
        if (pl_str_is(language, stops[i].lang)) own = stops[i].words;
        if (pl_str_is(usual, stops[i].lang)) other = stops[i].words;
    }
    for (uint32_t i = 0; own != NULL && i < w->n; i++) {
        struct pl_str s = w->v[i].folded;
        if (pl_nlp__in_list(own, s) && !pl_nlp__in_list(other, s) && !pl_nlp__in_list(of_names, s))
            return true;
    }
    return own == NULL;
}

static uint8_t how_much(uint32_t letters) {
    return letters < TELLING ? 0 : letters < 12 ? 1 : letters < 30 ? 2 : 3;
}

void pl_nlp__language(struct pl_nlp_turn *t) {
    const struct pl_nlp_model *m = t->nlp->model;
    struct pl_str usual = pl_locale_language(t->ctx->language);
    struct pl_nlp_tongue told;
    pl_nlp__tongue(&t->nlp->tongues, t->text, &told);
    for (int i = 0; i < PL_NLP_LANGUAGES && usual.n > 0; i++)
        told.score[i] += known_before(m, usual, pl_str_c(pl_nlp__language_name(i)));
    pl_nlp__tongue_choose(&told);
    int known = pl_nlp__language_index(usual);
    if (told.letters < TELLING && known >= 0 && pl_nlp__language_column(told.script, known) >= 0)
        told.best = known;
    if (usual.n == 0 && m->nlangs > 0) usual = m->langs[0];
    t->r->language = told.best < 0 ? usual : pl_str_c(pl_nlp__language_name(told.best));
    t->r->letters = how_much(told.letters);
    t->r->worded =
        !pl_str_eq(t->r->language, usual) && is_worded(&t->r->words, t->r->language, usual);
}

/* ---- a text of ours ---- */

#define SURE (8 * PL_NLP_NAT)

struct pl_str pl_nlp_tell(struct pl_str text, struct pl_str expected) {
    struct pl_nlp_tongues m;
    struct pl_nlp_tongue told;
    if (pl_nlp__language_index(expected) < 0) return PL_STR("");
    if (!pl_nlp__tongues_of(pl_nlp__language_bytes(), &m)) return PL_STR("");
    pl_nlp__tongue(&m, text, &told);
    bool sure = told.best >= 0 && told.margin >= SURE;
    return sure ? pl_str_c(pl_nlp__language_name(told.best)) : PL_STR("");
}
