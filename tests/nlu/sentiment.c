/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether messages of praise, of complaint and of neither are told as such, in fifteen languages.
 * The sets that the shipped model was trained on say nothing here: how well it does on a part of
 * them that is kept out, train_sentiment --try tells (tools/nlu-report.sh sentiment).
 */
#include <stdio.h>

#include "runtime/nlp/nlp_priv.h"
#include "tests/nlu/nlu.h"

#define FLOOR 93
#define CALM  0.35 /* what says nothing of feelings is told as less than this, either way */

static double told_of(struct nlu *u, struct pl_str language, struct pl_str text) {
    struct pl_nlp_moods m;
    struct pl_nlp_mood parts;
    pl_assert(pl_nlp__moods_of(pl_nlp__sentiment_bytes(), &m));
    struct pl_words w = pl_locale_words(u->tools, &u->a, text, language);
    return pl_nlp__mood(&m, &w, text, language, &parts);
}

static bool is_right(char sign, double told) {
    switch (sign) {
    case '+': return told > 0;
    case '-': return told < 0;
    default: return told > -CALM && told < CALM;
    }
}

/* Lines of language, sign and text; # begins a remark. The share that is right. */
static double try_lines(struct nlu *u, struct pl_str rest, bool all) {
    double right = 0, n = 0;
    struct pl_str line;
    while (nlu_line(&rest, &line)) {
        if (line.n == 0 || line.p[0] == '#') continue;
        struct pl_str language = nlu_field(&line), sign = nlu_field(&line);
        double told = told_of(u, language, line);
        bool well = is_right(sign.p[0], told);
        n++;
        right += well;
        if (all || !well)
            printf("  %s%.*s %c %5.2f  %.*s\n", well ? "" : "not ", PL_STR_ARG(language), sign.p[0],
                   told, PL_STR_ARG(line));
    }
    return nlu_percent(right, n);
}

void nlu_table(struct nlu *u) {
    struct pl_str file = nlu_file(u, "../nlu/quick/sentiment.tsv");
    printf("sentiment of messages of our own\n");
    if (file.n) printf("  right %.1f\n", try_lines(u, file, true));
    nlu_peers(u, "sentiment");
}

bool nlu_quick(struct nlu *u) {
    double right = try_lines(u, nlu_file(u, "quick/sentiment.tsv"), false);
    printf("  our own, right %.1f\n", right);
    return nlu_is_under("sentiment", right, FLOOR);
}
