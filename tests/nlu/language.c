/* SPDX-License-Identifier: Apache-2.0
 *
 * How often the language of a text is told rightly, nothing being known of who wrote it: xsid,
 * messages to assistants that the model was never trained on, and messages of our own. What
 * held-out parts of the training's texts say, train_language --try tells.
 */
#include <stdio.h>

#include "runtime/nlp/nlp_priv.h"
#include "tests/nlu/nlu.h"

#define FLOOR 96

struct tally {
    double right[PL_NLP_LANGUAGES], all[PL_NLP_LANGUAGES];
};

/* Gives whether it is told rightly; a language that is not told apart counts for nothing. */
static bool tell(struct tally *y, const struct pl_nlp_tongues *m, struct pl_str lang,
                 struct pl_str text) {
    struct pl_nlp_tongue told;
    int l = pl_nlp__language_index(lang);
    if (l < 0 || text.n == 0) return true;
    pl_nlp__tongue(m, text, &told);
    y->all[l]++;
    y->right[l] += told.best == l;
    return told.best == l;
}

/* The mean of the languages. */
static double print_tally(const char *what, const struct tally *y) {
    double sum = 0, n = 0;
    printf("  %s\n", what);
    for (int l = 0; l < PL_NLP_LANGUAGES; l++) {
        double right = nlu_percent(y->right[l], y->all[l]);
        if (y->all[l] == 0) continue;
        printf("    %-4s %5.0f  right %5.1f\n", pl_nlp__language_name(l), y->all[l], right);
        sum += right;
        n++;
    }
    printf("    mean        right %5.2f\n", n > 0 ? sum / n : 0);
    return n > 0 ? sum / n : 0;
}

void nlu_table(struct nlu *u) {
    struct tally y = {{0}, {0}};
    struct pl_nlp_tongues m;
    struct pl_arena a;
    struct pl_str rest = nlu_file(u, "xsid/valid.jsonl"), line;
    printf("languages told rightly, %%\n");
    if (rest.n == 0) printf("  xsid is not there\n");
    pl_assert(pl_nlp__tongues_of(pl_nlp__language_bytes(), &m));
    pl_arena_init(&a, 0);
    while (nlu_line(&rest, &line)) {
        struct pl_json j;
        size_t at;
        pl_arena_reset(&a);
        if (pl_json_parse(&a, line, &j, &at) == PL_OK)
            tell(&y, &m, pl_json_text(&j, "locale"), pl_json_text(&j, "text"));
    }
    print_tally("xsid", &y);
    nlu_peers(u, "language");
    pl_arena_free(&a);
}

/* Lines of language and text; # begins a remark. */
bool nlu_quick(struct nlu *u) {
    struct tally y = {{0}, {0}};
    struct pl_nlp_tongues m;
    struct pl_str rest = nlu_file(u, "quick/language.tsv"), line;
    pl_assert(pl_nlp__tongues_of(pl_nlp__language_bytes(), &m));
    while (nlu_line(&rest, &line)) {
        if (line.n == 0 || line.p[0] == '#') continue;
        struct pl_str lang = nlu_field(&line), text = nlu_field(&line);
        if (!tell(&y, &m, lang, text))
            printf("  not %.*s: %.*s\n", PL_STR_ARG(lang), PL_STR_ARG(text));
    }
    return nlu_is_under("mean of the languages", print_tally("our own", &y), FLOOR);
}
